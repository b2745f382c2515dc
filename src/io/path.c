/* SPDX-License-Identifier: MIT */
/* Paths relative to the directory of another path. */
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
        free(own->directories[i]);
        free(own->real[i]);
    }
}

/* The real path of directory; NULL: not known. */
static const char *recall(const char *directory)
{
    for (size_t i = 0; memo && i < QUANT_PATH_MEMO; i++)
        if (memo->directories[i] && strcmp(memo->directories[i], directory) == 0)
            return memo->real[i];
    return NULL;
}

/* Owns directory, and keeps a copy of real; if there is no memory, it keeps nothing. */
static void keep_in_mind(char *directory, const char *real)
{
    char *copy = memo && real ? strdup(real) : NULL;
    if (!copy) {
        free(directory);
        return;
    }
    const size_t i = memo->next++ % QUANT_PATH_MEMO;
    free(memo->directories[i]);
    free(memo->real[i]);
    memo->directories[i] = directory;
    memo->real[i] = copy;
}

/* The directory of path, absolute and without links; the caller frees it. NULL: errno has the
 * reason. */
static char *real_directory(const char *path)
{
    const size_t length = (size_t)(last_component(path) - path);
    char *directory = length > 0 ? strndup(path, length) : strdup(".");
    if (!directory)
        return NULL;
    const char *known = recall(directory);
    if (known) {
        free(directory);
        return strdup(known);
    }
    char *real = realpath(directory, NULL);
    const int number = errno;
    keep_in_mind(directory, real);
    errno = number;
    return real;
}

/* The same for path itself, whose last component need not exist and is not followed. */
static char *real_path(const char *path)
{
    char *directory = real_directory(path);
    char *real = NULL;
    if (directory && asprintf(&real, "%s/%s", strcmp(directory, "/") == 0 ? "" : directory,
                              last_component(path)) < 0)
        real = NULL;
    free(directory);
    return real;
}

/* Length of the components that both paths begin with, and of the slash after them. */
static size_t shared_length(const char *path, const char *directory)
{
    size_t shared = 0;
    size_t i = 0;
    while (path[i] && path[i] == directory[i]) {
        i++;
        if (path[i - 1] == '/')
            shared = i;
    }
    if (path[i] == '/' && directory[i] == '\0')
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

/* Both are absolute: "../" for each component of directory that path does not have, then the rest
 * of path. */
static char *relative_to(const char *path, const char *directory)
{
    const size_t shared = shared_length(path, directory);
    const size_t ups = shared > strlen(directory) ? 0 : count_components(directory + shared);
    const char *rest = path + shared;
    char *relative = malloc(3 * ups + strlen(rest) + 1);
    if (!relative)
        return NULL;
    for (size_t i = 0; i < ups; i++)
        memcpy(relative + 3 * i, "../", 3);
    memcpy(relative + 3 * ups, rest, strlen(rest) + 1);
    return relative;
}

/* Equal up to the last slash: the system need not be asked. */
static bool share_directory(const char *a, const char *b)
{
    const size_t length = (size_t)(last_component(a) - a);
    return length == (size_t)(last_component(b) - b) && memcmp(a, b, length) == 0;
}

char *quant_path_relative(const char *path, const char *base, struct quant_error *error)
{
    const bool alike = share_directory(path, base);
    char *real = alike ? NULL : real_path(path);
    char *directory = real ? real_directory(base) : NULL;
    char *relative = directory ? relative_to(real, directory) : NULL;
    if (alike)
        relative = strdup(last_component(path));
    if (!relative)
        quant_error_system(error, errno, "cannot express the path of '%s' relative to '%s'", path,
                           base);
    free(directory);
    free(real);
    return relative;
}

char *quant_path_beside(const char *relative, const char *base)
{
    char *path = NULL;
    const int directory = relative[0] == '/' ? 0 : (int)(last_component(base) - base);
    return asprintf(&path, "%.*s%s", directory, base, relative) < 0 ? NULL : path;
}
