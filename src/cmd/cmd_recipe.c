/* cmd_recipe.c - "recipe": the commands that made an object as a text file that takes other inputs.
 *
 * A recipe is a list of commands, one a line, in which $1, $2, ... stand for what came from outside (files, phantoms) and
 * names for what earlier lines made. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "call.h"
#include "file.h"
#include "lineage.h"
#include "mem.h"

static const struct vn_param params[] = {
    { "action", VN_P_CHOICE, VN_POS | VN_REQ, .choices = "save|show|run", .help = "write an object's recipe to a file, print it, or run a recipe file" },
    { "what", VN_P_TEXT, VN_POS | VN_REQ, .help = "save, show: the object; run: the recipe file" },
    { "with", VN_P_TEXT, VN_POS | VN_REST, .help = "save: the file to write; run: an object or file for each of $1, $2, ..." },
    { "exact", VN_P_FLAG, 0, .help = "write automatic parameters as the values they had, voxel sizes that were set, and the regions" },
    { "as", VN_P_NAME, 0, .help = "run: name of the result; steps on the way are NAME_STEP. By default INPUT_NAME, INPUT_STEP" },
    { "force", VN_P_FLAG, VN_PREF, .help = "save: replace an existing file" },
    { 0 },
};

/* ---- writing ---- */

enum { MAX_INPUT = 32 };
struct writer {
    struct vn_lineage l;
    bool *source;                      /* of each call: is it an input? */
    char (*name)[64];                  /* of each call: as= in the recipe */
    struct vn_obj *input[MAX_INPUT]; int n_input;
    const struct vn_obj *step;         /* being written */
    char word[128];
};

static int call_of(const struct writer *w, const struct vn_obj *o)
{
    int i = 0;
    while (!vn_same_call(w->l.o[i], o))
        i++;
    return i;
}

/* What comes from outside: made from nothing, or (unless exact) only told its voxel size, which belongs to the file. */
static bool is_source(const struct writer *w, const struct vn_obj *o, bool exact)
{
    struct vn_obj *in = vn_obj_input(o, 0);
    return !in || (!exact && !strcmp(o->verb, "set") && vn_args_has(&o->args, "voxel") && w->source[call_of(w, in)]);
}

/* as= of step i, other than those before it. */
static void name_step(struct writer *w, int i)
{
    const struct vn_obj *o = w->l.o[i];
    snprintf(w->name[i], sizeof w->name[i], "%.*s", o->n_as, o->name);
    for (int k = 0, try = 2; k < i; k++)
        if (!w->source[k] && !strcmp(w->name[k], w->name[i])) {
            snprintf(w->name[i], sizeof w->name[i], "%.*s_%d", o->n_as < 56 ? o->n_as : 56, o->name, try++);
            k = -1;
        }
}

/* vn_word_fn: an object's word in the recipe. */
static const char *recipe_word(void *ctx, int i, const char *was, struct vn_err *err)
{
    struct writer *w = ctx;
    const struct vn_obj *o = w->step->args.v[i].obj ? w->step->args.v[i].obj : w->step;
    const int call = call_of(w, o);
    int k = 0;

    (void)was;
    if (o == w->step)                                   /* as= */
        return w->name[call];
    if (!w->source[call]) {
        snprintf(w->word, sizeof w->word, "%s%s", w->name[call], o->name + o->n_as);
        return w->word;
    }
    while (k < w->n_input && w->input[k] != o)
        k++;
    if (k == MAX_INPUT) {
        vn_fail(err, VN_E_UNSUPPORTED, "it was made from more than %d inputs", MAX_INPUT);
        return NULL;
    }
    if (k == w->n_input)
        w->input[w->n_input++] = (struct vn_obj *)o;
    snprintf(w->word, sizeof w->word, "$%d", k + 1);
    return w->word;
}

static int write_steps(struct writer *w, bool exact, struct vn_str *b, int *n_step, struct vn_err *err)
{
    struct vn_words words;
    const char *rest;
    int rc = 0;

    *n_step = 0;
    for (int i = 0; i < w->l.n && !rc; i++) {
        const struct vn_obj *o = w->l.o[i], *before = w->step;
        if (w->source[i])
            continue;
        w->step = o;
        if (exact && !before && !o->has_roi)            /* whatever the region is where it is run */
            vn_str_add(b, "roi off\n");
        else if (exact && vn_roi_line(before, o, b))
            vn_str_add(b, "\n");
        if ((rc = vn_words_split(exact || !o->typed ? o->line : o->typed, &rest, &words, err)))
            break;
        rc = vn_words_map(&words, VN_PREF, recipe_word, w, b, err);
        vn_words_free(&words);
        vn_str_add(b, "\n");
        ++*n_step;
    }
    return rc;
}

/* "# " and text, what would break the line as blanks. */
static void comment(struct vn_str *b, const char *text)
{
    vn_str_add(b, "# ");
    for (; *text; text++)
        vn_str_addn(b, iscntrl((unsigned char)*text) ? " " : text, 1);
    vn_str_add(b, "\n");
}

static void write_head(struct vn_call *c, const struct writer *w, const char *name, bool exact, struct vn_str *b)
{
    char text[1200], key[33], a[32], y[32], z[32];

    snprintf(text, sizeof text, "Venule %s recipe of '%s'%s: recipe run FILE INPUT... [as=NAME]", VN_VERSION, name, exact ? ", exact" : "");
    comment(b, text);
    for (int i = 0; i < w->n_input; i++) {
        struct vn_obj *o = w->input[i];
        struct vn_vol *v = o->kind & VN_VOLUMES ? vn_obj_peek(c->s, o) : NULL;
        vn_key_hex(o->key, key);
        int n = snprintf(text, sizeof text, "$%d was %s, %s, %s, key %s", i + 1, o->name, vn_kind_name(o->kind), o->shape, key);
        if (v && vn_um_known(&v->grid))
            n += snprintf(text + n, sizeof text - (size_t)n, ", voxel %sx%sx%s um", vn_text_real(v->grid.um[0], a), vn_text_real(v->grid.um[1], y),
                          vn_text_real(v->grid.um[2], z));
        snprintf(text + n, sizeof text - (size_t)n, ": %.800s", o->line);
        comment(b, text);
        vn_vol_unref(v);
    }
}

static int recipe_text(struct vn_call *c, struct vn_str *b, struct writer *w, int *n_step, struct vn_err *err)
{
    const char *name = vn_args_text(&c->args, "what");
    const bool exact = vn_args_flag(&c->args, "exact");
    struct vn_obj *o = vn_session_get(c->s, name);
    struct vn_str steps = { 0 };
    int rc;

    if (!o)
        return vn_fail(err, VN_E_ARG, "no object is named '%s'", name);
    if ((rc = vn_lineage(o, &w->l, err)))
        goto out;
    w->source = vn_calloc((uint64_t)w->l.n, sizeof *w->source, err);
    w->name = vn_calloc((uint64_t)w->l.n, sizeof *w->name, err);
    if (!w->source || !w->name) {
        rc = VN_E_MEMORY;
        goto out;
    }
    for (int i = 0; i < w->l.n; i++) {
        w->source[i] = is_source(w, w->l.o[i], exact);
        if (!w->source[i])
            name_step(w, i);
    }
    if ((rc = write_steps(w, exact, &steps, n_step, err)))
        goto out;
    if (!*n_step)
        rc = vn_fail(err, VN_E_ARG, "'%s' was made from no other object (%s): it has no recipe", name, o->line);
    else {
        write_head(c, w, name, exact, b);
        vn_str_addn(b, steps.s, steps.n);
        if (b->failed || steps.failed)
            rc = vn_fail(err, VN_E_MEMORY, "no memory for the recipe");
    }
out:
    vn_str_free(&steps);
    vn_free(w->source);
    vn_free(w->name);
    vn_free(w->l.o);
    vn_obj_unref(o);
    return rc;
}

static int save(struct vn_call *c, struct vn_err *err)
{
    struct vn_str b = { 0 };
    struct writer w = { 0 };
    struct vn_words path;
    const char *rest;
    int n_step, rc;

    if (!vn_args_has(&c->args, "with"))
        return vn_fail(err, VN_E_USAGE, "the file is missing: recipe save NAME FILE");
    if ((rc = vn_words_split(vn_args_text(&c->args, "with"), &rest, &path, err)))
        return rc;
    if (path.n != 1)
        rc = vn_fail(err, VN_E_USAGE, "one file is written: recipe save NAME FILE");
    if (!rc)
        rc = recipe_text(c, &b, &w, &n_step, err);
    struct vn_file *f = rc ? NULL : vn_file_begin(path.w[0], vn_args_flag(&c->args, "force"), err);
    if (!rc && !f)
        rc = err->code;
    if (f) {
        fwrite(b.s, 1, b.n, vn_file_stream(f));
        rc = vn_file_commit(f, err);
    }
    if (!rc) {
        vn_res_text(c, "path", path.w[0]);
        vn_res_int(c, "steps", n_step);
        vn_res_int(c, "inputs", w.n_input);
    }
    vn_words_free(&path);
    vn_str_free(&b);
    return rc;
}

static int show(struct vn_call *c, struct vn_err *err)
{
    struct writer w = { 0 };
    int n_step;

    c->no_journal = true;
    if (vn_args_has(&c->args, "with"))
        return vn_fail(err, VN_E_USAGE, "'%s' is one word too many: recipe show NAME", vn_args_text(&c->args, "with"));
    return recipe_text(c, &c->text, &w, &n_step, err);
}

/* ---- running ---- */

struct made { char was[64], is[160]; };
struct reader {
    const char *path;
    const char *input[MAX_INPUT]; int n_input, n_used;      /* names of objects; NULL while the lines are only looked at */
    struct made *made; int n_made, cap;
    bool roi;
    char word[224];
};

static bool add_made(struct reader *r, const char *name, struct vn_err *err)
{
    if (r->n_made == r->cap) {
        struct made *more = vn_realloc(r->made, (uint64_t)(r->cap * 2 + 16) * sizeof *more, err);
        if (!more)
            return false;
        r->made = more;
        r->cap = r->cap * 2 + 16;
    }
    snprintf(r->made[r->n_made++].was, 64, "%s", name);
    return true;
}

/* vn_word_fn, first pass: counts inputs, notes names. */
static const char *look_word(void *ctx, int i, const char *was, struct vn_err *err)
{
    struct reader *r = ctx;
    (void)i;
    if (*was != '$')
        return was;
    const long k = strtol(was + 1, NULL, 10);
    if (k < 1 || k > MAX_INPUT || strspn(was + 1, "0123456789") != strlen(was + 1)) {
        vn_fail(err, VN_E_FORMAT, "'%s' is no input: $1 to $%d", was, MAX_INPUT);
        return NULL;
    }
    r->n_used = k > r->n_used ? (int)k : r->n_used;
    return was;
}

/* vn_word_fn, second pass: names in the session.  An output's suffix (t_segments of t) stays. */
static const char *run_word(void *ctx, int i, const char *was, struct vn_err *err)
{
    struct reader *r = ctx;
    const struct made *best = NULL;

    (void)i;
    if (*was == '$')
        return r->input[strtol(was + 1, NULL, 10) - 1];
    for (int k = 0; k < r->n_made; k++) {
        const size_t n = strlen(r->made[k].was);
        if (!strncmp(was, r->made[k].was, n) && (!was[n] || was[n] == '_') && (!best || n > strlen(best->was)))
            best = &r->made[k];
    }
    if (!best) {
        vn_fail(err, VN_E_FORMAT, "'%s' is neither made here nor an input ($1)", was);
        return NULL;
    }
    snprintf(r->word, sizeof r->word, "%s%s", best->is, was + strlen(best->was));
    return r->word;
}

/* One command of a recipe. first: the first pass. */
static int take_command(struct reader *r, const struct vn_words *words, bool first, struct vn_str *b, struct vn_err *err)
{
    const struct vn_cmd *cmd = vn_cmd_find(words->w[0], false, err);
    const bool roi = cmd && !strcmp(cmd->name, "roi");

    if (!cmd)
        return err->code;
    if (!roi && (cmd->flags & (VN_CMD_MAKES | VN_CMD_TURN)) != VN_CMD_MAKES)
        return vn_fail(err, VN_E_FORMAT, "'%s' does not make an object: a recipe holds commands that do, and roi", cmd->name);
    r->roi |= roi;
    int rc = vn_words_map(words, 0, first ? look_word : run_word, r, b, err);
    if (!rc && first && !roi) {
        const char *as = NULL;
        for (int i = 1; i < words->n; i++)
            as = !words->quoted[i] && !strncmp(words->w[i], "as=", 3) ? words->w[i] + 3 : as;
        if (!as)
            return vn_fail(err, VN_E_FORMAT, "'%s' does not say as=, the name of its result", cmd->name);
        rc = add_made(r, as, err) ? 0 : VN_E_MEMORY;
    }
    return rc;
}

/* Every line of text, mapped, into b: as many lines as there were. */
static int take_lines(struct reader *r, const char *text, bool first, struct vn_str *b, struct vn_err *err)
{
    for (int line = 1; *text; line++) {
        const size_t n = strcspn(text, "\n");
        char *copy = vn_sprintf(err, "%.*s", (int)n, text);
        struct vn_words words;
        const char *rest = copy;
        int rc = copy ? 0 : VN_E_MEMORY;
        for (int k = 0; !rc && rest; k++) {
            if ((rc = vn_words_split(rest, &rest, &words, err)))
                break;
            if (words.n) {
                vn_str_add(b, k ? "; " : "");
                rc = take_command(r, &words, first, b, err);
            }
            vn_words_free(&words);
        }
        vn_free(copy);
        if (rc) {
            vn_err_prefix(err, "%s line %d", r->path, line);
            return rc;
        }
        vn_str_add(b, "\n");
        text += n + (text[n] == '\n');
    }
    return 0;
}

/* The object of input word k, or a name for the file it names, whose `open` is added to b. */
static int take_input(struct vn_call *c, struct reader *r, const char *word, char name[64], struct vn_str *b, struct vn_err *err)
{
    struct vn_obj *o = vn_name_valid(word) ? vn_session_get(c->s, word) : NULL;
    char stem[64], free_name[64];

    if (o) {
        vn_obj_unref(o);
        snprintf(name, 64, "%s", word);
        return 0;
    }
    if (access(word, F_OK))
        return vn_fail(err, VN_E_ARG, "'%s' is neither an object nor a file", word);
    vn_stem_name(word, stem);
    vn_name_free_one(c->s, stem, free_name);
    for (int k = 0, try = 2; k < r->n_input; k++)           /* two files of one name */
        if (!strcmp(r->input[k], free_name)) {
            snprintf(name, 64, "%.50s_%d", stem, try++);
            vn_name_free_one(c->s, name, free_name);
            k = -1;
        }
    snprintf(name, 64, "%s", free_name);
    struct vn_str path = { 0 };
    vn_word_print(word, &path);
    vn_str_addf(b, strchr(word, '=') && path.s && path.s[0] == word[0] ? "open \"%s\" as=%s\n" : "open %s as=%s\n", path.s ? path.s : "", name);
    b->failed |= path.failed;
    vn_str_free(&path);
    return 0;
}

static int run_file(struct vn_call *c, struct reader *r, const struct vn_words *inputs, char (*name)[64], const char *text, struct vn_err *err)
{
    const char *as = vn_args_text(&c->args, "as");
    struct vn_str look = { 0 }, lines = { 0 }, opens = { 0 };
    struct vn_box roi;
    int rc = take_lines(r, text, true, &look, err);

    if (!rc && !r->n_made)
        rc = vn_fail(err, VN_E_FORMAT, "'%s' holds no command", r->path);
    if (!rc && (inputs->n != r->n_used || inputs->n > MAX_INPUT))
        rc = vn_fail(err, VN_E_ARG, "'%s' takes %d input%s ($1%s), not %d", r->path, r->n_used, r->n_used == 1 ? "" : "s", r->n_used > 1 ? ", $2, ..." : "", inputs->n);
    for (int i = 0; i < inputs->n && !rc; i++)
        if (!(rc = take_input(c, r, inputs->w[i], name[i], &opens, err)))
            r->input[r->n_input++] = name[i];
    for (int i = 0; i < r->n_made && !rc; i++) {
        struct made *m = &r->made[i];
        const bool last = !strcmp(m->was, r->made[r->n_made - 1].was);
        if (as && last)
            snprintf(m->is, sizeof m->is, "%s", as);
        else
            snprintf(m->is, sizeof m->is, "%s_%s", as ? as : r->n_input ? r->input[0] : "recipe", m->was);
    }
    if (!rc)
        rc = take_lines(r, text, false, &lines, err);
    if (!rc && r->roi) {                                     /* the region is the caller's again afterwards */
        vn_str_add(&lines, "roi ");
        if (vn_session_roi(c->s, &roi))
            vn_box_print(&roi, &lines);
        else
            vn_str_add(&lines, "off");
    }
    if (!rc && (lines.failed || opens.failed))
        rc = vn_fail(err, VN_E_MEMORY, "no memory for the recipe");
    if (!rc && !(rc = vn_runner_push(c->r, lines.s, r->path, err)) && opens.n)
        rc = vn_runner_push(c->r, opens.s, NULL, err);
    if (!rc) {
        vn_res_text(c, "recipe", r->path);
        vn_res_int(c, "steps", r->n_made);
        vn_res_text(c, "makes", r->made[r->n_made - 1].is);
    }
    vn_str_free(&look);
    vn_str_free(&lines);
    vn_str_free(&opens);
    return rc;
}

static int run(struct vn_call *c, struct vn_err *err)
{
    struct reader r = { .path = vn_args_text(&c->args, "what") };
    struct vn_words inputs = { 0 };
    const char *with = vn_args_text(&c->args, "with"), *rest;
    size_t n;
    int rc;

    c->no_journal = true;                                    /* its commands are journaled */
    if (vn_args_flag(&c->args, "exact"))
        return vn_fail(err, VN_E_USAGE, "exact goes with save and show; a recipe is run as it is written");
    char *text = vn_file_read(r.path, 1 << 20, &n, err);
    if (!text)
        return err->code;
    rc = vn_words_split(with ? with : "", &rest, &inputs, err);
    char (*name)[64] = rc ? NULL : vn_calloc((uint64_t)inputs.n + 1, sizeof *name, err);
    if (!rc)
        rc = name ? run_file(c, &r, &inputs, name, text, err) : VN_E_MEMORY;
    vn_free(name);
    vn_words_free(&inputs);
    vn_free(r.made);
    vn_free(text);
    return rc;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    static int (*const action[])(struct vn_call *, struct vn_err *) = { save, show, run };
    return action[vn_args_int(&c->args, "action")](c, err);
}

const struct vn_cmd vn_cmd_recipe = {
    "recipe", "the commands that made an object, for other inputs", params, VN_CMD_NOW | VN_CMD_TURN | VN_CMD_MAKES, exec, NULL,
};
