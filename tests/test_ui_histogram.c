/* test_ui_histogram.c - the histogram panel: keys and mouse move low and high, and make the mask. */
#include "tty.h"
#include <math.h>

/* The number after `key` on the screen; fails when it is not there. */
static double number(struct tty *t, const char *key)
{
    char row[1024];
    for (int y = 0; y < t->rows; y++) {
        row_text(t, y, row);
        const char *at = strstr(row, key);
        if (at)
            return strtod(at + strlen(key), NULL);
    }
    show_screen(t);
    fail_msg("no '%s' on the screen", key);
    return 0;
}

static void moved_and_accepted(void **state)
{
    struct tty t;
    char line[64];
    (void)state;
    start(&t, 24, 80, true);
    expect(&t, "no volume");
    keys(&t, "phantom tube dims=32x32x16 radius=3 as=v\r");      /* 40 outside, 200 inside, few in between */
    expect(&t, "v  16,16,8");
    settle(&t);
    keys(&t, "H");
    expect(&t, "40 to 200");
    expect(&t, "otsu");
    expect(&t, "low ");
    settle(&t);
    const double li = number(&t, "li "), low = number(&t, "low ");
    assert_true(low > 40 && low < 200 && fabs(low - li) < 0.5);    /* li is where it begins; shown in three digits */
    keys(&t, "\033[C");                                          /* whole numbers move by one */
    snprintf(line, sizeof line, "low %g ", floor(low + 1 + 0.5));
    expect(&t, line);
    keys(&t, "\033[A");
    snprintf(line, sizeof line, "high %g", floor(low + 1 + 0.5) + 1);
    expect(&t, line);
    settle(&t);
    click(&t, 2, 75, 10);                                        /* right button: high; the panel begins at column 50 */
    settle(&t);
    const double far = number(&t, "high ");
    assert_true(far > 150);
    click(&t, 0, 65, 10);
    settle(&t);
    const double nearer = number(&t, "low ");
    assert_true(nearer > 60 && nearer < far && number(&t, "high ") == far);
    keys(&t, "\r");
    snprintf(line, sizeof line, "> threshold v low=%g high=%g as=v_mask2", nearer, far);
    expect(&t, "> overlay v_mask2");
    settle(&t);
    assert_false(on_screen(&t, "otsu"));
    keys(&t, "M");                                               /* all messages: the first line has left the screen by now */
    expect(&t, line);
    keys(&t, "\033");
    settle(&t);
    keys(&t, "q");
    finish(&t);
}

static void of_a_region_and_of_no_greys(void **state)
{
    struct tty t;
    (void)state;
    start(&t, 40, 130, false);
    expect(&t, "no volume");
    keys(&t, "phantom tube dims=32x32x16 radius=3 as=v; roi 0:8,0:8,0:8\r");
    expect(&t, "v  16,16,8");
    settle(&t);
    keys(&t, "H");
    expect(&t, "v, region");
    expect(&t, "40 to 40");                                      /* background only: nothing to cut */
    settle(&t);
    keys(&t, "r");
    expect(&t, "40 to 200");
    keys(&t, "\033");
    settle(&t);
    keys(&t, ":show v_mask\r");
    settle(&t);
    keys(&t, "H");
    expect(&t, "has no grey values to count");
    keys(&t, "q");
    finish(&t);
}

int main(void)
{
    if (!tty_setup())
        return 1;
    const struct CMUnitTest tests[] = { cmocka_unit_test(moved_and_accepted), cmocka_unit_test(of_a_region_and_of_no_greys) };
    const int rc = cmocka_run_group_tests(tests, NULL, NULL);
    tty_teardown();
    return rc;
}
