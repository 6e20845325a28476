/* cmd_threshold.c - "threshold": a mask from an image or a probability, plain, with hysteresis, or automatic. */
#include "cmd.h"
#include <string.h>
#include "autothresh.h"
#include "filter.h"
#include "hist.h"

extern const struct vn_op vn_op_threshold, vn_op_hysteresis;

/* Both values make hysteresis; of a probability without a method, and of method=tubes, they are what is automatic. */
static const struct vn_op *choose(const struct vn_args *a)
{
    const bool tubes = !vn_args_has(a, "method") ? !vn_args_has(a, "percentile") : vn_args_int(a, "method") == VN_AUTO_TUBES;
    return vn_args_has(a, "high") || (tubes && !vn_args_has(a, "low")) ? &vn_op_hysteresis : &vn_op_threshold;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct vn_vol *in, *out;
    struct vn_box region;
    struct vn_ran ran = { 0 };
    const struct vn_hist *h;
    const bool chosen = !vn_args_has(&c->args, "low");
    int rc;

    if (!chosen && vn_args_flag(&c->args, "auto"))
        return vn_fail(err, VN_E_USAGE, "auto chooses the values: leave low= out, or auto");
    if ((rc = vn_call_vol(c, "volume", &in, err)) || (rc = vn_call_region(c, in, &region, err)))
        return rc;
    const bool local = strcmp(vn_args_text(&c->args, "stats"), "region") == 0;
    if ((rc = vn_threshold_resolve(&c->args, in, local ? &region : &in->box, c->job, err)))
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
    vn_res_text(c, "method", !chosen ? "given" : vn_args_has(&c->args, "method") ? vn_args_text(&c->args, "method") : "probability");
    vn_res_num(c, "low", vn_args_real(&c->args, "low"));
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
