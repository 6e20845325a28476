/* bits.c - masks at one bit a voxel. */
#include "bits.h"

#include <string.h>

#include "mem.h"

int vn_bits_new(struct vn_bits *b, const struct vn_box *box, struct vn_err *err)
{
    struct vn_bits n = { .box = *box };

    for (int a = 0; a < 3; a++)
        n.dim[a] = vn_max64(vn_box_dim(box, a), 0);
    n.words = (n.dim[0] + 63) / 64;
    uint64_t rows, total;
    if (!vn_mul((uint64_t)n.dim[1], (uint64_t)n.dim[2], &rows) || !vn_mul(rows, (uint64_t)n.words, &total))
        return vn_fail(err, VN_E_MEMORY, "a mask of %lld x %lld x %lld voxels is too large", (long long)n.dim[0],
                       (long long)n.dim[1], (long long)n.dim[2]);
    n.w = vn_calloc(total, sizeof *n.w, err);
    if (!n.w)
        return VN_E_MEMORY;
    *b = n;
    return 0;
}

void vn_bits_free(struct vn_bits *b)
{
    vn_free(b->w);
    memset(b, 0, sizeof *b);
}

/* A bit is set where the value is not zero; (v == v) leaves NaN out. */
#define PACK(T)                                                             \
    for (int64_t k = 0; k < n_word; k++) {                                  \
        const T *p = (const T *)src + k * 64;                               \
        const int64_t m = vn_min64(64, n - k * 64);                         \
        uint64_t bits = 0;                                                  \
        for (int64_t i = 0; i < m; i++)                                     \
            bits |= (uint64_t)((p[i] != 0) & (p[i] == p[i])) << i;          \
        dst[k] = bits;                                                      \
    }                                                                       \
    break

/* Sixty-four bytes to a word: eight bytes at a time, each nonzero byte brought to 1 and gathered by one multiplication. */
static uint64_t pack8(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    v |= v >> 4;
    v |= v >> 2;
    v |= v >> 1;
    v &= 0x0101010101010101u;
    return v * 0x0102040810204080u >> 56;
}

static void pack_u8(const uint8_t *src, int64_t n, uint64_t *dst)
{
    int64_t i = 0;
    for (; i + 64 <= n; i += 64) {
        uint64_t bits = 0;
        for (int k = 0; k < 8; k++)
            bits |= pack8(src + i + 8 * k) << 8 * k;
        dst[i / 64] = bits;
    }
    if (i < n) {
        uint64_t bits = 0;
        for (int64_t k = i; k < n; k++)
            bits |= (uint64_t)(src[k] != 0) << (k - i);
        dst[i / 64] = bits;
    }
}

static void pack_row(enum vn_type t, const void *src, int64_t n, uint64_t *dst)
{
    const int64_t n_word = (n + 63) / 64;

    switch (t) {
    case VN_U8:
    case VN_I8: pack_u8(src, n, dst); break;
    case VN_U16:
    case VN_I16: PACK(uint16_t);
    case VN_U32:
    case VN_I32: PACK(uint32_t);
    case VN_F32: PACK(float);
    default: PACK(double);
    }
}

struct pack { const struct vn_buf *src; struct vn_bits *out; int64_t z0; };

static int pack_plane(void *ctx, int64_t i, struct vn_err *err)
{
    struct pack *p = ctx;
    const struct vn_buf *b = p->src;
    (void)err;
    const size_t size = vn_type_size(b->type);
    for (int64_t y = 0; y < p->out->dim[1]; y++) {
        const char *row = (const char *)b->data + (uint64_t)(i * b->stride[1] + y * b->stride[0]) * size;
        pack_row(b->type, row, p->out->dim[0], vn_bits_row(p->out, y, p->z0 + i));
    }
    return 0;
}

int vn_bits_from_buf(const struct vn_buf *src, struct vn_bits *out, struct vn_job *job, struct vn_err *err)
{
    struct vn_bits b;
    int rc = vn_bits_new(&b, &src->box, err);
    if (rc)
        return rc;
    struct pack p = { src, &b, 0 };
    rc = vn_job_for_quiet(job, b.dim[2], pack_plane, &p, err);
    if (rc)
        vn_bits_free(&b);
    else
        *out = b;
    return rc;
}

int vn_bits_read(struct vn_vol *v, const struct vn_box *box, struct vn_bits *out, struct vn_job *job, struct vn_err *err)
{
    struct vn_bits b;
    int rc = vn_bits_new(&b, box, err);
    if (rc)
        return rc;
    /* Slabs of about 64 MB, whole chunks of the source where it has any. */
    const uint64_t plane = (uint64_t)b.dim[0] * (uint64_t)b.dim[1] * vn_type_size(v->src->type);
    int64_t step = vn_max64(1, (int64_t)((64u << 20) / (plane ? plane : 1)));
    const int64_t chunk = v->src->chunk[2];
    if (chunk > 0)
        step = vn_max64(chunk, step / chunk * chunk);

    for (int64_t z = 0; z < b.dim[2] && !rc; z += step) {
        struct vn_box part = *box;
        part.lo[2] = box->lo[2] + z;
        part.hi[2] = vn_min64(part.lo[2] + step, box->hi[2]);
        struct vn_buf buf = { 0 };
        rc = vn_vol_map(v, v->src->type, &part, VN_PAD_ZERO, &buf, job, err);
        struct pack p = { &buf, &b, z };
        if (!rc)
            rc = vn_job_for_quiet(job, vn_box_dim(&part, 2), pack_plane, &p, err);
        vn_buf_free(&buf);
    }
    if (rc)
        vn_bits_free(&b);
    else
        *out = b;
    return rc;
}

struct unpack { const struct vn_bits *b; struct vn_buf *dst; };

static int unpack_plane(void *ctx, int64_t i, struct vn_err *err)
{
    struct unpack *u = ctx;
    const struct vn_box *box = &u->dst->box;
    (void)err;
    for (int64_t y = box->lo[1]; y < box->hi[1]; y++) {
        const uint64_t *row = vn_bits_row(u->b, y - u->b->box.lo[1], box->lo[2] + i - u->b->box.lo[2]);
        uint8_t *d = (uint8_t *)u->dst->data + i * u->dst->stride[1] + (y - box->lo[1]) * u->dst->stride[0];
        const int64_t x0 = box->lo[0] - u->b->box.lo[0], n = vn_box_dim(box, 0);
        for (int64_t x = 0; x < n; x++)
            d[x] = row[(x0 + x) >> 6] >> ((x0 + x) & 63) & 1;
    }
    return 0;
}

int vn_bits_to_buf(const struct vn_bits *b, struct vn_buf *dst, struct vn_job *job, struct vn_err *err)
{
    struct unpack u = { b, dst };
    return vn_job_for_quiet(job, vn_box_dim(&dst->box, 2), unpack_plane, &u, err);
}

static int64_t n_words(const struct vn_bits *b) { return b->words * b->dim[1] * b->dim[2]; }

void vn_bits_clear(struct vn_bits *b, const struct vn_bits *drop)
{
    for (int64_t i = 0; i < n_words(b); i++)
        b->w[i] &= ~drop->w[i];
}

VN_HOT static uint64_t count(const uint64_t *a, int64_t n)
{
    uint64_t c = 0;
    for (int64_t i = 0; i < n; i++)
        c += (uint64_t)__builtin_popcountll(a[i]);
    return c;
}

VN_HOT static uint64_t count_both(const uint64_t *a, const uint64_t *b, int64_t n)
{
    uint64_t c = 0;
    for (int64_t i = 0; i < n; i++)
        c += (uint64_t)__builtin_popcountll(a[i] & b[i]);
    return c;
}

uint64_t vn_bits_count(const struct vn_bits *b) { return count(b->w, n_words(b)); }

uint64_t vn_bits_count_both(const struct vn_bits *a, const struct vn_bits *b) { return count_both(a->w, b->w, n_words(a)); }

bool vn_bits_bounds(const struct vn_bits *b, struct vn_box *out)
{
    int64_t lo[3] = { INT64_MAX, INT64_MAX, INT64_MAX }, hi[3] = { -1, -1, -1 };

    for (int64_t z = 0; z < b->dim[2]; z++)
        for (int64_t y = 0; y < b->dim[1]; y++) {
            const uint64_t *row = vn_bits_row(b, y, z);
            int64_t first = 0, last = b->words - 1;
            while (first < b->words && !row[first])
                first++;
            if (first == b->words)
                continue;
            while (!row[last])
                last--;
            lo[0] = vn_min64(lo[0], first * 64 + __builtin_ctzll(row[first]));
            hi[0] = vn_max64(hi[0], last * 64 + 63 - __builtin_clzll(row[last]));
            lo[1] = vn_min64(lo[1], y);
            hi[1] = vn_max64(hi[1], y);
            lo[2] = vn_min64(lo[2], z);
            hi[2] = z;
        }
    if (hi[0] < 0)
        return false;
    for (int a = 0; a < 3; a++) {
        out->lo[a] = b->box.lo[a] + lo[a];
        out->hi[a] = b->box.lo[a] + hi[a] + 1;
    }
    return true;
}

/* 64 bits of a row from bit x on; zero outside the row. */
static uint64_t word_at(const uint64_t *row, int64_t words, int64_t x)
{
    const int64_t k = x >> 6;
    const int s = (int)(x & 63);
    const uint64_t a = k >= 0 && k < words ? row[k] : 0, b = k + 1 >= 0 && k + 1 < words ? row[k + 1] : 0;
    return s ? a >> s | b << (64 - s) : a;
}

int vn_bits_crop(const struct vn_bits *b, const struct vn_box *box, bool invert, struct vn_bits *out, struct vn_err *err)
{
    struct vn_bits n;
    int rc = vn_bits_new(&n, box, err);
    if (rc)
        return rc;
    const int64_t dx = box->lo[0] - b->box.lo[0];
    const uint64_t flip = invert ? ~UINT64_C(0) : 0;
    const uint64_t tail = n.dim[0] % 64 ? (UINT64_C(1) << n.dim[0] % 64) - 1 : ~UINT64_C(0);
    for (int64_t z = 0; z < n.dim[2]; z++)
        for (int64_t y = 0; y < n.dim[1]; y++) {
            const int64_t sy = box->lo[1] + y - b->box.lo[1], sz = box->lo[2] + z - b->box.lo[2];
            const bool in = sy >= 0 && sy < b->dim[1] && sz >= 0 && sz < b->dim[2];
            const uint64_t *row = in ? vn_bits_row(b, sy, sz) : NULL;
            uint64_t *d = vn_bits_row(&n, y, z);
            for (int64_t k = 0; k < n.words; k++)
                d[k] = (in ? word_at(row, b->words, dx + 64 * k) : 0) ^ flip;
            if (n.words)
                d[n.words - 1] &= tail;
        }
    *out = n;
    return 0;
}
