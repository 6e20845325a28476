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
    expect(&t, ",21");               /* the slice would have been 16 */
    keys(&t, "f");                                   /* one, all, two */
    expect(&t, "YZ x");
    keys(&t, "f");
    expect_is(&t, "YZ x", false);
    expect(&t, "XY z 21/32");
    expect(&t, "MIP along z");
    keys(&t, "f");
    expect_is(&t, "XY z 21/32", false);
    keys(&t, "q");
    finish(&t);
}

static void open_phantom(struct tty *t, int rows, int cols)
{
    start(t, rows, cols, true);
    keys(t, ":phantom network dims=64x64x32 voxel=1um seed=3 as=n; show n; goto 30,20,10\r");
    expect(t, "n  30,20,10 = ");
    settle(t);
}

static void marks_are_set_listed_and_jumped_to(void **state)
{
    (void)state;
    struct tty t;
    open_phantom(&t, 24, 80);
    keys(&t, ".");                                   /* numbered */
    expect(&t, "> mark");
    expect(&t, "m1  30 20 10");
    keys(&t, ":goto 5,6,7; mark root\r");
    expect(&t, "root  5 6 7");
    settle(&t);
    keys(&t, "'");
    expect(&t, " Marks");
    expect(&t, "1 m1 ");
    expect(&t, "2 root ");
    keys(&t, "\r");                                  /* the first is chosen */
    expect(&t, "> goto m1");
    expect(&t, "n  30,20,10 = ");
    keys(&t, "2");
    expect(&t, "n  5,6,7 = ");
    click(&t, 0, 60, 1);                             /* the first line of the list */
    expect(&t, "n  30,20,10 = ");
    keys(&t, "n");
    expect(&t, "3 m2 ");
    keys(&t, "d");
    expect(&t, "> mark delete m2");
    expect_is(&t, "3 m2 ", false);
    keys(&t, "\033");
    expect_is(&t, " Marks", false);
    keys(&t, "q");
    finish(&t);
}

static void slices_play(void **state)
{
    (void)state;
    struct tty t;
    open_phantom(&t, 24, 80);
    keys(&t, "y");
    expect(&t, "forth 10/s");
    expect(&t, "XY z 14/32");                        /* by itself */
    keys(&t, "++++");
    expect(&t, "forth 30/s");
    expect(&t, "XY z 3/32");                         /* past the last one, and on from the first */
    keys(&t, " ");
    expect(&t, "halted 30/s");
    keys(&t, ":goto 30,20,31\r");
    expect(&t, "XY z 31/32");
    settle(&t);
    keys(&t, "\033[C");                              /* one slice: round */
    expect(&t, "XY z 0/32");
    keys(&t, "\033[D");
    expect(&t, "XY z 31/32");
    settle(&t);
    expect(&t, "halted");
    keys(&t, "\033");
    expect_is(&t, "halted", false);
    expect(&t, "> goto 30,20,31");                   /* what the keys did is a command */
    keys(&t, "q");
    finish(&t);
}

static void several_overlays_have_a_legend(void **state)
{
    (void)state;
    struct tty t;
    open_phantom(&t, 24, 80);
    keys(&t, ":threshold n low=100 as=hot; overlay n_mask hot\r");
    expect(&t, "> overlay n_mask hot");
    settle(&t);
    char row[1024];
    row_text(&t, 1, row);                            /* the first row of the picture, at its end */
    assert_non_null(strstr(row, "n_mask"));
    row_text(&t, 2, row);
    assert_non_null(strstr(row, "hot"));
    keys(&t, "OD");
    expect(&t, "> overlay outline");
    expect(&t, "> slab method=depth mip=depth");
    keys(&t, "C");
    expect(&t, "> colormap inverted");
    keys(&t, "q");
    finish(&t);
}

/* ncurses sends again what lies between two changes of a line; the pictures are sent after it. */
static void frames_that_move_leave_no_holes(void **state)
{
    (void)state;
    struct tty t;
    open_phantom(&t, 24, 80);
    keys(&t, "f");
    expect(&t, "YZ x");
    settle(&t);
    keys(&t, "f");
    expect_is(&t, "YZ x", false);
    settle(&t);
    for (int y = 1; y < 19; y++)
        for (int x = 0; x < 80; x++) {
            const struct look l = look_at(&t, x, y);
            if (l.ch != 0x2502 && l.bg < 0)
                fail_msg("no picture at %d,%d", x, y);
        }
    keys(&t, "q");
    finish(&t);
}

int main(void)
{
    if (!tty_setup())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_click_on_the_projection_finds_the_depth),
        cmocka_unit_test(marks_are_set_listed_and_jumped_to),
        cmocka_unit_test(slices_play),
        cmocka_unit_test(several_overlays_have_a_legend),
        cmocka_unit_test(frames_that_move_leave_no_holes),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    tty_teardown();
    return rc;
}
