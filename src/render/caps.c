/* caps.c - what this terminal can do.
 *
 * Sources: ECMA-48; xterm's control sequences (XTVERSION, XTGETTCAP, DECRQSS, DECRQM, XTWINOPS 14 and 16, OSC 11); the kitty
 * graphics protocol (a=q); the synchronised update mode 2026. */
#include "caps.h"
#include <curses.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include "input.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct vn_caps now;
static bool known;

/* ---- the environment ---- */

static const char *env(const char *name)
{
    const char *s = getenv(name);
    return s ? s : "";
}

/* What the locale says; where nothing is said, as on a fresh machine, UTF-8, which every terminal of today is set to. */
static bool env_utf8(void)
{
    static const char *const name[] = { "LC_ALL", "LC_CTYPE", "LANG" };
    for (size_t i = 0; i < VN_COUNT(name); i++)
        if (*env(name[i]))
            return strcasestr(env(name[i]), "utf-8") || strcasestr(env(name[i]), "utf8");
    return true;
}

static int terminfo_colors(const char *term)
{
    int status, n = -1;
    TERMINAL *before = set_curterm(NULL);
    if (*term && setupterm(term, STDOUT_FILENO, &status) == OK) {
        n = tigetnum((char *)"colors");
        n = n < 0 ? 0 : n;
        del_curterm(cur_term);
    }
    set_curterm(before);
    return n;
}

/* Types that terminfo may lack on a machine logged in to, and that understand what xterm does. */
static bool like_xterm(const char *term)
{
    static const char *const name[] = { "xterm", "alacritty", "contour", "foot", "ghostty", "iterm", "kitty", "konsole", "mintty", "rio", "vte", "wezterm" };
    for (size_t i = 0; i < VN_COUNT(name); i++)
        if (!strncmp(term, name[i], strlen(name[i])))
            return true;
    return strstr(term, "256color") != NULL;
}

void vn_caps_from_env(struct vn_caps *c)
{
    *c = (struct vn_caps){ .background = -1 };
    snprintf(c->term, sizeof c->term, "%s", env("TERM"));
    c->colors = terminfo_colors(c->term);
    if (c->colors < 0 && like_xterm(c->term)) {
        snprintf(c->assumed, sizeof c->assumed, "%s", strncmp(c->term, "tmux", 4) ? "xterm-256color" : "screen-256color");
        c->colors = terminfo_colors(c->assumed);
    }
    c->true_color = !strcmp(env("COLORTERM"), "truecolor") || !strcmp(env("COLORTERM"), "24bit") || c->colors >= 1 << 24;
    c->no_color = *env("NO_COLOR");
    c->utf8 = env_utf8();
    c->in_tmux = *env("TMUX");
    c->in_ssh = *env("SSH_CONNECTION") || *env("SSH_TTY");
}

struct vn_caps vn_caps_get(void)
{
    pthread_mutex_lock(&lock);
    if (!known)
        vn_caps_from_env(&now);
    known = true;
    struct vn_caps c = now;
    pthread_mutex_unlock(&lock);
    return c;
}

void vn_caps_set(const struct vn_caps *c)
{
    pthread_mutex_lock(&lock);
    now = *c;
    known = true;
    pthread_mutex_unlock(&lock);
}

bool vn_caps_placeholders(const struct vn_caps *c)
{
    if (c->kitty != VN_YES)
        return false;
    if (c->in_tmux)                              /* what tmux says of itself hides the terminal outside */
        return *env("KITTY_WINDOW_ID") || *env("GHOSTTY_RESOURCES_DIR");
    return !strncmp(c->name, "kitty", 5) || !strncmp(c->name, "ghostty", 7);
}

/* ---- choice ---- */

const char *const vn_picture_name[VN_N_PIC] = { "auto", "quad", "half", "sextant", "braille", "ascii", "kitty", "sixel" };

/* Who has not answered the last question yet, or cannot be asked, is not known to have pixels. */
bool vn_caps_has(const struct vn_caps *c, enum vn_picture p)
{
    switch (p) {
    case VN_PIC_KITTY: return c->kitty == VN_YES && c->passthrough != VN_NO;
    case VN_PIC_SIXEL: return c->sixel == VN_YES;
    case VN_PIC_AUTO: case VN_PIC_ASCII: return true;
    default: return c->utf8;
    }
}

enum vn_picture vn_caps_picture(const struct vn_caps *c, enum vn_picture wanted, enum vn_colors colors, bool fast)
{
    if (wanted != VN_PIC_AUTO && vn_caps_has(c, wanted))
        return wanted;
    if (wanted == VN_PIC_AUTO && colors != VN_COLOR_NONE && vn_caps_placeholders(c) && (fast || !c->in_ssh))
        return VN_PIC_KITTY;
    return !c->utf8 ? VN_PIC_ASCII : colors == VN_COLOR_NONE ? VN_PIC_BRAILLE : VN_PIC_QUAD;
}

enum vn_colors vn_caps_colors(const struct vn_caps *c, enum vn_pic_colors wanted, enum vn_colors *overlay)
{
    static const enum vn_colors said[] = { VN_COLOR_256, VN_COLOR_256, VN_COLOR_TRUE, VN_COLOR_NONE };
    enum vn_colors v = said[wanted];
    if (wanted == VN_PIC_COLORS_AUTO)
        v = c->no_color || (c->colors < 256 && !c->true_color) ? VN_COLOR_NONE : VN_COLOR_256;
    *overlay = wanted == VN_PIC_COLORS_AUTO && v == VN_COLOR_256 && c->true_color ? VN_COLOR_TRUE : v;
    return v;
}

enum vn_cell_mode vn_caps_cell(enum vn_picture p)
{
    static const enum vn_cell_mode mode[VN_N_PIC] = { [VN_PIC_HALF] = VN_CELL_HALF, [VN_PIC_SEXTANT] = VN_CELL_SEXTANT,
                                                      [VN_PIC_BRAILLE] = VN_CELL_BRAILLE, [VN_PIC_ASCII] = VN_CELL_ASCII };
    return mode[p];                              /* VN_CELL_QUAD is 0 */
}

/* ---- questions ---- */

void vn_caps_wrap(bool in_tmux, const char *bytes, size_t n, struct vn_str *b)
{
    if (!in_tmux) {
        vn_str_addn(b, bytes, n);
        return;
    }
    vn_str_add(b, "\033Ptmux;");
    for (size_t i = 0; i < n; i++)
        vn_str_addn(b, bytes[i] == 27 ? "\033\033" : bytes + i, bytes[i] == 27 ? 2 : 1);
    vn_str_add(b, "\033\\");
}

static void ask(const struct vn_caps *c, const char *question, struct vn_str *b)
{
    vn_caps_wrap(c->in_tmux, question, strlen(question), b);
}

/* In tmux, what only the terminal outside knows is asked through it; that anything of it is answered proves the way open. */
void vn_caps_questions(const struct vn_caps *c, struct vn_str *b)
{
    static const char *const none[] = { "dumb", "unknown", "linux", "cons", "ansi", "vt52", "vt100", "vt102", "hurd", "sun" };
    for (size_t i = 0; i < VN_COUNT(none); i++)
        if (!*c->term || !strncmp(c->term, none[i], strlen(none[i])))
            return;
    vn_str_add(b, "\033[>q");
    ask(c, "\033[16t", b);
    ask(c, "\033[?2026$p", b);
    if (!c->in_tmux)
        vn_str_add(b, "\033[14t" "\033[?1;1;0S" "\033]11;?\033\\" "\033P+q524742\033\\");
    vn_str_add(b, "\033[48:2:1:2:3m\033P$qm\033\\\033[0m");
    ask(c, "\033_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\033\\", b);
    vn_str_add(b, "\033[c");
}

/* ---- answers ---- */

static bool starts(const char *s, const char *with) { return !strncmp(s, with, strlen(with)); }

/* The numbers of "CSI a ; b ; c x" or "CSI ? a ; ... x"; returns how many. */
static int numbers(const char *s, int out[16])
{
    int n = 0;
    s += 2 + (s[2] == '?');
    for (; n < 16 && *s >= '0' && *s <= '9'; s += *s == ';')
        out[n++] = (int)strtol(s, (char **)&s, 10);
    return n;
}

/* "rgb:RRRR/GGGG/BBBB", each of one to four digits. */
static int color_of(const char *s)
{
    unsigned v[3];
    int at[4] = { 0 }, rgb = 0;
    if (sscanf(s, "rgb:%4x%n/%4x%n/%4x%n", &v[0], &at[1], &v[1], &at[2], &v[2], &at[3]) != 3)
        return -1;
    for (int k = 0; k < 3; k++) {
        const int digits = k ? at[k + 1] - at[k] - 1 : at[1] - 4;
        rgb = rgb << 8 | (int)(v[k] * 255 / ((1u << 4 * digits) - 1));
    }
    return rgb;
}

static bool csi_answer(struct vn_caps *c, const char *s, char last)
{
    int v[16] = { 0 };
    const int n = numbers(s, v);
    if (last == 'c' && s[2] == '?') {
        c->answered = true;
        if (!c->in_tmux)
            c->sixel = VN_NO;
        for (int i = 1; i < n; i++)
            c->sixel = v[i] == 4 ? VN_YES : c->sixel;
        return true;
    }
    if (last == 'y' && v[0] == 2026) {
        c->sync = v[1] == 1 || v[1] == 2 ? VN_YES : VN_NO;
        c->passthrough = c->in_tmux ? VN_YES : VN_UNSAID;
        return true;
    }
    if (last == 'S' && s[2] == '?' && v[0] == 1) {       /* XTSMGRAPHICS: its status, then the number */
        if (v[1] == 0 && v[2] >= 2)
            c->registers = v[2] < 65536 ? v[2] : 65536;
        return true;
    }
    if (last != 't' || n != 3 || v[1] < 1 || v[2] < 1)
        return false;
    if (v[0] == 6 && v[1] <= 256 && v[2] <= 256) {
        c->cell_h = v[1];
        c->cell_w = v[2];
        c->passthrough = c->in_tmux ? VN_YES : VN_UNSAID;
    }
    return v[0] == 6 || v[0] == 4;
}

bool vn_caps_answer(struct vn_caps *c, const char *text, size_t n)
{
    char s[260];
    if (n < 3 || n >= sizeof s)
        return false;
    memcpy(s, text, n);
    s[n] = '\0';
    if (starts(s, "\033["))
        return csi_answer(c, s, s[n - 1]);
    if (starts(s, "\033P>|")) {
        size_t k = 0;
        for (const char *p = s + 4; *p && k + 1 < sizeof c->name; p++)
            if (*p >= ' ' && *p < 127)
                c->name[k++] = *p;
        c->name[k] = '\0';
        return true;
    }
    if (starts(s, "\033]11;")) {
        c->background = color_of(s + 5);
        return true;
    }
    if (starts(s, "\033P1+r") || starts(s, "\033P0+r")) {
        if (s[2] == '1')
            c->true_color = c->proven = true;
        return true;
    }
    if (starts(s, "\033P1$r") || starts(s, "\033P0$r")) {        /* the colour that was set, or one of a palette near to it */
        if (strstr(s, ":2::1:2:3") || strstr(s, ":2:1:2:3") || strstr(s, ";2;1;2;3"))
            c->true_color = c->proven = true;
        return true;
    }
    if (starts(s, "\033_G")) {
        c->kitty = strstr(s, ";OK") ? VN_YES : VN_NO;
        c->passthrough = c->in_tmux ? VN_YES : VN_UNSAID;
        return true;
    }
    return false;
}

/* ---- asking ---- */

bool vn_caps_cell_of(int fd, int *w, int *h)
{
    struct winsize ws;
    if (*env("TMUX") || ioctl(fd, TIOCGWINSZ, &ws) || !ws.ws_xpixel || !ws.ws_ypixel || !ws.ws_col || !ws.ws_row)
        return false;
    *w = ws.ws_xpixel / ws.ws_col;
    *h = ws.ws_ypixel / ws.ws_row;
    return *w >= 2 && *h >= 4 && *w <= 256 && *h <= 256;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Until the device attributes, and in tmux the answer from outside, have come. */
static void listen_to(int fd, struct vn_caps *c, double until)
{
    struct vn_input in;
    struct vn_event ev;
    vn_input_init(&in);
    while (!c->answered || c->ack != VN_YES) {
        struct pollfd p = { fd, POLLIN, 0 };
        char b[512];
        const int left = (int)(1000 * (until - seconds()));
        if (left <= 0 || poll(&p, 1, left) <= 0)
            break;
        const ssize_t got = read(fd, b, sizeof b);
        if (got <= 0)
            break;
        for (ssize_t i = 0; i < got; i++)
            if (vn_input_byte(&in, (unsigned char)b[i], &ev)) {
                if (ev.type == VN_EV_ANSWER)
                    vn_caps_answer(c, ev.text, ev.n_text);
                c->ack = ev.type == VN_EV_ACK ? VN_YES : c->ack;
            }
    }
}

int vn_caps_probe(int fd_in, int fd_out, double timeout_s, struct vn_err *err)
{
    struct vn_caps c = vn_caps_get();
    struct termios before, raw;
    struct vn_str b = { 0 };
    if (tcgetattr(fd_in, &before))
        return vn_fail(err, VN_E_IO, "this is not a terminal that can be asked");
    vn_caps_questions(&c, &b);
    if (b.n)
        ask(&c, "\033[5n", &b);
    raw = before;
    cfmakeraw(&raw);
    raw.c_oflag |= OPOST;
    tcsetattr(fd_in, TCSANOW, &raw);
    c.asked = true;
    c.ack = VN_NO;
    if (b.s && !b.failed && write(fd_out, b.s, b.n) == (ssize_t)b.n)
        listen_to(fd_in, &c, seconds() + timeout_s);
    tcflush(fd_in, TCIFLUSH);                    /* half an answer is nothing for the shell */
    tcsetattr(fd_in, TCSANOW, &before);
    vn_str_free(&b);
    if (c.in_tmux && c.passthrough == VN_UNSAID)
        c.passthrough = c.ack == VN_YES ? VN_YES : VN_NO;
    if (!c.cell_w)
        vn_caps_cell_of(fd_out, &c.cell_w, &c.cell_h);
    vn_caps_set(&c);
    return 0;
}
