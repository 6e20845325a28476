/* cmd_recolour.c - "recolour": another label for what a point lies in. */
#include <stdlib.h>
#include "edits.h"

static const struct vn_param params[] = {
    { "labels", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_EDITED, .help = "labels; a mask or skeleton becomes labels, with 1 for the rest" },
    { "at", VN_P_POINT, VN_REQ, .unit = "voxels", .help = "a voxel of it" },
    { "value", VN_P_INT, VN_REQ, .min = 0, .max = 4294967295.0, .help = "the new label; 0 removes" },
    { "what", VN_P_CHOICE, 0, .choices = "label|component", .help = "all voxels with that label (default for labels), or the connected ones" },
    { "connectivity", VN_P_CHOICE, 0, .def = "26", .choices = "6|18|26", .help = "of a component: faces (6), and edges (18), and corners (26)" },
    { "near", VN_P_INT, 0, .min = 0, .max = 100, .def = "0", .unit = "voxels", .help = "on background: the nearest voxel within this distance is taken" },
    { "axis", VN_P_CHOICE, 0, .def = "ball", .choices = "x|y|z|ball", .help = "where near= looks: in the slice across x, y or z, or all around" },
    { "as", VN_P_NAME, 0, .help = "name of the result" },
    { 0 },
};

/* Labels of the type that they have; of a mask the smallest type that holds value. */
static enum vn_type type_for(const struct vn_vol *v, uint32_t value)
{
    if (v->kind == VN_LABELS)
        return v->src->type;
    return value <= UINT8_MAX ? VN_U8 : value <= UINT16_MAX ? VN_U16 : VN_U32;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    const char *name = vn_call_name(c, "labels");
    const uint32_t value = (uint32_t)vn_args_int(&c->args, "value");
    const int connectivity = atoi(vn_args_text(&c->args, "connectivity"));
    struct vn_piece piece = { 0 };
    struct vn_patch p = { 0 };
    _Alignas(8) unsigned char there[8];
    uint32_t was = 0;
    struct vn_vol *v, *plain = NULL;
    int64_t at[3], changed = 0;
    int rc = vn_call_vol(c, "labels", &v, err);
    if (rc || (rc = vn_edit_taken(c, v, name, at, err)))
        return rc;
    const bool labels = v->kind == VN_LABELS;
    const bool all = vn_args_has(&c->args, "what") ? vn_args_int(&c->args, "what") == 0 : labels;
    c->has_roi = false;
    rc = labels ? vn_edit_check_value(name, v, value, err) : 0;
    if (!rc && !labels) {                          /* a mask of 0 and 1, whatever its voxels are */
        rc = vn_edit_begin(v, &p, err);
        if (!rc)
            rc = vn_patch_load(&p, c->job, err);
        if (!rc)
            rc = vn_patch_end(&p, &plain, err);
        vn_patch_free(&p);
        if (!rc)
            v = plain;
    }
    if (!rc)
        rc = vn_edit_voxel(v, at, there, &was, err);
    if (!rc)
        rc = vn_patch_begin(&p, v, VN_LABELS, type_for(v, value), err);
    if (!rc && all) {
        _Alignas(8) unsigned char as[8];
        vn_convert_row(p.type, as, VN_U32, &was, 1);
        rc = vn_edit_replace(&p, as, false, value, &changed, c->job, err);
    } else if (!rc) {
        rc = vn_piece_find(v, at, VN_ALIKE_VALUE, connectivity, VN_BRUSH_BALL, false, &piece, c->job, err);
        if (!rc)
            rc = vn_piece_set(&piece, false, value, &p, &changed, c->job, err);
    }
    vn_piece_free(&piece);
    vn_vol_unref(plain);
    if (!rc) {
        vn_res_ints(c, "at", at, 3);
        vn_res_int(c, "was", was);
        vn_res_int(c, "voxels", changed);
    }
    return vn_edit_end(c, &p, rc, err);
}

const struct vn_cmd vn_cmd_recolour = { "recolour", "give a label or a component another label", params, VN_CMD_MAKES, exec, NULL };
