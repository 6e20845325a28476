/* figview.h - figures on the screen: the script that lies beside a figure (PATH.gp), drawn again for a terminal. */
#ifndef VN_FIGVIEW_H
#define VN_FIGVIEW_H
#include "cells.h"
#include "job.h"

/* As characters (gnuplot's "dumb" terminal) of cols x rows cells into out[cols * rows].  Colours of the palette, or none. */
int vn_figview_cells(const char *path, int cols, int rows, bool color, struct vn_cell *out, struct vn_job *job, struct vn_err *err);
/* As a picture of w x h pixels on white, words at least so large that they can be read. */
int vn_figview_image(const char *path, int w, int h, struct vn_image *out, struct vn_job *job, struct vn_err *err);
/* Notes the figure that was drawn last; gives it once.  Thread-safe. */
void vn_figview_drawn(const char *path);
bool vn_figview_last(char *path, size_t size);
bool vn_figview_fresh(void);             /* there is one that has not been given */
/* Cells from what gnuplot's dumb terminal prints, SGR colours of the 256 included; what is too wide or too long is cut. */
void vn_figview_parse(const char *text, size_t n, int cols, int rows, bool color, struct vn_cell *out);
#endif
