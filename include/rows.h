/* rows.h - point operations computed in double: rows of the inputs are converted in pieces that stay in the nearest cache,
 * handed to a function, and converted to the output's type (rounding, saturating; every NaN becomes the same one). */
#ifndef VN_ROWS_H
#define VN_ROWS_H
#include "volume.h"

enum { VN_ROW = 256, VN_ROW_IN = 4 };
struct vn_row {
    int64_t n;                           /* voxels of this piece, 1..VN_ROW */
    int64_t x, y, z;                     /* the first one */
    const double *in[VN_ROW_IN];         /* NULL: no such input */
    double *out;                         /* to be filled */
};
typedef void (*vn_row_op)(const void *ctx, const struct vn_row *r);

/* f over out->box; in[i].data == NULL for an input that is not given, else in[i].box contains out->box.
 * of_value: the result depends on the value of in[0] alone.  Where that has 8 or 16 bits, f then fills a table. */
int vn_rows(const struct vn_buf *in, int n_in, const struct vn_buf *out, vn_row_op f, const void *ctx, bool of_value,
            struct vn_job *job, struct vn_err *err);

/* Whether 'type' (NULL: unset) names a type; `unset` otherwise. */
enum vn_type vn_type_named(const char *name, enum vn_type unset);
#endif
