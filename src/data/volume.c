/* volume.c - types, boxes, buffers, and volumes as headers over sources; a source in memory. */
#include "volume.h"
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "hist.h"
#include "mem.h"
#include "patch.h"

/* ---- types, boxes, grids ---- */

size_t vn_type_size(enum vn_type t)
{
    static const uint8_t size[] = { 1, 2, 4, 1, 2, 4, 4, 8 };
    return t < VN_N_TYPE ? size[t] : 0;
}

const char *vn_type_name(enum vn_type t)
{
    static const char *const name[] = { "u8", "u16", "u32", "i8", "i16", "i32", "f32", "f64" };
    return t < VN_N_TYPE ? name[t] : "?";
}

const char *vn_kind_name(enum vn_kind k)
{
    switch (k) {
    case VN_IMAGE:    return "image";
    case VN_PROB:     return "probability";
    case VN_MASK:     return "mask";
    case VN_LABELS:   return "labels";
    case VN_SKELETON: return "skeleton";
    case VN_GRAPH:    return "graph";
    case VN_TABLE:    return "table";
    case VN_VOLUMES:  return "volume";
    }
    return "?";
}

bool vn_type_is_int(enum vn_type t) { return t < VN_F32; }

int64_t vn_box_dim(const struct vn_box *b, int axis) { return vn_max64(0, b->hi[axis] - b->lo[axis]); }

uint64_t vn_box_count(const struct vn_box *b)
{
    return (uint64_t)vn_box_dim(b, 0) * (uint64_t)vn_box_dim(b, 1) * (uint64_t)vn_box_dim(b, 2);
}

bool vn_box_same(const struct vn_box *a, const struct vn_box *b) { return memcmp(a, b, sizeof *a) == 0; }

bool vn_box_contains(const struct vn_box *outer, const struct vn_box *inner)
{
    for (int k = 0; k < 3; k++)
        if (inner->lo[k] < outer->lo[k] || inner->hi[k] > outer->hi[k])
            return false;
    return true;
}

bool vn_box_meet(const struct vn_box *a, const struct vn_box *b, struct vn_box *out)
{
    bool some = true;
    for (int k = 0; k < 3; k++) {
        out->lo[k] = vn_max64(a->lo[k], b->lo[k]);
        out->hi[k] = vn_min64(a->hi[k], b->hi[k]);
        some = some && out->lo[k] < out->hi[k];
    }
    return some;
}

struct vn_box vn_box_grow(const struct vn_box *b, const int64_t halo[3])
{
    struct vn_box g = *b;
    for (int k = 0; k < 3; k++) {
        g.lo[k] -= halo[k];
        g.hi[k] += halo[k];
    }
    return g;
}

bool vn_um_known(const struct vn_grid *g) { return g->um[0] > 0 && g->um[1] > 0 && g->um[2] > 0; }

int vn_grid_check(const struct vn_grid *a, const char *name_a, const struct vn_grid *b, const char *name_b, bool *assumed,
                  struct vn_err *err)
{
    for (int k = 0; k < 3; k++)
        if (a->dim[k] != b->dim[k])
            return vn_fail(err, VN_E_ARG, "'%s' has %" PRId64 "x%" PRId64 "x%" PRId64 " voxels and '%s' %" PRId64 "x%" PRId64
                           "x%" PRId64 ": they are not on one grid", name_a, a->dim[0], a->dim[1], a->dim[2],
                           name_b, b->dim[0], b->dim[1], b->dim[2]);
    bool both = vn_um_known(a) && vn_um_known(b);
    for (int k = 0; both && k < 3; k++)
        if (fabs(a->um[k] - b->um[k]) > 1e-4 * fmax(a->um[k], b->um[k]))
            return vn_fail(err, VN_E_ARG, "'%s' has voxels of %gx%gx%g um and '%s' of %gx%gx%g um: they are not on one grid",
                           name_a, a->um[0], a->um[1], a->um[2], name_b, b->um[0], b->um[1], b->um[2]);
    const struct vn_key none = { { 0 } };
    if (!vn_key_same(a->frame, none) && !vn_key_same(b->frame, none) && !vn_key_same(a->frame, b->frame))
        return vn_fail(err, VN_E_ARG, "the coordinates of '%s' and of '%s' begin at different places: they are not on one "
                       "grid", name_a, name_b);
    if (assumed)
        *assumed = vn_um_known(a) != vn_um_known(b);
    return 0;
}

/* ---- buffers ---- */

static int buf_new(struct vn_buf *b, enum vn_type t, const struct vn_box *box, bool zero, struct vn_err *err)
{
    uint64_t d[3], plane, count, bytes;
    for (int k = 0; k < 3; k++)
        d[k] = (uint64_t)vn_box_dim(box, k);
    if (t >= VN_N_TYPE)
        return vn_fail(err, VN_E_INTERNAL, "a buffer was asked for with no voxel type");
    if (!vn_mul(d[0], d[1], &plane) || !vn_mul(plane, d[2], &count) || !vn_mul(count, vn_type_size(t), &bytes) || bytes > INT64_MAX)
        return vn_fail(err, VN_E_MEMORY, "a box of %" PRIu64 "x%" PRIu64 "x%" PRIu64 " voxels is beyond all memory", d[0], d[1], d[2]);
    struct vn_err e;                     /* so that a code can be returned also when err is NULL */
    void *data = zero ? vn_calloc(count, vn_type_size(t), &e) : vn_alloc(bytes, &e);
    if (!data)
        return vn_fail(err, (enum vn_code)e.code, "%s", e.msg);
    *b = (struct vn_buf) { .type = t, .box = *box, .stride = { (int64_t)d[0], (int64_t)plane }, .data = data };
    return 0;
}

int vn_buf_new(struct vn_buf *b, enum vn_type t, const struct vn_box *box, struct vn_err *err) { return buf_new(b, t, box, false, err); }
int vn_buf_new_zero(struct vn_buf *b, enum vn_type t, const struct vn_box *box, struct vn_err *err) { return buf_new(b, t, box, true, err); }

void vn_buf_free(struct vn_buf *b)
{
    if (b->lender)
        vn_vol_unref(b->lender);
    else if (!b->borrowed)
        vn_free(b->data);
    *b = (struct vn_buf) { 0 };
}

struct vn_buf vn_buf_view(const struct vn_buf *b, const struct vn_box *part)
{
    struct vn_buf v = *b;
    v.box = *part;
    v.lender = NULL;
    v.borrowed = true;
    v.data = (char *)b->data + vn_buf_at(b, part->lo[0], part->lo[1], part->lo[2]) * (int64_t)vn_type_size(b->type);
    return v;
}

/* ---- a source in memory ---- */

struct mem_src { struct vn_src s; struct vn_buf buf; };

static int mem_read(struct vn_src *s, int level, struct vn_buf *dst, struct vn_job *job, struct vn_err *err)
{
    const struct vn_buf *b = &((struct mem_src *)s)->buf;
    size_t from = vn_type_size(b->type), to = vn_type_size(dst->type);
    (void)level;
    for (int64_t z = dst->box.lo[2]; z < dst->box.hi[2]; z++) {
        if (vn_job_check(job, err))
            return VN_E_CANCELLED;
        for (int64_t y = dst->box.lo[1]; y < dst->box.hi[1]; y++)
            vn_convert_row(dst->type, (char *)dst->data + (size_t)vn_buf_at(dst, dst->box.lo[0], y, z) * to,
                           b->type, (const char *)b->data + (size_t)vn_buf_at(b, dst->box.lo[0], y, z) * from,
                           vn_box_dim(&dst->box, 0));
    }
    return 0;
}

static void mem_free(struct vn_src *s)
{
    vn_buf_free(&((struct mem_src *)s)->buf);
    vn_free(s);
}

static const struct vn_src_ops mem_ops = { mem_read, mem_free };

/* ---- volumes ---- */

struct vn_vol *vn_vol_wrap(enum vn_kind kind, struct vn_src *src, struct vn_err *err)
{
    struct vn_vol *v = vn_calloc(1, sizeof *v, err);
    if (!v) {
        vn_src_unref(src);
        return NULL;
    }
    *v = (struct vn_vol) { .refs = 1, .kind = kind, .src = src, .grid = src->grid, .box = src->box,
                           .n_channel = 1, .n_time = 1, .key = src->key };
    return v;
}

struct vn_vol *vn_vol_from_buf(enum vn_kind kind, const struct vn_grid *g, struct vn_buf *b, struct vn_err *err)
{
    struct mem_src *m = vn_calloc(1, sizeof *m, err);
    if (!m) {
        vn_buf_free(b);
        return NULL;
    }
    vn_src_init(&m->s, &mem_ops);
    m->buf = *b;
    *b = (struct vn_buf) { 0 };
    m->s.type = m->buf.type;
    m->s.n_level = 1;
    m->s.any_type = true;
    m->s.grid = *g;
    m->s.box = m->buf.box;
    return vn_vol_wrap(kind, &m->s, err);
}

struct vn_vol *vn_vol_new(enum vn_kind kind, enum vn_type t, const struct vn_grid *g, const struct vn_box *box, struct vn_err *err)
{
    struct vn_buf b;
    return vn_buf_new(&b, t, box, err) ? NULL : vn_vol_from_buf(kind, g, &b, err);
}

struct vn_vol *vn_vol_header(const struct vn_vol *v, const double um[3], enum vn_kind kind, struct vn_err *err)
{
    struct vn_vol *h = vn_vol_wrap(kind, vn_src_ref(v->src), err);
    if (!h)
        return NULL;
    h->grid = v->grid;
    if (um)
        memcpy(h->grid.um, um, sizeof h->grid.um);
    h->n_channel = v->n_channel;
    h->n_time = v->n_time;
    h->channel = v->channel;
    h->time = v->time;
    h->key = vn_key_add(vn_key_add(v->key, &kind, sizeof kind), h->grid.um, sizeof h->grid.um);
    if (vn_vol_hist_known(v) && !(h->hist = vn_hist_copy(v->hist, err))) {
        vn_vol_unref(h);
        return NULL;
    }
    if ((v->path && !(h->path = vn_strdup(v->path, err))) || (v->orientation && !(h->orientation = vn_strdup(v->orientation, err))) ||
        (v->edits && !(h->edits = vn_strdup(v->edits, err)))) {
        vn_vol_unref(h);
        return NULL;
    }
    return h;
}

struct vn_vol *vn_vol_ref(struct vn_vol *v)
{
    __atomic_add_fetch(&v->refs, 1, __ATOMIC_RELAXED);
    return v;
}

void vn_vol_unref(struct vn_vol *v)
{
    if (!v || __atomic_sub_fetch(&v->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    vn_src_unref(v->src);
    if (v->hist) {
        vn_hist_free(v->hist);
        vn_free(v->hist);
    }
    vn_free(v->path);
    vn_free(v->orientation);
    vn_free(v->edits);
    vn_free(v);
}

struct vn_buf vn_vol_data(const struct vn_vol *v)
{
    if (v->src->ops != &mem_ops)
        return (struct vn_buf) { 0 };
    struct vn_buf b = ((struct mem_src *)v->src)->buf;
    b.borrowed = true;
    return b;
}

uint64_t vn_vol_mem(const struct vn_vol *v)
{
    return v->src->ops == &mem_ops ? vn_box_count(&v->box) * vn_type_size(v->src->type) : vn_patch_mem(v->src);
}

int vn_vol_read(struct vn_vol *v, enum vn_pad pad, struct vn_buf *dst, struct vn_job *job, struct vn_err *err)
{
    return vn_src_read(v->src, 0, pad, dst, job, err);
}

int vn_vol_map(struct vn_vol *v, enum vn_type t, const struct vn_box *box, enum vn_pad pad, struct vn_buf *out, struct vn_job *job, struct vn_err *err)
{
    struct vn_buf whole = vn_vol_data(v), b;
    if (whole.data && whole.type == t && vn_box_contains(&whole.box, box)) {
        *out = vn_buf_view(&whole, box);
        out->lender = vn_vol_ref(v);
        return 0;
    }
    int rc = vn_buf_new(&b, t, box, err);
    if (rc)
        return rc;
    rc = vn_vol_read(v, pad, &b, job, err);
    if (rc)
        vn_buf_free(&b);
    else
        *out = b;
    return rc;
}
