/* cmd_zoom.c - "zoom": how large the volume is drawn in the panes. */
#include "cmd.h"

static const struct vn_param params[] = {
    { "factor", VN_P_REAL, VN_POS, .min = 1, .max = 1000, .def = "1", .help = "1: the whole volume fits" },
    { 0 },
};

static int exec(struct vn_call *c, struct vn_err *err)
{
    (void)err;
    struct vn_view view = vn_session_view(c->s);
    view.zoom = vn_args_real(&c->args, "factor");
    vn_session_set_view(c->s, &view);
    return 0;
}

const struct vn_cmd vn_cmd_zoom = { "zoom", "enlarge the view", params, VN_CMD_NOW | VN_CMD_UI, exec, NULL };
