/* cmd_layout.c - "layout": one pane, two or four, and which one keys act on. */
#include "cmd.h"

static const struct vn_param params[] = {
    { "panes", VN_P_CHOICE, VN_POS, .choices = "1|2|4", .help = "one pane, the slice in focus beside the MIP, or all four" },
    { "volume", VN_P_INT, 0, .min = 1, .max = VN_MAX_SHOWN, .help = "of linked volumes (show A B ...): which one keys act on" },
    { "focus", VN_P_CHOICE, 0, .choices = "xy|xz|yz|mip", .help = "the pane shown alone, and the one that keys act on" },
    { 0 },
};

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct vn_view view = vn_session_view(c->s);
    static const int panes[3] = { 1, 2, 4 };
    const int n = panes[vn_args_int(&c->args, "panes")];
    const int volume = (int)vn_args_int(&c->args, "volume") - 1;
    if (vn_args_has(&c->args, "volume") && volume > view.n_linked)
        return vn_fail(err, VN_E_ARG, "volume=%d: %s", volume + 1, view.n_linked ? "so many are not shown" : "one volume is shown ('show A B' links more)");
    if (vn_args_has(&c->args, "panes") && view.n_linked)
        view.alone = n == 1;
    else if (vn_args_has(&c->args, "panes"))
        view.layout = n;
    if (vn_args_has(&c->args, "volume") && volume != view.front) {
        view.front_before = view.front;
        view.front = volume;
    }
    if (vn_args_has(&c->args, "focus"))
        view.focus = (enum vn_pane)vn_args_int(&c->args, "focus");
    vn_session_set_view(c->s, &view);
    return 0;
}

const struct vn_cmd vn_cmd_layout = { "layout", "show one pane, two or four", params, VN_CMD_NOW | VN_CMD_UI, exec, NULL };
