/* cmd_plot.c - "plot": a table as a figure for a paper: two groups of brains, or columns as curves, points or a histogram. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "chart.h"
#include "cmd.h"
#include "cohort.h"
#include "compare.h"
#include "draw.h"
#include "figure.h"
#include "mem.h"

static const struct vn_param params[] = {
    { .name = "table", .type = VN_P_OBJECT, .flags = VN_POS | VN_REQ, .kinds = VN_TABLE, .help = "with measure=: a cohort; with y=: any table" },
    { .name = "measure", .type = VN_P_TEXT, .help = "two groups of brains: measure to draw; several, separated by commas, become panels" },
    { .name = "x", .type = VN_P_TEXT, .help = "columns: the one along the horizontal axis" },
    { .name = "y", .type = VN_P_TEXT, .help = "columns: the one along the vertical axis, or up to 6, separated by commas" },
    { .name = "style", .type = VN_P_CHOICE, .def = "lines", .choices = "lines|points|histogram",
      .help = "columns: joined in order of rows, dots, or how many rows have which y (then without x)" },
    { .name = "to", .type = VN_P_PATH, .flags = VN_REQ | VN_PREF, .help = "figure to write, .pdf, .svg or .png; with .gp and .dat added, script and data beside it" },
    { .name = "a", .type = VN_P_TEXT, .help = "first group, the reference; the first in the table when it has two" },
    { .name = "b", .type = VN_P_TEXT, .help = "second group; the difference is b - a" },
    { .name = "region", .type = VN_P_TEXT, .help = "region to draw, when the table has regions" },
    { .name = "covariates", .type = VN_P_TEXT, .help = "columns that are no measures, separated by commas" },
    { .name = "seed", .type = VN_P_INT, .def = "1", .min = 0, .max = 4294967295.0, .help = "of the bootstrap and of drawn permutations" },
    { .name = "force", .type = VN_P_FLAG, .flags = VN_PREF, .help = "replace existing files" },
    { 0 },
};

static void name_files(struct vn_call *c, const char *to)
{
    char name[4200];
    vn_res_text(c, "to", to);
    snprintf(name, sizeof name, "%.4096s.gp", to);
    vn_res_text(c, "script", name);
    snprintf(name, sizeof name, "%.4096s.dat", to);
    vn_res_text(c, "data", name);
}

/* ---- two groups of brains ---- */

enum { MAX_PANEL = 12 };
struct panels { int n; struct vn_fig_panel p[MAX_PANEL]; double *x[MAX_PANEL]; const char **subject[MAX_PANEL]; };

static void panels_free(struct panels *ps)
{
    for (int i = 0; i < MAX_PANEL; i++) {
        vn_free(ps->x[i]);
        vn_free(ps->subject[i]);
    }
}

static int region_of(struct vn_call *c, const struct vn_cohort *co, int *region, struct vn_err *err)
{
    const char *name = vn_args_text(&c->args, "region");
    struct vn_str b = { 0 };

    *region = 0;
    if (!name && co->n_region == 1)
        return 0;
    for (int i = 0; i < co->n_region; i++) {
        if (name && !strcmp(co->region[i], name)) {
            *region = i;
            return 0;
        }
        vn_str_addf(&b, "%s%s", i ? ", " : "", co->region[i]);
    }
    if (name)
        vn_fail(err, VN_E_ARG, "no region is named '%s'; there are: %.600s", name, b.s && b.n ? b.s : "none");
    else
        vn_fail(err, VN_E_ARG, "there are %d regions (%.600s): say which, region=NAME", co->n_region, b.s ? b.s : "");
    vn_str_free(&b);
    return VN_E_ARG;
}

static int add_panel(struct vn_call *c, const struct vn_cohort *co, const char *name, int region, const int pair[2], struct panels *ps, struct vn_err *err)
{
    struct vn_compared r;
    int n[2], missing;
    const int k = ps->n, col = vn_cohort_measure(co, name, err);

    if (col < 0)
        return col;
    if (k == MAX_PANEL)
        return vn_fail(err, VN_E_ARG, "a figure has at most %d panels", MAX_PANEL);
    ps->n++;
    ps->x[k] = vn_alloc((uint64_t)co->table->n_row * sizeof(double), err);
    ps->subject[k] = vn_alloc((uint64_t)co->table->n_row * sizeof(char *), err);
    if (!ps->x[k] || !ps->subject[k])
        return VN_E_MEMORY;
    vn_cohort_values(co, col, region, pair, ps->x[k], ps->subject[k], n, &missing);
    if (n[0] < 2 || n[1] < 2)
        return vn_fail(err, VN_E_ARG, "%s: group '%s' has %d brains with values and '%s' %d; a figure of two groups needs at least 2 in each",
                       name, co->group[pair[0]], n[0], co->group[pair[1]], n[1]);
    if (missing)
        vn_call_note(c, "%s: brains without a value, left out: %d", name, missing);
    const int rc = vn_compare(ps->x[k], n[0], n[1], (uint64_t)vn_args_int(&c->args, "seed"), (uint64_t)k, &r, c->job, err);
    if (rc)
        return rc;
    ps->p[k] = (struct vn_fig_panel){
        .measure = co->table->col[col].name, .region = co->region[region],
        .group = { co->group[pair[0]], co->group[pair[1]] },
        .n = { n[0], n[1] }, .value = ps->x[k], .subject = ps->subject[k],
        .mean = { r.mean[0], r.mean[1] },
        .ci_of_mean = { { r.ci_of_mean[0][0], r.ci_of_mean[0][1] }, { r.ci_of_mean[1][0], r.ci_of_mean[1][1] } },
        .difference = r.difference, .ci_low = r.ci_low, .ci_high = r.ci_high,
        .hedges_g = r.hedges_g, .p = r.perm.p,
    };
    return 0;
}

static int draw(struct vn_call *c, const struct vn_table *t, const struct panels *ps, struct vn_err *err)
{
    const char *to = vn_args_text(&c->args, "to");
    struct vn_str note = { 0 };

    vn_str_addf(&note, "Venule %s: plot %s measure=%s seed=%lld", VN_VERSION, vn_call_name(c, "table"), vn_args_text(&c->args, "measure"),
                vn_args_int(&c->args, "seed"));
    if (t->note)
        vn_str_addf(&note, "\n%s", t->note);
    for (int i = 0; i < ps->n; i++)
        vn_str_addf(&note, "\n%s: %s - %s = %.6g (95 %% CI %.6g to %.6g), Hedges g %.3g, permutation p = %.3g, n = %d and %d brains", ps->p[i].measure,
                    ps->p[i].group[1], ps->p[i].group[0], ps->p[i].difference, ps->p[i].ci_low, ps->p[i].ci_high, ps->p[i].hedges_g, ps->p[i].p,
                    ps->p[i].n[0], ps->p[i].n[1]);
    int rc = note.failed ? vn_fail(err, VN_E_MEMORY, "no memory for the figure's note") : 0;
    if (!rc)
        rc = vn_figure_write(ps->p, ps->n, to, vn_args_flag(&c->args, "force"), note.s, c->job, err);
    vn_str_free(&note);
    if (rc)
        return rc;
    name_files(c, to);
    vn_res_text(c, "a", ps->p[0].group[0]);
    vn_res_text(c, "b", ps->p[0].group[1]);
    vn_res_int(c, "n_a", ps->p[0].n[0]);
    vn_res_int(c, "n_b", ps->p[0].n[1]);
    vn_res_int(c, "panels", ps->n);
    return 0;
}

static int plot_groups(struct vn_call *c, struct vn_table *t, struct vn_err *err)
{
    struct vn_cohort *co = NULL;
    struct panels ps = { 0 };
    char name[256];
    int pair[2], region = 0;

    int rc = vn_cohort_new(t, vn_call_name(c, "table"), vn_args_text(&c->args, "covariates"), &co, err);
    if (!rc)
        rc = vn_cohort_pair(co, vn_args_text(&c->args, "a"), vn_args_text(&c->args, "b"), pair, err);
    if (!rc)
        rc = region_of(c, co, &region, err);
    for (const char *s = vn_args_text(&c->args, "measure"); !rc && *s;) {
        const size_t len = strcspn(s, ",");
        snprintf(name, sizeof name, "%.*s", (int)len, s);
        rc = add_panel(c, co, name, region, pair, &ps, err);
        s += len + (s[len] == ',');
    }
    if (!rc)
        rc = draw(c, t, &ps, err);
    panels_free(&ps);
    vn_cohort_free(co);
    return rc;
}

/* ---- columns of any table ---- */

/* Column of numbers by name, or a code; the message lists what there is. */
static int column(const struct vn_table *t, const char *name, struct vn_err *err)
{
    const int k = vn_table_find(t, name);
    struct vn_str b = { 0 };

    if (k >= 0 && !t->col[k].is_text)
        return k;
    for (int i = 0; i < t->n_col; i++)
        if (!t->col[i].is_text)
            vn_str_addf(&b, "%s%s", b.n ? ", " : "", t->col[i].name);
    vn_fail(err, VN_E_ARG, k >= 0 ? "column '%s' holds words; columns of numbers: %.700s" : "no column is named '%s'; columns of numbers: %.700s", name, b.s ? b.s : "none");
    vn_str_free(&b);
    return VN_E_ARG;
}

/* Edges and counts of the rows' values, ceil(sqrt(rows)) bins, 5 to 100. */
static int count_rows(const double *v, int64_t n, struct vn_series *out, struct vn_err *err)
{
    double lo = INFINITY, hi = -INFINITY;
    int64_t finite = 0;

    for (int64_t i = 0; i < n; i++)
        if (isfinite(v[i])) {
            lo = fmin(lo, v[i]);
            hi = fmax(hi, v[i]);
            finite++;
        }
    if (!finite)
        return vn_fail(err, VN_E_ARG, "column '%s' has no numbers", out->name);
    if (lo == hi)
        hi = lo + (lo != 0 ? fabs(lo) * 1e-3 : 1);
    const int64_t bins = vn_max64(5, vn_min64(100, (int64_t)ceil(sqrt((double)finite))));
    double *x = vn_alloc((uint64_t)(bins + 1) * sizeof *x, err), *y = vn_calloc((uint64_t)bins + 1, sizeof *y, err);
    *out = (struct vn_series){ out->name, x, y, bins + 1 };
    if (!x || !y)
        return VN_E_MEMORY;
    for (int64_t i = 0; i <= bins; i++)
        x[i] = lo + (hi - lo) * (double)i / (double)bins;
    for (int64_t i = 0; i < n; i++)
        if (isfinite(v[i]))
            y[vn_min64(bins - 1, (int64_t)((v[i] - lo) / (hi - lo) * (double)bins))]++;
    return 0;
}

static int fill_chart(struct vn_call *c, const struct vn_table *t, struct vn_chart *chart, struct vn_err *err)
{
    const char *xname = vn_args_text(&c->args, "x"), *y = vn_args_text(&c->args, "y");
    const bool histogram = chart->style == VN_CHART_BARS;
    int kx = 0, rc;

    if (!y || histogram == (xname != NULL))
        return vn_fail(err, VN_E_USAGE, histogram ? "style=histogram takes y=COLUMN alone" : "say what to draw: measure= of a cohort, or x=COLUMN y=COLUMN");
    if (!histogram && (kx = column(t, xname, err)) < 0)
        return kx;
    while (*y) {
        const size_t n = strcspn(y, ",");
        char name[256];
        snprintf(name, sizeof name, "%.*s", (int)n, y);
        y += n + (y[n] == ',');
        const int ky = column(t, name, err);
        if (ky < 0)
            return ky;
        if (chart->n_series == (histogram ? 1 : VN_MAX_SERIES))
            return vn_fail(err, VN_E_ARG, "y=: at most %d column%s", histogram ? 1 : VN_MAX_SERIES, histogram ? "" : "s");
        struct vn_series *s = &chart->series[chart->n_series++];
        *s = (struct vn_series){ t->col[ky].name, histogram ? NULL : t->col[kx].num, histogram ? NULL : t->col[ky].num, t->n_row };
        if (histogram && (rc = count_rows(t->col[ky].num, t->n_row, s, err)))
            return rc;
    }
    chart->x_label = histogram ? chart->series[0].name : t->col[kx].name;
    chart->y_label = histogram ? "rows" : chart->n_series == 1 ? chart->series[0].name : "value";
    return 0;
}

static int plot_columns(struct vn_call *c, const struct vn_table *t, struct vn_err *err)
{
    struct vn_chart chart = { .style = (enum vn_chart_style)vn_args_int(&c->args, "style") };
    const char *to = vn_args_text(&c->args, "to");
    struct vn_str note = { 0 };
    int rc = fill_chart(c, t, &chart, err);

    if (!rc) {
        vn_str_addf(&note, "Venule %s: plot %s%s%s", VN_VERSION, vn_call_name(c, "table"), t->note ? "\n" : "", t->note ? t->note : "");
        rc = note.failed ? vn_fail(err, VN_E_MEMORY, "no memory for the figure's note")
                         : vn_chart_write(&chart, to, vn_args_flag(&c->args, "force"), note.s, c->job, err);
    }
    if (!rc) {
        name_files(c, to);
        vn_res_int(c, "rows", t->n_row);
    }
    if (chart.style == VN_CHART_BARS) {
        vn_free((double *)chart.series[0].x);
        vn_free((double *)chart.series[0].y);
    }
    vn_str_free(&note);
    return rc;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    const bool groups = vn_args_has(&c->args, "measure");
    enum vn_fig_type type;
    struct vn_table *t;
    int rc = vn_figure_type(vn_args_text(&c->args, "to"), &type, err);

    if (!rc && groups && (vn_args_has(&c->args, "x") || vn_args_has(&c->args, "y")))
        rc = vn_fail(err, VN_E_USAGE, "give either measure= (two groups of brains) or x= and y= (columns)");
    if (rc || (rc = vn_call_table(c, "table", &t, err)))
        return rc;
    return groups ? plot_groups(c, t, err) : plot_columns(c, t, err);
}

const struct vn_cmd vn_cmd_plot = { "plot", "draw groups of brains, or columns of a table, as a figure for a paper", params, 0, exec, NULL };
