/* components.cu - connected components, labels 1.. in raster order of each component's first voxel: the twin of label.c.
 *
 * Union-find with the smaller index as root (Komura 2015, Comput. Phys. Commun. 194:54, without the hierarchical start):
 * parent[i] <= i always, so a root is its component's first voxel and its label is its rank among the roots: roots are
 * counted per block, the counts are summed by one block, and every voxel takes its root's rank.  No block waits for another.
 * Indices are 32 bit: the caller passes at most 2^32 - 2 voxels.  Launch order: init, merge, flatten, count, scan (one block),
 * number, relabel; blocks of 256. */
#include "kernel.h"

static __device__ unsigned find_root(const unsigned *parent, unsigned i)
{
    for (unsigned p; (p = vn_load(&parent[i])) != i;)
        i = p;
    return i;
}

static __device__ void unite(unsigned *parent, unsigned a, unsigned b)
{
    for (;;) {
        a = find_root(parent, a);
        b = find_root(parent, b);
        if (a == b)
            return;
        if (a < b) {
            const unsigned c = a;
            a = b;
            b = c;
        }
        const unsigned was = atomicMin(&parent[a], b);
        if (was == a)                                           /* a was still a root: done */
            return;
        a = was;                                                /* another thread was faster: unite with what it chose */
    }
}

extern "C" __global__ void cc_init(unsigned *parent, unsigned long long n)
{
    const unsigned long long i = VN_THREAD;
    if (i < n)
        parent[i] = (unsigned)i;
}

/* reach: 1, 2 or 3 for 6, 18 or 26 neighbours (the most axes along which a neighbour may differ). */
extern "C" __global__ void cc_merge(const unsigned char *mask, unsigned *parent, long long nx, long long ny, long long nz, int reach)
{
    const unsigned long long i = VN_THREAD;
    if (i >= (unsigned long long)(nx * ny * nz) || !mask[i])
        return;
    const long long x = (long long)(i % (unsigned long long)nx), row = (long long)(i / (unsigned long long)nx), y = row % ny, z = row / ny;
    for (int k = 0; k < 13; k++) {                              /* the 13 neighbours that come earlier in raster order */
        const int dx = k % 3 - 1, dy = k / 3 % 3 - 1, dz = k / 9 - 1;
        const long long u = x + dx, v = y + dy, w = z + dz;
        if ((dx != 0) + (dy != 0) + (dz != 0) > reach || u < 0 || u >= nx || v < 0 || v >= ny || w < 0)
            continue;
        const long long j = (w * ny + v) * nx + u;
        if (mask[j])
            unite(parent, (unsigned)i, (unsigned)j);
    }
}

extern "C" __global__ void cc_flatten(unsigned *parent, unsigned long long n)
{
    const unsigned long long i = VN_THREAD;
    if (i < n)
        vn_store(&parent[i], find_root(parent, (unsigned)i));
}

/* rank[i] = roots before i in its block; count[b] = roots in block b.  Whole blocks reach the barrier. */
extern "C" __global__ void cc_count(const unsigned char *mask, const unsigned *parent, unsigned *rank, unsigned *count, unsigned long long n)
{
    __shared__ unsigned before[8];
    const unsigned long long i = VN_THREAD;
    const unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    const unsigned roots = __ballot_sync(0xffffffffu, i < n && mask[i] && parent[i] == i);
    unsigned r = (unsigned)__popc(roots & ((1u << lane) - 1u));

    if (lane == 0)
        before[warp] = (unsigned)__popc(roots);
#ifndef BUG_NO_BARRIER
    __syncthreads();
#endif
    for (unsigned w = 0; w < warp; w++)
        r += before[w];
    if (i < n)
        rank[i] = r;
    if (threadIdx.x == 255)
        count[blockIdx.x] = r + (roots >> 31);
}

/* count[0..m) -> sum of all earlier counts, in place; count[m] = total.  One block of 256 threads, a stretch each. */
extern "C" __global__ void cc_scan(unsigned *count, unsigned m)
{
    __shared__ unsigned part[256];
    const unsigned t = threadIdx.x, each = (m + 255) / 256;
    const unsigned lo = t * each < m ? t * each : m, hi = lo + each < m ? lo + each : m;
    unsigned s = 0;

    for (unsigned b = lo; b < hi; b++)
        s += count[b];
    part[t] = s;
    __syncthreads();
    s = 0;
    for (unsigned b = 0; b < t; b++)
        s += part[b];
    for (unsigned b = lo; b < hi; b++) {
        const unsigned c = count[b];
        count[b] = s;
        s += c;
    }
    if (t == 255)
        count[m] = s;
}

extern "C" __global__ void cc_number(unsigned *rank, const unsigned *count, unsigned long long n)
{
    const unsigned long long i = VN_THREAD;
    if (i < n)
        rank[i] += count[blockIdx.x] + 1;
}

/* The label takes its parent's place: nobody else reads that one any more. */
extern "C" __global__ void cc_relabel(const unsigned char *mask, unsigned *parent, const unsigned *rank, unsigned long long n)
{
    const unsigned long long i = VN_THREAD;
#ifdef BUG_OOB
    if (i <= n)
#else
    if (i < n)
#endif
        parent[i] = mask[i] ? rank[parent[i]] : 0u;
}
VN_KERNEL(cc_init) VN_KERNEL(cc_merge) VN_KERNEL(cc_flatten) VN_KERNEL(cc_count) VN_KERNEL(cc_scan) VN_KERNEL(cc_number)
VN_KERNEL(cc_relabel)
