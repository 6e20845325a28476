/* Masks at one bit a voxel: every voxel type, odd row lengths, crops, bounds; against plain loops. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "bits.h"
#include "masks.h"
#include "mem.h"

static void packs_and_unpacks_every_row_length(void **state)
{
    (void)state;
    const int64_t lengths[] = { 1, 2, 7, 63, 64, 65, 127, 128, 129 };
    for (size_t i = 0; i < VN_COUNT(lengths); i++) {
        struct vn_err err;
        struct vn_buf src = { 0 }, back = { 0 };
        struct vn_bits b;
        mask_fill(&src, lengths[i], 5, 3, mask_noise, 40);
        assert_int_equal(vn_bits_from_buf(&src, &b, NULL, &err), 0);
        uint64_t n = 0;
        for (int64_t k = 0; k < lengths[i] * 15; k++)
            n += ((uint8_t *)src.data)[k];
        assert_int_equal(vn_bits_count(&b), n);
        assert_int_equal(vn_buf_new(&back, VN_U8, &src.box, &err), 0);
        assert_int_equal(vn_bits_to_buf(&b, &back, NULL, &err), 0);
        assert_memory_equal(src.data, back.data, (size_t)lengths[i] * 15);
        vn_bits_free(&b);
        vn_buf_free(&src);
        vn_buf_free(&back);
    }
}

static void any_nonzero_value_counts_and_nan_does_not(void **state)
{
    (void)state;
    struct vn_err err;
    const struct vn_box box = { { 5, 0, 0 }, { 12, 1, 1 } };
    const double v[7] = { 0, 1, -3, 0.25, NAN, INFINITY, -0.0 };
    for (int t = 0; t < VN_N_TYPE; t++) {
        struct vn_buf b = { 0 };
        struct vn_bits m;
        uint64_t expect = 0;
        assert_int_equal(vn_buf_new(&b, (enum vn_type)t, &box, &err), 0);
        for (int i = 0; i < 7; i++) {
            const bool real = t == VN_F32 || t == VN_F64, is_signed = t == VN_I8 || t == VN_I16 || t == VN_I32;
            const double x = real ? v[i] : isfinite(v[i]) && (v[i] >= 0 || is_signed) ? v[i] : 0;
            switch (t) {
            case VN_U8: ((uint8_t *)b.data)[i] = (uint8_t)x; break;
            case VN_U16: ((uint16_t *)b.data)[i] = (uint16_t)(x * 256); break;
            case VN_U32: ((uint32_t *)b.data)[i] = (uint32_t)x << 24; break;
            case VN_I8: ((int8_t *)b.data)[i] = (int8_t)x; break;
            case VN_I16: ((int16_t *)b.data)[i] = (int16_t)x; break;
            case VN_I32: ((int32_t *)b.data)[i] = (int32_t)x; break;
            case VN_F32: ((float *)b.data)[i] = (float)x; break;
            default: ((double *)b.data)[i] = x;
            }
        }
        assert_int_equal(vn_bits_from_buf(&b, &m, NULL, &err), 0);
        /* 0.25 is 0 as an integer but for u16, where it was scaled by 256. */
        switch (t) {
        case VN_U8: case VN_U32: expect = 0x02; break;
        case VN_U16: expect = 0x0a; break;
        case VN_I8: case VN_I16: case VN_I32: expect = 0x06; break;
        default: expect = 0x2e;
        }
        assert_int_equal(m.w[0], expect);
        vn_bits_free(&m);
        vn_buf_free(&b);
    }
}

static void crops_like_a_plain_loop(void **state)
{
    (void)state;
    struct vn_err err;
    struct vn_bits m, c;
    assert_int_equal(mask_bits(&m, 131, 6, 4, mask_noise, 30), 0);
    const struct vn_box boxes[] = { { { -1, -1, -1 }, { 132, 7, 5 } }, { { 3, 1, 1 }, { 100, 5, 4 } }, { { 64, 0, 0 }, { 128, 6, 4 } },
                                    { { -70, 2, 2 }, { 10, 3, 3 } }, { { 120, 0, 0 }, { 300, 2, 9 } } };
    for (size_t i = 0; i < VN_COUNT(boxes); i++)
        for (int invert = 0; invert < 2; invert++) {
            assert_int_equal(vn_bits_crop(&m, &boxes[i], invert, &c, &err), 0);
            uint64_t n = 0;
            for (int64_t z = 0; z < c.dim[2]; z++)
                for (int64_t y = 0; y < c.dim[1]; y++)
                    for (int64_t x = 0; x < c.dim[0]; x++) {
                        const bool set = vn_bits_get(&m, x + c.box.lo[0], y + c.box.lo[1], z + c.box.lo[2]) != invert;
                        assert_int_equal(vn_bits_get(&c, x, y, z), set);
                        n += set;
                    }
            assert_int_equal(vn_bits_count(&c), n);     /* no bits set beyond the row's end */
            vn_bits_free(&c);
        }
    vn_bits_free(&m);
}

static uint8_t two_voxels(int64_t x, int64_t y, int64_t z, int64_t s)
{
    (void)s;
    return (x == 66 && y == 1 && z == 2) || (x == 3 && y == 4 && z == 2);
}
static uint8_t nothing(int64_t x, int64_t y, int64_t z, int64_t s) { return (void)x, (void)y, (void)z, (void)s, 0; }

static void bounds_hold_every_set_voxel(void **state)
{
    (void)state;
    struct vn_bits m;
    struct vn_box b;
    assert_int_equal(mask_bits(&m, 70, 6, 5, two_voxels, 0), 0);
    assert_true(vn_bits_bounds(&m, &b));
    const struct vn_box expect = { { 3, 1, 2 }, { 67, 5, 3 } };
    assert_memory_equal(&b, &expect, sizeof b);
    vn_bits_free(&m);
    assert_int_equal(mask_bits(&m, 70, 6, 5, nothing, 0), 0);
    assert_false(vn_bits_bounds(&m, &b));
    vn_bits_free(&m);
}

static void reads_a_volume_by_slabs(void **state)
{
    (void)state;
    struct vn_err err;
    struct vn_buf src = { 0 };
    struct vn_bits a, b;
    mask_fill(&src, 67, 9, 11, mask_noise, 50);
    assert_int_equal(vn_bits_from_buf(&src, &a, NULL, &err), 0);
    const struct vn_grid g = { { 67, 9, 11 }, { 1, 1, 1 }, { { 0, 0 } } };
    struct vn_vol *v = vn_vol_from_buf(VN_MASK, &g, &src, &err);
    assert_non_null(v);
    const struct vn_box part = { { 2, 1, 3 }, { 67, 8, 10 } };
    assert_int_equal(vn_bits_read(v, &part, &b, NULL, &err), 0);
    for (int64_t z = 0; z < b.dim[2]; z++)
        for (int64_t y = 0; y < b.dim[1]; y++)
            for (int64_t x = 0; x < b.dim[0]; x++)
                assert_int_equal(vn_bits_get(&b, x, y, z), vn_bits_get(&a, x + 2, y + 1, z + 3));
    vn_bits_free(&a);
    vn_bits_free(&b);
    vn_vol_unref(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packs_and_unpacks_every_row_length), cmocka_unit_test(any_nonzero_value_counts_and_nan_does_not),
        cmocka_unit_test(crops_like_a_plain_loop),            cmocka_unit_test(bounds_hold_every_set_voxel),
        cmocka_unit_test(reads_a_volume_by_slabs),
    };
    struct vn_err err;
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
