/* SPDX-License-Identifier: MIT */
/* This library: its public functions on arrays, and its internal JSON reader. */
#include <quant/quant.h>

#include <stdio.h>
#include <stdlib.h>

#include "contender.h"
#include "core/measure.h"
#include "formats/format.h"

/* Keeps the compiler from removing unused results. */
static volatile float kept;

static void run_observe(const struct bench_task *task, unsigned thread)
{
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    quant_observe(&observed, task->x + thread * task->nelems, task->nelems);
    kept = observed.min;
}

/* Parts begin at whole cache lines, so 4-bit parts begin at a whole byte. */
static int8_t *numbers_at(const struct bench_task *task, size_t first)
{
    return task->q + quant_dtype_bytes(task->params->dtype, first);
}

static void run_quantize(const struct bench_task *task, unsigned thread)
{
    const size_t first = thread * task->nelems;
    quant_quantize(task->params, task->x + first, task->nelems, numbers_at(task, first));
}

static bool prepare_dequantize(const struct bench_task *task)
{
    quant_quantize(task->params, task->x, task->nelems * task->threads, task->q);
    return true;
}

static void run_dequantize(const struct bench_task *task, unsigned thread)
{
    const size_t first = thread * task->nelems;
    quant_dequantize(task->params, numbers_at(task, first), task->nelems, task->restored + first);
}

const struct bench_contender bench_observe = {
    .name = "observe", .is_quant = true, .run = run_observe};
const struct bench_contender bench_quantize = {
    .name = "quantize", .is_quant = true, .run = run_quantize};
const struct bench_contender bench_dequantize = {
    .name = "dequantize", .is_quant = true, .prepare = prepare_dequantize, .run = run_dequantize};

/* A report for each thread. It continues from run to run, as for a long array: most levels are
 * marked and the largest error is known. */
static struct quant_measure *measures;

static bool prepare_measure(const struct bench_task *task)
{
    if (!measures)
        measures = malloc(task->threads * sizeof *measures);
    for (unsigned i = 0; measures && i < task->threads; i++)
        quant_measure_init(&measures[i], task->params);
    return measures && prepare_dequantize(task);
}

static void run_measure(const struct bench_task *task, unsigned thread)
{
    const size_t first = thread * task->nelems;
    quant_measure_add(&measures[thread], task->x + first, numbers_at(task, first), task->nelems);
}

const struct bench_contender bench_measure = {
    .name = "measure", .is_quant = true, .prepare = prepare_measure, .run = run_measure};

static char *text;
static size_t text_bytes;

static bool prepare_json(const struct bench_task *task)
{
    FILE *file = task->path ? fopen(task->path, "rb") : NULL;
    if (!file)
        return false;
    size_t room = 0;
    for (size_t got = 1; got > 0; text_bytes += got) {
        if (text_bytes == room) {
            room = room ? 2 * room : 1 << 20;
            char *more = realloc(text, room);
            if (!more)
                abort();
            text = more;
        }
        got = fread(text + text_bytes, 1, room - text_bytes, file);
    }
    (void)fclose(file);
    return text_bytes > 0;
}

static void run_json(const struct bench_task *task, unsigned thread)
{
    (void)task;
    (void)thread;
    const struct quant_read_request request = {.deliver = QUANT_FLOAT32};
    struct quant_source *source = quant_source_from_memory(text, text_bytes, "the text");
    struct quant_reader *reader = NULL;
    struct quant_error error = {QUANT_OK, ""};
    static float elements[64 << 10];
    size_t count = 0;
    enum quant_status status =
        source ? quant_format_json.open_reader(source, &request, &reader, &error) : QUANT_NO_MEMORY;
    do {
        if (status == QUANT_OK)
            status = reader->ops->read(reader, elements, sizeof elements / sizeof elements[0],
                                       &count, &error);
        if (status != QUANT_OK) {
            (void)fprintf(stderr, "bench_peers: %s\n", error.text);
            abort();
        }
        kept = elements[0];
    } while (count > 0);
    reader->ops->close(reader);
    quant_source_close(source);
}

const struct bench_contender bench_json = {
    .name = "json", .prepare = prepare_json, .run = run_json};
