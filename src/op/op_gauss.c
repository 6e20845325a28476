/* op_gauss.c - Gaussian smoothing: separable, taps to ceil(3 sigma), the border mirrored.  A NaN spreads as far as the
 * taps reach. */
#include "filter.h"
#include "filter_dev.h"
#include "op.h"

static const struct vn_param params[] = {
    { "sigma", VN_P_LENGTH, VN_REQ, 0, 1e9, .help = "standard deviation" },
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

const struct vn_op vn_op_gauss = { .name = "gauss", .version = 1, .shape = VN_STENCIL, .n_in = 1, .params = params, .plan = plan, .cpu = cpu,
                                   .dev = dev, .cost = cost };
