/* fold.h - many rows of voxels into one: extremes with the place of the first, and sums. */
#ifndef VN_FOLD_H
#define VN_FOLD_H
#include "volume.h"

/* best[i] becomes the largest (least: the smallest) of rows[j * stride + i], j in [0, n_row), and, unless fresh, of what it
 * was; at[i] (NULL: not wanted) k0 + j of the first that has it.  NaN is left out; where there is nothing else it is NaN.
 * Strides in voxels of type t, the type of best. n_row > 0. */
void vn_fold_rows(enum vn_type t, bool least, const void *rows, int64_t stride, int64_t n_row, int64_t n, bool fresh, void *best, int32_t *at, int32_t k0);
/* The same where the voxels folded lie one behind the other: best[i] of rows[i * step + j], j in [0, n). n > 0. */
void vn_fold_lines(enum vn_type t, bool least, const void *rows, int64_t step, int64_t n_row, int64_t n, bool fresh, void *best, int32_t *at, int32_t k0);
/* Adds the rows to sum[i] in their order, and how many are not NaN to count[i]. step: voxels from one i to the next. */
void vn_fold_sum(enum vn_type t, const void *rows, int64_t stride, int64_t n_row, int64_t n, int64_t step, double *sum, int32_t *count);
#endif
