/* labelstats.h - size, place, shape and grey values of every label of a label volume.
 *
 * Coordinates are sums of whole numbers, so they are exact, whatever the number of threads and the slabs read.  Grey values
 * are joined run by run in raster order (Chan, Golub, LeVeque 1979): the same bits on any number of threads too. */
#ifndef VN_LABELSTATS_H
#define VN_LABELSTATS_H
#include "volume.h"

struct vn_label_stat {
    uint32_t label;
    uint64_t voxels;
    int64_t lo[3], hi[3];          /* bounding box, half-open, voxels of the whole volume */
    double centre[3];              /* mean index, voxels of the whole volume */
    double axis[3];                /* full axes of the solid ellipsoid with the same second moments of voxel centres, longest
                                      first, in um (voxels when unknown); of the ellipse where the region is flat */
    uint64_t n;                    /* grey values: finite ones; the rest is NaN when there are none */
    double sum, mean, sd, min, max;    /* sd divides by n */
};
struct vn_label_stats { uint32_t count; struct vn_label_stat *of; };      /* by rising label */

/* labels: values from 1 on, any order, with gaps; of a mask or skeleton every nonzero voxel is label 1.  image: NULL or grey
 * values over the same grid.  box lies in both.  Memory: about 400 bytes per label, and a slab.  Free with vn_label_stats_free. */
int  vn_label_stats(struct vn_vol *labels, struct vn_vol *image, const struct vn_box *box, struct vn_label_stats *out, struct vn_job *job, struct vn_err *err);
void vn_label_stats_free(struct vn_label_stats *s);
#endif
