/* cmd_distance.c - "distance": Euclidean distance inside a mask, or to it. */
#include "cmd.h"

extern const struct vn_op vn_op_distance;
extern const struct vn_param vn_distance_params[];

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct vn_vol *mask;
    int rc = vn_call_vol(c, "mask", &mask, err);
    if (!rc)
        rc = vn_cmd_exec_op(c, err);
    if (rc)
        return rc;
    vn_res_text(c, "unit", vn_um_known(&mask->grid) ? "um" : "voxels");
    if (!vn_um_known(&mask->grid))
        vn_call_note(c, "the voxel size is not known: distances are in voxels, taken as cubes; set %s voxel=XxYxZum gives um",
                     vn_call_name(c, "mask"));
    return 0;
}

const struct vn_cmd vn_cmd_distance = {
    "distance", "Euclidean distance inside a mask, or to it", vn_distance_params, VN_CMD_MAKES, exec, &vn_op_distance,
};
