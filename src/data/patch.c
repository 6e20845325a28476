/* patch.c - copy on write by blocks.  The blocks that an edit changed lie in one arena, which lives as long as a volume
 * uses one of them. */
#include "patch.h"
#include "mem.h"
#include <string.h>

enum { EDGE = VN_PATCH_EDGE, VOXELS = EDGE * EDGE * EDGE };

struct arena { int64_t refs; uint8_t data[]; };             /* refs: slots that point into it, of all layers; atomic */
struct slot { uint8_t *data; struct arena *in; };           /* NULL: as in the base */
struct layer { int64_t refs; struct slot slot[]; };         /* blocks of one z; shared by volumes that agree in them; refs atomic */
struct patched {
    struct vn_src s;
    struct vn_vol *base;                                    /* NULL: zeros */
    bool as_is, labels;                                     /* the base's voxels need not be turned into 0 and 1; blocks may hold more */
    int64_t n[3];
    struct layer **layer;                                   /* n[2]; NULL: all as in the base */
    uint64_t own;
};

static int64_t count(const int64_t n[3]) { return n[0] * n[1] * n[2]; }

static void blocks_of(const struct vn_box *box, int64_t n[3])
{
    for (int k = 0; k < 3; k++)
        n[k] = (vn_box_dim(box, k) + EDGE - 1) / EDGE;
}

/* Block i of a volume, without what lies outside of it. */
static struct vn_box block_box(const struct vn_box *box, const int64_t n[3], int64_t i)
{
    const int64_t at[3] = { i % n[0], i / n[0] % n[1], i / n[0] / n[1] };
    struct vn_box b;
    for (int k = 0; k < 3; k++) {
        b.lo[k] = box->lo[k] + at[k] * EDGE;
        b.hi[k] = vn_min64(b.lo[k] + EDGE, box->hi[k]);
    }
    return b;
}

static struct vn_buf block_buf(const struct vn_box *box, const int64_t n[3], enum vn_type t, int64_t i, uint8_t *data)
{
    return (struct vn_buf){ .type = t, .box = block_box(box, n, i), .stride = { EDGE, EDGE * EDGE }, .data = data, .borrowed = true };
}

static size_t block_bytes(enum vn_type t) { return VOXELS * vn_type_size(t); }

/* ---- the source ---- */

VN_HOT static void as_mask(uint8_t *v, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        v[i] = v[i] != 0;
}

static char *row(const struct vn_buf *b, int64_t x, int64_t y, int64_t z)
{
    return (char *)b->data + vn_type_size(b->type) * (size_t)vn_buf_at(b, x, y, z);
}

static int read_base(const struct patched *p, struct vn_buf *dst, struct vn_job *job, struct vn_err *err)
{
    const struct vn_box *b = &dst->box;
    const int rc = p->base ? vn_src_read(p->base->src, 0, VN_PAD_ZERO, dst, job, err) : 0;
    for (int64_t z = b->lo[2]; z < b->hi[2] && !rc && (!p->base || !p->as_is); z++)
        for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
            char *at = row(dst, b->lo[0], y, z);
            if (p->base)
                as_mask((uint8_t *)at, vn_box_dim(b, 0));
            else
                memset(at, 0, vn_type_size(dst->type) * (size_t)vn_box_dim(b, 0));
        }
    return rc;
}

static void copy_block(const struct vn_buf *from, struct vn_buf *dst)
{
    struct vn_box part;
    if (!vn_box_meet(&from->box, &dst->box, &part))
        return;
    for (int64_t z = part.lo[2]; z < part.hi[2]; z++)
        for (int64_t y = part.lo[1]; y < part.hi[1]; y++)
            memcpy(row(dst, part.lo[0], y, z), row(from, part.lo[0], y, z), vn_type_size(dst->type) * (size_t)vn_box_dim(&part, 0));
}

static int patched_read(struct vn_src *s, int level, struct vn_buf *dst, struct vn_job *job, struct vn_err *err)
{
    const struct patched *p = (const struct patched *)s;
    int64_t lo[3], hi[3];
    int rc = read_base(p, dst, job, err);
    (void)level;
    for (int k = 0; k < 3; k++) {
        lo[k] = (dst->box.lo[k] - s->box.lo[k]) / EDGE;
        hi[k] = (dst->box.hi[k] - 1 - s->box.lo[k]) / EDGE;
    }
    for (int64_t z = lo[2]; z <= hi[2] && !rc; z++) {
        if (vn_job_stop(job))
            return vn_fail(err, VN_E_CANCELLED, "cancelled");
        const struct layer *l = p->layer[z];
        for (int64_t y = lo[1]; y <= hi[1] && l; y++)
            for (int64_t x = lo[0], i = y * p->n[0] + x; x <= hi[0]; x++, i++)
                if (l->slot[i].data) {
                    const struct vn_buf b = block_buf(&s->box, p->n, s->type, z * p->n[0] * p->n[1] + i, l->slot[i].data);
                    copy_block(&b, dst);
                }
    }
    return rc;
}

static void arena_unref(struct arena *a)
{
    if (a && !__atomic_sub_fetch(&a->refs, 1, __ATOMIC_ACQ_REL))
        vn_free(a);
}

static void layer_unref(struct layer *l, int64_t n)
{
    if (!l || __atomic_sub_fetch(&l->refs, 1, __ATOMIC_ACQ_REL))
        return;
    for (int64_t i = 0; i < n; i++)
        arena_unref(l->slot[i].in);
    vn_free(l);
}

static void patched_free(struct vn_src *s)
{
    struct patched *p = (struct patched *)s;
    for (int64_t z = 0; p->layer && z < p->n[2]; z++)
        layer_unref(p->layer[z], p->n[0] * p->n[1]);
    vn_free(p->layer);
    vn_vol_unref(p->base);
    vn_free(p);
}

static const struct vn_src_ops patched_ops = { patched_read, patched_free };

uint64_t vn_patch_mem(const struct vn_src *s) { return s->ops == &patched_ops ? ((const struct patched *)s)->own : 0; }

/* ---- changing ---- */

static int begin(struct vn_patch *p, struct vn_err *err)
{
    blocks_of(&p->box, p->n);
    const uint64_t n = (uint64_t)count(p->n);
    p->touched = vn_calloc(n, 1, err);
    p->place = p->touched ? vn_calloc(n, sizeof *p->place, err) : NULL;
    return p->place ? 0 : VN_E_MEMORY;
}

int vn_patch_begin(struct vn_patch *p, struct vn_vol *from, enum vn_kind kind, enum vn_type t, struct vn_err *err)
{
    *p = (struct vn_patch){ .from = vn_vol_ref(from), .kind = kind, .type = t, .grid = from->grid, .box = from->box };
    return begin(p, err);
}

int vn_patch_blank(struct vn_patch *p, const struct vn_grid *g, const struct vn_box *box, enum vn_kind kind, enum vn_type t, struct vn_err *err)
{
    *p = (struct vn_patch){ .kind = kind, .type = t, .grid = *g, .box = *box };
    return begin(p, err);
}

void vn_patch_free(struct vn_patch *p)
{
    vn_vol_unref(p->from);
    vn_free(p->touched);
    vn_free(p->block);
    vn_free(p->data);
    vn_free(p->place);
    vn_free(p->changed);
    *p = (struct vn_patch){ 0 };
}

static int64_t number(const struct vn_patch *p, int64_t x, int64_t y, int64_t z)
{
    return (((z - p->box.lo[2]) / EDGE) * p->n[1] + (y - p->box.lo[1]) / EDGE) * p->n[0] + (x - p->box.lo[0]) / EDGE;
}

void vn_patch_touch(struct vn_patch *p, int64_t x, int64_t y, int64_t z) { p->touched[number(p, x, y, z)] = 1; }

void vn_patch_touch_run(struct vn_patch *p, int64_t x0, int64_t x1, int64_t y, int64_t z)
{
    const int64_t lo = number(p, x0, y, z);
    memset(p->touched + lo, 1, (size_t)(number(p, x1 - 1, y, z) - lo + 1));
}

struct vn_buf vn_patch_buf(const struct vn_patch *p, int64_t i)
{
    return block_buf(&p->box, p->n, p->type, p->block[i], p->data + (size_t)i * block_bytes(p->type));
}

static int load(void *ctx, int64_t i, struct vn_err *err)
{
    const struct vn_patch *p = ctx;
    struct vn_buf b = vn_patch_buf(p, i);
    const struct patched as = { .base = p->from, .as_is = p->kind == VN_LABELS };
    return read_base(&as, &b, NULL, err);
}

int vn_patch_load(struct vn_patch *p, struct vn_job *job, struct vn_err *err)
{
    const int64_t n = count(p->n);
    for (int64_t i = 0; i < n; i++)
        if (p->touched[i])
            p->place[i] = (uint32_t)++p->n_touched;
    p->block = vn_alloc((uint64_t)p->n_touched * sizeof *p->block, err);
    p->changed = p->block ? vn_calloc((uint64_t)p->n_touched, 1, err) : NULL;
    p->data = p->changed ? vn_alloc((uint64_t)p->n_touched * block_bytes(p->type), err) : NULL;
    if (!p->data)
        return VN_E_MEMORY;
    for (int64_t i = 0; i < n; i++)
        if (p->place[i])
            p->block[p->place[i] - 1] = i;
    return vn_job_for_quiet(job, p->n_touched, load, p, err);
}

int64_t vn_patch_set(struct vn_patch *p, int64_t x0, int64_t x1, int64_t y, int64_t z, uint32_t value)
{
    const size_t size = vn_type_size(p->type);
    _Alignas(8) unsigned char v[8];
    int64_t n = 0;
    vn_convert_row(p->type, v, VN_U32, &value, 1);
    for (int64_t x = x0, end; x < x1; x = end) {
        const int64_t i = (int64_t)p->place[number(p, x, y, z)] - 1;
        const struct vn_buf b = vn_patch_buf(p, i);
        char *at = row(&b, x, y, z);
        int64_t here = 0;
        end = vn_min64(x1, b.box.hi[0]);
        for (; x < end; x++, at += size)
            if (memcmp(at, v, size)) {
                memcpy(at, v, size);
                here++;
            }
        p->changed[i] |= here > 0;
        n += here;
    }
    return n;
}

/* A patched source whose blocks and base the new one can go on with. */
static const struct patched *shared(const struct vn_patch *p)
{
    const struct patched *s = p->from && p->from->src->ops == &patched_ops ? (const struct patched *)p->from->src : NULL;
    return s && s->s.type == p->type && (p->kind == VN_LABELS || !s->labels) ? s : NULL;
}

/* A layer of to's own with the blocks that it has now, to be changed. */
static struct layer *own_layer(struct patched *to, int64_t z, struct vn_err *err)
{
    const int64_t n = to->n[0] * to->n[1];
    const struct layer *was = to->layer[z];
    const uint64_t bytes = sizeof *was + (uint64_t)n * sizeof *was->slot;
    struct layer *l = vn_calloc(1, bytes, err);
    if (!l)
        return NULL;
    l->refs = 1;
    for (int64_t i = 0; i < n && was; i++)
        if ((l->slot[i] = was->slot[i]).in)
            __atomic_add_fetch(&l->slot[i].in->refs, 1, __ATOMIC_RELAXED);
    layer_unref(to->layer[z], n);
    to->layer[z] = l;
    to->own += bytes;
    return l;
}

/* The changed blocks into an arena of their own; they come by rising z. */
static int keep_changed(const struct vn_patch *p, struct patched *to, struct vn_err *err)
{
    const size_t size = block_bytes(p->type);
    const int64_t plane = p->n[0] * p->n[1];
    struct layer *l = NULL;
    int64_t n = 0, last = -1;
    for (int64_t i = 0; i < p->n_touched; i++)
        n += p->changed[i];
    struct arena *a = n ? vn_alloc(sizeof *a + (uint64_t)n * size, err) : NULL;
    if (n && !a)
        return VN_E_MEMORY;
    uint8_t *at = n ? a->data : NULL;
    if (n)
        a->refs = 1;                             /* our own, until all is in place */
    int rc = 0;
    for (int64_t i = 0; i < p->n_touched && !rc; i++) {
        const int64_t z = p->block[i] / plane;
        if (!p->changed[i])
            continue;
        if (z != last && !(l = own_layer(to, last = z, err))) {
            rc = VN_E_MEMORY;
            break;
        }
        struct slot *s = &l->slot[p->block[i] % plane];
        arena_unref(s->in);
        *s = (struct slot){ memcpy(at, p->data + (size_t)i * size, size), a };
        __atomic_add_fetch(&a->refs, 1, __ATOMIC_RELAXED);
        at += size;
    }
    arena_unref(a);
    to->own += (uint64_t)n * size;
    return rc;
}

int vn_patch_end(struct vn_patch *p, struct vn_vol **out, struct vn_err *err)
{
    const struct patched *like = shared(p);
    struct patched *s = vn_calloc(1, sizeof *s, err);
    if (!s)
        return VN_E_MEMORY;
    vn_src_init(&s->s, &patched_ops);
    s->s.type = p->type;
    s->s.n_level = 1;
    s->s.grid = p->grid;
    s->s.box = p->box;
    s->labels = p->kind == VN_LABELS;
    s->as_is = like ? like->as_is : s->labels;
    memcpy(s->n, p->n, sizeof s->n);
    struct vn_vol *base = like ? like->base : p->from;
    s->base = base ? vn_vol_ref(base) : NULL;
    s->own = (uint64_t)p->n[2] * sizeof *s->layer;
    int rc = (s->layer = vn_calloc((uint64_t)p->n[2], sizeof *s->layer, err)) ? 0 : VN_E_MEMORY;
    for (int64_t z = 0; z < p->n[2] && !rc && like; z++)
        if ((s->layer[z] = like->layer[z]))
            __atomic_add_fetch(&s->layer[z]->refs, 1, __ATOMIC_RELAXED);
    if (!rc)
        rc = keep_changed(p, s, err);
    if (rc) {
        vn_src_unref(&s->s);
        return rc;
    }
    if (!(*out = vn_vol_wrap(p->kind, &s->s, err)))
        return VN_E_MEMORY;
    if (p->from && p->from->orientation && !((*out)->orientation = vn_strdup(p->from->orientation, err))) {
        vn_vol_unref(*out);
        return VN_E_MEMORY;
    }
    return 0;
}
