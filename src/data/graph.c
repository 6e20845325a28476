/* graph.c - the vessel graph's arrays and what follows from them: degrees, components, lengths, volumes. */
#include "graph.h"
#include <math.h>
#include "graph_index.h"
#include "mem.h"

#define PI 3.14159265358979323846

struct vn_graph *vn_graph_new(int32_t n_node, int32_t n_segment, int64_t n_point, struct vn_err *err)
{
    struct vn_graph *g = vn_calloc(1, sizeof *g, err);
    if (!g)
        return NULL;
    g->refs = 1;
    g->n_node = n_node;
    g->n_segment = n_segment;
    g->n_point = n_point;
    if (!(g->node = vn_calloc((uint64_t)n_node, sizeof *g->node, err)) ||
        !(g->segment = vn_calloc((uint64_t)n_segment, sizeof *g->segment, err)) ||
        !(g->point = vn_calloc((uint64_t)n_point, sizeof *g->point, err))) {
        vn_graph_unref(g);
        return NULL;
    }
    return g;
}

struct vn_graph *vn_graph_ref(struct vn_graph *g)
{
    __atomic_add_fetch(&g->refs, 1, __ATOMIC_RELAXED);
    return g;
}

void vn_graph_unref(struct vn_graph *g)
{
    if (!g || __atomic_sub_fetch(&g->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    vn_free(g->node);
    vn_free(g->segment);
    vn_free(g->point);
    vn_graph_index_free(g->index);
    vn_free(g);
}

/* ---- components: union-find with the lowest node as root, so that numbers follow the first node ---- */

static int32_t root(struct vn_node *node, int32_t i)
{
    while (node[i].component != i)
        i = node[i].component = node[node[i].component].component;
    return i;
}

static void find_components(struct vn_graph *g)
{
    for (int32_t i = 0; i < g->n_node; i++)
        g->node[i].component = i;
    for (int32_t s = 0; s < g->n_segment; s++) {
        int32_t a = root(g->node, g->segment[s].a), b = root(g->node, g->segment[s].b);
        g->node[a > b ? a : b].component = a < b ? a : b;
    }
    g->n_component = 0;
    for (int32_t i = 0; i < g->n_node; i++) {
        int32_t parent = g->node[i].component;      /* a lower node has its number already */
        g->node[i].component = parent == i ? g->n_component++ : g->node[parent].component;
    }
    for (int32_t s = 0; s < g->n_segment; s++)
        g->segment[s].component = g->node[g->segment[s].a].component;
}

/* ---- measures of one segment ---- */

/* Pieces of the polyline are frusta between the radii of their ends: volume pi (r0^2 + r0 r1 + r1^2) / 3 dl, lateral
 * surface taken as 2 pi (r0 + r1) / 2 dl (the slope of the wall is left out, as for a tube). */
static void measure(const struct vn_point *p, int32_t n, struct vn_segment *s)
{
    double length = 0, volume = 0, surface = 0, r_dl = 0;
    for (int32_t i = 0; i + 1 < n; i++) {
        double d2 = 0, r0 = p[i].radius, r1 = p[i + 1].radius;
        for (int k = 0; k < 3; k++) {
            double d = (double)p[i + 1].p[k] - p[i].p[k];
            d2 += d * d;
        }
        double dl = sqrt(d2);
        length += dl;
        volume += PI * ((r0 * r0 + r0 * r1 + r1 * r1) / 3) * dl;
        surface += 2 * PI * ((r0 + r1) / 2) * dl;
        r_dl += (r0 + r1) / 2 * dl;
    }
    double c2 = 0;
    for (int k = 0; n > 0 && k < 3; k++) {
        double d = (double)p[n - 1].p[k] - p[0].p[k];
        c2 += d * d;
    }
    s->length = length;
    s->chord = sqrt(c2);
    s->volume = volume;
    s->surface = surface;
    s->radius = length > 0 ? r_dl / length : n > 0 ? p[0].radius : NAN;
}

int vn_graph_finish(struct vn_graph *g, struct vn_err *err)
{
    for (int32_t i = 0; i < g->n_segment; i++) {
        const struct vn_segment *s = &g->segment[i];
        if (s->a < 0 || s->a >= g->n_node || s->b < 0 || s->b >= g->n_node)
            return vn_fail(err, VN_E_FORMAT, "segment %d joins nodes %d and %d of a graph of %d nodes", i, s->a, s->b, g->n_node);
        if (s->n < 0 || s->first < 0 || s->first > g->n_point - s->n)
            return vn_fail(err, VN_E_FORMAT, "segment %d has points %lld to %lld of a graph of %lld points", i,
                           (long long)s->first, (long long)s->first + s->n, (long long)g->n_point);
    }
    for (int32_t i = 0; i < g->n_node; i++)
        g->node[i].degree = 0;
    for (int32_t i = 0; i < g->n_segment; i++) {
        struct vn_segment *s = &g->segment[i];
        g->node[s->a].degree++;
        g->node[s->b].degree++;
        measure(g->point + s->first, s->n, s);
    }
    find_components(g);
    return 0;
}

int64_t vn_graph_loops(const struct vn_graph *g) { return (int64_t)g->n_segment - g->n_node + g->n_component; }

uint64_t vn_graph_mem(const struct vn_graph *g)
{
    return sizeof *g + (uint64_t)g->n_node * sizeof *g->node + (uint64_t)g->n_segment * sizeof *g->segment +
           (uint64_t)g->n_point * sizeof *g->point + vn_graph_index_mem(g);
}

/* Field by field: structures have bytes between their fields. */
struct vn_key vn_graph_key(const struct vn_graph *g)
{
    struct vn_key k = vn_key_str(vn_key_start(), "graph");
    int64_t head[] = { g->unit_um, g->n_node, g->n_segment, g->n_point };
    k = vn_key_add(k, head, sizeof head);
    k = vn_key_add(k, g->grid.dim, sizeof g->grid.dim);
    k = vn_key_add(k, g->grid.um, sizeof g->grid.um);
    k = vn_key_add(k, &g->box, sizeof g->box);
    for (int32_t i = 0; i < g->n_node; i++) {
        const struct vn_node *n = &g->node[i];
        int32_t border = n->border;
        k = vn_key_add(k, n->p, sizeof n->p);
        k = vn_key_add(k, &n->radius, sizeof n->radius);
        k = vn_key_add(k, &border, sizeof border);
    }
    for (int32_t i = 0; i < g->n_segment; i++) {
        const struct vn_segment *s = &g->segment[i];
        int64_t v[] = { s->a, s->b, s->first, s->n };
        k = vn_key_add(k, v, sizeof v);
    }
    return vn_key_add(k, g->point, (size_t)g->n_point * sizeof *g->point);
}
