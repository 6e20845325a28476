/* Keys and clicks at random: whatever is pressed, the program neither dies nor hangs, and gives the terminal back.
 * MONKEY_SEED and MONKEY_EVENTS ask for other and longer runs. */
#include "tty.h"

static uint64_t seed;
static unsigned rnd(unsigned n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

/* One event as bytes. What would end or stop the program is left out (q, Ctrl-Z, and Esc before them as Alt). */
static void event(struct tty *t)
{
    static const char *const named[] = {
        "\033[A", "\033[B", "\033[C", "\033[D", "\033[1;2A", "\033[1;2D", "\033[5~", "\033[6~", "\033[H", "\033[F", "\033[3~", "\033[Z", "\t", "\r", "\r",
        " ", "\177", "\033[21~", "\033[12~", "\033[I", "\033[O", "\022", "\014", "\003", "\033OQ",
    };
    static const char *const line[] = {
        ":phantom tube dims=30x24x20 as=t\r", ":segment t as=p\r", ":threshold p auto as=m\r", ":clean m as=m\r", ":graph m as=g; overlay g m\r",
        ":roi 2:20,3:18,4:16\r", ":roi off\r", ":tune p\r", ":show t p\r", ":show t\r", ":layout 4\r", ":layout 2\r", ":close m\r", ":undo\r",
        ":truth t_mask\r", ":mark here\r", ":picture half\r", ":picture sextant\r", ":picture auto\r", ":colormap fire\r", ":slab 5\r", ":segment t as=q &\r", ":nonsense\r",
    };
    const unsigned what = rnd(100);
    char s[8] = { (char)(33 + rnd(94)), 0 };
    if (what < 35) {
        if (s[0] != 'q' && s[0] != 'Q')
            keys(t, s);
    } else if (what < 60) {
        keys(t, named[rnd(sizeof named / sizeof *named)]);
    } else if (what < 66) {
        keys(t, "\033");
        pump(t, 80);
    } else if (what < 76) {
        keys(t, "\033");                         /* browsing, most likely */
        pump(t, 80);
        keys(t, line[rnd(sizeof line / sizeof *line)]);
    } else if (what < 98) {
        static const int button[] = { 0, 0, 0, 1, 2, 64, 65, 32, 34, 4, 16 };
        mouse(t, button[rnd(11)], (int)rnd((unsigned)t->cols), (int)rnd((unsigned)t->rows), rnd(3) == 0);
    } else {
        static const int size[][2] = { { 24, 80 }, { 10, 40 }, { 1, 1 }, { 50, 160 }, { 30, 100 } };
        const unsigned i = rnd(5);
        resize(t, size[i][0], size[i][1]);
    }
}

static void at_random(void **state)
{
    const char *n = getenv("MONKEY_EVENTS"), *first = getenv("MONKEY_SEED");
    const int events = n ? atoi(n) : 400;
    struct tty t;
    (void)state;
    seed = first ? strtoull(first, NULL, 10) : 1;
    start_with(&t, &(struct tty_opt){ .dir = home });
    expect(&t, "no volume");
    keys(&t, "phantom network dims=40x40x24 as=n\r");
    expect(&t, "z 12/24");
    for (int i = 0; i < events; i++) {
        if (getenv("MONKEY_LOG"))
            fprintf(stderr, "%d\n", i);
        event(&t);
        if (!pump(&t, (int)rnd(30)))
            break;                               /* the menu may have been asked to leave */
    }
    resize(&t, 24, 80);
    int status = -1, i = 0;
    for (; i < 200 && waitpid(t.pid, &status, WNOHANG) == 0; i++) {                /* out of whatever is on */
        keys(&t, i % 4 == 3 ? "y" : i % 4 == 2 ? "q" : i % 4 == 1 ? "\003" : "\033");
        for (double until = now() + 0.12; now() < until;)
            pump(&t, 20);
    }
    if (i == 200) {
        show_screen(&t);
        kill(t.pid, SIGKILL);
        waitpid(t.pid, &status, 0);
    }
    if (status)                                  /* what it said last */
        print_error("%s\n", t.n_sent > 600 ? t.sent + t.n_sent - 600 : t.sent);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT)
        status = 0;                              /* Ctrl-C when the terminal had been given back already */
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    tty_free(&t);
}

static int setup(void **state) { (void)state; return tty_setup() ? 0 : -1; }
static int teardown(void **state) { (void)state; tty_teardown(); return 0; }

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(at_random) };
    return cmocka_run_group_tests(tests, setup, teardown);
}
