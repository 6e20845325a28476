/* cmd_doctor.c - "doctor": what this terminal, machine and build can do, with the fix for what they cannot. */
#include "cmd.h"
#include "job.h"
#include "mem.h"
#include <dlfcn.h>
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct vn_param params[] = { { 0 } };

struct report { cJSON *rows; struct vn_str *text; int n_bad; };     /* rows: with --json; text: without */

static void add(struct report *r, const char *what, bool good, const char *found, const char *fix)
{
    r->n_bad += !good;
    if (!r->rows) {
        vn_str_addf(r->text, "%-4s  %-13s  %s\n", good ? "ok" : "look", what, found);
        if (!good)
            vn_str_addf(r->text, "%21s%s\n", "", fix);
        return;
    }
    cJSON *row = cJSON_CreateObject();
    cJSON_AddStringToObject(row, "what", what);
    cJSON_AddStringToObject(row, "state", good ? "ok" : "look");
    cJSON_AddStringToObject(row, "found", found);
    cJSON_AddStringToObject(row, "fix", good ? "" : fix);
    cJSON_AddItemToArray(r->rows, row);
}

static bool on_path(const char *program)
{
    const char *path = getenv("PATH");
    char full[4096];
    while (path && *path) {
        size_t n = strcspn(path, ":");
        snprintf(full, sizeof full, "%.*s/%s", (int)n, path, program);
        if (access(full, X_OK) == 0)
            return true;
        path += n + (path[n] == ':');
    }
    return false;
}

static bool has_library(const char *name)
{
    void *h = dlopen(name, RTLD_LAZY | RTLD_LOCAL);
    if (h)
        dlclose(h);
    return h != NULL;
}

static void machine(struct report *r)
{
    char text[200], a[16];

    snprintf(text, sizeof text, "%d of %ld cores", vn_job_threads(), sysconf(_SC_NPROCESSORS_ONLN));
    add(r, "threads", true, text, "");
    snprintf(text, sizeof text, "%s", vn_text_bytes(vn_mem_budget(), a));
    add(r, "memory budget", true, text, "");
    const bool gpu = !*vn_op_device_reason();
    add(r, "device", true, gpu ? vn_op_device_name() : "cpu", "");
    if (!gpu)
        add(r, "gpu", false, vn_op_device_reason(), "not needed: the CPU gives the same results");
    add(r, "gnuplot", on_path("gnuplot"), on_path("gnuplot") ? "found" : "not found: 'plot' cannot draw", "apt-get install gnuplot-nox");
    const bool gsl = has_library("libgsl.so.27") || has_library("libgsl.so");
    add(r, "gsl", gsl, gsl ? "found" : "not found: 'compare' has no p values of Welch's test", "apt-get install libgsl27");
}

static void terminal(struct report *r)
{
    const char *term = getenv("TERM"), *color = getenv("COLORTERM");
    const bool tty = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    char text[200];

    snprintf(text, sizeof text, "%s", nl_langinfo(CODESET));
    add(r, "character set", !strcmp(text, "UTF-8"), text, "export LC_ALL=C.UTF-8");
    snprintf(text, sizeof text, "%s%s", tty ? "" : "not a terminal; TERM=", term ? term : "(unset)");
    add(r, "terminal", term && strcmp(term, "dumb"), text, "export TERM=xterm-256color");
    const bool many = (term && strstr(term, "256")) || color || (term && (strstr(term, "direct") || strstr(term, "kitty")));
    add(r, "colours", many, color ? color : many ? "256" : "fewer than 256 as TERM says", "export TERM=xterm-256color (tmux: set -g default-terminal tmux-256color)");
    if (getenv("NO_COLOR"))
        add(r, "NO_COLOR", true, "set: no colours are used", "");
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct report r = { .text = &c->text };

    vn_res_text(c, "version", VN_VERSION);
    if (vn_runner_opt(c->r)->json && !(r.rows = cJSON_AddArrayToObject(c->result, "checks")))
        return vn_fail(err, VN_E_MEMORY, "no memory for the report");
    machine(&r);
    terminal(&r);
    vn_res_int(c, "to_look_at", r.n_bad);
    return 0;
}

const struct vn_cmd vn_cmd_doctor = { "doctor", "what this terminal, machine and build can do", params, VN_CMD_NO_JOURNAL, exec, NULL };
