/* cmd_metrics.c - "metrics": a segmentation against the truth. */
#include "classes.h"
#include "mem.h"
#include "metrics.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const struct vn_param params[] = {
    { .name = "pred", .type = VN_P_OBJECT, .flags = VN_POS | VN_REQ, .kinds = VN_VOLUMES, .help = "the segmentation; any voxel that is not 0 is vessel" },
    { .name = "truth", .type = VN_P_OBJECT, .flags = VN_POS | VN_REQ, .kinds = VN_VOLUMES, .help = "the mask it is held against" },
    { .name = "tolerance", .type = VN_P_LENGTH, .min = 0, .max = 1e6, .def = "1vox", .help = "distance at which surfaces still agree (surface_dice)" },
    { .name = "ignore", .type = VN_P_OBJECT, .kinds = VN_VOLUMES, .help = "mask of voxels without a label: left out" },
    { .name = "border", .type = VN_P_INT, .min = 0, .max = 100, .def = "1", .unit = "voxels", .help = "a border may be off by so much before it is a vessel missed or invented" },
    { .name = "near", .type = VN_P_LENGTH, .min = 0, .max = 1e6, .help = "way along the vessel that is near a branch point; two local diameters when left out" },
    { .name = "full", .type = VN_P_FLAG, .help = "also errors by vessel radius, by way to the next branch point, and by depth" },
    { .name = "radii", .type = VN_P_LENGTHS, .min = 0, .max = 1e6, .help = "with full: borders between the classes of radius, rising" },
    { .name = "axis", .type = VN_P_CHOICE, .def = "z", .choices = "x|y|z", .help = "with full: which axis is depth" },
    { .name = "bins", .type = VN_P_INT, .min = 1, .max = VN_MAX_STRATA - 1, .def = "8", .help = "with full: layers of depth" },
    { .name = "labels", .type = VN_P_FLAG, .help = "also label by label, the background being one: mean accuracy and mean IoU" },
    { .name = "as", .type = VN_P_NAME, .help = "name of the error map to make; with full and labels, of their tables too" },
    { 0 },
};

static const char *const BY[VN_N_BY] = { "by_radius", "by_branch", "by_depth" };

/* ---- options ---- */

static int options(struct vn_call *c, const struct vn_grid *grid, struct vn_metrics_opt *o, double radii[VN_MAX_LENGTHS], struct vn_err *err)
{
    const struct vn_arg *r = vn_arg(&c->args, "radii");
    const bool known = vn_um_known(grid);
    int rc = vn_metrics_length(c, "tolerance", grid, &o->tolerance, err);

    o->border = (int)vn_args_int(&c->args, "border");
    o->strata = vn_args_flag(&c->args, "full");
    o->axis = (int)vn_args_int(&c->args, "axis");
    o->n_depth = (int)vn_args_int(&c->args, "bins");
    if (!rc && vn_args_has(&c->args, "near"))
        rc = vn_metrics_length(c, "near", grid, &o->near, err);
    const double edge = known ? fmin(grid->um[0], fmin(grid->um[1], grid->um[2])) : 1;
    for (int i = 0; r->has && i < r->i && !rc; i++) {
        const struct vn_length l = r->len[i];
        if (l.unit == VN_UM && !known)
            return vn_args_length_vox(&c->args, "radii", i, grid->um, 0, &radii[i], err);
        radii[i] = l.unit == VN_VOX ? l.v * edge : l.v;
        if (!(radii[i] > (i ? radii[i - 1] : 0)))
            rc = vn_fail(err, VN_E_ARG, "radii=%s: borders rise, and the first lies above 0", r->s);
    }
    o->radii = radii;
    o->n_radii = r->has ? (int)r->i : 0;
    return rc;
}

/* ---- tables ---- */

static double share(double a, double b) { return b > 0 ? a / b : NAN; }

/* A row for each stratum with vessels of the truth (t) or of the prediction (p, by radius and branch the prediction's own). */
static int table(const struct vn_truth *tr, const struct vn_strata *true_by, const struct vn_strata *pred_by, enum vn_by by, const struct vn_call *c,
                 struct vn_table **out, struct vn_err *err)
{
    enum { N_COL = 17 };
    const char *const name[2][N_COL] = {
        { "from_vox", "to_vox", "length_vox", "recall_length", "breaks", "breaks_per_mm", "voxels", "recall", "missed", "under", "pred_length_vox",
          "precision_length", "pred_voxels", "precision", "false", "over", "dice" },
        { "from_um", "to_um", "length_um", "recall_length", "breaks", "breaks_per_mm", "voxels", "recall", "missed", "under", "pred_length_um",
          "precision_length", "pred_voxels", "precision", "false", "over", "dice" },
    };
    struct vn_table *tb = vn_table_new(err);
    bool ok = tb != NULL;

    for (int i = 0; ok && i < N_COL - (by != VN_BY_DEPTH); i++)          /* Dice needs one place for both */
        ok = vn_table_add_col(tb, name[tr->known][i], false, err) >= 0;
    for (int i = 0; ok && i < true_by->n; i++) {
        const struct vn_stratum *t = &true_by->of[i], *p = &pred_by->of[i];
        const double nt = (double)t->truth, np = (double)p->truth, hit = (double)t->hit;
        if (by != VN_BY_DEPTH && !(t->length > 0) && !(p->length > 0) && !t->truth && !p->truth)
            continue;
        if (!(ok = !vn_table_add_row(tb, err)))
            break;
        const double v[N_COL] = { t->from, t->to, t->length, share(t->covered, t->length), (double)t->breaks, vn_per_mm(tr, t->breaks, t->length), nt,
                                  share(hit, nt), (double)t->missed, (double)t->under, p->length, share(p->covered, p->length), np,
                                  share((double)p->hit, np), (double)p->missed, (double)p->under, share(2 * hit, nt + np) };
        for (int k = 0; k < tb->n_col; k++)
            tb->col[k].num[tb->n_row - 1] = isinf(v[k]) ? NAN : v[k];
    }
    ok = ok && (tb->note = vn_sprintf(err, "Venule %s metrics %s %s %s", VN_VERSION, vn_args_text(&c->args, "pred"), vn_args_text(&c->args, "truth"), BY[by]));
    if (ok)
        *out = tb;
    else
        vn_table_unref(tb);
    return ok ? 0 : VN_E_MEMORY;
}

static int label_table(const struct vn_classes *cl, const struct vn_call *c, struct vn_table **out, struct vn_err *err)
{
    static const char *const name[] = { "label", "truth", "pred", "both", "accuracy", "precision", "dice", "iou" };
    struct vn_table *tb = vn_table_new(err);
    bool ok = tb != NULL;

    for (size_t i = 0; ok && i < VN_COUNT(name); i++)
        ok = vn_table_add_col(tb, name[i], false, err) >= 0;
    for (int i = 0; ok && i < cl->n; i++) {
        const double t = (double)cl->of[i].truth, p = (double)cl->of[i].pred, b = (double)cl->of[i].both;
        const double v[VN_COUNT(name)] = { cl->of[i].label, t, p, b, share(b, t), share(b, p), share(2 * b, t + p), share(b, t + p - b) };
        if (!(ok = !vn_table_add_row(tb, err)))
            break;
        for (size_t k = 0; k < VN_COUNT(name); k++)
            tb->col[k].num[i] = v[k];
    }
    ok = ok && (tb->note = vn_sprintf(err, "Venule %s metrics %s %s by_label", VN_VERSION, vn_args_text(&c->args, "pred"), vn_args_text(&c->args, "truth")));
    if (ok)
        *out = tb;
    else
        vn_table_unref(tb);
    return ok ? 0 : VN_E_MEMORY;
}

static void show_table(struct vn_call *c, const char *key, const struct vn_table *t)
{
    cJSON *rows = cJSON_AddArrayToObject(c->result, key);
    for (int64_t r = 0; rows && r < t->n_row; r++) {
        cJSON *row = cJSON_CreateObject();
        for (int k = 0; row && k < t->n_col; k++) {
            const double v = t->col[k].num[r];
            c->no_memory |= !(isfinite(v) ? cJSON_AddNumberToObject(row, t->col[k].name, v) : cJSON_AddNullToObject(row, t->col[k].name));
        }
        if (!row || !cJSON_AddItemToArray(rows, row)) {
            cJSON_Delete(row);
            c->no_memory = true;
        }
    }
    c->no_memory |= !rows;
}

/* ---- the error map ---- */

static int error_map(struct vn_call *c, struct vn_vol *pred, struct vn_vol *truth, struct vn_vol *ignore, const struct vn_box *box,
                     const struct vn_grid *grid, struct vn_err *err)
{
    struct vn_bits p = { 0 }, t = { 0 }, ig = { 0 };
    struct vn_errors e = { { { .words = 0 } } };
    struct vn_vol *map = NULL;
    int rc = vn_bits_read(pred, box, &p, c->job, err);

    vn_job_stage(c->job, "error map");
    if (!rc)
        rc = vn_bits_read(truth, box, &t, c->job, err);
    if (!rc && ignore && !(rc = vn_bits_read(ignore, box, &ig, c->job, err))) {
        vn_bits_clear(&p, &ig);
        vn_bits_clear(&t, &ig);
    }
    if (!rc)
        rc = vn_errors_make(&p, &t, (int)vn_args_int(&c->args, "border"), &e, c->job, err);
    if (!rc && !(map = vn_vol_new(VN_LABELS, VN_U8, grid, box, err)))
        rc = VN_E_MEMORY;
    if (!rc) {
        struct vn_buf b = vn_vol_data(map);
        rc = vn_errors_map(&e, &b, c->job, err);
    }
    vn_errors_free(&e);
    vn_bits_free(&p);
    vn_bits_free(&t);
    vn_bits_free(&ig);
    if (rc) {
        vn_vol_unref(map);
        return rc;
    }
    return vn_call_output(c, 0, "", VN_LABELS, map, err);
}

/* ---- results ---- */

static void show(struct vn_call *c, const struct vn_truth *t, const struct vn_metrics *m, bool full)
{
    const struct vn_overlap *o = &m->overlap;
    const struct vn_surface_stat *d = &m->surface;
    const struct vn_betti *bp = &m->betti, *bt = &t->betti;
    const struct vn_breaks *b = &m->breaks;

    vn_res_num(c, "dice", o->dice);
    vn_res_num(c, "iou", o->iou);
    vn_res_num(c, "precision", o->precision);
    vn_res_num(c, "recall", o->recall);
    vn_res_num(c, "accuracy", o->accuracy);
    vn_res_num(c, "f1", o->dice);
    vn_res_num(c, "cldice", m->cldice[VN_LEE94]);
    vn_res_num(c, "cldice_own", m->cldice[VN_OWN]);
    vn_res_num(c, "hd", d->hd);
    vn_res_num(c, "hd95", d->hd95);
    vn_res_num(c, "assd", d->assd);
    vn_res_num(c, "surface_dice", d->surface_dice);
    vn_res_num(c, "stack_dice", d->stack_dice);
    vn_res_int(c, "betti0_error", llabs(bp->b0 - bt->b0));
    vn_res_int(c, "betti1_error", llabs(bp->b1 - bt->b1));
    vn_res_int(c, "betti2_error", llabs(bp->b2 - bt->b2));
    vn_res_num(c, "breaks_per_mm", vn_per_mm(t, b->n, b->length));
    vn_res_num(c, "breaks_z_per_mm", vn_per_mm(t, b->n_z, b->length_z));
    vn_res_num(c, "breaks_branch_per_mm", vn_per_mm(t, b->n_branch, b->length_branch));
    vn_res_num(c, "false_per_mm", vn_per_mm(t, m->extras.n, b->length));
    vn_res_int(c, "breaks", b->n);
    if (full) {
        vn_res_int(c, "breaks_z", b->n_z);
        vn_res_int(c, "breaks_branch", b->n_branch);
        vn_res_int(c, "lost_branch_points", b->lost_nodes);
    }
    vn_res_int(c, "false_branches", m->extras.n);
    if (full) {
        vn_res_int(c, "false_spurs", m->extras.spurs);
        vn_res_int(c, "false_links", m->extras.links);
        vn_res_int(c, "false_pieces", m->extras.pieces);
        vn_res_num(c, t->known ? "false_mm" : "false_vox", m->extras.length * (t->known ? 1e-3 : 1));
    }
    vn_res_num(c, "centreline_recall", share(b->covered, b->length));
    vn_res_num(c, t->known ? "centreline_mm" : "centreline_vox", b->length * (t->known ? 1e-3 : 1));
    vn_res_int(c, "missed", (int64_t)m->error[VN_MISSED]);
    vn_res_int(c, "false", (int64_t)m->error[VN_FALSE]);
    vn_res_int(c, "over", (int64_t)m->error[VN_OVER]);
    vn_res_int(c, "under", (int64_t)m->error[VN_UNDER]);
    vn_res_num(c, t->known ? "tolerance_um" : "tolerance_vox", m->tolerance);
    vn_res_text(c, "unit", t->known ? "um" : "voxel");
    vn_res_ints(c, "betti_pred", (const int64_t[3]){ bp->b0, bp->b1, bp->b2 }, 3);
    vn_res_ints(c, "betti_truth", (const int64_t[3]){ bt->b0, bt->b1, bt->b2 }, 3);
    vn_res_int(c, "tp", (int64_t)o->tp);
    vn_res_int(c, "fp", (int64_t)o->fp);
    vn_res_int(c, "fn", (int64_t)o->fn);
    vn_res_int(c, "tn", (int64_t)o->tn);
    if (t->ignore.w)
        vn_res_int(c, "ignored", (int64_t)t->n_ignored);
    vn_res_ints(c, "dims", t->mask.dim, 3);
    if (t->known)
        vn_res_nums(c, "voxel_um", t->um, 3);
    else
        vn_res_text(c, "voxel_um", NULL);
}

static void say_what_is_missing(struct vn_call *c, const struct vn_truth *t, const struct vn_overlap *o)
{
    const uint64_t p = o->tp + o->fp, n = o->tp + o->fn;
    if (!p || !n)
        vn_call_note(c, "%s: overlaps without a denominator and distances to nothing are null",
                     !p && !n ? "both masks are empty here" : !p ? "the prediction is empty here" : "the truth is empty here");
    if (!t->known)
        vn_call_note(c, "voxel size unknown: distances are in voxels, taken as cubes; 'set NAME voxel=...' gives it");
}

/* Shown, and an output of the verb where there are any. TAKES tb. */
static int give_table(struct vn_call *c, const char *key, const char *suffix, struct vn_table *tb, struct vn_err *err)
{
    show_table(c, key, tb);
    if (vn_args_has(&c->args, "as"))
        return vn_call_output(c, c->n_made, suffix, VN_TABLE, tb, err);
    vn_table_unref(tb);
    return 0;
}

static int tables(struct vn_call *c, const struct vn_truth *t, const struct vn_metrics *m, struct vn_err *err)
{
    static const char *const suffix[VN_N_BY] = { "_radius", "_branch", "_depth" };
    int rc = 0;
    for (int by = 0; by < VN_N_BY && !rc; by++) {
        struct vn_table *tb = NULL;
        rc = table(t, &m->by[by], &m->by_pred[by], by, c, &tb, err);
        if (rc)
            break;
        rc = give_table(c, BY[by], suffix[by], tb, err);
    }
    return rc;
}

static int by_label(struct vn_call *c, struct vn_vol *pred, struct vn_vol *truth, const struct vn_truth *t, struct vn_err *err)
{
    struct vn_classes cl = { 0 };
    struct vn_table *tb = NULL;
    int rc = vn_classes_count(pred, truth, &t->ignore, &t->mask.box, &cl, c->job, err);

    if (!rc) {
        vn_res_num(c, "pixel_accuracy", cl.pixel_accuracy);
        vn_res_num(c, "mean_accuracy", cl.mean_accuracy);
        vn_res_num(c, "mean_iou", cl.mean_iou);
        vn_res_int(c, "classes", cl.n);
        rc = label_table(&cl, c, &tb, err);
    }
    vn_classes_free(&cl);
    return rc ? rc : give_table(c, "by_label", "_label", tb, err);
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct vn_vol *pred, *truth, *ignore = NULL;
    struct vn_metrics_opt o = vn_metrics_default;
    struct vn_truth t = { .known = false };
    struct vn_metrics m;
    struct vn_grid grid;
    struct vn_box box;
    double radii[VN_MAX_LENGTHS];

    int rc = vn_call_vol(c, "pred", &pred, err);
    if (!rc)
        rc = vn_call_vol(c, "truth", &truth, err);
    if (!rc && vn_args_has(&c->args, "ignore"))
        rc = vn_call_vol(c, "ignore", &ignore, err);
    if (!rc)
        rc = vn_metrics_box(c, pred, vn_call_name(c, "pred"), truth, vn_call_name(c, "truth"), ignore, vn_call_name(c, "ignore"), &box, &grid, err);
    if (!rc)
        rc = options(c, &grid, &o, radii, err);
    if (!rc && vn_args_has(&c->args, "as"))
        rc = error_map(c, pred, truth, ignore, &box, &grid, err);
    if (rc || (c->remake && !o.strata && !vn_args_flag(&c->args, "labels")))
        return rc;
    rc = vn_truth_make(truth, ignore, &box, &grid, &t, c->job, err);
    if (!rc)
        rc = vn_metrics(pred, &t, &o, &m, c->job, err);
    if (!rc) {
        show(c, &t, &m, o.strata);
        if (o.strata)
            rc = tables(c, &t, &m, err);
        if (!rc && vn_args_flag(&c->args, "labels"))
            rc = by_label(c, pred, truth, &t, err);
        else if (pred->kind == VN_LABELS && truth->kind == VN_LABELS)
            vn_call_note(c, "both are labels: 'labels' compares them label by label");
        say_what_is_missing(c, &t, &m.overlap);
    }
    vn_truth_free(&t);
    return rc;
}

const struct vn_cmd vn_cmd_metrics = { "metrics", "hold a segmentation against the truth", params, VN_CMD_MAKES, exec, NULL };
