/* SPDX-License-Identifier: MIT */
/* What is done before the first shard of a checkpoint: every check that needs no elements, and all
 * files but the shards and the index. */
#include <errno.h>
#include <quant/directory.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/float_environment.h"
#include "engine/files/checkpoint_edit.h"
#include "engine/files/checkpoint_file.h"
#include "engine/files/container_rules.h"
#include "engine/tensor/container_input.h"
#include "engine/work/job.h"
#include "engine/work/job_check.h"
#include "io/distinct_paths.h"
#include "io/sync.h"
#include "records/shard_index.h"

/* ---- The index ---- */

static bool is_shard(const struct quant_checkpoint *checkpoint, const char *name)
{
    for (size_t i = 0; i < checkpoint->nshards; i++)
        if (strcmp(checkpoint->shards[i], name) == 0)
            return true;
    return false;
}

/* Integers or float8 whose scales are in another shard; container_rules.c sees those in the same.
 */
static enum quant_status check_not_quantized(const struct quant_tensor_file *file,
                                             const struct quant_shard_index *index,
                                             struct quant_error *error)
{
    for (size_t i = 0; i < file->n; i++) {
        const struct quant_tensor_info *info = &file->tensors[i];
        for (size_t k = 0; quant_may_be_quantized(info) && quant_scale_suffixes[k]; k++) {
            char *scale = NULL;
            if (asprintf(&scale, "%s%s", info->name, quant_scale_suffixes[k]) < 0)
                return quant_error_no_memory(error, strlen(info->name), "names");
            const bool is_found = quant_shard_index_find(index, scale) != NULL;
            free(scale);
            if (is_found)
                return quant_source_error(file->source, error, QUANT_UNSUPPORTED,
                                          "tensor '%.200s' is already quantized: it has scales; "
                                          "--requantize takes it",
                                          info->name);
        }
    }
    return QUANT_OK;
}

/* That the shard has the tensors that the index says it has. */
static enum quant_status check_shard(const struct quant_checkpoint_job *job, const char *shard,
                                     const struct quant_shard_index *index,
                                     const struct quant_source *index_source,
                                     struct quant_error *error)
{
    struct quant_container_input input = {.source = NULL};
    struct quant_source *source = NULL;
    char *path = NULL;
    enum quant_status status =
        quant_checkpoint_open(job->checkpoint->path, shard, &job->cancel, &path, &source, error);
    if (status == QUANT_OK)
        status = quant_container_input_open(&input, source, &quant_format_safetensors, &job->cancel,
                                            error);
    for (size_t i = 0; status == QUANT_OK && i < index->n; i++) {
        size_t at;
        if (strcmp(index->entries[i].shard, shard) == 0 &&
            !quant_tensor_file_find(input.file, index->entries[i].tensor, &at))
            status = quant_source_error(index_source, error, QUANT_CORRUPT,
                                        "it says that tensor '%.200s' is in '%.200s', which does "
                                        "not have it",
                                        index->entries[i].tensor, shard);
    }
    if (status == QUANT_OK && !job->restores && !job->requantizes)
        status = check_not_quantized(input.file, index, error);
    quant_container_input_close(&input);
    free(path);
    return status;
}

static enum quant_status check_entries(const struct quant_checkpoint_job *job,
                                       const struct quant_shard_index *index,
                                       const struct quant_source *source, struct quant_error *error)
{
    const char *last = NULL;
    for (size_t i = 0; i < index->n; i++) {
        const char *shard = index->entries[i].shard;
        if (shard != last && !is_shard(job->checkpoint, shard))
            return quant_source_error(source, error, QUANT_CORRUPT,
                                      "it names the shard '%.200s', which is not in its directory",
                                      shard);
        last = shard;
    }
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; status == QUANT_OK && i < job->checkpoint->nshards; i++)
        status = check_shard(job, job->checkpoint->shards[i], index, source, error);
    return status;
}

static enum quant_status check_index(const struct quant_checkpoint_job *job,
                                     struct quant_error *error)
{
    struct quant_shard_index index = {.n = 0};
    struct quant_source *source = NULL;
    char *path = NULL;
    if (!job->checkpoint->index)
        return QUANT_OK;
    enum quant_status status = quant_checkpoint_open(job->checkpoint->path, job->checkpoint->index,
                                                     &job->cancel, &path, &source, error);
    if (status == QUANT_OK)
        status = quant_shard_index_read(source, &index, error);
    if (status == QUANT_OK)
        status = check_entries(job, &index, source, error);
    quant_shard_index_release(&index);
    quant_source_close(source);
    free(path);
    return status;
}

/* ---- All files ---- */

/* Gives the copy no right that the original does not have, and lets it run if the original does.
 * Like cp, it is content with the mode that the file system can give. */
static void copy_mode(const char *from, const char *to)
{
    struct stat source;
    struct stat target;
    if (stat(from, &source) != 0 || stat(to, &target) != 0)
        return;
    const mode_t mode =
        (target.st_mode & source.st_mode & 0666) | (source.st_mode & 0111 & (target.st_mode >> 2));
    if (mode != (target.st_mode & 0777))
        (void)chmod(to, mode);
}

/* Writes the file of the output that is made from that of the checkpoint. text NULL: it is copied.
 */
static enum quant_status make_file(const struct quant_checkpoint_job *job, const char *name,
                                   const struct quant_config_text *text, struct quant_error *error)
{
    const bool force = job->force || job->resumes;
    struct quant_source *source = NULL;
    char *path = NULL;
    char *to = quant_checkpoint_path(job->output, name);
    enum quant_status status =
        to ? quant_checkpoint_open(job->checkpoint->path, name, &job->cancel, &path, &source, error)
           : quant_error_no_memory(error, strlen(name), "path");
    if (status == QUANT_OK)
        status = quant_paths_distinct((const char *const[]){path}, 1, (const char *const[]){to}, 1,
                                      error);
    if (status == QUANT_OK)
        status = text && text->text
                     ? quant_checkpoint_write_text(text->text, text->nbytes, to, force,
                                                   job->ways & QUANT_SYNC, &job->cancel, error)
                     : quant_checkpoint_write(source, to, force, job->ways & QUANT_SYNC,
                                              &job->cancel, error);
    if (status == QUANT_OK)
        copy_mode(path, to);
    quant_source_close(source);
    free(path);
    free(to);
    return status;
}

static enum quant_status remove_file(const char *path, bool syncs, struct quant_error *error)
{
    if (unlink(path) != 0)
        return errno == ENOENT ? QUANT_OK
                               : quant_error_system(error, errno, "cannot remove '%s'", path);
    return syncs ? quant_sync_directory_of(path, error) : QUANT_OK;
}

/* Without its index the output is incomplete from now on. */
static enum quant_status remove_index(const struct quant_checkpoint_job *job,
                                      struct quant_error *error)
{
    enum quant_status status = QUANT_OK;
    if (!job->checkpoint->index)
        return QUANT_OK;
    char *path = quant_checkpoint_path(job->output, job->checkpoint->index);
    if (!path)
        return quant_error_no_memory(error, 256, "path");
    if (!job->force && !job->resumes && access(path, F_OK) == 0)
        status =
            quant_error_set(error, QUANT_EXISTS,
                            "'%s' exists already; --force replaces it, and --resume goes on", path);
    else if ((job->force || job->resumes) && !job->checks_only)
        status = remove_file(path, job->ways & QUANT_SYNC, error);
    free(path);
    return status;
}

static enum quant_status check_place(const struct quant_checkpoint_job *job,
                                     struct quant_error *error)
{
    struct stat from;
    struct stat to;
    if (stat(job->output, &to) != 0)
        return job->checks_only && errno == ENOENT
                   ? QUANT_OK
                   : quant_error_system(error, errno, "cannot write to '%s'", job->output);
    if (stat(job->checkpoint->path, &from) != 0)
        return quant_error_system(error, errno, "cannot read '%s'", job->checkpoint->path);
    if (from.st_dev != to.st_dev || from.st_ino != to.st_ino)
        return QUANT_OK;
    return quant_error_set(error, QUANT_EXISTS,
                           "the output directory '%s' is that of the checkpoint, which is never "
                           "replaced",
                           job->output);
}

static enum quant_status write_files(const struct quant_checkpoint_job *job,
                                     const struct quant_config_text *config,
                                     struct quant_error *error)
{
    enum quant_status status = QUANT_OK;
    if (job->checkpoint->has_config)
        status = make_file(job, quant_config_name, config, error);
    for (size_t i = 0; status == QUANT_OK && i < job->checkpoint->nothers; i++)
        status = make_file(job, job->checkpoint->others[i], NULL, error);
    return status;
}

enum quant_status quant_checkpoint_begin(const struct quant_checkpoint_job *job,
                                         struct quant_error *error)
{
    QUANT_DEFAULT_FLOATS(caller);
    struct quant_checkpoint_job own;
    struct quant_config_text config = {.text = NULL};
    enum quant_status status = quant_job_copy(&own, sizeof own, job, "quant_checkpoint_job", error);
    if (status == QUANT_OK && (!own.checkpoint || !own.checkpoint->path || !own.output))
        status = quant_error_set(error, QUANT_INVALID, "a checkpoint and an output are needed");
    if (status == QUANT_OK)
        status = quant_ways_check(own.ways, QUANT_SYNC, error);
    if (status == QUANT_OK)
        status = check_place(&own, error);
    if (status == QUANT_OK)
        status = check_index(&own, error);
    if (status == QUANT_OK) /* before anything is removed or written */
        status = quant_checkpoint_edit_config(&own, &config, error);
    if (status == QUANT_OK)
        status = remove_index(&own, error);
    if (status == QUANT_OK && !own.checks_only)
        status = write_files(&own, &config, error);
    free(config.text);
    return status;
}
