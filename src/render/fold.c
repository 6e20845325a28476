/* fold.c - extremes and sums over planes, in the voxels' own type: a projection reads every voxel once, at the speed of
 * memory.  Places are counted in integers of the voxels' size while a group of rows is folded, so that both fill vectors. */
#include "fold.h"

enum { LANES = 512, LINE_LANES = 64 };

#define BEFORE_INT(g, b, OP) ((g) OP (b))
#define BEFORE_REAL(g, b, OP) (((g) OP (b)) | ((b) != (b)))            /* NaN: nothing yet */

#define FOLD(NAME, T, I, GROUP, BEFORE, OP)                                                                          \
    static VN_HOT void NAME##_bare(const T *rows, int64_t stride, int64_t n_row, int64_t n, T *restrict best)        \
    {                                                                                                                \
        for (int64_t j = 0; j < n_row; j++) {                                                                        \
            const T *restrict g = rows + j * stride;                                                                 \
            for (int64_t i = 0; i < n; i++)                                                                          \
                best[i] = BEFORE(g[i], best[i], OP) ? g[i] : best[i];                                                \
        }                                                                                                            \
    }                                                                                                                \
    static VN_HOT void NAME##_group(const T *rows, int64_t stride, int64_t n_row, int64_t n, T *restrict b, I *restrict id) \
    {                                                                                                                \
        for (int64_t j = 0; j < n_row; j++) {                                                                        \
            const T *restrict g = rows + j * stride;                                                                 \
            const I here = (I)j;                                                                                     \
            for (int64_t i = 0; i < n; i++) {                                                                        \
                const T v = g[i], was = b[i];                                                                        \
                const bool take = BEFORE(v, was, OP);                                                                \
                b[i] = take ? v : was;                                                                               \
                id[i] = take ? here : id[i];                                                                         \
            }                                                                                                        \
        }                                                                                                            \
    }                                                                                                                \
    static VN_HOT void NAME##_merge(const T *restrict b, const I *restrict id, int64_t n, T *restrict best, int32_t *restrict at, \
                                    int32_t k0)                                                                      \
    {                                                                                                                \
        for (int64_t i = 0; i < n; i++) {                                                                            \
            const bool take = BEFORE(b[i], best[i], OP);                                                             \
            best[i] = take ? b[i] : best[i];                                                                         \
            at[i] = take ? k0 + (int32_t)id[i] : at[i];                                                              \
        }                                                                                                            \
    }                                                                                                                \
    static void NAME(const T *rows, int64_t stride, int64_t n_row, int64_t n, bool fresh, T *best, int32_t *at, int32_t k0) \
    {                                                                                                                \
        T b[LANES];                                                                                                  \
        I id[LANES];                                                                                                 \
        for (int64_t i = 0; fresh && i < n; i++) {                                                                   \
            best[i] = rows[i];                                                                                       \
            if (at)                                                                                                  \
                at[i] = k0;                                                                                          \
        }                                                                                                            \
        if (!at)                                                                                                     \
            NAME##_bare(rows, stride, n_row, n, best);                                                               \
        for (int64_t from = 0; at && from < n; from += LANES) {                                                      \
            const int64_t m = vn_min64(LANES, n - from);                                                             \
            for (int64_t j = 0; j < n_row; j += GROUP) {                                                             \
                const T *part = rows + j * stride + from;                                                            \
                for (int64_t i = 0; i < m; i++) {                                                                    \
                    b[i] = part[i];                                                                                  \
                    id[i] = 0;                                                                                       \
                }                                                                                                    \
                NAME##_group(part, stride, vn_min64(GROUP, n_row - j), m, b, id);                                    \
                NAME##_merge(b, id, m, best + from, at + from, k0 + (int32_t)j);                                     \
            }                                                                                                        \
        }                                                                                                            \
    }                                                                                                                \
    static VN_HOT T NAME##_extreme(const T *row, int64_t n)                                                          \
    {                                                                                                                \
        T b[LINE_LANES];                                                                                             \
        const int64_t m = n < LINE_LANES ? 1 : LINE_LANES, n_row = n / m;                                            \
        for (int64_t i = 0; i < m; i++)                                                                              \
            b[i] = row[i];                                                                                           \
        for (int64_t j = 1; j < n_row; j++)                                                                          \
            for (int64_t i = 0; i < m; i++)                                                                          \
                b[i] = BEFORE(row[j * m + i], b[i], OP) ? row[j * m + i] : b[i];                                     \
        for (int64_t i = n_row * m; i < n; i++)                                                                      \
            b[0] = BEFORE(row[i], b[0], OP) ? row[i] : b[0];                                                         \
        for (int64_t h = m / 2; h > 0; h /= 2)                                                                       \
            for (int64_t i = 0; i < h; i++)                                                                          \
                b[i] = BEFORE(b[i + h], b[i], OP) ? b[i + h] : b[i];                                                 \
        return b[0];                                                                                                 \
    }                                                                                                                \
    static VN_HOT int64_t NAME##_first(const T *row, int64_t n, T v)                                                 \
    {                                                                                                                \
        int64_t i = 0;                                                                                               \
        for (bool any = false; i + LINE_LANES <= n && !any; i += LINE_LANES) {                                       \
            for (int64_t k = 0; k < LINE_LANES; k++)                                                                 \
                any |= row[i + k] == v;                                                                              \
            i -= any ? LINE_LANES : 0;                                                                               \
        }                                                                                                            \
        while (i < n && row[i] != v)                                                                                 \
            i++;                                                                                                     \
        return i < n ? i : 0;                                                                                        \
    }                                                                                                                \
    static void NAME##_line(const T *row, int64_t n, bool fresh, T *best, int32_t *at, int32_t k0)                   \
    {                                                                                                                \
        const T v = NAME##_extreme(row, n);                                                                          \
        if (!fresh && !BEFORE(v, *best, OP))                                                                         \
            return;                                                                                                  \
        *best = v;                                                                                                   \
        if (at)                                                                                                      \
            *at = k0 + (int32_t)NAME##_first(row, n, v);                                                             \
    }                                                                                                                \
    static void NAME##_lines(const T *rows, int64_t step, int64_t n_row, int64_t n, bool fresh, T *best, int32_t *at, int32_t k0) \
    {                                                                                                                \
        for (int64_t i = 0; i < n_row; i++)                                                                          \
            if (n > 1 || !fresh) {                                                                                   \
                NAME##_line(rows + i * step, n, fresh, best + i, at ? at + i : NULL, k0);                            \
            } else {                                                                                                 \
                best[i] = rows[i * step];                                                                            \
                if (at)                                                                                              \
                    at[i] = k0;                                                                                      \
            }                                                                                                        \
    }

#define SUM(NAME, T)                                                                                                 \
    static VN_HOT void NAME(const T *rows, int64_t stride, int64_t n_row, int64_t n, int64_t step, double *restrict sum, int32_t *restrict count) \
    {                                                                                                                \
        for (int64_t j = 0; j < n_row; j++) {                                                                        \
            const T *restrict g = rows + j * stride;                                                                 \
            for (int64_t i = 0; i < n; i++) {                                                                        \
                const double v = (double)g[i * step];                                                                \
                sum[i] += v == v ? v : 0;                                                                            \
                count[i] += v == v;                                                                                  \
            }                                                                                                        \
        }                                                                                                            \
    }

#define BOTH(T, NAME, I, GROUP, BEFORE)                                                                              \
    FOLD(NAME##_max, T, I, GROUP, BEFORE, >) FOLD(NAME##_min, T, I, GROUP, BEFORE, <) SUM(NAME##_sum, T)
BOTH(uint8_t, u8, uint8_t, 256, BEFORE_INT)
BOTH(uint16_t, u16, uint16_t, 65536, BEFORE_INT)
BOTH(uint32_t, u32, uint32_t, INT32_MAX, BEFORE_INT)
BOTH(int8_t, i8, uint8_t, 256, BEFORE_INT)
BOTH(int16_t, i16, uint16_t, 65536, BEFORE_INT)
BOTH(int32_t, i32, uint32_t, INT32_MAX, BEFORE_INT)
BOTH(float, f32, uint32_t, INT32_MAX, BEFORE_REAL)
BOTH(double, f64, uint64_t, INT32_MAX, BEFORE_REAL)

#define EACH_TYPE(CASE) CASE(VN_U8, u8) CASE(VN_U16, u16) CASE(VN_U32, u32) CASE(VN_I8, i8) CASE(VN_I16, i16) CASE(VN_I32, i32) CASE(VN_F32, f32) CASE(VN_F64, f64)

void vn_fold_rows(enum vn_type t, bool least, const void *rows, int64_t stride, int64_t n_row, int64_t n, bool fresh, void *best, int32_t *at, int32_t k0)
{
#define CASE(TYPE, NAME) case TYPE: (least ? NAME##_min : NAME##_max)(rows, stride, n_row, n, fresh, best, at, k0); break;
    switch (t) { EACH_TYPE(CASE) case VN_N_TYPE: break; }
#undef CASE
}

void vn_fold_lines(enum vn_type t, bool least, const void *rows, int64_t step, int64_t n_row, int64_t n, bool fresh, void *best, int32_t *at, int32_t k0)
{
#define CASE(TYPE, NAME) case TYPE: (least ? NAME##_min_lines : NAME##_max_lines)(rows, step, n_row, n, fresh, best, at, k0); break;
    switch (t) { EACH_TYPE(CASE) case VN_N_TYPE: break; }
#undef CASE
}

void vn_fold_sum(enum vn_type t, const void *rows, int64_t stride, int64_t n_row, int64_t n, int64_t step, double *sum, int32_t *count)
{
#define CASE(TYPE, NAME) case TYPE: NAME##_sum(rows, stride, n_row, n, step, sum, count); break;
    switch (t) { EACH_TYPE(CASE) case VN_N_TYPE: break; }
#undef CASE
}
