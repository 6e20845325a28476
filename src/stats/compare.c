/* compare.c - two groups of brains: effect sizes, intervals and tests of one measure. */
#include "compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "vox.h"

static void moments(const double *x, int n, double *mean, double *sd)
{
    double m = 0, s = 0;
    for (int i = 0; i < n; i++)
        m += x[i];
    m /= n;
    for (int i = 0; i < n; i++)
        s += (x[i] - m) * (x[i] - m);
    *mean = m;
    *sd = sqrt(s / (n - 1));
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* ---- bootstrap ---- */

struct boot { const double *x; int n[2]; uint64_t seed, stream; double *diff; };
enum { BOOT_BLOCK = 500 };

static int boot_block(void *ctx, int64_t block, struct vn_err *err)
{
    struct boot *b = ctx;
    const int n = b->n[0] + b->n[1];
    (void)err;
    for (int64_t r = block * BOOT_BLOCK; r < (block + 1) * BOOT_BLOCK; r++) {
        double sum[2] = { 0, 0 };
        for (int i = 0; i < n; i++) {
            uint32_t w[4];
            const int second = i >= b->n[0], first = second ? b->n[0] : 0;
            vn_random(b->seed, b->stream, (uint64_t)r * (uint64_t)n + (uint64_t)i, w);
            sum[second] += b->x[first + (int)((uint64_t)w[0] * (uint64_t)b->n[second] >> 32)];
        }
        b->diff[r] = sum[1] / b->n[1] - sum[0] / b->n[0];
    }
    return 0;
}

/* Acceleration by the jackknife of two samples: sum U^3 / n^3 over (sum U^2 / n^2)^1.5 / 6, U the influence of each brain. */
static double acceleration(const double *x, int n1, int n2)
{
    double cubes = 0, squares = 0;
    for (int g = 0; g < 2; g++) {
        const double *v = g ? x + n1 : x;
        const int n = g ? n2 : n1;
        double mean, sd;
        moments(v, n, &mean, &sd);
        for (int i = 0; i < n; i++) {
            const double u = (g ? 1 : -1) * (v[i] - mean);      /* (n - 1) * (mean of jackknife - jackknife without i) */
            cubes += u * u * u / ((double)n * n * n);
            squares += u * u / ((double)n * n);
        }
    }
    return cubes / pow(squares, 1.5) / 6;
}

/* Quantile with linear interpolation between order statistics. */
static double quantile(const double *sorted, int n, double q)
{
    const double at = q * (n - 1), whole = floor(at);
    const int i = (int)whole;
    return i + 1 < n ? sorted[i] + (at - whole) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

int vn_boot_bca(const struct vn_gsl *g, const double *x, int n1, int n2, uint64_t seed, uint64_t stream, double ci[2],
                struct vn_job *job, struct vn_err *err)
{
    struct boot b = { x, { n1, n2 }, seed, stream, NULL };
    b.diff = vn_alloc(VN_BOOT_DRAWS * sizeof *b.diff, err);
    int rc = b.diff ? vn_job_for_quiet(job, VN_BOOT_DRAWS / BOOT_BLOCK, boot_block, &b, err) : VN_E_MEMORY;
    if (rc)
        goto out;
    double mean[2], sd, below = 0;
    moments(x, n1, &mean[0], &sd);
    moments(x + n1, n2, &mean[1], &sd);
    const double observed = mean[1] - mean[0], tie = 1e-12 * (fabs(mean[0]) + fabs(mean[1]));
    qsort(b.diff, VN_BOOT_DRAWS, sizeof *b.diff, by_value);
    for (int i = 0; i < VN_BOOT_DRAWS; i++)
        below += b.diff[i] < observed - tie ? 1 : b.diff[i] <= observed + tie ? 0.5 : 0;
    const double share = below / VN_BOOT_DRAWS, a = acceleration(x, n1, n2);
    rc = share > 0 && share < 1 && isfinite(a) && b.diff[VN_BOOT_DRAWS - 1] > b.diff[0] ? 0 : 1;
    if (rc)
        goto out;
    const double z0 = g->ugaussian_Pinv(share);
    for (int k = 0; k < 2; k++) {
        const double z = z0 + g->ugaussian_Pinv(k ? 0.975 : 0.025);
        ci[k] = quantile(b.diff, VN_BOOT_DRAWS, g->ugaussian_P(z0 + z / (1 - a * z)));
    }
out:
    vn_free(b.diff);
    return rc;
}

/* ---- tests ---- */

struct ranked { double v; int i; };

static int by_ranked(const void *a, const void *b) { return by_value(&((const struct ranked *)a)->v, &((const struct ranked *)b)->v); }

/* Midranks of x into rank; *ties = sum of t^3 - t over groups of equal values. */
static int midranks(const double *x, int n, double *rank, double *ties, struct vn_err *err)
{
    struct ranked *r = vn_alloc((uint64_t)n * sizeof *r, err);
    if (!r)
        return VN_E_MEMORY;
    for (int i = 0; i < n; i++)
        r[i] = (struct ranked){ x[i], i };
    qsort(r, (size_t)n, sizeof *r, by_ranked);
    *ties = 0;
    for (int i = 0, j; i < n; i = j) {
        for (j = i + 1; j < n && r[j].v == r[i].v; j++)
            ;
        const double t = j - i;
        *ties += t * t * t - t;
        for (int k = i; k < j; k++)
            rank[r[k].i] = (i + j + 1) / 2.0;
    }
    vn_free(r);
    return 0;
}

static int mann_whitney(const struct vn_gsl *g, const double *x, struct vn_compared *c, uint64_t seed, uint64_t stream,
                        struct vn_job *job, struct vn_err *err)
{
    const int n1 = c->n[0], n2 = c->n[1], n = n1 + n2;
    double ties, sum = 0;
    double *rank = vn_alloc((uint64_t)n * sizeof *rank, err);
    int rc = rank ? midranks(x, n, rank, &ties, err) : VN_E_MEMORY;

    if (!rc && c->perm.exact) {
        struct vn_permuted p;
        rc = vn_permute(rank, n1, n2, seed, stream, &p, job, err);
        if (!rc) {
            c->p_mannwhitney = p.p;
            c->mannwhitney_exact = true;
        }
    } else if (!rc) {
        for (int i = 0; i < n1; i++)
            sum += rank[i];
        const double u = sum - n1 * (n1 + 1) / 2.0, mean = (double)n1 * n2 / 2;
        const double sd = sqrt((double)n1 * n2 / 12 * ((n + 1) - ties / ((double)n * (n - 1))));
        const double z = (fmax(u, (double)n1 * n2 - u) - mean - 0.5) / sd;
        c->p_mannwhitney = sd > 0 ? fmin(1, 2 * g->ugaussian_Q(z)) : 1;
    }
    vn_free(rank);
    return rc;
}

/* Welch's test; ci: its 95 % interval of the difference.  Without spread in either group t is 0/0 or infinite. */
static void welch(const struct vn_gsl *g, struct vn_compared *c, double ci[2])
{
    const double v0 = c->sd[0] * c->sd[0] / c->n[0], v1 = c->sd[1] * c->sd[1] / c->n[1], se = sqrt(v0 + v1);

    if (!(se > 0)) {
        c->p_welch = c->difference != 0 ? 0 : NAN;
        c->welch_df = NAN;
        ci[0] = ci[1] = c->difference;
        return;
    }
    c->welch_df = (v0 + v1) * (v0 + v1) / (v0 * v0 / (c->n[0] - 1) + v1 * v1 / (c->n[1] - 1));
    c->p_welch = 2 * g->tdist_Q(fabs(c->difference) / se, c->welch_df);
    const double half = g->tdist_Pinv(0.975, c->welch_df) * se;
    ci[0] = c->difference - half;
    ci[1] = c->difference + half;
}

int vn_compare(const double *x, int n1, int n2, uint64_t seed, uint64_t stream, struct vn_compared *out, struct vn_job *job,
               struct vn_err *err)
{
    struct vn_compared c = { .n = { n1, n2 } };
    const struct vn_gsl *g;
    double ci[2];

    int rc = vn_gsl_open(&g, err);
    if (rc)
        return rc;
    for (int k = 0; k < 2; k++) {
        moments(k ? x + n1 : x, c.n[k], &c.mean[k], &c.sd[k]);
        const double half = g->tdist_Pinv(0.975, c.n[k] - 1) * c.sd[k] / sqrt(c.n[k]);
        c.ci_of_mean[k][0] = c.mean[k] - half;
        c.ci_of_mean[k][1] = c.mean[k] + half;
    }
    const double df = n1 + n2 - 2;
    const double pooled = sqrt(((n1 - 1) * c.sd[0] * c.sd[0] + (n2 - 1) * c.sd[1] * c.sd[1]) / df);
    c.difference = c.mean[1] - c.mean[0];
    c.hedges_g = pooled > 0 ? (1 - 3 / (4 * df - 1)) * c.difference / pooled : NAN;
    welch(g, &c, ci);
    rc = vn_permute(x, n1, n2, seed, 2 * stream, &c.perm, job, err);
    if (!rc)
        rc = mann_whitney(g, x, &c, seed, 2 * stream, job, err);
    if (rc)
        return rc;
    c.ci_is_welch = n1 < VN_BOOT_LEAST || n2 < VN_BOOT_LEAST;
    if (!c.ci_is_welch) {
        double bca[2] = { 0, 0 };
        rc = vn_boot_bca(g, x, n1, n2, seed, 2 * stream + 1, bca, job, err);
        if (rc < 0)
            return rc;
        c.ci_is_welch = rc == 1;
        if (rc == 0)
            memcpy(ci, bca, sizeof ci);
    }
    c.ci_low = ci[0];
    c.ci_high = ci[1];
    *out = c;
    return 0;
}

int vn_bh(const double *p, int n, double *q, struct vn_err *err)
{
    struct ranked *r = vn_alloc((uint64_t)n * sizeof *r, err);
    int m = 0;
    double least = 1;

    if (!r)
        return VN_E_MEMORY;
    for (int i = 0; i < n; i++) {
        q[i] = NAN;
        if (isfinite(p[i]))
            r[m++] = (struct ranked){ p[i], i };
    }
    qsort(r, (size_t)m, sizeof *r, by_ranked);
    for (int i = m - 1; i >= 0; i--) {
        least = fmin(least, r[i].v * m / (i + 1));
        q[r[i].i] = least;
    }
    vn_free(r);
    return 0;
}
