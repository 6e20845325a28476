/* mode_tune.c - the parameters of the chain as sliders: the mask and its numbers follow the hand. */
#include "keys.h"
#include "mem.h"
#include "tty.h"
#include "tune_curves.h"
#include <langinfo.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_COLS = 10, VALUE_COLS = 9, MAX_ROWS = VN_N_KNOB, CHART_ROWS = 9 };
static int chosen = VN_KNOB_LOW;
static char entry[VN_KNOB_CHARS];                /* being typed; "" nothing */
static int n_entry;
static int drag = -1;                            /* knob whose bar the mouse holds */
static int top, row_knob[MAX_ROWS], n_row, bar_x, bar_w;     /* as drawn last; knobs begin at row 1 */
static bool closing;                             /* the command that ends the tuning may still wait */
static unsigned turn;                            /* of the tuning, seen last */
static double moved_at;                          /* when the hand moved last */
static bool tried_instead;                       /* the chart of what was tried stays while a threshold is chosen */
static bool chart_shown;                         /* there was room for one */
static bool two_knobs;                           /* low and high alone, so that there is */

/* ---- values ---- */

/* The number and what stands behind it: "vox", "um". False: a word. */
static bool number_of(const char *text, double *v, char unit[8])
{
    char *end;
    *v = strtod(text, &end);
    snprintf(unit, 8, "%.7s", end);
    return end != text;
}

/* What a knob stands at: as it was set, or as it was settled. */
static const char *text_of(const struct vn_tuning_view *v, int k)
{
    return v->want.text[k][0] ? v->want.text[k] : v->value.text[k];
}

/* Ends and step of a slider in the unit of its text. */
static void range_of(const struct vn_tuning_view *v, int k, const char *unit, double *lo, double *hi, double *step)
{
    const struct vn_param *p = vn_knob_param(k);
    const bool um = p->type == VN_P_LENGTH && v->edge_um > 0 && strcmp(unit, "vox");
    const double scale = um ? v->edge_um : 1;
    *lo = vn_knobs[k].lo * scale;
    *hi = vn_knobs[k].hi * scale;
    *step = vn_knobs[k].step * scale;
    if (p->max > p->min) {
        *lo = fmax(*lo, p->min);
        *hi = fmin(*hi, p->max);
    }
}

static const char *const denoise[] = { "off", "gaussian", "median", "nlm", "along" };

static int word_at(int k, const char *text)
{
    if (k == VN_KNOB_DARK)
        return !strcmp(text, "on");
    for (int i = 0; i < (int)VN_COUNT(denoise); i++)
        if (!strcmp(text, denoise[i]))
            return i;
    return 0;
}

/* 0 .. 1; sizes on a logarithmic scale. -1: a word. */
static double place_of(const struct vn_tuning_view *v, int k)
{
    const char *text = text_of(v, k);
    double x, lo, hi, step;
    char unit[8];
    if (k == VN_KNOB_DENOISE || k == VN_KNOB_DARK)
        return word_at(k, text) / (k == VN_KNOB_DARK ? 1.0 : (double)(VN_COUNT(denoise) - 1));
    if (!number_of(text, &x, unit))
        return !strcmp(text, "all") ? 1 : -1;
    range_of(v, k, unit, &lo, &hi, &step);
    x = step > 0 ? (x - lo) / (hi - lo) : log1p(fmax(x, 0)) / log1p(hi);
    return fmin(fmax(x, 0), 1);
}

/* ---- changing ---- */

/* x is computed and shown; its command is written when the hand rests. */
static void apply(struct vn_ui *ui, const struct vn_setting *x)
{
    struct vn_tuning_view v;
    struct vn_err err = { 0 };
    struct vn_str line = { 0 };
    const struct vn_view view = vn_session_view(ui->s);
    if (vn_tuning_try(ui->s, x, &err)) {
        vn_say(ui, VN_LOG_ERROR, "%s", err.msg);
        return;
    }
    moved_at = vn_tty_now();
    vn_tuning_look(ui->s, &v);
    for (int k = 0; k < VN_N_KNOB; k++)
        if (strcmp(x->text[k], v.now.text[k]))
            vn_str_addf(&line, "%s%s=%s", line.n ? " " : "", vn_knobs[k].name, x->text[k][0] ? x->text[k] : "auto");
    const bool dirty = ui->panes.dirty;
    if (line.n && !line.failed)
        vn_keys_slide(ui, &view, "tune", "%s", line.s);
    else
        ui->pending[0] = '\0';
    ui->panes.dirty = dirty || v.ms > VN_TUNED_SLOW_MS;   /* else the mask is there before a picture without it */
    vn_str_free(&line);
    ui->text_dirty = true;
}

static void put(struct vn_ui *ui, int k, const char *text)
{
    struct vn_tuning_view v;
    struct vn_err err = { 0 };
    vn_tuning_look(ui->s, &v);
    if (vn_setting_put(&v.want, k, text, &err))
        vn_say(ui, VN_LOG_ERROR, "%s", err.msg);
    else
        apply(ui, &v.want);
}

/* The threshold that moves pushes the other. */
static void push_other(struct vn_tuning_view *v, int k)
{
    const int other = k == VN_KNOB_LOW ? VN_KNOB_HIGH : VN_KNOB_LOW;
    double a, b;
    char unit[8];
    if ((k != VN_KNOB_LOW && k != VN_KNOB_HIGH) || !number_of(text_of(v, k), &a, unit) || !number_of(text_of(v, other), &b, unit))
        return;
    if (k == VN_KNOB_LOW ? a > b : a < b)
        memcpy(v->want.text[other], v->want.text[k], VN_KNOB_CHARS);
}

static void put_number(struct vn_ui *ui, int k, double x, const char *unit)
{
    struct vn_tuning_view v;
    double lo, hi, step;
    vn_tuning_look(ui->s, &v);
    range_of(&v, k, unit, &lo, &hi, &step);
    x = fmin(fmax(x, lo), hi);
    if (step > 0) {
        const double fine = step / 10;
        x = round(x / fine) * fine;
    } else {
        x = round(x);
    }
    snprintf(v.want.text[k], VN_KNOB_CHARS, "%.6g%s", fabs(x) < 1e-9 ? 0 : x, unit);
    push_other(&v, k);
    apply(ui, &v.want);
}

static void move(struct vn_ui *ui, int k, int by)
{
    struct vn_tuning_view v;
    char unit[8];
    double x, lo, hi, step;
    vn_tuning_look(ui->s, &v);
    const char *text = text_of(&v, k);
    if (k == VN_KNOB_DENOISE || k == VN_KNOB_DARK) {
        const int n = k == VN_KNOB_DARK ? 2 : (int)VN_COUNT(denoise), at = word_at(k, text) + (by > 0 ? 1 : -1);
        if (at >= 0 && at < n)
            put(ui, k, k == VN_KNOB_DARK ? (at ? "on" : "off") : denoise[at]);
        return;
    }
    if (k == VN_KNOB_PERIOD && !number_of(text, &x, unit)) {
        put_number(ui, k, vn_knobs[k].lo, "");
        return;
    }
    if (!number_of(text, &x, unit) || (k == VN_KNOB_PERIOD && x + by < vn_knobs[k].lo)) {
        put(ui, k, "auto");                      /* from a word back to numbers */
        return;
    }
    range_of(&v, k, unit, &lo, &hi, &step);
    for (int i = 0; step <= 0 && i < abs(by); i++)
        x = by > 0 ? fmax(x + 1, round(x * 1.1)) : fmin(x - 1, round(x / 1.1));
    if (k == VN_KNOB_FILL && x > hi)
        put(ui, k, "all");
    else
        put_number(ui, k, step > 0 ? x + by * step : x, unit);
}

/* NaN: automatic and not settled, or off. */
static void thresholds(const struct vn_tuning_view *v, double *low, double *high)
{
    char unit[8];
    if (!number_of(text_of(v, VN_KNOB_LOW), low, unit))
        *low = NAN;
    if (!number_of(text_of(v, VN_KNOB_HIGH), high, unit))
        *high = NAN;
}

/* The bar's place, 0 .. 1, under the mouse. */
static void move_to(struct vn_ui *ui, int k, double place)
{
    struct vn_tuning_view v;
    char unit[8];
    double x, lo, hi, step;
    place = fmin(fmax(place, 0), 1);
    vn_tuning_look(ui->s, &v);
    if (k == VN_KNOB_DENOISE)
        put(ui, k, denoise[(int)round((VN_COUNT(denoise) - 1) * place)]);
    else if (k == VN_KNOB_DARK)
        put(ui, k, place > 0.5 ? "on" : "off");
    else {
        if (!number_of(text_of(&v, k), &x, unit))
            snprintf(unit, sizeof unit, "%s", "");
        range_of(&v, k, unit, &lo, &hi, &step);
        x = step > 0 ? lo + round(place * (hi - lo) / step) * step : expm1(place * log1p(hi));
        put_number(ui, k, x, unit);
    }
}

/* ---- keys ---- */

static int list(const struct vn_tuning_view *v, int out[VN_N_KNOB])
{
    int n = 0;
    for (int k = 0; k < VN_N_KNOB; k++)
        if (vn_setting_used(&v->want, k, v->kind))
            out[n++] = k;
    return n;
}

static void choose(struct vn_ui *ui, int by, unsigned mods VN_UNUSED)
{
    struct vn_tuning_view v;
    int knob[VN_N_KNOB], at = 0;
    vn_tuning_look(ui->s, &v);
    const int n = list(&v, knob);
    while (at < n - 1 && knob[at] < chosen)
        at++;
    at += by;
    if (at >= 0 && at < n)
        chosen = knob[at];
    ui->text_dirty = true;
}

static void change(struct vn_ui *ui, int by, unsigned mods) { move(ui, chosen, mods & VN_SHIFT ? 10 * by : by); }
static void automatic(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED) { put(ui, chosen, "auto"); }

static void undo(struct vn_ui *ui, int way, unsigned mods VN_UNUSED)
{
    vn_keys_command(ui, way < 0 ? "tune undo" : "tune redo");
}

static void reset(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    apply(ui, &(struct vn_setting){ { "" } });
}

/* The other of the pair: shown at once, a command when the hand rests. */
static void flicker(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    struct vn_tuning_view v;
    struct vn_setting x;
    struct vn_tune_numbers n;
    struct vn_err err = { 0 };
    if (ui->pending[0] && !strncmp(ui->pending, "tune ", 5) && strncmp(ui->pending, "tune use", 8))
        vn_keys_flush(ui);
    vn_tuning_look(ui->s, &v);
    if (!vn_tuning_tried(ui->s, v.ab[0], &x, &n)) {
        vn_say(ui, VN_LOG_ERROR, "one setting was tried so far: there is no other");
        return;
    }
    const int to = vn_setting_same(&v.want, &x) ? v.ab[1] : v.ab[0];
    if (!vn_tuning_tried(ui->s, to, &x, &n))
        return;
    const struct vn_view view = vn_session_view(ui->s);
    moved_at = vn_tty_now();
    if (vn_tuning_try(ui->s, &x, &err))
        vn_say(ui, VN_LOG_ERROR, "%s", err.msg);
    else
        vn_keys_slide(ui, &view, "tune", "use %d", to + 1);
}

static void save(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    struct vn_tuning_view v;
    char line[120];
    vn_keys_flush(ui);
    vn_tuning_look(ui->s, &v);
    snprintf(line, sizeof line, "tune save %s.vnr", v.name);
    vn_keys_prompt(ui, line);
}

static void leave(struct vn_ui *ui, int accept, unsigned mods VN_UNUSED)
{
    vn_mode_enter(ui, NULL);
    closing = true;
    vn_keys_command(ui, accept ? "tune accept; tune off" : "tune off");
}

static void history(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    struct vn_log *l = &ui->viewer.text;
    struct vn_tuning_view v;
    struct vn_setting x;
    struct vn_tune_numbers n;
    vn_keys_flush(ui);
    vn_tuning_look(ui->s, &v);
    vn_log_clear(l);
    vn_log_add(l, VN_LOG_ECHO, "Settings that were tried (:tune use N takes one, :tune ab N M sets the pair of b)");
    vn_log_add(l, VN_LOG_ECHO, v.has_truth ? "    N    voxels  pieces    length density    Dice  clDice  setting" : "    N    voxels  pieces    length density  setting");
    for (int i = 0; vn_tuning_tried(ui->s, i, &x, &n); i++) {
        struct vn_str b = { 0 };
        vn_str_addf(&b, "%c %3d %9llu %7llu  %9.4g %-8s", vn_setting_same(&x, &v.want) ? '>' : ' ', i + 1, (unsigned long long)n.voxels, (unsigned long long)n.components, n.density,
                    v.um ? "m/mm\u00b3" : "/vox\u00b2");
        if (v.has_truth)
            vn_str_addf(&b, "  %.4f  %.4f", n.dice, n.cldice);
        bool any = false;
        for (int k = 0; k < VN_N_KNOB; k++)
            if (x.text[k][0]) {
                vn_str_addf(&b, "  %s=%s", vn_knobs[k].name, x.text[k]);
                any = true;
            }
        vn_str_add(&b, any ? "" : "  automatic");
        if (!b.failed)
            vn_log_add(l, VN_LOG_TEXT, b.s);
        vn_str_free(&b);
    }
    vn_viewer_open(ui, l, 0);
}

/* A value that is typed. */
static bool key(struct vn_ui *ui, const struct vn_event *ev)
{
    const bool plain = !(ev->mods & (VN_CTRL | VN_ALT));
    if (!n_entry && !(plain && ((ev->code >= '0' && ev->code <= '9') || ev->code == '.')))
        return false;
    ui->text_dirty = true;
    if (ev->code == VN_KEY_ENTER) {
        n_entry = 0;
        put(ui, chosen, entry);
        entry[0] = '\0';
    } else if (ev->code == VN_KEY_ESC || (ev->code == 'c' && ev->mods & VN_CTRL)) {
        n_entry = 0;
        entry[0] = '\0';
    } else if (ev->code == VN_KEY_BACKSPACE) {
        entry[--n_entry] = '\0';
    } else if (plain && ev->code > ' ' && ev->code < 127 && n_entry < VN_KNOB_CHARS - 1) {
        entry[n_entry++] = (char)ev->code;
        entry[n_entry] = '\0';
    } else if (ev->code >= VN_KEY_UP) {          /* an arrow goes on from what was typed */
        n_entry = 0;
        put(ui, chosen, entry);
        entry[0] = '\0';
        return false;
    }
    return true;
}

static bool wants_curves(void) { return (chosen == VN_KNOB_LOW || chosen == VN_KNOB_HIGH) && !tried_instead; }

static void other_chart(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    if (two_knobs) {
        two_knobs = false;
    } else if (chart_shown && (chosen == VN_KNOB_LOW || chosen == VN_KNOB_HIGH)) {
        tried_instead = !tried_instead;
    } else {
        chosen = chosen == VN_KNOB_HIGH ? chosen : VN_KNOB_LOW;
        tried_instead = false;
        two_knobs = !chart_shown;
    }
    ui->text_dirty = true;
}

static const struct vn_bind binds[] = {
    { "up", "Up", "", "the parameter before, after", choose, -1 },
    { "down", "Down", "choose", NULL, choose, 1 },
    { "less", "Left", "", "less, more (Shift: ten times; a digit begins a value, Enter ends it)", change, -1 },
    { "more", "Right", "change", NULL, change, 1 },
    { "auto", "a Del", "auto", "automatic again", automatic, 0 },
    { "reset", "A", "all auto", "all parameters automatic", reset, 0 },
    { "undo", "u", "undo", "the setting before, after", undo, -1 },
    { "redo", "C-r", "redo", NULL, undo, 1 },
    { "flicker", "b", "flicker", "the other of two settings: the last two, or those of :tune ab N M", flicker, 0 },
    { "history", "h", "history", "what was tried, with its numbers", history, 0 },
    { "chart", "c", "chart", "for low and high: what every threshold gives, or what was tried", other_chart, 0 },
    { "save", "s", "save", "the setting as a recipe", save, 0 },
    { "accept", "Enter", "accept", "run the commands that make this mask, and close", leave, 1 },
    { "close", "Esc T", "close", "close without a mask; what was tried is kept", leave, 0 },
    { 0 },
};

/* ---- mouse ---- */

static bool mouse(struct vn_ui *ui, const struct vn_event *ev)
{
    int row, col;
    const bool inside = vn_panel_hit(ui, ev, &row, &col);
    if (drag >= 0 && (ev->motion || ev->release)) {
        if (ev->motion && bar_w > 1)
            move_to(ui, drag, (double)(ev->x - ui->panel.x - bar_x) / (bar_w - 1));
        if (ev->release)
            drag = -1;
        return true;
    }
    struct vn_tuning_view v;
    struct vn_cuts_chart *curves = vn_tune_curves(&(const char *){ NULL });
    double low, high, to;
    bool is_high;
    vn_tuning_look(ui->s, &v);
    thresholds(&v, &low, &high);
    if (curves && vn_cuts_chart_mouse(ui, curves, ev, low, high, &is_high, &to)) {
        chosen = is_high ? VN_KNOB_HIGH : VN_KNOB_LOW;
        n_entry = 0;
        put_number(ui, chosen, to, "");
        return true;
    }
    if (!inside)
        return false;
    const int k = row >= 1 && row <= n_row ? row_knob[row - 1] : -1;
    if (ev->button == VN_WHEEL_UP || ev->button == VN_WHEEL_DOWN) {
        chosen = k >= 0 ? k : chosen;
        move(ui, chosen, (ev->button == VN_WHEEL_UP ? 1 : -1) * (ev->mods & VN_SHIFT ? 10 : 1));
    } else if (ev->button == 0 && !ev->motion && !ev->release && k >= 0) {
        chosen = k;
        n_entry = 0;
        entry[0] = '\0';
        if (bar_w > 1 && col >= bar_x && col < bar_x + bar_w) {
            drag = k;
            move_to(ui, k, (double)(col - bar_x) / (bar_w - 1));
        }
    }
    ui->text_dirty = true;
    return true;
}

/* ---- the panel ---- */

static void draw_bar(struct vn_ui *ui, int row, double place, bool on)
{
    const bool utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
    const int at = place < 0 ? -1 : (int)round(place * (bar_w - 1));
    struct vn_str left = { 0 }, right = { 0 };
    for (int i = 0; i < bar_w; i++)
        if (i <= at)
            vn_str_add(&left, i == at ? (utf8 ? "\u25cf" : "O") : utf8 ? "\u2501" : "=");
        else
            vn_str_add(&right, utf8 ? "\u2500" : "-");
    const int col = vn_panel_text(ui, row, bar_x, on ? VN_LOOK_KEY : VN_LOOK_TEXT, "%s", left.s ? left.s : "");
    vn_panel_text(ui, row, col, VN_LOOK_DIM, "%s", right.s ? right.s : "");
    vn_str_free(&left);
    vn_str_free(&right);
}

/* What is automatic has more digits than anyone reads. */
static void draw_value(struct vn_ui *ui, int row, const char *text, bool set)
{
    char unit[8], few[VN_KNOB_CHARS];
    double x;
    if (!set && number_of(text, &x, unit)) {
        snprintf(few, sizeof few, "%.4g%s", x, unit);
        text = few;
    }
    vn_panel_text(ui, row, bar_x + bar_w + 1, set ? VN_LOOK_BOLD : VN_LOOK_DIM, "%*.*s", VALUE_COLS, VALUE_COLS, text);
}

static void draw_knobs(struct vn_ui *ui, const struct vn_tuning_view *v, int rows)
{
    int knob[VN_N_KNOB], at = 0;
    const int n = list(v, knob);
    while (at < n - 1 && knob[at] < chosen)
        at++;
    chosen = knob[at];
    top = at < top ? at : at >= top + rows ? at - rows + 1 : top;
    if (two_knobs)
        top = at - (chosen == VN_KNOB_HIGH);
    top = top > n - rows ? (n > rows ? n - rows : 0) : top;
    n_row = n - top < rows ? n - top : rows;
    bar_x = NAME_COLS + 1;
    bar_w = vn_panel_cols(ui) - bar_x - VALUE_COLS - 1;
    for (int i = 0; i < n_row; i++) {
        const int k = row_knob[i] = knob[top + i];
        const bool on = k == chosen, set = v->want.text[k][0];
        const bool more = (i == 0 && top > 0) || (i == n_row - 1 && top + n_row < n);
        vn_panel_text(ui, 1 + i, 0, on ? VN_LOOK_CHOSEN : VN_LOOK_TEXT, "%-*s", NAME_COLS, vn_knobs[k].name);
        if (more)
            vn_panel_text(ui, 1 + i, NAME_COLS, VN_LOOK_DIM, "%s", i ? "v" : "^");
        draw_bar(ui, 1 + i, place_of(v, k), on);
        if (on && n_entry)
            vn_panel_text(ui, 1 + i, bar_x + bar_w + 1, VN_LOOK_CHOSEN, "%*.*s", VALUE_COLS, VALUE_COLS, entry);
        else
            draw_value(ui, 1 + i, text_of(v, k), set);
    }
}

static int draw_numbers(struct vn_ui *ui, const struct vn_tuning_view *v, int row)
{
    const struct vn_tune_numbers *n = &v->n;
    const enum vn_look look = v->pending ? VN_LOOK_DIM : VN_LOOK_TEXT;
    char a[16];
    vn_panel_text(ui, row++, 0, look, "voxels  %llu, %.3g %%", (unsigned long long)n->voxels, 100.0 * (double)n->voxels / (double)n->total);
    vn_panel_text(ui, row++, 0, look, "pieces  %llu", (unsigned long long)n->components);
    if (v->um)
        vn_panel_text(ui, row++, 0, look, "length  %.4g m/mm\u00b3", n->density);
    else
        vn_panel_text(ui, row++, 0, look, "length  %s voxels", vn_plot_number(n->length, a));
    if (v->has_truth) {
        const int col = vn_panel_text(ui, row, 0, look, "Dice    %.4f  clDice ", n->dice);
        if (isfinite(n->cldice))
            vn_panel_text(ui, row++, col, look, "%.4f", n->cldice);
        else
            vn_panel_text(ui, row++, col, VN_LOOK_DIM, "...");
    }
    if (v->error[0])
        vn_panel_text(ui, row++, 0, VN_LOOK_ERROR, "%s", v->error);
    else if (v->provisional)
        vn_panel_text(ui, row++, 0, VN_LOOK_ECHO, "slices provisional ...");
    else if (v->pending && v->ms > VN_TUNED_SLOW_MS)
        vn_panel_text(ui, row++, 0, VN_LOOK_ECHO, "computing ...");
    else
        vn_panel_text(ui, row++, 0, VN_LOOK_DIM, "%s%d of %d, %.0f ms", v->pending || !vn_setting_same(&v->want, &v->now) ? "after " : "setting ", v->tried + 1,
                      v->n_tried, v->ms);
    return row;
}

/* Dice and clDice, or pieces, over the settings that were tried. */
static void draw_chart(struct vn_ui *ui, const struct vn_tuning_view *v, int row, int rows)
{
    const int n = v->n_tried < 200 ? v->n_tried : 200, from = v->n_tried - n;
    struct vn_setting x;
    struct vn_tune_numbers is;
    double *y[2] = { vn_alloc((uint64_t)(n + 1) * 2 * sizeof **y, NULL), NULL };
    if (!y[0])
        return;
    y[1] = y[0] + n + 1;
    for (int i = 0; i < n && vn_tuning_tried(ui->s, from + i, &x, &is); i++) {
        y[0][i] = v->has_truth ? is.dice : (double)is.voxels;
        y[1][i] = v->has_truth ? is.cldice : (double)is.components;
    }
    struct vn_plot p = { .cols = vn_panel_cols(ui), .rows = rows, .log_y = !v->has_truth, .x_lo = from + 1, .x_hi = from + n, .x_name = "setting",
                         .n_series = 2, .series = { { .y = y[0], .n = n, .look = VN_PLOT_CURVE }, { .y = y[1], .n = n, .look = VN_PLOT_CURVE2 } },
                         .n_mark = v->tried >= from, .mark = { { v->tried + 1, VN_PLOT_MARK, 0 } } };
    const int col = vn_panel_text(ui, row, 0, VN_LOOK_TEXT, v->has_truth ? "Dice " : "voxels ");
    vn_panel_text(ui, row, col, VN_LOOK_KEY, v->has_truth ? "clDice" : "pieces");
    vn_plot_panel(ui, row + 1, 0, &p);
    vn_free(y[0]);
}

/* What every threshold by itself gives, with low and high in it. */
static void draw_curves(struct vn_ui *ui, const struct vn_tuning_view *v, int row, int rows)
{
    enum { CHART = 8, MOST = 14 };
    const char *error;
    struct vn_cuts_chart *c = vn_tune_curves(&error);
    const int end = row + rows;
    double low, high;
    thresholds(v, &low, &high);
    if (!c) {
        vn_panel_text(ui, row, 0, error[0] ? VN_LOOK_ERROR : VN_LOOK_DIM, "%s", error[0] ? error : "curves when the hand rests ...");
        return;
    }
    if (isfinite(low) && end - row > CHART + 4) {
        vn_panel_text(ui, row++, 0, VN_LOOK_DIM, "low alone gives%s", c->l.part ? ", in the middle" : "");
        row = vn_cuts_chart_numbers(ui, c, row, 0, low);
        if (v->has_truth)
            vn_panel_text(ui, row++, 0, VN_LOOK_ECHO, "Dice %.4f", vn_cuts_chart_dice(c, low));
    } else {
        const int col = vn_panel_text(ui, row, 0, VN_LOOK_TEXT, "voxels ");
        vn_panel_text(ui, row++, col, VN_LOOK_KEY, "pieces");
    }
    vn_cuts_chart_draw(ui, c, row, 0, end - row, MOST, low, high);
}

static void panel(struct vn_ui *ui)
{
    struct vn_tuning_view v;
    struct vn_cuts_chart *curves = vn_tune_curves(&(const char *){ NULL });
    const int rows = vn_panel_rows(ui);
    int knob[VN_N_KNOB];
    chart_shown = false;
    if (curves)
        curves->row = -1;
    vn_tuning_look(ui->s, &v);
    if (!v.on)
        return;
    const int below = 4 + v.has_truth + 3, n = list(&v, knob);
    int shown = rows - 1 - below < n ? rows - 1 - below : n;
    two_knobs = two_knobs && wants_curves() && rows - 1 - below - n < CHART_ROWS;
    if (two_knobs && shown > 2)
        shown = 2;
    if (shown < 1)
        return;
    draw_knobs(ui, &v, shown);
    int row = draw_numbers(ui, &v, 1 + n_row + (!two_knobs && rows > n + 1 + below));
    row += !two_knobs && rows > n + 2 + below;
    vn_panel_text(ui, row++, 0, VN_LOOK_TEXT, "{accept} {save} {close}");
    vn_panel_text(ui, row++, 0, VN_LOOK_TEXT, "{undo} {redo} {flicker}");
    vn_panel_text(ui, row++, 0, VN_LOOK_TEXT, "{history} {auto} {reset}");
    chart_shown = rows - row >= CHART_ROWS - two_knobs;
    if (!chart_shown)
        return;
    row += !two_knobs;
    if (wants_curves())
        draw_curves(ui, &v, row, rows - row);
    else if (v.n_tried > 1)
        draw_chart(ui, &v, row, rows - row - 1 < 14 ? rows - row - 1 : 14);
    vn_panel_text(ui, row, vn_panel_cols(ui) - 7, VN_LOOK_TEXT, "{chart}");
}

static int width(const struct vn_ui *ui) { return ui->panes.cols + ui->panel.w >= 110 ? 44 : 30; }

static void hint(const struct vn_ui *ui, struct vn_str *b)
{
    struct vn_tuning_view v;
    vn_tuning_look(ui->s, &v);
    if (n_entry)
        vn_str_addf(b, "%s = %s   Enter sets it, Esc does not", vn_knobs[chosen].name, entry);
    else
        vn_str_addf(b, "tune %s%s%s  {up}{down}  {less}{more}  {accept}  {close}  {help}", v.name, v.has_truth ? " against " : "", v.truth);
}

/* ---- life ---- */

static bool start(struct vn_ui *ui)
{
    struct vn_tuning_view t;
    struct vn_view v;
    char name[64], line[160];
    vn_tuning_look(ui->s, &t);
    n_entry = 0;
    entry[0] = '\0';
    drag = -1;
    top = 0;
    if (t.on && !closing)
        return true;
    closing = false;
    struct vn_obj *o = vn_keys_view(ui, &v) && v.volume[0] ? vn_session_get(ui->s, v.volume) : NULL;
    if (o && o->kind & (VN_IMAGE | VN_PROB))
        snprintf(name, sizeof name, "%s", v.volume);
    else if (!vn_newest_volume(ui->s, VN_IMAGE | VN_PROB, name))
        name[0] = '\0';
    vn_obj_unref(o);
    if (!name[0]) {
        vn_say(ui, VN_LOG_ERROR, "there is no image or probability to tune");
        return false;
    }
    const bool again = !strcmp(name, t.name) && t.truth[0] && !v.truth[0];                      /* goes on with what was tried */
    snprintf(line, sizeof line, "tune %s%s%s", name, again ? " truth=" : "", again ? t.truth : "");      /* asks for the panel when it is there */
    vn_keys_command(ui, line);
    return false;
}

static void tick(struct vn_ui *ui)
{
    struct vn_tuning_view v;
    vn_tuning_look(ui->s, &v);
    if (!v.on) {
        vn_mode_enter(ui, NULL);
        return;
    }
    if (ui->pending[0] && !strcmp(ui->pending_verb, "tune") && v.pending == isfinite(ui->pending_since))
        ui->pending_since = v.pending ? INFINITY : moved_at;     /* its command waits for what the hand asked for: no second computation is in the way */
    if (v.turn != turn)
        ui->panes.dirty = ui->text_dirty = true;
    turn = v.turn;
    vn_tune_curves_follow(ui, &v, chart_shown && wants_curves(), moved_at);
}

const struct vn_mode vn_mode_tune = {
    .name = "tune", .title = "Tune",
    .about = "Parameters of denoise, segment, deartifact, threshold and clean. The mask on the pictures and the numbers follow; bold values are set, the others automatic. "
             "While low or high is chosen, the chart shows what every threshold by itself gives, between [ and ] where it is steadiest; click or drag in it.",
    .open = { "tune", "T", "tune", "turn the parameters of segmentation, see mask and numbers", NULL, 0 },
    .binds = binds, .over_browse = true, .short_results = true, .start = start, .stop = vn_tune_curves_stop, .key = key, .mouse = mouse, .tick = tick, .width = width,
    .panel = panel, .hint = hint,
};
