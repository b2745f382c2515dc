/* SPDX-License-Identifier: MIT */
/* Raw files: elements and nothing else. The caller must know their type. */
#include "formats/format.h"

static enum quant_status raw_open_reader(struct quant_source *source,
                                         const struct quant_read_request *request,
                                         struct quant_reader **reader, struct quant_error *error)
{
    struct quant_reader head = {
        .format = &quant_format_raw,
        .stored = request->raw_dtype ? request->raw_dtype : request->deliver,
        .stored_as_asked = true,
        .delivered = request->deliver,
        .byte_order = request->byte_order == QUANT_BIG ? QUANT_BIG : QUANT_LITTLE,
        .order = QUANT_ORDER_C,
    };
    if (request->shape) {
        head.shape = *request->shape;
        head.knowledge = QUANT_SHAPE_KNOWN;
    }
    return quant_flat_open_reader(source, &head, 0, reader, error);
}

static enum quant_status raw_open_writer(struct quant_sink *sink, enum quant_dtype dtype,
                                         const struct quant_shape *shape, enum quant_order order,
                                         struct quant_writer **writer, struct quant_error *error)
{
    return quant_flat_open_writer(sink, dtype, shape, order, 0, writer, error);
}

static const char *const extensions[] = {"bin", "raw", "dat", "f32", "f16", "bf16", "f64", NULL};

const struct quant_format quant_format_raw = {
    .name = "raw",
    .summary = "elements and nothing else; type, byte order and shape are options",
    .extensions = extensions,
    .writer_needs = QUANT_SHAPE_UNKNOWN,
    .takes_raw_options = true,
    .recognize = NULL,
    .open_reader = raw_open_reader,
    .open_writer = raw_open_writer,
};
