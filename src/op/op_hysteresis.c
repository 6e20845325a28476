/* op_hysteresis.c - threshold with hysteresis (Canny 1986): the 26-connected components of the voxels from `low` on that
 * contain a voxel from `high` on.  Components end at the border of the region. */
#include "autothresh.h"
#include "filter.h"
#include "label.h"
#include "mem.h"
#include "op.h"

static int prepare(struct vn_args *a, struct vn_vol *const *in, const struct vn_box *stat_box, struct vn_job *job, struct vn_err *err)
{
    int rc = vn_threshold_resolve(a, in[0], stat_box, job, err);
    return rc == 0 && !vn_args_has(a, "high") ? vn_fail(err, VN_E_USAGE, "hysteresis needs high=") : rc;
}

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *p, struct vn_err *err)
{
    const enum vn_type t = in[0]->src->type;
    (void)a;
    (void)region;
    (void)err;

    *p = (struct vn_plan) { .in_type = { t == VN_U32 || t == VN_I32 || t == VN_F64 ? VN_F64 : VN_F32 }, .out_type = VN_U8,
                            .out_kind = VN_MASK, .mem_host = 12 };
    for (int k = 0; k < 3; k++)
        p->um[k] = in[0]->grid.um[k];
    return 0;
}

struct cut { const struct vn_buf *in, *out; double low; };

static int plane(void *ctx, int64_t i, struct vn_err *err)
{
    const struct cut *c = ctx;
    const struct vn_box *b = &c->out->box;
    const int64_t n = vn_box_dim(b, 0);
    (void)err;

    for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
        const int64_t at = vn_buf_at(c->in, b->lo[0], y, b->lo[2] + i);
        uint8_t *to = (uint8_t *)c->out->data + vn_buf_at(c->out, b->lo[0], y, b->lo[2] + i);
        for (int64_t x = 0; x < n; x++)
            to[x] = (c->in->type == VN_F32 ? (double)((const float *)c->in->data)[at + x] : ((const double *)c->in->data)[at + x]) >= c->low;
    }
    return 0;
}

/* keep[label - 1] = 1 when a voxel of the component reaches high. */
static void find_high(const struct vn_runs *r, const struct vn_buf *in, double high, uint8_t *keep)
{
    const int64_t ny = vn_box_dim(&r->box, 1);

    for (int64_t row = 0; row < r->n_row; row++) {
        const int64_t at = vn_buf_at(in, r->box.lo[0], r->box.lo[1] + row % ny, r->box.lo[2] + row / ny);
        for (uint32_t k = r->row[row]; k < r->row[row + 1]; k++)
            for (int64_t x = r->run[k].x0; x < r->run[k].x1 && !keep[r->label[k] - 1]; x++)
                keep[r->label[k] - 1] = (in->type == VN_F32 ? (double)((const float *)in->data)[at + x] : ((const double *)in->data)[at + x]) >= high;
    }
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job,
               struct vn_err *err)
{
    struct cut c = { in, out, vn_args_real(a, "low") };
    struct vn_runs runs = { 0 };
    uint8_t *keep = NULL;
    int rc = vn_job_for_quiet(job, vn_box_dim(&out->box, 2), plane, &c, err);
    (void)p;

    if (rc || (rc = vn_runs_build(out, false, &runs, job, err)) || (rc = vn_runs_label(&runs, 26, job, err)))
        goto out;
    if (!(keep = vn_calloc(runs.count, 1, err))) {
        rc = VN_E_MEMORY;
        goto out;
    }
    find_high(&runs, in, vn_args_real(a, "high"), keep);
    rc = vn_runs_paint(&runs, keep, out, job, err);
out:
    vn_free(keep);
    vn_runs_free(&runs);
    return rc;
}

static void cost(const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in, const struct vn_box *out, const struct vn_share *share,
                 struct vn_cost *c)
{
    (void)a;
    (void)p;
    (void)in;
    const double runs = (share ? share->runs : VN_RUNS_TYPICAL) * (double)vn_box_count(out);
    c->bytes = vn_runs_bytes(out, runs);
    c->work = (double)vn_box_count(out) + VN_RUN_WORK * runs;
}

const struct vn_op vn_op_hysteresis = { .name = "hysteresis", .version = 1, .shape = VN_GLOBAL, .n_in = 1, .params = vn_threshold_params, .plan = plan,
                                        .prepare = prepare, .cpu = cpu, .cost = cost, .prepare_cost = vn_threshold_cost };
