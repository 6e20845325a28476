/* segment_report.h - what segment says that it found. */
#ifndef VN_SEGMENT_REPORT_H
#define VN_SEGMENT_REPORT_H
#include "cmd.h"

/* Adds members to the result: n voxels of p are at least 0.5.  *turned: what is darker stands out more and dark is not
 * given, or the other way round. */
int vn_segment_report(struct vn_call *c, struct vn_vol *p, uint64_t n, bool *turned, struct vn_err *err);
#endif
