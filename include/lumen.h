/* lumen.h - dark places inside tubes that have a bright wall. */
#ifndef VN_LUMEN_H
#define VN_LUMEN_H
#include "bitvol.h"
#include "volume.h"

/* A voxel lies in a lumen where lines through it, but for at most two of 13 directions, meet wall on both sides of it, in places
 * at most 2 `wide` apart (a directional closing of the wall): in a tube as wide only those along it fail; in a gap between two
 * vessels, or in the hole of a ring, the four of a plane do.  Directions are those to a voxel's neighbours, in steps of as
 * many voxels as bring them near to evenness where voxels are not cubes.  Only what is thinner than VN_LUMEN_WALL is wall: not what
 * remains of `bright` after opening with a cube of that edge.  Outside the box there is no wall.
 *
 * edge: of a voxel; lengths are in the same unit, that of VN_LUMEN_WALL is the smallest edge of the image's voxels. */
enum { VN_LUMEN_WALL = 7, VN_LUMEN_MAX = 256 };

/* What a voxel's place in a lumen depends on. */
void vn_lumen_halo(const double edge[3], double wide, int64_t halo[3]);
/* in (of the size of bright, made here): voxels of lumens, and up to two of the wall's inner ones. */
int  vn_lumen_find(const struct vn_bitvol *bright, const double edge[3], double wide, struct vn_bitvol *in, struct vn_job *job, struct vn_err *err);
/* How many voxels of lumens are not bright, and how many are wall, at least margin from the faces; less work where the first is below
 * `least` of the second (then 0). */
int  vn_lumen_count(const struct vn_bitvol *bright, const double edge[3], double wide, const int64_t margin[3], double least, uint64_t *dark,
                    uint64_t *wall, struct vn_job *job, struct vn_err *err);
/* near: voxels of `in` and those up to VN_LUMEN_WALL from it. */
int  vn_lumen_near(const struct vn_bitvol *in, const double edge[3], struct vn_bitvol *near, struct vn_job *job, struct vn_err *err);
#endif
