/* device_cuda.c - device.h over the CUDA driver, which is opened at run time.  Nothing of NVIDIA's is linked.
 * The device's primary context is used, so libraries opened later (cuDNN) share memory and streams with us. */
#include "../device_impl.h"
#include "device_cuda_api.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fatbin { const void *start, *end; };      /* one row per kernel file, laid down by kernels/embed.S */
extern const struct fatbin __start_vn_fatbins[] __attribute__((weak)), __stop_vn_fatbins[] __attribute__((weak));

static struct {
#define X(name, since, suffix, params) CUresult (*name) params;
    VN_CU_FUNCTIONS(X)
#undef X
} cu;

struct function {
    struct function *next;
    CUfunction f;
    size_t dyn;                                  /* dynamic shared memory it may have beyond 48 KB */
    char name[];
};
struct vn_dev {
    struct vn_dev_base b;
    CUdevice dev;
    CUcontext ctx;
    CUmodule *mod;
    size_t n_mod;
    struct function *fn;
    bool sync, poison;
    struct vn_event *from, *to;                  /* with VN_DEV_TIME=1: around each launch */
};
struct vn_stream { struct vn_stream_base b; CUstream s; };
struct vn_event { struct vn_dev *dev; CUevent e; };

/* ---- errors ---- */

static const char *text(CUresult rc)
{
    const char *s = NULL;
    return cu.GetErrorString && !cu.GetErrorString(rc, &s) && s ? s : "?";
}

/* Driver error -> our code and sentence.  kernel: the last one launched where the error may come from it, else NULL. */
static int check(struct vn_dev *d, CUresult rc, const char *what, const char *kernel)
{
    if (rc == CUDA_SUCCESS)
        return VN_DEV_OK;
    if (rc == CUDA_ERROR_OUT_OF_MEMORY)
        return vn_dev_fail(d, VN_DEV_NOMEM, "%s: out of device memory", what);
    return vn_dev_fail(d, VN_DEV_FAIL, "%s%s%s: %s (CUDA error %d)", what, kernel ? ", last kernel " : "", kernel ? kernel : "",
                       text(rc), (int)rc);
}

/* Every entry: refuse a dead device, make the context current on this thread, then the driver call. */
#define CALL(d, what, kernel, ...) \
    ((d)->b.dead ? (d)->b.dead : (cu.CtxSetCurrent((d)->ctx), check((d), cu.__VA_ARGS__, (what), (kernel))))

/* ---- opening ---- */

static int load_driver(char err[VN_DEV_ERRLEN])
{
    void *lib = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);   /* never closed: other libraries may hold it too */
    vn_cu_lookup_fn lookup;
    void *sym;

    if (!lib) {
        snprintf(err, VN_DEV_ERRLEN, "no NVIDIA driver on this machine (%s)", dlerror());
        return VN_DEV_NONE;
    }
    sym = dlsym(lib, "cuGetProcAddress_v2");
    memcpy(&lookup, &sym, sizeof sym);
    /* Ask for the version whose signature we wrote down, not for the newest; drivers before 12.0: the symbol itself. */
#define X(name, since, suffix, params) \
    if (!lookup || lookup("cu" #name, &sym, since, 0, NULL) || !sym) \
        sym = dlsym(lib, "cu" #name suffix); \
    if (!sym) { \
        snprintf(err, VN_DEV_ERRLEN, "the NVIDIA driver is too old: it has no cu%s%s", #name, suffix); \
        return VN_DEV_NONE; \
    } \
    memcpy(&cu.name, &sym, sizeof sym);
    VN_CU_FUNCTIONS(X)
#undef X
    return VN_DEV_OK;
}

/* Name, size and speed of the device, and its context. */
static CUresult describe(struct vn_dev *d, int ordinal, uint64_t budget)
{
    struct vn_dev_info *i = &d->b.info;
    size_t mem_free, total;
    int khz = 0, bits = 0;
    CUresult rc;

    if ((rc = cu.DeviceGet(&d->dev, ordinal)) || (rc = cu.DeviceGetName(i->name, sizeof i->name, d->dev)) ||
        (rc = cu.DeviceGetAttribute(&i->cc_major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, d->dev)) ||
        (rc = cu.DeviceGetAttribute(&i->cc_minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, d->dev)) ||
        (rc = cu.DeviceGetAttribute(&i->n_sm, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, d->dev)) ||
        (rc = cu.DevicePrimaryCtxRetain(&d->ctx, d->dev)) || (rc = cu.CtxSetCurrent(d->ctx)) ||
        (rc = cu.MemGetInfo(&mem_free, &total)))
        return rc;
    /* Newer drivers may answer 0 or an error here: then the bandwidth is not known. Two transfers a clock. */
    if (cu.DeviceGetAttribute(&khz, CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE, d->dev) ||
        cu.DeviceGetAttribute(&bits, CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH, d->dev))
        khz = 0;
    i->mem_gbs = 2.0 * khz * 1e3 * (bits / 8.0) / 1e9;
    i->mem_total = total;
    i->budget = budget ? budget : mem_free / 5 * 4;
    return CUDA_SUCCESS;
}

int vn_dev_open(struct vn_dev **out, int ordinal, uint64_t budget, char err[VN_DEV_ERRLEN])
{
    const struct fatbin *bins = __start_vn_fatbins;
    struct vn_dev *d = NULL;
    CUresult rc;
    int n = 0, version = 0;

    *out = NULL;
    if (!bins) {
        snprintf(err, VN_DEV_ERRLEN, "this program was built without nvcc 12.8 or newer and holds no GPU kernels");
        return VN_DEV_NONE;
    }
    if (load_driver(err))
        return VN_DEV_NONE;
    if ((rc = cu.Init(0)) || (rc = cu.DeviceGetCount(&n)) || (rc = n ? 0 : CUDA_ERROR_NO_DEVICE)) {
        snprintf(err, VN_DEV_ERRLEN, "an NVIDIA driver was found, but no usable device: %s (CUDA error %d)", text(rc), (int)rc);
        return VN_DEV_NONE;
    }
    if (ordinal < 0 || ordinal >= n) {
        snprintf(err, VN_DEV_ERRLEN, "there is no device %d: this machine has %d, counted from 0", ordinal, n);
        return VN_DEV_NONE;
    }
    n = (int)(__stop_vn_fatbins - bins);
    if (!(d = calloc(1, sizeof *d)) || !(d->mod = calloc((size_t)n, sizeof *d->mod))) {
        free(d);
        snprintf(err, VN_DEV_ERRLEN, "out of host memory");
        return VN_DEV_NOMEM;
    }
    d->sync = getenv("VN_DEV_SYNC");
    d->poison = getenv("VN_DEV_POISON");
    rc = cu.DriverGetVersion(&version);
    if (!rc)
        rc = describe(d, ordinal, budget);
    for (; !rc && d->n_mod < (size_t)n; d->n_mod += !rc)
        rc = cu.ModuleLoadData(&d->mod[d->n_mod], bins[d->n_mod].start);
    if (!rc && getenv("VN_DEV_TIME") && (vn_event_new(d, &d->from) || vn_event_new(d, &d->to)))
        rc = CUDA_ERROR_OUT_OF_MEMORY;
    if (rc) {
        snprintf(err, VN_DEV_ERRLEN, "%.100s, compute capability %d.%d, driver for CUDA %d.%d: %.60s (CUDA error %d)", d->b.info.name,
                 d->b.info.cc_major, d->b.info.cc_minor, version / 1000, version % 1000 / 10, text(rc), (int)rc);
        vn_dev_close(d);
        return VN_DEV_NONE;
    }
    *out = d;
    return VN_DEV_OK;
}

void vn_dev_close(struct vn_dev *d)
{
    if (!d)
        return;
    if (d->ctx) {
        cu.CtxSetCurrent(d->ctx);
        cu.CtxSynchronize();
        vn_event_free(d->from);
        vn_event_free(d->to);
        vn_pool_close(d);
        while (d->n_mod)
            cu.ModuleUnload(d->mod[--d->n_mod]);
        cu.DevicePrimaryCtxRelease(d->dev);
    }
    for (struct function *f; (f = d->fn); free(f))
        d->fn = f->next;
    free(d->mod);
    free(d);
}

/* ---- memory ---- */

int vn_raw_alloc(struct vn_dev *d, vn_dptr *p, size_t n) { return CALL(d, "allocate", NULL, MemAlloc(p, n)); }

void vn_raw_free(struct vn_dev *d, vn_dptr p)
{
    cu.CtxSetCurrent(d->ctx);
    cu.MemFree(p);
}

int vn_raw_sync(struct vn_dev *d) { return CALL(d, "wait for device", NULL, CtxSynchronize()); }

int vn_raw_mark(struct vn_stream *s, vn_dptr p, size_t cap, size_t live)
{
    return live && s->b.dev->poison ? vn_memset(s, p, 0xFF, cap) : 0;
}

int vn_host_alloc(struct vn_dev *d, void **p, size_t n)
{
    *p = NULL;
    return CALL(d, "allocate pinned memory", NULL, MemHostAlloc(p, n, 0));
}

void vn_host_free(struct vn_dev *d, void *p)
{
    if (p) {
        cu.CtxSetCurrent(d->ctx);
        cu.MemFreeHost(p);
    }
}

int vn_copy_h2d(struct vn_stream *s, vn_dptr dst, const void *src, size_t n)
{
    return CALL(s->b.dev, "copy to device", s->b.kernel, MemcpyHtoDAsync(dst, src, n, s->s));
}

int vn_copy_d2h(struct vn_stream *s, void *dst, vn_dptr src, size_t n)
{
    return CALL(s->b.dev, "copy from device", s->b.kernel, MemcpyDtoHAsync(dst, src, n, s->s));
}

int vn_copy_d2d(struct vn_stream *s, vn_dptr dst, vn_dptr src, size_t n)
{
    return CALL(s->b.dev, "copy on device", s->b.kernel, MemcpyDtoDAsync(dst, src, n, s->s));
}

int vn_memset(struct vn_stream *s, vn_dptr dst, unsigned char byte, size_t n)
{
    return CALL(s->b.dev, "fill", s->b.kernel, MemsetD8Async(dst, byte, n, s->s));
}

/* ---- streams and events ---- */

int vn_stream_new(struct vn_dev *d, struct vn_stream **out)
{
    struct vn_stream *s = *out = calloc(1, sizeof *s);

    if (!s)
        return vn_dev_fail(d, VN_DEV_NOMEM, "out of host memory");
    s->b.dev = d;
    int rc = CALL(d, "make a stream", NULL, StreamCreate(&s->s, CU_STREAM_NON_BLOCKING));
    if (rc) {
        free(s);
        *out = NULL;
    }
    return rc;
}

void vn_stream_free(struct vn_stream *s)
{
    if (!s)
        return;
    vn_stream_sync(s);
    vn_pool_disown(s->b.dev, s);
    cu.StreamDestroy(s->s);
    free(s);
}

int vn_stream_sync(struct vn_stream *s)
{
    return CALL(s->b.dev, "wait for stream", s->b.kernel, StreamSynchronize(s->s));
}

int vn_event_new(struct vn_dev *d, struct vn_event **out)
{
    struct vn_event *e = *out = calloc(1, sizeof *e);

    if (!e)
        return vn_dev_fail(d, VN_DEV_NOMEM, "out of host memory");
    e->dev = d;
    int rc = CALL(d, "make an event", NULL, EventCreate(&e->e, CU_EVENT_DEFAULT));
    if (rc) {
        free(e);
        *out = NULL;
    }
    return rc;
}

void vn_event_free(struct vn_event *e)
{
    if (e) {
        cu.CtxSetCurrent(e->dev->ctx);
        cu.EventDestroy(e->e);
        free(e);
    }
}

int vn_event_record(struct vn_event *e, struct vn_stream *s)
{
    return CALL(e->dev, "record event", s->b.kernel, EventRecord(e->e, s->s));
}

int vn_event_sync(struct vn_event *e) { return CALL(e->dev, "wait for event", NULL, EventSynchronize(e->e)); }

int vn_event_ms(struct vn_event *from, struct vn_event *to, float *ms)
{
    return CALL(from->dev, "time events", NULL, EventElapsedTime(ms, from->e, to->e));
}

int vn_stream_wait(struct vn_stream *s, struct vn_event *e)
{
    return CALL(e->dev, "wait for event", s->b.kernel, StreamWaitEvent(s->s, e->e, 0));
}

/* ---- kernels ---- */

static struct function *find(struct vn_dev *d, const char *name)
{
    struct function *f;
    CUfunction h;

    for (f = d->fn; f; f = f->next)
        if (!strcmp(f->name, name))
            return f;
    for (size_t m = 0; m < d->n_mod; m++) {
        if (cu.ModuleGetFunction(&h, d->mod[m], name) || !(f = calloc(1, sizeof *f + strlen(name) + 1)))
            continue;
        strcpy(f->name, name);
        f->f = h;
        f->next = d->fn;
        return d->fn = f;
    }
    return NULL;
}

/* The launch between two events, waited for. */
static int finish_timed(struct vn_stream *s)
{
    struct vn_dev *d = s->b.dev;
    float ms = 0;
    int rc = vn_event_record(d->to, s);

    if (!rc && !(rc = vn_event_sync(d->to)) && !(rc = vn_event_ms(d->from, d->to, &ms)))
        d->b.info.kernel_ms += ms;
    return rc;
}

int vn_launch(struct vn_stream *s, const char *kernel, struct vn_dim g, struct vn_dim b, size_t dyn, void **args)
{
    struct vn_dev *d = s->b.dev;
    CUresult rc = CUDA_SUCCESS;
    int code = vn_dev_may_launch(d, kernel);

    if (code)
        return code;
    cu.CtxSetCurrent(d->ctx);
    struct function *f = find(d, kernel);
    if (!f)
        return vn_dev_fail(d, VN_DEV_BADARG, "no kernel named %s", kernel);
    if (d->to && (code = vn_event_record(d->from, s)))
        return code;
    if (dyn > 48 * 1024 && dyn > f->dyn &&
        !(rc = cu.FuncSetAttribute(f->f, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, (int)dyn)))
        f->dyn = dyn;
    s->b.kernel = f->name;
    if (!rc)
        rc = cu.LaunchKernel(f->f, g.x, g.y, g.z, b.x, b.y, b.z, (unsigned)dyn, s->s, args, NULL);
    if (rc == CUDA_ERROR_INVALID_VALUE || rc == CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES)
        return vn_dev_fail(d, VN_DEV_BADARG, "kernel %s: grid %u,%u,%u block %u,%u,%u, %zu shared bytes: %s", kernel,
                           g.x, g.y, g.z, b.x, b.y, b.z, dyn, text(rc));
    if (rc)
        return check(d, rc, "launch", kernel);
    return d->to ? finish_timed(s) : d->sync ? vn_stream_sync(s) : VN_DEV_OK;
}
