/* metrics as a command: a real mask against scikit-image, surface-distance and cc3d; regions, ignored voxels, empty masks,
 * anisotropic voxels, refusals. */
#include "masks.h"                       /* first: its functions have an argument s */
#include "session.h"
#include <unistd.h>

#include "io.h"
#include "scene.h"

static char dir[] = "/tmp/vn-metrics-XXXXXX";

/* A mask by formula, as file and object NAME. */
static void mask(const char *name, int64_t nx, int64_t ny, int64_t nz, const double um[3],
                 uint8_t (*f)(int64_t, int64_t, int64_t, int64_t), int64_t p)
{
    struct vn_buf b = { 0 };
    struct vn_grid g = { { nx, ny, nz }, { 0, 0, 0 }, { { 0, 0 } } };
    char path[200], line[500];
    mask_fill(&b, nx, ny, nz, f, p);
    struct vn_vol *v = vn_vol_from_buf(VN_MASK, &g, &b, &err);
    assert_non_null(v);
    snprintf(path, sizeof path, "%s/%s.tif", dir, name);
    const struct vn_save_opt o = { .force = true };
    assert_int_equal(vn_io_save(v, path, &o, NULL, &err), 0);
    vn_vol_unref(v);
    if (um)
        snprintf(line, sizeof line, "open %s as=%s voxel=%gx%gx%gum", path, name, um[0], um[1], um[2]);
    else
        snprintf(line, sizeof line, "open %s as=%s", path, name);
    cJSON_Delete(session_json_of(line));
}

static void says(const cJSON *o, const char *what)
{
    char *text = cJSON_PrintUnformatted(o);
    if (!strstr(text, what))
        fail_msg("%s does not say '%s'", text, what);
    cJSON_free(text);
}

static void close_to(const cJSON *o, const char *key, double expect)
{
    const double v = session_number(o, key);
    if (!(fabs(v - expect) <= 1e-6 * fmax(1, fabs(expect))))
        fail_msg("%s is %.10g, not %.10g", key, v, expect);
}

static uint8_t slab_to(int64_t x, int64_t y, int64_t z, int64_t p) { return (void)x, (void)y, z < p; }
static uint8_t nothing(int64_t x, int64_t y, int64_t z, int64_t p) { return (void)x, (void)y, (void)z, (void)p, 0; }

/* raw >= 900 against the mask: skimage.morphology.skeletonize, surface-distance 0.1, cc3d, euler_number(connectivity 3). */
static void a_real_mask_as_other_programs_measure_it(void **state)
{
    (void)state;
    const char *folder = "../shared/data/lightsheet_brain";
    if (access(folder, R_OK))
        skip();
    struct vn_vol *raw = NULL;
    struct vn_buf v = { 0 }, m = { 0 };
    const struct vn_open_opt oo = { 0 };
    const struct vn_save_opt so = { .force = true };
    char path[200], line[800];
    snprintf(path, sizeof path, "%s/raw.tif", folder);
    assert_int_equal(vn_io_open(path, &oo, &raw, &err), 0);
    assert_int_equal(vn_vol_map(raw, VN_U16, &raw->box, VN_PAD_ZERO, &v, NULL, &err), 0);
    assert_int_equal(vn_buf_new(&m, VN_U8, &raw->box, &err), 0);
    for (int64_t i = 0; i < 1000000; i++)
        ((uint8_t *)m.data)[i] = ((const uint16_t *)v.data)[i] >= 900;
    struct vn_vol *pred = vn_vol_from_buf(VN_MASK, &raw->grid, &m, &err);
    snprintf(path, sizeof path, "%s/pred.tif", dir);
    assert_int_equal(vn_io_save(pred, path, &so, NULL, &err), 0);
    vn_vol_unref(pred);
    vn_buf_free(&v);
    vn_vol_unref(raw);
    snprintf(line, sizeof line, "open %s as=p; open %s/mask.tif as=t; metrics p t", path, folder);
    cJSON *o = session_json_of(line);
    close_to(o, "dice", 0.7382280550847818);
    close_to(o, "cldice", 0.8502199595388961);
    close_to(o, "hd", 29.899832775452108);
    close_to(o, "hd95", 2.23606797749979);
    close_to(o, "assd", 0.5955108664151499);
    close_to(o, "surface_dice", 0.8670517276601807);
    close_to(o, "betti0_error", 89 - 10);
    close_to(o, "betti1_error", 53 - 6);
    close_to(o, "betti2_error", 0);
    close_to(o, "breaks", 1);                 /* counted on skimage's skeleton with scipy's dilation, segments split at branch voxels */
    assert_true(isnan(session_number(o, "breaks_per_mm")));
    says(o, "voxel size unknown");
    cJSON_Delete(o);
}

static void slabs_with_anisotropic_voxels(void **state)
{
    (void)state;
    mask("t", 20, 20, 20, (const double[3]){ 1, 1, 2 }, slab_to, 10);
    mask("p", 20, 20, 20, (const double[3]){ 1, 1, 2 }, slab_to, 11);
    cJSON *o = session_json_of("metrics p t tolerance=1");
    /* surface-distance 0.1 on these slabs, spacing (2, 1, 1) for z, y, x. */
    close_to(o, "dice", 20.0 / 21);
    close_to(o, "hd", 2);
    close_to(o, "hd95", 2);
    close_to(o, "surface_dice", 0.8460993136);
    close_to(o, "tolerance_um", 1);
    cJSON_Delete(o);
    o = session_json_of("metrics p t");
    close_to(o, "tolerance_um", 1);           /* one voxel is its shortest edge */
    cJSON_Delete(o);
    o = session_json_of("metrics p t tolerance=2um");
    close_to(o, "surface_dice", 1);
    cJSON_Delete(o);
}

static void a_region_gives_what_its_crop_gives(void **state)
{
    (void)state;
    mask("p", 61, 40, 33, NULL, mask_sheet, 3);
    mask("t", 61, 40, 33, NULL, mask_sheet, 5);
    cJSON *o = session_json_of("roi 11:50,5:37,2:30; metrics p t full labels");
    char *whole = cJSON_PrintUnformatted(cJSON_GetObjectItem(o, "result"));
    cJSON_Delete(o);
    vn_job_set_threads(4);
    o = session_json_of("metrics p t full labels");
    char *four = cJSON_PrintUnformatted(cJSON_GetObjectItem(o, "result"));
    assert_string_equal(whole, four);
    vn_job_set_threads(1);
    cJSON_Delete(o);
    o = session_json_of("metrics p t full labels");
    char *one = cJSON_PrintUnformatted(cJSON_GetObjectItem(o, "result"));
    assert_string_equal(whole, one);
    int64_t tp = 0;
    for (int64_t z = 2; z < 30; z++)
        for (int64_t y = 5; y < 37; y++)
            for (int64_t x = 11; x < 50; x++)
                tp += mask_sheet(x, y, z, 3) && mask_sheet(x, y, z, 5);
    close_to(o, "tp", (double)tp);
    cJSON_Delete(o);
    cJSON_free(whole);
    cJSON_free(four);
    cJSON_free(one);
    o = session_json_of("roi off; metrics p p");
    close_to(o, "dice", 1);
    close_to(o, "assd", 0);
    close_to(o, "cldice", 1);
    cJSON_Delete(o);
}

static uint8_t upper(int64_t x, int64_t y, int64_t z, int64_t p) { return (void)x, (void)y, z >= p; }

static void ignored_voxels_count_nowhere(void **state)
{
    (void)state;
    mask("t", 20, 20, 20, NULL, slab_to, 10);
    mask("p", 20, 20, 20, NULL, slab_to, 14);
    mask("g", 20, 20, 20, NULL, upper, 9);
    cJSON *o = session_json_of("metrics p t ignore=g");
    close_to(o, "dice", 1);
    close_to(o, "tp", 20 * 20 * 9);
    close_to(o, "tn", 0);
    close_to(o, "ignored", 20 * 20 * 11);
    close_to(o, "hd", 0);
    close_to(o, "surface_dice", 1);
    cJSON_Delete(o);
}

static void empty_masks_give_null_and_say_so(void **state)
{
    (void)state;
    mask("t", 20, 21, 22, NULL, slab_to, 10);
    mask("e", 20, 21, 22, NULL, nothing, 0);
    cJSON *o = session_json_of("metrics e t");
    close_to(o, "dice", 0);
    close_to(o, "recall", 0);
    assert_true(isnan(session_number(o, "precision")) && isnan(session_number(o, "hd")) && isnan(session_number(o, "assd")) && isnan(session_number(o, "cldice")));
    close_to(o, "surface_dice", 0);
    close_to(o, "betti0_error", 1);
    says(o, "the prediction is empty here");
    cJSON_Delete(o);
    o = session_json_of("metrics e e");
    assert_true(isnan(session_number(o, "dice")) && isnan(session_number(o, "surface_dice")) && isnan(session_number(o, "hd")));
    close_to(o, "accuracy", 1);
    says(o, "both masks are empty here");
    cJSON_Delete(o);
}

static void what_cannot_be_compared_is_refused(void **state)
{
    (void)state;
    mask("t", 20, 21, 22, NULL, slab_to, 10);
    mask("p", 20, 21, 23, NULL, slab_to, 10);
    mask("q", 20, 21, 22, (const double[3]){ 1, 1, 2 }, slab_to, 10);
    mask("w", 20, 21, 22, (const double[3]){ 1, 1, 3 }, slab_to, 10);
    cJSON *o = session_json_of("metrics p t");
    says(o, "20x21x23");
    says(o, "20x21x22");
    cJSON_Delete(o);
    o = session_json_of("metrics q w");
    says(o, "\"ok\":false");
    cJSON_Delete(o);
    o = session_json_of("metrics q t");
    says(o, "only one of the two knows its voxel size");
    cJSON_Delete(o);
    o = session_json_of("metrics t t tolerance=2um");
    says(o, "\"ok\":false");
    cJSON_Delete(o);
    o = session_json_of("metrics t t ignore=p");
    says(o, "20x21x23");
    cJSON_Delete(o);
    o = session_json_of("metrics q q full radii=3,2um");
    says(o, "borders rise");
    cJSON_Delete(o);
    o = session_json_of("metrics t t full radii=3um");
    says(o, "\"ok\":false");
    cJSON_Delete(o);
    o = session_json_of("metrics t t near=3um");
    says(o, "\"ok\":false");
    cJSON_Delete(o);
}

/* Two round rods along x: radius 6 about (20, 14), and radius 2 about (20, 40); bits of p: which of them. */
static uint8_t rods(int64_t x, int64_t y, int64_t z, int64_t p)
{
    (void)x;
    const int64_t a = (y - 20) * (y - 20) + (z - 14) * (z - 14), b = (y - 20) * (y - 20) + (z - 40) * (z - 40);
    return ((p & 1) && a <= 36) || ((p & 2) && b <= 5) || ((p & 4) && a <= 49);
}

static const cJSON *row_of(const cJSON *o, const char *table, int i)
{
    const cJSON *row = cJSON_GetArrayItem(cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), table), i);
    assert_non_null(row);
    return row;
}

static double cell(const cJSON *row, const char *key)
{
    const cJSON *v = cJSON_GetObjectItem(row, key);
    assert_non_null(v);
    return cJSON_IsNumber(v) ? v->valuedouble : NAN;
}

static void odd_volumes_are_measured_too(void **state)
{
    (void)state;
    mask("one", 1, 1, 1, NULL, slab_to, 1);
    cJSON *o = session_json_of("metrics one one full labels as=e");
    close_to(o, "dice", 1);
    close_to(o, "betti0_error", 0);
    close_to(o, "stack_dice", 1);
    close_to(o, "mean_iou", 1);
    assert_true(cell(row_of(o, "by_radius", 0), "voxels") == 1 && cell(row_of(o, "by_depth", 0), "voxels") == 1);
    cJSON_Delete(o);
    mask("t", 20, 21, 22, NULL, slab_to, 10);
    o = session_json_of("calc 'a > 0 ? sqrt(0 - 1) : 1' a=t as=n; metrics n t full as=e");      /* NaN where the truth is, 1 elsewhere */
    close_to(o, "tp", 0);
    close_to(o, "fp", 20 * 21 * 12);
    close_to(o, "over", 20 * 21);
    close_to(o, "under", 20 * 21);
    close_to(o, "missed", 20 * 21 * 9);
    cJSON_Delete(o);
    mask("e", 20, 21, 22, NULL, nothing, 0);
    o = session_json_of("metrics t e full labels as=e");
    close_to(o, "false", 20 * 21 * 10);
    close_to(o, "breaks", 0);
    assert_true(isnan(session_number(o, "centreline_recall")) && isnan(session_number(o, "recall")));
    cJSON_Delete(o);
    o = session_json_of("metrics e e full labels as=e");
    close_to(o, "false_branches", 0);
    close_to(o, "mean_iou", 1);
    cJSON_Delete(o);
    mask("t", 70, 41, 50, NULL, rods, 2);
    mask("e", 70, 41, 50, NULL, nothing, 0);
    o = session_json_of("metrics e t full");
    close_to(o, "missed", session_number(o, "fn"));
    close_to(o, "centreline_recall", 0);
    cJSON_Delete(o);
}

static void errors_go_by_radius_and_depth(void **state)
{
    (void)state;
    int64_t thin = 0, thick = 0, shell = 0, thick_at[2] = { 0, 0 };
    mask("t", 70, 41, 50, NULL, rods, 3);
    mask("p", 70, 41, 50, NULL, rods, 4);           /* the thick one a voxel too thick, the thin one missing */
    for (int64_t z = 0; z < 50; z++)
        for (int64_t y = 0; y < 41; y++) {
            thin += 70 * rods(0, y, z, 2);
            thick += 70 * rods(0, y, z, 1);
            thick_at[z >= 12] += z < 25 ? 70 * rods(0, y, z, 1) : 0;
            shell += 70 * (rods(0, y, z, 4) - rods(0, y, z, 1));
        }
    cJSON *o = session_json_of("metrics p t full radii=3,10 bins=4 as=e");
    close_to(o, "missed", (double)thin);
    close_to(o, "over", (double)shell);
    close_to(o, "under", 0);
    close_to(o, "false", 0);
    close_to(o, "lost_branch_points", 0);
    const cJSON *small = row_of(o, "by_radius", 0), *large = row_of(o, "by_radius", 1);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(cJSON_GetObjectItem(o, "result"), "by_radius")), 2);
    assert_true(cell(small, "from_vox") == 0 && cell(small, "to_vox") == 3 && cell(large, "from_vox") == 3 && cell(large, "to_vox") == 10);
    assert_true(cell(small, "voxels") == (double)thin && cell(small, "recall") == 0 && cell(small, "recall_length") == 0);
    assert_true(cell(small, "missed") == (double)thin && cell(large, "missed") == 0);
    assert_true(cell(large, "voxels") == (double)thick && cell(large, "recall") == 1 && cell(large, "recall_length") == 1);
    assert_true(cell(large, "pred_voxels") == (double)(thick + shell) && cell(large, "over") == (double)shell && cell(large, "false") == 0);
    assert_float_equal(cell(large, "precision"), (double)thick / (double)(thick + shell), 1e-15);
    assert_true(cell(large, "precision_length") == 1 && cell(small, "pred_voxels") == 0 && isnan(cell(small, "precision")));
    assert_float_equal(cell(small, "length_vox"), 70, 4);          /* to the ends of the volume, which a skeleton need not reach */
    const cJSON *none = row_of(o, "by_branch", 0);                 /* no branch points: all of it lies infinitely far */
    assert_true(isnan(cell(none, "from_vox")) && cell(none, "voxels") == (double)(thin + thick));
    const cJSON *first = row_of(o, "by_depth", 0), *second = row_of(o, "by_depth", 1), *last = row_of(o, "by_depth", 3);
    assert_true(cell(first, "from_vox") == 0 && cell(first, "to_vox") == 12 && cell(last, "to_vox") == 50);
    assert_true(cell(first, "voxels") == (double)thick_at[0] && cell(second, "voxels") == (double)thick_at[1]);
    assert_true(cell(first, "over") + cell(second, "over") == (double)shell && cell(last, "over") == 0 && cell(last, "missed") == (double)thin);
    assert_true(cell(last, "dice") == 0 && isnan(cell(last, "precision")));
    cJSON_Delete(o);
}

static void the_error_map_is_made_again_from_its_recipe(void **state)
{
    (void)state;
    mask("t", 61, 40, 33, NULL, mask_sheet, 5);
    mask("p", 61, 40, 33, NULL, mask_sheet, 3);
    mask("g", 61, 40, 33, NULL, upper, 20);
    cJSON *o = session_json_of("roi 3:59,2:37,1:30; metrics p t ignore=g as=e");
    int64_t count[5] = { 0 };
    for (int again = 0; again < 2; again++) {
        struct vn_obj *e = vn_session_get(s, "e");
        struct vn_vol *v = NULL;
        assert_non_null(e);
        assert_int_equal(vn_obj_vol(s, e, &v, NULL, &err), 0);
        assert_true(v->kind == VN_LABELS && v->box.lo[0] == 3 && v->box.hi[2] == 30);
        const struct vn_buf b = vn_vol_data(v);
        for (int64_t i = 0; i < 56 * 35 * 29; i++) {
            const int64_t x = 3 + i % 56, y = 2 + i / 56 % 35, z = 1 + i / 56 / 35;
            const bool in_p = z < 20 && mask_sheet(x, y, z, 3), in_t = z < 20 && mask_sheet(x, y, z, 5);
            const uint8_t is = ((const uint8_t *)b.data)[vn_buf_at(&b, x, y, z)];
            assert_true(in_p == in_t ? is == 0 : in_p ? is == 2 || is == 3 : is == 1 || is == 4);
            count[is] += !again;
        }
        vn_vol_unref(v);
        vn_obj_unref(e);
        vn_session_evict_all(s);
    }
    assert_true(vn_session_n_remade(s) > 0);
    close_to(o, "under", (double)count[1]);
    close_to(o, "over", (double)count[2]);
    close_to(o, "false", (double)count[3]);
    close_to(o, "missed", (double)count[4]);
    close_to(o, "fp", (double)(count[2] + count[3]));
    close_to(o, "fn", (double)(count[1] + count[4]));
    cJSON_Delete(o);
    cJSON_Delete(session_json_of("roi off; show t; overlay e"));
    struct vn_shown d = { .has_roi = false };
    assert_int_equal(vn_shown_get(s, &d, NULL, &err), 0);
    assert_int_equal(d.n_legend, 4);                    /* what the viewer writes beside the map, in the colour of each label */
    assert_string_equal(d.legend[0].name, "under");
    assert_string_equal(d.legend[3].name, "missed");
    for (int i = 0; i < 4; i++)
        assert_int_equal(vn_tint_color(d.legend[i].tint), vn_label_color((uint32_t)i + 1));
    vn_shown_free(&d);
}

/* Three straight vessels of radius 3 um meet: each has 4, 4, 8 and 16 um of centreline in the first four strata, less or more where
 * the places of the centreline and the branch point are not exact. */
static void ways_to_a_branch_point_are_those_of_three_vessels(void **state)
{
    (void)state;
    static const double way[4] = { 4, 4, 8, 16 };
    cJSON *o = session_json_of("phantom ybranch dims=96x96x48 voxel=1um radius=3um as=y; calc 'x < 48 ? 0 : a' a=y_mask kind=mask as=p; metrics p y_mask full");
    double voxels = 0;
    for (int i = 0; i < 4; i++)
        assert_float_equal(cell(row_of(o, "by_branch", i), "length_um"), 3 * way[i], 0.03 * 3 * way[i]);
    assert_float_equal(cell(row_of(o, "by_branch", 3), "voxels"), 3 * 16 * 3.1416 * 9, 0.05 * 3 * 16 * 3.1416 * 9);
    for (int i = 0; i < 5; i++)
        voxels += cell(row_of(o, "by_branch", i), "voxels");
    close_to(o, "tp", voxels - session_number(o, "fn"));               /* every voxel of the truth belongs somewhere */
    cJSON_Delete(o);
}

/* The phantom knows where it broke its vessels: as many breaks, and most of them along z where its vessels run so. */
static void breaks_are_those_that_a_phantom_made(void **state)
{
    (void)state;
    cJSON *o = session_json_of("phantom network dims=160x160x96 voxel=1um seed=4 loops=0.3 breaks=40 gap=7:9 as=v; threshold v low=100 as=p;"
                               "metrics p v_mask full");
    close_to(o, "breaks", 40);
    close_to(o, "false_branches", 0);
    close_to(o, "lost_branch_points", 0);
    const double n_z = session_number(o, "breaks_z");
    struct vn_obj *b = vn_session_get(s, "v_breaks");
    struct vn_table *t = NULL;
    assert_non_null(b);
    assert_int_equal(vn_obj_table(s, b, &t, NULL, &err), 0);
    const int dz = vn_table_find(t, "direction_z");
    int surely = 0, perhaps = 0;                        /* beyond 45 degrees by 5 either way */
    for (int64_t i = 0; i < t->n_row; i++) {
        surely += fabs(t->col[dz].num[i]) > 0.766;
        perhaps += fabs(t->col[dz].num[i]) > 0.643;
    }
    assert_true(n_z >= surely && n_z <= perhaps && surely > 0);
    vn_table_unref(t);
    vn_obj_unref(b);
    cJSON_Delete(o);
}

static void labels_are_compared_one_by_one(void **state)
{
    (void)state;
    mask("t", 70, 41, 50, NULL, rods, 3);
    cJSON *o = session_json_of("components t as=l; calc a*2 a=l kind=labels as=d; metrics d l labels as=e");
    /* components: 1 thick, 2 thin; d: 2 thick, 4 thin.  No label but 0 agrees. */
    const cJSON *res = cJSON_GetObjectItem(o, "result"), *back = row_of(o, "by_label", 0), *two = row_of(o, "by_label", 2);
    int64_t thin = 0, thick = 0;
    for (int64_t z = 0; z < 50; z++)
        for (int64_t y = 0; y < 41; y++) {
            thin += 70 * rods(0, y, z, 2);
            thick += 70 * rods(0, y, z, 1);
        }
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(res, "by_label")), 4);
    assert_true(cell(back, "label") == 0 && cell(back, "iou") == 1);
    assert_true(cell(two, "label") == 2 && cell(two, "truth") == (double)thin && cell(two, "pred") == (double)thick && cell(two, "both") == 0);
    close_to(o, "classes", 4);
    close_to(o, "mean_accuracy", 1.0 / 3);
    close_to(o, "mean_iou", 1.0 / 4);
    close_to(o, "dice", 1);
    cJSON_Delete(o);
    o = session_json_of("metrics d l");
    says(o, "label by label");
    cJSON_Delete(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_real_mask_as_other_programs_measure_it, session_json, session_stop),
        cmocka_unit_test_setup_teardown(slabs_with_anisotropic_voxels, session_json, session_stop),
        cmocka_unit_test_setup_teardown(a_region_gives_what_its_crop_gives, session_json, session_stop),
        cmocka_unit_test_setup_teardown(ignored_voxels_count_nowhere, session_json, session_stop),
        cmocka_unit_test_setup_teardown(empty_masks_give_null_and_say_so, session_json, session_stop),
        cmocka_unit_test_setup_teardown(what_cannot_be_compared_is_refused, session_json, session_stop),
        cmocka_unit_test_setup_teardown(odd_volumes_are_measured_too, session_json, session_stop),
        cmocka_unit_test_setup_teardown(errors_go_by_radius_and_depth, session_json, session_stop),
        cmocka_unit_test_setup_teardown(the_error_map_is_made_again_from_its_recipe, session_json, session_stop),
        cmocka_unit_test_setup_teardown(ways_to_a_branch_point_are_those_of_three_vessels, session_json, session_stop),
        cmocka_unit_test_setup_teardown(breaks_are_those_that_a_phantom_made, session_json, session_stop),
        cmocka_unit_test_setup_teardown(labels_are_compared_one_by_one, session_json, session_stop),
    };
    static const char *const left[] = { "p", "t", "g", "e", "q", "w", "one", "pred" };
    vn_mem_init(0);
    if (vn_job_init(2, &err) || !mkdtemp(dir))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    for (size_t i = 0; i < VN_COUNT(left); i++) {
        char path[200];
        snprintf(path, sizeof path, "%s/%s.tif", dir, left[i]);
        remove(path);
    }
    rmdir(dir);
    vn_job_exit();
    return rc;
}
