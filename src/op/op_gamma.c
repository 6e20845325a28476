/* op_gamma.c - power law between two grey values: low + (high - low) ((v - low) / (high - low))^gamma.  low and high are
 * resolved by `prepare` from the extremes and recorded. */
#include "hist.h"
#include "op.h"
#include "rows.h"
#include "text.h"
#include "vox.h"

extern const struct vn_param vn_gamma_params[];
const struct vn_param vn_gamma_params[] = {
    { "volume", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_IMAGE | VN_PROB, .help = "image" },
    { "gamma", VN_P_REAL, 0, 0.01, 100, .def = "0.5", .help = "exponent; below 1 lifts what is dark" },
    { "low", VN_P_REAL, 0, .help = "grey value that stays, and the least of the result; by default the volume's minimum" },
    { "high", VN_P_REAL, 0, .help = "grey value that stays, and the largest of the result; by default the volume's maximum" },
    { "type", VN_P_CHOICE, 0, .choices = "u8|u16|u32|i8|i16|i32|f32|f64", .help = "of the result; by default the volume's" },
    { "stats", VN_P_CHOICE, 0, .def = "whole", .choices = "whole|region", .help = "where the extremes are taken from" },
    { "as", VN_P_NAME, 0, .help = "name of the result" },
    { 0 },
};

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *p, struct vn_err *err)
{
    const enum vn_type t = in[0]->src->type;
    (void)region;
    (void)err;

    *p = (struct vn_plan) { .in_type = { VN_N_TYPE }, .out_type = vn_type_named(vn_args_text(a, "type"), t), .out_kind = in[0]->kind };
    if (vn_type_is_int(p->out_type))
        p->out_kind = VN_IMAGE;
    p->mem_host = (double)(vn_type_size(t) + vn_type_size(p->out_type));
    for (int k = 0; k < 3; k++)
        p->um[k] = in[0]->grid.um[k];
    return 0;
}

struct curve { double low, high, gamma; };

/* NaN stays NaN.  A range without width: low. */
static VN_HOT void curve_row(const double *v, double *out, int64_t n, const struct curve *c)
{
    const double low = c->low, width = c->high - low, by = width > 0 ? width : 1, g = c->gamma;

    for (int64_t i = 0; i < n; i++) {
        double t = (v[i] - low) / by;
        t = t < 0 ? 0 : t > 1 ? 1 : t;
        out[i] = low + width * vn_pow01(t, g);
    }
}

static void row(const void *ctx, const struct vn_row *r) { curve_row(r->in[0], r->out, r->n, ctx); }

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job,
               struct vn_err *err)
{
    const struct curve c = { vn_args_real(a, "low"), vn_args_real(a, "high"), vn_args_real(a, "gamma") };
    (void)p;

    return vn_rows(in, 1, out, row, &c, true, job, err);
}

static int prepare(struct vn_args *a, struct vn_vol *const *in, const struct vn_box *stat_box, struct vn_job *job, struct vn_err *err)
{
    static const double ends[2] = { 0, 1 };
    static const char *const name[2] = { "low", "high" };
    const bool given = vn_args_has(a, "low") || vn_args_has(a, "high");
    double v[2];
    char text[32];
    int rc = 0;

    if (!vn_args_has(a, "low") || !vn_args_has(a, "high")) {
        if ((rc = vn_quantiles(in[0], stat_box, ends, 2, v, job, err)))
            return rc;
        if (v[0] != v[0])
            return vn_fail(err, VN_E_ARG, "no voxel is finite: there are no extremes (low= and high= give the range)");
        for (int i = 0; i < 2; i++)
            if (!vn_args_has(a, name[i]) && (rc = vn_args_set(a, name[i], vn_text_real(v[i], text), err)))
                return rc;
    }
    if (given && vn_args_real(a, "low") > vn_args_real(a, "high"))            /* one value is what a flat volume gives */
        return vn_fail(err, VN_E_ARG, "low=%g lies above high=%g", vn_args_real(a, "low"), vn_args_real(a, "high"));
    return 0;
}

const struct vn_op vn_op_gamma = {
    .name = "gamma", .version = 1, .shape = VN_POINT, .n_in = 1, .params = vn_gamma_params, .plan = plan, .prepare = prepare, .cpu = cpu,
};
