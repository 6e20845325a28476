/* cmd_cut.c - "cut": a segment taken out of a mask, or a vessel cut across. */
#include <math.h>
#include "edits.h"
#include "graph_index.h"
#include "mend.h"

static const struct vn_param params[] = {
    { "mask", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_EDITED, .help = "mask, labels or skeleton" },
    { "segment", VN_P_INT, 0, .min = 0, .max = 2147483647.0, .help = "number of the segment of graph= to be taken out" },
    { "at", VN_P_POINT, 0, .unit = "voxels", .help = "with graph=: the segment nearest to it; without: where the vessel is cut across" },
    { "graph", VN_P_OBJECT, 0, .kinds = VN_GRAPH, .help = "graph of the mask, with radii" },
    { "width", VN_P_LENGTH, 0, .min = 0.001, .max = 100000, .help = "thickness of a cut across; default: as thin as parts the vessel" },
    { "near", VN_P_INT, 0, .min = 0, .max = 100, .def = "0", .unit = "voxels", .help = "on background: the nearest voxel within this distance is taken" },
    { "axis", VN_P_CHOICE, 0, .def = "ball", .choices = "x|y|z|ball", .help = "where near= looks: in the slice across x, y or z, or all around" },
    { "as", VN_P_NAME, 0, .help = "name of the result" },
    { 0 },
};

static int choose(struct vn_call *c, struct vn_graph *g, int32_t *segment, struct vn_err *err)
{
    struct vn_graph_near near;
    double p[3];
    if (vn_args_has(&c->args, "segment")) {
        const long long i = vn_args_int(&c->args, "segment");
        *segment = (int32_t)i;
        if (i >= g->n_segment)
            return vn_fail(err, VN_E_ARG, "segment=%lld: '%s' has %d segments, numbered from 0", i, vn_call_name(c, "graph"), g->n_segment);
        return 0;
    }
    const int rc = vn_graph_index(g, c->job, err);
    if (rc)
        return rc;
    for (int k = 0; k < 3; k++)
        p[k] = (vn_arg(&c->args, "at")->d[k] + 0.5) * (g->unit_um ? g->grid.um[k] : 1);
    vn_graph_nearest(g, false, p, INFINITY, -1, &near);
    *segment = near.of;
    return near.of < 0 ? vn_fail(err, VN_E_ARG, "'%s' has no segments", vn_call_name(c, "graph")) : 0;
}

static int cut_segment(struct vn_call *c, struct vn_vol *v, struct vn_patch *p, struct vn_err *err)
{
    struct vn_graph *g;
    int32_t segment;
    int64_t changed;
    bool assumed;
    int rc = vn_call_graph(c, "graph", &g, err);
    if (!rc)
        rc = vn_grid_check(&v->grid, vn_call_name(c, "mask"), &g->grid, vn_call_name(c, "graph"), &assumed, err);
    if (!rc)
        rc = choose(c, g, &segment, err);
    if (!rc)
        rc = vn_mend_cut_segment(g, segment, p, &changed, c->job, err);
    if (!rc) {
        vn_res_int(c, "segment", segment);
        vn_res_num(c, g->unit_um ? "length_um" : "length_voxels", g->segment[segment].length);
        vn_res_int(c, "removed", changed);
    }
    return rc;
}

static int cut_across(struct vn_call *c, struct vn_vol *v, struct vn_patch *p, struct vn_err *err)
{
    const bool um = vn_um_known(&v->grid);
    struct vn_cut cut;
    int64_t at[3], changed;
    double width = 0;
    int axis = 0, rc = vn_edit_taken(c, v, vn_call_name(c, "mask"), at, err);
    for (int k = 1; k < 3; k++)
        axis = v->grid.um[k] > v->grid.um[axis] ? k : axis;
    if (!rc && vn_args_has(&c->args, "width"))
        rc = vn_args_length_vox(&c->args, "width", 0, v->grid.um, axis, &width, err);
    if (!rc)
        rc = vn_mend_cut_across(v, at, width * (um ? v->grid.um[axis] : 1), p, &cut, &changed, c->job, err);
    if (!rc) {
        vn_res_ints(c, "middle", cut.middle, 3);
        vn_res_nums(c, "direction", cut.direction, 3);
        vn_res_num(c, um ? "radius_um" : "radius_voxels", cut.radius);
        vn_res_num(c, um ? "width_um" : "width_voxels", cut.width);
        vn_res_int(c, "removed", changed);
    }
    return rc;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    const bool graph = vn_args_has(&c->args, "graph"), segment = vn_args_has(&c->args, "segment"), at = vn_args_has(&c->args, "at");
    struct vn_patch p = { 0 };
    struct vn_vol *v;
    if (segment == at || (segment && !graph))
        return vn_fail(err, VN_E_USAGE, "give segment= with graph=, or at= (with graph=: the segment there, without: a cut across)");
    int rc = vn_call_vol(c, "mask", &v, err);
    c->has_roi = false;
    if (!rc)
        rc = vn_edit_begin(v, &p, err);
    if (!rc)
        rc = graph ? cut_segment(c, v, &p, err) : cut_across(c, v, &p, err);
    return vn_edit_end(c, &p, rc, err);
}

const struct vn_cmd vn_cmd_cut = { "cut", "take a segment out of a mask, or cut a vessel across", params, VN_CMD_MAKES, exec, NULL };
