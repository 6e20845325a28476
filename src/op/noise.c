/* noise.c - the noise of a volume, by pseudo-residuals e = sqrt(n / (n + 1)) (v - mean of the n neighbours at a distance along
 * the axes) (Gasser et al. 1986; Coupe et al. 2008, IEEE TMI 27:425): the lower quartile of |e| where it is not 0 (constant areas
 * hold no noise, structures count little) over that of a normal deviate.  At a distance of one voxel it misses what neighbours
 * share: the distance grows while the result grows by more than 15 %, to six voxels. */
#include <math.h>
#include "mem.h"
#include "op.h"
#include "sample.h"

/* Magnitudes of the pseudo-residuals over r->box, neighbours `far` voxels away; in holds so many more on each side.  An axis
 * of one voxel has no neighbours. */
struct residuals { const struct vn_buf *in, *r; int64_t dim[3], far; };

static int residual_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct residuals *q = ctx;
    const struct vn_buf *in = q->in, *r = q->r;
    const int64_t step[3] = { q->far, q->far * in->stride[0], q->far * in->stride[1] }, z = r->box.lo[2] + i;
    int n = 0;
    (void)err;

    for (int k = 0; k < 3; k++)
        n += q->dim[k] > 1 ? 2 : 0;
    const float share = n ? 1.0f / (float)n : 0.0f, scale = sqrtf((float)n / (float)(n + 1));
    for (int64_t y = r->box.lo[1]; y < r->box.hi[1]; y++) {
        const float *v = (const float *)in->data + vn_buf_at(in, r->box.lo[0], y, z);
        float *to = (float *)r->data + vn_buf_at(r, r->box.lo[0], y, z);
        for (int64_t x = 0; x < vn_box_dim(&r->box, 0); x++) {
            float around = 0;
            for (int k = 0; k < 3; k++)
                around += q->dim[k] > 1 ? v[x - step[k]] + v[x + step[k]] : 0.0f;
            to[x] = scale * fabsf(v[x] - around * share);
        }
    }
    return 0;
}

static const double QUARTILE = 0.3186393639643752, GROWTH = 1.15;       /* of |a normal deviate| */
enum { FAREST = 6 };

static int noise_at(struct vn_sample *q, struct vn_vol *v, int64_t far, double *noise, struct vn_job *job, struct vn_err *err)
{
    struct residuals s = { .far = far };
    int64_t grow[3];
    int rc = 0;

    for (int k = 0; k < 3; k++) {
        s.dim[k] = vn_box_dim(&v->box, k);
        grow[k] = s.dim[k] > 1 ? far : 0;
    }
    vn_sample_clear(q);
    for (int i = 0; rc == 0 && i < q->n_block; i++) {
        const struct vn_box box = vn_sample_block(q, i), grown = vn_box_grow(&box, grow);
        struct vn_buf in = { 0 }, r = { 0 };
        s.in = &in;
        s.r = &r;
        if (!(rc = vn_vol_map(v, VN_F32, &grown, VN_PAD_MIRROR, &in, job, err)) && !(rc = vn_buf_new(&r, VN_F32, &box, err)) &&
            !(rc = vn_job_for_quiet(job, vn_box_dim(&box, 2), residual_plane, &s, err)))
            vn_sample_add(q, &r, &box, 1.0f);
        vn_buf_free(&in);
        vn_buf_free(&r);
    }
    *noise = rc ? 0 : (double)vn_sample_quartile(q) / QUARTILE;
    return rc;
}

int vn_sample_noise_near(struct vn_sample *q, struct vn_vol *v, double *noise, struct vn_job *job, struct vn_err *err)
{
    return noise_at(q, v, 1, noise, job, err);
}

int vn_sample_noise(struct vn_sample *q, struct vn_vol *v, double *noise, struct vn_job *job, struct vn_err *err)
{
    double next;
    int rc = noise_at(q, v, 1, noise, job, err);

    for (int64_t far = 2; rc == 0 && far <= FAREST; far++) {
        if ((rc = noise_at(q, v, far, &next, job, err)) || next <= GROWTH * *noise)
            break;
        *noise = next;
    }
    return rc;
}

struct vn_cost vn_sample_noise_cost(const struct vn_sample *q)
{
    const struct vn_box box = vn_sample_block(q, 0);
    int64_t grow[3];
    for (int k = 0; k < 3; k++)
        grow[k] = q->size[k] > 1 ? 2 : 0;                      /* as far as it mostly goes */
    const struct vn_box grown = vn_box_grow(&box, grow);
    return (struct vn_cost) { 4.0 * VN_SAMPLE_MAX + vn_mem_counted(4.0 * (double)vn_box_count(&grown)) + vn_mem_counted(4.0 * (double)vn_box_count(&box)),
                              20.0 * q->n_block * (double)vn_box_count(&box) };
}
