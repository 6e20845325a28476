/* histogram, profile, and plots of a table's columns: counts by hand, values by scipy, what the figures' scripts say. */
#include "session.h"
#include <unistd.h>

#include "file.h"
#include "gnuplot.h"

static char folder[] = "/tmp/vn-tables-XXXXXX";

/* (3 x^2 + 7 y + 11 z^2) mod 17, the same in numpy. */
static double mod17(int64_t x, int64_t y, int64_t z) { return (double)((x * x * 3 + y * 7 + z * z * 11) % 17); }
static double plane(int64_t x, int64_t y, int64_t z) { return (double)(2 * x + 3 * y - 5 * z + 7); }
static double quarters(int64_t x, int64_t y, int64_t z) { return (double)(x + 6 * y + 24 * z) * 0.25; }

static void bind(const char *name, enum vn_type t, const int64_t dim[3], double z_um, double (*f)(int64_t, int64_t, int64_t))
{
    const struct vn_grid g = { .dim = { dim[0], dim[1], dim[2] }, .um = { z_um ? 1 : 0, z_um ? 1 : 0, z_um } };
    const struct vn_box box = { { 0, 0, 0 }, { dim[0], dim[1], dim[2] } };
    struct vn_args none = { 0 };
    struct vn_vol *v = vn_vol_new(VN_IMAGE, t, &g, &box, &err);
    assert_non_null(v);
    const struct vn_buf b = vn_vol_data(v);
    for (int64_t z = 0; z < dim[2]; z++)
        for (int64_t y = 0; y < dim[1]; y++)
            for (int64_t x = 0; x < dim[0]; x++) {
                const double d = f(x, y, z);
                vn_convert_row(t, (char *)b.data + (size_t)vn_buf_at(&b, x, y, z) * vn_type_size(t), VN_F64, &d, 1);
            }
    struct vn_obj *o = vn_obj_new(VN_IMAGE, v, "test", &none, name, vn_key_str(vn_key_start(), name), &err);
    assert_non_null(o);
    assert_int_equal(vn_session_bind(s, name, o, &err), 0);
    vn_obj_unref(o);
}

static int start(void **state)
{
    session_json(state);
    bind("m", VN_U8, (const int64_t[]){ 20, 16, 12 }, 2, mod17);
    bind("i", VN_I16, (const int64_t[]){ 20, 16, 12 }, 2, plane);
    bind("f", VN_F32, (const int64_t[]){ 6, 4, 3 }, 0, quarters);
    return chdir(folder);
}

static struct vn_table *table(const char *name)
{
    struct vn_obj *o = vn_session_get(s, name);
    assert_non_null(o);
    struct vn_table *t = vn_obj_peek(s, o);
    vn_obj_unref(o);
    assert_non_null(t);
    return t;
}

static char *content(const char *path)
{
    size_t n;
    char *text = vn_file_read(path, 1 << 20, &n, &err);
    if (!text)
        fail_msg("%s", err.msg);
    return text;
}

static void says(const char *line, const char *what)
{
    cJSON *o = session_json_of(line), *e = cJSON_GetObjectItem(o, "error");
    if (!e || !strstr(cJSON_GetObjectItem(e, "message")->valuestring, what))
        fail_msg("'%s' did not say '%s'", line, what);
    cJSON_Delete(o);
}

static void every_whole_number_has_its_bin(void **state)
{
    (void)state;
    cJSON *o = session_json_of("histogram m as=h");
    assert_int_equal(session_number(o, "bins"), 17);
    assert_int_equal(session_number(o, "voxels"), 20 * 16 * 12);
    assert_int_equal(session_number(o, "outside"), 0);
    cJSON_Delete(o);
    struct vn_table *t = table("h");
    assert_int_equal(t->n_row, 17);
    for (int k = 0; k < 17; k++) {
        int64_t n = 0;
        for (int64_t i = 0; i < 20 * 16 * 12; i++)
            n += mod17(i % 20, i / 20 % 16, i / 320) == k;
        assert_true(t->col[0].num[k] == k && t->col[1].num[k] == k + 1);
        assert_true(t->col[2].num[k] == (double)n);
        assert_true(t->col[3].num[k] == (double)n / 3840);
    }
    vn_table_unref(t);
}

/* 2x + 3y - 5z + 7 from -48 to 90: 139 numbers, 10 bins of 14. In a region: x 4..5, y 2, z 3..4. */
static void bins_hold_equally_many_whole_numbers(void **state)
{
    (void)state;
    session_run("histogram i bins=10 as=h; roi 4:6,2:3,3:5; histogram i as=r; histogram i range=3,7 as=q; roi off; histogram i range=-5.5,10.2 bins=4 as=w");
    struct vn_table *t = table("h");
    assert_int_equal(t->n_row, 10);
    for (int k = 0; k < 10; k++) {
        double n = 0;
        for (int64_t i = 0; i < 3840; i++) {
            const double v = plane(i % 20, i / 20 % 16, i / 320);
            n += v >= -48 + 14 * k && v < -48 + 14 * (k + 1);
        }
        assert_true(t->col[0].num[k] == -48 + 14 * k);
        assert_true(t->col[2].num[k] == n);
    }
    vn_table_unref(t);
    /* 8 + 6 - 15 + 7 = 6, 8; one plane further 1, 3 */
    t = table("r");
    assert_int_equal(t->n_row, 8);
    for (int k = 0; k < 8; k++)
        assert_true(t->col[2].num[k] == (k == 0 || k == 2 || k == 5 || k == 7));
    vn_table_unref(t);
    t = table("q");                                              /* 3 and 6 of the four; 7 is not included */
    assert_int_equal(t->n_row, 4);
    assert_true(t->col[2].num[0] == 1 && t->col[2].num[1] == 0 && t->col[2].num[2] == 0 && t->col[2].num[3] == 1);
    assert_true(t->col[3].num[0] == 0.25);
    vn_table_unref(t);
    t = table("w");                                              /* -5 to 10 are 16 numbers */
    assert_true(t->n_row == 4 && t->col[0].num[0] == -5 && t->col[1].num[3] == 11);
    vn_table_unref(t);
}

/* 0, 0.25 ... 17.75, each once. */
static void real_numbers_close_the_last_bin(void **state)
{
    (void)state;
    session_run("histogram f bins=4 as=h; histogram f range=1,2 bins=2 as=q; roi 2:3,1:2,1:2; histogram f as=one; roi off");
    struct vn_table *t = table("h");                             /* edges 0, 4.4375, 8.875, 13.3125, 17.75 */
    assert_true(t->n_row == 4 && t->col[0].num[1] == 4.4375 && t->col[1].num[3] == 17.75);
    for (int k = 0; k < 4; k++)
        assert_true(t->col[2].num[k] == 18);
    vn_table_unref(t);
    t = table("q");                                              /* 1, 1.25; 1.5, 1.75, 2 */
    assert_true(t->n_row == 2 && t->col[2].num[0] == 2 && t->col[2].num[1] == 3);
    vn_table_unref(t);
    t = table("one");
    assert_true(t->n_row == 1 && t->col[0].num[0] == 8 && t->col[1].num[0] == 8 && t->col[2].num[0] == 1);
    vn_table_unref(t);
    says("histogram f range=2,1", "LOW below HIGH");
    says("histogram i range=1.2,1.7", "holds no whole number");
    says("histogram f to=x.jpg", "does not end in");
}

/* scipy.ndimage.map_coordinates(order=1); by hand: 26.7231 um in 27 steps of the smallest side, 1 um. */
static void a_profile_as_scipy_samples_it(void **state)
{
    static const double want[] = { 6.4375,8.129629629629632,8.485996799268406,9.513888888888891,4.918209876543207,6.191358024691355,8.166666666666668,
        5.194444444444443,7.503800868770005,8.027777777777777,6.368598536808414,7.683699131229993,7.859567901234569,7.6820987654320945,8.404320987654323,
        6.874999999999998,11.224565614997717,9.236511202560585,12.236111111111118,8.795667581161409,7.983367626886148,5.006172839506166,6.879629629629627,
        10.703703703703699,5.958333333333333,8.675125743026975,9.757030178326485,6.75 };
    (void)state;
    cJSON *o = session_json_of("profile m from=1.5,2.25,0.5 to=17.25,12.5,10 as=l");
    assert_int_equal(session_number(o, "points"), 28);
    assert_float_equal(session_number(o, "length_um"), 26.72311733312564, 1e-12);
    cJSON_Delete(o);
    struct vn_table *t = table("l");
    assert_int_equal(t->n_row, 28);
    assert_string_equal(t->col[0].name, "distance_um");
    for (int i = 0; i < 28; i++) {
        assert_float_equal(t->col[4].num[i], want[i], 1e-10);
        assert_float_equal(t->col[0].num[i], 26.72311733312564 * i / 27, 1e-10);
    }
    assert_true(t->col[1].num[27] == 17.25 && t->col[3].num[27] == 10);
    vn_table_unref(t);
}

static void middles_of_voxels_are_the_voxels(void **state)
{
    (void)state;
    session_run("profile m from=0,5,3 to=19,5,3 as=x; profile m from=4,15,11 to=4,15,0 as=z; profile f from=2,1,1 to=2,1,1 as=p");
    struct vn_table *t = table("x");
    assert_int_equal(t->n_row, 20);
    for (int i = 0; i < 20; i++)
        assert_true(t->col[4].num[i] == mod17(i, 5, 3));
    vn_table_unref(t);
    t = table("z");                                              /* voxels of 2 um, steps of 1: every other in between */
    assert_int_equal(t->n_row, 23);
    for (int i = 0; i < 23; i += 2)
        assert_true(t->col[4].num[i] == mod17(4, 15, 11 - i / 2) && t->col[0].num[i] == i);
    for (int i = 1; i < 23; i += 2)
        assert_float_equal(t->col[4].num[i], 0.5 * (t->col[4].num[i - 1] + t->col[4].num[i + 1]), 1e-12);
    vn_table_unref(t);
    t = table("p");
    assert_string_equal(t->col[0].name, "distance_vox");
    assert_true(t->n_row == 1 && t->col[4].num[0] == 8);
    vn_table_unref(t);
    says("profile m from=0,0,0 to=20,0,0", "x from 0 to 20 leaves the voxels there are, 0 to 19");
    says("roi 2:9,2:9,2:9; profile m from=1,3,3 to=5,3,3", "2 to 8");
    says("profile m from=3,3,3 to=5,3,3 plot=x.gif", "does not end in");
}

/* A disc is symmetric: in a linear ramp its mean is its middle. Two sides of a border: the share of the disc on each. */
static void width_takes_the_mean_over_a_disc(void **state)
{
    (void)state;
    session_run("profile i from=5,5,4 to=14,10,7 as=l; profile i from=5,5,4 to=14,10,7 width=4um as=w; profile i from=0,8,5 to=19,8,5 width=1vox as=one");
    struct vn_table *l = table("l"), *w = table("w"), *one = table("one");
    assert_int_equal(l->n_row, w->n_row);
    for (int64_t i = 0; i < l->n_row; i++)
        assert_float_equal(w->col[4].num[i], l->col[4].num[i], 1e-9);
    for (int i = 0; i < 20; i++)                                 /* steps of 1 um within half a um: the line alone */
        assert_true(one->col[4].num[i] == plane(i, 8, 5));
    vn_table_unref(l);
    vn_table_unref(w);
    vn_table_unref(one);
    /* Along x at the border y = 0, z = 0, width 2 um: lattice (0,0), (+-1,0), (0,+-1) um; y - 1 and z - 0.5 are outside. */
    session_run("profile i from=3,0,0 to=6,0,0 width=2um as=b");
    struct vn_table *b = table("b");
    assert_float_equal(b->col[4].num[0], ((2 * 3 + 7) + (2 * 3 + 3 + 7) + (2 * 3 - 2.5 + 7)) / 3, 1e-9);
    vn_table_unref(b);
}

static void tables_are_made_again(void **state)
{
    (void)state;
    session_run("phantom tube dims=16x16x16 radius=3 as=v; histogram v as=h; profile v from=1,1,1 to=9,9,9 as=l; histogram v as=k bins=7");
    struct vn_table *before = table("h");
    vn_session_evict_all(s);
    assert_int_equal(session_run("save h h.csv force; save l l.csv force; save k k.csv force"), 0);
    struct vn_table *after = table("h");
    assert_int_equal(before->n_row, after->n_row);
    assert_memory_equal(before->col[2].num, after->col[2].num, (size_t)before->n_row * sizeof(double));
    vn_table_unref(before);
    vn_table_unref(after);
    assert_true(vn_session_n_remade(s) >= 3);
    char *csv = content("k.csv");
    assert_non_null(strstr(csv, "\nvalue_low,value_high,count,fraction\n"));
    vn_free(csv);
    unlink("h.csv");
    unlink("l.csv");
    unlink("k.csv");
}

static void figures_have_script_and_data(void **state)
{
    static const char *const none[] = { NULL };
    (void)state;
    if (vn_gnuplot("/dev/null", none, NULL, &err))
        skip();
    assert_int_equal(session_run("histogram m as=h to=h.svg thresholds=4,9.5 log; profile m from=0,5,3 to=19,5,3 as=l plot=l.png;"
                                 "plot l x=distance_um y=value,x to=c.svg; plot l y=value style=histogram to=b.pdf; plot l x=x y=value style=points to=p.svg"), 0);
    char *gp = content("h.svg.gp"), *dat = content("h.svg.dat");
    assert_non_null(strstr(gp, "set logscale y"));
    assert_non_null(strstr(gp, "set label '9.5' at 9.5,"));
    assert_non_null(strstr(dat, "# Venule"));
    assert_non_null(strstr(dat, "\n16 "));
    assert_non_null(strstr(dat, "\n17 0\n"));
    vn_free(gp);
    vn_free(dat);
    gp = content("c.svg.gp");
    assert_non_null(strstr(gp, "set xlabel 'distance (µm)'"));
    assert_non_null(strstr(gp, "title 'value'"));
    vn_free(gp);
    gp = content("b.pdf.dat");                                   /* 20 rows: 5 bins from 1 to 15 */
    assert_non_null(strstr(gp, "\n3.8 "));
    vn_free(gp);
    says("plot l x=distance y=value to=n.pdf", "no column is named 'distance'; columns of numbers: distance_um, x, y, z, value");
    says("plot l y=value to=n.pdf", "x=COLUMN y=COLUMN");
    says("plot l x=x y=value style=histogram to=n.pdf", "y=COLUMN alone");
    says("plot l x=x y=y measure=z to=n.pdf", "either measure=");
    says("plot l x=x y=value to=p.svg", "p.svg");
    static const char *const made[] = { "h.svg", "l.png", "c.svg", "b.pdf", "p.svg" };
    for (size_t i = 0; i < VN_COUNT(made); i++)
        for (int k = 0; k < 3; k++) {
            char path[40];
            snprintf(path, sizeof path, "%s%s", made[i], k == 0 ? "" : k == 1 ? ".gp" : ".dat");
            assert_int_equal(unlink(path), 0);
        }
}

static void survives_every_failed_allocation(void **state)
{
    (void)state;
    for (long nth = 1; nth < 250; nth++) {
        const size_t from = n_out;
        vn_mem_fail_at(nth);
        const int rc = session_run("histogram m as=h; profile m from=0,5,3 to=19,5,3 width=3 as=l");
        vn_mem_fail_at(0);
        if (rc && !strstr(out + from, "\"ok\":false"))
            fail_msg("allocation %ld: no error was printed", nth);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_whole_number_has_its_bin, start, session_stop),
        cmocka_unit_test_setup_teardown(bins_hold_equally_many_whole_numbers, start, session_stop),
        cmocka_unit_test_setup_teardown(real_numbers_close_the_last_bin, start, session_stop),
        cmocka_unit_test_setup_teardown(a_profile_as_scipy_samples_it, start, session_stop),
        cmocka_unit_test_setup_teardown(middles_of_voxels_are_the_voxels, start, session_stop),
        cmocka_unit_test_setup_teardown(width_takes_the_mean_over_a_disc, start, session_stop),
        cmocka_unit_test_setup_teardown(tables_are_made_again, start, session_stop),
        cmocka_unit_test_setup_teardown(figures_have_script_and_data, start, session_stop),
        cmocka_unit_test_setup_teardown(survives_every_failed_allocation, start, session_stop),
    };
    vn_mem_init(0);
    if (vn_job_init(2, &err) || !mkdtemp(folder))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    if (chdir("/") == 0)
        rmdir(folder);
    vn_job_exit();
    return rc;
}
