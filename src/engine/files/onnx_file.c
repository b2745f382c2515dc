/* SPDX-License-Identifier: MIT */
#include "engine/files/onnx_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "engine/files/checkpoint_file.h"
#include "engine/files/onnx_outputs.h"
#include "engine/files/onnx_path.h"
#include "io/leftovers.h"
#include "io/sidecar_names.h"

static bool replaces(const struct quant_quantize_job *job)
{
    return job->output.force || quant_ways_resume(job->ways);
}

enum quant_status quant_onnx_begin(const struct quant_quantize_job *job, struct quant_error *error)
{
    if (replaces(job))
        quant_leftovers_remove(&job->onnx, 1);
    return !replaces(job) || unlink(job->onnx) == 0 || errno == ENOENT
               ? QUANT_OK
               : quant_error_system(error, errno, "cannot remove '%s'", job->onnx);
}

static enum quant_status add_file(struct quant_onnx_run *run, const struct quant_quantize_job *job,
                                  const struct quant_file *file)
{
    struct quant_onnx_output output = {.path = file->output, .sidecar = file->sidecar};
    char *own = file->sidecar ? NULL : quant_sidecar_default(file->output);
    char *location = NULL;
    char *name = NULL;
    enum quant_status status =
        own || file->sidecar ? QUANT_OK
                             : quant_error_no_memory(run->error, strlen(file->output), "path");
    if (status == QUANT_OK)
        status = quant_onnx_location(job->onnx, file->output, &location, run->error);
    if (status == QUANT_OK)
        status = quant_onnx_single_name(job, file, false, &name, run->error);
    if (status == QUANT_OK) {
        run->location = location;
        output.name = name;
        output.sidecar = own ? own : file->sidecar;
        status = quant_onnx_add_file(run, &output, &job->control.cancel);
    }
    free(name);
    free(location);
    free(own);
    return status;
}

static enum quant_status write_model(struct quant_onnx_run *run,
                                     const struct quant_quantize_job *job)
{
    struct quant_protobuf file;
    enum quant_status status = quant_onnx_model_finish(&run->model, &file, run->error);
    if (status != QUANT_OK)
        quant_error_prefix(run->error, "cannot write", job->onnx);
    else
        status =
            quant_checkpoint_write_text((const char *)file.bytes, file.n, job->onnx, replaces(job),
                                        job->ways & QUANT_SYNC, &job->control.cancel, run->error);
    quant_protobuf_release(&file);
    return status;
}

enum quant_status quant_onnx_write(const struct quant_quantize_job *job,
                                   const struct quant_file *files, size_t n,
                                   struct quant_error *error)
{
    struct quant_error own = {.status = QUANT_OK};
    struct quant_onnx_run run = {.error = &own};
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; status == QUANT_OK && i < n; i++)
        status = add_file(&run, job, &files[i]);
    if (status == QUANT_OK)
        status = quant_onnx_refuse_duplicate(&run.names, &own);
    if (status != QUANT_OK)
        quant_error_prefix(&own, "cannot write", job->onnx);
    else
        status = write_model(&run, job);
    quant_onnx_names_release(&run.names);
    quant_onnx_model_release(&run.model);
    return status == QUANT_OK ? QUANT_OK : quant_error_set(error, status, "%s", own.text);
}
