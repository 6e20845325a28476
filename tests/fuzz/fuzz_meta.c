/* fuzz_meta.c - what stands inside a TIFF's description: ImageJ's lines, OME-XML, Venule's note. */
#include "fuzz.h"
#include <string.h>
#include "tiff_meta.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    vn_mem_init(FUZZ_BUDGET);
    return 0;
}

/* Input: text, then bytes: pages, samples, resolution. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct vn_tiff_meta m;
    struct vn_note note;
    struct vn_err err;

    if (n < 3)
        return 0;
    const uint8_t *b = data + n - 3;
    char *text = vn_alloc(n - 2, NULL);
    memcpy(text, data, n - 3);
    text[n - 3] = '\0';
    const struct vn_tiff_facts f = { .path = "a.tif", .description = text, .xres = b[2] / 7.0, .yres = b[2] / 9.0, .resunit = b[2] & 3,
                                     .n_page = 1 + b[0], .w = 9, .h = 8, .samples = 1 + (b[1] & 7),
                                     .companion = b[1] & 8 };
    int rc = vn_tiff_meta_read(&f, &m, &err);
    if (rc) {
        fuzz_check(rc != VN_E_INTERNAL && strlen(err.msg) > 10, "an error without words", err.msg);
    } else {
        fuzz_check(m.nz > 0 && m.nc > 0 && m.nt > 0, "no planes", "");
        for (int k = 0; k < 3; k++)
            fuzz_check(m.um[k] >= 0 && m.um[k] < 1e18, "a voxel size that is none", "");
        /* Every plane is a page of the file, or of ImageJ's one directory for all. */
        const int64_t pages = m.n_file ? INT64_MAX : m.images > f.n_page ? m.images : f.n_page;
        for (int64_t i = 0; i < 64; i++) {
            const int64_t z = i * 7 % m.nz, c = i * 5 % m.nc, t = i * 3 % m.nt, page = vn_tiff_meta_page(&m, z, c, t);
            fuzz_check(page >= 0 && page < pages, "a plane on no page", "");
            if (m.n_file) {
                const int64_t file = m.which[z * m.step_z + c * m.step_c + t * m.step_t];
                fuzz_check(file >= 0 && file < m.n_file, "a plane in no file", "");
            }
        }
        vn_tiff_meta_free(&m);
    }
    char name[300];
    if (vn_ome_companion(text, name, sizeof name))
        fuzz_check(strlen(name) < sizeof name, "a name too long", "");
    if (vn_ome_first_file(text, name, sizeof name))
        fuzz_check(strlen(name) < sizeof name, "a name too long", "");
    const int64_t dims[3] = { 9, 8, 1 + b[0] };
    if (vn_note_parse(text, n - 3, dims, &note))
        for (int k = 0; k < 3; k++)
            fuzz_check(note.origin[k] >= 0 && note.origin[k] + dims[k] <= note.grid[k] && note.um[k] >= 0, "a note that contradicts itself", "");
    vn_free(text);
    return 0;
}
