/* cmd_crosshair.c - "crosshair": whether it is drawn. */
#include "cmd.h"

static const struct vn_param params[] = {
    { "state", VN_P_CHOICE, VN_POS, .choices = "off|on", .def = "on", .help = "drawn or not" },
    { 0 },
};

static int exec(struct vn_call *c, struct vn_err *err)
{
    (void)err;
    struct vn_view view = vn_session_view(c->s);
    view.crosshair = vn_args_int(&c->args, "state") == 1;
    vn_session_set_view(c->s, &view);
    return 0;
}

const struct vn_cmd vn_cmd_crosshair = { "crosshair", "draw the crosshair or not", params, VN_CMD_NOW | VN_CMD_UI, exec, NULL };
