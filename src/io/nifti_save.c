/* nifti_save.c - header, extension, voxels; gzip on the way when asked for. */
#include "nifti_save.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>
#include "file.h"
#include "mem.h"
#include "nifti_hdr.h"
#include "note.h"

struct writer {
    FILE *f;
    const char *path;
    bool gz;
    z_stream z;
    unsigned char out[65536];
};

static int put(struct writer *w, const void *p, size_t n, bool last, struct vn_err *err)
{
    if (!w->gz) {
        if (n && fwrite(p, 1, n, w->f) != n)
            return vn_fail(err, VN_E_IO, "cannot write '%s': %s", w->path, strerror(errno));
        return 0;
    }
    w->z.next_in = (unsigned char *)p;
    w->z.avail_in = (uInt)n;
    do {
        w->z.next_out = w->out;
        w->z.avail_out = sizeof w->out;
        deflate(&w->z, last ? Z_FINISH : Z_NO_FLUSH);
        size_t made = sizeof w->out - w->z.avail_out;
        if (made && fwrite(w->out, 1, made, w->f) != made)
            return vn_fail(err, VN_E_IO, "cannot write '%s': %s", w->path, strerror(errno));
    } while (w->z.avail_out == 0);
    return 0;
}

/* Matrix of the file v came from, when its voxel size is still that; moved to the first voxel of the box. */
static bool own_affine(const struct vn_vol *v, int *code, double m[3][4])
{
    const char *p = v->orientation ? strstr(v->orientation, "form ") : NULL, *mm = v->orientation ? strstr(v->orientation, "mm:") : NULL;

    if (!p || !mm || !vn_um_known(&v->grid) || sscanf(p, "form %d", code) != 1 ||
        sscanf(mm, "mm: %lf %lf %lf %lf; %lf %lf %lf %lf; %lf %lf %lf %lf", &m[0][0], &m[0][1], &m[0][2], &m[0][3],
               &m[1][0], &m[1][1], &m[1][2], &m[1][3], &m[2][0], &m[2][1], &m[2][2], &m[2][3]) != 12)
        return false;
    for (int k = 0; k < 3; k++) {
        double len = sqrt(m[0][k] * m[0][k] + m[1][k] * m[1][k] + m[2][k] * m[2][k]), want = v->grid.um[k] * 1e-3;
        if (!(fabs(len - want) < 1e-3 * want))
            return false;
    }
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++)
            m[i][3] += m[i][k] * (double)v->box.lo[k];
    return true;
}

static void fill_header(const struct vn_vol *v, enum vn_type type, const char *note, uint64_t offset, struct vn_nifti *h)
{
    static const int code[] = { 2, 512, 768, 256, 4, 8, 16, 64 };
    bool known = vn_um_known(&v->grid);

    *h = (struct vn_nifti) { .version = 1, .ndim = 3, .datatype = code[type], .bitpix = (int)vn_type_size(type) * 8, .slope = 1, .qfac = 1,
                             .offset = offset, .units = known ? 2 : 0, .intent = v->kind == VN_LABELS ? 1002 : 0, .scode = 1 };
    for (int i = 0; i < 7; i++) {
        h->dim[i] = i < 3 ? vn_box_dim(&v->box, i) : 1;
        h->pix[i] = i < 3 && known ? v->grid.um[i] * 1e-3 : 1;
        if (h->dim[i] > 32767)
            h->version = 2;
    }
    if (!own_affine(v, &h->scode, h->srow)) {
        h->scode = 1;
        memset(h->srow, 0, sizeof h->srow);
        for (int k = 0; k < 3; k++) {
            h->srow[k][k] = h->pix[k];
            h->srow[k][3] = h->pix[k] * (double)v->box.lo[k];
        }
    }
    snprintf(h->descrip, sizeof h->descrip, "Venule %s%s%s", VN_VERSION, note ? ": " : "", note ? note : "");
}

static int write_header(const struct vn_vol *v, enum vn_type type, const char *note, struct writer *w, struct vn_err *err)
{
    unsigned char head[VN_NIFTI2_SIZE], ext[12] = { 1, 0, 0, 0 };
    struct vn_str text = { 0 };
    struct vn_nifti h;

    vn_note_print(v, note, &text);
    while (!text.failed && (text.n + 8) % 16)
        vn_str_addn(&text, "", 1);                       /* the extension's size is a multiple of 16 */
    if (text.failed) {
        vn_str_free(&text);
        return vn_fail(err, VN_E_MEMORY, "no memory to describe '%s'", w->path);
    }
    uint32_t esize = (uint32_t)text.n + 8, ecode = 6;
    fill_header(v, type, note, 0, &h);
    h.offset = (h.version == 1 ? VN_NIFTI1_SIZE : VN_NIFTI2_SIZE) + 4 + esize;
    size_t n = vn_nifti_encode(&h, head);
    memcpy(ext + 4, &esize, 4);
    memcpy(ext + 8, &ecode, 4);
    int rc = put(w, head, n, false, err);
    if (!rc)
        rc = put(w, ext, sizeof ext, false, err);
    if (!rc)
        rc = put(w, text.s, text.n, false, err);
    vn_str_free(&text);
    return rc;
}

static int write_voxels(struct vn_vol *v, enum vn_type type, struct writer *w, struct vn_job *job, struct vn_err *err)
{
    const struct vn_box *box = &v->box;
    const int64_t dim[3] = { vn_box_dim(box, 0), vn_box_dim(box, 1), vn_box_dim(box, 2) };
    const double room = 16e6, row = (double)dim[0] * (double)vn_type_size(type), page = row * (double)dim[1];
    int64_t deep = page >= room ? 1 : vn_max64(1, vn_min64(dim[2], (int64_t)(room / page)));
    int64_t high = page > room ? vn_max64(1, (int64_t)(room / row)) : dim[1];
    bool flat = v->kind == VN_MASK || v->kind == VN_SKELETON;
    int rc = 0;

    for (int64_t z = 0; !rc && z < dim[2]; z += deep)
        for (int64_t y = 0; !rc && y < dim[1]; y += high) {
            struct vn_box part = { { box->lo[0], box->lo[1] + y, box->lo[2] + z },
                                   { box->hi[0], box->lo[1] + vn_min64(y + high, dim[1]), box->lo[2] + vn_min64(z + deep, dim[2]) } };
            struct vn_buf b = { 0 };
            rc = vn_buf_new(&b, type, &part, err);
            if (!rc)
                rc = vn_vol_read(v, VN_PAD_ZERO, &b, job, err);
            uint64_t n = vn_box_count(&part) * vn_type_size(type);
            unsigned char *p = b.data;
            for (uint64_t i = 0; !rc && flat && i < n; i++)
                p[i] = p[i] != 0;
            for (uint64_t i = 0; !rc && i < n; i += 1 << 20)
                if (!(rc = vn_job_check(job, err)))
                    rc = put(w, p + i, n - i < 1 << 20 ? n - i : 1 << 20, false, err);
            vn_buf_free(&b);
            vn_job_step(job, (uint64_t)(z * dim[1] + vn_min64(y + high, dim[1]) * deep), (uint64_t)(dim[1] * dim[2]));
        }
    return rc ? rc : put(w, "", 0, true, err);
}

int vn_nifti_save(struct vn_vol *v, const char *path, const struct vn_save_opt *opt, struct vn_job *job, struct vn_err *err)
{
    enum vn_type type = v->kind == VN_MASK || v->kind == VN_SKELETON ? VN_U8 : v->src->type;
    size_t n = strlen(path);
    struct vn_file *f = NULL;
    int rc;

    if (opt->compress)
        return vn_fail(err, VN_E_ARG, "compress=%s: NIfTI files are compressed by their name, .nii or .nii.gz", opt->compress);
    struct writer *w = vn_calloc(1, sizeof *w, err);
    if (!w)
        return VN_E_MEMORY;
    w->path = path;
    w->gz = n > 3 && strcmp(path + n - 3, ".gz") == 0;
    if (w->gz && deflateInit2(&w->z, 4, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        vn_free(w);
        return vn_fail(err, VN_E_MEMORY, "no memory to write gzip");
    }
    f = vn_file_begin(path, opt->force, err);
    rc = f ? 0 : err && err->code ? err->code : VN_E_IO;
    if (!rc) {
        w->f = vn_file_stream(f);
        rc = write_header(v, type, opt->note, w, err);
    }
    if (!rc)
        rc = write_voxels(v, type, w, job, err);
    if (w->gz)
        deflateEnd(&w->z);
    vn_free(w);
    if (f && rc)
        vn_file_abort(f);
    else if (f)
        rc = vn_file_commit(f, err);
    return rc;
}
