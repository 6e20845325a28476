/* mem_map.c - mappings for large blocks.
 *
 * Idle mappings are in a list of their size class, where a request looks for the smallest that holds it and is at most
 * a quarter too large, and in one list by age, from which they are given back. */
#include "mem_map.h"
#include <assert.h>
#include <stddef.h>
#include <sys/mman.h>

enum {
    HUGE_PAGE = 2 << 20,
    HUGE_FROM = 4 << 20,        /* blocks from here on are aligned to, and advised for, huge pages */
    N_CLASS = 4 * 64,           /* four size classes per power of two */
};
static_assert(sizeof(struct large) == 64, "the user's pointer is 64-byte aligned");

static struct {
    uint64_t bytes;
    struct large *class[N_CLASS], *newest, *oldest;
} idle;

static int class_of(uint64_t map)
{
    int top = 63 - __builtin_clzll(map);
    return 4 * top + (int)(map >> (top - 2) & 3);
}

void vn_map_give(struct large *b)
{
    int c = class_of(b->h.map);

    b->prev = NULL;
    b->next = idle.class[c];
    if (b->next)
        b->next->prev = b;
    idle.class[c] = b;
    b->newer = NULL;
    b->older = idle.newest;
    *(b->older ? &b->older->newer : &idle.oldest) = b;
    idle.newest = b;
    idle.bytes += b->h.map;
}

static void idle_remove(struct large *b)
{
    *(b->prev ? &b->prev->next : &idle.class[class_of(b->h.map)]) = b->next;
    if (b->next)
        b->next->prev = b->prev;
    *(b->newer ? &b->newer->older : &idle.newest) = b->older;
    *(b->older ? &b->older->newer : &idle.oldest) = b->newer;
    idle.bytes -= b->h.map;
}

static void unmap(struct large *b)
{
    uint64_t map = b->h.map;

    ASAN_UNPOISON_MEMORY_REGION(b, map);
    munmap(b, map);
}

uint64_t vn_map_idle(void) { return idle.bytes; }

void vn_map_trim(uint64_t keep)
{
    while (idle.bytes > keep) {
        struct large *b = idle.oldest;
        idle_remove(b);
        unmap(b);
    }
}

struct large *vn_map_take(uint64_t map)
{
    uint64_t most = map + map / 4;
    struct large *best = NULL;

    for (int c = class_of(map); c <= class_of(most) && !best; c++)
        for (struct large *b = idle.class[c]; b; b = b->next)
            if (b->h.map >= map && b->h.map <= most && (!best || b->h.map < best->h.map))
                best = b;
    if (best)
        idle_remove(best);
    return best;
}

struct large *vn_map_new(uint64_t map)
{
    uint64_t extra = map >= HUGE_FROM ? HUGE_PAGE : 0;
    char *p = mmap(NULL, map + extra, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return NULL;
    if (extra) {
        uint64_t skip = -(uintptr_t)p & (HUGE_PAGE - 1);
        if (skip)
            munmap(p, skip);
        p += skip;
        if (extra > skip)
            munmap(p + map, extra - skip);
        madvise(p, map, MADV_HUGEPAGE);         /* a wish: kernels without huge pages refuse, which is fine */
    }
    struct large *b = (struct large *)p;
    b->h.map = map;
    return b;
}
