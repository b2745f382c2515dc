/* SPDX-License-Identifier: MIT */
/* Which tensor is in which shard: the index says it, or else the header of each. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/growing_list.h"
#include "engine/files/against_directory.h"
#include "engine/files/checkpoint_file.h"
#include "engine/tensor/container_input.h"
#include "records/shard_index.h"

struct reading {
    struct quant_against_directory *directory;
    struct quant_against_checkpoint *checkpoint;
    struct quant_growing_list names;
    struct quant_error *error;
};

static enum quant_status add_name(struct reading *reading, const char *tensor, uint32_t shard)
{
    struct quant_against_name name = {
        .tensor = quant_arena_join(&reading->directory->arena, tensor, ""), .shard = shard};
    if (!name.tensor || !quant_growing_list_add(&reading->names, &name, sizeof name))
        return quant_error_no_memory(reading->error, sizeof name, "names");
    if (shard != QUANT_AGAINST_LOST)
        reading->checkpoint->is_named[shard] = true;
    return QUANT_OK;
}

/* ---- The index ---- */

static uint32_t find_shard(const struct quant_checkpoint *listed, const char *name)
{
    size_t first = 0;
    for (size_t end = listed->nshards; first < end;) {
        const size_t middle = first + (end - first) / 2;
        const int order = strcmp(listed->shards[middle], name);
        if (order == 0)
            return (uint32_t)middle;
        if (order < 0)
            first = middle + 1;
        else
            end = middle;
    }
    return QUANT_AGAINST_LOST;
}

static enum quant_status read_index(struct reading *reading)
{
    const struct quant_checkpoint *listed = reading->checkpoint->listed;
    struct quant_shard_index index = {.n = 0};
    struct quant_source *source = NULL;
    char *path = NULL;
    enum quant_status status =
        quant_checkpoint_open(listed->path, listed->index, &reading->directory->job->control.cancel,
                              &path, &source, reading->error);
    if (status == QUANT_OK)
        status = quant_shard_index_read(source, &index, reading->error);
    for (size_t i = 0; status == QUANT_OK && i < index.n; i++)
        status =
            add_name(reading, index.entries[i].tensor, find_shard(listed, index.entries[i].shard));
    quant_shard_index_release(&index);
    quant_source_close(source);
    free(path);
    return status;
}

/* ---- The headers ---- */

static enum quant_status read_header(struct reading *reading, uint32_t shard)
{
    const struct quant_checkpoint *listed = reading->checkpoint->listed;
    const struct quant_cancel *cancel = &reading->directory->job->control.cancel;
    struct quant_container_input input = {.source = NULL};
    struct quant_source *source = NULL;
    char *path = NULL;
    enum quant_status status = quant_checkpoint_open(listed->path, listed->shards[shard], cancel,
                                                     &path, &source, reading->error);
    if (status == QUANT_OK)
        status = quant_container_input_open(&input, source, &quant_format_safetensors, cancel,
                                            reading->error);
    for (size_t i = 0; status == QUANT_OK && i < input.file->n; i++)
        status = add_name(reading, input.file->tensors[i].name, shard);
    quant_container_input_close(&input);
    free(path);
    return status;
}

/* ---- Both ---- */

static int compare_names(const void *a, const void *b)
{
    const struct quant_against_name *first = a;
    const struct quant_against_name *second = b;
    const int order = strcmp(first->tensor, second->tensor);
    return order != 0 ? order : (first->shard > second->shard) - (first->shard < second->shard);
}

enum quant_status quant_against_checkpoint_read(struct quant_against_directory *directory,
                                                struct quant_against_checkpoint *checkpoint,
                                                struct quant_error *error)
{
    const struct quant_checkpoint *listed = checkpoint->listed;
    struct reading reading = {.directory = directory, .checkpoint = checkpoint, .error = error};
    enum quant_status status = QUANT_OK;
    const size_t nbytes = listed->nshards * sizeof *checkpoint->is_named;
    checkpoint->is_named = quant_arena_take(&directory->arena, nbytes);
    if (!checkpoint->is_named)
        return quant_error_no_memory(error, nbytes, "names");
    memset(checkpoint->is_named, 0, nbytes);
    if (listed->index)
        status = read_index(&reading);
    for (size_t i = 0; status == QUANT_OK && !listed->index && i < listed->nshards; i++)
        status = read_header(&reading, (uint32_t)i);
    checkpoint->names = reading.names.items;
    checkpoint->n = reading.names.n;
    if (checkpoint->n > 0)
        qsort(checkpoint->names, checkpoint->n, sizeof *checkpoint->names, compare_names);
    return status;
}

struct quant_against_name *quant_against_names_of(const struct quant_against_checkpoint *checkpoint,
                                                  const char *tensor, size_t *n)
{
    size_t first = 0;
    for (size_t end = checkpoint->n; first < end;) {
        const size_t middle = first + (end - first) / 2;
        if (strcmp(checkpoint->names[middle].tensor, tensor) < 0)
            first = middle + 1;
        else
            end = middle;
    }
    size_t last = first;
    while (last < checkpoint->n && strcmp(checkpoint->names[last].tensor, tensor) == 0)
        last++;
    *n = last - first;
    return *n > 0 ? checkpoint->names + first : NULL;
}
