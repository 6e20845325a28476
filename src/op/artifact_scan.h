/* artifact_scan.h - how the finders of artifacts see a volume. */
#ifndef VN_ARTIFACT_SCAN_H
#define VN_ARTIFACT_SCAN_H
#include "artifact.h"

enum { VN_ASCAN_WHOLE = 1 << 26 };
struct vn_ascan {
    const struct vn_artifact_look *l;
    const struct vn_artifacts *m;      /* known so far: the voxels are seen without them */
    struct vn_buf in;                  /* the whole box, of VN_ASCAN_WHOLE voxels at most; no data: read box by box */
    float low, high;                   /* heights above the level end here, 4 standard deviations away: vessels hardly count, */
    bool drop;                         /* or, what lies beyond counts as the level: they do not count */
};
int  vn_ascan_begin(struct vn_ascan *s, const struct vn_artifact_look *l, const struct vn_artifacts *m, struct vn_job *job, struct vn_err *err);
void vn_ascan_end(struct vn_ascan *s);
/* The voxels of a box, lent or read, to be freed; on several threads. */
int  vn_ascan_box(const struct vn_ascan *s, const struct vn_box *b, struct vn_buf *in, struct vn_err *err);
void vn_ascan_row(const struct vn_ascan *s, const struct vn_buf *in, int64_t x, int64_t y, int64_t z, double *v, int64_t n);
void vn_ascan_heights(const struct vn_ascan *s, const struct vn_buf *in, int64_t x, int64_t y, int64_t z, float *v, double *spare, int64_t n);
/* By how much E, which changes along axis, grows with the grey value: not at all, in proportion, or by what is measured where both are out of
 * question.  From voxels of these boxes; a is one of s->m and made ready.  axis: of each box for seams, else
 * one. */
int  vn_ascan_scale(const struct vn_ascan *s, struct vn_artifact *a, const int *axis, const struct vn_box *box, int n, struct vn_job *job, struct vn_err *err);
#endif
