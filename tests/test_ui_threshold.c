/* Thresholds in the real program: curves beside them, moved by keys and in the chart, scored against a truth. */
#include "tty.h"

static void curves(void **state)
{
    struct tty t;
    (void)state;
    start(&t, 24, 80, true);
    settle(&t);
    keys(&t, ":phantom network dims=64x64x48 seed=3 noise=0.2 as=n; segment n as=p; truth n_mask\r");
    settle(&t);
    keys(&t, "t");
    expect(&t, "low 0.500  high 0.700");
    expect(&t, "whole volume; low alone:");
    expect(&t, "pieces ");
    expect(&t, "Dice 0.");
    expect(&t, "against n_mask");
    expect(&t, "both: Dice 0.");                           /* when the hand rests */
    settle(&t);
    keys(&t, "\033[C");
    expect(&t, "low 0.510  high 0.700");
    expect(&t, "both: Dice 0.");
    settle(&t);
    mouse(&t, 0, 79, 11, false);                           /* the chart's right end: the nearer one, high */
    expect(&t, "low 0.510  high 1.000");
    mouse(&t, 32, 40, 11, false);                          /* drawn beyond its left end, low with it */
    expect(&t, "low 0.0");
    mouse(&t, 0, 40, 11, true);
    settle(&t);
    keys(&t, ":truth off; roi 0:32,0:32,0:32\r");           /* the curves follow the region */
    expect(&t, "region; low alone:");
    expect_is(&t, "against n_mask", false);
    keys(&t, "\033[1;2A\r");
    expect(&t, "> overlay p_mask");
    settle(&t);
    keys(&t, "q");
    finish(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(curves) };
    if (!tty_setup())
        return 1;
    const int rc = cmocka_run_group_tests(tests, NULL, NULL);
    tty_teardown();
    return rc;
}
