/* propose.c - what a person should look at in a mask: gaps in vessels, and specks. */
#include "repair.h"
#include "mem.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

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

/* ---- bridges ---- */

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
    const struct vn_grid *g = &in->mask->grid;
    struct vn_gaps_in what = { .image = in->image, .reach = vn_gaps_reach(&in->rule, g->um) };
    struct vn_buf mask = { 0 };
    struct vn_gaps gaps = { 0 };
    int64_t taken;
    for (int k = 0; k < 3 && vn_um_known(g); k++)
        what.um[k] = g->um[k];
    int rc = vn_vol_map(in->mask, VN_U8, &in->mask->box, VN_PAD_ZERO, &mask, job, err);
    what.mask = &mask;
    if (!rc)
        rc = vn_gaps_find(&what, &gaps, job, err);
    vn_buf_free(&mask);
    if (!rc)
        rc = vn_gaps_select(&gaps, &in->rule, &taken, err);
    for (int64_t i = 0; i < gaps.n && !rc; i++) {
        struct vn_proposal p = { .kind = VN_PROPOSE_BRIDGE, .bridge = gaps.v[i].bridge, .score = gaps.v[i].score };
        if (gaps.v[i].state == VN_GAP_TAKEN && !(rc = count(in, &p, job, err)))
            rc = add(l, &p, err);
    }
    vn_gaps_free(&gaps);
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
    int rc = in->rule.gap > 0 ? bridges(in, &l, job, err) : 0;
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
