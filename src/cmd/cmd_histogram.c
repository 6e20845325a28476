/* cmd_histogram.c - "histogram": how many voxels have which value, as a table and a figure. */
#include <math.h>
#include "chart.h"
#include "cmd.h"
#include "draw.h"
#include "hist.h"
#include "mem.h"

static const struct vn_param params[] = {
    { .name = "volume", .type = VN_P_OBJECT, .flags = VN_POS | VN_REQ, .kinds = VN_VOLUMES, .help = "volume whose voxels are counted" },
    { .name = "bins", .type = VN_P_INT, .def = "256", .min = 1, .max = 65536, .help = "how many bins; for whole numbers at most, and each as wide as a whole number" },
    { .name = "range", .type = VN_P_REALS, .unit = "grey values", .help = "LOW,HIGH: from LOW to below HIGH (of a volume of real numbers HIGH too); least to largest value when left out" },
    { .name = "as", .type = VN_P_NAME, .help = "name of the table: value_low, value_high, count, fraction" },
    { .name = "to", .type = VN_P_PATH, .flags = VN_PREF, .help = "figure to write, .pdf, .svg or .png; with .gp and .dat added, script and data beside it" },
    { .name = "log", .type = VN_P_FLAG, .flags = VN_PREF, .help = "counts on a logarithmic axis in the figure" },
    { .name = "thresholds", .type = VN_P_REALS, .flags = VN_PREF, .unit = "grey values", .help = "values marked by vertical lines in the figure" },
    { .name = "force", .type = VN_P_FLAG, .flags = VN_PREF, .help = "replace existing files" },
    { 0 },
};

struct bins { double lo, hi; int n; bool whole; double width; };

/* Whole numbers: bins hold equally many of them, edges lie on them; the range is widened to whole bins. */
static int choose_bins(struct vn_call *c, bool whole, const struct vn_hist *h, struct bins *out, struct vn_err *err)
{
    const struct vn_arg *range = vn_arg(&c->args, "range");
    const double want = (double)vn_args_int(&c->args, "bins");
    double lo = h->min, hi = whole ? h->max + 1 : h->max;

    if (range->has) {
        if (range->i != 2 || !(range->d[0] < range->d[1]))
            return vn_fail(err, VN_E_ARG, "range=%s: LOW,HIGH with LOW below HIGH is needed", range->s);
        lo = whole ? ceil(range->d[0]) : range->d[0];
        hi = whole ? ceil(range->d[1]) : range->d[1];
        if (!(lo < hi))
            return vn_fail(err, VN_E_ARG, "range=%s holds no whole number", range->s);
    }
    if (!whole && lo == hi) {                                /* one value: one bin of no width */
        *out = (struct bins){ .lo = lo, .hi = hi, .n = 1 };
        return 0;
    }
    *out = (struct bins){ .lo = lo, .hi = hi, .n = (int)want, .whole = whole, .width = (hi - lo) / want };
    if (whole) {
        out->width = ceil((hi - lo) / want);
        out->n = (int)ceil((hi - lo) / out->width);
        out->hi = lo + out->width * out->n;
    }
    return 0;
}

static double edge(const struct bins *b, int i) { return i == b->n ? b->hi : b->whole ? b->lo + b->width * i : b->lo + (b->hi - b->lo) * i / b->n; }

static int make_table(struct vn_call *c, const struct bins *b, const uint64_t *count, uint64_t n, struct vn_table **out, struct vn_err *err)
{
    static const char *const name[] = { "value_low", "value_high", "count", "fraction" };
    struct vn_table *t = vn_table_new(err);
    bool ok = t != NULL;

    for (int i = 0; ok && i < 4; i++)
        ok = vn_table_add_col(t, name[i], false, err) >= 0;
    for (int i = 0; ok && i < b->n; i++)
        if ((ok = !vn_table_add_row(t, err))) {
            t->col[0].num[i] = edge(b, i);
            t->col[1].num[i] = edge(b, i + 1);
            t->col[2].num[i] = (double)count[i];
            t->col[3].num[i] = n ? (double)count[i] / (double)n : NAN;
        }
    ok = ok && (t->note = vn_sprintf(err, "Venule %s histogram %s", VN_VERSION, vn_call_name(c, "volume")));
    if (ok)
        *out = t;
    else
        vn_table_unref(t);
    return ok ? 0 : VN_E_MEMORY;
}

static int draw(struct vn_call *c, enum vn_kind kind, const struct bins *b, const struct vn_table *t, struct vn_err *err)
{
    const struct vn_arg *marks = vn_arg(&c->args, "thresholds");
    const char *to = vn_args_text(&c->args, "to");
    double *x = vn_alloc((uint64_t)(b->n + 1) * sizeof *x, err), *y = vn_alloc((uint64_t)(b->n + 1) * sizeof *y, err);
    struct vn_chart chart = { .style = VN_CHART_BARS, .x_label = kind == VN_PROB ? "probability" : kind == VN_LABELS ? "label" : "grey value",
                              .y_label = "voxels", .log_y = vn_args_flag(&c->args, "log"),
                              .n_series = 1, .series = { { NULL, x, y, b->n + 1 } } };
    struct vn_str note = { 0 };
    int rc = x && y ? 0 : VN_E_MEMORY;

    for (int i = 0; !rc && i <= b->n; i++) {
        x[i] = edge(b, i);
        y[i] = i < b->n ? t->col[2].num[i] : 0;
    }
    for (; marks->has && chart.n_mark < marks->i; chart.n_mark++)
        chart.mark[chart.n_mark] = marks->d[chart.n_mark];
    vn_str_addf(&note, "%s\nbins from value_low to below value_high: %d", t->note, b->n);
    if (!rc && note.failed)
        rc = vn_fail(err, VN_E_MEMORY, "no memory for the figure's note");
    if (!rc)
        rc = vn_chart_write(&chart, to, vn_args_flag(&c->args, "force"), note.s, c->job, err);
    if (!rc)
        vn_res_text(c, "to", to);
    vn_str_free(&note);
    vn_free(x);
    vn_free(y);
    return rc;
}

static int settle_range(struct vn_call *c, const struct bins *b, struct vn_err *err)
{
    char lo[32], hi[32], text[80];
    snprintf(text, sizeof text, "%s,%s", vn_text_real(b->lo, lo), vn_text_real(b->hi, hi));
    return b->width > 0 ? vn_args_set(&c->args, "range", text, err) : 0;
}

static int count(struct vn_call *c, struct vn_vol *v, const struct vn_box *box, const struct vn_hist *h, struct vn_table **t, struct vn_err *err)
{
    const bool draws = vn_args_has(&c->args, "to") && !c->remake;
    struct bins b = { 0 };
    uint64_t *n, inside = 0;
    enum vn_fig_type type;
    int rc = draws ? vn_figure_type(vn_args_text(&c->args, "to"), &type, err) : 0;

    if (!rc && !h->n && !vn_args_has(&c->args, "range"))
        rc = vn_fail(err, VN_E_ARG, "'%s' has no finite voxel here", vn_call_name(c, "volume"));
    if (rc || (rc = choose_bins(c, vn_type_is_int(v->src->type), h, &b, err)))
        return rc;
    if (!(n = vn_calloc((uint64_t)b.n, sizeof *n, err)))
        return VN_E_MEMORY;
    if (!(b.width > 0))
        n[0] = h->n;
    else                                                     /* between whole numbers nothing can fall on the wrong side of an edge */
        rc = vn_hist_linear(v, box, b.whole ? b.lo - 0.5 : b.lo, b.whole ? b.hi - 0.5 : b.hi, b.n, n, c->job, err);
    if (!rc)
        rc = make_table(c, &b, n, h->n, t, err);
    if (!rc && draws)
        rc = draw(c, v->kind, &b, *t, err);
    if (!rc)
        rc = settle_range(c, &b, err);
    for (int i = 0; i < b.n; i++)
        inside += n[i];
    vn_free(n);
    if (rc)
        return rc;
    vn_res_int(c, "bins", b.n);
    vn_res_nums(c, "range", (double[]){ b.lo, b.hi }, 2);
    vn_res_int(c, "voxels", (int64_t)h->n);
    vn_res_int(c, "outside", (int64_t)(h->n - inside));
    vn_res_num(c, "min", h->min);
    vn_res_num(c, "max", h->max);
    vn_res_num(c, "mean", h->mean);
    vn_res_num(c, "sd", h->sd);
    if (h->n_nan || h->n_inf)
        vn_call_note(c, "not counted: %llu voxels that are no number, %llu that are infinite", (unsigned long long)h->n_nan, (unsigned long long)h->n_inf);
    return 0;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    const struct vn_hist *h = NULL;
    struct vn_hist own = { 0 };
    struct vn_table *t = NULL;
    struct vn_box box;
    struct vn_vol *v;
    int rc = vn_call_vol(c, "volume", &v, err);

    if (rc || (rc = vn_call_region(c, v, &box, err)))
        return rc;
    if (vn_box_same(&box, &v->box))
        rc = vn_vol_hist(v, &h, c->job, err);
    else {
        rc = vn_hist_box(v, &box, &own, c->job, err);
        h = &own;
    }
    if (!rc)
        rc = count(c, v, &box, h, &t, err);
    vn_hist_free(&own);
    if (!rc)
        return vn_call_output(c, 0, "", VN_TABLE, t, err);
    vn_table_unref(t);
    return rc;
}

const struct vn_cmd vn_cmd_histogram = { "histogram", "how many voxels have which value", params, VN_CMD_MAKES, exec, NULL };
