/* heat.h - a number over a grid of two parameters, as colours; the greatest is marked. */
#ifndef VN_HEAT_H
#define VN_HEAT_H
#include "job.h"

struct vn_heat {
    const char *x_label, *y_label, *label;
    int nx, ny;
    const double *x, *y;             /* nx, ny values, rising or falling */
    const double *v;                 /* v[j * nx + i]; not finite: left out */
};
/* As vn_figure_write: path (.pdf, .svg, .png), path.gp, path.dat; 85 x 70 mm. */
int vn_heat_write(const struct vn_heat *h, const char *path, bool force, const char *note, struct vn_job *job, struct vn_err *err);
#endif
