/* cmd_source.c - "source": run the commands of a file. */
#include "cmd.h"
#include "file.h"
#include "mem.h"

static const struct vn_param params[] = {
    { "path", VN_P_PATH, VN_POS | VN_REQ | VN_FILE, .help = "file of commands, one or more a line" },
    { 0 },
};

static int exec(struct vn_call *c, struct vn_err *err)
{
    size_t n;
    char *text = vn_file_read(vn_args_text(&c->args, "path"), 16 << 20, &n, err);
    if (!text)
        return err->code;
    int rc = vn_runner_push(c->r, text, vn_args_text(&c->args, "path"), err);
    vn_free(text);
    return rc;
}

const struct vn_cmd vn_cmd_source = { "source", "run the commands of a file", params, VN_CMD_NOW | VN_CMD_NO_JOURNAL | VN_CMD_TURN, exec, NULL };
