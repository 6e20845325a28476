/* joined.h - the contrast at which vessels hang together. */
#ifndef VN_JOINED_H
#define VN_JOINED_H
#include "job.h"

/* n_block blocks of n[0] x n[1] x n[2] cells one after the other, each with the greatest value of its voxels.  *contrast comes
 * in as what is asked for and may leave lower, never higher, and not below 2.  Thresholds offset + noise * t are tried, t falling from there
 * in steps of a fifth, and the 26-connected pieces of at least 8 cells are counted: a vessel that is brighter and dimmer along
 * its way is in pieces until t is below its dimmest part, and noise is in pieces below about 2.5.  Taken is
 *   the highest t with not more than 1.5 times (or 3) pieces over the fewest there are down to t = 2.8; or, where these are no
 *   fewer than now, but dimmer vessels come (4 times as many pieces at t >= 3, and 40) and join (down to 0.4 of that, while not
 *   more than a third of all cells is above), that t.
 * From there t falls on, to the last step from 2.8 on with not more than 1.25 times (or 20) pieces over those there and at most
 * 15 % of all cells above, if the pieces then hold at least 1.7 times as many cells: borders alone gain less from so few steps,
 * and noise or texture comes in pieces of its own.
 * The idea that a good threshold lies where the number of objects does not change: Pikaz, Averbuch, Pattern Recognition 29,
 * 1996. */
int vn_joined(const float *v, const int64_t n[3], int n_block, double offset, double noise, double *contrast, struct vn_job *job, struct vn_err *err);
#endif
