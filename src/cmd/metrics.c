/* metrics.c - a segmentation against the truth, all measures at once. */
#include "metrics.h"
#include "edt.h"
#include "lee94.h"
#include "mem.h"
#include "skelgraph.h"
#include "thin.h"
#include <math.h>
#include <string.h>

const struct vn_metrics_opt vn_metrics_default = { .tolerance = -1, .border = 1, .axis = 2, .n_depth = 8 };

static double shortest(const double um[3]) { return fmin(um[0], fmin(um[1], um[2])); }

/* ---- skeletons and graphs ---- */

/* The smallest box that holds the mask, with a margin of one voxel inside the region, as voxels; 1 when it is empty. */
static int to_buf(const struct vn_bits *m, struct vn_buf *out, struct vn_job *job, struct vn_err *err)
{
    struct vn_box box, grown;
    if (!vn_bits_bounds(m, &box))
        return 1;
    grown = vn_box_grow(&box, (const int64_t[3]){ 1, 1, 1 });
    if (!vn_box_meet(&grown, &m->box, &box))
        return 1;
    const int rc = vn_buf_new(out, VN_U8, &box, err);
    return rc ? rc : vn_bits_to_buf(m, out, job, err);
}

struct roots { struct vn_buf *d; double unit; };

static int root_plane(void *ctx, int64_t z, struct vn_err *err)
{
    const struct roots *r = ctx;
    (void)err;
    for (int64_t y = 0; y < vn_box_dim(&r->d->box, 1); y++) {
        float *d = (float *)r->d->data + z * r->d->stride[1] + y * r->d->stride[0];
        for (int64_t x = 0; x < vn_box_dim(&r->d->box, 0); x++)
            if (d[x] > 0)
                d[x] = (float)(sqrt((double)d[x]) * r->unit);
    }
    return 0;
}

/* The own skeleton, and the distance to the background (beyond the box nothing is known, as long as there is any inside). */
static int thin(const struct vn_buf *mask, const double um[3], struct vn_buf *line, struct vn_buf *dist, struct vn_job *job, struct vn_err *err)
{
    const double unit = um[0] > 0 ? shortest(um) : 1;
    int rc = vn_thin_distance(mask, um, line, dist, job, err);
    if (!rc && isinf(((const float *)dist->data)[0]))
        return vn_edt(mask, um, 0, dist, job, err);
    return rc ? rc : vn_job_for_quiet(job, vn_box_dim(&dist->box, 2), root_plane, &(struct roots){ dist, unit }, err);
}

static int no_lines(const struct vn_bits *m, const struct vn_grid *grid, struct vn_graph **graph, struct vn_err *err)
{
    if (!(*graph = vn_graph_new(0, 0, 0, err)))
        return VN_E_MEMORY;
    (*graph)->unit_um = vn_um_known(grid);
    (*graph)->grid = *grid;
    (*graph)->box = m->box;
    return 0;
}

/* Both skeletons of m as bits over its box, and the graph of the own one with all its spurs. */
static int lines(const struct vn_bits *m, const struct vn_grid *grid, struct vn_bits skel[2], struct vn_graph **graph, struct vn_job *job,
                 struct vn_err *err)
{
    const struct vn_skelgraph_opt keep_all = { 0, 0 };
    struct vn_skelgraph_info info;
    struct vn_buf mask = { 0 }, line = { 0 }, dist = { 0 };
    struct vn_bits part = { 0 };
    int rc = to_buf(m, &mask, job, err);

    *graph = NULL;
    if (rc == 1) {
        rc = vn_bits_new(&skel[VN_LEE94], &m->box, err);
        return rc ? rc : (rc = vn_bits_new(&skel[VN_OWN], &m->box, err)) ? rc : no_lines(m, grid, graph, err);
    }
    if (!rc)
        rc = vn_buf_new(&line, VN_U8, &mask.box, err);
    for (int how = VN_LEE94; how <= VN_OWN && !rc; how++) {
        vn_job_stage(job, how == VN_LEE94 ? "Lee-94 skeletons" : "skeletons");
        rc = how == VN_LEE94 ? vn_lee94(&mask, &line, job, err) : thin(&mask, grid->um, &line, &dist, job, err);
        if (!rc)
            rc = vn_bits_from_buf(&line, &part, job, err);
        if (!rc)
            rc = vn_bits_crop(&part, &m->box, false, &skel[how], err);
        vn_bits_free(&part);
    }
    vn_job_stage(job, "graphs");
    if (!rc)
        rc = vn_skelgraph(&line, &dist, grid, &keep_all, graph, &info, job, err);
    vn_buf_free(&dist);
    vn_buf_free(&line);
    vn_buf_free(&mask);
    return rc;
}

/* ---- surfaces ---- */

/* Surface pieces of `of`, with distances to the surface of `to`; both over the crop box. */
static int surfels(const struct vn_bits *of, const struct vn_bits *to, const struct vn_bits *ignore, const double um[3], struct vn_surfels *out,
                   struct vn_job *job, struct vn_err *err)
{
    struct vn_bits corners = { 0 };
    struct vn_nearest near = { .n_level = 0 };
    int rc = vn_surface_corners(to, &corners, job, err);
    const bool any = !rc && vn_bits_count(&corners) > 0;

    if (any)
        rc = vn_nearest_new(&corners, um, &near, job, err);
    if (!rc)
        rc = vn_surfels_new(of, ignore, any ? &near : NULL, out, job, err);
    vn_nearest_free(&near);
    vn_bits_free(&corners);
    return rc;
}

int vn_metrics_surface(const struct vn_bits *all_pred, const struct vn_truth *tr, double tau, struct vn_surface_stat *out, struct vn_job *job,
                       struct vn_err *err)
{
    struct vn_box p, t, box;
    struct vn_bits pred = { 0 }, truth = { 0 }, ignore = { 0 };
    struct vn_surfels sp = { 0 }, st = { 0 };
    const bool has_p = vn_bits_bounds(all_pred, &p), has_t = vn_bits_bounds(&tr->mask, &t);
    const struct vn_bits *ig = tr->ignore.w ? &ignore : NULL;
    int rc = 0;

    vn_job_stage(job, "surfaces");
    if (has_p || has_t) {
        box = has_p ? p : t;
        for (int a = 0; a < 3 && has_p && has_t; a++) {
            box.lo[a] = vn_min64(p.lo[a], t.lo[a]);
            box.hi[a] = vn_max64(p.hi[a], t.hi[a]);
        }
        rc = vn_bits_crop(all_pred, &box, false, &pred, err);
        if (!rc)
            rc = vn_bits_crop(&tr->mask, &box, false, &truth, err);
        if (!rc && ig)
            rc = vn_bits_crop(&tr->ignore, &box, false, &ignore, err);
        if (!rc)
            rc = surfels(&pred, &truth, ig, tr->um, &sp, job, err);
        if (!rc)
            rc = surfels(&truth, &pred, ig, tr->um, &st, job, err);
    }
    if (!rc)
        rc = vn_surface_compare(&st, &sp, tr->um, tau, out, err);
    vn_bits_free(&pred);
    vn_bits_free(&truth);
    vn_bits_free(&ignore);
    vn_surfels_free(&sp);
    vn_surfels_free(&st);
    return rc;
}

/* ---- strata ---- */

/* Borders by default, in edges of a voxel. */
static const double RADII[] = { 0, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64 };
static const double WAYS[] = { 0, 4, 8, 16, 32, 64, 128, 256, 512 };

static void borders(const struct vn_truth *t, const struct vn_metrics_opt *o, struct vn_strata_opt *s)
{
    const double edge = shortest(t->um);
    const int64_t lo = t->mask.box.lo[o->axis], dim = t->mask.dim[o->axis];
    const int n_depth = (int)vn_min64(vn_max64(1, vn_min64(o->n_depth, VN_MAX_STRATA - 1)), dim);

    *s = (struct vn_strata_opt){ .axis = o->axis };
    for (size_t i = 0; i < VN_COUNT(RADII) && !o->n_radii; i++)
        s->edge[VN_BY_RADIUS][s->n_edge[VN_BY_RADIUS]++] = RADII[i] * edge;
    for (int i = 0; i < o->n_radii; i++)
        s->edge[VN_BY_RADIUS][1 + i] = o->radii[i];          /* from 0 on */
    if (o->n_radii)
        s->n_edge[VN_BY_RADIUS] = o->n_radii + 1;
    for (size_t i = 0; i < VN_COUNT(WAYS); i++)
        s->edge[VN_BY_BRANCH][s->n_edge[VN_BY_BRANCH]++] = WAYS[i] * edge;
    for (int i = 0; i <= n_depth; i++)
        s->edge[VN_BY_DEPTH][s->n_edge[VN_BY_DEPTH]++] = (double)(lo + dim * i / n_depth);
}

/* ---- all ---- */

int vn_truth_make(struct vn_vol *truth, struct vn_vol *ignore, const struct vn_box *box, const struct vn_grid *grid, struct vn_truth *out,
                  struct vn_job *job, struct vn_err *err)
{
    struct vn_truth t = { .grid = *grid, .known = vn_um_known(grid) };
    int rc = vn_bits_read(truth, box, &t.mask, job, err);

    for (int a = 0; a < 3; a++)
        t.um[a] = t.known ? grid->um[a] : 1;
    if (!rc && ignore && !(rc = vn_bits_read(ignore, box, &t.ignore, job, err))) {
        vn_bits_clear(&t.mask, &t.ignore);
        t.n_ignored = vn_bits_count(&t.ignore);
    }
    if (!rc)
        rc = lines(&t.mask, grid, t.skel, &t.graph, job, err);
    if (!rc)
        rc = vn_betti(&t.mask, &t.betti, job, err);
    if (rc)
        vn_truth_free(&t);
    else
        *out = t;
    return rc;
}

void vn_truth_free(struct vn_truth *t)
{
    vn_bits_free(&t->mask);
    vn_bits_free(&t->ignore);
    vn_bits_free(&t->skel[VN_LEE94]);
    vn_bits_free(&t->skel[VN_OWN]);
    vn_graph_unref(t->graph);
    memset(t, 0, sizeof *t);
}

/* The strata of the truth, and those of the prediction with the roles changed: what is false there is missed here. */
static int strata(const struct vn_bits *pred, const struct vn_graph *g, const struct vn_truth *t, const struct vn_metrics_opt *o, const struct vn_errors *e,
                  struct vn_metrics *m, struct vn_job *job, struct vn_err *err)
{
    const struct vn_errors turned = { .of = { [VN_UNDER] = e->of[VN_OVER], [VN_OVER] = e->of[VN_UNDER], [VN_FALSE] = e->of[VN_MISSED],
                                              [VN_MISSED] = e->of[VN_FALSE] } };
    struct vn_strata_opt s;
    struct vn_breaks of_pred;

    vn_job_stage(job, "strata");
    borders(t, o, &s);
    const int rc = vn_strata_make(t->graph, pred, &t->mask, e, &s, o->near, m->by, &m->breaks, job, err);
    return rc ? rc : vn_strata_make(g, &t->mask, pred, &turned, &s, o->near, m->by_pred, &of_pred, job, err);
}

static int centrelines(const struct vn_bits *pred, const struct vn_truth *t, const struct vn_metrics_opt *o, const struct vn_errors *e,
                       struct vn_metrics *m, struct vn_job *job, struct vn_err *err)
{
    struct vn_bits skel[2] = { { .words = 0 } };
    struct vn_graph *g = NULL;
    int rc = lines(pred, &t->grid, skel, &g, job, err);

    for (int how = VN_LEE94; how <= VN_OWN && !rc; how++)
        m->cldice[how] = vn_cldice(pred, &t->mask, &skel[how], &t->skel[how]);
    if (!rc)
        rc = vn_extras_count(g, &t->mask, m->tolerance, &m->extras, err);
    if (!rc)
        rc = o->strata ? strata(pred, g, t, o, e, m, job, err) : vn_breaks_count(t->graph, pred, o->near, NULL, &m->breaks, err);
    vn_graph_unref(g);
    vn_bits_free(&skel[VN_LEE94]);
    vn_bits_free(&skel[VN_OWN]);
    return rc;
}

int vn_metrics(struct vn_vol *vol, const struct vn_truth *t, const struct vn_metrics_opt *o, struct vn_metrics *out, struct vn_job *job,
               struct vn_err *err)
{
    struct vn_metrics m = { .tolerance = o->tolerance < 0 ? shortest(t->um) : o->tolerance };
    struct vn_bits pred = { 0 };
    struct vn_errors e = { { { .words = 0 } } };
    int rc = vn_bits_read(vol, &t->mask.box, &pred, job, err);

    if (!rc && t->ignore.w)
        vn_bits_clear(&pred, &t->ignore);
    if (!rc)
        rc = vn_errors_make(&pred, &t->mask, o->border, &e, job, err);
    if (!rc)
        rc = centrelines(&pred, t, o, &e, &m, job, err);
    for (int i = 1; i < VN_N_ERROR && !rc; i++)
        m.error[i] = vn_bits_count(&e.of[i]);
    vn_errors_free(&e);
    if (!rc)
        rc = vn_metrics_surface(&pred, t, m.tolerance, &m.surface, job, err);
    vn_job_stage(job, "topology");
    if (!rc)
        rc = vn_betti(&pred, &m.betti, job, err);
    if (!rc) {
        vn_overlap_count(&pred, &t->mask, t->n_ignored, &m.overlap);
        *out = m;
    }
    vn_bits_free(&pred);
    return rc;
}

double vn_per_mm(const struct vn_truth *t, int64_t n, double length) { return t->known && length > 0 ? (double)n / (length * 1e-3) : NAN; }

/* ---- for verbs ---- */

int vn_metrics_box(struct vn_call *c, struct vn_vol *pred, const char *pred_name, struct vn_vol *truth, const char *truth_name,
                   struct vn_vol *ignore, const char *ignore_name, struct vn_box *box, struct vn_grid *grid, struct vn_err *err)
{
    struct vn_box asked;
    bool assumed = false, assumed_ig = false;
    int rc = vn_grid_check(&pred->grid, pred_name, &truth->grid, truth_name, &assumed, err);

    if (!rc && ignore)
        rc = vn_grid_check(&pred->grid, pred_name, &ignore->grid, ignore_name, &assumed_ig, err);
    if (!rc)
        rc = vn_call_region(c, pred, &asked, err);
    if (rc)
        return rc;
    if (!vn_box_meet(&asked, &truth->box, box))
        return vn_fail(err, VN_E_ARG, "%s and %s have no voxel in common%s", pred_name, truth_name, c->has_roi ? " inside the region (roi)" : "");
    if (!c->has_roi && !vn_box_same(&pred->box, &truth->box))
        vn_call_note(c, "%s and %s cover different parts of one grid: compared where both are", pred_name, truth_name);
    if (assumed)
        vn_call_note(c, "only one of the two knows its voxel size; it is taken for both");
    if (pred->kind == VN_PROB)
        vn_call_note(c, "%s is a probability: every voxel above 0 counts as vessel; 'threshold' makes a mask", pred_name);
    *grid = vn_um_known(&pred->grid) ? pred->grid : truth->grid;
    return 0;
}

int vn_metrics_length(struct vn_call *c, const char *param, const struct vn_grid *grid, double *out, struct vn_err *err)
{
    const struct vn_length l = vn_arg(&c->args, param)->len[0];
    const bool known = vn_um_known(grid);

    if (l.unit == VN_UM && !known)
        return vn_args_length_vox(&c->args, param, 0, grid->um, 0, out, err);      /* says what to do */
    *out = l.unit == VN_UM || (l.unit == VN_AUTO && known) ? l.v : l.v * (known ? shortest(grid->um) : 1);
    return 0;
}
