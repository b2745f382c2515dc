/* SPDX-License-Identifier: MIT */
#include "io/shared_directory.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

static size_t directory_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

/* Every directory has these. */
static bool is_dots(const char *name)
{
    return name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static bool is_json(const char *name)
{
    const size_t length = strlen(name);
    return length >= 5 && strcmp(name + length - 5, ".json") == 0;
}

static void look_at(struct quant_shared_directory *directory, DIR *entries)
{
    directory->was_empty = true;
    directory->had_json = false;
    for (const struct dirent *entry = readdir(entries); entry && !directory->had_json;
         entry = readdir(entries)) {
        directory->was_empty = directory->was_empty && is_dots(entry->d_name);
        directory->had_json = is_json(entry->d_name);
    }
}

struct quant_shared_directory quant_shared_directory_named(const char *path)
{
    return (struct quant_shared_directory){
        .path = path, .length = directory_length(path), .had_json = true};
}

void quant_shared_directory_init(struct quant_shared_directory *directory, const char *path)
{
    const size_t length = directory_length(path);
    char *name = length > 0 ? strndup(path, length) : strdup(".");
    DIR *entries = name ? opendir(name) : NULL;
    *directory = quant_shared_directory_named(path);
    if (entries) {
        look_at(directory, entries);
        closedir(entries);
    }
    free(name);
}

bool quant_shared_directory_has(const struct quant_shared_directory *directory, const char *path)
{
    return directory && directory_length(path) == directory->length &&
           memcmp(path, directory->path, directory->length) == 0;
}

bool quant_shared_directory_was_free(const struct quant_shared_directory *directory,
                                     const char *path)
{
    return quant_shared_directory_has(directory, path) && directory->was_empty &&
           !is_dots(path + directory->length) && strcmp(path, "-") != 0;
}

bool quant_shared_directory_no_sidecar(const struct quant_shared_directory *directory,
                                       const char *path)
{
    return quant_shared_directory_has(directory, path) && !directory->had_json;
}
