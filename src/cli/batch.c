/* SPDX-License-Identifier: MIT */
/* Runs the files as the numbered parts of quant_parallel_run. */
#include "cli/batch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
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
    unsigned workers;
    unsigned threads; /* in total */
    unsigned nplaces;
    unsigned char *places; /* owned */
    struct quant_cancel cancel;
    struct progress progress;
    bool clears; /* deliver prints to the terminal that shows the progress */
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

static unsigned count_workers(const struct batch_options *options, size_t n)
{
    const unsigned threads = batch_threads(options);
    return n < threads ? (unsigned)n : threads;
}

/* While one worker is busy with a large file, the others finish up to this many small ones. Then
 * they wait for it. A place takes about 2 KiB (10 KiB in a comparison); a place that is not used is
 * never touched. */
enum { MAX_PLACES = 1024 };

static unsigned count_places(unsigned workers, size_t n)
{
    if (workers <= 1)
        return 1;
    return n < MAX_PLACES ? (unsigned)n : MAX_PLACES;
}

/* The threads are divided among the workers: a single file gets all of them, many files get one
 * each. */
static struct batch_item make_item(const struct batch_state *state, unsigned place, uint64_t part)
{
    return (struct batch_item){
        .i = (size_t)part,
        .context = state->batch->context,
        .place = state->places + place * state->batch->place_bytes,
        .control = {.threads = state->threads / state->workers, .cancel = state->cancel},
    };
}

static bool work(void *context, unsigned place, uint64_t part)
{
    struct batch_state *state = context;
    struct batch_item item = make_item(state, place, part);
    struct progress_file file;
    progress_begin_file(&state->progress, &file, item.i);
    if (state->progress.is_wanted) {
        item.control.progress = progress_update;
        item.control.context = &file;
    }
    state->batch->work(&item);
    progress_end_file(&file);
    return true;
}

static int worse(int status, int other)
{
    if (status == EXIT_FAILED || other == EXIT_FAILED)
        return EXIT_FAILED;
    return status != EXIT_DONE ? status : other;
}

static bool deliver(void *context, unsigned place, uint64_t part)
{
    struct batch_state *state = context;
    const struct batch_item item = make_item(state, place, part);
    if (state->clears)
        status_line_clear();
    const int status = state->batch->deliver(&item);
    if (status == EXIT_FAILED)
        progress_count_failure(&state->progress);
    state->status = worse(state->status, status);
    if (state->batch->only_prints && ferror(stdout)) {
        state->batch->totals->is_cut = true;
        return false;
    }
    return !signals_raised();
}

static enum progress_mode mode_of(const struct batch_options *options)
{
    return options->quiet ? PROGRESS_NEVER : (enum progress_mode)options->progress;
}

static void run_alone(struct batch_state *state)
{
    for (size_t i = 0; i < state->batch->n; i++) {
        work(state, 0, i);
        if (!deliver(state, 0, i))
            break;
    }
}

static void run_in_parallel(struct batch_state *state)
{
    const struct quant_parallel parallel = {
        .n = state->batch->n,
        .threads = state->workers,
        .window = state->nplaces,
        .context = state,
        .work = work,
        .deliver = deliver,
    };
    quant_parallel_run(&parallel);
}

static double seconds_now(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int batch_run(const struct batch *batch, const struct batch_options *options)
{
    const unsigned workers = count_workers(options, batch->n);
    struct batch_state state = {
        .batch = batch,
        .workers = workers,
        .threads = batch_threads(options),
        .nplaces = count_places(workers, batch->n),
        .status = EXIT_DONE,
    };
    if (!signals_start(&state.cancel)) {
        message_error("cannot make a pipe for signals: %s", strerror(errno));
        return EXIT_FAILED;
    }
    state.places = calloc(state.nplaces, batch->place_bytes);
    if (!state.places) {
        message_error("no memory for %u files", state.nplaces);
        return EXIT_FAILED;
    }
    const double began = seconds_now();
    *batch->totals = (struct totals){.nfiles = batch->n};
    progress_begin(&state.progress, mode_of(options), batch->names, batch->n);
    state.clears = batch->prints && isatty(STDOUT_FILENO) == 1;
    if (workers <= 1)
        run_alone(&state);
    else
        run_in_parallel(&state);
    progress_end(&state.progress);
    batch->totals->seconds = seconds_now() - began;
    for (unsigned i = 0; batch->release && i < state.nplaces; i++)
        batch->release(state.places + i * batch->place_bytes);
    free(state.places);
    return state.status;
}
