/* The real program in a terminal of fixed size (libvterm at the other end of a pty): what is on the screen, what is sent,
 * and that the terminal comes back as it was, however the program ends. */
#include "tty.h"

static void with_volume(struct tty *t)
{
    expect(t, "no volume");
    keys(t, "phantom network dims=48x48x24 voxel=2um as=n\r");
    expect(t, "z 12/24");
    expect(t, "f full");
    settle(t);
}

static void a_session(void **state)
{
    (void)state;
    struct tty t;
    start(&t, 24, 80, true);
    with_volume(&t);
    expect(&t, "n  24,24,12 = ");
    expect(&t, "bar ");
    assert_true(picture_cells(&t) > 300);
    keys(&t, "jj");
    expect(&t, "z 14/24");
    expect(&t, "> goto 24,24,14");               /* one line for both, once they rest */
    assert_false(on_screen(&t, "goto 24,24,13"));
    keys(&t, ":measure n\r");                    /* a message is folded, not cut */
    expect(&t, "'n' is of kind image");
    expect(&t, "('graph MASK' makes one)");
    keys(&t, ":cohort sample=5 as=c; compare c as=r\r");          /* a table is shown whole */
    expect(&t, "ci_low");
    assert_false(on_screen(&t, "p_mannwhitney"));
    keys(&t, "\033[C\033[C\033[C");
    expect(&t, "p_mannwhitney");
    keys(&t, "q");
    expect(&t, "f full");
    settle(&t);
    keys(&t, "k:");                              /* the prompt stays when a command ends behind it */
    expect(&t, "> goto 24,24,13");
    settle(&t);
    keys(&t, "zoom 2\r");
    expect(&t, "> zoom 2");
    keys(&t, ":zoom 1\r");
    expect(&t, "> zoom 1");
    keys(&t, "f");
    expect(&t, "MIP along z");
    keys(&t, ":overl\t");
    expect(&t, ": overlay ");
    keys(&t, "n_m\t\r");
    expect(&t, "> overlay n_mask");
    expect(&t, "(n_mask ");
    keys(&t, ":nonsense\r");
    expect(&t, "unknown command 'nonsense'");
    keys(&t, ":\033[A\033[A");                   /* history */
    expect(&t, ": overlay n_mask");
    keys(&t, "\003");
    expect_is(&t, ": overlay n_mask", false);
    keys(&t, ":h\303\251llo \355\225\234\352\270\200\001X");        /* UTF-8, then Ctrl-A to the start */
    expect(&t, ": Xh?llo ");
    keys(&t, "\003?");
    expect(&t, "Keys");
    keys(&t, "q");
    expect_is(&t, "Keys", false);
    keys(&t, "\033[200~zoom 2\nzoom 1\033[201~");
    expect(&t, ": zoom 2; zoom 1");              /* shown, not run */
    keys(&t, "\003q");
    int status = finish(&t);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    char path[128], line[256] = "";
    snprintf(path, sizeof path, "%s/venule/history", home);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    bool found = false;
    while (fgets(line, sizeof line, f))
        found = found || !strcmp(line, "overlay n_mask\n");
    fclose(f);
    assert_true(found);
}

static void resizing_redraws_everything(void **state)
{
    (void)state;
    struct tty t;
    start(&t, 24, 80, true);
    with_volume(&t);
    int first = picture_cells(&t);
    resize(&t, 40, 120);
    expect(&t, "um  auto");
    settle(&t);
    assert_true(picture_cells(&t) > first);
    resize(&t, 8, 30);
    expect(&t, "too small");
    resize(&t, 24, 80);
    expect(&t, "z 12/24");
    settle(&t);
    assert_int_equal(picture_cells(&t), first);
    keys(&t, "\014");                            /* Ctrl-L */
    settle(&t);
    assert_int_equal(picture_cells(&t), first);
    keys(&t, "q");
    assert_int_equal(finish(&t), 0);
}

static void mouse_and_threshold(void **state)
{
    (void)state;
    struct tty t;
    start(&t, 40, 120, true);
    with_volume(&t);
    keys(&t, "\033[<65;20;5M");                  /* wheel in the first pane */
    expect(&t, "z 13/24");
    keys(&t, "t");
    expect(&t, "there is no probability");
    keys(&t, ":segment n as=p\r");
    expect(&t, "> overlay p");
    keys(&t, "t");
    expect(&t, "threshold p  low 0.500  high 0.700");
    keys(&t, "\033[C\r");
    expect(&t, "> overlay p_mask");
    settle(&t);
    keys(&t, ":history\r");                      /* its own results may have pushed the line off the screen */
    expect(&t, "threshold p low=0.510 high=0.700 as=p_mask");
    expect(&t, "q or Esc closes");
    keys(&t, "\033");
    expect_is(&t, "q or Esc closes", false);
    keys(&t, "r++");
    expect(&t, "region ");
    keys(&t, "\r");
    expect(&t, "> roi ");
    keys(&t, "R");
    expect(&t, "> roi off");
    keys(&t, "\033[<0;30;10M\033[<0;30;10m");
    settle(&t);
    expect(&t, "> goto ");
    keys(&t, "q");
    assert_int_equal(finish(&t), 0);
}

/* The pane is 160 x 36 pixels, twice as high as wide, for 48 x 48 voxels of 2 um: 4/3 um a pixel, voxel 24 at its middle.
 * Cell 41,11 of the screen (1-based) is pixel 80.5,18.5 of the picture: voxel 24 + 2/3, 25 + 1/3; cell 49 is 35 + 1/3. */
static void painting_by_key_and_mouse(void **state)
{
    (void)state;
    struct tty t;
    start(&t, 24, 80, true);
    with_volume(&t);
    keys(&t, "e");
    expect(&t, "painting makes a new mask 'n_drawn'");
    expect(&t, "PAINT n_drawn  disc 3 vox 6 um");
    keys(&t, " ");
    expect(&t, "n_drawn: voxels 9, brush 6 um");
    expect(&t, "paint: 'n' is an image");        /* in place of what follows by itself: overlay n_drawn */
    expect(&t, "(n_drawn 1)");
    keys(&t, "] ");
    expect(&t, "> paint n_drawn at=24,24,12 size=8um as=n_drawn");
    expect(&t, "n_drawn: voxels 4, brush 8 um");
    keys(&t, "\033[<0;41;11M\033[<32;45;11M\033[<32;49;11M\033[<0;49;11m");
    expect(&t, "> paint n_drawn at=24,25,12,35,25,12 size=8um as=n_drawn");
    keys(&t, "\033[<2;41;11M\033[<2;41;11m");
    expect(&t, "> erase n_drawn at=24,25,12 size=8um as=n_drawn");
    expect(&t, "(n_drawn 0)");
    keys(&t, "u");
    expect(&t, "undone  erase n_drawn");
    expect(&t, "(n_drawn 1)");
    keys(&t, "\022");                            /* Ctrl-R */
    expect(&t, "redone  erase n_drawn");
    expect(&t, "(n_drawn 0)");
    keys(&t, "++++");                            /* 1.25^4: 0.546 um a pixel; 17 pixels are 4.6 voxels, 1 is 0.5 */
    expect(&t, "x2.44");
    settle(&t);
    keys(&t, "[[[\033[<0;49;11M\033[<0;49;11m");
    expect(&t, "> paint n_drawn at=28,24,12 size=2um as=n_drawn");
    keys(&t, "\033[3~");                         /* Del: not at the crosshair, but near */
    expect(&t, "> delete n_drawn at=24,24,12 near=4 axis=z as=n_drawn");
    expect(&t, "n_drawn: at ");
    keys(&t, "\033[3~");
    expect(&t, "'n_drawn' is 0 (background) there and within 4 voxels");
    keys(&t, "eee");
    expect(&t, "ERASE n_drawn");
    keys(&t, ":window auto\r");                  /* the prompt gives the mode back */
    expect(&t, "> window auto");
    expect(&t, "ERASE n_drawn");
    keys(&t, "\033");
    expect(&t, "f full");
    keys(&t, ":phantom tube dims=20x20x20 as=t\r");          /* the mask of another grid is not what is edited */
    expect(&t, "z 10/20");
    keys(&t, "e");
    expect(&t, "painting makes a new mask 't_drawn'");
    expect_is(&t, "f full", false);              /* the whole frame has come */
    keys(&t, "\033");
    expect(&t, "f full");
    keys(&t, "q");
    assert_int_equal(finish(&t), 0);
}

static void volumes_side_by_side(void **state)
{
    (void)state;
    struct tty t;
    start(&t, 24, 80, true);
    with_volume(&t);
    keys(&t, ":show n n_mask\r");
    expect(&t, "n  XY z 12/24");
    expect(&t, "n_mask  XY z 12/24");
    expect(&t, " 24,24,12  n ");
    keys(&t, "j");
    expect(&t, "n  XY z 13/24");
    expect(&t, "n_mask  XY z 13/24");
    keys(&t, "\t");
    expect(&t, "> layout 4 volume=2 focus=xy");
    keys(&t, "2f");
    expect(&t, "> layout 1 volume=2 focus=xz");
    expect(&t, "n_mask  XZ y 24/48");
    expect_is(&t, "n  XZ", false);
    keys(&t, "b");                               /* flicker */
    expect(&t, "n  XZ y 24/48");
    keys(&t, ":phantom tube dims=20x20x20 as=t; show n t\r");
    expect(&t, "'t'");
    keys(&t, ":show n\r");
    expect(&t, " XZ y 24/48");
    keys(&t, ":show t\r");
    expect(&t, "/20");
    keys(&t, "b");
    expect(&t, "> show n");
    expect(&t, " XZ y ");
    keys(&t, "q");
    assert_int_equal(finish(&t), 0);
}

static void no_colour_means_none(void **state)
{
    (void)state;
    struct tty t;
    start(&t, 24, 80, false);
    with_volume(&t);
    assert_true(picture_cells(&t) > 20);
    keys(&t, "e]]]] ");                          /* marks and the brush's outline are dots as well */
    expect(&t, "(n_drawn 1)");
    assert_null(strstr(t.sent, "[38;5;"));
    assert_null(strstr(t.sent, "[31m"));
    keys(&t, "q");
    assert_int_equal(finish(&t), 0);
}

static void killed_by(int sig)
{
    struct tty t;
    start(&t, 24, 80, true);
    with_volume(&t);
    kill(t.pid, sig);
    int status = finish(&t);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), sig);
}

static void terminal_comes_back_after_a_crash(void **state)
{
    (void)state;
    if (getenv("ASAN_OPTIONS") || getenv("VN_SAN"))
        skip();                                  /* the sanitizer has a handler of its own */
    killed_by(SIGSEGV);
}

static void terminal_comes_back_after_term(void **state)
{
    (void)state;
    killed_by(SIGTERM);
}

/* A file without a voxel size: what it is given in one session is there in the next, and in the journal; scripts do not see it. */
static void a_voxel_size_is_remembered(void **state)
{
    static const char header[] = "\x93NUMPY\x01\x00v\x00{'descr': '|u1', 'fortran_order': False, 'shape': (4, 5, 6), }";
    char path[100], line[5000], npy[128 + 4 * 5 * 6] = { 0 };
    struct tty t;
    (void)state;

    memset(npy, ' ', 127);
    memcpy(npy, header, sizeof header - 1);
    npy[127] = '\n';
    snprintf(path, sizeof path, "%s/no_size.npy", home);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(npy, 1, sizeof npy, f), sizeof npy);
    fclose(f);
    for (int again = 0; again < 2; again++) {
        start(&t, 30, 120, true);
        expect(&t, "no volume");
        snprintf(line, sizeof line, "open %s as=v\r", path);
        keys(&t, line);
        expect(&t, again ? "v  3,2,2 = 0  7.0,5.0,12.5 um" : "v  3,2,2 = 0  voxel size unknown");   /* (i + .5) size */
        settle(&t);
        keys(&t, again ? ":history\r" : ":set v voxel=2x2x5um\r");
        expect(&t, again ? "no_size.npy as=v voxel=2x2x5um" : "voxel_um   2 2 5");
        settle(&t);
        if (!again) {
            keys(&t, "q");                               /* leaves the long answer */
            expect(&t, "v  3,2,2 = 0  7.0,5.0,12.5 um");
        }
        keys(&t, "q");
        finish(&t);
    }
    snprintf(line, sizeof line, "XDG_STATE_HOME=%s %s -c 'open %s' 2>&1 | grep -q 'lengths are in voxels'", home, program, path);
    assert_int_equal(system(line), 0);
    unlink(path);
}

int main(void)
{
    if (!tty_setup())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session),
        cmocka_unit_test(resizing_redraws_everything),
        cmocka_unit_test(mouse_and_threshold),
        cmocka_unit_test(painting_by_key_and_mouse),
        cmocka_unit_test(volumes_side_by_side),
        cmocka_unit_test(a_voxel_size_is_remembered),
        cmocka_unit_test(no_colour_means_none),
        cmocka_unit_test(terminal_comes_back_after_a_crash),
        cmocka_unit_test(terminal_comes_back_after_term),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    tty_teardown();
    return rc;
}
