/* test_radius.c - radii along a skeleton: every voxel against the definition, vessels cut by a face, the summary. */
#include "binary.h"
#include <math.h>

extern const struct vn_op vn_op_radius;

static struct vn_vol *radius(struct vn_vol *skeleton, struct vn_vol *mask, const char *outside)
{
    struct vn_vol *in[2] = { skeleton, mask }, *out = NULL;
    struct vn_args a;
    assert_int_equal(vn_args_init(&a, vn_op_radius.params, &err), 0);
    assert_int_equal(vn_args_set(&a, "outside", outside, &err), 0);
    if (vn_op_run(&vn_op_radius, &a, in, &mask->box, &out, NULL, NULL, &err))
        fail_msg("%s", err.msg);
    vn_args_free(&a);
    return out;
}

/* Voxels of 1 x 2 x 3 um; nearest background voxel by trying all, the outside as a layer one voxel thick. */
static void equals_definition(void **state)
{
    static const double um[3] = { 1, 2, 3 };
    struct vn_buf m = new_buf(VN_U8, 11, 9, 8), k = new_buf(VN_U8, 11, 9, 8);
    (void)state;
    random_mask(&m, 85, 2, 5);
    random_mask(&k, 30, 1, 6);
    struct vn_vol *mask = volume_of(&m, 1, 2, 3), *skeleton = volume_of(&k, 1, 2, 3);
    for (int open = 0; open < 2; open++) {
        struct vn_vol *r = radius(skeleton, mask, open ? "unknown" : "background");
        const struct vn_buf d = vn_vol_data(r);
        for (int64_t i = 0; i < 11 * 9 * 8; i++) {
            const int64_t at[3] = { i % 11, i / 11 % 9, i / 99 };
            double best = INFINITY;
            for (int64_t z = -1; z <= 8; z++)
                for (int64_t y = -1; y <= 9; y++)
                    for (int64_t x = -1; x <= 11; x++) {
                        const bool in = x >= 0 && x < 11 && y >= 0 && y < 9 && z >= 0 && z < 8;
                        if (in ? *vox(&m, x, y, z) != 0 : open)
                            continue;
                        const double p = (double)(x - at[0]) * um[0], q = (double)(y - at[1]) * um[1], s = (double)(z - at[2]) * um[2];
                        best = fmin(best, p * p + q * q + s * s);
                    }
            assert_true(((const float *)d.data)[i] == (u8(&k)[i] ? (float)sqrt(best) : 0));
        }
        vn_vol_unref(r);
    }
    vn_vol_unref(mask);
    vn_vol_unref(skeleton);
    vn_buf_free(&m);
    vn_buf_free(&k);
}

static const struct CMUnitTest tests[] = { cmocka_unit_test(equals_definition) };
MAIN_OF(tests)
