/* fuzz_volume.c - opens and reads any volume file, saves it again when it is small.
 *
 * An input is the file's bytes, then two bytes: flags (FLAG_*) and the file's name (low half) with the format to save in
 * (high half).  FLAG_RAW takes five more before those: x, y, z, type, offset.  A part behind the bytes "@@@@" is the
 * voxel file of a header (1.raw, a.img), another file of a set (b.tif), or the next slice of a folder. */
#include "fuzz.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include "io.h"

enum { FLAG_CHANNEL = 3, FLAG_TIME = 12, FLAG_GZIP = 16, FLAG_KIND = 32, FLAG_UM = 64, FLAG_RAW = 128 };

static const char *const names[16] = { "a.tif", "a.nii", "a.nii.gz", "a.hdr", "a.nrrd", "a.nhdr", "a.mha", "a.mhd",
                                       "a.npy", "a.png", "png", "tif", "a.dat", "a.raw", "a.seq", "a.ome" };
static const char *const saved[8] = { NULL, "o.tif", "o.nii", "o.nii.gz", "o.nrrd", "o.mha", "o.npy", "o.nhdr" };
static struct vn_err err;
static bool show;                                       /* FUZZ_SHOW: what an input gives */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_start();
    show = getenv("FUZZ_SHOW");
    return mkdir("s", 0700);
}

/* The bytes as a gzip file; compressed files cannot be mutated. */
static void write_gz(const char *name, const uint8_t *data, size_t n)
{
    gzFile f = gzopen(name, "wb1");
    fuzz_check(f && gzwrite(f, data, (unsigned)n) == (int)n && gzclose(f) == Z_OK, "cannot write", name);
}

/* Writes the parts; returns the path to open and fills written[]. */
static const char *write_parts(const uint8_t *data, size_t n, const char *name, bool gz, char written[8][32], int *n_written)
{
    const bool folder = !strchr(name, '.');

    for (int i = 0; i < 8; i++) {
        const uint8_t *mark = memmem(data, n, "@@@@", 4);
        const size_t part = mark ? (size_t)(mark - data) : n;
        char *w = written[(*n_written)++];
        if (folder)
            snprintf(w, 32, "s/%d.%s", i, name);
        else if (i && !strcmp(name, "a.hdr"))
            snprintf(w, 32, "a.img");
        else if (i)
            snprintf(w, 32, !strcmp(name, "a.ome") || !strcmp(name, "a.tif") ? "b.tif" : "%d.raw", i);
        else
            snprintf(w, 32, "%s", name);
        if (gz && (i || (strcmp(name, "a.nhdr") && strcmp(name, "a.mhd"))))   /* headers beside their voxels are plain */
            write_gz(w, data, part);
        else
            fuzz_write(w, data, part);
        if (!mark)
            break;
        n -= part + 4;
        data = mark + 4;
    }
    return folder ? "s" : name;
}

static void check_error(int rc)
{
    if (show)
        fprintf(stderr, "%s\n", err.msg);
    fuzz_check(rc < 0 && rc != VN_E_INTERNAL && err.code == rc && strlen(err.msg) > 10, "an error without words", err.msg);
}

static int read_box(struct vn_vol *v, enum vn_type t, const struct vn_box *box, struct vn_buf *b)
{
    int rc = vn_buf_new(b, t, box, &err);
    if (!rc)
        rc = vn_vol_read(v, VN_PAD_EDGE, b, NULL, &err);
    if (rc) {
        check_error(rc);
        vn_buf_free(b);
    }
    return rc;
}

/* A part read by itself must be the part of the whole. */
static void same_part(struct vn_vol *v, const struct vn_buf *all)
{
    const size_t size = vn_type_size(all->type);
    struct vn_box part = all->box;
    struct vn_buf b;

    for (int k = 0; k < 3; k++) {
        const int64_t d = vn_box_dim(&part, k);
        part.lo[k] += d / 3;
        part.hi[k] -= d / 4;
    }
    if (read_box(v, all->type, &part, &b))
        return;                                         /* holes are errors of the boxes that meet them */
    for (int64_t z = part.lo[2]; z < part.hi[2]; z++)
        for (int64_t y = part.lo[1]; y < part.hi[1]; y++)
            fuzz_check(!memcmp((char *)b.data + (size_t)vn_buf_at(&b, part.lo[0], y, z) * size,
                               (char *)all->data + (size_t)vn_buf_at(all, part.lo[0], y, z) * size,
                               (size_t)vn_box_dim(&part, 0) * size), "a part differs from the whole", "");
    vn_buf_free(&b);
}

static void save_and_open(struct vn_vol *v, const struct vn_buf *all, const char *path)
{
    const struct vn_save_opt so = { .force = true, .note = "fuzz" };
    const struct vn_open_opt oo = { 0 };
    struct vn_vol *w;
    struct vn_buf b;

    int rc = vn_io_save(v, path, &so, NULL, &err);
    if (rc) {
        check_error(rc);
        return;
    }
    fuzz_check(vn_io_open(path, &oo, &w, &err) == 0, "what was saved does not open", err.msg);
    fuzz_check(vn_box_same(&w->box, &v->box) && !memcmp(w->grid.dim, v->grid.dim, sizeof v->grid.dim), "saved with other dimensions", path);
    fuzz_check(w->src->type == v->src->type && w->kind == v->kind, "saved as another type or kind", path);
    if (read_box(w, all->type, &all->box, &b))
        fuzz_check(false, "what was saved does not read", err.msg);
    fuzz_check(!memcmp(b.data, all->data, vn_box_count(&all->box) * vn_type_size(all->type)), "saved with other voxels", path);
    vn_buf_free(&b);
    vn_vol_unref(w);
    unlink(path);
    if (strstr(path, ".nhdr"))
        unlink("o.raw");
}

static void read_some(struct vn_vol *v, const char *save_as)
{
    const uint64_t count = vn_box_count(&v->box), size = vn_type_size(v->src->type);
    struct vn_buf b;

    fuzz_check(count > 0, "an empty volume", "");
    for (int k = 0; k < 3; k++) {
        fuzz_check(v->grid.um[k] >= 0 && v->grid.um[k] < 1e9, "a voxel size that is none", "");
        fuzz_check(v->box.lo[k] >= 0 && v->box.hi[k] <= v->grid.dim[k], "a box outside its grid", "");
    }
    if (count * size <= 1 << 18) {
        if (read_box(v, v->src->type, &v->box, &b))
            return;
        same_part(v, &b);
        if (save_as && count <= 4096)
            save_and_open(v, &b, save_as);
        vn_buf_free(&b);
        return;
    }
    for (int i = 0; i < 3; i++) {                       /* first, middle, last */
        struct vn_box box;
        for (int k = 0; k < 3; k++) {
            const int64_t d = vn_box_dim(&v->box, k), n = vn_min64(d, 16);
            box.lo[k] = v->box.lo[k] + (d - n) / 2 * i;
            box.hi[k] = box.lo[k] + n;
        }
        if (!read_box(v, i == 1 ? VN_F32 : v->src->type, &box, &b))
            vn_buf_free(&b);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const types[8] = { "u8", "u16", "u32", "i8", "i16", "i32", "f32", "f64" };
    static const double um[3] = { 0.5, 1, 2 };
    struct vn_open_opt o = { 0 };
    char written[8][32];
    int n_written = 0;
    int64_t dims[3];
    struct vn_vol *v;

    if (n < 8)
        return 0;
    const unsigned flags = data[n - 2], name = data[n - 1];
    n -= 2;
    if (flags & FLAG_RAW) {
        n -= 5;
        for (int k = 0; k < 3; k++)
            dims[k] = 1 + data[n + (size_t)k];
        o.dims = dims;
        o.type = types[data[n + 3] & 7];
        o.big_endian = data[n + 3] & 8;
        o.offset = data[n + 4];
    }
    o.channel = (int)(flags & FLAG_CHANNEL);
    o.time = (int)(flags & FLAG_TIME) / 4;
    o.kind = flags & FLAG_KIND ? "mask" : NULL;
    o.um = flags & FLAG_UM ? um : NULL;
    const char *path = write_parts(data, n, names[name & 15], flags & FLAG_GZIP, written, &n_written);
    err = (struct vn_err){ 0 };
    int rc = vn_io_open(path, &o, &v, &err);
    if (rc) {
        check_error(rc);
    } else {
        read_some(v, saved[name >> 4 & 7]);
        vn_vol_unref(v);
    }
    for (int i = 0; i < n_written; i++)
        unlink(written[i]);
    return 0;
}
