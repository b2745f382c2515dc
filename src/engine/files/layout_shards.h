/* SPDX-License-Identifier: MIT */
/* A shard, and those beside it that have the scales of its weights, which are opened when they are
 * first needed. */
#ifndef QUANT_ENGINE_FILES_LAYOUT_SHARDS_H
#define QUANT_ENGINE_FILES_LAYOUT_SHARDS_H

#include <quant/directory.h>

#include "base/growing_list.h"
#include "base/joined_source.h"
#include "engine/tensor/container_input.h"
#include "records/shard_index.h"

/* All zeros: closed. */
struct quant_layout_shards {
    const struct quant_tensor_file *file; /* of the first */
    const char *path;                     /* borrowed: of the first */
    const struct quant_cancel *cancel;
    struct quant_growing_list opened; /* struct quant_layout_shard */
    struct quant_shard_index index;
    bool has_index; /* it was looked for */
};

enum quant_status quant_layout_shards_open(struct quant_layout_shards *shards, const char *path,
                                           const struct quant_cancel *cancel,
                                           struct quant_error *error);

/* Finds a tensor in the first shard, or where the index beside it says it is; both NULL: nowhere.
 */
enum quant_status quant_layout_shards_find(struct quant_layout_shards *shards, const char *name,
                                           const struct quant_tensor_info **info,
                                           struct quant_source **source, struct quant_error *error);

/* The index, without entries if the checkpoint has no index. */
enum quant_status quant_layout_shards_index(struct quant_layout_shards *shards,
                                            const struct quant_shard_index **index,
                                            struct quant_error *error);

/* As quant_source_join, of the pieces of all shards that were opened, whose sources it takes. */
struct quant_source *quant_layout_shards_join(struct quant_layout_shards *shards,
                                              const struct quant_source_piece *pieces,
                                              size_t npieces, const char *name);

void quant_layout_shards_close(struct quant_layout_shards *shards);

#endif
