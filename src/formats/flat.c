/* SPDX-License-Identifier: MIT */
/* Consecutive elements of one size, or two per byte for elements of half a byte: the whole of a raw
 * file, and a .npy file after its header. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/decimal.h"
#include "base/endian.h"
#include "base/error.h"
#include "base/shape.h"
#include "formats/format.h"
#include "kernels/ggml_blocks.h"
#include "kernels/kernels.h"

struct flat_reader {
    struct quant_reader head;
    uint64_t offset;   /* of the first element */
    uint64_t position; /* index of the next element */
    bool widens;       /* converts floats of another size or byte order to float32 */
    bool swaps;        /* the bytes of each element, two or four */
    unsigned char stage[QUANT_STAGE_BYTES]; /* for read, whose caller gives none */
};

static uint64_t bytes_of(const struct flat_reader *flat, uint64_t nelems)
{
    return quant_dtype_bytes(flat->head.stored, nelems);
}

/* Bytes of an element, of two elements that share a byte, or of a block. */
static size_t unit_of(const struct flat_reader *flat)
{
    return (size_t)bytes_of(flat, 1);
}

/* Elements in this many bytes, a whole number of units. */
static uint64_t elements_in(const struct flat_reader *flat, uint64_t nbytes)
{
    const struct quant_dtype_info *info = quant_dtype_info(flat->head.stored);
    if (info->block_nelems > 0)
        return nbytes / info->block_nbytes * info->block_nelems;
    return info->bits == 4 ? 2 * nbytes : nbytes / unit_of(flat);
}

/* Elements from position to the end, as far as the end is known. */
static size_t elements_ahead(const struct flat_reader *flat, size_t capacity)
{
    if (flat->head.knowledge != QUANT_SHAPE_KNOWN)
        return capacity;
    const uint64_t ahead = flat->head.nelems - flat->position;
    return ahead < capacity ? (size_t)ahead : capacity;
}

static enum quant_status no_whole_number(const struct flat_reader *flat, uint64_t nbytes,
                                         struct quant_error *error)
{
    return quant_source_error(flat->head.source, error, QUANT_CORRUPT,
                              "its %llu bytes are not a multiple of %zu, the size of a %s",
                              (unsigned long long)nbytes, unit_of(flat),
                              quant_dtype_info(flat->head.stored)->name);
}

static enum quant_status wrong_size(const struct flat_reader *flat, uint64_t found,
                                    enum quant_status status, const char *more,
                                    struct quant_error *error)
{
    char text[QUANT_SHAPE_TEXT];
    return quant_source_error(flat->head.source, error, status,
                              "shape %s of %s needs %llu bytes from byte %llu on, found %s%llu",
                              quant_shape_text(&flat->head.shape, text),
                              quant_dtype_info(flat->head.stored)->name,
                              (unsigned long long)bytes_of(flat, flat->head.nelems),
                              (unsigned long long)flat->offset, more, (unsigned long long)found);
}

/* The length of a stream is known only at its end. There must be nothing after the last element; if
 * the length determines the shape, there must be no part of an element. */
static enum quant_status check_stream_end(struct flat_reader *flat, struct quant_error *error)
{
    struct quant_source *source = flat->head.source;
    const uint64_t end = flat->offset + bytes_of(flat, flat->position);
    if (source->size == end)
        return QUANT_OK;
    unsigned char byte;
    size_t got = 0;
    const enum quant_status status = source->ops->read_at(source, end, &byte, 1, &got, error);
    if (status == QUANT_OK && got > 0)
        return wrong_size(flat, end - flat->offset, QUANT_CORRUPT, "more than ", error);
    return status;
}

static enum quant_status end_of_data(struct flat_reader *flat, struct quant_error *error)
{
    struct quant_reader *head = &flat->head;
    if (head->knowledge == QUANT_SHAPE_KNOWN)
        return check_stream_end(flat, error);
    head->shape.dims[0] = head->nelems = flat->position;
    head->knowledge = QUANT_SHAPE_KNOWN;
    return QUANT_OK;
}

/* Reads up to nelems whole elements, beginning with element `first`; *count is their number.
 * Changes nothing that another thread may use. */
static enum quant_status read_stored(const struct flat_reader *flat, uint64_t first, void *bytes,
                                     size_t nelems, size_t *count, struct quant_error *error)
{
    struct quant_source *source = flat->head.source;
    const uint64_t from = flat->offset + bytes_of(flat, first);
    const size_t wanted = (size_t)bytes_of(flat, nelems);
    size_t got = 0;
    const enum quant_status status = source->ops->read_at(source, from, bytes, wanted, &got, error);
    if (status != QUANT_OK)
        return status;
    const uint64_t found = from - flat->offset + got;
    if (flat->head.knowledge == QUANT_SHAPE_KNOWN && got < wanted)
        return wrong_size(flat, found, QUANT_TRUNCATED, "", error);
    if (got % unit_of(flat) != 0)
        return no_whole_number(flat, found, error);
    *count = got == wanted ? nelems : (size_t)elements_in(flat, got);
    return QUANT_OK;
}

static enum quant_status read_swapped(const struct flat_reader *flat, uint64_t first,
                                      void *elements, size_t nelems, size_t *count,
                                      struct quant_error *error)
{
    uint16_t *shorts = elements;
    uint32_t *words = elements;
    const bool is_short = unit_of(flat) == sizeof *shorts;
    const enum quant_status status = read_stored(flat, first, elements, nelems, count, error);
    for (size_t i = 0; status == QUANT_OK && is_short && i < *count; i++)
        shorts[i] = quant_swap_16(shorts[i]);
    for (size_t i = 0; status == QUANT_OK && !is_short && i < *count; i++)
        words[i] = quant_swap_32(words[i]);
    return status;
}

/* 8-bit floats are decoded by dequantizing with a scale of 1. */
static void widen(const struct flat_reader *flat, const void *bytes, size_t nelems, float *x)
{
    const enum quant_dtype stored = flat->head.stored;
    const struct quant_params unscaled = {.dtype = stored, .scale = 1};
    const struct quant_block_type *block = quant_ggml_block(stored);
    if (block)
        quant_ggml_dequantize(block, bytes, nelems, x);
    else if (quant_kernels()->widen[stored])
        quant_kernels()->widen[stored](bytes, nelems, flat->head.byte_order == QUANT_BIG, x);
    else
        quant_kernels()->dequantize[stored](&unscaled, bytes, nelems, x);
}

static enum quant_status read_widened(const struct flat_reader *flat, uint64_t first,
                                      float *elements, size_t nelems, void *stage, size_t *count,
                                      struct quant_error *error)
{
    const size_t piece = (size_t)elements_in(flat, QUANT_STAGE_BYTES);
    while (*count < nelems) {
        const size_t wanted = nelems - *count < piece ? nelems - *count : piece;
        size_t got = 0;
        const enum quant_status status =
            read_stored(flat, first + *count, stage, wanted, &got, error);
        if (status != QUANT_OK)
            return status;
        widen(flat, stage, got, elements + *count);
        *count += got;
        if (got < wanted)
            break;
    }
    return QUANT_OK;
}

static enum quant_status read_elements(const struct flat_reader *flat, uint64_t first,
                                       void *elements, size_t nelems, void *stage, size_t *count,
                                       struct quant_error *error)
{
    *count = 0;
    if (nelems == 0)
        return QUANT_OK;
    if (flat->widens)
        return read_widened(flat, first, elements, nelems, stage, count, error);
    return flat->swaps ? read_swapped(flat, first, elements, nelems, count, error)
                       : read_stored(flat, first, elements, nelems, count, error);
}

static enum quant_status flat_read(struct quant_reader *reader, void *elements, size_t capacity,
                                   size_t *count, struct quant_error *error)
{
    struct flat_reader *flat = (struct flat_reader *)reader;
    const enum quant_status status = read_elements(
        flat, flat->position, elements, elements_ahead(flat, capacity), flat->stage, count, error);
    if (status != QUANT_OK)
        return status;
    flat->position += *count;
    return *count > 0 ? QUANT_OK : end_of_data(flat, error);
}

static enum quant_status flat_read_at(struct quant_reader *reader, uint64_t first, void *elements,
                                      size_t nelems, void *stage, struct quant_error *error)
{
    size_t count = 0;
    return read_elements((const struct flat_reader *)reader, first, elements, nelems, stage, &count,
                         error);
}

static bool flat_is_beyond(struct quant_reader *reader, uint64_t index,
                           char text[QUANT_ELEMENT_TEXT])
{
    unsigned char bytes[8];
    size_t count = 0;
    if (reader->stored != QUANT_FLOAT64 || reader->delivered != QUANT_FLOAT32 ||
        read_stored((const struct flat_reader *)reader, index, bytes, 1, &count, NULL) !=
            QUANT_OK ||
        count == 0)
        return false;
    const uint64_t bits = quant_load_64(bytes, reader->byte_order == QUANT_BIG);
    double value;
    memcpy(&value, &bits, sizeof value);
    if (!isfinite(value) || !isinf((float)value))
        return false;
    quant_decimal_short(value, text);
    return true;
}

static enum quant_status flat_rewind(struct quant_reader *reader, struct quant_error *error)
{
    (void)error;
    ((struct flat_reader *)reader)->position = 0;
    return QUANT_OK;
}

static void flat_reader_close(struct quant_reader *reader)
{
    free(reader);
}

static const struct quant_reader_ops reader_ops = {
    .read = flat_read,
    .read_at = flat_read_at,
    .is_beyond = flat_is_beyond,
    .rewind = flat_rewind,
    .close = flat_reader_close,
};

/* Callers that read by position treat what is delivered as the bytes of the file. */
static const struct quant_reader_ops swapping_ops = {
    .read = flat_read,
    .rewind = flat_rewind,
    .close = flat_reader_close,
};

/* Compares the shape from the header or the user with the size of the file, if that is known. */
static enum quant_status settle_shape(struct flat_reader *flat, struct quant_error *error)
{
    struct quant_reader *head = &flat->head;
    const uint64_t size = head->source->size;
    if (head->knowledge == QUANT_SHAPE_KNOWN) {
        uint64_t end;
        if (!quant_shape_count(&head->shape, &head->nelems) ||
            !quant_checked_add(bytes_of(flat, head->nelems), flat->offset, &end) ||
            end > INT64_MAX) {
            char text[QUANT_SHAPE_TEXT];
            return quant_source_error(head->source, error, QUANT_OUT_OF_RANGE,
                                      "shape %s is larger than any file",
                                      quant_shape_text(&head->shape, text));
        }
        if (size == QUANT_SIZE_UNKNOWN || size == end)
            return QUANT_OK;
        const uint64_t found = size > flat->offset ? size - flat->offset : 0;
        return wrong_size(flat, found, size < end ? QUANT_TRUNCATED : QUANT_CORRUPT, "", error);
    }
    head->shape.ndim = 1;
    head->shape.dims[0] = 0;
    if (size == QUANT_SIZE_UNKNOWN) {
        head->knowledge = QUANT_SHAPE_GROWING;
        return QUANT_OK;
    }
    if ((size - flat->offset) % unit_of(flat) != 0)
        return no_whole_number(flat, size - flat->offset, error);
    head->shape.dims[0] = head->nelems = elements_in(flat, size - flat->offset);
    head->knowledge = QUANT_SHAPE_KNOWN;
    return QUANT_OK;
}

enum quant_status quant_flat_open_reader(struct quant_source *source,
                                         const struct quant_reader *head, uint64_t offset,
                                         struct quant_reader **reader, struct quant_error *error)
{
    struct flat_reader *flat = malloc(sizeof *flat);
    if (!flat)
        return quant_error_no_memory(error, sizeof *flat, "read buffer");
    flat->head = *head;
    flat->head.source = source;
    flat->offset = offset;
    flat->position = 0;
    const bool host_order =
        unit_of(flat) == 1 || (head->byte_order == QUANT_BIG) == quant_host_is_big();
    flat->widens =
        head->delivered == QUANT_FLOAT32 && !(head->stored == QUANT_FLOAT32 && host_order);
    flat->swaps = head->delivered != QUANT_FLOAT32 && !host_order;
    flat->head.ops = flat->swaps ? &swapping_ops : &reader_ops;
    const enum quant_status status = settle_shape(flat, error);
    if (status == QUANT_OK)
        *reader = &flat->head;
    else
        free(flat);
    return status;
}

/* ---- Writing ---- */

/* Little-endian on every host; single bytes have no order. */
static enum quant_status write_swapped(const struct quant_writer *writer,
                                       const unsigned char *elements, size_t nelems,
                                       struct quant_error *error)
{
    unsigned char stage[4096];
    const size_t size = (size_t)quant_dtype_bytes(writer->dtype, 1);
    while (nelems > 0) {
        const size_t piece = nelems < sizeof stage / size ? nelems : sizeof stage / size;
        for (size_t i = 0; i < piece * size; i++)
            stage[i] = elements[i / size * size + (size - 1 - i % size)];
        const enum quant_status status = quant_sink_write(writer->sink, stage, size * piece, error);
        if (status != QUANT_OK)
            return status;
        elements += size * piece;
        nelems -= piece;
    }
    return QUANT_OK;
}

static enum quant_status flat_write(struct quant_writer *writer, const void *elements,
                                    size_t nelems, struct quant_error *error)
{
    if (!writer->is_flat)
        return write_swapped(writer, elements, nelems, error);
    return quant_sink_write(writer->sink, elements,
                            (size_t)quant_dtype_bytes(writer->dtype, nelems), error);
}

static enum quant_status flat_finish(struct quant_writer *writer, struct quant_error *error)
{
    (void)writer;
    (void)error;
    return QUANT_OK;
}

static void flat_writer_close(struct quant_writer *writer)
{
    free(writer);
}

static const struct quant_writer_ops writer_ops = {
    .write = flat_write,
    .finish = flat_finish,
    .close = flat_writer_close,
};

enum quant_status quant_flat_open_writer(struct quant_sink *sink, enum quant_dtype dtype,
                                         const struct quant_shape *shape, enum quant_order order,
                                         uint64_t data_offset, struct quant_writer **writer,
                                         struct quant_error *error)
{
    *writer = malloc(sizeof **writer);
    if (!*writer)
        return quant_error_no_memory(error, sizeof **writer, "writer");
    **writer = (struct quant_writer){
        .ops = &writer_ops,
        .sink = sink,
        .dtype = dtype,
        .shape = shape,
        .order = order,
        .is_flat = quant_dtype_bytes(dtype, 1) == 1 || !quant_host_is_big(),
        .data_offset = data_offset,
    };
    return QUANT_OK;
}
