/* cmd_undo.c - "undo": names and region as they were before the last commands. */
#include "call.h"

static const struct vn_param params[] = {
    { "n", VN_P_INT, VN_POS, .min = 1, .max = VN_MAX_STEPS, .def = "1", .help = "how many commands to take back" },
    { 0 },
};

int vn_cmd_exec_steps(struct vn_call *c, int way, struct vn_err *err)
{
    const char *what = way < 0 ? "undo" : "redo", *line, *files, *name;
    const int n = (int)vn_args_int(&c->args, "n"), have = vn_session_n_steps(c->s, way);
    const bool json = vn_runner_opt(c->r)->json;
    cJSON *done = json ? cJSON_AddArrayToObject(c->result, way < 0 ? "undone" : "redone") : NULL;
    int rc = 0;

    if (!have)
        return vn_fail(err, VN_E_ARG, "there is nothing to %s", what);
    if (n > have)
        return vn_fail(err, VN_E_ARG, "n=%d: there %s %d to %s", n, have == 1 ? "is" : "are", have, what);
    for (int i = 0; i < n; i++) {
        if ((rc = vn_session_step(c->s, way, &line, &files, err)))
            return rc;
        const int job = vn_runner_torn(c->r, &name);
        if (job) {
            for (; i >= 0; i--)                                   /* there was memory for these a moment ago */
                vn_session_step(c->s, -way, &line, &files, NULL);
            return vn_fail(err, VN_E_ARG, "job %d reads '%s' until it ends ('jobs' lists, pauses, cancels)", job, name);
        }
        cJSON *text = json ? cJSON_CreateString(line) : NULL;
        if (json && (!text || !cJSON_AddItemToArray(done, text))) {
            cJSON_Delete(text);
            c->no_memory = true;
        }
        if (!json)
            vn_str_addf(&c->text, "%s  %s\n", way < 0 ? "undone" : "redone", line);
        if (files && way < 0)
            vn_call_note(c, "files are not undone: %s", files);
    }
    return c->text.failed ? vn_fail(err, VN_E_MEMORY, "no memory to say what was done") : 0;
}

static int exec(struct vn_call *c, struct vn_err *err) { return vn_cmd_exec_steps(c, -1, err); }

const struct vn_cmd vn_cmd_undo = { "undo", "take back the last command that changed names or region", params, VN_CMD_NOW | VN_CMD_TURN, exec, NULL };
