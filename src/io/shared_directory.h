/* SPDX-License-Identifier: MIT */
/* What thousands of files of one directory need not ask the system one by one. All of it is found
 * when a call begins, or by its first file: it is for a call that has many files. */
#ifndef QUANT_IO_SHARED_DIRECTORY_H
#define QUANT_IO_SHARED_DIRECTORY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct quant_shared_directory {
    const char *path; /* borrowed: of a file in it; its first length bytes are the directory */
    size_t length;
    bool was_empty;            /* when the call began */
    bool had_json;             /* when the call began: a name that ends in ".json" */
    atomic_bool takes_unnamed; /* a file without a name could be made here: so can others */
    atomic_uint_fast64_t room; /* bytes that are known to be free; 0: ask again */
};

/* The directory of path, which must outlive it, without a look at it: nothing is taken for granted.
 */
struct quant_shared_directory quant_shared_directory_named(const char *path);

/* Looks at the directory of path, which must outlive *directory. If it cannot be read, nothing is
 * taken for granted. */
void quant_shared_directory_init(struct quant_shared_directory *directory, const char *path);

/* Whether path is in the directory. NULL is not one. */
bool quant_shared_directory_has(const struct quant_shared_directory *directory, const char *path);

/* Whether nothing had the name path when the call began: no need to look. false: look. What another
 * process has created since is found when the output gets its name. */
bool quant_shared_directory_was_free(const struct quant_shared_directory *directory,
                                     const char *path);

/* Whether the file at path had no sidecar of the usual name when the call began. false: look. */
bool quant_shared_directory_no_sidecar(const struct quant_shared_directory *directory,
                                       const char *path);

#endif
