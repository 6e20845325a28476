/* rank.c - methods ranked by their means over volumes, with paired bootstrap (Efron, Tibshirani 1993, section 13.3). */
#include "rank.h"
#include <math.h>
#include <stdlib.h>
#include "mem.h"
#include "vox.h"

enum { CHUNK = 100 };

struct boot {
    const double *x;
    int n, m, draws;
    uint64_t seed, stream;
    double *mean;                  /* [method * draws + draw] */
};

static int draw_some(void *ctx, int64_t chunk, struct vn_err *err)
{
    const struct boot *b = ctx;
    const int64_t end = vn_min64((chunk + 1) * CHUNK, b->draws), words = (b->n + 3) / 4;
    (void)err;
    for (int64_t d = chunk * CHUNK; d < end; d++) {
        uint32_t bits[4] = { 0 };
        for (int k = 0; k < b->m; k++)
            b->mean[k * b->draws + d] = 0;
        for (int i = 0; i < b->n; i++) {
            if (i % 4 == 0)
                vn_random(b->seed, b->stream, (uint64_t)(d * words + i / 4), bits);
            const double *row = b->x + ((uint64_t)bits[i % 4] * (uint64_t)b->n >> 32) * (uint64_t)b->m;
            for (int k = 0; k < b->m; k++)
                b->mean[k * b->draws + d] += row[k];
        }
        for (int k = 0; k < b->m; k++)
            b->mean[k * b->draws + d] /= b->n;
    }
    return 0;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void firsts(const struct boot *b, bool lower, struct vn_ranked *out)
{
    for (int k = 0; k < b->m; k++)
        out[k].first = 0;
    for (int64_t d = 0; d < b->draws; d++) {
        double best = b->mean[d];
        for (int k = 1; k < b->m; k++) {
            const double v = b->mean[k * b->draws + d];
            best = lower ? fmin(best, v) : fmax(best, v);
        }
        for (int k = 0; k < b->m; k++)
            out[k].first += b->mean[k * b->draws + d] == best;
    }
    for (int k = 0; k < b->m; k++)
        out[k].first /= b->draws;
}

static int intervals(const double *x, int n, int m, bool lower, int best, uint64_t seed, uint64_t stream, int draws, struct vn_ranked *out,
                     struct vn_job *job, struct vn_err *err)
{
    struct boot b = { x, n, m, draws, seed, stream, vn_alloc((uint64_t)m * (uint64_t)draws * sizeof(double), err) };
    double *d = b.mean ? vn_alloc((uint64_t)draws * sizeof *d, err) : NULL;
    int rc = d ? vn_job_for_quiet(job, (draws + CHUNK - 1) / CHUNK, draw_some, &b, err) : VN_E_MEMORY;
    if (!rc)
        firsts(&b, lower, out);
    for (int k = 0; k < m && !rc; k++) {
        for (int i = 0; i < draws; i++)
            d[i] = b.mean[(int64_t)k * draws + i] - b.mean[(int64_t)best * draws + i];
        qsort(d, (size_t)draws, sizeof *d, by_value);
        const int cut = (draws + 39) / 40 - 1;                 /* the value that 2.5 % of the draws reach from either side */
        out[k].ci_low = d[cut];
        out[k].ci_high = d[draws - 1 - cut];
        rc = vn_job_check(job, err);
    }
    vn_free(b.mean);
    vn_free(d);
    return rc;
}

int vn_rank(const double *x, int n, int m, bool lower, uint64_t seed, uint64_t stream, int draws, struct vn_ranked *out, struct vn_job *job,
            struct vn_err *err)
{
    int best = 0;
    for (int k = 0; k < m; k++) {
        double sum = 0, squares = 0;
        out[k] = (struct vn_ranked){ .rank = 1, .ci_low = NAN, .ci_high = NAN, .first = NAN };
        for (int i = 0; i < n; i++)
            sum += x[i * m + k];
        out[k].mean = sum / n;
        for (int i = 0; i < n; i++) {
            int better = 0, equal = 0;
            for (int j = 0; j < m; j++) {
                better += lower ? x[i * m + j] < x[i * m + k] : x[i * m + j] > x[i * m + k];
                equal += x[i * m + j] == x[i * m + k];
            }
            out[k].wins += better == 0;
            out[k].mean_rank += better + 0.5 * (equal + 1);
            squares += (x[i * m + k] - out[k].mean) * (x[i * m + k] - out[k].mean);
        }
        out[k].mean_rank /= n;
        out[k].sd = n > 1 ? sqrt(squares / (n - 1)) : NAN;
        best = (lower ? out[k].mean < out[best].mean : out[k].mean > out[best].mean) ? k : best;
    }
    for (int k = 0; k < m; k++) {
        out[k].difference = out[k].mean - out[best].mean;
        for (int j = 0; j < m; j++)
            out[k].rank += lower ? out[j].mean < out[k].mean : out[j].mean > out[k].mean;
    }
    return n > 1 ? intervals(x, n, m, lower, best, seed, stream, draws, out, job, err) : 0;
}
