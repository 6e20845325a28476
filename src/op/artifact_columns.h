/* artifact_columns.h - columns across an axis, as finders of slices and seams see a volume, and lines through their numbers. */
#ifndef VN_ARTIFACT_COLUMNS_H
#define VN_ARTIFACT_COLUMNS_H
#include "artifact_scan.h"

enum { VN_COLUMNS_SIDE = 8, VN_COLUMNS_MAX = VN_COLUMNS_SIDE * VN_COLUMNS_SIDE };

struct vn_columns {
    struct vn_ascan *s;
    int axis, n_box, n_side[2];
    int64_t n;
    struct vn_box *box;
    double *p, *q;                     /* [box][voxel of the axis]: height; by how much the next one's is higher, NULL: not of interest */
    bool centred;                      /* heights are seen from the slice's own middle, where that is far from the level */
    struct vn_window { double middle, near, rise, local; } far;           /* heights, rises, means over 3 x 3 x 3 voxels as far as these count */
    struct vn_within { double h2, nh, d2, nd, l2, nl; } *within;          /* of each box: squares of heights within a slice, of rises, of means */
};

/* Patches of at most patch x patch voxels; to be freed also after failure. */
int  vn_columns_init(struct vn_columns *c, struct vn_ascan *s, int axis, int64_t patch, bool rises, struct vn_err *err);
int  vn_columns_read(struct vn_columns *c, struct vn_job *job, struct vn_err *err);
void vn_columns_free(struct vn_columns *c);
int  vn_column_task(void *columns, int64_t i, struct vn_err *err);              /* one of them, read */
/* As read, of what is near each column's median, once, without rises and without neighbours. */
int  vn_columns_glance(struct vn_columns *c, struct vn_job *job, struct vn_err *err);
/* Part number i of n of lo..hi, the middle of it of at most `most` voxels. */
void vn_columns_part(int64_t lo, int64_t hi, int64_t i, int64_t n, int64_t most, int64_t *from, int64_t *to);
struct vn_window vn_columns_farthest(const struct vn_ascan *s);
/* Noise within slices, from what counted in n boxes: no wider than it was. */
void vn_columns_narrow(struct vn_window *w, const struct vn_within *in, int n);

/* Value at voxel `at` of the line through v[from..to), weighted where w is given. */
double vn_line(const double *v, const double *w, int64_t from, int64_t to, double at);
double vn_line_median(double *v, int64_t n);                                    /* sorts */
double vn_line_mean(const double *v, int64_t n);
/* r = v less its trend within `reach` voxels. */
void   vn_line_off(const double *v, const double *w, int64_t n, int64_t reach, double *r);
/* w: 1 where v lies on its trend, 0 where it stands out.  Returns the mean square of r. */
double vn_line_robust(const double *v, double *w, int64_t n, int64_t reach, double *r, double *spare);
#endif
