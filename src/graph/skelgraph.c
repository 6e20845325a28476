/* skelgraph.c - skeleton voxels to chains and nodes (the topology), then centrelines and radii. */
#include "skelgraph.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "caliber.h"
#include "cluster.h"
#include "mem.h"
#include "proto.h"
#include "smooth.h"

struct voxels {                        /* skeleton voxels in raster order */
    const struct vn_buf *skel;
    int64_t n_row, ny, nz;
    int32_t n;
    int64_t *start;                    /* by row z * ny + y */
    int32_t *x, *row;                  /* x within the box */
    uint8_t *kind;
    int32_t *node;                     /* node of a junction or end voxel; -1 chain; -2 chain already traced */
};
enum { CHAIN, END, JUNCTION };

static int count_row(void *ctx, int64_t z, struct vn_err *err)
{
    struct voxels *s = ctx;
    const int64_t nx = vn_box_dim(&s->skel->box, 0);

    (void)err;
    for (int64_t y = 0; y < s->ny; y++) {
        const uint8_t *row = (const uint8_t *)s->skel->data + z * s->skel->stride[1] + y * s->skel->stride[0];
        int64_t n = 0;
        for (int64_t x = 0; x < nx; x++)
            n += row[x] != 0;
        s->start[z * s->ny + y + 1] = n;
    }
    return 0;
}

static int fill_row(void *ctx, int64_t z, struct vn_err *err)
{
    struct voxels *s = ctx;
    const int64_t nx = vn_box_dim(&s->skel->box, 0);

    (void)err;
    for (int64_t y = 0; y < s->ny; y++) {
        const uint8_t *row = (const uint8_t *)s->skel->data + z * s->skel->stride[1] + y * s->skel->stride[0];
        int64_t at = s->start[z * s->ny + y];
        for (int64_t x = 0; x < nx && at < s->start[z * s->ny + y + 1]; x++)
            if (row[x]) {
                s->x[at] = (int32_t)x;
                s->row[at++] = (int32_t)(z * s->ny + y);
            }
    }
    return 0;
}

static bool adjacent(const struct voxels *s, int32_t a, int32_t b)
{
    const int64_t ya = s->row[a] % s->ny, za = s->row[a] / s->ny, yb = s->row[b] % s->ny, zb = s->row[b] / s->ny;
    const int64_t dx = s->x[a] - (int64_t)s->x[b];

    return dx >= -1 && dx <= 1 && ya - yb >= -1 && ya - yb <= 1 && za - zb >= -1 && za - zb <= 1;
}

/* The 26 neighbours of voxel i, in raster order. */
static int neighbours(const struct voxels *s, int32_t i, int32_t out[26])
{
    const int64_t y = s->row[i] % s->ny, z = s->row[i] / s->ny;
    const int32_t x = s->x[i];
    int n = 0;

    for (int64_t dz = -1; dz <= 1; dz++)
        for (int64_t dy = -1; dy <= 1; dy++) {
            if (z + dz < 0 || z + dz >= s->nz || y + dy < 0 || y + dy >= s->ny)
                continue;
            const int64_t r = (z + dz) * s->ny + y + dy;
            int64_t lo = s->start[r], hi = s->start[r + 1];
            while (lo < hi) {                               /* first voxel of the row not left of x - 1 */
                const int64_t mid = lo + (hi - lo) / 2;
                if (s->x[mid] < x - 1)
                    lo = mid + 1;
                else
                    hi = mid;
            }
            for (; lo < s->start[r + 1] && s->x[lo] <= x + 1; lo++)
                if (lo != i)
                    out[n++] = (int32_t)lo;
        }
    return n;
}

enum { BATCH = 4096 };

/* A junction has three or more neighbours, or two that touch each other: with them it encloses nothing. */
static int classify(void *ctx, int64_t batch, struct vn_err *err)
{
    struct voxels *s = ctx;
    const int64_t end = vn_min64((batch + 1) * BATCH, s->n);
    int32_t nb[26];

    (void)err;
    for (int64_t i = batch * BATCH; i < end; i++) {
        const int n = neighbours(s, (int32_t)i, nb);
        s->kind[i] = n > 2 || (n == 2 && adjacent(s, nb[0], nb[1])) ? JUNCTION : n == 2 ? CHAIN : END;
        s->node[i] = -1;
    }
    return 0;
}

static int collect(struct voxels *s, struct vn_job *job, struct vn_err *err)
{
    int rc;

    s->ny = vn_box_dim(&s->skel->box, 1);
    s->nz = vn_box_dim(&s->skel->box, 2);
    s->n_row = s->ny * s->nz;
    if (s->n_row > INT32_MAX)
        return vn_fail(err, VN_E_UNSUPPORTED, "%lld rows of voxels: a graph is made of regions of at most %d rows (use roi)",
                       (long long)s->n_row, INT32_MAX);
    s->start = vn_calloc((uint64_t)s->n_row + 1, sizeof *s->start, err);
    if (!s->start)
        return VN_E_MEMORY;
    rc = vn_job_for_quiet(job, s->nz, count_row, s, err);
    if (rc)
        return rc;
    for (int64_t i = 0; i < s->n_row; i++)
        s->start[i + 1] += s->start[i];
    if (s->start[s->n_row] > INT32_MAX - 1)
        return vn_fail(err, VN_E_UNSUPPORTED, "%lld skeleton voxels: a graph is made of at most %d (use roi)",
                       (long long)s->start[s->n_row], INT32_MAX - 1);
    s->n = (int32_t)s->start[s->n_row];
    s->x = vn_alloc((uint64_t)s->n * sizeof *s->x, err);
    s->row = vn_alloc((uint64_t)s->n * sizeof *s->row, err);
    s->kind = vn_alloc((uint64_t)s->n, err);
    s->node = vn_alloc((uint64_t)s->n * sizeof *s->node, err);
    if (!s->x || !s->row || !s->kind || !s->node)
        return VN_E_MEMORY;
    rc = vn_job_for_quiet(job, s->nz, fill_row, s, err);
    return rc ? rc : vn_job_for_quiet(job, (s->n + BATCH - 1) / BATCH, classify, s, err);
}

static void voxels_free(struct voxels *s)
{
    vn_free(s->start);
    vn_free(s->x);
    vn_free(s->row);
    vn_free(s->kind);
    vn_free(s->node);
}

/* ---- nodes ---- */

struct maker { struct voxels *s; const struct vn_buf *dist; struct vn_proto *p; };

static void position(const struct voxels *s, int32_t i, int64_t v[3])
{
    v[0] = s->x[i] + s->skel->box.lo[0];
    v[1] = s->row[i] % s->ny + s->skel->box.lo[1];
    v[2] = s->row[i] / s->ny + s->skel->box.lo[2];
}

static float distance(const struct maker *m, int32_t i)
{
    int64_t v[3];

    if (!m->dist)
        return NAN;
    position(m->s, i, v);
    return ((const float *)m->dist->data)[vn_buf_at(m->dist, v[0], v[1], v[2])];
}

/* One node of the voxels list[0 .. n). */
static int add_node(struct maker *m, const int32_t *list, int32_t n, struct vn_err *err)
{
    struct vn_proto_node q = { .radius = NAN, .first = list[0] };
    int32_t id;

    for (int32_t i = 0; i < n; i++) {
        int64_t v[3];
        position(m->s, list[i], v);
        for (int k = 0; k < 3; k++)
            q.v[k] += (double)v[k];
        q.radius = fmax(q.radius, distance(m, list[i]));
    }
    for (int k = 0; k < 3; k++)
        q.v[k] /= n;
    id = vn_proto_add_node(m->p, &q, err);
    for (int32_t i = 0; i < n && id >= 0; i++)
        m->s->node[list[i]] = id;
    return id < 0 ? id : 0;
}

/* A cluster with loops of its own: one node per core voxel (with the dead ends that hang on it), one segment per edge. */
static int add_core(struct maker *m, const int32_t *list, int32_t n, const int32_t *core, const int32_t (*edge)[2], int32_t n_edge, struct vn_err *err)
{
    int32_t *part = vn_alloc((uint64_t)n * sizeof *part, err);
    int rc = part ? 0 : VN_E_MEMORY;

    for (int32_t i = 0; i < n && !rc; i++) {
        int32_t k = 0;
        if (core[i] != i)
            continue;
        part[k++] = list[i];
        for (int32_t j = 0; j < n; j++)
            if (j != i && core[j] == i)
                part[k++] = list[j];
        rc = add_node(m, part, k, err);
        if (!rc)                                            /* the centre is the core voxel: edges join those */
            for (int c = 0; c < 3; c++) {
                int64_t v[3];
                position(m->s, list[i], v);
                m->p->node[m->p->n_node - 1].v[c] = (double)v[c];
            }
    }
    for (int32_t i = 0; i < n_edge && !rc; i++) {
        const int32_t id = vn_proto_add_seg(m->p, m->s->node[list[edge[i][0]]], m->s->node[list[edge[i][1]]], err);
        rc = id < 0 ? id : 0;
    }
    vn_free(part);
    return rc;
}

static int by_index(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

    return x < y ? -1 : x > y;
}

/* The cluster that voxel `seed` (its first) belongs to. list: room for all voxels of the skeleton. */
static int add_cluster(struct maker *m, int32_t seed, int32_t *list, struct vn_err *err)
{
    struct voxels *s = m->s;
    int32_t n = 0, nb[26], n_edge = 0, (*edge)[2] = NULL;

    list[n++] = seed;
    s->node[seed] = -3;                                     /* found */
    for (int32_t i = 0; i < n; i++) {
        const int k = neighbours(s, list[i], nb);
        for (int j = 0; j < k; j++)
            if (s->kind[nb[j]] == JUNCTION && s->node[nb[j]] == -1) {
                s->node[nb[j]] = -3;
                list[n++] = nb[j];
            }
    }
    qsort(list, (size_t)n, sizeof *list, by_index);
    if (n < 4)
        return add_node(m, list, n, err);

    int32_t (*v)[3] = vn_alloc((uint64_t)n * sizeof *v, err), *core = vn_alloc((uint64_t)n * sizeof *core, err);
    int rc = v && core ? 0 : VN_E_MEMORY;
    for (int32_t i = 0; i < n && !rc; i++) {
        v[i][0] = s->x[list[i]];
        v[i][1] = s->row[list[i]] % (int32_t)s->ny;
        v[i][2] = s->row[list[i]] / (int32_t)s->ny;
    }
    if (!rc)
        rc = vn_cluster_core((const int32_t (*)[3])v, n, core, &edge, &n_edge, err);
    if (!rc)
        rc = n_edge ? add_core(m, list, n, core, (const int32_t (*)[2])edge, n_edge, err) : add_node(m, list, n, err);
    vn_free(edge);
    vn_free(core);
    vn_free(v);
    return rc;
}

/* ---- chains ---- */

static int add_voxel(struct maker *m, int32_t i, struct vn_err *err)
{
    int64_t v[3];

    position(m->s, i, v);
    return vn_proto_add_point(m->p, &(struct vn_chain_point){ { (float)v[0], (float)v[1], (float)v[2] }, distance(m, i) }, err);
}

/* From node voxel `from` along chain voxel `at` to the next node. */
static int trace(struct maker *m, int32_t from, int32_t at, struct vn_err *err)
{
    struct voxels *s = m->s;
    const int32_t a = s->node[from], seg = vn_proto_add_seg(m->p, a, a, err);
    int32_t nb[26], last = from;

    if (seg < 0)
        return seg;
    while (s->node[at] < 0) {
        const int rc = add_voxel(m, at, err);
        if (rc)
            return rc;
        s->node[at] = -2;
        neighbours(s, at, nb);
        const int32_t next = nb[0] == last ? nb[1] : nb[0];
        last = at;
        at = next;
    }
    m->p->node[a].degree--;
    m->p->seg[seg].b = s->node[at];
    m->p->node[s->node[at]].degree++;
    return 0;
}

static int trace_all(struct maker *m, struct vn_job *job, struct vn_err *err)
{
    struct voxels *s = m->s;
    int32_t nb[26];
    int rc = 0;

    for (int32_t i = 0; i < s->n && !rc; i++) {
        if (s->kind[i] == CHAIN)
            continue;
        const int n = neighbours(s, i, nb);
        for (int k = 0; k < n && !rc; k++) {
            const int32_t u = nb[k];
            if (s->kind[u] == CHAIN && s->node[u] == -1)
                rc = trace(m, i, u, err);
            else if (s->kind[u] != CHAIN && u > i && (s->kind[u] == END || s->kind[i] == END))
                rc = vn_min64(0, vn_proto_add_seg(m->p, s->node[i], s->node[u], err));
        }
        if (!rc && i % 4096 == 0)
            rc = vn_job_check(job, err);
    }
    for (int32_t i = 0; i < s->n && !rc; i++)               /* what is left are rings */
        if (s->kind[i] == CHAIN && s->node[i] == -1) {
            rc = add_node(m, &i, 1, err);
            neighbours(s, i, nb);
            if (!rc)
                rc = trace(m, i, nb[0], err);
        }
    return rc;
}

static int make_proto(struct voxels *s, const struct vn_buf *dist, struct vn_proto *p, struct vn_job *job, struct vn_err *err)
{
    struct maker m = { s, dist, p };
    int32_t *list = vn_alloc((uint64_t)s->n * sizeof *list, err);
    int rc = list ? 0 : VN_E_MEMORY;

    for (int32_t i = 0; i < s->n && !rc; i++) {
        if (s->node[i] == -1 && s->kind[i] == JUNCTION)
            rc = add_cluster(&m, i, list, err);
        else if (s->kind[i] == END)
            rc = add_node(&m, &i, 1, err);
        if (!rc && i % 4096 == 0)
            rc = vn_job_check(job, err);
    }
    vn_free(list);
    return rc ? rc : trace_all(&m, job, err);
}

/* ---- centrelines and radii ---- */

struct line { struct vn_point *pt; int64_t n; };
struct shaper {
    const struct vn_proto *p;
    const struct vn_buf *dist;
    double step;
    const int32_t *seg;                /* those that remain */
    struct line *line;
};

/* Near a branch point the section takes in the other vessels: there the radius is that of the nearest place beyond. */
static void carry_radius(const struct vn_proto *p, const struct vn_proto_seg *s, struct vn_point *pt, int64_t n)
{
    double um = fmax(p->um[0], fmax(p->um[1], p->um[2])), length = 0;
    const struct vn_proto_node *a = &p->node[s->a], *b = &p->node[s->b];
    double za = a->degree > 2 ? a->radius + 2 * um : 0, zb = b->degree > 2 ? b->radius + 2 * um : 0;
    int64_t first = 0, last = n - 1;

    for (int64_t i = 1; i < n; i++) {
        double d = 0;
        for (int k = 0; k < 3; k++)
            d += (pt[i].p[k] - pt[i - 1].p[k]) * (pt[i].p[k] - pt[i - 1].p[k]);
        length += sqrt(d);
    }
    const double step = n > 1 ? length / (double)(n - 1) : 1;
    if (za + zb > 0.8 * length) {                           /* a short one keeps its middle fifth */
        const double f = 0.8 * length / (za + zb);
        za *= f;
        zb *= f;
    }
    if (!(step > 0))
        return;
    first = vn_min64((int64_t)(za / step), n - 1);
    last = vn_max64(n - 1 - (int64_t)(zb / step), first);
    for (int64_t i = 0; i < first; i++)
        pt[i].radius = pt[first].radius;
    for (int64_t i = last + 1; i < n; i++)
        pt[i].radius = pt[last].radius;
}

static int shape(void *ctx, int64_t i, struct vn_err *err)
{
    struct shaper *h = ctx;
    const struct vn_proto *p = h->p;
    const struct vn_proto_seg *s = &p->seg[h->seg[i]];
    const int64_t n = s->n + 2;
    double (*v)[3] = vn_alloc((uint64_t)n * sizeof *v, err), (*out)[3] = NULL, *at = NULL;
    struct line *l = &h->line[i];
    int rc = v ? 0 : VN_E_MEMORY;

    for (int64_t k = 0; k < n && !rc; k++)
        for (int c = 0; c < 3; c++)
            v[k][c] = ((k == 0 ? p->node[s->a].v[c] : k == n - 1 ? p->node[s->b].v[c] : (double)p->point[s->first + k - 1].v[c]) + 0.5) * p->um[c];
    if (!rc)
        rc = vn_smooth((const double (*)[3])v, n, p->um, h->step, &out, &at, &l->n, err);
    if (!rc && !(l->pt = vn_alloc((uint64_t)l->n * sizeof *l->pt, err)))
        rc = VN_E_MEMORY;
    for (int64_t k = 0; k < l->n && !rc; k++) {
        const int64_t prev = k > 1 ? k - 2 : 0, next = k + 2 < l->n ? k + 2 : l->n - 1, j = (int64_t)at[k];
        double t[3], norm = 0;
        for (int c = 0; c < 3; c++) {
            l->pt[k].p[c] = (float)out[k][c];
            t[c] = out[next][c] - out[prev][c];
            norm += t[c] * t[c];
        }
        if (!h->dist || !(norm > 0)) {
            l->pt[k].radius = h->dist ? (float)p->node[s->a].radius : NAN;
            continue;
        }
        for (int c = 0; c < 3; c++)
            t[c] /= sqrt(norm);
        const double d0 = j <= 0 ? p->node[s->a].radius : j > s->n ? p->node[s->b].radius : p->point[s->first + j - 1].d;
        const double d1 = j + 1 > s->n ? p->node[s->b].radius : p->point[s->first + j].d;
        l->pt[k].radius = (float)vn_caliber(h->dist, p->um, out[k], t, d0 + (at[k] - (double)j) * (d1 - d0));
    }
    if (!rc)
        carry_radius(p, s, l->pt, l->n);
    vn_free(v);
    vn_free(out);
    vn_free(at);
    return rc;
}

static int node_order(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return x[0] < y[0] ? -1 : x[0] > y[0];
}

static int fill_nodes(struct vn_graph *g, const struct vn_proto *p, const struct vn_buf *skel, int32_t *map, struct vn_err *err)
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
            to->border |= q->v[k] - near < (double)skel->box.lo[k] || q->v[k] + near > (double)skel->box.hi[k] - 1;
        }
    }
    vn_free(order);
    return 0;
}

static int assemble(const struct vn_proto *p, const struct voxels *s, const struct vn_grid *grid, const int32_t *seg, int32_t n_seg,
                    const struct line *line, struct vn_graph **out, struct vn_err *err)
{
    int32_t *map = vn_alloc((uint64_t)(p->n_node + 1) * sizeof *map, err), n_node = 0;
    int64_t n_point = 0, at = 0;
    struct vn_graph *g = NULL;
    int rc = map ? 0 : VN_E_MEMORY;

    for (int32_t i = 0; i < p->n_node; i++)
        n_node += !p->node[i].gone;
    for (int32_t i = 0; i < n_seg; i++)
        n_point += line[i].n;
    if (!rc && !(g = vn_graph_new(n_node, n_seg, n_point, err)))
        rc = VN_E_MEMORY;
    if (!rc) {
        g->unit_um = vn_um_known(grid);
        g->grid = *grid;
        g->box = s->skel->box;
        rc = fill_nodes(g, p, s->skel, map, err);
    }
    for (int32_t i = 0; i < n_seg && !rc; i++) {
        struct vn_segment *to = &g->segment[i];
        to->a = map[p->seg[seg[i]].a];
        to->b = map[p->seg[seg[i]].b];
        to->first = at;
        to->n = (int32_t)line[i].n;
        memcpy(g->point + at, line[i].pt, (size_t)line[i].n * sizeof *g->point);
        at += line[i].n;
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

static int finish(const struct vn_proto *p, const struct voxels *s, const struct vn_buf *dist, const struct vn_grid *grid,
                  struct vn_graph **out, struct vn_job *job, struct vn_err *err)
{
    int32_t *seg = vn_alloc((uint64_t)(p->n_seg + 1) * sizeof *seg, err), n = 0;
    struct line *line = vn_calloc((uint64_t)p->n_seg + 1, sizeof *line, err);
    struct shaper h = { p, dist, fmin(p->um[0], fmin(p->um[1], p->um[2])), seg, line };
    int rc = seg && line ? 0 : VN_E_MEMORY;

    for (int32_t i = 0; i < p->n_seg && !rc; i++)
        if (!p->seg[i].gone)
            seg[n++] = i;
    if (!rc)
        rc = vn_job_for(job, n, shape, &h, err);
    if (!rc)
        rc = assemble(p, s, grid, seg, n, line, out, err);
    for (int32_t i = 0; line && i < n; i++)
        vn_free(line[i].pt);
    vn_free(line);
    vn_free(seg);
    return rc;
}

int vn_skelgraph(const struct vn_buf *skel, const struct vn_buf *dist, const struct vn_grid *grid, const struct vn_skelgraph_opt *o,
                 struct vn_graph **out, struct vn_skelgraph_info *info, struct vn_job *job, struct vn_err *err)
{
    struct voxels s = { .skel = skel };
    struct vn_proto p = { .um = { 1, 1, 1 } };
    int rc;

    *out = NULL;
    memset(info, 0, sizeof *info);
    if (vn_um_known(grid))
        memcpy(p.um, grid->um, sizeof p.um);
    vn_job_stage(job, "tracing");
    rc = collect(&s, job, err);
    info->n_voxel = s.n;
    if (!rc)
        rc = make_proto(&s, dist, &p, job, err);
    if (!rc)
        rc = vn_proto_prune(&p, o->prune, o->shortest, &info->n_pruned, err);
    vn_job_stage(job, "centrelines");
    if (!rc)
        rc = finish(&p, &s, dist, grid, out, job, err);
    vn_proto_free(&p);
    voxels_free(&s);
    return rc;
}
