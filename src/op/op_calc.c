/* op_calc.c - arithmetic and logic of up to four volumes on one grid, in double. */
#include "expr.h"
#include "op.h"
#include "param.h"

extern const struct vn_param vn_calc_params[];
const struct vn_param vn_calc_params[] = {
    { "expr", VN_P_TEXT, VN_POS | VN_REQ, .help = "expression, in quotes where it holds a blank" },
    { "a", VN_P_OBJECT, VN_REQ, .kinds = VN_VOLUMES, .help = "first volume; the result is on its grid" },
    { "b", VN_P_OBJECT, 0, .kinds = VN_VOLUMES, .help = "second volume" },
    { "c", VN_P_OBJECT, 0, .kinds = VN_VOLUMES, .help = "third volume" },
    { "d", VN_P_OBJECT, 0, .kinds = VN_VOLUMES, .help = "fourth volume" },
    { "type", VN_P_CHOICE, 0, .choices = "u8|u16|u32|i8|i16|i32|f32|f64", .help = "of the result; by default f32, u8 for a mask, u32 for labels" },
    { "kind", VN_P_CHOICE, 0, .choices = "image|mask|prob|labels",
      .help = "of the result; by default mask where the outermost operator compares or is of logic, else image" },
    { "as", VN_P_NAME, 0, .help = "name of the result" },
    { 0 },
};

static const enum vn_kind kinds[] = { VN_IMAGE, VN_MASK, VN_PROB, VN_LABELS };        /* as in the choices */

static int plan(const struct vn_args *a, struct vn_vol *const *in, const struct vn_box *region, struct vn_plan *p, struct vn_err *err)
{
    struct vn_expr e;
    int rc = vn_expr_parse(vn_args_text(a, "expr"), &e, err);
    (void)region;

    if (rc)
        return rc;
    *p = (struct vn_plan) { .in_type = { VN_N_TYPE, VN_N_TYPE, VN_N_TYPE, VN_N_TYPE }, .out_kind = e.logical ? VN_MASK : VN_IMAGE };
    for (int i = 1; i < VN_ROW_IN; i++)
        if (e.uses[i] != (in[i] != NULL))
            return vn_fail(err, VN_E_USAGE, in[i] ? "%c= is given, and the expression does not use it" :
                           "the expression uses %c: say which volume it is (%c=NAME)", 'a' + i, 'a' + i);
    if (vn_args_has(a, "kind"))
        p->out_kind = kinds[vn_args_int(a, "kind")];
    p->out_type = vn_type_named(vn_args_text(a, "type"), p->out_kind == VN_MASK ? VN_U8 : p->out_kind == VN_LABELS ? VN_U32 : VN_F32);
    if ((p->out_kind == VN_MASK && p->out_type != VN_U8) || (p->out_kind == VN_LABELS && !vn_type_is_int(p->out_type)) ||
        (p->out_kind == VN_PROB && p->out_type != VN_F32))
        return vn_fail(err, VN_E_ARG, "type=%s: a %s is %s%s", vn_type_name(p->out_type), vn_kind_name(p->out_kind),
                       p->out_kind == VN_MASK ? "u8" : p->out_kind == VN_PROB ? "f32" : "of whole numbers",
                       vn_args_has(a, "kind") ? "" : " (kind=image takes any type)");
    p->mem_host = (double)vn_type_size(p->out_type);
    for (int i = 0; i < VN_ROW_IN; i++)
        if (in[i])
            p->mem_host += (double)vn_type_size(in[i]->src->type);
    for (int k = 0; k < 3; k++)
        p->um[k] = in[0]->grid.um[k];
    return 0;
}

static void mask_row(const void *ctx, const struct vn_row *r)
{
    vn_expr_row(ctx, r);
    for (int64_t i = 0; i < r->n; i++)
        r->out[i] = r->out[i] < 0 || r->out[i] > 0 ? 1 : 0;
}

static void prob_row(const void *ctx, const struct vn_row *r)
{
    vn_expr_row(ctx, r);
    for (int64_t i = 0; i < r->n; i++)
        r->out[i] = r->out[i] < 0 ? 0 : r->out[i] > 1 ? 1 : r->out[i];
}

static int cpu(const struct vn_args *a, const struct vn_plan *p, const struct vn_buf *in, struct vn_buf *out, struct vn_job *job,
               struct vn_err *err)
{
    struct vn_expr e;
    int rc = vn_expr_parse(vn_args_text(a, "expr"), &e, err);

    if (rc)
        return rc;
    return vn_rows(in, VN_ROW_IN, out, p->out_kind == VN_MASK ? mask_row : p->out_kind == VN_PROB ? prob_row : vn_expr_row, &e,
                   !e.uses[1] && !e.uses[2] && !e.uses[3] && !e.place, job, err);
}

const struct vn_op vn_op_calc = {
    .name = "calc", .version = 1, .shape = VN_POINT, .n_in = VN_ROW_IN, .params = vn_calc_params, .plan = plan, .cpu = cpu,
};
