/* main.c - options, then a script or the terminal. Exit: 0 done, 1 a command failed, 2 usage. */
#include "cmd.h"
#include "config.h"
#include "file.h"
#include "job.h"
#include "mem.h"
#include "op.h"
#include "ui.h"
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: venule [OPTIONS] [FILE ...]                 look, in the terminal\n"
    "       venule [OPTIONS] --resume[=NUMBER]          bring back a session that a crash ended\n"
    "       venule [OPTIONS] -c 'COMMANDS' [FILE ...]   run commands\n"
    "       venule [OPTIONS] -f SCRIPT [FILE ...]       run a script ('-': from stdin)\n"
    "\n"
    "  --device auto|cpu|cuda[:N]   where to compute (default auto)\n"
    "  --threads N                  default: one per core\n"
    "  --memory SIZE                budget for caches and work, e.g. 2G (default: a quarter of RAM, 8G at most)\n"
    "  --json                       one JSON object a command on stdout\n"
    "  --color auto|always|never    --quiet    --version    --help\n"
    "\n"
    "FILEs are opened first. 'venule -c help' lists the commands.\n";

struct options {
    const char *commands, *script;
    char resume[64];                       /* "resume", with a number; "" not asked for */
    int threads;
    uint64_t memory;
    enum vn_device_choice device;
    int ordinal;
    struct vn_run_opt run;
};

static int bad_usage(const char *why, const char *what)
{
    fprintf(stderr, "venule: %s%s\n%s", why, what, usage);
    return 2;
}

static bool parse_device(const char *s, struct options *o)
{
    char *end;
    if (!strcmp(s, "auto"))
        o->device = VN_DEVICE_AUTO;
    else if (!strcmp(s, "cpu"))
        o->device = VN_DEVICE_CPU;
    else if (!strncmp(s, "cuda", 4) && (!s[4] || s[4] == ':')) {
        o->device = VN_DEVICE_CUDA;
        o->ordinal = s[4] ? (int)strtol(s + 5, &end, 10) : 0;
        return !s[4] || (s[5] && !*end && o->ordinal >= 0);
    } else
        return false;
    return true;
}

/* Returns 0, or the exit status + 1. */
static int parse_options(int argc, char **argv, struct options *o)
{
    static const struct option names[] = {
        { "device", required_argument, 0, 'd' }, { "threads", required_argument, 0, 't' }, { "memory", required_argument, 0, 'm' },
        { "json", no_argument, 0, 'j' }, { "color", required_argument, 0, 'C' }, { "quiet", no_argument, 0, 'q' },
        { "version", no_argument, 0, 'V' }, { "help", no_argument, 0, 'h' },
        { "resume", optional_argument, 0, 'r' }, { 0 },
    };
    struct vn_err err;
    char *end;
    int k;

    while ((k = getopt_long(argc, argv, "c:f:", names, NULL)) != -1)
        switch (k) {
        case 'c': o->commands = optarg; break;
        case 'f': o->script = optarg; break;
        case 'j': o->run.json = true; break;
        case 'q': o->run.quiet = true; break;
        case 'd':
            if (!parse_device(optarg, o))
                return bad_usage("--device takes auto, cpu, cuda or cuda:N, not ", optarg) + 1;
            break;
        case 't':
            o->threads = (int)strtol(optarg, &end, 10);
            if (*end || end == optarg || o->threads < 1 || o->threads > 1024)
                return bad_usage("--threads takes 1 to 1024, not ", optarg) + 1;
            break;
        case 'm':
            if (vn_text_size(optarg, &o->memory, &err) || o->memory < 16000000)
                return bad_usage("--memory takes a size of 16M or more such as 2G, not ", optarg) + 1;
            break;
        case 'C':
            if (strcmp(optarg, "auto") && strcmp(optarg, "always") && strcmp(optarg, "never"))
                return bad_usage("--color takes auto, always or never, not ", optarg) + 1;
            o->run.color = !strcmp(optarg, "always") || (!strcmp(optarg, "auto") && o->run.color);
            break;
        case 'r': snprintf(o->resume, sizeof o->resume, "resume %s", optarg ? optarg : ""); break;
        case 'V': printf("venule %s\n", VN_VERSION); return 1;
        case 'h': fputs(usage, stdout); return 1;
        default: fputs(usage, stderr); return 3;
        }
    if (o->commands && o->script)
        return bad_usage("-c and -f exclude each other", "") + 1;
    if (o->resume[0] && (o->commands || o->script || optind < argc))
        return bad_usage("--resume stands alone: it opens what was open", "") + 1;
    return 0;
}

static void on_end(int sig)
{
    vn_file_cleanup();                     /* nothing half-written stays */
    signal(sig, SIG_DFL);
    raise(sig);
}

static void on_interrupt(int sig)
{
    static volatile sig_atomic_t times;
    if (++times > 2)                       /* somebody insists */
        on_end(sig);
    vn_job_cancel_all();
}

static int open_files(struct vn_runner *r, char **files, int n)
{
    for (int i = 0; i < n; i++) {
        struct vn_str line = { 0 };
        vn_str_add(&line, "open ");
        if (strchr(files[i], '='))
            vn_str_addf(&line, strchr(files[i], '"') ? "'%s'" : "\"%s\"", files[i]);
        else
            vn_word_print(files[i], &line);
        int rc = line.failed ? 1 : vn_runner_line(r, line.s);
        vn_str_free(&line);
        if (rc)
            return 1;
    }
    return 0;
}

static void show_first(struct vn_session *s, struct vn_runner *r)
{
    char line[80], name[64];
    struct vn_obj *o = vn_session_at(s, 0, name);

    if (!o)
        return;
    vn_obj_unref(o);
    snprintf(line, sizeof line, "show %s", name);
    vn_runner_line(r, line);
}

static int run(struct options *o, char **files, int n_files)
{
    const bool interactive = !o->commands && !o->script;
    struct vn_err err = { 0 };
    struct vn_session *s = NULL;
    struct vn_runner *r = NULL;
    int status = 1;

    o->run.remember = interactive;
    if (interactive && vn_config_read(NULL, &err)) {
        fprintf(stderr, "venule: %s\n", err.msg);
        err = (struct vn_err){ 0 };
    }
    vn_mem_init(o->memory);
    if (vn_job_init(o->threads, &err) || vn_op_device(o->device, o->ordinal, 0, &err) || !(s = vn_session_new(&err)) ||
        !(r = vn_runner_new(s, &o->run, &err))) {
        fprintf(stderr, "venule: %s\n", err.msg);
        goto out;
    }
    if (!interactive)
        signal(SIGINT, on_interrupt);
    signal(SIGTERM, on_end);
    signal(SIGHUP, on_end);
    status = open_files(r, files, n_files);
    if (!status && interactive) {
        show_first(s, r);
        if (vn_ui_run(s, r, o->resume[0] ? o->resume : NULL, &err)) {
            fprintf(stderr, "venule: %s\n", err.msg);
            status = 1;
        }
    } else if (!status && o->commands) {
        status = vn_runner_line(r, o->commands);
    } else if (!status && (status = vn_runner_script(r, o->script, &err)) && err.code) {
        fprintf(stderr, "venule: %s\n", err.msg);
        status = 1;
    }
out:
    vn_runner_free(r);
    vn_job_exit();
    vn_session_free(s);
    vn_op_device_close();
    vn_config_clear();
    return status ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct options o = { .run = { .out = stdout, .msg = stderr, .color = isatty(STDOUT_FILENO) && !getenv("NO_COLOR") } };

    vn_ui_settings();
    setlocale(LC_CTYPE, "");
    if (MB_CUR_MAX == 1)                   /* no UTF-8 locale is set: Debian always has this one */
        setlocale(LC_CTYPE, "C.UTF-8");
    signal(SIGPIPE, SIG_IGN);
    const int rc = parse_options(argc, argv, &o);
    if (rc)
        return rc - 1;
    if (!o.commands && !o.script && (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)))
        return bad_usage("this is not a terminal; -c 'COMMANDS' or -f SCRIPT run without one", "");
    return run(&o, argv + optind, argc - optind);
}
