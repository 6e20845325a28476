/* The command line in the real program: completion, hints, search through the history, very long pastes, messages. */
#include "tty.h"

static void begin(struct tty *t, int rows, int cols)
{
    const struct tty_opt o = { .rows = rows, .cols = cols, .dir = home };
    start_with(t, &o);
    expect(t, "no volume");
    keys(t, "phantom network dims=48x48x24 voxel=2um as=n\r");
    expect(t, "z 12/24");
    settle(t);
}

static void leave(struct tty *t)
{
    keys(t, "\003q");
    const int status = finish(t);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void hints_and_completion(void **state)
{
    (void)state;
    char path[200];
    snprintf(path, sizeof path, "%s/one file.tif", home);
    fclose(fopen(path, "w"));
    struct tty t;
    begin(&t, 24, 80);
    keys(&t, ":");
    expect(&t, ":    a command: 'help' lists them, Tab completes");
    keys(&t, "zoom ");
    expect(&t, ": zoom    factor: number, 1 to 1000, default 1");
    keys(&t, "\025open on\t");
    expect(&t, ": open \"one file.tif\"    [as= ");
    keys(&t, "\025slice n axis=\t");
    expect(&t, "x  y  z");
    keys(&t, "y\025denoise n method=gaussian sigma=2um as=a_long_name_for_it_that_fills_the_line x");
    expect(&t, "fills_the_line x ");
    expect_is(&t, "fills_the_line x  v", false);         /* no room: no hint, and none over the text */
    leave(&t);
    unlink(path);
}

static void the_history_is_searched(void **state)
{
    (void)state;
    struct tty t;
    begin(&t, 24, 80);
    keys(&t, ":zoom 3\r:goto 5,5,5\r:zoom 1\r");
    expect(&t, "> zoom 1");
    keys(&t, ":\022oto");                                /* Ctrl-R */
    expect(&t, "(reverse-i-search)`oto': goto 5,5,5");
    keys(&t, "\022");                                    /* no other: it stays */
    expect(&t, "(failed reverse-i-search)`oto': goto 5,5,5");
    keys(&t, "\005");                                    /* Ctrl-E takes the line */
    expect(&t, ": goto 5,5,5 ");
    expect_is(&t, "i-search", false);
    keys(&t, "\003:zo\033[A");                           /* Up: lines that begin so */
    expect(&t, ": zoom 1");
    keys(&t, "\033[A");
    expect(&t, ": zoom 3");
    keys(&t, "\033[B");
    expect(&t, ": zoom 1");
    keys(&t, "\025\022zoom 3\r");
    expect(&t, "> zoom 3");
    expect(&t, "x3 ");
    keys(&t, ":");
    leave(&t);
}

static void messages_are_counted_and_stay(void **state)
{
    (void)state;
    struct tty t;
    begin(&t, 24, 80);
    keys(&t, "ttt");
    expect(&t, "makes one (x3)");
    keys(&t, ":nonsnse\r");
    expect(&t, "unknown command 'nonsnse'");
    keys(&t, ":bel\t of\t\r");                           /* lists and results come after it */
    expect(&t, "bell  off");
    keys(&t, ":zom 3\r");
    expect(&t, "did you mean 'zoom'?");
    keys(&t, ":bell \t\t\t\t");
    settle(&t);
    expect(&t, "off  on");
    expect(&t, "did you mean 'zoom'?");                  /* until the next command */
    leave(&t);
}

/* The volume on top is drawn by a command that follows by itself; what to do is still to be read. */
static void notes_stay_and_results_are_folded(void **state)
{
    (void)state;
    struct tty t;
    begin(&t, 24, 80);
    keys(&t, ":phantom network dims=64x64x48 seed=7 noise=0.1 dark as=d\r");
    expect(&t, "/48");
    settle(&t);
    keys(&t, ":segment d as=p drift=0.001,0.00234567,0.0012345,-0.001234567,0.001,0,0,-0.0012345,0.00001\r");
    expect(&t, "polarity");
    settle(&t);
    expect(&t, "segment: vessels look darker than their surroundings: add dark");
    expect(&t, "  polarity         dark");
    keys(&t, ":zoom 2\r");
    expect(&t, "> zoom 2");
    expect_is(&t, "add dark", false);
    keys(&t, "M");
    settle(&t);
    expect(&t, "  drift            0.001,0.00234567,0.0012345,-0.001234567,0.001,0,0,-0.0012345,");
    expect(&t, "                   0.00001");
    keys(&t, "/add dark");
    settle(&t);
    expect(&t, "segment: vessels look darker than their surroundings: add dark");
    keys(&t, "\r:measure d_graph as=t\r");
    settle(&t);
    keys(&t, "q");                               /* the page; below it the notes go on: dots */
    settle(&t);
    expect(&t, "measure: densities divide by the volume of the box (0.064 x 0.064 x 0.048 mm):");
    expect(&t, "mouse cortex shows (1.3-4): ?");
    leave(&t);
}

/* A million characters as one line: there at once, the cursor moves, and it can be thrown away or run. */
static void a_very_long_paste(void **state)
{
    enum { N = 1000000, LINE = 50 };
    (void)state;
    struct tty t;
    begin(&t, 24, 80);
    char *text = malloc(N + 16);
    for (int i = 0; i < N; i += LINE)
        snprintf(text + i, N + 16 - (size_t)i, "%-*s#\n", LINE - 2, "-zoom 2000");
    memcpy(text + N, "zoom 7", 7);
    const double before = now();
    paste(&t, text);
    expect(&t, "zoom 7");
    print_message("a paste of %d characters is shown after %.0f ms\n", N, 1e3 * (now() - before));
    keys(&t, "8");
    expect(&t, "zoom 78");
    keys(&t, "\001");
    expect(&t, ": -zoom 2000  ");
    const double run = now();
    keys(&t, "\005\010\r");                              /* End, without the 8 */
    expect(&t, "> zoom 7");
    expect(&t, "x7 ");
    print_message("and its %d commands have run after %.0f ms\n", N / LINE + 1, 1e3 * (now() - run));
    free(text);
    leave(&t);
}

int main(void)
{
    if (!tty_setup())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hints_and_completion),
        cmocka_unit_test(the_history_is_searched),
        cmocka_unit_test(messages_are_counted_and_stay),
        cmocka_unit_test(notes_stay_and_results_are_folded),
        cmocka_unit_test(a_very_long_paste),
    };
    const int rc = cmocka_run_group_tests(tests, NULL, NULL);
    tty_teardown();
    return rc;
}
