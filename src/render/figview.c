/* figview.c - figures on the screen: gnuplot draws the saved script for another terminal. */
#include "figview.h"
#include <math.h>
#include <png.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include "draw.h"
#include "file.h"
#include "gnuplot.h"
#include "mem.h"
#include "text.h"

enum { INK = 252, PAPER = 16 };          /* of text in 256 colours */

/* ---- the last one ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char last[4096];

void vn_figview_drawn(const char *path)
{
    pthread_mutex_lock(&lock);
    snprintf(last, sizeof last, "%s", strlen(path) < sizeof last ? path : "");
    pthread_mutex_unlock(&lock);
}

bool vn_figview_fresh(void)
{
    pthread_mutex_lock(&lock);
    const bool some = last[0];
    pthread_mutex_unlock(&lock);
    return some;
}

bool vn_figview_last(char *path, size_t size)
{
    pthread_mutex_lock(&lock);
    const bool some = last[0] && strlen(last) < size;
    if (some)
        memcpy(path, last, strlen(last) + 1);
    last[0] = '\0';
    pthread_mutex_unlock(&lock);
    return some;
}

/* ---- the script ---- */

static bool starts(const char *s, const char *with) { return !strncmp(s, with, strlen(with)); }

/* A line for characters: dots are an o, squares a +, what stands upright along the y axis lies above it, and there is a row
 * more for words below the x axis. */
static void line_for_cells(const char *line, size_t n, int above, int rows, struct vn_str *b)
{
    static const char label[] = "set ylabel ", tail[] = " offset 0.5,0", margin[] = "set bmargin at screen ";
    if (starts(line, label) && n > sizeof label + sizeof tail - 2) {
        vn_str_add(b, "set label ");
        vn_str_addn(b, line + sizeof label - 1, n - (sizeof label - 1) - (sizeof tail - 1));
        vn_str_addf(b, " at graph 0, graph 1 left offset -6,%d", above);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (n - i > 5 && (starts(line + i, " pt 7 ") || starts(line + i, " pt 5 "))) {
            vn_str_add(b, line[i + 4] == '7' ? " pt 'o' " : " pt '+' ");
            i += 5;
        } else if (n - i > sizeof margin && starts(line + i, margin)) {
            char *end;
            vn_str_addf(b, "%s%.5f", margin, strtod(line + i + sizeof margin - 1, &end) + (above > 1 ? 1.0 / rows : 0));
            i = (size_t)(end - line) - 1;
        } else {
            vn_str_addn(b, line + i, 1);
        }
    }
}

/* PATH.gp for the given terminal, its picture on standard output.  rows: of characters; 0: of pixels. */
static int script_for(const char *path, const char *terminal, int rows, struct vn_str *b, struct vn_err *err)
{
    char *name = vn_sprintf(err, "%s.gp", path), *data = vn_sprintf(err, "%s.dat", path);
    size_t n = 0;
    char *text = name && data ? vn_file_read(name, 64 << 20, &n, err) : NULL;
    if (text) {
        const int above = strstr(text, "set multiplot") ? 3 : 1;
        vn_str_add(b, "ARGC = 2; ARG1 = ''; ARG2 = ");
        vn_draw_quoted(b, data);
        vn_str_add(b, "\n");
        for (const char *line = text; *line;) {
            const size_t k = strcspn(line, "\n");
            if (starts(line, "set terminal "))
                vn_str_add(b, terminal);
            else if (starts(line, "set output"))
                ;
            else if (rows)
                line_for_cells(line, k, above, rows, b);
            else
                vn_str_addn(b, line, k);
            vn_str_add(b, "\n");
            line += k + (line[k] == '\n');
        }
        vn_str_add(b, "unset output\n");
    }
    vn_free(text);
    vn_free(name);
    vn_free(data);
    return !text ? err->code : b->failed ? vn_fail(err, VN_E_MEMORY, "no memory for the script of figure '%s'", path) : 0;
}

static int draw(const char *path, const char *terminal, int rows, struct vn_str *out, struct vn_job *job, struct vn_err *err)
{
    struct vn_str script = { 0 };
    int rc = script_for(path, terminal, rows, &script, err);
    if (!rc)
        rc = vn_gnuplot_text(script.s, script.n, path, out, job, err);
    vn_str_free(&script);
    return rc;
}

/* ---- characters ---- */

/* The colour after one SGR sequence; s: after its ESC [. Returns the bytes up to its end. */
static size_t sgr(const char *s, uint32_t *fg)
{
    const size_t n = strspn(s, "0123456789;");
    int v[16], k = 0;
    for (size_t i = 0; i < n && k < 16; i += strcspn(s + i, ";m") + 1)
        v[k++] = atoi(s + i);
    for (int i = 0; i < k; i++) {
        if (v[i] == 38 && i + 2 < k && v[i + 1] == 5) {
            *fg = v[i + 2] >= 16 && v[i + 2] <= 255 ? (uint32_t)v[i + 2] : INK;
            i += 2;
        } else if (v[i] == 0 || v[i] == 39) {
            *fg = INK;
        }
    }
    return s[n] ? n + 1 : n;
}

void vn_figview_parse(const char *text, size_t n, int cols, int rows, bool color, struct vn_cell *out)
{
    const char *end = text + n;
    uint32_t fg = INK;
    mbstate_t state = { 0 };
    for (int i = 0; i < cols * rows; i++)
        out[i] = (struct vn_cell){ ' ', color ? INK : 0, color ? PAPER : 0 };
    for (int x = 0, y = 0; text < end && y < rows;) {
        wchar_t c;
        if (*text == '\n') {
            y++;
            x = 0;
        }
        if (*text == 033 && text + 1 < end && text[1] == '[') {
            text += 2 + sgr(text + 2, &fg);
            continue;
        }
        if ((unsigned char)*text < ' ') {
            text++;
            continue;
        }
        size_t k = mbrtowc(&c, text, (size_t)(end - text), &state);
        if (k == 0 || k > (size_t)(end - text)) {
            state = (mbstate_t){ 0 };
            c = '?';
            k = 1;
        }
        text += k;
        if (x < cols)                            /* gnuplot counts every character as a column */
            out[y * cols + x] = (struct vn_cell){ wcwidth(c) == 1 ? (uint32_t)c : '?', color ? fg : 0, color ? PAPER : 0 };
        x++;
    }
}

int vn_figview_cells(const char *path, int cols, int rows, bool color, struct vn_cell *out, struct vn_job *job, struct vn_err *err)
{
    char terminal[100];
    struct vn_str text = { 0 };
    snprintf(terminal, sizeof terminal, "set terminal dumb noenhanced nofeed %s size %d,%d", color ? "ansi256" : "mono", cols, rows);
    int rc = draw(path, terminal, rows, &text, job, err);
    if (!rc)
        vn_figview_parse(text.s ? text.s : "", text.n, cols, rows, color, out);
    vn_str_free(&text);
    return rc;
}

/* ---- pixels ---- */

/* Of the figure's terminal: PDF counts in inches, SVG in 1/96, PNG in 1/300 of them (draw.c). */
static int paper_size(const char *path, double inch[2], struct vn_err *err)
{
    char *name = vn_sprintf(err, "%s.gp", path);
    size_t n;
    char *text = name ? vn_file_read(name, 64 << 20, &n, err) : NULL;
    const char *at = text ? strstr(text, "\nset terminal ") : NULL, *size = at ? strstr(at, " size ") : NULL;
    double w, h;
    if (size && (sscanf(size, " size %lfin,%lfin", &w, &h) == 2 || sscanf(size, " size %lf,%lf", &w, &h) == 2) && w > 0 && h > 0) {
        const double unit = starts(at + 14, "pdf") ? 1 : starts(at + 14, "svg") ? 96 : 300;
        inch[0] = w / unit;
        inch[1] = h / unit;
    }
    vn_free(name);
    vn_free(text);
    return text ? 0 : err->code;
}

int vn_figview_image(const char *path, int w, int h, struct vn_image *out, struct vn_job *job, struct vn_err *err)
{
    char terminal[160];
    struct vn_str bytes = { 0 };
    png_image png = { .version = PNG_IMAGE_VERSION };
    double inch[2] = { 85 / 25.4, 62 / 25.4 };
    int rc = paper_size(path, inch, err);
    if (rc)
        return rc;
    /* as on paper, but letters that can be read */
    const double dpi = fmin(w / inch[0], h / inch[1]), words = fmax(dpi, 85);
    snprintf(terminal, sizeof terminal, "set terminal pngcairo noenhanced size %d,%d font 'Arial,8' fontscale %.3f linewidth %.2f pointscale %.2f background rgb 'white'",
             w, h, 0.75 * words / 72, 4 * words / 300, 4.1667 * words / 300);
    rc = draw(path, terminal, 0, &bytes, job, err);
    if (!rc && (!bytes.n || !png_image_begin_read_from_memory(&png, bytes.s, bytes.n) || png.width != (unsigned)w || png.height != (unsigned)h))
        rc = vn_fail(err, VN_E_INTERNAL, "gnuplot gave no picture of %d x %d pixels of '%s'", w, h, path);
    if (!rc)
        rc = vn_image_new(out, w, h, err);
    png.format = PNG_FORMAT_RGB;
    if (!rc && !png_image_finish_read(&png, &(png_color){ 255, 255, 255 }, out->rgb, 0, NULL)) {
        rc = vn_fail(err, VN_E_INTERNAL, "gnuplot's picture of '%s' cannot be read: %s", path, png.message);
        vn_image_free(out);
    }
    png_image_free(&png);
    vn_str_free(&bytes);
    return rc;
}
