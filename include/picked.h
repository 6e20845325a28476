/* picked.h - what is known of a segment or a node of a graph, for verb pick and for the panel beside the pictures. */
#ifndef VN_PICKED_H
#define VN_PICKED_H
#include "graph_index.h"
#include "session.h"

enum { VN_MAX_FACTS = 24 };
struct vn_fact { char name[24]; double v; };            /* NaN: cannot be known */
/* Of a segment the columns of the table of segments (verb measure) and the degrees of its ends.  Where the voxel size is not
 * known, names end in _vox instead of _um.  Returns how many. */
int  vn_picked_facts(const struct vn_graph *g, enum vn_picked_kind kind, int32_t id, struct vn_fact out[VN_MAX_FACTS]);
/* What is nearest to `at`, in voxels (3 is the middle of voxel 3), in an indexed graph; kind: VN_PICK_NONE for a node where the point
 * lies within its radius or a voxel of it, else a segment.  reach in the graph's unit; flat: the axis along which distances do
 * not count, -1 none.  out's kind, id, at and distance; false: there is none. */
bool vn_picked_find(const struct vn_graph *g, enum vn_picked_kind kind, const double at[3], double reach, int flat, struct vn_picked *out);
/* The voxel that a place of the graph lies in, inside its box. */
void vn_picked_voxel(const struct vn_graph *g, const double p[3], double voxel[3]);
/* What `pick` takes when no object is named: the graph that is drawn, the mask on top, the newest graph; NULL: none. */
struct vn_obj *vn_picked_default(struct vn_session *s, char name[64]);
#endif
