/* curve.c - voxels, components, Euler characteristic, length and overlap for all thresholds in one pass each.
 *
 * A voxel's level is the number of thresholds it reaches (0: never foreground), so that everything below is about
 * 16-bit levels, with a border of 0 around the region.
 *
 * Components: of the graph with a voxel's level as the time it appears, from the top.  Voxels are ordered by level and
 * place.  When v appears, it joins those of its neighbours above it; neighbours above it that touch each other inside
 * the 3x3x3 around v are in one component by then.  So v hangs on one of them, for good, and an edge to one of each
 * further piece is all that is left: components(t) = maxima at t or above - joins by edges at t or above, edges taken
 * from the top (the merge tree of Carr, Snoeyink, Axen 2003, of which only the counts are kept).
 *
 * Euler characteristic and length are sums over 2x2x2 neighbourhoods of a number that depends on which of the 8 voxels
 * are set.  As the threshold falls they are set one after the other: 8 changes a neighbourhood, in the order of their
 * levels. */
#include "curve.h"
#include <math.h>
#include <string.h>
#include "hist.h"
#include "mem.h"

enum { STRIP = 256, CENTRE = 13, FLOODS = 3, SPHERE = 256, LENGTH_BITS = 28 };
enum { SLAB_BYTES = 16 << 20, POLL_MASK = 0xffff };
static const uint32_t ALL = (1u << 27) - 1, MARK = 1u << 31;

struct bin { int64_t euler, length, voxels, hit, maxima, edges; };     /* of one level: changes as it is reached from above */

struct work {
    const struct vn_curve *c;
    int64_t n[3], row, plane;       /* of the region; elements from row to row and plane to plane of level and link */
    uint16_t *level;
    uint32_t *link; /* neighbours above, bit 31: has to be looked at; then the voxel this one hangs on */
    struct edge { uint32_t a, b; } *edge;
    uint64_t *next;                 /* per level: where its next edge goes */
    uint32_t near;                  /* which of the 27 are neighbours */
    int connectivity;
    double scale;                   /* thresholds per unit */
    struct vn_breadth breadth;
    int n_bins;
    struct bin **bins;              /* n + 1 levels for every thread; taken and given back by bodies */
    uint8_t *taken;
    struct vn_buf in, truth;        /* the slab that is read */
    int64_t z0;
};

/* A set of counters nobody else uses.  There is one for each thread that can be in a body. */
static struct bin *bins_take(struct work *w, int *i)
{
    for (*i = 0; __atomic_exchange_n(&w->taken[*i], 1, __ATOMIC_ACQUIRE); *i = (*i + 1) % w->n_bins)
        ;
    return w->bins[*i];
}
static void bins_give(struct work *w, int i) { __atomic_store_n(&w->taken[i], 0, __ATOMIC_RELEASE); }

static int64_t at(const struct work *w, int64_t y, int64_t z) { return (z + 1) * w->plane + (y + 1) * w->row + 1; }

/* ---- levels ---- */

static uint16_t level_of(const struct work *w, double v)
{
    const struct vn_curve *c = w->c;
    if (!(v >= c->lo))
        return 0;
    const double k = (v - c->lo) * w->scale;
    int i = k < c->n - 1 ? (int)k : c->n - 1;               /* infinity times a scale of 0 is no number */
    while (v < c->threshold[i]) /* the product may be off by a rounding; threshold[0] is lo */
        i--;
    while (i + 1 < c->n && v >= c->threshold[i + 1])
        i++;
    return (uint16_t)(i + 1);
}

static const void *voxels_from(const struct vn_buf *b, int64_t y, int64_t z)
{
    return (const char *)b->data + (z * b->stride[1] + y * b->stride[0]) * (int64_t)vn_type_size(b->type);
}

static int level_plane(void *ctx, int64_t z, struct vn_err *err)
{
    struct work *w = ctx;
    double v[STRIP], t[STRIP];
    int mine;
    struct bin *bin = bins_take(w, &mine);
    (void)err;

    for (int64_t y = 0; y < w->n[1]; y++) {
        uint16_t *to = w->level + at(w, y, w->z0 + z);
        const char *from = voxels_from(&w->in, y, z), *truth = w->c->has_truth ? voxels_from(&w->truth, y, z) : NULL;
        for (int64_t x = 0; x < w->n[0]; x += STRIP) {
            const int64_t n = vn_min64(STRIP, w->n[0] - x);
            vn_convert_row(VN_F64, v, w->in.type, from + x * (int64_t)vn_type_size(w->in.type), n);
            for (int64_t i = 0; i < n; i++)
                bin[to[x + i] = level_of(w, v[i])].voxels++;
            if (!truth)
                continue;
            vn_convert_row(VN_F64, t, w->truth.type, truth + x * (int64_t)vn_type_size(w->truth.type), n);
            for (int64_t i = 0; i < n; i++)
                bin[to[x + i]].hit += t[i] != 0 && t[i] == t[i];
        }
    }
    bins_give(w, mine);
    return 0;
}

static int read_levels(struct work *w, struct vn_vol *v, const struct vn_box *box, struct vn_vol *truth,
                       struct vn_job *job, struct vn_err *err)
{
    const int64_t planes = vn_max64(1, SLAB_BYTES / (w->n[0] * w->n[1] * (int64_t)vn_type_size(v->src->type)));
    int rc = 0;

    for (int64_t z = 0; z < w->n[2] && !rc; z += planes) {
        struct vn_box slab = *box;
        slab.lo[2] = box->lo[2] + z;
        slab.hi[2] = vn_min64(slab.lo[2] + planes, box->hi[2]);
        w->z0 = z;
        rc = vn_vol_map(v, v->src->type, &slab, VN_PAD_ZERO, &w->in, job, err);
        if (!rc && truth)
            rc = vn_vol_map(truth, truth->src->type, &slab, VN_PAD_ZERO, &w->truth, job, err);
        if (!rc)
            rc = vn_job_for_quiet(job, vn_box_dim(&slab, 2), level_plane, w, err);
        vn_buf_free(&w->in);
        vn_buf_free(&w->truth);
    }
    return rc;
}

/* ---- components ---- */

/* Bits of the 3x3x3 (x + 3 y + 9 z) grown by one step: faces, or all 26 neighbours.  What leaves it in z is cut by the
 * caller. */
static inline uint32_t grow_faces(uint32_t f)
{
    return f | (f << 1 & 0666666666u) | (f >> 1 & 0333333333u) | (f << 3 & 0770770770u) | (f >> 3 & 0077077077u) |
           f << 9 | f >> 9;
}
static inline uint32_t grow_all(uint32_t f)
{
    f |= (f << 1 & 0666666666u) | (f >> 1 & 0333333333u);
    f |= (f << 3 & 0770770770u) | (f >> 3 & 0077077077u);
    return f | f << 9 | f >> 9;
}

/* The neighbours above each voxel of a row.  r[3 (dz + 1) + dy + 1]: the rows around it.  Marked: a voxel with none,
 * and one where those found by FLOODS steps from the first are not all. */
#define EARLIER(ROW, K)                                                                                                \
    ((uint32_t)(r[ROW][x - 1] > v) << (K) | (uint32_t)(r[ROW][x] > v) << ((K) + 1) |                                   \
     (uint32_t)(r[ROW][x + 1] > v) << ((K) + 2))
#define LATER(ROW, K)                                                                                                  \
    ((uint32_t)(r[ROW][x - 1] >= v) << (K) | (uint32_t)(r[ROW][x] >= v) << ((K) + 1) |                                 \
     (uint32_t)(r[ROW][x + 1] >= v) << ((K) + 2))
#define LINK_ROW(NAME, NEAR, GROW)                                                                                     \
    static VN_HOT void NAME(const uint16_t *const r[9], int64_t n, uint32_t *restrict link)                            \
    {                                                                                                                  \
        for (int64_t x = 0; x < n; x++) {                                                                              \
            const uint16_t v = r[4][x];                                                                                \
            uint32_t m = EARLIER(0, 0) | EARLIER(1, 3) | EARLIER(2, 6) | EARLIER(3, 9) |                               \
                         (uint32_t)(r[4][x - 1] > v) << 12 | (uint32_t)(r[4][x + 1] >= v) << 14 | LATER(5, 15) |       \
                         LATER(6, 18) | LATER(7, 21) | LATER(8, 24);                                                   \
            m &= 0u - (uint32_t)(v != 0); /* bits, not branches: gcc makes a vector of it */                           \
            const uint32_t near = m & (NEAR), alone = (uint32_t)(near == 0) & (uint32_t)(v != 0);                      \
            uint32_t f = near & (0u - near);                                                                           \
            for (int i = 0; i < FLOODS; i++)                                                                           \
                f = GROW(f) & m;                                                                                       \
            link[x] = m | (alone | (uint32_t)((near & ~f) != 0)) << 31;                                                \
        }                                                                                                              \
    }
enum { NEAR_FACES = 1 << 4 | 1 << 10 | 1 << 12 | 1 << 14 | 1 << 16 | 1 << 22 };
enum { NEAR_ALL = ((1 << 27) - 1) ^ 1 << CENTRE };
LINK_ROW(link_faces, NEAR_FACES, grow_faces)
LINK_ROW(link_all, NEAR_ALL, grow_all)

/* One neighbour of each connected piece of those above; how many pieces. */
static int pieces(const struct work *w, uint32_t above, int one[8])
{
    int n = 0;
    for (uint32_t left = above & w->near; left; n++) {
        uint32_t f = left & (0u - left), was;
        one[n] = __builtin_ctz(f);
        do {
            was = f;
            f = (w->connectivity == 26 ? grow_all(f) : grow_faces(f)) & above;
        } while (f != was);
        left &= ~f;
    }
    return n;
}

static int link_plane(void *ctx, int64_t z, struct vn_err *err)
{
    struct work *w = ctx;
    int mine, one[8];
    struct bin *bin = bins_take(w, &mine);
    (void)err;

    for (int64_t y = 0; y < w->n[1]; y++) {
        const uint16_t *level = w->level + at(w, y, z), *r[9];
        uint32_t *link = w->link + at(w, y, z);
        for (int i = 0; i < 9; i++)
            r[i] = level + (i / 3 - 1) * w->plane + (i % 3 - 1) * w->row;
        if (w->connectivity == 26)
            link_all(r, w->n[0], link);
        else
            link_faces(r, w->n[0], link);
        for (int64_t x = 0; x < w->n[0]; x++)
            if (link[x] & MARK) {
                const int n = pieces(w, link[x] & ALL, one);
                bin[level[x]].maxima += n == 0;
                bin[level[x]].edges += n > 1 ? n - 1 : 0;
            }
    }
    bins_give(w, mine);
    return 0;
}

/* Masks become links, and edges go to the part of the list that is their level's. */
static int edge_plane(void *ctx, int64_t z, struct vn_err *err)
{
    struct work *w = ctx;
    int64_t step[27];
    int one[8];
    (void)err;

    for (int k = 0; k < 27; k++)
        step[k] = (k / 9 - 1) * w->plane + (k / 3 % 3 - 1) * w->row + k % 3 - 1;
    for (int64_t y = 0; y < w->n[1]; y++) {
        const int64_t from = at(w, y, z);
        for (int64_t i = from; i < from + w->n[0]; i++) {
            const uint32_t m = w->link[i], near = m & w->near;
            const int n = m & MARK ? pieces(w, m & ALL, one) : 1;
            if (n > 1) {
                uint64_t to = __atomic_fetch_add(&w->next[w->level[i]], (uint64_t)n - 1, __ATOMIC_RELAXED);
                for (int k = 1; k < n; k++)
                    w->edge[to++] = (struct edge){ (uint32_t)i, (uint32_t)(i + step[one[k]]) };
            }
            w->link[i] = (uint32_t)(near ? i + step[__builtin_ctz(near)] : i);
        }
    }
    return 0;
}

static uint32_t root(uint32_t *link, uint32_t i)
{
    while (link[i] != i) {
        link[i] = link[link[i]];
        i = link[i];
    }
    return i;
}

/* Edges from the top: what they join leaves bin[].maxima as the change of the number of components. */
static int join_edges(struct work *w, struct bin *bin, struct vn_job *job, struct vn_err *err)
{
    uint64_t end = 0, done = 0;
    int rc = 0;

    for (int k = w->c->n; k > 0 && !rc; k--) {
        for (uint64_t i = end; i < end + (uint64_t)bin[k].edges && !rc; i++) {
            const uint32_t a = root(w->link, w->edge[i].a), b = root(w->link, w->edge[i].b);
            if (a != b) {
                w->link[a < b ? b : a] = a < b ? a : b;
                bin[k].maxima--;
            }
            if ((++done & POLL_MASK) == 0)
                rc = vn_job_check(job, err);
        }
        end += (uint64_t)bin[k].edges;
    }
    return rc;
}

/* Counters of all threads added up in those of the first. */
static void bins_add(struct work *w)
{
    for (int i = 1; i < w->n_bins; i++)
        for (int k = 0; k <= w->c->n; k++) {
            struct bin *to = &w->bins[0][k], *from = &w->bins[i][k];
            to->euler += from->euler;
            to->length += from->length;
            to->voxels += from->voxels;
            to->hit += from->hit;
            to->maxima += from->maxima;
            to->edges += from->edges;
        }
}

static int components(struct work *w, struct vn_job *job, struct vn_err *err)
{
    const uint64_t size = (uint64_t)(w->plane * (w->n[2] + 2));
    struct bin *bin = w->bins[0];
    uint64_t n = 0;
    int rc = 0;

    if (!(w->link = vn_alloc(size * sizeof *w->link, err)))
        return VN_E_MEMORY;
    if ((rc = vn_job_for_quiet(job, w->n[2], link_plane, w, err)))
        return rc;
    bins_add(w);
    vn_job_step(job, 3, 4);
    for (int k = w->c->n; k > 0; k--) {
        w->next[k] = n;
        n += (uint64_t)bin[k].edges;
    }
    if (!(w->edge = vn_alloc(n * sizeof *w->edge, err)))
        return VN_E_MEMORY;
    rc = vn_job_for_quiet(job, w->n[2], edge_plane, w, err);
    return rc ? rc : join_edges(w, bin, job, err);
}

/* ---- sums over neighbourhoods ---- */

/* Keys (level, voxel) of the 8 voxels around each of n corners, greatest first.  The network of 19 comparators is the
 * shortest for 8 numbers (Knuth, The Art of Computer Programming 3, 5.3.4). */
#define ORDER(I, J)                                                                                                    \
    {                                                                                                                  \
        const uint32_t hi = k[I] > k[J] ? k[I] : k[J], lo = k[I] > k[J] ? k[J] : k[I];                                 \
        k[I] = hi;                                                                                                     \
        k[J] = lo;                                                                                                     \
    }
static VN_HOT void sort_corners(const uint16_t *r0, const uint16_t *r1, const uint16_t *r2, const uint16_t *r3,
                                int64_t n, uint32_t (*restrict key)[STRIP])
{
    for (int64_t x = 0; x < n; x++) {
        uint32_t k[8] = {(uint32_t)r0[x] << 3,         (uint32_t)r0[x + 1] << 3 | 1, (uint32_t)r1[x] << 3 | 2,
                         (uint32_t)r1[x + 1] << 3 | 3, (uint32_t)r2[x] << 3 | 4,     (uint32_t)r2[x + 1] << 3 | 5,
                         (uint32_t)r3[x] << 3 | 6,     (uint32_t)r3[x + 1] << 3 | 7};
        ORDER(0, 2) ORDER(1, 3) ORDER(4, 6) ORDER(5, 7)
        ORDER(0, 4) ORDER(1, 5) ORDER(2, 6) ORDER(3, 7)
        ORDER(0, 1) ORDER(2, 3) ORDER(4, 5) ORDER(6, 7)
        ORDER(2, 4) ORDER(3, 5)
        ORDER(1, 4) ORDER(3, 6)
        ORDER(1, 2) ORDER(3, 4) ORDER(5, 6)
        for (int i = 0; i < 8; i++)
            key[i][x] = k[i];
    }
}

static void count_corners(const struct vn_config *weight, uint32_t (*key)[STRIP], int64_t n, struct bin *bin)
{
    for (int64_t x = 0; x < n; x++) {
        unsigned set = 0;
        struct vn_config was = { 0, 0 };
        if (key[0][x] >> 3 == key[7][x] >> 3)              /* all set at once: 0 */
            continue;
        for (int i = 0; i < 8; i++) {
            struct bin *b = &bin[key[i][x] >> 3];
            set |= 1u << (key[i][x] & 7);
            b->euler += weight[set].euler - was.euler;
            b->length += weight[set].length - was.length;
            was = weight[set];
        }
    }
}

static int corner_plane(void *ctx, int64_t z, struct vn_err *err)
{
    struct work *w = ctx;
    uint32_t key[8][STRIP];
    int mine;
    struct bin *bin = bins_take(w, &mine);
    (void)err;

    for (int64_t y = 0; y <= w->n[1]; y++)
        for (int64_t x = 0; x <= w->n[0]; x += STRIP) {
            const uint16_t *r = w->level + z * w->plane + y * w->row + x;
            const int64_t n = vn_min64(STRIP, w->n[0] + 1 - x);
            sort_corners(r, r + w->row, r + w->plane, r + w->plane + w->row, n, key);
            count_corners(w->breadth.config, key, n, bin);
        }
    bins_give(w, mine);
    return 0;
}

/* Voxel (x, y, z) of the 2x2x2 is bit x + 2 y + 4 z.  Each cell is counted in the one neighbourhood where it begins. */
enum { X = 0xAA, Y = 0xCC, Z = 0xF0 };
static int any(unsigned set, unsigned of) { return (set & of) != 0; }
static int all(unsigned set, unsigned of) { return (set & of) == of; }

/* 26: the union of closed voxels, by its corners, edges, faces and voxels.  6: the complex whose corners are the
 * voxels. */
static int euler_of(unsigned s, int connectivity)
{
    return connectivity == 26 ? any(s, 255) - any(s, X) - any(s, Y) - any(s, Z) + any(s, X & Y) + any(s, X & Z) +
                                    any(s, Y & Z) - any(s, X & Y & Z)
                              : all(s, X & Y & Z) - all(s, X & Y) - all(s, X & Z) - all(s, Y & Z) + all(s, X) +
                                    all(s, Y) + all(s, Z) - all(s, 255);
}

/* Euler characteristic of the section by a lattice plane whose voxels make rectangles: corners, two kinds of edges,
 * pixels. */
static int rectangles(unsigned s, unsigned of, unsigned edge_a, unsigned edge_b, unsigned pixel)
{
    return any(s, of) - any(s, edge_a) - any(s, edge_b) + any(s, pixel);
}
/* The plane that cuts the three edges of voxel (0, 0, 0), turned over the axes in `flip`: hexagons. */
static int hexagons(unsigned s, unsigned flip)
{
    unsigned t = 0;
    for (unsigned i = 0; i < 8; i++)
        t |= (s >> (i ^ flip) & 1) << i;
    return any(t, 1 << 1 | 1 << 2 | 1 << 4) + any(t, 1 << 3 | 1 << 5 | 1 << 6) - any(t, 1 << 3 | 1 << 5) -
           any(t, 1 << 3 | 1 << 6) - any(t, 1 << 5 | 1 << 6) + any(t, 1 << 3);
}

/* Shares of the sphere of directions nearest to each kind of plane's normal: x, y, z, xy, xz, yz, xyz (pairs and fours
 * that mirror each other together), on a grid over a cube's corner. */
static void sphere_shares(const double um[3], double share[7])
{
    double normal[7][3], sum = 0;
    for (int k = 0; k < 7; k++) {
        double square = 0;
        for (int a = 0; a < 3; a++) {
            const bool on = k < 3 ? a == k : k == 6 || a != 5 - k;
            normal[k][a] = on ? 1 / um[a] : 0;
            square += normal[k][a] * normal[k][a];
        }
        for (int a = 0; a < 3; a++)
            normal[k][a] /= sqrt(square);
        share[k] = 0;
    }
    for (int i = 0; i < 3 * SPHERE * SPHERE; i++) {
        const int face = i / (SPHERE * SPHERE);
        double u[3], best = -1;
        int of = 0;
        u[face] = 1;
        u[(face + 1) % 3] = (i / SPHERE % SPHERE + 0.5) / SPHERE;
        u[(face + 2) % 3] = (i % SPHERE + 0.5) / SPHERE;
        for (int k = 0; k < 7; k++) {
            const double d = u[0] * normal[k][0] + u[1] * normal[k][1] + u[2] * normal[k][2];
            if (d > best) {
                best = d;
                of = k;
            }
        }
        const double square = u[0] * u[0] + u[1] * u[1] + u[2] * u[2];
        share[of] += 1 / (square * sqrt(square));          /* solid angle of the grid's cell */
    }
    for (int k = 0; k < 7; k++)
        sum += share[k];
    for (int k = 0; k < 7; k++)
        share[k] /= sum;
}

/* Length = 2 sum over normals of share x distance of the planes x Euler characteristic of the sections, in units of the
 * longest edge / 2^LENGTH_BITS. */
void vn_breadth_init(struct vn_breadth *b, const double um[3], int connectivity)
{
    const double longest = fmax(um[0], fmax(um[1], um[2]));
    double share[7], apart[7];
    b->unit = longest / (1 << LENGTH_BITS);
    sphere_shares(um, share);
    for (int k = 0; k < 7; k++) {
        double square = 0;
        for (int a = 0; a < 3; a++)
            square += k < 3 ? (a == k) / (um[a] * um[a]) : (k == 6 || a != 5 - k) / (um[a] * um[a]);
        apart[k] = 1 / sqrt(square);
    }
    for (unsigned s = 0; s < 256; s++) {
        const int x = rectangles(s, X, X & Y, X & Z, X & Y & Z), y = rectangles(s, Y, X & Y, Y & Z, X & Y & Z),
                  z = rectangles(s, Z, X & Z, Y & Z, X & Y & Z);
        /* planes along z through both diagonals of x, y; and so on */
        const int xy = rectangles(s, (X & ~Y) | (Y & ~X), ((X & ~Y) | (Y & ~X)) & Z, X & ~Y & 255, X & ~Y & Z) +
                       rectangles(s, 255 & ~(X ^ Y), Z & ~(X ^ Y), X & Y, X & Y & Z);
        const int xz = rectangles(s, X ^ Z, (X ^ Z) & Y, X & ~Z & 255, X & ~Z & Y) +
                       rectangles(s, 255 & ~(X ^ Z), Y & ~(X ^ Z), X & Z, X & Y & Z);
        const int yz = rectangles(s, Y ^ Z, (Y ^ Z) & X, Y & ~Z & 255, Y & ~Z & X) +
                       rectangles(s, 255 & ~(Y ^ Z), X & ~(Y ^ Z), Y & Z, X & Y & Z);
        const int xyz = hexagons(s, 0) + hexagons(s, 1) + hexagons(s, 2) + hexagons(s, 4);
        const double sum = share[0] * apart[0] * x + share[1] * apart[1] * y + share[2] * apart[2] * z +
                           share[3] / 2 * apart[3] * xy + share[4] / 2 * apart[4] * xz + share[5] / 2 * apart[5] * yz +
                           share[6] / 4 * apart[6] * xyz;
        b->config[s] =
            (struct vn_config){euler_of(s, connectivity), (int64_t)floor(2 * sum / longest * (1 << LENGTH_BITS) + 0.5)};
    }
}

/* ---- of one mask ---- */

struct tally { const struct vn_buf *mask; int64_t n[3]; uint32_t (*of_plane)[256]; };

/* The four voxels around each edge along x, bit y + 2 z, of n corners; before and behind the row nothing is set. */
static VN_HOT void join_rows(const uint8_t *const r[4], uint8_t *restrict four, int64_t n)
{
    for (int64_t x = 0; x < n; x++)
        four[x] = (uint8_t)((r[0][x] != 0) | (r[1][x] != 0) << 1 | (r[2][x] != 0) << 2 | (r[3][x] != 0) << 3);
}

/* Corners between planes z - 1 and z, by the four voxels before (low bits) and behind. */
static int tally_plane(void *ctx, int64_t z, struct vn_err *err)
{
    const struct tally *t = ctx;
    const struct vn_buf *m = t->mask;
    const int64_t nx = t->n[0];
    uint32_t *count = t->of_plane[z];
    uint8_t *none = vn_calloc((uint64_t)(2 * nx + 24), 1, err), *four = none + nx;   /* 8 empty bytes before, 16 behind */
    if (!none)
        return VN_E_MEMORY;
    four += 8;
    for (int64_t y = 0; y <= t->n[1]; y++) {
        const uint8_t *r[4];
        for (int i = 0; i < 4; i++) {
            const int64_t ry = y - 1 + i % 2, rz = z - 1 + i / 2;
            r[i] = ry < 0 || ry == t->n[1] || rz < 0 || rz == t->n[2]
                       ? none : (const uint8_t *)m->data + rz * m->stride[1] + ry * m->stride[0];
        }
        join_rows(r, four, nx);
        for (int64_t x = 0; x <= nx; x += 7) {
            uint64_t w;                                        /* 7 corners and the voxel behind; most hold nothing */
            memcpy(&w, four + x - 1, sizeof w);
            for (int i = 0; w && i < 7 && x + i <= nx; i++, w >>= 8)
                count[(w & 15) | (w >> 8 & 15) << 4]++;
        }
    }
    vn_free(none);
    return 0;
}

int vn_breadth_mask(const struct vn_breadth *b, const struct vn_buf *mask, double *length, int64_t *euler,
                    struct vn_job *job, struct vn_err *err)
{
    struct tally t = { mask, { vn_box_dim(&mask->box, 0), vn_box_dim(&mask->box, 1), vn_box_dim(&mask->box, 2) }, NULL };
    struct vn_config sum = { 0, 0 };
    if (mask->type != VN_U8)
        return vn_fail(err, VN_E_INTERNAL, "the length is counted in u8 masks");
    if (!(t.of_plane = vn_calloc((uint64_t)t.n[2] + 1, sizeof *t.of_plane, err)))
        return VN_E_MEMORY;
    int rc = vn_job_for_quiet(job, t.n[2] + 1, tally_plane, &t, err);
    for (unsigned i = 1; i < 256 && !rc; i++) {
        unsigned set = 0;                                      /* as the weights count them: x + 2 y + 4 z */
        int64_t n = 0;
        for (int k = 0; k < 4; k++)
            set |= (i >> k & 1) << 2 * k | (i >> (k + 4) & 1) << (2 * k + 1);
        for (int64_t z = 0; z <= t.n[2]; z++)
            n += t.of_plane[z][i];
        sum.euler += n * b->config[set].euler;
        sum.length += n * b->config[set].length;
    }
    vn_free(t.of_plane);
    *length = (double)sum.length * b->unit;
    *euler = sum.euler;
    return rc;
}

/* ---- the steadiest run ---- */

/* Places of a window that only moves up whose value may still become its least (sign 1) or greatest (-1). */
struct window { const double *v; int *place, first, end; double sign; };

static void window_push(struct window *q, int i)
{
    while (q->end > q->first && q->sign * q->v[q->place[q->end - 1]] >= q->sign * q->v[i])
        q->end--;
    q->place[q->end++] = i;
}
static double window_best(struct window *q, int from)
{
    while (q->place[q->first] < from)
        q->first++;
    return q->v[q->place[q->first]];
}

/* Longest run of at least two thresholds, the first of equals, whose foreground is 1/1000 to 1/2 of the region and over
 * which components vary by at most a quarter of their least number, the Euler characteristic by at most a quarter of
 * the least max(|it|, components).  A part of such a run is one, so that a window finds it. */
static int find_plateau(struct vn_curve *c, struct vn_err *err)
{
    double *v = vn_alloc((uint64_t)c->n * 3 * sizeof *v, err);
    int *place = vn_alloc((uint64_t)c->n * 5 * sizeof *place, err), from = 0, best = 0;
    struct window q[5];
    const int rc = v && place ? 0 : VN_E_MEMORY;

    for (int i = 0; i < 5; i++)                                /* least and greatest components, Euler; least of both */
        q[i] = (struct window){
            .v = v + (int64_t)(i / 2) * c->n, .place = place + (int64_t)i * c->n, .sign = i & 1 ? -1 : 1};
    c->plateau_low = c->plateau_high = -1;
    for (int k = 0; k < c->n && !rc; k++) {
        v[k] = (double)c->components[k];
        v[c->n + k] = (double)c->euler[k];
        v[2 * c->n + k] = fmax(fabs(v[c->n + k]), v[k]);
        if ((double)c->voxels[k] * 1000 < (double)c->total || (double)c->voxels[k] * 2 > (double)c->total) {
            from = k + 1;
            for (int i = 0; i < 5; i++)
                q[i].first = q[i].end = 0;
            continue;
        }
        for (int i = 0; i < 5; i++)
            window_push(&q[i], k);
        for (;; from++) {
            const double parts = window_best(&q[0], from), euler = window_best(&q[2], from),
                         size = window_best(&q[4], from);
            if (4 * (window_best(&q[1], from) - parts) <= parts && 4 * (window_best(&q[3], from) - euler) <= size)
                break;
        }
        if (k - from > best) {
            best = k - from;
            c->plateau_low = from;
            c->plateau_high = k;
        }
    }
    vn_free(v);
    vn_free(place);
    return rc;
}

/* ---- all of it ---- */

/* Range and thresholds; scale: thresholds per unit. */
static int choose_thresholds(struct vn_vol *v, const struct vn_box *box, const struct vn_curve_opt *o,
                             struct vn_curve *c, double *scale, struct vn_job *job, struct vn_err *err)
{
    const bool whole = vn_type_is_int(v->src->type);
    struct vn_hist own = { 0 };
    const struct vn_hist *h = &own;
    double lo = whole ? ceil(o->lo) : o->lo, hi = whole ? ceil(o->hi) : o->hi, step = 0;
    int rc = 0;

    if (o->auto_range && v->kind == VN_PROB && !whole) {
        lo = 0;
        hi = 1;
    } else if (o->auto_range) {
        rc = vn_box_same(box, &v->box) ? vn_vol_hist(v, &h, job, err) : vn_hist_box(v, box, &own, job, err);
        if (!rc && !h->n)
            rc = vn_fail(err, VN_E_ARG, "the volume has no finite voxel here: give range=LOW,HIGH");
        lo = h->min;
        hi = whole ? h->max + 1 : h->max;
        vn_hist_free(&own);
    }
    if (rc)
        return rc;
    const bool one = !whole && o->auto_range && lo == hi;      /* one value: one threshold */
    if (!one && !(lo < hi && isfinite(hi - lo)))
        return vn_fail(err, VN_E_ARG,
                       whole ? "thresholds from %g to below %g: there is no whole number"
                             : "thresholds from %g to %g: LOW must be below HIGH, both finite",
                       o->auto_range ? lo : o->lo, o->auto_range ? hi : o->hi);
    c->n = one ? 1 : o->n;
    if (whole) {
        step = ceil((hi - lo) / o->n);
        c->n = (int)ceil((hi - lo) / step);
    }
    c->lo = lo;
    c->hi = hi;
    *scale = one ? 0 : whole ? 1 / step : c->n / (hi - lo);
    if (!(c->threshold = vn_alloc((uint64_t)c->n * 6 * sizeof *c->threshold, err)))
        return VN_E_MEMORY;
    c->length = c->threshold + c->n;
    c->voxels = (int64_t *)(c->length + c->n);
    c->components = c->voxels + c->n;
    c->euler = c->components + c->n;
    c->hit = c->euler + c->n;
    for (int k = 0; k < c->n; k++)
        c->threshold[k] = whole ? lo + step * k : lo + (hi - lo) * k / c->n;
    return 0;
}

static int work_new(struct work *w, const struct vn_box *box, struct vn_err *err)
{
    uint64_t size = 1;
    for (int a = 0; a < 3; a++) {
        w->n[a] = vn_box_dim(box, a);
        if (!vn_mul(size, (uint64_t)w->n[a] + 2, &size) || size > UINT32_MAX)
            return vn_fail(err, VN_E_UNSUPPORTED, "the curve of more than %u voxels cannot be made; choose a region",
                           UINT32_MAX);
    }
    w->row = w->n[0] + 2;
    w->plane = w->row * (w->n[1] + 2);
    w->near = w->connectivity == 26 ? NEAR_ALL : NEAR_FACES;
    w->n_bins = vn_job_threads();
    int rc = vn_mem_reserve(size * 6, err);
    if (rc)
        return rc;
    if (!(w->level = vn_calloc(size, sizeof *w->level, err)) ||
        !(w->bins = vn_calloc((uint64_t)w->n_bins, sizeof *w->bins, err)) ||
        !(w->taken = vn_calloc((uint64_t)w->n_bins, 1, err)) ||
        !(w->next = vn_calloc((uint64_t)w->c->n + 1, sizeof *w->next, err)))
        return VN_E_MEMORY;
    for (int i = 0; i < w->n_bins; i++)
        if (!(w->bins[i] = vn_calloc((uint64_t)w->c->n + 1, sizeof *w->bins[i], err)))
            return VN_E_MEMORY;
    return 0;
}

static void work_free(struct work *w)
{
    for (int i = 0; w->bins && i < w->n_bins; i++)
        vn_free(w->bins[i]);
    vn_free(w->bins);
    vn_free(w->taken);
    vn_free(w->next);
    vn_free(w->level);
    vn_free(w->link);
    vn_free(w->edge);
}

/* Changes at each level, from the top, to what there is at each threshold. */
static void add_up(const struct bin *bin, double unit, struct vn_curve *c)
{
    struct bin sum = { 0 };
    for (int k = c->n; k >= 0; k--) {
        sum.voxels += bin[k].voxels;
        sum.hit += bin[k].hit;
        sum.euler += bin[k].euler;
        sum.length += bin[k].length;
        sum.maxima += bin[k].maxima;
        if (k == 0)
            break;
        c->voxels[k - 1] = sum.voxels;
        c->hit[k - 1] = sum.hit;
        c->euler[k - 1] = sum.euler;
        c->components[k - 1] = sum.maxima;
        c->length[k - 1] = (double)sum.length * unit;
    }
    c->true_voxels = (uint64_t)sum.hit;
}

int vn_curve(struct vn_vol *v, const struct vn_box *box, const struct vn_curve_opt *o, struct vn_curve *out,
             struct vn_job *job, struct vn_err *err)
{
    struct vn_curve c = { .um = vn_um_known(&v->grid), .has_truth = o->truth != NULL };
    struct work w = { .c = &c, .connectivity = o->connectivity };
    const double um[3] = { c.um ? v->grid.um[0] : 1, c.um ? v->grid.um[1] : 1, c.um ? v->grid.um[2] : 1 };
    struct vn_box in;

    if (!vn_box_meet(&v->box, box, &in))
        return vn_fail(err, VN_E_ARG, "the region has no voxel of the volume");
    if (o->n < 1 || o->n > VN_CURVE_MAX || (o->connectivity != 6 && o->connectivity != 26))
        return vn_fail(err, VN_E_ARG, "a curve has 1 to %d thresholds, not %d, and connectivity 6 or 26, not %d",
                       VN_CURVE_MAX, o->n, o->connectivity);
    int rc = choose_thresholds(v, &in, o, &c, &w.scale, job, err);
    if (!rc)
        rc = work_new(&w, &in, err);
    if (rc)
        goto out;
    c.total = vn_box_count(&in);
    vn_breadth_init(&w.breadth, um, w.connectivity);
    vn_job_stage(job, "levels");
    rc = read_levels(&w, v, &in, o->truth, job, err);
    vn_job_stage(job, "neighbourhoods");
    if (!rc)
        rc = vn_job_for_quiet(job, w.n[2] + 1, corner_plane, &w, err);
    vn_job_step(job, 2, 4);
    vn_job_stage(job, "components");
    if (!rc)
        rc = components(&w, job, err);
    if (rc)
        goto out;
    add_up(w.bins[0], w.breadth.unit, &c);
    rc = find_plateau(&c, err);
out:
    work_free(&w);
    if (rc)
        vn_curve_free(&c);
    else
        *out = c;
    return rc;
}

void vn_curve_free(struct vn_curve *c)
{
    vn_free(c->threshold);
    *c = (struct vn_curve){ 0 };
}
