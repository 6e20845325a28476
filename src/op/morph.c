/* morph.c - binary morphology with a ball: distances, then a cut. */
#include "morph.h"
#include <math.h>
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

double vn_morph_held(enum vn_morph m, const struct vn_ball *ball, const struct vn_box *region)
{
    const struct vn_box box = m == VN_CLOSING ? vn_box_grow(region, ball->pad) : *region;
    const double n = (double)vn_box_count(&box);
    return vn_mem_counted(4 * n) + (m == VN_CLOSING ? vn_mem_counted(n) : 0);
}

int vn_morph_buf(struct vn_buf *mask, enum vn_morph m, const struct vn_ball *ball, struct vn_job *job, struct vn_err *err)
{
    const bool closing = m == VN_CLOSING, erode_first = m == VN_ERODE || m == VN_OPENING;
    const struct vn_box box = closing ? vn_box_grow(&mask->box, ball->pad) : mask->box;
    struct vn_buf wide = { 0 }, d2 = { 0 };

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
