/* SPDX-License-Identifier: MIT */
/* Writing in order or by position, and hashing in order either way. */
#include "engine/tensor/tensor_output.h"

enum quant_status quant_tensor_output_open(struct quant_tensor_output *output,
                                           struct quant_error *error)
{
    return output->is_hashed ? quant_checksum_sink_init(&output->checksum, output->sink, error)
                             : QUANT_OK;
}

static enum quant_status open_writer(struct quant_tensor_output *output,
                                     const struct quant_tensor_form *form,
                                     struct quant_error *error)
{
    struct quant_sink *sink = output->is_hashed ? &output->checksum.sink : output->sink;
    if (output->format)
        return output->format->open_writer(sink, form->dtype, form->shape, form->order,
                                           &output->writer, error);
    return quant_flat_open_writer(sink, form->dtype, form->shape, form->order, output->offset,
                                  &output->writer, error);
}

enum quant_status quant_tensor_output_begin(struct quant_tensor_output *output,
                                            const struct quant_tensor_form *form,
                                            struct quant_error *error)
{
    const enum quant_status status = open_writer(output, form, error);
    if (status != QUANT_OK)
        return status;
    output->by_position =
        form->has_positions && output->writer->is_flat && output->sink->ops->write_at;
    /* The size of a container is announced once, for all of its tensors. */
    if (output->by_position && output->format)
        quant_writer_expect(output->writer, output->sink, form->nelems);
    return QUANT_OK;
}

enum quant_status quant_tensor_output_deliver(struct quant_tensor_output *output, const void *q,
                                              size_t nelems, struct quant_error *error)
{
    if (!output->by_position)
        return output->writer->ops->write(output->writer, q, nelems, error);
    if (output->is_hashed)
        quant_checksum_sink_update(&output->checksum, q,
                                   (size_t)quant_dtype_bytes(output->writer->dtype, nelems));
    return QUANT_OK;
}

enum quant_status quant_tensor_output_write_at(struct quant_tensor_output *output, uint64_t first,
                                               const void *q, size_t nelems,
                                               struct quant_error *error)
{
    return quant_writer_write_at(output->writer, output->sink, first, q, nelems, error);
}

enum quant_status quant_tensor_output_finish(struct quant_tensor_output *output,
                                             struct quant_error *error)
{
    return output->writer->ops->finish(output->writer, error);
}

void quant_tensor_output_release(struct quant_tensor_output *output)
{
    if (output->writer)
        output->writer->ops->close(output->writer);
    output->writer = NULL;
    quant_checksum_sink_release(&output->checksum);
}
