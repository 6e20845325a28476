/* paint.h - masks changed by hand: a brush moved by the mouse or the keys.  What was drawn is marked on the screen at once
 * and becomes one command when the button is released. */
#ifndef VN_PAINT_H
#define VN_PAINT_H
#include "input.h"
#include "screen.h"

void vn_paint_start(struct vn_ui *ui);
bool vn_paint_key(struct vn_ui *ui, const struct vn_event *ev);       /* false: not one of this mode's */
bool vn_paint_mouse(struct vn_ui *ui, const struct vn_event *ev);
void vn_paint_done(struct vn_ui *ui);                                 /* the submitted lines have ended */
void vn_paint_ring(struct vn_ui *ui);                                 /* the brush's outline at the crosshair, before drawing */
/* "PAINT m  5 vox = 2 um disc ...". Appended to b. */
void vn_paint_status(const struct vn_ui *ui, struct vn_str *b);
#endif
