/* op_segment.c - probability of being vessel, from local contrast in units of the background's noise.
 *
 *   g = v, less the background's drift (drift.h), smoothed by a Gaussian of `smooth`
 *   b = level + G_background[w (g - level)] / (G_background[w] + 0.05),  w = 1 / (1 + ((g - level) / 3 spread)^4)
 *   z = (g - b - offset) / noise
 *   z is lowered to 0 where the surroundings are a sheet (sheet.h), and raised to A in the lumens of hollow vessels
 *   (lumen.h), and to VN_SEG_FAINT in wide vessels too faint for it (faint.h)
 *   s = z / max(contrast + local A, edge B),  A = G_window[z+^2] / (G_window[z+] + 1),
 *   B the largest z of the voxel and those beside it
 *   p = s^2 / (1 + s^2) where s > 0, else 0
 *
 * b is a wide mean of the surroundings in which vessels hardly count (normalised convolution, Knutsson, Westin 1993),
 * and the volume's level where there is nothing but vessel.  A is the contrast of the vessels around: the border of a
 * bright vessel is drawn at a fraction of its own contrast, not at the noise.  Where z falls from one voxel to the next
 * below the fraction `edge` is the foot of a blurred border, no vessel.  What is automatic is settled from samples
 * (segment_auto.c) and recorded; given the same numbers a region equals the crop of the whole.  A voxel that is not finite counts as background level and gets 0. */
#include "segment.h"
#include <string.h>
#include "artifact.h"
#include "found.h"
#include "lumen.h"
#include "mem.h"
#include "outliers.h"
#include "pores.h"
#include "sheet.h"
#include "vox.h"

const struct vn_param vn_segment_params[] = {
    { "volume", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_IMAGE | VN_PROB, .help = "image" },
    { "method", VN_P_CHOICE, 0, .def = "auto", .choices = "auto|vesselness|local", .help = "how" },
    { "dark", VN_P_FLAG, 0, .help = "vessels darker than their surroundings" },
    { "contrast", VN_P_REAL, 0, 0.1, 1e6, .unit = "noise",
      .help = "contrast of p = 1/2, in standard deviations of the background; automatic by default" },
    { "local", VN_P_REAL, 0, 0, 1, .def = "0.12", .help = "share of the contrast around that is asked in addition" },
    { "edge", VN_P_REAL, 0, 0, 1,
      .help = "share of the contrast of the voxels beside that is asked at least; automatic by default, "
              "0.5, or 0.33 in thick slices and blurred images" },
    { "smooth", VN_P_LENGTH, 0, 0, 1e9,
      .help = "Gaussian against noise; automatic by default, "
              "0.75 of the smallest voxel edge and more for thin vessels" },
    { "background", VN_P_LENGTH, 0, 0, 1e9,
      .help = "Gaussian of the background; 6 of the smallest voxel edge by default" },
    { "drift", VN_P_REALS, 0,
      .help = "change of the background across the volume, as a polynomial of 9 terms; 0: none; automatic by default" },
    { "level", VN_P_REAL, 0, .help = "grey value of the background; automatic by default" },
    { "spread", VN_P_REAL, 0, 0, 1e38,
      .help = "standard deviation of the background before smoothing; automatic by default" },
    { "offset", VN_P_REAL, 0, .help = "mean of the background's contrast; automatic by default" },
    { "noise", VN_P_REAL, 0, 0, 1e38, .help = "standard deviation of the background's contrast; automatic by default" },
    { "sheets", VN_P_CHOICE, 0, .def = "drop", .choices = "drop|keep",
      .help = "what to do with sheets, as of meninges" },
    { "artifacts", VN_P_TEXT, 0, .help = "what deartifact takes away before, 0: nothing; looked for by default" },
    { "range", VN_P_REALS, 0, .help = "grey values LOW,HIGH, beyond which a voxel counts as their middle, "
                                      "0: all are taken; automatic by default" },
    { "hollow", VN_P_LENGTH, 0, 0, 1e9,
      .help = "widest lumen of a hollow vessel that is filled, 0: none; automatic by default" },
    { "faint", VN_P_REALS, 0,
      .help = "faint wide vessels: the widest in smallest voxel edges, standard deviation of the background, that of "
              "cells in three of it; 0: none are looked for; automatic by default" },
    { "scales", VN_P_LENGTHS, 0, 0, 1e9,
      .help = "vesselness: standard deviations of the Gaussian; 1, 2 and 4 of the smallest voxel edge by default" },
    { "window", VN_P_LENGTH, 0, 0, 1e9, .def = "31vox", .help = "local: width of the surroundings" },
    { "k", VN_P_REAL, 0, 0, 100, .def = "1", .help = "local: standard deviations of the surroundings at p = 1/2" },
    { "stats", VN_P_CHOICE, 0, .def = "whole", .choices = "whole|region",
      .help = "where automatic values are taken from" },
    { "as", VN_P_NAME, 0, .help = "name of the result" },
    { 0 },
};

const int64_t vn_segment_reach[3] = { VN_PORE + 1, VN_PORE + 1, 1 };

static void edges_of(const double um[3], double edge[3])
{
    const double least = vn_seg_edge(um);
    for (int k = 0; k < 3; k++)
        edge[k] = um[0] > 0 && um[1] > 0 && um[2] > 0 ? um[k] / least : 1;
}

static int hollow_of(const struct vn_args *a, const double um[3], double *edges, struct vn_err *err)
{
    double vox;

    *edges = 0;
    for (int k = 0; vn_args_has(a, "hollow") && k < 3; k++) {
        const int rc = vn_args_length_vox(a, "hollow", 0, um, k, &vox, err);
        if (rc)
            return rc;
        *edges = fmax(*edges, vox);
    }
    if (*edges > VN_LUMEN_MAX)
        return vn_fail(err, VN_E_ARG, "hollow=%s is %.0f voxels wide; a lumen may have up to %d",
                       vn_args_text(a, "hollow"), *edges, VN_LUMEN_MAX);
    return 0;
}

/* Once the level is known. */
static int faint_of(const struct vn_args *a, struct vn_seg *s, struct vn_err *err)
{
    const struct vn_arg *f = vn_args_has(a, "faint") ? vn_arg(a, "faint") : NULL;

    s->looks = f && (f->i != 1 || f->d[0] != 0);
    if (!s->looks)
        return 0;
    if (f->i != 3 || !(f->d[0] > 0 && f->d[0] <= VN_FAINT_MAX && f->d[1] > 0 && f->d[2] > 0))
        return vn_fail(err, VN_E_ARG, "faint=%s: it takes 3 numbers above 0, the first up to %d, or 0",
                       vn_args_text(a, "faint"), VN_FAINT_MAX);
    vn_faint_init(&s->faint, s->dim, s->edge, f->d[0]);
    s->faint.level = s->level;
    s->faint.spread = (float)f->d[1];
    s->faint.step = (float)f->d[2];
    vn_faint_halo(&s->faint, s->halo_f);
    return 0;
}

int vn_seg_setup(const struct vn_args *a, const struct vn_grid *g, struct vn_seg *s, struct vn_err *err)
{
    const double *um = g->um;
    double smooth[3], back[3], window[3];
    int rc = vn_sigma(a, "smooth", 0, um, smooth, err);

    if (rc || (rc = vn_sigma(a, "background", 0, um, back, err)))
        return rc;
    s->tally = NULL;
    s->sign = vn_args_flag(a, "dark") ? -1.0f : 1.0f;
    s->level = s->sign * vn_seg_real(a, "level");
    s->spread = vn_seg_real(a, "spread");
    if (vn_args_has(a, "drift") && vn_arg(a, "drift")->i != 1 && vn_arg(a, "drift")->i != VN_DRIFT)
        return vn_fail(err, VN_E_ARG,
                       "drift=%s has %lld numbers; it takes 9 (of x, y, z, x^2, y^2, z^2, xy, xz, yz), or 0",
                       vn_args_text(a, "drift"), vn_arg(a, "drift")->i);
    s->drifts = false;
    memcpy(s->dim, g->dim, sizeof s->dim);
    for (int i = 0; i < VN_DRIFT; i++) {
        const bool given = vn_args_has(a, "drift") && vn_arg(a, "drift")->i == VN_DRIFT;
        s->drift[i] = given ? (float)vn_arg(a, "drift")->d[i] : 0.0f;
        s->drifts = s->drifts || s->drift[i] != 0.0f;
    }
    s->offset = vn_seg_real(a, "offset");
    s->noise = vn_seg_real(a, "noise");
    s->contrast = vn_seg_real(a, "contrast");
    s->local = vn_seg_real(a, "local");
    s->border = vn_args_has(a, "edge") ? vn_seg_real(a, "edge") : (float)VN_SEG_THIRD;
    for (int k = 0; rc == 0 && k < 3; k++) {
        window[k] = 2 * back[k];
        rc = vn_gauss_taps(smooth[k], &s->smooth[k], err);
    }
    if (rc == 0 && !(rc = vn_wide_init(&s->back, back, err)))
        rc = vn_wide_init(&s->window, window, err);
    if (rc)
        return rc;
    s->sheets = !strcmp(vn_args_text(a, "sheets"), "keep");
    memcpy(s->um, um, sizeof s->um);
    if ((rc = hollow_of(a, um, &s->hollow, err)))
        return rc;
    edges_of(um, s->edge);
    memset(s->halo_s, 0, sizeof s->halo_s);
    memset(s->halo_l, 0, sizeof s->halo_l);
    memset(s->halo_f, 0, sizeof s->halo_f);
    if ((rc = faint_of(a, s, err)))
        return rc;
    if (!s->sheets)
        vn_sheet_halo(um, s->halo_s);
    if (s->hollow > 0)
        vn_lumen_halo(s->edge, s->hollow, s->halo_l);
    for (int k = 0; k < 3; k++) {
        s->halo_z[k] = s->smooth[k].r + s->back.halo[k];
        s->halo[k] = vn_max64(s->halo_z[k] + vn_max64(s->halo_s[k], s->window.halo[k] + s->halo_l[k]), s->halo_f[k]) +
                     vn_segment_reach[k];
    }
    return 0;
}

/* ---- rows ---- */

/* v = the image, bright vessels, the background's level where it is not finite. */
static VN_HOT void clean_row(const struct vn_seg *s, float *v, int64_t n)
{
    const float level = s->level, sign = s->sign;
    for (int64_t x = 0; x < n; x++)
        v[x] = vn_finite(v[x]) ? sign * v[x] : level;
}

/* Weight of g as background, and weight times height over the level. */
static VN_HOT void weight_row(const struct vn_seg *s, const float *restrict g, float *restrict w, float *restrict wd,
                              int64_t n)
{
    const float level = s->level, scale = s->spread > 0.0f ? 1.0f / (3.0f * s->spread) : 0.0f;
    for (int64_t x = 0; x < n; x++) {
        const float d = g[x] - level, t = d * scale, t2 = t * t, weight = 1.0f / (1.0f + t2 * t2);
        w[x] = weight;
        wd[x] = weight * d;
    }
}

/* w = contrast of g, given smoothed weights w and weighted heights wd. */
static VN_HOT void contrast_row(const struct vn_seg *s, const float *restrict g, const float *restrict wd,
                                float *restrict w, int64_t n)
{
    const float level = s->level;
    for (int64_t x = 0; x < n; x++)
        w[x] = (g[x] - level) - wd[x] / (w[x] + 0.05f);
}

static inline float z_of(float contrast, float offset, float scale)
{
    const float z = (contrast - offset) * scale;
    return z < 1e6f ? z : 1e6f;
}

/* c = z+ of the contrast c, two = z+^2. */
static VN_HOT void positive_row(const struct vn_seg *s, float *restrict c, float *restrict two, int64_t n)
{
    const float offset = s->offset, scale = s->noise > 0.0f ? 1.0f / s->noise : 0.0f;
    for (int64_t x = 0; x < n; x++) {
        const float z = z_of(c[x], offset, scale), p = z > 0.0f ? z : 0.0f;
        c[x] = p;
        two[x] = p * p;
    }
}

/* two = contrast of the vessels around, given the window's means of z+ and z+^2. */
static VN_HOT void around_row(const float *restrict one, float *restrict two, int64_t n)
{
    for (int64_t x = 0; x < n; x++)
        two[x] = two[x] / (one[x] + 1.0f);
}

/* b = the largest of three rows. */
static VN_HOT void largest_row(const float *restrict a, const float *restrict c, float *restrict b, int64_t n)
{
    for (int64_t x = 0; x < n; x++) {
        const float t = a[x] > c[x] ? a[x] : c[x];
        b[x] = t > b[x] ? t : b[x];
    }
}

/* out = the largest contrast of a row's voxels and those beside them, as far as they are in c, along axes whose voxels are
 * less than half as long again as the smallest edge.  spare: two more than n. */
static void beside_row(const struct vn_seg *s, const struct vn_buf *c, int64_t x, int64_t y, int64_t z, float *out,
                       float *spare, int64_t n)
{
    const struct vn_box *b = &c->box;
    const float *const data = c->data;
    int64_t step[3];
    float *const row = spare + 1;

    for (int k = 0; k < 3; k++)
        step[k] = s->edge[k] < 1.5;
    const int64_t y0 = vn_max64(y - step[1], b->lo[1]), y1 = vn_min64(y + step[1], b->hi[1] - 1);
    const int64_t z0 = vn_max64(z - step[2], b->lo[2]), z1 = vn_min64(z + step[2], b->hi[2] - 1);
    memcpy(row, data + vn_buf_at(c, x, y, z), (size_t)n * sizeof *row);
    for (int64_t k = z0; k <= z1; k++)
        largest_row(data + vn_buf_at(c, x, y0, k), data + vn_buf_at(c, x, y1, k), row, n);
    largest_row(data + vn_buf_at(c, x, y, z0), data + vn_buf_at(c, x, y, z1), row, n);
    row[-1] = row[0];
    row[n] = row[n - 1];
    memcpy(out, row, (size_t)n * sizeof *row);
    if (step[0])
        largest_row(row - 1, row + 1, out, n);
}

/* c = probability of contrast c, given that of the vessels around and of the voxels beside; NULL: not asked. */
static VN_HOT void probability_row(const struct vn_seg *s, const float *restrict around, const float *restrict beside,
                                   float *restrict c, int64_t n)
{
    const float contrast = s->contrast, local = s->local, border = beside ? s->border : 0.0f;
    const float offset = s->offset, scale = s->noise > 0.0f ? 1.0f / s->noise : 0.0f;
    beside = beside ? beside : around;
    for (int64_t x = 0; x < n; x++) {
        const float far = contrast + local * around[x], near = border * z_of(beside[x], offset, scale);
        const float r = z_of(c[x], offset, scale) / (near > far ? near : far);
        const float q = r * r / (1.0f + r * r);
        c[x] = r > 0.0f ? q : 0.0f;
    }
}

/* p = 0 where the image is not finite. */
static VN_HOT void hole_row(const float *restrict in, float *restrict p, int64_t n)
{
    for (int64_t x = 0; x < n; x++)
        p[x] = vn_finite(in[x]) ? p[x] : 0.0f;
}

/* ---- the contrast ---- */

static int64_t fold(const struct vn_box *b, int k, int64_t i)
{
    return vn_pad_from(VN_PAD_MIRROR, i, b->lo[k], b->hi[k]);
}

void vn_ground_clean(const void *ctx, int64_t x, int64_t y, int64_t z, float *out, int64_t n)
{
    const struct vn_ground *c = ctx;
    const struct vn_box *b = &c->in->box;
    const int64_t lo = vn_max64(x, b->lo[0]), hi = vn_min64(x + n, b->hi[0]);
    const int64_t from = vn_buf_at(c->in, lo, fold(b, 1, y), fold(b, 2, z));

    vn_convert_row(VN_F32, out + (lo - x), c->in->type,
                   (const char *)c->in->data + from * (int64_t)vn_type_size(c->in->type), hi - lo);
    if (c->s->drifts)
        vn_drift_row(c->s->drift, c->s->dim, lo, fold(b, 1, y), fold(b, 2, z), out + (lo - x), hi - lo);
    clean_row(c->s, out + (lo - x), hi - lo);
    vn_mirror_row(out, n, lo - x, hi - x);
}

/* A row of g; where it reaches beyond the volume, in spare. */
static const float *smooth_row(const struct vn_ground *c, int64_t x, int64_t y, int64_t z, float *spare, int64_t n)
{
    const struct vn_box *b = &c->g.box;
    const int64_t lo = vn_max64(x, b->lo[0]), hi = vn_min64(x + n, b->hi[0]);
    const float *row = (const float *)c->g.data + vn_buf_at(&c->g, lo, fold(b, 1, y), fold(b, 2, z));

    if (hi - lo == n)
        return row;
    memcpy(spare + (lo - x), row, (size_t)(hi - lo) * sizeof *row);
    vn_mirror_row(spare, n, lo - x, hi - x);
    return spare;
}

static void fill_weights(const void *ctx, int64_t x, int64_t y, int64_t z, float *const *row, int64_t n)
{
    const struct vn_ground *c = ctx;
    weight_row(c->s, smooth_row(c, x, y, z, row[2], n), row[0], row[1], n);
}

void vn_ground_row(const struct vn_ground *c, int64_t x, int64_t y, int64_t z, float *out, float *const spare[2],
                   int64_t n)
{
    vn_field_row(&c->back, 0, x, y, z, out, spare[1], n);
    vn_field_row(&c->back, 1, x, y, z, spare[0], spare[1], n);
    contrast_row(c->s, smooth_row(c, x, y, z, spare[1], n), spare[0], out, n);
}

void vn_ground_free(struct vn_ground *c)
{
    vn_buf_free(&c->g);
    vn_field_free(&c->back);
}

int vn_ground_init(struct vn_ground *c, const struct vn_seg *s, const struct vn_buf *in, const struct vn_box *box,
                   struct vn_job *job, struct vn_err *err)
{
    const struct vn_box wide = vn_box_grow(box, s->back.halo);
    struct vn_box here;
    int rc;

    *c = (struct vn_ground) { .s = s, .in = in };
    vn_box_meet(&wide, &in->box, &here);
    if ((rc = vn_buf_new(&c->g, VN_F32, &here, err)) ||
        (rc = vn_filter_sep_of(vn_ground_clean, c, s->smooth, &c->g, job, err)))
        return rc;
    return vn_field_init(&c->back, &s->back, box, 2, 1, fill_weights, c, job, err);
}

/* ---- the operation ---- */

/* Voxels inside the volume alone. */
static void map(const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in, const struct vn_box *out,
                struct vn_box *need)
{
    const struct vn_box grown = vn_box_grow(out, p->halo);
    (void)a;
    vn_box_meet(&grown, &in->box, need);
}

enum { LUMEN_BITS = 9 };                       /* of a voxel, while lumens are found */

/* Input, result and smoothed image with the slab it is made from; then the cells of two functions and their means, or,
 * no longer with the smoothed image, those of the window, or these with lumens. */
double vn_seg_bytes(const struct vn_seg *s, enum vn_type t)
{
    const double slab = 4.0 * fmin(1, (VN_SEP_DEPTH + 2.0 * s->smooth[2].r) / (1 + 2.0 * (double)s->halo[2]));
    double back = 8, window = 8;

    for (int k = 0; k < 3; k++) {
        back /= (double)s->back.f[k];
        window /= (double)s->window.f[k];
    }
    const double lumen = s->hollow > 0 ? LUMEN_BITS / 8.0 : 0;
    const double later = fmax(4 + back + window + lumen / LUMEN_BITS, fmax(2.5 * window, window + lumen));
    const double cells = s->looks ? 16 / (double)(s->faint.f[0] * s->faint.f[1] * s->faint.f[2]) + window : 0;
    return (double)vn_type_size(t) + 4 + fmax(cells, fmax(4 + fmax(slab, 2 * back), later));
}

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *p,
                struct vn_err *err)
{
    const enum vn_type t = vn_filter_type(in[0]);
    struct vn_seg s;
    int rc = vn_seg_setup(a, &in[0]->grid, &s, err);

    *p = (struct vn_plan) { .pad = VN_PAD_MIRROR, .in_type = { t }, .out_type = VN_F32, .out_kind = VN_PROB,
                            .grid = in[0]->grid, .box = *region };
    for (int k = 0; rc == 0 && k < 3; k++) {
        p->halo[k] = s.halo[k];
        p->um[k] = in[0]->grid.um[k];
        p->step[k] = 1;
    }
    if (rc == 0)
        p->mem_host = vn_seg_bytes(&s, t);
    return rc;
}

/* Whose contrast a box depends on, as far as there is any of within. */
static struct vn_box reached(const struct vn_box *box, const struct vn_box *within)
{
    const struct vn_box grown = vn_box_grow(box, vn_segment_reach);
    struct vn_box b;
    vn_box_meet(&grown, within, &b);
    return b;
}

/* Work of a voxel beside the smoothing and VN_SEG_CONTRAST, in additions. */
static const double WEIGHT = 6, SHEET = 12, PROBABILITY = 20, LUMEN = 16;

void vn_ground_cost(const struct vn_seg *s, const struct vn_vol *in, const struct vn_box *box, double *stay,
                    struct vn_cost *c)
{
    const struct vn_box wide = vn_box_grow(box, s->back.halo);
    struct vn_box here;
    double means, cells, filled;

    vn_box_meet(&wide, &in->box, &here);
    const double g = vn_mem_counted(4.0 * (double)vn_box_count(&here));
    vn_field_bytes(&s->back, box, 2, &means, &cells, &filled);
    *stay = g + means;
    c->bytes = g + fmax(vn_sep_bytes(s->smooth, &here, VN_SEP_DEPTH), cells);
    c->work = vn_sep_work(s->smooth, &here) + WEIGHT * filled;
}

/* Whole cells. */
static struct vn_box faint_box(const struct vn_seg *s, const struct vn_box *out)
{
    const int64_t *f = s->faint.f, *h = s->halo_f;
    const struct vn_box b = vn_box_grow(out, (const int64_t[3]){ h[0] - f[0], h[1] - f[1], h[2] - f[2] });
    return vn_faint_box(&s->faint, &b);
}

/* Where the contrast around is needed, as walls are, and where the contrast is. */
static void boxes(const struct vn_seg *s, const struct vn_box *out, const struct vn_box *volume, struct vn_box *walls,
                  struct vn_box *wide)
{
    const struct vn_box reach = vn_box_grow(out, s->halo_l), sheets = vn_box_grow(out, s->halo_s);

    vn_box_meet(&reach, volume, walls);
    *wide = vn_box_grow(walls, s->window.halo);
    for (int k = 0; k < 3; k++) {
        wide->lo[k] = vn_min64(wide->lo[k], sheets.lo[k]);
        wide->hi[k] = vn_max64(wide->hi[k], sheets.hi[k]);
    }
}

static void cost(const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in, const struct vn_box *region,
                 const struct vn_share *share, struct vn_cost *c)
{
    const struct vn_box made = reached(region, &in->box), *out = &made;
    struct vn_seg s;
    struct vn_box walls, wide;
    double ground, stay, tube, cells, filled;
    (void)share;

    if (vn_seg_setup(a, &p->grid, &s, NULL))
        return;
    boxes(&s, out, &in->box, &walls, &wide);
    vn_ground_cost(&s, in, &wide, &ground, c);
    vn_field_bytes(&s.window, &walls, 2, &stay, &cells, &filled);
    const double kept = stay;
    c->bytes = fmax(c->bytes, ground + cells);
    c->work += VN_SEG_CONTRAST * filled;
    const struct vn_box reach = vn_box_grow(out, s.halo_l);
    const double n = s.hollow > 0 ? (double)vn_box_count(&reach) : 0, bits = vn_mem_counted(n / 8);
    c->work += VN_SEG_CONTRAST * (n > 0 ? (double)vn_box_count(&walls) : 0) + LUMEN * n;
    if (!s.sheets) {
        vn_sheet_bytes(p->um, out, &tube, &cells, &filled);
        c->bytes = fmax(c->bytes, ground + stay + bits + cells);
        stay += tube;
        c->work += (VN_SEG_CONTRAST + SHEET) * filled;
    }
    c->bytes = fmax(c->bytes, stay + LUMEN_BITS * bits);
    c->bytes = fmax(c->bytes, kept + vn_mem_counted(s.border > 0 ? 4.0 * (double)vn_box_count(out) : 0));
    if (s.looks) {
        const struct vn_box seen = faint_box(&s, out);
        const double each = (double)(s.faint.f[0] * s.faint.f[1] * s.faint.f[2]);
        c->bytes = fmax(c->bytes, stay + vn_faint_bytes(&s.faint, &seen));
        c->work += (VN_SEG_CELL + VN_SEG_RAYS / each) * (double)vn_box_count(&seen);
    }
    c->work += PROBABILITY * (double)vn_box_count(out);
    if (!vn_box_same(out, region))
        c->bytes += vn_mem_counted(4.0 * (double)vn_box_count(out));
}

/* Counts voxels that stand out by `contrast`, either way, where what is around is mostly background (found.h). */
static void count_row(const struct vn_ground *c, int64_t x, int64_t y, int64_t z, const float *contrast,
                      float *const spare[2], int64_t n)
{
    const struct vn_seg *s = c->s;
    const struct vn_box *b = &s->counted;
    const float scale = s->noise > 0.0f ? 1.0f / s->noise : 0.0f;
    int64_t these = 0, others = 0;

    if (!s->tally || y < b->lo[1] || y >= b->hi[1] || z < b->lo[2] || z >= b->hi[2] ||
        y % VN_FOUND_STEP || z % VN_FOUND_STEP)
        return;
    vn_field_row(&c->back, 0, x, y, z, spare[0], spare[1], n);
    for (int64_t i = b->lo[0] - x; i < b->hi[0] - x; i++) {
        const float t = (contrast[i] - s->offset) * scale;
        these += t > s->contrast && spare[0][i] > 0.5f;
        others += t < -s->contrast && spare[0][i] > 0.5f;
    }
    __atomic_fetch_add(&s->tally[VN_FOUND_THIS], these, __ATOMIC_RELAXED);
    __atomic_fetch_add(&s->tally[VN_FOUND_OTHER], others, __ATOMIC_RELAXED);
}

static void fill_window(const void *ctx, int64_t x, int64_t y, int64_t z, float *const *row, int64_t n)
{
    const struct vn_ground *c = ctx;
    const struct vn_box *b = &c->out->box;

    vn_ground_row(c, x, y, z, row[0], row + 1, n);
    if (y >= b->lo[1] && y < b->hi[1] && z >= b->lo[2] && z < b->hi[2])
        memcpy((float *)c->out->data + vn_buf_at(c->out, b->lo[0], y, z), row[0] + (b->lo[0] - x),
               (size_t)vn_box_dim(b, 0) * sizeof(float));
    count_row(c, x, y, z, row[0], row + 1, n);
    positive_row(c->s, row[0], row[1], n);
}

/* ---- sheets ---- */

static const float SHEET_NOISE = 2;            /* what stands out by less has no shape */

static void fill_contrast(const void *ctx, int64_t x, int64_t y, int64_t z, float *const *row, int64_t n)
{
    vn_ground_row(ctx, x, y, z, row[0], row + 1, n);
}

/* c = offset where it is a sheet. */
static VN_HOT void lower_row(float offset, const float *restrict tube, float *restrict c, int64_t n)
{
    for (int64_t x = 0; x < n; x++)
        c[x] = offset + tube[x] * (c[x] - offset);
}

/* ---- lumens ---- */

struct lumen {
    const struct vn_seg *s;
    const struct vn_ground *c;
    const struct vn_field *window;
    struct vn_box box, in;                     /* that of the bits; what of it is in the volume */
    struct vn_bitvol bright, lumen, near;
};

VN_HOT void vn_seg_wall_row(const float *restrict v, float from, uint64_t *bits, int64_t n)
{
    for (int64_t x = 0; x < n; x++)
        bits[(x + 1) >> 6] |= (uint64_t)(v[x] > from) << ((x + 1) & 63);
}

/* z+ less what a wall has, given what is around. */
static VN_HOT void above_row(float *restrict z, const float *restrict around, int64_t n)
{
    for (int64_t x = 0; x < n; x++)
        z[x] -= VN_SEG_WALL + VN_SEG_WALL_LOCAL * around[x];
}

static uint64_t *lumen_row(const struct vn_bitvol *b, const struct lumen *l, int64_t y, int64_t z)
{
    return vn_bit_row(b, y - l->box.lo[1], z - l->box.lo[2]);
}

/* Beyond the volume walls are mirrored. */
static int wall_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct lumen *l = ctx;
    const struct vn_box *b = &l->in;
    const int64_t wide = vn_box_dim(&l->box, 0), n = vn_box_dim(b, 0), x = b->lo[0], z = b->lo[2] + i;
    float *row[4], *made = vn_alloc((uint64_t)(4 * (wide + 2)) * sizeof *made, err);

    if (!made)
        return VN_E_MEMORY;
    for (int k = 0; k < 4; k++)
        row[k] = made + k * (wide + 2);
    float *const v = row[0] + (x - l->box.lo[0]);
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
        vn_ground_row(l->c, x, y, z, v, row + 1, n);
        positive_row(l->s, v, row[1], n);
        vn_field_row(l->window, 0, x, y, z, row[1], row[3], n);
        vn_field_row(l->window, 1, x, y, z, row[2], row[3], n);
        around_row(row[1], row[2], n);
        above_row(v, row[2], n);
        vn_mirror_row(row[0], wide, x - l->box.lo[0], b->hi[0] - l->box.lo[0]);
        vn_seg_wall_row(row[0], 0.0f, lumen_row(&l->bright, l, y, z), wide);
    }
    for (int64_t y = l->box.lo[1]; y < l->box.hi[1]; y++)
        if (y < b->lo[1] || y >= b->hi[1])
            memcpy(lumen_row(&l->bright, l, y, z), lumen_row(&l->bright, l, fold(b, 1, y), z),
                   (size_t)l->bright.row_words * sizeof(uint64_t));
    vn_free(made);
    return 0;
}

static void mirror_planes(const struct lumen *l)
{
    const struct vn_box *b = &l->in;
    for (int64_t z = l->box.lo[2]; z < l->box.hi[2]; z++)
        if (z < b->lo[2] || z >= b->hi[2])
            memcpy(lumen_row(&l->bright, l, l->box.lo[1], z), lumen_row(&l->bright, l, l->box.lo[1], fold(b, 2, z)),
                   (size_t)(l->bright.n[1] * l->bright.row) * sizeof(uint64_t));
}

static void lumen_free(struct lumen *l)
{
    vn_bitvol_free(&l->bright);
    vn_bitvol_free(&l->lumen);
    vn_bitvol_free(&l->near);
}

/* The walls around out; to be freed also after failure. */
static int lumen_init(struct lumen *l, const struct vn_ground *c, const struct vn_field *window,
                      const struct vn_box *walls, const struct vn_box *out, struct vn_job *job, struct vn_err *err)
{
    *l = (struct lumen) { .s = c->s, .c = c, .window = window, .box = vn_box_grow(out, c->s->halo_l), .in = *walls };
    int rc = vn_bitvol_new(&l->bright, &l->box, err);
    if (rc == 0 && !(rc = vn_job_for_quiet(job, vn_box_dim(walls, 2), wall_plane, l, err)))
        mirror_planes(l);
    return rc;
}

/* The lumens and what is near. */
static int lumen_find(struct lumen *l, struct vn_job *job, struct vn_err *err)
{
    int rc = vn_lumen_find(&l->bright, l->s->edge, l->s->hollow, &l->lumen, job, err);
    vn_bitvol_free(&l->bright);
    return rc ? rc : vn_lumen_near(&l->lumen, l->s->edge, &l->near, job, err);
}

/* tube = 1 near a lumen, which the wall of a wide vessel is a sheet around. */
static void spare_row(const struct lumen *l, int64_t x0, int64_t y, int64_t z, float *tube, int64_t n)
{
    const uint64_t *near = lumen_row(&l->near, l, y, z);
    for (int64_t x = 0; x < n; x++)
        tube[x] = vn_bit_get(near, x + x0 - l->box.lo[0]) ? 1.0f : tube[x];
}

/* In lumens c is at least the contrast of the vessels around. */
static void fill_row(const struct lumen *l, int64_t x0, int64_t y, int64_t z, const float *around, float *c, int64_t n)
{
    const uint64_t *in = lumen_row(&l->lumen, l, y, z);
    const struct vn_seg *s = l->s;
    const struct vn_box *b = &s->counted;
    const bool counts = s->tally && y >= b->lo[1] && y < b->hi[1] && z >= b->lo[2] && z < b->hi[2];
    const float scale = s->noise > 0.0f ? 1.0f / s->noise : 0.0f;
    int64_t filled = 0;

    for (int64_t x = 0; x < n; x++) {
        const float v = s->offset + s->noise * around[x];
        if (!vn_bit_get(in, x + x0 - l->box.lo[0]) || !(v > c[x]))
            continue;
        if (counts && x + x0 >= b->lo[0] && x + x0 < b->hi[0]) {
            const float asked = s->contrast + s->local * around[x];
            filled += z_of(v, s->offset, scale) >= asked && z_of(c[x], s->offset, scale) < asked;
        }
        c[x] = v;
    }
    if (filled > 0)
        __atomic_fetch_add(&s->tally[VN_FOUND_FILLED], filled, __ATOMIC_RELAXED);
}

/* ---- contrast without sheets, with lumens ---- */

struct lower {
    const struct vn_seg *s;
    const struct vn_field *tube, *window;
    const struct lumen *lumen;
    const struct vn_buf *out;
};

static int lower_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct lower *l = ctx;
    const struct vn_box *b = &l->out->box;
    const int64_t z = b->lo[2] + i, n = vn_box_dim(b, 0), x = b->lo[0];
    float *one = vn_alloc((uint64_t)(3 * (n + 2)) * sizeof *one, err), *two = one + n + 2, *spare = two + n + 2;

    if (!one)
        return VN_E_MEMORY;
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
        float *c = (float *)l->out->data + vn_buf_at(l->out, x, y, z);
        if (!l->s->sheets) {
            vn_field_row(l->tube, 0, x, y, z, one, spare, n);
            if (l->lumen)
                spare_row(l->lumen, x, y, z, one, n);
            lower_row(l->s->offset, one, c, n);
        }
        if (l->lumen) {
            vn_field_row(l->window, 0, x, y, z, one, spare, n);
            vn_field_row(l->window, 1, x, y, z, two, spare, n);
            around_row(one, two, n);
            fill_row(l->lumen, x, y, z, two, c, n);
        }
    }
    vn_free(one);
    return 0;
}

/* ---- faint wide vessels ---- */

struct faint {
    const struct vn_seg *s;
    const struct vn_faint_cells *c;
    const struct vn_field *window;
    const struct vn_buf *out;
};

static int faint_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct faint *l = ctx;
    const struct vn_seg *s = l->s;
    const struct vn_box *b = &l->out->box, *counted = &s->counted;
    const int64_t z = b->lo[2] + i, n = vn_box_dim(b, 0), x = b->lo[0];
    const float v = s->offset + VN_SEG_FAINT * s->noise, scale = s->noise > 0.0f ? 1.0f / s->noise : 0.0f;
    float *one = vn_alloc((uint64_t)(4 * (n + 2)) * sizeof *one, err), *two = one + n + 2, *spare = two + n + 2;
    uint8_t *in = (uint8_t *)(spare + n + 2);
    int64_t filled = 0;

    if (!one)
        return VN_E_MEMORY;
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
        const bool counts = s->tally && y >= counted->lo[1] && y < counted->hi[1] && z >= counted->lo[2] &&
                            z < counted->hi[2];
        float *c = (float *)l->out->data + vn_buf_at(l->out, x, y, z);
        vn_faint_row(&s->faint, l->c, x, y, z, in, n);
        if (counts && memchr(in, 1, (size_t)n)) {
            vn_field_row(l->window, 0, x, y, z, one, spare, n);
            vn_field_row(l->window, 1, x, y, z, two, spare, n);
            around_row(one, two, n);
            for (int64_t k = counted->lo[0] - x; k < counted->hi[0] - x; k++) {
                const float asked = s->contrast + s->local * two[k];
                filled += in[k] && c[k] < v && VN_SEG_FAINT >= asked && z_of(c[k], s->offset, scale) < asked;
            }
        }
        for (int64_t k = 0; k < n; k++)
            c[k] = in[k] && c[k] < v ? v : c[k];
    }
    if (filled > 0)
        __atomic_fetch_add(&s->tally[VN_FOUND_FAINT], filled, __ATOMIC_RELAXED);
    vn_free(one);
    return 0;
}

static int add_faint(const struct vn_seg *s, const struct vn_buf *in, const struct vn_field *window,
                     const struct vn_buf *out, struct vn_job *job, struct vn_err *err)
{
    const struct vn_box box = faint_box(s, &out->box);
    const struct vn_ground g = { .s = s, .in = in };
    struct vn_faint_cells c;
    uint64_t cores = 0;
    int64_t n, across;
    int rc = vn_faint_cells(&c, &s->faint, &box, err);

    if (rc == 0 && !(rc = vn_faint_pool(&s->faint, &c, &box, vn_ground_clean, &g, job, err)) &&
        !(rc = vn_faint_smooth(&s->faint, &c, job, err)))
        rc = vn_faint_find(&s->faint, &c, 0, &cores, job, err);
    if (rc == 0 && cores > 0 && s->tally) {
        vn_faint_count(&s->faint, &c, &s->counted, &n, &across);
        __atomic_fetch_add(&s->tally[VN_FOUND_CORES], n, __ATOMIC_RELAXED);
        __atomic_fetch_add(&s->tally[VN_FOUND_ACROSS], across, __ATOMIC_RELAXED);
    }
    if (rc == 0 && cores > 0 && !(rc = vn_faint_grow(&s->faint, &c, job, err)))
        rc = vn_job_for_quiet(job, vn_box_dim(&out->box, 2), faint_plane, &(struct faint){ s, &c, window, out }, err);
    vn_faint_cells_free(&c);
    return rc;
}

/* The contrast in c->out and what is around it. */
static int make_contrast(const struct vn_seg *s, const struct vn_buf *in, struct vn_field *window,
                         const struct vn_buf *out, struct vn_job *job, struct vn_err *err)
{
    const bool hollow = s->hollow > 0;
    struct vn_field tube = { .n = 0 };
    struct lumen lumen = { .s = s };
    struct vn_box walls, wide;
    struct vn_ground c;

    vn_job_stage(job, "contrast");
    boxes(s, &out->box, &in->box, &walls, &wide);
    int rc = vn_ground_init(&c, s, in, &wide, job, err);
    c.out = out;
    if (rc == 0)
        rc = vn_field_init(window, &s->window, &walls, 2, 1, fill_window, &c, job, err);
    if (rc == 0 && hollow)
        rc = lumen_init(&lumen, &c, window, &walls, &out->box, job, err);
    if (rc == 0 && !s->sheets)
        rc = vn_sheet_init(&tube, s->um, &out->box, fill_contrast, &c, 2, s->offset + SHEET_NOISE * s->noise, job, err);
    vn_ground_free(&c);
    if (rc == 0 && hollow)
        rc = lumen_find(&lumen, job, err);
    if (rc == 0 && (hollow || !s->sheets))
        rc = vn_job_for_quiet(job, vn_box_dim(&out->box, 2), lower_plane,
                              &(struct lower){ s, &tube, window, hollow ? &lumen : NULL, out }, err);
    vn_field_free(&tube);
    lumen_free(&lumen);
    return rc == 0 && s->looks ? add_faint(s, in, window, out, job, err) : rc;
}

struct finish {
    const struct vn_seg *s;
    const struct vn_field *window;
    const struct vn_buf *in, *out;
    struct vn_buf beside;
};

static int beside_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct finish *f = ctx;
    const struct vn_box *b = &f->out->box;
    const int64_t z = b->lo[2] + i, n = vn_box_dim(b, 0), x = b->lo[0];
    float *spare = vn_alloc((uint64_t)(n + 2) * sizeof *spare, err);

    if (!spare)
        return VN_E_MEMORY;
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++)
        beside_row(f->s, f->out, x, y, z, (float *)f->beside.data + vn_buf_at(&f->beside, x, y, z), spare, n);
    vn_free(spare);
    return 0;
}

static int finish_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct finish *f = ctx;
    const struct vn_box *b = &f->out->box;
    const int64_t z = b->lo[2] + i, n = vn_box_dim(b, 0), x = b->lo[0];
    const float *const beside = f->beside.data;
    float *one = vn_alloc((uint64_t)(3 * (n + 2)) * sizeof *one, err), *two = one + n + 2, *spare = two + n + 2;

    if (!one)
        return VN_E_MEMORY;
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
        float *p = (float *)f->out->data + vn_buf_at(f->out, x, y, z);
        vn_field_row(f->window, 0, x, y, z, one, spare, n);
        vn_field_row(f->window, 1, x, y, z, two, spare, n);
        around_row(one, two, n);
        probability_row(f->s, two, beside ? beside + vn_buf_at(&f->beside, x, y, z) : NULL, p, n);
        if (f->in->type == VN_F32)
            hole_row((const float *)f->in->data + vn_buf_at(f->in, x, y, z), p, n);
    }
    vn_free(one);
    return 0;
}

static void copy_box(const struct vn_buf *from, const struct vn_buf *to)
{
    const struct vn_box *b = &to->box;
    for (int64_t z = b->lo[2]; z < b->hi[2]; z++)
        for (int64_t y = b->lo[1]; y < b->hi[1]; y++)
            memcpy((float *)to->data + vn_buf_at(to, b->lo[0], y, z),
                   (const float *)from->data + vn_buf_at(from, b->lo[0], y, z),
                   (size_t)vn_box_dim(b, 0) * sizeof(float));
}

static int make_probability(const struct vn_seg *s, const struct vn_buf *in, const struct vn_buf *out,
                            struct vn_job *job, struct vn_err *err)
{
    struct vn_field window = { .n = 0 };
    int rc = make_contrast(s, in, &window, out, job, err);

    vn_job_stage(job, "probability");
    struct finish f = { s, &window, in, out, { 0 } };
    if (rc == 0 && s->border > 0 && !(rc = vn_buf_new(&f.beside, VN_F32, &out->box, err)))
        rc = vn_job_for_quiet(job, vn_box_dim(&out->box, 2), beside_plane, &f, err);
    if (rc == 0)
        rc = vn_job_for_quiet(job, vn_box_dim(&out->box, 2), finish_plane, &f, err);
    vn_buf_free(&f.beside);
    vn_field_free(&window);
    return rc ? rc : vn_pores_fill(out, job, err);
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out,
               struct vn_job *job, struct vn_err *err)
{
    const struct vn_box wide = reached(&out->box, &in->box);
    struct vn_buf around = { 0 };
    struct vn_seg s;
    int rc = vn_seg_setup(a, &p->grid, &s, err);

    s.tally = p->tally;
    s.counted = out->box;
    if (rc || vn_box_same(&wide, &out->box))
        return rc ? rc : make_probability(&s, in, out, job, err);
    if (!(rc = vn_buf_new(&around, VN_F32, &wide, err)) && !(rc = make_probability(&s, in, &around, job, err)))
        copy_box(&around, out);
    vn_buf_free(&around);
    return rc;
}

/* ---- in two parts, for who turns contrast, local and edge ---- */

struct around { const struct vn_field *window; const struct vn_buf *out; };

static int around_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct around *a = ctx;
    const struct vn_box *b = &a->out->box;
    const int64_t z = b->lo[2] + i, n = vn_box_dim(b, 0), x = b->lo[0];
    float *one = vn_alloc((uint64_t)(3 * (n + 2)) * sizeof *one, err), *two = one + n + 2, *spare = two + n + 2;

    if (!one)
        return VN_E_MEMORY;
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
        vn_field_row(a->window, 0, x, y, z, one, spare, n);
        vn_field_row(a->window, 1, x, y, z, two, spare, n);
        around_row(one, two, n);
        memcpy((float *)a->out->data + vn_buf_at(a->out, x, y, z), two, (size_t)n * sizeof *two);
    }
    vn_free(one);
    return 0;
}

int vn_segment_parts(const struct vn_args *a, struct vn_vol *v, struct vn_buf *contrast, struct vn_buf *around,
                     struct vn_job *job, struct vn_err *err)
{
    struct vn_field window = { .n = 0 };
    struct vn_buf in = { 0 };
    struct vn_seg s;
    int rc = vn_seg_setup(a, &v->grid, &s, err);

    if (rc)
        return rc;
    const struct vn_box grown = vn_box_grow(&contrast->box, s.halo);
    struct vn_vol *seen = vn_outliers_see(a, v, err);
    struct vn_box need;
    vn_box_meet(&grown, &v->box, &need);
    rc = seen ? vn_vol_map(seen, vn_filter_type(v), &need, VN_PAD_MIRROR, &in, job, err) : VN_E_MEMORY;
    vn_vol_unref(seen);
    if (rc)
        return rc;
    rc = make_contrast(&s, &in, &window, contrast, job, err);
    if (rc == 0)
        rc = vn_job_for_quiet(job, vn_box_dim(&around->box, 2), around_plane, &(struct around){ &window, around }, err);
    vn_field_free(&window);
    vn_buf_free(&in);
    return rc;
}

struct turn { const struct vn_seg *s; const struct vn_buf *contrast, *around, *in, *out; };

static int turn_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct turn *t = ctx;
    const struct vn_box *b = &t->out->box;
    const int64_t z = b->lo[2] + i, n = vn_box_dim(b, 0), x = b->lo[0];
    const bool edges = t->s->border > 0;
    float *beside = edges ? vn_alloc((uint64_t)(2 * n + 2) * sizeof *beside, err) : NULL;

    if (edges && !beside)
        return VN_E_MEMORY;
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
        float *p = (float *)t->out->data + vn_buf_at(t->out, x, y, z);
        memcpy(p, (const float *)t->contrast->data + vn_buf_at(t->contrast, x, y, z), (size_t)n * sizeof *p);
        if (edges)
            beside_row(t->s, t->contrast, x, y, z, beside, beside + n, n);
        probability_row(t->s, (const float *)t->around->data + vn_buf_at(t->around, x, y, z), beside, p, n);
        if (t->in->type == VN_F32)
            hole_row((const float *)t->in->data + vn_buf_at(t->in, x, y, z), p, n);
    }
    vn_free(beside);
    return 0;
}

int vn_segment_turn(const struct vn_args *a, struct vn_vol *v, const struct vn_buf *contrast,
                    const struct vn_buf *around, struct vn_buf *out, struct vn_job *job, struct vn_err *err)
{
    struct vn_box wide = reached(&out->box, &contrast->box);
    struct vn_buf in = { 0 }, made = { 0 };
    struct vn_seg s;
    vn_box_meet(&wide, &v->box, &wide);
    int rc = vn_seg_setup(a, &v->grid, &s, err);

    if (rc == 0 && !vn_type_is_int(v->src->type))
        rc = vn_vol_map(v, VN_F32, &wide, VN_PAD_MIRROR, &in, job, err);
    const bool direct = vn_box_same(&wide, &out->box);
    const struct vn_buf *to = direct ? out : &made;
    if (rc == 0 && !direct)
        rc = vn_buf_new(&made, VN_F32, &wide, err);
    if (rc == 0)
        rc = vn_job_for_quiet(job, vn_box_dim(&wide, 2), turn_plane,
                              &(struct turn){ &s, contrast, around, &in, to }, err);
    if (rc == 0 && !(rc = vn_pores_fill(to, job, err)) && !direct)
        copy_box(&made, out);
    vn_buf_free(&in);
    vn_buf_free(&made);
    return rc;
}

static int prepare(struct vn_args *a, struct vn_vol *const *in, const struct vn_box *stat_box, struct vn_job *job,
                   struct vn_err *err)
{
    return vn_outliers_before(vn_segment_prepare, a, in, stat_box, job, err);
}

static void prepare_cost(const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in,
                         const struct vn_box *stat_box, struct vn_cost *c)
{
    vn_segment_prepare_cost(a, p, in, stat_box, c);
    vn_artifacts_cost(a, stat_box, c);
}

const struct vn_op vn_op_segment = { .name = "segment", .version = 11, .shape = VN_STENCIL, .n_in = 1,
                                     .params = vn_segment_params, .plan = plan, .prepare = prepare, .cpu = cpu,
                                     .map = map, .cost = cost, .prepare_cost = prepare_cost,
                                     .see = vn_outliers_see };
