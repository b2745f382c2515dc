/* SPDX-License-Identifier: MIT */
/* A stream goes through a temporary file first. */
#include "engine/tensor/container_input.h"

#include "formats/container.h"
#include "io/copy_bytes.h"
#include "io/io.h"

bool quant_container_maps(const struct quant_stored_type *type)
{
    const struct quant_dtype_info *info = quant_dtype_info(type->dtype);
    return info && info->is_source && type->bits >= 16;
}

static enum quant_status spool(struct quant_container_input *input,
                               const struct quant_cancel *cancel, struct quant_error *error)
{
    struct quant_source *stream = input->source;
    struct quant_source *copy = NULL;
    struct quant_file_output file = {.fd = -1};
    if (stream->ops->forward_only)
        stream->ops->forward_only(stream);
    enum quant_status status = quant_spool_begin(&file, stream->name, cancel, error);
    if (status == QUANT_OK)
        status = quant_copy_bytes(stream, &file.sink, error);
    if (status == QUANT_OK)
        status = quant_spool_finish(&file, &copy, error);
    quant_output_discard(&file);
    if (status != QUANT_OK)
        return status;
    input->stream = stream;
    input->source = copy;
    return QUANT_OK;
}

enum quant_status quant_container_input_open(struct quant_container_input *input,
                                             struct quant_source *source,
                                             const struct quant_format *format,
                                             const struct quant_cancel *cancel,
                                             struct quant_error *error)
{
    input->source = source;
    enum quant_status status = source->positional ? QUANT_OK : spool(input, cancel, error);
    if (status == QUANT_OK)
        status = quant_tensor_file_open(input->source, format, &input->file, error);
    return status;
}

enum quant_status quant_container_input_finish(const struct quant_container_input *input,
                                               struct quant_error *error)
{
    const struct quant_container *container = input->file->format->container;
    const enum quant_status status =
        container->finish ? container->finish(input->file, error) : QUANT_OK;
    return status == QUANT_OK
               ? quant_source_check_unchanged(input->stream ? input->stream : input->source, error)
               : status;
}

void quant_container_input_close(struct quant_container_input *input)
{
    if (input->file)
        quant_tensor_file_close(input->file);
    quant_source_close(input->source);
    quant_source_close(input->stream);
    *input = (struct quant_container_input){.source = NULL};
}
