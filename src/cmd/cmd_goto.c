/* cmd_goto.c - "goto": the crosshair. */
#include "cmd.h"
#include "scene.h"
#include <math.h>
#include <string.h>

static const struct vn_param params[] = {
    { "at", VN_P_TEXT, VN_POS | VN_REQ, .unit = "voxels", .help = "x,y,z of the whole volume, or the name of a mark" },
    { 0 },
};

static const struct vn_param point[] = { { "at", VN_P_POINT, VN_POS | VN_REQ, .help = "x,y,z" }, { 0 } };

static int place_of(const struct vn_view *v, const char *text, double at[3], struct vn_err *err)
{
    struct vn_args a;
    for (int i = 0; i < v->n_place; i++)
        if (!strcmp(v->place[i].name, text)) {
            memcpy(at, v->place[i].at, 3 * sizeof *at);
            return 0;
        }
    if (vn_name_valid(text))
        return vn_fail(err, VN_E_ARG, "there is no mark '%s'%s", text, v->n_place ? ": 'mark list' says which there are" : "; 'mark NAME' makes one, x,y,z go anywhere");
    int rc = vn_args_init(&a, point, err);
    if (rc)
        return rc;
    rc = vn_args_set(&a, "at", text, err);
    memcpy(at, vn_arg(&a, "at")->d, 3 * sizeof *at);
    vn_args_free(&a);
    return rc;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct vn_view view = vn_session_view(c->s);
    double at[3] = { 0 };
    int rc = place_of(&view, vn_args_text(&c->args, "at"), at, err);
    struct vn_obj *o = !rc && view.volume[0] ? vn_session_get(c->s, view.volume) : NULL;
    struct vn_vol *v = o && (o->kind & VN_VOLUMES) ? vn_obj_peek(c->s, o) : NULL;       /* nothing is made again for a look */
    if (v)
        for (int k = 0; k < 3 && !rc; k++)
            if (!(at[k] >= (double)v->box.lo[k] && at[k] < (double)v->box.hi[k]))
                rc = vn_fail(err, VN_E_ARG, "%c=%g is outside '%s', which covers %lld to %lld there", "xyz"[k], at[k], view.volume,
                             (long long)v->box.lo[k], (long long)v->box.hi[k] - 1);
    vn_vol_unref(v);
    vn_obj_unref(o);
    if (rc)
        return rc;
    if (!view.volume[0])                         /* the place is one of the volume that is seen: the newest, and it stays */
        vn_newest_volume(c->s, VN_VOLUMES, view.volume);
    memcpy(view.at, at, sizeof view.at);
    vn_session_set_view(c->s, &view);
    return 0;
}

const struct vn_cmd vn_cmd_goto = { "goto", "move the crosshair", params, VN_CMD_NOW | VN_CMD_UI, exec, NULL };
