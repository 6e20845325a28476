/* regions.c - places of a graph looked up in label and tissue volumes, plane by plane. */
#include "regions.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "mem.h"

struct places {                        /* pieces, then segments, then nodes, bucketed by plane */
    const struct vn_graph *g;
    int64_t n, n_plane, *start, *order;
    uint32_t *label;                   /* found at each; 0 none */
};
struct tally { uint32_t label; uint64_t count; };
struct tallies { struct tally *t; int64_t n, cap; int64_t last; };     /* by rising label */

void vn_regions_free(struct vn_regions *r)
{
    vn_free(r->label);
    vn_free(r->count);
    vn_free(r->of_piece);
    vn_free(r->of_segment);
    vn_free(r->of_node);
    memset(r, 0, sizeof *r);
}

static void mean(const struct vn_point *a, const struct vn_point *b, double p[3])
{
    for (int k = 0; k < 3; k++)
        p[k] = 0.5 * ((double)a->p[k] + b->p[k]);
}

/* Voxel of place i: middle of a piece, middle of a segment's length, place of a node; kept inside the graph's box. */
static void voxel_of(const struct vn_graph *g, int64_t i, int64_t v[3])
{
    double p[3];

    if (i < g->n_point) {
        mean(&g->point[i], &g->point[i + 1 < g->n_point ? i + 1 : i], p);
    } else if (i < g->n_point + g->n_segment) {
        /* points are evenly spaced along a segment, so the middle one halves its length */
        const struct vn_segment *s = &g->segment[i - g->n_point];
        mean(&g->point[s->first + (s->n - 1) / 2], &g->point[s->first + s->n / 2], p);
    } else {
        memcpy(p, g->node[i - g->n_point - g->n_segment].p, sizeof p);
    }
    for (int k = 0; k < 3; k++)
        v[k] = vn_min64(vn_max64((int64_t)floor(p[k] / g->grid.um[k]), g->box.lo[k]), g->box.hi[k] - 1);
}

static int bucket(struct places *q, struct vn_err *err)
{
    const struct vn_graph *g = q->g;
    int64_t v[3];

    q->n = g->n_point + g->n_segment + g->n_node;
    q->n_plane = vn_box_dim(&g->box, 2);
    q->start = vn_calloc((uint64_t)q->n_plane + 2, sizeof *q->start, err);
    q->order = vn_alloc((uint64_t)q->n * sizeof *q->order, err);
    q->label = vn_calloc((uint64_t)q->n + 1, sizeof *q->label, err);
    if (!q->start || !q->order || !q->label)
        return VN_E_MEMORY;
    for (int64_t i = 0; i < q->n; i++) {
        voxel_of(g, i, v);
        q->start[v[2] - g->box.lo[2] + 2]++;
    }
    for (int64_t z = 2; z < q->n_plane + 2; z++)
        q->start[z] += q->start[z - 1];
    for (int64_t i = 0; i < q->n; i++) {
        voxel_of(g, i, v);
        q->order[q->start[v[2] - g->box.lo[2] + 1]++] = i;
    }
    return 0;
}

static int add_count(struct tallies *t, uint32_t label, uint64_t count, struct vn_err *err)
{
    int64_t lo = 0, hi = t->n;

    if (t->last < t->n && t->t[t->last].label == label) {
        t->t[t->last].count += count;
        return 0;
    }
    while (lo < hi) {
        const int64_t mid = lo + (hi - lo) / 2;
        if (t->t[mid].label < label)
            lo = mid + 1;
        else
            hi = mid;
    }
    t->last = lo;
    if (lo < t->n && t->t[lo].label == label) {
        t->t[lo].count += count;
        return 0;
    }
    if (t->n == t->cap) {
        const int64_t cap = t->cap ? 2 * t->cap : 64;
        struct tally *more = vn_realloc(t->t, (uint64_t)cap * sizeof *more, err);
        if (!more)
            return VN_E_MEMORY;
        t->t = more;
        t->cap = cap;
    }
    memmove(&t->t[lo + 1], &t->t[lo], (size_t)(t->n - lo) * sizeof *t->t);
    t->t[lo] = (struct tally){ label, count };
    t->n++;
    return 0;
}

/* Counts one slab's voxels by label (0 outside the tissue) and looks its places up. */
static int do_slab(struct places *q, const struct vn_buf *labels, const struct vn_buf *tissue, const struct vn_box *b, struct tallies *t, struct vn_err *err)
{
    int rc = 0;

    for (int64_t z = b->lo[2]; z < b->hi[2] && !rc; z++) {
        for (int64_t y = b->lo[1]; y < b->hi[1] && !rc; y++) {
            const uint32_t *l = labels->data ? (const uint32_t *)labels->data + vn_buf_at(labels, b->lo[0], y, z) : NULL;
            const uint8_t *in = tissue->data ? (const uint8_t *)tissue->data + vn_buf_at(tissue, b->lo[0], y, z) : NULL;
            uint32_t label = 0;
            uint64_t run = 0;
            for (int64_t x = 0; x < b->hi[0] - b->lo[0] && !rc; x++) {
                const uint32_t here = in && !in[x] ? 0 : l ? l[x] : 1;
                if (here != label && run && label)
                    rc = add_count(t, label, run, err);
                run = here == label ? run + 1 : 1;
                label = here;
            }
            if (run && label && !rc)
                rc = add_count(t, label, run, err);
        }
        for (int64_t i = q->start[z - q->g->box.lo[2]]; i < q->start[z - q->g->box.lo[2] + 1]; i++) {
            int64_t v[3];
            voxel_of(q->g, q->order[i], v);
            const bool in = !tissue->data || ((const uint8_t *)tissue->data)[vn_buf_at(tissue, v[0], v[1], v[2])];
            q->label[q->order[i]] = !in ? 0 : labels->data ? ((const uint32_t *)labels->data)[vn_buf_at(labels, v[0], v[1], v[2])] : 1;
        }
    }
    return rc;
}

static int scan(struct places *q, struct vn_vol *tissue, struct vn_vol *labels, struct tallies *t, struct vn_job *job, struct vn_err *err)
{
    const struct vn_box *box = &q->g->box;
    const int64_t plane = vn_box_dim(box, 0) * vn_box_dim(box, 1), thick = vn_max64(1, (16 << 20) / vn_max64(plane, 1));
    int rc = 0;

    for (int64_t z = box->lo[2]; z < box->hi[2] && !rc; z += thick) {
        struct vn_box b = *box;
        struct vn_buf l = { 0 }, m = { 0 };
        b.lo[2] = z;
        b.hi[2] = vn_min64(z + thick, box->hi[2]);
        if (labels)
            rc = vn_vol_map(labels, VN_U32, &b, VN_PAD_ZERO, &l, job, err);
        if (!rc && tissue)
            rc = vn_vol_map(tissue, VN_U8, &b, VN_PAD_ZERO, &m, job, err);
        if (!rc)
            rc = do_slab(q, &l, &m, &b, t, err);
        vn_buf_free(&l);
        vn_buf_free(&m);
        vn_job_step(job, (uint64_t)(b.hi[2] - box->lo[2]), (uint64_t)q->n_plane);
        if (!rc)
            rc = vn_job_check(job, err);
    }
    return rc;
}

static int32_t region_of(const struct vn_regions *r, uint32_t label)
{
    int32_t lo = 0, hi = r->n;

    while (lo < hi) {
        const int32_t mid = lo + (hi - lo) / 2;
        if (r->label[mid] < label)
            lo = mid + 1;
        else
            hi = mid;
    }
    return label && lo < r->n && r->label[lo] == label ? lo : -1;
}

int vn_regions_find(const struct vn_graph *g, struct vn_vol *tissue, struct vn_vol *labels, struct vn_regions *out, struct vn_job *job, struct vn_err *err)
{
    struct places q = { .g = g };
    struct tallies t = { 0 };
    int rc = 0;

    memset(out, 0, sizeof *out);
    if (tissue || labels) {
        vn_job_stage(job, "regions");
        rc = bucket(&q, err);
        if (!rc)
            rc = scan(&q, tissue, labels, &t, job, err);
    } else {
        rc = add_count(&t, 1, vn_box_count(&g->box), err);
    }
    if (!rc) {
        out->label = vn_alloc((uint64_t)t.n * sizeof *out->label, err);
        out->count = vn_alloc((uint64_t)t.n * sizeof *out->count, err);
        out->of_piece = vn_calloc((uint64_t)g->n_point + 1, sizeof *out->of_piece, err);
        out->of_segment = vn_calloc((uint64_t)g->n_segment + 1, sizeof *out->of_segment, err);
        out->of_node = vn_calloc((uint64_t)g->n_node + 1, sizeof *out->of_node, err);
        if (!out->label || !out->count || !out->of_piece || !out->of_segment || !out->of_node)
            rc = VN_E_MEMORY;
    }
    if (!rc) {
        out->n = (int32_t)t.n;
        for (int32_t i = 0; i < out->n; i++) {
            out->label[i] = t.t[i].label;
            out->count[i] = t.t[i].count;
        }
        for (int64_t i = 0; q.label && i < q.n; i++) {
            const int32_t r = region_of(out, q.label[i]);
            if (i < g->n_point)
                out->of_piece[i] = r;
            else if (i < g->n_point + g->n_segment)
                out->of_segment[i - g->n_point] = r;
            else
                out->of_node[i - g->n_point - g->n_segment] = r;
        }
    }
    vn_free(t.t);
    vn_free(q.start);
    vn_free(q.order);
    vn_free(q.label);
    if (rc)
        vn_regions_free(out);
    return rc;
}
