/* mode_tour.c - the whole job, step by step: a panel says what to do next, and sees in the journal when it was done. */
#include "keys.h"
#include "mode.h"
#include <stdio.h>
#include <string.h>

struct step {
    const char *title, *text;            /* "{=name}" is a key, as in vn_panel_fold */
    const char *line;                    /* what `do it` runs; NULL: nothing */
    const char *done;                    /* begins the line of the journal that ends the step; NULL: {next} ends it */
};
static const struct step STEP[] = {
    { "A volume to try things on", "Commands are typed after a colon. Press {=prompt}, type\n\n phantom network noise=0.1 as=sample\n\nand Enter: a made-up "
      "network of vessels in noise, with its true mask beside it. (Your own file: open PATH.)",
      "phantom network noise=0.1 as=sample", "phantom" },
    { "Go through it", "{=slice-back} and {=slice-next}, or the wheel, go through the slices. The arrows, or a click, move the crosshair. The line "
      "below the pictures says where you are and the grey value there.", NULL, "goto" },
    { "See more of it", "{=zoom-in} and {=zoom-out} zoom about the crosshair, {=zoom-all} shows all again.", NULL, "zoom" },
    { "The other panes", "Three slices and a projection (MIP) share one crosshair. {=full} shows one of them alone or with the others, {=pane-next} goes to the next.",
      NULL, "layout" },
    { "Contrast", "{=darker} {=brighter} {=contrast-more} {=contrast-less}, or dragging with the right button, move the window of grey values. "
      "{=window-auto} finds one again.", "window auto", "window" },
    { "Find the vessels", "Type\n\n segment sample as=p\n\nEvery voxel gets a probability. No parameter is needed: they are found in the image, and printed.",
      "segment sample as=p", "segment" },
    { "Make a mask", "Type\n\n threshold p auto as=m\n\nVoxels of at least 0.5 are vessel where they hang together with one of 0.7. {=threshold} moves both by hand while you watch.",
      "threshold p auto as=m", "threshold" },
    { "Take off the specks", "Type\n\n clean m as=mc\n\nSmall pieces go and holes are filled. {=overlay} shows the image without the mask, {=fainter} and {=stronger} fade it.",
      "clean m as=mc", "clean" },
    { "How good is it?", "The true mask is known here. Type\n\n metrics mc sample_mask\n\nDice compares voxels, clDice centrelines. Esc closes the page, {=messages} shows it again.",
      "metrics mc sample_mask", "metrics" },
    { "Tune it", "Name the truth, then tune: type\n\n truth sample_mask; tune p\n\nArrows choose a parameter and change it; picture and numbers follow at once. "
      "Enter makes the mask, Esc leaves.", "truth sample_mask; tune p", "tune" },
    { "Mend it by hand", "{=edit} opens the brush: drag to paint, drag with the right button to erase, Esc ends. {=undo} takes anything back, also commands.", NULL, "paint" },
    { "The graph", "Type\n\n graph mc as=g; overlay g mc\n\nCentrelines, branch points and ends. {=pick} tells about the segment you click on.", "graph mc as=g; overlay g mc", "graph" },
    { "Measure", "Type\n\n measure g to=segments.csv\n\nLengths, radii, tortuosity, densities, with units; and a row for every segment in the file.", "measure g to=segments.csv", "measure" },
    { "A figure", "Type\n\n histogram sample to=histogram.pdf\n\ngnuplot draws it; script and data lie beside it. snap to=view.png writes what you see.",
      "histogram sample to=histogram.pdf", "histogram" },
    { "The same for every brain", "Type\n\n recipe save mc vessels.vnr\n\nThe steps that led to the mask, as a file: recipe run vessels.vnr FILE does them to another volume, here or "
      "without a terminal.", "recipe save mc vessels.vnr", "recipe" },
    { "That is the whole job", "{=menu} opens the menu, {=help} shows all keys (typing finds one), help VERB explains a command, and cohort and compare are for many brains. "
      "{=quit} leaves.", NULL, NULL },
};
enum { N_STEP = VN_COUNT(STEP) };

static int at, journal;                  /* the step; lines of the journal when it began */

static void go(struct vn_ui *ui, int step)
{
    at = step < 0 ? 0 : step >= N_STEP ? N_STEP - 1 : step;
    journal = vn_runner_n_journal(ui->r);
    ui->text_dirty = true;
}

static void turn(struct vn_ui *ui, int by, unsigned mods VN_UNUSED) { go(ui, at + by); }

static void perform(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    if (STEP[at].line)
        vn_keys_command(ui, STEP[at].line);
    else
        go(ui, at + 1);
}

static void end(struct vn_ui *ui, int arg VN_UNUSED, unsigned mods VN_UNUSED)
{
    ui->home = &vn_mode_browse;
    vn_mode_enter(ui, NULL);
}

static const struct vn_bind binds[] = {
    { "do", "g", "do it", "do this step", perform, 0 },
    { "next", "n", "next", "next, previous step", turn, 1 },
    { "back", "N", "back", NULL, turn, -1 },
    { "end", "Esc", "end the tour", "leave the tour", end, 0 },
    { 0 },
};

/* The step was done when its command stands in the journal. */
static void tick(struct vn_ui *ui)
{
    const struct step *s = &STEP[at];
    if (!s->done || ui->busy)
        return;
    for (int i = journal; i < vn_runner_n_journal(ui->r); i++)
        if (!strncmp(vn_runner_journal(ui->r, i), s->done, strlen(s->done))) {
            go(ui, at + 1);
            return;
        }
}

static void panel(struct vn_ui *ui)
{
    const struct step *s = &STEP[at];
    vn_panel_text(ui, 0, 8, VN_LOOK_TITLE, "%d of %d", at + 1, N_STEP);
    int row = vn_panel_fold(ui, 2, 1, VN_LOOK_BOLD, s->title);
    row = vn_panel_fold(ui, row + 1, 1, VN_LOOK_TEXT, s->text);
    vn_panel_fold(ui, row + 1 < vn_panel_rows(ui) - 1 ? row + 1 : vn_panel_rows(ui) - 1, 1, VN_LOOK_TEXT, at + 1 < N_STEP ? "{do}  {next}  {back}" : "{back}  {end}");
}

static bool start(struct vn_ui *ui)
{
    if (ui->home != &vn_mode_tour) {             /* else back from another mode */
        ui->home = &vn_mode_tour;
        go(ui, at + 1 < N_STEP ? at : 0);
    }
    return true;
}

static int width(const struct vn_ui *ui)
{
    return ui->panes.cols + ui->panel.w > 110 ? 44 : 34;
}

static void hint(const struct vn_ui *ui VN_UNUSED, struct vn_str *b)
{
    vn_str_add(b, "{do}  {next}  {back}  {end}  {prompt}  {help}  {quit}");
}

const struct vn_mode vn_mode_tour = {
    .name = "tour", .title = "Tour",
    .about = "The whole job, step by step.",
    .open = { "tour", "F2", "tour", "learn the whole job in ten minutes", NULL, 0 },
    .binds = binds, .over_browse = true, .start = start, .tick = tick, .width = width, .panel = panel, .hint = hint,
};
