/* cmd_spectrum.c - "spectrum": amplitude by frequency along each axis, of one volume or of two, as a table and a figure. */
#include <math.h>
#include <string.h>
#include "cmd.h"
#include "draw.h"
#include "mem.h"
#include "vox.h"

enum { BLOCKS = 16, SIDE = 4, LONGEST = 1024, LEAST = 8 };             /* blocks along each other axis, lines along their sides */

static const struct vn_param params[] = {
    { .name = "volume", .type = VN_P_OBJECT, .flags = VN_POS | VN_REQ, .kinds = VN_IMAGE | VN_PROB, .help = "image or probability" },
    { .name = "with", .type = VN_P_OBJECT, .kinds = VN_IMAGE | VN_PROB, .help = "another on the same grid, to compare: without its artifacts, say" },
    { .name = "as", .type = VN_P_NAME, .help = "name of the table: axis (0 x, 1 y, 2 z), frequency, period, amplitude, with" },
    { .name = "to", .type = VN_P_PATH, .flags = VN_PREF, .help = "figure to write, .pdf, .svg or .png; with .gp and .dat added, script and data beside it" },
    { .name = "force", .type = VN_P_FLAG, .flags = VN_PREF, .help = "replace existing files" },
    { 0 },
};
enum { AXIS, FREQUENCY, PERIOD, AMPLITUDE, WITH };

struct scan {
    struct vn_vol *v;
    struct vn_box box;                 /* at most LONGEST voxels along the axis */
    int axis, nu, nw;                  /* blocks along the others */
    int64_t n, n_wave;
    double *window, *cosine;           /* of n voxels; of a turn in n */
    double *power;                     /* [block][wave], then how many lines */
};

static struct vn_box block_of(const struct scan *s, int64_t i)
{
    const int other[2] = { s->axis == 0 ? 1 : 0, s->axis == 2 ? 1 : 2 }, n[2] = { s->nu, s->nw };
    const int64_t at[2] = { i % s->nu, i / s->nu };
    struct vn_box b = s->box;

    for (int k = 0; k < 2; k++) {
        const int64_t lo = s->box.lo[other[k]], room = vn_box_dim(&s->box, other[k]);
        b.lo[other[k]] = lo + room * at[k] / n[k];
        b.hi[other[k]] = vn_min64(b.lo[other[k]] + SIDE, lo + room * (at[k] + 1) / n[k]);
    }
    return b;
}

/* Adds |DFT|^2 of a line less its mean, windowed. */
static void add_line(const struct scan *s, double *v, double *power)
{
    double mean = 0, n = 0;

    for (int64_t i = 0; i < s->n; i++) {
        const bool ok = v[i] - v[i] == 0;
        mean += ok ? v[i] : 0;
        n += ok;
    }
    mean = n > 0 ? mean / n : 0;
    for (int64_t i = 0; i < s->n; i++)
        v[i] = v[i] - v[i] == 0 ? s->window[i] * (v[i] - mean) : 0;
    for (int64_t k = 1; k <= s->n_wave; k++) {
        double re = 0, im = 0;
        for (int64_t i = 0, at = 0; i < s->n; i++) {
            const int64_t quarter = at + s->n;             /* sin a = cos (a - 1/4): tables of both stand one after the other */
            re += v[i] * s->cosine[at];
            im += v[i] * s->cosine[quarter];
            at += k;
            at -= at >= s->n ? s->n : 0;
        }
        power[k - 1] += re * re + im * im;
    }
    power[s->n_wave]++;
}

static int block_task(void *ctx, int64_t i, struct vn_err *err)
{
    const struct scan *s = ctx;
    const struct vn_box b = block_of(s, i);
    const int64_t step = s->axis;
    struct vn_buf in = { 0 };
    double *line = vn_alloc((uint64_t)s->n * sizeof *line, err);
    int rc = line ? vn_vol_map(s->v, VN_F32, &b, VN_PAD_EDGE, &in, NULL, err) : VN_E_MEMORY;

    for (int64_t z = b.lo[2]; rc == 0 && z < (step == 2 ? b.lo[2] + 1 : b.hi[2]); z++)
        for (int64_t y = b.lo[1]; y < (step == 1 ? b.lo[1] + 1 : b.hi[1]); y++)
            for (int64_t x = b.lo[0]; x < (step == 0 ? b.lo[0] + 1 : b.hi[0]); x++) {
                for (int64_t k = 0; k < s->n; k++)
                    line[k] = (double)((const float *)in.data)[vn_buf_at(&in, x + (step == 0 ? k : 0), y + (step == 1 ? k : 0), z + (step == 2 ? k : 0))];
                add_line(s, line, s->power + i * (s->n_wave + 1));
            }
    vn_buf_free(&in);
    vn_free(line);
    return rc;
}

/* amplitude[0..n / 2): of waves 1, 2, ... in n voxels: that of a cosine of this frequency, root mean square over lines. */
static int spectrum_of(struct vn_vol *v, const struct vn_box *box, int axis, int64_t n, double *amplitude, struct vn_job *job, struct vn_err *err)
{
    const int u = axis == 0 ? 1 : 0, w = axis == 2 ? 1 : 2;
    struct scan s = { .v = v, .box = *box, .axis = axis, .n = n, .n_wave = n / 2 };
    double sum = 0, lines = 0;

    s.box.lo[axis] += (vn_box_dim(box, axis) - n) / 2;
    s.box.hi[axis] = s.box.lo[axis] + n;
    s.nu = (int)vn_max64(1, vn_min64(BLOCKS, vn_box_dim(box, u) / SIDE));
    s.nw = (int)vn_max64(1, vn_min64(BLOCKS, vn_box_dim(box, w) / SIDE));
    const int64_t blocks = (int64_t)s.nu * s.nw;
    s.window = vn_alloc(3 * (uint64_t)n * sizeof *s.window, err);
    s.power = vn_calloc((uint64_t)(blocks * (s.n_wave + 1)), sizeof *s.power, err);
    s.cosine = s.window ? s.window + n : NULL;
    int rc = s.window && s.power ? 0 : VN_E_MEMORY;
    for (int64_t i = 0; rc == 0 && i < n; i++) {
        s.window[i] = 0.5 - 0.5 * vn_cos_turn(((double)i + 0.5) / (double)n);
        s.cosine[i] = vn_cos_turn((double)i / (double)n);
        s.cosine[n + i] = vn_cos_turn((double)i / (double)n - 0.25);
        sum += s.window[i];
    }
    rc = rc ? rc : vn_job_for(job, blocks, block_task, &s, err);
    for (int64_t i = 0; rc == 0 && i < blocks; i++)
        lines += s.power[i * (s.n_wave + 1) + s.n_wave];
    for (int64_t k = 0; rc == 0 && k < s.n_wave; k++) {
        double power = 0;
        for (int64_t i = 0; i < blocks; i++)
            power += s.power[i * (s.n_wave + 1) + k];
        amplitude[k] = (2 * (k + 1) == n ? 1 : 2) / sum * sqrt(power / lines);
    }
    vn_free(s.window);
    vn_free(s.power);
    return rc;
}

static int fill(struct vn_call *c, struct vn_vol *const v[2], const struct vn_box *box, struct vn_table *t, struct vn_err *err)
{
    double *amplitude = vn_alloc(LONGEST * sizeof *amplitude, err);
    int rc = amplitude ? 0 : VN_E_MEMORY;

    for (int axis = 0; rc == 0 && axis < 3; axis++) {
        const int64_t n = vn_min64(vn_box_dim(box, axis), LONGEST), from = t->n_row;
        if (n < LEAST)
            continue;
        for (int64_t k = 0; rc == 0 && k < n / 2; k++)
            if (!(rc = vn_table_add_row(t, err))) {
                t->col[AXIS].num[from + k] = axis;
                t->col[FREQUENCY].num[from + k] = (double)(k + 1) / (double)n;
                t->col[PERIOD].num[from + k] = (double)n / (double)(k + 1);
            }
        for (int i = 0; rc == 0 && i < (v[1] ? 2 : 1); i++)
            if (!(rc = spectrum_of(v[i], box, axis, n, amplitude, c->job, err)))
                memcpy(t->col[AMPLITUDE + i].num + from, amplitude, (size_t)(n / 2) * sizeof *amplitude);
    }
    vn_free(amplitude);
    return rc;
}

/* A panel for each axis, one scale of amplitudes. */
static void script_text(struct vn_str *b, const char *path, const char *note, const struct vn_table *t, const char *const name[2])
{
    double lo = INFINITY, hi = 0;
    int n = 0, panel = 0;
    bool is[3] = { false, false, false };

    for (int64_t i = 0; i < t->n_row; i++) {
        is[(int)t->col[AXIS].num[i]] = true;
        for (int k = AMPLITUDE; k < t->n_col; k++) {
            const double a = t->col[k].num[i];
            lo = a > 0 && a < lo ? a : lo;
            hi = a > hi ? a : hi;
        }
    }
    lo = hi > 0 ? fmax(lo, 1e-5 * hi) / 1.3 : 0.1;
    hi = hi > 0 ? 1.5 * hi : 1;
    for (int k = 0; k < 3; k++)
        n += is[k];
    vn_draw_head(b, path, 174, 65, note, "Amplitude of waves along each axis, root mean square over lines.");
    vn_str_addf(b, "set border 3 lw 0.75; set tics nomirror out scale 0.5; set minussign\nset logscale y; set format y '%%h'; set yrange [%.6g:%.6g]; set xrange [0:0.5]\n"
                   "set xtics 0.1 offset 0,0.3; set ytics offset 0.5,0; set bmargin at screen 0.17; set tmargin at screen 0.88\n"
                   "set key top right samplen 1.5 spacing 1.1 noautotitle\nset multiplot\n", lo, hi);
    for (int k = 0; k < 3; k++) {
        if (!is[k])
            continue;
        const double left = 0.085 + 0.905 * panel / n, right = 0.085 + 0.905 * (panel + 1) / n - 0.035;
        vn_str_addf(b, "set lmargin at screen %.4f; set rmargin at screen %.4f\nset title 'along %c' offset 0,-0.5; set xlabel 'waves per voxel' offset 0,0.6\n",
                    left, right, "xyz"[k]);
        vn_str_add(b, panel ? "unset ylabel; set format y ''; unset key\n" : "set ylabel 'amplitude (grey values)' offset 0.5,0\n");
        for (int i = AMPLITUDE; i < t->n_col; i++) {
            vn_str_addf(b, "%sdata index %d using 1:%d with lines lw 1.25 lc rgb '%s' title ", i == AMPLITUDE ? "plot " : ", \\\n     ", panel, 2 + i - AMPLITUDE,
                        i == AMPLITUDE ? "#0072B2" : "#D55E00");
            vn_draw_quoted(b, name[i - AMPLITUDE]);
        }
        vn_str_add(b, "\n");
        panel++;
    }
    vn_str_add(b, "unset multiplot\nset output\n");
}

static int draw(struct vn_call *c, const struct vn_table *t, const char *const name[2], struct vn_err *err)
{
    const char *to = vn_args_text(&c->args, "to");
    struct vn_str data = { 0 }, script = { 0 };
    char text[32];

    vn_draw_comment(&data, t->note);
    for (int64_t i = 0; i < t->n_row; i++) {
        if (i && t->col[AXIS].num[i] != t->col[AXIS].num[i - 1])
            vn_str_add(&data, "\n\n");
        vn_str_add(&data, vn_text_real(t->col[FREQUENCY].num[i], text));
        for (int k = AMPLITUDE; k < t->n_col; k++)
            vn_str_addf(&data, " %s", vn_text_real(t->col[k].num[i], text));
        vn_str_add(&data, "\n");
    }
    script_text(&script, to, t->note, t, name);
    int rc = data.failed || script.failed ? vn_fail(err, VN_E_MEMORY, "no memory for the figure")
                                          : vn_draw_files(to, vn_args_flag(&c->args, "force"), &script, &data, c->job, err);
    vn_str_free(&data);
    vn_str_free(&script);
    if (!rc)
        vn_res_text(c, "to", to);
    return rc;
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    static const char *const column[] = { "axis", "frequency", "period_voxels", "amplitude", "with" };
    const bool both = vn_args_has(&c->args, "with"), draws = vn_args_has(&c->args, "to") && !c->remake;
    const char *const name[2] = { vn_call_name(c, "volume"), both ? vn_call_name(c, "with") : NULL };
    struct vn_vol *v[2] = { NULL, NULL };
    struct vn_table *t = NULL;
    struct vn_box box;
    enum vn_fig_type type;
    bool assumed;
    int rc = draws ? vn_figure_type(vn_args_text(&c->args, "to"), &type, err) : 0;

    if (rc || (rc = vn_call_vol(c, "volume", &v[0], err)) || (both && (rc = vn_call_vol(c, "with", &v[1], err))) ||
        (both && (rc = vn_grid_check(&v[0]->grid, name[0], &v[1]->grid, name[1], &assumed, err))) || (rc = vn_call_region(c, v[0], &box, err)))
        return rc;
    if (both && !vn_box_contains(&v[1]->box, &box))
        return vn_fail(err, VN_E_ARG, "'%s' does not cover '%s' here", name[1], name[0]);
    if (vn_box_dim(&box, 0) < LEAST && vn_box_dim(&box, 1) < LEAST && vn_box_dim(&box, 2) < LEAST)
        return vn_fail(err, VN_E_ARG, "'%s' is %lld x %lld x %lld voxels here: a spectrum takes %d along one axis at least", name[0],
                       (long long)vn_box_dim(&box, 0), (long long)vn_box_dim(&box, 1), (long long)vn_box_dim(&box, 2), LEAST);
    rc = (t = vn_table_new(err)) ? 0 : VN_E_MEMORY;
    for (int i = 0; rc == 0 && i < (both ? 5 : 4); i++)
        rc = vn_table_add_col(t, column[i], false, err) >= 0 ? 0 : VN_E_MEMORY;
    if (rc == 0 && !(t->note = vn_sprintf(err, "Venule %s spectrum %s%s%s", VN_VERSION, name[0], both ? " with=" : "", both ? name[1] : "")))
        rc = VN_E_MEMORY;
    rc = rc ? rc : fill(c, v, &box, t, err);
    if (rc == 0 && draws)
        rc = draw(c, t, name, err);
    if (rc) {
        vn_table_unref(t);
        return rc;
    }
    vn_res_int(c, "rows", t->n_row);
    double most = 1;
    int64_t at = -1;
    for (int64_t i = 0; i < t->n_row && both; i++)
        if (t->col[WITH].num[i] > 0 && t->col[AMPLITUDE].num[i] > most * t->col[WITH].num[i]) {
            most = t->col[AMPLITUDE].num[i] / t->col[WITH].num[i];
            at = i;
        }
    if (at >= 0) {                                         /* where `with` is least beside the volume */
        vn_res_num(c, "falls_db", 20 * log10(most));
        vn_res_text(c, "along", (const char *const[]){ "x", "y", "z" }[(int)t->col[AXIS].num[at]]);
        vn_res_num(c, "period", t->col[PERIOD].num[at]);
    }
    return vn_call_output(c, 0, "", VN_TABLE, t, err);
}

const struct vn_cmd vn_cmd_spectrum = { "spectrum", "amplitude by frequency along each axis, before and after", params, VN_CMD_MAKES, exec, NULL };
