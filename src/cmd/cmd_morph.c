/* cmd_morph.c - "morph": a mask dilated, eroded, opened or closed with a ball. */
#include "cmd.h"
#include "hist.h"

extern const struct vn_op vn_op_morph;
extern const struct vn_param vn_morph_params[];

static int exec(struct vn_call *c, struct vn_err *err)
{
    const struct vn_hist *h;
    int rc = vn_cmd_exec_op(c, err);
    if (!rc)
        rc = vn_vol_hist(c->made[0].content, &h, c->job, err);
    if (!rc)
        vn_res_int(c, "voxels", (int64_t)h->bin[1]);
    return rc;
}

const struct vn_cmd vn_cmd_morph = {
    "morph", "dilate, erode, open or close a mask", vn_morph_params, VN_CMD_MAKES, exec, &vn_op_morph,
};
