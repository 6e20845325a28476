/* panes.h - the pictures on the screen: rendered by jobs, kept as cells, sent as differences, coarse ones first where the
 * link is slow.
 *
 * The UI thread only hands out work and takes cells back.  A picture job draws all panes of the view; a projection of a
 * large volume is drawn by a job of its own afterwards, which a moving view cancels. */
#ifndef VN_PANES_H
#define VN_PANES_H
#include "caps.h"
#include "edit.h"
#include "link.h"
#include "pixels.h"
#include "scene.h"

enum { VN_KEPT = 12, VN_PIXEL_PARTS = 10 };      /* a picture of pixels goes whole at rest when it is no more than so many parts */
struct vn_pane_info {                    /* what the panes show now */
    struct vn_shown shown;               /* with references */
    int n;
    enum vn_picture picture;             /* what they are made of; pixels of a cell */
    int px_w, px_h;
    char figure[512];                    /* instead of volumes: the figure with this path; "" none */
    int64_t figure_time;                 /* when it was drawn */
    struct vn_pane_box box[4];
    struct vn_scene scene[4];            /* geometry only: roi is not kept */
    struct vn_image mip[4];              /* of the boxes that are projections: without marks, with the plane of each pixel */
    double um_per_px, window[2];         /* window of the pane in focus */
    double value[VN_MAX_SHOWN], overlay_value;     /* at the crosshair; NaN when it could not be read */
    bool sampled, holes;
};
struct vn_panes {
    struct vn_session *s;
    int cols, rows;                      /* of the area, at (0, 0) of the screen */
    char figure[512];                    /* wanted instead of volumes; "" none */
    bool figure_failed;                  /* it could not be shown; error says why */
    bool wide;                           /* as much of the screen as there is */
    bool fast;                           /* the line bears pictures of pixels */
    struct vn_pane_info info;
    struct vn_cell *now, *old;           /* cols*rows; old: what the screen shows */
    struct vn_cell *rough;               /* of pictures of pixels: the same as characters; else NULL */
    struct vn_pix pix[4];                /* of each pane */
    bool shows[4];                       /* the terminal has kitty's picture of it */
    enum vn_colors now_colors, old_colors;
    uint8_t *mark; uint32_t *mark_color; /* pixels of each cell that a stroke has touched, until it is in the picture */
    bool marked, mark_erases, marks_end; /* end: with the next picture */
    struct vn_stroke ring; enum vn_pane ring_pane;       /* outline of the brush; radius 0: none. Its points are the owner's */
    bool dirty;                          /* the view changed since the last job started */
    bool fresh;                          /* now has not been sent */
    bool behind;                         /* the screen shows something coarser than now, or a part of it */
    size_t owed;                         /* bytes of the picture of pixels that characters stand for; 0: none */
    size_t whole;                        /* bytes that were to be sent when it was last looked at */
    bool mip_due;                        /* the projection is still to be drawn */
    struct vn_pane_task *task;           /* running */
    /* Pictures without their marks: a crosshair that moves, or a return to what was looked at before, needs no voxels. While a
     * task runs they are its own. */
    struct vn_kept { struct vn_image im; struct vn_key key; int mip_of; uint64_t used; } kept[VN_KEPT];
    uint64_t n_used;
    struct vn_auto window[VN_MAX_SHOWN];
    char error[256];                     /* why the last job failed; "" */
};
void vn_panes_open(struct vn_panes *p, struct vn_session *s);
/* Waits for the job. Bytes that take the pictures out of the terminal's memory are appended to b. */
void vn_panes_close(struct vn_panes *p, struct vn_str *b);
/* Pixels of a cell that strokes are marked by. */
void vn_panes_grain(const struct vn_panes *p, int *w, int *h);
int  vn_panes_resize(struct vn_panes *p, int cols, int rows, struct vn_err *err);
void vn_panes_work(struct vn_panes *p);                          /* starts a job if there is something to draw */
void vn_panes_yield(struct vn_panes *p);                         /* stops a projection that is being drawn */
/* The screen lost cells there (a window covered it); whole area when w is 0. */
void vn_panes_forget(struct vn_panes *p, int x, int y, int w, int h);
/* Bytes that bring the screen up to date, as far as there is room: all of them, or a coarse picture while the view moves, or a
 * part. Appended to b. */
void vn_panes_emit(struct vn_panes *p, const struct vn_link_room *room, bool moving, struct vn_str *b);
/* There is room now for a picture of pixels that characters stand for. */
bool vn_panes_owe(const struct vn_panes *p, const struct vn_link_room *room);
/* A picture is being drawn that will take the place of what is shown soon. */
bool vn_panes_drawing(const struct vn_panes *p);
/* Marks what a stroke covers in the panes of that kind, in this colour. */
void vn_panes_mark(struct vn_panes *p, enum vn_pane pane, const struct vn_stroke *s, uint32_t rgb, bool erases);
/* Box under cell (x, y) or -1; at[] gets the voxel there, its third coordinate from the view. */
int  vn_panes_hit(const struct vn_panes *p, int x, int y, double at[3]);
/* The plane, along the projection's axis, of the brightest pixel under cell (x, y) of box i; -1: no projection, or nothing there. */
int64_t vn_panes_depth(const struct vn_panes *p, int i, int x, int y);
#endif
