/* cmd_close.c - "close": forget a name. */
#include "cmd.h"

static const struct vn_param params[] = {
    { "name", VN_P_OBJECT, VN_POS | VN_REQ, .help = "object to forget; what was made from it stays" },
    { 0 },
};

static int exec(struct vn_call *c, struct vn_err *err)
{
    const int job = vn_runner_reading(c->r, 0, vn_call_name(c, "name"));
    if (job)
        return vn_fail(err, VN_E_ARG, "job %d reads '%s' until it ends", job, vn_call_name(c, "name"));
    return vn_session_unbind(c->s, vn_call_name(c, "name"), err);
}

const struct vn_cmd vn_cmd_close = { "close", "forget an object's name", params, VN_CMD_NOW | VN_CMD_TURN, exec, NULL };
