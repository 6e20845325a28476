/* shapes.h - simple shapes as curves.  Internal to the graph module. */
#ifndef VN_SHAPES_H
#define VN_SHAPES_H
#include "phantom.h"

/* The curves of a tube, helix, torus or branching; none for the other kinds. */
int vn_shape_make(const struct vn_phantom_opt *o, struct vn_network *w, struct vn_err *err);
#endif
