/* skelgraph.c - skeleton voxels to chains and nodes: the topology. */
#include "skelgraph.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "cluster.h"
#include "mem.h"
#include "proto.h"

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
        rc = vn_proto_graph(&p, &skel->box, dist, grid, out, job, err);
    vn_proto_free(&p);
    voxels_free(&s);
    return rc;
}
