/* SPDX-License-Identifier: MIT */
#include "engine/files/layout_shards.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "engine/files/checkpoint_file.h"
#include "io/io.h"

struct quant_layout_shard {
    struct quant_container_input input;
    char *path; /* owned; NULL: the caller's */
};

static enum quant_status open_shard(struct quant_layout_shards *shards, const char *path,
                                    char *owned, struct quant_error *error)
{
    struct quant_layout_shard shard = {.path = owned};
    struct quant_source *source = NULL;
    enum quant_status status = owned
                                   ? quant_input_open_regular(path, shards->cancel, &source, error)
                                   : quant_input_open(path, shards->cancel, &source, error);
    if (status == QUANT_OK)
        status = quant_container_input_open(&shard.input, source, &quant_format_safetensors,
                                            shards->cancel, error);
    if (status == QUANT_OK && !quant_growing_list_add(&shards->opened, &shard, sizeof shard))
        status = quant_error_no_memory(error, sizeof shard, "shards");
    if (status == QUANT_OK)
        return QUANT_OK;
    quant_container_input_close(&shard.input);
    free(owned);
    return status;
}

enum quant_status quant_layout_shards_open(struct quant_layout_shards *shards, const char *path,
                                           const struct quant_cancel *cancel,
                                           struct quant_error *error)
{
    shards->path = path;
    shards->cancel = cancel;
    const enum quant_status status = open_shard(shards, path, NULL, error);
    if (status == QUANT_OK)
        shards->file = ((struct quant_layout_shard *)shards->opened.items)->input.file;
    return status;
}

/* ---- The others ---- */

/* The index of the checkpoint that the file is a shard of, if it has one. */
static enum quant_status read_index(struct quant_layout_shards *shards, struct quant_error *error)
{
    struct quant_directory directory;
    struct quant_source *source = NULL;
    char *index_path = NULL;
    char *path = quant_path_beside(".", shards->path);
    if (!path)
        return quant_error_no_memory(error, strlen(shards->path), "path");
    const struct quant_directory_job job = {
        .size = sizeof job, .path = path, .finds = QUANT_FINDS_ALL, .cancel = *shards->cancel};
    enum quant_status status = quant_directory_list(&job, &directory, error);
    shards->has_index = true;
    if (status == QUANT_OK && directory.ncheckpoints > 0 && directory.checkpoints[0].index)
        status = quant_checkpoint_open(path, directory.checkpoints[0].index, shards->cancel,
                                       &index_path, &source, error);
    if (status == QUANT_OK && source)
        status = quant_shard_index_read(source, &shards->index, error);
    quant_source_close(source);
    quant_directory_release(&directory);
    free(index_path);
    free(path);
    return status;
}

enum quant_status quant_layout_shards_index(struct quant_layout_shards *shards,
                                            const struct quant_shard_index **index,
                                            struct quant_error *error)
{
    *index = &shards->index;
    return shards->has_index ? QUANT_OK : read_index(shards, error);
}

static void take(const struct quant_layout_shard *shard, size_t index,
                 const struct quant_tensor_info **info, struct quant_source **source)
{
    *info = &shard->input.file->tensors[index];
    *source = shard->input.source;
}

/* In one of those that are open. */
static bool find_open(const struct quant_layout_shards *shards, const char *path, const char *name,
                      bool *is_open, const struct quant_tensor_info **info,
                      struct quant_source **source)
{
    const struct quant_layout_shard *opened = shards->opened.items;
    size_t index;
    for (size_t i = 0; i < shards->opened.n; i++) {
        if (strcmp(opened[i].path ? opened[i].path : shards->path, path) != 0)
            continue;
        *is_open = true;
        if (!quant_tensor_file_find(opened[i].input.file, name, &index))
            return false;
        take(&opened[i], index, info, source);
        return true;
    }
    return false;
}

enum quant_status quant_layout_shards_find(struct quant_layout_shards *shards, const char *name,
                                           const struct quant_tensor_info **info,
                                           struct quant_source **source, struct quant_error *error)
{
    size_t index;
    bool is_open = false;
    *info = NULL;
    *source = NULL;
    if (quant_tensor_file_find(shards->file, name, &index)) {
        take(shards->opened.items, index, info, source);
        return QUANT_OK;
    }
    const struct quant_shard_index *all = NULL;
    enum quant_status status = quant_layout_shards_index(shards, &all, error);
    const struct quant_shard_entry *entry =
        status == QUANT_OK ? quant_shard_index_find(all, name) : NULL;
    if (!entry)
        return status;
    char *path = quant_path_beside(entry->shard, shards->path);
    if (!path)
        return quant_error_no_memory(error, strlen(entry->shard), "path");
    find_open(shards, path, name, &is_open, info, source);
    if (is_open) {
        free(path);
        return QUANT_OK;
    }
    status = open_shard(shards, path, path, error);
    if (status == QUANT_OK)
        find_open(shards, path, name, &is_open, info, source);
    return status;
}

/* ---- The end ---- */

struct quant_source *quant_layout_shards_join(struct quant_layout_shards *shards,
                                              const struct quant_source_piece *pieces,
                                              size_t npieces, const char *name)
{
    struct quant_layout_shard *opened = shards->opened.items;
    struct quant_joined_part *parts = calloc(shards->opened.n + 1, sizeof *parts);
    if (!parts)
        return NULL;
    for (size_t i = 0; i < shards->opened.n; i++)
        parts[i] = (struct quant_joined_part){opened[i].input.source, opened[i].path};
    struct quant_source *joined = quant_source_join(parts, shards->opened.n, pieces, npieces, name);
    free(parts);
    for (size_t i = 0; joined && i < shards->opened.n; i++) {
        opened[i].input.source = NULL;
        opened[i].path = NULL;
    }
    return joined;
}

void quant_layout_shards_close(struct quant_layout_shards *shards)
{
    struct quant_layout_shard *opened = shards->opened.items;
    for (size_t i = 0; i < shards->opened.n; i++) {
        quant_container_input_close(&opened[i].input);
        free(opened[i].path);
    }
    free(opened);
    quant_shard_index_release(&shards->index);
    *shards = (struct quant_layout_shards){.file = NULL};
}
