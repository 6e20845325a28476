/* cmd_truth.c - "truth": the mask that a segmentation is held against while it is tuned. */
#include "cmd.h"
#include <stdio.h>

static const struct vn_param params[] = {
    { "volume", VN_P_OBJECT, VN_POS, .kinds = VN_VOLUMES, .help = "mask that results are held against" },
    { "off", VN_P_FLAG, 0, .help = "none any more" },
    { 0 },
};

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct vn_view view = vn_session_view(c->s);
    const bool off = vn_args_flag(&c->args, "off");

    if (off && vn_args_has(&c->args, "volume"))
        return vn_fail(err, VN_E_USAGE, "give either a name or off");
    if (off || vn_args_has(&c->args, "volume")) {
        snprintf(view.truth, sizeof view.truth, "%s", off ? "" : vn_call_name(c, "volume"));
        vn_session_set_view(c->s, &view);
    }
    vn_res_text(c, "truth", view.truth[0] ? view.truth : "off");
    return 0;
}

const struct vn_cmd vn_cmd_truth = { "truth", "name the mask that tuning is held against", params, VN_CMD_NOW | VN_CMD_UI, exec, NULL };
