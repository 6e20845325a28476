/* cmd_save.c - "save": a volume to a TIFF or NIfTI file. */
#include <stdio.h>
#include <sys/stat.h>
#include "cmd.h"
#include "io.h"

static const struct vn_param params[] = {
    { "name", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_VOLUMES, .help = "volume" },
    { "path", VN_P_PATH, VN_POS | VN_REQ | VN_PREF, .help = "file to write; .tif, .tiff, .nii or .nii.gz decides the format" },
    { "compress", VN_P_CHOICE, VN_PREF, .choices = "none|lzw|deflate|zstd|packbits", .help = "TIFF only; default none for images, deflate for others" },
    { "force", VN_P_FLAG, VN_PREF, .help = "replace an existing file" },
    { 0 },
};

static int exec(struct vn_call *c, struct vn_err *err)
{
    const char *path = vn_args_text(&c->args, "path");
    char note[400], key[33];
    struct vn_vol *v;
    struct stat st;
    int rc = vn_call_vol(c, "name", &v, err);

    if (rc || c->remake)
        return rc;
    vn_key_hex(v->key, key);
    struct vn_obj *o = vn_arg(&c->args, "name")->obj;
    snprintf(note, sizeof note, "%.300s (key %s)", o->line ? o->line : "", key);
    const struct vn_save_opt opt = { .compress = vn_args_text(&c->args, "compress"), .force = vn_args_flag(&c->args, "force"), .note = note };
    if ((rc = vn_io_save(v, path, &opt, c->job, err)))
        return rc;
    vn_res_text(c, "path", path);
    vn_res_int(c, "bytes", stat(path, &st) ? 0 : (int64_t)st.st_size);
    vn_res_volume(c, v);
    return 0;
}

const struct vn_cmd vn_cmd_save = { "save", "write a volume to a file", params, 0, exec, NULL };
