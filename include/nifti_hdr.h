/* nifti_hdr.h - NIfTI-1, NIfTI-2 and Analyze 7.5 headers as one value.
 * Source: nifti1.h (2003-2007) and nifti2.h (2011), the NIfTI Data Format Working Group; dbh.h of Analyze (Mayo Clinic,
 * 1986), with SPM's scale factor at byte 112. */
#ifndef VN_NIFTI_HDR_H
#define VN_NIFTI_HDR_H
#include "err.h"

enum { VN_NIFTI1_SIZE = 348, VN_NIFTI2_SIZE = 540 };
struct vn_nifti {
    int version;                /* 1 or 2; 0 Analyze */
    bool swap, pair;            /* other byte order; voxels in a .img file beside it */
    int ndim;
    int64_t dim[7];             /* 1 where the file has fewer */
    double pix[7];
    int datatype, bitpix, intent, units;
    double slope, inter;
    uint64_t offset;            /* of the voxels in their file */
    int qcode, scode;
    double quat[3], qoff[3], qfac, srow[3][4];
    char descrip[80];           /* terminated */
};
/* head: the first n bytes (540 are enough); path is for messages. */
int  vn_nifti_decode(const unsigned char *head, size_t n, const char *path, struct vn_nifti *h, struct vn_err *err);
/* Does it begin like a NIfTI or Analyze header? */
bool vn_nifti_like(const unsigned char *head, size_t n);
/* Writes h as a .nii header of this machine's (little-endian) order; returns its size without the 4 extension bytes. */
size_t vn_nifti_encode(const struct vn_nifti *h, unsigned char out[VN_NIFTI2_SIZE]);
/* Voxel index to millimetres (rows of 4), from sform, else qform; false when the file has neither. */
bool vn_nifti_affine(const struct vn_nifti *h, double m[3][4]);
#endif
