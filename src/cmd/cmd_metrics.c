/* cmd_metrics.c - "metrics": a segmentation against the truth. */
#include "topology.h"
#include "breaks.h"
#include "cmd.h"
#include "edt.h"
#include "lee94.h"
#include "mem.h"
#include "overlap.h"
#include "skelgraph.h"
#include "surface.h"
#include "thin.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct vn_param params[] = {
    { .name = "pred", .type = VN_P_OBJECT, .flags = VN_POS | VN_REQ, .kinds = VN_VOLUMES, .help = "the segmentation; any voxel that is not 0 is vessel" },
    { .name = "truth", .type = VN_P_OBJECT, .flags = VN_POS | VN_REQ, .kinds = VN_VOLUMES, .help = "the mask it is held against" },
    { .name = "tolerance", .type = VN_P_LENGTH, .min = 0, .max = 1e6, .def = "1vox", .help = "distance at which surfaces still agree (surface_dice)" },
    { .name = "ignore", .type = VN_P_OBJECT, .kinds = VN_VOLUMES, .help = "mask of voxels without a label: left out" },
    { 0 },
};

struct scene {
    struct vn_call *c;
    struct vn_grid grid;                /* voxel size from whichever volume knows it */
    double um[3];                       /* 1, 1, 1 when unknown */
    struct vn_bits pred, truth, ignore;
    bool has_ignore;
};

/* The smallest box that holds the mask, with a margin of one voxel inside the region, as voxels; false when it is empty. */
static int to_buf(const struct scene *s, const struct vn_bits *m, struct vn_buf *out, struct vn_err *err)
{
    struct vn_box box, grown;
    if (!vn_bits_bounds(m, &box))
        return 1;
    grown = vn_box_grow(&box, (const int64_t[3]){ 1, 1, 1 });
    if (!vn_box_meet(&grown, &m->box, &box))
        return 1;
    const int rc = vn_buf_new(out, VN_U8, &box, err);
    return rc ? rc : vn_bits_to_buf(m, out, s->c->job, err);
}

enum thinner { LEE94, OWN };

/* Skeleton of m as bits over m's box; as voxels too when buf is not NULL (left {0} for an empty mask). */
static int skeleton(const struct scene *s, enum thinner how, const struct vn_bits *m, struct vn_bits *out, struct vn_buf *buf, struct vn_err *err)
{
    struct vn_buf skel = { 0 };
    struct vn_bits part = { 0 };

    int rc = to_buf(s, m, &skel, err);
    if (rc == 1)
        return vn_bits_new(out, &m->box, err);
    if (!rc)
        rc = how == LEE94 ? vn_lee94(&skel, &skel, s->c->job, err) : vn_thin(&skel, s->grid.um, &skel, s->c->job, err);
    if (!rc)
        rc = vn_bits_from_buf(&skel, &part, s->c->job, err);
    if (!rc)
        rc = vn_bits_crop(&part, &m->box, false, out, err);
    vn_bits_free(&part);
    if (!rc && buf) {
        *buf = skel;
        return 0;
    }
    vn_buf_free(&skel);
    return rc;
}

static int centrelines(const struct scene *s, double cldice[2], struct vn_breaks *breaks, struct vn_err *err)
{
    struct vn_bits skel_p = { 0 }, skel_t = { 0 };
    struct vn_buf truth = { 0 };
    struct vn_graph *g = NULL;
    int rc = 0;

    for (int how = LEE94; how <= OWN && !rc; how++) {
        vn_job_stage(s->c->job, how == LEE94 ? "Lee-94 skeletons" : "skeletons");
        rc = skeleton(s, (enum thinner)how, &s->pred, &skel_p, NULL, err);
        if (!rc)
            rc = skeleton(s, (enum thinner)how, &s->truth, &skel_t, how == OWN ? &truth : NULL, err);
        if (!rc)
            cldice[how] = vn_cldice(&s->pred, &s->truth, &skel_p, &skel_t);
        vn_bits_free(&skel_p);
        vn_bits_free(&skel_t);
    }
    memset(breaks, 0, sizeof *breaks);
    if (!rc && truth.data) {
        const struct vn_skelgraph_opt keep_all = { 0, 0 };
        struct vn_skelgraph_info info;
        rc = vn_skelgraph(&truth, NULL, &s->grid, &keep_all, &g, &info, s->c->job, err);
        if (!rc)
            vn_breaks_count(g, &s->pred, breaks);
    }
    vn_graph_unref(g);
    vn_buf_free(&truth);
    return rc;
}

/* Surface pieces of `of`, with distances to the surface of `to`; both over the crop box. */
static int surfels(const struct scene *s, const struct vn_bits *of, const struct vn_bits *to, const struct vn_bits *ignore,
                   struct vn_surfels *out, struct vn_err *err)
{
    struct vn_bits corners = { 0 };
    struct vn_buf seeds = { 0 }, dist = { 0 };
    int rc = vn_surface_corners(to, &corners, s->c->job, err);
    const bool any = !rc && vn_bits_count(&corners) > 0;

    if (!rc && any && !(rc = vn_buf_new(&seeds, VN_U8, &corners.box, err)))
        rc = vn_bits_to_buf(&corners, &seeds, s->c->job, err);
    if (!rc && any && !(rc = vn_buf_new(&dist, VN_F32, &corners.box, err)))
        rc = vn_edt(&seeds, s->um, VN_EDT_SEEDS, &dist, s->c->job, err);
    vn_buf_free(&seeds);
    vn_bits_free(&corners);
    if (!rc)
        rc = vn_surfels_new(of, ignore, any ? &dist : NULL, out, s->c->job, err);
    vn_buf_free(&dist);
    return rc;
}

static int surfaces(const struct scene *s, double tau, struct vn_surface_stat *out, struct vn_err *err)
{
    struct vn_box p, t, box;
    struct vn_bits pred = { 0 }, truth = { 0 }, ignore = { 0 };
    struct vn_surfels sp = { 0 }, st = { 0 };
    const bool has_p = vn_bits_bounds(&s->pred, &p), has_t = vn_bits_bounds(&s->truth, &t);
    int rc = 0;

    vn_job_stage(s->c->job, "surfaces");
    if (has_p || has_t) {
        box = has_p ? p : t;
        for (int a = 0; a < 3 && has_p && has_t; a++) {
            box.lo[a] = vn_min64(p.lo[a], t.lo[a]);
            box.hi[a] = vn_max64(p.hi[a], t.hi[a]);
        }
        rc = vn_bits_crop(&s->pred, &box, false, &pred, err);
        if (!rc)
            rc = vn_bits_crop(&s->truth, &box, false, &truth, err);
        if (!rc && s->has_ignore)
            rc = vn_bits_crop(&s->ignore, &box, false, &ignore, err);
        if (!rc)
            rc = surfels(s, &pred, &truth, s->has_ignore ? &ignore : NULL, &sp, err);
        if (!rc)
            rc = surfels(s, &truth, &pred, s->has_ignore ? &ignore : NULL, &st, err);
    }
    if (!rc)
        rc = vn_surface_compare(&st, &sp, s->um, tau, out, err);
    vn_bits_free(&pred);
    vn_bits_free(&truth);
    vn_bits_free(&ignore);
    vn_surfels_free(&sp);
    vn_surfels_free(&st);
    return rc;
}

/* The tolerance in um (voxels when the size is unknown).  A voxel is its shortest edge. */
static int tolerance(const struct scene *s, double *tau, struct vn_err *err)
{
    const struct vn_length l = vn_arg(&s->c->args, "tolerance")->len[0];
    const bool known = vn_um_known(&s->grid);
    const double edge = fmin(s->um[0], fmin(s->um[1], s->um[2]));

    if (l.unit == VN_UM && !known)
        return vn_args_length_vox(&s->c->args, "tolerance", 0, s->grid.um, 0, tau, err);      /* says what to do */
    *tau = l.unit == VN_UM || (l.unit == VN_AUTO && known) ? l.v : l.v * edge;
    return 0;
}

static int load(struct scene *s, struct vn_err *err)
{
    struct vn_call *c = s->c;
    struct vn_vol *p, *t, *ig = NULL;
    struct vn_box box;
    bool assumed = false, assumed_ig = false;

    int rc = vn_call_vol(c, "pred", &p, err);
    if (!rc)
        rc = vn_call_vol(c, "truth", &t, err);
    if (!rc && (s->has_ignore = vn_args_has(&c->args, "ignore")))
        rc = vn_call_vol(c, "ignore", &ig, err);
    if (!rc)
        rc = vn_grid_check(&p->grid, vn_call_name(c, "pred"), &t->grid, vn_call_name(c, "truth"), &assumed, err);
    if (!rc && ig)
        rc = vn_grid_check(&p->grid, vn_call_name(c, "pred"), &ig->grid, vn_call_name(c, "ignore"), &assumed_ig, err);
    if (!rc)
        rc = vn_call_region(c, p, &box, err);
    if (rc)
        return rc;
    const struct vn_box asked = box;
    if (!vn_box_meet(&asked, &t->box, &box))
        return vn_fail(err, VN_E_ARG, "%s and %s have no voxel in common%s", vn_call_name(c, "pred"), vn_call_name(c, "truth"),
                       c->has_roi ? " inside the region (roi)" : "");
    if (!c->has_roi && !vn_box_same(&p->box, &t->box))
        vn_call_note(c, "%s and %s cover different parts of one grid: compared where both are", vn_call_name(c, "pred"), vn_call_name(c, "truth"));
    if (assumed)
        vn_call_note(c, "only one of the two knows its voxel size; it is taken for both");
    if (p->kind == VN_PROB)
        vn_call_note(c, "%s is a probability: every voxel above 0 counts as vessel; 'threshold' makes a mask", vn_call_name(c, "pred"));
    s->grid = vn_um_known(&p->grid) ? p->grid : t->grid;
    for (int a = 0; a < 3; a++)
        s->um[a] = vn_um_known(&s->grid) ? s->grid.um[a] : 1;
    rc = vn_bits_read(p, &box, &s->pred, c->job, err);
    if (!rc)
        rc = vn_bits_read(t, &box, &s->truth, c->job, err);
    if (!rc && ig && !(rc = vn_bits_read(ig, &box, &s->ignore, c->job, err))) {
        vn_bits_clear(&s->pred, &s->ignore);
        vn_bits_clear(&s->truth, &s->ignore);
    }
    return rc;
}

static void say_what_is_missing(struct vn_call *c, const struct scene *s)
{
    const uint64_t p = vn_bits_count(&s->pred), t = vn_bits_count(&s->truth);
    if (!p || !t)
        vn_call_note(c, "%s: overlaps without a denominator and distances to nothing are null",
                     !p && !t ? "both masks are empty here" : !p ? "the prediction is empty here" : "the truth is empty here");
    if (!vn_um_known(&s->grid))
        vn_call_note(c, "voxel size unknown: distances are in voxels, taken as cubes; 'set NAME voxel=...' gives it");
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct scene s = { .c = c };
    struct vn_overlap o;
    struct vn_betti bp, bt;
    struct vn_surface_stat d;
    struct vn_breaks breaks;
    double cldice[2], tau = 0;

    int rc = load(&s, err);
    if (!rc)
        rc = tolerance(&s, &tau, err);
    if (!rc)
        rc = centrelines(&s, cldice, &breaks, err);
    if (!rc)
        rc = surfaces(&s, tau, &d, err);
    vn_job_stage(c->job, "topology");
    if (!rc)
        rc = vn_betti(&s.pred, &bp, c->job, err);
    if (!rc)
        rc = vn_betti(&s.truth, &bt, c->job, err);
    if (rc)
        goto out;
    vn_overlap_count(&s.pred, &s.truth, s.has_ignore ? vn_bits_count(&s.ignore) : 0, &o);
    const bool known = vn_um_known(&s.grid);
    vn_res_num(c, "dice", o.dice);
    vn_res_num(c, "iou", o.iou);
    vn_res_num(c, "precision", o.precision);
    vn_res_num(c, "recall", o.recall);
    vn_res_num(c, "accuracy", o.accuracy);
    vn_res_num(c, "f1", o.dice);
    vn_res_num(c, "cldice", cldice[LEE94]);
    vn_res_num(c, "cldice_own", cldice[OWN]);
    vn_res_num(c, "hd", d.hd);
    vn_res_num(c, "hd95", d.hd95);
    vn_res_num(c, "assd", d.assd);
    vn_res_num(c, "surface_dice", d.surface_dice);
    vn_res_int(c, "betti0_error", llabs(bp.b0 - bt.b0));
    vn_res_int(c, "betti1_error", llabs(bp.b1 - bt.b1));
    vn_res_int(c, "betti2_error", llabs(bp.b2 - bt.b2));
    vn_res_num(c, "breaks_per_mm", known && breaks.length > 0 ? (double)breaks.n / (breaks.length * 1e-3) : NAN);
    vn_res_int(c, "breaks", breaks.n);
    vn_res_num(c, known ? "centreline_mm" : "centreline_vox", breaks.length * (known ? 1e-3 : 1));
    vn_res_num(c, known ? "tolerance_um" : "tolerance_vox", tau);
    vn_res_text(c, "unit", known ? "um" : "voxel");
    vn_res_ints(c, "betti_pred", (const int64_t[3]){ bp.b0, bp.b1, bp.b2 }, 3);
    vn_res_ints(c, "betti_truth", (const int64_t[3]){ bt.b0, bt.b1, bt.b2 }, 3);
    vn_res_int(c, "tp", (int64_t)o.tp);
    vn_res_int(c, "fp", (int64_t)o.fp);
    vn_res_int(c, "fn", (int64_t)o.fn);
    vn_res_int(c, "tn", (int64_t)o.tn);
    if (s.has_ignore)
        vn_res_int(c, "ignored", (int64_t)vn_bits_count(&s.ignore));
    vn_res_ints(c, "dims", s.pred.dim, 3);
    if (known)
        vn_res_nums(c, "voxel_um", s.um, 3);
    else
        vn_res_text(c, "voxel_um", NULL);
    say_what_is_missing(c, &s);
out:
    vn_bits_free(&s.pred);
    vn_bits_free(&s.truth);
    vn_bits_free(&s.ignore);
    return rc;
}

const struct vn_cmd vn_cmd_metrics = { "metrics", "hold a segmentation against the truth", params, 0, exec, NULL };
