/* cmd_sweep.c - "sweep": the numbers of the tuned chain over a range of one parameter, or of two. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "chart.h"
#include "draw.h"
#include "heat.h"
#include "mem.h"
#include "tuning.h"

static const struct vn_param params[] = {
    { "volume", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_IMAGE | VN_PROB, .help = "image or probability" },
    VN_KNOB_PARAMS("; or A:B:N"),
    { "truth", VN_P_OBJECT, 0, .kinds = VN_VOLUMES, .help = "mask that the results are held against" },
    { "as", VN_P_NAME, 0, .help = "name of the table: a row a setting" },
    { "to", VN_P_PATH, VN_PREF, .help = "the table as CSV" },
    { "plot", VN_P_PATH, VN_PREF, .help = "figure to write, .pdf, .svg or .png; with .gp and .dat added, script and data beside it" },
    { "force", VN_P_FLAG, VN_PREF, .help = "replace existing files" },
    { 0 },
};

enum { MAX_SETTINGS = 10000 };
struct range { int knob, n; double from, to; char unit[8]; };
struct sweep {
    struct vn_setting base;
    struct range r[2]; int n_range;
    struct vn_vol *v, *truth;
    struct vn_tune_numbers *n;          /* of each setting, the first range fastest */
    double *x[2];                       /* the values of each range */
};

/* A:B:N with a unit behind A, B or both. */
static int take_range(int knob, const char *s, struct range *r, struct vn_err *err)
{
    const enum vn_ptype type = vn_knob_param(knob)->type;
    char *a, *b, *end;
    *r = (struct range){ .knob = knob, .from = strtod(s, &a) };
    const size_t unit_a = strspn(a, "umvox");
    const char *second = a + unit_a + 1;
    if (a == s || a[unit_a] != ':')
        goto bad;
    r->to = strtod(second, &b);
    const size_t unit_b = strspn(b, "umvox");
    if (b == second || b[unit_b] != ':' || unit_a > 3 || unit_b > 3 || (unit_a && unit_b && (unit_a != unit_b || strncmp(a, b, unit_a))))
        goto bad;
    memcpy(r->unit, unit_b ? b : a, unit_b ? unit_b : unit_a);
    const char *third = b + unit_b + 1;
    const long n = strtol(third, &end, 10);
    if (end == third || *end || n < 2 || n > MAX_SETTINGS)
        return vn_fail(err, VN_E_ARG, "%s=%s: 2 to %d values are needed", vn_knobs[knob].name, s, MAX_SETTINGS);
    if (!isfinite(r->from) || !isfinite(r->to) || r->from == r->to)
        goto bad;
    r->n = (int)n;
    if (type == VN_P_INT || type == VN_P_REAL || type == VN_P_LENGTH || knob == VN_KNOB_FILL)
        return 0;
    return vn_fail(err, VN_E_ARG, "%s=%s: %s has no range of values", vn_knobs[knob].name, s, vn_knobs[knob].name);
bad:
    return vn_fail(err, VN_E_ARG, "%s=%s: expected FROM:TO:N, as %s=0.2:0.8:13", vn_knobs[knob].name, s, vn_knobs[knob].name);
}

static int take_settings(struct vn_call *c, struct sweep *w, struct vn_err *err)
{
    int rc = 0;
    for (int k = 0; k < VN_N_KNOB && !rc; k++) {
        const char *text = vn_args_text(&c->args, vn_knobs[k].name);
        if (!text)
            continue;
        if (!strchr(text, ':'))
            rc = vn_setting_put(&w->base, k, text, err);
        else if (w->n_range == 2)
            rc = vn_fail(err, VN_E_USAGE, "%s=%s is a third range: one or two parameters are swept", vn_knobs[k].name, text);
        else
            rc = take_range(k, text, &w->r[w->n_range++], err);
    }
    if (!rc && !w->n_range)
        rc = vn_fail(err, VN_E_USAGE, "a range is missing: one parameter as FROM:TO:N, for instance low=0.2:0.8:13");
    if (!rc && (long)w->r[0].n * (w->n_range == 2 ? w->r[1].n : 1) > MAX_SETTINGS)
        rc = vn_fail(err, VN_E_ARG, "%d x %d settings are more than %d", w->r[0].n, w->r[1].n, MAX_SETTINGS);
    for (int i = 0; i < w->n_range && !rc; i++) {
        if (!vn_setting_used(&w->base, w->r[i].knob, w->v->kind))
            return vn_fail(err, VN_E_ARG, "%s= has no effect here%s%s", vn_knobs[w->r[i].knob].name,
                           vn_knobs[w->r[i].knob].with ? ": it belongs to denoise=" :
                           w->r[i].knob == VN_KNOB_PERIOD ? ": artifact= is 0" : ": the volume is a probability",
                           vn_knobs[w->r[i].knob].with ? vn_knobs[w->r[i].knob].with : "");
        if (!(w->x[i] = vn_alloc((uint64_t)w->r[i].n * sizeof *w->x[i], err)))
            return VN_E_MEMORY;
        const bool whole = vn_knob_param(w->r[i].knob)->type == VN_P_INT || w->r[i].knob == VN_KNOB_FILL;
        for (int k = 0; k < w->r[i].n; k++) {
            const double v = w->r[i].from + (w->r[i].to - w->r[i].from) * k / (w->r[i].n - 1);
            char text[VN_KNOB_CHARS];
            snprintf(text, sizeof text, "%.9g", whole ? floor(v + 0.5) : v);
            w->x[i][k] = strtod(text, NULL);
        }
    }
    return rc;
}

static int total(const struct sweep *w) { return w->r[0].n * (w->n_range == 2 ? w->r[1].n : 1); }

static int run(struct vn_call *c, struct sweep *w, const struct vn_box *box, struct vn_err *err)
{
    struct vn_tune *t = vn_tune_new(w->v, w->truth, box, c->job, err);
    int rc = t ? 0 : err->code;

    if (!rc && !(w->n = vn_alloc((uint64_t)total(w) * sizeof *w->n, err)))
        rc = VN_E_MEMORY;
    for (int i = 0; i < total(w) && !rc; i++) {
        struct vn_setting x = w->base;
        struct vn_tune_set set = { 0 };
        struct vn_vol *mask = NULL;
        for (int k = 0; k < w->n_range && !rc; k++) {
            char text[48];
            snprintf(text, sizeof text, "%.9g%s", w->x[k][k ? i / w->r[0].n : i % w->r[0].n], w->r[k].unit);
            rc = vn_setting_put(&x, w->r[k].knob, text, err);
        }
        if (!rc)
            rc = vn_setting_build(&x, w->v->kind, &set, err);
        if (!rc)
            rc = vn_tune_run(t, &set, &mask, &w->n[i], c->job, err);
        if (!rc)
            rc = vn_tune_cldice(t, mask, &w->n[i].cldice, c->job, err);
        vn_vol_unref(mask);
        vn_tune_set_free(&set);
        vn_job_step(c->job, (uint64_t)i + 1, (uint64_t)total(w));
    }
    vn_tune_free(t);
    return rc;
}

/* The swept parameter's column: with its unit. */
static void column_name(const struct sweep *w, int i, char out[40])
{
    const struct vn_param *p = vn_knob_param(w->r[i].knob);
    const bool um = p->type == VN_P_LENGTH && (w->r[i].unit[0] ? w->r[i].unit[0] == 'u' : vn_um_known(&w->v->grid));
    snprintf(out, 40, "%s%s", vn_knobs[w->r[i].knob].name, p->type != VN_P_LENGTH ? "" : um ? "_um" : "_vox");
}

static int make_table(struct vn_call *c, const struct sweep *w, struct vn_table **out, struct vn_err *err)
{
    const char *name[VN_TUNE_COLS];
    double value[VN_TUNE_COLS];
    char swept[2][40];
    struct vn_str line = { 0 };
    struct vn_table *t = vn_table_new(err);
    const int n = vn_tune_columns(vn_um_known(&w->v->grid), w->truth != NULL, name);
    bool ok = t != NULL;

    for (int i = 0; i < w->n_range && ok; i++) {
        column_name(w, i, swept[i]);
        ok = vn_table_add_col(t, swept[i], false, err) >= 0;
    }
    for (int i = 0; i < n && ok; i++)
        ok = vn_table_add_col(t, name[i], false, err) >= 0;
    for (int i = 0; i < total(w) && ok; i++)
        if ((ok = !vn_table_add_row(t, err))) {
            for (int k = 0; k < w->n_range; k++)
                t->col[k].num[i] = w->x[k][k ? i / w->r[0].n : i % w->r[0].n];
            vn_tune_values(&w->n[i], value);
            for (int k = 0; k < n; k++)
                t->col[w->n_range + k].num[i] = value[k];
        }
    for (int i = 0; i < c->args.n; i++)
        if (c->args.v[i].given && !(c->args.params[i].flags & VN_PREF) && c->args.params[i].type != VN_P_NAME)
            vn_str_addf(&line, " %s=%s", c->args.params[i].name, c->args.v[i].s);
    ok = ok && !line.failed && (t->note = vn_sprintf(err, "Venule %s sweep%s", VN_VERSION, line.s));
    vn_str_free(&line);
    if (ok)
        *out = t;
    else
        vn_table_unref(t);
    return ok ? 0 : vn_fail(err, VN_E_MEMORY, "no memory for the table");
}

/* What the figure shows of two parameters: Dice, or components without a truth. */
static int draw(struct vn_call *c, const struct sweep *w, const struct vn_table *t, struct vn_err *err)
{
    const char *to = vn_args_text(&c->args, "plot");
    const bool force = vn_args_flag(&c->args, "force");
    const struct vn_column *n = t->col + w->n_range;           /* voxels, fraction, components, ..., dice, cldice */
    int rc;

    if (w->n_range == 2) {
        const struct vn_column *of = w->truth ? &n[VN_TUNE_COLS - 2] : &n[2];
        const struct vn_heat h = { t->col[0].name, t->col[1].name, w->truth ? "Dice" : of->name, w->r[0].n, w->r[1].n, w->x[0], w->x[1], of->num };
        rc = vn_heat_write(&h, to, force, t->note, c->job, err);
    } else {
        const double *x = t->col[0].num;
        struct vn_chart chart = { .style = VN_CHART_LINES, .x_label = t->col[0].name, .n_series = 2, .log_y = !w->truth,
                                  .y_label = w->truth ? "agreement" : "number",
                                  .series = { { "voxels", x, n[0].num, t->n_row }, { "components", x, n[2].num, t->n_row } } };
        if (w->truth) {
            chart.series[0] = (struct vn_series){ "Dice", x, n[VN_TUNE_COLS - 2].num, t->n_row };
            chart.series[1] = (struct vn_series){ "clDice", x, n[VN_TUNE_COLS - 1].num, t->n_row };
        }
        rc = vn_chart_write(&chart, to, force, t->note, c->job, err);
    }
    if (!rc)
        vn_res_text(c, "plot", to);
    return rc;
}

static void show(struct vn_call *c, const struct sweep *w, const struct vn_table *t)
{
    static const char *const what[2] = { "best_dice", "best_cldice" };
    vn_res_int(c, "settings", total(w));
    for (int k = 0; k < 2 && w->truth; k++) {
        const double *v = t->col[w->n_range + VN_TUNE_COLS - 2 + k].num;
        int best = -1;
        for (int i = 0; i < total(w); i++)
            if (isfinite(v[i]) && (best < 0 || v[i] > v[best]))
                best = i;
        vn_res_num(c, what[k], best < 0 ? NAN : v[best]);
        for (int i = 0; i < w->n_range && best >= 0; i++) {
            char key[64];
            snprintf(key, sizeof key, "%s_at_%s", what[k], t->col[i].name);
            vn_res_num(c, key, t->col[i].num[best]);
        }
    }
    if (!vn_um_known(&w->v->grid))
        vn_call_note(c, "the voxel size is not known: length is in voxels, taken as cubes");
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    const bool draws = vn_args_has(&c->args, "plot") && !c->remake, writes = vn_args_has(&c->args, "to") && !c->remake;
    struct sweep w = { .n_range = 0 };
    struct vn_table *t = NULL;
    struct vn_box box;
    enum vn_fig_type type;
    int rc = vn_call_vol(c, "volume", &w.v, err);

    if (!rc && vn_args_has(&c->args, "truth"))
        rc = vn_call_vol(c, "truth", &w.truth, err);
    if (!rc)
        rc = vn_call_region(c, w.v, &box, err);
    if (!rc && draws)
        rc = vn_figure_type(vn_args_text(&c->args, "plot"), &type, err);
    if (!rc)
        rc = take_settings(c, &w, err);
    if (!rc)
        rc = run(c, &w, &box, err);
    if (!rc)
        rc = make_table(c, &w, &t, err);
    if (!rc && draws)
        rc = draw(c, &w, t, err);
    if (!rc && writes && !(rc = vn_table_write_csv(t, vn_args_text(&c->args, "to"), vn_args_flag(&c->args, "force"), err)))
        vn_res_text(c, "to", vn_args_text(&c->args, "to"));
    if (!rc) {
        show(c, &w, t);
        rc = vn_call_output(c, 0, "", VN_TABLE, t, err);
        t = NULL;
    }
    vn_table_unref(t);
    vn_free(w.n);
    vn_free(w.x[0]);
    vn_free(w.x[1]);
    return rc;
}

const struct vn_cmd vn_cmd_sweep = { "sweep", "what the chain gives over a range of one or two parameters", params, VN_CMD_MAKES, exec, NULL };
