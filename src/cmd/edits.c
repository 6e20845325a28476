/* edits.c - strokes and components as commands: a changed copy of a mask or of labels.
 *
 * An edit is of the mask as it is: the region (roi) does not cut it. */
#include "edits.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "edit.h"
#include "mem.h"

/* ---- earlier states ----
 *
 * Each edit is a copy; a hundred strokes would fill the memory, and new memory is slow to touch.  The last few states and
 * every sixteenth keep their voxels, so that going back is quick; the others are made again when asked for. */

enum { KEEP_LAST = 4, KEEP_EVERY = 16 };

/* The object that an edit changed; NULL when o was not made by one. */
static struct vn_obj *before(const struct vn_obj *o)
{
    static const char *const verb[] = { "paint", "erase", "delete", "keep" };
    for (size_t i = 0; i < VN_COUNT(verb); i++)
        if (!strcmp(o->verb, verb[i]))
            return o->args.v[0].obj;
    return NULL;
}

/* Whether one of the states before o, near enough, can be started from. */
static bool near_one_kept(struct vn_call *c, const struct vn_obj *o)
{
    struct vn_obj *b;
    for (int i = 1; i < KEEP_EVERY && (b = before(o)); i++, o = b)
        if (!before(b) || vn_obj_mem(c->s, b))
            return true;
    return false;
}

static void thin_history(struct vn_call *c)
{
    struct vn_obj *o = c->args.v[0].obj, *b;
    int i = 0;
    for (; i < KEEP_LAST && (b = before(o)); i++)
        o = b;
    if (!c->remake && i == KEEP_LAST && before(o) && near_one_kept(c, o))
        vn_obj_drop(c->s, o);
}

/* ---- strokes ---- */

static int inside(const char *name, const struct vn_box *box, const double p[3], int64_t at[3], struct vn_err *err)
{
    for (int k = 0; k < 3; k++) {
        const double v = floor(p[k] + 0.5);
        if (!(v >= (double)box->lo[k] && v < (double)box->hi[k]))
            return vn_fail(err, VN_E_ARG, "at=%g,%g,%g: %c=%g is outside '%s', which covers %lld to %lld there",
                           p[0], p[1], p[2], "xyz"[k], p[k], name,
                           (long long)box->lo[k], (long long)box->hi[k] - 1);
        at[k] = (int64_t)v;
    }
    return 0;
}

static int check_points(const char *name, const struct vn_box *box, const struct vn_stroke *s, struct vn_err *err)
{
    int64_t first[3], at[3];
    int rc = 0;
    for (int64_t i = 0; i < s->n && !rc; i++) {
        rc = inside(name, box, s->at + 3 * i, i ? at : first, err);
        if (!rc && i && s->axis != VN_BRUSH_BALL && at[s->axis] != first[s->axis])
            rc = vn_fail(err, VN_E_ARG,
                         "axis=%c: a disc stays in one slice, and the points go from %c=%lld to %lld (axis=ball paints in all directions)",
                         "xyz"[s->axis], "xyz"[s->axis], (long long)first[s->axis], (long long)at[s->axis]);
    }
    return rc;
}

static int check_value(const char *name, const struct vn_vol *v, uint32_t value, struct vn_err *err)
{
    unsigned char there[8];
    uint32_t back;
    if (v->kind != VN_LABELS && value > 1)
        return vn_fail(err, VN_E_ARG, "value=%u: '%s' is a %s, and the voxels of a mask are 0 or 1; labels take other values",
                       value, name, vn_kind_name(v->kind));
    if (v->kind != VN_LABELS)
        return 0;
    vn_convert_row(v->src->type, there, VN_U32, &value, 1);
    vn_convert_row(VN_U32, &back, v->src->type, there, 1);
    if (back == value)
        return 0;
    return vn_fail(err, VN_E_ARG, "value=%u does not fit the labels of '%s', which are of type %s", value, name, vn_type_name(v->src->type));
}

/* An empty mask where v is, or the region's part of it. */
static int start_empty(struct vn_call *c, const char *name, const struct vn_vol *v, struct vn_vol **out, struct vn_err *err)
{
    struct vn_buf b = { 0 };
    struct vn_box box;
    int rc = vn_call_region(c, v, &box, err);
    if (!rc)
        rc = vn_buf_new_zero(&b, VN_U8, &box, err);
    if (!rc && !(*out = vn_vol_from_buf(VN_MASK, &v->grid, &b, err)))
        rc = VN_E_MEMORY;
    if (!rc && v->orientation && !((*out)->orientation = vn_strdup(v->orientation, err))) {
        vn_vol_unref(*out);
        rc = VN_E_MEMORY;
    }
    if (!rc)
        vn_call_note(c, "'%s' is %s %s: starting from an empty mask on its grid%s", name,
                     v->kind == VN_IMAGE ? "an" : "a", vn_kind_name(v->kind),
                     v->kind == VN_IMAGE ? " ('set' with kind=mask makes it one)" : "");
    return rc;
}

static int brush(struct vn_call *c, const struct vn_grid *g, struct vn_stroke *s, struct vn_err *err)
{
    const struct vn_length l = vn_arg(&c->args, "size")->len[0];
    double ignored;
    int rc = vn_args_length_vox(&c->args, "size", 0, g->um, 0, &ignored, err);
    s->radius = l.v / 2;
    s->axis = (int)vn_args_int(&c->args, "axis");
    for (int k = 0; k < 3 && l.unit != VN_VOX && vn_um_known(g); k++)
        s->um[k] = g->um[k];
    return rc;
}

int vn_edit_stroke(struct vn_call *c, const char *param, uint32_t value, struct vn_err *err)
{
    const char *name = vn_call_name(c, param);
    struct vn_vol *v, *out = NULL;
    struct vn_stroke s = { .n = vn_arg(&c->args, "at")->i };
    int64_t changed = 0;
    char number[32], size[48];
    int rc = vn_call_vol(c, param, &v, err);
    if (rc)
        return rc;
    const bool empty = !(v->kind & VN_EDITED);
    c->has_roi = c->has_roi && empty;
    double *at = vn_args_points(&c->args, "at", err);
    s.at = at;
    rc = at ? brush(c, &v->grid, &s, err) : VN_E_MEMORY;
    if (!rc && !empty)
        rc = check_value(name, v, value, err);
    else if (!rc && value > 1)
        rc = vn_fail(err, VN_E_ARG, "value=%u: the voxels of a new mask are 0 or 1", value);
    if (!rc && !empty)                             /* before the copy: a typing error costs nothing */
        rc = check_points(name, &v->box, &s, err);
    thin_history(c);
    if (!rc && empty)
        rc = start_empty(c, name, v, &out, err);
    else if (!rc && !(out = vn_edit_copy(v, c->job, err)))
        rc = err->code;
    if (!rc && empty)
        rc = check_points(name, &out->box, &s, err);
    if (!rc) {
        struct vn_buf b = vn_vol_data(out);
        rc = vn_stroke_draw(&s, value, &b, &changed, c->job, err);
    }
    vn_free(at);
    if (rc) {
        vn_vol_unref(out);
        return rc;
    }
    snprintf(size, sizeof size, "%s %s", vn_text_real(2 * s.radius, number), s.um[0] > 0 ? "um" : "voxels");
    vn_res_int(c, "voxels", changed);
    vn_res_text(c, "brush", size);
    return vn_call_output(c, 0, "", out->kind, out, err);
}

/* ---- components ---- */

int vn_edit_pick(struct vn_call *c, bool keep, struct vn_err *err)
{
    const char *name = vn_call_name(c, "mask");
    const double *p = vn_arg(&c->args, "at")->d;
    const int connectivity = atoi(vn_args_text(&c->args, "connectivity"));
    struct vn_vol *v, *out;
    int64_t at[3], taken[3], changed = 0;
    int rc = vn_call_vol(c, "mask", &v, err);
    if (rc || (rc = inside(name, &v->box, p, at, err)))
        return rc;
    c->has_roi = false;
    thin_history(c);
    if (!(out = vn_edit_copy(v, c->job, err)))
        return err->code;
    struct vn_buf b = vn_vol_data(out);
    if (!vn_edit_nearest(&b, at, (double)vn_args_int(&c->args, "near"), (int)vn_args_int(&c->args, "axis"), taken)) {
        const long long near = vn_args_int(&c->args, "near");
        if (near)
            rc = vn_fail(err, VN_E_ARG, "at=%g,%g,%g: '%s' is 0 (background) there and within %lld voxels", p[0], p[1], p[2], name, near);
        else
            rc = vn_fail(err, VN_E_ARG, "at=%g,%g,%g: '%s' is 0 (background) there", p[0], p[1], p[2], name);
    }
    if (!rc)
        rc = vn_edit_component(&b, v->kind == VN_LABELS, taken, connectivity, keep, &changed, c->job, err);
    if (rc) {
        vn_vol_unref(out);
        return rc;
    }
    vn_res_ints(c, "at", taken, 3);
    vn_res_int(c, "removed", changed);
    return vn_call_output(c, 0, "", out->kind, out, err);
}
