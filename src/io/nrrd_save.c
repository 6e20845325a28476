/* nrrd_save.c - the text header; raw_save writes it and the voxels. */
#include "nrrd_save.h"
#include <inttypes.h>
#include <string.h>
#include "note.h"
#include "orient.h"
#include "raw_save.h"
#include "text.h"

static void add_vector(struct vn_str *b, const char *before, double x, double y, double z)
{
    char r[3][32];
    vn_str_addf(b, "%s(%s,%s,%s)", before, vn_text_real(x, r[0]), vn_text_real(y, r[1]), vn_text_real(z, r[2]));
}

/* In the space of the file the volume came from, else along the voxel axes from the whole volume's corner. */
static void add_space(struct vn_str *b, const struct vn_vol *v)
{
    double m[3][4] = { { 0 } };
    const bool known = vn_um_known(&v->grid), patient = known && vn_orient_matrix(v, m);

    for (int k = 0; k < 3 && !patient; k++) {
        memset(m[k], 0, sizeof m[k]);
        m[k][k] = known ? v->grid.um[k] : 1;
        m[k][3] = m[k][k] * (double)v->box.lo[k];
    }
    vn_str_add(b, patient ? "space: right-anterior-superior\n" : "space dimension: 3\n");
    vn_str_add(b, "space directions:");
    for (int k = 0; k < 3; k++)
        add_vector(b, " ", m[0][k], m[1][k], m[2][k]);
    add_vector(b, "\nspace origin: ", m[0][3], m[1][3], m[2][3]);
    vn_str_add(b, "\n");
    if (known)
        vn_str_add(b, patient ? "space units: \"mm\" \"mm\" \"mm\"\n" : "space units: \"um\" \"um\" \"um\"\n");
}

/* venule_KEY=VALUE as the pair venule_KEY:=VALUE, with the format's one escape. */
static void add_note(struct vn_str *b, const char *note)
{
    for (const char *s = note; *s;) {
        const size_t key = strcspn(s, "=");
        vn_str_addn(b, s, key);
        vn_str_add(b, ":");
        for (s += key; *s && *s != '\n'; s++)
            vn_str_addn(b, *s == '\\' ? "\\\\" : s, *s == '\\' ? 2 : 1);
        vn_str_add(b, "\n");
        s += *s == '\n';
    }
}

int vn_nrrd_save(struct vn_vol *v, const char *path, const struct vn_save_opt *opt, struct vn_job *job,
                 struct vn_err *err)
{
    static const char *const types[] = { "uint8", "uint16", "uint32", "int8", "int16", "int32", "float", "double" };
    const enum vn_type type = vn_raw_save_type(v);
    const bool gz = !opt->compress || strcmp(opt->compress, "deflate") == 0;
    struct vn_str head = { 0 }, note = { 0 };

    if (!gz && strcmp(opt->compress, "none") != 0)
        return vn_fail(err, VN_E_ARG, "compress=%s: NRRD files are written with none or deflate", opt->compress);
    vn_str_add(
        &head,
        "NRRD0005\n# Complete NRRD file format specification at:\n# http://teem.sourceforge.net/nrrd/format.html\n");
    vn_str_addf(&head, "type: %s\ndimension: 3\n", types[type]);
    add_space(&head, v);
    vn_str_addf(&head,
                "sizes: %" PRId64 " %" PRId64 " %" PRId64
                "\nkinds: domain domain domain\nendian: little\nencoding: %s\n",
                vn_box_dim(&v->box, 0), vn_box_dim(&v->box, 1), vn_box_dim(&v->box, 2), gz ? "gzip" : "raw");
    vn_note_print(v, opt->note, &note);
    if (!note.failed)
        add_note(&head, note.s);
    vn_str_add(&head, "\n");
    const struct vn_raw_out o = { .plain = head.s, .n_plain = head.n, .gz = gz };
    int rc = head.failed || note.failed ? vn_fail(err, VN_E_MEMORY, "no memory to describe '%s'", path)
                                        : vn_raw_save(v, path, opt->force, &o, job, err);
    vn_str_free(&head);
    vn_str_free(&note);
    return rc;
}
