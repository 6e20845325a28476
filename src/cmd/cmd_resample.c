/* cmd_resample.c - "resample": a volume on a grid of other voxels. */
#include "cmd.h"

extern const struct vn_op vn_op_resample;
extern const struct vn_param vn_resample_params[];

static int exec(struct vn_call *c, struct vn_err *err)
{
    int rc = vn_cmd_exec_op(c, err);

    if (rc == 0)
        vn_res_text(c, "method", vn_args_text(&c->args, "method"));
    return rc;
}

const struct vn_cmd vn_cmd_resample = { "resample", "a volume on a grid of other voxels", vn_resample_params, VN_CMD_MAKES, exec, &vn_op_resample };
