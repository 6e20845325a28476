/* heat.c - colours over a grid: the data file and the gnuplot script.  Cells are drawn one by one as rectangles that reach half
 * way to the next value, so that values need not be equally far apart. */
#include "heat.h"

#include <math.h>
#include <stdio.h>

#include "draw.h"

enum { WIDTH_MM = 85, HEIGHT_MM = 70, LEFT_MM = 14, RIGHT_MM = 20, BOTTOM_MM = 11, TOP_MM = 4 };

/* Where the cell of value i begins. */
static double edge(const double *v, int n, int i)
{
    if (n == 1)
        return v[0] + (i ? 0.5 : -0.5);
    if (i == 0)
        return v[0] - 0.5 * (v[1] - v[0]);
    return i == n ? v[n - 1] + 0.5 * (v[n - 1] - v[n - 2]) : 0.5 * (v[i - 1] + v[i]);
}

static void data_text(struct vn_str *b, const struct vn_heat *h)
{
    vn_str_addf(b, "# left, right, lower, upper, %s, x, y\n", h->label);
    for (int j = 0; j < h->ny; j++)
        for (int i = 0; i < h->nx; i++) {
            const double v[7] = { edge(h->x, h->nx, i), edge(h->x, h->nx, i + 1), edge(h->y, h->ny, j), edge(h->y, h->ny, j + 1),
                                  h->v[j * h->nx + i], h->x[i], h->y[j] };
            char text[32];
            for (int k = 0; k < 7 && isfinite(v[4]); k++)
                vn_str_addf(b, "%s%s", vn_text_real(v[k], text), k < 6 ? " " : "\n");
        }
}

static void label(struct vn_str *b, const char *which, const char *name, const char *offset)
{
    char text[200];
    vn_figure_label(name, text, sizeof text);
    vn_str_addf(b, "set %slabel ", which);
    vn_draw_quoted(b, text);
    vn_str_addf(b, " offset %s\n", offset);
}

static void script_text(struct vn_str *b, const struct vn_heat *h, const char *path, const char *note)
{
    double lo = INFINITY, hi = -INFINITY;
    int best = -1;
    for (int i = 0; i < h->nx * h->ny; i++)
        if (isfinite(h->v[i])) {
            lo = fmin(lo, h->v[i]);
            best = h->v[i] > hi ? i : best;
            hi = fmax(hi, h->v[i]);
        }
    if (!(lo < hi)) {
        lo = best < 0 ? 0 : lo - 0.5;
        hi = best < 0 ? 1 : lo + 1;
    }
    const double x0 = edge(h->x, h->nx, 0), x1 = edge(h->x, h->nx, h->nx), y0 = edge(h->y, h->ny, 0), y1 = edge(h->y, h->ny, h->ny);
    vn_draw_head(b, path, WIDTH_MM, HEIGHT_MM, note, NULL);
    vn_str_addf(b, "set border 3 lw 0.75; set tics nomirror out scale 0.5; set minussign; unset key\n"
                   "set lmargin at screen %.5f; set rmargin at screen %.5f; set bmargin at screen %.5f; set tmargin at screen %.5f\n",
                (double)LEFT_MM / WIDTH_MM, 1 - (double)RIGHT_MM / WIDTH_MM, (double)BOTTOM_MM / HEIGHT_MM, 1 - (double)TOP_MM / HEIGHT_MM);
    vn_str_addf(b, "set xrange [%.9g:%.9g]; set yrange [%.9g:%.9g]; set cbrange [%.9g:%.9g]\n", fmin(x0, x1), fmax(x0, x1), fmin(y0, y1),
                fmax(y0, y1), lo, hi);
    vn_str_add(b, "set palette defined (0 '#440154', 1 '#3B528B', 2 '#21918C', 3 '#5EC962', 4 '#FDE725')\n"
                  "set xtics offset 0,0.3; set ytics offset 0.5,0; set cbtics offset -0.5,0\n");
    label(b, "x", h->x_label, "0,0.6");
    label(b, "y", h->y_label, "0.5,0");
    label(b, "cb", h->label, "-0.5,0");
    if (best >= 0)
        vn_str_addf(b, "set label 1 '' at %.9g,%.9g point pt 6 ps 0.8 lc rgb 'black' front\n", h->x[best % h->nx], h->y[best / h->nx]);
    vn_str_add(b, "plot data using 6:7:1:2:3:4:5 with boxxyerror fs solid noborder lc palette\nset output\n");
}

int vn_heat_write(const struct vn_heat *h, const char *path, bool force, const char *note, struct vn_job *job, struct vn_err *err)
{
    struct vn_str data = { 0 }, script = { 0 };
    enum vn_fig_type type;
    int rc = vn_figure_type(path, &type, err);

    if (!rc) {
        vn_draw_comment(&data, note);
        data_text(&data, h);
        script_text(&script, h, path, note);
        rc = vn_draw_files(path, force, &script, &data, job, err);
    }
    vn_str_free(&data);
    vn_str_free(&script);
    return rc;
}
