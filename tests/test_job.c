/* test_job.c - jobs: order, errors, cancelling, parallel loops, the I/O pool. */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "job.h"
#include "mem.h"

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void nap(int ms)
{
    struct timespec t = { ms / 1000, ms % 1000 * 1000000L };
    nanosleep(&t, NULL);
}

/* ---- loops ---- */

struct marks { unsigned char *seen; int64_t fail_from; int fail_every; };

static int mark(void *ctx, int64_t i, struct vn_err *err)
{
    struct marks *m = ctx;
    m->seen[i]++;
    if (m->fail_every && i >= m->fail_from && (i - m->fail_from) % m->fail_every == 0)
        return vn_fail(err, VN_E_ARG, "index %lld", (long long)i);
    return 0;
}

static void every_index_is_visited_once(void **state)
{
    (void)state;
    const int64_t sizes[] = { 0, 1, 2, 3, 7, 64, 1009, 100003 };

    for (int threads = 1; threads <= 4; threads++) {
        vn_job_set_threads(threads);
        assert_int_equal(vn_job_threads(), threads);
        for (size_t s = 0; s < VN_COUNT(sizes); s++) {
            int64_t n = sizes[s];
            struct marks m = { .seen = vn_calloc((uint64_t)n + 1, 1, NULL) };
            assert_int_equal(vn_job_for(NULL, n, mark, &m, NULL), 0);
            for (int64_t i = 0; i < n; i++)
                assert_int_equal(m.seen[i], 1);
            assert_int_equal(m.seen[n], 0);
            vn_free(m.seen);
        }
    }
    vn_job_set_threads(2);
}

static void the_lowest_error_wins(void **state)
{
    (void)state;
    enum { N = 5000 };
    unsigned char seen[N];

    for (int round = 0; round < 200; round++) {
        struct vn_err err = { 0 };
        struct marks m = { .seen = seen, .fail_from = 31 * round % N, .fail_every = 1 + round % 3 };
        char want[32];
        memset(seen, 0, N);
        vn_job_set_threads(1 + round % 4);
        snprintf(want, sizeof want, "index %lld", (long long)m.fail_from);
        assert_int_equal(vn_job_for_quiet(NULL, N, mark, &m, &err), VN_E_ARG);
        assert_string_equal(err.msg, want);
        for (int64_t i = 0; i <= m.fail_from; i++)
            assert_int_equal(seen[i], 1);
    }
    vn_job_set_threads(2);
}

static atomic_int n_slow;
static int slow_body(void *ctx, int64_t i, struct vn_err *err)
{
    (void)ctx; (void)i; (void)err;
    atomic_fetch_add(&n_slow, 1);
    nap(5);
    return 0;
}

static int slow_loop(void *ctx, struct vn_job *j, struct vn_err *err)
{
    (void)ctx;
    return vn_job_for(j, 4000, slow_body, NULL, err);
}

/* ---- queue ---- */

static int answer(void *ctx, struct vn_job *j, struct vn_err *err)
{
    *(int *)ctx += 1;
    assert_ptr_equal(vn_job_current(), j);
    return vn_fail(err, VN_E_FORMAT, "forty-two");
}

struct heard { atomic_bool began; int n, rc; char msg[1000]; };
static void hear(void *ctx, int rc, const struct vn_err *err)
{
    struct heard *h = ctx;
    h->n++;
    h->rc = rc;
    snprintf(h->msg, sizeof h->msg, "%s", rc ? err->msg : "");
}

static void pump_until(const int *n, int want)
{
    double t = now_s();
    while (*n < want && now_s() - t < 20) {
        struct pollfd p = { vn_job_fd(), POLLIN, 0 };
        poll(&p, 1, 1000);
        vn_job_pump();
    }
    assert_int_equal(*n, want);
}

static int fail_plainly(void *ctx, struct vn_job *j, struct vn_err *err)
{
    (void)ctx; (void)j;
    return vn_fail(err, VN_E_FORMAT, "forty-two");
}

static void done_is_called_once_with_the_error(void **state)
{
    (void)state;
    struct heard h = { 0 };
    struct vn_err err;

    assert_non_null(vn_job_submit(VN_REGION, "test", fail_plainly, &h, hear, &err));
    assert_int_equal(h.n, 0);                       /* nothing before the pump */
    pump_until(&h.n, 1);
    assert_int_equal(h.rc, VN_E_FORMAT);
    assert_string_equal(h.msg, "forty-two");
    assert_int_equal(vn_job_pump(), 0);
    struct pollfd p = { vn_job_fd(), POLLIN, 0 };
    assert_int_equal(poll(&p, 1, 0), 0);
}

static void run_waits_and_returns_the_error(void **state)
{
    (void)state;
    struct vn_err err = { 0 };
    int n = 0;
    assert_int_equal(vn_job_run(VN_REGION, "test", answer, &n, NULL, &err), VN_E_FORMAT);
    assert_string_equal(err.msg, "forty-two");
    assert_int_equal(n, 1);
    assert_null(vn_job_current());
}

static int run_inside(void *ctx, struct vn_job *j, struct vn_err *err)
{
    int rc = vn_job_run(VN_VISIBLE, "inner", answer, ctx, NULL, err);      /* not queued behind itself */
    assert_false(vn_job_stop(j));
    return rc == VN_E_FORMAT ? 0 : 1;
}

static void a_job_runs_another_in_place(void **state)
{
    (void)state;
    int n = 0;
    assert_int_equal(vn_job_run(VN_BULK, "outer", run_inside, &n, NULL, NULL), 0);
    assert_int_equal(n, 1);
}

/* ---- priority ---- */

static atomic_int order_next;
struct slot { int began, ended; atomic_bool running; };

static int take_turn(void *ctx, struct vn_job *j, struct vn_err *err)
{
    struct slot *s = ctx;
    (void)j; (void)err;
    s->began = atomic_fetch_add(&order_next, 1);
    atomic_store(&s->running, true);
    s->ended = atomic_fetch_add(&order_next, 1);
    return 0;
}

static int long_turn(void *ctx, struct vn_job *j, struct vn_err *err)
{
    struct slot *s = ctx;
    s->began = atomic_fetch_add(&order_next, 1);
    atomic_store(&s->running, true);
    int rc = vn_job_for(j, 4000, slow_body, NULL, err);
    s->ended = atomic_fetch_add(&order_next, 1);
    return rc;
}

static int step_turn(void *ctx, struct vn_job *j, struct vn_err *err)
{
    struct slot *s = ctx;
    (void)err;
    s->began = atomic_fetch_add(&order_next, 1);
    atomic_store(&s->running, true);
    for (int i = 0; i < 4000 && !vn_job_stop(j); i++) {
        nap(5);
        vn_job_step(j, (uint64_t)i, 4000);
    }
    s->ended = atomic_fetch_add(&order_next, 1);
    return 0;
}

static void higher_priority_comes_first(void **state)
{
    (void)state;
    const vn_job_fn longs[2] = { long_turn, step_turn };

    for (int k = 0; k < 2; k++) {
        struct slot bulk = { 0 }, other = { 0 }, visible = { 0 };
        atomic_store(&order_next, 0);
        struct vn_job *j = vn_job_submit(VN_BULK, "bulk", longs[k], &bulk, NULL, NULL);
        while (!atomic_load(&bulk.running))
            nap(1);
        vn_job_submit(VN_BULK, "other", take_turn, &other, NULL, NULL);
        assert_int_equal(vn_job_run(VN_VISIBLE, "visible", take_turn, &visible, NULL, NULL), 0);
        vn_job_cancel(j);
        assert_int_equal(vn_job_run(VN_BULK, "last", take_turn, &(struct slot){ 0 }, NULL, NULL), 0);
        assert_int_equal(bulk.began, 0);
        assert_int_equal(visible.began, 1);             /* inside bulk */
        assert_int_equal(visible.ended, 2);
        assert_int_equal(bulk.ended, 3);
        assert_int_equal(other.began, 4);               /* of the same priority: after it */
    }
    vn_job_pump();
}

/* Loops cut by other loops count every index once. */
static int count_body(void *ctx, int64_t i, struct vn_err *err)
{
    (void)err;
    ((unsigned char *)ctx)[i]++;
    return 0;
}

enum { N_COUNT = 200000 };
static int count_loop(void *ctx, struct vn_job *j, struct vn_err *err)
{
    for (int k = 0; k < 5; k++) {
        int rc = vn_job_for(j, N_COUNT, count_body, ctx, err);
        if (rc)
            return rc;
    }
    return 0;
}

static void loops_cut_by_loops_lose_nothing(void **state)
{
    (void)state;
    unsigned char *seen[3];

    for (int t = 0; t < 3; t++)
        seen[t] = vn_calloc(N_COUNT, 1, NULL);
    for (int round = 0; round < 10; round++) {
        vn_job_set_threads(1 + round % 4);
        vn_job_submit(VN_BULK, "bulk", count_loop, seen[0], NULL, NULL);
        vn_job_submit(VN_REGION, "region", count_loop, seen[1], NULL, NULL);
        nap(round % 3);
        assert_int_equal(vn_job_run(VN_VISIBLE, "visible", count_loop, seen[2], NULL, NULL), 0);
        assert_int_equal(vn_job_run(VN_BULK, "last", fail_plainly, NULL, NULL, NULL), VN_E_FORMAT);
    }
    vn_job_set_threads(2);
    vn_job_pump();
    for (int t = 0; t < 3; t++) {
        for (int i = 0; i < N_COUNT; i++)
            if (seen[t][i] != 50)
                fail_msg("job %d, index %d: %d times", t, i, seen[t][i]);
        vn_free(seen[t]);
    }
}

/* ---- cancelling ---- */

static int wait_for_cancel(void *ctx, struct vn_job *j, struct vn_err *err)
{
    atomic_store(&((struct heard *)ctx)->began, true);
    for (;;) {
        int rc = vn_job_check(j, err);
        if (rc)
            return rc;
        nap(1);
    }
}

/* A paused job stands, with its time; the others, also lower ones, have their turn on top of it; each index is visited once. */
static int slow_count(void *ctx, int64_t i, struct vn_err *err)
{
    (void)err;
    ((unsigned char *)ctx)[i]++;
    atomic_fetch_add(&n_slow, 1);
    nap(1);
    return 0;
}

static int n_heard, rc_heard;
static void hear_seen(void *ctx, int rc, const struct vn_err *err) { (void)ctx, (void)err, n_heard++, rc_heard = rc; }

static int paused_loop(void *ctx, struct vn_job *j, struct vn_err *err)
{
    return vn_job_for(j, 2000, slow_count, ctx, err);
}

static void a_paused_job_lets_others_in(void **state)
{
    (void)state;
    static unsigned char seen[2000];
    struct heard h = { 0 }, below = { 0 };
    int n = 0;

    atomic_store(&n_slow, 0);
    struct vn_job *j = vn_job_submit(VN_REGION, "paused", paused_loop, seen, hear_seen, NULL);
    while (atomic_load(&n_slow) < 20)
        nap(1);
    assert_false(vn_job_progress(j).waits || vn_job_progress(j).paused);
    vn_job_pause(j, true);
    while (!vn_job_progress(j).away)
        nap(1);
    const struct vn_progress p = vn_job_progress(j);
    assert_true(p.paused && p.done > 0 && p.done < 2000);
    assert_int_equal(vn_job_run(VN_VISIBLE, "above", answer, &n, NULL, NULL), VN_E_FORMAT);
    assert_int_equal(vn_job_run(VN_BULK, "below", answer, &n, NULL, NULL), VN_E_FORMAT);
    struct vn_job *top = vn_job_submit(VN_BULK, "on top", wait_for_cancel, &below, hear, NULL);
    while (!atomic_load(&below.began))
        nap(1);
    nap(30);
    const struct vn_progress later = vn_job_progress(j);
    assert_int_equal(later.done, p.done);
    assert_true(later.elapsed_s == p.elapsed_s && later.left_s == p.left_s);
    vn_job_pause(j, false);
    nap(30);
    assert_true(vn_job_progress(j).away);                /* until what lies on top of it has ended */
    vn_job_cancel(top);
    pump_until(&below.n, 1);
    while (!n_heard)
        vn_job_pump();
    assert_int_equal(rc_heard, 0);
    for (int i = 0; i < 2000; i++)
        assert_int_equal(seen[i], 1);
    /* Cancelled while it stands. */
    j = vn_job_submit(VN_BULK, "cancelled", wait_for_cancel, &h, hear, NULL);
    vn_job_pause(j, true);
    while (!vn_job_progress(j).away)
        nap(1);
    vn_job_cancel(j);
    pump_until(&h.n, 1);
    assert_int_equal(h.rc, VN_E_CANCELLED);
}

static void on_alarm(int sig)
{
    (void)sig;
    vn_job_cancel_all();
}

static atomic_int n_ticks;
static void tick(struct vn_job *j)
{
    struct vn_progress p = vn_job_progress(j);
    if (p.what && !strcmp(p.what, "waiting"))
        atomic_fetch_add(&n_ticks, 1);
}

/* From a signal handler, as Ctrl-C does it: the running job and the queued one end, the next one runs. */
static void a_signal_cancels_everything(void **state)
{
    (void)state;
    struct heard h = { 0 }, waiting = { 0 };
    struct vn_err err = { 0 };
    int n = 0;

    atomic_store(&n_ticks, 0);
    signal(SIGALRM, on_alarm);
    vn_job_submit(VN_BULK, "queued", wait_for_cancel, &h, hear, NULL);
    ualarm(350000, 0);
    assert_int_equal(vn_job_run(VN_BULK, "waiting", wait_for_cancel, &waiting, tick, &err), VN_E_CANCELLED);
    assert_true(atomic_load(&n_ticks) >= 1);
    pump_until(&h.n, 1);
    assert_int_equal(h.rc, VN_E_CANCELLED);
    assert_int_equal(vn_job_run(VN_REGION, "after", answer, &n, NULL, NULL), VN_E_FORMAT);
    signal(SIGALRM, SIG_DFL);
}

static int loop_for_cancel(void *ctx, struct vn_job *j, struct vn_err *err)
{
    (void)ctx;
    return vn_job_for(j, 1 << 30, slow_body, NULL, err);
}

static void loops_stop_promptly(void **state)
{
    (void)state;
    struct heard h = { 0 };

    atomic_store(&n_slow, 0);
    struct vn_job *j = vn_job_submit(VN_BULK, "loop", loop_for_cancel, &h, hear, NULL);
    while (atomic_load(&n_slow) < 50)
        nap(1);
    struct vn_progress p = vn_job_progress(j);
    assert_int_equal(p.total, 1 << 30);
    assert_true(p.done > 0 && p.elapsed_s > 0);
    double t = now_s();
    vn_job_cancel(j);
    pump_until(&h.n, 1);
    assert_true(now_s() - t < 1);           /* 5 ms, on a quiet machine */
    assert_int_equal(h.rc, VN_E_CANCELLED);
}

/* ---- I/O ---- */

static int io_mark(void *ctx, int64_t i, struct vn_err *err)
{
    nap(i % 3 == 0);
    return mark(ctx, i, err);
}

static int io_job(void *ctx, struct vn_job *j, struct vn_err *err)
{
    return vn_io_run(200, io_mark, ctx, j, err);
}

static void the_pool_visits_every_index(void **state)
{
    (void)state;
    unsigned char seen[200] = { 0 };
    struct marks m = { .seen = seen };
    struct vn_err err = { 0 };

    assert_int_equal(vn_io_run(200, io_mark, &m, NULL, &err), 0);
    assert_int_equal(vn_job_run(VN_REGION, "io", io_job, &m, NULL, &err), 0);
    for (int i = 0; i < 200; i++)
        assert_int_equal(seen[i], 2);
    assert_int_equal(vn_io_run(0, io_mark, &m, NULL, &err), 0);
    for (int round = 0; round < 50; round++) {
        char want[32];
        m.fail_from = round;
        m.fail_every = 1;
        snprintf(want, sizeof want, "index %d", round);
        assert_int_equal(vn_io_run(200, io_mark, &m, NULL, &err), VN_E_ARG);
        assert_string_equal(err.msg, want);
    }
}

static atomic_int io_busy;
static int io_slow(void *ctx, int64_t i, struct vn_err *err)
{
    (void)i; (void)err;
    atomic_fetch_add(&io_busy, 1);
    nap(10);
    ++*(atomic_int *)ctx;
    atomic_fetch_sub(&io_busy, 1);
    return 0;
}

static int io_long(void *ctx, struct vn_job *j, struct vn_err *err)
{
    atomic_int n = 0;           /* on this stack: a worker that came late would write into nothing */
    (void)ctx;
    int rc = vn_io_run(100000, io_slow, &n, j, err);
    assert_int_equal(atomic_load(&io_busy), 0);
    return rc;
}

static void a_cancelled_read_leaves_no_worker_behind(void **state)
{
    (void)state;
    struct heard h = { 0 };
    struct vn_job *j = vn_job_submit(VN_REGION, "read", io_long, &h, hear, NULL);

    while (!atomic_load(&io_busy))
        nap(1);
    double t = now_s();
    vn_job_cancel(j);
    pump_until(&h.n, 1);
    assert_true(now_s() - t < 1);           /* 30 ms, on a quiet machine */
    assert_int_equal(h.rc, VN_E_CANCELLED);
}

static void *io_caller(void *arg)
{
    unsigned char seen[100] = { 0 };
    struct marks m = { .seen = seen };
    (void)arg;
    if (vn_io_run(100, io_mark, &m, NULL, NULL))
        return "failed";
    for (int i = 0; i < 100; i++)
        if (seen[i] != 1)
            return "an index was missed";
    return NULL;
}

static void several_threads_use_the_pool(void **state)
{
    (void)state;
    pthread_t t[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, io_caller, NULL);
    for (int i = 0; i < 4; i++) {
        void *why;
        pthread_join(t[i], &why);
        assert_null(why);
    }
}

/* ---- life ---- */

static void exit_ends_everything_and_init_begins_again(void **state)
{
    (void)state;
    struct heard h = { 0 };
    struct vn_err err = { 0 };
    int n = 0;

    vn_job_submit(VN_BULK, "running", wait_for_cancel, &h, hear, NULL);
    vn_job_submit(VN_BULK, "queued", wait_for_cancel, &h, hear, NULL);
    vn_job_submit(VN_BULK, "unheard", wait_for_cancel, &h, NULL, NULL);
    while (!atomic_load(&h.began))
        nap(1);
    vn_job_exit();
    assert_int_equal(h.n, 2);                   /* owners hear of the end, so that they can free what they hold */
    assert_int_equal(h.rc, VN_E_CANCELLED);
    vn_job_exit();
    assert_int_equal(vn_job_fd(), -1);
    assert_null(vn_job_submit(VN_BULK, "too late", wait_for_cancel, &h, hear, &err));
    assert_int_equal(err.code, VN_E_INTERNAL);
    assert_int_equal(vn_job_init(2, &err), 0);
    assert_int_equal(vn_job_init(3, &err), 0);
    assert_int_equal(vn_job_threads(), 3);
    vn_job_set_threads(2);
    assert_int_equal(vn_job_run(VN_REGION, "again", answer, &n, NULL, NULL), VN_E_FORMAT);
    vn_mem_fail_at(1);
    assert_null(vn_job_submit(VN_BULK, "no memory", wait_for_cancel, &h, hear, &err));
    assert_int_equal(err.code, VN_E_MEMORY);
}

static void progress_knows_the_time_left(void **state)
{
    (void)state;
    struct heard h = { 0 };
    assert_true(vn_job_progress(NULL).left_s < 0);
    atomic_store(&n_slow, 0);
    struct vn_job *j = vn_job_submit(VN_BULK, "slow", slow_loop, &h, hear, NULL);
    assert_true(vn_job_progress(j).left_s < 0);
    while (atomic_load(&n_slow) < 160)
        nap(1);
    struct vn_progress p = vn_job_progress(j);
    vn_job_cancel(j);
    /* 4000 naps of 5 ms on two threads are 10 s; a busy machine makes them longer. */
    assert_true(p.left_s > 5 && p.left_s < 100);
    pump_until(&h.n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_index_is_visited_once),
        cmocka_unit_test(the_lowest_error_wins),
        cmocka_unit_test(done_is_called_once_with_the_error),
        cmocka_unit_test(run_waits_and_returns_the_error),
        cmocka_unit_test(a_job_runs_another_in_place),
        cmocka_unit_test(higher_priority_comes_first),
        cmocka_unit_test(loops_cut_by_loops_lose_nothing),
        cmocka_unit_test(a_paused_job_lets_others_in),
        cmocka_unit_test(a_signal_cancels_everything),
        cmocka_unit_test(loops_stop_promptly),
        cmocka_unit_test(the_pool_visits_every_index),
        cmocka_unit_test(a_cancelled_read_leaves_no_worker_behind),
        cmocka_unit_test(several_threads_use_the_pool),
        cmocka_unit_test(progress_knows_the_time_left),
        cmocka_unit_test(exit_ends_everything_and_init_begins_again),
    };
    struct vn_err err;
    vn_mem_init(0);
    if (vn_job_init(2, &err)) {
        fprintf(stderr, "%s\n", err.msg);
        return 1;
    }
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
