/* tune_curves.h - what every threshold of the field that is tuned gives, made by a job when the hand rests. */
#ifndef VN_TUNE_CURVES_H
#define VN_TUNE_CURVES_H
#include "cuts_panel.h"
#include "tuning.h"

/* Each turn: begins what is wanted and not there, and forgets curves of another field. moved_at: when the hand moved last. */
void vn_tune_curves_follow(struct vn_ui *ui, const struct vn_tuning_view *v, bool wanted, double moved_at);
void vn_tune_curves_stop(struct vn_ui *ui);
/* NULL: there are none, for what *error says, or (empty) not yet. */
struct vn_cuts_chart *vn_tune_curves(const char **error);
#endif
