/* mode_menu.c - what can be done, as a list to choose from: with it the mouse alone does the whole job.
 *
 * An entry is a command line in which $v stands for the volume that is looked at, $p the newest probability, $m the mask on
 * top or the newest one, $g the newest graph, $t the newest table, and $f.EXT for a file of that object's name that is not
 * there yet.  An entry whose object is missing is dim. */
#include "keys.h"
#include "mem.h"
#include "mode.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_ITEMS = 2000, WIDTH = 38, TOP = 2 };
enum act { RUN, MODE, BIND, PAGE, FOLDER };      /* a command line, a mode, a row of browsing, another page, a folder */
struct entry { const char *label; enum act act; const char *what; };
struct item { char *label; enum act act; char *what; bool missing; };

static const struct entry MAIN[] = {
    { "Open a file ...", PAGE, "files" },
    { "Look at ...", PAGE, "volumes" },
    { "Lay over it ...", PAGE, "overlays" },
    { "Region", PAGE, "region" },
    { "Clean the image", PAGE, "image" },
    { "Find the vessels", PAGE, "vessels" },
    { "Graph and measures", PAGE, "graph" },
    { "Figures and files", PAGE, "figures" },
    { "View", PAGE, "view" },
    { "Undo", BIND, "undo" },
    { "Redo", BIND, "redo" },
    { "Messages", BIND, "messages" },
    { "Keys", BIND, "help" },
    { "Tour: the whole job", RUN, "tour" },
    { "Command line", BIND, "prompt" },
    { "Leave the program", BIND, "quit" },
    { 0 },
};
static const struct entry REGION[] = {
    { "Draw a box", MODE, "region" }, { "64 voxels around the crosshair", RUN, "roi at=$c size=64" },
    { "160 voxels around the crosshair", RUN, "roi at=$c size=160" }, { "The whole volume", RUN, "roi off" }, { 0 },
};
static const struct entry IMAGE[] = {
    { "Smooth along vessels", RUN, "denoise $v method=along" },
    { "Median", RUN, "denoise $v method=median" }, { "Gaussian", RUN, "denoise $v method=gaussian" }, { "Non-local means", RUN, "denoise $v method=nlm" },
    { "Take off the background", RUN, "background $v" }, { "Even out the contrast", RUN, "contrast $v" }, { 0 },
};
static const struct entry VESSELS[] = {
    { "Segment (probability)", RUN, "segment $v" }, { "The truth is ...", PAGE, "truth" }, { "Tune it by hand", MODE, "tune" }, { "Threshold by hand", MODE, "threshold" },
    { "Threshold, automatic", RUN, "threshold $p auto" }, { "Clean the mask", RUN, "clean $m" }, { "Components", RUN, "components $m" },
    { "Edit the mask", MODE, "edit" }, { "Review proposals", MODE, "review" }, { "Compare with truth ...", PAGE, "metrics" }, { 0 },
};
static const struct entry GRAPH[] = {
    { "Skeleton", RUN, "skeleton $m" }, { "Graph", RUN, "graph $m" }, { "Measure", RUN, "measure $g" },
    { "Measure, to a table file", RUN, "measure $g to=$f.csv" }, { "What is under the crosshair", MODE, "pick" }, { 0 },
};
static const struct entry FIGURES[] = {
    { "This view as a picture", RUN, "snap to=$f.png" }, { "Histogram of the volume", RUN, "histogram $v to=$f.pdf" },
    { "Curves over the threshold", RUN, "curve $p plot=$f.pdf" }, { "Save the mask", RUN, "save $m $f.tif" },
    { "Save the probability", RUN, "save $p $f.tif" }, { "Save the volume", RUN, "save $v $f.tif" },
    { "Save the steps to the mask", RUN, "recipe save $m $f.vnr" }, { "Record what I do", RUN, "record $f.vn" }, { "Stop recording", RUN, "record off" },
    { 0 },
};
static const struct entry VIEW[] = {
    { "One pane or all", BIND, "full" }, { "Projection along another axis", BIND, "direction" }, { "Thicker slab", BIND, "thicker" },
    { "Thinner slab", BIND, "thinner" }, { "Whole volume", BIND, "zoom-all" }, { "Automatic window", BIND, "window-auto" },
    { "Overlay on or off", BIND, "overlay" }, { "Fire", RUN, "colormap fire" }, { "Viridis", RUN, "colormap viridis" }, { "Grey", RUN, "colormap grey" },
    { "Histogram", MODE, "histogram" }, { "Profile along a line", MODE, "profile" }, { "Go through the slices", MODE, "play" }, { "Marked places", MODE, "marks" }, { "Jobs", MODE, "jobs" },
    { "What this terminal can do", RUN, "doctor" }, { 0 },
};
static const struct { const char *name; const struct entry *entry; } FIXED[] = {
    { "", MAIN }, { "region", REGION }, { "image", IMAGE }, { "vessels", VESSELS }, { "graph", GRAPH }, { "figures", FIGURES }, { "view", VIEW },
};

static struct item item[MAX_ITEMS];
static int n_item, at, top;
static char page[32], folder[4096];

static void clear(void)
{
    for (int i = 0; i < n_item; i++) {
        vn_free(item[i].label);
        vn_free(item[i].what);
    }
    n_item = at = top = 0;
}

static void add(const char *label, enum act act, const char *what, bool missing)
{
    if (n_item == MAX_ITEMS)
        return;
    struct item *i = &item[n_item];
    *i = (struct item){ vn_strdup(label, NULL), act, vn_strdup(what, NULL), missing };
    if (i->label && i->what) {
        n_item++;
        return;
    }
    vn_free(i->label);
    vn_free(i->what);
}

/* ---- command lines ---- */

static bool newest(struct vn_ui *ui, unsigned kinds, char name[64])
{
    char each[64];
    bool found = false;
    for (int i = 0; i < vn_session_count(ui->s); i++) {
        struct vn_obj *o = vn_session_at(ui->s, i, each);
        if (o && (o->kind & kinds)) {
            snprintf(name, 64, "%s", each);
            found = true;
        }
        vn_obj_unref(o);
    }
    return found;
}

static bool is_a(struct vn_ui *ui, const char *name, unsigned kinds)
{
    struct vn_obj *o = name[0] ? vn_session_get(ui->s, name) : NULL;
    const bool yes = o && (o->kind & kinds);
    vn_obj_unref(o);
    return yes;
}

static bool object(struct vn_ui *ui, char which, char name[64])
{
    const struct vn_view v = vn_session_view(ui->s);
    const char *shown = v.volume[0] ? vn_shown_name(&v, v.front) : ui->panes.info.shown.view.volume;
    switch (which) {
    case 'v':
        snprintf(name, 64, "%s", shown);
        return is_a(ui, shown, VN_VOLUMES);
    case 'm':
        snprintf(name, 64, "%s", is_a(ui, v.overlay, VN_MASK) ? v.overlay : shown);
        return is_a(ui, name, VN_MASK) || newest(ui, VN_MASK, name);
    case 'p': return newest(ui, VN_PROB, name);
    case 'g': return newest(ui, VN_GRAPH, name);
    default: return newest(ui, VN_TABLE, name);
    }
}

/* STEM.EXT, or with a number: not there yet. */
static void file_name(const char *stem, const char *ext, char out[128])
{
    snprintf(out, 128, "%.60s%s", stem, ext);
    for (int i = 2; !access(out, F_OK) && i < 10000; i++)
        snprintf(out, 128, "%.60s_%d%s", stem, i, ext);
}

/* The template filled in; false: an object it needs is not there. */
static bool fill_in(struct vn_ui *ui, const char *t, struct vn_str *line)
{
    char name[64] = "view", file[128];
    const struct vn_view v = vn_session_view(ui->s);
    const double *p = v.volume[0] ? v.at : ui->panes.info.shown.view.at;
    while (*t) {
        if (*t != '$') {
            vn_str_addn(line, t++, 1);
        } else if (t[1] == 'f') {
            char ext[8];
            snprintf(ext, sizeof ext, "%.*s", (int)strcspn(t + 2, " "), t + 2);
            file_name(name, ext, file);
            vn_word_print(file, line);
            t += 2 + strlen(ext);
        } else if (t[1] == 'c') {
            vn_str_addf(line, "%.0f,%.0f,%.0f", p[0], p[1], p[2]);
            t += 2;
        } else {
            if (!object(ui, t[1], name))
                return false;
            vn_str_add(line, name);
            t += 2;
        }
    }
    return line->s && !line->failed;
}

/* ---- pages ---- */

static void objects(struct vn_ui *ui, unsigned kinds, const char *before, const char *after)
{
    char name[64], label[160], line[200];
    for (int i = 0; i < vn_session_count(ui->s); i++) {
        struct vn_obj *o = vn_session_at(ui->s, i, name);
        if (o && (o->kind & kinds)) {
            snprintf(label, sizeof label, "%s  %s", name, o->shape);
            snprintf(line, sizeof line, "%s%s%s", before, name, after);
            add(label, RUN, line, false);
        }
        vn_obj_unref(o);
    }
    if (!n_item)
        add("(there is none yet)", PAGE, "", true);
}

static int by_name(const struct dirent **a, const struct dirent **b) { return strcoll((*a)->d_name, (*b)->d_name); }
static int visible(const struct dirent *d) { return d->d_name[0] != '.'; }

/* Mostly known from the list itself: a folder of ten thousand slices is not to be asked file by file. */
static bool is_folder(const char *path, unsigned char type)
{
    struct stat st;
    return type == DT_DIR || ((type == DT_LNK || type == DT_UNKNOWN) && !stat(path, &st) && S_ISDIR(st.st_mode));
}

static void files(void)
{
    struct dirent **list;
    const int n = scandir(folder, &list, visible, by_name);
    add("../", FOLDER, "..", false);
    for (int pass = 0; pass < 2; pass++)         /* folders first */
        for (int i = 0; i < n; i++) {
            char path[4400], label[300];
            snprintf(path, sizeof path, "%s/%s", folder, list[i]->d_name);
            const bool is_dir = is_folder(path, list[i]->d_type);
            snprintf(label, sizeof label, "%s%s", list[i]->d_name, is_dir ? "/" : "");
            if (is_dir == !pass)
                add(label, is_dir ? FOLDER : RUN, is_dir ? list[i]->d_name : path, false);
        }
    for (int i = 0; i < n; i++)
        free(list[i]);
    if (n >= 0)
        free(list);
}

static void turn_to(struct vn_ui *ui, const char *name)
{
    char mask[64];
    snprintf(page, sizeof page, "%s", name);
    clear();
    for (size_t i = 0; i < VN_COUNT(FIXED); i++)
        for (const struct entry *e = strcmp(FIXED[i].name, page) ? NULL : FIXED[i].entry; e && e->label; e++) {
            struct vn_str line = { 0 };
            const bool missing = (e->act == RUN && !fill_in(ui, e->what, &line)) || (e->act == MODE && !vn_mode_find(e->what));
            vn_str_free(&line);
            add(e->label, e->act, e->what, missing);
        }
    if (!strcmp(page, "files"))
        files();
    else if (!strcmp(page, "volumes"))
        objects(ui, VN_VOLUMES, "show ", "");
    else if (!strcmp(page, "overlays"))
        objects(ui, VN_MASK | VN_LABELS | VN_SKELETON | VN_PROB | VN_GRAPH, "overlay ", "");
    else if (!strcmp(page, "truth"))
        objects(ui, VN_VOLUMES, "truth ", "");
    else if (!strcmp(page, "metrics")) {
        char before[100];
        snprintf(before, sizeof before, "metrics %s ", object(ui, 'm', mask) ? mask : "");
        objects(ui, VN_VOLUMES, before, "");
    }
    ui->text_dirty = true;
}

/* ---- keys, mouse, drawing ---- */

static int rows(const struct vn_ui *ui) { return vn_panel_rows(ui) - TOP - 1; }

static void choose(struct vn_ui *ui)
{
    struct vn_str line = { 0 };
    char what[4500];
    if (at < 0 || at >= n_item)
        return;
    const struct item *i = &item[at];
    snprintf(what, sizeof what, "%s", i->what);
    if (i->missing) {
        vn_say(ui, VN_LOG_ERROR, "%s: what it needs is not there yet", i->label);
        return;
    }
    switch (i->act) {
    case PAGE: turn_to(ui, what); return;
    case FOLDER: {
        char path[sizeof folder + sizeof what + 1], *real;
        snprintf(path, sizeof path, "%s/%s", folder, what);
        real = realpath(path, NULL);
        if (real && strlen(real) < sizeof folder)
            memcpy(folder, real, strlen(real) + 1);
        free(real);
        turn_to(ui, "files");
        return;
    }
    case MODE: vn_mode_enter(ui, vn_mode_find(what)); return;
    case BIND:
        vn_mode_enter(ui, NULL);
        vn_mode_run(ui, what);
        return;
    case RUN:
        if (!strcmp(page, "files")) {
            vn_str_add(&line, "open ");
            vn_word_print(what, &line);
        } else if (!fill_in(ui, what, &line)) {
            line.failed = true;
        }
        vn_mode_enter(ui, NULL);
        if (line.s && !line.failed)
            vn_keys_command(ui, line.s);
        vn_str_free(&line);
    }
}

static void step(struct vn_ui *ui, int by, unsigned mods VN_UNUSED)
{
    at = at + by < 0 ? 0 : at + by >= n_item ? n_item - 1 : at + by;
    if (at < top)
        top = at;
    if (rows(ui) > 0 && at >= top + rows(ui))
        top = at - rows(ui) + 1;
    ui->text_dirty = true;
}

static void take(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED) { choose(ui); }

static void back(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    if (page[0])
        turn_to(ui, !strcmp(page, "metrics") || !strcmp(page, "truth") ? "vessels" : "");
    else
        vn_mode_enter(ui, NULL);
}

static void leave(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED) { vn_mode_enter(ui, NULL); }

static const struct vn_bind binds[] = {
    { "up", "Up k", "", "the entry before, after", step, -1 },
    { "down", "Down j", "move", NULL, step, 1 },
    { "page-up", "PgUp", "", "ten entries up, down", step, -10 },
    { "page-down", "PgDn", "", NULL, step, 10 },
    { "choose", "Enter Right l Space", "choose", "do it", take, 0 },
    { "back", "Left h Backspace", "back", "the list before", back, 0 },
    { "close", "Esc q F10", "close", "close the menu", leave, 0 },
    { 0 },
};

static bool mouse(struct vn_ui *ui, const struct vn_event *ev)
{
    int row, col;
    if (!vn_panel_hit(ui, ev, &row, &col))
        return false;
    if (ev->button >= VN_WHEEL_UP) {
        step(ui, ev->button == VN_WHEEL_UP ? -3 : 3, 0);
    } else if (!ev->release && !ev->motion && ev->button == 0 && row >= TOP && row < TOP + rows(ui) && top + row - TOP < n_item) {
        at = top + row - TOP;
        choose(ui);
    }
    return true;
}

static void panel(struct vn_ui *ui)
{
    vn_panel_text(ui, 1, 1, VN_LOOK_DIM, "%.*s", vn_panel_cols(ui) - 2, !strcmp(page, "files") ? folder : page);
    for (int i = 0; i < rows(ui) && top + i < n_item; i++) {
        const struct item *e = &item[top + i];
        vn_panel_text(ui, TOP + i, 1, top + i == at ? VN_LOOK_CHOSEN : e->missing ? VN_LOOK_DIM : VN_LOOK_TEXT, "%s%s", e->label,
                      e->act == PAGE && e->what[0] && !strstr(e->label, "...") ? " ..." : "");
    }
    vn_panel_text(ui, vn_panel_rows(ui) - 1, 1, VN_LOOK_TEXT, page[0] ? "{back}  {close}" : "{choose}  {close}");
}

static bool start(struct vn_ui *ui)
{
    if (!folder[0] && !getcwd(folder, sizeof folder))
        snprintf(folder, sizeof folder, "/");
    turn_to(ui, "");
    return true;
}

static void stop(struct vn_ui *ui VN_UNUSED)
{
    clear();
}

static int width(const struct vn_ui *ui VN_UNUSED)
{
    return WIDTH;
}

static void hint(const struct vn_ui *ui VN_UNUSED, struct vn_str *b)
{
    vn_str_add(b, "{up}{down}  {choose}  {back}  {close}   or click");
}

const struct vn_mode vn_mode_menu = {
    .name = "menu", .title = "Menu",
    .about = "What can be done, to choose from with keys or mouse.",
    .open = { "menu", "F10 Space", "menu", "what can be done, as a menu", NULL, 0 },
    .binds = binds, .start = start, .stop = stop, .mouse = mouse, .width = width, .panel = panel, .hint = hint,
};
