/* permute.c - permutation test of the difference of two group means.
 *
 * With the mean of all values taken away, the difference is proportional to the sum of one group, so a split is extreme
 * when |sum| >= |observed sum|.  All splits are counted without visiting them: the values are cut into two halves, the
 * sums of each half's subsets are listed by size and sorted, and for each pair of sizes that makes up the group one pass
 * over both lists counts the pairs (12 v 12: two lists of 4096 in place of 2,704,156 splits). */
#include "permute.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "vox.h"

enum { MAX_SUBSETS = 1 << 16 };

struct lists { int n, most; const double *x; int64_t *first; double *sum; };   /* sums of size k: sum[first[k] .. first[k+1]) */

/* Number of subsets of n values with at most `most` members, or MAX_SUBSETS + 1 when more. */
static int64_t n_subsets(int n, int most)
{
    int64_t total = 0, c = 1;
    for (int k = 0; k <= most && k <= n; k++) {
        total += c;
        if (total > MAX_SUBSETS)
            return MAX_SUBSETS + 1;
        c = c * (n - k) / (k + 1);
    }
    return total;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void add_subsets(struct lists *l, int64_t *at, int from, int size, double sum)
{
    l->sum[at[size]++] = sum;
    for (int i = from; i < l->n && size < l->most; i++)
        add_subsets(l, at, i + 1, size + 1, sum + l->x[i]);
}

static int lists_new(struct lists *l, const double *x, int n, int most, struct vn_err *err)
{
    *l = (struct lists){ .n = n, .most = most, .x = x };
    l->first = vn_calloc((uint64_t)most + 2, sizeof *l->first, err);
    int64_t *at = vn_calloc((uint64_t)most + 2, sizeof *at, err);
    l->sum = vn_alloc((uint64_t)n_subsets(n, most) * sizeof *l->sum, err);
    const bool ok = l->first && at && l->sum;
    if (ok) {
        int64_t c = 1;
        for (int k = 0; k <= most; k++) {
            at[k] = l->first[k];
            l->first[k + 1] = l->first[k] + (k <= n ? c : 0);
            c = k < n ? c * (n - k) / (k + 1) : 0;
        }
        add_subsets(l, at, 0, 0, 0);
        for (int k = 0; k <= most; k++)
            qsort(l->sum + l->first[k], (size_t)(l->first[k + 1] - l->first[k]), sizeof *l->sum, by_value);
    }
    vn_free(at);
    return ok ? 0 : VN_E_MEMORY;
}

static void lists_free(struct lists *l)
{
    vn_free(l->first);
    vn_free(l->sum);
}

/* Pairs with a + b >= t, both lists rising. */
static uint64_t pairs_above(const double *a, int64_t n, const double *b, int64_t m, double t)
{
    uint64_t count = 0;
    int64_t j = m;
    for (int64_t i = 0; i < n; i++) {
        while (j > 0 && a[i] + b[j - 1] >= t)
            j--;
        count += (uint64_t)(m - j);
    }
    return count;
}

/* Pairs with a + b <= t. */
static uint64_t pairs_below(const double *a, int64_t n, const double *b, int64_t m, double t)
{
    uint64_t count = 0;
    int64_t j = m;
    for (int64_t i = 0; i < n; i++) {
        while (j > 0 && a[i] + b[j - 1] > t)
            j--;
        count += (uint64_t)j;
    }
    return count;
}

/* reached: least |sum| that counts. */
static int count_all(const double *x, int n, int size, double reached, struct vn_permuted *out, struct vn_err *err)
{
    struct lists a = { 0 }, b = { 0 };
    uint64_t extreme = 0, all = 0;

    int rc = lists_new(&a, x, n / 2, size, err);
    if (!rc)
        rc = lists_new(&b, x + n / 2, n - n / 2, size, err);
    for (int k = 0; k <= size && !rc; k++) {
        const double *pa = a.sum + a.first[k], *pb = b.sum + b.first[size - k];
        const int64_t na = a.first[k + 1] - a.first[k], nb = b.first[size - k + 1] - b.first[size - k];
        all += (uint64_t)na * (uint64_t)nb;
        extreme += reached > 0 ? pairs_above(pa, na, pb, nb, reached) + pairs_below(pa, na, pb, nb, -reached)
                               : (uint64_t)na * (uint64_t)nb;
    }
    if (!rc)
        *out = (struct vn_permuted){ (double)extreme / (double)all, all, true };
    lists_free(&a);
    lists_free(&b);
    return rc;
}

struct drawn { const double *x; int n, size; double reached; uint64_t seed, stream; uint64_t *hits; };
enum { DRAW_BLOCK = 1000 };

/* One block of draws: the first `size` places of a Fisher-Yates shuffle, a fresh copy of the values for each. */
static int draw_block(void *ctx, int64_t block, struct vn_err *err)
{
    struct drawn *d = ctx;
    double *v = vn_alloc((uint64_t)d->n * sizeof *v, err);
    if (!v)
        return VN_E_MEMORY;
    uint64_t hits = 0;
    for (int64_t r = 0; r < DRAW_BLOCK; r++) {
        const uint64_t draw = (uint64_t)(block * DRAW_BLOCK + r);
        double sum = 0;
        memcpy(v, d->x, (size_t)d->n * sizeof *v);
        for (int i = 0; i < d->size; i++) {
            uint32_t w[4];
            vn_random(d->seed, d->stream, draw * (uint64_t)d->n + (uint64_t)i, w);
            const uint64_t bits = (uint64_t)w[0] << 32 | w[1];
            const int j = i + (int)((unsigned __int128)bits * (uint64_t)(d->n - i) >> 64);
            const double t = v[i];
            v[i] = v[j];
            v[j] = t;
            sum += v[i];
        }
        hits += fabs(sum) >= d->reached;
    }
    d->hits[block] = hits;
    vn_free(v);
    return 0;
}

static int draw(struct drawn *d, struct vn_permuted *out, struct vn_job *job, struct vn_err *err)
{
    const int64_t blocks = VN_PERMUTE_DRAWS / DRAW_BLOCK;
    uint64_t hits = 0;
    d->hits = vn_calloc((uint64_t)blocks, sizeof *d->hits, err);
    int rc = d->hits ? vn_job_for_quiet(job, blocks, draw_block, d, err) : VN_E_MEMORY;
    for (int64_t i = 0; i < blocks && !rc; i++)
        hits += d->hits[i];
    if (!rc)
        *out = (struct vn_permuted){ (double)(1 + hits) / (1 + VN_PERMUTE_DRAWS), VN_PERMUTE_DRAWS, false };
    vn_free(d->hits);
    return rc;
}

int vn_permute(const double *x, int n1, int n2, uint64_t seed, uint64_t stream, struct vn_permuted *out, struct vn_job *job,
               struct vn_err *err)
{
    const int n = n1 + n2, size = n1 <= n2 ? n1 : n2;
    double *v = vn_alloc((uint64_t)n * sizeof *v, err);
    if (!v)
        return VN_E_MEMORY;
    double mean = 0, spread = 0, observed = 0;
    for (int i = 0; i < n; i++)
        mean += x[i] / n;
    for (int i = 0; i < n; i++) {
        v[i] = x[i] - mean;
        spread += fabs(v[i]);
        observed += i < n1 ? v[i] : 0;             /* the other group's sum is its negative */
    }
    const double reached = fabs(observed) - 1e-12 * (spread + n * fabs(mean));
    int rc;
    if (n_subsets(n - n / 2, size) <= MAX_SUBSETS) {
        rc = count_all(v, n, size, reached, out, err);
    } else {
        struct drawn d = { v, n, size, reached, seed, stream, NULL };
        rc = draw(&d, out, job, err);
    }
    vn_free(v);
    return rc;
}
