/* SPDX-License-Identifier: MIT */
/* A sidecar beside the file decides; without one, the type of each tensor. */
#include "engine/files/verify_against.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/shape.h"
#include "engine/files/quantized_container.h"
#include "engine/files/verify_foreign.h"
#include "engine/tensor/already_quantized.h"

/* ---- A file with a sidecar ---- */

/* An unscaled type says all of its numbers itself: such a file is read as floats. */
static enum quant_status has_sidecar(const struct quant_against_file *file, bool *has,
                                     struct quant_error *error)
{
    struct quant_source *source = NULL;
    enum quant_dtype recorded = QUANT_DTYPE_NONE;
    enum quant_status status = quant_input_open(file->input->path, file->cancel, &source, error);
    if (status != QUANT_OK)
        return status;
    status = quant_quantized_check(source, file->input->path, QUANT_DTYPE_NONE, file->cancel,
                                   &recorded, error);
    const struct quant_dtype_info *info = quant_dtype_info(recorded);
    *has = info && !info->is_unscaled;
    quant_source_close(source);
    return *has ? QUANT_OK : status; /* that it is quantized is not an error here */
}

static enum quant_status open_quantized_single(struct dequantization *quantized,
                                               struct quant_error *error)
{
    enum quant_status status = quant_dequantization_read_sidecar(quantized);
    if (status == QUANT_OK)
        status = quant_dequantization_open_data(quantized);
    if (status == QUANT_OK && quantized->sidecar.has_groups)
        status = quant_group_source_open(&quantized->groups, &quantized->sidecar,
                                         quantized->sidecar_path, &quantized->job->control.cancel,
                                         error);
    if (status == QUANT_OK && !quant_reader_is_positional(quantized->reader))
        status = quant_source_error(quantized->source, error, QUANT_UNSUPPORTED,
                                    "what is compared with must be binary, and a regular file");
    return status;
}

static enum quant_status open_quantized_container(struct quant_against_file *file,
                                                  struct quant_error *error)
{
    struct dequantization *quantized = file->quantized;
    enum quant_status status =
        quant_quantized_container_open(&file->other, file->input->path, quantized->tensors,
                                       quantized->sidecar_path, file->cancel, error);
    if (status == QUANT_OK)
        status = quant_restored_tensors_read(&file->restored, quantized->tensors, file->other.file,
                                             error);
    if (status != QUANT_OK)
        return status;
    const size_t n = file->other.file->n;
    file->by_data = malloc((n + 1) * sizeof *file->by_data);
    if (!file->by_data)
        return quant_error_no_memory(error, n * sizeof *file->by_data, "tensors");
    memset(file->by_data, 0xFF, (n + 1) * sizeof *file->by_data);
    for (size_t i = 0; i < file->restored.n; i++)
        file->by_data[file->restored.tensors[i].data] = (uint32_t)i;
    return QUANT_OK;
}

static enum quant_status open_quantized(struct quant_against_file *file, struct quant_error *error)
{
    file->quantized = calloc(1, sizeof *file->quantized);
    if (!file->quantized)
        return quant_error_no_memory(error, sizeof *file->quantized, "buffers");
    file->job =
        (struct quant_dequantize_job){.path = file->input->path, .control.cancel = *file->cancel};
    file->quantized->job = &file->job;
    file->quantized->error = error;
    file->quantized->file.fd = -1;
    enum quant_status status = quant_dequantization_find_sidecar(file->quantized);
    if (status == QUANT_OK)
        status = quant_dequantization_open_sidecar(file->quantized);
    if (status != QUANT_OK)
        return status;
    return file->quantized->tensors ? open_quantized_container(file, error)
                                    : open_quantized_single(file->quantized, error);
}

/* ---- The file ---- */

enum quant_status quant_against_file_open(struct quant_against_file *file,
                                          const struct quant_input *input,
                                          const struct quant_cancel *cancel,
                                          struct quant_error *error)
{
    bool is_quantized = false;
    file->input = input;
    file->cancel = cancel;
    enum quant_status status = has_sidecar(file, &is_quantized, error);
    if (status != QUANT_OK)
        return status;
    if (is_quantized)
        return open_quantized(file, error);
    file->job = (struct quant_dequantize_job){.against = *input, .control.cancel = *cancel};
    return quant_original_container_open(&file->floats, &file->job, NULL, "", error);
}

void quant_against_file_close(struct quant_against_file *file)
{
    quant_original_container_close(&file->floats);
    quant_restored_tensors_release(&file->restored);
    quant_container_input_close(&file->other);
    if (file->quantized)
        quant_dequantization_close_inputs(file->quantized);
    free(file->quantized);
    free(file->by_data);
    *file = (struct quant_against_file){.input = NULL};
}

/* ---- One tensor: floats ---- */

/* Text and pipes are copied to a temporary file, since chunks are read by position. */
static enum quant_status take_floats(struct quant_against_file *file,
                                     struct quant_against_tensor *tensor, struct quant_error *error)
{
    enum quant_status status = QUANT_OK;
    if (!quant_reader_is_positional(tensor->original.reader))
        status = quant_tensor_spool(&tensor->original, file->cancel, error);
    tensor->against.original = &tensor->original;
    return status;
}

/* ---- One tensor: quantized ---- */

static enum quant_status check_shape(const struct quant_source *source,
                                     const struct quant_shape *found,
                                     const struct quant_shape *expected, struct quant_error *error)
{
    char one[QUANT_SHAPE_TEXT];
    char other[QUANT_SHAPE_TEXT];
    if (quant_shape_equal(found, expected))
        return QUANT_OK;
    return quant_source_error(source, error, QUANT_CORRUPT,
                              "its shape is %s, not %s as in the quantized tensor",
                              quant_shape_text(found, one), quant_shape_text(expected, other));
}

static enum quant_status take_quantized(struct quant_against_tensor *tensor,
                                        const struct quant_tensor_file *file,
                                        const struct quant_restored_tensor *other,
                                        const struct quant_restored_tensor *own,
                                        struct quant_error *error)
{
    const struct quant_shape expected = quant_shape_of(own->dims, own->ndim);
    const bool is_foreign = other == &tensor->foreign;
    enum quant_status status = quant_restored_reader_open(&tensor->quantized, file, other, error);
    if (status == QUANT_OK)
        status = check_shape(tensor->quantized.data, &tensor->quantized.shape, &expected, error);
    if (status == QUANT_OK && (!is_foreign || other->axis >= 0))
        status = quant_restored_reader_open_scales(&tensor->quantized, file, other, error);
    if (status != QUANT_OK)
        return status;
    tensor->against.other =
        (struct quant_quantized_side){.params = &other->params,
                                      .groups = other->axis >= 0 ? &tensor->quantized.groups : NULL,
                                      .reader = tensor->quantized.reader,
                                      .name = tensor->quantized.data->name};
    return QUANT_OK;
}

enum quant_status quant_against_open_tensor(struct quant_against_file *file, const char *name,
                                            const struct quant_restored_tensor *own,
                                            struct quant_against_tensor *tensor,
                                            struct quant_error *error)
{
    const struct quant_tensor_file *container =
        file->quantized ? file->other.file : file->floats.input.file;
    size_t index = 0;
    enum quant_status status;
    if (container && !quant_tensor_file_find(container, name, &index))
        return quant_source_error(container->source, error, QUANT_CORRUPT,
                                  "it has no tensor '%.200s', which the quantized file has", name);
    if (file->quantized && !container)
        return quant_source_error(file->quantized->source, error, QUANT_UNSUPPORTED,
                                  "it has one tensor without a name");
    if (!container || (!file->quantized && quant_container_maps(container->tensors[index].type))) {
        status =
            quant_original_container_tensor(&file->floats, name, own, &tensor->original, error);
        return status == QUANT_OK ? take_floats(file, tensor, error) : status;
    }
    if (!file->quantized) {
        status = quant_foreign_describe(container, index, own, &tensor->foreign, error);
        return status == QUANT_OK ? take_quantized(tensor, container, &tensor->foreign, own, error)
                                  : status;
    }
    const uint32_t entry = file->by_data[index];
    if (entry == QUANT_NOT_STORED || file->restored.tensors[entry].is_copied)
        return quant_source_error(container->source, error, QUANT_CORRUPT,
                                  "tensor '%.200s' is not quantized there", name);
    return take_quantized(tensor, container, &file->restored.tensors[entry], own, error);
}

/* ---- A file of one tensor ---- */

/* A file of integers of the same type, without a sidecar: nothing else is known. A raw one is known
 * by its size. */
static enum quant_status open_integers(struct quant_against_file *file,
                                       const struct dequantization *own,
                                       struct quant_against_tensor *tensor, bool *is_open,
                                       struct quant_error *error)
{
    const struct quant_sidecar *sidecar = &own->sidecar;
    const enum quant_dtype dtype = sidecar->params.dtype;
    const struct quant_read_request request = {
        .deliver = dtype, .raw_dtype = dtype, .shape = &sidecar->shape, .order = sidecar->order};
    const struct quant_format *format = NULL;
    *is_open = false;
    if (!quant_dtype_info(dtype)->is_integer)
        return QUANT_OK;
    enum quant_status status =
        quant_input_open(file->input->path, file->cancel, &tensor->integers, error);
    if (status != QUANT_OK || !tensor->integers->positional ||
        quant_format_recognize(tensor->integers, false, &format, NULL) != QUANT_OK ||
        format->container || format->is_text)
        return status;
    if (format->open_reader(tensor->integers, &request, &tensor->reader, NULL) != QUANT_OK)
        return QUANT_OK;
    *is_open = quant_shape_equal(&tensor->reader->shape, &sidecar->shape);
    tensor->against.is_unscaled = true;
    tensor->against.other = (struct quant_quantized_side){
        .params = &sidecar->params, .reader = tensor->reader, .name = tensor->integers->name};
    return QUANT_OK;
}

enum quant_status quant_against_open_single(struct quant_against_file *file,
                                            struct dequantization *own,
                                            const struct quant_input *input,
                                            struct quant_against_tensor *tensor,
                                            struct quant_error *error)
{
    bool is_quantized = false;
    bool is_open = false;
    file->input = input;
    file->cancel = &own->job->control.cancel;
    enum quant_status status = has_sidecar(file, &is_quantized, error);
    if (status == QUANT_OK && !is_quantized)
        status = open_integers(file, own, tensor, &is_open, error);
    if (status != QUANT_OK || is_open)
        return status;
    if (!is_quantized) {
        status = quant_dequantization_open_original(own);
        tensor->original = own->original;
        own->original = (struct quant_tensor){.source = NULL};
        return status == QUANT_OK ? take_floats(file, tensor, error) : status;
    }
    status = open_quantized(file, error);
    if (status != QUANT_OK)
        return status;
    struct dequantization *other = file->quantized;
    if (other->tensors)
        return quant_source_error(other->sidecar_source, error, QUANT_UNSUPPORTED,
                                  "it is the sidecar of a file of many tensors");
    tensor->against.other =
        (struct quant_quantized_side){.params = &other->sidecar.params,
                                      .groups = other->sidecar.has_groups ? &other->groups : NULL,
                                      .reader = other->reader,
                                      .name = other->source->name};
    status = check_shape(other->source, &other->sidecar.shape, &own->sidecar.shape, error);
    if (status == QUANT_OK && other->sidecar.order != own->sidecar.order &&
        quant_shape_has_order(&own->sidecar.shape))
        status = quant_source_error(other->source, error, QUANT_UNSUPPORTED,
                                    "its elements are in another order");
    return status;
}

void quant_against_tensor_close(struct quant_against_file *file,
                                struct quant_against_tensor *tensor)
{
    const bool is_single = !file->floats.input.file && file->floats.single.source;
    quant_restored_reader_close(&tensor->quantized);
    if (is_single) /* it belongs to the file, and may have been spooled meanwhile */
        file->floats.single = tensor->original.source ? tensor->original : file->floats.single;
    else
        quant_tensor_close(&tensor->original);
    if (tensor->reader)
        tensor->reader->ops->close(tensor->reader);
    quant_source_close(tensor->integers);
    *tensor = (struct quant_against_tensor){.reader = NULL};
}
