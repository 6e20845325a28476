/* cmd_tour.c - "tour": the whole job on a made-up volume, step by step, in the terminal. */
#include "cmd.h"
#include <stdio.h>

static const struct vn_param params[] = { { 0 } };

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct vn_view v = vn_session_view(c->s);
    (void)err;
    snprintf(v.panel, sizeof v.panel, "tour");
    vn_session_set_view(c->s, &v);
    return 0;
}

const struct vn_cmd vn_cmd_tour = { "tour", "learn the whole job in ten minutes, in the terminal", params, VN_CMD_NOW | VN_CMD_UI | VN_CMD_NO_JOURNAL, exec, NULL };
