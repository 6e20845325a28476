/* cmd.c - the runner: lines in, commands one after the other, results and messages out, successes into the journal.
 *
 * A command is parsed and finished on the calling (UI) thread; its exec runs as a job unless the verb is VN_CMD_NOW.
 * Lines wait in a list; `source` puts a file's lines in front.  A failure drops what waits.
 *
 * In the terminal a command whose last word is '&' runs at low priority while others come and go.  Its inputs are those of
 * its start; its objects, output and journal line come at its end.  In scripts it runs like every other. */
#include "cmd.h"
#include "call.h"
#include "file.h"
#include "job.h"
#include "lineage.h"
#include "mem.h"
#include "resume.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <unistd.h>

struct waiting {
    struct waiting *next;
    char *from;                          /* "FILE line 3", or NULL */
    int depth;                           /* files around it */
    size_t at;                           /* where the part that has not begun begins */
    char line[];
};
struct task {                            /* a command that runs as a job */
    struct task *next;
    struct vn_call *c;
    struct vn_job *job;
    bool keep_going, cancelled;
    char makes[64];                      /* the name of its object; "": not known before its end */
    char line[];
};
enum { MAX_DEPTH = 16, ALL_JOBS = -1 };
static const double LONG_S = 5;          /* a command that ran so long is worth a bell, or a question before it is thrown away */

struct vn_runner {
    struct vn_session *s;
    struct vn_run_opt o;
    struct vn_runner_hooks hooks;
    struct waiting *first, *done;        /* done: held the command that began last */
    struct waiting *held;                /* lines that wait while a command that takes no time goes before them */
    bool looks;                          /* it does */
    const char *line;                    /* that command */
    int depth;                           /* of the line that it stood in */
    struct task *running;                /* the command that the lines wait for, NULL when idle */
    struct task *behind;                 /* in the background, by number */
    int wait;                            /* number of the job that the lines wait for, or ALL_JOBS, or 0 */
    bool quit, asked, closing, bell;     /* asked: whether to quit in spite of jobs */
    char **journal; int n_journal, cap;
    FILE *record; char *record_path;
    FILE *kept; char *kept_path;         /* the session's own file, until it is left (o.remember) */
    bool no_kept;                        /* it cannot be written */
    bool bar;                            /* a progress line stands on the terminal */
};

struct vn_runner *vn_runner_new(struct vn_session *s, const struct vn_run_opt *o, struct vn_err *err)
{
    struct vn_runner *r = vn_calloc(1, sizeof *r, err);
    if (!r)
        return NULL;
    r->s = s;
    r->o = *o;
    vn_session_set_remake(s, vn_call_remake);
    return r;
}

void vn_runner_drop(struct vn_runner *r)
{
    for (struct waiting *w; (w = r->first); vn_free(w)) {
        r->first = w->next;
        vn_free(w->from);
    }
}

static struct task *task_at(const struct vn_runner *r, int i)
{
    struct task *t = r->behind;
    if (r->running && i-- == 0)
        return r->running;
    while (t && i-- > 0)
        t = t->next;
    return t;
}

/* Jobs are told to stop, and waited for: they hold what is about to go. */
static void close_tasks(struct vn_runner *r)
{
    struct task *t;
    r->closing = true;
    while ((t = task_at(r, 0))) {
        for (int i = 0; (t = task_at(r, i)); i++)
            vn_job_cancel(t->job);
        struct pollfd p = { vn_job_fd(), POLLIN, 0 };
        poll(&p, 1, 100);
        vn_job_pump();
    }
}

void vn_runner_free(struct vn_runner *r)
{
    if (!r)
        return;
    vn_runner_drop(r);
    close_tasks(r);
    vn_runner_record(r, NULL, false, NULL);
    if (r->kept)
        fclose(r->kept);
    vn_free(r->kept_path);
    vn_free(r->done);
    for (int i = 0; i < r->n_journal; i++)
        vn_free(r->journal[i]);
    vn_free(r->journal);
    vn_free(r);
}

const struct vn_run_opt *vn_runner_opt(const struct vn_runner *r) { return &r->o; }
bool vn_runner_quit(const struct vn_runner *r) { return r->quit; }
void vn_runner_set_hooks(struct vn_runner *r, const struct vn_runner_hooks *h) { r->hooks = *h; }
const struct vn_runner_hooks *vn_runner_hooks(const struct vn_runner *r) { return &r->hooks; }
void vn_runner_bell(struct vn_runner *r, bool on) { r->bell = on; }
bool vn_runner_has_bell(const struct vn_runner *r) { return r->bell; }
int vn_runner_n_journal(const struct vn_runner *r) { return r->n_journal; }
const char *vn_runner_journal(const struct vn_runner *r, int i) { return i >= 0 && i < r->n_journal ? r->journal[i] : NULL; }

/* ---- output ---- */

static void hook_lines(struct vn_runner *r, const char *text, bool is_error)
{
    char line[2048];
    while (*text) {
        size_t n = strcspn(text, "\n");
        snprintf(line, sizeof line, "%.*s", (int)n, text);
        r->hooks.text(r->hooks.ctx, line, is_error);
        text += n + (text[n] == '\n');
    }
}

static void clear_bar(struct vn_runner *r)
{
    if (r->bar)
        fputs("\r\033[K", r->o.msg);
    r->bar = false;
}

static void say(struct vn_runner *r, const char *verb, const char *text, bool is_error)
{
    if (r->hooks.text) {
        char line[2048];
        snprintf(line, sizeof line, "%s: %s", verb, text);
        r->hooks.text(r->hooks.ctx, line, is_error);
    } else if (is_error || !r->o.quiet) {
        struct vn_str plain = { 0 };
        vn_str_plain(&plain, text, "\n\t");
        clear_bar(r);
        fprintf(r->o.msg, "venule: %s%s%s\n", verb, *verb ? ": " : "", plain.s && !plain.failed ? plain.s : "");
        vn_str_free(&plain);
    }
}

static int result(struct vn_runner *r, const struct vn_call *c, struct vn_err *err)
{
    struct vn_str b = { 0 };
    int rc = 0;
    if (r->o.json)
        vn_print_json(c, c->cmd->name, NULL, &b);
    else
        vn_print_text(c, &b);
    if (b.failed)
        rc = vn_fail(err, VN_E_MEMORY, "done, but there is no memory to print the result");
    else if (b.n && r->hooks.text)
        hook_lines(r, b.s, false);
    else if (b.n) {
        clear_bar(r);
        fwrite(b.s, 1, b.n, r->o.out);
        fflush(r->o.out);
    }
    vn_str_free(&b);
    return rc;
}

/* The verb, with the number of the job in the background. */
static const char *speaker(const struct vn_call *c, const char *verb, char out[96])
{
    if (!c || !c->behind || !c->number)
        return verb;
    snprintf(out, 96, "job %d: %s", c->number, verb);
    return out;
}

/* from: "FILE line 3" of the command, or NULL. */
static void failure(struct vn_runner *r, const char *verb, const struct vn_call *c, const char *from, const struct vn_err *err)
{
    const size_t n = strlen(verb);
    const bool named = !strncmp(err->msg, verb, n) && err->msg[n] == ':';   /* the parser put the verb in front already */
    struct vn_err bare = *err;
    char who[96];

    if (named)
        snprintf(bare.msg, sizeof bare.msg, "%s", err->msg + n + 1 + strspn(err->msg + n + 1, " "));
    if (from)
        vn_err_prefix(&bare, "%s", from);
    if (r->o.json && !r->hooks.text) {
        struct vn_str b = { 0 };
        vn_print_json(c, verb, &bare, &b);
        if (b.failed)                                                       /* every failure has its line */
            fputs("{\"ok\":false,\"error\":{\"code\":\"memory\",\"message\":\"no memory to print the error\"}}\n", r->o.out);
        else
            fwrite(b.s, 1, b.n, r->o.out);
        fflush(r->o.out);
        vn_str_free(&b);
    }
    say(r, speaker(c, verb, who), bare.msg, true);
}

/* ---- journal ---- */

/* line: NULL when there was no memory for it. */
static int journal_add(struct vn_runner *r, const char *line, struct vn_err *err)
{
    int rc = 0;

    if (line && r->n_journal == r->cap) {
        char **more = vn_realloc(r->journal, (uint64_t)(r->cap * 2 + 64) * sizeof *more, NULL);
        if (!more)
            line = NULL;
        else {
            r->journal = more;
            r->cap = r->cap * 2 + 64;
        }
    }
    if (line && (r->journal[r->n_journal] = vn_strdup(line, NULL)))
        r->n_journal++;
    else
        rc = vn_fail(err, VN_E_MEMORY, "done, but there is no memory to note it in the journal");
    if (r->record && line && (fprintf(r->record, "%s\n", line) < 0 || fflush(r->record)))
        say(r, "record", strerror(errno), true);
    return rc;
}

/* The line into the session's own file, but for those that were read from it. */
static void keep_line(struct vn_runner *r, const struct vn_call *c, const char *line)
{
    if (!r->o.remember || r->no_kept || (r->kept && c->from && !strncmp(c->from, r->kept_path, strlen(r->kept_path))))
        return;
    if (!r->kept)
        r->kept = vn_lost_begin(&r->kept_path);
    if (!r->kept || fprintf(r->kept, "%s\n", line) < 0 || fflush(r->kept)) {
        r->no_kept = true;
        say(r, "resume", "this session could not be brought back after a crash: its file cannot be written", true);
    }
}

int vn_runner_adopt(struct vn_runner *r, const char *path, struct vn_err *err)
{
    if (!r->o.remember)
        return 0;
    FILE *f = vn_lost_adopt(path);
    if (!f)
        return vn_fail(err, VN_E_IO, "another program is bringing that session back: '%s'", path);
    vn_runner_left(r);
    r->kept = f;
    r->kept_path = vn_strdup(path, NULL);
    r->no_kept = !r->kept_path;
    return 0;
}

void vn_runner_left(struct vn_runner *r)
{
    if (r->kept) {
        unlink(r->kept_path);
        fclose(r->kept);
    }
    vn_free(r->kept_path);
    r->kept = NULL;
    r->kept_path = NULL;
}

bool vn_runner_lost(char when[20])
{
    struct vn_lost *l;
    const int n = vn_lost_list(&l);
    bool found = false;
    for (int i = 0; i < n && !found; i++)
        if ((found = vn_lost_here(&l[i])))
            memcpy(when, l[i].when, 20);
    vn_lost_free(l, n);
    return found;
}

/* Names of the files the command was told to write. */
static void files_written(const struct vn_call *c, struct vn_str *b)
{
    for (int i = 0; i < c->args.n; i++)
        if (c->args.params[i].type == VN_P_PATH && (c->args.params[i].flags & VN_PREF) && c->args.v[i].given)
            vn_str_addf(b, "%s%s", b->n ? ", " : "", c->args.v[i].s);
}

/* roi= when the region is now another than that of the command. */
static void add_region(const struct vn_runner *r, const struct vn_call *c, struct vn_str *b)
{
    struct vn_box now;
    const bool has = vn_session_roi(r->s, &now);
    if (!(c->cmd->flags & VN_CMD_NOW) && (has != c->has_roi || (has && !vn_box_same(&now, &c->roi)))) {
        vn_str_add(b, " roi=");
        if (c->has_roi)
            vn_box_print(&c->roi, b);
        else
            vn_str_add(b, "off");
    }
}

/* The command into the journal and among the steps that can be undone. */
static int note_done(struct vn_runner *r, const struct vn_call *c, struct vn_err *err)
{
    struct vn_str line = { 0 }, files = { 0 }, words = { 0 };
    int rc = 0;

    vn_call_print(c, &words);
    vn_str_add(&line, c->cmd->name);
    add_region(r, c, &line);
    vn_str_add(&line, words.s ? words.s + strlen(c->cmd->name) : "");
    line.failed |= words.failed;
    vn_str_free(&words);
    if (!c->no_journal && !(c->cmd->flags & VN_CMD_NO_JOURNAL))
        rc = journal_add(r, line.failed ? NULL : line.s, err);
    if (!c->no_journal && !(c->cmd->flags & VN_CMD_NO_JOURNAL) && !line.failed)
        keep_line(r, c, line.s);
    files_written(c, &files);
    if (!(c->cmd->flags & (VN_CMD_UI | VN_CMD_NO_JOURNAL)) && !rc &&
        (line.failed || files.failed || vn_session_mark(r->s, line.s, files.s, err)))
        rc = vn_fail(err, VN_E_MEMORY, "done, but there is no memory to note it for undo");
    vn_str_free(&line);
    vn_str_free(&files);
    return rc;
}

int vn_runner_record(struct vn_runner *r, const char *path, bool force, struct vn_err *err)
{
    if (r->record) {
        fclose(r->record);
        vn_free(r->record_path);
        r->record = NULL;
        r->record_path = NULL;
    }
    if (!path)
        return 0;
    /* Written line by line under its own name: after a crash the journal is what one wants most. */
    if (!(r->record = fopen(path, force ? "w" : "wx")))
        return vn_fail(err, VN_E_IO, "cannot write '%s': %s%s", path, strerror(errno), errno == EEXIST ? " ('force' replaces it)" : "");
    r->record_path = vn_strdup(path, NULL);
    fprintf(r->record, "# venule %s journal: replay with  venule -f FILE\n", VN_VERSION);
    fflush(r->record);
    return 0;
}

/* ---- one command ---- */

/* After exec: objects, output, journal.  Returns the command's final code; frees c. */
static int finish(struct vn_runner *r, struct vn_call *c, int rc, struct vn_err *err)
{
    char who[96];

    if (!rc && c->no_memory)
        rc = vn_fail(err, VN_E_MEMORY, "no memory for the result");
    if (!rc)
        rc = vn_call_bind(c, err);
    if (rc) {
        failure(r, c->cmd->name, c, c->from, err);
    } else {
        for (cJSON *n = c->notes ? c->notes->child : NULL; n; n = n->next)
            say(r, speaker(c, c->cmd->name, who), n->valuestring, false);
        struct vn_err e;
        rc = result(r, c, err);
        if (note_done(r, c, &e) && !rc) {               /* a journal with a gap would not replay */
            *err = e;
            rc = e.code;
        }
        if (!rc && c->next.failed)
            rc = vn_fail(err, VN_E_MEMORY, "no memory for the commands that follow");
        if (!rc && c->next.n)
            rc = vn_runner_push(r, c->next.s, NULL, err);
        if (rc)
            failure(r, c->cmd->name, c, c->from, err);
    }
    vn_call_free(c);
    return rc;
}

static int exec_job(void *ctx, struct vn_job *j, struct vn_err *err)
{
    struct vn_call *c = ctx;
    c->job = j;
    return c->cmd->exec(c, err);
}

static void show_progress(struct vn_job *j)
{
    struct vn_progress p = vn_job_progress(j);
    char left[32] = "";
    if (p.total == 0 || p.elapsed_s < 0.5)
        return;
    if (p.left_s >= 0)
        snprintf(left, sizeof left, ", %.0f s left", p.left_s);
    fprintf(stderr, "\r\033[K%s%s%s %3.0f %%%s", p.what, p.stage ? " " : "", p.stage ? p.stage : "", 100.0 * (double)p.done / (double)p.total, left);
    fflush(stderr);
}

static int push(const char *line, size_t n, struct waiting **at, struct vn_err *err)
{
    struct waiting *w = vn_alloc(sizeof *w + n + 1, err);
    if (!w)
        return VN_E_MEMORY;
    memcpy(w->line, line, n);
    w->line[n] = '\0';
    w->at = 0;
    w->from = NULL;
    w->depth = 0;
    w->next = *at;
    *at = w;
    return 0;
}

int vn_runner_push(struct vn_runner *r, const char *text, const char *path, struct vn_err *err)
{
    struct waiting **at = &r->first;
    const int depth = path ? r->depth + 1 : 0;
    if (depth > MAX_DEPTH)
        return vn_fail(err, VN_E_ARG, "'%s': files run each other more than %d deep; does it run itself?", path, MAX_DEPTH);
    for (int i = 1; *text; i++) {
        size_t n = strcspn(text, "\n");
        int rc = push(text, n, at, err);
        if (rc)
            return rc;
        if (path && !((*at)->from = vn_sprintf(err, "%s line %d", path, i)))
            return VN_E_MEMORY;
        (*at)->depth = depth;
        at = &(*at)->next;
        text += n + (text[n] == '\n');
    }
    return 0;
}

/* Takes the first waiting command and parses it. *c == NULL: the line was empty. */
static int next(struct vn_runner *r, struct vn_call **c, bool *keep_going, struct vn_err *err)
{
    struct waiting *w = r->first;
    char *line = w->line + w->at;
    struct vn_words words;
    const char *rest;

    *c = NULL;
    *keep_going = false;
    r->depth = w->depth;
    int rc = vn_words_split(line, &rest, &words, err);
    if (rc) {
        failure(r, "syntax", NULL, w->from, err);
        rest = NULL;
    } else {
        if (rest) {
            line[rest - line - 1] = '\0';                   /* the command alone, without its ';' */
            w->at = (size_t)(rest - w->line);
        }
        if (words.n) {
            if (r->hooks.echo)
                r->hooks.echo(r->hooks.ctx, line);
            rc = vn_call_parse(r, r->s, &words, r->o.prefixes, c, keep_going, err);
        }
        if (*c && w->from && !((*c)->from = vn_strdup(w->from, err))) {
            vn_call_free(*c);
            *c = NULL;
            rc = VN_E_MEMORY;
        }
        if (rc)
            failure(r, words.n ? words.w[0] + *keep_going : "", NULL, w->from, err);
        vn_words_free(&words);
    }
    if (*c) {
        r->line = line;
        r->asked &= !strcmp((*c)->cmd->name, "quit");
    }
    if (!rest) {
        r->first = w->next;
        vn_free(r->done);
        vn_free(w->from);
        r->done = w;                                         /* `line` is used until the next */
    }
    return rc;
}

/* cancels: vn_job_cancels() when the line or the script began. */
static int run_waiting(struct vn_runner *r, unsigned cancels)
{
    int bad = 0;

    while (r->first && !bad) {
        struct vn_err err = { 0 };
        struct vn_call *c;
        bool keep_going;
        int rc = next(r, &c, &keep_going, &err);
        if (c && vn_job_cancels() != cancels) {          /* interrupted between two commands */
            rc = finish(r, c, vn_fail(&err, VN_E_CANCELLED, "cancelled"), &err);
            keep_going = false;
        } else if (c) {
            const bool bar = !r->o.quiet && !r->o.json && isatty(STDERR_FILENO);
            if (c->cmd->flags & VN_CMD_NOW)
                rc = c->cmd->exec(c, &err);
            else {
                r->bar = bar;
                rc = vn_job_run(VN_REGION, c->cmd->name, exec_job, c, bar ? show_progress : NULL, &err);
            }
            rc = finish(r, c, rc, &err);
        }
        bad = rc && !keep_going;
    }
    vn_runner_drop(r);
    return bad;
}

static int run_line(struct vn_runner *r, const char *line, unsigned cancels)
{
    struct vn_err err = { 0 };
    if (vn_runner_push(r, line, NULL, &err)) {
        failure(r, "", NULL, NULL, &err);
        return 1;
    }
    return run_waiting(r, cancels);
}

int vn_runner_line(struct vn_runner *r, const char *line) { return run_line(r, line, vn_job_cancels()); }

int vn_runner_script(struct vn_runner *r, const char *path, struct vn_err *err)
{
    FILE *f = strcmp(path, "-") ? fopen(path, "r") : stdin;
    char *line = NULL;
    size_t cap = 0;
    int rc = 0;

    if (!f)
        return vn_fail(err, VN_E_IO, "cannot open '%s': %s", path, strerror(errno));
    const unsigned cancels = vn_job_cancels();
    while (!rc && !r->quit && getline(&line, &cap, f) >= 0)
        rc = run_line(r, line, cancels);
    if (!rc && ferror(f))
        rc = vn_fail(err, VN_E_IO, "cannot read '%s': %s", path, strerror(errno));
    free(line);
    if (f != stdin)
        fclose(f);
    return rc;
}

/* ---- jobs (TUI) ---- */

static void advance(struct vn_runner *r);
static void task_done(void *ctx, int rc, const struct vn_err *err);

/* The smallest number that no job has. */
static int free_number(const struct vn_runner *r)
{
    struct task *t;
    int n = 1;
    for (int i = 0; (t = task_at(r, i)); i++)
        if (t->c->number == n) {
            n++;
            i = -1;
        }
    return n;
}

static int task_run(void *ctx, struct vn_job *j, struct vn_err *err) { return exec_job(((struct task *)ctx)->c, j, err); }

static void add_behind(struct vn_runner *r, struct task *t)
{
    struct task **at = &r->behind;
    while (*at && (*at)->c->number < t->c->number)
        at = &(*at)->next;
    t->next = *at;
    *at = t;
}

/* Gives c to the compute thread; TAKES c when that succeeds. */
static int task_start(struct vn_runner *r, struct vn_call *c, bool keep_going, struct vn_err *err)
{
    const char *line = r->line + strspn(r->line, " \t");
    const size_t n = strlen(line);
    struct task *t = vn_calloc(1, sizeof *t + n + 1, err);

    if (!t)
        return VN_E_MEMORY;
    memcpy(t->line, line, n);
    t->c = c;
    if (c->cmd->flags & VN_CMD_MAKES)
        snprintf(t->makes, sizeof t->makes, "%.63s", vn_args_given(&c->args, "as") ? vn_args_text(&c->args, "as") : c->as);
    t->keep_going = keep_going;
    c->number = free_number(r);
    if (!(t->job = vn_job_submit(c->behind ? VN_BULK : VN_REGION, c->cmd->name, task_run, t, task_done, err))) {
        vn_free(t);
        return VN_E_MEMORY;
    }
    if (!c->behind) {
        r->running = t;
        return 0;
    }
    add_behind(r, t);
    return 0;
}

static int start_behind(struct vn_runner *r, struct vn_call *c, bool keep_going, struct vn_err *err)
{
    char text[300];
    int n = 0;
    while (task_at(r, n))
        n++;
    if (c->cmd->flags & VN_CMD_VIEW)
        return vn_fail(err, VN_E_ARG, "it shows what is looked at now: not in the background ('&')");
    if (n == VN_MAX_JOBS - 1)
        return vn_fail(err, VN_E_ARG, "%d jobs are running ('jobs' lists them): wait for one, or cancel it", n);
    if ((c->cmd->flags & VN_CMD_MAKES) && (c->cmd->op || c->cmd->choose))
        vn_call_name_first(c);                                /* known from the start, so that nobody else takes it */
    const int rc = task_start(r, c, keep_going, err);
    if (!rc && r->hooks.text) {
        snprintf(text, sizeof text, "job %d begins in the background ('jobs' lists, pauses, cancels)", c->number);
        r->hooks.text(r->hooks.ctx, text, false);
    }
    return rc;
}

static void lines_ended(struct vn_runner *r, int rc)
{
    if (!r->first && (!r->wait || r->looks) && r->hooks.done)
        r->hooks.done(r->hooks.ctx, rc);
}

/* The name that a job was to make was bound meanwhile, and another job reads it: its work is kept under another. */
static void yield_name(struct vn_runner *r, struct vn_call *c)
{
    char name[96], other[64];
    bool taken = false;

    if (c->n_made)
        vn_call_name_first(c);
    for (int i = 0; i < c->n_made && !taken; i++) {
        snprintf(name, sizeof name, "%s%s", c->as, c->made[i].suffix);
        taken = vn_runner_reading(r, c->number, name) != 0;
    }
    if (!taken)
        return;
    vn_name_free_one(r->s, c->as, other);
    vn_args_unset(&c->args, "as");
    vn_args_unset(&c->typed, "as");
    memcpy(c->as, other, sizeof c->as);
    vn_call_note(c, "another job reads '%s': the result is '%s'", name, other);
}

static void behind_done(struct vn_runner *r, struct task *t, int rc, struct vn_err *err, double seconds)
{
    struct task **at = &r->behind;
    char text[400];

    while (*at != t)
        at = &(*at)->next;
    const int wait = r->wait, number = t->c->number;
    snprintf(text, sizeof text, "job %d done in %.1f s: %.300s", t->c->number, seconds, t->line);
    if (!rc)
        yield_name(r, t->c);
    *at = t->next;                                            /* no longer in its own way */
    rc = finish(r, t->c, rc, err);
    if (!rc && r->hooks.text)
        r->hooks.text(r->hooks.ctx, text, false);             /* last, so that it is seen */
    if (r->hooks.job)
        r->hooks.job(r->hooks.ctx, rc);
    if (wait != number && (wait != ALL_JOBS || (r->behind && !rc)))
        return;
    r->wait = 0;
    if (rc)
        vn_runner_drop(r);
    lines_ended(r, rc);
    advance(r);
}

static void task_done(void *ctx, int rc, const struct vn_err *err)
{
    struct task *t = ctx;
    struct vn_runner *r = t->c->r;
    struct vn_err e = *err;
    const double seconds = vn_job_progress(t->job).elapsed_s;
    const bool behind = t->c->behind;

    if (r->closing) {                                         /* what ended in time is not kept: nobody would see it */
        if (behind) {
            struct task **at = &r->behind;
            while (*at != t)
                at = &(*at)->next;
            *at = t->next;
        } else {
            r->running = NULL;
        }
        vn_call_free(t->c);
        vn_free(t);
        return;
    }
    if (r->bell && seconds > LONG_S && r->hooks.bell)
        r->hooks.bell(r->hooks.ctx);
    if (behind) {
        behind_done(r, t, rc, &e, seconds);
    } else {
        r->running = NULL;
        rc = finish(r, t->c, rc, &e);
        if (rc && !t->keep_going)
            vn_runner_drop(r);
        lines_ended(r, rc);
        advance(r);
    }
    vn_free(t);
}

static void advance(struct vn_runner *r)
{
    while (r->first && (r->looks || (!r->running && !r->wait))) {
        struct vn_err err = { 0 };
        struct vn_call *c;
        bool keep_going;
        int rc = next(r, &c, &keep_going, &err);
        if (c && (c->cmd->flags & VN_CMD_NOW)) {
            rc = finish(r, c, c->cmd->exec(c, &err), &err);
        } else if (c) {
            c->behind &= !c->from && r->hooks.text;           /* a file's lines one after the other, as without a terminal */
            if ((rc = c->behind ? start_behind(r, c, keep_going, &err) : task_start(r, c, keep_going, &err))) {
                c->number = 0;
                rc = finish(r, c, rc, &err);
            } else if (!c->behind) {
                return;
            }
        }
        if (rc && !keep_going)
            vn_runner_drop(r);
        lines_ended(r, rc);
    }
}

static bool is_now(struct vn_runner *r, const char *line)
{
    struct vn_words words;
    const char *rest;
    if (vn_words_split(line, &rest, &words, NULL))
        return false;
    const struct vn_cmd *cmd = words.n ? vn_cmd_find(words.w[0], r->o.prefixes, NULL) : NULL;
    vn_words_free(&words);
    return cmd && (cmd->flags & (VN_CMD_NOW | VN_CMD_TURN)) == VN_CMD_NOW && !rest;
}

int vn_runner_submit(struct vn_runner *r, const char *line, struct vn_err *err)
{
    struct waiting **end = r->looks && !is_now(r, line) ? &r->held : &r->first;

    if ((r->running || r->wait) && !r->looks && is_now(r, line)) {     /* looks while something computes: in front, at once */
        r->held = r->first;
        r->first = NULL;
        r->looks = true;
        int rc = push(line, strlen(line), &r->first, err);
        if (!rc)
            advance(r);
        vn_runner_drop(r);
        r->looks = false;
        r->first = r->held;
        r->held = NULL;
        if (r->quit)
            vn_runner_drop(r);
        return rc;
    }
    while (*end)
        end = &(*end)->next;
    int rc = push(line, strlen(line), end, err);
    if (!rc)
        advance(r);
    return rc;
}

void vn_runner_cancel(struct vn_runner *r)
{
    vn_runner_drop(r);
    if (r->running) {
        r->running->cancelled = true;
        vn_job_cancel(r->running->job);
    } else if (r->wait) {
        r->wait = 0;
        lines_ended(r, VN_E_CANCELLED);
    }
}

void vn_runner_stop(struct vn_runner *r)
{
    struct task *t;
    bool ask = false;
    for (int i = 0; (t = task_at(r, i)); i++)
        ask |= t->c->behind || vn_job_progress(t->job).elapsed_s > LONG_S;
    if (ask && !r->asked && r->hooks.text) {
        struct vn_job_info job[VN_MAX_JOBS];
        char text[200];
        const int n = vn_runner_jobs(r, job);
        snprintf(text, sizeof text, "job %d (%.60s)%s running: quit again to cancel %s", job[0].number, job[0].line, n > 1 ? " and others are" : " is",
                 n > 1 ? "them" : "it");
        r->hooks.text(r->hooks.ctx, text, true);
        r->asked = true;
        return;
    }
    r->quit = true;
    vn_runner_drop(r);
}

int vn_runner_jobs(const struct vn_runner *r, struct vn_job_info out[VN_MAX_JOBS])
{
    struct task *t;
    int n = 0;
    for (; n < VN_MAX_JOBS && (t = task_at(r, n)); n++) {
        const struct vn_job_info row = { t->c->number, t->c->behind, t->cancelled, t->line, t->makes, vn_job_progress(t->job) };
        int i = n;
        for (; i && out[i - 1].number > row.number; i--)
            out[i] = out[i - 1];
        out[i] = row;
    }
    return n;
}

static int to_background(struct vn_runner *r, struct task *t, struct vn_err *err)
{
    if (t->c->behind)
        return vn_fail(err, VN_E_ARG, "job %d is in the background already", t->c->number);
    if (r->first || r->held)
        return vn_fail(err, VN_E_ARG, "commands wait for job %d: it stays in the foreground", t->c->number);
    if ((t->c->cmd->flags & VN_CMD_VIEW) || vn_job_progress(t->job).waits)
        return vn_fail(err, VN_E_ARG, "job %d cannot go to the background %s", t->c->number, t->c->cmd->flags & VN_CMD_VIEW ? "" : "before it has begun");
    t->c->behind = true;
    r->running = NULL;
    add_behind(r, t);
    vn_job_lower(t->job);
    if (r->hooks.done)
        r->hooks.done(r->hooks.ctx, 0);
    return 0;
}

int vn_runner_job_act(struct vn_runner *r, enum vn_job_act act, int number, struct vn_err *err)
{
    struct task *t;
    int i = 0, n = 0;

    while (task_at(r, n))
        n++;
    if (!number && act == VN_JOB_WAIT) {
        r->wait = r->behind ? ALL_JOBS : 0;
        return 0;
    }
    if (!number && n > 1)
        return vn_fail(err, VN_E_USAGE, "%d jobs are running: say which ('jobs' lists them)", n);
    while ((t = task_at(r, i)) && number && t->c->number != number)
        i++;
    if (!t && act == VN_JOB_WAIT)
        return 0;                                             /* it has ended */
    if (!t)
        return number ? vn_fail(err, VN_E_ARG, "no job has the number %d ('jobs' lists them)", number) : vn_fail(err, VN_E_ARG, "no job is running");
    switch (act) {
    case VN_JOB_PAUSE: vn_job_pause(t->job, true); break;
    case VN_JOB_RESUME: vn_job_pause(t->job, false); break;
    case VN_JOB_CANCEL:
        t->cancelled = true;
        vn_job_cancel(t->job);
        break;
    case VN_JOB_BACKGROUND: return to_background(r, t, err);
    case VN_JOB_WAIT:
        if (t->c->behind)
            r->wait = t->c->number;
        break;
    }
    return 0;
}

/* ---- names that jobs make and read ---- */

int vn_runner_making(const struct vn_runner *r, const char *name)
{
    for (const struct task *t = r ? r->behind : NULL; t; t = t->next)
        if (!strcmp(t->makes, name))
            return t->c->number;
    return 0;
}

int vn_runner_reading(const struct vn_runner *r, int own, const char *name)
{
    for (const struct task *t = r ? r->behind : NULL; t; t = t->next)
        for (int i = 0; i < t->c->args.n && t->c->number != own; i++) {
            const struct vn_arg *a = &t->c->args.v[i];
            if (a->obj && !strcmp(a->s, name))
                return t->c->number;
        }
    return 0;
}

int vn_runner_torn(const struct vn_runner *r, const char **name)
{
    for (const struct task *t = r ? r->behind : NULL; t; t = t->next)
        for (int i = 0; i < t->c->args.n; i++) {
            const struct vn_arg *a = &t->c->args.v[i];
            struct vn_obj *now = a->obj ? vn_session_get(r->s, a->s) : NULL;
            vn_obj_unref(now);
            *name = a->s;
            if (now != a->obj)
                return t->c->number;
        }
    return 0;
}
