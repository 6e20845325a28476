/* device.c - memory pool with a budget, planned failures, error text. */
#include "device_impl.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct vn_dev_base *base(const struct vn_dev *d) { return (struct vn_dev_base *)d; }

int vn_dev_fail(struct vn_dev *d, int code, const char *fmt, ...)
{
    va_list ap;

    if (base(d)->dead)
        return base(d)->dead;                    /* the first error is the one worth reading */
    va_start(ap, fmt);
    vsnprintf(base(d)->error, VN_DEV_ERRLEN, fmt, ap);
    va_end(ap);
    if (code == VN_DEV_FAIL)
        base(d)->dead = code;
    return code;
}

const char *vn_dev_error(const struct vn_dev *d) { return base(d)->error; }
struct vn_dev_info vn_dev_info(const struct vn_dev *d) { return base(d)->info; }
void vn_dev_fail_alloc(struct vn_dev *d, long nth) { base(d)->fail_alloc = nth; }
void vn_dev_fail_launch(struct vn_dev *d, long nth) { base(d)->fail_launch = nth; }

int vn_dev_may_launch(struct vn_dev *d, const char *kernel)
{
    if (!base(d)->dead && base(d)->fail_launch && --base(d)->fail_launch == 0)
        vn_dev_fail(d, VN_DEV_FAIL, "launch, last kernel %s: failed (planned by a test)", kernel);
    return base(d)->dead;
}

/* ---- the pool ---- */

int vn_dev_trim(struct vn_dev *d)
{
    int rc = vn_raw_sync(d);

    for (struct vn_block **at = &base(d)->blocks, *b; (b = *at);) {
        if (b->live) {
            at = &b->next;
            continue;
        }
        *at = b->next;
        base(d)->held -= b->cap;
        vn_raw_free(d, b->p);
        free(b);
    }
    return rc;
}

/* The smallest unused block of the stream, or of none, that holds cap bytes and wastes at most as many. */
static struct vn_block *find_unused(struct vn_dev_base *db, const struct vn_stream *s, size_t cap)
{
    struct vn_block *best = NULL;

    for (struct vn_block *b = db->blocks; b; b = b->next)
        if (!b->live && (b->owner == s || !b->owner) && b->cap >= cap && b->cap <= 2 * cap && (!best || b->cap < best->cap))
            best = b;
    return best;
}

/* A new block from the driver; when it does not fit, what is unused is given back first. */
static int new_block(struct vn_dev *d, size_t cap, struct vn_block **out)
{
    struct vn_dev_base *db = base(d);
    struct vn_block *b = malloc(sizeof *b);
    vn_dptr p = 0;
    int rc = VN_DEV_NOMEM;

    if (!b)
        return vn_dev_fail(d, VN_DEV_NOMEM, "out of host memory");
    for (int pass = 0; rc == VN_DEV_NOMEM && pass < 2; pass++) {
        if (pass)
            vn_dev_trim(d);
        if (db->held + cap <= db->info.budget)
            rc = vn_raw_alloc(d, &p, cap);
    }
    if (rc) {
        free(b);
        return rc != VN_DEV_NOMEM ? rc : vn_dev_fail(d, rc, "out of device memory: %zu bytes asked, %llu in use, budget %llu", cap,
                                                     (unsigned long long)db->info.in_use, (unsigned long long)db->info.budget);
    }
    *b = (struct vn_block) { .next = db->blocks, .p = p, .cap = cap };
    db->blocks = b;
    db->held += cap;
    *out = b;
    return VN_DEV_OK;
}

int vn_dev_alloc(struct vn_stream *s, vn_dptr *p, size_t n)
{
    struct vn_dev *d = ((struct vn_stream_base *)s)->dev;
    struct vn_dev_base *db = base(d);
    const size_t cap = (n / 512 + 1) * 512;      /* always a few spare bytes: the emulator guards them */

    *p = 0;
    if (db->dead)
        return db->dead;
    if (db->fail_alloc && --db->fail_alloc == 0)
        return vn_dev_fail(d, VN_DEV_NOMEM, "out of device memory (planned by a test)");
    if (n > cap || cap > db->info.budget)
        return vn_dev_fail(d, VN_DEV_NOMEM, "%zu bytes asked, device budget is %llu", n, (unsigned long long)db->info.budget);
    struct vn_block *b = find_unused(db, s, cap);
    int rc = b ? 0 : new_block(d, cap, &b);
    if (rc)
        return rc;
    b->live = true;
    b->owner = s;
    *p = b->p;
    db->info.in_use += b->cap;
    if (db->info.in_use > db->info.peak)
        db->info.peak = db->info.in_use;
    rc = vn_raw_mark(s, b->p, b->cap, n);
    if (rc) {
        vn_dev_free(d, *p);
        *p = 0;
    }
    return rc;
}

void vn_dev_free(struct vn_dev *d, vn_dptr p)
{
    struct vn_block *b = base(d)->blocks;

    if (!p)
        return;
    while (b && b->p != p)
        b = b->next;
    if (!b || !b->live) {                        /* a broken program: going on would give one block to two owners */
        fprintf(stderr, "vn_dev_free: %#llx is not a live block\n", p);
        abort();
    }
    b->live = false;
    base(d)->info.in_use -= b->cap;
    if (b->owner)
        vn_raw_mark(b->owner, p, b->cap, 0);
}

void vn_pool_disown(struct vn_dev *d, struct vn_stream *s)
{
    for (struct vn_block *b = base(d)->blocks; b; b = b->next)
        if (b->owner == s)
            b->owner = NULL;
}

void vn_pool_close(struct vn_dev *d)
{
    for (struct vn_block *b; (b = base(d)->blocks); free(b)) {
        base(d)->blocks = b->next;
        vn_raw_free(d, b->p);
    }
}
