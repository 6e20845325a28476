/* autothresh.c - automatic thresholds on histograms of integer counts, in double and in a fixed order. */
#include "autothresh.h"
#include <math.h>
#include <stdio.h>
#include "hist.h"
#include "mem.h"
#include "vox.h"

enum { N_BIN = 65536, N_COARSE = 256, MAX_SMOOTH = 10000 };

/* Index of the last bin of the lower class. */
static int otsu(const uint64_t *count, int n)
{
    double total = 0, moment = 0, w = 0, s = 0, best = -1;
    int at = 0;

    for (int i = 0; i < n; i++) {
        total += (double)count[i];
        moment += (double)count[i] * i;
    }
    for (int i = 0; i < n - 1; i++) {
        w += (double)count[i];
        s += (double)count[i] * i;
        if (count[i] == 0 || w == total)
            continue;
        const double d = s / w - (moment - s) / (total - w), between = w * (total - w) * d * d;
        if (between > best) {
            best = between;
            at = i;
        }
    }
    return at;
}

/* Threshold in bins above the lowest: a voxel is background when its bin is not above it. */
static double li(const uint64_t *count, int n)
{
    double n_all = 0, sum_all = 0, t, next;

    for (int i = 0; i < n; i++) {
        n_all += (double)count[i];
        sum_all += (double)count[i] * i;
    }
    next = sum_all / n_all;
    for (int turn = 0; turn < 1000; turn++) {
        double nb = 0, sb = 0;
        t = next;
        for (int i = 0; i < n && i <= t; i++) {
            nb += (double)count[i];
            sb += (double)count[i] * i;
        }
        if (nb == 0 || nb == n_all || sb == 0)
            break;
        const double mb = sb / nb, mf = (sum_all - sb) / (n_all - nb);
        next = (mb - mf) / (vn_log(mb) - vn_log(mf));
        if (fabs(next - t) <= 1e-6 * n)
            break;
    }
    return next;
}

static int triangle(const uint64_t *count, int n)
{
    int peak = 0, lo = 0, hi = n - 1, at;
    double best = -1;

    while (count[lo] == 0)
        lo++;
    while (count[hi] == 0)
        hi--;
    for (int i = lo; i <= hi; i++)
        if (count[i] > count[peak])
            peak = i;
    const bool left = peak - lo > hi - peak;              /* the longer tail */
    const int end = left ? lo : hi, len = left ? peak - lo : hi - peak;
    at = peak;
    for (int k = 0; k <= len; k++) {                      /* distance below the line, up to its constant factor */
        const int i = left ? end + k : end - k;
        const double d = (double)count[peak] * k - (double)count[i] * len;
        if (d > best) {
            best = d;
            at = i;
        }
    }
    return left ? at - 1 : at;
}

/* The first i whose classes' means have their middle within [i, i + 1). */
static int isodata(const uint64_t *count, int n)
{
    double n_all = 0, sum_all = 0, nb = 0, sb = 0;

    for (int i = 0; i < n; i++) {
        n_all += (double)count[i];
        sum_all += (double)count[i] * i;
    }
    for (int i = 0; i < n - 1; i++) {
        nb += (double)count[i];
        sb += (double)count[i] * i;
        const double middle = (sb / nb + (sum_all - sb) / (n_all - nb)) / 2;
        if (i <= middle && middle < i + 1)
            return i;
    }
    return n - 2;                                         /* not reached: the middle falls from above i to below */
}

static double mean(const uint64_t *count, int n)
{
    double n_all = 0, sum_all = 0;

    for (int i = 0; i < n; i++) {
        n_all += (double)count[i];
        sum_all += (double)count[i] * i;
    }
    return sum_all / n_all;
}

/* Two levels z0 < z1 with shares p0 and 1 - p0 that have the first three moments: around the mean, z0 z1 = -m2 and
 * z0 + z1 = m3 / m2.  The threshold is the p0 quantile. */
static int moments(const uint64_t *count, int n)
{
    const double m1 = mean(count, n);
    double n_all = 0, m2 = 0, m3 = 0, below = 0;
    int at = 0;

    for (int i = 0; i < n; i++) {
        const double c = (double)count[i], d = i - m1;
        n_all += c;
        m2 += c * (d * d);
        m3 += c * (d * d * d);
    }
    m2 /= n_all;
    m3 /= n_all;
    const double skew = m3 / m2, apart = sqrt(skew * skew + 4 * m2), z1 = (skew + apart) / 2, p0 = z1 / apart;
    for (below = (double)count[0]; below <= p0 * n_all && at < n - 2; below += (double)count[at])
        at++;
    return at;
}

/* Largest -ln(G G') + 2 ln(P (1 - P)), G and G' the sums of squared shares below and above: compared without the logarithm. */
static int yen(const uint64_t *count, int n)
{
    double n_all = 0, squares[N_COARSE + 1] = { 0 }, nb = 0, g = 0, best = -1;
    int at = 0;

    for (int i = n - 1; i >= 0; i--) {                    /* squares[i]: of i and above */
        n_all += (double)count[i];
        squares[i] = squares[i + 1] + (double)count[i] * (double)count[i];
    }
    for (int i = 0; i < n - 1; i++) {
        nb += (double)count[i];
        g += (double)count[i] * (double)count[i];
        const double p = nb / n_all * ((n_all - nb) / n_all), v = p / (g / n_all / n_all) * (p / (squares[i + 1] / n_all / n_all));
        if (v > best) {
            best = v;
            at = i;
        }
    }
    return at;
}

/* Largest sum of the entropies of the two classes, each ln N - (sum of c ln c) / N. */
static int max_entropy(const uint64_t *count, int n)
{
    double above[N_COARSE + 1] = { 0 }, n_above[N_COARSE + 1] = { 0 }, nb = 0, sb = 0, best = -1;
    int at = 0;

    for (int i = n - 1; i >= 0; i--) {
        const double c = (double)count[i];
        n_above[i] = n_above[i + 1] + c;
        above[i] = above[i + 1] + (c > 0 ? c * vn_log(c) : 0);
    }
    for (int i = 0; i < n - 1; i++) {
        const double c = (double)count[i];
        nb += c;
        sb += c > 0 ? c * vn_log(c) : 0;
        const double v = vn_log(nb) - sb / nb + vn_log(n_above[i + 1]) - above[i + 1] / n_above[i + 1];
        if (v > best) {
            best = v;
            at = i;
        }
    }
    return at;
}

/* Peaks of h, a flat top counting once, at its last bin; the first two go into at. */
static int peaks(const double *h, int n, int at[2])
{
    bool rising = true;
    int found = 0;

    for (int i = 0; i + 1 < n; i++) {
        if (rising && h[i + 1] < h[i]) {
            if (found < 2)
                at[found] = i;
            found++;
            rising = false;
        } else if (!rising && h[i + 1] > h[i]) {
            rising = true;
        }
    }
    return found;
}

/* Smoothed by means of three bins until two peaks are left: the lowest bin between them, or -1. */
static int minimum(const uint64_t *count, int n)
{
    double h[N_COARSE];
    int at[2], found = 0;

    for (int i = 0; i < n; i++)
        h[i] = (double)count[i];
    for (int turn = 0; turn < MAX_SMOOTH; turn++) {
        double before = h[0];
        for (int i = 0; i < n; i++) {
            const double here = h[i];
            h[i] = (before + here + (i + 1 < n ? h[i + 1] : here)) / 3;
            before = here;
        }
        if ((found = peaks(h, n, at)) < 3)
            break;
    }
    if (found != 2)
        return -1;
    for (int i = at[0] + 1; i <= at[1]; i++)
        if (h[i] < h[at[0]])
            at[0] = i;
    return at[0];
}

/* Bins of so many values that there are at most N_COARSE. */
static int coarse_threshold(const uint64_t *count, int n, double first, double width, enum vn_auto_method m, double *t, struct vn_err *err)
{
    uint64_t coarse[N_COARSE] = { 0 };
    const int per = (n + N_COARSE - 1) / N_COARSE, k = (n + per - 1) / per;
    int at;

    for (int i = 0; i < n; i++)
        coarse[i / per] += count[i];
    if (k < 2)
        at = 0;
    else if (m == VN_AUTO_TRIANGLE)
        at = triangle(coarse, k);
    else
        at = m == VN_AUTO_YEN ? yen(coarse, k) : m == VN_AUTO_MAXENTROPY ? max_entropy(coarse, k) : minimum(coarse, k);
    if (at < 0 && m == VN_AUTO_MINIMUM)
        return vn_fail(err, VN_E_ARG, "method=minimum needs a histogram with two peaks, and this one, smoothed, has one; take another method");
    *t = first - 0.5 * width + (at + 1.0) * per * width;
    return 0;
}

int vn_auto_threshold_hist(const uint64_t *count, int n, double first, double width, enum vn_auto_method m, double *t, struct vn_err *err)
{
    int lo = 0, hi = n - 1;

    while (lo < n && count[lo] == 0)
        lo++;
    while (hi > lo && count[hi] == 0)
        hi--;
    if (lo >= hi)
        return vn_fail(err, VN_E_ARG, "all voxels have one value: there is nothing for an automatic threshold to separate");
    count += lo;
    n = hi - lo + 1;
    first += lo * width;
    switch (m) {
    case VN_AUTO_OTSU:
        *t = first + (otsu(count, n) + 0.5) * width;
        break;
    case VN_AUTO_ISODATA:
        *t = first + (isodata(count, n) + 0.5) * width;
        break;
    case VN_AUTO_MOMENTS:
        *t = first + (moments(count, n) + 0.5) * width;
        break;
    case VN_AUTO_LI:
        *t = first + li(count, n) * width;
        break;
    case VN_AUTO_MEAN:
        *t = first + mean(count, n) * width;
        break;
    default:
        return coarse_threshold(count, n, first, width, m, t, err);
    }
    return 0;
}

int vn_auto_threshold(struct vn_vol *v, const struct vn_box *box, enum vn_auto_method m, double *t, struct vn_job *job, struct vn_err *err)
{
    static const double ends[2] = { 0, 1 };
    double q[2], width = 1, lo, high;
    uint64_t *count = NULL;
    int n = N_BIN, rc;

    if (m == VN_AUTO_TUBES)
        return vn_tube_threshold(v, box, t, &high, job, err);
    if ((rc = vn_quantiles(v, box, ends, 2, q, job, err)))
        return rc;
    if (!isfinite(q[0]))
        return vn_fail(err, VN_E_ARG, "there are no finite voxels for an automatic threshold");
    if (q[0] == q[1])
        return vn_fail(err, VN_E_ARG, "all voxels have the value %.9g: there is nothing for an automatic threshold to separate", q[0]);
    lo = q[0];
    if (vn_type_is_int(v->src->type) && q[1] - q[0] < N_BIN) {
        n = (int)(q[1] - q[0]) + 1;
        lo = q[0] - 0.5;
    } else {
        width = (q[1] - q[0]) / n;
    }
    if (!(count = vn_calloc((uint64_t)n, sizeof *count, err)))
        return VN_E_MEMORY;
    if (!(rc = vn_hist_linear(v, box, lo, lo + n * width, n, count, job, err)))
        rc = vn_auto_threshold_hist(count, n, lo + 0.5 * width, width, m, t, err);
    vn_free(count);
    return rc;
}

static int quantile(struct vn_vol *v, const struct vn_box *box, double q, double *t, struct vn_job *job, struct vn_err *err)
{
    int rc = vn_quantiles(v, box, &q, 1, t, job, err);
    return rc || isfinite(*t) ? rc : vn_fail(err, VN_E_ARG, "there are no finite voxels for an automatic threshold");
}

bool vn_threshold_local(const struct vn_args *a) { return vn_args_has(a, "method") && vn_args_int(a, "method") >= VN_AUTO_NIBLACK; }

int vn_threshold_resolve(struct vn_args *a, struct vn_vol *v, const struct vn_box *box, struct vn_job *job, struct vn_err *err)
{
    char text[40];
    double t, high = 0;
    int rc;

    if (vn_threshold_local(a))
        return vn_fail(err, VN_E_USAGE, "method=%s has a threshold for every voxel", vn_args_text(a, "method"));
    if (vn_args_has(a, "low"))
        return vn_args_has(a, "high") && vn_args_real(a, "high") < vn_args_real(a, "low") ?
               vn_fail(err, VN_E_ARG, "high=%g lies below low=%g", vn_args_real(a, "high"), vn_args_real(a, "low")) : 0;
    if (vn_args_has(a, "high"))
        return vn_fail(err, VN_E_USAGE, "high= needs low=: voxels from low on that hang together with one from high on");
    if (v->kind == VN_PROB && !vn_args_has(a, "method") && !vn_args_has(a, "percentile")) {
        rc = vn_args_set(a, "low", "0.5", err);
        return rc ? rc : vn_args_set(a, "high", "0.7", err);
    }
    if (vn_args_has(a, "percentile") && !vn_args_has(a, "method") && (rc = vn_args_set(a, "method", "percentile", err)))
        return rc;
    if (!vn_args_has(a, "method") && (rc = vn_args_set(a, "method", "tubes", err)))
        return rc;
    const enum vn_auto_method method = (enum vn_auto_method)vn_args_int(a, "method");
    const bool percentile = method == VN_AUTO_PERCENTILE, tubes = method == VN_AUTO_TUBES;
    if (percentile != vn_args_has(a, "percentile"))
        return vn_fail(err, VN_E_USAGE, percentile ? "method=percentile needs percentile=, from 0 to 100" : "percentile= is for method=percentile");
    rc = percentile ? quantile(v, box, vn_args_real(a, "percentile") / 100, &t, job, err)
         : tubes    ? vn_tube_threshold(v, box, &t, &high, job, err)
                    : vn_auto_threshold(v, box, method, &t, job, err);
    if (rc)
        return rc;
    snprintf(text, sizeof text, "%.17g", t);
    if ((rc = vn_args_set(a, "low", text, err)) || !tubes)
        return rc;
    snprintf(text, sizeof text, "%.17g", high);
    return vn_args_set(a, "high", text, err);
}
