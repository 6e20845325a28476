/* lineage.h - the calls that lead to an object, from its sources on. */
#ifndef VN_LINEAGE_H
#define VN_LINEAGE_H
#include "session.h"
#include "text.h"

struct vn_lineage { struct vn_obj **o; int n; };          /* an output of each call, oldest first; held by the object asked about */
int  vn_lineage(struct vn_obj *o, struct vn_lineage *out, struct vn_err *err);      /* free out->o with vn_free */
bool vn_same_call(const struct vn_obj *a, const struct vn_obj *b);
struct vn_obj *vn_obj_input(const struct vn_obj *o, int i);                         /* i-th object it was made from, or NULL */
/* "4:60,:,2:46", as roi takes it. Appended to b. */
void vn_box_print(const struct vn_box *box, struct vn_str *b);
/* "roi BOX" or "roi off" when o was made under another region than `before` (NULL: none). false: the same. */
bool vn_roi_line(const struct vn_obj *before, const struct vn_obj *o, struct vn_str *b);
#endif
