/* SPDX-License-Identifier: MIT */
/* Integers come through the stage, which their own reader does not need: it changes nothing. */
#include "engine/tensor/number_reader.h"

#include <stdlib.h>

#include "base/error.h"

struct number_reader {
    struct quant_reader head;
    struct quant_reader *integers; /* owned */
    struct quant_params params;
    unsigned char stage[QUANT_STAGE_BYTES]; /* for read */
};

struct quant_params quant_number_params(enum quant_dtype dtype)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    struct quant_params params = {.dtype = dtype, .scale = 1};
    if (info->is_integer) { /* the ends of floats are beyond an integer */
        params.qmin = (int32_t)info->min;
        params.qmax = (int32_t)info->max;
    }
    return params;
}

/* An even number of elements, so that packed ones are not torn apart. */
static size_t piece_of(const struct number_reader *numbers)
{
    return QUANT_STAGE_BYTES / (size_t)quant_dtype_bytes(numbers->params.dtype, 2) * 2;
}

static enum quant_status number_read(struct quant_reader *reader, void *elements, size_t capacity,
                                     size_t *count, struct quant_error *error)
{
    struct number_reader *numbers = (struct number_reader *)reader;
    const size_t piece = piece_of(numbers);
    const enum quant_status status = numbers->integers->ops->read(
        numbers->integers, numbers->stage, capacity < piece ? capacity : piece, count, error);
    if (status == QUANT_OK)
        quant_dequantize(&numbers->params, numbers->stage, *count, elements);
    reader->knowledge = numbers->integers->knowledge;
    reader->shape = numbers->integers->shape;
    reader->nelems = numbers->integers->nelems;
    return status;
}

static enum quant_status number_read_at(struct quant_reader *reader, uint64_t first, void *elements,
                                        size_t nelems, void *stage, struct quant_error *error)
{
    const struct number_reader *numbers = (const struct number_reader *)reader;
    struct quant_reader *integers = numbers->integers;
    float *x = elements;
    for (size_t i = 0; i < nelems;) {
        const size_t n = nelems - i < piece_of(numbers) ? nelems - i : piece_of(numbers);
        const enum quant_status status =
            integers->ops->read_at(integers, first + i, stage, n, NULL, error);
        if (status != QUANT_OK)
            return status;
        quant_dequantize(&numbers->params, stage, n, x + i);
        i += n;
    }
    return QUANT_OK;
}

static enum quant_status number_rewind(struct quant_reader *reader, struct quant_error *error)
{
    struct quant_reader *integers = ((struct number_reader *)reader)->integers;
    return integers->ops->rewind(integers, error);
}

static void number_close(struct quant_reader *reader)
{
    struct quant_reader *integers = ((struct number_reader *)reader)->integers;
    integers->ops->close(integers);
    free(reader);
}

static const struct quant_reader_ops positional_ops = {
    .read = number_read, .read_at = number_read_at, .rewind = number_rewind, .close = number_close};
static const struct quant_reader_ops ordered_ops = {
    .read = number_read, .rewind = number_rewind, .close = number_close};

enum quant_status quant_number_reader_open(struct quant_reader *integers,
                                           struct quant_reader **reader, struct quant_error *error)
{
    struct number_reader *made = malloc(sizeof *made);
    *reader = NULL;
    if (!made) {
        integers->ops->close(integers);
        return quant_error_no_memory(error, sizeof *made, "buffers");
    }
    made->head = *integers;
    made->head.ops = integers->ops->read_at ? &positional_ops : &ordered_ops;
    made->head.delivered = QUANT_FLOAT32;
    made->integers = integers;
    made->params = quant_number_params(integers->delivered);
    *reader = &made->head;
    return QUANT_OK;
}
