/* plot_panel.c - a chart in the panel: its looks in the panel's. */
#include "screen.h"
#include "plot.h"
#include "mem.h"
#include "tty.h"

void vn_plot_panel(struct vn_ui *ui, int row, int col, struct vn_plot *p)
{
    static const enum vn_look look_of[] = {
        [VN_PLOT_NONE] = VN_LOOK_TEXT, [VN_PLOT_LABEL] = VN_LOOK_DIM, [VN_PLOT_AXIS] = VN_LOOK_DIM, [VN_PLOT_CURVE] = VN_LOOK_TEXT,
        [VN_PLOT_CURVE2] = VN_LOOK_KEY, [VN_PLOT_CURVE3] = VN_LOOK_ECHO, [VN_PLOT_MARK] = VN_LOOK_ERROR, [VN_PLOT_MARK2] = VN_LOOK_ECHO,
    };
    if (p->cols < 8 || p->rows < 3)
        return;
    struct vn_plot_cell *cell = vn_alloc((uint64_t)p->cols * (uint64_t)p->rows * sizeof *cell, NULL);
    if (!cell)
        return;
    p->ascii = !vn_tty_utf8();
    vn_plot_draw(p, cell);
    for (int y = 0; y < p->rows; y++)
        for (int x = 0; x < p->cols;) {
            struct vn_str run = { 0 };
            enum vn_plot_look look;
            const int from = x;
            x = vn_plot_run(cell + y * p->cols, p->cols, x, &run, &look);
            if (run.s && !run.failed)
                vn_panel_text(ui, row + y, col + from, look_of[look], "%s", run.s);
            vn_str_free(&run);
        }
    vn_free(cell);
}
