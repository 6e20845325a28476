/* raw_save.c - bytes and voxels to a file; gzip on the way when asked for. */
#include "raw_save.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>
#include "file.h"
#include "mem.h"

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

enum vn_type vn_raw_save_type(const struct vn_vol *v)
{
    return v->kind == VN_MASK || v->kind == VN_SKELETON ? VN_U8 : v->src->type;
}

static int write_voxels(struct vn_vol *v, struct writer *w, struct vn_job *job, struct vn_err *err)
{
    const struct vn_box *box = &v->box;
    const enum vn_type type = vn_raw_save_type(v);
    const int64_t dim[3] = { vn_box_dim(box, 0), vn_box_dim(box, 1), vn_box_dim(box, 2) };
    const double room = 16e6, row = (double)dim[0] * (double)vn_type_size(type), page = row * (double)dim[1];
    int64_t deep = page >= room ? 1 : vn_max64(1, vn_min64(dim[2], (int64_t)(room / page)));
    int64_t high = page > room ? vn_max64(1, (int64_t)(room / row)) : dim[1];
    bool flat = v->kind == VN_MASK || v->kind == VN_SKELETON;
    int rc = 0;

    for (int64_t z = 0; !rc && z < dim[2]; z += deep)
        for (int64_t y = 0; !rc && y < dim[1]; y += high) {
            struct vn_box part = { { box->lo[0], box->lo[1] + y, box->lo[2] + z },
                                   { box->hi[0], box->lo[1] + vn_min64(y + high, dim[1]),
                                   box->lo[2] + vn_min64(z + deep, dim[2]) } };
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

int vn_raw_save(struct vn_vol *v, const char *path, bool force, const struct vn_raw_out *o, struct vn_job *job,
                struct vn_err *err)
{
    struct vn_file *f = NULL;
    int rc;

    struct writer *w = vn_calloc(1, sizeof *w, err);
    if (!w)
        return VN_E_MEMORY;
    w->path = path;
    if (o->gz && deflateInit2(&w->z, 4, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        vn_free(w);
        return vn_fail(err, VN_E_MEMORY, "no memory to write gzip");
    }
    f = vn_file_begin(path, force, err);
    rc = f ? 0 : err && err->code ? err->code : VN_E_IO;
    if (!rc) {
        w->f = vn_file_stream(f);
        rc = put(w, o->plain, o->n_plain, false, err);
        w->gz = o->gz;
    }
    if (!rc)
        rc = put(w, o->lead, o->n_lead, false, err);
    if (!rc)
        rc = write_voxels(v, w, job, err);
    if (o->gz)
        deflateEnd(&w->z);
    vn_free(w);
    if (f && rc)
        vn_file_abort(f);
    else if (f)
        rc = vn_file_commit(f, err);
    return rc;
}
