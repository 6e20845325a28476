/* stack.c - planes out of many files. */
#include "stack.h"
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "file_src.h"
#include "mem.h"

enum { OPEN_AT_ONCE = 16 };

struct stack_src {
    struct vn_file_src f;
    struct vn_stack k;
    struct vn_open_opt opt;                     /* for the files */
    int64_t dim[2];
    int n_channel;                              /* of each file */
    enum vn_kind kind;
    pthread_mutex_t lock;
    struct { int64_t file; struct vn_vol *v; } idle[OPEN_AT_ONCE];     /* last used first */
    char kind_word[8];
};

bool vn_stack_stat(struct vn_stack_file *f)
{
    struct stat st;
    if (stat(f->path, &st) || !S_ISREG(st.st_mode))
        return false;
    f->size = (uint64_t)st.st_size;
    f->mtime[0] = st.st_mtim.tv_sec;
    f->mtime[1] = st.st_mtim.tv_nsec;
    return true;
}

void vn_stack_free(struct vn_stack *k)
{
    for (int64_t i = 0; i < k->n_file; i++)
        vn_free(k->file[i].path);
    vn_free(k->file);
    vn_free(k->plane);
    k->file = NULL;
    k->plane = NULL;
    k->n_file = k->n_plane = 0;
}

static void stack_free(struct vn_src *src)
{
    struct stack_src *s = (struct stack_src *)src;

    for (int i = 0; i < OPEN_AT_ONCE; i++)
        if (s->idle[i].v)
            vn_vol_unref(s->idle[i].v);
    pthread_mutex_destroy(&s->lock);
    vn_stack_free(&s->k);
    vn_file_src_done(&s->f);
    vn_free(s);
}

static int take(struct stack_src *s, int64_t file, struct vn_vol **out, struct vn_err *err)
{
    const struct vn_stack_file *want = &s->k.file[file];
    struct vn_stack_file now = { .path = want->path };
    struct vn_vol *v = NULL;

    pthread_mutex_lock(&s->lock);
    for (int i = 0; i < OPEN_AT_ONCE && !v; i++)
        if (s->idle[i].v && s->idle[i].file == file) {
            v = s->idle[i].v;
            memmove(&s->idle[i], &s->idle[i + 1], (size_t)(OPEN_AT_ONCE - 1 - i) * sizeof s->idle[0]);
            s->idle[OPEN_AT_ONCE - 1].v = NULL;
        }
    pthread_mutex_unlock(&s->lock);
    *out = v;
    if (v)
        return 0;
    if (!vn_stack_stat(&now))
        return vn_fail(err, VN_E_IO, "'%s' is no longer there", want->path);
    if (now.size != want->size || memcmp(now.mtime, want->mtime, sizeof now.mtime) != 0)
        return vn_fail(err, VN_E_IO, "'%s' has changed since '%s' was opened", want->path, s->k.path);
    return s->k.open(want->path, &s->opt, out, err);
}

static void give(struct stack_src *s, int64_t file, struct vn_vol *v)
{
    if (!v)
        return;
    pthread_mutex_lock(&s->lock);
    struct vn_vol *last = s->idle[OPEN_AT_ONCE - 1].v;
    memmove(&s->idle[1], &s->idle[0], (OPEN_AT_ONCE - 1) * sizeof s->idle[0]);
    s->idle[0].file = file;
    s->idle[0].v = v;
    pthread_mutex_unlock(&s->lock);
    if (last)
        vn_vol_unref(last);
}

/* Is the page there, and what all planes are? */
static int check_member(const struct stack_src *s, const struct vn_stack_plane *p, const struct vn_vol *v, struct vn_err *err)
{
    const char *first = s->k.file[s->k.plane[0].file].path, *path = s->k.file[p->file].path;

    if (v->box.hi[0] != s->dim[0] || v->box.hi[1] != s->dim[1])
        return vn_fail(err, VN_E_UNSUPPORTED, "'%s' is %" PRId64 "x%" PRId64 " and '%s' is %" PRId64 "x%" PRId64 ", so they are not planes of one volume",
                       path, v->box.hi[0], v->box.hi[1], first, s->dim[0], s->dim[1]);
    if (v->src->type != s->f.map.out || v->n_channel != s->n_channel)
        return vn_fail(err, VN_E_UNSUPPORTED, "'%s' holds %d channel%s of %s and '%s' %d of %s, so they are not planes of one volume", path, v->n_channel,
                       v->n_channel > 1 ? "s" : "", vn_type_name(v->src->type), first, s->n_channel, vn_type_name(s->f.map.out));
    if (p->page >= v->box.hi[2])
        return vn_fail(err, VN_E_FORMAT, "'%s' has %" PRId64 " page%s, but page %" PRId64 " of it should be a plane", path, v->box.hi[2],
                       v->box.hi[2] > 1 ? "s" : "", p->page + 1);
    return 0;
}

static int stack_read(struct vn_src *src, int level, struct vn_buf *dst, struct vn_job *job, struct vn_err *err)
{
    struct stack_src *s = (struct stack_src *)src;
    struct vn_vol *v = NULL;
    int64_t have = -1;
    int rc = 0;

    (void)level;
    for (int64_t z = dst->box.lo[2]; !rc && z < dst->box.hi[2]; z++) {
        const struct vn_stack_plane *p = &s->k.plane[z];
        struct vn_box plane = dst->box;
        plane.lo[2] = z;
        plane.hi[2] = z + 1;
        struct vn_buf b = vn_buf_view(dst, &plane);
        b.box.lo[2] = p->page;
        b.box.hi[2] = p->page + 1;
        if (p->file != have) {
            give(s, have, v);
            v = NULL;
            have = p->file;
            rc = vn_job_stop(job) ? vn_fail(err, VN_E_CANCELLED, "cancelled") : take(s, have, &v, err);
            if (rc)
                break;
        }
        if (!(rc = check_member(s, p, v, err)))
            rc = v->src->ops->read(v->src, 0, &b, job, err);
    }
    give(s, have, v);
    return rc;
}

static const struct vn_src_ops stack_ops = { stack_read, stack_free };

/* What all planes must be, from the first. */
static int look_at_first(struct stack_src *s, struct vn_err *err)
{
    struct vn_vol *v = NULL;
    int rc = take(s, s->k.plane[0].file, &v, err);

    if (rc)
        return rc;
    s->kind = v->kind;
    s->f.map.out = v->src->type;
    s->n_channel = v->n_channel;
    memcpy(s->dim, v->box.hi, sizeof s->dim);
    memcpy(s->f.src.box.hi, v->box.hi, sizeof s->f.src.box.hi);
    s->f.src.box.hi[2] = s->k.n_plane;
    memcpy(s->f.src.grid.um, s->k.um, sizeof s->k.um);
    memcpy(s->f.src.chunk, v->src->chunk, sizeof s->f.src.chunk);
    /* In double: a damaged file's sides may be any. */
    const double bytes = (double)s->f.src.chunk[0] * (double)s->f.src.chunk[1] * (double)vn_type_size(s->f.map.out);
    s->f.src.chunk[2] = bytes < 262144 ? vn_max64(1, vn_min64(s->k.n_plane, 262144 / vn_max64(1, (int64_t)bytes))) : 1;
    rc = check_member(s, &s->k.plane[0], v, err);
    give(s, s->k.plane[0].file, v);
    return rc;
}

static struct vn_key stack_key(const struct vn_stack *k)
{
    char whole[PATH_MAX];
    struct vn_key key = vn_key_str(vn_key_start(), realpath(k->path, whole) ? whole : k->path);

    for (int64_t i = 0; i < k->n_file; i++) {
        const char *name = strrchr(k->file[i].path, '/');
        key = vn_key_str(key, name ? name + 1 : k->file[i].path);
        key = vn_key_add(key, &k->file[i].size, sizeof k->file[i].size);
        key = vn_key_add(key, k->file[i].mtime, sizeof k->file[i].mtime);
    }
    return vn_key_add(key, k->plane, (size_t)k->n_plane * sizeof *k->plane);
}

int vn_stack_open(struct vn_stack *k, const struct vn_open_opt *opt, struct vn_vol **out, struct vn_err *err)
{
    const struct vn_note none = { 0 };
    struct stack_src *s = vn_calloc(1, sizeof *s, err);
    int rc;

    if (!s) {
        vn_stack_free(k);
        return VN_E_MEMORY;
    }
    vn_src_init(&s->f.src, &stack_ops);
    s->f.fd = -1;
    s->k = *k;
    pthread_mutex_init(&s->lock, NULL);
    s->opt.channel = k->channel;
    if (opt->kind) {                            /* the caller's string may go */
        strncpy(s->kind_word, opt->kind, sizeof s->kind_word - 1);
        s->opt.kind = s->kind_word;
    }
    s->f.path = vn_strdup(k->path, err);
    rc = s->f.path ? look_at_first(s, err) : VN_E_MEMORY;
    if (rc) {
        stack_free(&s->f.src);
        return rc;
    }
    s->k.path = s->f.path;
    s->f.src.key = stack_key(&s->k);
    return vn_file_src_volume(&s->f, opt, &none, s->kind, k->n_channel, k->n_time, out, err);
}
