/* autothresh.h - automatic thresholds from exact histograms. */
#ifndef VN_AUTOTHRESH_H
#define VN_AUTOTHRESH_H
#include "param.h"
#include "volume.h"

enum vn_auto_method {                  /* order of threshold's method= */
    VN_AUTO_OTSU, VN_AUTO_LI, VN_AUTO_TRIANGLE, VN_AUTO_YEN, VN_AUTO_ISODATA, VN_AUTO_MINIMUM, VN_AUTO_MEAN, VN_AUTO_MOMENTS,
    VN_AUTO_MAXENTROPY, VN_AUTO_PERCENTILE, VN_AUTO_TUBES,
    VN_AUTO_NIBLACK, VN_AUTO_SAUVOLA, VN_AUTO_PHANSALKAR,      /* a threshold for every voxel: op_localcut.c */
};

/* Threshold of n bins with the given counts; bin i has the value first + i * width.  Result: voxels with a value >= *t are
 * foreground.  VN_E_ARG when fewer than two bins hold anything.
 *   Otsu 1979: largest variance between the classes; t is half a bin below the first foreground bin.
 *   Li, Tam 1998: minimum cross entropy by their iteration, from the mean, values counted from the lowest.
 *   Zack, Rogers, Latt 1977 (triangle): farthest from the line between the peak and the far end *
 *   Yen, Chang, Chang 1995: largest entropic correlation *
 *   Kapur, Sahoo, Wong 1985 (maxentropy): largest sum of the two classes' entropies *
 *   Prewitt, Mendelsohn 1966 (minimum): lowest bin between two peaks; VN_E_ARG when smoothing leaves no two *
 *   Ridler, Calvard 1978 (isodata): in the middle of the two classes' means, the lowest such value.
 *   Tsai 1985 (moments): two levels with the same first three moments; the quantile that parts them.
 *   Glasbey 1993 (mean): the mean.
 * Methods marked * work on at most 256 bins of equally many values.  Percentiles need no histogram and are not made here. */
int  vn_auto_threshold_hist(const uint64_t *count, int n, double first, double width, enum vn_auto_method m, double *t, struct vn_err *err);

/* Of the finite voxels of a box: one bin per value for integers of up to 65536 different values, else 65536 bins.  TUBES:
 * the lower of its two. */
int  vn_auto_threshold(struct vn_vol *v, const struct vn_box *box, enum vn_auto_method m, double *t, struct vn_job *job, struct vn_err *err);

/* Both thresholds of method=tubes (tubes.c).  Histogram: as above, and voxels below and above its bins. */
int  vn_tube_threshold_hist(const uint64_t *count, int n, double first, double width, uint64_t below, uint64_t above, double *low, double *high,
                            struct vn_err *err);
int  vn_tube_threshold(struct vn_vol *v, const struct vn_box *box, double *low, double *high, struct vn_job *job, struct vn_err *err);

/* Fills low (and high) of threshold's arguments when low is not there: a probability without a method gets low=0.5
 * high=0.7, everything else its method (tubes by default, which gives both). */
int  vn_threshold_resolve(struct vn_args *a, struct vn_vol *v, const struct vn_box *box, struct vn_job *job, struct vn_err *err);
bool vn_threshold_local(const struct vn_args *a);
struct vn_plan;
struct vn_cost;
/* What that costs, for estimates. */
void vn_threshold_cost(const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in, const struct vn_box *stat_box, struct vn_cost *c);
#endif
