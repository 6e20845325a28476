/* figure.h - two groups of brains as a figure for a paper: every brain a dot, means with 95 % intervals, and the
 * difference on an axis of its own (after Gardner and Altman 1986; Ho 2019, Nature Methods 16:565). */
#ifndef VN_FIGURE_H
#define VN_FIGURE_H
#include "job.h"

struct vn_fig_panel {
    const char *measure;             /* column name with its unit: "length_density_m_per_mm3" */
    const char *region;              /* NULL or "": none */
    const char *group[2];
    int n[2];
    const double *value;             /* n[0] of the first group, then n[1] */
    const char *const *subject;      /* n[0] + n[1] names, written beside the data; may be NULL */
    double mean[2], ci_of_mean[2][2];
    double difference, ci_low, ci_high;      /* second less first */
    double hedges_g, p;              /* p by permutation; NaN leaves the line out */
};
/* Writes path (.pdf, .svg or .png) by gnuplot, and beside it the script (path.gp) and its data (path.dat), so that the figure can be
 * restyled with `gnuplot PATH.gp`.  85 mm wide for one panel, 174 mm for more; the same bytes each time.
 * note: comment lines at the head of script and data ("#" is put before each). */
int vn_figure_write(const struct vn_fig_panel *panel, int n_panel, const char *path, bool force, const char *note,
                    struct vn_job *job, struct vn_err *err);
#endif
