/* op_vesselness.c - tubeness from the Hessian, largest over scales.
 *
 * The Hessian is taken by central differences of the Gaussian-smoothed volume (as ITK's DiscreteHessianGaussian does) and
 * normalised by sigma^2 (Lindeberg 1998), per axis in voxels, which is the same as in um.  method=sato: the geometric mean
 * of the two smaller eigenvalues where both are negative, 0 elsewhere (Sato et al. 1998, "Three-dimensional multi-scale
 * line filter", with gamma = 1; what scikit-image computes).  Where a NaN is reached the value is 0. */
#include <math.h>
#include "filter.h"
#include "op.h"
#include "vox.h"

const struct vn_param vn_vesselness_params[] = {
    { "volume", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_IMAGE | VN_PROB, .help = "volume" },
    { "method", VN_P_CHOICE, 0, .def = "sato", .choices = "sato", .help = "measure" },
    { "scales", VN_P_LENGTHS, 0, 0, 1e9, .def = "1,2,4", .help = "standard deviations of the Gaussian; a tube of radius R answers best at R / sqrt 2" },
    { "dark", VN_P_FLAG, 0, .help = "vessels darker than their surroundings" },
    { "as", VN_P_NAME, 0, .help = "name of the result" },
    { 0 },
};

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *p, struct vn_err *err)
{
    double sigma[3];
    struct vn_taps t;
    int rc = 0;
    (void)region;

    *p = (struct vn_plan) { .pad = VN_PAD_MIRROR, .in_type = { VN_F32 }, .out_type = VN_F32, .out_kind = VN_IMAGE, .mem_host = 20 };
    for (int i = 0; rc == 0 && i < (int)vn_arg(a, "scales")->i; i++) {
        rc = vn_sigma(a, "scales", i, in[0]->grid.um, sigma, err);
        for (int k = 0; rc == 0 && k < 3; k++)
            if (!(rc = vn_gauss_taps(sigma[k], &t, err)))
                p->halo[k] = vn_max64(p->halo[k], t.r + 1);
    }
    for (int k = 0; k < 3; k++)
        p->um[k] = in[0]->grid.um[k];
    return rc;
}

/* r[3 (dz + 1) + dy + 1]: rows around, at x = 0 of dst.  c: factors of xx, yy, zz, xy, xz, yz. dst keeps what is larger. */
static VN_HOT void sato_row(const float *const r[9], const float c[6], float *restrict dst, int64_t n, bool first)
{
    const float *r0 = r[0], *r1 = r[1], *r2 = r[2], *r3 = r[3], *r4 = r[4], *r5 = r[5], *r6 = r[6], *r7 = r[7], *r8 = r[8];

    for (int64_t x = 0; x < n; x++) {
        const float v2 = 2.0f * r4[x];
        const float xx = c[0] * (r4[x - 1] + r4[x + 1] - v2);
        const float yy = c[1] * (r3[x] + r5[x] - v2);
        const float zz = c[2] * (r1[x] + r7[x] - v2);
        const float xy = c[3] * ((r5[x + 1] - r5[x - 1]) - (r3[x + 1] - r3[x - 1]));
        const float xz = c[4] * ((r7[x + 1] - r7[x - 1]) - (r1[x + 1] - r1[x - 1]));
        const float yz = c[5] * ((r8[x] - r6[x]) - (r2[x] - r0[x]));
        float sum, product;
        vn_eigen3(xx, yy, zz, xy, xz, yz, &sum, &product);
        const float root = sqrtf(product > 0.0f ? product : 0.0f);
        const float v = sum < 0.0f ? root : 0.0f;
        const float old = first ? 0.0f : dst[x];
        dst[x] = v > old ? v : old;
    }
}

struct scale { const struct vn_buf *g, *out; float c[6]; bool first; };

static int plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct scale *s = ctx;
    const struct vn_box *b = &s->out->box;
    const int64_t z = b->lo[2] + i;
    (void)err;

    for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
        const float *r[9];
        for (int k = 0; k < 9; k++)
            r[k] = (const float *)s->g->data + vn_buf_at(s->g, b->lo[0], y + k % 3 - 1, z + k / 3 - 1);
        sato_row(r, s->c, (float *)s->out->data + vn_buf_at(s->out, b->lo[0], y, z), vn_box_dim(b, 0), s->first);
    }
    return 0;
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job,
               struct vn_err *err)
{
    static const int64_t one[3] = { 1, 1, 1 };
    const float sign = vn_args_flag(a, "dark") ? -1.0f : 1.0f;
    const int n = (int)vn_arg(a, "scales")->i;
    const struct vn_box box = vn_box_grow(&out->box, one);
    struct vn_buf g;
    int rc = vn_buf_new(&g, VN_F32, &box, err);

    if (rc)
        return rc;
    for (int i = 0; rc == 0 && i < n; i++) {
        double sigma[3];
        struct vn_taps t[3];
        rc = vn_sigma(a, "scales", i, p->um, sigma, err);
        for (int k = 0; rc == 0 && k < 3; k++)
            rc = vn_gauss_taps(sigma[k], &t[k], err);
        struct scale s = { &g, out, { 0 }, i == 0 };
        for (int k = 0; rc == 0 && k < 3; k++) {
            static const int pair[3][2] = { { 0, 1 }, { 0, 2 }, { 1, 2 } };
            s.c[k] = sign * (float)(sigma[k] * sigma[k]);
            s.c[3 + k] = sign * (float)(0.25 * sigma[pair[k][0]] * sigma[pair[k][1]]);
        }
        if (rc == 0 && !(rc = vn_filter_sep(in, t, &g, job, err)))
            rc = vn_job_for_quiet(job, vn_box_dim(&out->box, 2), plane, &s, err);
        vn_job_step(job, (uint64_t)i + 1, (uint64_t)n);
    }
    vn_buf_free(&g);
    return rc;
}

const struct vn_op vn_op_vesselness = { "vesselness", 1, VN_STENCIL, 1, vn_vesselness_params, plan, NULL, cpu, NULL, 0, 0 };
