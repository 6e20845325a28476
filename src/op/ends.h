/* ends.h - open ends of the vessels of a mask: the skeleton's voxels with their neighbours, and where a line of them stops.
 * Internal to repair.
 *
 * Spurs are taken off first: an end whose way to the next branching is shorter than the radius there and one voxel is a bump
 * of the surface.  An end is described by its axis beyond its own radius, where the cap has no say: the voxels of the line
 * between one and four radii back are fitted by a straight line. */
#ifndef VN_ENDS_H
#define VN_ENDS_H
#include "volume.h"

struct vn_skel_voxel { int32_t x, y, z; float d; };     /* counted from the box's corner; distance to the background, um or voxels */
struct vn_skel_voxels {                                 /* in raster order */
    struct vn_box box;
    double um[3];                                       /* 1 where not known */
    int64_t n;
    struct vn_skel_voxel *v;
    int64_t *row;                                       /* first voxel of each row z * ny + y, and n */
    int64_t *first; int32_t *nb;                        /* neighbours of voxel i: nb[first[i]] to nb[first[i + 1]] */
    int32_t *piece;                                     /* the smallest number of a voxel joined with it */
    uint8_t *spur;
};
struct vn_end {
    int32_t tip, piece;                                 /* skeleton voxel; its piece */
    double base[3];                                     /* on the axis, one radius and more from the tip; voxels */
    double out[3];                                      /* unit vector outward, of um */
    double radius, reach;                               /* reach: from base to the tip's surface */
    double len;                                         /* of the line that was fitted: what the direction rests on */
    double clear;                                       /* of the line from tip to branching: beyond the radius there */
    double inner[3];                                    /* the far end of the fitted line, voxels: on the vessel's axis too */
    double middle[3], bend[3];                          /* of the fitted line's points: their mean; curvature there, 1 / um, across `out` */
    bool stub;                                          /* none of the skeleton (stubs.c); clear: by how much it stands out */
};

/* From a skeleton and its squared distances (vn_thin_distance).  Ends by raster order of their tips; those at the region's
 * faces, and pieces too short to have a direction, are left out. */
int  vn_skel_voxels(const struct vn_buf *skel, const struct vn_buf *d2, const double um[3], struct vn_skel_voxels *out, struct vn_job *job,
                    struct vn_err *err);
void vn_skel_voxels_free(struct vn_skel_voxels *s);
int  vn_ends_find(struct vn_skel_voxels *s, struct vn_end **out, int64_t *n, struct vn_job *job, struct vn_err *err);
/* Adds the stubs to the ends, and sorts all by the slices of their bases.  d2: as for vn_skel_voxels. */
int  vn_stubs_add(const struct vn_skel_voxels *s, const struct vn_buf *d2, struct vn_end **e, int64_t *n, struct vn_job *job, struct vn_err *err);
struct vn_summits { int64_t key[256]; int32_t axis[256]; };      /* zeroed: what was found from where no way leads up, of one `spurs` */
/* From a voxel of the mask, counted from the box's corner, uphill in the distance: number of the skeleton voxel there, or -1. */
int32_t vn_skel_axis(const struct vn_skel_voxels *s, const struct vn_buf *d2, const int64_t from[3], bool spurs, struct vn_summits *known);
bool vn_skel_inside(const struct vn_skel_voxels *s, const int64_t p[3]);
int64_t vn_skel_find(const struct vn_skel_voxels *s, int64_t x, int64_t y, int64_t z);      /* number of a voxel, or -1 */
#endif
