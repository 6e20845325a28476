/* op_segment_vesselness.c - segment method=vesselness: probability from the tubeness of Sato et al. 1998
 * (op_vesselness.c), by its own noise.
 *
 *   s = response / (contrast noise),  p = s^2 / (1 + s^2)
 *
 * noise is the lower quartile of the positive responses of a sample, most of which are background.  contrast is 0.4 of
 * the mean response, weighted by itself, of what lies above 10 noise, in noise, and 10 at least, which white noise
 * exceeds in .5 % of the voxels.  Of an image without noise p = 1/2 is at 0.4 of the mean response. */
#include <math.h>
#include <stdio.h>
#include "filter.h"
#include "mem.h"
#include "op.h"
#include "outliers.h"
#include "sample.h"
#include "segment.h"
#include "text.h"

extern const struct vn_op vn_op_vesselness;

static const double LEAST = 10, SHARE = 0.4, ROUNDING = 1e-5;
enum { PROBABILITY = 4 };                      /* work of a voxel, in additions */

/* The arguments of the response; to be freed also after failure. */
static int response(const struct vn_args *a, struct vn_args *to, struct vn_err *err)
{
    int rc = vn_args_init(to, vn_vesselness_params, err);
    if (rc == 0 && vn_args_has(a, "scales"))
        rc = vn_args_set(to, "scales", vn_args_text(a, "scales"), err);
    if (rc == 0 && vn_args_flag(a, "dark"))
        rc = vn_args_set(to, "dark", "", err);
    return rc;
}

static int settle_scales(struct vn_args *a, const double um[3], struct vn_err *err)
{
    const double edge = vn_seg_edge(um);
    char text[100];
    snprintf(text, sizeof text, "%.9g,%.9g,%.9g%s", edge, 2 * edge, 4 * edge,
             um[0] > 0 && um[1] > 0 && um[2] > 0 ? "um" : "vox");
    return vn_args_has(a, "scales") ? 0 : vn_args_set(a, "scales", text, err);
}

/* Responses of the sample. */
static int sample(const struct vn_args *a, struct vn_vol *const *in, struct vn_sample *q, struct vn_job *job,
                  struct vn_err *err)
{
    struct vn_args of;
    int rc = response(a, &of, err);

    for (int i = 0; rc == 0 && i < q->n_block; i++) {
        const struct vn_box box = vn_sample_block(q, i);
        struct vn_vol *r;
        if ((rc = vn_op_run(&vn_op_vesselness, &of, in, &box, &r, NULL, job, err)))
            break;
        const struct vn_buf b = vn_vol_data(r);
        vn_sample_add(q, &b, &box, 1);
        vn_vol_unref(r);
    }
    vn_args_free(&of);
    return rc;
}

static int settle(struct vn_args *a, struct vn_vol *const *in, const struct vn_box *stat_box, struct vn_job *job,
                  struct vn_err *err)
{
    struct vn_sample q;
    double one = 0, two = 0;
    int rc = settle_scales(a, in[0]->grid.um, err);

    if (rc || (vn_args_has(a, "noise") && vn_args_has(a, "contrast")) || (rc = vn_sample_init(&q, stat_box, err)))
        return rc;
    vn_job_stage(job, "statistics");
    if ((rc = sample(a, in, &q, job, err)) == 0) {
        const double found = vn_sample_quartile(&q);
        const double quartile = vn_args_has(a, "noise") ? vn_args_real(a, "noise") : found;
        for (int64_t i = 0; i < q.n_v; i++)
            if (q.v[i] > LEAST * quartile) {
                one += q.v[i];
                two += (double)q.v[i] * q.v[i];
            }
        const double mean = one > 0 ? two / one : 0;
        const double noise = quartile > ROUNDING * mean ? quartile : SHARE / LEAST * mean;
        if (!(rc = vn_args_settle(a, "noise", noise, err)))
            rc = vn_args_settle(a, "contrast", noise > 0 ? fmax(LEAST, SHARE * mean / noise) : LEAST, err);
    }
    vn_sample_free(&q);
    return rc;
}

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *p,
                struct vn_err *err)
{
    struct vn_args of;

    for (int k = 0; k < 3; k++)
        if (vn_box_dim(&in[0]->box, k) < 3)
            return vn_fail(err, VN_E_ARG, "method=vesselness takes volumes of at least 3 voxels along x, y and z, and "
                           "this has %lld along %c", (long long)vn_box_dim(&in[0]->box, k), "xyz"[k]);
    int rc = response(a, &of, err);
    rc = rc ? rc : vn_op_vesselness.plan(&of, in, region, p, err);
    p->out_kind = VN_PROB;
    vn_args_free(&of);
    return rc;
}

static VN_HOT void probability_row(float scale, float *p, int64_t n)
{
    for (int64_t x = 0; x < n; x++) {
        const float r = p[x] * scale, s = r < 1e6f ? r : 1e6f;
        p[x] = s * s / (1.0f + s * s);
    }
}

struct turn { float scale; const struct vn_buf *out; };

static int plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct turn *t = ctx;
    const struct vn_box *b = &t->out->box;
    (void)err;
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++)
        probability_row(t->scale, (float *)t->out->data + vn_buf_at(t->out, b->lo[0], y, b->lo[2] + i),
                        vn_box_dim(b, 0));
    return 0;
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out,
               struct vn_job *job, struct vn_err *err)
{
    const double half = vn_args_real(a, "contrast") * vn_args_real(a, "noise");
    struct vn_args of;
    int rc = response(a, &of, err);

    rc = rc ? rc : vn_op_vesselness.cpu(&of, p, in, out, job, err);
    vn_args_free(&of);
    return rc ? rc : vn_job_for_quiet(job, vn_box_dim(&out->box, 2), plane,
                                      &(struct turn){ half > 0 ? (float)(1 / half) : 0.0f, out }, err);
}

static void cost(const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in, const struct vn_box *out,
                 const struct vn_share *share, struct vn_cost *c)
{
    struct vn_args of;
    if (!response(a, &of, NULL))
        vn_op_vesselness.cost(&of, p, in, out, share, c);
    vn_args_free(&of);
    c->work += PROBABILITY * (double)vn_box_count(out);
}

/* A block of the sample: its responses, and what making them holds. */
static void prepare_cost(const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in,
                         const struct vn_box *stat_box, struct vn_cost *c)
{
    struct vn_sample q;

    if (vn_sample_init(&q, stat_box, NULL))
        return;
    const struct vn_box box = vn_sample_block(&q, q.n_block / 2), grown = vn_box_grow(&box, p->halo);
    cost(a, p, in, &box, NULL, c);
    c->bytes += 4.0 * VN_SAMPLE_MAX + vn_mem_counted(4.0 * (double)vn_box_count(&box)) +
                vn_mem_counted((double)vn_box_count(&grown) * (double)vn_type_size(p->in_type[0]));
    c->work *= q.n_block;
    vn_sample_free(&q);
}

static int prepare(struct vn_args *a, struct vn_vol *const *in, const struct vn_box *stat_box, struct vn_job *job,
                   struct vn_err *err)
{
    return vn_outliers_before(settle, a, in, stat_box, job, err);
}

const struct vn_op vn_op_segment_vesselness = { .name = "segment_vesselness", .version = 3, .shape = VN_STENCIL,
                                                .n_in = 1, .params = vn_segment_params, .plan = plan,
                                                .prepare = prepare, .cpu = cpu, .cost = cost,
                                                .prepare_cost = prepare_cost, .see = vn_outliers_see };
