/* test_graph.c - what a graph's arrays imply.  Expected values by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>
#include "graph.h"
#include "job.h"
#include "mem.h"

static struct vn_err err;

static void near(double a, double b) { assert_true(fabs(a - b) <= 1e-12 * fmax(1, fabs(b))); }

static void set_point(struct vn_graph *g, int i, float x, float y, float z, float r)
{
    g->point[i] = (struct vn_point) { { x, y, z }, r };
}

/* A straight piece 3-4-0 (length 5) of radius 1 and one of length 2 whose radius falls from 1 to 2 (a frustum):
 * volume pi*5 + pi*(1+2+4)/3*2, surface 2 pi 5 + 2 pi 1.5 * 2, radius (5*1 + 2*1.5)/7. */
static void measures_of_a_polyline(void **state)
{
    (void)state;
    struct vn_graph *g = vn_graph_new(2, 1, 3, &err);
    assert_non_null(g);
    set_point(g, 0, 0, 0, 0, 1);
    set_point(g, 1, 3, 4, 0, 1);
    set_point(g, 2, 3, 4, 2, 2);
    g->segment[0] = (struct vn_segment) { .a = 0, .b = 1, .first = 0, .n = 3 };
    assert_int_equal(vn_graph_finish(g, &err), 0);
    const struct vn_segment *s = &g->segment[0];
    const double pi = acos(-1.0);
    near(s->length, 7);
    near(s->chord, sqrt(9 + 16 + 4));
    near(s->volume, pi * 5 + pi * 7.0 / 3 * 2);
    near(s->surface, 2 * pi * 5 + 2 * pi * 1.5 * 2);
    near(s->radius, 8.0 / 7);
    assert_int_equal(g->node[0].degree, 1);
    assert_int_equal(vn_graph_loops(g), 0);
    vn_graph_unref(g);
}

/* Two components, one with a double edge and a self-loop (loops 2), one ring on a single node (loop 1), and a lone node. */
static void components_and_loops(void **state)
{
    (void)state;
    static const int32_t ends[][2] = { { 4, 1 }, { 1, 4 }, { 4, 4 }, { 2, 2 }, { 0, 5 } };
    struct vn_graph *g = vn_graph_new(6, 5, 1, &err);
    set_point(g, 0, 0, 0, 0, NAN);
    for (int i = 0; i < 5; i++)
        g->segment[i] = (struct vn_segment) { .a = ends[i][0], .b = ends[i][1], .first = 0, .n = i == 4 ? 0 : 1 };
    assert_int_equal(vn_graph_finish(g, &err), 0);
    static const int32_t comp[] = { 0, 1, 2, 3, 1, 0 }, degree[] = { 1, 2, 2, 0, 4, 1 };
    for (int i = 0; i < 6; i++) {
        assert_int_equal(g->node[i].component, comp[i]);
        assert_int_equal(g->node[i].degree, degree[i]);
    }
    assert_int_equal(g->n_component, 4);
    assert_int_equal(vn_graph_loops(g), 5 - 6 + 4);
    assert_int_equal(g->segment[1].component, 1);
    assert_true(isnan(g->segment[0].radius));          /* no length: the point's radius, unknown */
    assert_true(g->segment[0].length == 0 && isnan(g->segment[4].radius));
    vn_graph_unref(g);
}

/* A long path given from its far end: a chain of unions, and one component. */
static void long_path_is_one_component(void **state)
{
    (void)state;
    const int32_t n = 100003;
    struct vn_graph *g = vn_graph_new(n, n - 1, 0, &err);
    for (int32_t i = 0; i < n - 1; i++)
        g->segment[i] = (struct vn_segment) { .a = n - 1 - i, .b = n - 2 - i };
    assert_int_equal(vn_graph_finish(g, &err), 0);
    assert_int_equal(g->n_component, 1);
    for (int32_t i = 0; i < n; i++)
        assert_int_equal(g->node[i].component, 0);
    vn_graph_unref(g);
}

static void empty_graph(void **state)
{
    (void)state;
    struct vn_graph *g = vn_graph_new(0, 0, 0, &err), *h = vn_graph_ref(g);
    assert_int_equal(vn_graph_finish(g, &err), 0);
    assert_int_equal(g->n_component, 0);
    assert_int_equal(vn_graph_loops(g), 0);
    vn_graph_unref(h);
    vn_graph_unref(g);
    vn_graph_unref(NULL);
}

static void wrong_indices_are_refused(void **state)
{
    (void)state;
    struct vn_graph *g = vn_graph_new(2, 1, 4, &err);
    g->segment[0] = (struct vn_segment) { .a = 0, .b = 2 };
    assert_int_equal(vn_graph_finish(g, &err), VN_E_FORMAT);
    assert_string_equal(err.msg, "segment 0 joins nodes 0 and 2 of a graph of 2 nodes");
    g->segment[0] = (struct vn_segment) { .a = 0, .b = 1, .first = 2, .n = 3 };
    assert_int_equal(vn_graph_finish(g, &err), VN_E_FORMAT);
    assert_string_equal(err.msg, "segment 0 has points 2 to 5 of a graph of 4 points");
    vn_graph_unref(g);
}

/* The key is of the content: one changed radius changes it, finish (derived values) does not. */
static void key_follows_content(void **state)
{
    (void)state;
    struct vn_graph *g = vn_graph_new(2, 1, 2, &err);
    set_point(g, 1, 1, 0, 0, 1);
    g->segment[0] = (struct vn_segment) { .a = 0, .b = 1, .first = 0, .n = 2 };
    struct vn_key k = vn_graph_key(g);
    assert_int_equal(vn_graph_finish(g, &err), 0);
    assert_true(vn_key_same(k, vn_graph_key(g)));
    g->point[1].radius = 2;
    assert_false(vn_key_same(k, vn_graph_key(g)));
    vn_graph_unref(g);
}

static void allocation_failures(void **state)
{
    (void)state;
    for (long i = 1; i <= 4; i++) {
        vn_mem_fail_at(i);
        assert_null(vn_graph_new(3, 3, 3, &err));
        assert_int_equal(err.code, VN_E_MEMORY);
    }
    vn_mem_fail_at(0);
}

int main(void)
{
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(measures_of_a_polyline), cmocka_unit_test(components_and_loops), cmocka_unit_test(long_path_is_one_component),
        cmocka_unit_test(empty_graph), cmocka_unit_test(wrong_indices_are_refused), cmocka_unit_test(key_follows_content),
        cmocka_unit_test(allocation_failures),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
