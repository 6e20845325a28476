/* Jobs in the real program: the panel, pausing and cancelling by key and mouse, leaving; and that what was done by hand in
 * a session, with a job in the background among it, is done again by its record without a terminal, byte for byte. */
#include "tty.h"
#include <dirent.h>
#include <sys/stat.h>

static char folder[2][100];

static void begin(struct tty *t, int rows, int cols)
{
    const struct tty_opt o = { .rows = rows, .cols = cols, .dir = folder[0] };
    start_with(t, &o);
    expect(t, "no volume");
    keys(t, "phantom network dims=48x48x24 voxel=2um as=n\r");
    expect(t, "z 12/24");
    expect(t, "f full");
    settle(t);
}

/* A command of some seconds, which stands. */
static void one_paused(struct tty *t)
{
    keys(t, ":phantom tube dims=256x256x128 as=big\r");
    expect(t, "big  ");
    keys(t, ":denoise big method=nlm as=a &; jobs pause\r");
    expect(t, "paused");
}

static void the_panel_shows_and_steers_jobs(void **state)
{
    (void)state;
    struct tty t;
    begin(&t, 30, 120);
    keys(&t, "&");
    expect(&t, "No job is running.");
    one_paused(&t);
    expect(&t, " 1 denoise big method=nlm as=a &");
    keys(&t, ":threshold a low=3\r");
    expect(&t, "'a' is being made by job 1: 'jobs wait 1; ...'");
    keys(&t, ":threshold n low=100 as=m\r");             /* others go on, on top of it */
    expect(&t, "> overlay m");
    keys(&t, ":denoise n method=gaussian sigma=4um as=b &\r");
    expect(&t, "job 2 done in ");
    keys(&t, "p");
    expect(&t, "> jobs resume 1");
    expect_is(&t, "paused", false);
    keys(&t, "p");
    expect(&t, "> jobs pause 1");
    expect(&t, "paused");
    keys(&t, "\r");
    expect(&t, "makes a");
    keys(&t, ":denoise big method=nlm as=c\r");          /* in front */
    expect(&t, " 2 denoise big method=nlm as=c");
    keys(&t, ":\003");                                   /* Ctrl-C: only that */
    expect(&t, "denoise: cancelled");
    expect_is(&t, " 2 denoise", false);
    expect(&t, " 1 denoise big method=nlm as=a &");
    keys(&t, "q");
    expect(&t, "job 1 (denoise big method=nlm as=a &) is running: quit again to cancel it");
    int row = 0;
    for (char text[1024]; row < 30; row++) {             /* the button in the bottom line */
        row_text(&t, row, text);
        const char *c = row == 29 ? strstr(text, "c cancel") : NULL;
        if (c)
            click(&t, 0, (int)(c - text), row);
    }
    expect(&t, "job 1: denoise: cancelled");
    expect(&t, "No job is running.");
    keys(&t, "\033");
    expect_is(&t, "No job is running.", false);
    keys(&t, ":messages\r");
    expect(&t, "q or Esc closes");
    keys(&t, "qq");
    assert_int_equal(finish(&t), 0);
}

static void leave_with_jobs(bool killed)
{
    struct tty t;
    struct dirent *e;
    begin(&t, 24, 80);
    one_paused(&t);
    keys(&t, ":save n half.nii.gz &; jobs pause 2\r");  /* stands before it has written all */
    expect(&t, "> jobs pause 2");
    settle(&t);
    if (killed) {
        kill(t.pid, SIGTERM);
    } else {
        keys(&t, "q");
        expect(&t, "and others are running: quit again");
        keys(&t, "q");
    }
    const int status = finish(&t);
    assert_true(killed ? WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM : WIFEXITED(status) && WEXITSTATUS(status) == 0);
    DIR *d = opendir(folder[0]);
    while ((e = readdir(d)))
        if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
            fail_msg("'%s' was left behind", e->d_name);
    closedir(d);
}

static void leaving_with_jobs_leaves_nothing_behind(void **state)
{
    (void)state;
    leave_with_jobs(false);
    leave_with_jobs(true);
}

/* What is drawn is the region of commands only when it is accepted. */
static void a_region_being_drawn_is_none_yet(void **state)
{
    (void)state;
    struct tty t;
    begin(&t, 40, 120);
    keys(&t, "r-");
    expect(&t, "  roi 40x40x16");
    keys(&t, ":denoise n method=gaussian sigma=2um as=d\r");
    expect(&t, "dims 48 48 24");                         /* in a row: the mode is short */
    keys(&t, "\033");
    expect_is(&t, "  roi ", false);
    keys(&t, "r-\r");
    expect(&t, "> roi ");
    keys(&t, ":denoise n method=gaussian sigma=2um as=e\r");
    expect(&t, "extent_mm  0.08 0.08 0.032");
    keys(&t, "q");
    assert_int_equal(finish(&t), 0);
}

/* ---- a session by hand, and its record ---- */

static char *slurp(const char *dir, const char *name, size_t *n)
{
    char path[400];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_msg("there is no %s", path);
    char *data = NULL;
    size_t cap = 0;
    for (*n = 0;; ) {
        if (*n == cap)
            data = realloc(data, cap = cap * 2 + 65536);
        const size_t k = fread(data + *n, 1, cap - *n, f);
        if (!k)
            break;
        *n += k;
    }
    fclose(f);
    return data;
}

static int compare_files(void)
{
    struct dirent *e;
    int count = 0;
    DIR *d = opendir(folder[0]);
    while ((e = readdir(d))) {
        size_t n[2];
        if (e->d_name[0] == '.' || !strcmp(e->d_name, "session.vn"))
            continue;
        char *a = slurp(folder[0], e->d_name, &n[0]), *b = slurp(folder[1], e->d_name, &n[1]);
        if (n[0] != n[1] || memcmp(a, b, n[0]))
            fail_msg("%s differs", e->d_name);
        free(a);
        free(b);
        count++;
    }
    closedir(d);
    return count;
}

static void a_record_does_it_again(void **state)
{
    (void)state;
    struct tty t;
    char command[9000];
    begin(&t, 40, 120);
    /* The record begins before the first volume. */
    keys(&t, ":record session.vn\r:phantom network dims=48x40x24 voxel=2um seed=5 noise=0.1 as=v\r");
    expect(&t, " v  ");
    settle(&t);
    keys(&t, "jjj");
    expect(&t, "z 15/24");
    keys(&t, "++");
    expect(&t, "x1.56");
    keys(&t, ":segment v as=p\r");
    expect(&t, "> overlay p");
    settle(&t);
    keys(&t, ":denoise v method=median as=d &; roi 4:40,4:36,2:20\r");
    expect(&t, "job 1 done in ");
    keys(&t, "t");
    expect(&t, "low 0.500");
    keys(&t, "\033[C\033[C\r");                          /* a threshold by hand: p_mask */
    expect(&t, "> overlay p_mask");
    settle(&t);
    keys(&t, "R");
    expect(&t, "> roi off");
    keys(&t, ":overlay p_mask\r");
    settle(&t);
    keys(&t, "e");
    expect(&t, "PAINT");
    keys(&t, " ");
    expect(&t, "> paint ");
    mouse(&t, 0, 20, 8, false);
    mouse(&t, 32, 24, 8, false);
    mouse(&t, 0, 24, 8, true);
    settle(&t);
    keys(&t, "u");
    expect(&t, "undone  paint");
    keys(&t, "\022");
    expect(&t, "redone  paint");
    keys(&t, "\033");
    settle(&t);
    mouse(&t, 65, 20, 8, false);                         /* wheel, then a click */
    click(&t, 0, 30, 10);
    settle(&t);
    keys(&t, ":threshold d low=60 as=q\r");
    expect(&t, "> overlay q");
    keys(&t, ":u\003u");                                 /* a line given up; undo */
    expect(&t, "undone  threshold d");
    keys(&t, ":nonsense\r");
    expect(&t, "unknown command");
    keys(&t, ":graph p_mask as=g; measure g to=segments.csv\r");
    settle(&t);
    expect(&t, "mean_branch");
    keys(&t, "q");
    settle(&t);
    keys(&t, ":save p_mask mask.nii; save d d.nrrd &\r");
    expect(&t, "done in ");
    keys(&t, "]]{");
    settle(&t);
    keys(&t, ":snap to=view.png; slice v axis=y at=11 overlay=p_mask to=slice.png\r");
    settle(&t);
    keys(&t, ":jobs wait; save v v.tif; record off\r");
    settle(&t);
    expect(&t, "record off");
    keys(&t, "q");
    const int status = finish(&t);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    snprintf(command, sizeof command, "cd %s && XDG_STATE_HOME=%s %s --quiet -f %s/session.vn >/dev/null", folder[1], home, program, folder[0]);
    assert_int_equal(system(command), 0);
    assert_int_equal(compare_files(), 6);        /* csv, nii, nrrd, tif, two pictures */
}

int main(void)
{
    if (!tty_setup())
        return 1;
    for (int i = 0; i < 2; i++) {
        snprintf(folder[i], sizeof folder[i], "%s/%d", home, i);
        mkdir(folder[i], 0700);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_panel_shows_and_steers_jobs),
        cmocka_unit_test(leaving_with_jobs_leaves_nothing_behind),
        cmocka_unit_test(a_region_being_drawn_is_none_yet),
        cmocka_unit_test(a_record_does_it_again),
    };
    const int rc = cmocka_run_group_tests(tests, NULL, NULL);
    tty_teardown();
    return rc;
}
