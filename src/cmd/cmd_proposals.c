/* cmd_proposals.c - "proposals": bridges and specks of a mask for a person to decide on. */
#include <math.h>
#include <stdio.h>
#include "cmd.h"
#include "mem.h"
#include "proposals.h"

static const struct vn_param params[] = {
    { "mask", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_MASK, .help = "mask" },
    { "graph", VN_P_OBJECT, 0, .kinds = VN_GRAPH, .help = "its graph, for bridges between end points; without: only specks" },
    { "gap", VN_P_LENGTH, 0, .min = 0.001, .max = 100000, .def = "15vox", .help = "longest bridge (vox: of the widest voxel side)" },
    { "speck", VN_P_INT, 0, .min = 0, .max = 1e9, .def = "100", .unit = "voxels", .help = "pieces of fewer voxels are proposed for deletion; 0: none" },
    { "as", VN_P_NAME, 0, .help = "name of the table; default: the mask's with _proposals" },
    { 0 },
};

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct vn_propose_in in = { .speck = vn_args_int(&c->args, "speck") };
    struct vn_proposal *p = NULL;
    struct vn_table *t = NULL;
    struct vn_graph *g = NULL;
    int64_t n = 0, bridges = 0;
    int axis = 0, rc = vn_call_vol(c, "mask", &in.mask, err);
    if (!rc && vn_args_has(&c->args, "graph")) {
        bool assumed;
        rc = vn_call_graph(c, "graph", &g, err);
        if (!rc)
            rc = vn_grid_check(&in.mask->grid, vn_call_name(c, "mask"), &g->grid, vn_call_name(c, "graph"), &assumed, err);
        in.g = g;
    }
    if (rc)
        return rc;
    const double *um = in.mask->grid.um;
    const bool known = vn_um_known(&in.mask->grid);
    for (int k = 1; k < 3; k++)
        axis = um[k] > um[axis] ? k : axis;
    c->has_roi = false;
    rc = vn_args_length_vox(&c->args, "gap", 0, um, axis, &in.gap, err);
    in.gap *= known ? um[axis] : 1;
    for (int32_t i = 0; g && i < g->n_node && !rc; i++)
        if (g->node[i].degree == 1 && !isfinite(g->node[i].radius))
            rc = vn_fail(err, VN_E_ARG, "'%s' has no radii: make the graph from the mask, or with mask=", vn_call_name(c, "graph"));
    if (!rc)
        rc = vn_propose(&in, &p, &n, c->job, err);
    if (!rc)
        rc = vn_proposals_table(p, n, known, &t, err);
    for (int64_t i = 0; i < n && !rc; i++)
        bridges += p[i].kind == VN_PROPOSE_BRIDGE;
    vn_free(p);
    if (rc)
        return rc;
    if (!vn_args_given(&c->args, "as"))
        snprintf(c->as, sizeof c->as, "%.38s_proposals", vn_call_name(c, "mask"));
    vn_res_int(c, "bridges", bridges);
    vn_res_int(c, "specks", n - bridges);
    vn_res_num(c, known ? "gap_um" : "gap_voxels", in.gap);
    return vn_call_output(c, 0, "", VN_TABLE, t, err);
}

const struct vn_cmd vn_cmd_proposals = { "proposals", "find bridges and specks to decide on", params, VN_CMD_MAKES, exec, NULL };
