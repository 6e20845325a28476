/* vox.h - arithmetic on one voxel, compiled by gcc -std=c11 and by nvcc, so that CPU and GPU give the same bits.
 *
 * Allowed: + - * / sqrt floor, comparisons, integer code.  Not allowed: libm transcendentals (their last bits differ
 * between machines), fused multiply-add, pointers to globals.  Built with -ffp-contract=off and --fmad=false. */
#ifndef VN_VOX_H
#define VN_VOX_H
#include <stdint.h>
#if defined(__CUDACC__) || defined(VN_EMU)
#define VN_FN static __host__ __device__ inline
#else
#define VN_FN static inline
#endif

VN_FN int64_t vn_clamp64(int64_t v, int64_t lo, int64_t hi) { return v < lo ? lo : v > hi ? hi : v; }

/* ---- random numbers: a function of (seed, stream, index) alone, so that neither threads nor blocks matter ---- */
/* Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3", section 4). */
VN_FN void vn_philox(const uint32_t ctr[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = ctr[0], c1 = ctr[1], c2 = ctr[2], c3 = ctr[3], k0 = key[0], k1 = key[1];

    for (int i = 0; i < 10; i++) {
        const uint64_t m0 = (uint64_t)0xD2511F53u * c0, m1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(m1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)m1;
        c2 = (uint32_t)(m0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)m0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0; out[1] = c1; out[2] = c2; out[3] = c3;
}
/* 128 random bits for item `index` of stream `stream`. */
VN_FN void vn_random(uint64_t seed, uint64_t stream, uint64_t index, uint32_t out[4])
{
    const uint32_t ctr[4] = { (uint32_t)index, (uint32_t)(index >> 32), (uint32_t)stream, (uint32_t)(stream >> 32) };
    const uint32_t key[2] = { (uint32_t)seed, (uint32_t)(seed >> 32) };

    vn_philox(ctr, key, out);
}
/* Normal deviate (mean 0, sd 1) from 128 random bits: the sum of eight 16-bit uniforms, exact in integers.  Irwin-Hall
 * of order 8: excess kurtosis -0.15, no value beyond 4.9. */
VN_FN float vn_normal(const uint32_t r[4])
{
    int32_t s = 0;

    for (int i = 0; i < 4; i++)
        s += (int32_t)(r[i] & 0xFFFFu) + (int32_t)(r[i] >> 16);
    return (float)(s - 4 * 65535) * (1.0f / 53510.0f);         /* sd of the sum: 65536 sqrt(8 / 12) */
}

#endif
