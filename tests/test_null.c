/* 200 cohorts of brains without injury, each brain the exact graph of its own made-up network: how often two groups that do
 * not differ are called different.  The whole way from curves to p, but for the voxels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "compare.h"
#include "measure.h"
#include "mem.h"
#include "network.h"

enum { COHORTS = 200, BRAINS = 12, MEASURES = 5 };
static const char *const measures[MEASURES] = { "length density", "branch density", "mean radius", "volume fraction", "tortuosity" };

/* Boxes of 100 um, vessels of 1.2 to 5 um: small brains, so that they differ from each other. */
static void measure_brain(uint64_t seed, double v[MEASURES])
{
    struct vn_err err;
    const struct vn_net_opt opt = { .size = { 100, 100, 100 }, .um = { 1, 1, 1 }, .radius_min = 1.2, .radius_max = 5, .curves = 24, .loops = 0.4,
                                    .seed = seed };
    const struct vn_grid grid = { { 100, 100, 100 }, { 1, 1, 1 }, { { 0, 0 } } };
    struct vn_network w = { 0 };
    struct vn_measures m;
    struct vn_graph *g;

    assert_int_equal(vn_network_grow(&w, &opt, NULL, &err), 0);
    assert_int_equal(vn_network_graph(&w, &grid, &g, &err), 0);
    assert_int_equal(vn_measure(&(struct vn_measure_in) { g, NULL, NULL }, &m, NULL, &err), 0);
    v[0] = m.all.length_density_m_per_mm3;
    v[1] = m.all.branch_density_per_mm3;
    v[2] = m.all.mean_radius_um;
    v[3] = m.all.volume_fraction;
    v[4] = m.all.mean_tortuosity;
    vn_measures_free(&m);
    vn_graph_unref(g);
    vn_network_free(&w);
}

/* With no difference the number of p < .05 among 200 is binomial; its central 99 % are 3 to 19 (scipy.stats.binom). Exact
 * tests on 6 against 6 can only reach .0498 (permutation) and .0411 (Mann-Whitney). */
static void null_cohorts_differ_one_time_in_twenty(void **state)
{
    static double v[BRAINS][MEASURES];
    int hits[MEASURES][3] = { 0 };
    (void)state;

    for (uint64_t seed = 0; seed < COHORTS; seed++) {
        for (uint64_t i = 0; i < BRAINS; i++)
            measure_brain(1000 + seed * BRAINS + i, v[i]);
        for (int k = 0; k < MEASURES; k++) {
            struct vn_compared c;
            struct vn_err err;
            double x[BRAINS];
            for (int i = 0; i < BRAINS; i++)
                x[i] = v[i][k];
            assert_int_equal(vn_compare(x, 6, 6, seed, (uint64_t)k, &c, NULL, &err), 0);
            hits[k][0] += c.perm.p < 0.05;
            hits[k][1] += c.p_welch < 0.05;
            hits[k][2] += c.p_mannwhitney < 0.05;
        }
    }
    for (int k = 0; k < MEASURES; k++) {
        printf("%-16s p < .05 in %d (permutation), %d (Welch), %d (Mann-Whitney) of %d\n", measures[k], hits[k][0], hits[k][1], hits[k][2], COHORTS);
        for (int t = 0; t < 3; t++)
            assert_in_range(hits[k][t], 3, 19);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(null_cohorts_differ_one_time_in_twenty) };
    struct vn_err err;
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    const int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
