/* cmd_axis.c - "axis": the direction the projection pane looks along. */
#include "cmd.h"

static const struct vn_param params[] = {
    { "along", VN_P_CHOICE, VN_POS | VN_REQ, .choices = "x|y|z", .help = "direction of the projection" },
    { 0 },
};

static int exec(struct vn_call *c, struct vn_err *err)
{
    (void)err;
    struct vn_view view = vn_session_view(c->s);
    view.axis = (int)vn_args_int(&c->args, "along");
    vn_session_set_view(c->s, &view);
    return 0;
}

const struct vn_cmd vn_cmd_axis = { "axis", "direction of the projection pane", params, VN_CMD_NOW | VN_CMD_UI, exec, NULL };
