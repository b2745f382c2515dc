/* SPDX-License-Identifier: MIT */
/* The files and directories in one directory. */
#ifndef QUANT_ENGINE_FILES_DIRECTORY_ENTRIES_H
#define QUANT_ENGINE_FILES_DIRECTORY_ENTRIES_H

#include <quant/quant.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/growing_list.h"

/* Which directory it is, whatever the path that leads to it. */
struct quant_directory_place {
    dev_t device;
    ino_t inode;
};

struct quant_directory_entry {
    const char *name;
    const char *path;
    bool is_directory;
    struct quant_directory_place place; /* of a directory */
};

struct quant_directory_entries {
    struct quant_directory_entry *items; /* owned: n of them, sorted by name */
    size_t n;
};

/* Lists the directory at path; its names and paths are of the arena. Links are followed. Hidden
 * entries, and what is neither a file nor a directory, are left out. Entries that cannot be looked
 * up are left out too, and added to errors (struct quant_error). QUANT_IO: the directory cannot be
 * read. The caller frees the items, also after an error. */
enum quant_status quant_directory_entries_read(const char *path, struct quant_arena *arena,
                                               struct quant_growing_list *errors,
                                               struct quant_directory_entries *entries,
                                               struct quant_error *error);

/* Whether the sidecar of name is among the entries. */
bool quant_directory_entries_have_sidecar(const struct quant_directory_entries *entries,
                                          const char *name);

/* Adds *error to errors if status is QUANT_IO, and returns QUANT_OK then. Any other status is
 * returned as it is. */
enum quant_status quant_directory_pass_over(struct quant_growing_list *errors,
                                            enum quant_status status, struct quant_error *error);

#endif
