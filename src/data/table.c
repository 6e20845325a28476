/* table.c - tables in memory and as CSV (RFC 4180, with "#" lines before the header). */
#include "table.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "file.h"
#include "mem.h"
#include "text.h"

static const uint64_t CSV_MAX = 4000000000u;       /* bytes of a file that is read */

struct vn_table *vn_table_new(struct vn_err *err)
{
    struct vn_table *t = vn_calloc(1, sizeof *t, err);
    if (t)
        t->refs = 1;
    return t;
}

struct vn_table *vn_table_ref(struct vn_table *t)
{
    __atomic_add_fetch(&t->refs, 1, __ATOMIC_RELAXED);
    return t;
}

static void column_free(struct vn_column *c, int64_t n_row)
{
    for (int64_t i = 0; c->text && i < n_row; i++)
        vn_free(c->text[i]);
    vn_free(c->text);
    vn_free(c->num);
    vn_free(c->name);
}

void vn_table_unref(struct vn_table *t)
{
    if (!t || __atomic_sub_fetch(&t->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    for (int c = 0; c < t->n_col; c++)
        column_free(&t->col[c], t->n_row);
    vn_free(t->col);
    vn_free(t->note);
    vn_free(t);
}

int vn_table_find(const struct vn_table *t, const char *name)
{
    for (int c = 0; c < t->n_col; c++)
        if (strcmp(t->col[c].name, name) == 0)
            return c;
    return -1;
}

int vn_table_add_col(struct vn_table *t, const char *name, bool is_text, struct vn_err *err)
{
    struct vn_column c = { .is_text = is_text }, *all;
    struct vn_err e;
    int64_t n = 0;                                 /* rows filled */

    if (vn_table_find(t, name) >= 0)
        return vn_fail(err, VN_E_ARG, "a table cannot have two columns named '%s'", name);
    if (!(all = vn_realloc(t->col, (uint64_t)(t->n_col + 1) * sizeof *all, &e)))
        return vn_fail(err, (enum vn_code)e.code, "%s", e.msg);
    t->col = all;
    if (!(c.name = vn_strdup(name, &e)))
        goto fail;
    if (is_text) {
        if (!(c.text = vn_calloc((uint64_t)t->cap, sizeof *c.text, &e)))
            goto fail;
        for (; n < t->n_row; n++)
            if (!(c.text[n] = vn_strdup("", &e)))
                goto fail;
    } else {
        if (!(c.num = vn_calloc((uint64_t)t->cap, sizeof *c.num, &e)))
            goto fail;
        for (; n < t->n_row; n++)
            c.num[n] = NAN;
    }
    t->col[t->n_col] = c;
    return t->n_col++;
fail:
    column_free(&c, n);
    return vn_fail(err, (enum vn_code)e.code, "%s", e.msg);
}

static int grow(struct vn_table *t, int64_t cap, struct vn_err *err)
{
    for (int c = 0; c < t->n_col; c++) {
        struct vn_column *k = &t->col[c];
        void *p = vn_realloc(k->is_text ? (void *)k->text : (void *)k->num, (uint64_t)cap * 8, err);
        if (!p)
            return VN_E_MEMORY;
        if (k->is_text)
            k->text = p;
        else
            k->num = p;
    }
    t->cap = cap;
    return 0;
}
_Static_assert(sizeof(double) == 8 && sizeof(char *) == 8, "grow() sizes both kinds of column alike");

int vn_table_add_row(struct vn_table *t, struct vn_err *err)
{
    if (t->n_row == t->cap && grow(t, t->cap ? 2 * t->cap : 16, err))
        return VN_E_MEMORY;
    for (int c = 0; c < t->n_col; c++) {
        if (!t->col[c].is_text) {
            t->col[c].num[t->n_row] = NAN;
        } else if (!(t->col[c].text[t->n_row] = vn_strdup("", err))) {
            while (c-- > 0)
                if (t->col[c].is_text)
                    vn_free(t->col[c].text[t->n_row]);
            return VN_E_MEMORY;
        }
    }
    t->n_row++;
    return 0;
}

int vn_table_set_text(struct vn_table *t, int64_t row, int col, const char *s, struct vn_err *err)
{
    char *copy = vn_strdup(s, err);
    if (!copy)
        return VN_E_MEMORY;
    vn_free(t->col[col].text[row]);
    t->col[col].text[row] = copy;
    return 0;
}

/* ---- reading ---- */

struct csv {
    const char *path;
    char *p, *end;                                 /* what is left of the file's text */
    int64_t line;
    char **cell;                                   /* n_row rows of n_col; the first row has the names */
    int64_t n_cell, cap;
    int64_t n_col;
    struct vn_str note;
};

static bool at_break(const struct csv *f) { return f->p == f->end || *f->p == '\n' || *f->p == '\r'; }

static void skip_break(struct csv *f)
{
    if (f->p < f->end && *f->p == '\r')
        f->p++;
    if (f->p < f->end && *f->p == '\n')
        f->p++;
    f->line++;
}

/* One field, decoded in place. *to: where its text begins; what follows the field is overwritten with NUL by the caller. */
static int csv_field(struct csv *f, char **from, char **to, struct vn_err *err)
{
    int64_t line = f->line;
    *from = *to = f->p;
    if (f->p == f->end || *f->p != '"') {
        while (!at_break(f) && *f->p != ',')
            f->p++;
        *to = f->p;
        return 0;
    }
    *from = *to = ++f->p;
    for (;;) {
        if (f->p == f->end)
            return vn_fail(err, VN_E_FORMAT, "'%s' line %" PRId64 ": a quoted field has no closing quote", f->path, line);
        if (*f->p == '"') {
            if (f->p + 1 == f->end || f->p[1] != '"')
                break;
            f->p++;
        }
        f->line += *f->p == '\n';
        *(*to)++ = *f->p++;
    }
    f->p++;
    if (!at_break(f) && *f->p != ',')
        return vn_fail(err, VN_E_FORMAT, "'%s' line %" PRId64 ": text after the closing quote of a field", f->path, f->line);
    return 0;
}

static int csv_push(struct csv *f, char *s, struct vn_err *err)
{
    if (f->n_cell == f->cap) {
        int64_t cap = f->cap ? 2 * f->cap : 64;
        char **c = vn_realloc(f->cell, (uint64_t)cap * sizeof *c, err);
        if (!c)
            return VN_E_MEMORY;
        f->cell = c;
        f->cap = cap;
    }
    f->cell[f->n_cell++] = s;
    return 0;
}

static int csv_row(struct csv *f, struct vn_err *err)
{
    int64_t line = f->line, n = 0;
    bool more = true;
    while (more) {
        char *from, *to;
        int rc = csv_field(f, &from, &to, err);
        if (rc)
            return rc;
        more = f->p < f->end && *f->p == ',';
        if (more)
            f->p++;
        else
            skip_break(f);
        *to = '\0';                                /* only now: it may lie on the separator */
        if ((rc = csv_push(f, from, err)))
            return rc;
        n++;
    }
    if (f->n_col == 0)
        f->n_col = n;
    if (n != f->n_col)
        return vn_fail(err, VN_E_FORMAT, "'%s' line %" PRId64 " has %" PRId64 " fields, the header has %" PRId64, f->path, line, n, f->n_col);
    return 0;
}

static void csv_note(struct csv *f)
{
    f->p++;
    if (f->p < f->end && *f->p == ' ')
        f->p++;
    if (f->note.n)
        vn_str_add(&f->note, "\n");
    char *from = f->p;
    while (!at_break(f))
        f->p++;
    vn_str_addn(&f->note, from, (size_t)(f->p - from));
    skip_break(f);
}

static int csv_parse(struct csv *f, struct vn_err *err)
{
    if (f->end - f->p >= 2 && (memcmp(f->p, "\xff\xfe", 2) == 0 || memcmp(f->p, "\xfe\xff", 2) == 0))
        return vn_fail(err, VN_E_UNSUPPORTED, "'%s' is UTF-16 text: save it as UTF-8 CSV", f->path);
    if (memchr(f->p, '\0', (size_t)(f->end - f->p)))
        return vn_fail(err, VN_E_FORMAT, "'%s' is not a CSV file: it contains zero bytes", f->path);
    if (f->end - f->p >= 3 && memcmp(f->p, "\xef\xbb\xbf", 3) == 0)
        f->p += 3;
    while (f->p < f->end) {
        int rc = 0;
        if (at_break(f))
            skip_break(f);
        else if (*f->p == '#' && f->n_col == 0)
            csv_note(f);
        else
            rc = csv_row(f, err);
        if (rc)
            return rc;
    }
    if (f->n_col == 0)
        return vn_fail(err, VN_E_FORMAT, "'%s' has no header line", f->path);
    return 0;
}

/* A decimal number, "nan", "na", "inf" or nothing.  Not a number: what a double could not give back as it was written,
 * which are identifiers: "007", "12345678901234567890", 1e999. */
static bool parse_number(const char *s, double *out)
{
    static const char *const unknown[] = { "", "nan", "na" }, *const infinite[] = { "inf", "+inf", "-inf" };
    char *end, back[400];
    for (size_t i = 0; i < VN_COUNT(unknown); i++)
        if (strcasecmp(s, unknown[i]) == 0) {
            *out = NAN;
            return true;
        }
    for (size_t i = 0; i < VN_COUNT(infinite); i++)
        if (strcasecmp(s, infinite[i]) == 0) {
            *out = *s == '-' ? -INFINITY : INFINITY;
            return true;
        }
    s += strspn(s, " \t");
    const char *d = s + (*s == '-' || *s == '+');
    size_t digits = strspn(d, "0123456789");
    if (d[strspn(d, "0123456789.eE+- \t")] || (digits > 1 && d[0] == '0'))
        return false;
    *out = strtod(s, &end);
    if (end == s || end[strspn(end, " \t")] || !isfinite(*out))
        return false;
    if (digits > 15 && end == d + digits) {
        snprintf(back, sizeof back, "%.0f", fabs(*out));
        return strlen(back) == digits && memcmp(back, d, digits) == 0;
    }
    return true;
}

static int csv_column(const struct csv *f, int64_t c, struct vn_table *t, struct vn_err *err)
{
    char name[32];
    double d;
    bool is_text = false;
    const char *given = f->cell[c];
    int rc;

    for (int64_t r = 0; r < t->n_row && !is_text; r++)
        is_text = !parse_number(f->cell[(r + 1) * f->n_col + c], &d);
    snprintf(name, sizeof name, "column_%" PRId64, c + 1);
    int k = vn_table_add_col(t, *given ? given : name, is_text, err);
    if (k < 0)
        return k == VN_E_ARG ? vn_fail(err, VN_E_FORMAT, "'%s' has two columns named '%s'", f->path, *given ? given : name) : k;
    for (int64_t r = 0; r < t->n_row; r++) {
        const char *s = f->cell[(r + 1) * f->n_col + c];
        if (!is_text)
            parse_number(s, &t->col[k].num[r]);
        else if (*s && (rc = vn_table_set_text(t, r, k, s, err)))
            return rc;
    }
    return 0;
}

int vn_table_read_csv(const char *path, struct vn_table **out, struct vn_err *err)
{
    struct csv f = { .path = path, .line = 1 };
    struct vn_table *t = NULL;
    struct vn_err e;
    size_t n;
    char *text = vn_file_read(path, CSV_MAX, &n, &e);
    int rc;

    if (!text)
        return vn_fail(err, (enum vn_code)e.code, "%s", e.msg);
    f.p = text;
    f.end = text + n;
    if ((rc = csv_parse(&f, err)))
        goto out;
    if (f.note.failed || !(t = vn_table_new(NULL))) {
        rc = vn_fail(err, VN_E_MEMORY, "no memory for the table '%s'", path);
        goto out;
    }
    t->n_row = t->cap = f.n_cell / f.n_col - 1;
    for (int64_t c = 0; c < f.n_col; c++)
        if ((rc = csv_column(&f, c, t, err)))
            goto out;
    if (f.note.n && !(t->note = vn_strdup(f.note.s, &e))) {
        rc = vn_fail(err, (enum vn_code)e.code, "%s", e.msg);
        goto out;
    }
    *out = t;
    t = NULL;
out:
    vn_table_unref(t);
    vn_str_free(&f.note);
    vn_free(f.cell);
    vn_free(text);
    return rc;
}

/* ---- writing ---- */

static void put_text(FILE *o, const char *s, bool only_field)
{
    /* A file that begins with the bytes of a UTF-16 or UTF-8 mark would be taken for such a one. */
    bool quote = (s[0] && strchr("# \xef\xfe\xff", s[0])) || (only_field && !*s) || s[strcspn(s, ",\"\r\n")];
    if (!quote) {
        fputs(s, o);
        return;
    }
    putc('"', o);
    for (; *s; s++) {
        if (*s == '"')
            putc('"', o);
        putc(*s, o);
    }
    putc('"', o);
}

int vn_table_write_csv(const struct vn_table *t, const char *path, bool force, struct vn_err *err)
{
    struct vn_err e;
    struct vn_file *file = vn_file_begin(path, force, &e);
    char num[32];

    if (!file)
        return vn_fail(err, (enum vn_code)e.code, "%s", e.msg);
    FILE *o = vn_file_stream(file);
    for (const char *n = t->note; n && *n;) {
        size_t len = strcspn(n, "\r\n");
        fprintf(o, "# %.*s\n", (int)len, n);
        n += len + (n[len] != '\0');
    }
    for (int c = 0; c < t->n_col; c++) {
        put_text(o, t->col[c].name, t->n_col == 1);
        putc(c + 1 < t->n_col ? ',' : '\n', o);
    }
    for (int64_t r = 0; r < t->n_row; r++)
        for (int c = 0; c < t->n_col; c++) {
            const struct vn_column *k = &t->col[c];
            const char *s = k->is_text ? k->text[r] : isnan(k->num[r]) ? "" : vn_text_real(k->num[r], num);
            put_text(o, s, t->n_col == 1);
            putc(c + 1 < t->n_col ? ',' : '\n', o);
        }
    return vn_file_commit(file, err);
}
