/* plot: the three files of a figure, the same bytes each time, and what is said when gnuplot is missing or complains. */
#include "session.h"
#include <unistd.h>

#include "draw.h"
#include "file.h"
#include "gnuplot.h"

static char dir[] = "/tmp/vn-plot-XXXXXX";

static int run(const char *fmt)
{
    char line[1000];
    snprintf(line, sizeof line, fmt, dir, dir);
    return session_run(line);
}

static char *content(const char *name, size_t *n)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    char *text = vn_file_read(path, 1 << 24, n, &err);
    if (!text)
        fail_msg("%s", err.msg);
    return text;
}

static bool have_gnuplot(void)
{
    const char *const none[] = { NULL };
    return vn_gnuplot("/dev/null", none, NULL, &err) == 0;
}

static void the_same_figure_each_time(void **state)
{
    (void)state;
    static const char *const type[] = { "pdf", "svg", "png" }, *const magic[] = { "%PDF-", "<?xml", "\x89PNG" };
    if (!have_gnuplot())
        skip();
    for (int i = 0; i < 3; i++) {
        char line[300], name[2][32];
        size_t n[2];
        char *text[2];
        for (int k = 0; k < 2; k++) {
            snprintf(name[k], sizeof name[k], "fig.%s", type[i]);
            snprintf(line, sizeof line, "cohort sample=9 as=c; plot c measure=mean_radius_um,length_density_m_per_mm3 to=%%s/fig.%s force", type[i]);
            if (k)
                sleep(1);                    /* a clock in the file would show */
            assert_int_equal(run(line), 0);
            text[k] = content(name[k], &n[k]);
        }
        assert_memory_equal(text[0], magic[i], strlen(magic[i]));
        assert_int_equal(n[0], n[1]);
        assert_memory_equal(text[0], text[1], n[0]);
        vn_free(text[0]);
        vn_free(text[1]);
    }
}

static void script_and_data_stand_beside_it(void **state)
{
    (void)state;
    size_t n;
    if (!have_gnuplot())
        skip();
    assert_int_equal(run("cohort sample=5 as=c; plot c measure=mean_radius_um to=%s/fig.pdf force"), 0);
    char *gp = content("fig.pdf.gp", &n), *dat = content("fig.pdf.dat", &n);
    assert_non_null(strstr(gp, "out = ARGC > 0 ? ARG1 : 'fig.pdf'"));
    assert_non_null(strstr(gp, "data = ARGC > 1 ? ARG2 : 'fig.pdf.dat'"));
    assert_non_null(strstr(gp, "set ylabel 'mean radius (µm)'"));
    assert_non_null(strstr(gp, "'n = 5'"));
    assert_non_null(strstr(gp, "permutation p = "));
    assert_non_null(strstr(dat, "'c1'"));
    vn_free(gp);
    vn_free(dat);
    /* Nothing else, no temporary file, stays in the folder; an existing figure is not replaced. */
    assert_int_equal(run("plot c measure=mean_radius_um to=%s/fig.pdf"), 1);
    assert_non_null(strstr(msg, "fig.pdf"));
    assert_int_equal(run("plot c measure=mean_radius_um to=%s/fig.jpg"), 1);
    assert_non_null(strstr(msg, "does not end in .pdf, .svg or .png"));
}

/* The same figure for a paper and for a slide: each has its own script, and none is replaced unasked. */
static void formats_do_not_share_their_script(void **state)
{
    (void)state;
    size_t n;
    if (!have_gnuplot())
        skip();
    assert_int_equal(run("cohort sample=5 as=c; plot c measure=mean_radius_um to=%s/two.pdf; plot c measure=mean_radius_um to=%s/two.png"), 0);
    char *pdf = content("two.pdf.gp", &n), *png = content("two.png.gp", &n);
    assert_non_null(strstr(pdf, "pdfcairo"));
    assert_non_null(strstr(png, "pngcairo"));
    assert_non_null(strstr(png, "'two.png.dat'"));
    vn_free(pdf);
    vn_free(png);
}

static void words_from_the_table_stay_words(void **state)
{
    (void)state;
    char path[300];
    size_t n;
    if (!have_gnuplot())
        skip();
    snprintf(path, sizeof path, "%s/odd.csv", dir);
    FILE *f = fopen(path, "w");
    fputs("subject,group,\"it's `touch boo` {^x}_y\"\na'1,`touch boo`,1\nb,`touch boo`,2\nc,\"x\"\"; system('touch boo')\",3\nd,\"x\"\"; system('touch boo')\",5\n", f);
    fclose(f);
    assert_int_equal(run("cohort %s/odd.csv as=c; plot c measure=\"it's `touch boo` {^x}_y\" to=%s/odd.svg force"), 0);
    char *svg = content("odd.svg", &n);
    assert_non_null(strstr(svg, "touch boo"));
    vn_free(svg);
    assert_int_not_equal(access("boo", F_OK), 0);
}

static void gnuplots_words_are_passed_on(void **state)
{
    (void)state;
    const char *const none[] = { NULL };
    char path[300];
    if (!have_gnuplot())
        skip();
    snprintf(path, sizeof path, "%s/bad.gp", dir);
    FILE *f = fopen(path, "w");
    fputs("plot nosuch\n", f);
    fclose(f);
    assert_int_equal(vn_gnuplot(path, none, NULL, &err), VN_E_INTERNAL);
    assert_non_null(strstr(err.msg, "undefined variable: nosuch"));
    remove(path);
    char *keep = strdup(getenv("PATH"));
    setenv("PATH", "/nonexistent", 1);
    assert_int_equal(run("cohort sample=5 as=c; plot c measure=mean_radius_um to=%s/none.pdf"), 1);
    setenv("PATH", keep, 1);
    free(keep);
    assert_non_null(strstr(msg, "install the package gnuplot-nox"));
    snprintf(path, sizeof path, "%s/none.pdf.gp", dir);
    assert_int_not_equal(access(path, F_OK), 0);          /* a failed figure leaves nothing behind */
}

static void names_become_labels(void **state)
{
    (void)state;
    static const char *const t[][2] = { { "length_density_m_per_mm3", "length density (m/mm³)" }, { "mean_radius_um", "mean radius (µm)" },
                                        { "segments", "segments" }, { "branch_density_per_mm3", "branch density (1/mm³)" },
                                        { "volume_um3", "volume (µm³)" } };
    char label[100];
    for (size_t i = 0; i < VN_COUNT(t); i++) {
        vn_figure_label(t[i][0], label, sizeof label);
        assert_string_equal(label, t[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_same_figure_each_time, session_text, session_stop),
        cmocka_unit_test_setup_teardown(script_and_data_stand_beside_it, session_text, session_stop),
        cmocka_unit_test_setup_teardown(formats_do_not_share_their_script, session_text, session_stop),
        cmocka_unit_test_setup_teardown(words_from_the_table_stay_words, session_text, session_stop),
        cmocka_unit_test_setup_teardown(gnuplots_words_are_passed_on, session_text, session_stop),
        cmocka_unit_test(names_become_labels),
    };
    static const char *const left[] = { "fig.pdf", "fig.svg", "fig.png", "fig.pdf.gp", "fig.pdf.dat", "fig.svg.gp", "fig.svg.dat", "fig.png.gp", "fig.png.dat", "two.pdf", "two.pdf.gp", "two.pdf.dat", "two.png", "two.png.gp", "two.png.dat", "odd.csv", "odd.svg", "odd.svg.gp", "odd.svg.dat", "" };
    vn_mem_init(0);
    if (vn_job_init(2, &err) || !mkdtemp(dir))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    for (size_t i = 0; i < VN_COUNT(left); i++) {
        char path[300];
        snprintf(path, sizeof path, "%s/%s", dir, left[i]);
        remove(path);
    }
    vn_job_exit();
    return rc;
}
