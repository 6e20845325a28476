/* volume.h - volumes: boxes of voxels read from memory, from a file through the chunk cache, or computed.
 *
 * Axis order x, y, z; x fastest.  Coordinates are voxels of the full-resolution grid of the whole volume, also for a
 * result that covers only a region: its `grid` is the whole volume's, its `box` the region.  Boxes are half-open.
 * Physical position p = (index + 0.5) * um.  um = 0: the voxel size is not known, and is never guessed.
 *
 * A source (vn_src) delivers voxels; a volume (vn_vol) is an immutable, reference-counted header over a source: kind,
 * grid, provenance.  `set v voxel=...` makes a new header over the same source. */
#ifndef VN_VOLUME_H
#define VN_VOLUME_H
#include "err.h"
#include "job.h"
#include "key.h"

enum vn_type { VN_U8, VN_U16, VN_U32, VN_I8, VN_I16, VN_I32, VN_F32, VN_F64, VN_N_TYPE };
enum vn_kind { VN_IMAGE = 1, VN_PROB = 2, VN_MASK = 4, VN_LABELS = 8, VN_SKELETON = 16, VN_GRAPH = 32, VN_TABLE = 64,
               VN_VOLUMES = 31 };
enum vn_pad  { VN_PAD_ZERO, VN_PAD_EDGE, VN_PAD_MIRROR };   /* MIRROR: ...2 1 0 | 0 1 2...; outside the volume's box */

struct vn_box  { int64_t lo[3], hi[3]; };
struct vn_grid { int64_t dim[3]; double um[3]; struct vn_key frame; };   /* frame {0,0}: files that store none */

size_t vn_type_size(enum vn_type t);
const char *vn_type_name(enum vn_type t);                 /* "u8" ... "f64" */
const char *vn_kind_name(enum vn_kind k);                 /* "image", "mask", ... */
bool vn_type_is_int(enum vn_type t);

int64_t vn_box_dim(const struct vn_box *b, int axis);
uint64_t vn_box_count(const struct vn_box *b);            /* 0 for an empty box */
bool vn_box_same(const struct vn_box *a, const struct vn_box *b);
bool vn_box_contains(const struct vn_box *outer, const struct vn_box *inner);
bool vn_box_meet(const struct vn_box *a, const struct vn_box *b, struct vn_box *out);   /* false: no common voxel */
/* Where voxel i of one axis comes from when the volume has [lo, hi); not for ZERO. */
int64_t vn_pad_from(enum vn_pad pad, int64_t i, int64_t lo, int64_t hi);
struct vn_box vn_box_grow(const struct vn_box *b, const int64_t halo[3]);
bool vn_um_known(const struct vn_grid *g);
/* One grid: dims agree, voxel sizes agree (1e-4 relative) or one is unknown, frames agree or one has none.
 * *assumed = true where a voxel size is unknown. */
int  vn_grid_check(const struct vn_grid *a, const char *name_a, const struct vn_grid *b, const char *name_b, bool *assumed,
                   struct vn_err *err);

/* ---- voxels in memory ---- */
struct vn_vol;
struct vn_buf {                     /* voxel (x,y,z) of box: data[(z-lo.z)*stride[1] + (y-lo.y)*stride[0] + (x-lo.x)] */
    enum vn_type type;
    struct vn_box box;
    int64_t stride[2];              /* elements from row to row, from plane to plane */
    void *data;
    struct vn_vol *lender;          /* set when data belongs to a volume (read only); NULL when owned by the buffer */
    bool borrowed;                  /* a view: vn_buf_free leaves the data alone */
};
int  vn_buf_new(struct vn_buf *b, enum vn_type t, const struct vn_box *box, struct vn_err *err);   /* undefined voxels, packed rows */
int  vn_buf_new_zero(struct vn_buf *b, enum vn_type t, const struct vn_box *box, struct vn_err *err);
void vn_buf_free(struct vn_buf *b);                       /* frees or gives back; {0} allowed; leaves {0} */
struct vn_buf vn_buf_view(const struct vn_buf *b, const struct vn_box *part);   /* borrowed; part inside b->box */
static inline int64_t vn_buf_at(const struct vn_buf *b, int64_t x, int64_t y, int64_t z)
{
    return (z - b->box.lo[2]) * b->stride[1] + (y - b->box.lo[1]) * b->stride[0] + (x - b->box.lo[0]);
}
/* Row of `n` voxels converted between types.  To a narrower integer: saturates.  f32, f64 -> integers: rounds to nearest
 * (halves to even) and saturates, NaN gives 0.  Integers -> f32 and f64 -> f32: rounds to nearest. */
void vn_convert_row(enum vn_type to, void *dst, enum vn_type from, const void *src, int64_t n);

/* ---- sources ---- */
struct vn_src;
struct vn_src_ops {                 /* thread-safe */
    /* Fills dst (dst->type == s->type, any strides) with box dst->box, which lies inside s->box.  For a chunked source one
     * chunk (clipped to s->box), or, where a chunk is too large for the cache, a part of one.  Called on several threads
     * at once. */
    int  (*read)(struct vn_src *s, int level, struct vn_buf *dst, struct vn_job *job, struct vn_err *err);
    void (*free)(struct vn_src *s);
};
struct vn_src {                     /* first member of every kind of source */
    const struct vn_src_ops *ops;
    int refs;                       /* atomic */
    enum vn_type type;
    int n_level;
    struct vn_grid grid;            /* of the whole volume */
    struct vn_box box;              /* where there are voxels */
    int64_t chunk[3];               /* natural unit of reading, aligned to box.lo; 0 = in memory, not cached */
    struct vn_key key;
    uint64_t id;                    /* unique in the process: the cache's key */
    bool any_type;                  /* read converts to dst->type by itself */
};
void vn_src_init(struct vn_src *s, const struct vn_src_ops *ops);     /* refs 1, id, a key of its own; the rest is zeroed */
/* The same for what makes its voxels from those of a volume: its type, grid and box, one level. */
void vn_src_init_over(struct vn_src *s, const struct vn_src_ops *ops, const struct vn_vol *of);
struct vn_src *vn_src_ref(struct vn_src *s);
void vn_src_unref(struct vn_src *s);
/* Where level has voxels, in voxels of that level: lo >> level, hi >> level rounded up. */
struct vn_box vn_src_box(const struct vn_src *s, int level);
/* Any box, any dst type (converted).  Outside s->box: pad.  Chunked sources come through the cache, decoded on the I/O
 * threads; at most one chunk per I/O thread is held at a time, so that any box can be read under a small budget. */
int  vn_src_read(struct vn_src *s, int level, enum vn_pad pad, struct vn_buf *dst, struct vn_job *job, struct vn_err *err);
/* Chunks of all sources, decoded, least recently used first to go; at most half of the memory budget (an eighth for
 * chunks below VN_MEM_LARGE, which the budget does not count), and given back when anything else needs the memory. */
int  vn_cache_read(struct vn_src *s, int level, struct vn_buf *dst, struct vn_job *job, struct vn_err *err);  /* dst->box inside vn_src_box; for source.c */
void vn_cache_drop(uint64_t src_id);                      /* forgets a source's chunks */
uint64_t vn_cache_bytes(void);
uint64_t vn_cache_large(void);                       /* of them in chunks that the memory budget counts */

/* ---- volumes ---- */
struct vn_hist;
struct vn_vol {                     /* fields are read-only once shared */
    int refs;                       /* atomic */
    enum vn_kind kind;
    struct vn_src *src;
    struct vn_grid grid;
    struct vn_box box;              /* == src->box */
    int n_channel, n_time, channel, time;   /* of the file; which this volume is */
    char *path;                     /* file it came from, or NULL */
    char *orientation;              /* file's own words about patient axes, or NULL */
    char *edits;                    /* commands that changed it by hand before it was saved, one a line; NULL: none */
    struct vn_key key;
    struct vn_hist *hist;           /* whole-volume statistics once known (vn_vol_hist); guarded */
};
struct vn_vol *vn_vol_wrap(enum vn_kind kind, struct vn_src *src, struct vn_err *err);   /* TAKES src, also when it fails */
/* In memory: voxels undefined; write them through vn_vol_data before sharing. */
struct vn_vol *vn_vol_new(enum vn_kind kind, enum vn_type t, const struct vn_grid *g, const struct vn_box *box, struct vn_err *err);
struct vn_vol *vn_vol_from_buf(enum vn_kind kind, const struct vn_grid *g, struct vn_buf *b, struct vn_err *err);  /* TAKES *b (owned, packed), also when it fails */
struct vn_vol *vn_vol_header(const struct vn_vol *v, const double um[3], enum vn_kind kind, struct vn_err *err);  /* new header, same source; um NULL: unchanged */
struct vn_vol *vn_vol_ref(struct vn_vol *v);
void vn_vol_unref(struct vn_vol *v);
struct vn_buf vn_vol_data(const struct vn_vol *v);        /* whole volume in memory, borrowed; data == NULL when it is not */
uint64_t vn_vol_mem(const struct vn_vol *v);              /* bytes of voxels held in memory */

/* Any box (pad outside the volume), into dst's type and box. */
int  vn_vol_read(struct vn_vol *v, enum vn_pad pad, struct vn_buf *dst, struct vn_job *job, struct vn_err *err);
/* A buffer of type t over box: lent without a copy when the voxels are in memory in that type and box lies inside,
 * else allocated and read.  Read only. Give back with vn_buf_free. */
int  vn_vol_map(struct vn_vol *v, enum vn_type t, const struct vn_box *box, enum vn_pad pad, struct vn_buf *out, struct vn_job *job, struct vn_err *err);
#endif
