/* Centrelines: lengths of digitised lines and helices in random directions; and the whole way from the exact mask of a
 * phantom (thinning, distances, graph) back to the truth of its curves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include "edt.h"
#include "mem.h"
#include "phantom.h"
#include "skelgraph.h"
#include "smooth.h"
#include "thin.h"
#include "vox.h"

static double uniform(uint64_t seed, uint64_t i)
{
    uint32_t r[4];

    vn_random(seed, 20, i, r);
    return r[0] / 4294967296.0;
}

static double len(const double (*p)[3], int64_t n)
{
    double s = 0;

    for (int64_t i = 1; i < n; i++)
        s += sqrt((p[i][0] - p[i - 1][0]) * (p[i][0] - p[i - 1][0]) + (p[i][1] - p[i - 1][1]) * (p[i][1] - p[i - 1][1]) +
                  (p[i][2] - p[i - 1][2]) * (p[i][2] - p[i - 1][2]));
    return s;
}

/* Appends the voxel of x to a 26-connected chain without corners. */
static int64_t digitise(double (*v)[3], int64_t n, const double x[3], const double um[3])
{
    double q[3], far = 0, back = 0;

    for (int k = 0; k < 3; k++) {
        q[k] = (floor(x[k] / um[k]) + 0.5) * um[k];
        far = fmax(far, n ? fabs(q[k] - v[n - 1][k]) : 1);
        back = fmax(back, n > 1 ? fabs(q[k] - v[n - 2][k]) / um[k] : 9);
    }
    if (far == 0)
        return n;
    if (back < 1.5)
        n--;
    for (int k = 0; k < 3; k++)
        v[n][k] = q[k];
    return n + 1;
}

/* Relative error of the smoothed length of a digitised line (radius 0) or of two turns of a helix, random direction and place. */
static double length_error(uint64_t seed, const double um[3], double radius)
{
    static double v[20000][3], c[8001][3];
    static const bool hold[2] = { true, true };
    const double wide = fmax(um[0], fmax(um[1], um[2])), rise = radius * (1 + 3 * uniform(seed, 3)) / 6.2831853, total = radius > 0 ? 12.566370614 : 60 * wide;
    double d[3], e[3], f[3], norm, (*out)[3], *at;
    int64_t n = 0, m;
    struct vn_err err;

    for (uint64_t i = 4;; i += 3) {
        for (int k = 0; k < 3; k++)
            d[k] = 2 * uniform(seed, i + (uint64_t)k) - 1;
        norm = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
        if (norm > 0.1 && norm < 1)
            break;
    }
    for (int k = 0; k < 3; k++)
        d[k] /= norm;
    const double a[3] = { fabs(d[0]) < 0.6, fabs(d[0]) >= 0.6, 0 };
    for (int k = 0; k < 3; k++)
        e[k] = d[(k + 1) % 3] * a[(k + 2) % 3] - d[(k + 2) % 3] * a[(k + 1) % 3];
    norm = sqrt(e[0] * e[0] + e[1] * e[1] + e[2] * e[2]);
    for (int k = 0; k < 3; k++)
        e[k] /= norm;
    for (int k = 0; k < 3; k++)
        f[k] = d[(k + 1) % 3] * e[(k + 2) % 3] - d[(k + 2) % 3] * e[(k + 1) % 3];
    for (int i = 0; i <= 8000; i++) {
        const double t = total * i / 8000;
        for (int k = 0; k < 3; k++)
            c[i][k] = 300 * wide + um[k] * uniform(seed, (uint64_t)k) + (radius > 0 ? radius * (cos(t) * e[k] + sin(t) * f[k]) + rise * t * d[k] : t * d[k]);
        n = digitise(v, n, c[i], um);
    }
    assert_int_equal(vn_smooth((const double (*)[3])v, n, um, hold, fmin(um[0], fmin(um[1], um[2])), &out, &at, &m, &err), 0);
    const double got = len((const double (*)[3])out, m), want = len((const double (*)[3])c, 8001);
    vn_free(out);
    vn_free(at);
    return got / want - 1;
}

static void digitised_curves(void **state)
{
    static const double um[4][3] = { { 1, 1, 1 }, { 1, 1, 2.5 }, { 1, 1, 5 }, { 0.35, 0.35, 1 } };

    (void)state;
    for (int i = 0; i < 4; i++) {
        double line = 0, helix = 0;
        for (uint64_t s = 0; s < 60; s++) {
            line += length_error(s, um[i], 0) / 60;
            helix += length_error(s, um[i], um[i][2] * (5 + 5 * uniform(s, 99))) / 60;
        }
        /* a single line is off by up to half a voxel at each end; the mean is the bias */
        if (fabs(line) > 0.01 || fabs(helix) > 0.01)
            fail_msg("voxel %g x %g x %g: lines %+.2f %%, helices %+.2f %%", um[i][0], um[i][1], um[i][2], 100 * line, 100 * helix);
    }
}

struct sums { double length, moment; int branch; };

static struct sums sum(const struct vn_graph *g)
{
    struct sums s = { 0, 0, 0 };

    for (int32_t i = 0; i < g->n_segment; i++) {
        s.length += g->segment[i].length;
        s.moment += g->segment[i].length * g->segment[i].radius;
    }
    for (int32_t i = 0; i < g->n_node; i++)
        s.branch += g->node[i].degree > 2;
    return s;
}

static struct vn_graph *chain(const struct vn_phantom *p)
{
    const struct vn_skelgraph_opt o = { 1.5, 0 };
    const struct vn_buf m = vn_vol_data(p->mask);
    struct vn_skelgraph_info info;
    struct vn_buf skel, dist;
    struct vn_graph *g = NULL;
    struct vn_err err;

    assert_int_equal(vn_buf_new(&skel, VN_U8, &m.box, &err), 0);
    assert_int_equal(vn_buf_new(&dist, VN_F32, &m.box, &err), 0);
    assert_int_equal(vn_thin(&m, p->mask->grid.um, &skel, NULL, &err), 0);
    assert_int_equal(vn_edt(&m, p->mask->grid.um, VN_EDT_OPEN, &dist, NULL, &err), 0);
    assert_int_equal(vn_skelgraph(&skel, &dist, &p->mask->grid, &o, &g, &info, NULL, &err), 0);
    vn_buf_free(&skel);
    vn_buf_free(&dist);
    return g;
}

static void networks(bool flat)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct vn_phantom_opt o = { .kind = VN_PHANTOM_NETWORK, .dim = { 80, 80, 80 }, .um = { 1, 1, 1 }, .type = VN_U8, .seed = seed,
                                    .radius_min = 2, .radius_max = 5, .loops = 0.4 };
        struct vn_phantom p;
        struct vn_err err;
        if (flat)
            o.um[2] = 2.5, o.dim[0] = o.dim[1] = 96, o.dim[2] = 48, o.curves = 12;
        assert_int_equal(vn_phantom_make(&o, &p, NULL, &err), 0);
        struct vn_graph *g = chain(&p);
        const struct sums a = sum(p.graph), b = sum(g);
        assert_int_equal(g->n_component, p.graph->n_component);
        assert_int_equal(vn_graph_loops(g), vn_graph_loops(p.graph));
        const double dl = b.length / a.length - 1, dr = b.moment / b.length / (a.moment / a.length) - 1;
        if (fabs(dl) > 0.02 || fabs(dr) > 0.05 || abs(a.branch - b.branch) > 0.03 * a.branch)
            fail_msg("seed %d: length %+.2f %%, radius %+.2f %%, %d of %d branch points", (int)seed, 100 * dl, 100 * dr, b.branch, a.branch);
        vn_graph_unref(g);
        vn_phantom_free(&p);
    }
}

static void networks_cubic_voxels(void **state) { (void)state; networks(false); }
static void networks_flat_voxels(void **state) { (void)state; networks(true); }

/* Straight tubes in random directions: length with its open ends, radius. */
static void tubes(void **state)
{
    (void)state;
    for (int r = 2; r <= 4; r++) {
        double dl = 0, dr = 0;
        for (uint64_t seed = 0; seed < 12; seed++) {
            struct vn_phantom_opt o = { .kind = VN_PHANTOM_TUBE, .dim = { 48, 48, 48 }, .um = { 1, 1, 1 }, .type = VN_U8, .radius = r };
            struct vn_phantom p;
            struct vn_err err;
            for (int k = 0; k < 3; k++)
                o.direction[k] = 2 * uniform(seed, 50 + (uint64_t)k) - 1;
            assert_int_equal(vn_phantom_make(&o, &p, NULL, &err), 0);
            struct vn_graph *g = chain(&p);
            const struct sums a = sum(p.graph), b = sum(g);
            assert_int_equal(g->n_segment, 1);
            assert_true(fabs(b.length - a.length) < 2.0);
            dl += (b.length / a.length - 1) / 12;
            dr += (b.moment / b.length / r - 1) / 12;
            vn_graph_unref(g);
            vn_phantom_free(&p);
        }
        if (fabs(dl) > 0.02 || fabs(dr) > 0.03)
            fail_msg("radius %d: length %+.2f %%, radius %+.2f %%", r, 100 * dl, 100 * dr);
    }
}

int main(void)
{
    const struct CMUnitTest t[] = {
        cmocka_unit_test(digitised_curves), cmocka_unit_test(networks_cubic_voxels), cmocka_unit_test(networks_flat_voxels), cmocka_unit_test(tubes),
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
