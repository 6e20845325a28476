/* gz_read.h - random access to deflated bytes (gzip or zlib), which can only be decoded from their start.
 *
 * Decoder states are kept every few megabytes (inflateCopy, about 45 kB each), so that after the first pass any place is
 * reached by decoding a few megabytes; several threads then decode different places at once. */
#ifndef VN_GZ_READ_H
#define VN_GZ_READ_H
#include "err.h"

struct vn_gz;
/* fd stays the caller's; path is for messages and must outlive the reader; start: file offset of the deflated bytes; total:
 * decoded size expected (spaces the states; a read that ends there checks the checksum too). */
struct vn_gz *vn_gz_new(int fd, const char *path, uint64_t start, uint64_t total, struct vn_err *err);
void vn_gz_free(struct vn_gz *g);
/* Exactly n decoded bytes at offset `at`; VN_E_FORMAT when the file ends before or is damaged. Thread-safe.
 * job (may be NULL) is asked now and then: VN_E_CANCELLED. */
struct vn_job;
int  vn_gz_read(struct vn_gz *g, void *buf, uint64_t at, uint64_t n, const struct vn_job *job, struct vn_err *err);
#endif
