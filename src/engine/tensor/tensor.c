/* SPDX-License-Identifier: MIT */
/* From a path to a reader of elements. */
#include "engine/tensor/tensor.h"

#include <stdlib.h>

#include "base/endian.h"
#include "base/error.h"
#include "engine/tensor/already_quantized.h"
#include "io/io.h"

enum quant_status quant_format_find(const char *name, const struct quant_format **format,
                                    struct quant_error *error)
{
    *format = quant_format_from_name(name);
    if (!*format)
        return quant_error_set(error, QUANT_INVALID, "unknown format '%s'", name);
    return QUANT_OK;
}

enum quant_status quant_output_format(const struct quant_output *output,
                                      const struct quant_format *kept,
                                      const struct quant_format **format, struct quant_error *error)
{
    const struct quant_format *told = quant_format_from_path(output->path);
    *format = told ? told : kept;
    const enum quant_status status =
        output->format ? quant_format_find(output->format, format, error) : QUANT_OK;
    if (status == QUANT_OK && output->text_only && !(*format)->is_text)
        return quant_error_set(
            error, QUANT_INVALID,
            "binary data is not sent to a terminal; redirect it, or give '--to json' or '--force'");
    return status;
}

/* What the caller says, else the sidecar beside the file, else the path's extension, else the
 * default. */
static struct quant_read_request make_request(const struct quant_input *input,
                                              enum quant_dtype recorded,
                                              const struct quant_read_request *raw_defaults)
{
    struct quant_read_request request = {
        .deliver = QUANT_FLOAT32,
        .raw_dtype = input->dtype,
        .byte_order = input->byte_order,
        .shape = input->shape,
    };
    if (!request.raw_dtype)
        request.raw_dtype = recorded;
    if (!request.raw_dtype)
        request.raw_dtype = quant_format_path_dtype(input->path);
    if (raw_defaults) {
        if (!request.raw_dtype)
            request.raw_dtype = raw_defaults->raw_dtype;
        if (!request.byte_order)
            request.byte_order = raw_defaults->byte_order;
        if (!request.shape)
            request.shape = raw_defaults->shape;
    }
    return request;
}

static enum quant_status refuse_raw_options(const struct quant_tensor *tensor,
                                            const struct quant_format *format,
                                            struct quant_error *error)
{
    return quant_source_error(tensor->source, error, QUANT_INVALID,
                              "its format is %s, which has its own type and shape; "
                              "--input-dtype, --byte-order and --shape are for raw input",
                              format->name);
}

enum quant_status quant_tensor_choose_format(struct quant_tensor *tensor,
                                             const struct quant_input *input,
                                             struct quant_error *error)
{
    const bool has_raw_options = input->dtype || input->byte_order || input->shape;
    const enum quant_status status =
        input->format
            ? quant_format_find(input->format, &tensor->format, error)
            : quant_format_recognize(tensor->source, has_raw_options, &tensor->format, error);
    if (status == QUANT_OK && !tensor->format->takes_raw_options &&
        (input->byte_order || input->shape || (tensor->format->container && input->dtype)))
        return refuse_raw_options(tensor, tensor->format, error);
    return status;
}

static enum quant_status recognize(struct quant_tensor *tensor, const struct quant_input *input,
                                   bool may_be_quantized, const struct quant_cancel *cancel,
                                   struct quant_error *error)
{
    enum quant_status status = quant_input_open(input->path, cancel, &tensor->source, error);
    if (status == QUANT_OK && !may_be_quantized && !tensor->no_sidecar)
        status = quant_quantized_check(tensor->source, input->path, input->dtype, cancel,
                                       &tensor->recorded, error);
    if (status == QUANT_OK)
        status = quant_tensor_choose_format(tensor, input, error);
    if (status != QUANT_OK)
        quant_tensor_close(tensor);
    return status;
}

enum quant_status quant_tensor_recognize(struct quant_tensor *tensor,
                                         const struct quant_input *input,
                                         const struct quant_cancel *cancel,
                                         struct quant_error *error)
{
    return recognize(tensor, input, false, cancel, error);
}

enum quant_status quant_tensor_recognize_any(struct quant_tensor *tensor,
                                             const struct quant_input *input,
                                             const struct quant_cancel *cancel,
                                             struct quant_error *error)
{
    return recognize(tensor, input, true, cancel, error);
}

/* The container takes over the source, and the tensor's own takes its place. */
static enum quant_status open_of_container(struct quant_tensor *tensor, const char *name,
                                           const struct quant_cancel *cancel,
                                           struct quant_error *error)
{
    struct quant_source *source = tensor->source;
    size_t index;
    tensor->source = NULL;
    const enum quant_status status =
        quant_container_input_open(&tensor->container, source, tensor->format, cancel, error);
    if (status != QUANT_OK)
        return status;
    const struct quant_tensor_file *file = tensor->container.file;
    if (!quant_tensor_file_find(file, name, &index))
        return quant_source_error(file->source, error, QUANT_INVALID, "it has no tensor '%.200s'",
                                  name);
    if (!quant_container_maps(file->tensors[index].type))
        return quant_source_error(file->source, error, QUANT_UNSUPPORTED,
                                  "its tensor '%.200s' has the type %s, not a float type", name,
                                  file->tensors[index].type->name);
    return quant_tensor_file_open_tensor(file, index, QUANT_FLOAT32, &tensor->source,
                                         &tensor->reader, error);
}

enum quant_status quant_tensor_open_reader(struct quant_tensor *tensor,
                                           const struct quant_input *input,
                                           const struct quant_read_request *raw_defaults,
                                           const struct quant_cancel *cancel,
                                           struct quant_error *error)
{
    const struct quant_format *format = tensor->format;
    const struct quant_read_request request = make_request(input, tensor->recorded, raw_defaults);
    enum quant_status status;
    if (format->container && input->tensor)
        status = open_of_container(tensor, input->tensor, cancel, error);
    else if (format->container)
        status = quant_source_error(
            tensor->source, error, QUANT_UNSUPPORTED,
            "its format %s holds many tensors, but one float tensor is needed here", format->name);
    else
        status = format->open_reader(tensor->source, &request, &tensor->reader, error);
    if (status == QUANT_OK && input->dtype && !tensor->reader->stored_as_asked)
        status = refuse_raw_options(tensor, format, error);
    if (status != QUANT_OK)
        quant_tensor_close(tensor);
    return status;
}

enum quant_status quant_tensor_open(struct quant_tensor *tensor, const struct quant_input *input,
                                    const struct quant_read_request *raw_defaults,
                                    const struct quant_cancel *cancel, struct quant_error *error)
{
    const enum quant_status status = quant_tensor_recognize(tensor, input, cancel, error);
    return status == QUANT_OK ? quant_tensor_open_reader(tensor, input, raw_defaults, cancel, error)
                              : status;
}

void quant_tensor_close(struct quant_tensor *tensor)
{
    if (tensor->reader)
        tensor->reader->ops->close(tensor->reader);
    quant_source_close(tensor->source);
    if (tensor->spooled_reader)
        tensor->spooled_reader->ops->close(tensor->spooled_reader);
    quant_source_close(tensor->spooled_source);
    quant_container_input_close(&tensor->container);
    *tensor = (struct quant_tensor){.source = NULL};
}

/* A reader may deliver less than it is asked for before its end; a chunk is full before that. */
static enum quant_status fill(struct quant_reader *reader, struct quant_chunk *chunk,
                              unsigned char *elements, struct quant_error *error)
{
    const size_t capacity = chunk->count;
    chunk->count = 0;
    while (chunk->count < capacity) {
        size_t got = 0;
        const size_t nbytes = (size_t)quant_dtype_bytes(reader->delivered, chunk->count);
        const enum quant_status status =
            reader->ops->read(reader, elements + nbytes, capacity - chunk->count, &got, error);
        if (status != QUANT_OK)
            return status;
        if (got == 0)
            break;
        chunk->count += got;
    }
    return QUANT_OK;
}

enum quant_status quant_reader_load(struct quant_reader *reader, bool by_position,
                                    struct quant_chunk *chunk, void *elements, void *stage,
                                    struct quant_error *error)
{
    return by_position
               ? reader->ops->read_at(reader, chunk->first, elements, chunk->count, stage, error)
               : fill(reader, chunk, elements, error);
}

/* ---- Spooling ---- */

static enum quant_status copy_elements(struct quant_reader *reader, struct quant_sink *sink,
                                       struct quant_error *error)
{
    float *elements = malloc(QUANT_CHUNK * sizeof *elements);
    if (!elements)
        return quant_error_no_memory(error, QUANT_CHUNK * sizeof *elements, "spool");
    enum quant_status status = QUANT_OK;
    struct quant_chunk chunk = {.count = 1};
    while (status == QUANT_OK && chunk.count > 0) {
        chunk.count = QUANT_CHUNK;
        status = fill(reader, &chunk, (unsigned char *)elements, error);
        if (status == QUANT_OK)
            status = quant_sink_write(sink, elements, chunk.count * sizeof *elements, error);
    }
    free(elements);
    return status;
}

static enum quant_status open_spooled(const struct quant_reader *origin,
                                      struct quant_source *source, struct quant_reader **reader,
                                      struct quant_error *error)
{
    struct quant_reader head = *origin;
    head.stored = head.delivered = QUANT_FLOAT32;
    head.byte_order = quant_host_is_big() ? QUANT_BIG : QUANT_LITTLE;
    return quant_flat_open_reader(source, &head, 0, reader, error);
}

enum quant_status quant_tensor_spool(struct quant_tensor *tensor, const struct quant_cancel *cancel,
                                     struct quant_error *error)
{
    struct quant_source *origin = tensor->source;
    struct quant_source *source = NULL;
    struct quant_reader *reader = NULL;
    struct quant_file_output spool = {.fd = -1};
    if (origin->ops->forward_only)
        origin->ops->forward_only(origin);
    enum quant_status status = quant_spool_begin(&spool, origin->name, cancel, error);
    if (status == QUANT_OK)
        status = copy_elements(tensor->reader, &spool.sink, error);
    if (status == QUANT_OK)
        status = quant_spool_finish(&spool, &source, error);
    if (status == QUANT_OK)
        status = open_spooled(tensor->reader, source, &reader, error);
    quant_output_discard(&spool);
    if (status != QUANT_OK) {
        quant_source_close(source);
        return status;
    }
    tensor->spooled_source = origin;
    tensor->spooled_reader = tensor->reader;
    tensor->source = source;
    tensor->reader = reader;
    return QUANT_OK;
}

/* ---- By position ---- */

enum quant_status quant_writer_write_at(const struct quant_writer *writer, struct quant_sink *sink,
                                        uint64_t first, const void *elements, size_t nelems,
                                        struct quant_error *error)
{
    const uint64_t offset = writer->data_offset + quant_dtype_bytes(writer->dtype, first);
    const size_t nbytes = (size_t)quant_dtype_bytes(writer->dtype, nelems);
    return sink->ops->write_at(sink, offset, elements, nbytes, error);
}

void quant_writer_expect(const struct quant_writer *writer, struct quant_sink *sink,
                         uint64_t nelems)
{
    const uint64_t nbytes = quant_dtype_bytes(writer->dtype, nelems);
    if (nbytes <= INT64_MAX - writer->data_offset)
        quant_sink_expect(sink, writer->data_offset + nbytes);
}
