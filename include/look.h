/* look.h - how a made-up volume looks: from the light that vessels send to grey values.
 *
 * Light is in units of the contrast: 0 the background, 1 a bright vessel.  In this order: blobs, sheets and haze join the
 * vessels' light; the point spread blurs it; depth and uneven illumination dim it, a background is added; lost slices,
 * slice jumps, tiles and stripes change the gain; the checkerboard is added; then noise, then rounding.  All is a function
 * of seed and voxel index, in fixed arithmetic. */
#ifndef VN_LOOK_H
#define VN_LOOK_H
#include "volume.h"

enum vn_look_id {                         /* 0 is off for all of them */
    VN_LOOK_NOISE, VN_LOOK_SHOT,          /* sd everywhere; sd that light 1 adds */
    VN_LOOK_GRAIN,                        /* voxels: sigma over which neighbours share their noise */
    VN_LOOK_PSF, VN_LOOK_PSF_Z,           /* voxels: sigma of the point spread in x and y, and along z */
    VN_LOOK_THIN,                         /* brightness of a vessel of radius r: (r / thickest)^thin */
    VN_LOOK_VARY,                         /* every curve's brightness: 10^-vary to 1 */
    VN_LOOK_ALONG,                        /* along a vessel it falls by up to this part */
    VN_LOOK_DROPOUT,                      /* fraction of the length in dim stretches */
    VN_LOOK_BACKGROUND,                   /* rise of a plane across the volume */
    VN_LOOK_UNEVEN, VN_LOOK_SHADE,        /* a smooth field: 0 to this is added; gain from 1 down to 1 - this */
    VN_LOOK_DECAY,                        /* part of the light that is lost at the last slice, by an exponential of depth */
    VN_LOOK_HAZE,                         /* light of smooth clouds at their middle */
    VN_LOOK_BLOBS, VN_LOOK_SHEETS,        /* how many balls and curved sheets */
    VN_LOOK_GLARE,                        /* light of blobs and sheets */
    VN_LOOK_HOLLOW, VN_LOOK_LUMEN,        /* voxels: thickness of a bright wall; light inside it, of the wall's */
    VN_LOOK_CHECKERBOARD, VN_LOOK_CHECKER_BY,   /* voxels: side of a square; added to one, taken from the next */
    VN_LOOK_STRIPES, VN_LOOK_STRIPE_PERIOD,     /* a row's gain falls by up to this; rows from stripe to stripe */
    VN_LOOK_LINES,                        /* sd of what is added to each line of a slice */
    VN_LOOK_JUMPS,                        /* a slice's gain differs from 1 by up to this */
    VN_LOOK_SEAMS, VN_LOOK_TILE,          /* a tile's gain differs from 1 by up to this; voxels from seam to seam */
    VN_LOOK_LOST,                         /* slices without light */
    VN_LOOK_DARK,                         /* 1: vessels are dark */
    VN_LOOK_LEVEL, VN_LOOK_CONTRAST,      /* grey values of light 0, and between 0 and 1; 0: 40 and 160, in u16 400 and 1600 */
    VN_LOOK_DENSITY,                      /* part of the box that vessels fill */
    VN_LOOK_TORTUOSITY,                   /* how much curves wind */
    VN_LOOK_PARALLEL,                     /* vessels beside others with a gap of one voxel */
    VN_LOOK_BREAKS,                       /* places without light on vessels */
    VN_N_LOOK
};
struct vn_look_row { const char *name; double p, lo, hi; bool log, whole; };
/* Drawn with probability p between lo and hi (evenly, or evenly in the logarithm), else 0. */
extern const struct vn_look_row vn_look_table[VN_N_LOOK];
/* Draws those that are NaN; the others stay. */
void vn_look_draw(double look[VN_N_LOOK], uint64_t seed);

struct vn_fact { char name[24]; int n; double *v; };     /* what an artifact's parameters came out as */
struct vn_facts { int n; struct vn_fact f[24]; };
int  vn_fact_add(struct vn_facts *f, const char *name, int n, const double *v, struct vn_err *err);
void vn_facts_free(struct vn_facts *f);

struct vn_optics;
int  vn_optics_new(struct vn_optics **out, const double look[VN_N_LOOK], uint64_t seed, const struct vn_grid *g, enum vn_type type,
                   struct vn_facts *facts, struct vn_err *err);
void vn_optics_free(struct vn_optics *o);
bool vn_optics_wide(const struct vn_optics *o);          /* it needs the light of the whole volume at once */
int  vn_optics_plane(const struct vn_optics *o, int64_t z, float *light, struct vn_err *err);   /* adds what is not a vessel */
int  vn_optics_spread(const struct vn_optics *o, float *light, float **noise, struct vn_job *job, struct vn_err *err);   /* *noise: NULL, or vn_free */
/* noise: the plane's, or NULL.  light is overwritten. */
int  vn_optics_grey(const struct vn_optics *o, int64_t z, float *light, const float *noise, void *grey, struct vn_err *err);
#endif
