/* note.h - what Venule writes into files that have no place for it: kind, whole grid, origin, voxel size, provenance.
 * Lines of text "venule_KEY=VALUE" in the TIFF description (ImageJ leaves unknown keys alone), a NIfTI extension, or NRRD pairs
 * "venule_KEY:=VALUE".  What was done by hand has a line a command, venule_edit1, venule_edit2 ... */
#ifndef VN_NOTE_H
#define VN_NOTE_H
#include "text.h"
#include "volume.h"

struct vn_note {
    enum vn_kind kind;          /* 0: no note found */
    int64_t dims[3];            /* of the voxels in the file; a note whose dims differ is about another file */
    int64_t grid[3], origin[3]; /* whole volume; first voxel of the file in it */
    double um[3];               /* 0 unknown */
    struct vn_key frame;
    const char *text; size_t n_text;     /* what was parsed, as long as that is there */
};
void vn_note_print(const struct vn_vol *v, const char *text, struct vn_str *b);   /* text: provenance, may be NULL */
/* Finds the lines in n bytes of any text. True when they are there, complete and consistent with dims. */
bool vn_note_parse(const char *text, size_t n, const int64_t dims[3], struct vn_note *out);
/* The commands in it that changed the volume by hand, one a line. Appended to b. */
void vn_note_edits(const struct vn_note *note, struct vn_str *b);
#endif
