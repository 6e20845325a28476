/* figure.c - two groups of brains as a figure: the data file and the gnuplot script. */
#include "figure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "draw.h"
#include "mem.h"

static const double dot_mm = 1.4;        /* diameter of a brain's dot */
static const double x_lo = -0.45, x_hi = 2.65;        /* groups at 0 and 1, the difference at 2.2 */

/* ---- where things stand ---- */

struct layout { int columns, rows; double width_mm, height_mm, top_mm; };      /* top: room above the axes for words */
struct scale { double lo, hi; };         /* of the y axis */
enum { LEFT_MM = 14, RIGHT_MM = 10, BOTTOM_MM = 9, AXIS_MM = 42 };

static struct layout layout_of(const struct vn_fig_panel *p, int n_panel)
{
    struct layout l = { .columns = n_panel <= 2 ? n_panel : n_panel == 4 ? 2 : 3, .top_mm = 8 };
    for (int i = 0; i < n_panel; i++)
        l.top_mm = p[i].region && p[i].region[0] ? 11.5 : l.top_mm;
    l.rows = (n_panel + l.columns - 1) / l.columns;
    l.width_mm = n_panel == 1 ? 85 : 174;
    l.height_mm = (BOTTOM_MM + AXIS_MM + l.top_mm) * l.rows;
    return l;
}

static double inner_mm(const struct layout *l) { return l->width_mm / l->columns - LEFT_MM - RIGHT_MM; }

static void widen(struct scale *s, double v)
{
    if (isfinite(v)) {
        s->lo = v < s->lo ? v : s->lo;
        s->hi = v > s->hi ? v : s->hi;
    }
}

/* Holds every dot, both intervals of means, and the interval of the difference counted from the first mean. */
static struct scale scale_of(const struct vn_fig_panel *p)
{
    struct scale s = { INFINITY, -INFINITY };
    for (int i = 0; i < p->n[0] + p->n[1]; i++)
        widen(&s, p->value[i]);
    for (int g = 0; g < 2; g++) {
        widen(&s, p->ci_of_mean[g][0]);
        widen(&s, p->ci_of_mean[g][1]);
    }
    widen(&s, p->mean[0] + p->ci_low);
    widen(&s, p->mean[0] + p->ci_high);
    const double pad = s.hi > s.lo ? 0.06 * (s.hi - s.lo) : s.hi != 0 ? 0.1 * fabs(s.hi) : 1;
    return (struct scale){ s.lo - pad, s.hi + pad };
}

struct dot { double y; int i; };

static int by_height(const void *a, const void *b)
{
    const struct dot *p = a, *q = b;
    return p->y != q->y ? (p->y > q->y) - (p->y < q->y) : p->i - q->i;
}

/* Sideways places of n dots so that none covers another: lowest first, each as near the middle as it can be (left and right
 * by turns).  dx, dy: diameter of a dot in units of the axes. */
static int swarm(const double *y, int n, double dx, double dy, double *x, struct vn_err *err)
{
    struct dot *d = vn_alloc((uint64_t)n * sizeof *d, err);
    if (!d)
        return VN_E_MEMORY;
    for (int i = 0; i < n; i++)
        d[i] = (struct dot){ y[i], i };
    qsort(d, (size_t)n, sizeof *d, by_height);
    for (int k = 0; k < n; k++) {
        for (int step = 0;; step++) {
            const double at = (step % 2 ? -1 : 1) * ((step + 1) / 2) * dx / 4;
            bool free_place = true;
            for (int j = k - 1; j >= 0 && free_place && d[k].y - d[j].y < dy; j--) {
                const double u = (at - x[d[j].i]) / dx, v = (d[k].y - d[j].y) / dy;
                free_place = u * u + v * v >= 1;
            }
            if (free_place || fabs(at) > 0.4) {          /* a crowd: the rest stand on the edge */
                x[d[k].i] = at;
                break;
            }
        }
    }
    double left = 0, right = 0;
    for (int i = 0; i < n; i++) {
        left = fmin(left, x[i]);
        right = fmax(right, x[i]);
    }
    for (int i = 0; i < n; i++)
        x[i] -= (left + right) / 2;
    vn_free(d);
    return 0;
}

/* ---- the two texts ---- */

/* Four blocks a panel: dots of each group, means with intervals, difference with interval. */
static int data_text(struct vn_str *b, const struct vn_fig_panel *p, int n_panel, const struct layout *l, struct vn_err *err)
{
    for (int k = 0; k < n_panel; k++, p++) {
        const struct scale s = scale_of(p);
        const double dx = dot_mm / inner_mm(l) * (x_hi - x_lo), dy = dot_mm / AXIS_MM * (s.hi - s.lo);
        for (int g = 0; g < 2; g++) {
            const double *y = p->value + (g ? p->n[0] : 0);
            double *x = vn_alloc((uint64_t)p->n[g] * sizeof *x, err);
            const int rc = x ? swarm(y, p->n[g], dx, dy, x, err) : VN_E_MEMORY;
            if (rc) {
                vn_free(x);
                return rc;
            }
            vn_str_addf(b, "# %s, group %s: place, value, brain\n", p->measure, p->group[g]);
            for (int i = 0; i < p->n[g]; i++) {
                vn_str_addf(b, "%.4f %.17g", g + x[i], y[i]);
                if (p->subject) {
                    vn_str_add(b, " ");
                    vn_draw_quoted(b, p->subject[g ? p->n[0] + i : i]);
                }
                vn_str_add(b, "\n");
            }
            vn_str_add(b, "\n\n");
            vn_free(x);
        }
        vn_str_addf(b, "# %s: place, mean, 95 %% interval\n", p->measure);
        for (int g = 0; g < 2; g++)
            vn_str_addf(b, "%.2f %.17g %.17g %.17g\n", g + 0.34, p->mean[g], p->ci_of_mean[g][0], p->ci_of_mean[g][1]);
        vn_str_addf(b, "\n\n# %s: place, difference of the means, 95 %% interval\n", p->measure);
        vn_str_addf(b, "2.20 %.17g %.17g %.17g\n\n\n", p->difference, p->ci_low, p->ci_high);
    }
    return 0;
}

/* p to three decimals or two digits, as journals print it. */
static const char *p_text(double p, char out[32])
{
    snprintf(out, 32, p < 0.0001 ? "p < 0.0001" : p < 0.01 ? "p = %.4f" : "p = %.3f", p);
    return out;
}

static void panel_text(struct vn_str *b, const struct vn_fig_panel *p, int k, const struct layout *l)
{
    const struct scale s = scale_of(p);
    const double cell_w = 1.0 / l->columns, cell_h = 1.0 / l->rows, mm_x = 1 / l->width_mm, mm_y = 1 / l->height_mm;
    const double left = k % l->columns * cell_w, bottom = 1 - (k / l->columns + 1) * cell_h;
    const double axis_top = bottom + (BOTTOM_MM + AXIS_MM) * mm_y, text_x = left + LEFT_MM * mm_x;
    const int digits = vn_draw_decimals(p->ci_high - p->ci_low);
    char label[200], pt[32];
    vn_figure_label(p->measure, label, sizeof label);

    vn_str_addf(b, "\nunset label; unset arrow\nset lmargin at screen %.5f; set rmargin at screen %.5f; "
                   "set bmargin at screen %.5f; set tmargin at screen %.5f\n", text_x, left + cell_w - RIGHT_MM * mm_x,
                bottom + BOTTOM_MM * mm_y, axis_top);
    vn_str_addf(b, "set yrange [%.9g:%.9g]; set y2range [%.9g:%.9g]\n", s.lo, s.hi, s.lo - p->mean[0], s.hi - p->mean[0]);
    vn_str_add(b, "set ylabel ");
    vn_draw_quoted(b, label);
    vn_str_add(b, " offset 0.5,0\n");
    for (int g = 0; g < 2; g++) {
        vn_str_add(b, "set label ");
        vn_draw_quoted(b, p->group[g]);
        vn_str_addf(b, " at first %.2f, screen %.5f center\n", g + 0.12, bottom + 6 * mm_y);
        vn_str_addf(b, "set label 'n = %d' at first %.2f, screen %.5f center\n", p->n[g], g + 0.12, bottom + 2.5 * mm_y);
    }
    vn_str_addf(b, "set label 'difference' at first 2.20, screen %.5f center\n", bottom + 6 * mm_y);
    if (p->region && p->region[0]) {
        vn_str_add(b, "set label ");
        vn_draw_quoted(b, p->region);
        vn_str_addf(b, " at screen %.5f, screen %.5f left\n", text_x, axis_top + 9 * mm_y);
    }
    vn_str_add(b, "set label '");
    vn_draw_number(b, p->difference, digits);
    vn_str_add(b, " (95 % CI ");
    vn_draw_number(b, p->ci_low, digits);
    vn_str_add(b, " to ");
    vn_draw_number(b, p->ci_high, digits);
    vn_str_addf(b, ")' at screen %.5f, screen %.5f left font ',7'\n", text_x, axis_top + 5.5 * mm_y);
    if (isfinite(p->p)) {
        vn_str_addf(b, "set label '%s", p_text(p->p, pt));
        if (isfinite(p->hedges_g)) {
            vn_str_add(b, ", g = ");
            vn_draw_number(b, p->hedges_g, 2);
        }
        vn_str_addf(b, "' at screen %.5f, screen %.5f left font ',7'\n", text_x, axis_top + 2.5 * mm_y);
    }
    for (int g = 0; g < 2; g++)
        vn_str_addf(b, "set arrow from %.2f, first %.9g to %.2f, first %.9g nohead lc rgb grey lw 0.75 dt (4,4) back\n", g + 0.34,
                    p->mean[g], g ? 2.2 : x_hi, p->mean[g]);
    vn_str_addf(b, "plot data index %d using 1:2 with points pt 7 ps dot lc rgb colour_a, \\\n", 4 * k);
    vn_str_addf(b, "     data index %d using 1:2 with points pt 7 ps dot lc rgb colour_b, \\\n", 4 * k + 1);
    for (int i = 2; i < 4; i++) {                      /* bars as vectors: error bars leave a gap round their point */
        const char *axes = i == 3 ? " axes x1y2" : "";
        vn_str_addf(b, "     data index %d using 1:3:(0):($4-$3)%s with vectors nohead lw 1.25 lc rgb 'black', \\\n", 4 * k + i, axes);
        vn_str_addf(b, "     data index %d using 1:2%s with points pt %s lc rgb 'black'%s\n", 4 * k + i, axes,
                    i == 3 ? "7 ps 0.4" : "5 ps 0.3", i == 3 ? "" : ", \\");
    }
}

static void script_text(struct vn_str *b, const struct vn_fig_panel *p, int n_panel, const char *path, const struct layout *l, const char *note)
{
    vn_draw_head(b, path, l->width_mm, l->height_mm, note,
                 "Dots are brains; black: mean with its 95 % interval (t); right: difference of the means with its 95 % interval.");
    vn_str_addf(b, "colour_a = '#0072B2'      # blue and vermillion of Okabe and Ito: told apart by every kind of sight\n"
                   "colour_b = '#D55E00'\n"
                   "grey = '#999999'\n"
                   "dot = 0.4\n"
                   "set border 11 lw 0.75; set tics nomirror out scale 0.5; unset key; set bars 0\n"
                   "unset xtics; set ytics offset 0.5,0; set y2tics nomirror offset -0.5,0; set xrange [%.2f:%.2f]\n"
                   "set format y '%%h'; set format y2 '%%h'; set minussign\n"
                   "set multiplot\n", x_lo, x_hi);
    for (int k = 0; k < n_panel; k++)
        panel_text(b, &p[k], k, l);
    vn_str_add(b, "unset multiplot\nset output\n");
}

int vn_figure_write(const struct vn_fig_panel *panel, int n_panel, const char *path, bool force, const char *note,
                    struct vn_job *job, struct vn_err *err)
{
    const struct layout l = layout_of(panel, n_panel);
    struct vn_str data = { 0 }, script = { 0 };

    vn_draw_comment(&data, note);
    int rc = data_text(&data, panel, n_panel, &l, err);
    script_text(&script, panel, n_panel, path, &l, note);
    if (!rc)
        rc = vn_draw_files(path, force, &script, &data, job, err);
    vn_str_free(&data);
    vn_str_free(&script);
    return rc;
}
