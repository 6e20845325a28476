/* cmd_normalise.c - "normalise": grey values to 0..1 between two percentiles. */
#include "cmd.h"

extern const struct vn_op vn_op_normalise;
extern const struct vn_param vn_normalise_params[];

static int exec(struct vn_call *c, struct vn_err *err)
{
    const bool given = vn_args_has(&c->args, "black") && vn_args_has(&c->args, "white");
    int rc = vn_cmd_exec_op(c, err);

    if (rc)
        return rc;
    const double black = vn_args_real(&c->args, "black"), white = vn_args_real(&c->args, "white");
    vn_res_num(c, "black", black);
    vn_res_num(c, "white", white);
    vn_res_text(c, "stats", given ? "given" : vn_args_text(&c->args, "stats"));
    if (black == white)
        vn_call_note(c, "black and white are one value, %.9g: voxels above it become 1, the others 0", black);
    return 0;
}

const struct vn_cmd vn_cmd_normalise = { "normalise", "grey values to 0..1 between two percentiles", vn_normalise_params, VN_CMD_MAKES, exec, &vn_op_normalise };
