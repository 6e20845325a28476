/* cmd_slab.c - "slab": how thick the slice panes are, and how a slab becomes one picture. */
#include "picture.h"
#include <math.h>

static const struct vn_param params[] = {
    { "thickness", VN_P_LENGTH, VN_POS, .min = 0, .max = 1e6, .help = "planes (a bare number) or um; 1: a slice; more: centred on the crosshair" },
    { "method", VN_P_CHOICE, 0, .choices = VN_SLAB_METHODS, .help = "of the slice panes; depth: maximum, coloured by where it lies" },
    { "mip", VN_P_CHOICE, 0, .choices = VN_SLAB_METHODS, .help = "the same for the projection pane" },
    { 0 },
};

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct vn_view view = vn_session_view(c->s);
    const struct vn_arg *a = vn_arg(&c->args, "thickness");
    const bool methods = vn_args_has(&c->args, "method") || vn_args_has(&c->args, "mip");
    if (a->has && a->len[0].unit != VN_UM) {
        if (!(a->len[0].v >= 1 && a->len[0].v <= 100000 && a->len[0].v == floor(a->len[0].v)))
            return vn_fail(err, VN_E_ARG, "thickness=%s is not a whole number of planes from 1 to 100000, or um ('slab 20um')", a->s);
        view.slab = (int)a->len[0].v;
        view.slab_um = 0;
    } else if (a->has) {
        if (!(a->len[0].v > 0))
            return vn_fail(err, VN_E_ARG, "thickness=%s is not above 0", a->s);
        view.slab_um = a->len[0].v;
    } else if (!methods) {
        view.slab = 1;
        view.slab_um = 0;
    }
    if (vn_args_has(&c->args, "method"))
        view.slab_method = (enum vn_slab_method)vn_args_int(&c->args, "method");
    if (vn_args_has(&c->args, "mip"))
        view.mip_method = (enum vn_slab_method)vn_args_int(&c->args, "mip");
    vn_session_set_view(c->s, &view);
    return 0;
}

const struct vn_cmd vn_cmd_slab = { "slab", "thickness of the slice panes, and the method of projections", params, VN_CMD_NOW | VN_CMD_UI, exec, NULL };
