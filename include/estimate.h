/* estimate.h - what an operation will need, before it runs.
 *
 * Memory is counted: the buffers that the run will hold, by the same plan.  Time is measured: the operation runs on
 * small blocks of the region, whose memory is not fresh, and what that took is scaled by the work of all blocks with their halos;
 * to which comes the first touch of what memory must come from the system, what the pool holds being taken first.  When it ran
 * with the same parameters in this process before, what that run took without fresh memory is scaled instead. */
#ifndef VN_ESTIMATE_H
#define VN_ESTIMATE_H
#include "op.h"

/* What runs of operations took, for the estimates that follow; kept while the process lives.  key: operation, parameters before
 * they were settled, types, threads, device. */
enum vn_part { VN_PART_PREPARE, VN_PART_BLOCKS };
struct vn_key vn_rate_key(const struct vn_op *op, const struct vn_args *a, struct vn_vol *const *in);
void vn_rate_learn(struct vn_key key, enum vn_part part, double seconds, double work);
bool vn_rate_get(struct vn_key key, enum vn_part part, double *seconds_per_work);
double vn_rate_clock(void);         /* seconds */
/* What a part of a run took: since the mark, without what the threads spent in the system where all inputs are in memory, as that
 * is fresh memory, which costs what the machine's other tenants left of it and is counted apart. */
struct vn_rate_mark { double at, system, idle; };
struct vn_rate_mark vn_rate_mark(struct vn_vol *const *in, int n_in);
double vn_rate_since(const struct vn_rate_mark *m);
void vn_rate_learn_fresh(const struct vn_rate_mark *m, double bytes);      /* that many were held since the mark: how dear fresh ones were */
extern int vn_rate_clock_id;        /* CLOCK_MONOTONIC; benchmarks with one thread: that of the processor, as others run beside them */
/* The costs of all parts; of blocks: the sum of their work, the most that is held at once, buffers of inputs included. */
struct vn_cost vn_op_prepare_cost(const struct vn_op *op, const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in,
                                  const struct vn_box *stat_box);
struct vn_cost vn_op_blocks_cost(const struct vn_op *op, const struct vn_args *a, const struct vn_plan *p, struct vn_vol *const *in,
                                 const struct vn_box *region, const int64_t dim[3], const struct vn_share *share);
#endif
