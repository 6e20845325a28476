/* The configuration file: values, complaints with their line, and a file written out that reads back as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "config.h"

static char path[] = "/tmp/venule-config-XXXXXX";

static int no_x(const char *value, struct vn_err *err) { return strchr(value, 'x') ? vn_fail(err, VN_E_ARG, "'%s' has an x", value) : 0; }

static void write_text(const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static int setup(void **state)
{
    (void)state;
    vn_config_clear();
    vn_config_add("a.keys", "+ =", "what a does", NULL);
    vn_config_add("b", "", NULL, no_x);
    vn_config_add("a.keys", "other", "again", NULL);
    return 0;
}

static void lines(void **state)
{
    struct vn_err err = { 0 };
    (void)state;
    assert_string_equal(vn_config_get("a.keys"), "+ =");
    assert_null(vn_config_get("c"));
    write_text("# comment\n\n  a.keys =  = + \r\nb = x\nnonsense\n = 3\na.kets = 1\nb=1 = 2");
    assert_int_equal(vn_config_read(path, &err), 0);
    assert_string_equal(vn_config_get("a.keys"), "= +");
    assert_string_equal(vn_config_get("b"), "1 = 2");
    const char *c = vn_config_complaints();
    assert_non_null(strstr(c, " line 4: 'x' has an x; ignored\n"));
    assert_non_null(strstr(c, " line 5: 'nonsense' is not NAME = VALUE; ignored\n"));
    assert_non_null(strstr(c, " line 6: '= 3' is not NAME = VALUE; ignored\n"));
    assert_non_null(strstr(c, " line 7: there is no setting 'a.kets' (did you mean 'a.keys'?); ignored\n"));
    assert_null(strstr(c, " line 3"));
    assert_null(strstr(c, " line 8"));
}

static void round_trip(void **state)
{
    struct vn_err err = { 0 };
    struct vn_str b = { 0 };
    (void)state;
    assert_int_equal(vn_config_set("b", "7", &err), 0);
    assert_int_equal(vn_config_set("b", "x", &err), VN_E_ARG);
    assert_int_equal(vn_config_set("c", "7", &err), VN_E_ARG);
    vn_config_print(&b);
    assert_non_null(strstr(b.s, "# what a does\n#a.keys = + =\nb = 7\n"));
    write_text(b.s);
    setup(NULL);
    assert_int_equal(vn_config_read(path, &err), 0);
    assert_string_equal(vn_config_complaints(), "");
    assert_string_equal(vn_config_get("b"), "7");
    assert_false(vn_config_is_set("a.keys"));
    vn_str_free(&b);
}

static void missing(void **state)
{
    struct vn_err err = { 0 };
    (void)state;
    assert_int_equal(vn_config_read("/nonexistent/config", &err), VN_E_IO);
    setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
    assert_int_equal(vn_config_read(NULL, &err), 0);         /* nobody has to have one */
}

static int teardown(void **state)
{
    (void)state;
    vn_config_clear();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines, setup, teardown), cmocka_unit_test_setup_teardown(round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(missing, setup, teardown),
    };
    const int fd = mkstemp(path);
    if (fd >= 0)
        close(fd);
    const int rc = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return rc;
}
