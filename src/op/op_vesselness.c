/* op_vesselness.c - tubeness from the Hessian, largest over scales.
 *
 * The Hessian is taken by central differences of the Gaussian-smoothed volume (as ITK's DiscreteHessianGaussian does) and
 * normalised by sigma^2 (Lindeberg 1998), per axis in voxels, which is the same as in um; dark: minus that.
 *
 *   sato    sqrt(b c) of the two smaller eigenvalues where both are negative (Sato et al. 1998, "Three-dimensional multi-scale
 *           line filter", with gamma = 1; what scikit-image computes)
 *
 * and with eigenvalues l1, l2, l3 of rising magnitude, 0 unless l2 and l3 are negative:
 *
 *   frangi  (1 - exp(-A / 2 alpha^2)) exp(-B / 2 beta^2) (1 - exp(-S / 2 c^2)), A = (l2 / l3)^2, B = l1^2 / (l2 l3),
 *           S = l1^2 + l2^2 + l3^2 (Frangi et al. 1998, eqs. 10-13); c: half of the largest sqrt S of the scale
 *   jerman  with m2 = -l2, m3 = -l3, m = max(m3, tau peak): 1 where m2 >= m / 2, else m2^2 (m - m2) (3 / (m2 + m))^3
 *           (Jerman et al. 2016, IEEE TMI 35:2107); peak: the largest m3 of the scale
 *
 * c and peak are resolved by `prepare`, over the whole volume block by block, and recorded; a maximum depends neither on the
 * blocks nor on their order.  Where a NaN is reached the value is 0. */
#include <math.h>
#include <stdio.h>
#include "filter.h"
#include "mem.h"
#include "op.h"
#include "text.h"
#include "vox.h"

enum { SATO, FRANGI, JERMAN };

const struct vn_param vn_vesselness_params[] = {
    { "volume", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_IMAGE | VN_PROB, .help = "volume" },
    { "method", VN_P_CHOICE, 0, .def = "sato", .choices = "sato|frangi|jerman", .help = "measure" },
    { "scales", VN_P_LENGTHS, 0, 0, 1e9, .def = "1,2,4", .help = "standard deviations of the Gaussian; a tube of radius R answers best at R / sqrt 2" },
    { "dark", VN_P_FLAG, 0, .help = "vessels darker than their surroundings" },
    { "alpha", VN_P_REAL, 0, 1e-3, 1e3, .def = "0.5", .help = "frangi: how much plates are suppressed" },
    { "beta", VN_P_REAL, 0, 1e-3, 1e3, .def = "0.5", .help = "frangi: how much blobs are suppressed" },
    { "c", VN_P_REALS, 0, 0, 1e38, .help = "frangi: Hessian norm of structures, one or one a scale; automatic by default: half of the largest of the scale" },
    { "tau", VN_P_REAL, 0, 0.01, 1, .def = "0.75", .help = "jerman: share of the peak below which vessels are lifted" },
    { "peak", VN_P_REALS, 0, 0, 1e38, .help = "jerman: largest curvature, one or one a scale; automatic by default" },
    { "stats", VN_P_CHOICE, 0, .def = "whole", .choices = "whole|region", .help = "where automatic values are taken from" },
    { "as", VN_P_NAME, 0, .help = "name of the result" },
    { 0 },
};

/* ---- rows ---- */

struct measure;
/* r[3 (dz + 1) + dy + 1]: rows around, at x = 0 of dst, which keeps what is larger. */
typedef void (*row_fn)(const struct measure *m, const float *const r[9], float *restrict dst, int64_t n);
struct measure {
    row_fn row;
    float c[6];                       /* factors of xx, yy, zz, xy, xz, yz */
    float a, b, s, lift;              /* frangi: -1 / 2 alpha^2 and so on;  jerman: tau peak */
};

struct hessian { float xx, yy, zz, xy, xz, yz; };

#define ROWS const float *r0 = r[0], *r1 = r[1], *r2 = r[2], *r3 = r[3], *r4 = r[4], *r5 = r[5], *r6 = r[6], *r7 = r[7], *r8 = r[8]
#define HESSIAN(h)                                                                                         \
    struct hessian h;                                                                                      \
    const float v2 = 2.0f * r4[x];                                                                         \
    h.xx = c0 * (r4[x - 1] + r4[x + 1] - v2);                                                              \
    h.yy = c1 * (r3[x] + r5[x] - v2);                                                                      \
    h.zz = c2 * (r1[x] + r7[x] - v2);                                                                      \
    h.xy = c3 * ((r5[x + 1] - r5[x - 1]) - (r3[x + 1] - r3[x - 1]));                                       \
    h.xz = c4 * ((r7[x + 1] - r7[x - 1]) - (r1[x + 1] - r1[x - 1]));                                       \
    h.yz = c5 * ((r8[x] - r6[x]) - (r2[x] - r0[x]))
#define FACTORS const float c0 = m->c[0], c1 = m->c[1], c2 = m->c[2], c3 = m->c[3], c4 = m->c[4], c5 = m->c[5]
#define LARGER(v) dst[x] = (v) > dst[x] ? (v) : dst[x]

static VN_HOT void sato_row(const struct measure *m, const float *const r[9], float *restrict dst, int64_t n)
{
    ROWS;
    FACTORS;
    for (int64_t x = 0; x < n; x++) {
        HESSIAN(h);
        float sum, product;
        vn_eigen3(h.xx, h.yy, h.zz, h.xy, h.xz, h.yz, &sum, &product);
        const float root = sqrtf(product > 0.0f ? product : 0.0f);
        const float v = sum < 0.0f ? root : 0.0f;
        LARGER(v);
    }
}

static inline float norm2(const struct hessian *h)
{
    return h->xx * h->xx + h->yy * h->yy + h->zz * h->zz + 2.0f * (h->xy * h->xy + h->xz * h->xz + h->yz * h->yz);
}

/* The most negative of the two eigenvalues of this sum and product. */
static inline float lowest(float sum, float product)
{
    const float d = sum * sum - 4.0f * product;
    return 0.5f * (sum - sqrtf(d > 0.0f ? d : 0.0f));
}

static VN_HOT void frangi_row(const struct measure *m, const float *const r[9], float *restrict dst, int64_t n)
{
    const float fa = m->a, fb = m->b, fs = m->s;
    ROWS;
    FACTORS;
    for (int64_t x = 0; x < n; x++) {
        HESSIAN(h);
        float sum, product;
        const float first = vn_eigen3(h.xx, h.yy, h.zz, h.xy, h.xz, h.yz, &sum, &product), third = lowest(sum, product);
        const float second = product / third, ratio = second / third;
        const float tube = 1.0f - vn_exp_neg(fa * (ratio * ratio)), blob = vn_exp_neg(fb * (first * first / product));
        const float value = tube * blob * (1.0f - vn_exp_neg(fs * norm2(&h)));
        const float v = (sum < 0.0f) & (product > 0.0f) & (first + second <= 0.0f) ? value : 0.0f;
        LARGER(v);
    }
}

static VN_HOT void jerman_row(const struct measure *m, const float *const r[9], float *restrict dst, int64_t n)
{
    const float lift = m->lift;
    ROWS;
    FACTORS;
    for (int64_t x = 0; x < n; x++) {
        HESSIAN(h);
        float sum, product;
        const float first = vn_eigen3(h.xx, h.yy, h.zz, h.xy, h.xz, h.yz, &sum, &product), third = lowest(sum, product);
        const float second = product / third, m2 = -second, m3 = -third > lift ? -third : lift, f = 3.0f / (m2 + m3);
        const float value = m2 >= 0.5f * m3 ? 1.0f : m2 * m2 * (m3 - m2) * (f * f * f);
        const float v = (sum < 0.0f) & (product > 0.0f) & (first + second <= 0.0f) ? value : 0.0f;
        LARGER(v);
    }
}

/* For `prepare`: S, and m3. */
static VN_HOT void norm_row(const struct measure *m, const float *const r[9], float *restrict dst, int64_t n)
{
    ROWS;
    FACTORS;
    for (int64_t x = 0; x < n; x++) {
        HESSIAN(h);
        const float s = norm2(&h), v = s < INFINITY ? s : 0.0f;
        LARGER(v);
    }
}

static VN_HOT void peak_row(const struct measure *m, const float *const r[9], float *restrict dst, int64_t n)
{
    ROWS;
    FACTORS;
    for (int64_t x = 0; x < n; x++) {
        HESSIAN(h);
        float sum, product;
        const float first = vn_eigen3(h.xx, h.yy, h.zz, h.xy, h.xz, h.yz, &sum, &product), third = lowest(sum, product);
        const float v = (first + third <= 0.0f) & (third > -INFINITY) ? -third : 0.0f;
        LARGER(v);
    }
}

/* ---- slabs ---- */

enum { BAND = 64 };
/* out: keeps what is larger; NULL: only the largest of each band is wanted, in `most`. */
struct slab { const struct measure *m; const struct vn_buf *g, *out; struct vn_box box; int64_t n_band; float *most; };

static int band(void *ctx, int64_t i, struct vn_err *err)
{
    const struct slab *s = ctx;
    const struct vn_box *b = &s->box;
    const int64_t z = b->lo[2] + i / s->n_band, y0 = b->lo[1] + i % s->n_band * BAND, n = vn_box_dim(b, 0);
    float *row = s->out ? NULL : vn_calloc((uint64_t)n, sizeof *row, err);

    if (!s->out && !row)
        return VN_E_MEMORY;
    for (int64_t y = y0; y < vn_min64(y0 + BAND, b->hi[1]); y++) {
        const float *r[9];
        for (int k = 0; k < 9; k++)
            r[k] = (const float *)s->g->data + vn_buf_at(s->g, b->lo[0], y + k % 3 - 1, z + k / 3 - 1);
        s->m->row(s->m, r, s->out ? (float *)s->out->data + vn_buf_at(s->out, b->lo[0], y, z) : row, n);
    }
    for (int64_t x = 0; row && x < n; x++)
        s->most[i] = row[x] > s->most[i] ? row[x] : s->most[i];
    vn_free(row);
    return 0;
}

/* One scale over box: into out, or, out NULL, the largest value into *most. */
static int one_scale(const struct vn_buf *in, const struct vn_taps *t, const struct measure *m, const struct vn_box *box,
                     const struct vn_buf *out, float *most, struct vn_job *job, struct vn_err *err)
{
    static const int64_t one[3] = { 1, 1, 1 };
    const int64_t depth = vn_min64(VN_SEP_DEPTH, vn_box_dim(box, 2)), n_band = (vn_box_dim(box, 1) + BAND - 1) / BAND;
    const struct vn_box grown = vn_box_grow(box, one);
    struct vn_box ring = grown;
    struct vn_sep sep = { 0 };
    struct vn_buf g = { 0 };
    float *part = out ? NULL : vn_calloc((uint64_t)(n_band * depth), sizeof *part, err);

    ring.hi[2] = ring.lo[2] + depth + 2;
    int rc = out || part ? vn_sep_init(&sep, in, t, &grown, depth + 2, err) : VN_E_MEMORY;
    rc = rc ? rc : vn_buf_new(&g, VN_F32, &ring, err);
    for (int64_t z = box->lo[2]; rc == 0 && z < box->hi[2]; z += depth) {
        const int64_t n = vn_min64(depth, box->hi[2] - z), have = z == box->lo[2] ? 0 : 2;
        if (have)                                              /* the last two planes are the next slab's first */
            memmove(g.data, (float *)g.data + depth * g.stride[1], 2 * (size_t)g.stride[1] * sizeof(float));
        g.box.lo[2] = z - 1;
        g.box.hi[2] = z + n + 1;
        struct vn_box next = g.box;
        next.lo[2] += have;
        const struct vn_buf fresh = vn_buf_view(&g, &next);
        struct slab s = { m, &g, out, *box, n_band, part };
        s.box.lo[2] = z;
        s.box.hi[2] = z + n;
        if (!(rc = vn_sep_next(&sep, &fresh, job, err)))
            rc = vn_job_for_quiet(job, n_band * n, band, &s, err);
    }
    for (int64_t i = 0; rc == 0 && part && i < n_band * depth; i++)
        *most = part[i] > *most ? part[i] : *most;
    vn_buf_free(&g);
    vn_sep_free(&sep);
    vn_free(part);
    return rc;
}

/* Number `i` of a list that holds one value, or one a scale. */
static double listed(const struct vn_args *a, const char *name, int i)
{
    const struct vn_arg *v = vn_arg(a, name);
    return v->d[v->i > 1 ? i : 0];
}

static int setup(const struct vn_args *a, int i, const double um[3], struct vn_taps t[3], struct measure *m, struct vn_err *err)
{
    static const int pair[3][2] = { { 0, 1 }, { 0, 2 }, { 1, 2 } };
    static const row_fn row[] = { sato_row, frangi_row, jerman_row };
    const float sign = vn_args_flag(a, "dark") ? -1.0f : 1.0f;
    const int method = (int)vn_args_int(a, "method");
    double sigma[3];
    int rc = vn_sigma(a, "scales", i, um, sigma, err);

    for (int k = 0; rc == 0 && k < 3; k++)
        rc = vn_gauss_taps(sigma[k], &t[k], err);
    if (rc)
        return rc;
    *m = (struct measure) { .row = row[method] };
    for (int k = 0; k < 3; k++) {
        m->c[k] = sign * (float)(sigma[k] * sigma[k]);
        m->c[3 + k] = sign * (float)(0.25 * sigma[pair[k][0]] * sigma[pair[k][1]]);
    }
    if (method == FRANGI && vn_args_has(a, "c")) {
        const double alpha = vn_args_real(a, "alpha"), beta = vn_args_real(a, "beta"), c = listed(a, "c", i);
        m->a = (float)(-0.5 / (alpha * alpha));
        m->b = (float)(-0.5 / (beta * beta));
        m->s = c > 1e-15 ? (float)(-0.5 / (c * c)) : 0.0f;
    }
    if (method == JERMAN && vn_args_has(a, "peak"))
        m->lift = (float)(vn_args_real(a, "tau") * listed(a, "peak", i));
    return 0;
}

/* ---- the operation ---- */

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *p, struct vn_err *err)
{
    static const char *const list[] = { "c", "peak" };
    const int n = (int)vn_arg(a, "scales")->i;
    double sigma[3];
    struct vn_taps t;
    int rc = 0;
    (void)region;

    *p = (struct vn_plan) { .pad = VN_PAD_MIRROR, .in_type = { vn_filter_type(in[0]) }, .out_type = VN_F32, .out_kind = VN_IMAGE,
                            .mem_host = 12.0 + (double)vn_type_size(vn_filter_type(in[0])) };
    for (int i = 0; i < 2; i++)
        if (vn_args_has(a, list[i]) && vn_arg(a, list[i])->i != 1 && vn_arg(a, list[i])->i != n)
            return vn_fail(err, VN_E_ARG, "%s= has %d values and scales= %d: give one, or one a scale", list[i], (int)vn_arg(a, list[i])->i, n);
    for (int i = 0; rc == 0 && i < n; i++) {
        rc = vn_sigma(a, "scales", i, in[0]->grid.um, sigma, err);
        for (int k = 0; rc == 0 && k < 3; k++)
            if (!(rc = vn_gauss_taps(sigma[k], &t, err)))
                p->halo[k] = vn_max64(p->halo[k], t.r + 1);
    }
    for (int k = 0; k < 3; k++)
        p->um[k] = in[0]->grid.um[k];
    return rc;
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job,
               struct vn_err *err)
{
    const int n = (int)vn_arg(a, "scales")->i;
    int rc = 0;

    for (int64_t z = out->box.lo[2]; z < out->box.hi[2]; z++)
        for (int64_t y = out->box.lo[1]; y < out->box.hi[1]; y++)
            memset((float *)out->data + vn_buf_at(out, out->box.lo[0], y, z), 0, (size_t)vn_box_dim(&out->box, 0) * sizeof(float));
    for (int i = n - 1; rc == 0 && i >= 0; i--) {              /* the largest first: its slabs serve the smaller ones */
        struct vn_taps t[3];
        struct measure m;
        if (!(rc = setup(a, i, p->um, t, &m, err)))
            rc = one_scale(in, t, &m, &out->box, out, NULL, job, err);
        vn_job_step(job, (uint64_t)(n - i), (uint64_t)n);
    }
    return rc;
}

static const double HESSIAN = 40;              /* work of a voxel's eigenvalues, in additions */

static void cost(const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in, const struct vn_box *out, const struct vn_share *share,
                 struct vn_cost *c)
{
    static const int64_t one[3] = { 1, 1, 1 };
    const int64_t depth = vn_min64(VN_SEP_DEPTH, vn_box_dim(out, 2));
    const struct vn_box grown = vn_box_grow(out, one);
    const double planes = (double)vn_box_dim(&grown, 0) * (double)vn_box_dim(&grown, 1) * (double)(depth + 2);
    (void)in;
    (void)share;

    *c = (struct vn_cost) { 0, 0 };
    for (int i = 0; i < (int)vn_arg(a, "scales")->i; i++) {
        struct vn_taps t[3];
        struct measure m;
        if (setup(a, i, p->um, t, &m, NULL))
            return;
        c->bytes = fmax(c->bytes, vn_sep_bytes(t, &grown, depth + 2) + vn_mem_counted(4 * planes));
        c->work += vn_sep_work(t, &grown) + HESSIAN * (double)vn_box_count(out);
    }
}

/* The largest value of every scale in one tile. */
static int tile(const struct vn_args *a, struct vn_vol *v, const struct vn_plan *p, row_fn row, const struct vn_box *box, float *most,
                struct vn_job *job, struct vn_err *err)
{
    const struct vn_box grown = vn_box_grow(box, p->halo);
    struct vn_buf in = { 0 };
    int rc = vn_vol_map(v, p->in_type[0], &grown, p->pad, &in, job, err);

    for (int i = 0; rc == 0 && i < (int)vn_arg(a, "scales")->i; i++) {
        struct vn_taps t[3];
        struct measure m;
        if (!(rc = setup(a, i, p->um, t, &m, err))) {
            m.row = row;
            rc = one_scale(&in, t, &m, box, NULL, &most[i], job, err);
        }
    }
    vn_buf_free(&in);
    return rc;
}

static const int64_t TILE[3] = { 256, 256, 128 };

/* Tiles that fit half of the free memory; below 16 voxels nothing is gained. */
static void fit_tile(const struct vn_plan *p, int64_t size[3])
{
    const uint64_t used = vn_mem_in_use(), budget = vn_mem_budget();
    const double room = budget > used ? (double)(budget - used) / 2 : 0;
    double need;

    do {
        need = p->mem_host;
        for (int k = 0; k < 3; k++)
            need *= (double)(size[k] + 2 * p->halo[k]);
        for (int k = 0; k < 3 && need > room; k++)
            size[k] = vn_max64(16, size[k] / 2);
    } while (need > room && size[0] > 16);
}

static int prepare(struct vn_args *a, struct vn_vol *const *in, const struct vn_box *stat_box, struct vn_job *job, struct vn_err *err)
{
    int64_t size[3] = { TILE[0], TILE[1], TILE[2] };
    const int method = (int)vn_args_int(a, "method"), n_scale = (int)vn_arg(a, "scales")->i;
    const char *name = method == FRANGI ? "c" : "peak";
    float most[VN_MAX_LENGTHS] = { 0 };
    struct vn_str text = { 0 };
    struct vn_plan p;
    int64_t n[3];
    int rc = 0;

    if (method == SATO || vn_args_has(a, name))
        return 0;
    if ((rc = plan(a, in, stat_box, &p, err)))
        return rc;
    fit_tile(&p, size);
    for (int k = 0; k < 3; k++)
        n[k] = (vn_box_dim(stat_box, k) + size[k] - 1) / size[k];
    vn_job_stage(job, "statistics");
    for (int64_t i = 0; rc == 0 && i < n[0] * n[1] * n[2]; i++) {
        const int64_t at[3] = { i % n[0], i / n[0] % n[1], i / n[0] / n[1] };
        struct vn_box box;
        for (int k = 0; k < 3; k++) {
            box.lo[k] = stat_box->lo[k] + at[k] * size[k];
            box.hi[k] = vn_min64(box.lo[k] + size[k], stat_box->hi[k]);
        }
        rc = tile(a, in[0], &p, method == FRANGI ? norm_row : peak_row, &box, most, job, err);
        vn_job_step(job, (uint64_t)i + 1, (uint64_t)(n[0] * n[1] * n[2]));
    }
    vn_mem_trim();                                             /* the tiles' buffers are of no use to what follows */
    for (int i = 0; rc == 0 && i < n_scale; i++) {
        const double v = method == FRANGI ? 0.5 * sqrt((double)most[i]) : (double)most[i];
        vn_str_addf(&text, "%s%.9g", i ? "," : "", isfinite(v) ? v : 0.0);
    }
    if (rc == 0)
        rc = text.failed ? vn_fail(err, VN_E_MEMORY, "no memory for %s", name) : vn_args_set(a, name, text.s, err);
    vn_str_free(&text);
    return rc;
}

/* Tiles of all of the box, but for what is known already. */
static void prepare_cost(const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in, const struct vn_box *stat_box, struct vn_cost *c)
{
    int64_t size[3] = { TILE[0], TILE[1], TILE[2] };
    struct vn_box tile = *stat_box;
    double n = 1;

    *c = (struct vn_cost) { 0, 0 };
    if (vn_args_int(a, "method") == SATO)
        return;
    fit_tile(p, size);
    for (int k = 0; k < 3; k++) {
        size[k] = vn_min64(size[k], vn_box_dim(stat_box, k));
        n *= (double)vn_box_dim(stat_box, k) / (double)size[k];
        tile.lo[k] += (vn_box_dim(stat_box, k) - size[k]) / 2;
        tile.hi[k] = tile.lo[k] + size[k];
    }
    const struct vn_box grown = vn_box_grow(&tile, p->halo);
    cost(a, p, in, &tile, NULL, c);
    c->work *= n;
    if (!vn_vol_data(in).data || in->src->type != p->in_type[0] || !vn_box_contains(&in->box, &grown))
        c->bytes += vn_mem_counted((double)vn_box_count(&grown) * (double)vn_type_size(p->in_type[0]));
}

const struct vn_op vn_op_vesselness = { .name = "vesselness", .version = 1, .shape = VN_STENCIL, .n_in = 1, .params = vn_vesselness_params,
                                        .plan = plan, .prepare = prepare, .cpu = cpu, .cost = cost, .prepare_cost = prepare_cost };
