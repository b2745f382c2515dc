/* SPDX-License-Identifier: MIT */
/* Directories are read whole and sorted, so that the order is that of the names on every system. */
#include "engine/files/directory_entries.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"

struct reading {
    const char *prefix; /* of paths: the directory, and a slash */
    struct quant_arena *arena;
    struct quant_growing_list *errors;
    struct quant_growing_list items;
    struct quant_error *error;
};

static enum quant_status no_memory(struct quant_error *error)
{
    return quant_error_no_memory(error, 4096, "directory");
}

enum quant_status quant_directory_pass_over(struct quant_growing_list *errors,
                                            enum quant_status status, struct quant_error *error)
{
    if (status != QUANT_IO)
        return status;
    return quant_growing_list_add(errors, error, sizeof *error) ? QUANT_OK : no_memory(error);
}

static int compare_names(const void *a, const void *b)
{
    const struct quant_directory_entry *first = a;
    const struct quant_directory_entry *second = b;
    return strcmp(first->name, second->name);
}

/* The directory says of most files what they are: only directories and links are looked up. */
static enum quant_status add_entry(struct reading *run, const struct dirent *item)
{
    struct stat found = {.st_mode = S_IFREG};
    const char *path = quant_arena_join(run->arena, run->prefix, item->d_name);
    if (!path)
        return no_memory(run->error);
    const bool is_known = item->d_type == DT_REG && strlen(path) < PATH_MAX;
    if (!is_known && stat(path, &found) != 0)
        return errno == ENOENT || errno == ELOOP
                   ? QUANT_OK /* a broken link */
                   : quant_directory_pass_over(
                         run->errors,
                         quant_error_system(run->error, errno, "cannot read '%s'", path),
                         run->error);
    if (!S_ISREG(found.st_mode) && !S_ISDIR(found.st_mode))
        return QUANT_OK; /* a pipe, a device */
    const struct quant_directory_entry entry = {
        .name = path + strlen(run->prefix),
        .path = path,
        .is_directory = S_ISDIR(found.st_mode),
        .place = {found.st_dev, found.st_ino},
    };
    return quant_growing_list_add(&run->items, &entry, sizeof entry) ? QUANT_OK
                                                                     : no_memory(run->error);
}

static enum quant_status read_all(struct reading *run, DIR *directory, const char *path)
{
    enum quant_status status = QUANT_OK;
    errno = 0;
    for (struct dirent *found = readdir(directory); found && status == QUANT_OK;
         found = readdir(directory)) {
        if (found->d_name[0] != '.')
            status = add_entry(run, found);
        errno = 0;
    }
    if (status == QUANT_OK && errno != 0)
        status = quant_error_system(run->error, errno, "cannot read '%s'", path);
    return status;
}

enum quant_status quant_directory_entries_read(const char *path, struct quant_arena *arena,
                                               struct quant_growing_list *errors,
                                               struct quant_directory_entries *entries,
                                               struct quant_error *error)
{
    const size_t length = strlen(path);
    const char *slash = length > 0 && path[length - 1] == '/' ? "" : "/";
    struct reading run = {.prefix = quant_arena_join(arena, path, slash),
                          .arena = arena,
                          .errors = errors,
                          .error = error};
    *entries = (struct quant_directory_entries){.items = NULL};
    if (!run.prefix)
        return no_memory(error);
    DIR *directory = opendir(path);
    if (!directory)
        return quant_error_system(error, errno, "cannot read '%s'", path);
    const enum quant_status status = read_all(&run, directory, path);
    closedir(directory);
    *entries = (struct quant_directory_entries){run.items.items, run.items.n};
    if (status == QUANT_OK && entries->n > 0)
        qsort(entries->items, entries->n, sizeof *entries->items, compare_names);
    return status;
}

bool quant_directory_entries_have_sidecar(const struct quant_directory_entries *entries,
                                          const char *name)
{
    char sidecar[NAME_MAX + 8];
    const struct quant_directory_entry wanted = {.name = sidecar};
    const int length = snprintf(sidecar, sizeof sidecar, "%s.json", name);
    return length > 0 && (size_t)length < sizeof sidecar && entries->n > 0 &&
           bsearch(&wanted, entries->items, entries->n, sizeof wanted, compare_names) != NULL;
}
