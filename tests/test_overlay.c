/* Overlays, slabs and colours: the verbs, and what they make of the view. Colours are those that the help pages state. */
#include "session.h"
#include "scene.h"

static void bind(const char *name, enum vn_kind kind, const double um[3], int64_t nz)
{
    struct vn_grid g = { .dim = { 4, 3, nz }, .um = { um[0], um[1], um[2] } };
    struct vn_box box = { { 0, 0, 0 }, { 4, 3, nz } };
    struct vn_args none = { 0 };
    struct vn_vol *v = vn_vol_new(kind, VN_U8, &g, &box, &err);
    assert_non_null(v);
    memset(vn_vol_data(v).data, kind == VN_IMAGE ? 100 : 0, (size_t)(12 * nz));
    struct vn_obj *o = vn_obj_new(kind, v, "test", &none, name, vn_key_str(vn_key_start(), name), &err);
    assert_non_null(o);
    assert_int_equal(vn_session_bind(s, name, o, &err), 0);
    vn_obj_unref(o);
}

static int start(void **state)
{
    static const double um[3] = { 1, 1, 4 };
    char name[2] = "a";
    session_text(state);
    bind("v", VN_IMAGE, um, 3);
    for (; *name <= 'm'; ++*name)
        bind(name, VN_MASK, um, 3);
    return 0;
}

/* "a0 b1-" : names from above, each with its colour, and '-' for an outline. */
static void shown(const char *want)
{
    struct vn_layer l[VN_MAX_UNDER + 1];
    const struct vn_view v = vn_session_view(s);
    char have[200] = "";
    size_t n = 0;
    const int count = vn_view_layers(&v, l);
    for (int i = 0; i < count; i++)
        n += (size_t)snprintf(have + n, sizeof have - n, "%s%s%d%s", i ? " " : "", l[i].name, l[i].tint, l[i].outline ? "-" : "");
    assert_string_equal(have, want);
}

static void layers_are_piled_and_keep_their_colours(void **state)
{
    (void)state;
    assert_int_equal(session_run("show v; overlay a"), 0);
    shown("a0");
    assert_int_equal(session_run("overlay b"), 0);
    shown("b0");                                     /* one alone is orange */
    assert_int_equal(session_run("overlay a b c"), 0);
    shown("a1 b0 c2");                               /* b keeps its own; a and c take the first that are free */
    assert_int_equal(session_run("overlay add d outline opacity=0.25"), 0);
    shown("d3- a1 b0 c2");
    assert_int_equal(session_run("overlay remove a"), 0);
    shown("d3- b0 c2");
    assert_int_equal(session_run("overlay add a"), 0);
    shown("a1 d3- b0 c2");
    assert_int_equal(session_run("overlay b outline"), 0);
    shown("a1 d3- b0- c2");
    assert_int_equal(session_run("overlay opacity=0.75; overlay d filled"), 0);
    shown("a1 d3 b0- c2");
    const struct vn_view v = vn_session_view(s);
    assert_true(v.opacity == 0.75 && v.under[0].opacity == 0.25 && v.under[1].opacity == 0.5);
    assert_int_equal(session_run("overlay c"), 0);
    shown("c2");
    assert_int_equal(session_run("overlay remove c"), 0);
    shown("");
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    assert_int_equal(session_run("overlay a b c d e f g h; overlay add i j k l; overlay add m"), 1);
    assert_non_null(strstr(msg, "13 overlays at once; 12 is the limit"));
    shown("i8 j9 k10 l11 a0 b1 c2 d3 e4 f5 g6 h7");
    assert_int_equal(session_run("overlay a a"), 1);
    assert_non_null(strstr(msg, "'a' is named twice"));
    assert_int_equal(session_run("overlay remove m"), 1);
    assert_non_null(strstr(msg, "'m' is not drawn"));
    assert_int_equal(session_run("overlay on off"), 1);
    assert_int_equal(session_run("overlay add"), 1);
    assert_int_equal(session_run("slab 0"), 1);
    assert_int_equal(session_run("slab 1.5"), 1);
    assert_non_null(strstr(msg, "thickness=1.5 is not a whole number of planes"));
    assert_int_equal(session_run("slab 0um"), 1);
}

static void a_slab_in_um_has_its_planes_on_each_axis(void **state)
{
    (void)state;
    struct vn_shown d = { 0 };
    assert_int_equal(session_run("show v; slab 10um method=depth mip=min; colormap fire"), 0);
    assert_int_equal(vn_shown_get(s, &d, NULL, &err), 0);
    assert_int_equal(vn_pane_slab(&d, 2), 3);        /* 10 / 4 rounded */
    assert_int_equal(vn_pane_slab(&d, 0), 10);
    assert_true(d.view.slab_method == VN_SLAB_DEPTH && d.view.mip_method == VN_SLAB_MIN && d.view.colormap == VN_MAP_FIRE);
    assert_int_equal(session_run("slab 1um"), 0);
    assert_int_equal(vn_shown_get(s, &d, NULL, &err), 0);
    assert_int_equal(vn_pane_slab(&d, 2), 1);        /* one at least */
    assert_int_equal(session_run("slab 5"), 0);
    assert_int_equal(vn_shown_get(s, &d, NULL, &err), 0);
    assert_int_equal(vn_pane_slab(&d, 2), 5);
    assert_int_equal(vn_pane_slab(&d, 0), 5);
    vn_shown_free(&d);
}

static void two_panes_are_the_slice_and_the_projection(void **state)
{
    (void)state;
    struct vn_shown d = { 0 };
    struct vn_pane_box box[4];
    double um;
    assert_int_equal(session_run("show v; layout focus=xz; layout 2 focus=mip"), 0);
    assert_int_equal(vn_shown_get(s, &d, NULL, &err), 0);
    assert_int_equal(vn_pane_layout(&d, 100, 50, 1, 1, 1, box, &um), 2);
    assert_true(box[0].pane == VN_XZ && box[1].pane == VN_MIP);
    vn_shown_free(&d);
}

/* Line i of the journal. */
static void journal_is(int i, const char *want) { assert_string_equal(vn_runner_journal(r, i), want); }

static void places_have_names(void **state)
{
    (void)state;
    assert_int_equal(session_run("show v; goto 3,2,1; mark; goto 0,1,2; mark root; mark tip at=1,1,1"), 0);
    journal_is(2, "mark m1 at=3,2,1");               /* what was found is written out */
    journal_is(4, "mark root at=0,1,2");
    struct vn_view v = vn_session_view(s);
    assert_int_equal(v.n_place, 3);
    assert_int_equal(session_run("goto m1"), 0);
    v = vn_session_view(s);
    assert_true(v.at[0] == 3 && v.at[1] == 2 && v.at[2] == 1);
    assert_int_equal(session_run("mark root at=2,2,2; mark delete m1; mark"), 0);
    journal_is(vn_runner_n_journal(r) - 1, "mark m1 at=3,2,1");
    v = vn_session_view(s);
    assert_true(v.n_place == 3 && v.place[0].at[0] == 2);
    assert_string_equal(v.place[2].name, "m1");
    assert_int_equal(session_run("goto nowhere"), 1);
    assert_non_null(strstr(msg, "there is no mark 'nowhere'"));
    assert_int_equal(session_run("goto 1,2"), 1);
    assert_int_equal(session_run("goto 9,0,0"), 1);
    assert_int_equal(session_run("mark delete nowhere"), 1);
    assert_int_equal(session_run("mark 'a b'"), 1);
    assert_non_null(strstr(msg, "'a b' cannot be the name of a mark"));
    assert_int_equal(session_run("mark abcdefghijklmnopqrstuvwx"), 1);
    assert_int_equal(session_run("mark list"), 0);
    assert_non_null(strstr(out, "root  2 2 2"));
    assert_int_equal(session_run("mark delete"), 0);
    assert_int_equal(vn_session_view(s).n_place, 0);
    for (int i = 0; i < VN_MAX_PLACE; i++)
        assert_int_equal(session_run("mark"), 0);
    assert_int_equal(session_run("mark"), 1);
    assert_non_null(strstr(msg, "64 places are marked, which is the limit"));
}

/* Cross and name only where the slice is within two voxels. v has 3 planes, so a volume of 9 is needed. */
static void places_are_drawn_near_their_slice(void **state)
{
    (void)state;
    static const double um[3] = { 1, 1, 1 };
    bind("w", VN_IMAGE, um, 9);
    assert_int_equal(session_run("show w; mark here at=1,1,4; crosshair off; layout 1"), 0);
    static const bool near[9] = { false, false, true, true, true, true, true, false, false };
    for (int z = 0; z < 9; z++) {
        struct vn_shown d = { 0 };
        struct vn_scene scene;
        struct vn_image im;
        char line[40];
        snprintf(line, sizeof line, "goto 0,0,%d", z);
        assert_int_equal(session_run(line), 0);
        assert_int_equal(vn_shown_get(s, &d, NULL, &err), 0);
        vn_pane_scene(&d, &(struct vn_pane_box){ VN_XY, 0, 1, 40, 30, 0 }, 40, 30, 0.1, 1, &scene);
        assert_int_equal(vn_image_new(&im, 40, 30, &err), 0);
        scene.scale_bar = false;
        vn_render_marks(&scene, &im);
        int n = 0;
        for (int i = 0; i < 40 * 30; i++)
            n += im.rgb[3 * i] == 0x5f && im.rgb[3 * i + 1] == 0xff;
        assert_int_equal(n, near[z] ? 5 : 0);        /* an x of 3 x 3 pixels */
        assert_int_equal(im.rgb[3 * (15 * 40 + 15)] == 0x5f, near[z]);      /* voxel 1.5 of 4 and of 3, 10 pixels each */
        vn_image_free(&im);
        vn_shown_free(&d);
    }
}

int main(void)
{
    vn_mem_init(0);
    vn_job_init(2, &err);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(layers_are_piled_and_keep_their_colours, start, session_stop),
        cmocka_unit_test_setup_teardown(what_does_not_fit_is_refused, start, session_stop),
        cmocka_unit_test_setup_teardown(a_slab_in_um_has_its_planes_on_each_axis, start, session_stop),
        cmocka_unit_test_setup_teardown(places_have_names, start, session_stop),
        cmocka_unit_test_setup_teardown(places_are_drawn_near_their_slice, start, session_stop),
        cmocka_unit_test_setup_teardown(two_panes_are_the_slice_and_the_projection, start, session_stop),
    };
    const int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
