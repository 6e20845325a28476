/* cuts_panel.h - what every threshold gives as a chart in the panel, in which the mouse moves low and high. */
#ifndef VN_CUTS_PANEL_H
#define VN_CUTS_PANEL_H
#include "cuts.h"
#include "mode.h"
#include "plot.h"

struct vn_cuts_chart {
    struct vn_cuts l;
    double *y[3];                        /* its curves; NULL: there are none */
    struct vn_plot plot;                 /* as drawn last, at row (-1: not drawn) and col of the panel */
    int row, col;
    bool dragging, holds_high;           /* which threshold the mouse drags */
};
/* Takes l over and draws from it; what was there goes. */
void vn_cuts_chart_set(struct vn_cuts_chart *c, const struct vn_cuts *l);
void vn_cuts_chart_free(struct vn_cuts_chart *c);        /* as before the first set */
/* Voxels and pieces, and with a truth Dice below where there is room for both; each of at most `most` rows.  NaN: no mark. */
void vn_cuts_chart_draw(struct vn_ui *ui, struct vn_cuts_chart *c, int row, int col, int room, int most, double low, double high);
/* What low alone gives. Returns the row after it. */
int  vn_cuts_chart_numbers(struct vn_ui *ui, const struct vn_cuts_chart *c, int row, int col, double low);
double vn_cuts_chart_dice(const struct vn_cuts_chart *c, double low);      /* NaN: no truth */
/* A press or drag in the chart: the nearer threshold goes *to and follows, the high one with the right button or Shift.
 * False: none moves. */
bool vn_cuts_chart_mouse(struct vn_ui *ui, struct vn_cuts_chart *c, const struct vn_event *ev, double low, double high, bool *is_high,
                         double *to);
#endif
