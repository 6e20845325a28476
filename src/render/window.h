/* window.h - which grey values are black and white when nobody said so. */
#ifndef VN_WINDOW_H
#define VN_WINDOW_H
#include "err.h"

/* 0.5 and 99.8 percentile (lower order statistics) of the finite values among v[n]; their minimum and maximum when these
 * agree; 0..1 when there are none.  hi > lo always. */
int vn_window_of(const float *v, size_t n, double *lo, double *hi, struct vn_err *err);
#endif
