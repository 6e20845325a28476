/* op_normalise.c - grey values to 0..1: (v - black) / (white - black), black and white given or exact percentiles, which
 * `prepare` resolves and records. */
#include <math.h>
#include "hist.h"
#include "op.h"
#include "rows.h"
#include "text.h"

extern const struct vn_param vn_normalise_params[];
const struct vn_param vn_normalise_params[] = {
    { "volume", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_IMAGE | VN_PROB, .help = "image" },
    { "low", VN_P_REAL, 0, 0, 100, .unit = "%", .def = "0.5", .help = "percentile that becomes 0" },
    { "high", VN_P_REAL, 0, 0, 100, .unit = "%", .def = "99.8", .help = "percentile that becomes 1" },
    { "black", VN_P_REAL, 0, .help = "grey value that becomes 0, instead of low=" },
    { "white", VN_P_REAL, 0, .help = "grey value that becomes 1, instead of high=" },
    { "type", VN_P_CHOICE, 0, .def = "f32", .choices = "f32|u8|u16", .help = "f32: 0..1; u8: 0..255; u16: 0..65535" },
    { "unclipped", VN_P_FLAG, 0, .help = "values beyond black and white go beyond 0 and 1 (f32)" },
    { "stats", VN_P_CHOICE, 0, .def = "whole", .choices = "whole|region", .help = "where the percentiles are taken from" },
    { "as", VN_P_NAME, 0, .help = "name of the result" },
    { 0 },
};

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *p, struct vn_err *err)
{
    (void)region;

    *p = (struct vn_plan) { .in_type = { VN_N_TYPE }, .out_type = vn_type_named(vn_args_text(a, "type"), VN_F32), .out_kind = VN_IMAGE };
    p->mem_host = (double)(vn_type_size(in[0]->src->type) + vn_type_size(p->out_type));
    for (int k = 0; k < 3; k++)
        p->um[k] = in[0]->grid.um[k];
    if (p->out_type != VN_F32 && vn_args_flag(a, "unclipped"))
        return vn_fail(err, VN_E_ARG, "unclipped goes with type=f32: %s has no values beyond its range", vn_args_text(a, "type"));
    return 0;
}

struct scale { double black, white, top; bool clip; };

static VN_HOT void scale_row(const double *v, double *out, int64_t n, const struct scale *s)
{
    const double black = s->black, width = s->white - black, top = s->top;
    const double lo = s->clip ? 0 : -INFINITY, hi = s->clip ? 1 : INFINITY;

    for (int64_t i = 0; i < n; i++) {
        double t = (v[i] - black) / width;
        t = t < lo ? lo : t > hi ? hi : t;
        out[i] = t * top;
    }
}

/* Between equal values there is nothing but a step. */
static void step_row(const double *v, double *out, int64_t n, const struct scale *s)
{
    for (int64_t i = 0; i < n; i++)
        out[i] = v[i] != v[i] ? v[i] : v[i] > s->black ? s->top : 0;
}

static void row(const void *ctx, const struct vn_row *r)
{
    const struct scale *s = ctx;
    (s->white > s->black ? scale_row : step_row)(r->in[0], r->out, r->n, s);
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job,
               struct vn_err *err)
{
    const struct scale s = { vn_args_real(a, "black"), vn_args_real(a, "white"), p->out_type == VN_U8 ? 255 : p->out_type == VN_U16 ? 65535 : 1,
                             !vn_args_flag(a, "unclipped") };

    return vn_rows(in, 1, out, row, &s, true, job, err);
}

static int set_real(struct vn_args *a, const char *name, double v, struct vn_err *err)
{
    char text[32];
    return vn_args_set(a, name, vn_text_real(v, text), err);
}

static int prepare(struct vn_args *a, struct vn_vol *const *in, const struct vn_box *stat_box, struct vn_job *job, struct vn_err *err)
{
    const bool black = vn_args_has(a, "black"), white = vn_args_has(a, "white");
    const double q[2] = { vn_args_real(a, "low") / 100, vn_args_real(a, "high") / 100 };
    double v[2];
    int rc = 0;

    if (!black && !white && q[0] >= q[1])
        return vn_fail(err, VN_E_ARG, "low=%g%% has to lie below high=%g%%", q[0] * 100, q[1] * 100);
    if (!black || !white) {
        if ((rc = vn_quantiles(in[0], stat_box, q, 2, v, job, err)))
            return rc;
        if (v[0] != v[0])
            return vn_fail(err, VN_E_ARG, "no voxel is finite: there are no percentiles (black= and white= give the range)");
        if ((!black && (rc = set_real(a, "black", v[0], err))) || (!white && (rc = set_real(a, "white", v[1], err))))
            return rc;
    }
    if ((black || white) && vn_args_real(a, "black") > vn_args_real(a, "white"))            /* one value is what a flat volume gives */
        return vn_fail(err, VN_E_ARG, "black=%g lies above white=%g", vn_args_real(a, "black"), vn_args_real(a, "white"));
    return 0;
}

const struct vn_op vn_op_normalise = {
    .name = "normalise", .version = 1, .shape = VN_POINT, .n_in = 1, .params = vn_normalise_params, .plan = plan, .prepare = prepare, .cpu = cpu,
};
