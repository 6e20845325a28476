/* mode_region.c - the region as a box that is drawn. */
#include "keys.h"
#include "mode.h"
#include <stdio.h>

static struct vn_box region;                     /* so far; commands have the session's until it is accepted */

static void show(struct vn_ui *ui)
{
    struct vn_view v = vn_session_view(ui->s);
    v.box = region;
    v.has_box = true;
    vn_session_set_view(ui->s, &v);
    ui->panes.dirty = ui->text_dirty = true;
}

static bool start(struct vn_ui *ui)
{
    struct vn_view v;
    if (!vn_keys_view(ui, &v))
        return false;
    const struct vn_box *all = &ui->panes.info.shown.vol->box;
    const bool had = vn_session_roi(ui->s, &region) && vn_box_meet(&region, all, &region);
    for (int k = 0; k < 3 && !had; k++) {
        region.lo[k] = vn_max64((int64_t)v.at[k] - 32, all->lo[k]);
        region.hi[k] = vn_min64((int64_t)v.at[k] + 32, all->hi[k]);
    }
    show(ui);
    return true;
}

static void region_grow(struct vn_ui *ui, int axis, int64_t by)
{
    if (!ui->panes.info.shown.vol)
        return;
    const struct vn_box *all = &ui->panes.info.shown.vol->box;
    for (int k = 0; k < 3; k++) {
        if (axis >= 0 && k != axis)
            continue;
        int64_t lo = vn_max64(region.lo[k] - by, all->lo[k]), hi = vn_min64(region.hi[k] + by, all->hi[k]);
        if (hi - lo >= 2) {
            region.lo[k] = lo;
            region.hi[k] = hi;
        }
    }
    show(ui);
}

static void region_move(struct vn_ui *ui, int way, int64_t by)
{
    if (!ui->panes.info.shown.vol)
        return;
    struct vn_view v = vn_session_view(ui->s);
    const struct vn_box *all = &ui->panes.info.shown.vol->box;
    int axis[3];
    axis[2] = vn_pane_axis(&v, v.focus);
    vn_scene_axes(axis[2], &axis[0], &axis[1]);
    int k = axis[way];
    by = vn_max64(vn_min64(by, all->hi[k] - region.hi[k]), all->lo[k] - region.lo[k]);
    region.lo[k] += by;
    region.hi[k] += by;
    show(ui);
}

static void stop(struct vn_ui *ui)
{
    struct vn_view v = vn_session_view(ui->s);
    v.has_box = false;
    vn_session_set_view(ui->s, &v);
}

static void accept(struct vn_ui *ui, int arg, unsigned mods)
{
    char line[200];
    const struct vn_box *b = &region;
    (void)arg;
    (void)mods;
    vn_mode_enter(ui, NULL);
    snprintf(line, sizeof line, "roi %lld:%lld,%lld:%lld,%lld:%lld", (long long)b->lo[0], (long long)b->hi[0], (long long)b->lo[1], (long long)b->hi[1],
             (long long)b->lo[2], (long long)b->hi[2]);
    vn_keys_command(ui, line);
}

static void cancel(struct vn_ui *ui, int arg, unsigned mods)
{
    (void)arg;
    (void)mods;
    vn_mode_enter(ui, NULL);
}

static void grow(struct vn_ui *ui, int way, unsigned mods) { (void)mods; region_grow(ui, -1, 4 * way); }
static void grow_side(struct vn_ui *ui, int axis, unsigned mods) { (void)mods; region_grow(ui, axis < 3 ? axis : axis - 3, axis < 3 ? -4 : 4); }
static void shift(struct vn_ui *ui, int way, unsigned mods) { region_move(ui, way / 2, (way % 2 ? 1 : -1) * (mods & VN_SHIFT ? 16 : 4)); }

static const struct vn_bind binds[] = {
    { "grow", "+ =", "larger", "larger, smaller", grow, 1 },
    { "shrink", "- _", "smaller", NULL, grow, -1 },
    { "narrow-x", "x", "", "thinner, thicker along x", grow_side, 0 },
    { "widen-x", "X", "x", NULL, grow_side, 3 },
    { "narrow-y", "y", "", "along y", grow_side, 1 },
    { "widen-y", "Y", "y", NULL, grow_side, 4 },
    { "narrow-z", "z", "", "along z", grow_side, 2 },
    { "widen-z", "Z", "z", NULL, grow_side, 5 },
    { "left", "Left", "", "move in the pane (Shift: by 16 voxels)", shift, 0 },
    { "right", "Right", "", NULL, shift, 1 },
    { "up", "Up", "", NULL, shift, 2 },
    { "down", "Down", "move", NULL, shift, 3 },
    { "back", "PgUp", "", "move across the pane", shift, 4 },
    { "forth", "PgDn", "across", NULL, shift, 5 },
    { "accept", "Enter", "accept", "this is the region", accept, 0 },
    { "cancel", "Esc", "cancel", "leave it as it was", cancel, 0 },
    { 0 },
};

static void hint(const struct vn_ui *ui, struct vn_str *b)
{
    (void)ui;
    vn_str_addf(b, "region %lldx%lldx%lld  {grow} {shrink}  {narrow-x}{widen-x} {narrow-y}{widen-y} {narrow-z}{widen-z}  {accept} {cancel}",
                (long long)vn_box_dim(&region, 0), (long long)vn_box_dim(&region, 1), (long long)vn_box_dim(&region, 2));
}

const struct vn_mode vn_mode_region = {
    .name = "region", .title = "Region",
    .about = "The box that commands work on, drawn in all panes.",
    .open = { "region", "r", "region", "region box at the crosshair, to be moved and sized", NULL, 0 },
    .binds = binds, .over_browse = true, .start = start, .stop = stop, .hint = hint,
};
