/* plot.h - small charts made of characters: values become cells, each a character with a look, for a panel or for text.
 *
 * The last row names the ends of the x axis, a column at the left those of the y axis; the rest is the plot.  A line is drawn
 * in braille dots (2 x 4 a cell), bars in eighths of a cell; plain ASCII where the terminal has no more. */
#ifndef VN_PLOT_H
#define VN_PLOT_H
#include "text.h"

enum { VN_PLOT_SERIES = 3, VN_PLOT_MARKS = 8 };
enum vn_plot_look { VN_PLOT_NONE, VN_PLOT_LABEL, VN_PLOT_AXIS, VN_PLOT_CURVE, VN_PLOT_CURVE2, VN_PLOT_CURVE3, VN_PLOT_MARK, VN_PLOT_MARK2 };
struct vn_plot_cell { uint32_t ch; enum vn_plot_look look; };

struct vn_plot_series {
    const double *x, *y;                 /* x rising; NULL: evenly over [x_lo, x_hi], bars from edge to edge. y NaN: a gap */
    int n;
    bool bars;                           /* else a line through the points */
    enum vn_plot_look look;
};
struct vn_plot_mark { double x; enum vn_plot_look look; char tag; };     /* vertical line; tag at its top, 0 none */
struct vn_plot {
    int cols, rows;                      /* of the chart, labels included: 8 x 3 at least */
    bool ascii;
    bool log_y;                          /* of 1 + y, so that 0 has a place */
    double x_lo, x_hi;                   /* equal: of the series (those without x: 0 to n, a line 0 to n - 1) */
    double y_lo, y_hi;                   /* equal: of the series, bars from 0 */
    const char *x_name, *y_name;         /* "um", "grey"; NULL none */
    int n_series, n_mark;
    struct vn_plot_series series[VN_PLOT_SERIES];
    struct vn_plot_mark mark[VN_PLOT_MARKS];
    int left;                            /* set by drawing: first column of the plot; it has rows - 1 rows */
};
/* Fills in what was left open, and out[rows * cols]. */
void vn_plot_draw(struct vn_plot *p, struct vn_plot_cell *out);
/* Of a plot that was drawn: x at the middle of a column, and the column of x (-1: outside). */
double vn_plot_x(const struct vn_plot *p, int col);
int  vn_plot_col(const struct vn_plot *p, double x);
/* The run of one look that begins at cell `from` of a row, as UTF-8 appended to text. Returns the cell after it. */
int  vn_plot_run(const struct vn_plot_cell *row, int cols, int from, struct vn_str *text, enum vn_plot_look *look);
/* The same into the panel from that row and column on, in ASCII where the locale has no more. */
struct vn_ui;
void vn_plot_panel(struct vn_ui *ui, int row, int col, struct vn_plot *p);
/* A number in at most six columns: "0.035", "12.5k", "3.1M", "-4e-07". */
const char *vn_plot_number(double v, char out[16]);
#endif
