/* test_components.c - connected components: hand-counted shapes, random masks against a flood fill, sizes, threads; by value
 * and plane by plane against cc3d and scikit-image. */
#include <math.h>
#include "binary.h"
#include "label.h"

extern const struct vn_op vn_op_components, vn_op_pieces;

/* Flood fill in raster order: labels and their order by definition. */
static uint32_t flood(const struct vn_buf *m, int connectivity, uint32_t *label)
{
    const int64_t nx = m->box.hi[0], ny = m->box.hi[1], nz = m->box.hi[2];
    int64_t *stack = malloc(sizeof(*stack) * (size_t)(nx * ny * nz + 1)), n = 0;
    uint32_t count = 0;
    memset(label, 0, sizeof(*label) * (size_t)(nx * ny * nz));
    for (int64_t i = 0; i < nx * ny * nz; i++) {
        if (!u8(m)[i] || label[i])
            continue;
        label[i] = ++count;
        stack[n++] = i;
        while (n) {
            const int64_t at = stack[--n], x = at % nx, y = at / nx % ny, z = at / nx / ny;
            for (int k = 0; k < 27; k++) {
                const int dx = k % 3 - 1, dy = k / 3 % 3 - 1, dz = k / 9 - 1, d = abs(dx) + abs(dy) + abs(dz);
                const int64_t q = at + dx + nx * (dy + ny * dz);
                if (d == 0 || d > (connectivity == 6 ? 1 : connectivity == 18 ? 2 : 3) || x + dx < 0 || x + dx >= nx ||
                    y + dy < 0 || y + dy >= ny || z + dz < 0 || z + dz >= nz || !u8(m)[q] || label[q])
                    continue;
                label[q] = count;
                stack[n++] = q;
            }
        }
    }
    free(stack);
    return count;
}

static void equal_to_flood_fill_on_random_masks(void **state)
{
    static const int64_t size[][3] = { { 1, 1, 1 }, { 1, 1, 37 }, { 1, 37, 1 }, { 37, 1, 1 }, { 64, 3, 2 }, { 13, 17, 19 }, { 65, 7, 70 }, { 9, 31, 5 } };
    static const int percent[] = { 0, 3, 15, 30, 60, 100 }, conn[] = { 6, 18, 26 };
    (void)state;
    for (size_t s = 0; s < VN_COUNT(size); s++)
        for (size_t p = 0; p < VN_COUNT(percent); p++) {
            struct vn_buf m = new_buf(VN_U8, size[s][0], size[s][1], size[s][2]), l = new_buf(VN_U32, size[s][0], size[s][1], size[s][2]);
            uint32_t *want = malloc(sizeof(*want) * count_of(&m));
            random_mask(&m, percent[p], 1 + (int)(s + p) % 2, 7 * s + p);
            for (int c = 0; c < 3; c++) {
                const uint32_t n = flood(&m, conn[c], want);
                for (int threads = 1; threads <= 4; threads += 3) {
                    uint64_t count = 99;
                    vn_job_set_threads(threads);
                    memset(l.data, 0xaa, count_of(&l) * 4);
                    assert_int_equal(vn_label_buf(&m, conn[c], &l, &count, NULL, &err), 0);
                    assert_int_equal(count, n);
                    assert_memory_equal(l.data, want, count_of(&l) * 4);
                }
            }
            free(want);
            vn_buf_free(&m);
            vn_buf_free(&l);
        }
    vn_job_set_threads(2);
}

/* Two voxels that share an edge, and two that share a corner: joined from 18 and from 26 on. */
static void connectivity_counts_edges_and_corners(void **state)
{
    struct vn_buf m = new_buf(VN_U8, 6, 2, 2), l = new_buf(VN_U32, 6, 2, 2);
    uint64_t n;
    (void)state;
    *vox(&m, 0, 0, 0) = *vox(&m, 1, 1, 0) = 200;
    *vox(&m, 4, 0, 0) = *vox(&m, 5, 1, 1) = 1;
    assert_int_equal(vn_label_buf(&m, 6, &l, &n, NULL, &err), 0);
    assert_int_equal(n, 4);
    assert_int_equal(vn_label_buf(&m, 18, &l, &n, NULL, &err), 0);
    assert_int_equal(n, 3);
    assert_int_equal(vn_label_buf(&m, 26, &l, &n, NULL, &err), 0);
    assert_int_equal(n, 2);
    assert_int_equal(vn_label_buf(&m, 8, &l, &n, NULL, &err), VN_E_ARG);
    assert_string_equal(err.msg, "connectivity 8 is none of 6, 18, 26");
    vn_buf_free(&m);
    vn_buf_free(&l);
}

static void sizes_faces_and_largest(void **state)
{
    struct vn_buf m = picture("##....#/......#/..###../..###../......."), l = new_buf(VN_U32, 7, 5, 1);
    struct vn_runs r;
    uint64_t *size, n, largest;
    bool *face;
    (void)state;
    assert_int_equal(vn_label_buf(&m, 26, &l, &n, NULL, &err), 0);
    assert_int_equal(vn_label_sizes(&l, &size, &n, NULL, &err), 0);
    assert_int_equal(n, 3);
    assert_true(size[0] == 2 && size[1] == 2 && size[2] == 6);
    vn_free(size);
    assert_int_equal(vn_runs_build(&m, false, &r, NULL, &err), 0);
    assert_int_equal(r.n, 5);
    assert_int_equal(vn_runs_label(&r, 6, NULL, &err), 0);
    assert_int_equal(vn_runs_sizes(&r, &size, NULL, &err), 0);
    assert_true(r.count == 3 && size[0] == 2 && size[1] == 2 && size[2] == 6);
    assert_int_equal(vn_runs_faces(&r, false, &face, NULL, &err), 0);
    assert_true(face[0] && face[1] && !face[2]);
    vn_free(face);
    assert_int_equal(vn_runs_faces(&r, true, &face, NULL, &err), 0);      /* one plane: everything touches z */
    assert_true(face[2]);
    vn_free(face);
    vn_free(size);
    vn_runs_free(&r);
    assert_int_equal(vn_keep_largest(&m, 26, &largest, NULL, &err), 0);
    assert_int_equal(largest, 6);
    assert_picture(&m, "......./......./..###../..###../.......");
    memset(m.data, 0, count_of(&m));
    assert_int_equal(vn_keep_largest(&m, 26, &largest, NULL, &err), 0);
    assert_int_equal(largest, 0);
    vn_buf_free(&m);
    vn_buf_free(&l);
}

/* Components of 1, 2, 4, 2, then 2, 1, 2 voxels in raster order. */
static void some_are_kept(void **state)
{
    static const struct { const char *words[3]; uint32_t want[13]; } t[] = {
        { { "min_size=2", NULL }, { 0, 0, 1, 1, 0, 0, 2, 2, 2, 2, 0, 3, 3 } },
        { { "largest=1", NULL }, { 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0 } },
        { { "largest=3", NULL }, { 0, 0, 1, 1, 0, 0, 2, 2, 2, 2, 0, 3, 3 } },
        { { "largest=2", "min_size=2", NULL }, { 0, 0, 1, 1, 0, 0, 2, 2, 2, 2, 0, 0, 0 } },
        { { "largest=9", NULL }, { 1, 0, 2, 2, 0, 0, 3, 3, 3, 3, 0, 4, 4 } },
        { { "largest=2", "min_size=5", NULL }, { 0 } },
    };
    struct vn_buf m = picture("#.##..####.##/............./##.#..##.....");
    struct vn_vol *v = volume_of(&m, 0, 0, 0), *out;
    struct vn_args a;
    (void)state;
    for (size_t i = 0; i < VN_COUNT(t); i++) {
        assert_int_equal(run_op(&vn_op_components, v, NULL, &out, &a, t[i].words), 0);
        assert_memory_equal(vn_vol_data(out).data, t[i].want, sizeof t[i].want);
        vn_vol_unref(out);
        vn_args_free(&a);
    }
    vn_vol_unref(v);
    vn_buf_free(&m);
}

/* A spiral of one component whose rows join late: the hardest order for a union-find. */
static void spiral_is_one(void **state)
{
    struct vn_buf m = picture("#########/#......../#.#######/#.#.....#/#.#.###.#/#.#...#.#/#.#####.#/#.......#/#########");
    struct vn_buf l = new_buf(VN_U32, 9, 9, 1);
    uint64_t n;
    (void)state;
    assert_int_equal(vn_label_buf(&m, 6, &l, &n, NULL, &err), 0);
    assert_int_equal(n, 1);
    vn_buf_free(&m);
    vn_buf_free(&l);
}

static void operation_labels_the_region_alone(void **state)
{
    struct vn_buf m = picture("#######/#.....#/#.....#");
    struct vn_vol *v = volume_of(&m, 0, 0, 0), *out;
    struct vn_args a;
    const struct vn_box low = { { 0, 1, 0 }, { 7, 3, 1 } };
    (void)state;
    assert_int_equal(run_op(&vn_op_components, v, &low, &out, &a, (const char *const[]){ "connectivity=6", NULL }), 0);
    struct vn_buf l = vn_vol_data(out);
    const uint32_t want[14] = { 1, 0, 0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 2 };       /* the row that joins them is outside */
    assert_memory_equal(l.data, want, sizeof want);
    assert_int_equal(out->kind, VN_LABELS);
    vn_vol_unref(out);
    vn_args_free(&a);
    vn_vol_unref(v);
    vn_buf_free(&m);
}

/* Labels of a formula's volume, renumbered by first voxel: FNV-1a over them and their number, from cc3d 3 (labels; grey
 * with delta=) and, plane by plane, scikit-image's measure.label. */
static void by_value_as_others_find_them(void **state)
{
    static const struct { const char *words[4]; uint64_t n, hash; } t[] = {
        { { "tolerance=2", "connectivity=6" }, 2851, 0xd4d7eadffc236aed }, { { "tolerance=5", "connectivity=6" }, 2376, 0xa3218fe4029296dd },
        { { "tolerance=2", "connectivity=18" }, 2087, 0x8a98fcafe232509f }, { { "tolerance=5", "connectivity=18" }, 977, 0x5306789d04214652 },
        { { "tolerance=2", "connectivity=26" }, 1638, 0xfbe43a731cbd7c06 }, { { "tolerance=5", "connectivity=26" }, 360, 0xd39fd48f5e19e872 },
        { { "of=labels", "connectivity=6" }, 825, 0x3c94265a6c98cb2b }, { { "of=labels", "connectivity=18" }, 90, 0x40f9b026a136b08a },
        { { "of=labels", "connectivity=26" }, 31, 0x7e0d34dfd7bb40f4 },
        { { "of=labels", "connectivity=4" }, 1194, 0x3e7ce6df1e1f0148 }, { { "of=labels", "connectivity=8", "axis=z" }, 712, 0x6c1bd48692a08d6f },
        { { "of=labels", "connectivity=4", "axis=y" }, 1245, 0x6ab2fb4e7b4a3cc4 }, { { "of=labels", "connectivity=8", "axis=y" }, 708, 0xd2366f029f2418b9 },
        { { "of=labels", "connectivity=4", "axis=x" }, 1279, 0xd252510fe2553b4f }, { { "of=labels", "connectivity=8", "axis=x" }, 732, 0xe6af3781bc925717 },
    };
    struct vn_buf grey = new_buf(VN_U8, 20, 15, 10), four = new_buf(VN_U8, 20, 15, 10);
    (void)state;
    for (int64_t z = 0; z < 10; z++)
        for (int64_t y = 0; y < 15; y++)
            for (int64_t x = 0; x < 20; x++) {
                *vox(&grey, x, y, z) = (uint8_t)((x * x * 7 + y * y * 3 + z * z * 5 + x * y) % 97 + 1);
                *vox(&four, x, y, z) = *vox(&grey, x, y, z) % 4;
            }
    struct vn_vol *v[2] = { volume_of(&grey, 0, 0, 0), volume_of(&four, 0, 0, 0) }, *out;
    for (size_t i = 0; i < VN_COUNT(t); i++)
        for (int threads = 1; threads <= 4; threads += 3) {
            struct vn_args a;
            uint64_t hash = 0xcbf29ce484222325ULL, n = 0;
            vn_job_set_threads(threads);
            assert_int_equal(run_op(&vn_op_pieces, v[t[i].words[0][0] == 'o'], NULL, &out, &a, t[i].words), 0);
            const struct vn_buf l = vn_vol_data(out);
            for (uint64_t k = 0; k < count_of(&l); k++) {
                const uint32_t label = ((const uint32_t *)l.data)[k];
                hash = (hash ^ label) * 0x100000001b3ULL;
                n = label > n ? label : n;
            }
            assert_int_equal(n, t[i].n);
            assert_true(hash == t[i].hash);
            vn_vol_unref(out);
            vn_args_free(&a);
        }
    vn_job_set_threads(2);
    for (int k = 0; k < 2; k++)
        vn_vol_unref(v[k]);
    vn_buf_free(&grey);
    vn_buf_free(&four);
}

/* A row of n values of type t, labelled by the words. */
static void row_gives(enum vn_type type, const void *values, int64_t n, const uint32_t *want, const char *const *words)
{
    const struct vn_grid g = { .dim = { n, 1, 1 } };
    const struct vn_box box = { { 0 }, { n, 1, 1 } };
    struct vn_vol *v = vn_vol_new(VN_IMAGE, type, &g, &box, &err), *out;
    struct vn_args a;
    assert_non_null(v);
    memcpy(vn_vol_data(v).data, values, (size_t)n * vn_type_size(type));
    assert_int_equal(run_op(&vn_op_pieces, v, NULL, &out, &a, words), 0);
    assert_memory_equal(vn_vol_data(out).data, want, (size_t)n * 4);
    vn_vol_unref(out);
    vn_args_free(&a);
    vn_vol_unref(v);
}

/* Differences across a type's whole range; infinities are alike, NaN is background; fractions are foreground. */
static void extreme_values(void **state)
{
    const int32_t i[] = { INT32_MIN, INT32_MAX, INT32_MAX - 1, -1, 0, 1 };
    const uint32_t u[] = { UINT32_MAX, 0, 1, UINT32_MAX, UINT32_MAX - 1, 5 };
    const float f[] = { 0.25f, 0.5f, NAN, INFINITY, INFINITY, -INFINITY, -1, 0 };
    const double d[] = { -1e308, 1e308, 1e308, 0, 1e-300, NAN };
    (void)state;
    row_gives(VN_I32, i, 6, (const uint32_t[]){ 1, 2, 2, 3, 3, 3 }, (const char *const[]){ "tolerance=1", NULL });
    row_gives(VN_I32, i, 6, (const uint32_t[]){ 1, 1, 1, 1, 1, 1 }, (const char *const[]){ "tolerance=4294967295", NULL });
    row_gives(VN_I32, i, 6, (const uint32_t[]){ 1, 2, 2, 2, 2, 2 }, (const char *const[]){ "tolerance=4294967294", NULL });
    row_gives(VN_U32, u, 6, (const uint32_t[]){ 1, 2, 2, 3, 3, 4 }, (const char *const[]){ "tolerance=1", NULL });
    row_gives(VN_U32, u, 6, (const uint32_t[]){ 1, 0, 0, 2, 2, 3 }, (const char *const[]){ "tolerance=1", "min=2", NULL });
    row_gives(VN_U32, u, 6, (const uint32_t[]){ 1, 0, 2, 3, 4, 5 }, (const char *const[]){ "of=labels", NULL });
    row_gives(VN_F32, f, 8, (const uint32_t[]){ 1, 1, 0, 2, 2, 3, 4, 5 }, (const char *const[]){ "tolerance=0.25", NULL });
    row_gives(VN_F32, f, 8, (const uint32_t[]){ 1, 2, 0, 3, 3, 0, 0, 4 }, (const char *const[]){ "tolerance=0", "min=0", NULL });
    row_gives(VN_F32, f, 8, (const uint32_t[]){ 1, 1, 0, 2, 2, 0, 0, 0 }, (const char *const[]){ "of=mask", NULL });
    row_gives(VN_F64, d, 6, (const uint32_t[]){ 1, 2, 2, 3, 3, 0 }, (const char *const[]){ "tolerance=1e300", NULL });
}

static void what_does_not_go_together_is_said(void **state)
{
    static const struct { const char *words[4], *says; } t[] = {
        { { "of=grey" }, "needs tolerance=" }, { { "of=mask", "tolerance=3" }, "tolerance= is for grey" }, { { "min=3" }, "min= is for grey" },
        { { "axis=x" }, "axis= is for planes" },
    };
    struct vn_buf m = picture("#.#");
    struct vn_vol *v = volume_of(&m, 0, 0, 0), *out;
    struct vn_args a;
    (void)state;
    for (size_t i = 0; i < VN_COUNT(t); i++) {
        assert_int_equal(run_op(&vn_op_pieces, v, NULL, &out, &a, t[i].words), VN_E_USAGE);
        assert_non_null(strstr(err.msg, t[i].says));
        vn_args_free(&a);
    }
    vn_vol_unref(v);
    vn_buf_free(&m);
}

static void memory_failures_leave_nothing(void **state)
{
    struct vn_buf m = new_buf(VN_U8, 20, 20, 20), l = new_buf(VN_U32, 20, 20, 20);
    uint64_t n;
    int rc;
    (void)state;
    random_mask(&m, 30, 1, 1);
    for (long k = 1; k < 50; k++) {
        vn_mem_fail_at(k);
        rc = vn_label_buf(&m, 26, &l, &n, NULL, &err);
        vn_mem_fail_at(0);
        if (rc == 0)
            break;
        assert_int_equal(rc, VN_E_MEMORY);
    }
    assert_int_equal(rc, 0);
    vn_buf_free(&m);
    vn_buf_free(&l);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(equal_to_flood_fill_on_random_masks), cmocka_unit_test(connectivity_counts_edges_and_corners),
    cmocka_unit_test(sizes_faces_and_largest), cmocka_unit_test(spiral_is_one), cmocka_unit_test(some_are_kept),
    cmocka_unit_test(operation_labels_the_region_alone), cmocka_unit_test(memory_failures_leave_nothing),
    cmocka_unit_test(by_value_as_others_find_them), cmocka_unit_test(extreme_values), cmocka_unit_test(what_does_not_go_together_is_said),
};
MAIN_OF(tests)
