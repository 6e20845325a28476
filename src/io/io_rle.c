/* io_rle.c - masks as run lengths in a CSV table, a row a plane: columns id and rle, and mostly width and height.
 *
 * id is NAME_PLANE; rle is pairs of first pixel (from 1, row by row) and length, rising; an empty plane has none, or "1 0".
 * As in the SenNet + HOA competition (Kaggle 2023).  Several NAMEs in one file are channels, in the order of their first row. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "file.h"
#include "file_src.h"
#include "mem.h"
#include "table.h"
#include "text.h"

enum { MOST_GROUPS = 1000 };
struct run { int64_t at, n; };                          /* pixels of a plane, from 0 */
struct rle_src { struct vn_file_src f; int64_t *first; struct run *run; };      /* first[z]: first run of plane z; planes + 1 */

static void rle_free(struct vn_src *src)
{
    struct rle_src *s = (struct rle_src *)src;
    vn_file_src_done(&s->f);
    vn_free(s->first);
    vn_free(s->run);
    vn_free(s);
}

/* ---- reading voxels ---- */

static void fill_plane(const struct rle_src *s, int64_t z, struct vn_buf *dst)
{
    const struct vn_box *b = &dst->box;
    const int64_t w = s->f.src.box.hi[0], end = s->first[z + 1];
    int64_t i = s->first[z];

    for (int64_t y = b->lo[1]; y < b->hi[1]; y++) {
        uint8_t *row = (uint8_t *)dst->data + vn_buf_at(dst, b->lo[0], y, z);
        const int64_t from = y * w + b->lo[0], to = y * w + b->hi[0];
        memset(row, 0, (size_t)(to - from));
        while (i < end && s->run[i].at + s->run[i].n <= from)
            i++;
        for (int64_t k = i; k < end && s->run[k].at < to; k++) {
            const int64_t a = vn_max64(s->run[k].at, from), e = vn_min64(s->run[k].at + s->run[k].n, to);
            memset(row + (a - from), 1, (size_t)(e - a));
        }
    }
}

static int rle_read(struct vn_src *src, int level, struct vn_buf *dst, struct vn_job *job, struct vn_err *err)
{
    (void)level;
    for (int64_t z = dst->box.lo[2]; z < dst->box.hi[2]; z++) {
        fill_plane((struct rle_src *)src, z, dst);
        if (vn_job_stop(job))
            return vn_fail(err, VN_E_CANCELLED, "cancelled");
    }
    return 0;
}

static const struct vn_src_ops rle_ops = { rle_read, rle_free };

/* ---- opening ---- */

/* The first line names columns id and rle. */
static bool rle_probe(const char *path, const unsigned char *head, size_t n)
{
    bool id = false, rle = false;
    size_t i = n >= 3 && !memcmp(head, "\xef\xbb\xbf", 3) ? 3 : 0;
    (void)path;

    while (i < n && head[i] != '\n' && head[i] != '\r') {
        size_t k = i;
        while (k < n && head[k] != ',' && head[k] != '\n' && head[k] != '\r')
            k++;
        const bool quoted = k - i >= 2 && head[i] == '"' && head[k - 1] == '"';
        const size_t from = i + quoted, len = k - i - 2 * quoted;
        id |= len == 2 && !memcmp(head + from, "id", 2);
        rle |= len == 3 && !memcmp(head + from, "rle", 3);
        i = k + (k < n && head[k] == ',');
    }
    return id && rle;
}

struct row { size_t n_name; const char *id; int64_t plane, at; };      /* at: row of the table */
struct reading {
    const char *path;
    const struct vn_table *t;
    int rle, width, height;                             /* columns; -1 none */
    struct row *row;                                    /* of the group wanted, by plane */
    int64_t n_row, n_group, dim[3], low;                /* low: plane that becomes z 0 */
};

/* Splits "NAME_0012" into NAME and 12. */
static bool split_id(const char *id, struct row *r)
{
    const char *bar = strrchr(id, '_'), *digits = bar ? bar + 1 : id;
    const size_t n = strlen(digits);
    *r = (struct row){ .id = id, .n_name = bar ? (size_t)(bar - id) : 0 };
    if (!n || n > 9 || strspn(digits, "0123456789") != n)
        return false;
    r->plane = strtoll(digits, NULL, 10);
    return true;
}

static bool same_group(const struct row *a, const struct row *b) { return a->n_name == b->n_name && !memcmp(a->id, b->id, a->n_name); }

static int by_plane(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    return x->plane < y->plane ? -1 : x->plane > y->plane;
}

/* Rows of the group number `channel`, in the order of their planes. */
static int choose_rows(struct reading *g, int channel, char (*num)[24], struct vn_err *err)
{
    const struct vn_column *id = &g->t->col[vn_table_find(g->t, "id")];
    struct row first = { 0 }, here, *head = g->row;      /* the rows wanted are kept at the front; heads of groups, from the end */
    int64_t n = 0;

    for (int64_t i = 0; i < g->t->n_row; i++) {
        if (!id->is_text)
            snprintf(num[i], sizeof num[i], "%.0f", id->num[i]);
        if (!split_id(id->is_text ? id->text[i] : num[i], &here))
            return vn_fail(err, VN_E_FORMAT, "'%s' row %" PRId64 ": id '%.60s' does not end in _ and the number of a plane", g->path, i + 1, here.id);
        here.at = i;
        int64_t k = 0;
        while (k < g->n_group && !same_group(&here, &head[g->t->n_row + k]))
            k++;
        if (k == MOST_GROUPS)
            return vn_fail(err, VN_E_UNSUPPORTED, "'%s' holds more than %d masks: is its id NAME_PLANE?", g->path, MOST_GROUPS);
        if (k == g->n_group)
            head[g->t->n_row + g->n_group++] = here;
        if (k == channel)
            g->row[n++] = here;
        first = k == channel ? here : first;
    }
    if (channel < 0 || channel >= g->n_group)
        return vn_fail(err, VN_E_ARG, "channel=%d: '%s' holds %" PRId64 " masks (0 is the first)", channel, g->path, g->n_group);
    g->n_row = n;
    qsort(g->row, (size_t)n, sizeof *g->row, by_plane);
    for (int64_t i = 1; i < n; i++)
        if (g->row[i].plane == g->row[i - 1].plane)
            return vn_fail(err, VN_E_FORMAT, "'%s' has plane %" PRId64 " of '%.*s' twice", g->path, g->row[i].plane, (int)first.n_name, first.id);
    return 0;
}

static int64_t whole(const struct vn_table *t, int col, int64_t row)
{
    const double v = col < 0 || t->col[col].is_text ? NAN : t->col[col].num[row];
    return v >= 1 && v <= 1e9 && v == floor(v) ? (int64_t)v : 0;
}

static int find_size(struct reading *g, const struct vn_open_opt *opt, struct vn_err *err)
{
    const int64_t last = g->row[g->n_row - 1].plane;
    for (int a = 0; a < 3 && opt->dims; a++)
        g->dim[a] = opt->dims[a];
    if (!opt->dims && (g->width < 0 || g->height < 0))
        return vn_fail(err, VN_E_ARG, "'%s' has no columns width and height: say the size with dims=X,Y,Z type=u8", g->path);
    for (int64_t i = 0; i < g->n_row && !opt->dims; i++) {
        const int64_t w = whole(g->t, g->width, g->row[i].at), h = whole(g->t, g->height, g->row[i].at);
        if (!w || !h || (i && (w != g->dim[0] || h != g->dim[1])))
            return vn_fail(err, VN_E_FORMAT, "'%s' row %" PRId64 ": width and height are whole numbers, the same for every plane of a mask", g->path, g->row[i].at + 1);
        g->dim[0] = w;
        g->dim[1] = h;
    }
    if (opt->dims && last >= g->dim[2])
        return vn_fail(err, VN_E_ARG, "dims=: '%s' has a plane %" PRId64 ", so Z is at least %" PRId64, g->path, last, last + 1);
    g->low = opt->dims ? 0 : g->row[0].plane;
    if (!opt->dims)
        g->dim[2] = last - g->low + 1;
    if (g->dim[2] > g->n_row)
        vn_open_note(opt, "the file has %" PRId64 " of %" PRId64 " planes; the others are taken to be empty", g->n_row, g->dim[2]);
    if (g->low)
        vn_open_note(opt, "the file's first plane is number %" PRId64 "; it is z 0 here", g->low);
    return 0;
}

/* Numbers of one rle field into run; NULL: only counts.  Returns how many runs, or a code. */
static int64_t parse_runs(const struct reading *g, const struct row *r, struct run *run, struct vn_err *err)
{
    const struct vn_column *c = &g->t->col[g->rle];
    const int64_t all = g->dim[0] * g->dim[1];
    int64_t n = 0, end = 0;

    for (const char *s = c->is_text ? c->text[r->at] : isnan(c->num[r->at]) ? "" : "?"; s += strspn(s, " \t"), *s;) {
        char *p, *q;
        errno = 0;
        const long long at = isdigit((unsigned char)*s) ? strtoll(s, &p, 10) : (p = (char *)s, 0);
        const char *second = p + strspn(p, " \t");
        const long long len = p > s && second > p && isdigit((unsigned char)*second) ? strtoll(second, &q, 10) : (q = (char *)second, -1);
        if (errno || at < 1 || len < 0 || (*q && *q != ' ' && *q != '\t'))
            return vn_fail(err, VN_E_FORMAT, "'%s' row %" PRId64 ": rle is pairs of first pixel, from 1, and length, not '%.30s'", g->path, r->at + 1, s);
        if (at - 1 < end || len > all || at - 1 > all - len)
            return vn_fail(err, VN_E_FORMAT, "'%s' row %" PRId64 ": the run %lld %lld %s", g->path, r->at + 1, at, len,
                           at - 1 < end ? "begins before the last one ends" : "lies beyond the plane's pixels");
        if (len && run)
            run[n] = (struct run){ at - 1, len };
        n += len > 0;
        end = at - 1 + len;
        s = q;
    }
    return n;
}

static int decode(const struct reading *g, struct rle_src *s, struct vn_err *err)
{
    s->first = vn_calloc((uint64_t)g->dim[2] + 1, sizeof *s->first, err);
    if (!s->first)
        return VN_E_MEMORY;
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t i = 0; i < g->n_row; i++) {
            const int64_t z = g->row[i].plane - g->low, n = parse_runs(g, &g->row[i], pass ? s->run + s->first[z] : NULL, err);
            if (n < 0)
                return (int)n;
            if (!pass)
                s->first[z + 1] = n;
        }
        for (int64_t z = 0; z < g->dim[2] && !pass; z++)
            s->first[z + 1] += s->first[z];
        if (!pass && !(s->run = vn_alloc((uint64_t)s->first[g->dim[2]] * sizeof *s->run, err)))
            return VN_E_MEMORY;
    }
    return 0;
}

static int open_table(struct reading *g, const struct vn_open_opt *opt, struct vn_vol **out, struct vn_err *err)
{
    const struct vn_note none = { 0 };
    enum vn_kind kind = VN_MASK;
    char (*num)[24] = vn_alloc((uint64_t)g->t->n_row * sizeof *num, err);
    struct rle_src *s = NULL;
    int rc = VN_E_MEMORY;

    g->row = vn_alloc((uint64_t)g->t->n_row * 2 * sizeof *g->row, err);
    if (!num || !g->row)
        goto out;
    rc = choose_rows(g, opt->channel, num, err);
    if (!rc)
        rc = find_size(g, opt, err);
    if (!rc && opt->time)
        rc = vn_fail(err, VN_E_ARG, "time=%d: '%s' has 1 time point (0 is the first)", opt->time, g->path);
    if (!rc)
        rc = vn_file_kind(opt, &none, VN_MASK, &kind, err);
    if (rc || !(s = vn_calloc(1, sizeof *s, err)))
        goto out;
    if ((rc = vn_file_src_init(&s->f, &rle_ops, g->path, err))) {
        vn_free(s);
        s = NULL;
        goto out;
    }
    s->f.map.stored = VN_U8;
    rc = vn_rowmap_plan(&s->f.map, kind, g->path, err);
    if (!rc)
        rc = decode(g, s, err);
    if (!rc) {
        memcpy(s->f.src.box.hi, g->dim, sizeof g->dim);
        memcpy(s->f.src.chunk, (const int64_t[3]){ g->dim[0], g->dim[1], 1 }, sizeof s->f.src.chunk);
        s->f.src.key = vn_key_add(s->f.src.key, g->dim, sizeof g->dim);
        rc = vn_file_src_volume(&s->f, opt, &none, kind, g->n_group, 1, out, err);
        s = NULL;
    }
out:
    if (s)
        rle_free(&s->f.src);
    vn_free(num);
    vn_free(g->row);
    return rc;
}

static int rle_open(const char *path, const struct vn_open_opt *opt, struct vn_vol **out, struct vn_err *err)
{
    struct vn_table *t;
    int rc = vn_table_read_csv(path, &t, err);

    if (rc)
        return rc;
    struct reading g = { .path = path, .t = t, .rle = vn_table_find(t, "rle"), .width = vn_table_find(t, "width"), .height = vn_table_find(t, "height") };
    rc = t->n_row ? open_table(&g, opt, out, err) : vn_fail(err, VN_E_FORMAT, "'%s' has no row below its header", path);
    vn_table_unref(t);
    return rc;
}

/* ---- saving ---- */

static void put_plane(FILE *o, const struct vn_buf *p)
{
    const int64_t w = vn_box_dim(&p->box, 0), h = vn_box_dim(&p->box, 1);
    int64_t at = -1, n_run = 0;                          /* at: where the run began */

    for (int64_t y = 0; y < h; y++) {
        const uint8_t *row = (const uint8_t *)p->data + y * p->stride[0];
        for (int64_t x = 0; x < w; x++) {
            if (!row[x] == (at < 0))
                continue;
            if (at < 0) {
                at = y * w + x;
                continue;
            }
            fprintf(o, "%s%" PRId64 " %" PRId64, n_run++ ? " " : "", at + 1, y * w + x - at);
            at = -1;
        }
    }
    if (at >= 0)
        fprintf(o, "%s%" PRId64 " %" PRId64, n_run++ ? " " : "", at + 1, w * h - at);
    if (!n_run)
        fputs("1 0", o);
}

static int rle_save(struct vn_vol *v, const char *path, const struct vn_save_opt *opt, struct vn_job *job, struct vn_err *err)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const int len = (int)(strrchr(name, '.') - name);
    int rc = 0;

    if (!(v->kind & (VN_MASK | VN_SKELETON)))
        return vn_fail(err, VN_E_ARG, "'%s': run lengths (.csv) hold a mask, and this is of kind %s ('threshold' makes a mask)", path, vn_kind_name(v->kind));
    if (opt->compress && strcmp(opt->compress, "none"))
        return vn_fail(err, VN_E_ARG, "compress=%s: run lengths (.csv) are not compressed", opt->compress);
    if (strcspn(name, ",\"\r\n") < (size_t)len)
        return vn_fail(err, VN_E_ARG, "'%s': the name is written into the rows of a CSV file, so it holds no comma, quote or line end", path);
    struct vn_file *f = vn_file_begin(path, opt->force, err);
    if (!f)
        return VN_E_IO;
    fprintf(vn_file_stream(f), "id,rle,width,height,group\n");
    for (int64_t z = v->box.lo[2]; z < v->box.hi[2] && !rc; z++) {
        struct vn_box plane = v->box;
        struct vn_buf b = { 0 };
        plane.lo[2] = z;
        plane.hi[2] = z + 1;
        if ((rc = vn_job_check(job, err)) || (rc = vn_vol_map(v, VN_U8, &plane, VN_PAD_ZERO, &b, job, err)))
            break;
        fprintf(vn_file_stream(f), "%.*s_%04" PRId64 ",", len, name, z);
        put_plane(vn_file_stream(f), &b);
        fprintf(vn_file_stream(f), ",%" PRId64 ",%" PRId64 ",%.*s\n", vn_box_dim(&plane, 0), vn_box_dim(&plane, 1), len, name);
        vn_buf_free(&b);
        vn_job_step(job, (uint64_t)(z - v->box.lo[2] + 1), (uint64_t)vn_box_dim(&v->box, 2));
    }
    if (!rc)
        return vn_file_commit(f, err);
    vn_file_abort(f);
    return rc;
}

const struct vn_format vn_format_rle = { .name = "rle", .suffix = "csv", .sized = true, .probe = rle_probe, .open = rle_open, .save = rle_save };
