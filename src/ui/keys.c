/* keys.c - from events to modes, and from modes to command lines. */
#include "keys.h"
#include "mem.h"
#include "mode.h"
#include "prompt.h"
#include "tty.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- commands ---- */

void vn_keys_command(struct vn_ui *ui, const char *line)
{
    struct vn_err err = { 0 };
    vn_keys_flush(ui);
    ui->echo_at = ui->log.n;
    ui->busy++;
    const bool outer = ui->submitting;
    ui->submitting = true;
    if (vn_runner_submit(ui->r, line, &err)) {
        ui->busy--;
        vn_say(ui, VN_LOG_ERROR, "%s", err.msg);
    }
    ui->submitting = outer;
    ui->panes.dirty = ui->text_dirty = true;
}

void vn_keys_flush(struct vn_ui *ui)
{
    char line[sizeof ui->pending];
    if (!ui->pending[0])
        return;
    memcpy(line, ui->pending, sizeof line);
    ui->pending[0] = '\0';
    vn_keys_command(ui, line);
}

void vn_keys_cancel(struct vn_ui *ui)
{
    if (!ui->busy)
        return;
    vn_runner_cancel(ui->r);
    vn_say(ui, VN_LOG_TEXT, "cancelling");
}

void vn_keys_slide(struct vn_ui *ui, const struct vn_view *v, const char *verb, const char *fmt, ...)
{
    va_list ap;
    if (ui->pending[0] && strcmp(ui->pending_verb, verb))
        vn_keys_flush(ui);
    vn_session_set_view(ui->s, v);
    int n = snprintf(ui->pending, sizeof ui->pending, "%s ", verb);
    va_start(ap, fmt);
    vsnprintf(ui->pending + n, sizeof ui->pending - (size_t)n, fmt, ap);
    va_end(ap);
    snprintf(ui->pending_verb, sizeof ui->pending_verb, "%s", verb);
    ui->pending_since = vn_tty_now();
    ui->panes.dirty = ui->text_dirty = true;
}

bool vn_keys_view(struct vn_ui *ui, struct vn_view *v)
{
    const struct vn_shown *d = &ui->panes.info.shown;
    *v = vn_session_view(ui->s);
    if (!d->vol)
        return false;
    bool inside = true;
    for (int k = 0; k < 3; k++)
        inside = inside && v->at[k] >= (double)d->vol->box.lo[k] && v->at[k] < (double)d->vol->box.hi[k];
    if (!inside)
        memcpy(v->at, d->view.at, sizeof v->at);
    return true;
}

void vn_keys_prompt(struct vn_ui *ui, const char *text)
{
    ui->prompting = ui->text_dirty = true;
    ui->prompt_stays = false;
    if (*text)
        vn_prompt_paste(text, strlen(text));
}

/* ---- prompt and viewer ---- */

static void prompt_key(struct vn_ui *ui, const struct vn_event *ev)
{
    const bool control = ev->mods & VN_CTRL && ev->code < 0x110000;
    if ((control && ev->code == 'c') || (ev->code == VN_KEY_ESC && !vn_prompt_vi())) {
        vn_prompt_clear();
        ui->prompting = false;
        if (control)
            vn_keys_cancel(ui);
    } else if ((ev->code >= VN_KEY_F1 && ev->code < VN_KEY_F1 + 12) || (ev->code == '?' && vn_prompt_empty())) {
        ui->prompting = false;                   /* menu, tour, keys */
        vn_mode_key(ui, ev);
    } else if (control && ev->code == 'l') {
        ui->redraw = true;
    } else if (control && ev->code == 'z') {
        vn_tty_suspend();
        vn_screen_layout(ui);
    } else {
        vn_prompt_key(ev);
    }
    ui->text_dirty = true;
}

static void viewer_key(struct vn_ui *ui, const struct vn_event *ev)
{
    if (vn_viewer_type(ui, ev))
        return;
    switch (ev->code) {
    case VN_KEY_UP: case 'k': vn_viewer_scroll(ui, -1); break;
    case VN_KEY_DOWN: case 'j': vn_viewer_scroll(ui, 1); break;
    case VN_KEY_LEFT: case 'h': vn_viewer_shift(ui, -20); break;
    case VN_KEY_RIGHT: case 'l': vn_viewer_shift(ui, 20); break;
    case VN_KEY_PGUP: vn_viewer_scroll(ui, -vn_viewer_rows()); break;
    case VN_KEY_PGDN: case ' ': vn_viewer_scroll(ui, vn_viewer_rows()); break;
    case VN_KEY_HOME: case 'g': vn_viewer_scroll(ui, -1000000); break;
    case VN_KEY_END: case 'G': vn_viewer_scroll(ui, 1000000); break;
    case 'q': case VN_KEY_ESC: case VN_KEY_ENTER: case '?': vn_viewer_close(ui); break;
    case ':':
        vn_viewer_close(ui);
        vn_keys_prompt(ui, "");
        break;
    case 'c':
        if (ev->mods & VN_CTRL)
            vn_viewer_close(ui);
        break;
    default: break;
    }
}

/* ---- events ---- */

static const double LATE_S = 3;                  /* that a press waits */

static void mouse(struct vn_ui *ui, const struct vn_event *ev)
{
    const bool press = !ev->release && !ev->motion && ev->button == 0;
    if (ui->viewer.on) {
        if (ev->button >= VN_WHEEL_UP)
            vn_viewer_scroll(ui, ev->button == VN_WHEEL_UP ? -3 : 3);
        else if (press && ev->y >= vn_viewer_rows())
            vn_viewer_close(ui);
        return;
    }
    if (press && vn_screen_button(ui, ev))
        return;
    if (press && ev->y == vn_screen_rows() - 1 && !ui->prompting) {
        vn_keys_prompt(ui, "");
        return;
    }
    if (press && !ui->panes.info.n && !ui->mode->mouse) {
        ui->late = *ev;
        ui->late_since = vn_tty_now();
    } else if (!ui->mode->mouse || !ui->mode->mouse(ui, ev)) {
        vn_browse_mouse(ui, ev);
    }
}

void vn_keys_late(struct vn_ui *ui)
{
    if (ui->late.type != VN_EV_MOUSE || (!ui->panes.info.n && vn_tty_now() - ui->late_since < LATE_S))
        return;
    if (ui->panes.info.n && !ui->mode->mouse && !ui->viewer.on)
        vn_browse_mouse(ui, &ui->late);
    ui->late.type = VN_EV_NONE;
}

static void key(struct vn_ui *ui, const struct vn_event *ev)
{
    if (vn_screen_too_small() && !ui->prompting && ev->code != 'q')
        return;
    if (ui->prompting)
        prompt_key(ui, ev);
    else if (ui->viewer.on)
        viewer_key(ui, ev);
    else if (!ui->mode->key || !ui->mode->key(ui, ev))
        vn_mode_key(ui, ev);
}

void vn_keys_event(struct vn_ui *ui, const struct vn_event *ev)
{
    switch (ev->type) {
    case VN_EV_KEY:
        key(ui, ev);
        ui->pointed = false;
        break;
    case VN_EV_MOUSE:
        ui->pointed = true;
        ui->pointer_x = ev->x;
        ui->pointer_y = ev->y;
        mouse(ui, ev);
        break;
    case VN_EV_PASTE: vn_str_addn(&ui->paste, ev->text, ev->n_text); break;
    case VN_EV_PASTE_END:
        if (!ui->prompting && !ui->viewer.on)
            vn_keys_prompt(ui, "");
        if (ui->prompting && ui->paste.s && !ui->paste.failed)
            vn_prompt_paste(ui->paste.s, ui->paste.n);
        vn_str_free(&ui->paste);
        ui->paste = (struct vn_str){ 0 };
        ui->text_dirty = true;
        break;
    default: break;
    }
}
