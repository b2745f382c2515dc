/* SPDX-License-Identifier: MIT */
/* Files are compared by what they are, not by how they are written: device and inode, or, for one
 * that does not exist yet, those of its folder and its name there. Sorting makes ten thousand files
 * cost ten thousand look-ups. */
#include "engine/paths.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "formats/format.h"
#include "io/io.h"

struct identity {
    dev_t device;
    ino_t inode;
    const char *name; /* in the folder that device and inode are of; "" for an existing file */
    const char *path;
    size_t number; /* in the order of the call: inputs, then outputs */
    bool is_output;
};

static const char *last_component(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool quant_paths_end_alike(const char *a, const char *b)
{
    return strcmp(last_component(a), last_component(b)) == 0;
}

/* Every folder has these. */
static bool is_dots(const char *name)
{
    return name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* The folder that was looked at last: thousands of outputs go to one. */
struct folder {
    bool for_many;    /* it is worth while to see whether the folder is empty */
    const char *path; /* NULL: none yet */
    size_t length;
    bool found;
    bool is_empty; /* nothing in it need be looked at */
    struct stat status;
};

static bool folder_is_empty(const char *path)
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

/* That of path's first length bytes. */
static void folder_look_up(struct folder *folder, const char *path, size_t length)
{
    if (folder->path && folder->length == length && memcmp(folder->path, path, length) == 0)
        return;
    char *name = length > 0 ? strndup(path, length) : strdup(".");
    *folder = (struct folder){.for_many = folder->for_many, .path = path, .length = length};
    folder->found = name && stat(name, &folder->status) == 0;
    folder->is_empty = folder->found && folder->for_many && folder_is_empty(name);
    free(name);
}

/* Of a path, of its folder where it does not exist yet, or of a standard stream, which a shell may
 * have made of any file. false: there is none, or it is no file: opening it will say why. */
static bool look_up(struct identity *identity, struct folder *folder, struct stat *status)
{
    if (strcmp(identity->path, "-") == 0)
        return fstat(identity->is_output ? STDOUT_FILENO : STDIN_FILENO, status) == 0;
    const char *name = last_component(identity->path);
    const size_t length = (size_t)(name - identity->path);
    if (identity->is_output)
        folder_look_up(folder, identity->path, length);
    const bool can_be_there = !identity->is_output || !folder->is_empty || is_dots(name);
    if (can_be_there && stat(identity->path, status) == 0)
        return true;
    folder_look_up(folder, identity->path, length);
    identity->name = name;
    *status = folder->status;
    return folder->found;
}

static bool identify(const char *path, bool is_output, size_t number, struct folder *folder,
                     struct identity *identity)
{
    struct stat status;
    if (!path)
        return false;
    *identity =
        (struct identity){.name = "", .path = path, .number = number, .is_output = is_output};
    if (!look_up(identity, folder, &status) || S_ISCHR(status.st_mode) || S_ISFIFO(status.st_mode))
        return false;
    identity->device = status.st_dev;
    identity->inode = status.st_ino;
    return true;
}

static int compare(const void *a, const void *b)
{
    const struct identity *first = a;
    const struct identity *second = b;
    if (first->device != second->device)
        return first->device < second->device ? -1 : 1;
    if (first->inode != second->inode)
        return first->inode < second->inode ? -1 : 1;
    const int names = strcmp(first->name, second->name);
    if (names != 0)
        return names;
    return first->number < second->number ? -1 : 1;
}

static bool same_file(const struct identity *a, const struct identity *b)
{
    return a->device == b->device && a->inode == b->inode && strcmp(a->name, b->name) == 0;
}

static const char *input_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

static const char *output_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard output" : path;
}

static enum quant_status tell_clash(const struct identity *first, const struct identity *second,
                                    struct quant_error *error)
{
    if (first->is_output && strcmp(first->path, second->path) == 0)
        return quant_error_set(error, QUANT_EXISTS, "the output '%s' would be written twice",
                               first->path);
    if (first->is_output)
        return quant_error_set(error, QUANT_EXISTS, "two outputs are one file: '%s' and '%s'",
                               first->path, second->path);
    return quant_error_set(error, QUANT_EXISTS,
                           "the output '%s' is the input '%s', which is never replaced",
                           output_name(second->path), input_name(first->path));
}

/* Of several, that of the first output in the call: which numbers the system gave to files makes no
 * difference. */
static enum quant_status find_clash(const struct identity *identities, size_t count,
                                    struct quant_error *error)
{
    const struct identity *first = NULL; /* of the clash: it is next to the one behind it */
    for (size_t i = 1; i < count; i++) {
        const struct identity *second = &identities[i];
        if (second->is_output && same_file(second - 1, second) &&
            (!first || second->number < first[1].number))
            first = second - 1;
    }
    return first ? tell_clash(first, first + 1, error) : QUANT_OK;
}

enum quant_status quant_paths_distinct(const char *const *inputs, size_t ninputs,
                                       const char *const *outputs, size_t noutputs,
                                       struct quant_error *error)
{
    struct identity *identities = calloc(ninputs + noutputs + 1, sizeof *identities);
    if (!identities)
        return quant_error_no_memory(error, (ninputs + noutputs) * sizeof *identities, "paths");
    size_t count = 0;
    struct folder folder = {.for_many = noutputs > 16};
    for (size_t i = 0; i < ninputs; i++)
        count += identify(inputs[i], false, i, &folder, &identities[count]);
    for (size_t i = 0; i < noutputs; i++)
        count += identify(outputs[i], true, ninputs + i, &folder, &identities[count]);
    qsort(identities, count, sizeof *identities, compare);
    const enum quant_status status = find_clash(identities, count, error);
    free(identities);
    return status;
}

char *quant_file_scales_name(const char *sidecar)
{
    static const char json[] = ".json";
    static const char own[] = ".scales";
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

enum quant_status quant_file_check_paths(const char *const *inputs, const char *const *outputs,
                                         const char *const *sidecars, const char *const *scales,
                                         size_t n, struct quant_error *error)
{
    const char *const *const lists[] = {outputs, sidecars, scales};
    enum { LISTS = sizeof lists / sizeof lists[0] };
    const char **all = calloc(LISTS * n + 1, sizeof *all);
    if (!all)
        return quant_error_no_memory(error, LISTS * n * sizeof *all, "paths");
    for (size_t i = 0; i < LISTS; i++)
        if (lists[i])
            memcpy(all + i * n, lists[i], n * sizeof *all);
    const enum quant_status status = quant_paths_distinct(inputs, n, all, LISTS * n, error);
    free(all);
    return status;
}

char *quant_sidecar_default(const char *path)
{
    char *sidecar = NULL;
    return asprintf(&sidecar, "%s.json", path) < 0 ? NULL : sidecar;
}

/* The extension of the last component with its dot, "" where it has none: a leading dot hides a
 * file, it does not begin an extension. */
static const char *extension_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && dot != name ? dot : name + strlen(name);
}

char *quant_file_output_name(const char *path, const char *tag, const char *format,
                             const char *directory)
{
    const char *name = last_component(path);
    const char *dot = extension_of(name);
    const int stem = (int)(dot - name);
    const int folder = directory ? (int)strlen(directory) : (int)(name - path);
    const char *slash = directory && folder > 0 && directory[folder - 1] != '/' ? "/" : "";
    const struct quant_format *to = format ? quant_format_from_name(format) : NULL;
    const bool keeps = !to || quant_format_from_path(name) == to;
    char *result = NULL;
    const int length =
        asprintf(&result, "%.*s%s%.*s.%s%s%s", folder, directory ? directory : path, slash, stem,
                 name, tag, keeps ? "" : ".", keeps ? dot : to->extensions[0]);
    return length < 0 ? NULL : result;
}
