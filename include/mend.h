/* mend.h - vessels of a mask taken apart and joined: segments removed, vessels cut across, gaps bridged.
 *
 * Points are voxel indices (12,7,3: the middle of that voxel), lengths um where the grid's voxel size is known, else voxels. */
#ifndef VN_MEND_H
#define VN_MEND_H
#include "edit.h"
#include "graph.h"

/* Place of a graph's point in voxels. */
void vn_mend_voxel(const struct vn_graph *g, const double p[3], double at[3]);

/* Half the width of the vessel at a voxel of it: uphill from there in the distance to the background, the largest that is
 * met, and where.  A ball of less than that radius lies inside the mask. */
int  vn_mend_radius(struct vn_vol *v, const int64_t at[3], double *radius, int64_t middle[3], struct vn_job *job, struct vn_err *err);

/* Sets to 0 the voxels that belong to a segment: within 1.5 radii and one voxel of its centreline, nearer to it than to any other
 * segment's, within the radius of none of these, and farther from its branch points than their radius. */
int  vn_mend_cut_segment(const struct vn_graph *g, int32_t segment, struct vn_patch *p, int64_t *changed, struct vn_job *job, struct vn_err *err);
/* Sets to 0 a slice across the vessel at a voxel of it, `width` thick (0: as thin as parts it for 26 neighbours). */
struct vn_cut { int64_t middle[3]; double radius, direction[3], width; };
int  vn_mend_cut_across(struct vn_vol *v, const int64_t at[3], double width, struct vn_patch *p, struct vn_cut *cut, int64_t *changed,
                        struct vn_job *job, struct vn_err *err);

/* A tube between two points whose radius goes linearly from one end to the other. */
struct vn_bridge { double at[6], radius[2]; };
int  vn_mend_bridge(const struct vn_bridge *b, const struct vn_grid *g, uint32_t value, struct vn_patch *p, int64_t *changed, struct vn_job *job,
                    struct vn_err *err);
#endif
