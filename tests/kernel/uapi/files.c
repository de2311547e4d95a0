/* SPDX-License-Identifier: Apache-2.0 */
/* Streams in files. */
#include <stdio.h>
#include <stdlib.h>

#include "uapi.h"

uint8_t *read_file(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(1 << 20);

    if (!file || !data)
        return NULL;
    *length = fread(data, 1, 1 << 20, file);
    fclose(file);
    return data;
}
