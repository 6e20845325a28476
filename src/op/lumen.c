/* lumen.c - what lies inside hollow tubes, by lines over bits.
 *
 * A closing along a line is an OR over n places, then an AND over as many back, made from log2 n passes over rows of 64 voxels a
 * word; in how many directions it fails is counted, up to three, in two bits. */
#include "lumen.h"
#include <math.h>
#include <string.h>
#include "mem.h"
#include "vox.h"

enum { LITTLE = 4096 };                        /* words of a volume */

/* Voxels of the cube that wall is thinner than. */
static int64_t cube_of(const double edge[3], int k) { return vn_max64(2, llround(VN_LUMEN_WALL / edge[k])); }

struct line { int64_t d[3], n, times; };       /* a period of n voxels along its longest axis; how often within reach */

/* Line i of 13. */
static struct line line_of(const double edge[3], double reach, int i)
{
    const int sign[3] = { i % 3 - 1, i / 3 % 3 - 1, i / 9 - 1 };
    struct line r = { .n = 0 };
    double most = 0, far = 0;
    int axes = 0;

    for (int k = 0; k < 3; k++) {
        axes += sign[k] != 0;
        most = sign[k] ? fmax(most, edge[k]) : most;
    }
    for (int k = 0; k < 3; k++) {
        r.d[k] = sign[k] * (axes > 1 ? llround(most / edge[k]) : 1);
        r.n = vn_max64(r.n, r.d[k] < 0 ? -r.d[k] : r.d[k]);
        far += (double)r.d[k] * edge[k] * (double)r.d[k] * edge[k];
    }
    r.times = vn_max64(1, (int64_t)floor(reach / sqrt(far)));
    return r;
}

void vn_lumen_halo(const double edge[3], double wide, int64_t halo[3])
{
    for (int k = 0; k < 3; k++) {
        halo[k] = 0;
        for (int i = 0; i < 13; i++) {
            const struct line r = line_of(edge, 2 * wide, i);
            halo[k] = vn_max64(halo[k], (r.d[k] < 0 ? -r.d[k] : r.d[k]) * r.times);
        }
        halo[k] += 2 * (cube_of(edge, k) - 1) + 2;
    }
}

/* ---- passes over planes ---- */

/* body for every plane of b; where that is little, without other threads. */
static int planes(const struct vn_bitvol *b, int (*body)(void *ctx, int64_t z, struct vn_err *err), void *ctx, struct vn_job *job, struct vn_err *err)
{
    int rc = 0;

    if (b->n[2] * b->plane > LITTLE)
        return vn_job_for_quiet(job, b->n[2], body, ctx, err);
    for (int64_t z = 0; rc == 0 && z < b->n[2]; z++)
        rc = body(ctx, z, err);
    return rc;
}

/* Bits of no voxel. */
static void trim(uint64_t *row, int64_t n, int64_t words)
{
    row[0] &= ~1ULL;
    row[(n + 1) >> 6] &= (1ULL << ((n + 1) & 63)) - 1;
    for (int64_t i = ((n + 1) >> 6) + 1; i < words; i++)
        row[i] = 0;
}

/* to(v) = a(v) | b(v + off t / n), t = 1..n, without a where it is NULL.  Outside b nothing is set.
 * Rows follow each other: a band of rows is moved at once, and what came from the next row is masked. */
struct pass { const struct vn_bitvol *a, *b, *to; int64_t off[3], n, band; uint64_t *mask; };
enum { BAND = 256 };                           /* words, for many rows where they are short */

/* off t / n, to the nearest, halves away from 0. */
static int64_t part_of(const struct pass *p, int k, int64_t t)
{
    const int64_t d = p->off[k] < 0 ? -p->off[k] : p->off[k], v = (2 * t * d + p->n) / (2 * p->n);
    return p->off[k] < 0 ? -v : v;
}

/* to |= from moved by s bits towards 0, where mask is set. */
static VN_HOT void or_moved(uint64_t *restrict to, const uint64_t *restrict from, const uint64_t *restrict mask, int64_t s, int64_t words)
{
    const int64_t part = s & 63;
    const uint64_t *lo = from + (s >> 6), *hi = lo + 1;

    if (part == 0)
        for (int64_t i = 0; i < words; i++)
            to[i] |= lo[i] & mask[i];
    else
        for (int64_t i = 0; i < words; i++)
            to[i] |= (lo[i] >> part | hi[i] << (64 - part)) & mask[i];
}

static int pass_plane(void *ctx, int64_t z, struct vn_err *err)
{
    const struct pass *p = ctx;
    const int64_t row = p->to->row, words = p->to->n[1] * row;
    uint64_t *to = vn_bit_row(p->to, 0, z);
    (void)err;

    if (p->a)
        memcpy(to, vn_bit_row(p->a, 0, z), (size_t)words * sizeof *to);
    else
        memset(to, 0, (size_t)words * sizeof *to);
    for (int64_t t = 1; t <= p->n; t++) {
        const int64_t x = part_of(p, 0, t), y = part_of(p, 1, t), at = z + part_of(p, 2, t);
        const int64_t end = at >= 0 && at < p->to->n[2] ? vn_min64(p->to->n[1], p->to->n[1] - y) : 0;
        for (int64_t j = vn_max64(0, -y); j < end; j += p->band)
            or_moved(to + j * row, vn_bit_row(p->b, j + y, at), p->mask + (t - 1) * p->band * row, x,
                     vn_min64(p->band, end - j) * row);
    }
    return 0;
}

static int pass(const struct pass *p, struct vn_job *job, struct vn_err *err)
{
    const struct vn_bitvol *b = p->to;
    struct pass mine = *p;

    mine.band = vn_min64(b->n[1], vn_max64(1, BAND / b->row));
    if (!(mine.mask = vn_calloc((uint64_t)vn_max64(1, p->n * mine.band * b->row), sizeof *mine.mask, err)))
        return VN_E_MEMORY;
    for (int64_t t = 1; t <= p->n; t++) {
        const int64_t x = part_of(p, 0, t), lo = vn_max64(0, -x), hi = vn_min64(b->n[0], b->n[0] - x);
        uint64_t *row = mine.mask + (t - 1) * mine.band * b->row;
        for (int64_t i = lo; i < hi; i++)
            vn_bit_set(row, i);
        for (int64_t y = 1; y < mine.band; y++)
            memcpy(row + y * b->row, row, (size_t)b->row * sizeof *row);
    }
    const int rc = planes(b, pass_plane, &mine, job, err);
    vn_free(mine.mask);
    return rc;
}

/* b[0] and b[1] take turns: b[*at] becomes the OR over n places d apart, the voxel's own the first. */
static int widen(struct vn_bitvol b[2], int *at, const int64_t d[3], int64_t n, struct vn_job *job, struct vn_err *err)
{
    int rc = 0;

    for (int64_t have = 1; rc == 0 && have < n;) {
        const int64_t more = vn_min64(have, n - have);
        rc = pass(&(struct pass){ &b[*at], &b[*at], &b[!*at], { more * d[0], more * d[1], more * d[2] }, 1 }, job, err);
        *at = !*at;
        have += more;
    }
    return rc;
}

/* The same over boxes of n voxels, odd numbers. */
static int grow(struct vn_bitvol b[2], int *at, const int64_t n[3], struct vn_job *job, struct vn_err *err)
{
    int rc = 0;

    for (int k = 0; rc == 0 && k < 3; k++)
        for (int side = -1; rc == 0 && side < 2; side += 2) {
            int64_t d[3] = { 0 };
            d[k] = side;
            rc = widen(b, at, d, (n[k] + 1) / 2, job, err);
        }
    return rc;
}

/* to = a & b, or a & ~b; of what is NULL the complement of b. */
struct both { const struct vn_bitvol *a, *b, *to; bool without; };

static int both_plane(void *ctx, int64_t z, struct vn_err *err)
{
    const struct both *p = ctx;
    const int64_t words = p->to->row_words;
    (void)err;

    for (int64_t y = 0; y < p->to->n[1]; y++) {
        const uint64_t *a = p->a ? vn_bit_row(p->a, y, z) : NULL, *b = vn_bit_row(p->b, y, z), flip = p->without ? ~0ULL : 0;
        uint64_t *to = vn_bit_row(p->to, y, z);
        for (int64_t i = 0; i < words; i++)
            to[i] = (a ? a[i] : ~0ULL) & (b[i] ^ flip);
        trim(to, p->to->n[0], words);
    }
    return 0;
}

/* to may be a or b. */
static int both(const struct both *p, struct vn_job *job, struct vn_err *err)
{
    struct both mine = *p;
    return planes(p->to, both_plane, &mine, job, err);
}

/* Counts of how often hit was not set: one + 2 two, up to 3. */
struct misses { const struct vn_bitvol *hit, *one, *two; };

static int miss_plane(void *ctx, int64_t z, struct vn_err *err)
{
    const struct misses *m = ctx;
    (void)err;

    for (int64_t y = 0; y < m->hit->n[1]; y++) {
        const uint64_t *hit = vn_bit_row(m->hit, y, z);
        uint64_t *restrict one = vn_bit_row(m->one, y, z), *restrict two = vn_bit_row(m->two, y, z);
        for (int64_t i = 0; i < m->hit->row_words; i++) {
            const uint64_t miss = ~hit[i], next = one[i] & miss;
            one[i] = (one[i] ^ miss) | (two[i] & next);
            two[i] |= next;
        }
    }
    return 0;
}

static int like(const struct vn_bitvol *b, struct vn_bitvol *out, struct vn_err *err)
{
    return vn_bitvol_new(out, &(struct vn_box){ { 0, 0, 0 }, { b->n[0], b->n[1], b->n[2] } }, err);
}

static int copy(const struct vn_bitvol *from, const struct vn_bitvol *to, struct vn_job *job, struct vn_err *err)
{
    return pass(&(struct pass){ from, from, to, { 0 }, 0 }, job, err);
}

/* wall = what opening takes from bright. */
static int thin_of(const struct vn_bitvol *bright, const double edge[3], struct vn_bitvol b[2], const struct vn_bitvol *wall, struct vn_job *job,
                   struct vn_err *err)
{
    int at = 0, rc = both(&(struct both){ NULL, bright, &b[0], true }, job, err);

    for (int side = 1; rc == 0 && side >= -1; side -= 2) {     /* the background grows towards one corner, what remains back from it */
        for (int k = 0; rc == 0 && k < 3; k++) {
            int64_t d[3] = { 0 };
            d[k] = side;
            rc = widen(b, &at, d, cube_of(edge, k), job, err);
        }
        if (rc == 0)
            rc = both(&(struct both){ side > 0 ? NULL : bright, &b[at], side > 0 ? &b[at] : wall, true }, job, err);
    }
    return rc;
}

/* b[*at] = the closing of wall along line r. */
static int close_line(const struct vn_bitvol *wall, const struct line *r, struct vn_bitvol b[2], int *at, const struct vn_bitvol *behind, struct vn_job *job,
                      struct vn_err *err)
{
    const int64_t back[3] = { -r->d[0], -r->d[1], -r->d[2] };
    int rc;

    *at = 0;
    if ((rc = pass(&(struct pass){ wall, wall, &b[0], { back[0], back[1], back[2] }, r->n }, job, err)) || (rc = widen(b, at, back, r->times, job, err)) ||
        (rc = copy(&b[*at], behind, job, err)))
        return rc;
    *at = 0;
    if ((rc = pass(&(struct pass){ wall, wall, &b[0], { r->d[0], r->d[1], r->d[2] }, r->n }, job, err)) || (rc = widen(b, at, r->d, r->times, job, err)) ||
        (rc = both(&(struct both){ NULL, &b[*at], &b[*at], true }, job, err)) || (rc = widen(b, at, back, r->times + 1, job, err)))
        return rc;
    return both(&(struct both){ behind, &b[*at], &b[*at], true }, job, err);
}

/* Voxels of b at least margin from its faces. */
static uint64_t count_of(const struct vn_bitvol *b, const int64_t margin[3])
{
    const int64_t lo = margin[0] + 1, hi = b->n[0] - margin[0] + 1;        /* bits of a row */
    uint64_t n = 0;

    for (int64_t z = margin[2]; z < b->n[2] - margin[2]; z++)
        for (int64_t y = margin[1]; y < b->n[1] - margin[1]; y++) {
            const uint64_t *row = vn_bit_row(b, y, z);
            for (int64_t i = lo >> 6; i << 6 < hi; i++) {
                const uint64_t from = i << 6 < lo ? ~0ULL << (lo & 63) : ~0ULL, to = (i + 1) << 6 > hi ? (1ULL << (hi & 63)) - 1 : ~0ULL;
                n += (uint64_t)__builtin_popcountll(row[i] & from & to);
            }
        }
    return n;
}

/* in: voxels of lumens, wall included where it is as much enclosed; dark: those that are not bright.  Stops where those left are
 * less than least of wall. */
struct found { struct vn_bitvol in, dark; uint64_t n_dark, n_wall; };

static int find(const struct vn_bitvol *bright, const double edge[3], double wide, const int64_t margin[3], double least, struct found *f, struct vn_job *job,
                struct vn_err *err)
{
    struct vn_bitvol b[2] = { { .base = NULL } }, wall = { .base = NULL }, behind = { .base = NULL }, one = { .base = NULL }, two = { .base = NULL };
    int at = 0, rc;

    *f = (struct found) { .n_dark = 0 };
    if ((rc = like(bright, &b[0], err)) || (rc = like(bright, &b[1], err)) || (rc = like(bright, &wall, err)) || (rc = like(bright, &behind, err)) ||
        (rc = like(bright, &one, err)) || (rc = like(bright, &two, err)) || (rc = like(bright, &f->in, err)) || (rc = like(bright, &f->dark, err)) ||
        (rc = thin_of(bright, edge, b, &wall, job, err)))
        goto out;
    f->n_wall = count_of(&wall, margin);
    for (int i = 0; i < 13; i++) {
        const struct line r = line_of(edge, 2 * wide, i);
        if ((rc = close_line(&wall, &r, b, &at, &behind, job, err)) || (rc = planes(&wall, miss_plane, &(struct misses){ &b[at], &one, &two }, job, err)) ||
            (rc = both(&(struct both){ &one, &two, &f->in, false }, job, err)) || (rc = both(&(struct both){ NULL, &f->in, &f->in, true }, job, err)) ||
            (rc = both(&(struct both){ &f->in, bright, &f->dark, true }, job, err)))
            goto out;
        f->n_dark = count_of(&f->dark, margin);
        if (f->n_dark == 0 || (double)f->n_dark < least * (double)f->n_wall)
            break;
    }
out:
    vn_bitvol_free(&b[0]);
    vn_bitvol_free(&b[1]);
    vn_bitvol_free(&wall);
    vn_bitvol_free(&behind);
    vn_bitvol_free(&one);
    vn_bitvol_free(&two);
    return rc;
}

static void found_free(struct found *f)
{
    vn_bitvol_free(&f->in);
    vn_bitvol_free(&f->dark);
}

int vn_lumen_count(const struct vn_bitvol *bright, const double edge[3], double wide, const int64_t margin[3], double least, uint64_t *dark, uint64_t *wall, struct vn_job *job,
                   struct vn_err *err)
{
    struct found f;
    const int rc = find(bright, edge, wide, margin, least, &f, job, err);

    found_free(&f);
    *dark = (double)f.n_dark < least * (double)f.n_wall ? 0 : f.n_dark;
    *wall = f.n_wall;
    return rc;
}

int vn_lumen_find(const struct vn_bitvol *bright, const double edge[3], double wide, struct vn_bitvol *in, struct vn_job *job, struct vn_err *err)
{
    struct vn_bitvol b[2] = { { .base = NULL } };
    struct found f;
    int at = 0, rc = find(bright, edge, wide, (const int64_t[3]){ 0 }, 0, &f, job, err);

    *in = b[0];
    if (rc == 0 && (rc = like(bright, &b[1], err)) == 0) {
        b[0] = f.dark;
        f.dark = *in;
        for (int i = 0; rc == 0 && i < 2; i++)
            rc = grow(b, &at, (const int64_t[3]){ 3, 3, 3 }, job, err);
        if (rc == 0 && (rc = both(&(struct both){ &f.in, &b[at], &b[at], false }, job, err)) == 0) {
            *in = b[at];
            b[at].base = NULL;
        }
    }
    vn_bitvol_free(&b[0]);
    vn_bitvol_free(&b[1]);
    found_free(&f);
    return rc;
}

int vn_lumen_near(const struct vn_bitvol *in, const double edge[3], struct vn_bitvol *near, struct vn_job *job, struct vn_err *err)
{
    struct vn_bitvol b[2] = { { .base = NULL } };
    int64_t n[3];
    int at = 0, rc;

    for (int k = 0; k < 3; k++)
        n[k] = 2 * llround(VN_LUMEN_WALL / edge[k]) + 1;
    if ((rc = like(in, &b[0], err)) == 0 && (rc = like(in, &b[1], err)) == 0 && (rc = copy(in, &b[0], job, err)) == 0)
        rc = grow(b, &at, n, job, err);
    *near = rc ? (struct vn_bitvol) { .base = NULL } : b[at];
    if (rc == 0)
        b[at].base = NULL;
    vn_bitvol_free(&b[0]);
    vn_bitvol_free(&b[1]);
    return rc;
}
