/* cmd_roi.c - "roi": the region that the commands which follow work on. */
#include "cmd.h"
#include "lineage.h"
#include "scene.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct vn_param params[] = {
    { "box", VN_P_TEXT, VN_POS, .help = "x0:x1,y0:y1,z0:z1 in voxels, ends not included, any may be left out; off; or around" },
    { "place", VN_P_TEXT, VN_POS, .help = "after around: crosshair, or a place named by mark" },
    { "edge", VN_P_LENGTHS, VN_POS, 0, 1e9, .help = "after the place: as size=" },
    { "at", VN_P_POINT, 0, .unit = "voxels", .help = "centre x,y,z (with size=)" },
    { "size", VN_P_LENGTHS, 0, 0, 1e9, .help = "edge of the box around at= or a place: one, or three as 160,160,80um; a bare number is in voxels" },
    { 0 },
};
static const struct vn_param box_only[] = { { "box", VN_P_BOX, VN_POS }, { 0 } };

/* The volume that is looked at, or the newest, where it lies in memory or a file: nothing is made again for this. NULL: none. */
static struct vn_vol *shown(struct vn_session *s)
{
    char name[64];
    struct vn_view v = vn_session_view(s);
    struct vn_obj *o = v.volume[0] ? vn_session_get(s, v.volume) : NULL;
    if (!o && vn_newest_volume(s, VN_VOLUMES, name))
        o = vn_session_get(s, name);
    struct vn_vol *vol = o && (o->kind & VN_VOLUMES) ? vn_obj_peek(s, o) : NULL;
    vn_obj_unref(o);
    return vol;
}

static int place(struct vn_call *c, const struct vn_vol *vol, double at[3], struct vn_err *err)
{
    const char *name = vn_args_text(&c->args, "place");
    const struct vn_view v = vn_session_view(c->s);
    bool inside = v.volume[0] != '\0';

    if (!name)
        return vn_fail(err, VN_E_USAGE, "around what? crosshair, or a place named by mark");
    if (strcmp(name, "crosshair")) {
        for (int i = 0; i < v.n_place; i++)
            if (!strcmp(v.place[i].name, name)) {
                memcpy(at, v.place[i].at, sizeof v.place[i].at);
                return 0;
            }
        return vn_fail(err, VN_E_ARG, "no place is named '%s'; 'mark %s' names that of the crosshair", name, name);
    }
    for (int k = 0; k < 3 && vol; k++)
        inside = inside && v.at[k] >= (double)vol->box.lo[k] && v.at[k] < (double)vol->box.hi[k];
    for (int k = 0; k < 3; k++)              /* never looked at: the middle, as the view shows */
        at[k] = inside || !vol ? v.at[k] : floor(0.5 * (double)(vol->box.lo[k] + vol->box.hi[k]));
    return 0;
}

static int centred(const struct vn_args *a, const char *key, const double at[3], const struct vn_vol *vol, struct vn_box *b, struct vn_err *err)
{
    const struct vn_arg *size = vn_arg(a, key);
    const struct vn_length *len = size->len;

    if (!size->has || (size->i != 1 && size->i != 3))
        return vn_fail(err, VN_E_USAGE, "a place goes with size=N or size=NX,NY,NZ, in voxels or um");
    for (int k = 0; k < 3; k++) {
        const struct vn_length l = len[size->i == 3 ? k : 0];
        if (l.unit == VN_UM && !(vol && vn_um_known(&vol->grid)))
            return vn_fail(err, VN_E_ARG, "size=%s: the voxel size is not known ('set NAME voxel=...' tells it)", size->s);
        const double n = l.unit == VN_UM ? round(l.v / vol->grid.um[k]) : floor(l.v);
        if (fabs(at[k]) > 1e15 || n > 1e15)
            return vn_fail(err, VN_E_ARG, "%g of size %s: not a voxel", at[k], size->s);
        if (n < 1 && l.unit != VN_UM)
            return vn_fail(err, VN_E_ARG, "size=%s: less than a voxel along %c", size->s, "xyz"[k]);
        const int64_t edge = vn_max64(1, (int64_t)n);
        b->lo[k] = (int64_t)floor(at[k]) - edge / 2;
        b->hi[k] = b->lo[k] + edge;
    }
    return 0;
}

static void show(struct vn_call *c, const struct vn_box *b, const struct vn_vol *vol)
{
    struct vn_str text = { 0 };
    struct vn_box in;
    vn_box_print(b, &text);
    c->no_memory |= text.failed;
    vn_res_text(c, "roi", text.s);
    vn_str_free(&text);
    if (!vol)
        return;
    if (!vn_box_meet(b, &vol->box, &in)) {
        vn_call_note(c, "the region has no voxel of the volume that is looked at");
        return;
    }
    const double n[3] = { (double)vn_box_dim(&in, 0), (double)vn_box_dim(&in, 1), (double)vn_box_dim(&in, 2) };
    const double um[3] = { n[0] * vol->grid.um[0], n[1] * vol->grid.um[1], n[2] * vol->grid.um[2] };
    vn_res_nums(c, "size", n, 3);
    if (vn_um_known(&vol->grid))
        vn_res_nums(c, "size_um", um, 3);
    vn_res_num(c, "mb", (double)vn_box_count(&in) * (double)vn_type_size(vol->src->type) * 1e-6);
}

/* The box that was typed; *off: none is wanted. */
static int typed(const char *text, struct vn_box *b, bool *off, struct vn_err *err)
{
    struct vn_args a;
    int rc = vn_args_init(&a, box_only, err);
    if (!rc && !(rc = vn_args_set(&a, "box", text, err))) {
        memcpy(b->lo, vn_arg(&a, "box")->lo, sizeof b->lo);
        memcpy(b->hi, vn_arg(&a, "box")->hi, sizeof b->hi);
        *off = !vn_arg(&a, "box")->i;
    }
    vn_args_free(&a);
    return rc;
}

/* The journal gets the box: where the crosshair was does not matter to who reads it. */
static int settle(struct vn_args *a, const struct vn_box *b, struct vn_err *err)
{
    struct vn_str text = { 0 };
    vn_box_print(b, &text);
    const int rc = text.failed ? vn_fail(err, VN_E_MEMORY, "no memory for the region") : vn_args_set(a, "box", text.s, err);
    vn_args_unset(a, "place");
    vn_args_unset(a, "edge");
    vn_args_unset(a, "size");
    vn_str_free(&text);
    return rc;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    const struct vn_arg *at = vn_arg(&c->args, "at");
    const char *box = vn_args_text(&c->args, "box");
    const bool around = box && !strcmp(box, "around"), sized = vn_args_has(&c->args, "size"), edge = vn_args_has(&c->args, "edge");
    struct vn_vol *vol = shown(c->s);
    struct vn_box b = { { 0 }, { 0 } };
    bool off = false, has = true;
    double centre[3];
    int rc = 0;

    if ((box && at->has) || (box && !around && (sized || vn_args_has(&c->args, "place"))) || (sized && edge))
        rc = vn_fail(err, VN_E_USAGE, "give a box, or at= with size=, or around PLACE SIZE");
    else if (around)
        rc = (rc = place(c, vol, centre, err)) || (rc = centred(&c->args, edge ? "edge" : "size", centre, vol, &b, err)) ? rc : settle(&c->args, &b, err);
    else if (at->has || sized)
        rc = at->has ? centred(&c->args, "size", at->d, vol, &b, err) : vn_fail(err, VN_E_USAGE, "size= goes with at=x,y,z, or around PLACE SIZE");
    else if (box)
        rc = typed(box, &b, &off, err);
    else
        has = vn_session_roi(c->s, &b);
    if (!rc) {
        vn_session_set_roi(c->s, has && !off ? &b : NULL);
        if (has && !off)
            show(c, &b, vol);
        else
            vn_res_text(c, "roi", "off");
    }
    vn_vol_unref(vol);
    return rc;
}

const struct vn_cmd vn_cmd_roi = { "roi", "set the region that commands work on", params, VN_CMD_NOW | VN_CMD_TURN, exec, NULL };
