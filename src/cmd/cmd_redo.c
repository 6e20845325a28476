/* cmd_redo.c - "redo": what undo took back. */
#include "call.h"

static const struct vn_param params[] = {
    { "n", VN_P_INT, VN_POS, .min = 1, .max = VN_MAX_STEPS, .def = "1", .help = "how many undone commands to bring back" },
    { 0 },
};

static int exec(struct vn_call *c, struct vn_err *err) { return vn_cmd_exec_steps(c, 1, err); }

const struct vn_cmd vn_cmd_redo = { "redo", "bring back what undo took back", params, VN_CMD_NOW | VN_CMD_TURN, exec, NULL };
