/* label.h - connected components of a mask, by runs.
 *
 * A run is a stretch of foreground along x.  Masks of vessels have few runs (about 1 per 10 voxels of foreground), so the
 * union-find works on runs and only the first and the last pass touch voxels.  Runs are in raster order; a component's
 * root is its first run; labels are numbered 1.. by first voxel in raster order, whatever the number of threads.
 * Outside the box is background.  Memory: 12 bytes per run and 4 per row. */
#ifndef VN_LABEL_H
#define VN_LABEL_H
#include "volume.h"

struct vn_run { uint32_t x0, x1; };     /* half-open, counted from box.lo[0] */
struct vn_runs {
    struct vn_box box;
    int64_t n_row;                      /* rows of the box, y fastest */
    uint32_t *row;                      /* n_row + 1: first run of each row */
    uint32_t n;                         /* runs */
    struct vn_run *run;
    uint32_t *label;                    /* of each run; NULL before vn_runs_label */
    uint32_t count;                     /* components */
};

/* Runs of nonzero voxels (background false) or of zero voxels (true) of a u8 mask.  VN_E_ARG when the mask is not u8,
 * VN_E_UNSUPPORTED beyond 2^32 - 2 runs.  Free with vn_runs_free. */
int  vn_runs_build(const struct vn_buf *mask, bool background, struct vn_runs *out, struct vn_job *job, struct vn_err *err);
#define VN_RUNS_TYPICAL 0.01           /* a voxel, of vessels */
#define VN_RUN_WORK 20                 /* of a run, in the work of a voxel */
double vn_runs_bytes(const struct vn_box *box, double n);   /* for estimates: n runs with their labels */
void vn_runs_free(struct vn_runs *r);                       /* leaves {0} */
/* Fills label and count. connectivity: 6, 18 or 26. */
int  vn_runs_label(struct vn_runs *r, int connectivity, struct vn_job *job, struct vn_err *err);
/* size[i] = voxels of label i + 1; count entries, vn_free'd by the caller (one valid entry when count is 0). */
int  vn_runs_sizes(const struct vn_runs *r, uint64_t **size, struct vn_job *job, struct vn_err *err);
/* face[i] = component i + 1 touches a face of the box. vn_free'd by the caller.  A face of an axis with one voxel
 * counts only when flat is true: in a volume of one plane every voxel touches both. */
int  vn_runs_faces(const struct vn_runs *r, bool flat, bool **face, struct vn_job *job, struct vn_err *err);
/* Writes value[label - 1] into the voxels of each run of a u8 buffer with the runs' box; 0xff in `value` leaves the run alone. */
int  vn_runs_paint(const struct vn_runs *r, const uint8_t *value, struct vn_buf *mask, struct vn_job *job, struct vn_err *err);

/* Components of a u8 mask (nonzero = foreground) into a u32 buffer of the same box: 0 background, 1..*count. */
int  vn_label_buf(const struct vn_buf *mask, int connectivity, struct vn_buf *labels, uint64_t *count, struct vn_job *job,
                  struct vn_err *err);
/* The same by value.  MASK: all voxels above 0 are alike; LABELS: equal values above 0; GREY: neighbours a, b with
 * |a - b| <= tolerance in double (a chain may lead far), voxels below min and NaN being background. */
enum vn_piece_of { VN_PIECE_MASK, VN_PIECE_LABELS, VN_PIECE_GREY };
struct vn_pieces {
    enum vn_piece_of of;
    double tolerance, min;             /* GREY; min -INFINITY: every number */
    int connectivity, axis;            /* 6, 18, 26; or 4 and 8: each plane across axis for itself */
};
/* in: u8, u32, f32 or f64. */
int  vn_pieces_label(const struct vn_buf *in, const struct vn_pieces *how, struct vn_buf *labels, uint64_t *count, struct vn_job *job,
                     struct vn_err *err);
/* Voxels of each label 1..count of a u32 buffer: *size has *count entries, vn_free'd by the caller. */
int  vn_label_sizes(const struct vn_buf *labels, uint64_t **size, uint64_t *count, struct vn_job *job, struct vn_err *err);
/* In place: components of at least min_size voxels stay, of these the `largest` largest (0: all; the first of equals), numbered
 * anew in the same order. */
int  vn_label_keep(struct vn_buf *labels, uint64_t min_size, uint64_t largest, struct vn_job *job, struct vn_err *err);
/* In place: only the largest component stays (the first of equals). Its size may be asked for (NULL: not). */
int  vn_keep_largest(struct vn_buf *mask, int connectivity, uint64_t *size, struct vn_job *job, struct vn_err *err);
#endif
