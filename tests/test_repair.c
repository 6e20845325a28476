/* repair, as typed. A rod of diameter 7 has the 37 lattice points with y2 + z2 <= 12 in a plane, one of diameter 5 the 21 with
 * y2 + z2 <= 6. */
#include "session.h"
#include <unistd.h>

static void bind(const char *name, enum vn_kind kind, enum vn_type t, int nx, int ny, int nz, double um, double um_z)
{
    const struct vn_grid g = { .dim = { nx, ny, nz }, .um = { um, um, um_z } };
    const struct vn_box box = { { 0, 0, 0 }, { nx, ny, nz } };
    struct vn_args none = { 0 };
    struct vn_vol *v = vn_vol_new(kind, t, &g, &box, &err);
    assert_non_null(v);
    memset(vn_vol_data(v).data, 0, (size_t)(nx * ny * nz) * vn_type_size(t));
    struct vn_obj *o = vn_obj_new(kind, v, "test", &none, name, vn_key_str(vn_key_start(), name), &err);
    assert_non_null(o);
    assert_int_equal(vn_session_bind(s, name, o, &err), 0);
    vn_obj_unref(o);
}

static void run(const char *line, int rc, const char *want)
{
    const size_t from = n_out, said = n_msg;
    assert_int_equal(session_run(line), rc);
    if (want && !strstr(out + from, want) && !strstr(msg + said, want))
        fail_msg("'%s' printed %s%s, not %s", line, out + from, msg + said, want);
}

static double number(const char *line, const char *key)
{
    cJSON *o = session_json_of(line);
    const double v = session_number(o, key);
    cJSON_Delete(o);
    return v;
}

/* Voxels in which two masks differ. */
static double differ(const char *a, const char *b)
{
    char line[100];
    snprintf(line, sizeof line, "calc 'a != b' a=%s b=%s as=d", a, b);
    assert_int_equal(session_run(line), 0);
    return number("info d stats=full", "mean") * 60 * 40 * 40;
}

static int start(void **state)
{
    session_json(state);
    bind("m", VN_MASK, VN_U8, 60, 40, 40, 1, 1);
    bind("v", VN_IMAGE, VN_U8, 60, 40, 40, 1, 1);
    return 0;
}

static void a_straight_gap_is_filled_as_it_was(void **state)
{
    (void)state;
    run("paint m at=5,20,20,55,20,20 size=7vox axis=ball as=rod", 0, NULL);
    for (int k = 1; k <= 6; k++) {
        char line[200];
        snprintf(line, sizeof line, "cut rod at=30,20,20 width=%dum as=c", k);
        run(line, 0, NULL);
        assert_true(number("components c as=n", "count") == 2);
        assert_true(number("repair c as=r", "voxels") == 37 * k);
        assert_true(differ("r", "rod") == 0);
    }
    run("cut rod at=30,20,20 width=6um as=c", 0, NULL);
    assert_true(number("repair c gap=5vox as=r", "bridges") == 0 && differ("r", "c") == 0);
    assert_true(number("repair c gap=5um as=r", "gaps") == 0);
    assert_true(number("repair c refuse=1 as=r", "bridges") == 0 && differ("r", "c") == 0);
    assert_true(number("repair c min_score=1 as=r", "bridges") == 0);
    run("repair c refuse=2 as=r", 1, "refuse=2: there are 1 gaps");
    run("repair c refuse=1, as=r", 1, "numbers of rows separated by commas");
    run("repair c refuse=0 as=r", 1, "numbers of rows separated by commas");
}

static void the_table_says_what_was_joined(void **state)
{
    char path[60], line[120], text[400];
    (void)state;
    run("paint m at=5,20,20,55,20,20 size=7vox axis=ball as=c; cut c at=30,20,20 width=4um as=c; repair c as=r", 0, NULL);
    snprintf(path, sizeof path, "/tmp/venule_test_repair_%d.csv", (int)getpid());
    snprintf(line, sizeof line, "save r_bridges %s force", path);
    run(line, 0, "\"rows\":1");
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    do
        assert_non_null(fgets(text, sizeof text, f));
    while (text[0] == '#');
    assert_string_equal(text, "x,y,z,x2,y2,z2,length_um,radius_um,radius2_um,angle_deg,along_z,evidence,score,joins,state\n");
    double v[11];
    assert_non_null(fgets(text, sizeof text, f));
    fclose(f);
    unlink(path);
    assert_int_equal(sscanf(text, "%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf,", v, v + 1, v + 2, v + 3, v + 4, v + 5, v + 6, v + 7, v + 8, v + 9, v + 10), 11);
    assert_true(v[0] < 28 && v[3] > 31 && fabs(v[1] - 20) + fabs(v[2] - 20) + fabs(v[4] - 20) + fabs(v[5] - 20) < 1e-9);      /* inside both rods, on the axis */
    assert_true(fabs(v[6] - 4) < 0.3 && fabs(v[7] - sqrt(13)) < 1e-3 && fabs(v[8] - sqrt(13)) < 1e-3 && v[9] < 1e-3 && v[10] == 0);
    assert_non_null(strstr(text, ",end,taken"));
}

static void parallel_neighbours_are_not_joined(void **state)
{
    (void)state;
    run("paint m at=5,16,20,55,16,20 size=5vox axis=ball as=a; paint m at=5,23,20,55,23,20 size=5vox axis=ball as=b; calc 'a || b' a=a b=b as=both", 0, NULL);
    run("cut a at=30,16,20 width=4um as=a; cut b at=30,23,20 width=4um as=b; calc 'a || b' a=a b=b as=c", 0, NULL);
    assert_true(number("repair c as=r", "bridges") == 2 && differ("r", "both") == 0);
    /* one is cut and the other ends beside it: cut ends of two vessels, staggered */
    run("paint m at=5,16,20,27,16,20 size=5vox axis=ball as=a; paint a at=33,22,20,55,22,20 size=5vox axis=ball as=c", 0, NULL);
    assert_true(number("repair c as=r", "bridges") == 0 && differ("r", "c") == 0);
    /* an end beside a vessel that runs on */
    run("paint m at=5,16,20,27,16,20 size=5vox axis=ball as=a; paint a at=5,22,20,55,22,20 size=5vox axis=ball as=c", 0, NULL);
    assert_true(number("repair c as=r", "bridges") == 0 && differ("r", "c") == 0);
    /* both again, with a bright way from the end to the neighbour */
    run("paint m at=5,16,20,27,16,20 size=5vox axis=ball as=a; paint a at=33,22,20,55,22,20 size=5vox axis=ball as=c; "
        "paint c at=27,16,20,33,22,20 size=3vox axis=ball as=w; calc 'a ? 120 : 20' a=w as=i", 0, NULL);
    assert_true(number("repair c image=i as=r", "bridges") == 0 && differ("r", "c") == 0);
    run("paint a at=5,22,20,55,22,20 size=5vox axis=ball as=c; paint c at=27,16,20,33,22,20 size=3vox axis=ball as=w; "
        "calc 'a ? 120 : 20' a=w as=i", 0, NULL);
    assert_true(number("repair c image=i as=r", "bridges") == 0 && differ("r", "c") == 0);
    /* a vessel in between */
    run("paint m at=5,20,20,22,20,20 size=5vox axis=ball as=a; paint a at=38,20,20,55,20,20 size=5vox axis=ball as=a; "
        "paint a at=30,2,20,30,37,20 size=5vox axis=ball as=c", 0, NULL);
    run("repair c gap=16vox as=r", 0, NULL);
    assert_true(number("components r as=n", "count") == 1);                 /* by its flanks, not across it */
}

static void an_end_is_joined_with_the_flank_it_points_at(void **state)
{
    (void)state;
    run("paint m at=3,10,20,57,10,20 size=7vox axis=ball as=a; paint a at=30,19,20,30,36,20 size=5vox axis=ball as=c", 0, NULL);
    assert_true(number("components c as=n", "count") == 2);
    assert_true(number("repair c as=r", "bridges") == 1 && number("components r as=n", "count") == 1);
    run("crop r 29:32,14:16,19:22 as=part", 0, NULL);                  /* between: y = 14, 15 over the axis */
    assert_true(number("info part stats=full", "min") == 1);
}

/* By the help's formula, of an end 8 voxels and more long that sees the flank straight, the flank's radius sqrt 13 and the end's sqrt 8:
 * s = -0.35 n - 0.7 (1 - sqrt (8 / 13)) + 0.12 b + 0.6 + 2, and 0.7 asks for s > 0.847.  Five voxels away from a smooth flank s = 0.70;
 * where a voxel of the vessel is left on it, 1.17. */
static void what_is_left_on_a_flank_counts(void **state)
{
    (void)state;
    run("paint m at=3,10,20,57,10,20 size=7vox axis=ball as=t; paint t at=30,21,20,30,37,20 size=5vox axis=ball as=c", 0, NULL);
    run("crop c 30:31,13:20,20:21 as=part", 0, NULL);
    assert_true(number("info part stats=full", "mean") * 7 == 2);      /* y = 14 to 18 are empty */
    assert_true(number("repair c as=r", "bridges") == 0);
    run("calc 'a || (y == 14 && (x - 30) * (x - 30) + (z - 20) * (z - 20) <= 6)' a=c as=c", 0, NULL);
    assert_true(number("repair c as=r", "bridges") == 1 && number("repair c as=r", "stubs") == 0);
}

/* Half a ring (radius of its axis; the vessel's: 2) broken at its top: both ends leave the line between them to the same side. */
static void a_bent_vessel_closes(void **state)
{
    (void)state;
    for (int big = 7; big <= 16; big += 3) {
        char line[300];
        snprintf(line, sizeof line, "calc '(sqrt((x - 30) * (x - 30) + (y - 8) * (y - 8)) - %d) * (sqrt((x - 30) * (x - 30) + (y - 8) * (y - 8)) - %d) + "
                 "(z - 20) * (z - 20) <= 4.5 && y > 7' a=m as=ring; calc 'a && (x < 28 || x > 31)' a=ring as=c", big, big);
        run(line, 0, NULL);
        assert_true(number("components c as=n", "count") == 2);
        assert_true(number("repair c as=r", "bridges") == 1 && number("components r as=n", "count") == 1);
    }
}

/* The whole is there again but for the stub's rounding: one piece, nothing outside of what it was, and the axis closed. */
static void whole_again(const char *cut, const char *whole)
{
    char line[200];
    run(cut, 0, NULL);
    assert_true(number("components c as=n", "count") == 2);
    assert_true(number("repair c as=r", "bridges") == 1 && number("components r as=n", "count") == 1);
    snprintf(line, sizeof line, "calc 'a && !b' a=r b=%s as=d", whole);
    run(line, 0, NULL);
    assert_true(number("info d stats=full", "max") == 0);
}

/* A branch of diameter 5 leaves a trunk of diameter 7 (surface at y = 13): what the cut leaves of it at the trunk is 3 voxels long. */
static void a_break_beside_a_junction_closes(void **state)
{
    (void)state;
    run("paint m at=3,10,20,57,10,20 size=7vox axis=ball as=w; paint w at=30,10,20,30,37,20 size=5vox axis=ball as=w", 0, NULL);
    whole_again("cut w at=30,18,20 width=3um as=c", "w");
    assert_true(number("components c as=n", "count") == 2);
    run("crop r 30:31,12:24,20:21 as=part", 0, NULL);
    assert_true(number("info part stats=full", "min") == 1);
    /* a rung between two trunks: stubs of 3 voxels on both sides */
    run("paint m at=3,8,20,57,8,20 size=7vox axis=ball as=w; paint w at=3,29,20,57,29,20 size=7vox axis=ball as=w; "
        "paint w at=30,8,20,30,29,20 size=5vox axis=ball as=w", 0, NULL);
    whole_again("calc 'a && !(y >= 16 && y < 22 && x > 20 && x < 40)' a=w as=c", "w");
}

/* What stands out of a smooth vessel by a voxel is its surface, not a stub. */
static void bumps_are_no_stubs(void **state)
{
    (void)state;
    run("paint m at=3,16,20,57,16,20 size=5vox axis=ball as=a; paint a at=3,23,20,57,23,20 size=5vox axis=ball as=a; "
        "paint a at=30,19,20 size=1vox as=c; paint c at=40,20,20 size=1vox as=c", 0, NULL);
    assert_true(number("repair c as=r", "gaps") == 0);
    /* a whole T, and an end farther away than a gap may be */
    run("paint m at=3,10,20,57,10,20 size=7vox axis=ball as=a; paint a at=30,10,20,30,22,20 size=5vox axis=ball as=a; paint a at=3,36,20,57,36,20 size=5vox axis=ball as=c", 0, NULL);
    assert_true(number("repair c as=r", "bridges") == 0 && differ("r", "c") == 0);
}

static void slices_of_z_are_steps_however_thick(void **state)
{
    (void)state;
    bind("m", VN_MASK, VN_U8, 60, 40, 40, 1, 5);
    run("paint m at=20,20,4,20,20,35 size=9um axis=ball as=rod; cut rod at=20,20,20 width=15um as=c", 0, NULL);
    assert_true(number("repair c gap=3vox as=r", "bridges") == 1 && differ("r", "rod") == 0);
    assert_true(number("repair c gap=2vox as=r", "bridges") == 0);
    assert_true(number("repair c gap=14um as=r", "bridges") == 0);
}

static void evidence_decides_between_two(void **state)
{
    (void)state;
    /* one end, two that it could go on to, alike but for their side */
    run("paint m at=5,20,20,24,20,20 size=5vox axis=ball as=c; paint c at=32,16,20,55,8,20 size=5vox axis=ball as=c; "
        "paint c at=32,24,20,55,32,20 size=5vox axis=ball as=c", 0, NULL);
    for (int side = 0; side < 2; side++) {
        char line[300];
        snprintf(line, sizeof line, "paint m at=26,20,20,31,%d,20 size=5vox axis=ball as=g; calc 'a || b ? 120 : 20' a=c b=g as=i", side ? 24 : 16);
        run(line, 0, NULL);
        assert_true(number("repair c image=i min_score=0.5 as=r", "bridges") == 1);
        assert_true(number("components r as=n", "count") == 2);
        /* the joined one: in one component with the first rod */
        snprintf(line, sizeof line, "keep r at=10,20,20 as=k; crop k 40:41,%d:%d,20:21 as=part", side ? 27 : 13, side ? 28 : 14);
        run(line, 0, NULL);
        assert_true(number("info part stats=full", "max") == 1);
    }
}

static void lost_slices_are_bridged_by_many(void **state)
{
    (void)state;
    bind("m", VN_MASK, VN_U8, 60, 40, 40, 1, 1);
    bind("none", VN_MASK, VN_U8, 60, 40, 40, 1, 1);
    run("paint m at=10,10,0,10,10,39 size=5vox axis=ball as=a; paint a at=30,12,0,30,12,39 size=5vox axis=ball as=a; "
        "paint a at=48,28,0,48,28,39 size=5vox axis=ball as=a; paint a at=20,30,0,20,30,39 size=5vox axis=ball as=a", 0, NULL);
    run("calc 'a && (z < 17 || z >= 24)' a=a as=c; calc 'a * 100' a=c as=i", 0, NULL);
    assert_true(number("repair c image=i as=r", "bridges") == 4 && differ("r", "a") == 0);
}

static void nothing_to_repair(void **state)
{
    (void)state;
    assert_true(number("repair m as=r", "bridges") == 0 && number("repair m as=r", "ends") == 0 && differ("r", "m") == 0);
    run("paint m at=5,5,5 size=1vox as=one", 0, NULL);
    assert_true(number("repair one as=r", "ends") == 0 && differ("r", "one") == 0);
    run("calc 'a == 0' a=m as=all", 0, NULL);
    assert_true(number("repair all as=r", "bridges") == 0 && differ("r", "all") == 0);
    /* a rod cut by the faces has no ends */
    run("paint m at=0,20,20,59,20,20 size=5vox axis=ball as=rod", 0, NULL);
    assert_true(number("repair rod as=r", "gaps") == 0);
    bind("flat", VN_MASK, VN_U8, 60, 40, 1, 1, 1);
    run("paint flat at=5,20,0,26,20,0 size=5vox as=f; paint f at=33,20,0,55,20,0 size=5vox as=f", 0, NULL);
    assert_true(number("repair f as=r", "bridges") == 1);
    bind("other", VN_IMAGE, VN_U8, 60, 40, 30, 1, 1);
    run("repair one image=other as=r", 1, "other");
    run("repair v as=r", 1, NULL);
}

static void the_same_on_any_number_of_threads(void **state)
{
    (void)state;
    run("phantom network dims=96x96x64 seed=5 noise=0.5 dropout=0.3 as=p; threshold p low=140 as=q", 0, NULL);
    vn_job_set_threads(1);
    run("repair q image=p as=one", 0, NULL);
    vn_job_set_threads(4);
    run("repair q image=p as=four", 0, NULL);
    run("calc 'a != b' a=one b=four as=d", 0, NULL);
    assert_true(number("info d stats=full", "max") == 0 && number("repair q image=p as=four", "bridges") > 0);
}

static void failing_allocations_are_reported(void **state)
{
    (void)state;
    run("paint m at=5,20,20,55,20,20 size=7vox axis=ball as=c; cut c at=30,20,20 width=4um as=c", 0, NULL);
    for (long k = 1, rc = 1; rc; k++) {
        assert_true(k < 400);
        vn_mem_fail_at(k);
        rc = vn_runner_line(r, "repair c image=v refuse=1 as=r");
        vn_mem_fail_at(0);
    }
}

static void a_region_is_repaired_by_itself(void **state)
{
    (void)state;
    run("paint m at=5,20,20,55,20,20 size=7vox axis=ball as=rod; cut rod at=30,20,20 width=4um as=c", 0, NULL);
    run("roi 10:50,10:30,10:30; repair c as=r; roi off", 0, "\"dims\":[40,20,20]");
    run("crop rod 10:50,10:30,10:30 as=part; calc 'a != b' a=r b=part as=d", 0, NULL);
    assert_true(number("info d stats=full", "max") == 0);
    run("roi 31:50,10:30,10:30", 0, NULL);                          /* what lies outside of it is not seen */
    assert_true(number("repair c as=r", "bridges") == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_straight_gap_is_filled_as_it_was, start, session_stop),
        cmocka_unit_test_setup_teardown(the_table_says_what_was_joined, start, session_stop),
        cmocka_unit_test_setup_teardown(parallel_neighbours_are_not_joined, start, session_stop),
        cmocka_unit_test_setup_teardown(an_end_is_joined_with_the_flank_it_points_at, start, session_stop),
        cmocka_unit_test_setup_teardown(what_is_left_on_a_flank_counts, start, session_stop),
        cmocka_unit_test_setup_teardown(a_bent_vessel_closes, start, session_stop),
        cmocka_unit_test_setup_teardown(a_break_beside_a_junction_closes, start, session_stop),
        cmocka_unit_test_setup_teardown(bumps_are_no_stubs, start, session_stop),
        cmocka_unit_test_setup_teardown(slices_of_z_are_steps_however_thick, start, session_stop),
        cmocka_unit_test_setup_teardown(evidence_decides_between_two, start, session_stop),
        cmocka_unit_test_setup_teardown(lost_slices_are_bridged_by_many, start, session_stop),
        cmocka_unit_test_setup_teardown(nothing_to_repair, start, session_stop),
        cmocka_unit_test_setup_teardown(failing_allocations_are_reported, start, session_stop),
        cmocka_unit_test_setup_teardown(a_region_is_repaired_by_itself, start, session_stop),
        cmocka_unit_test_setup_teardown(the_same_on_any_number_of_threads, start, session_stop),
    };
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
