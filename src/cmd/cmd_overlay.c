/* cmd_overlay.c - "overlay": the mask, labels or skeleton drawn over the panes. */
#include "cmd.h"
#include <stdio.h>

static const struct vn_param params[] = {
    { "volume", VN_P_OBJECT, VN_POS, .kinds = VN_VOLUMES, .help = "what to draw on top" },
    { "off", VN_P_FLAG, 0, .help = "hide the overlay" },
    { "on", VN_P_FLAG, 0, .help = "show it again" },
    { "opacity", VN_P_REAL, 0, .min = 0, .max = 1, .help = "0 invisible, 1 solid" },
    { 0 },
};

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct vn_view view = vn_session_view(c->s);
    if (vn_args_has(&c->args, "volume")) {
        snprintf(view.overlay, sizeof view.overlay, "%s", vn_call_name(c, "volume"));
        view.overlay_on = true;
        view.low = -1;
    }
    if (vn_args_flag(&c->args, "on") && vn_args_flag(&c->args, "off"))
        return vn_fail(err, VN_E_USAGE, "give either on or off");
    if (vn_args_flag(&c->args, "off") || vn_args_flag(&c->args, "on"))
        view.overlay_on = vn_args_flag(&c->args, "on");
    if (vn_args_has(&c->args, "opacity"))
        view.opacity = vn_args_real(&c->args, "opacity");
    vn_session_set_view(c->s, &view);
    return 0;
}

const struct vn_cmd vn_cmd_overlay = { "overlay", "draw a mask, labels or a skeleton over the view", params, VN_CMD_NOW | VN_CMD_UI, exec, NULL };
