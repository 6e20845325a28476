/* edits.c - strokes and components as commands: a mask or labels with some blocks changed.
 *
 * An edit is of the mask as it is: the region (roi) does not cut it. */
#include "edits.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lineage.h"
#include "mem.h"

/* ---- strokes ---- */

int vn_edit_inside(const char *name, const struct vn_box *box, const double p[3], int64_t at[3], struct vn_err *err)
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
        rc = vn_edit_inside(name, box, s->at + 3 * i, i ? at : first, err);
        if (!rc && i && s->axis != VN_BRUSH_BALL && at[s->axis] != first[s->axis])
            rc = vn_fail(err, VN_E_ARG,
                         "axis=%c: a disc stays in one slice, and the points go from %c=%lld to %lld (axis=ball paints in all directions)",
                         "xyz"[s->axis], "xyz"[s->axis], (long long)first[s->axis], (long long)at[s->axis]);
    }
    return rc;
}

int vn_edit_check_value(const char *name, const struct vn_vol *v, uint32_t value, struct vn_err *err)
{
    _Alignas(8) unsigned char there[8];
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
static int start_empty(struct vn_call *c, const char *name, const struct vn_vol *v, struct vn_patch *p, struct vn_err *err)
{
    struct vn_box box;
    int rc = vn_call_region(c, v, &box, err);
    if (!rc)
        rc = vn_patch_blank(p, &v->grid, &box, VN_MASK, VN_U8, err);
    if (!rc)
        vn_call_note(c, "'%s' is %s %s: starting from an empty mask on its grid%s", name,
                     v->kind == VN_IMAGE ? "an" : "a", vn_kind_name(v->kind),
                     v->kind == VN_IMAGE ? " ('set' with kind=mask makes it one)" : "");
    return rc;
}

/* Labels stay what they are, other kinds become masks of bytes. */
int vn_edit_begin(struct vn_vol *v, struct vn_patch *p, struct vn_err *err)
{
    const bool labels = v->kind == VN_LABELS;
    return vn_patch_begin(p, v, labels ? VN_LABELS : VN_MASK, labels ? v->src->type : VN_U8, err);
}

/* The edit's end: rc so far; the changed volume becomes the first output. */
int vn_edit_end(struct vn_call *c, struct vn_patch *p, int rc, struct vn_err *err)
{
    struct vn_vol *out;
    if (!rc)
        rc = vn_patch_end(p, &out, err);
    vn_patch_free(p);
    return rc ? rc : vn_call_output(c, 0, "", out->kind, out, err);
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
    struct vn_vol *v;
    struct vn_patch p = { 0 };
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
        rc = vn_edit_check_value(name, v, value, err);
    else if (!rc && value > 1)
        rc = vn_fail(err, VN_E_ARG, "value=%u: the voxels of a new mask are 0 or 1", value);
    if (!rc)
        rc = empty ? start_empty(c, name, v, &p, err) : vn_edit_begin(v, &p, err);
    if (!rc)
        rc = check_points(name, &p.box, &s, err);
    if (!rc)
        rc = vn_stroke_draw(&s, value, &p, &changed, c->job, err);
    vn_free(at);
    if (!rc) {
        snprintf(size, sizeof size, "%s %s", vn_text_real(2 * s.radius, number), s.um[0] > 0 ? "um" : "voxels");
        vn_res_int(c, "voxels", changed);
        vn_res_text(c, "brush", size);
    }
    return vn_edit_end(c, &p, rc, err);
}

/* ---- components ---- */

int vn_edit_at(struct vn_call *c, const struct vn_vol *v, const char *name, int64_t at[3], struct vn_err *err)
{
    return vn_edit_inside(name, &v->box, vn_arg(&c->args, "at")->d, at, err);
}

int vn_edit_taken(struct vn_call *c, struct vn_vol *v, const char *name, int64_t taken[3], struct vn_err *err)
{
    const double *p = vn_arg(&c->args, "at")->d;
    const long long near = vn_args_int(&c->args, "near");
    int64_t at[3];
    bool found;
    int rc = vn_edit_at(c, v, name, at, err);
    if (!rc)
        rc = vn_edit_nearest(v, at, near, (int)vn_args_int(&c->args, "axis"), taken, &found, c->job, err);
    if (rc || found)
        return rc;
    if (near)
        return vn_fail(err, VN_E_ARG, "at=%g,%g,%g: '%s' is 0 (background) there and within %lld voxels", p[0], p[1], p[2], name, near);
    return vn_fail(err, VN_E_ARG, "at=%g,%g,%g: '%s' is 0 (background) there", p[0], p[1], p[2], name);
}

int vn_edit_voxel(struct vn_vol *v, const int64_t at[3], unsigned char value[8], uint32_t *number, struct vn_err *err)
{
    const struct vn_box one = { { at[0], at[1], at[2] }, { at[0] + 1, at[1] + 1, at[2] + 1 } };
    struct vn_buf b = { .type = v->src->type, .box = one, .stride = { 1, 1 }, .data = value, .borrowed = true };
    const int rc = vn_vol_read(v, VN_PAD_ZERO, &b, NULL, err);
    if (!rc)
        vn_convert_row(VN_U32, number, b.type, value, 1);
    return rc;
}

int vn_edit_pick(struct vn_call *c, bool keep, struct vn_err *err)
{
    const char *name = vn_call_name(c, "mask");
    const int connectivity = atoi(vn_args_text(&c->args, "connectivity"));
    struct vn_piece piece = { 0 };
    struct vn_patch p = { 0 };
    _Alignas(8) unsigned char value[8];
    uint32_t number;
    struct vn_vol *v;
    int64_t taken[3], changed = 0;
    int rc = vn_call_vol(c, "mask", &v, err);
    if (rc || (rc = vn_edit_taken(c, v, name, taken, err)))
        return rc;
    c->has_roi = false;
    rc = vn_edit_begin(v, &p, err);
    if (!rc && v->kind == VN_LABELS) {
        rc = vn_edit_voxel(v, taken, value, &number, err);
        if (!rc)
            rc = vn_edit_replace(&p, value, keep, 0, &changed, c->job, err);
    } else if (!rc) {
        rc = keep ? vn_piece_all(v, taken, connectivity, &piece, c->job, err)
                  : vn_piece_find(v, taken, VN_ALIKE_SET, connectivity, VN_BRUSH_BALL, false, &piece, c->job, err);
        if (!rc)
            rc = vn_piece_set(&piece, keep, 0, &p, &changed, c->job, err);
    }
    vn_piece_free(&piece);
    if (!rc) {
        vn_res_ints(c, "at", taken, 3);
        vn_res_int(c, "removed", changed);
    }
    return vn_edit_end(c, &p, rc, err);
}

/* ---- history ---- */

static bool by_hand(const char *verb)
{
    static const char *const verbs[] = { "paint", "erase", "fill", "delete", "keep", "recolour", "lift", "cut", "bridge", "review" };
    for (size_t i = 0; i < VN_COUNT(verbs); i++)
        if (!strcmp(verb, verbs[i]))
            return true;
    return false;
}

int vn_edits_of(struct vn_session *s, struct vn_obj *o, struct vn_str *b, struct vn_err *err)
{
    struct vn_lineage l;
    const int rc = vn_lineage(o, &l, err);
    if (rc)
        return rc;
    for (int i = 0; i < l.n; i++) {
        struct vn_vol *v = l.o[i]->kind & VN_VOLUMES ? vn_obj_peek(s, l.o[i]) : NULL;
        if (v && v->edits)
            vn_str_add(b, v->edits);
        vn_vol_unref(v);
        if (by_hand(l.o[i]->verb))
            vn_str_addf(b, "%s\n", l.o[i]->line);
    }
    vn_free(l.o);
    return b->failed ? vn_fail(err, VN_E_MEMORY, "no memory for the list of edits") : 0;
}
