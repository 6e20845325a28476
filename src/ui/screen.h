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
#include "mode.h"
#include "panes.h"

#define VN_REST_S 0.12                   /* the hand rests: what was sent coarse is refined */

struct vn_viewer {                       /* scrolls through lines over the panes */
    bool on, typing;                     /* typing: what is typed chooses among the lines */
    const struct vn_log *log;
    int top, left;                       /* lines of those chosen, columns */
    struct vn_log text;
    char filter[40];
};
struct vn_button { int x, y, w; const struct vn_mode *mode; const struct vn_bind *bind; };
enum { VN_MAX_BUTTONS = 96 };


struct vn_ui {
    struct vn_session *s;
    struct vn_runner *r;
    const struct vn_mode *mode, *home;   /* never NULL; home: what a mode that ends gives back, browsing or the tour */
    const struct vn_mode *figure_from;   /* what closing the figure goes back to; NULL: browsing */
    bool prompting;                      /* the command line has the keys */
    struct vn_rect { int x, y, w, h; } panel;      /* w 0: none */
    struct vn_button button[VN_MAX_BUTTONS];      /* as drawn last */
    int n_button;
    struct vn_panes panes;
    struct vn_log log;
    struct vn_viewer viewer;
    struct vn_str paste;                 /* being received */
    bool pointed;                        /* the mouse was used last, there */
    int pointer_x, pointer_y;
    struct vn_event late;                /* a press before the panes are there again that it means; no type: none */
    double late_since;
    bool quit, redraw;
    bool gone;                           /* the terminal is */
    bool text_dirty;                     /* something beside the pictures changed */
    int busy;                            /* submitted lines that have not ended */
    double wake_at;                      /* the mode wants a turn then; 0: it does not */
    double hold_until;                   /* no picture before, while a stroke is being made: it would be drawn twice */
    bool submitting;                     /* a line that ends now is the one being submitted */
    int echo_at;                         /* log line of the last command, to see how much it printed */
    char follows[100];                   /* command that was given by itself and has not begun yet */
    bool chosen;                         /* what to look at was said since the objects were last looked at */
    int bound;                           /* names bound when the objects were last looked at */
    /* a held key: applied to the view at once, written as one command when it rests */
    char pending[256], pending_verb[32];
    double pending_since;
    bool drawing;                        /* a stroke is being drawn: its marks stay */
    bool prompt_stays;                   /* the prompt is open because there is nothing to look at, until there is */
    char device[16];                     /* what the last command that says so ran on */
    struct vn_link link;
    double moved_at;                     /* when the view changed last */
    size_t frame_bytes;                  /* of the last picture sent */
    int n_message;                       /* rows of the message area */
};

void vn_screen_settings(void);           /* colours, for the configuration file */
void vn_screen_layout(struct vn_ui *ui); /* after a change of size */
void vn_screen_draw(struct vn_ui *ui);
bool vn_screen_too_small(void);
int  vn_screen_rows(void);
int  vn_screen_cols(void);
void vn_say(struct vn_ui *ui, enum vn_log_kind kind, const char *fmt, ...) VN_PRINTF(3, 4);
void vn_screen_bar(int y, const char *left, const char *right);          /* a row in reverse */
void vn_screen_line(int y, const struct vn_log_line *l, int left);       /* from column `left` of it */
void vn_viewer_open(struct vn_ui *ui, const struct vn_log *log, int top);
void vn_viewer_close(struct vn_ui *ui);
void vn_viewer_scroll(struct vn_ui *ui, int lines);
void vn_viewer_shift(struct vn_ui *ui, int columns);
bool vn_viewer_type(struct vn_ui *ui, const struct vn_event *ev);       /* a key that chooses among the lines */
int  vn_viewer_rows(void);
void vn_viewer_draw(const struct vn_ui *ui);
void vn_help_open(struct vn_ui *ui);     /* keys of the mode that is on, and of browsing */
/* Runs the button under a click; false: there is none. */
bool vn_screen_button(struct vn_ui *ui, const struct vn_event *ev);
#endif
