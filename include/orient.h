/* orient.h - where a file's voxel grid lies in the patient: kept in vn_vol.orientation as words that say where x, y, z
 * lead, who says so, and the matrix from voxel to millimetres right, anterior, superior. */
#ifndef VN_ORIENT_H
#define VN_ORIENT_H
#include "volume.h"

/* "LPS (NRRD left-posterior-superior; mm: ...)"; the first letter says where x leads (L: to the left).  m: rows of 4,
 * for the voxel `first` of the whole volume; changed to the words' matrix, for voxel 0.  mm false: a file without units. */
char *vn_orient_words(double m[3][4], const int64_t first[3], const char *who, bool mm, struct vn_err *err);
/* The matrix for the first voxel of v's box, in mm, or in the file's unknown unit when the voxel size is unknown; false
 * when v has none, or its voxel size is no longer that of the file. */
bool vn_orient_matrix(const struct vn_vol *v, double m[3][4]);

/* um in one unit of that name; 0 when it is not a length. */
double vn_unit_um(const char *name);
#endif
