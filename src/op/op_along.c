/* op_along.c - smoothing along vessels: where there is structure in the noise, a mean along it; elsewhere a Gaussian.
 *
 *   g  = v smoothed by a Gaussian of length / 2
 *   J  = Gaussian of `length` over (D g)(D g)^T, D central differences in units of their own noise
 *   m1 >= m2 >= m3 eigenvalues of J (in noise alone 1 on average), e the direction of m3
 *   c  = 3 u^2 - 2 u^3, u = ((m1 + m2) / 2 - LOW) / (HIGH - LOW) within 0 and 1;  a = 1 / (1 + (m3 / END)^2)
 *   l  = Gaussian mean of standard deviation `length` of v on the straight line through the voxel along e
 *   out = c (a l + (1 - a) v) + (1 - c) g
 *
 * The structure tensor J as in coherence-enhancing diffusion (Weickert 1999, IJCV 31:111), scaled by the noise, so that no
 * contrast has to be chosen: in a vessel m1 and m2 are large, at the border of a wide one m1 alone; a branch point or a tip is
 * large along e too, and stays.  Instead of diffusing, one mean is taken, with cubic interpolation (Keys 1981), which unlike a
 * diffusion does not widen what is thin, and whose reach is known.
 *
 * The line takes one sample a voxel of the axis k along which |e_k| / length_k is largest, so that only two axes are
 * interpolated.  noise: that of white noise with the same gradients, from a sample: the quartile of |D g| where it is not 0
 * (structures count little there) over the quartile of the chi distribution.  What neighbouring voxels share is
 * measured with it.  Where a voxel that is not finite is reached the voxel stays.  An axis of one voxel takes no part. */
#include <math.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "filter.h"
#include "mem.h"
#include "op.h"
#include "sample.h"
#include "vox.h"

static const struct vn_param params[] = {
    { "length", VN_P_LENGTH, 0, 0, 1e9, .help = "standard deviation of the mean along a vessel" },
    { "noise", VN_P_REAL, 0, 0, 1e38, .help = "standard deviation of the noise" },
    { "stats", VN_P_CHOICE, 0, .def = "whole", .choices = "whole|region", .help = "where automatic values are taken from" },
    { 0 },
};

enum { DEPTH = 16, N_J = 6, MAX_LENGTH = 16 };
static const float LOW = 1.8f, HIGH = 2.8f, END = 4;

struct along {
    struct vn_taps smooth[3], window[3];
    float inverse[3];                          /* 1 / length, in voxels; 0: no such axis */
    float unit[3];                             /* of D g: 1 / (gain noise) */
    float step[3];                             /* direction in units of noise -> voxels */
    int64_t n[3], halo[3];                     /* samples to either side */
};

/* ---- setting up ---- */

/* Standard deviation of the central difference along axis k of white noise smoothed by t. */
static double gain_of(const struct vn_taps t[3], int k)
{
    double g = 1;

    for (int j = 0; j < 3; j++) {
        double sum = 0;
        for (int i = -t[j].r - 1; i <= t[j].r + 1; i++) {
            const int lo = abs(i - 1), hi = abs(i + 1), at = abs(i);
            const double d = 0.5 * ((hi <= t[j].r ? (double)t[j].w[hi] : 0) - (lo <= t[j].r ? (double)t[j].w[lo] : 0));
            const double w = at <= t[j].r ? (double)t[j].w[at] : 0;
            sum += j == k ? d * d : w * w;
        }
        g *= sum;
    }
    return sqrt(g);
}

/* is[k]: the volume has more than one voxel along k. */
static int setup(const struct vn_args *a, const double um[3], const bool is[3], struct along *s, struct vn_err *err)
{
    double length[3];
    int rc = vn_sigma(a, "length", 0, um, length, err);

    *s = (struct along) { .n = { 0 } };
    for (int k = 0; rc == 0 && k < 3; k++) {
        if (!(length[k] <= MAX_LENGTH))
            return vn_fail(err, VN_E_ARG, "length=%s is %.3g voxels along %c; the largest is %d", vn_arg(a, "length")->s, length[k], "xyz"[k], MAX_LENGTH);
        if (!is[k])
            length[k] = 0;
        if (!(rc = vn_gauss_taps(0.5 * length[k], &s->smooth[k], err)))
            rc = vn_gauss_taps(length[k], &s->window[k], err);
        s->n[k] = (int64_t)floor(2.5 * length[k]);
        s->inverse[k] = length[k] > 0 ? (float)(1 / length[k]) : 0.0f;
        s->halo[k] = is[k] ? vn_max64(s->smooth[k].r + 1 + s->window[k].r, (int64_t)ceil(2.5 * length[k]) + 2) : 0;
    }
    for (int k = 0; rc == 0 && k < 3; k++) {
        const double gain = gain_of(s->smooth, k), noise = vn_args_has(a, "noise") ? vn_args_real(a, "noise") : 1;
        s->unit[k] = is[k] ? (float)(1 / (gain * noise)) : 0.0f;
        s->step[k] = is[k] && length[k] > 0 ? (float)(gain_of(s->smooth, 0) / gain) : 0.0f;
    }
    return rc;
}

/* ---- rows ---- */

struct tensor { const struct vn_buf *g; const struct along *s; int i, j; };

static VN_HOT void product_row(const float *restrict a0, const float *restrict a1, const float *restrict b0, const float *restrict b1,
                               float ua, float ub, float *restrict out, int64_t n)
{
    for (int64_t x = 0; x < n; x++)
        out[x] = (0.5f * ua * (a1[x] - a0[x])) * (0.5f * ub * (b1[x] - b0[x]));
}

/* A row of component i, j of (D g)(D g)^T. */
static void read_product(const void *ctx, int64_t x, int64_t y, int64_t z, float *out, int64_t n)
{
    const struct tensor *t = ctx;
    const int64_t step[3] = { 1, t->g->stride[0], t->g->stride[1] };
    const float *v = (const float *)t->g->data + vn_buf_at(t->g, x, y, z), *unit = t->s->unit;
    const int64_t di = unit[t->i] != 0.0f ? step[t->i] : 0, dj = unit[t->j] != 0.0f ? step[t->j] : 0;

    product_row(v - di, v + di, v - dj, v + dj, unit[t->i], unit[t->j], out, n);
}

/* One row of what the eigenvalues say: c, a and the line's steps t[3] in voxels a sample, with the axis it is counted along.
 * flat: the axis that the volume does not have, or -1. */
static VN_HOT void look_row(const struct along *s, int flat, const float *const j[N_J], float *restrict c, float *restrict a, float *restrict t0,
                            float *restrict t1, float *restrict t2, int64_t n)
{
    const float *jxx = j[0], *jyy = j[1], *jzz = j[2], *jxy = j[3], *jxz = j[4], *jyz = j[5];
    const float s0 = s->step[0], s1 = s->step[1], s2 = s->step[2];

    for (int64_t x = 0; x < n; x++) {
        const float trace = jxx[x] + jyy[x] + jzz[x], part = trace > 0.0f ? 1.0f / trace : 0.0f;      /* products of three stay finite */
        float xx = part * jxx[x], yy = part * jyy[x], zz = part * jzz[x];
        const float xy = part * jxy[x], xz = part * jxz[x], yz = part * jyz[x];
        /* An axis that is not there gets the largest eigenvalue of the other two. */
        const float f = xx + yy + zz, e = flat == 0 ? yy - zz : flat == 1 ? xx - zz : xx - yy, h = xy + xz + yz;
        const float most = 0.5f * (f + sqrtf(e * e + 4.0f * h * h));
        xx = flat == 0 ? most : xx;
        yy = flat == 1 ? most : yy;
        zz = flat == 2 ? most : zz;
        float sum, product;
        const float m3 = -vn_eigen3(-xx, -yy, -zz, -xy, -xz, -yz, &sum, &product);
        const float u = (-0.5f * trace * sum - LOW) * (1.0f / (HIGH - LOW)), in = u < 0.0f ? 0.0f : u > 1.0f ? 1.0f : u;
        const float end = trace * m3 * (1.0f / END);
        c[x] = in * in * (3.0f - 2.0f * in);
        a[x] = 1.0f / (1.0f + end * end);
        /* Columns of the adjugate of J - m3 are multiples of e; the one of the largest diagonal, which rounding leaves in the
         * plane of an edge, where m2 and m3 meet, with either sign. */
        const float p = xx - m3, q = yy - m3, r = zz - m3;
        const float axx = q * r - yz * yz, ayy = p * r - xz * xz, azz = p * q - xy * xy;
        const float axy = xz * yz - xy * r, axz = xy * yz - xz * q, ayz = xy * xz - yz * p;
        const bool by = fabsf(ayy) > fabsf(axx), bz = fabsf(azz) > (by ? fabsf(ayy) : fabsf(axx));
        t0[x] = s0 * (bz ? axz : by ? axy : axx);
        t1[x] = s1 * (bz ? ayz : by ? ayy : axy);
        t2[x] = s2 * (bz ? azz : by ? ayz : axz);
    }
}

/* Keys' kernel with a = -3/4, of which narrow ridges lose least: 2 % of a Gaussian of 1 voxel, where -1/2 takes 6. */
static inline void cubic(float f, float w[4])
{
    w[0] = ((-0.75f * f + 1.5f) * f - 0.75f) * f;
    w[1] = (1.25f * f - 2.25f) * f * f + 1.0f;
    w[2] = ((-1.25f * f + 1.5f) * f + 0.75f) * f;
    w[3] = (0.75f * f - 0.75f) * f * f;
}

/* v at a whole step along the line's axis and at p, q voxels along the two others. */
static inline float sample_at(const float *v, float p, float q, int64_t dp, int64_t dq)
{
    const float fp = floorf(p), fq = floorf(q);
    float wp[4], wq[4], sum = 0.0f;

    v += (int64_t)fp * dp + (int64_t)fq * dq;
    cubic(p - fp, wp);
    cubic(q - fq, wq);
    for (int i = 0; i < 4; i++) {
        const float *r = v + (i - 1) * dq;
        sum += wq[i] * (wp[0] * r[-dp] + wp[1] * r[0] + wp[2] * r[dp] + wp[3] * r[2 * dp]);
    }
    return sum;
}

/* The mean along t around *v. */
static inline float line_mean(const struct along *s, const float *v, const int64_t stride[3], const float t[3])
{
    const float *f = s->inverse, q[3] = { fabsf(t[0]) * f[0], fabsf(t[1]) * f[1], fabsf(t[2]) * f[2] };
    const int k = q[2] > q[1] && q[2] > q[0] ? 2 : q[1] > q[0] ? 1 : 0, k1 = k == 0 ? 1 : 0, k2 = k == 2 ? 1 : 2;

    if (!(q[k] > 0.0f))
        return *v;
    const float p = t[k1] / t[k], r = t[k2] / t[k], b0 = f[k], b1 = p * f[k1], b2 = r * f[k2];
    const float w1 = vn_exp_neg(-0.5f * (b0 * b0 + b1 * b1 + b2 * b2)), w2 = w1 * w1;
    float w = w1, ratio = w1, sum = *v, all = 1.0f;

    for (int64_t i = 1; i <= s->n[k]; i++) {                   /* weights w1^(i^2) */
        const float x = (float)i;
        sum += w * (sample_at(v + i * stride[k], x * p, x * r, stride[k1], stride[k2]) +
                    sample_at(v - i * stride[k], -x * p, -x * r, stride[k1], stride[k2]));
        all += 2.0f * w;
        ratio *= w2;
        w *= ratio;
    }
    return sum / all;
}

struct slab { const struct along *s; const struct vn_buf *in, *g, *j, *out; struct vn_box box; int flat; };

static int plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct slab *p = ctx;
    const struct vn_box *b = &p->box;
    const int64_t n = vn_box_dim(b, 0), z = b->lo[2] + i, *halo = p->s->halo;
    const int64_t stride[3] = { halo[0] ? 1 : 0, halo[1] ? p->in->stride[0] : 0, halo[2] ? p->in->stride[1] : 0 };
    float *c = vn_alloc(5 * (uint64_t)n * sizeof *c, err), *a = c + n, *t0 = a + n, *t1 = t0 + n, *t2 = t1 + n;

    if (!c)
        return VN_E_MEMORY;
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
        const float *j[N_J], *v = (const float *)p->in->data + vn_buf_at(p->in, b->lo[0], y, z);
        const float *g = (const float *)p->g->data + vn_buf_at(p->g, b->lo[0], y, z);
        float *out = (float *)p->out->data + vn_buf_at(p->out, b->lo[0], y, z);
        for (int k = 0; k < N_J; k++)
            j[k] = (const float *)p->j[k].data + vn_buf_at(&p->j[k], b->lo[0], y, z);
        look_row(p->s, p->flat, j, c, a, t0, t1, t2, n);
        for (int64_t x = 0; x < n; x++) {
            const float t[3] = { t0[x], t1[x], t2[x] };
            float r = g[x];
            if (c[x] > 0.0f) {
                const float l = a[x] * line_mean(p->s, v + x, stride, t) + (1.0f - a[x]) * v[x];
                r = c[x] * l + (1.0f - c[x]) * g[x];
            }
            out[x] = vn_one_nan(vn_finite(r) && vn_finite(c[x]) ? r : v[x]);
        }
    }
    vn_free(c);
    return 0;
}

/* ---- the operation ---- */

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *p, struct vn_err *err)
{
    struct along s;
    bool is[3];
    (void)region;

    for (int k = 0; k < 3; k++)
        is[k] = vn_box_dim(&in[0]->box, k) > 1;
    const int rc = setup(a, in[0]->grid.um, is, &s, err);
    *p = (struct vn_plan) { .pad = VN_PAD_MIRROR, .in_type = { VN_F32 }, .out_type = VN_F32, .mem_host = 20,
                            .out_kind = in[0]->kind == VN_PROB ? VN_PROB : VN_IMAGE };
    for (int k = 0; k < 3; k++) {
        p->um[k] = in[0]->grid.um[k];
        p->halo[k] = s.halo[k];
    }
    return rc;
}

static int setup_of(const struct vn_args *a, const struct vn_plan *p, struct along *s, struct vn_err *err)
{
    const bool is[3] = { p->halo[0] > 0, p->halo[1] > 0, p->halo[2] > 0 };
    return setup(a, p->um, is, s, err);
}

/* Where g is needed for J over box. */
static struct vn_box ground(const struct along *s, const struct vn_box *box)
{
    int64_t grow[3];
    for (int k = 0; k < 3; k++)
        grow[k] = s->halo[k] ? s->window[k].r + 1 : 0;
    return vn_box_grow(box, grow);
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job,
               struct vn_err *err)
{
    static const int pair[N_J][2] = { { 0, 0 }, { 1, 1 }, { 2, 2 }, { 0, 1 }, { 0, 2 }, { 1, 2 } };
    const struct vn_box *b = &out->box;
    struct vn_sep sep[N_J] = { { 0 } };
    struct tensor of[N_J];
    struct vn_buf g = { 0 }, j[N_J] = { { 0 } };
    struct along s;
    int rc = setup_of(a, p, &s, err), flat = -1;

    if (rc)
        return rc;
    for (int k = 0; k < 3; k++)
        flat = s.halo[k] ? flat : k;
    const struct vn_box wide = ground(&s, b);
    if ((rc = vn_buf_new(&g, VN_F32, &wide, err)) == 0)
        rc = vn_filter_sep(in, s.smooth, &g, job, err);
    for (int k = 0; rc == 0 && k < N_J; k++) {
        struct vn_box slab = *b;
        slab.hi[2] = vn_min64(b->lo[2] + DEPTH, b->hi[2]);
        of[k] = (struct tensor) { &g, &s, pair[k][0], pair[k][1] };
        if (!(rc = vn_sep_init(&sep[k], NULL, s.window, b, DEPTH, err)))
            rc = vn_buf_new(&j[k], VN_F32, &slab, err);
        sep[k].read = read_product;
        sep[k].ctx = &of[k];
    }
    for (int64_t z = b->lo[2]; rc == 0 && z < b->hi[2]; z += DEPTH) {
        struct slab part = { &s, in, &g, j, out, *b, flat };
        part.box.lo[2] = z;
        part.box.hi[2] = vn_min64(z + DEPTH, b->hi[2]);
        for (int k = 0; rc == 0 && k < N_J; k++) {
            j[k].box = part.box;
            rc = vn_sep_next(&sep[k], &j[k], job, err);
        }
        rc = rc ? rc : vn_job_for_quiet(job, vn_box_dim(&part.box, 2), plane, &part, err);
        vn_job_step(job, (uint64_t)(part.box.hi[2] - b->lo[2]), (uint64_t)vn_box_dim(b, 2));
    }
    for (int k = 0; k < N_J; k++) {
        vn_sep_free(&sep[k]);
        vn_buf_free(&j[k]);
    }
    vn_buf_free(&g);
    return rc;
}

/* ---- what is automatic ---- */

/* r = |D g|, D g in units of white noise of standard deviation 1. */
static int gradients(const struct along *s, struct vn_vol *v, const struct vn_box *box, struct vn_buf *r, struct vn_job *job, struct vn_err *err)
{
    struct vn_buf in = { 0 }, g = { 0 };
    struct vn_box near = *box, grown;
    int rc;

    for (int k = 0; k < 3; k++) {
        near.lo[k] -= s->halo[k] ? 1 : 0;
        near.hi[k] += s->halo[k] ? 1 : 0;
    }
    grown = near;
    for (int k = 0; k < 3; k++) {
        grown.lo[k] -= s->smooth[k].r;
        grown.hi[k] += s->smooth[k].r;
    }
    if ((rc = vn_vol_map(v, VN_F32, &grown, VN_PAD_MIRROR, &in, job, err)) == 0 && (rc = vn_buf_new(&g, VN_F32, &near, err)) == 0 &&
        (rc = vn_filter_sep(&in, s->smooth, &g, job, err)) == 0 && (rc = vn_buf_new(r, VN_F32, box, err)) == 0)
        for (int64_t z = box->lo[2]; z < box->hi[2]; z++)
            for (int64_t y = box->lo[1]; y < box->hi[1]; y++) {
                const float *at = (const float *)g.data + vn_buf_at(&g, box->lo[0], y, z);
                const int64_t step[3] = { 1, g.stride[0], g.stride[1] };
                float *to = (float *)r->data + vn_buf_at(r, box->lo[0], y, z);
                for (int64_t x = 0; x < vn_box_dim(box, 0); x++) {
                    double sum = 0;
                    for (int k = 0; k < 3; k++) {
                        const double d = s->halo[k] ? 0.5 * (double)s->unit[k] * ((double)at[x + step[k]] - (double)at[x - step[k]]) : 0;
                        sum += d * d;
                    }
                    to[x] = (float)sqrt(sum);
                }
            }
    vn_buf_free(&in);
    vn_buf_free(&g);
    return rc;
}

static int prepare(struct vn_args *a, struct vn_vol *const *in, const struct vn_box *stat_box, struct vn_job *job, struct vn_err *err)
{
    static const double quartile_of_chi[4] = { 1, 0.31863936396437514, 0.7585276164409321, 1.1011507176793140 };
    const double *um = in[0]->grid.um, edge = um[0] > 0 && um[1] > 0 && um[2] > 0 ? fmin(um[0], fmin(um[1], um[2])) : 0;
    struct vn_sample q;
    struct along s;
    bool is[3];
    char text[40];
    int n = 0, rc = 0;

    if (!vn_args_has(a, "length")) {
        snprintf(text, sizeof text, "%.9g%s", edge > 0 ? 2 * edge : 2, edge > 0 ? "um" : "vox");
        rc = vn_args_set(a, "length", text, err);
    }
    for (int k = 0; k < 3; k++)
        n += is[k] = vn_box_dim(&in[0]->box, k) > 1;
    if (rc || vn_args_has(a, "noise") || (rc = setup(a, um, is, &s, err)) || (rc = vn_sample_init(&q, stat_box, err)))
        return rc;
    vn_job_stage(job, "statistics");
    for (int i = 0; rc == 0 && i < q.n_block; i++) {
        const struct vn_box box = vn_sample_block(&q, i);
        struct vn_buf r = { 0 };
        if ((rc = gradients(&s, in[0], &box, &r, job, err)) == 0)
            vn_sample_add(&q, &r, &box, 1.0f);
        vn_buf_free(&r);
    }
    const double noise = (rc ? 0 : (double)vn_sample_quartile(&q)) / quartile_of_chi[n];
    vn_sample_free(&q);
    return rc ? rc : vn_args_settle(a, "noise", noise, err);
}

/* Work of a voxel beside the smoothing, in additions: six products, eigenvalues and the share of a mean along a line. */
static const double EIGEN = 70, SAMPLE = 12, SHARE = 0.2;

static void cost(const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in, const struct vn_box *out, const struct vn_share *share,
                 struct vn_cost *c)
{
    struct along s;
    (void)in;
    (void)share;

    if (setup_of(a, p, &s, NULL))
        return;
    const struct vn_box wide = ground(&s, out);
    const double n = (double)vn_box_count(out), slab = 4.0 * (double)vn_box_dim(out, 0) * (double)vn_box_dim(out, 1) *
                                                       (double)vn_min64(DEPTH, vn_box_dim(out, 2));
    c->bytes = vn_mem_counted(4.0 * (double)vn_box_count(&wide)) +
               fmax(vn_sep_bytes(s.smooth, &wide, VN_SEP_DEPTH), N_J * (vn_mem_counted(slab) + vn_sep_bytes(s.window, out, DEPTH)));
    c->work = vn_sep_work(s.smooth, &wide) + N_J * vn_sep_work(s.window, out) + (EIGEN + SHARE * SAMPLE * 32 * (double)s.n[0]) * n;
}

static void prepare_cost(const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in, const struct vn_box *stat_box, struct vn_cost *c)
{
    struct vn_sample q;
    struct along s;

    if (setup_of(a, p, &s, NULL) || vn_sample_init(&q, stat_box, NULL))
        return;
    const struct vn_box box = vn_sample_block(&q, 0);
    struct vn_box near = box, grown;
    for (int k = 0; k < 3; k++) {
        near.lo[k] -= s.halo[k] ? 1 : 0;
        near.hi[k] += s.halo[k] ? 1 : 0;
    }
    const int64_t r[3] = { s.smooth[0].r, s.smooth[1].r, s.smooth[2].r };
    grown = vn_box_grow(&near, r);
    (void)in;
    c->bytes = 4.0 * VN_SAMPLE_MAX + vn_mem_counted(4.0 * (double)vn_box_count(&grown)) + vn_mem_counted(4.0 * (double)vn_box_count(&near)) +
               fmax(vn_sep_bytes(s.smooth, &near, VN_SEP_DEPTH), vn_mem_counted(4.0 * (double)vn_box_count(&box)));
    c->work = q.n_block * (vn_sep_work(s.smooth, &near) + 10.0 * (double)vn_box_count(&box));
    vn_sample_free(&q);
}

const struct vn_op vn_op_along = { .name = "along", .version = 1, .shape = VN_STENCIL, .n_in = 1, .params = params, .plan = plan, .prepare = prepare,
                                   .cpu = cpu, .cost = cost, .prepare_cost = prepare_cost };
