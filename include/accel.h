/* accel.h - the one accelerator of the process: opened when it is first needed, given up after a failure.
 *
 * Compute thread only.  While a block is on the device no other job may be let in, since it might use or close the
 * device: what runs between vn_accel_get and the end of an operation's dev function polls vn_job_stop, and calls neither
 * vn_job_check nor vn_job_for. */
#ifndef VN_ACCEL_H
#define VN_ACCEL_H
#include "device.h"
#include "op.h"

/* The device and its stream, or NULL: then vn_op_device_reason() says why. Opens it on the first call. */
struct vn_dev *vn_accel_get(struct vn_stream **stream);
bool vn_accel_forced(void);              /* --device cuda: a failure is an error, not a reason to use the CPU */
void vn_accel_fail(const char *why);     /* closes it; the CPU does what follows */
/* Turns a VN_DEV_ code into ours (VN_E_MEMORY, VN_E_DEVICE), with the device's sentence. */
int  vn_accel_err(const struct vn_dev *d, int code, struct vn_err *err);

/* The voxels of b (any strides) to the device as a packed box, and back, through two pieces of pinned memory of at most
 * 8 MB: one is copied by the host while the other is on the bus.  An upload returns when the last piece is under way, a
 * download when all voxels are there.  Between pieces cancellation is polled.  Returns VN_E_ codes. */
int  vn_accel_upload(struct vn_stream *s, vn_dptr to, const struct vn_buf *b, struct vn_job *job, struct vn_err *err);
int  vn_accel_download(struct vn_stream *s, const struct vn_buf *b, vn_dptr from, struct vn_job *job, struct vn_err *err);

/* The launch of one thread for each of n items, in blocks of VN_ACCEL_BLOCK.  args as for vn_launch. */
enum { VN_ACCEL_BLOCK = 256 };
int  vn_accel_launch(struct vn_stream *s, const char *kernel, uint64_t n, void **args);
#endif
