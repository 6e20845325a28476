/* gnuplot.h - the external program gnuplot, run on a script file; never through a shell. */
#ifndef VN_GNUPLOT_H
#define VN_GNUPLOT_H
#include "job.h"

/* Runs `gnuplot -c SCRIPT args...` (the script sees ARG1, ARG2, ...) and waits.  args: NULL-ended, at most 8.
 * VN_E_UNSUPPORTED when there is no gnuplot, VN_E_INTERNAL with gnuplot's own words when it complains; cancelling ends it. */
int vn_gnuplot(const char *script, const char *const args[], struct vn_job *job, struct vn_err *err);
#endif
