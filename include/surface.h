/* surface.h - distances between the surfaces of two masks, weighted by area.
 *
 * The surface is sampled at voxel corners: corner (x, y, z) lies between voxels x-1 and x (and so on); it is on the surface
 * when its 8 voxels are not all alike, and carries the area of the surface piece inside the 8 voxel centres.  Distances run
 * from corner to nearest surface corner of the other mask.  Definitions: Nikolov 2018 (arXiv 1809.04430) and the
 * surface-distance package; the area table is derived here (surface.c), not copied. */
#ifndef VN_SURFACE_H
#define VN_SURFACE_H
#include "bits.h"
#include "nearest.h"

/* Area of the surface piece for each of the 256 ways to fill 2x2x2 voxels of edges um[]; bit dx + 2 dy + 4 dz. */
void vn_surface_areas(const double um[3], double area[256]);

/* Surface corners of m as bits over the box of m with hi + 1; outside m's box background. */
int vn_surface_corners(const struct vn_bits *m, struct vn_bits *out, struct vn_job *job, struct vn_err *err);

struct vn_surfels { int64_t n; float *dist; uint8_t *code; };     /* in raster order; free with vn_surfels_free */
/* Surface pieces of m with their distances to the surface `to` (over the corner box of m; NULL: the other surface is empty,
 * distances are infinite).  Corners that touch a voxel of `ignore` (same box as m; may be NULL) are left out. */
int  vn_surfels_new(const struct vn_bits *m, const struct vn_bits *ignore, const struct vn_nearest *to, struct vn_surfels *out,
                    struct vn_job *job, struct vn_err *err);
void vn_surfels_free(struct vn_surfels *s);

struct vn_surface_stat {
    double area_pred, area_truth;       /* unit of um, squared */
    double asd_truth, asd_pred;         /* area-weighted mean distance from truth to prediction, and back */
    double assd;                        /* both together: sum of d * area over sum of area of both */
    double hd, hd95;                    /* larger of the two directions; hd95: smallest d that covers 95 % of the area */
    double surface_dice;                /* area within the tolerance (d <= tau, relative slack 1e-6) over all area */
    double stack_dice;                  /* the same at tolerance 0 with voxels taken as cubes: what scoring by pairs of slices gives */
};
/* Either surface empty: asd inf (nan from the empty side), hd inf, surface_dice 0; both: all nan but hd inf, as published. */
int vn_surface_compare(const struct vn_surfels *truth, const struct vn_surfels *pred, const double um[3], double tau,
                       struct vn_surface_stat *out, struct vn_err *err);
#endif
