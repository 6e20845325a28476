/* edt.h - exact Euclidean distance transform.
 *
 * Squared distance, voxel centre to voxel centre, by one pass per axis: row distances along x, then lower envelopes of
 * parabolas along y and z (Meijster, Roerdink, Hesselink 2000; removal test of Maurer, Qi, Raghavan 2003).  Between
 * passes a voxel keeps the whole-number offsets (x, y) to its nearest site, never a rounded distance, so
 *     d2 = (wx*i*i + wy*j*j) + wz*k*k,   w = voxel size squared relative to the smallest (1, 1, 1 when isotropic),
 * is exact in double for isotropic voxels and within 3 roundings otherwise; results are d = sqrt(d2) * smallest size.
 * Every line is worked by one thread in one order: the same bits on any number of threads. */
#ifndef VN_EDT_H
#define VN_EDT_H
#include "volume.h"

enum vn_edt_flag {
    VN_EDT_OPEN = 1,       /* outside the box is unknown: not background.  Without any background the distance is +inf */
    VN_EDT_SQUARED = 2,    /* d2 * smallest size squared in place of d */
    VN_EDT_SEEDS = 4,      /* the other way round: distance of every voxel to the nearest nonzero one; outside holds none */
};
enum { VN_EDT_MAX_DIM = 65534 };

/* mask: u8.  um: voxel size; all 0 = voxels.  out: f32 or f64 with the mask's box, packed or not.  Foreground voxels get
 * the distance to the nearest zero voxel (or the outside, whose nearest voxel centre is one step beyond the face),
 * zero voxels 0.  VN_E_UNSUPPORTED beyond VN_EDT_MAX_DIM voxels on an axis.  Working memory: 4 bytes per voxel for f64, else
 * 1 byte per 32 voxels (u32 offsets are kept in out itself). */
int vn_edt(const struct vn_buf *mask, const double um[3], unsigned flags, struct vn_buf *out, struct vn_job *job, struct vn_err *err);
#endif
