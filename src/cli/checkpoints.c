/* SPDX-License-Identifier: MIT */
#include "cli/checkpoints.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/message.h"
#include "cli/signals.h"

static bool is_shard(const struct targets *targets, size_t i)
{
    const struct quant_directory_file *file = targets->origins[i].file;
    return file && file->checkpoint != QUANT_NO_CHECKPOINT;
}

/* The one that the i-th target is a shard of; NULL: none. */
static struct checkpoint_run *run_of(const struct checkpoints *checkpoints,
                                     const struct targets *targets, size_t i)
{
    const struct input_origin *origin = &targets->origins[i];
    if (!is_shard(targets, i))
        return NULL;
    const struct quant_checkpoint *wanted =
        &origin->directory->checkpoints[origin->file->checkpoint];
    for (size_t k = checkpoints->n; k-- > 0;) /* shards of one follow each other */
        if (checkpoints->runs[k].checkpoint == wanted)
            return &checkpoints->runs[k];
    return NULL;
}

static struct quant_checkpoint_job make_job(const struct checkpoints *checkpoints,
                                            const struct targets *targets,
                                            const struct checkpoint_run *run)
{
    return (struct quant_checkpoint_job){
        .size = sizeof(struct quant_checkpoint_job),
        .checkpoint = run->checkpoint,
        .output = run->output,
        .restores = checkpoints->restores,
        .requantizes = checkpoints->requantizes,
        .resumes = targets->resumes,
        .checks_only = targets->is_dry_run,
        .cancel = signals_cancel(),
        .force = targets->options->force,
        .quantize = checkpoints->quantize,
        .ways = targets->syncs ? QUANT_SYNC : 0,
    };
}

static bool add(struct checkpoints *checkpoints, const struct targets *targets, size_t i)
{
    const struct input_origin *origin = &targets->origins[i];
    const struct quant_checkpoint *checkpoint =
        &origin->directory->checkpoints[origin->file->checkpoint];
    const char *top = targets->options->directory;
    struct checkpoint_run *runs =
        realloc(checkpoints->runs, (checkpoints->n + 1) * sizeof *checkpoints->runs);
    if (!runs)
        return false;
    checkpoints->runs = runs;
    struct checkpoint_run *run = &runs[checkpoints->n];
    *run = (struct checkpoint_run){.directory = origin->directory, .checkpoint = checkpoint};
    const size_t length = strlen(top);
    const char *slash = length > 0 && top[length - 1] == '/' ? "" : "/";
    if (asprintf(&run->output, "%s%s%s", top, slash, checkpoint->relative) < 0)
        return false;
    checkpoints->n++;
    return true;
}

struct drop {
    const struct checkpoints *checkpoints;
    const struct targets *targets;
};

static bool is_dropped(const void *context, size_t i)
{
    const struct drop *drop = context;
    const struct checkpoint_run *run = run_of(drop->checkpoints, drop->targets, i);
    return run && run->has_failed;
}

static bool is_same_file(const char *a, const char *b)
{
    struct stat one;
    struct stat other;
    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

/* The output of a checkpoint must not be another one that is read, nor the output of another. */
static bool check_place(const struct checkpoints *checkpoints, size_t k)
{
    const struct checkpoint_run *run = &checkpoints->runs[k];
    for (size_t i = 0; i < checkpoints->n; i++) {
        const struct checkpoint_run *other = &checkpoints->runs[i];
        if (i != k && is_same_file(run->output, other->checkpoint->path)) {
            message_error("'%s' would write to '%s', which is the input '%s'",
                          run->checkpoint->path, run->output, other->checkpoint->path);
            return false;
        }
        if (i < k && is_same_file(run->output, other->output)) {
            message_error("'%s' would write to '%s', as '%s' does", run->checkpoint->path,
                          run->output, other->checkpoint->path);
            return false;
        }
    }
    return true;
}

int checkpoints_begin(struct checkpoints *checkpoints, struct targets *targets, bool restores)
{
    *checkpoints = (struct checkpoints){.restores = restores,
                                        .is_shared = checkpoints->is_shared,
                                        .requantizes = checkpoints->requantizes,
                                        .may_stop = checkpoints->may_stop,
                                        .quantize = checkpoints->quantize};
    if (!targets->options->directory)
        return EXIT_DONE;
    for (size_t i = 0; i < targets->n; i++)
        if (is_shard(targets, i) && !run_of(checkpoints, targets, i) &&
            !add(checkpoints, targets, i)) {
            message_error("no memory for the names of the checkpoints");
            return EXIT_FAILED;
        }
    for (size_t k = 0; k < checkpoints->n; k++) {
        struct checkpoint_run *run = &checkpoints->runs[k];
        const struct quant_checkpoint_job job = make_job(checkpoints, targets, run);
        struct quant_error error;
        enum quant_status status = QUANT_EXISTS;
        if (check_place(checkpoints, k)) {
            status = quant_checkpoint_begin(&job, &error);
            if (status != QUANT_OK)
                message_failure(status, &error);
        }
        if (status != QUANT_OK)
            run->has_failed = checkpoints->has_failed = true;
    }
    if (checkpoints->has_failed)
        targets_drop(targets, is_dropped, &(struct drop){checkpoints, targets});
    return targets->n > 0 ? EXIT_DONE : EXIT_FAILED;
}

void checkpoints_fail(struct checkpoints *checkpoints, const struct targets *targets, size_t i)
{
    struct checkpoint_run *run = run_of(checkpoints, targets, i);
    if (run)
        run->has_failed = true;
}

static int fail_incomplete(const struct checkpoint_run *run)
{
    message_error(
        "'%s' is not complete: a shard in it is of another run, or older than that of '%s'",
        run->output, run->checkpoint->path);
    return EXIT_FAILED;
}

int checkpoints_finish(const struct checkpoints *checkpoints, const struct targets *targets,
                       int status)
{
    int result = checkpoints->has_failed ? EXIT_FAILED : status;
    for (size_t k = 0; k < checkpoints->n && !signals_raised(); k++) {
        const struct checkpoint_run *run = &checkpoints->runs[k];
        const struct quant_checkpoint_job job = make_job(checkpoints, targets, run);
        struct quant_error error;
        bool is_complete = false;
        if (run->has_failed)
            continue;
        const enum quant_status finished = quant_checkpoint_finish(&job, &is_complete, &error);
        if (finished != QUANT_OK)
            result = message_failure(finished, &error);
        else if (!is_complete && !checkpoints->is_shared && !(checkpoints->may_stop && result))
            result = fail_incomplete(run);
    }
    return result;
}

void checkpoints_release(struct checkpoints *checkpoints)
{
    for (size_t k = 0; k < checkpoints->n; k++)
        free(checkpoints->runs[k].output);
    free(checkpoints->runs);
    *checkpoints = (struct checkpoints){.n = 0};
}
