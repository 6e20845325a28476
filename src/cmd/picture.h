/* picture.h - what slice, mip and snap share: a scene to a PNG file or to cells on stdout. */
#ifndef VN_PICTURE_H
#define VN_PICTURE_H
#include "cells.h"
#include "cmd.h"

#define VN_COLORMAPS "grey|inverted|viridis|fire"       /* in the order of enum vn_colormap */
#define VN_SLAB_METHODS "max|min|mean|depth"            /* of enum vn_slab_method */
/* Parameter rows of slice and mip from "to" on. */
#define VN_PICTURE_PARAMS                                                                                                     \
    { "to", VN_P_PATH, VN_PREF, .help = "PNG file to write; without it the picture is printed as characters" },                \
    { "force", VN_P_FLAG, VN_PREF, .help = "replace an existing file" },                                                       \
    { "scale", VN_P_REAL, 0, .min = 0.001, .max = 64, .unit = "pixels per voxel", .def = "1", .help = "size of the finest voxel side in the picture" }, \
    { "overlay", VN_P_OBJECT, 0, .kinds = VN_VOLUMES | VN_GRAPH, .help = "drawn in colour on top where it is not 0; a graph as lines" },     \
    { "opacity", VN_P_REAL, 0, .min = 0, .max = 1, .def = "0.5", .help = "of the overlay" },                                   \
    { "outline", VN_P_FLAG, 0, .help = "only the border of the overlay" },                                                     \
    { "colormap", VN_P_CHOICE, 0, .choices = VN_COLORMAPS, .def = "grey", .help = "of the grey values" },                      \
    { "window", VN_P_REALS, 0, .help = "LOW,HIGH: grey values shown black and white; automatic without" },                     \
    { "plain", VN_P_FLAG, 0, .help = "no scale bar" }

/* Renders volume= along axis= over slab (a projection by method= when mip) and writes or prints it. */
int vn_picture_run(struct vn_call *c, bool mip, const int64_t slab[2], struct vn_err *err);
/* Planes of the LENGTH parameter `name`: a bare number counts them, um are divided by the voxel side um (0: not known) and
 * rounded, one at least. */
int vn_picture_planes(const struct vn_args *a, const char *name, double um, int64_t *planes, struct vn_err *err);
/* Two grey values from the parameter `name`; lo = hi = 0 when it is not given. */
int vn_picture_window(struct vn_call *c, const char *name, double *lo, double *hi, struct vn_err *err);
/* Colours and cells for stdout under the runner's options. */
void vn_picture_mode(struct vn_call *c, enum vn_cell_mode *m, enum vn_colors *colors);
int  vn_picture_columns(void);            /* $COLUMNS, or 80 */
#endif
