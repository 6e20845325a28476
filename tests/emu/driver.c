/* driver.c - a libcuda.so.1 over the emulation: device_cuda.c and the finished program run as on a machine with a GPU.
 *
 * It keeps to what the driver promises for the calls in device_cuda_api.h, not more.  Kernels come from the emulation;
 * of the program's fatbins only the head is looked at.  It says nothing about a real driver or a real card.
 * DRIVER_DEVICES=n: so many devices (1).  DRIVER_FAIL_LAUNCH=n: launch n fails, and then every call, as after an illegal
 * address.  DRIVER_MEMORY=n: bytes of device memory. */
#include "device_impl.h"
#include "cuda/device_cuda_api.h"
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

enum { NOT_FOUND = 500, ILLEGAL_ADDRESS = 700, FATBIN_MAGIC = (int)0xBA55ED50 };

static struct vn_dev *dev;
static CUresult lost;                            /* after an illegal address every call answers it */
static size_t held;

static long setting(const char *name, long otherwise)
{
    const char *s = getenv(name);
    return s ? atol(s) : otherwise;
}

static CUresult answer(int rc) { return lost ? lost : rc ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS; }

CUresult cuInit(unsigned flags) { return flags ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS; }

CUresult cuDriverGetVersion(int *v)
{
    *v = 12080;
    return CUDA_SUCCESS;
}

CUresult cuGetErrorString(CUresult rc, const char **s)
{
    *s = rc == ILLEGAL_ADDRESS ? "an illegal memory access was encountered" : rc == CUDA_ERROR_NO_DEVICE ? "no CUDA-capable device is detected" :
         rc == CUDA_ERROR_OUT_OF_MEMORY ? "out of memory" : "invalid argument";
    return CUDA_SUCCESS;
}

CUresult cuDeviceGetCount(int *n)
{
    *n = (int)setting("DRIVER_DEVICES", 1);
    return CUDA_SUCCESS;
}

CUresult cuDeviceGet(CUdevice *d, int ordinal)
{
    *d = ordinal;
    return CUDA_SUCCESS;
}

CUresult cuDeviceGetName(char *name, int n, CUdevice d)
{
    (void)d;
    strncpy(name, "emulated driver", (size_t)n);
    return CUDA_SUCCESS;
}

CUresult cuDeviceGetAttribute(int *v, CUdevice_attribute a, CUdevice d)
{
    (void)d;
    *v = a == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR ? 8 : a == CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT ? 1 : 0;
    return CUDA_SUCCESS;
}

/* The context is the emulated device. */
CUresult cuDevicePrimaryCtxRetain(CUcontext *c, CUdevice d)
{
    char err[VN_DEV_ERRLEN];
    (void)d;
    if (!dev && vn_dev_open(&dev, 0, 0, err))
        return CUDA_ERROR_NO_DEVICE;
    *c = (CUcontext)dev;
    return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice d)
{
    (void)d;
    vn_dev_close(dev);
    dev = NULL;
    lost = CUDA_SUCCESS;
    return CUDA_SUCCESS;
}

CUresult cuCtxSetCurrent(CUcontext c) { return c == (CUcontext)dev ? lost : CUDA_ERROR_INVALID_VALUE; }
CUresult cuCtxSynchronize(void) { return answer(vn_raw_sync(dev)); }

CUresult cuMemGetInfo_v2(size_t *mem_free, size_t *total)
{
    *total = (size_t)setting("DRIVER_MEMORY", 1 << 30);
    *mem_free = *total - held;
    return CUDA_SUCCESS;
}

/* The size stands before the block, so that what is held can be counted. */
CUresult cuMemAlloc_v2(CUdeviceptr *p, size_t n)
{
    if (held + n > (size_t)setting("DRIVER_MEMORY", 1 << 30) || vn_raw_alloc(dev, p, n + 512))
        return CUDA_ERROR_OUT_OF_MEMORY;
    *(size_t *)*p = n;
    *p += 512;
    held += n;
    return lost;
}

CUresult cuMemFree_v2(CUdeviceptr p)
{
    vn_raw_sync(dev);                            /* cuMemFree waits for the device */
    held -= *(size_t *)(p - 512);
    vn_raw_free(dev, p - 512);
    return lost;
}

CUresult cuMemHostAlloc(void **p, size_t n, unsigned flags) { return flags ? CUDA_ERROR_INVALID_VALUE : answer(vn_host_alloc(dev, p, n)); }

CUresult cuMemFreeHost(void *p)
{
    vn_host_free(dev, p);
    return lost;
}

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr d, const void *h, size_t n, CUstream s) { return answer(vn_copy_h2d((struct vn_stream *)s, d, h, n)); }
CUresult cuMemcpyDtoHAsync_v2(void *h, CUdeviceptr d, size_t n, CUstream s) { return answer(vn_copy_d2h((struct vn_stream *)s, h, d, n)); }
CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t n, CUstream s) { return answer(vn_copy_d2d((struct vn_stream *)s, to, from, n)); }
CUresult cuMemsetD8Async(CUdeviceptr d, unsigned char v, size_t n, CUstream s) { return answer(vn_memset((struct vn_stream *)s, d, v, n)); }

CUresult cuStreamCreate(CUstream *s, unsigned flags)
{
    return flags == CU_STREAM_NON_BLOCKING ? answer(vn_stream_new(dev, (struct vn_stream **)s)) : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuStreamDestroy_v2(CUstream s)
{
    vn_stream_free((struct vn_stream *)s);
    return lost;
}

CUresult cuStreamSynchronize(CUstream s) { return answer(vn_stream_sync((struct vn_stream *)s)); }
CUresult cuStreamWaitEvent(CUstream s, CUevent e, unsigned flags) { return flags ? CUDA_ERROR_INVALID_VALUE : answer(vn_stream_wait((struct vn_stream *)s, (struct vn_event *)e)); }
CUresult cuEventCreate(CUevent *e, unsigned flags) { return flags ? CUDA_ERROR_INVALID_VALUE : answer(vn_event_new(dev, (struct vn_event **)e)); }

CUresult cuEventDestroy_v2(CUevent e)
{
    vn_event_free((struct vn_event *)e);
    return lost;
}

CUresult cuEventRecord(CUevent e, CUstream s) { return answer(vn_event_record((struct vn_event *)e, (struct vn_stream *)s)); }
CUresult cuEventSynchronize(CUevent e) { return answer(vn_event_sync((struct vn_event *)e)); }
CUresult cuEventElapsedTime(float *ms, CUevent from, CUevent to) { return answer(vn_event_ms((struct vn_event *)from, (struct vn_event *)to, ms)); }

CUresult cuModuleLoadData(CUmodule *m, const void *image)
{
    *m = (CUmodule)image;
    return *(const int *)image == FATBIN_MAGIC ? lost : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuModuleUnload(CUmodule m)
{
    (void)m;
    return lost;
}

/* Any name will do for the first module asked; a launch finds out. The name lives as long as the caller's copy. */
CUresult cuModuleGetFunction(CUfunction *f, CUmodule m, const char *name)
{
    (void)m;
    *f = (CUfunction)strdup(name);
    return *f ? lost : CUDA_ERROR_OUT_OF_MEMORY;
}

CUresult cuFuncSetAttribute(CUfunction f, CUfunction_attribute a, int v)
{
    (void)f;
    (void)a;
    return v > 64 * 1024 ? CUDA_ERROR_INVALID_VALUE : lost;
}

CUresult cuLaunchKernel(CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned dyn, CUstream s,
                        void **args, void **extra)
{
    static long n;
    if (++n == setting("DRIVER_FAIL_LAUNCH", 0))
        lost = ILLEGAL_ADDRESS;
    if (lost || extra)
        return lost ? lost : CUDA_ERROR_INVALID_VALUE;
    return answer(vn_launch((struct vn_stream *)s, (const char *)f, (struct vn_dim) { gx, gy, gz }, (struct vn_dim) { bx, by, bz }, dyn, args));
}

/* Only with the version that the program was written against.  DRIVER_OLD=1: as a driver before 12.0, nothing is found here. */
CUresult cuGetProcAddress_v2(const char *name, void **f, int version, uint64_t flags, unsigned *status)
{
    Dl_info self;
    (void)flags;
    (void)status;

    *f = NULL;
    if (setting("DRIVER_OLD", 0) || !dladdr((void *)&dev, &self))
        return NOT_FOUND;
#define X(known, since, suffix, params) \
    if (!strcmp("cu" #known, name) && since == version) \
        *f = dlsym(dlopen(self.dli_fname, RTLD_LAZY | RTLD_NOLOAD), "cu" #known suffix);
    VN_CU_FUNCTIONS(X)
#undef X
    return *f ? CUDA_SUCCESS : NOT_FOUND;
}
