/* cmd_vesselness.c - "vesselness": how tube-like each voxel's surroundings are. */
#include "cmd.h"
#include "filter.h"

extern const struct vn_op vn_op_vesselness;

const struct vn_cmd vn_cmd_vesselness = {
    "vesselness", "tubeness from the Hessian over scales", vn_vesselness_params, VN_CMD_MAKES, vn_cmd_exec_op, &vn_op_vesselness,
};
