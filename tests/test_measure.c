/* Morphometry: a cross of straight vessels and a ring, every number by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>
#include "measure.h"
#include "mem.h"

#define PI 3.14159265358979324

static void set_line(struct vn_graph *g, int32_t seg, int32_t a, int32_t b, int64_t first, int32_t n, float r)
{
    g->segment[seg].a = a;
    g->segment[seg].b = b;
    g->segment[seg].first = first;
    g->segment[seg].n = n;
    for (int32_t i = 0; i < n; i++) {
        for (int k = 0; k < 3; k++)
            g->point[first + i].p[k] = (float)(g->node[a].p[k] + (g->node[b].p[k] - g->node[a].p[k]) * i / (n - 1));
        g->point[first + i].radius = r;
    }
}

/* In 100 x 100 x 50 um (voxels 1 x 1 x 2): a T in the plane z = 25 with its middle at x = 50: arms 40 um to both sides
 * (radius 2) and 30 um up (radius 1); and a ring of radius 10 um, radius 3. */
static struct vn_graph *make(void)
{
    static const double p[5][3] = { { 50, 50, 25 }, { 10, 50, 25 }, { 90, 50, 25 }, { 50, 80, 25 }, { 90, 20, 25 } };
    struct vn_err err;
    struct vn_graph *g = vn_graph_new(5, 4, 41 + 41 + 31 + 401, &err);

    assert_non_null(g);
    g->unit_um = true;
    g->grid = (struct vn_grid){ .dim = { 100, 100, 25 }, .um = { 1, 1, 2 } };
    g->box = (struct vn_box){ { 0, 0, 0 }, { 100, 100, 25 } };
    for (int i = 0; i < 5; i++) {
        memcpy(g->node[i].p, p[i], sizeof p[i]);
        g->node[i].radius = 2;
    }
    set_line(g, 0, 0, 1, 0, 41, 2);
    set_line(g, 1, 2, 0, 41, 41, 2);
    set_line(g, 2, 0, 3, 82, 31, 1);
    g->segment[3] = (struct vn_segment){ .a = 4, .b = 4, .first = 113, .n = 401 };
    for (int i = 0; i <= 400; i++) {
        struct vn_point *q = &g->point[113 + i];
        q->p[0] = (float)(80 + 10 * cos(2 * PI * i / 400));
        q->p[1] = (float)(20 + 10 * sin(2 * PI * i / 400));
        q->p[2] = 25;
        q->radius = 3;
    }
    assert_int_equal(vn_graph_finish(g, &err), 0);
    return g;
}

static void near(double got, double want, double rel)
{
    if (!(fabs(got - want) <= rel * fabs(want)))
        fail_msg("%.9g, want %.9g", got, want);
}

static void totals_by_hand(void **state)
{
    struct vn_graph *g = make();
    struct vn_measures m;
    struct vn_err err;
    const double ring = 20 * PI, length = 110 + ring, volume = 100 * 100 * 50;

    (void)state;
    assert_int_equal(vn_measure(&(struct vn_measure_in){ .graph = g }, &m, NULL, &err), 0);
    assert_int_equal(m.n_region, 0);
    near(m.all.total_length_um, length, 1e-4);
    assert_int_equal(m.all.segments, 4);
    assert_int_equal(m.all.branch_points, 1);
    assert_int_equal(m.all.end_points, 3);
    assert_int_equal(m.all.high_degree, 0);
    assert_true(m.all.loops == 1 && m.all.components == 2);
    near(m.all.mean_radius_um, (80 * 2 + 30 + 3 * ring) / length, 1e-4);
    near(m.all.mean_tortuosity, 1, 1e-6);                   /* the ring has none */
    near(m.all.vessel_volume_um3, PI * (80 * 4 + 30 + 9 * ring), 1e-4);
    near(m.all.volume_fraction, PI * (80 * 4 + 30 + 9 * ring) / volume, 1e-4);
    near(m.all.length_density_m_per_mm3, 1000 * length / volume, 1e-4);
    near(m.all.branch_density_per_mm3, 1e9 / volume, 1e-9);
    near(m.all.mean_branch_angle_deg, (180 + 90 + 90) / 3.0, 1e-4);
    near(m.all.mean_segment_length_um, length / 4, 1e-4);
    near(m.all.median_segment_length_um, 40, 1e-4);
    near(m.all.median_radius_um, 2, 1e-6);                  /* by length: 30 of 1, 80 of 2, 62.8 of 3 */
    near(m.all.surface_um2 / (2 * PI * m.all.total_length_um), m.all.mean_radius_um, 1e-9);   /* identity */
    vn_measures_free(&m);
    vn_graph_unref(g);
}

static struct vn_vol *volume(enum vn_kind kind, enum vn_type type, uint32_t (*f)(int64_t x, int64_t y))
{
    const struct vn_grid grid = { .dim = { 100, 100, 25 }, .um = { 1, 1, 2 } };
    const struct vn_box box = { { 0, 0, 0 }, { 100, 100, 25 } };
    struct vn_err err;
    struct vn_vol *v = vn_vol_new(kind, type, &grid, &box, &err);
    const struct vn_buf b = vn_vol_data(v);

    for (int64_t z = 0; z < 25; z++)
        for (int64_t y = 0; y < 100; y++)
            for (int64_t x = 0; x < 100; x++) {
                if (type == VN_U32)
                    ((uint32_t *)b.data)[vn_buf_at(&b, x, y, z)] = f(x, y);
                else
                    ((uint8_t *)b.data)[vn_buf_at(&b, x, y, z)] = (uint8_t)f(x, y);
            }
    return v;
}

static uint32_t halves(int64_t x, int64_t y) { return y < 40 ? 0 : x < 45 ? 614454277 : 7; }
static uint32_t above(int64_t x, int64_t y) { (void)x; return y >= 40; }

static void regions_by_hand(void **state)
{
    struct vn_graph *g = make();
    struct vn_vol *labels = volume(VN_LABELS, VN_U32, halves), *tissue = volume(VN_MASK, VN_U8, above);
    struct vn_measures m;
    struct vn_table *t;
    struct vn_err err;

    (void)state;
    assert_int_equal(vn_measure(&(struct vn_measure_in){ .graph = g, .tissue = tissue, .labels = labels }, &m, NULL, &err), 0);
    assert_int_equal(m.n_region, 2);
    assert_int_equal(m.region[0].label, 7);
    assert_int_equal(m.region[1].label, 614454277);
    near(m.region[0].tissue_um3, 55 * 60 * 50, 1e-9);
    near(m.region[1].tissue_um3, 45 * 60 * 50, 1e-9);
    /* the left arm runs from x = 50 to 10: 5 um of it right of the border at 45; its middle, x = 30, is left */
    near(m.region[0].total_length_um, 40 + 30 + 5, 1e-5);
    near(m.region[1].total_length_um, 35, 1e-5);
    assert_int_equal(m.region[0].segments, 2);
    assert_int_equal(m.region[1].segments, 1);
    assert_int_equal(m.region[0].branch_points, 1);
    assert_int_equal(m.region[1].end_points, 1);
    near(m.region[0].mean_branch_angle_deg, 120, 1e-4);
    assert_true(isnan(m.region[1].mean_branch_angle_deg));
    assert_true(isnan(m.region[0].loops));
    near(m.all.total_length_um, 110, 1e-5);                 /* the ring lies outside */
    near(m.all.tissue_um3, 100 * 60 * 50, 1e-9);

    assert_int_equal(vn_measure_table(&m, &t, &err), 0);
    assert_int_equal(t->n_row, 3);
    assert_string_equal(t->col[0].text[0], "all");
    assert_string_equal(t->col[0].text[2], "614454277");
    near(t->col[vn_table_find(t, "total_length_um")].num[2], 35, 1e-5);
    vn_table_unref(t);
    vn_measures_free(&m);

    /* tissue alone: one region, no rows of labels */
    assert_int_equal(vn_measure(&(struct vn_measure_in){ .graph = g, .tissue = tissue }, &m, NULL, &err), 0);
    assert_int_equal(m.n_region, 0);
    near(m.all.length_density_m_per_mm3, 1000.0 * 110 / (100 * 60 * 50), 1e-5);
    vn_measures_free(&m);
    vn_vol_unref(labels);
    vn_vol_unref(tissue);
    vn_graph_unref(g);
}

static void segment_table(void **state)
{
    struct vn_graph *g = make();
    struct vn_table *t;
    struct vn_err err;

    (void)state;
    assert_int_equal(vn_measure_segments(g, &t, &err), 0);
    assert_int_equal(t->n_row, 4);
    near(t->col[vn_table_find(t, "length_um")].num[2], 30, 1e-6);
    near(t->col[vn_table_find(t, "radius_min_um")].num[3], 3, 1e-6);
    near(t->col[vn_table_find(t, "x_um")].num[0], 30, 1e-6);
    assert_true(isnan(t->col[vn_table_find(t, "tortuosity")].num[3]));
    assert_true(t->col[vn_table_find(t, "is_end")].num[3] == 0 && t->col[vn_table_find(t, "is_end")].num[0] == 1);
    vn_table_unref(t);
    vn_graph_unref(g);
}

static void without_voxel_size_or_vessels(void **state)
{
    struct vn_graph *g = make();
    struct vn_measures m;
    struct vn_err err;

    (void)state;
    g->unit_um = false;
    assert_int_equal(vn_measure(&(struct vn_measure_in){ .graph = g }, &m, NULL, &err), VN_E_ARG);
    vn_graph_unref(g);

    g = vn_graph_new(0, 0, 0, &err);
    g->unit_um = true;
    g->grid = (struct vn_grid){ .dim = { 4, 4, 4 }, .um = { 1, 1, 1 } };
    g->box = (struct vn_box){ { 0, 0, 0 }, { 4, 4, 4 } };
    assert_int_equal(vn_graph_finish(g, &err), 0);
    assert_int_equal(vn_measure(&(struct vn_measure_in){ .graph = g }, &m, NULL, &err), 0);
    assert_true(m.all.total_length_um == 0 && m.all.length_density_m_per_mm3 == 0);
    assert_true(isnan(m.all.mean_radius_um) && isnan(m.all.mean_tortuosity) && isnan(m.all.mean_branch_angle_deg));
    vn_measures_free(&m);
    vn_graph_unref(g);
}

static void allocation_faults(void **state)
{
    struct vn_graph *g = make();
    struct vn_vol *labels = volume(VN_LABELS, VN_U32, halves), *tissue = volume(VN_MASK, VN_U8, above);
    struct vn_measures m;
    struct vn_table *t = NULL;
    struct vn_err err;
    int rc = -1;

    (void)state;
    for (long n = 1; n < 500 && rc; n++) {
        vn_mem_fail_at(n);
        rc = vn_measure(&(struct vn_measure_in){ .graph = g, .tissue = tissue, .labels = labels }, &m, NULL, &err);
        if (!rc) {
            rc = vn_measure_table(&m, &t, &err);
            vn_measures_free(&m);
            vn_table_unref(t);
        }
        if (!rc && !(rc = vn_measure_segments(g, &t, &err)))
            vn_table_unref(t);
        t = NULL;
        vn_mem_fail_at(0);
        assert_true(rc == 0 || rc == VN_E_MEMORY);
    }
    assert_int_equal(rc, 0);
    vn_vol_unref(labels);
    vn_vol_unref(tissue);
    vn_graph_unref(g);
}

int main(void)
{
    const struct CMUnitTest t[] = {
        cmocka_unit_test(totals_by_hand), cmocka_unit_test(regions_by_hand), cmocka_unit_test(segment_table),
        cmocka_unit_test(without_voxel_size_or_vessels), cmocka_unit_test(allocation_faults),
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
