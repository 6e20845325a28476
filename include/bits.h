/* bits.h - masks at one bit a voxel: what the segmentation metrics count, code and connect.
 *
 * Row (y, z) of the box is `words` 64-bit words from w[(z * dim[1] + y) * words]; voxel x is bit x % 64 of word x / 64.
 * Bits beyond dim[0] are zero in every function's input and output. */
#ifndef VN_BITS_H
#define VN_BITS_H
#include "volume.h"

struct vn_bits { struct vn_box box; int64_t dim[3], words; uint64_t *w; };

int  vn_bits_new(struct vn_bits *b, const struct vn_box *box, struct vn_err *err);      /* all zero */
void vn_bits_free(struct vn_bits *b);                                                   /* leaves {0}; {0} allowed */
/* Set where the voxel is neither zero nor NaN; outside the volume zero.  Read by slabs: the volume need not fit in memory. */
int  vn_bits_read(struct vn_vol *v, const struct vn_box *box, struct vn_bits *out, struct vn_job *job, struct vn_err *err);
/* The same from voxels in memory; the box is the buffer's. */
int  vn_bits_from_buf(const struct vn_buf *src, struct vn_bits *out, struct vn_job *job, struct vn_err *err);
/* 1 where set, else 0, into dst (u8), whose box lies inside b's. */
int  vn_bits_to_buf(const struct vn_bits *b, struct vn_buf *dst, struct vn_job *job, struct vn_err *err);
/* Clears the voxels of b that are set in `drop` (same box). */
void vn_bits_clear(struct vn_bits *b, const struct vn_bits *drop);
uint64_t vn_bits_count(const struct vn_bits *b);
uint64_t vn_bits_count_both(const struct vn_bits *a, const struct vn_bits *b);          /* of one box */
/* Smallest box that holds every set voxel; false when there is none. */
bool vn_bits_bounds(const struct vn_bits *b, struct vn_box *out);
/* Copy of the part of b inside box (any box; zero outside b's), and with `invert` its complement. */
int  vn_bits_crop(const struct vn_bits *b, const struct vn_box *box, bool invert, struct vn_bits *out, struct vn_err *err);

static inline uint64_t *vn_bits_row(const struct vn_bits *b, int64_t y, int64_t z)      /* indices from the box's corner */
{
    return b->w + (z * b->dim[1] + y) * b->words;
}
static inline bool vn_bits_get(const struct vn_bits *b, int64_t x, int64_t y, int64_t z)
{
    return x >= 0 && x < b->dim[0] && y >= 0 && y < b->dim[1] && z >= 0 && z < b->dim[2] &&
           (vn_bits_row(b, y, z)[x >> 6] >> (x & 63) & 1);
}
#endif
