/* plot.c - small charts made of characters. */
#include "plot.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *vn_plot_number(double v, char out[16])
{
    static const struct { double from, unit; const char *suffix; } scale[] = { { 1e9, 1e9, "G" }, { 1e6, 1e6, "M" }, { 1e4, 1e3, "k" } };
    const double a = fabs(v);
    snprintf(out, 16, a >= 1e12 || (a > 0 && a < 1e-3) ? "%.1g" : "%.3g", v);
    if (a >= 1000 && a < 1e4)
        snprintf(out, 16, "%.0f", v);
    for (size_t i = 0; i < VN_COUNT(scale) && a < 999.5e9; i++)
        if (a >= scale[i].from - 0.5) {
            snprintf(out, 16, "%.3g%s", v / scale[i].unit, scale[i].suffix);
            break;
        }
    return out;
}

/* ---- ranges ---- */

static double fold(const struct vn_plot *p, double y) { return p->log_y ? log10(1 + fmax(y, 0)) : y; }

static void find_ranges(struct vn_plot *p)
{
    double x[2] = { INFINITY, -INFINITY }, y[2] = { INFINITY, -INFINITY };
    for (int s = 0; s < p->n_series; s++) {
        const struct vn_plot_series *e = &p->series[s];
        if (e->n > 0) {
            x[0] = fmin(x[0], e->x ? e->x[0] : 0);
            x[1] = fmax(x[1], e->x ? e->x[e->n - 1] : e->bars ? e->n : e->n - 1);
        }
        for (int i = 0; i < e->n; i++)
            if (isfinite(e->y[i])) {
                y[0] = fmin(y[0], e->bars ? fmin(e->y[i], 0) : e->y[i]);
                y[1] = fmax(y[1], e->y[i]);
            }
    }
    if (!(p->x_hi > p->x_lo)) {
        p->x_lo = x[0] <= x[1] ? x[0] : 0;
        p->x_hi = x[0] < x[1] ? x[1] : p->x_lo + 1;
    }
    if (!(p->y_hi > p->y_lo)) {
        p->y_lo = y[0] <= y[1] ? y[0] : 0;
        p->y_hi = y[0] < y[1] ? y[1] : p->y_lo + 1;
    }
}

double vn_plot_x(const struct vn_plot *p, int col)
{
    return p->x_lo + (p->x_hi - p->x_lo) * (col - p->left + 0.5) / (p->cols - p->left);
}

int vn_plot_col(const struct vn_plot *p, double x)
{
    if (!(x >= p->x_lo && x <= p->x_hi))
        return -1;
    const int n = p->cols - p->left, col = (int)floor((x - p->x_lo) / (p->x_hi - p->x_lo) * n);
    return p->left + (col < n ? col : n - 1);
}

/* Place of y in units of 1/n of the plot's height, from the bottom. */
static double height(const struct vn_plot *p, double y, int n)
{
    const double lo = fold(p, p->y_lo), t = (fold(p, y) - lo) / (fold(p, p->y_hi) - lo);
    return fmin(fmax(t, 0), 1) * n;
}

/* ---- what is drawn ---- */

static double series_x(const struct vn_plot *p, const struct vn_plot_series *e, int i)
{
    if (e->x)
        return e->x[i];
    return p->x_lo + (p->x_hi - p->x_lo) * (e->bars ? i + 0.5 : i) / (e->bars ? e->n : e->n > 1 ? e->n - 1 : 1);
}

/* Largest value that belongs to a column: of the points in it, or of the bin that its middle lies in. */
static double column_value(const struct vn_plot *p, const struct vn_plot_series *e, int col)
{
    const double wide = (p->x_hi - p->x_lo) / (p->cols - p->left), lo = p->x_lo + wide * (col - p->left), hi = lo + wide;
    double most = NAN, near = INFINITY, nearest = NAN;
    for (int i = 0; i < e->n; i++) {
        const double x = series_x(p, e, i), away = fabs(x - 0.5 * (lo + hi));
        if (x >= lo && (x < hi || (col == p->cols - 1 && x <= hi)))
            most = fmax(most, e->y[i]);
        if (away < near) {
            near = away;
            nearest = e->y[i];
        }
    }
    return isnan(most) && !e->x ? nearest : most;
}

static void draw_bars(const struct vn_plot *p, const struct vn_plot_series *e, struct vn_plot_cell *out)
{
    const int n_row = p->rows - 1, parts = p->ascii ? 2 : 8;
    for (int col = p->left; col < p->cols; col++) {
        const double v = column_value(p, e, col);
        int full = v > p->y_lo ? (int)floor(height(p, v, n_row * parts) + 0.5) : 0;
        full = v > p->y_lo && full < 1 ? 1 : full;           /* a single voxel is seen beside a million */
        for (int row = 0; row < n_row && full > 0; row++, full -= parts) {
            const int part = full < parts ? full : parts;
            out[(n_row - 1 - row) * p->cols + col] = (struct vn_plot_cell){ p->ascii ? (part == parts ? '#' : '.') : 0x2580 + (uint32_t)part, e->look };
        }
    }
}

static void set_dot(const struct vn_plot *p, struct vn_plot_cell *out, int x, int y, enum vn_plot_look look)
{
    static const uint8_t dot[4][2] = { { 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 } };
    struct vn_plot_cell *c = &out[y / 4 * p->cols + p->left + x / 2];
    c->ch = p->ascii ? '*' : (c->ch >= 0x2800 && c->ch < 0x2900 ? c->ch : 0x2800) | dot[y % 4][x % 2];
    c->look = look;
}

static void draw_curve(const struct vn_plot *p, const struct vn_plot_series *e, struct vn_plot_cell *out)
{
    const int w = 2 * (p->cols - p->left), h = 4 * (p->rows - 1);
    int x0 = 0, y0 = 0;
    bool has = false;
    for (int i = 0; i < e->n; i++) {
        const double x = series_x(p, e, i);
        if (!isfinite(e->y[i]) || !(x >= p->x_lo && x <= p->x_hi)) {
            has = false;
            continue;
        }
        const int x1 = (int)floor((x - p->x_lo) / (p->x_hi - p->x_lo) * (w - 1) + 0.5), y1 = h - 1 - (int)floor(height(p, e->y[i], h - 1) + 0.5);
        const int dx = has ? x1 - x0 : 0, dy = has ? y1 - y0 : 0, n = abs(dy) > dx ? abs(dy) : dx;
        for (int k = n ? 1 : 0; k <= n; k++)
            set_dot(p, out, x1 - (n ? (int)lround((double)dx * (n - k) / n) : 0), y1 - (n ? (int)lround((double)dy * (n - k) / n) : 0), e->look);
        x0 = x1;
        y0 = y1;
        has = true;
    }
}

static void draw_marks(const struct vn_plot *p, struct vn_plot_cell *out)
{
    for (int i = 0; i < p->n_mark; i++) {
        const struct vn_plot_mark *m = &p->mark[i];
        const int col = vn_plot_col(p, m->x);
        for (int row = 0; row < p->rows - 1 && col >= 0; row++) {
            struct vn_plot_cell *c = &out[row * p->cols + col];
            if (row == 0 && m->tag)
                *c = (struct vn_plot_cell){ (uint32_t)m->tag, m->look };
            else if (c->ch == ' ')
                *c = (struct vn_plot_cell){ p->ascii ? '|' : 0x2502, m->look };
            else
                c->look = m->look;
        }
    }
}

static void put(struct vn_plot_cell *row, int cols, int at, const char *text)
{
    for (int i = 0; text[i] && at + i < cols; i++)
        if (at + i >= 0)
            row[at + i] = (struct vn_plot_cell){ (unsigned char)text[i], VN_PLOT_LABEL };
}

/* "0" at the left, "25.6" at the right and the name between them, or after the right one's number where there is no room. */
static void label_x(const struct vn_plot *p, struct vn_plot_cell *row)
{
    char lo[16], hi[16];
    const char *name = p->x_name ? p->x_name : "";
    vn_plot_number(p->x_lo, lo);
    vn_plot_number(p->x_hi, hi);
    const int n_lo = (int)strlen(lo), n_hi = (int)strlen(hi), n = (int)strlen(name), room = p->cols - p->left - n_lo - n_hi;
    if (room < 1)
        return;
    put(row, p->cols, p->left, lo);
    put(row, p->cols, p->cols - n_hi, hi);
    if (n && room >= n + 2)
        put(row, p->cols, p->left + n_lo + (room - n) / 2, name);
}

void vn_plot_draw(struct vn_plot *p, struct vn_plot_cell *out)
{
    char lo[16], hi[16];
    find_ranges(p);
    vn_plot_number(p->y_lo, lo);
    vn_plot_number(p->y_hi, hi);
    const int wide = (int)(strlen(lo) > strlen(hi) ? strlen(lo) : strlen(hi)), n_row = p->rows - 1;
    p->left = wide + 1 < p->cols / 2 ? wide + 1 : p->cols / 2;
    for (int i = 0; i < p->rows * p->cols; i++)
        out[i] = (struct vn_plot_cell){ ' ', VN_PLOT_NONE };
    for (int s = 0; s < p->n_series; s++)
        (p->series[s].bars ? draw_bars : draw_curve)(p, &p->series[s], out);
    draw_marks(p, out);
    for (int row = 0; row < n_row; row++)
        out[row * p->cols + p->left - 1] = (struct vn_plot_cell){ p->ascii ? '|' : 0x2502, VN_PLOT_AXIS };
    put(out, p->left - 1, p->left - 1 - (int)strlen(hi), hi);
    if (n_row > 1)
        put(out + (n_row - 1) * p->cols, p->left - 1, p->left - 1 - (int)strlen(lo), lo);
    if (p->y_name && n_row > 2)
        put(out + p->cols, p->left - 1, p->left - 1 - (int)strlen(p->y_name) > 0 ? p->left - 1 - (int)strlen(p->y_name) : 0, p->y_name);
    label_x(p, out + n_row * p->cols);
}

int vn_plot_run(const struct vn_plot_cell *row, int cols, int from, struct vn_str *text, enum vn_plot_look *look)
{
    int i = from;
    for (*look = row[from].look; i < cols && row[i].look == *look; i++) {
        const uint32_t c = row[i].ch;
        char b[4] = { (char)c };
        if (c >= 0x80)                               /* all are of three bytes */
            memcpy(b, (char[]){ (char)(0xe0 | c >> 12), (char)(0x80 | (c >> 6 & 63)), (char)(0x80 | (c & 63)), 0 }, 4);
        vn_str_add(text, b);
    }
    return i;
}
