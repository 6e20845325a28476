/* config.h - settings of the configuration file: name = value, each with a default and a line of help.
 *
 * Whoever has settings adds them before the file is read: so the file can be written out complete and commented, and a
 * line that names no setting is known as such.  One table for the program; not thread-safe: the UI thread's. */
#ifndef VN_CONFIG_H
#define VN_CONFIG_H
#include "text.h"

/* help NULL: no comment of its own.  check refuses a value (NULL: any text). Strings are copied. A name added twice stays as it is. */
void vn_config_add(const char *name, const char *def, const char *help, int (*check)(const char *value, struct vn_err *err));
/* The value that was set, else the default; NULL: there is no such setting.  Valid until it is set again. */
const char *vn_config_get(const char *name);
bool vn_config_is_set(const char *name);
int  vn_config_set(const char *name, const char *value, struct vn_err *err);
/* Path of the file: $XDG_CONFIG_HOME/venule/config. vn_free'd; NULL without a home. */
char *vn_config_path(void);
/* Reads path (NULL: the usual place, which may be missing).  Bad lines are ignored, and kept as complaints with file and line. */
int  vn_config_read(const char *path, struct vn_err *err);
const char *vn_config_complaints(void);          /* a line each; "" none */
/* The whole file as it stands: every setting with its comment, those at their default commented out. Appended to b. */
void vn_config_print(struct vn_str *b);
void vn_config_clear(void);
#endif
