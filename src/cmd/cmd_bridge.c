/* cmd_bridge.c - "bridge": two ends of vessels joined by a tube. */
#include <math.h>
#include "edits.h"
#include "mend.h"

static const struct vn_param params[] = {
    { "mask", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_EDITED, .help = "mask, labels or skeleton" },
    { "from", VN_P_POINT, 0, .unit = "voxels", .help = "one end" },
    { "to", VN_P_POINT, 0, .unit = "voxels", .help = "the other" },
    { "graph", VN_P_OBJECT, 0, .kinds = VN_GRAPH, .help = "graph of the mask, for ends=" },
    { "ends", VN_P_REALS, 0, .min = 0, .max = 2147483647.0, .help = "numbers of two nodes of graph=, in place of from= and to=" },
    { "radius", VN_P_LENGTH, 0, .min = 0.001, .max = 100000, .help = "of the tube; default: as wide as the vessel at either end" },
    { "near", VN_P_INT, 0, .min = 0, .max = 100, .def = "3", .unit = "voxels", .help = "a point on background: the nearest voxel of the mask within this distance" },
    { "value", VN_P_INT, 0, .min = 1, .max = 4294967295.0, .help = "what the voxels become; default: as at from=" },
    { "as", VN_P_NAME, 0, .help = "name of the result" },
    { 0 },
};

/* The voxel of the mask that is meant, and the tube's radius there. */
static int end_at(struct vn_call *c, struct vn_vol *v, const double p[3], int64_t at[3], double *radius, struct vn_err *err)
{
    const long long near = vn_args_int(&c->args, "near");
    int64_t first[3], middle[3];
    bool found;
    int rc = vn_edit_inside(vn_call_name(c, "mask"), &v->box, p, first, err);
    if (!rc)
        rc = vn_edit_nearest(v, first, near, VN_BRUSH_BALL, at, &found, c->job, err);
    if (!rc && !found)
        rc = vn_fail(err, VN_E_ARG, "%g,%g,%g: '%s' is 0 (background) there and within %lld voxels: a bridge joins two ends of the mask", p[0], p[1], p[2],
                     vn_call_name(c, "mask"), near);
    if (!rc && !*radius)
        rc = vn_mend_radius(v, at, radius, middle, c->job, err);
    if (!rc && !vn_args_has(&c->args, "radius"))
        *radius *= 1 - 1e-5;                         /* what is nearer than the background, not what is as near */
    return rc;
}

static int end_node(struct vn_call *c, const struct vn_graph *g, double id, double at[3], double *radius, struct vn_err *err)
{
    if (id != floor(id) || id >= g->n_node)
        return vn_fail(err, VN_E_ARG, "ends=%s: '%s' has %d nodes, numbered from 0", vn_args_text(&c->args, "ends"), vn_call_name(c, "graph"), g->n_node);
    const struct vn_node *n = &g->node[(int32_t)id];
    vn_mend_voxel(g, n->p, at);
    *radius = *radius ? *radius : n->radius;
    return isfinite(*radius) ? 0 : vn_fail(err, VN_E_ARG, "'%s' has no radii: give radius=, or make the graph from the mask", vn_call_name(c, "graph"));
}

static int by_points(struct vn_call *c, struct vn_vol *v, struct vn_bridge *b, int64_t first[3], struct vn_err *err)
{
    for (int e = 0; e < 2; e++) {
        int64_t at[3];
        const int rc = end_at(c, v, vn_arg(&c->args, e ? "to" : "from")->d, at, &b->radius[e], err);
        if (rc)
            return rc;
        for (int k = 0; k < 3; k++) {
            b->at[3 * e + k] = (double)at[k];
            first[k] = e ? first[k] : at[k];
        }
    }
    return 0;
}

static int by_nodes(struct vn_call *c, struct vn_vol *v, struct vn_bridge *b, int64_t first[3], struct vn_err *err)
{
    const struct vn_arg *ends = vn_arg(&c->args, "ends");
    struct vn_graph *g;
    bool assumed;
    int rc = ends->i == 2 ? vn_call_graph(c, "graph", &g, err) : vn_fail(err, VN_E_ARG, "ends=%s: expected the numbers of two nodes", ends->s);
    if (!rc)
        rc = vn_grid_check(&v->grid, vn_call_name(c, "mask"), &g->grid, vn_call_name(c, "graph"), &assumed, err);
    for (int e = 0; e < 2 && !rc; e++)
        rc = end_node(c, g, ends->d[e], b->at + 3 * e, &b->radius[e], err);
    if (!rc)
        rc = vn_edit_inside(vn_call_name(c, "mask"), &v->box, b->at, first, err);
    return rc;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    const bool points = vn_args_has(&c->args, "from") && vn_args_has(&c->args, "to");
    struct vn_bridge b = { .radius = { 0 } };
    struct vn_patch p = { 0 };
    int64_t first[3], changed;
    _Alignas(8) unsigned char there[8];
    uint32_t value = 0;
    struct vn_vol *v;
    if (points == vn_args_has(&c->args, "ends") || (!points && !vn_args_has(&c->args, "graph")))
        return vn_fail(err, VN_E_USAGE, "give from= and to=, or ends= with graph=");
    int rc = vn_call_vol(c, "mask", &v, err);
    if (rc)
        return rc;
    const bool um = vn_um_known(&v->grid);
    c->has_roi = false;
    if (vn_args_has(&c->args, "radius")) {
        double vox;
        if ((rc = vn_args_length_vox(&c->args, "radius", 0, v->grid.um, 0, &vox, err)))
            return rc;
        b.radius[0] = b.radius[1] = vox * (um ? v->grid.um[0] : 1);
    }
    rc = points ? by_points(c, v, &b, first, err) : by_nodes(c, v, &b, first, err);
    if (!rc && vn_args_has(&c->args, "value"))
        value = (uint32_t)vn_args_int(&c->args, "value");
    else if (!rc)
        rc = v->kind == VN_LABELS ? vn_edit_voxel(v, first, there, &value, err) : 0;
    value = value ? value : 1;
    if (!rc)
        rc = vn_edit_check_value(vn_call_name(c, "mask"), v, value, err);
    if (!rc)
        rc = vn_edit_begin(v, &p, err);
    if (!rc)
        rc = vn_mend_bridge(&b, &v->grid, value, &p, &changed, c->job, err);
    if (!rc) {
        double d2 = 0;
        for (int k = 0; k < 3; k++) {
            const double d = (b.at[3 + k] - b.at[k]) * (um ? v->grid.um[k] : 1);
            d2 += d * d;
        }
        vn_res_nums(c, "from", b.at, 3);
        vn_res_nums(c, "to", b.at + 3, 3);
        vn_res_nums(c, um ? "radius_um" : "radius_voxels", b.radius, 2);
        vn_res_num(c, um ? "length_um" : "length_voxels", sqrt(d2));
        vn_res_int(c, "voxels", changed);
    }
    return vn_edit_end(c, &p, rc, err);
}

const struct vn_cmd vn_cmd_bridge = { "bridge", "join two ends of a mask by a tube", params, VN_CMD_MAKES, exec, NULL };
