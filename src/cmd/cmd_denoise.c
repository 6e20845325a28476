/* cmd_denoise.c - "denoise": smooth an image or a probability. */
#include "cmd.h"

extern const struct vn_op vn_op_gauss;

static const struct vn_param params[] = {
    { "volume", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_IMAGE | VN_PROB, .help = "volume" },
    { "method", VN_P_CHOICE, 0, .def = "gaussian", .choices = "gaussian", .help = "filter" },
    { "sigma", VN_P_LENGTH, 0, 0, 1e9, .def = "1vox", .help = "standard deviation of the Gaussian" },
    { "as", VN_P_NAME, 0, .help = "name of the result" },
    { 0 },
};

const struct vn_cmd vn_cmd_denoise = { "denoise", "smooth an image or a probability", params, VN_CMD_MAKES, vn_cmd_exec_op, &vn_op_gauss };
