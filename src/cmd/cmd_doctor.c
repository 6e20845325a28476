/* cmd_doctor.c - "doctor": what this terminal, machine and build can do, with the fix for what they cannot. */
#include "caps.h"
#include "cmd.h"
#include "job.h"
#include "mem.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct vn_param params[] = { { 0 } };
static const double PROBE_S = 1;          /* what a terminal at the other end of a slow link may take */

struct report { cJSON *rows; struct vn_str *text; int n_bad; };     /* rows: with --json; text: without */

static void add(struct report *r, const char *what, bool good, const char *found, const char *fix)
{
    r->n_bad += !good;
    if (!r->rows) {
        vn_str_addf(r->text, "%-4s  %-13s  %s\n", good ? "ok" : "look", what, found);
        if (!good)
            vn_str_addf(r->text, "%21s%s\n", "", fix);
        return;
    }
    cJSON *row = cJSON_CreateObject();
    cJSON_AddStringToObject(row, "what", what);
    cJSON_AddStringToObject(row, "state", good ? "ok" : "look");
    cJSON_AddStringToObject(row, "found", found);
    cJSON_AddStringToObject(row, "fix", good ? "" : fix);
    cJSON_AddItemToArray(r->rows, row);
}

static bool on_path(const char *program)
{
    const char *path = getenv("PATH");
    char full[4096];
    while (path && *path) {
        size_t n = strcspn(path, ":");
        snprintf(full, sizeof full, "%.*s/%s", (int)n, path, program);
        if (access(full, X_OK) == 0)
            return true;
        path += n + (path[n] == ':');
    }
    return false;
}

static bool has_library(const char *name)
{
    void *h = dlopen(name, RTLD_LAZY | RTLD_LOCAL);
    if (h)
        dlclose(h);
    return h != NULL;
}

static void machine(struct report *r)
{
    char text[200], a[16];

    snprintf(text, sizeof text, "%d of %ld cores", vn_job_threads(), sysconf(_SC_NPROCESSORS_ONLN));
    add(r, "threads", true, text, "");
    snprintf(text, sizeof text, "%s", vn_text_bytes(vn_mem_budget(), a));
    add(r, "memory budget", true, text, "");
    const bool gpu = !*vn_op_device_reason();
    add(r, "device", true, gpu ? vn_op_device_name() : "cpu", "");
    if (!gpu)
        add(r, "gpu", false, vn_op_device_reason(), "not needed: the CPU gives the same results");
    add(r, "gnuplot", on_path("gnuplot"), on_path("gnuplot") ? "found" : "not found: 'plot' cannot draw", "apt-get install gnuplot-nox");
    const bool gsl = has_library("libgsl.so.27") || has_library("libgsl.so");
    add(r, "gsl", gsl, gsl ? "found" : "not found: 'compare' has no p values of Welch's test", "apt-get install libgsl27");
}

/* ---- the terminal ---- */

static void type(struct report *r, const struct vn_caps *c)
{
    char text[200], fix[200];
    const bool tty = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    snprintf(text, sizeof text, "%s%s%sTERM=%s", tty ? "" : "not a terminal; ", c->name, c->name[0] ? ", " : "", c->term[0] ? c->term : "(unset)");
    add(r, "terminal", c->term[0] && strcmp(c->term, "dumb"), text, "export TERM=xterm-256color");
    if (c->colors < 0 || c->assumed[0]) {
        snprintf(text, sizeof text, "'%s' is not known here%s%s", c->term, c->assumed[0] ? ", used as " : "", c->assumed);
        snprintf(fix, sizeof fix, "apt-get install ncurses-term, or: export TERM=%s", c->assumed[0] ? c->assumed : "xterm-256color");
        add(r, "terminfo", false, text, fix);
    }
    add(r, "character set", c->utf8, c->utf8 ? "UTF-8" : "not UTF-8: pictures and lines are made of ASCII", "export LC_ALL=C.UTF-8");
}

static void colours(struct report *r, const struct vn_caps *c)
{
    char text[200];
    if (c->no_color) {
        add(r, "NO_COLOR", true, "set: no colours are used", "");
        return;
    }
    if (c->colors < 256 && !c->true_color) {
        snprintf(text, sizeof text, "%d, as TERM=%s says: pictures are dotted", c->colors < 0 ? 0 : c->colors, c->term);
        add(r, "colours", false, text, c->in_tmux ? "set -g default-terminal tmux-256color   in ~/.tmux.conf" : "export TERM=xterm-256color");
        return;
    }
    snprintf(text, sizeof text, "%s", c->proven ? "24 bits, as the terminal shows by its answer" : c->true_color ? "24 bits, as COLORTERM says" : "256");
    add(r, "colours", true, text, "");
    if (!c->true_color)
        add(r, "24 bits", false, "not known: overlays are drawn in 256 colours",
            c->in_tmux ? "if the terminal has them: export COLORTERM=truecolor, and set -as terminal-features ',*:RGB'   in ~/.tmux.conf"
                       : "if the terminal has them: export COLORTERM=truecolor");
}

static const char *yes_no(enum vn_yes y) { return y == VN_YES ? "yes" : "no"; }

static void answers(struct report *r, const struct vn_caps *c)
{
    char text[100];
    if (!c->answered) {
        add(r, "answers", false, "none: what the terminal can do is not known, frames are only spaced in time", "another terminal, if pictures or keys look wrong");
        return;
    }
    snprintf(text, sizeof text, c->cell_w ? "%d x %d pixels" : "not told: taken as twice as high as wide", c->cell_w, c->cell_h);
    add(r, "character", true, text, "");
    if (c->in_tmux)
        add(r, "passthrough", c->passthrough == VN_YES, c->passthrough == VN_YES ? "tmux lets pictures and acknowledgements through" :
            "tmux keeps the terminal apart: no pixels, and frames are only spaced in time", "set -g allow-passthrough on   in ~/.tmux.conf, then: tmux source ~/.tmux.conf");
    add(r, "frames", true, c->sync == VN_YES ? "shown at once (synchronised update)" : "shown as they come", "");
    add(r, "acknowledged", true, c->ack == VN_YES ? "yes: the next frame waits for the last" : "no: frames are spaced in time", "");
    snprintf(text, sizeof text, "%s%s", yes_no(c->kitty), c->kitty == VN_YES && !vn_caps_placeholders(c) ? ", but not known to have placeholders: only on request" : "");
    add(r, "kitty", true, text, "");
    add(r, "sixel", true, yes_no(c->sixel), "");
}

static void terminal(struct report *r)
{
    struct vn_caps c = vn_caps_get();
    if (!c.busy && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && !vn_caps_probe(STDIN_FILENO, STDOUT_FILENO, PROBE_S, NULL))
        c = vn_caps_get();
    enum vn_colors overlay, colors = vn_caps_colors(&c, VN_PIC_COLORS_AUTO, &overlay);
    type(r, &c);
    colours(r, &c);
    if (c.asked)
        answers(r, &c);
    add(r, "pictures", true, vn_picture_name[vn_caps_picture(&c, VN_PIC_AUTO, colors, false)], "");
}

/* ---- a card to look at ---- */

static void swatch(struct vn_str *b, bool deep, int i, int n)
{
    if (deep)
        vn_str_addf(b, "\033[48;2;%d;%d;%dm ", i * 255 / (n - 1), i * 255 / (n - 1), i * 255 / (n - 1));
    else
        vn_str_addf(b, "\033[48;5;%dm ", 232 + i * 24 / n);
}

/* Rows in which a font or terminal that lacks something shows it: what ought to be seen is said beside it. */
static void card(struct vn_str *b, const struct vn_caps *c, bool color)
{
    enum { WIDE = 48 };
    vn_str_add(b, "\nWhat you should see:\n");
    for (int deep = 0; deep < 2 && color; deep++) {
        vn_str_add(b, deep ? "  16 million colours  " : "  256 colours         ");
        for (int i = 0; i < WIDE; i++)
            swatch(b, deep, i, WIDE);
        vn_str_add(b, deep ? "\033[0m  smooth\n" : "\033[0m  24 steps\n");
    }
    if (color)
        vn_str_add(b, "  overlay colours     \033[48;2;230;159;0m      \033[48;2;86;180;233m      \033[48;2;0;158;115m      \033[48;2;213;94;0m      \033[0m  orange, sky, green, red\n");
    if (!c->utf8) {
        vn_str_add(b, "  ASCII ramp           .:-=+*#%@  darker to brighter\n");
        return;
    }
    static const struct { const char *name; enum vn_cell_mode mode; unsigned n; const char *note; } row[] = {
        { "quadrants", VN_CELL_QUAD, 16, "no boxes or question marks, no gaps" },
        { "sextants", VN_CELL_SEXTANT, 64, "else leave 'picture sextant' alone" },
        { "braille", VN_CELL_BRAILLE, 256, "dots in 2 x 4" },
    };
    for (size_t k = 0; k < VN_COUNT(row); k++) {
        vn_str_addf(b, "  %-18s  ", row[k].name);
        for (unsigned i = 0; i < 32; i++) {
            char utf8[4];
            vn_str_addn(b, utf8, (size_t)(vn_cell_utf8(utf8, vn_cell_glyph(row[k].mode, i * row[k].n / 32)) - utf8));
        }
        vn_str_addf(b, "  %s\n", row[k].note);
    }
    vn_str_add(b, "  lines               \u250c\u2500\u2500\u252c\u2500\u2500\u2510 \u2502 \u2514\u2500\u2500\u2534\u2500\u2500\u2518 \u2191\u2193\u2190\u2192 \u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588      closed, one column each\n"
                  "  signs               25 \u00b5m  mm\u00b3  \u00b1 3  \u2212 4  \u8840\u7ba1  \ud608\uad00         vessel in Chinese and Korean\n");
}

static int exec(struct vn_call *c, struct vn_err *err)
{
    struct report r = { .text = &c->text };

    vn_res_text(c, "version", VN_VERSION);
    if (vn_runner_opt(c->r)->json && !(r.rows = cJSON_AddArrayToObject(c->result, "checks")))
        return vn_fail(err, VN_E_MEMORY, "no memory for the report");
    machine(&r);
    terminal(&r);
    vn_res_int(c, "to_look_at", r.n_bad);
    const struct vn_caps caps = vn_caps_get();
    if (!r.rows)
        card(&c->text, &caps, vn_runner_opt(c->r)->color && !caps.busy);
    return 0;
}

const struct vn_cmd vn_cmd_doctor = { "doctor", "what this terminal, machine and build can do", params, VN_CMD_NO_JOURNAL, exec, NULL };
