/* graph_index.h - a graph's centrelines and nodes in a tree of boxes: what lies where, and what is nearest.
 *
 * Pieces of centreline are taken together by up to VN_GRAPH_RUN points; runs and nodes are sorted along a Morton curve and
 * four of them have a box, four boxes a larger one.  Coordinates are the graph's (um, or voxels). */
#ifndef VN_GRAPH_INDEX_H
#define VN_GRAPH_INDEX_H
#include "graph.h"

enum { VN_GRAPH_RUN = 16 };
struct vn_graph_box { float lo[3], hi[3], radius; };       /* of places; the largest radius of them (0 when unknown) */
/* A run: n pieces of segment `of`, points first to first + n.  A node: `of`, with n = 0. */
struct vn_graph_item { int64_t first; int32_t n, of; };

/* Makes the index when there is none yet and keeps it with the graph. Thread-safe. */
int  vn_graph_index(struct vn_graph *g, struct vn_job *job, struct vn_err *err);
bool vn_graph_indexed(const struct vn_graph *g);
uint64_t vn_graph_index_mem(const struct vn_graph *g);
/* Of an indexed graph, as all that follows. */
uint64_t vn_graph_index_id(const struct vn_graph *g);       /* unique in the process */
double vn_graph_mean_length(const struct vn_graph *g);     /* of its segments */
/* Goes through boxes that `enter` wants, down to the runs (nodes: the nodes) of those at the bottom. */
void vn_graph_visit(const struct vn_graph *g, bool nodes, bool (*enter)(void *ctx, const struct vn_graph_box *b),
                    void (*item)(void *ctx, const struct vn_graph_item *i), void *ctx);

struct vn_graph_near { int32_t of; int64_t point; double p[3], distance; };      /* of -1: there is none */
/* The segment whose centreline (or the node that) is nearest to p, the lower number of equals, within `reach`.  flat: an axis
 * along which distances do not count, or -1.  out->p: the place on it; out->point: the point of the centreline before it. */
void vn_graph_nearest(const struct vn_graph *g, bool nodes, const double p[3], double reach, int flat, struct vn_graph_near *out);
/* The segments that begin or end at a node, by rising number, at most so many. Returns how many there are. */
int  vn_graph_at_node(const struct vn_graph *g, int32_t node, int32_t *out, int most);
#endif
