/* hist.c - statistics, order statistics and histograms from the counters of one or a few passes (scan.c). */
#include "hist.h"
#include <math.h>
#include <string.h>
#include "mem.h"
#include "scan.h"

typedef unsigned __int128 u128;

/* ---- statistics ---- */

static long double real_total(const struct vn_real_sum *s)
{
    long double t = 0;
    for (int e = 0; e < 2048; e++)
        t += ldexpl((long double)s->bin[e], (e ? e : 1) - 1075);
    return t;
}

/* Sums of the voxels of bin k and of their squares, exact, in units of *scale and its square; integers count from their
 * type's least value. */
static void bin_sums(enum vn_type t, const struct vn_part *p, uint64_t k, __int128 *sum, u128 *sum2, long double *scale)
{
    const struct vn_wide *w = p->wide ? &p->wide[k] : NULL;
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
static void moments(const struct vn_scan *s, struct vn_hist *h)
{
    const struct vn_part *p = &s->part[0];
    long double n = (long double)h->n, total = 0, total2 = 0, offset = vn_type_is_int(s->type) ? vn_key_value(s->type, 0) : 0;

    if (p->real) {
        total = real_total(&p->real[0]);
        total2 = real_total(&p->real[1]);
    }
    for (uint64_t k = 0; !p->real && k < VN_N_BIN; k++) {
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
    struct vn_scan s;
    enum vn_type t = v->src->type;
    int rc = vn_scan_init(&s, t, VN_SCAN_COUNT | (sums ? VN_SCAN_SUMS : 0), VN_N_BIN, job, err);
    if (rc)
        return rc;
    if (vn_box_meet(&v->box, box, &in))
        rc = vn_scan_box(&s, v, &in, err);
    if (rc == 0) {
        struct vn_part *p = &s.part[0];
        *out = (struct vn_hist) { .n = p->n, .n_nan = p->n_nan, .n_inf = p->n_inf, .min = NAN, .max = NAN, .mean = NAN, .sd = NAN,
                                  .bin = p->bin };
        p->bin = NULL;
        if (out->n) {
            out->min = vn_key_value(t, p->min);
            out->max = vn_key_value(t, p->max);
            p->bin = out->bin;
            if (sums)
                moments(&s, out);
            p->bin = NULL;
        }
    }
    vn_scan_free(&s);
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

struct vn_hist *vn_hist_copy(const struct vn_hist *h, struct vn_err *err)
{
    struct vn_hist *c = vn_alloc(sizeof *c, err);
    if (!c)
        return NULL;
    *c = *h;
    if (!(c->bin = vn_alloc(VN_N_BIN * sizeof *c->bin, err))) {
        vn_free(c);
        return NULL;
    }
    memcpy(c->bin, h->bin, VN_N_BIN * sizeof *c->bin);
    return c;
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

static void take_digit(struct want *w, const uint64_t bin[VN_N_BIN])
{
    int d = 0;
    while (w->rank >= bin[d])
        w->rank -= bin[d++];
    w->prefix = w->prefix << 16 | (uint64_t)d;
}

/* Digit number `digit` of all n wanted values: one pass for every VN_N_SLOT different prefixes. */
static int next_digit(struct vn_vol *v, const struct vn_box *box, int digit, struct want *w, bool *done, int n, struct vn_job *job, struct vn_err *err)
{
    int left = n, rc = 0;
    memset(done, 0, (size_t)n * sizeof *done);
    while (left && rc == 0) {
        struct vn_scan s;
        if ((rc = vn_scan_init(&s, v->src->type, VN_SCAN_SELECT, VN_N_SLOT * VN_N_BIN, job, err)))
            break;
        s.digit = digit;
        int slot[VN_N_SLOT];                        /* a wanted value of each prefix */
        for (int i = 0; i < n; i++) {
            int k = 0;
            while (k < s.n_slot && s.prefix[k] != w[i].prefix)
                k++;
            if (!done[i] && k == s.n_slot && k < VN_N_SLOT) {
                s.prefix[s.n_slot] = w[i].prefix;
                slot[s.n_slot++] = i;
            }
        }
        if ((rc = vn_scan_box(&s, v, box, err)) == 0)
            for (int k = 0; k < s.n_slot; k++) {
                uint64_t prefix = w[slot[k]].prefix;
                for (int i = 0; i < n; i++)
                    if (!done[i] && w[i].prefix == prefix) {
                        take_digit(&w[i], s.part[0].bin + k * VN_N_BIN);
                        done[i] = true;
                        left--;
                    }
            }
        vn_scan_free(&s);
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
        for (int d = 1; rc == 0 && d < vn_key_digits(t); d++)
            rc = next_digit(v, &in, d, w, done, n_q, job, err);
    }
    for (int i = 0; rc == 0 && i < n_q; i++)
        out[i] = h->n ? vn_key_value(t, w[i].prefix << (64 - 16 * vn_key_digits(t))) : NAN;
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
        for (uint64_t k = 0; k < VN_N_BIN; k++)
            vn_linear_add(vn_key_value(v->src->type, k << 48), h->bin[k], lo, hi, n_bin, counts);
    }
    vn_hist_free(&own);
    return rc;
}

int vn_hist_linear(struct vn_vol *v, const struct vn_box *box, double lo, double hi, int n_bin, uint64_t *counts, struct vn_job *job, struct vn_err *err)
{
    struct vn_box in;
    struct vn_scan s;

    if (!(lo < hi) || !isfinite(hi - lo))
        return vn_fail(err, VN_E_ARG, "a histogram from %g to %g has no width", lo, hi);
    if (n_bin < 1 || n_bin > VN_N_BIN)
        return vn_fail(err, VN_E_ARG, "a histogram has 1 to %d bins, not %d", VN_N_BIN, n_bin);
    if (vn_key_digits(v->src->type) == 1)
        return linear_from_bins(v, box, lo, hi, n_bin, counts, job, err);
    int rc = vn_scan_init(&s, v->src->type, VN_SCAN_LINEAR, n_bin, job, err);
    if (rc)
        return rc;
    s.lo = lo;
    s.hi = hi;
    if (vn_box_meet(&v->box, box, &in))
        rc = vn_scan_box(&s, v, &in, err);
    if (rc == 0)
        memcpy(counts, s.part[0].bin, (size_t)n_bin * sizeof *counts);
    vn_scan_free(&s);
    return rc;
}
