/* points.h - points in voxels as text: x,y,z,x,y,z,... or, for a stroke of many steps, x,y,z~AXES:STEPS.
 *
 * AXES are the axes along which the points differ (xy, z, xyz ...), STEPS the differences from point to point along these,
 * one after the other, whole numbers as in source maps (revision 3): the sign in the lowest bit (1: negative), then
 * 5 bits a character, lowest first, 32 added where more follow; 0 to 63 are A-Z a-z 0-9 + /.  C is 1, D is -1, gB 16. */
#ifndef VN_POINTS_H
#define VN_POINTS_H
#include "text.h"

/* How many points; out (may be NULL) gets their coordinates. -1: the text has another form. */
long long vn_points_parse(const char *text, double *out);
/* Whole numbers, in the shorter form. Appended to b. */
void vn_points_print(const double *at, long long n, struct vn_str *b);
#endif
