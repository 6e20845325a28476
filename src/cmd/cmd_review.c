/* cmd_review.c - "review": a proposal is accepted, which edits the mask, or rejected. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "edits.h"
#include "proposals.h"

static const struct vn_param params[] = {
    { "proposals", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_TABLE, .help = "table of proposals" },
    { "mask", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_MASK, .help = "mask that they are about, as it is now" },
    { "accept", VN_P_INT, 0, .min = 1, .max = 1e9, .help = "row whose proposal is carried out, the first is 1" },
    { "reject", VN_P_INT, 0, .min = 1, .max = 1e9, .help = "row whose proposal is not" },
    { "as", VN_P_NAME, 0, .help = "name of the mask; the table becomes NAME_proposals. Default: the mask's own" },
    { 0 },
};

static int remove_speck(struct vn_call *c, struct vn_vol *v, const struct vn_proposal *p, struct vn_patch *to, int64_t *changed, struct vn_err *err)
{
    const int64_t at[3] = { (int64_t)p->bridge.at[0], (int64_t)p->bridge.at[1], (int64_t)p->bridge.at[2] };
    struct vn_piece piece = { 0 };
    int64_t taken[3], size = 0;
    bool found;
    int rc = vn_edit_nearest(v, at, 0, VN_BRUSH_BALL, taken, &found, c->job, err);
    if (!rc && !found)
        return vn_fail(err, VN_E_ARG, "the speck at %g,%g,%g is no longer there: reject it", p->bridge.at[0], p->bridge.at[1], p->bridge.at[2]);
    if (!rc)
        rc = vn_piece_find(v, at, VN_ALIKE_SET, 26, VN_BRUSH_BALL, false, &piece, c->job, err);
    for (uint32_t i = 0; i < piece.r.n && !rc; i++)
        size += piece.r.label[i] == piece.label ? piece.r.run[i].x1 - piece.r.run[i].x0 : 0;
    if (!rc && size != p->voxels)
        rc = vn_fail(err, VN_E_ARG, "at %g,%g,%g is now a piece of %lld voxels, not the speck of %lld: reject it, or find the proposals anew",
                     p->bridge.at[0], p->bridge.at[1], p->bridge.at[2], (long long)size, (long long)p->voxels);
    if (!rc)
        rc = vn_piece_set(&piece, false, 0, to, changed, c->job, err);
    vn_piece_free(&piece);
    return rc;
}

/* The mask with the proposal carried out is the first output. */
static int carry_out(struct vn_call *c, struct vn_vol *v, const struct vn_proposal *p, struct vn_err *err)
{
    struct vn_patch patch = { 0 };
    int64_t at[3], changed = 0;
    int rc = 0;
    for (int e = 0; e < (p->kind == VN_PROPOSE_BRIDGE ? 2 : 1) && !rc; e++)
        rc = vn_edit_inside(vn_call_name(c, "mask"), &v->box, p->bridge.at + 3 * e, at, err);
    if (!rc)
        rc = vn_edit_begin(v, &patch, err);
    if (!rc && p->kind == VN_PROPOSE_BRIDGE)
        rc = vn_mend_bridge(&p->bridge, &v->grid, 1, &patch, &changed, c->job, err);
    else if (!rc)
        rc = remove_speck(c, v, p, &patch, &changed, err);
    if (!rc)
        vn_res_int(c, "voxels", changed);
    return vn_edit_end(c, &patch, rc, err);
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    const bool accept = vn_args_has(&c->args, "accept");
    struct vn_proposal p;
    struct vn_table *t, *after;
    struct vn_vol *v;
    int col[VN_PR_COLS], rc = vn_call_table(c, "proposals", &t, err);
    if (!rc)
        rc = vn_proposals_columns(t, vn_call_name(c, "proposals"), col, err);
    if (!rc)
        rc = vn_call_vol(c, "mask", &v, err);
    if (rc)
        return rc;
    if (accept == vn_args_has(&c->args, "reject"))
        return vn_fail(err, VN_E_USAGE, "give the row to be decided on, accept=N or reject=N");
    c->has_roi = false;
    const int64_t row = vn_args_int(&c->args, accept ? "accept" : "reject") - 1;
    if (row >= t->n_row)
        return vn_fail(err, VN_E_ARG, "%s=%lld: '%s' has %lld proposals", accept ? "accept" : "reject", (long long)row + 1,
                       vn_call_name(c, "proposals"), (long long)t->n_row);
    const char *state = t->col[col[VN_PR_STATE]].text[row];
    if (strcmp(state, "open"))
        return vn_fail(err, VN_E_ARG, "proposal %lld is %s already (undo takes that back)", (long long)row + 1, state);
    if (!vn_args_given(&c->args, "as"))
        snprintf(c->as, sizeof c->as, "%.48s", vn_call_name(c, "mask"));
    vn_proposal_row(t, col, row, &p);
    vn_res_text(c, "kind", t->col[col[VN_PR_KIND]].text[row]);
    if (accept && (rc = carry_out(c, v, &p, err)))
        return rc;
    if ((rc = vn_proposals_with(t, col, row, accept ? "accepted" : "rejected", &after, err)))
        return rc;
    vn_res_text(c, "state", accept ? "accepted" : "rejected");
    vn_res_int(c, "open", vn_proposals_open(after, col));
    return vn_call_output(c, accept ? 1 : 0, "_proposals", VN_TABLE, after, err);
}

const struct vn_cmd vn_cmd_review = { "review", "accept or reject a proposal", params, VN_CMD_MAKES, exec, NULL };
