/* SPDX-License-Identifier: MIT */
/* A dry run of a file of one tensor. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "engine/files/file_quantization.h"
#include "engine/files/preview.h"
#include "formats/file_size.h"
#include "methods/profile_check.h"

/* The number of scales follows from the shape, if that is known. */
static enum quant_status check_shape(struct quant_file_quantization *file)
{
    const struct quant_reader *reader = file->tensor.reader;
    struct quant_error own;
    if (reader->knowledge != QUANT_SHAPE_KNOWN)
        return QUANT_OK;
    enum quant_status status = quant_grouping_make(&file->plan.granularity, &reader->shape,
                                                   reader->order, &file->run.grouping, &own);
    if (status != QUANT_OK)
        return quant_source_error(reader->source, file->error, status, "%s", own.text);
    status = quant_profile_check_shape(&file->plan, &reader->shape, &own);
    if (status != QUANT_OK)
        return quant_error_set(file->error, status, "cannot quantize '%s': %s",
                               reader->source->name, own.text);
    return quant_format_check_tensor(file->format, file->job->output.path, file->plan.target.dtype,
                                     &reader->shape, reader->order, file->error);
}

static enum quant_status check_outputs(struct quant_file_quantization *file, uint64_t scales_nbytes)
{
    char *scales = NULL;
    if (scales_nbytes > 0) {
        scales = quant_file_scales_name(file->sidecar_path);
        if (!scales)
            return quant_error_no_memory(file->error, strlen(file->sidecar_path), "path");
    }
    const enum quant_status status =
        quant_preview_check(&file->job->output, file->sidecar_path, scales, file->error);
    free(scales);
    return status;
}

enum quant_status quant_file_preview_run(struct quant_file_quantization *file)
{
    const struct quant_reader *reader = file->tensor.reader;
    const bool is_known = reader->knowledge == QUANT_SHAPE_KNOWN;
    const enum quant_dtype dtype = file->plan.target.dtype;
    struct quant_file_preview *preview = &file->work->outcome->preview;
    struct quant_tensor_preview *tensor = &preview->tensor;
    enum quant_status status = check_shape(file);
    if (status != QUANT_OK)
        return status;
    quant_preview_mapping(tensor, &file->plan, is_known ? &file->run.grouping : NULL);
    if (is_known)
        preview->shape = reader->shape;
    tensor->has_shape = is_known;
    tensor->ndim = (unsigned)preview->shape.ndim;
    tensor->dims = preview->shape.dims;
    tensor->from = quant_dtype_info(reader->stored)->name;
    tensor->to = quant_dtype_info(dtype)->name;
    tensor->nbytes = is_known ? quant_dtype_bytes(dtype, reader->nelems) : 0;
    preview->source_format = reader->format->name;
    preview->format = file->format->name;
    preview->has_size =
        is_known && quant_format_file_size(file->format, dtype, &reader->shape, reader->order,
                                           reader->nelems, &preview->nbytes);
    preview->scales_nbytes = quant_file_scales_size(file);
    file->work->outcome->is_unsized = !preview->has_size;
    return check_outputs(file, preview->scales_nbytes);
}
