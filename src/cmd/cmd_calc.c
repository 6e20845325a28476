/* cmd_calc.c - "calc": arithmetic and logic of volumes. */
#include "cmd.h"

extern const struct vn_op vn_op_calc;
extern const struct vn_param vn_calc_params[];
const struct vn_cmd vn_cmd_calc = { "calc", "arithmetic and logic of volumes", vn_calc_params, VN_CMD_MAKES, vn_cmd_exec_op, &vn_op_calc };
