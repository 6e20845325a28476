/* chart.h - curves, points or bars over two axes as a figure: histograms, profiles, columns of a table. */
#ifndef VN_CHART_H
#define VN_CHART_H
#include "job.h"

enum vn_chart_style { VN_CHART_LINES, VN_CHART_POINTS, VN_CHART_BARS };      /* BARS: y[i] from x[i] to x[i + 1]; the last y is not drawn */
enum { VN_MAX_SERIES = 6, VN_MAX_MARK = 16 };
struct vn_series { const char *name; const double *x, *y; int64_t n; };       /* points that are not finite interrupt a line */
struct vn_chart {
    enum vn_chart_style style;
    const char *x_label, *y_label;
    bool log_y;                              /* y below 1 stands on the axis: counts */
    int n_series; struct vn_series series[VN_MAX_SERIES];        /* more than one: named in the figure */
    int n_mark; double mark[VN_MAX_MARK];    /* vertical lines with their value */
};
/* As vn_figure_write: path (.pdf, .svg, .png), path.gp, path.dat; 85 x 62 mm. */
int vn_chart_write(const struct vn_chart *c, const char *path, bool force, const char *note, struct vn_job *job, struct vn_err *err);
#endif
