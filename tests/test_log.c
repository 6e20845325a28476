/* test_log.c - messages: folded, counted when they repeat, and an error stays in sight until the next command. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "../src/ui/log.h"

static struct vn_log l;
static int clear(void **state) { return (void)state, vn_log_clear(&l), 0; }

static void line(int i, const char *want) { assert_true(i < l.n); assert_string_equal(l.line[i].s, want); }

static void a_repeated_error_is_counted(void **state)
{
    (void)state;
    vn_log_say(&l, VN_LOG_ERROR, "there is no mask", 80);
    vn_log_say(&l, VN_LOG_ERROR, "there is no mask", 80);
    vn_log_say(&l, VN_LOG_ERROR, "there is no mask", 80);
    assert_int_equal(l.n, 1);
    line(0, "there is no mask (x3)");
    vn_log_say(&l, VN_LOG_ERROR, "there is no volume", 80);
    vn_log_say(&l, VN_LOG_ERROR, "there is no mask", 80);
    assert_int_equal(l.n, 3);
    line(2, "there is no mask");
    vn_log_add(&l, VN_LOG_ECHO, "> list");
    vn_log_say(&l, VN_LOG_ERROR, "there is no mask", 80);        /* of another command */
    assert_int_equal(l.n, 5);
    vn_log_say(&l, VN_LOG_TEXT, "1 2 3", 80);
    vn_log_say(&l, VN_LOG_TEXT, "1 2 3", 80);            /* rows of a table are no repetition */
    assert_int_equal(l.n, 7);
}

static void folded_errors_are_counted_as_one(void **state)
{
    (void)state;
    static const char text[] = "segment: the volume has no voxel size: set NAME voxel=1um gives it one";
    for (int i = 1; i <= 2; i++)
        vn_log_say(&l, VN_LOG_ERROR, text, 30);
    assert_int_equal(l.n, 3);
    line(0, "segment: the volume has no");        /* 30 columns, then 28 behind the indent */
    line(1, "  voxel size: set NAME");
    line(2, "  voxel=1um gives it one (x2)");
}

static void expect(int rows, const char *want)
{
    int at[VN_LOG_ROWS];
    char got[200] = "";
    const int n = vn_log_newest(&l, rows, at);
    for (int i = 0; i < n; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s|", l.line[at[i]].s);
    assert_string_equal(got, want);
}

static void an_error_stays_until_the_next_command(void **state)
{
    (void)state;
    expect(3, "");
    vn_log_add(&l, VN_LOG_ECHO, "> a");
    vn_log_say(&l, VN_LOG_ERROR, "e1", 80);
    vn_log_say(&l, VN_LOG_ERROR, "e2", 80);
    expect(3, "> a|e1|e2|");
    vn_log_add(&l, VN_LOG_TEXT, "t1\nt2\nt3\nt4");
    expect(6, "e1|e2|t1|t2|t3|t4|");
    expect(5, "e1|e2|t2|t3|t4|");
    expect(3, "e1|e2|t4|");
    expect(2, "e1|e2|");
    expect(1, "e1|");
    vn_log_add(&l, VN_LOG_ECHO, "> b");
    expect(3, "t3|t4|> b|");
    vn_log_add(&l, VN_LOG_TEXT, "t5");
    expect(3, "t4|> b|t5|");
}

/* So do notes; what follows by itself on a command does not end them. */
static void notes_stay_beside_what_follows(void **state)
{
    (void)state;
    vn_log_add(&l, VN_LOG_ECHO, "> a");
    vn_log_say(&l, VN_LOG_NOTE, "a: one two three four five", 24);
    vn_log_add(&l, VN_LOG_TEXT, "p:\n  x 1\n  y 2");
    expect(3, "a: one two three four|  five|  y 2|");
    vn_log_add(&l, VN_LOG_FOLLOWS, "> overlay p");
    expect(3, "a: one two three four|  five|  y 2|");
    expect(5, "a: one two three four|  five|p:|  x 1|  y 2|");
    expect(6, "a: one two three four|  five|p:|  x 1|  y 2|> overlay p|");
    expect(2, "a: one two three four|  five|");
    vn_log_add(&l, VN_LOG_ECHO, "> b");
    expect(3, "  y 2|> overlay p|> b|");
}

static void results_are_folded_behind_their_key(void **state)
{
    (void)state;
    vn_log_result(&l, "  noise      2.5", 40);
    vn_log_result(&l, "  artifacts  stripes along x, lost slices z=3,4,5", 40);     /* 40 columns, then 27 behind 13 */
    vn_log_result(&l, "  drift      1.5,2.25,-3.125,4.0625,-5.03125,6.5", 40);
    line(0, "  noise      2.5");
    line(1, "  artifacts  stripes along x, lost");
    line(2, "             slices z=3,4,5");
    line(3, "  drift      1.5,2.25,-3.125,4.0625,");
    line(4, "             -5.03125,6.5");
    assert_int_equal(l.n, 5);
    vn_log_clear(&l);
    vn_log_result(&l, "  name   image  u8  128x128x64  one more column of a table", 40);
    vn_log_result(&l, "says what is to be done about a thing that went wrong", 40);
    vn_log_result(&l, "  says what is to be done about a thing that went wrong", 40);
    line(0, "  name   image  u8  128x128x64  one more column of a table");
    line(1, "says what is to be done about a thing");
    line(2, "  that went wrong");
    line(3, "  says what is to be done about a thing");
    line(4, "  that went wrong");
    assert_int_equal(l.n, 5);
    vn_log_clear(&l);
    vn_log_result(&l, "  a_key_that_is_wider_than_half_of_it  one two three", 40);
    vn_log_result(&l, "  no_blank_nor_comma_to_break_it_at_in_forty_columns", 40);
    line(0, "  a_key_that_is_wider_than_half_of_it");
    line(1, "    one two three");
    line(2, "  no_blank_nor_comma_to_break_it_at_in_f");
    line(3, "  orty_columns");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_repeated_error_is_counted, clear),
        cmocka_unit_test_teardown(folded_errors_are_counted_as_one, clear),
        cmocka_unit_test_teardown(an_error_stays_until_the_next_command, clear),
        cmocka_unit_test_teardown(notes_stay_beside_what_follows, clear),
        cmocka_unit_test_teardown(results_are_folded_behind_their_key, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
