/* cmd_keep.c - "keep": only one component of a mask, or one label. */
#include "edits.h"

static const struct vn_param params[] = { VN_COMPONENT_PARAMS, { 0 } };

static int exec(struct vn_call *c, struct vn_err *err) { return vn_edit_pick(c, true, err); }

const struct vn_cmd vn_cmd_keep = { "keep", "keep only the component at a point", params, VN_CMD_MAKES, exec, NULL };
