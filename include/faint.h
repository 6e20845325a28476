/* faint.h - wide vessels that stand out by less than the noise of a voxel.
 *
 * Looked for in means of cells of about 4^3 smallest voxel edges, in which what is brighter than the background by
 * more than a few of its standard deviations hardly counts (a vessel as bright is found without).  A ray from a cell
 * leaves a vessel where the mean falls within two cells by 6 of its standard deviations, by .55 of all it does
 * within ten (haze and a slope of the background do not), and nowhere on the way rises as much.  A cell is the core
 * of a vessel where 20 of 26 rays (to the neighbours, evened out where cells are not cubes; 16 of them meet the
 * sides of a sheet, 24 those of a tube) do so within `wide`, no two opposite sides are within 5 cells, along some
 * axis their distances' geometric mean is 1.75 times half of the shortest way across (of an ellipsoid it is its
 * length over its width, wherever one looks from, so 1 in a ball), and 9 of the 27 cells around are alike, 5 of 6 of
 * those that are but for that.  From there vessel goes on by half of the shortest way across, 16 cells at most,
 * where that does not hold alone, and by three cells where 16 rays see a side.  Axes along which the volume is less
 * than 12 cells long have no rays. */
#ifndef VN_FAINT_H
#define VN_FAINT_H
#include "filter.h"

enum { VN_FAINT_MAX = 512 };
struct vn_faint_way { int64_t d[3], n; float len; };         /* a step in cells, how many, how long */
struct vn_faint {
    float level, spread, step;                               /* of the background; deviation of a mean */
    int64_t dim[3], f[3], pad;                               /* the volume; voxels of a cell; cells beside a row */
    double cell;                                             /* the smallest edge of a cell, in those of voxels */
    int n;
    struct vn_faint_way way[13];
};
/* wide: in edges, up to VN_FAINT_MAX. */
void vn_faint_init(struct vn_faint *q, const int64_t dim[3], const double edge[3], double wide);
/* What of the image a voxel depends on. */
void vn_faint_halo(const struct vn_faint *q, int64_t halo[3]);
double vn_faint_bytes(const struct vn_faint *q, const struct vn_box *box);       /* for a box with its halo */

/* The means of cells that lie in box, which is whole cells but where the volume ends. */
struct vn_faint_cells { int64_t lo[3], n[3], row; float *v; uint8_t *seen, *vessel; };
int  vn_faint_cells(struct vn_faint_cells *c, const struct vn_faint *q, const struct vn_box *box, struct vn_err *err);
void vn_faint_cells_free(struct vn_faint_cells *c);          /* also after that failed */
struct vn_box vn_faint_box(const struct vn_faint *q, const struct vn_box *box);  /* all cells it meets */
/* Fills those of the planes of `part`. */
int  vn_faint_pool(const struct vn_faint *q, const struct vn_faint_cells *c, const struct vn_box *part, vn_read_fn read,
                   const void *ctx, struct vn_job *job, struct vn_err *err);
/* Smooths them a little, by 0.5 cells. */
int  vn_faint_smooth(const struct vn_faint *q, const struct vn_faint_cells *c, struct vn_job *job, struct vn_err *err);
/* The deviation of a mean, from them. */
int  vn_faint_step(struct vn_faint *q, const struct vn_faint_cells *c, struct vn_err *err);
/* How many cells are cores, 0 where fewer than least of all are. */
int  vn_faint_find(const struct vn_faint *q, const struct vn_faint_cells *c, double least, uint64_t *cores,
                   struct vn_job *job, struct vn_err *err);
/* How many of those whose first voxel lies in box, and the sum of the shortest ways across vessels there, in
 * thousandths of an edge; before they grow. */
void vn_faint_count(const struct vn_faint *q, const struct vn_faint_cells *c, const struct vn_box *box, int64_t *n,
                    int64_t *across);
/* c->vessel, from the cores found, of which there are some. */
int  vn_faint_grow(const struct vn_faint *q, const struct vn_faint_cells *c, struct vn_job *job, struct vn_err *err);
/* in[0..n) = whether voxels from (x, y, z) on lie in what was found. */
void vn_faint_row(const struct vn_faint *q, const struct vn_faint_cells *c, int64_t x, int64_t y, int64_t z,
                  uint8_t *in, int64_t n);
#endif
