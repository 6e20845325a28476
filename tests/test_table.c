/* test_table.c - tables and CSV.  Expected values from RFC 4180 and by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "file.h"
#include "job.h"
#include "mem.h"
#include "table.h"

static struct vn_err err;
static char dir[64], path[128];

static void write_text(const char *s, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fwrite(s, 1, n, f);
    fclose(f);
}

static int read_text(const char *s, struct vn_table **t)
{
    write_text(s, strlen(s));
    return vn_table_read_csv(path, t, &err);
}

static void plain(void **state)
{
    (void)state;
    struct vn_table *t;
    assert_int_equal(read_text("# made by hand\n#second, line\nname,length_um,r\na,1.5,2\nb,,-3e2\n", &t), 0);
    assert_int_equal(t->n_col, 3);
    assert_int_equal(t->n_row, 2);
    assert_string_equal(t->note, "made by hand\nsecond, line");
    assert_true(t->col[0].is_text && !t->col[1].is_text && !t->col[2].is_text);
    assert_string_equal(t->col[0].text[1], "b");
    assert_true(t->col[1].num[0] == 1.5 && isnan(t->col[1].num[1]) && t->col[2].num[1] == -300);
    assert_int_equal(vn_table_find(t, "length_um"), 1);
    assert_int_equal(vn_table_find(t, "length"), -1);
    vn_table_unref(t);
}

/* Byte order mark, CRLF, no break at the end, blank lines, quotes with separators, breaks and quotes inside. */
static void awkward_form(void **state)
{
    (void)state;
    struct vn_table *t;
    assert_int_equal(read_text("\xef\xbb\xbf" "\r\n\"a\"\"b\",\"c\r\nd\",e\r\n\"x,y\",\"1\",\r\n\r\n\"p\nq\", 2 ,\"\"", &t), 0);
    assert_int_equal(t->n_col, 3);
    assert_int_equal(t->n_row, 2);
    assert_string_equal(t->col[0].name, "a\"b");
    assert_string_equal(t->col[1].name, "c\r\nd");
    assert_string_equal(t->col[0].text[0], "x,y");
    assert_string_equal(t->col[0].text[1], "p\nq");
    assert_true(t->col[1].num[0] == 1 && t->col[1].num[1] == 2);
    assert_false(t->col[2].is_text);
    assert_true(isnan(t->col[2].num[0]));
    assert_null(t->note);
    vn_table_unref(t);
}

/* Identifiers stay text: what a double could not give back as it was written. */
static void what_is_a_number(void **state)
{
    (void)state;
    static const struct { const char *s; bool text; double v; } c[] = {
        { "007", true, 0 }, { "0", false, 0 }, { "0.5", false, 0.5 }, { "-0.5", false, -0.5 }, { ".5", false, 0.5 }, { "5.", false, 5 },
        { "1e999", true, 0 }, { "1e308", false, 1e308 }, { "9007199254740993", true, 0 }, { "9007199254740992", false, 9007199254740992.0 },
        { "123456789012345678901234567890", true, 0 }, { "0x10", true, 0 }, { "1,5", true, 0 }, { "1 2", true, 0 }, { "e5", true, 0 },
        { "inf", false, INFINITY }, { "-Inf", false, -INFINITY }, { "--1", true, 0 }, { "-", true, 0 }, { "1d", true, 0 }, { "infinity", true, 0 },
    };
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        char text[200];
        struct vn_table *t;
        snprintf(text, sizeof text, "v\n\"%s\"\n", c[i].s);
        assert_int_equal(read_text(text, &t), 0);
        assert_int_equal(t->col[0].is_text, c[i].text);
        if (c[i].text)
            assert_string_equal(t->col[0].text[0], c[i].s);
        else
            assert_true(t->col[0].num[0] == c[i].v);
        vn_table_unref(t);
    }
}

static void refused(void **state)
{
    (void)state;
    static const struct { const char *text, *say; } c[] = {
        { "a,b\n1,2\n\n3\n", "line 4 has 1 fields, the header has 2" },
        { "a,b\n1,\"2\n3\"\n1,2,3\n", "line 4 has 3 fields, the header has 2" },
        { "a,b\n1,\"2\n", "line 2: a quoted field has no closing quote" },
        { "a,b\n1,\"2\"x\n", "line 2: text after the closing quote" },
        { "a,b,a\n1,2,3\n", "has two columns named 'a'" },
        { "", "has no header line" },
        { "# only a note\n\n", "has no header line" },
    };
    struct vn_table *t = NULL;
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        assert_int_equal(read_text(c[i].text, &t), VN_E_FORMAT);
        assert_non_null(strstr(err.msg, c[i].say));
        assert_non_null(strstr(err.msg, path));
    }
    write_text("a,b\n1,\0\n", 8);
    assert_int_equal(vn_table_read_csv(path, &t, &err), VN_E_FORMAT);
    write_text("\xff\xfe" "a\0", 4);
    assert_int_equal(vn_table_read_csv(path, &t, &err), VN_E_UNSUPPORTED);
    assert_int_equal(vn_table_read_csv("/nowhere/x.csv", &t, &err), VN_E_IO);
    assert_null(t);
}

static struct vn_table *sample(void)
{
    static const double v[] = { 0.1, 1.0 / 3, 1e-300, -0.0, NAN, INFINITY, 123456789.123, 5e-324 };
    static const char *const s[] = { "", "a,b", "\"", "x\ny", "# no note", " lead", "\xe5\xb0\x8f\xe9\xbc\xa0", "r\r" };
    struct vn_table *t = vn_table_new(&err);
    assert_int_equal(vn_table_add_col(t, "name", true, &err), 0);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(vn_table_add_row(t, &err), 0);
        assert_int_equal(vn_table_set_text(t, i, 0, s[i], &err), 0);
    }
    assert_int_equal(vn_table_add_col(t, "#v", false, &err), 1);       /* to a table that has rows */
    assert_true(isnan(t->col[1].num[7]));
    memcpy(t->col[1].num, v, sizeof v);
    t->note = vn_strdup("venule 0.1\nseed 1", &err);
    return t;
}

/* Written and read back: the same texts and the same doubles; written again: the same bytes. */
static void round_trip(void **state)
{
    (void)state;
    struct vn_table *t = sample(), *u;
    size_t na, nb;
    assert_int_equal(vn_table_write_csv(t, path, true, &err), 0);
    assert_int_equal(vn_table_write_csv(t, path, false, &err), VN_E_IO);
    char *a = vn_file_read(path, 1 << 20, &na, &err);
    assert_int_equal(vn_table_read_csv(path, &u, &err), 0);
    assert_string_equal(u->note, t->note);
    assert_int_equal(u->n_row, 8);
    for (int i = 0; i < 8; i++) {
        assert_string_equal(u->col[0].text[i], t->col[0].text[i]);
        assert_true(isnan(t->col[1].num[i]) ? isnan(u->col[1].num[i]) : u->col[1].num[i] == t->col[1].num[i]);
    }
    assert_int_equal(vn_table_write_csv(u, path, true, &err), 0);
    char *b = vn_file_read(path, 1 << 20, &nb, &err);
    assert_int_equal(na, nb);
    assert_memory_equal(a, b, na);
    vn_free(a);
    vn_free(b);
    vn_table_unref(t);
    vn_table_unref(u);
}

/* In a table of one column an unknown value must not become a blank line. */
static void one_column(void **state)
{
    (void)state;
    struct vn_table *t = vn_table_new(&err), *u;
    vn_table_add_col(t, "v", false, &err);
    for (int i = 0; i < 3; i++)
        vn_table_add_row(t, &err);
    t->col[0].num[2] = 4;
    assert_int_equal(vn_table_write_csv(t, path, true, &err), 0);
    assert_int_equal(vn_table_read_csv(path, &u, &err), 0);
    assert_int_equal(u->n_row, 3);
    assert_true(isnan(u->col[0].num[0]) && u->col[0].num[2] == 4);
    assert_int_equal(vn_table_add_col(u, "v", false, &err), VN_E_ARG);
    assert_string_equal(err.msg, "a table cannot have two columns named 'v'");
    vn_table_unref(t);
    vn_table_unref(u);
}

static void header_only(void **state)
{
    (void)state;
    struct vn_table *t;
    assert_int_equal(read_text("a,,c", &t), 0);
    assert_int_equal(t->n_row, 0);
    assert_string_equal(t->col[1].name, "column_2");
    assert_int_equal(vn_table_add_row(t, &err), 0);
    assert_true(isnan(t->col[0].num[0]));
    struct vn_table *same = vn_table_ref(t);
    vn_table_unref(same);
    vn_table_unref(t);
}

/* Every allocation fails once: an error, nothing lost (the address sanitizer watches), then success. */
static void allocation_failures(void **state)
{
    (void)state;
    struct vn_table *t;
    int rc = -1;
    static const char text[] = "# n\na,b\nx,1\n,2\ny,3\n";
    write_text(text, sizeof text - 1);
    for (long i = 1; rc; i++) {
        vn_mem_fail_at(i);
        rc = vn_table_read_csv(path, &t, &err);
        assert_true(rc == 0 || rc == VN_E_MEMORY);
        assert_true(i < 200);
    }
    vn_mem_fail_at(0);
    vn_table_unref(t);
}

int main(void)
{
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    strcpy(dir, "/tmp/vn_table_XXXXXX");
    if (!mkdtemp(dir))
        return 1;
    snprintf(path, sizeof path, "%s/t.csv", dir);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain), cmocka_unit_test(awkward_form), cmocka_unit_test(what_is_a_number), cmocka_unit_test(refused),
        cmocka_unit_test(round_trip), cmocka_unit_test(one_column), cmocka_unit_test(header_only), cmocka_unit_test(allocation_failures),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    unlink(path);
    rmdir(dir);
    return rc;
}
