/* view.c - what is looked at before any command has changed it, and its pile of overlays. */
#include "view.h"
#include <stdio.h>
#include <string.h>

void vn_view_init(struct vn_view *v)
{
    *v = (struct vn_view) { .zoom = 1.0, .opacity = 0.5, .axis = 2, .slab = 1, .layout = 4, .focus = VN_XY,
                            .crosshair = true, .overlay_on = true, .low = -1.0, .high = -1.0 };
}

int vn_view_layers(const struct vn_view *v, struct vn_layer *out)
{
    if (!v->overlay[0])
        return 0;
    out[0] = (struct vn_layer){ .opacity = v->opacity, .outline = v->outline, .tint = v->tint };
    memcpy(out[0].name, v->overlay, sizeof out[0].name);
    memcpy(out + 1, v->under, (size_t)v->n_under * sizeof *out);
    return v->n_under + 1;
}

/* A colour whose last owner is not among the layers, or the name's own. */
static int tint_of(const struct vn_view *v, const struct vn_layer *l, int n, const char *name)
{
    for (int t = 0; t < VN_N_TINT; t++)
        if (!strcmp(v->tinted[t], name))
            return t;
    for (int t = 0; t < VN_N_TINT; t++) {
        bool taken = false;
        for (int i = 0; i < n; i++)
            taken = taken || !strcmp(v->tinted[t], l[i].name);
        if (!taken)
            return t;
    }
    return 0;
}

void vn_view_set_layers(struct vn_view *v, const struct vn_layer *l, int n)
{
    struct vn_layer top = { .opacity = v->opacity, .outline = v->outline };
    for (int i = 0; i < n; i++) {
        struct vn_layer *to = i ? &v->under[i - 1] : &top;
        *to = l[i];
        to->tint = tint_of(v, l, n, l[i].name);
        memcpy(v->tinted[to->tint], l[i].name, sizeof v->tinted[0]);
    }
    memcpy(v->overlay, top.name, sizeof v->overlay);
    v->opacity = top.opacity;
    v->outline = top.outline;
    v->tint = top.tint;
    v->n_under = n > 1 ? n - 1 : 0;
}
