/* scene.h - from what is looked at (the session's view) to scenes that can be rendered, with or without a terminal. */
#ifndef VN_SCENE_H
#define VN_SCENE_H
#include "render.h"
#include "session.h"
#include "text.h"
#include "tuning.h"

struct vn_shown {                        /* what the view names, with references */
    struct vn_view view;
    struct vn_vol *vol, *overlay, *prob; /* vol NULL: nothing to look at */
    struct vn_vol *before;               /* of an overlay that is nearly so in some parts, what was shown before: projections show it; or NULL */
    struct vn_box part[VN_TUNED_PARTS]; int n_part;
    struct vn_vol *under[VN_MAX_UNDER];  /* view.n_under of them; each with its layer in the view */
    /* Of several overlays, those that are drawn (labels: tint -1); of an error map its kinds. */
    struct vn_layer legend[4 * (VN_MAX_UNDER + 1)]; int n_legend;
    struct vn_vol *linked[VN_MAX_SHOWN - 1];    /* view.n_linked of them */
    struct vn_graph *graph;              /* indexed; or NULL */
    struct vn_box roi;                   /* inside vol */
    bool has_roi;
    struct vn_auto { uint64_t id; double lo, hi; } window[VN_MAX_SHOWN];   /* automatic, of the source with that id; kept from call to call */
};
/* Fetches the view's objects. A view without a volume takes the session's newest; overlays on other grids are left out.
 * out: {0}, or an earlier one, whose references are dropped. Fails only for what the volume itself needs. */
int  vn_shown_get(struct vn_session *s, struct vn_shown *out, struct vn_job *job, struct vn_err *err);
void vn_shown_free(struct vn_shown *d);  /* drops references; the automatic window stays */

struct vn_pane_box { enum vn_pane pane; int x, y, w, h, which; };   /* cells of the picture; row y - 1 is its title; which volume */
/* Places the panes of the view into cols x rows cells so that the common scale is largest. Returns how many; *um_per_px
 * for cells of px_w x px_h pixels of the given aspect, zoom included. */
int  vn_pane_layout(const struct vn_shown *d, int cols, int rows, int px_w, int px_h, double aspect, struct vn_pane_box out[4], double *um_per_px);
int  vn_pane_axis(const struct vn_view *v, enum vn_pane p);
bool vn_pane_focused(const struct vn_view *v, const struct vn_pane_box *b);
int64_t vn_pane_slab(const struct vn_shown *d, int axis);        /* planes shown by a slice along axis */
void vn_pane_scene(const struct vn_shown *d, const struct vn_pane_box *b, int w, int h, double um_per_px, double aspect, struct vn_scene *out);
/* "XY z 12/100", "MIP z"; with its name where several volumes are linked. Appended to b. */
void vn_pane_title(const struct vn_shown *d, const struct vn_pane_box *box, struct vn_str *b);
/* Volume 0 is the view's, the others are linked to it. */
struct vn_vol *vn_shown_vol(const struct vn_shown *d, int which);
bool vn_shown_colored(const struct vn_shown *d);     /* more than grey values is drawn */
const char *vn_shown_name(const struct vn_view *v, int which);
/* Name of the last bound volume of these kinds; false when there is none. */
bool vn_newest_volume(struct vn_session *s, unsigned kinds, char name[64]);
#endif
