/* The region drawn in the real program: by keys, by typing, by the mouse alone; taken back; estimated meanwhile. */
#include "tty.h"

static void begin(struct tty *t, const char *line)
{
    start(t, 24, 80, true);
    settle(t);
    keys(t, line);
    settle(t);
}

static void by_keys(void **state)
{
    (void)state;
    struct tty t;
    begin(&t, ":phantom network dims=80x80x40 voxel=0.5x0.5x2um seed=2 noise=0.1 as=n\r");
    keys(&t, "r");
    expect(&t, "64 x 64 x 40 voxels");                     /* around the middle, cut at the volume */
    expect(&t, "32 x 32 x 80 um");
    expect(&t, "163.8 kB");
    expect(&t, "x 8 : 72");
    expect(&t, "segment n");
    expect(&t, "time   about");                            /* when the hand rests */
    keys(&t, "x\033[C\033[C\033[C");                       /* the lower face along x, three voxels on */
    expect(&t, "x 11 : 72");
    keys(&t, "Z\033[1;2D");                                /* the upper along z: Shift, by 10 */
    expect(&t, "z 0 : 30");
    keys(&t, "b\033[D");                                   /* the box, by 4 */
    expect(&t, "x 7 : 68");
    keys(&t, "-");
    expect(&t, "x 11 : 64");
    expect(&t, "z 4 : 26");
    keys(&t, "s8,8,8um\r");                                /* around its middle */
    expect(&t, "16 x 16 x 4 voxels");
    expect(&t, "8 x 8 x 8 um");
    keys(&t, "sx\r");
    expect(&t, "is no size");
    keys(&t, "\r");
    expect(&t, "> roi 29:45,32:48,13:17");
    expect(&t, "size 16 16 4, size_um 8 8 8, mb 0.001024");
    settle(&t);
    keys(&t, "r+");                                        /* edited again, and left as it was */
    expect(&t, "24 x 24 x 12 voxels");
    keys(&t, "\033");
    expect_is(&t, "24 x 24 x 12 voxels", false);
    expect(&t, "roi 16x16x4");
    keys(&t, "u");                                         /* one step, back to none */
    expect(&t, "undone  roi 29:45");
    settle(&t);
    keys(&t, ":roi\r");
    expect(&t, "roi  off");
    keys(&t, "rR");
    expect(&t, "> roi off");
    settle(&t);
    keys(&t, "q");
    finish(&t);
}

static void drag(struct tty *t, int button, int x0, int y0, int x1, int y1)
{
    mouse(t, button, x0, y0, false);
    for (int i = 1; i <= 4; i++)
        mouse(t, button + 32, x0 + (x1 - x0) * i / 4, y0 + (y1 - y0) * i / 4, false);
    mouse(t, button, x1, y1, true);
    settle(t);
}

/* Until the pictures are those, or are others. */
static void wait_sum(struct tty *t, uint64_t sum, bool same)
{
    for (double until = now() + 15; (screen_sum(t, 1, 18) == sum) != same && now() < until;)
        pump(t, 20);
    assert_true((screen_sum(t, 1, 18) == sum) == same);
    settle(t);
}

/* One pane of 51 x 18 cells beside the panel, under a title row: the middle of 64 voxels is that of column 25, and
 * between rows 9 and 10; a cell is 16 / 9 x 32 / 9 voxels. */
static void by_mouse(void **state)
{
    struct tty t;
    (void)state;
    begin(&t, ":phantom network dims=64x64x64 seed=2 noise=0.1 as=n; roi 0:64,0:64,20:40\r");
    keys(&t, "r");
    expect(&t, "64 x 64 x 20 voxels");                     /* all of the picture: inside it a new box is drawn */
    settle(&t);
    drag(&t, 0, 19, 7, 31, 12);                            /* middles of cells 21.3, 23.1 and 42.7, 40.9; the third extent stays */
    expect(&t, "x 21 : 43");
    expect(&t, "y 23 : 41");
    expect(&t, "z 20 : 40");
    drag(&t, 0, 25, 9, 27, 9);                             /* inside: moved by two cells, 3.6 voxels */
    expect(&t, "x 25 : 47");
    expect(&t, "y 23 : 41");
    drag(&t, 0, 33, 9, 36, 9);                             /* the right face by three cells, 5.3 voxels */
    expect(&t, "x 25 : 52");
    drag(&t, 0, 21, 7, 20, 6);                             /* the corner: 1.8 and 3.6 voxels */
    expect(&t, "x 23 : 52");
    expect(&t, "y 19 : 41");
    drag(&t, 0, 20, 9, 50, 9);                             /* the left face cannot pass the right one */
    expect(&t, "x 51 : 52");
    drag(&t, 4, 21, 8, 28, 10);                            /* with Shift a new one, wherever it begins */
    expect(&t, "x 24 : 38");
    expect(&t, "time   about");                            /* the panel's last line to come */
    settle(&t);
    mouse(&t, 35, 2, 9, false);
    settle(&t);
    const uint64_t before = screen_sum(&t, 1, 18);
    mouse(&t, 35, 21, 9, false);                           /* over the left face: it stands out */
    wait_sum(&t, before, false);
    mouse(&t, 35, 2, 9, false);
    wait_sum(&t, before, true);
    click(&t, 0, 10, 17);                                  /* beside it: the crosshair */
    expect(&t, "> goto 5,");
    settle(&t);
    click_on(&t, "accept");
    expect(&t, "> roi 24:38,26:34,20:40");
    settle(&t);
    keys(&t, "q");
    finish(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(by_keys), cmocka_unit_test(by_mouse) };
    if (!tty_setup())
        return 1;
    const int rc = cmocka_run_group_tests(tests, NULL, NULL);
    tty_teardown();
    return rc;
}
