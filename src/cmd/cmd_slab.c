/* cmd_slab.c - "slab": how thick the slice panes are. */
#include "cmd.h"

static const struct vn_param params[] = {
    { "planes", VN_P_INT, VN_POS, .min = 1, .max = 100000, .unit = "voxels", .def = "1", .help = "1: a slice; more: their maximum, centred on the crosshair" },
    { 0 },
};

static int exec(struct vn_call *c, struct vn_err *err)
{
    (void)err;
    struct vn_view view = vn_session_view(c->s);
    view.slab = (int)vn_args_int(&c->args, "planes");
    vn_session_set_view(c->s, &view);
    return 0;
}

const struct vn_cmd vn_cmd_slab = { "slab", "thickness of the slice panes", params, VN_CMD_NOW | VN_CMD_UI, exec, NULL };
