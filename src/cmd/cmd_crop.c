/* cmd_crop.c - "crop": a part of a volume as an object of its own. */
#include "cmd.h"
#include <inttypes.h>
#include <string.h>

extern const struct vn_op vn_op_crop;
extern const struct vn_param vn_crop_params[];

static int exec(struct vn_call *c, struct vn_err *err)
{
    const struct vn_arg *a = vn_arg(&c->args, "box");
    struct vn_box region, box;
    struct vn_vol *in, *out;
    int rc;

    if (!a->has && !c->has_roi)
        return vn_fail(err, VN_E_USAGE, "box is missing: x0:x1,y0:y1,z0:z1, or a region set by roi");
    if (a->has && !a->i)
        return vn_fail(err, VN_E_ARG, "box=off: expected x0:x1,y0:y1,z0:z1");
    if ((rc = vn_call_vol(c, "volume", &in, err)) || (rc = vn_call_region(c, in, &region, err)))
        return rc;
    memcpy(box.lo, a->lo, sizeof box.lo);
    memcpy(box.hi, a->hi, sizeof box.hi);
    if (a->has && !vn_box_meet(&region, &box, &region))
        return vn_fail(err, VN_E_ARG, "box=%s has no voxel in common with %s, which covers %" PRId64 ":%" PRId64 ",%" PRId64 ":%" PRId64
                       ",%" PRId64 ":%" PRId64 "%s", a->s, vn_call_name(c, "volume"), in->box.lo[0], in->box.hi[0], in->box.lo[1],
                       in->box.hi[1], in->box.lo[2], in->box.hi[2], c->has_roi ? ", within the region (roi)" : "");
    if ((rc = vn_op_run(&vn_op_crop, &c->args, &in, &region, &out, NULL, c->job, err)))
        return rc;
    vn_res_volume(c, out);
    return vn_call_output(c, 0, "", out->kind, out, err);
}

const struct vn_cmd vn_cmd_crop = { "crop", "a part of a volume as an object of its own", vn_crop_params, VN_CMD_MAKES, exec, &vn_op_crop };
