/* cut, bridge, proposals, review, as typed. Expected counts are lattice points: a rod of radius 3.5 voxels has the 37 with
 * y2 + z2 <= 12 in a plane (1 + 4 + 4 + 4 + 8 + 4 + 4 + 8 of 0 1 2 4 5 8 9 10), its round end 37, 25 and 9 in three more. */
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

static int start(void **state)
{
    session_json(state);
    bind("m", VN_MASK, VN_U8, 60, 40, 40, 1, 1);
    bind("bare", VN_MASK, VN_U8, 60, 40, 40, 0, 0);
    bind("l", VN_LABELS, VN_U16, 60, 40, 40, 1, 1);
    run("paint m at=5,20,20,25,20,20 size=7vox axis=ball as=two; paint two at=35,20,20,55,20,20 size=7vox axis=ball as=two", 0, NULL);
    run("paint m at=5,10,20,55,10,20 size=7vox axis=ball as=h; paint h at=5,30,20,55,30,20 size=7vox axis=ball as=h; "
        "paint h at=30,10,20,30,30,20 size=5vox axis=ball as=h", 0, NULL);
    return 0;
}

/* Voxels of the named volume in a box that are not 0. */
static int64_t set(const char *name, int x0, int x1, int y0, int y1)
{
    const struct vn_box part = { { x0, y0, 0 }, { x1, y1, 40 } };
    struct vn_obj *o = vn_session_get(s, name);
    struct vn_vol *v = NULL;
    struct vn_buf b;
    int64_t n = 0;
    assert_non_null(o);
    assert_int_equal(vn_obj_vol(s, o, &v, NULL, &err), 0);
    vn_obj_unref(o);
    assert_int_equal(vn_buf_new(&b, VN_U32, &part, &err), 0);
    assert_int_equal(vn_vol_read(v, VN_PAD_ZERO, &b, NULL, &err), 0);
    for (uint64_t i = 0; i < vn_box_count(&part); i++)
        n += ((const uint32_t *)b.data)[i] != 0;
    vn_buf_free(&b);
    vn_vol_unref(v);
    return n;
}

static int64_t all(const char *name) { return set(name, 0, 60, 0, 40); }

static void a_cut_across_is_one_plane_of_a_straight_vessel(void **state)
{
    (void)state;
    run("cut two at=15,20,20 as=c", 0, "\"middle\":[15,20,20]");
    run("cut two at=15,22,21 as=c", 0, "\"removed\":37");
    assert_true(set("c", 15, 16, 0, 40) == 0 && set("c", 14, 15, 0, 40) == 37 && set("c", 16, 17, 0, 40) == 37);
    run("components c as=n", 0, "\"count\":3");
    run("cut two at=15,20,20 width=3um as=c", 0, "\"removed\":111");
    run("cut two at=15,28,20 as=c", 1, "is 0 (background) there");
    run("cut two at=15,25,20 near=2 as=c", 0, "\"removed\":37");
    /* askew, in voxels longer along z, and without a voxel size: parted for 26 neighbours all the same */
    run("paint m at=10,8,8,40,32,30 size=6vox axis=ball as=d; cut d at=25,20,19 as=c; components c as=n", 0, "\"count\":2");
    run("paint bare at=10,8,8,40,32,30 size=6vox axis=ball as=d; cut d at=25,20,19 as=c; components c as=n", 0, "\"count\":2");
    bind("flat", VN_MASK, VN_U8, 60, 40, 20, 1, 2.5);
    run("paint flat at=10,8,4,40,32,13 size=8um axis=ball as=d; components d as=n", 0, "\"count\":1");
    run("cut d at=25,20,8 as=c; components c as=n", 0, "\"count\":2");
    run("cut two as=c", 1, "give segment= with graph=");
    run("cut two segment=1 as=c", 1, "give segment= with graph=");
}

static void a_segment_is_cut_out_between_its_branch_points(void **state)
{
    (void)state;
    run("graph h as=g", 0, "\"segments\":5");
    run("cut h at=30,20,20 graph=g as=c", 0, "\"segment\":");
    cJSON *o = session_json_of("cut h at=30,20,20 graph=g as=c");
    char line[100];
    snprintf(line, sizeof line, "cut h segment=%.0f graph=g as=c2", session_number(o, "segment"));
    cJSON_Delete(o);
    run(line, 0, "\"removed\":");
    assert_int_equal(all("c"), all("c2"));
    run("components c as=n", 0, "\"count\":2");
    assert_int_equal(set("c", 0, 60, 15, 26), 0);                  /* the rung between the rods, which reach 3 from 10 and 30 */
    /* away from the branch points the rods are whole */
    assert_true(set("c", 0, 25, 0, 40) == set("h", 0, 25, 0, 40) && set("c", 36, 60, 0, 40) == set("h", 36, 60, 0, 40));
    assert_true(set("c", 25, 36, 0, 14) >= 11 * 37);
    run("cut h segment=5 graph=g as=c", 1, "segment=5: 'g' has 5 segments, numbered from 0");
    run("skeleton h as=line; graph line as=thin; cut h segment=0 graph=thin as=c", 1, "the graph has no radii");
    /* an end segment goes with its tip */
    run("cut h at=8,10,20 graph=g as=c", 0, NULL);
    assert_int_equal(set("c", 0, 20, 0, 20), 0);
}

static void a_bridge_is_as_wide_as_its_ends(void **state)
{
    (void)state;
    const int64_t before = all("two");
    /* nine planes of 37 less the six of the round ends: 333 - 2 (37 + 25 + 9) */
    run("bridge two from=25,20,20 to=35,20,20 as=b", 0, "\"voxels\":191}");
    assert_true(all("b") == before + 191 && set("b", 30, 31, 0, 40) == 37);
    run("bridge two from=28,20,20 to=32,20,20 as=b", 0, "\"voxels\":191}");     /* from tip to tip: uphill the vessel is as wide */
    run("bridge two from=30,20,20 to=34,20,20 near=2 as=b", 0, "\"from\":[28,20,20]");
    run("bridge two from=30,20,20 to=34,20,20 near=1 as=b", 1, "within 1 voxels: a bridge joins two ends");
    run("bridge two from=25,20,20 to=35,20,20 radius=1um as=b", 0, "\"voxels\":15}");   /* planes 29 to 31 of 5 */
    run("bridge two from=25,20,20 as=b", 1, "give from= and to=, or ends= with graph=");
    /* a cone: radii 3.6 and sqrt 2 at x = 25 and 45: it is 2.72 at 33, where y2 + z2 <= 7.4 has 21 */
    run("paint m at=5,20,20,25,20,20 size=7vox axis=ball as=d; paint d at=45,20,20,55,20,20 size=2vox axis=ball as=d", 0, NULL);
    run("bridge d from=25,20,20 to=45,20,20 as=b", 0, "\"voxels\":");
    assert_true(set("b", 33, 34, 0, 40) == 21 && set("b", 46, 47, 0, 40) == 5);
    run("graph two as=g; bridge two graph=g ends=0,9 as=b", 1, "ends=0,9: 'g' has 4 nodes, numbered from 0");
    run("bridge two graph=g ends=1 as=b", 1, "expected the numbers of two nodes");
    run("bridge two graph=g ends=1,2 as=b; components b as=n", 0, "\"count\":1");
    run("paint l at=5,20,20,25,20,20 size=7vox axis=ball value=300 as=k; paint k at=35,20,20,55,20,20 size=7vox axis=ball value=9 as=k", 0, NULL);
    run("bridge k from=25,20,20 to=35,20,20 as=b; recolour b at=30,20,20 value=1 as=b", 0, "\"was\":300");
    run("bridge k from=25,20,20 to=35,20,20 value=5 as=b; recolour b at=30,20,20 value=1 as=b", 0, "\"was\":5");
}

static void proposals_are_decided_one_by_one(void **state)
{
    (void)state;
    /* a third rod that points at the middle of the gap, farther off than the gap is wide; a speck of 9 and one of 1 */
    run("paint two at=30,34,20,30,38,20 size=5vox axis=ball as=t; paint t at=5,5,5 size=3vox as=t; paint t at=55,5,35 size=1vox as=t", 0, NULL);
    run("proposals t min_score=0.5", 0, "\"bridges\":1,\"specks\":2,\"gap\":\"12vox\"}");
    char path[60], line[100];
    snprintf(path, sizeof path, "/tmp/venule_test_mend_%d.csv", (int)getpid());
    snprintf(line, sizeof line, "save t_proposals %s force", path);
    run(line, 0, "\"rows\":3");
    FILE *f = fopen(path, "r");
    char head[200], row[200];
    double x[6], radius[2], score;
    assert_non_null(f);
    assert_non_null(fgets(head, sizeof head, f));
    while (head[0] == '#')
        assert_non_null(fgets(head, sizeof head, f));
    assert_non_null(fgets(row, sizeof row, f));
    fclose(f);
    unlink(path);
    assert_string_equal(head, "kind,x,y,z,x2,y2,z2,radius_um,radius2_um,score,voxels,state\n");
    assert_int_equal(sscanf(row, "bridge,%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf,", &x[0], &x[1], &x[2], &x[3], &x[4], &x[5], &radius[0], &radius[1], &score), 9);
    assert_true(fabs(x[1] - 20) < 0.1 && fabs(x[2] - 20) < 0.1 && x[0] < 28 && x[3] > 32);
    /* three voxels between two rods that point at each other, each of more than 8 voxels of skeleton, and wide */
    assert_true(fabs(radius[0] - sqrt(13)) < 1e-3 && fabs(radius[1] - sqrt(13)) < 1e-3);
    assert_true(fabs(log(score / (1 - score)) - (0.8 - 0.57 * 3 + 3.5 + 2.8 * 2)) < 0.03);
    run("review t_proposals t accept=4", 1, "accept=4: 't_proposals' has 3 proposals");
    run("review t_proposals t", 1, "accept=N or reject=N");
    run("review t_proposals t reject=2", 0, "\"kind\":\"speck\",\"state\":\"rejected\",\"open\":2}");
    run("review t_proposals t accept=2", 1, "proposal 2 is rejected already");
    const int64_t before = all("t");
    run("review t_proposals t accept=1", 0, "\"state\":\"accepted\",\"open\":1}");
    assert_int_equal(set("t", 30, 31, 0, 30), 37);
    assert_true(all("t") > before + 180);
    run("undo; review t_proposals t accept=1", 0, "\"open\":1}");      /* mask and table went back together */
    run("review t_proposals t accept=3", 0, "\"kind\":\"speck\",\"voxels\":9,\"state\":\"accepted\",\"open\":0}");
    assert_int_equal(set("t", 0, 10, 0, 10), 0);
    run("proposals t min_score=0.5 as=p", 0, "\"bridges\":0,\"specks\":1");
    run("paint t at=55,6,35,55,7,35 size=1vox as=t; review p t accept=1", 1, "is now a piece of 3 voxels, not the speck of 1");
    run("erase t at=55,5,35 size=9vox as=t; review p t accept=1", 1, "is no longer there");
    run("proposals t min_score=0.5 speck=0 as=p", 0, "\"bridges\":0,\"specks\":0");
    run("graph t as=g2; measure g2 as=q; review q t accept=1", 1, "'q' is no table of proposals: it has no column 'kind'");
    vn_session_evict_all(s);
    assert_true(all("t") > before);
}

static void failing_allocations_are_reported(void **state)
{
    static const char *const line[] = { "cut two at=15,20,20 as=c", "cut h at=30,20,20 graph=g as=c", "bridge two from=25,20,20 to=35,20,20 as=b",
                                        "proposals two as=p", "review pp two accept=1 as=c" };
    (void)state;
    run("graph h as=g; graph two as=g2; proposals two as=pp", 0, "\"bridges\":1");
    for (size_t i = 0; i < VN_COUNT(line); i++)
        for (long k = 1, rc = 1; rc; k++) {
            assert_true(k < 400);
            vn_mem_fail_at(k);
            rc = vn_runner_line(r, line[i]);
            vn_mem_fail_at(0);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_cut_across_is_one_plane_of_a_straight_vessel, start, session_stop),
        cmocka_unit_test_setup_teardown(a_segment_is_cut_out_between_its_branch_points, start, session_stop),
        cmocka_unit_test_setup_teardown(a_bridge_is_as_wide_as_its_ends, start, session_stop),
        cmocka_unit_test_setup_teardown(proposals_are_decided_one_by_one, start, session_stop),
        cmocka_unit_test_setup_teardown(failing_allocations_are_reported, start, session_stop),
    };
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
