/* op_segment.c - probability of being vessel, from local contrast in units of the background's noise.
 *
 *   g = v, less the background's drift (drift.h), smoothed by a Gaussian of `smooth`
 *   b = level + G_background[w (g - level)] / (G_background[w] + 0.05),  w = 1 / (1 + ((g - level) / 3 spread)^4)
 *   z = (g - b - offset) / noise
 *   z is lowered to 0 where the surroundings are a sheet (sheet.h), and raised to A in the lumens of hollow vessels (lumen.h)
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
#include <string.h>
#include "drift.h"
#include "filter.h"
#include "joined.h"
#include "lumen.h"
#include "mem.h"
#include "op.h"
#include "sample.h"
#include "sheet.h"
#include "vox.h"

const struct vn_param vn_segment_params[] = {
    { "volume", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_IMAGE | VN_PROB, .help = "image" },
    { "method", VN_P_CHOICE, 0, .def = "auto", .choices = "auto", .help = "how" },
    { "dark", VN_P_FLAG, 0, .help = "vessels darker than their surroundings" },
    { "contrast", VN_P_REAL, 0, 0.1, 1e6, .unit = "noise", .help = "contrast of p = 1/2, in standard deviations of the background; automatic by default" },
    { "local", VN_P_REAL, 0, 0, 1, .def = "0.12", .help = "share of the contrast around that is asked in addition" },
    { "smooth", VN_P_LENGTH, 0, 0, 1e9, .help = "Gaussian against noise; automatic by default, 0.75 of the smallest voxel edge and more for thin vessels" },
    { "background", VN_P_LENGTH, 0, 0, 1e9, .help = "Gaussian of the background; 6 of the smallest voxel edge by default" },
    { "drift", VN_P_REALS, 0, .help = "change of the background across the volume, as a polynomial of 9 terms; 0: none; automatic by default" },
    { "level", VN_P_REAL, 0, .help = "grey value of the background; automatic by default" },
    { "spread", VN_P_REAL, 0, 0, 1e38, .help = "standard deviation of the background before smoothing; automatic by default" },
    { "offset", VN_P_REAL, 0, .help = "mean of the background's contrast; automatic by default" },
    { "noise", VN_P_REAL, 0, 0, 1e38, .help = "standard deviation of the background's contrast; automatic by default" },
    { "sheets", VN_P_CHOICE, 0, .def = "drop", .choices = "drop|keep", .help = "what to do with sheets, as of meninges" },
    { "hollow", VN_P_LENGTH, 0, 0, 1e9, .help = "widest lumen of a hollow vessel that is filled, 0: none; automatic by default" },
    { "stats", VN_P_CHOICE, 0, .def = "whole", .choices = "whole|region", .help = "where automatic values are taken from" },
    { "as", VN_P_NAME, 0, .help = "name of the result" },
    { 0 },
};

struct seg {
    float sign, level, spread, offset, noise, contrast, local, drift[VN_DRIFT];
    bool drifts;
    int64_t dim[3];                            /* of the whole volume */
    struct vn_taps smooth[3];
    struct vn_wide back, window;
    bool sheets;                               /* are kept */
    double um[3], edge[3], hollow;             /* edges, and the widest lumen, in smallest edges */
    int64_t halo_l[3];                         /* of the lumens */
    int64_t halo_c[3], halo_z[3], halo[3];     /* around the result where contrast is needed; of the contrast, of the result */
};

/* The smallest voxel edge, 1 where they are unknown. */
static double edge_of(const double um[3]) { return um[0] > 0 && um[1] > 0 && um[2] > 0 ? fmin(um[0], fmin(um[1], um[2])) : 1; }

static void edges_of(const double um[3], double edge[3])
{
    const double least = edge_of(um);
    for (int k = 0; k < 3; k++)
        edge[k] = um[0] > 0 && um[1] > 0 && um[2] > 0 ? um[k] / least : 1;
}

static int set_length(struct vn_args *a, const char *name, double edges, const double um[3], struct vn_err *err)
{
    char text[40];
    snprintf(text, sizeof text, "%.9g%s", edges * edge_of(um), um[0] > 0 && um[1] > 0 && um[2] > 0 ? "um" : "vox");
    return vn_args_set(a, name, text, err);
}

static const double SMOOTH = 0.75, BACKGROUND = 6;          /* smallest voxel edges */

static float real(const struct vn_args *a, const char *name) { return vn_args_has(a, name) ? (float)vn_args_real(a, name) : 0.0f; }

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
    return *edges > VN_LUMEN_MAX ? vn_fail(err, VN_E_ARG, "hollow=%s is %.0f voxels wide; a lumen may have up to %d", vn_args_text(a, "hollow"), *edges, VN_LUMEN_MAX) : 0;
}

static int setup(const struct vn_args *a, const struct vn_grid *g, struct seg *s, struct vn_err *err)
{
    const double *um = g->um;
    double smooth[3], back[3], window[3];
    int rc = vn_sigma(a, "smooth", 0, um, smooth, err);

    if (rc || (rc = vn_sigma(a, "background", 0, um, back, err)))
        return rc;
    s->sign = vn_args_flag(a, "dark") ? -1.0f : 1.0f;
    s->level = s->sign * real(a, "level");
    s->spread = real(a, "spread");
    if (vn_args_has(a, "drift") && vn_arg(a, "drift")->i != 1 && vn_arg(a, "drift")->i != VN_DRIFT)
        return vn_fail(err, VN_E_ARG, "drift=%s has %lld numbers; it takes 9 (of x, y, z, x^2, y^2, z^2, xy, xz, yz), or 0", vn_args_text(a, "drift"), vn_arg(a, "drift")->i);
    s->drifts = false;
    memcpy(s->dim, g->dim, sizeof s->dim);
    for (int i = 0; i < VN_DRIFT; i++) {
        s->drift[i] = vn_args_has(a, "drift") && vn_arg(a, "drift")->i == VN_DRIFT ? (float)vn_arg(a, "drift")->d[i] : 0.0f;
        s->drifts = s->drifts || s->drift[i] != 0.0f;
    }
    s->offset = real(a, "offset");
    s->noise = real(a, "noise");
    s->contrast = real(a, "contrast");
    s->local = real(a, "local");
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
    if (!s->sheets)
        vn_sheet_halo(um, s->halo_c);
    memset(s->halo_l, 0, sizeof s->halo_l);
    if (s->hollow > 0)
        vn_lumen_halo(s->edge, s->hollow, s->halo_l);
    for (int k = 0; k < 3; k++) {
        s->halo_c[k] = vn_max64(s->sheets ? 0 : s->halo_c[k], s->window.halo[k] + s->halo_l[k]);
        s->halo_z[k] = s->smooth[k].r + s->back.halo[k];
        s->halo[k] = s->halo_z[k] + s->halo_c[k];
    }
    return 0;
}

/* ---- rows ---- */

/* v = the image, bright vessels, the background's level where it is not finite. */
static VN_HOT void clean_row(const struct seg *s, float *v, int64_t n)
{
    const float level = s->level, sign = s->sign;
    for (int64_t x = 0; x < n; x++)
        v[x] = vn_finite(v[x]) ? sign * v[x] : level;
}

/* Weight of g as background, and weight times height over the level. */
static VN_HOT void weight_row(const struct seg *s, const float *restrict g, float *restrict w, float *restrict wd, int64_t n)
{
    const float level = s->level, scale = s->spread > 0.0f ? 1.0f / (3.0f * s->spread) : 0.0f;
    for (int64_t x = 0; x < n; x++) {
        const float d = g[x] - level, t = d * scale, t2 = t * t, weight = 1.0f / (1.0f + t2 * t2);
        w[x] = weight;
        wd[x] = weight * d;
    }
}

/* w = contrast of g, given smoothed weights w and weighted heights wd. */
static VN_HOT void contrast_row(const struct seg *s, const float *restrict g, const float *restrict wd, float *restrict w, int64_t n)
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
static VN_HOT void positive_row(const struct seg *s, float *restrict c, float *restrict two, int64_t n)
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

/* c = probability of contrast c, given the contrast of the vessels around. */
static VN_HOT void probability_row(const struct seg *s, const float *restrict around, float *restrict c, int64_t n)
{
    const float contrast = s->contrast, local = s->local, offset = s->offset, scale = s->noise > 0.0f ? 1.0f / s->noise : 0.0f;
    for (int64_t x = 0; x < n; x++) {
        const float r = z_of(c[x], offset, scale) / (contrast + local * around[x]);
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

/* ---- the contrast ----
 *
 * The input holds no border: where more than its box is asked for, that is where the volume ends, and it is mirrored.  What is
 * mirrored stays so when it is smoothed, so that g is only made where there is a volume. */

struct ground {
    const struct seg *s;
    const struct vn_buf *in;
    struct vn_buf g;
    struct vn_field back;                      /* of the weights, of the weighted heights */
    const struct vn_buf *out;                  /* where the contrast is kept */
};

static int64_t fold(const struct vn_box *b, int k, int64_t i) { return vn_pad_from(VN_PAD_MIRROR, i, b->lo[k], b->hi[k]); }

static void clean(const void *ctx, int64_t x, int64_t y, int64_t z, float *out, int64_t n)
{
    const struct ground *c = ctx;
    const struct vn_box *b = &c->in->box;
    const int64_t lo = vn_max64(x, b->lo[0]), hi = vn_min64(x + n, b->hi[0]), from = vn_buf_at(c->in, lo, fold(b, 1, y), fold(b, 2, z));

    vn_convert_row(VN_F32, out + (lo - x), c->in->type, (const char *)c->in->data + from * (int64_t)vn_type_size(c->in->type), hi - lo);
    if (c->s->drifts)
        vn_drift_row(c->s->drift, c->s->dim, lo, fold(b, 1, y), fold(b, 2, z), out + (lo - x), hi - lo);
    clean_row(c->s, out + (lo - x), hi - lo);
    vn_mirror_row(out, n, lo - x, hi - x);
}

/* A row of g; where it reaches beyond the volume, in spare. */
static const float *smooth_row(const struct ground *c, int64_t x, int64_t y, int64_t z, float *spare, int64_t n)
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
    const struct ground *c = ctx;
    weight_row(c->s, smooth_row(c, x, y, z, row[2], n), row[0], row[1], n);
}

/* out[0..n) = contrast; of spare[0] as many, of spare[1] two more are used. */
static void contrast_at(const struct ground *c, int64_t x, int64_t y, int64_t z, float *out, float *const spare[2], int64_t n)
{
    vn_field_row(&c->back, 0, x, y, z, out, spare[1], n);
    vn_field_row(&c->back, 1, x, y, z, spare[0], spare[1], n);
    contrast_row(c->s, smooth_row(c, x, y, z, spare[1], n), spare[0], out, n);
}

static void ground_free(struct ground *c)
{
    vn_buf_free(&c->g);
    vn_field_free(&c->back);
}

/* For rows in box; to be freed also after failure. */
static int ground_init(struct ground *c, const struct seg *s, const struct vn_buf *in, const struct vn_box *box, struct vn_job *job, struct vn_err *err)
{
    const struct vn_box wide = vn_box_grow(box, s->back.halo);
    struct vn_box here;
    int rc;

    *c = (struct ground) { .s = s, .in = in };
    vn_box_meet(&wide, &in->box, &here);
    if ((rc = vn_buf_new(&c->g, VN_F32, &here, err)) || (rc = vn_filter_sep_of(clean, c, s->smooth, &c->g, job, err)))
        return rc;
    return vn_field_init(&c->back, &s->back, box, 2, 1, fill_weights, c, job, err);
}

/* ---- the operation ---- */

/* Voxels inside the volume alone. */
static void map(const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in, const struct vn_box *out, struct vn_box *need)
{
    const struct vn_box grown = vn_box_grow(out, p->halo);
    (void)a;
    vn_box_meet(&grown, &in->box, need);
}

enum { LUMEN_BITS = 10 };                      /* of a voxel, while lumens are found */

/* Bytes a voxel: input, result and smoothed image with the slab it is made from; then the cells of two functions and their
 * means, or, no longer with the smoothed image, those of the window. */
static double bytes(const struct seg *s, enum vn_type t)
{
    double back = 8, window = 8, slab = 4.0 * fmin(1, (VN_SEP_DEPTH + 2.0 * s->smooth[2].r) / (1 + 2.0 * (double)s->halo[2]));

    for (int k = 0; k < 3; k++) {
        back /= (double)s->back.f[k];
        window /= (double)s->window.f[k];
    }
    return (double)vn_type_size(t) + 4 + fmax(4 + fmax(slab, 2 * back), fmax(4 + back + window + (s->hollow > 0 ? LUMEN_BITS / 8.0 : 0), 2.5 * window));
}

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *p, struct vn_err *err)
{
    const enum vn_type t = vn_filter_type(in[0]);
    struct seg s;
    int rc = setup(a, &in[0]->grid, &s, err);

    *p = (struct vn_plan) { .pad = VN_PAD_MIRROR, .in_type = { t }, .out_type = VN_F32, .out_kind = VN_PROB, .grid = in[0]->grid, .box = *region };
    for (int k = 0; rc == 0 && k < 3; k++) {
        p->halo[k] = s.halo[k];
        p->um[k] = in[0]->grid.um[k];
        p->step[k] = 1;
    }
    if (rc == 0)
        p->mem_host = bytes(&s, t);
    return rc;
}

/* Work of a voxel beside the smoothing, in additions: a weight, a contrast, a probability. */
static const double WEIGHT = 6, CONTRAST = 16, SHEET = 12, PROBABILITY = 20, LUMEN = 16, WIDTH = 8;
static const double PLACE = 60, PIECES = 50;   /* of a sampled value among all; of a cell at all thresholds */

/* Of the contrast over box: bytes that stay, and at most while it is made. */
static void ground_cost(const struct seg *s, const struct vn_vol *in, const struct vn_box *box, double *stay, struct vn_cost *c)
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

static void cost(const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in, const struct vn_box *out, const struct vn_share *share,
                 struct vn_cost *c)
{
    struct seg s;
    double ground, stay, cells, filled;
    (void)share;

    if (setup(a, &p->grid, &s, NULL))
        return;
    const struct vn_box wide = vn_box_grow(out, s.halo_c), walls = vn_box_grow(out, s.halo_l);
    ground_cost(&s, in, &wide, &ground, c);
    vn_field_bytes(&s.window, &walls, 2, &stay, &cells, &filled);
    c->bytes = fmax(c->bytes, ground + cells);
    c->work += CONTRAST * filled;
    if (s.hollow > 0) {
        const double n = (double)vn_box_count(&walls);
        stay += 2 * vn_mem_counted(n / 8);
        c->bytes = fmax(c->bytes, ground + stay + (LUMEN_BITS - 2) * vn_mem_counted(n / 8));
        c->work += (CONTRAST + LUMEN) * n;
    }
    if (!s.sheets) {
        vn_sheet_bytes(p->um, out, &cells, &filled);
        c->bytes = fmax(c->bytes, ground + stay + cells);
        c->work += (CONTRAST + SHEET) * filled;
    }
    c->work += PROBABILITY * (double)vn_box_count(out);
}

static void fill_window(const void *ctx, int64_t x, int64_t y, int64_t z, float *const *row, int64_t n)
{
    const struct ground *c = ctx;
    const struct vn_box *b = &c->out->box;

    contrast_at(c, x, y, z, row[0], row + 1, n);
    if (y >= b->lo[1] && y < b->hi[1] && z >= b->lo[2] && z < b->hi[2])
        memcpy((float *)c->out->data + vn_buf_at(c->out, b->lo[0], y, z), row[0] + (b->lo[0] - x), (size_t)vn_box_dim(b, 0) * sizeof(float));
    positive_row(c->s, row[0], row[1], n);
}

/* ---- sheets ---- */

static const float SHEET_NOISE = 2;            /* what stands out by less has no shape */

static void fill_contrast(const void *ctx, int64_t x, int64_t y, int64_t z, float *const *row, int64_t n)
{
    contrast_at(ctx, x, y, z, row[0], row + 1, n);
}

/* c = offset where it is a sheet. */
static VN_HOT void lower_row(float offset, const float *restrict tube, float *restrict c, int64_t n)
{
    for (int64_t x = 0; x < n; x++)
        c[x] = offset + tube[x] * (c[x] - offset);
}

/* ---- lumens ---- */

static const float WALL = 4, WALL_LOCAL = 0.45f;      /* contrast of a wall: in noise, and in that of the vessels around */

struct lumen { const struct seg *s; const struct ground *c; const struct vn_field *window; struct vn_box box; struct vn_bitvol bright, in, near; };

/* Sets the bits of voxels above `from`. */
static VN_HOT void wall_row(const float *restrict v, float from, uint64_t *bits, int64_t n)
{
    for (int64_t x = 0; x < n; x++)
        bits[(x + 1) >> 6] |= (uint64_t)(v[x] > from) << ((x + 1) & 63);
}

/* z+ less what a wall has, given what is around. */
static VN_HOT void above_row(float *restrict z, const float *restrict around, int64_t n)
{
    for (int64_t x = 0; x < n; x++)
        z[x] -= WALL + WALL_LOCAL * around[x];
}

static int wall_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct lumen *l = ctx;
    const struct vn_box *b = &l->box;
    const int64_t n = vn_box_dim(b, 0), x = b->lo[0], z = b->lo[2] + i;
    float *row[4], *made = vn_alloc((uint64_t)(4 * (n + 2)) * sizeof *made, err);

    if (!made)
        return VN_E_MEMORY;
    for (int k = 0; k < 4; k++)
        row[k] = made + k * (n + 2);
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
        contrast_at(l->c, x, y, z, row[0], row + 1, n);
        positive_row(l->s, row[0], row[1], n);
        vn_field_row(l->window, 0, x, y, z, row[1], row[3], n);
        vn_field_row(l->window, 1, x, y, z, row[2], row[3], n);
        around_row(row[1], row[2], n);
        above_row(row[0], row[2], n);
        wall_row(row[0], 0.0f, vn_bit_row(&l->bright, y - b->lo[1], i), n);
    }
    vn_free(made);
    return 0;
}

static void lumen_free(struct lumen *l)
{
    vn_bitvol_free(&l->bright);
    vn_bitvol_free(&l->in);
    vn_bitvol_free(&l->near);
}

/* Lumens in out and what is near; to be freed also after failure. */
static int lumen_init(struct lumen *l, const struct seg *s, const struct ground *c, const struct vn_field *window, const struct vn_box *out, struct vn_job *job,
                      struct vn_err *err)
{
    *l = (struct lumen) { .s = s, .c = c, .window = window, .box = vn_box_grow(out, s->halo_l) };
    int rc = vn_bitvol_new(&l->bright, &l->box, err);
    if (rc == 0)
        rc = vn_job_for_quiet(job, vn_box_dim(&l->box, 2), wall_plane, l, err);
    if (rc == 0)
        rc = vn_lumen_find(&l->bright, s->edge, s->hollow, &l->in, job, err);
    if (rc == 0)
        rc = vn_lumen_near(&l->in, s->edge, &l->near, job, err);
    vn_bitvol_free(&l->bright);
    return rc;
}

static const uint64_t *lumen_row(const struct vn_bitvol *b, const struct lumen *l, int64_t y, int64_t z) { return vn_bit_row(b, y - l->box.lo[1], z - l->box.lo[2]); }

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
    const uint64_t *in = lumen_row(&l->in, l, y, z);
    for (int64_t x = 0; x < n; x++) {
        const float v = l->s->offset + l->s->noise * around[x];
        c[x] = vn_bit_get(in, x + x0 - l->box.lo[0]) && v > c[x] ? v : c[x];
    }
}

/* ---- contrast without sheets, with lumens ---- */

struct lower { const struct seg *s; const struct vn_field *tube, *window; const struct lumen *lumen; const struct vn_buf *out; };

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

/* The contrast in c->out and what is around it. */
static int make_contrast(const struct seg *s, const struct vn_buf *in, struct vn_field *window, const struct vn_buf *out, struct vn_job *job, struct vn_err *err)
{
    const struct vn_box wide = vn_box_grow(&out->box, s->halo_c), walls = vn_box_grow(&out->box, s->halo_l);
    const bool hollow = s->hollow > 0;
    struct vn_field tube = { .n = 0 };
    struct lumen lumen = { .s = s };
    struct ground c;

    vn_job_stage(job, "contrast");
    int rc = ground_init(&c, s, in, &wide, job, err);
    c.out = out;
    if (rc == 0)
        rc = vn_field_init(window, &s->window, &walls, 2, 1, fill_window, &c, job, err);
    if (rc == 0 && hollow)
        rc = lumen_init(&lumen, s, &c, window, &out->box, job, err);
    if (rc == 0 && !s->sheets)
        rc = vn_sheet_init(&tube, s->um, &out->box, fill_contrast, &c, 2, s->offset + SHEET_NOISE * s->noise, job, err);
    ground_free(&c);
    if (rc == 0 && (hollow || !s->sheets))
        rc = vn_job_for_quiet(job, vn_box_dim(&out->box, 2), lower_plane, &(struct lower){ s, &tube, window, hollow ? &lumen : NULL, out }, err);
    vn_field_free(&tube);
    lumen_free(&lumen);
    return rc;
}

struct finish { const struct seg *s; const struct vn_field *window; const struct vn_buf *in, *out; };

static int finish_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct finish *f = ctx;
    const struct vn_box *b = &f->out->box;
    const int64_t z = b->lo[2] + i, n = vn_box_dim(b, 0), x = b->lo[0];
    float *one = vn_alloc((uint64_t)(3 * (n + 2)) * sizeof *one, err), *two = one + n + 2, *spare = two + n + 2;

    if (!one)
        return VN_E_MEMORY;
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
        float *p = (float *)f->out->data + vn_buf_at(f->out, x, y, z);
        vn_field_row(f->window, 0, x, y, z, one, spare, n);
        vn_field_row(f->window, 1, x, y, z, two, spare, n);
        around_row(one, two, n);
        probability_row(f->s, two, p, n);
        if (f->in->type == VN_F32)
            hole_row((const float *)f->in->data + vn_buf_at(f->in, x, y, z), p, n);
    }
    vn_free(one);
    return 0;
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job,
               struct vn_err *err)
{
    struct vn_field window = { .n = 0 };
    struct seg s;
    int rc = setup(a, &p->grid, &s, err);

    if (rc)
        return rc;
    rc = make_contrast(&s, in, &window, out, job, err);
    vn_job_stage(job, "probability");
    struct finish f = { &s, &window, in, out };
    if (rc == 0)
        rc = vn_job_for_quiet(job, vn_box_dim(&out->box, 2), finish_plane, &f, err);
    vn_field_free(&window);
    return rc;
}

/* ---- in two parts, for who turns contrast and local ---- */

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

int vn_segment_parts(const struct vn_args *a, struct vn_vol *v, struct vn_buf *contrast, struct vn_buf *around, struct vn_job *job, struct vn_err *err)
{
    struct vn_field window = { .n = 0 };
    struct vn_buf in = { 0 };
    struct seg s;
    int rc = setup(a, &v->grid, &s, err);

    if (rc)
        return rc;
    const struct vn_box grown = vn_box_grow(&contrast->box, s.halo);
    struct vn_box need;
    vn_box_meet(&grown, &v->box, &need);
    if ((rc = vn_vol_map(v, vn_filter_type(v), &need, VN_PAD_MIRROR, &in, job, err)))
        return rc;
    rc = make_contrast(&s, &in, &window, contrast, job, err);
    if (rc == 0)
        rc = vn_job_for_quiet(job, vn_box_dim(&around->box, 2), around_plane, &(struct around){ &window, around }, err);
    vn_field_free(&window);
    vn_buf_free(&in);
    return rc;
}

struct turn { const struct seg *s; const struct vn_buf *contrast, *around, *in, *out; };

static int turn_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct turn *t = ctx;
    const struct vn_box *b = &t->out->box;
    const int64_t z = b->lo[2] + i, n = vn_box_dim(b, 0), x = b->lo[0];
    (void)err;

    for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
        float *p = (float *)t->out->data + vn_buf_at(t->out, x, y, z);
        memcpy(p, (const float *)t->contrast->data + vn_buf_at(t->contrast, x, y, z), (size_t)n * sizeof *p);
        probability_row(t->s, (const float *)t->around->data + vn_buf_at(t->around, x, y, z), p, n);
        if (t->in->type == VN_F32)
            hole_row((const float *)t->in->data + vn_buf_at(t->in, x, y, z), p, n);
    }
    return 0;
}

int vn_segment_turn(const struct vn_args *a, struct vn_vol *v, const struct vn_buf *contrast, const struct vn_buf *around, struct vn_buf *out,
                    struct vn_job *job, struct vn_err *err)
{
    struct vn_buf in = { 0 };
    struct seg s;
    int rc = setup(a, &v->grid, &s, err);

    if (rc == 0 && !vn_type_is_int(v->src->type))
        rc = vn_vol_map(v, VN_F32, &out->box, VN_PAD_MIRROR, &in, job, err);
    if (rc == 0)
        rc = vn_job_for_quiet(job, vn_box_dim(&out->box, 2), turn_plane, &(struct turn){ &s, contrast, around, &in, out }, err);
    vn_buf_free(&in);
    return rc;
}

/* ---- automatic values ---- */

/* What is taken from sample blocks: of the smoothed image, or of the contrast. */
struct look { bool smoothed; void (*at)(void *ctx, const struct vn_buf *b); void *ctx; };
struct kept { const struct ground *c; const struct vn_buf *out; };

static int contrast_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct kept *k = ctx;
    const struct vn_box *b = &k->out->box;
    const int64_t z = b->lo[2] + i, n = vn_box_dim(b, 0);
    float *made = vn_alloc((uint64_t)(2 * (n + 2)) * sizeof *made, err), *const spare[2] = { made, made + n + 2 };

    if (!made)
        return VN_E_MEMORY;
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++)
        contrast_at(k->c, b->lo[0], y, z, (float *)k->out->data + vn_buf_at(k->out, b->lo[0], y, z), spare, n);
    vn_free(made);
    return 0;
}

/* Looks at sample blocks from..to, which lie in box. */
static int look_box(const struct vn_sample *q, int from, int to, const struct vn_box *box, const struct seg *s, struct vn_vol *v, const struct look *l,
                    struct vn_job *job, struct vn_err *err)
{
    int64_t smooth[3] = { s->smooth[0].r, s->smooth[1].r, s->smooth[2].r };
    struct vn_box grown = vn_box_grow(box, l->smoothed ? smooth : s->halo_z);
    struct ground c = { .s = s };
    struct vn_buf in = { 0 };

    vn_box_meet(&grown, &v->box, &grown);
    int rc = vn_vol_map(v, vn_filter_type(v), &grown, VN_PAD_MIRROR, &in, job, err);
    c.in = &in;
    if (rc == 0 && !l->smoothed)
        rc = ground_init(&c, s, &in, box, job, err);
    for (int i = from; rc == 0 && i < to; i++) {
        const struct vn_box block = vn_sample_block(q, i);
        struct vn_buf out = { 0 };
        struct kept k = { &c, &out };
        if ((rc = vn_buf_new(&out, VN_F32, &block, err)) == 0)
            rc = l->smoothed ? vn_filter_sep_of(clean, &c, s->smooth, &out, job, err) : vn_job_for_quiet(job, vn_box_dim(&block, 2), contrast_plane, &k, err);
        if (rc == 0)
            l->at(l->ctx, &out);
        vn_buf_free(&out);
    }
    ground_free(&c);
    vn_buf_free(&in);
    return rc;
}

/* Whether the contrast is made for the whole box: where that is less work than for the sample blocks, as halos overlap, and fits. */
static bool at_once(const struct vn_sample *q, const struct seg *s, const struct vn_vol *v)
{
    const struct vn_box all = vn_box_grow(&q->box, s->halo_z), first = vn_sample_block(q, 0), one = vn_box_grow(&first, s->halo_z);
    const uint64_t used = vn_mem_in_use(), budget = vn_mem_budget(), room = budget > used ? (budget - used) / 2 : 0;
    return vn_box_count(&all) <= vn_box_count(&one) * (uint64_t)q->n_block && (double)vn_box_count(&all) * bytes(s, vn_filter_type(v)) <= (double)room;
}

/* Looks at all sample blocks. */
static int look(const struct vn_sample *q, const struct seg *s, struct vn_vol *v, const struct look *l, struct vn_job *job, struct vn_err *err)
{
    int rc = 0;

    if (at_once(q, s, v))
        return look_box(q, 0, q->n_block, &q->box, s, v, l, job, err);
    for (int i = 0; rc == 0 && i < q->n_block; i++) {
        const struct vn_box box = vn_sample_block(q, i);
        rc = look_box(q, i, i + 1, &box, s, v, l, job, err);
    }
    return rc;
}

static void add_sample(void *ctx, const struct vn_buf *b)
{
    vn_sample_add(ctx, b, &b->box, 1.0f);
}

/* ---- whether vessels are hollow ----
 *
 * Asked of the sample blocks' contrast in cells of about two smallest voxel edges, each with the greatest of its voxels. */

/* Widest lumens asked for, in smallest voxel edges, and voxels of lumen beside those of wall that make it one: the wider, the
 * more of what is no lumen has vessels all around. */
static const struct { double wide, share; } HOLLOW[] = { { 64, 1.2 }, { 32, 0.25 }, { 16, 0.08 }, { 8, 0.025 } };
enum { N_HOLLOW = VN_COUNT(HOLLOW) };
static const double HOLLOW_MORE = 1.05;        /* times what half the width finds */
static const double HOLLOW_CHANCE = 2.5;       /* walls that a line as long meets anywhere in a dense network: no more is asked */

struct pooled { struct vn_sample *q; int64_t f[3], n[3]; double edge[3]; float *v; int n_block; };

static int pooled_init(struct pooled *p, struct vn_sample *q, const struct seg *s, struct vn_err *err)
{
    uint64_t all = (uint64_t)q->n_block;

    *p = (struct pooled) { .q = q };
    for (int k = 0; k < 3; k++) {
        p->f[k] = s->edge[k] < 1.5 ? 2 : 1;
        p->edge[k] = (double)p->f[k] * s->edge[k];
        p->n[k] = vn_max64(1, q->size[k] / p->f[k]);
        all *= (uint64_t)p->n[k];
    }
    p->v = vn_alloc(all * sizeof *p->v, err);
    return p->v ? 0 : VN_E_MEMORY;
}

/* to[0..n) = the greatest of to and of every f-th value in v and the next. */
static VN_HOT void pool_row(float *restrict to, const float *restrict v, int64_t f, int64_t n)
{
    for (int64_t x = 0; x < n; x++) {
        const float a = v[f * x], b = v[f * x + f - 1], most = a > b ? a : b;
        to[x] = most > to[x] ? most : to[x];
    }
}

static void add_pooled(void *ctx, const struct vn_buf *b)
{
    struct pooled *p = ctx;
    const int64_t *n = p->n, one[3] = { vn_box_dim(&b->box, 0), vn_box_dim(&b->box, 1), vn_box_dim(&b->box, 2) };
    float *v = p->v + p->n_block++ * n[0] * n[1] * n[2];

    add_sample(p->q, b);
    for (int64_t i = 0; i < n[0] * n[1] * n[2]; i++)
        v[i] = -1e30f;
    for (int64_t z = 0; z < vn_min64(one[2], n[2] * p->f[2]); z++)
        for (int64_t y = 0; y < vn_min64(one[1], n[1] * p->f[1]); y++)
            pool_row(v + (z / p->f[2] * n[1] + y / p->f[1]) * n[0], (const float *)b->data + z * b->stride[1] + y * b->stride[0],
                     vn_min64(p->f[0], one[0]), n[0]);
}

/* Voxels of lumens as wide, beside those of wall, in the middle of blocks alone, as lines end at their faces; -1 where chance
 * alone would find some. */
static int share_of(const struct pooled *p, float from, double wide, double *share, struct vn_job *job, struct vn_err *err)
{
    const struct vn_box box = { { 0, 0, 0 }, { p->n[0], p->n[1], p->n[2] } };
    int64_t margin[3];
    double dark = 0, thin = 0;
    int rc = 0;

    for (int k = 0; k < 3; k++)
        margin[k] = p->n_block > 1 ? p->n[k] / 4 : 0;
    for (int i = 0; rc == 0 && i < p->n_block; i++) {
        const float *v = p->v + i * p->n[0] * p->n[1] * p->n[2];
        struct vn_bitvol bright;
        uint64_t d = 0, t = 0;
        if ((rc = vn_bitvol_new(&bright, &box, err)))
            break;
        for (int64_t z = 0; z < p->n[2]; z++)
            for (int64_t y = 0; y < p->n[1]; y++, v += p->n[0])
                wall_row(v, from, vn_bit_row(&bright, y, z), p->n[0]);
        rc = vn_lumen_count(&bright, p->edge, wide, margin, p->n_block > 1 ? 0 : HOLLOW[N_HOLLOW - 1].share, &d, &t, job, err);
        dark += (double)d;
        thin += (double)t;
        vn_bitvol_free(&bright);
    }
    double cells = p->n_block;
    for (int k = 0; k < 3; k++)
        cells *= (double)(p->n[k] - 2 * margin[k]);
    const double meets = thin / cells * 0.5 * wide;
    *share = meets > HOLLOW_CHANCE ? -1 : thin > 0 ? dark / thin : 0;
    return rc;
}

/* The greatest width that shows enough lumens, and more than the next; 0: vessels are not hollow. */
static int hollow_in(const struct pooled *p, float from, double *wide, struct vn_job *job, struct vn_err *err)
{
    double share[N_HOLLOW + 1] = { 0 }, all = -1;
    int rc = 0;

    *wide = 0;
    for (size_t k = 0; rc == 0 && k < N_HOLLOW && (all < 0 || all >= HOLLOW[N_HOLLOW - 1].share); k++) {
        rc = share_of(p, from, HOLLOW[k].wide, &share[k], job, err);
        all = all < 0 ? share[k] : all;        /* the widest finds what others do */
    }
    for (size_t k = 0; rc == 0 && k < N_HOLLOW && *wide == 0; k++)
        if (share[k] >= HOLLOW[k].share && share[k] >= HOLLOW_MORE * share[k + 1])
            *wide = HOLLOW[k].wide;
    return rc;
}

/* Level and spread of the smoothed image or of its contrast. */
static int backdrop(struct vn_sample *q, bool smoothed, const struct seg *s, struct vn_vol *v, struct vn_backdrop *b, struct pooled *pooled,
                    struct vn_job *job, struct vn_err *err)
{
    const struct look l = pooled ? (struct look){ smoothed, add_pooled, pooled } : (struct look){ smoothed, add_sample, q };
    vn_sample_clear(q);
    const int rc = look(q, s, v, &l, job, err);
    return rc ? rc : vn_backdrop_mode(q->v, q->n_v, b, job, err);
}

/* Contrast and its negative Laplacian (per edge^2), summed where there are vessels. */
struct width { float from; double per[3], contrast, curve; };

static void add_width(void *ctx, const struct vn_buf *b)
{
    struct width *w = ctx;
    const struct vn_box *x = &b->box;
    const int64_t n[3] = { vn_box_dim(x, 0), vn_box_dim(x, 1), vn_box_dim(x, 2) }, step[3] = { 1, b->stride[0], b->stride[1] };
    int64_t lo[3], hi[3];

    for (int k = 0; k < 3; k++) {
        lo[k] = n[k] > 2;
        hi[k] = n[k] - lo[k];
    }
    for (int64_t k = lo[2]; k < hi[2]; k++)
        for (int64_t j = lo[1]; j < hi[1]; j++) {
            const float *c = (const float *)b->data + j * step[1] + k * step[2];
            for (int64_t i = lo[0]; i < hi[0]; i++) {
                if (c[i] < w->from)
                    continue;
                double curve = 0;
                for (int d = 0; d < 3; d++)
                    curve += lo[d] ? w->per[d] * (2.0 * c[i] - c[i - step[d]] - c[i + step[d]]) : 0;
                if (curve > 0) {
                    w->contrast += c[i];
                    w->curve += curve;
                }
            }
        }
}

/* Smoothing that is right for how wide vessels are, in smallest voxel edges.  A tube with a Gaussian profile of deviation w has
 * the curvature 2 c / w^2 on its axis.  Thin vessels are smoothed by up to their own width (the matched filter) until the image
 * shows them RESOLVED wide; others by SMOOTH, as their border would suffer. */
static const double RESOLVED = 2.4;

static double smooth_of(const struct width *w)
{
    if (!(w->curve > 0))
        return SMOOTH;
    const double w2 = 2 * w->contrast / w->curve - SMOOTH * SMOOTH;
    return sqrt(fmax(SMOOTH * SMOOTH, fmin(w2, RESOLVED * RESOLVED - w2)));
}

static const double CONTRAST_MIN = 4.5, CONTRAST_MAX = 14;

/* Mean contrast, weighted by itself, of what stands out by 4 standard deviations; 0: nothing does. */
static double mean_of(const float *c, int64_t n, double offset, double noise)
{
    double one = 0, two = 0;

    for (int64_t i = 0; i < n; i++) {
        const double z = (c[i] - offset) / noise;
        if (z > 4) {
            one += z;
            two += z * z;
        }
    }
    return one > 0 ? two / one : 0;
}

/* 0.4 of that, so that faint vessels are found in a noisy image; never below CONTRAST_MIN, where noise begins, and no more than
 * CONTRAST_MAX is asked. */
static double contrast_of(const float *c, int64_t n, double offset, double noise)
{
    return fmax(CONTRAST_MIN, fmin(CONTRAST_MAX, 0.4 * mean_of(c, n, offset, noise)));
}

/* Where something between background and vessels is in the way, as tissue in an angiogram: the number of voxels above t falls
 * quickly at its end and slowly after, before the vessels' own end.  0.8 of where it falls slowest, or 0 where there is no such
 * place: its slope against t, both logarithmic, must
 * fall to half of what it was, from more than 1 and while a twentieth of all voxels lies above. */
enum { LADDER = 16 };
static double valley_of(const float *c, int64_t n, double offset, double noise)
{
    int64_t above[LADDER] = { 0 };
    double t[LADDER], most = 0, least = 0, found = 0;

    for (int k = 0; k < LADDER; k++)
        t[k] = k > 0 ? 1.25 * t[k - 1] : CONTRAST_MIN;
    for (int64_t i = 0; i < n; i++) {
        const double z = (c[i] - offset) / noise;
        for (int k = 0; k < LADDER && z > t[k]; k++)
            above[k]++;
    }
    for (int k = 0; k + 1 < LADDER && 1000 * above[k + 1] > n; k++) {
        const double fall = (double)above[k] / (double)above[k + 1];       /* 1.25^slope */
        if (fall > most && 20 * above[k] > n) {
            most = least = fall;
        } else if (fall < least) {
            least = fall;
            found = most > 1.25 && fall * fall < most ? 0.8 * t[k] : found;
        }
    }
    return found;
}

static int settle_hollow(struct vn_args *a, const struct pooled *p, const double um[3], struct vn_job *job, struct vn_err *err)
{
    const double offset = vn_args_real(a, "offset"), noise = vn_args_real(a, "noise"), mean = mean_of(p->q->v, p->q->n_v, offset, noise);
    double wide = 0;
    int rc = 0;

    if (vn_args_has(a, "hollow"))
        return 0;
    if (mean > 0)
        rc = hollow_in(p, (float)(offset + noise * (WALL + WALL_LOCAL * mean)), &wide, job, err);
    return rc ? rc : set_length(a, "hollow", wide, um, err);
}

static int settle_contrast(struct vn_args *a, const struct vn_sample *q, const struct pooled *p, struct vn_job *job, struct vn_err *err)
{
    if (vn_args_has(a, "contrast"))
        return 0;
    const double offset = vn_args_real(a, "offset"), noise = vn_args_real(a, "noise");
    double contrast = fmax(contrast_of(q->v, q->n_v, offset, noise), valley_of(q->v, q->n_v, offset, noise));
    const int rc = vn_joined(p->v, p->n, p->n_block, offset, noise, &contrast, job, err);
    return rc ? rc : vn_args_settle(a, "contrast", contrast, err);
}

static bool settled(const struct vn_args *a)
{
    static const char *const all[] = { "smooth", "level", "spread", "offset", "noise", "contrast", "hollow", "drift" };
    for (size_t i = 0; i < VN_COUNT(all); i++)
        if (!vn_args_has(a, all[i]))
            return false;
    return true;
}

/* The background's drift; where its level is given, there is none unless that is, too. */
static int settle_drift(struct vn_args *a, const struct vn_sample *q, struct vn_vol *v, bool none, struct vn_job *job, struct vn_err *err)
{
    const double sign = vn_args_flag(a, "dark") ? -1 : 1;
    double c[VN_DRIFT] = { 0 };
    char text[VN_DRIFT * 20] = "";
    bool some = false;
    int rc;

    if (vn_args_has(a, "drift"))
        return 0;
    if (!none && !vn_args_has(a, "level") && (rc = vn_drift_fit(q, v, (float)sign, c, job, err)))
        return rc;
    for (int i = 0; i < VN_DRIFT; i++) {
        some = some || c[i] != 0;
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%.5g", i ? "," : "", sign * c[i]);
    }
    return vn_args_set(a, "drift", some ? text : "0", err);
}

static int prepare(struct vn_args *a, struct vn_vol *const *in, const struct vn_box *stat_box, struct vn_job *job, struct vn_err *err)
{
    const double *um = in[0]->grid.um;
    bool given = vn_args_has(a, "smooth");
    struct vn_sample q;
    struct vn_backdrop b;
    struct pooled pooled = { .v = NULL };
    struct seg s;
    int rc = vn_args_has(a, "background") ? 0 : set_length(a, "background", BACKGROUND, um, err);

    if (rc || settled(a) || (!given && (rc = set_length(a, "smooth", SMOOTH, um, err))) || (rc = vn_sample_init(&q, stat_box, err)))
        return rc;
    vn_job_stage(job, "statistics");
    if ((rc = setup(a, &in[0]->grid, &s, err)) || (rc = vn_sample_read(&q, in[0], s.sign, job, err)) || (rc = vn_backdrop_mode(q.v, q.n_v, &b, job, err)))
        goto out;
    if ((rc = settle_drift(a, &q, in[0], b.spread == 0, job, err)) || (rc = setup(a, &in[0]->grid, &s, err)))
        goto out;
    s.level = isnan(b.level) ? 0 : (float)b.level;
    if (b.spread == 0) {                       /* no noise: half of the structures' height is p = 1/2 */
        const double height = b.bright > b.level ? b.bright - b.level : 0;
        if ((rc = vn_args_settle(a, "level", s.sign * s.level, err)) || (rc = vn_args_settle(a, "contrast", CONTRAST_MAX, err)) ||
            (rc = vn_args_settle(a, "spread", 0.05 * height, err)) || (rc = vn_args_settle(a, "offset", 0, err)) ||
            (rc = vn_args_settle(a, "noise", 0.4 * height / vn_args_real(a, "contrast"), err)))
            goto out;
        given = true;
    } else if (!vn_args_has(a, "level") || !vn_args_has(a, "spread")) {
        if ((rc = backdrop(&q, true, &s, in[0], &b, NULL, job, err)) || (rc = vn_args_settle(a, "level", s.sign * b.level, err)) ||
            (rc = vn_args_settle(a, "spread", b.spread, err)))
            goto out;
    }
    if (settled(a) && given)
        goto out;
    if ((rc = setup(a, &in[0]->grid, &s, err)) || (rc = pooled_init(&pooled, &q, &s, err)) || (rc = backdrop(&q, false, &s, in[0], &b, &pooled, job, err)) ||
        (rc = vn_args_settle(a, "offset", isnan(b.level) ? 0 : b.level, err)) ||
        (rc = vn_args_settle(a, "noise", b.spread > 0 ? b.spread : 0.1 * s.spread, err)) ||
        (rc = settle_contrast(a, &q, &pooled, job, err)) ||
        (rc = settle_hollow(a, &pooled, um, job, err)) || given)
        goto out;
    struct width w = { .from = (float)(vn_args_real(a, "offset") + vn_args_real(a, "noise") * vn_args_real(a, "contrast")) };
    const struct look l = { false, add_width, &w };
    if (vn_args_real(a, "contrast") < CONTRAST_MAX)        /* noise bends more than vessels do */
        goto out;
    for (int k = 0; k < 3; k++)
        w.per[k] = um[k] > 0 ? pow(edge_of(um) / um[k], 2) : 1;
    if ((rc = look(&q, &s, in[0], &l, job, err)) == 0)
        rc = set_length(a, "smooth", smooth_of(&w), um, err);
out:
    vn_free(pooled.v);
    vn_sample_free(&q);
    return rc;
}

static void prepare_cost(const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in, const struct vn_box *stat_box, struct vn_cost *c)
{
    struct vn_sample q;
    struct seg s;
    double stay;

    if (setup(a, &p->grid, &s, NULL) || vn_sample_init(&q, stat_box, NULL))
        return;
    const bool once = at_once(&q, &s, in);
    const struct vn_box box = once ? q.box : vn_sample_block(&q, q.n_block / 2), first = vn_sample_block(&q, 0);
    struct vn_box grown = vn_box_grow(&box, s.halo_z);
    const double n = once ? 1 : q.n_block;
    ground_cost(&s, in, &box, &stay, c);
    c->bytes = fmax(c->bytes, stay + vn_mem_counted(4.0 * (double)vn_box_count(&first)));
    vn_box_meet(&grown, &in->box, &grown);
    if (!vn_vol_data(in).data || in->src->type != p->in_type[0])
        c->bytes += vn_mem_counted((double)vn_box_count(&grown) * (double)vn_type_size(p->in_type[0]));
    double pooled = 4.0 * q.n_block;
    for (int k = 0; k < 3; k++)
        pooled *= fmax(1, (double)(q.size[k] / (s.edge[k] < 1.5 ? 2 : 1)));
    c->bytes += 4.0 * VN_SAMPLE_MAX + vn_mem_counted(pooled) + vn_mem_counted(0.25 * pooled);
    const double sampled = q.n_block * (double)vn_box_count(&first), kept = fmin(sampled, VN_SAMPLE_MAX), passes = real(a, "contrast") < (float)CONTRAST_MAX ? 1 : 2;
    c->work = n * (vn_sep_work(s.smooth, &box) + passes * c->work) + (passes * CONTRAST + (passes - 1) * WIDTH) * sampled +
              3 * PLACE * kept * (1 + kept / VN_SAMPLE_MAX) +        /* the more, the less of them a cache holds */
              PIECES * 0.25 * pooled;
    vn_sample_free(&q);
}

const struct vn_op vn_op_segment = { .name = "segment", .version = 2, .shape = VN_STENCIL, .n_in = 1, .params = vn_segment_params, .plan = plan,
                                     .prepare = prepare, .cpu = cpu, .map = map, .cost = cost, .prepare_cost = prepare_cost };
