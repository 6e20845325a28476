/* cohort and compare as commands: what is refused and how it is said, groups, regions, files named by path, results. */
#include "session.h"
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

static char dir[] = "/tmp/vn-cohort-XXXXXX";

static void file(const char *name, const char *text)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* Runs the line (%s is the test's folder) and gives the last object printed; the caller deletes it. */
static cJSON *run(const char *fmt)
{
    char line[1000];
    snprintf(line, sizeof line, fmt, dir, dir, dir);
    return session_json_of(line);
}

static void refuses(const char *csv, const char *line, const char *says)
{
    file("bad.csv", csv);
    cJSON *o = run(line), *e = cJSON_GetObjectItem(o, "error");
    if (!e)
        fail_msg("'%s' was not refused", line);
    const char *m = cJSON_GetObjectItem(e, "message")->valuestring;
    if (!strstr(m, says))
        fail_msg("'%s' does not say '%s'", m, says);
    cJSON_Delete(o);
}

static void bad_cohorts_are_refused_by_row_and_column(void **state)
{
    (void)state;
    const char *line = "cohort %s/bad.csv as=c";
    refuses("subject,length\na,1\n", line, "has no column 'group'");
    refuses("subject,group,length\na,x,1\nb,,2\n", line, "row 2, column group: is empty");
    refuses("subject,group,length\na,x,1\nb,x,1.2q\nc,y,3\n", line, "row 2, column length: '1.2q' is not a number");
    refuses("subject,group,length\na,x,1\na,x,2\n", line, "pseudoreplication");
    refuses("subject,group,region,length\na,x,CA1,1\na,x,CA1,2\n", line, "row 2, column subject: 'a' stands in row 1 already for region CA1");
    refuses("subject,group,region,length\na,x,CA1,1\na,y,CA3,2\n", line, "subject 'a' is in group 'y' here and in 'x' in row 1");
    refuses("subject,group,sex\na,x,f\nb,y,m\n", line, "has no measures");
    refuses("subject,group,path\na,x,nosuch.csv\n", line, "row 1, column path");
    refuses("subject,group,path\na,x,\nb,x,b.csv\n", line, "row 1, column path: is empty");
    refuses("subject,group,length\n", line, "has no rows");
    refuses("", "cohort as=c", "give either a CSV file or sample=");
}

static void comparisons_without_two_groups_are_refused(void **state)
{
    (void)state;
    const char *line = "cohort %s/bad.csv as=c; compare c";
    refuses("subject,group,length\na,x,1\nb,x,2\n", line, "one group only");
    refuses("subject,group,length\na,x,1\nb,y,2\nc,y,3\n", line, "group 'x' has 1 brains with values and 'y' 2");
    refuses("subject,group,length\na,x,1\nb,x,NA\nc,y,3\nd,y,4\n", line, "group 'x' has 1 brains");
    refuses("subject,group,length\na,x,1\nb,y,2\nc,z,3\n", line, "there are 3 groups (x, y, z): say which two");
    refuses("subject,group,length\na,x,1\nb,y,2\n", "cohort %s/bad.csv as=c; compare c a=w", "no group is named 'w'; there are: x, y");
    refuses("subject,group,length\na,x,1\nb,y,2\n", "cohort %s/bad.csv as=c; compare c a=x b=x", "both 'x'");
    refuses("subject,group,length\na,x,1\nb,y,2\n", "cohort %s/bad.csv as=c; compare c measure=width", "no measure is named 'width'; there are: length");
}

static double field(const cJSON *row, const char *key)
{
    const cJSON *v = cJSON_GetObjectItem(row, key);
    if (!v)
        fail_msg("no %s", key);
    return cJSON_IsNumber(v) ? v->valuedouble : NAN;
}

static void groups_measures_and_covariates_are_told_apart(void **state)
{
    (void)state;
    file("a.csv", "# made by hand\nsubject,group,length_um,age_weeks,sex\n7,sham,1,10,f\n8,sham,2,11,m\n9,tbi,4,10,f\n10,tbi,6,12,f\n");
    cJSON *o = run("cohort %s/a.csv as=c"), *res = cJSON_GetObjectItem(o, "result");
    assert_string_equal(cJSON_GetObjectItem(res, "measures")->valuestring, "length_um");
    assert_string_equal(cJSON_GetObjectItem(res, "covariates")->valuestring, "age_weeks, sex");
    assert_int_equal(field(cJSON_GetObjectItem(res, "groups"), "sham"), 2);
    assert_int_equal(field(res, "brains"), 4);
    cJSON_Delete(o);
    /* By hand: 5 - 1.5; pooled sd sqrt((0.5 + 2) / 2), J = 1 - 3/7; splits of 4 brains: 6, of which 2 reach 3.5. */
    o = run("compare c");
    const cJSON *row = cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), "rows")->child;
    assert_float_equal(field(row, "difference"), 3.5, 1e-12);
    assert_float_equal(field(row, "hedges_g"), (1 - 3.0 / 7) * 3.5 / sqrt(1.25), 1e-12);
    assert_float_equal(field(row, "p_permutation"), 2.0 / 6, 1e-12);
    assert_int_equal(field(row, "n"), 4);
    assert_true(field(row, "q") == field(row, "p_permutation"));
    cJSON_Delete(o);
    o = run("compare c a=tbi b=sham");
    row = cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), "rows")->child;
    assert_float_equal(field(row, "difference"), -3.5, 1e-12);
    cJSON_Delete(o);
}

static void a_row_a_region_and_measure(void **state)
{
    (void)state;
    file("r.csv", "subject,group,region,len,rad\na,x,CA1,1,2\na,x,CA3,2,2\nb,x,CA1,2,3\nb,x,CA3,3,3\nc,y,CA1,4,2\nc,y,CA3,2,2\n"
                  "d,y,CA1,5,3\nd,y,CA3,3,3\n");
    cJSON *o = run("cohort %s/r.csv as=c; compare c as=t; compare c seed=2 as=t to=%s/t.csv force"), *rows;
    rows = cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), "rows");
    assert_int_equal(cJSON_GetArraySize(rows), 4);
    const cJSON *row = cJSON_GetArrayItem(rows, 2);
    assert_string_equal(cJSON_GetObjectItem(row, "measure")->valuestring, "len");
    assert_string_equal(cJSON_GetObjectItem(row, "region")->valuestring, "CA3");
    assert_float_equal(field(row, "difference"), 0, 1e-12);
    assert_float_equal(field(row, "p_permutation"), 1, 0);
    cJSON_Delete(o);
    char path[300];
    size_t n;
    snprintf(path, sizeof path, "%s/t.csv", dir);
    char *text = vn_file_read(path, 100000, &n, &err);
    assert_non_null(text);
    assert_non_null(strstr(text, "measure,region,n,mean,difference,ci_low,ci_high,hedges_g,p_permutation,p_welch,p_mannwhitney,q"));
    vn_free(text);
}

static void measured_tables_are_found_beside_the_cohort(void **state)
{
    (void)state;
    char path[300];
    snprintf(path, sizeof path, "%s/m", dir);
    mkdir(path, 0700);
    file("m/a.csv", "total_length_um,segments\n100,5\n");
    file("m/b.csv", "total_length_um,segments\n120,7\n");
    file("m/c.csv", "measure,value\ntotal_length_um,90\nsegments,4\n");
    file("m/d.csv", "# note\ntotal_length_um,segments\n80,\n");
    file("p.csv", "subject,group,path,age\na,x,m/a.csv,3\nb,x,m/b.csv,4\nc,y,m/c.csv,5\nd,y,m/d.csv,6\n");
    cJSON *o = run("cohort %s/p.csv as=c"), *res = cJSON_GetObjectItem(o, "result");
    assert_non_null(res);
    assert_string_equal(cJSON_GetObjectItem(res, "measures")->valuestring, "total_length_um, segments");
    assert_string_equal(cJSON_GetObjectItem(res, "covariates")->valuestring, "age");
    cJSON_Delete(o);
    o = run("compare c measure=total_length_um");
    assert_float_equal(field(cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), "rows")->child, "difference"), -25, 1e-12);
    cJSON_Delete(o);
    /* Segments: lengths 1 + 3, radius (1 * 2 + 3 * 4) / 4 = 3.5. */
    file("m/f.csv", "segment,length_um,radius_mean_um,volume_um3\n0,1,2,5\n1,3,4,6\n");
    file("p.csv", "subject,group,path\na,x,m/f.csv\nb,x,m/f.csv\nc,y,m/f.csv\nd,y,m/f.csv\n");
    o = run("cohort %s/p.csv as=c; compare c");
    const cJSON *row = cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), "rows")->child;
    static const struct { const char *name; double mean; } expect[] = {
        { "total_length_um", 4 }, { "mean_radius_um", 3.5 }, { "mean_segment_length_um", 2 }, { "vessel_volume_um3", 11 }, { "segments", 2 },
    };
    for (size_t i = 0; i < sizeof expect / sizeof *expect; i++, row = row->next) {
        assert_string_equal(cJSON_GetObjectItem(row, "measure")->valuestring, expect[i].name);
        assert_float_equal(field(row, "mean"), expect[i].mean, 1e-12);
    }
    cJSON_Delete(o);
    file("m/e.csv", "length_um\n1\n2\n");
    refuses("subject,group,path\na,x,m/e.csv\n", "cohort %s/bad.csv as=c", "has 2 rows and no column region");
}

/* A mask named in a row gives what the commands graph and measure give; grey levels and unknown voxels are refused. */
static void masks_are_measured_as_the_commands_measure_them(void **state)
{
    (void)state;
    cJSON *o = run("phantom network dims=48x48x48 voxel=1um seed=3 as=p; save p_mask %s/m.nii force; save p %s/g.nii force");
    cJSON_Delete(o);
    o = run("graph p_mask as=g; measure g");
    const double length = field(cJSON_GetObjectItem(o, "result"), "total_length_um"), radius = field(cJSON_GetObjectItem(o, "result"), "mean_radius_um");
    cJSON_Delete(o);
    file("p.csv", "subject,group,path\na,x,m.nii\nb,x,m.nii\nc,y,m.nii\nd,y,m.nii\n");
    o = run("cohort %s/p.csv as=c; compare c measure=total_length_um,mean_radius_um");
    const cJSON *row = cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), "rows")->child;
    assert_float_equal(field(row, "mean"), length, 1e-9 * length);
    assert_float_equal(field(row->next, "mean"), radius, 1e-9);
    assert_float_equal(field(row, "p_permutation"), 1, 0);
    cJSON_Delete(o);
    refuses("subject,group,path\na,x,g.nii\n", "cohort %s/bad.csv as=c", "row 1, column path: '");
    refuses("subject,group,path\na,x,g.nii\n", "cohort %s/bad.csv as=c", "holds grey levels");
}

static void made_up_brains_are_the_same_each_time(void **state)
{
    (void)state;
    cJSON *o = run("cohort sample=12 as=c; compare c");
    char *first = cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
    o = run("cohort sample=12 as=c; compare c as=compare1");
    char *second = cJSON_PrintUnformatted(o);
    assert_string_equal(first, second);
    const cJSON *rows = cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), "rows");
    assert_int_equal(cJSON_GetArraySize(rows), 2);
    assert_true(field(rows->child, "p_permutation") < 0.01);
    cJSON_Delete(o);
    cJSON_free(first);
    cJSON_free(second);
}

static void survives_every_failed_allocation(void **state)
{
    (void)state;
    file("a.csv", "subject,group,length_um,sex\n7,sham,1,f\n8,sham,2,m\n9,tbi,4,f\n10,tbi,6,f\n11,tbi,5,m\n");
    char line[1000];
    snprintf(line, sizeof line, "cohort %s/a.csv as=c; compare c as=t", dir);
    for (long n = 1; n < 2000; n++) {
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bad_cohorts_are_refused_by_row_and_column, session_json, session_stop),
        cmocka_unit_test_setup_teardown(comparisons_without_two_groups_are_refused, session_json, session_stop),
        cmocka_unit_test_setup_teardown(groups_measures_and_covariates_are_told_apart, session_json, session_stop),
        cmocka_unit_test_setup_teardown(a_row_a_region_and_measure, session_json, session_stop),
        cmocka_unit_test_setup_teardown(measured_tables_are_found_beside_the_cohort, session_json, session_stop),
        cmocka_unit_test_setup_teardown(masks_are_measured_as_the_commands_measure_them, session_json, session_stop),
        cmocka_unit_test_setup_teardown(made_up_brains_are_the_same_each_time, session_json, session_stop),
        cmocka_unit_test_setup_teardown(survives_every_failed_allocation, session_json, session_stop),
    };
    vn_mem_init(0);
    if (vn_job_init(2, &err) || !mkdtemp(dir))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    char cleanup[300];
    static const char *const left[] = { "m/a.csv", "m/b.csv", "m/c.csv", "m/d.csv", "m/e.csv", "m/f.csv", "m", "a.csv", "r.csv", "t.csv", "m.nii", "g.nii", "p.csv", "bad.csv", "" };
    for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
        snprintf(cleanup, sizeof cleanup, "%s/%s", dir, left[i]);
        remove(cleanup);
    }
    vn_job_exit();
    return rc;
}
