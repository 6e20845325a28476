/* device_emu.cpp - device.h on one CPU core, for tests.
 * Each CUDA thread of a block is a fibre.  Blocks run one after the other; the order of blocks, and of fibres after
 * every barrier, is drawn from EMU_SEED.  Work on a stream runs only when the host waits for something, streams in
 * drawn order. Shared memory and new device memory are filled with 0xFF (NaN) before use; freed memory is closed to the
 * address sanitizer. EMU_BLOCK_RACES=1 (thread sanitizer): looks for races between blocks instead of inside one.
 * Compile this file WITHOUT -fsanitize=thread (with -DEMU_TSAN): the engine must stay invisible to the race detector.
 */
#include "emu.h"
#include "device_impl.h"
#include <algorithm>
#include <ctime>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <memory>
#include <sys/mman.h>
#include <ucontext.h>
#include <vector>
extern "C" {
#ifdef EMU_TSAN
void *__tsan_get_current_fiber(void);
void *__tsan_create_fiber(unsigned);
void __tsan_destroy_fiber(void *);
void __tsan_switch_to_fiber(void *, unsigned);
void __tsan_acquire(void *);
void __tsan_release(void *);
void __tsan_java_init(uintptr_t, uintptr_t);
void __tsan_java_alloc(uintptr_t, uintptr_t);
void __tsan_java_free(uintptr_t, uintptr_t);
#define TSAN(...) __VA_ARGS__
#else
#define TSAN(...)
#endif
#ifdef EMU_ASAN
void __sanitizer_start_switch_fiber(void **, const void *, size_t);
void __sanitizer_finish_switch_fiber(void *, const void **, size_t *);
void __asan_poison_memory_region(const volatile void *, size_t);
void __asan_unpoison_memory_region(const volatile void *, size_t);
#define ASAN(...) __VA_ARGS__
#else
#define ASAN(...)
#endif
}

/* ---- fibres: kept for the life of the program, one per thread of the largest block so far ---- */
enum State { READY, AT_BLOCK_BARRIER, AT_WARP_BARRIER, DONE };
struct Fibre : emu_thread {
    void *sp;
    ucontext_t ctx;
    char *stack;
    State state;
    unsigned mask;
    const char *file;
    int line;
    void *tsan, *fake;
};
struct Warp {
    unsigned gen;
    uint64_t slot[2][32];
    unsigned stamp[2][32];
    char sync[2], block_sync[2];
}; /* block_sync: of warp 0 */
emu_thread *emu_cur;
uint3 emu_block, blockDim, gridDim;
char *emu_dyn;
static emu_kernel *kernels, *running;
static void **running_args;
static std::vector<std::unique_ptr<Fibre>> fibres;
static std::vector<Warp> warps;
static Fibre host;
static uint64_t rng;
static unsigned phase;
ASAN(static const void *host_bottom; static size_t host_size;)
TSAN(static char sync_start; static char sync_end; /* blocks begin, blocks are done */
     static void *block_tsan;)
static const size_t STACK = 256 * 1024;

static uint64_t rnd()
{
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return rng;
}
static Fibre *me()
{
    return static_cast<Fibre *>(emu_cur);
}
[[noreturn]] static void die(const char *why, const Fibre *f)
{
    fprintf(stderr, "emulator: kernel %s: %s: block (%u,%u,%u) thread (%u,%u,%u) at %s:%d\n", running->name, why,
            emu_block.x, emu_block.y, emu_block.z, f->tid.x, f->tid.y, f->tid.z, f->file ? f->file : "?", f->line);
    abort();
}
#if defined(__x86_64__) && !defined(EMU_UCONTEXT) /* swapcontext makes two system calls; this makes none */
extern "C" void emu_switch(void **save, void *to);
asm(".text\n.globl emu_switch\n.type emu_switch,@function\nemu_switch:\n push %rbp\n push %rbx\n push %r12\n push "
    "%r13\n push %r14\n"
    " push %r15\n mov %rsp,(%rdi)\n mov %rsi,%rsp\n pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbx\n pop %rbp\n "
    "ret\n"
    ".size emu_switch,.-emu_switch\n");
static void jump(Fibre *from, Fibre *to)
{
    emu_switch(&from->sp, to->sp);
}
static void prepare(Fibre *f, void (*entry)())
{
    void **top = (void **)(f->stack + STACK);
    top[-2] = (void *)entry;
    f->sp = top - 8;
} /* top[-1] = 0 */
#else
static void jump(Fibre *from, Fibre *to)
{
    swapcontext(&from->ctx, &to->ctx);
}
static void prepare(Fibre *f, void (*entry)())
{
    getcontext(&f->ctx);
    f->ctx.uc_stack.ss_sp = f->stack;
    f->ctx.uc_stack.ss_size = STACK;
    f->ctx.uc_link = nullptr;
    makecontext(&f->ctx, entry, 0);
}
#endif
static void to_host()
{
    [[maybe_unused]] Fibre *f = me();
    TSAN(__tsan_switch_to_fiber(host.tsan, 1);) /* 1: a switch orders nothing */
    ASAN(__sanitizer_start_switch_fiber(&f->fake, host_bottom, host_size);)
    jump(f, &host);
    ASAN(__sanitizer_finish_switch_fiber(f->fake, nullptr, nullptr);)
}
static void resume(Fibre *f)
{
    emu_cur = f;
    TSAN(__tsan_switch_to_fiber(block_tsan ? block_tsan : f->tsan, 1);)
    ASAN(__sanitizer_start_switch_fiber(&host.fake, f->stack, STACK);)
    jump(&host, f);
    ASAN(__sanitizer_finish_switch_fiber(host.fake, nullptr, nullptr);)
}
static void entry()
{
    ASAN(__sanitizer_finish_switch_fiber(nullptr, &host_bottom, &host_size);)
    for (;;) { /* one turn per block */
        TSAN(__tsan_acquire(&sync_start);)
        running->call(running->fn, running_args);
        TSAN(__tsan_release(&sync_end);)
        me()->state = DONE;
        to_host();
    }
}
static void wait_at(State s, [[maybe_unused]] char *sync, const char *file, int line)
{
    Fibre *f = me();
    f->file = file;
    f->line = line;
    f->state = s;
    TSAN(__tsan_release(sync);)
    to_host();
    TSAN(__tsan_acquire(sync);)
}
/* Two sync objects in turn, so that barrier k+1 cannot hide a race of phase k. */
void emu_block_barrier(const char *file, int line)
{
    wait_at(AT_BLOCK_BARRIER, &warps[0].block_sync[phase & 1], file, line);
}
void emu_warp_barrier(unsigned mask, const char *file, int line)
{
    Fibre *f = me();
    Warp &w = warps[f->warp];
    f->mask = mask;
    f->file = file;
    f->line = line;
    if (!(mask >> f->lane & 1))
        die("lane calls a _sync function whose mask omits it", f);
    wait_at(AT_WARP_BARRIER, &w.sync[w.gen & 1], file, line);
}
static Warp &post(unsigned mask, uint64_t bits, unsigned &gen, const char *file, int line)
{
    Warp &w = warps[me()->warp];
    const unsigned lane = me()->lane;
    gen = w.gen + 1;
    w.slot[(gen - 1) & 1][lane] = bits;
    w.stamp[(gen - 1) & 1][lane] = gen;
    emu_warp_barrier(mask, file, line);
    return w;
}
uint64_t emu_exchange(unsigned mask, uint64_t bits, unsigned src, bool use, const char *file, int line)
{
    unsigned gen;
    Warp &w = post(mask, bits, gen, file, line);
    if (!use)
        return bits;
    if (src > 31 || !(mask >> src & 1))
        die("shuffle reads a lane outside its mask", me());
    if (w.stamp[(gen - 1) & 1][src] != gen)
        die("shuffle reads a lane that has exited or does not exist", me());
    return w.slot[(gen - 1) & 1][src];
}
unsigned emu_ballot(unsigned mask, bool p, const char *file, int line)
{
    unsigned gen, r = 0;
    Warp &w = post(mask, p, gen, file, line);
    for (unsigned l = 0; l < 32; l++)
        if ((mask >> l & 1) && w.stamp[(gen - 1) & 1][l] == gen)
            r |= (unsigned)w.slot[(gen - 1) & 1][l] << l;
    return r;
}
/* Step every runnable fibre, then open the barriers that are complete; until all are done. */
static void run_block(size_t n)
{
    static std::vector<unsigned> order;
    order.resize(n);
    for (size_t i = 0; i < n; i++)
        order[i] = (unsigned)i;
    for (;;) {
        for (size_t i = n; i > 1; i--)
            std::swap(order[i - 1], order[rnd() % i]);
        for (unsigned i : order)
            if (fibres[i]->state == READY)
                resume(fibres[i].get());
        size_t done = 0, waiting = 0;
        bool opened = false;
        Fibre *stuck = nullptr;
        for (size_t wi = 0; wi < warps.size(); wi++) {
            unsigned arrived = 0, live = 0, want = 0;
            size_t end = std::min(n, (wi + 1) * 32);
            for (size_t i = wi * 32; i < end; i++) {
                Fibre *f = fibres[i].get();
                if (f->state == DONE) {
                    done++;
                    continue;
                }
                live |= 1u << f->lane;
                stuck = f;
                if (f->state == AT_BLOCK_BARRIER)
                    waiting++;
                if (f->state != AT_WARP_BARRIER)
                    continue;
                if (arrived && f->mask != want)
                    die("lanes of a warp pass different masks", f);
                want = f->mask;
                arrived |= 1u << f->lane;
            }
            if (!arrived || (want & live) != arrived)
                continue;
            for (size_t i = wi * 32; i < end; i++)
                if (fibres[i]->state == AT_WARP_BARRIER)
                    fibres[i]->state = READY;
            warps[wi].gen++;
            opened = true;
        }
        if (done == n)
            return;
        if (opened)
            continue;
        if (waiting + done != n)
            die("barrier never completes", stuck);
        for (size_t i = 0; i < n; i++)
            if (fibres[i]->state == AT_BLOCK_BARRIER) {
                if (fibres[i]->line != stuck->line || fibres[i]->file != stuck->file)
                    die("threads of a block wait at different __syncthreads", fibres[i].get());
                fibres[i]->state = READY;
            }
        phase++;
    }
}
/* No library call: it must not be intercepted, and must pass over the guards between shared arrays. */
__attribute__((no_sanitize("address", "undefined"))) static void fill(char *lo, char *hi)
{
    for (volatile char *p = lo; p < hi; p++)
        *p = (char)0xFF;
}

/* Tell the race detector that this memory is new: the next block owns it, not the one that used it before. */
TSAN(static void renew(char *p, size_t n) {
    n = (n + 7) & ~7ul;
    __tsan_java_free((uintptr_t)p, n);
    __tsan_java_alloc((uintptr_t)p, n);
})

static void run_grid(emu_kernel *k, vn_dim g, vn_dim b, size_t dyn, void **args)
{
    const size_t n = (size_t)b.x * b.y * b.z, n_block = (size_t)g.x * g.y * g.z;
    static const bool races = getenv("EMU_BLOCK_RACES");
    std::vector<char *> used; /* races: nothing may be freed before all blocks are done */
    running = k;
    running_args = args;
    gridDim = {g.x, g.y, g.z};
    blockDim = {b.x, b.y, b.z};
    while (fibres.size() < n) {
        auto f = std::make_unique<Fibre>();
        size_t i = fibres.size();
        long page = 4096;
        char *m = (char *)mmap(nullptr, STACK + page, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (m == MAP_FAILED || mprotect(m, page, PROT_NONE)) {
            perror("emulator: stack");
            abort();
        }
        f->stack = m + page;
        f->lane = i % 32;
        f->warp = (unsigned)i / 32;
        prepare(f.get(), entry);
        TSAN(f->tsan = __tsan_create_fiber(0);)
        fibres.push_back(std::move(f));
    }
    std::vector<size_t> order(n_block);
    for (size_t i = 0; i < n_block; i++)
        order[i] = i;
    for (size_t i = n_block; i > 1; i--)
        std::swap(order[i - 1], order[rnd() % i]);
    TSAN(host.tsan = __tsan_get_current_fiber(); __tsan_release(&sync_start); static bool init; if (races && !init) {
        init = true;
        __tsan_java_init(16, (1ull << 47) - 16);
    })
    for (size_t j : order) {
        emu_block = {(unsigned)(j % g.x), (unsigned)(j / g.x % g.y), (unsigned)(j / g.x / g.y)};
        emu_dyn = (char *)malloc(dyn); /* exact size, fresh: guarded, and new to the race detector */
        TSAN(if (races) {
            if (k->shared)
                renew(k->shared, (size_t)(k->shared_end - k->shared));
            for (size_t i = 0; i < n; i++)
                renew(fibres[i]->stack + STACK - 16384, 16384);
            block_tsan = __tsan_create_fiber(0); /* one identity for the whole block, unordered with other blocks */
        } __tsan_release(&sync_start);)
        if (k->shared)
            fill(k->shared, k->shared_end); /* this kernel file's own section */
        if (emu_dyn)
            fill(emu_dyn, emu_dyn + dyn);
        std::vector<Warp>((n + 31) / 32).swap(warps); /* fresh sync objects, or they would order the blocks */
        for (size_t i = 0; i < n; i++) {
            Fibre *f = fibres[i].get();
            f->state = READY;
            f->file = nullptr;
            f->line = 0;
            f->tid = {(unsigned)(i % b.x), (unsigned)(i / b.x % b.y), (unsigned)(i / b.x / b.y)};
        }
        run_block(n);
        used.push_back(emu_dyn);
        if (races) {
            TSAN(__tsan_destroy_fiber(block_tsan);) continue;
        }
        TSAN(__tsan_acquire(&sync_end);)
        free(used.back());
        used.pop_back();
    }
    TSAN(__tsan_acquire(&sync_end);) /* the kernel happens before what the host does next */
    for (char *p : used)
        free(p);
    TSAN(block_tsan = nullptr;)
    emu_cur = nullptr;
}
void emu_register(emu_kernel *k)
{
    k->next = kernels;
    kernels = k;
}

/* ---- device.h: streams are queues; an operation runs when somebody waits ---- */
struct Mark {
    uint64_t asked = 0, done = 0;
    double ms = 0;
}; /* the state of an event */
struct Op {
    std::shared_ptr<Mark> wait;
    uint64_t until;
    std::function<void()> run;
};
struct vn_stream {
    vn_stream_base b;
    std::deque<Op> q;
};
struct vn_event {
    vn_dev *dev;
    std::shared_ptr<Mark> m;
};
struct vn_dev {
    vn_dev_base b;
    std::vector<vn_stream *> streams;
};

static void drain(vn_dev *d, const std::function<bool()> &enough)
{
    while (!enough()) {
        std::vector<vn_stream *> can;
        for (vn_stream *s : d->streams)
            if (!s->q.empty() && (!s->q[0].wait || s->q[0].wait->done >= s->q[0].until))
                can.push_back(s);
        if (can.empty()) {
            fprintf(stderr, "emulator: the streams wait for each other\n");
            abort();
        }
        vn_stream *s = can[rnd() % can.size()];
        Op op = std::move(s->q.front());
        s->q.pop_front();
        if (op.run)
            op.run();
    }
}
static int later(vn_stream *s, std::function<void()> f)
{
    if (!s->b.dev->b.dead)
        s->q.push_back({nullptr, 0, std::move(f)});
    return s->b.dev->b.dead;
}

int vn_dev_open(vn_dev **out, int ordinal, uint64_t budget, char err[VN_DEV_ERRLEN])
{
    const char *seed = getenv("EMU_SEED");
    *out = nullptr;
    if (ordinal) {
        snprintf(err, VN_DEV_ERRLEN, "no device %d: the emulator has one", ordinal);
        return VN_DEV_NONE;
    }
    rng = (seed ? strtoull(seed, nullptr, 10) : 1) * 0x9E3779B97F4A7C15ull + 1;
    vn_dev *d = *out = new vn_dev();
    snprintf(d->b.info.name, sizeof d->b.info.name, "CPU emulation, seed %s", seed ? seed : "1");
    d->b.info.mem_total = 1ull << 30;
    d->b.info.budget = budget ? budget : 1ull << 30;
    d->b.info.n_sm = 1;
    d->b.info.emulated = true;
    return VN_DEV_OK;
}
void vn_dev_close(vn_dev *d)
{
    if (d) {
        vn_raw_sync(d);
        vn_pool_close(d);
        delete d;
    }
}
int vn_raw_alloc(vn_dev *, vn_dptr *p, size_t n)
{
    *p = (vn_dptr)malloc(n);
    return *p ? VN_DEV_OK : VN_DEV_NOMEM;
}
void vn_raw_free(vn_dev *, vn_dptr p)
{
    free((void *)p);
}
int vn_host_alloc(vn_dev *d, void **p, size_t n)
{
    *p = malloc(n);
    return *p ? VN_DEV_OK : vn_dev_fail(d, VN_DEV_NOMEM, "out of host memory");
}
void vn_host_free(vn_dev *, void *p)
{
    free(p);
}
int vn_raw_sync(vn_dev *d)
{
    drain(d, [d] {
        for (vn_stream *s : d->streams)
            if (!s->q.empty())
                return false;
        return true;
    });
    return d->b.dead;
}
int vn_raw_mark(vn_stream *s, vn_dptr p, size_t cap, size_t live)
{
    return later(s, [p, cap, live] {
        ASAN(__asan_unpoison_memory_region((char *)p, cap);)
        if (live)
            memset((void *)p, 0xFF, cap);
        ASAN(__asan_poison_memory_region((char *)p + (live & ~7ul), cap - (live & ~7ul));
             __asan_unpoison_memory_region((char *)p, live);)
    });
}
int vn_stream_new(vn_dev *d, vn_stream **out)
{
    *out = new vn_stream();
    (*out)->b.dev = d;
    d->streams.push_back(*out);
    return VN_DEV_OK;
}
void vn_stream_free(vn_stream *s)
{
    if (!s)
        return;
    vn_stream_sync(s);
    vn_pool_disown(s->b.dev, s);
    std::erase(s->b.dev->streams, s);
    delete s;
}
int vn_stream_sync(vn_stream *s)
{
    drain(s->b.dev, [s] { return s->q.empty(); });
    return s->b.dev->b.dead;
}
int vn_event_new(vn_dev *d, vn_event **out)
{
    *out = new vn_event{d, std::make_shared<Mark>()};
    return VN_DEV_OK;
}
void vn_event_free(vn_event *e)
{
    delete e;
}
int vn_event_record(vn_event *e, vn_stream *s)
{
    return later(s, [m = e->m, turn = ++e->m->asked] {
        timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        m->done = turn;
        m->ms = (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
    });
}
int vn_event_sync(vn_event *e)
{
    drain(e->dev, [e] { return e->m->done >= e->m->asked; });
    return e->dev->b.dead;
}
int vn_event_ms(vn_event *a, vn_event *b, float *ms)
{
    vn_event_sync(a);
    *ms = (float)(b->m->ms - a->m->ms);
    return vn_event_sync(b);
}
int vn_stream_wait(vn_stream *s, vn_event *e)
{
    s->q.push_back({e->m, e->m->asked, {}});
    return VN_DEV_OK;
}
int vn_copy_h2d(vn_stream *s, vn_dptr d, const void *h, size_t n)
{
    return later(s, [=] { memcpy((void *)d, h, n); });
}
int vn_copy_d2h(vn_stream *s, void *h, vn_dptr d, size_t n)
{
    return later(s, [=] { memcpy(h, (void *)d, n); });
}
int vn_copy_d2d(vn_stream *s, vn_dptr d, vn_dptr f, size_t n)
{
    return later(s, [=] { memcpy((void *)d, (void *)f, n); });
}
int vn_memset(vn_stream *s, vn_dptr d, unsigned char v, size_t n)
{
    return later(s, [=] { memset((void *)d, v, n); });
}

int vn_launch(vn_stream *s, const char *name, vn_dim g, vn_dim b, size_t dyn, void **args)
{
    vn_dev *d = s->b.dev;
    emu_kernel *k = kernels;
    size_t n = 0;
    if (int rc = vn_dev_may_launch(d, name))
        return rc;
    while (k && strcmp(k->name, name))
        k = k->next;
    if (!k)
        return vn_dev_fail(d, VN_DEV_BADARG, "no kernel named %s", name);
    while (args[n])
        n++;
    if (n != k->n_arg)
        return vn_dev_fail(d, VN_DEV_BADARG, "kernel %s: %zu arguments given, it has %zu parameters", name, n,
                           k->n_arg);
    if (!b.x || !b.y || !b.z || b.x > 1024 || b.y > 1024 || b.z > 64 || b.x * b.y * b.z > 1024 || !g.x || !g.y ||
        !g.z || g.x > 0x7fffffffu || g.y > 65535 || g.z > 65535 ||
        dyn + (size_t)(k->shared_end - k->shared) > 64 * 1024) /* 64 KB: what sm_75 has */
        return vn_dev_fail(d, VN_DEV_BADARG, "kernel %s: grid %u,%u,%u block %u,%u,%u, %zu shared bytes: invalid", name,
                           g.x, g.y, g.z, b.x, b.y, b.z, dyn);
    s->b.kernel = k->name;
    std::vector<std::vector<char>> copy(n);
    for (size_t i = 0; i < n; i++)
        copy[i].assign((char *)args[i], (char *)args[i] + k->size[i]);
    return later(s, [=]() mutable {
        std::vector<void *> a;
        for (auto &c : copy)
            a.push_back(c.data());
        a.push_back(nullptr);
        run_grid(k, g, b, dyn, a.data());
    });
}
