/* tty.c - the terminal as a device.
 *
 * Signal handlers need static state: what restores the terminal is put together when it is opened, so that a fatal signal
 * only has to write bytes and set modes.  Other signals become bytes in a pipe. */
#include "tty.h"
#include "caps.h"
#include "file.h"
#include <errno.h>
#include <fcntl.h>
#include <ncurses.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static const char MODES_ON[] = "\033[?1002h\033[?1006h\033[?1004h\033[?2004h";
static const char MODES_OFF[] = "\033[?2026l\033[?2004l\033[?1004l\033[?1006l\033[?1003l\033[?1002l\033[0m";

static struct termios saved;
static char restore[256];
static size_t n_restore;
static volatile sig_atomic_t is_open, end_by;
static int pipe_fd[2] = { -1, -1 };
static SCREEN *screen;
static struct vn_caps caps;              /* as the environment has it */
static char alt_stack[64 * 1024];

static const int FATAL[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
static const int CAUGHT[] = { SIGWINCH, SIGINT, SIGTSTP, SIGTERM, SIGHUP, SIGCONT, SIGALRM };
static struct sigaction old_fatal[VN_COUNT(FATAL)], old_caught[VN_COUNT(CAUGHT)];

double vn_tty_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- signals ---- */

/* As far as the terminal takes it without waiting. */
static void give_back(void)
{
    const int flags = fcntl(STDOUT_FILENO, F_GETFL);
    size_t done = 0;
    fcntl(STDOUT_FILENO, F_SETFL, flags | O_NONBLOCK);
    while (done < n_restore) {
        ssize_t k = write(STDOUT_FILENO, restore + done, n_restore - done);
        if (k <= 0)
            break;
        done += (size_t)k;
    }
    fcntl(STDOUT_FILENO, F_SETFL, flags);
    tcsetattr(STDIN_FILENO, TCSANOW, &saved);
}

static void on_fatal(int sig)
{
    if (is_open)
        give_back();
    is_open = 0;
    vn_file_cleanup();
    signal(sig, SIG_DFL);
    raise(sig);
}

static void on_signal(int sig)
{
    const bool ends = sig == SIGTERM || sig == SIGHUP;
    int keep = errno;
    unsigned char b = (unsigned char)sig;
    if (write(pipe_fd[1], &b, 1) < 0 && ends)
        on_fatal(sig);                           /* the loop no longer empties the pipe */
    if (ends) {
        end_by = sig;
        alarm(1);
    }
    errno = keep;
}

/* Told to end and still here: a terminal that takes nothing is not waited for, what it has not read is dropped. */
static void on_alarm(int sig)
{
    struct pollfd p = { STDOUT_FILENO, POLLOUT, 0 };
    int keep = errno;
    (void)sig;
    if (is_open && poll(&p, 1, 0) == 0) {
        tcflush(STDOUT_FILENO, TCOFLUSH);
        on_fatal((int)end_by);
    }
    alarm(1);
    errno = keep;
}

static void catch_signals(void)
{
    struct sigaction a;
    memset(&a, 0, sizeof a);
    sigemptyset(&a.sa_mask);
    stack_t st = { .ss_sp = alt_stack, .ss_size = sizeof alt_stack };
    sigaltstack(&st, NULL);
    a.sa_handler = on_fatal;
    a.sa_flags = SA_ONSTACK | (int)SA_RESETHAND;
    for (size_t i = 0; i < VN_COUNT(FATAL); i++)
        sigaction(FATAL[i], &a, &old_fatal[i]);
    a.sa_flags = SA_RESTART;
    for (size_t i = 0; i < VN_COUNT(CAUGHT); i++) {
        a.sa_handler = CAUGHT[i] == SIGALRM ? on_alarm : on_signal;
        sigaction(CAUGHT[i], &a, &old_caught[i]);
    }
}

static void release_signals(void)
{
    alarm(0);
    for (size_t i = 0; i < VN_COUNT(FATAL); i++)
        sigaction(FATAL[i], &old_fatal[i], NULL);
    for (size_t i = 0; i < VN_COUNT(CAUGHT); i++)
        sigaction(CAUGHT[i], &old_caught[i], NULL);
}

int vn_tty_signal_fd(void) { return pipe_fd[0]; }

int vn_tty_signal(void)
{
    unsigned char b;
    return read(pipe_fd[0], &b, 1) == 1 ? b : 0;
}

/* ---- modes ---- */

/* What gives the terminal back: our modes off, the cursor shown, the main screen. */
static void plan_restore(void)
{
    const char *parts[3] = { MODES_OFF, tigetstr((char *)"cnorm"), tigetstr((char *)"rmcup") };
    n_restore = 0;
    for (int i = 0; i < 3; i++) {
        const char *s = parts[i];
        if (!s || s == (char *)-1 || n_restore + strlen(s) >= sizeof restore)
            continue;
        memcpy(restore + n_restore, s, strlen(s));
        n_restore += strlen(s);
    }
}

static void enter(void)
{
    raw();
    noecho();
    nonl();
    typeahead(-1);
    idlok(stdscr, FALSE);
    idcok(stdscr, FALSE);
    leaveok(stdscr, FALSE);
    is_open = 1;
    vn_tty_write(MODES_ON, sizeof MODES_ON - 1);
}

int vn_tty_open(struct vn_err *err)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &saved))
        return vn_fail(err, VN_E_IO, "interactive use needs a terminal: use -c 'COMMANDS' or -f SCRIPT without one");
    if (pipe_fd[0] < 0 && pipe2(pipe_fd, O_CLOEXEC | O_NONBLOCK))
        return vn_fail(err, VN_E_IO, "cannot make a pipe: %s", strerror(errno));
    vn_caps_from_env(&caps);
    vn_caps_set(&caps);
    if (!caps.term[0])
        return vn_fail(err, VN_E_IO, "TERM is not set, so what this terminal understands is not known: export TERM=xterm-256color");
    catch_signals();                             /* before ncurses, which leaves handlers alone that are there */
    screen = newterm(caps.assumed[0] ? caps.assumed : NULL, stdout, stdin);
    if (!screen) {
        release_signals();
        return vn_fail(err, VN_E_IO, "terminal type '%s' is not known here: export TERM=xterm-256color, or apt-get install ncurses-term", caps.term);
    }
    set_term(screen);
    if (!cursor_address) {
        endwin();
        delscreen(screen);
        release_signals();
        return vn_fail(err, VN_E_IO, "a terminal of type '%s' shows text line by line only: export TERM=xterm-256color if it can do more, or use -c 'COMMANDS'", caps.term);
    }
    if (has_colors() && !caps.no_color) {
        start_color();
        use_default_colors();
    }
    plan_restore();
    enter();
    atexit(vn_tty_close);
    return 0;
}

void vn_tty_close(void)
{
    if (!is_open)
        return;
    vn_tty_write(MODES_OFF, sizeof MODES_OFF - 1);
    curs_set(1);
    endwin();
    is_open = 0;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
    release_signals();
    delscreen(screen);
    screen = NULL;
}

void vn_tty_suspend(void)
{
    vn_tty_write(MODES_OFF, sizeof MODES_OFF - 1);
    endwin();
    tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
    is_open = 0;
    signal(SIGTSTP, SIG_DFL);
    kill(0, SIGTSTP);                            /* the whole group, as the terminal itself would */
    struct sigaction a;                          /* here again after `fg` */
    memset(&a, 0, sizeof a);
    a.sa_handler = on_signal;
    a.sa_flags = SA_RESTART;
    sigemptyset(&a.sa_mask);
    sigaction(SIGTSTP, &a, NULL);
    refresh();
    enter();
    vn_tty_resize();
}

void vn_tty_write(const char *bytes, size_t n)
{
    while (n) {
        ssize_t k = write(STDOUT_FILENO, bytes, n);
        if (k > 0) {
            bytes += k;
            n -= (size_t)k;
        } else if (errno == EAGAIN) {
            struct pollfd p = { STDOUT_FILENO, POLLOUT, 0 };
            poll(&p, 1, 100);
        } else if (errno != EINTR) {
            return;
        }
    }
}

void vn_tty_hover(bool on)
{
    static const char more[] = "\033[?1003h", usual[] = "\033[?1003l\033[?1002h";
    vn_tty_write(on ? more : usual, strlen(on ? more : usual));
}

void vn_tty_resize(void)
{
    struct winsize ws;
    if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) && ws.ws_row > 0 && ws.ws_col > 0)
        resizeterm(ws.ws_row, ws.ws_col);
}

/* ---- what the terminal can do ---- */

enum vn_colors vn_tty_colors(void)
{
    if (caps.no_color)
        return VN_COLOR_NONE;
    return COLORS >= 256 || caps.true_color ? VN_COLOR_256 : VN_COLOR_NONE;
}

bool vn_tty_utf8(void) { return caps.utf8; }

bool vn_tty_in_tmux(void)
{
    return caps.in_tmux;
}

const char *vn_tty_ack_request(void)
{
    return vn_tty_in_tmux() ? "\033Ptmux;\033\033[5n\033\\" : "\033[5n";
}
