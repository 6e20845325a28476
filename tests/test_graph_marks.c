/* test_graph_marks.c - graphs found and drawn: pixels by hand, trees against going through everything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "graph_marks.h"
#include "mem.h"

static struct vn_err err;

/* n segments of n_point points each in a grid of 64^3; node i is the first point of segment i, node n + i its last. */
static struct vn_graph *graph_of(int n, int n_point, const struct vn_point *p)
{
    struct vn_graph *g = vn_graph_new(2 * n, n, (int64_t)n * n_point, &err);
    assert_non_null(g);
    g->unit_um = true;
    for (int k = 0; k < 3; k++) {
        g->grid.dim[k] = g->box.hi[k] = 64;
        g->grid.um[k] = 1;
    }
    memcpy(g->point, p, (size_t)n * (size_t)n_point * sizeof *p);
    for (int i = 0; i < n; i++) {
        g->segment[i] = (struct vn_segment){ .a = i, .b = n + i, .first = (int64_t)i * n_point, .n = n_point };
        for (int e = 0; e < 2; e++) {
            const struct vn_point *q = &p[i * n_point + (e ? n_point - 1 : 0)];
            g->node[e * n + i] = (struct vn_node){ .p = { q->p[0], q->p[1], q->p[2] }, .radius = q->radius };
        }
    }
    assert_int_equal(vn_graph_finish(g, &err), 0);
    return g;
}

static struct vn_vol *volume(const double um[3])
{
    const struct vn_box box = { { 0, 0, 0 }, { 64, 64, 64 } };
    struct vn_grid grid = { .dim = { 64, 64, 64 } };
    memcpy(grid.um, um, sizeof grid.um);
    struct vn_vol *v = vn_vol_new(VN_IMAGE, VN_U8, &grid, &box, &err);
    assert_non_null(v);
    return v;
}

/* The picture as letters: . nothing, l line, b branch, e end, p picked. */
static char *drawn(struct vn_scene *s, int w, int h)
{
    static char text[4096];
    static const struct { uint32_t rgb; char c; } key[] = {
        { 0, '.' }, { VN_GRAPH_LINE, 'l' }, { VN_GRAPH_BRANCH, 'b' }, { VN_GRAPH_END, 'e' }, { VN_GRAPH_PICKED, 'p' },
    };
    struct vn_image im;
    assert_int_equal(vn_image_new(&im, w, h, &err), 0);
    assert_int_equal(vn_graph_index((struct vn_graph *)s->graph, NULL, &err), 0);
    vn_graph_marks(s, &im);
    int n = 0;
    for (int i = 0; i < w * h; i++) {
        const uint32_t rgb = (uint32_t)im.rgb[3 * i] << 16 | (uint32_t)im.rgb[3 * i + 1] << 8 | im.rgb[3 * i + 2];
        size_t k = 0;
        while (k < VN_COUNT(key) && key[k].rgb != rgb)
            k++;
        assert_true(k < VN_COUNT(key));
        text[n++] = key[k].c;
        if (i % w == w - 1)
            text[n++] = '\n';
    }
    text[n] = '\0';
    vn_image_free(&im);
    return text;
}

/* Three rows of a picture of 14 x 25 from row 11 on; the others are empty. */
static const char *middle(struct vn_scene *s)
{
    static char rows[3 * 15 + 1];
    const char *all = drawn(s, 14, 25);
    for (int i = 0; i < 25 * 15; i++)
        assert_true((i / 15 >= 11 && i / 15 <= 13) || all[i] == '.' || all[i] == '\n');
    memcpy(rows, all + 11 * 15, sizeof rows - 1);
    return rows;
}

/* Along x at y 2.5, z 4.5, from x 2.5 to 10.5: one voxel a pixel. */
static void lines_and_ends(void **state)
{
    (void)state;
    const struct vn_point p[2] = { { { 2.5f, 2.5f, 4.5f }, 1 }, { { 10.5f, 2.5f, 4.5f }, 1 } };
    struct vn_graph *g = graph_of(1, 2, p);
    struct vn_vol *v = volume((double[3]){ 1, 1, 1 });
    struct vn_scene s = { .volume = v, .graph = g, .axis = 2, .slab = { 4, 5 }, .um_per_px = 1, .centre = { 7, 2.5 } };
    const char *all = ".eee.....eee..\n" ".eeellllleee..\n" ".eee.....eee..\n", *none = "..............\n" "..............\n" "..............\n";
    g->box.lo[1] = -64;                              /* the picture is all of the graph's box */
    assert_string_equal(middle(&s), all);
    /* radius 1: the slices of which a part is within 1 of z 4.5 are 3, 4 and 5 */
    static const bool seen[8] = { [3] = true, [4] = true, [5] = true };
    for (int z = 0; z < 8; z++) {
        s.slab[0] = z;
        s.slab[1] = z + 1;
        assert_string_equal(middle(&s), seen[z] ? all : none);
    }
    /* in a picture of 42 pixels two squares of 9 would be more than an eighth */
    s.slab[0] = 4;
    assert_string_equal(drawn(&s, 14, 3), "..............\n" "..lllllllll...\n" "..............\n");
    /* two voxels a pixel: the segment is four pixels long, so that no nodes are drawn; pixels 1 to 5 of 7 */
    s = (struct vn_scene){ .volume = v, .graph = g, .axis = 2, .slab = { 4, 5 }, .um_per_px = 2, .centre = { 7, 3 } };
    assert_string_equal(drawn(&s, 7, 3), ".......\n.lllll.\n.......\n");
    /* picked: three wide */
    s.picked_kind = VN_PICK_SEGMENT;
    assert_string_equal(drawn(&s, 7, 3), "ppppppp\nppppppp\nppppppp\n");
    /* in a slice that it does not touch, one wide */
    s.slab[0] = 20;
    s.slab[1] = 21;
    assert_string_equal(drawn(&s, 7, 3), ".......\n.ppppp.\n.......\n");
    vn_vol_unref(v);
    vn_graph_unref(g);
}

/* Through the slices: only the part within them, and without a radius not more. */
static void slices_cut(void **state)
{
    (void)state;
    const struct vn_point p[2] = { { { 2.5f, 1.5f, 0.5f }, NAN }, { { 10.5f, 1.5f, 8.5f }, NAN } };
    struct vn_graph *g = graph_of(1, 2, p);
    struct vn_vol *v = volume((double[3]){ 1, 1, 1 });
    /* x = z + 2: z 4 to 5 is x 6 to 7 */
    struct vn_scene s = { .volume = v, .graph = g, .axis = 2, .slab = { 4, 5 }, .um_per_px = 2, .centre = { 7, 2 } };
    assert_string_equal(drawn(&s, 7, 1), "...l...\n");
    s.slab[1] = 7;                                   /* x 6 to 9 */
    assert_string_equal(drawn(&s, 7, 1), "...ll..\n");
    /* along y: z to the right of x, everything in the slab */
    s = (struct vn_scene){ .volume = v, .graph = g, .axis = 1, .slab = { 1, 2 }, .um_per_px = 2, .centre = { 7, 5 } };
    assert_string_equal(drawn(&s, 7, 5), ".l.....\n..l....\n...l...\n....l..\n.....l.\n");
    vn_vol_unref(v);
    vn_graph_unref(g);
}

/* Voxels of 1 x 1 x 4 um: the graph is in um, the scene's slabs and centre in voxels. */
static void voxels_are_not_cubes(void **state)
{
    (void)state;
    const struct vn_point p[2] = { { { 2.5f, 1.5f, 10 }, NAN }, { { 10.5f, 1.5f, 10 }, NAN } };      /* plane 2: z 8 to 12 um */
    struct vn_graph *g = graph_of(1, 2, p);
    g->grid.um[2] = 4;
    struct vn_vol *v = volume((double[3]){ 1, 1, 4 });
    struct vn_scene s = { .volume = v, .graph = g, .axis = 2, .slab = { 2, 3 }, .um_per_px = 2, .centre = { 7, 2 } };
    assert_string_equal(drawn(&s, 7, 1), ".lllll.\n");
    s.slab[0] = 3;
    s.slab[1] = 4;
    assert_string_equal(drawn(&s, 7, 1), ".......\n");
    /* along y: pixels of 2 um across and 4 um down; 10 um is in the third */
    s = (struct vn_scene){ .volume = v, .graph = g, .axis = 1, .slab = { 1, 2 }, .um_per_px = 2, .aspect = 2, .centre = { 7, 2 } };
    assert_string_equal(drawn(&s, 7, 4), ".......\n.......\n.lllll.\n.......\n");
    /* a volume without voxel size has the graph's */
    memcpy(v->grid.um, (double[3]){ 0 }, sizeof v->grid.um);
    s = (struct vn_scene){ .volume = v, .graph = g, .axis = 2, .slab = { 2, 3 }, .um_per_px = 2, .centre = { 7, 2 } };
    assert_string_equal(drawn(&s, 7, 1), ".lllll.\n");
    vn_vol_unref(v);
    vn_graph_unref(g);
}

enum { N = 150, N_POINT = 40 };
static double uniform(double to) { return to * rand() / (RAND_MAX + 1.0); }

/* Crooked lines all over the box, of 40 points. */
static void crooked(struct vn_point *p)
{
    srand(5);
    for (int i = 0; i < N; i++) {
        double at[3], way[3];
        for (int k = 0; k < 3; k++) {
            at[k] = uniform(64);
            way[k] = uniform(1) - 0.5;
        }
        for (int j = 0; j < N_POINT; j++)
            for (int k = 0; k < 3; k++) {
                p[i * N_POINT + j].p[k] = (float)at[k];
                p[i * N_POINT + j].radius = i % 3 ? (float)(0.5 + uniform(2)) : NAN;
                at[k] += way[k] + uniform(0.4) - 0.2;
            }
    }
}

/* All drawn together are what each alone draws. */
static void all_is_the_sum_of_its_parts(void **state)
{
    (void)state;
    static struct vn_point p[N * N_POINT];
    crooked(p);
    struct vn_graph *g = graph_of(N, N_POINT, p), *one[N];
    struct vn_vol *v = volume((double[3]){ 1, 1, 1 });
    for (int i = 0; i < N; i++)
        one[i] = graph_of(1, N_POINT, p + i * N_POINT);
    for (int i = 0; i < N; i++)
        g->segment[i].length = one[i]->segment[0].length = 0;      /* too short for nodes */
    static const struct { int axis, w, h; double um_per_px, aspect; int64_t slab[2]; } view[] = {
        { 2, 40, 40, 2.5, 1, { 0, 64 } }, { 2, 8, 4, 20, 2, { 0, 64 } }, { 1, 50, 30, 3, 1, { 20, 24 } },
        { 0, 50, 50, 3.1, 1, { 30, 31 } }, { 2, 60, 30, 2.6, 2, { 10, 11 } },
    };
    for (size_t k = 0; k < VN_COUNT(view); k++) {
        struct vn_scene s = { .volume = v, .graph = g, .axis = view[k].axis, .slab = { view[k].slab[0], view[k].slab[1] },
                              .um_per_px = view[k].um_per_px, .aspect = view[k].aspect, .centre = { 30, 33 } };
        char all[4096], sum[4096];
        snprintf(all, sizeof all, "%s", drawn(&s, view[k].w, view[k].h));
        memset(sum, '.', sizeof sum);
        for (int i = 0; i < N; i++) {
            s.graph = one[i];
            const char *t = drawn(&s, view[k].w, view[k].h);
            for (int c = 0; t[c]; c++)
                if (sum[c] == '.' || t[c] != '.')
                    sum[c] = t[c];
        }
        for (int c = 0; all[c]; c++)
            assert_int_equal(all[c], sum[c]);
        assert_non_null(strchr(all, 'l'));
    }
    for (int i = 0; i < N; i++)
        vn_graph_unref(one[i]);
    vn_vol_unref(v);
    vn_graph_unref(g);
}

static double to_piece(const float *a, const float *b, const double q[3])
{
    double ab = 0, ap = 0, d2 = 0;
    for (int k = 0; k < 3; k++) {
        ab += ((double)b[k] - a[k]) * ((double)b[k] - a[k]);
        ap += ((double)b[k] - a[k]) * (q[k] - a[k]);
    }
    const double t = fmin(fmax(ap / ab, 0), 1);
    for (int k = 0; k < 3; k++)
        d2 += pow(a[k] + t * ((double)b[k] - a[k]) - q[k], 2);
    return sqrt(d2);
}

static void nearest_of_all(void **state)
{
    (void)state;
    static struct vn_point p[N * N_POINT];
    crooked(p);
    struct vn_graph *g = graph_of(N, N_POINT, p);
    assert_int_equal(vn_graph_index(g, NULL, &err), 0);
    for (int r = 0; r < 200; r++) {
        const double q[3] = { uniform(80) - 8, uniform(80) - 8, uniform(80) - 8 };
        double best = INFINITY;
        int of = -1;
        for (int i = 0; i < N; i++)
            for (int j = 0; j + 1 < N_POINT; j++) {
                const double d = to_piece(p[i * N_POINT + j].p, p[i * N_POINT + j + 1].p, q);
                if (d < best - 1e-9) {
                    best = d;
                    of = i;
                }
            }
        struct vn_graph_near o;
        vn_graph_nearest(g, false, q, INFINITY, -1, &o);
        assert_int_equal(o.of, of);
        assert_true(fabs(o.distance - best) < 1e-9);
        assert_int_equal(o.point / N_POINT, of);
        vn_graph_nearest(g, false, q, best * 0.999, -1, &o);
        assert_int_equal(o.of, -1);
        best = INFINITY;
        for (int i = 0; i < 2 * N; i++) {
            const double *n = g->node[i].p, d = sqrt(pow(n[0] - q[0], 2) + pow(n[1] - q[1], 2) + pow(n[2] - q[2], 2));
            if (d < best) {
                best = d;
                of = i;
            }
        }
        vn_graph_nearest(g, true, q, INFINITY, -1, &o);
        assert_int_equal(o.of, of);
        assert_true(fabs(o.distance - best) < 1e-9);
    }
    vn_graph_unref(g);
}

/* Of equals the lower number, however they are sorted. */
static void ties(void **state)
{
    (void)state;
    struct vn_point p[12];
    for (int i = 0; i < 6; i++)
        for (int e = 0; e < 2; e++)
            p[2 * i + e] = (struct vn_point){ { (float)(10 + 40 * e), (float)(i % 2 ? 20 : 30), (float)(40 - i / 2 % 2 * 20) }, 1 };
    struct vn_graph *g = graph_of(6, 2, p);
    struct vn_graph_near o;
    assert_int_equal(vn_graph_index(g, NULL, &err), 0);
    vn_graph_nearest(g, false, (double[3]){ 30, 25, 30 }, INFINITY, -1, &o);
    assert_int_equal(o.of, 0);
    vn_graph_nearest(g, false, (double[3]){ 30, 20, 40 }, INFINITY, -1, &o);     /* on 1 and 5 */
    assert_int_equal(o.of, 1);
    assert_true(o.distance == 0 && o.p[0] == 30 && o.p[1] == 20 && o.p[2] == 40);
    /* seen along z, 2 lies behind 0: 12 away in depth, which does not count */
    vn_graph_nearest(g, false, (double[3]){ 30, 33, 28 }, 4, 2, &o);
    assert_int_equal(o.of, 0);
    assert_true(o.distance == 3 && o.p[0] == 30 && o.p[1] == 30 && o.p[2] == 40);
    vn_graph_unref(g);
}

/* 20 spokes from node 0, the odd ones towards it; a loop at it; and a segment elsewhere. */
static void what_meets_at_a_node(void **state)
{
    (void)state;
    enum { SPOKES = 20, LOOP = SPOKES, ELSEWHERE };
    struct vn_graph *g = vn_graph_new(SPOKES + 2, SPOKES + 2, 2 * SPOKES + 40 + 2, &err);
    int32_t meet[32];
    int64_t n = 0;
    g->unit_um = true;
    for (int i = 0; i < 3; i++)
        g->node[0].p[i] = 50;
    for (int s = 0; s < SPOKES; s++) {
        const struct vn_point out = { { 50 + 20 * cosf((float)s), 50 + 20 * sinf((float)s), (float)(40 + s) }, 1 }, hub = { { 50, 50, 50 }, 1 };
        g->node[s + 1] = (struct vn_node){ .p = { out.p[0], out.p[1], out.p[2] } };
        g->segment[s] = (struct vn_segment){ .a = s % 2 ? s + 1 : 0, .b = s % 2 ? 0 : s + 1, .first = n, .n = 2 };
        g->point[n++] = s % 2 ? out : hub;
        g->point[n++] = s % 2 ? hub : out;
    }
    g->segment[LOOP] = (struct vn_segment){ .a = 0, .b = 0, .first = n, .n = 40 };       /* of several runs; met at both ends */
    for (int i = 0; i < 40; i++)
        g->point[n++] = (struct vn_point){ { 60 - 10 * cosf((float)i / 39 * 6.2831853f), 50 + 10 * sinf((float)i / 39 * 6.2831853f), 50 }, 1 };
    g->segment[ELSEWHERE] = (struct vn_segment){ .a = 1, .b = SPOKES + 1, .first = n, .n = 2 };
    g->point[n++] = (struct vn_point){ { (float)g->node[1].p[0], (float)g->node[1].p[1], (float)g->node[1].p[2] }, 1 };
    g->point[n++] = (struct vn_point){ { 90, 90, 90 }, 1 };
    g->node[SPOKES + 1] = (struct vn_node){ .p = { 90, 90, 90 } };
    assert_int_equal(vn_graph_finish(g, &err), 0);
    assert_int_equal(vn_graph_index(g, NULL, &err), 0);
    assert_int_equal(vn_graph_at_node(g, 0, meet, 32), SPOKES + 1);
    for (int i = 0; i <= SPOKES; i++)
        assert_int_equal(meet[i], i);
    meet[4] = -7;
    assert_true(vn_graph_at_node(g, 0, meet, 4) >= 4);           /* the lowest four */
    for (int i = 0; i < 4; i++)
        assert_int_equal(meet[i], i);
    assert_int_equal(meet[4], -7);
    assert_int_equal(vn_graph_at_node(g, 1, meet, 32), 2);
    assert_true(meet[0] == 0 && meet[1] == ELSEWHERE);
    assert_int_equal(vn_graph_at_node(g, SPOKES + 1, meet, 32), 1);
    vn_graph_unref(g);
}

static void no_memory(void **state)
{
    (void)state;
    static struct vn_point p[N * N_POINT];
    crooked(p);
    struct vn_graph *g = graph_of(N, N_POINT, p);
    int rc = -1;
    for (int nth = 1; rc; nth++) {
        assert_true(nth < 40);
        vn_mem_fail_at(nth);
        rc = vn_graph_index(g, NULL, &err);
        vn_mem_fail_at(0);
        assert_true(rc == 0 || (rc == VN_E_MEMORY && !vn_graph_indexed(g)));
    }
    assert_true(vn_graph_indexed(g));
    vn_graph_unref(g);
    /* an empty one is drawn and searched as well */
    g = vn_graph_new(0, 0, 0, &err);
    struct vn_graph_near o;
    assert_int_equal(vn_graph_index(g, NULL, &err), 0);
    vn_graph_nearest(g, true, (double[3]){ 0 }, INFINITY, -1, &o);
    assert_int_equal(o.of, -1);
    vn_graph_unref(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_and_ends), cmocka_unit_test(slices_cut), cmocka_unit_test(voxels_are_not_cubes),
        cmocka_unit_test(all_is_the_sum_of_its_parts), cmocka_unit_test(nearest_of_all), cmocka_unit_test(ties), cmocka_unit_test(what_meets_at_a_node), cmocka_unit_test(no_memory),
    };
    vn_mem_init(1u << 30);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
