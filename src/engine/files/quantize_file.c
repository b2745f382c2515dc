/* SPDX-License-Identifier: MIT */
/* Quantizing one file of one tensor: open the input, run the tensor through its passes, write the
 * sidecar, and make all outputs visible together. */
#include "engine/files/quantize_file.h"
#include "engine/files/sidecar_pair.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/grouping.h"
#include "core/profile_params.h"
#include "core/range_params.h"
#include "engine/files/file_quantization.h"
#include "engine/files/file_selection.h"
#include "engine/files/given_params.h"
#include "engine/files/quantize_container.h"
#include "engine/files/sidecar_record.h"
#include "engine/work/job.h"
#include "formats/file_size.h"
#include "io/distinct_paths.h"
#include "io/free_space.h"
#include "io/sidecar_names.h"

/* ---- Opening ---- */

static bool is_free(const struct quant_file_quantization *file, const char *path)
{
    return quant_shared_directory_was_free(file->work->output_directory, path) ||
           quant_path_is_free(path);
}

static enum quant_status check_job(struct quant_file_quantization *file)
{
    const struct quant_output *output = &file->job->output;
    if (!output->path)
        return quant_error_set(file->error, QUANT_INVALID, "an output path is needed");
    file->data_is_new = is_free(file, output->path);
    if (quant_mappings_have_blocks(file->mappings))
        return output->sidecar ? quant_error_set(file->error, QUANT_INVALID,
                                                 "a GGUF file states its own scales and has no "
                                                 "sidecar")
                               : QUANT_OK;
    if (!output->sidecar && !file->data_is_new && quant_path_is_stream(output->path))
        return quant_error_set(file->error, QUANT_INVALID,
                               "'%s' is a stream, which cannot have a sidecar beside it; give "
                               "'--sidecar FILE'",
                               output->path);
    return QUANT_OK;
}

static enum quant_status settle_sidecar_path(struct quant_file_quantization *file)
{
    const struct quant_output *output = &file->job->output;
    file->sidecar_path =
        output->sidecar ? strdup(output->sidecar) : quant_sidecar_default(output->path);
    if (!file->sidecar_path)
        return quant_error_no_memory(file->error, strlen(output->path) + 6, "path");
    file->sidecar_is_new = is_free(file, file->sidecar_path);
    if (file->data_is_new && file->sidecar_is_new &&
        !quant_paths_end_alike(output->path, file->sidecar_path))
        return QUANT_OK;
    const char *const inputs[] = {file->job->input.path};
    const char *const outputs[] = {output->path, file->sidecar_path};
    return quant_paths_distinct(inputs, 1, outputs, 2, file->error);
}

/* The outputs of an earlier run are replaced. Without old ones no name is needed before the
 * end, and nothing is left if this run is killed. */
static enum quant_status settle_force(struct quant_file_quantization *file)
{
    if (!quant_ways_resume(file->job->ways))
        return QUANT_OK;
    char *scales = quant_file_scales_name(file->sidecar_path);
    if (!scales)
        return quant_error_no_memory(file->error, strlen(file->sidecar_path), "path");
    file->own.output.force = !file->data_is_new || !file->sidecar_is_new || !is_free(file, scales);
    free(scales);
    return QUANT_OK;
}

static enum quant_status choose_mapping(struct quant_file_quantization *file)
{
    const struct quant_input *input = &file->job->input;
    const enum quant_status status = quant_selection_check_file(
        &file->job->selection, "quantize", input->path, input->tensor, file->error);
    if (status != QUANT_OK)
        return status;
    file->mapping =
        quant_mappings_find(file->mappings, input->tensor ? input->tensor : input->path);
    file->plan = file->mapping->plan;
    file->has_groups = quant_granularity_has_groups(&file->plan.granularity);
    if (!file->mapping->copies)
        return QUANT_OK;
    return quant_error_set(file->error, QUANT_INVALID,
                           "cannot quantize '%s': its rule is to copy it, but a file of one tensor "
                           "is not copied",
                           input->path);
}

/* One tensor has the dimensions that it has; nothing is left to copy beside it. */
static enum quant_status check_dims(const struct quant_file_quantization *file)
{
    const struct quant_quantize_job *job = file->job;
    const struct quant_reader *reader = file->tensor.reader;
    const struct quant_mapping *mapping = file->mapping;
    if (!mapping->has_min_dims || reader->knowledge != QUANT_SHAPE_KNOWN ||
        reader->shape.ndim >= (int)mapping->min_dims)
        return QUANT_OK;
    return quant_error_set(file->error, QUANT_INVALID,
                           "cannot quantize '%s': it has %d dimensions, fewer than the %u of "
                           "--min-dims",
                           job->input.path, reader->shape.ndim, mapping->min_dims);
}

/* What a file gives for the tensor, once its shape is known. */
static enum quant_status settle_given(struct quant_file_quantization *file)
{
    const struct quant_reader *reader = file->tensor.reader;
    const struct quant_given_params *params = file->mapping->given;
    const struct quant_given_tensor tensor = {quant_given_single_name(&file->job->input),
                                              &reader->shape, reader->order};
    struct quant_error own;
    if (!params || file->is_settled || reader->knowledge != QUANT_SHAPE_KNOWN)
        return QUANT_OK;
    enum quant_status status = quant_given_params_plan(params, &tensor, &file->plan, &own);
    if (status == QUANT_OK && file->has_groups)
        status = quant_given_params_load(params, &tensor, &file->plan, &file->given, &own);
    file->is_settled = status == QUANT_OK;
    return status == QUANT_OK ? QUANT_OK
                              : quant_error_set(file->error, status, "cannot quantize '%s': %s",
                                                reader->source->name, own.text);
}

/* What has gone to a stream cannot be taken back if an element is refused: with groups, whose
 * parameters are found chunk by chunk, elements are then checked before. */
static bool must_scan(const struct quant_file_quantization *file)
{
    const struct quant_quantize_job *job = file->job;
    if (!file->has_groups)
        return file->tensor.reader->knowledge < file->format->writer_needs;
    return file->plan.nonfinite == QUANT_NONFINITE_ERROR && !file->data_is_new &&
           quant_path_is_stream(job->output.path);
}

struct quant_given_groups *quant_file_given(struct quant_file_quantization *file)
{
    return file->mapping->given && file->has_groups ? &file->given : NULL;
}

/* Groups take elements by position, and the shape says which; it says how many scales are given
 * too. */
static bool needs_position(const struct quant_file_quantization *file)
{
    return file->has_groups || (file->mapping->given && !file->is_settled);
}

static enum quant_status begin_run(struct quant_file_quantization *file)
{
    const struct quant_quantize_job *job = file->job;
    enum quant_status status = QUANT_OK;
    if (needs_position(file) && !quant_reader_is_positional(file->tensor.reader))
        status = quant_tensor_spool(&file->tensor, &job->control.cancel, file->error);
    if (status == QUANT_OK)
        status = settle_given(file);
    if (status != QUANT_OK)
        return status;
    file->run = (struct quant_tensor_run){.plan = &file->plan,
                                          .given = quant_file_given(file),
                                          .cancel = &job->control.cancel,
                                          .tensor = &file->tensor,
                                          .output = &file->output,
                                          .progress = &file->progress,
                                          .pool = file->work->pool,
                                          .buffers = quant_pool_buffers(file->work->pool, 0),
                                          .threads = quant_pool_threads(file->work->pool),
                                          .measures = job->measure,
                                          .must_scan = must_scan(file)};
    return quant_tensor_run_begin(&file->run, file->error);
}

/* With force, what another process has created since is replaced as if it had been there. */
static enum quant_status open_output(struct quant_file_quantization *file,
                                     struct quant_file_output *output, const char *path,
                                     bool is_new)
{
    const bool force = file->job->output.force;
    const struct quant_cancel *cancel = &file->job->control.cancel;
    return is_new && !force ? quant_output_open_free(output, path, file->work->output_directory,
                                                     cancel, file->error)
                            : quant_output_open(output, path, force, cancel, file->error);
}

static enum quant_status open_scales(struct quant_file_quantization *file)
{
    const uint64_t count = file->run.grouping.count;
    const struct quant_choice common = quant_choice_of_nothing(&file->plan.target);
    file->output.scales = &file->scales;
    return count > QUANT_SIDECAR_SCALES
               ? quant_scale_store_open_file(&file->scales, count, &common.params, file->job,
                                             file->sidecar_path, file->error)
               : quant_scale_store_open_memory(
                     &file->scales, count, quant_params_have_biases(&common.params), file->error);
}

uint64_t quant_file_scales_size(const struct quant_file_quantization *file)
{
    const struct quant_choice common = quant_choice_of_nothing(&file->plan.target);
    const uint64_t count = file->run.grouping.count;
    return file->has_groups && count > QUANT_SIDECAR_SCALES
               ? quant_scale_bytes(&common.params, count)
               : 0;
}

static enum quant_status check_space(const struct quant_file_quantization *file)
{
    const struct quant_reader *reader = file->tensor.reader;
    struct quant_space_need needs[] = {{file->job->output.path, 0},
                                       {file->sidecar_path, quant_file_scales_size(file)}};
    file->work->outcome->is_unsized =
        reader->knowledge != QUANT_SHAPE_KNOWN ||
        !quant_format_file_size(file->format, file->plan.target.dtype, &reader->shape,
                                reader->order, reader->nelems, &needs[0].nbytes);
    return file->data_is_new && file->sidecar_is_new
               ? quant_free_space_check_shared(file->work->output_directory, needs, 2, file->error)
               : quant_free_space_check(needs, 2, file->error);
}

static enum quant_status open_outputs(struct quant_file_quantization *file)
{
    const struct quant_output *output = &file->job->output;
    enum quant_status status = check_space(file);
    if (status == QUANT_OK)
        status = open_output(file, &file->data, output->path, file->data_is_new);
    if (status == QUANT_OK)
        status = open_output(file, &file->sidecar, file->sidecar_path, file->sidecar_is_new);
    file->output.format = file->format;
    file->output.sink = &file->data.sink;
    file->output.is_hashed = true;
    if (status == QUANT_OK)
        status = quant_tensor_output_open(&file->output, file->error);
    return status == QUANT_OK && file->has_groups ? open_scales(file) : status;
}

/* ---- The end ---- */

static enum quant_status write_sidecar(struct quant_file_quantization *file)
{
    struct quant_sidecar sidecar;
    const struct quant_record_files files = {
        .sidecar = file->sidecar_path,
        .source_is_file = quant_tensor_source(&file->tensor)->positional,
        .data_is_file = !quant_output_is_stream(&file->data),
    };
    enum quant_status status =
        quant_record_fill(&sidecar, &files, file->job, file->result,
                          quant_tensor_origin(&file->tensor), file->format, file->error);
    sidecar.data_bytes = file->output.checksum.nbytes;
    sidecar.data_xxh3_64 = quant_checksum_sink_digest(&file->output.checksum);
    if (file->has_groups)
        quant_scale_store_record(&file->scales, &file->run.grouping, &sidecar);
    if (status == QUANT_OK)
        status = quant_sidecar_write(&sidecar, &file->sidecar.sink, file->error);
    quant_sidecar_release(&sidecar);
    return status;
}

static enum quant_status report_tensor(const struct quant_file_quantization *file)
{
    const struct quant_quantize_result *found = file->result;
    const struct quant_tensor_result result = {
        .name = "",
        .nbytes = quant_dtype_bytes(found->source_dtype, found->grouping.nelems),
        .found = found,
    };
    return quant_control_report(&file->job->control, &result, file->error);
}

static void close_all(struct quant_file_quantization *file)
{
    quant_tensor_run_release(&file->run);
    quant_given_groups_release(&file->given);
    quant_tensor_output_release(&file->output);
    quant_scale_store_release(&file->scales);
    quant_output_discard(&file->sidecar);
    quant_output_discard(&file->data);
    quant_tensor_close(&file->tensor);
    free(file->sidecar_path);
}

/* Files of one tensor, and those that GGUF is not the format of. */
static enum quant_status check_blocks(const struct quant_file_quantization *file)
{
    const struct quant_dtype_info *info = quant_dtype_info(file->plan.target.dtype);
    if (info->block_nelems == 0)
        return QUANT_OK;
    return quant_error_set(file->error, QUANT_UNSUPPORTED,
                           "cannot quantize '%s': %s is a type of GGUF files, and only a GGUF file "
                           "can be quantized to it",
                           file->job->input.path, info->name);
}

/* The data comes first: from then on the pending sidecar describes it (sidecar_pair.h). */
static enum quant_status commit(struct quant_file_quantization *file)
{
    const struct quant_output *output = &file->job->output;
    struct quant_file_output *scales = quant_scale_store_file(&file->scales);
    struct quant_file_output *const outputs[] = {&file->data, scales};
    struct quant_pair_replacement replacement = {.data = NULL};
    enum quant_status status = QUANT_OK;
    file->data.syncs = file->sidecar.syncs = file->job->ways & QUANT_SYNC;
    if (scales)
        scales->syncs = file->data.syncs;
    if (output->force)
        status = quant_pair_replacement_init(&replacement, output->path, file->sidecar_path, scales,
                                             &file->job->control.cancel, file->error);
    if (status == QUANT_OK)
        status = quant_output_commit_n(outputs, 2, &file->sidecar, &replacement.io, file->error);
    quant_file_keep_old_copy(file->work, &file->data);
    quant_file_keep_old_copy(file->work, scales);
    quant_pair_replacement_release(&replacement);
    return status;
}

static enum quant_status run_container(struct quant_file_quantization *file)
{
    struct quant_source *source = file->tensor.source;
    file->tensor.source = NULL;
    return quant_quantize_container(file->job, file->mappings, source, file->tensor.format,
                                    file->sidecar_path, file->work, file->error);
}

static enum quant_status run_file(struct quant_file_quantization *file)
{
    const struct quant_quantize_job *job = file->job;
    struct quant_error *error = file->error;
    enum quant_status status = check_job(file);
    if (status == QUANT_OK)
        status = settle_sidecar_path(file);
    if (status == QUANT_OK)
        status = settle_force(file);
    file->tensor.no_sidecar =
        quant_shared_directory_no_sidecar(file->work->input_directory, job->input.path);
    if (status == QUANT_OK)
        status = quant_tensor_recognize(&file->tensor, &job->input, &job->control.cancel, error);
    if (status == QUANT_OK && file->tensor.format->container && !job->input.tensor)
        return run_container(file);
    if (status == QUANT_OK)
        status = choose_mapping(file);
    if (status == QUANT_OK)
        status =
            quant_tensor_open_reader(&file->tensor, &job->input, NULL, &job->control.cancel, error);
    if (status == QUANT_OK)
        quant_plan_settle(&file->plan, file->tensor.reader->stored);
    if (status == QUANT_OK)
        status = check_dims(file);
    if (status == QUANT_OK)
        status =
            quant_output_format(&job->output, file->tensor.reader->format, &file->format, error);
    if (status == QUANT_OK)
        status = quant_mappings_check_format(file->mappings, file->format, error);
    if (status == QUANT_OK)
        status = check_blocks(file);
    if (status == QUANT_OK && file->format->container)
        return quant_quantize_into_container(job, file->mappings, file->mapping, &file->tensor,
                                             file->format, file->sidecar_path, file->work, error);
    if (status == QUANT_OK)
        status = settle_given(file);
    if (status == QUANT_OK)
        status = quant_file_check_complete(file);
    if (status == QUANT_OK && file->work->outcome->is_complete)
        return QUANT_OK;
    if (status == QUANT_OK && job->ways & QUANT_DRY_RUN)
        return quant_file_preview_run(file);
    if (status == QUANT_OK)
        status = begin_run(file);
    if (status == QUANT_OK)
        status = open_outputs(file);
    if (status == QUANT_OK)
        status = quant_tensor_run_make_passes(&file->run, error);
    if (status == QUANT_OK)
        status = quant_source_check_unchanged(quant_tensor_source(&file->tensor), error);
    if (status == QUANT_OK)
        status = quant_mappings_check_unchanged(file->mappings, error);
    if (status != QUANT_OK)
        return status;
    quant_tensor_run_result(&file->run, file->result);
    status = write_sidecar(file);
    if (status == QUANT_OK)
        status = report_tensor(file);
    return status == QUANT_OK ? commit(file) : status;
}

enum quant_status quant_quantize_file(const struct quant_quantize_job *job,
                                      const struct quant_mappings *mappings,
                                      const struct quant_file_work *work, struct quant_error *error)
{
    struct quant_file_quantization *file = calloc(1, sizeof *file);
    if (!file)
        return quant_error_no_memory(error, sizeof *file, "buffers");
    file->own = *job;
    file->job = &file->own;
    file->mappings = mappings;
    file->work = work;
    file->result = work->result;
    file->result->observed = (struct quant_observed)QUANT_OBSERVED_INIT;
    file->error = error;
    file->data.fd = file->sidecar.fd = -1;
    file->progress =
        (struct quant_progress){.call = job->control.progress, .context = job->control.context};
    const enum quant_status status = run_file(file);
    close_all(file);
    free(file);
    return status;
}
