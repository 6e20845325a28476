/* cmd_clean.c - "clean": small components, holes and gaps of a mask. */
#include "clean.h"
#include "cmd.h"
#include <stdlib.h>
#include <string.h>

extern const struct vn_op vn_op_clean;

static int exec(struct vn_call *c, struct vn_err *err)
{
    int rc = vn_cmd_exec_op(c, err);
    if (rc)
        return rc;
    vn_res_int(c, "min_size", vn_args_int(&c->args, "min_size"));
    if (strcmp(vn_args_text(&c->args, "fill"), "all") == 0)
        vn_res_text(c, "fill", "all");
    else
        vn_res_int(c, "fill", atoll(vn_args_text(&c->args, "fill")));
    vn_res_text(c, "close", vn_args_text(&c->args, "close"));
    vn_res_text(c, "open", vn_args_text(&c->args, "open"));
    return 0;
}

const struct vn_cmd vn_cmd_clean = {
    "clean", "remove small components, fill holes, bridge gaps", vn_clean_params, VN_CMD_MAKES, exec, &vn_op_clean,
};
