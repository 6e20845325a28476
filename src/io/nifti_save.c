/* nifti_save.c - header and extension; raw_save writes them and the voxels. */
#include "nifti_save.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "nifti_hdr.h"
#include "note.h"
#include "orient.h"
#include "raw_save.h"

static void fill_header(const struct vn_vol *v, enum vn_type type, const char *note, uint64_t offset,
                        struct vn_nifti *h)
{
    static const int types[] = { 2, 512, 768, 256, 4, 8, 16, 64 };
    bool known = vn_um_known(&v->grid);

    *h = (struct vn_nifti){ .version = 1,
                            .ndim = 3,
                            .datatype = types[type],
                            .bitpix = (int)vn_type_size(type) * 8,
                            .slope = 1,
                            .qfac = 1,
                            .offset = offset,
                            .units = known ? 2 : 0,
                            .intent = v->kind == VN_LABELS ? 1002 : 0,
                            .scode = 1 };
    for (int i = 0; i < 7; i++) {
        h->dim[i] = i < 3 ? vn_box_dim(&v->box, i) : 1;
        h->pix[i] = i < 3 && known ? v->grid.um[i] * 1e-3 : 1;
        if (h->dim[i] > 32767)
            h->version = 2;
    }
    const char *code = v->orientation ? strstr(v->orientation, "form ") : NULL;
    if (vn_orient_matrix(v, h->srow)) {
        for (int k = 0; k < 3 && !known; k++)
            h->pix[k] =
                sqrt(h->srow[0][k] * h->srow[0][k] + h->srow[1][k] * h->srow[1][k] + h->srow[2][k] * h->srow[2][k]);
        if (code && sscanf(code, "form %d", &h->scode) == 1 && (h->scode < 1 || h->scode > 32767))
            h->scode = 1;
    } else {
        memset(h->srow, 0, sizeof h->srow);
        for (int k = 0; k < 3; k++) {
            h->srow[k][k] = h->pix[k];
            h->srow[k][3] = h->pix[k] * (double)v->box.lo[k];
        }
    }
    snprintf(h->descrip, sizeof h->descrip, "Venule %s%s%s", VN_VERSION, note ? ": " : "", note ? note : "");
}

int vn_nifti_save(struct vn_vol *v, const char *path, const struct vn_save_opt *opt, struct vn_job *job,
                  struct vn_err *err)
{
    unsigned char head[VN_NIFTI2_SIZE], ext[12] = { 1, 0, 0, 0 };
    struct vn_str text = { 0 }, lead = { 0 };
    const size_t len = strlen(path);
    struct vn_nifti h;

    if (opt->compress)
        return vn_fail(err, VN_E_ARG, "compress=%s: NIfTI files are compressed by their name, .nii or .nii.gz",
                       opt->compress);
    vn_note_print(v, opt->note, &text);
    while (!text.failed && (text.n + 8) % 16)
        vn_str_addn(&text, "", 1);                       /* the extension's size is a multiple of 16 */
    const uint32_t esize = (uint32_t)text.n + 8, ecode = 6;
    fill_header(v, vn_raw_save_type(v), opt->note, 0, &h);
    h.offset = (h.version == 1 ? VN_NIFTI1_SIZE : VN_NIFTI2_SIZE) + 4 + esize;
    memcpy(ext + 4, &esize, 4);
    memcpy(ext + 8, &ecode, 4);
    vn_str_addn(&lead, (const char *)head, vn_nifti_encode(&h, head));
    vn_str_addn(&lead, (const char *)ext, sizeof ext);
    if (!text.failed)
        vn_str_addn(&lead, text.s, text.n);
    const struct vn_raw_out o = { .lead = lead.s,
                                  .n_lead = lead.n,
                                  .gz = len > 3 && strcmp(path + len - 3, ".gz") == 0 };
    int rc = text.failed || lead.failed ? vn_fail(err, VN_E_MEMORY, "no memory to describe '%s'", path)
                                        : vn_raw_save(v, path, opt->force, &o, job, err);
    vn_str_free(&text);
    vn_str_free(&lead);
    return rc;
}
