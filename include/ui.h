/* ui.h - the terminal: panes, keys, mouse, prompt.  It computes nothing; what is pressed becomes a command line. */
#ifndef VN_UI_H
#define VN_UI_H
#include "cmd.h"

/* Adds the keys, colours and what else can be set to the configuration (config.h). */
void vn_ui_settings(void);
/* Runs until the user leaves.  The terminal is restored on every way out, fatal signals included.
 * first: a command that is run at the start, or NULL.  VN_E_IO when stdin or stdout is no terminal or it cannot be set up. */
int vn_ui_run(struct vn_session *s, struct vn_runner *r, const char *first, struct vn_err *err);
#endif
