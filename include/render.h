/* render.h - pictures of volumes as pixels: no terminal, no files but PNG.
 *
 * Zoomed in, a pixel shows the voxel under its middle.  Zoomed out, it shows all voxels whose middles lie in it: their
 * mean up to VN_RENDER_DENSE voxels across a pixel, half mean and half maximum beyond (thin bright vessels would vanish
 * in a mean).  More than VN_RENDER_ROWS rows under a pixel are sampled.  A projection always shows the maximum.  An overlay shows the
 * largest label in the pixel.  Voxels that cannot be read are marked, not an error; outside the volume, and where there is no number, it is dark blue. */
#ifndef VN_RENDER_H
#define VN_RENDER_H
#include "graph.h"
#include "view.h"
#include "volume.h"

enum { VN_RENDER_DENSE = 4, VN_RENDER_ROWS = 16 };

struct vn_image {                       /* 3 bytes a pixel, rows packed; vn_free(rgb) */
    int w, h;
    uint8_t *rgb;
    double lo, hi;                      /* window used */
    bool sampled;                       /* some voxels under the pixels were left out */
    bool holes;                         /* some could not be read: hatched */
    int32_t *plane;                     /* NULL, or of each pixel the plane along the axis whose voxel it shows: in a projection that of
                                         * the extreme, the first of equals; -1 outside the volume, where there is no number, in a mean */
};
int  vn_image_new(struct vn_image *im, int w, int h, struct vn_err *err);   /* black */
int  vn_image_add_planes(struct vn_image *im, struct vn_err *err);           /* vn_render fills them from then on */
void vn_image_free(struct vn_image *im);

struct vn_scene {                       /* what goes into one picture */
    struct vn_vol *volume;
    struct vn_vol *overlay;             /* mask, labels, skeleton or NULL; on the volume's grid */
    struct vn_vol *prob;                /* live threshold: prob in [low, high] hysteresis shown as two tones; or NULL */
    double low, high;
    int    axis;                        /* 0 x (YZ), 1 y (XZ), 2 z (XY): the axis looked along */
    bool   mip;                         /* projection over slab instead of one slice */
    enum vn_slab_method method;         /* of the projection */
    int64_t slab[2];                    /* [from, to) along axis; a slice shows the first */
    double centre[2];                   /* voxel coordinates at the middle of the picture (first and second picture axis) */
    double um_per_px;                   /* picture scale in um (voxels when unknown): square pixels, so that anisotropy looks right */
    double aspect;                      /* height over width of a pixel; 0 = 1 */
    double lo, hi;                      /* window; lo == hi: automatic */
    enum vn_colormap colormap;          /* of the volume, unless it is labels or projected by depth */
    double opacity; bool outline; int tint;      /* of overlay */
    struct vn_drawn { struct vn_vol *vol; double opacity; bool outline; int tint; } under[VN_MAX_UNDER];     /* beneath it, from above */
    int    n_under;
    uint64_t budget;                    /* voxels read at most, planes being skipped beyond; 0 = all planes */
    const struct vn_graph *graph;       /* drawn as lines (graph_marks.h); NULL none */
    enum vn_picked_kind picked_kind; int64_t picked;     /* of it */
    bool   mono;                        /* the picture becomes dots or characters without colour: graph and line are white */
    bool   has_line; double line[2][3]; /* voxels: 3 is the middle of voxel 3 */
    bool   crosshair; double at[3];
    int    dot_w, dot_h;                /* > 0: the crosshair as dots of so many pixels, a cell of a terminal */
    const struct vn_box *roi;           /* drawn as a frame; NULL none */
    bool   roi_draft; unsigned roi_held;         /* draft: also, dashed, in slices that it does not reach; held faces stand out: bit 2 axis + side */
    const struct vn_place *place; int n_place;   /* marked where the slice comes near them; borrowed */
    const struct vn_layer *legend; int n_legend; /* names written into the upper right corner; tint -1: in grey; borrowed */
    bool   scale_bar, bar_label;        /* the label only where pixels are square */
    int    letter;                      /* pixels of a letter's dot; 0 = 1 */
};
/* Picture axes of a view along `axis`: u to the right, v down. z: (x, y); y: (x, z); x: (z, y). */
void vn_scene_axes(int axis, int *u, int *v);
/* What decides the voxels and overlays of a picture of w x h pixels: scenes with the same key look the same but for their marks. */
struct vn_key vn_scene_key(const struct vn_scene *s, int w, int h);
/* Voxels and overlays. */
int  vn_render(const struct vn_scene *s, struct vn_image *im, struct vn_job *job, struct vn_err *err);
/* Region frame, crosshair and scale bar, drawn over a rendered picture: cheap, so that a moving crosshair needs no voxels. */
void vn_render_marks(const struct vn_scene *s, struct vn_image *im);
/* um per pixel so that the whole box fits w x h pixels of the given aspect. */
double vn_scene_fit(const struct vn_vol *v, int axis, int w, int h, double aspect);
/* Voxel coordinates under the middle of pixel (px, py) of a w x h picture, along the two picture axes. */
void vn_scene_voxel(const struct vn_scene *s, int w, int h, double px, double py, double uv[2]);
/* Text at (x, y) in letters of 5x7 dots, each `size` pixels square, VN_LETTER_W from one to the next; clipped. */
enum { VN_LETTER_W = 6, VN_LETTER_H = 7 };
void vn_image_text(struct vn_image *im, int x, int y, const char *text, int size, uint32_t rgb);
/* Length of a scale bar of at most max_px pixels: 1, 2 or 5 times a power of ten; label "50 um", "2 mm" or "100 vox". Returns pixels. */
int  vn_scale_bar(double um_per_px, bool um_known, int max_px, char label[24]);
/* 0.5 and 99.8 percentile of up to nine planes; 0..1 for masks and probabilities, 0..largest for labels. */
int  vn_auto_window(struct vn_vol *v, double *lo, double *hi, struct vn_job *job, struct vn_err *err);
/* Colour of label `id` (0xRRGGBB) from the Okabe-Ito palette, told apart by colour-blind people as well; 1 is the mask's. */
uint32_t vn_label_color(uint32_t id);
/* Colour of the overlay with tint 0..VN_N_TINT-1: the palette of Okabe and Ito, then four of Tol's muted one. */
uint32_t vn_tint_color(int tint);
uint32_t vn_map_color(enum vn_colormap m, int t);            /* of value t 0..255 */
uint32_t vn_depth_color(int64_t k, int64_t n);               /* of plane k of n, before the value makes it darker */
/* note: said in the file (iTXt "Comment"); NULL none. */
int  vn_png_write(const struct vn_image *im, const char *path, bool force, const char *note, struct vn_err *err);
#endif
