/* mem.c - allocation.
 *
 * Every block has its sizes in the 16 bytes before it.  A large block lies 64 bytes into a mapping of its own, which is
 * kept for reuse when it is freed (mem_map.c).  The budget counts the bytes asked for by live large blocks and nothing
 * else, so that whether an allocation succeeds does not depend on what happened to be recycled; idle mappings are given
 * back, oldest first, when they and the live ones together would be more than the budget. */
#include "mem.h"
#include <assert.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "mem_map.h"
#include "text.h"

enum { N_EVICTOR = 32 };
struct evictor { vn_evictor f; void *ctx; int busy; };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t calm;                /* an evictor has returned */
    uint64_t budget, live, peak;        /* bytes asked for */
    uint64_t live_map;                  /* bytes mapped for them */
    struct evictor evictor[N_EVICTOR];
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER, .calm = PTHREAD_COND_INITIALIZER };

static _Thread_local int evicting;      /* this thread is inside an evictor */
static atomic_long n_alloc, fail_at;    /* fail_at: number of the allocation that fails, 0 none */

/* ---- budget ---- */

static uint64_t default_budget(void)
{
    uint64_t ram = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    unsigned long long limit;
    FILE *f = fopen("/sys/fs/cgroup/memory.max", "r");  /* a container or a batch job may have less; "max" if not */

    if (f) {
        if (fscanf(f, "%llu", &limit) == 1 && limit < ram)
            ram = limit;
        fclose(f);
    }
    return ram / 4 < 8000000000u ? ram / 4 : 8000000000u;
}

void vn_mem_init(uint64_t budget)
{
    const char *fail = getenv("VN_FAIL_ALLOC");

    if (!budget)
        budget = default_budget();
    pthread_mutex_lock(&pool.lock);
    pool.budget = budget;
    pthread_mutex_unlock(&pool.lock);
    if (fail)
        atomic_store(&fail_at, atol(fail));     /* from the start of the program */
}

/* With the lock held. */
static uint64_t budget_locked(void)
{
    if (!pool.budget)
        pool.budget = default_budget();
    return pool.budget;
}

uint64_t vn_mem_budget(void)
{
    pthread_mutex_lock(&pool.lock);
    uint64_t b = budget_locked();
    pthread_mutex_unlock(&pool.lock);
    return b;
}

static uint64_t read_count(const uint64_t *count)
{
    pthread_mutex_lock(&pool.lock);
    uint64_t n = *count;
    pthread_mutex_unlock(&pool.lock);
    return n;
}

uint64_t vn_mem_in_use(void)
{
    return read_count(&pool.live);
}

uint64_t vn_mem_peak(void)
{
    return read_count(&pool.peak);
}

void vn_mem_peak_reset(void)
{
    pthread_mutex_lock(&pool.lock);
    pool.peak = pool.live;
    pthread_mutex_unlock(&pool.lock);
}

/* ---- planned failures ---- */

void vn_mem_fail_at(long nth)
{
    atomic_store(&fail_at, nth > 0 ? atomic_load(&n_alloc) + nth : 0);
}

long vn_mem_n_alloc(void)
{
    return atomic_load(&n_alloc);
}

/* Counts one allocation; fails if it is the planned one. */
static int count_alloc(uint64_t n, struct vn_err *err)
{
    long k = atomic_fetch_add(&n_alloc, 1) + 1;

    if (k == atomic_load_explicit(&fail_at, memory_order_relaxed))
        return vn_fail(err, VN_E_MEMORY, "no memory for %llu bytes (planned failure of allocation %ld)",
                       (unsigned long long)n, k);
    return 0;
}

/* ---- evictors ---- */

void vn_mem_add_evictor(vn_evictor f, void *ctx)
{
    pthread_mutex_lock(&pool.lock);
    int i = 0;
    while (i < N_EVICTOR && pool.evictor[i].f)
        i++;
    assert(i < N_EVICTOR && "more evictors than places");
    pool.evictor[i].f = f;
    pool.evictor[i].ctx = ctx;
    pthread_mutex_unlock(&pool.lock);
}

void vn_mem_remove_evictor(vn_evictor f, void *ctx)
{
    pthread_mutex_lock(&pool.lock);
    for (int i = 0; i < N_EVICTOR; i++) {
        struct evictor *e = &pool.evictor[i];
        if (e->f != f || e->ctx != ctx)
            continue;
        while (e->busy && !evicting)
            pthread_cond_wait(&pool.calm, &pool.lock);
        *e = (struct evictor){ .busy = e->busy };
        break;
    }
    pthread_mutex_unlock(&pool.lock);
}

/* With the lock held, which is let go meanwhile: asks the evictors for `want` bytes.  False when there was nothing to
 * be had and nobody else is at it. */
static bool evict(uint64_t want)
{
    uint64_t got = 0;
    bool others = false;

    if (evicting)
        return false;
    for (int i = 0; i < N_EVICTOR && got < want; i++) {
        struct evictor *e = &pool.evictor[i];
        if (!e->f)
            continue;
        vn_evictor f = e->f;
        void *ctx = e->ctx;
        e->busy++;
        pthread_mutex_unlock(&pool.lock);
        evicting++;
        got += f(ctx, want - got);
        evicting--;
        pthread_mutex_lock(&pool.lock);
        e->busy--;
        pthread_cond_broadcast(&pool.calm);
    }
    if (got)
        return true;
    for (int i = 0; i < N_EVICTOR; i++)
        others |= pool.evictor[i].busy > 0;
    if (others)
        pthread_cond_wait(&pool.calm, &pool.lock);
    return others;
}

/* With the lock held: makes the budget hold n more bytes. */
static int fit(uint64_t n, struct vn_err *err)
{
    uint64_t budget = budget_locked();

    while (n > budget || pool.live > budget - n) {
        char a[16], b[16], c[16];
        if (n <= budget && evict(pool.live - (budget - n)))
            continue;
        return vn_fail(err, VN_E_MEMORY, "%s are needed, and %s of the memory budget of %s are in use: "
                       "choose a smaller region, close what is not needed, or start with a larger --memory",
                       vn_text_bytes(n, a), vn_text_bytes(pool.live, b), vn_text_bytes(budget, c));
    }
    return 0;
}

int vn_mem_reserve(uint64_t bytes, struct vn_err *err)
{
    pthread_mutex_lock(&pool.lock);
    int rc = fit(bytes, err);
    pthread_mutex_unlock(&pool.lock);
    return rc;
}

/* ---- large blocks ---- */

uint64_t vn_mem_idle(void)
{
    pthread_mutex_lock(&pool.lock);
    const uint64_t n = vn_map_idle();
    pthread_mutex_unlock(&pool.lock);
    return n;
}

void vn_mem_trim(void)
{
    pthread_mutex_lock(&pool.lock);
    vn_map_trim(0);
    pthread_mutex_unlock(&pool.lock);
}

/* The bytes mapped for a block of n. */
static uint64_t map_size(uint64_t n)
{
    return (n + sizeof(struct large) + RED_ZONE + PAGE - 1) & ~(uint64_t)(PAGE - 1);
}

/* With the lock held: idle mappings make room for `more` bytes that are about to be mapped. */
static void trim_for(uint64_t more)
{
    uint64_t used = pool.live_map + more;
    vn_map_trim(used < pool.budget ? pool.budget - used : 0);
}

static void count_live(uint64_t n)
{
    pool.live += n;
    if (pool.live > pool.peak)
        pool.peak = pool.live;
}

/* Sets the size of a live block; what lies behind it is poisoned. */
static void *set_size(struct large *b, uint64_t n)
{
    b->h.n = n;
    ASAN_UNPOISON_MEMORY_REGION(b + 1, n);
    ASAN_POISON_MEMORY_REGION((char *)(b + 1) + n, b->h.map - sizeof *b - n);
    __lsan_register_root_region(b + 1, n);
    return b + 1;
}

static int no_more(uint64_t n, struct vn_err *err)
{
    char t[16];
    return vn_fail(err, VN_E_MEMORY, "the system has no %s of memory to give", vn_text_bytes(n, t));
}

static void *large_alloc(uint64_t n, bool *zeroed, struct vn_err *err)
{
    pthread_mutex_lock(&pool.lock);
    if (fit(n, err)) {
        pthread_mutex_unlock(&pool.lock);
        return NULL;
    }
    struct large *b = vn_map_take(map_size(n));
    *zeroed = !b;
    if (!b) {
        trim_for(map_size(n));
        b = vn_map_new(map_size(n));
        if (!b) {
            vn_map_trim(0);
            b = vn_map_new(map_size(n));
        }
    }
    if (b) {
        count_live(n);
        pool.live_map += b->h.map;
    }
    pthread_mutex_unlock(&pool.lock);
    if (!b) {
        no_more(n, err);
        return NULL;
    }
    return set_size(b, n);
}

/* A large block made larger or smaller, still large: the system moves its pages, nothing is copied, and the budget has
 * to hold the difference only. */
static void *large_resize(struct large *b, uint64_t n, struct vn_err *err)
{
    uint64_t old = b->h.n, old_map = b->h.map, map = map_size(n);

    pthread_mutex_lock(&pool.lock);
    if (n > old && fit(n - old, err)) {
        pthread_mutex_unlock(&pool.lock);
        return NULL;
    }
    if (map > old_map)
        trim_for(map - old_map);
    __lsan_unregister_root_region(b + 1, old);
    ASAN_UNPOISON_MEMORY_REGION(b, old_map);
    void *q = map == old_map ? b : mremap(b, old_map, map, MREMAP_MAYMOVE);
    if (q == MAP_FAILED) {
        pthread_mutex_unlock(&pool.lock);
        set_size(b, old);
        no_more(n, err);
        return NULL;
    }
    b = q;
    b->h.map = map;
    pool.live_map += map - old_map;
    pool.live -= old;
    count_live(n);
    pthread_mutex_unlock(&pool.lock);
    return set_size(b, n);
}

static void large_free(struct large *b)
{
    __lsan_unregister_root_region(b + 1, b->h.n);
    ASAN_POISON_MEMORY_REGION(b + 1, b->h.map - sizeof *b);
    pthread_mutex_lock(&pool.lock);
    pool.live -= b->h.n;
    pool.live_map -= b->h.map;
    vn_map_give(b);
    trim_for(0);
    pthread_mutex_unlock(&pool.lock);
}

/* ---- the interface ---- */

static void *alloc(uint64_t n, bool *zeroed, struct vn_err *err)
{
    *zeroed = false;
    if (count_alloc(n, err))
        return NULL;
    if (n >= VN_MEM_LARGE)
        return large_alloc(n, zeroed, err);
    struct head *h = malloc(sizeof *h + n);
    if (!h) {
        vn_fail(err, VN_E_MEMORY, "the system has no %llu bytes of memory to give", (unsigned long long)n);
        return NULL;
    }
    *h = (struct head){ .n = n };
    return h + 1;
}

void *vn_alloc(uint64_t n, struct vn_err *err)
{
    bool zeroed;
    return alloc(n, &zeroed, err);
}

void *vn_calloc(uint64_t n, uint64_t size, struct vn_err *err)
{
    uint64_t bytes;
    bool zeroed;

    if (!vn_mul(n, size, &bytes)) {
        vn_fail(err, VN_E_MEMORY, "%llu items of %llu bytes cannot be allocated", (unsigned long long)n,
                (unsigned long long)size);
        return NULL;
    }
    void *p = alloc(bytes, &zeroed, err);
    if (p && !zeroed)
        memset(p, 0, bytes);
    return p;
}

void *vn_realloc(void *p, uint64_t n, struct vn_err *err)
{
    if (!p)
        return vn_alloc(n, err);
    struct head *h = (struct head *)p - 1;
    if (h->map && n >= VN_MEM_LARGE)
        return count_alloc(n, err) ? NULL : large_resize((struct large *)p - 1, n, err);
    if (!h->map && n < VN_MEM_LARGE) {
        if (count_alloc(n, err))
            return NULL;
        h = realloc(h, sizeof *h + n);
        if (!h) {
            vn_fail(err, VN_E_MEMORY, "the system has no %llu bytes of memory to give", (unsigned long long)n);
            return NULL;
        }
        h->n = n;
        return h + 1;
    }
    void *q = vn_alloc(n, err);
    if (!q)
        return NULL;
    memcpy(q, p, n < h->n ? n : h->n);
    vn_free(p);
    return q;
}

char *vn_strdup(const char *s, struct vn_err *err)
{
    size_t n = strlen(s) + 1;
    char *p = vn_alloc(n, err);
    if (p)
        memcpy(p, s, n);
    return p;
}

char *vn_sprintf(struct vn_err *err, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *p = NULL;
    if (n < 0)
        vn_fail(err, VN_E_INTERNAL, "a text cannot be formatted");
    else
        p = vn_alloc((uint64_t)n + 1, err);
    if (p)
        vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return p;
}

void vn_free(void *p)
{
    if (!p)
        return;
    struct head *h = (struct head *)p - 1;
    if (h->map)
        large_free((struct large *)p - 1);
    else
        free(h);
}
