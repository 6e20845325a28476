/* robust.c - iterative clipping on a sorted sample, in double, in order: the same on every machine. */
#include "robust.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "mem.h"

static int order(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Finite floats as integers of the same order, and back. */
static uint32_t to_key(uint32_t u) { return u & 0x80000000u ? ~u : u | 0x80000000u; }
static uint32_t from_key(uint32_t k) { return k & 0x80000000u ? k & 0x7FFFFFFFu : ~k; }

/* Ascending; by digits of 11 bits, or, where there is no room for a second copy, by comparisons. */
static void sort(float *v, int64_t n)
{
    enum { BITS = 11, N_DIGIT = 1 << BITS };
    uint32_t *a = n > N_DIGIT ? vn_alloc(2 * (uint64_t)n * sizeof *a, NULL) : NULL;

    if (!a) {
        qsort(v, (size_t)n, sizeof *v, order);
        return;
    }
    uint32_t *from = a, *to = a + n;
    memcpy(from, v, (size_t)n * sizeof *v);
    for (int64_t i = 0; i < n; i++)
        from[i] = to_key(from[i]);
    for (int shift = 0; shift < 32; shift += BITS) {
        int64_t at[N_DIGIT + 1] = { 0 };
        for (int64_t i = 0; i < n; i++)
            at[(from[i] >> shift & (N_DIGIT - 1)) + 1]++;
        for (int d = 0; d < N_DIGIT; d++)
            at[d + 1] += at[d];
        for (int64_t i = 0; i < n; i++)
            to[at[from[i] >> shift & (N_DIGIT - 1)]++] = from[i];
        uint32_t *const other = from;
        from = to;
        to = other;
    }
    for (int64_t i = 0; i < n; i++)
        to[i] = from_key(from[i]);
    memcpy(v, to, (size_t)n * sizeof *v);
    vn_free(a);
}

/* First index whose value is not below x. */
static int64_t rank(const float *v, int64_t n, double x)
{
    int64_t lo = 0;
    while (lo < n) {
        const int64_t mid = lo + (n - lo) / 2;
        if (v[mid] < x)
            lo = mid + 1;
        else
            n = mid;
    }
    return lo;
}

static void moments(const float *v, int64_t n, double *mean, double *sd)
{
    double sum = 0, sum2 = 0;
    for (int64_t i = 0; i < n; i++)
        sum += v[i];
    *mean = sum / (double)n;
    for (int64_t i = 0; i < n; i++)
        sum2 += (v[i] - *mean) * (v[i] - *mean);
    *sd = sqrt(sum2 / (double)n);
}

/* Mode by half samples (Robertson, Cryer 1974): the densest half of what is left, HALVINGS times, and its median.  No further:
 * grey values that are few whole numbers have their densest place by chance. */
enum { HALVINGS = 4 };
static double mode(const float *v, int64_t n)
{
    for (int k = 0; k < HALVINGS && n > 2; k++) {
        const int64_t half = n / 2;
        int64_t best = 0;
        for (int64_t i = 1; i + half <= n; i++)
            if ((double)v[i + half - 1] - v[i] < (double)v[best + half - 1] - v[best])
                best = i;
        v += best;
        n = half;
    }
    return 0.5 * ((double)v[(n - 1) / 2] + v[n / 2]);
}

/* Sorts, and leaves out what lies outside a masked organ.  False: there are no values, or *out says what there is. */
static bool inside(float **v, int64_t *n, struct vn_backdrop *out)
{
    *out = (struct vn_backdrop) { NAN, 0, NAN };
    if (*n <= 0)
        return false;
    sort(*v, *n);
    const int64_t n_low = rank(*v, *n, nextafter((*v)[0], INFINITY));      /* values equal to the lowest */
    if (2 * n_low < *n)
        return true;
    if (4 * (*n - n_low) < *n) {
        out->level = (*v)[0];
        out->bright = n_low < *n ? (*v)[n_low + (*n - n_low) / 2] : NAN;
        return false;
    }
    *v += n_low;
    *n -= n_low;
    return true;
}

void vn_backdrop_mode(float *v, int64_t n, struct vn_backdrop *out)
{
    if (!inside(&v, &n, out))
        return;
    out->level = mode(v, n);
    const int64_t below = rank(v, n, out->level);
    double sum2 = 0;
    for (int64_t i = 0; i < below; i++)
        sum2 += (v[i] - out->level) * (v[i] - out->level);
    if (below > 0)
        out->spread = fmin(sqrt(sum2 / (double)below), 1.2 * 1.4826 * (out->level - v[below / 2]));
    if (out->spread == 0 && rank(v, n, nextafter(out->level, INFINITY)) < n)
        out->bright = v[rank(v, n, nextafter(out->level, INFINITY)) + (n - rank(v, n, nextafter(out->level, INFINITY))) / 2];
}

void vn_backdrop(float *v, int64_t n, struct vn_backdrop *out)
{
    if (!inside(&v, &n, out))
        return;
    int64_t lo = 0, hi = n;
    for (int i = 0; i < 100; i++) {
        moments(v + lo, hi - lo, &out->level, &out->spread);
        const int64_t a = rank(v, n, out->level - 2.5 * out->spread), b = rank(v, n, out->level + 2.5 * out->spread);
        if ((a == lo && b == hi) || a >= b)
            break;
        lo = a;
        hi = b;
    }
    if (out->spread == 0 && hi < n) {
        out->level = v[lo];
        out->bright = v[hi + (n - hi) / 2];
    }
}
