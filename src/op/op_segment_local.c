/* op_segment_local.c - segment method=local: probability from the local threshold of Niblack 1986.
 *
 *   s = (v - m) / max(k sd, contrast noise),  p = s^2 / (1 + s^2) where s > 0, else 0
 *
 * m and sd: mean and standard deviation of the box around (window.h, in sixteenths of the noise), so that p = 1/2 at
 * Niblack's threshold m + k sd, or, where nothing but noise is around, `contrast` standard deviations of the background
 * above the mean.  Level and noise are those of the background in a sample (robust.h); of an image without noise, half
 * of the structures' height is p = 1/2.  A voxel that is not finite gets 0. */
#include <math.h>
#include "filter.h"
#include "found.h"
#include "op.h"
#include "outliers.h"
#include "sample.h"
#include "window.h"

static const double CONTRAST = 2, PER_NOISE = 16, MIDDLE = 32768;
static const double TOLD = 2;                  /* s of what tells which way vessels stand out: noise has less */
enum { PROBABILITY = 12, SORTED = 8 };         /* work of a voxel, in additions; of a sampled value, in those read */

static int settle(struct vn_args *a, struct vn_vol *const *in, const struct vn_box *stat_box, struct vn_job *job,
                  struct vn_err *err)
{
    const float sign = vn_args_flag(a, "dark") ? -1.0f : 1.0f;
    struct vn_sample q;
    struct vn_backdrop b;
    int rc = vn_args_settle(a, "contrast", CONTRAST, err);

    if (rc || (vn_args_has(a, "level") && vn_args_has(a, "noise")) || (rc = vn_sample_init(&q, stat_box, err)))
        return rc;
    vn_job_stage(job, "statistics");
    if (!(rc = vn_sample_read(&q, in[0], sign, job, err)) && !(rc = vn_backdrop_mode(q.v, q.n_v, &b, job, err))) {
        const double height = b.bright > b.level ? b.bright - b.level : 0;
        if (!(rc = vn_args_settle(a, "level", isnan(b.level) ? 0 : sign * b.level, err)))
            rc = vn_args_settle(a, "noise", b.spread > 0 ? b.spread : 0.5 * height / vn_args_real(a, "contrast"), err);
    }
    vn_sample_free(&q);
    return rc;
}

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *p,
                struct vn_err *err)
{
    (void)region;
    *p = (struct vn_plan) { .pad = VN_PAD_MIRROR, .in_type = { VN_F32 }, .out_type = VN_F32, .out_kind = VN_PROB,
                            .mem_host = 8 + 24 };
    for (int k = 0; k < 3; k++)
        p->um[k] = in[0]->grid.um[k];
    return vn_window_halo(a, in[0]->grid.um, p->halo, err);
}

struct above { double sign, k, least; int64_t *tally; };

static void row(const void *ctx, const double *v, const double *mean, const double *sd, void *out, int64_t n)
{
    const struct above *c = ctx;
    float *p = out;
    int64_t these = 0, others = 0;

    for (int64_t x = 0; x < n; x++) {
        const double local = c->k * sd[x], unit = local > c->least ? local : c->least;
        const double d = c->sign * (v[x] - mean[x]) / unit, s = d < 1e6 ? d : 1e6;
        const bool finite = v[x] - v[x] == 0;
        p[x] = finite && s > 0 ? (float)(s * s / (1 + s * s)) : 0.0f;
        these += finite && d > TOLD;
        others += finite && d < -TOLD;
    }
    if (c->tally) {
        __atomic_fetch_add(&c->tally[VN_FOUND_THIS], these, __ATOMIC_RELAXED);
        __atomic_fetch_add(&c->tally[VN_FOUND_OTHER], others, __ATOMIC_RELAXED);
    }
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out,
               struct vn_job *job, struct vn_err *err)
{
    const double noise = vn_args_real(a, "noise"), step = noise > 0 ? noise / PER_NOISE : 1;
    const struct vn_window w = { { p->halo[0], p->halo[1], p->halo[2] }, vn_args_real(a, "level") - MIDDLE * step,
                                 step, true };
    const struct above c = { vn_args_flag(a, "dark") ? -1 : 1, vn_args_real(a, "k"),
                             noise > 0 ? vn_args_real(a, "contrast") * noise : INFINITY, p->tally };
    return vn_window_run(in, &w, row, &c, out, job, err);
}

static void cost(const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in, const struct vn_box *out,
                 const struct vn_share *share, struct vn_cost *c)
{
    (void)a;
    (void)in;
    (void)share;
    *c = vn_window_cost(p->halo, out);
    c->work += PROBABILITY * (double)vn_box_count(out);
}

/* Values are read, and those that are kept sorted. */
static void prepare_cost(const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in,
                         const struct vn_box *stat_box, struct vn_cost *c)
{
    struct vn_sample q;
    (void)a;
    (void)p;
    (void)in;

    if (vn_sample_init(&q, stat_box, NULL))
        return;
    const struct vn_box block = vn_sample_block(&q, 0);
    const double read = q.n_block * (double)vn_box_count(&block);
    vn_sample_free(&q);
    c->bytes = 4.0 * VN_SAMPLE_MAX;
    c->work = read + SORTED * fmin(read, VN_SAMPLE_MAX);
}

static int prepare(struct vn_args *a, struct vn_vol *const *in, const struct vn_box *stat_box, struct vn_job *job,
                   struct vn_err *err)
{
    return vn_outliers_before(settle, a, in, stat_box, job, err);
}

const struct vn_op vn_op_segment_local = { .name = "segment_local", .version = 4, .shape = VN_STENCIL, .n_in = 1,
                                           .params = vn_segment_params, .plan = plan, .prepare = prepare, .cpu = cpu,
                                           .cost = cost, .prepare_cost = prepare_cost, .see = vn_outliers_see };
