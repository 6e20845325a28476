/* segment_contrast.c - the contrast of segment (op_segment.c): z less offset, in grey values, without sheets, with lumens
 * and faint vessels; and that of the vessels around. */
#include "segment.h"
#include <string.h>
#include "found.h"
#include "lumen.h"
#include "mem.h"
#include "sheet.h"
#include "vox.h"

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

/* c = z+ of the contrast c, two = z+^2. */
static VN_HOT void positive_row(const struct vn_seg *s, float *restrict c, float *restrict two, int64_t n)
{
    const float offset = s->offset, scale = s->noise > 0.0f ? 1.0f / s->noise : 0.0f;
    for (int64_t x = 0; x < n; x++) {
        const float z = vn_seg_z(c[x], offset, scale), p = z > 0.0f ? z : 0.0f;
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

void vn_seg_around_row(const struct vn_field *window, int64_t x, int64_t y, int64_t z, float *one, float *two,
                       float *spare, int64_t n)
{
    vn_field_row(window, 0, x, y, z, one, spare, n);
    vn_field_row(window, 1, x, y, z, two, spare, n);
    around_row(one, two, n);
}

/* ---- the background ---- */

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

/* Work of a voxel's weights, in additions. */
static const double WEIGHT = 6;

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

/* ---- boxes ---- */

struct vn_box vn_seg_faint_box(const struct vn_seg *s, const struct vn_box *out)
{
    const int64_t *f = s->faint.f, *h = s->halo_f;
    const struct vn_box b = vn_box_grow(out, (const int64_t[3]){ h[0] - f[0], h[1] - f[1], h[2] - f[2] });
    return vn_faint_box(&s->faint, &b);
}

void vn_seg_boxes(const struct vn_seg *s, const struct vn_box *out, const struct vn_box *volume, struct vn_box *walls,
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

/* ---- the contrast ---- */

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
        vn_seg_around_row(l->window, x, y, z, row[1], row[2], row[3], n);
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
            filled += vn_seg_z(v, s->offset, scale) >= asked && vn_seg_z(c[x], s->offset, scale) < asked;
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
            vn_seg_around_row(l->window, x, y, z, one, two, spare, n);
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
            vn_seg_around_row(l->window, x, y, z, one, two, spare, n);
            for (int64_t k = counted->lo[0] - x; k < counted->hi[0] - x; k++) {
                const float asked = s->contrast + s->local * two[k];
                filled += in[k] && c[k] < v && VN_SEG_FAINT >= asked && vn_seg_z(c[k], s->offset, scale) < asked;
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
    const struct vn_box box = vn_seg_faint_box(s, &out->box);
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

int vn_seg_contrast(const struct vn_seg *s, const struct vn_buf *in, struct vn_field *window,
                         const struct vn_buf *out, struct vn_job *job, struct vn_err *err)
{
    const bool hollow = s->hollow > 0;
    struct vn_field tube = { .n = 0 };
    struct lumen lumen = { .s = s };
    struct vn_box walls, wide;
    struct vn_ground c;

    vn_job_stage(job, "contrast");
    vn_seg_boxes(s, &out->box, &in->box, &walls, &wide);
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
