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

    *p = (struct vn_plan) { .pad = VN_PAD_MIRROR, .in_type = { VN_F32 }, .out_type = VN_F32, .mem_host = 16, .mem_dev = VN_FILTER_DEV_BYTES,
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

static int dev(struct vn_dev *d, struct vn_stream *s, const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in,
               struct vn_buf *out, struct vn_job *job, struct vn_err *err)
{
    struct vn_taps t[3];
    int rc = taps(a, p, t, err);
    return rc ? rc : vn_filter_dev(d, s, in, t, out, job, err);
}

const struct vn_op vn_op_gauss = { "gauss", 1, VN_STENCIL, 1, params, plan, NULL, cpu, dev, 0, 0 };
