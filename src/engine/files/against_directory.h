/* SPDX-License-Identifier: MIT */
/*
 * The directory that files are verified against: its tensor files, and the names of the tensors of
 * its checkpoints. It is listed once for all files of the job, and no file in it stays open.
 */
#ifndef QUANT_ENGINE_FILES_AGAINST_DIRECTORY_H
#define QUANT_ENGINE_FILES_AGAINST_DIRECTORY_H

#include <quant/directory.h>
#include <quant/verify.h>
#include <stdatomic.h>

#include "base/arena.h"

/* A tensor of a checkpoint. */
struct quant_against_name {
    const char *tensor;
    uint32_t shard; /* index in the checkpoint's shards; QUANT_AGAINST_LOST: none of them */
    atomic_bool is_seen;
};

#define QUANT_AGAINST_LOST UINT32_MAX

/* All names are sorted by tensor, then by shard. */
struct quant_against_checkpoint {
    const struct quant_checkpoint *listed;
    size_t first; /* its first shard in the directory's files; the others come after it */
    struct quant_against_name *names; /* owned: n of them; those of the index, if it has one */
    size_t n;
    bool *is_named; /* of the arena: for each shard, whether names has tensors of it */
};

struct quant_against_item {
    const struct quant_directory_file *file;
    const char *key; /* of the arena: the path in the directory, without extension and types */
    atomic_bool is_matched; /* a file of the job was made from it, or from the same */
    atomic_bool is_read;    /* a shard: the names of tensors of that file are known */
};

struct quant_against_directory {
    const struct quant_verify_job *job;
    struct quant_directory listing;
    struct quant_against_item *items;             /* owned: one for each file of the listing */
    uint32_t *by_key;                             /* owned: their indices, by rising key */
    struct quant_against_checkpoint *checkpoints; /* owned: one for each of the listing */
    struct quant_arena arena;
};

/* Whether job->against is a directory. */
bool quant_against_is_directory(const struct quant_verify_job *job);

/* Lists the directory, and reads the index of each checkpoint, or else the headers of its shards.
 * The caller closes it, also after an error: QUANT_INVALID if there are no tensor files; those of
 * listing and reading. */
enum quant_status quant_against_directory_open(struct quant_against_directory *directory,
                                               const struct quant_verify_job *job,
                                               struct quant_error *error);

/* Fine on zeros. */
void quant_against_directory_close(struct quant_against_directory *directory);

/* The key of a path, which the caller frees: "sub/w" for sub/w.int8.npy. NULL: no memory. */
char *quant_against_key(const char *relative);

/* The items of that key: *n of directory->by_key. */
const uint32_t *quant_against_of_key(const struct quant_against_directory *directory,
                                     const char *key, size_t *n);

/* ---- Checkpoints ---- */

/* Reads the names of a checkpoint, whose listed and first are set. */
enum quant_status quant_against_checkpoint_read(struct quant_against_directory *directory,
                                                struct quant_against_checkpoint *checkpoint,
                                                struct quant_error *error);

/* The entries of a tensor, one for each shard that has it: *n of checkpoint->names. */
struct quant_against_name *quant_against_names_of(const struct quant_against_checkpoint *checkpoint,
                                                  const char *tensor, size_t *n);

/* ---- At the end ---- */

/* Reports what is missing, of files with QUANT_AGAINST_WHOLE. Returns the status of the first that
 * is, with its error; or QUANT_CANCELLED, QUANT_NO_MEMORY. */
enum quant_status quant_against_report_missing(const struct quant_against_directory *directory,
                                               struct quant_error *error);

#endif
