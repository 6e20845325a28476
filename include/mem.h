/* mem.h - allocation: one budget for everything large, buffers recycled, failures planned by tests.
 *
 * Blocks of VN_MEM_LARGE bytes and more are mapped, 64-byte aligned, counted against the budget and kept for
 * reuse when freed (first touch of 67 MB costs 36 ms, reuse 6 ms).  Smaller ones come from malloc.
 * When a large block does not fit, the evictors (chunk cache, session objects) are asked to give memory back;
 * only then does the allocation fail.  Thread-safe. */
#ifndef VN_MEM_H
#define VN_MEM_H
#include "err.h"

enum { VN_MEM_LARGE = 1 << 20 };

void vn_mem_init(uint64_t budget);      /* bytes; 0 = min(25 % of RAM, 8 GB) */
uint64_t vn_mem_budget(void);
uint64_t vn_mem_in_use(void);           /* live large blocks */
uint64_t vn_mem_peak(void);
static inline double vn_mem_counted(double bytes) { return bytes < VN_MEM_LARGE ? 0 : bytes; }   /* of one allocation, in the above */
void vn_mem_peak_reset(void);

/* All return NULL with err set on failure; contents are undefined but for vn_calloc.  n = 0 gives a valid block. */
void *vn_alloc(uint64_t n, struct vn_err *err);
void *vn_calloc(uint64_t n, uint64_t size, struct vn_err *err);   /* the product is checked */
void *vn_realloc(void *p, uint64_t n, struct vn_err *err);        /* on failure p stays valid */
char *vn_strdup(const char *s, struct vn_err *err);
char *vn_sprintf(struct vn_err *err, const char *fmt, ...) VN_PRINTF(2, 3);
void vn_free(void *p);                                            /* NULL allowed */

/* Makes room: evicts until live blocks + bytes fit the budget.  Fails with VN_E_MEMORY and says what was asked,
 * what the budget is and how to need less.  A check before work starts; vn_alloc enforces the budget all the same. */
int vn_mem_reserve(uint64_t bytes, struct vn_err *err) VN_MUST_USE;

/* An evictor frees about `want` bytes of what can be recomputed or reread, and returns what it freed.
 * Called without locks of this module held, from any thread and from several at once; must not allocate large blocks
 * (that fails).  Whoever allocates a large block must not hold a lock that an evictor takes. */
typedef uint64_t (*vn_evictor)(void *ctx, uint64_t want);
void vn_mem_add_evictor(vn_evictor f, void *ctx);
void vn_mem_remove_evictor(vn_evictor f, void *ctx);    /* afterwards f(ctx) is not running and not called again */

uint64_t vn_mem_idle(void);             /* bytes of recycled blocks that wait for use */
void vn_mem_trim(void);                 /* gives recycled blocks back to the system */

/* Tests: the nth allocation from now fails (VN_FAIL_ALLOC=n in the environment does the same from the start); 0 = none. */
void vn_mem_fail_at(long nth);
long vn_mem_n_alloc(void);              /* allocations so far, to know where to plan a failure */
#endif
