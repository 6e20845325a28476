/* brain.h - the measures of one brain, from the file a cohort's row names. */
#ifndef VN_BRAIN_H
#define VN_BRAIN_H
#include "job.h"
#include "table.h"

/* A mask (any file vn_io_open reads, of known voxel size): thinned, made a graph and measured with the defaults of graph and
 * measure; one row.  A measured table (.csv): its one row, or one row a region when it has a column `region`; or rows of a column `measure`
 * with their `value`; or the segments that `measure to=` writes, which are summed (radius: mean weighted by length). */
int vn_brain_measures(const char *path, struct vn_table **out, struct vn_job *job, struct vn_err *err);
#endif
