/* bitvol.h - a mask at one bit per voxel with an empty margin, and the tests of thinning on a voxel's 26 neighbours.
 *
 * Voxel x of a row is bit x + 1; a row is a whole number of 64-bit words with at least one empty bit on either side, and
 * an empty row and plane lie all around: neighbours of any voxel may be read, whole words may be compared with their
 * shifted neighbours, and no code asks for borders.  Coordinates count from box.lo.  Planes never share a word, so
 * planes may be written in parallel.
 *
 * A neighbourhood is 27 bits, bit (dx + 1) + 3 (dy + 1) + 9 (dz + 1); the voxel itself is bit 13. */
#ifndef VN_BITVOL_H
#define VN_BITVOL_H
#include <string.h>
#include "volume.h"

struct vn_bitvol {
    int64_t n[3];
    int64_t row_words;             /* words per row */
    int64_t row, plane;            /* words from row to row, from plane to plane */
    uint64_t *base;                /* allocation */
    uint64_t *w;                   /* row (y, z) begins at w + z * plane + y * row */
};
int  vn_bitvol_new(struct vn_bitvol *b, const struct vn_box *box, struct vn_err *err);            /* empty */
int  vn_bitvol_from(struct vn_bitvol *b, const struct vn_buf *mask, struct vn_job *job, struct vn_err *err);   /* u8, nonzero = 1 */
int  vn_bitvol_to(const struct vn_bitvol *b, struct vn_buf *mask, struct vn_job *job, struct vn_err *err);     /* u8 0 or 1, same size */
void vn_bitvol_free(struct vn_bitvol *b);
uint64_t vn_bitvol_count(const struct vn_bitvol *b);

static inline uint64_t *vn_bit_row(const struct vn_bitvol *b, int64_t y, int64_t z)
{
    return b->w + z * b->plane + y * b->row;
}
static inline void vn_bit_clear(uint64_t *row, int64_t x) { row[(x + 1) >> 6] &= ~(1ULL << ((x + 1) & 63)); }
static inline void vn_bit_set(uint64_t *row, int64_t x) { row[(x + 1) >> 6] |= 1ULL << ((x + 1) & 63); }
static inline bool vn_bit_get(const uint64_t *row, int64_t x) { return row[(x + 1) >> 6] >> ((x + 1) & 63) & 1; }

/* Three voxels x - 1, x, x + 1 of a row. */
static inline uint32_t vn_bit3(const uint64_t *row, int64_t x)
{
    uint32_t v;
    memcpy(&v, (const uint8_t *)row + (x >> 3), 4);
    return v >> (x & 7) & 7;
}
/* The 27 bits around voxel x of row (y, z). */
static inline uint32_t vn_bit27(const struct vn_bitvol *b, const uint64_t *row, int64_t x)
{
    uint32_t m = 0;
    for (int dz = -1, s = 0; dz <= 1; dz++)
        for (int dy = -1; dy <= 1; dy++, s += 3)
            m |= vn_bit3(row + dz * b->plane + dy * b->row, x) << s;
    return m;
}

enum {
    VN_N27_CENTRE = 1 << 13,
    VN_N27_ALL = (1 << 27) - 1,
    VN_N27_X0 = 0x1249249, VN_N27_X2 = 0x4924924,                  /* dx = -1; dx = +1 */
    VN_N27_Y0 = 0x01c0e07, VN_N27_Y2 = 0x70381c0,
    VN_N27_FACES = 1 << 4 | 1 << 10 | 1 << 12 | 1 << 14 | 1 << 16 | 1 << 22,
    VN_N27_CORNERS = 1 | 1 << 2 | 1 << 6 | 1 << 8 | 1 << 18 | 1 << 20 | 1 << 24 | 1 << 26,
    VN_N27_18 = VN_N27_ALL & ~(VN_N27_CORNERS | VN_N27_CENTRE),    /* faces and edges */
};

/* The neighbours in m (centre bit clear) form one 26-connected component, or none. */
static inline bool vn_n27_object_joined(uint32_t m)
{
    uint32_t grown = m & (0u - m), last;
    do {
        last = grown;
        grown |= (grown & ~VN_N27_X2) << 1 | (grown & ~VN_N27_X0) >> 1;
        grown |= (grown & ~VN_N27_Y2) << 3 | (grown & ~VN_N27_Y0) >> 3;
        grown |= grown << 9 | grown >> 9;
        grown &= m;
    } while (grown != last);
    return grown == m;
}

/* The background's face neighbours of the centre form one 6-connected component within the 18 neighbours; there is at least one. */
static inline bool vn_n27_back_joined(uint32_t m)
{
    const uint32_t back = ~m & VN_N27_18, faces = back & VN_N27_FACES;
    uint32_t grown = faces & (0u - faces), last;
    if (faces == grown)
        return faces != 0;
    do {
        last = grown;
        grown |= (grown & ~VN_N27_X2) << 1 | (grown & ~VN_N27_X0) >> 1 | (grown & ~VN_N27_Y2) << 3 |
                 (grown & ~VN_N27_Y0) >> 3 | grown << 9 | grown >> 9;
        grown &= back;
    } while (grown != last);
    return !(faces & ~grown);
}

/* (26, 6)-simple: deleting the centre changes neither the object's nor the background's topology (Bertrand, Malandain 1994). */
static inline bool vn_n27_simple(uint32_t m)
{
    m &= ~(uint32_t)VN_N27_CENTRE;
    return m && vn_n27_back_joined(m) && vn_n27_object_joined(m);
}
#endif
