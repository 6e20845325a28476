/* cmd_vesselness.c - "vesselness": how tube-like each voxel's surroundings are. */
#include "cmd.h"
#include <string.h>
#include "filter.h"

extern const struct vn_op vn_op_vesselness;

static const struct { const char *name, *method; } owner[] = {
    { "alpha", "frangi" }, { "beta", "frangi" }, { "c", "frangi" }, { "tau", "jerman" }, { "peak", "jerman" },
};

static int exec(struct vn_call *c, struct vn_err *err)
{
    const char *method = vn_args_text(&c->args, "method");

    for (size_t i = 0; i < VN_COUNT(owner); i++)
        if (vn_args_given(&c->args, owner[i].name) && strcmp(owner[i].method, method))
            return vn_fail(err, VN_E_USAGE, "%s= belongs to method=%s, and the method is %s", owner[i].name, owner[i].method, method);
    return vn_cmd_exec_op(c, err);
}

const struct vn_cmd vn_cmd_vesselness = {
    "vesselness", "tubeness from the Hessian over scales", vn_vesselness_params, VN_CMD_MAKES, exec, &vn_op_vesselness,
};
