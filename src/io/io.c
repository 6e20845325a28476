/* io.c - which format, and what a path is when it is none of them. */
#include "io.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include "text.h"

/* Does path end in ".SUFFIX" for one of the list "a|b"? */
static bool suffix_fits(const char *path, const char *list)
{
    size_t len = strlen(path);

    for (const char *s = list; *s;) {
        size_t n = strcspn(s, "|");
        if (len > n + 1 && path[len - n - 1] == '.' && strncasecmp(path + len - n, s, n) == 0)
            return true;
        s += n + (s[n] == '|');
    }
    return false;
}

/* Formats known by their first bytes, to be refused by name. */
static const char *known_name(const char *path, const unsigned char *h, size_t n)
{
    static const struct { size_t at; const char *bytes; size_t n; const char *name; } list[] = {
        { 128, "DICM", 4, "a DICOM file" }, { 0, "\xff\xd8\xff", 3, "a JPEG picture" },
        { 0, "\x89HDF\r\n\x1a\n", 8, "an HDF5 file (BigDataViewer, Imaris, N5)" }, { 0, "BM", 2, "a BMP picture" }, { 0, "GIF8", 4, "a GIF picture" },
        { 0, "\x00\x00\x00\x0cjP  ", 8, "a JPEG 2000 picture" }, { 0, "PK\x03\x04", 4, "a ZIP archive" },
        { 0, "# vtk", 5, "a VTK file" }, { 0, "<VTKFile", 8, "a VTK file" }, { 0, "%PDF", 4, "a PDF document" },
        { 0, "\x1f\x8b", 2, "a gzip file that holds no NIfTI volume" }, { 0, "BZh", 3, "a bzip2 file" }, { 0, "\xfd" "7zXZ", 5, "an xz file" },
        { 0, "\x28\xb5\x2f\xfd", 4, "a Zstandard file" }, { 0, "MATLAB", 6, "a MATLAB file" },
    };
    for (size_t i = 0; i < VN_COUNT(list); i++)
        if (n >= list[i].at + list[i].n && memcmp(h + list[i].at, list[i].bytes, list[i].n) == 0)
            return list[i].name;
    const char *dot = strrchr(path, '.');
    return dot && strcasecmp(dot, ".dcm") == 0 ? "a DICOM file" : NULL;
}

static bool has_file(const char *folder, const char *name)
{
    char path[4096];
    struct stat st;
    return snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path && stat(path, &st) == 0;
}

static int refuse_folder(const char *path, struct vn_err *err)
{
    if (has_file(path, ".zgroup") || has_file(path, ".zarray") || has_file(path, "zarr.json") || has_file(path, ".zattrs"))
        return vn_fail(err, VN_E_UNSUPPORTED, "'%s' is a Zarr folder, which this version does not read", path);
    if (has_file(path, "DICOMDIR"))
        return vn_fail(err, VN_E_UNSUPPORTED, "'%s' is a DICOM folder, which this version does not read", path);
    return vn_fail(err, VN_E_UNSUPPORTED, "'%s' is a folder of neither TIFF nor PNG slices", path);
}

void vn_open_note(const struct vn_open_opt *opt, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    if (!opt->note)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    opt->note(opt->note_ctx, text);
}

static int refuse_unknown(const char *path, struct vn_err *err)
{
    struct vn_str known = { 0 };

    for (const struct vn_format *const *f = vn_format_table; *f; f++)
        if (!(*f)->folder && strcmp((*f)->name, "raw") != 0)
            vn_str_addf(&known, "%s%s", known.n ? ", " : "", (*f)->name);
    int rc = vn_fail(err, VN_E_UNSUPPORTED, "'%s' is of no known format (its content decides, not its name): %s are read, and voxels without a "
                     "header with dims=X,Y,Z type=u8", path, known.failed || !known.s ? "no others" : known.s);
    vn_str_free(&known);
    return rc;
}

int vn_io_open(const char *path, const struct vn_open_opt *opt, struct vn_vol **out, struct vn_err *err)
{
    unsigned char head[512];
    struct stat st;

    if (stat(path, &st))
        return vn_fail(err, VN_E_IO, "cannot open '%s': %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode)) {
        for (const struct vn_format *const *f = vn_format_table; *f; f++)
            if ((*f)->folder && (*f)->probe(path, NULL, 0))
                return (*f)->open(path, opt, out, err);
        return refuse_folder(path, err);
    }
    if (!S_ISREG(st.st_mode))
        return vn_fail(err, VN_E_IO, "'%s' is not a file", path);
    if (st.st_size == 0)
        return vn_fail(err, VN_E_FORMAT, "'%s' is empty", path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return vn_fail(err, VN_E_IO, "cannot open '%s': %s", path, strerror(errno));
    ssize_t n = pread(fd, head, sizeof head, 0);
    int why = errno;
    close(fd);
    if (n < 0)
        return vn_fail(err, VN_E_IO, "cannot read '%s': %s", path, strerror(why));
    /* A DICOM file may begin like a TIFF: its first 128 bytes are anyone's. */
    bool raw = opt->dims != NULL;
    bool dicom = n >= 132 && memcmp(head + 128, "DICM", 4) == 0 && !suffix_fits(path, "tif|tiff");
    for (const struct vn_format *const *f = vn_format_table; raw && *f; f++)
        if ((*f)->sized && (*f)->probe(path, head, (size_t)n))
            return (*f)->open(path, opt, out, err);
    for (const struct vn_format *const *f = vn_format_table; (raw || !dicom) && *f; f++)
        if (raw ? strcmp((*f)->name, "raw") == 0 : !(*f)->folder && (*f)->probe(path, head, (size_t)n))
            return (*f)->open(path, opt, out, err);
    const char *name = known_name(path, head, (size_t)n);
    if (name)
        return vn_fail(err, VN_E_UNSUPPORTED, "'%s' is %s, which this version does not read", path, name);
    return refuse_unknown(path, err);
}

int vn_io_save(struct vn_vol *v, const char *path, const struct vn_save_opt *opt, struct vn_job *job, struct vn_err *err)
{
    struct vn_str known = { 0 };

    for (const struct vn_format *const *f = vn_format_table; *f; f++)
        if ((*f)->save && suffix_fits(path, (*f)->suffix))
            return (*f)->save(v, path, opt, job, err);
    for (const struct vn_format *const *f = vn_format_table; *f; f++)
        for (const char *s = (*f)->save ? (*f)->suffix : ""; *s;) {
            size_t n = strcspn(s, "|");
            vn_str_add(&known, known.n ? ", ." : ".");
            vn_str_addn(&known, s, n);
            s += n + (s[n] == '|');
        }
    int rc = vn_fail(err, VN_E_ARG, "'%s': a volume is saved to a file whose name ends in %s", path,
                     known.failed || !known.s ? "(no memory to list them)" : known.s);
    vn_str_free(&known);
    return rc;
}
