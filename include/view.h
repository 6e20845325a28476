/* view.h - what is looked at: the state behind the panes, changed only by commands. Plain values, no ownership. */
#ifndef VN_VIEW_H
#define VN_VIEW_H
#include "volume.h"

enum vn_pane { VN_XY, VN_XZ, VN_YZ, VN_MIP, VN_N_PANE };
enum vn_slab_method { VN_SLAB_MAX, VN_SLAB_MIN, VN_SLAB_MEAN, VN_SLAB_DEPTH };   /* depth: the maximum, its colour where it lies */
enum vn_colormap { VN_MAP_GREY, VN_MAP_INVERTED, VN_MAP_VIRIDIS, VN_MAP_FIRE };
enum { VN_MAX_SHOWN = 4, VN_MAX_UNDER = 11, VN_MAX_PLACE = 64, VN_N_TINT = 12 };

struct vn_layer { char name[64]; double opacity; bool outline; int tint; };      /* an overlay; tint: see vn_tint_color */
enum vn_picked_kind { VN_PICK_NONE, VN_PICK_SEGMENT, VN_PICK_NODE, VN_PICK_COMPONENT };
struct vn_place { char name[24]; double at[3]; };                                /* a place with a name (verb mark) */
/* How pictures become what a terminal shows: characters that hold some pixels each, or pixels; and in which colours. */
enum vn_picture { VN_PIC_AUTO, VN_PIC_QUAD, VN_PIC_HALF, VN_PIC_SEXTANT, VN_PIC_BRAILLE, VN_PIC_ASCII, VN_PIC_KITTY, VN_PIC_SIXEL, VN_N_PIC };
enum vn_pic_colors { VN_PIC_COLORS_AUTO, VN_PIC_COLORS_256, VN_PIC_COLORS_TRUE, VN_PIC_COLORS_NONE };
struct vn_view {
    char volume[64], overlay[64];      /* object names; "" none. The overlay on top is the one that is edited */
    char linked[VN_MAX_SHOWN - 1][64]; /* further volumes on the same grid: the plane in focus of each, side by side */
    int    n_linked;
    int    front, front_before;        /* of the linked ones, which keys act on; 0 is `volume` */
    bool   alone;                      /* of the linked ones, only that */
    char   before[64];                 /* the volume looked at before this one, and its window */
    double before_window[2];
    double at[3];                      /* crosshair, voxels of the full grid (voxel index + fraction) */
    double zoom;                       /* 1 = whole volume fits the pane */
    double window[VN_MAX_SHOWN][2];    /* of each volume: grey values shown black and white; equal: automatic */
    double opacity;                    /* of the overlay on top, 0..1 */
    bool   outline;                    /* of the overlay on top: only its border */
    int    tint;
    struct vn_layer under[VN_MAX_UNDER];         /* overlays beneath it, from above */
    int    n_under;
    char   tinted[VN_N_TINT][64];      /* the name that had each colour last: it keeps it */
    enum vn_colormap colormap;         /* of images */
    int    axis;                       /* of the MIP pane */
    enum vn_slab_method mip_method;
    int    slab;                       /* voxels projected in the slice panes; 1 = a slice */
    double slab_um;                    /* > 0: the slab's thickness in um instead */
    enum vn_slab_method slab_method;
    int    layout;                     /* 1, 2 or 4 panes */
    enum vn_pane focus;                /* the pane shown in layout 1, and the one keys act on */
    enum vn_pane slice;                /* the slice last in focus: beside the MIP in layout 2 */
    bool   crosshair, overlay_on;
    char   panel[16];                  /* a mode that a verb asks for; "" none. The terminal opens it */
    struct vn_place place[VN_MAX_PLACE];
    int    n_place;
    char   graph[64];                  /* drawn over everything; "" none */
    /* what verb pick found last, drawn thicker: of the object of that name, its number (component: a voxel of it, `at`) */
    struct vn_picked { char of[64]; enum vn_picked_kind kind; int64_t id, voxels; double at[3], distance; } picked;
    enum vn_picture picture;           /* asked for; the terminal may lack it */
    enum vn_pic_colors colors;
    double line[2][3];                 /* being measured, drawn over the pictures, voxels: 3 is the middle of voxel 3 */
    bool   has_line;
    struct vn_box box;                 /* a region that is being drawn, shown instead of the session's, which commands have */
    bool   has_box;
    unsigned held;                     /* of its faces, those that a hand holds: bit 2 axis + side */
    /* live threshold on a probability, shown as the overlay while it is moved; low < 0: off */
    char   threshold_of[64];
    double low, high;
    char   truth[64];                  /* mask that what is tuned is held against; "" none */
};
void vn_view_init(struct vn_view *v);
/* The overlays from above as layers; returns how many. n of out is VN_MAX_UNDER + 1. */
int  vn_view_layers(const struct vn_view *v, struct vn_layer *out);
/* Shows these instead, n of them. A name keeps the colour it had, unless another shown has it now; else it takes the first free. */
void vn_view_set_layers(struct vn_view *v, const struct vn_layer *l, int n);
#endif
