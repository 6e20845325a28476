/* cmd_picture.c - "picture": characters or pixels, and their colours. */
#include "caps.h"
#include "cmd.h"

static const struct vn_param params[] = {
    { "mode", VN_P_CHOICE, VN_POS, .choices = "auto|quad|half|sextant|braille|ascii|kitty|sixel", .help = "what the pictures are made of" },
    { "colors", VN_P_CHOICE, 0, .choices = "auto|256|true|none", .help = "of characters; auto: 256, 24 bits under an overlay" },
    { 0 },
};

static int exec(struct vn_call *c, struct vn_err *err)
{
    (void)err;
    struct vn_view view = vn_session_view(c->s);
    const struct vn_caps caps = vn_caps_get();
    if (vn_args_has(&c->args, "mode"))
        view.picture = (enum vn_picture)vn_args_int(&c->args, "mode");
    if (vn_args_has(&c->args, "colors"))
        view.colors = (enum vn_pic_colors)vn_args_int(&c->args, "colors");
    vn_session_set_view(c->s, &view);
    if (caps.answered && !vn_caps_has(&caps, view.picture))
        vn_call_note(c, "this terminal does not say that it has %s: quadrants or ASCII are shown (doctor tells more)", vn_picture_name[view.picture]);
    return 0;
}

const struct vn_cmd vn_cmd_picture = { "picture", "pictures as characters or pixels", params, VN_CMD_NOW | VN_CMD_UI, exec, NULL };
