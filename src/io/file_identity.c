/* SPDX-License-Identifier: MIT */
/* Each file is looked up at most once, and the identities are sorted. An input is the same file as
 * an output only if the output exists. If no output does, an input is looked up no more than its
 * directory: it then counts as a file that does not exist. */
#include "io/file_identity.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

static const char *last_component(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Every directory has these. */
static bool is_dots(const char *name)
{
    return name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static bool directory_is_empty(const char *path)
{
    DIR *entries = opendir(path);
    if (!entries)
        return false;
    const struct dirent *entry = readdir(entries);
    while (entry && is_dots(entry->d_name))
        entry = readdir(entries);
    closedir(entries);
    return !entry;
}

/* Looks up the first length bytes of path. */
static void directory_look_up(struct quant_identity_directory *directory, const char *path,
                              size_t length)
{
    if (directory->path && directory->length == length &&
        memcmp(directory->path, path, length) == 0)
        return;
    char *name = length > 0 ? strndup(path, length) : strdup(".");
    directory->path = path;
    directory->length = length;
    directory->found = name && stat(name, &directory->status) == 0;
    directory->is_empty = directory->found && directory->for_many && directory_is_empty(name);
    free(name);
}

static bool look_up(const char *path, bool is_output, struct quant_identity_directory *directory,
                    struct quant_identity *identity, struct stat *status)
{
    const bool is_stream = strcmp(path, "-") == 0;
    const bool none_is_old = directory->has_outputs && !directory->has_old;
    directory->has_outputs = directory->has_outputs || is_output;
    directory->has_old = directory->has_old || (is_output && is_stream);
    if (is_stream)
        return fstat(is_output ? STDOUT_FILENO : STDIN_FILENO, status) == 0;
    const char *name = last_component(path);
    const size_t length = (size_t)(name - path);
    if (is_output)
        directory_look_up(directory, path, length);
    const bool can_exist = is_output ? !directory->is_empty || is_dots(name) : !none_is_old;
    if (can_exist && stat(path, status) == 0) {
        directory->has_old = directory->has_old || is_output;
        return true;
    }
    directory_look_up(directory, path, length);
    identity->name = name;
    *status = directory->status;
    if (directory->found || !is_output)
        return directory->found;
    /* A directory that is still to be created is known by its path. No device has number 0. */
    status->st_dev = 0;
    status->st_ino = (ino_t)XXH3_64bits(path, length);
    return true;
}

bool quant_identify(const char *path, bool is_output, size_t number,
                    struct quant_identity_directory *directory, struct quant_identity *identity)
{
    struct stat status;
    if (!path)
        return false;
    *identity = (struct quant_identity){.name = "", .number = number};
    if (!look_up(path, is_output, directory, identity, &status) || S_ISCHR(status.st_mode) ||
        S_ISFIFO(status.st_mode))
        return false;
    identity->device = status.st_dev;
    identity->inode = status.st_ino;
    return true;
}

int quant_identity_compare(const struct quant_identity *a, const struct quant_identity *b)
{
    if (a->device != b->device)
        return a->device < b->device ? -1 : 1;
    if (a->inode != b->inode)
        return a->inode < b->inode ? -1 : 1;
    const int names = strcmp(a->name, b->name);
    return names != 0 ? names : (a->number > b->number) - (a->number < b->number);
}

static int compare(const void *a, const void *b)
{
    return quant_identity_compare(a, b);
}

void quant_identities_sort(struct quant_identity *identities, size_t count)
{
    qsort(identities, count, sizeof *identities, compare);
}

bool quant_identity_equal(const struct quant_identity *a, const struct quant_identity *b)
{
    return a->device == b->device && a->inode == b->inode && strcmp(a->name, b->name) == 0;
}
