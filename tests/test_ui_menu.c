/* The menu: the whole job by mouse alone, and what its record replays to. */
#include "tty.h"

static char dir[96];

static void in_folder(struct tty *t, int rows, int cols)
{
    snprintf(dir, sizeof dir, "%s/job", home);
    mkdir(dir, 0700);
    start_with(t, &(struct tty_opt){ .rows = rows, .cols = cols, .dir = dir });
    expect(t, "no volume");
}

/* Opens the menu and clicks through it. */
static void choose(struct tty *t, const char *const path[])
{
    click_on(t, "menu");
    for (int i = 0; path[i]; i++)
        click_on(t, path[i]);
    expect_is(t, "Leave the program", false);
}
#define CHOOSE(t, ...) choose(t, (const char *const[]){ __VA_ARGS__, NULL })

static bool there(const char *name)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return access(path, R_OK) == 0;
}

static void by_mouse(void **state)
{
    struct tty t;
    (void)state;
    in_folder(&t, 40, 120);
    keys(&t, "phantom network dims=48x48x32 voxel=2um as=n\rsave n n.tif\rclose n\rclose n_mask\rclose n_graph\r");
    expect(&t, "> close n_graph");
    settle(&t);
    CHOOSE(&t, "Open a file", "n.tif");
    expect(&t, "24,24,16 = ");
    settle(&t);
    CHOOSE(&t, "Figures", "Record what");
    expect(&t, "> record ");
    CHOOSE(&t, "Find the", "Segment");
    expect(&t, "> overlay segment1");
    settle(&t);
    CHOOSE(&t, "Find the", "Threshold, auto");
    expect(&t, "> overlay threshold1");
    settle(&t);
    CHOOSE(&t, "Find the", "Clean the mask");
    expect(&t, "> overlay clean1");
    settle(&t);
    CHOOSE(&t, "Figures", "Save the mask");
    for (int i = 0; i < 500 && !there("clean1.tif"); i++)
        pump(&t, 20);
    assert_true(there("clean1.tif"));
    settle(&t);
    CHOOSE(&t, "Figures", "Stop rec");
    expect(&t, "> record off");
    settle(&t);
    CHOOSE(&t, "Leave the program");
    assert_int_equal(finish(&t), 0);
    assert_true(there("view.vn"));
    char line[9000];
    snprintf(line, sizeof line, "cd %s && mv clean1.tif first.tif && %s -f view.vn n.tif > log 2>&1 && cmp clean1.tif first.tif", dir, program);
    assert_int_equal(system(line), 0);
}

/* What cannot be done yet is not done, and is said. */
static void missing(void **state)
{
    struct tty t;
    (void)state;
    in_folder(&t, 24, 80);
    keys(&t, "\033");
    settle(&t);
    keys(&t, " ");
    expect(&t, "Leave the program");
    click_on(&t, "Graph and");
    click_on(&t, "Measure, to");
    expect(&t, "what it needs is not there yet");
    keys(&t, "\033[D");
    expect(&t, "Leave the program");
    resize(&t, 10, 40);                          /* no room for a panel */
    settle(&t);
    keys(&t, "\033");
    settle(&t);
    resize(&t, 24, 80);
    settle(&t);
    keys(&t, "q");
    assert_int_equal(finish(&t), 0);
}

static int setup(void **state) { (void)state; return tty_setup() ? 0 : -1; }
static int teardown(void **state) { (void)state; tty_teardown(); return 0; }

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(by_mouse), cmocka_unit_test(missing) };
    return cmocka_run_group_tests(tests, setup, teardown);
}
