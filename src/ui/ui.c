/* ui.c - the loop of the interface: terminal in, jobs back, screen out. */
#include "ui.h"
#include "config.h"
#include "figview.h"
#include "input.h"
#include "job.h"
#include "keys.h"
#include "mem.h"
#include "mode.h"
#include "prompt.h"
#include "screen.h"
#include "tty.h"
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const double SETTLE_S = 0.4;              /* a held key is one command when it has rested this long */
static const double ESC_S = 0.05;                /* an ESC that stands alone this long is the key */
enum { FEW = 5 };                                /* lines of a result that may scroll off without a page being opened */
static const double PROGRESS_S = 0.15;           /* between looks at what runs */
static const double PICTURE_S = 0.05;            /* text waits so long for the picture that belongs to it */

static const double FAST_RATE = 2e6, SLOW_RATE = 0.5e6;      /* bytes a second of a line for pictures of pixels, and for such no more */

/* ---- hooks of the runner ---- */

static bool same_ui_verb(const char *a, const char *b)
{
    size_t n = strcspn(a, " ");
    char verb[32];
    if (n >= sizeof verb || strncmp(a, b, n) || (b[n] != ' ' && b[n]))
        return false;
    memcpy(verb, a, n);
    verb[n] = '\0';
    const struct vn_cmd *c = vn_cmd_find(verb, false, NULL);
    return c && (c->flags & VN_CMD_UI);
}

static void on_echo(void *ctx, const char *line)
{
    struct vn_ui *ui = ctx;
    struct vn_log *l = &ui->log;
    line += strspn(line, " ");
    line += *line == '-';                        /* "may fail" is said in files only */
    ui->chosen |= !strncmp(line, "show ", 5) || !strncmp(line, "overlay ", 8);
    if (l->n && l->line[l->n - 1].kind == VN_LOG_ECHO && same_ui_verb(line, l->line[l->n - 1].s + 2)) {
        vn_free(l->line[--l->n].s);              /* moves of one kind are one line */
        if (ui->echo_at > l->n)
            ui->echo_at = l->n;
    }
    const bool follows = !strcmp(line, ui->follows);
    ui->follows[0] = '\0';
    vn_say(ui, follows ? VN_LOG_FOLLOWS : VN_LOG_ECHO, "> %s", line);
}

/* A member of a result on the line before it: while strokes are drawn, the commands stay in sight. */
static bool join(struct vn_ui *ui, const char *line)
{
    struct vn_log_line *last = ui->log.n ? &ui->log.line[ui->log.n - 1] : NULL;
    const size_t n = last ? strlen(last->s) : 0;
    const bool member = strncmp(line, "  ", 2) == 0;
    line += member ? 2 : 0;
    const size_t key = member || strstr(line, "  ") ? strcspn(line, " ") : 0;      /* what verbs that make nothing print is not indented */
    if (!key || !n || last->kind != VN_LOG_TEXT)
        return false;
    char *all = vn_sprintf(NULL, "%s%s %.*s %s", last->s, last->s[n - 1] == ':' ? "" : ",", (int)key, line, line + key + strspn(line + key, " "));
    if (all) {
        vn_free(last->s);
        last->s = all;
        ui->text_dirty = true;
    }
    return all != NULL;
}

/* "VERB: ..." in what a verb prints, "job 2: VERB: ..." in the background. */
static bool is_note(const char *line)
{
    char verb[32] = "";
    int n = 0;
    if (sscanf(line, "job %*d: %n", &n) == 0)
        line += n;
    return sscanf(line, "%31[a-z]: ", verb) == 1 && line[strlen(verb)] == ':' && vn_cmd_find(verb, false, NULL);
}

static void on_text(void *ctx, const char *line, bool is_error)
{
    struct vn_ui *ui = ctx;
    char device[16];
    if (!is_error && sscanf(line, "  device %15s", device) == 1)     /* as results say it */
        snprintf(ui->device, sizeof ui->device, "%s", !strcmp(device, "cuda") ? "gpu" : device);
    ui->text_dirty = true;
    if (is_error)
        vn_say(ui, VN_LOG_ERROR, "%s", line);
    else if (is_note(line))
        vn_log_say(&ui->log, VN_LOG_NOTE, line, vn_screen_cols());
    else if (!ui->mode->short_results || !join(ui, line))
        vn_log_result(&ui->log, line, vn_screen_cols());
}

/* What a line made is looked at: the last new image, else the last new mask, labels, skeleton or probability on top; unless
 * it was said meanwhile what to look at. */
static void look_at_new(struct vn_ui *ui)
{
    char name[64], image[64] = "", top[64] = "", line[100] = "";
    int n = vn_session_count(ui->s);
    for (int i = ui->bound; i < n; i++) {
        struct vn_obj *o = vn_session_at(ui->s, i, name);
        if (o && o->kind == VN_IMAGE)
            snprintf(image, sizeof image, "%s", name);
        else if (o && (o->kind & VN_VOLUMES))
            snprintf(top, sizeof top, "%s", name);
        vn_obj_unref(o);
    }
    ui->bound = n;
    struct vn_view v = vn_session_view(ui->s);
    const char *show = image[0] ? image : top[0] && !ui->panes.info.shown.vol ? top : "";
    if (show[0] && !v.n_linked && strcmp(v.volume, show))
        snprintf(line, sizeof line, "show %s", show);
    else if (top[0] && !show[0] && strcmp(v.overlay, top) && strcmp(v.volume, top))
        snprintf(line, sizeof line, "overlay %s%s", v.n_under && v.n_under < VN_MAX_UNDER ? "add " : "", top);       /* one of several, or the only one */
    if (line[0] && !ui->chosen) {
        memcpy(ui->follows, line, sizeof line);
        vn_keys_command(ui, line);
    }
    ui->chosen = false;
}

/* Voxels were made since the objects were last looked at. */
static bool new_picture(const struct vn_ui *ui)
{
    char name[64];
    bool found = false;
    for (int i = ui->bound; i < vn_session_count(ui->s) && !found; i++) {
        struct vn_obj *o = vn_session_at(ui->s, i, name);
        found = o && (o->kind & VN_VOLUMES);
        vn_obj_unref(o);
    }
    return found;
}

/* The command at that line of the log asks for what it prints, rather than doing something. */
static bool is_question(const struct vn_ui *ui, int line)
{
    char verb[32] = "";
    if (line >= ui->log.n || sscanf(ui->log.line[line].s, "> %31s", verb) != 1)
        return true;
    const struct vn_cmd *c = vn_cmd_find(verb, false, NULL);
    return !c || c->flags & VN_CMD_NO_JOURNAL;
}

static void on_done(void *ctx, int rc)
{
    struct vn_ui *ui = ctx;
    char name[64];
    int printed = 0, from = ui->echo_at;
    for (int i = from; i < ui->log.n; i++)       /* of the last command of the line */
        if (ui->log.line[i].kind == VN_LOG_ECHO || ui->log.line[i].kind == VN_LOG_FOLLOWS) {
            from = i;
            printed = 0;
        } else {
            printed++;
        }
    ui->busy = ui->submitting && ui->busy > 0 ? ui->busy - 1 : 0;     /* else the last of all that waited has ended */
    ui->panes.dirty = ui->text_dirty = true;
    if (vn_runner_quit(ui->r))
        ui->quit = true;
    const bool idle = !ui->prompting || (ui->prompt_stays && vn_prompt_empty());
    if (ui->prompting && idle && vn_newest_volume(ui->s, VN_VOLUMES, name))
        ui->prompting = false;
    /* Long results are shown as a page, unless there is something new to look at (M shows the text then). */
    const int room = ui->n_message + (is_question(ui, from) ? 0 : FEW);
    if (printed > room && !ui->mode->short_results && !new_picture(ui) && !ui->viewer.on && idle) {
        vn_viewer_open(ui, &ui->log, from);
        ui->prompting = false;
    }
    if (!ui->busy && !ui->drawing)
        ui->panes.marks_end = true;
    if (!rc && !ui->busy)
        look_at_new(ui);
}

/* A job in the background ended: what it made is not put before the eyes of somebody who does something else. */
static void on_job(void *ctx, int rc)
{
    struct vn_ui *ui = ctx;
    ui->panes.dirty = ui->text_dirty = true;
    if (!rc && !ui->panes.info.shown.vol && !ui->busy)
        look_at_new(ui);
    else if (!ui->busy)
        ui->bound = vn_session_count(ui->s);
}

static void on_bell(void *ctx)
{
    (void)ctx;
    vn_tty_write("\a", 1);
}

static void on_messages(void *ctx)
{
    struct vn_ui *ui = ctx;
    vn_viewer_open(ui, &ui->log, ui->log.n);
}

/* ---- hooks of the prompt ---- */

static void on_line(void *ctx, const char *line)
{
    struct vn_ui *ui = ctx;
    if (!line) {
        vn_keys_command(ui, "quit");
        return;
    }
    if (ui->panes.info.shown.vol)
        ui->prompting = false;
    else
        ui->prompt_stays = true;
    ui->text_dirty = true;
    line += strspn(line, " :");                  /* ":open" out of habit */
    if (*line)
        vn_keys_command(ui, line);
}

static void on_list(void *ctx, const char *text)
{
    struct vn_ui *ui = ctx;
    vn_log_say(&ui->log, VN_LOG_TEXT, text, vn_screen_cols());
    ui->text_dirty = true;
}

static int on_room(void *ctx)
{
    const struct vn_ui *ui = ctx;
    return ui->n_message * (vn_screen_cols() - 10);      /* words are not broken */
}

/* ---- the loop ---- */

/* One signal; returns it when the program has to end by it. */
static int take_signals(struct vn_ui *ui)
{
    int sig, last = 0;
    while ((sig = vn_tty_signal())) {
        if (sig == SIGWINCH || sig == SIGCONT) {
            vn_tty_resize();
            vn_screen_layout(ui);
        } else if (sig == SIGINT) {
            vn_keys_cancel(ui);
        } else if (sig == SIGTSTP) {
            vn_tty_suspend();
            vn_screen_layout(ui);
        } else {
            ui->quit = true;
            last = sig;
        }
    }
    return last;
}

/* Nobody waits for the answers: what the environment says is used until they come. */
static void ask_terminal(void)
{
    struct vn_caps c = vn_caps_get();
    struct vn_str b = { 0 };
    c.busy = c.asked = true;
    vn_caps_cell_of(STDOUT_FILENO, &c.cell_w, &c.cell_h);
    vn_caps_set(&c);
    vn_caps_questions(&c, &b);
    if (b.s && !b.failed)
        vn_tty_write(b.s, b.n);
    vn_str_free(&b);
}

static void take_answer(struct vn_ui *ui, const struct vn_event *ev)
{
    const struct vn_caps was = vn_caps_get();
    struct vn_caps c = was;
    if (!vn_caps_answer(&c, ev->text, ev->n_text))
        return;
    vn_caps_set(&c);
    if (c.true_color != was.true_color || c.kitty != was.kitty || c.sixel != was.sixel || c.cell_w != was.cell_w || c.cell_h != was.cell_h)
        ui->panes.dirty = true;
}

/* Frames are acknowledged, in tmux by the terminal outside: for the doctor. */
static void note_answer(void)
{
    struct vn_caps c = vn_caps_get();
    if (c.ack == VN_YES)
        return;
    c.ack = VN_YES;
    c.passthrough = c.in_tmux ? VN_YES : c.passthrough;
    vn_caps_set(&c);
}

static void take_event(struct vn_ui *ui, const struct vn_event *ev)
{
    switch (ev->type) {
    case VN_EV_ANSWER: take_answer(ui, ev); break;
    case VN_EV_ACK:
        note_answer();
        vn_link_answer(&ui->link, vn_tty_now());
        break;
    case VN_EV_FOCUS_IN: case VN_EV_FOCUS_OUT:
        if (vn_tty_in_tmux())                    /* the answer would reach another pane */
            vn_link_mute(&ui->link, ev->type == VN_EV_FOCUS_OUT);
        if (ev->type == VN_EV_FOCUS_IN && vn_tty_in_tmux() && vn_caps_get().passthrough != VN_YES)
            ask_terminal();                      /* tmux was not shown anywhere yet, or is on another terminal now */
        break;
    default: vn_keys_event(ui, ev); break;
    }
}

/* All that has come: a frame shows where the keys have led, not each step. False when the terminal is gone. */
static bool take_input(struct vn_ui *ui, struct vn_input *in)
{
    char buf[4096];
    struct vn_event ev;
    struct pollfd more = { STDIN_FILENO, POLLIN, 0 };
    for (int k = 0; k < 64; k++) {
        ssize_t n = read(STDIN_FILENO, buf, sizeof buf);
        if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
            return false;
        for (ssize_t i = 0; i < n && !ui->quit; i++)
            if (vn_input_byte(in, (unsigned char)buf[i], &ev))
                take_event(ui, &ev);
        if (ui->quit || poll(&more, 1, 0) <= 0)
            break;
    }
    return true;
}

/* Whether a frame goes now. If not, *due is lowered to the seconds after which one may. */
static bool frame_goes(const struct vn_ui *ui, double now, double *due)
{
    const struct vn_panes *p = &ui->panes;
    const struct vn_link_room room = vn_link_room(&ui->link, now);
    double wait = vn_link_due(&ui->link, now);
    bool go = false;
    if (p->fresh || ui->text_dirty || ui->redraw) {
        const double picture = ui->moved_at + PICTURE_S - now;
        if (!ui->redraw && !p->fresh && picture > 0 && vn_panes_drawing(p))
            wait = fmax(wait, picture);
        else
            go = vn_link_ready(&ui->link, now);
    } else if (p->behind) {
        const double rest = ui->moved_at + VN_REST_S - now;
        if (p->whole > room.whole && rest > 0)
            wait = fmax(wait, rest);
        else if (p->whole > room.whole && !room.part)
            wait = fmax(wait, 0.05);
        else
            go = vn_link_ready_more(&ui->link, now);
    } else if (vn_panes_owe(p, &room)) {
        wait = fmax(wait, ui->moved_at + VN_REST_S - now);
        go = now - ui->moved_at >= VN_REST_S && vn_link_ready(&ui->link, now);
    } else {
        return false;
    }
    *due = fmin(*due, fmax(wait, 0.001));
    return go;
}

/* Something makes progress: the command in front, or one in the background that is not halted. */
static bool working(const struct vn_ui *ui)
{
    struct vn_job_info job[VN_MAX_JOBS];
    bool any = ui->busy;
    for (int i = 0, n = any ? 0 : vn_runner_jobs(ui->r, job); i < n && !any; i++)
        any = !(job[i].p.paused && job[i].p.away);
    return any;
}

/* Until when nothing happens by itself; -1: for ever. */
static int wait_ms(const struct vn_ui *ui, const struct vn_input *in, double now, double due)
{
    double s = due;
    if (vn_input_waiting(in))
        s = fmin(s, ESC_S);
    if (working(ui))
        s = fmin(s, PROGRESS_S);
    if (ui->pending[0])
        s = fmin(s, fmax(ui->pending_since + SETTLE_S - now, 0.001));
    if (ui->wake_at > 0)
        s = fmin(s, fmax(ui->wake_at - now, 0.001));
    if (ui->busy && ui->hold_until > now)
        s = fmin(s, ui->hold_until - now);
    return isfinite(s) ? (int)ceil(s * 1000) : -1;
}

/* A figure is shown when it has been drawn, unless something else is being done. */
static void show_figure(struct vn_ui *ui)
{
    const struct vn_mode *figure = vn_mode_find("figure"), *was = ui->mode;
    if (!ui->busy && was != figure && !was->short_results && vn_figview_fresh()) {
        ui->viewer.on = false;
        if (vn_mode_enter(ui, figure))
            ui->figure_from = was;
    }
}

/* A verb asked for a mode. */
static void asked_mode(struct vn_ui *ui)
{
    struct vn_view v = vn_session_view(ui->s);
    show_figure(ui);
    if (!v.panel[0])
        return;
    const struct vn_mode *m = vn_mode_find(v.panel);
    v.panel[0] = '\0';
    vn_session_set_view(ui->s, &v);
    if (m && m != ui->mode && vn_mode_enter(ui, m))
        ui->prompting = false;
}

static int loop(struct vn_ui *ui)
{
    struct vn_input in;
    struct vn_event ev;
    int last = 0;
    double progress = 0;
    bool was_dirty = false;
    vn_input_init(&in);
    while (!ui->quit) {
        double now = vn_tty_now(), due = INFINITY;
        vn_job_pump();
        if (ui->pending[0] && now - ui->pending_since >= SETTLE_S)
            vn_keys_flush(ui);
        asked_mode(ui);
        if (ui->mode->tick)
            ui->mode->tick(ui);
        if (ui->panes.dirty && !was_dirty)
            ui->moved_at = now;
        ui->panes.fast = vn_link_rate(&ui->link) > (ui->panes.fast ? SLOW_RATE : FAST_RATE);
        if (!ui->busy || now >= ui->hold_until)
            vn_panes_work(&ui->panes);
        vn_keys_late(ui);
        was_dirty = ui->panes.dirty;
        if (ui->panes.error[0]) {
            vn_say(ui, VN_LOG_ERROR, "%s", ui->panes.error);
            ui->panes.error[0] = '\0';
        }
        if (now - progress >= PROGRESS_S && working(ui)) {
            ui->text_dirty = true;
            progress = now;
        }
        vn_link_check(&ui->link, now);
        if (frame_goes(ui, now, &due)) {
            vn_screen_draw(ui);
            continue;                            /* what has to be sent now, and how long to wait */
        }
        struct pollfd fd[3] = { { STDIN_FILENO, POLLIN, 0 }, { vn_tty_signal_fd(), POLLIN, 0 }, { vn_job_fd(), POLLIN, 0 } };
        int n = poll(fd, 3, wait_ms(ui, &in, now, due));
        last = take_signals(ui);
        if (fd[0].revents & (POLLIN | POLLHUP | POLLERR) && n > 0) {
            if (!take_input(ui, &in))
                ui->quit = ui->gone = true;
        } else if (vn_input_waiting(&in) && n == 0 && vn_input_timeout(&in, &ev)) {
            take_event(ui, &ev);
        }
    }
    return last;
}

/* The first volume, unless something is looked at already. */
static void first_look(struct vn_ui *ui)
{
    struct vn_view v = vn_session_view(ui->s);
    char name[64], line[100];
    ui->bound = vn_session_count(ui->s);
    for (int i = 0; i < ui->bound && !v.volume[0]; i++) {
        struct vn_obj *o = vn_session_at(ui->s, i, name);
        if (o && (o->kind & VN_VOLUMES)) {
            snprintf(line, sizeof line, "show %s", name);
            vn_keys_command(ui, line);
            v = vn_session_view(ui->s);
        }
        vn_obj_unref(o);
    }
    if (!v.volume[0]) {
        ui->prompting = ui->prompt_stays = true;
    }
    if (vn_screen_rows() < 30 && v.layout != 1)
        vn_keys_command(ui, "layout 1");         /* four panes would be a few cells each */
}

void vn_ui_settings(void)
{
    vn_config_add("start", "", "commands run at the start, separated by ;: layout 1; colormap fire", NULL);
    vn_screen_settings();
    vn_mode_settings();
}

/* What the configuration file asks for, and what is wrong with it. */
static void configured(struct vn_ui *ui)
{
    const char *line = vn_config_complaints(), *start = vn_config_get("start");
    for (size_t n; *line; line += n + (line[n] == '\n')) {
        n = strcspn(line, "\n");
        vn_say(ui, VN_LOG_ERROR, "%.*s", (int)n, line);
    }
    if (start && *start)
        vn_keys_command(ui, start);
}

int vn_ui_run(struct vn_session *s, struct vn_runner *r, const char *first, struct vn_err *err)
{
    struct vn_ui *ui = vn_calloc(1, sizeof *ui, err);
    struct vn_str gone = { 0 };
    char when[20], lost[160];
    int last = 0, rc = ui ? vn_tty_open(err) : VN_E_MEMORY;
    if (rc) {
        vn_free(ui);
        return rc;
    }
    ui->s = s;
    ui->r = r;
    ui->mode = ui->home = &vn_mode_browse;
    vn_link_open(&ui->link, vn_tty_now());
    vn_tty_write(vn_tty_ack_request(), strlen(vn_tty_ack_request()));    /* the round trip, before there is much to send */
    vn_link_sent(&ui->link, vn_tty_now(), 4, true);
    ask_terminal();
    vn_panes_open(&ui->panes, s);
    vn_runner_set_hooks(r, &(struct vn_runner_hooks){ ui, on_echo, on_text, on_done, on_job, on_bell, on_messages });
    vn_prompt_open(s, &(struct vn_prompt_hooks){ ui, on_line, on_list, on_room });
    vn_screen_layout(ui);
    const struct vn_caps caps = vn_caps_get();
    if (caps.assumed[0])
        vn_say(ui, VN_LOG_ERROR, "terminal type '%s' is not known here, it is taken for %s: apt-get install ncurses-term (doctor tells more)", caps.term, caps.assumed);
    first_look(ui);
    configured(ui);
    if (first)
        vn_keys_command(ui, first);
    else if (vn_runner_lost(when)) {
        snprintf(lost, sizeof lost, "the session of %s in this folder was lost: venule --resume brings it back ('resume forget' drops it)", when);
        vn_log_say(&ui->log, VN_LOG_TEXT, lost, vn_screen_cols());
    }
    last = loop(ui);
    if (!last && !ui->gone)
        vn_runner_left(r);
    ui->home = &vn_mode_browse;
    vn_mode_enter(ui, NULL);
    vn_runner_drop(r);
    vn_job_cancel_all();
    vn_panes_close(&ui->panes, &gone);
    if (gone.s && !gone.failed)
        vn_tty_write(gone.s, gone.n);
    vn_str_free(&gone);
    struct vn_job_info job[VN_MAX_JOBS];
    for (int i = 0; i < 500 && (ui->busy || vn_runner_jobs(r, job)); i++)    /* what runs is told to stop, and its files go */
        if (!vn_job_pump())
            usleep(2000);
    vn_runner_set_hooks(r, &(struct vn_runner_hooks){ 0 });
    vn_prompt_close();
    vn_tty_close();
    vn_log_clear(&ui->log);
    vn_log_clear(&ui->viewer.text);
    vn_str_free(&ui->paste);
    vn_free(ui);
    if (last) {
        signal(last, SIG_DFL);
        raise(last);
    }
    return 0;
}
