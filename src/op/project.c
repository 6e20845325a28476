/* project.c - projections, read slab by slab in z; every voxel of the result is one running value, fed in the order of the planes. */
#include "project.h"
#include <math.h>
#include "mem.h"

enum { SLAB_SHARE = 16, SLAB_MOST = 256 << 20 };       /* of the memory budget; bytes */
#define NONE UINT32_MAX

struct project {
    const struct vn_project_in *in;
    const struct vn_buf *slab;     /* f64, which holds every type */
    double *value;
    uint32_t *at;                  /* plane of the extreme, counted from box.lo; mean: values summed.  NONE, 0: nothing yet */
    int64_t n[3];
};

static inline void take(const struct vn_project_in *in, double *value, uint32_t *at, double v, uint32_t plane)
{
    if (v != v)
        return;
    if (in->method == VN_PROJECT_MEAN) {
        *value += v;
        ++*at;
    } else if (*at == NONE || (in->method == VN_PROJECT_MAX ? v > *value : v < *value) || (in->last && v == *value)) {
        *value = v;
        *at = plane;
    }
}

/* Plane i of the slab, axis x or y: results of its own. */
static int take_plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct project *p = ctx;
    const struct vn_buf *s = p->slab;
    const int64_t z = s->box.lo[2] - p->in->box.lo[2] + i;
    (void)err;
    for (int64_t y = 0; y < p->n[1]; y++) {
        const double *row = (const double *)s->data + i * s->stride[1] + y * s->stride[0];
        for (int64_t x = 0; x < p->n[0]; x++) {
            const int64_t to = p->in->axis == 0 ? z * p->n[1] + y : z * p->n[0] + x;
            take(p->in, p->value + to, p->at + to, row[x], (uint32_t)(p->in->axis == 0 ? x : y));
        }
    }
    return 0;
}

/* Row y of all planes of the slab, axis z. */
static int take_rows(void *ctx, int64_t y, struct vn_err *err)
{
    const struct project *p = ctx;
    const struct vn_buf *s = p->slab;
    (void)err;
    for (int64_t i = 0; i < vn_box_dim(&s->box, 2); i++) {
        const double *row = (const double *)s->data + i * s->stride[1] + y * s->stride[0];
        const uint32_t plane = (uint32_t)(s->box.lo[2] - p->in->box.lo[2] + i);
        for (int64_t x = 0; x < p->n[0]; x++)
            take(p->in, p->value + y * p->n[0] + x, p->at + y * p->n[0] + x, row[x], plane);
    }
    return 0;
}

static int collect(struct project *p, struct vn_job *job, struct vn_err *err)
{
    const struct vn_box *box = &p->in->box;
    const int64_t bytes = vn_min64((int64_t)(vn_mem_budget() / SLAB_SHARE), SLAB_MOST);
    const int64_t depth = vn_max64(1, bytes / 8 / (p->n[0] * p->n[1]));
    int rc = 0;
    for (int64_t z = box->lo[2]; !rc && z < box->hi[2]; z += depth) {
        struct vn_box part = *box;
        struct vn_buf slab = { 0 };
        part.lo[2] = z;
        part.hi[2] = vn_min64(z + depth, box->hi[2]);
        rc = vn_vol_map(p->in->v, VN_F64, &part, VN_PAD_ZERO, &slab, job, err);
        p->slab = &slab;
        if (!rc)
            rc = p->in->axis == 2 ? vn_job_for_quiet(job, p->n[1], take_rows, p, err)
                                  : vn_job_for_quiet(job, vn_box_dim(&part, 2), take_plane, p, err);
        vn_buf_free(&slab);
        vn_job_step(job, (uint64_t)(part.hi[2] - box->lo[2]), (uint64_t)(box->hi[2] - box->lo[2]));
    }
    return rc;
}

int vn_project(const struct vn_project_in *in, struct vn_vol **out, struct vn_vol **index, struct vn_job *job, struct vn_err *err)
{
    const struct vn_vol *v = in->v;
    const bool mean = in->method == VN_PROJECT_MEAN;
    struct project p = { .in = in };
    struct vn_vol *image = NULL, *depth = NULL;
    struct vn_box flat = in->box;
    int rc = VN_E_MEMORY;

    flat.hi[in->axis] = flat.lo[in->axis] + 1;
    for (int k = 0; k < 3; k++)
        p.n[k] = vn_box_dim(&in->box, k);
    if (index && mean)
        return vn_fail(err, VN_E_USAGE, "a mean is found in no plane: index= is for method=max and min");
    if (p.n[in->axis] >= (int64_t)NONE)
        return vn_fail(err, VN_E_UNSUPPORTED, "a projection takes up to %u planes, not %lld", NONE - 1, (long long)p.n[in->axis]);
    const int64_t n = (int64_t)vn_box_count(&flat);
    const enum vn_kind kind = v->kind == VN_SKELETON || (mean && v->kind != VN_PROB) ? mean ? VN_IMAGE : VN_MASK : v->kind;
    if (!(p.value = vn_calloc((uint64_t)n, sizeof *p.value, err)) || !(p.at = vn_alloc((uint64_t)n * sizeof *p.at, err)) ||
        !(image = vn_vol_new(kind, mean ? VN_F32 : v->src->type, &v->grid, &flat, err)) ||
        (index && !(depth = vn_vol_new(VN_IMAGE, in->box.hi[in->axis] <= 65536 ? VN_U16 : VN_U32, &v->grid, &flat, err))))
        goto out;
    for (int64_t i = 0; i < n; i++)
        p.at[i] = mean ? 0 : NONE;
    rc = collect(&p, job, err);
    if (rc)
        goto out;
    for (int64_t i = 0; i < n; i++)
        if (p.at[i] == (mean ? 0 : NONE)) {
            p.value[i] = NAN;
            p.at[i] = 0;
        } else if (mean) {
            p.value[i] /= p.at[i];
        }
    vn_convert_row(image->src->type, vn_vol_data(image).data, VN_F64, p.value, n);
    *out = image;
    image = NULL;
    if (index) {
        for (int64_t i = 0; i < n; i++)
            p.at[i] += (uint32_t)in->box.lo[in->axis];
        vn_convert_row(depth->src->type, vn_vol_data(depth).data, VN_U32, p.at, n);
        *index = depth;
        depth = NULL;
    }
out:
    vn_vol_unref(image);
    vn_vol_unref(depth);
    vn_free(p.value);
    vn_free(p.at);
    return rc;
}
