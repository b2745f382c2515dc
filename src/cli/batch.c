/* SPDX-License-Identifier: MIT */
#include "cli/batch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/environment.h"
#include "cli/message.h"
#include "cli/signals.h"
#include "cli/status_line.h"

struct batch_state {
    const struct batch *batch;
    struct progress progress;
    bool clears; /* reports go to the terminal that shows the progress */
    bool quiet;
    bool has_failed; /* a file has */
    size_t nshown;   /* files that were reported */
    int status;
};

unsigned batch_threads(const struct batch_options *options)
{
    unsigned threads = options->threads;
    if (threads == 0)
        threads = environment_threads();
    if (threads == 0)
        threads = quant_processors();
    return threads < QUANT_MOST_THREADS ? threads : QUANT_MOST_THREADS;
}

static int worse(int status, int other)
{
    if (status == EXIT_FAILED || other == EXIT_FAILED)
        return EXIT_FAILED;
    return status != EXIT_DONE ? status : other;
}

/* Whether the work goes on after a report. */
static bool goes_on(struct batch_state *state)
{
    if (!state->batch->only_prints || !ferror(stdout))
        return true;
    state->batch->totals->is_cut = true;
    return false;
}

static bool on_tensor(void *context, const struct quant_tensor_result *result)
{
    struct batch_state *state = context;
    if (result->ntensors == 0) /* on_file is called too */
        return true;
    if (state->clears)
        status_line_clear();
    return state->batch->tensor(state->batch->context, result) && goes_on(state);
}

static bool on_file(void *context, const struct quant_file_result *result)
{
    struct batch_state *state = context;
    if (state->clears)
        status_line_clear();
    state->nshown++;
    if (result->is_complete)
        progress_skip_file(&state->progress, result->file);
    const int status = state->batch->file(state->batch->context, result);
    if (state->batch->verbose && result->is_unsized && result->status == QUANT_OK)
        message_note(
            "'%s': the size of the output is known only now, so free space was not checked",
            state->batch->names[result->file]);
    if (result->old_copy && !state->quiet)
        message_warning("the old file of '%s' cannot be removed: it is '%s'",
                        state->batch->names[result->file], result->old_copy);
    progress_end_file(&state->progress, status == EXIT_FAILED);
    state->status = worse(state->status, status);
    state->has_failed = state->has_failed || result->status != QUANT_OK;
    return goes_on(state);
}

static void begin_file(void *context, size_t i)
{
    struct batch_state *state = context;
    progress_begin_file(&state->progress, i);
}

static void show_progress(void *context, uint64_t done, uint64_t total)
{
    struct batch_state *state = context;
    progress_update(&state->progress, done, total);
}

static enum progress_mode mode_of(const struct batch_options *options)
{
    return options->quiet ? PROGRESS_NEVER : (enum progress_mode)options->progress;
}

static double seconds_now(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int batch_run(const struct batch *batch, const struct batch_options *options)
{
    struct batch_state state = {.batch = batch, .quiet = options->quiet, .status = EXIT_DONE};
    struct quant_control control = {.threads = batch_threads(options),
                                    .on_tensor = batch->tensor ? on_tensor : NULL,
                                    .on_file = on_file,
                                    .begin_file = begin_file,
                                    .context = &state};
    struct quant_error error;
    if (!signals_start(&control.cancel)) {
        message_error("cannot make a pipe for signals: %s", strerror(errno));
        return EXIT_FAILED;
    }
    const double began = seconds_now();
    *batch->totals = (struct totals){.nfiles = batch->n};
    progress_begin(&state.progress, mode_of(options), batch->names, batch->n);
    if (state.progress.is_wanted)
        control.progress = show_progress;
    state.clears = batch->prints && isatty(STDOUT_FILENO) == 1;
    const enum quant_status status = batch->run(batch->context, &control, &error);
    progress_end(&state.progress);
    batch->totals->seconds = seconds_now() - began;
    batch->totals->nunbegun = batch->n - state.nshown;
    if (status != QUANT_OK && !state.has_failed)
        state.status = message_failure(status, &error);
    return state.status;
}
