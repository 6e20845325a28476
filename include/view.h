/* view.h - what is looked at: the state behind the panes, changed only by commands. Plain values, no ownership. */
#ifndef VN_VIEW_H
#define VN_VIEW_H
#include "volume.h"

enum vn_pane { VN_XY, VN_XZ, VN_YZ, VN_MIP, VN_N_PANE };
enum { VN_MAX_SHOWN = 4 };
struct vn_view {
    char volume[64], overlay[64];      /* object names; "" none */
    char linked[VN_MAX_SHOWN - 1][64]; /* further volumes on the same grid: the plane in focus of each, side by side */
    int    n_linked;
    int    front, front_before;        /* of the linked ones, which keys act on; 0 is `volume` */
    bool   alone;                      /* of the linked ones, only that */
    char   before[64];                 /* the volume looked at before this one, and its window */
    double before_window[2];
    double at[3];                      /* crosshair, voxels of the full grid (voxel index + fraction) */
    double zoom;                       /* 1 = whole volume fits the pane */
    double window[VN_MAX_SHOWN][2];    /* of each volume: grey values shown black and white; equal: automatic */
    double opacity;                    /* of the overlay, 0..1 */
    int    axis;                       /* of the MIP pane */
    int    slab;                       /* voxels projected in the slice panes; 1 = a slice */
    int    layout;                     /* 1 or 4 panes */
    enum vn_pane focus;                /* the pane shown in layout 1, and the one keys act on */
    bool   crosshair, overlay_on;
    /* live threshold on a probability, shown as the overlay while it is moved; low < 0: off */
    char   threshold_of[64];
    double low, high;
};
void vn_view_init(struct vn_view *v);
#endif
