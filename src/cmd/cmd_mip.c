/* cmd_mip.c - "mip": projection of a volume as a picture, or as volumes of one plane. */
#include "picture.h"
#include <math.h>
#include "project.h"

static const struct vn_param params[] = {
    { "volume", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_VOLUMES, .help = "what to show" },
    { "axis", VN_P_CHOICE, 0, .choices = "x|y|z", .def = "z", .help = "direction looked along" },
    { "range", VN_P_RANGE, 0, .unit = "voxels", .help = "planes a:b along axis, b not included; all of the region without" },
    VN_PICTURE_PARAMS,
    { "method", VN_P_CHOICE, 0, .choices = VN_SLAB_METHODS, .def = "max", .help = "what is kept of the planes; depth, for pictures: the maximum, coloured by its plane" },
    { "index", VN_P_CHOICE, 0, .choices = "first|last", .help = "with as=: also NAME_index, the plane of the first or last extreme" },
    { "as", VN_P_NAME, 0, .help = "name of the projection as a volume; without it there is a picture only" },
    { 0 },
};

static int keep(struct vn_call *c, struct vn_vol *v, const struct vn_box *region, int axis, const int64_t slab[2], struct vn_err *err)
{
    const bool index = vn_args_has(&c->args, "index");
    struct vn_project_in in = { .v = v, .box = *region, .axis = axis, .method = (enum vn_project)vn_args_int(&c->args, "method"),
                                .last = index && vn_args_int(&c->args, "index") == 1 };
    struct vn_vol *image, *depth = NULL;

    in.box.lo[axis] = slab[0];
    in.box.hi[axis] = slab[1];
    int rc = vn_project(&in, &image, index ? &depth : NULL, c->job, err);
    if (rc)
        return rc;
    vn_res_text(c, "method", vn_args_text(&c->args, "method"));
    vn_res_volume(c, image);
    const enum vn_kind kind = image->kind;
    rc = vn_call_output(c, 0, "", kind, image, err);
    if (index && rc)
        vn_vol_unref(depth);
    else if (index)
        rc = vn_call_output(c, 1, "_index", VN_IMAGE, depth, err);
    return rc;
}

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
    if (!vn_args_has(&c->args, "as") && vn_args_has(&c->args, "index"))
        return vn_fail(err, VN_E_USAGE, "index= gives a volume: name it with as=");
    if (vn_args_has(&c->args, "as") && vn_args_int(&c->args, "method") == VN_SLAB_DEPTH)
        return vn_fail(err, VN_E_USAGE, "method=depth is for pictures: index=first keeps the planes as a volume");
    if (vn_args_has(&c->args, "as"))
        rc = keep(c, v, &region, axis, slab, err);
    if (!rc && !c->remake && (vn_args_has(&c->args, "to") || !vn_args_has(&c->args, "as")))
        rc = vn_picture_run(c, true, slab, err);
    return rc;
}

const struct vn_cmd vn_cmd_mip = { "mip", "write, print or keep a maximum intensity projection", params, VN_CMD_MAKES, exec, NULL };
