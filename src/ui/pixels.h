/* pixels.h - a pane as a picture of pixels: kitty's or sixels, kept to be sent again where something covered it. */
#ifndef VN_PIXELS_H
#define VN_PIXELS_H
#include "caps.h"

struct vn_pix {
    struct vn_image im;                  /* rgb NULL: none */
    uint32_t serial;                     /* of the picture; sixels' cells carry it */
    struct vn_str bytes;                 /* kitty: what sends it */
    bool sent;
};
bool vn_pix_mode(enum vn_picture p);     /* made of pixels */
/* The id of pane i for kitty: programs that draw on one terminal have different ones. */
uint32_t vn_pix_id(int i);

/* On the compute thread: the picture of a pane of w x h cells into out, its cells into cells[w * h], the same as characters
 * into rough[w * h].  TAKES im's pixels.  What is the same as in `last` need not be sent again. */
int  vn_pix_make(enum vn_picture mode, int pane, struct vn_image *im, int w, int h, bool in_tmux, enum vn_colors colors, const struct vn_pix *last,
                 struct vn_pix *out, struct vn_cell *cells, struct vn_cell *rough, struct vn_err *err);
void vn_pix_free(struct vn_pix *x);
#endif
