/* edit.c - strokes of a brush and single components, in place.
 *
 * A voxel belongs to a stroke when its middle is within the radius of one of the segments: the distance of a point from a
 * segment, in double and a fixed order, so that the result does not depend on threads.  The radius counts as reached
 * within 1e-6 of its square, so that a brush of 1 um is two voxels of 0.5 um to each side. */
#include "edit.h"
#include "label.h"
#include "mem.h"
#include <math.h>
#include <string.h>

/* ---- strokes ---- */

static void scales(const struct vn_stroke *s, double scale[3])
{
    const bool known = s->um[0] > 0 && s->um[1] > 0 && s->um[2] > 0;
    for (int k = 0; k < 3; k++)
        scale[k] = known ? s->um[k] : 1;
}

/* Squared distance of p from the segment a b. */
static double distance2(const double a[3], const double b[3], const double p[3], const double scale[3])
{
    double ab[3], ap[3], dot = 0, len = 0, d2 = 0;
    for (int k = 0; k < 3; k++) {
        ab[k] = (b[k] - a[k]) * scale[k];
        ap[k] = (p[k] - a[k]) * scale[k];
        dot += ab[k] * ap[k];
        len += ab[k] * ab[k];
    }
    const double t = len > 0 ? fmin(fmax(dot / len, 0), 1) : 0;
    for (int k = 0; k < 3; k++)
        d2 += (ap[k] - t * ab[k]) * (ap[k] - t * ab[k]);
    return d2;
}

static double limit2(const struct vn_stroke *s) { return s->radius * s->radius * (1 + 1e-6); }

/* Segment i of a stroke; a single point is a segment of no length. */
static const double *segment(const struct vn_stroke *s, int64_t i, const double **b)
{
    *b = s->at + 3 * vn_min64(i + 1, s->n - 1);
    return s->at + 3 * i;
}

static int64_t n_segment(const struct vn_stroke *s) { return s->n > 1 ? s->n - 1 : 1; }

bool vn_stroke_covers(const struct vn_stroke *s, const double p[3])
{
    double scale[3];
    const double *b;
    scales(s, scale);
    if (s->axis != VN_BRUSH_BALL && floor(p[s->axis] + 0.5) != floor(s->at[s->axis] + 0.5))
        return false;
    for (int64_t i = 0; i < n_segment(s); i++) {
        const double *a = segment(s, i, &b);
        if (distance2(a, b, p, scale) <= limit2(s))
            return true;
    }
    return false;
}

/* Voxels of `within` that a segment can reach. False: none. */
static bool reach_of(const struct vn_stroke *s, int64_t i, const struct vn_box *within, struct vn_box *out)
{
    double scale[3];
    const double *b, *a = segment(s, i, &b);
    scales(s, scale);
    for (int k = 0; k < 3; k++) {
        const double r = s->axis == k ? 0 : s->radius / scale[k] * (1 + 1e-6);
        const double lo = s->axis == k ? floor(a[k] + 0.5) : ceil(fmin(a[k], b[k]) - r);
        const double hi = s->axis == k ? lo : floor(fmax(a[k], b[k]) + r);
        if (!(lo < 1e15) || !(hi > -1e15))
            return false;
        out->lo[k] = (int64_t)fmax(lo, -1e15);
        out->hi[k] = (int64_t)fmin(hi, 1e15) + 1;
    }
    return vn_box_meet(out, within, out);
}

struct draw { const struct vn_stroke *s; struct vn_buf *b; const struct vn_box *reach; unsigned char value[8]; int64_t lo, *changed; };

static int draw_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct draw *d = ctx;
    const struct vn_stroke *s = d->s;
    const size_t size = vn_type_size(d->b->type);
    const int64_t z = d->lo + i;
    const double limit = limit2(s);
    double scale[3];
    int64_t changed = 0;
    (void)err;
    scales(s, scale);
    for (int64_t k = 0; k < n_segment(s); k++) {
        const struct vn_box *r = &d->reach[k];
        const double *b, *a = segment(s, k, &b);
        if (z < r->lo[2] || z >= r->hi[2])
            continue;
        for (int64_t y = r->lo[1]; y < r->hi[1]; y++) {
            unsigned char *at = (unsigned char *)d->b->data + size * (size_t)vn_buf_at(d->b, r->lo[0], y, z);
            for (int64_t x = r->lo[0]; x < r->hi[0]; x++, at += size) {
                const double p[3] = { (double)x, (double)y, (double)z };
                if (memcmp(at, d->value, size) == 0 || distance2(a, b, p, scale) > limit)
                    continue;
                memcpy(at, d->value, size);
                changed++;
            }
        }
    }
    d->changed[i] = changed;
    return 0;
}

int vn_stroke_draw(const struct vn_stroke *s, uint32_t value, struct vn_buf *b, int64_t *changed, struct vn_job *job, struct vn_err *err)
{
    struct draw d = { .s = s, .b = b };
    int64_t hi = INT64_MIN, *count = NULL;
    struct vn_box *reach = vn_alloc((uint64_t)n_segment(s) * sizeof *reach, err);
    int rc = reach ? 0 : VN_E_MEMORY;
    *changed = 0;
    d.reach = reach;
    d.lo = INT64_MAX;
    vn_convert_row(b->type, d.value, VN_U32, &value, 1);
    for (int64_t i = 0; !rc && i < n_segment(s); i++)
        if (reach_of(s, i, &b->box, &reach[i])) {
            d.lo = vn_min64(d.lo, reach[i].lo[2]);
            hi = vn_max64(hi, reach[i].hi[2]);
        } else {
            reach[i] = (struct vn_box){ { 0 }, { 0 } };
        }
    const int64_t n = hi > d.lo ? hi - d.lo : 0;
    if (!rc && !(d.changed = count = vn_calloc((uint64_t)n, sizeof *count, err)))
        rc = VN_E_MEMORY;
    if (!rc)
        rc = vn_job_for(job, n, draw_plane, &d, err);
    for (int64_t i = 0; !rc && i < n; i++)
        *changed += count[i];
    vn_free(reach);
    vn_free(count);
    return rc;
}

/* ---- copies ---- */

struct copy { const struct vn_buf *from; struct vn_buf *to; bool as_is; };

VN_HOT static void as_mask(uint8_t *to, const uint8_t *from, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        to[i] = from[i] != 0;
}

static int copy_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct copy *c = ctx;
    const struct vn_box *b = &c->to->box;
    const size_t size = vn_type_size(c->to->type);
    (void)err;
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
        const uint8_t *from = (const uint8_t *)c->from->data + size * (size_t)vn_buf_at(c->from, b->lo[0], y, b->lo[2] + i);
        uint8_t *to = (uint8_t *)c->to->data + size * (size_t)vn_buf_at(c->to, b->lo[0], y, b->lo[2] + i);
        if (c->as_is)
            memcpy(to, from, size * (size_t)vn_box_dim(b, 0));
        else
            as_mask(to, from, vn_box_dim(b, 0));
    }
    return 0;
}

struct vn_vol *vn_edit_copy(struct vn_vol *v, struct vn_job *job, struct vn_err *err)
{
    const bool labels = v->kind == VN_LABELS;
    const enum vn_type t = labels ? v->src->type : VN_U8;
    struct vn_buf from = { 0 };
    struct vn_vol *out = vn_vol_new(labels ? VN_LABELS : VN_MASK, t, &v->grid, &v->box, err);
    if (!out)
        return NULL;
    struct vn_buf to = vn_vol_data(out);
    int rc = vn_vol_map(v, t, &v->box, VN_PAD_ZERO, &from, job, err);
    if (!rc)
        rc = vn_job_for_quiet(job, vn_box_dim(&v->box, 2), copy_plane, &(struct copy){ &from, &to, labels }, err);
    if (!rc && v->orientation && !(out->orientation = vn_strdup(v->orientation, err)))
        rc = VN_E_MEMORY;
    vn_buf_free(&from);
    if (rc) {
        vn_vol_unref(out);
        return NULL;
    }
    return out;
}

/* ---- components ---- */

static const unsigned char *voxel(const struct vn_buf *b, const int64_t at[3])
{
    return (const unsigned char *)b->data + vn_type_size(b->type) * (size_t)vn_buf_at(b, at[0], at[1], at[2]);
}

bool vn_edit_nearest(const struct vn_buf *b, const int64_t at[3], double reach, int axis, int64_t out[3])
{
    static const unsigned char zero[8];
    double best = reach * reach * (1 + 1e-6);
    bool found = false;
    struct vn_box box;
    for (int k = 0; k < 3; k++) {
        const int64_t r = k == axis ? 0 : (int64_t)reach;
        box.lo[k] = vn_max64(at[k] - r, b->box.lo[k]);
        box.hi[k] = vn_min64(at[k] + r + 1, b->box.hi[k]);
    }
    for (int64_t z = box.lo[2]; z < box.hi[2]; z++)
        for (int64_t y = box.lo[1]; y < box.hi[1]; y++)
            for (int64_t x = box.lo[0]; x < box.hi[0]; x++) {
                const double dx = (double)(x - at[0]), dy = (double)(y - at[1]), dz = (double)(z - at[2]), d2 = dx * dx + dy * dy + dz * dz;
                const int64_t here[3] = { x, y, z };
                if (d2 > best || (found && d2 == best) || memcmp(voxel(b, here), zero, vn_type_size(b->type)) == 0)
                    continue;
                memcpy(out, here, sizeof here);
                best = d2;
                found = true;
            }
    return found;
}

struct pick { struct vn_buf *b; unsigned char value[8]; bool keep; int64_t *changed; };

static int pick_plane(void *ctx, int64_t i, struct vn_err *err)
{
    static const unsigned char zero[8];
    const struct pick *p = ctx;
    const struct vn_box *box = &p->b->box;
    const size_t size = vn_type_size(p->b->type);
    int64_t changed = 0;
    (void)err;
    for (int64_t y = box->lo[1]; y < box->hi[1]; y++) {
        unsigned char *at = (unsigned char *)p->b->data + size * (size_t)vn_buf_at(p->b, box->lo[0], y, box->lo[2] + i);
        for (int64_t x = 0; x < vn_box_dim(box, 0); x++, at += size)
            if ((memcmp(at, p->value, size) == 0) != p->keep && memcmp(at, zero, size)) {
                memset(at, 0, size);
                changed++;
            }
    }
    p->changed[i] = changed;
    return 0;
}

static int pick_label(struct vn_buf *b, const int64_t at[3], bool keep, int64_t *changed, struct vn_job *job, struct vn_err *err)
{
    const int64_t nz = vn_box_dim(&b->box, 2);
    struct pick p = { .b = b, .keep = keep, .changed = vn_calloc((uint64_t)nz, sizeof *p.changed, err) };
    if (!p.changed)
        return VN_E_MEMORY;
    memcpy(p.value, voxel(b, at), vn_type_size(b->type));
    int rc = vn_job_for(job, nz, pick_plane, &p, err);
    for (int64_t i = 0; !rc && i < nz; i++)
        *changed += p.changed[i];
    vn_free(p.changed);
    return rc;
}

/* The run that holds `at`. */
static uint32_t run_at(const struct vn_runs *r, const int64_t at[3])
{
    const int64_t row = (at[2] - r->box.lo[2]) * vn_box_dim(&r->box, 1) + at[1] - r->box.lo[1], x = at[0] - r->box.lo[0];
    uint32_t i = r->row[row];
    while (x >= r->run[i].x1)
        i++;
    return i;
}

int vn_edit_component(struct vn_buf *b, bool labels, const int64_t at[3], int connectivity, bool keep, int64_t *changed, struct vn_job *job,
                      struct vn_err *err)
{
    struct vn_runs r = { 0 };
    uint64_t *size = NULL;
    uint8_t *value = NULL;
    *changed = 0;
    if (labels)
        return pick_label(b, at, keep, changed, job, err);
    int rc = vn_runs_build(b, false, &r, job, err);
    if (!rc)
        rc = vn_runs_label(&r, connectivity, job, err);
    if (!rc)
        rc = vn_runs_sizes(&r, &size, job, err);
    if (!rc && !(value = vn_alloc(r.count, err)))
        rc = VN_E_MEMORY;
    if (!rc) {
        const uint32_t mine = r.label[run_at(&r, at)] - 1;
        for (uint32_t i = 0; i < r.count; i++) {
            value[i] = (i == mine) != keep ? 0 : 0xff;
            *changed += value[i] ? 0 : (int64_t)size[i];
        }
        rc = vn_runs_paint(&r, value, b, job, err);
    }
    vn_free(size);
    vn_free(value);
    vn_runs_free(&r);
    return rc;
}
