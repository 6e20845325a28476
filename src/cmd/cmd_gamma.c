/* cmd_gamma.c - "gamma": a power law of the grey values. */
#include "cmd.h"

extern const struct vn_op vn_op_gamma;
extern const struct vn_param vn_gamma_params[];

static int exec(struct vn_call *c, struct vn_err *err)
{
    const bool given = vn_args_has(&c->args, "low") && vn_args_has(&c->args, "high");
    int rc = vn_cmd_exec_op(c, err);

    if (rc)
        return rc;
    vn_res_num(c, "gamma", vn_args_real(&c->args, "gamma"));
    vn_res_num(c, "low", vn_args_real(&c->args, "low"));
    vn_res_num(c, "high", vn_args_real(&c->args, "high"));
    vn_res_text(c, "stats", given ? "given" : vn_args_text(&c->args, "stats"));
    return 0;
}

const struct vn_cmd vn_cmd_gamma = { "gamma", "lift or press the dark grey values by a power law", vn_gamma_params, VN_CMD_MAKES, exec, &vn_op_gamma };
