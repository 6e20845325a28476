/* view.c - what is looked at before any command has changed it. */
#include "view.h"

void vn_view_init(struct vn_view *v)
{
    *v = (struct vn_view) { .zoom = 1.0, .opacity = 0.5, .axis = 2, .slab = 1, .layout = 4, .focus = VN_XY,
                            .crosshair = true, .overlay_on = true, .low = -1.0, .high = -1.0 };
}
