/* sample.h - grey values taken evenly from a volume, for its automatic parameters. */
#ifndef VN_SAMPLE_H
#define VN_SAMPLE_H
#include "op.h"
#include "robust.h"
#include "volume.h"

/* Blocks the statistics look at: the whole box up to 2^23 voxels, else as many of 64^3 voxels, evenly placed. */
struct vn_sample { struct vn_box box; int64_t n[3], size[3]; int n_block; float *v; int64_t n_v, skip, seen; };

/* Only the blocks, with up to `most` voxels (one block at least): their voxels.  Nothing to free. */
int64_t vn_sample_place(struct vn_sample *q, const struct vn_box *box, int64_t most);
int  vn_sample_init(struct vn_sample *q, const struct vn_box *box, struct vn_err *err);   /* v: VN_SAMPLE_MAX places */
void vn_sample_free(struct vn_sample *q);
void vn_sample_clear(struct vn_sample *q);
struct vn_box vn_sample_block(const struct vn_sample *q, int i);          /* i < n_block */
/* Appends the finite values of b (f32) in box, times sign, every skip-th voxel. */
void vn_sample_add(struct vn_sample *q, const struct vn_buf *b, const struct vn_box *box, float sign);
/* Clears, then adds all blocks of v. */
int  vn_sample_read(struct vn_sample *q, struct vn_vol *v, float sign, struct vn_job *job, struct vn_err *err);
/* Clears; standard deviation of v's noise, what neighbouring voxels share included (noise.c), and what that costs. */
int  vn_sample_noise(struct vn_sample *q, struct vn_vol *v, double *noise, struct vn_job *job, struct vn_err *err);
/* The same without what neighbours share: as it is from one voxel to the next. */
int  vn_sample_noise_near(struct vn_sample *q, struct vn_vol *v, double *noise, struct vn_job *job, struct vn_err *err);
struct vn_cost vn_sample_noise_cost(const struct vn_sample *q);
/* The lower quartile of the positive values; 0 where they are less than a quarter of all: an image without noise. */
float vn_sample_quartile(const struct vn_sample *q);
#endif
