/* err.h - one error value: a code and a sentence.
 *
 * Whoever detects an error writes the message (one sentence naming the object, the value and the limit);
 * whoever propagates it stays silent and returns the code. */
#ifndef VN_ERR_H
#define VN_ERR_H
#include "base.h"

enum vn_code {
    VN_OK = 0,
    VN_E_USAGE = -1,        /* the command line is not of the verb's form */
    VN_E_ARG = -2,          /* a value is outside its range, an object of the wrong kind */
    VN_E_IO = -3,           /* the system refused: open, read, write, no space */
    VN_E_FORMAT = -4,       /* a file's content contradicts itself or its format */
    VN_E_UNSUPPORTED = -5,  /* well-formed, but not something Venule reads or does */
    VN_E_MEMORY = -6,       /* over the budget, or the system has no more */
    VN_E_CANCELLED = -7,
    VN_E_DEVICE = -8,
    VN_E_INTERNAL = -9,
};

struct vn_err { int code; char msg[1000]; };

/* Sets err (which may be NULL) and returns code, so that `return vn_fail(...)` reads well. */
int vn_fail(struct vn_err *err, enum vn_code code, const char *fmt, ...) VN_PRINTF(3, 4);

/* Puts "WHAT: " before the message already in err. Returns err->code. */
int vn_err_prefix(struct vn_err *err, const char *fmt, ...) VN_PRINTF(2, 3);

const char *vn_code_name(int code);     /* "argument", "io", ...: the codes of --json */
#endif
