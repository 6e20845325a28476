/* cmd_background.c - "background": take the slow background off an image. */
#include "cmd.h"
#include "filter.h"

extern const struct vn_op vn_op_background;

const struct vn_cmd vn_cmd_background = {
    "background", "take the slow background off an image", vn_background_params, VN_CMD_MAKES, vn_cmd_exec_op, &vn_op_background,
};
