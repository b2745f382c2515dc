/* SPDX-License-Identifier: MIT */
/* Paths as seen from other paths' folders. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "io/io.h"

static const char *last_component(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static _Thread_local struct quant_path_memo *memo;

void quant_path_memo_begin(struct quant_path_memo *own)
{
    *own = (struct quant_path_memo){.next = 0};
    memo = own;
}

void quant_path_memo_end(struct quant_path_memo *own)
{
    memo = NULL;
    for (size_t i = 0; i < QUANT_PATH_MEMO; i++) {
        free(own->folders[i]);
        free(own->real[i]);
    }
}

/* Of folder; NULL: not known. */
static const char *recall(const char *folder)
{
    for (size_t i = 0; memo && i < QUANT_PATH_MEMO; i++)
        if (memo->folders[i] && strcmp(memo->folders[i], folder) == 0)
            return memo->real[i];
    return NULL;
}

/* Takes folder; a copy of real, unless there is no memory for one. */
static void keep_in_mind(char *folder, const char *real)
{
    char *copy = memo && real ? strdup(real) : NULL;
    if (!copy) {
        free(folder);
        return;
    }
    const size_t i = memo->next++ % QUANT_PATH_MEMO;
    free(memo->folders[i]);
    free(memo->real[i]);
    memo->folders[i] = folder;
    memo->real[i] = copy;
}

/* The absolute, link-free folder that path lies in; the caller frees it. NULL: errno says why. */
static char *real_folder(const char *path)
{
    const size_t length = (size_t)(last_component(path) - path);
    char *folder = length > 0 ? strndup(path, length) : strdup(".");
    if (!folder)
        return NULL;
    const char *known = recall(folder);
    if (known) {
        free(folder);
        return strdup(known);
    }
    char *real = realpath(folder, NULL);
    const int number = errno;
    keep_in_mind(folder, real);
    errno = number;
    return real;
}

/* The same for path itself, whose last component need not exist and is not followed. */
static char *real_path(const char *path)
{
    char *folder = real_folder(path);
    char *real = NULL;
    if (folder &&
        asprintf(&real, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, last_component(path)) < 0)
        real = NULL;
    free(folder);
    return real;
}

/* Length of the components that both paths begin with, the slash behind them included. */
static size_t shared_length(const char *path, const char *folder)
{
    size_t shared = 0;
    size_t i = 0;
    while (path[i] && path[i] == folder[i]) {
        i++;
        if (path[i - 1] == '/')
            shared = i;
    }
    if (path[i] == '/' && folder[i] == '\0')
        shared = i + 1;
    return shared;
}

static size_t count_components(const char *path)
{
    size_t count = 0;
    for (; *path; path++)
        count += *path != '/' && (path[1] == '/' || path[1] == '\0');
    return count;
}

/* Both absolute: a "../" for each component of folder that path does not share, then its rest. */
static char *relative_to(const char *path, const char *folder)
{
    const size_t shared = shared_length(path, folder);
    const size_t ups = shared > strlen(folder) ? 0 : count_components(folder + shared);
    const char *rest = path + shared;
    char *relative = malloc(3 * ups + strlen(rest) + 1);
    if (!relative)
        return NULL;
    for (size_t i = 0; i < ups; i++)
        memcpy(relative + 3 * i, "../", 3);
    memcpy(relative + 3 * ups, rest, strlen(rest) + 1);
    return relative;
}

/* Written alike up to the last slash: no need to ask the system. */
static bool share_folder(const char *a, const char *b)
{
    const size_t length = (size_t)(last_component(a) - a);
    return length == (size_t)(last_component(b) - b) && memcmp(a, b, length) == 0;
}

char *quant_path_relative(const char *path, const char *base, struct quant_error *error)
{
    const bool alike = share_folder(path, base);
    char *real = alike ? NULL : real_path(path);
    char *folder = real ? real_folder(base) : NULL;
    char *relative = folder ? relative_to(real, folder) : NULL;
    if (alike)
        relative = strdup(last_component(path));
    if (!relative)
        quant_error_system(error, errno, "cannot express the path of '%s' relative to '%s'", path,
                           base);
    free(folder);
    free(real);
    return relative;
}

char *quant_path_beside(const char *relative, const char *base)
{
    char *path = NULL;
    const int folder = relative[0] == '/' ? 0 : (int)(last_component(base) - base);
    return asprintf(&path, "%.*s%s", folder, base, relative) < 0 ? NULL : path;
}
