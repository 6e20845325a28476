/* session.h - named, immutable objects with their recipes, and the state of the view.
 *
 * A name is bound to an object; rebinding leaves the old object to those who still use it (recipes of others).  An
 * object knows the verb, arguments, region and input objects that made it, so that its content may be evicted and made
 * again, byte for byte.  What the commands did to names and region is kept as a bounded list of steps, to go back and forth
 * in; what only such a step holds is the first to be evicted.  All functions are thread-safe (one lock); objects are used outside the lock by reference. */
#ifndef VN_SESSION_H
#define VN_SESSION_H
#include "graph.h"
#include "param.h"
#include "table.h"
#include "view.h"
#include "volume.h"

struct vn_session;
struct vn_obj {                          /* reference-counted; fields but `content` never change */
    int refs;
    enum vn_kind kind;
    struct vn_key key;                   /* verb, version, parameters used, keys of the inputs */
    char *line;                          /* the command that made it, canonical, with explicit parameters and as= */
    char *typed;                         /* the same before automatic parameters were settled; NULL: as line */
    char name[64]; int n_as;             /* the name it was made under: as=, n_as bytes long, and the output's suffix */
    char shape[64];                      /* "64x64x48 u8", "7 segments, 8 nodes": known also when the content is not there */
    uint64_t serial;                     /* counts calls: outputs of one call share it, later calls have a higher one */
    const char *verb;
    struct vn_args args;                 /* resolved; its .obj references are the inputs */
    struct vn_box roi; bool has_roi;     /* region it was made under */
    int output;                          /* which output of the verb, 0-based */
    bool remakable;                      /* its verb reads nothing but its inputs, so the content may be evicted */
    uint64_t used;                       /* clock of last use, for eviction; guarded by the session */
    union { struct vn_vol *vol; struct vn_graph *graph; struct vn_table *table; void *any; } content;   /* any == NULL: evicted */
};

struct vn_session *vn_session_new(struct vn_err *err);
void vn_session_free(struct vn_session *s);

struct vn_obj *vn_obj_ref(struct vn_obj *o);
void vn_obj_unref(struct vn_obj *o);
/* The content with a reference of the caller's; made again when it was evicted (then from a job only). */
int  vn_obj_vol(struct vn_session *s, struct vn_obj *o, struct vn_vol **out, struct vn_job *job, struct vn_err *err);
int  vn_obj_graph(struct vn_session *s, struct vn_obj *o, struct vn_graph **out, struct vn_job *job, struct vn_err *err);
int  vn_obj_table(struct vn_session *s, struct vn_obj *o, struct vn_table **out, struct vn_job *job, struct vn_err *err);
uint64_t vn_obj_mem(struct vn_session *s, struct vn_obj *o);   /* bytes of content held in memory; 0 when evicted */
void *vn_obj_peek(struct vn_session *s, struct vn_obj *o);     /* the content with a reference, or NULL when evicted */
/* Made by a verb; TAKES content.  args are copied, with references to their objects; line and verb too. */
struct vn_obj *vn_obj_new(enum vn_kind kind, void *content, const char *verb, const struct vn_args *args, const char *line,
                          struct vn_key key, struct vn_err *err);
void vn_content_unref(enum vn_kind kind, void *content);
void vn_session_evict_all(struct vn_session *s);           /* drops everything that can be made again */
uint64_t vn_session_n_remade(const struct vn_session *s);

int  vn_session_bind(struct vn_session *s, const char *name, struct vn_obj *o, struct vn_err *err);   /* takes a reference */
struct vn_obj *vn_session_get(struct vn_session *s, const char *name);          /* new reference, or NULL */
int  vn_session_unbind(struct vn_session *s, const char *name, struct vn_err *err);
int  vn_session_count(const struct vn_session *s);
/* i-th name in order of binding; name is copied. Returns a new reference or NULL. */
struct vn_obj *vn_session_at(struct vn_session *s, int i, char name[64]);
bool vn_name_valid(const char *name);
void vn_name_free_one(struct vn_session *s, const char *stem, char out[64]);    /* stem, or stem with a number: not bound yet */

/* Steps for undo: after each command, what it left.  A command that changed neither names nor region makes none; the files
 * it wrote are then told with the step before.  files: names for people, or NULL. */
enum { VN_MAX_STEPS = 100 };
int  vn_session_mark(struct vn_session *s, const char *line, const char *files, struct vn_err *err);
int  vn_session_n_steps(const struct vn_session *s, int way);                   /* way -1: that can be undone, +1: redone */
/* Goes one step back or forth. *line, *files: of the command undone or redone, borrowed until the next mark. */
int  vn_session_step(struct vn_session *s, int way, const char **line, const char **files, struct vn_err *err);

/* Region for the commands that follow. */
bool vn_session_roi(struct vn_session *s, struct vn_box *roi);
void vn_session_set_roi(struct vn_session *s, const struct vn_box *roi);        /* NULL: off */

struct vn_view vn_session_view(struct vn_session *s);                           /* a copy */
void vn_session_set_view(struct vn_session *s, const struct vn_view *v);

/* One thing that a verb keeps from call to call, freed with the session; NULL: none. */
void *vn_session_kept(struct vn_session *s);
void vn_session_keep(struct vn_session *s, void *what, void (*free)(void *what));

/* Set by cmd: runs o's verb again and gives its content, which the caller owns. */
typedef int (*vn_remake_fn)(struct vn_session *s, struct vn_obj *o, void **content, struct vn_job *job, struct vn_err *err);
void vn_session_set_remake(struct vn_session *s, vn_remake_fn f);
#endif
