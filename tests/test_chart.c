/* test_chart.c - charts: the key stands where nothing is drawn, and every point is seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "chart.h"
#include "file.h"
#include "gnuplot.h"
#include "job.h"
#include "mem.h"

static struct vn_err err;
static char dir[] = "/tmp/vn-chart-XXXXXX";

static bool have_gnuplot(void)
{
    const char *const none[] = { NULL };
    return vn_gnuplot("/dev/null", none, NULL, &err) == 0;
}

/* The script of the chart holds the text. */
static void has(const struct vn_chart *c, const char *want)
{
    char path[300];
    size_t n;
    snprintf(path, sizeof path, "%s/a.svg", dir);
    if (vn_chart_write(c, path, true, "a test", NULL, &err))
        fail_msg("%s", err.msg);
    strcat(path, ".gp");
    char *text = vn_file_read(path, 1 << 20, &n, &err);
    assert_non_null(text);
    if (!strstr(text, want))
        fail_msg("no '%s' in %s", want, text);
    vn_free(text);
}

enum { N = 41 };
static double x[N], a[N], b[N];

static struct vn_chart chart(enum vn_chart_style style)
{
    return (struct vn_chart) { .style = style, .x_label = "x", .y_label = "y", .n_series = 2,
                               .series = { { "first", x, a, N }, { "second one", x, b, N } } };
}

static void the_key_is_where_nothing_is_drawn(void **state)
{
    struct vn_chart c = chart(VN_CHART_LINES);
    (void)state;
    if (!have_gnuplot())
        skip();
    for (int i = 0; i < N; i++) {
        x[i] = i / 40.0;
        a[i] = 1 - x[i];
        b[i] = 0.1;
    }
    has(&c, "set key top right ");
    for (int i = 0; i < N; i++)
        a[i] = x[i];
    has(&c, "set key top left ");
    for (int i = 0; i < N; i++)
        b[i] = 1;                              /* as a calibration: the diagonal, and all along the top */
    has(&c, "set key bottom right ");
    for (int i = 0; i < N; i++)
        a[i] = x[i] > 0.5 ? 0.1 : 1;           /* a step down */
    has(&c, "set key bottom left ");
    c.n_mark = 1;
    c.mark[0] = 0.2;                           /* and a line through it */
    has(&c, "set key center right ");
    c.series[0].n = 2;                         /* two points a line goes between */
    x[1] = 1;
    a[0] = 0;
    a[1] = 1;
    b[0] = b[1] = 0;
    c.series[1].n = 2;
    c.n_mark = 0;
    has(&c, "set key top left ");
}

/* A saw from 0 to 1 meets every place; 0 to 1.06 is drawn without a key, and its two lines take .21 of what is then. */
static void room_is_made_where_none_is(void **state)
{
    struct vn_chart c = chart(VN_CHART_LINES);
    (void)state;
    if (!have_gnuplot())
        skip();
    for (int i = 0; i < N; i++) {
        x[i] = i / 40.0;
        a[i] = i & 1;
        b[i] = 0.5;
    }
    has(&c, "set yrange [0:1.34177215]");
    has(&c, "set key top right ");
    for (int i = 0; i < N; i++)
        a[i] = i & 1 ? 1000 : 1;
    c.log_y = true;                            /* .5 to 2000 before: .5 (4000)^(1 / .79) */
    has(&c, "set yrange [0.5:18135.9209");
}

static void single_points_are_seen(void **state)
{
    struct vn_chart c = chart(VN_CHART_LINES);
    (void)state;
    if (!have_gnuplot())
        skip();
    for (int i = 0; i < N; i++) {
        x[i] = i / 40.0;
        a[i] = i / 2 % 2 ? NAN : 1;            /* pairs: a line each */
        b[i] = i % 3 ? NAN : 2;
    }
    a[N - 1] = NAN;
    has(&c, "data index 0 using 1:2 with lines lw 1.25 ");
    has(&c, "data index 1 using 1:2 with linespoints lw 1.25 pt 7 ");
}

static int drop(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_is_where_nothing_is_drawn),
        cmocka_unit_test(room_is_made_where_none_is),
        cmocka_unit_test(single_points_are_seen),
    };
    vn_mem_init(0);
    if (!mkdtemp(dir))
        return 1;
    const int rc = cmocka_run_group_tests(tests, NULL, NULL);
    nftw(dir, drop, 8, FTW_DEPTH | FTW_PHYS);
    return rc;
}
