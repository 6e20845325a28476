/* edits.h - what the verbs share that change a mask or labels by hand. */
#ifndef VN_EDITS_H
#define VN_EDITS_H
#include "cmd.h"
#include "edit.h"

#define VN_EDITED (VN_MASK | VN_LABELS | VN_SKELETON)

/* Parameter rows of a stroke, and of the choice of a component. */
#define VN_STROKE_PARAMS \
    { "at", VN_P_POINTS, VN_REQ, .unit = "voxels", \
      .help = "points of the stroke, joined by straight lines; 12,7,3 is the middle of that voxel" }, \
    { "size", VN_P_LENGTH, VN_REQ, .min = 0.001, .max = 100000, .help = "diameter of the brush" }, \
    { "axis", VN_P_CHOICE, 0, .def = "z", .choices = "x|y|z|ball", .help = "a disc in the slice across x, y or z, or a ball" }
#define VN_COMPONENT_PARAMS \
    { "mask", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_EDITED, .help = "mask, labels or skeleton" }, \
    { "at", VN_P_POINT, VN_REQ, .unit = "voxels", .help = "a voxel of the component" }, \
    { "connectivity", VN_P_CHOICE, 0, .def = "26", .choices = "6|18|26", \
      .help = "of a mask: faces (6), and edges (18), and corners (26)" }, \
    { "near", VN_P_INT, 0, .min = 0, .max = 100, .def = "0", .unit = "voxels", \
      .help = "on background: the nearest voxel within this distance is taken" }, \
    { "axis", VN_P_CHOICE, 0, .def = "ball", .choices = "x|y|z|ball", \
      .help = "where near= looks: in the slice across x, y or z, or all around" }, \
    { "as", VN_P_NAME, 0, .help = "name of the result" }

/* The volume parameter `param` with a stroke of this value. */
int vn_edit_stroke(struct vn_call *c, const char *param, uint32_t value, struct vn_err *err);
/* mask= without the component at at=, or with nothing else (keep). */
int vn_edit_pick(struct vn_call *c, bool keep, struct vn_err *err);

/* v (of VN_EDITED) to be changed. */
int vn_edit_begin(struct vn_vol *v, struct vn_patch *p, struct vn_err *err);
/* The end, with the code so far: p is freed, and the changed volume is the first output. */
int vn_edit_end(struct vn_call *c, struct vn_patch *p, int rc, struct vn_err *err);
/* Whether the voxels of v can take this value. */
int vn_edit_check_value(const char *name, const struct vn_vol *v, uint32_t value, struct vn_err *err);
/* The voxel of a point, which has to lie in box. */
int vn_edit_inside(const char *name, const struct vn_box *box, const double p[3], int64_t at[3], struct vn_err *err);
/* The voxel of at=, which lies in v; and the nonzero one that is taken for it, as near= and axis= say. */
int vn_edit_at(struct vn_call *c, const struct vn_vol *v, const char *name, int64_t at[3], struct vn_err *err);
int vn_edit_taken(struct vn_call *c, struct vn_vol *v, const char *name, int64_t taken[3], struct vn_err *err);
/* A voxel's value, in v's type (value: aligned for it) and as a number. */
int vn_edit_voxel(struct vn_vol *v, const int64_t at[3], unsigned char value[8], uint32_t *number, struct vn_err *err);
/* The commands that changed o by hand, in order, one a line: those told by the files it came from, then this session's.
 * Appended to b. */
int  vn_edits_of(struct vn_session *s, struct vn_obj *o, struct vn_str *b, struct vn_err *err);
#endif
