/* resume.h - sessions that ended without being left: what succeeds in the terminal is written line by line to a file of the
 * state folder, which goes when the session is left.  The file is locked while its session lives. */
#ifndef VN_RESUME_H
#define VN_RESUME_H
#include "cmd.h"
#include <stdio.h>

struct vn_lost { char *path, *dir; char when[20]; int n; };      /* of a session that is gone; n commands, but for the view */

FILE *vn_lost_begin(char **path);                /* a new file, locked; NULL: not possible. *path: vn_free */
FILE *vn_lost_adopt(const char *path);           /* goes on in it; NULL: another session has it, or it is gone */
int  vn_lost_list(struct vn_lost **out);         /* newest first; sets *out (vn_lost_free), returns how many */
void vn_lost_free(struct vn_lost *l, int n);
bool vn_lost_here(const struct vn_lost *l);      /* of the current folder */
#endif
