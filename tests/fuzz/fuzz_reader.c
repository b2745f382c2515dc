/* SPDX-License-Identifier: MIT */
/* Opens, reads, reads again, and compares. */
#include "fuzz_reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/shape.h"

/* A reader has buffers of up to some 150 KiB; elements are kept here, and take up to 4 bytes for
 * each byte of the input, or 8 for a packed one. */
enum { MEMORY_CONSTANT = 1 << 20, MEMORY_FACTOR = 128 };

static void keep(struct fuzz_elements *elements, enum quant_dtype dtype, const void *bytes,
                 size_t count)
{
    const size_t nbytes = (size_t)quant_dtype_bytes(dtype, count);
    elements->bytes = realloc(elements->bytes, elements->nbytes + nbytes + 1);
    FUZZ_CHECK(elements->bytes);
    memcpy(elements->bytes + elements->nbytes, bytes, nbytes);
    elements->nbytes += nbytes;
    elements->n += count;
}

void fuzz_drain(struct quant_reader *reader, size_t capacity, struct fuzz_elements *elements)
{
    const enum quant_dtype dtype = reader->delivered;
    void *piece = malloc((size_t)quant_dtype_bytes(dtype, capacity));
    FUZZ_CHECK(piece);
    size_t count = 1;
    while (elements->status == QUANT_OK && count > 0) {
        count = capacity + 1;
        elements->status = reader->ops->read(reader, piece, capacity, &count, &elements->error);
        if (elements->status != QUANT_OK)
            break;
        FUZZ_CHECK(count <= capacity);
        keep(elements, dtype, piece, count);
    }
    free(piece);
    if (elements->status != QUANT_OK) {
        FUZZ_CHECK(elements->error.status == elements->status && elements->error.text[0] != '\0');
        return;
    }
    uint64_t nelems = 0;
    FUZZ_CHECK(reader->knowledge == QUANT_SHAPE_KNOWN);
    FUZZ_CHECK(reader->shape.ndim >= 0 && reader->shape.ndim <= QUANT_MAX_DIMS);
    FUZZ_CHECK(quant_shape_count(&reader->shape, &nelems));
    FUZZ_CHECK(nelems == elements->n && reader->nelems == nelems);
    elements->shape = reader->shape;
    elements->order = reader->order;
}

void fuzz_elements_release(struct fuzz_elements *elements)
{
    free(elements->bytes);
    *elements = (struct fuzz_elements){.status = QUANT_OK};
}

/* ---- One way to read ---- */

struct subject {
    const struct quant_format *format;
    const struct quant_read_request *request;
    const uint8_t *data;
    size_t size;
};

static void check_same(const struct fuzz_elements *a, const struct fuzz_elements *b)
{
    FUZZ_CHECK(a->n == b->n && a->nbytes == b->nbytes && a->order == b->order);
    FUZZ_CHECK(quant_shape_equal(&a->shape, &b->shape));
    FUZZ_CHECK(a->nbytes == 0 || memcmp(a->bytes, b->bytes, a->nbytes) == 0);
}

static void read_all(const struct subject *subject, struct quant_source *source, size_t capacity,
                     struct fuzz_elements *elements)
{
    struct quant_reader *reader = NULL;
    *elements = (struct fuzz_elements){.status = QUANT_OK};
    elements->status =
        subject->format->open_reader(source, subject->request, &reader, &elements->error);
    if (elements->status != QUANT_OK) {
        FUZZ_CHECK(elements->error.status == elements->status && elements->error.text[0] != '\0');
        return;
    }
    FUZZ_CHECK(reader->format == subject->format);
    FUZZ_CHECK(reader->delivered == subject->request->deliver);
    if (!source->positional && source->ops->forward_only)
        source->ops->forward_only(source);
    fuzz_drain(reader, capacity, elements);
    reader->ops->close(reader);
}

/* Again from the first element, and any part by position. */
static void check_again(const struct subject *subject, const struct fuzz_elements *expected)
{
    struct fuzz_source memory;
    struct quant_source *source =
        fuzz_source_open(&memory, FUZZ_WHOLE, subject->data, subject->size, subject->size);
    struct quant_reader *reader = NULL;
    struct quant_error error;
    struct fuzz_elements again = {.status = QUANT_OK};
    FUZZ_CHECK(subject->format->open_reader(source, subject->request, &reader, &error) == QUANT_OK);
    unsigned char first[32];
    size_t count = 0;
    FUZZ_CHECK(reader->ops->read(reader, first, 4, &count, &error) == QUANT_OK && count <= 4);
    FUZZ_CHECK(reader->ops->rewind(reader, &error) == QUANT_OK);
    fuzz_drain(reader, (size_t)expected->n + 2, &again);
    FUZZ_CHECK(again.status == QUANT_OK);
    check_same(expected, &again);
    if (quant_reader_is_positional(reader) && reader->ops->read_at && expected->n > 2) {
        static unsigned char stage[QUANT_STAGE_BYTES];
        const size_t from = (size_t)expected->n / 4 * 2;
        const size_t nelems = (size_t)expected->n - from;
        const size_t at = (size_t)quant_dtype_bytes(reader->delivered, from);
        const size_t nbytes = (size_t)quant_dtype_bytes(reader->delivered, nelems);
        void *part = malloc(nbytes);
        FUZZ_CHECK(part);
        FUZZ_CHECK(reader->ops->read_at(reader, from, part, nelems, stage, &error) == QUANT_OK);
        FUZZ_CHECK(memcmp(part, expected->bytes + at, nbytes) == 0);
        free(part);
    }
    if (reader->ops->is_beyond) {
        char text[QUANT_ELEMENT_TEXT];
        if (expected->n > 0 && reader->ops->is_beyond(reader, expected->n - 1, text))
            FUZZ_CHECK(memchr(text, '\0', sizeof text) != NULL);
    }
    reader->ops->close(reader);
    fuzz_elements_release(&again);
}

/* ---- Writing what was read ---- */

static enum quant_status write_all(const struct quant_format *format, enum quant_dtype dtype,
                                   const struct fuzz_elements *elements, struct quant_sink *sink)
{
    struct quant_writer *writer = NULL;
    struct quant_error error;
    const bool keeps_order = format != &quant_format_json;
    enum quant_status status =
        format->open_writer(sink, dtype, &elements->shape,
                            keeps_order ? elements->order : QUANT_ORDER_C, &writer, &error);
    if (status != QUANT_OK)
        return status;
    if (elements->n > 0)
        status = writer->ops->write(writer, elements->bytes, (size_t)elements->n, &error);
    if (status == QUANT_OK)
        status = writer->ops->finish(writer, &error);
    writer->ops->close(writer);
    return status;
}

static void check_written(const struct subject *subject, const struct fuzz_elements *expected)
{
    struct fuzz_sink sink;
    struct fuzz_elements again;
    struct quant_read_request request = *subject->request;
    struct quant_sink *written = fuzz_sink_open(&sink);
    request.raw_dtype = QUANT_DTYPE_NONE;
    request.byte_order = QUANT_LITTLE;
    request.shape = &expected->shape;
    request.order = expected->order;
    /* JSON has no word for what is not finite and no way to write very many empty arrays. */
    const enum quant_status status = write_all(subject->format, request.deliver, expected, written);
    FUZZ_CHECK(status == QUANT_OK || subject->format == &quant_format_json);
    if (status == QUANT_OK) {
        const struct subject copy = {subject->format, &request, sink.bytes, sink.nbytes};
        struct fuzz_source memory;
        struct quant_source *source =
            fuzz_source_open(&memory, FUZZ_WHOLE, sink.bytes, sink.nbytes, sink.nbytes);
        read_all(&copy, source, (size_t)expected->n + 2, &again);
        FUZZ_CHECK(again.status == QUANT_OK);
        check_same(expected, &again);
        fuzz_elements_release(&again);
    }
    fuzz_sink_release(&sink);
}

/* ---- All of it ---- */

static void check_pieces(const struct subject *subject, const struct fuzz_elements *whole,
                         uint64_t hash)
{
    struct fuzz_source memory;
    struct fuzz_elements pieces;
    struct quant_source *source =
        fuzz_source_open(&memory, FUZZ_WHOLE, subject->data, subject->size, subject->size);
    read_all(subject, source, (size_t)(2 + hash % 8 * 2), &pieces);
    FUZZ_CHECK(whole->status == pieces.status);
    if (whole->status == QUANT_OK)
        check_same(whole, &pieces);
    else
        FUZZ_CHECK(fuzz_same_error(&whole->error, &pieces.error));
    fuzz_elements_release(&pieces);
}

static void check_stream(const struct subject *subject, const struct fuzz_elements *whole)
{
    struct fuzz_source memory;
    struct fuzz_elements stream;
    struct quant_source *source =
        fuzz_source_open(&memory, FUZZ_STREAM, subject->data, subject->size, subject->size);
    read_all(subject, source, 2 * subject->size + 2, &stream);
    FUZZ_CHECK((whole->status == QUANT_OK) == (stream.status == QUANT_OK));
    if (whole->status == QUANT_OK)
        check_same(whole, &stream);
    fuzz_elements_release(&stream);
}

/* A file that is cut or changed meanwhile. Text that is cut may be good text. */
static void check_other(const struct subject *subject, const struct fuzz_elements *whole,
                        uint64_t hash, enum fuzz_source_kind kind)
{
    struct fuzz_source memory;
    struct fuzz_elements other;
    const size_t place = (size_t)(hash % (subject->size + 1));
    struct quant_source *source =
        fuzz_source_open(&memory, kind, subject->data, subject->size, place);
    read_all(subject, source, 2 * subject->size + 2, &other);
    if (other.status == QUANT_OK && kind == FUZZ_CUT && !subject->format->is_text)
        check_same(whole, &other);
    fuzz_elements_release(&other);
}

void fuzz_check_reader(const struct quant_format *format, const struct quant_read_request *request,
                       const uint8_t *data, size_t size)
{
    enum { OF_ERRORS = 2, OF_ELEMENTS = 5 };
    const struct subject subject = {format, request, data, size};
    const uint64_t hash = fuzz_hash(data, size);
    struct fuzz_source memory;
    struct fuzz_elements whole;
    fuzz_memory_begin();
    read_all(&subject, fuzz_source_open(&memory, FUZZ_WHOLE, data, size, size), 2 * size + 2,
             &whole);
    const unsigned checks = whole.status == QUANT_OK ? OF_ELEMENTS : OF_ERRORS;
    if (fuzz_turn(hash, 0, checks))
        check_pieces(&subject, &whole, hash);
    if (fuzz_turn(hash, 1, checks))
        check_stream(&subject, &whole);
    if (whole.status == QUANT_OK && fuzz_turn(hash, 2, checks))
        check_other(&subject, &whole, hash, hash >> 40 & 1 ? FUZZ_CUT : FUZZ_CHANGED);
    if (whole.status == QUANT_OK && fuzz_turn(hash, 3, checks))
        check_again(&subject, &whole);
    if (whole.status == QUANT_OK && fuzz_turn(hash, 4, checks))
        check_written(&subject, &whole);
    fuzz_elements_release(&whole);
    fuzz_memory_check(MEMORY_CONSTANT + MEMORY_FACTOR * size);
}
