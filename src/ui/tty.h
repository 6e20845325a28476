/* tty.h - the terminal as a device: modes, size, signals, bytes out, and its restoration on every way out. */
#ifndef VN_TTY_H
#define VN_TTY_H
#include "cells.h"

/* Starts ncurses (layout only; it never reads), raw input, mouse, paste and focus reports, signal handlers.
 * VN_E_IO when stdin or stdout is no terminal, or of a type that is unknown and like none that is known. */
int  vn_tty_open(struct vn_err *err);
void vn_tty_close(void);                 /* idempotent */
void vn_tty_suspend(void);               /* Ctrl-Z: gives the terminal back, stops; returns after `fg` with the screen to be redrawn */
void vn_tty_hover(bool on);              /* the mouse is reported also while no button is down */
void vn_tty_write(const char *bytes, size_t n);   /* all of it, past ncurses */
/* Readable when signals came; vn_tty_signal then gives one at a time (SIGWINCH, SIGINT, SIGTSTP, SIGTERM, SIGHUP) or 0. */
int  vn_tty_signal_fd(void);
int  vn_tty_signal(void);
void vn_tty_resize(void);                /* asks the system for the size and tells ncurses */
double vn_tty_now(void);                 /* seconds, monotonic */

enum vn_colors vn_tty_colors(void);      /* NONE under NO_COLOR and on terminals with less than 256 colours */
bool vn_tty_utf8(void);                  /* as the locale says when the terminal was opened */
bool vn_tty_in_tmux(void);
/* The request whose answer shows that everything before it was drawn, wrapped for tmux where needed. */
const char *vn_tty_ack_request(void);
#endif
