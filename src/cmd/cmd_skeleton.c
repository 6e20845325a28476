/* cmd_skeleton.c - "skeleton": curves in the middle of the vessels. */
#include "cmd.h"

extern const struct vn_op vn_op_skeleton;
extern const struct vn_param vn_skeleton_params[];

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct vn_vol *mask;
    int rc = vn_call_vol(c, "mask", &mask, err);
    if (!rc && !vn_um_known(&mask->grid) && vn_args_int(&c->args, "method") == 0)
        vn_call_note(c, "the voxel size is not known: voxels are taken as cubes; set %s voxel=XxYxZum centres in um",
                     vn_call_name(c, "mask"));
    return rc ? rc : vn_cmd_exec_op(c, err);
}

const struct vn_cmd vn_cmd_skeleton = {
    "skeleton", "centrelines of a mask, topology kept", vn_skeleton_params, VN_CMD_MAKES, exec, &vn_op_skeleton,
};
