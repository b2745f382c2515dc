/* SPDX-License-Identifier: MIT */
/* This library's kernels for parameters that change along the elements: with those of its own for
 * each run of elements, or for each of as many as a row has channels. All scales are alike, and so
 * the work is that of quantizing the array as one. */
#include <math.h>
#include <stdlib.h>

#include "contender.h"
#include "kernels/kernels.h"

enum { CHANNELS = 1024 };

/* For as many runs or channels as any contender has; shared by the threads, which only read them.
 * Zero points are all 0, or differ from run to run. */
static float *scales;
static int32_t *zero_points;
static int32_t *other_zero_points;

/* A thread's range for each run or channel. */
static float *least;
static float *greatest;

static volatile bool kept; /* a result that nobody reads */

static bool prepare_groups(const struct bench_task *task)
{
    const size_t runs = task->nelems / 32;
    const size_t count = runs > CHANNELS ? runs : CHANNELS;
    if (scales)
        return true;
    scales = malloc(count * sizeof *scales);
    zero_points = calloc(count, sizeof *zero_points);
    other_zero_points = malloc(count * sizeof *other_zero_points);
    least = malloc(count * task->threads * sizeof *least);
    greatest = malloc(count * task->threads * sizeof *greatest);
    if (!scales || !zero_points || !other_zero_points || !least || !greatest)
        abort();
    for (size_t i = 0; i < count; i++) {
        scales[i] = task->params->scale;
        other_zero_points[i] = (int32_t)(i * 37 % 200) - 100;
    }
    for (size_t i = 0; i < count * task->threads; i++) {
        least[i] = INFINITY;
        greatest[i] = -INFINITY;
    }
    return true;
}

static bool prepare_runs(const struct bench_task *task)
{
    return quant_kernels()->quantize_runs[task->params->dtype] && prepare_groups(task);
}

static void quantize_runs(const struct bench_task *task, unsigned thread, size_t run,
                          const int32_t *zeros)
{
    const size_t first = thread * task->nelems;
    quant_kernels()->quantize_runs[task->params->dtype](
        task->params, scales, zeros, run, task->x + first, task->nelems, task->q + first);
}

static void run_quantize_32(const struct bench_task *task, unsigned thread)
{
    quantize_runs(task, thread, 32, zero_points);
}

static void run_quantize_32_zero_points(const struct bench_task *task, unsigned thread)
{
    quantize_runs(task, thread, 32, other_zero_points);
}

static void run_quantize_128(const struct bench_task *task, unsigned thread)
{
    quantize_runs(task, thread, 128, zero_points);
}

static void run_quantize_each(const struct bench_task *task, unsigned thread)
{
    const enum quant_dtype dtype = task->params->dtype;
    const size_t first = thread * task->nelems;
    for (size_t i = first; i < first + task->nelems; i += CHANNELS) {
        const size_t left = first + task->nelems - i;
        quant_kernels()->quantize_each[dtype](task->params, scales, zero_points, task->x + i,
                                              left < CHANNELS ? left : CHANNELS,
                                              task->q + quant_dtype_bytes(dtype, i));
    }
}

static void run_observe_32(const struct bench_task *task, unsigned thread)
{
    const size_t runs = task->nelems / 32;
    const size_t at = thread * (runs > CHANNELS ? runs : CHANNELS);
    kept = quant_kernels()->observe_runs(task->x + thread * task->nelems, runs, 32, least + at,
                                         greatest + at);
}

static void run_observe_each(const struct bench_task *task, unsigned thread)
{
    const size_t runs = task->nelems / 32;
    const size_t at = thread * (runs > CHANNELS ? runs : CHANNELS);
    const size_t first = thread * task->nelems;
    for (size_t i = first; i < first + task->nelems; i += CHANNELS) {
        const size_t left = first + task->nelems - i;
        kept = quant_kernels()->observe_each(task->x + i, left < CHANNELS ? left : CHANNELS,
                                             least + at, greatest + at);
    }
}

const struct bench_contender bench_quantize_runs_32 = {
    .name = "quantize-runs-32", .is_quant = true, .prepare = prepare_runs, .run = run_quantize_32};
const struct bench_contender bench_quantize_runs_32_zero_points = {
    .name = "quantize-runs-32-zero-points",
    .is_quant = true,
    .prepare = prepare_runs,
    .run = run_quantize_32_zero_points};
const struct bench_contender bench_quantize_runs_128 = {.name = "quantize-runs-128",
                                                        .is_quant = true,
                                                        .prepare = prepare_runs,
                                                        .run = run_quantize_128};
const struct bench_contender bench_quantize_each = {
    .name = "quantize-each", .is_quant = true, .prepare = prepare_groups, .run = run_quantize_each};
const struct bench_contender bench_observe_runs_32 = {
    .name = "observe-runs-32", .is_quant = true, .prepare = prepare_groups, .run = run_observe_32};
const struct bench_contender bench_observe_each = {
    .name = "observe-each", .is_quant = true, .prepare = prepare_groups, .run = run_observe_each};
