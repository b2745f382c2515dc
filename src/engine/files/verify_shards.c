/* SPDX-License-Identifier: MIT */
/* Each file is opened once, before the tensors are worked on by several threads. */
#include "engine/files/verify_shards.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "engine/files/scale_names.h"

struct quant_verify_shard {
    struct quant_against_file file;
    struct quant_input input;
    bool is_open; /* else a finding of the run says why not */
};

/* In place of an index, for a tensor that is not compared: */
#define NOT_OPEN UINT32_MAX      /* what keeps it from that is said of the file */
#define MISSING (UINT32_MAX - 1) /* there is no such tensor */
#define SEVERAL (UINT32_MAX - 2) /* more than one shard has it, and there is no index */

struct opening {
    struct quant_verify_shards *shards;
    struct quant_verify_run *run;
    const struct quant_verify_tensors *tensors;
    const struct quant_against_checkpoint *checkpoint;
    uint32_t same; /* the shard that is the partner; QUANT_AGAINST_LOST: none */
};

static enum quant_status no_memory(const struct opening *opening, size_t nbytes)
{
    return quant_error_no_memory(opening->run->error, nbytes, "tensors");
}

static void add_finding(const struct opening *opening, const struct quant_error *error)
{
    quant_findings_add(opening->run->findings, QUANT_FAULT_AGAINST, error);
}

/* ---- One file ---- */

/* A file of one tensor is the original of one tensor, and read by one thread. */
static enum quant_status open_file(const struct opening *opening, size_t i, const char *path)
{
    struct quant_verify_run *run = opening->run;
    const struct quant_restored_tensors *restored = opening->tensors->restored;
    const size_t nmapped = restored->n - restored->ncopied;
    struct quant_verify_shard *shard = calloc(1, sizeof *shard);
    if (!shard)
        return no_memory(opening, sizeof *shard);
    opening->shards->list[i] = shard;
    shard->input = *run->against;
    shard->input.path = path;
    enum quant_status status =
        quant_against_file_open(&shard->file, &shard->input, &run->control->cancel, run->error);
    if (status == QUANT_OK && nmapped > 1 && shard->file.floats.single.source)
        status = quant_source_error(shard->file.floats.single.source, run->error, QUANT_INVALID,
                                    "it has one tensor, and '%.200s' has %zu quantized ones",
                                    run->path, nmapped);
    shard->is_open = quant_findings_take(run->findings, QUANT_FAULT_AGAINST, &status, run->error);
    return status;
}

/* NULL: it is a file of one tensor, or not open. */
static const struct quant_tensor_file *catalogue_of(const struct quant_verify_shard *shard)
{
    if (!shard->is_open)
        return NULL;
    return shard->file.quantized ? shard->file.other.file : shard->file.floats.input.file;
}

static enum quant_status make_list(const struct opening *opening, size_t n)
{
    struct quant_verify_shards *shards = opening->shards;
    shards->list = calloc(n, sizeof(void *));
    if (!shards->list)
        return no_memory(opening, n * sizeof(void *));
    shards->n = n;
    return QUANT_OK;
}

static enum quant_status make_places(const struct opening *opening)
{
    struct quant_verify_shards *shards = opening->shards;
    const size_t nbytes = (opening->tensors->restored->n + 1) * sizeof *shards->of;
    shards->of = malloc(nbytes);
    if (!shards->of)
        return no_memory(opening, nbytes);
    memset(shards->of, 0xFF, nbytes); /* NOT_OPEN */
    return QUANT_OK;
}

/* ---- One file of a directory ---- */

static bool has_tensor(const void *context, const char *name)
{
    size_t i;
    return quant_tensor_file_find(context, name, &i);
}

/* What the other container has besides. Scales may be there on one side only. */
static enum quant_status find_others(const struct opening *opening,
                                     const struct quant_tensor_file *other)
{
    const struct quant_verify_run *run = opening->run;
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; status == QUANT_OK && i < other->n; i++) {
        const char *name = other->tensors[i].name;
        struct quant_error error;
        bool is_scale = false;
        if (has_tensor(opening->tensors->file, name) || !quant_selection_has(run->selection, name))
            continue;
        status = quant_is_scale_name(name, has_tensor, other, &is_scale, run->error);
        if (status != QUANT_OK || is_scale)
            continue;
        quant_error_set(&error, QUANT_CORRUPT,
                        "'%.400s': it has no tensor '%.200s', as '%.300s' has", run->path, name,
                        run->against->path);
        add_finding(opening, &error);
    }
    return status;
}

static enum quant_status open_only(const struct opening *opening)
{
    struct quant_verify_shards *shards = opening->shards;
    const struct quant_verify_run *run = opening->run;
    const size_t n = opening->tensors->restored->n;
    if (!run->against->path)
        return QUANT_OK;
    enum quant_status status = make_list(opening, 1);
    if (status == QUANT_OK)
        status = open_file(opening, 0, run->against->path);
    const struct quant_tensor_file *other =
        status == QUANT_OK ? catalogue_of(shards->list[0]) : NULL;
    if (!run->directory || !other)
        return status;
    status = make_places(opening);
    for (size_t i = 0; status == QUANT_OK && i < n; i++)
        shards->of[i] =
            has_tensor(other, opening->tensors->name(opening->tensors->context, i)) ? 0 : MISSING;
    return status == QUANT_OK ? find_others(opening, other) : status;
}

/* ---- The shards of a checkpoint ---- */

static enum quant_status open_shard(const struct opening *opening, uint32_t shard)
{
    const struct quant_against_item *items = opening->run->directory->items;
    return opening->shards->list[shard]
               ? QUANT_OK
               : open_file(opening, shard, items[opening->checkpoint->first + shard].file->path);
}

/* Whether the partner, which no index need name, has the tensor. */
static enum quant_status is_in_same(const struct opening *opening, const char *name, bool *is)
{
    *is = false;
    if (opening->same == QUANT_AGAINST_LOST)
        return QUANT_OK;
    const enum quant_status status = open_shard(opening, opening->same);
    const struct quant_tensor_file *catalogue =
        status == QUANT_OK ? catalogue_of(opening->shards->list[opening->same]) : NULL;
    *is = catalogue && has_tensor(catalogue, name);
    return status;
}

/* Whether the partner cannot be read: then nobody knows what it has. */
static bool is_same_unread(const struct opening *opening)
{
    const struct quant_verify_shard *same =
        opening->same == QUANT_AGAINST_LOST ? NULL : opening->shards->list[opening->same];
    return same && !same->is_open;
}

static void add_lost(const struct opening *opening)
{
    const struct quant_checkpoint *listed = opening->checkpoint->listed;
    struct quant_error error;
    quant_error_set(&error, QUANT_CORRUPT,
                    "'%.400s': the index '%.200s' in '%.300s' says that its tensors are in a shard "
                    "that is not there",
                    opening->run->path, listed->index, listed->path);
    add_finding(opening, &error);
}

/* The index decides over the shards that it names. */
static enum quant_status find_place(const struct opening *opening, const char *name,
                                    uint32_t *place)
{
    const struct quant_against_checkpoint *checkpoint = opening->checkpoint;
    const bool has_index = checkpoint->listed->index;
    const bool is_named =
        opening->same != QUANT_AGAINST_LOST && checkpoint->is_named[opening->same];
    enum quant_status status = QUANT_OK;
    bool is_same = false;
    size_t n = 0;
    struct quant_against_name *names = quant_against_names_of(checkpoint, name, &n);
    for (size_t i = 0; i < n; i++)
        atomic_store(&names[i].is_seen, true);
    if (!has_index || !is_named || n == 0)
        status = is_in_same(opening, name, &is_same);
    *place = is_same ? opening->same : n == 1 ? names[0].shard : n == 0 ? MISSING : SEVERAL;
    return status;
}

/* Opens the shard, which has the tensor if the index is right. */
static enum quant_status open_place(const struct opening *opening, const char *name,
                                    uint32_t *place)
{
    if (*place == MISSING && is_same_unread(opening))
        *place = NOT_OPEN;
    if (*place == MISSING || *place == SEVERAL || *place == QUANT_AGAINST_LOST)
        return QUANT_OK; /* a lost shard is not open */
    const enum quant_status status = open_shard(opening, *place);
    const struct quant_verify_shard *shard = opening->shards->list[*place];
    if (status != QUANT_OK || !shard->is_open)
        *place = NOT_OPEN;
    else if (catalogue_of(shard) && !has_tensor(catalogue_of(shard), name))
        *place = MISSING;
    return status;
}

static enum quant_status find_all(const struct opening *opening)
{
    const struct quant_verify_tensors *tensors = opening->tensors;
    uint32_t *of = opening->shards->of;
    enum quant_status status = QUANT_OK;
    size_t nmissing = 0;
    bool is_lost = false;
    for (size_t i = 0; status == QUANT_OK && i < tensors->restored->n; i++) {
        const char *name = tensors->name(tensors->context, i);
        status = find_place(opening, name, &of[i]);
        is_lost = is_lost || of[i] == QUANT_AGAINST_LOST;
        if (status == QUANT_OK)
            status = open_place(opening, name, &of[i]);
        nmissing += of[i] == MISSING;
    }
    if (is_lost)
        add_lost(opening);
    if (status != QUANT_OK || nmissing == 0 || nmissing < tensors->restored->n)
        return status;
    struct quant_error error; /* one line, instead of one for each tensor */
    quant_error_set(&error, QUANT_CORRUPT, "'%.400s': nothing in '%.400s' has one of its tensors",
                    opening->run->path, opening->checkpoint->listed->path);
    add_finding(opening, &error);
    memset(of, 0xFF, nmissing * sizeof *of);
    return QUANT_OK;
}

static enum quant_status open_checkpoint(const struct opening *opening)
{
    const struct quant_against_partner *partner = &opening->run->partner;
    enum quant_status status = make_list(opening, opening->checkpoint->listed->nshards);
    if (status == QUANT_OK)
        status = make_places(opening);
    if (status == QUANT_OK)
        status = find_all(opening);
    if (status == QUANT_OK && partner->item)
        atomic_store(&partner->item->is_read, true);
    return status;
}

/* ---- Either ---- */

enum quant_status quant_verify_shards_open(struct quant_verify_shards *shards,
                                           struct quant_verify_run *run,
                                           const struct quant_verify_tensors *tensors)
{
    const struct quant_against_partner *partner = &run->partner;
    struct opening opening = {.shards = shards,
                              .run = run,
                              .tensors = tensors,
                              .checkpoint = partner->checkpoint,
                              .same = QUANT_AGAINST_LOST};
    if (partner->checkpoint && partner->item)
        opening.same = (uint32_t)((size_t)(partner->item - run->directory->items) -
                                  partner->checkpoint->first);
    return opening.checkpoint ? open_checkpoint(&opening) : open_only(&opening);
}

struct quant_against_file *quant_verify_shards_of(const struct quant_verify_shards *shards,
                                                  const struct quant_verify_run *run, size_t i,
                                                  const char *name, struct quant_findings *findings)
{
    const uint32_t place = shards->of ? shards->of[i] : shards->n > 0 ? 0 : NOT_OPEN;
    const struct quant_checkpoint *checkpoint =
        run->partner.checkpoint ? run->partner.checkpoint->listed : NULL;
    struct quant_error error;
    if (place != MISSING && place != SEVERAL)
        return place != NOT_OPEN && shards->list[place]->is_open ? &shards->list[place]->file
                                                                 : NULL;
    if (place == SEVERAL)
        quant_error_set(&error, QUANT_CORRUPT,
                        "'%.400s: %.200s': more than one shard in '%.200s' has a tensor of that "
                        "name, and there is no index",
                        run->path, name, checkpoint->path);
    else
        quant_error_set(&error, QUANT_CORRUPT,
                        "'%.400s: %.200s': there is no such tensor in '%.300s'", run->path, name,
                        checkpoint ? checkpoint->path : run->against->path);
    quant_findings_add(findings, QUANT_FAULT_AGAINST, &error);
    return NULL;
}

void quant_verify_shards_close(struct quant_verify_shards *shards)
{
    for (size_t i = 0; shards->list && i < shards->n; i++)
        if (shards->list[i]) {
            quant_against_file_close(&shards->list[i]->file);
            free(shards->list[i]);
        }
    free(shards->list);
    free(shards->of);
    *shards = (struct quant_verify_shards){.list = NULL};
}
