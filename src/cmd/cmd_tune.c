/* cmd_tune.c - "tune": the chain denoise -> segment -> deartifact -> threshold -> clean with numbers for each setting that is tried. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "file.h"
#include "mem.h"
#include "tuning.h"

static const struct vn_param params[] = {
    { "what", VN_P_TEXT, VN_POS, .help = "image or probability to begin with, or one of the words below" },
    { "with", VN_P_TEXT, VN_POS | VN_REST, .help = "use: number of a setting; ab: two; save: the file" },
    { "truth", VN_P_TEXT, 0, .help = "mask that the results are held against; that of the verb truth by default" },
    VN_KNOB_PARAMS(),
    { "as", VN_P_NAME, 0, .help = "accept: name of the mask; history: name of the table" },
    { "to", VN_P_PATH, VN_PREF, .help = "history: the table as CSV" },
    { "force", VN_P_FLAG, VN_PREF, .help = "replace an existing file" },
    { 0 },
};

/* ---- numbers ---- */

/* For people: what was set, and the numbers, in two lines. */
static void show_short(struct vn_call *c, const struct vn_tuning_view *v)
{
    const struct vn_tune_numbers *n = &v->n;
    struct vn_str *b = &c->text;
    bool any = false;

    vn_str_addf(b, "setting %d of %d:", v->tried + 1, v->n_tried);
    for (int k = 0; k < VN_N_KNOB; k++)
        if (v->now.text[k][0]) {
            vn_str_addf(b, " %s=%s", vn_knobs[k].name, v->now.text[k]);
            any = true;
        }
    vn_str_addf(b, "%s\n%llu voxels, %.3g %%, in %llu piece%s, length ", any ? "" : " automatic", (unsigned long long)n->voxels,
                100.0 * (double)n->voxels / (double)n->total, (unsigned long long)n->components, n->components == 1 ? "" : "s");
    vn_str_addf(b, v->um ? "%.4g m/mm\u00b3" : "%.4g voxels", v->um ? n->density : n->length);
    if (v->has_truth)
        vn_str_addf(b, ", Dice %.4f, clDice %.4f", n->dice, n->cldice);
    vn_str_add(b, "\n");
}

static void show(struct vn_call *c)
{
    struct vn_tuning_view v;
    const char *name[VN_TUNE_COLS];
    double value[VN_TUNE_COLS];

    vn_tuning_look(c->s, &v);
    if (!c->no_journal && !vn_runner_opt(c->r)->json) {
        show_short(c, &v);
        return;
    }
    vn_res_text(c, "of", v.name);
    vn_res_int(c, "setting", v.tried + 1);
    for (int k = 0; k < VN_N_KNOB; k++)
        if (v.value.text[k][0])
            vn_res_text(c, vn_knobs[k].name, v.value.text[k]);
    vn_tune_values(&v.n, value);
    const int n = vn_tune_columns(v.um, v.has_truth, name);
    for (int i = 0; i < n; i++)
        vn_res_num(c, name[i], value[i]);
}

static bool any_knob(const struct vn_call *c)
{
    for (int k = 0; k < VN_N_KNOB; k++)
        if (vn_args_given(&c->args, vn_knobs[k].name))
            return true;
    return false;
}

/* The keys of the command over the setting in force. */
static int change(struct vn_call *c, struct vn_err *err)
{
    struct vn_tuning_view v;
    int rc = 0;

    vn_tuning_look(c->s, &v);
    for (int k = 0; k < VN_N_KNOB && !rc; k++)
        if (vn_args_given(&c->args, vn_knobs[k].name))
            rc = vn_setting_put(&v.now, k, vn_args_text(&c->args, vn_knobs[k].name), err);
    return rc ? rc : vn_tuning_change(c, &v.now, err);
}

/* ---- words ---- */

/* Numbers of settings, from 1, of `with`; n of them. */
static int numbers(struct vn_call *c, int n, int out[2], struct vn_err *err)
{
    const char *s = vn_args_has(&c->args, "with") ? vn_args_text(&c->args, "with") : "";
    char *end = NULL;
    for (int i = 0; i < n; i++, s = end) {
        const long v = strtol(s, &end, 10);
        if (end == s || v < 1 || v > 1000000)
            return vn_fail(err, VN_E_USAGE, "%s takes %s of settings, from 1 on: 'tune history' lists them", vn_args_text(&c->args, "what"),
                           n == 1 ? "the number" : "two numbers");
        out[i] = (int)v - 1;
    }
    return *s ? vn_fail(err, VN_E_USAGE, "'%s' is too much: %d number%s", s, n, n == 1 ? "" : "s") : 0;
}

static int use(struct vn_call *c, struct vn_err *err)
{
    struct vn_setting x;
    struct vn_tune_numbers n;
    int i[2] = { 0, 0 };
    int rc = numbers(c, 1, i, err);
    if (rc)
        return rc;
    if (!vn_tuning_tried(c->s, i[0], &x, &n))
        return vn_fail(err, VN_E_ARG, "there is no setting %d: 'tune history' lists them", i[0] + 1);
    rc = vn_tuning_change(c, &x, err);
    if (!rc)
        show(c);
    return rc;
}

static void add_text(struct vn_call *c, cJSON *o, const char *key, const char *text)
{
    if (!cJSON_AddStringToObject(o, key, text))
        c->no_memory = true;
}

static void add_number(struct vn_call *c, cJSON *o, const char *key, double v)
{
    if (!(isfinite(v) ? cJSON_AddNumberToObject(o, key, v) : cJSON_AddNullToObject(o, key)))
        c->no_memory = true;
}

/* Knobs that have a text in one of the settings. */
static void used_knobs(struct vn_call *c, int from, int to, bool used[VN_N_KNOB])
{
    struct vn_setting x;
    struct vn_tune_numbers n;
    memset(used, 0, VN_N_KNOB * sizeof *used);
    for (int i = from; i < to && vn_tuning_tried(c->s, i, &x, &n); i++)
        for (int k = 0; k < VN_N_KNOB; k++)
            used[k] = used[k] || x.text[k][0];
}

/* One row a setting: its number, the knobs in `used`, the numbers. */
static void add_row(struct vn_call *c, cJSON *rows, int i, const bool used[VN_N_KNOB])
{
    const char *name[VN_TUNE_COLS];
    double value[VN_TUNE_COLS];
    struct vn_tuning_view v;
    struct vn_setting x;
    struct vn_tune_numbers n;
    cJSON *row = cJSON_CreateObject();

    if (!row || !cJSON_AddItemToArray(rows, row)) {
        cJSON_Delete(row);
        c->no_memory = true;
        return;
    }
    vn_tuning_look(c->s, &v);
    vn_tuning_tried(c->s, i, &x, &n);
    add_number(c, row, "setting", i + 1);
    for (int k = 0; k < VN_N_KNOB; k++)
        if (used[k])
            add_text(c, row, vn_knobs[k].name, x.text[k][0] ? x.text[k] : "auto");
    vn_tune_values(&n, value);
    for (int k = 0, m = vn_tune_columns(v.um, v.has_truth, name); k < m; k++)
        add_number(c, row, name[k], value[k]);
}

static int ab(struct vn_call *c, struct vn_err *err)
{
    bool used[VN_N_KNOB], all[VN_N_KNOB];
    int i[2] = { 0, 0 }, rc = numbers(c, 2, i, err);
    if (rc || (rc = vn_tuning_pair(c->s, i[0], i[1], err)))
        return rc;
    cJSON *rows = cJSON_AddArrayToObject(c->result, "settings");
    if (!rows)
        return vn_fail(err, VN_E_MEMORY, "no memory for the result");
    used_knobs(c, i[0], i[0] + 1, used);
    used_knobs(c, i[1], i[1] + 1, all);
    for (int k = 0; k < VN_N_KNOB; k++)
        used[k] = used[k] || all[k];
    for (int k = 0; k < 2; k++)
        add_row(c, rows, i[k], used);
    return 0;
}

static int history_table(struct vn_call *c, const struct vn_tuning_view *v, const bool used[VN_N_KNOB], struct vn_table **out, struct vn_err *err)
{
    const char *name[VN_TUNE_COLS];
    double value[VN_TUNE_COLS];
    struct vn_table *t = vn_table_new(err);
    const int n_col = vn_tune_columns(v->um, v->has_truth, name);
    struct vn_setting x;
    struct vn_tune_numbers n;
    bool ok = t && vn_table_add_col(t, "setting", false, err) >= 0;

    for (int k = 0; k < VN_N_KNOB && ok; k++)
        ok = !used[k] || vn_table_add_col(t, vn_knobs[k].name, true, err) >= 0;
    for (int k = 0; k < n_col && ok; k++)
        ok = vn_table_add_col(t, name[k], false, err) >= 0;
    for (int i = 0; ok && vn_tuning_tried(c->s, i, &x, &n); i++) {
        int col = 1;
        if (!(ok = !vn_table_add_row(t, err)))
            break;
        t->col[0].num[i] = i + 1;
        for (int k = 0; k < VN_N_KNOB && ok; k++)
            if (used[k])
                ok = !vn_table_set_text(t, i, col++, x.text[k][0] ? x.text[k] : "auto", err);
        vn_tune_values(&n, value);
        for (int k = 0; k < n_col && ok; k++)
            t->col[col + k].num[i] = value[k];
    }
    ok = ok && (t->note = vn_sprintf(err, "Venule %s settings of %s%s%s that were tried", VN_VERSION, v->name, v->has_truth ? " truth=" : "", v->truth));
    if (ok)
        *out = t;
    else
        vn_table_unref(t);
    return ok ? 0 : VN_E_MEMORY;
}

static int history(struct vn_call *c, struct vn_err *err)
{
    struct vn_tuning_view v;
    struct vn_table *t = NULL;
    bool used[VN_N_KNOB];
    int rc = 0;

    vn_tuning_look(c->s, &v);
    used_knobs(c, 0, v.n_tried, used);
    cJSON *rows = cJSON_AddArrayToObject(c->result, "settings");
    if (!rows)
        return vn_fail(err, VN_E_MEMORY, "no memory for the result");
    for (int i = v.n_tried > 100 ? v.n_tried - 100 : 0; i < v.n_tried; i++)
        add_row(c, rows, i, used);
    if (v.n_tried > 100)
        vn_call_note(c, "the last 100 of %d settings; as= or to= gives all", v.n_tried);
    c->no_journal = !vn_args_has(&c->args, "as") && !vn_args_has(&c->args, "to");
    if (c->no_journal || (rc = history_table(c, &v, used, &t, err)))
        return rc;
    if (vn_args_has(&c->args, "to") && !(rc = vn_table_write_csv(t, vn_args_text(&c->args, "to"), vn_args_flag(&c->args, "force"), err)))
        vn_res_text(c, "to", vn_args_text(&c->args, "to"));
    if (!rc && vn_args_has(&c->args, "as")) {
        rc = vn_call_output(c, 0, "", VN_TABLE, t, err);
        t = NULL;
    }
    vn_table_unref(t);
    return rc;
}

static int save(struct vn_call *c, struct vn_err *err)
{
    struct vn_tuning_view v;
    struct vn_str b = { 0 };
    struct vn_words path;
    const char *rest;
    int rc;

    if (!vn_args_has(&c->args, "with"))
        return vn_fail(err, VN_E_USAGE, "the file is missing: tune save FILE");
    if ((rc = vn_words_split(vn_args_text(&c->args, "with"), &rest, &path, err)))
        return rc;
    vn_tuning_look(c->s, &v);
    vn_str_addf(&b, "# Venule %s recipe, tuned on %s: recipe run FILE INPUT [as=NAME]\n", VN_VERSION, v.name);
    vn_setting_lines(&v.now, v.kind, "$1", "mask", &b);
    if (path.n != 1)
        rc = vn_fail(err, VN_E_USAGE, "one file is written: tune save FILE");
    else if (b.failed)
        rc = vn_fail(err, VN_E_MEMORY, "no memory for the recipe");
    struct vn_file *f = rc ? NULL : vn_file_begin(path.w[0], vn_args_flag(&c->args, "force"), err);
    if (!rc && !f)
        rc = err->code;
    if (f) {
        fwrite(b.s, 1, b.n, vn_file_stream(f));
        if (!(rc = vn_file_commit(f, err)))
            vn_res_text(c, "path", path.w[0]);
    }
    vn_words_free(&path);
    vn_str_free(&b);
    return rc;
}

/* The commands that do the same, to be run next: they, not this one, are what the journal keeps. */
static int accept(struct vn_call *c, struct vn_err *err)
{
    struct vn_tuning_view v;
    char as[64];
    int rc = vn_tuning_check(c, err);

    if (rc)
        return rc;
    vn_tuning_look(c->s, &v);
    if (vn_args_has(&c->args, "as"))
        snprintf(as, sizeof as, "%s", vn_args_text(&c->args, "as"));
    else
        vn_name_free_one(c->s, "tuned", as);
    if (strlen(as) > 61)
        return vn_fail(err, VN_E_ARG, "as=%s is too long: the steps' names have two characters more, and 63 are the most", as);
    vn_setting_lines(&v.now, v.kind, v.name, as, &c->next);
    vn_str_addf(&c->next, "overlay %s\n", as);
    c->no_journal = true;
    return 0;
}

static void set_panel(struct vn_call *c, const char *name)
{
    struct vn_view view = vn_session_view(c->s);
    snprintf(view.panel, sizeof view.panel, "%s", name);
    vn_session_set_view(c->s, &view);
}

static int off(struct vn_call *c, struct vn_err *err)
{
    (void)err;
    vn_tuning_off(c->s);
    set_panel(c, "");
    return 0;
}

static int step(struct vn_call *c, int way, struct vn_err *err)
{
    const int rc = vn_tuning_step(c, way, err);
    if (!rc)
        show(c);
    return rc;
}
static int undo(struct vn_call *c, struct vn_err *err) { return step(c, -1, err); }
static int redo(struct vn_call *c, struct vn_err *err) { return step(c, 1, err); }

static int reset(struct vn_call *c, struct vn_err *err)
{
    const int rc = vn_tuning_change(c, &(struct vn_setting){ { "" } }, err);
    if (!rc)
        show(c);
    return rc;
}

static const struct { const char *name; int (*run)(struct vn_call *c, struct vn_err *err); bool with, knobs; } word[] = {
    { "history", history, false }, { "use", use, true }, { "ab", ab, true }, { "undo", undo, false },
    { "redo", redo, false }, { "reset", reset, false }, { "save", save, true }, { "accept", accept, false },
    { "off", off, false },
};

static int start(struct vn_call *c, struct vn_err *err)
{
    struct vn_tuning_view v;
    const struct vn_view view = vn_session_view(c->s);
    int rc = 0;
    if (!vn_args_has(&c->args, "truth") && view.truth[0])                /* written out in the journal */
        rc = vn_args_set(&c->args, "truth", view.truth, err);
    if (!rc)
        rc = vn_tuning_start(c, vn_args_text(&c->args, "what"), vn_args_text(&c->args, "truth"), err);
    if (!rc && (rc = change(c, err)))
        vn_tuning_off(c->s);
    if (rc)
        return rc;
    vn_tuning_look(c->s, &v);
    if (!v.um)
        vn_call_note(c, "the voxel size is not known: length is in voxels, taken as cubes");
    set_panel(c, "tune");
    show(c);
    return 0;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    const char *what = vn_args_has(&c->args, "what") ? vn_args_text(&c->args, "what") : NULL;
    struct vn_tuning_view v;
    int rc = 0;
    size_t i = 0;

    while (what && i < VN_COUNT(word) && strcmp(what, word[i].name))
        i++;
    if (what && vn_args_has(&c->args, "with") && (i == VN_COUNT(word) || !word[i].with))
        return vn_fail(err, VN_E_USAGE, "'%s' is one word too many", vn_args_text(&c->args, "with"));
    if (what && i == VN_COUNT(word))
        return start(c, err);
    if (vn_args_has(&c->args, "truth"))
        return vn_fail(err, VN_E_USAGE, "truth= is given at the beginning: tune NAME truth=MASK");
    if (what && any_knob(c))
        return vn_fail(err, VN_E_USAGE, "'%s' takes no setting", what);
    vn_tuning_look(c->s, &v);
    if (!v.on && !(what && (!strcmp(what, "off") || !strcmp(what, "history"))))
        return vn_fail(err, VN_E_ARG, "nothing is tuned: 'tune NAME' begins");
    if (what)
        return word[i].run(c, err);
    c->no_journal = !any_knob(c);
    if (!c->no_journal)
        rc = change(c, err);
    if (!rc)
        show(c);
    return rc;
}

const struct vn_cmd vn_cmd_tune = {
    "tune", "turn the parameters of the chain and see the numbers", params, VN_CMD_MAKES | VN_CMD_READS | VN_CMD_VIEW, exec, NULL,
};
