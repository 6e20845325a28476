/* device_impl.h - between device.c (pool, errors) and the implementation that is linked with it. */
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
    struct vn_stream *owner;
    bool live;
};
struct vn_dev_base { /* first member of every struct vn_dev */
    struct vn_dev_info info;
    char error[VN_DEV_ERRLEN];
    int dead;
    long fail_in;
    uint64_t held;
    struct vn_block *blocks;
};
struct vn_stream_base {
    struct vn_dev *dev;
    const char *kernel;
}; /* kernel: the last one launched on this stream */
/* keep the sentence; VN_DEV_FAIL also marks the device dead.  Returns code. */
int vn_dev_fail(struct vn_dev *d, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void vn_pool_disown(struct vn_dev *d, struct vn_stream *s); /* s has been waited for and goes away */
void vn_pool_close(struct vn_dev *d);
/* what the implementation provides */
int vn_raw_alloc(struct vn_dev *d, vn_dptr *p, size_t n); /* VN_DEV_NOMEM without a message is enough */
void vn_raw_free(struct vn_dev *d, vn_dptr p);
int vn_raw_sync(struct vn_dev *d);
int vn_raw_mark(struct vn_stream *s, vn_dptr p, size_t cap,
                size_t live); /* in stream order: first `live` bytes usable */
#ifdef __cplusplus
}
#endif
#endif
