/* repair.h - gaps in the vessels of a mask: found, weighed, and closed or proposed.
 *
 * Two steps, so that another longest gap or least score costs milliseconds: vn_gaps_find looks at the mask (thinning is most
 * of it) and lists every place where two vessels may be one, vn_gaps_select chooses, vn_gaps_draw fills.
 *
 * A gap lies between an open end and another end, or between an end and the flank of a vessel that it points at.  Ends are those
 * of the skeleton and stubs beside a branch point, for which it has no line.  Its score is a probability, of geometry and
 * evidence (help/repair.txt has the formula).  The score depends on the two vessels and what lies between, never on what else
 * is chosen or on the longest gap. */
#ifndef VN_REPAIR_H
#define VN_REPAIR_H
#include "mend.h"

enum vn_gap_state { VN_GAP_OPEN, VN_GAP_TAKEN, VN_GAP_REFUSED, VN_GAP_LOW, VN_GAP_USED, VN_GAP_LONG };
struct vn_gap {
    struct vn_bridge bridge;              /* axis to axis, inside both vessels */
    int32_t end[2], piece[2];             /* numbers of the ends (-1: the flank of a vessel) and of the mask's pieces */
    double from, to;                      /* of the bridge's axis: the background between, 0 to 1 */
    bool loop, lost;                      /* the pieces hang together already; the image lost its slices there */
    double length, voxels;                /* of the background between: um (or voxels), and steps of the grid */
    double angle;                         /* degrees: the greater one between the line and an end's direction */
    double along_z;                       /* share of the line's direction, of um: |dz| / length */
    double evidence;                      /* contrast along the line by that of the vessels; NaN: no image, or nothing to go by */
    struct vn_gap_facts {                 /* what the score is made of */
        double steps;                     /* voxels, without lost slices */
        double c[2];                      /* cosines of the angles; of a flank: 1 */
        double bend, shear;               /* of two ends: squares of what they turn to one side, as along an arc, but for what their
                                           * own bends make of it, and to opposite sides, as sines of the half */
        double ratio, thin;               /* of the radii, at most 1; the smaller one in voxels */
        double crowd;                     /* share of the tube between them that is taken */
        double clear;                     /* voxels that the shorter end stands out from its branching, or is long */
        double shift;                     /* of one tip beside the other's line, by what a vessel can bend */
        double stubs;                     /* of the two ends that the skeleton has no line for */
        double tilt;                      /* of a flank: tangent of the angle between the end's direction and the ray that meets it */
        double bulge;                     /* of a flank: voxels by which it stands out to the end, from its radius there */
        double piece;                     /* skeleton voxels of the smaller piece */
        double own;                       /* contrast of the weaker end by the median of all ends; NaN: no image */
    } facts;
    double score;
    enum vn_gap_state state;
};
struct vn_gaps { int64_t n; struct vn_gap *v; int32_t n_end, n_stub; };    /* best score first; of the ends: stubs */
struct vn_gaps_in {
    const struct vn_buf *mask;            /* u8 */
    double um[3];                         /* 0: not known */
    struct vn_vol *image;                 /* image or probability on the same grid, or NULL */
    double reach;                         /* steps of the grid: farther apart nothing is looked for */
};
int  vn_gaps_find(const struct vn_gaps_in *in, struct vn_gaps *out, struct vn_job *job, struct vn_err *err);
void vn_gaps_free(struct vn_gaps *g);
struct vn_gaps_rule {
    double gap; bool um;                  /* longest: um, or steps of the grid (a slice is one, however thick) */
    double min_score;
    const int64_t *refused; int n_refused;     /* numbers of gaps not to be closed, the best is 1 */
};
/* Steps to look for gaps under a rule; the same for all rules up to VN_GAP_REACH steps, and so are the gaps found. */
double vn_gaps_reach(const struct vn_gaps_rule *r, const double um[3]);
/* Best first, an end in one bridge at most.  Sets every gap's state; *taken counts. */
int  vn_gaps_select(struct vn_gaps *g, const struct vn_gaps_rule *r, int64_t *taken, struct vn_err *err);
/* Tubes into a u8 buffer, over background only. *voxels: how many were set. */
int  vn_gaps_draw(const struct vn_gaps *g, const double um[3], struct vn_buf *mask, int64_t *voxels, struct vn_job *job, struct vn_err *err);

enum vn_propose_kind { VN_PROPOSE_BRIDGE, VN_PROPOSE_SPECK };
struct vn_proposal { enum vn_propose_kind kind; struct vn_bridge bridge; double score; int64_t voxels; };    /* a speck: bridge.at[0..2] a voxel of it */
struct vn_propose_in { struct vn_vol *mask, *image; struct vn_gaps_rule rule; int64_t speck; };       /* gap 0: no bridges; speck: fewer voxels than this */
/* Gaps that the rule takes, best first; then specks, smallest first, of score 1 - voxels / speck. */
int  vn_propose(const struct vn_propose_in *in, struct vn_proposal **out, int64_t *n, struct vn_job *job, struct vn_err *err);

#define VN_GAP_REACH 16
#define VN_GAP_MIN_SCORE 0.7
#endif
