/* cmd_lift.c - "lift": a mask drawn on a projection, in the volume. */
#include "edits.h"
#include "lift.h"

static const struct vn_param params[] = {
    { "mask", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_EDITED, .help = "mask or labels of one plane, on a projection" },
    { "index", VN_P_OBJECT, VN_REQ, .kinds = VN_IMAGE, .help = "number of the plane that each voxel came from (mip ... index=)" },
    { "into", VN_P_OBJECT, 0, .kinds = VN_EDITED, .help = "mask or labels that it is added to; without: an empty mask or labels" },
    { "value", VN_P_INT, 0, .min = 1, .max = 4294967295.0, .help = "what the voxels become; default: as in the plane" },
    { "as", VN_P_NAME, 0, .help = "name of the result" },
    { 0 },
};

/* The axis along which both are one voxel thick. */
static int axis_of(struct vn_call *c, const struct vn_vol *m, const struct vn_vol *d, int *axis, struct vn_err *err)
{
    const char *name = vn_call_name(c, "mask"), *index = vn_call_name(c, "index");
    bool assumed;
    const int rc = vn_grid_check(&m->grid, name, &d->grid, index, &assumed, err);
    if (rc)
        return rc;
    *axis = -1;
    for (int k = 2; k >= 0 && *axis < 0; k--)
        if (vn_box_dim(&m->box, k) == 1 && m->grid.dim[k] > 1)
            *axis = k;
    if (*axis < 0)
        return vn_fail(err, VN_E_ARG, "'%s' is no plane of a volume: draw it on what mip made with index=", name);
    if (!vn_box_same(&m->box, &d->box))
        return vn_fail(err, VN_E_ARG, "'%s' and '%s' do not cover the same plane", name, index);
    return 0;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    const uint32_t value = vn_args_has(&c->args, "value") ? (uint32_t)vn_args_int(&c->args, "value") : 0;
    struct vn_vol *m, *d, *into = NULL;
    struct vn_patch p = { 0 };
    int64_t changed = 0, outside = 0;
    int axis, rc = vn_call_vol(c, "mask", &m, err);
    if (!rc)
        rc = vn_call_vol(c, "index", &d, err);
    if (rc || (rc = axis_of(c, m, d, &axis, err)))
        return rc;
    c->has_roi = false;
    if (vn_args_has(&c->args, "into")) {
        bool assumed;
        rc = vn_call_vol(c, "into", &into, err);
        if (!rc)
            rc = vn_grid_check(&m->grid, vn_call_name(c, "mask"), &into->grid, vn_call_name(c, "into"), &assumed, err);
        if (!rc && into->kind != VN_LABELS && m->kind == VN_LABELS && !value)
            rc = vn_fail(err, VN_E_ARG, "'%s' are labels and '%s' is a mask: give value=1", vn_call_name(c, "mask"), vn_call_name(c, "into"));
        if (!rc && value)
            rc = vn_edit_check_value(vn_call_name(c, "into"), into, value, err);
        if (!rc)
            rc = vn_edit_begin(into, &p, err);
    } else {
        struct vn_box whole = m->box;
        const bool labels = m->kind == VN_LABELS;
        whole.lo[axis] = 0;
        whole.hi[axis] = m->grid.dim[axis];
        rc = value ? vn_edit_check_value(vn_call_name(c, "mask"), m, value, err) : 0;
        if (!rc)
            rc = vn_patch_blank(&p, &m->grid, &whole, labels ? VN_LABELS : VN_MASK, labels ? m->src->type : VN_U8, err);
    }
    if (!rc)
        rc = vn_lift(m, d, axis, value ? value : m->kind == VN_LABELS ? 0 : 1, &p, &changed, &outside, c->job, err);
    if (!rc)
        vn_res_int(c, "voxels", changed);
    if (!rc && outside)
        vn_call_note(c, "%lld voxels lie at depths outside of the result and are left out", (long long)outside);
    return vn_edit_end(c, &p, rc, err);
}

const struct vn_cmd vn_cmd_lift = { "lift", "bring a mask drawn on a projection into the volume", params, VN_CMD_MAKES, exec, NULL };
