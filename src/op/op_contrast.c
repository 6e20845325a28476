/* op_contrast.c - local contrast normalisation: (v - m) / (s + floor), m and s the local mean and standard deviation under
 * a wide Gaussian of `sigma` (by cells of the grid, filter.h).  Moments are taken of v - level, so that a large constant
 * costs no digits.  The border is mirrored; a voxel that is not finite has weight 0 in the moments, and gets 0.
 * level and floor are resolved by `prepare` from a sample and recorded; with the same numbers a region equals the crop. */
#include <math.h>
#include <stdio.h>
#include "filter.h"
#include "mem.h"
#include "op.h"
#include "sample.h"

const struct vn_param vn_contrast_params[] = {
    { "volume", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_IMAGE | VN_PROB, .help = "image" },
    { "sigma", VN_P_LENGTH, 0, 0, 1e9, .def = "12vox", .help = "standard deviation of the surroundings' Gaussian" },
    { "floor", VN_P_REAL, 0, 0, 1e38, .help = "added to the local standard deviation; automatic by default: the background's noise" },
    { "level", VN_P_REAL, 0, .help = "grey value the moments are taken about (no effect but on rounding); automatic by default" },
    { "stats", VN_P_CHOICE, 0, .def = "whole", .choices = "whole|region", .help = "where automatic values are taken from" },
    { "as", VN_P_NAME, 0, .help = "name of the result" },
    { 0 },
};

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *p, struct vn_err *err)
{
    (void)region;
    return vn_field_plan(a, in[0], 3, p, err);
}

/* A voxel's weight, its height over the level and the square of that. */
static VN_HOT void moment_row(const float *in, float *restrict weight, float *restrict one, float *restrict two, int64_t n, float level)
{
    for (int64_t x = 0; x < n; x++) {
        const float d = in[x] - level;
        const bool ok = vn_finite(in[x]);
        weight[x] = ok ? 1.0f : 0.0f;
        one[x] = ok ? d : 0.0f;
        two[x] = ok ? d * d : 0.0f;
    }
}

/* one, two: means of the weighted moments; out holds the mean weight, then the result. */
static VN_HOT void normal_row(const float *in, const float *one, const float *two, float *out, int64_t n, float level, float floor_sd)
{
    for (int64_t x = 0; x < n; x++) {
        const float w = out[x], scale = w > 0.0f ? 1.0f / w : 0.0f, mean = one[x] * scale, square = two[x] * scale;
        float var = square - mean * mean;
        var = var > 4e-6f * square ? var : 0.0f;               /* what the roundings of square and mean can leave */
        const float sd = sqrtf(var) + floor_sd, d = (in[x] - level) - mean, v = d / sd;
        out[x] = vn_finite(in[x]) && w > 0.0f && sd > 0.0f ? v : 0.0f;
    }
}

struct moments { const struct vn_buf *in, *out; const struct vn_field *mean; float level, floor_sd; };

static void fill(const void *ctx, int64_t x, int64_t y, int64_t z, float *const *row, int64_t n)
{
    const struct moments *m = ctx;
    moment_row((const float *)m->in->data + vn_buf_at(m->in, x, y, z), row[0], row[1], row[2], n, m->level);
}

static int plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct moments *m = ctx;
    const struct vn_box *b = &m->out->box;
    const int64_t x = b->lo[0], z = b->lo[2] + i, n = vn_box_dim(b, 0);
    float *one = vn_alloc((uint64_t)(3 * (n + 2)) * sizeof *one, err), *two = one + n + 2, *spare = two + n + 2;

    if (!one)
        return VN_E_MEMORY;
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
        float *out = (float *)m->out->data + vn_buf_at(m->out, x, y, z);
        vn_field_row(m->mean, 0, x, y, z, out, spare, n);
        vn_field_row(m->mean, 1, x, y, z, one, spare, n);
        vn_field_row(m->mean, 2, x, y, z, two, spare, n);
        normal_row((const float *)m->in->data + vn_buf_at(m->in, x, y, z), one, two, out, n, m->level, m->floor_sd);
    }
    vn_free(one);
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
    struct moments m = { in, out, &mean, (float)vn_args_real(a, "level"), (float)vn_args_real(a, "floor") };
    if (!(rc = vn_field_init(&mean, &wide, &out->box, 3, 0, fill, &m, job, err)))
        rc = vn_job_for_quiet(job, vn_box_dim(&out->box, 2), plane, &m, err);
    vn_field_free(&mean);
    return rc;
}

static int prepare(struct vn_args *a, struct vn_vol *const *in, const struct vn_box *stat_box, struct vn_job *job, struct vn_err *err)
{
    struct vn_sample q;
    struct vn_backdrop b;
    int rc;

    if (vn_args_has(a, "level") && vn_args_has(a, "floor"))
        return 0;
    if ((rc = vn_sample_init(&q, stat_box, err)))
        return rc;
    vn_job_stage(job, "statistics");
    if (!(rc = vn_sample_read(&q, in[0], 1.0f, job, err)) && !(rc = vn_backdrop(q.v, q.n_v, &b, job, err))) {
        const double level = isnan(b.level) ? 0 : b.level;
        /* no noise: a twentieth of the height of what stands out */
        const double noise = b.spread > 0 ? b.spread : b.bright > level ? 0.05 * (b.bright - level) : 0;
        if (!(rc = vn_args_settle(a, "level", level, err)))
            rc = vn_args_settle(a, "floor", noise, err);
    }
    vn_sample_free(&q);
    return rc;
}

const struct vn_op vn_op_contrast = { "contrast", 1, VN_STENCIL, 1, vn_contrast_params, plan, prepare, cpu, NULL, 0, 0 };
