/* op_gauss.c - Gaussian smoothing: separable, taps to ceil(3 sigma), the border mirrored.  A NaN spreads as far as the
 * taps reach.
 *
 * sigma is resolved by `prepare` where it is not given: of some widths up to the smallest voxel edge (a Gaussian of which takes
 * half of the height of a vessel two voxels wide) the one of the least expected squared error, by Stein's estimate (1981,
 * Annals of Statistics 9:1135), for a linear filter mean (v - Gv)^2 + noise^2 (2 w0 - 1), w0 its weight of the voxel itself. */
#include <math.h>
#include <stdio.h>
#include "filter.h"
#include "filter_dev.h"
#include "mem.h"
#include "op.h"
#include "sample.h"

static const struct vn_param params[] = {
    { "sigma", VN_P_LENGTH, 0, 0, 1e9, .help = "standard deviation" },
    { "stats", VN_P_CHOICE, 0, .def = "whole", .choices = "whole|region", .help = "where automatic values are taken from" },
    { 0 },
};

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *p, struct vn_err *err)
{
    double sigma[3];
    struct vn_taps t;
    int rc = vn_sigma(a, "sigma", 0, in[0]->grid.um, sigma, err);
    (void)region;

    *p = (struct vn_plan) { .pad = VN_PAD_MIRROR, .in_type = { vn_filter_type(in[0]) }, .out_type = VN_F32, .mem_host = 16, .mem_dev = VN_FILTER_DEV_BYTES,
                            .out_kind = in[0]->kind == VN_PROB ? VN_PROB : VN_IMAGE };
    for (int k = 0; k < 3; k++) {
        p->um[k] = in[0]->grid.um[k];
        if (rc == 0 && !(rc = vn_gauss_taps(sigma[k], &t, err)))
            p->halo[k] = t.r;
    }
    return rc;
}

static int taps(const struct vn_args *a, const struct vn_plan *p, struct vn_taps t[3], struct vn_err *err)
{
    double sigma[3];
    int rc = vn_sigma(a, "sigma", 0, p->um, sigma, err);

    for (int k = 0; rc == 0 && k < 3; k++)
        rc = vn_gauss_taps(sigma[k], &t[k], err);
    return rc;
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job,
               struct vn_err *err)
{
    struct vn_taps t[3];
    int rc = taps(a, p, t, err);
    return rc ? rc : vn_filter_sep(in, t, out, job, err);
}

static void cost(const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in, const struct vn_box *out, const struct vn_share *share,
                 struct vn_cost *c)
{
    struct vn_taps t[3];
    (void)in;
    (void)share;

    if (taps(a, p, t, NULL))
        return;
    c->bytes = vn_sep_bytes(t, out, VN_SEP_DEPTH);
    c->work = vn_sep_work(t, out);
}

/* ---- automatic sigma ---- */

static const double WIDTH[] = { 0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1 };      /* in smallest voxel edges */

/* Mean of (v - Gv)^2 over the sample's blocks, voxels that are not finite left out. */
static int change(const struct vn_sample *q, struct vn_vol *v, const struct vn_taps t[3], double *mean, struct vn_job *job, struct vn_err *err)
{
    const int64_t reach[3] = { t[0].r, t[1].r, t[2].r };
    double sum = 0, n = 0;
    int rc = 0;

    for (int i = 0; rc == 0 && i < q->n_block; i++) {
        const struct vn_box box = vn_sample_block(q, i), grown = vn_box_grow(&box, reach);
        struct vn_buf in = { 0 }, g = { 0 };
        if (!(rc = vn_vol_map(v, VN_F32, &grown, VN_PAD_MIRROR, &in, job, err)) && !(rc = vn_buf_new(&g, VN_F32, &box, err)))
            rc = vn_filter_sep(&in, t, &g, job, err);
        for (int64_t z = box.lo[2]; rc == 0 && z < box.hi[2]; z++)
            for (int64_t y = box.lo[1]; y < box.hi[1]; y++) {
                const float *a = (const float *)in.data + vn_buf_at(&in, box.lo[0], y, z), *b = (const float *)g.data + vn_buf_at(&g, box.lo[0], y, z);
                for (int64_t x = 0; x < vn_box_dim(&box, 0); x++)
                    if (vn_finite(b[x])) {
                        const double d = (double)a[x] - (double)b[x];
                        sum += d * d;
                        n++;
                    }
            }
        vn_buf_free(&in);
        vn_buf_free(&g);
    }
    *mean = n > 0 ? sum / n : 0;
    return rc;
}

static int prepare(struct vn_args *a, struct vn_vol *const *in, const struct vn_box *stat_box, struct vn_job *job, struct vn_err *err)
{
    const double *um = in[0]->grid.um, edge = um[0] > 0 && um[1] > 0 && um[2] > 0 ? fmin(um[0], fmin(um[1], um[2])) : 0;
    struct vn_sample q;
    double noise, least = INFINITY;
    int best = 0, rc;

    if (vn_args_has(a, "sigma"))
        return 0;
    if ((rc = vn_sample_init(&q, stat_box, err)))
        return rc;
    vn_job_stage(job, "statistics");
    rc = vn_sample_noise(&q, in[0], &noise, job, err);
    for (int i = 0; rc == 0 && i < (int)VN_COUNT(WIDTH); i++) {
        struct vn_taps t[3];
        double mean;
        for (int k = 0; rc == 0 && k < 3; k++)
            rc = vn_gauss_taps(edge > 0 ? WIDTH[i] * edge / um[k] : WIDTH[i], &t[k], err);
        if (rc || (rc = change(&q, in[0], t, &mean, job, err)))
            break;
        const double risk = mean + noise * noise * (2 * (double)t[0].w[0] * (double)t[1].w[0] * (double)t[2].w[0] - 1);
        if (!(risk < least))
            break;
        least = risk;
        best = i;
    }
    vn_sample_free(&q);
    if (rc)
        return rc;
    char text[40];
    snprintf(text, sizeof text, "%.9g%s", edge > 0 ? WIDTH[best] * edge : WIDTH[best], edge > 0 ? "um" : "vox");
    return vn_args_set(a, "sigma", text, err);
}

static void prepare_cost(const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in, const struct vn_box *stat_box, struct vn_cost *c)
{
    struct vn_sample q;
    struct vn_taps t[3];
    (void)in;

    *c = (struct vn_cost) { 0, 0 };
    if (taps(a, p, t, NULL) || vn_sample_init(&q, stat_box, NULL))
        return;
    const struct vn_box box = vn_sample_block(&q, 0);
    const int64_t reach[3] = { t[0].r, t[1].r, t[2].r };
    const struct vn_box grown = vn_box_grow(&box, reach);
    *c = vn_sample_noise_cost(&q);
    c->bytes = fmax(c->bytes, 4.0 * VN_SAMPLE_MAX + vn_mem_counted(4.0 * (double)vn_box_count(&grown)) + vn_mem_counted(4.0 * (double)vn_box_count(&box)) +
                                  vn_sep_bytes(t, &box, VN_SEP_DEPTH));
    c->work += (double)VN_COUNT(WIDTH) * q.n_block * vn_sep_work(t, &box);
    vn_sample_free(&q);
}

static int to_f32(const struct vn_buf *in, struct vn_buf *f, struct vn_err *err)
{
    const struct vn_box *b = &in->box;
    int rc = vn_buf_new(f, VN_F32, b, err);

    for (int64_t z = b->lo[2]; rc == 0 && z < b->hi[2]; z++)
        for (int64_t y = b->lo[1]; y < b->hi[1]; y++)
            vn_convert_row(VN_F32, (float *)f->data + vn_buf_at(f, b->lo[0], y, z), in->type,
                           (const char *)in->data + vn_buf_at(in, b->lo[0], y, z) * (int64_t)vn_type_size(in->type), vn_box_dim(b, 0));
    return rc;
}

static int dev(struct vn_dev *d, struct vn_stream *s, const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in,
               struct vn_buf *out, struct vn_job *job, struct vn_err *err)
{
    struct vn_taps t[3];
    struct vn_buf f = vn_buf_view(in, &in->box);
    int rc = taps(a, p, t, err);

    if (rc == 0 && in->type != VN_F32)
        rc = to_f32(in, &f, err);
    if (rc == 0)
        rc = vn_filter_dev(d, s, &f, t, out, job, err);
    vn_buf_free(&f);
    return rc;
}

const struct vn_op vn_op_gauss = { .name = "gauss", .version = 1, .shape = VN_STENCIL, .n_in = 1, .params = params, .plan = plan, .prepare = prepare,
                                   .cpu = cpu, .dev = dev, .cost = cost, .prepare_cost = prepare_cost };
