/* Breaks on a straight line and on two lines, counted by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "breaks.h"
#include "masks.h"
#include "mem.h"

/* One segment along x through voxels (2..97, 5, 5), voxel centres, um per voxel as given. */
static struct vn_graph *line(double um)
{
    struct vn_err err;
    struct vn_graph *g = vn_graph_new(2, 1, 96, &err);
    assert_non_null(g);
    g->unit_um = true;
    g->grid = (struct vn_grid){ { 100, 11, 11 }, { um, um, um }, { { 0, 0 } } };
    g->box = (struct vn_box){ { 0, 0, 0 }, { 100, 11, 11 } };
    for (int i = 0; i < 96; i++)
        g->point[i] = (struct vn_point){ { (float)((i + 2.5) * um), (float)(5.5 * um), (float)(5.5 * um) }, 1 };
    for (int a = 0; a < 3; a++) {
        g->node[0].p[a] = g->point[0].p[a];
        g->node[1].p[a] = g->point[95].p[a];
    }
    g->segment[0] = (struct vn_segment){ .a = 0, .b = 1, .first = 0, .n = 96 };
    assert_int_equal(vn_graph_finish(g, &err), 0);
    return g;
}

static int cut_from, cut_to, cut2_from, cut2_to;
static uint8_t tube(int64_t x, int64_t y, int64_t z, int64_t s)
{
    (void)s;
    return y == 5 && z == 5 && !(x >= cut_from && x < cut_to) && !(x >= cut2_from && x < cut2_to);
}

static struct vn_breaks count(double um)
{
    struct vn_bits m;
    struct vn_breaks b;
    struct vn_graph *g = line(um);
    assert_int_equal(mask_bits(&m, 100, 11, 11, tube, 0), 0);
    vn_breaks_count(g, &m, &b);
    vn_bits_free(&m);
    vn_graph_unref(g);
    return b;
}

static void gaps_between_covered_parts_count(void **state)
{
    (void)state;
    cut_from = cut_to = cut2_from = cut2_to = 0;
    struct vn_breaks b = count(0.5);
    assert_int_equal(b.n, 0);
    assert_float_equal(b.length, 95 * 0.5, 1e-4);
    assert_float_equal(b.covered, b.length, 1e-9);
    cut_from = 40;
    cut_to = 42;                                 /* two voxels: closed by growing one voxel from each side */
    assert_int_equal(count(0.5).n, 0);
    cut_to = 43;                                 /* three: the middle one stays uncovered */
    assert_int_equal(count(0.5).n, 1);
    cut2_from = 60;
    cut2_to = 80;
    assert_int_equal(count(2).n, 2);
    cut_from = 0;                                /* missing ends are no breaks */
    cut_to = 43;
    assert_int_equal(count(1).n, 1);
    cut2_from = 50;
    cut2_to = 100;
    assert_int_equal(count(1).n, 0);
    cut_to = 100;
    b = count(1);
    assert_int_equal(b.n, 0);
    assert_true(b.covered == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(gaps_between_covered_parts_count) };
    struct vn_err err;
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
