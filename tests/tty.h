/* tty.h - the real program in a terminal of fixed size: libvterm at the other end of a pseudo-terminal, behind a link that
 * can be slow, with a terminal that answers at once, late, never, or as a test says.
 *
 * tty_setup() in main finds the program beside the test and makes the folder `home` (its state, gone after tty_teardown). */
#ifndef VN_TEST_TTY_H
#define VN_TEST_TTY_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <locale.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>
#include <vterm.h>

static char program[4096], home[64];

struct tty;
enum tty_tmux { TTY_NO_TMUX, TTY_TMUX, TTY_TMUX_NO_PASSTHROUGH };
struct tty_opt {
    int rows, cols;              /* 0: 24 x 80 */
    bool no_color;
    const char *const *env;      /* "NAME=VALUE" sets, "NAME" unsets; ends with NULL */
    const char *const *args;     /* after --threads 2; ends with NULL */
    const char *dir;             /* working directory */
    bool shell;                  /* under a shell that says [stopped] and goes on when a line is entered */
    /* the link: bytes that wait for it are never refused, as behind sshd */
    double bytes_per_s;          /* 0: no limit */
    int delay_ms;                /* one way */
    /* the terminal's answers */
    bool never;
    int answer_ms;               /* late by that much */
    enum tty_tmux tmux;          /* TMUX is set, and what is wrapped for passthrough reaches the outer terminal or nobody */
    /* Each answer of the terminal goes here instead of back; tty_reply() sends. */
    void (*answer)(struct tty *t, const char *bytes, size_t n);
};
struct tty {
    struct tty_opt opt;
    VTerm *vt;
    VTermScreen *sc;
    int fd, rows, cols;
    pid_t pid;
    char *sent;                  /* everything the program wrote */
    size_t n_sent, cap;
    size_t n_seen;               /* of it, what has come through the link */
    struct tty_piece { double when; size_t end; } *piece;        /* on the link */
    int piece_at, n_piece, cap_piece;
    double link_free;
    struct tty_up { double when; char *bytes; size_t n, done; } *up;     /* on the way to the program */
    int n_up, cap_up;
    int n_wrapped;               /* bytes of a wrapped request seen */
    int n_asked;                 /* answers that the terminal gave or would have */
    struct termios before;
};

static inline double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- start ---- */

/* What a shell does around a program that may stop. */
static inline void tty_shell(void)
{
    int status = 0;
    char c;
    signal(SIGTTOU, SIG_IGN);
    const pid_t pid = fork();
    setpgid(pid, pid ? pid : getpid());
    tcsetpgrp(0, pid ? pid : getpid());
    if (!pid) {
        signal(SIGTTOU, SIG_DFL);
        return;
    }
    while (waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status)) {
        tcsetpgrp(0, getpgrp());
        if (write(1, "[stopped]\r\n", 11) < 0 || read(0, &c, 1) < 0)
            _exit(126);
        tcsetpgrp(0, pid);
        kill(-pid, SIGCONT);
    }
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128);
}

static inline void tty_child(const struct tty_opt *o)
{
    const char *argv[32] = { program, "--threads", "2" };
    int n = 3;
    setenv("TERM", "xterm-256color", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    setenv("XDG_STATE_HOME", home, 1);
    setenv("XDG_CONFIG_HOME", home, 1);
    setenv("INPUTRC", "/dev/null", 1);
    unsetenv("COLORTERM");
    if (o->tmux)
        setenv("TMUX", "/none,1,0", 1);
    else
        unsetenv("TMUX");
    if (o->no_color)
        setenv("NO_COLOR", "1", 1);
    else
        unsetenv("NO_COLOR");
    for (int i = 0; o->env && o->env[i]; i++)
        if (strchr(o->env[i], '='))
            putenv((char *)(uintptr_t)o->env[i]);
        else
            unsetenv(o->env[i]);
    for (int i = 0; o->args && o->args[i] && n < 31; i++)
        argv[n++] = o->args[i];
    if (o->shell)
        tty_shell();
    if (!o->dir || !chdir(o->dir))
        execv(program, (char *const *)(uintptr_t)argv);
    _exit(127);
}

static inline void start_with(struct tty *t, const struct tty_opt *o)
{
    memset(t, 0, sizeof *t);
    t->opt = *o;
    t->rows = o->rows ? o->rows : 24;
    t->cols = o->cols ? o->cols : 80;
    struct winsize ws = { .ws_row = (unsigned short)t->rows, .ws_col = (unsigned short)t->cols };
    int slave;
    if (openpty(&t->fd, &slave, NULL, NULL, &ws)) {
        print_message("no pseudo-terminal can be opened here (%s): skipped\n", strerror(errno));
        skip();
    }
    tcgetattr(slave, &t->before);
    t->pid = fork();
    if (!t->pid) {
        close(t->fd);
        login_tty(slave);
        tty_child(o);
    }
    close(slave);
    fcntl(t->fd, F_SETFL, O_NONBLOCK);
    t->vt = vterm_new(t->rows, t->cols);
    vterm_set_utf8(t->vt, 1);
    t->sc = vterm_obtain_screen(t->vt);
    vterm_screen_enable_altscreen(t->sc, 1);
    vterm_screen_reset(t->sc, 1);
}

static inline void start(struct tty *t, int rows, int cols, bool color)
{
    start_with(t, &(struct tty_opt){ .rows = rows, .cols = cols, .no_color = !color });
}

/* ---- the link ---- */

/* Bytes that reach the program after ms. */
static inline void tty_send(struct tty *t, const char *s, size_t n, int ms)
{
    if (t->n_up == t->cap_up)
        t->up = realloc(t->up, (size_t)(t->cap_up = t->cap_up * 2 + 16) * sizeof *t->up);
    t->up[t->n_up] = (struct tty_up){ now() + 1e-3 * ms, malloc(n + 1), n, 0 };
    memcpy(t->up[t->n_up++].bytes, s, n);
}

static inline void tty_reply(struct tty *t, const char *s, size_t n) { tty_send(t, s, n, t->opt.delay_ms + t->opt.answer_ms); }

/* What is due goes to the program, as far as it takes it. */
static inline void tty_deliver(struct tty *t)
{
    const double at = now();
    for (int i = 0; i < t->n_up;) {
        struct tty_up *u = &t->up[i];
        ssize_t k = u->when > at ? -1 : write(t->fd, u->bytes + u->done, u->n - u->done);
        if (k > 0)
            u->done += (size_t)k;
        if (u->done < u->n) {
            if (u->when <= at)
                return;                          /* not past it: the order stays */
            i++;
            continue;
        }
        free(u->bytes);
        memmove(u, u + 1, (size_t)(--t->n_up - i) * sizeof *u);
    }
}

static inline void tty_answers(struct tty *t)
{
    char b[4096];
    size_t n = vterm_output_read(t->vt, b, sizeof b);
    if (!n)
        return;
    t->n_asked++;
    if (t->opt.answer)
        t->opt.answer(t, b, n);
    else if (!t->opt.never)
        tty_reply(t, b, n);
}

/* The terminal gets bytes. As tmux it takes out what is wrapped for the outer terminal. */
static inline void tty_show(struct tty *t, const char *s, size_t n)
{
    static const char wrapped[] = "\033Ptmux;\033\033[5n\033\\";
    if (!t->opt.tmux) {
        vterm_input_write(t->vt, s, n);
        tty_answers(t);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (t->n_wrapped && s[i] != wrapped[t->n_wrapped]) {
            vterm_input_write(t->vt, wrapped, (size_t)t->n_wrapped);
            t->n_wrapped = 0;
        }
        if (s[i] != wrapped[t->n_wrapped]) {
            vterm_input_write(t->vt, &s[i], 1);
        } else if (!wrapped[++t->n_wrapped]) {
            t->n_wrapped = 0;
            t->n_asked++;
            if (t->opt.tmux == TTY_TMUX && t->opt.answer)
                t->opt.answer(t, "\033[0n", 4);
            else if (t->opt.tmux == TTY_TMUX && !t->opt.never)
                tty_reply(t, "\033[0n", 4);
        }
    }
    tty_answers(t);
}

/* Bytes that were just read enter the link in pieces, each of which arrives when those before it have passed. */
static inline void tty_enter_link(struct tty *t, size_t n)
{
    const double at = now(), rate = t->opt.bytes_per_s;
    const size_t most = rate > 0 ? (size_t)(rate / 200) + 1 : n;
    for (size_t from = t->n_sent - n; from < t->n_sent;) {
        const size_t k = t->n_sent - from < most ? t->n_sent - from : most;
        if (t->n_piece == t->cap_piece)
            t->piece = realloc(t->piece, (size_t)(t->cap_piece = t->cap_piece * 2 + 64) * sizeof *t->piece);
        t->link_free = (t->link_free > at ? t->link_free : at) + (rate > 0 ? (double)k / rate : 0);
        t->piece[t->n_piece++] = (struct tty_piece){ t->link_free + 1e-3 * t->opt.delay_ms, from + k };
        from += k;
    }
}

/* Reads for up to ms; false when the program has gone. */
static inline bool pump(struct tty *t, int ms)
{
    struct pollfd p = { t->fd, POLLIN, 0 };
    char b[65536];
    bool alive = true;
    const double until = now() + 1e-3 * ms;
    double due = until;
    if (t->piece_at < t->n_piece && t->piece[t->piece_at].when < due)
        due = t->piece[t->piece_at].when;
    for (int i = 0; i < t->n_up; i++)
        if (t->up[i].when <= now())
            p.events |= POLLOUT;                 /* a long paste, taken bit by bit */
        else
            due = t->up[i].when < due ? t->up[i].when : due;
    const double wait = (due - now()) * 1e3;
    if (poll(&p, 1, wait > 0 ? (int)(wait + 0.999) : 0) > 0 && p.revents & (POLLIN | POLLHUP | POLLERR)) {
        const ssize_t k = read(t->fd, b, sizeof b);
        alive = k > 0 || (k < 0 && errno == EAGAIN);
        if (k > 0) {
            if (t->n_sent + (size_t)k + 1 > t->cap)
                t->sent = realloc(t->sent, t->cap = (t->n_sent + (size_t)k) * 2 + 1);
            memcpy(t->sent + t->n_sent, b, (size_t)k);
            t->n_sent += (size_t)k;
            t->sent[t->n_sent] = '\0';
            tty_enter_link(t, (size_t)k);
        }
    }
    const double at = now();
    for (; t->piece_at < t->n_piece && t->piece[t->piece_at].when <= at; t->piece_at++) {
        const size_t end = t->piece[t->piece_at].end;
        tty_show(t, t->sent + t->n_seen, end - t->n_seen);
        t->n_seen = end;
    }
    if (t->piece_at == t->n_piece)
        t->piece_at = t->n_piece = 0;
    tty_deliver(t);
    return alive;
}

/* ---- the user ---- */

static inline void keys(struct tty *t, const char *s)
{
    tty_send(t, s, strlen(s), t->opt.delay_ms);
    tty_deliver(t);
}

/* At a cell of the screen, 0-based. button: 0 left, 1 middle, 2 right, 64 65 wheel; + 32 motion, + 4 Shift, + 8 Alt, + 16 Ctrl. */
static inline void mouse(struct tty *t, int button, int x, int y, bool release)
{
    char s[64];
    snprintf(s, sizeof s, "\033[<%d;%d;%d%c", button, x + 1, y + 1, release ? 'm' : 'M');
    keys(t, s);
}

static inline void click(struct tty *t, int button, int x, int y)
{
    mouse(t, button, x, y, false);
    mouse(t, button, x, y, true);
}

/* Clicks on the first cell of a text on the screen, which has to be there. */
static inline void click_on(struct tty *t, const char *s);

static inline void paste(struct tty *t, const char *text)
{
    keys(t, "\033[200~");
    keys(t, text);
    keys(t, "\033[201~");
}

static inline void resize(struct tty *t, int rows, int cols)
{
    struct winsize ws = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols };
    t->rows = rows;
    t->cols = cols;
    vterm_set_size(t->vt, rows, cols);
    ioctl(t->fd, TIOCSWINSZ, &ws);
}

/* ---- the screen ---- */

static inline void row_text(struct tty *t, int y, char *out)     /* what is not ASCII as '?' */
{
    int n = 0;
    for (int x = 0; x < t->cols; x++) {
        VTermScreenCell c;
        vterm_screen_get_cell(t->sc, (VTermPos){ y, x }, &c);
        uint32_t u = c.chars[0] ? c.chars[0] : ' ';
        out[n++] = u < 128 ? (char)u : '?';
    }
    out[n] = '\0';
}

static inline bool on_screen(struct tty *t, const char *s)
{
    char row[1024];
    for (int y = 0; y < t->rows; y++) {
        row_text(t, y, row);
        if (strstr(row, s))
            return true;
    }
    return false;
}

static inline void show_screen(struct tty *t)
{
    char row[1024];
    for (int y = 0; y < t->rows; y++) {
        row_text(t, y, row);
        print_error("%2d|%s\n", y, row);
    }
}

static inline void expect_is(struct tty *t, const char *s, bool there)
{
    double until = now() + 15;
    while (on_screen(t, s) != there && now() < until && pump(t, 20)) {
    }
    if (on_screen(t, s) == there)
        return;
    show_screen(t);
    fail_msg("the screen %s '%s'", there ? "does not show" : "still shows", s);
}

static inline void expect(struct tty *t, const char *s) { expect_is(t, s, true); }

static inline void click_on(struct tty *t, const char *s)
{
    char row[1024];
    expect(t, s);
    for (int y = 0; y < t->rows; y++) {
        row_text(t, y, row);
        const char *at = strstr(row, s);
        if (at) {
            click(t, 0, (int)(at - row), y);
            return;
        }
    }
}

/* Until nothing has come for 200 ms and the link is empty. */
static inline void settle(struct tty *t)
{
    double quiet = now(), until = quiet + 30;
    size_t n = t->n_sent;
    while (now() - quiet < 0.2 && now() < until && pump(t, 20))
        if (t->n_sent != n || t->n_seen != n || t->n_up) {
            n = t->n_sent;
            quiet = now();
        }
}

/* What a cell shows: the character, and colours as palette numbers, 0x1000000 | RGB, or -1 for the default. */
struct look { uint32_t ch; int fg, bg; };

static inline int look_color(const VTermColor *c, bool is_default)
{
    if (is_default)
        return -1;
    return VTERM_COLOR_IS_INDEXED(c) ? c->indexed.idx : 0x1000000 | c->rgb.red << 16 | c->rgb.green << 8 | c->rgb.blue;
}

static inline struct look look_at(struct tty *t, int x, int y)
{
    VTermScreenCell c;
    vterm_screen_get_cell(t->sc, (VTermPos){ y, x }, &c);
    const int fg = look_color(&c.fg, VTERM_COLOR_IS_DEFAULT_FG(&c.fg)), bg = look_color(&c.bg, VTERM_COLOR_IS_DEFAULT_BG(&c.bg));
    if (!c.chars[0] || c.chars[0] == ' ')        /* its own colour is not seen */
        return (struct look){ ' ', -1, c.attrs.reverse ? fg : bg };
    return c.attrs.reverse ? (struct look){ c.chars[0], bg, fg } : (struct look){ c.chars[0], fg, bg };
}

/* A number for all cells of rows y0 .. y1 - 1, colours included. A quadrant and its complement with the colours exchanged
 * look the same, and are. */
static inline uint64_t screen_sum(struct tty *t, int y0, int y1)
{
    static const uint32_t quad[16] = { 0x20, 0x2598, 0x259D, 0x2580, 0x2596, 0x258C, 0x259E, 0x259B, 0x2597, 0x259A, 0x2590, 0x259C, 0x2584, 0x2599, 0x259F, 0x2588 };
    uint64_t h = 14695981039346656037u;
    for (int y = y0; y < y1; y++)
        for (int x = 0; x < t->cols; x++) {
            const struct look l = look_at(t, x, y);
            unsigned bits = 0;
            while (bits < 16 && quad[bits] != l.ch)
                bits++;
            h = (h ^ (bits < 16 ? 0 : l.ch)) * 1099511628211u;
            for (int k = 0; k < 4; k++)
                h = (h ^ (uint64_t)((bits < 16 ? bits >> k & 1 : k & 1u) ? l.fg + 1 : l.bg + 1)) * 1099511628211u;
        }
    return h;
}

/* Cells of the pane area that are picture: a quadrant or block glyph, or a ground other than the default. */
static inline int picture_cells(struct tty *t)
{
    int n = 0;
    for (int y = 1; y < t->rows - 6; y++)
        for (int x = 0; x < t->cols; x++) {
            const struct look l = look_at(t, x, y);
            n += (l.ch >= 0x2580 && l.ch <= 0x259f) || (l.ch >= 0x2800 && l.ch < 0x2900) || l.bg >= 0;
        }
    return n;
}

/* ---- the end ---- */

static inline void tty_free(struct tty *t)
{
    vterm_free(t->vt);
    close(t->fd);
    for (int i = 0; i < t->n_up; i++)
        free(t->up[i].bytes);
    free(t->up);
    free(t->piece);
    free(t->sent);
}

/* Waits for the end; returns the wait status. */
static inline int ended(struct tty *t)
{
    int status = -1;
    double until = now() + 15;
    pid_t got = 0;
    while (now() < until && !(got = waitpid(t->pid, &status, WNOHANG)))
        if (!pump(t, 20))
            usleep(2000);
    if (!got) {
        show_screen(t);
        kill(t->pid, SIGKILL);
        waitpid(t->pid, &status, 0);
        fail_msg("the program does not end");
    }
    return status;
}

/* Waits for the end; checks that the terminal was given back. Returns the wait status. */
static inline int finish(struct tty *t)
{
    const int status = ended(t);
    for (int i = 0; i < 5; i++)
        pump(t, 10);
    static const char *const given_back[] = { "\033[?1049l", "\033[?2004l", "\033[?1002l", "\033[?1006l", "\033[?1004l" };
    for (size_t i = 0; i < sizeof given_back / sizeof given_back[0]; i++)
        if (!t->sent || !strstr(t->sent, given_back[i]))
            fail_msg("not sent at the end: ESC%s", given_back[i] + 1);
    struct termios after;
    if (!tcgetattr(t->fd, &after)) {
        assert_int_equal(after.c_lflag, t->before.c_lflag);
        assert_int_equal(after.c_iflag, t->before.c_iflag);
        assert_int_equal(after.c_oflag, t->before.c_oflag);
    }
    tty_free(t);
    return status;
}

/* ---- around all tests ---- */

static inline bool tty_setup(void)
{
    setlocale(LC_ALL, "C.UTF-8");
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 32);
    program[n > 0 ? n : 0] = '\0';
    while (strrchr(program, '/') && !strstr(strrchr(program, '/'), "/tests"))      /* BUILD/tests/.../test_ui -> BUILD/venule */
        *strrchr(program, '/') = '\0';
    if (strrchr(program, '/'))
        *strrchr(program, '/') = '\0';
    strcat(program, "/venule");
    snprintf(home, sizeof home, "/tmp/venule-ui-XXXXXX");
    return mkdtemp(home) != NULL;
}

static inline int tty_remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static inline void tty_teardown(void) { nftw(home, tty_remove_one, 16, FTW_DEPTH | FTW_PHYS); }
#endif
