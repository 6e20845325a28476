/* keys.h - from events to modes, and from modes to command lines: a view that is moved changes at once, and becomes one
 * command when the hand rests. */
#ifndef VN_KEYS_H
#define VN_KEYS_H
#include "input.h"
#include "screen.h"

void vn_keys_event(struct vn_ui *ui, const struct vn_event *ev);
void vn_keys_late(struct vn_ui *ui);              /* a press that waited for the panes is done */
void vn_keys_command(struct vn_ui *ui, const char *line);      /* submits; what a held key left is written first */
void vn_keys_flush(struct vn_ui *ui);                          /* writes the held key's command */
void vn_keys_cancel(struct vn_ui *ui);                         /* Ctrl-C: the job and the lines that wait */
void vn_keys_prompt(struct vn_ui *ui, const char *text);       /* opens the command line with this text on it */
/* Changes the view now; "VERB FORMAT..." that does the same is written once the keys rest, or another verb comes. */
void vn_keys_slide(struct vn_ui *ui, const struct vn_view *v, const char *verb, const char *fmt, ...) VN_PRINTF(4, 5);
/* The view as it is shown: with the place and volume that were filled in for a view without. False: nothing is shown. */
bool vn_keys_view(struct vn_ui *ui, struct vn_view *v);
/* What the mouse does to pictures when browsing. */
void vn_browse_mouse(struct vn_ui *ui, const struct vn_event *ev);
#endif
