/* What the pictures are made of, in terminals that answer in different ways: pixels by sixels and by kitty, characters of all
 * kinds, ASCII; and terminals of which little is known. */
#include "tty.h"

/* A terminal's answers beside those of libvterm, which has neither. The device attributes are this test's own. */
static const char *more;

static void answer(struct tty *t, const char *bytes, size_t n)
{
    char all[600];
    const char *da = n < sizeof all ? memmem(bytes, n, "\033[?1;2c", 7) : NULL;
    if (da && more) {
        const int k = snprintf(all, sizeof all, "%.*s%s%.*s", (int)(da - bytes), bytes, more, (int)(n - 7 - (size_t)(da - bytes)), da + 7);
        tty_reply(t, all, (size_t)k);
    } else {
        tty_reply(t, bytes, n);
    }
}

static void open_in(struct tty *t, int rows, int cols, const char *answers, const char *const *env)
{
    more = answers;
    start_with(t, &(struct tty_opt){ .rows = rows, .cols = cols, .answer = answer, .env = env });
    expect(t, "no volume");
    keys(t, "phantom network dims=48x48x24 voxel=2um as=n\r");
    expect(t, "z 12/24");
    settle(t);
}

/* Cells that sixels have been sent for since byte `from`; each of 10 x 20 pixels. */
static int sixel_cells(const struct tty *t, size_t from)
{
    int cells = 0;
    for (const char *s = t->sent + from; (s = strstr(s, "\033P0;1q\"1;1;")); ) {
        int w, h;
        assert_int_equal(sscanf(s += 11, "%d;%d", &w, &h), 2);
        assert_true(w % 10 == 0 && h % 20 == 0);
        cells += w / 10 * (h / 20);
    }
    return cells;
}

static void sixels_where_asked_for(void **state)
{
    (void)state;
    struct tty t;
    open_in(&t, 24, 80, "\033[6;20;10t\033[?62;4c", NULL);
    assert_int_equal(sixel_cells(&t, 0), 0);             /* not by itself */
    assert_true(picture_cells(&t) > 300);
    size_t from = t.n_sent;
    keys(&t, ":picture sixel\r");
    expect(&t, "> picture sixel");
    settle(&t);
    const int all = sixel_cells(&t, from);
    assert_in_range(all, 80 * 15, 80 * 24);              /* one pane of 18 rows or so, whole */
    from = t.n_sent;
    keys(&t, ":\033");                                   /* nothing of the picture changes */
    settle(&t);
    assert_int_equal(sixel_cells(&t, from), 0);
    from = t.n_sent;
    keys(&t, "j");
    expect(&t, "z 13/24");
    settle(&t);
    assert_int_equal(sixel_cells(&t, from), all);
    keys(&t, "?");                                       /* a page covers it, and goes */
    expect(&t, "closes");
    settle(&t);
    from = t.n_sent;
    keys(&t, "\r\033");
    expect(&t, "z 13/24");
    settle(&t);
    assert_int_equal(sixel_cells(&t, from), all);
    keys(&t, "#");                                       /* the kinds come round: from sixels to what suits the terminal */
    expect(&t, "> picture auto");
    settle(&t);
    assert_true(picture_cells(&t) > 300);
    keys(&t, "q");
    finish(&t);
}

/* While the view moves over a line that is too slow for pixels, characters stand for them; in the end all of it is pixels. */
static void sixels_over_a_slow_line(void **state)
{
    (void)state;
    struct tty t;
    more = "\033[6;20;10t\033[?62;4c";
    start_with(&t, &(struct tty_opt){ .rows = 24, .cols = 80, .answer = answer, .bytes_per_s = 200e3, .delay_ms = 20 });
    keys(&t, ":phantom network dims=48x48x24 voxel=2um noise=0.5 seed=1 as=n; picture sixel\r");
    expect(&t, "> picture sixel");
    settle(&t);
    settle(&t);
    size_t from = t.n_sent;
    keys(&t, "j");
    expect(&t, "z 13/24");
    settle(&t);
    const int all = sixel_cells(&t, from);
    const size_t whole = t.n_sent - from;
    assert_in_range(all, 80 * 15, 80 * 24);
    from = t.n_sent;
    for (int i = 0; i < 10; i++) {
        keys(&t, "j");
        pump(&t, 30);
    }
    expect(&t, "z 23/24");
    settle(&t);
    settle(&t);
    assert_true(sixel_cells(&t, from) >= all);
    assert_true(t.n_sent - from < 8 * whole);            /* not ten of them */
    keys(&t, "q");
    finish(&t);
}

/* libvterm shows as text what is sent to kitty, and knows not all of the marks: what was sent is looked at. */
static void until_sent(struct tty *t, size_t from, const char *what)
{
    const double end = now() + 15;
    while (now() < end && (t->n_sent <= from || !strstr(t->sent + from, what)))
        pump(t, 20);
    if (t->n_sent <= from || !strstr(t->sent + from, what))
        fail_msg("not sent: %s", what);
    settle(t);
}

static int placeholders(const struct tty *t, size_t from)
{
    int n = 0;
    for (const char *s = t->sent + from; (s = strstr(s, "\U0010EEEE")); s += 4)
        n++;
    return n;
}

static void kitty_by_itself(void **state)
{
    (void)state;
    struct tty t;
    char want[80];
    more = "\033P>|kitty(0.35.0)\033\\\033[6;20;10t\033_Gi=31;OK\033\\\033[?62;c";
    start_with(&t, &(struct tty_opt){ .answer = answer });
    keys(&t, ":phantom network dims=48x48x24 voxel=2um as=n\r");
    until_sent(&t, 0, "a=T,U=1,q=2,f=100,t=d,i=");
    unsigned id;
    int cols, rows;
    assert_int_equal(sscanf(strstr(t.sent, "a=T,U=1,q=2,f=100,t=d,i="), "a=T,U=1,q=2,f=100,t=d,i=%u,c=%d,r=%d", &id, &cols, &rows), 3);
    assert_int_equal(cols, 80);
    assert_int_equal(placeholders(&t, 0), cols * rows);
    /* column 0 of row 1 by its marks, below the title; the id by colour and third mark */
    static const char *const third[] = { "\u0305", "\u030D", "\u030E", "\u0310", "\u0312" };
    snprintf(want, sizeof want, "\033[3;1H\U0010EEEE\u030D\u0305%s", id >> 24 < 5 ? third[id >> 24] : "");
    assert_non_null(strstr(t.sent, want));
    snprintf(want, sizeof want, "\033[0;38;5;%um\U0010EEEE\u0305\u0305", id & 255);
    assert_non_null(strstr(t.sent, want));
    size_t from = t.n_sent;
    keys(&t, "j");
    until_sent(&t, from, "a=T,U=1");                     /* another picture under the same id: no character changes */
    assert_int_equal(placeholders(&t, from), 0);
    from = t.n_sent;
    keys(&t, ":picture half\r");
    until_sent(&t, from, "\u2580");
    snprintf(want, sizeof want, "\033_Ga=d,d=I,q=2,i=%u\033\\", id);
    assert_non_null(strstr(t.sent + from, want));
    from = t.n_sent;
    keys(&t, ":picture kitty\r");
    until_sent(&t, from, "a=T,U=1");
    assert_int_equal(placeholders(&t, from), cols * rows);
    from = t.n_sent;
    keys(&t, "q");
    until_sent(&t, from, want);                          /* nothing stays in the terminal's memory */
    finish(&t);
}

static void kinds_of_characters(void **state)
{
    (void)state;
    static const struct { const char *name; uint32_t lo, hi; } kind[] = {
        { "half", 0x2580, 0x2580 }, { "sextant", 0x1FB00, 0x1FB3B }, { "braille", 0x2801, 0x28FF }, { "quad", 0x2580, 0x259F },
    };
    struct tty t;
    open_in(&t, 24, 80, NULL, NULL);
    for (size_t i = 0; i < sizeof kind / sizeof kind[0]; i++) {
        char line[60];
        int n = 0;
        snprintf(line, sizeof line, ":picture %s\r", kind[i].name);
        keys(&t, line);
        line[strlen(line) - 1] = '\0';
        expect(&t, line + 1);
        settle(&t);
        for (int y = 1; y < 18; y++)
            for (int x = 0; x < t.cols; x++) {
                const uint32_t c = look_at(&t, x, y).ch;
                n += c >= kind[i].lo && c <= kind[i].hi;
            }
        if (n < 20)
            fail_msg("picture %s shows %d of its characters", kind[i].name, n);
    }
    keys(&t, ":picture sixel\r");                        /* libvterm has none */
    expect(&t, "does not say that it has sixel");
    keys(&t, "q");
    finish(&t);
}

/* Not a byte that is not ASCII leaves the program. */
static void nothing_but_ascii(void **state)
{
    (void)state;
    static const char *const env[][4] = { { "LC_ALL=C", "TERM=vt100", NULL }, { "LC_ALL=C", "TERM=xterm", NULL }, { "LC_ALL=C", "TERM=xterm-256color", NULL },
                                          { "LC_ALL=", "LANG=en_US.ISO-8859-1", "TERM=linux", NULL } };
    for (size_t i = 0; i < sizeof env / sizeof env[0]; i++) {
        struct tty t;
        open_in(&t, 30, 100, NULL, env[i]);
        keys(&t, ":layout 4\r");
        expect(&t, "x> yv");                             /* arrows of the titles */
        expect(&t, "|");                 /* between the panes */
        keys(&t, ":segment n as=p\r");
        expect(&t, "> overlay p");
        keys(&t, "?");
        expect(&t, "closes");
        keys(&t, "\r\033");
        expect(&t, "x> yv");
        settle(&t);
        int ink = 0;
        for (int y = 1; y < 20; y++)
            for (int x = 0; x < t.cols; x++) {
                const struct look l = look_at(&t, x, y);
                ink += (l.ch && strchr(".:-=+*#%@", (int)l.ch)) || l.bg > 15;
            }
        assert_true(ink > 300);
        for (size_t k = 0; k < t.n_sent; k++)
            if ((unsigned char)t.sent[k] > 126)
                fail_msg("with %s %s the byte %02x is sent", env[i][0], env[i][1], (unsigned char)t.sent[k]);
        keys(&t, "q");
        ended(&t);
        tty_free(&t);
    }
}

static void late_answers_are_no_keys(void **state)
{
    (void)state;
    struct tty t;
    open_in(&t, 24, 80, NULL, NULL);
    static const char late[] = "\033P>|late(1)\033\\\033]11;rgb:0000/0000/0000\007\033[?2026;2$y\033[6;20;10t\033[?62;22c\033P1$r0;48:2::9:9:9m\033\\"
                               "\033_Gi=31;ENOTSUPPORTED:no qqq\033\\\033[?1;0;256S";
    tty_reply(&t, late, sizeof late - 1);
    settle(&t);
    expect(&t, "z 12/24");
    expect(&t, ": command");             /* no prompt, no page was opened */
    keys(&t, "j");
    expect(&t, "z 13/24");
    keys(&t, "q");
    finish(&t);
}

/* One line says what to do, and nothing else is sent. */
static void little_is_known(void **state)
{
    (void)state;
    static const struct { const char *env[3]; const char *says; } term[] = {
        { { "TERM", NULL }, "TERM is not set" }, { { "TERM=dumb", NULL }, "line by line only" }, { { "TERM=teletype-1930", NULL }, "'teletype-1930' is not known here" },
    };
    for (size_t i = 0; i < sizeof term / sizeof term[0]; i++) {
        struct tty t;
        start_with(&t, &(struct tty_opt){ .env = term[i].env });
        const int status = ended(&t);
        pump(&t, 50);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 0);
        assert_non_null(strstr(t.sent, term[i].says));
        assert_non_null(strstr(t.sent, "export TERM=xterm-256color"));
        assert_null(strstr(t.sent, "\033[?1002h"));      /* no mode was switched on */
        tty_free(&t);
    }
    struct tty t;
    start_with(&t, &(struct tty_opt){ .env = (const char *const[]){ "TERM=xterm-of-tomorrow", NULL } });
    expect(&t, "ncurses-term");
    keys(&t, "phantom network dims=48x48x24 voxel=2um as=n\r");
    expect(&t, "z 12/24");
    settle(&t);
    assert_true(picture_cells(&t) > 300);
    keys(&t, "q");
    finish(&t);
}

static void the_doctor_inside(void **state)
{
    (void)state;
    struct tty t;
    open_in(&t, 50, 100, "\033P>|kitty(0.35.0)\033\\\033[6;20;10t\033_Gi=31;OK\033\\\033[?62;c", NULL);
    keys(&t, ":doctor\r");
    expect(&t, "kitty(0.35.0)");
    expect(&t, "10 x 20 pixels");
    expect(&t, "acknowledged   yes");
    expect(&t, "quadrants");
    assert_false(on_screen(&t, "[48;5;"));               /* the card has no colours here */
    keys(&t, "q");
    expect(&t, "z 12/24");
    keys(&t, "q");
    finish(&t);
}

/* A program named gnuplot, first on the path: writes a file when it is given one, else prints `body`. */
static const char *fake_gnuplot(const char *body)
{
    static char path[300];
    char name[200];
    snprintf(name, sizeof name, "%s/gnuplot", home);
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    fprintf(f, "#!/bin/sh\nif [ \"$2\" = -c ]; then echo drawn >\"$4\"; else\n%s\nfi\n", body);
    fclose(f);
    assert_int_equal(chmod(name, 0755), 0);
    snprintf(path, sizeof path, "PATH=%s:/usr/bin:/bin", home);
    return path;
}

static void figures_open_and_close(void **state)
{
    (void)state;
    struct tty t;
    char line[200];
    open_in(&t, 24, 80, NULL, (const char *const[]){ fake_gnuplot("echo; printf '  \\033[38;5;172mA FIGURE\\n'"), NULL });
    keys(&t, "F");
    expect(&t, "no figure was drawn yet");
    snprintf(line, sizeof line, ":histogram n to=%s/one.svg\r", home);
    keys(&t, line);
    expect(&t, "A FIGURE");
    expect(&t, "one.svg");
    settle(&t);
    assert_int_equal(look_at(&t, 2, 2).ch, 'A');
    assert_int_equal(look_at(&t, 2, 2).fg, 172);
    keys(&t, "f");                                       /* larger, and back */
    settle(&t);
    expect(&t, "A FIGURE");
    keys(&t, "\033");
    expect(&t, "z 12/24");
    expect_is(&t, "A FIGURE", false);
    settle(&t);
    assert_true(picture_cells(&t) > 300);
    keys(&t, "F");
    expect(&t, "A FIGURE");
    click(&t, 0, 40, 10);                                /* goes nowhere in the volume */
    settle(&t);
    assert_false(on_screen(&t, "> goto"));
    keys(&t, "q");
    expect(&t, "z 12/24");
    keys(&t, "H");                                       /* drawn from another mode, closing goes back to it */
    expect(&t, " Histogram");
    snprintf(line, sizeof line, ":histogram n to=%s/one.svg force\r", home);
    keys(&t, line);
    expect(&t, "A FIGURE");
    keys(&t, "\033");
    expect(&t, " Histogram");
    keys(&t, "\033");
    expect_is(&t, " Histogram", false);
    keys(&t, "q");
    finish(&t);
}

static void a_figure_that_hangs_or_fails(void **state)
{
    (void)state;
    struct tty t;
    char line[200];
    open_in(&t, 24, 80, NULL, (const char *const[]){ fake_gnuplot("sleep 1000"), NULL });
    snprintf(line, sizeof line, ":histogram n to=%s/two.svg\r", home);
    keys(&t, line);
    expect(&t, "figure 1 of 1");
    settle(&t);
    keys(&t, "\033");                                    /* gnuplot is ended */
    expect(&t, "q quit");
    keys(&t, "j");
    expect(&t, "z 13/24");
    fake_gnuplot("echo 'no such font' >&2; exit 1");
    keys(&t, "F");
    expect(&t, "no such font");
    keys(&t, "j");                                       /* the figure mode is left by itself */
    expect(&t, "z 14/24");
    keys(&t, "q");
    finish(&t);
}

int main(void)
{
    if (!tty_setup())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sixels_where_asked_for),
        cmocka_unit_test(sixels_over_a_slow_line),
        cmocka_unit_test(kitty_by_itself),
        cmocka_unit_test(kinds_of_characters),
        cmocka_unit_test(nothing_but_ascii),
        cmocka_unit_test(late_answers_are_no_keys),
        cmocka_unit_test(little_is_known),
        cmocka_unit_test(the_doctor_inside),
        cmocka_unit_test(figures_open_and_close),
        cmocka_unit_test(a_figure_that_hangs_or_fails),
    };
    const int rc = cmocka_run_group_tests(tests, NULL, NULL);
    tty_teardown();
    return rc;
}
