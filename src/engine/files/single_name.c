/* SPDX-License-Identifier: MIT */
#include "engine/files/single_name.h"

#include <string.h>

char *quant_single_name(const char *path)
{
    if (strcmp(path, "-") == 0)
        return strdup("tensor");
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    return strndup(name, dot && dot != name ? (size_t)(dot - name) : strlen(name));
}
