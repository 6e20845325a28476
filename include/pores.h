/* pores.h - small places in a vessel that the probability leaves just under 1/2. */
#ifndef VN_PORES_H
#define VN_PORES_H
#include "volume.h"

/* A pore is a 4-connected piece of p < 1/2 in a plane of x and y that fits in a square of VN_PORE pixels, with nothing below VN_PORE_LEAST,
 * and touches no side of the plane.  Whether a pixel is in one, and what fills it, depend on what is up to VN_PORE pixels away. */
enum { VN_PORE = 6 };
static const float VN_PORE_LEAST = 0.1f;
/* p (f32): pores get the least value of the pixels around them (in 4 directions), at least 1/2: filled, so that they leave neither
 * holes in a mask nor shells in its skeleton. */
int vn_pores_fill(const struct vn_buf *p, struct vn_job *job, struct vn_err *err);
#endif
