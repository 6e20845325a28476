/* op_contrast.c - local contrast normalisation: (v - m) / (s + floor), m and s the local mean and standard deviation under
 * a wide Gaussian of `sigma` (by cells of the grid, filter.h).  Moments are taken of v - level, so that a large constant
 * costs no digits.  The border is mirrored; a voxel that is not finite has weight 0 in the moments, and gets 0.
 * level and floor are resolved by `prepare` from a sample and recorded; with the same numbers a region equals the crop. */
#include <math.h>
#include <stdio.h>
#include "filter.h"
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
    double sigma[3];
    struct vn_wide w;
    int rc = vn_sigma(a, "sigma", 0, in[0]->grid.um, sigma, err);
    (void)region;

    *p = (struct vn_plan) { .pad = VN_PAD_MIRROR, .in_type = { VN_F32 }, .out_type = VN_F32, .out_kind = VN_IMAGE, .mem_host = 44 };
    if (rc || (rc = vn_wide_init(&w, sigma, err)))
        return rc;
    for (int k = 0; k < 3; k++) {
        p->halo[k] = w.halo[k];
        p->um[k] = in[0]->grid.um[k];
    }
    return 0;
}

static inline bool finite_f(float v) { return v - v == 0.0f; }

/* Which moment of a voxel: 0 its weight, 1 and 2 powers of its height over the level. */
static VN_HOT void moment_row(const float *in, float *out, int64_t n, float level, int power)
{
    for (int64_t x = 0; x < n; x++) {
        const float d = in[x] - level, v = power == 0 ? 1.0f : power == 1 ? d : d * d;
        out[x] = finite_f(in[x]) ? v : 0.0f;
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
        out[x] = finite_f(in[x]) && w > 0.0f && sd > 0.0f ? v : 0.0f;
    }
}

struct rows { const struct vn_buf *in, *one, *two, *out; float level, floor_sd; int power; };

static float *row_at(const struct vn_buf *b, int64_t x, int64_t y, int64_t z) { return (float *)b->data + vn_buf_at(b, x, y, z); }

static int moment_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct rows *r = ctx;
    const struct vn_box *b = &r->out->box;
    const int64_t z = b->lo[2] + i;
    (void)err;

    for (int64_t y = b->lo[1]; y < b->hi[1]; y++)
        moment_row(row_at(r->in, b->lo[0], y, z), row_at(r->out, b->lo[0], y, z), vn_box_dim(b, 0), r->level, r->power);
    return 0;
}

static int normal_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct rows *r = ctx;
    const struct vn_box *b = &r->out->box;
    const int64_t x = b->lo[0], z = b->lo[2] + i;
    (void)err;

    for (int64_t y = b->lo[1]; y < b->hi[1]; y++)
        normal_row(row_at(r->in, x, y, z), row_at(r->one, x, y, z), row_at(r->two, x, y, z), row_at(r->out, x, y, z),
                   vn_box_dim(b, 0), r->level, r->floor_sd);
    return 0;
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job,
               struct vn_err *err)
{
    struct vn_buf moment = { 0 }, one = { 0 }, two = { 0 };
    const struct vn_buf *const mean[3] = { out, &one, &two };
    const float level = (float)vn_args_real(a, "level");
    struct vn_wide wide;
    double sigma[3];
    int rc = vn_sigma(a, "sigma", 0, p->um, sigma, err);

    if (rc || (rc = vn_wide_init(&wide, sigma, err)))
        return rc;
    if ((rc = vn_buf_new(&moment, VN_F32, &in->box, err)) || (rc = vn_buf_new(&one, VN_F32, &out->box, err)) ||
        (rc = vn_buf_new(&two, VN_F32, &out->box, err)))
        goto out;
    for (int power = 0; rc == 0 && power < 3; power++) {
        struct rows r = { .in = in, .out = &moment, .level = level, .power = power };
        if (!(rc = vn_job_for_quiet(job, vn_box_dim(&in->box, 2), moment_plane, &r, err)))
            rc = vn_wide_run(&moment, &wide, mean[power], job, err);
    }
    struct rows r = { .in = in, .one = &one, .two = &two, .out = out, .level = level, .floor_sd = (float)vn_args_real(a, "floor") };
    if (rc == 0)
        rc = vn_job_for_quiet(job, vn_box_dim(&out->box, 2), normal_plane, &r, err);
out:
    vn_buf_free(&moment);
    vn_buf_free(&one);
    vn_buf_free(&two);
    return rc;
}

static int set_real(struct vn_args *a, const char *name, double v, struct vn_err *err)
{
    char text[40];
    if (vn_args_has(a, name))
        return 0;
    snprintf(text, sizeof text, "%.9g", v);
    return vn_args_set(a, name, text, err);
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
    if (!(rc = vn_sample_read(&q, in[0], 1.0f, job, err))) {
        vn_backdrop(q.v, q.n_v, &b);
        const double level = isnan(b.level) ? 0 : b.level;
        /* no noise: a twentieth of the height of what stands out */
        const double noise = b.spread > 0 ? b.spread : b.bright > level ? 0.05 * (b.bright - level) : 0;
        if (!(rc = set_real(a, "level", level, err)))
            rc = set_real(a, "floor", noise, err);
    }
    vn_sample_free(&q);
    return rc;
}

const struct vn_op vn_op_contrast = { "contrast", 1, VN_STENCIL, 1, vn_contrast_params, plan, prepare, cpu, NULL, 0, 0 };
