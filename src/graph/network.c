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
    for (int32_t i = 0; i < w->n_node; i++)
        memcpy(g->node[i].p, w->node[i].p, sizeof g->node[i].p);
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
