/* Pictures of small volumes, pixel by pixel. Expected values by hand from the rules in render.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "job.h"
#include "mem.h"
#include "render.h"

static struct vn_vol *volume(enum vn_kind kind, int64_t nx, int64_t ny, int64_t nz, const double um[3], const float *v)
{
    struct vn_grid g = { .dim = { nx, ny, nz } };
    struct vn_box box = { { 0, 0, 0 }, { nx, ny, nz } };
    struct vn_err err;
    if (um)
        memcpy(g.um, um, sizeof g.um);
    struct vn_vol *vol = vn_vol_new(kind, VN_F32, &g, &box, &err);
    assert_non_null(vol);
    memcpy(vn_vol_data(vol).data, v, sizeof *v * (size_t)(nx * ny * nz));
    return vol;
}

static int red(const struct vn_image *im, int x, int y) { return im->rgb[3 * (y * im->w + x)]; }
static uint32_t rgb(const struct vn_image *im, int x, int y)
{
    const uint8_t *p = im->rgb + 3 * ((size_t)y * im->w + x);
    return (uint32_t)(p[0] << 16 | p[1] << 8 | p[2]);
}

static struct vn_image render(const struct vn_scene *s, int w, int h)
{
    struct vn_image im;
    struct vn_err err = { 0 };
    assert_int_equal(vn_image_new(&im, w, h, &err), 0);
    if (vn_render(s, &im, NULL, &err))
        fail_msg("%s", err.msg);
    return im;
}

/* 3x2x2 with value = x + 10 y + 100 z; window 0..255 shows values as they are. */
static struct vn_vol *ramp(const double um[3])
{
    float v[12];
    for (int i = 0; i < 12; i++)
        v[i] = (float)(i % 3 + 10 * (i / 3 % 2) + 100 * (i / 6));
    return volume(VN_IMAGE, 3, 2, 2, um, v);
}

static void axes_of_the_three_views(void **state)
{
    (void)state;
    struct vn_vol *v = ramp(NULL);
    struct vn_scene s = { .volume = v, .axis = 2, .slab = { 1, 2 }, .centre = { 1.5, 1 }, .um_per_px = 1, .lo = 0, .hi = 255 };
    struct vn_image im = render(&s, 3, 2);                      /* z = 1: x right, y down */
    for (int i = 0; i < 6; i++)
        assert_int_equal(red(&im, i % 3, i / 3), i % 3 + 10 * (i / 3) + 100);
    vn_image_free(&im);
    s.axis = 1;                                                 /* y = 1: x right, z down */
    im = render(&s, 3, 2);
    for (int i = 0; i < 6; i++)
        assert_int_equal(red(&im, i % 3, i / 3), i % 3 + 10 + 100 * (i / 3));
    vn_image_free(&im);
    s.axis = 0;                                                 /* x = 1: z right, y down */
    s.centre[0] = 1;
    im = render(&s, 2, 2);
    for (int i = 0; i < 4; i++)
        assert_int_equal(red(&im, i % 2, i / 2), 1 + 10 * (i / 2) + 100 * (i % 2));
    vn_image_free(&im);
    vn_vol_unref(v);
}

static void zoomed_in_is_nearest_and_outside_is_dark(void **state)
{
    (void)state;
    struct vn_vol *v = ramp(NULL);
    struct vn_scene s = { .volume = v, .axis = 2, .slab = { 1, 2 }, .centre = { 1.5, 1 }, .um_per_px = 0.5, .lo = 0, .hi = 255 };
    struct vn_image im = render(&s, 8, 4);                      /* one pixel of border left and right */
    for (int y = 0; y < 4; y++)
        for (int x = 0; x < 8; x++)
            assert_int_equal(red(&im, x, y), x == 0 || x == 7 ? 0x1c : (x - 1) / 2 + 10 * (y / 2) + 100);
    assert_false(im.sampled);
    vn_image_free(&im);
    vn_vol_unref(v);
}

static void anisotropic_voxels_keep_their_shape(void **state)
{
    (void)state;
    const double um[3] = { 1, 1, 4 };
    struct vn_vol *v = ramp(um);
    struct vn_scene s = { .volume = v, .axis = 1, .slab = { 0, 1 }, .centre = { 1.5, 1 }, .um_per_px = 1, .lo = 0, .hi = 255 };
    struct vn_image im = render(&s, 3, 8);                      /* each plane is four pixels high */
    for (int y = 0; y < 8; y++)
        assert_int_equal(red(&im, 2, y), 2 + 100 * (y / 4));
    vn_image_free(&im);
    s.aspect = 2;                                               /* pixels twice as high as wide: half as many */
    im = render(&s, 3, 4);
    for (int y = 0; y < 4; y++)
        assert_int_equal(red(&im, 2, y), 2 + 100 * (y / 2));
    vn_image_free(&im);
    assert_float_equal(vn_scene_fit(v, 1, 30, 40, 1), 0.2, 1e-12);     /* 3 x 8 um: 8 / 40 rules */
    assert_float_equal(vn_scene_fit(v, 1, 30, 40, 2), 0.1, 1e-12);
    vn_vol_unref(v);
}

static void zoomed_out_is_the_mean_then_half_the_peak(void **state)
{
    (void)state;
    float line[16] = { 0 };
    line[3] = 160;
    struct vn_vol *v = volume(VN_IMAGE, 16, 1, 1, NULL, line);
    struct vn_scene s = { .volume = v, .axis = 2, .slab = { 0, 1 }, .centre = { 8, 0.5 }, .um_per_px = 4, .lo = 0, .hi = 255 };
    struct vn_image im = render(&s, 4, 1);
    assert_int_equal(red(&im, 0, 0), 40);                       /* 160 / 4 */
    assert_int_equal(red(&im, 1, 0), 0);
    vn_image_free(&im);
    s.um_per_px = 8;
    im = render(&s, 2, 1);
    assert_int_equal(red(&im, 0, 0), 90);                       /* (160 / 8 + 160) / 2 */
    vn_image_free(&im);
    s.mip = true;
    im = render(&s, 2, 1);
    assert_int_equal(red(&im, 0, 0), 160);
    vn_image_free(&im);
    vn_vol_unref(v);
}

static void projection_is_the_maximum_of_the_slab(void **state)
{
    (void)state;
    float v[7] = { 5, 9, NAN, 200, 3, 8, 7 };
    struct vn_vol *vol = volume(VN_IMAGE, 1, 1, 7, NULL, v);
    struct vn_scene s = { .volume = vol, .axis = 2, .mip = true, .slab = { -5, 100 }, .centre = { 0.5, 0.5 }, .um_per_px = 1, .lo = 0, .hi = 255 };
    struct vn_image im = render(&s, 1, 1);
    assert_int_equal(red(&im, 0, 0), 200);
    vn_image_free(&im);
    s.slab[0] = 4;
    s.slab[1] = 6;
    im = render(&s, 1, 1);
    assert_int_equal(red(&im, 0, 0), 8);
    vn_image_free(&im);
    s.slab[0] = 2;
    s.slab[1] = 3;
    im = render(&s, 1, 1);
    assert_int_equal(rgb(&im, 0, 0), 0x1c1c24);                 /* nothing but NaN */
    vn_image_free(&im);
    vn_vol_unref(vol);
}

static void overlays_show_colours(void **state)
{
    (void)state;
    const float grey[4] = { 100, 100, 100, 100 }, mask[4] = { 0, 1, 0, 1 }, prob[4] = { 0.1f, 0.5f, 0.9f, 0 }, lab[4] = { 0, 1, 2, 7 };
    struct vn_vol *v = volume(VN_IMAGE, 4, 1, 1, NULL, grey), *m = volume(VN_MASK, 4, 1, 1, NULL, mask);
    struct vn_vol *p = volume(VN_PROB, 4, 1, 1, NULL, prob), *l = volume(VN_LABELS, 4, 1, 1, NULL, lab);
    struct vn_scene s = { .volume = v, .overlay = m, .axis = 2, .slab = { 0, 1 }, .centre = { 2, 0.5 }, .um_per_px = 1, .lo = 0, .hi = 255, .opacity = 0.5 };
    struct vn_image im = render(&s, 4, 1);
    assert_int_equal(rgb(&im, 0, 0), 0x646464);
    assert_int_equal(rgb(&im, 1, 0), (100 + 0xE6) / 2 << 16 | (100 + 0x9F + 1) / 2 << 8 | 50);
    vn_image_free(&im);
    s.overlay = l;
    s.opacity = 1;
    im = render(&s, 4, 1);
    assert_int_equal(rgb(&im, 1, 0), 0xE69F00);
    assert_int_equal(rgb(&im, 2, 0), 0x009E73);
    assert_int_equal(rgb(&im, 3, 0), 0xE69F00);                 /* six colours, then again */
    vn_image_free(&im);
    s.overlay = NULL;
    s.prob = p;
    s.low = 0.5;
    s.high = 0.8;
    im = render(&s, 4, 1);
    assert_int_equal(rgb(&im, 0, 0), 0x646464);
    assert_int_equal(rgb(&im, 1, 0), 0x0072B2);                 /* weak */
    assert_int_equal(rgb(&im, 2, 0), 0xF0E442);                 /* strong */
    vn_image_free(&im);
    vn_vol_unref(v);
    vn_vol_unref(m);
    vn_vol_unref(p);
    vn_vol_unref(l);
}

static void layers_lie_on_each_other(void **state)
{
    (void)state;
    float grey[25], top[25] = { 0 }, low[25];
    for (int i = 0; i < 25; i++) {
        grey[i] = 100;
        low[i] = 1;
        top[i] = i % 5 > 0 && i % 5 < 4 && i / 5 > 0 && i / 5 < 4;          /* 3 x 3 in the middle */
    }
    struct vn_vol *v = volume(VN_IMAGE, 5, 5, 1, NULL, grey), *m = volume(VN_MASK, 5, 5, 1, NULL, top), *b = volume(VN_MASK, 5, 5, 1, NULL, low);
    struct vn_scene s = { .volume = v, .overlay = m, .axis = 2, .slab = { 0, 1 }, .centre = { 2.5, 2.5 }, .um_per_px = 1, .lo = 0, .hi = 255,
                          .opacity = 0.25, .outline = true, .tint = 1, .under = { { b, 0.5, false, 0 } }, .n_under = 1 };
    /* grey 100 and orange E69F00 by halves: 165, 130, 50; then, on the border, green 009E73 by halves (twice 0.25) */
    const uint32_t beneath = 165u << 16 | 130u << 8 | 50u, border = 83u << 16 | 144u << 8 | 83u;
    struct vn_image im = render(&s, 5, 5);
    for (int i = 0; i < 25; i++)
        assert_int_equal(rgb(&im, i % 5, i / 5), top[i] > 0 && i != 12 ? border : beneath);
    vn_image_free(&im);
    vn_vol_unref(v);
    vn_vol_unref(m);
    vn_vol_unref(b);
}

/* A ball of 12 um in voxels of 1 x 1 x 4 um: planes 2 to 7 hold it, 24 um; so do the columns 8 to 31 (at the planes 2 um off
 * the middle, sqrt(144 - 4 - 0.25) = 11.8 to either side of 20). In XZ it is 24 x 24 pixels. */
static void a_ball_is_round(void **state)
{
    (void)state;
    const double um[3] = { 1, 1, 4 };
    static float ball[40 * 40 * 10];
    for (int i = 0; i < 40 * 40 * 10; i++) {
        const double x = i % 40 + 0.5 - 20, y = i / 40 % 40 + 0.5 - 20, z = 4 * (i / 1600 + 0.5) - 20;
        ball[i] = x * x + y * y + z * z <= 144 ? 255 : 0;
    }
    struct vn_vol *v = volume(VN_IMAGE, 40, 40, 10, um, ball);
    struct vn_scene s = { .volume = v, .axis = 1, .slab = { 20, 21 }, .centre = { 20, 5 }, .um_per_px = 1, .lo = 0, .hi = 255 };
    struct vn_image im = render(&s, 40, 40);
    int lo[2] = { 99, 99 }, hi[2] = { -1, -1 };
    for (int i = 0; i < 1600; i++)
        for (int k = 0; k < 2 && red(&im, i % 40, i / 40) == 255; k++) {
            const int at = k ? i / 40 : i % 40;
            lo[k] = at < lo[k] ? at : lo[k];
            hi[k] = at > hi[k] ? at : hi[k];
        }
    assert_true(lo[0] == 8 && hi[0] == 31 && lo[1] == 8 && hi[1] == 31);
    vn_image_free(&im);
    vn_vol_unref(v);
}

static void windows(void **state)
{
    (void)state;
    float v[1000];
    for (int i = 0; i < 1000; i++)
        v[i] = (float)((i * 7) % 1000) - 500;                   /* a permutation of -500..499 */
    struct vn_vol *vol = volume(VN_IMAGE, 1000, 1, 1, NULL, v);
    struct vn_err err;
    double lo, hi;
    assert_int_equal(vn_auto_window(vol, &lo, &hi, NULL, &err), 0);
    assert_float_equal(lo, -496, 0);                            /* rank floor(0.005 * 999) = 4 */
    assert_float_equal(hi, 497, 0);                             /* rank floor(0.998 * 999) = 997 minus 500 */
    struct vn_scene s = { .volume = vol, .axis = 2, .slab = { 0, 1 }, .centre = { 500, 0.5 }, .um_per_px = 1 };
    struct vn_image im = render(&s, 1000, 1);
    assert_float_equal(im.lo, -496, 0);
    assert_float_equal(im.hi, 497, 0);
    vn_image_free(&im);
    vn_vol_unref(vol);
    const float same[3] = { 7, 7, NAN };
    vol = volume(VN_IMAGE, 3, 1, 1, NULL, same);
    assert_int_equal(vn_auto_window(vol, &lo, &hi, NULL, &err), 0);
    assert_true(lo == 7 && hi == 8);
    vn_vol_unref(vol);
    const float none[1] = { NAN };
    vol = volume(VN_IMAGE, 1, 1, 1, NULL, none);
    assert_int_equal(vn_auto_window(vol, &lo, &hi, NULL, &err), 0);
    assert_true(lo == 0 && hi == 1);
    vn_vol_unref(vol);
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    struct vn_grid g = { .dim = { 301, 203, 37 }, .um = { 0.7, 0.9, 3.1 } };
    struct vn_box box = { { 0 }, { 301, 203, 37 } };
    struct vn_err err;
    struct vn_vol *v = vn_vol_new(VN_IMAGE, VN_U16, &g, &box, &err);
    uint16_t *p = vn_vol_data(v).data;
    uint32_t x = 1;
    for (int64_t i = 0; i < 301 * 203 * 37; i++)
        p[i] = (uint16_t)((x = x * 1664525u + 1013904223u) >> 16);
    for (int axis = 0; axis < 3; axis++)
        for (int k = 0; k < 4; k++) {
            struct vn_scene s = { .volume = v, .axis = axis, .mip = k & 1, .slab = { 3, 30 }, .um_per_px = k < 2 ? 1.3 : 19, .centre = { 100, 90 } };
            vn_job_set_threads(1);
            struct vn_image a = render(&s, 160, 130);
            vn_job_set_threads(4);
            struct vn_image b = render(&s, 160, 130);
            assert_memory_equal(a.rgb, b.rgb, 160 * 130 * 3);
            assert_int_equal(a.sampled, k >= 2 && axis != 1);   /* along y a pixel holds 6 voxels of z, along others 21 of y: all are read */
            vn_image_free(&a);
            vn_image_free(&b);
        }
    vn_vol_unref(v);
}

static int broken_read(struct vn_src *s, int level, struct vn_buf *dst, struct vn_job *job, struct vn_err *err)
{
    (void)s;
    (void)level;
    (void)dst;
    (void)job;
    return vn_fail(err, VN_E_IO, "chunk is broken");
}

static void broken_free(struct vn_src *s) { vn_free(s); }

static void unreadable_voxels_are_marked(void **state)
{
    (void)state;
    static const struct vn_src_ops ops = { .read = broken_read, .free = broken_free };
    struct vn_err err;
    struct vn_src *src = vn_calloc(1, sizeof *src, &err);
    vn_src_init(src, &ops);
    src->type = VN_U8;
    src->n_level = 1;
    for (int k = 0; k < 3; k++)
        src->grid.dim[k] = src->box.hi[k] = src->chunk[k] = 8;
    struct vn_vol *v = vn_vol_wrap(VN_IMAGE, src, &err);
    struct vn_scene s = { .volume = v, .axis = 2, .slab = { 0, 1 }, .centre = { 4, 4 }, .um_per_px = 1 };
    struct vn_image im = render(&s, 8, 8);
    assert_true(im.holes);
    assert_int_not_equal(rgb(&im, 3, 3), 0);
    vn_image_free(&im);
    vn_vol_unref(v);
}

static void scale_bars_are_round(void **state)
{
    (void)state;
    char label[24];
    assert_int_equal(vn_scale_bar(1, true, 60, label), 50);
    assert_string_equal(label, "50 um");
    assert_int_equal(vn_scale_bar(0.35, true, 100, label), 57);        /* 20 um / 0.35 */
    assert_string_equal(label, "20 um");
    assert_int_equal(vn_scale_bar(40, true, 100, label), 50);
    assert_string_equal(label, "2 mm");
    assert_int_equal(vn_scale_bar(2, false, 80, label), 50);
    assert_string_equal(label, "100 vox");
}

static void marks_stand_where_they_should(void **state)
{
    (void)state;
    float zero[400] = { 0 };
    struct vn_vol *v = volume(VN_IMAGE, 20, 20, 1, NULL, zero);
    const struct vn_box roi = { { 2, 3, 0 }, { 6, 9, 1 } };
    struct vn_scene s = { .volume = v, .axis = 2, .slab = { 0, 1 }, .centre = { 10, 10 }, .um_per_px = 1, .lo = 0, .hi = 1, .roi = &roi };
    struct vn_image im = render(&s, 20, 20);
    vn_render_marks(&s, &im);
    int lit = 0;
    for (int i = 0; i < 400; i++)
        lit += rgb(&im, i % 20, i / 20) == 0x00d787;
    assert_int_equal(lit, 2 * 4 + 2 * 4);                       /* 4 x 6 voxels: the frame lies on the region's outer voxels */
    assert_int_equal(rgb(&im, 2, 3), 0x00d787);
    assert_int_equal(rgb(&im, 5, 8), 0x00d787);
    vn_image_free(&im);
    s.roi = NULL;
    s.crosshair = true;
    s.at[0] = 10.9;
    s.at[1] = 4;
    im = render(&s, 20, 20);
    vn_render_marks(&s, &im);
    assert_int_not_equal(rgb(&im, 10, 15), 0);
    assert_int_not_equal(rgb(&im, 0, 4), 0);
    assert_int_equal(rgb(&im, 10, 4), 0);                       /* the gap */
    assert_int_equal(rgb(&im, 11, 15), 0);
    vn_image_free(&im);
    s.dot_w = s.dot_h = 2;                                      /* pixels 0 and 1 of six */
    im = render(&s, 20, 20);
    vn_render_marks(&s, &im);
    assert_int_not_equal(rgb(&im, 0, 4), 0);
    assert_int_not_equal(rgb(&im, 1, 4), 0);
    assert_int_equal(rgb(&im, 2, 4), 0);
    assert_int_equal(rgb(&im, 5, 4), 0);
    assert_int_not_equal(rgb(&im, 19, 4), 0);
    assert_int_not_equal(rgb(&im, 10, 13), 0);
    assert_int_equal(rgb(&im, 10, 15), 0);
    vn_image_free(&im);
    s.dot_w = s.dot_h = 0;
    double uv[2];
    vn_scene_voxel(&s, 20, 20, 10, 4, uv);
    assert_float_equal(uv[0], 10.5, 1e-12);
    assert_float_equal(uv[1], 4.5, 1e-12);
    vn_vol_unref(v);
}

static void png_reads_back(void **state)
{
    (void)state;
    struct vn_image im;
    struct vn_err err = { 0 };
    char path[] = "/tmp/venule-render-XXXXXX";
    int fd = mkstemp(path);
    close(fd);
    assert_int_equal(vn_image_new(&im, 5, 3, &err), 0);
    for (int i = 0; i < 45; i++)
        im.rgb[i] = (uint8_t)(i * 5);
    assert_int_equal(vn_png_write(&im, path, false, NULL, &err), VN_E_IO);      /* exists */
    assert_int_equal(vn_png_write(&im, path, true, "voxel 1 \xc2\xb5m", &err), 0);
    png_image in = { .version = PNG_IMAGE_VERSION };
    assert_true(png_image_begin_read_from_file(&in, path));
    in.format = PNG_FORMAT_RGB;
    uint8_t back[45];
    assert_true(PNG_IMAGE_SIZE(in) == 45 && png_image_finish_read(&in, NULL, back, 0, NULL));
    assert_memory_equal(back, im.rgb, 45);
    vn_image_free(&im);
    assert_int_equal(vn_image_new(&im, 0, 3, &err), VN_E_ARG);
    unlink(path);
}

int main(void)
{
    struct vn_err err;
    vn_mem_init(0);
    vn_job_init(2, &err);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(axes_of_the_three_views),
        cmocka_unit_test(zoomed_in_is_nearest_and_outside_is_dark),
        cmocka_unit_test(anisotropic_voxels_keep_their_shape),
        cmocka_unit_test(zoomed_out_is_the_mean_then_half_the_peak),
        cmocka_unit_test(projection_is_the_maximum_of_the_slab),
        cmocka_unit_test(overlays_show_colours),
        cmocka_unit_test(layers_lie_on_each_other),
        cmocka_unit_test(a_ball_is_round),
        cmocka_unit_test(windows),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(unreadable_voxels_are_marked),
        cmocka_unit_test(scale_bars_are_round),
        cmocka_unit_test(marks_stand_where_they_should),
        cmocka_unit_test(png_reads_back),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
