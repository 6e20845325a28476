/* phantom.h - synthetic vascular volumes with exact truth.
 *
 * The truth is the curves (network.h): the mask holds the voxels whose centre is nearer to a curve than its radius there, the
 * graph the curves themselves with their own lengths, radii, nodes and loops; neither is derived from the other.  Where
 * curves join, their surfaces are blended by a fillet of about a voxel. */
#ifndef VN_PHANTOM_H
#define VN_PHANTOM_H
#include "look.h"
#include "network.h"
#include "volume.h"

enum vn_phantom_kind { VN_PHANTOM_NETWORK, VN_PHANTOM_TUBE, VN_PHANTOM_HELIX, VN_PHANTOM_TORUS, VN_PHANTOM_YBRANCH, VN_PHANTOM_EMPTY };
struct vn_phantom_opt {
    enum vn_phantom_kind kind;
    int64_t dim[3];
    double um[3];
    enum vn_type type;                    /* VN_U8, VN_U16, VN_F32 */
    uint64_t seed;
    double radius;                        /* um: tube, helix, torus, ybranch */
    double coil, pitch;                   /* um: radius of the helix or torus, rise per turn; 0 = fit the box */
    double direction[3];                  /* tube: along this, through the middle */
    double radius_min, radius_max;        /* um: network; all octaves side by side where they are 8 times apart */
    int    curves;                        /* network; 0 = by volume */
    double loops;                         /* network: fraction of curves that end on a vessel */
    bool   cropped;                       /* network: vessels run out of the volume */
    bool   touched;                       /* a slice's mask holds what passes anywhere through its thickness, not only its middle plane */
    double look[VN_N_LOOK];
    double gap[2];                        /* voxels: length of breaks */
    enum vn_injury injury;
    double severity;                      /* 0..1 */
};
struct vn_phantom {
    struct vn_vol *image, *mask;          /* one reference each, the caller's */
    struct vn_graph *graph;
    double injury_centre[3], injury_radius;   /* um; focal injury */
    int64_t voxels;                       /* of the mask */
    double look[VN_N_LOOK];
    struct vn_facts facts;                /* what the artifacts' parameters came out as */
    struct vn_break *breaks; int n_break;
};
/* `random`: what is NaN (look, radius_min, radius_max, loops), and a curves below 0, is drawn by the seed. */
void vn_phantom_draw_voxel(uint64_t seed, double um[3]);
void vn_phantom_draw(struct vn_phantom_opt *o);
/* Background 40, vessels 200 (u16: 400 and 2000) unless the look says otherwise; a voxel that the surface cuts is between. */
int  vn_phantom_make(const struct vn_phantom_opt *o, struct vn_phantom *out, struct vn_job *job, struct vn_err *err);
void vn_phantom_free(struct vn_phantom *p);
#endif
