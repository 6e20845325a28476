/* picked.c - what is known of a segment or a node. */
#include "picked.h"
#include "measure.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static void add(struct vn_fact *f, int *n, const struct vn_graph *g, const char *name, double v)
{
    const char *um = g->unit_um ? NULL : strstr(name, "_um");
    if (um)
        snprintf(f[*n].name, sizeof f->name, "%.*s_vox%s", (int)(um - name), name, um + 3);
    else
        snprintf(f[*n].name, sizeof f->name, "%s", name);
    f[(*n)++].v = v;
}

int vn_picked_facts(const struct vn_graph *g, enum vn_picked_kind kind, int32_t id, struct vn_fact out[VN_MAX_FACTS])
{
    int n = 0;
    if (kind == VN_PICK_SEGMENT) {
        double v[VN_SEGMENT_COLS];
        vn_measure_segment(g, id, v);
        for (int i = 0; i < VN_SEGMENT_COLS; i++)
            add(out, &n, g, vn_segment_col[i], v[i]);
        add(out, &n, g, "degree_a", g->node[g->segment[id].a].degree);
        add(out, &n, g, "degree_b", g->node[g->segment[id].b].degree);
    } else if (kind == VN_PICK_NODE) {
        const struct vn_node *e = &g->node[id];
        add(out, &n, g, "node", id);
        add(out, &n, g, "degree", e->degree);
        add(out, &n, g, "radius_um", e->radius);
        add(out, &n, g, "component", e->component);
        add(out, &n, g, "at_border", e->border);
        add(out, &n, g, "x_um", e->p[0]);
        add(out, &n, g, "y_um", e->p[1]);
        add(out, &n, g, "z_um", e->p[2]);
    }
    return n;
}

void vn_picked_voxel(const struct vn_graph *g, const double p[3], double voxel[3])
{
    for (int k = 0; k < 3; k++) {
        const double v = floor(p[k] / (g->unit_um ? g->grid.um[k] : 1));
        voxel[k] = fmin(fmax(v, (double)g->box.lo[k]), (double)g->box.hi[k] - 1);
    }
}

/* A node where the point lies within its radius, or within a voxel of it. */
static bool on_node(const struct vn_graph *g, const struct vn_graph_near *n)
{
    double voxel = 0;
    for (int k = 0; k < 3; k++)
        voxel = fmax(voxel, g->unit_um ? g->grid.um[k] : 1);
    return n->of >= 0 && n->distance <= fmax(voxel, g->node[n->of].radius);      /* an unknown radius is NaN: the voxel */
}

bool vn_picked_find(const struct vn_graph *g, enum vn_picked_kind kind, const double at[3], double reach, int flat, struct vn_picked *out)
{
    struct vn_graph_near segment = { .of = -1 }, node = { .of = -1 };
    double p[3];
    for (int k = 0; k < 3; k++)
        p[k] = (at[k] + 0.5) * (g->unit_um ? g->grid.um[k] : 1);
    if (kind != VN_PICK_NODE)
        vn_graph_nearest(g, false, p, reach, flat, &segment);
    if (kind != VN_PICK_SEGMENT)
        vn_graph_nearest(g, true, p, reach, flat, &node);
    const bool takes_node = kind == VN_PICK_NODE || (kind == VN_PICK_NONE && (segment.of < 0 || on_node(g, &node)));
    const struct vn_graph_near *n = takes_node ? &node : &segment;
    if (n->of < 0)
        return false;
    out->kind = takes_node ? VN_PICK_NODE : VN_PICK_SEGMENT;
    out->id = n->of;
    out->distance = n->distance;
    vn_picked_voxel(g, n->p, out->at);
    return true;
}

struct vn_obj *vn_picked_default(struct vn_session *s, char name[64])
{
    const struct vn_view v = vn_session_view(s);
    const char *const first[2] = { v.graph, v.overlay };
    for (int i = 0; i < 2; i++) {
        struct vn_obj *o = first[i][0] ? vn_session_get(s, first[i]) : NULL;
        if (o && (o->kind & (i ? VN_MASK | VN_LABELS | VN_SKELETON : VN_GRAPH))) {
            snprintf(name, 64, "%s", first[i]);
            return o;
        }
        vn_obj_unref(o);
    }
    for (int i = vn_session_count(s) - 1; i >= 0; i--) {
        struct vn_obj *o = vn_session_at(s, i, name);
        if (o && o->kind == VN_GRAPH)
            return o;
        vn_obj_unref(o);
    }
    return NULL;
}
