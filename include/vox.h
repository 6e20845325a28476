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

#endif
