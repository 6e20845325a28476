/* The interface behind links and terminals of all kinds: what is shown in the end is the same, and few bytes are sent.  How soon is
 * for `make bench-ui`. */
#include "tty.h"

enum { ROWS = 40, COLS = 120 };

static void with_volume(struct tty *t)
{
    expect(t, "no volume");
    keys(t, "phantom network dims=64x64x64 voxel=2um noise=20 as=n\r");
    expect(t, "z 32/64");
    settle(t);
}

static void leave(struct tty *t)
{
    keys(t, "q");
    assert_int_equal(finish(t), 0);
}

/* A walk through slices with rests, closer in, and the cells in the end. */
static uint64_t walk(struct tty *t)
{
    with_volume(t);
    keys(t, ":layout 1\r");
    settle(t);
    for (int i = 0; i < 12; i++) {
        keys(t, i % 4 ? "j" : "+");
        for (double until = now() + 0.03; now() < until;)
            pump(t, 5);
    }
    expect(t, "z 41/64");
    expect(t, "> goto 32,32,41");                /* it has rested */
    settle(t);
    settle(t);
    settle(t);
    const uint64_t sum = screen_sum(t, 0, ROWS - 9);
    leave(t);
    return sum;
}

static uint64_t fast(void)
{
    static uint64_t sum;
    struct tty t;
    if (!sum) {
        start_with(&t, &(struct tty_opt){ .rows = ROWS, .cols = COLS });
        sum = walk(&t);
    }
    return sum;
}

static void same_as_fast(const struct tty_opt *o)
{
    struct tty t;
    struct tty_opt with = *o;
    with.rows = ROWS;
    with.cols = COLS;
    start_with(&t, &with);
    assert_true(walk(&t) == fast());
}

static void a_slow_link_ends_the_same(void **state)
{
    (void)state;
    same_as_fast(&(struct tty_opt){ .bytes_per_s = 100e3, .delay_ms = 40 });
}

static void tmux_ends_the_same(void **state)
{
    (void)state;
    same_as_fast(&(struct tty_opt){ .bytes_per_s = 250e3, .delay_ms = 10, .tmux = TTY_TMUX });
    same_as_fast(&(struct tty_opt){ .bytes_per_s = 250e3, .delay_ms = 10, .tmux = TTY_TMUX_NO_PASSTHROUGH });
}

static void no_answers_and_late_ones(void **state)
{
    (void)state;
    same_as_fast(&(struct tty_opt){ .never = true });
    same_as_fast(&(struct tty_opt){ .answer_ms = 2000 });
}

/* Each answer twice, in pieces, with others that nobody asked for. */
static void odd(struct tty *t, const char *bytes, size_t n)
{
    tty_reply(t, "\033[?62;1;4c", 10);
    tty_reply(t, bytes, 1);
    tty_reply(t, bytes + 1, n - 1);
    tty_reply(t, bytes, n);
    static const char more[] = "\033[0n\033[3n\033[12;40R\033]11;rgb:1/2/3\033\\\033P1$r0m\033\\";
    tty_reply(t, more, sizeof more - 1);
}

static void odd_answers(void **state)
{
    (void)state;
    same_as_fast(&(struct tty_opt){ .answer = odd });
}

/* Bytes until the frame's end has come, and no more than that. */
static size_t frame_bytes(struct tty *t, const char *key)
{
    const size_t from = t->n_sent;
    const double until = now() + 15;
    keys(t, key);
    while (now() < until && !(t->n_sent > from && strstr(t->sent + from, "\033[?2026l")))
        pump(t, 5);
    const char *end = strstr(t->sent + from, "\033[?2026l");
    assert_non_null(end);
    return (size_t)(end - (t->sent + from)) + 8 + 4;
}

static void frames_are_small(void **state)
{
    (void)state;
    struct tty t;
    start_with(&t, &(struct tty_opt){ .rows = 60, .cols = 200 });
    with_volume(&t);
    keys(&t, ":layout 1\r");
    settle(&t);
    settle(&t);
    for (int i = 0; i < 4; i++) {
        const size_t n = frame_bytes(&t, i % 2 ? "\033[B" : "\033[C");
        if (n >= 2000)
            fail_msg("a step of the crosshair sends %zu bytes", n);
        settle(&t);
        settle(&t);
        settle(&t);
    }
    keys(&t, ":");
    settle(&t);
    frame_bytes(&t, "h");                        /* the hint of what is expected */
    settle(&t);
    for (int i = 0; i < 4; i++) {
        const size_t n = frame_bytes(&t, "x");
        if (n >= 100)
            fail_msg("a letter sends %zu bytes", n);
        settle(&t);
    }
    keys(&t, "\003");
    settle(&t);
    const size_t n = t.n_sent;                   /* and nothing while nothing happens */
    for (double until = now() + 1.5; now() < until;)
        pump(&t, 20);
    assert_int_equal(t.n_sent, n);
    leave(&t);
}

static int frames_since(const struct tty *t, size_t from)
{
    int n = 0;
    for (const char *s = t->sent + from; (s = strstr(s, "\033[?2026h")); s++)
        n++;
    return n;
}

static void held_keys_are_one_frame(void **state)
{
    (void)state;
    struct tty t;
    start(&t, 24, 80, true);
    with_volume(&t);
    const size_t n = t.n_sent;
    keys(&t, "jjjjjjjjjjkkkkkkkkkkjjjjjjjjjjkkkkkkkkkkjjjjjjjjjjkkkkkkkkkkjjjjjjjjjjkkkkkkkkkkjjjjjjjjjjkkkkkkkkkkjjjjjjjjjjkkkkkkkkkkjj");
    expect(&t, "z 34/64");
    assert_true(frames_since(&t, n) <= 4);
    settle(&t);
    leave(&t);
}

int main(void)
{
    if (!tty_setup())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_small),
        cmocka_unit_test(held_keys_are_one_frame),
        cmocka_unit_test(a_slow_link_ends_the_same),
        cmocka_unit_test(tmux_ends_the_same),
        cmocka_unit_test(no_answers_and_late_ones),
        cmocka_unit_test(odd_answers),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    tty_teardown();
    return rc;
}
