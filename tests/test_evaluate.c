/* test_evaluate.c - methods ranked: ranks, wins and bootstrap intervals by hand, lists of files, what is refused. */
#include "session.h"
#include <unistd.h>
#include "rank.h"
#include "table.h"

static char dir[] = "/tmp/vn-evaluate-XXXXXX";

/* Three methods on three volumes.  Means 2.2, 2.05, 1.6 of 3; differences on the volumes: y - x = -.1 .05 -.1, z - x = 0 -.6 0.
 * A resample is one of 27: y - x is least (all from the two -.1) in 8, greatest in 1; z - x is -.6 in 1, 0 in 8; each more than
 * 2.5 % of them, so the interval spans them.  x is first, or equal, in 26 of them, y in 7, z in 8. */
static void ranks_by_hand(void **state)
{
    const double x[] = { 0.9, 0.8, 0.9, 0.7, 0.75, 0.1, 0.6, 0.5, 0.6 }, eps = 1e-12;
    static const int rank[] = { 1, 2, 3 }, wins[] = { 2, 1, 2 };
    static const double mean[] = { 2.2 / 3, 2.05 / 3, 1.6 / 3 }, mean_rank[] = { 5.0 / 3, 7.0 / 3, 2 }, first[] = { 26, 7, 8 };
    static const double low[] = { 0, -0.1, -0.6 }, high[] = { 0, 0.05, 0 };
    struct vn_ranked got[3], q[3];
    (void)state;
    for (int threads = 1; threads <= 4; threads += 3) {
        vn_job_set_threads(threads);
        assert_int_equal(vn_rank(x, 3, 3, false, 1, 7, 10000, threads == 1 ? got : q, NULL, &err), 0);
    }
    vn_job_set_threads(2);
    assert_memory_equal(got, q, sizeof got);
    for (int k = 0; k < 3; k++) {
        const double p = first[k] / 27;
        assert_true(got[k].rank == rank[k] && got[k].wins == wins[k]);
        assert_true(fabs(got[k].mean - mean[k]) < eps && fabs(got[k].mean_rank - mean_rank[k]) < eps && fabs(got[k].difference - (mean[k] - mean[0])) < eps);
        assert_true(fabs(got[k].ci_low - low[k]) < eps && fabs(got[k].ci_high - high[k]) < eps);
        assert_true(fabs(got[k].first - p) < 4 * sqrt(p * (1 - p) / 10000));          /* four standard errors */
    }
    assert_true(fabs(got[0].sd - sqrt((1.0 / 36 + 1.0 / 900 + 16.0 / 900) / 2)) < eps);
}

/* Less is better.  A method that is 5 worse on k of 5 volumes differs by a binomial (5, k / 5): quantiles at 2.5 and 97.5 %
 * from its table, none within 0.013 of a step but one (0.0102, 0.0870). */
static void intervals_are_binomial(void **state)
{
    static const double low[] = { 0, 0, 0, 1 }, high[] = { 0, 3, 4, 5 };
    double x[20];
    struct vn_ranked got[4];
    (void)state;
    for (int v = 0; v < 5; v++)
        for (int k = 0; k < 4; k++)
            x[4 * v + k] = 10 + 5 * (v >= 5 - k);
    assert_int_equal(vn_rank(x, 5, 4, true, 3, 0, 10000, got, NULL, &err), 0);
    for (int k = 0; k < 4; k++) {
        assert_true(got[k].rank == k + 1 && got[k].difference == k && got[k].ci_low == low[k] && got[k].ci_high == high[k]);
        assert_int_equal(got[k].wins, 5 - k);
    }
    /* the first shares its 10 with all on two volumes, then with two, with one, with none */
    assert_true(fabs(got[0].mean_rank - (2.5 + 2.5 + 2 + 1.5 + 1) / 5) < 1e-12);
}

static void one_volume_has_no_interval(void **state)
{
    const double x[] = { 3, 3, 5 };
    struct vn_ranked got[3];
    (void)state;
    assert_int_equal(vn_rank(x, 1, 3, false, 1, 0, 100, got, NULL, &err), 0);
    assert_true(got[0].rank == 2 && got[1].rank == 2 && got[2].rank == 1 && got[0].mean_rank == 2.5 && got[2].wins == 1);
    assert_true(isnan(got[0].sd) && isnan(got[0].ci_low) && isnan(got[2].first) && got[0].difference == -2);
    for (long k = 1; k < 4; k++) {
        const double two[] = { 1, 2, 3, 4 };
        vn_mem_fail_at(k);
        const int rc = vn_rank(two, 2, 2, false, 1, 0, 100, got, NULL, &err);
        vn_mem_fail_at(0);
        assert_int_equal(rc, k < 3 ? VN_E_MEMORY : 0);
    }
}

static void file(const char *name, const char *text)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static cJSON *run(const char *fmt)
{
    char line[1000];
    snprintf(line, sizeof line, fmt, dir, dir, dir);
    return session_json_of(line);
}

static const cJSON *ranking(const cJSON *o, const char *metric, int rank)
{
    const cJSON *row;
    cJSON_ArrayForEach(row, cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), "ranking"))
        if (!strcmp(cJSON_GetObjectItem(row, "metric")->valuestring, metric) && cJSON_GetObjectItem(row, "rank")->valueint == rank)
            return row;
    fail_msg("no %s of rank %d", metric, rank);
    return NULL;
}

static double number(const cJSON *row, const char *key) { return cJSON_GetObjectItem(row, key)->valuedouble; }

/* A truth of 8 x 4 x 4 voxels in a volume of 24 x 12 x 12, moved by one and by four voxels along x: Dice 7/8 and 1/2. */
static void files_are_measured(void **state)
{
    static const char *const make[] = {
        "phantom tube dims=24x12x12 voxel=2um as=g; calc \"x >= 4 && x < 12 && y >= 4 && y < 8 && z >= 4 && z < 8\" a=g_mask as=t; save t %s/t.nii.gz",
        "calc \"x >= 5 && x < 13 && y >= 4 && y < 8 && z >= 4 && z < 8\" a=g_mask as=p; save p %s/one.nii.gz",
        "calc \"x >= 8 && x < 16 && y >= 4 && y < 8 && z >= 4 && z < 8\" a=g_mask as=p; save p %s/four.nii.gz",
    };
    (void)state;
    for (size_t i = 0; i < VN_COUNT(make); i++) {
        char line[1000];
        snprintf(line, sizeof line, make[i], dir);
        if (session_run(line))
            fail_msg("%s: %s", line, msg);
    }
    file("list.csv", "volume,truth,method,prediction,ignore\n1,t.nii.gz,same,t.nii.gz,\n2,t.nii.gz,same,one.nii.gz,\n"
                     "1,t.nii.gz,moved,one.nii.gz,\n2,t.nii.gz,moved,four.nii.gz,\n3,t.nii.gz,same,t.nii.gz,\n3,t.nii.gz,moved,,\n");
    cJSON *o = run("evaluate %s/list.csv metric=dice,hd as=e to=%s/ranking.csv");
    const cJSON *best = ranking(o, "dice", 1), *other = ranking(o, "dice", 2);
    assert_string_equal(cJSON_GetObjectItem(best, "method")->valuestring, "same");
    assert_true(fabs(number(best, "mean") - (1 + 0.875) / 2) < 1e-12 && fabs(number(other, "mean") - (0.875 + 0.5) / 2) < 1e-12);
    assert_true(number(best, "volumes") == 2 && number(best, "wins") == 2);
    assert_true(fabs(number(other, "ci_low") + 0.375) < 1e-12 && fabs(number(other, "ci_high") + 0.125) < 1e-12);
    best = ranking(o, "hd", 1);                              /* um: faces 0 and 1, 1 and 4 voxels of 2 um apart */
    other = ranking(o, "hd", 2);
    assert_true(number(best, "mean") == 1 && number(other, "mean") == 5);
    assert_non_null(strstr(out, "no prediction of '3' by 'moved'"));
    cJSON_Delete(o);
    /* the moved ones as probabilities: 0.6 inside, 0.4 outside */
    char line[1000];
    snprintf(line, sizeof line, "calc \"a ? 0.6 : 0.4\" a=p as=q; save q %s/prob.nii.gz", dir);
    session_run(line);
    file("prob.csv", "volume,truth,method,prediction\n1,t.nii.gz,net,prob.nii.gz\n");
    o = run("evaluate %s/prob.csv metric=dice low=0.5");
    assert_true(number(ranking(o, "dice", 1), "mean") == 0.5);
    cJSON_Delete(o);
    o = run("evaluate %s/prob.csv metric=dice");
    assert_true(fabs(number(ranking(o, "dice", 1), "mean") - 2 * 128.0 / (128 + 24 * 12 * 12)) < 1e-12);       /* all of it */
    cJSON_Delete(o);
    struct vn_table *t;
    char path[300];
    snprintf(path, sizeof path, "%s/ranking.csv", dir);
    assert_int_equal(vn_table_read_csv(path, &t, &err), 0);
    assert_true(t->n_row == 4 && vn_table_find(t, "ci_low") > 0);
    vn_table_unref(t);
}

static void refuses(const char *csv, const char *line, const char *says)
{
    file("bad.csv", csv);
    cJSON *o = run(line), *e = cJSON_GetObjectItem(o, "error");
    if (!e)
        fail_msg("'%s' was not refused", csv);
    if (!strstr(cJSON_GetObjectItem(e, "message")->valuestring, says))
        fail_msg("'%s' does not say '%s'", cJSON_GetObjectItem(e, "message")->valuestring, says);
    cJSON_Delete(o);
}

static void bad_lists_are_refused(void **state)
{
    const char *line = "evaluate %s/bad.csv";
    (void)state;
    refuses("volume,dice\na,1\n", line, "has no column 'method'");
    refuses("volume,method,prediction\na,m,p.tif\n", line, "has no column 'truth'");
    refuses("volume,method,dice\n", line, "has no rows");
    refuses("volume,method,dice\na,m,1\n,m,1\n", line, "row 2, column volume: is empty");
    refuses("volume,method,dice\na,m,1\na,m,2\n", line, "row 2: volume 'a' by method 'm' stands there already");
    refuses("volume,method,text\na,m,x\n", line, "neither a column 'prediction' nor measures");
    refuses("volume,method,dice\na,m,1\nb,n,1\n", line, "no volume of");
    refuses("volume,method,dice\na,m,1\n", "evaluate %s/bad.csv metric=cldice", "there is no measure 'cldice'");
    refuses("volume,method,truth,prediction\na,m,none.tif,none.tif\n", line, "volume 'a', method 'm': ");
    refuses("", "evaluate", "give either a CSV file or sample=");
}

/* Known measures have their direction; others take lower=. */
static void directions(void **state)
{
    (void)state;
    file("m.csv", "volume,method,assd,cost,gain\n1,a,1,1,1\n1,b,2,2,2\n2,a,1,1,1\n2,b,2,2,2\n");
    cJSON *o = run("evaluate %s/m.csv lower=cost");
    assert_string_equal(cJSON_GetObjectItem(ranking(o, "assd", 1), "method")->valuestring, "a");
    assert_string_equal(cJSON_GetObjectItem(ranking(o, "cost", 1), "method")->valuestring, "a");
    assert_string_equal(cJSON_GetObjectItem(ranking(o, "gain", 1), "method")->valuestring, "b");
    cJSON_Delete(o);
}

/* After files_are_measured, whose files it takes. */
static void survives_every_failed_allocation(void **state)
{
    (void)state;
    file("m.csv", "volume,method,assd,cost,gain\n1,a,1,1,1\n1,b,2,2,2\n2,a,1,1,1\n2,b,2,2,2\n");
    file("one.csv", "volume,truth,method,prediction,voxel\n1,t.nii.gz,m,prob.nii.gz,2um\n");
    char line[1000];
    snprintf(line, sizeof line, "roi 2:17,3:9,3:9; evaluate %s/m.csv draws=100; evaluate %s/one.csv low=0.5; roi off", dir, dir);
    for (long n = 1; n < 3000; n++) {
        vn_mem_fail_at(n);
        const int rc = vn_runner_line(r, line);
        vn_mem_fail_at(0);
        if (rc == 0)
            return;
    }
    fail_msg("it never succeeded");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_by_hand), cmocka_unit_test(intervals_are_binomial), cmocka_unit_test(one_volume_has_no_interval),
        cmocka_unit_test_setup_teardown(files_are_measured, session_json, session_stop),
        cmocka_unit_test_setup_teardown(bad_lists_are_refused, session_json, session_stop),
        cmocka_unit_test_setup_teardown(directions, session_json, session_stop),
        cmocka_unit_test_setup_teardown(survives_every_failed_allocation, session_json, session_stop),
    };
    vn_mem_init(0);
    if (!mkdtemp(dir) || vn_job_init(2, &err))
        return 1;
    const int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    char line[100];
    snprintf(line, sizeof line, "rm -r %s", dir);
    return system(line) ? 1 : rc;
}
