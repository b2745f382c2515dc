/* SPDX-License-Identifier: MIT */
/* Files as the numbered parts of quant_parallel_run. */
#include "cli/batch.h"

#include "cli/command.h"
#include "cli/signals.h"

struct batch_state {
    const struct batch *batch;
    unsigned workers;
    unsigned threads; /* in all */
    struct progress progress;
    int status;
};

static unsigned count_threads(const struct batch_options *options)
{
    const unsigned threads = options->threads > 0 ? options->threads : quant_processors();
    return threads < QUANT_MOST_THREADS ? threads : QUANT_MOST_THREADS;
}

static unsigned count_workers(const struct batch_options *options, size_t n)
{
    const unsigned threads = count_threads(options);
    return n < threads ? (unsigned)n : threads;
}

/* So many small files are worked on behind a large one before the workers wait for it. A place
 * takes some two KiB, of a comparison some ten; as long as none is needed it is not touched. */
enum { WINDOW = 1024 };

unsigned batch_places(const struct batch_options *options, size_t n)
{
    if (count_workers(options, n) <= 1)
        return 1;
    return n < WINDOW ? (unsigned)n : WINDOW;
}

/* Of the threads each worker has its share: all of them for a single file, one for each of many. */
static struct batch_item make_item(struct batch_state *state, unsigned place, uint64_t part)
{
    return (struct batch_item){
        .i = (size_t)part,
        .place = place,
        .threads = state->threads / state->workers,
        .progress = state->workers == 1 ? &state->progress : NULL,
    };
}

static bool work(void *context, unsigned place, uint64_t part)
{
    struct batch_state *state = context;
    const struct batch_item item = make_item(state, place, part);
    state->batch->work(state->batch->context, &item);
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
    progress_end(&state->progress);
    state->status = worse(state->status, state->batch->deliver(state->batch->context, &item));
    if (state->workers > 1)
        progress_update(&state->progress, part + 1, state->batch->n);
    return !signals_raised();
}

/* One after the other, each with a progress line of its own. */
static void run_alone(struct batch_state *state, const struct batch_options *options)
{
    const struct batch *batch = state->batch;
    for (size_t i = 0; i < batch->n; i++) {
        progress_begin(&state->progress, options->progress, batch->names[i]);
        work(state, 0, i);
        if (!deliver(state, 0, i))
            break;
    }
}

int batch_run(const struct batch *batch, const struct batch_options *options)
{
    struct batch_state state = {
        .batch = batch,
        .workers = count_workers(options, batch->n),
        .threads = count_threads(options),
        .status = EXIT_DONE,
    };
    if (state.workers <= 1) {
        run_alone(&state, options);
        return state.status;
    }
    progress_begin(&state.progress, options->progress, "of the files");
    const struct quant_parallel parallel = {
        .n = batch->n,
        .threads = state.workers,
        .window = batch_places(options, batch->n),
        .context = &state,
        .work = work,
        .deliver = deliver,
    };
    quant_parallel_run(&parallel);
    progress_end(&state.progress);
    return state.status;
}
