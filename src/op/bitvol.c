/* bitvol.c - masks at one bit per voxel: packing and unpacking. */
#include "bitvol.h"
#include "mem.h"

int vn_bitvol_new(struct vn_bitvol *b, const struct vn_box *box, struct vn_err *err)
{
    struct vn_bitvol v = { 0 };
    for (int i = 0; i < 3; i++)
        v.n[i] = vn_box_dim(box, i);
    v.row_words = v.row = (v.n[0] + 2 + 63) / 64;
    v.plane = v.row * (v.n[1] + 2);
    /* One word more: vn_bit3 reads up to three bytes past the last row. */
    v.base = vn_calloc((uint64_t)v.plane * (uint64_t)(v.n[2] + 2) + 1, sizeof(*v.base), err);
    if (!v.base)
        return err->code;
    v.w = v.base + v.plane + v.row;
    *b = v;
    return 0;
}

void vn_bitvol_free(struct vn_bitvol *b)
{
    vn_free(b->base);
    *b = (struct vn_bitvol){ 0 };
}

uint64_t vn_bitvol_count(const struct vn_bitvol *b)
{
    uint64_t n = 0;
    for (int64_t i = 0; i < b->plane * (b->n[2] + 2); i++)
        n += (uint64_t)__builtin_popcountll(b->base[i]);
    return n;
}

struct pack_ctx {
    const struct vn_bitvol *b;
    const struct vn_buf *mask;
};

static inline uint64_t byte_bits(uint64_t w)
{
    const uint64_t low7 = 0x7f7f7f7f7f7f7f7fULL;
    return (((((w & low7) + low7) | w) >> 7 & 0x0101010101010101ULL) * 0x0102040810204080ULL) >> 56;
}

static void pack_row(uint64_t *to, const uint8_t *from, int64_t n)
{
    for (int64_t x = 0; x < n; x += 8) {
        uint64_t w = 0;
        if (n - x >= 8)
            memcpy(&w, from + x, 8);
        else
            memcpy(&w, from + x, (size_t)(n - x));
        if (!w)
            continue;
        const uint64_t v = byte_bits(w);
        const int64_t at = x + 1;
        to[at >> 6] |= v << (at & 63);
        if ((at & 63) > 56)
            to[(at >> 6) + 1] |= v >> (64 - (at & 63));
    }
}

static int pack_plane(void *ctx, int64_t z, struct vn_err *err)
{
    const struct pack_ctx *c = ctx;
    (void)err;
    for (int64_t y = 0; y < c->b->n[1]; y++)
        pack_row(vn_bit_row(c->b, y, z), (const uint8_t *)c->mask->data + z * c->mask->stride[1] + y * c->mask->stride[0], c->b->n[0]);
    return 0;
}

static int unpack_plane(void *ctx, int64_t z, struct vn_err *err)
{
    const struct pack_ctx *c = ctx;
    (void)err;
    for (int64_t y = 0; y < c->b->n[1]; y++) {
        const uint64_t *row = vn_bit_row(c->b, y, z);
        uint8_t *to = (uint8_t *)c->mask->data + z * c->mask->stride[1] + y * c->mask->stride[0];
        memset(to, 0, (size_t)c->b->n[0]);
        for (int64_t i = 0; i < c->b->row_words; i++)
            for (uint64_t w = row[i]; w; w &= w - 1)
                to[i * 64 + __builtin_ctzll(w) - 1] = 1;
    }
    return 0;
}

int vn_bitvol_from(struct vn_bitvol *b, const struct vn_buf *mask, struct vn_job *job, struct vn_err *err)
{
    struct vn_bitvol v;
    if (mask->type != VN_U8)
        return vn_fail(err, VN_E_INTERNAL, "bits are packed from u8 masks");
    int rc = vn_bitvol_new(&v, &mask->box, err);
    if (rc)
        return rc;
    rc = vn_job_for_quiet(job, v.n[2], pack_plane, &(struct pack_ctx){ &v, mask }, err);
    if (rc)
        vn_bitvol_free(&v);
    else
        *b = v;
    return rc;
}

int vn_bitvol_to(const struct vn_bitvol *b, struct vn_buf *mask, struct vn_job *job, struct vn_err *err)
{
    if (mask->type != VN_U8)
        return vn_fail(err, VN_E_INTERNAL, "bits are unpacked to u8 masks");
    return vn_job_for_quiet(job, b->n[2], unpack_plane, &(struct pack_ctx){ b, mask }, err);
}
