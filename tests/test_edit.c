/* paint, erase, delete, keep, fill, recolour, lift, as typed. Expected counts are lattice points counted by hand. */
#include "points.h"
#include "session.h"
#include <unistd.h>

/* A volume of zeros. */
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

static int start(void **state)
{
    session_json(state);
    bind("m", VN_MASK, VN_U8, 20, 20, 20, 1, 1);
    bind("flat", VN_MASK, VN_U8, 20, 20, 9, 1, 2);
    bind("fine", VN_MASK, VN_U8, 20, 20, 9, 0.35, 1);
    bind("bare", VN_MASK, VN_U8, 20, 20, 9, 0, 0);
    bind("l", VN_LABELS, VN_U16, 20, 20, 9, 1, 1);
    bind("v", VN_IMAGE, VN_F32, 20, 20, 9, 1, 1);
    return 0;
}

/* `want` has to be in what is printed by this line. */
static void run(const char *line, int rc, const char *want)
{
    const size_t from = n_out, said = n_msg;
    assert_int_equal(session_run(line), rc);
    if (want && !strstr(out + from, want) && !strstr(msg + said, want))
        fail_msg("'%s' printed %s, not %s", line, out + from, want);
}

/* A reference to the named volume's content. */
static struct vn_vol *volume(const char *name)
{
    struct vn_obj *o = vn_session_get(s, name);
    struct vn_vol *v = NULL;
    assert_non_null(o);
    assert_int_equal(vn_obj_vol(s, o, &v, NULL, &err), 0);
    vn_obj_unref(o);
    return v;
}

/* Of the named volume, or of a part of it, as u32. */
static struct vn_buf voxels(const char *name, const struct vn_box *part)
{
    struct vn_vol *v = volume(name);
    struct vn_buf b;
    assert_int_equal(vn_buf_new(&b, VN_U32, part ? part : &v->box, &err), 0);
    assert_int_equal(vn_vol_read(v, VN_PAD_ZERO, &b, NULL, &err), 0);
    vn_vol_unref(v);
    return b;
}

static int at(const char *name, int x, int y, int z)
{
    const struct vn_box one = { { x, y, z }, { x + 1, y + 1, z + 1 } };
    struct vn_buf b = voxels(name, &one);
    const uint32_t value = *(const uint32_t *)b.data;
    vn_buf_free(&b);
    return (int)value;
}

static int64_t set(const char *name)
{
    struct vn_buf b = voxels(name, NULL);
    int64_t n = 0;
    for (uint64_t i = 0; i < vn_box_count(&b.box); i++)
        n += ((const uint32_t *)b.data)[i] != 0;
    vn_buf_free(&b);
    return n;
}

static void a_dab_is_the_lattice_points_of_a_disc_or_ball(void **state)
{
    (void)state;
    run("paint m at=10,10,5 size=1vox as=a", 0, "\"voxels\":1,");
    run("paint m at=10,10,5 size=5vox as=a", 0, "\"voxels\":21,");        /* squared distances 0 1 2 4 5: 1 + 4 + 4 + 4 + 8 */
    assert_int_equal(set("a"), 21);
    assert_true(at("a", 12, 11, 5) == 1 && at("a", 12, 12, 5) == 0 && at("a", 10, 10, 4) == 0);
    run("paint m at=10,10,10 size=4vox axis=ball as=a", 0, "\"voxels\":33,");    /* 0 1 2 3 4: 1 + 6 + 12 + 8 + 6 */
    run("paint m at=3,10,5 size=3vox axis=x as=a", 0, "\"voxels\":9,");
    assert_true(at("a", 3, 11, 6) == 1 && at("a", 4, 10, 5) == 0);
    run("paint m at=0,0,0 size=5vox as=a", 0, "\"voxels\":8,");            /* a quarter of the disc, its edges included */
    run("paint m at=10,10,5 size=5vox as=a; paint a at=10,10,5 size=3vox as=a", 0, "\"voxels\":0,");
}

static void a_brush_is_round_in_the_tissue(void **state)
{
    (void)state;
    run("paint flat at=10,10,4 size=4um axis=ball as=a", 0, "\"voxels\":15,");   /* x2 + y2 + 4 z2 <= 4: 13 + 1 + 1 */
    run("paint flat at=10,10,4 size=4 axis=ball as=a", 0, "\"brush\":\"4 um\"");
    run("paint flat at=10,10,4 size=4vox axis=ball as=a", 0, "\"voxels\":33,");
    run("paint flat at=10,10,4 size=4um axis=y as=a", 0, "\"voxels\":7,");       /* x2 + 4 z2 <= 4: 5 + 1 + 1 */
    run("paint fine at=10,10,4 size=1.4um as=a", 0, "\"voxels\":13,");           /* 0.7 um are two voxels, reached: 0 1 2 4 */
    run("paint bare at=10,10,4 size=4 as=a", 0, "\"brush\":\"4 voxels\"");
    run("paint bare at=10,10,4 size=4um as=a", 1, "the voxel size is not known");
}

static void a_stroke_joins_its_points(void **state)
{
    (void)state;
    run("paint m at=2,5,3,10,5,3 size=3vox as=a", 0, "\"voxels\":33,");          /* three rows of x 1..11 */
    assert_true(at("a", 1, 4, 3) == 1 && at("a", 11, 6, 3) == 1 && at("a", 12, 5, 3) == 0 && at("a", 6, 7, 3) == 0);
    run("paint m at=0,0,0,4,4,0 size=1vox as=a", 0, "\"voxels\":5,");            /* beside the diagonal: 0.71 away */
    run("paint m at=0,0,0,4,4,4 size=1vox axis=ball as=a", 0, "\"voxels\":5,");
    run("paint m at=2,2,0,6,2,0,6,6,0 size=1vox as=a", 0, "\"voxels\":9,");      /* an elbow */
    run("paint m at=2,2,0,6,2,1 size=1vox as=a", 1, "the points go from z=0 to 1");
    run("paint m at=2,2,0,6,2 size=1vox as=a", 1, "expected points");
    run("paint m at=2,2,0,20,2,0 size=1vox as=a", 1, "x=20 is outside 'm', which covers 0 to 19 there");
}

/* Steps as in source maps: C is 1, D -1, E 2, F -2, gB 16, hB -16. */
static void steps_say_the_same_as_points(void **state)
{
    (void)state;
    run("paint m at=2,5,3~x:QA size=3vox as=a", 0, "\"voxels\":33,");            /* 2 to 10, and once more the same */
    run("paint a at=2,5,3,10,5,3 size=3vox as=a", 0, "\"voxels\":0,");
    run("paint m at=18,2,3~xz:hBC size=1vox axis=ball as=a; paint m at=18,2,3,2,2,4 size=1vox axis=ball as=b", 0, NULL);
    assert_true(set("a") == set("b") && at("a", 18, 2, 3) && at("a", 2, 2, 4));
    run("paint m at=2,2,2~xyz:CEGDFH size=1vox axis=ball as=a", 0, NULL);
    assert_true(at("a", 3, 4, 5) && at("a", 2, 2, 2));
    static const char *const bad[] = { "2,2,2~:C", "2,2,2~xy:C", "2,2,2~xy:", "2,2,2~yx:CC", "2,2~xy:CC", "2,2,2,3,3,3~xy:CC", "2,2,2~xy:g", "2,2,2~xy:C*",
                                       "2,2,2~xy:ggggggggggC" };
    for (size_t i = 0; i < VN_COUNT(bad); i++) {
        char line[100];
        snprintf(line, sizeof line, "paint m at=%s size=1vox as=a", bad[i]);
        run(line, 1, "expected points");
    }
    run("paint m at=2,2,2~x:hB size=1vox as=a", 1, "x=-14 is outside");
    const double there[] = { 18, 2, 3, 2, 2, 4, 3, 2, 4 }, two[] = { 1, 2, 3, 4, 5, 6 };
    struct vn_str b = { 0 };
    vn_points_print(there, 3, &b);
    vn_str_add(&b, " ");
    vn_points_print(two, 2, &b);
    assert_string_equal(b.s, "18,2,3~xz:hBCCA 1,2,3,4,5,6");
    vn_str_free(&b);
}

static void erase_and_values(void **state)
{
    (void)state;
    run("paint m at=2,5,3,10,5,3 size=3vox as=a; erase a at=6,5,3 size=1vox as=a", 0, "\"voxels\":1,");
    assert_int_equal(set("a"), 32);
    run("paint l at=5,5,2 size=3vox value=700 as=l2; paint l2 at=6,5,2 size=1vox value=8 as=l2", 0, "\"voxels\":1,");
    assert_true(at("l2", 5, 5, 2) == 700 && at("l2", 6, 5, 2) == 8 && at("l", 5, 5, 2) == 0);
    run("paint l at=5,5,2 size=3vox value=70000", 1, "value=70000 does not fit the labels of 'l', which are of type u16");
    run("paint m at=5,5,2 size=3vox value=2", 1, "the voxels of a mask are 0 or 1");
    run("erase v at=5,5,2 size=3vox", 1, NULL);
}

static void an_image_starts_an_empty_mask(void **state)
{
    (void)state;
    run("paint v at=5,5,2 size=3vox as=truth", 0, "starting from an empty mask on its grid");
    assert_int_equal(set("truth"), 9);
    struct vn_vol *v = volume("truth");
    assert_true(v->kind == VN_MASK && v->box.hi[2] == 9);
    vn_vol_unref(v);
    run("roi 4:8,4:8,0:9; paint v at=5,5,2 size=3vox as=part; paint truth at=15,15,2 size=1vox as=truth; roi off", 0, NULL);
    assert_int_equal(set("truth"), 10);          /* an edit of a mask is not cut by the region */
    v = volume("part");
    assert_true(v->box.lo[0] == 4 && v->box.hi[0] == 8);
    vn_vol_unref(v);
}

static void components_are_taken_by_a_point(void **state)
{
    (void)state;
    /* a row of 5, one of 3 that touches it by a corner, and one voxel far away */
    run("paint m at=2,2,2,6,2,2 size=1vox as=a; paint a at=7,3,3,9,3,3 size=1vox as=a; paint a at=15,15,15 size=1vox as=a", 0, NULL);
    run("delete a at=4,2,2 as=b", 0, "\"removed\":8");
    assert_true(set("b") == 1 && at("b", 15, 15, 15) == 1);
    run("delete a at=4,2,2 connectivity=18 as=b", 0, "\"removed\":5");
    run("keep a at=8,3,3 connectivity=6 as=b", 0, "\"removed\":6");
    assert_true(set("b") == 3 && at("b", 7, 3, 3) == 1);
    run("delete a at=3,5,2 as=b", 1, "at=3,5,2: 'a' is 0 (background) there");
    run("delete a at=3,4,2 near=2 as=b", 0, "\"at\":[3,2,2]");
    run("delete a at=3,2,4 near=2 axis=z as=b", 1, "'a' is 0 (background) there and within 2 voxels");
    run("delete a at=3,2,4 near=2 as=b", 0, "\"at\":[3,2,2]");
    run("delete a at=20,2,2", 1, "x=20 is outside");
    run("paint l at=2,2,2 size=3vox value=7 as=k; paint k at=12,2,2 size=3vox value=7 as=k; paint k at=6,6,2 size=1vox value=9 as=k", 0, NULL);
    run("delete k at=2,2,2 as=b", 0, "\"removed\":18");          /* the label, wherever it is */
    assert_true(set("b") == 1 && at("b", 6, 6, 2) == 9);
    run("keep k at=6,6,2 as=b", 0, "\"removed\":18");
}

/* 200 points in one command; the same bytes from one thread and four, and again from the recipe. */
static void long_strokes_fit_and_are_made_again(void **state)
{
    char line[8192];
    size_t n = (size_t)snprintf(line, sizeof line, "paint m size=3vox axis=ball as=a at=");
    (void)state;
    for (int i = 0; i < 200; i++)
        n += (size_t)snprintf(line + n, sizeof line - n, "%s%d,%d,%d", i ? "," : "", (i * 7) % 20, (i * 3) % 20, i / 10);
    vn_job_set_threads(1);
    run(line, 0, "\"ok\":true");
    struct vn_buf one = voxels("a", NULL);
    vn_job_set_threads(4);
    run(line, 0, "\"ok\":true");
    struct vn_buf four = voxels("a", NULL);
    assert_memory_equal(one.data, four.data, 32000);
    run("erase a at=5,5,5 size=6vox axis=ball as=a; keep a at=0,0,0 near=3 as=a", 0, NULL);
    struct vn_buf kept = voxels("a", NULL);
    vn_session_evict_all(s);
    const uint64_t remade = vn_session_n_remade(s);
    struct vn_buf again = voxels("a", NULL);
    assert_true(vn_session_n_remade(s) > remade);
    assert_memory_equal(kept.data, again.data, 32000);
    for (int i = 0; i < 4; i++)
        vn_buf_free((struct vn_buf *[]){ &one, &four, &kept, &again }[i]);
    vn_job_set_threads(2);
    n = (size_t)snprintf(line, sizeof line, "paint m size=1vox at=0,0,0");
    char *many = malloc(VN_MAX_POINTS * 6 + 100);
    strcpy(many, line);
    for (int i = 0; i < VN_MAX_POINTS; i++, n += 6)
        strcpy(many + n, ",0,0,0");
    run(many, 1, "at has 4097 points, more than 4096");
    free(many);
}

/* Each state holds the blocks of 32 x 32 x 32 voxels that its edit changed, and of their layers a table of 16 bytes a block: 100 x 70 x 40
 * voxels are 4 x 3 x 2 of them. */
static void a_state_holds_what_its_edit_changed(void **state)
{
    struct vn_obj *each[40];
    (void)state;
    bind("big", VN_MASK, VN_U8, 100, 70, 40, 1, 1);
    for (int i = 0; i < 40; i++) {
        char line[100];
        snprintf(line, sizeof line, "paint %s at=%d,%d,35 size=1vox as=a", i ? "a" : "big", 2 * i, i);
        run(line, 0, "\"voxels\":1,");
        each[i] = vn_session_get(s, "a");
        assert_int_equal(vn_obj_mem(s, each[i]), 32768 + 2 * 8 + 8 + 12 * 16);
    }
    run("paint a at=0,0,0,99,69,39 size=1vox axis=ball as=b; paint b at=0,0,0 size=1vox as=c", 0, "\"voxels\":0,");
    struct vn_obj *same = vn_session_get(s, "c");
    assert_int_equal(vn_obj_mem(s, same), 2 * 8);
    for (int i = 0; i < 40; i++) {
        struct vn_vol *v = vn_obj_peek(s, each[i]);
        struct vn_buf b = { 0 };
        int64_t n = 0;
        assert_non_null(v);
        assert_int_equal(vn_vol_map(v, VN_U8, &v->box, VN_PAD_ZERO, &b, NULL, &err), 0);
        for (int k = 0; k < 100 * 70 * 40; k++)
            n += ((const uint8_t *)b.data)[k];
        assert_int_equal(n, i + 1);
        vn_buf_free(&b);
        vn_vol_unref(v);
        vn_obj_unref(each[i]);
    }
    vn_obj_unref(same);
}

/* Edits go across the edges of blocks, and of odd volumes whose last blocks are cut. */
static void blocks_meet_without_seams(void **state)
{
    (void)state;
    bind("big", VN_MASK, VN_U8, 100, 70, 40, 1, 1);
    run("paint big at=31,31,31 size=4vox axis=ball as=a", 0, "\"voxels\":33,");
    run("erase a at=32,32,31 size=2vox axis=ball as=a", 0, "\"voxels\":5,");   /* of its 7 voxels those with d2 <= 4 from 31,31,31 */
    run("paint big at=99,69,39 size=4vox axis=ball as=a", 0, "\"voxels\":11,");   /* an octant: 1 + 3 + 3 + 1 + 3 */
    run("paint big at=5,40,20,95,40,20 size=1vox as=a; paint a at=40,5,20,40,65,20 size=1vox as=a", 0, "\"voxels\":60,");
    assert_int_equal(set("a"), 151);
    run("delete a at=95,40,20 as=b", 0, "\"removed\":151");
    run("paint a at=0,0,0 size=1vox as=a; delete a at=0,0,0 as=b", 0, "\"removed\":1}");
    run("keep a at=0,0,0 as=b", 0, "\"removed\":151");
    assert_int_equal(set("b"), 1);
}

static void the_enclosed_background_is_filled(void **state)
{
    (void)state;
    bind("big", VN_MASK, VN_U8, 100, 70, 40, 1, 1);
    run("paint m at=5,5,3,10,5,3,10,10,3,5,10,3,5,5,3 size=1vox as=a", 0, "\"voxels\":20,");
    run("fill a at=7,7,3 as=b", 0, "\"voxels\":16}");
    assert_true(set("b") == 36 && at("b", 6, 9, 3) == 1 && at("b", 7, 7, 4) == 0);
    run("fill a at=7,7,3 axis=ball as=b", 1, "is no cavity of 'a', it reaches the border of the volume (axis=z fills in one slice)");
    run("fill a at=2,2,3 as=b", 1, "is not enclosed by 'a' in the slice z=3, it reaches the border");
    run("fill a at=7,7,4 as=b", 1, "is not enclosed");
    run("fill a at=5,7,3 as=b", 1, "'a' is 1 there, and fill takes a point of the background");
    run("fill a at=7,7,3 value=2 as=b", 1, "the voxels of a mask are 0 or 1");
    run("fill a at=7,7,20 as=b", 1, "z=20 is outside 'a'");
    /* a corner is no gap: the background goes by faces */
    run("erase a at=5,5,3 size=1vox as=d; fill d at=7,7,3 as=b", 0, "\"voxels\":16}");
    run("erase a at=5,6,3 size=1vox as=d; fill d at=7,7,3 as=b", 1, "not enclosed");
    run("paint m at=8,5,5,8,10,5,8,10,10,8,5,10,8,5,5 size=1vox axis=x as=x; fill x at=8,7,7 axis=x as=b", 0, "\"voxels\":16}");
    run("paint m at=5,8,5,10,8,5,10,8,10,5,8,10,5,8,5 size=1vox axis=y as=y; fill y at=7,8,7 axis=y as=b", 0, "\"voxels\":16}");
    /* a shell around 19 voxels (squared distances 0 1 2: 1 + 6 + 12), where eight blocks meet */
    run("paint big at=32,32,16 size=7vox axis=ball as=c; erase c at=32,32,16 size=3vox axis=ball as=c", 0, "\"voxels\":19,");
    run("fill c at=32,32,16 axis=ball as=b", 0, "\"voxels\":19}");
    run("fill c at=90,60,30 axis=ball as=b", 1, "is no cavity");
    /* wider than what is looked at first */
    run("paint big at=2,2,5,97,2,5,97,67,5,2,67,5,2,2,5 size=1vox as=w; fill w at=50,30,5 as=b", 0, "\"voxels\":6016}");   /* 94 x 64 */
    run("paint l at=5,5,2,10,5,2,10,10,2,5,10,2,5,5,2 size=1vox value=7 as=k; fill k at=7,7,2 value=300 as=b", 0, "\"voxels\":16}");
    assert_true(at("b", 7, 7, 2) == 300 && at("b", 5, 7, 2) == 7);
}

static void labels_are_recoloured(void **state)
{
    (void)state;
    run("paint l at=2,2,2 size=3vox value=7 as=k; paint k at=12,2,2 size=3vox value=7 as=k; paint k at=6,6,2 size=1vox value=9 as=k", 0, NULL);
    run("recolour k at=2,2,2 value=500 as=b", 0, "\"at\":[2,2,2],\"was\":7,\"voxels\":18}");
    assert_true(at("b", 12, 2, 2) == 500 && at("b", 6, 6, 2) == 9);
    run("recolour k at=2,2,2 value=500 what=component as=b", 0, "\"voxels\":9}");
    assert_true(at("b", 2, 2, 2) == 500 && at("b", 12, 2, 2) == 7);
    run("recolour k at=6,5,2 near=1 value=7 as=b; recolour b at=2,2,2 value=0 as=b", 0, "\"voxels\":19}");
    assert_int_equal(set("b"), 0);
    run("recolour k at=2,2,2 value=70000 as=b", 1, "does not fit the labels of 'k', which are of type u16");
    run("recolour k at=2,9,2 value=3 as=b", 1, "is 0 (background) there");
    /* two labels that touch stay two: a component has one value */
    run("paint k at=4,2,2 size=1vox value=8 as=t; recolour t at=2,2,2 value=9 what=component as=b", 0, "\"voxels\":9}");
    assert_int_equal(at("b", 4, 2, 2), 8);
    /* a mask becomes labels of the smallest type, the rest 1 */
    run("paint m at=2,2,2,6,2,2 size=1vox as=a; paint a at=12,12,12 size=1vox as=a; recolour a at=12,12,12 value=2 as=b", 0, "\"voxels\":1}");
    struct vn_vol *v = volume("b");
    assert_true(v->kind == VN_LABELS && v->src->type == VN_U8);
    vn_vol_unref(v);
    assert_true(at("b", 2, 2, 2) == 1 && at("b", 12, 12, 12) == 2 && set("b") == 6);
    run("recolour a at=2,2,2 value=1000 as=b; recolour b at=12,12,12 value=1001 as=b", 0, "\"was\":1,\"voxels\":1}");
    assert_true(at("b", 4, 2, 2) == 1000 && at("b", 12, 12, 12) == 1001);
    run("recolour m at=2,2,2 value=3", 1, "is 0 (background) there");
    run("recolour a at=2,2,2 value=3 what=label as=b", 0, "\"voxels\":6}");
}

/* 5 x 4 x 6 voxels, the largest of each column in plane (x + 2 y) mod 6. */
static void marks_on_a_projection_are_lifted(void **state)
{
    const struct vn_grid g = { .dim = { 5, 4, 6 }, .um = { 1, 1, 1 } };
    const struct vn_box box = { { 0, 0, 0 }, { 5, 4, 6 } };
    struct vn_args none = { 0 };
    struct vn_vol *v = vn_vol_new(VN_IMAGE, VN_U8, &g, &box, &err);
    (void)state;
    for (int z = 0; z < 6; z++)
        for (int y = 0; y < 4; y++)
            for (int x = 0; x < 5; x++)
                ((uint8_t *)vn_vol_data(v).data)[(z * 4 + y) * 5 + x] = z == (x + 2 * y) % 6 ? 200 : 10 + z;
    struct vn_obj *o = vn_obj_new(VN_IMAGE, v, "test", &none, "deep", vn_key_str(vn_key_start(), "deep"), &err);
    assert_int_equal(vn_session_bind(s, "deep", o, &err), 0);
    vn_obj_unref(o);
    run("mip deep axis=z as=p index=first; paint p at=0,1,0,4,1,0 size=1vox as=q; lift q index=p_index as=a", 0, "\"voxels\":5}");
    assert_int_equal(set("a"), 5);
    for (int x = 0; x < 5; x++)
        assert_int_equal(at("a", x, 1, (x + 2) % 6), 1);
    run("lift q index=p_index into=a as=b", 0, "\"voxels\":0}");
    run("mip deep axis=x as=px index=first; paint px at=0,2,0,0,2,5 size=1vox axis=x as=qx; lift qx index=px_index as=b", 0, "\"voxels\":6}");
    /* along x at y=2: 200 where (x + 4) mod 6 == z, x = z + 2 mod 6; for z=3 that is 5, no voxel: there all are 13, the first is 0 */
    for (int z = 0; z < 6; z++)
        assert_int_equal(at("b", z == 3 ? 0 : (z + 2) % 6, 2, z), 1);
    run("components q as=n; lift n index=p_index as=b", 0, "\"voxels\":5}");
    v = volume("b");
    assert_int_equal(v->kind, VN_LABELS);
    vn_vol_unref(v);
    run("lift n index=p_index into=a as=b", 1, "'n' are labels and 'a' is a mask: give value=1");
    run("lift q index=px_index as=b", 1, "do not cover the same plane");
    run("lift a index=p_index as=b", 1, "'a' is no plane of a volume");
    run("lift m index=p_index as=b", 1, "not on one grid");
    run("crop a 0:5,0:4,0:3 as=low; lift q index=p_index into=low as=b", 0, "3 voxels lie at depths outside of the result");
}

/* A mask may say foreground by any number; what was changed by hand says 1, also where it was not changed. */
static void other_numbers_become_one(void **state)
{
    (void)state;
    bind("sevens", VN_MASK, VN_U16, 100, 70, 40, 1, 1);
    struct vn_vol *v = volume("sevens");
    uint16_t *voxel = vn_vol_data(v).data;
    for (int i = 0; i < 100 * 70 * 40; i += 3)
        voxel[i] = i % 2 ? 700 : 7;
    vn_vol_unref(v);
    run("paint sevens at=1,0,0 size=1vox as=a; recolour a at=1,0,0 connectivity=6 value=9 as=b", 0, NULL);
    struct vn_buf b = voxels("a", NULL), c = voxels("b", NULL);
    for (int i = 0; i < 100 * 70 * 40; i++) {
        assert_int_equal(((const uint32_t *)b.data)[i], i % 3 == 0 || i == 1);
        if (((const uint32_t *)c.data)[i] != ((const uint32_t *)b.data)[i])
            assert_int_equal(((const uint32_t *)c.data)[i], 9);
    }
    assert_true(at("b", 0, 0, 0) == 9 && at("b", 1, 0, 0) == 9 && at("b", 3, 0, 0) == 1);
    vn_buf_free(&b);
    vn_buf_free(&c);
    run("set b kind=mask as=k", 0, NULL);                /* labels called a mask: their numbers are foreground as well */
    run("erase k at=3,0,0 size=1vox as=k", 0, "\"voxels\":1,");
    assert_true(at("k", 0, 0, 0) == 1 && at("k", 99, 69, 39) == at("a", 99, 69, 39));
}

/* What was done by hand goes into the file, and on from there. */
static void a_saved_mask_tells_its_edits(void **state)
{
    static const char *const end[] = { "tif", "nrrd", "nii", "nii.gz" };
    (void)state;
    run("paint m at=2,2,2,6,2,2 size=1vox as=a; erase a at=4,2,2 size=1vox as=a; delete a at=2,2,2 as=a; info a", 0,
        "\"edits\":{\"1\":\"paint m at=2,2,2,6,2,2 size=1vox as=a\",\"2\":\"erase a at=4,2,2 size=1vox as=a\",\"3\":\"delete a at=2,2,2 as=a\"}");
    for (int i = 0; i < 4; i++) {
        char path[60], line[300];
        snprintf(path, sizeof path, "/tmp/venule_test_edit_%d.%s", (int)getpid(), end[i]);
        snprintf(line, sizeof line, "save a %s force; open %s as=b; fill b at=2,2,2 as=b", path, path);
        run(line, 1, NULL);                      /* no ring: no edit */
        run("erase b at=6,2,2 size=1vox as=b; components b as=n; info n", 0, "\"3\":\"delete a at=2,2,2 as=a\",\"4\":\"erase b at=6,2,2 size=1vox as=b\"}");
        unlink(path);
    }
    const size_t from = n_out;
    run("info m", 0, "\"ok\":true");
    assert_null(strstr(out + from, "edits"));
}

static void failing_allocations_are_reported(void **state)
{
    (void)state;
    run("paint m at=5,5,5 size=5vox axis=ball as=a", 0, NULL);
    static const char *const line[] = { "paint a at=2,2,2,9,9,2 size=3vox as=b", "keep a at=5,5,5 as=b", "paint v at=2,2,2 size=3vox as=b",
                                       "recolour a at=5,5,5 value=900 as=b", "delete a at=5,5,5 as=b" };
    for (size_t i = 0; i < VN_COUNT(line); i++)
        for (long k = 1, rc = 1; rc; k++) {
            assert_true(k < 200);
            vn_mem_fail_at(k);
            rc = vn_runner_line(r, line[i]);
            vn_mem_fail_at(0);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_dab_is_the_lattice_points_of_a_disc_or_ball, start, session_stop),
        cmocka_unit_test_setup_teardown(a_brush_is_round_in_the_tissue, start, session_stop),
        cmocka_unit_test_setup_teardown(a_stroke_joins_its_points, start, session_stop),
        cmocka_unit_test_setup_teardown(steps_say_the_same_as_points, start, session_stop),
        cmocka_unit_test_setup_teardown(erase_and_values, start, session_stop),
        cmocka_unit_test_setup_teardown(an_image_starts_an_empty_mask, start, session_stop),
        cmocka_unit_test_setup_teardown(components_are_taken_by_a_point, start, session_stop),
        cmocka_unit_test_setup_teardown(long_strokes_fit_and_are_made_again, start, session_stop),
        cmocka_unit_test_setup_teardown(a_state_holds_what_its_edit_changed, start, session_stop),
        cmocka_unit_test_setup_teardown(blocks_meet_without_seams, start, session_stop),
        cmocka_unit_test_setup_teardown(the_enclosed_background_is_filled, start, session_stop),
        cmocka_unit_test_setup_teardown(labels_are_recoloured, start, session_stop),
        cmocka_unit_test_setup_teardown(marks_on_a_projection_are_lifted, start, session_stop),
        cmocka_unit_test_setup_teardown(other_numbers_become_one, start, session_stop),
        cmocka_unit_test_setup_teardown(a_saved_mask_tells_its_edits, start, session_stop),
        cmocka_unit_test_setup_teardown(failing_allocations_are_reported, start, session_stop),
    };
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
