/* accel.h - the one accelerator of the process: opened when it is first needed, given up after a failure. */
#ifndef VN_ACCEL_H
#define VN_ACCEL_H
#include "device.h"
#include "op.h"

/* The device and its stream, or NULL: then vn_op_device_reason() says why. Opens it on the first call. Compute thread only. */
struct vn_dev *vn_accel_get(struct vn_stream **stream);
bool vn_accel_forced(void);              /* --device cuda: a failure is an error, not a reason to use the CPU */
void vn_accel_fail(const char *why);     /* closes it; the CPU does what follows */
/* Turns a VN_DEV_ code into ours, with the device's sentence. */
int  vn_accel_err(const struct vn_dev *d, int code, struct vn_err *err);
#endif
