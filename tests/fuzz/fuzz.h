/* fuzz.h - what the fuzz targets share.  A target is fuzz_NAME.c with LLVMFuzzerInitialize and LLVMFuzzerTestOneInput;
 * libFuzzer drives it under `make fuzz`, replay.c in the tests. */
#ifndef VN_FUZZ_H
#define VN_FUZZ_H
#include <stdint.h>
#include "job.h"
#include "mem.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* One compute thread, a small budget, a scratch folder that becomes the current one and is removed at exit. */
void fuzz_start(void);
/* A file of the current folder with these bytes. */
void fuzz_write(const char *name, const void *data, size_t n);
/* Stops the program unless ok: libFuzzer reports the input. */
void fuzz_check(bool ok, const char *what, const char *detail);
#define FUZZ_BUDGET 256000000u
#endif
