/* mem_map.h - mappings for large blocks: made, recycled, given back.  Every call with the lock of mem.c held. */
#ifndef VN_MEM_MAP_H
#define VN_MEM_MAP_H
#include "base.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/lsan_interface.h>
enum { RED_ZONE = 4096 };       /* poisoned bytes behind a large block, at least */
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define __lsan_register_root_region(p, n) ((void)(p), (void)(n))
#define __lsan_unregister_root_region(p, n) ((void)(p), (void)(n))
enum { RED_ZONE = 0 };
#endif
enum { PAGE = 4096 };

/* The end of what lies before a block; `map` is 0 for a block of malloc. */
struct head { uint64_t n, map; };

/* What lies before a large block: 64 bytes, from the start of its mapping. */
struct large {
    struct large *newer, *older;        /* idle: by age */
    struct large *next, *prev;          /* idle: of one class */
    uint64_t unused[2];
    struct head h;
};

struct large *vn_map_new(uint64_t map);     /* map bytes (whole pages), zeroed; NULL when the system has no more */
struct large *vn_map_take(uint64_t map);    /* an idle one, at most a quarter larger, dirty; NULL when there is none */
void vn_map_give(struct large *b);          /* b is idle from now on */
uint64_t vn_map_idle(void);
void vn_map_trim(uint64_t keep);            /* idle ones go, oldest first, until at most keep bytes of them are left */
#endif
