/* SPDX-License-Identifier: MIT */
/* What a model needs, as far as it is known before anything is quantized. */
#include <quant/profiles.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/float_environment.h"
#include "engine/files/layout_write.h"
#include "engine/files/onnx_file.h"
#include "engine/files/onnx_path.h"
#include "engine/files/onnx_tensors.h"
#include "engine/work/job.h"
#include "formats/format.h"
#include "io/distinct_paths.h"
#include "io/io.h"
#include "io/sidecar_names.h"

/* ---- Mappings ---- */

static enum quant_status check_mapping(const struct quant_mapping *mapping,
                                       struct quant_error *error)
{
    const struct quant_plan *plan = &mapping->plan;
    if (mapping->copies)
        return QUANT_OK;
    const struct quant_dtype_info *info = quant_dtype_info(plan->target.dtype);
    if (info->block_nelems > 0)
        return quant_error_set(error, QUANT_INVALID,
                               "ONNX has no operator for the blocks of %s, which hold their scales",
                               info->name);
    if (plan->target.profile && plan->target.profile->has_biases)
        return quant_error_set(error, QUANT_INVALID, "ONNX has no operator for the biases of %s",
                               plan->target.profile->name);
    if (plan->granularity.block_rows > 0)
        return quant_onnx_refuse_blocks(error);
    return plan->from == QUANT_SCALE_GIVEN && !mapping->given
               ? quant_onnx_check_zero_point(plan->target.dtype, plan->zero_point, error)
               : QUANT_OK;
}

static enum quant_status check_mappings(const struct quant_mappings *mappings,
                                        struct quant_error *error)
{
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; status == QUANT_OK && i < mappings->n; i++) {
        status = check_mapping(&mappings->all[i], error);
        if (status != QUANT_OK && i > 0)
            quant_error_prefix(error, "for", mappings->job->rules[i - 1].pattern);
    }
    return status;
}

/* ---- Files ---- */

/* NULL: the input's, which is known later. */
static const struct quant_format *output_format(const struct quant_quantize_job *job,
                                                const struct quant_file *file)
{
    return job->output.format ? quant_format_from_name(job->output.format)
                              : quant_format_from_path(file->output);
}

/* The model must not be a file that this one reads or writes. Whether these differ is checked when
 * they are worked on. */
static enum quant_status check_distinct(const struct quant_quantize_job *job,
                                        const struct quant_file *file, struct quant_error *error)
{
    char *own = file->sidecar ? NULL : quant_sidecar_default(file->output);
    const char *sidecar = file->sidecar ? file->sidecar : own;
    char *scales = sidecar ? quant_file_scales_name(sidecar) : NULL;
    const char *const outputs[] = {file->output, sidecar, scales, job->onnx};
    enum { BEFORE = 3, ALL };
    enum quant_status status =
        scales ? QUANT_OK : quant_error_no_memory(error, strlen(file->output), "path");
    if (status == QUANT_OK &&
        quant_paths_distinct(&file->path, 1, outputs, BEFORE, NULL) == QUANT_OK)
        status = quant_paths_distinct(&file->path, 1, outputs, ALL, error);
    free(scales);
    free(own);
    return status;
}

static enum quant_status check_file(const struct quant_quantize_job *job,
                                    const struct quant_file *file, struct quant_error *error)
{
    const struct quant_format *format;
    char *location = NULL;
    if (!file->path || !file->output || file->reason) /* which its own work reports */
        return QUANT_OK;
    if (quant_path_is_stream(file->output))
        return quant_error_set(error, QUANT_INVALID, "it points into files, and '%s' is a stream",
                               file->output);
    format = output_format(job, file);
    if (format && format->is_text)
        return quant_error_set(error, QUANT_UNSUPPORTED,
                               "it points to bytes, and '%s' would be text; give another format",
                               file->output);
    enum quant_status status = quant_onnx_location(job->onnx, file->output, &location, error);
    if (status == QUANT_IO && job->ways & QUANT_DRY_RUN)
        status = QUANT_OK; /* the directory is not there yet */
    free(location);
    return status == QUANT_OK ? check_distinct(job, file, error) : status;
}

/* A model points to integers as quant stores them. */
static enum quant_status check_layout(const struct quant_mappings *mappings,
                                      const struct quant_file *file, struct quant_error *error)
{
    const struct quant_format *format = file->output ? output_format(mappings->job, file) : NULL;
    if (format != &quant_format_safetensors)
        return QUANT_OK;
    return quant_error_set(error, QUANT_INVALID,
                           "'%s' would be in the layout %s, which it cannot point into; give "
                           "--layout plain",
                           file->output, mappings->layout->name);
}

/* ---- Names of several files ---- */

static bool add_listed(void *context, const struct quant_listed_tensor *tensor)
{
    return quant_onnx_names_add(context, tensor->name, "");
}

/* A file that cannot be read is reported by its own work. */
static enum quant_status collect_names(const struct quant_quantize_job *job,
                                       const struct quant_file *file,
                                       struct quant_onnx_names *names, struct quant_error *error)
{
    const struct quant_format *format = file->output ? output_format(job, file) : NULL;
    struct quant_input input = job->input;
    struct quant_error own;
    bool is_container = false;
    char *name = NULL;
    if (!file->path || !file->output || file->reason || quant_path_is_stream(file->path))
        return QUANT_OK;
    input.path = file->path;
    enum quant_status status =
        quant_file_list(&input, &job->control.cancel, add_listed, names, &is_container, &own);
    if (status == QUANT_OK && !is_container) {
        status = quant_onnx_single_name(job, file, format && format->container, &name, error);
        if (status == QUANT_OK && !quant_onnx_names_add(names, name, ""))
            status = quant_error_no_memory(error, strlen(name), "names");
    } else if (status != QUANT_OK) {
        status = quant_is_fatal(status) ? quant_error_set(error, status, "%s", own.text) : QUANT_OK;
    }
    free(name);
    return status == QUANT_IO ? QUANT_OK : status;
}

static enum quant_status check_names(const struct quant_quantize_job *job,
                                     const struct quant_file *files, size_t n,
                                     struct quant_error *error)
{
    struct quant_onnx_names names = {.list = {.n = 0}};
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; status == QUANT_OK && n > 1 && i < n; i++)
        status = collect_names(job, &files[i], &names, error);
    if (status == QUANT_OK)
        status = quant_onnx_refuse_duplicate(&names, error);
    quant_onnx_names_release(&names);
    return status;
}

/* ---- All of it ---- */

static enum quant_status check_model(const struct quant_quantize_job *job,
                                     struct quant_error *error)
{
    if (quant_path_is_stream(job->onnx))
        return quant_error_set(
            error, QUANT_INVALID,
            "it names files relative to its own directory, and a stream is in no "
            "directory");
    char *directory = quant_path_beside(".", job->onnx);
    const bool is_there = directory && access(directory, F_OK) == 0;
    free(directory);
    return is_there || job->ways & QUANT_DRY_RUN
               ? QUANT_OK
               : quant_error_set(error, QUANT_IO, "its directory does not exist");
}

enum quant_status quant_onnx_check_files(const struct quant_mappings *mappings,
                                         const struct quant_file *files, size_t n,
                                         struct quant_error *error)
{
    const struct quant_quantize_job *job = mappings->job;
    struct quant_error own;
    enum quant_status status = check_model(job, &own);
    if (status == QUANT_OK)
        status = check_mappings(mappings, &own);
    for (size_t i = 0; status == QUANT_OK && mappings->layout && i < n; i++)
        status = check_layout(mappings, &files[i], &own);
    for (size_t i = 0; status == QUANT_OK && i < n; i++)
        status = check_file(job, &files[i], &own);
    if (status == QUANT_OK)
        status = check_names(job, files, n, &own);
    if (status != QUANT_OK) {
        quant_error_prefix(&own, "cannot write", job->onnx);
        return quant_error_set(error, status, "%s", own.text);
    }
    return quant_output_check(job->onnx, job->output.force || quant_ways_resume(job->ways), error);
}

enum quant_status quant_onnx_check(const struct quant_quantize_job *job, struct quant_error *error)
{
    QUANT_DEFAULT_FLOATS(caller);
    struct quant_quantize_job own;
    struct quant_mappings mappings;
    enum quant_status status = quant_quantize_job_copy(&own, job, error);
    if (status != QUANT_OK || !own.onnx)
        return status;
    if (own.nfiles > 0 ? !own.files : !own.input.path || !own.output.path)
        return quant_error_set(error, QUANT_INVALID, "an input and an output are needed");
    const struct quant_file only = {
        .path = own.input.path, .output = own.output.path, .sidecar = own.output.sidecar};
    status = quant_mappings_make(&mappings, &own, error);
    if (status == QUANT_OK)
        status = quant_onnx_check_files(&mappings, own.nfiles > 0 ? own.files : &only,
                                        own.nfiles > 0 ? own.nfiles : 1, error);
    quant_mappings_release(&mappings);
    return status;
}
