/* test_morph.c - dilation, erosion, opening, closing with a ball: against scipy, by hand on other voxels, at faces. */
#include "binary.h"
#include "edt.h"
#include "masks.h"

extern const struct vn_op vn_op_morph;

static const char *const names[] = { "op=dilate", "op=erode", "op=open", "op=close" };

static struct vn_buf morph(const struct vn_buf *m, const double um[3], const char *op, const char *radius)
{
    struct vn_vol *v = volume_of(m, um[0], um[1], um[2]), *out = NULL;
    struct vn_buf b = new_buf(VN_U8, m->box.hi[0], m->box.hi[1], m->box.hi[2]);
    struct vn_args a;
    if (run_op(&vn_op_morph, v, NULL, &out, &a, (const char *const[]){ op, radius, NULL }))
        fail_msg("%s", err.msg);
    memcpy(b.data, vn_vol_data(out).data, count_of(m));
    vn_args_free(&a);
    vn_vol_unref(out);
    vn_vol_unref(v);
    return b;
}

/* scipy.ndimage binary_dilation, binary_erosion(border_value=1), one after the other, and closing on a padded array, with the
 * structuring element of the offsets inside the ball; FNV-1a of the bytes in the order of names[]. */
static void equals_scipy(void **state)
{
    static const struct { int n[3]; uint8_t (*f)(int64_t, int64_t, int64_t, int64_t); int s; const char *radius; double um[3]; uint64_t want[4]; } t[] = {
        { { 31, 26, 22 }, mask_noise, 3, "radius=3vox", { 0 },
          { 0x609d61e398629de2ULL, 0x94cdd35a7a3eecf5ULL, 0x94cdd35a7a3eecf5ULL, 0xfba641557d1873e0ULL } },
        { { 31, 26, 22 }, mask_noise, 97, "radius=2", { 0 },
          { 0x33ff2033ec01aed9ULL, 0x9e8bd6b3925dfbbcULL, 0x4c691bbcd5e86c0bULL, 0xca8745f36d8ccb76ULL } },
        { { 40, 33, 21 }, mask_sheet, 2, "radius=0.7um", { .35, .35, .35 },
          { 0x96a222eb2970adb6ULL, 0xff7a2fb0de921aa8ULL, 0xab83310fd9d511daULL, 0x811cb7388775fe46ULL } },
        { { 40, 33, 21 }, mask_sheet, 2, "radius=3um", { 1, 1, 2 },
          { 0x04328cbbaa6b7125ULL, 0x499b422c7375e36cULL, 0x39495e1e2ed3f027ULL, 0x63e95fe2b07583d5ULL } },
        { { 40, 33, 21 }, mask_sheet, 5, "radius=4", { 2, 1, 3 },
          { 0xdde89dd82f1a6c55ULL, 0x3e9711d9528a647bULL, 0xfd3d31a391f56f40ULL, 0x6f1875040ecb1f36ULL } },
        { { 40, 33, 21 }, mask_sheet, 5, "radius=1.5vox", { 1, 1, 1 },
          { 0x281983e05a57e3c6ULL, 0x19dff34de2f728ddULL, 0xf320d13b1000c622ULL, 0x9657ec4f03313198ULL } },
    };
    (void)state;
    for (size_t i = 0; i < VN_COUNT(t); i++) {
        struct vn_buf m;
        mask_fill(&m, t[i].n[0], t[i].n[1], t[i].n[2], t[i].f, t[i].s);
        for (int k = 0; k < 4; k++)
            for (int threads = 1; threads <= 4; threads += 3) {
                vn_job_set_threads(threads);
                struct vn_buf r = morph(&m, t[i].um, names[k], t[i].radius);
                if (mask_hash(&r) != t[i].want[k])
                    fail_msg("row %d, %s", (int)i, names[k]);
                vn_buf_free(&r);
            }
        vn_buf_free(&m);
    }
    vn_job_set_threads(2);
}

static void check(const char *before, const char *op, const char *radius, const char *after)
{
    static const double um[3] = { 1, 2, 5 };
    struct vn_buf m = picture(before), r = morph(&m, um, op, radius);
    assert_picture(&r, after);
    vn_buf_free(&m);
    vn_buf_free(&r);
}

/* Voxels of 1 x 2 um: a radius of 2 um is two voxels along x and one along y; faces neither eat nor attract. */
static void by_hand(void **state)
{
    (void)state;
    check("......./......./...#.../......./.......", "op=dilate", "radius=2um", "......./...#.../.#####./...#.../.......");
    check("......./......./...#.../......./.......", "op=dilate", "radius=2.3um", "......./..###../.#####./..###../.......");
    check("......./######./######./######./.......", "op=erode", "radius=2um", "......./......./####.../......./.......");
    check("......./######./######./######./.......", "op=erode", "radius=0", "......./######./######./######./.......");
    check("###../###../###..", "op=erode", "radius=1vox", "##.../##.../##...");
    check("......./##.####/##.####/##.####/.......", "op=close", "radius=1um", "......./#######/#######/#######/.......");
    check(".#......./.#######./.######../.######../.#...#...", "op=open", "radius=1um", "........./.#######./.######../.######../.........");
    check("...../...../.....", "op=erode", "radius=1um", "...../...../.....");
    check("#####/#####/#####", "op=erode", "radius=100um", "#####/#####/#####");
}

/* Small balls are made of bits, large ones by distances: both against the exact distance transform, over the change from one to
 * the other, in rows of every length around a word's. */
static void balls_of_all_sizes(void **state)
{
    static const struct { int n[3]; double um[3]; } t[] = { { { 61, 9, 8 }, { 0 } }, { { 62, 9, 8 }, { 1, 1, 1 } }, { { 63, 11, 7 }, { 1, 2, 3 } },
                                                            { { 64, 8, 9 }, { 2, 1, 0.7 } }, { { 65, 9, 1 }, { 0 } }, { { 127, 5, 6 }, { 0.35, 0.35, 1 } } };
    (void)state;
    for (size_t i = 0; i < VN_COUNT(t); i++)
        for (double r = 0.5; r < 14; r += 0.75) {
            char radius[40];
            const bool um = t[i].um[0] > 0;
            struct vn_buf m, far, near;
            snprintf(radius, sizeof radius, "radius=%g%s", r, um ? "um" : "vox");
            mask_fill(&m, t[i].n[0], t[i].n[1], t[i].n[2], mask_noise, 2 + (int)i);
            far = new_buf(VN_F32, t[i].n[0], t[i].n[1], t[i].n[2]);
            near = new_buf(VN_F32, t[i].n[0], t[i].n[1], t[i].n[2]);
            assert_int_equal(vn_edt(&m, t[i].um, VN_EDT_SEEDS | VN_EDT_SQUARED, &far, NULL, &err), 0);
            assert_int_equal(vn_edt(&m, t[i].um, VN_EDT_OPEN | VN_EDT_SQUARED, &near, NULL, &err), 0);
            struct vn_buf d = morph(&m, t[i].um, "op=dilate", radius), e = morph(&m, t[i].um, "op=erode", radius);
            for (uint64_t k = 0; k < count_of(&m); k++) {
                assert_int_equal(((uint8_t *)d.data)[k], (double)((float *)far.data)[k] <= r * r * (1 + 1e-6));
                assert_int_equal(((uint8_t *)e.data)[k], (double)((float *)near.data)[k] > r * r * (1 + 1e-6));
            }
            vn_buf_free(&m);
            vn_buf_free(&far);
            vn_buf_free(&near);
            vn_buf_free(&d);
            vn_buf_free(&e);
        }
}

static void refusals(void **state)
{
    struct vn_buf m = picture("###");
    struct vn_vol *v = volume_of(&m, 0, 0, 0), *out;
    struct vn_args a;
    (void)state;
    assert_int_equal(run_op(&vn_op_morph, v, NULL, &out, &a, (const char *const[]){ "op=open", "radius=1um", NULL }), VN_E_ARG);
    assert_non_null(strstr(err.msg, "the voxel size is not known"));
    vn_args_free(&a);
    assert_int_equal(run_op(&vn_op_morph, v, NULL, &out, &a, (const char *const[]){ "op=open", "radius=2001vox", NULL }), VN_E_ARG);
    assert_non_null(strstr(err.msg, "up to 2000"));
    vn_args_free(&a);
    vn_vol_unref(v);
    vn_buf_free(&m);
}

static const struct CMUnitTest tests[] = { cmocka_unit_test(equals_scipy), cmocka_unit_test(by_hand), cmocka_unit_test(balls_of_all_sizes), cmocka_unit_test(refusals) };
MAIN_OF(tests)
