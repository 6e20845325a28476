/* cmd_history.c - "history": the commands that made this session's objects and files. */
#include "cmd.h"
#include "file.h"

static const struct vn_param params[] = {
    { "to", VN_P_PATH, VN_PREF, .help = "write the list to this file, to be replayed with venule -f FILE" },
    { "force", VN_P_FLAG, VN_PREF, .help = "replace an existing file" },
    { 0 },
};

static int exec(struct vn_call *c, struct vn_err *err)
{
    const char *path = vn_args_text(&c->args, "to");

    for (int i = 0; i < vn_runner_n_journal(c->r); i++)
        vn_str_addf(&c->text, "%s\n", vn_runner_journal(c->r, i));
    if (c->text.failed)
        return vn_fail(err, VN_E_MEMORY, "no memory for the list");
    if (!path)
        return 0;
    struct vn_file *f = vn_file_begin(path, vn_args_flag(&c->args, "force"), err);
    if (!f)
        return err->code;
    fprintf(vn_file_stream(f), "# venule %s journal: replay with  venule -f FILE\n%s", VN_VERSION, c->text.n ? c->text.s : "");
    vn_str_free(&c->text);
    int rc = vn_file_commit(f, err);
    if (!rc)
        vn_res_int(c, "commands", vn_runner_n_journal(c->r));
    return rc;
}

const struct vn_cmd vn_cmd_history = { "history", "show the commands that succeeded so far", params, VN_CMD_NOW | VN_CMD_NO_JOURNAL, exec, NULL };
