/* param.h - typed parameters: one table per verb, from which parsing, completion, help, JSON and sliders come.
 *
 * Arguments are values parsed by such a table.  They are text first and keep their canonical spelling, so that a command
 * can be written into the journal and read back to the same values. */
#ifndef VN_PARAM_H
#define VN_PARAM_H
#include "err.h"
#include "key.h"

enum vn_ptype {
    VN_P_FLAG,      /* a bare word */
    VN_P_INT, VN_P_REAL,
    VN_P_CHOICE,    /* one of `choices`, "a|b|c" */
    VN_P_LENGTH,    /* 2um, 2vox, 0.5mm or a bare number (um when the voxel size is known, voxels otherwise) */
    VN_P_LENGTHS,   /* up to VN_MAX_LENGTHS lengths: 1,2,4um; one suffix serves all */
    VN_P_VOXEL,     /* 0.35x0.35x1um, or 1um for all three */
    VN_P_BOX,       /* 100:260,100:260,0:160 (half-open, either end may be left out), or "off" (i == 0) */
    VN_P_RANGE,     /* a:b, half-open */
    VN_P_POINT,     /* x,y,z */
    VN_P_POINTS,    /* points (points.h), up to VN_MAX_POINTS of them; read by vn_args_points */
    VN_P_REALS,     /* numbers separated by commas, up to VN_MAX_REALS */
    VN_P_TEXT, VN_P_PATH,
    VN_P_OBJECT,    /* the name of a session object of one of `kinds` */
    VN_P_NAME,      /* a name to be given (as=) */
};
enum vn_pflag {
    VN_POS  = 1,    /* a positional word (in table order); may also be written key=value */
    VN_REQ  = 2,    /* required */
    VN_REST = 4,    /* positional, takes all remaining words (TEXT or PATH only): one string, words joined by a space */
    VN_PREF = 8,    /* does not change results (to=, force): left out of object keys */
    VN_FILE = 16,   /* PATH of a file that is read: written absolute into the journal */
};
enum { VN_MAX_LENGTHS = 8, VN_MAX_REALS = 16, VN_MAX_POINTS = 4096 };

struct vn_param {
    const char *name;
    enum vn_ptype type;
    unsigned flags;
    double min, max;          /* INT, REAL, LENGTH(S); both 0 = unbounded */
    const char *unit;         /* shown in help; NULL none */
    const char *def;          /* default, parsed like typed text; NULL = unset */
    const char *choices;      /* CHOICE: "a|b|c" */
    unsigned kinds;           /* OBJECT: enum vn_kind bits */
    const char *help;         /* one line */
};
/* A table ends with a row whose name is NULL. */

enum vn_unit { VN_AUTO, VN_UM, VN_VOX };
struct vn_length { double v; enum vn_unit unit; };           /* mm is turned into um by the parser */

struct vn_obj;
struct vn_arg {
    bool has, given;          /* has a value; typed by the user (not the default) */
    long long i;              /* INT; CHOICE: index; FLAG: 1; LENGTHS, REALS, POINTS: count */
    double d[VN_MAX_REALS];   /* REAL: d[0]; VOXEL, POINT: 3; RANGE: 2; REALS */
    struct vn_length len[VN_MAX_LENGTHS];
    int64_t lo[3], hi[3];     /* BOX (INT64_MIN / INT64_MAX = open end) */
    char *s;                  /* the text as typed, and the value of TEXT, PATH, OBJECT, NAME, CHOICE; owned */
    struct vn_obj *obj;       /* OBJECT, resolved by the session; a reference held by the args */
};
struct vn_args { const struct vn_param *params; int n; struct vn_arg *v; };

int  vn_param_count(const struct vn_param *p);
const struct vn_param *vn_param_find(const struct vn_param *p, const char *name);

int  vn_args_init(struct vn_args *a, const struct vn_param *p, struct vn_err *err);    /* defaults filled in */
void vn_args_free(struct vn_args *a);                                                  /* does not touch .obj */
int  vn_args_copy(struct vn_args *to, const struct vn_args *from, struct vn_err *err); /* .obj pointers copied, no reference taken */
/* Parses text as the value of one parameter; err names the parameter, the value and what is allowed. */
int  vn_args_set(struct vn_args *a, const char *name, const char *text, struct vn_err *err);
/* An automatic REAL becomes explicit: v in nine digits (a float's) unless the parameter has a value already. */
int  vn_args_settle(struct vn_args *a, const char *name, double v, struct vn_err *err);
void vn_args_unset(struct vn_args *a, const char *name);

/* Lookups by name; a name that is not in the table is a programming error (assert). */
const struct vn_arg *vn_arg(const struct vn_args *a, const char *name);
bool vn_args_has(const struct vn_args *a, const char *name);
bool vn_args_given(const struct vn_args *a, const char *name);
bool vn_args_flag(const struct vn_args *a, const char *name);
double vn_args_real(const struct vn_args *a, const char *name);
long long vn_args_int(const struct vn_args *a, const char *name);     /* INT, or index of a CHOICE */
const char *vn_args_text(const struct vn_args *a, const char *name);  /* NULL when unset */
/* The length in um or voxels of axis `axis` whose voxel is um[axis] (0 = unknown: bare numbers are voxels, um refuses). */
int  vn_args_length_vox(const struct vn_args *a, const char *name, int index, const double um[3], int axis, double *vox, struct vn_err *err);

/* Coordinates of a POINTS parameter that has a value: x, y, z of vn_arg(a, name)->i points, vn_free'd by the caller. NULL: no memory. */
double *vn_args_points(const struct vn_args *a, const char *name, struct vn_err *err);

/* What was typed, as command text that parses back: positional words bare, then key=value and flags.  Appended to b. */
struct vn_str;
void vn_args_print(const struct vn_args *a, struct vn_str *b);
/* Adds every value in force, defaults included, to a key; not objects and files (their keys count), names and VN_PREF rows. */
struct vn_key vn_args_key(const struct vn_args *a, struct vn_key k);
/* A word in quotes where the command language needs them.  Appended to b. */
void vn_word_print(const char *w, struct vn_str *b);
#endif
