/* cmd_save.c - "save": a volume to a TIFF, NIfTI or NRRD file, a table to CSV. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "edits.h"
#include "io.h"
#include "mem.h"

static const struct vn_param params[] = {
    { "name", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_VOLUMES | VN_TABLE, .help = "volume or table" },
    { "path", VN_P_PATH, VN_POS | VN_REQ | VN_PREF, .help = "file to write; .tif, .tiff, .nii, .nii.gz or .nrrd decides the format; .csv: a table, or run lengths of a mask" },
    { "compress", VN_P_CHOICE, VN_PREF, .choices = "none|lzw|deflate|zstd|packbits", .help = "TIFF: default none for images, deflate for others; NRRD: none or deflate (default)" },
    { "force", VN_P_FLAG, VN_PREF, .help = "replace an existing file" },
    { 0 },
};

static int save_table(struct vn_call *c, const char *path, struct vn_err *err)
{
    const size_t n = strlen(path);
    struct vn_table *t;
    int rc = n > 4 && !strcmp(path + n - 4, ".csv") ? vn_call_table(c, "name", &t, err)
                                                    : vn_fail(err, VN_E_ARG, "'%s': a table is written as .csv", path);
    if (!rc && !(rc = vn_table_write_csv(t, path, vn_args_flag(&c->args, "force"), err))) {
        vn_res_text(c, "path", path);
        vn_res_int(c, "rows", t->n_row);
    }
    return rc;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    const char *path = vn_args_text(&c->args, "path");
    char note[400], key[33];
    struct vn_vol *v;
    struct stat st;
    struct vn_obj *o = vn_arg(&c->args, "name")->obj;

    if (o->kind == VN_TABLE)
        return save_table(c, path, err);
    int rc = vn_call_vol(c, "name", &v, err);
    if (rc)
        return rc;
    vn_key_hex(o->key, key);
    snprintf(note, sizeof note, "%.300s (key %s)", o->line ? o->line : "", key);
    const struct vn_save_opt opt = { .compress = vn_args_text(&c->args, "compress"), .force = vn_args_flag(&c->args, "force"), .note = note };
    struct vn_str edits = { 0 };
    struct vn_vol *told = vn_vol_header(v, NULL, v->kind, err);        /* the same voxels, with their history */
    rc = told ? vn_edits_of(c->s, o, &edits, err) : VN_E_MEMORY;
    if (!rc) {
        vn_free(told->edits);
        told->edits = edits.s;
        edits.s = NULL;
        rc = vn_io_save(told, path, &opt, c->job, err);
    }
    vn_vol_unref(told);
    vn_str_free(&edits);
    if (rc)
        return rc;
    vn_res_text(c, "path", path);
    vn_res_int(c, "bytes", stat(path, &st) ? 0 : (int64_t)st.st_size);
    vn_res_volume(c, v);
    return 0;
}

const struct vn_cmd vn_cmd_save = { "save", "write a volume or a table to a file", params, 0, exec, NULL };
