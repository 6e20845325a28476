/* cmd_open.c - "open": a file as a volume; reads its header only. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "call.h"
#include "io.h"
#include "remember.h"

static const struct vn_param params[] = {
    { "path", VN_P_PATH, VN_POS | VN_REQ | VN_FILE, .help = "TIFF, PNG, NIfTI, Analyze, NRRD, MetaImage, NumPy or run-length file, one without a header, or a folder of slices" },
    { "as", VN_P_NAME, 0, .help = "name of the volume; by default the file's name without its ending" },
    { "voxel", VN_P_VOXEL, 0, .unit = "um", .help = "voxel size to use instead of the file's: 0.35x0.35x1um" },
    { "channel", VN_P_INT, 0, .min = 0, .max = 65535, .def = "0", .help = "channel, 0 is the first; samples of a pixel count as channels" },
    { "time", VN_P_INT, 0, .min = 0, .max = 16777215, .def = "0", .help = "time point, 0 is the first" },
    { "dims", VN_P_REALS, 0, .min = 1, .max = 1e9, .unit = "voxels", .help = "a file without a header: x,y,z" },
    { "type", VN_P_CHOICE, 0, .choices = "u8|u16|u32|i8|i16|i32|f32|f64", .help = "a file without a header: type of its voxels" },
    { "offset", VN_P_INT, 0, .min = 0, .max = 1e15, .def = "0", .unit = "bytes", .help = "a file without a header: bytes before the first voxel" },
    { "big_endian", VN_P_FLAG, 0, .help = "a file without a header: high byte first" },
    { "kind", VN_P_CHOICE, 0, .choices = "image|mask|labels|prob", .help = "what the voxels mean; mask: nonzero becomes 1" },
    { 0 },
};

/* The file's name without folder and ending, with what a name cannot hold turned into '_'. */
void vn_stem_name(const char *path, char out[64])
{
    size_t n = strlen(path), k = 0;

    for (; n > 0 && path[n - 1] == '/'; n--)                /* a folder */
        ;
    const char *base = memrchr(path, '/', n);
    base = base ? base + 1 : path;
    n -= (size_t)(base - path);
    if (n > 3 && strcmp(base + n - 3, ".gz") == 0)
        n -= 3;
    for (size_t i = n; i > 1; i--)
        if (base[i - 1] == '.') {
            n = i - 1;
            break;
        }
    if (n > 4 && strncmp(base + n - 4, ".ome", 4) == 0)
        n -= 4;
    if (n == 0 || !(isalpha((unsigned char)base[0]) || base[0] == '_'))
        out[k++] = '_';
    for (size_t i = 0; i < n && k < 56; i++) {
        unsigned char ch = (unsigned char)base[i];
        out[k] = ch < 128 && (isalnum(ch) || strchr("_.-", ch)) ? (char)ch : '_';
        k += out[k] != '_' || k == 0 || out[k - 1] != '_';
    }
    out[k] = 0;
}

static void note(void *ctx, const char *text) { vn_call_note(ctx, "%s", text); }

/* dims=, type=: given together or not at all. */
static int raw_layout(const struct vn_args *a, int64_t dims[3], struct vn_err *err)
{
    const struct vn_arg *d = vn_arg(a, "dims");

    if (!d->has != !vn_args_has(a, "type"))
        return vn_fail(err, VN_E_ARG, "a file without a header needs both: dims=X,Y,Z type=u8");
    if (!d->has && (vn_args_given(a, "offset") || vn_args_given(a, "big_endian")))
        return vn_fail(err, VN_E_ARG, "offset and big_endian are for files without a header, with dims=X,Y,Z type=u8");
    if (d->has && d->i != 3)
        return vn_fail(err, VN_E_ARG, "dims=%s: three numbers are needed, X,Y,Z", d->s);
    for (int k = 0; d->has && k < 3; k++) {
        if (!(d->d[k] >= 1 && d->d[k] <= 1e9 && d->d[k] == (double)(int64_t)d->d[k]))
            return vn_fail(err, VN_E_ARG, "dims=%s: whole numbers from 1 to 1000000000 are needed", d->s);
        dims[k] = (int64_t)d->d[k];
    }
    return 0;
}

/* Interactively, the voxel size that was given to this file before. *v is replaced, and the journal will hold the size. */
static int recall(struct vn_call *c, const char *path, struct vn_vol **v, struct vn_err *err)
{
    double um[3];
    char text[100], num[3][32];

    if (c->remake || !vn_runner_opt(c->r)->remember || vn_um_known(&(*v)->grid) || !vn_recall_voxel(path, um))
        return 0;
    snprintf(text, sizeof text, "%sx%sx%sum", vn_text_real(um[0], num[0]), vn_text_real(um[1], num[1]), vn_text_real(um[2], num[2]));
    struct vn_vol *header = vn_vol_header(*v, um, (*v)->kind, err);
    int rc = header ? vn_args_set(&c->args, "voxel", text, err) : VN_E_MEMORY;
    vn_vol_unref(*v);
    *v = header;
    if (rc)
        vn_vol_unref(header);
    else
        vn_call_note(c, "the file does not say its voxel size; %s is what it was given before", text);
    return rc;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    int64_t dims[3];
    const struct vn_open_opt opt = {
        .channel = (int)vn_args_int(&c->args, "channel"),
        .time = (int)vn_args_int(&c->args, "time"),
        .um = vn_args_has(&c->args, "voxel") ? vn_arg(&c->args, "voxel")->d : NULL,
        .kind = vn_args_text(&c->args, "kind"),
        .dims = vn_args_has(&c->args, "dims") ? dims : NULL,
        .type = vn_args_text(&c->args, "type"),
        .offset = (uint64_t)vn_args_int(&c->args, "offset"),
        .big_endian = vn_args_flag(&c->args, "big_endian"),
        .note = note,
        .note_ctx = c,
    };
    const char *path = vn_args_text(&c->args, "path");
    struct vn_vol *v;
    char stem[64];
    int rc = raw_layout(&c->args, dims, err);

    if (rc || (rc = vn_io_open(path, &opt, &v, err)) || (rc = recall(c, path, &v, err)))
        return rc;
    if (!c->as[0]) {
        vn_stem_name(path, stem);
        vn_name_free_one(c->s, stem, c->as);
    }
    vn_res_volume(c, v);
    if (v->n_channel > 1 && !vn_args_given(&c->args, "channel"))
        vn_call_note(c, "the file has %d channels; this is the first (channel=0)", v->n_channel);
    if (v->n_time > 1 && !vn_args_given(&c->args, "time"))
        vn_call_note(c, "the file has %d time points; this is the first (time=0)", v->n_time);
    if (!vn_um_known(&v->grid))
        vn_call_note(c, "the file does not say its voxel size: lengths are in voxels until 'set %s voxel=XxYxZum'",
                     vn_args_given(&c->args, "as") ? vn_args_text(&c->args, "as") : c->as);
    if (v->orientation)
        vn_res_text(c, "orientation", v->orientation);
    return vn_call_output(c, 0, "", v->kind, v, err);
}

const struct vn_cmd vn_cmd_open = { "open", "open a file as a volume", params, VN_CMD_MAKES, exec, NULL };
