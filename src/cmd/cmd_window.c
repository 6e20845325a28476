/* cmd_window.c - "window": which grey values are black and white in the panes. */
#include "picture.h"

static const struct vn_param params[] = {
    { "range", VN_P_REALS, VN_POS, .help = "LOW,HIGH: values shown black and white" },
    { "auto", VN_P_FLAG, 0, .help = "0.5 and 99.8 percentile of planes of the volume (of the projection for MIP)" },
    { 0 },
};

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct vn_view view = vn_session_view(c->s);
    if (vn_args_has(&c->args, "range") == vn_args_flag(&c->args, "auto"))
        return vn_fail(err, VN_E_USAGE, "give either LOW,HIGH or auto");
    double *w = view.window[view.front];
    int rc = vn_picture_window(c, "range", &w[0], &w[1], err);
    if (!rc)
        vn_session_set_view(c->s, &view);
    return rc;
}

const struct vn_cmd vn_cmd_window = { "window", "choose the grey values shown black and white", params, VN_CMD_NOW | VN_CMD_UI, exec, NULL };
