/* lift.h - what was drawn on a projection, brought back to the depth at which the projection found its voxels. */
#ifndef VN_LIFT_H
#define VN_LIFT_H
#include "patch.h"

/* plane: one voxel along `axis`; each of its voxels that is not 0 sets the voxel of p in the plane that index, on the same
 * box, gives there.  value 0: plane's own values. *changed, *outside: voxels that had another value; whose depth lies outside p. */
int vn_lift(struct vn_vol *plane, struct vn_vol *index, int axis, uint32_t value, struct vn_patch *p, int64_t *changed, int64_t *outside,
            struct vn_job *job, struct vn_err *err);
#endif
