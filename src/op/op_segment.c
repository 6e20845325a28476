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
 * (segment_auto.c) and recorded; given the same numbers a region equals the crop of the whole.  A voxel that is not finite
 * counts as background level and gets 0. */
#include "segment.h"
#include <string.h>
#include "artifact.h"
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
        const float far = contrast + local * around[x], near = border * vn_seg_z(beside[x], offset, scale);
        const float r = vn_seg_z(c[x], offset, scale) / (near > far ? near : far);
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
static const double SHEET = 12, PROBABILITY = 20, LUMEN = 16;

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
    vn_seg_boxes(&s, out, &in->box, &walls, &wide);
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
        const struct vn_box seen = vn_seg_faint_box(&s, out);
        const double each = (double)(s.faint.f[0] * s.faint.f[1] * s.faint.f[2]);
        c->bytes = fmax(c->bytes, stay + vn_faint_bytes(&s.faint, &seen));
        c->work += (VN_SEG_CELL + VN_SEG_RAYS / each) * (double)vn_box_count(&seen);
    }
    c->work += PROBABILITY * (double)vn_box_count(out);
    if (!vn_box_same(out, region))
        c->bytes += vn_mem_counted(4.0 * (double)vn_box_count(out));
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
        vn_seg_around_row(f->window, x, y, z, one, two, spare, n);
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
    int rc = vn_seg_contrast(s, in, &window, out, job, err);

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
        vn_seg_around_row(a->window, x, y, z, one, two, spare, n);
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
    rc = vn_seg_contrast(&s, &in, &window, contrast, job, err);
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

const struct vn_op vn_op_segment = { .name = "segment", .version = 12, .shape = VN_STENCIL, .n_in = 1,
                                     .params = vn_segment_params, .plan = plan, .prepare = prepare, .cpu = cpu,
                                     .map = map, .cost = cost, .prepare_cost = prepare_cost,
                                     .see = vn_outliers_see };
