/* SPDX-License-Identifier: MIT */
/* The matrix is cut into panels of some outputs. A worker loads a panel, as it is and restored, and
 * multiplies all samples by it: the panel stays in a second-level cache, eight samples in a first
 * one or beside it. No two workers write to the same place, and no sum is cut, so it makes no
 * difference who does what. */
#include "engine/tensor/layer_product.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "engine/work/pool.h"
#include "io/cancel.h"

struct part {
    enum quant_status status;
    struct quant_error error;
};

struct multiplying {
    const struct quant_layer_product *product;
    uint64_t ninputs;
    uint64_t noutputs;
    uint64_t panel;     /* outputs, a multiple of QUANT_WEIGHT_PAIR_STEP */
    struct part *parts; /* owned: one for each worker */
    enum quant_status status;
    struct quant_error *error;
};

_Static_assert(QUANT_WEIGHT_PAIR_STEP % QUANT_MULTIPLY_ROWS == 0, "a panel is whole calls");

/* As many weights as a chunk has elements, or fewer if threads would have nothing to do. */
static uint64_t choose_panel(const struct multiplying *run)
{
    enum { STEP = QUANT_WEIGHT_PAIR_STEP };
    const unsigned threads = quant_pool_threads(run->product->pool);
    const uint64_t share = run->noutputs / threads + 1;
    uint64_t panel = QUANT_CHUNK / run->ninputs;
    panel = panel < share ? panel : share;
    return panel < STEP ? STEP : panel / STEP * STEP;
}

static size_t count_of(const struct multiplying *run, uint64_t part)
{
    const uint64_t ahead = run->noutputs - part * run->panel;
    return (size_t)(ahead < run->panel ? ahead : run->panel);
}

/* Rows that fill the last call up. */
static size_t whole_calls(size_t n)
{
    return (n + QUANT_MULTIPLY_ROWS - 1) / QUANT_MULTIPLY_ROWS * QUANT_MULTIPLY_ROWS;
}

/* Eight samples by the rows of a panel, to their places from y on. */
static void multiply_group(const float *x, const float *w, size_t ninputs, size_t n, float *y)
{
    double sums[QUANT_MULTIPLY_ROWS][QUANT_MULTIPLY_SAMPLES];
    for (size_t first = 0; first < n; first += QUANT_MULTIPLY_ROWS) {
        const size_t nrows = n - first < QUANT_MULTIPLY_ROWS ? n - first : QUANT_MULTIPLY_ROWS;
        memset(sums, 0, sizeof sums);
        quant_kernels()->multiply(x, w + first * ninputs, ninputs, sums);
        for (size_t r = 0; r < nrows; r++)
            for (size_t s = 0; s < QUANT_MULTIPLY_SAMPLES; s++)
                y[(first + r) * QUANT_MULTIPLY_SAMPLES + s] = (float)sums[r][s];
    }
}

/* All samples by n outputs from the first-th on. */
static void multiply_panel(const struct quant_activations *inputs, const float *w, uint64_t first,
                           size_t n, const struct quant_activations *outputs)
{
    const uint64_t ngroups = quant_activations_groups(inputs);
    for (uint64_t group = 0; group < ngroups; group++)
        multiply_group(inputs->x + group * inputs->nunits * QUANT_MULTIPLY_SAMPLES, w,
                       (size_t)inputs->nunits, n,
                       outputs->x + (group * outputs->nunits + first) * QUANT_MULTIPLY_SAMPLES);
}

/* ---- The pass ---- */

static bool work(void *context, unsigned worker, uint64_t number)
{
    const struct multiplying *run = context;
    const struct quant_layer_product *product = run->product;
    struct part *part = &run->parts[worker];
    struct quant_buffers *buffers = quant_pool_buffers(product->pool, worker);
    const uint64_t first = number * run->panel;
    const size_t n = count_of(run, number);
    const size_t nextra = (whole_calls(n) - n) * (size_t)run->ninputs;
    if (quant_cancelled(product->cancel))
        part->status = quant_error_set(&part->error, QUANT_CANCELLED, "cancelled");
    else
        part->status = quant_weight_pair_load(product->pair, first, n, buffers, &part->error);
    if (part->status != QUANT_OK)
        return true; /* the error is delivered in its turn */
    memset(buffers->x + n * run->ninputs, 0, nextra * sizeof *buffers->x);
    memset(buffers->restored + n * run->ninputs, 0, nextra * sizeof *buffers->restored);
    multiply_panel(&product->inputs->original, buffers->x, first, n, &product->outputs->original);
    multiply_panel(&product->inputs->restored, buffers->restored, first, n,
                   &product->outputs->restored);
    return true;
}

static bool deliver(void *context, unsigned worker, uint64_t number)
{
    struct multiplying *run = context;
    const struct part *part = &run->parts[worker];
    quant_progress_add(run->product->progress, count_of(run, number) * run->ninputs);
    if (part->status == QUANT_OK)
        return true;
    run->status = part->status;
    if (run->error)
        *run->error = part->error;
    return false;
}

enum quant_status quant_layer_multiply(const struct quant_layer_product *product,
                                       struct quant_error *error)
{
    const struct quant_buffers_needs needs = {.x = true, .restored = true};
    struct multiplying run = {.product = product,
                              .ninputs = quant_weight_pair_inputs(product->pair),
                              .noutputs = quant_weight_pair_outputs(product->pair),
                              .error = error};
    run.panel = choose_panel(&run);
    struct quant_pass pass = {
        .n = (run.noutputs - 1) / run.panel + 1, .context = &run, .work = work, .deliver = deliver};
    const uint64_t most = run.noutputs < run.panel ? run.noutputs : run.panel;
    const size_t capacity = whole_calls((size_t)most) * (size_t)run.ninputs;
    pass.threads = quant_pool_threads(product->pool);
    pass.threads = pass.n < pass.threads ? (unsigned)pass.n : pass.threads;
    run.status = quant_buffers_reserve(quant_pool_buffers(product->pool, 0), pass.threads, capacity,
                                       &needs, error);
    if (run.status != QUANT_OK)
        return run.status;
    run.parts = calloc(pass.threads, sizeof *run.parts);
    if (!run.parts)
        return quant_error_no_memory(error, pass.threads * sizeof *run.parts, "buffers");
    quant_pool_run(product->pool, &pass);
    free(run.parts);
    return run.status;
}
