/* tiff_file.c - page chain, handles. */
#include "tiff_file.h"
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include "mem.h"

/* ---- the chain of directories ---- */

enum { MAX_ENTRIES = 4096, MAX_PAGES = 1 << 26 };
struct walk { const struct vn_file_src *f; bool big, swap; };

static uint64_t number(const struct walk *w, const unsigned char *p, int size)
{
    uint16_t a;
    uint32_t b;
    uint64_t c;

    if (size == 1)
        return *p;
    if (size == 2) {
        memcpy(&a, p, 2);
        return w->swap ? __builtin_bswap16(a) : a;
    }
    if (size == 4) {
        memcpy(&b, p, 4);
        return w->swap ? __builtin_bswap32(b) : b;
    }
    memcpy(&c, p, 8);
    return w->swap ? __builtin_bswap64(c) : c;
}

/* Value of an entry that holds one whole number; false when it is anything else. */
static bool entry_value(const struct walk *w, const unsigned char *e, uint64_t *value, uint64_t *count)
{
    uint64_t type = number(w, e + 2, 2);
    int size = type == 1 ? 1 : type == 3 ? 2 : type == 4 || type == 13 ? 4 : type == 16 || type == 18 ? 8 : 0;
    const unsigned char *v = e + (w->big ? 12 : 8);

    *count = number(w, e + 4, w->big ? 8 : 4);
    if (*count != 1 || !size || (size == 8 && !w->big))
        return false;
    *value = number(w, v, size);
    return true;
}

/* What one directory says in its own entries (e, n of them). */
static void read_entries(const struct walk *w, const unsigned char *e, uint64_t n, struct vn_tiff_page *p, struct vn_tiff_dir *d)
{
    uint64_t v = 0, count, compression = 1, samples = 1, rows = UINT64_MAX, raw = 0, fill = 1, bits = 1;
    bool plain = true;

    for (uint64_t i = 0; i < n; i++, e += w->big ? 20 : 12) {
        uint64_t tag = number(w, e, 2);
        bool one = entry_value(w, e, &v, &count);
        switch (tag) {
        case 254: p->subfile = one ? (uint16_t)v : 0; break;
        case 255: p->subfile |= one && v == 2 ? 1 : 0; break;           /* the older tag: 2 = reduced */
        case 256: p->w = one && v <= INT32_MAX ? (uint32_t)v : 0; break;
        case 257: p->h = one && v <= INT32_MAX ? (uint32_t)v : 0; break;
        case 258: bits = one ? v : 0; break;
        case 259: compression = one ? v : 0; break;
        case 262: p->photo = one ? (uint16_t)v : 0; plain = plain && one; break;
        case 266: fill = one ? v : 0; break;
        case 273: p->voxels = true; raw = one ? v : 0; break;
        case 324: case 513: p->voxels = true; plain = false; break;     /* tiles, an old JPEG stream */
        case 277: samples = one ? v : 0; break;
        case 278: rows = one ? v : 0; break;
        case 317: p->predictor = one ? (uint16_t)v : 0; plain = plain && p->predictor <= 1; break;
        case 330: d->n_sub += (int64_t)(count < 1000 ? count : 1000); break;
        case 339: p->format = one ? (uint16_t)v : 0; plain = plain && one; break;
        case 322: case 323: case 32997: plain = false; break; /* tiles, depth */
        case 33628: case 33629: d->other = "MetaMorph stack (STK)"; break;
        case 34412: d->other = "Zeiss LSM file"; break;
        case 34361: d->other = "FluoView file"; break;
        }
    }
    p->bits = bits <= 64 ? (uint16_t)bits : 0;
    p->samples = samples <= UINT16_MAX ? (uint16_t)samples : 0;
    bool whole = bits == 8 || bits == 16 || bits == 32 || bits == 64;
    if (plain && whole && compression == 1 && samples == 1 && fill == 1 && p->w && p->h && rows >= p->h)
        p->raw = raw;
}

/* Reads the directory at p->ifd; *next: offset of the next one, 0 at the end. */
static int read_directory(const struct walk *w, unsigned char *buf, int64_t index, struct vn_tiff_page *p, uint64_t *next,
                          struct vn_tiff_dir *d, struct vn_err *err)
{
    const uint64_t head = w->big ? 8 : 2, each = w->big ? 20 : 12, link = w->big ? 8 : 4, room = head + MAX_ENTRIES * each + link;
    uint64_t size = w->f->size;

    if (p->ifd < 8 || p->ifd >= size || size - p->ifd < head)
        return vn_fail(err, VN_E_FORMAT, "'%s' ends at byte %" PRIu64 ", but the directory of page %" PRId64 " should be at %" PRIu64 ": it was cut short",
                       w->f->path, size, index + 1, p->ifd);
    uint64_t have = size - p->ifd < 600 ? size - p->ifd : 600;            /* most directories in one read */
    int rc = vn_file_pread(w->f, buf, p->ifd, have, err);
    if (rc)
        return rc;
    uint64_t n = number(w, buf, w->big ? 8 : 2);
    if (n == 0 || n > MAX_ENTRIES)
        return vn_fail(err, VN_E_FORMAT, "'%s', page %" PRId64 ": a directory of %" PRIu64 " entries (1 to %d are possible)",
                       w->f->path, index + 1, n, MAX_ENTRIES);
    uint64_t need = head + n * each + link;
    if (need > room || (need > have && (rc = vn_file_pread(w->f, buf, p->ifd, need, err))))
        return need > room ? vn_fail(err, VN_E_FORMAT, "'%s', page %" PRId64 ": directory too large", w->f->path, index + 1) : rc;
    read_entries(w, buf + head, n, p, d);
    *next = number(w, buf + head + n * each, (int)link);
    return 0;
}

static int add_page(struct vn_tiff_dir *d, int64_t *cap, const struct vn_tiff_page *p, struct vn_err *err)
{
    if (d->n == *cap) {
        struct vn_tiff_page *more = vn_realloc(d->page, (uint64_t)(*cap ? 2 * *cap : 64) * sizeof *more, err);
        if (!more)
            return VN_E_MEMORY;
        d->page = more;
        *cap = *cap ? 2 * *cap : 64;
    }
    d->page[d->n++] = *p;
    return 0;
}

/* Leaves out reduced copies (1) and transparency masks (4), but never everything. */
static void drop_extras(struct vn_tiff_dir *d)
{
    int64_t n = 0;
    for (int64_t i = 0; i < d->n; i++)
        if (!(d->page[i].subfile & 5))
            d->page[n++] = d->page[i];
    d->n_dropped = n ? d->n - n : d->n - 1;
    d->n -= d->n_dropped;
}

int vn_tiff_walk(const struct vn_file_src *f, struct vn_tiff_dir *out, struct vn_err *err)
{
    unsigned char head[16] = { 0 };
    struct walk w = { .f = f };
    struct vn_tiff_dir d = { 0 };
    int64_t cap = 0, count = 0, lap = 64;
    uint64_t at, mark = 0, next = 0;

    int rc = vn_file_pread(f, head, 0, 8, err);
    if (rc)
        return rc;
    d.swap = w.swap = (head[0] == 'M') != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
    w.big = number(&w, head + 2, 2) == 43;
    if (w.big && (rc = vn_file_pread(f, head, 0, 16, err)))
        return rc;
    at = w.big ? number(&w, head + 8, 8) : number(&w, head + 4, 4);
    unsigned char *buf = vn_alloc(8 + 20 * MAX_ENTRIES + 8, err);
    if (!buf)
        return VN_E_MEMORY;
    if (at == 0)
        rc = vn_fail(err, VN_E_FORMAT, "'%s' is a TIFF file without a page", f->path);
    for (; !rc && at; at = next, count++) {
        struct vn_tiff_page p = { .ifd = at, .format = 1 };
        /* Brent's cycle detection: compare with a mark that moves up at doubling intervals. */
        if (at == mark || count == MAX_PAGES) {
            rc = vn_fail(err, VN_E_FORMAT, "'%s': its page directories form a loop", f->path);
            break;
        }
        if (count == lap || count == 0) {
            mark = at;
            lap = count ? 2 * lap : lap;
        }
        if (!(rc = read_directory(&w, buf, count, &p, &next, &d, err)))
            rc = add_page(&d, &cap, &p, err);
    }
    vn_free(buf);
    if (rc) {
        vn_free(d.page);
        return rc;
    }
    drop_extras(&d);
    *out = d;
    return 0;
}

void vn_tiff_dir_free(struct vn_tiff_dir *d)
{
    vn_free(d->page);
    *d = (struct vn_tiff_dir) { 0 };
}

/* ---- handles ---- */

static tmsize_t do_read(thandle_t h, void *buf, tmsize_t n)
{
    struct vn_tiff *t = h;
    tmsize_t done = 0;

    while (done < n) {
        ssize_t got = pread(t->fd, (char *)buf + done, (size_t)(n - done), (off_t)(t->pos + (uint64_t)done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            t->errnum = errno;
            return -1;
        }
        if (got == 0)
            break;
        done += got;
    }
    t->pos += (uint64_t)done;
    return done;
}

static tmsize_t do_write(thandle_t h, void *buf, tmsize_t n)
{
    struct vn_tiff *t = h;
    tmsize_t done = 0;

    while (done < n) {
        ssize_t put = pwrite(t->fd, (const char *)buf + done, (size_t)(n - done), (off_t)(t->pos + (uint64_t)done));
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0) {
            t->errnum = put < 0 ? errno : ENOSPC;
            return -1;
        }
        done += put;
    }
    t->pos += (uint64_t)done;
    if (t->pos > t->size)
        t->size = t->pos;
    return done;
}

static toff_t do_seek(thandle_t h, toff_t off, int whence)
{
    struct vn_tiff *t = h;
    t->pos = whence == SEEK_SET ? off : whence == SEEK_CUR ? t->pos + off : t->size + off;
    return t->pos;
}
static int do_close(thandle_t h)
{
    (void)h;
    return 0;
}
static toff_t do_size(thandle_t h) { return ((struct vn_tiff *)h)->size; }
static int do_map(thandle_t h, void **base, toff_t *size)
{
    (void)h, (void)base, (void)size;
    return 0;
}
static void do_unmap(thandle_t h, void *base, toff_t size) { (void)h, (void)base, (void)size; }

static int on_error(TIFF *tif, void *user, const char *module, const char *fmt, va_list ap)
{
    struct vn_tiff *t = user;
    (void)tif, (void)module;
    if (!t->msg[0])
        vsnprintf(t->msg, sizeof t->msg, fmt, ap);
    return 1;                                            /* handled: nothing is printed */
}
static int on_warning(TIFF *tif, void *user, const char *module, const char *fmt, va_list ap)
{
    struct vn_tiff *t = user;
    (void)tif, (void)module;
    if (!t->warning[0])
        vsnprintf(t->warning, sizeof t->warning, fmt, ap);
    return 1;
}

static void quiet(void)                                  /* for the few messages libtiff gives without a handle */
{
    TIFFSetErrorHandler(NULL);
    TIFFSetWarningHandler(NULL);
}

int vn_tiff_new(int fd, const char *path, const char *mode, struct vn_tiff **out, struct vn_err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct vn_tiff *t = vn_calloc(1, sizeof *t, err);
    uint64_t most = vn_mem_budget() / 2;

    if (!t)
        return VN_E_MEMORY;
    pthread_once(&once, quiet);
    t->fd = fd;
    off_t end = lseek(fd, 0, SEEK_END);
    t->size = end > 0 ? (uint64_t)end : 0;
    TIFFOpenOptions *o = TIFFOpenOptionsAlloc();
    if (o) {
        TIFFOpenOptionsSetMaxSingleMemAlloc(o, (tmsize_t)(most < (64u << 20) ? 64u << 20 : most));
        TIFFOpenOptionsSetErrorHandlerExtR(o, on_error, t);
        TIFFOpenOptionsSetWarningHandlerExtR(o, on_warning, t);
        t->tif = TIFFClientOpenExt(path, mode, t, do_read, do_write, do_seek, do_close, do_size, do_map, do_unmap, o);
        TIFFOpenOptionsFree(o);
    }
    if (!t->tif) {
        int rc = vn_tiff_fail(t, path, -1, err);
        vn_free(t);
        return rc;
    }
    *out = t;
    return 0;
}

void vn_tiff_free(struct vn_tiff *t)
{
    if (!t)
        return;
    if (t->tif)
        TIFFClose(t->tif);
    vn_free(t);
}

int vn_tiff_fail(struct vn_tiff *t, const char *path, int64_t page, struct vn_err *err)
{
    const char *why = t->msg[0] ? t->msg : t->warning[0] ? t->warning : "libtiff could not handle it";
    enum vn_code code = t->errnum ? VN_E_IO : VN_E_FORMAT;

    if (t->errnum)
        why = strerror(t->errnum);
    if (page < 0)
        return vn_fail(err, code, "'%s': %s", path, why);
    return vn_fail(err, code, "'%s', page %" PRId64 ": %s", path, page + 1, why);
}

int vn_tiff_page(struct vn_tiff *t, const char *path, uint64_t ifd, int64_t page, struct vn_err *err)
{
    t->msg[0] = t->warning[0] = 0;
    t->errnum = 0;
    if (t->ifd == ifd)
        return 0;
    t->ifd = 0;
    if (!TIFFSetSubDirectory(t->tif, ifd))
        return vn_tiff_fail(t, path, page, err);
    t->ifd = ifd;
    t->msg[0] = t->warning[0] = 0;                       /* what it noticed but could live with */
    return 0;
}

int vn_tiff_take(struct vn_tiff_pool *p, const struct vn_file_src *f, uint64_t ifd, struct vn_tiff **out, struct vn_err *err)
{
    struct vn_tiff *t = NULL;

    pthread_mutex_lock(&p->lock);
    struct vn_tiff **best = &p->idle;
    for (struct vn_tiff **i = &p->idle; *i; i = &(*i)->next)
        if ((*i)->ifd == ifd)
            best = i;
    if ((t = *best)) {
        *best = t->next;
        t->next = NULL;
    }
    pthread_mutex_unlock(&p->lock);
    *out = t;
    /* m: no mapping (a shrinking file would kill the program); c: no strips cut up; h: no page read yet;
     * O: strip offsets read when they are needed, a few at a time. */
    return t ? 0 : vn_tiff_new(f->fd, f->path, "rmchO", out, err);
}

void vn_tiff_give(struct vn_tiff_pool *p, struct vn_tiff *t)
{
    if (!t)
        return;
    pthread_mutex_lock(&p->lock);
    t->next = p->idle;
    p->idle = t;
    pthread_mutex_unlock(&p->lock);
}
