/* window.h - mean and standard deviation of a box around every voxel, exact.
 *
 * They come from sums of whole numbers, which may run along: round((v - least) / step) within 0..65535.  NaN is in no
 * sum; infinities count as the ends, or with finite are in none either.  The variance (n sum u^2 - (sum u)^2) / n^2 is
 * exact up to its one rounding. */
#ifndef VN_WINDOW_H
#define VN_WINDOW_H
#include "op.h"

struct vn_window { int64_t r[3]; double least, step; bool finite; };       /* half widths */

/* Half widths of the LENGTH parameter window; VN_E_ARG when it is too wide. */
int  vn_window_halo(const struct vn_args *a, const double um[3], int64_t r[3], struct vn_err *err);
/* n voxels of a row: their values, and the mean (NaN: no number in the window) and standard deviation around each. */
typedef void (*vn_window_fn)(const void *ctx, const double *v, const double *mean, const double *sd, void *out,
                             int64_t n);
/* in: f32 or f64, its box out's grown by r.  row is called once for each row of out, on several threads. */
int  vn_window_run(const struct vn_buf *in, const struct vn_window *w, vn_window_fn row, const void *ctx,
                   const struct vn_buf *out, struct vn_job *job, struct vn_err *err);
/* Of that over out, without row. */
struct vn_cost vn_window_cost(const int64_t r[3], const struct vn_box *out);
#endif
