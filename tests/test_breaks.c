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
    struct vn_err err;
    assert_int_equal(vn_breaks_count(g, &m, 0, NULL, &b, &err), 0);
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

/* Three vessels of radius 1 from voxel (20,20,20): along +x to 59, along +z to 59, along -x to 2; the first ends at the branch point. */
static struct vn_graph *star(void)
{
    static const int to[3][4] = { { 59, 20, 20, 39 }, { 20, 20, 59, 39 }, { 2, 20, 20, 18 } };
    struct vn_err err;
    struct vn_graph *g = vn_graph_new(4, 3, 40 + 40 + 19, &err);
    assert_non_null(g);
    g->unit_um = true;
    g->grid = (struct vn_grid){ { 64, 40, 64 }, { 1, 1, 1 }, { { 0, 0 } } };
    g->box = (struct vn_box){ { 0, 0, 0 }, { 64, 40, 64 } };
    for (int a = 0; a < 3; a++)
        g->node[0].p[a] = 20.5;
    g->node[0].radius = 1;
    for (int i = 0, at = 0; i < 3; i++) {
        const int n = to[i][3];
        g->segment[i] = (struct vn_segment){ .a = i ? 0 : 1, .b = i ? i + 1 : 0, .first = at, .n = n + 1 };
        for (int a = 0; a < 3; a++)
            g->node[i + 1].p[a] = to[i][a] + 0.5;
        g->node[i + 1].radius = 1;
        for (int k = 0; k <= n; k++, at++) {
            const int step = i ? k : n - k;
            for (int a = 0; a < 3; a++)
                g->point[at].p[a] = (float)(20.5 + (to[i][a] - 20.0) * step / n);
            g->point[at].radius = 1;
        }
    }
    assert_int_equal(vn_graph_finish(g, &err), 0);
    return g;
}

/* The star's voxels but the cut box, at one bit each. */
static struct vn_box cut;
static uint8_t star_but(int64_t x, int64_t y, int64_t z, int64_t p)
{
    const bool on = y == 20 && ((z == 20 && x >= 2 && x < 60) || (x == 20 && z >= 20 && z < 60));
    const int64_t v[3] = { x, y, z };
    bool in = p;
    for (int a = 0; a < 3; a++)
        in = in && v[a] >= cut.lo[a] && v[a] < cut.hi[a];
    return on && !in;
}

static struct vn_breaks star_breaks(struct vn_box out, double near)
{
    struct vn_graph *g = star();
    struct vn_bits m;
    struct vn_breaks b;
    struct vn_err err;
    cut = out;
    assert_int_equal(mask_bits(&m, 64, 40, 64, star_but, 1), 0);
    assert_int_equal(vn_breaks_count(g, &m, near, NULL, &b, &err), 0);
    vn_bits_free(&m);
    vn_graph_unref(g);
    return b;
}

static void breaks_along_z_and_near_branch_points_are_told_apart(void **state)
{
    (void)state;
    /* x 22..24 missing: voxel 23 alone stays uncovered, 2.5 to 3.5 from the branch point at 20.5: near, as 2 diameters are 4. */
    struct vn_breaks b = star_breaks((struct vn_box){ { 22, 0, 20 }, { 25, 40, 21 } }, 0);
    assert_true(b.n == 1 && b.n_z == 0 && b.n_branch == 1 && b.lost_nodes == 0);
    assert_float_equal(b.length, 39 + 39 + 18, 1e-4);
    assert_float_equal(b.length_z, 39, 1e-4);
    assert_float_equal(b.length_branch, 3 * 4, 3 * 0.34);              /* by places a third of a voxel apart */
    assert_int_equal(star_breaks((struct vn_box){ { 22, 0, 20 }, { 25, 40, 21 } }, 2).n_branch, 0);
    assert_int_equal(star_breaks((struct vn_box){ { 40, 0, 20 }, { 45, 40, 21 } }, 0).n_branch, 0);
    assert_int_equal(star_breaks((struct vn_box){ { 40, 0, 20 }, { 45, 40, 21 } }, 30).n_branch, 1);
    b = star_breaks((struct vn_box){ { 20, 0, 40 }, { 21, 40, 45 } }, 0);
    assert_true(b.n == 1 && b.n_z == 1 && b.n_branch == 0);
    b = star_breaks((struct vn_box){ { 17, 0, 17 }, { 24, 40, 24 } }, 0);        /* all three begin behind the gap: no break in any of them */
    assert_true(b.n == 0 && b.lost_nodes == 1);
    b = star_breaks((struct vn_box){ { 0, 0, 0 }, { 60, 40, 30 } }, 0);          /* one of the three left: nothing to join */
    assert_true(b.n == 0 && b.lost_nodes == 0);
}

static struct vn_extras star_extras(struct vn_box out, double longer, float radius)
{
    struct vn_graph *g = star();
    struct vn_bits m;
    struct vn_extras x;
    struct vn_err err;
    cut = out;
    for (int64_t i = 0; i < g->n_point; i++)
        g->point[i].radius = radius;
    assert_int_equal(mask_bits(&m, 64, 40, 64, star_but, 1), 0);
    assert_int_equal(vn_extras_count(g, &m, longer, &x, &err), 0);
    vn_bits_free(&m);
    vn_graph_unref(g);
    return x;
}

static void false_branches_are_spurs_links_or_pieces(void **state)
{
    (void)state;
    const struct vn_box none = { { 0, 0, 0 }, { 0, 0, 0 } }, all = { { 0, 0, 0 }, { 64, 40, 64 } };
    const struct vn_box up = { { 20, 0, 21 }, { 21, 40, 64 } }, middle = { { 20, 0, 21 }, { 21, 40, 50 } };
    struct vn_extras x = star_extras(none, 1, 1);
    assert_true(x.n == 0 && x.length == 0);
    x = star_extras(up, 1, 1);                   /* the truth lacks the vessel along z, which begins to be uncovered at 22 */
    assert_true(x.n == 1 && x.spurs == 1 && x.links == 0 && x.pieces == 0);
    assert_float_equal(x.length, 59.5 - 22, 0.34);
    assert_int_equal(star_extras(up, 36, 1).n, 1);
    assert_int_equal(star_extras(up, 39, 1).n, 0);
    assert_int_equal(star_extras(up, 1, 36).n, 1);         /* not longer than it is thick: no vessel */
    assert_int_equal(star_extras(up, 1, 39).n, 0);
    x = star_extras(middle, 1, 1);               /* uncovered from 22 to 49 */
    assert_true(x.n == 1 && x.spurs == 0 && x.links == 1 && x.pieces == 0);
    assert_float_equal(x.length, 49 - 22, 0.67);
    x = star_extras(all, 1, 1);
    assert_true(x.n == 3 && x.spurs == 0 && x.links == 0 && x.pieces == 3);
    assert_float_equal(x.length, 39 + 39 + 18, 1e-4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gaps_between_covered_parts_count), cmocka_unit_test(breaks_along_z_and_near_branch_points_are_told_apart),
        cmocka_unit_test(false_branches_are_spurs_links_or_pieces),
    };
    struct vn_err err;
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
