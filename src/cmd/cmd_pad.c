/* cmd_pad.c - "pad": a volume with a border. */
#include "cmd.h"

extern const struct vn_op vn_op_pad;
extern const struct vn_param vn_pad_params[];

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct vn_vol *in;
    int rc = vn_call_vol(c, "volume", &in, err);

    if (rc || (rc = vn_cmd_exec_op(c, err)))
        return rc;
    const struct vn_vol *out = c->made[0].content;
    if (!vn_key_same(out->grid.frame, in->grid.frame))
        vn_call_note(c, "the grid grew at its low end: coordinates are those of a new frame, not of %s", vn_call_name(c, "volume"));
    return 0;
}

const struct vn_cmd vn_cmd_pad = { "pad", "a volume with a border", vn_pad_params, VN_CMD_MAKES, exec, &vn_op_pad };
