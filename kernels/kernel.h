/* kernel.h - first include of every kernel file.  The same file compiles with nvcc, and with g++ -DVN_EMU for the tests.
 * Offsets are 64 bit; arithmetic that the CPU shares stands in vox.h; no early return before a barrier or an exchange. */
#ifdef VN_EMU
#include "emu.h"
#else
#define VN_KERNEL(name)                                          /* at the end of the file: registers it in the emulator */
#define DYN_SHARED(T, name) extern __shared__ T name[]
static __device__ inline unsigned vn_load(const unsigned *p) { return *(const volatile unsigned *)p; }  /* others write it */
static __device__ inline void vn_store(unsigned *p, unsigned v) { *(volatile unsigned *)p = v; }
#endif
#include "vox.h"

/* Index of this thread among all, for one-dimensional launches. */
#define VN_THREAD ((unsigned long long)blockIdx.x * blockDim.x + threadIdx.x)
