/* How soon the interface answers: goal and figure, line by line.  A volume of 512 x 512 x 256 u8 in a terminal of 200 x 60.
 *   bench_ui [LINE ...]     only lines whose name begins so */
#include "../tty.h"
#include "cells.h"
#include "job.h"
#include "mem.h"
#include "view.h"
#include <math.h>

enum { COLS = 200, ROWS = 60, NX = 512, NY = 512, NZ = 256 };
static char path[200];
static char **only;
static int n_only, n_missed;

static bool wanted(const char *name)
{
    for (int i = 0; i < n_only; i++)
        if (!strncmp(name, only[i], strlen(only[i])))
            return true;
    return !n_only;
}

static void line(const char *name, const char *unit, double goal, double got)
{
    printf("%-60s %8.2f %-5s goal %6g%s\n", name, got, unit, goal, got <= goal ? "" : "   MISSED");
    n_missed += got > goal;
    fflush(stdout);
}

static uint32_t noise(uint32_t i)
{
    i = (i ^ i >> 16) * 0x7feb352du;
    i = (i ^ i >> 15) * 0x846ca68bu;
    return i ^ i >> 16;
}

/* Bright tubes that wind through noise, as NumPy's file. */
static bool write_volume(void)
{
    char head[128];
    snprintf(path, sizeof path, "%s/brain.npy", home);
    FILE *f = fopen(path, "wb");
    uint8_t *v = calloc((size_t)NX * NY, NZ);
    if (!f || !v)
        return false;
    for (size_t i = 0; i < (size_t)NX * NY * NZ; i++)
        v[i] = (uint8_t)(20 + noise((uint32_t)i) % 24 + noise((uint32_t)i + 7) % 24);
    for (int k = 0; k < 60; k++)
        for (int t = 0; t < 3000; t++) {
            const double s = t / 3000.0, a = k * 0.7, r = 2 + k % 5;
            const int cx = (int)(NX * (0.5 + 0.45 * sin(a + 5 * s))), cy = (int)(NY * (0.5 + 0.45 * cos(2 * a + 4 * s))), cz = (int)(NZ * fmod(s + k / 60.0, 1));
            for (int z = (int)-r; z <= r; z++)
                for (int y = (int)-r; y <= r; y++)
                    for (int x = (int)-r; x <= r; x++)
                        if (x * x + y * y + z * z <= r * r && cx + x >= 0 && cx + x < NX && cy + y >= 0 && cy + y < NY && cz + z >= 0 && cz + z < NZ)
                            v[((size_t)(cz + z) * NY + (size_t)(cy + y)) * NX + (size_t)(cx + x)] = 200;
        }
    snprintf(head, sizeof head, "\x93NUMPY\x01%cv%c{'descr': '|u1', 'fortran_order': False, 'shape': (%d, %d, %d), }", 0, 0, NZ, NY, NX);
    memset(head, ' ', sizeof head);
    memcpy(head, "\x93NUMPY\x01\0v\0", 10);
    head[10 + snprintf(head + 10, 100, "{'descr': '|u1', 'fortran_order': False, 'shape': (%d, %d, %d), }", NZ, NY, NX)] = ' ';
    head[127] = '\n';
    bool ok = fwrite(head, 1, 128, f) == 128 && fwrite(v, 1, (size_t)NX * NY * NZ, f) == (size_t)NX * NY * NZ;
    ok = fclose(f) == 0 && ok;
    free(v);
    return ok;
}

static void open_volume(struct tty *t, const struct tty_opt *o)
{
    const char *const args[] = { path, NULL };
    struct tty_opt with = *o;
    with.rows = ROWS;
    with.cols = COLS;
    with.args = args;
    start_with(t, &with);
}

static void leave(struct tty *t)
{
    kill(t->pid, SIGKILL);
    waitpid(t->pid, NULL, 0);
    tty_free(t);
}

static int by_size(const void *a, const void *b) { return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b); }

static double median(double *v, int n)
{
    qsort(v, (size_t)n, sizeof *v, by_size);
    return v[n / 2];
}

/* Milliseconds until a byte of the answer has come. */
static double first_byte(struct tty *t, const char *key)
{
    const double from = now();
    const size_t n = t->n_sent;
    keys(t, key);
    while (t->n_sent == n && now() < from + 5)
        pump(t, 1);
    return 1e3 * (now() - from);
}

/* ---- lines ---- */

static void bench_start(void)
{
    struct tty t;
    double v[9], w[9];
    for (int i = 0; i < 9; i++) {
        const double from = now();
        open_volume(&t, &(struct tty_opt){ 0 });
        while (!on_screen(&t, "z 128/256") && now() < from + 5)
            pump(&t, 2);
        v[i] = 1e3 * (now() - from);
        while (picture_cells(&t) < 9000 && now() < from + 5)
            pump(&t, 2);
        w[i] = 1e3 * (now() - from);
        leave(&t);
    }
    line("start to the first frame", "ms", 60, median(v, 9));
    line("start to the whole picture", "ms", 200, median(w, 9));
}

static void bench_local(void)
{
    struct tty t;
    double v[31];
    open_volume(&t, &(struct tty_opt){ 0 });
    expect(&t, "z 128/256");
    settle(&t);
    for (int i = 0; i < 31; i++) {
        v[i] = first_byte(&t, "j");
        settle(&t);
    }
    line("key to the first byte of the frame, four panes", "ms", 10, median(v, 31));
    keys(&t, ":layout 1\r");
    settle(&t);
    settle(&t);
    settle(&t);
    size_t bytes = 0;
    for (int i = 0; i < 31; i++) {
        const size_t n = t.n_sent;
        v[i] = first_byte(&t, "j");
        for (double quiet = now(); now() < quiet + 0.15;)
            pump(&t, 5);
        bytes += t.n_sent - n;
        settle(&t);
        settle(&t);
        settle(&t);
    }
    line("key to the first byte of the frame, one pane", "ms", 10, median(v, 31));
    line("a new slice, whole", "kB", 150, 1e-3 * (double)bytes / 31);
    static const char *const way[] = { "\033[C", "\033[B", "\033[1;2C", "\033[1;2B" };
    static const char *const name[] = { "crosshair one voxel to the right", "crosshair one voxel down", "crosshair ten to the right", "crosshair ten down" };
    for (int k = 0; k < 4; k++) {
        double most = 0;
        for (int i = 0; i < 9; i++) {
            const size_t n = t.n_sent;
            v[i] = first_byte(&t, way[k]);
            for (double quiet = now(); now() < quiet + 0.15;)
                pump(&t, 5);
            most = fmax(most, (double)(t.n_sent - n));
            settle(&t);
            settle(&t);
            settle(&t);
        }
        line(name[k], "B", 2000, most);
    }
    keys(&t, ":");
    settle(&t);
    double most = 0;
    for (int i = 0; i < 9; i++) {
        const size_t n = t.n_sent;
        keys(&t, "x");
        settle(&t);
        most = fmax(most, (double)(t.n_sent - n));
    }
    line("a frame with an unchanged picture (a letter typed)", "B", 100, most);
    leave(&t);
}

static long stat_field(pid_t pid, const char *file, const char *key)
{
    char name[64], text[4096];
    snprintf(name, sizeof name, "/proc/%d/%s", (int)pid, file);
    FILE *f = fopen(name, "r");
    long v = -1;
    while (f && fgets(text, sizeof text, f))
        if (!strncmp(text, key, strlen(key)))
            v = atol(text + strlen(key));
    if (f)
        fclose(f);
    return v;
}

static void bench_idle(void)
{
    struct tty t;
    open_volume(&t, &(struct tty_opt){ 0 });
    expect(&t, "z 128/256");
    settle(&t);
    keys(&t, "j");
    for (double from = now(); now() < from + 2;)
        pump(&t, 20);
    const long before = stat_field(t.pid, "status", "voluntary_ctxt_switches:");
    for (double from = now(); now() < from + 3;)
        pump(&t, 20);
    line("wake-ups of the interface in 3 s of rest", "", 0, (double)(stat_field(t.pid, "status", "voluntary_ctxt_switches:") - before));
    leave(&t);
}

/* n keys at 30 Hz, then rest: when the last place has come with a picture of any kind, and when nothing changes any more. */
static void bench_link(const char *name, int n_key, double rate, int delay, enum tty_tmux tmux, double goal_coarse, double goal_fine, double goal_behind)
{
    struct tty t;
    char text[128];
    if (!wanted(name))
        return;
    open_volume(&t, &(struct tty_opt){ .bytes_per_s = rate, .delay_ms = delay, .tmux = tmux });
    const double from = now();
    expect(&t, "z 128/256");
    const double first = now() - from;
    for (int i = 0; i < 8; i++)
        settle(&t);
    keys(&t, ":layout 1; zoom 2\r");                          /* the picture fills the terminal */
    for (int i = 0; i < 8; i++)
        settle(&t);
    const size_t n = t.n_sent;
    double pressed = 0, coarse = 0, fine = 0, behind = 0, next = now();
    uint64_t sum = 0;
    size_t marked = 0;
    int k = 0;
    for (double until = now() + 30; now() < until && (!fine || now() < fine + 1.5);) {
        if (k < n_key && now() >= next) {
            keys(&t, "j");
            pressed = now();
            next += 1 / 30.0;
            k++;
        }
        pump(&t, 1);
        const double at = now();
        behind = fmax(behind, t.link_free - at + 1e-3 * delay);
        snprintf(text, sizeof text, "z %d/256", 128 + n_key);
        if (k == n_key && !marked && on_screen(&t, text))
            marked = t.n_seen;
        if (marked && !coarse && t.n_seen > marked && memmem(t.sent + marked, t.n_seen - marked, "\033[?2026l", 8))
            coarse = at;
        if (coarse) {
            const uint64_t is = screen_sum(&t, 1, ROWS - 8);
            if (is != sum || !fine)
                fine = at;
            sum = is;
        }
    }
    snprintf(text, sizeof text, "%s: first frame", name);
    line(text, "s", goal_coarse + 0.5, first);
    snprintf(text, sizeof text, "%s: last place, coarse", name);
    line(text, "s", goal_coarse, coarse - pressed);
    snprintf(text, sizeof text, "%s: last place, refined", name);
    line(text, "s", goal_fine, fine - pressed);
    snprintf(text, sizeof text, "%s: most ever behind", name);
    line(text, "s", goal_behind, behind);
    printf("%-60s %8.1f kB\n", "    sent in all", 1e-3 * (double)(t.n_sent - n));
    leave(&t);
}

/* The picture of a slice as cells, without the program: what the frame costs beside the reading of voxels. */
static void bench_compose(void)
{
    enum { W = 2 * COLS, H = 2 * (ROWS - 8), N = 41 };
    struct vn_image im;
    double v[2][N];
    if (vn_image_new(&im, W, H, NULL))
        return;
    struct vn_cell *cell = calloc((size_t)COLS * ROWS, sizeof *cell), *old = calloc((size_t)COLS * ROWS, sizeof *old);
    for (int i = 0; i < N; i++) {
        for (int k = 0; k < W * H; k++)
            im.rgb[3 * k] = im.rgb[3 * k + 1] = im.rgb[3 * k + 2] = (uint8_t)(noise((uint32_t)(k + i * W * H)) % 120 + 100 * (k % W / 16 % 4 == 0));
        const double from = now();
        vn_cells_encode(&im, VN_CELL_QUAD, VN_COLOR_256, cell);
        const double between = now();
        struct vn_str b = { 0 };
        vn_cells_emit(cell, old, COLS, ROWS - 8, 0, 0, VN_COLOR_256, &b);
        v[0][i] = 1e3 * (between - from);
        v[1][i] = 1e3 * (now() - between);
        memcpy(old, cell, (size_t)COLS * ROWS * sizeof *cell);
        vn_str_free(&b);
    }
    const double a = median(v[0], N), e = median(v[1], N);
    printf("%-60s %8.2f ms encode, %.2f ms emit\n", "    quadrants in 256 colours", a, e);
    line("a frame composed and emitted", "ms", 5, a + e);
    free(cell);
    free(old);
    vn_image_free(&im);
}

/* ---- tuning ---- */

/* Pictures left of the panel. */
static uint64_t slices_sum(struct tty *t)
{
    uint64_t s = 0;
    for (int y = 1; y < 30; y++)
        for (int x = 0; x < 70; x++) {
            const struct look l = look_at(t, x, y);
            s = s * 31 + (uint64_t)(l.fg + 7 * l.bg + (int)l.ch);
        }
    return s;
}

/* A slider of the segmentation moved by a key: when the slice in focus shows it, nearly, and when the numbers of the whole region do. */
static void bench_tune_slices(const char *name, const char *begin, double goal)
{
    enum { N = 5, PANEL = 76 };
    struct tty t;
    char before[1024], row[1024], text[128];
    double took[2][N];
    start_with(&t, &(struct tty_opt){ .rows = 40, .cols = 120, .dir = home });
    expect(&t, "no volume");
    keys(&t, begin);
    for (double until = now() + 60; now() < until && !on_screen(&t, "setting 1 of 1");)
        pump(&t, 20);
    for (int i = 0; i < 5; i++)
        settle(&t);
    for (int i = 0; i < 5; i++)
        keys(&t, "\033[A");                      /* from low up to smooth */
    settle(&t);
    for (int i = 0; i < N; i++) {
        int y = 0;
        for (; y < 30; y++) {
            row_text(&t, y, before);
            if (strstr(before, "voxels  "))
                break;
        }
        const double from = now();
        took[0][i] = took[1][i] = 0;
        keys(&t, "\033[C");
        while (now() < from + 60 && took[1][i] == 0) {
            pump(&t, 1);
            row_text(&t, y, row);
            if (took[0][i] == 0 && on_screen(&t, "provisional"))
                took[0][i] = 1e3 * (now() - from);
            if (strcmp(row + PANEL, before + PANEL))
                took[1][i] = 1e3 * (now() - from);
        }
        took[0][i] = took[0][i] > 0 ? took[0][i] : took[1][i];
        for (int k = 0; k < 5; k++)
            settle(&t);
    }
    snprintf(text, sizeof text, "tune smooth, %s: slices", name);
    line(text, "ms", goal, median(took[0], N));
    printf("%-60s %8.2f ms\n", "    its region", median(took[1], N));
    keys(&t, "\033");
    settle(&t);
    keys(&t, "q");
    ended(&t);
    tty_free(&t);
}

/* A threshold of a 160^3 region moved by a key: when slices, numbers and clDice on the screen have followed. */
static void bench_tune(void)
{
    enum { N = 12, PANEL = 76 };
    struct tty t;
    double took[3][N];
    start_with(&t, &(struct tty_opt){ .rows = 40, .cols = 120, .dir = home });
    expect(&t, "no volume");
    keys(&t, "phantom network dims=160x160x160 seed=1 noise=0.1 as=v\r");
    expect(&t, "z 80/160");
    settle(&t);
    keys(&t, ":tune v truth=v_mask\r");
    expect(&t, "setting 1 of 1");
    settle(&t);
    for (int i = 0; i < N; i++) {
        char before[2][1024], row[1024];
        int y = 0, left = 3;
        for (; y < 30; y++) {
            row_text(&t, y, before[0]);
            if (strstr(before[0], "voxels  "))
                break;
        }
        row_text(&t, y + 3, before[1]);
        const uint64_t sum = slices_sum(&t);
        const double from = now();
        took[0][i] = took[1][i] = took[2][i] = 0;
        keys(&t, "\033[D");
        while (now() < from + 2 && left) {
            pump(&t, 1);
            row_text(&t, y, row);
            const bool numbers = strcmp(row + PANEL, before[0] + PANEL) != 0;
            row_text(&t, y + 3, row);
            const bool seen[3] = { slices_sum(&t) != sum, numbers, strcmp(row + PANEL, before[1] + PANEL) && !strstr(row, "...") };
            left = 0;
            for (int k = 0; k < 3; k++) {
                if (seen[k] && took[k][i] == 0)
                    took[k][i] = 1e3 * (now() - from);
                left += took[k][i] == 0;
            }
        }
        settle(&t);
    }
    line("tune 160^3, key to slices", "ms", 30, median(took[0], N));
    line("tune 160^3, key to all numbers", "ms", 60, median(took[1], N));
    line("tune 160^3, key to clDice", "ms", 100, median(took[2], N));
    keys(&t, "\033");
    settle(&t);
    keys(&t, "q");
    ended(&t);
    tty_free(&t);
}

int main(int argc, char **argv)
{
    only = argv + 1;
    n_only = argc - 1;
    if (!tty_setup() || !write_volume()) {
        fprintf(stderr, "bench_ui: no room for the volume in /tmp\n");
        return 1;
    }
    if (wanted("compose"))
        bench_compose();
    if (wanted("start"))
        bench_start();
    if (wanted("local"))
        bench_local();
    if (wanted("idle"))
        bench_idle();
    if (wanted("tune"))
        bench_tune();
    if (wanted("tune slices")) {
        bench_tune_slices("160^3", "phantom network dims=160x160x160 voxel=1um seed=3 noise=0.1 as=v; show v; tune v\r", 100);
        bench_tune_slices("512x512x256", "phantom network dims=512x512x256 voxel=1um seed=3 noise=0.1 as=v; show v; tune v\r", 350);
    }
    bench_link("1.25 MB/s 20 ms", 20, 1.25e6, 20, TTY_NO_TMUX, 0.15, 0.5, 1.5);
    bench_link("250 kB/s 40 ms", 20, 250e3, 40, TTY_NO_TMUX, 0.3, 1.0, 1.5);
    bench_link("250 kB/s 40 ms tmux", 20, 250e3, 40, TTY_TMUX, 0.3, 1.0, 1.5);
    bench_link("250 kB/s 40 ms tmux, no passthrough", 20, 250e3, 40, TTY_TMUX_NO_PASSTHROUGH, 1.5, 1.5, 1.5);
    bench_link("30 kB/s 300 ms, one key", 1, 30e3, 300, TTY_NO_TMUX, 1.1, 8, 3);
    bench_link("30 kB/s 300 ms, held", 20, 30e3, 300, TTY_NO_TMUX, 1.6, 8, 3);       /* a frame is on its way when the last key comes */
    tty_teardown();
    printf("%d missed\n", n_missed);
    return 0;
}
