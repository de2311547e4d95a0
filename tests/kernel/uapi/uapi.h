/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel itself says about saving and loading a device's state. */
#ifndef UAPI_H
#define UAPI_H

#include <stddef.h>
#include <stdint.h>

/* Memory of the device that a migration must carry over. */
struct memory {
    unsigned int region;
    uint64_t offset;
    size_t length;
};

/* Where something failed, and with which error. */
struct failure {
    const char *step;
    int error;
};

struct device {
    int container;
    int group;
    int fd;
    uint64_t flags;
};

#define MAX_MEMORY 64

/* vfio.c: each returns 0, or -1 with the failure filled in. */
int device_open(const char *sysfs, struct device *device,
                struct failure *failure);
void device_close(struct device *device);
int device_save(struct device *device, int out, struct failure *failure);
int device_load(struct device *device, const uint8_t *data, size_t length,
                size_t chunk, struct failure *failure);
int memory_fill(struct device *device, const struct memory *memory,
                struct failure *failure);
int memory_check(struct device *device, const struct memory *memory,
                 struct failure *failure);

/* files.c */
uint8_t *read_file(const char *path, size_t *length);

/* uevents.c */
int uevents(const char *path);

#endif
