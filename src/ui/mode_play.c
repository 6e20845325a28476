/* mode_play.c - through the slices by itself, as fast as it is wished and as the link takes pictures. */
#include "keys.h"
#include "mode.h"
#include "tty.h"
#include <math.h>

static const double RATE[] = { 1, 2, 5, 10, 15, 20, 30 };        /* slices a second */
static int rate = 3, way = 1;
static bool halted;
static double next;                              /* when the next slice is due */
static double shown, since;                      /* slices since then */

static bool start(struct vn_ui *ui)
{
    struct vn_view v;
    if (!vn_keys_view(ui, &v))
        return false;
    halted = false;
    way = 1;
    next = since = vn_tty_now();
    shown = 0;
    return true;
}

static void stop(struct vn_ui *ui) { ui->wake_at = 0; }

/* The axis of the slice in focus; beside a projection, of the slice before it. */
static int play_axis(const struct vn_view *v) { return vn_pane_axis(v, v->focus == VN_MIP ? v->slice : v->focus); }

static void advance(struct vn_ui *ui)
{
    struct vn_view v;
    if (!vn_keys_view(ui, &v))
        return;
    const int axis = play_axis(&v);
    const struct vn_box *box = &ui->panes.info.shown.vol->box;
    double to = floor(v.at[axis]) + way;
    if (to >= (double)box->hi[axis])             /* round and round */
        to = (double)box->lo[axis];
    else if (to < (double)box->lo[axis])
        to = (double)box->hi[axis] - 1;
    v.at[axis] = to;
    vn_keys_slide(ui, &v, "goto", "%.0f,%.0f,%.0f", floor(v.at[0]), floor(v.at[1]), floor(v.at[2]));
    shown++;
}

/* The next slice when it is due, the last one is drawn and sent, and the terminal has taken it. */
static void tick(struct vn_ui *ui)
{
    const double now = vn_tty_now();
    ui->wake_at = 0;
    if (halted || ui->prompting || ui->viewer.on)
        return;
    if (now < next) {
        ui->wake_at = next;
        return;
    }
    if (vn_panes_drawing(&ui->panes) || ui->panes.fresh)
        return;                                  /* its end, or its way to the screen, brings the next turn */
    if (!vn_link_ready(&ui->link, now)) {
        ui->wake_at = now + fmin(vn_link_due(&ui->link, now), 0.1);
        return;
    }
    advance(ui);
    next = fmax(next + 1 / RATE[rate], now + 0.2 / RATE[rate]);
    ui->wake_at = now;                           /* the picture is begun in the next turn */
}

static void again(struct vn_ui *ui)
{
    next = since = vn_tty_now();
    shown = 0;
    ui->text_dirty = true;
}

static void pause(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    halted = !halted;
    if (halted)
        vn_keys_flush(ui);
    again(ui);
}

static void speed(struct vn_ui *ui, int by, unsigned mods VN_UNUSED)
{
    const int n = (int)VN_COUNT(RATE);
    rate = rate + by < 0 ? 0 : rate + by >= n ? n - 1 : rate + by;
    again(ui);
}

/* Halted, one slice. */
static void turn(struct vn_ui *ui, int to, unsigned mods VN_UNUSED)
{
    way = to;
    if (halted)
        advance(ui);
    else
        again(ui);
    ui->text_dirty = true;
}

static void leave(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    vn_keys_flush(ui);
    vn_mode_enter(ui, NULL);
}

static const struct vn_bind binds[] = {
    { "pause", "Space", "pause", "halt, go on", pause, 0 },
    { "faster", "+ =", "", "faster, slower: 1 to 30 slices a second, as far as the link goes", speed, 1 },
    { "slower", "- _", "speed", NULL, speed, -1 },
    { "back", "Left", "", "back, forth; halted, by one slice", turn, -1 },
    { "forth", "Right", "direction", NULL, turn, 1 },
    { "leave", "Esc y", "end", "stay at this slice", leave, 0 },
    { 0 },
};

static void hint(const struct vn_ui *ui VN_UNUSED, struct vn_str *b)
{
    const double s = vn_tty_now() - since;
    vn_str_addf(b, "%s %g/s", halted ? "halted" : way > 0 ? "forth" : "back", RATE[rate]);
    if (!halted && s > 2 && shown / s < 0.8 * RATE[rate])
        vn_str_addf(b, " (%.1f shown)", shown / s);
    vn_str_add(b, "  {pause}  {faster}{slower}  {back}{forth}  {leave}");
}

const struct vn_mode vn_mode_play = {
    .name = "play", .title = "Play",
    .about = "Goes through the slices of the pane in focus, from the last one to the first again.",
    .open = { "play", "y", "play", "through the slices by itself", NULL, 0 },
    .binds = binds, .over_browse = true, .start = start, .stop = stop, .tick = tick, .hint = hint,
};
