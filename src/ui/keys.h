/* keys.h - what keys and the mouse do: the view changes at once, and what changed becomes a command line. */
#ifndef VN_KEYS_H
#define VN_KEYS_H
#include "input.h"
#include "screen.h"

void vn_keys_event(struct vn_ui *ui, const struct vn_event *ev);
void vn_keys_command(struct vn_ui *ui, const char *line);      /* submits; what a held key left is written first */
void vn_keys_flush(struct vn_ui *ui);                          /* writes the held key's command */
void vn_keys_cancel(struct vn_ui *ui);                         /* Ctrl-C: the job and the lines that wait */
#endif
