/* screen.h - everything that is on the screen: state of the interface, and its drawing.
 *
 *   panes      pictures (panes.h), each under a title row; or the text viewer
 *   status     volume, place, value, window, zoom, job, memory
 *   messages   the last lines of the log
 *   prompt     the command line, or what the keys do now */
#ifndef VN_SCREEN_H
#define VN_SCREEN_H
#include "cmd.h"
#include "log.h"
#include "panes.h"

enum vn_mode { VN_BROWSE, VN_PROMPT, VN_THRESHOLD, VN_REGION_BOX, VN_EDIT };

enum { VN_STROKE_POINTS = 512 };
struct vn_brush {                        /* edit mode */
    int size;                            /* of the finest voxels of the slice across */
    bool ball, eraser;
    uint32_t value;                      /* painted into labels; 1 into masks */
    char made[64];                       /* the mask that this mode makes; "" none */
    bool drag, erases;                   /* the stroke under way */
    enum vn_pane pane;
    int axis, n;
    double at[3 * VN_STROKE_POINTS], last[3], ring[3];
    bool has_last;
};

struct vn_viewer { bool on; const struct vn_log *log; int top, left; struct vn_log text; };   /* scrolls through lines over the panes; left in columns */

struct vn_ui {
    struct vn_session *s;
    struct vn_runner *r;
    enum vn_mode mode;
    struct vn_panes panes;
    struct vn_log log;
    struct vn_viewer viewer;
    struct vn_str paste;                 /* being received */
    bool quit, redraw, focused;
    bool text_dirty;                     /* something beside the pictures changed */
    int busy;                            /* submitted lines that have not ended */
    double hold_until;                   /* no picture before, while a stroke is being made: it would be drawn twice */
    bool submitting;                     /* a line that ends now is the one being submitted */
    int echo_at;                         /* log line of the last command, to see how much it printed */
    bool chosen;                         /* what to look at was said since the objects were last looked at */
    int bound;                           /* names bound when the objects were last looked at */
    /* a held key: applied to the view at once, written as one command when it rests */
    char pending[256], pending_verb[32];
    double pending_since;
    struct vn_box box;                   /* region mode: the region so far */
    struct vn_brush brush;
    bool prompt_stays;                   /* the prompt is open because there is nothing to look at, until there is */
    bool resume_edit;                    /* the prompt was opened in edit mode, and gives it back */
    char device[16];                     /* what the last command that says so ran on */
    /* one frame in flight */
    bool acks, in_flight;
    double sent_at;
    int lost, n_acked;
    int n_message;                       /* rows of the message area */
};

void vn_screen_layout(struct vn_ui *ui); /* after a change of size */
void vn_screen_draw(struct vn_ui *ui);
bool vn_screen_too_small(void);
int  vn_screen_rows(void);
void vn_say(struct vn_ui *ui, enum vn_log_kind kind, const char *fmt, ...) VN_PRINTF(3, 4);
void vn_viewer_open(struct vn_ui *ui, const struct vn_log *log, int top);
void vn_viewer_close(struct vn_ui *ui);
void vn_viewer_scroll(struct vn_ui *ui, int lines);
void vn_viewer_shift(struct vn_ui *ui, int columns);
int  vn_viewer_rows(void);
#endif
