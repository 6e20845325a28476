/* Input decoder: known sequences, split anywhere; text beside the terminal's answers; noise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "input.h"

/* Events as text, one token each. */
static void name(const struct vn_event *e, char *out)
{
    char t[1200];
    switch (e->type) {
    case VN_EV_KEY: sprintf(t, "k%x/%u", e->code, e->mods); break;
    case VN_EV_MOUSE: sprintf(t, "m%d@%d,%d%s%s", e->button, e->x, e->y, e->release ? "r" : "", e->motion ? "m" : ""); break;
    case VN_EV_PASTE: sprintf(t, "p(%.*s)", (int)e->n_text, e->text); break;
    case VN_EV_PASTE_END: sprintf(t, "pe"); break;
    case VN_EV_FOCUS_IN: sprintf(t, "fi"); break;
    case VN_EV_FOCUS_OUT: sprintf(t, "fo"); break;
    case VN_EV_ACK: sprintf(t, "ack"); break;
    case VN_EV_ANSWER: sprintf(t, "a(%.*s)", (int)e->n_text, e->text); break;
    default: sprintf(t, "?"); break;
    }
    strcat(out, out[0] ? " " : "");
    strcat(out, t);
}

/* Decodes; a pause after byte `pause` (none when < 0) long enough for a timeout, unless a sequence has begun. */
static void decode(const char *s, size_t n, int pause, bool timeout_at_end, char *out)
{
    struct vn_input t;
    struct vn_event ev;
    vn_input_init(&t);
    out[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        if (vn_input_byte(&t, (unsigned char)s[i], &ev))
            name(&ev, out);
        if ((int)i == pause && !vn_input_waiting(&t) && vn_input_timeout(&t, &ev))
            name(&ev, out);
    }
    if (timeout_at_end && vn_input_timeout(&t, &ev))
        name(&ev, out);
    assert_int_equal(t.state, VN_T_GROUND);
}

static void check(const char *bytes, const char *want)
{
    char got[4096];
    decode(bytes, strlen(bytes), -1, true, got);
    assert_string_equal(got, want);
    for (int i = 0; i < (int)strlen(bytes); i++) {       /* a pause at every place where one does no harm */
        decode(bytes, strlen(bytes), i, true, got);
        assert_string_equal(got, want);
    }
}

static void keys(void **state)
{
    (void)state;
    check("a", "k61/0");
    check("\003", "k63/4");
    check("\r\t\177\010", "kd/0 k9/0 k7f/0 k7f/0");
    check("\033[A\033OB\033[1;5C\033[1;2D", "k110000/0 k110001/0 k110003/4 k110002/1");
    check("\033[5~\033[6;2~\033[H\033[4~\033[3~", "k110006/0 k110007/1 k110004/0 k110005/0 k110009/0");
    check("\033OP\033[15~\033[24~\033[Z", "k11000a/0 k11000e/0 k110015/0 k110016/0");
    check("\033x", "k78/2");
    check("\033", "k1b/0");
    check("\033\033[A", "k1b/0 k110000/0");
    check("\303\251\342\202\254\360\237\230\200", "ke9/0 k20ac/0 k1f600/0");
    check("\033\303\251", "ke9/2");
    check("\355\225\234\344\270\255", "kd55c/0 k4e2d/0");            /* Korean and Chinese */
}

static void broken_text_is_dropped_and_no_key_lost(void **state)
{
    (void)state;
    check("\303a", "k61/0");
    check("\377b\200c", "k62/0 k63/0");
    check("\364\220\200\200a\355\240\200b\340\200\200c", "k61/0 k62/0 k63/0");        /* above Unicode, half a surrogate, too long */
    check("\342\202\033[A", "k110000/0");
}

static void mouse_focus_and_paste(void **state)
{
    (void)state;
    check("\033[<0;10;5M\033[<0;10;5m\033[<64;1;1M\033[<32;3;4M", "m0@9,4 m0@9,4r m64@0,0 m0@2,3m");
    check("\033[<65;200;60M", "m65@199,59");
    check("\033[I\033[O", "fi fo");
    check("\033[200~ab\nc\033[201~d", "p(ab\nc) pe k64/0");
    check("\033[200~a\033[Ab\033[201~", "p(a) p(\033[Ab) pe");       /* an escape inside stays text */
    check("\033[200~\033[201~", "pe");
    check("\033[200~\033\033[201~", "p(\033) pe");
    check("\033[M !!x", "k78/0");                                    /* old mouse report: swallowed */
}

static void answers_are_no_keys(void **state)
{
    (void)state;
    check("\033[0n", "ack");
    check("\033[?1;2c", "a(\033[?1;2c)");
    check("\033[>41;377;0c\033[12;40R\033[?2026;2$y\033[4;960;1600t", "a(\033[>41;377;0c) a(\033[12;40R) a(\033[?2026;2$y) a(\033[4;960;1600t)");
    check("\033]11;rgb:0000/0000/0000\033\\x", "a(\033]11;rgb:0000/0000/0000) k78/0");
    check("\033]11;rgb:0000/0000/0000\007x", "a(\033]11;rgb:0000/0000/0000) k78/0");
    check("\033P>|tmux 3.3a\033\\x", "a(\033P>|tmux 3.3a) k78/0");
    check("\033P1$r0;48:2::1:2:3m\033\\\033P0+r524742\033\\", "a(\033P1$r0;48:2::1:2:3m) a(\033P0+r524742)");
    check("\033_Gi=31;OK\033\\y", "a(\033_Gi=31;OK) k79/0");
    check("j\033[0nj\033[0n", "k6a/0 ack k6a/0 ack");
    check("\0331\033[0n", "k31/2 ack");
}

/* One that is too long to be told whole is not told, and no part of it is a key. */
static void long_answers_are_dropped_whole(void **state)
{
    (void)state;
    for (int n = 250; n < 262; n++) {
        char bytes[400] = "\033P", want[400];
        memset(bytes + 2, 'k', (size_t)n);
        strcpy(bytes + 2 + n, "\033\\x");
        sprintf(want, n + 2 <= 256 ? "a(%.*s) k78/0" : "k78/0", n + 2, bytes);
        check(bytes, want);
    }
}

static void long_pastes_come_in_pieces_and_whole(void **state)
{
    (void)state;
    struct vn_input t;
    struct vn_event ev;
    size_t n = 0, end = 0;
    vn_input_init(&t);
    const char *open = "\033[200~", *close = "\033[201~";
    for (const char *p = open; *p; p++)
        assert_false(vn_input_byte(&t, (unsigned char)*p, &ev));
    for (int i = 0; i < 5000; i++)
        if (vn_input_byte(&t, (unsigned char)('a' + i % 26), &ev))
            for (size_t k = 0; k < ev.n_text; k++)
                assert_int_equal(ev.text[k], 'a' + (int)(n++ % 26));
    for (const char *p = close; *p; p++)
        if (vn_input_byte(&t, (unsigned char)*p, &ev)) {
            if (ev.type == VN_EV_PASTE)
                n += ev.n_text;
            else
                end += ev.type == VN_EV_PASTE_END;
        }
    assert_int_equal(n, 5000);
    assert_int_equal(end, 1);
}

/* Whatever comes, the decoder survives, and a key after a cancelled sequence is a key. */
static void noise(void **state)
{
    (void)state;
    uint64_t x = 88172645463325252u;
    struct vn_input t;
    struct vn_event ev;
    for (int round = 0; round < 300; round++) {
        vn_input_init(&t);
        for (int i = 0; i < 2000; i++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            unsigned char c = (unsigned char)(x & 7 ? "\033[]OPM<;0129~mcnR_\\\007"[x >> 8 & 15] : (int)(x >> 16 & 255));
            if (vn_input_byte(&t, c, &ev)) {
                assert_int_not_equal(ev.type, VN_EV_NONE);
                assert_in_range(ev.n_raw, 0, 64);
                assert_true(ev.n_text <= 1024);
            }
            assert_in_range(t.n_raw, 0, 65);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys),
        cmocka_unit_test(broken_text_is_dropped_and_no_key_lost),
        cmocka_unit_test(mouse_focus_and_paste),
        cmocka_unit_test(answers_are_no_keys),
        cmocka_unit_test(long_answers_are_dropped_whole),
        cmocka_unit_test(long_pastes_come_in_pieces_and_whole),
        cmocka_unit_test(noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
