/* File by file over ../shared/data: shared_data.txt says what independent readers find in each (see shared_data.py); here
 * every file is opened and every channel read.  What the table does not list must be refused. */
#include "io.h"
#include <ftw.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <cmocka.h>
#include "file.h"
#include "job.h"
#include "mem.h"
#include "text.h"

#define DATA "../shared/data/"
static struct vn_err err;
static char *table;                  /* the table's text, its lines cut at the tabs */
struct row { char *field[8]; int n; };
static struct row *rows;
static int n_row, n_read, n_refused, n_wrong;

static void split(char *text)
{
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        struct row r = { .n = 0 };
        if (*line == '#')
            continue;
        for (char *s = line; s && r.n < 8; r.n++) {
            r.field[r.n] = s;
            s = strchr(s, '\t');
            if (s)
                *s++ = 0;
        }
        rows = realloc(rows, (size_t)(n_row + 1) * sizeof *rows);
        rows[n_row++] = r;
    }
}

static uint32_t sum(struct vn_vol *v, int *rc)
{
    struct vn_buf b = { 0 };
    uLong crc = 0;

    *rc = vn_buf_new(&b, v->src->type, &v->box, &err);
    if (!*rc)
        *rc = vn_vol_read(v, VN_PAD_ZERO, &b, NULL, &err);
    if (!*rc)
        crc = crc32_z(0, b.data, vn_box_count(&v->box) * vn_type_size(b.type));
    vn_buf_free(&b);
    return (uint32_t)crc;
}

/* What Venule says of a file, in the table's words. */
static int look(const char *name, struct vn_str *out)
{
    char path[600], types[64] = "";
    struct vn_str sums = { 0 };
    struct vn_open_opt o = { 0 };
    struct vn_vol *v = NULL;
    int n = 1, times = 1, rc = 0;
    int64_t dim[3] = { 0 };

    snprintf(path, sizeof path, DATA "%s", name);
    for (; !rc && o.channel < n; o.channel++) {
        if ((rc = vn_io_open(path, &o, &v, &err)))
            break;
        n = v->n_channel;
        times = v->n_time;
        memcpy(dim, v->grid.dim, sizeof dim);
        const char *t = vn_type_name(v->src->type);
        if (!strstr(types, t))
            snprintf(types + strlen(types), sizeof types - strlen(types), "%s%s", types[0] ? "," : "", t);
        vn_str_addf(&sums, "%s%08x", o.channel ? "," : "", sum(v, &rc));
        vn_vol_unref(v);
    }
    if (!rc)
        vn_str_addf(out, "%" PRId64 "x%" PRId64 "x%" PRId64 "\t%d\t%d\t%s\t%s", dim[0], dim[1], dim[2], n, times, types, sums.s);
    vn_str_free(&sums);
    return rc;
}

static void each_row(void **state)
{
    (void)state;
    if (!table || access(DATA "tiff", R_OK))
        skip();
    for (int i = 0; i < n_row; i++) {
        const struct row *r = &rows[i];
        struct vn_str got = { 0 }, want = { 0 };
        const char *bad = NULL;
        int rc = look(r->field[1], &got);

        if (strcmp(r->field[0], "read") == 0) {
            assert_true(r->n >= 7);
            vn_str_addf(&want, "%s\t%s\t%s\t%s\t%s", r->field[2], r->field[3], r->field[4], r->field[5], r->field[6]);
            bad = rc ? err.msg : strcmp(got.s, want.s) ? got.s : NULL;
            n_read += !bad;
        } else if (strcmp(r->field[0], "refuse") != 0) {
            vn_str_addf(&want, "%s", r->field[2]);           /* a row that nobody has decided yet */
            bad = rc ? err.msg : got.s;
        } else {
            assert_true(r->n >= 4);
            vn_str_addf(&want, "%s: %s", r->field[2], r->field[3]);
            bad = !rc ? got.s : strcmp(vn_code_name(rc), r->field[2]) || !strstr(err.msg, r->field[3]) ? err.msg : NULL;
            n_refused += !bad;
        }
        if (bad) {
            print_error("%s\n    should: %s\n    but:    %s%s%s\n", r->field[1], want.s, rc ? vn_code_name(rc) : "", rc ? ": " : "", bad);
            n_wrong++;
        }
        vn_str_free(&got);
        vn_str_free(&want);
    }
    print_message("%d files read as other readers do, %d refused as they should be, %d wrong\n", n_read, n_refused, n_wrong);
    assert_int_equal(n_wrong, 0);
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *w)
{
    const struct vn_open_opt o = { 0 };
    struct vn_vol *v = NULL;
    bool listed = false;

    (void)st, (void)w;
    for (int i = 0; i < n_row && !listed; i++)
        listed = strcmp(rows[i].field[1], path + strlen(DATA)) == 0;
    if (type != FTW_F || listed || vn_io_open(path, &o, &v, &err))
        return 0;
    print_error("%s opens but is not in the table\n", path);
    vn_vol_unref(v);
    n_wrong++;
    return 0;
}

static void nothing_else_opens(void **state)
{
    (void)state;
    if (!table || access(DATA "tiff", R_OK))
        skip();
    n_wrong = 0;
    assert_int_equal(nftw(DATA, visit, 16, FTW_PHYS), 0);
    assert_int_equal(n_wrong, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(each_row), cmocka_unit_test(nothing_else_opens) };
    size_t n;
    vn_mem_init(1000000000);
    table = vn_file_read(argc > 1 ? argv[1] : "tests/shared_data.txt", 1 << 22, &n, &err);
    if (table)
        split(table);
    if (vn_job_init(2, &err))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    vn_free(table);
    free(rows);
    return rc;
}
