/* op_segment.c - probability of being vessel, from local contrast in units of the background's noise.
 *
 *   g = v smoothed by a Gaussian of `smooth`
 *   b = level + G_background[w (g - level)] / (G_background[w] + 0.05),  w = 1 / (1 + ((g - level) / 2.5 spread)^4)
 *   z = (g - b - offset) / noise
 *   s = z / (contrast + local A),  A = G_window[z+^2] / (G_window[z+] + 1)
 *   p = s^2 / (1 + s^2) where s > 0, else 0
 *
 * b is a wide mean of the surroundings in which vessels hardly count (normalised convolution, Knutsson, Westin 1993), and
 * the volume's level where there is nothing but vessel.  A is the contrast of the vessels around: the border of a bright
 * vessel is drawn at a fraction of its own contrast, not at the noise.  p = 1/2 where z reaches contrast + local A.
 * What is automatic is resolved by `prepare` from samples and recorded; given the same numbers a region equals the crop of
 * the whole.  A voxel that is not finite counts as background level and gets 0. */
#include <math.h>
#include <stdio.h>
#include "filter.h"
#include "mem.h"
#include "op.h"
#include "sample.h"
#include "vox.h"

const struct vn_param vn_segment_params[] = {
    { "volume", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_IMAGE | VN_PROB, .help = "image" },
    { "method", VN_P_CHOICE, 0, .def = "auto", .choices = "auto", .help = "how" },
    { "dark", VN_P_FLAG, 0, .help = "vessels darker than their surroundings" },
    { "contrast", VN_P_REAL, 0, 0.1, 1e6, .unit = "noise", .help = "contrast of p = 1/2, in standard deviations of the background; automatic by default, at most 11" },
    { "local", VN_P_REAL, 0, 0, 1, .def = "0.1", .help = "share of the contrast around that is asked in addition" },
    { "smooth", VN_P_LENGTH, 0, 0, 1e9, .help = "Gaussian against noise; 0.8 of the smallest voxel edge by default" },
    { "background", VN_P_LENGTH, 0, 0, 1e9, .help = "Gaussian of the background; 10 of the smallest voxel edge by default" },
    { "level", VN_P_REAL, 0, .help = "grey value of the background; automatic by default" },
    { "spread", VN_P_REAL, 0, 0, 1e38, .help = "standard deviation of the background before smoothing; automatic by default" },
    { "offset", VN_P_REAL, 0, .help = "mean of the background's contrast; automatic by default" },
    { "noise", VN_P_REAL, 0, 0, 1e38, .help = "standard deviation of the background's contrast; automatic by default" },
    { "stats", VN_P_CHOICE, 0, .def = "whole", .choices = "whole|region", .help = "where automatic values are taken from" },
    { "as", VN_P_NAME, 0, .help = "name of the result" },
    { 0 },
};

struct seg {
    float sign, level, spread, offset, noise, contrast, local;
    struct vn_taps smooth[3];
    struct vn_wide back, window;
    int64_t halo_z[3], halo[3];                /* of the contrast, of the result */
};

/* Sets lengths that were not given: `factor` smallest voxel edges. */
static int lengths(struct vn_args *a, const double um[3], struct vn_err *err)
{
    static const struct { const char *name; double factor; } def[] = { { "smooth", 0.8 }, { "background", 10 } };
    const bool known = um[0] > 0 && um[1] > 0 && um[2] > 0;
    const double edge = known ? fmin(um[0], fmin(um[1], um[2])) : 1;
    int rc = 0;

    for (int i = 0; rc == 0 && i < 2; i++)
        if (!vn_args_has(a, def[i].name)) {
            char text[40];
            snprintf(text, sizeof text, "%.9g%s", def[i].factor * edge, known ? "um" : "vox");
            rc = vn_args_set(a, def[i].name, text, err);
        }
    return rc;
}

static float real(const struct vn_args *a, const char *name) { return vn_args_has(a, name) ? (float)vn_args_real(a, name) : 0.0f; }

static int setup(const struct vn_args *a, const double um[3], struct seg *s, struct vn_err *err)
{
    double smooth[3], back[3], window[3];
    int rc = vn_sigma(a, "smooth", 0, um, smooth, err);

    if (rc || (rc = vn_sigma(a, "background", 0, um, back, err)))
        return rc;
    s->sign = vn_args_flag(a, "dark") ? -1.0f : 1.0f;
    s->level = s->sign * real(a, "level");
    s->spread = real(a, "spread");
    s->offset = real(a, "offset");
    s->noise = real(a, "noise");
    s->contrast = real(a, "contrast");
    s->local = real(a, "local");
    for (int k = 0; rc == 0 && k < 3; k++) {
        window[k] = 0.8 * back[k];
        rc = vn_gauss_taps(smooth[k], &s->smooth[k], err);
    }
    if (rc == 0 && !(rc = vn_wide_init(&s->back, back, err)))
        rc = vn_wide_init(&s->window, window, err);
    for (int k = 0; rc == 0 && k < 3; k++) {
        s->halo_z[k] = s->smooth[k].r + s->back.halo[k];
        s->halo[k] = s->halo_z[k] + s->window.halo[k];
    }
    return rc;
}

/* ---- rows ---- */

struct rows;
typedef void (*row_fn)(const struct rows *r, float *const v[4], int64_t n);
struct rows { const struct seg *s; row_fn f; const struct vn_buf *b[4]; struct vn_box box; };

static int rows_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct rows *r = ctx;
    const int64_t z = r->box.lo[2] + i;
    (void)err;

    for (int64_t y = r->box.lo[1]; y < r->box.hi[1]; y++) {
        float *v[4] = { NULL };
        for (int k = 0; k < 4 && r->b[k]; k++)
            v[k] = (float *)r->b[k]->data + vn_buf_at(r->b[k], r->box.lo[0], y, z);
        r->f(r, v, vn_box_dim(&r->box, 0));
    }
    return 0;
}

/* f over the rows of up to four buffers that contain box. */
static int each_row(const struct seg *s, row_fn f, const struct vn_box *box, const struct vn_buf *a, const struct vn_buf *b,
                    const struct vn_buf *c, const struct vn_buf *d, struct vn_job *job, struct vn_err *err)
{
    struct rows r = { s, f, { a, b, c, d }, *box };
    return vn_job_for_quiet(job, vn_box_dim(box, 2), rows_plane, &r, err);
}

static inline bool finite_f(float v) { return v - v == 0.0f; }

/* v[1] = the image, bright vessels, the background's level where it is not finite. */
static VN_HOT void clean_row(const struct rows *r, float *const v[4], int64_t n)
{
    const float *in = v[0], level = r->s->level, sign = r->s->sign;
    float *out = v[1];
    for (int64_t x = 0; x < n; x++)
        out[x] = finite_f(in[x]) ? sign * in[x] : level;
}

/* v[1] = weight of v[0] as background, v[2] = weight times height over the level. */
static VN_HOT void weight_row(const struct rows *r, float *const v[4], int64_t n)
{
    const float *g = v[0], level = r->s->level, scale = r->s->spread > 0.0f ? 1.0f / (2.5f * r->s->spread) : 0.0f;
    float *w = v[1], *wd = v[2];
    for (int64_t x = 0; x < n; x++) {
        const float d = g[x] - level, t = d * scale, t2 = t * t, weight = 1.0f / (1.0f + t2 * t2);
        w[x] = weight;
        wd[x] = weight * d;
    }
}

/* v[0] = contrast: smooth image v[0], smoothed weights v[1] and weighted heights v[2]. */
static VN_HOT void contrast_row(const struct rows *r, float *const v[4], int64_t n)
{
    const float level = r->s->level;
    float *g = v[0];
    const float *w = v[1], *wd = v[2];
    for (int64_t x = 0; x < n; x++)
        g[x] = (g[x] - level) - wd[x] / (w[x] + 0.05f);
}

/* v[0] contrast -> z; v[1] = z+, v[2] = z+^2. */
static VN_HOT void positive_row(const struct rows *r, float *const v[4], int64_t n)
{
    const float offset = r->s->offset, scale = r->s->noise > 0.0f ? 1.0f / r->s->noise : 0.0f;
    float *c = v[0], *one = v[1], *two = v[2];
    for (int64_t x = 0; x < n; x++) {
        float z = (c[x] - offset) * scale;
        z = z < 1e6f ? z : 1e6f;
        const float p = z > 0.0f ? z : 0.0f;
        c[x] = z;
        one[x] = p;
        two[x] = p * p;
    }
}

/* v[3] = probability: contrast v[0], window means v[1] of z+ and v[2] of z+^2. */
static VN_HOT void probability_row(const struct rows *r, float *const v[4], int64_t n)
{
    const float contrast = r->s->contrast, local = r->s->local;
    const float *z = v[0], *one = v[1], *two = v[2];
    float *p = v[3];
    for (int64_t x = 0; x < n; x++) {
        const float s = z[x] / (contrast + local * (two[x] / (one[x] + 1.0f)));
        const float q = s * s / (1.0f + s * s);
        p[x] = s > 0.0f ? q : 0.0f;
    }
}

/* v[1] = 0 where the image v[0] is not finite. */
static VN_HOT void hole_row(const struct rows *r, float *const v[4], int64_t n)
{
    const float *in = v[0];
    float *p = v[1];
    (void)r;
    for (int64_t x = 0; x < n; x++)
        p[x] = finite_f(in[x]) ? p[x] : 0.0f;
}

/* ---- stages ---- */

/* out = contrast g - b over out->box; in contains it grown by halo_z. */
static int contrast_map(const struct seg *s, const struct vn_buf *in, const struct vn_buf *out, struct vn_job *job, struct vn_err *err)
{
    const int64_t reach[3] = { s->smooth[0].r, s->smooth[1].r, s->smooth[2].r };
    const struct vn_box gbox = vn_box_grow(&out->box, s->back.halo), cbox = vn_box_grow(&gbox, reach);
    struct vn_buf clean = { 0 }, g = { 0 }, w = { 0 }, wd = { 0 }, ws = { 0 };
    int rc = vn_buf_new(&clean, VN_F32, &cbox, err);

    if (rc || (rc = vn_buf_new(&g, VN_F32, &gbox, err)) || (rc = vn_buf_new(&w, VN_F32, &gbox, err)))
        goto out;
    if ((rc = each_row(s, clean_row, &cbox, in, &clean, NULL, NULL, job, err)) || (rc = vn_filter_sep(&clean, s->smooth, &g, job, err)))
        goto out;
    vn_buf_free(&clean);
    if ((rc = vn_buf_new(&wd, VN_F32, &gbox, err)) || (rc = each_row(s, weight_row, &gbox, &g, &w, &wd, NULL, job, err)))
        goto out;
    if ((rc = vn_buf_new(&ws, VN_F32, &out->box, err)) || (rc = vn_wide_run(&w, &s->back, &ws, job, err)))
        goto out;
    vn_buf_free(&w);
    if ((rc = vn_buf_new(&w, VN_F32, &out->box, err)) || (rc = vn_wide_run(&wd, &s->back, &w, job, err)))
        goto out;
    const struct vn_buf part = vn_buf_view(&g, &out->box);
    struct vn_taps none[3];
    for (int k = 0; k < 3; k++)
        none[k] = (struct vn_taps) { .r = 0, .w = { 1 } };
    if ((rc = vn_filter_sep(&part, none, out, job, err)))
        goto out;
    rc = each_row(s, contrast_row, &out->box, out, &ws, &w, NULL, job, err);
out:
    vn_buf_free(&clean);
    vn_buf_free(&g);
    vn_buf_free(&w);
    vn_buf_free(&wd);
    vn_buf_free(&ws);
    return rc;
}

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *p, struct vn_err *err)
{
    struct seg s;
    int rc = setup(a, in[0]->grid.um, &s, err);
    (void)region;

    *p = (struct vn_plan) { .pad = VN_PAD_MIRROR, .in_type = { VN_F32 }, .out_type = VN_F32, .out_kind = VN_PROB, .mem_host = 36 };
    for (int k = 0; rc == 0 && k < 3; k++) {
        p->halo[k] = s.halo[k];
        p->um[k] = in[0]->grid.um[k];
    }
    return rc;
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job,
               struct vn_err *err)
{
    struct vn_buf z = { 0 }, one = { 0 }, two = { 0 }, ones = { 0 }, twos = { 0 };
    struct seg s;
    int rc = setup(a, p->um, &s, err);

    if (rc)
        return rc;
    const struct vn_box zbox = vn_box_grow(&out->box, s.window.halo);
    vn_job_stage(job, "contrast");
    if ((rc = vn_buf_new(&z, VN_F32, &zbox, err)) || (rc = contrast_map(&s, in, &z, job, err)))
        goto out;
    vn_job_stage(job, "probability");
    if ((rc = vn_buf_new(&one, VN_F32, &zbox, err)) || (rc = vn_buf_new(&two, VN_F32, &zbox, err)) ||
        (rc = each_row(&s, positive_row, &zbox, &z, &one, &two, NULL, job, err)))
        goto out;
    if ((rc = vn_buf_new(&ones, VN_F32, &out->box, err)) || (rc = vn_wide_run(&one, &s.window, &ones, job, err)) ||
        (rc = vn_buf_new(&twos, VN_F32, &out->box, err)) || (rc = vn_wide_run(&two, &s.window, &twos, job, err)))
        goto out;
    if (!(rc = each_row(&s, probability_row, &out->box, &z, &ones, &twos, out, job, err)))
        rc = each_row(&s, hole_row, &out->box, in, out, NULL, NULL, job, err);
out:
    vn_buf_free(&z);
    vn_buf_free(&one);
    vn_buf_free(&two);
    vn_buf_free(&ones);
    vn_buf_free(&twos);
    return rc;
}

/* ---- automatic values ---- */

/* The contrast of all sample blocks. */
static int gather(struct vn_sample *q, const struct seg *s, struct vn_vol *v, struct vn_job *job, struct vn_err *err)
{
    int rc = 0;

    vn_sample_clear(q);
    for (int i = 0; rc == 0 && i < q->n_block; i++) {
        const struct vn_box box = vn_sample_block(q, i), grown = vn_box_grow(&box, s->halo_z);
        struct vn_buf in = { 0 }, c = { 0 };
        if (!(rc = vn_vol_map(v, VN_F32, &grown, VN_PAD_MIRROR, &in, job, err)) && !(rc = vn_buf_new(&c, VN_F32, &box, err)))
            rc = contrast_map(s, &in, &c, job, err);
        if (rc == 0)
            vn_sample_add(q, &c, &box, 1.0f);
        vn_buf_free(&in);
        vn_buf_free(&c);
    }
    return rc;
}

static int set_real(struct vn_args *a, const char *name, double v, struct vn_err *err)
{
    char text[40];
    if (vn_args_has(a, name))
        return 0;
    snprintf(text, sizeof text, "%.9g", v);
    return vn_args_set(a, name, text, err);
}

static const double CONTRAST_MIN = 4.5, CONTRAST_MAX = 11;

/* Half of the mean contrast (weighted by itself) of what stands out by 4 standard deviations, so that faint vessels are
 * found in a noisy image; never below CONTRAST_MIN, where noise begins, and no more than CONTRAST_MAX is asked. */
static double contrast_of(const float *c, int64_t n, double offset, double noise)
{
    double one = 0, two = 0;

    for (int64_t i = 0; i < n; i++) {
        const double z = (c[i] - offset) / noise;
        if (z > 4) {
            one += z;
            two += z * z;
        }
    }
    return one > 0 ? fmax(CONTRAST_MIN, fmin(CONTRAST_MAX, 0.5 * two / one)) : CONTRAST_MIN;
}

static int prepare(struct vn_args *a, struct vn_vol *const *in, const struct vn_box *stat_box, struct vn_job *job, struct vn_err *err)
{
    struct vn_sample q;
    struct vn_backdrop b;
    struct seg s;
    int rc = lengths(a, in[0]->grid.um, err);

    if (rc || (vn_args_has(a, "level") && vn_args_has(a, "spread") && vn_args_has(a, "offset") && vn_args_has(a, "noise") && vn_args_has(a, "contrast")))
        return rc;
    if ((rc = vn_sample_init(&q, stat_box, err)))
        return rc;
    vn_job_stage(job, "statistics");
    if ((rc = setup(a, in[0]->grid.um, &s, err)) || (rc = vn_sample_read(&q, in[0], s.sign, job, err)))
        goto out;
    vn_backdrop(q.v, q.n_v, &b);
    if (isnan(b.level))
        b.level = 0;
    if (b.spread == 0) {                       /* no noise: half of the structures' height is p = 1/2 */
        const double height = b.bright > b.level ? b.bright - b.level : 0;
        if ((rc = set_real(a, "contrast", CONTRAST_MAX, err)) || (rc = set_real(a, "spread", 0.05 * height, err)) ||
            (rc = set_real(a, "offset", 0, err)) || (rc = set_real(a, "noise", 0.4 * height / vn_args_real(a, "contrast"), err)))
            goto out;
    }
    if ((rc = set_real(a, "level", s.sign * b.level, err)) || (rc = set_real(a, "spread", b.spread, err)) ||
        (vn_args_has(a, "offset") && vn_args_has(a, "noise") && vn_args_has(a, "contrast")))
        goto out;
    if ((rc = setup(a, in[0]->grid.um, &s, err)) || (rc = gather(&q, &s, in[0], job, err)))
        goto out;
    vn_backdrop(q.v, q.n_v, &b);
    if ((rc = set_real(a, "offset", isnan(b.level) ? 0 : b.level, err)) ||
        (rc = set_real(a, "noise", b.spread > 0 ? b.spread : 0.1 * s.spread, err)))
        goto out;
    rc = set_real(a, "contrast", contrast_of(q.v, q.n_v, vn_args_real(a, "offset"), vn_args_real(a, "noise")), err);
out:
    vn_sample_free(&q);
    return rc;
}

const struct vn_op vn_op_segment = { "segment", 1, VN_STENCIL, 1, vn_segment_params, plan, prepare, cpu, NULL, 0, 0 };
