/* cluster.c - first homology (mod 2) of a cluster of voxels, with edges that carry its generators.
 *
 * A spanning tree makes every other edge a generator of the cycles; every triangle is a relation between at most three of
 * them.  Generators that relations do not express by earlier ones are the loops. */
#include "cluster.h"
#include <stdlib.h>
#include <string.h>
#include "mem.h"

struct nbr { int32_t v, gen; };             /* neighbour; generator of the edge, 0 = trivial (tree edges) */
struct complex {
    int32_t n, n_gen;                       /* generators are 1..n_gen */
    int32_t *start;                         /* nbr[start[i]] ... : neighbours of i, rising */
    struct nbr *nbr;
    int32_t *parent, *gen_a, *gen_b, *uf;
    int32_t (*rel)[3]; int64_t n_rel;       /* triangles, not yet used up */
};

static bool adjacent(const int32_t a[3], const int32_t b[3])
{
    return abs(a[0] - b[0]) <= 1 && abs(a[1] - b[1]) <= 1 && abs(a[2] - b[2]) <= 1;
}

/* v is in raster order: neighbours lie within the next plane. */
static int build(struct complex *c, const int32_t (*v)[3], int32_t n, struct vn_err *err)
{
    int32_t *deg = vn_calloc((uint64_t)n + 1, sizeof *deg, err);

    c->n = n;
    c->start = vn_calloc((uint64_t)n + 2, sizeof *c->start, err);
    c->nbr = vn_alloc((uint64_t)n * 26 * sizeof *c->nbr, err);
    if (!deg || !c->start || !c->nbr) {
        vn_free(deg);
        return VN_E_MEMORY;
    }
    for (int pass = 0; pass < 2; pass++) {
        for (int32_t i = 0; i < n; i++)
            for (int32_t k = i + 1; k < n && v[k][2] <= v[i][2] + 1; k++) {
                if (v[k][2] == v[i][2] + 1 && v[k][1] > v[i][1] + 1)
                    break;
                if (!adjacent(v[i], v[k]))
                    continue;
                if (pass) {
                    c->nbr[c->start[i] + deg[i]++] = (struct nbr){ k, -1 };
                    c->nbr[c->start[k] + deg[k]++] = (struct nbr){ i, -1 };
                } else {
                    c->start[i + 1]++;
                    c->start[k + 1]++;
                }
            }
        for (int32_t i = 0; i < n && !pass; i++)
            c->start[i + 1] += c->start[i];
    }
    vn_free(deg);
    return 0;
}

static struct nbr *find(const struct complex *c, int32_t a, int32_t b)
{
    for (int32_t i = c->start[a]; i < c->start[a + 1]; i++)
        if (c->nbr[i].v == b)
            return &c->nbr[i];
    return NULL;
}

/* Breadth-first tree from voxel 0; numbers the other edges in order of (lower, higher) voxel. */
static int tree(struct complex *c, struct vn_err *err)
{
    int32_t *queue = vn_alloc((uint64_t)c->n * sizeof *queue, err), head = 0, tail = 0;
    const uint64_t m = (uint64_t)c->start[c->n] / 2 + 2;

    c->parent = vn_alloc((uint64_t)c->n * sizeof *c->parent, err);
    c->gen_a = vn_alloc(m * sizeof *c->gen_a, err);
    c->gen_b = vn_alloc(m * sizeof *c->gen_b, err);
    c->uf = vn_alloc(m * sizeof *c->uf, err);
    if (!queue || !c->parent || !c->gen_a || !c->gen_b || !c->uf) {
        vn_free(queue);
        return VN_E_MEMORY;
    }
    memset(c->parent, 0xff, (size_t)c->n * sizeof *c->parent);
    c->parent[0] = 0;
    queue[tail++] = 0;
    while (head < tail) {
        const int32_t i = queue[head++];
        for (int32_t k = c->start[i]; k < c->start[i + 1]; k++) {
            const int32_t u = c->nbr[k].v;
            if (c->parent[u] >= 0)
                continue;
            c->parent[u] = i;
            queue[tail++] = u;
            c->nbr[k].gen = 0;
            find(c, u, i)->gen = 0;
        }
    }
    vn_free(queue);
    c->uf[0] = 0;
    for (int32_t i = 0; i < c->n; i++)
        for (int32_t k = c->start[i]; k < c->start[i + 1]; k++)
            if (c->nbr[k].gen < 0) {
                const int32_t g = ++c->n_gen;
                c->nbr[k].gen = find(c, c->nbr[k].v, i)->gen = g;
                c->gen_a[g] = i;
                c->gen_b[g] = c->nbr[k].v;
                c->uf[g] = g;
            }
    return 0;
}

static int triangles(struct complex *c, struct vn_err *err)
{
    int64_t cap = 0;

    for (int32_t i = 0; i < c->n; i++)
        for (int32_t k = c->start[i]; k < c->start[i + 1]; k++)
            for (int32_t l = k + 1; l < c->start[i + 1] && c->nbr[k].v > i; l++) {
                const struct nbr *far = c->nbr[l].v > i ? find(c, c->nbr[k].v, c->nbr[l].v) : NULL;
                if (!far)
                    continue;
                if (c->n_rel == cap) {
                    cap = cap ? 2 * cap : 64;
                    void *r = vn_realloc(c->rel, (uint64_t)cap * sizeof *c->rel, err);
                    if (!r)
                        return VN_E_MEMORY;
                    c->rel = r;
                }
                const int32_t t[3] = { c->nbr[k].gen, c->nbr[l].gen, far->gen };
                memcpy(c->rel[c->n_rel++], t, sizeof t);
            }
    return 0;
}

static int32_t root(int32_t *uf, int32_t i)
{
    while (uf[i] != i)
        i = uf[i] = uf[uf[i]];
    return i;
}

static void merge(int32_t *uf, int32_t a, int32_t b)
{
    uf[a < b ? b : a] = a < b ? a : b;
}

/* Uses up the relations that make a generator trivial or two equal, until only sums of three are left. */
static void propagate(struct complex *c)
{
    bool again = true;

    while (again) {
        int64_t left = 0;
        again = false;
        for (int64_t i = 0; i < c->n_rel; i++) {
            int32_t a = root(c->uf, c->rel[i][0]), b = root(c->uf, c->rel[i][1]), d = root(c->uf, c->rel[i][2]);
            if (a == b || a == d || b == d || !a || !b || !d) {
                /* Equal ones cancel; what is left over is trivial or the two are equal. */
                const int32_t x = a == b ? d : a == d ? b : b == d ? a : !a ? b : !b ? d : a;
                const int32_t y = a == b || a == d || b == d ? 0 : !a ? d : !b ? a : b;
                if (x != y) {
                    merge(c->uf, x, y);
                    again = true;
                }
                continue;
            }
            memcpy(c->rel[left++], (const int32_t[3]){ a, b, d }, sizeof c->rel[0]);
        }
        c->n_rel = left;
    }
}

static int by_number(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

    return x < y ? -1 : x > y;
}

/* Sum mod 2 of two sorted rows. */
static int32_t add_rows(const int32_t *a, int32_t na, const int32_t *b, int32_t nb, int32_t *out)
{
    int32_t i = 0, k = 0, n = 0;

    while (i < na || k < nb) {
        if (k == nb || (i < na && a[i] < b[k]))
            out[n++] = a[i++];
        else if (i == na || b[k] < a[i])
            out[n++] = b[k++];
        else
            i++, k++;
    }
    return n;
}

/* Elimination of what is left: is_pivot[g] for the generators that the others express. */
static int eliminate(struct complex *c, uint8_t *is_pivot, struct vn_err *err)
{
    const uint64_t m = (uint64_t)c->n_gen + 1;
    int32_t **row = vn_calloc(m, sizeof *row, err), *len = vn_calloc(m, sizeof *len, err);
    int32_t *work = vn_alloc(2 * m * sizeof *work, err);
    int rc = row && len && work ? 0 : VN_E_MEMORY;

    for (int64_t i = 0; i < c->n_rel && !rc; i++) {
        int32_t *now = work, *next = work + m, n = 3;
        memcpy(now, c->rel[i], sizeof c->rel[i]);
        qsort(now, 3, sizeof *now, by_number);
        while (n && row[now[n - 1]]) {
            const int32_t p = now[n - 1];
            n = add_rows(now, n, row[p], len[p], next);
            int32_t *t = now;
            now = next;
            next = t;
        }
        if (!n)
            continue;
        const int32_t p = now[n - 1];
        row[p] = vn_alloc((uint64_t)n * sizeof *row[p], err);
        if (!row[p]) {
            rc = VN_E_MEMORY;
            break;
        }
        memcpy(row[p], now, (size_t)n * sizeof *now);
        len[p] = n;
        is_pivot[p] = 1;
    }
    for (uint64_t i = 0; row && i < m; i++)
        vn_free(row[i]);
    vn_free(row);
    vn_free(len);
    vn_free(work);
    return rc;
}

/* Tree and loop edges without dead ends: core[], edges among core voxels. */
static int strip(const struct complex *c, const uint8_t *loop, int32_t *core, int32_t (**edge)[2], int32_t *n_edge, struct vn_err *err)
{
    int32_t *deg = vn_calloc((uint64_t)c->n, sizeof *deg, err), m = 0;
    int32_t (*e)[2] = vn_alloc(((uint64_t)c->n + (uint64_t)c->n_gen) * sizeof *e, err);
    bool again = true;

    if (!deg || !e) {
        vn_free(deg);
        vn_free(e);
        return VN_E_MEMORY;
    }
    for (int32_t i = 1; i < c->n; i++)
        memcpy(e[m++], (const int32_t[2]){ c->parent[i], i }, sizeof *e);
    for (int32_t g = 1; g <= c->n_gen; g++)
        if (loop[g])
            memcpy(e[m++], (const int32_t[2]){ c->gen_a[g], c->gen_b[g] }, sizeof *e);
    for (int32_t i = 0; i < c->n; i++)
        core[i] = i;
    for (int32_t i = 0; i < m; i++) {
        deg[e[i][0]]++;
        deg[e[i][1]]++;
    }
    while (again) {
        int32_t left = 0;
        again = false;
        for (int32_t i = 0; i < m; i++) {
            const int32_t a = e[i][0], b = e[i][1];
            if (deg[a] > 1 && deg[b] > 1) {
                memmove(e[left++], e[i], sizeof *e);
                continue;
            }
            core[deg[a] == 1 ? a : b] = deg[a] == 1 ? b : a;
            deg[a]--;
            deg[b]--;
            again = true;
        }
        m = left;
    }
    for (int32_t i = 0; i < c->n; i++)
        while (core[core[i]] != core[i])
            core[i] = core[core[i]];
    vn_free(deg);
    *edge = e;
    *n_edge = m;
    return 0;
}

int vn_cluster_core(const int32_t (*v)[3], int32_t n, int32_t *core, int32_t (**edge)[2], int32_t *n_edge, struct vn_err *err)
{
    struct complex c = { 0 };
    uint8_t *loop = NULL;
    int32_t n_loop = 0;
    int rc = 0;

    *edge = NULL;
    *n_edge = 0;
    memset(core, 0, (size_t)n * sizeof *core);
    if (n < 4)
        return 0;
    rc = build(&c, v, n, err);
    if (!rc)
        rc = tree(&c, err);
    if (!rc)
        rc = triangles(&c, err);
    if (!rc && !(loop = vn_calloc((uint64_t)c.n_gen + 1, 1, err)))
        rc = VN_E_MEMORY;
    if (!rc) {
        propagate(&c);
        rc = eliminate(&c, loop, err);
    }
    for (int32_t g = 1; g <= c.n_gen && !rc; g++)
        n_loop += loop[g] = root(c.uf, g) == g && !loop[g];
    if (!rc && n_loop)
        rc = strip(&c, loop, core, edge, n_edge, err);
    vn_free(loop);
    vn_free(c.rel);
    vn_free(c.uf);
    vn_free(c.gen_a);
    vn_free(c.gen_b);
    vn_free(c.parent);
    vn_free(c.nbr);
    vn_free(c.start);
    return rc;
}
