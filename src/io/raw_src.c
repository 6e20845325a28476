/* raw_src.c - reading boxes of plainly stored numbers. */
#include "raw_src.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include "gz_read.h"
#include "mem.h"

/* Descriptors kept open; where there are more files, each is opened for every read. */
enum { KEEP_OPEN = 64, TEXT_ROOM = 65536, MOST_AT_ONCE = 16 << 20 };

struct part { char *path; int fd; uint64_t lead, size; struct vn_gz *gz; };
struct raw_src {
    struct vn_file_src f;
    struct part *part;
    int64_t n_part;
    enum vn_coding coding;
    uint64_t each;               /* decoded bytes of voxels in every part */
    uint64_t skip;
    size_t size;                 /* of a number */
    int64_t first;               /* number of this channel's and time's first voxel */
    int axis[3];                 /* of the box, the fastest in the file first */
    int64_t stride[3];           /* along axis[i] */
};

/* ---- files ---- */

int vn_raw_fd(const char *path, uint64_t *size, struct vn_key *key, int *fd, struct vn_err *err)
{
    struct stat st;

    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0)
        return vn_fail(err, VN_E_IO, "cannot open '%s': %s", path, strerror(errno));
    if (fstat(*fd, &st) || !S_ISREG(st.st_mode)) {
        close(*fd);
        *fd = -1;
        return vn_fail(err, VN_E_IO, "'%s' is not a file", path);
    }
    *size = (uint64_t)st.st_size;
    if (key) {
        char *full = realpath(path, NULL);
        *key = vn_key_str(*key, full ? full : path);
        free(full);
        *key = vn_key_add(*key, &st.st_size, sizeof st.st_size);
        *key = vn_key_add(*key, &st.st_mtim.tv_sec, sizeof st.st_mtim.tv_sec);
        *key = vn_key_add(*key, &st.st_mtim.tv_nsec, sizeof st.st_mtim.tv_nsec);
    }
    return 0;
}

static ssize_t pread_some(int fd, void *buf, size_t n, uint64_t at)
{
    ssize_t got;
    do
        got = pread(fd, buf, n, (off_t)at);
    while (got < 0 && errno == EINTR);
    return got;
}

char *vn_raw_head(const char *path, size_t limit, size_t *n, struct vn_err *err)
{
    uint64_t size;
    int fd;

    if (vn_raw_fd(path, &size, NULL, &fd, err))
        return NULL;
    size_t room = size < limit ? (size_t)size : limit;
    char *s = vn_alloc(room + 1, err);
    ssize_t got = 1;
    for (*n = 0; s && *n < room && got > 0; *n += got > 0 ? (size_t)got : 0)
        got = pread_some(fd, s + *n, room - *n, *n);
    close(fd);
    if (s && got < 0) {
        vn_fail(err, VN_E_IO, "cannot read '%s': %s", path, strerror(errno));
        vn_free(s);
        return NULL;
    }
    if (s)
        s[*n] = 0;
    return s;
}

char *vn_raw_trim(char *s)
{
    while (*s == ' ' || *s == '\t')
        s++;
    for (char *e = s + strlen(s); e > s && isspace((unsigned char)e[-1]);)
        *--e = 0;
    return s;
}

/* A file of voxels, named in a header: beside it, unless the name is absolute. */
static char *beside(const char *header, const char *name, struct vn_err *err)
{
    const char *slash = strrchr(header, '/');

    if (name[0] == '/' || !slash)
        return vn_strdup(name, err);
    return vn_sprintf(err, "%.*s%s", (int)(slash + 1 - header), header, name);
}

static int add_name(struct vn_names *l, const char *header, const char *name, size_t len, struct vn_err *err)
{
    char one[PATH_MAX];

    if (len == 0 || len >= sizeof one)
        return vn_fail(err, VN_E_FORMAT, "'%s' names a file of voxels with %zu bytes of name", header, len);
    memcpy(one, name, len);
    one[len] = 0;
    if ((l->n & (l->n - 1)) == 0) {                              /* room for twice as many at every power of two */
        char **s = vn_realloc(l->s, (uint64_t)(l->n ? 2 * l->n : 1) * sizeof *s, err);
        if (!s)
            return VN_E_MEMORY;
        l->s = s;
    }
    l->s[l->n] = beside(header, one, err);
    return l->s[l->n] ? (l->n++, 0) : VN_E_MEMORY;
}

/* "name%03d.raw" with the numbers first, first + step, ... last: one %d, plain width, nothing else. */
static int add_numbered(struct vn_names *l, const char *header, const char *pattern, int64_t first, int64_t last,
                   int64_t step, struct vn_err *err)
{
    const char *p = strchr(pattern, '%'), *end;
    char one[PATH_MAX];
    int width = 0, rc = 0;
    bool zeros;

    if (!p)
        return vn_fail(err, VN_E_FORMAT, "'%s': the pattern '%.200s' of its files has no %%d", header, pattern);
    zeros = p[1] == '0';
    for (end = p + 1; *end >= '0' && *end <= '9' && width < 100; end++)
        width = width * 10 + (*end - '0');
    if (*end != 'd' && *end != 'i' && *end != 'u')
        return vn_fail(err, VN_E_FORMAT, "'%s': the pattern '%.200s' of its files has no plain %%d", header, pattern);
    end++;
    if (width > 30 || strchr(end, '%') || step == 0 || (step > 0 ? last < first : last > first) || first < 0 ||
        last < 0)
        return vn_fail(err, VN_E_FORMAT,
                       "'%s': its files '%.200s' from %" PRId64 " to %" PRId64 " by %" PRId64 " make no sense", header,
                       pattern, first, last, step);
    if ((last - first) / step >= 1 << 20)
        return vn_fail(err, VN_E_FORMAT, "'%s' names more than a million files", header);
    for (int64_t k = 0; !rc && k <= (last - first) / step; k++) {
        const int64_t i = first + k * step;
        int n = zeros ? snprintf(one, sizeof one, "%.*s%0*" PRId64 "%s", (int)(p - pattern), pattern, width, i, end)
                      : snprintf(one, sizeof one, "%.*s%*" PRId64 "%s", (int)(p - pattern), pattern, width, i, end);
        if (n < 0 || n >= (int)sizeof one)
            return vn_fail(err, VN_E_FORMAT, "'%s': the names of its files are too long", header);
        rc = add_name(l, header, one, (size_t)n, err);
    }
    return rc;
}

int vn_names_read(struct vn_names *l, const char *header, const char *value, char *rest, struct vn_err *err)
{
    char pattern[1024];
    long long first, last, step = 1;
    int rc = 0;

    if (strncasecmp(value, "LIST", 4) != 0 || (value[4] && !isspace((unsigned char)value[4]))) {
        if (strchr(value, '%') && sscanf(value, "%1023s %lld %lld %lld", pattern, &first, &last, &step) >= 3)
            return add_numbered(l, header, pattern, first, last, step, err);
        return add_name(l, header, value, strlen(value), err);
    }
    while (!rc && rest && *rest) {
        char *nl = strchr(rest, '\n'), *next = nl ? nl + 1 : rest + strlen(rest);
        if (nl)
            *nl = 0;
        rest = vn_raw_trim(rest);
        if (*rest)
            rc = add_name(l, header, rest, strlen(rest), err);
        rest = next;
    }
    return rc || l->n ? rc : vn_fail(err, VN_E_FORMAT, "'%s' promises a list of its files, but has none", header);
}

void vn_names_free(struct vn_names *l)
{
    for (int64_t i = 0; i < l->n; i++)
        vn_free(l->s[i]);
    vn_free(l->s);
    *l = (struct vn_names) { 0 };
}

/* ---- numbers written as text ---- */

struct cursor {
    const struct raw_src *s;
    int64_t part, n;             /* numbers made so far, of all parts */
    int fd;
    uint64_t pos;                /* file offset after buf */
    size_t at, have;
    unsigned char buf[TEXT_ROOM];
};

static int next_byte(struct cursor *c, int *ch, struct vn_err *err)
{
    if (c->at == c->have) {
        const struct part *p = &c->s->part[c->part];
        ssize_t got = pread_some(c->fd, c->buf, sizeof c->buf, c->pos);
        if (got < 0)
            return vn_fail(err, VN_E_IO, "cannot read '%s': %s", p->path, strerror(errno));
        c->have = (size_t)got;
        c->pos += c->have;
        c->at = 0;
    }
    *ch = c->have ? c->buf[c->at++] : -1;
    return 0;
}

static bool blank(int ch) { return ch == ' ' || ch == ',' || (ch >= '\t' && ch <= '\r'); }

/* The stored number as which the text t lies in a file of voxels: false when it is none of that type. */
static bool from_text(const char *t, int stored, void *out)
{
    static const struct { int64_t lo; uint64_t hi;
    } range[] = {
        [VN_U8] = { 0, UINT8_MAX },
        [VN_U16] = { 0, UINT16_MAX },
        [VN_U32] = { 0, UINT32_MAX },
        [VN_I8] = { INT8_MIN, INT8_MAX },
        [VN_I16] = { INT16_MIN, INT16_MAX },
        [VN_I32] = { INT32_MIN, INT32_MAX },
        [VN_S_I64] = { INT64_MIN, INT64_MAX },
        [VN_S_U64] = { 0, UINT64_MAX },
    };
    char *end;

    errno = 0;
    if (stored == VN_F32 || stored == VN_F64) {
        double d = strtod(t, &end);
        float f = (float)d;
        memcpy(out, stored == VN_F32 ? (void *)&f : (void *)&d, stored == VN_F32 ? 4 : 8);
        return !*end && end != t;
    }
    int64_t i = 0;
    uint64_t u = 0;
    if (*t == '-') {
        i = strtoll(t, &end, 10);
        u = (uint64_t)i;
        if (i < range[stored].lo)
            return false;
    } else {
        u = strtoull(t, &end, 10);
        if (u > range[stored].hi)
            return false;
    }
    memcpy(out, &u, vn_stored_size(stored));                      /* little-endian, two's complement */
    return !*end && end != t && errno == 0;
}

static int hex_digit(int ch)
{
    const int c = ch | 32;
    return ch >= '0' && ch <= '9' ? ch - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int next_number(struct cursor *c, unsigned char *out, struct vn_err *err)
{
    const struct raw_src *s = c->s;
    const char *path;
    char t[64];
    int ch, rc;

    if (c->fd < 0 || (c->n && (uint64_t)c->n * s->size % s->each == 0)) {
        if (c->fd >= 0) {
            close(c->fd);
            c->fd = -1;
            c->part++;
        }
        uint64_t size;
        if ((rc = vn_raw_fd(s->part[c->part].path, &size, NULL, &c->fd, err)))
            return rc;
        c->pos = s->part[c->part].lead;
        c->at = c->have = 0;
    }
    path = s->part[c->part].path;
    for (size_t k = 0, digits = s->coding == VN_CODE_HEX ? 2 * s->size : 0; k < digits;) {
        if ((rc = next_byte(c, &ch, err)))
            return rc;
        const int v = hex_digit(ch);
        if (v < 0 && !blank(ch))
            return ch < 0
                       ? vn_fail(err, VN_E_FORMAT, "'%s' ends after number %" PRId64 ": it was cut short", path, c->n)
                       : vn_fail(err, VN_E_FORMAT,
                                 "'%s': its number %" PRId64 " has the byte %d, which is no hexadecimal digit", path,
                                 c->n, ch);
        if (v >= 0) {
            out[k / 2] = (unsigned char)(k % 2 ? out[k / 2] | v : v << 4);
            k++;
        }
    }
    if (s->coding == VN_CODE_TEXT) {
        size_t k = 0;
        do
            if ((rc = next_byte(c, &ch, err)))
                return rc;
        while (blank(ch));
        if (ch < 0)
            return vn_fail(err, VN_E_FORMAT, "'%s' ends after number %" PRId64 ": it was cut short", path, c->n);
        for (; ch >= 0 && !blank(ch) && k < sizeof t - 1; rc = next_byte(c, &ch, err)) {
            if (rc)
                return rc;
            t[k++] = ch > 32 && ch < 127 ? (char)ch : '?';
        }
        if (rc)
            return rc;
        t[k] = 0;
        if (!from_text(t, s->f.map.stored, out))
            return vn_fail(err, VN_E_FORMAT, "'%s': its number %" PRId64 " is '%s', which is not a number of its type",
                           path, c->n, t);
    }
    c->n++;
    return 0;
}

/* Numbers at, at + 1, ... of the file; asked for in rising order. */
static int text_read(struct cursor *c, unsigned char *buf, int64_t at, int64_t n, struct vn_job *job,
                     struct vn_err *err)
{
    unsigned char waste[8];
    int rc = 0;

    while (!rc && c->n < at + n) {
        rc = next_number(c, c->n < at ? waste : buf + (size_t)(c->n - at) * c->s->size, err);
        if (!rc && c->n % 65536 == 0 && vn_job_stop(job))
            rc = vn_fail(err, VN_E_CANCELLED, "cancelled");
    }
    return rc;
}

/* ---- reading ---- */

static int plain_read(const struct part *p, int fd, unsigned char *buf, uint64_t at, uint64_t n, struct vn_err *err)
{
    while (n > 0) {
        ssize_t got = pread_some(fd, buf, n, at);
        if (got < 0)
            return vn_fail(err, VN_E_IO, "cannot read '%s': %s", p->path, strerror(errno));
        if (got == 0)
            return vn_fail(err, VN_E_IO, "'%s' has become shorter while it was read", p->path);
        buf += got;
        at += (uint64_t)got;
        n -= (uint64_t)got;
    }
    return 0;
}

static int part_read(const struct raw_src *s, const struct part *p, unsigned char *buf, uint64_t at, uint64_t n,
                     struct vn_job *job, struct vn_err *err)
{
    struct vn_gz *gz = p->gz;
    uint64_t size;
    int fd = p->fd, rc = 0;

    if (fd < 0 && (rc = vn_raw_fd(p->path, &size, NULL, &fd, err)))
        return rc;
    if (s->coding == VN_CODE_PLAIN) {
        rc = plain_read(p, fd, buf, p->lead + at, n, err);
    } else {
        if (!gz && !(gz = vn_gz_new(fd, p->path, p->lead, s->skip + s->each, err)))
            rc = VN_E_MEMORY;
        if (!rc)
            rc = vn_gz_read(gz, buf, s->skip + at, n, job, err);
        if (gz != p->gz)
            vn_gz_free(gz);
    }
    if (fd != p->fd)
        close(fd);
    return rc;
}

static int read_numbers(const struct raw_src *s, struct cursor *c, unsigned char *buf, int64_t first, int64_t count,
                        struct vn_job *job, struct vn_err *err)
{
    uint64_t at = (uint64_t)first * s->size, n = (uint64_t)count * s->size;
    int rc = 0;

    if (c)
        return text_read(c, buf, first, count, job, err);
    while (!rc && n > 0) {
        uint64_t in = at % s->each, some = s->each - in < n ? s->each - in : n;
        rc = part_read(s, &s->part[at / s->each], buf, in, some, job, err);
        buf += some;
        at += some;
        n -= some;
    }
    return rc;
}

/* One read takes as many of the file's axes, the fastest first, as lie together and are not too much at once. */
struct plan { int64_t n[3], step[3], span; };
static struct plan plan_reads(const struct raw_src *s, const struct vn_box *b)
{
    struct plan p = { .step = { 1, 1, 1 }, .span = 1 };
    int64_t last = 1;

    for (int i = 0; i < 3; i++)
        p.n[i] = vn_box_dim(b, s->axis[i]);
    for (int i = 0; i < 3; i++) {
        int64_t span = (p.n[i] - 1) * s->stride[i] + p.span;
        bool close = i == 0 || span / 2 <= p.n[i] * last;
        if (!close || (uint64_t)span > MOST_AT_ONCE / s->size)
            break;
        p.step[i] = p.n[i];
        p.span = last = span;
    }
    return p;
}

struct rows { unsigned char *raw, *packed, *made; };

/* Row j (along axis[0]) of the numbers read into raw, to its place in dst; x, y, z where the row begins. */
static int put_row(const struct raw_src *s, const struct rows *r, unsigned char *from, int64_t n, const int64_t p[3],
                   struct vn_buf *dst, struct vn_err *err)
{
    const size_t in = s->size, out = vn_type_size(dst->type);
    const int64_t step = s->axis[0] == 0 ? 1 : dst->stride[s->axis[0] - 1];
    char *to = (char *)dst->data + (size_t)vn_buf_at(dst, p[0], p[1], p[2]) * out;

    for (int64_t i = 0; s->stride[0] != 1 && i < n; i++)
        memcpy(r->packed + (size_t)i * in, from + (size_t)(i * s->stride[0]) * in, in);
    if (s->stride[0] != 1)
        from = r->packed;
    int rc = vn_rowmap_row(&s->f.map, from, step == 1 ? to : (char *)r->made, n, s->f.path, err);
    for (int64_t i = 0; !rc && step != 1 && i < n; i++)
        memcpy(to + (size_t)(i * step) * out, r->made + (size_t)i * out, out);
    return rc;
}

static int read_box(const struct raw_src *s, const struct plan *p, const struct rows *r, struct cursor *c,
                    struct vn_buf *dst, struct vn_job *job, struct vn_err *err)
{
    int64_t k[3], j[3] = { 0 }, pos[3];
    int rc = 0;

    for (k[2] = 0; k[2] < p->n[2]; k[2] += p->step[2])
        for (k[1] = 0; k[1] < p->n[1]; k[1] += p->step[1])
            for (k[0] = 0; k[0] < p->n[0]; k[0] += p->step[0]) {
                int64_t at = s->first;
                for (int i = 0; i < 3; i++)
                    at += (dst->box.lo[s->axis[i]] - s->f.src.box.lo[s->axis[i]] + k[i]) * s->stride[i];
                if (vn_job_stop(job))
                    return vn_fail(err, VN_E_CANCELLED, "cancelled");
                rc = read_numbers(s, c, r->raw, at, p->span, job, err);
                for (j[2] = 0; j[2] < p->step[2]; j[2]++)
                    for (j[1] = 0; !rc && j[1] < p->step[1]; j[1]++) {
                        for (int i = 0; i < 3; i++)
                            pos[s->axis[i]] = dst->box.lo[s->axis[i]] + k[i] + j[i];
                        rc = put_row(s, r, r->raw + (size_t)(j[2] * s->stride[2] + j[1] * s->stride[1]) * s->size,
                                     p->step[0], pos, dst, err);
                    }
                if (rc)
                    return rc;
            }
    return 0;
}

static int raw_read(struct vn_src *src, int level, struct vn_buf *dst, struct vn_job *job, struct vn_err *err)
{
    const struct raw_src *s = (struct raw_src *)src;
    const struct plan p = plan_reads(s, &dst->box);
    struct rows r = { 0 };
    struct cursor *c = NULL;
    int rc = 0;

    (void)level;
    r.raw = vn_alloc((uint64_t)p.span * s->size, err);
    r.packed = r.raw ? vn_alloc((uint64_t)p.step[0] * s->size, err) : NULL;
    r.made = r.packed ? vn_alloc((uint64_t)p.step[0] * vn_type_size(dst->type), err) : NULL;
    if (!r.made || ((s->coding == VN_CODE_TEXT || s->coding == VN_CODE_HEX) && !(c = vn_calloc(1, sizeof *c, err)))) {
        rc = VN_E_MEMORY;
    } else {
        if (c) {
            c->s = s;
            c->fd = -1;
        }
        rc = read_box(s, &p, &r, c, dst, job, err);
    }
    if (c && c->fd >= 0)
        close(c->fd);
    vn_free(c);
    vn_free(r.made);
    vn_free(r.packed);
    vn_free(r.raw);
    return rc;
}

static void raw_free(struct vn_src *src)
{
    struct raw_src *s = (struct raw_src *)src;

    for (int64_t i = 0; i < s->n_part; i++) {
        vn_gz_free(s->part[i].gz);
        if (s->part[i].fd >= 0)
            close(s->part[i].fd);
        vn_free(s->part[i].path);
    }
    vn_free(s->part);
    vn_file_src_done(&s->f);
    vn_free(s);
}

static const struct vn_src_ops raw_ops = { raw_read, raw_free };

/* ---- opening ---- */

void vn_raw_strides(struct vn_raw *r, const int *axis, int n)
{
    int64_t s = 1;
    for (int k = 0; k < 5; k++)
        r->stride[k] = 0;
    for (int i = 0; i < n; i++) {
        r->stride[axis[i]] = s;
        if (__builtin_mul_overflow(s, r->dim[axis[i]], &s))
            return;                                               /* vn_raw_open refuses such sizes */
    }
}

/* Offset after `lines` newlines from `at` on. */
static int skip_lines(const struct part *p, int fd, uint64_t lines, uint64_t *at, struct vn_err *err)
{
    char buf[4096];

    for (uint64_t done = 0; done < lines;) {
        ssize_t got = pread_some(fd, buf, sizeof buf, *at);
        if (got <= 0)
            return vn_fail(err, VN_E_FORMAT, "'%s' has %" PRIu64 " lines, but %" PRIu64 " should be skipped", p->path,
                           done, lines);
        ssize_t i = 0;
        while (i < got && done < lines)
            done += buf[i++] == '\n';
        *at += (uint64_t)i;
    }
    return 0;
}

static int open_part(struct raw_src *s, const struct vn_raw *r, struct part *p, struct vn_err *err)
{
    uint64_t need = s->coding == VN_CODE_TEXT ? s->each / s->size * 2 - 1 : s->each << (s->coding == VN_CODE_HEX);
    int fd, rc = vn_raw_fd(p->path, &p->size, &s->f.src.key, &fd, err);

    if (rc)
        return rc;
    p->lead = r->lead;
    rc = skip_lines(p, fd, r->lines, &p->lead, err);
    if (!rc && s->coding == VN_CODE_DEFLATE)                      /* deflate never does better than 1032 : 1 */
        need = (s->each + s->skip) / 1040;
    else if (!rc && __builtin_add_overflow(p->lead, s->skip, &p->lead))
        p->lead = UINT64_MAX;
    if (!rc && r->at_end)
        p->lead = p->size < need ? 0 : p->size - need;
    if (!rc && (p->lead > p->size || need > p->size - p->lead))
        rc = s->coding == VN_CODE_PLAIN
                 ? vn_fail(err, VN_E_FORMAT,
                           "'%s' ends at byte %" PRIu64 ", but its voxels go up to %" PRIu64
                           ": it was cut short, or is described wrongly",
                           p->path, p->size, p->lead + need)
                 : vn_fail(err, VN_E_FORMAT,
                           "'%s' ends at byte %" PRIu64 ", too early to hold its %" PRIu64 " voxels: it was cut short",
                           p->path, p->size, s->each / s->size);
    if (s->n_part <= KEEP_OPEN)
        p->fd = fd;
    else
        close(fd);
    if (!rc && s->coding == VN_CODE_DEFLATE && p->fd >= 0 &&
        !(p->gz = vn_gz_new(p->fd, p->path, p->lead, s->skip + s->each, err)))
        rc = VN_E_MEMORY;
    return rc;
}

static int open_parts(struct raw_src *s, const struct vn_raw *r, uint64_t all, struct vn_err *err)
{
    int64_t n = r->file ? r->n_file : 1;
    int rc = 0;

    if (n < 1 || all % (uint64_t)n || all / (uint64_t)n % s->size)
        return vn_fail(err, VN_E_FORMAT,
                       "'%s' names %" PRId64 " files, which cannot share %" PRIu64 " bytes of voxels equally", r->path,
                       n, all);
    s->each = all / (uint64_t)n;
    s->part = vn_calloc((uint64_t)n, sizeof *s->part, err);
    if (!s->part)
        return VN_E_MEMORY;
    s->n_part = n;
    for (int64_t i = 0; i < n; i++)
        s->part[i].fd = -1;
    for (int64_t i = 0; !rc && i < n; i++) {
        s->part[i].path = vn_strdup(r->file ? r->file[i] : r->path, err);
        rc = s->part[i].path ? open_part(s, r, &s->part[i], err) : VN_E_MEMORY;
        if (rc && r->file)
            vn_err_prefix(err, "the voxels of '%s'", r->path);
    }
    return rc;
}

static int check_sizes(const struct vn_raw *r, const struct vn_open_opt *opt, uint64_t *bytes, struct vn_err *err)
{
    bool fits = true;

    *bytes = vn_stored_size(r->stored);
    for (int k = 0; k < 5; k++)
        fits = fits && r->dim[k] >= 1 && r->dim[k] <= INT64_C(1) << 40 && vn_mul(*bytes, (uint64_t)r->dim[k], bytes);
    if (!fits || *bytes > INT64_MAX / 4 || r->dim[3] > INT_MAX || r->dim[4] > INT_MAX || r->lead > INT64_MAX / 4 ||
        r->skip > INT64_MAX / 4)
        return vn_fail(err, VN_E_FORMAT,
                       "'%s' says it has %" PRId64 "x%" PRId64 "x%" PRId64 " voxels, %" PRId64 " channels, %" PRId64
                       " times",
                       r->path, r->dim[0], r->dim[1], r->dim[2], r->dim[3], r->dim[4]);
    if (opt->time < 0 || opt->time >= r->dim[4])
        return vn_fail(err, VN_E_ARG, "time=%d: '%s' has %" PRId64 " time point%s (0 is the first)", opt->time, r->path,
                       r->dim[4], r->dim[4] > 1 ? "s" : "");
    if (opt->channel < 0 || opt->channel >= r->dim[3])
        return vn_fail(err, VN_E_ARG, "channel=%d: '%s' has %" PRId64 " channel%s (0 is the first)", opt->channel,
                       r->path, r->dim[3], r->dim[3] > 1 ? "s" : "");
    return 0;
}

/* Axes by their place in the file, chunks along them. */
static void lay_out(struct raw_src *s, const struct vn_raw *r)
{
    int64_t dim[3], chunk[3];

    for (int i = 0; i < 3; i++)
        s->axis[i] = i;
    for (int i = 0; i < 3; i++)
        for (int k = 2; k > i; k--)
            if (r->dim[s->axis[k]] > 1 &&
                (r->dim[s->axis[k - 1]] == 1 || r->stride[s->axis[k]] < r->stride[s->axis[k - 1]])) {
                int a = s->axis[k];
                s->axis[k] = s->axis[k - 1];
                s->axis[k - 1] = a;
            }
    for (int i = 0; i < 3; i++) {
        dim[i] = r->dim[s->axis[i]];
        s->stride[i] = dim[i] > 1 ? r->stride[s->axis[i]] : i ? s->stride[i - 1] * dim[i - 1] : 1;
    }
    vn_chunk_rows(dim, s->size, 1, chunk);
    if (s->coding == VN_CODE_DEFLATE) {              /* pieces in the order of decoding: whole planes, about 2 MB */
        double plane = (double)s->stride[2] * (double)s->size;
        chunk[1] = dim[1];
        chunk[2] = plane >= 2e6 ? 1 : vn_min64(dim[2], (int64_t)(2e6 / plane));
        if (plane > 16e6) {
            double rows = 4e6 / (plane / (double)dim[1]);
            chunk[1] = rows < 1 ? 1 : (int64_t)rows;
        }
    }
    for (int i = 0; i < 3; i++)
        s->f.src.chunk[s->axis[i]] = s->coding == VN_CODE_TEXT || s->coding == VN_CODE_HEX ? dim[i] : chunk[i];
}

/* The file's voxel size, or the note's where it only has more digits. */
static void choose_um(struct vn_file_src *f, const struct vn_raw *r)
{
    bool agree = r->note.kind != 0;

    for (int k = 0; k < 3; k++) {
        double um = fabs(r->um[k]);
        f->src.grid.um[k] = um >= 1e-6 && um <= 1e8 ? um : 0;
        agree = agree && r->note.um[k] > 0 && fabs(r->note.um[k] - um) < 1e-4 * um;
    }
    if (agree)
        memcpy(f->src.grid.um, r->note.um, sizeof r->note.um);
}

int vn_raw_open(const struct vn_raw *r, const struct vn_open_opt *opt, struct vn_vol **out, struct vn_err *err)
{
    enum vn_kind kind;
    uint64_t bytes;
    char *words = NULL;
    int rc = check_sizes(r, opt, &bytes, err);

    if (rc)
        return rc;
    struct raw_src *s = vn_calloc(1, sizeof *s, err);
    if (!s)
        return VN_E_MEMORY;
    s->coding = r->coding;
    s->size = vn_stored_size(r->stored);
    s->skip = r->skip;
    s->first = opt->channel * r->stride[3] + opt->time * r->stride[4];
    if ((rc = vn_file_src_init(&s->f, &raw_ops, r->path, err))) {
        vn_free(s);
        return rc;
    }
    s->f.map = (struct vn_rowmap){
        .stored = r->stored, .swap = r->swap && r->coding != VN_CODE_TEXT, .slope = r->slope, .inter = r->inter
    };
    memcpy(s->f.src.box.hi, r->dim, sizeof s->f.src.box.hi);
    choose_um(&s->f, r);
    lay_out(s, r);
    if ((rc = open_parts(s, r, bytes, err)) || (rc = vn_file_kind(opt, &r->note, r->kind, &kind, err)) ||
        (rc = vn_rowmap_plan(&s->f.map, kind, r->path, err)) ||
        (r->orientation && !(words = vn_strdup(r->orientation, err)))) {
        raw_free(&s->f.src);
        return rc ? rc : VN_E_MEMORY;
    }
    close(s->f.fd);                                               /* the parts have their own */
    s->f.fd = -1;
    if ((rc = vn_file_src_volume(&s->f, opt, &r->note, kind, r->dim[3], r->dim[4], out, err)))
        vn_free(words);
    else
        (*out)->orientation = words;
    return rc;
}
