/* device_impl.h - between device.c (pool, planned failures, errors) and the implementation that is linked with it. */
#ifndef VN_DEVICE_IMPL_H
#define VN_DEVICE_IMPL_H
#include "device.h"
#ifdef __cplusplus
extern "C" {
#endif

struct vn_block {
    struct vn_block *next;
    vn_dptr p;
    size_t cap;
    struct vn_stream *owner;                     /* NULL: any stream may have it */
    bool live;
};
struct vn_dev_base {                             /* first member of every struct vn_dev */
    struct vn_dev_info info;
    char error[VN_DEV_ERRLEN];
    int dead;                                    /* the code that every call answers, once the device has failed */
    long fail_alloc, fail_launch;
    uint64_t held;                               /* bytes of all blocks, live or not */
    struct vn_block *blocks;
};
struct vn_stream_base {                          /* first member of every struct vn_stream */
    struct vn_dev *dev;
    const char *kernel;                          /* the last one launched on it */
};

/* Keeps the sentence; VN_DEV_FAIL also marks the device dead.  Returns code. */
int  vn_dev_fail(struct vn_dev *d, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int  vn_dev_may_launch(struct vn_dev *d, const char *kernel);   /* first thing of every launch: alive, no failure planned */
void vn_pool_disown(struct vn_dev *d, struct vn_stream *s);     /* s has been waited for and goes away */
void vn_pool_close(struct vn_dev *d);

/* What the implementation provides. */
int  vn_raw_alloc(struct vn_dev *d, vn_dptr *p, size_t n);      /* VN_DEV_NOMEM without a message is enough */
void vn_raw_free(struct vn_dev *d, vn_dptr p);
int  vn_raw_sync(struct vn_dev *d);
int  vn_raw_mark(struct vn_stream *s, vn_dptr p, size_t cap, size_t live);   /* in stream order: first `live` bytes usable */
#ifdef __cplusplus
}
#endif
#endif
