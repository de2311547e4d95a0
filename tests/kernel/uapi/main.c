/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lab-uapi: the commands. Each prints one line, a word and where it fell:
 *
 *   yes                      saved, or loaded and the memory is the same
 *   no STEP ERROR            the kernel refused
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "uapi.h"

static int usage(void)
{
    fputs("usage: lab-uapi probe DEVICE\n"
          "       lab-uapi save DEVICE FILE [REGION OFFSET LENGTH]\n"
          "       lab-uapi load DEVICE FILE [REGION OFFSET LENGTH [CHUNK]]\n"
          "       lab-uapi uevents FILE\n"
          "DEVICE is a directory below /sys/bus/{pci,mdev}/devices.\n",
          stderr);
    return 2;
}

static int answer(int result, const struct failure *failure)
{
    if (!result)
        puts("yes - -");
    else
        printf("no %s %s\n", failure->step,
               strerrorname_np(failure->error));
    return result ? 1 : 0;
}

static struct memory memory_of(char **arguments, int count)
{
    struct memory memory = { 0, 0, 0 };

    if (count >= 3) {
        memory.region = strtoul(arguments[0], NULL, 0);
        memory.offset = strtoull(arguments[1], NULL, 0);
        memory.length = strtoul(arguments[2], NULL, 0);
        if (memory.length > MAX_MEMORY)
            memory.length = MAX_MEMORY;
    }
    return memory;
}

static int save(struct device *device, const char *path,
                const struct memory *memory, struct failure *failure)
{
    int out, result = 0;

    if (memory->length)
        result = memory_fill(device, memory, failure);
    if (result)
        return result;
    out = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
    if (out < 0) {
        perror(path);
        exit(2);
    }
    result = device_save(device, out, failure);
    close(out);
    return result;
}

static int load(struct device *device, const char *path,
                const struct memory *memory, size_t chunk,
                struct failure *failure)
{
    size_t length;
    uint8_t *data = read_file(path, &length);
    int result;

    if (!data) {
        perror(path);
        exit(2);
    }
    result = device_load(device, data, length, chunk ? chunk : length,
                         failure);
    if (!result && memory->length)
        result = memory_check(device, memory, failure);
    free(data);
    return result;
}

static int with_device(int argc, char **argv)
{
    struct memory memory = memory_of(argv + 4, argc - 4);
    struct failure failure = { "-", 0 };
    struct device device;
    int result = device_open(argv[2], &device, &failure);

    if (result)
        return answer(result, &failure);
    if (!strcmp(argv[1], "save"))
        result = save(&device, argv[3], &memory, &failure);
    else if (!strcmp(argv[1], "load"))
        result = load(&device, argv[3], &memory,
                      argc > 7 ? strtoul(argv[7], NULL, 0) : 0, &failure);
    device_close(&device);
    return answer(result, &failure);
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "probe"))
        return with_device(argc, argv);
    if (argc >= 4 && (!strcmp(argv[1], "save") || !strcmp(argv[1], "load")))
        return with_device(argc, argv);
    if (argc == 3 && !strcmp(argv[1], "uevents"))
        return uevents(argv[2]) ? 1 : 0;
    return usage();
}
