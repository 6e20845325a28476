/* cmd_fill.c - "fill": the background enclosed around a point becomes foreground. */
#include "edits.h"

static const struct vn_param params[] = {
    { "mask", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_EDITED, .help = "mask, labels or skeleton" },
    { "at", VN_P_POINT, VN_REQ, .unit = "voxels", .help = "a voxel of the background" },
    { "axis", VN_P_CHOICE, 0, .def = "z", .choices = "x|y|z|ball", .help = "enclosed in the slice across x, y or z, or on all sides (ball)" },
    { "value", VN_P_INT, 0, .min = 1, .max = 4294967295.0, .def = "1", .help = "what the voxels become; above 1 in labels only" },
    { "as", VN_P_NAME, 0, .help = "name of the result" },
    { 0 },
};

static int exec(struct vn_call *c, struct vn_err *err)
{
    const char *name = vn_call_name(c, "mask");
    const double *p = vn_arg(&c->args, "at")->d;
    const uint32_t value = (uint32_t)vn_args_int(&c->args, "value");
    const int axis = (int)vn_args_int(&c->args, "axis");
    struct vn_piece piece = { 0 };
    struct vn_patch patch = { 0 };
    _Alignas(8) unsigned char there[8];
    uint32_t number = 0;
    struct vn_vol *v;
    int64_t at[3], changed = 0;
    int rc = vn_call_vol(c, "mask", &v, err);
    if (rc || (rc = vn_edit_at(c, v, name, at, err)) || (rc = vn_edit_check_value(name, v, value, err)) ||
        (rc = vn_edit_voxel(v, at, there, &number, err)))
        return rc;
    c->has_roi = false;
    if (number)
        return vn_fail(err, VN_E_ARG, "at=%g,%g,%g: '%s' is %u there, and fill takes a point of the background", p[0], p[1], p[2], name, number);
    rc = vn_piece_find(v, at, VN_ALIKE_ZERO, 6, axis, true, &piece, c->job, err);
    if (!rc && piece.border && axis == VN_BRUSH_BALL)
        rc = vn_fail(err, VN_E_ARG, "at=%g,%g,%g: the background there is no cavity of '%s', it reaches the border of the volume%s", p[0], p[1], p[2],
                     name, " (axis=z fills in one slice)");
    else if (!rc && piece.border)
        rc = vn_fail(err, VN_E_ARG, "at=%g,%g,%g: the background there is not enclosed by '%s' in the slice %c=%lld, it reaches the border: close the gap first",
                     p[0], p[1], p[2], name, "xyz"[axis], (long long)at[axis]);
    if (!rc)
        rc = vn_edit_begin(v, &patch, err);
    if (!rc)
        rc = vn_piece_set(&piece, false, value, &patch, &changed, c->job, err);
    vn_piece_free(&piece);
    if (!rc)
        vn_res_int(c, "voxels", changed);
    return vn_edit_end(c, &patch, rc, err);
}

const struct vn_cmd vn_cmd_fill = { "fill", "fill the enclosed background at a point", params, VN_CMD_MAKES, exec, NULL };
