/* cmd_proposals.c - "proposals": bridges and specks of a mask for a person to decide on. */
#include <stdio.h>
#include "cmd.h"
#include "mem.h"
#include "proposals.h"

static const struct vn_param params[] = {
    { "mask", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_MASK, .help = "mask" },
    { "image", VN_P_OBJECT, 0, .kinds = VN_IMAGE | VN_PROB, .help = "what it was made from, image or probability: dim signal in a gap counts for it" },
    { "gap", VN_P_LENGTH, 0, .min = 0, .max = 100000, .def = "12vox", .help = "longest bridge; vox: steps of the grid; 0: no bridges" },
    { "min_score", VN_P_REAL, 0, .min = 0, .max = 1, .def = "0.3", .help = "bridges of a lower score are not proposed" },
    { "speck", VN_P_INT, 0, .min = 0, .max = 1e9, .def = "100", .unit = "voxels", .help = "pieces of fewer voxels are proposed for deletion; 0: none" },
    { "as", VN_P_NAME, 0, .help = "name of the table; default: the mask's with _proposals" },
    { 0 },
};

static int exec(struct vn_call *c, struct vn_err *err)
{
    const struct vn_length gap = vn_arg(&c->args, "gap")->len[0];
    struct vn_propose_in in = { .speck = vn_args_int(&c->args, "speck"), .rule = { .gap = gap.v, .min_score = vn_args_real(&c->args, "min_score") } };
    struct vn_proposal *p = NULL;
    struct vn_table *t = NULL;
    int64_t n = 0, bridges = 0;
    bool assumed;
    double unused;
    int rc = vn_call_vol(c, "mask", &in.mask, err);
    if (rc)
        return rc;
    const bool known = vn_um_known(&in.mask->grid);
    in.rule.um = known && gap.unit != VN_VOX;
    c->has_roi = false;
    rc = vn_args_length_vox(&c->args, "gap", 0, in.mask->grid.um, 0, &unused, err);
    if (!rc && vn_args_has(&c->args, "image") && !(rc = vn_call_vol(c, "image", &in.image, err)))
        rc = vn_grid_check(&in.mask->grid, vn_call_name(c, "mask"), &in.image->grid, vn_call_name(c, "image"), &assumed, err);
    if (!rc && in.image && !vn_box_contains(&in.image->box, &in.mask->box))
        rc = vn_fail(err, VN_E_ARG, "'%s' does not cover all of '%s'", vn_call_name(c, "image"), vn_call_name(c, "mask"));
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
    vn_res_text(c, "gap", vn_args_text(&c->args, "gap"));
    return vn_call_output(c, 0, "", VN_TABLE, t, err);
}

const struct vn_cmd vn_cmd_proposals = { "proposals", "find bridges and specks to decide on", params, VN_CMD_MAKES, exec, NULL };
