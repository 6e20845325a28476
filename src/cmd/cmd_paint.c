/* cmd_paint.c - "paint": a stroke of a brush in a mask or in labels. */
#include "edits.h"

static const struct vn_param params[] = {
    { "mask", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_VOLUMES, .help = "mask, labels or skeleton; an image or a probability: an empty mask on its grid" },
    VN_STROKE_PARAMS,
    { "value", VN_P_INT, 0, .min = 0, .max = 4294967295.0, .def = "1", .help = "what the voxels become; above 1 in labels only" },
    { "as", VN_P_NAME, 0, .help = "name of the result" },
    { 0 },
};

static int exec(struct vn_call *c, struct vn_err *err) { return vn_edit_stroke(c, "mask", (uint32_t)vn_args_int(&c->args, "value"), err); }

const struct vn_cmd vn_cmd_paint = { "paint", "draw into a mask or labels", params, VN_CMD_MAKES, exec, NULL };
