/* overlap.h - voxel counts of two masks and the ratios made from them. */
#ifndef VN_OVERLAP_H
#define VN_OVERLAP_H
#include "bits.h"

struct vn_overlap {
    uint64_t tp, fp, fn, tn;      /* voxels of the box but the ignored ones */
    double dice;                  /* 2tp / (2tp + fp + fn); f1 is the same number */
    double iou;                   /* tp / (tp + fp + fn) */
    double precision, recall;     /* tp / (tp + fp), tp / (tp + fn) */
    double accuracy;              /* (tp + tn) / all */
};                                /* a ratio with denominator 0 is NaN */

/* pred, truth: one box; already cleared where ignored.  n_ignored: voxels of the box left out of the counts. */
void vn_overlap_count(const struct vn_bits *pred, const struct vn_bits *truth, uint64_t n_ignored, struct vn_overlap *out);

/* clDice (Shit 2021): harmonic mean of |S_P & G| / |S_P| and |S_G & P| / |S_G|, S the skeletons.  NaN when a skeleton is
 * empty or both parts are 0. */
double vn_cldice(const struct vn_bits *pred, const struct vn_bits *truth, const struct vn_bits *skel_pred,
                 const struct vn_bits *skel_truth);
#endif
