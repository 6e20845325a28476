/* cmd_record.c - "record": write the commands that follow to a file. */
#include "cmd.h"
#include <string.h>

static const struct vn_param params[] = {
    { "path", VN_P_PATH, VN_POS | VN_REQ, .help = "file to write (venule -f FILE replays it); off ends it" },
    { "force", VN_P_FLAG, VN_PREF, .help = "replace an existing file" },
    { 0 },
};

static int exec(struct vn_call *c, struct vn_err *err)
{
    const char *path = vn_args_text(&c->args, "path");
    return vn_runner_record(c->r, strcmp(path, "off") ? path : NULL, vn_args_flag(&c->args, "force"), err);
}

const struct vn_cmd vn_cmd_record = { "record", "write the commands that follow to a file", params, VN_CMD_NOW | VN_CMD_NO_JOURNAL, exec, NULL };
