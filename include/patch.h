/* patch.h - volumes that differ from another in some blocks: what an edit by hand makes.
 *
 * A patched source reads its base (any volume, also one in a file; none: zeros) and, where it has blocks of its own, those.
 * Blocks of VN_PATCH_EDGE voxels a side never change once the volume is shared, and volumes made one from the other share
 * them: an edit costs the blocks that it changes and a table of 16 bytes a block for the layers that they lie in. */
#ifndef VN_PATCH_H
#define VN_PATCH_H
#include "volume.h"

enum { VN_PATCH_EDGE = 32 };

struct vn_patch {                       /* a volume being changed */
    struct vn_vol *from;                /* NULL: zeros */
    enum vn_kind kind;
    enum vn_type type;
    struct vn_grid grid;
    struct vn_box box;
    int64_t n[3];                       /* blocks along the axes */
    uint8_t *touched;                   /* of each block */
    int64_t n_touched, *block;          /* after loading: their numbers, rising */
    uint8_t *data;                      /* their voxels, one block after the other */
    uint32_t *place;                    /* of each block: 1 + its place in `block`, or 0 */
    uint8_t *changed;                   /* of each loaded block: set by whoever changes one */
};
/* To change from's voxels: labels as they are, in type t; other kinds become 0 and 1. from is kept referenced. */
int  vn_patch_begin(struct vn_patch *p, struct vn_vol *from, enum vn_kind kind, enum vn_type t, struct vn_err *err);
/* The same from zeros over box. */
int  vn_patch_blank(struct vn_patch *p, const struct vn_grid *g, const struct vn_box *box, enum vn_kind kind, enum vn_type t, struct vn_err *err);
void vn_patch_free(struct vn_patch *p);                     /* also after begin failed, and after end */
/* First all that may change is named, by voxels inside p->box ... */
void vn_patch_touch(struct vn_patch *p, int64_t x, int64_t y, int64_t z);
void vn_patch_touch_run(struct vn_patch *p, int64_t x0, int64_t x1, int64_t y, int64_t z);   /* [x0, x1) */
/* ... then loaded ... */
int  vn_patch_load(struct vn_patch *p, struct vn_job *job, struct vn_err *err);
struct vn_buf vn_patch_buf(const struct vn_patch *p, int64_t i);          /* loaded block i; set p->changed[i] when it is changed */
/* ... or set run by run, [x0, x1). Returns how many voxels had another value. */
int64_t vn_patch_set(struct vn_patch *p, int64_t x0, int64_t x1, int64_t y, int64_t z, uint32_t value);
/* The volume as it now is. */
int  vn_patch_end(struct vn_patch *p, struct vn_vol **out, struct vn_err *err);

uint64_t vn_patch_mem(const struct vn_src *s);              /* bytes that this source has and its ancestors have not; 0: no patched source */
#endif
