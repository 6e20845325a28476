/* The tuning panel in a terminal, by keys alone and by mouse alone: the mask follows, the numbers too, and what was recorded
 * gives the same files without a terminal. */
#include "tty.h"

static char data[4096];                          /* folder of the light-sheet volume and its truth; "" not there */

static void command(struct tty *t, const char *line)
{
    keys(t, ":");
    settle(t);
    keys(t, line);
    keys(t, "\r");
    settle(t);
}

static void leave(struct tty *t)
{
    keys(t, "\033");                             /* a long answer opens as a page */
    settle(t);
    keys(t, "q");
    assert_int_equal(finish(t), 0);
}

/* Row of the panel that begins with the word; the panel is the last `cols` columns. */
static int panel_row(struct tty *t, const char *word, int cols)
{
    char row[1024];
    for (int y = 0; y < t->rows; y++) {
        row_text(t, y, row);
        if (!strncmp(row + t->cols - cols, word, strlen(word)))
            return y;
    }
    show_screen(t);
    fail_msg("the panel has no row '%s'", word);
    return -1;
}

/* The number behind a word of the screen, once nothing moves. */
static double number_after(struct tty *t, const char *word)
{
    char row[1024];
    settle(t);
    for (int y = 0; y < t->rows - 5; y++) {
        row_text(t, y, row);
        const char *at = strstr(row, word);
        if (at)
            return strtod(at + strlen(word), NULL);
    }
    show_screen(t);
    fail_msg("'%s' is not on the screen", word);
    return 0;
}

static char *file_bytes(const char *folder, const char *name, size_t *n)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_msg("there is no %s", path);
    char *b = malloc(1 << 24);
    *n = fread(b, 1, 1 << 24, f);
    fclose(f);
    return b;
}

static void same_file(const char *a, const char *b, const char *name)
{
    size_t n[2];
    char *x = file_bytes(a, name, &n[0]), *y = file_bytes(b, name, &n[1]);
    assert_true(n[0] > 0);
    if (n[0] != n[1] || memcmp(x, y, n[0]))
        fail_msg("%s differs when it is replayed", name);
    free(x);
    free(y);
}

/* Replays FOLDER/a.vn in a folder beside it. */
static void replay(const char *folder, char out[256])
{
    char line[9000];
    snprintf(out, 256, "%s_again", folder);
    snprintf(line, sizeof line, "mkdir '%s' && cd '%s' && '%s' --quiet --threads 1 -f '%s/a.vn' >/dev/null 2>&1", out, out, program, folder);
    assert_int_equal(system(line), 0);
}

static void begin_lightsheet(struct tty *t, char folder[200], const char *name)
{
    char line[4200];
    if (!data[0])
        skip();
    snprintf(folder, 200, "%s/%s", home, name);
    assert_int_equal(mkdir(folder, 0777), 0);
    start_with(t, &(struct tty_opt){ .dir = folder });
    expect(t, "no volume");
    command(t, "record a.vn");
    snprintf(line, sizeof line, "open %s/raw.tif as=v", data);
    command(t, line);
    snprintf(line, sizeof line, "open %s/mask.tif as=t", data);
    command(t, line);
    command(t, "show v");
    command(t, "tune v truth=t");
    expect(t, "Tune");
    expect(t, "setting 1 of 1");
}

/* A better Dice than the automatic chain's was reached; accept, save, leave, replay. */
static void end_lightsheet(struct tty *t, const char *folder, double before, bool by_mouse)
{
    char again[256];
    const double after = number_after(t, "Dice ");
    if (!(after > before))
        fail_msg("Dice %.4f after tuning, %.4f before", after, before);
    if (by_mouse)
        click_on(t, "Enter accept");
    else
        keys(t, "\r");
    expect(t, "overlay tuned");
    expect_is(t, "Tune", false);
    command(t, "save tuned tuned.tif");
    leave(t);
    replay(folder, again);
    same_file(folder, again, "tuned.tif");
}

static void lightsheet_by_keys(void **state)
{
    struct tty t;
    char folder[200];
    (void)state;
    begin_lightsheet(&t, folder, "keys");
    const double before = number_after(&t, "Dice ");
    assert_true(before > 0.79);
    for (int i = 0; i < 3; i++)
        keys(&t, "\033[C");                      /* low: Right */
    expect(&t, "low=0.53");
    keys(&t, "\033[A\033[A0.25\r");       /* edge: Up, typed */
    expect(&t, "edge=0.25");
    settle(&t);
    end_lightsheet(&t, folder, before, false);
}

static void lightsheet_by_mouse(void **state)
{
    struct tty t;
    char folder[200];
    (void)state;
    begin_lightsheet(&t, folder, "mouse");
    const double before = number_after(&t, "Dice ");
    const int low = panel_row(&t, "low", 30), high = panel_row(&t, "high", 30), edge = panel_row(&t, "edge", 30), bar = t.cols - 30 + 11;
    mouse(&t, 0, bar + 4, low, false);           /* drag away and back: 9 cells from 0 to 1 */
    mouse(&t, 32, bar + 2, low, false);
    mouse(&t, 32, bar + 4, low, false);
    mouse(&t, 0, bar + 4, low, true);
    for (int i = 0; i < 3; i++)
        mouse(&t, 64, t.cols - 28, low, false);  /* wheel up on the row */
    expect(&t, "low=0.53");
    for (int i = 0; i < 8; i++)
        mouse(&t, 65, t.cols - 28, edge, false); /* and down */
    expect(&t, "edge=0.25");
    click(&t, 0, bar + 6, high);
    for (int i = 0; i < 5; i++)
        mouse(&t, 64, bar + 1, high, false);
    expect(&t, "high=0.8");
    settle(&t);
    end_lightsheet(&t, folder, before, true);
}

static void choose(struct tty *t, const char *page, const char *entry)
{
    settle(t);
    click_on(t, "menu");
    click_on(t, page);
    if (entry)
        click_on(t, entry);
    expect_is(t, "Leave the program", false);
    settle(t);
}

static void wait_for_file(struct tty *t, const char *folder, const char *name)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    for (int i = 0; i < 500 && access(path, R_OK); i++)
        pump(t, 20);
    assert_int_equal(access(path, R_OK), 0);
    settle(t);
}

/* From opening the files to the figure, no key is pressed. */
static void everything_by_mouse(void **state)
{
    static const char *const made[] = { "tuned.tif", "raw.pdf.dat", "raw.pdf.gp", "raw.pdf" };
    struct tty t;
    char folder[200], line[9000];
    (void)state;
    if (!data[0])
        skip();
    snprintf(folder, sizeof folder, "%s/all", home);
    snprintf(line, sizeof line, "mkdir '%s' && ln -s '%s/raw.tif' '%s/mask.tif' '%s'", folder, data, data, folder);
    assert_int_equal(system(line), 0);
    start_with(&t, &(struct tty_opt){ .dir = folder, .rows = 40, .cols = 120 });
    expect(&t, "no volume");
    choose(&t, "Open a file", "mask.tif");
    expect(&t, "z 50/100");
    choose(&t, "Open a file", "raw.tif");
    expect(&t, " raw  50,50,50");
    choose(&t, "Figures", "Record what");
    choose(&t, "Find the", "Segment (");
    expect(&t, "> overlay segment1");
    choose(&t, "Find the", "Threshold, auto");
    expect(&t, "> overlay threshold1");
    choose(&t, "Find the", "Clean the mask");
    expect(&t, "> overlay clean1");
    settle(&t);
    click_on(&t, "menu");                        /* what the automatic chain reaches */
    click_on(&t, "Find the");
    click_on(&t, "Compare with");
    click_on(&t, "mask  100x100x100");
    expect(&t, "q or Esc closes");
    const double before = number_after(&t, "dice  ");
    assert_true(before > 0.79);
    click_on(&t, "q or Esc");
    expect_is(&t, "q or Esc closes", false);
    settle(&t);
    click_on(&t, "menu");
    click_on(&t, "Find the");
    click_on(&t, "The truth is");
    click_on(&t, "mask  100x100x100");
    expect(&t, "> truth mask");
    choose(&t, "Find the", "Tune it");
    expect(&t, "setting 1 of 1");
    settle(&t);
    int x = 0, y = 0;
    for (char row[1024]; y < t.rows; y++) {      /* the panel's row "edge" */
        row_text(&t, y, row);
        const char *edge = strstr(row, "edge ");
        if (edge && edge - row > 60) {
            x = (int)(edge - row);
            break;
        }
    }
    for (int i = 0; i < 8; i++)
        mouse(&t, 65, x, y, false);              /* the wheel: 0.33 to 0.25 */
    expect(&t, "edge=0.25");
    settle(&t);
    for (int i = 0; i < 3; i++)
        mouse(&t, 64, x, y + 2, false);
    expect(&t, "low=0.53");
    const double after = number_after(&t, "Dice ");
    if (!(after > before))
        fail_msg("Dice %.4f after tuning, %.4f before", after, before);
    click_on(&t, "Enter accept");
    expect(&t, "> overlay tuned");
    expect_is(&t, "flicker", false);
    choose(&t, "Figures", "Save the mask");
    wait_for_file(&t, folder, "tuned.tif");
    choose(&t, "Figures", "Histogram of");
    wait_for_file(&t, folder, "raw.pdf");
    click_on(&t, "close");                       /* the figure on the screen */
    expect_is(&t, "raw.pdf  ", false);
    choose(&t, "Figures", "Stop rec");
    choose(&t, "Leave", NULL);
    assert_int_equal(finish(&t), 0);
    snprintf(line, sizeof line, "cd '%s' && mkdir first && mv tuned.tif raw.pdf* first && SOURCE_DATE_EPOCH=0 '%s' --quiet --threads 1 -f view.vn raw.tif mask.tif >log 2>&1", folder, program);
    assert_int_equal(system(line), 0);
    snprintf(line, sizeof line, "%s/first", folder);
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        same_file(folder, line, made[i]);
}

/* Without any data: every key once. */
static void phantom(void **state)
{
    struct tty t;
    char folder[200], again[256];
    (void)state;
    snprintf(folder, sizeof folder, "%s/phantom", home);
    assert_int_equal(mkdir(folder, 0777), 0);
    start_with(&t, &(struct tty_opt){ .dir = folder });
    expect(&t, "no volume");
    command(&t, "record a.vn");
    command(&t, "phantom network dims=48x40x36 seed=7 noise=0.1 voxel=1um as=v");
    command(&t, "show v");
    keys(&t, "T");
    expect(&t, "setting 1 of 1");
    expect(&t, "m/mm");
    keys(&t, "\033[1;2C");                       /* Shift-Right: ten steps; high 0.7 stays */
    expect(&t, "low=0.6");
    expect(&t, "setting 2 of 2");
    keys(&t, "0.95\r");                          /* pushes high */
    expect(&t, "low=0.95");
    keys(&t, "u");
    expect(&t, "setting 2 of 3");
    settle(&t);
    keys(&t, "\022");                            /* Ctrl-R; the echo of before may say it already */
    expect(&t, "setting 3 of 3");
    settle(&t);
    keys(&t, "b");
    expect(&t, "setting 2 of 3");
    settle(&t);
    keys(&t, "b");
    expect(&t, "setting 3 of 3");
    settle(&t);
    keys(&t, "h");
    expect(&t, "Settings that were tried");
    expect(&t, ">   3");
    keys(&t, "q");
    expect_is(&t, "Settings that were tried", false);
    keys(&t, "9x\r");                            /* no number: told, and nothing changes */
    expect(&t, "low=9x");
    keys(&t, "a");
    expect(&t, "tune low=auto");
    settle(&t);
    keys(&t, "A");
    expect(&t, "setting 1 of");
    keys(&t, "7\033");                           /* typed and left */
    settle(&t);
    expect(&t, "setting 1 of");
    for (int i = 0; i < 8; i++)
        keys(&t, "\033[A");                      /* up to denoise */
    keys(&t, "\033[C");
    expect(&t, "denoise=gaussian");
    expect(&t, "sigma");
    keys(&t, "s");
    expect(&t, "tune save v.vnr");
    keys(&t, "\r");
    expect(&t, "path");
    settle(&t);
    resize(&t, 50, 160);
    settle(&t);
    expect(&t, "setting ");
    keys(&t, "\033");
    expect_is(&t, "flicker", false);
    keys(&t, "T");                               /* what was tried is still there */
    expect(&t, "flicker");
    keys(&t, "\r");
    expect(&t, "overlay tuned");
    settle(&t);
    command(&t, "save tuned tuned.tif");
    leave(&t);
    replay(folder, again);
    same_file(folder, again, "tuned.tif");
    same_file(folder, again, "v.vnr");
}

/* Pictures left of the panel. */
static uint64_t pictures(struct tty *t, int rows, int cols)
{
    uint64_t s = 0;
    for (int y = 1; y < rows; y++)
        for (int x = 0; x < cols; x++) {
            const struct look l = look_at(t, x, y);
            s = s * 31 + (uint64_t)(l.fg + 7 * l.bg + (int)l.ch);
        }
    return s;
}

/* The curve of all thresholds: its numbers are those of the verbs, the chart is moved in, and goes for that of what was tried. */
static void chart(void **state)
{
    struct tty t;
    char row[1024];
    (void)state;
    start(&t, 24, 80, true);
    expect(&t, "no volume");
    command(&t, "phantom network dims=48x40x36 seed=7 noise=0.1 voxel=1um as=v");
    command(&t, "show v; truth v_mask");
    keys(&t, "T");
    expect(&t, "setting 1 of 1");
    settle(&t);
    const uint64_t before = pictures(&t, 18, 48);
    assert_int_equal(panel_row(&t, "background", 30), 4);
    keys(&t, "c");                               /* there was no room: the sliders of the thresholds stay, and no picture moves */
    expect(&t, "voxels pieces");
    settle(&t);
    expect_is(&t, "background", false);
    assert_true(pictures(&t, 18, 48) == before);
    const int left = panel_row(&t, "voxels pieces", 30) + 3;
    mouse(&t, 0, 50 + 8, left, false);           /* dragged beyond its left end and back: low, which is nearer */
    mouse(&t, 32, 2, left, false);
    expect(&t, "low=0.0");
    mouse(&t, 0, 50 + 8, left, true);
    expect(&t, "low=0.1");
    settle(&t);
    click(&t, 2, 50 + 6, left);                  /* the right button: high, which low does not follow upwards */
    expect(&t, "high=0.0");
    settle(&t);
    keys(&t, "cA");
    expect(&t, "edge");
    resize(&t, 50, 160);
    expect(&t, "low alone gives");
    keys(&t, "\033[A0.02\r");
    expect(&t, "low=0.02");
    settle(&t);
    const int at = panel_row(&t, "low alone gives", 44);
    row_text(&t, at + 2, row);
    const double pieces = number_after(&t, "pieces  "), alone = strtod(row + 160 - 44 + 7, NULL);
    row_text(&t, at + 4, row);
    const double dice = strtod(row + 160 - 44 + 5, NULL);
    assert_true(alone > pieces);                 /* high and clean take some off */
    keys(&t, "c");
    expect_is(&t, "low alone gives", false);
    expect(&t, " setting  ");                    /* the axis of what was tried */
    keys(&t, "c");
    expect(&t, "low alone gives");
    keys(&t, "\033[A\033[A\033[A\033[A\033[C");  /* contrast: another field */
    expect(&t, "contrast=");
    expect_is(&t, "low alone gives", false);
    settle(&t);
    keys(&t, "\033[B\033[B\033[B\033[B");
    expect(&t, "low alone gives");
    settle(&t);
    row_text(&t, at + 4, row);
    assert_true(strtod(row + 160 - 44 + 5, NULL) != dice);
    keys(&t, "b");                               /* the setting before, whose field is gone: it comes again by itself */
    expect(&t, "setting 5 of 6");
    settle(&t);
    expect(&t, "low alone gives");
    settle(&t);
    row_text(&t, at + 4, row);
    assert_true(strtod(row + 160 - 44 + 5, NULL) == dice);
    keys(&t, "\033");
    settle(&t);
    resize(&t, 24, 80);
    command(&t, "segment v as=p; threshold p low=0.02 as=m");
    command(&t, "metrics m v_mask");
    expect(&t, "q or Esc closes");
    keys(&t, "\033[6~");
    expect(&t, "betti_pred");
    assert_int_equal((int)number_after(&t, "betti_pred "), (int)alone);
    keys(&t, "\033[5~");
    expect(&t, "dice   ");
    assert_true(number_after(&t, "dice ") < dice + 0.00006 && number_after(&t, "dice ") > dice - 0.00006);
    leave(&t);
}

int main(void)
{
    if (!tty_setup())
        return 1;
    const char *folder = "../shared/data/lightsheet_brain";
    if (access(folder, R_OK) || !realpath(folder, data))
        data[0] = '\0';
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lightsheet_by_keys),
        cmocka_unit_test(lightsheet_by_mouse),
        cmocka_unit_test(everything_by_mouse),
        cmocka_unit_test(phantom),
        cmocka_unit_test(chart),
    };
    const int rc = cmocka_run_group_tests(tests, NULL, NULL);
    tty_teardown();
    return rc;
}
