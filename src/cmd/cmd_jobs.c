/* cmd_jobs.c - "jobs": the commands that are running, and what is to become of them. */
#include "cmd.h"
#include <math.h>
#include <stdio.h>

static const struct vn_param params[] = {
    { "action", VN_P_CHOICE, VN_POS, .choices = "list|pause|resume|cancel|background|wait", .def = "list", .help = "what to do" },
    { "n", VN_P_INT, VN_POS, .min = 1, .max = 99, .help = "number of the job; may be left out when there is one" },
    { 0 },
};

static const char *state_of(const struct vn_job_info *j)
{
    return j->cancelled ? "cancelling" : j->p.waits ? "waits" : j->p.paused && j->p.away ? "paused" : j->p.paused ? "pausing" : j->p.away ? "lets others in" : "runs";
}

static void seconds(double s, char out[16])
{
    if (s < 0)
        snprintf(out, 16, "-");
    else if (s < 90)
        snprintf(out, 16, "%.0f s", ceil(s));
    else
        snprintf(out, 16, "%.0f min", fmin(s / 60, 1e6));
}

static int list(struct vn_call *c, struct vn_err *err)
{
    const bool json = vn_runner_opt(c->r)->json;
    struct vn_job_info job[VN_MAX_JOBS];
    const int n = vn_runner_jobs(c->r, job);
    cJSON *rows = json ? cJSON_AddArrayToObject(c->result, "jobs") : NULL;

    for (int i = 0; i < n; i++) {
        const struct vn_job_info *j = &job[i];
        const double done = j->p.total ? (double)j->p.done / (double)j->p.total : 0;
        char percent[16] = "-", elapsed[16], left[16];
        if (j->p.total)
            snprintf(percent, sizeof percent, "%.0f %%", 100 * done);
        seconds(j->p.waits ? -1 : j->p.elapsed_s, elapsed);
        seconds(j->p.left_s, left);
        if (!json && !i)
            vn_str_add(&c->text, "job  state           done   elapsed     left  command\n");
        if (!json) {
            vn_str_addf(&c->text, "%3d  %-14s %5s  %8s %8s  %s\n", j->number, state_of(j), percent, elapsed, left, j->line);
            continue;
        }
        cJSON *o = cJSON_CreateObject();
        if (!o || !rows || !cJSON_AddItemToArray(rows, o) || !cJSON_AddNumberToObject(o, "job", j->number) || !cJSON_AddStringToObject(o, "state", state_of(j)) ||
            !cJSON_AddBoolToObject(o, "background", j->behind) || !cJSON_AddNumberToObject(o, "done", done) ||
            !cJSON_AddNumberToObject(o, "elapsed_s", j->p.waits ? 0 : j->p.elapsed_s) ||
            !(j->p.left_s < 0 ? cJSON_AddNullToObject(o, "left_s") : cJSON_AddNumberToObject(o, "left_s", j->p.left_s)) || !cJSON_AddStringToObject(o, "command", j->line))
            c->no_memory = true;
    }
    if (!json && !n)
        vn_str_add(&c->text, "no job is running\n");
    return c->text.failed ? vn_fail(err, VN_E_MEMORY, "no memory for the list") : 0;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    static const enum vn_job_act act[] = { 0, VN_JOB_PAUSE, VN_JOB_RESUME, VN_JOB_CANCEL, VN_JOB_BACKGROUND, VN_JOB_WAIT };
    const int action = (int)vn_args_int(&c->args, "action");
    return action ? vn_runner_job_act(c->r, act[action], (int)vn_args_int(&c->args, "n"), err) : list(c, err);
}

const struct vn_cmd vn_cmd_jobs = { "jobs", "list, pause, resume and cancel what is running", params, VN_CMD_NOW | VN_CMD_NO_JOURNAL, exec, NULL };
