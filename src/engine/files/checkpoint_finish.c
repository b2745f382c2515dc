/* SPDX-License-Identifier: MIT */
/* The index of a checkpoint, once all shards are there: made from their headers. */
#include <quant/directory.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/float_environment.h"
#include "engine/files/checkpoint_file.h"
#include "engine/files/complete_output.h"
#include "engine/files/directory_names.h"
#include "engine/files/layout_write.h"
#include "engine/tensor/container_input.h"
#include "engine/work/job.h"
#include "engine/work/job_check.h"
#include "io/io.h"
#include "io/sidecar_names.h"
#include "records/shard_index.h"
#include "records/sidecar_tensors.h"

struct finishing {
    const struct quant_checkpoint_job *job;
    struct quant_shard_index old;
    struct quant_shard_index index; /* the new one */
    uint64_t nbytes;                /* of all tensors in it */
    struct quant_error *error;
};

/* ---- Whether all is there ---- */

/* *plan: of the sidecar. *is_there: there is one. */
static enum quant_status read_plan(const struct quant_checkpoint_job *job, const char *data,
                                   bool *is_there, uint64_t *plan, struct quant_error *error)
{
    struct quant_source *source = NULL;
    struct quant_sidecar_reader *reader = NULL;
    struct stat found;
    char *path = quant_sidecar_default(data);
    enum quant_status status = QUANT_OK;
    if (!path)
        return quant_error_no_memory(error, strlen(data), "path");
    *is_there = stat(path, &found) == 0;
    if (*is_there)
        status = quant_input_open(path, &job->cancel, &source, error);
    if (status == QUANT_OK && source)
        status = quant_sidecar_tensors_open(source, &reader, error);
    *is_there = status == QUANT_OK && reader;
    if (reader)
        *plan = quant_sidecar_tensors_head(reader)->plan_xxh3_64;
    quant_sidecar_tensors_close(reader);
    quant_source_close(source);
    free(path);
    return status;
}

/* With force or resumes: a shard that is older than its source is of an earlier run over another
 * one. */
static enum quant_status check_shard(const struct quant_checkpoint_job *job, const char *shard,
                                     bool *is_complete, uint64_t *plan, struct quant_error *error)
{
    const bool may_be_stale = job->force || job->resumes;
    enum quant_status status = QUANT_OK;
    char *from = quant_checkpoint_path(job->checkpoint->path, shard);
    char *path = quant_checkpoint_path(job->output, shard);
    if (from && path) {
        const char *const sources[] = {may_be_stale ? from : NULL};
        *is_complete = quant_complete_is_newest(sources, 1, path);
        if (*is_complete && !job->restores)
            status = read_plan(job, path, is_complete, plan, error);
    } else {
        status = quant_error_no_memory(error, strlen(shard), "path");
    }
    free(path);
    free(from);
    return status;
}

static enum quant_status check_complete(const struct quant_checkpoint_job *job, bool *is_complete,
                                        struct quant_error *error)
{
    enum quant_status status = QUANT_OK;
    uint64_t first = 0;
    *is_complete = true;
    for (size_t i = 0; status == QUANT_OK && *is_complete && i < job->checkpoint->nshards; i++) {
        uint64_t plan = 0;
        status = check_shard(job, job->checkpoint->shards[i], is_complete, &plan, error);
        first = i == 0 ? plan : first;
        *is_complete = *is_complete && plan == first;
    }
    return status;
}

/* ---- The new index ---- */

/* compressed-tensors calls the integers of NAME so; restored, it is NAME again. */
static enum quant_status was_packed(const struct finishing *run, const char *tensor,
                                    const char *shard, bool *was)
{
    char *name = NULL;
    if (asprintf(&name, "%s_packed", tensor) < 0)
        return quant_error_no_memory(run->error, strlen(tensor), "names");
    const struct quant_shard_entry *entry = quant_shard_index_find(&run->old, name);
    *was = entry && strcmp(entry->shard, shard) == 0;
    free(name);
    return QUANT_OK;
}

/* Whether a tensor with one of these endings belongs to one of the old index. */
static enum quant_status belongs(const struct finishing *run,
                                 const struct quant_layout_ending *endings, const char *tensor,
                                 const char *shard, bool *wanted)
{
    for (size_t i = 0; !*wanted && endings[i].end; i++) {
        const char *end = endings[i].end;
        char *name = NULL;
        if (!quant_name_ends(tensor, end))
            continue;
        const int stem = (int)(strlen(tensor) - strlen(end));
        if (asprintf(&name, "%.*s%s", stem, tensor, endings[i].weight) < 0)
            return quant_error_no_memory(run->error, strlen(tensor), "names");
        const struct quant_shard_entry *entry = quant_shard_index_find(&run->old, name);
        *wanted = entry && strcmp(entry->shard, shard) == 0;
        free(name);
    }
    return QUANT_OK;
}

/* Whether the tensor is one of the old index, or belongs to one that is: NAME_scale and
 * NAME_zero_point or NAME_bias of NAME, and what the layouts of engines have beside it. */
static enum quant_status is_wanted(const struct finishing *run, const char *tensor,
                                   const char *shard, bool *wanted)
{
    static const struct quant_layout_ending own[] = {
        {"", ""}, {"_scale", ""}, {"_zero_point", ""}, {"_bias", ""}, {NULL, NULL}};
    *wanted = false;
    enum quant_status status = belongs(run, own, tensor, shard, wanted);
    for (size_t i = 0; status == QUANT_OK && quant_written_layout_at(i); i++)
        status = belongs(run, quant_written_layout_at(i)->endings, tensor, shard, wanted);
    return status == QUANT_OK && !*wanted && run->job->restores
               ? was_packed(run, tensor, shard, wanted)
               : status;
}

static enum quant_status add_shard(struct finishing *run, const char *shard)
{
    const struct quant_checkpoint_job *job = run->job;
    struct quant_container_input input = {.source = NULL};
    struct quant_source *source = NULL;
    char *path = NULL;
    enum quant_status status =
        quant_checkpoint_open(job->output, shard, &job->cancel, &path, &source, run->error);
    if (status == QUANT_OK)
        status = quant_container_input_open(&input, source, &quant_format_safetensors, &job->cancel,
                                            run->error);
    for (size_t i = 0; status == QUANT_OK && i < input.file->n; i++) {
        const struct quant_tensor_info *info = &input.file->tensors[i];
        bool wanted = false;
        status = is_wanted(run, info->name, shard, &wanted);
        if (!wanted)
            continue;
        run->nbytes += info->nbytes;
        if (!quant_shard_index_add(&run->index, info->name, shard))
            status = quant_error_no_memory(run->error, strlen(info->name), "index");
    }
    quant_container_input_close(&input);
    free(path);
    return status;
}

static enum quant_status read_old(struct finishing *run)
{
    const struct quant_checkpoint *checkpoint = run->job->checkpoint;
    struct quant_source *source = NULL;
    char *path = NULL;
    enum quant_status status = quant_checkpoint_open(checkpoint->path, checkpoint->index,
                                                     &run->job->cancel, &path, &source, run->error);
    if (status == QUANT_OK)
        status = quant_shard_index_read(source, &run->old, run->error);
    quant_source_close(source);
    free(path);
    return status;
}

/* In memory first, so that it can be compared with what is there. */
static enum quant_status write_index(struct finishing *run)
{
    const struct quant_checkpoint_job *job = run->job;
    char *text = NULL;
    size_t nbytes = 0;
    char *path = quant_checkpoint_path(job->output, job->checkpoint->index);
    run->index.metadata = run->old.metadata;
    run->index.nmetadata = run->old.nmetadata;
    quant_shard_index_sort(&run->index);
    enum quant_status status =
        path && quant_shard_index_print(&run->index, run->nbytes, &text, &nbytes)
            ? QUANT_OK
            : quant_error_no_memory(run->error, 4096, "index");
    if (status == QUANT_OK)
        status = quant_checkpoint_write_text(text, nbytes, path, job->force || job->resumes,
                                             job->ways & QUANT_SYNC, &job->cancel, run->error);
    run->index.metadata = NULL;
    run->index.nmetadata = 0;
    free(text);
    free(path);
    return status;
}

static enum quant_status make_index(struct finishing *run)
{
    const struct quant_checkpoint *checkpoint = run->job->checkpoint;
    enum quant_status status = read_old(run);
    for (size_t i = 0; status == QUANT_OK && i < checkpoint->nshards; i++)
        status = add_shard(run, checkpoint->shards[i]);
    return status == QUANT_OK ? write_index(run) : status;
}

enum quant_status quant_checkpoint_finish(const struct quant_checkpoint_job *job, bool *is_complete,
                                          struct quant_error *error)
{
    QUANT_DEFAULT_FLOATS(caller);
    struct quant_checkpoint_job own;
    struct finishing run = {.job = &own, .error = error};
    bool unseen;
    if (!is_complete)
        is_complete = &unseen;
    *is_complete = false;
    enum quant_status status = quant_job_copy(&own, sizeof own, job, "quant_checkpoint_job", error);
    if (status == QUANT_OK && (!own.checkpoint || !own.checkpoint->path || !own.output))
        status = quant_error_set(error, QUANT_INVALID, "a checkpoint and an output are needed");
    if (status == QUANT_OK)
        status = quant_ways_check(own.ways, QUANT_SYNC, error);
    if (status == QUANT_OK)
        status = check_complete(&own, is_complete, error);
    if (status == QUANT_OK && *is_complete && own.checkpoint->index)
        status = make_index(&run);
    quant_shard_index_release(&run.index);
    quant_shard_index_release(&run.old);
    return status;
}
