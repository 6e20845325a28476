/* convert.c - rows of voxels from one type to another: rounding to nearest, saturating, NaN to 0 in integers. */
#include "volume.h"
#include <string.h>

/* Round to nearest, halves to even, for |d| < 2^51, without a call: adding 1.5 * 2^52 leaves no bits for the fraction.
 * (rint is a call before SSE4.1, and would keep the loop from being vectorised.) */
static inline double nearest(double d)
{
    return (d + 6755399441055744.0) - 6755399441055744.0;
}
static inline double clamp_real(double d, double lo, double hi)
{
    d = d == d ? d : 0.0;
    return nearest(d < lo ? lo : d > hi ? hi : d);
}
static inline int64_t clamp_int(int64_t v, int64_t lo, int64_t hi) { return v < lo ? lo : v > hi ? hi : v; }

#define ROW(TO, T, VALUE) case TO: { T *d = dst; for (int64_t i = 0; i < n; i++) d[i] = (T)(VALUE); break; }

#define FROM_INT(NAME, S)                                                                                  \
    static VN_HOT void NAME(enum vn_type to, void *restrict dst, const void *restrict src, int64_t n)      \
    {                                                                                                      \
        const S *s = src;                                                                                  \
        switch (to) {                                                                                      \
        ROW(VN_U8, uint8_t, clamp_int(s[i], 0, UINT8_MAX))                                                 \
        ROW(VN_U16, uint16_t, clamp_int(s[i], 0, UINT16_MAX))                                              \
        ROW(VN_U32, uint32_t, clamp_int(s[i], 0, UINT32_MAX))                                              \
        ROW(VN_I8, int8_t, clamp_int(s[i], INT8_MIN, INT8_MAX))                                            \
        ROW(VN_I16, int16_t, clamp_int(s[i], INT16_MIN, INT16_MAX))                                        \
        ROW(VN_I32, int32_t, clamp_int(s[i], INT32_MIN, INT32_MAX))                                        \
        ROW(VN_F32, float, s[i])                                                                           \
        ROW(VN_F64, double, s[i])                                                                          \
        case VN_N_TYPE: break;                                                                             \
        }                                                                                                  \
    }

#define FROM_REAL(NAME, S)                                                                                 \
    static VN_HOT void NAME(enum vn_type to, void *restrict dst, const void *restrict src, int64_t n)      \
    {                                                                                                      \
        const S *s = src;                                                                                  \
        switch (to) {                                                                                      \
        ROW(VN_U8, uint8_t, (int32_t)clamp_real(s[i], 0, UINT8_MAX))                                       \
        ROW(VN_U16, uint16_t, (int32_t)clamp_real(s[i], 0, UINT16_MAX))                                    \
        ROW(VN_U32, uint32_t, clamp_real(s[i], 0, UINT32_MAX))                                             \
        ROW(VN_I8, int8_t, (int32_t)clamp_real(s[i], INT8_MIN, INT8_MAX))                                  \
        ROW(VN_I16, int16_t, (int32_t)clamp_real(s[i], INT16_MIN, INT16_MAX))                              \
        ROW(VN_I32, int32_t, clamp_real(s[i], INT32_MIN, INT32_MAX))                                       \
        ROW(VN_F32, float, s[i])                                                                           \
        ROW(VN_F64, double, s[i])                                                                          \
        case VN_N_TYPE: break;                                                                             \
        }                                                                                                  \
    }

FROM_INT(from_u8, uint8_t)
FROM_INT(from_u16, uint16_t)
FROM_INT(from_u32, uint32_t)
FROM_INT(from_i8, int8_t)
FROM_INT(from_i16, int16_t)
FROM_INT(from_i32, int32_t)
FROM_REAL(from_f32, float)
FROM_REAL(from_f64, double)

void vn_convert_row(enum vn_type to, void *dst, enum vn_type from, const void *src, int64_t n)
{
    if (to == from) {
        memcpy(dst, src, (size_t)n * vn_type_size(to));
        return;
    }
    switch (from) {
    case VN_U8:  from_u8(to, dst, src, n); break;
    case VN_U16: from_u16(to, dst, src, n); break;
    case VN_U32: from_u32(to, dst, src, n); break;
    case VN_I8:  from_i8(to, dst, src, n); break;
    case VN_I16: from_i16(to, dst, src, n); break;
    case VN_I32: from_i32(to, dst, src, n); break;
    case VN_F32: from_f32(to, dst, src, n); break;
    case VN_F64: from_f64(to, dst, src, n); break;
    case VN_N_TYPE: break;
    }
}
