/* png.c - pictures as PNG files through libpng, written beside the target and renamed. */
#include "render.h"
#include "file.h"
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

struct fault { jmp_buf back; char msg[160]; };

static void on_error(png_structp png, png_const_charp msg)
{
    struct fault *f = png_get_error_ptr(png);
    snprintf(f->msg, sizeof f->msg, "%s", msg);
    longjmp(f->back, 1);
}

static void on_warning(png_structp png, png_const_charp msg)
{
    (void)png;
    (void)msg;
}

static void set_text(png_structp png, png_infop info, const char *note)
{
    png_text text[2];
    memset(text, 0, sizeof text);
    text[0].compression = PNG_TEXT_COMPRESSION_NONE;
    text[0].key = (char *)"Software";
    text[0].text = (char *)"venule " VN_VERSION;
    text[1].compression = PNG_ITXT_COMPRESSION_NONE;
    text[1].key = (char *)"Comment";
    text[1].text = (char *)(note ? note : "");
    png_set_text(png, info, text, note ? 2 : 1);
}

int vn_png_write(const struct vn_image *im, const char *path, bool force, const char *note, struct vn_err *err)
{
    struct vn_file *file = vn_file_begin(path, force, err);
    if (!file)
        return err ? err->code : VN_E_IO;
    struct fault fault = { .msg = "" };
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &fault, on_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) {
        png_destroy_write_struct(&png, NULL);
        vn_file_abort(file);
        return vn_fail(err, VN_E_MEMORY, "no memory to write picture '%s'", path);
    }
    if (setjmp(fault.back)) {
        png_destroy_write_struct(&png, &info);
        vn_file_abort(file);
        return vn_fail(err, VN_E_IO, "cannot write picture '%s': %s", path, fault.msg);
    }
    png_init_io(png, vn_file_stream(file));
    png_set_IHDR(png, info, (png_uint_32)im->w, (png_uint_32)im->h, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    set_text(png, info, note);
    png_write_info(png, info);
    for (int y = 0; y < im->h; y++)
        png_write_row(png, im->rgb + 3 * (size_t)y * im->w);
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    return vn_file_commit(file, err);
}
