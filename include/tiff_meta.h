/* tiff_meta.h - what a TIFF's description says: which page is which plane, voxel size, Venule's note.
 * Sources: ImageJ's TiffEncoder/TiffDecoder conventions (xyczt), OME-XML 2016-06 (Pixels, TiffData). */
#ifndef VN_TIFF_META_H
#define VN_TIFF_META_H
#include "note.h"

struct vn_tiff_facts {           /* what the first page's tags say */
    const char *path;
    const char *description;     /* NULL none */
    double xres, yres;           /* pixels per unit; 0 none */
    int resunit;                 /* 1 none, 2 inch, 3 cm */
    int64_t n_page, w, h;
    int samples;                 /* per pixel */
    bool companion;              /* the description comes from a file of its own */
};
struct vn_tiff_meta {
    int64_t nz, nc, nt;          /* planes; nc counts groups of samples (1 for one RGB image) */
    int64_t step_z, step_c, step_t;   /* page = z*step_z + c*step_c + t*step_t ... */
    int64_t *map;                /* ... or, when set, map[that]; owned */
    double um[3];                /* 0 unknown */
    char **file; int64_t n_file; /* OME over several files: their names ("" this one), owned; 0 files: all planes are here */
    int64_t *which;              /* and in which of them each plane is, as map; owned */
    int64_t n_image;             /* OME: images in the document; the first is described here */
    bool step_said;              /* the distance of the planes is written, not a default */
    int64_t images;              /* ImageJ's count when it differs from the pages (one directory for all); else n_page */
};
int  vn_tiff_meta_read(const struct vn_tiff_facts *f, struct vn_tiff_meta *out, struct vn_err *err);
void vn_tiff_meta_free(struct vn_tiff_meta *m);
/* Name of the file that keeps an OME file's description; name of the first file that a description names. */
bool vn_ome_companion(const char *text, char *out, size_t size);
bool vn_ome_first_file(const char *text, char *out, size_t size);
int64_t vn_tiff_meta_page(const struct vn_tiff_meta *m, int64_t z, int64_t c, int64_t t);
#endif
