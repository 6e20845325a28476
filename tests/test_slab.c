/* Projections as pictures: methods, the plane of each pixel, colours by depth. Values by hand, and against `mip index=`,
 * which is other code (op/project.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>
#include "job.h"
#include "mem.h"
#include "project.h"
#include "render.h"

static struct vn_err err;

static struct vn_vol *column(const float *v, int64_t n)
{
    struct vn_grid g = { .dim = { 1, 1, n } };
    struct vn_box box = { { 0, 0, 0 }, { 1, 1, n } };
    struct vn_vol *vol = vn_vol_new(VN_IMAGE, VN_F32, &g, &box, &err);
    assert_non_null(vol);
    memcpy(vn_vol_data(vol).data, v, sizeof *v * (size_t)n);
    return vol;
}

static struct vn_image render(const struct vn_scene *s, int w, int h, bool planes)
{
    struct vn_image im;
    assert_int_equal(vn_image_new(&im, w, h, &err), 0);
    if (planes)
        assert_int_equal(vn_image_add_planes(&im, &err), 0);
    if (vn_render(s, &im, NULL, &err))
        fail_msg("%s", err.msg);
    return im;
}

static void pixel_is(const struct vn_scene *s, enum vn_slab_method m, uint32_t want, int plane)
{
    struct vn_scene scene = *s;
    scene.method = m;
    struct vn_image im = render(&scene, 1, 1, true);
    assert_int_equal(im.rgb[0] << 16 | im.rgb[1] << 8 | im.rgb[2], want);
    assert_int_equal(im.plane[0], plane);
    vn_image_free(&im);
}

static void each_method_on_one_column(void **state)
{
    (void)state;
    const float v[7] = { 80, 20, NAN, 200, 20, 200, 80 };
    struct vn_vol *vol = column(v, 7);
    struct vn_scene s = { .volume = vol, .axis = 2, .mip = true, .slab = { 0, 7 }, .centre = { 0.5, 0.5 }, .um_per_px = 1, .lo = 0, .hi = 255 };
    pixel_is(&s, VN_SLAB_MAX, 0xc8c8c8, 3);          /* 200, first in plane 3 */
    pixel_is(&s, VN_SLAB_MIN, 0x141414, 1);          /* 20, first in plane 1 */
    pixel_is(&s, VN_SLAB_MEAN, 0x646464, -1);        /* 600 / 6 */
    /* plane 3 of 0..6 is the middle of the ramp, magenta 0xDC267F, at 200 / 255: 220*200 = 44000, 38*200 = 7600, 127*200 = 25400 */
    pixel_is(&s, VN_SLAB_DEPTH, 173u << 16 | 30u << 8 | 100u, 3);
    s.slab[0] = 3;                                   /* the first plane is amber 0xFFB000: 200, 176*200/255 = 138.04, 0 */
    pixel_is(&s, VN_SLAB_DEPTH, 200u << 16 | 138u << 8, 3);
    s.slab[0] = 4;
    s.slab[1] = 6;                                   /* the last is blue 0x648FFF: 100*200/255 = 78.4, 143*200/255 = 112.2 */
    pixel_is(&s, VN_SLAB_DEPTH, 78u << 16 | 112u << 8 | 200u, 5);
    s.slab[0] = 2;
    s.slab[1] = 3;                                   /* no number there */
    pixel_is(&s, VN_SLAB_MAX, 0x1c1c24, -1);
    pixel_is(&s, VN_SLAB_MEAN, 0x1c1c24, -1);
    s.mip = false;
    s.slab[0] = 6;
    pixel_is(&s, VN_SLAB_MEAN, 0x505050, 6);         /* a slice has no method */
    vn_vol_unref(vol);
}

/* Maps at 0, 128 and 255; matplotlib.colormaps['viridis'](i, bytes=True); fire by hand from ImageJ's 32 colours: 128 lies
 * at 31 * 128 / 255 = 15.56 between (229, 57, 5) and (240, 79, 0). */
static void colour_maps(void **state)
{
    (void)state;
    static const uint32_t want[4][3] = { { 0x000000, 0x808080, 0xffffff }, { 0xffffff, 0x7f7f7f, 0x000000 },
                                         { 0x440154, 0x21918c, 0xfde725 }, { 0x000000, 0xeb4502, 0xffffff } };
    const float v[1] = { 128 };
    struct vn_vol *vol = column(v, 1);
    for (int m = 0; m < 4; m++) {
        struct vn_scene s = { .volume = vol, .axis = 2, .slab = { 0, 1 }, .centre = { 0.5, 0.5 }, .um_per_px = 1, .lo = 0, .hi = 255, .colormap = (enum vn_colormap)m };
        pixel_is(&s, VN_SLAB_MAX, want[m][1], 0);
        assert_int_equal(vn_map_color((enum vn_colormap)m, 0), want[m][0]);
        assert_int_equal(vn_map_color((enum vn_colormap)m, 255), want[m][2]);
    }
    vn_vol_unref(vol);
}

/* Many equal values in all types; extents around the groups in which planes are counted (256). */
static struct vn_vol *coarse(enum vn_type type, const int64_t dim[3])
{
    struct vn_grid g = { .dim = { dim[0], dim[1], dim[2] } };
    struct vn_box box = { { 0, 0, 0 }, { dim[0], dim[1], dim[2] } };
    struct vn_vol *v = vn_vol_new(VN_IMAGE, type, &g, &box, &err);
    const int64_t n = dim[0] * dim[1] * dim[2];
    float *line = vn_alloc((uint64_t)n * sizeof *line, &err);
    uint32_t x = 1;
    assert_true(v && line);
    for (int64_t i = 0; i < n; i++) {
        x = x * 1664525u + 1013904223u;
        line[i] = type >= VN_F32 && x >> 28 == 3 ? NAN : (float)(x >> 29) - (type >= VN_I8 ? 4 : 0);
        if (x >> 12 == 0x12345)
            line[i] = 100;
    }
    vn_convert_row(type, vn_vol_data(v).data, VN_F32, line, n);
    vn_free(line);
    return v;
}

static void planes_are_those_of_mip_index(void **state)
{
    (void)state;
    static const int64_t dim[3][3] = { { 131, 17, 5 }, { 9, 300, 11 }, { 21, 6, 530 } };
    for (int type = 0; type < VN_N_TYPE; type++)
        for (int axis = 0; axis < 3; axis++)
            for (int least = 0; least < 2; least++) {
                struct vn_vol *v = coarse((enum vn_type)type, dim[axis]), *out, *index;
                struct vn_project_in in = { .v = v, .box = v->box, .axis = axis, .method = least ? VN_PROJECT_MIN : VN_PROJECT_MAX };
                int a, b;
                in.box.lo[axis] = 2;
                assert_int_equal(vn_project(&in, &out, &index, NULL, &err), 0);
                vn_scene_axes(axis, &a, &b);
                struct vn_scene s = { .volume = v, .axis = axis, .mip = true, .method = least ? VN_SLAB_MIN : VN_SLAB_MAX, .slab = { 2, dim[axis][axis] },
                                      .centre = { 0.5 * (double)dim[axis][a], 0.5 * (double)dim[axis][b] }, .um_per_px = 1, .lo = -4, .hi = 251 };
                vn_job_set_threads(least ? 4 : 1);
                struct vn_image im = render(&s, (int)dim[axis][a], (int)dim[axis][b], true);
                const struct vn_buf at = vn_vol_data(index), best = vn_vol_data(out);
                for (int y = 0; y < im.h; y++)
                    for (int x = 0; x < im.w; x++) {
                        int64_t p[3] = { 0 };
                        double value;
                        p[axis] = 2;
                        p[a] = x;
                        p[b] = y;
                        vn_convert_row(VN_F64, &value, best.type, (char *)best.data + (size_t)vn_buf_at(&best, p[0], p[1], p[2]) * vn_type_size(best.type), 1);
                        assert_int_equal(im.plane[y * im.w + x], value == value ? ((uint16_t *)at.data)[vn_buf_at(&at, p[0], p[1], p[2])] : -1);
                        assert_int_equal(im.rgb[3 * (y * im.w + x)], value == value ? value + 4 : 0x1c);
                    }
                vn_image_free(&im);
                vn_vol_unref(out);
                vn_vol_unref(index);
                vn_vol_unref(v);
            }
}

/* Zoomed out, the plane is that of the largest voxel under the pixel, the first of equals. */
static void planes_zoomed_out(void **state)
{
    (void)state;
    static const int64_t dim[3] = { 46, 31, 23 };
    struct vn_vol *v = coarse(VN_U8, dim);
    const uint8_t *d = vn_vol_data(v).data;
    struct vn_scene s = { .volume = v, .axis = 2, .mip = true, .slab = { 3, 20 }, .centre = { 23, 15.5 }, .um_per_px = 3, .lo = 0, .hi = 255 };
    struct vn_image im = render(&s, 12, 9, true);
    for (int y = 0; y < 9; y++)
        for (int x = 0; x < 12; x++) {
            int best = -1, plane = -1;
            for (int k = 3; k < 20; k++)
                for (int j = 0; j < 31; j++)
                    for (int i = 0; i < 46; i++) {
                        /* middle of voxel (i, j) in pixels of 3 voxels about the picture's middle */
                        const double px = (i + 0.5 - 23) / 3 + 6, py = (j + 0.5 - 15.5) / 3 + 4.5;
                        if (floor(px) == x && floor(py) == y && d[i + 46 * (j + 31 * k)] > best) {
                            best = d[i + 46 * (j + 31 * k)];
                            plane = k;
                        }
                    }
            assert_int_equal(im.plane[y * 12 + x], plane);
            if (best >= 0)
                assert_int_equal(im.rgb[3 * (y * 12 + x)], best);
        }
    vn_image_free(&im);
    vn_vol_unref(v);
}

/* Each allocation of a picture with everything in it fails once: said, and nothing is lost or half done. */
static void memory_that_is_missing_is_said(void **state)
{
    (void)state;
    static const int64_t dim[3] = { 70, 30, 9 };
    struct vn_vol *v = coarse(VN_U16, dim), *m = coarse(VN_U8, dim);
    struct vn_scene s = { .volume = v, .overlay = m, .prob = v, .low = 2, .high = 4, .axis = 0, .mip = true, .slab = { 0, 70 }, .centre = { 4.5, 15 }, .um_per_px = 1,
                          .under = { { m, 0.5, true, 1 } }, .n_under = 1 };
    vn_job_set_threads(1);
    for (int method = 0; method < 4; method++)
        for (long nth = 1;; nth++) {
            struct vn_image im;
            s.method = (enum vn_slab_method)method;
            assert_int_equal(vn_image_new(&im, 9, 30, &err), 0);
            assert_int_equal(vn_image_add_planes(&im, &err), 0);
            vn_mem_fail_at(nth);
            const long before = vn_mem_n_alloc();
            const int rc = vn_render(&s, &im, NULL, &err);
            const bool reached = vn_mem_n_alloc() - before >= nth;
            vn_mem_fail_at(0);
            vn_image_free(&im);
            assert_int_equal(rc, reached ? VN_E_MEMORY : 0);
            if (!reached)
                break;
        }
    vn_job_set_threads(2);
    vn_vol_unref(v);
    vn_vol_unref(m);
}

int main(void)
{
    vn_mem_init(0);
    vn_job_init(2, &err);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_method_on_one_column),
        cmocka_unit_test(colour_maps),
        cmocka_unit_test(planes_are_those_of_mip_index),
        cmocka_unit_test(planes_zoomed_out),
        cmocka_unit_test(memory_that_is_missing_is_said),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
