/* slice, mip, snap and the verbs of the view, as typed. The volume is 6x4x3, value = x + 10 y + 100 z, voxel 1x1x2 um. */
#include "session.h"
#include <png.h>
#include <unistd.h>

static char folder[] = "/tmp/venule-snap-XXXXXX";

static void bind(const char *name, enum vn_kind kind, bool whole)
{
    struct vn_grid g = { .dim = { 6, 4, 3 }, .um = { 1, 1, 2 } };
    struct vn_box box = { { 0, 0, 0 }, { 6, 4, 3 } };
    struct vn_args none = { 0 };
    struct vn_vol *v = vn_vol_new(kind, VN_U16, &g, &box, &err);
    assert_non_null(v);
    uint16_t *p = vn_vol_data(v).data;
    for (int i = 0; i < 72; i++)
        p[i] = (uint16_t)(whole ? i % 6 + 10 * (i / 6 % 4) + 100 * (i / 24) : i % 6 == 2);
    struct vn_obj *o = vn_obj_new(kind, v, "test", &none, name, vn_key_str(vn_key_start(), name), &err);
    assert_non_null(o);
    assert_int_equal(vn_session_bind(s, name, o, &err), 0);
    vn_obj_unref(o);
}

static const struct vn_vol *volume(const char *name)
{
    struct vn_obj *o = vn_session_get(s, name);
    struct vn_vol *v = NULL;
    assert_non_null(o);
    assert_int_equal(vn_obj_vol(s, o, &v, NULL, &err), 0);
    vn_obj_unref(o);
    vn_vol_unref(v);                        /* the session keeps it */
    return v;
}

static int start(void **state)
{
    session_json(state);
    bind("v", VN_IMAGE, true);
    bind("m", VN_MASK, false);
    return chdir(folder);
}

/* Runs; `want` has to be in what is printed by this line. */
static void run(const char *line, int rc, const char *want)
{
    const size_t from = n_out;
    assert_int_equal(session_run(line), rc);
    if (want && !strstr(out + from, want))
        fail_msg("'%s' printed %s, not %s", line, out + from, want);
}

static uint8_t *read_png(const char *path, int w, int h)
{
    png_image in = { .version = PNG_IMAGE_VERSION };
    assert_true(png_image_begin_read_from_file(&in, path));
    assert_int_equal(in.width, w);
    assert_int_equal(in.height, h);
    in.format = PNG_FORMAT_RGB;
    uint8_t *p = malloc(PNG_IMAGE_SIZE(in));
    assert_true(png_image_finish_read(&in, NULL, p, 0, NULL));
    return p;
}

static void slice_shows_the_plane(void **state)
{
    (void)state;
    run("slice v axis=z at=1 to=z.png window=0,255 plain", 0, "\"position_um\":3");
    uint8_t *p = read_png("z.png", 6, 4);
    for (int i = 0; i < 24; i++)
        assert_int_equal(p[3 * i], i % 6 + 10 * (i / 6) + 100);
    free(p);
    run("slice v axis=y at=3 to=y.png window=0,255 plain", 0, "\"pixels\":[6,6]");     /* z is twice as high */
    p = read_png("y.png", 6, 6);
    for (int i = 0; i < 36; i++)
        assert_int_equal(p[3 * i], i % 6 + 30 + 100 * (i / 12));
    free(p);
    run("roi 1:3,0:4,0:3; slice v at=0 to=r.png window=0,255 plain; roi off", 0, "\"pixels\":[2,4]");
    p = read_png("r.png", 2, 4);
    assert_int_equal(p[0], 1);
    assert_int_equal(p[3], 2);
    free(p);
}

static void slice_refuses_what_is_not_there(void **state)
{
    (void)state;
    run("slice v at=3 to=n.png", 1, "at=3 is outside 'v', whose planes along z are 0 to 2");
    run("slice v window=9,1 to=n.png", 1, "window=9,1");
    run("slice v to=once.png; slice v to=once.png", 1, "once.png");
    run("slice v to=once.png force", 0, NULL);
    run("mip v range=3:9 to=n.png", 1, "range=3:9 holds no plane");
    assert_int_not_equal(access("n.png", F_OK), 0);
}

/* v = x + 10 y + 100 z: the largest along x is at x = 5, the smallest along y at y = 0; m is 0 but for x = 2. */
static void mip_keeps_volumes(void **state)
{
    (void)state;
    run("mip v axis=x as=px index=first", 0, "\"names\":[\"px\",\"px_index\"]");
    const struct vn_vol *p = volume("px"), *at = volume("px_index");
    assert_true(p->box.lo[0] == 0 && p->box.hi[0] == 1 && p->box.hi[1] == 4 && p->box.hi[2] == 3 && p->src->type == VN_U16);
    for (int i = 0; i < 12; i++) {
        assert_int_equal(((uint16_t *)vn_vol_data(p).data)[i], 5 + 10 * (i % 4) + 100 * (i / 4));
        assert_int_equal(((uint16_t *)vn_vol_data(at).data)[i], 5);
    }
    run("roi 1:4,1:4,0:3; mip v axis=y method=min range=2:9 as=py index=last; roi off", 0, "\"range\":[2,4]");
    p = volume("py");
    assert_true(p->box.lo[1] == 2 && p->box.hi[1] == 3 && p->grid.dim[1] == 4);
    for (int i = 0; i < 9; i++)
        assert_int_equal(((uint16_t *)vn_vol_data(p).data)[i], 1 + i % 3 + 20 + 100 * (i / 3));
    assert_int_equal(((uint16_t *)vn_vol_data(volume("py_index")).data)[8], 2);
    run("mip v method=mean axis=z range=1:3 as=pz", 0, "\"type\":\"f32\"");
    for (int i = 0; i < 24; i++)
        assert_true(((float *)vn_vol_data(volume("pz")).data)[i] == (float)(i % 6 + 10 * (i / 6) + 150));
    run("mip m axis=z as=first index=first; mip m axis=z as=last index=last", 0, NULL);      /* all planes are equal */
    assert_int_equal(volume("first")->kind, VN_MASK);
    assert_int_equal(((uint16_t *)vn_vol_data(volume("first_index")).data)[2], 0);
    assert_int_equal(((uint16_t *)vn_vol_data(volume("last_index")).data)[2], 2);
    run("mip v index=first", 1, "index= gives a volume");
    run("mip v method=depth as=q", 1, "method=depth is for pictures");
    run("mip v method=mean as=q index=first", 1, "a mean is found in no plane");
    run("mip v as=q to=kept.png plain", 0, "kept.png");
}

static void mip_takes_the_largest(void **state)
{
    (void)state;
    run("mip v axis=z range=0:2 to=m.png window=0,255 plain", 0, "\"range\":[0,2]");
    uint8_t *p = read_png("m.png", 6, 4);
    for (int i = 0; i < 24; i++)
        assert_int_equal(p[3 * i], i % 6 + 10 * (i / 6) + 100);
    free(p);
    run("mip v to=o.png window=0,1000 plain overlay=m opacity=1", 0, NULL);
    p = read_png("o.png", 6, 4);
    assert_int_equal(p[3 * 2] << 16 | p[3 * 2 + 1] << 8 | p[3 * 2 + 2], 0xE69F00);
    assert_int_equal(p[3 * 3], p[3 * 3 + 2]);                           /* grey beside it */
    free(p);
}

static void pictures_are_text_without_a_file(void **state)
{
    (void)state;
    run("slice v at=2", 0, "\"text\":");
    run("snap width=40 height=12", 0, "XY z 1/3");
    run("snap to=view.png width=300 height=200", 0, "\"pixels\":[300,200]");
    free(read_png("view.png", 300, 200));
}

static void the_view_is_what_was_said(void **state)
{
    (void)state;
    run("show v; goto 1,2,0; zoom 2.5; window 10,200; layout 1 focus=xz; slab 3; axis x; crosshair off; overlay m opacity=0.25", 0, NULL);
    struct vn_view v = vn_session_view(s);
    assert_string_equal(v.volume, "v");
    assert_string_equal(v.overlay, "m");
    assert_true(v.at[0] == 1 && v.at[1] == 2 && v.at[2] == 0);
    assert_true(v.zoom == 2.5 && v.window[0][0] == 10 && v.window[0][1] == 200 && v.opacity == 0.25);
    assert_true(v.layout == 1 && v.focus == VN_XZ && v.slab == 3 && v.axis == 0 && !v.crosshair && v.overlay_on);
    run("window auto; overlay off; layout 4; crosshair", 0, NULL);
    v = vn_session_view(s);
    assert_true(v.window[0][0] == v.window[0][1] && !v.overlay_on && v.layout == 4 && v.crosshair);
    run("goto 6,0,0", 1, "x=6 is outside 'v', which covers 0 to 5 there");
    run("window 5,5", 1, "LOW below HIGH");
    run("window", 1, "either LOW,HIGH or auto");
    run("zoom 0.5", 1, NULL);
    run("show nobody", 1, "nobody");
    assert_true(vn_session_view(s).at[0] == 1);
}

/* In 300 x 200 pixels two panes of 150 stand side by side; the mask's column x = 2 lies 12 pixels left of its pane's middle. */
static void linked_volumes_stand_side_by_side(void **state)
{
    (void)state;
    run("show v m; window 0,1; crosshair off", 0, NULL);
    run("snap width=60 height=14", 0, "v  XY z 1/3");
    run("snap width=60 height=14", 0, "m  XY z 1/3");
    run("snap to=two.png width=300 height=200", 0, NULL);
    uint8_t *p = read_png("two.png", 300, 200);
    assert_int_equal(p[3 * (100 * 300 + 75)], 255);          /* an image above its window */
    assert_int_equal(p[3 * (100 * 300 + 212)], 255);
    assert_int_equal(p[3 * (100 * 300 + 237)], 0);
    free(p);
    run("layout 1 volume=2", 0, NULL);                       /* the mask alone, and the window of it */
    run("window 0,2; snap to=two.png width=300 height=200 force", 0, NULL);
    p = read_png("two.png", 300, 200);
    assert_int_equal(p[3 * (100 * 300 + 130)], 128);
    free(p);
    assert_true(vn_session_view(s).layout == 4 && vn_session_view(s).window[0][1] == 1 && vn_session_view(s).window[1][1] == 2);
    run("layout volume=3", 1, "volume=3");
    run("show v", 0, NULL);
    assert_true(vn_session_view(s).n_linked == 0 && vn_session_view(s).front == 0);
    run("layout volume=2", 1, "'show A B' links more");
    run("show v; window 3,4; show m; show v", 0, NULL);      /* back to a volume: its window again */
    assert_true(vn_session_view(s).window[0][0] == 3 && vn_session_view(s).window[0][1] == 4);
    run("clean m as=c; clean m as=d", 0, NULL);              /* out of memory: shown all the same, made again by the picture */
    vn_session_evict_all(s);
    run("show c d; goto 1,1,1", 0, NULL);
    assert_int_equal(vn_session_n_remade(s), 0);
    run("snap width=60 height=14", 0, "d  XY z 1/3");
    assert_int_equal(vn_session_n_remade(s), 2);
    run("show v", 0, NULL);
    run("phantom tube dims=20x20x20 as=t", 0, NULL);
    run("show v t", 1, "'t'");
    assert_string_equal(vn_session_view(s).volume, "v");
}

static void pictures_have_methods_and_maps(void **state)
{
    (void)state;
    run("mip v axis=z method=min range=1:3 to=m.png window=0,255 plain force", 0, NULL);      /* 100 .. 135 + x */
    uint8_t *p = read_png("m.png", 6, 4);
    assert_int_equal(p[3 * (2 * 6 + 3)], 123);
    free(p);
    run("slice v axis=z at=0 slab=4um method=mean to=m.png window=0,255 plain force", 0, NULL);   /* two planes of 2 um: 0 and 100 */
    p = read_png("m.png", 6, 4);
    assert_int_equal(p[3 * (2 * 6 + 3)], 73);
    free(p);
    /* by depth: the last of three planes is the largest everywhere, blue 0x648FFF: 200 + 23 of 255, 143 * 223 / 255 = 125.05 */
    run("mip v axis=z method=depth to=m.png window=0,255 plain force", 0, NULL);
    p = read_png("m.png", 6, 4);
    assert_int_equal(p[3 * (2 * 6 + 3) + 1], 125);
    assert_int_equal(p[3 * (2 * 6 + 3) + 2], 223);
    free(p);
    run("slice v at=0 to=m.png window=0,255 plain force colormap=inverted", 0, NULL);
    p = read_png("m.png", 6, 4);
    assert_int_equal(p[3 * (2 * 6 + 3)], 255 - 23);
    free(p);
    run("slice v at=0 slab=0um", 1, "slab=0um is not above 0");
    run("slice v at=0 slab=2.5", 1, "slab=2.5 is not a whole number of planes");
}

/* 300 x 200 pixels are 50 x 18 letters; two panes in one row of pictures below one of titles. An X is 10001 10001 01010 00100
 * 01010 10001 10001, half a letter from the left and 2 pixels from the top. */
static void titles_stand_above_the_panes(void **state)
{
    (void)state;
    static const uint8_t x[7] = { 0x11, 0x11, 0x0a, 0x04, 0x0a, 0x11, 0x11 };
    run("show v; layout 2; goto 0,0,0; snap to=m.png width=300 height=200 force", 0, "\"pixels\":[300,200]");
    uint8_t *p = read_png("m.png", 300, 200);
    for (int j = 0; j < 7; j++)
        for (int i = 0; i < 5; i++)
            assert_int_equal(p[3 * ((2 + j) * 300 + 3 + i)], x[j] >> (4 - i) & 1 ? 255 : 0x40);
    free(p);
    run("snap to=m.png width=300 height=200 force plain colormap=inverted", 0, NULL);
    p = read_png("m.png", 300, 200);
    for (int i = 0; i < 300; i++)
        assert_int_equal(p[3 * i], 0x40);                    /* a line between pictures, and no titles */
    free(p);
    run("layout 4; snap to=m.png width=20 height=6 force", 1, "has no room for the panes");
}

static void nothing_to_look_at(void **state)
{
    (void)state;
    run("close v; close m; snap", 1, "there is nothing to look at");
}

int main(void)
{
    vn_mem_init(0);
    vn_job_init(2, &err);
    if (!mkdtemp(folder))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(slice_shows_the_plane, start, session_stop),
        cmocka_unit_test_setup_teardown(slice_refuses_what_is_not_there, start, session_stop),
        cmocka_unit_test_setup_teardown(mip_takes_the_largest, start, session_stop),
        cmocka_unit_test_setup_teardown(mip_keeps_volumes, start, session_stop),
        cmocka_unit_test_setup_teardown(pictures_are_text_without_a_file, start, session_stop),
        cmocka_unit_test_setup_teardown(the_view_is_what_was_said, start, session_stop),
        cmocka_unit_test_setup_teardown(linked_volumes_stand_side_by_side, start, session_stop),
        cmocka_unit_test_setup_teardown(pictures_have_methods_and_maps, start, session_stop),
        cmocka_unit_test_setup_teardown(titles_stand_above_the_panes, start, session_stop),
        cmocka_unit_test_setup_teardown(nothing_to_look_at, start, session_stop),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    static const char *const made[] = { "z.png", "y.png", "r.png", "once.png", "m.png", "o.png", "view.png", "two.png" };
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++)
        unlink(made[i]);
    if (chdir("/") == 0)
        rmdir(folder);
    vn_job_exit();
    return rc;
}
