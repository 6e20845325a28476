/* proposals.h - a table of proposals: its columns, and a proposal read from it. */
#ifndef VN_PROPOSALS_H
#define VN_PROPOSALS_H
#include "repair.h"
#include "table.h"

enum { VN_PR_KIND, VN_PR_X, VN_PR_Y, VN_PR_Z, VN_PR_X2, VN_PR_Y2, VN_PR_Z2, VN_PR_RADIUS, VN_PR_RADIUS2, VN_PR_SCORE, VN_PR_VOXELS,
       VN_PR_STATE, VN_PR_COLS };
/* Open proposals as a table. um: what the radii are in. */
int  vn_proposals_table(const struct vn_proposal *p, int64_t n, bool um, struct vn_table **out, struct vn_err *err);
/* Columns of a table of proposals; refuses another table by name. */
int  vn_proposals_columns(const struct vn_table *t, const char *name, int col[VN_PR_COLS], struct vn_err *err);
void vn_proposal_row(const struct vn_table *t, const int col[VN_PR_COLS], int64_t row, struct vn_proposal *p);
int64_t vn_proposals_open(const struct vn_table *t, const int col[VN_PR_COLS]);       /* how many are neither accepted nor rejected */
/* A copy in which the row has another state. */
int  vn_proposals_with(const struct vn_table *t, const int col[VN_PR_COLS], int64_t row, const char *state, struct vn_table **out, struct vn_err *err);
#endif
