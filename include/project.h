/* project.h - a slab of a volume reduced along one axis to one plane, with the plane an extreme was found in. */
#ifndef VN_PROJECT_H
#define VN_PROJECT_H
#include "volume.h"

enum vn_project { VN_PROJECT_MAX, VN_PROJECT_MIN, VN_PROJECT_MEAN };
struct vn_project_in {
    struct vn_vol *v;
    struct vn_box box;             /* inside v->box; its extent along axis is the slab */
    int axis;
    enum vn_project method;
    bool last;                     /* index: the last of equal extremes, not the first */
};
/* *out: one plane at box.lo[axis] on v's grid; max and min in v's type, mean f32, summed in double in the order of the planes.
 * NaN is left out; where there is nothing else the result is NaN.  *index (NULL: not wanted; max and min only): number of the plane
 * in the whole volume, u16 where all fit, else u32; box.lo[axis] where all is NaN. */
int vn_project(const struct vn_project_in *in, struct vn_vol **out, struct vn_vol **index, struct vn_job *job, struct vn_err *err);
#endif
