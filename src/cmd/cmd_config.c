/* cmd_config.c - "config": settings of the configuration file. */
#include "cmd.h"
#include "config.h"
#include "file.h"
#include "mem.h"
#include <string.h>

static const struct vn_param params[] = {
    { "action", VN_P_CHOICE, VN_POS, .def = "show", .choices = "show|get|set|write", .help = "set changes it until the program ends" },
    { "name", VN_P_TEXT, VN_POS, .help = "setting" },
    { "value", VN_P_TEXT, VN_POS | VN_REST, .help = "its new value" },
    { "to", VN_P_PATH, VN_PREF, .help = "write here; by default the file that is read at the start" },
    { "force", VN_P_FLAG, VN_PREF, .help = "replace the file that is there" },
    { 0 },
};

static int write_file(struct vn_call *c, struct vn_err *err)
{
    char *usual = vn_config_path();
    const char *path = vn_args_has(&c->args, "to") ? vn_args_text(&c->args, "to") : usual;
    struct vn_str b = { 0 };
    if (!path)
        return vn_fail(err, VN_E_ARG, "neither XDG_CONFIG_HOME nor HOME is set: say where with to=");
    if (path == usual)
        vn_file_folders(usual);
    vn_config_print(&b);
    struct vn_file *f = b.s && !b.failed ? vn_file_begin(path, vn_args_flag(&c->args, "force"), err) : NULL;
    int rc = f ? 0 : b.failed ? vn_fail(err, VN_E_MEMORY, "no memory for the settings") : err->code;
    if (f) {
        fwrite(b.s, 1, b.n, vn_file_stream(f));
        rc = vn_file_commit(f, err);
    }
    if (!rc)
        vn_res_text(c, "path", path);
    vn_str_free(&b);
    vn_free(usual);
    return rc;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    enum { SHOW, GET, SET, WRITE };
    const long long action = vn_args_int(&c->args, "action");
    const char *name = vn_args_has(&c->args, "name") ? vn_args_text(&c->args, "name") : NULL;
    const char *value = vn_args_has(&c->args, "value") ? vn_args_text(&c->args, "value") : "";
    if (action == WRITE)
        return write_file(c, err);
    if (action == SHOW) {
        vn_config_print(&c->text);
        return 0;
    }
    if (!name)
        return vn_fail(err, VN_E_USAGE, "which setting? 'config show' lists them");
    if (action == SET) {
        const int rc = vn_config_set(name, value, err);
        if (rc)
            return rc;
    }
    if (!vn_config_get(name))
        return vn_fail(err, VN_E_ARG, "there is no setting '%s' ('config show' lists them)", name);
    vn_res_text(c, name, vn_config_get(name));
    return 0;
}

const struct vn_cmd vn_cmd_config = { "config", "keys, colours and other settings", params, VN_CMD_NOW | VN_CMD_NO_JOURNAL, exec, NULL };
