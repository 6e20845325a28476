/* cmd_curve.c - "curve": what every threshold gives, as a table and a figure. */
#include <math.h>
#include "chart.h"
#include "cmd.h"
#include "curve.h"
#include "cuts.h"
#include "draw.h"
#include "mem.h"

static const struct vn_param params[] = {
    { .name = "volume", .type = VN_P_OBJECT, .flags = VN_POS | VN_REQ, .kinds = VN_IMAGE | VN_PROB, .help = "volume that is cut at every threshold" },
    { .name = "n", .type = VN_P_INT, .def = "256", .min = 1, .max = VN_CURVE_MAX, .help = "how many thresholds; for whole numbers at most, and each a whole number" },
    { .name = "range", .type = VN_P_REALS, .unit = "grey values", .help = "LOW,HIGH: thresholds from LOW to below HIGH; 0,1 for a probability, else least to greatest value, when left out" },
    { .name = "truth", .type = VN_P_OBJECT, .kinds = VN_VOLUMES, .help = "mask that the foreground is held against" },
    { .name = "cldice", .type = VN_P_INT, .min = 1, .max = 1000, .help = "with truth=: clDice too, of so many of the thresholds, evenly taken; a skeleton each" },
    { .name = "connectivity", .type = VN_P_CHOICE, .def = "26", .choices = "6|26", .help = "neighbours of a voxel in components and Euler characteristic" },
    { .name = "as", .type = VN_P_NAME, .help = "name of the table: a row a threshold" },
    { .name = "to", .type = VN_P_PATH, .flags = VN_PREF, .help = "the table as CSV" },
    { .name = "plot", .type = VN_P_PATH, .flags = VN_PREF, .help = "figure to write, .pdf, .svg or .png; with .gp and .dat added, script and data beside it" },
    { .name = "force", .type = VN_P_FLAG, .flags = VN_PREF, .help = "replace existing files" },
    { 0 },
};

enum { THRESHOLD, VOXELS, FRACTION, COMPONENTS, EULER, LENGTH, DICE, PRECISION, RECALL, CLDICE, N_COL };

static double ratio(int64_t a, int64_t b) { return b ? (double)a / (double)b : NAN; }

static int make_table(struct vn_call *c, const struct vn_curve *r, struct vn_table **out, struct vn_err *err)
{
    const char *const name[N_COL] = {"threshold",  "voxels",    "fraction",
                                     "components", "euler",     r->um ? "length_um" : "length_vox",
                                     "dice",       "precision", "recall", "cldice"};
    const int n_col = !r->has_truth ? DICE : vn_args_has(&c->args, "cldice") ? N_COL : CLDICE;
    struct vn_table *t = vn_table_new(err);
    bool ok = t != NULL;

    for (int i = 0; ok && i < n_col; i++)
        ok = vn_table_add_col(t, name[i], false, err) >= 0;
    for (int k = 0; ok && k < r->n; k++)
        if ((ok = !vn_table_add_row(t, err))) {
            t->col[THRESHOLD].num[k] = r->threshold[k];
            t->col[VOXELS].num[k] = (double)r->voxels[k];
            t->col[FRACTION].num[k] = ratio(r->voxels[k], (int64_t)r->total);
            t->col[COMPONENTS].num[k] = (double)r->components[k];
            t->col[EULER].num[k] = (double)r->euler[k];
            t->col[LENGTH].num[k] = r->length[k];
            if (!r->has_truth)
                continue;
            t->col[DICE].num[k] = ratio(2 * r->hit[k], r->voxels[k] + (int64_t)r->true_voxels);
            t->col[PRECISION].num[k] = ratio(r->hit[k], r->voxels[k]);
            t->col[RECALL].num[k] = ratio(r->hit[k], (int64_t)r->true_voxels);
            if (n_col > CLDICE)
                t->col[CLDICE].num[k] = NAN;
        }
    ok = ok &&
         (t->note = vn_sprintf(err, "Venule %s curve %s%s%s connectivity=%s", VN_VERSION, vn_call_name(c, "volume"),
                               r->has_truth ? " truth=" : "", r->has_truth ? vn_call_name(c, "truth") : "",
                               vn_args_text(&c->args, "connectivity")));
    if (ok)
        *out = t;
    else
        vn_table_unref(t);
    return ok ? 0 : VN_E_MEMORY;
}

/* clDice of n of the thresholds: the middle ones of n equal parts. */
static int score(struct vn_call *c, struct vn_vol *v, struct vn_vol *truth, const struct vn_box *box, const struct vn_curve *r, struct vn_table *t,
                 struct vn_err *err)
{
    const int64_t n = vn_min64(vn_args_int(&c->args, "cldice"), r->n);
    struct vn_cuts cuts = { .box = *box };
    int best = -1, rc = 0;

    vn_job_stage(c->job, "skeletons");
    for (int64_t i = 0; i < n && !rc; i++) {
        const int k = (int)((2 * i + 1) * r->n / (2 * n));
        double dice, *to = &t->col[CLDICE].num[k];
        rc = vn_cuts_score_of(v, truth, &cuts, r->threshold[k], r->threshold[k], &dice, to, c->job, err);
        if (!rc && (best < 0 ? *to >= 0 : *to > t->col[CLDICE].num[best]))
            best = k;
        vn_job_step(c->job, (uint64_t)i + 1, (uint64_t)n);
    }
    vn_cuts_free(&cuts);
    if (!rc) {
        vn_res_num(c, "best_cldice", best < 0 ? NAN : t->col[CLDICE].num[best]);
        vn_res_num(c, "best_cldice_at", best < 0 ? NAN : r->threshold[best]);
    }
    return rc;
}

static int draw(struct vn_call *c, enum vn_kind kind, const struct vn_curve *r, const struct vn_table *t,
                struct vn_err *err)
{
    const char *to = vn_args_text(&c->args, "plot");
    struct vn_chart chart = {.style = VN_CHART_LINES,
                             .x_label = kind == VN_PROB ? "threshold (probability)" : "threshold (grey value)",
                             .y_label = "number",
                             .log_y = true,
                             .n_series = 2,
                             .series = {{"voxels", t->col[THRESHOLD].num, t->col[VOXELS].num, t->n_row},
                                        {"components", t->col[THRESHOLD].num, t->col[COMPONENTS].num, t->n_row}}};
    if (r->plateau_low >= 0) {
        chart.n_mark = 2;
        chart.mark[0] = r->threshold[r->plateau_low];
        chart.mark[1] = r->threshold[r->plateau_high];
    }
    const int rc = vn_chart_write(&chart, to, vn_args_flag(&c->args, "force"), t->note, c->job, err);
    if (!rc)
        vn_res_text(c, "plot", to);
    return rc;
}

static int settle_range(struct vn_call *c, const struct vn_curve *r, struct vn_err *err)
{
    char lo[32], hi[32], text[80];
    snprintf(text, sizeof text, "%s,%s", vn_text_real(r->lo, lo), vn_text_real(r->hi, hi));
    return r->lo < r->hi ? vn_args_set(&c->args, "range", text, err) : 0;
}

static void show(struct vn_call *c, const struct vn_curve *r, const struct vn_table *t)
{
    int best = -1;
    vn_res_int(c, "thresholds", r->n);
    vn_res_nums(c, "range", (double[]){ r->lo, r->hi }, 2);
    vn_res_int(c, "voxels", (int64_t)r->total);
    vn_res_num(c, "plateau_low", r->plateau_low < 0 ? NAN : r->threshold[r->plateau_low]);
    vn_res_num(c, "plateau_high", r->plateau_low < 0 ? NAN : r->threshold[r->plateau_high]);
    for (int k = 0; r->has_truth && k < r->n; k++)
        if (best < 0 ? t->col[DICE].num[k] >= 0 : t->col[DICE].num[k] > t->col[DICE].num[best])
            best = k;
    if (r->has_truth) {
        vn_res_num(c, "best_dice", best < 0 ? NAN : t->col[DICE].num[best]);
        vn_res_num(c, "best_dice_at", best < 0 ? NAN : r->threshold[best]);
    }
    if (r->plateau_low < 0)
        vn_call_note(
            c, "no two neighbouring thresholds have a steady foreground of 1/1000 to 1/2 of the region: no plateau");
    if (!r->um)
        vn_call_note(c, "the voxel size is not known: length is in voxels, taken as cubes");
}

static int options(struct vn_call *c, struct vn_vol *v, struct vn_curve_opt *o, struct vn_err *err)
{
    const struct vn_arg *range = vn_arg(&c->args, "range");
    bool assumed = false;
    int rc = 0;

    *o = (struct vn_curve_opt){.n = (int)vn_args_int(&c->args, "n"),
                               .auto_range = !range->has,
                               .lo = range->d[0],
                               .hi = range->d[1],
                               .connectivity = vn_args_int(&c->args, "connectivity") ? 26 : 6};
    if (range->has && (range->i != 2 || !(range->d[0] < range->d[1])))
        return vn_fail(err, VN_E_ARG, "range=%s: LOW,HIGH with LOW below HIGH is needed", range->s);
    if (vn_args_has(&c->args, "cldice") && !vn_args_has(&c->args, "truth"))
        return vn_fail(err, VN_E_USAGE, "cldice= needs truth=MASK");
    if (vn_args_has(&c->args, "truth") && !(rc = vn_call_vol(c, "truth", &o->truth, err)))
        rc = vn_grid_check(&v->grid, vn_call_name(c, "volume"), &o->truth->grid, vn_call_name(c, "truth"), &assumed,
                           err);
    return rc;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    const bool draws = vn_args_has(&c->args, "plot") && !c->remake, writes = vn_args_has(&c->args, "to") && !c->remake;
    struct vn_curve_opt o;
    struct vn_curve r = { 0 };
    struct vn_table *t = NULL;
    struct vn_box box;
    struct vn_vol *v;
    enum vn_fig_type type;
    int rc = vn_call_vol(c, "volume", &v, err);

    if (rc || (rc = options(c, v, &o, err)) || (rc = vn_call_region(c, v, &box, err)) ||
        (draws && (rc = vn_figure_type(vn_args_text(&c->args, "plot"), &type, err))))
        return rc;
    rc = vn_curve(v, &box, &o, &r, c->job, err);
    if (!rc)
        rc = make_table(c, &r, &t, err);
    if (!rc && vn_args_has(&c->args, "cldice"))
        rc = score(c, v, o.truth, &box, &r, t, err);
    if (!rc && draws)
        rc = draw(c, v->kind, &r, t, err);
    if (!rc && writes &&
        !(rc = vn_table_write_csv(t, vn_args_text(&c->args, "to"), vn_args_flag(&c->args, "force"), err)))
        vn_res_text(c, "to", vn_args_text(&c->args, "to"));
    if (!rc)
        rc = settle_range(c, &r, err);
    if (!rc) {
        show(c, &r, t);
        rc = vn_call_output(c, 0, "", VN_TABLE, t, err);
        t = NULL;
    }
    vn_table_unref(t);
    vn_curve_free(&r);
    return rc;
}

const struct vn_cmd vn_cmd_curve = { "curve", "what every threshold gives: voxels, components, length, Dice", params, VN_CMD_MAKES, exec, NULL };
