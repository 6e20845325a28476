/* op_background.c - the image less its background: v - G(v), G a wide Gaussian of `sigma` (by cells of the grid, filter.h).
 * With `keep` negative differences stay, otherwise they become 0.  `dark`: background less image.  The border is mirrored;
 * a voxel that is not finite counts as 0 in the mean, with weight 0, and gets 0. */
#include "filter.h"
#include "op.h"

const struct vn_param vn_background_params[] = {
    { "volume", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_IMAGE | VN_PROB, .help = "image" },
    { "sigma", VN_P_LENGTH, 0, 0, 1e9, .def = "12vox", .help = "standard deviation of the background's Gaussian" },
    { "keep", VN_P_FLAG, 0, .help = "keep what lies below the background as negative values" },
    { "dark", VN_P_FLAG, 0, .help = "structures darker than their surroundings" },
    { "as", VN_P_NAME, 0, .help = "name of the result" },
    { 0 },
};

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *p, struct vn_err *err)
{
    double sigma[3];
    struct vn_wide w;
    int rc = vn_sigma(a, "sigma", 0, in[0]->grid.um, sigma, err);
    (void)region;

    *p = (struct vn_plan) { .pad = VN_PAD_MIRROR, .in_type = { VN_F32 }, .out_type = VN_F32, .out_kind = VN_IMAGE, .mem_host = 24 };
    if (rc || (rc = vn_wide_init(&w, sigma, err)))
        return rc;
    for (int k = 0; k < 3; k++) {
        p->halo[k] = w.halo[k];
        p->um[k] = in[0]->grid.um[k];
    }
    return 0;
}

static inline bool finite_f(float v) { return v - v == 0.0f; }

static VN_HOT void weigh_row(const float *in, float *v, float *w, int64_t n)
{
    for (int64_t x = 0; x < n; x++) {
        const bool ok = finite_f(in[x]);
        v[x] = ok ? in[x] : 0.0f;
        w[x] = ok ? 1.0f : 0.0f;
    }
}

/* w: mean of the weights; out holds the mean of the values. */
static VN_HOT void less_row(const float *in, const float *w, float *out, int64_t n, float sign, float low)
{
    for (int64_t x = 0; x < n; x++) {
        const float mean = w[x] > 0.0f ? out[x] / w[x] : 0.0f;
        const float d = sign * (in[x] - mean);
        out[x] = finite_f(in[x]) ? (d > low ? d : low) : 0.0f;
    }
}

struct rows { const struct vn_buf *in, *v, *w; float sign, low; bool less; };

static int plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct rows *r = ctx;
    const struct vn_box *b = &r->v->box;
    const int64_t z = b->lo[2] + i, n = vn_box_dim(b, 0);
    (void)err;

    for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
        const float *in = (const float *)r->in->data + vn_buf_at(r->in, b->lo[0], y, z);
        float *v = (float *)r->v->data + vn_buf_at(r->v, b->lo[0], y, z), *w = (float *)r->w->data + vn_buf_at(r->w, b->lo[0], y, z);
        if (r->less)
            less_row(in, w, v, n, r->sign, r->low);
        else
            weigh_row(in, v, w, n);
    }
    return 0;
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job,
               struct vn_err *err)
{
    struct vn_buf v = { 0 }, w = { 0 }, weight = { 0 };
    struct vn_wide wide;
    double sigma[3];
    int rc = vn_sigma(a, "sigma", 0, p->um, sigma, err);

    if (rc || (rc = vn_wide_init(&wide, sigma, err)))
        return rc;
    if ((rc = vn_buf_new(&v, VN_F32, &in->box, err)) || (rc = vn_buf_new(&w, VN_F32, &in->box, err)) ||
        (rc = vn_buf_new(&weight, VN_F32, &out->box, err)))
        goto out;
    struct rows r = { in, &v, &w, 0, 0, false };
    if ((rc = vn_job_for_quiet(job, vn_box_dim(&in->box, 2), plane, &r, err)) || (rc = vn_wide_run(&v, &wide, out, job, err)) ||
        (rc = vn_wide_run(&w, &wide, &weight, job, err)))
        goto out;
    r = (struct rows) { in, out, &weight, vn_args_flag(a, "dark") ? -1.0f : 1.0f, vn_args_flag(a, "keep") ? -3.4e38f : 0.0f, true };
    rc = vn_job_for_quiet(job, vn_box_dim(&out->box, 2), plane, &r, err);
out:
    vn_buf_free(&v);
    vn_buf_free(&w);
    vn_buf_free(&weight);
    return rc;
}

const struct vn_op vn_op_background = { "background", 1, VN_STENCIL, 1, vn_background_params, plan, NULL, cpu, NULL, 0, 0 };
