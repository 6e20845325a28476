/* cmd_mark.c - "mark": places with names, to come back to. */
#include "cmd.h"
#include "scene.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct vn_param params[] = {
    { "name", VN_P_TEXT, VN_POS, .help = "of the place; m1, m2, ... without" },
    { "at", VN_P_POINT, 0, .unit = "voxels", .help = "x,y,z of the whole volume; the crosshair without" },
    { "list", VN_P_FLAG, 0, .help = "say which there are" },
    { "delete", VN_P_FLAG, 0, .help = "forget the named, or all" },
    { 0 },
};

static int find(const struct vn_view *v, const char *name)
{
    for (int i = 0; i < v->n_place; i++)
        if (!strcmp(v->place[i].name, name))
            return i;
    return -1;
}

static void list(struct vn_call *c, const struct vn_view *v)
{
    for (int i = 0; i < v->n_place; i++)
        vn_res_nums(c, v->place[i].name, v->place[i].at, 3);
    if (!v->n_place)
        vn_call_note(c, "no place is marked: 'mark NAME' marks the crosshair's");
    c->no_journal = true;
}

static int drop(struct vn_view *v, const char *name, struct vn_err *err)
{
    const int i = name ? find(v, name) : 0;
    if (i < 0)
        return vn_fail(err, VN_E_ARG, "there is no mark '%s': 'mark list' says which there are", name);
    const int n = name ? 1 : v->n_place;
    memmove(v->place + i, v->place + i + n, (size_t)(v->n_place - i - n) * sizeof v->place[0]);
    v->n_place -= n;
    return 0;
}

/* The crosshair's place, as the panes show it. */
static int here(struct vn_call *c, double at[3], struct vn_err *err)
{
    struct vn_view v = vn_session_view(c->s);
    struct vn_vol *vol = NULL;
    char name[64];
    bool inside = v.volume[0];
    if (!inside && !vn_newest_volume(c->s, VN_VOLUMES, name))
        return vn_fail(err, VN_E_ARG, "there is no volume that the crosshair could be in: give at=x,y,z");
    struct vn_obj *o = vn_session_get(c->s, inside ? v.volume : name);
    vol = o ? vn_obj_peek(c->s, o) : NULL;
    for (int k = 0; k < 3; k++) {
        at[k] = floor(v.at[k]);
        if (vol && !inside)
            at[k] = floor(0.5 * (double)(vol->box.lo[k] + vol->box.hi[k]));
    }
    vn_vol_unref(vol);
    vn_obj_unref(o);
    return 0;
}

static int set(struct vn_call *c, struct vn_view *v, struct vn_err *err)
{
    char text[96];
    struct vn_place p = { .name = "" };
    const char *name = vn_args_text(&c->args, "name");
    int rc = 0;
    for (int n = 1; !name && n <= VN_MAX_PLACE + 1; n++) {
        snprintf(text, sizeof text, "m%d", n);
        if (find(v, text) < 0)
            break;
    }
    if (!name && (rc = vn_args_set(&c->args, "name", text, err)))    /* the journal has what was found */
        return rc;
    name = vn_args_text(&c->args, "name");
    if (!vn_name_valid(name) || strlen(name) >= sizeof p.name)
        return vn_fail(err, VN_E_ARG, "'%s' cannot be the name of a mark: a letter, then letters, figures, '_', '.', '-'; at most %zu", name, sizeof p.name - 1);
    if (!vn_args_has(&c->args, "at")) {
        if ((rc = here(c, p.at, err)))
            return rc;
        snprintf(text, sizeof text, "%.0f,%.0f,%.0f", p.at[0], p.at[1], p.at[2]);
        if ((rc = vn_args_set(&c->args, "at", text, err)))
            return rc;
    }
    memcpy(p.at, vn_arg(&c->args, "at")->d, sizeof p.at);
    snprintf(p.name, sizeof p.name, "%s", name);
    int i = find(v, name);
    if (i < 0 && v->n_place == VN_MAX_PLACE)
        return vn_fail(err, VN_E_ARG, "%d places are marked, which is the limit: 'mark delete NAME' makes room", VN_MAX_PLACE);
    i = i < 0 ? v->n_place++ : i;
    v->place[i] = p;
    vn_res_nums(c, name, p.at, 3);
    return 0;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct vn_view view = vn_session_view(c->s);
    const bool all = vn_args_flag(&c->args, "list"), gone = vn_args_flag(&c->args, "delete");
    int rc = 0;
    if (all && gone)
        return vn_fail(err, VN_E_USAGE, "give either list or delete");
    if ((all || gone) && vn_args_has(&c->args, "at"))
        return vn_fail(err, VN_E_USAGE, "at= is for a new mark, not for %s", all ? "list" : "delete");
    if (all)
        list(c, &view);
    else
        rc = gone ? drop(&view, vn_args_text(&c->args, "name"), err) : set(c, &view, err);
    if (!rc)
        vn_session_set_view(c->s, &view);
    return rc;
}

const struct vn_cmd vn_cmd_mark = { "mark", "give a place a name, to come back to with goto", params, VN_CMD_NOW | VN_CMD_UI, exec, NULL };
