/* SPDX-License-Identifier: MIT */
/*
 * The index of a checkpoint in several files: which tensor is in which shard.
 *
 *     {"metadata": {"total_size": 1234, ...}, "weight_map": {TENSOR: SHARD, ...}}
 *
 * It is read entry by entry, strictly, and written as transformers writes it: indented by two
 * spaces, names sorted.
 */
#ifndef QUANT_RECORDS_SHARD_INDEX_H
#define QUANT_RECORDS_SHARD_INDEX_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/source.h"

struct quant_shard_entry {
    const char *tensor; /* UTF-8 */
    const char *shard;  /* a name without a slash, other than "." and ".." */
};

struct quant_shard_metadata {
    const char *key;
    const char *value; /* JSON text */
};

/* All zeros: empty. */
struct quant_shard_index {
    struct quant_shard_entry *entries; /* owned: n of them, rising by tensor (strcmp) */
    size_t n;
    size_t room;
    struct quant_shard_metadata *metadata; /* owned: nmetadata of them, without total_size */
    size_t nmetadata;
    struct quant_arena arena; /* of all texts */
};

/* source is positional. Errors: QUANT_CORRUPT for what is not such an index: not JSON, two entries
 * for one tensor, a shard that is a path; QUANT_TRUNCATED, QUANT_UNSUPPORTED, QUANT_IO,
 * QUANT_NO_MEMORY. The caller releases *index in any case. */
enum quant_status quant_shard_index_read(struct quant_source *source,
                                         struct quant_shard_index *index,
                                         struct quant_error *error);

/* The entry of a tensor; NULL: none. */
const struct quant_shard_entry *quant_shard_index_find(const struct quant_shard_index *index,
                                                       const char *tensor);

/* Adds an entry; find needs them sorted again. The texts are copied. false: no memory. */
bool quant_shard_index_add(struct quant_shard_index *index, const char *tensor, const char *shard);
void quant_shard_index_sort(struct quant_shard_index *index);

/* Prints the text of the index, with the size of all tensors together. *text is the caller's to
 * free: *nbytes, without a NUL. false: no memory. */
bool quant_shard_index_print(const struct quant_shard_index *index, uint64_t total_nbytes,
                             char **text, size_t *nbytes);

void quant_shard_index_release(struct quant_shard_index *index);

#endif
