/* Classes by hand, against numpy's confusion matrix, ignored voxels, other types, and what is refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "classes.h"
#include "mem.h"

static struct vn_err err;

static struct vn_vol *labels(enum vn_type type, const int64_t n[3], double (*f)(int64_t, int64_t, int64_t))
{
    const struct vn_grid g = { { n[0], n[1], n[2] }, { 0, 0, 0 }, { { 0, 0 } } };
    const struct vn_box box = { { 0, 0, 0 }, { n[0], n[1], n[2] } };
    struct vn_vol *v = vn_vol_new(type == VN_F32 ? VN_IMAGE : VN_LABELS, type, &g, &box, &err);
    assert_non_null(v);
    const struct vn_buf b = vn_vol_data(v);
    for (int64_t z = 0; z < n[2]; z++)
        for (int64_t y = 0; y < n[1]; y++)
            for (int64_t x = 0; x < n[0]; x++) {
                const double d = f(x, y, z);
                vn_convert_row(type, (char *)b.data + (size_t)vn_buf_at(&b, x, y, z) * vn_type_size(type), VN_F64, &d, 1);
            }
    return v;
}

static const int64_t row[3] = { 8, 1, 1 };
static double row_pred(int64_t x, int64_t y, int64_t z) { return (void)y, (void)z, (double[]){ 0, 0, 1, 1, 2, 2, 7, 0 }[x]; }
static double row_true(int64_t x, int64_t y, int64_t z) { return (void)y, (void)z, (double[]){ 0, 0, 0, 1, 1, 2, 2, 2 }[x]; }
static double row_odd(int64_t x, int64_t y, int64_t z) { return (void)y, (void)z, (double[]){ -3, NAN, 0, 1, 1, 2, 2, 2 }[x]; }

static void eight_voxels_by_hand(void **state)
{
    (void)state;
    /* Class 0: 2 of 3 found, 3 predicted; 1: 1 of 2, 2; 2: 1 of 3, 2; 7: none, 1. */
    const double accuracy = (2.0 / 3 + 1.0 / 2 + 1.0 / 3) / 3, iou = (2.0 / 4 + 1.0 / 3 + 1.0 / 4 + 0) / 4;
    const enum vn_type type[] = { VN_U8, VN_I16, VN_U32, VN_F32 };
    for (size_t i = 0; i < VN_COUNT(type); i++) {
        struct vn_vol *p = labels(type[i], row, row_pred), *t = labels(type[i], row, i % 2 ? row_odd : row_true);
        struct vn_classes c;
        assert_int_equal(vn_classes_count(p, t, NULL, &p->box, &c, NULL, &err), 0);
        assert_int_equal(c.n, 4);
        assert_true(c.of[3].label == 7 && c.of[3].pred == 1 && c.of[3].truth == 0 && c.of[2].label == 2 && c.of[2].both == 1);
        assert_float_equal(c.pixel_accuracy, 4.0 / 8, 1e-15);
        assert_float_equal(c.mean_accuracy, accuracy, 1e-15);
        assert_float_equal(c.mean_iou, iou, 1e-15);
        vn_classes_free(&c);
        vn_vol_unref(p);
        vn_vol_unref(t);
    }
}

static const int64_t big[3] = { 70, 23, 19 };
static double big_pred(int64_t x, int64_t y, int64_t z) { return (double)((x * 3 + y * 5 + z * 7) / 40 % 5); }
static double big_true(int64_t x, int64_t y, int64_t z) { return (double)((x * 3 + y * 5 + z * 7 + x * y / 8) / 40 % 4); }
static double seventh(int64_t x, int64_t y, int64_t z) { return (x + y + z) % 7 == 0; }

static void as_numpy_counts_them(void **state)
{
    (void)state;
    struct vn_vol *p = labels(VN_U16, big, big_pred), *t = labels(VN_U8, big, big_true), *g = labels(VN_U8, big, seventh);
    struct vn_bits ignore = { 0 };
    struct vn_classes c;
    assert_int_equal(vn_classes_count(p, t, &ignore, &p->box, &c, NULL, &err), 0);
    assert_int_equal(c.n, 5);
    assert_float_equal(c.pixel_accuracy, 0.24687806472703497, 1e-14);
    assert_float_equal(c.mean_accuracy, 0.24638953053724433, 1e-14);
    assert_float_equal(c.mean_iou, 0.1340466293090322, 1e-14);
    assert_true(c.of[2].both == 2572 && c.of[2].truth == 7621 && c.of[2].pred == 6213 && c.of[4].pred == 6077);
    vn_classes_free(&c);
    assert_int_equal(vn_bits_read(g, &p->box, &ignore, NULL, &err), 0);
    assert_int_equal(vn_classes_count(p, t, &ignore, &p->box, &c, NULL, &err), 0);
    assert_float_equal(c.pixel_accuracy, 0.24565217391304348, 1e-14);
    assert_float_equal(c.mean_accuracy, 0.24525259104154112, 1e-14);
    assert_float_equal(c.mean_iou, 0.133254283557525, 1e-14);
    assert_true(c.of[2].both == 2196 && c.of[2].truth == 6533 && c.of[2].pred == 5333 && c.of[4].pred == 5211);
    vn_classes_free(&c);
    memset(ignore.w, 0xff, (size_t)(ignore.words * ignore.dim[1] * ignore.dim[2]) * 8);       /* nothing is left */
    assert_int_equal(vn_classes_count(p, t, &ignore, &p->box, &c, NULL, &err), 0);
    assert_true(c.n == 0 && isnan(c.pixel_accuracy) && isnan(c.mean_accuracy) && isnan(c.mean_iou));
    vn_classes_free(&c);
    vn_bits_free(&ignore);
    vn_vol_unref(p);
    vn_vol_unref(t);
    vn_vol_unref(g);
}

static double each(int64_t x, int64_t y, int64_t z) { return (double)(x + 70 * (y + 23 * z)); }
static double huge(int64_t x, int64_t y, int64_t z) { return x == 3 && y == 2 && z == 1 ? 65536 : 0; }

static void too_many_labels_are_refused(void **state)
{
    (void)state;
    struct vn_vol *a = labels(VN_U32, big, each), *b = labels(VN_U32, big, huge);
    struct vn_classes c;
    assert_int_equal(vn_classes_count(a, a, NULL, &a->box, &c, NULL, &err), VN_E_UNSUPPORTED);
    assert_non_null(strstr(err.msg, "30590 different labels"));
    assert_int_equal(vn_classes_count(b, b, NULL, &a->box, &c, NULL, &err), VN_E_UNSUPPORTED);
    assert_non_null(strstr(err.msg, "label 65536"));
    vn_vol_unref(a);
    vn_vol_unref(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(eight_voxels_by_hand), cmocka_unit_test(as_numpy_counts_them),
                                        cmocka_unit_test(too_many_labels_are_refused) };
    vn_mem_init(0);
    if (vn_job_init(2, &err))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
