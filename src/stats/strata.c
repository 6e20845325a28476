/* strata.c - errors by vessel radius, by distance to a branch point and by depth.
 *
 * Every place of the centreline names the stratum of its radius and that of its way to a branch point, in a byte each, in
 * the voxel it lies in; the names then spread through the truth in steps to the 26 neighbours, first come, first served, on
 * one thread: always in the same order. */
#include "strata.h"

#include <math.h>

#include "mem.h"

struct work {
    const struct vn_graph *g;
    const struct vn_bits *truth;
    const struct vn_strata_opt *o;
    struct vn_strata *out;
    int64_t *rank;                       /* of each word of the truth: its voxels before that word */
    uint16_t *name;                      /* of each voxel of the truth: 0 none yet; else radius stratum + 1, way stratum + 1 in the upper byte */
    int64_t *queue, n_queue;             /* voxels, counted through the box of the truth */
};

/* Stratum of v; beyond the last border the last, infinity one of its own (by branch), -1 where v is not known. */
static int stratum(const struct work *w, enum vn_by by, double v)
{
    const double *e = w->o->edge[by];
    int i = w->o->n_edge[by] - 1;
    if (isnan(v))
        return -1;
    if (by == VN_BY_BRANCH && isinf(v))
        return w->out[by].n - 1;
    while (i > 0 && v < e[i])
        i--;
    return by == VN_BY_DEPTH && i == w->out[by].n ? i - 1 : i;
}

static void strata_of(const struct work *w, const struct vn_segment *s, const struct vn_spot *p, int at[VN_N_BY])
{
    at[VN_BY_RADIUS] = stratum(w, VN_BY_RADIUS, p->radius);
    at[VN_BY_BRANCH] = stratum(w, VN_BY_BRANCH, s ? vn_branch_way(w->g, s, p->arc) : INFINITY);
    at[VN_BY_DEPTH] = stratum(w, VN_BY_DEPTH, p->voxel[w->o->axis]);
}

static void on_place(void *ctx, const struct vn_segment *s, const struct vn_spot *p, bool covered)
{
    struct work *w = ctx;
    int at[VN_N_BY];
    strata_of(w, s, p, at);
    for (int b = 0; b < VN_N_BY; b++)
        if (at[b] >= 0) {
            w->out[b].of[at[b]].length += p->weight;
            w->out[b].of[at[b]].covered += covered ? p->weight : 0;
        }
}

static void on_gap(void *ctx, const struct vn_segment *s, const struct vn_spot *middle)
{
    struct work *w = ctx;
    int at[VN_N_BY];
    strata_of(w, s, middle, at);
    for (int b = 0; b < VN_N_BY; b++)
        if (at[b] >= 0)
            w->out[b].of[at[b]].breaks++;
}

/* ---- voxels ---- */

/* Number of voxel x of a row of the truth among its voxels; it is one of them. */
static int64_t rank_of(const struct work *w, int64_t x, int64_t row)
{
    const int64_t k = row * w->truth->words + (x >> 6);
    return w->rank[k] + __builtin_popcountll(w->truth->w[k] & ((UINT64_C(1) << (x & 63)) - 1));
}

static void name_voxel(struct work *w, int64_t x, int64_t y, int64_t z, uint16_t name)
{
    if (!vn_bits_get(w->truth, x, y, z))
        return;
    const int64_t row = z * w->truth->dim[1] + y, i = rank_of(w, x, row);
    if (w->name[i])
        return;
    w->name[i] = name;
    w->queue[w->n_queue++] = row * w->truth->dim[0] + x;
}

static void name_place(struct work *w, const struct vn_segment *s, const struct vn_spot *p)
{
    int at[VN_N_BY];
    int64_t v[3];
    strata_of(w, s, p, at);
    for (int a = 0; a < 3; a++)
        v[a] = (int64_t)floor(p->voxel[a]) - w->truth->box.lo[a];
    if (at[VN_BY_RADIUS] >= 0)
        name_voxel(w, v[0], v[1], v[2], (uint16_t)((at[VN_BY_RADIUS] + 1) | (at[VN_BY_BRANCH] + 1) << 8));
}

struct naming { struct work *w; const struct vn_segment *s; };
static void name_step(void *ctx, const struct vn_spot *p) { name_place(((struct naming *)ctx)->w, ((struct naming *)ctx)->s, p); }

static void name_lines(struct work *w)
{
    const struct vn_graph *g = w->g;
    for (int32_t i = 0; i < g->n_segment; i++)
        if (g->segment[i].n > 0)
            vn_walk(g, &g->segment[i], name_step, &(struct naming){ w, &g->segment[i] });
    for (int32_t i = 0; i < g->n_node; i++) {            /* blobs without a segment */
        struct vn_spot p = { .radius = g->node[i].radius };
        for (int a = 0; a < 3; a++)
            p.voxel[a] = g->node[i].p[a] / (g->unit_um ? g->grid.um[a] : 1);
        if (!g->node[i].degree)
            name_place(w, NULL, &p);
    }
}

static int spread(struct work *w, struct vn_job *job, struct vn_err *err)
{
    int rc = 0;
    for (int64_t q = 0; q < w->n_queue && !rc; q++) {
        const int64_t *n = w->truth->dim, row = w->queue[q] / n[0], x = w->queue[q] % n[0], y = row % n[1], z = row / n[1];
        const uint16_t name = w->name[rank_of(w, x, row)];
        for (int64_t dz = -1; dz <= 1; dz++)
            for (int64_t dy = -1; dy <= 1; dy++)
                for (int64_t dx = -1; dx <= 1; dx++)
                    name_voxel(w, x + dx, y + dy, z + dz, name);
        if ((q & 0xffff) == 0)
            rc = vn_job_check(job, err);
    }
    return rc;
}

/* Voxels of `bits`, a part of the truth, into the counter that lies `field` bytes into a stratum. */
static int count_named(struct work *w, const struct vn_bits *bits, size_t field, struct vn_job *job, struct vn_err *err)
{
    uint64_t n[256] = { 0 }, m[256] = { 0 };
    int rc = 0;

    for (int64_t row = 0; row < bits->dim[1] * bits->dim[2] && !rc; row++) {
        for (int64_t k = 0; k < bits->words; k++)
            for (uint64_t u = bits->w[row * bits->words + k]; u; u &= u - 1) {
                const uint16_t v = w->name[rank_of(w, k * 64 + __builtin_ctzll(u), row)];
                n[v & 255]++;
                m[v >> 8]++;
            }
        if ((row & 0xfff) == 0)
            rc = vn_job_check(job, err);
    }
    for (int i = 0; i < VN_MAX_STRATA; i++) {
        *(uint64_t *)((char *)&w->out[VN_BY_RADIUS].of[i] + field) = n[i + 1];
        *(uint64_t *)((char *)&w->out[VN_BY_BRANCH].of[i] + field) = m[i + 1];
    }
    return rc;
}

/* Set voxels of m that lie in [lo, hi) along axis, counted from the corner of its box. */
static uint64_t count_slab(const struct vn_bits *m, int axis, int64_t lo, int64_t hi)
{
    const int64_t from[3] = { 0, axis == 1 ? lo : 0, axis == 2 ? lo : 0 };
    const int64_t to[3] = { 0, axis == 1 ? hi : m->dim[1], axis == 2 ? hi : m->dim[2] };
    uint64_t n = 0;
    for (int64_t z = from[2]; z < to[2]; z++)
        for (int64_t y = from[1]; y < to[1]; y++) {
            const uint64_t *row = vn_bits_row(m, y, z);
            for (int64_t k = axis ? 0 : lo / 64; k < (axis ? m->words : (hi + 63) / 64); k++) {
                uint64_t w = row[k];
                if (!axis && k * 64 < lo)
                    w &= ~UINT64_C(0) << (lo - k * 64);
                if (!axis && k * 64 + 64 > hi)
                    w &= ~UINT64_C(0) >> (k * 64 + 64 - hi);
                n += (uint64_t)__builtin_popcountll(w);
            }
        }
    return n;
}

static void count_depths(struct work *w, const struct vn_errors *e)
{
    const double *edge = w->o->edge[VN_BY_DEPTH];
    const int64_t first = w->truth->box.lo[w->o->axis];
    for (int i = 0; i < w->out[VN_BY_DEPTH].n; i++) {
        struct vn_stratum *s = &w->out[VN_BY_DEPTH].of[i];
        const int64_t lo = (int64_t)edge[i] - first, hi = (int64_t)edge[i + 1] - first;
        s->truth = count_slab(w->truth, w->o->axis, lo, hi);
        s->under = count_slab(&e->of[VN_UNDER], w->o->axis, lo, hi);
        s->missed = count_slab(&e->of[VN_MISSED], w->o->axis, lo, hi);
        s->hit = s->truth - s->under - s->missed;
    }
}

static int count_voxels(struct work *w, const struct vn_errors *e, struct vn_job *job, struct vn_err *err)
{
    const struct vn_bits *t = w->truth;
    const int64_t n_word = t->words * t->dim[1] * t->dim[2];
    int64_t n = 0;
    int rc;

    w->rank = vn_alloc((uint64_t)n_word * sizeof *w->rank, err);
    for (int64_t k = 0; k < n_word && w->rank; k++) {
        w->rank[k] = n;
        n += __builtin_popcountll(t->w[k]);
    }
    w->name = vn_calloc((uint64_t)n, sizeof *w->name, err);
    w->queue = vn_alloc((uint64_t)n * sizeof *w->queue, err);
    rc = w->rank && w->name && w->queue ? 0 : VN_E_MEMORY;
    if (!rc) {
        name_lines(w);
        rc = spread(w, job, err);
    }
    if (!rc)
        rc = count_named(w, &e->of[VN_UNDER], offsetof(struct vn_stratum, under), job, err);
    if (!rc)
        rc = count_named(w, &e->of[VN_MISSED], offsetof(struct vn_stratum, missed), job, err);
    if (!rc)
        rc = count_named(w, t, offsetof(struct vn_stratum, truth), job, err);
    for (int b = 0; b < VN_BY_DEPTH && !rc; b++)
        for (int i = 0; i < w->out[b].n; i++)
            w->out[b].of[i].hit = w->out[b].of[i].truth - w->out[b].of[i].under - w->out[b].of[i].missed;
    vn_free(w->rank);
    vn_free(w->name);
    vn_free(w->queue);
    return rc;
}

static void lay_out(const struct vn_strata_opt *o, double unit, struct vn_strata *out)
{
    for (int b = 0; b < VN_N_BY; b++) {
        const int n = o->n_edge[b];
        out[b] = (struct vn_strata){ .n = b == VN_BY_DEPTH ? n - 1 : b == VN_BY_BRANCH ? n + 1 : n };
        for (int i = 0; i < out[b].n; i++) {
            out[b].of[i].from = i < n ? o->edge[b][i] : INFINITY;
            out[b].of[i].to = i + 1 < n ? o->edge[b][i + 1] : INFINITY;
        }
    }
    for (int i = 0; i < out[VN_BY_DEPTH].n; i++) {
        out[VN_BY_DEPTH].of[i].from *= unit;
        out[VN_BY_DEPTH].of[i].to *= unit;
    }
}

int vn_strata_make(const struct vn_graph *graph, const struct vn_bits *pred, const struct vn_bits *truth, const struct vn_errors *e,
                   const struct vn_strata_opt *o, double near, struct vn_strata out[VN_N_BY], struct vn_breaks *breaks,
                   struct vn_job *job, struct vn_err *err)
{
    struct work w = { .g = graph, .truth = truth, .o = o, .out = out };
    const struct vn_breaks_watch watch = { &w, on_place, on_gap };
    int rc;

    lay_out(o, graph->unit_um ? graph->grid.um[o->axis] : 1, out);
    rc = vn_breaks_count(graph, pred, near, &watch, breaks, err);
    if (!rc)
        rc = count_voxels(&w, e, job, err);
    if (!rc)
        count_depths(&w, e);
    return rc;
}
