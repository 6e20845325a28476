/* artifact.h - what scanning, stitching and upsampling leave in a volume, as fields over the whole volume's voxels.
 *
 * A field E says what was added to a voxel of grey value `level`; `scale` is by how much that grows for each grey value above,
 * as a share: 0 additive, 1 / level multiplicative.  v = s + E (1 + scale (s - level)), so that s follows from v voxel by voxel.
 * Artifacts are written as text and read back to the same fields: that is what a recipe keeps. */
#ifndef VN_ARTIFACT_H
#define VN_ARTIFACT_H
#include "text.h"
#include "volume.h"

enum vn_artifact_kind { VN_CHECKERBOARD, VN_SLICES, VN_SEAMS, VN_STRIPES, VN_LOST, VN_N_ARTIFACT };
enum { VN_MIN_PERIOD = 2, VN_MAX_PERIOD = 32, VN_MAX_ARTIFACTS = 12, VN_MAX_SEAMS = 64, VN_MAX_LOST = 3 };

struct vn_wave { int k[3]; double re, im; };         /* re cos a - im sin a, a = 2 pi (k . x) / period; twice that with its conjugate */
struct vn_artifact {
    enum vn_artifact_kind kind;
    double level, scale;
    double noise, error;               /* of the background; rms standard error of E */
    int period;                        /* checkerboard: E is a sum of waves */
    struct vn_wave *wave;
    int n_wave;
    int axis;                          /* slices: E = value[i - lo] at voxel i of this axis; stripes: along it */
    int64_t lo;
    int64_t at[3][VN_MAX_SEAMS];       /* seams: tiles begin at these voxels, but for the first; E = value[tile], x fastest */
    int n_at[3];
    double *value;                     /* stripes: rms, cells on either side, share, length (artifact_stripes.c); lost: the slices, at most VN_MAX_LOST in a row */
    int n_value;
    double *e, *mul, *add;             /* E and s = mul v + add, by residues or values: vn_artifact_ready */
};
struct vn_artifacts { int n; struct vn_artifact item[VN_MAX_ARTIFACTS]; };

extern const char *const vn_artifact_names[VN_N_ARTIFACT];
void vn_artifacts_free(struct vn_artifacts *m);
void vn_artifacts_drop(struct vn_artifacts *m);            /* the last one */
int  vn_artifacts_parse(const char *text, struct vn_artifacts *m, struct vn_err *err);      /* not ready; to be freed also after failure */
void vn_artifacts_print(const struct vn_artifacts *m, struct vn_str *b);                    /* "none" for none. Appended */
int  vn_artifact_ready(struct vn_artifact *a, double strength, struct vn_err *err);         /* its tables; again after a change of its numbers */
/* v[0..n): voxels from x on, without the artifacts but stripes and lost slices, at the strength they were made ready for. */
void vn_artifacts_row(const struct vn_artifacts *m, int64_t x, int64_t y, int64_t z, double *v, int64_t n);
/* E of one artifact, no stripes, in the voxels from x on. */
void vn_artifact_field(const struct vn_artifact *a, int64_t x, int64_t y, int64_t z, double *e, int64_t n);
/* Half of the range of E, its rms, and where it is largest (checkerboard: voxel 0..period - 1 of each axis; else index). */
struct vn_artifact_size { double amplitude, rms; int64_t top[3]; };
void vn_artifact_size(const struct vn_artifact *a, struct vn_artifact_size *s);

/* ---- finding: each adds what it finds in box of v to m, in which the voxels are seen without what is in m already ---- */
struct vn_artifact_look {
    struct vn_vol *v;
    struct vn_box box;
    double level, spread, low, high;   /* of a sample of it: the background, and what hardly a voxel lies beyond */
    int period, axis;                  /* 0, -1: any */
};
int vn_artifact_find_levels(const struct vn_artifact_look *l, bool slices, bool seams, struct vn_artifacts *m, struct vn_job *job, struct vn_err *err);
int vn_artifact_find_stripes(const struct vn_artifact_look *l, struct vn_artifacts *m, struct vn_job *job, struct vn_err *err);
int vn_artifact_find_lost(const struct vn_artifact_look *l, struct vn_artifacts *m, struct vn_job *job, struct vn_err *err);
/* Slices at the first and at the last face of the box that show nothing of what the next one does, at most VN_MAX_LOST. */
int vn_artifact_lost_ends(const struct vn_artifact_look *l, int64_t n[2], struct vn_job *job, struct vn_err *err);
/* Background and range of a sample of l->v in l->box into l; *flat where all voxels are alike. */
int vn_artifact_backdrop(struct vn_artifact_look *l, bool *flat, struct vn_job *job, struct vn_err *err);
int vn_artifact_find_periods(const struct vn_artifact_look *l, struct vn_artifacts *m, struct vn_job *job, struct vn_err *err);

/* ---- lost slices ---- */
const struct vn_artifact *vn_artifact_lost(const struct vn_artifacts *m);      /* NULL: none */
/* Whether z is one; around: the slices on either side of its run. */
bool vn_artifact_lost_at(const struct vn_artifact *a, int64_t z, int64_t around[2]);
/* Voxels of in from x on, in lost slices (lost may be NULL) what lies between those around: rounded as in's type is. */
void vn_artifact_fetch(const struct vn_artifact *lost, double strength, const struct vn_buf *in, int64_t x, int64_t y, int64_t z, double *v, int64_t n);
struct vn_vol *vn_artifact_filled(struct vn_vol *v, const struct vn_artifact *lost, struct vn_err *err);       /* v, seen without lost slices */

/* ---- for operations with a parameter artifacts=: 0, or what deartifact records as found= ---- */
struct vn_args;
struct vn_cost;
/* Looks for them where it is not given. */
int  vn_artifacts_settle(struct vn_args *a, struct vn_vol *v, const struct vn_box *stat_box, struct vn_job *job,
                         struct vn_err *err);
/* prepare of an operation with one input: that, and then its own on what is left. */
typedef int (*vn_prepare_fn)(struct vn_args *a, struct vn_vol *const *in, const struct vn_box *stat_box, struct vn_job *job,
                             struct vn_err *err);
int  vn_artifacts_before(vn_prepare_fn prepare, struct vn_args *a, struct vn_vol *const *in, const struct vn_box *stat_box,
                         struct vn_job *job, struct vn_err *err);
void vn_artifacts_cost(const struct vn_args *a, const struct vn_box *stat_box, struct vn_cost *c);     /* of that. Added */
/* v, seen without them: boxes are made as they are read, on the compute thread, in no body of a loop.  A reference. */
struct vn_vol *vn_artifacts_without(const struct vn_args *a, struct vn_vol *v, struct vn_err *err);
void vn_artifacts_say(const char *found, struct vn_str *b);                     /* in plain words. Appended */

/* ---- stripes: E is made from the voxels around ---- */
bool vn_stripes_valid(const struct vn_artifact *a);         /* values as vn_artifact_find_stripes writes them */
void vn_stripes_halo(const struct vn_artifact *a, int64_t halo[3]);
/* out = in, whose box is out's grown by the halo (and by VN_MAX_LOST along z when slices are lost), along the axis as far as there are
 * voxels at least, without m and then without a.  share: cut to 0..1. */
int  vn_stripes_remove(const struct vn_artifact *a, const struct vn_artifacts *m, double strength, bool share, const struct vn_buf *in,
                       const struct vn_buf *out, struct vn_job *job, struct vn_err *err);
#endif
