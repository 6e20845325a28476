/* What the interface does when something goes wrong: the terminal is closed, changes to nothing, sends anything, or the
 * program is killed. */
#include "tty.h"

static void with_volume(struct tty *t)
{
    expect(t, "no volume");
    keys(t, "phantom network dims=48x48x24 voxel=2um as=n\r");
    expect(t, "z 12/24");
    expect(t, "f full");
    settle(t);
}

static void killed(struct tty *t)
{
    int status;
    kill(t->pid, SIGKILL);
    waitpid(t->pid, &status, 0);
    tty_free(t);
}

/* Runs a shell command with the tests' state folder; returns the first line that it prints. */
static const char *shell(const char *fmt, ...)
{
    static char line[1024];
    char cmd[8192];
    va_list ap;
    int n = snprintf(cmd, sizeof cmd, "export XDG_STATE_HOME=%s; cd %s; ", home, home);
    va_start(ap, fmt);
    vsnprintf(cmd + n, sizeof cmd - (size_t)n, fmt, ap);
    va_end(ap);
    FILE *p = popen(cmd, "r");
    assert_non_null(p);
    line[0] = '\0';
    if (fgets(line, sizeof line, p))
        line[strcspn(line, "\n")] = '\0';
    while (fgetc(p) != EOF) {
    }
    pclose(p);
    return line;
}

static void start_here(struct tty *t, const char *arg)
{
    const char *const args[] = { arg, NULL };
    start_with(t, &(struct tty_opt){ .rows = 30, .cols = 120, .dir = home, .args = arg ? args : NULL });
}

/* ---- sessions that were lost ---- */

static void a_kill_leaves_no_half_file(void **state)
{
    (void)state;
    struct tty t;
    for (int i = 0; i < 5; i++) {
        start_here(&t, NULL);
        with_volume(&t);
        keys(&t, ":resample n factor=4 as=big\r");
        expect(&t, "/96");
        settle(&t);
        keys(&t, ":save big big.nrrd force; save big big.tif force\r");
        for (double until = now() + 0.02 + 0.08 * i; now() < until;)
            pump(&t, 5);
        killed(&t);
        assert_string_equal(shell("for f in big.nrrd big.tif; do ! test -e $f || %s -c \"open $f\" >/dev/null 2>&1 || echo half a $f; done; rm -f big.* .big.*", program), "");
    }
    shell("%s -c 'resume forget'; rm -rf venule/sessions", program);
}

static void a_lost_session_comes_back(void **state)
{
    (void)state;
    struct tty t;
    start_here(&t, NULL);
    with_volume(&t);
    keys(&t, ":threshold n low=900 as=m; slice n axis=z at=3 to=s.png; mip n axis=z to=m.png\r");
    expect(&t, "m.png");
    keys(&t, ":overlay m; roi 4:20,4:20,4:20; goto 5,6,7\r");
    expect(&t, " 5,6,7");
    expect(&t, "roi 16x16x16");
    settle(&t);
    keys(&t, "jj");
    expect(&t, "> goto 5,6,9");
    settle(&t);
    const uint64_t before = screen_sum(&t, 1, 20);
    killed(&t);
    assert_string_equal(shell("rm s.png m.png; grep -c goto venule/sessions/*"), "2");

    start_here(&t, NULL);                        /* says so, and does nothing else */
    expect(&t, "in this folder was lost: venule --resume brings it back");
    keys(&t, "\003q");
    assert_int_equal(finish(&t), 0);

    start_here(&t, "--resume");
    expect(&t, " 5,6,9");
    expect(&t, "roi 16x16x16");
    settle(&t);
    assert_true(screen_sum(&t, 1, 20) == before);
    keys(&t, "Mg");
    expect(&t, "2 commands that only wrote files: not run again");
    keys(&t, "q");
    expect(&t, "f full");
    assert_string_equal(shell("ls *.png 2>/dev/null | wc -l"), "0");
    keys(&t, "k");
    expect(&t, "> goto 5,6,8");
    settle(&t);
    killed(&t);                                  /* and again: it went on in the same file */
    assert_string_equal(shell("ls venule/sessions | wc -l"), "1");
    start_here(&t, "--resume");
    expect(&t, " 5,6,8");
    settle(&t);
    keys(&t, "q");
    assert_int_equal(finish(&t), 0);
    assert_string_equal(shell("ls venule/sessions | wc -l"), "0");
    start_here(&t, "--resume");
    expect(&t, "no session was lost");
    keys(&t, "\003q");
    assert_int_equal(finish(&t), 0);
}

static void damaged_lines_are_told(void **state)
{
    (void)state;
    struct tty t;
    shell("mkdir -p venule/sessions; cd venule/sessions; { printf '# venule 1 session in %%s\\n' %s; "
          "echo 'phantom tube dims=20x20x20 as=a'; printf 'sho\\001w a\\n'; echo 'phantom tube dims=\"20x'; echo 'nonsense 3'; "
          "echo 'threshold nobody low=1 as=q'; echo 'save a out.nrrd'; echo 'phantom tube dims=24x24x24 as=b'; printf 'phantom tube as=c'; } >20200102-030405-1.vn", home);
    char want[200];
    snprintf(want, sizeof want, "  1  2020-01-02 03:04:05     6 commands  %s", home);
    assert_string_equal(shell("%s -c 'resume list'", program), want);
    assert_string_equal(shell("cd /; %s -c resume 2>&1", program),
                        "venule: resume: no session of this folder was lost; 'resume list' shows those of other folders");
    start_here(&t, "--resume");
    expect(&t, "/24");                           /* the last volume that was made */
    settle(&t);
    keys(&t, "Mg");
    for (int i = 0; i < 4; i++) {
        char line[64];
        snprintf(line, sizeof line, "line %d of the session is damaged and left out", "3459"[i] - '0');
        expect(&t, line);
    }
    expect(&t, "1 command that only wrote files: not run again");
    keys(&t, "G");
    expect(&t, ".vn line 6: ");
    expect(&t, "'nobody'");
    keys(&t, "q");
    expect(&t, "f full");
    keys(&t, "q");
    assert_int_equal(finish(&t), 0);
    assert_string_equal(shell("ls venule/sessions out.nrrd 2>/dev/null | wc -l"), "1");    /* the name of the empty folder */
}

/* ---- the terminal ---- */

static void closed_terminal(void **state)
{
    (void)state;
    struct tty t;
    int status = -1;
    start_here(&t, NULL);
    with_volume(&t);
    keys(&t, ":resample n factor=4 as=big; save big big.nrrd force\r");
    for (double until = now() + 0.1; now() < until;)
        pump(&t, 5);
    close(t.fd);                                 /* SIGHUP, and reads and writes that fail */
    for (double until = now() + 15; now() < until && !waitpid(t.pid, &status, WNOHANG);)
        usleep(5000);
    assert_int_not_equal(status, -1);
    t.fd = open("/dev/null", O_RDWR);
    tty_free(&t);
    assert_string_equal(shell("ls .*.tmp 2>/dev/null; ! test -e big.nrrd || %s -c 'open big.nrrd' >/dev/null 2>&1 || echo half", program), "");
    assert_string_equal(shell("grep -c phantom venule/sessions/*"), "1");
    shell("%s -c 'resume forget'", program);
}

static void stopped_and_continued(void **state)
{
    (void)state;
    struct tty t;
    start_with(&t, &(struct tty_opt){ .rows = 30, .cols = 120, .shell = true });
    with_volume(&t);
    const uint64_t before = screen_sum(&t, 1, 20);
    for (int i = 0; i < 2; i++) {
        const size_t n = t.n_sent;
        keys(&t, i ? ":\032" : "\032");          /* Ctrl-Z, also at the prompt */
        expect(&t, "[stopped]");
        assert_non_null(strstr(t.sent + n, "\033[?1049l"));
        struct termios is;
        assert_int_equal(tcgetattr(t.fd, &is), 0);
        assert_int_equal(is.c_lflag, t.before.c_lflag);
        keys(&t, "\n");
        expect(&t, "z 12/24");
        settle(&t);
        assert_true(screen_sum(&t, 1, 20) == before);
    }
    keys(&t, "\003j");
    expect(&t, "z 13/24");
    settle(&t);
    keys(&t, "q");
    assert_int_equal(finish(&t), 0);
}

static void interrupts(void **state)
{
    (void)state;
    struct tty t;
    start_here(&t, NULL);
    with_volume(&t);
    kill(t.pid, SIGINT);                         /* as Ctrl-C: does not end it */
    settle(&t);
    keys(&t, "j");
    expect(&t, "z 13/24");
    kill(t.pid, SIGTERM);
    const int status = finish(&t);               /* checks that the terminal was given back */
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    shell("%s -c 'resume forget'", program);
}

/* A terminal that reads nothing any more, while a file is being written. */
static void deaf_terminal(void **state)
{
    (void)state;
    struct tty t;
    int status = -1;
    start_with(&t, &(struct tty_opt){ .rows = 100, .cols = 300, .dir = home });
    with_volume(&t);
    keys(&t, ":phantom network dims=160x160x160 noise=0.3 as=m; show m\r");
    expect(&t, "/160");
    settle(&t);
    keys(&t, ":resample m factor=2 as=huge; save huge huge.nrrd force\r");
    const char *const there = "ls .huge*.tmp 2>/dev/null | wc -l";
    for (double until = now() + 15; now() < until && strcmp(shell(there), "1");)
        pump(&t, 5);
    assert_string_equal(shell(there), "1");
    for (int i = 0; i < 3; i++) {                /* new pictures, larger than what lies between */
        tty_send(&t, i % 2 ? "k" : "j", 1, 0);
        tty_deliver(&t);
        usleep(100000);
    }
    kill(t.pid, SIGTERM);
    const double from = now();
    while (now() < from + 5 && !waitpid(t.pid, &status, WNOHANG))
        usleep(5000);
    if (status == -1) {
        killed(&t);
        fail_msg("it waits for the terminal");
    }
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    assert_string_equal(shell(there), "0");
    while (pump(&t, 10)) {
    }
    assert_non_null(strstr(t.sent, "\033[?1049l"));
    tty_free(&t);
    shell("%s -c 'resume forget'; rm -f huge.nrrd", program);
}

/* In every mode, also while something runs. */
static void no_room_at_all(void **state)
{
    (void)state;
    static const char *const mode[] = { "", "e", "r", ":zoom", "?", "M", "H", "&", "\t", ":resample n factor=6 as=b\r" };
    struct tty t;
    start_here(&t, NULL);
    with_volume(&t);
    for (size_t i = 0; i < sizeof mode / sizeof mode[0]; i++) {
        keys(&t, mode[i]);
        for (double until = now() + 0.1; now() < until;)
            pump(&t, 10);
        resize(&t, 1, 1);
        for (double until = now() + 0.1; now() < until;)
            pump(&t, 10);
        keys(&t, "j");
        resize(&t, 2, 300);
        for (double until = now() + 0.1; now() < until;)
            pump(&t, 10);
        resize(&t, 30, 120);
        settle(&t);
        keys(&t, "\003\033");
        settle(&t);
    }
    keys(&t, ":show n; layout 4\r");
    expect(&t, "/24");
    assert_true(picture_cells(&t) > 300);
    keys(&t, "qy");
    assert_int_equal(finish(&t), 0);
}

static void a_paste_without_end(void **state)
{
    (void)state;
    struct tty t;
    char *text = malloc(1000001);
    start_here(&t, NULL);
    with_volume(&t);
    for (int i = 0; i < 1000000; i++)
        text[i] = i % 80 == 79 ? '\n' : (char)('a' + i % 26);
    text[1000000] = '\0';
    paste(&t, text);
    free(text);
    expect(&t, "fghijklm;");                     /* its end */
    settle(&t);
    keys(&t, "\003:goto 1,2,3\r");
    expect(&t, " 1,2,3 ");
    settle(&t);
    keys(&t, "q");
    assert_int_equal(finish(&t), 0);
}

/* What comes from files reaches the terminal as text, never as commands to it. */
static void escapes_are_shown(void **state)
{
    (void)state;
    struct tty t;
    start_here(&t, NULL);
    with_volume(&t);
    shell("printf x > \"$(printf 'a\\033]0;owned\\007\\033[2J\\302\\2332Jb\\233c.nrrd')\"");
    const size_t n = t.n_sent;
    keys(&t, ":open a\t");
    settle(&t);
    keys(&t, "\r");
    settle(&t);
    keys(&t, "\003");
    keys(&t, ":open 'x\026\033]0;owned\026\007\026\033[35mred.tif'\r");
    expect(&t, "red.tif");
    settle(&t);
    assert_null(strstr(t.sent + n, "owned\007"));
    assert_null(strstr(t.sent + n, "\033]0;"));
    assert_null(strstr(t.sent + n, "\033[2J"));
    assert_null(strstr(t.sent + n, "\033[35m"));
    assert_null(strstr(t.sent + n, "\302\233"));
    assert_null(strstr(t.sent + n, "b\233c"));
    keys(&t, "\003\033");
    settle(&t);
    keys(&t, "q");
    assert_int_equal(finish(&t), 0);
}

/* Bytes at random as input: it lives, and the keys work afterwards. */
static void anything_may_come_in(void **state)
{
    (void)state;
    static const char *const piece[] = { "\033[", "\033]", "\033P", "\033O", "\033_", "\033\\", "<0;3", ";9999999999M", "200~", "201~", "\377\376", "\360\237", "\033[<65;10;5M", "\033[1;5A", "0n", "\t", "/", "e", "r", "t", "M", "?", "x", "5" };
    uint32_t x = 12345;
    struct tty t;
    start_here(&t, NULL);
    with_volume(&t);
    for (int i = 0; i < 1500; i++) {
        x = x * 1664525u + 1013904223u;
        char one[2] = { (char)(x >> 24), '\0' };
        if (strchr("q\003\004\032:\r\n&", one[0]) || (one[0] & 0x7f) < 27)
            one[0] = 'j';
        keys(&t, x & 0x10000 ? piece[(x >> 17) % (sizeof piece / sizeof piece[0])] : one);
        if (i % 50 == 0)
            pump(&t, 1);
    }
    settle(&t);
    keys(&t, "\033\\\033[201~\003");
    settle(&t);
    keys(&t, "\033");
    settle(&t);
    keys(&t, "\033");
    settle(&t);
    keys(&t, ":\025show n; zoom 1; goto 3,4,5\r");
    expect(&t, "> goto 3,4,5");
    settle(&t);
    kill(t.pid, SIGTERM);
    finish(&t);
    shell("%s -c 'resume forget'", program);
}

int main(void)
{
    if (!tty_setup())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_session_comes_back),
        cmocka_unit_test(a_kill_leaves_no_half_file),
        cmocka_unit_test(damaged_lines_are_told),
        cmocka_unit_test(closed_terminal),
        cmocka_unit_test(stopped_and_continued),
        cmocka_unit_test(interrupts),
        cmocka_unit_test(deaf_terminal),
        cmocka_unit_test(no_room_at_all),
        cmocka_unit_test(a_paste_without_end),
        cmocka_unit_test(escapes_are_shown),
        cmocka_unit_test(anything_may_come_in),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    tty_teardown();
    return rc;
}
