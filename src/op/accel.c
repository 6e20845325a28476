/* accel.c - which device computes, and the way of voxels to it and back. */
#include "accel.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { N_PIECE = 2, PIECE_MAX = 8 << 20, PIECE_SHARE = 64 };   /* a piece: at most this share of the device's budget */

struct piece { void *p; struct vn_event *free; };              /* free: what was last copied from or to it is done */

static struct {
    pthread_mutex_t lock;                                      /* of opening and closing: names are asked on any thread */
    enum vn_device_choice choice;
    int ordinal;
    uint64_t budget;
    bool tried;
    struct vn_dev *dev;
    struct vn_stream *stream;
    struct piece piece[N_PIECE];
    size_t piece_size;
    char name[140], reason[VN_DEV_ERRLEN];
} accel = { .lock = PTHREAD_MUTEX_INITIALIZER, .choice = VN_DEVICE_CPU, .tried = true, .reason = "the CPU was asked for" };

/* ---- opening and closing ---- */

static void close_device(void)
{
    if (!accel.dev)
        return;
    vn_stream_free(accel.stream);                              /* waits: the pieces are in use no more */
    for (int i = 0; i < N_PIECE; i++) {
        vn_event_free(accel.piece[i].free);
        vn_host_free(accel.dev, accel.piece[i].p);
        accel.piece[i] = (struct piece) { 0 };
    }
    vn_dev_close(accel.dev);
    accel.stream = NULL;
    accel.dev = NULL;
}

static void open_device(void)
{
    accel.tried = true;
    if (vn_dev_open(&accel.dev, accel.ordinal, accel.budget, accel.reason)) {
        accel.dev = NULL;
        return;
    }
    const uint64_t share = vn_dev_info(accel.dev).budget / PIECE_SHARE;
    accel.piece_size = share < PIECE_MAX ? share + 1 : PIECE_MAX;
    int rc = vn_stream_new(accel.dev, &accel.stream);
    for (int i = 0; !rc && i < N_PIECE; i++)
        if (!(rc = vn_event_new(accel.dev, &accel.piece[i].free)))
            rc = vn_host_alloc(accel.dev, &accel.piece[i].p, accel.piece_size);
    if (rc) {
        snprintf(accel.reason, sizeof accel.reason, "%s", vn_dev_error(accel.dev));
        close_device();
        return;
    }
    accel.reason[0] = '\0';
    snprintf(accel.name, sizeof accel.name, "%s", vn_dev_info(accel.dev).name);
}

int vn_op_device(enum vn_device_choice c, int ordinal, uint64_t budget, struct vn_err *err)
{
    int rc = 0;

    pthread_mutex_lock(&accel.lock);
    close_device();
    accel.choice = c;
    accel.ordinal = ordinal;
    accel.budget = budget;
    accel.tried = c == VN_DEVICE_CPU;
    snprintf(accel.reason, sizeof accel.reason, "%s", c == VN_DEVICE_CPU ? "the CPU was asked for" : "");
    if (c == VN_DEVICE_CUDA) {
        open_device();
        if (!accel.dev)
            rc = vn_fail(err, VN_E_DEVICE, "no GPU can be used: %s", accel.reason);
    }
    pthread_mutex_unlock(&accel.lock);
    return rc;
}

void vn_op_device_close(void)
{
    pthread_mutex_lock(&accel.lock);
    close_device();
    pthread_mutex_unlock(&accel.lock);
}

struct vn_dev *vn_accel_get(struct vn_stream **stream)
{
    pthread_mutex_lock(&accel.lock);
    if (!accel.tried)
        open_device();
    if (stream)
        *stream = accel.stream;
    struct vn_dev *d = accel.dev;
    pthread_mutex_unlock(&accel.lock);
    return d;
}

bool vn_accel_forced(void) { return accel.choice == VN_DEVICE_CUDA; }

void vn_accel_fail(const char *why)
{
    pthread_mutex_lock(&accel.lock);
    snprintf(accel.reason, sizeof accel.reason, "given up after a failure: %.200s", why);
    close_device();
    pthread_mutex_unlock(&accel.lock);
}

int vn_accel_err(const struct vn_dev *d, int code, struct vn_err *err)
{
    if (code == VN_DEV_OK)
        return 0;
    return vn_fail(err, code == VN_DEV_NOMEM ? VN_E_MEMORY : VN_E_DEVICE, "%s", vn_dev_error(d));
}

const char *vn_op_device_name(void) { return vn_accel_get(NULL) ? accel.name : "cpu"; }

const char *vn_op_device_reason(void)
{
    vn_accel_get(NULL);
    return accel.reason;
}

/* ---- voxels to the device and back ---- */

/* Bytes [at, at + n) of the packed voxels of b: into `piece`, or out of it. */
static void move_bytes(const struct vn_buf *b, uint64_t at, uint64_t n, char *piece, bool out)
{
    const uint64_t size = vn_type_size(b->type), ny = (uint64_t)vn_box_dim(&b->box, 1);
    const bool planes = b->stride[0] == vn_box_dim(&b->box, 0);                 /* a plane without gaps is one stretch */
    const uint64_t stretch = size * (uint64_t)vn_box_dim(&b->box, 0) * (planes ? ny : 1);

    while (n > 0) {
        const uint64_t r = at / stretch, from = at % stretch, m = n < stretch - from ? n : stretch - from;
        const uint64_t voxel = planes ? r * (uint64_t)b->stride[1] : r / ny * (uint64_t)b->stride[1] + r % ny * (uint64_t)b->stride[0];
        char *v = (char *)b->data + voxel * size + from;
        memcpy(out ? v : piece, out ? piece : v, m);
        at += m;
        piece += m;
        n -= m;
    }
}

static uint64_t piece_bytes(uint64_t all, uint64_t i)
{
    const uint64_t at = i * accel.piece_size;
    return at >= all ? 0 : all - at < accel.piece_size ? all - at : accel.piece_size;
}

int vn_accel_upload(struct vn_stream *s, vn_dptr to, const struct vn_buf *b, struct vn_job *job, struct vn_err *err)
{
    const uint64_t all = vn_box_count(&b->box) * vn_type_size(b->type);
    int rc = 0;

    for (uint64_t i = 0, n; !rc && (n = piece_bytes(all, i)); i++) {
        const struct piece *p = &accel.piece[i % N_PIECE];
        const uint64_t at = i * accel.piece_size;
        if (vn_job_stop(job))
            return vn_fail(err, VN_E_CANCELLED, "cancelled");
        if ((rc = vn_event_sync(p->free)))
            break;
        move_bytes(b, at, n, p->p, false);
        if (!(rc = vn_copy_h2d(s, to + at, p->p, n)))
            rc = vn_event_record(p->free, s);
    }
    return vn_accel_err(accel.dev, rc, err);
}

int vn_accel_download(struct vn_stream *s, const struct vn_buf *b, vn_dptr from, struct vn_job *job, struct vn_err *err)
{
    const uint64_t all = vn_box_count(&b->box) * vn_type_size(b->type);
    int rc = 0;

    for (uint64_t i = 0, n, before = 0; !rc; i++, before = n) {              /* piece i on the bus, piece i - 1 to the host */
        const struct piece *p = &accel.piece[i % N_PIECE], *last = &accel.piece[(i + 1) % N_PIECE];
        n = piece_bytes(all, i);
        if (vn_job_stop(job))
            return vn_fail(err, VN_E_CANCELLED, "cancelled");
        if (n && !(rc = vn_copy_d2h(s, p->p, from + i * accel.piece_size, n)))
            rc = vn_event_record(p->free, s);
        if (before && !rc && !(rc = vn_event_sync(last->free)))
            move_bytes(b, (i - 1) * accel.piece_size, before, last->p, true);
        if (!n)
            break;
    }
    return vn_accel_err(accel.dev, rc, err);
}

int vn_accel_launch(struct vn_stream *s, const char *kernel, uint64_t n, void **args)
{
    const struct vn_dim grid = { (unsigned)((n + VN_ACCEL_BLOCK - 1) / VN_ACCEL_BLOCK), 1, 1 }, block = { VN_ACCEL_BLOCK, 1, 1 };
    return vn_launch(s, kernel, grid, block, 0, args);
}
