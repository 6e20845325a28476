/* stubs.c - ends that the skeleton has no line for.
 *
 * A vessel broken close to where it branches off leaves a stub on the other: too short for thinning, which takes it for a bump of
 * the surface.  What stands out is found from the surface: a voxel of it belongs to the axis that lies uphill in the distance, and
 * stands out by as much as it is farther from there than the background is.  Such voxels that touch make a stub, which points
 * from their axis to their middle. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "ends.h"
#include "mem.h"

enum { MOST_NEAR = 32, NEAR_STEPS = 4 };
static const double OUT_SIDES = 1.2;           /* surface voxels of a smooth vessel stand out by less, whatever its direction */

struct mark { int32_t x, y, z, at, up; double out; };
struct marks { struct mark *v; int64_t n, cap; };
struct scan { const struct vn_skel_voxels *s; const struct vn_buf *d2; double side, widest; struct marks *plane; };

static int add(struct marks *l, const struct mark *m, struct vn_err *err)
{
    if (l->n == l->cap) {
        struct mark *more = vn_realloc(l->v, (uint64_t)(2 * l->cap + 16) * sizeof *more, err);
        if (!more)
            return VN_E_MEMORY;
        l->v = more;
        l->cap = 2 * l->cap + 16;
    }
    l->v[l->n++] = *m;
    return 0;
}

static double dot(const double a[3], const double b[3]) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

/* By how much a voxel stands out from all balls of the axis near `at`: a pit in the surface makes one of them small. */
static double stands_out(const struct vn_skel_voxels *s, int32_t at, int64_t x, int64_t y, int64_t z)
{
    int32_t queue[MOST_NEAR];
    int n = 0, level_end = 1, level = 0;
    double least = INFINITY;
    queue[n++] = at;
    for (int head = 0; head < n; head++) {
        const struct vn_skel_voxel *v = &s->v[queue[head]];
        const double p[3] = { (double)(x - v->x) * s->um[0], (double)(y - v->y) * s->um[1], (double)(z - v->z) * s->um[2] };
        least = fmin(least, sqrt(dot(p, p)) - (double)v->d);
        if (head == level_end) {
            level++;
            level_end = n;
        }
        for (int64_t k = s->first[queue[head]]; k < s->first[queue[head] + 1] && n < MOST_NEAR && level < NEAR_STEPS; k++) {
            int i = n - 1;
            while (i >= 0 && queue[i] != s->nb[k])
                i--;
            if (i < 0 && !s->spur[s->nb[k]])
                queue[n++] = s->nb[k];
        }
    }
    return least;
}

/* Takes the balls of the axis, as far as a voxel may stand out from them, off a slice of the mask. */
static void take_balls_off(const struct scan *c, int64_t z, uint8_t *plane)
{
    const struct vn_skel_voxels *s = c->s;
    const int64_t nx = vn_box_dim(&s->box, 0), ny = vn_box_dim(&s->box, 1), nz = vn_box_dim(&s->box, 2), reach = (int64_t)(c->widest / s->um[2]);
    for (int64_t i = s->row[vn_max64(z - reach, 0) * ny]; i < s->row[vn_min64(z + reach + 1, nz) * ny]; i++) {
        const struct vn_skel_voxel *v = &s->v[i];
        const double r = (double)v->d + OUT_SIDES * c->side, dz = (double)(z - v->z) * s->um[2], left = r * r - dz * dz;
        if (s->spur[i] || !(left >= 0) || isinf(r))
            continue;
        const int64_t high = (int64_t)(sqrt(left) / s->um[1]);
        for (int64_t y = vn_max64(v->y - high, 0); y <= vn_min64(v->y + high, ny - 1); y++) {
            const double dy = (double)(y - v->y) * s->um[1];
            const int64_t wide = (int64_t)(sqrt(fmax(left - dy * dy, 0)) / s->um[0]), lo = vn_max64(v->x - wide, 0), hi = vn_min64(v->x + wide, nx - 1);
            memset(plane + y * nx + lo, 0, (size_t)(hi - lo + 1));
        }
    }
}

static int scan_plane(void *ctx, int64_t z, struct vn_err *err)
{
    const struct scan *c = ctx;
    const struct vn_skel_voxels *s = c->s;
    const int64_t nx = vn_box_dim(&s->box, 0), ny = vn_box_dim(&s->box, 1), nz = vn_box_dim(&s->box, 2), sy = c->d2->stride[0], sz = c->d2->stride[1];
    struct vn_summits known = { { 0 }, { 0 } };
    uint8_t *plane = vn_alloc((uint64_t)(nx * ny), err);
    int rc = plane ? 0 : VN_E_MEMORY;
    for (int64_t y = 0; y < ny && !rc; y++) {
        const float *d = (const float *)c->d2->data + z * sz + y * sy;
        for (int64_t x = 0; x < nx; x++)
            plane[y * nx + x] = d[x] > 0;
    }
    if (!rc)
        take_balls_off(c, z, plane);
    for (int64_t y = 0; y < ny && !rc; y++) {
        const float *d = (const float *)c->d2->data + z * sz + y * sy;
        for (int64_t x = 0; x < nx && !rc; x++) {
            if (!plane[y * nx + x] || !((x > 0 && !(d[x - 1] > 0)) || (x + 1 < nx && !(d[x + 1] > 0)) || (y > 0 && !(d[x - sy] > 0)) ||
                                        (y + 1 < ny && !(d[x + sy] > 0)) || (z > 0 && !(d[x - sz] > 0)) || (z + 1 < nz && !(d[x + sz] > 0))))
                continue;
            const int32_t at = vn_skel_axis(s, c->d2, (const int64_t[3]){ x, y, z }, false, &known);
            if (at >= 0)
                rc = add(&c->plane[z], &(struct mark){ (int32_t)x, (int32_t)y, (int32_t)z, at, 0, stands_out(s, at, x, y, z) }, err);
        }
    }
    vn_free(plane);
    return rc;
}

static int by_place(const void *a, const void *b)
{
    const struct mark *p = a, *q = b;
    return p->z != q->z ? (p->z > q->z) - (p->z < q->z) : p->y != q->y ? (p->y > q->y) - (p->y < q->y) : (p->x > q->x) - (p->x < q->x);
}

static int32_t root(struct mark *m, int32_t i)
{
    while (m[i].up != i)
        i = m[i].up = m[m[i].up].up;
    return i;
}

/* Voxels that touch get one root, their first in raster order. */
static void join(struct mark *m, int64_t n)
{
    for (int32_t i = 0; i < n; i++) {
        m[i].up = i;
        for (int k = 0; k < 13; k++) {                              /* the neighbours before it */
            const struct mark want = { .x = m[i].x + k % 3 - 1, .y = m[i].y + k / 3 % 3 - 1, .z = m[i].z + k / 9 - 1 };
            const struct mark *found = bsearch(&want, m, (size_t)i, sizeof *m, by_place);
            if (!found)
                continue;
            const int32_t a = root(m, i), b = root(m, (int32_t)(found - m));
            m[a > b ? a : b].up = a > b ? b : a;
        }
    }
}

/* Sums over one stub's voxels; um. */
struct stub { double p[3], axis[3], w, out, far, round, n; int32_t at, end; bool skip; };

static void place(const struct vn_skel_voxels *s, int64_t x, int64_t y, int64_t z, double p[3])
{
    p[0] = (double)(s->box.lo[0] + x) * s->um[0];
    p[1] = (double)(s->box.lo[1] + y) * s->um[1];
    p[2] = (double)(s->box.lo[2] + z) * s->um[2];
}

/* At each place of the skeleton the end whose tip is there or up to two voxels away, counted from 1. */
static int32_t *ends_at(const struct vn_skel_voxels *s, const struct vn_end *e, int64_t n, struct vn_err *err)
{
    int32_t *near = vn_calloc((uint64_t)s->n, sizeof *near, err);
    for (int64_t i = 0; i < n && near; i++) {
        near[e[i].tip] = (int32_t)i + 1;
        for (int64_t k = s->first[e[i].tip]; k < s->first[e[i].tip + 1]; k++) {
            near[s->nb[k]] = (int32_t)i + 1;
            for (int64_t j = s->first[s->nb[k]]; j < s->first[s->nb[k] + 1]; j++)
                near[s->nb[j]] = (int32_t)i + 1;
        }
    }
    return near;
}

static bool at_face(const struct vn_skel_voxels *s, const struct mark *m)
{
    const int32_t at[3] = { m->x, m->y, m->z };
    for (int k = 0; k < 3; k++)
        if (vn_box_dim(&s->box, k) > 1 && (at[k] == 0 || at[k] == vn_box_dim(&s->box, k) - 1))
            return true;
    return false;
}

/* Whether the stub is what thinning took off the tip of an end, which then reaches so far. */
static bool belongs_to(const struct vn_skel_voxels *s, const struct stub *t, double side, struct vn_end *e)
{
    double d[3];
    for (int k = 0; k < 3; k++)
        d[k] = t->p[k] - e->base[k] * s->um[k];
    const double along = dot(d, e->out), most = e->radius + side;
    if (!(along > 0) || dot(d, d) - along * along > most * most)
        return false;
    e->reach = fmax(e->reach, along);
    return true;
}

/* False: it has no direction. */
static bool describe(const struct vn_skel_voxels *s, const struct vn_buf *d2, const struct stub *t, double side, struct vn_end *e)
{
    double len = 0, deep;
    for (int k = 0; k < 3; k++)
        len += (t->p[k] - t->axis[k]) * (t->p[k] - t->axis[k]);
    if (t->skip || t->n < 2 || !(len > 0))
        return false;
    len = sqrt(len);
    *e = (struct vn_end){ .tip = t->at, .piece = s->piece[t->at], .stub = true, .len = t->out, .clear = t->out };
    for (int k = 0; k < 3; k++)
        e->out[k] = (t->p[k] - t->axis[k]) / len;
    e->radius = fmax(sqrt(2 * t->round / t->n), side / 2);
    for (deep = fmin(e->radius, t->out) * 0.75; deep < t->far; deep += side / 2) {      /* where the mask is, in a bent one */
        int64_t at[3];
        for (int k = 0; k < 3; k++) {
            e->base[k] = (t->axis[k] + e->out[k] * (t->far + side / 2 - deep)) / s->um[k];
            at[k] = (int64_t)floor(e->base[k] + 0.5) - s->box.lo[k];
        }
        if (vn_skel_inside(s, at) && ((const float *)d2->data)[at[2] * d2->stride[1] + at[1] * d2->stride[0] + at[0]] > 0)
            break;
    }
    e->reach = deep;
    for (int k = 0; k < 3; k++)
        e->middle[k] = e->inner[k] = e->base[k] - e->out[k] * t->out / 2 / s->um[k];
    return deep < t->far;
}

static int by_slice(const void *a, const void *b)
{
    const struct vn_end *p = a, *q = b;
    if (p->base[2] != q->base[2])
        return p->base[2] > q->base[2] ? 1 : -1;
    return p->tip != q->tip ? (p->tip > q->tip) - (p->tip < q->tip) : (p->base[1] > q->base[1]) - (p->base[1] < q->base[1]);
}

/* Two rounds over the voxels: where the stub is, then how far and how wide. */
static int describe_all(const struct vn_skel_voxels *s, const struct scan *c, struct mark *m, int64_t n, struct vn_end **e, int64_t *n_end, struct vn_err *err)
{
    int32_t *near = ends_at(s, *e, *n_end, err);
    struct stub *t = near ? vn_calloc((uint64_t)n, sizeof *t, err) : NULL;
    struct vn_end *more;
    double p[3], a[3];
    int64_t n_stub = 0, at = *n_end;
    int rc = t ? 0 : VN_E_MEMORY;
    for (int round = 0; round < 3 && !rc; round++)
        for (int32_t i = 0; i < n; i++) {
            struct stub *to = &t[root(m, i)];
            const double w = m[i].out;
            place(s, m[i].x, m[i].y, m[i].z, p);
            place(s, s->v[m[i].at].x, s->v[m[i].at].y, s->v[m[i].at].z, a);
            if (!round) {
                for (int k = 0; k < 3; k++) {
                    to->p[k] += w * p[k];
                    to->axis[k] += w * a[k];
                }
                to->w += w;
                to->skip |= at_face(s, &m[i]);
                to->end = near[m[i].at] ? near[m[i].at] : to->end;
                if (m[i].out > to->out) {
                    to->out = m[i].out;
                    to->at = m[i].at;
                }
            } else {
                double d[3], dir[3], len = 0;
                if (m[i].up == i && round == 1)
                    for (int k = 0; k < 3; k++) {
                        to->p[k] /= to->w;
                        to->axis[k] /= to->w;
                    }
                for (int k = 0; k < 3; k++) {
                    d[k] = p[k] - to->axis[k];
                    dir[k] = to->p[k] - to->axis[k];
                    len += dir[k] * dir[k];
                }
                if (!(len > 0))
                    continue;
                const double along = dot(d, dir) / sqrt(len);
                if (round == 1) {
                    to->far = fmax(to->far, along);
                    n_stub += m[i].up == i;
                } else if (along > to->far - 1.5 * c->side) {
                    to->round += fmax(dot(d, d) - along * along, 0);
                    to->n++;
                }
            }
        }
    if (!rc && n_stub && !(more = vn_realloc(*e, (uint64_t)(*n_end + n_stub) * sizeof *more, err)))
        rc = VN_E_MEMORY;
    else if (!rc && n_stub)
        *e = more;
    for (int32_t i = 0; i < n && !rc; i++)
        if (m[i].up == i && !(t[i].end && belongs_to(s, &t[i], c->side, &(*e)[t[i].end - 1])))
            at += describe(s, c->d2, &t[i], c->side, &(*e)[at]);
    *n_end = at;
    vn_free(t);
    vn_free(near);
    return rc;
}

int vn_stubs_add(const struct vn_skel_voxels *s, const struct vn_buf *d2, struct vn_end **e, int64_t *n, struct vn_job *job, struct vn_err *err)
{
    const int64_t nz = vn_box_dim(&s->box, 2);
    struct scan c = { s, d2, fmax(s->um[0], fmax(s->um[1], s->um[2])), 0, vn_calloc((uint64_t)nz, sizeof *c.plane, err) };
    struct mark *m = NULL;
    int64_t n_mark = 0;
    for (int64_t i = 0; i < s->n; i++)
        c.widest = fmax(c.widest, isinf(s->v[i].d) ? 0 : (double)s->v[i].d + OUT_SIDES * c.side);
    int rc = c.plane ? vn_job_for_quiet(job, nz, scan_plane, &c, err) : VN_E_MEMORY;
    for (int64_t z = 0; z < nz && !rc; z++)
        n_mark += c.plane[z].n;
    if (!rc && n_mark > INT32_MAX)
        rc = vn_fail(err, VN_E_UNSUPPORTED, "the mask's surface has more than %d voxels that stand out; choose a smaller roi", INT32_MAX);
    if (!rc && !(m = vn_alloc((uint64_t)n_mark * sizeof *m, err)))
        rc = VN_E_MEMORY;
    for (int64_t z = 0, at = 0; z < nz && c.plane; z++) {
        if (!rc && c.plane[z].n)
            memcpy(m + at, c.plane[z].v, (size_t)c.plane[z].n * sizeof *m);
        at += c.plane[z].n;
        vn_free(c.plane[z].v);
    }
    vn_free(c.plane);
    if (!rc && n_mark) {
        join(m, n_mark);
        rc = describe_all(s, &c, m, n_mark, e, n, err);
    }
    vn_free(m);
    if (!rc && *n)
        qsort(*e, (size_t)*n, sizeof **e, by_slice);
    return rc;
}
