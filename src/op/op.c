/* op.c - runs operations: blocks that fit the memory budget, inputs with their halo, the output volume in memory.
 * An operation with a kernel runs on the GPU where there is one: in smaller blocks when its memory does not suffice,
 * and on the CPU when even one plane is too much.  Neither blocks nor the device change results. */
#include "op.h"
#include "accel.h"
#include "estimate.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "mem.h"
#include "text.h"

enum { MAX_IN = 4 };

const struct vn_op *vn_op_find(const char *name)
{
    for (const struct vn_op *const *o = vn_op_table; *o; o++)
        if (strcmp((*o)->name, name) == 0)
            return *o;
    return NULL;
}

double vn_op_input_bytes(const struct vn_op *op, const struct vn_args *a, const struct vn_plan *p, struct vn_vol *const *in, int i,
                         const struct vn_box *out)
{
    const enum vn_type t = p->in_type[i] == VN_N_TYPE ? in[i]->src->type : p->in_type[i];
    struct vn_box need = vn_box_grow(out, p->halo);

    if (op->map)
        op->map(a, p, in[0], out, &need);
    if (vn_vol_data(in[i]).data && in[i]->src->type == t && vn_box_contains(&in[i]->box, &need))
        return 0;                                          /* lent */
    return vn_mem_counted((double)vn_box_count(&need) * (double)vn_type_size(t));
}

/* ---- one run ---- */

struct run {
    const struct vn_op *op;
    const struct vn_args *a;
    struct vn_vol *const *in;
    struct vn_plan plan;
    struct vn_box region;
    struct vn_buf out;                    /* of the output volume */
    int64_t dim[3];                       /* of a block */
    int64_t n[3];                         /* blocks along each axis */
    int n_dev, n_cpu;                     /* blocks done where */
    char note[160];                       /* why a block did not run on the GPU */
    int64_t tally[VN_TALLY];
};

static int check_inputs(const struct vn_op *op, struct vn_vol *const *in, const struct vn_box *r, struct vn_err *err)
{
    if (vn_box_count(r) == 0)
        return vn_fail(err, VN_E_ARG, "%s: the region has no voxels", op->name);
    for (int i = 0; i < op->n_in; i++) {
        char name[2][24];
        if (!in[i])
            continue;
        snprintf(name[0], sizeof name[0], "input 1");
        snprintf(name[1], sizeof name[1], "input %d", i + 1);
        int rc = i ? vn_grid_check(&in[0]->grid, name[0], &in[i]->grid, name[1], NULL, err) : 0;
        if (rc)
            return rc;
        const struct vn_box *b = &in[i]->box;
        if (!vn_box_contains(b, r))
            return vn_fail(err, VN_E_ARG,
                           "%s: the region %" PRId64 ":%" PRId64 ",%" PRId64 ":%" PRId64 ",%" PRId64 ":%" PRId64
                           " is not inside the voxels of %s, %" PRId64 ":%" PRId64 ",%" PRId64 ":%" PRId64
                           ",%" PRId64 ":%" PRId64, op->name,
                           r->lo[0], r->hi[0], r->lo[1], r->hi[1], r->lo[2], r->hi[2], name[1],
                           b->lo[0], b->hi[0], b->lo[1], b->hi[1], b->lo[2], b->hi[2]);
    }
    return 0;
}

const struct vn_box *vn_op_stat_box(const struct vn_args *a, const struct vn_vol *v, const struct vn_box *region)
{
    for (int i = 0; i < a->n; i++)
        if (strcmp(a->params[i].name, "stats") == 0 && a->v[i].has && strcmp(a->v[i].s, "region") == 0)
            return region;
    return &v->box;
}

/* Working memory of a block of so many voxels without its halo; where the operation can count it, of one in the middle. */
static double block_bytes(const struct run *r, const int64_t dim[3])
{
    struct vn_box box = r->region;
    struct vn_cost c = { 0 };
    double n = r->plan.mem_host;

    for (int k = 0; k < 3; k++) {
        box.lo[k] += (vn_box_dim(&r->region, k) - dim[k]) / 2;
        box.hi[k] = box.lo[k] + dim[k];
        n *= (double)(dim[k] + 2 * r->plan.halo[k]);
    }
    if (!r->op->cost || r->op->shape == VN_GLOBAL)
        return n;
    r->op->cost(r->a, &r->plan, r->in[0], &box, NULL, &c);
    for (int i = 0; i < r->op->n_in; i++)
        c.bytes += r->in[i] ? vn_op_input_bytes(r->op, r->a, &r->plan, r->in, i, &box) : 0;
    return c.bytes + (double)vn_type_size(r->plan.out_type) * (double)vn_box_count(&box);
}

/* The axis along which the block is made smaller: the one with the most voxels for its halo, so that little is computed
 * twice; without a halo the slowest, so that rows and planes of chunks stay whole.  -1: the block is one voxel. */
static int widest_axis(const struct run *r)
{
    const int64_t *h = r->plan.halo;
    const bool any = h[0] || h[1] || h[2];
    int best = -1;

    for (int k = 2; k >= 0; k--)
        if (r->dim[k] > 1 && (best < 0 || (any && r->dim[k] * (h[best] + 1) > r->dim[best] * (h[k] + 1))))
            best = k;
    return best;
}

/* Whether blocks of dim voxels are too small: with their halos they hold 64 times the voxels of the region with its
 * own.  Such a run would be that much more work than one in a single block. */
static bool mostly_halo(const struct run *r, const int64_t dim[3])
{
    double blocks = 1, whole = 1;

    for (int k = 0; k < 3; k++) {
        const int64_t n = vn_box_dim(&r->region, k), count = (n + dim[k] - 1) / dim[k], twice = 2 * r->plan.halo[k];
        blocks *= (double)(count * ((n + count - 1) / count + twice));
        whole *= (double)(n + twice);
    }
    return blocks > 64 * whole;
}

/* What is in use and stays so: chunks in the cache make room. */
static uint64_t held(void)
{
    const uint64_t used = vn_mem_in_use(), cached = vn_cache_large();
    return used - (cached < used ? cached : used);
}

static int no_room(const struct run *r, double need, struct vn_err *err)
{
    const int64_t *h = r->plan.halo;
    char a[16], b[16];

    need = fmin(need, 1e19);
    return vn_fail(err, VN_E_MEMORY, "%s needs %s of working memory for %" PRId64 "x%" PRId64 "x%" PRId64 " voxels%s, "
                   "and the memory budget is %s: choose a smaller region with 'roi', or start with --memory %.0fM "
                   "or more",
                   r->op->name, vn_text_bytes((uint64_t)need, a), r->dim[0], r->dim[1], r->dim[2],
                   r->op->shape == VN_GLOBAL ? " at once" : h[0] || h[1] || h[2] ? " and their surroundings" : "",
                   vn_text_bytes(vn_mem_budget(), b), ceil((need + (double)held()) / 1e6) + 1);
}

/* Half of what is free. */
static double free_room(void)
{
    const uint64_t used = held(), budget = vn_mem_budget();
    return budget > used ? (double)(budget - used) / 2 : 0;
}

/* Makes the block one step smaller; false where it cannot be, or would be mostly halo. */
static bool shrink(struct run *r)
{
    const int k = r->op->shape == VN_GLOBAL ? -1 : widest_axis(r);
    int64_t dim[3] = { r->dim[0], r->dim[1], r->dim[2] };

    if (k < 0)
        return false;
    dim[k] -= (dim[k] + 7) / 8;
    if (mostly_halo(r, dim))
        return false;
    r->dim[k] = dim[k];
    return true;
}

/* The whole region, cut until a block's working memory is at most `room`, or it cannot be cut further. */
static void cut_blocks(struct run *r, double room)
{
    for (int k = 0; k < 3; k++)
        r->dim[k] = vn_box_dim(&r->region, k);
    while (block_bytes(r, r->dim) > room && shrink(r))
        ;
    for (int k = 0; k < 3; k++) {                          /* equal blocks */
        const int64_t whole = vn_box_dim(&r->region, k), n = (whole + r->dim[k] - 1) / r->dim[k];
        r->dim[k] = (whole + n - 1) / n;
        r->n[k] = (whole + r->dim[k] - 1) / r->dim[k];
    }
}

/* Blocks that fit half of the free memory; the rest is for the chunk cache.  The smallest sensible may take more. */
static int choose_blocks(struct run *r, struct vn_err *err)
{
    for (int k = 0; k < 3; k++)
        r->dim[k] = vn_box_dim(&r->region, k);
    const double whole = block_bytes(r, r->dim);
    if (whole > free_room())                               /* objects that can be made again give way */
        (void)!vn_mem_reserve((uint64_t)fmin(2 * whole, (double)vn_mem_budget() / 2), NULL);
    cut_blocks(r, free_room());
    const double need = block_bytes(r, r->dim);
    return need < 9e18 && vn_mem_reserve((uint64_t)need, NULL) == 0 ? 0 : no_room(r, need, err);
}

void vn_op_blocks(const struct vn_op *op, const struct vn_args *a, struct vn_vol *const *in, const struct vn_plan *p,
                  const struct vn_box *region, int64_t dim[3])
{
    struct run r = { .op = op, .a = a, .in = in, .region = *region, .plan = *p };

    for (int k = 0; k < 3; k++)
        r.dim[k] = vn_box_dim(region, k);
    const double result = (double)vn_box_count(region) * (double)vn_type_size(p->out_type) / 2;
    const double can = fmin(block_bytes(&r, r.dim), (double)vn_mem_budget() / 4);         /* made by what gives way */
    cut_blocks(&r, fmax(free_room() - result, can));
    memcpy(dim, r.dim, sizeof r.dim);
}

/* ---- on the GPU ---- */

/* Whether the block's working memory is within the budget of the GPU's. */
static bool fits_device(const struct run *r, const struct vn_dev *d, const struct vn_box *core)
{
    double need = r->plan.mem_dev;

    for (int k = 0; k < 3; k++)
        need *= (double)(vn_box_dim(core, k) + 2 * r->plan.halo[k]);
    return need <= (double)vn_dev_info(d).budget;
}

/* The longest axis along which the block can be cut, the slowest of equals; -1 where blocks would be mostly halo. */
static int cut_axis(const struct run *r, const struct vn_box *core)
{
    double all = 1, own = 1;
    int axis = 2;

    for (int k = 2; k >= 0; k--) {
        const int64_t n = vn_box_dim(core, k);
        own *= (double)n;
        all *= (double)(n + 2 * r->plan.halo[k]);
        if (n > vn_box_dim(core, axis))
            axis = k;
    }
    return r->op->shape == VN_GLOBAL || own < 2 || all > 8 * own ? -1 : axis;
}

enum outcome { DONE, TOO_LARGE, NOT_DONE };

/* The block on the GPU.  DONE: it is, or *rc is an error that ends the run. NOT_DONE: the CPU has to. */
static enum outcome on_device(struct run *r, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job, int *rc,
                              struct vn_err *err)
{
    struct vn_stream *stream;
    struct vn_dev *d = vn_accel_get(&stream);
    struct vn_err e = { 0 };

    const int code = r->op->dev(d, stream, r->a, &r->plan, in, out, job, &e);
    if (code == VN_E_MEMORY)
        return TOO_LARGE;
    if (code == 0 || code == VN_E_CANCELLED || vn_accel_forced()) {
        r->n_dev += code == 0;
        if (code && err)
            *err = e;
        *rc = code;
        return DONE;
    }
    snprintf(r->note, sizeof r->note, "on the CPU: %.140s", e.msg);
    vn_accel_fail(e.msg);
    return NOT_DONE;
}

static int run_box(struct run *r, const struct vn_box *core, struct vn_job *job, struct vn_err *err);

static int run_halves(struct run *r, const struct vn_box *core, int axis, struct vn_job *job, struct vn_err *err)
{
    struct vn_box half[2] = { *core, *core };

    half[0].hi[axis] = half[1].lo[axis] = core->lo[axis] + vn_box_dim(core, axis) / 2;
    int rc = run_box(r, &half[0], job, err);
    return rc ? rc : run_box(r, &half[1], job, err);
}

/* One block: on the GPU, in halves where that has too little memory, or on the CPU. */
static int run_box(struct run *r, const struct vn_box *core, struct vn_job *job, struct vn_err *err)
{
    struct vn_box grown = vn_box_grow(core, r->plan.halo);
    const struct vn_dev *d = r->op->dev ? vn_accel_get(NULL) : NULL;
    const int axis = cut_axis(r, core);
    struct vn_buf in[MAX_IN] = { { 0 } }, out = vn_buf_view(&r->out, core);
    enum outcome how = d && !fits_device(r, d, core) ? TOO_LARGE : NOT_DONE;
    int rc = vn_job_check(job, err);                            /* lets other jobs in: d may be gone after it */

    if (r->op->map)
        r->op->map(r->a, &r->plan, r->in[0], core, &grown);
    for (int k = 0; rc == 0 && (how == NOT_DONE || axis < 0) && k < r->op->n_in; k++) {
        if (!r->in[k])
            continue;
        enum vn_type t = r->plan.in_type[k] == VN_N_TYPE ? r->in[k]->src->type : r->plan.in_type[k];
        rc = vn_vol_map(r->in[k], t, &grown, r->plan.pad, &in[k], job, err);
    }
    if (rc == 0 && how == NOT_DONE && r->op->dev && vn_accel_get(NULL))  /* reading may let in a job that loses it */
        how = on_device(r, in, &out, job, &rc, err);
    if (how == TOO_LARGE && axis < 0) {
        snprintf(r->note, sizeof r->note, "on the CPU: the GPU's memory does not suffice");
        how = NOT_DONE;
    }
    if (rc == 0 && how == NOT_DONE) {
        rc = r->op->cpu(r->a, &r->plan, in, &out, job, err);
        r->n_cpu++;
    }
    for (int k = 0; k < r->op->n_in; k++)
        vn_buf_free(&in[k]);
    return rc == 0 && how == TOO_LARGE ? run_halves(r, core, axis, job, err) : rc;
}

static int run_block(struct run *r, int64_t i, struct vn_job *job, struct vn_err *err)
{
    const int64_t c[3] = { i % r->n[0], i / r->n[0] % r->n[1], i / r->n[0] / r->n[1] };
    struct vn_box core;

    for (int k = 0; k < 3; k++) {
        core.lo[k] = r->region.lo[k] + c[k] * r->dim[k];
        core.hi[k] = vn_min64(core.lo[k] + r->dim[k], r->region.hi[k]);
    }
    return run_box(r, &core, job, err);
}

static int run_blocks(struct run *r, struct vn_job *job, struct vn_err *err)
{
    int rc = choose_blocks(r, err);
    const int64_t n_block = rc ? 0 : r->n[0] * r->n[1] * r->n[2];

    for (int64_t i = 0; rc == 0 && i < n_block; i++) {
        rc = run_block(r, i, job, err);
        if (n_block > 1)
            vn_job_step(job, (uint64_t)i + 1, (uint64_t)n_block);
    }
    return rc;
}

/* The blocks, read from what the operation sees. */
static int run_seen(struct run *r, struct vn_job *job, struct vn_err *err)
{
    struct vn_vol *const *in = r->in, *seen[MAX_IN] = { NULL };

    if (!r->op->see)
        return run_blocks(r, job, err);
    memcpy(seen, in, (size_t)r->op->n_in * sizeof *seen);
    if (!(seen[0] = r->op->see(r->a, in[0], err)))
        return VN_E_MEMORY;
    r->in = seen;
    const int rc = run_blocks(r, job, err);
    r->in = in;
    vn_vol_unref(seen[0]);
    return rc;
}

int vn_op_run(const struct vn_op *op, struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region,
              struct vn_vol **out, struct vn_ran *ran, struct vn_job *job, struct vn_err *err)
{
    struct run r = { .op = op, .a = a, .in = in, .region = *region };
    struct vn_vol *v = NULL;
    struct vn_err e;
    int rc = check_inputs(op, in, region, err);
    const struct vn_key rate = vn_rate_key(op, a, in);
    const struct vn_box *stat = vn_op_stat_box(a, in[0], region);
    const struct vn_rate_mark start = vn_rate_mark(in, op->n_in);
    struct vn_rate_mark began = start;
    double prepared;

    if (rc == 0 && op->prepare)
        rc = op->prepare(a, in, stat, job, err);
    prepared = vn_rate_since(&began);
    if (rc || (rc = op->plan(a, in, region, &r.plan, err)))
        return rc;
    vn_rate_learn(rate, VN_PART_PREPARE, prepared, vn_op_prepare_cost(op, a, &r.plan, in[0], stat).work);
    began = vn_rate_mark(in, op->n_in);
    for (int k = 0; k < 3 && op->shape != VN_STENCIL; k++)
        r.plan.halo[k] = 0;
    r.plan.tally = r.tally;
    if (op->map)
        r.region = r.plan.box;
    const struct vn_grid *grid = op->map ? &r.plan.grid : &in[0]->grid;
    if (!(v = vn_vol_new(r.plan.out_kind, r.plan.out_type, grid, &r.region, &e)))
        return vn_fail(err, (enum vn_code)e.code, "%s: the result does not fit: %s", op->name, e.msg);
    if (in[0]->orientation && !(v->orientation = vn_strdup(in[0]->orientation, err))) {
        vn_vol_unref(v);
        return VN_E_MEMORY;
    }
    r.out = vn_vol_data(v);
    if ((rc = run_seen(&r, job, err))) {
        vn_vol_unref(v);
        return rc;
    }
    const int64_t n_block = r.n[0] * r.n[1] * r.n[2];
    const struct vn_cost blocks = vn_op_blocks_cost(op, a, &r.plan, in, &r.region, r.dim, NULL);
    vn_rate_learn(rate, VN_PART_BLOCKS, vn_rate_since(&began), blocks.work);
    vn_rate_learn_fresh(&start, blocks.bytes + (double)vn_box_count(&r.region) * (double)vn_type_size(r.plan.out_type));
    if (ran) {
        *ran = (struct vn_ran) { .device = r.n_cpu == 0 ? "cuda" : r.n_dev == 0 ? "cpu" : "cuda and cpu",
                                 .n_block = r.n_cpu + r.n_dev };
        memcpy(ran->tally, r.tally, sizeof ran->tally);
        if (r.note[0])
            memcpy(ran->note, r.note, sizeof ran->note);
        else if (ran->n_block > n_block)
            snprintf(ran->note, sizeof ran->note, "in %d blocks that fit the GPU's memory", ran->n_block);
        else if (n_block > 1)
            snprintf(ran->note, sizeof ran->note, "in %" PRId64 " blocks of %" PRId64 "x%" PRId64 "x%" PRId64 " voxels",
                     n_block, r.dim[0], r.dim[1], r.dim[2]);
    }
    *out = v;
    return 0;
}
