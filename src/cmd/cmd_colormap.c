/* cmd_colormap.c - "colormap": the colours that grey values of images are shown in. */
#include "picture.h"

static const struct vn_param params[] = {
    { "map", VN_P_CHOICE, VN_POS | VN_REQ, .choices = VN_COLORMAPS, .help = "colours from the window's black to its white" },
    { 0 },
};

static int exec(struct vn_call *c, struct vn_err *err)
{
    (void)err;
    struct vn_view view = vn_session_view(c->s);
    view.colormap = (enum vn_colormap)vn_args_int(&c->args, "map");
    vn_session_set_view(c->s, &view);
    return 0;
}

const struct vn_cmd vn_cmd_colormap = { "colormap", "choose the colours of grey values in the panes", params, VN_CMD_NOW | VN_CMD_UI, exec, NULL };
