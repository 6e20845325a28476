/* cmd_show.c - "show": the volume the panes look at. */
#include "cmd.h"
#include <math.h>
#include <stdio.h>

static const struct vn_param params[] = {
    { "volume", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_VOLUMES, .help = "what to look at" },
    { 0 },
};

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct vn_view view = vn_session_view(c->s);
    struct vn_vol *v;
    int rc = vn_call_vol(c, "volume", &v, err);
    if (rc)
        return rc;
    bool inside = view.volume[0] != '\0';
    for (int k = 0; k < 3; k++)
        inside = inside && view.at[k] >= (double)v->box.lo[k] && view.at[k] < (double)v->box.hi[k];
    for (int k = 0; k < 3 && !inside; k++)
        view.at[k] = floor(0.5 * (double)(v->box.lo[k] + v->box.hi[k]));
    if (!inside)
        view.zoom = 1;
    view.lo = view.hi = 0;                       /* another volume has other grey values */
    view.low = -1;
    snprintf(view.volume, sizeof view.volume, "%s", vn_call_name(c, "volume"));
    vn_session_set_view(c->s, &view);
    return 0;
}

const struct vn_cmd vn_cmd_show = { "show", "look at a volume", params, VN_CMD_NOW | VN_CMD_UI, exec, NULL };
