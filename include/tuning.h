/* tuning.h - what can be turned in the chain denoise -> segment -> deartifact -> threshold -> clean, and the tuning under way in a
 * session.
 *
 * A setting is a text for each knob, "" where it is automatic; what a text may be is said by the table of the verb it
 * belongs to.  One object is tuned at a time.  What was tried is kept with its numbers, and in which order, for undo.
 * Changes by commands compute in the command's job; those by hand (vn_tuning_try) in jobs of their own, the newest setting
 * alone, and become a command when the hand rests. */
#ifndef VN_TUNING_H
#define VN_TUNING_H
#include "cmd.h"
#include "tune.h"

enum vn_knob_id { VN_KNOB_DENOISE, VN_KNOB_SIGMA, VN_KNOB_RADIUS, VN_KNOB_STRENGTH, VN_KNOB_DARK, VN_KNOB_SMOOTH, VN_KNOB_BACKGROUND,
                  VN_KNOB_CONTRAST, VN_KNOB_LOCAL, VN_KNOB_EDGE, VN_KNOB_ARTIFACT, VN_KNOB_PERIOD, VN_KNOB_LOW, VN_KNOB_HIGH, VN_KNOB_CLOSE, VN_KNOB_FILL, VN_KNOB_OPEN, VN_KNOB_MIN_SIZE, VN_KNOB_GAP,
                  VN_N_KNOB };
struct vn_knob {
    const char *name, *verb, *key;       /* key: the verb's parameter */
    const char *with;                    /* of denoise: only with this method */
    bool image;                          /* of no use for a probability */
    double lo, hi, step;                 /* of a slider; lengths in voxels.  step 0: by a tenth of the value */
};
extern const struct vn_knob vn_knobs[VN_N_KNOB];
const struct vn_param *vn_knob_param(int knob);          /* its row in the verb's table */

/* Rows of the tables of tune and sweep. */
#define VN_KNOB_PARAMS(MORE)                                                                                           \
    { "denoise", VN_P_TEXT, 0, .help = "off, gaussian, median, nlm or along" MORE },                                   \
    { "sigma", VN_P_TEXT, 0, .help = "denoise=gaussian: sigma= of denoise" MORE },                                     \
    { "radius", VN_P_TEXT, 0, .help = "denoise=median: radius= of denoise" MORE },                                     \
    { "strength", VN_P_TEXT, 0, .help = "denoise=nlm: strength= of denoise" MORE },                                    \
    { "dark", VN_P_TEXT, 0, .help = "on: vessels darker than their surroundings" MORE },                               \
    { "smooth", VN_P_TEXT, 0, .help = "smooth= of segment" MORE },                                                     \
    { "background", VN_P_TEXT, 0, .help = "background= of segment" MORE },                                             \
    { "contrast", VN_P_TEXT, 0, .help = "contrast= of segment" MORE },                                                 \
    { "local", VN_P_TEXT, 0, .help = "local= of segment" MORE },                                                       \
    { "edge", VN_P_TEXT, 0, .help = "edge= of segment" MORE },                                                         \
    { "artifact", VN_P_TEXT, 0, .help = "strength= of deartifact; 0: not done" MORE },                                   \
    { "period", VN_P_TEXT, 0, .help = "period= of deartifact" MORE },                                                    \
    { "low", VN_P_TEXT, 0, .help = "low= of threshold" MORE },                                                         \
    { "high", VN_P_TEXT, 0, .help = "high= of threshold; off: a plain threshold at low" MORE },                        \
    { "close", VN_P_TEXT, 0, .help = "close= of clean" MORE },                                                         \
    { "fill", VN_P_TEXT, 0, .help = "fill= of clean" MORE },                                                           \
    { "open", VN_P_TEXT, 0, .help = "open= of clean" MORE },                                                           \
    { "min_size", VN_P_TEXT, 0, .help = "min_size= of clean" MORE },                                                   \
    { "gap", VN_P_TEXT, 0, .help = "gap= of repair; 0: not done" MORE }

enum { VN_KNOB_CHARS = 24 };
struct vn_setting { char text[VN_N_KNOB][VN_KNOB_CHARS]; };
bool vn_setting_same(const struct vn_setting *a, const struct vn_setting *b);
bool vn_setting_used(const struct vn_setting *x, int knob, enum vn_kind kind);     /* has an effect on such a volume */
int  vn_setting_put(struct vn_setting *x, int knob, const char *text, struct vn_err *err);       /* "auto" for "" too */
/* As arguments of the operations, checked; free with vn_tune_set_free. */
int  vn_setting_build(const struct vn_setting *x, enum vn_kind kind, struct vn_tune_set *out, struct vn_err *err);
/* The texts with automatic ones as they were settled. */
void vn_setting_values(const struct vn_setting *x, enum vn_kind kind, const struct vn_tune_set *settled, struct vn_setting *out);
/* The commands that do the same, a line each, from object (or $1) `name`; results: stem_d, stem_p, stem_a, stem_t and stem. */
void vn_setting_lines(const struct vn_setting *x, enum vn_kind kind, const char *name, const char *stem, struct vn_str *b);
/* Names of the columns of numbers, and the numbers in that order; with truth: two more. */
enum { VN_TUNE_COLS = 8 };
int  vn_tune_columns(bool um, bool truth, const char *name[VN_TUNE_COLS]);
void vn_tune_values(const struct vn_tune_numbers *n, double value[VN_TUNE_COLS]);

/* ---- the tuning of a session ---- */
struct vn_tuning_view {
    bool on, um, has_truth, pending;     /* pending: a newer setting is being computed */
    bool provisional;                    /* ... and slices show it, nearly */
    unsigned n_ahead;                    /* how many did since the beginning */
    bool fixed_pair;                     /* `ab` was chosen; else the last two */
    char name[64], truth[64];
    enum vn_kind kind;
    double edge_um;                      /* the smallest of a voxel; 0 unknown */
    struct vn_setting want, now, value;  /* newest; last one noted; values of what is shown */
    struct vn_tune_numbers n;
    double ms, cldice_ms;                /* what is shown took */
    int n_tried, tried, n_undo, n_redo, ab[2];     /* tried: number of `now`; ab: -1 none */
    unsigned turn;                       /* changes with everything here */
    char error[200];
};
void vn_tuning_look(struct vn_session *s, struct vn_tuning_view *out);
bool vn_tuning_tried(struct vn_session *s, int i, struct vn_setting *x, struct vn_tune_numbers *n);
/* From the UI thread: makes x the newest setting and has it computed. */
int  vn_tuning_try(struct vn_session *s, const struct vn_setting *x, struct vn_err *err);
/* What is drawn, with references; false: no tuning.  While a newer setting is long in coming either some parts of `mask`, the slices that are
 * looked at, are of that setting, nearly, and `whole` is the mask before it; or, where the thresholds alone are other ones, `field` is
 * to be shown with them. Both NULL otherwise. */
enum { VN_TUNED_PARTS = 3, VN_TUNED_SLOW_MS = 20 };        /* slower than this: slices are shown before the mask is there */
struct vn_tuned { struct vn_vol *mask, *whole, *field; double low, high; struct vn_box part[VN_TUNED_PARTS]; int n_part; };
bool vn_tuning_shown(struct vn_session *s, struct vn_tuned *out);

/* What is cut in the setting shown, over which region and against which truth (NULL: none): new references.  False: it is
 * not kept. */
bool vn_tuning_field(struct vn_session *s, struct vn_vol **field, struct vn_obj **truth, struct vn_box *box);
/* From the UI thread, when that is missing: has it made, once for each setting shown. */
void vn_tuning_ask_field(struct vn_session *s);

/* ---- for the verb, in its job ---- */
int  vn_tuning_start(struct vn_call *c, const char *name, const char *truth, struct vn_err *err);
int  vn_tuning_change(struct vn_call *c, const struct vn_setting *x, struct vn_err *err);          /* computes and notes */
int  vn_tuning_step(struct vn_call *c, int way, struct vn_err *err);
int  vn_tuning_pair(struct vn_session *s, int a, int b, struct vn_err *err);
void vn_tuning_off(struct vn_session *s);
/* Whether the region and the object are still those of the beginning. */
int  vn_tuning_check(struct vn_call *c, struct vn_err *err);
#endif
