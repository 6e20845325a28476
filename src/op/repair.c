/* repair.c - gaps between ends, and between ends and flanks. */
#include "repair.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "edit.h"
#include "ends.h"
#include "mem.h"
#include "thin.h"
#include "vox.h"

enum { N_AROUND = 12, N_CONE = 3, N_RING = 8, MOST_FLANK = 6, CHUNK_ENDS = 8, NEAR_MOST = 1500, SPECK = 5, SPECK_MOST = 6, CELL = 32 };
static const double CONE[N_CONE] = { 0.15, 0.35, 0.6 };              /* tangents of the angles that an end looks at */
static const double COS_MOST = 0.5, COS_BACK = -0.85, CROWD_MOST = 0.3, LOST_SHARE = 0.7, TILT_STRAIGHT = 0.2, SHIFT_MOST = 1.25;
static const double AROUND[N_AROUND][2] = {
    { 1, 0 }, { 0.8660254037844386, 0.5 }, { 0.5, 0.8660254037844386 }, { 0, 1 }, { -0.5, 0.8660254037844386 }, { -0.8660254037844386, 0.5 },
    { -1, 0 }, { -0.8660254037844386, -0.5 }, { -0.5, -0.8660254037844386 }, { 0, -1 }, { 0.5, -0.8660254037844386 }, { 0.8660254037844386, -0.5 },
};

struct find {
    const struct vn_gaps_in *in;
    struct vn_box box;
    double um[3], side;                             /* 1 where not known; the widest */
    struct vn_skel_voxels s;
    struct vn_buf d2;
    struct vn_end *end;
    int64_t n_end, n_cell[3], *cell;                /* first number of each cell in in_cell, and all */
    int32_t *in_cell;                               /* ends */
    uint8_t *lost;                                  /* of each slice */
    int32_t *size;                                  /* of each piece, by its number */
    double *contrast, usual;                        /* of each end's vessel; the median */
    struct list { struct vn_gap *v; int64_t n, cap; } *list;         /* of each chunk of ends */
};

static double dot(const double a[3], const double b[3]) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

static bool set_at(const struct find *f, const double p[3], bool *outside)
{
    int64_t at[3];
    for (int k = 0; k < 3; k++) {
        at[k] = (int64_t)floor(p[k] + 0.5);
        if (at[k] < f->box.lo[k] || at[k] >= f->box.hi[k]) {
            *outside = true;
            return false;
        }
    }
    return ((const uint8_t *)f->in->mask->data)[vn_buf_at(f->in->mask, at[0], at[1], at[2])] != 0;
}

/* Of skeleton voxel i, in voxels of the whole. */
static void place_of(const struct find *f, int32_t i, double p[3])
{
    p[0] = (double)(f->box.lo[0] + f->s.v[i].x);
    p[1] = (double)(f->box.lo[1] + f->s.v[i].y);
    p[2] = (double)(f->box.lo[2] + f->s.v[i].z);
}

/* Two unit vectors across a unit vector. */
static void across(const double a[3], double u[3], double v[3])
{
    int least = 0;
    for (int k = 1; k < 3; k++)
        least = fabs(a[k]) < fabs(a[least]) ? k : least;
    const double n = sqrt(1 - a[least] * a[least]);
    for (int k = 0; k < 3; k++)
        u[k] = ((k == least) - a[least] * a[k]) / n;
    v[0] = a[1] * u[2] - a[2] * u[1];
    v[1] = a[2] * u[0] - a[0] * u[2];
    v[2] = a[0] * u[1] - a[1] * u[0];
}

/* ---- the line between ---- */

struct line {
    double a[3], b[3], dir[3], len, steps;          /* voxels; unit vector of um; um; steps of the grid */
    double t0, t1, empty;                           /* background from .. to, of the line; its share in all */
};

static bool aim_line(const struct find *f, const double a[3], const double b[3], struct line *l)
{
    double um2 = 0, vox2 = 0;
    memcpy(l->a, a, sizeof l->a);
    memcpy(l->b, b, sizeof l->b);
    for (int k = 0; k < 3; k++) {
        l->dir[k] = (b[k] - a[k]) * f->um[k];
        um2 += l->dir[k] * l->dir[k];
        vox2 += (b[k] - a[k]) * (b[k] - a[k]);
    }
    if (!(um2 > 0))
        return false;
    l->len = sqrt(um2);
    l->steps = sqrt(vox2);
    for (int k = 0; k < 3; k++)
        l->dir[k] /= l->len;
    return true;
}

static void at_line(const struct line *l, double t, double p[3])
{
    for (int k = 0; k < 3; k++)
        p[k] = l->a[k] + t * (l->b[k] - l->a[k]);
}

/* False: no background between, or more than is looked across, or the region is left. */
static bool walk_line(const struct find *f, struct line *l)
{
    const int64_t n = (int64_t)ceil(4 * l->steps);
    int64_t n_empty = 0;
    bool outside = false, any = false;
    for (int64_t i = 0; i <= n; i++) {
        const double t = (double)i / (double)n;
        double p[3];
        at_line(l, t, p);
        if (set_at(f, p, &outside))
            continue;
        if (outside)
            return false;
        if (!any)
            l->t0 = fmax(0, t - 0.5 / (double)n);
        l->t1 = fmin(1, t + 0.5 / (double)n);
        any = true;
        l->empty = (double)++n_empty / (double)(n + 1);
        if (l->empty * l->steps > f->in->reach)
            return false;
    }
    return any && l->t0 > 0;
}

/* How much of the tube between its ends is taken: by a third vessel, as the ends' own caps are left out. */
static double crowd(const struct find *f, const struct line *l, const double r[2])
{
    const double cap = 1 / l->steps, t0 = l->t0 + cap, t1 = l->t1 - cap, most = fmax(r[0], r[1]);
    int64_t lo[3], hi[3], n = 0, taken = 0;
    double p[2][3], t;
    if (!(t1 > t0))
        return 0;
    at_line(l, t0, p[0]);
    at_line(l, t1, p[1]);
    for (int k = 0; k < 3; k++) {
        lo[k] = vn_max64((int64_t)ceil(fmin(p[0][k], p[1][k]) - most / f->um[k]), f->box.lo[k]);
        hi[k] = vn_min64((int64_t)floor(fmax(p[0][k], p[1][k]) + most / f->um[k]), f->box.hi[k] - 1);
    }
    for (int64_t z = lo[2]; z <= hi[2]; z++)
        for (int64_t y = lo[1]; y <= hi[1]; y++)
            for (int64_t x = lo[0]; x <= hi[0]; x++) {
                const double at[3] = { (double)x, (double)y, (double)z }, d2 = vn_line_distance2(l->a, l->b, at, f->um, &t);
                const double limit = r[0] + t * (r[1] - r[0]);
                if (t < t0 || t > t1 || d2 > limit * limit)
                    continue;
                n++;
                taken += ((const uint8_t *)f->in->mask->data)[vn_buf_at(f->in->mask, x, y, z)] != 0;
            }
    return n ? (double)taken / (double)n : 0;
}

/* ---- evidence ---- */

struct look { const struct find *f; struct vn_buf b; double sum; int64_t n; };

static bool value_at(const struct look *w, const double p[3], double *v)
{
    int64_t at[3];
    for (int k = 0; k < 3; k++) {
        at[k] = (int64_t)floor(p[k] + 0.5);
        if (at[k] < w->b.box.lo[k] || at[k] >= w->b.box.hi[k])
            return false;
    }
    *v = ((const float *)w->b.data)[vn_buf_at(&w->b, at[0], at[1], at[2])];
    return *v - *v == 0;
}

/* Adds by how much it is brighter at p, on an axis along dir of a vessel of radius r, than beside the vessel. */
static void add_contrast(struct look *w, const double p[3], const double dir[3], double r)
{
    const double side = w->f->side;
    double u[3], v[3], core = 0, ring = 0, x;
    int n_core = 0, n_ring = 0;
    bool outside = false;
    across(dir, u, v);
    for (int i = -1; i < N_AROUND; i++) {
        double at[3];
        if (i >= 0 && (i % 3 || r < 1.5 * side))
            continue;
        for (int k = 0; k < 3; k++)
            at[k] = p[k] + (i < 0 ? 0 : r / 2 * (AROUND[i][0] * u[k] + AROUND[i][1] * v[k]) / w->f->um[k]);
        if (value_at(w, at, &x)) {
            core += x;
            n_core++;
        }
    }
    for (int i = 0; i < 2 * N_AROUND; i++) {
        const double far = r + (i < N_AROUND ? 1.5 : 3) * side;
        double at[3];
        for (int k = 0; k < 3; k++)
            at[k] = p[k] + far * (AROUND[i % N_AROUND][0] * u[k] + AROUND[i % N_AROUND][1] * v[k]) / w->f->um[k];
        if (!set_at(w->f, at, &outside) && value_at(w, at, &x)) {
            ring += x;
            n_ring++;
        }
    }
    if (n_core && n_ring >= N_AROUND / 3) {
        w->sum += core / n_core - ring / n_ring;
        w->n++;
    }
}

/* Opens the image where a line from a to b and the rings around it lie. */
static int look_at(const struct find *f, const double a[3], const double b[3], double r, struct look *w, struct vn_err *err)
{
    const double far = r + 3 * f->side + f->side;
    struct vn_box box;
    *w = (struct look){ .f = f };
    for (int k = 0; k < 3; k++) {
        box.lo[k] = vn_max64((int64_t)floor(fmin(a[k], b[k]) - far / f->um[k]), f->box.lo[k]);
        box.hi[k] = vn_min64((int64_t)ceil(fmax(a[k], b[k]) + far / f->um[k]) + 1, f->box.hi[k]);
    }
    const int rc = vn_buf_new(&w->b, VN_F32, &box, err);
    return rc ? rc : vn_vol_read(f->in->image, VN_PAD_ZERO, &w->b, NULL, err);
}

static int end_contrast(void *ctx, int64_t i, struct vn_err *err)
{
    const struct find *f = ctx;
    const struct vn_end *e = &f->end[i];
    struct look w;
    const int rc = look_at(f, e->base, e->inner, e->radius, &w, err);
    for (int k = 0; k <= 4 && !rc; k++) {
        double p[3];
        for (int c = 0; c < 3; c++)
            p[c] = e->base[c] + k / 4.0 * (e->inner[c] - e->base[c]);
        add_contrast(&w, p, e->out, e->radius);
    }
    f->contrast[i] = w.n ? w.sum / (double)w.n : NAN;
    vn_buf_free(&w.b);
    return rc;
}

static int by_value(const void *a, const void *b) { return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b); }

/* Of every end, and the median; NaN where the image says nothing. */
static int find_contrast(struct find *f, struct vn_job *job, struct vn_err *err)
{
    double *sorted = vn_alloc((uint64_t)f->n_end * sizeof *sorted, err);
    int64_t n = 0;
    int rc = sorted && (f->contrast = vn_alloc((uint64_t)f->n_end * sizeof *f->contrast, err)) ? 0 : VN_E_MEMORY;
    if (!rc)
        rc = vn_job_for_quiet(job, f->n_end, end_contrast, f, err);
    for (int64_t i = 0; i < f->n_end && !rc; i++)
        if (f->contrast[i] - f->contrast[i] == 0)
            sorted[n++] = f->contrast[i];
    if (n)
        qsort(sorted, (size_t)n, sizeof *sorted, by_value);
    f->usual = n && sorted[n / 2] != 0 ? sorted[n / 2] : NAN;
    vn_free(sorted);
    return rc;
}

/* Contrast of end a's vessel by the median of all; of dark vessels too. */
static double own(const struct find *f, int64_t a) { return f->contrast[a] / f->usual; }

/* Contrast in the gap by that of the vessels; NaN where there is nothing to go by. */
static int look_between(const struct find *f, const struct vn_gap *g, double *evidence, struct vn_err *err)
{
    const double *p = g->bridge.at, *r = g->bridge.radius;
    const double vessel = fmax(g->end[1] < 0 ? own(f, g->end[0]) : (own(f, g->end[0]) + own(f, g->end[1])) / 2, 0.5) * f->usual;
    double dir[3], len = 0, steps = 0;
    struct look w;
    const int rc = look_at(f, p, p + 3, fmax(r[0], r[1]), &w, err);
    for (int k = 0; k < 3; k++) {
        dir[k] = (p[3 + k] - p[k]) * f->um[k];
        len += dir[k] * dir[k];
        steps += (p[3 + k] - p[k]) * (p[3 + k] - p[k]);
    }
    for (int k = 0; k < 3; k++)
        dir[k] /= sqrt(len);
    steps = sqrt(steps);
    const double cap = fmin(0.5 / steps, (g->to - g->from) / 2), room = g->to - g->from - 2 * cap;
    const int64_t n = (int64_t)ceil(2 * room * steps);
    for (int64_t i = 0; i <= n && !rc; i++) {
        const double t = g->from + cap + (n ? (double)i / (double)n : 0) * room;
        const double at[3] = { p[0] + t * (p[3] - p[0]), p[1] + t * (p[4] - p[1]), p[2] + t * (p[5] - p[2]) };
        const int64_t z = vn_min64(vn_max64((int64_t)floor(at[2] + 0.5), f->box.lo[2]), f->box.hi[2] - 1);
        if (!f->lost[z - f->box.lo[2]])
            add_contrast(&w, at, dir, r[0] + t * (r[1] - r[0]));
    }
    *evidence = w.n ? w.sum / (double)w.n / vessel : NAN;
    vn_buf_free(&w.b);
    return rc;
}

/* ---- lost slices ---- */

static int count_plane(void *ctx, int64_t z, struct vn_err *err)
{
    void *const *c = ctx;
    const struct vn_buf *m = c[0];
    int64_t n = 0;
    (void)err;
    for (int64_t y = 0; y < vn_box_dim(&m->box, 1); y++) {
        const uint8_t *r = (const uint8_t *)m->data + z * m->stride[1] + y * m->stride[0];
        uint32_t s = 0;
        for (int64_t x = 0; x < vn_box_dim(&m->box, 0); x++)
            s += r[x] != 0;
        n += s;
    }
    ((int64_t *)c[1])[z] = n;
    return 0;
}

/* The second largest of 8 counts on one side of a slice: what a slice holds there, one outlier aside. */
static int64_t usual(const int64_t *n, int64_t z, int64_t nz, int way)
{
    int64_t first = 0, second = 0;
    for (int64_t i = 1, at = z + way; i <= 8 && at >= 0 && at < nz; i++, at += way) {
        second = vn_max64(second, vn_min64(first, n[at]));
        first = vn_max64(first, n[at]);
    }
    return second;
}

/* First and last slice of the background that a gap crosses. */
static void slices_of(const struct find *f, const struct vn_gap *g, int64_t *lo, int64_t *hi)
{
    const double *p = g->bridge.at, z0 = p[2] + g->from * (p[5] - p[2]), z1 = p[2] + g->to * (p[5] - p[2]);
    *lo = vn_max64((int64_t)floor(fmin(z0, z1) + 0.5), f->box.lo[2]) - f->box.lo[2];
    *hi = vn_min64((int64_t)floor(fmax(z0, z1) + 0.5), f->box.hi[2] - 1) - f->box.lo[2];
}

/* Slices that hold less than half of what those on both sides do, where three gaps and more face each other across them. */
static int find_lost(struct find *f, const struct vn_gaps *g, struct vn_job *job, struct vn_err *err)
{
    const int64_t nz = vn_box_dim(&f->box, 2);
    int64_t *n = vn_alloc((uint64_t)nz * 2 * sizeof *n, err), *across_it = n + nz, lo, hi;
    void *ctx[2] = { (void *)(uintptr_t)f->in->mask, n };
    int rc = n && (f->lost = vn_calloc((uint64_t)nz, 1, err)) ? vn_job_for_quiet(job, nz, count_plane, ctx, err) : VN_E_MEMORY;
    for (int64_t z = 0; z < nz && !rc; z++)
        across_it[z] = 0;
    for (int64_t i = 0; i < g->n && !rc; i++) {
        if (g->v[i].end[1] < 0 || g->v[i].along_z < LOST_SHARE || g->v[i].facts.c[0] < LOST_SHARE || g->v[i].facts.c[1] < LOST_SHARE)
            continue;
        slices_of(f, &g->v[i], &lo, &hi);
        for (int64_t z = lo; z <= hi; z++)
            across_it[z]++;
    }
    for (int64_t z = 0; z < nz && !rc; z++)
        f->lost[z] = across_it[z] >= 3 && 2 * n[z] < vn_min64(usual(n, z, nz, -1), usual(n, z, nz, 1));
    vn_free(n);
    return rc;
}

/* ---- whether two places of one piece are near each other along it ---- */

static bool near_along(const struct vn_skel_voxels *s, int32_t from, int32_t to, double far, double side)
{
    const int most = (int)fmin(far / side, 100000);
    uint32_t seen[4096] = { 0 };                      /* numbers + 1, by their hash */
    int32_t queue[NEAR_MOST];
    int head = 0, tail = 0, level_end = 1;
    queue[tail++] = from;
    seen[(uint32_t)from * 2654435761u >> 20] = (uint32_t)from + 1;
    for (int level = 0; head < tail && level <= most; head++) {
        if (head == level_end) {
            level++;
            level_end = tail;
        }
        if (queue[head] == to)
            return true;
        for (int64_t k = s->first[queue[head]]; k < s->first[queue[head] + 1]; k++) {
            uint32_t h = (uint32_t)s->nb[k] * 2654435761u >> 20;
            while (seen[h] && seen[h] != (uint32_t)s->nb[k] + 1)
                h = (h + 1) & 4095;
            if (seen[h])
                continue;
            if (tail == NEAR_MOST)
                return false;
            seen[h] = (uint32_t)s->nb[k] + 1;
            queue[tail++] = s->nb[k];
        }
    }
    return false;
}

/* ---- weighing ---- */

static double between(double x, double lo, double hi) { return fmin(fmax(x, lo), hi); }

/* Weights as logistic regression gave them on phantoms (tests/bench/repair.c, seeds to 60), rounded; that of lost slices, of which
 * the phantoms say nothing, and what makes few bridges wrong, is set by hand. */
static double weigh_ends(const struct vn_gap *g)
{
    const struct vn_gap_facts *x = &g->facts;
    const double clear = between(x->clear, 0, 8) / 8, e = g->evidence == g->evidence ? between(g->evidence, -0.1, 0.5) : 0;
    const double sum = -0.57 * x->steps - 6 * x->bend - 7 * x->shear - 2 * (1 - x->ratio) - 8 * fmax(x->shift - 1, 0) + 20 * fmin(x->crowd, 0.1);
    return sum + (x->own == x->own ? 6 + 2 * clear - 4.5 * (1 - between(x->own, 0, 1)) + 4.5 * e : 0.8 + 3.5 * clear + 2.8 * between(x->thin, 1, 2));
}

static double weigh_stubs(const struct vn_gap *g)
{
    const struct vn_gap_facts *x = &g->facts;
    const double e = g->evidence == g->evidence ? between(g->evidence, -0.1, 0.5) : 0, thin = between(x->thin, 0.4, 2);
    const double sum = 0.55 * x->stubs - 0.52 * x->steps - 4.4 * (1 - x->c[0] + 1 - x->c[1]) + 0.5 * fmin(x->piece, 12) / 12 +
                       27 * fmin(x->crowd, 0.1) + 0.37 * between(x->clear, 1, 4);
    return sum + (x->own == x->own ? 4.3 + 0.4 * thin - 3.7 * (1 - between(x->own, 0, 1)) + 4.7 * e : 1.8 + 2 * thin);
}

/* What a break left of the vessel stands out of the flank, or in the way; a small piece that is thin is a speck. */
static double weigh_flank(const struct vn_gap *g)
{
    const struct vn_gap_facts *x = &g->facts;
    const double e = g->evidence == g->evidence ? between(g->evidence, -0.1, 0.5) : 0, thin = between(x->thin, 1, 1.5);
    const double sum = -0.35 * x->steps - 5.5 * (1 - x->c[0]) - 1.1 * x->tilt + 0.12 * between(x->bulge, -1, 6) + 22 * fmin(x->crowd, 0.1) -
                       0.7 * (1 - x->ratio);
    const bool speck = x->piece <= SPECK_MOST;
    return sum + (x->own == x->own ? 2.65 - 2.9 * (1 - between(x->own, 0, 1)) + 3.5 * e + (speck ? 1.7 * thin - 2.6 : 0) :
                  0.6 + 2 * between(x->clear, 0, 8) / 8 + (speck ? 3.3 * thin - 4.4 : 0));
}

static void weigh(struct vn_gap *g)
{
    const double sum = g->end[1] < 0 ? weigh_flank(g) : g->facts.stubs > 0 ? weigh_stubs(g) : weigh_ends(g);
    g->score = 1 / (1 + vn_exp(-(sum - (g->loop ? 0.6 : 0) + (g->lost ? 1.5 : 0))));
}

static int add(struct list *l, const struct vn_gap *g, struct vn_err *err)
{
    if (l->n == l->cap) {
        struct vn_gap *more = vn_realloc(l->v, (uint64_t)(l->cap * 2 + 16) * sizeof *more, err);
        if (!more)
            return VN_E_MEMORY;
        l->v = more;
        l->cap = l->cap * 2 + 16;
    }
    l->v[l->n++] = *g;
    return 0;
}

static int32_t axis_at(const struct find *f, const int64_t at[3])
{
    return vn_skel_axis(&f->s, &f->d2, (const int64_t[3]){ at[0] - f->box.lo[0], at[1] - f->box.lo[1], at[2] - f->box.lo[2] }, true, NULL);
}

/* Whether what lies in between are pieces too small to have ends: remains of the vessel, or specks. */
static bool through_specks(const struct find *f, const struct line *l)
{
    const int64_t n = (int64_t)ceil(2 * (l->t1 - l->t0) * l->steps);
    for (int64_t i = 0; i <= n; i++) {
        bool outside = false;
        double p[3];
        at_line(l, l->t0 + (double)i / (double)n * (l->t1 - l->t0), p);
        if (!set_at(f, p, &outside))
            continue;
        const int32_t at = axis_at(f, (const int64_t[3]){ (int64_t)floor(p[0] + 0.5), (int64_t)floor(p[1] + 0.5), (int64_t)floor(p[2] + 0.5) });
        if (at < 0 || f->size[f->s.piece[at]] > SPECK)
            return false;
    }
    return true;
}

/* 0 where both ends leave the line between them by the same angle to the same side, as they do along an arc, 1 where they leave it
 * to opposite sides, as parallel neighbours that stand staggered do, or only one of them does. */
static double one_bend(const struct line *l, const struct vn_end *p, const struct vn_end *q)
{
    double a[3], b[3], d[3];
    for (int k = 0; k < 3; k++) {
        a[k] = p->out[k] - dot(p->out, l->dir) * l->dir[k];
        b[k] = q->out[k] - dot(q->out, l->dir) * l->dir[k];
        d[k] = a[k] - b[k];
    }
    return sqrt(between(dot(d, d) / (dot(a, a) + dot(b, b) + 0.04), 0, 1));
}

/* How far one tip lies beside the other's line, by what a vessel bends in the gap between: much at ends of parallel neighbours. */
static double shift(const struct find *f, const struct line *l, const struct vn_end *p, const struct vn_end *q)
{
    const double most = fmax(fmin(p->radius, q->radius), 1.5 * f->side) + l->empty * l->len / 2;
    double d[3];
    for (int k = 0; k < 3; k++)
        d[k] = (q->base[k] - p->base[k]) * f->um[k] + q->out[k] * q->reach - p->out[k] * p->reach;
    const double d2 = dot(d, d), a = dot(d, p->out), b = dot(d, q->out);
    return p->len >= 3 * f->side && q->len >= 3 * f->side ? sqrt(fmax(d2 - fmin(a * a, b * b), 0)) / most * one_bend(l, p, q) : 0;
}

/* How two ends turn from one into the other over the line between the middles of what their directions were fitted to.  Each
 * leaves the line by a share across it: half the sum is what they turn to one side, as an arc does, half the difference what they
 * turn to opposite sides.  A circle through both of curvature k turns by asin(k / 2 times the line), and as much of the first as
 * the vessels themselves bend that way is no turn.  False: one of them looks away from the other, or that circle leaves the straight
 * line l of the bridge by more than the vessel is thick. */
static bool turn(const struct find *f, const struct line *l, const struct vn_end *p, const struct vn_end *q, double *bend, double *shear)
{
    double dir[3], sum[3], d2 = 0, own = 0;
    for (int k = 0; k < 3; k++)
        dir[k] = (q->middle[k] - p->middle[k]) * f->um[k];
    const double len = sqrt(dot(dir, dir));
    for (int k = 0; k < 3; k++)
        dir[k] /= len > 0 ? len : 1;
    const double c1 = dot(p->out, dir), c2 = -dot(q->out, dir);
    for (int k = 0; k < 3; k++) {
        const double a = p->out[k] - c1 * dir[k], b = q->out[k] + c2 * dir[k];
        sum[k] = (a + b) / 2;
        d2 += (a - b) * (a - b) / 4;
        own -= (p->bend[k] + q->bend[k]) / 2 * sum[k];
    }
    const double s = sqrt(dot(sum, sum)), left = s - between(s > 0 ? own / s * len / 2 : 0, 0, s);
    *bend = left * left;
    *shear = d2;
    return c1 > 0 && c2 > 0 && (p->stub || q->stub || l->len * l->len * s / 4 <= (fmin(p->radius, q->radius) + f->side) * len);
}

/* A gap from end a to end b, or to a flank: skeleton voxel `at` that a ray met. */
static int try_gap(const struct find *f, struct list *to, int64_t a, int64_t b, int32_t at, double tilt, struct vn_err *err)
{
    const struct vn_end *p = &f->end[a], *q = b >= 0 ? &f->end[b] : NULL;
    const struct vn_skel_voxel *v = &f->s.v[at];
    double flank[3];
    place_of(f, at, flank);
    const double ra = q && p->stub ? fmin(p->radius, q->radius) : p->radius, rb = !q ? fmin(ra, (double)v->d) : q->stub ? fmin(ra, q->radius) : q->radius;
    struct vn_gap g = { .end = { (int32_t)a, (int32_t)b }, .piece = { p->piece, f->s.piece[at] }, .bridge.radius = { ra, rb }, .evidence = NAN };
    struct line l;
    double aside, bend = 0, shear = 0;
    if (!aim_line(f, p->base, q ? q->base : flank, &l))
        return 0;
    const double c1 = dot(p->out, l.dir), c2 = q ? -dot(q->out, l.dir) : 1, least = q && !p->stub && !q->stub ? 0 : COS_MOST;
    if (c1 <= least || c2 <= least || (q && !turn(f, &l, p, q, &bend, &shear)) || !walk_line(f, &l) || (q && l.t1 >= 1))
        return 0;
    if ((aside = q ? shift(f, &l, p, q) : 0) > SHIFT_MOST)
        return 0;
    g.loop = p->piece == f->s.piece[at];
    if (g.loop && near_along(&f->s, p->tip, at, 3 * l.len + 4 * (ra + rb), f->side))
        return 0;
    double taken = crowd(f, &l, g.bridge.radius);
    if (taken > CROWD_MOST && through_specks(f, &l))
        taken = 0;
    if (taken > CROWD_MOST)
        return 0;
    memcpy(g.bridge.at, l.a, sizeof l.a);
    memcpy(g.bridge.at + 3, l.b, sizeof l.b);
    g.length = l.empty * l.len;
    g.voxels = l.empty * l.steps;
    g.angle = acos(fmin(fmin(c1, c2), 1)) * (180 / 3.14159265358979323846);
    g.along_z = fabs(l.dir[2]);
    g.from = l.t0;
    g.to = l.t1;
    g.facts = (struct vn_gap_facts){ .steps = g.voxels, .c = { c1, c2 }, .bend = bend, .shear = shear,
                                     .ratio = fmin(ra, q ? rb : (double)v->d) / fmax(ra, q ? rb : (double)v->d), .thin = fmin(ra, rb) / f->side,
                                     .crowd = taken, .tilt = tilt, .shift = aside, .own = NAN,
                                     .bulge = ((1 - l.t1) * l.len - (double)v->d) / f->side, .stubs = p->stub + (q && q->stub),
                                     .clear = (q ? fmin(p->clear, q->clear) : p->clear) / f->side,
                                     .piece = vn_min64(f->size[p->piece], f->size[f->s.piece[at]]) };
    return add(to, &g, err);
}

/* ---- flanks ---- */

/* Whether the end's line meets the vessel at v; it may bend by so much.  *along: how far along it. */
static bool meets_vessel(const struct find *f, const struct vn_end *e, int32_t at, double bend, double *along)
{
    double p[3], d[3];
    place_of(f, at, p);
    for (int k = 0; k < 3; k++)
        d[k] = (p[k] - e->base[k]) * f->um[k];
    *along = dot(d, e->out);
    const double most = (double)f->s.v[at].d + f->side / 2 + bend;
    return dot(d, d) - *along * *along <= most * most;
}

/* Whether the vessel at v is none that the end points at: seen aside, an arm of it runs back beside the end, or the end's line
 * misses all of it. */
static bool runs_beside(const struct find *f, const struct vn_end *e, int32_t at, double tilt, double far)
{
    const struct vn_skel_voxels *s = &f->s;
    const struct vn_skel_voxel *o = &s->v[at];
    int32_t queue[256];
    int head = 0, tail = 0;
    bool beside = false, meets = false;
    double along;
    meets_vessel(f, e, at, 0, &along);
    const double bend = fmax(along - e->reach - (double)o->d, 0) / 2;
    queue[tail++] = at;
    for (; head < tail && !beside; head++) {
        const struct vn_skel_voxel *v = &s->v[queue[head]];
        const double d[3] = { (v->x - o->x) * s->um[0], (v->y - o->y) * s->um[1], (v->z - o->z) * s->um[2] }, len = sqrt(dot(d, d));
        meets |= meets_vessel(f, e, queue[head], bend, &along);
        beside = len >= far / 2 && tilt > TILT_STRAIGHT && dot(d, e->out) < COS_BACK * len;
        if (len >= far)
            continue;
        for (int64_t k = s->first[queue[head]]; k < s->first[queue[head] + 1] && tail < 256; k++) {
            int i = tail - 1;
            while (i >= 0 && queue[i] != s->nb[k])
                i--;
            if (i < 0)
                queue[tail++] = s->nb[k];
        }
    }
    return beside || !meets;
}

/* Steps along a ray from an end until it meets the mask again after background, the end's own cap aside: the skeleton's voxel there,
 * or -1.  *way: over background, in steps of the grid. */
static int32_t meets(const struct find *f, const struct vn_end *e, const double dir[3], double *way)
{
    const double own = e->reach + f->side;
    double step[3], most = 0, p[3];
    bool empty = false;
    for (int k = 0; k < 3; k++)
        most = fmax(most, fabs(dir[k] / f->um[k]));
    for (int k = 0; k < 3; k++)
        step[k] = dir[k] / f->um[k] / most / 2;
    const double len = sqrt(dot(step, step));
    *way = 0;
    for (int64_t i = 1; *way <= f->in->reach && (empty || i < 10000); i++) {
        bool outside = false;
        for (int k = 0; k < 3; k++)
            p[k] = e->base[k] + (double)i * step[k];
        const bool set = set_at(f, p, &outside);
        if (outside)
            return -1;
        if (set && empty && *way >= 0.75) {
            const int64_t hit[3] = { (int64_t)floor(p[0] + 0.5), (int64_t)floor(p[1] + 0.5), (int64_t)floor(p[2] + 0.5) };
            const int32_t at = axis_at(f, hit);
            double d[3];
            place_of(f, at < 0 ? e->tip : at, d);
            for (int k = 0; k < 3; k++)
                d[k] = (d[k] - e->base[k]) * f->um[k];
            if (at < 0 || f->s.piece[at] != e->piece || dot(d, d) > own * own)
                return at;
        }
        empty |= !set;
        *way += set ? 0 : len;
    }
    return -1;
}

static int flanks(const struct find *f, struct list *to, int64_t a, struct vn_err *err)
{
    const struct vn_end *e = &f->end[a];
    struct { int32_t at; double cost, tilt; } found[MOST_FLANK];
    double u[3], v[3];
    int n = 0, rc = 0;
    across(e->out, u, v);
    for (int i = -1; i < N_CONE * N_AROUND; i++) {
        double dir[3], way;
        const double tilt = i < 0 ? 0 : CONE[i / N_AROUND];
        for (int k = 0; k < 3; k++)
            dir[k] = e->out[k] + (i < 0 ? 0 : tilt * (AROUND[i % N_AROUND][0] * u[k] + AROUND[i % N_AROUND][1] * v[k]));
        const int32_t at = meets(f, e, dir, &way);
        if (at < 0)
            continue;
        const double cost = way * (1 + tilt);
        int same = 0;
        while (same < n) {                                  /* one place of a vessel: the best ray to it */
            const struct vn_skel_voxel *p = &f->s.v[at], *q = &f->s.v[found[same].at];
            const double d[3] = { (p->x - q->x) * f->um[0], (p->y - q->y) * f->um[1], (p->z - q->z) * f->um[2] };
            if (dot(d, d) <= 4 * f->side * f->side + (double)q->d * (double)q->d)
                break;
            same++;
        }
        if (same < n)                                       /* seen straight, whatever ray is the shortest */
            found[same].tilt = fmin(found[same].tilt, tilt);
        else if (n < MOST_FLANK)
            found[same].tilt = tilt;
        if (same < n ? cost < found[same].cost : n < MOST_FLANK) {
            found[same].at = at;
            found[same].cost = cost;
            n += same == n;
        }
    }
    for (int i = 0; i < n && !rc; i++)
        if (!runs_beside(f, e, found[i].at, found[i].tilt, fmax(3 * (double)f->s.v[found[i].at].d, 5 * f->side)))
            rc = try_gap(f, to, a, -1, found[i].at, found[i].tilt, err);
    return rc;
}

/* ---- all of it ---- */

/* A face of the region cuts the vessel: it is no end. */
static bool cut_by_face(const struct find *f, const struct vn_end *e)
{
    for (int k = 0; k < 3; k++) {
        const double p = e->base[k] + e->out[k] * (2 * e->radius + 1.5 * f->side) / f->um[k];
        if (vn_box_dim(&f->box, k) > 1 && (p < (double)f->box.lo[k] || p > (double)(f->box.hi[k] - 1)))
            return true;
    }
    return false;
}

static int64_t cell_of(const struct find *f, int k, double at)
{
    return vn_min64(vn_max64((int64_t)floor(at) - f->box.lo[k], 0) / CELL, f->n_cell[k] - 1);
}

/* Ends by the cell that their bases lie in, in the order of their numbers. */
static int fill_cells(struct find *f, struct vn_err *err)
{
    int64_t n = 1;
    for (int k = 0; k < 3; k++)
        n *= f->n_cell[k] = (vn_box_dim(&f->box, k) + CELL - 1) / CELL;
    if (!(f->cell = vn_calloc((uint64_t)n + 1, sizeof *f->cell, err)) || !(f->in_cell = vn_alloc((uint64_t)f->n_end * sizeof *f->in_cell, err)))
        return VN_E_MEMORY;
    for (int round = 0; round < 2; round++) {
        for (int64_t i = f->n_end - 1; i >= 0; i--) {
            const double *p = f->end[i].base;
            const int64_t at = (cell_of(f, 2, p[2]) * f->n_cell[1] + cell_of(f, 1, p[1])) * f->n_cell[0] + cell_of(f, 0, p[0]);
            if (round)
                f->in_cell[--f->cell[at]] = (int32_t)i;
            else
                f->cell[at]++;
        }
        for (int64_t i = 1; i <= n && !round; i++)
            f->cell[i] += f->cell[i - 1];
    }
    return 0;
}

/* Gaps from end a to ends of less radius, or as much and a greater number: each pair once, and few look far. */
static int others(const struct find *f, struct list *to, int64_t a, struct vn_err *err)
{
    const struct vn_end *p = &f->end[a];
    const double least = fmin(f->um[0], fmin(f->um[1], f->um[2])), most = 2 * (f->in->reach + 4 * p->radius / least);
    int64_t lo[3], hi[3], at[3];
    int rc = 0;
    for (int k = 0; k < 3; k++) {
        lo[k] = cell_of(f, k, p->base[k] - most);
        hi[k] = cell_of(f, k, p->base[k] + most);
    }
    for (at[2] = lo[2]; at[2] <= hi[2]; at[2]++)
        for (at[1] = lo[1]; at[1] <= hi[1]; at[1]++) {
            const int64_t row = (at[2] * f->n_cell[1] + at[1]) * f->n_cell[0];
            for (int64_t i = f->cell[row + lo[0]]; i < f->cell[row + hi[0] + 1] && !rc; i++) {
                const int64_t b = f->in_cell[i];
                const struct vn_end *q = &f->end[b];
                const double far = 2 * (f->in->reach + 2 * (p->radius + q->radius) / least);
                if (q->radius > p->radius || (!(q->radius < p->radius) && b <= a) || fabs(q->base[0] - p->base[0]) > far ||
                    fabs(q->base[1] - p->base[1]) > far || fabs(q->base[2] - p->base[2]) > far || cut_by_face(f, q))
                    continue;
                const int64_t first = vn_min64(a, b), second = vn_max64(a, b);
                rc = try_gap(f, to, first, second, f->end[second].tip, 0, err);
            }
        }
    return rc;
}

static int ends_chunk(void *ctx, int64_t chunk, struct vn_err *err)
{
    const struct find *f = ctx;
    struct list *to = &f->list[chunk];
    int rc = 0;
    for (int64_t a = chunk * CHUNK_ENDS; a < vn_min64((chunk + 1) * CHUNK_ENDS, f->n_end) && !rc; a++) {
        if (cut_by_face(f, &f->end[a]))
            continue;
        if (!f->end[a].stub)
            rc = flanks(f, to, a, err);
        if (!rc)
            rc = others(f, to, a, err);
    }
    return rc;
}

static int by_score(const void *a, const void *b)
{
    const struct vn_gap *p = a, *q = b;
    if (p->score != q->score)
        return p->score < q->score ? 1 : -1;
    if (p->end[0] != q->end[0])
        return p->end[0] > q->end[0] ? 1 : -1;
    if (p->end[1] != q->end[1])
        return p->end[1] > q->end[1] ? 1 : -1;
    for (int k = 5; k > 2; k--)
        if (p->bridge.at[k] != q->bridge.at[k])
            return p->bridge.at[k] > q->bridge.at[k] ? 1 : -1;
    return 0;
}

/* Whether two gaps at one end, number i of p and k of q, lead to the same place of the same vessel. */
static bool same_place(const struct find *f, const struct vn_gap *p, int i, const struct vn_gap *q, int k)
{
    const double *a = p->bridge.at + 3 * !i, *b = q->bridge.at + 3 * !k, far = 3 * fmax(p->bridge.radius[!i], q->bridge.radius[!k]) + 3 * f->side;
    double d2 = 0;
    for (int c = 0; c < 3; c++)
        d2 += (a[c] - b[c]) * f->um[c] * (a[c] - b[c]) * f->um[c];
    return p->piece[!i] == q->piece[!k] && d2 <= far * far;
}

/* Of gaps from one end to one place only the best stays: that end to end, and one to the flank just behind the other end. */
static int drop_doubles(const struct find *f, struct vn_gaps *g, struct vn_err *err)
{
    int64_t *last = vn_alloc(((uint64_t)f->n_end + 2 * (uint64_t)g->n) * sizeof *last, err), *before = last + f->n_end, kept = 0;
    if (!last)
        return VN_E_MEMORY;
    for (int64_t i = 0; i < f->n_end; i++)
        last[i] = -1;                                  /* of the gaps kept at each end, as 2 x number + side; before: the one before */
    for (int64_t i = 0; i < g->n; i++) {
        const struct vn_gap p = g->v[i];
        bool same = false;
        for (int e = 0; e < 2 && p.end[e] >= 0; e++)
            for (int64_t k = last[p.end[e]]; k >= 0 && !same; k = before[k])
                same = same_place(f, &p, e, &g->v[k / 2], (int)(k % 2));
        if (same)
            continue;
        for (int e = 0; e < 2 && p.end[e] >= 0; e++) {
            before[2 * kept + e] = last[p.end[e]];
            last[p.end[e]] = 2 * kept + e;
        }
        g->v[kept++] = p;
    }
    g->n = kept;
    vn_free(last);
    return 0;
}

struct judge { const struct find *f; struct vn_gaps *g; };

/* What the lost slices and the image say of a gap, and its score. */
static int judge(void *ctx, int64_t i, struct vn_err *err)
{
    const struct judge *c = ctx;
    const struct find *f = c->f;
    struct vn_gap *g = &c->g->v[i];
    int64_t lo, hi, lost = 0;
    int rc = 0;
    slices_of(f, g, &lo, &hi);
    for (int64_t z = lo; z <= hi; z++)
        lost += f->lost[z];
    g->lost = g->along_z > 0.5 && 2 * lost > hi - lo;
    if (g->lost)
        g->facts.steps *= 1 - (double)lost / (double)(hi - lo + 1);
    if (f->in->image && f->usual == f->usual) {
        const int32_t a = g->end[0], b = g->end[1];
        rc = look_between(f, g, &g->evidence, err);
        g->facts.own = b < 0 ? own(f, a) : fmin(own(f, a), own(f, b));
    }
    weigh(g);
    return rc;
}

static int gather(struct find *f, int64_t n_chunk, struct vn_gaps *out, struct vn_job *job, struct vn_err *err)
{
    out->n_end = (int32_t)f->n_end;
    for (int64_t i = 0; i < f->n_end; i++)
        out->n_stub += f->end[i].stub;
    for (int64_t i = 0; i < n_chunk; i++)
        out->n += f->list[i].n;
    if (!(out->v = vn_alloc((uint64_t)out->n * sizeof *out->v, err)))
        return VN_E_MEMORY;
    for (int64_t i = 0, at = 0; i < n_chunk; i++) {
        if (f->list[i].n)
            memcpy(out->v + at, f->list[i].v, (size_t)f->list[i].n * sizeof *out->v);
        at += f->list[i].n;
    }
    int rc = find_lost(f, out, job, err);
    if (!rc)
        rc = vn_job_for_quiet(job, out->n, judge, &(struct judge){ f, out }, err);
    if (!rc && out->n)
        qsort(out->v, (size_t)out->n, sizeof *out->v, by_score);
    return rc ? rc : drop_doubles(f, out, err);
}

int vn_gaps_find(const struct vn_gaps_in *in, struct vn_gaps *out, struct vn_job *job, struct vn_err *err)
{
    struct find f = { .in = in, .box = in->mask->box };
    struct vn_buf skel = { 0 };
    *out = (struct vn_gaps){ 0 };
    for (int k = 0; k < 3; k++) {
        f.um[k] = in->um[k] > 0 ? in->um[k] : 1;
        f.side = fmax(f.side, f.um[k]);
    }
    vn_job_stage(job, "thinning");
    int rc = vn_buf_new(&skel, VN_U8, &f.box, err);
    if (!rc)
        rc = vn_thin_distance(in->mask, in->um, &skel, &f.d2, job, err);
    vn_job_stage(job, "ends");
    if (!rc)
        rc = vn_skel_voxels(&skel, &f.d2, in->um, &f.s, job, err);
    vn_buf_free(&skel);
    if (!rc)
        rc = vn_ends_find(&f.s, &f.end, &f.n_end, job, err);
    if (!rc)
        rc = vn_stubs_add(&f.s, &f.d2, &f.end, &f.n_end, job, err);
    if (!rc && !(f.size = vn_calloc((uint64_t)f.s.n, sizeof *f.size, err)))
        rc = VN_E_MEMORY;
    for (int64_t i = 0; i < f.s.n && !rc; i++)
        f.size[f.s.piece[i]]++;
    if (!rc && in->image)
        rc = find_contrast(&f, job, err);
    const int64_t n_chunk = (f.n_end + CHUNK_ENDS - 1) / CHUNK_ENDS;
    if (!rc && !(f.list = vn_calloc((uint64_t)n_chunk, sizeof *f.list, err)))
        rc = VN_E_MEMORY;
    if (!rc)
        vn_job_stage(job, "gaps");
    if (!rc)
        rc = fill_cells(&f, err);
    if (!rc)
        rc = vn_job_for_quiet(job, n_chunk, ends_chunk, &f, err);
    if (!rc)
        rc = gather(&f, n_chunk, out, job, err);
    for (int64_t i = 0; i < n_chunk && f.list; i++)
        vn_free(f.list[i].v);
    vn_free(f.list);
    vn_free(f.cell);
    vn_free(f.in_cell);
    vn_free(f.lost);
    vn_free(f.size);
    vn_free(f.contrast);
    vn_free(f.end);
    vn_skel_voxels_free(&f.s);
    vn_buf_free(&f.d2);
    return rc;
}

void vn_gaps_free(struct vn_gaps *g)
{
    vn_free(g->v);
    *g = (struct vn_gaps){ 0 };
}

double vn_gaps_reach(const struct vn_gaps_rule *r, const double um[3])
{
    return fmax(VN_GAP_REACH, ceil(r->um ? r->gap / fmin(um[0], fmin(um[1], um[2])) : r->gap));
}

int vn_gaps_select(struct vn_gaps *g, const struct vn_gaps_rule *r, int64_t *taken, struct vn_err *err)
{
    uint8_t *used = vn_calloc((uint64_t)g->n_end, 1, err);
    *taken = 0;
    if (!used)
        return VN_E_MEMORY;
    int64_t number = 0;
    for (int64_t i = 0; i < g->n; i++) {
        struct vn_gap *p = &g->v[i];
        if ((r->um ? p->length : p->voxels) > r->gap) {
            p->state = VN_GAP_LONG;
            continue;
        }
        bool refused = false;
        number++;
        for (int k = 0; k < r->n_refused; k++)
            refused |= r->refused[k] == number;
        p->state = refused ? VN_GAP_REFUSED : p->score < r->min_score ? VN_GAP_LOW :
                   used[p->end[0]] || (p->end[1] >= 0 && used[p->end[1]]) ? VN_GAP_USED : VN_GAP_TAKEN;
        if (p->state != VN_GAP_TAKEN)
            continue;
        used[p->end[0]] = 1;
        if (p->end[1] >= 0)
            used[p->end[1]] = 1;
        ++*taken;
    }
    vn_free(used);
    return 0;
}

/* Within the tube, or within half a voxel's diagonal of its axis, so that the thinnest bridge holds together. */
static void draw_one(const struct vn_bridge *b, const double um[3], struct vn_buf *mask, int64_t *voxels)
{
    const double voxel[3] = { 1, 1, 1 }, thin = 0.75 * (1 + 1e-6), most = fmax(b->radius[0], b->radius[1]);
    int64_t lo[3], hi[3];
    for (int k = 0; k < 3; k++) {
        const double far = fmax(most / um[k], 1);
        lo[k] = vn_max64((int64_t)floor(fmin(b->at[k], b->at[3 + k]) - far), mask->box.lo[k]);
        hi[k] = vn_min64((int64_t)ceil(fmax(b->at[k], b->at[3 + k]) + far) + 1, mask->box.hi[k]);
    }
    for (int64_t z = lo[2]; z < hi[2]; z++)
        for (int64_t y = lo[1]; y < hi[1]; y++)
            for (int64_t x = lo[0]; x < hi[0]; x++) {
                uint8_t *v = (uint8_t *)mask->data + vn_buf_at(mask, x, y, z);
                const double p[3] = { (double)x, (double)y, (double)z };
                double t;
                if (*v)
                    continue;
                const double d2 = vn_line_distance2(b->at, b->at + 3, p, um, &t), r = b->radius[0] + t * (b->radius[1] - b->radius[0]);
                if (d2 > r * r && vn_line_distance2(b->at, b->at + 3, p, voxel, &t) > thin)
                    continue;
                *v = 1;
                ++*voxels;
            }
}

int vn_gaps_draw(const struct vn_gaps *g, const double um[3], struct vn_buf *mask, int64_t *voxels, struct vn_job *job, struct vn_err *err)
{
    const bool known = um[0] > 0 && um[1] > 0 && um[2] > 0;
    const double scale[3] = { known ? um[0] : 1, known ? um[1] : 1, known ? um[2] : 1 };
    *voxels = 0;
    for (int64_t i = 0; i < g->n; i++) {
        const int rc = i % 256 ? 0 : vn_job_check(job, err);
        if (rc)
            return rc;
        if (g->v[i].state == VN_GAP_TAKEN)
            draw_one(&g->v[i].bridge, scale, mask, voxels);
    }
    return 0;
}
