/* Phantoms: lengths and volumes by hand (a section of radius 3 that lies
 * even on the grid is off by some per cent), the graph's topology against the mask's, the same bits on any threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>
#include "betti.h"
#include "mem.h"
#include "phantom.h"

static struct vn_phantom_opt options(enum vn_phantom_kind kind, int64_t n)
{
    return (struct vn_phantom_opt){ .kind = kind, .dim = { n, n, n }, .um = { 1, 1, 1 }, .type = VN_U8, .seed = 1, .radius = 3,
                                    .direction = { 1, 0, 0 }, .radius_min = 1.2, .radius_max = 4, .loops = 0.4 };
}

static struct vn_phantom make(const struct vn_phantom_opt *o)
{
    struct vn_phantom p;
    struct vn_err err = { 0 };

    if (vn_phantom_make(o, &p, NULL, &err))
        fail_msg("%s", err.msg);
    return p;
}

static double total_length(const struct vn_graph *g)
{
    double s = 0;

    for (int32_t i = 0; i < g->n_segment; i++)
        s += g->segment[i].length;
    return s;
}

static int64_t count(const struct vn_vol *v)
{
    const struct vn_buf b = vn_vol_data(v);
    const uint8_t *p = b.data;
    int64_t n = 0;

    for (uint64_t i = 0; i < vn_box_count(&b.box); i++)
        n += p[i] != 0;
    return n;
}

static void near(double got, double want, double rel)
{
    if (!(fabs(got - want) <= rel * fabs(want)))
        fail_msg("%g, want %g within %g", got, want, rel);
}

static void shapes_by_hand(void **state)
{
    struct vn_phantom_opt o = options(VN_PHANTOM_TUBE, 64);
    const double pi = 3.14159265358979;

    (void)state;
    /* Ends one radius and 1.5 voxels inside the walls: 64 - 9.  Cylinder and two half balls. */
    struct vn_phantom p = make(&o);
    near(total_length(p.graph), 55, 1e-6);
    assert_int_equal(p.graph->n_segment, 1);
    vn_phantom_free(&p);

    o.direction[1] = 0.4;
    o.direction[2] = 0.3;
    p = make(&o);
    near(total_length(p.graph), 55 * sqrt(1.25), 1e-6);
    near((double)count(p.mask), pi * 9 * 55 * sqrt(1.25) + 4.0 / 3 * pi * 27, 0.02);
    vn_phantom_free(&p);

    o.um[2] = 2.5;
    o.direction[1] = 1;
    p = make(&o);                                           /* x and y set the limit: wall 3 + 3.75 */
    near(total_length(p.graph), sqrt(2.09) * (64 - 13.5), 1e-6);
    near(2.5 * (double)count(p.mask), pi * 9 * sqrt(2.09) * (64 - 13.5) + 4.0 / 3 * pi * 27, 0.05);
    vn_phantom_free(&p);

    o = options(VN_PHANTOM_HELIX, 64);
    o.coil = 15;
    o.pitch = 20;
    p = make(&o);                                           /* 55 / 20 turns */
    near(total_length(p.graph), 55.0 / 20 * sqrt(4 * pi * pi * 15 * 15 + 20 * 20), 1e-3);
    vn_phantom_free(&p);

    o = options(VN_PHANTOM_TORUS, 64);
    o.coil = 20;
    p = make(&o);
    near(total_length(p.graph), 2 * pi * 20, 1e-3);
    near((double)count(p.mask), 2 * pi * 20 * pi * 9, 0.04);
    assert_int_equal(p.graph->n_node, 1);
    assert_int_equal(vn_graph_loops(p.graph), 1);
    vn_phantom_free(&p);

    o = options(VN_PHANTOM_YBRANCH, 64);
    p = make(&o);
    assert_int_equal(p.graph->n_segment, 3);
    near(total_length(p.graph), 3 * 27.5, 1e-6);
    vn_phantom_free(&p);

    o = options(VN_PHANTOM_EMPTY, 16);
    p = make(&o);
    assert_int_equal(count(p.mask), 0);
    assert_int_equal(p.graph->n_node, 0);
    vn_phantom_free(&p);
}

static void topology_of_mask(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 8; seed++) {
        struct vn_phantom_opt o = options(VN_PHANTOM_NETWORK, 96);
        o.seed = seed;
        if (seed & 1)
            o.um[2] = 2.5, o.dim[2] = 64, o.radius_min = 1.5, o.radius_max = 6, o.curves = 15;
        struct vn_phantom p = make(&o);
        const struct betti b = betti(vn_vol_data(p.mask).data, o.dim[0], o.dim[1], o.dim[2]);
        assert_int_equal(b.b0, p.graph->n_component);
        assert_int_equal(b.b1, vn_graph_loops(p.graph));
        assert_int_equal(b.b2, 0);
        assert_true(p.graph->n_segment > 8);
        vn_phantom_free(&p);
    }
}

static void same_on_any_threads(void **state)
{
    struct vn_phantom_opt o = options(VN_PHANTOM_NETWORK, 53);
    struct vn_phantom a, b, c;

    (void)state;
    o.look[VN_LOOK_NOISE] = 0.3;
    o.look[VN_LOOK_BACKGROUND] = 0.5;
    o.look[VN_LOOK_DROPOUT] = 0.2;
    o.type = VN_U16;
    vn_job_set_threads(1);
    a = make(&o);
    vn_job_set_threads(4);
    b = make(&o);
    vn_job_set_threads(2);
    o.seed++;
    c = make(&o);
    assert_memory_equal(vn_vol_data(a.image).data, vn_vol_data(b.image).data, 53 * 53 * 53 * 2);
    assert_memory_equal(vn_vol_data(a.mask).data, vn_vol_data(b.mask).data, 53 * 53 * 53);
    assert_true(vn_key_same(vn_graph_key(a.graph), vn_graph_key(b.graph)));
    assert_true(memcmp(vn_vol_data(a.image).data, vn_vol_data(c.image).data, 53 * 53 * 53 * 2) != 0);
    vn_phantom_free(&a);
    vn_phantom_free(&b);
    vn_phantom_free(&c);
}

/* Noise of sd 0.25 x 160 on a background of 40 (f32, so that nothing is cut). */
static void noise_level(void **state)
{
    struct vn_phantom_opt o = options(VN_PHANTOM_EMPTY, 40);
    double s = 0, ss = 0;

    (void)state;
    o.type = VN_F32;
    o.look[VN_LOOK_NOISE] = 0.25;
    struct vn_phantom p = make(&o);
    const float *v = vn_vol_data(p.image).data;
    for (int i = 0; i < 64000; i++) {
        s += v[i];
        ss += (double)v[i] * v[i];
    }
    near(s / 64000, 40, 0.02);
    near(sqrt(ss / 64000 - s / 64000 * s / 64000), 40, 0.02);
    vn_phantom_free(&p);
}

static void injuries(void **state)
{
    struct vn_phantom_opt o = options(VN_PHANTOM_NETWORK, 96);
    struct vn_phantom whole, part;

    (void)state;
    whole = make(&o);
    o.injury = VN_INJURY_FOCAL;
    o.severity = 0.2;
    part = make(&o);
    /* A sphere of a fifth of the volume; its own part of the vessels and no others (but stumps) are gone. */
    near(part.injury_radius, cbrt(0.2 * 96 * 96 * 96 * 3 / 4 / 3.14159265), 1e-6);
    assert_true(total_length(part.graph) < 0.95 * total_length(whole.graph));
    for (int64_t i = 0; i < part.graph->n_point; i++) {
        double d = 0;
        for (int k = 0; k < 3; k++)
            d += (part.graph->point[i].p[k] - part.injury_centre[k]) * (part.graph->point[i].p[k] - part.injury_centre[k]);
        assert_true(sqrt(d) >= part.injury_radius - 1e-3);
    }
    struct betti b;
    vn_phantom_free(&part);
    for (o.seed = 0; o.seed < 6; o.seed++) {
        part = make(&o);
        b = betti(vn_vol_data(part.mask).data, 96, 96, 96);
        assert_int_equal(b.b0, part.graph->n_component);
        assert_int_equal(b.b1, vn_graph_loops(part.graph));
        vn_phantom_free(&part);
    }

    o.seed = 1;
    o.injury = VN_INJURY_DIFFUSE;
    o.severity = 0.5;
    part = make(&o);
    assert_true(total_length(part.graph) < 0.9 * total_length(whole.graph));
    b = betti(vn_vol_data(part.mask).data, 96, 96, 96);
    assert_int_equal(b.b0, part.graph->n_component);
    assert_int_equal(b.b1, vn_graph_loops(part.graph));
    for (int32_t i = 0; i < part.graph->n_node; i++)
        assert_int_not_equal(part.graph->node[i].degree, 2);
    vn_phantom_free(&part);
    vn_phantom_free(&whole);
}

static void refusals(void **state)
{
    struct vn_phantom_opt o = options(VN_PHANTOM_TUBE, 8);
    struct vn_phantom p;
    struct vn_err err = { 0 };

    (void)state;
    assert_int_equal(vn_phantom_make(&o, &p, NULL, &err), VN_E_ARG);
    o = options(VN_PHANTOM_NETWORK, 64);
    o.radius_min = 5;
    assert_int_equal(vn_phantom_make(&o, &p, NULL, &err), VN_E_ARG);
    o = options(VN_PHANTOM_NETWORK, 12);
    o.radius_min = o.radius_max = 8;
    assert_int_equal(vn_phantom_make(&o, &p, NULL, &err), VN_E_ARG);
}

static struct vn_phantom_opt drawn(uint64_t seed, int64_t nx, int64_t ny, int64_t nz)
{
    struct vn_phantom_opt o = { .kind = VN_PHANTOM_NETWORK, .dim = { nx, ny, nz }, .type = VN_N_TYPE, .seed = seed, .gap = { 1, 8 },
                                .radius_min = NAN, .radius_max = NAN, .loops = NAN };

    for (int i = 0; i < VN_N_LOOK; i++)
        o.look[i] = NAN;
    o.look[VN_LOOK_DARK] = o.look[VN_LOOK_LEVEL] = o.look[VN_LOOK_CONTRAST] = 0;
    vn_phantom_draw_voxel(seed, o.um);
    vn_phantom_draw(&o);
    return o;
}

/* Every property within its range in the table; vessels and background in each; all of them on somewhere, and off. */
static void random_ones(void **state)
{
    int on[VN_N_LOOK] = { 0 };

    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        const struct vn_phantom_opt o = drawn(seed, 64, 64, 32);
        struct vn_phantom p = make(&o);
        const int64_t n = count(p.mask);
        assert_in_range(n, 200, 64 * 64 * 32 * 7 / 10);
        assert_true(p.graph->n_segment > 0);
        for (int64_t i = 0; i < p.graph->n_point; i++)
            for (int k = 0; k < 3; k++)
                assert_true(p.graph->point[i].p[k] >= 0 && p.graph->point[i].p[k] <= o.dim[k] * o.um[k] * 1.0001);
        vn_phantom_free(&p);
    }
    for (uint64_t seed = 0; seed < 400; seed++) {
        const struct vn_phantom_opt o = drawn(seed, 64, 64, 32);
        for (int i = 0; i < VN_LOOK_DARK; i++) {
            const struct vn_look_row *r = &vn_look_table[i];
            assert_true(o.look[i] == 0 || (o.look[i] >= r->lo * 0.999 && o.look[i] <= r->hi * 1.001));
            assert_true(!r->whole || o.look[i] == floor(o.look[i]));
            on[i] += o.look[i] != 0;
        }
    }
    /* Binomial: within 4.5 standard deviations of 400 p. */
    for (int i = 0; i < VN_LOOK_DARK; i++) {
        const double p = vn_look_table[i].p;
        assert_true(fabs(on[i] - 400 * p) <= 4.5 * sqrt(400 * p * (1 - p)) + 1e-9);
    }
}

static void random_same_on_any_threads(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 6; seed++) {
        struct vn_phantom_opt o = drawn(seed, 41, 53, 37);
        o.look[VN_LOOK_GRAIN] = 0.8;
        o.look[VN_LOOK_STRIPES] = o.look[VN_LOOK_JUMPS] = o.look[VN_LOOK_SEAMS] = 0.2;
        o.look[VN_LOOK_HAZE] = 0.3;
        o.look[VN_LOOK_BLOBS] = o.look[VN_LOOK_SHEETS] = 2;
        vn_job_set_threads(1);
        struct vn_phantom a = make(&o);
        vn_job_set_threads(4);
        struct vn_phantom b = make(&o);
        vn_job_set_threads(2);
        assert_memory_equal(vn_vol_data(a.image).data, vn_vol_data(b.image).data, 41 * 53 * 37 * vn_type_size(o.type));
        assert_memory_equal(vn_vol_data(a.mask).data, vn_vol_data(b.mask).data, 41 * 53 * 37);
        vn_phantom_free(&a);
        vn_phantom_free(&b);
    }
}

static void tiny_volumes(void **state)
{
    static const int64_t dim[][3] = { { 1, 1, 1 }, { 64, 64, 1 }, { 1, 2, 70 }, { 3, 3, 3 }, { 70, 40, 10 } };

    (void)state;
    for (size_t i = 0; i < VN_COUNT(dim); i++)
        for (uint64_t seed = 1; seed < 4; seed++) {
            const struct vn_phantom_opt o = drawn(seed, dim[i][0], dim[i][1], dim[i][2]);
            struct vn_phantom p = make(&o);
            vn_phantom_free(&p);
        }
}

/* Every allocation fails once: an error, nothing leaked (the address sanitizer looks). */
static void allocation_faults(void **state)
{
    struct vn_phantom_opt o = options(VN_PHANTOM_NETWORK, 32);
    struct vn_phantom p;
    struct vn_err err = { 0 };
    int rc = -1;

    (void)state;
    o.radius_max = 2;
    for (long n = 1; n < 2000 && rc; n += n < 100 ? 1 : 17) {
        vn_mem_fail_at(n);
        rc = vn_phantom_make(&o, &p, NULL, &err);
        vn_mem_fail_at(0);
        assert_true(rc == 0 || rc == VN_E_MEMORY);
    }
    assert_int_equal(rc, 0);
    vn_phantom_free(&p);
}

int main(void)
{
    const struct CMUnitTest t[] = {
        cmocka_unit_test(shapes_by_hand), cmocka_unit_test(topology_of_mask), cmocka_unit_test(same_on_any_threads),
        cmocka_unit_test(noise_level), cmocka_unit_test(injuries), cmocka_unit_test(refusals),
        cmocka_unit_test(random_ones), cmocka_unit_test(random_same_on_any_threads), cmocka_unit_test(tiny_volumes), cmocka_unit_test(allocation_faults),
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
