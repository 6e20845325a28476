/* pixels.c - a pane as a picture of pixels. */
#include "pixels.h"
#include <string.h>
#include <unistd.h>
#include "kitty.h"
#include "mem.h"
#include "sixel.h"

bool vn_pix_mode(enum vn_picture p) { return p == VN_PIC_KITTY || p == VN_PIC_SIXEL; }

/* Above the 16 colours for which tmux has other sequences. */
uint32_t vn_pix_id(int i) { return (uint32_t)(1 + getpid() % 250) << 24 | (uint32_t)(200 + i); }

/* Means of the pixels under each quarter of a cell, as characters. */
static int as_characters(const struct vn_image *im, int w, int h, enum vn_colors colors, struct vn_cell *out, struct vn_err *err)
{
    struct vn_image small;
    int rc = vn_image_new(&small, 2 * w, 2 * h, err);
    if (rc)
        return rc;
    for (int y = 0; y < small.h; y++)
        for (int x = 0; x < small.w; x++) {
            const int x0 = x * im->w / small.w, x1 = (x + 1) * im->w / small.w, y0 = y * im->h / small.h, y1 = (y + 1) * im->h / small.h;
            int sum[3] = { 0 }, n = 0;
            for (int v = y0; v < y1; v++)
                for (int u = x0; u < x1; u++, n++)
                    for (int k = 0; k < 3; k++)
                        sum[k] += im->rgb[3 * ((size_t)v * (size_t)im->w + (size_t)u) + (size_t)k];
            for (int k = 0; k < 3 && n; k++)
                small.rgb[3 * ((size_t)y * (size_t)small.w + (size_t)x) + (size_t)k] = (uint8_t)(sum[k] / n);
        }
    vn_cells_encode(&small, VN_CELL_QUAD, colors, out);
    vn_image_free(&small);
    return 0;
}

static bool same(const struct vn_image *a, const struct vn_image *b)
{
    return a->rgb && a->w == b->w && a->h == b->h && !memcmp(a->rgb, b->rgb, 3 * (size_t)a->w * (size_t)a->h);
}

int vn_pix_make(enum vn_picture mode, int pane, struct vn_image *im, int w, int h, bool in_tmux, enum vn_colors colors, const struct vn_pix *last,
                struct vn_pix *out, struct vn_cell *cells, struct vn_cell *rough, struct vn_err *err)
{
    static uint32_t serial;                      /* jobs run one at a time */
    const bool again = same(&last->im, im) && (mode == VN_PIC_KITTY) == (last->bytes.n > 0);
    struct vn_pix x = { .im = *im, .serial = again ? last->serial : ++serial, .sent = again && last->sent };
    int rc = as_characters(im, w, h, colors, rough, err);
    *im = (struct vn_image){ 0 };
    if (!rc && mode == VN_PIC_KITTY && again)
        vn_str_addn(&x.bytes, last->bytes.s, last->bytes.n);
    else if (!rc && mode == VN_PIC_KITTY)
        rc = vn_kitty_send(&x.im, vn_pix_id(pane), w, h, in_tmux, &x.bytes, err);
    if (!rc && x.bytes.failed)
        rc = vn_fail(err, VN_E_MEMORY, "no memory for a picture of %d x %d pixels", x.im.w, x.im.h);
    for (int i = 0; i < w * h && !rc; i++)
        cells[i] = mode == VN_PIC_KITTY ? vn_kitty_cell(vn_pix_id(pane), i / w, i % w) : (struct vn_cell){ VN_CELL_PIXELS, x.serial, 0 };
    if (rc)
        vn_pix_free(&x);
    else
        *out = x;
    return rc;
}

void vn_pix_free(struct vn_pix *x)
{
    vn_image_free(&x->im);
    vn_str_free(&x->bytes);
    *x = (struct vn_pix){ 0 };
}
