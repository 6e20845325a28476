/* test_clean.c - clean: hand-made masks, closing against its definition, defaults from the typical radius, real masks. */
#include "binary.h"

extern const struct vn_op vn_op_clean;

static struct vn_args a;

static struct vn_buf clean(const struct vn_buf *m, double ux, double uy, double uz, const char *const *words)
{
    struct vn_vol *v = volume_of(m, ux, uy, uz), *out;
    struct vn_buf b = new_buf(VN_U8, m->box.hi[0], m->box.hi[1], m->box.hi[2]);
    assert_int_equal(run_op(&vn_op_clean, v, NULL, &out, &a, words), 0);
    assert_int_equal(out->kind, VN_MASK);
    memcpy(b.data, vn_vol_data(out).data, count_of(m));
    vn_vol_unref(out);
    vn_vol_unref(v);
    return b;
}

static void check_picture(const char *before, const char *const *words, const char *after)
{
    struct vn_buf m = picture(before), c = clean(&m, 0, 0, 0, words);
    assert_picture(&c, after);
    vn_args_free(&a);
    vn_buf_free(&m);
    vn_buf_free(&c);
}

static void small_components_go(void **state)
{
    static const char before[] = "##..#../......./.###..#/.#...../.....##/...#...";
    (void)state;
    check_picture(before, (const char *const[]){ "min_size=1", "fill=0", NULL }, before);
    check_picture(before, (const char *const[]){ "min_size=2", "fill=0", NULL }, "##...../......./.###.../.#...../.....##/.......");
    check_picture(before, (const char *const[]){ "min_size=3", "fill=0", NULL }, "......./......./.###.../.#...../......./.......");
    check_picture(before, (const char *const[]){ "min_size=5", "fill=0", NULL }, "......./......./......./......./......./.......");
    /* corners join: 26 neighbours */
    check_picture("#...../.#..../..#.../......", (const char *const[]){ "min_size=3", "fill=0", NULL }, "#...../.#..../..#.../......");
}

static void enclosed_holes_are_filled_and_open_ones_are_not(void **state)
{
    static const char before[] = "#####..###/#.#.#..#.#/#..##..#.#/#####..#.#";       /* holes of 1, 3; one open to the face */
    (void)state;
    check_picture(before, (const char *const[]){ "min_size=1", "fill=1", NULL }, "#####..###/#.###..#.#/#..##..#.#/#####..#.#");
    check_picture(before, (const char *const[]){ "min_size=1", "fill=3", NULL }, "#####..###/#####..#.#/#####..#.#/#####..#.#");
    check_picture(before, (const char *const[]){ "min_size=1", "fill=all", NULL }, "#####..###/#####..#.#/#####..#.#/#####..#.#");
    check_picture(before, (const char *const[]){ "min_size=1", "fill=0", NULL }, before);
    /* the hole's way out is a corner: background is 6-connected, so it is enclosed */
    check_picture("####./#.#../###../.....", (const char *const[]){ "min_size=1", "fill=1", NULL }, "####./###../###../.....");
}

static void holes_in_a_volume_are_enclosed_on_all_sides(void **state)
{
    struct vn_buf m = new_buf(VN_U8, 7, 7, 7), c;
    (void)state;
    for (int k = 0; k < 343; k++)
        u8(&m)[k] = k % 7 >= 1 && k % 7 <= 5 && k / 7 % 7 >= 1 && k / 7 % 7 <= 5 && k / 49 >= 1 && k / 49 <= 5;
    *vox(&m, 3, 3, 3) = 0;                                          /* a cavity */
    *vox(&m, 1, 1, 3) = *vox(&m, 2, 1, 1) = 0;                      /* dents */
    c = clean(&m, 1, 1, 1, (const char *const[]){ "min_size=1", "fill=100", NULL });
    assert_int_equal(*vox(&c, 3, 3, 3), 1);
    assert_int_equal(*vox(&c, 1, 1, 3), 0);
    assert_int_equal(*vox(&c, 2, 1, 1), 0);
    vn_buf_free(&c);
    vn_args_free(&a);
    for (int z = 0; z < 3; z++)
        *vox(&m, 3, 3, z) = 0;                                      /* a channel of one voxel: open */
    c = clean(&m, 1, 1, 1, (const char *const[]){ "min_size=1", "fill=100", NULL });
    assert_int_equal(*vox(&c, 3, 3, 3), 0);
    vn_buf_free(&c);
    vn_args_free(&a);
    /* plane by plane the channel is enclosed in z = 1, 2, 3; z = 0 holds nothing but background, which touches the sides;
     * the dent at (2, 1, 1) is open towards y */
    c = clean(&m, 1, 1, 1, (const char *const[]){ "min_size=1", "fill=1", "holes=xy", NULL });
    for (int z = 0; z < 4; z++)
        assert_int_equal(*vox(&c, 3, 3, z), z > 0);
    assert_int_equal(*vox(&c, 2, 1, 1), 0);
    vn_buf_free(&c);
    vn_args_free(&a);
    vn_buf_free(&m);
}

/* Closing by definition: a voxel is in when every offset of the ball around it is within the ball of some mask voxel; w: squared
 * voxel sides, r2: squared radius. The mask lies far enough inside. */
static void close_by_definition(const struct vn_buf *m, struct vn_buf *out, const int w[3], int r2)
{
    const int64_t *n = m->box.hi;
    struct vn_buf d = new_buf(VN_U8, n[0], n[1], n[2]);
    for (int step = 0; step < 2; step++)
        for (int64_t i = 0; i < (int64_t)count_of(m); i++) {
            const int64_t x = i % n[0], y = i / n[0] % n[1], z = i / n[0] / n[1];
            bool any = false, all = true;
            for (int k = 0; k < 9 * 9 * 9; k++) {
                const int dx = k % 9 - 4, dy = k / 9 % 9 - 4, dz = k / 81 - 4;
                if (w[0] * dx * dx + w[1] * dy * dy + w[2] * dz * dz > r2)
                    continue;
                const bool in = x + dx >= 0 && x + dx < n[0] && y + dy >= 0 && y + dy < n[1] && z + dz >= 0 && z + dz < n[2];
                const bool set = in && *vox(step ? &d : m, x + dx, y + dy, z + dz);
                any |= set;
                all &= set;
            }
            *vox(step ? out : &d, x, y, z) = step ? all : any;
        }
    vn_buf_free(&d);
}

static void closing_equals_its_definition(void **state)
{
    static const struct { const char *key; double um[3]; int w[3], r2; } t[] = {
        { "close=2vox", { 0, 0, 0 }, { 1, 1, 1 }, 4 }, { "close=3", { 0, 0, 0 }, { 1, 1, 1 }, 9 },
        { "close=1.5vox", { 1, 1, 3 }, { 4, 4, 4 }, 9 }, { "close=3um", { 1, 1, 2 }, { 1, 1, 4 }, 9 },
        { "close=0.7um", { .35, .35, .35 }, { 1, 1, 1 }, 4 },
    };
    (void)state;
    for (size_t i = 0; i < VN_COUNT(t); i++) {
        struct vn_buf m = new_buf(VN_U8, 21, 19, 17), want = new_buf(VN_U8, 21, 19, 17), got;
        random_mask(&m, 9, 1, i);
        for (int64_t k = 0; k < (int64_t)count_of(&m); k++) {                     /* an empty margin of 4: no face matters */
            const int64_t x = k % 21, y = k / 21 % 19, z = k / 399;
            if (x < 4 || x > 16 || y < 4 || y > 14 || z < 4 || z > 12)
                u8(&m)[k] = 0;
        }
        close_by_definition(&m, &want, t[i].w, t[i].r2);
        got = clean(&m, t[i].um[0], t[i].um[1], t[i].um[2], (const char *const[]){ t[i].key, "min_size=1", "fill=0", NULL });
        assert_memory_equal(got.data, want.data, count_of(&got));
        vn_args_free(&a);
        vn_buf_free(&m);
        vn_buf_free(&want);
        vn_buf_free(&got);
    }
}

/* A thick vessel along the face of the region: its gap is closed, and nothing is added between it and the face. */
static void faces_do_not_attract(void **state)
{
    (void)state;
    check_picture("........../..##.###../..##.###../..##.###../..........", (const char *const[]){ "close=2vox", "min_size=1", "fill=0", NULL },
                  "........../..##.###../..######../..##.###../..........");
    check_picture("........../..##.###../..##.###../..##.###../..........", (const char *const[]){ "close=0.5vox", "min_size=1", "fill=0", NULL },
                  "........../..##.###../..##.###../..##.###../..........");
}

/* The cross of radius 1 fits at two voxels, and what it covers there stays: the spur goes beyond it, corners go.  The hole is
 * filled first, so that its wall is not taken for thin. */
static void opening_comes_after_filling(void **state)
{
    (void)state;
    check_picture("........./.###...../.######../.###...../.........", (const char *const[]){ "open=1vox", "min_size=1", "fill=0", NULL },
                  "........./..##...../.####..../..##...../.........");
    check_picture("........./.#####.../.#...#.../.#...#.../.#...#.../.#####.../.........", (const char *const[]){ "open=1.5vox", "min_size=1", "fill=9", NULL },
                  "........./.#####.../.#####.../.#####.../.#####.../.#####.../.........");
}

/* A tube of radius 4 and length 60, n = 2940 or so voxels: r is found within 15 %, a quarter of the ball of it sets min_size. */
static void defaults_follow_the_typical_radius(void **state)
{
    struct vn_buf m = new_buf(VN_U8, 60, 24, 24), c;
    (void)state;
    for (int z = 0; z < 24; z++)
        for (int y = 0; y < 24; y++)
            for (int x = 0; x < 60; x++)
                *vox(&m, x, y, z) = (y - 12) * (y - 12) + (z - 12) * (z - 12) <= 16;
    *vox(&m, 5, 2, 2) = *vox(&m, 6, 2, 2) = 1;                      /* a speck */
    *vox(&m, 30, 12, 12) = 0;                                       /* a hole */
    c = clean(&m, 0, 0, 0, NULL);
    const long long size = vn_args_int(&a, "min_size"), fill = atoll(vn_args_text(&a, "fill"));
    assert_in_range(size, 41, 102);                                 /* a quarter of 4/3 pi (4 +- 15 %)^3 */
    assert_in_range(fill, 252 * size, 260 * size);                  /* a ball of 4 radii: 64 balls */
    assert_int_equal(*vox(&c, 5, 2, 2), 0);
    assert_int_equal(*vox(&c, 30, 12, 12), 1);
    assert_int_equal(*vox(&c, 0, 12, 12), 1);
    vn_args_free(&a);
    vn_buf_free(&c);
    /* the same tube in voxels of 2 um: the same count of voxels */
    c = clean(&m, 2, 2, 2, NULL);
    assert_int_equal(vn_args_int(&a, "min_size"), size);
    vn_args_free(&a);
    vn_buf_free(&c);
    /* an empty mask stays empty */
    memset(m.data, 0, count_of(&m));
    c = clean(&m, 0, 0, 0, NULL);
    assert_int_equal(vn_args_int(&a, "min_size"), 1);
    assert_string_equal(vn_args_text(&a, "fill"), "0");
    vn_args_free(&a);
    vn_buf_free(&c);
    vn_buf_free(&m);
}

static void threads_and_regions(void **state)
{
    struct vn_buf m = new_buf(VN_U8, 33, 27, 40), one, four;
    struct vn_vol *v, *out;
    const struct vn_box region = { { 3, 5, 7 }, { 30, 20, 39 } };
    static const char *const words[] = { "close=2vox", NULL };
    (void)state;
    random_mask(&m, 35, 2, 11);
    vn_job_set_threads(1);
    one = clean(&m, 0, 0, 0, words);
    vn_args_free(&a);
    vn_job_set_threads(4);
    four = clean(&m, 0, 0, 0, words);
    assert_memory_equal(one.data, four.data, count_of(&m));
    /* a region is cleaned as its crop is, with the same sizes */
    char min_size[32], fill[32];
    snprintf(min_size, sizeof min_size, "min_size=%lld", vn_args_int(&a, "min_size"));
    snprintf(fill, sizeof fill, "fill=%s", vn_args_text(&a, "fill"));
    vn_args_free(&a);
    struct vn_buf crop = new_buf(VN_U8, 27, 15, 32), want;
    for (int64_t i = 0; i < (int64_t)count_of(&crop); i++)
        u8(&crop)[i] = *vox(&m, 3 + i % 27, 5 + i / 27 % 15, 7 + i / 405);
    want = clean(&crop, 0, 0, 0, (const char *const[]){ "close=2vox", min_size, fill, NULL });
    vn_args_free(&a);
    v = volume_of(&m, 0, 0, 0);
    assert_int_equal(run_op(&vn_op_clean, v, &region, &out, &a, words), 0);
    assert_memory_equal(vn_vol_data(out).data, want.data, count_of(&want));
    vn_args_free(&a);
    vn_vol_unref(out);
    vn_vol_unref(v);
    vn_buf_free(&m);
    vn_buf_free(&one);
    vn_buf_free(&four);
    vn_buf_free(&crop);
    vn_buf_free(&want);
    vn_job_set_threads(2);
}

static void refusals(void **state)
{
    struct vn_buf m = picture("###");
    struct vn_vol *v = volume_of(&m, 0, 0, 0), *out;
    (void)state;
    assert_int_equal(run_op(&vn_op_clean, v, NULL, &out, &a, (const char *const[]){ "close=2um", NULL }), VN_E_ARG);
    assert_non_null(strstr(err.msg, "the voxel size is not known"));
    vn_args_free(&a);
    assert_int_equal(run_op(&vn_op_clean, v, NULL, &out, &a, (const char *const[]){ "close=5000vox", NULL }), VN_E_ARG);
    vn_args_free(&a);
    for (int i = 0; i < 4; i++) {
        static const char *const bad[] = { "fill=-1", "fill=3x", "fill=some", "fill=99999999999999999" };
        assert_int_equal(run_op(&vn_op_clean, v, NULL, &out, &a, (const char *const[]){ bad[i], NULL }), VN_E_ARG);
        assert_non_null(strstr(err.msg, "neither a number of voxels nor all"));
        vn_args_free(&a);
    }
    vn_vol_unref(v);
    vn_buf_free(&m);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(small_components_go), cmocka_unit_test(enclosed_holes_are_filled_and_open_ones_are_not),
    cmocka_unit_test(holes_in_a_volume_are_enclosed_on_all_sides), cmocka_unit_test(closing_equals_its_definition),
    cmocka_unit_test(faces_do_not_attract), cmocka_unit_test(opening_comes_after_filling), cmocka_unit_test(defaults_follow_the_typical_radius), cmocka_unit_test(threads_and_regions),
    cmocka_unit_test(refusals),
};
MAIN_OF(tests)
