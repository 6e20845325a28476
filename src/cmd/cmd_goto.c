/* cmd_goto.c - "goto": the crosshair. */
#include "cmd.h"
#include <math.h>
#include <string.h>

static const struct vn_param params[] = {
    { "at", VN_P_POINT, VN_POS | VN_REQ, .unit = "voxels", .help = "x,y,z of the whole volume" },
    { 0 },
};

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct vn_view view = vn_session_view(c->s);
    const struct vn_arg *at = vn_arg(&c->args, "at");
    struct vn_obj *o = view.volume[0] ? vn_session_get(c->s, view.volume) : NULL;
    struct vn_vol *v = o && (o->kind & VN_VOLUMES) ? vn_obj_peek(c->s, o) : NULL;       /* nothing is made again for a look */
    int rc = 0;
    if (v)
        for (int k = 0; k < 3 && !rc; k++)
            if (!(at->d[k] >= (double)v->box.lo[k] && at->d[k] < (double)v->box.hi[k]))
                rc = vn_fail(err, VN_E_ARG, "%c=%g is outside '%s', which covers %lld to %lld there", "xyz"[k], at->d[k], view.volume,
                             (long long)v->box.lo[k], (long long)v->box.hi[k] - 1);
    vn_vol_unref(v);
    vn_obj_unref(o);
    if (rc)
        return rc;
    memcpy(view.at, at->d, sizeof view.at);
    vn_session_set_view(c->s, &view);
    return 0;
}

const struct vn_cmd vn_cmd_goto = { "goto", "move the crosshair", params, VN_CMD_NOW | VN_CMD_UI, exec, NULL };
