/* SPDX-License-Identifier: MIT */
/*
 * Quantizing one file: scan -> range -> parameters -> apply -> sidecar -> commit. Most calibration
 * methods go over the elements again between the scan and the range. The scan is a pass of its own
 * only where something must be known before the first integer is written: the
 * range, or the shape for a format that begins with it. Otherwise what it would find is found on
 * the way.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "core/observed.h"
#include "engine/calibrate.h"
#include "engine/checksum.h"
#include "engine/chunks.h"
#include "engine/paths.h"
#include "engine/progress.h"
#include "engine/record.h"
#include "engine/tensor.h"
#include "engine/workbench.h"
#include "io/io.h"

struct quantization {
    const struct quant_quantize_job *job;
    struct quant_quantize_result *result;
    struct quant_error *error;
    struct quant_tensor tensor;
    const struct quant_format *format; /* of the output */
    bool scans_first;
    struct quant_file_output data;
    struct quant_file_output sidecar;
    char *sidecar_path; /* owned */
    bool data_is_new;   /* nothing is there yet: no need to look again */
    bool sidecar_is_new;
    struct quant_checksum_sink checksum;
    struct quant_writer *writer;
    bool is_loaded; /* all elements, since the scan: they are a single chunk, the first worker's */
    bool reads_by_position;
    bool writes_by_position;
    struct quant_workbench *benches; /* owned */
    unsigned workers;
    struct quant_progress progress;
    struct quant_measure measure;
};

static enum quant_status check_finite(const struct quantization *run)
{
    return quant_check_finite(&run->tensor, &run->result->observed, run->job->spec.nonfinite,
                              "quantize", "maps them", run->error);
}

/* ---- Opening ---- */

static enum quant_status check_job(struct quantization *run)
{
    const struct quant_output *output = &run->job->output;
    if (!output->path)
        return quant_error_set(run->error, QUANT_INVALID, "an output path is needed");
    run->data_is_new = quant_path_is_free(output->path);
    if (!output->sidecar && !run->data_is_new && quant_path_is_stream(output->path))
        return quant_error_set(run->error, QUANT_INVALID,
                               "a stream as the output needs a sidecar path beside it");
    return quant_spec_check(&run->job->spec, run->error);
}

static enum quant_status settle_sidecar_path(struct quantization *run)
{
    const struct quant_output *output = &run->job->output;
    run->sidecar_path =
        output->sidecar ? strdup(output->sidecar) : quant_sidecar_default(output->path);
    if (!run->sidecar_path)
        return quant_error_no_memory(run->error, strlen(output->path) + 6, "path");
    run->sidecar_is_new = quant_path_is_free(run->sidecar_path);
    if (run->data_is_new && run->sidecar_is_new &&
        !quant_paths_end_alike(output->path, run->sidecar_path))
        return QUANT_OK;
    const char *const inputs[] = {run->job->input.path};
    const char *const outputs[] = {output->path, run->sidecar_path};
    return quant_paths_distinct(inputs, 1, outputs, 2, run->error);
}

static enum quant_status settle_format(struct quantization *run)
{
    const struct quant_reader *reader = run->tensor.reader;
    const enum quant_status status =
        quant_output_format(&run->job->output, reader->format, &run->format, run->error);
    if (status != QUANT_OK)
        return status;
    run->scans_first =
        quant_spec_needs_range(&run->job->spec) || reader->knowledge < run->format->writer_needs;
    if (!run->scans_first && run->tensor.source->ops->forward_only)
        run->tensor.source->ops->forward_only(run->tensor.source);
    if (reader->knowledge == QUANT_SHAPE_KNOWN)
        run->progress.total = reader->nelems * (run->scans_first ? 2 : 1);
    return QUANT_OK;
}

/* Where force is given, what has come to be there since is replaced as if it had been there. */
static enum quant_status open_output(struct quantization *run, struct quant_file_output *output,
                                     const char *path, bool is_new)
{
    const bool force = run->job->output.force;
    const struct quant_cancel *cancel = &run->job->cancel;
    return is_new && !force ? quant_output_open_free(output, path, force, cancel, run->error)
                            : quant_output_open(output, path, force, cancel, run->error);
}

static enum quant_status open_outputs(struct quantization *run)
{
    const struct quant_output *output = &run->job->output;
    enum quant_status status = open_output(run, &run->data, output->path, run->data_is_new);
    if (status == QUANT_OK)
        status = open_output(run, &run->sidecar, run->sidecar_path, run->sidecar_is_new);
    if (status == QUANT_OK)
        status = quant_checksum_sink_init(&run->checksum, &run->data.sink, run->error);
    return status;
}

/* ---- The steps of the passes ---- */

static enum quant_status load(void *context, struct quant_chunk *chunk, struct quant_error *error)
{
    struct quantization *run = context;
    struct quant_workbench *bench = &run->benches[chunk->worker];
    if (run->is_loaded)
        return QUANT_OK;
    return quant_reader_load(run->tensor.reader, run->reads_by_position, chunk, bench->x,
                             bench->stage, error);
}

/* Without a scan before it, this pass observes as well. */
static enum quant_status quantize(void *context, struct quant_chunk *chunk,
                                  struct quant_error *error)
{
    struct quantization *run = context;
    struct quant_workbench *bench = &run->benches[chunk->worker];
    (void)error;
    if (!run->scans_first) {
        bench->observed = (struct quant_observed)QUANT_OBSERVED_INIT;
        quant_observe(&bench->observed, bench->x, chunk->count);
    }
    quant_quantize(&run->result->choice.params, bench->x, chunk->count, bench->q);
    if (run->job->measure)
        quant_measure_part_take(bench->part, &run->measure, bench->x, bench->q, chunk->count);
    return QUANT_OK;
}

/* After the first non-finite element that is not allowed, elements are only counted on. */
static bool is_spoiled(const struct quantization *run)
{
    return run->result->observed.nonfinite > 0 &&
           run->job->spec.nonfinite != QUANT_NONFINITE_SATURATE;
}

static enum quant_status emit(void *context, struct quant_chunk *chunk, struct quant_error *error)
{
    struct quantization *run = context;
    struct quant_workbench *bench = &run->benches[chunk->worker];
    if (!run->scans_first)
        quant_observed_join(&run->result->observed, &bench->observed);
    quant_progress_add(&run->progress, chunk->count);
    if (is_spoiled(run))
        return QUANT_OK;
    if (run->job->measure)
        quant_measure_join(&run->measure, bench->part);
    if (!run->writes_by_position)
        return run->writer->ops->write(run->writer, bench->q, chunk->count, error);
    const enum quant_dtype dtype = run->writer->dtype;
    quant_checksum_sink_update(&run->checksum, bench->q,
                               (size_t)quant_dtype_bytes(dtype, chunk->count));
    return QUANT_OK;
}

static enum quant_status write_by_position(void *context, struct quant_chunk *chunk,
                                           struct quant_error *error)
{
    struct quantization *run = context;
    return quant_writer_write_at(run->writer, &run->data.sink, chunk->first,
                                 run->benches[chunk->worker].q, chunk->count, error);
}

/* ---- The passes ---- */

static enum quant_status make_benches(struct quantization *run)
{
    const struct quant_reader *reader = run->tensor.reader;
    const struct quant_workbench_needs needs = {.x = true, .part = run->job->measure};
    run->reads_by_position = quant_reader_is_positional(reader);
    const bool is_short = run->reads_by_position && reader->nelems < QUANT_CHUNK;
    const size_t capacity = is_short ? (size_t)reader->nelems : QUANT_CHUNK;
    run->workers =
        run->reads_by_position ? quant_chunk_workers(run->job->threads, reader->nelems) : 1;
    run->benches = quant_workbenches_new(run->workers, capacity, &needs, run->error);
    return run->benches ? QUANT_OK : QUANT_NO_MEMORY;
}

static struct quant_scan make_scan(struct quantization *run)
{
    return (struct quant_scan){
        .tensor = &run->tensor,
        .by_position = run->reads_by_position,
        .benches = run->benches,
        .workers = run->workers,
        .progress = &run->progress,
    };
}

static enum quant_status observe(struct quantization *run)
{
    const struct quant_scan scan = make_scan(run);
    const enum quant_status status = quant_scan_observe(&scan, &run->result->observed, run->error);
    run->is_loaded = run->reads_by_position && run->tensor.reader->nelems <= QUANT_CHUNK;
    return status == QUANT_OK ? check_finite(run) : status;
}

static enum quant_status choose(struct quantization *run)
{
    struct quant_quantize_result *result = run->result;
    const struct quant_scan scan = make_scan(run);
    const struct quant_observed *observed = run->scans_first ? &result->observed : NULL;
    const enum quant_status status =
        quant_scan_choose(&scan, &run->job->spec, observed, &result->choice, run->error);
    if (status == QUANT_OK && run->job->measure)
        quant_measure_init(&run->measure, &result->choice.params);
    return status;
}

/* Streams are written by the thread that was called: a signal wakes it when they are full. */
static enum quant_status apply(struct quantization *run)
{
    struct quant_reader *reader = run->tensor.reader;
    enum quant_status status =
        run->format->open_writer(&run->checksum.sink, run->result->choice.params.dtype,
                                 &reader->shape, reader->order, &run->writer, run->error);
    if (status != QUANT_OK)
        return status;
    run->writes_by_position =
        quant_reader_is_positional(reader) && run->writer->is_flat && run->data.sink.ops->write_at;
    const struct quant_chunk_pass pass = {
        .by_position = run->reads_by_position,
        .nelems = reader->nelems,
        .threads = run->writes_by_position ? run->workers : 1,
        .context = run,
        .load = load,
        .work = quantize,
        .deliver = emit,
        .finish = run->writes_by_position ? write_by_position : NULL,
    };
    if (run->writes_by_position)
        quant_writer_expect(run->writer, &run->data.sink, reader->nelems);
    status = quant_chunk_pass_run(&pass, run->error);
    if (status == QUANT_OK)
        status = check_finite(run);
    if (status == QUANT_OK)
        status = run->writer->ops->finish(run->writer, run->error);
    return status;
}

/* ---- The end ---- */

static enum quant_status write_sidecar(struct quantization *run)
{
    struct quant_sidecar sidecar;
    const struct quant_record_files files = {
        .sidecar = run->sidecar_path,
        .source_is_file = run->tensor.source->positional,
        .data_is_file = !quant_output_is_stream(&run->data),
    };
    enum quant_status status = quant_record_fill(&sidecar, &files, run->job, run->result,
                                                 run->tensor.reader, run->format, run->error);
    sidecar.data_bytes = run->checksum.nbytes;
    sidecar.data_xxh3_64 = quant_checksum_sink_digest(&run->checksum);
    if (status == QUANT_OK)
        status = quant_sidecar_write(&sidecar, &run->sidecar.sink, run->error);
    quant_sidecar_release(&sidecar);
    return status;
}

static void fill_result(struct quantization *run)
{
    const struct quant_reader *reader = run->tensor.reader;
    run->result->shape = reader->shape;
    run->result->order = reader->order;
    run->result->source_dtype = reader->stored;
    if (run->job->measure)
        quant_measure_report(&run->measure, reader->stored, &run->result->report);
}

static void close_all(struct quantization *run)
{
    if (run->writer)
        run->writer->ops->close(run->writer);
    quant_workbenches_free(run->benches, run->workers);
    quant_checksum_sink_release(&run->checksum);
    quant_output_discard(&run->sidecar);
    quant_output_discard(&run->data);
    quant_tensor_close(&run->tensor);
    free(run->sidecar_path);
}

enum quant_status quant_file_quantize(const struct quant_quantize_job *job,
                                      struct quant_quantize_result *result,
                                      struct quant_error *error)
{
    struct quantization *run = calloc(1, sizeof *run);
    if (!run)
        return quant_error_no_memory(error, sizeof *run, "buffers");
    *result = (struct quant_quantize_result){.observed = QUANT_OBSERVED_INIT};
    run->job = job;
    run->result = result;
    run->error = error;
    run->data.fd = run->sidecar.fd = -1;
    run->progress = (struct quant_progress){job->progress, job->progress_context, 0, 0};

    enum quant_status status = check_job(run);
    if (status == QUANT_OK)
        status = settle_sidecar_path(run);
    if (status == QUANT_OK)
        status = quant_tensor_open(&run->tensor, &job->input, NULL, &job->cancel, error);
    if (status == QUANT_OK)
        status = settle_format(run);
    if (status == QUANT_OK)
        status = open_outputs(run);
    if (status == QUANT_OK)
        status = make_benches(run);
    if (status == QUANT_OK && run->scans_first)
        status = observe(run);
    if (status == QUANT_OK)
        status = choose(run);
    if (status == QUANT_OK)
        status = apply(run);
    if (status == QUANT_OK)
        status = quant_source_check_unchanged(run->tensor.source, error);
    if (status == QUANT_OK)
        status = write_sidecar(run);
    if (status == QUANT_OK)
        status = quant_output_commit(&run->data, &run->sidecar, error);
    if (status == QUANT_OK)
        fill_result(run);
    close_all(run);
    free(run);
    return status;
}
