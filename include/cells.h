/* cells.h - pixels to terminal cells to bytes.  Cells are values; the emitter diffs against what the screen shows. */
#ifndef VN_CELLS_H
#define VN_CELLS_H
#include "render.h"
#include "text.h"

/* Pixels per cell: 2x2, 1x2, 2x4 (no colour), 2x3 (Unicode 13), 1x1 (a coloured space, or a ramp of ASCII characters). */
enum vn_cell_mode { VN_CELL_QUAD, VN_CELL_HALF, VN_CELL_BRAILLE, VN_CELL_SEXTANT, VN_CELL_ASCII };
enum vn_colors { VN_COLOR_NONE, VN_COLOR_256, VN_COLOR_TRUE };
/* Colours are palette numbers under VN_COLOR_256 and 0xRRGGBB under VN_COLOR_TRUE.  ch 0: on the screen, not known
 * (always sent); in a new picture, not ours (never sent). */
struct vn_cell { uint32_t ch; uint32_t fg, bg; };
/* ch of cells that show a part of a picture of pixels: by kitty.h, a character; by sixel.h, none that could be sent. */
enum { VN_CELL_PLACE = 0x10EEEE, VN_CELL_PIXELS = 0x110000 };

void vn_cell_size(enum vn_cell_mode m, int *px_w, int *px_h);
/* Height over width of one pixel, for cells twice as high as wide. */
double vn_cell_aspect(enum vn_cell_mode m);
/* The character with these pixels set: bit 0 upper left, then row by row. */
uint32_t vn_cell_glyph(enum vn_cell_mode m, unsigned bits);
/* Writes a character as UTF-8, at most 4 bytes; returns the end. */
char *vn_cell_utf8(char *s, uint32_t ch);
/* Palette number (16..255) whose colour is nearest. */
int  vn_cell_palette(int r, int g, int b);
/* im is cols*px_w by rows*px_h; out[rows*cols].  Without colour the picture is dithered in ordered fashion. */
void vn_cells_encode(const struct vn_image *im, enum vn_cell_mode m, enum vn_colors c, struct vn_cell *out);
/* Bytes, but for VN_CELL_PIXELS, that turn `old` (NULL: everything unknown) into `now` at screen position (x, y), 0-based. Appended to b. */
void vn_cells_emit(const struct vn_cell *now, const struct vn_cell *old, int cols, int rows, int x, int y, enum vn_colors c, struct vn_str *b);
/* Names of the scene's places and its legend, written into the cells of its picture, px_w by px_h pixels each. */
void vn_cells_names(const struct vn_scene *s, const struct vn_image *im, int px_w, int px_h, enum vn_colors c, struct vn_cell *cells);
/* The same as plain lines with colour codes and newlines, for stdout. */
void vn_cells_print(const struct vn_cell *now, int cols, int rows, enum vn_colors c, struct vn_str *b);
#endif
