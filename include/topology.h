/* topology.h - Betti numbers of a mask: components, tunnels, cavities.
 *
 * Foreground 26-connected, background 6-connected, outside of the box background:
 * b0 = 26-components of the mask, b2 = 6-components of its complement in the box grown by one voxel, less the outside one,
 * b1 = b0 + b2 - chi, chi the Euler characteristic of the union of closed voxels.  Source: Wittmann 2025 (vesselFM). */
#ifndef VN_TOPOLOGY_H
#define VN_TOPOLOGY_H
#include "bits.h"

struct vn_betti { int64_t b0, b1, b2, euler; };

int vn_betti(const struct vn_bits *m, struct vn_betti *out, struct vn_job *job, struct vn_err *err);
/* Parts of it.  connectivity: 6 or 26. */
int vn_bits_components(const struct vn_bits *m, int connectivity, int64_t *n, struct vn_job *job, struct vn_err *err);
int vn_bits_euler(const struct vn_bits *m, int64_t *chi, struct vn_job *job, struct vn_err *err);
#endif
