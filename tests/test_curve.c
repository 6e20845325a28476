/* curve: every threshold against a mask made at it and counted by label.c, topology.h and overlap.h; lengths against
 * sections counted plane by plane, and of tubes against the factors of their directions. */
#include <unistd.h>
#include "session.h"
#include "curve.h"
#include "label.h"
#include "overlap.h"
#include "table.h"
#include "topology.h"

static uint64_t state64;
static uint32_t rnd(void)                       /* splitmix64 */
{
    uint64_t z = state64 += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (uint32_t)(z >> 32);
}

typedef double (*value_fn)(int64_t x, int64_t y, int64_t z);
static double noise(int64_t x, int64_t y, int64_t z) { return (void)x, (void)y, (void)z, rnd() % 200; }
static double coarse(int64_t x, int64_t y, int64_t z) { return (void)x, (void)y, (void)z, rnd() % 4; }
static double sheets(int64_t x, int64_t y, int64_t z)
{
    return (double)((x * x * 3 + y * y * 5 + z * z * 7 + x * y + z * y) / 9 % 150);
}
static double cones(int64_t x, int64_t y, int64_t z)
{
    return 100 - 9 * (fabs((double)(x % 9) - 4) + fabs((double)(y % 7) - 3) + fabs((double)(z % 5) - 2));
}
static double flat(int64_t x, int64_t y, int64_t z) { return (void)x, (void)y, (void)z, 7; }

static void put(struct vn_buf *d, int64_t i, double v)
{
    vn_convert_row(d->type, (char *)d->data + (size_t)i * vn_type_size(d->type), VN_F64, &v, 1);
}
static double get(const struct vn_buf *d, int64_t i)
{
    double v;
    vn_convert_row(VN_F64, &v, d->type, (const char *)d->data + (size_t)i * vn_type_size(d->type), 1);
    return v;
}

static struct vn_vol *volume(enum vn_kind kind, enum vn_type t, int64_t nx, int64_t ny, int64_t nz, const double um[3],
                             value_fn f)
{
    const struct vn_grid g = { .dim = { nx, ny, nz }, .um = { um ? um[0] : 0, um ? um[1] : 0, um ? um[2] : 0 } };
    const struct vn_box b = { { 0, 0, 0 }, { nx, ny, nz } };
    struct vn_vol *v = vn_vol_new(kind, t, &g, &b, &err);
    assert_non_null(v);
    struct vn_buf d = vn_vol_data(v);
    state64 = 1;
    for (int64_t z = 0; z < nz; z++)
        for (int64_t y = 0; y < ny; y++)
            for (int64_t x = 0; x < nx; x++)
                put(&d, vn_buf_at(&d, x, y, z), f(x, y, z));
    return v;
}

static struct vn_curve curve(struct vn_vol *v, const struct vn_box *box, struct vn_curve_opt o)
{
    struct vn_curve c = { 0 };
    o.connectivity = o.connectivity ? o.connectivity : 26;
    if (vn_curve(v, box ? box : &v->box, &o, &c, NULL, &err))
        fail_msg("%s", err.msg);
    return c;
}

/* Voxels of v in box that reach t, as u8 and as bits. */
static void cut(struct vn_vol *v, const struct vn_box *box, double t, struct vn_buf *mask, struct vn_bits *bits)
{
    const struct vn_buf d = vn_vol_data(v);
    assert_int_equal(vn_buf_new(mask, VN_U8, box, &err), 0);
    for (int64_t z = box->lo[2]; z < box->hi[2]; z++)
        for (int64_t y = box->lo[1]; y < box->hi[1]; y++)
            for (int64_t x = box->lo[0]; x < box->hi[0]; x++)
                ((uint8_t *)mask->data)[vn_buf_at(mask, x, y, z)] = get(&d, vn_buf_at(&d, x, y, z)) >= t;
    assert_int_equal(vn_bits_from_buf(mask, bits, NULL, &err), 0);
}

/* chi with 6-connected foreground: by Alexander duality that of the complement in a box grown by one, less 1. */
static int64_t euler_6(const struct vn_bits *m)
{
    const struct vn_box grown = vn_box_grow(&m->box, (const int64_t[3]){ 1, 1, 1 });
    struct vn_bits back;
    int64_t chi;
    assert_int_equal(vn_bits_crop(m, &grown, true, &back, &err), 0);
    assert_int_equal(vn_bits_euler(&back, &chi, NULL, &err), 0);
    vn_bits_free(&back);
    return chi - 1;
}

/* Euler characteristic of all sections by planes spanned by steps a and b, pixel by pixel: the union of parallelograms,
 * or with c, of hexagons (pixels touch along a, b and c = a + b; corners are triangles). */
static int any_of(const struct vn_bits *m, int64_t x, int64_t y, int64_t z, const int *const *steps, int n)
{
    int hit = vn_bits_get(m, x, y, z);
    for (int i = 0; i < n; i++) {
        const int64_t px = x + steps[i][0], py = y + steps[i][1], pz = z + steps[i][2];
        hit |= vn_bits_get(m, px, py, pz);
    }
    return hit;
}
static int64_t sections(const struct vn_bits *m, const int a[3], const int b[3], bool hexagon)
{
    const int c[3] = { a[0] + b[0], a[1] + b[1], a[2] + b[2] };
    int64_t chi = 0;
    for (int64_t z = -3; z < m->dim[2] + 3; z++)
        for (int64_t y = -3; y < m->dim[1] + 3; y++)
            for (int64_t x = -3; x < m->dim[0] + 3; x++) {
                chi += any_of(m, x, y, z, NULL, 0) - any_of(m, x, y, z, (const int *const[]){a}, 1) -
                       any_of(m, x, y, z, (const int *const[]){b}, 1);
                if (hexagon)
                    chi += any_of(m, x, y, z, (const int *const[]){a, c}, 2) +
                           any_of(m, x, y, z, (const int *const[]){b, c}, 2) -
                           any_of(m, x, y, z, (const int *const[]){c}, 1);
                else
                    chi += any_of(m, x, y, z, (const int *const[]){ a, b, c }, 3);
            }
    return chi;
}

/* 2 sum of weight x distance x sections, for cubes of edge 1.  Weights: Legland, Kieu, Devaux 2007, table for 13
 * directions. *size: the same with absolute values, for the tolerance. */
static double length_by_sections(const struct vn_bits *m, double *size)
{
    static const int plane[13][2][3] = {{{0, 1, 0}, {0, 0, 1}},   {{1, 0, 0}, {0, 0, 1}},   {{1, 0, 0}, {0, 1, 0}},
                                        {{1, 1, 0}, {0, 0, 1}},   {{1, -1, 0}, {0, 0, 1}},  {{1, 0, 1}, {0, 1, 0}},
                                        {{1, 0, -1}, {0, 1, 0}},  {{0, 1, 1}, {1, 0, 0}},   {{0, 1, -1}, {1, 0, 0}},
                                        {{1, -1, 0}, {0, 1, -1}}, {{1, 1, 0}, {0, -1, -1}}, {{1, 1, 0}, {0, -1, 1}},
                                        {{1, -1, 0}, {0, 1, 1}}};
    double sum = 0;
    *size = 0;
    for (int k = 0; k < 13; k++) {
        const double w = k < 3 ? 2 * 0.04577789120476 : k < 9 ? 2 * 0.03698062787608 : 2 * 0.03519563978232;
        const double d = k < 3   ? 1
                         : k < 9 ? sqrt(0.5)
                                 : sqrt(1 / 3.0),
                     one = 2 * w * d * (double)sections(m, plane[k][0], plane[k][1], k >= 9);
        sum += one;
        *size += fabs(one);
    }
    return sum;
}

static void same_as_masks(struct vn_vol *v, const struct vn_box *box, struct vn_curve_opt o, int every_length)
{
    const struct vn_curve c = curve(v, box, o);
    assert_int_equal(c.total, vn_box_count(box));
    for (int k = 0; k < c.n; k++) {
        struct vn_buf mask, labels;
        struct vn_bits bits, truth;
        uint64_t n_label;
        int64_t n, chi;
        cut(v, box, c.threshold[k], &mask, &bits);
        assert_int_equal(vn_buf_new(&labels, VN_U32, box, &err), 0);
        assert_int_equal(vn_label_buf(&mask, o.connectivity, &labels, &n_label, NULL, &err), 0);
        assert_int_equal(vn_bits_components(&bits, o.connectivity, &n, NULL, &err), 0);
        assert_int_equal(c.voxels[k], vn_bits_count(&bits));
        assert_int_equal(c.components[k], n_label);
        assert_int_equal(c.components[k], n);
        if (o.connectivity == 26)
            assert_int_equal(vn_bits_euler(&bits, &chi, NULL, &err), 0);
        else
            chi = euler_6(&bits);
        assert_int_equal(c.euler[k], chi);
        if (o.truth) {
            assert_int_equal(vn_bits_read(o.truth, box, &truth, NULL, &err), 0);
            assert_int_equal(c.hit[k], vn_bits_count_both(&bits, &truth));
            assert_int_equal(c.true_voxels, vn_bits_count(&truth));
            vn_bits_free(&truth);
        } else
            assert_int_equal(c.hit[k], 0);
        if (every_length && k % every_length == 0) {
            double size;
            const double want = length_by_sections(&bits, &size);
            assert_true(fabs(c.length[k] - want) <= 1e-3 * size); /* the weights are found on a grid of directions */
        }
        vn_buf_free(&mask);
        vn_buf_free(&labels);
        vn_bits_free(&bits);
    }
    struct vn_curve gone = c;
    vn_curve_free(&gone);
}

static void every_threshold_as_its_mask(void **unused)
{
    (void)unused;
    static const struct { enum vn_type t; value_fn f; int64_t d[3]; int n;
    } of[] = {
        {VN_U8, noise, {17, 14, 9}, 256},    {VN_U8, coarse, {12, 13, 14}, 256}, {VN_U16, noise, {11, 12, 8}, 50},
        {VN_I16, sheets, {21, 20, 19}, 256}, {VN_F32, noise, {13, 9, 10}, 33},   {VN_F32, cones, {30, 21, 15}, 64},
        {VN_F64, sheets, {19, 17, 16}, 20},  {VN_U8, noise, {300, 1, 3}, 99},    {VN_U8, noise, {1, 1, 70}, 256},
        {VN_U8, flat, {5, 4, 3}, 256},       {VN_F32, flat, {5, 4, 3}, 256},     {VN_U32, sheets, {6, 7, 8}, 256},
        {VN_U8, noise, {1, 1, 1}, 4},
    };
    struct vn_vol *truth = volume(VN_MASK, VN_U8, 21, 20, 19, NULL, coarse);
    for (size_t i = 0; i < VN_COUNT(of); i++) {
        struct vn_vol *v = volume(VN_IMAGE, of[i].t, of[i].d[0], of[i].d[1], of[i].d[2], NULL, of[i].f);
        for (int connectivity = 6; connectivity <= 26; connectivity += 20)
            same_as_masks(v, &v->box,
                          (struct vn_curve_opt){.n = of[i].n,
                                                .auto_range = true,
                                                .connectivity = connectivity,
                                                .truth = of[i].d[0] == 21 ? truth : NULL},
                          7);
        vn_vol_unref(v);
    }
    vn_vol_unref(truth);
}

static void no_number_is_never_foreground(void **unused)
{
    (void)unused;
    struct vn_vol *v = volume(VN_PROB, VN_F32, 9, 8, 7, NULL, noise);
    struct vn_buf d = vn_vol_data(v);
    for (int64_t i = 0; i < 9 * 8 * 7; i++)
        ((float *)d.data)[i] = i % 5 == 0    ? NAN
                               : i % 31 == 7 ? INFINITY
                               : i % 37 == 9 ? -INFINITY
                                             : ((float *)d.data)[i] / 200;
    same_as_masks(v, &v->box, (struct vn_curve_opt){ .n = 40, .auto_range = true, .connectivity = 26 }, 0);
    same_as_masks(v, &v->box, (struct vn_curve_opt){ .n = 10, .lo = -1, .hi = 0.3, .connectivity = 6 }, 0);
    struct vn_curve c = curve(v, NULL, (struct vn_curve_opt){ .n = 4, .auto_range = true });
    for (int k = 0; k < 4; k++)                        /* a probability: 0, 1/4, 1/2, 3/4 */
        assert_true(c.threshold[k] == k / 4.0);
    vn_curve_free(&c);
    for (int64_t i = 0; i < 9 * 8 * 7; i++)
        ((float *)d.data)[i] = NAN;
    c = curve(v, NULL, (struct vn_curve_opt){ .n = 4, .auto_range = true });
    for (int k = 0; k < 4; k++)
        assert_true(c.voxels[k] == 0 && c.components[k] == 0 && c.euler[k] == 0 && c.length[k] == 0);
    assert_int_equal(c.plateau_low, -1);
    vn_curve_free(&c);
    vn_vol_unref(v);
    v = volume(VN_IMAGE, VN_F32, 3, 3, 3, NULL, flat); /* one finite value beside infinities: one threshold */
    ((float *)vn_vol_data(v).data)[4] = INFINITY;
    ((float *)vn_vol_data(v).data)[9] = -INFINITY;
    c = curve(v, NULL, (struct vn_curve_opt){ .n = 4, .auto_range = true });
    assert_true(c.n == 1 && c.threshold[0] == 7 && c.voxels[0] == 26);
    vn_curve_free(&c);
    vn_vol_unref(v);
    v = volume(VN_IMAGE, VN_F32, 3, 3, 3, NULL, flat);
    for (int64_t i = 0; i < 27; i++)
        ((float *)vn_vol_data(v).data)[i] = NAN;
    assert_int_equal(
        vn_curve(v, &v->box, &(struct vn_curve_opt){.n = 4, .auto_range = true, .connectivity = 26}, &c, NULL, &err),
        VN_E_ARG);
    assert_non_null(strstr(err.msg, "no finite voxel"));
    vn_vol_unref(v);
}

/* One threshold for each of 65535 whole numbers; with 256 every 256th. */
static void whole_numbers(void **unused)
{
    (void)unused;
    struct vn_vol *v = volume(VN_IMAGE, VN_U16, 16, 16, 16, NULL, noise);
    struct vn_buf d = vn_vol_data(v);
    for (int64_t i = 0; i < 4096; i++)
        ((uint16_t *)d.data)[i] = (uint16_t)(i * 16 + 1);
    struct vn_curve c = curve(v, NULL, (struct vn_curve_opt){ .n = 65535, .lo = 1, .hi = 65536 });
    assert_int_equal(c.n, 65535);
    for (int k = 0; k < c.n; k++) {
        assert_true(c.threshold[k] == k + 1);
        assert_int_equal(c.voxels[k], 4096 - (k + 15) / 16);
    }
    vn_curve_free(&c);
    c = curve(v, NULL, (struct vn_curve_opt){ .n = 256, .lo = 0, .hi = 65536 });
    assert_int_equal(c.n, 256);
    for (int k = 0; k < c.n; k++) {
        assert_true(c.threshold[k] == 256.0 * k);
        assert_int_equal(c.voxels[k], 4096 - 16 * k);
    }
    vn_curve_free(&c);
    vn_vol_unref(v);
}

static void same_curve(const struct vn_curve *a, const struct vn_curve *b)
{
    assert_int_equal(a->n, b->n);
    assert_memory_equal(a->threshold, b->threshold, (size_t)a->n * 6 * sizeof *a->threshold);      /* one block */
    assert_int_equal(a->plateau_low, b->plateau_low);
    assert_int_equal(a->plateau_high, b->plateau_high);
}

static void threads_and_regions_change_nothing(void **unused)
{
    (void)unused;
    struct vn_vol *v = volume(VN_IMAGE, VN_F32, 70, 50, 40, NULL, noise),
                  *truth = volume(VN_MASK, VN_U8, 70, 50, 40, NULL, coarse);
    const struct vn_curve_opt o = { .n = 100, .lo = 3, .hi = 190, .connectivity = 26, .truth = truth };
    vn_job_set_threads(1);
    struct vn_curve one = curve(v, NULL, o);
    vn_job_set_threads(4);
    struct vn_curve four = curve(v, NULL, o);
    vn_job_set_threads(2);
    same_curve(&one, &four);
    vn_curve_free(&one);
    vn_curve_free(&four);

    const struct vn_box region = { { 13, 7, 5 }, { 41, 30, 22 } };
    same_as_masks(v, &region, (struct vn_curve_opt){.n = 9, .lo = 3, .hi = 190, .connectivity = 26, .truth = truth}, 0);
    struct vn_buf part;
    assert_int_equal(vn_buf_new(&part, VN_F32, &region, &err), 0);
    assert_int_equal(vn_vol_read(v, VN_PAD_ZERO, &part, NULL, &err), 0);
    struct vn_vol *crop = vn_vol_from_buf(VN_IMAGE, &v->grid, &part, &err);
    assert_non_null(crop);
    one = curve(v, &region, o);
    four = curve(crop, NULL, o);
    same_curve(&one, &four);
    vn_curve_free(&one);
    vn_curve_free(&four);
    vn_vol_unref(crop);
    vn_vol_unref(truth);
    vn_vol_unref(v);
}

/* ---- lengths ---- */

static double rod_from[3], rod_dir[3], rod_long, rod_um[3];
static double rod(int64_t x, int64_t y, int64_t z)                 /* a cylinder of radius 3 */
{
    const double p[3] = {(double)x * rod_um[0] - rod_from[0], (double)y * rod_um[1] - rod_from[1],
                         (double)z * rod_um[2] - rod_from[2]};
    const double along = p[0] * rod_dir[0] + p[1] * rod_dir[1] + p[2] * rod_dir[2];
    return along >= 0 && along < rod_long && p[0] * p[0] + p[1] * p[1] + p[2] * p[2] - along * along < 9;
}
static double torus(int64_t x, int64_t y, int64_t z)               /* radii 24 and 3.3 */
{
    const double off = sqrt((double)((x - 30) * (x - 30) + (y - 30) * (y - 30))) - 24;
    return off * off + (double)((z - 5) * (z - 5)) < 3.3 * 3.3;
}
static double length_of(struct vn_vol *v)
{
    struct vn_curve c = curve(v, NULL, (struct vn_curve_opt){ .n = 1, .lo = 1, .hi = 2 });
    const double l = c.length[0];
    vn_curve_free(&c);
    vn_vol_unref(v);
    return l;
}

/* A long tube less a short one, longer by a vector of the lattice: their ends cancel.  The factor of direction u is 2
 * sum of weight x |u . normal| over the 13 kinds of planes, weights the areas of the normals' Voronoi cells on the
 * sphere (numpy, 6.75 million directions). */
static void straight_tubes(void **unused)
{
    (void)unused;
    static const struct { double um[3], dir[3], factor;
    } of[] = {
        {{1, 1, 1}, {1, 0, 0}, 0.92666},   {{1, 1, 1}, {0, 1, 0}, 0.92666}, {{1, 1, 1}, {0, 0, 1}, 0.92666},
        {{1, 1, 1}, {2, 1, 0}, 1.00427},   {{1, 1, 1}, {1, 1, 1}, 0.96100}, {{1, 1, 2}, {1, 0, 0}, 0.92578},
        {{1, 1, 2}, {0, 0, 1}, 0.84207},   {{1, 1, 2}, {1, 1, 1}, 1.02852}, {{0.5, 1, 2}, {1, 1, 1}, 1.07027},
        {{0.5, 1, 2}, {0, 1, 0}, 0.90332},
    };
    for (size_t i = 0; i < VN_COUNT(of); i++) {
        double length[2];
        const double norm =
                         sqrt(of[i].dir[0] * of[i].dir[0] + of[i].dir[1] * of[i].dir[1] + of[i].dir[2] * of[i].dir[2]),
                     more = norm * 2 * floor(18 / norm);
        for (int a = 0; a < 3; a++) {
            rod_um[a] = of[i].um[a];
            rod_dir[a] = of[i].dir[a] / norm;
            rod_from[a] = 8 + 0.1 * a;
        }
        for (int k = 0; k < 2; k++) {
            rod_long = 24 + more * k;
            length[k] = length_of(volume(VN_IMAGE, VN_U8, (int64_t)(80 / rod_um[0]), (int64_t)(80 / rod_um[1]),
                                         (int64_t)(80 / rod_um[2]), rod_um, rod));
        }
        const double got = (length[1] - length[0]) / more;
        if (!(fabs(got - of[i].factor) < 1e-3)) /* the weights are found on a grid of 256 directions a side */
            fail_msg("rod %zu: %g, not %g", i, got, of[i].factor);
    }
}

/* 2 pi 24 times the mean factor of directions in its plane, 0.98056 (numpy); closed, so nothing is added by ends. */
static void a_torus(void **unused)
{
    (void)unused;
    const double one[3] = { 1, 1, 1 }, half[3] = { 0.5, 0.5, 0.5 }, want = 2 * 3.14159265358979 * 24 * 0.98056;
    assert_true(fabs(length_of(volume(VN_IMAGE, VN_U8, 61, 61, 11, one, torus)) - want) < 0.01 * want);
    assert_true(fabs(length_of(volume(VN_IMAGE, VN_U8, 61, 61, 11, half, torus)) - want / 2) < 0.005 * want);
}

/* ---- plateau, errors, failures ---- */

/* Of 20 voxels two pieces of four at 50 and one voxel at 7: three pieces to 7, two from 8 on; at 0 it is more than
 * half. */
static double two_pieces(int64_t x, int64_t y, int64_t z)
{
    return (void)y, (void)z, (x >= 2 && x < 6) || (x >= 10 && x < 14) ? 50 : x == 17 ? 7 : 0;
}
static void plateau_by_hand(void **unused)
{
    (void)unused;
    struct vn_vol *v = volume(VN_IMAGE, VN_U8, 20, 1, 1, NULL, two_pieces);
    struct vn_curve c = curve(v, NULL, (struct vn_curve_opt){ .n = 256, .auto_range = true });
    assert_int_equal(c.n, 51);
    assert_int_equal(c.components[1], 3);
    assert_int_equal(c.plateau_low, 8);
    assert_int_equal(c.plateau_high, 50);
    vn_curve_free(&c);
    c = curve(v, NULL, (struct vn_curve_opt){ .n = 256, .lo = 0, .hi = 12 });       /* 1..7 is longer than 8..11 */
    assert_int_equal(c.plateau_low, 1);
    assert_int_equal(c.plateau_high, 7);
    vn_curve_free(&c);
    vn_vol_unref(v);
}

static int run_cancelled(void *ctx, struct vn_job *j, struct vn_err *e)
{
    struct vn_curve c;
    vn_job_cancel(j);
    return vn_curve(ctx, &((struct vn_vol *)ctx)->box,
                    &(struct vn_curve_opt){.n = 9, .lo = 0, .hi = 99, .connectivity = 26}, &c, j, e);
}
static void cancelled(void **unused)
{
    (void)unused;
    struct vn_vol *v = volume(VN_IMAGE, VN_F32, 40, 40, 40, NULL, noise);
    const uint64_t used = vn_mem_in_use();
    assert_int_equal(vn_job_run(VN_REGION, "curve", run_cancelled, v, NULL, &err), VN_E_CANCELLED);
    assert_int_equal(vn_mem_in_use(), used);
    vn_vol_unref(v);
}

static void failing_allocations(void **unused)
{
    (void)unused;
    struct vn_vol *v = volume(VN_IMAGE, VN_F32, 12, 11, 10, NULL, noise);
    const struct vn_curve_opt o = { .n = 20, .auto_range = true, .connectivity = 26 };
    struct vn_curve want = curve(v, NULL, o), c = { 0 };
    for (long i = 1;; i++) {
        vn_mem_fail_at(i);
        const int rc = vn_curve(v, &v->box, &o, &c, NULL, &err);
        vn_mem_fail_at(0);
        if (!rc) {
            assert_true(i > 5);
            break;
        }
        assert_int_equal(rc, VN_E_MEMORY);
        assert_true(c.threshold == NULL);
    }
    same_curve(&want, &c);
    vn_curve_free(&want);
    vn_curve_free(&c);
    vn_vol_unref(v);
}

/* ---- the command ---- */

static void says(const char *line, const char *part)
{
    const size_t from = n_msg;
    assert_int_equal(session_run(line), 1);
    if (!strstr(msg + from, part))
        fail_msg("'%s' does not say '%s': %s", line, part, msg + from);
}

static void command(void **unused)
{
    (void)unused;
    unlink("/tmp/vn_test_curve.csv");
    assert_int_equal(session_run("phantom tube dims=24x24x12 radius=3 noise=0.2 as=v"), 0);
    cJSON *o = session_json_of("curve v truth=v_mask as=c to=/tmp/vn_test_curve.csv force");
    struct vn_table *t;
    const double n = session_number(o, "thresholds"), at = session_number(o, "best_dice_at");
    assert_true(session_number(o, "voxels") == 24 * 24 * 12);
    assert_int_equal(vn_table_read_csv("/tmp/vn_test_curve.csv", &t, &err), 0);
    assert_true((double)t->n_row == n);
    static const char *const name[] = {"threshold", "voxels", "fraction",  "components", "euler",
                                       "length_um", "dice",   "precision", "recall"};
    assert_int_equal(t->n_col, VN_COUNT(name));
    for (int i = 0; i < t->n_col; i++)
        assert_string_equal(t->col[i].name, name[i]);
    assert_true(t->col[2].num[0] == 1 &&
                t->col[8].num[0] == 1); /* at the least value: all of the region, of the truth too */
    cJSON_Delete(o);
    char line[200];
    snprintf(line, sizeof line, "threshold v low=%.17g as=m; metrics m v_mask", at);
    o = session_json_of(line);
    int64_t k = 0;
    while (t->col[0].num[k] != at)
        k++;
    assert_true(t->col[6].num[k] == session_number(o, "dice"));
    assert_true(t->col[7].num[k] == session_number(o, "precision"));
    assert_true(t->col[8].num[k] == session_number(o, "recall"));
    cJSON_Delete(o);
    vn_table_unref(t);
    unlink("/tmp/vn_test_curve.csv");
    session_run("phantom network dims=48x48x32 seed=2 noise=0.2 as=h");
    o = session_json_of("curve h n=12 range=20,240 truth=h_mask cldice=3 as=c to=/tmp/vn_test_curve.csv force");
    assert_int_equal(vn_table_read_csv("/tmp/vn_test_curve.csv", &t, &err), 0);
    assert_true(t->n_row == 12 && t->n_col == 10);         /* 20, 39, ...: every 19th; the middles of thirds are 2, 6, 10 */
    const double best = session_number(o, "best_cldice"), best_at = session_number(o, "best_cldice_at");
    cJSON_Delete(o);
    double most = -1;
    for (int i = 0; i < 12; i++) {
        if (i % 4 != 2) {
            assert_true(isnan(t->col[9].num[i]));
            continue;
        }
        snprintf(line, sizeof line, "threshold h low=%.17g as=m; metrics m h_mask", t->col[0].num[i]);
        o = session_json_of(line);
        const double want = session_number(o, "cldice");       /* null where nothing is left */
        assert_true(isnan(want) ? isnan(t->col[9].num[i]) : fabs(t->col[9].num[i] - want) < 1e-12);
        cJSON_Delete(o);
        most = fmax(most, t->col[9].num[i]);
        assert_true(!(fabs(t->col[9].num[i] - best) < 1e-12) || best_at == t->col[0].num[i]);
    }
    assert_true(fabs(best - most) < 1e-12 && most > 0.5);
    vn_table_unref(t);
    unlink("/tmp/vn_test_curve.csv");
    says("curve v cldice=3 as=d", "needs truth");
    says("curve v range=3,2 as=d", "LOW below HIGH");
    says("curve v range=1.2,1.7 as=d", "no whole number");
    says("curve v plot=x.jpg as=d", "does not end in");
    says("curve v n=70000 as=d", "65535");
    session_run("phantom tube dims=8x8x8 radius=2 as=w");
    says("curve v truth=w_mask as=d", "w_mask");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_threshold_as_its_mask),
        cmocka_unit_test(no_number_is_never_foreground),
        cmocka_unit_test(whole_numbers),
        cmocka_unit_test(threads_and_regions_change_nothing),
        cmocka_unit_test(straight_tubes),
        cmocka_unit_test(a_torus),
        cmocka_unit_test(plateau_by_hand),
        cmocka_unit_test(cancelled),
        cmocka_unit_test(failing_allocations),
        cmocka_unit_test_setup_teardown(command, session_json, session_stop),
    };
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
