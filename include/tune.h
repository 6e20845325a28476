/* tune.h - the chain image -> filters -> probability -> threshold -> clean over one region, with what lies between the
 * steps kept, so that a changed parameter computes only what depends on it.
 *
 * The mask has the bytes that the operations give when run one after the other with the same arguments.  Automatic
 * parameters are settled by the operations' own rules, and again when what they look at changes.  Not thread-safe: from
 * one job at a time. */
#ifndef VN_TUNE_H
#define VN_TUNE_H
#include "op.h"
#include "repair.h"

enum { VN_TUNE_STEPS = 4 };
struct vn_tune_set {                     /* one setting */
    int n_step;
    const struct vn_op *op[VN_TUNE_STEPS];       /* filters, first to last; the last gives what is cut */
    struct vn_args step[VN_TUNE_STEPS];
    struct vn_args cut;                  /* vn_threshold_params: low, or low and high */
    struct vn_args clean;                /* vn_clean_params */
    struct vn_length gap; double min_score;      /* of repair, with the input as its image; gap 0: not done */
};
void vn_tune_set_free(struct vn_tune_set *s);
int  vn_tune_set_copy(struct vn_tune_set *to, const struct vn_tune_set *from, struct vn_err *err);

struct vn_tune_numbers {
    uint64_t voxels, total;              /* of the mask; of the region */
    uint64_t components;                 /* 26-connected */
    int64_t euler;
    double length;                       /* 2 x mean breadth (help/curve.txt), in um or, where that is unknown, voxels */
    bool um;
    double density;                      /* length by the region's volume: m / mm^3, or per voxel^2 */
    double dice, cldice;                 /* NaN without a truth; cldice: with Lee-94 skeletons, as metrics */
};

struct vn_tune;
/* in: image, probability; truth: NULL, or a mask on the same grid that covers box.  References are taken. */
struct vn_tune *vn_tune_new(struct vn_vol *in, struct vn_vol *truth, const struct vn_box *box, struct vn_job *job,
                           struct vn_err *err);
void vn_tune_free(struct vn_tune *t);
/* Settles s and makes the mask and all numbers but cldice (NaN). *mask: with a reference of the caller's. */
int  vn_tune_run(struct vn_tune *t, struct vn_tune_set *s, struct vn_vol **mask, struct vn_tune_numbers *n, struct vn_job *job,
                 struct vn_err *err);
/* Milliseconds that the last run took that began where a run of s will; infinity where none did. */
double vn_tune_expect(const struct vn_tune *t, const struct vn_tune_set *s);
/* A part of the mask, nearly: the box of out (u8, inside the region, best a plane or some) is made with little around it, by the statistics of
 * the whole where they can be had, with the bridges of the last run.  Changes nothing of what later runs give.  s: settled near the part.
 * before: the last mask; where a piece goes on beyond what is looked at, that decides. */
int  vn_tune_part(struct vn_tune *t, struct vn_tune_set *s, struct vn_vol *before, struct vn_buf *out, struct vn_job *job, struct vn_err *err);
/* What that makes, as a share of the region's voxels. */
double vn_tune_ahead(const struct vn_tune *t, const struct vn_tune_set *s, const struct vn_box *part);
/* clDice of a mask it made; NaN without a truth. */
int  vn_tune_cldice(struct vn_tune *t, const struct vn_vol *mask, double *cldice, struct vn_job *job, struct vn_err *err);
/* What is cut, made last: a new reference, or NULL. */
struct vn_vol *vn_tune_field(const struct vn_tune *t);
#endif
