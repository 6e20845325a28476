/* classes.h - two volumes of labels, label by label.
 *
 * Every label, the background 0 too, is a class: n_ii voxels of class i found as such, t_i of the truth, p_i predicted.
 * pixel accuracy sum n_ii / sum t_i; mean accuracy, the mean of n_ii / t_i over the classes of the truth; mean IoU, the mean of
 * n_ii / (t_i + p_i - n_ii) over the classes of either.  Source: Long, Shelhamer, Darrell 2015 (arXiv 1411.4038, section 5). */
#ifndef VN_CLASSES_H
#define VN_CLASSES_H
#include "bits.h"

enum { VN_LABEL_MAX = 65535, VN_CLASSES_MAX = 1024 };
struct vn_class { uint32_t label; uint64_t truth, pred, both; };
struct vn_classes {
    int n; struct vn_class *of;          /* by rising label */
    double pixel_accuracy, mean_accuracy, mean_iou;     /* NaN without any voxel */
};
/* Voxels set in ignore (over box; NULL or w NULL: none) are left out.  Labels are whole numbers: below 0 and NaN are 0, and volumes of
 * real numbers are rounded.  VN_E_UNSUPPORTED beyond VN_LABEL_MAX and for more than VN_CLASSES_MAX classes. Free with vn_classes_free. */
int  vn_classes_count(struct vn_vol *pred, struct vn_vol *truth, const struct vn_bits *ignore, const struct vn_box *box, struct vn_classes *out,
                      struct vn_job *job, struct vn_err *err);
void vn_classes_free(struct vn_classes *c);
#endif
