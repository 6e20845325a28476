/* gauss.cu - one pass of a separable symmetric filter: the twin of filter_row in src/op/filter.c, with the same order of sums.
 * Launched along x, y and z; each thread makes one voxel of the pass's output box. */
#include "kernel.h"

/* out: packed nx * ny * nz.  in: row stride sy, plane stride sz; first: offset of the output's first voxel in it;
 * step: 1, sy or sz.  w[0..r]: taps. */
extern "C" __global__ void gauss_pass(const float *in, float *out, const float *w, int r, long long nx, long long ny, long long nz,
                                      long long sy, long long sz, long long first, long long step)
{
    const unsigned long long i = VN_THREAD;
    if (i >= (unsigned long long)(nx * ny * nz))
        return;
    const long long x = (long long)(i % (unsigned long long)nx), row = (long long)(i / (unsigned long long)nx);
    const float *s = in + first + (row / ny) * sz + (row % ny) * sy + x;
    float sum = w[0] * s[0];
    for (int k = 1; k <= r; k++)
        sum += w[k] * (s[-k * step] + s[k * step]);
    out[i] = vn_one_nan(sum);
}
VN_KERNEL(gauss_pass)
