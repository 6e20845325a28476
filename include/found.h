/* found.h - what segment found: which way vessels stand out, how wide they are. */
#ifndef VN_FOUND_H
#define VN_FOUND_H
#include "volume.h"

/* Local diameters along the vessels' axes, where p >= 0.5, in um (voxels where the voxel size is not known), in blocks
 * (sample.h) of an eighth of the volume, 2^20 voxels at least and 2^23 at most.
 *
 * A voxel lies on an axis where its distance d to the background (edt.h) is a maximum along two of the three axes of
 * the grid, and rises by less than 0.22 per length towards voxels 1, 2, 3 steps away in 26 directions: beside an axis
 * it rises by 1, and on a sheet it is a maximum along one.  There a ball of d and 1.5 voxels more is looked at, of
 * voxels as large as they are across the axis (where slices are coarse, d is to the nearest border in the plane, and
 * the section reaches further along z): the diameter is that of the tube through its middle with as much volume in it,
 * so of the circle as large as the section, which hangs little on where the axis lies between voxels.  What lies in
 * its ball as a whole is a speck, and where p is below 0.7 in all of the ball hysteresis takes it off: neither counts.
 * In an image of one plane, and from 24 voxels of d on, the diameter is 2 d less a voxel.  Quantiles are of the
 * vessels' length.
 *
 * Where a block ends within the volume, what lies beyond is not known: voxels nearer to it than their ball reaches are
 * left out, and others count by the inverse of the share of the block that is as far (Hanisch 1984), so that wide
 * vessels count as much as thin ones.  Beyond the volume's faces it is mirrored. */
struct vn_diameters {
    int64_t n;                                     /* voxels on axes; 0: none, and the quantiles are NaN */
    double low, median, high;                      /* .05, .5, .95 */
    double beyond;                                 /* there are wider vessels than this, too wide for blocks; 0: none */
};
int vn_diameters(struct vn_vol *p, struct vn_diameters *out, struct vn_job *job, struct vn_err *err);

/* What segment counts as it runs (vn_ran.tally). */
enum {
    VN_FOUND_FILLED,       /* voxels of lumens that are vessel as they are filled, and would not be */
    VN_FOUND_THIS,         /* of those looked at: voxels that stand out by `contrast` */
    VN_FOUND_OTHER,        /* and those that do so the other way; both where what is around is mostly background */
    VN_FOUND_FAINT,        /* voxels of faint wide vessels that are vessel as they are filled, and would not be */
    VN_FOUND_CORES,        /* cells that are cores of those (faint.h) */
    VN_FOUND_ACROSS,       /* sum of the shortest ways across them, in thousandths of the smallest voxel edge */
};
enum { VN_FOUND_STEP = 4 };                        /* method=auto: every 4th row of every 4th plane is looked at */
/* Whether what is darker stands out more than what is brighter (given dark: the other way round): in twice as many
 * voxels, 20, and 1e-4 of those looked at.  As vessels hardly pull their background towards them, there is next to
 * nothing on its other side. */
bool vn_found_turned(const int64_t *tally, double looked);
/* About how wide faint vessels are, in smallest voxel edges; 0: there are none.  Chords of a disc that lie across
 * the line to its middle are 2/3 of its diameter on average over the disc. */
double vn_found_faint(const int64_t *tally);
#endif
