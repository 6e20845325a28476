/* test_ui_profile.c - a line across a tube: grey values 40 to y 12, 192 at 13 and 18, 200 between, 40 from 19 on.  Half, 120, lies
 * 80/152 of the way from 12 to 13 and 72/152 of that from 18 to 19: 5.947 um apart. */
#include "tty.h"

static void begin(struct tty *t, int rows, int cols, bool color)
{
    start(t, rows, cols, color);
    expect(t, "no volume");
    keys(t, "phantom tube dims=32x32x16 radius=3 as=v\r");
    expect(t, "v  16,16,8");
    settle(t);
    keys(t, ":goto 16,4,8\r");
    expect(t, "v  16,4,8");
    settle(t);
}

static void by_keys(void **state)
{
    struct tty t;
    (void)state;
    begin(&t, 24, 80, true);
    keys(&t, "P");
    expect(&t, "drag, or move the crosshair");
    keys(&t, "\033[1;2B\033[1;2B\033[B\033[B\033[B");    /* Shift-Down twice, Down three times: the end follows */
    expect(&t, "16,4,8 to 16,27,8 ...");
    expect(&t, "length 23 um");
    expect(&t, "FWHM   5.947 um");
    keys(&t, " \033[B");                                 /* set: the end stays when the crosshair goes on */
    expect(&t, "v  16,28,8");
    settle(&t);
    assert_true(on_screen(&t, "16,4,8 to 16,27,8") && !on_screen(&t, "16,27,8 ..."));
    keys(&t, "r");
    expect(&t, "16,27,8 to 16,4,8");
    keys(&t, "+");
    expect(&t, "width  1 um");
    keys(&t, "-r\r");
    expect(&t, "> profile v from=16,4,8 to=16,27,8 as=line");
    expect(&t, "line:");
    settle(&t);
    keys(&t, "F");
    expect(&t, "as=line2 plot=line2.pdf");
    keys(&t, "\003");
    settle(&t);
    keys(&t, " ");                                       /* a new line begins at the crosshair */
    expect(&t, "16,28,8 to 16,28,8 ...");
    keys(&t, "\033");
    expect_is(&t, "FWHM", false);
    settle(&t);
    keys(&t, "q");
    finish(&t);
}

static void by_mouse(void **state)
{
    struct tty t;
    (void)state;
    begin(&t, 24, 80, false);
    keys(&t, "P");
    expect(&t, "drag, or move the crosshair");
    settle(&t);
    mouse(&t, 0, 24, 3, false);
    for (int y = 4; y <= 16; y++)
        mouse(&t, 32, 24, y, false);
    mouse(&t, 0, 24, 16, true);
    expect(&t, "FWHM   5.947 um");
    settle(&t);
    expect(&t, "v  16,4,8");             /* the crosshair has not moved */
    keys(&t, "\033");
    settle(&t);
    keys(&t, "q");
    finish(&t);
}

int main(void)
{
    if (!tty_setup())
        return 1;
    const struct CMUnitTest tests[] = { cmocka_unit_test(by_keys), cmocka_unit_test(by_mouse) };
    const int rc = cmocka_run_group_tests(tests, NULL, NULL);
    tty_teardown();
    return rc;
}
