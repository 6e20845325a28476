/* label_own.h - runs and the union-find over them: what label.c and pieces.c share. */
#ifndef VN_LABEL_OWN_H
#define VN_LABEL_OWN_H
#include "label.h"

/* Runs of row y of plane z, counted from the box's corner: their number, or with out (room for so many) the runs. */
typedef uint32_t (*vn_row_scan)(const void *ctx, int64_t z, int64_t y, struct vn_run *out);
int  vn_runs_scan(const struct vn_box *box, vn_row_scan scan, const void *ctx, struct vn_runs *out, struct vn_job *job, struct vn_err *err);

/* Joins runs of two rows, grown by `reach` (1: diagonal neighbours count), with vn_join. */
typedef void (*vn_row_join)(const void *ctx, struct vn_runs *r, int64_t row_a, int64_t row_b, uint32_t reach);
void vn_join_rows(const void *ctx, struct vn_runs *r, int64_t row_a, int64_t row_b, uint32_t reach);       /* all that meet */
/* Fills label and count.  connectivity 6, 18, 26, or 4 and 8: each plane across axis for itself, runs along x being of one
 * voxel when axis is 0. */
int  vn_runs_join(struct vn_runs *r, int connectivity, int axis, vn_row_join join, const void *ctx, struct vn_job *job, struct vn_err *err);
int  vn_runs_paint_labels(const struct vn_runs *r, struct vn_buf *labels, struct vn_job *job, struct vn_err *err);

/* What min_size= and largest= of "components" leave, in place. */
struct vn_args;
int  vn_components_keep(const struct vn_args *a, struct vn_buf *labels, struct vn_job *job, struct vn_err *err);

/* Union-find: parent[i] <= i, so the root is the first run of the component. */
static inline uint32_t vn_root(uint32_t *parent, uint32_t i)
{
    while (parent[i] != i) {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    return i;
}

static inline void vn_join(uint32_t *parent, uint32_t a, uint32_t b)
{
    a = vn_root(parent, a);
    b = vn_root(parent, b);
    if (a < b)
        parent[b] = a;
    else
        parent[a] = b;
}
#endif
