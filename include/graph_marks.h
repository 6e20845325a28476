/* graph_marks.h - a graph drawn over a picture as marks: no voxels are read, what is out of the picture costs nothing.
 *
 * The centreline is shown wherever the vessel touches the slice or slab: where its distance to it along the axis is at most
 * its radius; where the radius is not known, what lies in it.  Lines are one pixel wide; what is picked is three wide, and where
 * it is not in the slab one.  Nodes are squares, left out where a typical segment is shorter than eight pixels,
 * or where they would cover more than an eighth of the picture.
 * Each pixel is set or not, whatever the order: the picture is the same on any number of threads. */
#ifndef VN_GRAPH_MARKS_H
#define VN_GRAPH_MARKS_H
#include "graph_index.h"
#include "render.h"

enum { VN_GRAPH_LINE = 0x00d7ff, VN_GRAPH_BRANCH = 0xffff00, VN_GRAPH_END = 0xff5fff, VN_GRAPH_PICKED = 0xff0000 };  /* in the 256 colours as they are */
/* The scene's graph (indexed, on the volume's grid) into im; without memory nothing. */
void vn_graph_marks(const struct vn_scene *s, struct vn_image *im);
#endif
