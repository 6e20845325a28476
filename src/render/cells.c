/* cells.c - pixels to terminal cells to bytes.
 *
 * A quadrant cell holds four pixels and two colours, a sextant six: the pixels are split in two groups at the place of
 * largest variance between the groups, along the colour channel with the largest range.  A glyph and its complement with the
 * colours swapped look the same, which saves most colour changes at edges. */
#include "cells.h"
#include <string.h>
#include "kitty.h"

static const uint32_t QUAD[16] = {           /* bit 0 upper left, 1 upper right, 2 lower left, 3 lower right */
    0x20, 0x2598, 0x259D, 0x2580, 0x2596, 0x258C, 0x259E, 0x259B, 0x2597, 0x259A, 0x2590, 0x259C, 0x2584, 0x2599, 0x259F, 0x2588,
};

void vn_cell_size(enum vn_cell_mode m, int *px_w, int *px_h)
{
    static const uint8_t size[][2] = { [VN_CELL_QUAD] = { 2, 2 }, [VN_CELL_HALF] = { 1, 2 }, [VN_CELL_BRAILLE] = { 2, 4 },
                                       [VN_CELL_SEXTANT] = { 2, 3 }, [VN_CELL_ASCII] = { 1, 1 } };
    *px_w = size[m][0];
    *px_h = size[m][1];
}

double vn_cell_aspect(enum vn_cell_mode m)
{
    int w, h;
    vn_cell_size(m, &w, &h);
    return 2.0 * w / h;
}

/* The left and right half and the full block are not repeated among the sextants (Unicode 13, U+1FB00 to U+1FB3B). */
static uint32_t sextant(unsigned bits)
{
    static const unsigned left = 21, right = 42;
    if (bits == 0 || bits == 63)
        return bits ? 0x2588 : 0x20;
    return bits == left ? 0x258C : bits == right ? 0x2590 : 0x1FB00 + bits - 1 - (bits > left) - (bits > right);
}

uint32_t vn_cell_glyph(enum vn_cell_mode m, unsigned bits)
{
    static const uint32_t half[4] = { 0x20, 0x2580, 0x2584, 0x2588 };
    static const uint8_t dot[8] = { 0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80 };
    uint32_t g = 0;
    switch (m) {
    case VN_CELL_QUAD: return QUAD[bits & 15];
    case VN_CELL_HALF: return half[bits & 3];
    case VN_CELL_SEXTANT: return sextant(bits & 63);
    case VN_CELL_ASCII: return bits & 1 ? '#' : ' ';
    case VN_CELL_BRAILLE: break;
    }
    for (int i = 0; i < 8; i++)
        if (bits >> i & 1)
            g |= dot[i];
    return g ? 0x2800 + g : 0x20;
}

/* ---- colours ---- */

static int cube_level(int v)
{
    static const int edge[5] = { 48, 115, 155, 195, 235 };      /* middles between 0 95 135 175 215 255 */
    int i = 0;
    while (i < 5 && v >= edge[i])
        i++;
    return i;
}

static int square(int v) { return v * v; }

int vn_cell_palette(int r, int g, int b)
{
    static const int level[6] = { 0, 95, 135, 175, 215, 255 };
    int cr = cube_level(r), cg = cube_level(g), cb = cube_level(b);
    int mean = (r + g + b + 1) / 3;
    int step = mean < 4 ? -1 : mean > 246 ? 24 : (mean - 3) / 10;
    if (step > 23 && mean <= 246)
        step = 23;
    int grey = step < 0 ? 0 : step > 23 ? 255 : 8 + 10 * step;
    int d_cube = square(r - level[cr]) + square(g - level[cg]) + square(b - level[cb]);
    int d_grey = square(r - grey) + square(g - grey) + square(b - grey);
    if (d_cube < d_grey)
        return 16 + 36 * cr + 6 * cg + cb;
    return step < 0 ? 16 : step > 23 ? 231 : 232 + step;
}

static uint32_t screen_color(const int rgb[3], enum vn_colors c)
{
    if (c == VN_COLOR_256)
        return (uint32_t)vn_cell_palette(rgb[0], rgb[1], rgb[2]);
    uint32_t v = 0;
    for (int k = 0; k < 3; k++) {                /* 64 levels: a quarter fewer bytes, no visible difference */
        uint32_t q = (uint32_t)rgb[k] & 0xfc;
        v = v << 8 | q | q >> 6;
    }
    return v;
}

/* ---- encoding ---- */

static int luma(const uint8_t *p) { return (77 * p[0] + 150 * p[1] + 29 * p[2]) >> 8; }

static const uint8_t BAYER[4][4] = { { 0, 8, 2, 10 }, { 12, 4, 14, 6 }, { 3, 11, 1, 9 }, { 15, 7, 13, 5 } };

/* Ordered dither on the square of the brightness, which is nearer to how dots look. */
static bool dither_on(const uint8_t *p, int x, int y)
{
    return luma(p) * luma(p) / 255 > BAYER[y & 3][x & 3] * 16 + 8;
}

/* Characters by how much of their cell is ink, dithered between two neighbours. */
static uint32_t ramp_glyph(const uint8_t *p, int x, int y)
{
    static const char ramp[] = " .:-=+*#%@";
    const int last = (int)sizeof ramp - 2;
    const int step = (luma(p) * last * 16 / 255 + BAYER[y & 3][x & 3]) / 16;
    return (uint32_t)ramp[step < last ? step : last];
}

static void encode_mono(const struct vn_image *im, enum vn_cell_mode m, struct vn_cell *out)
{
    int pw, ph;
    vn_cell_size(m, &pw, &ph);
    int cols = im->w / pw, rows = im->h / ph;
    for (int y = 0; y < rows; y++)
        for (int x = 0; x < cols; x++) {
            unsigned bits = 0;
            for (int j = 0; j < ph; j++)
                for (int i = 0; i < pw; i++) {
                    int px = x * pw + i, py = y * ph + j;
                    if (dither_on(im->rgb + 3 * ((size_t)py * im->w + px), px, py))
                        bits |= 1u << (j * pw + i);
                }
            const uint8_t *p = im->rgb + 3 * ((size_t)y * im->w + x);
            out[(size_t)y * cols + x] = (struct vn_cell){ m == VN_CELL_ASCII ? ramp_glyph(p, x, y) : vn_cell_glyph(m, bits), 0, 0 };
        }
}

/* Bits of the brighter group of N pixels (4 or 6): the split that maximises the variance between the groups. */
static inline unsigned split(const uint8_t *const px[], const int N)
{
    int lo[3] = { 255, 255, 255 }, hi[3] = { 0, 0, 0 }, ch = 0;
    for (int i = 0; i < N; i++)
        for (int k = 0; k < 3; k++) {
            lo[k] = px[i][k] < lo[k] ? px[i][k] : lo[k];
            hi[k] = px[i][k] > hi[k] ? px[i][k] : hi[k];
        }
    for (int k = 1; k < 3; k++)
        if (hi[k] - lo[k] > hi[ch] - lo[ch])
            ch = k;
    int order[6] = { 0, 1, 2, 3, 4, 5 };
    for (int i = 1; i < N; i++)                  /* brightest first, equal ones in reading order */
        for (int j = i; j > 0 && px[order[j]][ch] > px[order[j - 1]][ch]; j--) {
            int t = order[j];
            order[j] = order[j - 1];
            order[j - 1] = t;
        }
    int total = 0, head = 0, best = 0, n_best = 1;
    for (int i = 0; i < N; i++)
        total += px[i][ch];
    for (int n = 1; n < N; n++) {
        head += px[order[n - 1]][ch];
        int d = head * (N - n) - (total - head) * n;
        int score = d * d * ((N == 4 ? 12 : 360) / (n * (N - n)));
        if (score > best) {
            best = score;
            n_best = n;
        }
    }
    unsigned bits = 0;
    for (int i = 0; i < n_best; i++)
        bits |= 1u << order[i];
    return bits;
}

static inline struct vn_cell two_colors(const uint8_t *const px[], const int n, unsigned bits, uint32_t glyph, enum vn_colors c)
{
    int sum[2][3] = { { 0 } }, count[2] = { 0, 0 };
    for (int i = 0; i < n; i++) {
        int g = bits >> i & 1;
        count[g]++;
        for (int k = 0; k < 3; k++)
            sum[g][k] += px[i][k];
    }
    for (int g = 0; g < 2; g++)
        for (int k = 0; k < 3; k++)
            sum[g][k] = count[g] ? (sum[g][k] + count[g] / 2) / count[g] : 0;
    struct vn_cell cell = { glyph, screen_color(sum[1], c), screen_color(sum[0], c) };
    if (cell.fg == cell.bg)
        cell.ch = ' ';
    return cell;
}

void vn_cells_encode(const struct vn_image *im, enum vn_cell_mode m, enum vn_colors c, struct vn_cell *out)
{
    if (c == VN_COLOR_NONE || m == VN_CELL_BRAILLE) {
        encode_mono(im, m, out);
        return;
    }
    int pw, ph;
    vn_cell_size(m, &pw, &ph);
    const int cols = im->w / pw, rows = im->h / ph;
    const size_t row = 3 * (size_t)im->w;
    for (int y = 0; y < rows; y++)
        for (int x = 0; x < cols; x++, out++) {
            const uint8_t *p = im->rgb + row * ((size_t)y * ph) + 3 * (size_t)x * pw;
            if (m == VN_CELL_QUAD) {
                const uint8_t *const px[4] = { p, p + 3, p + row, p + row + 3 };
                const unsigned bits = split(px, 4);
                *out = two_colors(px, 4, bits, QUAD[bits], c);
            } else if (m == VN_CELL_SEXTANT) {
                const uint8_t *const px[6] = { p, p + 3, p + row, p + row + 3, p + 2 * row, p + 2 * row + 3 };
                const unsigned bits = split(px, 6);
                *out = two_colors(px, 6, bits, sextant(bits), c);
            } else if (m == VN_CELL_HALF) {
                *out = two_colors((const uint8_t *const[]){ p, p + row }, 2, 1, QUAD[3], c);
            } else {
                *out = two_colors((const uint8_t *const[]){ p }, 1, 0, ' ', c);
            }
        }
}

/* ---- bytes ---- */

struct pen { uint32_t fg, bg; bool known, place; enum vn_colors c; };

static char *put_num(char *s, unsigned v)
{
    char t[10];
    int n = 0;
    do {
        t[n++] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    while (n)
        *s++ = t[--n];
    return s;
}

char *vn_cell_utf8(char *s, uint32_t u)
{
    if (u < 0x80) {
        *s++ = (char)u;
    } else if (u < 0x800) {
        *s++ = (char)(0xC0 | u >> 6);
        *s++ = (char)(0x80 | (u & 63));
    } else {
        if (u < 0x10000) {
            *s++ = (char)(0xE0 | u >> 12);
        } else {
            *s++ = (char)(0xF0 | u >> 18);
            *s++ = (char)(0x80 | (u >> 12 & 63));
        }
        *s++ = (char)(0x80 | (u >> 6 & 63));
        *s++ = (char)(0x80 | (u & 63));
    }
    return s;
}

static char *put_color(char *s, unsigned base, uint32_t v, enum vn_colors c)
{
    s = put_num(s, base);
    if (c == VN_COLOR_256) {
        memcpy(s, ";5;", 3);
        return put_num(s + 3, v);
    }
    memcpy(s, ";2;", 3);
    s = put_num(s + 3, v >> 16 & 255);
    *s++ = ';';
    s = put_num(s, v >> 8 & 255);
    *s++ = ';';
    return put_num(s, v & 255);
}

static uint32_t complement(uint32_t ch)
{
    if (ch >= 0x1FB00 && ch <= 0x1FB3B) {        /* sextants: their order is that of their bits */
        uint32_t bits = ch - 0x1FB00 + 1;
        bits += bits >= 21;
        bits += bits >= 42;
        return sextant(63 - bits);
    }
    for (int i = 0; i < 16; i++)
        if (QUAD[i] == ch)
            return QUAD[15 - i];
    return 0;
}

/* A placeholder: the colour of its palette number says which picture, so it is sent whatever the colours are. */
static char *put_place(char *s, const struct vn_cell *cell, struct pen *pen)
{
    if (!pen->known || pen->fg != cell->fg || !pen->place) {
        memcpy(s, "\033[0;", 4);
        s = put_color(s + 4, 38, cell->fg, VN_COLOR_256);
        *s++ = 'm';
        *pen = (struct pen){ .fg = cell->fg, .known = true, .c = pen->c, .place = true };
    }
    return vn_kitty_put(s, cell);
}

/* One glyph with the colour changes it needs. s has room for 64 bytes. */
static char *put_cell(char *s, const struct vn_cell *cell, struct pen *pen)
{
    if (cell->ch == VN_CELL_PLACE)
        return put_place(s, cell, pen);
    if (pen->place) {
        memcpy(s, "\033[0m", 4);
        s += 4;
        pen->known = pen->place = false;
    }
    if (pen->c == VN_COLOR_NONE)
        return vn_cell_utf8(s, cell->ch);
    bool need_fg = !pen->known || (cell->ch != ' ' && cell->fg != pen->fg), need_bg = !pen->known || cell->bg != pen->bg;
    if (need_fg && need_bg && pen->known && cell->fg == pen->bg && cell->bg == pen->fg && complement(cell->ch))
        return vn_cell_utf8(s, complement(cell->ch));
    if (need_fg || need_bg) {
        *s++ = '\033';
        *s++ = '[';
        if (need_fg)
            s = put_color(s, 38, cell->fg, pen->c);
        if (need_fg && need_bg)
            *s++ = ';';
        if (need_bg)
            s = put_color(s, 48, cell->bg, pen->c);
        *s++ = 'm';
        if (need_fg)
            pen->fg = cell->fg;
        pen->bg = cell->bg;
        pen->known = true;
    }
    return vn_cell_utf8(s, cell->ch);
}

static bool same_cell(const struct vn_cell *a, const struct vn_cell *b)
{
    return a->ch == b->ch && a->bg == b->bg && (a->ch == ' ' || a->fg == b->fg);
}

void vn_cells_emit(const struct vn_cell *now, const struct vn_cell *old, int cols, int rows, int x, int y, enum vn_colors c, struct vn_str *b)
{
    struct pen pen = { .c = c };
    char buf[128];
    bool any = false;
    for (int r = 0; r < rows; r++) {
        int at = -1;                             /* column of the cursor when it is on this row */
        for (int k = 0; k < cols; k++) {
            const struct vn_cell *cell = &now[(size_t)r * cols + k];
            if (!cell->ch || cell->ch == VN_CELL_PIXELS || (old && same_cell(cell, &old[(size_t)r * cols + k])))
                continue;
            char *s = buf;
            if (at != k) {
                *s++ = '\033';
                *s++ = '[';
                if (at < 0) {
                    s = put_num(s, (unsigned)(y + r + 1));
                    *s++ = ';';
                    s = put_num(s, (unsigned)(x + k + 1));
                    *s++ = 'H';
                } else {
                    if (k - at > 1)
                        s = put_num(s, (unsigned)(k - at));
                    *s++ = 'C';
                }
            }
            s = put_cell(s, cell, &pen);
            vn_str_addn(b, buf, (size_t)(s - buf));
            at = k + 1 < cols ? k + 1 : -1;      /* at the right edge the cursor may hang: place it anew */
            any = true;
        }
    }
    if (any && (c != VN_COLOR_NONE || pen.place))
        vn_str_add(b, "\033[0m");
}

void vn_cells_print(const struct vn_cell *now, int cols, int rows, enum vn_colors c, struct vn_str *b)
{
    char buf[128];
    for (int r = 0; r < rows; r++) {
        struct pen pen = { .c = c };
        int n = cols;
        while (c == VN_COLOR_NONE && n > 0 && now[(size_t)r * cols + n - 1].ch <= ' ')
            n--;
        for (int k = 0; k < n; k++) {
            struct vn_cell cell = now[(size_t)r * cols + k];
            if (!cell.ch)
                cell = (struct vn_cell){ ' ', 0, c == VN_COLOR_256 ? 16 : 0 };
            vn_str_addn(b, buf, (size_t)(put_cell(buf, &cell, &pen) - buf));
        }
        vn_str_add(b, c == VN_COLOR_NONE ? "\n" : "\033[0m\n");
    }
}
