/* device.c - memory pool with a budget and planned failures; error text. */
#include "device_impl.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct vn_dev_base *base(const struct vn_dev *d)
{
    return (struct vn_dev_base *)d;
}

int vn_dev_fail(struct vn_dev *d, int code, const char *fmt, ...)
{
    va_list ap;
    if (base(d)->dead)
        return base(d)->dead; /* the first error is the one worth reading */
    va_start(ap, fmt);
    vsnprintf(base(d)->error, VN_DEV_ERRLEN, fmt, ap);
    va_end(ap);
    if (code == VN_DEV_FAIL)
        base(d)->dead = code;
    return code;
}
const char *vn_dev_error(const struct vn_dev *d)
{
    return base(d)->error;
}
struct vn_dev_info vn_dev_info(const struct vn_dev *d)
{
    return base(d)->info;
}
void vn_dev_fail_alloc(struct vn_dev *d, long nth)
{
    base(d)->fail_in = nth;
}

int vn_dev_trim(struct vn_dev *d)
{
    int rc = vn_raw_sync(d);
    for (struct vn_block **pp = &base(d)->blocks, *b; (b = *pp);) {
        if (b->live) {
            pp = &b->next;
            continue;
        }
        *pp = b->next;
        base(d)->held -= b->cap;
        vn_raw_free(d, b->p);
        free(b);
    }
    return rc;
}

int vn_dev_alloc(struct vn_stream *s, vn_dptr *p, size_t n)
{
    struct vn_dev *d = ((struct vn_stream_base *)s)->dev;
    struct vn_dev_base *db = base(d);
    struct vn_block *best = NULL;
    size_t cap = (n / 512 + 1) * 512; /* always a few spare bytes: the emulator guards them */
    *p = 0;
    if (db->dead)
        return db->dead;
    if (db->fail_in && --db->fail_in == 0)
        return vn_dev_fail(d, VN_DEV_NOMEM, "out of device memory (planned by a test)");
    if (n > cap || cap > db->info.budget)
        return vn_dev_fail(d, VN_DEV_NOMEM, "%zu bytes asked, device budget is %llu", n,
                           (unsigned long long)db->info.budget);
    for (struct vn_block *b = db->blocks; b; b = b->next)
        if (!b->live && (b->owner == s || !b->owner) && b->cap >= cap && b->cap <= 2 * cap &&
            (!best || b->cap < best->cap))
            best = b;
    if (!best) {
        int rc = VN_DEV_NOMEM;
        if (!(best = malloc(sizeof *best)))
            return vn_dev_fail(d, VN_DEV_NOMEM, "out of host memory");
        if (db->held + cap <= db->info.budget)
            rc = vn_raw_alloc(d, p, cap);
        if (rc == VN_DEV_NOMEM) { /* give back what is unused, then once more */
            vn_dev_trim(d);
            if (db->held + cap <= db->info.budget)
                rc = vn_raw_alloc(d, p, cap);
        }
        if (rc) {
            free(best);
            return rc != VN_DEV_NOMEM
                       ? rc
                       : vn_dev_fail(d, rc, "out of device memory: %zu bytes asked, %llu in use, budget %llu", n,
                                     (unsigned long long)db->info.in_use, (unsigned long long)db->info.budget);
        }
        *best = (struct vn_block){.next = db->blocks, .p = *p, .cap = cap};
        db->blocks = best;
        db->held += cap;
    }
    best->live = true;
    best->owner = s;
    *p = best->p;
    db->info.in_use += best->cap;
    if (db->info.in_use > db->info.peak)
        db->info.peak = db->info.in_use;
    return vn_raw_mark(s, best->p, best->cap, n);
}

void vn_dev_free(struct vn_dev *d, vn_dptr p)
{
    struct vn_block *b = base(d)->blocks;
    if (!p)
        return;
    while (b && b->p != p)
        b = b->next;
    if (!b || !b->live) {
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
