/* SPDX-License-Identifier: MIT */
/*
 * Dequantizing one file, measuring it against its original, or both: integers are read once, held
 * against their sidecar on the way, restored, and written; the original is read beside them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/shape.h"
#include "engine/files/dequantization.h"
#include "engine/work/chunks.h"
#include "io/distinct_paths.h"

/* ---- The output ---- */

/* No output may be one of the files that are read. */
static enum quant_status open_output(struct dequantization *run)
{
    const struct quant_output *output = &run->job->output;
    const struct quant_sidecar *sidecar = &run->sidecar;
    const struct quant_format *format = NULL;
    const char *const inputs[] = {run->job->path, run->sidecar_path, run->job->against.path,
                                  run->original_path, run->groups.path};
    const char *const outputs[] = {output->path};
    enum quant_status status = quant_paths_distinct(inputs, 5, outputs, 1, run->error);
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
    enum quant_status status = quant_reader_load(run->reader, run->reads_by_position, chunk,
                                                 bench->q, bench->stage, error);
    if (status != QUANT_OK || chunk->count == 0)
        return status;
    if (run->sidecar.has_groups) {
        status = quant_group_source_load(&run->groups, chunk, error);
        if (status != QUANT_OK)
            return status;
    }
    return run->job->measure ? load_original(run, chunk, error) : QUANT_OK;
}

static void restore_groups(struct dequantization *run, const struct quant_chunk *chunk)
{
    struct quant_workbench *bench = &run->benches[chunk->worker];
    const struct quant_group_part part = quant_group_source_part(&run->groups, chunk);
    if (run->job->measure)
        quant_measure_part_take_groups(bench->part, &run->measure, &part, bench->x, bench->q,
                                       chunk->count);
    if (run->writer)
        quant_dequantize_groups(&run->sidecar.params, part.grouping, &part.params, chunk->first,
                                bench->q, chunk->count, bench->restored);
}

static enum quant_status restore(void *context, struct quant_chunk *chunk,
                                 struct quant_error *error)
{
    struct dequantization *run = context;
    struct quant_workbench *bench = &run->benches[chunk->worker];
    (void)error;
    if (run->sidecar.has_groups) {
        restore_groups(run, chunk);
        return QUANT_OK;
    }
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
    if (run->job->measure && run->sidecar.has_groups) {
        const struct quant_group_part part = quant_group_source_part(&run->groups, chunk);
        quant_group_ranking_join(&run->ranking, &part, chunk->count);
    }
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
    const uint64_t nelems = run->nelems;
    run->reads_by_position =
        quant_reader_is_positional(run->reader) &&
        (!run->job->measure || quant_reader_is_positional(run->original.reader));
    run->writes_by_position = run->reads_by_position && run->writer && run->writer->is_flat &&
                              run->output.sink.ops->write_at;
    run->checksum.by_position = run->reads_by_position;
    const bool shares = run->reads_by_position && (run->writes_by_position || !run->writer);
    const bool is_short = run->reads_by_position && nelems < QUANT_CHUNK;
    run->workers = shares ? quant_chunk_workers(run->job->threads, nelems) : 1;
    if (run->sidecar.has_groups)
        run->workers = quant_group_source_workers(&run->groups, run->workers, run->job->measure);
    run->benches = quant_workbenches_new(run->workers, is_short ? (size_t)nelems : QUANT_CHUNK,
                                         &needs, run->error);
    if (!run->benches)
        return QUANT_NO_MEMORY;
    return run->sidecar.has_groups
               ? quant_group_source_share(&run->groups, run->workers, run->job->measure, run->error)
               : QUANT_OK;
}

static enum quant_status begin_measure(struct dequantization *run)
{
    if (!run->sidecar.has_groups) {
        quant_measure_init(&run->measure, &run->sidecar.params);
        return QUANT_OK;
    }
    quant_measure_init_groups(&run->measure, &run->sidecar.params);
    return quant_group_ranking_init(&run->ranking, &run->groups.grouping, run->error);
}

static enum quant_status pass(struct dequantization *run)
{
    const struct quant_chunk_pass chunks = {
        .by_position = run->reads_by_position,
        .nelems = run->nelems,
        .threads = run->workers,
        .context = run,
        .load = load,
        .work = restore,
        .deliver = emit,
        .finish = run->writes_by_position ? write_by_position : NULL,
    };
    if (run->writes_by_position)
        quant_writer_expect(run->writer, &run->output.sink, chunks.nelems);
    enum quant_status status = quant_chunk_pass_run(&chunks, run->error);
    if (status == QUANT_OK)
        status = quant_dequantization_check_data(run);
    if (status == QUANT_OK)
        status = quant_group_source_check_unchanged(&run->groups, run->error);
    if (status == QUANT_OK && run->job->measure)
        status = quant_dequantization_finish_original(run);
    if (status == QUANT_OK && run->job->measure)
        status = quant_source_check_unchanged(run->original.source, run->error);
    if (status == QUANT_OK && run->writer)
        status = run->writer->ops->finish(run->writer, run->error);
    return status;
}

static enum quant_status run_all(struct dequantization *run)
{
    const struct quant_dequantize_job *job = run->job;
    enum quant_status status = quant_dequantization_find_sidecar(run);
    if (status == QUANT_OK)
        status = quant_dequantization_read_sidecar(run);
    if (status == QUANT_OK)
        status = quant_dequantization_open_data(run);
    if (status == QUANT_OK && run->sidecar.has_groups)
        status = quant_group_source_open(&run->groups, &run->sidecar, run->sidecar_path,
                                         &job->cancel, run->error);
    if (status == QUANT_OK && job->measure)
        status = quant_dequantization_open_original(run);
    if (status == QUANT_OK && job->output.path)
        status = open_output(run);
    if (status == QUANT_OK && job->measure)
        status = begin_measure(run);
    if (status != QUANT_OK)
        return status;
    quant_shape_count(&run->sidecar.shape, &run->nelems);
    quant_progress_begin_pass(&run->progress, run->nelems, 0);
    status = make_benches(run);
    if (status == QUANT_OK)
        status = pass(run);
    if (status == QUANT_OK && job->output.path)
        status = quant_output_commit(&run->output, NULL, NULL, run->error);
    return status;
}

static void fill_measured(struct dequantization *run)
{
    struct quant_dequantize_result *result = run->result;
    const struct quant_reader *original = run->original.reader;
    const char *path = run->job->against.path ? run->job->against.path : run->original_path;
    quant_measure_report(&run->measure, original->stored, result->grouping.count, &result->report);
    result->source_dtype = original->stored;
    result->source_format = original->format->name;
    snprintf(result->source_path, sizeof result->source_path, "%s", path);
}

static void fill_result(struct dequantization *run)
{
    run->result->params = run->sidecar.params;
    run->result->shape = run->sidecar.shape;
    run->result->order = run->sidecar.order;
    const struct quant_granularity whole = {.has_axis = false};
    if (run->sidecar.has_groups)
        run->result->grouping = run->groups.grouping;
    else
        quant_grouping_make(&whole, &run->sidecar.shape, run->sidecar.order, &run->result->grouping,
                            NULL);
    if (run->job->measure)
        fill_measured(run);
    run->result->worst = run->ranking.worst;
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
    quant_group_ranking_release(&run->ranking);
    quant_group_source_release(&run->groups);
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
    run->progress =
        (struct quant_progress){.call = job->progress, .context = job->progress_context};
    const enum quant_status status = run_all(run);
    if (status == QUANT_OK)
        fill_result(run);
    close_all(run);
    free(run);
    return status;
}
