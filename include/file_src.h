/* file_src.h - what file formats share: one descriptor read by position, how stored numbers become voxels, chunk shapes.
 *
 * A source keeps its descriptor for life, so that replacing the file (temporary name and rename) while it is open leaves
 * the volume reading the old content. */
#ifndef VN_FILE_SRC_H
#define VN_FILE_SRC_H
#include "io.h"
#include "note.h"

/* Types found in files: the voxel types first, with their numbers, then those that are turned into one of them. */
enum vn_stored { VN_S_I64 = VN_N_TYPE, VN_S_U64, VN_S_F16, VN_S_NONE };
size_t vn_stored_size(int stored);

/* From stored number to voxel, applied row by row. */
struct vn_rowmap {
    int stored;                 /* enum vn_type or enum vn_stored */
    enum vn_type out;
    bool swap;                  /* stored in the other byte order */
    bool binary;                /* masks: nonzero (and not NaN) = 1 */
    bool whole;                 /* labels from real numbers: must be whole */
    double invert;              /* voxel = invert - number, when > 0 (TIFF's white is zero) */
    double slope, inter;        /* voxel = slope * number + inter, when slope is not 0 */
};
/* Chooses m->out for a volume of that kind from m->stored and m->slope. 64-bit integers become 32-bit ones (rows that do
 * not fit are errors), half floats f32, masks u8, labels whole numbers, scaled numbers f32 (f64 from f64). */
int  vn_rowmap_plan(struct vn_rowmap *m, enum vn_kind kind, const char *path, struct vn_err *err);
/* n numbers; src is changed when m->swap. */
int  vn_rowmap_row(const struct vn_rowmap *m, void *src, void *dst, int64_t n, const char *path, struct vn_err *err);

struct vn_file_src { struct vn_src src; int fd; uint64_t size; char *path; struct vn_rowmap map; };
/* Fills s (src by vn_src_init; key from path, size, time and the first bytes; nothing to free on failure). */
int  vn_file_src_init(struct vn_file_src *s, const struct vn_src_ops *ops, const char *path, struct vn_err *err);
void vn_file_src_done(struct vn_file_src *s);         /* descriptor and path; not s itself */
/* All n bytes at offset `at`; a file that ends before is VN_E_FORMAT. */
int  vn_file_pread(const struct vn_file_src *s, void *buf, uint64_t at, uint64_t n, struct vn_err *err);
/* The volume over s, whose src.box.hi are the file's dimensions, um its voxel size, note what Venule wrote into it (kind
 * 0: nothing).  TAKES s->src, also when it fails. */
int  vn_file_src_volume(struct vn_file_src *s, const struct vn_open_opt *opt, const struct vn_note *note, enum vn_kind kind,
                        int64_t n_channel, int64_t n_time, struct vn_vol **out, struct vn_err *err);
/* Kind of the volume: the user's word, else the note's, else guess. */
int  vn_file_kind(const struct vn_open_opt *opt, const struct vn_note *note, enum vn_kind guess, enum vn_kind *out, struct vn_err *err);

/* v to the seven digits that a float holds: 0.35 stored as a float is 0.35 again. */
double vn_round_float(double v);
/* Shape of chunks of a file whose rows run through (size bytes a voxel): about half a megabyte, a few planes deep, so that
 * slices across the planes do not read everything.  Rows are a multiple of unit_rows, whole planes when those are small. */
void vn_chunk_rows(const int64_t dim[3], size_t size, int64_t unit_rows, int64_t chunk[3]);
#endif
