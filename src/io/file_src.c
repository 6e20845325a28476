/* file_src.c - descriptor, stored numbers, chunk shapes. */
#include "file_src.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "mem.h"

size_t vn_stored_size(int stored)
{
    return stored < VN_N_TYPE ? vn_type_size((enum vn_type)stored) : stored == VN_S_F16 ? 2 : stored < VN_S_NONE ? 8 : 0;
}

/* ---- rows ---- */

int vn_rowmap_plan(struct vn_rowmap *m, enum vn_kind kind, const char *path, struct vn_err *err)
{
    bool scaled = m->slope != 0;
    bool real = m->stored == VN_F32 || m->stored == VN_F64 || m->stored == VN_S_F16 || scaled;

    m->binary = kind == VN_MASK || kind == VN_SKELETON;
    m->whole = kind == VN_LABELS && real;
    if (kind == VN_PROB && !real)
        return vn_fail(err, VN_E_ARG, "'%s' holds whole numbers, but a probability (kind=prob) is a real number from 0 to 1", path);
    if (m->binary)
        m->out = VN_U8;
    else if (m->whole)
        m->out = VN_I32;
    else if (m->stored == VN_F64)
        m->out = VN_F64;
    else if (real)
        m->out = VN_F32;
    else
        m->out = m->stored == VN_S_I64 ? VN_I32 : m->stored == VN_S_U64 ? VN_U32 : (enum vn_type)m->stored;
    return 0;
}

static void swap_row(void *row, size_t size, int64_t n)
{
    uint16_t *h = row;
    uint32_t *w = row;
    uint64_t *d = row;

    for (int64_t i = 0; size == 2 && i < n; i++)
        h[i] = __builtin_bswap16(h[i]);
    for (int64_t i = 0; size == 4 && i < n; i++)
        w[i] = __builtin_bswap32(w[i]);
    for (int64_t i = 0; size == 8 && i < n; i++)
        d[i] = __builtin_bswap64(d[i]);
}

/* IEEE 754 binary16, exactly. */
static double half(uint16_t h)
{
    int e = h >> 10 & 31, m = h & 1023;
    double v = e == 31 ? (m ? NAN : INFINITY) : e ? ldexp(1024 + m, e - 25) : ldexp(m, -24);
    return h & 0x8000 ? -v : v;
}

/* 64-bit integers and half floats as doubles. */
static int widen(int stored, const void *src, double *d, int64_t n, const char *path, struct vn_err *err)
{
    const int64_t *s = src;
    const uint64_t *u = src;
    const uint16_t *h = src;

    for (int64_t i = 0; i < n; i++) {
        if (stored == VN_S_I64 && (s[i] < INT32_MIN || s[i] > INT32_MAX))
            return vn_fail(err, VN_E_UNSUPPORTED, "'%s' holds the 64-bit number %" PRId64 ", which does not fit 32 bits", path, s[i]);
        if (stored == VN_S_U64 && u[i] > UINT32_MAX)
            return vn_fail(err, VN_E_UNSUPPORTED, "'%s' holds the 64-bit number %" PRIu64 ", which does not fit 32 bits", path, u[i]);
        d[i] = stored == VN_S_I64 ? (double)s[i] : stored == VN_S_U64 ? (double)u[i] : half(h[i]);
    }
    return 0;
}

/* Through double, in pieces: what is not a plain copy. */
static int map_piece(const struct vn_rowmap *m, const void *src, void *dst, int64_t n, const char *path, struct vn_err *err)
{
    double d[256];
    uint8_t *u8 = dst;
    int rc;

    if (m->stored >= VN_N_TYPE) {
        if ((rc = widen(m->stored, src, d, n, path, err)))
            return rc;
    } else {
        vn_convert_row(VN_F64, d, (enum vn_type)m->stored, src, n);
    }
    for (int64_t i = 0; m->invert > 0 && i < n; i++)
        d[i] = m->invert - d[i];
    for (int64_t i = 0; m->slope != 0 && i < n; i++)
        d[i] = d[i] * m->slope + m->inter;
    for (int64_t i = 0; m->whole && i < n; i++)
        if (!(d[i] >= INT32_MIN && d[i] <= INT32_MAX && d[i] == floor(d[i])))
            return vn_fail(err, VN_E_FORMAT, "'%s' was opened as labels but holds %g, which is not a whole number of 32 bits", path, d[i]);
    if (!m->binary)
        vn_convert_row(m->out, dst, VN_F64, d, n);
    for (int64_t i = 0; m->binary && i < n; i++)
        u8[i] = d[i] < 0 || d[i] > 0;                       /* not for NaN */
    return 0;
}

int vn_rowmap_row(const struct vn_rowmap *m, void *src, void *dst, int64_t n, const char *path, struct vn_err *err)
{
    size_t size = vn_stored_size(m->stored);

    if (m->swap)
        swap_row(src, size, n);
    if (m->stored == (int)m->out && !m->binary && !m->whole && m->invert <= 0 && m->slope == 0) {
        memcpy(dst, src, (size_t)n * size);
        return 0;
    }
    if (m->stored == VN_U8 && m->binary && m->invert <= 0 && m->slope == 0) {
        const uint8_t *s = src;
        uint8_t *d = dst;
        for (int64_t i = 0; i < n; i++)
            d[i] = s[i] != 0;
        return 0;
    }
    for (int64_t i = 0; i < n; i += 256) {
        int rc = map_piece(m, (char *)src + (size_t)i * size, (char *)dst + (size_t)i * vn_type_size(m->out), vn_min64(256, n - i), path, err);
        if (rc)
            return rc;
    }
    return 0;
}

/* ---- source ---- */

int vn_file_src_init(struct vn_file_src *s, const struct vn_src_ops *ops, const char *path, struct vn_err *err)
{
    struct stat st;
    unsigned char head[4096];
    char whole[PATH_MAX];

    vn_src_init(&s->src, ops);
    s->path = NULL;
    s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);      /* a pipe that a header names does not hold us up */
    const bool opened = s->fd >= 0 && fstat(s->fd, &st) == 0;
    if (!opened || !S_ISREG(st.st_mode)) {
        int rc = opened ? vn_fail(err, VN_E_IO, "'%s' is not a file", path) : vn_fail(err, VN_E_IO, "cannot open '%s': %s", path, strerror(errno));
        vn_file_src_done(s);
        return rc;
    }
    s->size = (uint64_t)st.st_size;
    s->path = vn_strdup(path, err);
    if (!s->path) {
        vn_file_src_done(s);
        return VN_E_MEMORY;
    }
    ssize_t got = pread(s->fd, head, sizeof head, 0);
    struct vn_key k = vn_key_str(vn_key_start(), realpath(path, whole) ? whole : path);
    k = vn_key_add(k, &st.st_size, sizeof st.st_size);
    k = vn_key_add(k, &st.st_mtim.tv_sec, sizeof st.st_mtim.tv_sec);
    k = vn_key_add(k, &st.st_mtim.tv_nsec, sizeof st.st_mtim.tv_nsec);
    s->src.key = vn_key_add(k, head, got > 0 ? (size_t)got : 0);
    return 0;
}

void vn_file_src_done(struct vn_file_src *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    vn_free(s->path);
    s->path = NULL;
}

int vn_file_pread(const struct vn_file_src *s, void *buf, uint64_t at, uint64_t n, struct vn_err *err)
{
    uint64_t done = 0;

    if (n > s->size || at > s->size - n)
        return vn_fail(err, VN_E_FORMAT, "'%s' ends at byte %" PRIu64 ", but voxels should be there up to byte %" PRIu64 ": it was cut short",
                       s->path, s->size, at + n);
    while (done < n) {
        ssize_t got = pread(s->fd, (char *)buf + done, n - done, (off_t)(at + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return vn_fail(err, VN_E_IO, "cannot read '%s': %s", s->path, strerror(errno));
        if (got == 0)
            return vn_fail(err, VN_E_IO, "'%s' has become shorter while it was read", s->path);
        done += (uint64_t)got;
    }
    return 0;
}

int vn_file_kind(const struct vn_open_opt *opt, const struct vn_note *note, enum vn_kind guess, enum vn_kind *out, struct vn_err *err)
{
    if (!opt->kind)
        *out = note->kind ? note->kind : guess;
    else if (strcmp(opt->kind, "image") == 0)
        *out = VN_IMAGE;
    else if (strcmp(opt->kind, "mask") == 0)
        *out = VN_MASK;
    else if (strcmp(opt->kind, "labels") == 0)
        *out = VN_LABELS;
    else if (strcmp(opt->kind, "prob") == 0)
        *out = VN_PROB;
    else
        return vn_fail(err, VN_E_ARG, "kind=%s: a file's voxels are image, mask, labels or prob", opt->kind);
    return 0;
}

int vn_file_src_volume(struct vn_file_src *s, const struct vn_open_opt *opt, const struct vn_note *note, enum vn_kind kind,
                       int64_t n_channel, int64_t n_time, struct vn_vol **out, struct vn_err *err)
{
    struct vn_src *src = &s->src;
    int64_t which[3] = { opt->channel, opt->time, kind };

    for (int k = 0; k < 3; k++) {
        src->grid.dim[k] = src->box.hi[k];
        if (note->kind) {
            src->grid.dim[k] = note->grid[k];
            src->box.lo[k] = note->origin[k];
            src->box.hi[k] += note->origin[k];
        }
        if (opt->um)
            src->grid.um[k] = opt->um[k];
    }
    if (!vn_um_known(&src->grid))
        memset(src->grid.um, 0, sizeof src->grid.um);
    if (note->kind)
        src->grid.frame = note->frame;
    src->type = s->map.out;
    src->n_level = 1;
    src->key = vn_key_add(vn_key_add(src->key, which, sizeof which), src->grid.um, sizeof src->grid.um);

    struct vn_vol *v = vn_vol_wrap(kind, src, err);
    if (!v)
        return VN_E_MEMORY;
    v->n_channel = (int)n_channel;
    v->n_time = (int)n_time;
    v->channel = opt->channel;
    v->time = opt->time;
    struct vn_str edits = { 0 };
    if (note->kind)
        vn_note_edits(note, &edits);
    v->edits = edits.s;
    v->path = vn_strdup(s->path, err);
    if (!v->path || edits.failed) {
        const int rc = v->path ? vn_fail(err, VN_E_MEMORY, "no memory for what the file says of its edits") : VN_E_MEMORY;
        vn_vol_unref(v);
        return rc;
    }
    *out = v;
    return 0;
}

double vn_round_float(double v)
{
    char s[40];
    snprintf(s, sizeof s, "%.7g", v);
    return strtod(s, NULL);
}

void vn_chunk_rows(const int64_t dim[3], size_t size, int64_t unit_rows, int64_t chunk[3])
{
    const double target = 512 * 1024;
    double row = (double)dim[0] * (double)size, plane = row * (double)dim[1];
    int64_t deep = 8;

    chunk[0] = dim[0];
    if (plane * (double)deep <= target || unit_rows >= dim[1]) {
        double n = plane > 0 ? target / plane : 1;
        chunk[1] = dim[1];
        chunk[2] = n < 1 ? 1 : n > (double)dim[2] ? dim[2] : (int64_t)n;
        return;
    }
    if (row * (double)unit_rows * (double)deep > 4 * target)
        deep = 1;
    double rows = target / (row * (double)deep);
    chunk[1] = rows < 1 ? 1 : rows > (double)dim[1] ? dim[1] : (int64_t)rows;
    chunk[1] = vn_min64(dim[1], (chunk[1] + unit_rows - 1) / unit_rows * unit_rows);
    chunk[2] = vn_min64(deep, dim[2]);
}
