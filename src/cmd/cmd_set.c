/* cmd_set.c - "set": a new header over the same voxels: voxel size, kind. */
#include "cmd.h"
#include "remember.h"
#include <stdio.h>
#include <string.h>

static const struct vn_param params[] = {
    { "name", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_VOLUMES, .help = "volume" },
    { "voxel", VN_P_VOXEL, 0, .unit = "um", .help = "voxel size along x, y, z: 0.35x0.35x1um, or 1um for all three" },
    { "kind", VN_P_CHOICE, 0, .choices = "image|prob|mask|labels|skeleton", .help = "what the voxels mean" },
    { "as", VN_P_NAME, 0, .help = "name of the result; by default NAME itself is bound to it" },
    { 0 },
};

static int exec(struct vn_call *c, struct vn_err *err)
{
    static const enum vn_kind kinds[] = { VN_IMAGE, VN_PROB, VN_MASK, VN_LABELS, VN_SKELETON };
    struct vn_vol *v, *out;
    int rc = vn_call_vol(c, "name", &v, err);

    if (rc)
        return rc;
    if (!vn_args_has(&c->args, "voxel") && !vn_args_has(&c->args, "kind"))
        return vn_fail(err, VN_E_USAGE, "nothing to set: voxel=0.35x0.35x1um or kind=mask");
    out = vn_vol_header(v, vn_args_has(&c->args, "voxel") ? vn_arg(&c->args, "voxel")->d : NULL,
                        vn_args_has(&c->args, "kind") ? kinds[vn_args_int(&c->args, "kind")] : v->kind, err);
    if (!out)
        return err->code;
    snprintf(c->as, sizeof c->as, "%.63s", vn_call_name(c, "name"));
    if (v->path && vn_args_has(&c->args, "voxel") && vn_runner_opt(c->r)->remember && !c->remake)
        vn_remember_voxel(v->path, out->grid.um);
    vn_res_volume(c, out);
    return vn_call_output(c, 0, "", out->kind, out, err);
}

const struct vn_cmd vn_cmd_set = { "set", "give a volume its voxel size or kind", params, VN_CMD_MAKES, exec, NULL };
