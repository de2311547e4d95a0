/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's own events, as udev gets them: one line each, with what a
 * listener would look at.
 */
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "uapi.h"

static const char *const keys[] = {
    "ACTION", "SUBSYSTEM", "DEVPATH", "DRIVER", "MDEV_STATE",
};

static void print(FILE *out, char *message, ssize_t length)
{
    char *end = message + length, *line;

    for (size_t index = 0; index < sizeof(keys) / sizeof(*keys); index++) {
        size_t size = strlen(keys[index]);

        for (line = message; line < end; line += strlen(line) + 1)
            if (!strncmp(line, keys[index], size) && line[size] == '=')
                fprintf(out, "%s%s", index ? "\t" : "", line);
    }
    fputc('\n', out);
    fflush(out);
}

int uevents(const char *path)
{
    struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
    int size = 8 << 20;
    char message[8192];
    ssize_t length;
    FILE *out = fopen(path, "a");
    int fd = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT);

    if (!out || fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)))
        return -1;
    fputs("ready\n", out);
    fflush(out);
    while ((length = recv(fd, message, sizeof(message) - 1, 0)) > 0) {
        message[length] = '\0';
        print(out, message, length);
    }
    return -1;
}
