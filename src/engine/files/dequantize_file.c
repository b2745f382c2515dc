/* SPDX-License-Identifier: MIT */
/* Dequantizing one file of one tensor, measuring it against its original, or both. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/shape.h"
#include "engine/files/complete_output.h"
#include "engine/files/dequantize_container.h"
#include "engine/files/dequantize_file.h"
#include "engine/files/dequantize_inputs.h"
#include "engine/files/file_selection.h"
#include "engine/files/preview.h"
#include "engine/files/stated_scales.h"
#include "engine/work/job.h"
#include "formats/file_size.h"
#include "io/distinct_paths.h"
#include "io/free_space.h"
#include "io/sidecar_names.h"

/* ---- The output ---- */

static enum quant_dtype restored_dtype(const struct dequantization *run)
{
    return run->job->dtype == QUANT_DTYPE_NONE ? QUANT_FLOAT32 : run->job->dtype;
}

static enum quant_status check_space(const struct dequantization *run,
                                     const struct quant_format *format)
{
    const struct quant_sidecar *sidecar = &run->sidecar;
    struct quant_space_need need = {run->job->output.path, 0};
    uint64_t nelems = 0;
    run->work->outcome->is_unsized =
        !quant_shape_count(&sidecar->shape, &nelems) ||
        !quant_format_file_size(format, restored_dtype(run), &sidecar->shape, sidecar->order,
                                nelems, &need.nbytes);
    return run->is_new
               ? quant_free_space_check_shared(run->work->output_directory, &need, 1, run->error)
               : quant_free_space_check(&need, 1, run->error);
}

static enum quant_status preview_file(const struct dequantization *run,
                                      const struct quant_format *format)
{
    const struct quant_sidecar *sidecar = &run->sidecar;
    struct quant_file_preview *preview = &run->work->outcome->preview;
    uint64_t nelems = 0;
    preview->shape = sidecar->shape;
    quant_shape_count(&sidecar->shape, &nelems);
    preview->tensor = (struct quant_tensor_preview){
        .has_shape = true,
        .ndim = (unsigned)sidecar->shape.ndim,
        .dims = preview->shape.dims,
        .from = quant_dtype_info(sidecar->params.dtype)->name,
        .to = quant_dtype_info(restored_dtype(run))->name,
        .dtype = restored_dtype(run),
        .scheme = sidecar->params.scheme,
        .axis = sidecar->has_groups ? sidecar->groups.axis : -1,
        .block_size = sidecar->has_groups ? sidecar->groups.block_size : 0,
        .block_rows = sidecar->has_groups ? sidecar->groups.block_rows : 0,
        .scale_count = sidecar->has_groups ? sidecar->groups.count
                                           : quant_scale_bytes(&sidecar->params, 1) > 0,
        .has_zero_points = quant_params_have_zero_points(&sidecar->params),
        .nbytes = quant_dtype_bytes(restored_dtype(run), nelems),
    };
    preview->source_format = run->reader->format->name;
    preview->format = format->name;
    preview->has_size = quant_format_file_size(format, restored_dtype(run), &sidecar->shape,
                                               sidecar->order, nelems, &preview->nbytes);
    run->work->outcome->is_unsized = !preview->has_size;
    const enum quant_status status =
        quant_format_check_tensor(format, run->job->output.path, restored_dtype(run),
                                  &sidecar->shape, sidecar->order, run->error);
    return status == QUANT_OK ? quant_preview_check(&run->job->output, NULL, NULL, run->error)
                              : status;
}

/* No output may be one of the files that are read; a new one cannot be. */
static enum quant_status open_output(struct dequantization *run)
{
    const struct quant_output *output = &run->job->output;
    const struct quant_format *format = NULL;
    const char *const inputs[] = {run->job->path, run->sidecar_path, run->job->against.path,
                                  run->original_path, run->groups.path};
    const char *const outputs[] = {output->path};
    const struct quant_cancel *cancel = &run->job->control.cancel;
    run->is_new = !output->force &&
                  quant_shared_directory_was_free(run->work->output_directory, output->path);
    enum quant_status status =
        run->is_new ? QUANT_OK : quant_paths_distinct(inputs, 5, outputs, 1, run->error);
    if (status == QUANT_OK)
        status = quant_output_format(output, run->reader->format, &format, run->error);
    if (status == QUANT_OK && format->container)
        status = quant_error_set(run->error, QUANT_UNSUPPORTED,
                                 "cannot dequantize '%s' to %s: only files of named tensors are "
                                 "restored to it",
                                 run->job->path, format->name);
    if (status == QUANT_OK && run->job->ways & QUANT_DRY_RUN)
        return preview_file(run, format);
    struct quant_compare_sink *compare = run->work->compare;
    if (status == QUANT_OK && !compare)
        status = check_space(run, format);
    if (status == QUANT_OK && !compare && run->is_new)
        status = quant_output_open_free(&run->file, output->path, run->work->output_directory,
                                        cancel, run->error);
    else if (status == QUANT_OK && !compare)
        status = quant_output_open(&run->file, output->path, output->force, cancel, run->error);
    run->file.syncs = run->job->ways & QUANT_SYNC;
    run->output = (struct quant_tensor_output){.format = format,
                                               .sink = compare ? &compare->sink : &run->file.sink};
    return status == QUANT_OK ? quant_tensor_output_open(&run->output, run->error) : status;
}

/* ---- The pass ---- */

static enum quant_status begin_run(struct dequantization *run)
{
    const struct quant_dequantize_job *job = run->job;
    quant_shape_count(&run->sidecar.shape, &run->nelems);
    run->run = (struct quant_restore_run){
        .params = &run->sidecar.params,
        .groups = run->sidecar.has_groups ? &run->groups : NULL,
        .reader = run->reader,
        .checksum = &run->checksum,
        .original = job->measure ? &run->original : NULL,
        .output = job->output.path ? &run->output : NULL,
        .dtype = restored_dtype(run),
        .shape = &run->sidecar.shape,
        .order = run->sidecar.order,
        .nelems = run->nelems,
        .progress = &run->progress,
        .pool = run->work->pool,
        .buffers = quant_pool_buffers(run->work->pool, 0),
        .threads = quant_pool_threads(run->work->pool),
    };
    return quant_restore_run_begin(&run->run, run->error);
}

static enum quant_status make_pass(struct dequantization *run)
{
    enum quant_status status = quant_restore_run_make_pass(&run->run, run->error);
    if (status == QUANT_OK)
        status = quant_dequantization_check_data(run);
    if (status == QUANT_OK)
        status = quant_group_source_check_unchanged(&run->groups, run->error);
    if (status == QUANT_OK && run->job->measure)
        status = quant_dequantization_finish_original(run);
    if (status == QUANT_OK && run->job->measure)
        status = quant_source_check_unchanged(run->original.source, run->error);
    if (status == QUANT_OK && run->output.writer)
        status = quant_tensor_output_finish(&run->output, run->error);
    return status;
}

static void fill_measured(struct dequantization *run)
{
    struct quant_dequantize_result *result = run->result;
    const struct quant_reader *original = run->original.reader;
    const char *path = run->job->against.path ? run->job->against.path : run->original_path;
    quant_measure_report(&run->run.measure, original->stored, result->grouping.count,
                         &result->report);
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
    run->result->worst = run->run.ranking.worst;
}

/* Before the output gets its name, so that the caller can still stop. */
static enum quant_status report_tensor(struct dequantization *run)
{
    fill_result(run);
    const struct quant_dequantize_result *restored = run->result;
    const struct quant_tensor_result result = {
        .name = "",
        .nbytes = quant_dtype_bytes(restored->params.dtype, run->nelems),
        .restored = restored,
    };
    return quant_control_report(&run->job->control, &result, run->error);
}

/* Whether the file is restored without a sidecar. */
static enum quant_status look_for_scales(const struct quant_dequantize_job *job, bool *states,
                                         struct quant_error *error)
{
    *states = false;
    return job->sidecar ? QUANT_OK
                        : quant_states_scales(job->path, &job->control.cancel, states, error);
}

static enum quant_status run_all(struct dequantization *run)
{
    const struct quant_dequantize_job *job = run->job;
    struct quant_file_output *const output = &run->file;
    bool states_scales = false;
    enum quant_status status = look_for_scales(job, &states_scales, run->error);
    if (status == QUANT_OK && states_scales)
        return quant_dequantize_container(job, NULL, run->work, run->error);
    if (status == QUANT_OK)
        status = quant_dequantization_find_sidecar(run);
    if (status == QUANT_OK)
        status = quant_dequantization_open_sidecar(run);
    if (status == QUANT_OK && run->tensors)
        return quant_dequantize_container(job, run, run->work, run->error);
    if (status == QUANT_OK)
        status =
            quant_selection_check_file(&job->selection, "dequantize", job->path, NULL, run->error);
    if (status == QUANT_OK)
        status = quant_dequantization_read_sidecar(run);
    if (status == QUANT_OK)
        status = quant_dequantization_open_data(run);
    if (status == QUANT_OK && run->sidecar.has_groups)
        status = quant_group_source_open(&run->groups, &run->sidecar, run->sidecar_path,
                                         &job->control.cancel, run->error);
    if (status == QUANT_OK)
        status = quant_dequantization_check_pair(run);
    if (status == QUANT_OK && job->measure)
        status = quant_dequantization_open_original(run);
    if (status == QUANT_OK && job->output.path)
        status = open_output(run);
    if (job->ways & QUANT_DRY_RUN)
        return status;
    if (status == QUANT_OK)
        status = begin_run(run);
    if (status == QUANT_OK)
        status = make_pass(run);
    if (run->work->compare)
        return status;
    if (status == QUANT_OK)
        status = report_tensor(run);
    if (status == QUANT_OK && job->output.path)
        status = quant_output_commit_n(&output, 1, NULL, NULL, run->error);
    return status;
}

static void close_all(struct dequantization *run)
{
    quant_restore_run_release(&run->run);
    quant_tensor_output_release(&run->output);
    quant_output_discard(&run->file);
    quant_dequantization_close_inputs(run);
}

static enum quant_status try_once(const struct quant_dequantize_job *job,
                                  const struct quant_file_work *work, bool *is_replaced,
                                  struct quant_error *error)
{
    struct dequantization *run = calloc(1, sizeof *run);
    if (!run)
        return quant_error_no_memory(error, sizeof *run, "buffers");
    run->job = job;
    run->work = work;
    run->result = work->result;
    run->error = error;
    run->file.fd = -1;
    run->progress =
        (struct quant_progress){.call = job->control.progress, .context = job->control.context};
    const enum quant_status status = run_all(run);
    *is_replaced = quant_dequantization_is_replaced(run, status);
    close_all(run);
    free(run);
    return status;
}

static enum quant_status run_once(const struct quant_dequantize_job *job,
                                  const struct quant_file_work *work, struct quant_error *error)
{
    bool is_replaced = false;
    enum quant_status status = try_once(job, work, &is_replaced, error);
    for (int tries = 1; is_replaced && tries < QUANT_PAIR_TRIES; tries++)
        status = try_once(job, work, &is_replaced, error);
    return status;
}

/* ---- Going on after an earlier run ---- */

/* The output has no checksum. It gets its name when it is whole, so the size that the layout gives
 * and the time say whether it is that of these inputs. */
static enum quant_status look_at_output(const struct quant_dequantize_job *job,
                                        const struct quant_file_work *work, bool *is_complete,
                                        struct quant_error *error)
{
    struct stat found;
    struct quant_file_outcome outcome = {.is_unsized = false};
    struct quant_dequantize_job own = *job;
    struct quant_file_work dry = *work;
    char *sidecar = job->sidecar ? NULL : quant_sidecar_default(job->path);
    if (!job->sidecar && !sidecar)
        return quant_error_no_memory(error, strlen(job->path), "path");
    bool states_scales = false;
    enum quant_status status = look_for_scales(job, &states_scales, error);
    const char *const inputs[] = {job->path, states_scales  ? NULL
                                             : job->sidecar ? job->sidecar
                                                            : sidecar};
    *is_complete = quant_complete_is_newest(inputs, 2, job->output.path) &&
                   stat(job->output.path, &found) == 0;
    free(sidecar);
    if (status != QUANT_OK || !*is_complete)
        return status;
    own.ways |= QUANT_DRY_RUN;
    own.measure = false;
    own.control.on_tensor = NULL;
    dry.outcome = &outcome;
    status = run_once(&own, &dry, error);
    *is_complete = status == QUANT_OK &&
                   (!outcome.preview.has_size || outcome.preview.nbytes == (uint64_t)found.st_size);
    return status;
}

/* Restores everything, and compares instead of writing. */
static enum quant_status compare_output(const struct quant_dequantize_job *job,
                                        const struct quant_file_work *work, bool *is_complete,
                                        struct quant_error *error)
{
    struct quant_compare_sink compare;
    struct quant_dequantize_job own = *job;
    struct quant_file_work comparing = *work;
    enum quant_status status = QUANT_OK;
    own.measure = false;
    own.control.on_tensor = NULL;
    own.control.progress = NULL; /* if the file is made anew, that begins at 0 */
    comparing.compare = &compare;
    if (!quant_path_is_stream(job->path) && quant_compare_sink_open(&compare, job->output.path)) {
        status = run_once(&own, &comparing, error);
        *is_complete = status == QUANT_OK && compare.end == compare.size;
        if (compare.differs)
            status = QUANT_OK;
        quant_compare_sink_close(&compare);
    }
    memset(work->result, 0, sizeof(struct quant_dequantize_result));
    return status;
}

enum quant_status quant_dequantize_file(const struct quant_dequantize_job *job,
                                        const struct quant_file_work *work,
                                        struct quant_error *error)
{
    struct quant_dequantize_job own = *job;
    bool *is_complete = &work->outcome->is_complete;
    enum quant_status status = QUANT_EXISTS;
    if (!quant_ways_resume(job->ways) || !job->output.path || quant_path_is_free(job->output.path))
        status = run_once(job, work, error);
    /* With resume, another run may have made it meanwhile. */
    if (status != QUANT_EXISTS || !quant_ways_resume(job->ways) || quant_path_is_stream(job->path))
        return status;
    own.output.force = true;
    const bool is_fast = job->ways & (QUANT_RESUME_FAST | QUANT_DRY_RUN);
    status = (is_fast ? look_at_output : compare_output)(&own, work, is_complete, error);
    return status != QUANT_OK || *is_complete ? status : run_once(&own, work, error);
}
