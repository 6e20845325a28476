/* op_localcut.c - thresholds from each voxel's surroundings: Niblack 1986, Sauvola, Pietikainen 2000, Phansalkar et al. 2011.
 *
 * Mean and standard deviation of a box window (mirrored at the volume's border) are window.h's: whole numbers as they are where
 * they span less than 65536, others in 65536 steps from `least` to `most`. */
#include <math.h>
#include <stdio.h>
#include "autothresh.h"
#include "filter.h"
#include "hist.h"
#include "op.h"
#include "vox.h"
#include "window.h"

static int settle(struct vn_args *a, const char *name, double v, struct vn_err *err)
{
    char text[40];
    snprintf(text, sizeof text, "%.17g", v);
    return vn_args_has(a, name) ? 0 : vn_args_set(a, name, text, err);
}

static int prepare(struct vn_args *a, struct vn_vol *const *in, const struct vn_box *stat_box, struct vn_job *job, struct vn_err *err)
{
    static const double ends[2] = { 0, 1 };
    double q[2] = { 0, 0 };
    if (!vn_threshold_local(a))
        return vn_fail(err, VN_E_USAGE, "a local threshold needs method=niblack, sauvola or phansalkar");
    const int m = (int)vn_args_int(a, "method");
    if (vn_args_has(a, "high") || vn_args_has(a, "percentile"))
        return vn_fail(err, VN_E_USAGE, "%s= does not go with method=%s", vn_args_has(a, "high") ? "high" : "percentile", vn_args_text(a, "method"));
    int rc = vn_args_has(a, "least") && vn_args_has(a, "most") ? 0 : vn_quantiles(in[0], stat_box, ends, 2, q, job, err);
    if (!rc && !isfinite(q[0]))
        rc = vn_fail(err, VN_E_ARG, "there are no finite voxels for an automatic threshold");
    if (!rc && !(rc = settle(a, "least", q[0], err)) && !(rc = settle(a, "most", q[1], err)))
        rc = settle(a, "k", m == VN_AUTO_NIBLACK ? 1 : m == VN_AUTO_SAUVOLA ? 0.2 : 0.25, err);
    const double span = rc ? 0 : vn_args_real(a, "most") - vn_args_real(a, "least");
    if (!rc && (span < 0 || !isfinite(span)))
        rc = vn_fail(err, VN_E_ARG, "values from least=%g to most=%g are no range", vn_args_real(a, "least"), vn_args_real(a, "most"));
    const bool whole = vn_type_is_int(in[0]->src->type) && span < 65536;
    if (!rc)
        rc = settle(a, "step", whole || span == 0 ? 1 : span / 65535, err);
    if (!rc && m == VN_AUTO_SAUVOLA)
        rc = settle(a, "r", span > 0 ? span / 2 : 1, err);
    return rc;
}

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *p, struct vn_err *err)
{
    const enum vn_type t = in[0]->src->type;
    const bool wide_type = t == VN_U32 || t == VN_I32 || t == VN_F64;
    (void)region;
    *p = (struct vn_plan) { .pad = VN_PAD_MIRROR, .in_type = { wide_type ? VN_F64 : VN_F32 }, .out_type = VN_U8, .out_kind = VN_MASK,
                            .mem_host = (wide_type ? 9 : 5) + 24 };
    for (int k = 0; k < 3; k++)
        p->um[k] = in[0]->grid.um[k];
    return vn_window_halo(a, in[0]->grid.um, p->halo, err);
}

struct cut { int method; double k, r_sd, low, least, span; };

static double threshold(const struct cut *c, double m, double sd)
{
    if (c->method == VN_AUTO_NIBLACK)
        return m + c->k * sd;
    if (c->method == VN_AUTO_SAUVOLA)
        return m * (1 + c->k * (sd / c->r_sd - 1));
    const double m1 = c->span > 0 ? (m - c->least) / c->span : 0, s1 = c->span > 0 ? sd / c->span : 0;      /* of values from 0 to 1 */
    return c->least + c->span * (m1 * (1 + 2 * vn_exp(-10 * m1) + c->k * (s1 / 0.5 - 1)));
}

static void cut_row(const void *ctx, const double *v, const double *mean, const double *sd, void *out, int64_t n)
{
    const struct cut *c = ctx;
    uint8_t *to = out;
    for (int64_t x = 0; x < n; x++)
        to[x] = v[x] >= c->low && mean[x] == mean[x] && v[x] >= threshold(c, mean[x], sd[x]);
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job,
               struct vn_err *err)
{
    const double least = vn_args_real(a, "least"), span = vn_args_real(a, "most") - least;
    const struct cut c = {
        .method = (int)vn_args_int(a, "method"), .k = vn_args_real(a, "k"), .r_sd = vn_args_has(a, "r") ? vn_args_real(a, "r") : 1,
        .low = vn_args_has(a, "low") ? vn_args_real(a, "low") : -INFINITY, .least = least, .span = span,
    };
    const struct vn_window w = { { p->halo[0], p->halo[1], p->halo[2] }, least, vn_args_real(a, "step") };
    return vn_window_run(in, &w, cut_row, &c, out, job, err);
}

const struct vn_op vn_op_localcut = { .name = "localcut", .version = 1, .shape = VN_STENCIL, .n_in = 1, .params = vn_threshold_params, .plan = plan,
                                      .prepare = prepare, .cpu = cpu };
