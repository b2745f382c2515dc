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
#include "core/group_notes.h"
#include "engine/files/sidecar_record.h"
#include "engine/tensor/quantization.h"
#include "io/distinct_paths.h"
#include "io/sidecar_names.h"

/* ---- Opening ---- */

static enum quant_status check_job(struct quantization *run)
{
    const struct quant_output *output = &run->job->output;
    if (!output->path)
        return quant_error_set(run->error, QUANT_INVALID, "an output path is needed");
    run->data_is_new = quant_path_is_free(output->path);
    if (!output->sidecar && !run->data_is_new && quant_path_is_stream(output->path))
        return quant_error_set(run->error, QUANT_INVALID,
                               "a stream as the output needs a sidecar path");
    const struct quant_granularity *granularity = &run->job->granularity;
    run->has_groups = granularity->has_axis || granularity->block_size > 0;
    return run->has_groups ? quant_group_spec_check(&run->job->spec, run->error)
                           : quant_spec_check(&run->job->spec, run->error);
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
    return QUANT_OK;
}

/* Groups take elements by position, and the shape tells which. */
static enum quant_status settle_groups(struct quantization *run)
{
    enum quant_status status = QUANT_OK;
    if (!quant_reader_is_positional(run->tensor.reader))
        status = quant_tensor_spool(&run->tensor, &run->job->cancel, run->error);
    if (status == QUANT_OK)
        status = quant_group_pass_init(&run->groups, run->job, run->tensor.reader, run->error);
    /* What has gone to a stream cannot be taken back where an element is refused. */
    const bool checks_first = run->job->spec.nonfinite == QUANT_NONFINITE_ERROR &&
                              !run->data_is_new && quant_path_is_stream(run->job->output.path);
    run->scans_first = !run->groups.is_near || checks_first;
    return status;
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
    if (status == QUANT_OK && run->has_groups)
        status = quant_group_store_open(&run->store, &run->groups.grouping,
                                        &run->groups.calibration.nothing.params, run->job,
                                        run->sidecar_path, run->error);
    return status;
}

/* ---- The end ---- */

static enum quant_status write_sidecar(struct quantization *run)
{
    struct quant_sidecar sidecar;
    const struct quant_record_files files = {
        .sidecar = run->sidecar_path,
        .source_is_file = quant_tensor_source(&run->tensor)->positional,
        .data_is_file = !quant_output_is_stream(&run->data),
    };
    enum quant_status status =
        quant_record_fill(&sidecar, &files, run->job, run->result,
                          quant_tensor_origin(&run->tensor), run->format, run->error);
    sidecar.data_bytes = run->checksum.nbytes;
    sidecar.data_xxh3_64 = quant_checksum_sink_digest(&run->checksum);
    if (run->has_groups)
        quant_group_store_record(&run->store, &sidecar);
    if (status == QUANT_OK)
        status = quant_sidecar_write(&sidecar, &run->sidecar.sink, run->error);
    quant_sidecar_release(&sidecar);
    return status;
}

static void fill_result(struct quantization *run)
{
    const struct quant_reader *reader = quant_tensor_origin(&run->tensor);
    run->result->shape = reader->shape;
    run->result->order = reader->order;
    run->result->source_dtype = reader->stored;
    run->result->source_format = reader->format->name;
    quant_grouping_make(&run->job->granularity, &reader->shape, reader->order,
                        &run->result->grouping, NULL);
    if (run->job->measure)
        quant_measure_report(&run->measure, reader->stored, run->result->grouping.count,
                             &run->result->report);
    if (run->has_groups) {
        run->result->group_notes = run->groups.notes;
        run->result->choice.notes = quant_group_notes_any(&run->groups.notes);
        run->result->worst = run->groups.ranking.worst;
    }
}

static void close_all(struct quantization *run)
{
    if (run->writer)
        run->writer->ops->close(run->writer);
    quant_workbenches_free(run->benches, run->workers);
    quant_checksum_sink_release(&run->checksum);
    if (run->has_groups) {
        quant_group_store_release(&run->store);
        quant_group_pass_release(&run->groups);
    }
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
    run->progress =
        (struct quant_progress){.call = job->progress, .context = job->progress_context};

    enum quant_status status = check_job(run);
    if (status == QUANT_OK)
        status = settle_sidecar_path(run);
    if (status == QUANT_OK)
        status = quant_tensor_open(&run->tensor, &job->input, NULL, &job->cancel, error);
    if (status == QUANT_OK)
        status = settle_format(run);
    if (status == QUANT_OK && run->has_groups)
        status = settle_groups(run);
    if (status == QUANT_OK)
        status = open_outputs(run);
    if (status == QUANT_OK)
        status = quant_quantization_make_passes(run);
    if (status == QUANT_OK)
        status = quant_source_check_unchanged(quant_tensor_source(&run->tensor), error);
    if (status == QUANT_OK)
        status = write_sidecar(run);
    if (status == QUANT_OK)
        status = quant_output_commit(&run->data, quant_group_store_file(&run->store), &run->sidecar,
                                     error);
    if (status == QUANT_OK)
        fill_result(run);
    close_all(run);
    free(run);
    return status;
}
