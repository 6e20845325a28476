/* tubes.c - two thresholds for thin bright structures on a background that fills most of the volume: method=tubes.
 *
 * In bins, position i being the middle of bin i: the background's mode is the half-sample mode (Robertson, Cryer 1974), its
 * spread that of the values below the mode, which vessels do not reach; mirrored there, it says how many voxels of
 * background to expect above any value.  low: the corner of the histogram's upper side (Zack, Rogers, Latt 1977) with the
 * mode and the 99.9 % quantile as ends, so that neither a spike nor the brightest voxel moves it, but not where more than
 * half of the voxels found would be background (false discovery rate, Benjamini, Hochberg 1995).  high: half way to the
 * median of the voxels from low on, but not where more than 0.001 of them would be. */
#include <math.h>
#include <string.h>
#include "autothresh.h"
#include "hist.h"
#include "mem.h"
#include "vox.h"

enum { N_BIN = 65536, N_CELL = 256, MODE_PART = 16 };
#define NOISE_LOW 0.5
#define NOISE_HIGH 0.001
#define MAD 0.67448975019608171        /* median of |x| of a normal variable */

/* Share of a normal variable beyond x >= 0: Abramowitz, Stegun 1964, 26.2.17. */
static double beyond(double x)
{
    static const double b[] = { 0.319381530, -0.356563782, 1.781477937, -1.821255978, 1.330274429 };
    const double t = 1 / (1 + 0.2316419 * x);
    double p = 0;
    for (int i = 4; i >= 0; i--)
        p = (p + b[i]) * t;
    return 0.39894228040143268 * vn_exp(-x * x / 2) * p;
}

/* Shortest stretch of [*a, *b] with at least half of its voxels; of equals the fullest. */
static uint64_t half(const uint64_t *count, uint64_t all, int *a, int *b)
{
    const int lo = *a, hi = *b;
    uint64_t sum = 0, best = 0;
    int length = hi - lo + 2;
    for (int l = lo, r = lo; l <= hi; sum -= count[l++]) {
        for (; r <= hi && 2 * sum < all; r++)
            sum += count[r];
        if (2 * sum < all)
            break;
        if (r - l < length || (r - l == length && sum > best)) {
            length = r - l;
            best = sum;
            *a = l;
            *b = r - 1;
        }
    }
    return best;
}

/* Half-sample mode, halved until a stretch is a bin or holds little of all. */
static double mode(const uint64_t *count, int n, uint64_t below, uint64_t total)
{
    uint64_t around = 0, all = 0;
    int a = 0, b = n - 1;
    for (int i = 1; n > 4 && i < 4; i++)
        around = count[i] > around ? count[i] : around;
    if (n > 4 && count[0] + below > 2 * around && count[0] + below < total / 2)
        a = 1;                                     /* what was cut off below is no mode */
    for (int i = a; i <= b; i++)
        all += count[i];
    while (b > a && all > total / MODE_PART) {
        const int length = b - a;
        all = half(count, all, &a, &b);
        if (b - a == length)
            break;
    }
    return 0.5 * (a + b);
}

struct upper { const uint64_t *count; int n; double mode, spread, expected; uint64_t above; };

/* First bin from which on the background expected is at most `share` of the voxels seen. */
static int noise_limit(const struct upper *u, double share)
{
    uint64_t seen = u->above;
    int at = u->n - 1;
    for (int i = u->n - 1; i > u->mode; i--) {
        seen += u->count[i];
        if (u->expected * beyond((i - 0.5 - u->mode) / u->spread) <= share * (double)seen)
            at = i;
    }
    return at;
}

/* First bin beyond the one farthest below the line from the peak to the end. */
static int corner(const struct upper *u)
{
    const int from = (int)(u->mode + 0.5), per = (u->n - from + N_CELL - 1) / N_CELL, n = (u->n - from) / per;
    double cell[N_CELL] = { 0 }, best = -1;
    int peak = 0, at = 0;
    for (int i = 0; i < n * per; i++)
        cell[i / per] += (double)u->count[from + i];
    for (int i = 0; i < n; i++)
        peak = cell[i] > cell[peak] ? i : peak;
    for (int i = peak; i < n; i++) {
        const double d = cell[peak] * (n - 1 - i) + cell[n - 1] * (i - peak) - cell[i] * (n - 1 - peak);
        if (d > best) {
            best = d;
            at = i;
        }
    }
    return from + (at + 1) * per;
}

/* Where the voxels up to `rank` end, as a position. */
static double position(const uint64_t *count, uint64_t below, double rank)
{
    double sum = (double)below;
    int i = 0;
    if (rank <= sum)
        return -0.5;
    for (; sum + (double)count[i] < rank; i++)
        sum += (double)count[i];
    return i - 0.5 + (rank - sum) / (double)count[i];
}

static int greater(int a, int b) { return a > b ? a : b; }

/* Bin of the upper median of the voxels from bin `from` on. */
static int median_from(const struct upper *u, int from)
{
    uint64_t all = u->above, seen = u->above;
    int i = u->n - 1;
    for (int k = from; k < u->n; k++)
        all += u->count[k];
    for (; i > from && 2 * (seen + u->count[i]) < all; i--)
        seen += u->count[i];
    return i;
}

int vn_tube_threshold_hist(const uint64_t *count, int n, double first, double width, uint64_t below, uint64_t above, double *low, double *high,
                           struct vn_err *err)
{
    uint64_t total = below + above;
    struct upper u = { .count = count, .n = n, .above = above };
    double under = (double)below;

    for (int i = 0; i < n; i++)
        total += count[i];
    if (n < 2 || total == 0)
        return vn_fail(err, VN_E_ARG, "all voxels have one value: there is nothing for an automatic threshold to separate");
    u.mode = mode(count, n, below, total);
    const int k = (int)(u.mode + 0.5);
    for (int i = 0; i < k; i++)
        under += (double)count[i];
    under += (double)count[k] * (u.mode - k + 0.5);
    u.expected = 2 * under;
    u.spread = fmax((u.mode - position(count, below, under / 2)) / MAD, 0.25);
    const int limit = noise_limit(&u, NOISE_LOW), strict = noise_limit(&u, NOISE_HIGH), foot = corner(&u);
    int lo = greater(foot < n - 1 ? foot : n - 1, limit), hi;
    hi = median_from(&u, lo);
    if ((u.mode + hi) / 2 < lo)                    /* of a wide background the corner lies above the vessels' half height */
        lo = greater((int)((u.mode + hi) / 2), limit);
    hi = greater(lo + (median_from(&u, lo) - lo) / 2, strict);
    *low = first + (lo - 0.5) * width;
    *high = first + (hi - 0.5) * width;
    return 0;
}

/* Bins at both ends become counts beside the others: about one voxel in a thousand on either side. */
static int inner(const uint64_t *count, int *n, uint64_t *below, uint64_t *above)
{
    uint64_t all = 0, sum = 0;
    int a = 0, b = *n - 1;
    for (int i = 0; i < *n; i++)
        all += count[i];
    for (; a < *n && (sum + count[a]) * 1000 <= all; a++)
        sum += count[a];
    *below = sum;
    for (sum = 0; b > a && (sum + count[b]) * 1000 <= all; b--)
        sum += count[b];
    *above = sum;
    if (a == b) {                                  /* a thin few on one value: they are all there is beside it */
        a = *below ? 0 : a;
        b = *n - 1;
        *below = *above = 0;
    }
    *n = b - a + 1;
    return a;
}

/* Bins from one value that occurs to the next: the usual distance, mean of those near the voxels' median one.  More than 1 where
 * 8 or 12 bits were spread over 16, or whole numbers stand in floats. */
static double spacing(const uint64_t *count, int n, uint64_t *of)
{
    uint64_t all = 0, sum = 0, steps = 0;
    double length = 0;
    int median = 1;
    memset(of, 0, (uint64_t)n * sizeof *of);           /* voxels by the distance of their value from the one below */
    for (int i = 0, last = -1; i < n; i++)
        if (count[i]) {
            of[last < 0 ? 0 : i - last] += last < 0 ? 0 : count[i];
            all += last < 0 ? 0 : count[i];
            last = i;
        }
    while (median < n - 1 && 2 * (sum += of[median]) < all)
        median++;
    for (int i = 0, last = -1; i < n; i++)
        if (count[i]) {
            if (last >= 0 && 2 * (i - last) <= 3 * median && 2 * (i - last) >= median) {
                length += i - last;
                steps++;
            }
            last = i;
        }
    return steps ? length / (double)steps : 1;
}

/* Bins of that width instead, so that such volumes get the thresholds of what they were made from. */
static int squeeze(uint64_t *count, int *n, double *first, double *width, struct vn_err *err)
{
    uint64_t *of = vn_alloc((uint64_t)*n * sizeof *of, err);
    int from = 0, to = 0;
    if (!of)
        return VN_E_MEMORY;
    const double gap = spacing(count, *n, of);
    vn_free(of);
    if (gap < 1.5)
        return 0;
    while (count[from] == 0)
        from++;
    for (int i = from; i < *n; i++) {
        const uint64_t c = count[i];
        const int at = (int)((i - from) / gap + 0.5);
        count[i] = 0;
        count[at] += c;
        to = c ? at : to;
    }
    *first += from * *width;
    *width *= gap;
    *n = to + 1;
    return 0;
}

/* Voxels from lo to hi; 0 where hi is less. */
static int voxels_in(struct vn_vol *v, const struct vn_box *box, double lo, double hi, uint64_t *n, struct vn_job *job, struct vn_err *err)
{
    *n = 0;
    return lo > hi ? 0 : vn_hist_linear(v, box, lo, hi > lo ? hi : nextafter(hi, INFINITY), 1, n, job, err);
}

int vn_tube_threshold(struct vn_vol *v, const struct vn_box *box, double *low, double *high, struct vn_job *job, struct vn_err *err)
{
    static const double ends[4] = { 0, 0.001, 0.999, 1 };
    uint64_t *count = NULL, above = 0, below = 0;
    double q[4], width = 1, lo, hi;
    int n = N_BIN, at = 0, rc = vn_quantiles(v, box, ends, 4, q, job, err);

    if (rc)
        return rc;
    if (!isfinite(q[0]))
        return vn_fail(err, VN_E_ARG, "there are no finite voxels for an automatic threshold");
    if (q[0] == q[3])
        return vn_fail(err, VN_E_ARG, "all voxels have the value %.9g: there is nothing for an automatic threshold to separate", q[0]);
    if (!isfinite((q[3] - q[0]) * N_BIN))
        return vn_fail(err, VN_E_ARG, "values from %.9g to %.9g are too far apart for an automatic threshold", q[0], q[3]);
    const bool whole = vn_type_is_int(v->src->type) && q[3] - q[0] < N_BIN, wide = whole || q[1] == q[2];
    lo = wide ? q[0] : q[1];
    hi = wide ? q[3] : q[2];
    if (whole) {
        n = (int)(hi - lo) + 1;
        lo -= 0.5;
        hi += 0.5;
    } else {
        width = (hi - lo) / n;
    }
    if (!(count = vn_calloc((uint64_t)n, sizeof *count, err)))
        return VN_E_MEMORY;
    rc = vn_hist_linear(v, box, lo, hi, n, count, job, err);
    if (!rc && whole)
        at = inner(count, &n, &below, &above);
    if (!rc && !whole && !(rc = voxels_in(v, box, q[0], nextafter(lo, -INFINITY), &below, job, err)))
        rc = voxels_in(v, box, nextafter(hi, INFINITY), q[3], &above, job, err);
    double first = lo + (at + 0.5) * width;
    if (!rc)
        rc = squeeze(count + at, &n, &first, &width, err);
    if (!rc)
        rc = vn_tube_threshold_hist(count + at, n, first, width, below, above, low, high, err);
    vn_free(count);
    return rc;
}
