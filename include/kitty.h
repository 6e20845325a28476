/* kitty.h - pictures by kitty's graphics protocol, put into cells as placeholder characters: what ncurses, tmux and whoever
 * else writes to the screen takes for text stays text, and a picture moves and is covered like it.
 * Source: https://sw.kovidgoyal.net/kitty/graphics-protocol/#unicode-placeholders */
#ifndef VN_KITTY_H
#define VN_KITTY_H
#include "cells.h"

enum { VN_KITTY_MOST = 297 };            /* rows and columns of cells that can be numbered */
/* Sends the picture under this id, to be shown over cols x rows cells; a picture of that id is replaced.  Appended to b. */
int  vn_kitty_send(const struct vn_image *im, uint32_t id, int cols, int rows, bool in_tmux, struct vn_str *b, struct vn_err *err);
void vn_kitty_delete(uint32_t id, bool in_tmux, struct vn_str *b);
/* The cell that shows row, column of picture id.  The id's lowest byte is a colour of the palette, its highest a third mark;
 * the bytes between are 0. */
struct vn_cell vn_kitty_cell(uint32_t id, int row, int column);
/* Its character with marks as UTF-8, at most 16 bytes; returns the end. */
char *vn_kitty_put(char *s, const struct vn_cell *cell);
#endif
