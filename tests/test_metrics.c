/* metrics as a command: a real mask against scikit-image, surface-distance and cc3d; regions, ignored voxels, empty masks,
 * anisotropic voxels, refusals. */
#include "masks.h"                       /* first: its functions have an argument s */
#include "session.h"
#include <unistd.h>

#include "io.h"

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
    cJSON *o = session_json_of("roi 11:50,5:37,2:30; metrics p t");
    char *whole = cJSON_PrintUnformatted(cJSON_GetObjectItem(o, "result"));
    cJSON_Delete(o);
    vn_job_set_threads(4);
    o = session_json_of("metrics p t");
    char *four = cJSON_PrintUnformatted(cJSON_GetObjectItem(o, "result"));
    assert_string_equal(whole, four);
    vn_job_set_threads(1);
    cJSON_Delete(o);
    o = session_json_of("metrics p t");
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
    mask("one", 1, 1, 1, NULL, slab_to, 1);
    o = session_json_of("metrics one one");
    close_to(o, "dice", 1);
    close_to(o, "betti0_error", 0);
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
