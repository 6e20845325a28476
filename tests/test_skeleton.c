/* test_skeleton.c - thinning: topology before = after on random masks and shapes, nothing simple left, centred, threads. */
#include "binary.h"
#include <math.h>
#include "bitvol.h"
#include "label.h"
#include "thin.h"

extern const struct vn_op vn_op_skeleton;
static const double unknown[3] = { 0, 0, 0 };

static uint64_t set_voxels(const struct vn_buf *b)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < count_of(b); i++)
        n += u8(b)[i] != 0;
    return n;
}

/* Components (26), cavities (6-connected background, the outside joined by a margin), and the Euler number of the union of
 * closed voxels: corners - edges + faces - bodies. */
struct topology { uint64_t components, cavities; int64_t euler; };

static struct topology topology_of(const struct vn_buf *m)
{
    const int64_t nx = m->box.hi[0] + 2, ny = m->box.hi[1] + 2, nz = m->box.hi[2] + 2;
    struct vn_buf w = new_buf(VN_U8, nx, ny, nz), l = new_buf(VN_U32, nx, ny, nz);
    struct topology t = { 0 };
    for (int64_t z = 0; z < nz - 2; z++)
        for (int64_t y = 0; y < ny - 2; y++)
            for (int64_t x = 0; x < nx - 2; x++)
                *vox(&w, x + 1, y + 1, z + 1) = *vox(m, x, y, z) != 0;
    assert_int_equal(vn_label_buf(&w, 26, &l, &t.components, NULL, &err), 0);
    /* a cell of half coordinates (a, b, c) is there when one of the voxels it touches is; its dimension is the odd coordinates */
    for (int64_t c = 0; c < 2 * nz - 1; c++)
        for (int64_t b = 0; b < 2 * ny - 1; b++)
            for (int64_t a = 0; a < 2 * nx - 1; a++) {
                bool any = false;
                for (int64_t z = c / 2; z <= (c + 1) / 2; z++)
                    for (int64_t y = b / 2; y <= (b + 1) / 2; y++)
                        for (int64_t x = a / 2; x <= (a + 1) / 2; x++)
                            any |= *vox(&w, x, y, z);
                const int between = (int)((a & 1) + (b & 1) + (c & 1));           /* 3: a corner between 8 voxels; 0: a body */
                t.euler += any ? (between & 1 ? 1 : -1) : 0;
            }
    for (int64_t i = 0; i < nx * ny * nz; i++)
        u8(&w)[i] = !u8(&w)[i];
    assert_int_equal(vn_label_buf(&w, 6, &l, &t.cavities, NULL, &err), 0);
    t.cavities--;
    vn_buf_free(&w);
    vn_buf_free(&l);
    return t;
}

static void assert_same_topology(const struct vn_buf *m, const struct vn_buf *s)
{
    const struct topology a = topology_of(m), b = topology_of(s);
    assert_int_equal(a.components, b.components);
    assert_int_equal(a.cavities, b.cavities);
    assert_int_equal(a.euler, b.euler);
    for (uint64_t i = 0; i < count_of(m); i++)
        assert_true(!u8(s)[i] || u8(m)[i]);
}

/* No voxel with two neighbours or more may be deleted any further. */
static void assert_thin(const struct vn_buf *s)
{
    struct vn_bitvol b;
    assert_int_equal(vn_bitvol_from(&b, s, NULL, &err), 0);
    for (int64_t i = 0; i < (int64_t)count_of(s); i++) {
        const int64_t x = i % b.n[0], y = i / b.n[0] % b.n[1], z = i / b.n[0] / b.n[1];
        const uint32_t m = vn_bit27(&b, vn_bit_row(&b, y, z), x);
        assert_int_equal(m >> 13 & 1, u8(s)[i]);
        assert_false(u8(s)[i] && __builtin_popcount(m) > 2 && vn_n27_simple(m));
    }
    vn_bitvol_free(&b);
}

static void topology_stays_on_random_masks(void **state)
{
    static const int64_t size[][3] = { { 1, 1, 1 }, { 1, 1, 40 }, { 40, 1, 1 }, { 30, 25, 1 }, { 1, 25, 30 }, { 17, 19, 23 }, { 70, 9, 11 }, { 24, 24, 24 } };
    static const int percent[] = { 5, 30, 50, 70, 95, 100 };
    static const double um[3] = { .994, .994, 5 };
    (void)state;
    for (size_t k = 0; k < VN_COUNT(size); k++)
        for (size_t p = 0; p < VN_COUNT(percent); p++) {
            struct vn_buf m = new_buf(VN_U8, size[k][0], size[k][1], size[k][2]);
            struct vn_buf one = new_buf(VN_U8, size[k][0], size[k][1], size[k][2]), four = new_buf(VN_U8, size[k][0], size[k][1], size[k][2]);
            random_mask(&m, percent[p], 1 + (int)(k + p) % 4, 17 * k + p);
            vn_job_set_threads(1);
            assert_int_equal(vn_thin(&m, p % 2 ? um : unknown, &one, NULL, &err), 0);
            vn_job_set_threads(4);
            assert_int_equal(vn_thin(&m, p % 2 ? um : unknown, &four, NULL, &err), 0);
            assert_memory_equal(one.data, four.data, count_of(&m));
            assert_same_topology(&m, &one);
            assert_thin(&one);
            vn_buf_free(&m);
            vn_buf_free(&one);
            vn_buf_free(&four);
        }
    vn_job_set_threads(2);
}

/* Large enough that every list is worked by several threads. */
static void threads_on_a_large_mask(void **state)
{
    struct vn_buf m = new_buf(VN_U8, 90, 80, 70), one = new_buf(VN_U8, 90, 80, 70), four = new_buf(VN_U8, 90, 80, 70);
    (void)state;
    random_mask(&m, 60, 9, 3);
    vn_job_set_threads(1);
    assert_int_equal(vn_thin(&m, unknown, &one, NULL, &err), 0);
    vn_job_set_threads(4);
    assert_int_equal(vn_thin(&m, unknown, &four, NULL, &err), 0);
    vn_job_set_threads(2);
    assert_memory_equal(one.data, four.data, count_of(&m));
    assert_same_topology(&m, &one);
    assert_thin(&one);
    vn_buf_free(&m);
    vn_buf_free(&one);
    vn_buf_free(&four);
}

static void ball(struct vn_buf *m, double cx, double cy, double cz, double r, double hole)
{
    for (int64_t i = 0; i < (int64_t)count_of(m); i++) {
        const double x = (double)(i % m->box.hi[0]) - cx, y = (double)(i / m->box.hi[0] % m->box.hi[1]) - cy;
        const double z = (double)(i / m->box.hi[0] / m->box.hi[1]) - cz, d = x * x + y * y + z * z;
        if (d <= r * r && d >= hole * hole)
            u8(m)[i] = 1;
    }
}

static void shapes(void **state)
{
    struct vn_buf m = new_buf(VN_U8, 41, 41, 41), s = new_buf(VN_U8, 41, 41, 41);
    (void)state;
    ball(&m, 20, 20, 20, 15, 0);                                   /* a ball: its centre, or a few voxels there */
    assert_int_equal(vn_thin(&m, unknown, &s, NULL, &err), 0);
    assert_in_range(set_voxels(&s), 1, 3);
    for (int64_t i = 0; i < (int64_t)count_of(&s); i++)
        assert_true(!u8(&s)[i] || (llabs(i % 41 - 20) < 2 && llabs(i / 41 % 41 - 20) < 2 && llabs(i / 1681 - 20) < 2));

    memset(m.data, 0, count_of(&m));                               /* a shell: stays closed around its cavity */
    ball(&m, 20, 20, 20, 15, 9);
    assert_int_equal(vn_thin(&m, unknown, &s, NULL, &err), 0);
    assert_int_equal(topology_of(&s).cavities, 1);
    assert_same_topology(&m, &s);
    assert_true(set_voxels(&s) * 4 < set_voxels(&m));

    memset(m.data, 0, count_of(&m));                               /* a ring of tube radius 4: one loop without ends, on its circle */
    for (int64_t i = 0; i < (int64_t)count_of(&m); i++) {
        const double x = (double)(i % 41) - 20, y = (double)(i / 41 % 41) - 20, z = (double)(i / 1681) - 20, q = sqrt(x * x + y * y) - 13;
        u8(&m)[i] = q * q + z * z <= 16;
    }
    assert_int_equal(vn_thin(&m, unknown, &s, NULL, &err), 0);
    assert_same_topology(&m, &s);
    assert_int_equal(topology_of(&s).euler, 0);
    for (int64_t i = 0; i < (int64_t)count_of(&m); i++)
        if (u8(&s)[i]) {
            const double x = (double)(i % 41) - 20, y = (double)(i / 41 % 41) - 20, z = (double)(i / 1681) - 20;
            assert_true(fabs(sqrt(x * x + y * y) - 13) <= 1 && fabs(z) <= 1);
        }
    vn_buf_free(&m);
    vn_buf_free(&s);
}

/* Tubes through the middle of a box in odd directions: one line without spurs, along the axis, from face to face but for about two
 * voxels at either end. */
static void tubes_are_centred_and_reach_the_faces(void **state)
{
    static const double dir[][3] = { { 1, 0, 0 }, { 1, .1, .05 }, { 3, 2, 1 }, { 1, 1, 1 }, { 1, 1, 0 }, { .2, .3, 1 } }, radius[] = { 1.2, 2, 3.5, 6 };
    (void)state;
    for (size_t d = 0; d < VN_COUNT(dir); d++)
        for (size_t k = 0; k < VN_COUNT(radius); k++) {
            struct vn_buf m = new_buf(VN_U8, 40, 40, 40), s = new_buf(VN_U8, 40, 40, 40);
            const double len = sqrt(dir[d][0] * dir[d][0] + dir[d][1] * dir[d][1] + dir[d][2] * dir[d][2]);
            double low = 1e9, high = -1e9;
            int ends = 0, spurs = 0;
            for (int step = 0; step < 2; step++) {
                for (int64_t i = 0; i < 64000; i++) {
                    const double p[3] = { (double)(i % 40) - 19.3, (double)(i / 40 % 40) - 19.6, (double)(i / 1600) - 19.2 };
                    const double along = (p[0] * dir[d][0] + p[1] * dir[d][1] + p[2] * dir[d][2]) / len;
                    const double off = sqrt(fmax(0, p[0] * p[0] + p[1] * p[1] + p[2] * p[2] - along * along));
                    if (step == 0)
                        u8(&m)[i] = off <= radius[k];
                    else if (u8(&s)[i]) {
                        assert_true(off < 1.5);
                        low = fmin(low, along);
                        high = fmax(high, along);
                    }
                }
                if (step == 0)
                    assert_int_equal(vn_thin(&m, unknown, &s, NULL, &err), 0);
            }
            struct vn_bitvol b;
            assert_int_equal(vn_bitvol_from(&b, &s, NULL, &err), 0);
            for (int64_t i = 0; i < 64000; i++)
                if (u8(&s)[i]) {
                    const int n = __builtin_popcount(vn_bit27(&b, vn_bit_row(&b, i / 40 % 40, i / 1600), i % 40)) - 1;
                    ends += n == 1;
                    spurs += n > 2;
                }
            vn_bitvol_free(&b);
            if (ends != 2 || spurs)
                fail_msg("direction %d radius %g: %d ends, %d voxels with more than 2 neighbours", (int)d, radius[k], ends, spurs);
            const double reach = 20 * len / fmax(dir[d][0], fmax(dir[d][1], dir[d][2]));      /* the axis leaves the box here */
            assert_true(high - low > 2 * reach - 4.5);
            vn_buf_free(&m);
            vn_buf_free(&s);
        }
}

/* A vessel of um radius 3 in voxels of 1 x 1 x 4 um, flat in voxels: the middle in um, not in voxels. */
static void anisotropic_tube_has_one_line(void **state)
{
    static const double um[3] = { 1, 1, 4 };
    struct vn_buf m = new_buf(VN_U8, 60, 31, 9), s = new_buf(VN_U8, 60, 31, 9);
    (void)state;
    for (int64_t i = 0; i < (int64_t)count_of(&m); i++) {
        const double y = (double)(i / 60 % 31) - 15, z = 4 * ((double)(i / 1860) - 4);
        u8(&m)[i] = y * y + z * z <= 9 * 9;
    }
    assert_int_equal(vn_thin(&m, um, &s, NULL, &err), 0);
    for (int64_t i = 0; i < (int64_t)count_of(&m); i++)
        assert_true(!u8(&s)[i] || (llabs(i / 60 % 31 - 15) <= 1 && i / 1860 == 4));
    assert_true(set_voxels(&s) >= 58 && set_voxels(&s) <= 60);
    vn_buf_free(&m);
    vn_buf_free(&s);
}

/* Parities count in the full grid: the same mask elsewhere in its box gives the same skeleton when the shift keeps them. */
static void position_in_the_grid_counts(void **state)
{
    struct vn_buf m = new_buf(VN_U8, 20, 20, 20), at0 = new_buf(VN_U8, 20, 20, 20), at2 = new_buf(VN_U8, 20, 20, 20);
    struct vn_buf moved, skel;
    (void)state;
    random_mask(&m, 60, 3, 8);
    assert_int_equal(vn_thin(&m, unknown, &at0, NULL, &err), 0);
    moved = m;
    skel = at2;
    for (int k = 0; k < 3; k++) {
        moved.box.lo[k] += 10 + 4 * k;
        moved.box.hi[k] += 10 + 4 * k;
    }
    skel.box = moved.box;
    assert_int_equal(vn_thin(&moved, unknown, &skel, NULL, &err), 0);
    assert_memory_equal(at0.data, at2.data, count_of(&m));
    vn_buf_free(&m);
    vn_buf_free(&at0);
    vn_buf_free(&at2);
}

/* By hand: a bar of 2 x 9 with a bump of one voxel becomes a line without a spur; a line stays as it is. */
static void pictures(void **state)
{
    struct vn_buf m = picture("............./......#....../..#########../..#########../............."), s = new_buf(VN_U8, 13, 5, 1);
    (void)state;
    assert_int_equal(vn_thin(&m, unknown, &s, NULL, &err), 0);
    assert_int_equal(*vox(&s, 6, 1, 0), 0);
    assert_same_topology(&m, &s);
    assert_in_range(set_voxels(&s), 7, 9);
    vn_buf_free(&m);
    vn_buf_free(&s);
    m = picture("........../.####...../.....##.../.......#../........#./..........");
    assert_int_equal(vn_thin(&m, unknown, &m, NULL, &err), 0);
    assert_picture(&m, "........../.####...../.....##.../.......#../........#./..........");
    vn_buf_free(&m);
}

static void operation_and_memory_failures(void **state)
{
    struct vn_buf m = new_buf(VN_U8, 30, 30, 30), s = new_buf(VN_U8, 30, 30, 30);
    struct vn_vol *v, *out;
    struct vn_args a;
    int rc = -1;
    (void)state;
    ball(&m, 15, 15, 15, 12, 0);
    v = volume_of(&m, 1, 1, 2);
    assert_int_equal(run_op(&vn_op_skeleton, v, NULL, &out, &a, (const char *const[]){ "method=lee94", NULL }), 0);
    assert_int_equal(out->kind, VN_SKELETON);
    vn_args_free(&a);
    vn_vol_unref(out);
    vn_vol_unref(v);
    for (long k = 1; k < 400 && rc; k++) {
        vn_mem_fail_at(k);
        rc = vn_thin(&m, unknown, &s, NULL, &err);
        vn_mem_fail_at(0);
        assert_true(rc == 0 || rc == VN_E_MEMORY);
    }
    assert_int_equal(rc, 0);
    vn_buf_free(&m);
    vn_buf_free(&s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(topology_stays_on_random_masks), cmocka_unit_test(threads_on_a_large_mask), cmocka_unit_test(shapes),
    cmocka_unit_test(tubes_are_centred_and_reach_the_faces), cmocka_unit_test(anisotropic_tube_has_one_line),
    cmocka_unit_test(position_in_the_grid_counts), cmocka_unit_test(pictures), cmocka_unit_test(operation_and_memory_failures),
};
MAIN_OF(tests)
