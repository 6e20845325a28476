/* overlap.c - voxel counts of two masks and the ratios made from them. */
#include "overlap.h"

#include <math.h>

static double ratio(uint64_t a, uint64_t b) { return b ? (double)a / (double)b : NAN; }

void vn_overlap_count(const struct vn_bits *pred, const struct vn_bits *truth, uint64_t n_ignored, struct vn_overlap *out)
{
    const uint64_t p = vn_bits_count(pred), t = vn_bits_count(truth), all = vn_box_count(&pred->box) - n_ignored;
    struct vn_overlap o = { .tp = vn_bits_count_both(pred, truth) };

    o.fp = p - o.tp;
    o.fn = t - o.tp;
    o.tn = all - o.tp - o.fp - o.fn;
    o.dice = ratio(2 * o.tp, p + t);
    o.iou = ratio(o.tp, o.tp + o.fp + o.fn);
    o.precision = ratio(o.tp, p);
    o.recall = ratio(o.tp, t);
    o.accuracy = ratio(o.tp + o.tn, all);
    *out = o;
}

double vn_cldice(const struct vn_bits *pred, const struct vn_bits *truth, const struct vn_bits *skel_pred,
                 const struct vn_bits *skel_truth)
{
    const double a = ratio(vn_bits_count_both(skel_pred, truth), vn_bits_count(skel_pred));
    const double b = ratio(vn_bits_count_both(skel_truth, pred), vn_bits_count(skel_truth));
    return a + b > 0 ? 2 * a * b / (a + b) : NAN;
}
