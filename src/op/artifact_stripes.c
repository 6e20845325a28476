/* artifact_stripes.c - stripes along an axis, other ones in every row: what the voxels of a row have in common against the rows around,
 * slowly changing along it (light-sheet shadows, lines of a scanner).
 *
 * Cells of 16 voxels along the axis, on the grid of the whole volume, hold sums and counts of the heights that count.  Stripes
 * that are the same all along: a row's level in a cell is the mean over `arm` cells on either side, of what lies within 4
 * standard deviations of the noise around the row's background and among 3 x 3 voxels of its plane that do not stand out (those at
 * vessels' edges all do to one side), in cells whose means are there.  Where that is, the cells' means say (background_of); rows
 * that lie farther than stripes do, and bright ones whose neighbours are unknown or bright as well, are inside a vessel.
 * Others: over 3 cells on either side, weighted 1 2 3 4 3 2 1, of what lies within 2.5 standard deviations of the background.  Less a share of the mean of the rows within 8 voxels that is E
 * in the middle of the cell, and E changes linearly between.  The share is that of the scatter of such means that is more than
 * chance: rows that differ by chance have some.  Where too few voxels count, as inside a vessel along the axis, E
 * is 0.  Of E, whose errors have the variance e^2, the part rms^2 / (rms^2 + e^2) is taken. */
#include <math.h>
#include <string.h>
#include "artifact_scan.h"
#include "mem.h"
#include "vox.h"

enum { CELL = 16, ARM = 3, MAX_ARM = 16, CROSS = 8, EDGE = CROSS + 1, PATCH = 24, SIDE = PATCH + 2 * CROSS, PATCHES = 3, FEW = 2 };
static const double NEAR = 2.5, WIDE = 4, QUIET = 3, SURE = 10, SHARE = 0.15, LEAST = 0.03, SAME = 0.7, STEADY = 0.9, FARTHEST = 4.5, ALIKE = 1.5;
/* Of cells of the background: voxels that count, standard errors of their mean from the row's, of a few from each other; of a row's voxels */
static const double SOME = 0.34, ALIKE_CELL = 3, DENSE = 2.5, LEAST_ROW = 0.11;

enum { RMS, ARMS, SHARED, LENGTH, SIDE_OF, N_VALUE };      /* of an artifact's values; LENGTH: of the axis, from lo on; SIDE_OF: 1 or -1, where vessels are */

/* Rms of a row's level. */
static double usual_of(const struct vn_artifact *a) { return sqrt(a->value[RMS] * a->value[RMS] + a->error * a->error); }

static bool steady(const struct vn_artifact *a) { return a->value[ARMS] != ARM; }

bool vn_stripes_valid(const struct vn_artifact *a)
{
    const double *v = a->value;
    return a->n_value == N_VALUE && v[ARMS] >= ARM && v[ARMS] <= MAX_ARM && v[ARMS] == floor(v[ARMS]) && v[SHARED] >= 0 && v[SHARED] <= 1 &&
           v[LENGTH] >= 1 && v[LENGTH] <= 9e15 && fabs(v[SIDE_OF]) == 1;
}

void vn_stripes_halo(const struct vn_artifact *a, int64_t halo[3])
{
    const int64_t arm = (int64_t)a->value[ARMS], along = CELL / 2 + (steady(a) ? 3 * arm + 2 : arm + 1) * CELL;
    for (int k = 0; k < 3; k++)
        halo[k] = k == a->axis ? vn_min64(along, (int64_t)a->value[LENGTH] + CELL) : EDGE;
}

static int64_t cell_of(int64_t i) { return i >= 0 ? i / CELL : -((CELL - 1 - i) / CELL); }

/* Sums over a box: [w][cell][u], u the first and w the second axis that is not the stripes'. */
struct cells {
    const struct vn_artifact *a;
    const struct vn_artifacts *m;
    const struct vn_artifact *lost;    /* filled at this strength; NULL: none */
    double strength;
    const struct vn_buf *in, *raw;     /* what is summed; that and what lost slices need */
    int u, w;
    int64_t c0, nc, nu, nw, first, last;                   /* cells; those of the volume */
    float *sum, *count, *centre;       /* centre: what heights are seen from, NULL: the level */
    double near, *square;              /* how far they count; [w]: sums of their squares */
    bool quiet;                        /* only voxels count whose neighbours do not stand out */
};

/* A row: heights, how far they are from its centres, at most `most`, whether there is any, and whether it counts. */
struct heights { float *h, *from, *is, *ok; };

static VN_HOT void height_row(const double *v, double level, const float *centre, double most, float *restrict h, float *restrict from, float *restrict is,
                              float *restrict ok, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const double d = v[i] - level, f = d - (double)centre[i];
        const bool some = f == f, near = fabs(f) <= most;
        h[i] = near ? (float)d : 0.0f;
        from[i] = near ? (float)f : !some ? 0.0f : (float)(f < 0 ? -most : most);
        is[i] = some ? 1.0f : 0.0f;
        ok[i] = near ? 1.0f : 0.0f;
    }
}

/* Sums over 3 x 3 voxels of rows beside each other.  wide: n + 2 numbers, the first and the last 0. */
static VN_HOT void sum_rows(const float *a, const float *b, const float *c, float *restrict wide, float *restrict out, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        wide[i + 1] = (a[i] + c[i]) + b[i];
    for (int64_t i = 0; i < n; i++)
        out[i] = (wide[i] + wide[i + 2]) + wide[i + 1];
}

/* Voxels whose 3 x 3 stand out do not count: vessels' edges do not by themselves, but all to one side. */
static VN_HOT void quiet_row(const float *sum, const float *n_sum, float most, float *restrict h, float *restrict ok, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const bool quiet = sum[i] * sum[i] <= most * most * n_sum[i];
        h[i] = quiet ? h[i] : 0.0f;
        ok[i] = quiet ? ok[i] : 0.0f;
    }
}

static double squares(const float *from, const float *ok, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += ok[i] > 0 ? (double)from[i] * (double)from[i] : 0;
    return sum;
}

static VN_HOT void add_row(float *restrict to, const float *restrict v, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        to[i] += v[i];
}

/* Where cell k of the box begins in a row along x. */
static int64_t cell_from(const struct cells *c, int64_t k)
{
    const struct vn_box *b = &c->in->box;
    return vn_clamp64((c->c0 + k) * CELL - b->lo[0], 0, vn_box_dim(b, 0));
}

static void load_row(const struct cells *c, int64_t i, int64_t j, double *v, float *centre, struct heights *r)
{
    const struct vn_box *b = &c->in->box;
    const int64_t nx = vn_box_dim(b, 0), y = c->w == 2 ? j : b->lo[1] + i, z = c->w == 2 ? b->lo[2] + i : j;

    vn_artifact_fetch(c->lost, c->strength, c->raw, b->lo[0], y, z, v, nx);
    vn_artifacts_row(c->m, b->lo[0], y, z, v, nx);
    if (c->centre && c->a->axis)
        memcpy(centre, c->centre + (i * c->nc + cell_of(j) - c->c0) * c->nu, (size_t)nx * sizeof *centre);
    for (int64_t k = 0; k < c->nc && c->centre && !c->a->axis; k++)
        for (int64_t x = cell_from(c, k), end = cell_from(c, k + 1); x < end; x++)
            centre[x] = c->centre[(i * c->nc + k) * c->nu + (j - b->lo[1])];
    height_row(v, c->a->level, centre, c->near, r->h, r->from, r->is, r->ok, nx);
}

static void tally_row(const struct cells *c, int64_t i, int64_t j, const struct heights *r)
{
    const struct vn_box *b = &c->in->box;
    const int64_t nx = vn_box_dim(b, 0);
    float *sum = c->sum + i * c->nc * c->nu, *count = c->count + i * c->nc * c->nu;

    if (c->square)
        c->square[i] += squares(r->from, r->ok, nx);
    if (c->a->axis) {
        add_row(sum + (cell_of(j) - c->c0) * c->nu, r->h, nx);
        add_row(count + (cell_of(j) - c->c0) * c->nu, r->ok, nx);
        return;
    }
    for (int64_t k = 0; k < c->nc; k++) {
        float all[2] = { 0, 0 };
        for (int64_t x = cell_from(c, k), end = cell_from(c, k + 1); x < end; x++) {
            all[0] += r->h[x];
            all[1] += r->ok[x];
        }
        sum[k * c->nu + (j - b->lo[1])] = all[0];
        count[k * c->nu + (j - b->lo[1])] = all[1];
    }
}

static int sum_task(void *ctx, int64_t i, struct vn_err *err)
{
    const struct cells *c = ctx;
    const int mid = c->w == 2 ? 1 : 2;                     /* the axis that is neither x nor w */
    const int64_t nx = vn_box_dim(&c->in->box, 0), lo = c->in->box.lo[mid], hi = c->in->box.hi[mid];
    double *v = vn_calloc((uint64_t)nx + 2, sizeof *v + 16 * sizeof(float), err);
    float *room = (float *)(v + nx + 2), *centre = room + 12 * nx, *wide = centre + nx, *sum = wide + nx + 2, *n = sum + nx;
    struct heights r[3];

    if (!v)
        return VN_E_MEMORY;
    for (int k = 0; k < 3; k++)
        r[k] = (struct heights){ room + 4 * k * nx, room + (4 * k + 1) * nx, room + (4 * k + 2) * nx, room + (4 * k + 3) * nx };
    if (c->square)
        c->square[i] = 0;
    memset(c->sum + i * c->nc * c->nu, 0, (size_t)(c->nc * c->nu) * sizeof *c->sum);
    memset(c->count + i * c->nc * c->nu, 0, (size_t)(c->nc * c->nu) * sizeof *c->count);
    for (int64_t j = lo; j <= hi; j++) {                   /* a row is summed when the next one is known */
        struct heights *own = &r[(j - lo + 2) % 3], *next = &r[(j - lo) % 3], *before = &r[(j - lo + 1) % 3];
        if (j < hi)
            load_row(c, i, j, v, centre, next);
        else {
            memset(next->from, 0, (size_t)nx * sizeof *next->from);
            memset(next->is, 0, (size_t)nx * sizeof *next->is);
        }
        if (j > lo && c->quiet) {
            sum_rows(before->from, own->from, next->from, wide, sum, nx);
            sum_rows(before->is, own->is, next->is, wide, n, nx);
            quiet_row(sum, n, (float)(QUIET * c->a->noise), own->h, own->ok, nx);
        }
        if (j > lo)
            tally_row(c, i, j - 1, own);
    }
    vn_free(v);
    return 0;
}

/* Means of cells, rising. */
struct means { float v[2 * MAX_ARM + 1]; int n; };

static void means_add(struct means *m, float v)
{
    int to = m->n++;
    for (; to > 0 && m->v[to - 1] > v; to--)
        m->v[to] = m->v[to - 1];
    m->v[to] = v;
}

static void means_drop(struct means *m, float v)
{
    int at = 0;
    while (at + 1 < m->n && m->v[at] != v)                 /* what is no number: any */
        at++;
    for (m->n--; at < m->n; at++)
        m->v[at] = m->v[at + 1];
}

/* The mean of a cell; false where too few voxels count. */
static bool cell_mean(const struct cells *c, int64_t cell, float *mean)
{
    if (c->count[cell] * 3 < CELL)
        return false;
    *mean = c->sum[cell] / c->count[cell];
    return true;
}

/* Where the background of a row is, as far as the means of its cells say: the middle of where a third of them is densest; where that is on
 * the vessels' side by more than stripes usually are, the middle of the few farthest from there that are as dense as noise leaves them.
 * Then the mean of the cells that noise may have put there. */
static float background_of(const struct means *m, double side, double usual, double cell)
{
    const int some = m->n / 3 + 1, last = m->n - some;
    int best = 0;

    for (int j = 1; j <= last; j++)
        best = m->v[j + some - 1] - m->v[j] < m->v[best + some - 1] - m->v[best] ? j : best;
    double at = 0.5 * ((double)m->v[best] + (double)m->v[best + some - 1]);
    for (int j = 0, few = some < FEW ? some : FEW; side * at > usual && j + few <= m->n; j++) {
        const int k = side > 0 ? j : m->n - few - j;
        const double lo = (double)m->v[k], hi = (double)m->v[k + few - 1];
        if (hi - lo <= DENSE * cell) {
            at = 0.5 * (lo + hi);
            break;
        }
    }
    for (int pass = 0; pass < 3; pass++) {
        double sum = 0;
        int n = 0;
        for (int j = 0; j < m->n; j++)
            if (fabs((double)m->v[j] - at) <= ALIKE_CELL * cell) {
                sum += (double)m->v[j];
                n++;
            }
        const double was = at;
        at = n ? sum / n : at;
        if (at == was)
            break;
    }
    return (float)at;
}

static int centre_task(void *ctx, int64_t i, struct vn_err *err)
{
    const struct cells *c = ctx;
    const double usual = usual_of(c->a), cell = c->a->noise / sqrt(CELL);
    const int64_t arm = (int64_t)c->a->value[ARMS], at = i * c->nc * c->nu, from = vn_max64(0, c->first), to = vn_min64(c->nc - 1, c->last);
    (void)err;

    for (int64_t u = 0; u < c->nu; u++) {
        struct means m = { .n = 0 };
        int64_t lo = from, hi = from;                      /* cells lo..hi - 1 are in m */
        float mean;
        for (int64_t k = 0; k < c->nc; k++) {
            const int64_t was[2] = { lo, hi };
            for (; lo < hi && lo < k - arm; lo++)
                if (cell_mean(c, at + lo * c->nu + u, &mean) && fabs((double)mean) <= FARTHEST * usual)
                    means_drop(&m, mean);
            for (; hi <= vn_min64(to, k + arm); hi++)
                if (cell_mean(c, at + hi * c->nu + u, &mean) && fabs((double)mean) <= FARTHEST * usual)
                    means_add(&m, mean);
            c->centre[at + k * c->nu + u] = k && was[0] == lo && was[1] == hi ? c->centre[at + (k - 1) * c->nu + u] :
                                            m.n ? background_of(&m, c->a->value[SIDE_OF], usual, cell) : NAN;
        }
    }
    return 0;
}

static int cells_init(struct cells *c, const struct vn_artifact *a, const struct vn_artifacts *m, double strength, const struct vn_buf *in,
                      const struct vn_buf *raw, bool squares_too, struct vn_job *job, struct vn_err *err)
{
    const struct vn_box *b = &in->box;

    *c = (struct cells){ .a = a, .m = m, .lost = strength > 0 ? vn_artifact_lost(m) : NULL, .strength = strength, .in = in, .raw = raw, .u = a->axis == 0 ? 1 : 0, .w = a->axis == 2 ? 1 : 2 };
    c->c0 = cell_of(b->lo[a->axis]);
    c->nc = cell_of(b->hi[a->axis] - 1) + 1 - c->c0;
    c->nu = vn_box_dim(b, c->u);
    c->nw = vn_box_dim(b, c->w);
    c->first = cell_of(a->lo) - c->c0;
    c->last = cell_of(a->lo + (int64_t)a->value[LENGTH] - 1) - c->c0;
    c->near = steady(a) ? WIDE * sqrt(a->noise * a->noise + a->value[RMS] * a->value[RMS]) : NEAR * a->noise;
    const uint64_t n = (uint64_t)(c->nc * c->nu * c->nw) * sizeof(float);
    float *centre = steady(a) ? vn_alloc(n, err) : NULL;
    c->sum = vn_alloc(n, err);
    c->count = vn_alloc(n, err);
    c->square = squares_too ? vn_alloc((uint64_t)c->nw * sizeof *c->square, err) : NULL;
    int rc = c->sum && c->count && (c->square || !squares_too) && (centre || !steady(a)) ? vn_job_for_quiet(job, c->nw, sum_task, c, err) : VN_E_MEMORY;
    c->centre = centre;
    for (int pass = 0; rc == 0 && steady(a) && pass < 2; pass++) {
        c->near = WIDE * a->noise;
        c->quiet = pass > 0;
        if (!(rc = vn_job_for_quiet(job, c->nw, centre_task, c, err)))
            rc = vn_job_for_quiet(job, c->nw, sum_task, c, err);
    }
    return rc;
}

static void cells_free(struct cells *c)
{
    vn_free(c->sum);
    vn_free(c->count);
    vn_free(c->centre);
    vn_free(c->square);
}

/* Voxels of a cell that are in the volume. */
static double cell_size(const struct cells *c, int64_t k)
{
    const int64_t lo = c->a->lo, hi = lo + (int64_t)c->a->value[LENGTH];
    return (double)(vn_min64(hi, (k + 1) * CELL) - vn_max64(lo, k * CELL));
}

/* Forgets the cells that are not of the background, as what else there is in their rows says. */
static int keep_task(void *ctx, int64_t w, struct vn_err *err)
{
    const struct cells *c = ctx;
    (void)err;

    for (int64_t k = 0; k < c->nc; k++) {
        const float most = (float)(ALIKE_CELL * c->a->noise), least = (float)(SOME * cell_size(c, c->c0 + k));
        float *sum = c->sum + (w * c->nc + k) * c->nu, *count = c->count + (w * c->nc + k) * c->nu;
        const float *centre = c->centre + (w * c->nc + k) * c->nu;
        for (int64_t u = 0; u < c->nu; u++) {
            const float off = sum[u] - count[u] * centre[u];
            const bool keep = count[u] >= least && off * off <= most * most * count[u];
            sum[u] = keep ? sum[u] : 0;
            count[u] = keep ? count[u] : 0;
        }
    }
    return 0;
}

static VN_HOT void add_cells(const float *restrict sum, const float *restrict count, double weight, double *restrict level, double *restrict n, int64_t nu)
{
    for (int64_t u = 0; u < nu; u++) {
        level[u] += weight * (double)sum[u];
        n[u] += weight * (double)count[u];
    }
}

/* Means of cells from..to of the rows w, weighted as they lie around the middle (flat: alike); NaN: too few voxels.  n: nu numbers. */
static void row_levels(const struct cells *c, int64_t w, int64_t from, int64_t to, bool flat, double *level, double *n)
{
    double all = 0;

    memset(level, 0, (size_t)c->nu * sizeof *level);
    memset(n, 0, (size_t)c->nu * sizeof *n);
    for (int64_t k = vn_max64(from, c->c0 + vn_max64(0, c->first)); k <= vn_min64(to, c->c0 + vn_min64(c->nc - 1, c->last)); k++) {
        const int64_t at = (w * c->nc + (k - c->c0)) * c->nu;
        const double weight = flat ? 1 : (double)(1 + ARM) - fabs((double)k - 0.5 * (double)(from + to));
        add_cells(c->sum + at, c->count + at, weight, level, n, c->nu);
        all += weight * CELL;
    }
    for (int64_t u = 0; u < c->nu; u++) {
        const bool enough = 3 * n[u] > all || (c->centre && n[u] > LEAST_ROW * all);
        level[u] = enough ? level[u] / n[u] : NAN;
    }
}

/* Of the inner rows of nu x nw, all but CROSS at the borders, the means of the rows around that have a level.  room: 2 nu nw numbers. */
static void means_around(const double *level, int64_t stride, int64_t nu, int64_t nw, double *mean, double *room)
{
    const int64_t mu = nu - 2 * CROSS;
    double *sum = room, *n = room + nw * mu;

    for (int64_t w = 0; w < nw; w++)
        for (int64_t u = 0; u < mu; u++) {
            double s = 0, m = 0;
            for (int64_t i = u; i <= u + 2 * CROSS; i++) {
                const double v = level[w * stride + i];
                s += v == v ? v : 0;
                m += v == v;
            }
            sum[w * mu + u] = s;
            n[w * mu + u] = m;
        }
    for (int64_t w = 0; w < nw - 2 * CROSS; w++)
        for (int64_t u = 0; u < mu; u++) {
            double s = 0, m = 0;
            for (int64_t j = w; j <= w + 2 * CROSS; j++) {
                s += sum[j * mu + u];
                m += n[j * mu + u];
            }
            mean[w * mu + u] = m > 0 ? s / m : 0;
        }
}

/* Whether a row is inside a vessel along the axis, as far as its level and those of its neighbours say. */
static bool in_vessel(const struct vn_artifact *a, const double *level, int64_t nu, int64_t u, int64_t w)
{
    const double usual = usual_of(a), own = level[w * nu + u] * a->value[SIDE_OF];
    double sum = 0, n = 0;

    for (int64_t j = w - 1; j <= w + 1; j++)
        for (int64_t i = u - 1; i <= u + 1; i++) {
            const double v = level[j * nu + i];
            const bool ok = v == v && (i != u || j != w);
            sum += ok ? v * a->value[SIDE_OF] : 0;
            n += ok;
        }
    return fabs(own) > FARTHEST * usual || (own > ALIKE * usual && (n == 0 || sum > ALIKE * usual * n));
}

/* ---- taking away ---- */

struct remove {
    const struct cells *c;
    const struct vn_buf *out;
    double strength; bool share;
    int64_t k0, nk;
    double *level;
    float *e;                          /* [cell][w][u] of out */
};

static int level_task(void *ctx, int64_t i, struct vn_err *err)
{
    const struct remove *r = ctx;
    const struct cells *c = r->c;
    const int64_t arm = (int64_t)c->a->value[ARMS];
    double *n = vn_alloc((uint64_t)c->nu * sizeof *n, err);

    for (int64_t w = 0; n && w < c->nw; w++)
        row_levels(c, w, r->k0 + i - arm, r->k0 + i + arm, steady(c->a), r->level + (i * c->nw + w) * c->nu, n);
    vn_free(n);
    return n ? 0 : VN_E_MEMORY;
}

/* What rows have against a share of what those around have. */
static int stripe_task(void *ctx, int64_t i, struct vn_err *err)
{
    const struct remove *r = ctx;
    const struct cells *c = r->c;
    const int64_t nu = c->nu - 2 * EDGE, nw = c->nw - 2 * EDGE;
    const double *level = r->level + i * c->nw * c->nu, share = c->a->value[SHARED];
    double *mean = vn_calloc((uint64_t)(nu * nw + 2 * c->nu * c->nw), sizeof *mean, err);

    if (!mean)
        return VN_E_MEMORY;
    if (share > 0)
        means_around(level + c->nu + 1, c->nu, c->nu - 2, c->nw - 2, mean, mean + nu * nw);
    for (int64_t w = 0; w < nw; w++)
        for (int64_t u = 0; u < nu; u++) {
            const double own = level[(w + EDGE) * c->nu + u + EDGE];
            const bool none = own != own || (steady(c->a) && in_vessel(c->a, level, c->nu, u + EDGE, w + EDGE));
            r->e[(i * nw + w) * nu + u] = none ? 0 : (float)(own - share * mean[w * nu + u]);
        }
    vn_free(mean);
    return 0;
}

static int row_task(void *ctx, int64_t i, struct vn_err *err)
{
    const struct remove *r = ctx;
    const struct cells *c = r->c;
    const struct vn_box *b = &r->out->box;
    const int64_t nx = vn_box_dim(b, 0), nu = c->nu - 2 * EDGE, nw = c->nw - 2 * EDGE, z = b->lo[2] + i;
    double *v = vn_alloc((uint64_t)nx * sizeof *v, err);

    if (!v)
        return VN_E_MEMORY;
    for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
        vn_artifact_fetch(c->lost, c->strength, c->raw, b->lo[0], y, z, v, nx);
        vn_artifacts_row(c->m, b->lo[0], y, z, v, nx);
        for (int64_t x = 0; x < nx; x++) {
            const int64_t p[3] = { b->lo[0] + x, y, z }, along = p[c->a->axis], k = cell_of(along - CELL / 2);
            const double t = ((double)(along - k * CELL) + 0.5 - CELL / 2) / CELL;
            const int64_t at = ((k - r->k0) * nw + (p[c->w] - b->lo[c->w])) * nu + (p[c->u] - b->lo[c->u]);
            const double e = (1 - t) * (double)r->e[at] + t * (double)r->e[at + nw * nu], s = v[x] - r->strength * e;
            v[x] = s != s ? NAN : !r->share ? s : s < 0 ? 0 : s > 1 ? 1 : s;
        }
        vn_convert_row(r->out->type, (char *)r->out->data + vn_buf_at(r->out, b->lo[0], y, z) * (int64_t)vn_type_size(r->out->type), VN_F64, v, nx);
    }
    vn_free(v);
    return 0;
}

int vn_stripes_remove(const struct vn_artifact *a, const struct vn_artifacts *m, double strength, bool share, const struct vn_buf *in,
                      const struct vn_buf *out, struct vn_job *job, struct vn_err *err)
{
    int64_t halo[3];
    vn_stripes_halo(a, halo);
    struct vn_box seen = vn_box_grow(&out->box, halo);
    seen.lo[a->axis] = vn_max64(seen.lo[a->axis], in->box.lo[a->axis]);
    seen.hi[a->axis] = vn_min64(seen.hi[a->axis], in->box.hi[a->axis]);
    const int64_t lo = vn_max64(seen.lo[a->axis], a->lo), hi = vn_min64(seen.hi[a->axis], a->lo + (int64_t)a->value[LENGTH]);
    if (lo < hi) {                                         /* beyond there is nothing to learn */
        seen.lo[a->axis] = lo;
        seen.hi[a->axis] = hi;
    }
    const struct vn_buf view = vn_buf_view(in, &seen);
    struct cells c;
    struct remove r = { .c = &c, .out = out, .strength = strength, .share = share, .k0 = cell_of(out->box.lo[a->axis] - CELL / 2) };
    int rc = cells_init(&c, a, m, strength, &view, in, false, job, err);

    const double own = a->value[RMS] * a->value[RMS], all = own + a->error * a->error;
    r.strength *= all > 0 ? own / all : 0;                 /* so that least is left where E is known badly (Wiener) */
    r.nk = cell_of(out->box.hi[a->axis] - 1 - CELL / 2) + 2 - r.k0;
    if (rc == 0) {
        r.level = vn_alloc((uint64_t)(r.nk * c.nu * c.nw) * sizeof *r.level, err);
        r.e = vn_alloc((uint64_t)(r.nk * c.nu * c.nw) * sizeof *r.e, err);
        rc = r.level && r.e ? 0 : VN_E_MEMORY;
    }
    if (rc == 0 && steady(a))
        rc = vn_job_for_quiet(job, c.nw, keep_task, &c, err);
    if (rc == 0 && !(rc = vn_job_for_quiet(job, r.nk, level_task, &r, err)) && !(rc = vn_job_for_quiet(job, r.nk, stripe_task, &r, err)))
        rc = vn_job_for_quiet(job, vn_box_dim(&out->box, 2), row_task, &r, err);
    vn_free(r.level);
    vn_free(r.e);
    cells_free(&c);
    return rc;
}

/* ---- finding ----
 *
 * In patches of 24 x 24 rows three parts of each row, two side by side and one far away (48 voxels at least), say what it has against
 * its neighbours.  Stripes say the same far away as nearby; what grows is alike nearby only. */

static int patch_cells(struct vn_ascan *s, const struct vn_artifact *a, const struct vn_artifacts *m, int i, struct vn_buf *in, struct cells *c,
                       struct vn_job *job, struct vn_err *err)
{
    const int side[2] = { a->axis == 0 ? 1 : 0, a->axis == 2 ? 1 : 2 }, at[2] = { i % PATCHES, i / PATCHES };
    struct vn_box b = s->l->box;

    for (int k = 0; k < 2; k++) {
        b.lo[side[k]] += (vn_box_dim(&s->l->box, side[k]) - SIDE) * at[k] / (PATCHES - 1);
        b.hi[side[k]] = b.lo[side[k]] + SIDE;
    }
    const int rc = vn_ascan_box(s, &b, in, err);
    return rc ? rc : cells_init(c, a, m, 0, in, in, true, job, err);   /* lost slices are filled already */
}

struct scatter { double n, own, m, mean, square, count; };             /* rows; sums of squares of E and of means around; of those; within rows */

/* Of a patch's rows, all along. */
static void scatter_rows(struct cells *c, struct scatter *t)
{
    double level[SIDE * SIDE], mean[PATCH * PATCH], room[2 * SIDE * SIDE];

    for (int64_t w = 0; w < c->nw; w++)
        t->square += c->square[w];
    for (int64_t k = 0; k < c->nw * c->nc * c->nu; k++)
        t->count += (double)c->count[k];
    for (int64_t w = 0; w < SIDE; w++) {
        keep_task(c, w, NULL);
        row_levels(c, w, c->c0, c->c0 + c->nc - 1, true, level + w * SIDE, room);
    }
    means_around(level, SIDE, SIDE, SIDE, mean, room);
    for (int64_t k = 0; k < PATCH * PATCH; k++) {
        const double own = level[(k / PATCH + CROSS) * SIDE + k % PATCH + CROSS], e = own - mean[k];
        if (own != own)
            continue;
        t->n++;
        t->own += e * e;
        t->m += mean[k] * mean[k];
        t->mean += mean[k];
    }
}

/* Noise within rows, rms and share of steady stripes. */
static int measure_steady(struct vn_ascan *s, struct vn_artifact *a, const struct vn_artifacts *m, struct vn_job *job, struct vn_err *err)
{
    static const double kept = 0.998, rows = (2 * CROSS + 1) * (2 * CROSS + 1);         /* sd of normal deviates of which those that stand out do not count */
    int rc = 0;

    for (int pass = 0; rc == 0 && pass < 4; pass++) {
        struct scatter t = { 0 };
        for (int i = 0; rc == 0 && i < PATCHES * PATCHES; i++) {
            struct vn_buf in = { 0 };
            struct cells c = { .sum = NULL };
            if (!(rc = patch_cells(s, a, m, i, &in, &c, job, err)))
                scatter_rows(&c, &t);
            cells_free(&c);
            vn_buf_free(&in);
        }
        if (rc || !(t.n > 1) || !(t.count > 0))
            return rc;
        const double own = t.own / t.n, around = t.m / t.n - t.mean / t.n * (t.mean / t.n), chance = own / rows;
        a->noise = fmin(a->noise, sqrt(t.square / t.count) / kept);
        a->error = a->noise / sqrt(fmin(a->value[LENGTH], CELL * (2 * a->value[ARMS] + 1)) * t.count / (PATCHES * PATCHES * SIDE * SIDE * a->value[LENGTH]));
        a->value[RMS] = sqrt(fmax(own - a->error * a->error, 0));
        a->value[SHARED] = around > 2 * chance ? 1 - chance / around : 0;
    }
    return rc;
}

static int find_along(struct vn_ascan *s, struct vn_artifacts *m, int axis, struct vn_job *job, struct vn_err *err)
{
    const struct vn_artifact_look *l = s->l;
    const int64_t length = vn_box_dim(&l->box, axis), part = vn_min64(length / 5, 96) / CELL;
    double value[N_VALUE] = { 0, ARM, 1, (double)length, l->high - l->level < l->level - l->low ? -1 : 1 };
    struct vn_artifact a = { .kind = VN_STRIPES, .axis = axis, .lo = l->box.lo[axis], .level = l->level, .noise = l->spread, .value = value, .n_value = N_VALUE };
    const int u = axis == 0 ? 1 : 0, w = axis == 2 ? 1 : 2;
    double xx = 0, yy = 0, far = 0, near = 0, n = 0, level[SIDE * SIDE], e[3][PATCH * PATCH], room[2 * SIDE * SIDE];
    int rc = 0;

    if (part < 1 || length < (3 * part + 3 + 2) * CELL || vn_box_dim(&l->box, u) < SIDE || vn_box_dim(&l->box, w) < SIDE)
        return 0;
    for (int i = 0; rc == 0 && i < PATCHES * PATCHES; i++) {
        struct vn_buf in = { 0 };
        struct cells c = { .sum = NULL };
        rc = patch_cells(s, &a, m, i, &in, &c, job, err);
        const int64_t first = c.c0 + 1, last = c.c0 + c.nc - 2, from[3] = { first, first + part, last - part + 1 };   /* whole cells at both ends */
        for (int j = 0; rc == 0 && j < 3; j++) {
            for (int64_t y = 0; y < SIDE; y++)
                row_levels(&c, y, from[j], from[j] + part - 1, true, level + y * SIDE, room);
            means_around(level, SIDE, SIDE, SIDE, e[j], room);
            for (int64_t k = 0; k < PATCH * PATCH; k++)
                e[j][k] = level[(k / PATCH + CROSS) * SIDE + k % PATCH + CROSS] - e[j][k];
        }
        for (int64_t k = 0; rc == 0 && k < PATCH * PATCH; k++) {
            if (e[0][k] != e[0][k] || e[1][k] != e[1][k] || e[2][k] != e[2][k])
                continue;
            xx += e[0][k] * e[0][k];
            yy += e[2][k] * e[2][k];
            near += e[0][k] * e[1][k];
            far += e[0][k] * e[2][k];
            n++;
        }
        cells_free(&c);
        vn_buf_free(&in);
    }
    const double r = xx > 0 && yy > 0 ? far / sqrt(xx * yy) : 0;
    if (rc || n < 200 || r < SHARE || r * sqrt(n) < SURE || far < SAME * near || far / n < LEAST * LEAST * l->spread * l->spread || m->n == VN_MAX_ARTIFACTS)
        return rc;
    a.error = sqrt(fmax(0, 0.5 * (xx + yy) - far) / n * (double)part / 5.8);       /* 7 cells as weighted are worth 5.8 */
    value[RMS] = sqrt(far / n);
    if (far >= STEADY * near) {
        value[ARMS] = (double)vn_max64(ARM + 1, vn_min64(MAX_ARM, length / CELL + 1));
        if ((rc = measure_steady(s, &a, m, job, err)))
            return rc;
    }
    if (!(a.value = vn_alloc(sizeof value, err)))
        return VN_E_MEMORY;
    memcpy(a.value, value, sizeof value);
    m->item[m->n++] = a;
    return 0;
}

int vn_artifact_find_stripes(const struct vn_artifact_look *l, struct vn_artifacts *m, struct vn_job *job, struct vn_err *err)
{
    struct vn_ascan s;
    const int before = m->n;
    int rc = l->spread > 0 ? vn_ascan_begin(&s, l, m, job, err) : 0;

    if (rc || !(l->spread > 0))
        return rc;
    for (int axis = 0; rc == 0 && axis < 3 && m->n == before; axis++)
        if (l->axis < 0 || l->axis == axis)
            rc = find_along(&s, m, axis, job, err);
    vn_ascan_end(&s);
    return rc;
}
