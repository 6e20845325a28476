/* cmd_threshold.c - "threshold": a mask from an image or a probability, plain, with hysteresis, or automatic. */
#include "cmd.h"
#include "autothresh.h"
#include "filter.h"
#include "hist.h"

extern const struct vn_op vn_op_threshold, vn_op_hysteresis, vn_op_localcut;

/* Both values make hysteresis; of a probability without a method, and of method=tubes, they are what is automatic. */
static const struct vn_op *choose(const struct vn_args *a)
{
    const bool tubes = !vn_args_has(a, "method") ? !vn_args_has(a, "percentile") : vn_args_int(a, "method") == VN_AUTO_TUBES;
    if (vn_threshold_local(a))
        return &vn_op_localcut;
    return vn_args_has(a, "high") || (tubes && !vn_args_has(a, "low")) ? &vn_op_hysteresis : &vn_op_threshold;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    static const char *const own[] = { "window", "k", "r", "least", "most", "step" };
    struct vn_vol *in, *out;
    struct vn_box region;
    struct vn_ran ran = { 0 };
    const struct vn_hist *h;
    const bool local = vn_threshold_local(&c->args), chosen = !vn_args_has(&c->args, "low");
    int rc;

    if (!chosen && vn_args_flag(&c->args, "auto"))
        return vn_fail(err, VN_E_USAGE, "auto chooses the values: leave low= out, or auto");
    if ((rc = vn_call_vol(c, "volume", &in, err)) || (rc = vn_call_region(c, in, &region, err)))
        return rc;
    for (size_t i = 0; !local && i < VN_COUNT(own); i++)
        if (vn_args_given(&c->args, own[i]))
            return vn_fail(err, VN_E_USAGE, "%s= is for method=niblack, sauvola and phansalkar", own[i]);
    if (!local && (rc = vn_threshold_resolve(&c->args, in, vn_op_stat_box(&c->args, in, &region), c->job, err)))
        return rc;
    const bool both = vn_args_has(&c->args, "high");
    if ((rc = vn_op_run(choose(&c->args), &c->args, &in, &region, &out, &ran, c->job, err)))
        return rc;
    if ((rc = vn_vol_hist(out, &h, c->job, err))) {
        vn_vol_unref(out);
        return rc;
    }
    vn_args_unset(&c->args, "auto");           /* the journal keeps the values */
    const uint64_t found = h->bin[1];
    vn_res_volume(c, out);
    vn_res_text(c, "method", !chosen && !local ? "given" : vn_args_has(&c->args, "method") ? vn_args_text(&c->args, "method") : "probability");
    if (!local)
        vn_res_num(c, "low", vn_args_real(&c->args, "low"));
    for (size_t i = 1; local && i < VN_COUNT(own); i++)
        if (vn_args_has(&c->args, own[i]))
            vn_res_num(c, own[i], vn_args_real(&c->args, own[i]));
    if (both)
        vn_res_num(c, "high", vn_args_real(&c->args, "high"));
    vn_res_int(c, "voxels", (int64_t)found);
    vn_res_num(c, "fraction", (double)found / (double)vn_box_count(&region));
    vn_res_text(c, "device", ran.device);
    if (found == 0)
        vn_call_note(c, "no voxel reaches the threshold: the mask is empty");
    return vn_call_output(c, 0, "", VN_MASK, out, err);
}

const struct vn_cmd vn_cmd_threshold = { "threshold", "mask of what is bright enough", vn_threshold_params, VN_CMD_MAKES, exec, NULL, choose };
