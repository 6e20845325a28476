/* err.c - one error value: a code and a sentence. */
#include "err.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Cuts s so that no UTF-8 character is left half at its end (a message too long for its place). */
static void whole_characters(char *s)
{
    size_t n = strlen(s), tail = 0;

    while (tail < 3 && tail < n && ((unsigned char)s[n - 1 - tail] & 0xc0) == 0x80)
        tail++;
    if (tail == n)
        return;
    unsigned char lead = (unsigned char)s[n - 1 - tail];
    size_t need = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
    if (need > tail)
        s[n - 1 - tail] = '\0';
}

int vn_fail(struct vn_err *err, enum vn_code code, const char *fmt, ...)
{
    if (!err)
        return code;

    /* Formatted apart: the arguments may point into err->msg. */
    char msg[sizeof err->msg];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(msg, sizeof msg, fmt, ap);
    va_end(ap);
    if (n >= (int)sizeof msg)
        whole_characters(msg);
    memcpy(err->msg, msg, sizeof msg);
    err->code = code;
    return code;
}

int vn_err_prefix(struct vn_err *err, const char *fmt, ...)
{
    if (!err)
        return VN_E_INTERNAL;

    char what[sizeof err->msg / 2], msg[sizeof err->msg];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    if (n >= (int)sizeof what)
        whole_characters(what);
    n = snprintf(msg, sizeof msg, "%s: %.*s", what, (int)(sizeof msg - strlen(what) - 3), err->msg);
    if (n > 0 && strlen(err->msg) + strlen(what) + 3 > sizeof msg)
        whole_characters(msg);
    memcpy(err->msg, msg, sizeof msg);
    return err->code;
}

const char *vn_code_name(int code)
{
    switch (code) {
    case VN_OK: return "ok";
    case VN_E_USAGE: return "usage";
    case VN_E_ARG: return "argument";
    case VN_E_IO: return "io";
    case VN_E_FORMAT: return "format";
    case VN_E_UNSUPPORTED: return "unsupported";
    case VN_E_MEMORY: return "memory";
    case VN_E_CANCELLED: return "cancelled";
    case VN_E_DEVICE: return "device";
    }
    return "internal";
}
