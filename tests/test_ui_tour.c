/* The tour: each of its steps can be done as it says, and is seen to be done. */
#include "tty.h"

static void at_step(struct tty *t, int n)
{
    char text[32];
    snprintf(text, sizeof text, "%d of 16", n);
    expect(t, text);
}

static void whole(void **state)
{
    struct tty t;
    (void)state;
    start_with(&t, &(struct tty_opt){ .rows = 30, .cols = 110, .dir = home });
    expect(&t, "no volume");
    keys(&t, "?");                               /* at the prompt */
    expect(&t, "Typing here finds");
    keys(&t, "q");
    expect(&t, "whole job in ten minutes");
    keys(&t, ":\033OQ");                         /* F2 */
    at_step(&t, 1);
    keys(&t, "\033");
    expect_is(&t, "1 of 16", false);
    click_on(&t, "tour");
    at_step(&t, 1);
    keys(&t, "g");
    at_step(&t, 2);
    keys(&t, "j");
    at_step(&t, 3);
    keys(&t, "+");
    at_step(&t, 4);
    keys(&t, "f");
    at_step(&t, 5);
    keys(&t, "w");
    at_step(&t, 6);
    keys(&t, ":segment sample as=p\r");
    at_step(&t, 7);
    keys(&t, "t");                               /* another mode gives the tour back */
    expect(&t, "accept");
    keys(&t, "\033");
    at_step(&t, 7);
    settle(&t);
    keys(&t, "g");
    at_step(&t, 8);
    keys(&t, "g");
    at_step(&t, 9);
    keys(&t, "g");
    expect(&t, "q or Esc closes");
    keys(&t, "q");
    at_step(&t, 10);
    settle(&t);
    keys(&t, "nnN");
    at_step(&t, 11);
    keys(&t, "n");
    at_step(&t, 12);
    settle(&t);
    keys(&t, "g");
    at_step(&t, 13);
    settle(&t);
    keys(&t, "g");
    expect(&t, "q or Esc closes");
    keys(&t, "q");
    at_step(&t, 14);
    settle(&t);
    keys(&t, "ng");
    at_step(&t, 16);
    click_on(&t, "end the tour");
    expect_is(&t, "16 of 16", false);
    settle(&t);
    keys(&t, "q");
    assert_int_equal(finish(&t), 0);
    char path[128];
    snprintf(path, sizeof path, "%s/segments.csv", home);
    assert_int_equal(access(path, R_OK), 0);
    snprintf(path, sizeof path, "%s/vessels.vnr", home);
    assert_int_equal(access(path, R_OK), 0);
}

static int setup(void **state) { (void)state; return tty_setup() ? 0 : -1; }
static int teardown(void **state) { (void)state; tty_teardown(); return 0; }

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(whole) };
    return cmocka_run_group_tests(tests, setup, teardown);
}
