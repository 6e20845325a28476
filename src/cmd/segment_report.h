/* segment_report.h - what segment says that it found. */
#ifndef VN_SEGMENT_REPORT_H
#define VN_SEGMENT_REPORT_H
#include "cmd.h"

/* Adds the members to the result, and a note where there is something to do. */
int vn_segment_report(struct vn_call *c, struct vn_vol *p, struct vn_err *err);
#endif
