/* gnuplot.h - the external program gnuplot: never through a shell, without the user's gnuplotrc, ended when cancelled and
 * after 30 s, with whatever it started. */
#ifndef VN_GNUPLOT_H
#define VN_GNUPLOT_H
#include "job.h"
#include "text.h"

/* Runs `gnuplot -c SCRIPT args...` (the script sees ARG1, ARG2, ...) and waits.  args: NULL-ended, at most 8.
 * VN_E_UNSUPPORTED when there is no gnuplot, VN_E_INTERNAL with gnuplot's own words when it complains or hangs. */
int vn_gnuplot(const char *script, const char *const args[], struct vn_job *job, struct vn_err *err);
/* The same for a script in memory; what it prints on standard output is appended to out.  what: its name in messages. */
int vn_gnuplot_text(const char *text, size_t n, const char *what, struct vn_str *out, struct vn_job *job, struct vn_err *err);
void vn_gnuplot_limit(double seconds);   /* tests: instead of 30 */
#endif
