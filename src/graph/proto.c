/* proto.c - chains of voxels between nodes: storage, spur removal, dissolving of nodes where nothing branches. */
#include "proto.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "mem.h"

void vn_proto_free(struct vn_proto *p)
{
    vn_free(p->node);
    vn_free(p->seg);
    vn_free(p->point);
    memset(p, 0, sizeof *p);
}

/* Makes room for one more element. */
static int room(void **a, int64_t n, int64_t *cap, size_t size, struct vn_err *err)
{
    if (n < *cap)
        return 0;
    const int64_t more = *cap ? 2 * *cap : 256;
    void *b = vn_realloc(*a, (uint64_t)more * size, err);
    if (!b)
        return VN_E_MEMORY;
    *a = b;
    *cap = more;
    return 0;
}

int32_t vn_proto_add_node(struct vn_proto *p, const struct vn_proto_node *n, struct vn_err *err)
{
    int64_t cap = p->cap_node;

    if (cap >= INT32_MAX / 2)
        return vn_fail(err, VN_E_MEMORY, "more than %d nodes in one graph", INT32_MAX / 2);
    if (room((void **)&p->node, p->n_node, &cap, sizeof *p->node, err))
        return VN_E_MEMORY;
    p->cap_node = (int32_t)cap;
    p->node[p->n_node] = *n;
    return p->n_node++;
}

int32_t vn_proto_add_seg(struct vn_proto *p, int32_t a, int32_t b, struct vn_err *err)
{
    int64_t cap = p->cap_seg;

    if (cap >= INT32_MAX / 2)
        return vn_fail(err, VN_E_MEMORY, "more than %d segments in one graph", INT32_MAX / 2);
    if (room((void **)&p->seg, p->n_seg, &cap, sizeof *p->seg, err))
        return VN_E_MEMORY;
    p->cap_seg = (int32_t)cap;
    p->seg[p->n_seg] = (struct vn_proto_seg){ .a = a, .b = b, .first = p->n_point };
    p->node[a].degree++;
    p->node[b].degree++;
    return p->n_seg++;
}

int vn_proto_add_point(struct vn_proto *p, const struct vn_chain_point *c, struct vn_err *err)
{
    if (room((void **)&p->point, p->n_point, &p->cap_point, sizeof *p->point, err))
        return VN_E_MEMORY;
    p->point[p->n_point++] = *c;
    p->seg[p->n_seg - 1].n++;
    return 0;
}

static double step(const struct vn_proto *p, double at[3], const double to[3])
{
    double s = 0;

    for (int k = 0; k < 3; k++) {
        const double d = (to[k] - at[k]) * p->um[k];
        s += d * d;
        at[k] = to[k];
    }
    return sqrt(s);
}

double vn_proto_length(const struct vn_proto *p, const struct vn_proto_seg *s)
{
    double at[3], sum = 0;

    memcpy(at, p->node[s->a].v, sizeof at);
    for (int64_t i = 2; i + 1 < s->n; i += 3) {
        const float *v = p->point[s->first + i].v;
        sum += step(p, at, (const double[3]){ v[0], v[1], v[2] });
    }
    return sum + step(p, at, p->node[s->b].v);
}

static void flip(struct vn_proto *p, struct vn_proto_seg *s)
{
    const int32_t a = s->a;

    for (int64_t i = 0; i < s->n / 2; i++) {
        const struct vn_chain_point t = p->point[s->first + i];
        p->point[s->first + i] = p->point[s->first + s->n - 1 - i];
        p->point[s->first + s->n - 1 - i] = t;
    }
    s->a = s->b;
    s->b = a;
}

/* Segments at each node of degree 2: inc[2 * node], -1 none. */
static void pairs(const struct vn_proto *p, int32_t *inc)
{
    memset(inc, 0xff, (size_t)p->n_node * 2 * sizeof *inc);
    for (int32_t i = 0; i < p->n_seg; i++)
        for (int end = 0; end < 2 && !p->seg[i].gone; end++) {
            int32_t *at = &inc[2 * (int64_t)(end ? p->seg[i].b : p->seg[i].a)];
            at[at[0] >= 0] = i;
        }
}

/* Appends segment t to s at their common node, whose centre becomes a point of the chain. */
static int join(struct vn_proto *p, int32_t s, int32_t t, int32_t node, struct vn_err *err)
{
    struct vn_proto_seg *x = &p->seg[s], *y = &p->seg[t];
    const int64_t n = x->n + 1 + y->n;
    const struct vn_proto_node *m = &p->node[node];

    if (x->b != node)
        flip(p, x);
    if (y->a != node)
        flip(p, y);
    /* A chain at the end of the pool grows in place; else both move there. */
    const bool grows = x->first + x->n == p->n_point;
    const int64_t need = p->n_point + (grows ? n - x->n : n);
    while (p->cap_point < need)
        if (room((void **)&p->point, p->cap_point, &p->cap_point, sizeof *p->point, err))
            return VN_E_MEMORY;
    struct vn_chain_point *to = p->point + (grows ? x->first : p->n_point);
    memmove(to, p->point + x->first, (size_t)x->n * sizeof *to);
    to[x->n] = (struct vn_chain_point){ { (float)m->v[0], (float)m->v[1], (float)m->v[2] }, (float)m->radius };
    memcpy(to + x->n + 1, p->point + y->first, (size_t)y->n * sizeof *to);
    x->first = to - p->point;
    x->n = n;
    x->b = y->b;
    p->n_point = need;
    y->gone = true;
    p->node[node].gone = true;
    p->node[node].degree = 0;
    return 0;
}

/* Joins the two segments at every node of degree 2.  A ring without a branch keeps one node, its raster-first. */
static int dissolve(struct vn_proto *p, struct vn_err *err)
{
    int32_t *inc = vn_alloc((uint64_t)(p->n_node + 1) * 2 * sizeof *inc, err);
    int rc = 0;

    if (!inc)
        return VN_E_MEMORY;
    pairs(p, inc);
    /* From the last node on, so that of a ring's nodes the first stays. */
    for (int32_t i = p->n_node - 1; i >= 0 && !rc; i--) {
        int32_t s = inc[2 * (int64_t)i], t = inc[2 * (int64_t)i + 1];
        if (p->node[i].gone || p->node[i].degree != 2 || s == t)
            continue;
        if (s > t) {
            const int32_t u = s;
            s = t;
            t = u;
        }
        rc = join(p, s, t, i, err);
        if (!rc) {                                          /* the far node of t now ends s */
            int32_t *far = &inc[2 * (int64_t)p->seg[s].b];
            far[far[0] == t ? 0 : 1] = far[0] == t || far[1] == t ? s : far[1];
        }
    }
    vn_free(inc);
    return rc;
}

struct spur { double length; int32_t seg; };

static int by_length(const void *a, const void *b)
{
    const struct spur *x = a, *y = b;

    return x->length != y->length ? (x->length < y->length ? -1 : 1) : x->seg < y->seg ? -1 : 1;
}

static void remove_seg(struct vn_proto *p, struct vn_proto_seg *s)
{
    s->gone = true;
    p->node[s->a].degree--;
    p->node[s->b].degree--;
    for (int end = 0; end < 2; end++)
        if (p->node[end ? s->b : s->a].degree == 0)
            p->node[end ? s->b : s->a].gone = true;
}

int vn_proto_prune(struct vn_proto *p, double ratio, double shortest, int64_t *n_removed, struct vn_err *err)
{
    struct spur *spur = vn_alloc((uint64_t)(p->n_seg + 1) * sizeof *spur, err);
    uint8_t *touched = vn_alloc((uint64_t)p->n_node + 1, err);
    int rc = spur && touched ? dissolve(p, err) : VN_E_MEMORY;
    bool again = true;

    *n_removed = 0;
    while (again && !rc) {
        int32_t n = 0;
        for (int32_t i = 0; i < p->n_seg; i++) {
            const struct vn_proto_seg *s = &p->seg[i];
            if (s->gone || s->a == s->b)
                continue;
            const int32_t da = p->node[s->a].degree, db = p->node[s->b].degree;
            if (!((da == 1 && db > 2) || (db == 1 && da > 2)))
                continue;
            const double r = p->node[da == 1 ? s->b : s->a].radius, length = vn_proto_length(p, s);
            if (length < fmax(shortest, isnan(r) ? 0.0 : ratio * r))
                spur[n++] = (struct spur){ length, i };
        }
        again = n > 0;
        qsort(spur, (size_t)n, sizeof *spur, by_length);
        memset(touched, 0, (size_t)p->n_node);
        for (int32_t i = 0; i < n; i++) {
            struct vn_proto_seg *s = &p->seg[spur[i].seg];
            const int32_t branch = p->node[s->a].degree == 1 ? s->b : s->a;
            if (touched[branch])
                continue;
            touched[branch] = 1;
            remove_seg(p, s);
            ++*n_removed;
        }
        if (again)
            rc = dissolve(p, err);
    }
    vn_free(spur);
    vn_free(touched);
    return rc;
}
