/* hist.c - exact statistics, by passes over slabs of a box.
 *
 * Every voxel becomes a 64-bit key whose unsigned order is the numbers' order and whose upper 16 bits are the first digit
 * of a radix selection: types of 8 and 16 bits have one digit, of 32 bits two, f64 four.  A slab is worked on in a few
 * parts, each with counters of its own, which are added up at the end.
 *
 * Sums are exact in any order; only the last sum over the bins rounds.  In a bin of a 32-bit type, f32 too, values differ
 * in the lower 16 bits of the key alone, so that counts and sums of these (and of their squares) hold everything.  f64: a
 * mantissa of 53 bits goes into a 128-bit integer per exponent. */
#include "hist.h"
#include <float.h>
#include <math.h>
#include <string.h>
#include "mem.h"

enum { N_BIN = 65536, N_PART = 8, N_SLOT = 4, N_KEY = 1024, SLAB_BYTES = 16 << 20, SLAB_MAX = 64 << 20 };

typedef unsigned __int128 u128;

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

static int n_digit(enum vn_type t) { return vn_type_size(t) <= 2 ? 1 : vn_type_size(t) == 4 ? 2 : 4; }

static double key_value(enum vn_type t, uint64_t k)
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

struct real_sum { __int128 bin[2048]; };         /* by biased exponent: sum of signed mantissas */

static void real_add(struct real_sum *s, double d)
{
    uint64_t u;
    memcpy(&u, &d, sizeof u);
    unsigned e = u >> 52 & 2047;
    int64_t m = (int64_t)(u & ((1ull << 52) - 1)) | (int64_t)(e != 0) << 52;
    s->bin[e] += u >> 63 ? -m : m;
}

static long double real_total(const struct real_sum *s)
{
    long double t = 0;
    for (int e = 0; e < 2048; e++)
        t += ldexpl((long double)s->bin[e], (e ? e : 1) - 1075);
    return t;
}

/* A bin of a 32-bit type: count, and sums of the lower 16 bits of its keys and of their squares (with what overflows). */
struct wide { uint64_t n, low, low2, over; };

enum what { COUNT = 1, SUMS = 2, SELECT = 4, LINEAR = 8 };

struct part {
    uint64_t n, n_nan, n_inf, min, max;          /* min, max: keys */
    struct wide *wide;                           /* SUMS of 32-bit types: N_BIN */
    struct real_sum *real;                       /* SUMS of f64: of the values, of their squares */
    uint64_t *bin;                               /* COUNT: N_BIN; SELECT: N_SLOT * N_BIN; LINEAR: n_bin */
};

struct scan {
    enum vn_type type;
    unsigned what;
    struct vn_buf buf;                           /* the slab */
    struct vn_job *job;
    int n_part;
    struct part part[N_PART];
    int digit, n_slot;                           /* SELECT: counts of digit number `digit` behind each prefix */
    uint64_t prefix[N_SLOT];
    double lo, hi;                               /* LINEAR */
    int n_bin;
};

static VN_HOT void range_keys(const uint64_t *key, int64_t n, struct part *p)
{
    uint64_t lo = p->min, hi = p->max;
    for (int64_t i = 0; i < n; i++) {
        lo = key[i] < lo ? key[i] : lo;
        hi = key[i] > hi ? key[i] : hi;
    }
    p->min = lo;
    p->max = hi;
}

static void count_keys(const uint64_t *key, int64_t n, struct part *p)
{
    range_keys(key, n, p);
    for (int64_t i = 0; !p->wide && i < n; i++)
        p->bin[key[i] >> 48]++;
    for (int64_t i = 0; p->wide && i < n; i++) {
        struct wide *w = &p->wide[key[i] >> 48];
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

static void select_keys(const struct scan *s, const uint64_t *key, int64_t n, struct part *p)
{
    int prefix_shift = 64 - 16 * s->digit, digit_shift = prefix_shift - 16;
    for (int64_t i = 0; i < n; i++)
        for (int k = 0; k < s->n_slot; k++)
            if (key[i] >> prefix_shift == s->prefix[k])
                p->bin[k * N_BIN + (int)(key[i] >> digit_shift & 0xffff)]++;
}

static inline void linear_add(double d, uint64_t n, double lo, double hi, int n_bin, uint64_t *bin)
{
    if (d >= lo && d <= hi) {
        int64_t b = (int64_t)((d - lo) * n_bin / (hi - lo));
        bin[b < n_bin ? b : n_bin - 1] += n;
    }
}

static void linear_keys(const struct scan *s, const uint64_t *key, int64_t n, struct part *p)
{
    for (int64_t i = 0; i < n; i++)
        linear_add(key_value(s->type, key[i]), 1, s->lo, s->hi, s->n_bin, p->bin);
}

static int scan_part(void *ctx, int64_t i, struct vn_err *err)
{
    struct scan *s = ctx;
    struct part *p = &s->part[i];
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
            if (s->what & COUNT)
                count_keys(key, m, p);
            if (s->what & SELECT)
                select_keys(s, key, m, p);
            if (s->what & LINEAR)
                linear_keys(s, key, m, p);
        }
    }
    return 0;
}

/* ---- a pass over a box ---- */

static void scan_free(struct scan *s)
{
    for (int i = 0; i < N_PART; i++) {
        vn_free(s->part[i].real);
        vn_free(s->part[i].wide);
        vn_free(s->part[i].bin);
    }
    vn_buf_free(&s->buf);
}

static int scan_init(struct scan *s, enum vn_type t, unsigned what, int n_bin, struct vn_job *job, struct vn_err *err)
{
    struct vn_err e;
    *s = (struct scan) { .type = t, .what = what, .job = job, .n_bin = n_bin, .n_part = (int)vn_min64(N_PART, vn_job_threads()) };
    for (int i = 0; i < s->n_part; i++) {
        struct part *p = &s->part[i];
        p->min = UINT64_MAX;
        if (!(p->bin = vn_calloc((uint64_t)n_bin, sizeof *p->bin, &e)))
            goto fail;
        if ((what & SUMS) && n_digit(t) == 2 && !(p->wide = vn_calloc(N_BIN, sizeof *p->wide, &e)))
            goto fail;
        if ((what & SUMS) && n_digit(t) == 4 && !(p->real = vn_calloc(2, sizeof *p->real, &e)))
            goto fail;
    }
    return 0;
fail:
    scan_free(s);
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

static void add_part(struct part *a, const struct part *p, int n_bin)
{
    a->n += p->n;
    a->n_nan += p->n_nan;
    a->n_inf += p->n_inf;
    a->min = p->min < a->min ? p->min : a->min;
    a->max = p->max > a->max ? p->max : a->max;
    for (int k = 0; k < n_bin; k++)
        a->bin[k] += p->bin[k];
    for (int k = 0; p->wide && k < N_BIN; k++) {
        struct wide *w = &a->wide[k];
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
static int scan_box(struct scan *s, struct vn_vol *v, const struct vn_box *box, struct vn_err *err)
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
    for (int k = 0; s->part[0].wide && k < N_BIN; k++)
        s->part[0].bin[k] = s->part[0].wide[k].n;
    return 0;
}

/* ---- statistics ---- */

/* Sums of the voxels of bin k and of their squares, in units of *scale (and its square),
 * integers counted from the type's least value: exact. */
static void bin_sums(enum vn_type t, const struct part *p, uint64_t k, __int128 *sum, u128 *sum2, long double *scale)
{
    const struct wide *w = p->wide ? &p->wide[k] : NULL;
    u128 n = p->bin[k], low = w ? w->low : 0, low2 = w ? (u128)w->over << 64 | w->low2 : 0;
    uint64_t high = w ? k << 16 : k;
    *scale = 1;
    if (t == VN_F32) {                             /* a mantissa of 24 bits times 2^(e - 150) */
        bool negative = k < 32768;
        uint64_t bits = negative ? ~k & 0x7fff : k & 0x7fff, e = bits >> 7;
        high = ((bits & 127) | (uint64_t)(e > 0) << 7) << 16;
        if (negative) {                            /* the key counts down: its lower bits are 65535 - low */
            low2 = 65535ull * 65535 * n - 2 * 65535 * low + low2;
            low = 65535 * n - low;
        }
        *scale = ldexpl(negative ? -1 : 1, (int)(e ? e : 1) - 150);
    }
    *sum = (__int128)(n * high + low);
    *sum2 = n * high * high + 2 * high * low + low2;
}

/* Mean and deviation from the bins, or for f64 from the sums. */
static void moments(const struct scan *s, struct vn_hist *h)
{
    const struct part *p = &s->part[0];
    long double n = (long double)h->n, total = 0, total2 = 0, offset = vn_type_is_int(s->type) ? key_value(s->type, 0) : 0;

    if (p->real) {
        total = real_total(&p->real[0]);
        total2 = real_total(&p->real[1]);
    }
    for (uint64_t k = 0; !p->real && k < N_BIN; k++) {
        __int128 sum;
        u128 sum2;
        long double scale;
        bin_sums(s->type, p, k, &sum, &sum2, &scale);
        total += (long double)sum * scale;
        total2 += (long double)sum2 * (scale * scale);
    }
    long double var = total2 / n - total / n * (total / n);
    h->mean = h->min == h->max ? h->min : (double)(total / n + offset);
    h->sd = h->min == h->max ? 0.0 : (double)sqrtl(var > 0 ? var : 0);
}

static int hist_scan(struct vn_vol *v, const struct vn_box *box, bool sums, struct vn_hist *out, struct vn_job *job, struct vn_err *err)
{
    struct vn_box in = { { 0 }, { 0 } };
    struct scan s;
    enum vn_type t = v->src->type;
    int rc = scan_init(&s, t, COUNT | (sums ? SUMS : 0), N_BIN, job, err);
    if (rc)
        return rc;
    if (vn_box_meet(&v->box, box, &in))
        rc = scan_box(&s, v, &in, err);
    if (rc == 0) {
        struct part *p = &s.part[0];
        *out = (struct vn_hist) { .n = p->n, .n_nan = p->n_nan, .n_inf = p->n_inf, .min = NAN, .max = NAN, .mean = NAN, .sd = NAN,
                                  .bin = p->bin };
        p->bin = NULL;
        if (out->n) {
            out->min = key_value(t, p->min);
            out->max = key_value(t, p->max);
            p->bin = out->bin;
            if (sums)
                moments(&s, out);
            p->bin = NULL;
        }
    }
    scan_free(&s);
    return rc;
}

int vn_hist_box(struct vn_vol *v, const struct vn_box *box, struct vn_hist *out, struct vn_job *job, struct vn_err *err)
{
    return hist_scan(v, box, true, out, job, err);
}

void vn_hist_free(struct vn_hist *h)
{
    vn_free(h->bin);
    h->bin = NULL;
}

bool vn_vol_hist_known(const struct vn_vol *v) { return __atomic_load_n(&v->hist, __ATOMIC_ACQUIRE) != NULL; }

int vn_vol_hist(struct vn_vol *v, const struct vn_hist **out, struct vn_job *job, struct vn_err *err)
{
    struct vn_hist *have = __atomic_load_n(&v->hist, __ATOMIC_ACQUIRE), *h;
    struct vn_err e;
    int rc;

    if (have) {
        *out = have;
        return 0;
    }
    if (!(h = vn_calloc(1, sizeof *h, &e)))
        return vn_fail(err, (enum vn_code)e.code, "%s", e.msg);
    if ((rc = vn_hist_box(v, &v->box, h, job, err))) {
        vn_free(h);
        return rc;
    }
    if (!__atomic_compare_exchange_n(&v->hist, &have, h, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        vn_hist_free(h);                         /* another thread was first, with the same numbers */
        vn_free(h);
        h = have;
    }
    *out = h;
    return 0;
}

/* ---- order statistics ---- */

struct want { uint64_t prefix, rank; };          /* digits found so far; rank among the voxels that start with them */

static void take_digit(struct want *w, const uint64_t bin[N_BIN])
{
    int d = 0;
    while (w->rank >= bin[d])
        w->rank -= bin[d++];
    w->prefix = w->prefix << 16 | (uint64_t)d;
}

/* Digit number `digit` of all n wanted values: one pass for every N_SLOT different prefixes. */
static int next_digit(struct vn_vol *v, const struct vn_box *box, int digit, struct want *w, bool *done, int n, struct vn_job *job, struct vn_err *err)
{
    int left = n, rc = 0;
    memset(done, 0, (size_t)n * sizeof *done);
    while (left && rc == 0) {
        struct scan s;
        if ((rc = scan_init(&s, v->src->type, SELECT, N_SLOT * N_BIN, job, err)))
            break;
        s.digit = digit;
        int slot[N_SLOT];                        /* a wanted value of each prefix */
        for (int i = 0; i < n; i++) {
            int k = 0;
            while (k < s.n_slot && s.prefix[k] != w[i].prefix)
                k++;
            if (!done[i] && k == s.n_slot && k < N_SLOT) {
                s.prefix[s.n_slot] = w[i].prefix;
                slot[s.n_slot++] = i;
            }
        }
        if ((rc = scan_box(&s, v, box, err)) == 0)
            for (int k = 0; k < s.n_slot; k++) {
                uint64_t prefix = w[slot[k]].prefix;
                for (int i = 0; i < n; i++)
                    if (!done[i] && w[i].prefix == prefix) {
                        take_digit(&w[i], s.part[0].bin + k * N_BIN);
                        done[i] = true;
                        left--;
                    }
            }
        scan_free(&s);
    }
    return rc;
}

int vn_quantiles(struct vn_vol *v, const struct vn_box *box, const double *q, int n_q, double *out, struct vn_job *job, struct vn_err *err)
{
    struct vn_box in = { { 0 }, { 0 } };
    struct vn_hist own = { 0 };
    const struct vn_hist *h = &own;
    struct vn_err e;
    enum vn_type t = v->src->type;
    int rc = 0;

    for (int i = 0; i < n_q; i++)
        if (!(q[i] >= 0 && q[i] <= 1))
            return vn_fail(err, VN_E_ARG, "quantile %g is outside 0..1", q[i]);
    vn_box_meet(&v->box, box, &in);
    struct want *w = vn_calloc((uint64_t)n_q, sizeof *w + sizeof(bool), &e);
    if (!w)
        return vn_fail(err, (enum vn_code)e.code, "%s", e.msg);
    bool *done = (bool *)(w + n_q);

    rc = vn_box_same(&in, &v->box) ? vn_vol_hist(v, &h, job, err) : hist_scan(v, &in, false, &own, job, err);
    if (rc == 0 && h->n) {
        for (int i = 0; i < n_q; i++) {
            w[i].rank = (uint64_t)(q[i] * (double)(h->n - 1));
            take_digit(&w[i], h->bin);
        }
        for (int d = 1; rc == 0 && d < n_digit(t); d++)
            rc = next_digit(v, &in, d, w, done, n_q, job, err);
    }
    for (int i = 0; rc == 0 && i < n_q; i++)
        out[i] = h->n ? key_value(t, w[i].prefix << (64 - 16 * n_digit(t))) : NAN;
    vn_hist_free(&own);
    vn_free(w);
    return rc;
}

/* Types of 8 and 16 bits: every value has a bin of its own. */
static int linear_from_bins(struct vn_vol *v, const struct vn_box *box, double lo, double hi, int n_bin, uint64_t *counts, struct vn_job *job, struct vn_err *err)
{
    struct vn_hist own = { 0 };
    const struct vn_hist *h = &own;
    int rc = vn_box_same(box, &v->box) ? vn_vol_hist(v, &h, job, err) : hist_scan(v, box, false, &own, job, err);
    if (rc == 0) {
        memset(counts, 0, (size_t)n_bin * sizeof *counts);
        for (uint64_t k = 0; k < N_BIN; k++)
            linear_add(key_value(v->src->type, k << 48), h->bin[k], lo, hi, n_bin, counts);
    }
    vn_hist_free(&own);
    return rc;
}

int vn_hist_linear(struct vn_vol *v, const struct vn_box *box, double lo, double hi, int n_bin, uint64_t *counts, struct vn_job *job, struct vn_err *err)
{
    struct vn_box in;
    struct scan s;

    if (!(lo < hi) || !isfinite(hi - lo))
        return vn_fail(err, VN_E_ARG, "a histogram from %g to %g has no width", lo, hi);
    if (n_bin < 1 || n_bin > N_BIN)
        return vn_fail(err, VN_E_ARG, "a histogram has 1 to %d bins, not %d", N_BIN, n_bin);
    if (n_digit(v->src->type) == 1)
        return linear_from_bins(v, box, lo, hi, n_bin, counts, job, err);
    int rc = scan_init(&s, v->src->type, LINEAR, n_bin, job, err);
    if (rc)
        return rc;
    s.lo = lo;
    s.hi = hi;
    if (vn_box_meet(&v->box, box, &in))
        rc = scan_box(&s, v, &in, err);
    if (rc == 0)
        memcpy(counts, s.part[0].bin, (size_t)n_bin * sizeof *counts);
    scan_free(&s);
    return rc;
}
