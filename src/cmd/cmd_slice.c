/* cmd_slice.c - "slice": one plane of a volume as a picture. */
#include "picture.h"

static const struct vn_param params[] = {
    { "volume", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_VOLUMES, .help = "what to show" },
    { "axis", VN_P_CHOICE, 0, .choices = "x|y|z", .def = "z", .help = "direction looked along" },
    { "at", VN_P_INT, 0, .unit = "voxels", .help = "index of the plane along axis; the middle one without" },
    { "slab", VN_P_LENGTH, 0, .min = 0, .max = 1e6, .help = "planes (a bare number) or um from at on, projected by method" },
    { "method", VN_P_CHOICE, 0, .choices = VN_SLAB_METHODS, .def = "max", .help = "of the slab; depth: maximum, coloured by where it lies" },
    VN_PICTURE_PARAMS,
    { 0 },
};

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct vn_vol *v;
    struct vn_box region;
    int axis = (int)vn_args_int(&c->args, "axis"), rc = vn_call_vol(c, "volume", &v, err);
    if (!rc)
        rc = vn_call_region(c, v, &region, err);
    if (rc)
        return rc;
    int64_t at = vn_args_has(&c->args, "at") ? vn_args_int(&c->args, "at") : (region.lo[axis] + region.hi[axis]) / 2, n = 1;
    if (vn_args_has(&c->args, "slab") && (rc = vn_picture_planes(&c->args, "slab", v->grid.um[axis], &n, err)))
        return rc;
    if (at < v->box.lo[axis] || at >= v->box.hi[axis])
        return vn_fail(err, VN_E_ARG, "at=%lld is outside '%s', whose planes along %c are %lld to %lld", (long long)at, vn_call_name(c, "volume"), "xyz"[axis],
                       (long long)v->box.lo[axis], (long long)v->box.hi[axis] - 1);
    vn_res_text(c, "axis", vn_args_text(&c->args, "axis"));
    vn_res_int(c, "at", at);
    if (vn_um_known(&v->grid))
        vn_res_num(c, "position_um", ((double)at + 0.5) * v->grid.um[axis]);
    return vn_picture_run(c, n > 1, (int64_t[]){ at, at + n }, err);
}

const struct vn_cmd vn_cmd_slice = { "slice", "write or print one plane of a volume as a picture", params, 0, exec, NULL };
