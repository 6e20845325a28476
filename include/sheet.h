/* sheet.h - where bright structures are sheets (meninges, faces of a volume) and not tubes. */
#ifndef VN_SHEET_H
#define VN_SHEET_H
#include "filter.h"

/* For each voxel of box 0 (sheet) to 1 (tube, lump, or nothing), in rows of f (vn_field_row).  With the eigenvalues l3 <= l2 <= l1 of the
 * Hessian of what fill delivers (see vn_field_init; over box grown by vn_sheet_halo) smoothed by 2 smallest voxel edges, l2 and l3
 * cut at 0: Q = G[l2] / G[l3], G a Gaussian mean of 4 edges over places whose smoothed value is above `above`; 1/3 to 1/2 around tubes,
 * 0 around sheets.  The result rises linearly from Q = 0.04 to 0.1.  Voxels of unknown size count as cubes.  f is to be freed also
 * after failure. */
int  vn_sheet_init(struct vn_field *f, const double um[3], const struct vn_box *box, vn_fill_fn fill, const void *ctx, int spare, float above,
                   struct vn_job *job, struct vn_err *err);
void vn_sheet_halo(const double um[3], int64_t halo[3]);
/* For estimates: bytes that stay and at most, and voxels that fill is called for. */
void vn_sheet_bytes(const double um[3], const struct vn_box *box, double *stay, double *peak, double *filled);
#endif
