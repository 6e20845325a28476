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

/* ---- the look: f32, no noise, so that a grey value is 40 + 160 light ---- */

static float light(const struct vn_phantom *p, int64_t x, int64_t y, int64_t z)
{
    const struct vn_buf b = vn_vol_data(p->image);

    return (((const float *)b.data)[vn_buf_at(&b, x, y, z)] - 40) / 160;
}

static double sum_of_light(const struct vn_phantom *p)
{
    const struct vn_buf b = vn_vol_data(p->image);
    double s = 0;

    for (uint64_t i = 0; i < vn_box_count(&b.box); i++)
        s += (((const float *)b.data)[i] - 40) / 160;
    return s;
}

static const double *fact(const struct vn_phantom *p, const char *name, int n)
{
    for (int i = 0; i < p->facts.n; i++)
        if (!strcmp(p->facts.f[i].name, name)) {
            assert_int_equal(p->facts.f[i].n, n);
            return p->facts.f[i].v;
        }
    fail_msg("no %s", name);
    return NULL;
}

static struct vn_phantom_opt plain(enum vn_phantom_kind kind, int64_t n)
{
    struct vn_phantom_opt o = options(kind, n);

    o.type = VN_F32;
    o.gap[0] = 1;
    o.gap[1] = 8;
    return o;
}

#define EQUAL(got, want) near_by(got, want, 2e-6, __LINE__)
static void near_by(double got, double want, double by, int line)
{
    if (!(fabs(got - want) <= by))
        fail_msg("line %d: %.9g, want %.9g", line, got, want);
}

/* Patterns from what is printed about them, voxel by voxel. */
static void patterns_are_as_printed(void **state)
{
    struct vn_phantom_opt o = plain(VN_PHANTOM_EMPTY, 30);
    struct vn_phantom p;

    (void)state;
    o.look[VN_LOOK_CHECKERBOARD] = 5;
    o.look[VN_LOOK_CHECKER_BY] = 0.25;
    p = make(&o);
    const double *at = fact(&p, "checker_phase", 2);
    for (int x = 0; x < 30; x++)
        for (int y = 0; y < 30; y++) {
            const int odd = ((x + (int)at[0]) / 5 + (y + (int)at[1]) / 5) % 2;
            EQUAL(light(&p, x, y, (x + y) % 30), odd ? -0.25 : 0.25);
        }
    vn_phantom_free(&p);

    /* Gains act on the whole grey value: 40 (1 + g). */
    o = plain(VN_PHANTOM_EMPTY, 30);
    o.look[VN_LOOK_JUMPS] = 0.2;
    o.look[VN_LOOK_LOST] = 4;
    p = make(&o);
    const double *gain = fact(&p, "slice_gain", 30), *lost = fact(&p, "lost_slices", 4);
    double most = 0;
    for (int z = 0; z < 30; z++) {
        bool gone = false;
        for (int i = 0; i < 4; i++)
            gone |= lost[i] == z;
        EQUAL(light(&p, z, 3, z), gone ? -0.25 : 0.25 * (gain[z] - 1));
        most = fmax(most, fabs(gain[z] - 1));
    }
    assert_true(most <= 0.2 && most > 0.15);               /* 30 even draws: all below .15 once in 5000 */
    vn_phantom_free(&p);

    o = plain(VN_PHANTOM_EMPTY, 60);
    o.dim[2] = 3;
    o.look[VN_LOOK_STRIPES] = 0.5;
    o.look[VN_LOOK_STRIPE_PERIOD] = 6;
    p = make(&o);
    const double phase = fact(&p, "stripe_phase", 1)[0];
    float lowest = 0;
    for (int y = 0; y < 60; y++) {
        EQUAL(light(&p, 0, y, 0), light(&p, 59, y, 2));
        const double t = (y + phase) / 6 - floor((y + phase) / 6), g = 4 * light(&p, 5, y, 1);
        assert_true(g <= 1e-6 && g >= -0.5 * 4 * t * (1 - t) - 1e-6);
        lowest = fminf(lowest, (float)g);
    }
    assert_true(lowest < -0.3);
    vn_phantom_free(&p);

    o = plain(VN_PHANTOM_EMPTY, 60);
    o.dim[2] = 2;
    o.look[VN_LOOK_SEAMS] = 0.3;
    o.look[VN_LOOK_TILE] = 16;
    p = make(&o);
    at = fact(&p, "tile_phase", 2);
    for (int x = 1; x < 60; x++) {
        const bool seam = (x + (int)at[0]) / 16 != (x - 1 + (int)at[0]) / 16;
        assert_true(seam == (light(&p, x, 7, 0) != light(&p, x - 1, 7, 1)));
        assert_true(fabsf(light(&p, x, 7, 0)) <= 0.3 / 4 + 1e-6);
    }
    vn_phantom_free(&p);
}

static void light_and_depth(void **state)
{
    struct vn_phantom_opt o = plain(VN_PHANTOM_TUBE, 48);
    const double pi = 3.14159265358979;
    struct vn_phantom p;

    (void)state;
    o.direction[0] = 0;
    o.direction[2] = 1;
    o.look[VN_LOOK_DECAY] = 0.6;                            /* .4 in the last slice: .4^(z / 47) */
    p = make(&o);
    for (int z = 8; z < 40; z++)
        EQUAL(light(&p, 23, 24, z), pow(0.4, z / 47.0));
    vn_phantom_free(&p);

    o = plain(VN_PHANTOM_TUBE, 48);
    o.look[VN_LOOK_DARK] = 1;
    p = make(&o);
    EQUAL(light(&p, 20, 24, 24), 0);
    EQUAL(light(&p, 20, 5, 24), 1);
    vn_phantom_free(&p);

    /* The middle of radius 6 is dark, the wall bright, the mask as without. */
    o = plain(VN_PHANTOM_TUBE, 48);
    o.radius = 6;
    p = make(&o);
    const int64_t filled = count(p.mask);
    vn_phantom_free(&p);
    o.look[VN_LOOK_HOLLOW] = 1.5;
    o.look[VN_LOOK_LUMEN] = 0.125;
    p = make(&o);
    assert_int_equal(count(p.mask), filled);
    EQUAL(light(&p, 20, 24, 24), 0.125);
    EQUAL(light(&p, 20, 24, 27), 0.125);
    assert_true(light(&p, 20, 24, 28) < 0.6 && light(&p, 20, 24, 29) > 0.9);    /* 4.5 and 5.5 from the middle: the wall begins at 4.5 */
    vn_phantom_free(&p);

    /* A point spread moves light; a vessel gives that of its volume, be it thinner than a voxel. */
    for (int i = 0; i < 3; i++) {
        const double r = (double[]){ 0.4, 1.0, 3.0 }[i];
        o = plain(VN_PHANTOM_TUBE, 48);
        o.radius = r;
        o.direction[1] = 0.7;
        o.direction[2] = 0.2;
        o.look[VN_LOOK_PSF] = 0.9;
        o.look[VN_LOOK_PSF_Z] = 1.5;
        if (i == 1)
            o.um[2] = 3;
        p = make(&o);
        near(sum_of_light(&p) * o.um[2], pi * r * r * total_length(p.graph) + 4.0 / 3 * pi * r * r * r, 0.03);
        vn_phantom_free(&p);
    }
}

/* What makes vessels differ, on one tube along x; the gain of the shade on it; offsets of lines. */
static void brightness(void **state)
{
    (void)state;
    float least = 1, most = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct vn_phantom_opt o = plain(VN_PHANTOM_TUBE, 48);
        o.seed = seed;
        o.look[VN_LOOK_VARY] = 1;
        struct vn_phantom p = make(&o);
        const float v = light(&p, 10, 24, 24);
        assert_true(v >= 0.1 - 1e-6 && v <= 1);
        least = fminf(least, v);
        most = fmaxf(most, v);
        for (int x = 8; x < 40; x++)
            EQUAL(light(&p, x, 24, 24), v);
        vn_phantom_free(&p);
    }
    assert_true(least < 0.25 && most > 0.5);                /* 20 even draws of the exponent: neither tail empty but for .6^20, .7^20 */
    struct vn_phantom_opt o = plain(VN_PHANTOM_TUBE, 200);
    o.dim[1] = o.dim[2] = 16;
    o.look[VN_LOOK_ALONG] = 0.5;
    struct vn_phantom p = make(&o);
    for (int x = 8, i = 0; x < 192; x++, i++) {
        const float v = light(&p, x, 8, 8);
        assert_true(v >= 0.5 - 1e-6 && v <= 1 + 1e-6);
        least = i ? fminf(least, v) : v;
        most = i ? fmaxf(most, v) : v;
    }
    assert_true(most - least > 0.15);
    vn_phantom_free(&p);
    o.look[VN_LOOK_ALONG] = 0;
    o.look[VN_LOOK_SHADE] = 0.6;
    p = make(&o);
    for (int x = 8, i = 0; x < 192; x++, i++) {
        const float v = light(&p, x, 8, 8);
        assert_true(v >= 0.4 - 1e-6 && v <= 1 + 1e-6);
        EQUAL(light(&p, x, 0, 0), 0);                       /* a gain of light only */
        least = i ? fminf(least, v) : v;
        most = i ? fmaxf(most, v) : v;
    }
    assert_true(most - least > 0.02);
    vn_phantom_free(&p);

    o = plain(VN_PHANTOM_EMPTY, 64);
    o.look[VN_LOOK_LINES] = 0.1;
    double ss = 0;
    p = make(&o);
    for (int i = 0; i < 64 * 64; i++) {
        const float v = light(&p, 0, i % 64, i / 64);
        EQUAL(light(&p, 63, i % 64, i / 64), v);
        ss += v * v;
    }
    near(sqrt(ss / (64 * 64)), 0.1, 0.045);                 /* 4 sd of it */
    vn_phantom_free(&p);
}

/* level= and contrast= are grey values of the image in every type; each alone too. */
static void grey_values(void **state)
{
    (void)state;
    for (int t = 0; t < 2; t++)
        for (int which = 0; which < 4; which++) {
            struct vn_phantom_opt o = options(VN_PHANTOM_TUBE, 32);
            o.type = t ? VN_U16 : VN_U8;
            o.look[VN_LOOK_LEVEL] = which & 1 ? 17 : 0;
            o.look[VN_LOOK_CONTRAST] = which & 2 ? 101 : 0;
            struct vn_phantom p = make(&o);
            const void *v = vn_vol_data(p.image).data;
            const int in = (16 * 32 + 16) * 32 + 16, out = (3 * 32 + 3) * 32 + 16, times = t ? 10 : 1;
            const int level = which & 1 ? 17 : 40 * times, contrast = which & 2 ? 101 : 160 * times;
            assert_int_equal(t ? ((const uint16_t *)v)[out] : ((const uint8_t *)v)[out], level);
            assert_int_equal(t ? ((const uint16_t *)v)[in] : ((const uint8_t *)v)[in], level + contrast);
            vn_phantom_free(&p);
        }
}

static void additions(void **state)
{
    struct vn_phantom_opt o = plain(VN_PHANTOM_EMPTY, 40);
    struct vn_phantom p;
    float lo = 9, hi = -9;

    (void)state;
    o.look[VN_LOOK_HAZE] = 0.7;
    for (o.seed = 1; o.seed < 4; o.seed++) {
        p = make(&o);
        for (int i = 0; i < p.facts.n; i++)
            for (int k = 0; k + 3 <= p.facts.f[i].n; k += 3) {
                const double *c = p.facts.f[i].v + k;       /* within half a voxel of a middle, radius 10 or more */
                assert_true(light(&p, (int64_t)c[0], (int64_t)c[1], (int64_t)c[2]) > 0.7 * 0.98);
            }
        vn_phantom_free(&p);
    }
    o.look[VN_LOOK_HAZE] = 0;
    o.look[VN_LOOK_UNEVEN] = 0.5;
    p = make(&o);
    for (int i = 0; i < 40; i++)
        for (int k = 0; k < 40; k++) {
            const float v = light(&p, i, k, (7 * i) % 40);
            lo = fminf(lo, v);
            hi = fmaxf(hi, v);
            if (i)
                assert_true(fabsf(v - light(&p, i - 1, k, (7 * i) % 40)) < 0.5 * 2 * 3 / 40.0);   /* slope of the spline: 2 a cell at most */
        }
    assert_true(lo >= 0 && hi <= 0.5 && hi - lo > 0.05);
    vn_phantom_free(&p);

    o.look[VN_LOOK_UNEVEN] = 0;
    o.look[VN_LOOK_BLOBS] = 5;
    o.look[VN_LOOK_GLARE] = 3;
    p = make(&o);
    const double *b = fact(&p, "blobs_at", 25);
    for (int i = 0; i < 5; i++) {
        const float v = light(&p, (int64_t)b[5 * i], (int64_t)b[5 * i + 1], (int64_t)b[5 * i + 2]);
        assert_true(b[5 * i + 4] >= 0.6 && b[5 * i + 4] <= 3 && v <= 3.00001f);
        if (b[5 * i + 3] > 2.5)
            assert_true(v >= b[5 * i + 4] - 1e-5);
    }
    assert_int_equal(count(p.mask), 0);
    vn_phantom_free(&p);

    o.look[VN_LOOK_BLOBS] = 0;
    o.look[VN_LOOK_SHEETS] = 1;
    o.look[VN_LOOK_GLARE] = 2;
    p = make(&o);
    int bright = 0;
    for (int i = 0; i < 40 * 40 * 40; i++) {
        const float v = light(&p, i % 40, i / 40 % 40, i / 1600);
        assert_true(v >= -1e-6f && v <= 2.00001f);
        bright += v > 1;
    }
    assert_in_range(bright, 40 * 40 / 2, 40 * 40 * 4);      /* a surface across the volume, 1 to 3 voxels thick */
    assert_int_equal(count(p.mask), 0);
    vn_phantom_free(&p);
}

/* Noise that a Gaussian of sigma 1 has blurred: sd as asked; correlation of neighbours exp(-1/4), as its continuous kernel's. */
static void shared_noise(void **state)
{
    struct vn_phantom_opt o = plain(VN_PHANTOM_EMPTY, 64);
    struct vn_phantom p;
    double s = 0, ss = 0, sn = 0;
    const int n = 63 * 64 * 64;

    (void)state;
    o.look[VN_LOOK_NOISE] = 0.25;
    o.look[VN_LOOK_GRAIN] = 1;
    p = make(&o);
    for (int z = 0; z < 64; z++)
        for (int y = 0; y < 64; y++)
            for (int x = 0; x < 63; x++) {
                const double v = light(&p, x, y, z), w = light(&p, x + 1, y, z);
                s += v;
                ss += v * v;
                sn += v * w;
            }
    near_by(s / n, 0, 0.01, __LINE__);
    near(sqrt(ss / n), 0.25, 0.03);
    near_by(sn / ss, exp(-0.25), 0.01, __LINE__);
    vn_phantom_free(&p);

    /* Light 0.25 (the level): sd 0.4 sqrt(0.25). */
    o.look[VN_LOOK_NOISE] = o.look[VN_LOOK_GRAIN] = 0;
    o.look[VN_LOOK_SHOT] = 0.4;
    p = make(&o);
    ss = 0;
    for (int i = 0; i < 64 * 64 * 64; i++)
        ss += light(&p, i % 64, i / 64 % 64, i / 4096) * light(&p, i % 64, i / 64 % 64, i / 4096);
    near(sqrt(ss / (64 * 64 * 64)), 0.2, 0.02);
    vn_phantom_free(&p);
}

/* One break in a straight tube along x: what is missing on its axis is as long as the table says, at that place. */
static void breaks_by_hand(void **state)
{
    double off = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 32; seed++) {
        struct vn_phantom_opt o = plain(VN_PHANTOM_TUBE, 64);
        const int gap = 1 + (int)seed % 8;
        double missing = 0, moment = 0;
        o.radius = 2;
        o.um[0] = 2;                                        /* voxels along the tube are 2 um */
        o.seed = seed;
        o.look[VN_LOOK_BREAKS] = 1;
        o.gap[0] = o.gap[1] = gap;
        struct vn_phantom p = make(&o);
        assert_int_equal(p.n_break, 1);
        const struct vn_break *b = &p.breaks[0];
        for (int x = 4; x < 60; x++) {
            missing += 1 - light(&p, x, 31, 31);
            moment += (1 - light(&p, x, 31, 31)) * (x + 0.5) * 2;
        }
        near_by(b->voxels, gap, 0.5, __LINE__);            /* made of whole steps of the curve */
        near_by(b->um, 2 * b->voxels, 1e-9, __LINE__);
        near_by(missing, b->voxels, 1, __LINE__);          /* voxels' centres in a stretch: its length but for one */
        near_by(moment / missing, b->p[0], 1, __LINE__);
        off += (missing - b->voxels) / 32;
        near_by(b->p[1], 32, 1e-6, __LINE__);
        near_by(fabs(b->tangent[0]), 1, 1e-9, __LINE__);
        near_by(b->r, 2, 1e-9, __LINE__);
        o.look[VN_LOOK_BREAKS] = 0;
        struct vn_phantom whole = make(&o);
        assert_int_equal(count(p.mask), count(whole.mask));
        assert_true(vn_key_same(vn_graph_key(p.graph), vn_graph_key(whole.graph)));
        vn_phantom_free(&whole);
        vn_phantom_free(&p);
    }
    near_by(off, 0, 0.2, __LINE__);                        /* of 32 that are off by an even draw of +- 0.5 at most: 4 sd */
}

/* Breaks in a network: dark in the middle, apart from each other and from the nodes. */
static void breaks_in_a_network(void **state)
{
    struct vn_phantom_opt o = plain(VN_PHANTOM_NETWORK, 96);

    (void)state;
    o.look[VN_LOOK_BREAKS] = 30;
    o.look[VN_LOOK_PARALLEL] = 3;
    struct vn_phantom p = make(&o);
    assert_true(p.n_break > 10);
    for (int i = 0; i < p.n_break; i++) {
        const struct vn_break *b = &p.breaks[i];
        assert_true(b->voxels > 0.5 && b->voxels < 9);
        if (b->voxels > 2)
            assert_true(light(&p, (int64_t)b->p[0], (int64_t)b->p[1], (int64_t)b->p[2]) < 0.5);
        for (int k = 0; k < i; k++) {
            double d = 0;
            for (int c = 0; c < 3; c++)
                d += (b->p[c] - p.breaks[k].p[c]) * (b->p[c] - p.breaks[k].p[c]);
            assert_true(sqrt(d) > 2);
        }
        for (int32_t k = 0; k < p.graph->n_node; k++) {
            double d = 0;
            for (int c = 0; c < 3; c++)
                d += (b->p[c] - p.graph->node[k].p[c]) * (b->p[c] - p.graph->node[k].p[c]);
            assert_true(sqrt(d) > 0.45 * b->um + 1);
        }
    }
    vn_phantom_free(&p);
}

/* Vessels 1.25 voxel diagonals apart stay two; radii from 1 to 12 voxels side by side; the mask has the graph's topology. */
static void near_neighbours_and_all_radii(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 8; seed++) {
        struct vn_phantom_opt o = options(VN_PHANTOM_NETWORK, 96);
        o.seed = seed;
        o.look[VN_LOOK_PARALLEL] = 5;
        o.look[VN_LOOK_TORTUOSITY] = seed & 2 ? 0.8 : 0;
        if (seed & 1)
            o.radius_min = 1.1, o.radius_max = 12, o.curves = 60;
        struct vn_phantom p = make(&o);
        const struct betti b = betti(vn_vol_data(p.mask).data, 96, 96, 96);
        assert_true(p.look[VN_LOOK_PARALLEL] > 0);
        assert_int_equal(b.b0, p.graph->n_component);
        assert_int_equal(b.b1, vn_graph_loops(p.graph));
        assert_int_equal(b.b2, 0);
        vn_phantom_free(&p);
    }
}

/* Vessels of 1 um in slices of 4 um: what passes a slice is in its mask, so that none is lost between two middle planes. */
static void slices_that_vessels_touch(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 6; seed++) {
        struct vn_phantom_opt o = options(VN_PHANTOM_NETWORK, 120);
        o.dim[2] = 32;
        o.um[2] = 4;
        o.seed = seed;
        o.touched = true;
        o.radius_min = 1;
        o.radius_max = 3;
        struct vn_phantom p = make(&o);
        const struct betti b = betti(vn_vol_data(p.mask).data, 120, 120, 32);
        assert_int_equal(b.b0, p.graph->n_component);
        assert_int_equal(b.b1, vn_graph_loops(p.graph));
        assert_int_equal(b.b2, 0);
        assert_true(p.graph->n_segment > 8);
        vn_phantom_free(&p);
    }
    /* A tube along x of radius 1 about z = 16, between slices 3 and 4: in neither middle plane (14 and 18), in both slices. */
    struct vn_phantom_opt o = options(VN_PHANTOM_TUBE, 32);
    o.dim[2] = 8;
    o.um[2] = 4;
    o.radius = 1;
    struct vn_phantom p = make(&o);
    assert_int_equal(count(p.mask), 0);
    vn_phantom_free(&p);
    o.touched = true;
    p = make(&o);
    const uint8_t *m = vn_vol_data(p.mask).data;
    for (int z = 0; z < 8; z++)
        assert_int_equal(m[(z * 32 + 16) * 32 + 16], z == 3 || z == 4);
    vn_phantom_free(&p);
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
        assert_int_equal(p.voxels, n);
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

/* How far inside the nearest stretch of the graph's curves p lies. */
static double inside(const struct vn_graph *g, const double p[3])
{
    double best = -1e9;

    for (int32_t i = 0; i < g->n_segment; i++)
        for (int64_t k = g->segment[i].first; k + 1 < g->segment[i].first + g->segment[i].n; k++) {
            const struct vn_point *a = &g->point[k], *b = a + 1;
            double dd = 0, ed = 0, q = 0;
            for (int c = 0; c < 3; c++) {
                const double d = b->p[c] - a->p[c];
                dd += d * d;
                ed += (p[c] - a->p[c]) * d;
            }
            const double t = dd > 0 ? fmin(1, fmax(0, ed / dd)) : 0;
            for (int c = 0; c < 3; c++) {
                const double e = p[c] - a->p[c] - t * (b->p[c] - a->p[c]);
                q += e * e;
            }
            best = fmax(best, a->radius + t * (b->radius - a->radius) - sqrt(q));
        }
    return best;
}

/* Mask against graph, each third voxel measured anew: inside the curves, or in the blend of a crotch.
 * Winding curves; and a volume whose vessels run out of it, away from the faces. */
static void mask_is_the_graph(void **state)
{
    (void)state;
    for (int cropped = 0; cropped < 2; cropped++) {
        struct vn_phantom_opt o = options(VN_PHANTOM_NETWORK, 44);
        const int far = cropped ? 12 : 0;
        int64_t n = 0;
        o.look[VN_LOOK_TORTUOSITY] = 0.5;
        o.look[VN_LOOK_PSF] = 1;
        o.look[VN_LOOK_DENSITY] = cropped ? 0.05 : 0;
        o.cropped = cropped;
        o.curves = cropped ? 0 : 12;
        struct vn_phantom p = make(&o);
        const uint8_t *m = vn_vol_data(p.mask).data;
        for (int i = 0; i < 44 * 44 * 44; i += 3) {
            const int x = i % 44, y = i / 44 % 44, z = i / 44 / 44;
            if (x < far || y < far || z < far || x >= 44 - far || y >= 44 - far || z >= 44 - far)
                continue;
            const double at[3] = { x + 0.5, y + 0.5, z + 0.5 }, in = inside(p.graph, at);
            if (fabs(in) < 1e-4)
                continue;                                   /* the graph's points are floats */
            assert_true(m[i] || in < 0);
            n += m[i];
            if (!m[i] || in > 0)
                continue;
            bool at_node = false;
            for (int32_t k = 0; k < p.graph->n_node && !at_node; k++) {
                const struct vn_node *v = &p.graph->node[k];
                const double d[3] = { at[0] - v->p[0], at[1] - v->p[1], at[2] - v->p[2] };
                at_node = v->degree > 2 && sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]) < 2 * v->radius + 2.6;
            }
            assert_true(at_node && in > -0.66 * 2);         /* two curves blend by a quarter of the fillet, 0.65 */
        }
        assert_true(n > 200);
        vn_phantom_free(&p);
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
    (void)state;
    for (int all = 0; all < 2; all++) {
        struct vn_phantom_opt o = all ? drawn(3, 20, 16, 12) : options(VN_PHANTOM_NETWORK, 32);
        struct vn_phantom p;
        struct vn_err err = { 0 };
        int rc = -1;
        if (all)
            for (int i = 0; i < VN_LOOK_DARK; i++)
                o.look[i] = vn_look_table[i].lo;
        else
            o.radius_max = 2;
        for (long n = 1; n < 4000 && rc; n += n < 150 ? 1 : 17) {
            vn_mem_fail_at(n);
            rc = vn_phantom_make(&o, &p, NULL, &err);
            vn_mem_fail_at(0);
            assert_true(rc == 0 || rc == VN_E_MEMORY);
        }
        assert_int_equal(rc, 0);
        vn_phantom_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest t[] = {
        cmocka_unit_test(shapes_by_hand), cmocka_unit_test(topology_of_mask), cmocka_unit_test(same_on_any_threads),
        cmocka_unit_test(noise_level), cmocka_unit_test(injuries), cmocka_unit_test(refusals),
        cmocka_unit_test(patterns_are_as_printed), cmocka_unit_test(light_and_depth), cmocka_unit_test(additions), cmocka_unit_test(grey_values),
        cmocka_unit_test(brightness),
        cmocka_unit_test(shared_noise), cmocka_unit_test(breaks_by_hand), cmocka_unit_test(breaks_in_a_network),
        cmocka_unit_test(near_neighbours_and_all_radii), cmocka_unit_test(slices_that_vessels_touch),
        cmocka_unit_test(random_ones), cmocka_unit_test(mask_is_the_graph),
        cmocka_unit_test(random_same_on_any_threads), cmocka_unit_test(tiny_volumes), cmocka_unit_test(allocation_faults),
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
