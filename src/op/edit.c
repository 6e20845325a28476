/* edit.c - strokes of a brush and connected pieces, set in a patch.
 *
 * A voxel belongs to a stroke when its middle is within the radius of one of the segments: the distance of a point from a
 * segment, in double and a fixed order, so that the result does not depend on threads.  The radius counts as reached
 * within 1e-6 of its square, so that a brush of 1 um is two voxels of 0.5 um to each side. */
#include "edit.h"
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

double vn_line_distance2(const double a[3], const double b[3], const double p[3], const double scale[3], double *t)
{
    double ab[3], ap[3], dot = 0, len = 0, d2 = 0;
    for (int k = 0; k < 3; k++) {
        ab[k] = (b[k] - a[k]) * scale[k];
        ap[k] = (p[k] - a[k]) * scale[k];
        dot += ab[k] * ap[k];
        len += ab[k] * ab[k];
    }
    *t = len > 0 ? fmin(fmax(dot / len, 0), 1) : 0;
    for (int k = 0; k < 3; k++)
        d2 += (ap[k] - *t * ab[k]) * (ap[k] - *t * ab[k]);
    return d2;
}

/* Radii at the ends of segment i. */
static void radii(const struct vn_stroke *s, int64_t i, double r[2])
{
    r[0] = s->taper ? s->taper[i] : s->radius;
    r[1] = s->taper ? s->taper[vn_min64(i + 1, s->n - 1)] : s->radius;
}

static bool within(const double a[3], const double b[3], const double r[2], const double p[3], const double scale[3])
{
    double t;
    const double d2 = vn_line_distance2(a, b, p, scale, &t), limit = r[0] + t * (r[1] - r[0]);
    return d2 <= limit * limit * (1 + 1e-6);
}

/* Segment i of a stroke; a single point is a segment of no length. */
static const double *segment(const struct vn_stroke *s, int64_t i, const double **b)
{
    *b = s->at + 3 * vn_min64(i + 1, s->n - 1);
    return s->at + 3 * i;
}

static int64_t n_segment(const struct vn_stroke *s) { return s->n > 1 ? s->n - 1 : 1; }

bool vn_stroke_covers(const struct vn_stroke *s, const double p[3])
{
    double scale[3], r[2];
    const double *b;
    scales(s, scale);
    if (s->axis != VN_BRUSH_BALL && floor(p[s->axis] + 0.5) != floor(s->at[s->axis] + 0.5))
        return false;
    for (int64_t i = 0; i < n_segment(s); i++) {
        const double *a = segment(s, i, &b);
        radii(s, i, r);
        if (within(a, b, r, p, scale))
            return true;
    }
    return false;
}

/* Voxels of box that a segment can reach. False: none. */
static bool reach_of(const struct vn_stroke *s, int64_t i, const struct vn_box *box, struct vn_box *out)
{
    double scale[3], rr[2];
    const double *b, *a = segment(s, i, &b);
    scales(s, scale);
    radii(s, i, rr);
    for (int k = 0; k < 3; k++) {
        const double r = s->axis == k ? 0 : fmax(rr[0], rr[1]) / scale[k] * (1 + 1e-6);
        const double lo = s->axis == k ? floor(a[k] + 0.5) : ceil(fmin(a[k], b[k]) - r);
        const double hi = s->axis == k ? lo : floor(fmax(a[k], b[k]) + r);
        if (!(lo < 1e15) || !(hi > -1e15))
            return false;
        out->lo[k] = (int64_t)fmax(lo, -1e15);
        out->hi[k] = (int64_t)fmin(hi, 1e15) + 1;
    }
    return vn_box_meet(out, box, out);
}

/* Blocks of the segment's reach whose sphere it meets. */
static void touch(const struct vn_stroke *s, int64_t i, const struct vn_box *reach, struct vn_patch *p)
{
    double scale[3], r[2], half = 0, t;
    const double *b, *a = segment(s, i, &b);
    int64_t lo[3], hi[3];
    scales(s, scale);
    radii(s, i, r);
    for (int k = 0; k < 3; k++) {
        lo[k] = (reach->lo[k] - p->box.lo[k]) / VN_PATCH_EDGE;
        hi[k] = (reach->hi[k] - 1 - p->box.lo[k]) / VN_PATCH_EDGE;
        half += VN_PATCH_EDGE * scale[k] * VN_PATCH_EDGE * scale[k] / 4;
    }
    const double most = fmax(r[0], r[1]) * (1 + 1e-6) + sqrt(half);
    for (int64_t z = lo[2]; z <= hi[2]; z++)
        for (int64_t y = lo[1]; y <= hi[1]; y++)
            for (int64_t x = lo[0]; x <= hi[0]; x++) {
                const int64_t at[3] = { x, y, z };
                double middle[3];
                for (int k = 0; k < 3; k++)
                    middle[k] = (double)(p->box.lo[k] + at[k] * VN_PATCH_EDGE) + 0.5 * (VN_PATCH_EDGE - 1);
                if (vn_line_distance2(a, b, middle, scale, &t) <= most * most)
                    p->touched[(z * p->n[1] + y) * p->n[0] + x] = 1;
            }
}

struct draw { const struct vn_stroke *s; struct vn_patch *p; const struct vn_box *reach; _Alignas(8) unsigned char value[8]; int64_t *changed; };

static int draw_block(void *ctx, int64_t i, struct vn_err *err)
{
    const struct draw *d = ctx;
    const struct vn_stroke *s = d->s;
    struct vn_buf block = vn_patch_buf(d->p, i);
    const size_t size = vn_type_size(block.type);
    double scale[3], rr[2];
    int64_t changed = 0;
    (void)err;
    scales(s, scale);
    for (int64_t k = 0; k < n_segment(s); k++) {
        struct vn_box r;
        const double *b, *a = segment(s, k, &b);
        if (!vn_box_meet(&d->reach[k], &block.box, &r))
            continue;
        radii(s, k, rr);
        for (int64_t z = r.lo[2]; z < r.hi[2]; z++)
            for (int64_t y = r.lo[1]; y < r.hi[1]; y++) {
                unsigned char *at = (unsigned char *)block.data + size * (size_t)vn_buf_at(&block, r.lo[0], y, z);
                for (int64_t x = r.lo[0]; x < r.hi[0]; x++, at += size) {
                    const double p[3] = { (double)x, (double)y, (double)z };
                    if (memcmp(at, d->value, size) == 0 || !within(a, b, rr, p, scale))
                        continue;
                    memcpy(at, d->value, size);
                    changed++;
                }
            }
    }
    d->p->changed[i] = changed > 0;
    d->changed[i] = changed;
    return 0;
}

/* f for each loaded block, which says in count[i] how many voxels it changed. */
static int each_block(struct vn_patch *p, int (*f)(void *ctx, int64_t i, struct vn_err *err), void *ctx, int64_t **count, int64_t *changed,
                      struct vn_job *job, struct vn_err *err)
{
    int rc = vn_patch_load(p, job, err);
    if (!rc && !(*count = vn_calloc((uint64_t)p->n_touched, sizeof **count, err)))
        rc = VN_E_MEMORY;
    if (!rc)
        rc = vn_job_for(job, p->n_touched, f, ctx, err);
    *changed = 0;
    for (int64_t i = 0; i < p->n_touched && !rc; i++)
        *changed += (*count)[i];
    vn_free(*count);
    return rc;
}

int vn_stroke_draw(const struct vn_stroke *s, uint32_t value, struct vn_patch *p, int64_t *changed, struct vn_job *job, struct vn_err *err)
{
    struct vn_box *reach = vn_alloc((uint64_t)n_segment(s) * sizeof *reach, err);
    struct draw d = { .s = s, .p = p, .reach = reach };
    if (!reach)
        return VN_E_MEMORY;
    vn_convert_row(p->type, d.value, VN_U32, &value, 1);
    for (int64_t i = 0; i < n_segment(s); i++)
        if (reach_of(s, i, &p->box, &reach[i]))
            touch(s, i, &reach[i], p);
        else
            reach[i] = (struct vn_box){ { 0 }, { 0 } };
    const int rc = each_block(p, draw_block, &d, &d.changed, changed, job, err);
    vn_free(reach);
    return rc;
}

/* ---- the voxel meant by a point ---- */

int vn_edit_nearest(struct vn_vol *v, const int64_t at[3], int64_t reach, int axis, int64_t out[3], bool *found, struct vn_job *job, struct vn_err *err)
{
    static const unsigned char zero[8];
    double best = (double)reach * (double)reach;
    const enum vn_type t = v->kind == VN_LABELS ? v->src->type : VN_U8;
    struct vn_buf b = { 0 };
    struct vn_box box;
    *found = false;
    for (int k = 0; k < 3; k++) {
        const int64_t r = k == axis ? 0 : reach;
        box.lo[k] = vn_max64(at[k] - r, v->box.lo[k]);
        box.hi[k] = vn_min64(at[k] + r + 1, v->box.hi[k]);
    }
    const int rc = vn_vol_map(v, t, &box, VN_PAD_ZERO, &b, job, err);
    for (int64_t z = box.lo[2]; z < box.hi[2] && !rc; z++)
        for (int64_t y = box.lo[1]; y < box.hi[1]; y++)
            for (int64_t x = box.lo[0]; x < box.hi[0]; x++) {
                const double dx = (double)(x - at[0]), dy = (double)(y - at[1]), dz = (double)(z - at[2]), d2 = dx * dx + dy * dy + dz * dz;
                const int64_t here[3] = { x, y, z };
                if (d2 > best || (*found && d2 == best) ||
                    memcmp((const char *)b.data + vn_type_size(t) * (size_t)vn_buf_at(&b, x, y, z), zero, vn_type_size(t)) == 0)
                    continue;
                memcpy(out, here, sizeof here);
                best = d2;
                *found = true;
            }
    vn_buf_free(&b);
    return rc;
}

/* ---- pieces ---- */

struct same { const struct vn_buf *from, *to; const unsigned char *value; };

static int same_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct same *s = ctx;
    const struct vn_box *b = &s->to->box;
    const size_t size = vn_type_size(s->from->type);
    (void)err;
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
        const char *from = (const char *)s->from->data + size * (size_t)vn_buf_at(s->from, b->lo[0], y, b->lo[2] + i);
        uint8_t *to = (uint8_t *)s->to->data + vn_buf_at(s->to, b->lo[0], y, b->lo[2] + i);
        for (int64_t x = 0; x < vn_box_dim(b, 0); x++)
            to[x] = memcmp(from + size * (size_t)x, s->value, size) == 0;
    }
    return 0;
}

/* The voxels of box as a mask: not 0, or of the value that `at` has. */
static int as_bytes(struct vn_vol *v, const int64_t at[3], enum vn_alike alike, const struct vn_box *box, struct vn_buf *out, struct vn_job *job,
                    struct vn_err *err)
{
    struct vn_buf all = { 0 };
    if (alike != VN_ALIKE_VALUE)
        return vn_vol_map(v, VN_U8, box, VN_PAD_ZERO, out, job, err);
    int rc = vn_vol_map(v, v->src->type, box, VN_PAD_ZERO, &all, job, err);
    if (!rc)
        rc = vn_buf_new(out, VN_U8, box, err);
    if (!rc) {
        const unsigned char *value = (const unsigned char *)all.data + vn_type_size(all.type) * (size_t)vn_buf_at(&all, at[0], at[1], at[2]);
        rc = vn_job_for_quiet(job, vn_box_dim(box, 2), same_plane, &(struct same){ &all, out, value }, err);
        if (rc)
            vn_buf_free(out);
    }
    vn_buf_free(&all);
    return rc;
}

uint32_t vn_piece_label(const struct vn_piece *p, const int64_t at[3])
{
    const struct vn_runs *r = &p->r;
    const int64_t row = (at[2] - r->box.lo[2]) * vn_box_dim(&r->box, 1) + at[1] - r->box.lo[1], x = at[0] - r->box.lo[0];
    uint32_t i = r->row[row];
    while (x >= r->run[i].x1)
        i++;
    return r->label[i];
}

static void row_of(const struct vn_runs *r, int64_t row, int64_t *y, int64_t *z)
{
    const int64_t ny = vn_box_dim(&r->box, 1);
    *y = r->box.lo[1] + row % ny;
    *z = r->box.lo[2] + row / ny;
}

/* Whether the piece touches a face of the box it was found in that lies inside the volume (cut), or on its border. */
static void faces(struct vn_piece *p, const struct vn_box *whole, int axis, bool *cut)
{
    const struct vn_runs *r = &p->r;
    *cut = p->border = false;
    for (int64_t row = 0; row < r->n_row; row++)
        for (uint32_t i = r->row[row]; i < r->row[row + 1]; i++) {
            int64_t lo[3], hi[3];
            if (r->label[i] != p->label)
                continue;
            lo[0] = r->box.lo[0] + r->run[i].x0;
            hi[0] = r->box.lo[0] + r->run[i].x1 - 1;
            row_of(r, row, &lo[1], &lo[2]);
            hi[1] = lo[1];
            hi[2] = lo[2];
            for (int k = 0; k < 3; k++) {
                if (k == axis || vn_box_dim(whole, k) == 1)
                    continue;
                p->border |= lo[k] == whole->lo[k] || hi[k] == whole->hi[k] - 1;
                *cut |= (lo[k] == r->box.lo[k] && lo[k] > whole->lo[k]) || (hi[k] == r->box.hi[k] - 1 && hi[k] < whole->hi[k] - 1);
            }
        }
}

static int find_in(struct vn_vol *v, const int64_t at[3], enum vn_alike alike, int connectivity, const struct vn_box *box, struct vn_piece *out,
                   struct vn_job *job, struct vn_err *err)
{
    struct vn_buf b = { 0 };
    *out = (struct vn_piece){ 0 };
    int rc = as_bytes(v, at, alike, box, &b, job, err);
    if (!rc)
        rc = vn_runs_build(&b, alike == VN_ALIKE_ZERO, &out->r, job, err);
    vn_buf_free(&b);
    if (!rc)
        rc = vn_runs_label(&out->r, connectivity, job, err);
    if (rc)
        vn_piece_free(out);
    else
        out->label = vn_piece_label(out, at);
    return rc;
}

void vn_piece_free(struct vn_piece *p)
{
    vn_runs_free(&p->r);
    *p = (struct vn_piece){ 0 };
}

enum { FIRST_REACH = 24 };

int vn_piece_find(struct vn_vol *v, const int64_t at[3], enum vn_alike alike, int connectivity, int axis, bool stop, struct vn_piece *out,
                  struct vn_job *job, struct vn_err *err)
{
    for (int64_t reach = FIRST_REACH;; reach *= 2) {
        struct vn_box box;
        bool cut;
        for (int k = 0; k < 3; k++) {
            box.lo[k] = vn_max64(at[k] - (k == axis ? 0 : reach), v->box.lo[k]);
            box.hi[k] = vn_min64(at[k] + (k == axis ? 0 : reach) + 1, v->box.hi[k]);
        }
        if (axis == VN_BRUSH_BALL && vn_box_count(&box) > vn_box_count(&v->box) / 8)
            box = v->box;
        const int rc = find_in(v, at, alike, connectivity, &box, out, job, err);
        if (rc)
            return rc;
        faces(out, &v->box, axis, &cut);
        if (!cut || (stop && out->border))
            return 0;
        vn_piece_free(out);
    }
}

int vn_piece_all(struct vn_vol *v, const int64_t at[3], int connectivity, struct vn_piece *out, struct vn_job *job, struct vn_err *err)
{
    return find_in(v, at, VN_ALIKE_SET, connectivity, &v->box, out, job, err);
}

int vn_piece_set(const struct vn_piece *piece, bool others, uint32_t value, struct vn_patch *p, int64_t *changed, struct vn_job *job, struct vn_err *err)
{
    const struct vn_runs *r = &piece->r;
    int rc = 0;
    *changed = 0;
    for (int pass = 0; pass < 2 && !rc; pass++) {
        for (int64_t row = 0, y, z; row < r->n_row; row++) {
            row_of(r, row, &y, &z);
            for (uint32_t i = r->row[row]; i < r->row[row + 1]; i++) {
                const int64_t x0 = r->box.lo[0] + r->run[i].x0, x1 = r->box.lo[0] + r->run[i].x1;
                if ((r->label[i] == piece->label) == others)
                    continue;
                if (pass)
                    *changed += vn_patch_set(p, x0, x1, y, z, value);
                else
                    vn_patch_touch_run(p, x0, x1, y, z);
            }
        }
        if (!pass)
            rc = vn_patch_load(p, job, err);
    }
    return rc;
}

/* ---- values ---- */

struct replace { struct vn_patch *p; const void *was; bool others; _Alignas(8) unsigned char value[8]; int64_t *changed; };

static bool meant(const struct replace *r, const char *at, size_t size)
{
    static const unsigned char zero[8];
    return (memcmp(at, r->was, size) == 0) != r->others && !(r->others && memcmp(at, zero, size) == 0);
}

/* Blocks of layer i that hold voxels to be changed: plane by plane, for a layer of a large volume is large. */
static int look_layer(void *ctx, int64_t i, struct vn_err *err)
{
    const struct replace *r = ctx;
    struct vn_patch *p = r->p;
    struct vn_box box = p->box;
    const size_t size = vn_type_size(p->type);
    const int64_t from = p->box.lo[2] + i * VN_PATCH_EDGE, to = vn_min64(from + VN_PATCH_EDGE, p->box.hi[2]);
    int rc = 0;
    for (int64_t z = from; z < to && !rc; z++) {
        struct vn_buf b = { 0 };
        box.lo[2] = z;
        box.hi[2] = z + 1;
        rc = vn_vol_map(p->from, p->type, &box, VN_PAD_ZERO, &b, NULL, err);
        for (int64_t y = box.lo[1]; y < box.hi[1] && !rc; y++) {
            const char *at = (const char *)b.data + size * (size_t)vn_buf_at(&b, box.lo[0], y, z);
            for (int64_t x = box.lo[0]; x < box.hi[0]; x++, at += size)
                if (meant(r, at, size))
                    vn_patch_touch(p, x, y, z);
        }
        vn_buf_free(&b);
    }
    return rc;
}

static int replace_block(void *ctx, int64_t i, struct vn_err *err)
{
    const struct replace *r = ctx;
    const struct vn_buf b = vn_patch_buf(r->p, i);
    const size_t size = vn_type_size(b.type);
    (void)err;
    for (int64_t z = b.box.lo[2]; z < b.box.hi[2]; z++)
        for (int64_t y = b.box.lo[1]; y < b.box.hi[1]; y++) {
            char *at = (char *)b.data + size * (size_t)vn_buf_at(&b, b.box.lo[0], y, z);
            for (int64_t x = b.box.lo[0]; x < b.box.hi[0]; x++, at += size)
                if (meant(r, at, size)) {
                    memcpy(at, r->value, size);
                    r->changed[i]++;
                }
        }
    r->p->changed[i] = r->changed[i] > 0;
    return 0;
}

int vn_edit_replace(struct vn_patch *p, const void *was, bool others, uint32_t value, int64_t *changed, struct vn_job *job, struct vn_err *err)
{
    struct replace r = { .p = p, .was = was, .others = others };
    vn_convert_row(p->type, r.value, VN_U32, &value, 1);
    const int rc = vn_job_for(job, p->n[2], look_layer, &r, err);
    return rc ? rc : each_block(p, replace_block, &r, &r.changed, changed, job, err);
}
