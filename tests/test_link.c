/* Pacing over links of any speed, in time that is only counted: a line that takes `rate` bytes a second and delays both ways, with
 * a buffer that never refuses, and a terminal that answers at once, late or never. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>
#include "link.h"

struct line {
    double rate, delay, answer;          /* answer: later by that much; INFINITY: never */
    double free;                         /* when what was written has passed */
    double due[4096]; int from, to;      /* answers on their way */
    double behind;                       /* most that anything written had to wait */
    size_t total;
};

static void line_send(struct line *w, struct vn_link *l, double now, size_t bytes)
{
    const bool asked = vn_link_asks(l, now);
    w->free = fmax(w->free, now) + (double)bytes / w->rate;
    w->behind = fmax(w->behind, w->free + w->delay - now);
    w->total += bytes;
    vn_link_sent(l, now, bytes, asked);
    if (asked && isfinite(w->answer))
        w->due[w->to++ % 4096] = w->free + 2 * w->delay + w->answer;
}

static void line_answers(struct line *w, struct vn_link *l, double now)
{
    for (; w->from < w->to && w->due[w->from % 4096] <= now; w->from++)
        vn_link_answer(l, now);
    vn_link_check(l, now);
}

struct run { double coarse, fine, behind; };     /* seconds after the last key; most ever waited */

/* Keys 30 times a second for `keys_s`, for which fine pictures have `whole` bytes and coarse ones what they may have; then rest. */
static struct run hold(struct line *w, double keys_s, size_t whole)
{
    struct vn_link l;
    struct run r = { INFINITY, INFINITY, 0 };
    size_t left = 0;                             /* of the fine picture */
    double pressed = -1, shown = -1;
    vn_link_open(&l, 0);
    line_send(w, &l, 0, 4);
    for (double now = 0; now < keys_s + 30 && r.fine == INFINITY; now += 0.001) {
        line_answers(w, &l, now);
        if (now > 3 && now < 3 + keys_s)         /* as the program sees it: the key was pressed a delay before */
            pressed = floor(now * 30) / 30;
        const bool moving = now - pressed < 0.12;
        const struct vn_link_room room = vn_link_room(&l, now);
        if (pressed > shown && vn_link_ready(&l, now)) {
            const bool fine = whole <= room.whole;
            line_send(w, &l, now, fine ? whole : room.coarse);
            left = fine ? 0 : whole;
            shown = pressed;
            if (pressed > 3 + keys_s - 0.04) {
                r.coarse = w->free + w->delay - (pressed - w->delay);
                r.fine = fine ? r.coarse : INFINITY;
            }
        } else if (left && !moving && room.part && vn_link_ready_more(&l, now)) {
            const size_t n = left < room.part ? left : room.part;
            line_send(w, &l, now, n);
            left -= n;
            if (!left && now > 3 + keys_s)
                r.fine = w->free + w->delay - (pressed - w->delay);
        }
    }
    r.behind = w->behind;
    return r;
}

static void a_fast_link_gets_everything(void **state)
{
    (void)state;
    struct line w = { .rate = 50e6, .delay = 0.0005 };
    struct run r = hold(&w, 1, 145000);
    assert_true(r.fine < 0.05);
    assert_true(r.coarse == r.fine);             /* nothing coarse was sent */
}

static void a_slow_link_shows_the_last_position_first(void **state)
{
    (void)state;
    struct line w = { .rate = 250e3, .delay = 0.04 };
    struct run r = hold(&w, 0.67, 145000);
    assert_true(r.coarse < 0.3);
    assert_true(r.fine < 1.0);
}

static void a_very_slow_link(void **state)
{
    (void)state;
    struct line w = { .rate = 30e3, .delay = 0.3 };
    struct run r = hold(&w, 0.67, 145000);
    assert_true(r.coarse < 0.6 + 0.5);
    assert_true(r.fine < 145000 / 30e3 + 2);
}

static void without_answers_it_is_never_far_behind(void **state)
{
    (void)state;
    struct line w = { .rate = 250e3, .delay = 0.04, .answer = INFINITY };
    struct run r = hold(&w, 10, 145000);
    assert_true(r.behind < 1.0);
    assert_true(r.coarse < 0.5);
    assert_true(r.fine < 1.5);
    struct line alone = { .rate = 250e3, .delay = 0.04, .answer = INFINITY };
    r = hold(&alone, 0.01, 145000);
    assert_true(r.fine < 1.0);
}

static void late_answers_are_not_waited_for(void **state)
{
    (void)state;
    struct line w = { .rate = 250e3, .delay = 0.04, .answer = 2 };
    struct run r = hold(&w, 10, 145000);
    assert_true(r.behind < 1.0);
    assert_true(r.coarse < 0.5);
    assert_true(r.fine < 1.5);
}

static void answers_that_stop_and_come_back(void **state)
{
    (void)state;
    struct vn_link l;
    struct line w = { .rate = 10e6, .delay = 0.005 };
    double now = 0;
    int sent[3] = { 0 };
    vn_link_open(&l, 0);
    for (; now < 30; now += 0.001) {             /* none between 10 and 20 s */
        w.answer = now > 10 && now < 20 ? INFINITY : 0;
        line_answers(&w, &l, now);
        if (vn_link_ready(&l, now)) {
            line_send(&w, &l, now, 3000);
            sent[(int)(now / 10)]++;
        }
        if (now > 12 && now < 20)
            assert_false(l.acks);
    }
    assert_true(l.acks);
    assert_true(sent[0] > 500 && sent[2] > 500);
    assert_true(sent[1] > 100 && sent[1] < 400);
}

static void nothing_is_asked_while_muted(void **state)
{
    (void)state;
    struct vn_link l;
    struct line w = { .rate = 10e6, .delay = 0.005 };
    vn_link_open(&l, 0);
    line_send(&w, &l, 0, 4);
    line_answers(&w, &l, 0.02);
    assert_true(l.acks);
    vn_link_sent(&l, 0.1, 3000, true);
    assert_false(vn_link_ready(&l, 0.2));
    vn_link_mute(&l, true);
    assert_true(vn_link_ready(&l, 0.2));
    assert_false(vn_link_asks(&l, 0.2));
    vn_link_mute(&l, false);
    assert_true(vn_link_asks(&l, 0.3));
}

static void the_speed_is_found(void **state)
{
    (void)state;
    struct vn_link l;
    struct line w = { .rate = 250e3, .delay = 0.04 };
    vn_link_open(&l, 0);
    line_send(&w, &l, 0, 4);
    for (double now = 0; now < 5; now += 0.001) {
        line_answers(&w, &l, now);
        if (now > 0.2 && vn_link_ready(&l, now))
            line_send(&w, &l, now, 12000);
    }
    assert_true(fabs(vn_link_trip(&l) - 0.08) < 0.003);
    assert_true(fabs(vn_link_rate(&l) - 250e3) < 10e3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fast_link_gets_everything),
        cmocka_unit_test(a_slow_link_shows_the_last_position_first),
        cmocka_unit_test(a_very_slow_link),
        cmocka_unit_test(without_answers_it_is_never_far_behind),
        cmocka_unit_test(late_answers_are_not_waited_for),
        cmocka_unit_test(answers_that_stop_and_come_back),
        cmocka_unit_test(nothing_is_asked_while_muted),
        cmocka_unit_test(the_speed_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
