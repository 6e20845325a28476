/* caps.h - what this terminal can do: from the environment at once, from its own answers when they come.
 *
 * One batch of questions is sent, the last of which every terminal answers (primary device attributes), so that nobody
 * waits for what is not known there.  Nothing is read here but in vn_caps_probe: answers are taken apart by the
 * decoder of input.h wherever they arrive, early or late.  One value for the whole process, kept under a lock. */
#ifndef VN_CAPS_H
#define VN_CAPS_H
#include "cells.h"

enum vn_yes { VN_UNSAID, VN_NO, VN_YES };
struct vn_caps {
    /* from the environment */
    char term[64];                  /* TERM; "" unset */
    char assumed[64];               /* the type taken in its place because terminfo does not have it; "" none */
    int  colors;                    /* as terminfo or COLORTERM have it: 0, 8, 256, 1 << 24; -1: the type is not known */
    bool no_color, utf8, in_tmux, in_ssh;
    bool busy;                      /* the interface draws on this terminal: nobody else may write to it or ask */
    /* from answers; the environment's word before they come */
    bool asked, answered;           /* questions were sent; the last one was answered */
    bool true_color, proven;        /* 24 bit colours; the terminal itself said so */
    enum vn_yes sync, kitty, sixel, passthrough, ack;
    char name[64];                  /* "xterm(379)", "tmux 3.3a"; "" not told */
    int  cell_w, cell_h;            /* pixels of a cell; 0 not told */
    int  registers;                 /* colours of a sixel picture; 0 not told */
    int  background;                /* 0xRRGGBB, -1 not told */
};

void vn_caps_from_env(struct vn_caps *c);
/* The process-wide value: from the environment until it is set. */
struct vn_caps vn_caps_get(void);
void vn_caps_set(const struct vn_caps *c);

/* Appends the questions that this terminal can be asked without harm; nothing for those that would print them. */
void vn_caps_questions(const struct vn_caps *c, struct vn_str *b);
/* Takes one answer (VN_EV_ANSWER); false when it answers nothing that is asked. */
bool vn_caps_answer(struct vn_caps *c, const char *text, size_t n);
/* kitty's placeholders, which put pictures into cells as if they were characters: not all that know its pictures have them. */
bool vn_caps_placeholders(const struct vn_caps *c);
/* What is shown when `wanted` is asked for: itself where the terminal has it, else the nearest that it has.  AUTO: kitty's pixels
 * on this machine's own terminal (fast: also on another's), else quadrants, without colours braille, without UTF-8 ASCII. */
enum vn_picture vn_caps_picture(const struct vn_caps *c, enum vn_picture wanted, enum vn_colors colors, bool fast);
bool vn_caps_has(const struct vn_caps *c, enum vn_picture p);
extern const char *const vn_picture_name[VN_N_PIC];
/* Colours of pictures without an overlay; *overlay: of those with one. */
enum vn_colors vn_caps_colors(const struct vn_caps *c, enum vn_pic_colors wanted, enum vn_colors *overlay);
enum vn_cell_mode vn_caps_cell(enum vn_picture p);       /* the cells of a mode that has cells */
/* bytes as the terminal outside tmux gets them. Appended to b. */
void vn_caps_wrap(bool in_tmux, const char *bytes, size_t n, struct vn_str *b);

/* Asks on a terminal that nobody else reads, for at most timeout_s seconds; sets the process-wide value. */
int  vn_caps_probe(int fd_in, int fd_out, double timeout_s, struct vn_err *err);
/* Cell size by the system's word for the terminal at fd: false when it has none (tmux invents one). */
bool vn_caps_cell_of(int fd, int *w, int *h);
#endif
