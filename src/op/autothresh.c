/* autothresh.c - Otsu, Li and triangle on histograms of integer counts, in double and in a fixed order. */
#include "autothresh.h"
#include <math.h>
#include <stdio.h>
#include "hist.h"
#include "mem.h"
#include "vox.h"

enum { N_BIN = 65536, N_TRIANGLE = 256 };

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
    if (m == VN_AUTO_OTSU) {
        *t = first + (otsu(count, n) + 0.5) * width;
    } else if (m == VN_AUTO_LI) {
        *t = first + li(count, n) * width;
    } else {
        uint64_t coarse[N_TRIANGLE] = { 0 };
        const int k = n < N_TRIANGLE ? n : N_TRIANGLE;
        for (int i = 0; i < n; i++)
            coarse[(int64_t)i * k / n] += count[i];
        *t = first - 0.5 * width + (triangle(coarse, k) + 1.0) * ((double)n / k) * width;
    }
    return 0;
}

int vn_auto_threshold(struct vn_vol *v, const struct vn_box *box, enum vn_auto_method m, double *t, struct vn_job *job, struct vn_err *err)
{
    static const double ends[2] = { 0, 1 };
    double q[2], width = 1, lo;
    uint64_t *count = NULL;
    int n = N_BIN, rc = vn_quantiles(v, box, ends, 2, q, job, err);

    if (rc)
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

int vn_threshold_resolve(struct vn_args *a, struct vn_vol *v, const struct vn_box *box, struct vn_job *job, struct vn_err *err)
{
    char text[40];
    double t;
    int rc;

    if (vn_args_has(a, "low"))
        return vn_args_has(a, "high") && vn_args_real(a, "high") < vn_args_real(a, "low") ?
               vn_fail(err, VN_E_ARG, "high=%g lies below low=%g", vn_args_real(a, "high"), vn_args_real(a, "low")) : 0;
    if (vn_args_has(a, "high"))
        return vn_fail(err, VN_E_USAGE, "high= needs low=: voxels from low on that hang together with one from high on");
    if (v->kind == VN_PROB && !vn_args_has(a, "method")) {
        rc = vn_args_set(a, "low", "0.5", err);
        return rc ? rc : vn_args_set(a, "high", "0.7", err);
    }
    if (!vn_args_has(a, "method") && (rc = vn_args_set(a, "method", "li", err)))
        return rc;
    if ((rc = vn_auto_threshold(v, box, (enum vn_auto_method)vn_args_int(a, "method"), &t, job, err)))
        return rc;
    snprintf(text, sizeof text, "%.17g", t);
    return vn_args_set(a, "low", text, err);
}
