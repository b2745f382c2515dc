/* SPDX-License-Identifier: MIT */
/* The names of the files that belong to an output. */
#include "io/sidecar_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *quant_file_scales_name(const char *sidecar)
{
    static const char json[] = ".json";
    static const char own[] = ".scales";
    if (!sidecar)
        return NULL;
    size_t length = strlen(sidecar);
    if (length >= sizeof json && strcmp(sidecar + length - (sizeof json - 1), json) == 0)
        length -= sizeof json - 1;
    char *path = malloc(length + sizeof own);
    if (!path)
        return NULL;
    memcpy(path, sidecar, length);
    memcpy(path + length, own, sizeof own);
    return path;
}

char *quant_sidecar_default(const char *path)
{
    char *sidecar = NULL;
    return asprintf(&sidecar, "%s.json", path) < 0 ? NULL : sidecar;
}
