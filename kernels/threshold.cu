/* threshold.cu - 1 where the value is at least `low`, else 0; NaN is 0: the twin of cut_f32 and cut_f64 in
 * src/op/op_threshold.c. */
#include "kernel.h"

extern "C" __global__ void cut_f32(const float *v, float low, unsigned char *out, unsigned long long n)
{
    const unsigned long long i = VN_THREAD;
    if (i < n)
        out[i] = v[i] >= low;
}

extern "C" __global__ void cut_f64(const double *v, double low, unsigned char *out, unsigned long long n)
{
    const unsigned long long i = VN_THREAD;
    if (i < n)
        out[i] = v[i] >= low;
}
VN_KERNEL(cut_f32) VN_KERNEL(cut_f64)
