/* What the panes show and how one gets there, in a terminal. */
#include "tty.h"

/* 32 x 32 x 32 voxels of 0, but 200 in the 6 x 6 voxels around (20, 10) of plane 21. */
static void write_patch(char path[128])
{
    uint8_t v[32] = { 0 };
    snprintf(path, 128, "%s/patch.raw", home);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    for (int z = 0; z < 32; z++)
        for (int y = 0; y < 32; y++) {
            memset(v, 0, sizeof v);
            if (z == 21 && y >= 7 && y < 13)
                memset(v + 17, 200, 6);
            assert_int_equal(fwrite(v, 1, sizeof v, f), sizeof v);
        }
    fclose(f);
}

/* A cell all white in columns [x0, x1) of the pictures, or false. */
static bool find_white(struct tty *t, int x0, int x1, int *x, int *y)
{
    for (*y = 1; *y < t->rows - 5; ++*y)
        for (*x = x0; *x < x1; ++*x)
            if (look_at(t, *x, *y).bg == 231 && look_at(t, *x + 1, *y).bg == 231)
                return true;
    return false;
}

static void a_click_on_the_projection_finds_the_depth(void **state)
{
    (void)state;
    struct tty t;
    char path[128], line[256];
    int x = 0, y = 0;
    write_patch(path);
    start(&t, 24, 80, true);
    snprintf(line, sizeof line, ":open %s dims=32,32,32 type=u8 voxel=1um as=v; window 0,100; crosshair off; show v\r", path);
    keys(&t, line);
    expect(&t, "v  16,16,16 = 0");
    keys(&t, "4");
    expect(&t, "MIP along z");
    settle(&t);
    assert_true(find_white(&t, 0, t.cols - 1, &x, &y));
    click(&t, 0, x + 1, y + 1);
    expect(&t, "> goto ");
    settle(&t);
    assert_true(on_screen(&t, ",21"));               /* the slice would have been 16 */
    keys(&t, "f");                                   /* one, all, two */
    expect(&t, "YZ x");
    keys(&t, "f");
    expect_is(&t, "YZ x", false);
    expect(&t, "XY z 21/32");
    assert_true(on_screen(&t, "MIP along z"));
    keys(&t, "f");
    expect_is(&t, "XY z 21/32", false);
    keys(&t, "q");
    finish(&t);
}

int main(void)
{
    if (!tty_setup())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_click_on_the_projection_finds_the_depth),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    tty_teardown();
    return rc;
}
