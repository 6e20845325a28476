/* cmd_bell.c - "bell": whether a long command ends with the terminal's bell. */
#include "cmd.h"

static const struct vn_param params[] = {
    { "state", VN_P_CHOICE, VN_POS, .choices = "off|on", .help = "without it, what it is" },
    { 0 },
};

static int exec(struct vn_call *c, struct vn_err *err)
{
    (void)err;
    if (vn_args_has(&c->args, "state"))
        vn_runner_bell(c->r, vn_args_int(&c->args, "state") == 1);
    vn_res_text(c, "bell", vn_runner_has_bell(c->r) ? "on" : "off");
    return 0;
}

const struct vn_cmd vn_cmd_bell = { "bell", "ring when a long command ends", params, VN_CMD_NOW | VN_CMD_NO_JOURNAL, exec, NULL };
