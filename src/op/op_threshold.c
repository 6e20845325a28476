/* op_threshold.c - mask of the voxels whose value is at least `low`.  NaN is background. */
#include <math.h>
#include "accel.h"
#include "autothresh.h"
#include "filter.h"
#include "hist.h"
#include "op.h"

const struct vn_param vn_threshold_params[] = {
    { "volume", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_VOLUMES, .help = "image or probability" },
    { "auto", VN_P_FLAG, 0, .help = "choose the values from the volume (the same as giving none)" },
    { "low", VN_P_REAL, 0, .help = "foreground from this value on" },
    { "high", VN_P_REAL, 0, .help = "hysteresis: only pieces that contain a voxel from this value on" },
    { "method", VN_P_CHOICE, 0, .choices = "otsu|li|triangle|yen|isodata|minimum|mean|moments|maxentropy|percentile|tubes|niblack|sauvola|phansalkar",
      .help = "automatic: tubes for images, with hysteresis; a probability without a method is cut at 0.5 with hysteresis 0.7" },
    { "percentile", VN_P_REAL, 0, .min = 0, .max = 100, .help = "method=percentile: 99 keeps the brightest 1 in 100" },
    { "window", VN_P_LENGTH, 0, .min = 0, .max = 1e9, .def = "31vox", .help = "niblack, sauvola, phansalkar: width of the surroundings" },
    { "k", VN_P_REAL, 0, .min = -100, .max = 100, .help = "of these: weight of the standard deviation (1, 0.2, 0.25)" },
    { "r", VN_P_REAL, 0, .min = 1e-300, .max = 1e300, .help = "sauvola: largest standard deviation (half of most - least)" },
    { "least", VN_P_REAL, 0, .help = "of these: values count from here on (the volume's least)" },
    { "most", VN_P_REAL, 0, .help = "of these: and up to here (the volume's greatest)" },
    { "step", VN_P_REAL, 0, .min = 1e-300, .max = 1e300, .help = "of these: in such steps (1 for whole numbers, else 1/65535 of the range)" },
    { "stats", VN_P_CHOICE, 0, .def = "whole", .choices = "whole|region", .help = "where automatic values are taken from" },
    { "as", VN_P_NAME, 0, .help = "name of the result" },
    { 0 },
};

static int prepare(struct vn_args *a, struct vn_vol *const *in, const struct vn_box *stat_box, struct vn_job *job, struct vn_err *err)
{
    return vn_threshold_resolve(a, in[0], stat_box, job, err);
}

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *p, struct vn_err *err)
{
    const enum vn_type t = in[0]->src->type;
    (void)a;
    (void)region;
    (void)err;

    *p = (struct vn_plan) { .in_type = { t == VN_U32 || t == VN_I32 || t == VN_F64 ? VN_F64 : VN_F32 }, .out_type = VN_U8,
                            .out_kind = VN_MASK, .mem_host = 9, .mem_dev = 9 };
    for (int k = 0; k < 3; k++)
        p->um[k] = in[0]->grid.um[k];
    return 0;
}

static VN_HOT void cut_f32(const float *v, float low, uint8_t *out, int64_t n)
{
    for (int64_t x = 0; x < n; x++)
        out[x] = v[x] >= low;
}

static VN_HOT void cut_f64(const double *v, double low, uint8_t *out, int64_t n)
{
    for (int64_t x = 0; x < n; x++)
        out[x] = v[x] >= low;
}

struct cut { const struct vn_buf *in, *out; double low; float low_f; };

static int plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct cut *c = ctx;
    const struct vn_box *b = &c->out->box;
    (void)err;

    for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
        const int64_t at = vn_buf_at(c->in, b->lo[0], y, b->lo[2] + i), n = vn_box_dim(b, 0);
        uint8_t *to = (uint8_t *)c->out->data + vn_buf_at(c->out, b->lo[0], y, b->lo[2] + i);
        if (c->in->type == VN_F32)
            cut_f32((const float *)c->in->data + at, c->low_f, to, n);
        else
            cut_f64((const double *)c->in->data + at, c->low, to, n);
    }
    return 0;
}

/* The least float that reaches low: the same voxels as in double. */
static float float_from(double low)
{
    const float f = (float)low;
    return (double)f < low ? nextafterf(f, INFINITY) : f;
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job,
               struct vn_err *err)
{
    const double low = vn_args_real(a, "low");
    struct cut c = { in, out, low, float_from(low) };
    (void)p;

    return vn_job_for(job, vn_box_dim(&out->box, 2), plane, &c, err);
}

static int dev(struct vn_dev *d, struct vn_stream *s, const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in,
               struct vn_buf *out, struct vn_job *job, struct vn_err *err)
{
    const bool wide = in->type == VN_F64;
    unsigned long long n = vn_box_count(&out->box);
    double low = vn_args_real(a, "low");
    float low_f = float_from(low);
    vn_dptr v = 0, mask = 0;
    int rc;
    (void)p;

    if ((rc = vn_dev_alloc(s, &v, n * vn_type_size(in->type))) || (rc = vn_dev_alloc(s, &mask, n)))
        rc = vn_accel_err(d, rc, err);
    else if (!(rc = vn_accel_upload(s, v, in, job, err)) &&
             !(rc = vn_accel_err(d, vn_accel_launch(s, wide ? "cut_f64" : "cut_f32", n,
                                                    (void *[]) { &v, wide ? (void *)&low : (void *)&low_f, &mask, &n, NULL }), err)))
        rc = vn_accel_download(s, out, mask, job, err);
    vn_dev_free(d, v);
    vn_dev_free(d, mask);
    return rc;
}

/* What is counted through before: nothing where the values are given, or the volume's counts known. */
void vn_threshold_cost(const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in, const struct vn_box *stat_box, struct vn_cost *c)
{
    const bool counts = !vn_args_has(a, "low") && (in->kind != VN_PROB || vn_args_has(a, "method") || vn_args_has(a, "percentile"));
    (void)p;
    *c = (struct vn_cost) { 0, counts && !(vn_box_same(stat_box, &in->box) && vn_vol_hist_known(in)) ? (double)vn_box_count(stat_box) : 0 };
}

const struct vn_op vn_op_threshold = { .name = "threshold", .version = 1, .shape = VN_POINT, .n_in = 1, .params = vn_threshold_params, .plan = plan,
                                       .prepare = prepare, .cpu = cpu, .dev = dev, .prepare_cost = vn_threshold_cost };
