/* What the terminal can do: from the environment, from answers as real terminals give them, and asked over a pty. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <pthread.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include "caps.h"

static struct vn_caps in_env(const char *term, const char *colorterm, const char *lc_all, const char *lang, const char *tmux)
{
    static const char *const name[] = { "TERM", "COLORTERM", "LC_ALL", "LANG", "TMUX", "LC_CTYPE", "NO_COLOR", "SSH_CONNECTION", "SSH_TTY", "KITTY_WINDOW_ID", "GHOSTTY_RESOURCES_DIR" };
    const char *value[VN_COUNT(name)] = { term, colorterm, lc_all, lang, tmux };
    struct vn_caps c;
    for (size_t i = 0; i < VN_COUNT(name); i++)
        if (value[i])
            setenv(name[i], value[i], 1);
        else
            unsetenv(name[i]);
    vn_caps_from_env(&c);
    return c;
}

static void environment(void **state)
{
    (void)state;
    struct vn_caps c = in_env("xterm-256color", NULL, NULL, "ko_KR.UTF-8", NULL);
    assert_int_equal(c.colors, 256);
    assert_true(c.utf8 && !c.true_color && !c.in_tmux && !c.no_color);
    assert_string_equal(c.assumed, "");
    c = in_env("xterm", "truecolor", "C", "ko_KR.UTF-8", "/tmp/tmux-0/default,1,0");        /* LC_ALL goes before LANG */
    assert_true(!c.utf8 && c.true_color && c.in_tmux);
    assert_int_equal(c.colors, 8);
    assert_true(in_env("vt100", NULL, NULL, NULL, NULL).utf8);        /* nothing said */
    assert_false(in_env("vt100", NULL, "", "de_DE.ISO-8859-1", NULL).utf8);
    assert_true(in_env("vt100", NULL, NULL, "de_DE.utf8", NULL).utf8);
    assert_int_equal(in_env("vt100", NULL, NULL, NULL, NULL).colors, 0);
    c = in_env("xterm-of-tomorrow", NULL, NULL, NULL, NULL);
    assert_string_equal(c.assumed, "xterm-256color");
    assert_int_equal(c.colors, 256);
    c = in_env("teletype-1930", NULL, NULL, NULL, NULL);
    assert_int_equal(c.colors, -1);
    assert_string_equal(c.assumed, "");
    assert_int_equal(in_env(NULL, NULL, NULL, NULL, NULL).colors, -1);
}

static struct vn_caps after(struct vn_caps c, const char *const *answer)
{
    for (; *answer; answer++)
        if (!vn_caps_answer(&c, *answer, strlen(*answer)))
            fail_msg("ESC%s is no answer to what was asked", *answer + 1);
    return c;
}

static void answers(void **state)
{
    (void)state;
    const struct vn_caps none = in_env("xterm-256color", NULL, NULL, NULL, NULL);
    /* xterm 379 -ti vt340: what research/terminal.md found it to say */
    struct vn_caps c = after(none, (const char *const[]){ "\033P>|xterm(379)", "\033[?2026;0$y", "\033P1$r0;48:2::1:2:3m", "\033[?63;1;2;4;6;9;15;22c", NULL });
    assert_string_equal(c.name, "xterm(379)");
    assert_true(c.answered && c.true_color && c.proven);
    assert_int_equal(c.sixel, VN_YES);
    assert_int_equal(c.sync, VN_NO);
    assert_int_equal(c.kitty, VN_UNSAID);
    assert_false(vn_caps_placeholders(&c));
    /* xterm as vt420: no 4 among its attributes; 64 is not a 4 */
    c = after(none, (const char *const[]){ "\033[?64;1;2;6;9;15;16;17;18;21;22;28c", NULL });
    assert_int_equal(c.sixel, VN_NO);
    assert_false(c.true_color);
    /* a terminal with everything: cell of 20 rows of 10 pixels, colours as four, two and one digits */
    c = after(none, (const char *const[]){ "\033P>|kitty(0.32.0)", "\033[6;20;10t", "\033[4;1200;2000t", "\033[?2026;2$y", "\033]11;rgb:1e1e/ffff/8080",
                                           "\033P1+r524742=38", "\033_Gi=31;OK", "\033[?62;c", NULL });
    assert_int_equal(c.cell_w, 10);
    assert_int_equal(c.cell_h, 20);
    assert_int_equal(c.background, 0x1eff80);
    assert_true(c.proven && vn_caps_placeholders(&c));
    assert_int_equal(c.sync, VN_YES);
    assert_int_equal(after(c, (const char *const[]){ "\033]11;rgb:1e/ff/80", NULL }).background, 0x1eff80);
    assert_int_equal(after(c, (const char *const[]){ "\033]11;rgb:0/f/8", NULL }).background, 0x00ff88);
    assert_int_equal(after(c, (const char *const[]){ "\033]11;purple", NULL }).background, -1);
    assert_int_equal(after(c, (const char *const[]){ "\033_Gi=31;ENOTSUPPORTED:no", NULL }).kitty, VN_NO);
    /* the colour came back as one of the palette, the capability is not known: nothing is proven */
    c = after(none, (const char *const[]){ "\033P1$r0;48:5:16m", "\033P0+r524742", NULL });
    assert_false(c.true_color);
}

static void in_tmux_an_answer_from_outside_proves_the_way_open(void **state)
{
    (void)state;
    const struct vn_caps none = in_env("tmux-256color", NULL, NULL, NULL, "/tmp/tmux-0/default,1,0");
    struct vn_caps c = after(none, (const char *const[]){ "\033P>|tmux 3.3a", "\033[?1;2c", NULL });
    assert_int_equal(c.passthrough, VN_UNSAID);
    assert_int_equal(c.sixel, VN_UNSAID);
    c = after(c, (const char *const[]){ "\033_Gi=31;OK", NULL });
    assert_int_equal(c.passthrough, VN_YES);
    assert_false(vn_caps_placeholders(&c));              /* who answered is not known */
    setenv("KITTY_WINDOW_ID", "1", 1);
    assert_true(vn_caps_placeholders(&c));
    struct vn_str b = { 0 };
    vn_caps_wrap(true, "\033[5n", 4, &b);
    assert_string_equal(b.s, "\033Ptmux;\033\033[5n\033\\");
    vn_str_free(&b);
}

static void what_is_no_answer_is_left_alone(void **state)
{
    (void)state;
    struct vn_caps c = in_env("xterm-256color", NULL, NULL, NULL, NULL);
    const struct vn_caps before = c;
    static const char *const no[] = { "\033[12;40R", "\033]52;c;aGVsbG8=", "\033[>41;377;0c", "\033[?25;1$y", "\033[8;24;80t", "\033[6;0;0t", "\033[6;99999;9t", "\033P", "\033_", "" };
    for (size_t i = 0; i < VN_COUNT(no); i++)
        vn_caps_answer(&c, no[i], strlen(no[i]));
    assert_memory_equal(&c, &before, sizeof c);
}

static void dumb_terminals_are_not_asked(void **state)
{
    (void)state;
    static const char *const term[] = { "dumb", "linux", "vt100", NULL };
    for (size_t i = 0; i < VN_COUNT(term); i++) {
        struct vn_caps c = in_env(term[i], NULL, NULL, NULL, NULL);
        struct vn_str b = { 0 };
        vn_caps_questions(&c, &b);
        assert_int_equal(b.n, 0);
    }
}

static void the_nearest_mode_that_there_is(void **state)
{
    (void)state;
    struct vn_caps c = in_env("xterm-256color", NULL, NULL, NULL, NULL);
    enum vn_colors top;
    assert_int_equal(vn_caps_colors(&c, VN_PIC_COLORS_AUTO, &top), VN_COLOR_256);
    assert_int_equal(top, VN_COLOR_256);
    assert_int_equal(vn_caps_picture(&c, VN_PIC_AUTO, VN_COLOR_256, true), VN_PIC_QUAD);
    assert_int_equal(vn_caps_picture(&c, VN_PIC_SIXEL, VN_COLOR_256, true), VN_PIC_QUAD);
    assert_int_equal(vn_caps_picture(&c, VN_PIC_SEXTANT, VN_COLOR_256, true), VN_PIC_SEXTANT);
    c.sixel = c.kitty = VN_YES;
    c.true_color = true;
    assert_int_equal(vn_caps_picture(&c, VN_PIC_SIXEL, VN_COLOR_256, true), VN_PIC_SIXEL);
    assert_int_equal(vn_caps_picture(&c, VN_PIC_AUTO, VN_COLOR_256, true), VN_PIC_QUAD);         /* kitty's pictures, but no placeholders */
    strcpy(c.name, "kitty(0.32.0)");
    assert_int_equal(vn_caps_picture(&c, VN_PIC_AUTO, VN_COLOR_256, false), VN_PIC_KITTY);
    c.in_ssh = true;
    assert_int_equal(vn_caps_picture(&c, VN_PIC_AUTO, VN_COLOR_256, false), VN_PIC_QUAD);
    assert_int_equal(vn_caps_picture(&c, VN_PIC_AUTO, VN_COLOR_256, true), VN_PIC_KITTY);
    assert_int_equal(vn_caps_picture(&c, VN_PIC_AUTO, VN_COLOR_NONE, true), VN_PIC_BRAILLE);
    assert_int_equal(vn_caps_colors(&c, VN_PIC_COLORS_AUTO, &top), VN_COLOR_256);
    assert_int_equal(top, VN_COLOR_TRUE);
    assert_int_equal(vn_caps_colors(&c, VN_PIC_COLORS_256, &top), VN_COLOR_256);
    assert_int_equal(top, VN_COLOR_256);
    c = in_env("xterm", NULL, "C", NULL, NULL);          /* 8 colours, no UTF-8 */
    assert_int_equal(vn_caps_colors(&c, VN_PIC_COLORS_AUTO, &top), VN_COLOR_NONE);
    assert_int_equal(vn_caps_picture(&c, VN_PIC_AUTO, VN_COLOR_NONE, true), VN_PIC_ASCII);
    assert_int_equal(vn_caps_picture(&c, VN_PIC_QUAD, VN_COLOR_NONE, true), VN_PIC_ASCII);
}

/* A terminal that waits for the device attributes to be asked, then answers, in pieces; or never does. */
struct other { int fd; const char *answer; char asked[512]; };

static void *terminal(void *arg)
{
    struct other *o = arg;
    size_t n = 0;
    while (!strstr(o->asked, "\033[5n")) {
        const ssize_t k = read(o->fd, o->asked + n, sizeof o->asked - 1 - n);
        if (k <= 0)
            return NULL;
        n += (size_t)k;
    }
    for (const char *s = o->answer; *s; s++)
        if (write(o->fd, s, 1) != 1)
            return NULL;
    return NULL;
}

static void asked_over_a_pty(void **state)
{
    (void)state;
    static const char *const answer[] = { "", "\033P>|one(1)\033\\\033[6;16;8t\033[?1;4c\033[0n" };
    struct winsize ws = { .ws_row = 24, .ws_col = 80, .ws_xpixel = 720, .ws_ypixel = 432 };
    for (int i = 0; i < 2; i++) {
        struct other o = { .answer = answer[i] };
        struct termios before, end;
        struct vn_caps c = in_env("xterm-256color", NULL, NULL, NULL, NULL);
        pthread_t t;
        int slave;
        vn_caps_set(&c);
        if (openpty(&o.fd, &slave, NULL, NULL, &ws))
            skip();
        tcgetattr(slave, &before);
        pthread_create(&t, NULL, terminal, &o);
        assert_int_equal(vn_caps_probe(slave, slave, i ? 10 : 0.05, NULL), 0);
        pthread_join(t, NULL);
        tcgetattr(slave, &end);
        assert_int_equal(end.c_lflag, before.c_lflag);
        c = vn_caps_get();
        assert_true(c.asked);
        assert_int_equal(c.answered, i);
        assert_int_equal(c.ack, i ? VN_YES : VN_NO);
        assert_string_equal(c.name, i ? "one(1)" : "");
        assert_int_equal(c.cell_w, i ? 8 : 9);           /* its own word, or the system's: 720 / 80 */
        assert_int_equal(c.cell_h, i ? 16 : 18);
        close(slave);
        close(o.fd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(environment),
        cmocka_unit_test(answers),
        cmocka_unit_test(in_tmux_an_answer_from_outside_proves_the_way_open),
        cmocka_unit_test(what_is_no_answer_is_left_alone),
        cmocka_unit_test(dumb_terminals_are_not_asked),
        cmocka_unit_test(the_nearest_mode_that_there_is),
        cmocka_unit_test(asked_over_a_pty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
