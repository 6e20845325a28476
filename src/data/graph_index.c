/* graph_index.c - a tree of boxes over a graph's centrelines and nodes. */
#include "graph_index.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "mem.h"

enum { FAN = 4, MAX_LEVEL = 20 };
struct tree {
    int64_t n_item, n[MAX_LEVEL];                 /* boxes of each level, the bottom first */
    int n_level;
    struct vn_graph_item *item;
    struct vn_graph_box *box[MAX_LEVEL];
};
struct vn_graph_tree { struct tree runs, nodes; double mean_length; uint64_t id; };

struct place { uint64_t code; int64_t i; };

static int by_code(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    return x->code != y->code ? (x->code < y->code ? -1 : 1) : x->i < y->i ? -1 : x->i > y->i;
}

static uint64_t spread(uint64_t v)                /* bit k goes to bit 3 k; 21 bits */
{
    v = (v | v << 32) & 0x1f00000000ffffu;
    v = (v | v << 16) & 0x1f0000ff0000ffu;
    v = (v | v << 8) & 0x100f00f00f00f00fu;
    v = (v | v << 4) & 0x10c30c30c30c30c3u;
    return (v | v << 2) & 0x1249249249249249u;
}

static void add_point(struct vn_graph_box *b, const float p[3], float radius)
{
    for (int k = 0; k < 3; k++) {
        b->lo[k] = p[k] < b->lo[k] ? p[k] : b->lo[k];
        b->hi[k] = p[k] > b->hi[k] ? p[k] : b->hi[k];
    }
    b->radius = radius > b->radius ? radius : b->radius;
}

static void add_box(struct vn_graph_box *b, const struct vn_graph_box *o)
{
    add_point(b, o->lo, o->radius);
    add_point(b, o->hi, o->radius);
}

static const struct vn_graph_box NOTHING = { { INFINITY, INFINITY, INFINITY }, { -INFINITY, -INFINITY, -INFINITY }, 0 };

static struct vn_graph_box item_box(const struct vn_graph *g, const struct vn_graph_item *it)
{
    struct vn_graph_box b = NOTHING;
    if (it->n) {
        for (int32_t k = 0; k <= it->n; k++)
            add_point(&b, g->point[it->first + k].p, g->point[it->first + k].radius);
    } else {
        const struct vn_node *n = &g->node[it->of];      /* its place is in double: the box is rounded outwards */
        for (int way = -1; way <= 1; way += 2) {
            float p[3];
            for (int k = 0; k < 3; k++)
                p[k] = nextafterf((float)n->p[k], way * INFINITY);
            add_point(&b, p, (float)n->radius);
        }
    }
    return b;
}

/* Where an item is sorted in: any place of it will do. */
static void middle(const struct vn_graph *g, const struct vn_graph_item *it, double at[3])
{
    for (int k = 0; k < 3; k++)
        at[k] = it->n ? g->point[it->first + it->n / 2].p[k] : g->node[it->of].p[k];
}

static void tree_free(struct tree *t)
{
    for (int l = 0; l < t->n_level; l++)
        vn_free(t->box[l]);
    vn_free(t->item);
}

/* TAKES nothing; items come in the order of segments or nodes and are sorted here. */
static int tree_build(const struct vn_graph *g, struct tree *t, struct vn_job *job, struct vn_err *err)
{
    struct place *place = vn_alloc((uint64_t)(t->n_item + 1) * sizeof *place, err);
    struct vn_graph_item *sorted = vn_alloc((uint64_t)(t->n_item + 1) * sizeof *sorted, err);
    struct vn_graph_box all = NOTHING;
    int rc = place && sorted ? vn_job_check(job, err) : VN_E_MEMORY;
    for (int64_t i = 0; i < g->n_point && !rc; i++)
        add_point(&all, g->point[i].p, 0);
    for (int32_t i = 0; i < g->n_node && !rc; i++)
        add_point(&all, (const float[3]){ (float)g->node[i].p[0], (float)g->node[i].p[1], (float)g->node[i].p[2] }, 0);
    for (int64_t i = 0; i < t->n_item && !rc; i++) {
        double at[3];
        middle(g, &t->item[i], at);
        place[i] = (struct place){ 0, i };
        for (int k = 0; k < 3; k++) {
            const double wide = (double)all.hi[k] - all.lo[k], part = wide > 0 ? (at[k] - all.lo[k]) / wide : 0;
            place[i].code |= spread((uint64_t)(part > 0 ? part < 1 ? part * 0x1fffff : 0x1fffff : 0)) << k;
        }
    }
    if (!rc)
        rc = vn_job_check(job, err);
    if (!rc) {
        qsort(place, (size_t)t->n_item, sizeof *place, by_code);
        for (int64_t i = 0; i < t->n_item; i++)
            sorted[i] = t->item[place[i].i];
        vn_free(t->item);
        t->item = sorted;
        sorted = NULL;
        rc = vn_job_check(job, err);
    }
    vn_free(sorted);
    vn_free(place);
    for (int64_t below = t->n_item; !rc && below > 0 && t->n_level < MAX_LEVEL; below = t->n[t->n_level - 1]) {
        const int l = t->n_level;
        if (l && below == 1)
            break;
        t->n[l] = (below + FAN - 1) / FAN;
        if (!(t->box[l] = vn_alloc((uint64_t)t->n[l] * sizeof *t->box[l], err)))
            return VN_E_MEMORY;
        t->n_level++;
        for (int64_t i = 0; i < t->n[l]; i++) {
            t->box[l][i] = NOTHING;
            for (int64_t k = FAN * i; k < FAN * (i + 1) && k < below; k++) {
                const struct vn_graph_box b = l ? t->box[l - 1][k] : item_box(g, &t->item[k]);
                add_box(&t->box[l][i], &b);
            }
        }
    }
    return rc;
}

static int list_items(const struct vn_graph *g, struct vn_graph_tree *x, struct vn_err *err)
{
    for (int32_t s = 0; s < g->n_segment; s++) {
        x->runs.n_item += (g->segment[s].n + VN_GRAPH_RUN - 2) / VN_GRAPH_RUN;
        x->mean_length += g->segment[s].length / g->n_segment;
    }
    x->nodes.n_item = g->n_node;
    x->runs.item = vn_alloc((uint64_t)(x->runs.n_item + 1) * sizeof *x->runs.item, err);
    x->nodes.item = vn_alloc((uint64_t)(x->nodes.n_item + 1) * sizeof *x->nodes.item, err);
    if (!x->runs.item || !x->nodes.item)
        return VN_E_MEMORY;
    int64_t n = 0;
    for (int32_t s = 0; s < g->n_segment; s++)
        for (int32_t k = 0; k + 1 < g->segment[s].n; k += VN_GRAPH_RUN) {
            const int32_t left = g->segment[s].n - 1 - k;
            x->runs.item[n++] = (struct vn_graph_item){ g->segment[s].first + k, left < VN_GRAPH_RUN ? left : VN_GRAPH_RUN, s };
        }
    for (int32_t i = 0; i < g->n_node; i++)
        x->nodes.item[i] = (struct vn_graph_item){ 0, 0, i };
    return 0;
}

void vn_graph_index_free(struct vn_graph_tree *x)
{
    if (!x)
        return;
    tree_free(&x->runs);
    tree_free(&x->nodes);
    vn_free(x);
}

bool vn_graph_indexed(const struct vn_graph *g) { return __atomic_load_n(&g->index, __ATOMIC_ACQUIRE) != NULL; }

static uint64_t last_id;

int vn_graph_index(struct vn_graph *g, struct vn_job *job, struct vn_err *err)
{
    struct vn_graph_tree *have = NULL, *x;
    int rc;
    if (vn_graph_indexed(g))
        return 0;
    if (!(x = vn_calloc(1, sizeof *x, err)))
        return VN_E_MEMORY;
    x->id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
    rc = list_items(g, x, err);
    if (!rc)
        rc = tree_build(g, &x->runs, job, err);
    if (!rc)
        rc = tree_build(g, &x->nodes, job, err);
    if (rc || !__atomic_compare_exchange_n(&g->index, &have, x, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        vn_graph_index_free(x);                  /* or another thread was first, with the same boxes */
    return rc;
}

uint64_t vn_graph_index_id(const struct vn_graph *g) { return g->index->id; }
double vn_graph_mean_length(const struct vn_graph *g) { return g->index->mean_length; }

static uint64_t tree_mem(const struct tree *t)
{
    uint64_t n = (uint64_t)t->n_item * sizeof *t->item;
    for (int l = 0; l < t->n_level; l++)
        n += (uint64_t)t->n[l] * sizeof *t->box[l];
    return n;
}

uint64_t vn_graph_index_mem(const struct vn_graph *g)
{
    const struct vn_graph_tree *x = __atomic_load_n(&g->index, __ATOMIC_ACQUIRE);
    return x ? tree_mem(&x->runs) + tree_mem(&x->nodes) : 0;
}

/* ---- going through it ---- */

struct at { int level; int64_t i; };
enum { STACK = FAN * MAX_LEVEL };

void vn_graph_visit(const struct vn_graph *g, bool nodes, bool (*enter)(void *ctx, const struct vn_graph_box *b),
                    void (*item)(void *ctx, const struct vn_graph_item *i), void *ctx)
{
    const struct tree *t = nodes ? &g->index->nodes : &g->index->runs;
    struct at stack[STACK];
    int n = 0;
    if (t->n_level)
        stack[n++] = (struct at){ t->n_level - 1, 0 };
    while (n) {
        const struct at a = stack[--n];
        const int64_t below = a.level ? t->n[a.level - 1] : t->n_item;
        if (!enter(ctx, &t->box[a.level][a.i]))
            continue;
        for (int64_t k = FAN * a.i; k < FAN * (a.i + 1) && k < below; k++) {
            if (a.level)
                stack[n++] = (struct at){ a.level - 1, k };
            else
                item(ctx, &t->item[k]);
        }
    }
}

/* ---- what is nearest ---- */

struct nearest { const struct vn_graph *g; double p[3], best; int flat; struct vn_graph_near *out; };

static bool may_be_near(void *ctx, const struct vn_graph_box *b)
{
    const struct nearest *q = ctx;
    double d2 = 0;
    for (int k = 0; k < 3; k++) {
        const double d = fmax(fmax(b->lo[k] - q->p[k], q->p[k] - b->hi[k]), 0);
        d2 += k == q->flat ? 0 : d * d;
    }
    return d2 <= q->best;
}

static void offer(struct nearest *q, int32_t of, int64_t point, const double at[3])
{
    double d2 = 0;
    for (int k = 0; k < 3; k++)
        d2 += k == q->flat ? 0 : (at[k] - q->p[k]) * (at[k] - q->p[k]);
    struct vn_graph_near *o = q->out;
    if (!(d2 < q->best || (d2 == q->best && (o->of < 0 || of < o->of || (of == o->of && point < o->point)))))
        return;
    q->best = d2;
    o->of = of;
    o->point = point;
    memcpy(o->p, at, 3 * sizeof *at);
}

static void nearest_in_item(void *ctx, const struct vn_graph_item *it)
{
    struct nearest *q = ctx;
    if (!it->n)
        offer(q, it->of, 0, q->g->node[it->of].p);
    for (int32_t i = 0; i < it->n; i++) {
        const float *a = q->g->point[it->first + i].p, *b = q->g->point[it->first + i + 1].p;
        double ab = 0, ap = 0, at[3];
        for (int k = 0; k < 3; k++) {
            const double d = k == q->flat ? 0 : (double)b[k] - a[k];
            ab += d * d;
            ap += d * (q->p[k] - a[k]);
        }
        const double t = ab > 0 ? fmin(fmax(ap / ab, 0), 1) : 0;
        for (int k = 0; k < 3; k++)
            at[k] = a[k] + t * ((double)b[k] - a[k]);
        offer(q, it->of, it->first + i, at);
    }
}

void vn_graph_nearest(const struct vn_graph *g, bool nodes, const double p[3], double reach, int flat, struct vn_graph_near *out)
{
    struct nearest q = { .g = g, .p = { p[0], p[1], p[2] }, .best = reach * reach, .flat = flat, .out = out };
    *out = (struct vn_graph_near){ .of = -1 };
    vn_graph_visit(g, nodes, may_be_near, nearest_in_item, &q);
    out->distance = sqrt(q.best);
}

/* ---- what meets at a node ---- */

struct meeting { const struct vn_graph *g; int32_t node; float p[3]; int32_t *out; int n, most; };

static bool may_meet(void *ctx, const struct vn_graph_box *b)
{
    const struct meeting *q = ctx;
    bool in = true;
    for (int k = 0; k < 3; k++)                   /* a line's end may be a rounding away from its node */
        in = in && b->lo[k] <= q->p[k] + 1e-3f * (1 + fabsf(q->p[k])) && b->hi[k] >= q->p[k] - 1e-3f * (1 + fabsf(q->p[k]));
    return in;
}

static void add_meeting(void *ctx, const struct vn_graph_item *it)
{
    struct meeting *q = ctx;
    const struct vn_segment *s = &q->g->segment[it->of];
    const bool begins = s->a == q->node && it->first == s->first, ends = s->b == q->node && it->first + it->n == s->first + s->n - 1;
    int at = q->n < q->most ? q->n : q->most;
    for (int i = 0; i < at; i++)
        if (q->out[i] == it->of)
            return;                               /* a loop is met twice */
    if (!begins && !ends)
        return;
    q->n++;
    while (at > 0 && (at == q->most || q->out[at - 1] > it->of)) {
        at--;
        if (q->out[at] < it->of)
            return;                               /* beyond the last that there is room for */
        if (at + 1 < q->most)
            q->out[at + 1] = q->out[at];
    }
    if (q->most)
        q->out[at] = it->of;
}

int vn_graph_at_node(const struct vn_graph *g, int32_t node, int32_t *out, int most)
{
    struct meeting q = { .g = g, .node = node, .out = out, .most = most };
    for (int k = 0; k < 3; k++)
        q.p[k] = (float)g->node[node].p[k];
    vn_graph_visit(g, false, may_meet, add_meeting, &q);
    return q.n;
}
