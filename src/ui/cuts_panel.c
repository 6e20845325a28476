/* cuts_panel.c - what every threshold gives, in the panel. */
#include "cuts_panel.h"
#include "mem.h"
#include "screen.h"
#include <math.h>
#include <string.h>

void vn_cuts_chart_free(struct vn_cuts_chart *c)
{
    vn_cuts_free(&c->l);
    vn_free(c->y[0]);
    *c = (struct vn_cuts_chart){ .row = -1 };
}

void vn_cuts_chart_set(struct vn_cuts_chart *c, const struct vn_cuts *l)
{
    vn_cuts_chart_free(c);
    c->l = *l;
    const struct vn_curve *v = &c->l.curve;
    double *y = vn_alloc((uint64_t)v->n * 3 * sizeof *y, NULL);
    if (!y)
        return;
    for (int k = 0; k < 3; k++)
        c->y[k] = y + k * v->n;
    for (int k = 0; k < v->n; k++) {
        const int64_t both = v->voxels[k] + (int64_t)v->true_voxels;
        c->y[0][k] = (double)v->voxels[k];
        c->y[1][k] = (double)v->components[k];
        c->y[2][k] = v->has_truth && both > 0 ? 2.0 * (double)v->hit[k] / (double)both : NAN;
    }
}

static void draw(struct vn_ui *ui, struct vn_cuts_chart *c, int row, int rows, double low, double high, bool dice)
{
    const struct vn_curve *v = &c->l.curve;
    const struct { double x; enum vn_plot_look look; char tag; } mark[] = {
        { low, VN_PLOT_MARK, 'l' }, { high, VN_PLOT_MARK, 'h' },
        { v->plateau_low < 0 ? NAN : v->threshold[v->plateau_low], VN_PLOT_MARK2, '[' },
        { v->plateau_low < 0 ? NAN : v->threshold[v->plateau_high], VN_PLOT_MARK2, ']' },
    };
    struct vn_plot *p = &c->plot;
    *p = (struct vn_plot){ .cols = vn_panel_cols(ui) - 1 - c->col, .rows = rows, .log_y = !dice, .x_lo = v->lo, .x_hi = v->hi,
                           .n_series = dice ? 1 : 2,
                           .series = { { v->threshold, c->y[dice ? 2 : 0], v->n, false, dice ? VN_PLOT_CURVE3 : VN_PLOT_CURVE },
                                       { v->threshold, c->y[1], v->n, false, VN_PLOT_CURVE2 } } };
    if (dice) {
        p->y_lo = 0;
        p->y_hi = 1;
    }
    for (size_t i = 0; i < VN_COUNT(mark); i++)
        if (isfinite(mark[i].x))
            p->mark[p->n_mark++] = (struct vn_plot_mark){ mark[i].x, mark[i].look, mark[i].tag };
    vn_plot_panel(ui, row, c->col, p);
}

void vn_cuts_chart_draw(struct vn_ui *ui, struct vn_cuts_chart *c, int row, int col, int room, int most, double low, double high)
{
    const int n = c->l.curve.has_truth && room >= 13 ? room / 2 : room, each = n < most ? n : most;
    c->row = -1;
    c->col = col;
    if (!c->y[0] || room < 4)
        return;
    if (n < room)
        draw(ui, c, row + each, each, low, high, true);
    draw(ui, c, row, each, low, high, false);    /* last: the one the mouse is in */
    c->row = row;
}

static int at(const struct vn_cuts_chart *c, double low) { return (int)vn_max64(vn_cuts_at(&c->l, low), 0); }

int vn_cuts_chart_numbers(struct vn_ui *ui, const struct vn_cuts_chart *c, int row, int col, double low)
{
    const struct vn_curve *v = &c->l.curve;
    const int k = at(c, low);
    char n[16];
    vn_panel_text(ui, row++, col, VN_LOOK_TEXT, "voxels %s  %.3g %%", vn_plot_number((double)v->voxels[k], n),
                  100.0 * (double)v->voxels[k] / (double)v->total);
    vn_panel_text(ui, row++, col, VN_LOOK_KEY, "pieces %lld  Euler %lld", (long long)v->components[k], (long long)v->euler[k]);
    vn_panel_text(ui, row++, col, VN_LOOK_TEXT, "length %s %s", vn_plot_number(v->length[k], n), v->um ? "um" : "voxels");
    return row;
}

double vn_cuts_chart_dice(const struct vn_cuts_chart *c, double low) { return c->y[2] ? c->y[2][at(c, low)] : NAN; }

bool vn_cuts_chart_mouse(struct vn_ui *ui, struct vn_cuts_chart *c, const struct vn_event *ev, double low, double high, bool *is_high,
                         double *to)
{
    const struct vn_plot *p = &c->plot;
    int row, col;
    const bool in = vn_panel_hit(ui, ev, &row, &col);
    if (c->dragging && (ev->motion || ev->release)) {
        col = (int)vn_min64(vn_max64(ev->x - ui->panel.x - c->col, p->left), p->cols - 1);
        c->dragging = !ev->release;
        *is_high = c->holds_high;
        *to = vn_plot_x(p, col);
        return true;
    }
    if (!in || c->row < 0 || row < c->row || row >= c->row + p->rows - 1 || col - c->col < p->left || ev->release || ev->motion ||
        (ev->button != 0 && ev->button != 2))
        return false;
    *to = vn_plot_x(p, col - c->col);
    *is_high = c->holds_high = ev->button == 2 || ev->mods & VN_SHIFT || fabs(*to - high) < fabs(*to - low);
    c->dragging = true;
    return true;
}
