/* test_ui_pick.c - picking in the terminal: keys, mouse, panel.  Numbers of the phantom by hand (test_pick.c). */
#include "tty.h"

static void along_a_branch(void **state)
{
    struct tty t;
    (void)state;
    start(&t, 24, 80, true);
    expect(&t, "no volume");
    keys(&t, "phantom ybranch dims=64x64x32 radius=3 as=y\r");
    expect(&t, "y  32,32,16");
    settle(&t);
    keys(&t, "s");                                       /* the crosshair is on the branch point */
    expect(&t, "node 0 of 4");
    expect(&t, "segments     0 1 2");
    keys(&t, "\t");
    expect(&t, "segment 0 of 3");
    expect(&t, "length       27.5 um");
    expect(&t, "from node    0, degree 3");
    keys(&t, "\t");
    expect(&t, "segment 1 of 3");
    keys(&t, "\033[Z");
    expect(&t, "segment 0 of 3");
    keys(&t, "\033[1;2C");                               /* Shift-Right: ten points towards the end, to lower x */
    expect(&t, "> pick y_graph segment=0 at=");
    settle(&t);
    assert_false(on_screen(&t, "y  32,32,16"));
    keys(&t, "n");                                       /* the nearer end is still the branch point */
    expect(&t, "node 0 of 4");
    keys(&t, "\t\t");
    expect(&t, "segment 1 of 3");
    settle(&t);
    click(&t, 0, 12, 10);                                /* on the first arm, 22 um left of the branch point */
    expect(&t, "segment 0 of 3");
    expect(&t, "go");
    settle(&t);
    keys(&t, ":overlay y_mask\r");
    settle(&t);
    keys(&t, "g");
    expect(&t, "a piece of y_mask");
    expect(&t, "voxels       2648");
    keys(&t, "d");                                       /* the command is shown, not sent */
    expect(&t, "delete y_mask at=");
    keys(&t, "\003");
    settle(&t);
    keys(&t, "\033");
    expect_is(&t, "a piece of", false);
    settle(&t);
    keys(&t, "q");
    finish(&t);
}

static void nothing_to_pick(void **state)
{
    struct tty t;
    (void)state;
    start(&t, 24, 80, false);
    expect(&t, "no volume");
    keys(&t, "phantom empty dims=16x16x8 as=e; close e_mask; close e_graph\r");
    expect(&t, "e  8,8,4");
    settle(&t);
    keys(&t, "s");
    expect(&t, "there is nothing to pick from");
    keys(&t, "q");
    finish(&t);
}

int main(void)
{
    if (!tty_setup())
        return 1;
    const struct CMUnitTest tests[] = { cmocka_unit_test(along_a_branch), cmocka_unit_test(nothing_to_pick) };
    const int rc = cmocka_run_group_tests(tests, NULL, NULL);
    tty_teardown();
    return rc;
}
