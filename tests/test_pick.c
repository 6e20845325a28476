/* test_pick.c - what lies at a point.  Expected values by hand, or those of the table that measure makes. */
#include "session.h"
#include <float.h>
#include <unistd.h>

/* Arms of length 27.5 from (32, 32, 16) um, radius 3: the first to lower x, the second up at 60 degrees, the third down. */
static void nearest_segment(void **state)
{
    (void)state;
    session_run("phantom ybranch dims=64x64x32 radius=3 as=y");
    /* the middle of voxel 20,33,18 is 1.5 beside and 2.5 above the first arm */
    cJSON *o = session_json_of("pick y_graph at=20,33,18");
    assert_string_equal(cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), "kind")->valuestring, "segment");
    assert_true(session_number(o, "segment") == 0 && session_number(o, "degree_a") == 3 && session_number(o, "degree_b") == 1);
    assert_true(fabs(session_number(o, "length_um") - 27.5) < 1e-6);
    assert_true(fabs(session_number(o, "distance_um") - sqrt(1.5 * 1.5 + 2.5 * 2.5)) < 1e-6);
    cJSON *at = cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), "at");
    assert_true(cJSON_GetArrayItem(at, 0)->valueint == 20 && cJSON_GetArrayItem(at, 1)->valueint == 32 && cJSON_GetArrayItem(at, 2)->valueint == 16);
    cJSON_Delete(o);
    /* 0.5 right of and 8.5 above the branch: 8.5 cos 60 - 0.5 sin 60 from the second arm; the depth of 12.5 counts or not */
    const double beside = 8.5 * 0.5 - 0.5 * sqrt(0.75);
    o = session_json_of("pick y_graph at=32,40,3 along=z");
    assert_true(session_number(o, "segment") == 1 && fabs(session_number(o, "distance_um") - beside) < 1e-5);
    cJSON_Delete(o);
    o = session_json_of("pick y_graph at=32,40,3");
    assert_true(session_number(o, "segment") == 1 && fabs(session_number(o, "distance_um") - sqrt(beside * beside + 12.5 * 12.5)) < 1e-5);
    cJSON_Delete(o);
}

/* Every number of every segment is the one in the table. */
static void numbers_of_the_table(void **state)
{
    (void)state;
    struct vn_table *t;
    session_run("phantom network dims=64x64x64 seed=3 as=n");
    session_run("measure n_graph as=s");
    struct vn_obj *obj = vn_session_get(s, "s_segments");
    assert_non_null(obj);
    assert_int_equal(vn_obj_table(s, obj, &t, NULL, &err), 0);
    assert_true(t->n_row > 5);
    for (int64_t i = 0; i < t->n_row; i++) {
        char line[64];
        snprintf(line, sizeof line, "pick n_graph segment=%lld", (long long)i);
        cJSON *o = session_json_of(line);
        for (int c = 0; c < t->n_col; c++) {
            const double v = session_number(o, t->col[c].name), want = t->col[c].num[i];
            assert_true(fabs(v - want) <= DBL_EPSILON * fabs(want) || (isnan(v) && isnan(want)));    /* as near as cJSON prints */
        }
        cJSON_Delete(o);
    }
    vn_table_unref(t);
    vn_obj_unref(obj);
}

static void nodes(void **state)
{
    (void)state;
    session_run("phantom ybranch dims=64x64x32 radius=3 as=y");
    /* within the radius of the branch point, and within a voxel: a node; further out a segment, unless nodes are asked for */
    static const struct { const char *line, *key; int id; double distance; } row[] = {
        { "pick y_graph at=33,32,16", "node", 0, 1.6583123951777 },             /* (1.5, 0.5, 0.5) */
        { "pick y_graph at=28,31,15", "segment", 0, 0.70710678118655 },         /* 3.57 from the node */
        { "pick y_graph at=28,31,15 kind=node", "node", 0, 3.5707142142714 },   /* (3.5, 0.5, 0.5) */
        { "pick y_graph at=31,31,15 kind=segment", "segment", 0, 0.70710678118655 },
        { "pick y_graph at=0,32,15 kind=node", "node", 1, 4.0620192023180 },    /* the end at 4.5, 32, 16: (4, 0.5, 0.5) */
        { "pick y_graph node=0", "node", 0, 0 },
    };
    for (size_t i = 0; i < VN_COUNT(row); i++) {
        cJSON *o = session_json_of(row[i].line);
        assert_true(session_number(o, row[i].key) == row[i].id);
        assert_true(fabs(session_number(o, "distance_um") - row[i].distance) < 1e-6);
        cJSON_Delete(o);
    }
    cJSON *o = session_json_of("pick y_graph node=0");
    cJSON *meet = cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), "segments");
    assert_int_equal(cJSON_GetArraySize(meet), 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(cJSON_GetArrayItem(meet, i)->valueint, i);
    assert_true(session_number(o, "degree") == 3 && session_number(o, "radius_um") == 3);
    cJSON_Delete(o);
}

/* Two tubes of labels: pieces by hand. */
static void pieces_of_masks(void **state)
{
    (void)state;
    session_run("phantom empty dims=32x16x8 as=e");
    session_run("set e voxel=2x2x3um as=f");
    session_run("paint f at=4,4,4 size=1vox as=m");
    session_run("paint m at=5,4,4 size=1vox as=m");
    session_run("paint m at=20,8,4,23,8,4 size=1vox as=m");
    cJSON *o = session_json_of("pick m at=5,4,4");
    assert_true(session_number(o, "voxels") == 2 && session_number(o, "volume_um3") == 24 && session_number(o, "distance_um") == 0);
    cJSON_Delete(o);
    /* 2 voxels beside, 1 below: 4 um and 3 um away */
    o = session_json_of("pick m at=25,8,5 near=8um");
    assert_true(session_number(o, "voxels") == 4 && session_number(o, "distance_um") == 5);
    cJSON_Delete(o);
    assert_int_equal(session_run("pick m at=25,8,5"), 1);
    assert_non_null(strstr(out, "'m' is 0 (background) there"));
    session_run("components m as=l");
    o = session_json_of("pick l at=21,8,4");
    assert_true(session_number(o, "label") == 2 && session_number(o, "voxels") == 4);
    cJSON_Delete(o);
}

static void view_and_default(void **state)
{
    (void)state;
    session_run("phantom ybranch dims=64x64x32 radius=3 as=y");
    assert_int_equal(session_run("pick"), 1);
    assert_non_null(strstr(out, "at=x,y,z is needed"));
    session_run("show y; overlay y_graph; goto 20,32,16");
    cJSON *o = session_json_of("pick");
    assert_true(session_number(o, "segment") == 0);
    cJSON_Delete(o);
    struct vn_view v = vn_session_view(s);
    assert_string_equal(v.picked.of, "y_graph");
    assert_true(v.picked.kind == VN_PICK_SEGMENT && v.picked.id == 0 && v.at[0] == 20);
    session_run("pick node=1 go");
    v = vn_session_view(s);
    assert_true(v.picked.kind == VN_PICK_NODE && v.picked.id == 1 && v.at[0] == 4 && v.at[1] == 32 && v.at[2] == 16);
    session_run("pick off");
    assert_true(vn_session_view(s).picked.kind == VN_PICK_NONE);
    /* the graph that is drawn goes before a mask, a mask before a graph that is not */
    session_run("overlay remove y_graph; overlay y_mask");
    o = session_json_of("pick");
    assert_non_null(cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), "mask"));
    cJSON_Delete(o);
}

static char *text_of(const char *line)
{
    cJSON *o = session_json_of(line);
    char *text = strdup(cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), "text")->valuestring);
    cJSON_Delete(o);
    return text;
}

/* Pictures with and without it; a graph of another grid is refused in a picture and left out of the view. */
static void in_pictures(void **state)
{
    (void)state;
    session_run("phantom ybranch dims=64x64x32 radius=3 as=y; phantom empty dims=64x64x32 as=e; phantom tube dims=32x32x16 radius=3 as=t");
    char *plain = text_of("mip e plain"), *lines = text_of("mip e plain overlay=y_graph"), *above = text_of("slice e at=26 plain overlay=y_graph");
    char *slice = text_of("slice e at=26 plain");
    assert_string_not_equal(plain, lines);
    assert_string_equal(above, slice);                   /* 10 voxels above all vessels of radius 3 */
    free(above);
    free(slice);
    assert_int_equal(session_run("mip e overlay=t_graph"), 1);
    assert_non_null(strstr(out, "t_graph"));
    session_run("show e; crosshair off; layout 1 focus=mip");
    free(plain);
    plain = text_of("snap");
    session_run("overlay t_graph");
    above = text_of("snap");
    assert_string_equal(above, plain);
    session_run("overlay y_graph");
    slice = text_of("snap");
    assert_string_not_equal(slice, plain);
    session_run("overlay off");
    free(above);
    above = text_of("snap");
    assert_string_equal(above, plain);
    free(plain);
    free(lines);
    free(above);
    free(slice);
}

/* Without a voxel size: voxels, taken as cubes.  A line of voxels along x, at y 8, z 4. */
static void without_voxel_size(void **state)
{
    static const char header[] = "\x93NUMPY\x01\x00v\x00{'descr': '|u1', 'fortran_order': False, 'shape': (8, 16, 32), }";
    static char npy[128 + 32 * 16 * 8];
    char path[64], line[200];
    (void)state;
    memset(npy, ' ', 127);
    memcpy(npy, header, sizeof header - 1);
    npy[127] = '\n';
    memset(npy + 128 + (4 * 16 + 8) * 32 + 4, 1, 24);
    snprintf(path, sizeof path, "/tmp/venule_pick_%d.npy", (int)getpid());
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(npy, 1, sizeof npy, f), sizeof npy);
    fclose(f);
    snprintf(line, sizeof line, "open %s as=v; set v kind=mask as=m; graph m as=g", path);
    assert_int_equal(session_run(line), 0);
    cJSON *o = session_json_of("pick g at=10,9,6");
    assert_true(fabs(session_number(o, "length_vox") - 23) < 0.5);      /* from end to end, to half a voxel */
    assert_true(fabs(session_number(o, "distance_vox") - sqrt(5)) < 1e-6);
    cJSON_Delete(o);
    o = session_json_of("pick m at=10,9,5 near=2vox");
    assert_true(session_number(o, "voxels") == 24 && fabs(session_number(o, "distance_vox") - sqrt(2)) < 1e-12);
    assert_null(cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), "volume_um3"));
    cJSON_Delete(o);
    remove(path);
}

static void refusals(void **state)
{
    (void)state;
    static const struct { const char *line, *says; } row[] = {
        { "pick y_graph segment=3", "segment=3: 'y_graph' has 3 of them" },
        { "pick y_graph node=0 segment=0", "give either segment or node" },
        { "pick y_mask segment=0 at=1,1,1", "'y_mask' is a mask" },
        { "pick y_mask at=64,0,0", "x=64 is outside 'y_mask'" },
        { "pick y_mask at=0,0,0 near=65vox", "64 is the limit" },
        { "pick y_graph at=0,0,0 near=2um", "no segment within near=2um" },
        { "overlay y_graph g2", "two graphs are named" },
        { "overlay remove y_graph", "'y_graph' is not drawn" },
    };
    session_run("phantom ybranch dims=64x64x32 radius=3 as=y");
    session_run("graph y_mask as=g2");
    for (size_t i = 0; i < VN_COUNT(row); i++) {
        assert_int_equal(session_run(row[i].line), 1);
        if (!strstr(out, row[i].says))
            fail_msg("%s: %s", row[i].line, out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nearest_segment, session_json, session_stop),
        cmocka_unit_test_setup_teardown(numbers_of_the_table, session_json, session_stop),
        cmocka_unit_test_setup_teardown(nodes, session_json, session_stop),
        cmocka_unit_test_setup_teardown(pieces_of_masks, session_json, session_stop),
        cmocka_unit_test_setup_teardown(view_and_default, session_json, session_stop),
        cmocka_unit_test_setup_teardown(in_pictures, session_json, session_stop),
        cmocka_unit_test_setup_teardown(without_voxel_size, session_json, session_stop),
        cmocka_unit_test_setup_teardown(refusals, session_json, session_stop),
    };
    vn_mem_init(1u << 30);
    assert_int_equal(vn_job_init(2, &err), 0);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return failed;
}
