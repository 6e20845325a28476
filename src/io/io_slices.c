/* io_slices.c - a folder of slices: one TIFF or PNG file a plane, in the order of the number in their names.
 *
 * The number is the run of digits that differs from file to file (slice2 comes before slice10).  Opening lists the folder and
 * looks at every file's header, some 20 us each, so that a slice of another size is named at once and not hours into a job.
 * What is not a slice is left out and said; what could be read in two ways (two series, the same number twice, TIFF beside
 * PNG) is refused. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "file_src.h"
#include "mem.h"
#include "stack.h"
#include "text.h"
#include "tiff_file.h"
#include "tiff_open.h"

extern const struct vn_format vn_format_png;

enum { MAX_NUMBERS = 8, MAX_DIGITS = 18, SHOWN = 5 };

struct slice {
    char *name, *stem;                          /* stem: the name with '#' for each number */
    int64_t number[MAX_NUMBERS];
    int n_number;
};
struct listing {
    const char *path;
    struct slice *s; int64_t n, cap;
    int64_t n_tiff, n_png;
    int64_t n_other; struct vn_str other;       /* left out: how many, the names of a few */
    int column;                                 /* which number of the names is the slice's */
};

/* 1 TIFF, 2 PNG, by its name; 0 anything else. */
static int slice_type(const char *name)
{
    const char *dot = strrchr(name, '.');
    if (!dot || name[0] == '.')
        return 0;
    return strcasecmp(dot, ".tif") == 0 || strcasecmp(dot, ".tiff") == 0 ? 1 : strcasecmp(dot, ".png") == 0 ? 2 : 0;
}

static void listing_free(struct listing *l)
{
    for (int64_t i = 0; i < l->n; i++) {
        vn_free(l->s[i].name);
        vn_free(l->s[i].stem);
    }
    vn_free(l->s);
    vn_str_free(&l->other);
}

static void leave_out(struct listing *l, const char *name)
{
    if (l->n_other++ < SHOWN)
        vn_str_addf(&l->other, "%s%s", l->n_other > 1 ? ", " : "", name);
}

/* Splits the name, without its ending, into text and numbers. A longer run of digits than a number can hold is text. */
static int split_name(struct slice *s, struct vn_err *err)
{
    const char *end = strrchr(s->name, '.');
    struct vn_str b = { 0 };

    for (const char *p = s->name; p < end;) {
        size_t n = strspn(p, "0123456789");
        if (n > 0 && n <= MAX_DIGITS && s->n_number < MAX_NUMBERS) {
            s->number[s->n_number++] = strtoll(p, NULL, 10);
            vn_str_add(&b, "#");
        } else {
            n = n ? n : 1;
            vn_str_addn(&b, p, n);
        }
        p += n;
    }
    s->stem = b.failed ? NULL : vn_strdup(b.s ? b.s : "", err);
    vn_str_free(&b);
    return s->stem ? 0 : VN_E_MEMORY;
}

static int list_folder(struct listing *l, struct vn_err *err)
{
    DIR *d = opendir(l->path);
    int rc = 0;

    if (!d)
        return vn_fail(err, VN_E_IO, "cannot open '%s': %s", l->path, strerror(errno));
    for (struct dirent *e; !rc && (e = readdir(d));) {
        int type = slice_type(e->d_name);
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (!type) {
            leave_out(l, e->d_name);
            continue;
        }
        if (l->n == l->cap) {
            struct slice *more = vn_realloc(l->s, (uint64_t)(l->cap ? 2 * l->cap : 64) * sizeof *more, err);
            if (!more) {
                rc = VN_E_MEMORY;
                break;
            }
            l->s = more;
            l->cap = l->cap ? 2 * l->cap : 64;
        }
        struct slice *s = &l->s[l->n];
        *s = (struct slice) { .name = vn_strdup(e->d_name, err) };
        rc = s->name ? split_name(s, err) : VN_E_MEMORY;
        l->n++;
        *(type == 1 ? &l->n_tiff : &l->n_png) += 1;
    }
    closedir(d);
    return rc;
}

static int by_stem(const void *a, const void *b)
{
    const struct slice *x = a, *y = b;
    int c = strcmp(x->stem, y->stem);
    return c ? c : strcmp(x->name, y->name);
}

/* Keeps the one series; single files beside a series of at least three are left out. */
static int choose_series(struct listing *l, struct vn_err *err)
{
    struct vn_str stems = { 0 };
    int64_t best = 0, best_n = 0, n_series = 0, n_several = 0;

    qsort(l->s, (size_t)l->n, sizeof *l->s, by_stem);
    for (int64_t i = 0, j; i < l->n; i = j) {
        for (j = i + 1; j < l->n && strcmp(l->s[i].stem, l->s[j].stem) == 0; j++)
            ;
        if (++n_series <= SHOWN)
            vn_str_addf(&stems, "%s'%s' (%" PRId64 ")", n_series > 1 ? ", " : "", l->s[i].stem, j - i);
        n_several += j - i > 1;
        if (j - i > best_n) {
            best = i;
            best_n = j - i;
        }
    }
    if (n_series > 1 && (n_several != 1 || best_n < 3)) {
        int rc = vn_fail(err, VN_E_UNSUPPORTED, "'%s' holds slices of %" PRId64 " names: %s%s; a folder of slices holds one series", l->path, n_series,
                         stems.s ? stems.s : "", n_series > SHOWN ? ", ..." : "");
        vn_str_free(&stems);
        return rc;
    }
    vn_str_free(&stems);
    for (int64_t i = 0; i < l->n; i++)
        if (i < best || i >= best + best_n) {
            leave_out(l, l->s[i].name);
            vn_free(l->s[i].name);
            vn_free(l->s[i].stem);
        }
    memmove(l->s, l->s + best, (size_t)best_n * sizeof *l->s);
    l->n = best_n;
    return 0;
}

static int by_number(const void *a, const void *b)
{
    const struct slice *x = a, *y = b;
    return x->number[0] < y->number[0] ? -1 : x->number[0] > y->number[0] ? 1 : strcmp(x->name, y->name);
}

/* Exchanges number k with the first, and sorts by it; true when it is never the same twice. */
static bool sort_by(struct listing *l, int k)
{
    bool once = true;

    for (int64_t i = 0; i < l->n; i++) {
        int64_t v = l->s[i].number[0];
        l->s[i].number[0] = l->s[i].number[k];
        l->s[i].number[k] = v;
    }
    qsort(l->s, (size_t)l->n, sizeof *l->s, by_number);
    for (int64_t i = 1; i < l->n && once; i++)
        once = l->s[i].number[0] != l->s[i - 1].number[0];
    return once;
}

/* Sorts by the number that tells the slices apart.  Where several do (a counter and the time of day), by the one of the
 * smallest range. */
static int sort_slices(struct listing *l, struct vn_err *err)
{
    int n_vary = 0, best = -1;
    int64_t range = INT64_MAX;

    for (int k = 0; k < l->s[0].n_number; k++) {
        bool once = sort_by(l, k);
        int64_t r = l->s[l->n - 1].number[0] - l->s[0].number[0];
        n_vary += r > 0;
        if (once && r < range) {
            best = k;
            range = r;
        }
        sort_by(l, k);
    }
    if (best >= 0)
        sort_by(l, best);
    l->column = best;
    if (best >= 0 || l->n == 1)
        return 0;
    if (n_vary > 1)
        return vn_fail(err, VN_E_UNSUPPORTED, "'%s': %d numbers in the slices' names differ ('%s', '%s'), so that their order is not known", l->path, n_vary,
                       l->s[0].name, l->s[l->n - 1].name);
    for (int k = 0; k < l->s[0].n_number; k++) {         /* leading zeros, .tif beside .tiff */
        sort_by(l, k);
        for (int64_t i = 1; i < l->n; i++)
            if (l->s[i].number[0] == l->s[i - 1].number[0] && (n_vary == 0 || l->s[0].number[0] != l->s[l->n - 1].number[0]))
                return vn_fail(err, VN_E_UNSUPPORTED, "'%s': '%s' and '%s' have the same number", l->path, l->s[i - 1].name, l->s[i].name);
        sort_by(l, k);
    }
    return vn_fail(err, VN_E_UNSUPPORTED, "'%s': '%s' and '%s' differ in their ending only", l->path, l->s[0].name, l->s[1].name);
}

/* A number after "ch" or "t" is more often a channel or a time point than a plane. */
static void tell_word(const struct listing *l, const struct vn_open_opt *opt)
{
    static const char *const words[] = { "c", "ch", "chan", "channel", "t", "time", "timepoint", "wavelength" };
    const char *p = l->s[0].stem;

    for (int k = 0; *p && (*p != '#' || k++ < l->column); p++)
        ;
    size_t end = (size_t)(p - l->s[0].stem), n = 0;
    while (*p && end > 0 && strchr("_- =", l->s[0].stem[end - 1]))
        end--;
    while (*p && n < end && isalpha((unsigned char)l->s[0].stem[end - n - 1]))
        n++;
    for (size_t i = 0; i < VN_COUNT(words) && l->n > 1; i++)
        if (strlen(words[i]) == n && strncasecmp(l->s[0].stem + end - n, words[i], n) == 0)
            vn_open_note(opt, "the slices are numbered after '%.*s': if these are channels or time points and not planes, open each file by itself", (int)n,
                         l->s[0].stem + end - n);
}

/* The commonest difference of neighbours is the step; larger ones are gaps. */
static void tell_gaps(const struct listing *l, const struct vn_open_opt *opt)
{
    struct vn_str b = { 0 };
    int64_t step = 0, votes = 0, missing = 0, n_gap = 0, same = 0;

    for (int64_t i = 1; i < l->n; i++) {                 /* majority vote (Boyer and Moore), then counted */
        int64_t d = l->s[i].number[0] - l->s[i - 1].number[0];
        if (votes == 0)
            step = d;
        votes += d == step ? 1 : -1;
    }
    for (int64_t i = 1; i < l->n; i++)
        same += l->s[i].number[0] - l->s[i - 1].number[0] == step;
    if (l->n < 2 || same == l->n - 1) {
        if (l->n > 1 && step > 1)
            vn_open_note(opt, "the slices' numbers go up by %" PRId64 " (%" PRId64 " to %" PRId64 ")", step, l->s[0].number[0], l->s[l->n - 1].number[0]);
        return;
    }
    if (2 * same <= l->n - 1) {
        vn_open_note(opt, "the slices' numbers are not evenly spaced (%" PRId64 ", %" PRId64 ", ... %" PRId64 "): they lie in this order, one voxel apart",
                     l->s[0].number[0], l->s[1].number[0], l->s[l->n - 1].number[0]);
        return;
    }
    for (int64_t i = 1; i < l->n; i++) {
        int64_t from = l->s[i - 1].number[0] + step, to = l->s[i].number[0] - step;
        if (from > to + step || l->s[i].number[0] - l->s[i - 1].number[0] == step)
            continue;
        missing += (to - from) / step + 1;
        if (++n_gap > SHOWN)
            continue;
        vn_str_addf(&b, from >= to ? "%s%" PRId64 : "%s%" PRId64 " to %" PRId64, n_gap > 1 ? ", " : "", from, to);
    }
    vn_open_note(opt, "%" PRId64 " slice%s missing in the numbering: %s%s; the slices beside a gap lie next to each other", missing, missing == 1 ? " is" : "s are",
                 b.s ? b.s : "", n_gap > SHOWN ? ", ..." : "");
    vn_str_free(&b);
}

/* ---- headers ---- */

struct shape { uint32_t w, h; int bits, samples, format; };

static int tiff_shape(const char *path, struct shape *out, struct vn_err *err)
{
    struct vn_file_src f;
    struct vn_tiff_dir d;
    int rc = vn_file_src_init(&f, NULL, path, err);

    if (rc)
        return rc;
    if (!(rc = vn_tiff_walk(&f, &d, err))) {
        const struct vn_tiff_page *p = &d.page[0];
        *out = (struct shape) { p->w, p->h, p->bits, p->samples, p->format };
        if (d.n > 1)
            rc = vn_fail(err, VN_E_UNSUPPORTED, "'%s' has %" PRId64 " pages, but the files of a folder of slices hold one plane each: open it by itself", path, d.n);
        vn_tiff_dir_free(&d);
    }
    vn_file_src_done(&f);
    return rc;
}

static int png_shape(const char *path, struct shape *out, struct vn_err *err)
{
    struct vn_file_src f;
    unsigned char h[26];
    int rc = vn_file_src_init(&f, NULL, path, err);

    if (rc)
        return rc;
    if (!(rc = vn_file_pread(&f, h, 0, sizeof h, err)) && (memcmp(h, "\x89PNG\r\n\x1a\n", 8) != 0 || memcmp(h + 12, "IHDR", 4) != 0))
        rc = vn_fail(err, VN_E_FORMAT, "'%s' is not a PNG file", path);
    if (!rc)
        *out = (struct shape) { (uint32_t)h[16] << 24 | (uint32_t)h[17] << 16 | (uint32_t)h[18] << 8 | h[19],
                                (uint32_t)h[20] << 24 | (uint32_t)h[21] << 16 | (uint32_t)h[22] << 8 | h[23], h[24], h[25], 0 };
    vn_file_src_done(&f);
    return rc;
}

/* Every slice against the first, by their headers. */
static int check_headers(const struct vn_stack *k, bool png, struct vn_err *err)
{
    struct shape first = { 0 }, s;

    for (int64_t i = 0; i < k->n_file; i++) {
        int rc = (png ? png_shape : tiff_shape)(k->file[i].path, &s, err);
        if (rc)
            return rc;
        if (i == 0)
            first = s;
        if (s.w != first.w || s.h != first.h)
            return vn_fail(err, VN_E_UNSUPPORTED, "'%s' is %ux%u and '%s' is %ux%u, so they are not planes of one volume", k->file[i].path, s.w, s.h,
                           k->file[0].path, first.w, first.h);
        if (s.bits != first.bits || s.samples != first.samples || s.format != first.format)
            return vn_fail(err, VN_E_UNSUPPORTED, "'%s' holds another type of pixels (%d bits) than '%s' (%d bits), so they are not planes of one volume",
                           k->file[i].path, s.bits, k->file[0].path, first.bits);
    }
    return 0;
}

/* ---- opening ---- */

static int open_tiff(const char *path, const struct vn_open_opt *opt, struct vn_vol **out, struct vn_err *err)
{
    return vn_tiff_open(path, VN_TIFF_SLICE, opt, out, err);
}

static int open_listed(const struct listing *l, const struct vn_open_opt *opt, struct vn_vol **out, struct vn_err *err)
{
    struct vn_stack k = { .path = l->path, .open = l->n_png ? vn_format_png.open : open_tiff, .channel = opt->channel, .n_time = 1 };
    const char *slash = l->path[strlen(l->path) - 1] == '/' ? "" : "/";
    struct vn_vol *first = NULL;
    int rc = 0;

    k.file = vn_calloc((uint64_t)l->n, sizeof *k.file, err);
    k.plane = k.file ? vn_calloc((uint64_t)l->n, sizeof *k.plane, err) : NULL;
    if (!k.plane)
        rc = VN_E_MEMORY;
    for (int64_t i = 0; !rc && i < l->n; i++) {
        k.plane[i].file = i;
        k.file[i].path = vn_sprintf(err, "%s%s%s", l->path, slash, l->s[i].name);
        k.n_file = k.n_plane = i + 1;
        if (!k.file[i].path)
            rc = VN_E_MEMORY;
        else if (!vn_stack_stat(&k.file[i]))
            rc = vn_fail(err, VN_E_IO, "cannot read '%s'", k.file[i].path);
    }
    if (!rc && !(rc = check_headers(&k, l->n_png > 0, err)) && !(rc = k.open(k.file[0].path, opt, &first, err))) {
        memcpy(k.um, first->grid.um, sizeof k.um);
        k.n_channel = first->n_channel;
        if (first->n_time > 1 || first->box.hi[2] > 1)
            rc = vn_fail(err, VN_E_UNSUPPORTED, "'%s' holds more than one plane: open it by itself", k.file[0].path);
        vn_vol_unref(first);
    }
    if (!rc)
        return vn_stack_open(&k, opt, out, err);
    vn_stack_free(&k);
    return rc;
}

static int slices_open(const char *path, const struct vn_open_opt *opt, struct vn_vol **out, struct vn_err *err)
{
    struct listing l = { .path = path };
    int rc = list_folder(&l, err);

    if (!rc && l.n_tiff && l.n_png)
        rc = vn_fail(err, VN_E_UNSUPPORTED, "'%s' holds %" PRId64 " TIFF and %" PRId64 " PNG files: a folder of slices holds one kind", path, l.n_tiff, l.n_png);
    if (!rc && !l.n)
        rc = vn_fail(err, VN_E_UNSUPPORTED, "'%s' holds no TIFF or PNG slices", path);
    if (!rc && !(rc = choose_series(&l, err)))
        rc = sort_slices(&l, err);
    if (!rc && !(rc = open_listed(&l, opt, out, err))) {
        if (l.n_other)
            vn_open_note(opt, "%" PRId64 " other file%s in the folder left out: %s%s", l.n_other, l.n_other > 1 ? "s" : "", l.other.s ? l.other.s : "",
                         l.n_other > SHOWN ? ", ..." : "");
        tell_word(&l, opt);
        tell_gaps(&l, opt);
    }
    listing_free(&l);
    return rc;
}

/* A folder with a TIFF or PNG file right in it. */
static bool slices_probe(const char *path, const unsigned char *head, size_t n)
{
    DIR *d = n == 0 ? opendir(path) : NULL;
    bool found = false;

    (void)head;
    if (!d)
        return false;
    for (struct dirent *e; !found && (e = readdir(d));)
        found = slice_type(e->d_name) != 0;
    closedir(d);
    return found;
}

const struct vn_format vn_format_slices = { .name = "slices", .folder = true, .probe = slices_probe, .open = slices_open };
