/* cmd_denoise.c - "denoise": smooth an image or a probability; method= is the operation, or the key of one, or else it is along
 * vessels. */
#include <string.h>
#include "cmd.h"

extern const struct vn_op vn_op_along, vn_op_gauss, vn_op_median, vn_op_nlm;

enum { GAUSSIAN, MEDIAN, NLM, ALONG, N_METHOD };
static const char *const word[N_METHOD] = { "gaussian", "median", "nlm", "along" };

static const struct vn_param params[] = {
    { "volume", VN_P_OBJECT, VN_POS | VN_REQ, .kinds = VN_IMAGE | VN_PROB, .help = "volume" },
    { "method", VN_P_CHOICE, 0, .choices = "gaussian|median|nlm|along", .help = "filter; by default that of the keys given, else along" },
    { "sigma", VN_P_LENGTH, 0, 0, 1e9, .help = "gaussian: standard deviation; by default for the least expected error, at most the smallest voxel edge" },
    { "radius", VN_P_LENGTH, 0, 0, 1e9, .def = "1vox", .help = "median: half of the window, 1 to 3 voxels" },
    { "search", VN_P_LENGTH, 0, 0, 1e9, .def = "3vox", .help = "nlm: half of the search box, 1 to 8 voxels" },
    { "patch", VN_P_LENGTH, 0, 0, 1e9, .def = "1vox", .help = "nlm: half of a patch, 1 to 3 voxels" },
    { "strength", VN_P_REAL, 0, 0.01, 100, .def = "0.5", .help = "nlm: width of the weights" },
    { "length", VN_P_LENGTH, 0, 0, 1e9, .help = "along: standard deviation of the mean along a vessel; twice the smallest voxel edge by default" },
    { "noise", VN_P_REAL, 0, 0, 1e38, .help = "nlm, along: standard deviation of the noise; automatic by default" },
    { "stats", VN_P_CHOICE, 0, .def = "whole", .choices = "whole|region", .help = "gaussian, nlm, along: where automatic values are taken from" },
    { "as", VN_P_NAME, 0, .help = "name of the result" },
    { 0 },
};
enum { OF_GAUSSIAN = 1 << GAUSSIAN, OF_MEDIAN = 1 << MEDIAN, OF_NLM = 1 << NLM, OF_ALONG = 1 << ALONG };
static const struct { const char *name; unsigned methods; const char *whose; } owner[] = {
    { "sigma", OF_GAUSSIAN, "gaussian" }, { "radius", OF_MEDIAN, "median" }, { "search", OF_NLM, "nlm" }, { "patch", OF_NLM, "nlm" },
    { "strength", OF_NLM, "nlm" }, { "length", OF_ALONG, "along" }, { "noise", OF_NLM | OF_ALONG, "nlm and method=along" },
    { "stats", OF_GAUSSIAN | OF_NLM | OF_ALONG, "gaussian, nlm and along" },
};

static int method_of(const struct vn_args *a)
{
    static const struct { const char *key; int method; } told[] = { { "sigma", GAUSSIAN }, { "radius", MEDIAN }, { "search", NLM }, { "patch", NLM }, { "strength", NLM } };

    if (vn_args_has(a, "method"))
        return (int)vn_args_int(a, "method");
    for (size_t i = 0; i < VN_COUNT(told); i++)
        if (vn_args_given(a, told[i].key))
            return told[i].method;
    return ALONG;
}

static const struct vn_op *choose(const struct vn_args *a)
{
    static const struct vn_op *const op[N_METHOD] = { &vn_op_gauss, &vn_op_median, &vn_op_nlm, &vn_op_along };
    return op[method_of(a)];
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    const int method = method_of(&c->args);
    int rc;

    for (size_t i = 0; i < VN_COUNT(owner); i++)
        if (!(owner[i].methods >> method & 1) && vn_args_given(&c->args, owner[i].name))
            return vn_fail(err, VN_E_USAGE, "%s= belongs to method=%s, and the method is %s", owner[i].name, owner[i].whose, word[method]);
    if ((rc = vn_cmd_exec_op(c, err)))
        return rc;
    vn_res_text(c, "method", word[method]);
    for (size_t i = 0; i < VN_COUNT(owner); i++)
        if ((owner[i].methods >> method & 1) && vn_args_has(&c->args, owner[i].name) && strcmp(owner[i].name, "stats"))
            vn_res_text(c, owner[i].name, vn_args_text(&c->args, owner[i].name));
    return 0;
}

const struct vn_cmd vn_cmd_denoise = {
    "denoise", "smooth an image or a probability", params, VN_CMD_MAKES, exec, NULL, choose,
};
