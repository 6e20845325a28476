/* test_components.c - connected components: hand-counted shapes, random masks against a flood fill, sizes, threads. */
#include "binary.h"
#include "label.h"

extern const struct vn_op vn_op_components;

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
};
MAIN_OF(tests)
