/* masks.h - masks made by integer formulas, so that other programs can make the same (tests of the metrics). */
#ifndef VN_TESTS_MASKS_H
#define VN_TESTS_MASKS_H
#include "bits.h"

/* Smooth sheets: floor((3x^2 + 5y^2 + 7z^2 + s xy + zy) / 900) mod 3 == 0. */
static inline uint8_t mask_sheet(int64_t x, int64_t y, int64_t z, int64_t s)
{
    return (x * x * 3 + y * y * 5 + z * z * 7 + x * y * s + z * y) / 900 % 3 == 0;
}

/* Noise: about p voxels in a hundred. */
static inline uint8_t mask_noise(int64_t x, int64_t y, int64_t z, int64_t p)
{
    return (((x * 73856093) ^ (y * 19349663) ^ (z * 83492791)) >> 7) % 100 < p;
}

static inline void mask_fill(struct vn_buf *b, int64_t nx, int64_t ny, int64_t nz,
                             uint8_t (*f)(int64_t, int64_t, int64_t, int64_t), int64_t s)
{
    struct vn_box box = { { 0, 0, 0 }, { nx, ny, nz } };
    struct vn_err e;
    if (vn_buf_new(b, VN_U8, &box, &e))
        return;
    for (int64_t z = 0; z < nz; z++)
        for (int64_t y = 0; y < ny; y++)
            for (int64_t x = 0; x < nx; x++)
                ((uint8_t *)b->data)[vn_buf_at(b, x, y, z)] = f(x, y, z, s);
}

static inline int mask_bits(struct vn_bits *m, int64_t nx, int64_t ny, int64_t nz,
                            uint8_t (*f)(int64_t, int64_t, int64_t, int64_t), int64_t s)
{
    struct vn_buf b = { 0 };
    struct vn_err e;
    mask_fill(&b, nx, ny, nz, f, s);
    int rc = vn_bits_from_buf(&b, m, NULL, &e);
    vn_buf_free(&b);
    return rc;
}
#endif
