/* SPDX-License-Identifier: MIT */
/* The sidecar says what each tensor is; where its bytes are, only the file's own header does. */
#include "engine/files/onnx_outputs.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/shape.h"
#include "engine/files/restored_tensors.h"
#include "engine/files/scale_arrays.h"
#include "engine/files/scale_shape.h"
#include "engine/tensor/container_input.h"
#include "io/io.h"
#include "records/sidecar.h"

/* ---- Files of many tensors ---- */

/* Scales stay where they are. They and the zero points lie in the order of the elements, as their
 * writer has it. *zero_points is for the caller to free. */
static enum quant_status find_params(const struct quant_tensor_file *file,
                                     const struct quant_restored_tensor *restored,
                                     struct quant_onnx_quantized *tensor, int32_t **zero_points,
                                     struct quant_error *error)
{
    const struct quant_shape shape = quant_scale_shape(
        restored->dims, restored->ndim, restored->axis, restored->block_size, restored->block_rows);
    if (restored->scales == QUANT_NOT_STORED)
        return QUANT_OK;
    quant_shape_count(&shape, &tensor->count);
    tensor->has_scales_in_file = true;
    tensor->scales_offset = file->tensors[restored->scales].offset;
    if (restored->zero_points == QUANT_NOT_STORED)
        return QUANT_OK;
    *zero_points = malloc(((size_t)tensor->count + 1) * sizeof **zero_points);
    tensor->zero_points = *zero_points;
    return *zero_points
               ? quant_zero_point_array_read(file, restored->zero_points, *zero_points, error)
               : quant_error_no_memory(error, (size_t)tensor->count * sizeof **zero_points,
                                       "zero points");
}

static enum quant_status add_mapped(struct quant_onnx_run *run,
                                    const struct quant_tensor_file *file,
                                    const struct quant_restored_tensor *restored)
{
    const struct quant_tensor_info *info = &file->tensors[restored->data];
    struct quant_onnx_quantized tensor = {.name = info->name,
                                          .shape = quant_shape_of(restored->dims, restored->ndim),
                                          .order = restored->order,
                                          .params = restored->params,
                                          .offset = info->offset,
                                          .axis = restored->axis,
                                          .block_size = restored->block_size,
                                          .block_rows = restored->block_rows};
    int32_t *zero_points = NULL;
    enum quant_status status = find_params(file, restored, &tensor, &zero_points, run->error);
    if (status == QUANT_OK)
        status = quant_onnx_add_quantized(run, &tensor);
    free(zero_points);
    return status;
}

/* What quant has written is never compressed. */
static enum quant_status add_all(struct quant_onnx_run *run, const struct quant_container_input *in,
                                 const struct quant_restored_tensors *tensors)
{
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; status == QUANT_OK && i < tensors->n; i++) {
        const struct quant_restored_tensor *tensor = &tensors->tensors[i];
        const struct quant_tensor_info *info = &in->file->tensors[tensor->data];
        if (info->offset > in->source->size)
            status = quant_error_set(run->error, QUANT_UNSUPPORTED, "tensor '%.200s' is compressed",
                                     info->name);
        else
            status = tensor->is_copied ? quant_onnx_add_copied(run, info)
                                       : add_mapped(run, in->file, tensor);
    }
    return status;
}

static enum quant_status add_container(struct quant_onnx_run *run,
                                       const struct quant_onnx_output *output,
                                       struct quant_sidecar_reader *reader,
                                       const struct quant_cancel *cancel)
{
    const struct quant_format *format =
        quant_format_from_name(quant_sidecar_tensors_head(reader)->data_format);
    struct quant_container_input input = {.source = NULL};
    struct quant_restored_tensors tensors = {.n = 0};
    struct quant_source *source = NULL;
    if (!format || !format->container)
        return quant_error_set(run->error, QUANT_CORRUPT, "its sidecar names another format");
    enum quant_status status = quant_input_open(output->path, cancel, &source, run->error);
    if (status == QUANT_OK)
        status = quant_container_input_open(&input, source, format, cancel, run->error);
    if (status == QUANT_OK)
        status = quant_restored_tensors_read(&tensors, reader, input.file, run->error);
    if (status == QUANT_OK)
        status = add_all(run, &input, &tensors);
    quant_restored_tensors_release(&tensors);
    quant_container_input_close(&input);
    return status;
}

/* ---- Files of one tensor ---- */

/* Where the elements are: after the header, if there is one. */
static enum quant_status find_elements(const struct quant_onnx_output *output, const char *name,
                                       const struct quant_cancel *cancel, uint64_t *offset,
                                       struct quant_error *error)
{
    const struct quant_format *format = quant_format_from_name(name);
    struct quant_described described = {.offset = 0};
    struct quant_source *source = NULL;
    if (!format || format->container || format->is_text)
        return quant_error_set(error, QUANT_UNSUPPORTED, "a model cannot point into the format %s",
                               name);
    enum quant_status status = QUANT_OK;
    if (format->describe)
        status = quant_input_open(output->path, cancel, &source, error);
    if (source)
        status = format->describe(source, &described, error);
    quant_source_close(source);
    *offset = described.offset;
    return status;
}

static enum quant_status add_single(struct quant_onnx_run *run,
                                    const struct quant_onnx_output *output, const char *format,
                                    const struct quant_cancel *cancel)
{
    struct quant_loaded loaded;
    enum quant_status status = quant_sidecar_read(output->sidecar, cancel, &loaded, run->error);
    if (status != QUANT_OK)
        return status;
    struct quant_onnx_quantized tensor = {.name = output->name,
                                          .shape = loaded.shape,
                                          .order = loaded.order,
                                          .params = loaded.params,
                                          .axis = loaded.grouping.axis,
                                          .block_size = loaded.grouping.block_size,
                                          .block_rows = loaded.grouping.block_rows,
                                          .count = loaded.grouping.count,
                                          .scales = loaded.scales,
                                          .zero_points = loaded.zero_points};
    status = find_elements(output, format, cancel, &tensor.offset, run->error);
    if (status == QUANT_OK)
        status = quant_onnx_add_quantized(run, &tensor);
    quant_loaded_release(&loaded);
    return status;
}

static enum quant_status parse_single(struct quant_onnx_run *run,
                                      const struct quant_onnx_output *output,
                                      struct quant_source *source,
                                      const struct quant_cancel *cancel)
{
    struct quant_sidecar sidecar = {.shape = {.ndim = 0}};
    enum quant_status status = quant_sidecar_parse(source, &sidecar, run->error);
    if (status == QUANT_OK)
        status = add_single(run, output, sidecar.data.format, cancel);
    quant_sidecar_release(&sidecar);
    return status;
}

enum quant_status quant_onnx_add_file(struct quant_onnx_run *run,
                                      const struct quant_onnx_output *output,
                                      const struct quant_cancel *cancel)
{
    struct quant_sidecar_reader *reader = NULL;
    struct quant_source *source = NULL;
    enum quant_status status = quant_input_open(output->sidecar, cancel, &source, run->error);
    if (status == QUANT_OK)
        status = quant_sidecar_tensors_open(source, &reader, run->error);
    if (status == QUANT_OK)
        status = reader ? add_container(run, output, reader, cancel)
                        : parse_single(run, output, source, cancel);
    quant_sidecar_tensors_close(reader);
    quant_source_close(source);
    return status;
}
