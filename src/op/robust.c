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

/* ---- sorting: by digits of 11 bits, from the lowest; parts of the values are counted and moved each on its own ---- */

enum { PART = 1 << 16, BITS = 11, N_DIGIT = 1 << BITS };
struct sorting { uint32_t *from, *to; int64_t n; uint32_t (*at)[N_DIGIT]; int shift; };       /* at: of each part, counts, then places */

static int64_t part_end(const struct sorting *s, int64_t i) { return (i + 1) * PART < s->n ? (i + 1) * PART : s->n; }
static uint32_t digit_of(const struct sorting *s, uint32_t key) { return key >> s->shift & (N_DIGIT - 1); }

static int count_part(void *ctx, int64_t i, struct vn_err *err)
{
    const struct sorting *s = ctx;
    uint32_t *const at = s->at[i];
    (void)err;

    memset(at, 0, sizeof *s->at);
    for (int64_t k = i * PART, end = part_end(s, i); k < end; k++)
        at[digit_of(s, s->from[k])]++;
    return 0;
}

static int move_part(void *ctx, int64_t i, struct vn_err *err)
{
    const struct sorting *s = ctx;
    uint32_t *const at = s->at[i];
    (void)err;

    for (int64_t k = i * PART, end = part_end(s, i); k < end; k++)
        s->to[at[digit_of(s, s->from[k])]++] = s->from[k];
    return 0;
}

/* Counts become first places: by digit, and of one digit by part. */
static void place_parts(const struct sorting *s, int64_t n_part)
{
    uint32_t sum = 0;
    for (int d = 0; d < N_DIGIT; d++)
        for (int64_t i = 0; i < n_part; i++) {
            const uint32_t n = s->at[i][d];
            s->at[i][d] = sum;
            sum += n;
        }
}

/* Ascending; by comparisons where there is no room for two copies. */
static int sort(float *v, int64_t n, struct vn_job *job, struct vn_err *err)
{
    const int64_t n_part = (n + PART - 1) / PART;
    uint32_t *copy = n > N_DIGIT ? vn_alloc(2 * (uint64_t)n * sizeof *copy + (uint64_t)n_part * N_DIGIT * sizeof *copy, NULL) : NULL;
    int rc = 0;

    if (!copy) {
        qsort(v, (size_t)n, sizeof *v, order);
        return 0;
    }
    struct sorting s = { copy, copy + n, n, (uint32_t (*)[N_DIGIT])(copy + 2 * n), 0 };
    memcpy(s.from, v, (size_t)n * sizeof *v);
    for (int64_t i = 0; i < n; i++)
        s.from[i] = to_key(s.from[i]);
    for (; rc == 0 && s.shift < 32; s.shift += BITS) {
        if ((rc = vn_job_for_quiet(job, n_part, count_part, &s, err)))
            break;
        place_parts(&s, n_part);
        rc = vn_job_for_quiet(job, n_part, move_part, &s, err);
        uint32_t *const to = s.from;
        s.from = s.to;
        s.to = to;
    }
    for (int64_t i = 0; i < n; i++)
        s.from[i] = from_key(s.from[i]);
    memcpy(v, s.from, (size_t)n * sizeof *v);
    vn_free(copy);
    return rc;
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

/* Leaves out of the sorted values what lies outside a masked organ.  False: there are no values, or *out says what there is. */
static bool inside(float **v, int64_t *n, struct vn_backdrop *out)
{
    *out = (struct vn_backdrop) { NAN, 0, NAN };
    if (*n <= 0)
        return false;
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

int vn_backdrop_mode(float *v, int64_t n, struct vn_backdrop *out, struct vn_job *job, struct vn_err *err)
{
    const int rc = sort(v, n, job, err);

    if (rc || !inside(&v, &n, out))
        return rc;
    out->level = mode(v, n);
    const int64_t n_cut = rank(v, n, nextafter(v[0], INFINITY));
    if (out->level == v[0] && 2 * n_cut < n)               /* noise cut off below */
        out->level = mode(v + n_cut, n - n_cut);
    const int64_t below = rank(v, n, out->level);
    double sum2 = 0;
    for (int64_t i = 0; i < below; i++)
        sum2 += (v[i] - out->level) * (v[i] - out->level);
    if (below > 0)
        out->spread = fmin(sqrt(sum2 / (double)below), 1.2 * 1.4826 * (out->level - v[below / 2]));
    if (out->spread == 0 && rank(v, n, nextafter(out->level, INFINITY)) < n)
        out->bright = v[rank(v, n, nextafter(out->level, INFINITY)) + (n - rank(v, n, nextafter(out->level, INFINITY))) / 2];
    return 0;
}

int vn_backdrop(float *v, int64_t n, struct vn_backdrop *out, struct vn_job *job, struct vn_err *err)
{
    const int rc = sort(v, n, job, err);

    if (rc || !inside(&v, &n, out))
        return rc;
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
    return 0;
}
