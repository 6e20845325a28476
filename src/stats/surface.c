/* surface.c - distances between the surfaces of two masks, weighted by area.
 *
 * The area table.  A surface through the midpoints of the edges between unlike voxels cuts a cell of 2x2x2 voxel centres
 * into facets.  Take the side with fewer voxels (the facets are the same from either side) and split it into groups joined
 * by edges; each group is cut off by facets whose vector area, in units of 1/8 of a face, is up to signs
 *   one voxel            (1,1,1)
 *   two, along a         4 on both axes but a
 *   three, in plane a    4 on a, and (3,3,3)
 *   four, a face of a    8 on a
 *   four, round a corner (6,6,6)
 *   four, a chain        (4,4,4), and two of (2,2,2) without the axis of one end's edge each
 * A vector area n on voxels of edges s has the area |(n0 s1 s2, n1 s0 s2, n2 s0 s1)|. */
#include "surface.h"

#include <math.h>
#include <string.h>

#include "mem.h"

static double facet(double nx, double ny, double nz, const double s[3])
{
    const double x = nx / 8 * s[1] * s[2], y = ny / 8 * s[0] * s[2], z = nz / 8 * s[0] * s[1];
    return sqrt(x * x + y * y + z * z);
}

/* Corners of `set` joined by edges with corner c. */
static unsigned group_of(unsigned set, int c)
{
    unsigned group = 1u << c, before = 0;
    while (group != before) {
        before = group;
        for (int i = 0; i < 8; i++)
            if (group >> i & 1)
                group |= set & (1u << (i ^ 1) | 1u << (i ^ 2) | 1u << (i ^ 4));
    }
    return group;
}

static double group_area(unsigned group, const double s[3])
{
    int size = 0, degree[8] = { 0 }, most = 0;
    int lo = 7, hi = 0;                     /* and / or of the members: which axes they span */
    double area = 0;

    for (int i = 0; i < 8; i++) {
        if (!(group >> i & 1))
            continue;
        size++;
        lo &= i;
        hi |= i;
        for (int a = 0; a < 3; a++)
            degree[i] += group >> (i ^ 1 << a) & 1;
        most = degree[i] > most ? degree[i] : most;
    }
    const int span = hi & ~lo;
    const double f[3] = { !(span & 1), !(span & 2), !(span & 4) };      /* 1 on the axes not spanned */
    if (size == 1)
        return facet(1, 1, 1, s);
    if (size == 2)
        return facet(4 * f[0], 4 * f[1], 4 * f[2], s);
    if (size == 3)
        return facet(4 * f[0], 4 * f[1], 4 * f[2], s) + facet(3, 3, 3, s);
    if (span != 7)
        return facet(8 * f[0], 8 * f[1], 8 * f[2], s);
    if (most == 3)
        return facet(6, 6, 6, s);
    for (int i = 0; i < 8; i++) {
        if (!(group >> i & 1) || degree[i] != 1)
            continue;
        for (int a = 0; a < 3; a++)
            if (group >> (i ^ 1 << a) & 1)
                area += facet(a == 0 ? 0 : 2, a == 1 ? 0 : 2, a == 2 ? 0 : 2, s);
    }
    return area + facet(4, 4, 4, s);
}

void vn_surface_areas(const double um[3], double area[256])
{
    for (unsigned code = 0; code < 256; code++) {
        unsigned set = __builtin_popcount(code) > 4 ? ~code & 255u : code;
        area[code] = 0;
        while (set) {
            const unsigned group = group_of(set, __builtin_ctz(set));
            area[code] += group_area(group, um);
            set &= ~group;
        }
    }
}

/* The four rows of voxels around corner row (y, z): (y-1, z-1), (y, z-1), (y-1, z), (y, z). */
struct rows { const uint64_t *r[4]; };

static struct rows rows_at(const struct vn_bits *m, const uint64_t *zero, int64_t y, int64_t z)
{
    struct rows q;
    for (int i = 0; i < 4; i++) {
        const int64_t sy = y - 1 + (i & 1), sz = z - 1 + (i >> 1);
        q.r[i] = sy >= 0 && sy < m->dim[1] && sz >= 0 && sz < m->dim[2] ? vn_bits_row(m, sy, sz) : zero;
    }
    return q;
}

/* Word k of the voxels before (x-1) and after (x) the corners of a row; words: of the voxel row. */
static inline uint64_t after(const uint64_t *r, int64_t words, int64_t k) { return k < words ? r[k] : 0; }
static inline uint64_t before(const uint64_t *r, int64_t words, int64_t k)
{
    return after(r, words, k) << 1 | (k ? r[k - 1] >> 63 : 0);
}

static uint64_t any_word(const struct rows *q, int64_t words, int64_t k)
{
    uint64_t any = 0;
    for (int i = 0; i < 4; i++)
        any |= after(q->r[i], words, k) | before(q->r[i], words, k);
    return any;
}

static uint64_t border_word(const struct rows *q, int64_t words, int64_t k)
{
    uint64_t all = ~UINT64_C(0);
    for (int i = 0; i < 4; i++)
        all &= after(q->r[i], words, k) & before(q->r[i], words, k);
    return any_word(q, words, k) & ~all;
}

struct corners { const struct vn_bits *m; struct vn_bits *out; const uint64_t *zero; };

static int corner_plane(void *ctx, int64_t z, struct vn_err *err)
{
    struct corners *c = ctx;
    (void)err;
    for (int64_t y = 0; y < c->out->dim[1]; y++) {
        const struct rows q = rows_at(c->m, c->zero, y, z);
        uint64_t *d = vn_bits_row(c->out, y, z);
        for (int64_t k = 0; k < c->out->words; k++)
            d[k] = border_word(&q, c->m->words, k);
    }
    return 0;
}

static struct vn_box corner_box(const struct vn_box *b)
{
    struct vn_box c = *b;
    for (int a = 0; a < 3; a++)
        c.hi[a]++;
    return c;
}

int vn_surface_corners(const struct vn_bits *m, struct vn_bits *out, struct vn_job *job, struct vn_err *err)
{
    struct vn_bits b = { 0 };
    const struct vn_box box = corner_box(&m->box);
    uint64_t *zero = vn_calloc((uint64_t)m->words + 1, sizeof *zero, err);
    int rc = zero ? vn_bits_new(&b, &box, err) : VN_E_MEMORY;
    struct corners c = { m, &b, zero };

    if (!rc)
        rc = vn_job_for_quiet(job, b.dim[2], corner_plane, &c, err);
    if (!rc) {
        *out = b;
        b = (struct vn_bits){ 0 };
    }
    vn_free(zero);
    vn_bits_free(&b);
    return rc;
}

struct collect {
    const struct vn_bits *m, *ignore;
    const struct vn_nearest *to;
    const uint64_t *zero;
    int64_t *first;                      /* planes + 1: first surfel of each plane */
    struct vn_surfels *out;              /* NULL: only count */
};

static int collect_plane(void *ctx, int64_t z, struct vn_err *err)
{
    struct collect *c = ctx;
    const struct vn_bits *m = c->m;
    struct vn_near_hit last = { INFINITY, { 0, 0, 0 } };
    int64_t n = c->out ? c->first[z] : 0;
    (void)err;

    for (int64_t y = 0; y <= m->dim[1]; y++) {
        const struct rows q = rows_at(m, c->zero, y, z), ig = c->ignore ? rows_at(c->ignore, c->zero, y, z) : q;
        for (int64_t k = 0; k <= m->dim[0] / 64; k++) {
            uint64_t bits = border_word(&q, m->words, k);
            if (bits && c->ignore)
                bits &= ~any_word(&ig, m->words, k);
            if (!c->out) {
                n += __builtin_popcountll(bits);
                continue;
            }
            for (; bits; bits &= bits - 1, n++) {
                const int b = __builtin_ctzll(bits);
                unsigned code = 0;
                for (int i = 0; i < 4; i++)
                    code |= (unsigned)(before(q.r[i], m->words, k) >> b & 1) << 2 * i |
                            (unsigned)(after(q.r[i], m->words, k) >> b & 1) << (2 * i + 1);
                c->out->code[n] = (uint8_t)code;
                c->out->dist[n] = c->to ? (float)vn_nearest(c->to, (const int64_t[3]){ k * 64 + b, y, z }, &last) : INFINITY;
            }
        }
    }
    if (!c->out)
        c->first[z + 1] = n;
    return 0;
}

int vn_surfels_new(const struct vn_bits *m, const struct vn_bits *ignore, const struct vn_nearest *to, struct vn_surfels *out,
                   struct vn_job *job, struct vn_err *err)
{
    struct vn_surfels s = { 0 };
    const int64_t planes = m->dim[2] + 1;
    uint64_t *zero = vn_calloc((uint64_t)m->words + 1, sizeof *zero, err);
    struct collect c = { .m = m, .ignore = ignore, .to = to, .zero = zero };
    int rc = VN_E_MEMORY;

    c.first = vn_calloc((uint64_t)planes + 1, sizeof *c.first, err);
    if (!zero || !c.first)
        goto out;
    rc = vn_job_for_quiet(job, planes, collect_plane, &c, err);
    if (rc)
        goto out;
    for (int64_t z = 0; z < planes; z++)
        c.first[z + 1] += c.first[z];
    s.n = c.first[planes];
    s.dist = vn_alloc((uint64_t)s.n * sizeof *s.dist, err);
    s.code = vn_alloc((uint64_t)s.n, err);
    c.out = &s;
    rc = s.dist && s.code ? vn_job_for_quiet(job, planes, collect_plane, &c, err) : VN_E_MEMORY;
    if (!rc) {
        *out = s;
        s = (struct vn_surfels){ 0 };
    }
out:
    vn_free(zero);
    vn_free(c.first);
    vn_surfels_free(&s);
    return rc;
}

void vn_surfels_free(struct vn_surfels *s)
{
    vn_free(s->dist);
    vn_free(s->code);
    memset(s, 0, sizeof *s);
}

struct side { double area, weighted, within, max, d95; };

/* Smallest distance that covers 95 % of the area.  Areas as integers (2^30 for the largest), so that the answer is exact and
 * does not depend on order; distances by the bits of their f32 (non-negative: the order of the bits is theirs), upper half
 * first, then the lower half inside the one bucket that holds the answer. */
static double cover95(const struct vn_surfels *s, const double area[256], uint64_t *bin)
{
    uint64_t weight[256], total = 0, below = 0;
    double most = 0;
    uint32_t top = 0;

    for (int c = 0; c < 256; c++)
        most = area[c] > most ? area[c] : most;
    for (int c = 0; c < 256; c++)
        weight[c] = (uint64_t)llround(area[c] / most * 0x1p30);
    for (int pass = 0; pass < 2; pass++) {
        memset(bin, 0, 65536 * sizeof *bin);
        for (int64_t i = 0; i < s->n; i++) {
            uint32_t k;
            memcpy(&k, &s->dist[i], sizeof k);
            if (pass == 0)
                bin[k >> 16] += weight[s->code[i]];
            else if (k >> 16 == top)
                bin[k & 65535] += weight[s->code[i]];
        }
        if (pass == 0)
            for (int b = 0; b < 65536; b++)
                total += bin[b];
        uint32_t b = 0;
        while (b < 65535 && (unsigned __int128)(below + bin[b]) * 20 < (unsigned __int128)total * 19)
            below += bin[b++];
        top = pass == 0 ? b : top << 16 | b;
    }
    float d;
    memcpy(&d, &top, sizeof d);
    return d;
}

static struct side side_of(const struct vn_surfels *s, const double area[256], double tau, uint64_t *bin)
{
    struct side r = { 0 };
    for (int64_t i = 0; i < s->n; i++) {             /* raster order: the same sums on any number of threads */
        const double a = area[s->code[i]], d = s->dist[i];
        r.area += a;
        r.weighted += a * d;
        r.within += d <= tau * (1 + 1e-6) ? a : 0;
        r.max = d > r.max ? d : r.max;
    }
    r.d95 = s->n ? cover95(s, area, bin) : 0;
    return r;
}

/* Area, in unit voxels, of the pieces at corners where both surfaces are (at) and of all.  Counts first: exact in any order. */
static void touching(const struct vn_surfels *s, const double unit[256], double *at, double *all)
{
    uint64_t n_at[256] = { 0 }, n_all[256] = { 0 };
    for (int64_t i = 0; i < s->n; i++) {
        n_all[s->code[i]]++;
        n_at[s->code[i]] += !(s->dist[i] > 0);
    }
    for (int c = 0; c < 256; c++) {
        *at += unit[c] * (double)n_at[c];
        *all += unit[c] * (double)n_all[c];
    }
}

int vn_surface_compare(const struct vn_surfels *truth, const struct vn_surfels *pred, const double um[3], double tau,
                       struct vn_surface_stat *out, struct vn_err *err)
{
    double area[256], at = 0, all = 0;
    uint64_t *bin = vn_alloc(65536 * sizeof *bin, err);
    if (!bin)
        return VN_E_MEMORY;
    vn_surface_areas((const double[3]){ 1, 1, 1 }, area);
    touching(truth, area, &at, &all);
    touching(pred, area, &at, &all);
    vn_surface_areas(um, area);
    const struct side t = side_of(truth, area, tau, bin), p = side_of(pred, area, tau, bin);
    vn_free(bin);
    const bool both = truth->n && pred->n;
    *out = (struct vn_surface_stat){
        .area_pred = p.area,
        .area_truth = t.area,
        .asd_truth = t.weighted / t.area,             /* 0 / 0 is NaN, as published */
        .asd_pred = p.weighted / p.area,
        .assd = (t.weighted + p.weighted) / (t.area + p.area),
        .hd = both ? fmax(t.max, p.max) : INFINITY,
        .hd95 = both ? fmax(t.d95, p.d95) : INFINITY,
        .surface_dice = (t.within + p.within) / (t.area + p.area),
        .stack_dice = at / all,
    };
    return 0;
}
