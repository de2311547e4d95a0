/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VFIO user interface as in include/uapi/linux/vfio.h: groups and
 * containers, version 2 of the migration protocol.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "uapi.h"

/* Kernels and their headers differ; these have not changed since 5.18. */
#define FEATURE_MIGRATION 1
#define FEATURE_MIG_DEVICE_STATE 2
#define STATE_STOP 1
#define STATE_RUNNING 2
#define STATE_STOP_COPY 3
#define STATE_RESUMING 4

struct migration_feature {
    struct vfio_device_feature head;
    uint64_t flags;
};

struct state_feature {
    struct vfio_device_feature head;
    uint32_t state;
    int32_t data_fd;
};

static int fail(struct failure *failure, const char *step)
{
    failure->step = step;
    failure->error = errno;
    return -1;
}

static int open_group(const char *sysfs, struct device *device,
                      struct failure *failure)
{
    char link[512], target[512], path[64];
    ssize_t length;

    snprintf(link, sizeof(link), "%s/iommu_group", sysfs);
    length = readlink(link, target, sizeof(target) - 1);
    if (length < 0)
        return fail(failure, "iommu_group");
    target[length] = '\0';
    snprintf(path, sizeof(path), "/dev/vfio/%.32s", basename(target));
    device->group = open(path, O_RDWR | O_CLOEXEC);
    return device->group < 0 ? fail(failure, "open_group") : 0;
}

static int open_fd(const char *sysfs, struct device *device,
                   struct failure *failure)
{
    struct vfio_group_status status = { .argsz = sizeof(status) };
    struct migration_feature feature = {
        .head = { .argsz = sizeof(feature),
                  .flags = VFIO_DEVICE_FEATURE_GET | FEATURE_MIGRATION },
    };
    char name[512];

    if (ioctl(device->group, VFIO_GROUP_GET_STATUS, &status))
        return fail(failure, "group_status");
    if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE)) {
        errno = EPERM;
        return fail(failure, "group_viable");
    }
    device->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
    if (device->container < 0)
        return fail(failure, "open_container");
    if (ioctl(device->group, VFIO_GROUP_SET_CONTAINER, &device->container))
        return fail(failure, "set_container");
    if (ioctl(device->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
        return fail(failure, "set_iommu");
    snprintf(name, sizeof(name), "%s", sysfs);
    device->fd = ioctl(device->group, VFIO_GROUP_GET_DEVICE_FD,
                       basename(name));
    if (device->fd < 0)
        return fail(failure, "device_fd");
    if (ioctl(device->fd, VFIO_DEVICE_FEATURE, &feature))
        return fail(failure, "migration");
    device->flags = feature.flags;
    return 0;
}

int device_open(const char *sysfs, struct device *device,
                struct failure *failure)
{
    int result;

    *device = (struct device){ -1, -1, -1, 0 };
    result = open_group(sysfs, device, failure);
    if (!result)
        result = open_fd(sysfs, device, failure);
    if (result)
        device_close(device);
    return result;
}

void device_close(struct device *device)
{
    if (device->fd >= 0)
        close(device->fd);
    if (device->group >= 0)
        close(device->group);
    if (device->container >= 0)
        close(device->container);
}

static int set_state(struct device *device, uint32_t state, int *data)
{
    struct state_feature feature = {
        .head = { .argsz = sizeof(feature),
                  .flags = VFIO_DEVICE_FEATURE_SET |
                           FEATURE_MIG_DEVICE_STATE },
        .state = state,
        .data_fd = -1,
    };

    if (ioctl(device->fd, VFIO_DEVICE_FEATURE, &feature))
        return -1;
    if (data)
        *data = feature.data_fd;
    return 0;
}

int device_save(struct device *device, int out, struct failure *failure)
{
    uint8_t buffer[4096];
    ssize_t length;
    int data;

    if (set_state(device, STATE_STOP_COPY, &data))
        return fail(failure, "stop_copy");
    while ((length = read(data, buffer, sizeof(buffer))) > 0)
        if (write(out, buffer, length) != length)
            return fail(failure, "file");
    if (length < 0)
        return fail(failure, "read");
    close(data);
    if (set_state(device, STATE_RUNNING, NULL))
        return fail(failure, "running");
    return 0;
}

/*
 * The first error ends it: mtty, for one, takes a stream of the wrong
 * version if the error of the write is ignored.
 */
int device_load(struct device *device, const uint8_t *data, size_t length,
                size_t chunk, struct failure *failure)
{
    size_t done, part;
    int out;

    if (set_state(device, STATE_RESUMING, &out))
        return fail(failure, "resuming");
    for (done = 0; done < length; done += part) {
        part = length - done < chunk ? length - done : chunk;
        if (write(out, data + done, part) != (ssize_t)part)
            return fail(failure, "write");
    }
    close(out);
    if (set_state(device, STATE_STOP, NULL))
        return fail(failure, "stop");
    if (set_state(device, STATE_RUNNING, NULL))
        return fail(failure, "running");
    return 0;
}

static int region_offset(struct device *device, const struct memory *memory,
                         off_t *offset)
{
    struct vfio_region_info info = {
        .argsz = sizeof(info), .index = memory->region,
    };

    if (ioctl(device->fd, VFIO_DEVICE_GET_REGION_INFO, &info))
        return -1;
    *offset = info.offset + memory->offset;
    return 0;
}

static void pattern(uint8_t *bytes, size_t length)
{
    for (size_t index = 0; index < length; index++)
        bytes[index] = (uint8_t)(0x5a + 7 * index);
}

int memory_fill(struct device *device, const struct memory *memory,
                struct failure *failure)
{
    uint8_t bytes[MAX_MEMORY];
    off_t offset;

    pattern(bytes, memory->length);
    if (region_offset(device, memory, &offset) ||
        pwrite(device->fd, bytes, memory->length, offset) !=
            (ssize_t)memory->length)
        return fail(failure, "memory");
    return 0;
}

int memory_check(struct device *device, const struct memory *memory,
                 struct failure *failure)
{
    uint8_t wanted[MAX_MEMORY], found[MAX_MEMORY];
    off_t offset;

    pattern(wanted, memory->length);
    if (region_offset(device, memory, &offset) ||
        pread(device->fd, found, memory->length, offset) !=
            (ssize_t)memory->length)
        return fail(failure, "memory");
    if (memcmp(wanted, found, memory->length)) {
        errno = EILSEQ;
        return fail(failure, "memory");
    }
    return 0;
}
