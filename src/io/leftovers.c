/* SPDX-License-Identifier: MIT */
#include "io/leftovers.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "io/temporary.h"

struct output {
    const char *path;
    size_t directory; /* length of its directory, with the slash */
    uint64_t hash;
};

static int compare_directories(const struct output *a, const struct output *b)
{
    if (a->directory != b->directory)
        return a->directory < b->directory ? -1 : 1;
    return memcmp(a->path, b->path, a->directory);
}

static int compare(const void *first, const void *second)
{
    const struct output *a = first;
    const struct output *b = second;
    const int directories = compare_directories(a, b);
    return directories != 0 ? directories : (a->hash > b->hash) - (a->hash < b->hash);
}

static size_t collect(struct output *outputs, const char *const *paths, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (!paths[i] || strcmp(paths[i], "-") == 0)
            continue;
        const char *slash = strrchr(paths[i], '/');
        outputs[count++] = (struct output){.path = paths[i],
                                           .directory = slash ? (size_t)(slash - paths[i]) + 1 : 0,
                                           .hash = quant_temporary_hash(paths[i])};
    }
    qsort(outputs, count, sizeof *outputs, compare);
    return count;
}

/* Whether a process holds the lock. If that cannot be known, it might. Removes a free one with
 * `removes`, while it has the lock itself: a process that begins meanwhile finds it taken. */
static bool is_in_use(int directory, const char *name, bool removes)
{
    const int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return true;
    const bool is_free = flock(fd, LOCK_EX | LOCK_NB) == 0;
    if (is_free && removes)
        unlinkat(directory, name, 0);
    close(fd);
    return !is_free;
}

/* The new file is locked under its temporary name, or in its place already while the old one still
 * has a temporary name. */
static bool output_is_in_use(int directory, const struct output *output)
{
    const char *name = output->path + output->directory;
    return faccessat(directory, name, F_OK, 0) == 0 && is_in_use(directory, name, false);
}

static const struct output *find(const struct output *outputs, size_t n, uint64_t hash)
{
    size_t low = 0;
    size_t high = n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (outputs[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && outputs[low].hash == hash ? &outputs[low] : NULL;
}

/* One pass over the directory: with is_used, marks outputs that are in use; then removes the
 * temporary files of the others. */
static void visit(DIR *entries, const struct output *outputs, size_t n, bool *is_used, bool removes)
{
    const int directory = dirfd(entries);
    rewinddir(entries);
    for (const struct dirent *entry = readdir(entries); entry; entry = readdir(entries)) {
        uint64_t hash;
        const struct output *output =
            quant_temporary_parse(entry->d_name, &hash) ? find(outputs, n, hash) : NULL;
        if (!output)
            continue;
        bool *used = &is_used[output - outputs];
        if (!removes)
            *used = *used || is_in_use(directory, entry->d_name, false) ||
                    output_is_in_use(directory, output);
        else if (!*used)
            *used =
                output_is_in_use(directory, output) || is_in_use(directory, entry->d_name, true);
    }
}

static void clear_directory(const struct output *outputs, size_t n)
{
    char *path = outputs->directory > 0 ? strndup(outputs->path, outputs->directory) : strdup(".");
    bool *is_used = calloc(n, sizeof *is_used);
    DIR *entries = path && is_used ? opendir(path) : NULL;
    if (entries) {
        visit(entries, outputs, n, is_used, false);
        visit(entries, outputs, n, is_used, true);
        closedir(entries);
    }
    free(is_used);
    free(path);
}

void quant_leftovers_remove(const char *const *paths, size_t n)
{
    struct output *outputs = calloc(n + 1, sizeof *outputs);
    if (!outputs)
        return;
    const size_t count = collect(outputs, paths, n);
    size_t end;
    for (size_t first = 0; first < count; first = end) {
        end = first + 1;
        while (end < count && compare_directories(&outputs[first], &outputs[end]) == 0)
            end++;
        clear_directory(&outputs[first], end - first);
    }
    free(outputs);
}
