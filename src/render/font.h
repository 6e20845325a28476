/* font.h - 5x7 figures and a few letters for labels in pictures. */
#ifndef VN_FONT_H
#define VN_FONT_H
#include "render.h"

enum { VN_GLYPH_W = 6, VN_GLYPH_H = 7 };              /* one column of space included */
/* Draws text ("u" becomes the micro sign) with its upper left corner at (x, y); clipped to the picture. */
void vn_font_draw(struct vn_image *im, int x, int y, const char *text, uint32_t rgb);
#endif
