/* Figures on the screen: what gnuplot prints as cells, and the scripts of real figures drawn for a terminal. */
#include "session.h"
#include <locale.h>
#include <unistd.h>

#include "figview.h"
#include "gnuplot.h"

static char dir[] = "/tmp/vn-figview-XXXXXX";

static void printed_text_becomes_cells(void **state)
{
    (void)state;
    static const char text[] = "\f\033[0;39mab\033[38;5;32mo\033[0;39m|\n\n \xe2\x88\x92" "5\033[38;5;3m.\033[0;39;49m\x80toolong\nlost\n";
    struct vn_cell c[3 * 6];
    vn_figview_parse(text, sizeof text - 1, 6, 3, true, c);
    static const struct { int at; uint32_t ch, fg; } want[] = { { 0, 'a', 252 }, { 1, 'b', 252 }, { 2, 'o', 32 }, { 3, '|', 252 }, { 4, ' ', 252 }, { 6, ' ', 252 },
                                                                { 12, ' ', 252 }, { 13, 0x2212, 252 }, { 14, '5', 252 }, { 15, '.', 252 }, { 16, '?', 252 }, { 17, 't', 252 } };
    for (size_t i = 0; i < VN_COUNT(want); i++) {
        assert_int_equal(c[want[i].at].ch, want[i].ch);
        assert_int_equal(c[want[i].at].fg, want[i].fg);
        assert_int_equal(c[want[i].at].bg, 16);
    }
    vn_figview_parse(text, sizeof text - 1, 6, 3, false, c);
    assert_true(c[2].ch == 'o' && c[2].fg == 0 && c[2].bg == 0);
    vn_figview_parse("\033[38;5", 6, 6, 3, true, c);         /* cut short */
    vn_figview_parse("", 0, 6, 3, true, c);
    assert_int_equal(c[17].ch, ' ');
}

static bool row_has(const struct vn_cell *c, int cols, int y, const char *what)
{
    char row[300];
    for (int x = 0; x < cols; x++)
        row[x] = c[y * cols + x].ch < 128 ? (char)c[y * cols + x].ch : '?';
    row[cols] = '\0';
    return strstr(row, what) != NULL;
}

static bool has(const struct vn_cell *c, int cols, int rows, const char *what)
{
    for (int y = 0; y < rows; y++)
        if (row_has(c, cols, y, what))
            return true;
    return false;
}

static void draw(const char *name, const char *line)
{
    char path[300], full[600];
    struct vn_str out_text = { 0 };
    if (vn_gnuplot_text("", 0, "nothing", &out_text, NULL, &err))
        skip();
    snprintf(path, sizeof path, "%s/%s", dir, name);
    snprintf(full, sizeof full, line, path);
    assert_int_equal(session_run(full), 0);
    assert_true(vn_figview_fresh());
    char last[300];
    assert_true(vn_figview_last(last, sizeof last));
    assert_string_equal(last, path);
    assert_false(vn_figview_last(last, sizeof last));
}

/* Words, axes and marks are there at the smallest size that there is, and at a large one; nothing is written beside it. */
static void figures_as_characters(void **state)
{
    (void)state;
    char path[300];
    struct vn_cell c[200 * 60];
    draw("g.pdf", "cohort sample=9 as=c; compare c as=r; plot c measure=mean_radius_um,length_density_m_per_mm3 to=%s force");
    snprintf(path, sizeof path, "%s/g.pdf", dir);
    for (int big = 0; big < 2; big++) {
        const int cols = big ? 200 : 80, rows = big ? 52 : 18;
        assert_int_equal(vn_figview_cells(path, cols, rows, true, c, NULL, &err), 0);
        assert_true(has(c, cols, rows, "mean radius ("));
        assert_true(has(c, cols, rows, "length density (m/mm"));
        assert_true(has(c, cols, rows, "control"));
        assert_true(has(c, cols, rows, "difference"));
        assert_true(has(c, cols, rows, "n = 9"));
        assert_true(has(c, cols, rows, "95 % CI"));
        int a = 0, b = 0;
        for (int i = 0; i < cols * rows; i++) {
            a += c[i].ch == 'o' && c[i].fg == 32;        /* 0072B2 is nearest to 0087D7's 32 or 005FAF's 25; gnuplot takes 32 */
            b += c[i].ch == 'o' && c[i].fg == 172;
        }
        assert_true(a >= 4 && b >= 4);
    }
    draw("h.png", "phantom network dims=48x48x24 seed=3 noise=0.3 as=n; histogram n to=%s force");
    snprintf(path, sizeof path, "%s/h.png", dir);
    assert_int_equal(vn_figview_cells(path, 80, 18, false, c, NULL, &err), 0);
    assert_true(has(c, 80, 18, "voxels"));
    assert_true(has(c, 80, 18, "grey value"));
    for (int i = 0; i < 80 * 18; i++)
        assert_true(c[i].fg == 0 && c[i].bg == 0);
}

/* White paper with ink of the figure's own colours on it, in the size asked for. */
static void figures_as_pixels(void **state)
{
    (void)state;
    static const char *const type[] = { "pdf", "svg", "png" };
    for (int i = 0; i < 3; i++) {
        char name[20], path[300];
        struct vn_image im;
        snprintf(name, sizeof name, "k.%s", type[i]);
        draw(name, "cohort sample=9 as=c; compare c as=r; plot c measure=mean_radius_um to=%s force");
        snprintf(path, sizeof path, "%s/%s", dir, name);
        assert_int_equal(vn_figview_image(path, 640, 360, &im, NULL, &err), 0);
        assert_true(im.w == 640 && im.h == 360);
        int white = 0, ink[3] = { 0 };
        for (int k = 0; k < 640 * 360; k++) {
            const uint32_t rgb = (uint32_t)im.rgb[3 * k] << 16 | (uint32_t)im.rgb[3 * k + 1] << 8 | im.rgb[3 * k + 2];
            white += rgb == 0xffffff;
            ink[0] += rgb == 0x0072B2;
            ink[1] += rgb == 0xD55E00;
            ink[2] += rgb == 0;
        }
        assert_true(white > 640 * 360 * 8 / 10);
        for (int k = 0; k < 3; k++)
            assert_true(ink[k] > 20);
        vn_image_free(&im);
    }
}

static void what_is_not_there_is_said(void **state)
{
    (void)state;
    struct vn_cell c[80 * 20];
    struct vn_image im;
    assert_int_equal(vn_figview_cells("/nonexistent/x.pdf", 80, 20, true, c, NULL, &err), VN_E_IO);
    assert_non_null(strstr(err.msg, "/nonexistent/x.pdf.gp"));
    assert_int_equal(vn_figview_image("/nonexistent/x.pdf", 640, 360, &im, NULL, &err), VN_E_IO);
}

int main(void)
{
    setlocale(LC_CTYPE, "C.UTF-8");
    vn_mem_init(0);
    if (vn_job_init(2, &err) || !mkdtemp(dir))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(printed_text_becomes_cells, session_text, session_stop),
        cmocka_unit_test_setup_teardown(figures_as_characters, session_text, session_stop),
        cmocka_unit_test_setup_teardown(figures_as_pixels, session_text, session_stop),
        cmocka_unit_test_setup_teardown(what_is_not_there_is_said, session_text, session_stop),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    static const char *const left[] = { "g.pdf", "h.png", "k.pdf", "k.svg", "k.png" }, *const tail[] = { "", ".gp", ".dat" };
    for (size_t i = 0; i < VN_COUNT(left) * VN_COUNT(tail); i++) {
        char path[300];
        snprintf(path, sizeof path, "%s/%s%s", dir, left[i / 3], tail[i % 3]);
        remove(path);
    }
    rmdir(dir);
    vn_job_exit();
    return rc;
}
