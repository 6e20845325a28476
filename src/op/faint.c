/* faint.c - wide vessels that stand out by less than the noise of a voxel, by rays over means of cells. */
#include "faint.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "mem.h"
#include "vox.h"

enum { CELL = 4, FAR = 4, AWAY = 2, THIN = 12, MOST_STEP = 16, RAYS = 26, CORE = 20, AROUND = 9, WIDTH = 5 };
enum { GROWN = 16, GROW = 3, FURTHER = 16 };                 /* rays, cells; cells at most along a vessel */
enum { NONE = 255, FALL = 1, RISE = 2 };                     /* of a ray, and of two; of a cell on it */
static const float STEPS = 6, PART = 0.55f, SIDE = 0.1065f;         /* Gaussian of 0.5 cells: 0, 1 cell away */

void vn_faint_init(struct vn_faint *q, const int64_t dim[3], const double edge[3], double wide)
{
    double cell[3], least = INFINITY;

    memset(q, 0, sizeof *q);
    for (int k = 0; k < 3; k++) {
        q->dim[k] = dim[k];
        q->f[k] = vn_max64(1, llround(CELL / edge[k]));
        cell[k] = edge[k] * (double)q->f[k];
        least = fmin(least, cell[k]);
    }
    q->cell = least;
    for (int i = 14; i < 27; i++) {
        const int sign[3] = { i % 3 - 1, i / 3 % 3 - 1, i / 9 - 1 };
        struct vn_faint_way w = { .n = 0 };
        double most = 0, far = 0;
        bool thin = false;
        int axes = 0;
        for (int k = 0; k < 3; k++) {
            axes += sign[k] != 0;
            most = sign[k] ? fmax(most, cell[k]) : most;
            thin = thin || (sign[k] && (double)dim[k] * edge[k] < THIN * least);
        }
        for (int k = 0; k < 3; k++) {
            w.d[k] = sign[k] * (axes > 1 ? vn_min64(MOST_STEP, llround(most / cell[k])) : 1);
            far += pow((double)w.d[k] * cell[k] / least, 2);
        }
        w.len = (float)sqrt(far);
        w.n = vn_max64(1, vn_min64(NONE - 1, (int64_t)floor(wide / least / sqrt(far))));
        if (thin)
            continue;
        q->way[q->n++] = w;
        q->pad = vn_max64(q->pad, (FAR + AWAY) * (w.d[0] < 0 ? -w.d[0] : w.d[0]));
    }
}

void vn_faint_halo(const struct vn_faint *q, int64_t halo[3])
{
    for (int k = 0; k < 3; k++) {
        halo[k] = 0;
        for (int i = 0; i < q->n; i++) {
            const int64_t d = q->way[i].d[k] < 0 ? -q->way[i].d[k] : q->way[i].d[k];
            halo[k] = vn_max64(halo[k], d * (q->way[i].n + FAR + AWAY));
        }
        halo[k] = (halo[k] + FURTHER + GROW + 5) * q->f[k]; /* smoothing, around, growth, mean, between, parts */
    }
}

struct vn_box vn_faint_box(const struct vn_faint *q, const struct vn_box *box)
{
    struct vn_box b;
    for (int k = 0; k < 3; k++) {
        b.lo[k] = vn_max64(0, box->lo[k]) / q->f[k] * q->f[k];
        b.hi[k] = vn_min64(q->dim[k], (box->hi[k] + q->f[k] - 1) / q->f[k] * q->f[k]);
    }
    return b;
}

static void shape(struct vn_faint_cells *c, const struct vn_faint *q, const struct vn_box *box)
{
    *c = (struct vn_faint_cells) { .v = NULL };
    for (int k = 0; k < 3; k++) {
        c->lo[k] = box->lo[k] / q->f[k];
        c->n[k] = (box->hi[k] + q->f[k] - 1) / q->f[k] - c->lo[k];
    }
    c->row = c->n[0] + 2 * q->pad;
}

double vn_faint_bytes(const struct vn_faint *q, const struct vn_box *box)
{
    const struct vn_box all = vn_faint_box(q, box);
    struct vn_faint_cells c;

    shape(&c, q, &all);
    const double rows = (double)(c.n[1] * c.n[2]);
    return vn_mem_counted(8 * rows * (double)c.row) + 2 * vn_mem_counted(rows * (double)c.n[0]);
}

int vn_faint_cells(struct vn_faint_cells *c, const struct vn_faint *q, const struct vn_box *box, struct vn_err *err)
{
    shape(c, q, box);
    const uint64_t rows = (uint64_t)(c->n[1] * c->n[2]);
    if (!(c->v = vn_alloc(2 * rows * (uint64_t)c->row * sizeof *c->v, err)) ||   /* the second half while smoothed */
        !(c->seen = vn_alloc(rows * (uint64_t)c->n[0], err)) || !(c->vessel = vn_alloc(rows * (uint64_t)c->n[0], err)))
        return VN_E_MEMORY;
    return 0;
}

void vn_faint_cells_free(struct vn_faint_cells *c)
{
    vn_free(c->v);
    vn_free(c->seen);
    vn_free(c->vessel);
    *c = (struct vn_faint_cells) { .v = NULL };
}

/* Cells count from those in memory; what lies outside them is the nearest. */
static int64_t inside(int64_t i, int64_t n) { return i < 0 ? 0 : i < n ? i : n - 1; }

static float *row_of(const struct vn_faint *q, const struct vn_faint_cells *c, int64_t y, int64_t z)
{
    return c->v + (inside(z, c->n[2]) * c->n[1] + inside(y, c->n[1])) * c->row + q->pad;
}

static void pad_row(const struct vn_faint *q, const struct vn_faint_cells *c, float *row)
{
    for (int64_t i = 1; i <= q->pad; i++) {
        row[-i] = row[0];
        row[c->n[0] - 1 + i] = row[c->n[0] - 1];
    }
}

/* ---- means ---- */

struct pool {
    const struct vn_faint *q;
    const struct vn_faint_cells *c;
    vn_read_fn read;
    const void *ctx;
    int64_t from;
};

static VN_HOT void weight_row(float level, float scale, float *restrict v, float *restrict w, int64_t n)
{
    for (int64_t x = 0; x < n; x++) {
        const float t = (v[x] - level) * scale, t2 = t * t, weight = 1.0f / (1.0f + t2 * t2);
        w[x] = weight;
        v[x] = weight * t;
    }
}

/* sum[i] += of v's cells of f voxels. */
static VN_HOT void add_row(const float *restrict v, int64_t f, float *restrict sum, int64_t n)
{
    if (f == CELL)
        for (int64_t i = 0; i < n; i++)
            sum[i] += (v[CELL * i] + v[CELL * i + 1]) + (v[CELL * i + 2] + v[CELL * i + 3]);
    else
        for (int64_t i = 0; i < n; i++)
            for (int64_t k = 0; k < f; k++)
                sum[i] += v[f * i + k];
}

static int pool_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct pool *p = ctx;
    const struct vn_faint *q = p->q;
    const int64_t *f = q->f, z = p->from + i, cells = p->c->n[0], x0 = p->c->lo[0] * f[0];
    const int64_t n = vn_min64(q->dim[0] - x0, cells * f[0]), whole = n / f[0];
    const float scale = q->spread > 0.0f ? 1.0f / (3.0f * q->spread) : 0.0f;
    float *v = vn_alloc((uint64_t)(2 * (n + cells)) * sizeof *v, err), *w = v + n, *sum = w + n, *weight = sum + cells;

    if (!v)
        return VN_E_MEMORY;
    for (int64_t j = 0; j < p->c->n[1]; j++) {
        const int64_t y0 = (p->c->lo[1] + j) * f[1], y1 = vn_min64(q->dim[1], y0 + f[1]);
        const int64_t z0 = (p->c->lo[2] + z) * f[2], z1 = vn_min64(q->dim[2], z0 + f[2]);
        memset(sum, 0, (size_t)(2 * cells) * sizeof *sum);
        for (int64_t at = z0; at < z1; at++)
            for (int64_t y = y0; y < y1; y++) {
                p->read(p->ctx, x0, y, at, v, n);
                weight_row(q->level, scale, v, w, n);
                add_row(v, f[0], sum, whole);
                add_row(w, f[0], weight, whole);
                if (n > whole * f[0]) {
                    add_row(v + whole * f[0], n - whole * f[0], sum + whole, 1);
                    add_row(w + whole * f[0], n - whole * f[0], weight + whole, 1);
                }
            }
        float *to = row_of(q, p->c, j, z);
        for (int64_t x = 0; x < cells; x++) {
            const float one = (float)((z1 - z0) * (y1 - y0) * (x < whole ? f[0] : n - whole * f[0]));
            to[x] = sum[x] / (weight[x] + 0.05f * one);
        }
        pad_row(q, p->c, to);
    }
    vn_free(v);
    return 0;
}

int vn_faint_pool(const struct vn_faint *q, const struct vn_faint_cells *c, const struct vn_box *part, vn_read_fn read,
                  const void *ctx, struct vn_job *job, struct vn_err *err)
{
    const int64_t from = part->lo[2] / q->f[2] - c->lo[2], to = (part->hi[2] + q->f[2] - 1) / q->f[2] - c->lo[2];
    return vn_job_for_quiet(job, to - from, pool_plane, &(struct pool){ q, c, read, ctx, from }, err);
}

struct smooth { const struct vn_faint *q; const struct vn_faint_cells *c; bool back; };

static VN_HOT void three_row(const float *a, const float *b, const float *c, float *to, int64_t n)
{
    const float middle = 1.0f - 2.0f * SIDE;
    for (int64_t x = 0; x < n; x++)
        to[x] = middle * b[x] + SIDE * (a[x] + c[x]);
}

/* Along z into the second half; back along y, then x. */
static int smooth_plane(void *ctx, int64_t z, struct vn_err *err)
{
    const struct smooth *s = ctx;
    const struct vn_faint_cells *c = s->c;
    const struct vn_faint *q = s->q;
    const int64_t half = c->n[1] * c->n[2] * c->row, n = c->n[0];
    float *made = vn_alloc((uint64_t)(n + 2) * sizeof *made, err);

    if (!made)
        return VN_E_MEMORY;
    for (int64_t y = 0; y < c->n[1]; y++) {
        float *to = row_of(q, c, y, z);
        if (!s->back) {
            three_row(row_of(q, c, y, z - 1), to, row_of(q, c, y, z + 1), to + half, n);
            continue;
        }
        three_row(row_of(q, c, y - 1, z) + half, to + half, row_of(q, c, y + 1, z) + half, made + 1, n);
        made[0] = made[1];
        made[n + 1] = made[n];
        three_row(made, made + 1, made + 2, to, n);
        pad_row(q, c, to);
    }
    vn_free(made);
    return 0;
}

int vn_faint_smooth(const struct vn_faint *q, const struct vn_faint_cells *c, struct vn_job *job, struct vn_err *err)
{
    struct smooth s = { q, c, false };
    int rc = vn_job_for_quiet(job, c->n[2], smooth_plane, &s, err);
    s.back = true;
    return rc ? rc : vn_job_for_quiet(job, c->n[2], smooth_plane, &s, err);
}

static int by_value(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* From the median of differences two cells apart along rows; 65536 of them are enough. */
int vn_faint_step(struct vn_faint *q, const struct vn_faint_cells *c, struct vn_err *err)
{
    enum { MANY = 1 << 16 };
    const int64_t each = vn_max64(0, c->n[0] - AWAY), all = each * c->n[1] * c->n[2], skip = all / MANY + 1;
    float *v = vn_alloc((uint64_t)(all / skip + 1) * sizeof *v, err);
    int64_t n = 0;

    if (!v)
        return VN_E_MEMORY;
    for (int64_t i = 0; i < all; i += skip) {
        const float *row = row_of(q, c, i / each % c->n[1], i / each / c->n[1]) + i % each;
        v[n++] = fabsf(row[0] - row[AWAY]);
    }
    qsort(v, (size_t)n, sizeof *v, by_value);
    q->step = n > 0 ? v[n / 2] / 0.9539f : 0.0f;                     /* 0.6745 sqrt(2) */
    vn_free(v);
    return 0;
}

/* ---- rays ---- */

struct scan { const struct vn_faint *q; const struct vn_faint_cells *c; const struct vn_faint_way *w; };

/* Rows of cells that follow each other along a way begin where there is none before: chain i of those. */
static int64_t chains(const struct scan *s)
{
    const int64_t ny = s->c->n[1], nz = s->c->n[2], dy = llabs(s->w->d[1]), dz = llabs(s->w->d[2]);
    if (dy == 0 && dz == 0)
        return ny * nz;
    return vn_min64(dz, nz) * ny + (nz - vn_min64(dz, nz)) * vn_min64(dy, ny);
}

static void chain_at(const struct scan *s, int64_t i, int64_t *y, int64_t *z)
{
    const int64_t ny = s->c->n[1], nz = s->c->n[2], dy = s->w->d[1], dz = s->w->d[2];
    const int64_t my = llabs(dy), first = dy == 0 && dz == 0 ? nz : vn_min64(llabs(dz), nz);
    const int64_t wide = i < first * ny ? ny : vn_min64(my, ny);

    *z = i < first * ny ? i / ny : first + (i - first * ny) / wide;
    *y = i < first * ny ? i % ny : (i - first * ny) % wide;
    *z = dz < 0 ? nz - 1 - *z : *z;
    *y = dy < 0 ? ny - 1 - *y : *y;
}

/* What a step from each cell of a row is; v[k]: the row k - FAR steps on. */
static VN_HOT void edge_row(const float *const v[FAR + FAR + AWAY + 1], float step, uint8_t *restrict edge, int64_t n)
{
    const float *far = v[0], *before = v[FAR - 1], *here = v[FAR], *next = v[FAR + 1], *after = v[FAR + AWAY];
    const float *third = v[FAR + AWAY + 1], *end = v[FAR + FAR + AWAY];
    for (int64_t x = 0; x < n; x++) {
        const float d = here[x] - after[x], back = before[x] - next[x], on = next[x] - third[x];
        const bool fall = d > step && d > PART * (far[x] - end[x]) && d >= back && d >= on;
        edge[x] = (uint8_t)(fall ? FALL : d < -step ? RISE : 0);
    }
}

/* to[x] = steps to the first fall; from: of the next cell on the ray. */
static inline uint8_t ray(uint8_t edge, uint8_t from, int64_t most)
{
    return edge == FALL ? 0 : edge == RISE || from >= most ? NONE : (uint8_t)(from + 1);
}

static VN_HOT void ray_row(const uint8_t *restrict edge, const uint8_t *restrict from, int64_t most,
                           uint8_t *restrict to, int64_t n)
{
    for (int64_t x = 0; x < n; x++)
        to[x] = ray(edge[x], from[x], most);
}

static void follow(const struct scan *s, int64_t side, int64_t y, int64_t z, const uint8_t *next, uint8_t *edge,
                   uint8_t *to)
{
    const int64_t *d = s->w->d, n = s->c->n[0], dx = side * d[0], most = s->w->n;
    const float *v[2 * FAR + AWAY + 1];

    for (int64_t k = -FAR; k <= FAR + AWAY; k++)
        v[k + FAR] = row_of(s->q, s->c, y + k * side * d[1], z + k * side * d[2]) + k * dx;
    edge_row(v, STEPS * s->q->step, edge, n);
    if (d[1] == 0 && d[2] == 0) {
        for (int64_t i = 0; i < n; i++) {
            const int64_t x = side > 0 ? n - 1 - i : i, on = x + dx;
            to[x] = ray(edge[x], on >= 0 && on < n ? to[on] : NONE, most);
        }
        return;
    }
    const int64_t lo = vn_min64(n, vn_max64(0, -dx)), hi = vn_max64(lo, vn_min64(n, n - dx));
    for (int64_t x = 0; x < n; x++)
        if (!next || x < lo || x >= hi)
            to[x] = ray(edge[x], NONE, most);
    if (next)
        ray_row(edge + lo, next + lo + dx, most, to + lo, hi - lo);
}

/* Rays that see a side; how far apart those of opposite ones are at least, and at most what would be as long with
 * the cell in its middle: the root of the product of both ways (where one is not seen, of the other's square), in
 * half cells.  That product is the same along all chords through a point of a ball (Euclid III, 35).  A side lies in
 * the middle of the two steps in which it is seen. */
static VN_HOT void count_row(const uint8_t *restrict a, const uint8_t *restrict b, float len, uint8_t *restrict seen,
                             uint8_t *restrict least, uint8_t *restrict most, int64_t n)
{
    for (int64_t x = 0; x < n; x++) {
        const bool two = a[x] != NONE && b[x] != NONE;
        const uint8_t near = a[x] < b[x] ? a[x] : b[x], other = two ? (uint8_t)(a[x] + b[x] - near) : near;
        const float sum = 2.0f * len * (float)(a[x] + b[x] + 2);
        const float mean = 4.0f * len * sqrtf((float)((near + 1) * (other + 1)));
        const uint8_t far = !two || sum >= 254.0f ? NONE : (uint8_t)sum;
        const uint8_t on = near == NONE || mean >= 254.0f ? NONE : (uint8_t)mean;
        seen[x] = (uint8_t)(seen[x] + (a[x] != NONE) + (b[x] != NONE));
        least[x] = far < least[x] ? far : least[x];
        most[x] = on > most[x] ? on : most[x];
    }
}

/* The second half of the means has room for four bytes a cell: while they turn, cells take the first. */
static uint8_t *bytes_of(const struct vn_faint_cells *c, int i)
{
    return (uint8_t *)(c->v + c->n[1] * c->n[2] * c->row) + i * c->n[0] * c->n[1] * c->n[2];
}

static int chain(void *ctx, int64_t i, struct vn_err *err)
{
    const struct scan *s = ctx;
    const struct vn_faint_cells *c = s->c;
    const int64_t dy = s->w->d[1], dz = s->w->d[2], n = c->n[0];
    int64_t y, z, rows = 1;

    chain_at(s, i, &y, &z);
    if (dy || dz)
        while (y + rows * dy >= 0 && y + rows * dy < c->n[1] && z + rows * dz >= 0 && z + rows * dz < c->n[2])
            rows++;
    uint8_t *there = vn_alloc((uint64_t)((2 * rows + 1) * n), err), *back = there + rows * n, *edge = back + rows * n;
    if (!there)
        return VN_E_MEMORY;
    for (int64_t k = rows - 1; k >= 0; k--)
        follow(s, 1, y + k * dy, z + k * dz, k + 1 < rows ? there + (k + 1) * n : NULL, edge, there + k * n);
    for (int64_t k = 0; k < rows; k++) {
        follow(s, -1, y + k * dy, z + k * dz, k > 0 ? back + (k - 1) * n : NULL, edge, back + k * n);
        const int64_t at = ((z + k * dz) * c->n[1] + y + k * dy) * n;
        count_row(there + k * n, back + k * n, s->w->len, c->seen + at, bytes_of(c, 1) + at, bytes_of(c, 2) + at, n);
    }
    vn_free(there);
    return 0;
}

/* ---- what was found ---- */

static int64_t of_rays(const struct vn_faint *q, int64_t share) { return (share * 2 * q->n + RAYS - 1) / RAYS; }

static uint64_t count_of(const struct vn_faint_cells *c, const uint8_t *v, int64_t least)
{
    const int64_t all = c->n[0] * c->n[1] * c->n[2];
    uint64_t n = 0;
    for (int64_t i = 0; i < all; i++)
        n += v[i] >= least;
    return n;
}

/* Passes over planes of cells, a byte each: CORES: whether a cell and enough of those around are cores, and five
 * sixths of those that but for their length are (SEEN): how far vessel goes on from there, and 1; ALONG: one less
 * than the cells beside it, where it is SEEN; WIDER: a cell or one of six beside it, where there are enough rays;
 * MEANS: how many of the 27 around. */
enum what { SEEN, CORES, ALONG, WIDER, MEANS };
struct cells {
    const struct vn_faint *q;
    const struct vn_faint_cells *c;
    const uint8_t *from;
    uint8_t *to;
    enum what what;
};

static int64_t at_cell(const struct cells *p, int64_t x, int64_t y, int64_t z)
{
    const int64_t *n = p->c->n;
    return (inside(z, n[2]) * n[1] + inside(y, n[1])) * n[0] + inside(x, n[0]);
}

static bool is_seen(const struct cells *p, int64_t i)
{
    return p->c->seen[i] >= of_rays(p->q, CORE) && bytes_of(p->c, 1)[i] >= 2 * WIDTH;
}

static bool is(const struct cells *p, int64_t i)
{
    const int most = bytes_of(p->c, 2)[i];
    if (p->what > CORES)
        return p->from[i] != 0;
    return is_seen(p, i) && (p->what == SEEN || most == NONE || 4 * most >= 7 * bytes_of(p->c, 1)[i]);
}

static int around(const struct cells *p, enum what what, int64_t x, int64_t y, int64_t z)
{
    struct cells of = *p;
    int n = 0;

    of.what = what;
    for (int64_t k = z - 1; k <= z + 1; k++)
        for (int64_t j = y - 1; j <= y + 1; j++)
            for (int64_t i = x - 1; i <= x + 1; i++)
                n += is(&of, at_cell(p, i, j, k));
    return n;
}

/* The greatest of the six cells beside one. */
static uint8_t beside(const struct cells *p, int64_t x, int64_t y, int64_t z)
{
    uint8_t most = 0;
    for (int64_t s = -1; s <= 1; s += 2) {
        const uint8_t a = p->from[at_cell(p, x + s, y, z)], b = p->from[at_cell(p, x, y + s, z)];
        const uint8_t c = p->from[at_cell(p, x, y, z + s)];
        most = a > most ? a : most;
        most = b > most ? b : most;
        most = c > most ? c : most;
    }
    return most;
}

static uint8_t cell_of(const struct cells *p, int64_t x, int64_t y, int64_t z)
{
    const int64_t i = at_cell(p, x, y, z);
    uint8_t on = p->from[i];

    switch (p->what) {
    case CORES:
        if (!is(p, i))
            return 0;
        const int n = around(p, CORES, x, y, z);
        on = (uint8_t)(1 + vn_min64(FURTHER, bytes_of(p->c, 1)[i] / 4));           /* half of the way across */
        return n >= AROUND && 6 * n >= 5 * around(p, SEEN, x, y, z) ? on : 0;
    case ALONG: {
        const uint8_t next = is_seen(p, i) ? beside(p, x, y, z) : 0;
        return next > on + 1 ? (uint8_t)(next - 1) : on;
    }
    case WIDER:
        return on || (p->c->seen[i] >= of_rays(p->q, GROWN) && beside(p, x, y, z));
    default:
        return (uint8_t)around(p, p->what, x, y, z);
    }
}

static int cell_plane(void *ctx, int64_t z, struct vn_err *err)
{
    const struct cells *p = ctx;
    const int64_t *n = p->c->n;
    (void)err;

    for (int64_t y = 0; y < n[1]; y++)
        for (int64_t x = 0; x < n[0]; x++)
            p->to[(z * n[1] + y) * n[0] + x] = cell_of(p, x, y, z);
    return 0;
}

int vn_faint_find(const struct vn_faint *q, const struct vn_faint_cells *c, double least, uint64_t *cores,
                  struct vn_job *job, struct vn_err *err)
{
    const int64_t all = c->n[0] * c->n[1] * c->n[2];
    uint8_t *const found = bytes_of(c, 0);
    int rc = 0;

    *cores = 0;
    memset(c->seen, 0, (size_t)all);
    memset(c->vessel, 0, (size_t)all);
    memset(bytes_of(c, 1), NONE, (size_t)all);
    memset(bytes_of(c, 2), 0, (size_t)all);
    if (q->n == 0 || !(q->step > 0.0f))
        return 0;
    for (int i = 0; rc == 0 && i < q->n; i++) {
        struct scan s = { q, c, &q->way[i] };
        const int64_t still = of_rays(q, CORE) - 2 * (q->n - 1 - i);
        rc = vn_job_for_quiet(job, chains(&s), chain, &s, err);
        if (rc == 0 && still > 0 && (double)count_of(c, c->seen, still) <= least * (double)all)
            return 0;
    }
    struct cells p = { q, c, c->seen, found, CORES };
    rc = rc ? rc : vn_job_for_quiet(job, c->n[2], cell_plane, &p, err);
    *cores = rc ? 0 : count_of(c, found, 1);
    *cores = (double)*cores <= least * (double)all ? 0 : *cores;
    return rc;
}

void vn_faint_count(const struct vn_faint *q, const struct vn_faint_cells *c, const struct vn_box *box, int64_t *n,
                    int64_t *across)
{
    const int64_t half = llround(500 * q->cell);
    int64_t lo[3], hi[3];

    *n = *across = 0;
    for (int k = 0; k < 3; k++) {
        lo[k] = vn_max64(0, (box->lo[k] + q->f[k] - 1) / q->f[k] - c->lo[k]);
        hi[k] = vn_min64(c->n[k], (box->hi[k] + q->f[k] - 1) / q->f[k] - c->lo[k]);
    }
    for (int64_t z = lo[2]; z < hi[2]; z++)
        for (int64_t y = lo[1]; y < hi[1]; y++)
            for (int64_t x = lo[0]; x < hi[0]; x++) {
                const int64_t i = (z * c->n[1] + y) * c->n[0] + x;
                *n += bytes_of(c, 0)[i] > 0;
                *across += bytes_of(c, 0)[i] > 0 ? half * bytes_of(c, 1)[i] : 0;
            }
}

int vn_faint_grow(const struct vn_faint *q, const struct vn_faint_cells *c, struct vn_job *job, struct vn_err *err)
{
    uint8_t *const turn[2] = { bytes_of(c, 0), c->vessel };
    int now = 0, rc = 0;

    for (int i = 0; rc == 0 && i < FURTHER + GROW + 1; i++) {
        if (i < FURTHER && !count_of(c, turn[now], FURTHER + 1 - i))
            continue;
        struct cells p = { q, c, turn[now], turn[!now], i < FURTHER ? ALONG : i < FURTHER + GROW ? WIDER : MEANS };
        rc = vn_job_for_quiet(job, c->n[2], cell_plane, &p, err);
        now = !now;
    }
    if (rc == 0 && turn[now] != c->vessel)
        memcpy(c->vessel, turn[now], (size_t)(c->n[0] * c->n[1] * c->n[2]));
    return rc;
}

/* Between the means of the cells around: a third of them found. */
void vn_faint_row(const struct vn_faint *q, const struct vn_faint_cells *c, int64_t x, int64_t y, int64_t z,
                  uint8_t *in, int64_t n)
{
    const int64_t at[2] = { y, z };
    int64_t lo[2], hi[2];
    float part[2];

    for (int k = 0; k < 2; k++) {
        const float v = ((float)at[k] + 0.5f) / (float)q->f[k + 1] - 0.5f, low = floorf(v);
        part[k] = v - low;
        lo[k] = inside((int64_t)low - c->lo[k + 1], c->n[k + 1]);
        hi[k] = inside((int64_t)low + 1 - c->lo[k + 1], c->n[k + 1]);
    }
    const uint8_t *low_z = c->vessel + lo[1] * c->n[1] * c->n[0], *high_z = c->vessel + hi[1] * c->n[1] * c->n[0];
    const uint8_t *a = low_z + lo[0] * c->n[0], *b = low_z + hi[0] * c->n[0];
    const uint8_t *d = high_z + lo[0] * c->n[0], *e = high_z + hi[0] * c->n[0];
    for (int64_t i = 0; i < n; i++) {
        const float v = ((float)(x + i) + 0.5f) / (float)q->f[0] - 0.5f, low = floorf(v);
        const int64_t l = inside((int64_t)low - c->lo[0], c->n[0]), h = inside((int64_t)low + 1 - c->lo[0], c->n[0]);
        float sum = 0;
        for (int k = 0; k < 2; k++) {
            const int64_t p = k ? h : l;
            const float near = (float)a[p] + part[0] * (float)(b[p] - a[p]);
            const float far = (float)d[p] + part[0] * (float)(e[p] - d[p]);
            sum += (near + part[1] * (far - near)) * (k ? v - low : 1.0f - (v - low));
        }
        in[i] = sum >= 9.0f;
    }
}
