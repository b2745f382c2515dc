/* SPDX-License-Identifier: MIT */
/* From a path to a reader of elements. */
#include "engine/tensor.h"

#include "base/error.h"
#include "io/io.h"

enum quant_status quant_format_find(const char *name, const struct quant_format **format,
                                    struct quant_error *error)
{
    *format = quant_format_from_name(name);
    if (!*format)
        return quant_error_set(error, QUANT_INVALID, "there is no format '%s'", name);
    return QUANT_OK;
}

enum quant_status quant_output_format(const struct quant_output *output,
                                      const struct quant_format *kept,
                                      const struct quant_format **format, struct quant_error *error)
{
    if (output->format)
        return quant_format_find(output->format, format, error);
    *format = quant_format_from_path(output->path);
    if (!*format)
        *format = kept;
    return QUANT_OK;
}

/* The caller's word, else the default's, else nothing. */
static struct quant_read_request make_request(const struct quant_input *input,
                                              const struct quant_read_request *raw_defaults)
{
    struct quant_read_request request = {
        .deliver = QUANT_FLOAT32,
        .raw_dtype = input->dtype,
        .byte_order = input->byte_order,
        .shape = input->shape,
    };
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

static enum quant_status open_reader(struct quant_tensor *tensor, const struct quant_input *input,
                                     const struct quant_read_request *raw_defaults,
                                     struct quant_error *error)
{
    const struct quant_format *format = NULL;
    const enum quant_status status = input->format
                                         ? quant_format_find(input->format, &format, error)
                                         : quant_format_recognize(tensor->source, &format, error);
    if (status != QUANT_OK)
        return status;
    if (!format->takes_raw_options && (input->dtype || input->byte_order || input->shape))
        return quant_source_error(tensor->source, error, QUANT_INVALID,
                                  "its format is %s, which itself tells type and shape; "
                                  "type, byte order and shape are given for raw input only",
                                  format->name);
    const struct quant_read_request request = make_request(input, raw_defaults);
    return format->open_reader(tensor->source, &request, &tensor->reader, error);
}

enum quant_status quant_tensor_open(struct quant_tensor *tensor, const struct quant_input *input,
                                    const struct quant_read_request *raw_defaults,
                                    const struct quant_cancel *cancel, struct quant_error *error)
{
    enum quant_status status = quant_input_open(input->path, cancel, &tensor->source, error);
    if (status == QUANT_OK)
        status = open_reader(tensor, input, raw_defaults, error);
    if (status != QUANT_OK)
        quant_tensor_close(tensor);
    return status;
}

void quant_tensor_close(struct quant_tensor *tensor)
{
    if (tensor->reader)
        tensor->reader->ops->close(tensor->reader);
    quant_source_close(tensor->source);
    *tensor = (struct quant_tensor){NULL, NULL};
}

enum quant_status quant_tensor_fill(struct quant_tensor *tensor, float *elements, size_t capacity,
                                    size_t *count, struct quant_error *error)
{
    struct quant_reader *reader = tensor->reader;
    *count = 0;
    while (*count < capacity) {
        size_t got = 0;
        const enum quant_status status =
            reader->ops->read(reader, elements + *count, capacity - *count, &got, error);
        if (status != QUANT_OK)
            return status;
        if (got == 0)
            break;
        *count += got;
    }
    return QUANT_OK;
}
