/* cmd_graph.c - "graph": the vessel graph of a mask or a skeleton. */
#include <math.h>
#include "cmd.h"
#include "edt.h"
#include "skelgraph.h"
#include "thin.h"

static const struct vn_param params[] = {
    { "input", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_MASK | VN_SKELETON, .help = "mask (thinned first) or skeleton" },
    { "mask", VN_P_OBJECT, 0, .kinds = VN_MASK, .help = "for a skeleton: the mask whose radii are measured" },
    { "prune", VN_P_REAL, 0, 0, 100, "radii", "1.5", .help = "an end segment shorter than this times the radius at its branch point is a spur" },
    { "min_length", VN_P_LENGTH, 0, 0, 1e6, NULL, "2vox", .help = "an end segment shorter than this is a spur as well (vox: of the widest voxel side)" },
    { "as", VN_P_NAME, 0, .help = "name of the graph" },
    { 0 },
};

struct work { struct vn_buf input, mask, skel, dist; };

static int distances(struct vn_call *c, const struct vn_buf *mask, const double um[3], struct vn_buf *dist, struct vn_err *err)
{
    int rc = vn_buf_new(dist, VN_F32, &mask->box, err);

    vn_job_stage(c->job, "distances");
    /* A vessel cut by the region's face is as wide there as inside; without any background the faces have to do. */
    if (!rc)
        rc = vn_edt(mask, um, VN_EDT_OPEN, dist, c->job, err);
    if (!rc && isinf(((const float *)dist->data)[0]))
        rc = vn_edt(mask, um, 0, dist, c->job, err);
    return rc;
}

/* Skeleton and distance map over the region; dist stays {0} for a skeleton without a mask. */
static int prepare(struct vn_call *c, struct vn_vol *v, const struct vn_box *region, struct work *w, struct vn_err *err)
{
    struct vn_vol *m = NULL;
    int rc = vn_vol_map(v, VN_U8, region, VN_PAD_ZERO, &w->input, c->job, err);

    if (rc)
        return rc;
    if (v->kind == VN_MASK) {
        rc = vn_buf_new(&w->skel, VN_U8, region, err);
        vn_job_stage(c->job, "thinning");
        if (!rc)
            rc = vn_thin(&w->input, v->grid.um, &w->skel, c->job, err);
        return rc ? rc : distances(c, &w->input, v->grid.um, &w->dist, err);
    }
    if (!vn_args_has(&c->args, "mask"))
        return 0;
    bool assumed;
    rc = vn_call_vol(c, "mask", &m, err);
    if (!rc)
        rc = vn_grid_check(&v->grid, vn_call_name(c, "input"), &m->grid, vn_call_name(c, "mask"), &assumed, err);
    if (!rc)
        rc = vn_vol_map(m, VN_U8, region, VN_PAD_ZERO, &w->mask, c->job, err);
    return rc ? rc : distances(c, &w->mask, v->grid.um, &w->dist, err);
}

static void report(struct vn_call *c, const struct vn_graph *g, const struct vn_skelgraph_info *info, bool radii)
{
    double length = 0, moment = 0;
    int64_t branch = 0, end = 0, border = 0;

    for (int32_t i = 0; i < g->n_segment; i++) {
        length += g->segment[i].length;
        moment += g->segment[i].length * g->segment[i].radius;
    }
    for (int32_t i = 0; i < g->n_node; i++) {
        branch += g->node[i].degree > 2;
        end += g->node[i].degree == 1;
        border += g->node[i].degree == 1 && g->node[i].border;
    }
    vn_res_int(c, "nodes", g->n_node);
    vn_res_int(c, "segments", g->n_segment);
    vn_res_int(c, "branch_points", branch);
    vn_res_int(c, "end_points", end);
    vn_res_int(c, "end_points_at_border", border);
    vn_res_int(c, "loops", vn_graph_loops(g));
    vn_res_int(c, "components", g->n_component);
    vn_res_num(c, g->unit_um ? "total_length_um" : "total_length_voxels", length);
    vn_res_num(c, g->unit_um ? "mean_radius_um" : "mean_radius_voxels", radii && length > 0 ? moment / length : NAN);
    vn_res_int(c, "spurs_removed", info->n_pruned);
    vn_res_int(c, "skeleton_voxels", info->n_voxel);
    if (!g->unit_um)
        vn_call_note(c, "voxel size unknown: lengths in voxels, isotropy assumed (set %s voxel=0.35x0.35x1um)", vn_call_name(c, "input"));
    if (!radii)
        vn_call_note(c, "radii need the mask: graph %s mask=NAME", vn_call_name(c, "input"));
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct vn_skelgraph_opt o = { .prune = vn_args_real(&c->args, "prune") };
    struct vn_skelgraph_info info;
    struct vn_graph *g = NULL;
    struct work w = { 0 };
    struct vn_box region;
    struct vn_vol *v;
    double wide = 1;
    int axis = 0, rc = vn_call_vol(c, "input", &v, err);

    if (!rc)
        rc = vn_call_region(c, v, &region, err);
    if (rc)
        return rc;
    for (int k = 1; k < 3; k++)
        axis = v->grid.um[k] > v->grid.um[axis] ? k : axis;
    if (vn_um_known(&v->grid))
        wide = v->grid.um[axis];
    rc = vn_args_length_vox(&c->args, "min_length", 0, v->grid.um, axis, &o.shortest, err);
    o.shortest *= wide;
    if (!rc)
        rc = prepare(c, v, &region, &w, err);
    if (!rc)
        rc = vn_skelgraph(v->kind == VN_MASK ? &w.skel : &w.input, w.dist.data ? &w.dist : NULL, &v->grid, &o, &g, &info, c->job, err);
    if (!rc)
        report(c, g, &info, w.dist.data != NULL);
    vn_buf_free(&w.dist);
    vn_buf_free(&w.skel);
    vn_buf_free(&w.mask);
    vn_buf_free(&w.input);
    return rc ? rc : vn_call_output(c, 0, "", VN_GRAPH, g, err);
}

const struct vn_cmd vn_cmd_graph = { "graph", "vessel graph of a mask or skeleton: nodes, segments, radii", params, VN_CMD_MAKES, exec, NULL };
