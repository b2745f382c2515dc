/* SPDX-License-Identifier: MIT */
/*
 * Dequantizing one file, measuring it against its original, or both: integers are read once, held
 * against their sidecar on the way, restored, and written; the original is read beside them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/shape.h"
#include "engine/checksum.h"
#include "engine/chunks.h"
#include "engine/paths.h"
#include "engine/progress.h"
#include "engine/tensor.h"
#include "engine/workbench.h"
#include "formats/sidecar.h"
#include "io/io.h"

struct dequantization {
    const struct quant_dequantize_job *job;
    struct quant_dequantize_result *result;
    struct quant_error *error;
    char *sidecar_path; /* owned */
    struct quant_sidecar sidecar;
    struct quant_source *source; /* owned: the data */
    struct quant_checksum_source checksum;
    struct quant_reader *reader;
    char *original_path; /* owned */
    struct quant_tensor original;
    struct quant_file_output output;
    struct quant_writer *writer;
    bool reads_by_position; /* of the original too, where it is read */
    bool writes_by_position;
    struct quant_workbench *benches; /* owned */
    unsigned workers;
    struct quant_progress progress;
    struct quant_measure measure;
};

/* ---- The sidecar ---- */

/* Without an option the sidecar is looked for beside the data, and tells by its absence that the
 * data was never finished; if there is data. */
static enum quant_status check_default_sidecar(const struct dequantization *run)
{
    struct stat status;
    if (access(run->sidecar_path, F_OK) == 0 || errno != ENOENT)
        return QUANT_OK; /* opening it will say what is wrong, if anything is */
    if (stat(run->job->path, &status) != 0)
        return quant_error_system(run->error, errno, "cannot read '%s'", run->job->path);
    if (S_ISDIR(status.st_mode))
        return quant_error_set(run->error, QUANT_IO, "cannot read '%s': it is a folder",
                               run->job->path);
    return quant_error_set(run->error, QUANT_IO,
                           "'%s' is unfinished: there is no sidecar '%s'; --sidecar names one "
                           "elsewhere",
                           run->job->path, run->sidecar_path);
}

static enum quant_status settle_sidecar_path(struct dequantization *run)
{
    const struct quant_dequantize_job *job = run->job;
    if (!job->sidecar && quant_path_is_stream(job->path))
        return quant_error_set(run->error, QUANT_INVALID,
                               "a stream as the input needs a sidecar path beside it");
    run->sidecar_path = job->sidecar ? strdup(job->sidecar) : quant_sidecar_default(job->path);
    if (!run->sidecar_path)
        return quant_error_no_memory(run->error, strlen(job->path) + 6, "path");
    return job->sidecar ? QUANT_OK : check_default_sidecar(run);
}

static enum quant_status read_sidecar(struct dequantization *run)
{
    struct quant_source *source = NULL;
    enum quant_status status =
        quant_input_open(run->sidecar_path, &run->job->cancel, &source, run->error);
    if (status == QUANT_OK)
        status = quant_sidecar_read(source, &run->sidecar, run->error);
    quant_source_close(source);
    return status;
}

/* ---- The data ---- */

static enum quant_status differs(const struct dequantization *run, const char *what,
                                 unsigned long long found, unsigned long long expected)
{
    return quant_source_error(run->source, run->error, QUANT_CORRUPT,
                              "its %s %llu is not the %llu of its sidecar", what, found, expected);
}

static enum quant_status check_shape(const struct dequantization *run,
                                     const struct quant_reader *reader, const char *what)
{
    const struct quant_sidecar *sidecar = &run->sidecar;
    char found[QUANT_SHAPE_TEXT];
    char expected[QUANT_SHAPE_TEXT];
    if (reader->knowledge != QUANT_SHAPE_KNOWN)
        return QUANT_OK; /* asked again at the end */
    if (!quant_shape_equal(&reader->shape, &sidecar->shape))
        return quant_source_error(reader->source, run->error, QUANT_CORRUPT,
                                  "its shape %s is not the %s of %s",
                                  quant_shape_text(&reader->shape, found),
                                  quant_shape_text(&sidecar->shape, expected), what);
    if (reader->order != sidecar->order && quant_shape_has_order(&sidecar->shape) &&
        !reader->format->takes_raw_options)
        return quant_source_error(reader->source, run->error, QUANT_CORRUPT,
                                  "its order is not that of %s", what);
    return QUANT_OK;
}

static enum quant_status open_data(struct dequantization *run)
{
    const struct quant_sidecar *sidecar = &run->sidecar;
    enum quant_status status =
        quant_input_open(run->job->path, &run->job->cancel, &run->source, run->error);
    if (status != QUANT_OK)
        return status;
    if (run->source->size != QUANT_SIZE_UNKNOWN && run->source->size != sidecar->data_bytes)
        return differs(run, "size", run->source->size, sidecar->data_bytes);
    const struct quant_format *format = quant_format_from_name(sidecar->data.format);
    if (!format)
        return quant_source_error(run->source, run->error, QUANT_UNSUPPORTED,
                                  "its sidecar '%s' names a format that is not known: '%s'",
                                  run->sidecar_path, sidecar->data.format);
    status = quant_checksum_source_init(&run->checksum, run->source, run->error);
    if (status != QUANT_OK)
        return status;
    const struct quant_read_request request = {
        .deliver = sidecar->params.dtype,
        .raw_dtype = sidecar->params.dtype,
        .shape = &sidecar->shape,
    };
    status = format->open_reader(&run->checksum.source, &request, &run->reader, run->error);
    if (status == QUANT_OK && run->source->ops->forward_only)
        run->source->ops->forward_only(run->source);
    return status == QUANT_OK ? check_shape(run, run->reader, "its sidecar") : status;
}

static enum quant_status check_data(struct dequantization *run)
{
    uint64_t digest = 0;
    uint64_t nbytes = 0;
    enum quant_status status =
        quant_checksum_source_finish(&run->checksum, &digest, &nbytes, run->error);
    if (status == QUANT_OK)
        status = check_shape(run, run->reader, "its sidecar");
    if (status == QUANT_OK && nbytes != run->sidecar.data_bytes)
        return differs(run, "size", nbytes, run->sidecar.data_bytes);
    if (status == QUANT_OK && digest != run->sidecar.data_xxh3_64)
        return quant_source_error(run->source, run->error, QUANT_CORRUPT,
                                  "its checksum %016llx is not the %016llx of its sidecar",
                                  (unsigned long long)digest,
                                  (unsigned long long)run->sidecar.data_xxh3_64);
    return status;
}

/* ---- The original ---- */

/* The file that the caller names, or the one that the sidecar names. */
static enum quant_status name_original(struct dequantization *run, struct quant_input *original)
{
    const struct quant_sidecar *sidecar = &run->sidecar;
    *original = run->job->against;
    original->shape = NULL;
    if (original->path)
        return QUANT_OK;
    if (!sidecar->source.path)
        return quant_error_set(run->error, QUANT_INVALID,
                               "the sidecar '%s' names no original; --against names one",
                               run->sidecar_path);
    run->original_path = quant_path_beside(sidecar->source.path, run->sidecar_path);
    if (!run->original_path)
        return quant_error_no_memory(run->error, strlen(sidecar->source.path), "path");
    original->path = run->original_path;
    if (!original->format)
        original->format = sidecar->source.format;
    return QUANT_OK;
}

static enum quant_status open_original(struct dequantization *run)
{
    const struct quant_sidecar *sidecar = &run->sidecar;
    const struct quant_format *source_format = quant_format_from_name(sidecar->source.format);
    struct quant_read_request raw_defaults = {.shape = &sidecar->shape};
    if (source_format && source_format->takes_raw_options) {
        raw_defaults.raw_dtype = sidecar->source_dtype;
        raw_defaults.byte_order = sidecar->source_byte_order;
    }
    struct quant_input original;
    enum quant_status status = name_original(run, &original);
    if (status == QUANT_OK)
        status = quant_tensor_open(&run->original, &original, &raw_defaults, &run->job->cancel,
                                   run->error);
    if (status == QUANT_OK && run->original.source->ops->forward_only)
        run->original.source->ops->forward_only(run->original.source);
    return status == QUANT_OK ? check_shape(run, run->original.reader, "the quantized tensor")
                              : status;
}

static enum quant_status finish_original(struct dequantization *run)
{
    struct quant_reader *reader = run->original.reader;
    float x;
    size_t count = 0;
    const enum quant_status status =
        run->reads_by_position ? QUANT_OK : reader->ops->read(reader, &x, 1, &count, run->error);
    if (status == QUANT_OK && count > 0)
        return quant_source_error(run->original.source, run->error, QUANT_CORRUPT,
                                  "it has more elements than the quantized tensor");
    return status == QUANT_OK ? check_shape(run, reader, "the quantized tensor") : status;
}

/* ---- The output ---- */

/* No output may be one of the files that are read. */
static enum quant_status open_output(struct dequantization *run)
{
    const struct quant_output *output = &run->job->output;
    const struct quant_sidecar *sidecar = &run->sidecar;
    const struct quant_format *format = NULL;
    const char *const inputs[] = {run->job->path, run->sidecar_path, run->job->against.path,
                                  run->original_path};
    const char *const outputs[] = {output->path};
    enum quant_status status = quant_paths_distinct(inputs, 4, outputs, 1, run->error);
    if (status == QUANT_OK)
        status = quant_output_format(output, run->reader->format, &format, run->error);
    if (status == QUANT_OK)
        status = quant_output_open(&run->output, output->path, output->force, &run->job->cancel,
                                   run->error);
    if (status == QUANT_OK)
        status = format->open_writer(&run->output.sink, QUANT_FLOAT32, &sidecar->shape,
                                     sidecar->order, &run->writer, run->error);
    return status;
}

/* ---- The steps of the pass ---- */

static enum quant_status load_original(struct dequantization *run, const struct quant_chunk *chunk,
                                       struct quant_error *error)
{
    struct quant_workbench *bench = &run->benches[chunk->worker];
    struct quant_chunk found = *chunk;
    const enum quant_status status = quant_reader_load(run->original.reader, run->reads_by_position,
                                                       &found, bench->x, bench->stage, error);
    if (status == QUANT_OK && found.count < chunk->count)
        return quant_source_error(run->original.source, error, QUANT_CORRUPT,
                                  "it has fewer elements than the quantized tensor");
    return status;
}

static enum quant_status load(void *context, struct quant_chunk *chunk, struct quant_error *error)
{
    struct dequantization *run = context;
    struct quant_workbench *bench = &run->benches[chunk->worker];
    const enum quant_status status = quant_reader_load(run->reader, run->reads_by_position, chunk,
                                                       bench->q, bench->stage, error);
    return status == QUANT_OK && run->job->measure && chunk->count > 0
               ? load_original(run, chunk, error)
               : status;
}

static enum quant_status restore(void *context, struct quant_chunk *chunk,
                                 struct quant_error *error)
{
    struct dequantization *run = context;
    struct quant_workbench *bench = &run->benches[chunk->worker];
    (void)error;
    if (run->job->measure)
        quant_measure_part_take(bench->part, &run->measure, bench->x, bench->q, chunk->count);
    if (run->writer)
        quant_dequantize(&run->sidecar.params, bench->q, chunk->count, bench->restored);
    return QUANT_OK;
}

static enum quant_status emit(void *context, struct quant_chunk *chunk, struct quant_error *error)
{
    struct dequantization *run = context;
    struct quant_workbench *bench = &run->benches[chunk->worker];
    if (run->reads_by_position)
        quant_checksum_source_update(&run->checksum, bench->q,
                                     (size_t)quant_dtype_bytes(run->reader->stored, chunk->count));
    if (run->job->measure)
        quant_measure_join(&run->measure, bench->part);
    quant_progress_add(&run->progress, chunk->count);
    if (run->writes_by_position || !run->writer)
        return QUANT_OK;
    return run->writer->ops->write(run->writer, bench->restored, chunk->count, error);
}

static enum quant_status write_by_position(void *context, struct quant_chunk *chunk,
                                           struct quant_error *error)
{
    struct dequantization *run = context;
    return quant_writer_write_at(run->writer, &run->output.sink, chunk->first,
                                 run->benches[chunk->worker].restored, chunk->count, error);
}

/* ---- The pass ---- */

/* Streams are written by the thread that was called: a signal wakes it when they are full. */
static enum quant_status make_benches(struct dequantization *run)
{
    const struct quant_workbench_needs needs = {
        .x = run->job->measure, .restored = run->writer, .part = run->job->measure};
    const uint64_t nelems = run->progress.total;
    run->reads_by_position =
        quant_reader_is_positional(run->reader) &&
        (!run->job->measure || quant_reader_is_positional(run->original.reader));
    run->writes_by_position = run->reads_by_position && run->writer && run->writer->is_flat &&
                              run->output.sink.ops->write_at;
    run->checksum.by_position = run->reads_by_position;
    const bool shares = run->reads_by_position && (run->writes_by_position || !run->writer);
    const bool is_short = run->reads_by_position && nelems < QUANT_CHUNK;
    run->workers = shares ? quant_chunk_workers(run->job->threads, nelems) : 1;
    run->benches = quant_workbenches_new(run->workers, is_short ? (size_t)nelems : QUANT_CHUNK,
                                         &needs, run->error);
    return run->benches ? QUANT_OK : QUANT_NO_MEMORY;
}

static enum quant_status pass(struct dequantization *run)
{
    const struct quant_chunk_pass chunks = {
        .by_position = run->reads_by_position,
        .nelems = run->progress.total,
        .threads = run->workers,
        .context = run,
        .load = load,
        .work = restore,
        .deliver = emit,
        .finish = run->writes_by_position ? write_by_position : NULL,
    };
    enum quant_status status = quant_chunk_pass_run(&chunks, run->error);
    if (status == QUANT_OK)
        status = check_data(run);
    if (status == QUANT_OK && run->job->measure)
        status = finish_original(run);
    if (status == QUANT_OK && run->writer)
        status = run->writer->ops->finish(run->writer, run->error);
    return status;
}

static enum quant_status run_all(struct dequantization *run)
{
    const struct quant_dequantize_job *job = run->job;
    enum quant_status status = settle_sidecar_path(run);
    if (status == QUANT_OK)
        status = read_sidecar(run);
    if (status == QUANT_OK)
        status = open_data(run);
    if (status == QUANT_OK && job->measure)
        status = open_original(run);
    if (status == QUANT_OK && job->output.path)
        status = open_output(run);
    if (status != QUANT_OK)
        return status;
    quant_measure_init(&run->measure, &run->sidecar.params);
    quant_shape_count(&run->sidecar.shape, &run->progress.total);
    status = make_benches(run);
    if (status == QUANT_OK)
        status = pass(run);
    if (status == QUANT_OK && job->output.path)
        status = quant_output_commit(&run->output, NULL, run->error);
    return status;
}

static void fill_result(struct dequantization *run)
{
    run->result->params = run->sidecar.params;
    run->result->shape = run->sidecar.shape;
    run->result->order = run->sidecar.order;
    if (run->job->measure)
        quant_measure_report(&run->measure, run->original.reader->stored, &run->result->report);
}

static void close_all(struct dequantization *run)
{
    if (run->writer)
        run->writer->ops->close(run->writer);
    quant_workbenches_free(run->benches, run->workers);
    quant_output_discard(&run->output);
    quant_tensor_close(&run->original);
    free(run->original_path);
    if (run->reader)
        run->reader->ops->close(run->reader);
    quant_checksum_source_release(&run->checksum);
    quant_source_close(run->source);
    quant_sidecar_release(&run->sidecar);
    free(run->sidecar_path);
}

enum quant_status quant_file_dequantize(const struct quant_dequantize_job *job,
                                        struct quant_dequantize_result *result,
                                        struct quant_error *error)
{
    struct dequantization *run = calloc(1, sizeof *run);
    if (!run)
        return quant_error_no_memory(error, sizeof *run, "buffers");
    *result = (struct quant_dequantize_result){.shape = {.ndim = 0}};
    run->job = job;
    run->result = result;
    run->error = error;
    run->output.fd = -1;
    run->progress = (struct quant_progress){job->progress, job->progress_context, 0, 0};
    const enum quant_status status = run_all(run);
    if (status == QUANT_OK)
        fill_result(run);
    close_all(run);
    free(run);
    return status;
}
