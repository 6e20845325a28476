/* Charts made of characters: expected pictures drawn by hand. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>
#include "../src/ui/plot.h"

/* The chart as text, rows ended by '\n', spaces at their ends left out. */
static const char *drawn(struct vn_plot *p)
{
    static char text[8192];
    struct vn_plot_cell cell[2048];
    struct vn_str b = { 0 };
    enum vn_plot_look look;
    assert_true(p->cols * p->rows <= 2048);
    vn_plot_draw(p, cell);
    for (int y = 0; y < p->rows; y++) {
        for (int x = 0; x < p->cols;)
            x = vn_plot_run(cell + y * p->cols, p->cols, x, &b, &look);
        while (b.n && b.s[b.n - 1] == ' ')
            b.s[--b.n] = '\0';
        vn_str_add(&b, "\n");
    }
    assert_true(b.n < sizeof text);
    memcpy(text, b.s, b.n + 1);
    vn_str_free(&b);
    return text;
}

static void bars(void **state)
{
    (void)state;
    /* four bins over four columns; two rows of eight parts: heights 0, 1 (0.5 is rounded up), 12 and 16 of 16 */
    const double n[4] = { 0, 0.25, 6, 8 };
    struct vn_plot p = { .cols = 6, .rows = 3, .x_lo = 0, .x_hi = 4, .y_lo = 0, .y_hi = 8, .n_series = 1, .series = { { NULL, n, 4, true, VN_PLOT_CURVE } } };
    struct vn_plot_cell cell[18];
    assert_string_equal(drawn(&p), "8│  ▄█\n0│ ▁██\n  0  4\n");
    vn_plot_draw(&p, cell);
    assert_int_equal(cell[0].look, VN_PLOT_LABEL);
    assert_int_equal(cell[1].look, VN_PLOT_AXIS);
    assert_int_equal(cell[4].look, VN_PLOT_CURVE);
    p.ascii = true;
    assert_string_equal(drawn(&p), "8|  .#\n0| .##\n  0  4\n");
    /* fewer bins than columns: each is as wide as two columns; more: the largest counts */
    p = (struct vn_plot){ .cols = 6, .rows = 2, .ascii = true, .n_series = 1, .series = { { NULL, (double[]){ 4, 0 }, 2, true, VN_PLOT_CURVE } } };
    assert_string_equal(drawn(&p), "4|##\n  0  2\n");
    p = (struct vn_plot){ .cols = 4, .rows = 2, .ascii = true, .n_series = 1, .series = { { NULL, (double[]){ 0, 4, 0, 0, 0, 0 }, 6, true, VN_PLOT_CURVE } } };
    assert_string_equal(drawn(&p), "4|#\n\n");          /* no room for labels */
}

static void log_counts(void **state)
{
    (void)state;
    /* log10 of 1 + n over log10 of 1 + 999: 0, 1/3, 2/3 and 3/3 of three rows; a single voxel is seen */
    const double n[4] = { 0, 9, 99, 999 };
    struct vn_plot p = { .cols = 8, .rows = 4, .ascii = true, .log_y = true, .n_series = 1, .series = { { NULL, n, 4, true, VN_PLOT_CURVE } } };
    assert_string_equal(drawn(&p), "999|   #\n   |  ##\n  0| ###\n    0  4\n");
    const double one[4] = { 0, 1, 1e6, 0 };
    p = (struct vn_plot){ .cols = 7, .rows = 3, .ascii = true, .y_lo = 0, .y_hi = 1e6, .n_series = 1, .series = { { NULL, one, 4, true, VN_PLOT_CURVE } } };
    assert_string_equal(drawn(&p), "1M|  #\n 0| .#\n   0  4\n");
}

static void lines(void **state)
{
    (void)state;
    /* 4 x 4 dots in two cells: the diagonal from the lower left to the upper right */
    const double y[4] = { 0, 1, 2, 3 };
    struct vn_plot p = { .cols = 4, .rows = 2, .n_series = 1, .series = { { NULL, y, 4, false, VN_PLOT_CURVE } } };
    /* dots: column 0 lowest (7: 0x40), column 1 second lowest (6: 0x20), then second (2: 0x02), column 3 top (4: 0x08) */
    assert_string_equal(drawn(&p), "3│⡠⠊\n\n");
    /* a value that is not there breaks the line: its two columns stay empty of it */
    const double gap[4] = { 3, NAN, NAN, 3 };
    p.series[0].y = gap;
    p.y_lo = 0;
    p.y_hi = 3;
    assert_string_equal(drawn(&p), "3│⠁⠈\n\n");
    /* a step is joined: half of its height beside each of its two points */
    p.series[0].y = (double[]){ 0, 0, 3, 3 };
    assert_string_equal(drawn(&p), "3│⣠⠋\n\n");
}

static void marks(void **state)
{
    (void)state;
    struct vn_plot p = { .cols = 12, .rows = 4, .ascii = true, .x_lo = 0, .x_hi = 10, .y_lo = 0, .y_hi = 1, .x_name = "um", .n_mark = 2,
                         .mark = { { 2.5, VN_PLOT_MARK, 'L' }, { 10, VN_PLOT_MARK2, 0 } } };
    struct vn_plot_cell cell[48];
    assert_string_equal(drawn(&p), "1|  L      |\n |  |      |\n0|  |      |\n  0  um   10\n");
    vn_plot_draw(&p, cell);
    assert_int_equal(cell[4].look, VN_PLOT_MARK);
    assert_int_equal(cell[11].look, VN_PLOT_MARK2);
    /* the column of an x, and the x of a column's middle */
    assert_int_equal(vn_plot_col(&p, 2.5), 4);
    assert_int_equal(vn_plot_col(&p, 10), 11);
    assert_int_equal(vn_plot_col(&p, 10.5), -1);
    assert_true(vn_plot_x(&p, 4) == 2.5);
    /* outside: not drawn */
    p.mark[0].x = -1;
    p.n_mark = 1;
    assert_null(strchr(drawn(&p), 'L'));
}

static void numbers(void **state)
{
    (void)state;
    static const struct { double v; const char *s; } row[] = {
        { 0, "0" }, { 1, "1" }, { 0.035, "0.035" }, { 999, "999" }, { 4095, "4095" }, { 9999.4, "9999" }, { 9999.6, "10k" }, { 65535, "65.5k" },
        { 1234567, "1.23M" }, { 3e9, "3G" }, { -12345, "-12.3k" }, { 1e-7, "1e-07" }, { 2e15, "2e+15" },
    };
    char out[16];
    for (size_t i = 0; i < VN_COUNT(row); i++)
        assert_string_equal(vn_plot_number(row[i].v, out), row[i].s);
}

static void nothing(void **state)
{
    (void)state;
    struct vn_plot p = { .cols = 8, .rows = 3, .ascii = true, .n_series = 1, .series = { { NULL, (double[]){ NAN, NAN }, 2, true, VN_PLOT_CURVE } } };
    assert_string_equal(drawn(&p), "1|\n0|\n  0    2\n");
    p = (struct vn_plot){ .cols = 8, .rows = 3, .ascii = true };
    assert_string_equal(drawn(&p), "1|\n0|\n  0    1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bars), cmocka_unit_test(log_counts), cmocka_unit_test(lines), cmocka_unit_test(marks), cmocka_unit_test(numbers), cmocka_unit_test(nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
