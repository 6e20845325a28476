/* network.h - made-up vessel networks as curves: nodes joined by polylines fine enough to stand for smooth curves, with
 * a radius at every point.  Everything is in um, positions as p = (index + 0.5) * voxel size.
 *
 * Grown by rejection: a new curve is kept only when its surface stays clear of every other (but at the nodes where it
 * joins), of itself and of the walls, and bends gently; so the truth's topology is what a right segmentation sees.
 * Only + - * / and sqrt are used: the same curves on every machine. */
#ifndef VN_NETWORK_H
#define VN_NETWORK_H
#include "graph.h"

struct vn_net_point { double p[3], r, bright; };           /* bright: 1, less in a dim stretch */
struct vn_vessel {
    int32_t a, b;                                           /* nodes; a == b: a closed curve */
    int32_t lineage;                                        /* pieces of one grown curve share it */
    int32_t n;
    struct vn_net_point *pt;                                /* from a to b, both included; owned */
};
struct vn_net_node { double p[3]; int32_t degree; };
struct vn_network {
    int32_t n_node, cap_node, n_vessel, cap_vessel;
    struct vn_net_node *node;
    struct vn_vessel *vessel;
    int n_parallel;                                         /* curves that were grown beside another */
};
struct vn_net_opt {
    double size[3], um[3];                                  /* box and voxel, um */
    double radius_min, radius_max;                          /* um */
    int curves;                                             /* curves to grow */
    double loops;                                           /* fraction of them that end on another vessel */
    double density;                                         /* ends when vessels fill this part of the box; 0: after `curves` */
    double tortuosity;                                      /* how far curves wind about their way; 0: not at all */
    int parallel;                                           /* of the curves: beside another, 1.25 voxel diagonals apart */
    bool touched;                                           /* for masks of whole slices: lengths by the mean voxel side, wider gaps */
    bool spread;                                            /* thin vessels leave thick ones directly: all radii side by side */
    uint64_t seed;
};
enum vn_injury { VN_INJURY_NONE, VN_INJURY_FOCAL, VN_INJURY_DIFFUSE };

void vn_network_free(struct vn_network *w);                 /* contents, not w */
int32_t vn_network_add_node(struct vn_network *w, const double p[3], struct vn_err *err);    /* index or a code */
/* TAKES pt (also when it fails); its first and last point are made to be the nodes' positions. */
int  vn_network_add(struct vn_network *w, int32_t a, int32_t b, int32_t lineage, int32_t n, struct vn_net_point *pt, struct vn_err *err);
/* Points of the cubic Bezier curve c[0..3] at most `step` apart, radius falling from ra to rb in equal parts. */
int  vn_network_bezier(const double c[4][3], double ra, double rb, double step, struct vn_net_point **pt, int32_t *n, struct vn_err *err);
double vn_network_unit(const struct vn_net_opt *o);         /* um: lengths and bends count in it; the widest side of the voxel */
int  vn_network_grow(struct vn_network *w, const struct vn_net_opt *o, struct vn_job *job, struct vn_err *err);
/* Removes vessels.  FOCAL: all that lies in a sphere of `severity` times the box's volume about a random place (*centre,
 * *radius say which).  DIFFUSE: the fraction `severity` of the segments thinner than the median.  Nodes left with two
 * segments are dissolved. */
int  vn_network_injure(struct vn_network *w, enum vn_injury what, double severity, const struct vn_net_opt *o,
                       double centre[3], double *radius, struct vn_err *err);
/* Dims a fraction of the vessels' length in stretches of some voxels. */
void vn_network_dropout(struct vn_network *w, double fraction, const struct vn_net_opt *o);
/* Brightness by radius ((r / thickest)^thin), by curve (10^-vary to 1) and along a curve (1 - along to 1), not below least. */
void vn_network_shine(struct vn_network *w, double thin, double vary, double along, double least, const struct vn_net_opt *o);
/* Takes the light from n places at least two voxels and a radius from the nodes, over lengths of gap[0] to gap[1] voxels along
 * the vessel (steps in voxel coordinates).  As many as fit; the curves stay. */
struct vn_break { double p[3], tangent[3], r, um, voxels; };       /* its middle; how long it is */
int  vn_network_break(struct vn_network *w, int n, const double gap[2], const struct vn_net_opt *o, struct vn_break **out, int *n_out,
                      struct vn_err *err);
/* The part of w whose centreline lies in the box: a vessel that leaves it ends there. */
int  vn_network_clip(const struct vn_network *w, const double size[3], struct vn_network *to, struct vn_err *err);
int  vn_network_graph(const struct vn_network *w, const struct vn_grid *g, struct vn_graph **out, struct vn_err *err);
#endif
