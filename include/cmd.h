/* cmd.h - verbs: one descriptor each in src/cmd/cmd_NAME.c, the table generated from the file names.
 *
 * A verb parses nothing itself: its parameter table does.  Its exec fetches objects from the call, computes through op,
 * graph, stats, io or render, gives results as JSON members (printed as text without --json) and objects by
 * vn_call_output.  No voxel loop stands in src/cmd. */
#ifndef VN_CMD_H
#define VN_CMD_H
#include <cjson/cJSON.h>
#include "job.h"
#include "op.h"
#include "session.h"
#include "text.h"

struct vn_call;
enum { VN_MAX_MADE = 8, VN_MAX_LENT = 64 };
enum vn_cmd_flag {
    VN_CMD_NOW = 1,          /* runs at once on the UI thread: touches no voxels, takes no time */
    VN_CMD_MAKES = 2,        /* has objects as results (as=): recorded with recipes */
    VN_CMD_UI = 4,           /* view state only: echoed, journaled, no result object */
    VN_CMD_NO_JOURNAL = 8,   /* help, history, record... */
    VN_CMD_READS = 16,       /* reads files besides its inputs: its objects are never evicted */
    VN_CMD_VIEW = 64,        /* its result depends on what is looked at: not in the background */
    VN_CMD_TURN = 32,        /* waits its turn behind a running command, also when it is VN_CMD_NOW: it changes names or region, or queues lines */
};
struct vn_cmd {
    const char *name, *summary;
    const struct vn_param *params;
    unsigned flags;
    int (*exec)(struct vn_call *c, struct vn_err *err);
    const struct vn_op *op;  /* set for verbs that are one operation: exec may be vn_cmd_exec_op */
    const struct vn_op *(*choose)(const struct vn_args *a);   /* for verbs whose arguments (method=) choose the operation; op is then NULL */
};
const struct vn_op *vn_cmd_op(const struct vn_cmd *cmd, const struct vn_args *a);   /* NULL: the verb is no operation */
extern const struct vn_cmd *const vn_cmd_table[];        /* NULL-ended, sorted */

struct vn_runner;                         /* runs lines against one session: output, journal, options */
struct vn_run_opt {
    bool json, quiet, color;
    bool prefixes;                        /* unique prefixes of verbs and keys are accepted (prompt) */
    bool remember;                        /* voxel sizes given to files are kept for the next time (interactive use only) */
    FILE *out, *msg;                      /* results; messages */
};

struct vn_call {
    struct vn_session *s;
    struct vn_runner *r;
    const struct vn_cmd *cmd;
    struct vn_args args;
    struct vn_args typed;                 /* VN_CMD_MAKES: args as they were typed, before automatic parameters are settled */
    char *from;                           /* "FILE line 3" when the command came from there, or NULL */
    struct vn_str next;                   /* set by exec: lines that are run after it, before what waits */
    bool no_journal;                      /* set by exec: as VN_CMD_NO_JOURNAL, for this call */
    bool behind;                          /* its last word was '&': in the background */
    int number;                           /* of its job, from 1; 0: it is none */
    struct vn_job *job;                   /* NULL for VN_CMD_NOW */
    cJSON *result;                        /* members added by exec; printed afterwards */
    struct vn_str text;                   /* free text for people, printed after the members (help pages, lists) */
    struct vn_box roi; bool has_roi;
    bool remake;                          /* running again for an evicted object: write no files */
    char as[64];                          /* name its first output will get */
    struct vn_made { enum vn_kind kind; void *content; char suffix[24]; } made[VN_MAX_MADE];
    int n_made;
    struct vn_lent { enum vn_kind kind; void *content; } lent[VN_MAX_LENT];   /* inputs, dropped when the call ends */
    int n_lent;
    cJSON *notes;
    int64_t tally[VN_TALLY];              /* what the operation counted (op.h), after vn_cmd_exec_op */
    bool no_memory;                       /* a result member could not be added */
};

/* ---- for exec functions ---- */
/* Input: the object given for a parameter, its content with a reference that the call drops by itself. */
int  vn_call_vol(struct vn_call *c, const char *param, struct vn_vol **out, struct vn_err *err);
int  vn_call_graph(struct vn_call *c, const char *param, struct vn_graph **out, struct vn_err *err);
int  vn_call_table(struct vn_call *c, const char *param, struct vn_table **out, struct vn_err *err);
const char *vn_call_name(struct vn_call *c, const char *param);       /* the object's name as typed */
/* Region of the call within v: the roi's part of v->box, or all of it. Refuses when they do not meet. */
int  vn_call_region(struct vn_call *c, const struct vn_vol *v, struct vn_box *out, struct vn_err *err);
/* Output number i (0 first); suffix "" for the first, else "_mask" and the like. TAKES content, also when it fails. */
int  vn_call_output(struct vn_call *c, int i, const char *suffix, enum vn_kind kind, void *content, struct vn_err *err);
void vn_call_note(struct vn_call *c, const char *fmt, ...) VN_PRINTF(2, 3);   /* to stderr (messages in the TUI), and "notes" in JSON */
/* Result members; a number that is not finite becomes null. */
void vn_res_num(struct vn_call *c, const char *key, double v);
void vn_res_int(struct vn_call *c, const char *key, int64_t v);
void vn_res_text(struct vn_call *c, const char *key, const char *v);
void vn_res_bool(struct vn_call *c, const char *key, bool v);
void vn_res_nums(struct vn_call *c, const char *key, const double *v, int n);
void vn_res_ints(struct vn_call *c, const char *key, const int64_t *v, int n);   /* first 100, then "KEY_count" */
void vn_res_volume(struct vn_call *c, const struct vn_vol *v);        /* dims, type, voxel_um, extent_mm of a result */
/* The inputs of a verb that is one operation, and where all of them have voxels in the call's region. */
int  vn_call_inputs(struct vn_call *c, struct vn_vol *in[4], struct vn_box *region, struct vn_err *err);
/* A verb that is one operation on the volume parameters named by its table's OBJECT rows, in order. */
int  vn_cmd_exec_op(struct vn_call *c, struct vn_err *err);

/* ---- for main and ui ---- */
/* What a command line, one operation, will need over roi (NULL: the session's region). From a job. */
int  vn_estimate_line(struct vn_session *s, const char *line, const struct vn_box *roi, struct vn_estimate *e, struct vn_job *job, struct vn_err *err);
struct vn_runner *vn_runner_new(struct vn_session *s, const struct vn_run_opt *o, struct vn_err *err);
void vn_runner_free(struct vn_runner *r);
const struct vn_run_opt *vn_runner_opt(const struct vn_runner *r);
/* Runs one line (several commands separated by ';') and waits. Returns 0, or 1 when a command failed that had no '-' before it;
 * what follows a failure is not run. */
int  vn_runner_line(struct vn_runner *r, const char *line);
int  vn_runner_script(struct vn_runner *r, const char *path, struct vn_err *err);     /* '-' = stdin */
bool vn_runner_quit(const struct vn_runner *r);
/* TUI: the same in the background; results and messages go to the hooks, done is called on the UI thread. */
struct vn_runner_hooks {
    void *ctx;
    void (*echo)(void *ctx, const char *line);                       /* a command starts */
    void (*text)(void *ctx, const char *line, bool is_error);        /* one line of results, notes or errors */
    void (*done)(void *ctx, int rc);                                 /* a submitted line ended */
    void (*job)(void *ctx, int rc);                                  /* a job in the background ended; may be NULL */
    void (*bell)(void *ctx);                                         /* a long command ended and a bell is wanted; may be NULL */
    void (*messages)(void *ctx);                                     /* all messages are asked for; may be NULL */
};
void vn_runner_set_hooks(struct vn_runner *r, const struct vn_runner_hooks *h);
/* Queues a line; one whose verb is VN_CMD_NOW runs at once, also while a job is running. */
int  vn_runner_submit(struct vn_runner *r, const char *line, struct vn_err *err);
void vn_runner_drop(struct vn_runner *r);                            /* forgets lines that have not started */
void vn_runner_cancel(struct vn_runner *r);                          /* Ctrl-C: the running command and the lines that wait, not the background */

/* Jobs: the running command and those in the background (a line's last word was '&'), which run when no other does.  UI thread.
 * Until a job has ended, the name it makes cannot be used, and the names it reads are not bound to anything else: so the
 * journal, in the order in which commands end, replays to the same objects. */
enum { VN_MAX_JOBS = 9 };
struct vn_job_info { int number; bool behind, cancelled; const char *line, *makes; struct vn_progress p; };   /* makes: "" not known */
int  vn_runner_jobs(const struct vn_runner *r, struct vn_job_info out[VN_MAX_JOBS]);                /* by number; returns how many */
enum vn_job_act { VN_JOB_PAUSE, VN_JOB_RESUME, VN_JOB_CANCEL, VN_JOB_BACKGROUND, VN_JOB_WAIT };   /* wait: lines that follow begin when it has ended */
int  vn_runner_job_act(struct vn_runner *r, enum vn_job_act act, int number, struct vn_err *err);  /* number 0: the only one there is */
int  vn_runner_making(const struct vn_runner *r, const char *name);          /* number of the job that makes it, or 0 */
int  vn_runner_reading(const struct vn_runner *r, int own, const char *name);   /* number of the job, other than `own`, that reads it, or 0 */
int  vn_runner_torn(const struct vn_runner *r, const char **name);           /* a name that a job reads is bound otherwise: its number, or 0 */
void vn_runner_bell(struct vn_runner *r, bool on);                           /* commands longer than 5 s end with the bell */
bool vn_runner_has_bell(const struct vn_runner *r);
const struct vn_runner_hooks *vn_runner_hooks(const struct vn_runner *r);

/* Journal: every command that succeeded, canonical, so that the list replayed gives the same objects and files. */
int  vn_runner_n_journal(const struct vn_runner *r);
const char *vn_runner_journal(const struct vn_runner *r, int i);
int  vn_runner_record(struct vn_runner *r, const char *path, bool force, struct vn_err *err);   /* NULL: stop */
/* Interactive sessions keep what succeeds in a file of their own, until they are left; what is there was not (verb resume). */
void vn_runner_left(struct vn_runner *r);                            /* the file goes */
int  vn_runner_adopt(struct vn_runner *r, const char *path, struct vn_err *err);     /* goes on in the file of a lost one, whose lines come next */
bool vn_runner_lost(char when[20]);                                  /* whether the current folder has one; the last */
/* Lines put in front of what waits (source). path: the file they stand in, line by line, for messages; or NULL. */
int  vn_runner_push(struct vn_runner *r, const char *text, const char *path, struct vn_err *err);
void vn_runner_stop(struct vn_runner *r);                            /* quit */

/* Completion: what may stand at byte `point` of line, without quotes: NULL-ended array, each and the array vn_free'd; NULL
 * when there is nothing.  *start: where the text begins that it takes the place of (behind NAME=, the value). */
char **vn_complete(struct vn_session *s, const char *line, int point, int *start);
/* The first n bytes of a candidate as they are typed: in quotes where needed, which are closed when it is whole. Appended to b. */
void vn_complete_text(const char *word, size_t n, bool whole, struct vn_str *b);
void vn_hint(const char *line, int point, struct vn_str *b);         /* what is expected there; appended to b */
void vn_param_takes(const struct vn_param *p, struct vn_str *b);     /* "number, um, 0.1 to 50, default 1" */
const struct vn_cmd *vn_cmd_find(const char *name, bool prefix, struct vn_err *err);
/* Words of the first command of line, quotes removed.  *rest: the text after its ';', or NULL. */
struct vn_words { char **w; bool *quoted; int n; };                  /* quoted: the word began with a quote */
int  vn_words_split(const char *line, const char **rest, struct vn_words *out, struct vn_err *err);
void vn_words_free(struct vn_words *w);
/* The verb's page with its parameter table. Appended to b; false when there is no such page. */
bool vn_help_page(const char *verb, struct vn_str *b);
#endif
