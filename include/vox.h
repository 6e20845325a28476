/* vox.h - arithmetic on one voxel, compiled by gcc -std=c11 and by nvcc, so that CPU and GPU give the same bits.
 *
 * Allowed: + - * / sqrt floor, comparisons, integer code.  Not allowed: libm transcendentals (their last bits differ
 * between machines), fused multiply-add, pointers to globals.  Built with -ffp-contract=off and --fmad=false. */
#ifndef VN_VOX_H
#define VN_VOX_H
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#if defined(__CUDACC__) || defined(VN_EMU)
#define VN_FN static __host__ __device__ inline
#else
#define VN_FN static inline
#endif

/* Every NaN becomes one and the same: which one an operation makes differs between x86 and GPUs, and on x86 with the
 * order of the operands.  For whatever writes a voxel that may be one. */
VN_FN float vn_one_nan(float v) { return v == v ? v : NAN; }

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

/* ---- transcendental functions, for taps and thresholds: double, fixed arithmetic ---- */
/* e^x to about 2 units of the last place; 0 below -708, infinite above 709.  Argument reduction by ln 2 (Cody, Waite 1980),
 * then the Taylor series, whose last term is below 1e-17 at |r| <= ln 2 / 2. */
VN_FN double vn_exp(double x)
{
    if (!(x > -708.0))
        return x != x ? x : 0.0;
    if (x > 709.0)
        return x * 1e308;
    const double k = floor(x * 1.4426950408889634 + 0.5);
    const double r = (x - k * 0.693147180369123816490) - k * 1.90821492927058770002e-10;
    double p = 1.0;
    for (int i = 14; i > 0; i--)
        p = 1.0 + r * p / (double)i;
    for (int n = (int)k; n != 0; n += n > 0 ? -1 : 1)          /* exact: powers of two */
        p = n > 0 ? p * 2.0 : p * 0.5;
    return p;
}
/* Natural logarithm of x > 0 (else -infinity) to about 2 units of the last place: x = m 2^k, m in [sqrt 1/2, sqrt 2),
 * ln m = 2 atanh((m - 1) / (m + 1)) by its series. */
VN_FN double vn_log(double x)
{
    double k = 0.0, s, s2, sum = 0.0;

    if (!(x > 0.0))
        return -1e308 * 10.0;
    if (x > 1.7976931348623157e308)
        return x;
    for (; x >= 1.4142135623730951; x *= 0.5)
        k += 1.0;
    for (; x < 0.7071067811865476; x *= 2.0)
        k -= 1.0;
    s = (x - 1.0) / (x + 1.0);
    s2 = s * s;
    for (int i = 23; i >= 1; i -= 2)
        sum = sum * s2 + 1.0 / (double)i;
    return k * 0.693147180369123816490 + (2.0 * s * sum + k * 1.90821492927058770002e-10);
}

/* x^g for 0 <= x <= 1 and g > 0 by exp(g ln x), without branches, so that loops over it become vector code.  Relative error
 * below (2 + |ln result|) 2^-52.  NaN gives NaN; a result below 4e-308 is 0, and so is that of a subnormal x. */
VN_FN double vn_pow01(double x, double g)
{
    union { double d; uint64_t u; } b, n;
    const uint64_t root = 0x3FE6A09E667F3BCDu;                 /* sqrt 1/2: x = m 2^k, m in [sqrt 1/2, sqrt 2) */

    b.d = x;
    const uint64_t u = b.u - root + ((uint64_t)1024 << 52);
    b.u = u >> 52 | 0x4330000000000000u;                       /* 2^52 + 1024 + k */
    const double k = b.d - (4503599627370496.0 + 1024.0);
    b.u = (u & 0x000FFFFFFFFFFFFFu) + root;
    const double s = (b.d - 1.0) / (b.d + 1.0), s2 = s * s;    /* ln m = 2 atanh s, s2 < 0.0295 */
    double q = 1.0 / 21.0;
    q = q * s2 + 1.0 / 19.0;
    q = q * s2 + 1.0 / 17.0;
    q = q * s2 + 1.0 / 15.0;
    q = q * s2 + 1.0 / 13.0;
    q = q * s2 + 1.0 / 11.0;
    q = q * s2 + 1.0 / 9.0;
    q = q * s2 + 1.0 / 7.0;
    q = q * s2 + 1.0 / 5.0;
    q = q * s2 + 1.0 / 3.0;
    q = q * s2 * s;
    const double t = g * (k * 0.693147180369123816490 + (2.0 * s + (2.0 * q + k * 1.90821492927058770002e-10)));
    n.d = t * 1.4426950408889634 + 6755399441055744.0;         /* its low bits: the nearest whole number */
    const double j = n.d - 6755399441055744.0;
    const double r = (t - j * 0.693147180369123816490) - j * 1.90821492927058770002e-10;
    double p = 1.0 / 6227020800.0;                             /* Taylor, |r| <= ln 2 / 2 */
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = p * r * r + r;
    n.u = (n.u << 52) + 0x3FF0000000000000u;
    p = p * n.d + n.d;
    p = t > -708.0 ? p : 0.0;
    return x != x ? x : x >= 2.2250738585072014e-308 ? p : 0.0;
}

/* cos(2 pi t) to about 1e-16: t folded into an eighth of a turn, then the Taylor series. */
VN_FN double vn_cos_turn(double t)
{
    const double a = fabs(t - floor(t + 0.5)), b = a > 0.25 ? 0.5 - a : a, c = b > 0.125 ? 0.25 - b : b;
    const double x = c * 6.283185307179586, x2 = x * x;
    double p = 1.0;
    for (int i = b > 0.125 ? 17 : 16; i > 1; i -= 2)
        p = 1.0 - x2 * p / (double)(i * (i - 1));
    p = b > 0.125 ? x * p : p;
    return a > 0.25 ? -p : p;
}

/* v where yes, else 0, by bits: gcc makes a branch of two dependent choices, and then no vector of the loop. */
VN_FN float vn_keep(float v, bool yes)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    bits &= 0u - (uint32_t)yes;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* e^x for x <= 0 in float, within 2e-7 relative: as vn_exp, the series to r^7, without a branch.  0 below -87 and for NaN. */
VN_FN float vn_exp_neg(float x)
{
    const float k = (x * 1.44269504f + 12582912.0f) - 12582912.0f;          /* to nearest: 1.5 2^23 leaves no fraction */
    const float r = (x - k * 0.693359375f) + k * 2.12194440e-4f;
    const uint32_t bits = (uint32_t)((int32_t)(x > -87.0f ? k : 0.0f) + 127) << 23;
    float p = 1.0f / 5040, scale;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    memcpy(&scale, &bits, sizeof scale);
    return vn_keep(p * scale, x > -87.0f);
}

/* ---- symmetric 3x3 matrices ---- */
/* Largest eigenvalue of [xx xy xz; xy yy yz; xz yz zz] by the trigonometric solution of the cubic (Smith 1961), with
 * 2 cos(acos(r) / 3) as a polynomial of degree 8 in s = sqrt((1 + r) / 2), in which it is analytic on [0, 1] (Chebyshev
 * interpolation, error 8e-9).  *sum: of the two others; *product: theirs (second invariant less largest times sum).
 * Where the two largest meet, the rounding of the determinant moves them by about 5e-4 of p: a plate of curvature 1 gets a
 * product of up to 1e-3 instead of 0. */
VN_FN float vn_eigen3(float xx, float yy, float zz, float xy, float xz, float yz, float *sum, float *product)
{
    const float q = (xx + yy + zz) * (1.0f / 3.0f);
    const float a = xx - q, b = yy - q, c = zz - q;
    const float off = xy * xy + xz * xz + yz * yz;
    const float p2 = (a * a + b * b + c * c + 2.0f * off) * (1.0f / 6.0f);
    const float p = sqrtf(p2);
    const float det = a * (b * c - yz * yz) - xy * (xy * c - yz * xz) + xz * (xy * yz - b * xz);
    const float d = 2.0f * p2 * p;
    float r = d > 0.0f ? det / d : 1.0f;
    r = r > 1.0f ? 1.0f : r;
    r = r < -1.0f ? -1.0f : r;
    const float s = sqrtf((1.0f + r) * 0.5f);
    float t = -0.0012520907f;
    t = t * s + 0.0073082392f;
    t = t * s - 0.0204750169f;
    t = t * s + 0.0392006420f;
    t = t * s - 0.0638508244f;
    t = t * s + 0.1065587017f;
    t = t * s - 0.2221889855f;
    t = t * s + 1.1546993228f;
    t = t * s + 1.0f;
    const float first = q + p * t;
    *sum = 3.0f * q - first;
    *product = xx * yy + xx * zz + yy * zz - off - first * *sum;
    return first;
}

#endif
