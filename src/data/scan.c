/* scan.c - passes over slabs of a box.
 *
 * Every voxel becomes a 64-bit key whose unsigned order is the numbers' order and whose upper 16 bits are the first digit
 * of a radix selection: types of 8 and 16 bits have one digit, of 32 bits two, f64 four.  A slab is worked on in a few
 * parts, each with counters of its own, which are added up at the end.
 *
 * Sums are exact in any order; only the last sum over the bins rounds.  In a bin of a 32-bit type, f32 too, values differ
 * in the lower 16 bits of the key alone, so that counts and sums of these (and of their squares) hold everything.  f64: a
 * mantissa of 53 bits goes into a 128-bit integer per exponent. */
#include "scan.h"
#include <float.h>
#include <string.h>
#include "mem.h"

enum { N_KEY = 1024, SLAB_BYTES = 16 << 20, SLAB_MAX = 64 << 20 };

/* ---- keys ---- */

uint32_t vn_f32_key(float f)
{
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    return u & 0x80000000u ? ~u : u | 0x80000000u;
}

float vn_key_f32(uint32_t k)
{
    uint32_t u = k & 0x80000000u ? k & 0x7fffffffu : ~k;
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

static uint64_t f64_key(double d)
{
    uint64_t u;
    memcpy(&u, &d, sizeof u);
    return u >> 63 ? ~u : u | 1ull << 63;
}

static double key_f64(uint64_t k)
{
    uint64_t u = k >> 63 ? k & ~(1ull << 63) : ~k;
    double d;
    memcpy(&d, &u, sizeof d);
    return d;
}

int vn_key_digits(enum vn_type t) { return vn_type_size(t) <= 2 ? 1 : vn_type_size(t) == 4 ? 2 : 4; }

double vn_key_value(enum vn_type t, uint64_t k)
{
    switch (t) {
    case VN_U8: case VN_U16: return (double)(k >> 48);
    case VN_I8:  return (double)(k >> 48) - 128.0;
    case VN_I16: return (double)(k >> 48) - 32768.0;
    case VN_U32: return (double)(k >> 32);
    case VN_I32: return (double)(k >> 32) - 2147483648.0;
    case VN_F32: return vn_key_f32((uint32_t)(k >> 32));
    default:     return key_f64(k);
    }
}

#define INT_KEYS(T, OFFSET, SHIFT) \
    { const T *s = src; for (int64_t i = 0; i < n; i++) key[i] = (uint64_t)((int64_t)s[i] + (OFFSET)) << (SHIFT); return n; }
/* All keys at once; those of voxels that are not finite (v - v is not 0) are taken out afterwards, where there are any. */
#define REAL_KEYS(NAME, T, KEY)                                                                                          \
    static VN_HOT int64_t NAME(const T *restrict s, int64_t n, uint64_t *restrict key, uint64_t *n_nan, uint64_t *n_inf) \
    {                                                                                                                    \
        int64_t finite = 0, m = 0, nan = 0;                                                                              \
        for (int64_t i = 0; i < n; i++) {                                                                                \
            key[i] = KEY;                                                                                                \
            finite += s[i] - s[i] == 0;                                                                                  \
        }                                                                                                                \
        for (int64_t i = 0; i < n && finite < n; i++) {                                                                  \
            key[m] = key[i];                                                                                             \
            m += s[i] - s[i] == 0;                                                                                       \
            nan += s[i] != s[i];                                                                                         \
        }                                                                                                                \
        *n_nan += (uint64_t)nan;                                                                                         \
        *n_inf += (uint64_t)(n - finite - nan);                                                                          \
        return finite;                                                                                                   \
    }
REAL_KEYS(f32_keys, float, (uint64_t)vn_f32_key(s[i]) << 32)
REAL_KEYS(f64_keys, double, f64_key(s[i]))

/* Keys of the finite ones of n <= N_KEY voxels; how many. */
static int64_t finite_keys(enum vn_type t, const void *src, int64_t n, uint64_t key[N_KEY], uint64_t *n_nan, uint64_t *n_inf)
{
    switch (t) {
    case VN_U8:  INT_KEYS(uint8_t, 0, 48)
    case VN_U16: INT_KEYS(uint16_t, 0, 48)
    case VN_I8:  INT_KEYS(int8_t, 128, 48)
    case VN_I16: INT_KEYS(int16_t, 32768, 48)
    case VN_U32: INT_KEYS(uint32_t, 0, 32)
    case VN_I32: INT_KEYS(int32_t, 2147483648, 32)
    case VN_F32: return f32_keys(src, n, key, n_nan, n_inf);
    default:     return f64_keys(src, n, key, n_nan, n_inf);
    }
}

/* ---- counters of one part ---- */

static void real_add(struct vn_real_sum *s, double d)
{
    uint64_t u;
    memcpy(&u, &d, sizeof u);
    unsigned e = u >> 52 & 2047;
    int64_t m = (int64_t)(u & ((1ull << 52) - 1)) | (int64_t)(e != 0) << 52;
    s->bin[e] += u >> 63 ? -m : m;
}

static VN_HOT void range_keys(const uint64_t *key, int64_t n, struct vn_part *p)
{
    uint64_t lo = p->min, hi = p->max;
    for (int64_t i = 0; i < n; i++) {
        lo = key[i] < lo ? key[i] : lo;
        hi = key[i] > hi ? key[i] : hi;
    }
    p->min = lo;
    p->max = hi;
}

static void count_keys(const uint64_t *key, int64_t n, struct vn_part *p)
{
    range_keys(key, n, p);
    for (int64_t i = 0; !p->wide && i < n; i++)
        p->bin[key[i] >> 48]++;
    for (int64_t i = 0; p->wide && i < n; i++) {
        struct vn_wide *w = &p->wide[key[i] >> 48];
        uint64_t low = key[i] >> 32 & 0xffff;
        w->n++;
        w->low += low;
        w->over += __builtin_add_overflow(w->low2, low * low, &w->low2);
    }
    for (int64_t i = 0; p->real && i < n; i++) {
        double d = key_f64(key[i]), d2 = d * d;
        real_add(&p->real[0], d);
        real_add(&p->real[1], d2 <= DBL_MAX ? d2 : DBL_MAX);
    }
}

static void select_keys(const struct vn_scan *s, const uint64_t *key, int64_t n, struct vn_part *p)
{
    int prefix_shift = 64 - 16 * s->digit, digit_shift = prefix_shift - 16;
    for (int64_t i = 0; i < n; i++)
        for (int k = 0; k < s->n_slot; k++)
            if (key[i] >> prefix_shift == s->prefix[k])
                p->bin[k * VN_N_BIN + (int)(key[i] >> digit_shift & 0xffff)]++;
}

static void linear_keys(const struct vn_scan *s, const uint64_t *key, int64_t n, struct vn_part *p)
{
    for (int64_t i = 0; i < n; i++)
        vn_linear_add(vn_key_value(s->type, key[i]), 1, s->lo, s->hi, s->n_bin, p->bin);
}

static int scan_part(void *ctx, int64_t i, struct vn_err *err)
{
    struct vn_scan *s = ctx;
    struct vn_part *p = &s->part[i];
    const struct vn_box *b = &s->buf.box;
    int64_t ny = vn_box_dim(b, 1), rows = ny * vn_box_dim(b, 2), nx = vn_box_dim(b, 0);
    uint64_t key[N_KEY];

    for (int64_t r = rows * i / s->n_part; r < rows * (i + 1) / s->n_part; r++) {
        const char *row = (const char *)s->buf.data +
                          (size_t)vn_buf_at(&s->buf, b->lo[0], b->lo[1] + r % ny, b->lo[2] + r / ny) * vn_type_size(s->type);
        if (vn_job_stop(s->job))
            return vn_fail(err, VN_E_CANCELLED, "cancelled");
        for (int64_t x = 0; x < nx; x += N_KEY) {
            int64_t m = finite_keys(s->type, row + (size_t)x * vn_type_size(s->type), vn_min64(N_KEY, nx - x), key, &p->n_nan, &p->n_inf);
            p->n += (uint64_t)m;
            if (s->what & VN_SCAN_COUNT)
                count_keys(key, m, p);
            if (s->what & VN_SCAN_SELECT)
                select_keys(s, key, m, p);
            if (s->what & VN_SCAN_LINEAR)
                linear_keys(s, key, m, p);
        }
    }
    return 0;
}

/* ---- a pass over a box ---- */

void vn_scan_free(struct vn_scan *s)
{
    for (int i = 0; i < VN_N_PART; i++) {
        vn_free(s->part[i].real);
        vn_free(s->part[i].wide);
        vn_free(s->part[i].bin);
    }
    vn_buf_free(&s->buf);
}

int vn_scan_init(struct vn_scan *s, enum vn_type t, unsigned what, int n_bin, struct vn_job *job, struct vn_err *err)
{
    struct vn_err e;
    *s = (struct vn_scan) { .type = t, .what = what, .job = job, .n_bin = n_bin, .n_part = (int)vn_min64(VN_N_PART, vn_job_threads()) };
    for (int i = 0; i < s->n_part; i++) {
        struct vn_part *p = &s->part[i];
        p->min = UINT64_MAX;
        if (!(p->bin = vn_calloc((uint64_t)n_bin, sizeof *p->bin, &e)))
            goto fail;
        if ((what & VN_SCAN_SUMS) && vn_key_digits(t) == 2 && !(p->wide = vn_calloc(VN_N_BIN, sizeof *p->wide, &e)))
            goto fail;
        if ((what & VN_SCAN_SUMS) && vn_key_digits(t) == 4 && !(p->real = vn_calloc(2, sizeof *p->real, &e)))
            goto fail;
    }
    return 0;
fail:
    vn_scan_free(s);
    return vn_fail(err, (enum vn_code)e.code, "%s", e.msg);
}

/* Size of the slabs a box is read in: whole chunks, as many as SLAB_BYTES hold, rows first. */
static void slab_dim(const struct vn_vol *v, const struct vn_box *box, int64_t dim[3])
{
    int64_t bytes = (int64_t)vn_type_size(v->src->type);
    for (int k = 0; k < 3; k++) {
        dim[k] = vn_max64(1, vn_min64(v->src->chunk[k], vn_box_dim(&v->box, k)));
        bytes *= dim[k];
    }
    for (int k = 2; k >= 0; k--)
        while (bytes > SLAB_MAX && dim[k] > 1) {
            bytes = bytes / dim[k] * ((dim[k] + 1) / 2);
            dim[k] = (dim[k] + 1) / 2;
        }
    for (int k = 0; k < 3; k++) {
        int64_t times = vn_max64(1, vn_min64(SLAB_BYTES / bytes, (vn_box_dim(box, k) + dim[k] - 1) / dim[k]));
        dim[k] *= times;
        bytes *= times;
    }
}

/* First slab boundary after `at` along axis k; slabs start where the source does, so that they consist of whole chunks. */
static int64_t slab_end(const struct vn_vol *v, const struct vn_box *box, const int64_t dim[3], int k, int64_t at)
{
    int64_t end = v->box.lo[k] + ((at - v->box.lo[k]) / dim[k] + 1) * dim[k];
    return vn_min64(end, box->hi[k]);
}

static void add_part(struct vn_part *a, const struct vn_part *p, int n_bin)
{
    a->n += p->n;
    a->n_nan += p->n_nan;
    a->n_inf += p->n_inf;
    a->min = p->min < a->min ? p->min : a->min;
    a->max = p->max > a->max ? p->max : a->max;
    for (int k = 0; k < n_bin; k++)
        a->bin[k] += p->bin[k];
    for (int k = 0; p->wide && k < VN_N_BIN; k++) {
        struct vn_wide *w = &a->wide[k];
        w->n += p->wide[k].n;
        w->low += p->wide[k].low;
        w->over += p->wide[k].over + __builtin_add_overflow(w->low2, p->wide[k].low2, &w->low2);
    }
    for (int e = 0; p->real && e < 2048; e++) {
        a->real[0].bin[e] += p->real[0].bin[e];
        a->real[1].bin[e] += p->real[1].bin[e];
    }
}

/* box lies inside v->box; the counters end up in the first part. */
int vn_scan_box(struct vn_scan *s, struct vn_vol *v, const struct vn_box *box, struct vn_err *err)
{
    int64_t dim[3];
    uint64_t done = 0, total = vn_box_count(box);
    struct vn_box b;
    int rc = 0;

    slab_dim(v, box, dim);
    for (b.lo[2] = box->lo[2]; b.lo[2] < box->hi[2]; b.lo[2] = b.hi[2]) {
        b.hi[2] = slab_end(v, box, dim, 2, b.lo[2]);
        for (b.lo[1] = box->lo[1]; b.lo[1] < box->hi[1]; b.lo[1] = b.hi[1]) {
            b.hi[1] = slab_end(v, box, dim, 1, b.lo[1]);
            for (b.lo[0] = box->lo[0]; b.lo[0] < box->hi[0]; b.lo[0] = b.hi[0]) {
                b.hi[0] = slab_end(v, box, dim, 0, b.lo[0]);
                if ((rc = vn_job_check(s->job, err)) || (rc = vn_vol_map(v, s->type, &b, VN_PAD_ZERO, &s->buf, s->job, err)))
                    return rc;
                rc = vn_job_for_quiet(s->job, s->n_part, scan_part, s, err);
                vn_buf_free(&s->buf);
                if (rc)
                    return rc;
                done += vn_box_count(&b);
                vn_job_step(s->job, done, total);
            }
        }
    }
    for (int i = 1; i < s->n_part; i++)
        add_part(&s->part[0], &s->part[i], s->n_bin);
    for (int k = 0; s->part[0].wide && k < VN_N_BIN; k++)
        s->part[0].bin[k] = s->part[0].wide[k].n;
    return 0;
}

