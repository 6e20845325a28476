/* source.c - reading any box of a source: the part inside from memory or through the cache, the rest padded here, so that
 * no operation has border code. */
#include "volume.h"
#include <stdatomic.h>
#include <string.h>
#include "mem.h"

void vn_src_init(struct vn_src *s, const struct vn_src_ops *ops)
{
    static _Atomic uint64_t last;
    *s = (struct vn_src) { .ops = ops, .refs = 1, .id = atomic_fetch_add(&last, 1) + 1 };
    s->key = vn_key_add(vn_key_str(vn_key_start(), "source"), &s->id, sizeof s->id);
}

void vn_src_init_over(struct vn_src *s, const struct vn_src_ops *ops, const struct vn_vol *of)
{
    vn_src_init(s, ops);
    s->type = of->src->type;
    s->n_level = 1;
    s->grid = of->grid;
    s->box = of->box;
}

struct vn_src *vn_src_ref(struct vn_src *s)
{
    __atomic_add_fetch(&s->refs, 1, __ATOMIC_RELAXED);
    return s;
}

void vn_src_unref(struct vn_src *s)
{
    if (!s || __atomic_sub_fetch(&s->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    if (s->chunk[0])
        vn_cache_drop(s->id);
    s->ops->free(s);
}

struct vn_box vn_src_box(const struct vn_src *s, int level)
{
    struct vn_box b = s->box;
    for (int k = 0; k < 3; k++) {
        b.lo[k] >>= level;
        b.hi[k] = -(-b.hi[k] >> level);
    }
    return b;
}

/* ---- padding ---- */

int64_t vn_pad_from(enum vn_pad pad, int64_t i, int64_t lo, int64_t hi)
{
    int64_t n = hi - lo, k = i - lo;
    if (pad == VN_PAD_EDGE)
        return i < lo ? lo : i >= hi ? hi - 1 : i;
    k %= 2 * n;                                   /* mirrored twice is periodic */
    k += k < 0 ? 2 * n : 0;
    return lo + (k < n ? k : 2 * n - 1 - k);
}

/* Box of the voxels that the padded box dst needs. */
static struct vn_box pad_needs(enum vn_pad pad, const struct vn_box *dst, const struct vn_box *vol)
{
    struct vn_box need;
    for (int k = 0; k < 3; k++) {
        need.lo[k] = INT64_MAX;
        need.hi[k] = INT64_MIN;
        for (int64_t i = dst->lo[k]; i < dst->hi[k]; i++) {
            int64_t f = vn_pad_from(pad, i, vol->lo[k], vol->hi[k]);
            need.lo[k] = vn_min64(need.lo[k], f);
            need.hi[k] = vn_max64(need.hi[k], f + 1);
        }
    }
    return need;
}

static char *row_at(const struct vn_buf *b, int64_t y, int64_t z)
{
    return (char *)b->data + (size_t)vn_buf_at(b, b->box.lo[0], y, z) * vn_type_size(b->type);
}

/* dst[i] = src[from] along x, for x outside [keep_lo, keep_hi). */
static void gather_row(char *dst, int64_t dst_lo, int64_t dst_hi, const char *src, int64_t src_lo, size_t size,
                       int64_t keep_lo, int64_t keep_hi, enum vn_pad pad, const struct vn_box *vol)
{
    for (int64_t x = dst_lo; x < dst_hi; x++) {
        if (x == keep_lo)
            x = keep_hi;
        if (x >= dst_hi)
            break;
        memcpy(dst + (size_t)(x - dst_lo) * size, src + (size_t)(vn_pad_from(pad, x, vol->lo[0], vol->hi[0]) - src_lo) * size, size);
    }
}

/* The part `in` of dst is read; everything else of it comes from there. */
static int pad_inside(struct vn_buf *dst, const struct vn_box *in, enum vn_pad pad, const struct vn_box *vol, struct vn_job *job, struct vn_err *err)
{
    const struct vn_box *d = &dst->box;
    size_t size = vn_type_size(dst->type), row = (size_t)vn_box_dim(d, 0) * size;

    for (int64_t z = in->lo[2]; z < in->hi[2]; z++) {
        if (vn_job_check(job, err))
            return VN_E_CANCELLED;
        for (int64_t y = in->lo[1]; y < in->hi[1]; y++)
            gather_row(row_at(dst, y, z), d->lo[0], d->hi[0], row_at(dst, y, z), d->lo[0], size, in->lo[0], in->hi[0], pad, vol);
        for (int64_t y = d->lo[1]; y < d->hi[1]; y++)
            if (y < in->lo[1] || y >= in->hi[1])
                memcpy(row_at(dst, y, z), row_at(dst, vn_pad_from(pad, y, vol->lo[1], vol->hi[1]), z), row);
    }
    for (int64_t z = d->lo[2]; z < d->hi[2]; z++)
        if (z < in->lo[2] || z >= in->hi[2])
            for (int64_t y = d->lo[1]; y < d->hi[1]; y++)
                memcpy(row_at(dst, y, z), row_at(dst, y, vn_pad_from(pad, z, vol->lo[2], vol->hi[2])), row);
    return 0;
}

static void zero_around(struct vn_buf *dst, const struct vn_box *in)
{
    const struct vn_box *d = &dst->box;
    size_t size = vn_type_size(dst->type);
    for (int64_t z = d->lo[2]; z < d->hi[2]; z++)
        for (int64_t y = d->lo[1]; y < d->hi[1]; y++) {
            char *row = row_at(dst, y, z);
            if (z < in->lo[2] || z >= in->hi[2] || y < in->lo[1] || y >= in->hi[1]) {
                memset(row, 0, (size_t)vn_box_dim(d, 0) * size);
            } else {
                memset(row, 0, (size_t)(in->lo[0] - d->lo[0]) * size);
                memset(row + (size_t)(in->hi[0] - d->lo[0]) * size, 0, (size_t)(d->hi[0] - in->hi[0]) * size);
            }
        }
}

/* ---- reading ---- */


/* Voxels are needed that lie outside dst (it is smaller than its padding, or outside the volume): plane by plane. */
static int pad_from_planes(struct vn_src *s, int level, enum vn_pad pad, struct vn_buf *dst, const struct vn_box *vol,
                           const struct vn_box *need, struct vn_job *job, struct vn_err *err)
{
    const struct vn_box *d = &dst->box;
    size_t size = vn_type_size(dst->type);
    struct vn_box plane = *need;
    struct vn_buf p = { 0 };
    int64_t have = INT64_MIN;

    plane.hi[2] = plane.lo[2] + 1;
    int rc = vn_buf_new(&p, dst->type, &plane, err);
    for (int64_t z = d->lo[2]; rc == 0 && z < d->hi[2]; z++) {
        int64_t from = vn_pad_from(pad, z, vol->lo[2], vol->hi[2]);
        p.box.lo[2] = from;
        p.box.hi[2] = from + 1;
        if (from != have && (rc = vn_cache_read(s, level, &p, job, err)))
            break;
        have = from;
        for (int64_t y = d->lo[1]; y < d->hi[1]; y++)
            gather_row(row_at(dst, y, z), d->lo[0], d->hi[0], row_at(&p, vn_pad_from(pad, y, vol->lo[1], vol->hi[1]), from),
                       need->lo[0], size, INT64_MIN, INT64_MIN, pad, vol);
    }
    vn_buf_free(&p);
    return rc;
}

int vn_src_read(struct vn_src *s, int level, enum vn_pad pad, struct vn_buf *dst, struct vn_job *job, struct vn_err *err)
{
    struct vn_box vol, in;
    struct vn_buf view;
    int rc = 0;

    if (level < 0 || level >= s->n_level)
        return vn_fail(err, VN_E_ARG, "level %d: the volume has levels 0 to %d", level, s->n_level - 1);
    if (vn_box_count(&dst->box) == 0)
        return 0;
    vol = vn_src_box(s, level);
    if (vn_box_contains(&vol, &dst->box))
        return vn_cache_read(s, level, dst, job, err);

    bool some = vn_box_meet(&vol, &dst->box, &in);
    if (pad == VN_PAD_ZERO || vn_box_count(&vol) == 0) {
        if (!some)
            in = (struct vn_box) { { INT64_MAX, INT64_MAX, INT64_MAX }, { INT64_MIN, INT64_MIN, INT64_MIN } };
        zero_around(dst, &in);
        if (!some)
            return 0;
        view = vn_buf_view(dst, &in);
        return vn_cache_read(s, level, &view, job, err);
    }
    struct vn_box need = pad_needs(pad, &dst->box, &vol);
    if (!some || !vn_box_contains(&in, &need))
        return pad_from_planes(s, level, pad, dst, &vol, &need, job, err);
    view = vn_buf_view(dst, &in);
    rc = vn_cache_read(s, level, &view, job, err);
    return rc ? rc : pad_inside(dst, &in, pad, &vol, job, err);
}
