/* cmd_delete.c - "delete": one component of a mask, or one label. */
#include "edits.h"

static const struct vn_param params[] = { VN_COMPONENT_PARAMS, { 0 } };

static int exec(struct vn_call *c, struct vn_err *err) { return vn_edit_pick(c, false, err); }

const struct vn_cmd vn_cmd_delete = { "delete", "remove the component at a point", params, VN_CMD_MAKES, exec, NULL };
