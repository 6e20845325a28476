/* Skeleton to graph: small skeletons by hand; components and loops against the voxels' Betti numbers on random voxels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>
#include "betti.h"
#include "mem.h"
#include "skelgraph.h"
#include "vox.h"

static struct vn_graph *make(uint8_t *v, int64_t nx, int64_t ny, int64_t nz, double prune, struct vn_skelgraph_info *info)
{
    const struct vn_buf b = { .type = VN_U8, .box = { { 0, 0, 0 }, { nx, ny, nz } }, .stride = { nx, nx * ny }, .data = v };
    const struct vn_grid grid = { .dim = { nx, ny, nz }, .um = { 1, 1, 1 } };
    const struct vn_skelgraph_opt o = { 0, prune };
    struct vn_skelgraph_info dummy;
    struct vn_graph *g = NULL;
    struct vn_err err = { 0 };

    if (vn_skelgraph(&b, NULL, &grid, &o, &g, info ? info : &dummy, NULL, &err))
        fail_msg("%s", err.msg);
    return g;
}

/* Planes of text: '#' is a skeleton voxel. */
static struct vn_graph *picture(const char *const *row, int nx, int ny, int nz, double prune, struct vn_skelgraph_info *info)
{
    uint8_t v[4096] = { 0 };

    for (int i = 0; i < ny * nz; i++)
        for (int x = 0; x < nx; x++)
            v[i * nx + x] = row[i][x] == '#';
    return make(v, nx, ny, nz, prune, info);
}

static void expect(struct vn_graph *g, int nodes, int segments, int components, int loops)
{
    assert_int_equal(g->n_node, nodes);
    assert_int_equal(g->n_segment, segments);
    assert_int_equal(g->n_component, components);
    assert_int_equal(vn_graph_loops(g), loops);
    vn_graph_unref(g);
}

static void by_hand(void **state)
{
    (void)state;
    expect(picture((const char *[]){ "..." }, 3, 1, 1, 0, NULL), 0, 0, 0, 0);
    expect(picture((const char *[]){ "#" }, 1, 1, 1, 0, NULL), 1, 0, 1, 0);
    expect(picture((const char *[]){ "##" }, 2, 1, 1, 0, NULL), 2, 1, 1, 0);
    /* a triangle of neighbours, a 2x2x2 block: blobs without a hole */
    expect(picture((const char *[]){ "##", "#." }, 2, 2, 1, 0, NULL), 1, 0, 1, 0);
    expect(picture((const char *[]){ "##", "##", "##", "##" }, 2, 2, 2, 0, NULL), 1, 0, 1, 0);
    /* the smallest ring, and one of 8 */
    expect(picture((const char *[]){ ".#.", "#.#", ".#." }, 3, 3, 1, 0, NULL), 1, 1, 1, 1);
    expect(picture((const char *[]){ ".##.", "#..#", "#..#", ".##." }, 4, 4, 1, 0, NULL), 1, 1, 1, 1);
    /* T, and a cross whose middle is one cluster */
    expect(picture((const char *[]){ "#####", "..#..", "..#.." }, 5, 3, 1, 0, NULL), 4, 3, 1, 0);
    expect(picture((const char *[]){ "..#..", "..#..", "#####", "..#..", "..#.." }, 5, 5, 1, 0, NULL), 5, 4, 1, 0);
    /* a line that ends in a triangle has two ends */
    expect(picture((const char *[]){ "....#", "####.", "....#" }, 5, 3, 1, 0, NULL), 4, 3, 1, 0);
    expect(picture((const char *[]){ "####", "...#" }, 4, 2, 1, 0, NULL), 2, 1, 1, 0);
    /* every voxel of the ring branches: the cluster is the ring, and its loop stays */
    expect(picture((const char *[]){ "..#..", "..#..", "..#..", "##.##", "..#..", "..#..", "..#.." }, 5, 7, 1, 0, NULL), 8, 8, 1, 1);
    /* two junctions joined twice: parallel segments */
    expect(picture((const char *[]){ "..###..", "##...##", "..###.." }, 7, 3, 1, 0, NULL), 4, 4, 1, 1);
    /* two pieces */
    expect(picture((const char *[]){ "##.##" }, 5, 1, 1, 0, NULL), 4, 2, 2, 0);
}

static void positions_and_lengths(void **state)
{
    struct vn_graph *g = picture((const char *[]){ ".......", ".#####.", "......." }, 7, 3, 1, 0, NULL);

    (void)state;
    assert_float_equal(g->segment[0].length, 4, 1e-6);
    assert_float_equal(g->node[0].p[0], 1.5, 1e-9);
    assert_float_equal(g->node[0].p[1], 1.5, 1e-9);
    assert_float_equal(g->node[1].p[0], 5.5, 1e-9);
    assert_true(isnan(g->node[0].radius) && isnan(g->segment[0].radius));
    assert_int_equal(g->segment[0].a, 0);
    assert_int_equal(g->segment[0].b, 1);
    assert_true(g->unit_um);
    vn_graph_unref(g);
}

static void spurs(void **state)
{
    const char *const comb[] = { "...#.........#...", "...#.........#...", "#################", "........#........",
                                 "........#........", "........#........", "........#........" };
    struct vn_skelgraph_info info;

    (void)state;
    expect(picture(comb, 17, 7, 1, 0, &info), 8, 7, 1, 0);
    assert_int_equal(info.n_pruned, 0);
    /* 2 voxels long go, 4 stays: the two nodes left over dissolve */
    expect(picture(comb, 17, 7, 1, 3, &info), 4, 3, 1, 0);
    assert_int_equal(info.n_pruned, 2);
    /* a piece without a branch is never a spur */
    expect(picture((const char *[]){ "##.#" }, 4, 1, 1, 100, &info), 3, 1, 2, 0);
    /* the fork at the end of a line: one arm goes, the other becomes the line's end */
    expect(picture((const char *[]){ "...........#", "###########.", "...........#" }, 12, 3, 1, 3, &info), 2, 1, 1, 0);
    assert_int_equal(info.n_pruned, 1);
    /* a ring with a spur becomes a ring */
    expect(picture((const char *[]){ ".##.", "#..#", "#..#", ".##.", ".#.." , ".#.." }, 4, 6, 1, 4, &info), 1, 1, 1, 1);
}

/* Betti numbers of random voxels of every density: solid clusters, shells, tunnels inside clusters. */
static void topology_of_random_voxels(void **state)
{
    static uint8_t v[11 * 10 * 9];

    (void)state;
    for (uint64_t seed = 0; seed < 300; seed++) {
        const int64_t nx = 3 + (int64_t)(seed % 9), ny = 10, nz = seed % 4 ? 9 : 1;
        for (int64_t i = 0; i < nx * ny * nz; i++) {
            uint32_t r[4];
            vn_random(seed, 9, (uint64_t)i, r);
            v[i] = r[0] % 100 < 3 + seed % 60;
        }
        const struct betti b = betti(v, nx, ny, nz);
        struct vn_graph *g = make(v, nx, ny, nz, 0, NULL);
        if (g->n_component != b.b0 || vn_graph_loops(g) != b.b1)
            fail_msg("seed %d: %d components, %d loops; voxels have %ld, %ld", (int)seed, g->n_component, (int)vn_graph_loops(g), b.b0, b.b1);
        for (int32_t i = 0; i < g->n_node; i++)
            assert_int_not_equal(g->node[i].degree == 2 && b.b1 == 0, 1);
        vn_graph_unref(g);
    }
}

/* Pruning with a length takes no loop and no component. */
static void pruning_keeps_topology(void **state)
{
    static uint8_t v[16 * 16 * 16];

    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        for (int64_t i = 0; i < 4096; i++) {
            uint32_t r[4];
            vn_random(seed, 10, (uint64_t)i, r);
            v[i] = r[0] % 100 < 5 + seed % 12;
        }
        struct vn_graph *a = make(v, 16, 16, 16, 0, NULL), *b = make(v, 16, 16, 16, 4, NULL);
        assert_int_equal(a->n_component, b->n_component);
        assert_int_equal(vn_graph_loops(a), vn_graph_loops(b));
        vn_graph_unref(a);
        vn_graph_unref(b);
    }
}

static void same_on_any_threads(void **state)
{
    static uint8_t v[64 * 64 * 64];
    struct vn_graph *a, *b;

    (void)state;
    for (int64_t i = 0; i < 64 * 64 * 64; i++) {
        uint32_t r[4];
        vn_random(3, 11, (uint64_t)i, r);
        v[i] = r[0] % 100 < 8;
    }
    vn_job_set_threads(1);
    a = make(v, 64, 64, 64, 2, NULL);
    vn_job_set_threads(4);
    b = make(v, 64, 64, 64, 2, NULL);
    vn_job_set_threads(2);
    assert_true(vn_key_same(vn_graph_key(a), vn_graph_key(b)));
    vn_graph_unref(a);
    vn_graph_unref(b);
}

static void allocation_faults(void **state)
{
    uint8_t v[9 * 9 * 9];
    const struct vn_buf s = { .type = VN_U8, .box = { { 0, 0, 0 }, { 9, 9, 9 } }, .stride = { 9, 81 }, .data = v };
    const struct vn_grid grid = { .dim = { 9, 9, 9 } };
    const struct vn_skelgraph_opt o = { 1.5, 2 };
    struct vn_skelgraph_info info;
    struct vn_graph *g = NULL;
    struct vn_err err = { 0 };
    int rc = -1;

    (void)state;
    for (int i = 0; i < 729; i++) {
        uint32_t r[4];
        vn_random(5, 11, (uint64_t)i, r);
        v[i] = r[0] % 100 < 30;
    }
    for (long n = 1; n < 5000 && rc; n++) {
        vn_mem_fail_at(n);
        rc = vn_skelgraph(&s, NULL, &grid, &o, &g, &info, NULL, &err);
        vn_mem_fail_at(0);
        assert_true(rc == 0 || (rc == VN_E_MEMORY && !g));
    }
    assert_int_equal(rc, 0);
    assert_false(g->unit_um);
    vn_graph_unref(g);
}

int main(void)
{
    const struct CMUnitTest t[] = {
        cmocka_unit_test(by_hand), cmocka_unit_test(positions_and_lengths), cmocka_unit_test(spurs),
        cmocka_unit_test(topology_of_random_voxels), cmocka_unit_test(pruning_keeps_topology),
        cmocka_unit_test(same_on_any_threads), cmocka_unit_test(allocation_faults),
    };
    struct vn_err err = { 0 };
    int rc;

    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    rc = cmocka_run_group_tests(t, NULL, NULL);
    vn_job_exit();
    return rc;
}
