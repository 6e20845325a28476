/* propose.c - what a person should look at in a mask: gaps between ends that point at each other, and specks. */
#include "mend.h"
#include "mem.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct end { double at[3], p[3], out[3], radius; int32_t node, segment; };  /* voxels; um; direction outward */
struct list { struct vn_proposal *v; int64_t n, cap; };

static int add(struct list *l, const struct vn_proposal *p, struct vn_err *err)
{
    if (l->n == l->cap) {
        struct vn_proposal *more = vn_realloc(l->v, (uint64_t)(l->cap * 2 + 64) * sizeof *more, err);
        if (!more)
            return VN_E_MEMORY;
        l->v = more;
        l->cap = l->cap * 2 + 64;
    }
    l->v[l->n++] = *p;
    return 0;
}

/* ---- ends ---- */

/* Direction outward: from the place 3 radii (at least 3 sides of a voxel) back along the centreline, or its other end. */
static void outward(const struct vn_graph *g, const struct vn_segment *s, bool at_b, double side, struct end *e)
{
    const double far = 3 * fmax(e->radius, side);
    double way = 0, len = 0;
    const float *last = g->point[s->first + (at_b ? s->n - 1 : 0)].p;
    const double tip[3] = { last[0], last[1], last[2] };
    for (int32_t i = 1; i < s->n && way < far; i++) {
        const float *p = g->point[s->first + (at_b ? s->n - 1 - i : i)].p;
        double d2 = 0;
        for (int k = 0; k < 3; k++)
            d2 += ((double)p[k] - last[k]) * ((double)p[k] - last[k]);
        way += sqrt(d2);
        last = p;
    }
    for (int k = 0; k < 3; k++) {
        e->out[k] = tip[k] - last[k];
        len += e->out[k] * e->out[k];
    }
    for (int k = 0; k < 3 && len > 0; k++)
        e->out[k] /= sqrt(len);
}

static int by_x(const void *a, const void *b)
{
    const struct end *p = a, *q = b;
    return p->p[0] != q->p[0] ? (p->p[0] > q->p[0]) - (p->p[0] < q->p[0]) : (p->node > q->node) - (p->node < q->node);
}

/* Open ends inside the region, by x. */
static int find_ends(const struct vn_graph *g, struct end **out, int64_t *n, struct vn_err *err)
{
    double side = 1;
    struct end *e = vn_alloc((uint64_t)g->n_node * sizeof *e, err);
    if (!e)
        return VN_E_MEMORY;
    for (int k = 0; k < 3 && g->unit_um; k++)
        side = k ? fmax(side, g->grid.um[k]) : g->grid.um[0];
    *n = 0;
    for (int32_t i = 0; i < 2 * g->n_segment; i++) {
        const struct vn_segment *s = &g->segment[i / 2];
        const int32_t node = i % 2 ? s->b : s->a;
        const struct vn_node *v = &g->node[node];
        if (v->degree != 1 || v->border)
            continue;
        struct end *to = &e[(*n)++];
        *to = (struct end){ .node = node, .segment = i / 2, .radius = v->radius };
        memcpy(to->p, v->p, sizeof to->p);
        vn_mend_voxel(g, v->p, to->at);
        outward(g, s, i % 2, side, to);
    }
    qsort(e, (size_t)*n, sizeof *e, by_x);
    *out = e;
    return 0;
}

/* ---- pairs ---- */

struct pair { int64_t a, b; double score; };
struct pairs { struct pair *v; int64_t n, cap; };

static double score(const struct end *a, const struct end *b, double gap)
{
    double u[3], d = 0, out_a = 0, out_b = 0;
    for (int k = 0; k < 3; k++) {
        u[k] = b->p[k] - a->p[k];
        d += u[k] * u[k];
    }
    d = sqrt(d);
    if (!(d > 0 && d <= gap) || a->segment == b->segment)
        return 0;
    for (int k = 0; k < 3; k++) {
        out_a += a->out[k] * u[k] / d;
        out_b -= b->out[k] * u[k] / d;
    }
    const double r = fmin(a->radius, b->radius), most = fmax(a->radius, b->radius);
    return out_a >= 0.5 && out_b >= 0.5 && r > 0 ? (1 - d / (2 * gap)) * out_a * out_b * (r / most) : 0;
}

static int by_score(const void *a, const void *b)
{
    const struct pair *p = a, *q = b;
    if (p->score != q->score)
        return p->score < q->score ? 1 : -1;
    return p->a != q->a ? (p->a > q->a) - (p->a < q->a) : (p->b > q->b) - (p->b < q->b);
}

static int find_pairs(const struct end *e, int64_t n, double gap, struct pairs *l, struct vn_job *job, struct vn_err *err)
{
    for (int64_t i = 0; i < n; i++) {
        const int rc = i % 256 ? 0 : vn_job_check(job, err);
        if (rc)
            return rc;
        for (int64_t k = i + 1; k < n && e[k].p[0] - e[i].p[0] <= gap; k++) {
            const double s = score(&e[i], &e[k], gap);
            if (s == 0)
                continue;
            if (l->n == l->cap) {
                struct pair *more = vn_realloc(l->v, (uint64_t)(l->cap * 2 + 64) * sizeof *more, err);
                if (!more)
                    return VN_E_MEMORY;
                l->v = more;
                l->cap = l->cap * 2 + 64;
            }
            l->v[l->n++] = (struct pair){ i, k, s };
        }
    }
    if (l->n)
        qsort(l->v, (size_t)l->n, sizeof *l->v, by_score);
    return 0;
}

/* How many voxels the bridge would set. */
static int count(const struct vn_propose_in *in, struct vn_proposal *p, struct vn_job *job, struct vn_err *err)
{
    struct vn_patch patch = { 0 };
    int rc = vn_patch_begin(&patch, in->mask, VN_MASK, VN_U8, err);
    if (!rc)
        rc = vn_mend_bridge(&p->bridge, &in->mask->grid, 1, &patch, &p->voxels, job, err);
    vn_patch_free(&patch);
    return rc;
}

static int bridges(const struct vn_propose_in *in, struct list *l, struct vn_job *job, struct vn_err *err)
{
    struct end *e = NULL;
    struct pairs pairs = { 0 };
    int64_t n = 0;
    uint8_t *used = NULL;
    int rc = find_ends(in->g, &e, &n, err);
    if (!rc && !(used = vn_calloc((uint64_t)n, 1, err)))
        rc = VN_E_MEMORY;
    if (!rc)
        rc = find_pairs(e, n, in->gap, &pairs, job, err);
    for (int64_t i = 0; i < pairs.n && !rc; i++) {
        const struct pair *q = &pairs.v[i];
        struct vn_proposal p = { .kind = VN_PROPOSE_BRIDGE, .score = q->score };
        if (used[q->a] || used[q->b])
            continue;
        for (int k = 0; k < 6; k++)
            p.bridge.at[k] = e[k < 3 ? q->a : q->b].at[k % 3];
        p.bridge.radius[0] = e[q->a].radius;
        p.bridge.radius[1] = e[q->b].radius;
        rc = count(in, &p, job, err);
        if (rc || !p.voxels)                         /* joined already, though not in the graph */
            continue;
        used[q->a] = used[q->b] = 1;
        rc = add(l, &p, err);
    }
    vn_free(e);
    vn_free(used);
    vn_free(pairs.v);
    return rc;
}

/* ---- specks ---- */

static int by_size(const void *a, const void *b)
{
    const struct vn_proposal *p = a, *q = b;
    if (p->voxels != q->voxels)
        return (p->voxels > q->voxels) - (p->voxels < q->voxels);
    for (int k = 2; k >= 0; k--)
        if (p->bridge.at[k] != q->bridge.at[k])
            return p->bridge.at[k] > q->bridge.at[k] ? 1 : -1;
    return 0;
}

static int specks(const struct vn_propose_in *in, struct list *l, struct vn_job *job, struct vn_err *err)
{
    struct vn_buf b = { 0 };
    struct vn_runs r = { 0 };
    uint64_t *size = NULL;
    const int64_t first = l->n;
    uint32_t seen = 0;
    int rc = vn_vol_map(in->mask, VN_U8, &in->mask->box, VN_PAD_ZERO, &b, job, err);
    if (!rc)
        rc = vn_runs_build(&b, false, &r, job, err);
    vn_buf_free(&b);
    if (!rc)
        rc = vn_runs_label(&r, 26, job, err);
    if (!rc)
        rc = vn_runs_sizes(&r, &size, job, err);
    for (int64_t row = 0; row < r.n_row && !rc; row++)
        for (uint32_t i = r.row[row]; i < r.row[row + 1] && !rc; i++) {
            if (r.label[i] <= seen)                  /* numbered by first voxel: a new number is a new piece */
                continue;
            seen = r.label[i];
            const uint64_t voxels = size[seen - 1];
            if (voxels >= (uint64_t)in->speck)
                continue;
            const int64_t ny = vn_box_dim(&r.box, 1);
            struct vn_proposal p = { .kind = VN_PROPOSE_SPECK, .voxels = (int64_t)voxels, .score = 1 - (double)voxels / (double)in->speck,
                                     .bridge.at = { (double)(r.box.lo[0] + r.run[i].x0), (double)(r.box.lo[1] + row % ny),
                                                    (double)(r.box.lo[2] + row / ny), NAN, NAN, NAN },
                                     .bridge.radius = { NAN, NAN } };
            rc = add(l, &p, err);
        }
    if (!rc && l->n > first)
        qsort(l->v + first, (size_t)(l->n - first), sizeof *l->v, by_size);
    vn_free(size);
    vn_runs_free(&r);
    return rc;
}

int vn_propose(const struct vn_propose_in *in, struct vn_proposal **out, int64_t *n, struct vn_job *job, struct vn_err *err)
{
    struct list l = { 0 };
    int rc = in->g ? bridges(in, &l, job, err) : 0;
    if (!rc && in->speck)
        rc = specks(in, &l, job, err);
    if (rc) {
        vn_free(l.v);
        return rc;
    }
    *out = l.v;
    *n = l.n;
    return 0;
}
