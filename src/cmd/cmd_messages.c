/* cmd_messages.c - "messages": all that was printed, to scroll through. */
#include "cmd.h"

static const struct vn_param params[] = { { 0 } };

static int exec(struct vn_call *c, struct vn_err *err)
{
    const struct vn_runner_hooks *h = vn_runner_hooks(c->r);
    (void)err;
    if (h->messages)
        h->messages(h->ctx);
    else
        vn_call_note(c, "without the interface every message is on the terminal already");
    return 0;
}

const struct vn_cmd vn_cmd_messages = { "messages", "show all messages so far", params, VN_CMD_NOW | VN_CMD_NO_JOURNAL, exec, NULL };
