/* chart.c - curves, points or bars over two axes: the data file and the gnuplot script. */
#include "chart.h"

#include <math.h>
#include <stdio.h>

#include "draw.h"

static const char *const colour[VN_MAX_SERIES] = { "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9" };      /* Okabe and Ito */
enum { WIDTH_MM = 85, HEIGHT_MM = 62, LEFT_MM = 15, RIGHT_MM = 5, BOTTOM_MM = 11, TOP_MM = 5 };

struct span { double lo, hi; };

static struct span span_of(const struct vn_chart *c, bool of_y)
{
    struct span s = { INFINITY, -INFINITY };
    for (int k = 0; k < c->n_series; k++)
        for (int64_t i = 0; i < c->series[k].n; i++) {
            const double v = of_y ? c->series[k].y[i] : c->series[k].x[i];
            if (isfinite(c->series[k].x[i]) && isfinite(c->series[k].y[i])) {
                s.lo = v < s.lo ? v : s.lo;
                s.hi = v > s.hi ? v : s.hi;
            }
        }
    if (!(s.lo <= s.hi))
        s = (struct span){ 0, 1 };
    if (s.lo == s.hi) {
        const double pad = s.lo != 0 ? 0.1 * fabs(s.lo) : 1;
        s = (struct span){ s.lo - pad, s.hi + pad };
    }
    return s;
}

/* Lines keep to the data along x; a little air elsewhere.  What is never negative starts at 0 when it comes near. */
static void ranges(const struct vn_chart *c, struct span *x, struct span *y)
{
    *x = span_of(c, false);
    *y = span_of(c, true);
    if (c->style == VN_CHART_POINTS) {
        const double pad = 0.03 * (x->hi - x->lo);
        *x = (struct span){ x->lo - pad, x->hi + pad };
    }
    const double pad = 0.06 * (y->hi - y->lo);
    const bool zero = c->style == VN_CHART_BARS || (y->lo >= 0 && y->lo < 0.35 * y->hi);
    y->lo = c->log_y ? 0.5 : zero ? fmin(y->lo, 0) : y->lo - pad;
    y->hi = c->log_y ? fmax(2 * y->hi, 10) : y->hi + pad;
}

static void data_text(struct vn_str *b, const struct vn_chart *c)
{
    for (int k = 0; k < c->n_series; k++) {
        const struct vn_series *s = &c->series[k];
        char xt[32], yt[32], name[300];
        snprintf(name, sizeof name, "%s, %s", c->x_label, s->name ? s->name : c->y_label);
        vn_draw_comment(b, name);
        bool some = false, gap = false;
        for (int64_t i = 0; i < s->n; i++) {
            if (!isfinite(s->x[i]) || !isfinite(s->y[i])) {
                gap = some;
                continue;
            }
            vn_str_addf(b, "%s%s %s\n", gap ? "\n" : "", vn_text_real(s->x[i], xt), vn_text_real(s->y[i], yt));     /* one empty line: a gap */
            some = true;
            gap = false;
        }
        if (!some)
            vn_str_add(b, "NaN NaN\n");                  /* gnuplot counts blocks that hold something */
        vn_str_add(b, "\n\n");
    }
}

/* Thousands and millions as digits only while they are short. */
static const char *format_of(struct span s)
{
    const double m = fmax(fabs(s.lo), fabs(s.hi));
    return m >= 1e5 && m < 1e15 ? "%.0s%c" : "%h";
}

static void script_text(struct vn_str *b, const struct vn_chart *c, const char *path, const char *note)
{
    char label[2][200];
    struct span x, y;

    ranges(c, &x, &y);
    vn_figure_label(c->x_label, label[0], sizeof label[0]);
    vn_figure_label(c->y_label, label[1], sizeof label[1]);
    vn_draw_head(b, path, WIDTH_MM, HEIGHT_MM, note, NULL);
    vn_str_addf(b, "set border 3 lw 0.75; set tics nomirror out scale 0.5; set minussign\n"
                   "set lmargin at screen %.5f; set rmargin at screen %.5f; set bmargin at screen %.5f; set tmargin at screen %.5f\n",
                (double)LEFT_MM / WIDTH_MM, 1 - (double)RIGHT_MM / WIDTH_MM, (double)BOTTOM_MM / HEIGHT_MM, 1 - (double)TOP_MM / HEIGHT_MM);
    vn_str_addf(b, "set xrange [%.9g:%.9g]; set yrange [%.9g:%.9g]%s\n", x.lo, x.hi, y.lo, y.hi, c->log_y ? "; set logscale y" : "");
    vn_str_addf(b, "set format x '%s'; set format y '%s'; set xtics offset 0,0.3; set ytics offset 0.5,0\n", format_of(x), c->log_y ? "%.0s%c" : format_of(y));
    vn_str_add(b, "set xlabel ");
    vn_draw_quoted(b, label[0]);
    vn_str_add(b, " offset 0,0.6\nset ylabel ");
    vn_draw_quoted(b, label[1]);
    vn_str_add(b, " offset 0.5,0\n");
    vn_str_add(b, c->n_series > 1 ? "set key top right samplen 1.5 spacing 1.1 noautotitle\n" : "unset key\n");
    for (int i = 0; i < c->n_mark; i++) {
        if (c->mark[i] < x.lo || c->mark[i] > x.hi)
            continue;
        vn_str_addf(b, "set arrow from %.9g, graph 0 to %.9g, graph 1 nohead lc rgb '#555555' lw 1 dt (6,4) front\n", c->mark[i], c->mark[i]);
        vn_str_addf(b, "set label '%s%.6g' at %.9g, graph 1 center offset 0,0.5 font ',7'\n", c->mark[i] < 0 ? "\u2212" : "", fabs(c->mark[i]), c->mark[i]);
    }
    for (int k = 0; k < c->n_series; k++) {
        vn_str_addf(b, "%s", k ? ", \\\n     " : "plot ");
        if (c->style == VN_CHART_BARS)
            vn_str_addf(b, "data index %d using 1:%s with fillsteps fs solid 0.35 noborder lc rgb '%s' notitle, \\\n     data index %d using 1:%s with steps lw 0.75 lc rgb '%s'",
                        k, c->log_y ? "($2<0.5?0.5:$2)" : "2", colour[k], k, c->log_y ? "($2<0.5?0.5:$2)" : "2", colour[k]);
        else
            vn_str_addf(b, "data index %d using 1:2 with %s lc rgb '%s'", k, c->style == VN_CHART_POINTS ? "points pt 7 ps 0.3" : "lines lw 1.25", colour[k]);
        if (c->n_series > 1) {
            vn_figure_label(c->series[k].name, label[0], sizeof label[0]);
            vn_str_add(b, " title ");
            vn_draw_quoted(b, label[0]);
        }
    }
    vn_str_add(b, "\nset output\n");
}

int vn_chart_write(const struct vn_chart *c, const char *path, bool force, const char *note, struct vn_job *job, struct vn_err *err)
{
    struct vn_str data = { 0 }, script = { 0 };
    enum vn_fig_type type;
    int rc = vn_figure_type(path, &type, err);

    if (!rc) {
        vn_draw_comment(&data, note);
        data_text(&data, c);
        script_text(&script, c, path, note);
        rc = vn_draw_files(path, force, &script, &data, job, err);
    }
    vn_str_free(&data);
    vn_str_free(&script);
    return rc;
}
