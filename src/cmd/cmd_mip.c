/* cmd_mip.c - "mip": maximum intensity projection of a volume as a picture. */
#include "picture.h"
#include <math.h>

static const struct vn_param params[] = {
    { "volume", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_VOLUMES, .help = "what to show" },
    { "axis", VN_P_CHOICE, 0, .choices = "x|y|z", .def = "z", .help = "direction looked along" },
    { "range", VN_P_RANGE, 0, .unit = "voxels", .help = "planes a:b along axis, b not included; all of the region without" },
    VN_PICTURE_PARAMS,
    { 0 },
};

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct vn_vol *v;
    struct vn_box region;
    const struct vn_arg *range = vn_arg(&c->args, "range");
    int axis = (int)vn_args_int(&c->args, "axis"), rc = vn_call_vol(c, "volume", &v, err);
    if (!rc)
        rc = vn_call_region(c, v, &region, err);
    if (rc)
        return rc;
    int64_t slab[2] = { region.lo[axis], region.hi[axis] };
    if (range->has) {
        slab[0] = vn_max64(slab[0], (int64_t)fmax(range->d[0], -1e15));
        slab[1] = vn_min64(slab[1], (int64_t)fmin(range->d[1], 1e15));
        if (slab[0] >= slab[1])
            return vn_fail(err, VN_E_ARG, "range=%s holds no plane of '%s', whose planes along %c are %lld to %lld", range->s, vn_call_name(c, "volume"),
                           "xyz"[axis], (long long)region.lo[axis], (long long)region.hi[axis] - 1);
    }
    vn_res_text(c, "axis", vn_args_text(&c->args, "axis"));
    vn_res_ints(c, "range", slab, 2);
    return vn_picture_run(c, true, slab, err);
}

const struct vn_cmd vn_cmd_mip = { "mip", "write or print a maximum intensity projection", params, 0, exec, NULL };
