/* segment.h - what the run of segment (op_segment.c), its contrast (segment_contrast.c) and its automatic values
 * (segment_auto.c) share. */
#ifndef VN_SEGMENT_H
#define VN_SEGMENT_H
#include <math.h>
#include "drift.h"
#include "faint.h"
#include "filter.h"
#include "op.h"

struct vn_seg {
    float sign, level, spread, offset, noise, contrast, local, border, drift[VN_DRIFT];
    bool drifts;
    int64_t dim[3];                            /* of the whole volume */
    struct vn_taps smooth[3];
    struct vn_wide back, window;
    bool sheets;                               /* are kept */
    double um[3], edge[3], hollow;             /* edges, and the widest lumen, in smallest edges */
    bool looks;                                /* for faint wide vessels */
    struct vn_faint faint;
    int64_t halo_l[3], halo_s[3], halo_f[3];   /* of the lumens, of sheets, of faint vessels */
    int64_t halo_z[3], halo[3];                /* of the contrast, of the result */
    int64_t *tally;                            /* VN_FOUND_... of voxels in `counted`; NULL: not asked */
    struct vn_box counted;
};

/* From what is given and settled so far; what is neither is 0, edge VN_SEG_THIRD. */
int    vn_seg_setup(const struct vn_args *a, const struct vn_grid *g, struct vn_seg *s, struct vn_err *err);
double vn_seg_bytes(const struct vn_seg *s, enum vn_type t);                      /* a voxel of the run */
/* Sets the bits of voxels above `from`. */
void   vn_seg_wall_row(const float *restrict v, float from, uint64_t *bits, int64_t n);

/* Contrast of a wall: in noise, and in that of the vessels around. */
static const float VN_SEG_WALL = 4, VN_SEG_WALL_LOCAL = 0.45f;
/* Shares of the contrast beside that are asked: half, where the border lies; a third where vessels fill part of a thick
 * slice, or the image is blurred, and people draw them wider. */
static const double VN_SEG_HALF = 0.5, VN_SEG_THIRD = 0.33;
/* Contrast of a faint wide vessel: of 20 steps by 6 (6 sqrt(20)). */
static const float VN_SEG_FAINT = 27;
/* Work in additions: of a voxel's contrast; of its share of the cells, of a cell's rays. */
enum { VN_SEG_CONTRAST = 16, VN_SEG_CELL = 8, VN_SEG_RAYS = 400 };

/* The smallest voxel edge, 1 where they are unknown. */
static inline double vn_seg_edge(const double um[3])
{
    return um[0] > 0 && um[1] > 0 && um[2] > 0 ? fmin(um[0], fmin(um[1], um[2])) : 1;
}

static inline float vn_seg_real(const struct vn_args *a, const char *name)
{
    return vn_args_has(a, name) ? (float)vn_args_real(a, name) : 0.0f;
}

/* The contrast in a box.  The input holds no border: where more than its box is asked for, that is where the volume
 * ends, and it is mirrored.  What is mirrored stays so when it is smoothed: g is only made where there is a volume. */
struct vn_ground {
    const struct vn_seg *s;
    const struct vn_buf *in;
    struct vn_buf g;
    struct vn_field back;                      /* of the weights, of the weighted heights */
    const struct vn_buf *out;                  /* where the contrast is kept */
};
/* For rows in box; to be freed also after failure. */
int  vn_ground_init(struct vn_ground *c, const struct vn_seg *s, const struct vn_buf *in, const struct vn_box *box,
                    struct vn_job *job, struct vn_err *err);
void vn_ground_free(struct vn_ground *c);
/* out[0..n) = contrast; of spare[0] as many, of spare[1] two more are used. */
void vn_ground_row(const struct vn_ground *c, int64_t x, int64_t y, int64_t z, float *out, float *const spare[2],
                   int64_t n);
/* A row of the image as it is smoothed (a source of vn_filter_sep_of; ctx: a vn_ground with s and in). */
void vn_ground_clean(const void *ctx, int64_t x, int64_t y, int64_t z, float *out, int64_t n);
/* Of the contrast over box: bytes that stay, and at most while it is made. */
void vn_ground_cost(const struct vn_seg *s, const struct vn_vol *in, const struct vn_box *box, double *stay,
                    struct vn_cost *c);

static inline float vn_seg_z(float contrast, float offset, float scale)
{
    const float z = (contrast - offset) * scale;
    return z < 1e6f ? z : 1e6f;
}

/* The whole cells that out needs; where what is around is needed, as walls are, and where the contrast is. */
struct vn_box vn_seg_faint_box(const struct vn_seg *s, const struct vn_box *out);
void vn_seg_boxes(const struct vn_seg *s, const struct vn_box *out, const struct vn_box *volume, struct vn_box *walls,
                  struct vn_box *wide);
/* out = the contrast in its box; window, to be freed also after failure, what vn_seg_around_row takes. */
int  vn_seg_contrast(const struct vn_seg *s, const struct vn_buf *in, struct vn_field *window, const struct vn_buf *out,
                     struct vn_job *job, struct vn_err *err);
/* two[0..n) = contrast of the vessels around; as many of one, and two more of spare, are used. */
void vn_seg_around_row(const struct vn_field *window, int64_t x, int64_t y, int64_t z, float *one, float *two,
                       float *spare, int64_t n);

int  vn_segment_prepare(struct vn_args *a, struct vn_vol *const *in, const struct vn_box *stat_box, struct vn_job *job,
                        struct vn_err *err);
void vn_segment_prepare_cost(const struct vn_args *a, const struct vn_plan *p, const struct vn_vol *in,
                             const struct vn_box *stat_box, struct vn_cost *c);
#endif
