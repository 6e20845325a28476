/* sixel.h - pictures as DEC sixels: six rows of one colour at a time, from a palette sent with them. */
#ifndef VN_SIXEL_H
#define VN_SIXEL_H
#include "cells.h"

/* A pixel of the picture is shown by a palette colour (which is told in percent: an error of at most 1.3 of 255 is in it):
 * - grey: the nearest of 64 greys, off by at most 3.4; with fewer than 128 registers of as many greys as registers, or
 *   half as many beside colours (16: off by at most 9.8);
 * - other: the mean of the pixels that share its upper five bits a channel, off by at most 8.3, while the picture has no
 *   more of such than registers are left (registers less the greys); beyond, groups of them share one (median cut).
 * registers: 16 to 256.  Appends the sequence to b; VN_E_MEMORY leaves b as it was. */
int vn_sixel_encode(const struct vn_image *im, int registers, struct vn_str *b, struct vn_err *err);

/* Sends the parts of the picture whose cells (ch == VN_CELL_PIXELS, fg: the picture's number) differ from what the screen
 * shows: rectangles of cells, each at its place.  im covers w x h cells at (x, y) of now and old (cols wide). */
int vn_sixel_emit(const struct vn_image *im, const struct vn_cell *now, const struct vn_cell *old, int cols, const int at[4],
                  int registers, struct vn_str *b, struct vn_err *err);
#endif
