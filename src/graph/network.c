/* network.c - vessel networks as curves: storage, Bezier curves, truth graph, dim stretches. */
#include "network.h"
#include <math.h>
#include <string.h>
#include "mem.h"
#include "vox.h"

void vn_network_free(struct vn_network *w)
{
    for (int32_t i = 0; i < w->n_vessel; i++)
        vn_free(w->vessel[i].pt);
    vn_free(w->vessel);
    vn_free(w->node);
    memset(w, 0, sizeof *w);
}

int32_t vn_network_add_node(struct vn_network *w, const double p[3], struct vn_err *err)
{
    if (w->n_node == w->cap_node) {
        const int32_t cap = w->cap_node ? 2 * w->cap_node : 64;
        struct vn_net_node *a = vn_realloc(w->node, (uint64_t)cap * sizeof *a, err);
        if (!a)
            return VN_E_MEMORY;
        w->node = a;
        w->cap_node = cap;
    }
    memcpy(w->node[w->n_node].p, p, sizeof w->node[0].p);
    w->node[w->n_node].degree = 0;
    return w->n_node++;
}

int vn_network_add(struct vn_network *w, int32_t a, int32_t b, int32_t lineage, int32_t n, struct vn_net_point *pt, struct vn_err *err)
{
    if (w->n_vessel == w->cap_vessel) {
        const int32_t cap = w->cap_vessel ? 2 * w->cap_vessel : 64;
        struct vn_vessel *v = vn_realloc(w->vessel, (uint64_t)cap * sizeof *v, err);
        if (!v) {
            vn_free(pt);
            return VN_E_MEMORY;
        }
        w->vessel = v;
        w->cap_vessel = cap;
    }
    memcpy(pt[0].p, w->node[a].p, sizeof pt[0].p);
    memcpy(pt[n - 1].p, w->node[b].p, sizeof pt[0].p);
    w->node[a].degree++;
    w->node[b].degree++;
    w->vessel[w->n_vessel++] = (struct vn_vessel){ .a = a, .b = b, .lineage = lineage, .n = n, .pt = pt };
    return 0;
}

static double dist(const double a[3], const double b[3])
{
    const double x = a[0] - b[0], y = a[1] - b[1], z = a[2] - b[2];

    return sqrt(x * x + y * y + z * z);
}

int vn_network_bezier(const double c[4][3], double ra, double rb, double step, struct vn_net_point **pt, int32_t *n, struct vn_err *err)
{
    /* No piece is longer than the longest leg of the control polygon times 3 / m. */
    const double leg = fmax(dist(c[0], c[1]), fmax(dist(c[1], c[2]), dist(c[2], c[3])));
    const int32_t m = (int32_t)fmin(1e6, 3.0 * leg / step) + 4;
    struct vn_net_point *q = vn_alloc((uint64_t)(m + 1) * sizeof *q, err);

    if (!q)
        return VN_E_MEMORY;
    for (int32_t i = 0; i <= m; i++) {
        const double t = (double)i / m, s = 1.0 - t;
        for (int k = 0; k < 3; k++)
            q[i].p[k] = s * s * s * c[0][k] + 3.0 * s * s * t * c[1][k] + 3.0 * s * t * t * c[2][k] + t * t * t * c[3][k];
        q[i].r = ra + (rb - ra) * t;
        q[i].bright = 1.0;
    }
    *pt = q;
    *n = m + 1;
    return 0;
}

void vn_network_dropout(struct vn_network *w, double fraction, const struct vn_net_opt *o)
{
    const double um = fmax(o->um[0], fmax(o->um[1], o->um[2]));

    for (int32_t i = 0; i < w->n_vessel && fraction > 0; i++) {
        struct vn_vessel *v = &w->vessel[i];
        double s = 0;
        for (int32_t k = 0; k < v->n; k++) {
            uint32_t r[4];
            if (k)
                s += dist(v->pt[k].p, v->pt[k - 1].p);
            vn_random(o->seed, 2, ((uint64_t)i << 32) + (uint64_t)(s / (8.0 * um)), r);
            v->pt[k].bright = r[0] < fraction * 4294967296.0 ? 0.2 + 0.2 * (r[1] / 4294967296.0) : 1.0;
        }
    }
}

void vn_network_shine(struct vn_network *w, double thin, double vary, double along, double least, const struct vn_net_opt *o)
{
    const double um = fmax(o->um[0], fmax(o->um[1], o->um[2]));
    double thickest = 0;

    for (int32_t i = 0; i < w->n_vessel; i++)
        for (int32_t k = 0; k < w->vessel[i].n; k++)
            thickest = fmax(thickest, w->vessel[i].pt[k].r);
    for (int32_t i = 0; i < w->n_vessel; i++) {
        struct vn_vessel *v = &w->vessel[i];
        uint32_t r[4];
        double s = 0;
        vn_random(o->seed, 12, (uint64_t)v->lineage << 32, r);
        const double own = vn_pow01(0.1, fmax(1e-9, vary * (r[0] / 4294967296.0)));
        for (int32_t k = 0; k < v->n; k++) {
            double b[3];
            if (k)
                s += dist(v->pt[k].p, v->pt[k - 1].p);
            const double u = s / (5.0 * um), t = u - floor(u);
            for (int j = 0; j < 3; j++) {
                vn_random(o->seed, 12, ((uint64_t)i << 32) + 1 + (uint64_t)floor(u) + (uint64_t)j, r);
                b[j] = r[1] / 4294967296.0;
            }
            const double wave = 0.5 * (1 - t) * (1 - t) * b[0] + (0.5 + t * (1 - t)) * b[1] + 0.5 * t * t * b[2];
            const double size = thin > 0 ? vn_pow01(v->pt[k].r / thickest, thin) : 1.0;
            v->pt[k].bright *= fmax(least, size * own * (1 - along * wave));
        }
    }
}

/* Arc in voxel coordinates, where a step along any axis is 1. */
static double voxels(const double a[3], const double b[3], const double um[3])
{
    double s = 0;

    for (int k = 0; k < 3; k++)
        s += (a[k] - b[k]) / um[k] * ((a[k] - b[k]) / um[k]);
    return sqrt(s);
}

/* Darkens v about its point `mid`; false when nodes or another break are too near. */
static bool break_here(struct vn_vessel *v, int32_t mid, double gap, const double um[3], struct vn_break *b)
{
    const double clear = 2.0 + v->pt[mid].r / fmin(um[0], fmin(um[1], um[2]));
    int32_t lo = mid, hi = mid;
    double arc = 0, free[2] = { 0, 0 };

    /* Dark points lo ... hi: the light is half way between a dark and a bright point, so half a step more on both sides. */
    while (arc < gap) {
        if (lo < 2 || hi > v->n - 3)
            return false;
        const bool left = arc == 0 || voxels(v->pt[mid].p, v->pt[lo].p, um) < voxels(v->pt[mid].p, v->pt[hi].p, um);
        lo -= left;
        hi += !left;
        arc = 0.5 * (voxels(v->pt[lo].p, v->pt[lo - 1].p, um) + voxels(v->pt[hi].p, v->pt[hi + 1].p, um));
        for (int32_t k = lo; k < hi; k++)
            arc += voxels(v->pt[k].p, v->pt[k + 1].p, um);
    }
    for (int32_t k = lo; k > 0 && free[0] < clear; k--) {
        if (v->pt[k].bright == 0)
            return false;
        free[0] += voxels(v->pt[k].p, v->pt[k - 1].p, um);
    }
    for (int32_t k = hi; k + 1 < v->n && free[1] < clear; k++) {
        if (v->pt[k].bright == 0)
            return false;
        free[1] += voxels(v->pt[k].p, v->pt[k + 1].p, um);
    }
    if (free[0] < clear || free[1] < clear)
        return false;
    for (int32_t k = lo; k <= hi; k++)
        if (v->pt[k].bright == 0)
            return false;
    *b = (struct vn_break){ .r = v->pt[mid].r, .voxels = arc };
    b->um = 0.5 * (dist(v->pt[lo].p, v->pt[lo - 1].p) + dist(v->pt[hi].p, v->pt[hi + 1].p));
    for (int32_t k = lo; k < hi; k++)
        b->um += dist(v->pt[k].p, v->pt[k + 1].p);
    const double chord = dist(v->pt[lo - 1].p, v->pt[hi + 1].p);
    for (int k = 0; k < 3; k++) {
        b->p[k] = 0.25 * (v->pt[lo].p[k] + v->pt[lo - 1].p[k] + v->pt[hi].p[k] + v->pt[hi + 1].p[k]);
        b->tangent[k] = (v->pt[hi + 1].p[k] - v->pt[lo - 1].p[k]) / chord;
    }
    for (int32_t k = lo; k <= hi; k++)
        v->pt[k].bright = 0;
    return true;
}

int vn_network_break(struct vn_network *w, int n, const double gap[2], const struct vn_net_opt *o, struct vn_break **out, int *n_out,
                     struct vn_err *err)
{
    const double thick = fmax(4.0 * fmax(o->um[0], fmax(o->um[1], o->um[2])), 2.0 * o->radius_min);
    int64_t total = 0;

    *n_out = 0;
    *out = vn_alloc((uint64_t)n * sizeof **out, err);
    if (!*out)
        return VN_E_MEMORY;
    for (int32_t i = 0; i < w->n_vessel; i++)
        total += w->vessel[i].n;
    for (int t = 0; t < 50 * n && *n_out < n && total; t++) {
        struct vn_break *b = &(*out)[*n_out];
        uint32_t r[4];
        int32_t i = 0;
        vn_random(o->seed, 13, (uint64_t)t, r);
        int64_t at = (int64_t)(r[0] / 4294967296.0 * (double)total);
        while (at >= w->vessel[i].n)
            at -= w->vessel[i++].n;
        bool in = w->vessel[i].pt[at].r <= thick;           /* a slit in a thick vessel is no break of it */
        for (int k = 0; k < 3; k++)
            in &= w->vessel[i].pt[at].p[k] >= 0 && w->vessel[i].pt[at].p[k] <= o->size[k];
        *n_out += in && break_here(&w->vessel[i], (int32_t)at, gap[0] + (gap[1] - gap[0]) * (r[1] / 4294967296.0), o->um, b);
    }
    return 0;
}

/* Positions in the file are floats; lengths are those of the same points (0.01 % below the smooth curve's at most). */
int vn_network_graph(const struct vn_network *w, const struct vn_grid *grid, struct vn_graph **out, struct vn_err *err)
{
    int64_t n_point = 0, at = 0;
    struct vn_graph *g;
    int rc;

    *out = NULL;
    for (int32_t i = 0; i < w->n_vessel; i++)
        n_point += w->vessel[i].n;
    g = vn_graph_new(w->n_node, w->n_vessel, n_point, err);
    if (!g)
        return VN_E_MEMORY;
    g->unit_um = true;
    g->grid = *grid;
    for (int k = 0; k < 3; k++) {
        g->box.lo[k] = 0;
        g->box.hi[k] = grid->dim[k];
    }
    for (int32_t i = 0; i < w->n_node; i++) {
        memcpy(g->node[i].p, w->node[i].p, sizeof g->node[i].p);
        for (int k = 0; k < 3; k++)
            g->node[i].border |= w->node[i].p[k] < grid->um[k] || w->node[i].p[k] > (double)(grid->dim[k] - 1) * grid->um[k];
    }
    for (int32_t i = 0; i < w->n_vessel; i++) {
        const struct vn_vessel *v = &w->vessel[i];
        struct vn_segment *s = &g->segment[i];
        s->a = v->a;
        s->b = v->b;
        s->first = at;
        s->n = v->n;
        for (int32_t k = 0; k < v->n; k++, at++) {
            for (int c = 0; c < 3; c++)
                g->point[at].p[c] = (float)v->pt[k].p[c];
            g->point[at].radius = (float)v->pt[k].r;
        }
        g->node[v->a].radius = fmax(g->node[v->a].radius, v->pt[0].r);
        g->node[v->b].radius = fmax(g->node[v->b].radius, v->pt[v->n - 1].r);
    }
    rc = vn_graph_finish(g, err);
    if (rc)
        vn_graph_unref(g);
    else
        *out = g;
    return rc;
}
