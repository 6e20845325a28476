/* cmd_contrast.c - "contrast": an image in units of its local standard deviation. */
#include "cmd.h"
#include "filter.h"

extern const struct vn_op vn_op_contrast;

static int exec(struct vn_call *c, struct vn_err *err)
{
    int rc = vn_cmd_exec_op(c, err);

    if (rc)
        return rc;
    vn_res_num(c, "level", vn_args_real(&c->args, "level"));
    vn_res_num(c, "floor", vn_args_real(&c->args, "floor"));
    vn_res_text(c, "stats", vn_args_text(&c->args, "stats"));
    return 0;
}

const struct vn_cmd vn_cmd_contrast = { "contrast", "even out local contrast", vn_contrast_params, VN_CMD_MAKES, exec, &vn_op_contrast };
