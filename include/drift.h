/* drift.h - slow change of the background across a volume, as a polynomial. */
#ifndef VN_DRIFT_H
#define VN_DRIFT_H
#include "sample.h"

/* x, y, z, x^2, y^2, z^2, xy, xz, yz in coordinates that run from -1 to 1 between the volume's faces: no constant, 0 in the middle. */
enum { VN_DRIFT = 9 };

/* Of the medians of cells of 16^3 voxels in sample blocks of v, times sign, by least squares in which what is brighter counts less and
 * less.  All 0 unless what lies below the background becomes 8 times less by it (root mean square), and half of the cells lie within
 * 3 times that. */
int  vn_drift_fit(const struct vn_sample *q, struct vn_vol *v, float sign, double c[VN_DRIFT], struct vn_job *job, struct vn_err *err);
/* row[0..n) -= the drift from voxel (x, y, z) on, in a volume of dim voxels.  Float, the same whatever x the row begins with. */
void vn_drift_row(const float c[VN_DRIFT], const int64_t dim[3], int64_t x, int64_t y, int64_t z, float *row, int64_t n);
#endif
