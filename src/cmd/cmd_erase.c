/* cmd_erase.c - "erase": a stroke of zeros in a mask or in labels. */
#include "edits.h"

static const struct vn_param params[] = {
    { "mask", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_EDITED, .help = "mask, labels or skeleton" },
    VN_STROKE_PARAMS,
    { "as", VN_P_NAME, 0, .help = "name of the result" },
    { 0 },
};

static int exec(struct vn_call *c, struct vn_err *err) { return vn_edit_stroke(c, "mask", 0, err); }

const struct vn_cmd vn_cmd_erase = { "erase", "rub out a stroke of a mask or labels", params, VN_CMD_MAKES, exec, NULL };
