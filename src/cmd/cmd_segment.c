/* cmd_segment.c - "segment": probability of being vessel. */
#include "cmd.h"
#include "filter.h"

extern const struct vn_op vn_op_segment;

static int exec(struct vn_call *c, struct vn_err *err)
{
    static const char *const shown[] = { "level", "spread", "offset", "noise", "contrast", "local" };
    int rc = vn_cmd_exec_op(c, err);

    for (size_t i = 0; rc == 0 && i < VN_COUNT(shown); i++)
        vn_res_num(c, shown[i], vn_args_real(&c->args, shown[i]));
    if (rc == 0) {
        vn_res_text(c, "smooth", vn_args_text(&c->args, "smooth"));
        vn_res_text(c, "background", vn_args_text(&c->args, "background"));
        vn_res_text(c, "stats", vn_args_text(&c->args, "stats"));
        if (vn_args_real(&c->args, "noise") == 0)
            vn_call_note(c, "the volume is constant: no vessel is found");
    }
    return rc;
}

const struct vn_cmd vn_cmd_segment = { "segment", "probability of being vessel, from local contrast", vn_segment_params, VN_CMD_MAKES, exec, &vn_op_segment };
