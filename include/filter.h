/* filter.h - separable symmetric filters over buffers: the Gaussian, and the wide Gaussian by cells.
 *
 * Sums run over the taps in a fixed order, centre first, then pairs of equal distance, so that a voxel's value depends
 * on its neighbourhood alone: not on threads, vector width or blocks.  There is no border here: the input box holds
 * what the taps reach (padding is the reader's work). */
#ifndef VN_FILTER_H
#define VN_FILTER_H
#include "param.h"
#include "volume.h"

enum { VN_MAX_RADIUS = 512 };
struct vn_taps { int r; float w[VN_MAX_RADIUS + 1]; };       /* w[k] for offsets -k and +k */

/* Taps of a Gaussian of sigma voxels, reaching ceil(3 sigma), renormalised to sum 1.  sigma = 0: the identity.
 * VN_E_ARG when sigma is negative, not a number, or beyond VN_MAX_RADIUS / 3. */
int  vn_gauss_taps(double sigma, struct vn_taps *t, struct vn_err *err);

/* out = in filtered along x, then y, then z, by t[0..2].  out is f32; in->box contains out->box grown by the radii. */
int  vn_filter_sep(const struct vn_buf *in, const struct vn_taps *t, const struct vn_buf *out, struct vn_job *job, struct vn_err *err);
/* The same of rows that read delivers (on several threads, most of them more than once) instead of a buffer. */
typedef void (*vn_read_fn)(const void *ctx, int64_t x, int64_t y, int64_t z, float *out, int64_t n);   /* n voxels of a row from x on */
int  vn_filter_sep_of(vn_read_fn read, const void *ctx, const struct vn_taps *t, const struct vn_buf *out, struct vn_job *job, struct vn_err *err);
/* Slab by slab for who needs no whole result: the planes of box in order, at most depth at a time (more from
 * there on are filtered along x and y already). */
struct vn_sep { const struct vn_buf *in; vn_read_fn read; const void *ctx; const struct vn_taps *t; struct vn_buf ring; int64_t next; };
enum { VN_SEP_DEPTH = 24 };
int  vn_sep_init(struct vn_sep *s, const struct vn_buf *in, const struct vn_taps *t, const struct vn_box *box, int64_t depth, struct vn_err *err);
/* out: the planes that follow those of the call before; of box's extent along x and y. */
int  vn_sep_next(struct vn_sep *s, const struct vn_buf *out, struct vn_job *job, struct vn_err *err);
void vn_sep_free(struct vn_sep *s);                        /* also after init failed */
/* For estimates: the ring's bytes, and the work of filtering box, in additions a voxel. */
double vn_sep_bytes(const struct vn_taps *t, const struct vn_box *box, int64_t depth);
double vn_sep_work(const struct vn_taps *t, const struct vn_box *box);

/* A wide Gaussian at little cost: means of cells of f voxels, aligned to the full-resolution grid, smoothed and
 * interpolated linearly.  The cells' variance f^2 / 12 and the interpolation's f^2 / 6 are taken off sigma^2; with
 * f <= sigma / 3 the result differs from the direct Gaussian by less than 1 % of a step's height.  f is 1 (direct) below
 * sigma = 6 voxels of an axis. */
struct vn_wide { int64_t f[3]; struct vn_taps t[3]; int64_t halo[3]; };
int  vn_wide_init(struct vn_wide *w, const double sigma[3], struct vn_err *err);
/* Both f32; in->box contains out->box grown by w->halo. */
int  vn_wide_run(const struct vn_buf *in, const struct vn_wide *w, const struct vn_buf *out, struct vn_job *job, struct vn_err *err);
/* Wide means of n functions of the voxels at once that are stored as their cells alone: rows of box are interpolated when
 * asked for.  fill is called row by row (on several threads, once for each voxel of box grown by less than w->halo) and
 * sets row[0..n)[0..len); row[n..n + spare) are at its disposal.  Each has room for len + 2. */
enum { VN_FIELD_MAX = 3 };
struct vn_field { struct vn_wide w; int n; struct vn_buf cell[VN_FIELD_MAX]; int64_t x0; int32_t *at; float *frac; };
typedef void (*vn_fill_fn)(const void *ctx, int64_t x, int64_t y, int64_t z, float *const *row, int64_t len);
/* Plan of an operation from an image to a real image by n such means, of the Gaussian that its parameter sigma names. */
struct vn_plan;
int  vn_field_plan(const struct vn_args *a, const struct vn_vol *v, int n, struct vn_plan *p, struct vn_err *err);
static inline bool vn_finite(float v) { return v - v == 0.0f; }
int  vn_field_init(struct vn_field *f, const struct vn_wide *w, const struct vn_box *box, int n, int spare, vn_fill_fn fill, const void *ctx,
                   struct vn_job *job, struct vn_err *err);
void vn_field_row(const struct vn_field *f, int i, int64_t x, int64_t y, int64_t z, float *out, float *spare, int64_t n);   /* spare: n + 2 */
void vn_field_free(struct vn_field *f);                    /* also after init failed */
struct vn_box vn_field_cells(const struct vn_wide *w, const struct vn_box *box);       /* those that stay */
/* For estimates: bytes that stay, and at most while it is made; *filled: voxels that fill is called for. */
void vn_field_bytes(const struct vn_wide *w, const struct vn_box *box, int n, double *stay, double *peak, double *filled);

/* row[0..n) with voxels in [lo, hi), not empty: the rest mirrored (VN_PAD_MIRROR). */
void vn_mirror_row(float *row, int64_t n, int64_t lo, int64_t hi);

/* The type in which these filters take a volume's voxels: integers as they are, the rest f32. */
static inline enum vn_type vn_filter_type(const struct vn_vol *v) { return vn_type_is_int(v->src->type) ? v->src->type : VN_F32; }

/* sigma[k] in voxels of axis k from length number `index` of a parameter (um where the voxel size is known). */
int  vn_sigma(const struct vn_args *a, const char *name, int index, const double um[3], double sigma[3], struct vn_err *err);

/* r[k]: the length `name` in whole voxels of axis k, rounded to nearest; 0 along a coarse axis.  VN_E_ARG when it is 0 along
 * all, or more than max. */
int  vn_radius(const struct vn_args *a, const char *name, const double um[3], int64_t max, int64_t r[3], struct vn_err *err);

/* segment in two parts: what neither contrast= nor local= nor edge= touches, over the box of two f32 buffers, and the probability
 * from it in a box inside theirs.  a: with explicit values.  The same bytes as the operation where out's box, grown by
 * vn_segment_reach, is in theirs or they end with the volume. */
extern const int64_t vn_segment_reach[3];
int  vn_segment_parts(const struct vn_args *a, struct vn_vol *v, struct vn_buf *contrast, struct vn_buf *around, struct vn_job *job,
                      struct vn_err *err);
int  vn_segment_turn(const struct vn_args *a, struct vn_vol *v, const struct vn_buf *contrast, const struct vn_buf *around,
                     struct vn_buf *out, struct vn_job *job, struct vn_err *err);

/* Parameter tables of the grey-value operations, each defined in its op_ file and shared with the verb. */
extern const struct vn_param vn_background_params[], vn_contrast_params[], vn_segment_params[], vn_threshold_params[], vn_vesselness_params[];
#endif
