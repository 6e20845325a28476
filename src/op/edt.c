/* edt.c - exact Euclidean distance: rows along x, then parabolas along y and z, tiles of columns at a time.
 *
 * Between passes each voxel holds offset x | offset y << 16 of its nearest site so far (0: a site itself). A stretch of
 * non-sites along a line is closed by sites at distance 0, so nothing beyond them matters: each stretch is solved alone.
 * Rows of a tile that hold sites alone are known from the first pass, and never looked at: most of a mask of vessels. */
#include "edt.h"
#include <math.h>
#include <string.h>
#include "mem.h"

#define NONE UINT32_MAX                  /* no site in this row, or plane */
enum { TILE = 32 };                      /* columns worked together: two cache lines of offsets */

struct edt {
    const struct vn_buf *mask;
    struct vn_buf *out;
    uint32_t *off;                       /* offsets, with the strides below; out->data itself for f32 */
    int64_t stride[2];
    int64_t n[3];
    double w[3];                         /* voxel size squared over the smallest squared */
    double unit;
    bool open, seeds, squared;
    uint8_t *busy;                       /* row y of plane z holds a non-site in tile t: busy[(z * n[1] + y) * n_tile + t] */
    int64_t n_tile;
};

/* ---- along x ---- */

/* First position >= x whose voxel is (not) zero; n if there is none. */
static int64_t find_nonzero(const uint8_t *row, int64_t x, int64_t n)
{
    for (; x + 8 <= n; x += 8) {
        uint64_t w;
        memcpy(&w, row + x, 8);
        if (w)
            break;
    }
    while (x < n && !row[x])
        x++;
    return x;
}

static int64_t find_zero(const uint8_t *row, int64_t x, int64_t n)
{
    const uint8_t *p = x < n ? memchr(row + x, 0, (size_t)(n - x)) : NULL;
    return p ? p - row : n;
}

VN_HOT static void fill_stretch(uint32_t *row, int64_t a, int64_t b, bool left, bool right)
{
    const int64_t mid = left && right ? a + (b - a + 1) / 2 : left ? b : a;
    if (!left && !right) {
        memset(row + a, 0xff, (size_t)(b - a) * sizeof(*row));
        return;
    }
    for (int64_t x = a; x < mid; x++)
        row[x] = (uint32_t)(x - a + 1);
    for (int64_t x = mid; x < b; x++)
        row[x] = (uint32_t)(b - x);
}

static int pass_x(void *ctx, int64_t z, struct vn_err *err)
{
    const struct edt *e = ctx;
    const int64_t n = e->n[0];
    (void)err;
    for (int64_t y = 0; y < e->n[1]; y++) {
        const uint8_t *in = (const uint8_t *)e->mask->data + z * e->mask->stride[1] + y * e->mask->stride[0];
        uint32_t *row = e->off + z * e->stride[1] + y * e->stride[0];
        uint8_t *busy = e->busy + (z * e->n[1] + y) * e->n_tile;
        int64_t a = 0, b = 0;
        memset(row, 0, (size_t)n * sizeof(*row));
        memset(busy, 0, (size_t)e->n_tile);
        while ((a = e->seeds ? find_zero(in, b, n) : find_nonzero(in, b, n)) < n) {
            b = e->seeds ? find_nonzero(in, a, n) : find_zero(in, a, n);
            fill_stretch(row, a, b, a > 0 || !e->open, b < n || !e->open);
            memset(busy + a / TILE, 1, (size_t)((b - 1) / TILE - a / TILE + 1));
        }
    }
    return 0;
}

/* ---- lower envelopes along y and z ---- */

struct line {                            /* scratch of one line: the sites whose parabolas touch the envelope */
    int32_t *at;
    double *f;
    uint32_t *g;                         /* offsets of the site */
    uint32_t *tile;                      /* TILE lines of n offsets */
    int64_t n;
    bool before, after;                  /* a site lies before the first, after the last position */
};

static int line_new(struct line *l, int64_t n, struct vn_err *err)
{
    const uint64_t sites = (uint64_t)n + 2;
    uint8_t *p = vn_alloc(sites * 16 + (uint64_t)TILE * (uint64_t)n * 4, err);
    if (!p)
        return err->code;
    l->f = (double *)p;
    l->at = (int32_t *)(p + sites * 8);
    l->g = (uint32_t *)(p + sites * 12);
    l->tile = (uint32_t *)(p + sites * 16);
    return 0;
}

static inline double square(double v) { return v * v; }

/* Adds a site to the envelope of k sites; w is the weight of this axis.  The middle of three sites u < v < q is dropped
 * where v's parabola lies above the crossing of u's and q's (whole numbers when isotropic: exact). */
static inline int64_t envelope_add(struct line *l, int64_t k, int64_t q, double f, uint32_t g, double w)
{
    while (k >= 2) {
        const double a = (double)(l->at[k - 1] - l->at[k - 2]), b = (double)(q - l->at[k - 1]), c = a + b;
        if (c * l->f[k - 1] - b * l->f[k - 2] - a * f - w * (a * b * c) <= 0)
            break;
        k--;
    }
    l->at[k] = (int32_t)q;
    l->f[k] = f;
    l->g[k] = g;
    return k + 1;
}

/* The envelope over the stretch [a, b) of line g. wx, wy weigh what the offsets hold, w this axis. */
static int64_t envelope(struct line *l, const uint32_t *g, int64_t a, int64_t b, double wx, double wy, double w)
{
    int64_t k = 0;
    if (a > 0 || l->before)
        k = envelope_add(l, k, a - 1, 0, 0, w);
    for (int64_t q = a; q < b; q++)
        if (g[q] != NONE)
            k = envelope_add(l, k, q, wx * square(g[q] & 0xffff) + wy * square(g[q] >> 16), g[q], w);
    if (b < l->n || l->after)
        k = envelope_add(l, k, b, 0, 0, w);
    return k;
}

static inline double reach(const struct line *l, int64_t i, int64_t p, double w)
{
    return l->f[i] + w * square((double)(p - l->at[i]));
}

/* One line in place: offsets x become offsets x and y. */
static void line_y(const struct edt *e, struct line *l, uint32_t *g)
{
    for (int64_t a = 0, b; a < l->n; a = b + 1) {
        while (a < l->n && !g[a])
            a++;
        for (b = a; b < l->n && g[b]; b++)
            ;
        const int64_t k = envelope(l, g, a, b, e->w[0], 0, e->w[1]);
        for (int64_t p = a, i = 0; p < b && k > 0; p++) {
            while (i + 1 < k && reach(l, i + 1, p, e->w[1]) <= reach(l, i, p, e->w[1]))
                i++;
            const int64_t d = p - l->at[i];
            g[p] = l->g[i] | (uint32_t)(d < 0 ? -d : d) << 16;
        }
    }
}

/* One line: offsets to distances, as f32 over g itself or into `wide`. */
static void line_z(const struct edt *e, struct line *l, uint32_t *g, double *wide)
{
    for (int64_t a = 0, b; a < l->n; a = b + 1) {
        while (a < l->n && !g[a]) {
            if (wide)
                wide[a] = 0;
            a++;
        }
        for (b = a; b < l->n && g[b]; b++)
            ;
        if (wide && b < l->n)
            wide[b] = 0;
        const int64_t k = envelope(l, g, a, b, e->w[0], e->w[1], e->w[2]);
        for (int64_t p = a, i = 0; p < b; p++) {
            double d2 = INFINITY;
            if (k > 0) {
                while (i + 1 < k && reach(l, i + 1, p, e->w[2]) <= reach(l, i, p, e->w[2]))
                    i++;
                d2 = reach(l, i, p, e->w[2]);
            }
            const double d = e->squared ? d2 * (e->unit * e->unit) : sqrt(d2) * e->unit;
            const float narrow = (float)d;
            if (wide)
                wide[p] = d;
            else
                memcpy(g + p, &narrow, sizeof(narrow));
        }
    }
}

/* The next stretch of busy rows from position b on, of n whose flags lie `stride` apart. False: there is none. */
static bool next_busy(const struct edt *e, struct line *l, const uint8_t *busy, int64_t stride, int64_t n, int64_t *a, int64_t *b)
{
    int64_t from = *b, to;
    while (from < n && !busy[from * stride])
        from++;
    for (to = from; to < n && busy[to * stride]; to++)
        ;
    *a = from;
    *b = to;
    l->n = to - from;
    l->before = from > 0 || !e->open;
    l->after = to < n || !e->open;
    return from < n;
}

/* nx columns of l->n positions with the given stride into the tile, line by line. */
static void tile_load(const struct line *l, const uint32_t *from, int64_t stride, int64_t nx)
{
    for (int64_t p = 0; p < l->n; p++)
        for (int64_t x = 0; x < nx; x++)
            l->tile[x * l->n + p] = from[p * stride + x];
}

static void tile_store(const struct line *l, uint32_t *to, int64_t stride, int64_t nx)
{
    for (int64_t p = 0; p < l->n; p++)
        for (int64_t x = 0; x < nx; x++)
            to[p * stride + x] = l->tile[x * l->n + p];
}

static int pass_y(void *ctx, int64_t z, struct vn_err *err)
{
    const struct edt *e = ctx;
    struct line l = { 0 };
    int rc = line_new(&l, e->n[1], err);
    if (rc)
        return rc;
    for (int64_t t = 0; t < e->n_tile; t++) {
        const int64_t nx = vn_min64(TILE, e->n[0] - t * TILE);
        const uint8_t *busy = e->busy + z * e->n[1] * e->n_tile + t;
        for (int64_t a, b = 0; next_busy(e, &l, busy, e->n_tile, e->n[1], &a, &b);) {
            uint32_t *row = e->off + z * e->stride[1] + a * e->stride[0] + t * TILE;
            tile_load(&l, row, e->stride[0], nx);
            for (int64_t i = 0; i < nx; i++)
                line_y(e, &l, l.tile + i * l.n);
            tile_store(&l, row, e->stride[0], nx);
        }
    }
    vn_free(l.f);
    return 0;
}

static int pass_z(void *ctx, int64_t y, struct vn_err *err)
{
    const struct edt *e = ctx;
    const bool f64 = e->out->type == VN_F64;
    double *out = (double *)e->out->data + y * e->out->stride[0], *wide = NULL;
    struct line l = { 0 };
    int rc = line_new(&l, e->n[2], err);
    if (rc)
        return rc;
    if (f64) {
        wide = vn_alloc((uint64_t)e->n[2] * sizeof(*wide), err);
        if (!wide) {
            rc = err->code;
            goto out;
        }
    }
    for (int64_t z = 0; f64 && z < e->n[2]; z++)
        memset(out + z * e->out->stride[1], 0, (size_t)e->n[0] * sizeof(*out));
    for (int64_t t = 0; t < e->n_tile; t++) {                /* in rows that are not busy offsets 0 are distances 0 */
        const int64_t nx = vn_min64(TILE, e->n[0] - t * TILE);
        const uint8_t *busy = e->busy + y * e->n_tile + t;
        for (int64_t a, b = 0; next_busy(e, &l, busy, e->n[1] * e->n_tile, e->n[2], &a, &b);) {
            uint32_t *row = e->off + a * e->stride[1] + y * e->stride[0] + t * TILE;
            tile_load(&l, row, e->stride[1], nx);
            for (int64_t i = 0; i < nx; i++) {
                line_z(e, &l, l.tile + i * l.n, wide);
                for (int64_t z = 0; f64 && z < l.n; z++)
                    out[(a + z) * e->out->stride[1] + t * TILE + i] = wide[z];
            }
            if (!f64)
                tile_store(&l, row, e->stride[1], nx);
        }
    }
out:
    vn_free(wide);
    vn_free(l.f);
    return rc;
}

int vn_edt(const struct vn_buf *mask, const double um[3], unsigned flags, struct vn_buf *out, struct vn_job *job,
           struct vn_err *err)
{
    struct edt e = { .mask = mask, .out = out, .unit = 1, .squared = flags & VN_EDT_SQUARED, .seeds = flags & VN_EDT_SEEDS,
                     .open = flags & (VN_EDT_OPEN | VN_EDT_SEEDS) };
    const bool known = um[0] != 0 || um[1] != 0 || um[2] != 0;
    int rc = 0;

    if (mask->type != VN_U8 || (out->type != VN_F32 && out->type != VN_F64) || !vn_box_same(&mask->box, &out->box))
        return vn_fail(err, VN_E_INTERNAL, "distance takes a u8 mask and gives f32 or f64 over the same box");
    if (known && !(um[0] > 0 && um[1] > 0 && um[2] > 0))
        return vn_fail(err, VN_E_ARG, "a voxel of %gx%gx%g um has no distances; every side must be above 0", um[0], um[1], um[2]);
    if (known)
        e.unit = fmin(um[0], fmin(um[1], um[2]));
    for (int i = 0; i < 3; i++) {
        e.n[i] = vn_box_dim(&mask->box, i);
        e.w[i] = known ? square(um[i] / e.unit) : 1;
        if (e.n[i] > VN_EDT_MAX_DIM)
            return vn_fail(err, VN_E_UNSUPPORTED, "distance works on regions of up to %d voxels along an axis, not %lld; "
                           "choose a smaller roi", VN_EDT_MAX_DIM, (long long)e.n[i]);
    }
    if (out->type == VN_F32) {
        e.off = out->data;
        e.stride[0] = out->stride[0];
        e.stride[1] = out->stride[1];
    } else {
        e.stride[0] = e.n[0];
        e.stride[1] = e.n[0] * e.n[1];
        e.off = vn_alloc(vn_box_count(&mask->box) * sizeof(*e.off), err);
        if (!e.off)
            return err->code;
    }
    e.n_tile = (e.n[0] + TILE - 1) / TILE;
    if (!(e.busy = vn_alloc((uint64_t)(e.n_tile * e.n[1] * e.n[2]), err)))
        rc = err->code;
    if (!rc)
        rc = vn_job_for_quiet(job, e.n[2], pass_x, &e, err);
    if (!rc)
        rc = vn_job_for_quiet(job, e.n[2], pass_y, &e, err);
    if (!rc)
        rc = vn_job_for_quiet(job, e.n[1], pass_z, &e, err);
    if (out->type == VN_F64)
        vn_free(e.off);
    vn_free(e.busy);
    return rc;
}
