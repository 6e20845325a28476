/* mode.h - what the keyboard, the mouse and the panel at the right do now.
 *
 * A mode is one file, src/ui/mode_NAME.c, with one vn_mode_NAME; the table of modes is made from the file names.  Its keys
 * stand in a table, from which come what they do, the help under `?`, the buttons and the configuration file.  There is one
 * interface, so a mode keeps its state in static variables of its file. */
#ifndef VN_MODE_H
#define VN_MODE_H
#include "input.h"
#include "text.h"

struct vn_ui;
struct vn_bind {                         /* rows end with a NULL name */
    const char *name;                    /* "zoom-in": MODE.NAME in the configuration file */
    const char *keys;                    /* by default: "+ =", "S-Left", "C-r", "Space"; a key without S- also matches with Shift */
    const char *label;                   /* a word or two, for hints and buttons */
    const char *does;                    /* help, one line; NULL: told by the row before, whose keys stand beside its own */
    void (*run)(struct vn_ui *ui, int arg, unsigned mods);
    int arg;
};
struct vn_mode {
    const char *name, *title;            /* "region", "Region box" */
    const char *about;                   /* a sentence or two for the help; NULL none */
    struct vn_bind open;                 /* the key in browsing that begins the mode (run: NULL); no keys: begun in another way */
    const struct vn_bind *binds;
    bool over_browse;                    /* keys and mouse that are not its own do what they do in browsing */
    bool short_results;                  /* results are joined on one line, and do not open as a page */
    bool (*start)(struct vn_ui *ui);     /* false: it cannot begin, and has said why. These may be NULL: */
    void (*stop)(struct vn_ui *ui);      /* it was left, in whichever way */
    bool (*key)(struct vn_ui *ui, const struct vn_event *ev);      /* before the table; true: taken */
    bool (*mouse)(struct vn_ui *ui, const struct vn_event *ev);    /* cells of the screen; true: taken */
    void (*tick)(struct vn_ui *ui);      /* after events and finished jobs, before the screen is drawn */
    int  (*width)(const struct vn_ui *ui);     /* columns of the panel it wants; 0 none */
    void (*panel)(struct vn_ui *ui);     /* fills it, with vn_panel_text */
    void (*hint)(const struct vn_ui *ui, struct vn_str *b);        /* the bottom line; markup as in vn_panel_text */
};
extern const struct vn_mode *const vn_mode_table[];      /* NULL-ended, sorted by name */
extern const struct vn_mode vn_mode_browse, vn_mode_tour;
const struct vn_mode *vn_mode_find(const char *name);    /* NULL: there is none */

/* Leaves the mode that is on for m (NULL: browsing, or the tour while it is on). False: m cannot begin, and that is on. */
bool vn_mode_enter(struct vn_ui *ui, const struct vn_mode *m);
/* The key's row in the mode's table, in those that begin other modes, in browsing's; false: none. */
bool vn_mode_key(struct vn_ui *ui, const struct vn_event *ev);
/* Runs the row of that name of the mode that is on, or of browsing. */
void vn_mode_run(struct vn_ui *ui, const char *name);
const struct vn_bind *vn_mode_bind(const struct vn_mode *m, const char *name);
/* The keys in force, those of the configuration file or the table's. */
const char *vn_bind_keys(const struct vn_mode *m, const struct vn_bind *b);
/* "+", "S-Left", "C-r": false when the word names no key. */
bool vn_key_parse(const char *word, uint32_t *code, unsigned *mods);
/* First key of the row, for hints: "Left", "^R". Empty when it has none. */
void vn_bind_key_name(const struct vn_mode *m, const struct vn_bind *b, char out[16]);
/* One setting of the configuration file a row, MODE.NAME = keys. */
void vn_mode_settings(void);

/* ---- the panel: columns at the right of the pictures ---- */
enum vn_look { VN_LOOK_TEXT, VN_LOOK_DIM, VN_LOOK_BOLD, VN_LOOK_TITLE, VN_LOOK_KEY, VN_LOOK_ECHO, VN_LOOK_ERROR, VN_LOOK_CHOSEN };
int  vn_panel_rows(const struct vn_ui *ui);
int  vn_panel_cols(const struct vn_ui *ui);              /* 0: there is no room for one */
/* Text at a place of the panel, cut at its edge; returns the column after it.  "{name}" becomes a button, "KEY label", of
 * the row of that name of the mode that is on (or of browsing). */
int  vn_panel_text(struct vn_ui *ui, int row, int col, enum vn_look look, const char *fmt, ...) VN_PRINTF(5, 6);
/* The same with "{=name}" for the key alone, folded at spaces from col on; newlines break, and
 * what begins with a space is a command.  Returns the row after it. */
int  vn_panel_fold(struct vn_ui *ui, int row, int col, enum vn_look look, const char *text);
/* Where a mouse event lies in the panel; false: elsewhere. */
bool vn_panel_hit(const struct vn_ui *ui, const struct vn_event *ev, int *row, int *col);
#endif
