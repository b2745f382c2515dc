/* SPDX-License-Identifier: MIT */
/* NumPy's .npy files: a magic string, a version, a header, then the elements as a flat file has
 * them. Read in versions 1.0, 2.0 and 3.0, written as numpy.save does, in 1.0. */
#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "base/error.h"
#include "formats/format.h"
#include "formats/npy_header.h"

static const char magic[6] = {'\x93', 'N', 'U', 'M', 'P', 'Y'};

/* Far more than any header that numpy.save writes, far less than memory: a header's length is what
 * a stranger says. */
enum { HEADER_LIMIT = 1 << 20, PREFIX_LIMIT = 12 };

/* Element types as 'descr' has them behind the byte order. */
static const struct {
    const char *code;
    enum quant_dtype dtype;
} types[] = {
    {"f4", QUANT_FLOAT32}, {"f2", QUANT_FLOAT16}, {"f8", QUANT_FLOAT64},
    {"i1", QUANT_INT8},    {"u1", QUANT_UINT8},
};

static enum quant_match npy_recognize(const unsigned char *head, size_t nbytes)
{
    return nbytes >= sizeof magic && memcmp(head, magic, sizeof magic) == 0 ? QUANT_MATCH_SURE
                                                                            : QUANT_MATCH_NONE;
}

/* Where the header's text lies: *offset and *length. */
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
                                  "it does not begin like a .npy file");
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

static enum quant_status read_header(struct quant_source *source, struct quant_npy_header *header,
                                     uint64_t *data_offset, struct quant_error *error)
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

static enum quant_status unsupported_dtype(const struct quant_source *source,
                                           const struct quant_npy_header *header,
                                           enum quant_dtype deliver, struct quant_error *error)
{
    const char *expected = "one of <f4 <f2 <f8 >f4 >f2 >f8";
    if (deliver != QUANT_FLOAT32)
        expected = deliver == QUANT_INT8 ? "|i1" : "|u1";
    return quant_source_error(source, error, QUANT_UNSUPPORTED,
                              "unsupported dtype '%s' at byte %llu; expected %s", header->descr,
                              (unsigned long long)header->descr_offset, expected);
}

/* "<f4", ">f4", "=f4", "|i1", or without the first character. */
static enum quant_status settle_dtype(const struct quant_source *source,
                                      const struct quant_npy_header *header,
                                      struct quant_reader *reader, struct quant_error *error)
{
    const char *code = header->descr;
    bool big = quant_host_is_big();
    if (*code != '\0' && strchr("<>=|", *code)) {
        if (*code == '<' || *code == '>')
            big = *code == '>';
        code++;
    }
    reader->byte_order = big ? QUANT_BIG : QUANT_LITTLE;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i].code, code) == 0)
            reader->stored = types[i].dtype;
    const bool wants_floats = reader->delivered == QUANT_FLOAT32;
    const struct quant_dtype_info *info = quant_dtype_info(reader->stored);
    if (!info || (wants_floats ? info->is_integer : reader->stored != reader->delivered))
        return unsupported_dtype(source, header, reader->delivered, error);
    return QUANT_OK;
}

static enum quant_status npy_open_reader(struct quant_source *source,
                                         const struct quant_read_request *request,
                                         struct quant_reader **reader, struct quant_error *error)
{
    struct quant_npy_header header;
    uint64_t data_offset = 0;
    enum quant_status status = read_header(source, &header, &data_offset, error);
    if (status != QUANT_OK)
        return status;
    struct quant_reader head = {
        .format = &quant_format_npy,
        .delivered = request->deliver,
        .order = header.fortran_order ? QUANT_ORDER_FORTRAN : QUANT_ORDER_C,
        .knowledge = QUANT_SHAPE_KNOWN,
        .shape = header.shape,
    };
    status = settle_dtype(source, &header, &head, error);
    return status == QUANT_OK ? quant_flat_open_reader(source, &head, data_offset, reader, error)
                              : status;
}

static const char *descr_of(enum quant_dtype dtype)
{
    if (dtype == QUANT_FLOAT32)
        return "<f4";
    return dtype == QUANT_INT8 ? "|i1" : "|u1";
}

static enum quant_status npy_open_writer(struct quant_sink *sink, enum quant_dtype dtype,
                                         const struct quant_shape *shape, enum quant_order order,
                                         struct quant_writer **writer, struct quant_error *error)
{
    struct quant_npy_header header = {
        .fortran_order = order == QUANT_ORDER_FORTRAN,
        .shape = *shape,
    };
    memcpy(header.descr, descr_of(dtype), strlen(descr_of(dtype)) + 1);
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
    .open_reader = npy_open_reader,
    .open_writer = npy_open_writer,
};
