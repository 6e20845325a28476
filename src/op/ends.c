/* ends.c - the skeleton as a list of voxels with neighbours, and its open ends. */
#include "ends.h"
#include "mem.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 1024, MOST_PATH = 512, MOST_SEEN = 192, MOST_POPS = 24 };
static const double SPUR_RADII = 1, SPUR_SIDES = 1, FIT_RADII = 3, FIT_SIDES = 5, BEND_UNSURE = 180;

static double least_side(const double um[3]) { return fmin(um[0], fmin(um[1], um[2])); }
static double most_side(const double um[3]) { return fmax(um[0], fmax(um[1], um[2])); }

/* ---- the list ---- */

struct fill { struct vn_skel_voxels *s; const struct vn_buf *skel, *d2; };

static const uint8_t *row_of(const struct vn_buf *b, int64_t y, int64_t z) { return (const uint8_t *)b->data + z * b->stride[1] + y * b->stride[0]; }

static int count_plane(void *ctx, int64_t z, struct vn_err *err)
{
    const struct fill *f = ctx;
    const int64_t nx = vn_box_dim(&f->s->box, 0), ny = vn_box_dim(&f->s->box, 1);
    (void)err;
    for (int64_t y = 0; y < ny; y++) {
        const uint8_t *r = row_of(f->skel, y, z);
        int64_t n = 0;
        for (int64_t x = 0; x < nx; x++)
            n += r[x] != 0;
        f->s->row[z * ny + y + 1] = n;
    }
    return 0;
}

static int fill_plane(void *ctx, int64_t z, struct vn_err *err)
{
    const struct fill *f = ctx;
    const int64_t nx = vn_box_dim(&f->s->box, 0), ny = vn_box_dim(&f->s->box, 1);
    const double least = least_side(f->s->um);
    (void)err;
    for (int64_t y = 0; y < ny; y++) {
        const uint8_t *r = row_of(f->skel, y, z);
        const float *d2 = (const float *)f->d2->data + z * f->d2->stride[1] + y * f->d2->stride[0];
        int64_t at = f->s->row[z * ny + y];
        for (int64_t x = 0; x < nx; x++)
            if (r[x])
                f->s->v[at++] = (struct vn_skel_voxel){ (int32_t)x, (int32_t)y, (int32_t)z, (float)(sqrt((double)d2[x]) * least) };
    }
    return 0;
}

int64_t vn_skel_find(const struct vn_skel_voxels *s, int64_t x, int64_t y, int64_t z)
{
    const int64_t ny = vn_box_dim(&s->box, 1);
    if (y < 0 || y >= ny || z < 0 || z >= vn_box_dim(&s->box, 2))
        return -1;
    int64_t lo = s->row[z * ny + y], hi = s->row[z * ny + y + 1];
    const int64_t end = hi;
    while (lo < hi) {
        const int64_t mid = lo + (hi - lo) / 2;
        if (s->v[mid].x < x)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < end && s->v[lo].x == x ? lo : -1;
}

bool vn_skel_inside(const struct vn_skel_voxels *s, const int64_t p[3])
{
    return p[0] >= 0 && p[1] >= 0 && p[2] >= 0 && p[0] < vn_box_dim(&s->box, 0) && p[1] < vn_box_dim(&s->box, 1) && p[2] < vn_box_dim(&s->box, 2);
}

/* From a summit without a skeleton over the highest saddle, and on; ties by who was seen first. */
static int32_t over_the_saddle(const struct vn_skel_voxels *s, const struct vn_buf *d2, const int64_t from[3], bool spurs)
{
    struct { int64_t p[3]; float d; bool done; } seen[MOST_SEEN];
    const float *d = d2->data;
    int n = 1;
    memcpy(seen[0].p, from, sizeof seen[0].p);
    seen[0].d = d[from[2] * d2->stride[1] + from[1] * d2->stride[0] + from[0]];
    seen[0].done = false;
    for (int pop = 0; pop < MOST_POPS; pop++) {
        int best = -1;
        for (int i = 0; i < n; i++)
            if (!seen[i].done && (best < 0 || seen[i].d > seen[best].d))
                best = i;
        if (best < 0)
            return -1;
        const int64_t found = vn_skel_find(s, seen[best].p[0], seen[best].p[1], seen[best].p[2]);
        if (found >= 0 && (spurs || !s->spur[found]))
            return (int32_t)found;
        seen[best].done = true;
        for (int k = 0; k < 27 && n < MOST_SEEN; k++) {
            const int64_t p[3] = { seen[best].p[0] + k % 3 - 1, seen[best].p[1] + k / 3 % 3 - 1, seen[best].p[2] + k / 9 - 1 };
            const float v = vn_skel_inside(s, p) ? d[p[2] * d2->stride[1] + p[1] * d2->stride[0] + p[0]] : 0;
            int i = n - 1;
            while (i >= 0 && (seen[i].p[0] != p[0] || seen[i].p[1] != p[1] || seen[i].p[2] != p[2]))
                i--;
            if (i >= 0 || !(v > 0))
                continue;
            memcpy(seen[n].p, p, sizeof p);
            seen[n].d = v;
            seen[n++].done = false;
        }
    }
    return -1;
}

int32_t vn_skel_axis(const struct vn_skel_voxels *s, const struct vn_buf *d2, const int64_t from[3], bool spurs, struct vn_summits *known)
{
    int64_t at[3] = { from[0], from[1], from[2] };
    const float *d = d2->data;
    for (int hop = 0; hop < 64; hop++) {
        int64_t best[3] = { at[0], at[1], at[2] };
        const int64_t found = vn_skel_find(s, at[0], at[1], at[2]);
        if (found >= 0 && (spurs || !s->spur[found]))
            return (int32_t)found;
        float most = d[at[2] * d2->stride[1] + at[1] * d2->stride[0] + at[0]];
        int near = 0;
        for (int i = 0; i < 27; i++) {
            const int steps = (i % 3 != 1) + (i / 3 % 3 != 1) + (i / 9 != 1);
            const int64_t p[3] = { at[0] + i % 3 - 1, at[1] + i / 3 % 3 - 1, at[2] + i / 9 - 1 };
            const float v = vn_skel_inside(s, p) ? d[p[2] * d2->stride[1] + p[1] * d2->stride[0] + p[0]] : 0;
            if (v > most || (v == most && near && steps < near)) {      /* the nearest of equals */
                most = v;
                near = steps;
                memcpy(best, p, sizeof best);
            }
        }
        if (!memcmp(best, at, sizeof best))
            break;
        memcpy(at, best, sizeof best);
    }
    for (int reach = 1; reach <= 2; reach++)
        for (int64_t z = -reach; z <= reach; z++)
            for (int64_t y = -reach; y <= reach; y++)
                for (int64_t x = -reach; x <= reach; x++) {
                    const int64_t i = vn_skel_find(s, at[0] + x, at[1] + y, at[2] + z);
                    if (i >= 0 && (spurs || !s->spur[i]))
                        return (int32_t)i;
                }
    if (!known)
        return over_the_saddle(s, d2, at, spurs);
    const int64_t key = (at[2] * vn_box_dim(&s->box, 1) + at[1]) * vn_box_dim(&s->box, 0) + at[0] + 1;
    const size_t slot = (size_t)((uint64_t)key * 0x9e3779b97f4a7c15u >> 32) % VN_COUNT(known->key);
    if (known->key[slot] != key) {
        known->key[slot] = key;
        known->axis[slot] = over_the_saddle(s, d2, at, spurs);
    }
    return known->axis[slot];
}

/* Neighbours of voxel i, in raster order. */
static int look_around(const struct vn_skel_voxels *s, int64_t i, int32_t out[26])
{
    const struct vn_skel_voxel *v = &s->v[i];
    const int64_t ny = vn_box_dim(&s->box, 1), nz = vn_box_dim(&s->box, 2);
    int n = 0;
    for (int64_t z = vn_max64(v->z - 1, 0); z <= vn_min64(v->z + 1, nz - 1); z++)
        for (int64_t y = vn_max64(v->y - 1, 0); y <= vn_min64(v->y + 1, ny - 1); y++) {
            int64_t lo = s->row[z * ny + y], hi = s->row[z * ny + y + 1];
            const int64_t end = hi;
            while (lo < hi) {
                const int64_t mid = lo + (hi - lo) / 2;
                if (s->v[mid].x < v->x - 1)
                    lo = mid + 1;
                else
                    hi = mid;
            }
            for (; lo < end && s->v[lo].x <= v->x + 1; lo++)
                if (lo != i)
                    out[n++] = (int32_t)lo;
        }
    return n;
}

static int count_neighbours(void *ctx, int64_t batch, struct vn_err *err)
{
    const struct vn_skel_voxels *s = ctx;
    int32_t nb[26];
    (void)err;
    for (int64_t i = batch * BATCH; i < vn_min64((batch + 1) * BATCH, s->n); i++)
        s->first[i + 1] = look_around(s, i, nb);
    return 0;
}

static int fill_neighbours(void *ctx, int64_t batch, struct vn_err *err)
{
    const struct vn_skel_voxels *s = ctx;
    int32_t nb[26];
    (void)err;
    for (int64_t i = batch * BATCH; i < vn_min64((batch + 1) * BATCH, s->n); i++)
        memcpy(s->nb + s->first[i], nb, (size_t)look_around(s, i, nb) * sizeof *nb);
    return 0;
}

static int32_t root(int32_t *up, int32_t i)
{
    while (up[i] != i)
        i = up[i] = up[up[i]];
    return i;
}

static void join_pieces(struct vn_skel_voxels *s)
{
    for (int32_t i = 0; i < s->n; i++)
        s->piece[i] = i;
    for (int32_t i = 0; i < s->n; i++)
        for (int64_t k = s->first[i]; k < s->first[i + 1] && s->nb[k] < i; k++) {
            const int32_t a = root(s->piece, i), b = root(s->piece, s->nb[k]);
            s->piece[a > b ? a : b] = a > b ? b : a;
        }
    for (int32_t i = 0; i < s->n; i++)
        s->piece[i] = root(s->piece, i);
}

int vn_skel_voxels(const struct vn_buf *skel, const struct vn_buf *d2, const double um[3], struct vn_skel_voxels *s, struct vn_job *job,
                   struct vn_err *err)
{
    struct fill f = { s, skel, d2 };
    const int64_t nz = vn_box_dim(&skel->box, 2), n_row = vn_box_dim(&skel->box, 1) * nz;
    *s = (struct vn_skel_voxels){ .box = skel->box };
    for (int k = 0; k < 3; k++)
        s->um[k] = um[k] > 0 ? um[k] : 1;
    if (!(s->row = vn_calloc((uint64_t)n_row + 1, sizeof *s->row, err)))
        return VN_E_MEMORY;
    int rc = vn_job_for_quiet(job, nz, count_plane, &f, err);
    for (int64_t i = 0; i < n_row; i++)
        s->row[i + 1] += s->row[i];
    s->n = rc ? 0 : s->row[n_row];
    if (s->n > INT32_MAX)
        return vn_fail(err, VN_E_UNSUPPORTED, "the skeleton has more than %d voxels; choose a smaller roi", INT32_MAX);
    if (rc || !(s->v = vn_alloc((uint64_t)s->n * sizeof *s->v, err)) || !(s->first = vn_calloc((uint64_t)s->n + 1, sizeof *s->first, err)) ||
        !(s->piece = vn_alloc((uint64_t)s->n * sizeof *s->piece, err)) || !(s->spur = vn_calloc((uint64_t)s->n, 1, err)))
        return rc ? rc : VN_E_MEMORY;
    rc = vn_job_for_quiet(job, nz, fill_plane, &f, err);
    if (!rc)
        rc = vn_job_for_quiet(job, (s->n + BATCH - 1) / BATCH, count_neighbours, s, err);
    for (int64_t i = 0; i < s->n; i++)
        s->first[i + 1] += s->first[i];
    if (!rc && !(s->nb = vn_alloc((uint64_t)s->first[s->n] * sizeof *s->nb, err)))
        rc = VN_E_MEMORY;
    if (!rc)
        rc = vn_job_for_quiet(job, (s->n + BATCH - 1) / BATCH, fill_neighbours, s, err);
    if (!rc)
        join_pieces(s);
    return rc;
}

void vn_skel_voxels_free(struct vn_skel_voxels *s)
{
    vn_free(s->v);
    vn_free(s->row);
    vn_free(s->first);
    vn_free(s->nb);
    vn_free(s->piece);
    vn_free(s->spur);
    *s = (struct vn_skel_voxels){ 0 };
}

/* ---- walking ---- */

static bool touch(const struct vn_skel_voxels *s, int32_t a, int32_t b)
{
    const struct vn_skel_voxel *p = &s->v[a], *q = &s->v[b];
    return p->x - q->x >= -1 && p->x - q->x <= 1 && p->y - q->y >= -1 && p->y - q->y <= 1 && p->z - q->z >= -1 && p->z - q->z <= 1;
}

static int left(const struct vn_skel_voxels *s, int32_t i, int32_t out[26])
{
    int n = 0;
    for (int64_t k = s->first[i]; k < s->first[i + 1]; k++)
        if (!s->spur[s->nb[k]])
            out[n++] = s->nb[k];
    return n;
}

/* A line stops here: one neighbour, or two that touch each other. */
static bool is_end(const struct vn_skel_voxels *s, int32_t i)
{
    int32_t nb[26];
    if (s->spur[i])
        return false;
    const int n = left(s, i, nb);
    return n == 1 || (n == 2 && touch(s, nb[0], nb[1]));
}

static double step(const struct vn_skel_voxels *s, int32_t a, int32_t b)
{
    const double d[3] = { (s->v[a].x - s->v[b].x) * s->um[0], (s->v[a].y - s->v[b].y) * s->um[1], (s->v[a].z - s->v[b].z) * s->um[2] };
    return sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
}

/* Where the line goes on from `at`, coming from `from` (-1: it begins): a voxel; -1 it stops, -2 it branches.  Voxels that
 * touched `from` too were left behind. */
static int32_t next(const struct vn_skel_voxels *s, int32_t from, int32_t at)
{
    int32_t nb[26], ahead[26];
    const int n = left(s, at, nb);
    int m = 0, best = 0;
    for (int i = 0; i < n; i++)
        if (from < 0 || (nb[i] != from && !touch(s, nb[i], from)))
            ahead[m++] = nb[i];
    if (!m)
        return -1;
    for (int i = 1; i < m; i++) {
        if (!touch(s, ahead[0], ahead[i]))
            return -2;
        if (step(s, at, ahead[i]) > step(s, at, ahead[best]))       /* the far one of two that touch leads on */
            best = i;
    }
    return ahead[best];
}

struct path { int n; int32_t v[MOST_PATH]; double s[MOST_PATH]; bool branches, more; };      /* why it stops: it branches; it went as far as asked */

static void walk(const struct vn_skel_voxels *s, int32_t tip, double far, struct path *p)
{
    p->n = 1;
    p->v[0] = tip;
    p->s[0] = 0;
    p->branches = false;
    for (int32_t from = -1, at = tip, to; p->n < MOST_PATH && p->s[p->n - 1] < far; from = at, at = to) {
        to = next(s, from, at);
        p->branches = to == -2;
        if (to < 0 || to == tip)
            break;
        p->s[p->n] = p->s[p->n - 1] + step(s, at, to);
        p->v[p->n++] = to;
    }
    p->more = p->n == MOST_PATH || p->s[p->n - 1] >= far;
}

/* ---- spurs ---- */

struct spur { double len; int32_t tip; };

static int by_length(const void *a, const void *b)
{
    const struct spur *p = a, *q = b;
    return p->len != q->len ? (p->len > q->len) - (p->len < q->len) : (p->tip > q->tip) - (p->tip < q->tip);
}

/* The line from this end, if it is a bump now; far: longer than any. */
static bool bump(const struct vn_skel_voxels *s, int32_t tip, double far, struct path *p)
{
    if (!is_end(s, tip))
        return false;
    walk(s, tip, far, p);
    return p->branches && p->s[p->n - 1] < SPUR_RADII * (double)s->v[p->v[p->n - 1]].d + SPUR_SIDES * most_side(s->um);
}

/* The shortest first, each looked at again when its turn comes: where two bumps meet, the longer one then is the vessel. *any:
 * there were some. */
static int take_off_spurs(struct vn_skel_voxels *s, double far, bool *any, struct vn_err *err)
{
    struct spur *l = vn_alloc((uint64_t)s->n * sizeof *l, err);
    struct path p;
    int64_t n = 0;
    if (!l)
        return VN_E_MEMORY;
    for (int32_t i = 0; i < s->n; i++)
        if (bump(s, i, far, &p))
            l[n++] = (struct spur){ p.s[p.n - 1], i };
    if (n)
        qsort(l, (size_t)n, sizeof *l, by_length);
    for (int64_t i = 0; i < n; i++)
        if (bump(s, l[i].tip, far, &p))
            for (int k = 0; k < p.n - 1; k++)
                s->spur[p.v[k]] = 1;
    *any = n > 0;
    vn_free(l);
    return 0;
}

/* ---- ends ---- */

static void place(const struct vn_skel_voxels *s, int32_t i, double p[3])
{
    p[0] = (double)(s->box.lo[0] + s->v[i].x) * s->um[0];
    p[1] = (double)(s->box.lo[1] + s->v[i].y) * s->um[1];
    p[2] = (double)(s->box.lo[2] + s->v[i].z) * s->um[2];
}

/* A straight line through points from to end - 1 of the path, by their arc lengths: its slope, and its place at arc length at. */
static void fit(const struct vn_skel_voxels *s, const struct path *p, int from, int end, double slope[3], double mean[3], double *middle)
{
    double ss = 0, at[3];
    const double n = end - from;
    *middle = 0;
    for (int k = 0; k < 3; k++)
        slope[k] = mean[k] = 0;
    for (int i = from; i < end; i++) {
        place(s, p->v[i], at);
        *middle += p->s[i] / n;
        for (int k = 0; k < 3; k++)
            mean[k] += at[k] / n;
    }
    for (int i = from; i < end; i++) {
        const double w = p->s[i] - *middle;
        place(s, p->v[i], at);
        ss += w * w;
        for (int k = 0; k < 3; k++)
            slope[k] += w * (at[k] - mean[k]);
    }
    for (int k = 0; k < 3; k++)
        slope[k] = ss > 0 ? slope[k] / ss : 0;
}

/* How the path bends: twice the quadratic part of its points, drawn towards 0 by the more the shorter it is, as the points lie on
 * the grid (ridge regression). */
static void fit_bend(const struct vn_skel_voxels *s, const struct path *p, int from, int end, const double out[3], double bend[3])
{
    const double side = most_side(s->um), n = end - from;
    double middle = 0, s2 = 0, s3 = 0, qq = 0, along = 0, at[3];
    for (int i = from; i < end; i++)
        middle += p->s[i] / n;
    for (int i = from; i < end; i++) {
        const double w = p->s[i] - middle;
        s2 += w * w;
        s3 += w * w * w;
    }
    for (int k = 0; k < 3; k++)
        bend[k] = 0;
    for (int i = from; i < end && s2 > 0; i++) {
        const double w = p->s[i] - middle, q = w * w - s3 / s2 * w - s2 / n;
        place(s, p->v[i], at);
        qq += q * q;
        for (int k = 0; k < 3; k++)
            bend[k] += 2 * q * at[k];
    }
    for (int k = 0; k < 3; k++) {
        bend[k] /= qq + BEND_UNSURE * side * side * side * side;
        along += bend[k] * out[k];
    }
    for (int k = 0; k < 3; k++)
        bend[k] -= along * out[k];
}

static bool at_face(const struct vn_skel_voxels *s, int32_t i)
{
    const int32_t at[3] = { s->v[i].x, s->v[i].y, s->v[i].z };
    for (int k = 0; k < 3; k++)
        if (vn_box_dim(&s->box, k) > 1 && (at[k] == 0 || at[k] == vn_box_dim(&s->box, k) - 1))
            return true;
    return false;
}

/* False: a piece too short to have a direction. */
static bool describe(const struct vn_skel_voxels *s, int32_t tip, struct path *p, struct vn_end *e)
{
    const double side = most_side(s->um);
    double slope[3], mean[3], middle, len = 0, far = 4 * FIT_SIDES * side, r;
    int from = 0, end;
    for (int again = 0; again < 3; again++) {                       /* as far as a vessel of this radius asks for */
        walk(s, tip, far, p);
        r = s->v[tip].d;
        for (int i = 1; i < p->n && p->s[i] <= 2 * r + side; i++)
            r = fmax(r, (double)s->v[p->v[i]].d);
        while (from < p->n - 1 && p->s[from] < r)
            from++;
        far = p->s[from] + fmax(FIT_RADII * r, FIT_SIDES * side);
        if (!p->more || far <= p->s[p->n - 1])
            break;
    }
    for (end = from; end < p->n && p->s[end] <= far;)
        end++;
    if (end - from < 3)
        from = end > 3 ? end - 3 : 0;
    if (end - from < 3 || p->s[end - 1] < 2 * side)
        return false;
    fit(s, p, from, end, slope, mean, &middle);
    for (int k = 0; k < 3; k++)
        len += slope[k] * slope[k];
    if (!(len > 0) || !isfinite(r))
        return false;
    *e = (struct vn_end){ .tip = tip, .piece = s->piece[tip], .radius = r * (1 - 1e-5), .reach = p->s[from] + (double)s->v[tip].d - side / 2,
                         .len = p->s[end - 1] - p->s[from],
                         .clear = p->s[p->n - 1] - (p->branches ? (double)s->v[p->v[p->n - 1]].d : 0) };
    for (int k = 0; k < 3; k++) {
        e->out[k] = -slope[k] / sqrt(len);
        e->base[k] = (mean[k] + slope[k] * (p->s[from] - middle)) / s->um[k];
        e->inner[k] = (mean[k] + slope[k] * (p->s[end - 1] - middle)) / s->um[k];
        e->middle[k] = mean[k] / s->um[k];
    }
    const double twice = 2 * far - p->s[from];                      /* a bend shows over more than a direction asks for */
    if (p->more && twice > p->s[p->n - 1])
        walk(s, tip, twice, p);
    while (end < p->n && p->s[end] <= twice)
        end++;
    fit_bend(s, p, from, end, e->out, e->bend);
    return true;
}

int vn_ends_find(struct vn_skel_voxels *s, struct vn_end **out, int64_t *n, struct vn_job *job, struct vn_err *err)
{
    struct vn_end *e = NULL;
    struct path p;
    int64_t cap = 0;
    int rc = 0;
    *n = 0;
    double widest = 0;
    bool any = true;
    for (int64_t i = 0; i < s->n; i++)
        widest = fmax(widest, (double)s->v[i].d);
    for (int round = 0; round < 3 && any && !rc; round++)
        if (!(rc = take_off_spurs(s, SPUR_RADII * widest + SPUR_SIDES * most_side(s->um), &any, err)))
            rc = vn_job_check(job, err);
    for (int32_t i = 0; i < s->n && !rc; i++) {
        if (!is_end(s, i) || at_face(s, i))
            continue;
        if (*n == cap) {
            struct vn_end *more = vn_realloc(e, (uint64_t)(2 * cap + 64) * sizeof *e, err);
            if (!more) {
                vn_free(e);
                return VN_E_MEMORY;
            }
            e = more;
            cap = 2 * cap + 64;
        }
        *n += describe(s, i, &p, &e[*n]);
    }
    *out = e;
    return rc;
}
