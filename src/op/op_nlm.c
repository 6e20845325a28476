/* op_nlm.c - non-local means: every voxel becomes a mean of the voxels around whose surroundings look like its own.
 *
 *   d2(x, o) = mean over the patch k of (v(x + k) - v(x + o + k))^2
 *   w(x, o)  = exp(-d2 / (2 strength noise^2)),  o != 0 in the search box;  w(x, 0) = the largest of them
 *   out(x)   = sum of w(x, o) v(x + o) / sum of w(x, o)
 *
 * Buades, Coll, Morel 2005, voxel by voxel, with the width of Coupe et al. 2008 (IEEE TMI 27:425, their beta is `strength`).
 * Patch sums run along x, y, z in a fixed order, never as running sums, so that threads and blocks do not matter.
 * noise is resolved by `prepare` from a sample and recorded (noise.c).
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

static int prepare(struct vn_args *a, struct vn_vol *const *in, const struct vn_box *stat_box, struct vn_job *job, struct vn_err *err)
{
    struct vn_sample q;
    double noise;
    int rc;

    if (vn_args_has(a, "noise"))
        return 0;
    if ((rc = vn_sample_init(&q, stat_box, err)))
        return rc;
    vn_job_stage(job, "statistics");
    rc = vn_sample_noise(&q, in[0], &noise, job, err);
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
    struct vn_sample q;
    (void)a;
    (void)p;
    (void)in;

    if (vn_sample_init(&q, stat_box, NULL))
        return;
    *c = vn_sample_noise_cost(&q);
    vn_sample_free(&q);
}

const struct vn_op vn_op_nlm = { .name = "nlm", .version = 2, .shape = VN_STENCIL, .n_in = 1, .params = params, .plan = plan, .prepare = prepare,
                                 .cpu = cpu, .cost = cost, .prepare_cost = prepare_cost };
