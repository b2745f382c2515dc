/* SPDX-License-Identifier: MIT */
/* NumPy's .npy files: a magic string, a version, a header, then the elements as in flat.c. Reads
 * versions 1.0, 2.0 and 3.0; writes version 1.0, as numpy.save does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/error.h"
#include "base/shape.h"
#include "formats/format.h"
#include "formats/npy_header.h"

static const char magic[6] = {'\x93', 'N', 'U', 'M', 'P', 'Y'};

/* The length of a header comes from the file, so it cannot be trusted. This is far more than any
 * header that numpy.save writes. */
enum { HEADER_LIMIT = QUANT_NPY_HEADER_MAX, PREFIX_LIMIT = QUANT_NPY_PREFIX };

/* Element types in 'descr', little-endian. NumPy has no elements of half a byte: they are written
 * as a one-dimensional array of bytes, and the sidecar has the shape and the order. NumPy has no
 * bfloat16 and no float8 either: they are written as untyped bytes, as numpy.save writes the types
 * of the package ml_dtypes, and need a view of these types when loaded. */
static const char *const descrs[QUANT_DTYPE_COUNT] = {
    [QUANT_INT8] = "|i1",     [QUANT_UINT8] = "|u1",         [QUANT_INT4] = "|u1",
    [QUANT_UINT4] = "|u1",    [QUANT_INT16] = "<i2",         [QUANT_UINT16] = "<u2",
    [QUANT_FLOAT16] = "<f2",  [QUANT_FLOAT32] = "<f4",       [QUANT_FLOAT64] = "<f8",
    [QUANT_BFLOAT16] = "<V2", [QUANT_FLOAT8_E4M3FN] = "<V1", [QUANT_FLOAT8_E5M2] = "<V1",
    [QUANT_INT32] = "<i4",
};

/* The float types to quantize, and the types that the caller may declare untyped bytes to be. */
static const enum quant_dtype sources[] = {QUANT_FLOAT32, QUANT_FLOAT16, QUANT_FLOAT64};
static const enum quant_dtype opaque[] = {QUANT_BFLOAT16, QUANT_FLOAT8_E4M3FN, QUANT_FLOAT8_E5M2};

static enum quant_match npy_recognize(const unsigned char *head, size_t nbytes)
{
    return nbytes >= sizeof magic && memcmp(head, magic, sizeof magic) == 0 ? QUANT_MATCH_SURE
                                                                            : QUANT_MATCH_NONE;
}

/* Finds the text of the header: *offset and *length. */
static enum quant_status read_prefix(struct quant_source *source, uint64_t *offset,
                                     uint64_t *length, struct quant_error *error)
{
    unsigned char prefix[PREFIX_LIMIT];
    size_t got = 0;
    const enum quant_status status =
        source->ops->read_at(source, 0, prefix, sizeof prefix, &got, error);
    if (status != QUANT_OK)
        return status;
    const size_t compared = got < sizeof magic ? got : sizeof magic;
    if (memcmp(prefix, magic, compared) != 0)
        return quant_source_error(source, error, QUANT_UNRECOGNIZED,
                                  "it does not begin as a .npy file does");
    if (got < sizeof prefix)
        return quant_source_error(source, error, QUANT_TRUNCATED,
                                  "it ends at byte %zu, within the .npy header", got);
    const unsigned major = prefix[6];
    const unsigned minor = prefix[7];
    if (major < 1 || major > 3 || minor != 0)
        return quant_source_error(source, error, QUANT_UNSUPPORTED,
                                  "unknown .npy version %u.%u; expected 1.0, 2.0 or 3.0", major,
                                  minor);
    *offset = major == 1 ? 10 : 12;
    *length = major == 1 ? quant_load_16(prefix + 8, false) : quant_load_32(prefix + 8, false);
    if (*length > HEADER_LIMIT)
        return quant_source_error(source, error, QUANT_OUT_OF_RANGE,
                                  "the header's length is %llu, more than %d bytes",
                                  (unsigned long long)*length, HEADER_LIMIT);
    return QUANT_OK;
}

enum quant_status quant_npy_read_header(struct quant_source *source,
                                        struct quant_npy_header *header, uint64_t *data_offset,
                                        struct quant_error *error)
{
    uint64_t offset = 0;
    uint64_t length = 0;
    enum quant_status status = read_prefix(source, &offset, &length, error);
    if (status != QUANT_OK)
        return status;
    *data_offset = offset + length;
    if (source->size < *data_offset)
        return quant_source_error(source, error, QUANT_TRUNCATED,
                                  "the header ends at byte %llu, but the file at byte %llu",
                                  (unsigned long long)*data_offset,
                                  (unsigned long long)source->size);
    char *text = malloc((size_t)length + 1);
    if (!text)
        return quant_error_no_memory(error, (size_t)length + 1, ".npy header");
    status = quant_source_read_exactly(source, offset, text, (size_t)length, error);
    if (status == QUANT_OK)
        status = quant_npy_header_parse(text, (size_t)length, offset, source, header, error);
    free(text);
    return status;
}

/* The type without the byte order: "f4" for "<f4", ">f4", "=f4" and "f4", "i1" for "|i1". */
static const char *code_of(const struct quant_npy_header *header)
{
    return *header->descr != '\0' && strchr("<>=|", *header->descr) ? header->descr + 1
                                                                    : header->descr;
}

static bool is_of_type(const struct quant_npy_header *header, enum quant_dtype dtype)
{
    return descrs[dtype] && strcmp(descrs[dtype] + 1, code_of(header)) == 0;
}

/* The first of dtypes that matches the header; NONE if none does. */
static enum quant_dtype find_dtype(const struct quant_npy_header *header,
                                   const enum quant_dtype *dtypes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_of_type(header, dtypes[i]))
            return dtypes[i];
    return QUANT_DTYPE_NONE;
}

static enum quant_status unsupported_dtype(const struct quant_source *source,
                                           const struct quant_npy_header *header,
                                           enum quant_dtype deliver, struct quant_error *error)
{
    const char *expected = "one of <f4 <f2 <f8 >f4 >f2 >f8";
    const char *hint = "";
    const bool wants_floats = deliver == QUANT_FLOAT32;
    if (!wants_floats)
        expected = descrs[deliver];
    else if (is_of_type(header, QUANT_BFLOAT16))
        hint = "; --input-dtype bfloat16 reads it as such";
    else if (is_of_type(header, QUANT_FLOAT8_E5M2))
        hint = "; --input-dtype float8_e4m3fn or float8_e5m2 reads it as such";
    else if (*code_of(header) == 'i' || *code_of(header) == 'u')
        hint = "; if it is already quantized, 'quant dequant' restores it";
    return quant_source_error(source, error, QUANT_UNSUPPORTED,
                              "unsupported dtype '%s' at byte %llu; expected %s%s", header->descr,
                              (unsigned long long)header->descr_offset, expected, hint);
}

/* Floats of the type in the header, or, for untyped bytes, of the type that the caller declares. */
static enum quant_dtype float_dtype(const struct quant_npy_header *header,
                                    const struct quant_read_request *request)
{
    const enum quant_dtype asked = find_dtype(header, &request->raw_dtype, 1);
    const bool is_opaque = find_dtype(header, opaque, sizeof opaque / sizeof opaque[0]);
    return is_opaque ? asked : find_dtype(header, sources, sizeof sources / sizeof sources[0]);
}

static enum quant_status npy_describe(struct quant_source *source,
                                      struct quant_described *described, struct quant_error *error)
{
    static const enum quant_dtype known[] = {QUANT_FLOAT32, QUANT_FLOAT16, QUANT_FLOAT64,
                                             QUANT_INT8,    QUANT_UINT8,   QUANT_INT16,
                                             QUANT_UINT16,  QUANT_INT32};
    struct quant_npy_header header;
    *described = (struct quant_described){.dtype = QUANT_DTYPE_NONE};
    const enum quant_status status =
        quant_npy_read_header(source, &header, &described->offset, error);
    if (status != QUANT_OK)
        return status;
    snprintf(described->type, sizeof described->type, "%s", header.descr);
    described->dtype = find_dtype(&header, known, sizeof known / sizeof known[0]);
    described->is_opaque = find_dtype(&header, opaque, sizeof opaque / sizeof opaque[0]);
    described->shape = header.shape;
    described->order = header.fortran_order ? QUANT_ORDER_FORTRAN : QUANT_ORDER_C;
    return QUANT_OK;
}

static enum quant_status settle_dtype(const struct quant_source *source,
                                      const struct quant_npy_header *header,
                                      const struct quant_read_request *request,
                                      struct quant_reader *reader, struct quant_error *error)
{
    reader->byte_order = quant_npy_is_big(header->descr) ? QUANT_BIG : QUANT_LITTLE;
    reader->stored = request->deliver == QUANT_FLOAT32 ? float_dtype(header, request)
                                                       : find_dtype(header, &request->deliver, 1);
    reader->stored_as_asked = find_dtype(header, opaque, sizeof opaque / sizeof opaque[0]);
    return reader->stored ? QUANT_OK : unsupported_dtype(source, header, request->deliver, error);
}

/* The header has the number of bytes of packed elements only: replaces it by that of the
 * elements. */
static enum quant_status settle_packed(const struct quant_source *source,
                                       const struct quant_read_request *request,
                                       struct quant_reader *reader, struct quant_error *error)
{
    char found[QUANT_SHAPE_TEXT];
    uint64_t nelems = 0;
    if (!request->shape || !quant_shape_count(request->shape, &nelems))
        return quant_source_error(source, error, QUANT_INVALID, "packed %s elements need a shape",
                                  quant_dtype_info(reader->delivered)->name);
    const uint64_t nbytes = quant_dtype_bytes(reader->delivered, nelems);
    const struct quant_shape packed = {.ndim = 1, .dims = {nbytes}};
    if (!quant_shape_equal(&reader->shape, &packed))
        return quant_source_error(source, error, QUANT_CORRUPT,
                                  "its shape %s is not the (%llu,) of %llu packed %s elements",
                                  quant_shape_text(&reader->shape, found),
                                  (unsigned long long)nbytes, (unsigned long long)nelems,
                                  quant_dtype_info(reader->delivered)->name);
    reader->shape = *request->shape;
    reader->order = request->order;
    return QUANT_OK;
}

static enum quant_status npy_open_reader(struct quant_source *source,
                                         const struct quant_read_request *request,
                                         struct quant_reader **reader, struct quant_error *error)
{
    struct quant_npy_header header;
    uint64_t data_offset = 0;
    enum quant_status status = quant_npy_read_header(source, &header, &data_offset, error);
    if (status != QUANT_OK)
        return status;
    struct quant_reader head = {
        .format = &quant_format_npy,
        .delivered = request->deliver,
        .order = header.fortran_order ? QUANT_ORDER_FORTRAN : QUANT_ORDER_C,
        .knowledge = QUANT_SHAPE_KNOWN,
        .shape = header.shape,
    };
    status = settle_dtype(source, &header, request, &head, error);
    if (status == QUANT_OK && quant_dtype_info(head.delivered)->bits == 4)
        status = settle_packed(source, request, &head, error);
    return status == QUANT_OK ? quant_flat_open_reader(source, &head, data_offset, reader, error)
                              : status;
}

static enum quant_status npy_open_writer(struct quant_sink *sink, enum quant_dtype dtype,
                                         const struct quant_shape *shape, enum quant_order order,
                                         struct quant_writer **writer, struct quant_error *error)
{
    struct quant_npy_header header = {
        .fortran_order = order == QUANT_ORDER_FORTRAN,
        .shape = *shape,
    };
    memcpy(header.descr, descrs[dtype], strlen(descrs[dtype]) + 1);
    uint64_t nelems = 0;
    if (quant_dtype_info(dtype)->bits == 4 && quant_shape_count(shape, &nelems)) {
        header.fortran_order = false;
        header.shape = (struct quant_shape){.ndim = 1, .dims = {quant_dtype_bytes(dtype, nelems)}};
    }
    unsigned char bytes[QUANT_NPY_PREAMBLE];
    const size_t nbytes = quant_npy_preamble(&header, bytes);
    const enum quant_status status = quant_sink_write(sink, bytes, nbytes, error);
    return status == QUANT_OK
               ? quant_flat_open_writer(sink, dtype, shape, order, nbytes, writer, error)
               : status;
}

static const char *const extensions[] = {"npy", NULL};

const struct quant_format quant_format_npy = {
    .name = "npy",
    .summary = "NumPy array: type, shape and order are in its header",
    .extensions = extensions,
    .writer_needs = QUANT_SHAPE_KNOWN,
    .recognize = npy_recognize,
    .describe = npy_describe,
    .open_reader = npy_open_reader,
    .open_writer = npy_open_writer,
};
