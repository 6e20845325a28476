/* The configuration file as the program meets it: keys, colours, commands at the start, bad lines; and the help that follows. */
#include "tty.h"

static void write_config(const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/venule", home);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/venule/config", home);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void keys_and_lines(void **state)
{
    struct tty t;
    (void)state;
    write_config("browse.slice-next = n C-f\nbrowse.zoom-inn = z\nno setting\nstart = phantom tube dims=20x20x20 as=t\ncolor.echo = 208\n");
    start_with(&t, &(struct tty_opt){ .rows = 30 });
    expect(&t, "z 10/20");
    expect(&t, "full");
    settle(&t);
    keys(&t, "M\033[H");
    expect(&t, "line 2: there is no setting");
    expect(&t, "'browse.zoom-in'?); ignored");
    expect(&t, "line 3: 'no setting' is not NAME =");
    keys(&t, "q");
    expect(&t, "z 10/20");
    settle(&t);
    keys(&t, "n\006");                           /* n, Ctrl-F */
    expect(&t, "z 12/20");
    keys(&t, "j");                               /* no longer a key */
    settle(&t);
    expect(&t, "z 12/20");
    expect(&t, "> goto 10,10,12");
    for (int y = 0; y < t.rows; y++) {
        char row[1024];
        row_text(&t, y, row);
        if (!strncmp(row, "> goto", 6))
            assert_int_equal(look_at(&t, 3, y).fg, 208);
    }
    keys(&t, "?");
    expect(&t, "The pane in focus: a slice");
    expect(&t, "PgUp k  n C-f");                 /* help shows the keys in force */
    keys(&t, "histogr");
    expect(&t, "find: histogr_");
    expect_is(&t, "PgUp k  n C-f", false);
    keys(&t, "\033");
    expect(&t, "find: _");
    expect(&t, "PgUp k  n C-f");
    settle(&t);
    keys(&t, "q");
    expect(&t, "full");
    keys(&t, "f");
    expect(&t, "MIP along");
    settle(&t);
    char row[1024];
    int y = 0;
    for (row_text(&t, y, row); !strstr(row, "MIP along"); row_text(&t, ++y, row)) {
    }
    mouse(&t, 64, (int)(strstr(row, "MIP along") - row) + 2, y + 2, false);      /* the wheel there; the focus stays */
    expect(&t, "> goto 10,10,1");
    keys(&t, "?");
    expect(&t, "The pane under the mouse: a projection");
    keys(&t, "q");
    expect(&t, "full");
    keys(&t, "?");                               /* a key was used last */
    expect(&t, "The pane in focus: a slice");
    keys(&t, "q");
    expect(&t, "full");
    settle(&t);
    keys(&t, "q");
    assert_int_equal(finish(&t), 0);
}

static void written_out(void **state)
{
    struct tty t;
    char line[400];
    (void)state;
    write_config("browse.slice-next = n\n");
    start_with(&t, &(struct tty_opt){ .dir = home });
    expect(&t, "no volume");
    keys(&t, "config write to=mine\r");
    expect(&t, "path  mine");
    keys(&t, "config write\r");                  /* the file that is read is not replaced by mistake */
    expect(&t, "force");
    keys(&t, "\033");
    settle(&t);
    keys(&t, "q");
    assert_int_equal(finish(&t), 0);
    snprintf(line, sizeof line, "cd %s && grep -qx 'browse.slice-next = n' mine && grep -qx '#browse.zoom-in = + =' mine && grep -c = mine > /dev/null", home);
    assert_int_equal(system(line), 0);
}

static int setup(void **state) { (void)state; return tty_setup() ? 0 : -1; }
static int teardown(void **state) { (void)state; tty_teardown(); return 0; }

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(keys_and_lines), cmocka_unit_test(written_out) };
    return cmocka_run_group_tests(tests, setup, teardown);
}
