/* cmd_quit.c - "quit": leave. */
#include "cmd.h"

static const struct vn_param params[] = { { 0 } };

static int exec(struct vn_call *c, struct vn_err *err)
{
    (void)err;
    vn_runner_stop(c->r);
    return 0;
}

const struct vn_cmd vn_cmd_quit = { "quit", "leave", params, VN_CMD_NOW | VN_CMD_NO_JOURNAL, exec, NULL };
