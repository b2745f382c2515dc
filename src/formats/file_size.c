/* SPDX-License-Identifier: MIT */
/* The format's own writer writes its header to a sink that only counts. */
#include "formats/file_size.h"

#include "base/checked.h"

struct counting_sink {
    struct quant_sink sink;
    uint64_t nbytes;
};

static enum quant_status count(struct quant_sink *sink, const void *bytes, size_t nbytes,
                               struct quant_error *error)
{
    (void)bytes;
    (void)error;
    ((struct counting_sink *)sink)->nbytes += nbytes;
    return QUANT_OK;
}

static const struct quant_sink_ops counting_ops = {.write = count};

bool quant_format_file_size(const struct quant_format *format, enum quant_dtype dtype,
                            const struct quant_shape *shape, enum quant_order order,
                            uint64_t nelems, uint64_t *nbytes)
{
    struct counting_sink header = {.sink = {.ops = &counting_ops, .name = ""}};
    struct quant_writer *writer = NULL;
    uint64_t size;
    if (format->is_text || !format->open_writer ||
        format->open_writer(&header.sink, dtype, shape, order, &writer, NULL) != QUANT_OK)
        return false;
    writer->ops->close(writer);
    if (!quant_checked_add(header.nbytes, quant_dtype_bytes(dtype, nelems), &size))
        return false;
    *nbytes = size;
    return true;
}

enum quant_status quant_format_check_tensor(const struct quant_format *format, const char *name,
                                            enum quant_dtype dtype, const struct quant_shape *shape,
                                            enum quant_order order, struct quant_error *error)
{
    struct counting_sink sink = {.sink = {.ops = &counting_ops, .name = name}};
    struct quant_writer *writer = NULL;
    const enum quant_status status =
        format->open_writer(&sink.sink, dtype, shape, order, &writer, error);
    if (status == QUANT_OK)
        writer->ops->close(writer);
    return status;
}
