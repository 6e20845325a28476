/* morph.c - binary morphology with a ball: distances, then a cut; for small balls bits. */
#include "morph.h"
#include <math.h>
#include "bitvol.h"
#include "edt.h"
#include "mem.h"

int vn_ball_get(const struct vn_args *a, const char *param, const double um[3], const struct vn_box *region, struct vn_ball *out, struct vn_err *err)
{
    const struct vn_length l = vn_arg(a, param)->len[0];
    const bool physical = l.unit != VN_VOX && um[0] > 0 && um[1] > 0 && um[2] > 0;
    struct vn_ball b = { .r = l.v };
    for (int k = 0; k < 3; k++) {
        double vox;
        int rc = vn_args_length_vox(a, param, 0, um, k, &vox, err);
        if (rc)
            return rc;
        if (vox > VN_BALL_MAX)
            return vn_fail(err, VN_E_ARG, "%s=%s is %.0f voxels along %c; a ball may have up to %d", param, vn_arg(a, param)->s, vox,
                           "xyz"[k], VN_BALL_MAX);
        b.um[k] = physical ? um[k] : 0;
        b.pad[k] = vn_box_dim(region, k) > 1 ? (int64_t)ceil(vox) + 1 : 0;       /* flat: in the plane */
    }
    *out = b;
    return 0;
}

double vn_morph_bytes(enum vn_morph m, const struct vn_ball *ball, const struct vn_box *region)
{
    double wide = 1;
    for (int k = 0; k < 3; k++)
        wide *= 1 + 2 * (double)ball->pad[k] / (double)vn_box_dim(region, k);
    return m == VN_CLOSING ? 5 * wide : 4;            /* a padded mask and distances; or distances */
}

struct copy_ctx { const struct vn_buf *in; struct vn_buf *out; };

static int copy_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct copy_ctx *c = ctx;
    const struct vn_box *b = &c->in->box;
    (void)err;
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
        const uint8_t *in = (const uint8_t *)c->in->data + vn_buf_at(c->in, b->lo[0], y, b->lo[2] + i);
        uint8_t *out = (uint8_t *)c->out->data + vn_buf_at(c->out, b->lo[0], y, b->lo[2] + i);
        for (int64_t x = 0; x < b->hi[0] - b->lo[0]; x++)
            out[x] = in[x] != 0;
    }
    return 0;
}

int vn_binary_copy(const struct vn_buf *in, struct vn_buf *out, struct vn_job *job, struct vn_err *err)
{
    return vn_job_for_quiet(job, vn_box_dim(&in->box, 2), copy_plane, &(struct copy_ctx){ in, out }, err);
}

struct cut_ctx { const struct vn_buf *d2; struct vn_buf *mask; float limit; bool far; };

/* mask = d2 > limit (far) or d2 <= limit, over the box of mask. */
static int cut_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct cut_ctx *c = ctx;
    const struct vn_box *b = &c->mask->box;
    (void)err;
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
        const float *d2 = (const float *)c->d2->data + vn_buf_at(c->d2, b->lo[0], y, b->lo[2] + i);
        uint8_t *m = (uint8_t *)c->mask->data + vn_buf_at(c->mask, b->lo[0], y, b->lo[2] + i);
        for (int64_t x = 0; x < b->hi[0] - b->lo[0]; x++)
            m[x] = (d2[x] > c->limit) == c->far;
    }
    return 0;
}

/* One dilation or erosion of `from` into `to`, which it covers; d2 has the box of from. */
static int step(const struct vn_buf *from, bool erode, const struct vn_ball *ball, struct vn_buf *d2, struct vn_buf *to, struct vn_job *job,
                struct vn_err *err)
{
    struct cut_ctx cut = { .d2 = d2, .mask = to, .limit = (float)(ball->r * ball->r * (1 + 1e-6)), .far = erode };
    int rc = vn_edt(from, ball->um, (erode ? VN_EDT_OPEN : VN_EDT_SEEDS) | VN_EDT_SQUARED, d2, job, err);
    return rc ? rc : vn_job_for_quiet(job, vn_box_dim(&to->box, 2), cut_plane, &cut, err);
}

/* ---- small balls: bits in place of distances ----
 *
 * Row (y, z) of the dilation is the OR over the ball's offsets (j, k) of row (y - j, z - k) widened along x by what the ball reaches
 * there.  The ball's voxels are those whose distance, as vn_edt computes it, is within the limit. */

enum { BITS_PAD = 12 };            /* beyond, distances are as quick */

struct spread {
    const struct vn_ball *ball;
    double w[3], scale;            /* squared edges in units of the smallest, and that squared */
    float limit;
    int64_t reach[3];
    struct vn_bitvol *wide;        /* wide[i]: widened by i */
    struct vn_bitvol *out;
};

static bool in_ball(const struct spread *s, int64_t i, int64_t j, int64_t k)
{
    const double d2 = (s->w[0] * (double)(i * i) + s->w[1] * (double)(j * j)) + s->w[2] * (double)(k * k);
    return (float)(d2 * s->scale) <= s->limit;
}

/* Half of the ball's width along x at (j, k); -1: it does not reach there. */
static int64_t half_width(const struct spread *s, int64_t j, int64_t k)
{
    int64_t i = -1;
    while (i < s->reach[0] && in_ball(s, i + 1, j, k))
        i++;
    return i;
}

static int widen_plane(void *ctx, int64_t z, struct vn_err *err)
{
    const struct spread *s = ctx;
    const struct vn_bitvol *b = &s->wide[0];
    const int64_t last = b->n[0] + 1;                          /* the bit after the row's voxels */
    (void)err;
    for (int64_t w = 1; w <= s->reach[0]; w++)
        for (int64_t y = 0; y < b->n[1]; y++) {
            const uint64_t *from = vn_bit_row(&s->wide[w - 1], y, z);
            uint64_t *to = vn_bit_row(&s->wide[w], y, z);
            for (int64_t i = 0; i < b->row_words; i++)
                to[i] = from[i] | from[i] << 1 | from[i] >> 1 | (i > 0 ? from[i - 1] >> 63 : 0) |
                        (i + 1 < b->row_words ? from[i + 1] << 63 : 0);
            to[0] &= ~1ULL;
            to[last >> 6] &= ~(1ULL << (last & 63));
        }
    return 0;
}

static VN_HOT void or_words(uint64_t *restrict to, const uint64_t *restrict from, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        to[i] |= from[i];
}

static int spread_plane(void *ctx, int64_t z, struct vn_err *err)
{
    const struct spread *s = ctx;
    const struct vn_bitvol *b = s->out;
    (void)err;
    for (int64_t k = -s->reach[2]; k <= s->reach[2]; k++)
        for (int64_t j = -s->reach[1]; j <= s->reach[1]; j++) {
            const int64_t w = half_width(s, j, k), y0 = vn_max64(0, j), y1 = vn_min64(b->n[1], b->n[1] + j);
            if (w >= 0 && z - k >= 0 && z - k < b->n[2] && y0 < y1)
                or_words(vn_bit_row(b, y0, z), vn_bit_row(&s->wide[w], y0 - j, z - k), (y1 - y0) * b->row);
        }
    return 0;
}

struct flip { const struct vn_buf *from; struct vn_buf *to; };

static int flip_plane(void *ctx, int64_t z, struct vn_err *err)
{
    const struct flip *f = ctx;
    const struct vn_box *b = &f->to->box;
    (void)err;
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
        const uint8_t *from = (const uint8_t *)f->from->data + vn_buf_at(f->from, b->lo[0], y, b->lo[2] + z);
        uint8_t *to = (uint8_t *)f->to->data + vn_buf_at(f->to, b->lo[0], y, b->lo[2] + z);
        for (int64_t x = 0; x < vn_box_dim(b, 0); x++)
            to[x] = !from[x];
    }
    return 0;
}

static int flip(const struct vn_buf *from, struct vn_buf *to, struct vn_job *job, struct vn_err *err)
{
    return vn_job_for_quiet(job, vn_box_dim(&to->box, 2), flip_plane, &(struct flip){ from, to }, err);
}

/* In place, beyond the box is background. */
static int spread_bits(struct vn_buf *mask, const struct vn_ball *ball, struct vn_job *job, struct vn_err *err)
{
    const double *um = ball->um, least = um[0] > 0 ? fmin(um[0], fmin(um[1], um[2])) : 1;
    struct vn_bitvol wide[BITS_PAD + 1] = { { { 0 } } }, out = { { 0 } };
    struct spread s = { .ball = ball, .scale = least * least, .limit = (float)(ball->r * ball->r * (1 + 1e-6)), .wide = wide, .out = &out };
    int rc = vn_bitvol_from(&wide[0], mask, job, err);

    for (int k = 0; k < 3; k++) {
        s.w[k] = um[0] > 0 ? um[k] / least * (um[k] / least) : 1;
        while (s.reach[k] < ball->pad[k] && in_ball(&s, k == 0 ? s.reach[k] + 1 : 0, k == 1 ? s.reach[k] + 1 : 0, k == 2 ? s.reach[k] + 1 : 0))
            s.reach[k]++;
    }
    for (int64_t w = 1; w <= s.reach[0] && !rc; w++)
        rc = vn_bitvol_new(&wide[w], &mask->box, err);
    if (!rc)
        rc = vn_bitvol_new(&out, &mask->box, err);
    if (!rc)
        rc = vn_job_for_quiet(job, out.n[2], widen_plane, &s, err);
    if (!rc)
        rc = vn_job_for_quiet(job, out.n[2], spread_plane, &s, err);
    if (!rc)
        rc = vn_bitvol_to(&out, mask, job, err);
    for (int w = 0; w <= BITS_PAD; w++)
        vn_bitvol_free(&wide[w]);
    vn_bitvol_free(&out);
    return rc;
}

static bool small(const struct vn_ball *ball)
{
    return ball->pad[0] <= BITS_PAD && ball->pad[1] <= BITS_PAD && ball->pad[2] <= BITS_PAD;
}

double vn_morph_held(enum vn_morph m, const struct vn_ball *ball, const struct vn_box *region)
{
    const struct vn_box box = m == VN_CLOSING ? vn_box_grow(region, ball->pad) : *region;
    const double n = (double)vn_box_count(&box), wide = m == VN_CLOSING ? vn_mem_counted(n) : 0;
    const double bits = 8 * (double)((vn_box_dim(&box, 0) + 2 + 63) / 64 * (vn_box_dim(&box, 1) + 2) * (vn_box_dim(&box, 2) + 2));
    return wide + (small(ball) ? (double)(vn_max64(ball->pad[0] - 1, 0) + 2) * vn_mem_counted(bits) : vn_mem_counted(4 * n));
}

/* Erosion, beyond the box being foreground, is dilation of the background. */
static int small_morph(struct vn_buf *mask, enum vn_morph m, const struct vn_ball *ball, struct vn_job *job, struct vn_err *err)
{
    const struct vn_box box = m == VN_CLOSING ? vn_box_grow(&mask->box, ball->pad) : mask->box;
    struct vn_buf wide = { 0 };
    int rc = 0;

    if (m == VN_DILATE || m == VN_ERODE) {
        if (m == VN_ERODE)
            rc = flip(mask, mask, job, err);
        if (!rc)
            rc = spread_bits(mask, ball, job, err);
        return rc || m == VN_DILATE ? rc : flip(mask, mask, job, err);
    }
    if (m == VN_OPENING) {
        rc = small_morph(mask, VN_ERODE, ball, job, err);
        return rc ? rc : small_morph(mask, VN_DILATE, ball, job, err);
    }
    if ((rc = vn_buf_new_zero(&wide, VN_U8, &box, err)) == 0 && (rc = vn_binary_copy(mask, &wide, job, err)) == 0 &&
        (rc = spread_bits(&wide, ball, job, err)) == 0 && (rc = flip(&wide, &wide, job, err)) == 0 &&
        (rc = spread_bits(&wide, ball, job, err)) == 0)
        rc = flip(&wide, mask, job, err);
    vn_buf_free(&wide);
    return rc;
}

int vn_morph_buf(struct vn_buf *mask, enum vn_morph m, const struct vn_ball *ball, struct vn_job *job, struct vn_err *err)
{
    const bool closing = m == VN_CLOSING, erode_first = m == VN_ERODE || m == VN_OPENING;
    const struct vn_box box = closing ? vn_box_grow(&mask->box, ball->pad) : mask->box;
    struct vn_buf wide = { 0 }, d2 = { 0 };

    if (small(ball))
        return small_morph(mask, m, ball, job, err);
    int rc = vn_buf_new(&d2, VN_F32, &box, err);
    if (!rc && closing && !(rc = vn_buf_new_zero(&wide, VN_U8, &box, err)))
        rc = vn_binary_copy(mask, &wide, job, err);
    struct vn_buf *work = closing ? &wide : mask;
    if (!rc)
        rc = step(work, erode_first, ball, &d2, work, job, err);
    if (!rc && (closing || m == VN_OPENING))
        rc = step(work, closing, ball, &d2, mask, job, err);
    vn_buf_free(&wide);
    vn_buf_free(&d2);
    return rc;
}
