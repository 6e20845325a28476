/* cmd.c - the runner: lines in, commands one after the other, results and messages out, successes into the journal.
 *
 * A command is parsed and finished on the calling (UI) thread; its exec runs as a job unless the verb is VN_CMD_NOW.
 * Lines wait in a list; `source` puts a file's lines in front.  A failure drops what waits. */
#include "cmd.h"
#include "call.h"
#include "file.h"
#include "job.h"
#include "mem.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <unistd.h>

struct waiting { struct waiting *next; char *from; int depth; char line[]; };   /* from: "FILE line 3", or NULL; depth: files around it */
enum { MAX_DEPTH = 16 };

struct vn_runner {
    struct vn_session *s;
    struct vn_run_opt o;
    struct vn_runner_hooks hooks;
    struct waiting *first;
    int depth;                           /* of the line that began last */
    struct vn_call *running;             /* the background command, NULL when idle */
    bool keep_going;                     /* of the running one */
    bool quit;
    char **journal; int n_journal, cap;
    FILE *record; char *record_path;
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

void vn_runner_free(struct vn_runner *r)
{
    if (!r)
        return;
    vn_runner_drop(r);
    vn_runner_record(r, NULL, false, NULL);
    for (int i = 0; i < r->n_journal; i++)
        vn_free(r->journal[i]);
    vn_free(r->journal);
    vn_free(r);
}

const struct vn_run_opt *vn_runner_opt(const struct vn_runner *r) { return &r->o; }
bool vn_runner_quit(const struct vn_runner *r) { return r->quit; }
void vn_runner_stop(struct vn_runner *r) { r->quit = true; vn_runner_drop(r); }
void vn_runner_set_hooks(struct vn_runner *r, const struct vn_runner_hooks *h) { r->hooks = *h; }
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
        clear_bar(r);
        fprintf(r->o.msg, "venule: %s%s%s\n", verb, *verb ? ": " : "", text);
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

/* from: "FILE line 3" of the command, or NULL. */
static void failure(struct vn_runner *r, const char *verb, const struct vn_call *c, const char *from, const struct vn_err *err)
{
    const size_t n = strlen(verb);
    const bool named = !strncmp(err->msg, verb, n) && err->msg[n] == ':';   /* the parser put the verb in front already */
    struct vn_err bare = *err;

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
    say(r, verb, bare.msg, true);
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

/* Names of the files the command was told to write. */
static void files_written(const struct vn_call *c, struct vn_str *b)
{
    for (int i = 0; i < c->args.n; i++)
        if (c->args.params[i].type == VN_P_PATH && (c->args.params[i].flags & VN_PREF) && c->args.v[i].given)
            vn_str_addf(b, "%s%s", b->n ? ", " : "", c->args.v[i].s);
}

/* The command into the journal and among the steps that can be undone. */
static int note_done(struct vn_runner *r, const struct vn_call *c, struct vn_err *err)
{
    struct vn_str line = { 0 }, files = { 0 };
    int rc = 0;

    vn_call_print(c, &line);
    if (!c->no_journal && !(c->cmd->flags & VN_CMD_NO_JOURNAL))
        rc = journal_add(r, line.failed ? NULL : line.s, err);
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
    if (!rc && c->no_memory)
        rc = vn_fail(err, VN_E_MEMORY, "no memory for the result");
    if (!rc)
        rc = vn_call_bind(c, err);
    if (rc) {
        failure(r, c->cmd->name, c, c->from, err);
    } else {
        for (cJSON *n = c->notes ? c->notes->child : NULL; n; n = n->next)
            say(r, c->cmd->name, n->valuestring, false);
        struct vn_err e;
        rc = result(r, c, err);
        if (note_done(r, c, &e) && !rc) {               /* a journal with a gap would not replay */
            *err = e;
            rc = e.code;
        }
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
    struct vn_words words;
    const char *rest;

    *c = NULL;
    *keep_going = false;
    r->first = w->next;
    r->depth = w->depth;
    int rc = vn_words_split(w->line, &rest, &words, err);
    if (rc) {
        failure(r, "syntax", NULL, w->from, err);
    } else {
        if (rest && !(rc = push(rest, strlen(rest), &r->first, err)) && w->from && !(r->first->from = vn_strdup(w->from, err)))
            rc = VN_E_MEMORY;
        if (rest && !rc)
            r->first->depth = w->depth;
        if (!rc && words.n) {
            if (rest)
                w->line[rest - w->line - 1] = '\0';         /* the command alone, without its ';' */
            if (r->hooks.echo)
                r->hooks.echo(r->hooks.ctx, w->line);
            rc = vn_call_parse(r, r->s, &words, r->o.prefixes, c, keep_going, err);
        }
        if (rc)
            failure(r, words.n ? words.w[0] + *keep_going : "", NULL, w->from, err);
        vn_words_free(&words);
    }
    if (*c) {
        (*c)->from = w->from;
        w->from = NULL;
    }
    vn_free(w->from);
    vn_free(w);
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

/* ---- background (TUI) ---- */

static void advance(struct vn_runner *r);

static void background_done(void *ctx, int rc, const struct vn_err *err)
{
    struct vn_runner *r = ((struct vn_call *)ctx)->r;
    struct vn_err e = *err;
    r->running = NULL;
    rc = finish(r, ctx, rc, &e);
    if (rc && !r->keep_going)
        vn_runner_drop(r);
    if (!r->first && r->hooks.done)
        r->hooks.done(r->hooks.ctx, rc);
    advance(r);
}

static void advance(struct vn_runner *r)
{
    while (r->first && !r->running) {
        struct vn_err err = { 0 };
        struct vn_call *c;
        bool keep_going;
        int rc = next(r, &c, &keep_going, &err);
        if (c && !(c->cmd->flags & VN_CMD_NOW)) {
            r->running = c;
            r->keep_going = keep_going;
            if (vn_job_submit(VN_REGION, c->cmd->name, exec_job, c, background_done, &err))
                return;
            r->running = NULL;
            rc = finish(r, c, VN_E_MEMORY, &err);
        } else if (c) {
            rc = finish(r, c, c->cmd->exec(c, &err), &err);
        }
        if (rc && !keep_going)
            vn_runner_drop(r);
        if (!r->first && r->hooks.done)
            r->hooks.done(r->hooks.ctx, rc);
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
    struct waiting **end = &r->first;

    if (r->running && is_now(r, line)) {                  /* looks while something computes: in front, at once */
        struct waiting *later = r->first;
        struct vn_call *busy = r->running;
        r->first = NULL;
        r->running = NULL;
        int rc = push(line, strlen(line), &r->first, err);
        if (!rc)
            advance(r);
        vn_runner_drop(r);
        r->first = later;
        r->running = busy;
        return rc;
    }
    while (*end)
        end = &(*end)->next;
    int rc = push(line, strlen(line), end, err);
    if (!rc)
        advance(r);
    return rc;
}
