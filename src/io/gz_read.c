/* gz_read.c - deflated files with kept decoder states. */
#include "gz_read.h"
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include "job.h"
#include "mem.h"

enum { IN_SIZE = 65536, MAX_STATE = 600 };
static const uint64_t LEAST_SPAN = 4u << 20;

struct decoder {
    z_stream z;
    uint64_t out;                /* decoded bytes so far */
    uint64_t in;                 /* file offset of z.next_in when there is no input left in hand */
    bool between;                /* at the end of a member: the next one, or the end of the file, follows */
};
struct vn_gz {
    int fd;
    const char *path;
    uint64_t total;
    uint64_t span;               /* a state is kept at every multiple */
    pthread_mutex_t lock, explore;
    struct decoder *state[MAX_STATE];   /* state[i]: at i * span; NULL not yet known */
};

static int decoder_new(struct decoder **out, struct vn_err *err)
{
    struct decoder *d = vn_calloc(1, sizeof *d, err);
    if (!d)
        return VN_E_MEMORY;
    if (inflateInit2(&d->z, 15 + 32) != Z_OK) {
        vn_free(d);
        return vn_fail(err, VN_E_MEMORY, "no memory to decode deflated voxels");
    }
    *out = d;
    return 0;
}

static void decoder_free(struct decoder *d)
{
    if (d)
        inflateEnd(&d->z);
    vn_free(d);
}

/* A copy that has no input in hand. */
static struct decoder *decoder_copy(struct decoder *d, struct vn_err *err)
{
    struct decoder *c = vn_calloc(1, sizeof *c, err);
    if (!c)
        return NULL;
    *c = *d;
    if (inflateCopy(&c->z, &d->z) != Z_OK) {
        vn_fail(err, VN_E_MEMORY, "no memory to decode deflated voxels");
        vn_free(c);
        return NULL;
    }
    c->in -= d->z.avail_in;
    c->z.avail_in = 0;
    c->z.next_in = NULL;
    return c;
}

struct vn_gz *vn_gz_new(int fd, const char *path, uint64_t start, uint64_t total, struct vn_err *err)
{
    struct vn_gz *g = vn_calloc(1, sizeof *g, err);
    if (!g)
        return NULL;
    g->fd = fd;
    g->path = path;
    g->total = total;
    g->span = LEAST_SPAN;
    while (g->span < UINT64_MAX / 4 && total / g->span >= MAX_STATE)
        g->span *= 2;
    pthread_mutex_init(&g->lock, NULL);
    pthread_mutex_init(&g->explore, NULL);
    if (decoder_new(&g->state[0], err)) {
        vn_gz_free(g);
        return NULL;
    }
    g->state[0]->in = start;
    return g;
}

void vn_gz_free(struct vn_gz *g)
{
    if (!g)
        return;
    for (int i = 0; i < MAX_STATE; i++)
        decoder_free(g->state[i]);
    pthread_mutex_destroy(&g->lock);
    pthread_mutex_destroy(&g->explore);
    vn_free(g);
}

static int fill(const struct vn_gz *g, struct decoder *d, unsigned char *in, struct vn_err *err)
{
    ssize_t got;
    do
        got = pread(g->fd, in, IN_SIZE, (off_t)d->in);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return vn_fail(err, VN_E_IO, "cannot read '%s': %s", g->path, strerror(errno));
    d->z.next_in = in;
    d->z.avail_in = (uInt)got;
    d->in += (uint64_t)got;
    return 0;
}

/* Decodes n bytes into buf. in: IN_SIZE bytes of room, the same for all calls with d. */
static int decode(const struct vn_gz *g, struct decoder *d, unsigned char *in, unsigned char *buf, uint64_t n, struct vn_err *err)
{
    int rc;

    while (n > 0) {
        if (d->z.avail_in == 0 && (rc = fill(g, d, in, err)))
            return rc;
        if (d->z.avail_in == 0)
            return vn_fail(err, VN_E_FORMAT, "'%s' ends after %" PRIu64 " decoded bytes, but voxels should follow: it was cut short", g->path, d->out);
        if (d->between && inflateReset(&d->z) != Z_OK)
            return vn_fail(err, VN_E_INTERNAL, "gzip decoder");
        d->between = false;
        uInt ask = n > 1u << 30 ? 1u << 30 : (uInt)n;
        d->z.next_out = buf;
        d->z.avail_out = ask;
        int z = inflate(&d->z, Z_NO_FLUSH);
        uint64_t made = ask - d->z.avail_out;
        buf += made;
        n -= made;
        d->out += made;
        if (z == Z_STREAM_END)
            d->between = true;
        else if (z != Z_OK && z != Z_BUF_ERROR)
            return z == Z_MEM_ERROR ? vn_fail(err, VN_E_MEMORY, "no memory to decode '%s'", g->path)
                                    : vn_fail(err, VN_E_FORMAT, "'%s' is damaged near decoded byte %" PRIu64 ": %s", g->path, d->out, d->z.msg ? d->z.msg : "deflate data error");
    }
    return 0;
}

/* After the last voxel: the member's checksum must follow (or more data, which nobody asked for). */
static int check_end(const struct vn_gz *g, struct decoder *d, unsigned char *in, struct vn_err *err)
{
    unsigned char more;
    int rc;

    while (!d->between) {
        if (d->z.avail_in == 0 && (rc = fill(g, d, in, err)))
            return rc;
        if (d->z.avail_in == 0)
            return vn_fail(err, VN_E_FORMAT, "'%s' ends without its checksum: it was cut short", g->path);
        d->z.next_out = &more;
        d->z.avail_out = 1;
        int z = inflate(&d->z, Z_NO_FLUSH);
        if (z == Z_STREAM_END || d->z.avail_out == 0)
            return 0;
        if (z != Z_OK && z != Z_BUF_ERROR)
            return vn_fail(err, VN_E_FORMAT, "'%s' is damaged: %s", g->path, d->z.msg ? d->z.msg : "deflate data error");
    }
    return 0;
}

/* Number of the nearest state at or before `at`. */
static int nearest(struct vn_gz *g, uint64_t at)
{
    uint64_t i = at / g->span;
    int k = i >= MAX_STATE ? MAX_STATE - 1 : (int)i;

    pthread_mutex_lock(&g->lock);
    while (!g->state[k])
        k--;
    pthread_mutex_unlock(&g->lock);
    return k;
}

/* Keeps a copy of d when it stands at a multiple of span that is not known yet. */
static int keep(struct vn_gz *g, struct decoder *d, struct vn_err *err)
{
    uint64_t k = d->out / g->span;

    if (d->out % g->span || k >= MAX_STATE)
        return 0;
    pthread_mutex_lock(&g->lock);
    bool known = g->state[k];
    pthread_mutex_unlock(&g->lock);
    if (known)
        return 0;
    struct decoder *c = decoder_copy(d, err);
    if (!c)
        return VN_E_MEMORY;
    pthread_mutex_lock(&g->lock);
    if (!g->state[k]) {
        g->state[k] = c;
        c = NULL;
    }
    pthread_mutex_unlock(&g->lock);
    decoder_free(c);
    return 0;
}

/* From d on: skips to `at` (buf NULL: only that), then reads n bytes, keeping states on the way. */
static int go(struct vn_gz *g, struct decoder *d, unsigned char *work, void *buf, uint64_t at, uint64_t n, const struct vn_job *job, struct vn_err *err)
{
    unsigned char *waste = work + IN_SIZE;
    int rc = 0;

    while (!rc && d->out < at + n) {
        uint64_t stop = (d->out / g->span + 1) * g->span, want = at + n;
        bool skip = d->out < at;
        if (skip)
            want = at - d->out < IN_SIZE ? at : d->out + IN_SIZE;
        want = want < stop ? want : stop;
        if (vn_job_stop(job))
            return vn_fail(err, VN_E_CANCELLED, "cancelled");
        rc = decode(g, d, work, skip ? waste : (unsigned char *)buf + (d->out - at), want - d->out, err);
        if (!rc)
            rc = keep(g, d, err);
    }
    return !rc && n > 0 && at + n == g->total ? check_end(g, d, work, err) : rc;
}

static int from_state(struct vn_gz *g, int k, unsigned char *work, void *buf, uint64_t at, uint64_t n, const struct vn_job *job, struct vn_err *err)
{
    /* States are never changed once kept, so they may be copied without the lock. */
    struct decoder *d = decoder_copy(g->state[k], err);
    if (!d)
        return VN_E_MEMORY;
    int rc = go(g, d, work, buf, at, n, job, err);
    decoder_free(d);
    return rc;
}

int vn_gz_read(struct vn_gz *g, void *buf, uint64_t at, uint64_t n, const struct vn_job *job, struct vn_err *err)
{
    unsigned char *work = vn_alloc(2 * IN_SIZE, err);
    int rc = 0;

    if (!work)
        return VN_E_MEMORY;
    int k = nearest(g, at);
    if (at - (uint64_t)k * g->span > g->span) {
        /* Unknown ground: one thread goes ahead, the others wait and then start from what it kept. */
        pthread_mutex_lock(&g->explore);
        k = nearest(g, at);
        if (at - (uint64_t)k * g->span > g->span)
            rc = from_state(g, k, work, NULL, at / g->span * g->span, 0, job, err);
        pthread_mutex_unlock(&g->explore);
        k = nearest(g, at);
    }
    if (!rc)
        rc = from_state(g, k, work, buf, at, n, job, err);
    vn_free(work);
    return rc;
}
