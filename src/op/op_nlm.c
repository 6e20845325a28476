/* op_nlm.c - non-local means: every voxel becomes a mean of the voxels around whose surroundings look like its own.
 *
 *   d2(x, o) = mean over the patch k of (v(x + k) - v(x + o + k))^2
 *   w(x, o)  = exp(-d2 / (2 strength noise^2)),  o != 0 in the search box;  w(x, 0) = the largest of them
 *   out(x)   = sum of w(x, o) v(x + o) / sum of w(x, o)
 *
 * Buades, Coll, Morel 2005, voxel by voxel, with the width of Coupe et al. 2008 (IEEE TMI 27:425, their beta is `strength`).
 * Patch sums run along x, y, z in a fixed order, never as running sums, so that threads and blocks do not matter.
 * noise is resolved by `prepare` from a sample and recorded, by pseudo-residuals e = sqrt(n / (n + 1)) (v - mean of the n
 * neighbours at a distance along the axes) (Gasser et al. 1986; Coupe): the lower quartile of |e| where it is not 0 (constant
 * areas hold no noise, structures count little) over that of a normal deviate.  At a distance of one voxel it misses what
 * neighbours share: the distance grows while the result grows by more than 15 %, to six voxels.
 * A voxel that is not finite takes no part, nor does a patch with one: where no patch is left the voxel stays. */
#include <math.h>
#include <string.h>
#include "filter.h"
#include "mem.h"
#include "op.h"
#include "sample.h"
#include "vox.h"

static const struct vn_param params[] = {
    { "search", VN_P_LENGTH, VN_REQ, 0, 1e9, .help = "half of the search box" },
    { "patch", VN_P_LENGTH, VN_REQ, 0, 1e9, .help = "half of a patch" },
    { "strength", VN_P_REAL, VN_REQ, 0.01, 100, .help = "width of the weights" },
    { "noise", VN_P_REAL, 0, 0, 1e38, .help = "standard deviation of the noise" },
    { "stats", VN_P_CHOICE, 0, .def = "whole", .choices = "whole|region", .help = "where automatic values are taken from" },
    { 0 },
};

enum { MAX_SEARCH = 8, MAX_PATCH = 3, NX = 64, NY = 8, NZ = 8, N_SQUARE = NX + 16, SIDE_Y = NY + 2 * MAX_PATCH, SIDE_Z = NZ + 2 * MAX_PATCH };

/* One tile: the voxels it reads, packed, and sums for each of its own. */
struct tile {
    int64_t stride[2];
    float *v;                                                    /* its first voxel's patch and search reach back from here */
    float along_x[SIDE_Y][NX], along_y[SIDE_Z][NY][NX];      /* of squared differences */
    float sum[NZ][NY][NX], weight[NZ][NY][NX], most[NZ][NY][NX];
};

struct nlm { const struct vn_buf *in, *out; int64_t search[3], patch[3], n[3]; float scale; };

/* to[i] = q[i] + q[i + step] + ... + q[i + 2 p step] */
static inline void box_row(const float *q, int64_t step, int64_t p, float *restrict to)
{
    const float *q1 = q + step, *q2 = q1 + step, *q3 = q2 + step, *q4 = q3 + step, *q5 = q4 + step, *q6 = q5 + step;

    if (p == 1)
        for (int i = 0; i < NX; i++)
            to[i] = q[i] + q1[i] + q2[i];
    else if (p == 2)
        for (int i = 0; i < NX; i++)
            to[i] = q[i] + q1[i] + q2[i] + q3[i] + q4[i];
    else if (p == 3)
        for (int i = 0; i < NX; i++)
            to[i] = q[i] + q1[i] + q2[i] + q3[i] + q4[i] + q5[i] + q6[i];
    else
        memcpy(to, q, NX * sizeof *to);
}

/* Adds what the voxels at offset o contribute. */
static VN_HOT void add_offset(struct tile *t, const int64_t patch[3], int64_t ny, int64_t nz, int64_t offset, float scale)
{
    const int64_t px = patch[0], py = patch[1], pz = patch[2];

    for (int64_t z = 0; z < nz + 2 * pz; z++) {
        for (int64_t y = 0; y < ny + 2 * py; y++) {
            const float *a = t->v + (z - pz) * t->stride[1] + (y - py) * t->stride[0] - px, *b = a + offset;
            float square[N_SQUARE];
            for (int i = 0; i < N_SQUARE; i++) {
                const float d = a[i] - b[i];
                square[i] = d * d;
            }
            box_row(square, 1, px, t->along_x[y]);
        }
        for (int64_t y = 0; y < ny; y++)
            box_row(t->along_x[y], NX, py, t->along_y[z][y]);
    }
    for (int64_t z = 0; z < nz; z++)
        for (int64_t y = 0; y < ny; y++) {
            const float *b = t->v + z * t->stride[1] + y * t->stride[0] + offset;
            float *restrict sum = t->sum[z][y], *restrict weight = t->weight[z][y], *restrict most = t->most[z][y], d[NX];
            box_row(t->along_y[z][y], NY * NX, pz, d);
            for (int i = 0; i < NX; i++) {
                const float w = vn_exp_neg(d[i] * scale);
                sum[i] += vn_keep(w * b[i], w > 0.0f);
                weight[i] += w;
                most[i] = w > most[i] ? w : most[i];
            }
        }
}

static VN_HOT void result_row(const float *v, const float *sum, const float *weight, const float *most, float *out, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const float mean = (sum[i] + most[i] * v[i]) / (weight[i] + most[i]);
        out[i] = vn_one_nan(weight[i] > 0.0f ? mean : v[i]);
    }
}

static int one_tile(void *ctx, int64_t i, struct vn_err *err)
{
    const struct nlm *m = ctx;
    const struct vn_box *b = &m->out->box;
    const int64_t lo[3] = { b->lo[0] + i % m->n[0] * NX, b->lo[1] + i / m->n[0] % m->n[1] * NY, b->lo[2] + i / m->n[0] / m->n[1] * NZ };
    const int64_t nx = vn_min64(NX, b->hi[0] - lo[0]), ny = vn_min64(NY, b->hi[1] - lo[1]), nz = vn_min64(NZ, b->hi[2] - lo[2]);
    const int64_t *s = m->search, *p = m->patch, side[3] = { NX + 2 * (s[0] + p[0]), ny + 2 * (s[1] + p[1]), nz + 2 * (s[2] + p[2]) };
    const int64_t n = side[0] * side[1] * side[2] + N_SQUARE;
    struct tile *t = vn_calloc(1, sizeof *t, err);
    float *v = t ? vn_calloc((uint64_t)n, sizeof *v, err) : NULL;

    if (!v) {
        vn_free(t);
        return VN_E_MEMORY;
    }
    t->stride[0] = side[0];
    t->stride[1] = side[0] * side[1];
    t->v = v + (s[2] + p[2]) * t->stride[1] + (s[1] + p[1]) * t->stride[0] + s[0] + p[0];
    for (int64_t z = 0; z < side[2]; z++)
        for (int64_t y = 0; y < side[1]; y++)
            memcpy(v + z * t->stride[1] + y * t->stride[0],
                   (const float *)m->in->data + vn_buf_at(m->in, lo[0] - s[0] - p[0], lo[1] - s[1] - p[1] + y, lo[2] - s[2] - p[2] + z),
                   (size_t)(nx + 2 * (s[0] + p[0])) * sizeof *v);
    for (int64_t oz = -s[2]; oz <= s[2]; oz++)
        for (int64_t oy = -s[1]; oy <= s[1]; oy++)
            for (int64_t ox = -s[0]; ox <= s[0]; ox++)
                if (ox || oy || oz)
                    add_offset(t, p, ny, nz, oz * t->stride[1] + oy * t->stride[0] + ox, m->scale);
    for (int64_t z = 0; z < nz; z++)
        for (int64_t y = 0; y < ny; y++)
            result_row(t->v + z * t->stride[1] + y * t->stride[0], t->sum[z][y], t->weight[z][y], t->most[z][y],
                       (float *)m->out->data + vn_buf_at(m->out, lo[0], lo[1] + y, lo[2] + z), nx);
    vn_free(t);
    vn_free(v);
    return 0;
}

/* ---- the operation ---- */

static int radii(const struct vn_args *a, const double um[3], int64_t search[3], int64_t patch[3], struct vn_err *err)
{
    int rc = vn_radius(a, "search", um, MAX_SEARCH, search, err);
    return rc ? rc : vn_radius(a, "patch", um, MAX_PATCH, patch, err);
}

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *p, struct vn_err *err)
{
    int64_t search[3], patch[3];
    int rc = radii(a, in[0]->grid.um, search, patch, err);
    (void)region;

    *p = (struct vn_plan) { .pad = VN_PAD_MIRROR, .in_type = { VN_F32 }, .out_type = VN_F32, .mem_host = 8,
                            .out_kind = in[0]->kind == VN_PROB ? VN_PROB : VN_IMAGE };
    for (int k = 0; k < 3; k++) {
        p->um[k] = in[0]->grid.um[k];
        p->halo[k] = rc ? 0 : search[k] + patch[k];
    }
    return rc;
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job,
               struct vn_err *err)
{
    static const int64_t size[3] = { NX, NY, NZ };
    const double noise = vn_args_real(a, "noise"), width = 2 * vn_args_real(a, "strength") * noise * noise;
    struct nlm m = { .in = in, .out = out };
    double n_patch = 1;
    int rc = radii(a, p->um, m.search, m.patch, err);

    for (int k = 0; k < 3; k++) {
        m.n[k] = (vn_box_dim(&out->box, k) + size[k] - 1) / size[k];
        n_patch *= (double)(2 * m.patch[k] + 1);
    }
    m.scale = (float)(-1 / (width * n_patch));               /* no noise: minus infinity, all weights 0, voxels stay */
    return rc ? rc : vn_job_for(job, m.n[0] * m.n[1] * m.n[2], one_tile, &m, err);
}

/* ---- automatic noise ---- */

/* Magnitudes of the pseudo-residuals over r->box, neighbours `far` voxels away; in holds so many more on each side.  An axis
 * of one voxel has no neighbours. */
static void residuals(const struct vn_buf *in, const int64_t dim[3], int64_t far, const struct vn_buf *r)
{
    const int64_t step[3] = { far, far * in->stride[0], far * in->stride[1] };
    int n = 0;

    for (int k = 0; k < 3; k++)
        n += dim[k] > 1 ? 2 : 0;
    const float share = n ? 1.0f / (float)n : 0.0f, scale = sqrtf((float)n / (float)(n + 1));
    for (int64_t z = r->box.lo[2]; z < r->box.hi[2]; z++)
        for (int64_t y = r->box.lo[1]; y < r->box.hi[1]; y++) {
            const float *v = (const float *)in->data + vn_buf_at(in, r->box.lo[0], y, z);
            float *to = (float *)r->data + vn_buf_at(r, r->box.lo[0], y, z);
            for (int64_t x = 0; x < vn_box_dim(&r->box, 0); x++) {
                float around = 0;
                for (int k = 0; k < 3; k++)
                    around += dim[k] > 1 ? v[x - step[k]] + v[x + step[k]] : 0.0f;
                to[x] = scale * fabsf(v[x] - around * share);
            }
        }
}

static const double QUARTILE = 0.3186393639643752, GROWTH = 1.15;       /* of |a normal deviate| */
enum { FAREST = 6 };

static int noise_at(struct vn_sample *q, struct vn_vol *v, int64_t far, double *noise, struct vn_job *job, struct vn_err *err)
{
    const int64_t grow[3] = { far, far, far };
    int64_t dim[3];
    int rc = 0;

    for (int k = 0; k < 3; k++)
        dim[k] = vn_box_dim(&v->box, k);
    vn_sample_clear(q);
    for (int i = 0; rc == 0 && i < q->n_block; i++) {
        const struct vn_box box = vn_sample_block(q, i), grown = vn_box_grow(&box, grow);
        struct vn_buf in = { 0 }, r = { 0 };
        if (!(rc = vn_vol_map(v, VN_F32, &grown, VN_PAD_MIRROR, &in, job, err)) && !(rc = vn_buf_new(&r, VN_F32, &box, err))) {
            residuals(&in, dim, far, &r);
            vn_sample_add(q, &r, &box, 1.0f);
        }
        vn_buf_free(&in);
        vn_buf_free(&r);
    }
    *noise = rc ? 0 : (double)vn_sample_quartile(q) / QUARTILE;
    return rc;
}

static int prepare(struct vn_args *a, struct vn_vol *const *in, const struct vn_box *stat_box, struct vn_job *job, struct vn_err *err)
{
    struct vn_sample q;
    double noise, next;
    int rc;

    if (vn_args_has(a, "noise"))
        return 0;
    if ((rc = vn_sample_init(&q, stat_box, err)))
        return rc;
    vn_job_stage(job, "statistics");
    rc = noise_at(&q, in[0], 1, &noise, job, err);
    for (int64_t far = 2; rc == 0 && far <= FAREST; far++) {
        if ((rc = noise_at(&q, in[0], far, &next, job, err)) || next <= GROWTH * noise)
            break;
        noise = next;
    }
    vn_sample_free(&q);
    return rc ? rc : vn_args_settle(a, "noise", noise, err);
}

/* Tiles are as long as NX, also at the end of a row. */
static void cost(const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in, const struct vn_box *out, const struct vn_share *share,
                 struct vn_cost *c)
{
    (void)a;
    (void)p;
    (void)in;
    (void)share;
    c->work = (double)((vn_box_dim(out, 0) + NX - 1) / NX * NX) * (double)vn_box_dim(out, 1) * (double)vn_box_dim(out, 2);
}

static void prepare_cost(const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in, const struct vn_box *stat_box, struct vn_cost *c)
{
    static const int64_t two[3] = { 2, 2, 2 };             /* as far as it mostly goes */
    struct vn_sample q;
    (void)a;
    (void)p;
    (void)in;

    if (vn_sample_init(&q, stat_box, NULL))
        return;
    const struct vn_box box = vn_sample_block(&q, 0), grown = vn_box_grow(&box, two);
    c->bytes = 4.0 * VN_SAMPLE_MAX + vn_mem_counted(4.0 * (double)vn_box_count(&grown)) + vn_mem_counted(4.0 * (double)vn_box_count(&box));
    c->work = q.n_block * (double)vn_box_count(&box);
    vn_sample_free(&q);
}

const struct vn_op vn_op_nlm = { .name = "nlm", .version = 2, .shape = VN_STENCIL, .n_in = 1, .params = params, .plan = plan, .prepare = prepare,
                                 .cpu = cpu, .cost = cost, .prepare_cost = prepare_cost };
