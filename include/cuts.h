/* cuts.h - what every threshold of a volume gives, made once, and what one pair of thresholds gives against the truth. */
#ifndef VN_CUTS_H
#define VN_CUTS_H
#include "bits.h"
#include "curve.h"
#include "session.h"

enum { VN_CUTS = 500, VN_CUTS_VOXELS = 1 << 26 };       /* thresholds; voxels that are looked at, at most */
struct vn_cuts {
    struct vn_curve curve;
    struct vn_box box;                     /* what was looked at: the region, or its middle where that is too large */
    bool part;
    bool has_line;
    struct vn_bits truth, line;            /* and its skeleton; made when first asked for */
};
/* Curves of v over roi (NULL: all of it), held against the mask truth (NULL: none).  A region that is too large for VN_CUTS_VOXELS
 * or for half of the free memory is cut to its middle.  Their names are for messages. From a job. */
int  vn_cuts_of(struct vn_vol *v, const char *name, struct vn_vol *truth, const char *truth_name, const struct vn_box *roi,
                struct vn_cuts *out, struct vn_job *job, struct vn_err *err);
/* The same of what has these names in the session; truth "": none. */
int  vn_cuts_make(struct vn_session *s, const char *name, const char *truth, const struct vn_box *roi, struct vn_cuts *out,
                    struct vn_job *job, struct vn_err *err);
void vn_cuts_free(struct vn_cuts *l);                  /* leaves {0}; {0} allowed */
/* Index of the last threshold that is not above t; -1: t is below all. */
int  vn_cuts_at(const struct vn_cuts *l, double t);
/* Dice and clDice (Lee-94 skeletons, as metrics) of the mask that `threshold` gives with low and high in l->box. From a job. */
int  vn_cuts_score_of(struct vn_vol *v, struct vn_vol *truth, struct vn_cuts *l, double low, double high, double *dice, double *cldice,
                      struct vn_job *job, struct vn_err *err);
int  vn_cuts_score(struct vn_session *s, struct vn_cuts *l, const char *name, const char *truth, double low, double high, double *dice,
                     double *cldice, struct vn_job *job, struct vn_err *err);
#endif
