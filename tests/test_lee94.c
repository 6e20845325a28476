/* test_lee94.c - the skeleton of Lee, Kashyap, Chu as scikit-image 0.26.0 gives it.  Hashes and counts were computed with
 * skimage.morphology.skeletonize(mask, method='lee') on the same masks as (z, y, x) arrays. */
#include "binary.h"
#include "lee94.h"

static uint64_t set_voxels(const struct vn_buf *b)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < count_of(b); i++)
        n += u8(b)[i] != 0;
    return n;
}

static void equal_to_scikit_image_on_random_blobs(void **state)
{
    static const struct { int nx, ny, nz, percent, grain, seed, n; uint64_t hash; } t[] = {
        { 24, 20, 16, 30, 1, 1, 1422, 0x30572e770770d6ffULL }, { 24, 20, 16, 60, 1, 2, 1446, 0x8fca1d2a948a5c27ULL },
        { 24, 20, 16, 55, 2, 3, 525, 0x957ced36b8b5683eULL },  { 31, 29, 23, 60, 3, 4, 952, 0x1c91dc44ef0e81c7ULL },
        { 20, 33, 17, 70, 4, 5, 888, 0xa18d321485dde663ULL },  { 40, 30, 1, 60, 2, 6, 264, 0x31c83dd8f0541629ULL },
        { 1, 30, 40, 60, 2, 7, 266, 0x34f0118f6cabc8dfULL },   { 30, 1, 40, 60, 2, 8, 266, 0xa02140bdee11e339ULL },
        { 70, 9, 9, 65, 3, 9, 138, 0x1a5545f444d967bdULL },
    };
    (void)state;
    for (size_t i = 0; i < VN_COUNT(t); i++)
        for (int threads = 1; threads <= 4; threads += 3) {
            struct vn_buf m = new_buf(VN_U8, t[i].nx, t[i].ny, t[i].nz), s = new_buf(VN_U8, t[i].nx, t[i].ny, t[i].nz);
            random_mask(&m, t[i].percent, t[i].grain, (uint64_t)t[i].seed);
            vn_job_set_threads(threads);
            assert_int_equal(vn_lee94(&m, &s, NULL, &err), 0);
            assert_int_equal(set_voxels(&s), t[i].n);
            assert_int_equal(mask_hash(&s), t[i].hash);
            assert_int_equal(vn_lee94(&m, &m, NULL, &err), 0);                    /* in place */
            assert_memory_equal(m.data, s.data, count_of(&m));
            vn_buf_free(&m);
            vn_buf_free(&s);
        }
    vn_job_set_threads(2);
}

static uint64_t of_block(int64_t nx, int64_t ny, int64_t nz, struct vn_buf *s)
{
    struct vn_buf m = new_buf(VN_U8, 20, 20, 100);
    for (int64_t z = 0; z < nz; z++)
        for (int64_t y = 0; y < ny; y++)
            for (int64_t x = 0; x < nx; x++)
                *vox(&m, 8 + x, 8 + y, z) = 1;
    *s = new_buf(VN_U8, 20, 20, 100);
    assert_int_equal(vn_lee94(&m, s, NULL, &err), 0);
    const uint64_t n = set_voxels(s);
    vn_buf_free(&m);
    return n;
}

/* The quirks that published clDice values carry: a 4 x 4 block along z vanishes, 4 x 5 does not, a 2^3 cube vanishes. */
static void quirks_are_kept(void **state)
{
    static const struct { int n[3]; uint64_t left; } t[] = {
        { { 4, 4, 100 }, 0 }, { { 4, 5, 100 }, 98 }, { { 5, 4, 100 }, 96 }, { { 5, 5, 100 }, 98 },
        { { 2, 2, 2 }, 0 }, { { 1, 1, 1 }, 1 }, { { 1, 1, 2 }, 2 },
    };
    (void)state;
    for (size_t i = 0; i < VN_COUNT(t); i++) {
        struct vn_buf s;
        assert_int_equal(of_block(t[i].n[0], t[i].n[1], t[i].n[2], &s), t[i].left);
        vn_buf_free(&s);
    }
}

static void empty_and_single(void **state)
{
    struct vn_buf m = new_buf(VN_U8, 1, 1, 1), f = new_buf(VN_F32, 1, 1, 1);
    (void)state;
    assert_int_equal(vn_lee94(&m, &m, NULL, &err), 0);
    assert_int_equal(u8(&m)[0], 0);
    assert_int_equal(vn_lee94(&f, &m, NULL, &err), VN_E_INTERNAL);
    vn_buf_free(&m);
    vn_buf_free(&f);
}

static void a_line_of_one_voxel_stays(void **state)
{
    struct vn_buf m = picture("........../.####...../.....##.../.......#../........#./..........");
    (void)state;
    assert_int_equal(vn_lee94(&m, &m, NULL, &err), 0);
    assert_picture(&m, "........../.####...../.....##.../.......#../........#./..........");
    vn_buf_free(&m);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(equal_to_scikit_image_on_random_blobs), cmocka_unit_test(quirks_are_kept), cmocka_unit_test(empty_and_single),
    cmocka_unit_test(a_line_of_one_voxel_stays),
};
MAIN_OF(tests)
