/* test_project.c - projections: NaN, threads and slabs do not matter, all axes against the definition. */
#include "image.h"
#include "project.h"

static float noise_or_nan(int64_t x, int64_t y, int64_t z)
{
    const float v = floorf(image_noise(x, y, z) / 32);          /* many equals */
    return v == 3 || (x == 2 && y == 3) || (y == 4 && z == 1) || (x == 1 && z == 5) ? NAN : v - 4;
}

static void equals_definition(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 13, 11, 9, 0, noise_or_nan), *out, *index;
    (void)state;
    for (int axis = 0; axis < 3; axis++)
        for (int k = 0; k < 10; k++) {                         /* max, min with first and last; mean; on 1 and 4 threads */
            struct vn_project_in in = { .v = v, .box = box6(1, 12, 0, 11, 1, 9), .axis = axis, .method = (enum vn_project)(k / 2 % 5 / 2), .last = k / 2 % 2 };
            const bool mean = in.method == VN_PROJECT_MEAN;
            vn_job_set_threads(k % 2 ? 4 : 1);
            assert_int_equal(vn_project(&in, &out, mean ? NULL : &index, NULL, &err), 0);
            for (int64_t z = in.box.lo[2]; z < (axis == 2 ? in.box.lo[2] + 1 : in.box.hi[2]); z++)
                for (int64_t y = in.box.lo[1]; y < (axis == 1 ? in.box.lo[1] + 1 : in.box.hi[1]); y++)
                    for (int64_t x = in.box.lo[0]; x < (axis == 0 ? in.box.lo[0] + 1 : in.box.hi[0]); x++) {
                        double sum = 0, best = NAN;
                        int64_t n = 0, at = in.box.lo[axis];
                        for (int64_t i = in.box.lo[axis]; i < in.box.hi[axis]; i++) {
                            const double u = image_at(v, axis == 0 ? i : x, axis == 1 ? i : y, axis == 2 ? i : z);
                            if (isnan(u))
                                continue;
                            sum += u;
                            n++;
                            if (isnan(best) || (in.method == VN_PROJECT_MAX ? u > best : u < best) || (in.last && u == best)) {
                                best = u;
                                at = i;
                            }
                        }
                        const float want = mean ? n ? (float)(sum / (double)n) : NAN : (float)best, got = image_at(out, x, y, z);
                        assert_true(got == want || (isnan(got) && isnan(want)));
                        if (!mean) {
                            const struct vn_buf d = vn_vol_data(index);
                            assert_int_equal(((const uint16_t *)d.data)[vn_buf_at(&d, x, y, z)], at);
                        }
                    }
            vn_vol_unref(out);
            if (!mean)
                vn_vol_unref(index);
        }
    vn_job_set_threads(2);
    vn_vol_unref(v);
}

/* Under a budget of 256 MB 299 planes of 128 x 128 are more than one slab; 299 is prime to 7, so every line holds every value once. */
static float ramp(int64_t x, int64_t y, int64_t z) { return (float)((z * 7 + x + y) % 299); }

static void slabs_are_joined(void **state)
{
    struct vn_vol *v = image_new(VN_PROB, 128, 128, 299, 0, ramp), *out, *index;
    struct vn_project_in in = { .v = v, .box = v->box, .axis = 2 };
    (void)state;
    vn_mem_init(256 << 20);
    assert_int_equal(vn_project(&in, &out, &index, NULL, &err), 0);
    vn_mem_init(0);
    assert_int_equal(out->kind, VN_PROB);
    const struct vn_buf d = vn_vol_data(index);
    for (int64_t y = 0; y < 128; y++)
        for (int64_t x = 0; x < 128; x++) {
            assert_true(image_at(out, x, y, 0) == 298);
            assert_true(ramp(x, y, ((const uint16_t *)d.data)[y * 128 + x]) == 298);
        }
    vn_vol_unref(out);
    vn_vol_unref(index);
    vn_vol_unref(v);
}

static void failing_allocations_are_reported(void **state)
{
    struct vn_vol *v = image_new(VN_IMAGE, 9, 8, 7, 0, image_noise), *out = NULL, *index = NULL;
    struct vn_project_in in = { .v = v, .box = v->box, .axis = 1 };
    int failed = 0;
    (void)state;
    for (long n = 1; n < 50 && !out; n++) {
        vn_mem_fail_at(n);
        const int rc = vn_project(&in, &out, &index, NULL, &err);
        assert_true(rc == 0 || rc == VN_E_MEMORY);
        failed += rc != 0;
    }
    vn_mem_fail_at(0);
    assert_true(failed > 3 && out);
    vn_vol_unref(out);
    vn_vol_unref(index);
    vn_vol_unref(v);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(equals_definition), cmocka_unit_test(slabs_are_joined), cmocka_unit_test(failing_allocations_are_reported),
};
IMAGE_MAIN(tests)
