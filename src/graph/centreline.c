/* centreline.c - from chains of voxels to centrelines: where nodes lie, smoothing, how far open ends reach, radii.
 *
 * Thinning bends vessels towards each other at a branching and stops short of (or past) the middle of a round end.  So, a
 * branch point is put where the branches, taken from beyond the node's own radius, meet; and an open end where the
 * mask's tip is one radius away, which is where the axis of a round-ended vessel ends. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "caliber.h"
#include "mem.h"
#include "proto.h"
#include "smooth.h"

struct branch { bool ok; double q[3], u[3]; };             /* point beyond the node's radius, direction towards the node */
struct line { struct vn_point *pt; int64_t n; struct branch end[2]; };
struct shaper {
    struct vn_proto *p;
    const struct vn_buf *dist;
    double wide, step;                 /* widest and narrowest voxel side */
    const int32_t *seg;                /* those that remain */
    struct line *line;
};

static double dist3(const double a[3], const double b[3])
{
    const double x = a[0] - b[0], y = a[1] - b[1], z = a[2] - b[2];

    return sqrt(x * x + y * y + z * z);
}

static bool is_branch(const struct shaper *h, int32_t node) { return h->p->node[node].degree > 2; }

/* Distance from a branch point within which a branch's own voxels are not to be trusted. */
static double zone(const struct shaper *h, int32_t node)
{
    const double r = h->p->node[node].radius;

    return is_branch(h, node) ? (isnan(r) ? 0 : r) + h->wide : 0;
}

/* Positions in um: node, chain, node.  trim: without the voxels inside the zones of branch points, as long as half of the
 * chain stays. idx: which input point each one is. */
static int64_t positions(const struct shaper *h, const struct vn_proto_seg *s, bool trim, double (*v)[3], double *d)
{
    const struct vn_proto *p = h->p;
    double a[3], b[3];
    const double za = trim ? zone(h, s->a) : 0, zb = trim ? zone(h, s->b) : 0;
    int64_t n = 0;

    for (int k = 0; k < 3; k++) {
        a[k] = (p->node[s->a].v[k] + 0.5) * p->um[k];
        b[k] = (p->node[s->b].v[k] + 0.5) * p->um[k];
    }
    memcpy(v[n], a, sizeof a);
    d[n++] = p->node[s->a].radius;
    for (int64_t i = 0; i < s->n; i++) {
        const struct vn_chain_point *c = &p->point[s->first + i];
        for (int k = 0; k < 3; k++)
            v[n][k] = (c->v[k] + 0.5) * p->um[k];
        if ((za > 0 && i < s->n / 2 && dist3(v[n], a) < za) || (zb > 0 && i >= s->n / 2 && dist3(v[n], b) < zb))
            continue;
        d[n++] = c->d;
    }
    memcpy(v[n], b, sizeof b);
    d[n++] = p->node[s->b].radius;
    return n;
}

/* The branch at the start (step 1) or end (step -1) of a curve: its place and direction beyond the zone. */
static void see_branch(const struct shaper *h, int32_t node, const double (*c)[3], int64_t n, int64_t dir, struct branch *out)
{
    const double z = zone(h, node), far = z + fmax(4 * h->wide, 0.5 * z);
    int64_t i = dir > 0 ? 0 : n - 1, k;
    double arc = 0, norm;

    out->ok = false;
    while (arc < z && i + dir >= 0 && i + dir < n) {
        arc += dist3(c[i + dir], c[i]);
        i += dir;
    }
    for (k = i; arc < far && k + dir >= 0 && k + dir < n; k += dir)
        arc += dist3(c[k + dir], c[k]);
    norm = dist3(c[i], c[k]);
    if (arc < far || !(norm > 0))
        return;
    for (int j = 0; j < 3; j++) {
        out->q[j] = c[i][j];
        out->u[j] = (c[i][j] - c[k][j]) / norm;
    }
    out->ok = true;
}

static int look(void *ctx, int64_t i, struct vn_err *err)
{
    struct shaper *h = ctx;
    const struct vn_proto_seg *s = &h->p->seg[h->seg[i]];
    static const bool hold[2] = { true, true };
    double (*v)[3], (*out)[3] = NULL, *at = NULL;
    int64_t n = 0;
    int rc;

    if (!is_branch(h, s->a) && !is_branch(h, s->b))
        return 0;
    v = vn_alloc((uint64_t)(s->n + 2) * 4 * sizeof(double), err);
    if (!v)
        return VN_E_MEMORY;
    n = positions(h, s, false, v, (double *)(v + s->n + 2));
    rc = vn_smooth((const double (*)[3])v, n, h->p->um, hold, h->step, &out, &at, &n, err);
    if (!rc && is_branch(h, s->a))
        see_branch(h, s->a, (const double (*)[3])out, n, 1, &h->line[i].end[0]);
    if (!rc && is_branch(h, s->b))
        see_branch(h, s->b, (const double (*)[3])out, n, -1, &h->line[i].end[1]);
    vn_free(v);
    vn_free(out);
    vn_free(at);
    return rc;
}

/* Moves node to the mean, over pairs of branches, of the middle of the cubic Hermite curve from one to the other; pairs that
 * go straight on count most.  (A side branch then ends on the axis of the vessel it leaves; three equal branches meet in
 * their middle.) */
static void place_node(const struct shaper *h, int32_t node, const struct branch *const *b, int n)
{
    struct vn_proto_node *q = &h->p->node[node];
    double x[3] = { 0, 0, 0 }, old[3], sum = 0;

    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++) {
            const double c = b[i]->u[0] * b[j]->u[0] + b[i]->u[1] * b[j]->u[1] + b[i]->u[2] * b[j]->u[2], s = (1 - c) / 2;
            const double w = s * s * s * s * s * s * s * s, l = dist3(b[i]->q, b[j]->q) / 8;
            for (int k = 0; k < 3; k++)
                x[k] += w * ((b[i]->q[k] + b[j]->q[k]) / 2 + l * (b[i]->u[k] + b[j]->u[k]));
            sum += w;
        }
    if (!(sum > 0.01))
        return;
    for (int k = 0; k < 3; k++) {
        x[k] /= sum;
        old[k] = (q->v[k] + 0.5) * h->p->um[k];
    }
    if (dist3(x, old) > zone(h, node))
        return;
    for (int k = 0; k < 3; k++)
        q->v[k] = x[k] / h->p->um[k] - 0.5;
}

static int place_nodes(const struct shaper *h, int32_t n_seg, struct vn_err *err)
{
    const struct vn_proto *p = h->p;
    int64_t *start = vn_calloc((uint64_t)p->n_node + 2, sizeof *start, err);
    const struct branch **list = vn_alloc((uint64_t)n_seg * 2 * sizeof *list, err);

    if (!start || !list) {
        vn_free(start);
        vn_free(list);
        return VN_E_MEMORY;
    }
    for (int pass = 0; pass < 2; pass++) {
        for (int32_t i = 0; i < n_seg; i++)
            for (int e = 0; e < 2; e++) {
                const struct vn_proto_seg *s = &p->seg[h->seg[i]];
                if (h->line[i].end[e].ok && pass)
                    list[start[(e ? s->b : s->a) + 1]++] = &h->line[i].end[e];
                else if (h->line[i].end[e].ok)
                    start[(e ? s->b : s->a) + 2]++;
            }
        for (int32_t i = 2; i < p->n_node + 2 && !pass; i++)
            start[i] += start[i - 1];
    }
    for (int32_t i = 0; i < p->n_node; i++)
        if (start[i + 1] - start[i] > 1)
            place_node(h, i, list + start[i], (int)(start[i + 1] - start[i]));
    vn_free(start);
    vn_free(list);
    return 0;
}

static bool inside(const struct shaper *h, const double x[3])
{
    int64_t v[3];

    for (int k = 0; k < 3; k++) {
        v[k] = (int64_t)floor(x[k] / h->p->um[k]);
        if (v[k] < h->dist->box.lo[k] || v[k] >= h->dist->box.hi[k])
            return false;
    }
    return ((const float *)h->dist->data)[vn_buf_at(h->dist, v[0], v[1], v[2])] > 0;
}

static void tangent(const double (*c)[3], int64_t n, int64_t k, double t[3])
{
    const int64_t prev = k > 1 ? k - 2 : 0, next = k + 2 < n ? k + 2 : n - 1;
    const double norm = dist3(c[next], c[prev]);

    for (int j = 0; j < 3; j++)
        t[j] = norm > 0 ? (c[next][j] - c[prev][j]) / norm : 0;
}

/* How much further the axis goes than the first (dir 1) or last (dir -1) point of c, um; negative: less far.  t: outward.
 * The way from the axis to the mask's tip less one radius; nothing at the border of the region, where the vessel may go on. */
static double reach_end(const struct shaper *h, const double (*c)[3], const double *at, const double *d, int64_t n, int64_t dir, double t[3])
{
    const int64_t end = dir > 0 ? 0 : n - 1;
    double arc = 0, x[3] = { 0, 0, 0 }, way = 0;
    int64_t k = end;

    const double r0 = d[(int64_t)(at[end] + 0.5)];
    while (arc < r0 + 3 * h->wide && k + dir >= 0 && k + dir < n) {
        arc += dist3(c[k + dir], c[k]);
        k += dir;
    }
    const double norm = dist3(c[end], c[k]), most = 4 * fmax(r0, h->wide);
    if (k == end || !(norm > 0))
        return 0;
    for (int j = 0; j < 3; j++)
        t[j] = (c[end][j] - c[k][j]) / norm;
    const double r = vn_caliber(h->dist, h->p->um, c[k], t, d[(int64_t)(at[k] + 0.5)]);
    const double step = 0.1 * h->step;
    for (way = 0; way < most; way += step) {
        for (int j = 0; j < 3; j++)
            x[j] = c[end][j] + (way + step) * t[j];
        if (!inside(h, x))
            break;
    }
    for (int j = 0; j < 3; j++)
        if (x[j] < (double)(h->dist->box.lo[j] + 1) * h->p->um[j] || x[j] > (double)(h->dist->box.hi[j] - 1) * h->p->um[j])
            return 0;
    const double more = way - r, limit = fmax(r, 2 * h->wide);
    return way >= most ? 0 : fmax(fmin(more, limit), -fmin(limit, 0.5 * arc));
}

/* Near a branch point the section takes in the other vessels: there the radius is that of the nearest place beyond. */
static void carry_radius(const struct shaper *h, const struct vn_proto_seg *s, struct vn_point *pt, int64_t n, double length)
{
    double za = is_branch(h, s->a) ? zone(h, s->a) + h->wide : 0, zb = is_branch(h, s->b) ? zone(h, s->b) + h->wide : 0;
    const double step = n > 1 ? length / (double)(n - 1) : 0;

    if (!(step > 0))
        return;
    if (za + zb > 0.8 * length) {                           /* a short one keeps its middle fifth */
        const double f = 0.8 * length / (za + zb);
        za *= f;
        zb *= f;
    }
    const int64_t first = vn_min64((int64_t)(za / step), n - 1), last = vn_max64(n - 1 - (int64_t)(zb / step), first);
    for (int64_t i = 0; i < first; i++)
        pt[i].radius = pt[first].radius;
    for (int64_t i = last + 1; i < n; i++)
        pt[i].radius = pt[last].radius;
}

/* Points of the curve with radii into l; `more` at the open ends is added as a straight piece, or cut off. */
static int take_points(const struct shaper *h, const struct vn_proto_seg *s, double (*c)[3], const double *at, const double *d, int64_t n,
                       struct line *l, struct vn_err *err)
{
    const bool open[2] = { h->dist && h->p->node[s->a].degree == 1, h->dist && h->p->node[s->b].degree == 1 };
    double t[2][3], more[2] = { 0, 0 }, length = 0;
    int64_t lo = 0, hi = n;

    for (int e = 0; e < 2; e++)
        if (open[e])
            more[e] = reach_end(h, (const double (*)[3])c, at, d, n, e ? -1 : 1, t[e]);
    while (more[0] < 0 && lo + 2 < hi && -more[0] > dist3(c[lo + 1], c[lo])) {
        more[0] += dist3(c[lo + 1], c[lo]);
        lo++;
    }
    while (more[1] < 0 && lo + 2 < hi && -more[1] > dist3(c[hi - 2], c[hi - 1])) {
        more[1] += dist3(c[hi - 2], c[hi - 1]);
        hi--;
    }
    l->n = hi - lo + (more[0] != 0) + (more[1] != 0);
    l->pt = vn_alloc((uint64_t)l->n * sizeof *l->pt, err);
    if (!l->pt)
        return VN_E_MEMORY;
    for (int64_t i = 0; i < l->n; i++) {
        const bool head = i == 0 && more[0] != 0, tail = i == l->n - 1 && more[1] != 0;
        const int64_t k = head ? lo : tail ? hi - 1 : lo + i - (more[0] != 0), j = (int64_t)at[k];
        double x[3], u[3];
        for (int a = 0; a < 3; a++)
            x[a] = c[k][a] + (head ? more[0] * t[0][a] : tail ? more[1] * t[1][a] : 0);
        tangent((const double (*)[3])c, n, k, u);
        l->pt[i].radius = NAN;
        if (h->dist && (u[0] != 0 || u[1] != 0 || u[2] != 0))
            l->pt[i].radius = (float)vn_caliber(h->dist, h->p->um, c[k], u, d[j] + (at[k] - (double)j) * (at[k] > (double)j ? d[j + 1] - d[j] : 0));
        else if (h->dist)
            l->pt[i].radius = (float)d[0];
        for (int a = 0; a < 3; a++)
            l->pt[i].p[a] = (float)x[a];
    }
    for (int64_t i = lo + 1; i < hi; i++)
        length += dist3(c[i], c[i - 1]);
    /* The section at a round end is cut by the cap: as near a branch, the radius comes from one radius inside. */
    carry_radius(h, s, l->pt, l->n, length);
    for (int e = 0; e < 2; e++) {
        const double want = fmax(l->pt[e ? l->n - 1 : 0].radius, h->wide);
        int64_t k = e ? l->n - 1 : 0, dir = e ? -1 : 1;
        double arc = 0;
        while (open[e] && arc < want && k + dir > 0 && k + dir < l->n - 1 && arc < 0.4 * length) {
            arc += h->step;
            k += dir;
        }
        for (int64_t i = e ? l->n - 1 : 0; i != k; i += dir)
            l->pt[i].radius = l->pt[k].radius;
    }
    return 0;
}

static int shape(void *ctx, int64_t i, struct vn_err *err)
{
    struct shaper *h = ctx;
    const struct vn_proto_seg *s = &h->p->seg[h->seg[i]];
    const bool hold[2] = { h->p->node[s->a].degree != 1, h->p->node[s->b].degree != 1 };
    double (*v)[3] = vn_alloc((uint64_t)(s->n + 2) * 4 * sizeof(double), err), (*out)[3] = NULL, *at = NULL;
    double *d = (double *)(v + s->n + 2);
    int64_t n = 0;
    int rc;

    if (!v)
        return VN_E_MEMORY;
    n = positions(h, s, true, v, d);
    rc = vn_smooth((const double (*)[3])v, n, h->p->um, hold, h->step, &out, &at, &n, err);
    if (!rc)
        rc = take_points(h, s, out, at, d, n, &h->line[i], err);
    vn_free(v);
    vn_free(out);
    vn_free(at);
    return rc;
}

/* ---- the graph ---- */

static int node_order(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return x[0] < y[0] ? -1 : x[0] > y[0];
}

static int fill_nodes(struct vn_graph *g, const struct vn_proto *p, const struct vn_box *box, int32_t *map, struct vn_err *err)
{
    int64_t (*order)[2] = vn_alloc((uint64_t)g->n_node * sizeof *order, err);
    int32_t n = 0;

    if (!order)
        return VN_E_MEMORY;
    for (int32_t i = 0; i < p->n_node; i++)
        if (!p->node[i].gone) {
            order[n][0] = p->node[i].first;
            order[n++][1] = i;
        }
    qsort(order, (size_t)n, sizeof *order, node_order);
    for (int32_t i = 0; i < n; i++) {
        const struct vn_proto_node *q = &p->node[order[i][1]];
        struct vn_node *to = &g->node[i];
        map[order[i][1]] = i;
        to->radius = q->radius;
        for (int k = 0; k < 3; k++) {
            const double near = (isnan(q->radius) ? 0.0 : q->radius / p->um[k]) + 1;
            to->p[k] = (q->v[k] + 0.5) * p->um[k];
            to->border |= q->v[k] - near < (double)box->lo[k] || q->v[k] + near > (double)box->hi[k] - 1;
        }
    }
    vn_free(order);
    return 0;
}

static int assemble(const struct shaper *h, const struct vn_box *box, const struct vn_grid *grid, int32_t n_seg, struct vn_graph **out, struct vn_err *err)
{
    const struct vn_proto *p = h->p;
    int32_t *map = vn_alloc((uint64_t)(p->n_node + 1) * sizeof *map, err), n_node = 0;
    int64_t n_point = 0, at = 0;
    struct vn_graph *g = NULL;
    int rc = map ? 0 : VN_E_MEMORY;

    for (int32_t i = 0; i < p->n_node; i++)
        n_node += !p->node[i].gone;
    for (int32_t i = 0; i < n_seg; i++)
        n_point += h->line[i].n;
    if (!rc && !(g = vn_graph_new(n_node, n_seg, n_point, err)))
        rc = VN_E_MEMORY;
    if (!rc) {
        g->unit_um = vn_um_known(grid);
        g->grid = *grid;
        g->box = *box;
        rc = fill_nodes(g, p, box, map, err);
    }
    for (int32_t i = 0; i < n_seg && !rc; i++) {
        struct vn_segment *to = &g->segment[i];
        const struct line *l = &h->line[i];
        to->a = map[p->seg[h->seg[i]].a];
        to->b = map[p->seg[h->seg[i]].b];
        to->first = at;
        to->n = (int32_t)l->n;
        memcpy(g->point + at, l->pt, (size_t)l->n * sizeof *g->point);
        for (int k = 0; k < 3; k++) {                       /* open ends lie where their centreline ends */
            if (p->node[p->seg[h->seg[i]].a].degree == 1)
                g->node[to->a].p[k] = l->pt[0].p[k];
            if (p->node[p->seg[h->seg[i]].b].degree == 1)
                g->node[to->b].p[k] = l->pt[l->n - 1].p[k];
        }
        at += l->n;
    }
    if (!rc)
        rc = vn_graph_finish(g, err);
    vn_free(map);
    if (rc)
        vn_graph_unref(g);
    else
        *out = g;
    return rc;
}

int vn_proto_graph(struct vn_proto *p, const struct vn_box *box, const struct vn_buf *dist, const struct vn_grid *grid,
                   struct vn_graph **out, struct vn_job *job, struct vn_err *err)
{
    int32_t *seg = vn_alloc((uint64_t)(p->n_seg + 1) * sizeof *seg, err), n = 0;
    struct line *line = vn_calloc((uint64_t)p->n_seg + 1, sizeof *line, err);
    struct shaper h = { p, dist, fmax(p->um[0], fmax(p->um[1], p->um[2])), fmin(p->um[0], fmin(p->um[1], p->um[2])), seg, line };
    int rc = seg && line ? 0 : VN_E_MEMORY;

    for (int32_t i = 0; i < p->n_seg && !rc; i++)
        if (!p->seg[i].gone)
            seg[n++] = i;
    if (!rc)
        rc = vn_job_for_quiet(job, n, look, &h, err);
    if (!rc)
        rc = place_nodes(&h, n, err);
    if (!rc)
        rc = vn_job_for(job, n, shape, &h, err);
    if (!rc)
        rc = assemble(&h, box, grid, n, out, err);
    for (int32_t i = 0; line && i < n; i++)
        vn_free(line[i].pt);
    vn_free(line);
    vn_free(seg);
    return rc;
}
