/* breaks.c - gaps that a prediction leaves in the truth's centreline, and branches that it adds. */
#include "breaks.h"

#include <math.h>

#include "mem.h"

/* ---- breaks ---- */

struct walk {
    const struct vn_graph *g;
    const struct vn_segment *s;
    const struct vn_bits *pred;
    const struct vn_breaks_watch *watch;
    struct vn_breaks *out;
    double near_a, near_b;                       /* ways from the ends of the segment that are near a branch point; -1: it is none */
    bool begun, gap, near;                       /* a covered place lies behind; and an uncovered one since; one of these near a branch */
    bool any;                                    /* covered place */
    struct vn_spot before, first, last, prev;   /* last covered place; first and last uncovered; the one before */
    bool has_prev;
};

static bool along_z(const struct vn_spot *p, const struct vn_spot *q)
{
    const double x = q->um[0] - p->um[0], y = q->um[1] - p->um[1], z = q->um[2] - p->um[2];
    return z * z > 0 && z * z >= x * x + y * y;
}

static void break_ends(struct walk *w, const struct vn_spot *after)
{
    w->out->n++;
    w->out->n_z += along_z(&w->before, after);
    w->out->n_branch += w->near;
    if (w->watch && w->watch->gap) {
        struct vn_spot mid = w->first;
        for (int a = 0; a < 3; a++) {
            mid.voxel[a] = (w->first.voxel[a] + w->last.voxel[a]) / 2;
            mid.um[a] = (w->first.um[a] + w->last.um[a]) / 2;
        }
        mid.radius = (w->first.radius + w->last.radius) / 2;
        mid.arc = (w->first.arc + w->last.arc) / 2;
        w->watch->gap(w->watch->ctx, w->s, &mid);
    }
}

static void step(void *ctx, const struct vn_spot *p)
{
    struct walk *w = ctx;
    const bool covered = vn_bits_near(w->pred, p->voxel);
    const bool near = p->arc <= w->near_a || w->s->length - p->arc <= w->near_b;

    w->out->length_branch += near ? p->weight : 0;
    if (w->has_prev && along_z(&w->prev, p))
        w->out->length_z += p->arc - w->prev.arc;
    w->prev = *p;
    w->has_prev = true;
    if (w->watch && w->watch->place)
        w->watch->place(w->watch->ctx, w->s, p, covered);
    if (!covered) {
        w->near = w->gap ? w->near || near : near;
        if (!w->gap)
            w->first = *p;
        w->last = *p;
        w->gap = w->begun;
        return;
    }
    w->out->covered += p->weight;
    if (w->gap)
        break_ends(w, p);
    w->before = *p;
    w->begun = w->any = true;
    w->gap = false;
}

static double reach(const struct vn_graph *g, int32_t node, double near)
{
    const struct vn_node *n = &g->node[node];
    if (n->degree <= 2)
        return -1;
    return near > 0 ? near : 4 * n->radius;      /* NaN: none is near, as the diameter is not known */
}

int vn_breaks_count(const struct vn_graph *truth, const struct vn_bits *pred, double near, const struct vn_breaks_watch *watch,
                    struct vn_breaks *out, struct vn_err *err)
{
    struct vn_breaks b = { 0 };
    uint8_t *n_covered = vn_calloc((uint64_t)truth->n_node + 1, 1, err);      /* segments at each node that are covered in part, up to 2 */

    if (!n_covered)
        return VN_E_MEMORY;
    for (int32_t i = 0; i < truth->n_segment; i++) {
        const struct vn_segment *s = &truth->segment[i];
        struct walk w = { .g = truth, .s = s, .pred = pred, .watch = watch, .out = &b,
                          .near_a = reach(truth, s->a, near), .near_b = reach(truth, s->b, near) };
        if (s->n < 1)
            continue;
        vn_walk(truth, s, step, &w);
        b.length += s->length;
        n_covered[s->a] += w.any && n_covered[s->a] < 2;
        n_covered[s->b] += w.any && n_covered[s->b] < 2;
    }
    for (int32_t i = 0; i < truth->n_node; i++) {
        double voxel[3];
        for (int a = 0; a < 3; a++)
            voxel[a] = truth->node[i].p[a] / (truth->unit_um ? truth->grid.um[a] : 1);
        b.lost_nodes += truth->node[i].degree > 2 && n_covered[i] > 1 && !vn_bits_near(pred, voxel);
    }
    vn_free(n_covered);
    *out = b;
    return 0;
}

/* ---- false branches ---- */

struct stretch { double length, moment; bool at_a; };       /* moment: of the radius; at_a: begins at the segment's node a */
struct extra {
    const struct vn_bits *truth;
    const struct vn_graph *g;
    const struct vn_segment *s;
    double longer;
    bool piece, open;                                       /* the component is uncovered all along; a stretch is being walked */
    struct stretch now;
    bool *touches;                                          /* first walk: of each component, whether a place of it is covered; else NULL */
    struct vn_extras *out;
};

static void stretch_ends(struct extra *e, bool at_b)
{
    const struct stretch *t = &e->now;
    const bool free_a = t->at_a && e->g->node[e->s->a].degree == 1, free_b = at_b && e->g->node[e->s->b].degree == 1;

    e->open = false;
    if (!(t->length > e->longer) || t->length * t->length <= t->moment)       /* moment / length is the mean radius */
        return;
    e->out->n++;
    e->out->length += t->length;
    if (e->piece)
        e->out->pieces++;
    else if (free_a || free_b)
        e->out->spurs++;
    else
        e->out->links++;
}

static void look(void *ctx, const struct vn_spot *p)
{
    struct extra *e = ctx;
    if (vn_bits_near(e->truth, p->voxel)) {
        if (e->touches)
            e->touches[e->s->component] = true;
        else if (e->open)
            stretch_ends(e, false);
        return;
    }
    if (e->touches)
        return;
    if (!e->open)
        e->now = (struct stretch){ .at_a = p->arc == 0 };
    e->open = true;
    e->now.length += p->weight;
    e->now.moment += isnan(p->radius) ? 0 : p->weight * p->radius;
}

int vn_extras_count(const struct vn_graph *pred, const struct vn_bits *truth, double longer, struct vn_extras *out, struct vn_err *err)
{
    struct vn_extras x = { 0 };
    bool *touches = vn_calloc((uint64_t)pred->n_component + 1, sizeof *touches, err);

    if (!touches)
        return VN_E_MEMORY;
    for (int pass = 0; pass < 2; pass++)
        for (int32_t i = 0; i < pred->n_segment; i++) {
            const struct vn_segment *s = &pred->segment[i];
            struct extra e = { .truth = truth, .g = pred, .s = s, .longer = longer, .piece = !touches[s->component],
                               .touches = pass ? NULL : touches, .out = &x };
            if (s->n < 1)
                continue;
            vn_walk(pred, s, look, &e);
            if (e.open)
                stretch_ends(&e, true);
        }
    vn_free(touches);
    *out = x;
    return 0;
}
