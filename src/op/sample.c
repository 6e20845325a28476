/* sample.c - which voxels stand for a volume. */
#include "sample.h"
#include <string.h>
#include "mem.h"

enum { SAMPLED = 1 << 23, BLOCK = 64 };         /* voxels at most; edge of a block */

int64_t vn_sample_place(struct vn_sample *q, const struct vn_box *box, int64_t most)
{
    const bool whole = vn_box_count(box) <= (uint64_t)most;
    int64_t total = 1;

    *q = (struct vn_sample) { .box = *box, .n_block = 1, .n = { 1, 1, 1 } };
    for (int k = 0; k < 3; k++) {
        q->size[k] = whole ? vn_box_dim(box, k) : vn_min64(vn_box_dim(box, k), BLOCK);
        total *= q->size[k];
    }
    for (bool more = !whole; more;) {                      /* one more along the axis where they lie farthest apart */
        int at = -1;
        for (int k = 0; k < 3; k++)
            if (vn_box_dim(box, k) > q->n[k] * BLOCK && (at < 0 || vn_box_dim(box, k) * q->n[at] > vn_box_dim(box, at) * q->n[k]))
                at = k;
        more = at >= 0 && total / q->n[at] * (q->n[at] + 1) <= most;
        if (more) {
            total = total / q->n[at] * (q->n[at] + 1);
            q->n[at]++;
        }
    }
    for (int k = 0; k < 3; k++)
        q->n_block *= (int)q->n[k];
    return total;
}

int vn_sample_init(struct vn_sample *q, const struct vn_box *box, struct vn_err *err)
{
    const int64_t total = vn_sample_place(q, box, SAMPLED);

    q->skip = (total + VN_SAMPLE_MAX - 1) / VN_SAMPLE_MAX;
    q->v = vn_alloc((uint64_t)VN_SAMPLE_MAX * sizeof *q->v, err);
    return q->v ? 0 : VN_E_MEMORY;
}

void vn_sample_free(struct vn_sample *q)
{
    vn_free(q->v);
    q->v = NULL;
}

void vn_sample_clear(struct vn_sample *q) { q->n_v = q->seen = 0; }

struct vn_box vn_sample_block(const struct vn_sample *q, int i)
{
    struct vn_box b;
    for (int k = 0; k < 3; k++) {
        const int64_t c = i % q->n[k], room = vn_box_dim(&q->box, k) - q->size[k];
        i /= (int)q->n[k];
        b.lo[k] = q->box.lo[k] + (q->n[k] > 1 ? room * c / (q->n[k] - 1) : room / 2);
        b.hi[k] = b.lo[k] + q->size[k];
    }
    return b;
}

void vn_sample_add(struct vn_sample *q, const struct vn_buf *b, const struct vn_box *box, float sign)
{
    for (int64_t z = box->lo[2]; z < box->hi[2]; z++)
        for (int64_t y = box->lo[1]; y < box->hi[1]; y++) {
            const float *v = (const float *)b->data + vn_buf_at(b, box->lo[0], y, z);
            const int64_t n = vn_box_dim(box, 0), over = q->seen % q->skip;
            for (int64_t x = over ? q->skip - over : 0; x < n; x += q->skip)
                if (v[x] - v[x] == 0.0f)
                    q->v[q->n_v++] = sign * v[x];
            q->seen += n;
        }
}

int vn_sample_read(struct vn_sample *q, struct vn_vol *v, float sign, struct vn_job *job, struct vn_err *err)
{
    int rc = 0;

    vn_sample_clear(q);
    for (int i = 0; rc == 0 && i < q->n_block; i++) {
        const struct vn_box box = vn_sample_block(q, i);
        struct vn_buf in = { 0 };
        if (!(rc = vn_vol_map(v, VN_F32, &box, VN_PAD_MIRROR, &in, job, err)))
            vn_sample_add(q, &in, &box, sign);
        vn_buf_free(&in);
    }
    return rc;
}

float vn_sample_quartile(const struct vn_sample *q)
{
    uint32_t lo = 1, hi = 0x7F800000u, bits;
    int64_t n = 0;
    float r;

    for (int64_t i = 0; i < q->n_v; i++)
        n += q->v[i] > 0.0f;
    if (n == 0 || 4 * n < q->n_v)
        return 0;
    while (lo < hi) {                                          /* halving: the bits of positive floats are ordered as they are */
        const uint32_t mid = lo + (hi - lo) / 2;
        int64_t below = 0;
        for (int64_t i = 0; i < q->n_v; i++) {
            memcpy(&bits, &q->v[i], sizeof bits);
            below += q->v[i] > 0.0f && bits <= mid;
        }
        if (4 * below >= n)
            hi = mid;
        else
            lo = mid + 1;
    }
    memcpy(&r, &lo, sizeof r);
    return r;
}
