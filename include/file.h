/* file.h - files are written beside their target, synced and renamed: a reader never sees half a file, and a failed or
 * cancelled command leaves none. */
#ifndef VN_FILE_H
#define VN_FILE_H
#include <stdio.h>
#include "err.h"

struct vn_file;                          /* a file being written */

/* Opens PATH for writing under a temporary name (.NAME.PID.N.tmp in the same folder).  Fails (VN_E_IO) when PATH exists
 * and force is false, or is a folder or a device.  A file replaced keeps its permissions, a symbolic link its place. */
struct vn_file *vn_file_begin(const char *path, bool force, struct vn_err *err);
/* Borrowed; not to be closed; has no descriptor (fileno).  Failed writes need not be looked at: commit reports them. */
FILE *vn_file_stream(struct vn_file *f);
const char *vn_file_temp(const struct vn_file *f);   /* the temporary path, for libraries that open by name */
/* flush, fsync, rename.  FREES f either way; on failure the temporary file is removed.  Without force a file that
 * appeared since is not replaced. */
int  vn_file_commit(struct vn_file *f, struct vn_err *err) VN_MUST_USE;
void vn_file_abort(struct vn_file *f);               /* removes the temporary file, frees f; NULL allowed */

/* Removes every temporary file now open; for the handlers of fatal signals and for exit (async-signal-safe). */
void vn_file_cleanup(void);

/* $XDG_STATE_HOME/venule/NAME, or under ~/.local/state; make: creates the folders. NULL when there is no home or memory. vn_free. */
char *vn_file_state(const char *name, bool make);
void vn_file_folders(char *path);        /* makes every folder on the way to path that is missing; path is as it was */

/* Whole small file as a NUL-terminated block (vn_free). Refuses more than limit bytes. */
char *vn_file_read(const char *path, size_t limit, size_t *n, struct vn_err *err);
#endif
