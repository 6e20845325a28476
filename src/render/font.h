/* font.h - labels in pictures. */
#ifndef VN_FONT_H
#define VN_FONT_H
#include "render.h"

/* vn_image_text with a dark rim, readable on bright ground. UTF-8: ASCII and the micro sign; others are '?'. */
void vn_font_label(struct vn_image *im, int x, int y, const char *text, int size, uint32_t rgb);
#endif
