/* cmd_show.c - "show": the volume the panes look at, or several on one grid side by side. */
#include "cmd.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct vn_param params[] = {
    { "volume", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_VOLUMES, .help = "what to look at" },
    { "second", VN_P_OBJECT, VN_POS, .kinds = VN_VOLUMES, .help = "beside it: the same plane of another volume on the same grid" },
    { "third", VN_P_OBJECT, VN_POS, .kinds = VN_VOLUMES, .help = "and another" },
    { "fourth", VN_P_OBJECT, VN_POS, .kinds = VN_VOLUMES, .help = "and another" },
    { 0 },
};

/* The volume when it is in memory or a file: nothing is made again on the thread of the keys, so that the picture has to
 * find out whether a volume that was evicted fits the others. */
static struct vn_vol *peek(struct vn_call *c, const char *param) { return vn_obj_peek(c->s, vn_arg(&c->args, param)->obj); }

static int link_others(struct vn_call *c, struct vn_view *view, const struct vn_vol *first, struct vn_err *err)
{
    view->n_linked = view->front = view->front_before = 0;
    view->alone = false;
    for (int i = 1; i < VN_MAX_SHOWN; i++) {
        const char *key = params[i].name, *name = vn_call_name(c, key);
        bool assumed = false;
        if (!vn_args_has(&c->args, key))
            continue;
        struct vn_vol *v = peek(c, key);
        int rc = first && v ? vn_grid_check(&first->grid, vn_call_name(c, "volume"), &v->grid, name, &assumed, err) : 0;
        if (!rc && assumed)
            vn_call_note(c, "the voxel size of '%s' is not known: taken as that of the other",
                         vn_um_known(&v->grid) ? vn_call_name(c, "volume") : name);
        vn_vol_unref(v);
        if (rc)
            return rc;
        snprintf(view->linked[view->n_linked++], sizeof view->linked[0], "%s", name);
        view->window[view->n_linked][0] = view->window[view->n_linked][1] = 0;
    }
    return 0;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct vn_view view = vn_session_view(c->s);
    const char *name = vn_call_name(c, "volume");
    struct vn_vol *v = peek(c, "volume");
    int rc = link_others(c, &view, v, err);
    if (rc) {
        vn_vol_unref(v);
        return rc;
    }
    bool inside = view.volume[0] != '\0';
    for (int k = 0; k < 3 && v; k++)
        inside = inside && view.at[k] >= (double)v->box.lo[k] && view.at[k] < (double)v->box.hi[k];
    for (int k = 0; k < 3 && v && !inside; k++)
        view.at[k] = floor(0.5 * (double)(v->box.lo[k] + v->box.hi[k]));
    if (!inside)
        view.zoom = 1;
    if (strcmp(name, view.volume)) {             /* another volume has other grey values; going back, its own */
        double window[2] = { 0, 0 };
        if (!strcmp(name, view.before))
            memcpy(window, view.before_window, sizeof window);
        memcpy(view.before_window, view.window[0], sizeof window);
        memcpy(view.before, view.volume, sizeof view.before);
        memcpy(view.window[0], window, sizeof window);
    }
    vn_vol_unref(v);
    view.low = -1;
    snprintf(view.volume, sizeof view.volume, "%s", name);
    vn_session_set_view(c->s, &view);
    return 0;
}

const struct vn_cmd vn_cmd_show = { "show", "look at a volume, or at several side by side", params, VN_CMD_NOW | VN_CMD_UI, exec, NULL };
