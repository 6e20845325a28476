/* file.h - files are written beside their target, synced and renamed: a reader never sees half a file, and a failed or
 * cancelled command leaves none. */
#ifndef VN_FILE_H
#define VN_FILE_H
#include <stdio.h>
#include "err.h"

struct vn_file;                          /* a file being written */

/* Opens PATH for writing under a temporary name. Fails (VN_E_IO) when PATH exists and force is false, or is a folder.
 * `what` names the content in messages ("picture", "table"). */
struct vn_file *vn_file_begin(const char *path, bool force, struct vn_err *err);
FILE *vn_file_stream(struct vn_file *f);             /* borrowed; not to be closed */
const char *vn_file_temp(const struct vn_file *f);   /* the temporary path, for libraries that open by name */
/* flush, fsync, rename. FREES f either way; on failure the temporary file is removed. */
int  vn_file_commit(struct vn_file *f, struct vn_err *err) VN_MUST_USE;
void vn_file_abort(struct vn_file *f);               /* removes the temporary file, frees f; NULL allowed */

/* Whole small file as a NUL-terminated block (vn_free). Refuses more than limit bytes. */
char *vn_file_read(const char *path, size_t limit, size_t *n, struct vn_err *err);
#endif
