/* kitty.c - pictures for kitty: PNG in base64 in pieces, and the characters that stand for its parts. */
#include "kitty.h"
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include "caps.h"
#include "mem.h"

enum { PIECE = 4096 };                   /* bytes of base64 in one sequence, as the protocol has it */

/* The marks that count: combining characters of class 230 of Unicode 6.0 without decomposition, in order; runs of them. */
static uint32_t mark(int n)
{
    static const struct { uint32_t first; int n; } run[] = {
        { 0x305, 1 }, { 0x30d, 2 }, { 0x310, 1 }, { 0x312, 1 }, { 0x33d, 3 }, { 0x346, 1 }, { 0x34a, 3 }, { 0x350, 3 },
        { 0x357, 1 }, { 0x35b, 1 }, { 0x363, 13 }, { 0x483, 5 }, { 0x592, 4 }, { 0x597, 3 }, { 0x59c, 6 }, { 0x5a8, 2 },
        { 0x5ab, 2 }, { 0x5af, 1 }, { 0x5c4, 1 }, { 0x610, 8 }, { 0x657, 5 }, { 0x65d, 2 }, { 0x6d6, 7 }, { 0x6df, 4 },
        { 0x6e4, 1 }, { 0x6e7, 2 }, { 0x6eb, 2 }, { 0x730, 1 }, { 0x732, 2 }, { 0x735, 2 }, { 0x73a, 1 }, { 0x73d, 1 },
        { 0x73f, 3 }, { 0x743, 1 }, { 0x745, 1 }, { 0x747, 1 }, { 0x749, 2 }, { 0x7eb, 7 }, { 0x7f3, 1 }, { 0x816, 4 },
        { 0x81b, 9 }, { 0x825, 3 }, { 0x829, 5 }, { 0x951, 1 }, { 0x953, 2 }, { 0xf82, 2 }, { 0xf86, 2 }, { 0x135d, 3 },
        { 0x17dd, 1 }, { 0x193a, 1 }, { 0x1a17, 1 }, { 0x1a75, 8 }, { 0x1b6b, 1 }, { 0x1b6d, 7 }, { 0x1cd0, 3 }, { 0x1cda, 2 },
        { 0x1ce0, 1 }, { 0x1dc0, 2 }, { 0x1dc3, 7 }, { 0x1dcb, 2 }, { 0x1dd1, 22 }, { 0x1dfe, 1 }, { 0x20d0, 2 }, { 0x20d4, 4 },
        { 0x20db, 2 }, { 0x20e1, 1 }, { 0x20e7, 1 }, { 0x20e9, 1 }, { 0x20f0, 1 }, { 0x2cef, 3 }, { 0x2de0, 32 }, { 0xa66f, 1 },
        { 0xa67c, 2 }, { 0xa6f0, 2 }, { 0xa8e0, 18 }, { 0xaab0, 1 }, { 0xaab2, 2 }, { 0xaab7, 2 }, { 0xaabe, 2 }, { 0xaac1, 1 },
        { 0xfe20, 7 }, { 0x10a0f, 1 }, { 0x10a38, 1 }, { 0x1d185, 5 }, { 0x1d1aa, 4 }, { 0x1d242, 3 },
    };
    size_t k = 0;
    while (k + 1 < VN_COUNT(run) && n >= run[k].n)
        n -= run[k++].n;
    return run[k].first + (uint32_t)n;
}

struct vn_cell vn_kitty_cell(uint32_t id, int row, int column)
{
    return (struct vn_cell){ VN_CELL_PLACE, id & 255, (uint32_t)row | (uint32_t)column << 9 | (id >> 24) << 18 };
}

char *vn_kitty_put(char *s, const struct vn_cell *cell)
{
    s = vn_cell_utf8(s, VN_CELL_PLACE);
    s = vn_cell_utf8(s, mark((int)(cell->bg & 511)));
    s = vn_cell_utf8(s, mark((int)(cell->bg >> 9 & 511)));
    return vn_cell_utf8(s, mark((int)(cell->bg >> 18)));
}

static bool is_grey(const struct vn_image *im)
{
    const size_t n = (size_t)im->w * (size_t)im->h;
    for (size_t i = 0; i < n; i++)
        if (im->rgb[3 * i] != im->rgb[3 * i + 1] || im->rgb[3 * i] != im->rgb[3 * i + 2])
            return false;
    return true;
}

/* PNG of one byte a pixel where the picture is grey: a third of the bytes. vn_free. */
static uint8_t *encode(const struct vn_image *im, size_t *n, struct vn_err *err)
{
    png_image png = { .version = PNG_IMAGE_VERSION, .width = (png_uint_32)im->w, .height = (png_uint_32)im->h, .flags = PNG_IMAGE_FLAG_FAST };
    const bool grey = is_grey(im);
    const size_t pixels = (size_t)im->w * (size_t)im->h;
    uint8_t *one = grey ? vn_alloc(pixels, err) : NULL, *out = NULL;
    if (grey && !one)
        return NULL;
    for (size_t i = 0; i < pixels && grey; i++)
        one[i] = im->rgb[3 * i];
    png.format = grey ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
    png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png);
    out = vn_alloc(size, err);
    if (out && !png_image_write_to_memory(&png, out, &size, 0, grey ? one : im->rgb, 0, NULL)) {
        vn_fail(err, VN_E_MEMORY, "no memory for a picture of %d x %d pixels", im->w, im->h);
        vn_free(out);
        out = NULL;
    }
    vn_free(one);
    *n = size;
    return out;
}

static size_t base64(const uint8_t *in, size_t n, char *out)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *s = out;
    for (size_t i = 0; i < n; i += 3) {
        const uint32_t v = (uint32_t)in[i] << 16 | (i + 1 < n ? (uint32_t)in[i + 1] << 8 : 0) | (i + 2 < n ? in[i + 2] : 0u);
        *s++ = digit[v >> 18];
        *s++ = digit[v >> 12 & 63];
        *s++ = i + 1 < n ? digit[v >> 6 & 63] : '=';
        *s++ = i + 2 < n ? digit[v & 63] : '=';
    }
    return (size_t)(s - out);
}

int vn_kitty_send(const struct vn_image *im, uint32_t id, int cols, int rows, bool in_tmux, struct vn_str *b, struct vn_err *err)
{
    size_t n = 0;
    uint8_t *png = encode(im, &n, err);
    char piece[PIECE];
    if (!png)
        return VN_E_MEMORY;
    for (size_t at = 0; at < n; at += PIECE / 4 * 3) {
        const size_t left = n - at, part = left < PIECE / 4 * 3 ? left : PIECE / 4 * 3;
        struct vn_str one = { 0 };
        if (!at)
            vn_str_addf(&one, "\033_Ga=T,U=1,q=2,f=100,t=d,i=%u,c=%d,r=%d,m=%d;", id, cols, rows, part < left);
        else
            vn_str_addf(&one, "\033_Gm=%d;", part < left);
        vn_str_addn(&one, piece, base64(png + at, part, piece));
        vn_str_add(&one, "\033\\");
        if (one.s && !one.failed)
            vn_caps_wrap(in_tmux, one.s, one.n, b);
        b->failed |= one.failed;
        vn_str_free(&one);
    }
    vn_free(png);
    return b->failed ? vn_fail(err, VN_E_MEMORY, "no memory for a picture of %d x %d pixels", im->w, im->h) : 0;
}

void vn_kitty_delete(uint32_t id, bool in_tmux, struct vn_str *b)
{
    struct vn_str one = { 0 };
    vn_str_addf(&one, "\033_Ga=d,d=I,q=2,i=%u\033\\", id);
    if (one.s && !one.failed)
        vn_caps_wrap(in_tmux, one.s, one.n, b);
    vn_str_free(&one);
}
