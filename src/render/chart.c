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

/* A point between two that are not finite: no line shows it. */
static bool has_lone(const struct vn_series *s)
{
    bool before = false, lone = false;
    for (int64_t i = 0; i < s->n; i++) {
        const bool here = isfinite(s->x[i]) && isfinite(s->y[i]);
        const bool after = i + 1 < s->n && isfinite(s->x[i + 1]) && isfinite(s->y[i + 1]);
        lone = lone || (here && !before && !after);
        before = here;
    }
    return lone;
}

/* Thousands and millions as digits only while they are short. */
static const char *format_of(struct span s)
{
    const double m = fmax(fabs(s.lo), fabs(s.hi));
    return m >= 1e5 && m < 1e15 ? "%.0s%c" : "%h";
}

/* ---- the key, where nothing is drawn ---- */

/* Its size as a share of the plot: margin and sample, a letter, a line. */
static const double KEY_W = 0.16, KEY_LETTER = 0.025, KEY_H = 0.05, KEY_LINE = 0.08;
enum { BETWEEN = 8 };                          /* places looked at from one point of a line to the next */

static double part_of(const struct span *s, bool logarithmic, double v)
{
    const double lo = logarithmic ? log10(s->lo) : s->lo, hi = logarithmic ? log10(s->hi) : s->hi;
    return ((logarithmic ? log10(fmax(v, s->lo)) : v) - lo) / (hi - lo);
}

/* How much of the series lies in the part x0..x0+w, y0..y0+h of the plot; marks count as one place. */
static int64_t drawn_in(const struct vn_chart *c, const struct span *x, const struct span *y, double x0, double y0,
                        double w, double h)
{
    int64_t n = 0;

    for (int k = 0; k < c->n_series; k++) {
        const struct vn_series *s = &c->series[k];
        double px = NAN, py = NAN;
        for (int64_t i = 0; i < s->n; i++) {
            const double sx = part_of(x, false, s->x[i]), sy = part_of(y, c->log_y, s->y[i]);
            const bool along = c->style != VN_CHART_POINTS && isfinite(px) && isfinite(py);
            for (int j = along ? 1 : BETWEEN; j <= BETWEEN; j++) {
                const double t = (double)j / BETWEEN;
                const double qx = along ? px + t * (sx - px) : sx, qy = along ? py + t * (sy - py) : sy;
                n += qx > x0 && qx < x0 + w && qy > y0 && (qy < y0 + h || c->style == VN_CHART_BARS);
            }
            px = sx;
            py = sy;
        }
    }
    for (int i = 0; i < c->n_mark; i++) {
        const double m = part_of(x, false, c->mark[i]);
        n += m > x0 && m < x0 + w;
    }
    return n;
}

/* The first place that is free; where none is, the top, and room is made there. */
static void key_text(struct vn_str *b, const struct vn_chart *c, const struct span *x, struct span *y)
{
    static const struct { const char *at; double x, y; } place[] = {
        { "top right", 1, 1 }, { "top left", 0, 1 }, { "bottom right", 1, 0 }, { "bottom left", 0, 0 },
        { "top center", 0.5, 1 }, { "bottom center", 0.5, 0 }, { "center right", 1, 0.5 }, { "center left", 0, 0.5 },
    };
    char name[200];
    int letters = 0, best = -1;

    for (int k = 0; k < c->n_series; k++) {
        vn_figure_label(c->series[k].name, name, sizeof name);
        letters = vn_text_width(name) > letters ? vn_text_width(name) : letters;
    }
    const double w = fmin(1, KEY_W + KEY_LETTER * letters), h = fmin(0.5, KEY_H + KEY_LINE * c->n_series);
    for (int i = 0; best < 0 && i < (int)VN_COUNT(place); i++)
        if (drawn_in(c, x, y, place[i].x * (1 - w), place[i].y * (1 - h), w, h) == 0)
            best = i;
    if (best < 0 && c->log_y)
        y->hi = y->lo * pow(y->hi / y->lo, 1 / (1 - h));
    else if (best < 0)
        y->hi = y->lo + (y->hi - y->lo) / (1 - h);
    vn_str_addf(b, "set key %s Left reverse samplen 1.5 spacing 1.1 noautotitle\n", place[best < 0 ? 0 : best].at);
}

static void script_text(struct vn_str *b, const struct vn_chart *c, const char *path, const char *note)
{
    struct vn_str key = { 0 };
    char label[2][200];
    struct span x, y;

    ranges(c, &x, &y);
    if (c->n_series > 1)
        key_text(&key, c, &x, &y);
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
    vn_str_add(b, key.s ? key.s : "unset key\n");
    b->failed |= key.failed;
    vn_str_free(&key);
    for (int i = 0; i < c->n_mark; i++) {
        if (c->mark[i] < x.lo || c->mark[i] > x.hi)
            continue;
        vn_str_addf(b, "set arrow from %.9g, graph 0 to %.9g, graph 1 nohead lc rgb '#555555' lw 1 dt (6,4) front\n", c->mark[i], c->mark[i]);
        vn_str_addf(b, "set label '%s%.4g' at %.9g, graph 1 center offset 0,0.5 font ',7'\n", c->mark[i] < 0 ? "\u2212" : "", fabs(c->mark[i]), c->mark[i]);
    }
    for (int k = 0; k < c->n_series; k++) {
        vn_str_addf(b, "%s", k ? ", \\\n     " : "plot ");
        if (c->style == VN_CHART_BARS)
            vn_str_addf(b, "data index %d using 1:%s with fillsteps fs solid 0.35 noborder lc rgb '%s' notitle, \\\n     data index %d using 1:%s with steps lw 0.75 lc rgb '%s'",
                        k, c->log_y ? "($2<0.5?0.5:$2)" : "2", colour[k], k, c->log_y ? "($2<0.5?0.5:$2)" : "2", colour[k]);
        else
            vn_str_addf(b, "data index %d using 1:2 with %s lc rgb '%s'", k, c->style == VN_CHART_POINTS ? "points pt 7 ps 0.3" :
                        has_lone(&c->series[k]) ? "linespoints lw 1.25 pt 7 ps 0.25" : "lines lw 1.25", colour[k]);
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
