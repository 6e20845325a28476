/* cache.c - decoded chunks of all sources, bounded in bytes, least recently used first to go.
 *
 * One lock guards a hash table and two lists in order of use: chunks that the memory budget counts (VN_MEM_LARGE bytes and
 * more) and small ones, which it does not.  A chunk is LOADING while one thread decodes it (others that want it wait) and
 * READY afterwards; pinned while voxels are copied out.  A failed load leaves no entry: who waited tries for itself.
 * The lock is never held while memory is allocated, since allocation may call the evictor below. */
#include "volume.h"
#include <pthread.h>
#include <time.h>
#include "mem.h"

enum { N_BUCKET = 1 << 14, BAND_BYTES = VN_MEM_LARGE };

struct entry {
    uint64_t src, chunk;                      /* id of the source; linear index of the chunk */
    int level;
    bool ready, dead;                         /* dead: dropped while pinned; freed by the last who unpins */
    int pins;
    uint64_t bytes;
    struct vn_buf buf;
    struct entry *next;                       /* of the bucket */
    struct entry *newer, *older;              /* in order of use; only READY ones are in the list */
};
struct list { struct entry *newest, *oldest; uint64_t bytes; };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t loaded;
    struct entry *bucket[N_BUCKET];
    struct list list[2];                      /* large, small */
    uint64_t bytes;                           /* READY and pinned */
    bool evictor;
} cache = { .lock = PTHREAD_MUTEX_INITIALIZER, .loaded = PTHREAD_COND_INITIALIZER };

/* ---- entries; the lock is held ---- */

static struct list *list_of(uint64_t bytes) { return &cache.list[bytes < VN_MEM_LARGE]; }
static uint64_t limit_of(uint64_t bytes) { return bytes < VN_MEM_LARGE ? vn_mem_budget() / 8 : vn_mem_budget() / 2; }

static struct entry **bucket_of(uint64_t src, int level, uint64_t chunk)
{
    uint64_t h = (src * 0x9E3779B97F4A7C15u ^ chunk) * 0xBF58476D1CE4E5B9u + (uint64_t)level;
    return &cache.bucket[(h ^ h >> 29) % N_BUCKET];
}

static struct entry *find(uint64_t src, int level, uint64_t chunk)
{
    struct entry *e = *bucket_of(src, level, chunk);
    while (e && (e->src != src || e->level != level || e->chunk != chunk))
        e = e->next;
    return e;
}

static void unlink_entry(struct entry *e)
{
    struct entry **p = bucket_of(e->src, e->level, e->chunk);
    while (*p != e)
        p = &(*p)->next;
    *p = e->next;
}

static void list_remove(struct entry *e)
{
    struct list *l = list_of(e->bytes);
    *(e->newer ? &e->newer->older : &l->newest) = e->older;
    *(e->older ? &e->older->newer : &l->oldest) = e->newer;
    l->bytes -= e->bytes;
}

static void list_add(struct entry *e)
{
    struct list *l = list_of(e->bytes);
    e->newer = NULL;
    e->older = l->newest;
    *(l->newest ? &l->newest->newer : &l->oldest) = e;
    l->newest = e;
    l->bytes += e->bytes;
}

static void free_entry(struct entry *e)
{
    cache.bytes -= e->bytes;
    vn_buf_free(&e->buf);
    vn_free(e);
}

/* Frees unpinned chunks of l from the oldest on until `want` bytes are free or none is left. */
static uint64_t shrink(struct list *l, uint64_t want)
{
    uint64_t got = 0;
    for (struct entry *e = l->oldest, *newer; e && got < want; e = newer) {
        newer = e->newer;
        if (e->pins)
            continue;
        got += e->bytes;
        list_remove(e);
        unlink_entry(e);
        free_entry(e);
    }
    return got;
}

static void unpin(struct entry *e)
{
    if (--e->pins == 0 && e->dead)
        free_entry(e);
}

/* ---- the cache as a whole ---- */

static uint64_t evict(void *ctx, uint64_t want)
{
    (void)ctx;
    pthread_mutex_lock(&cache.lock);
    uint64_t got = shrink(&cache.list[0], want);
    pthread_mutex_unlock(&cache.lock);
    return got;
}

void vn_cache_drop(uint64_t src_id)
{
    pthread_mutex_lock(&cache.lock);
    for (int i = 0; i < 2; i++)
        for (struct entry *e = cache.list[i].oldest, *newer; e; e = newer) {
            newer = e->newer;
            if (e->src != src_id)
                continue;
            list_remove(e);
            unlink_entry(e);
            e->dead = true;
            if (!e->pins)
                free_entry(e);
        }
    pthread_mutex_unlock(&cache.lock);
}

uint64_t vn_cache_bytes(void)
{
    pthread_mutex_lock(&cache.lock);
    uint64_t n = cache.bytes;
    pthread_mutex_unlock(&cache.lock);
    return n;
}

uint64_t vn_cache_large(void)
{
    pthread_mutex_lock(&cache.lock);
    uint64_t n = cache.list[0].bytes;
    pthread_mutex_unlock(&cache.lock);
    return n;
}

/* ---- voxels ---- */

static void copy_box(const struct vn_buf *from, struct vn_buf *to, const struct vn_box *b)
{
    size_t sf = vn_type_size(from->type), st = vn_type_size(to->type);
    for (int64_t z = b->lo[2]; z < b->hi[2]; z++)
        for (int64_t y = b->lo[1]; y < b->hi[1]; y++)
            vn_convert_row(to->type, (char *)to->data + (size_t)vn_buf_at(to, b->lo[0], y, z) * st,
                           from->type, (const char *)from->data + (size_t)vn_buf_at(from, b->lo[0], y, z) * sf, vn_box_dim(b, 0));
}

/* Straight from the source, by way of a small buffer where the types differ. */
static int read_direct(struct vn_src *s, int level, struct vn_buf *dst, struct vn_job *job, struct vn_err *err)
{
    if (s->any_type || dst->type == s->type)
        return s->ops->read(s, level, dst, job, err);

    const struct vn_box *d = &dst->box;
    int64_t row = vn_box_dim(d, 0) * (int64_t)vn_type_size(s->type);
    int64_t n_row = vn_min64(vn_box_dim(d, 1), vn_max64(1, BAND_BYTES / row));
    int64_t n_plane = vn_min64(vn_box_dim(d, 2), vn_max64(1, BAND_BYTES / (row * n_row)));
    int rc = 0;

    for (int64_t z = d->lo[2]; rc == 0 && z < d->hi[2]; z += n_plane)
        for (int64_t y = d->lo[1]; rc == 0 && y < d->hi[1]; y += n_row) {
            struct vn_box band = { { d->lo[0], y, z }, { d->hi[0], vn_min64(y + n_row, d->hi[1]), vn_min64(z + n_plane, d->hi[2]) } };
            struct vn_buf b;
            if (vn_job_stop(job))
                return vn_fail(err, VN_E_CANCELLED, "cancelled");
            if ((rc = vn_buf_new(&b, s->type, &band, err)))
                return rc;
            if ((rc = s->ops->read(s, level, &b, job, err)) == 0)
                copy_box(&b, dst, &band);
            vn_buf_free(&b);
        }
    return rc;
}

struct reading {                              /* one vn_cache_read */
    struct vn_src *s;
    int level;
    struct vn_buf *dst;
    struct vn_job *job;
    struct vn_box vol;
    int64_t n[3];                             /* chunks of the level along each axis */
    int64_t lo[3], dim[3];                    /* first chunk and number of chunks that meet dst */
    int64_t *missing;
};

/* Chunk i of a reading: its linear index in the level, its box, and the part of it that is wanted. */
static uint64_t chunk_box(const struct reading *r, int64_t i, struct vn_box *chunk, struct vn_box *part)
{
    int64_t c[3] = { r->lo[0] + i % r->dim[0], r->lo[1] + i / r->dim[0] % r->dim[1], r->lo[2] + i / r->dim[0] / r->dim[1] };
    for (int k = 0; k < 3; k++) {
        chunk->lo[k] = r->vol.lo[k] + c[k] * r->s->chunk[k];
        chunk->hi[k] = vn_min64(chunk->lo[k] + r->s->chunk[k], r->vol.hi[k]);
    }
    vn_box_meet(chunk, &r->dst->box, part);
    return ((uint64_t)c[2] * (uint64_t)r->n[1] + (uint64_t)c[1]) * (uint64_t)r->n[0] + (uint64_t)c[0];
}

/* Copies chunk i if it is there. */
static bool copy_ready(struct reading *r, int64_t i)
{
    struct vn_box chunk, part;
    uint64_t at = chunk_box(r, i, &chunk, &part);

    pthread_mutex_lock(&cache.lock);
    struct entry *e = find(r->s->id, r->level, at);
    if (!e || !e->ready) {
        pthread_mutex_unlock(&cache.lock);
        return false;
    }
    e->pins++;
    list_remove(e);
    list_add(e);
    pthread_mutex_unlock(&cache.lock);
    copy_box(&e->buf, r->dst, &part);
    pthread_mutex_lock(&cache.lock);
    unpin(e);
    pthread_mutex_unlock(&cache.lock);
    return true;
}

/* Is there memory for a chunk without taking it from results?  Up to a sixteenth of the budget the cache may do that
 * (vn_alloc asks their evictors): without any cache, every look across the chunks of a file would decode them all again. */
static bool has_room(uint64_t bytes)
{
    uint64_t budget = vn_mem_budget();
    bool fits = true;

    if (bytes > limit_of(bytes) / 4)
        return false;
    pthread_mutex_lock(&cache.lock);
    struct list *l = list_of(bytes);
    if (l->bytes + bytes > limit_of(bytes))
        shrink(l, bytes);
    if (bytes >= VN_MEM_LARGE && vn_mem_in_use() + bytes > budget)
        fits = shrink(l, bytes) >= bytes || l->bytes + bytes <= budget / 16;
    pthread_mutex_unlock(&cache.lock);
    return fits;
}

/* The caller loads chunk `at`: an entry in state LOADING, pinned, or NULL when there is no room for it (*direct) or another
 * thread has it (then it has been waited for). */
static struct entry *begin_load(struct reading *r, uint64_t at, const struct vn_box *chunk, bool *direct)
{
    uint64_t bytes = vn_box_count(chunk) * vn_type_size(r->s->type);
    struct entry *e = NULL;

    *direct = !has_room(bytes) || !(e = vn_calloc(1, sizeof *e, NULL));
    if (*direct)
        return NULL;
    pthread_mutex_lock(&cache.lock);
    struct entry *other = find(r->s->id, r->level, at);
    if (other) {
        while (other && !other->ready && !vn_job_stop(r->job)) {
            struct timespec until;
            clock_gettime(CLOCK_REALTIME, &until);
            until.tv_nsec += 20000000;        /* to poll cancellation */
            until.tv_sec += until.tv_nsec / 1000000000;
            until.tv_nsec %= 1000000000;
            pthread_cond_timedwait(&cache.loaded, &cache.lock, &until);
            other = find(r->s->id, r->level, at);
        }
        pthread_mutex_unlock(&cache.lock);
        vn_free(e);
        return NULL;
    }
    *e = (struct entry) { .src = r->s->id, .chunk = at, .level = r->level, .pins = 1, .bytes = bytes };
    struct entry **b = bucket_of(e->src, e->level, at);
    e->next = *b;
    *b = e;
    pthread_mutex_unlock(&cache.lock);
    return e;
}

static void end_load(struct entry *e, bool ok)
{
    pthread_mutex_lock(&cache.lock);
    if (ok) {
        e->ready = true;
        cache.bytes += e->bytes;
        list_add(e);
        unpin(e);
    } else {
        unlink_entry(e);
    }
    pthread_cond_broadcast(&cache.loaded);
    pthread_mutex_unlock(&cache.lock);
    if (!ok) {
        vn_buf_free(&e->buf);
        vn_free(e);
    }
}

/* On an I/O thread a source that reads another one may not wait for the I/O threads. */
static _Thread_local bool loading;

static int read_source(struct reading *r, struct vn_buf *b, bool direct, struct vn_err *err)
{
    bool before = loading;
    loading = true;
    int rc = direct ? read_direct(r->s, r->level, b, r->job, err) : r->s->ops->read(r->s, r->level, b, r->job, err);
    loading = before;
    return rc;
}

static int load(void *ctx, int64_t k, struct vn_err *err)
{
    struct reading *r = ctx;
    int64_t i = r->missing[k];
    struct vn_box chunk, part;
    uint64_t at = chunk_box(r, i, &chunk, &part);
    struct entry *e = NULL;
    bool direct = false;
    int rc;

    while (!e && !direct) {
        if (vn_job_stop(r->job))
            return vn_fail(err, VN_E_CANCELLED, "cancelled");
        if (copy_ready(r, i))
            return 0;
        e = begin_load(r, at, &chunk, &direct);
    }
    if (e && vn_buf_new(&e->buf, r->s->type, &chunk, NULL)) {   /* results fill the budget: do without the cache */
        end_load(e, false);
        direct = true;
    }
    if (direct) {
        struct vn_buf view = vn_buf_view(r->dst, &part);
        return read_source(r, &view, true, err);
    }
    rc = read_source(r, &e->buf, false, err);
    if (rc == 0)
        copy_box(&e->buf, r->dst, &part);
    end_load(e, rc == 0);
    return rc;
}

static void add_evictor(void) { vn_mem_add_evictor(evict, NULL); }

int vn_cache_read(struct vn_src *s, int level, struct vn_buf *dst, struct vn_job *job, struct vn_err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct reading r = { .s = s, .level = level, .dst = dst, .job = job };
    struct vn_err e;
    int64_t n = 1, n_missing = 0;
    int rc = 0;

    if (!s->chunk[0])
        return read_direct(s, level, dst, job, err);
    pthread_once(&once, add_evictor);
    r.vol = vn_src_box(s, level);
    for (int k = 0; k < 3; k++) {
        r.n[k] = (vn_box_dim(&r.vol, k) + s->chunk[k] - 1) / s->chunk[k];
        r.lo[k] = (dst->box.lo[k] - r.vol.lo[k]) / s->chunk[k];
        r.dim[k] = (dst->box.hi[k] - 1 - r.vol.lo[k]) / s->chunk[k] + 1 - r.lo[k];
        n *= r.dim[k];
    }
    r.missing = vn_alloc((uint64_t)n * sizeof *r.missing, &e);
    if (!r.missing)
        return vn_fail(err, (enum vn_code)e.code, "%s", e.msg);
    for (int64_t i = 0; rc == 0 && i < n; i++) {
        if (vn_job_stop(job))
            rc = vn_fail(err, VN_E_CANCELLED, "cancelled");
        else if (!copy_ready(&r, i))
            r.missing[n_missing++] = i;
    }
    if (rc == 0 && n_missing && loading)
        for (int64_t k = 0; rc == 0 && k < n_missing; k++)
            rc = load(&r, k, err);
    else if (rc == 0 && n_missing)
        rc = vn_io_run(n_missing, load, &r, job, err);
    vn_free(r.missing);
    return rc;
}
