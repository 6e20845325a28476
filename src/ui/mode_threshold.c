/* mode_threshold.c - low and high of a probability moved by hand, the mask they give seen at once. */
#include "keys.h"
#include "mode.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static bool is_prob(struct vn_ui *ui, const char *name)
{
    struct vn_obj *o = name[0] ? vn_session_get(ui->s, name) : NULL;
    bool yes = o && o->kind == VN_PROB;
    vn_obj_unref(o);
    return yes;
}

static bool start(struct vn_ui *ui)
{
    struct vn_view v;
    char name[64];
    if (!vn_keys_view(ui, &v))
        return false;
    if (is_prob(ui, v.volume))
        snprintf(name, sizeof name, "%s", v.volume);
    else if (is_prob(ui, v.overlay))
        snprintf(name, sizeof name, "%s", v.overlay);
    else if (!vn_newest_volume(ui->s, VN_PROB, name)) {
        vn_say(ui, VN_LOG_ERROR, "there is no probability to threshold: 'segment NAME' makes one");
        return false;
    }
    snprintf(v.threshold_of, sizeof v.threshold_of, "%s", name);
    v.low = 0.5;                         /* as threshold cuts a probability */
    v.high = 0.7;
    vn_session_set_view(ui->s, &v);
    return true;
}

static void stop(struct vn_ui *ui)
{
    struct vn_view v = vn_session_view(ui->s);
    v.low = -1;
    vn_session_set_view(ui->s, &v);
}

static void leave(struct vn_ui *ui, int accept, unsigned mods)
{
    const struct vn_view v = vn_session_view(ui->s);
    char stem[64], name[64], line[300];
    (void)mods;
    vn_mode_enter(ui, NULL);
    if (!accept)
        return;
    snprintf(stem, sizeof stem, "%.58s_mask", v.threshold_of);
    vn_name_free_one(ui->s, stem, name);
    snprintf(line, sizeof line, "threshold %s low=%.3f high=%.3f as=%s; overlay %s", v.threshold_of, v.low, v.high, name, name);
    vn_keys_command(ui, line);
}

static void move(struct vn_ui *ui, bool is_high, double by)
{
    struct vn_view v = vn_session_view(ui->s);
    double *moved = is_high ? &v.high : &v.low;
    *moved = fmin(fmax(round((*moved + by) * 1000) / 1000, 0), 1);
    if (v.low > v.high)                          /* the one that moves pushes the other */
        *(is_high ? &v.low : &v.high) = *moved;
    vn_session_set_view(ui->s, &v);
    ui->panes.dirty = ui->text_dirty = true;
}

static void move_low(struct vn_ui *ui, int way, unsigned mods) { move(ui, false, way * (mods & VN_SHIFT ? 0.1 : 0.01)); }
static void move_high(struct vn_ui *ui, int way, unsigned mods) { move(ui, true, way * (mods & VN_SHIFT ? 0.1 : 0.01)); }

static const struct vn_bind binds[] = {
    { "low-down", "Left", "", "low threshold down, up (Shift: by 0.1)", move_low, -1 },
    { "low-up", "Right", "low", NULL, move_low, 1 },
    { "high-down", "Down", "", "high threshold down, up", move_high, -1 },
    { "high-up", "Up", "high", NULL, move_high, 1 },
    { "accept", "Enter", "accept", "make the mask", leave, 1 },
    { "cancel", "Esc t", "cancel", "leave without a mask", leave, 0 },
    { 0 },
};

static void hint(const struct vn_ui *ui, struct vn_str *b)
{
    const struct vn_view v = vn_session_view(ui->s);
    vn_str_addf(b, "threshold %s  low %.3f  high %.3f   {low-down}{low-up}  {high-down}{high-up}  {accept}  {cancel}", v.threshold_of, v.low, v.high);
}

const struct vn_mode vn_mode_threshold = {
    .name = "threshold", .title = "Threshold",
    .about = "Voxels from low on are vessel where they hang together with one from high on (hysteresis).",
    .open = { "threshold", "t", "threshold", "move low and high of a probability, see the mask", NULL, 0 },
    .binds = binds, .over_browse = true, .start = start, .stop = stop, .hint = hint,
};
