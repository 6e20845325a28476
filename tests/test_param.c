/* test_param.c - typed parameters: what is accepted, what is refused and how, printing that parses back. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "job.h"
#include "mem.h"
#include "param.h"
#include "text.h"

static const struct vn_param table[] = {
    { "name", VN_P_OBJECT, VN_POS | VN_REQ, .help = "volume" },
    { "path", VN_P_PATH, VN_POS, .help = "file" },
    { "n", VN_P_INT, 0, .min = 1, .max = 9, .def = "3" },
    { "x", VN_P_REAL, 0, .min = -1, .max = 1, .unit = "um" },
    { "method", VN_P_CHOICE, 0, .choices = "otsu|li|triangle", .def = "li" },
    { "sigma", VN_P_LENGTH, 0, .min = 0.1, .max = 100 },
    { "scales", VN_P_LENGTHS, 0, .def = "1,2,4um" },
    { "voxel", VN_P_VOXEL },
    { "box", VN_P_BOX },
    { "range", VN_P_RANGE },
    { "at", VN_P_POINT },
    { "reals", VN_P_REALS },
    { "as", VN_P_NAME },
    { "force", VN_P_FLAG, VN_PREF },
    { 0 },
};

static struct vn_args a;
static struct vn_err err;

static int setup(void **state)
{
    (void)state;
    return vn_args_init(&a, table, &err);
}
static int teardown(void **state)
{
    (void)state;
    vn_args_free(&a);
    return 0;
}

static void defaults_are_values_nobody_typed(void **state)
{
    (void)state;
    assert_int_equal(vn_args_int(&a, "n"), 3);
    assert_false(vn_args_given(&a, "n"));
    assert_int_equal(vn_args_int(&a, "method"), 1);
    assert_int_equal(vn_arg(&a, "scales")->i, 3);
    assert_int_equal(vn_arg(&a, "scales")->len[0].unit, VN_UM);
    assert_true(vn_arg(&a, "scales")->len[2].v == 4);
    assert_false(vn_args_has(&a, "x"));
}

static void good_values(void **state)
{
    (void)state;
    assert_int_equal(vn_args_set(&a, "sigma", "0.5mm", &err), VN_E_ARG);       /* 500 um: over 100 */
    assert_int_equal(vn_args_set(&a, "sigma", "50nm", &err), VN_E_ARG);        /* 0.05 um: under 0.1 */
    assert_int_equal(vn_args_set(&a, "sigma", "2.5\xc2\xb5m", &err), 0);
    assert_true(vn_arg(&a, "sigma")->len[0].v == 2.5);
    assert_int_equal(vn_args_set(&a, "voxel", "0.35x0.35x1um", &err), 0);
    assert_true(vn_arg(&a, "voxel")->d[1] == 0.35 && vn_arg(&a, "voxel")->d[2] == 1);
    assert_int_equal(vn_args_set(&a, "voxel", "2", &err), 0);
    assert_true(vn_arg(&a, "voxel")->d[2] == 2);
    assert_int_equal(vn_args_set(&a, "voxel", "0.001x0.002x0.003mm", &err), 0);
    assert_true(vn_arg(&a, "voxel")->d[0] == 1 && vn_arg(&a, "voxel")->d[1] == 2 && vn_arg(&a, "voxel")->d[2] == 3);
    assert_int_equal(vn_args_set(&a, "box", "100:260,:,-5:", &err), 0);
    assert_true(vn_arg(&a, "box")->lo[0] == 100 && vn_arg(&a, "box")->hi[0] == 260);
    assert_true(vn_arg(&a, "box")->lo[1] == INT64_MIN && vn_arg(&a, "box")->hi[1] == INT64_MAX);
    assert_true(vn_arg(&a, "box")->lo[2] == -5 && vn_arg(&a, "box")->hi[2] == INT64_MAX);
    assert_int_equal(vn_args_set(&a, "box", "off", &err), 0);
    assert_int_equal(vn_arg(&a, "box")->i, 0);
    assert_int_equal(vn_args_set(&a, "at", "1,2.5,-3", &err), 0);
    assert_true(vn_arg(&a, "at")->d[1] == 2.5);
    assert_int_equal(vn_args_set(&a, "range", "3:9", &err), 0);
}

static void bad_values_name_parameter_value_and_limit(void **state)
{
    static const struct { const char *key, *text, *says; } t[] = {
        { "n", "10", "n=10: must lie between 1 and 9" }, { "n", "1.5", "whole number" }, { "n", "", "whole number" },
        { "n", "99999999999999999999", "whole number" }, { "x", "2", "between -1 and 1 um" }, { "x", "nan", "a number" },
        { "x", "inf", "a number" }, { "x", "1e999", "a number" }, { "x", "0x", "a number" }, { "method", "mean", "otsu|li|triangle" },
        { "method", "l", "otsu|li|triangle" }, { "sigma", "2 um", "expected a length" }, { "sigma", "1,2", "expected a length" },
        { "scales", "1,2,3,4,5,6,7,8,9", "up to 8" }, { "scales", "1,,2", "up to 8" }, { "voxel", "1x2um", "voxel size" },
        { "voxel", "0", "between" }, { "voxel", "-1", "between" }, { "voxel", "1x1x1vox", "voxel size" }, { "box", "5:5,0:1,0:1", "no voxel" },
        { "box", "0:1,0:1", "expected" }, { "box", "0:1,0:1,0:1,0:1", "expected" }, { "box", "0-1,0:1,0:1", "expected" },
        { "box", "99999999999999999999:,:,:", "expected" }, { "range", "off", "expected" }, { "at", "1,2", "x,y,z" }, { "as", "9a", "a name" },
        { "as", "a/b", "a name" }, { "as", "", "a name" }, { "force", "1", "no value" }, { "name", "", "empty" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        int rc = vn_args_set(&a, t[i].key, t[i].text, &err);
        if (rc != VN_E_ARG || !strstr(err.msg, t[i].says) || !strstr(err.msg, t[i].key))
            fail_msg("%s=%s: code %d, message '%s'", t[i].key, t[i].text, rc, err.msg);
    }
    assert_int_equal(vn_args_int(&a, "n"), 3);                                  /* a refused value changes nothing */
}

static void printed_arguments_parse_back(void **state)
{
    struct vn_str b = { 0 };
    (void)state;
    assert_int_equal(vn_args_set(&a, "name", "v", &err), 0);
    assert_int_equal(vn_args_set(&a, "path", "a b=c.tif", &err), 0);
    assert_int_equal(vn_args_set(&a, "n", "4", &err), 0);
    assert_int_equal(vn_args_set(&a, "force", "", &err), 0);
    vn_args_print(&a, &b);
    assert_string_equal(b.s, "v \"a b=c.tif\" n=4 force");
    vn_str_free(&b);
}

static void key_depends_on_values_in_force_and_not_on_names(void **state)
{
    (void)state;
    struct vn_key k0 = vn_args_key(&a, vn_key_start());
    vn_args_set(&a, "as", "other", &err);
    vn_args_set(&a, "force", "", &err);
    vn_args_set(&a, "n", "3", &err);                                            /* the default, typed */
    assert_true(vn_key_same(k0, vn_args_key(&a, vn_key_start())));
    vn_args_set(&a, "n", "4", &err);
    assert_false(vn_key_same(k0, vn_args_key(&a, vn_key_start())));
}

static void lengths_in_voxels(void **state)
{
    const double known[3] = { 0.5, 0.5, 2 }, unknown[3] = { 0, 0, 0 };
    double vox;
    (void)state;
    vn_args_set(&a, "sigma", "2um", &err);
    assert_int_equal(vn_args_length_vox(&a, "sigma", 0, known, 2, &vox, &err), 0);
    assert_true(vox == 1);
    assert_int_equal(vn_args_length_vox(&a, "sigma", 0, unknown, 0, &vox, &err), VN_E_ARG);
    assert_non_null(strstr(err.msg, "set NAME voxel="));
    vn_args_set(&a, "sigma", "2", &err);                                        /* bare: um when known, else voxels */
    assert_int_equal(vn_args_length_vox(&a, "sigma", 0, known, 0, &vox, &err), 0);
    assert_true(vox == 4);
    assert_int_equal(vn_args_length_vox(&a, "sigma", 0, unknown, 0, &vox, &err), 0);
    assert_true(vox == 2);
    vn_args_set(&a, "sigma", "2vox", &err);
    assert_int_equal(vn_args_length_vox(&a, "sigma", 0, known, 2, &vox, &err), 0);
    assert_true(vox == 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(defaults_are_values_nobody_typed, setup, teardown),
        cmocka_unit_test_setup_teardown(good_values, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_values_name_parameter_value_and_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(printed_arguments_parse_back, setup, teardown),
        cmocka_unit_test_setup_teardown(key_depends_on_values_in_force_and_not_on_names, setup, teardown),
        cmocka_unit_test_setup_teardown(lengths_in_voxels, setup, teardown),
    };
    vn_mem_init(0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
