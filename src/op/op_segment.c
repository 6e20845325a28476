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

/* v = the image, bright vessels, the background's level where it is not finite. */
static VN_HOT void clean_row(const struct seg *s, float *v, int64_t n)
{
    const float level = s->level, sign = s->sign;
    for (int64_t x = 0; x < n; x++)
        v[x] = finite_f(v[x]) ? sign * v[x] : level;
}

struct cleaning { const struct seg *s; const struct vn_buf *in, *out; };

static int clean_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct cleaning *c = ctx;
    const struct vn_box *b = &c->out->box;
    const int64_t z = b->lo[2] + i, n = vn_box_dim(b, 0);
    (void)err;

    for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
        float *v = (float *)c->out->data + vn_buf_at(c->out, b->lo[0], y, z);
        vn_convert_row(VN_F32, v, c->in->type, (const char *)c->in->data + vn_buf_at(c->in, b->lo[0], y, z) * (int64_t)vn_type_size(c->in->type), n);
        clean_row(c->s, v, n);
    }
    return 0;
}

/* Weight of g as background. */
static VN_HOT void weight_row(const void *ctx, const float *g, float *w, int64_t n)
{
    const struct seg *s = ctx;
    const float level = s->level, scale = s->spread > 0.0f ? 1.0f / (2.5f * s->spread) : 0.0f;
    for (int64_t x = 0; x < n; x++) {
        const float d = g[x] - level, t = d * scale, t2 = t * t;
        w[x] = 1.0f / (1.0f + t2 * t2);
    }
}

/* Weight times height over the level. */
static VN_HOT void height_row(const void *ctx, const float *g, float *wd, int64_t n)
{
    const struct seg *s = ctx;
    const float level = s->level, scale = s->spread > 0.0f ? 1.0f / (2.5f * s->spread) : 0.0f;
    for (int64_t x = 0; x < n; x++) {
        const float d = g[x] - level, t = d * scale, t2 = t * t, weight = 1.0f / (1.0f + t2 * t2);
        wd[x] = weight * d;
    }
}

/* v[1] = contrast: smooth image v[0], smoothed weights v[1] and weighted heights v[2]. */
static VN_HOT void contrast_row(const struct rows *r, float *const v[4], int64_t n)
{
    const float level = r->s->level;
    const float *g = v[0], *wd = v[2];
    float *w = v[1];
    for (int64_t x = 0; x < n; x++)
        w[x] = (g[x] - level) - wd[x] / (w[x] + 0.05f);
}

static inline float z_of(float contrast, float offset, float scale)
{
    const float z = (contrast - offset) * scale;
    return z < 1e6f ? z : 1e6f;
}

/* z+ of the contrast. */
static VN_HOT void positive_row(const void *ctx, const float *c, float *one, int64_t n)
{
    const struct seg *s = ctx;
    const float offset = s->offset, scale = s->noise > 0.0f ? 1.0f / s->noise : 0.0f;
    for (int64_t x = 0; x < n; x++) {
        const float z = z_of(c[x], offset, scale);
        one[x] = z > 0.0f ? z : 0.0f;
    }
}

/* z+^2. */
static VN_HOT void square_row(const void *ctx, const float *c, float *two, int64_t n)
{
    const struct seg *s = ctx;
    const float offset = s->offset, scale = s->noise > 0.0f ? 1.0f / s->noise : 0.0f;
    for (int64_t x = 0; x < n; x++) {
        const float z = z_of(c[x], offset, scale), p = z > 0.0f ? z : 0.0f;
        two[x] = p * p;
    }
}

/* v[2] = probability: contrast v[0], window means v[1] of z+^2 and v[2] of z+. */
static VN_HOT void probability_row(const struct rows *r, float *const v[4], int64_t n)
{
    const float contrast = r->s->contrast, local = r->s->local, offset = r->s->offset, scale = r->s->noise > 0.0f ? 1.0f / r->s->noise : 0.0f;
    const float *c = v[0], *two = v[1];
    float *p = v[2];
    for (int64_t x = 0; x < n; x++) {
        const float s = z_of(c[x], offset, scale) / (contrast + local * (two[x] / (p[x] + 1.0f)));
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

enum { SLAB = 24 };

/* g = the image without holes, smoothed, a slab of planes at a time. */
static int smooth_map(const struct seg *s, const struct vn_buf *in, const struct vn_buf *g, struct vn_job *job, struct vn_err *err)
{
    const int64_t reach[3] = { s->smooth[0].r, s->smooth[1].r, s->smooth[2].r };
    int rc = 0;

    for (int64_t z = g->box.lo[2]; rc == 0 && z < g->box.hi[2]; z += SLAB) {
        struct vn_box slab = g->box;
        slab.lo[2] = z;
        slab.hi[2] = vn_min64(z + SLAB, g->box.hi[2]);
        const struct vn_box need = vn_box_grow(&slab, reach);
        const struct vn_buf part = vn_buf_view(g, &slab);
        struct vn_buf clean = { 0 };
        struct cleaning c = { s, in, &clean };
        if (!(rc = vn_buf_new(&clean, VN_F32, &need, err)) && !(rc = vn_job_for_quiet(job, vn_box_dim(&need, 2), clean_plane, &c, err)))
            rc = vn_filter_sep(&clean, s->smooth, &part, job, err);
        vn_buf_free(&clean);
    }
    return rc;
}

/* out = contrast g - b over out->box; in, of any type, contains it grown by halo_z. */
static int contrast_map(const struct seg *s, const struct vn_buf *in, const struct vn_buf *out, struct vn_job *job, struct vn_err *err)
{
    const struct vn_box gbox = vn_box_grow(&out->box, s->back.halo);
    struct vn_buf g = { 0 }, wd = { 0 };
    int rc = vn_buf_new(&g, VN_F32, &gbox, err);

    if (rc || (rc = smooth_map(s, in, &g, job, err)) || (rc = vn_wide_of(&g, weight_row, s, &s->back, out, job, err)) ||
        (rc = vn_buf_new(&wd, VN_F32, &out->box, err)) || (rc = vn_wide_of(&g, height_row, s, &s->back, &wd, job, err)))
        goto out;
    rc = each_row(s, contrast_row, &out->box, &g, out, &wd, NULL, job, err);
out:
    vn_buf_free(&g);
    vn_buf_free(&wd);
    return rc;
}

/* Integers are read as they are; of other types only f32, whose voxels may not be finite. */
static enum vn_type type_read(const struct vn_vol *v) { return vn_type_is_int(v->src->type) ? v->src->type : VN_F32; }

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *p, struct vn_err *err)
{
    struct seg s;
    int rc = setup(a, in[0]->grid.um, &s, err);
    (void)region;

    *p = (struct vn_plan) { .pad = VN_PAD_MIRROR, .in_type = { type_read(in[0]) }, .out_type = VN_F32, .out_kind = VN_PROB, .mem_host = 28 };
    for (int k = 0; rc == 0 && k < 3; k++) {
        p->halo[k] = s.halo[k];
        p->um[k] = in[0]->grid.um[k];
    }
    return rc;
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job,
               struct vn_err *err)
{
    struct vn_buf c = { 0 }, two = { 0 };
    struct seg s;
    int rc = setup(a, p->um, &s, err);

    if (rc)
        return rc;
    const struct vn_box cbox = vn_box_grow(&out->box, s.window.halo);
    vn_job_stage(job, "contrast");
    if ((rc = vn_buf_new(&c, VN_F32, &cbox, err)) || (rc = contrast_map(&s, in, &c, job, err)))
        goto out;
    vn_job_stage(job, "probability");
    if ((rc = vn_wide_of(&c, positive_row, &s, &s.window, out, job, err)) || (rc = vn_buf_new(&two, VN_F32, &out->box, err)) ||
        (rc = vn_wide_of(&c, square_row, &s, &s.window, &two, job, err)))
        goto out;
    rc = each_row(&s, probability_row, &out->box, &c, &two, out, NULL, job, err);
    if (rc == 0 && in->type == VN_F32)
        rc = each_row(&s, hole_row, &out->box, in, out, NULL, NULL, job, err);
out:
    vn_buf_free(&c);
    vn_buf_free(&two);
    return rc;
}

/* ---- automatic values ---- */

/* The contrast of box, of which sample blocks from..to are added to q. */
static int gather_box(struct vn_sample *q, int from, int to, const struct vn_box *box, const struct seg *s, struct vn_vol *v,
                      struct vn_job *job, struct vn_err *err)
{
    const struct vn_box grown = vn_box_grow(box, s->halo_z);
    struct vn_buf in = { 0 }, c = { 0 };
    int rc = vn_vol_map(v, type_read(v), &grown, VN_PAD_MIRROR, &in, job, err);

    if (rc == 0 && !(rc = vn_buf_new(&c, VN_F32, box, err)))
        rc = contrast_map(s, &in, &c, job, err);
    for (int i = from; rc == 0 && i < to; i++) {
        const struct vn_box block = vn_sample_block(q, i);
        vn_sample_add(q, &c, &block, 1.0f);
    }
    vn_buf_free(&in);
    vn_buf_free(&c);
    return rc;
}

/* The contrast of all sample blocks: of the whole box at once where that is less work, as halos overlap, and fits. */
static int gather(struct vn_sample *q, const struct seg *s, struct vn_vol *v, struct vn_job *job, struct vn_err *err)
{
    const struct vn_box all = vn_box_grow(&q->box, s->halo_z), first = vn_sample_block(q, 0), one = vn_box_grow(&first, s->halo_z);
    const uint64_t used = vn_mem_in_use(), budget = vn_mem_budget(), room = budget > used ? (budget - used) / 2 : 0;
    int rc = 0;

    vn_sample_clear(q);
    if (vn_box_count(&all) <= vn_box_count(&one) * (uint64_t)q->n_block && vn_box_count(&all) * 24 <= room)
        return gather_box(q, 0, q->n_block, &q->box, s, v, job, err);
    for (int i = 0; rc == 0 && i < q->n_block; i++) {
        const struct vn_box box = vn_sample_block(q, i);
        rc = gather_box(q, i, i + 1, &box, s, v, job, err);
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
