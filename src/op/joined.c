/* joined.c - pieces of the contrast's cells, counted at falling thresholds. */
#include "joined.h"
#include "label.h"
#include "mem.h"

enum { LEAST = 8, N_STEP = 32 };
static const double STEP = 0.8, LOWEST = 2, JOINED_FROM = 2.8, DIM_FROM = 3, SHARE_MOST = 1.0 / 3;
static const double MORE = 1.7, MORE_FROM = 2.8, MORE_MOST = 0.15;

struct cut { const float *v; const struct vn_buf *to; float above; };

static int cut_plane(void *ctx, int64_t z, struct vn_err *err)
{
    const struct cut *c = ctx;
    const int64_t n = c->to->stride[1];
    uint8_t *to = (uint8_t *)c->to->data + z * n;
    const float *v = c->v + z * n;
    (void)err;

    for (int64_t i = 0; i < n; i++)
        to[i] = v[i] > c->above;
    return 0;
}

struct pieces { double n, share, large; };

/* Pieces of at least LEAST cells above a value, and the share of all cells there, and in these pieces. */
static int count(const float *v, const int64_t n[3], int n_block, float above, const struct vn_buf *mask, struct pieces *out, struct vn_job *job,
                 struct vn_err *err)
{
    const int64_t cells = n[0] * n[1] * n[2];
    uint64_t n_large = 0, large = 0, sum = 0;
    int rc = 0;

    for (int b = 0; rc == 0 && b < n_block; b++) {
        const struct cut c = { v + b * cells, mask, above };
        struct vn_runs r = { 0 };
        uint64_t *size = NULL;
        if ((rc = vn_job_for_quiet(job, n[2], cut_plane, (void *)&c, err)) || (rc = vn_runs_build(mask, false, &r, job, err)) ||
            (rc = vn_runs_label(&r, 26, job, err)) || (rc = vn_runs_sizes(&r, &size, job, err))) {
            vn_runs_free(&r);
            break;
        }
        for (uint32_t i = 0; i < r.count; i++) {
            n_large += size[i] >= LEAST;
            large += size[i] >= LEAST ? size[i] : 0;
            sum += size[i];
        }
        vn_free(size);
        vn_runs_free(&r);
    }
    const double all = (double)(cells * n_block);
    *out = (struct pieces) { (double)n_large, (double)sum / all, (double)large / all };
    return rc;
}

/* Number of the step at which the pieces there are have joined. */
static int join(const double *t, const struct pieces *p, int n_step)
{
    double fewest = p[0].n;
    int most = 0;

    for (int k = 0; k < n_step && t[k] >= JOINED_FROM; k++)
        fewest = p[k].n < fewest ? p[k].n : fewest;
    const double enough = 1.5 * fewest > fewest + 3 ? 1.5 * fewest : fewest + 3;
    if (p[0].n > enough)
        for (int k = 0; k < n_step; k++)
            if (p[k].n <= enough)
                return k;
    for (int k = 0; k < n_step && t[k] >= DIM_FROM; k++)
        most = p[k].n > p[most].n ? k : most;
    if (p[most].n >= 40 && p[most].n >= 4 * p[0].n)
        for (int k = most + 1; k < n_step; k++)
            if (p[k].n <= 0.4 * p[most].n && p[k].share <= SHARE_MOST)
                return k;
    return 0;
}

/* Number of the last step from k on at which the pieces have grown much and have hardly become more. */
static int grow(const double *t, const struct pieces *p, int n_step, int k)
{
    const double few = 1.25 * p[k].n > p[k].n + 20 ? 1.25 * p[k].n : p[k].n + 20;
    int last = k;

    for (int i = k + 1; i < n_step && t[i] >= MORE_FROM && p[i].share <= MORE_MOST; i++)
        if (p[k].n > 0 && p[i].n <= few && p[i].large >= MORE * p[k].large)
            last = i;
    return last;
}

int vn_joined(const float *v, const int64_t n[3], int n_block, double offset, double noise, double *contrast, struct vn_job *job, struct vn_err *err)
{
    const struct vn_box box = { { 0, 0, 0 }, { n[0], n[1], n[2] } };
    double t[N_STEP] = { *contrast };
    struct pieces p[N_STEP];
    struct vn_buf mask = { 0 };
    int n_step = 0, rc = vn_buf_new(&mask, VN_U8, &box, err);

    for (; rc == 0 && n_step < N_STEP && (n_step == 0 || t[n_step] >= LOWEST); n_step++) {
        rc = count(v, n, n_block, (float)(offset + noise * t[n_step]), &mask, &p[n_step], job, err);
        if (n_step + 1 < N_STEP)
            t[n_step + 1] = STEP * t[n_step];
    }
    vn_buf_free(&mask);
    if (rc == 0)
        *contrast = t[grow(t, p, n_step, join(t, p, n_step))];
    return rc;
}
