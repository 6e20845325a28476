/* Files of others, whole and cut: every TIFF, NIfTI, NRRD, MetaImage and NumPy file under ../shared/data is opened and
 * read, and so are copies of some cut at every sixteenth of their length.  Nothing may crash, leak (address sanitizer) or print; an error has a message.
 * Checksums of voxels were made with tifffile 2024 and nibabel 5 (zlib.crc32 of the C-ordered array). */
#include "io.h"
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <cmocka.h>
#include "job.h"
#include "mem.h"

#define DATA "../shared/data/"
static struct vn_err err;
static long n_read, n_refused;

static bool big(const struct vn_vol *v) { return vn_box_count(&v->box) * vn_type_size(v->src->type) > 60000000; }

/* Opens and reads all of it, or its first planes. Returns 0 or the error, which must have words. */
static int try_file(const char *path, uint32_t *crc)
{
    const struct vn_open_opt o = { 0 };
    struct vn_vol *v = NULL;
    struct vn_buf b = { 0 };

    err.msg[0] = 0;
    int rc = vn_io_open(path, &o, &v, &err);
    if (!rc) {
        struct vn_box box = v->box;
        if (big(v)) {
            box.hi[2] = box.lo[2] + 1;
            box.hi[1] = vn_min64(box.hi[1], box.lo[1] + 256);
            box.hi[0] = vn_min64(box.hi[0], box.lo[0] + 4096);
        }
        rc = vn_buf_new(&b, v->src->type, &box, &err);
        if (!rc)
            rc = vn_vol_read(v, VN_PAD_ZERO, &b, NULL, &err);
        if (!rc && crc)
            *crc = (uint32_t)crc32(0, b.data, (uInt)(vn_box_count(&box) * vn_type_size(b.type)));
        vn_buf_free(&b);
        vn_vol_unref(v);
    }
    assert_true(rc <= 0);
    assert_true(rc == 0 || strlen(err.msg) > 10);
    assert_true(rc != VN_E_INTERNAL);
    return rc;
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *w)
{
    const char *dot = strrchr(path, '.');
    (void)st, (void)w;
    if (type != FTW_F)
        return 0;
    if (strstr(path, "/tiff/") || strstr(path, "/nifti/") ||
        (dot && (strcasecmp(dot, ".tif") == 0 || strcasecmp(dot, ".tiff") == 0 || strcasecmp(dot, ".gz") == 0 || strcasecmp(dot, ".nii") == 0 ||
                 strcasecmp(dot, ".nrrd") == 0 || strcasecmp(dot, ".mha") == 0 || strcasecmp(dot, ".npy") == 0)))
        *(try_file(path, NULL) ? &n_refused : &n_read) += 1;
    return 0;
}

static void every_file(void **state)
{
    (void)state;
    if (access(DATA "tiff", R_OK))
        skip();
    assert_int_equal(nftw(DATA, visit, 16, FTW_PHYS), 0);
    print_message("%ld files read, %ld refused\n", n_read, n_refused);
    assert_true(n_read > 300);
}

/* Voxels as other programs read them. */
static void known_voxels(void **state)
{
    static const struct { const char *path; uint32_t crc; } list[] = {
        { "lightsheet_brain/raw.tif", 0xee4a91fc },
        { "lightsheet_brain/mask.tif", 0x558f7e3b },
        { "twophoton_brain/capillaries_raw.tif", 0xa7e18f69 },
        { "twophoton_brain/pial_mask.tif", 0xac4ae248 },
        { "phantom/seven_vessel_noisy_3d.tif", 0x4cac1920 },
        { "skeletons/skimage/src/_skimage2/data/_blobs_3d_fiji_skeleton.tif", 0x5e9d09c5 },
        { "skeletons/skimage/src/_skimage2/data/chessboard_GRAY_U16B.tif", 0x8edc837b },
        { "tiff/fuzz_and_odd/tests/images/int16_zstd.tif", 0xe7175fc6 },
        { "tiff/fuzz_and_odd/tests/images/predictor-3-gray-f32.tif", 0x0132e826 },
        { "tiff/fuzz_and_odd/tests/images/12bit.cropped.tiff", 0xd78c75cd },
        { "tiff/every_layout/TestCase/tiger-minisblack-tile-16.tif", 0x458b0ef1 },
        { "tiff/every_layout/TestCase/tiger-minisblack-float-strip-64.tif", 0xc61771c4 },
        { "tiff/every_layout/TestCase/tiger-minisblack-strip-04.tif", 0x83f8bc9f },
        { "nifti/odd/nibabel/tests/data/anatomical.nii", 0xf5071113 },
        { "nifti/empty_gz/test/data/example_nifti2.nii.gz", 0x10b09929 },
        { "phantom/vessap_tubes_label.nii.gz", 0xc1c3b5d8 },
        { "spine_ct/sub-ct_label-22_ct.nii.gz", 0x244bf467 },
        { "nifti/odd/nibabel/tests/data/example4d.nii.gz", 0x1fc30152 },
        { "mra/avf_float_32.nii.gz", 0x817784e5 },
    };
    (void)state;
    if (access(DATA "tiff", R_OK))
        skip();
    for (size_t i = 0; i < VN_COUNT(list); i++) {
        char path[400];
        uint32_t crc = 0;
        snprintf(path, sizeof path, DATA "%s", list[i].path);
        if (try_file(path, &crc))
            fail_msg("%s", err.msg);
        if (crc != list[i].crc)
            fail_msg("%s: checksum %08x, should be %08x", path, crc, list[i].crc);
    }
}

static void cut_copies(void **state)
{
    static const char *const list[] = {
        "lightsheet_brain/raw.tif", "twophoton_brain/pial_mask.tif", "tiff/fuzz_and_odd/tests/images/int16_zstd.tif",
        "tiff/fuzz_and_odd/tests/images/bigtiff/BigTIFF.tif", "tiff/every_layout/TestCase/tiger-rgb-tile-planar-16.tif",
        "tiff/ome_multifile/packages/loaders/tests/fixtures/multi-channel.ome.tif", "tiff/fuzz_and_odd/tests/images/tiled-jpeg-rgb-u8.tif",
        "nifti/odd/nibabel/tests/data/anatomical.nii", "nifti/odd/nibabel/tests/data/example4d.nii.gz", "nifti/empty_gz/test/data/example_nifti2.nii.gz",
        "mra/aorta.mha", "mra/avf_float_32.nrrd", "skeletons/skimage/src/_skimage2/data/bw_text_skeleton.npy",
    };
    char copy[] = "/tmp/vn_cut_XXXXXX";
    (void)state;
    if (access(DATA "tiff", R_OK))
        skip();
    int fd = mkstemp(copy);
    for (size_t i = 0; i < VN_COUNT(list); i++) {
        char path[400];
        uint32_t whole = 0, cut = 0;
        snprintf(path, sizeof path, DATA "%s", list[i]);
        assert_int_equal(try_file(path, &whole), 0);
        FILE *f = fopen(path, "rb");
        assert_non_null(f);
        fseek(f, 0, SEEK_END);
        long size = ftell(f);
        char *all = malloc((size_t)size);
        rewind(f);
        assert_int_equal(fread(all, 1, (size_t)size, f), size);
        fclose(f);
        for (int k = 0; k < 16; k++) {
            long n = size / 16 * k;
            assert_int_equal(ftruncate(fd, 0), 0);
            assert_int_equal(pwrite(fd, all, (size_t)n, 0), n);
            if (!try_file(copy, &cut) && cut != whole)             /* the first channel or time point may all be there */
                fail_msg("%s cut to %ld of %ld bytes was read", list[i], n, size);
        }
        free(all);
    }
    close(fd);
    unlink(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_file), cmocka_unit_test(known_voxels), cmocka_unit_test(cut_copies) };
    vn_mem_init(1000000000);
    if (vn_job_init(2, &err))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    vn_job_exit();
    return rc;
}
