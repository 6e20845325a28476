/* op_background.c - the image less its background: v - G(v), G a wide Gaussian of `sigma` (by cells of the grid, filter.h).
 * With `keep` negative differences stay, otherwise they become 0.  `dark`: background less image.  The border is mirrored;
 * a voxel that is not finite counts as 0 in the mean, with weight 0, and gets 0. */
#include "filter.h"
#include "mem.h"
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
    (void)region;
    return vn_field_plan(a, in[0], 2, p, err);
}

static VN_HOT void weigh_row(const float *in, float *v, float *w, int64_t n)
{
    for (int64_t x = 0; x < n; x++) {
        const bool ok = vn_finite(in[x]);
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
        out[x] = vn_finite(in[x]) ? (d > low ? d : low) : 0.0f;
    }
}

static void fill(const void *ctx, int64_t x, int64_t y, int64_t z, float *const *row, int64_t n)
{
    const struct vn_buf *in = ctx;
    weigh_row((const float *)in->data + vn_buf_at(in, x, y, z), row[0], row[1], n);
}

struct planes { const struct vn_buf *in, *out; const struct vn_field *mean; float sign, low; };

static int plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct planes *p = ctx;
    const struct vn_box *b = &p->out->box;
    const int64_t x = b->lo[0], z = b->lo[2] + i, n = vn_box_dim(b, 0);
    float *w = vn_alloc((uint64_t)(2 * (n + 2)) * sizeof *w, err), *spare = w + n + 2;

    if (!w)
        return VN_E_MEMORY;
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
        float *out = (float *)p->out->data + vn_buf_at(p->out, x, y, z);
        vn_field_row(p->mean, 0, x, y, z, out, spare, n);
        vn_field_row(p->mean, 1, x, y, z, w, spare, n);
        less_row((const float *)p->in->data + vn_buf_at(p->in, x, y, z), w, out, n, p->sign, p->low);
    }
    vn_free(w);
    return 0;
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job,
               struct vn_err *err)
{
    struct vn_field mean;
    struct vn_wide wide;
    double sigma[3];
    int rc = vn_sigma(a, "sigma", 0, p->um, sigma, err);

    if (rc || (rc = vn_wide_init(&wide, sigma, err)))
        return rc;
    struct planes s = { in, out, &mean, vn_args_flag(a, "dark") ? -1.0f : 1.0f, vn_args_flag(a, "keep") ? -3.4e38f : 0.0f };
    if (!(rc = vn_field_init(&mean, &wide, &out->box, 2, 0, fill, in, job, err)))
        rc = vn_job_for_quiet(job, vn_box_dim(&out->box, 2), plane, &s, err);
    vn_field_free(&mean);
    return rc;
}

const struct vn_op vn_op_background = { "background", 1, VN_STENCIL, 1, vn_background_params, plan, NULL, cpu, NULL, 0, 0 };
