/* op.h - operations: volumes in, one volume out; they print nothing and know no names.
 *
 * An operation states what it needs (plan) and does one block (cpu, and dev where there is a kernel); vn_op_run cuts the
 * region into blocks that fit the memory budget, reads each with its halo, and chooses the device.  The cpu function is
 * the specification; dev must give the same bits unless a tolerance is stated. */
#ifndef VN_OP_H
#define VN_OP_H
#include "param.h"
#include "volume.h"

struct vn_dev;
struct vn_stream;

enum vn_shape {
    VN_POINT,      /* output voxel depends on the input voxel alone: any blocks */
    VN_STENCIL,    /* ... on a neighbourhood of plan.halo: any blocks, read with halo */
    VN_GLOBAL,     /* on the whole region (connectivity, distance): one block, background outside */
};
enum { VN_TALLY = 6 };
struct vn_plan {
    int64_t halo[3];
    enum vn_pad pad;
    enum vn_type in_type[4];       /* type each input is delivered in; VN_N_TYPE = as it is */
    enum vn_type out_type;
    enum vn_kind out_kind;
    double mem_host, mem_dev;      /* working memory, bytes per voxel of the haloed block, input and output buffers included */
    double um[3];                  /* voxel size the operation works with; 0 unknown (then voxels, isotropy assumed) */
    /* With op->map: the output's own grid, its box there, and the relation of the grids: the centre of output voxel i lies
     * at (i + 0.5 - shift) * step voxels from the corner of the input's grid. */
    struct vn_grid grid;
    struct vn_box box;
    int64_t shift[3];
    double step[3];
    int64_t *tally;                /* VN_TALLY numbers that cpu counts in, in whole numbers and atomically; NULL: not asked */
};
/* What a block costs, for estimates.  bytes: held by cpu at its peak, beside input and output, in blocks that the memory
 * budget counts; work: in any unit, proportional to its time.  The shares are of a mask's voxels (of what an image has
 * above the threshold), from a sample. */
struct vn_cost { double bytes, work; };
struct vn_share { double set, runs, border; };       /* foreground; beginnings of runs along x; foreground beside background */

struct vn_op {
    const char *name;
    int version;                   /* raised when results change: part of every key */
    enum vn_shape shape;
    int n_in;                      /* 1..4 input volumes, all on the grid of the first; any but the first may be NULL: not given */
    const struct vn_param *params; /* the table its args were parsed with */
    int (*plan)(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *out, struct vn_err *err);
    /* Optional: turns automatic parameters into explicit ones (thresholds from histograms) by vn_args_set on `a`,
     * looking at stat_box of the inputs.  What it sets is what the recipe records. */
    int (*prepare)(struct vn_args *a, struct vn_vol *const *in, const struct vn_box *stat_box, struct vn_job *job, struct vn_err *err);
    /* One block.  in[i].box == out->box grown by the halo (STENCIL), or as map said; in[i] may be lent (read only), and
     * in[i].data == NULL where no such input was given. */
    int (*cpu)(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job, struct vn_err *err);
    /* Optional twin on the device: the same buffers, in host memory. */
    int (*dev)(struct vn_dev *d, struct vn_stream *s, const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in,
               struct vn_buf *out, struct vn_job *job, struct vn_err *err);
    float tol_abs, tol_rel;        /* 0, 0 = exact */
    /* Optional: the output has a grid of its own (plan->grid).  need: what the output box `out` is computed from, in voxels of
     * the input; may reach beyond the volume (padded), or be empty.  plan->halo then only says how much larger than out
     * that is, in output voxels. */
    void (*map)(const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in, const struct vn_box *out, struct vn_box *need);
    /* Optional: the block `out`, and prepare over stat_box.  Without: nothing held, work is the voxels. */
    void (*cost)(const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in, const struct vn_box *out,
                 const struct vn_share *share, struct vn_cost *c);
    void (*prepare_cost)(const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in, const struct vn_box *stat_box,
                         struct vn_cost *c);
    /* Optional, when all is settled: what the blocks are read from in place of the first input, of its grid, box and type.  A reference. */
    struct vn_vol *(*see)(const struct vn_args *a, struct vn_vol *in, struct vn_err *err);
};
extern const struct vn_op *const vn_op_table[];      /* generated from src/op/op_*.c; NULL-ended, sorted by name */
const struct vn_op *vn_op_find(const char *name);

/* Which device vn_op_run may use: chosen once (--device). AUTO opens it when the first operation with a kernel runs. */
enum vn_device_choice { VN_DEVICE_AUTO, VN_DEVICE_CPU, VN_DEVICE_CUDA };
int  vn_op_device(enum vn_device_choice c, int ordinal, uint64_t budget, struct vn_err *err);   /* CUDA without a device fails and says why */
const char *vn_op_device_name(void);                 /* "cpu" or the card's name */
const char *vn_op_device_reason(void);               /* why not the GPU; "" when it is used */
void vn_op_device_close(void);

/* How it was done; device "cpu" or "cuda". */
struct vn_ran { const char *device; int n_block; char note[160]; int64_t tally[VN_TALLY]; };
/* Blocks that vn_op_run would take now, whose voxels are cut from region (plan->box with map) from its first corner on. */
void vn_op_blocks(const struct vn_op *op, const struct vn_args *a, struct vn_vol *const *in, const struct vn_plan *p, const struct vn_box *region,
                  int64_t dim[3]);
/* Where automatic parameters look: the whole volume, or the region with stats=region. */
const struct vn_box *vn_op_stat_box(const struct vn_args *a, const struct vn_vol *v, const struct vn_box *region);
/* Bytes of the buffer that input i of block `out` is read into; 0 where the volume lends its voxels. */
double vn_op_input_bytes(const struct vn_op *op, const struct vn_args *a, const struct vn_plan *p, struct vn_vol *const *in, int i,
                         const struct vn_box *out);

/* Runs op over region (which lies in in[0]->box) and makes the output volume, whose box is the region (plan->box with map).
 * a is changed by prepare.  ran may be NULL. */
int  vn_op_run(const struct vn_op *op, struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region,
               struct vn_vol **out, struct vn_ran *ran, struct vn_job *job, struct vn_err *err);

/* What a run will need, before it runs (estimate.h). */
struct vn_estimate {
    uint64_t voxels;                /* of the result */
    uint64_t stored;                /* bytes of the first input's voxels in the region, as they are stored */
    uint64_t result, peak;          /* bytes of the result; held at most, the result included, beside what is in use before */
    uint64_t room;                  /* bytes that can be had of the memory budget */
    double seconds;                 /* NaN: unknown, as there is no memory to try it */
    int n_block;
    bool learned;                   /* seconds are from an earlier run */
};
/* As vn_op_run; a stays as it is.  counted: the result is counted through afterwards (its histogram), as "threshold" does. */
int vn_op_estimate(const struct vn_op *op, const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, bool counted,
                   struct vn_estimate *out, struct vn_job *job, struct vn_err *err);
#endif
