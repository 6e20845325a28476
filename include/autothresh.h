/* autothresh.h - automatic thresholds from exact histograms. */
#ifndef VN_AUTOTHRESH_H
#define VN_AUTOTHRESH_H
#include "param.h"
#include "volume.h"

enum vn_auto_method { VN_AUTO_OTSU, VN_AUTO_LI, VN_AUTO_TRIANGLE };

/* Threshold of n bins with the given counts; bin i has the value first + i * width.  Result: voxels with a value >= *t are
 * foreground.  VN_E_ARG when fewer than two bins hold anything.
 *   Otsu 1979: largest variance between the classes; t is half a bin below the first foreground bin.
 *   Li, Tam 1998: minimum cross entropy by their iteration, from the mean, values counted from the lowest.
 *   Zack, Rogers, Latt 1977: farthest from the line between the peak and the far end, on 256 bins. */
int  vn_auto_threshold_hist(const uint64_t *count, int n, double first, double width, enum vn_auto_method m, double *t, struct vn_err *err);

/* Of the finite voxels of a box: one bin per value for integers of up to 65536 different values, else 65536 bins. */
int  vn_auto_threshold(struct vn_vol *v, const struct vn_box *box, enum vn_auto_method m, double *t, struct vn_job *job, struct vn_err *err);

/* Fills low (and high) of threshold's arguments when low is not there: a probability without a method gets low=0.5
 * high=0.7, everything else its method (li by default). */
int  vn_threshold_resolve(struct vn_args *a, struct vn_vol *v, const struct vn_box *box, struct vn_job *job, struct vn_err *err);
#endif
