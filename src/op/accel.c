/* accel.c - which device computes. */
#include "accel.h"
#include <stdio.h>

static struct {
    enum vn_device_choice choice;
    int ordinal;
    uint64_t budget;
    bool tried;
    struct vn_dev *dev;
    struct vn_stream *stream;
    char name[140], reason[VN_DEV_ERRLEN];
} accel = { .choice = VN_DEVICE_CPU, .reason = "the CPU was asked for" };

static void try_open(void)
{
    accel.tried = true;
    if (vn_dev_open(&accel.dev, accel.ordinal, accel.budget, accel.reason)) {
        accel.dev = NULL;
        return;
    }
    if (vn_stream_new(accel.dev, &accel.stream)) {
        vn_accel_fail(vn_dev_error(accel.dev));
        return;
    }
    accel.reason[0] = '\0';
    snprintf(accel.name, sizeof accel.name, "%s", vn_dev_info(accel.dev).name);
}

int vn_op_device(enum vn_device_choice c, int ordinal, uint64_t budget, struct vn_err *err)
{
    vn_op_device_close();
    accel.choice = c;
    accel.ordinal = ordinal;
    accel.budget = budget;
    accel.tried = c == VN_DEVICE_CPU;
    snprintf(accel.reason, sizeof accel.reason, "%s", c == VN_DEVICE_CPU ? "the CPU was asked for" : "");
    if (c != VN_DEVICE_CUDA)
        return 0;
    try_open();
    return accel.dev ? 0 : vn_fail(err, VN_E_DEVICE, "no GPU can be used: %s", accel.reason);
}

void vn_op_device_close(void)
{
    if (accel.stream)
        vn_stream_free(accel.stream);
    if (accel.dev)
        vn_dev_close(accel.dev);
    accel.stream = NULL;
    accel.dev = NULL;
}

struct vn_dev *vn_accel_get(struct vn_stream **stream)
{
    if (!accel.tried)
        try_open();
    if (stream)
        *stream = accel.stream;
    return accel.dev;
}

bool vn_accel_forced(void)
{
    return accel.choice == VN_DEVICE_CUDA;
}

void vn_accel_fail(const char *why)
{
    char copy[VN_DEV_ERRLEN];
    snprintf(copy, sizeof copy, "%s", why);
    vn_op_device_close();
    snprintf(accel.reason, sizeof accel.reason, "%s", copy);
}

int vn_accel_err(const struct vn_dev *d, int code, struct vn_err *err)
{
    if (code == VN_DEV_OK)
        return 0;
    return vn_fail(err, code == VN_DEV_NOMEM ? VN_E_MEMORY : VN_E_DEVICE, "%s", vn_dev_error(d));
}

const char *vn_op_device_name(void)
{
    return vn_accel_get(NULL) ? accel.name : "cpu";
}

const char *vn_op_device_reason(void)
{
    vn_accel_get(NULL);
    return accel.reason;
}
