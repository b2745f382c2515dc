/* SPDX-License-Identifier: MIT */
/* Two buffers, and what zlib keeps: some 170 KiB. */
#include "formats/zip_inflate.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/error.h"

enum { PIECE = 64 << 10 };

struct inflating {
    struct quant_source *source;
    const struct quant_zip_member *member;
    struct quant_error *error;
    z_stream stream;
    uint64_t taken; /* packed bytes */
    unsigned char packed[PIECE];
    unsigned char bytes[PIECE];
};

static enum quant_status fail(const struct inflating *inflating, const char *what)
{
    return quant_zip_member_error(inflating->source, inflating->member->name, inflating->error,
                                  QUANT_CORRUPT, "%s", what);
}

/* NULL: no memory. */
static struct inflating *begin(struct quant_source *source, const struct quant_zip_member *member,
                               struct quant_error *error)
{
    struct inflating *inflating = calloc(1, sizeof *inflating);
    if (inflating && inflateInit2(&inflating->stream, -MAX_WBITS) != Z_OK) {
        free(inflating);
        inflating = NULL;
    }
    if (!inflating) {
        quant_error_no_memory(error, sizeof *inflating, "inflating");
        return NULL;
    }
    inflating->source = source;
    inflating->member = member;
    inflating->error = error;
    return inflating;
}

static void end(struct inflating *inflating)
{
    inflateEnd(&inflating->stream);
    free(inflating);
}

static enum quant_status take_more(struct inflating *inflating)
{
    const struct quant_zip_member *member = inflating->member;
    const uint64_t left = member->packed - inflating->taken;
    const size_t nbytes = left < PIECE ? (size_t)left : PIECE;
    const enum quant_status status =
        quant_source_read_exactly(inflating->source, member->data + inflating->taken,
                                  inflating->packed, nbytes, inflating->error);
    if (status != QUANT_OK)
        return status;
    inflating->taken += nbytes;
    inflating->stream.next_in = inflating->packed;
    inflating->stream.avail_in = (uInt)nbytes;
    return QUANT_OK;
}

/* Up to nbytes more; *got is less only at the end of the member. */
static enum quant_status inflate_some(struct inflating *inflating, unsigned char *bytes,
                                      size_t nbytes, size_t *got, bool *at_end)
{
    z_stream *stream = &inflating->stream;
    int code = Z_OK;
    stream->next_out = bytes;
    stream->avail_out = (uInt)nbytes;
    *at_end = false;
    while (stream->avail_out > 0 && code != Z_STREAM_END) {
        if (stream->avail_in == 0 && inflating->taken < inflating->member->packed) {
            const enum quant_status status = take_more(inflating);
            if (status != QUANT_OK)
                return status;
        }
        const bool has_input = stream->avail_in > 0;
        code = inflate(stream, Z_NO_FLUSH);
        if (code == Z_MEM_ERROR)
            return quant_error_no_memory(inflating->error, PIECE, "inflating");
        if (code == Z_BUF_ERROR && !has_input)
            return fail(inflating, "is truncated: its compressed bytes end too early");
        if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
            return fail(inflating, "cannot be inflated: its compressed bytes are damaged");
    }
    *got = nbytes - stream->avail_out;
    *at_end = code == Z_STREAM_END;
    return QUANT_OK;
}

enum quant_status quant_zip_inflate_head(struct quant_source *source,
                                         const struct quant_zip_member *member,
                                         unsigned char *bytes, size_t nbytes, size_t *got,
                                         struct quant_error *error)
{
    struct inflating *inflating = begin(source, member, error);
    bool at_end;
    if (!inflating)
        return QUANT_NO_MEMORY;
    const enum quant_status status = inflate_some(inflating, bytes, nbytes, got, &at_end);
    end(inflating);
    return status;
}

/* One byte more than there is room for shows that there are too many. */
static enum quant_status inflate_all(struct inflating *inflating, struct quant_sink *sink,
                                     uint64_t to)
{
    const struct quant_zip_member *member = inflating->member;
    uLong crc = crc32(0, NULL, 0);
    uint64_t done = 0;
    bool at_end = false;
    while (!at_end) {
        size_t got = 0;
        enum quant_status status = inflate_some(inflating, inflating->bytes, PIECE, &got, &at_end);
        if (status != QUANT_OK)
            return status;
        if (got > member->nbytes - done)
            return fail(inflating, "is longer when it is inflated than the archive says");
        crc = crc32(crc, inflating->bytes, (uInt)got);
        if (got > 0)
            status = sink->ops->write_at(sink, to + done, inflating->bytes, got, inflating->error);
        if (status != QUANT_OK)
            return status;
        done += got;
    }
    if (done < member->nbytes)
        return fail(inflating, "is shorter when it is inflated than the archive says");
    if (inflating->taken < member->packed || inflating->stream.avail_in > 0)
        return fail(inflating, "has bytes after the end of its compressed bytes");
    if (crc != member->crc)
        return fail(inflating, "does not have the CRC that the archive says");
    return QUANT_OK;
}

enum quant_status quant_zip_inflate(struct quant_source *source,
                                    const struct quant_zip_member *member, struct quant_sink *sink,
                                    uint64_t to, struct quant_error *error)
{
    struct inflating *inflating = begin(source, member, error);
    if (!inflating)
        return QUANT_NO_MEMORY;
    const enum quant_status status = inflate_all(inflating, sink, to);
    end(inflating);
    return status;
}
