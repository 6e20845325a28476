/* render.h - pictures of volumes as pixels: no terminal, no files but PNG. */
#ifndef VN_RENDER_H
#define VN_RENDER_H
#include "view.h"
#include "volume.h"

struct vn_image { int w, h; uint8_t *rgb; };              /* 3 bytes a pixel, rows packed; vn_free(rgb) */
int  vn_image_new(struct vn_image *im, int w, int h, struct vn_err *err);   /* black */
void vn_image_free(struct vn_image *im);

struct vn_scene {                       /* what goes into one picture */
    struct vn_vol *volume;
    struct vn_vol *overlay;             /* mask, labels, skeleton or NULL; on the volume's grid */
    struct vn_vol *prob;                /* live threshold: prob in [low, high] hysteresis shown as two tones; or NULL */
    double low, high;
    int    axis;                        /* 0 x (YZ), 1 y (XZ), 2 z (XY): the axis looked along */
    bool   mip;                         /* projection over slab instead of one slice */
    int64_t slab[2];                    /* [from, to) along axis */
    double centre[2];                   /* voxel coordinates at the middle of the picture (first and second picture axis) */
    double um_per_px;                   /* picture scale in um (voxels when unknown): square pixels, so that anisotropy looks right */
    double lo, hi;                      /* window; lo == hi: automatic */
    double opacity;
    bool   crosshair; double at[3];
    const struct vn_box *roi;           /* drawn as a frame; NULL none */
    bool   scale_bar;
};
/* Picture axes of a view along `axis`: u to the right, v down. z: (x, y); y: (x, z); x: (z, y). */
void vn_scene_axes(int axis, int *u, int *v);
int  vn_render(const struct vn_scene *s, struct vn_image *im, struct vn_job *job, struct vn_err *err);
/* Scale so that the whole box fits w x h pixels. */
double vn_scene_fit(const struct vn_vol *v, int axis, int w, int h);
int  vn_auto_window(struct vn_vol *v, double *lo, double *hi, struct vn_job *job, struct vn_err *err);
int  vn_png_write(const struct vn_image *im, const char *path, bool force, const char *note, struct vn_err *err);
#endif
