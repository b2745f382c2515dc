/* SPDX-License-Identifier: MIT */
#include "base/joined_source.h"

#include <stdlib.h>
#include <string.h>

struct joined {
    struct quant_source head;
    struct quant_joined_part *parts; /* owned: nparts of them */
    size_t nparts;
    struct quant_source_piece *pieces; /* owned: npieces of them */
    size_t npieces;
};

/* ---- Pieces ---- */

static enum quant_status read_plain(const struct quant_source_piece *piece, uint64_t from,
                                    unsigned char *to, size_t nbytes, struct quant_error *error)
{
    const enum quant_status status =
        quant_source_read_exactly(piece->source, piece->offset + from, to, nbytes, error);
    for (size_t i = 0; status == QUANT_OK && piece->flip && i < nbytes; i++)
        to[i] ^= piece->flip;
    return status;
}

/* Bytes that are unpacked at a time. Rows are padded to 4 bytes, so each element takes at most 4:
 * those of a byte, two of 4 bits, take 8. */
enum { ROWS_AT_A_TIME = 2048, ROWS_MOST = 8 * ROWS_AT_A_TIME };

static uint64_t byte_of(const struct quant_source_piece *piece, uint64_t element)
{
    return element / piece->columns * piece->row_bytes + element % piece->columns * piece->bits / 8;
}

static enum quant_status read_some_rows(const struct quant_source_piece *piece, uint64_t from,
                                        unsigned char *to, size_t nbytes, struct quant_error *error)
{
    unsigned char packed[ROWS_MOST];
    const unsigned each = 8 / piece->bits; /* elements of a byte */
    const unsigned mask = (1U << piece->bits) - 1;
    const uint64_t first = from * each;
    const uint64_t left = piece->nelems - first;
    const size_t n = left < nbytes * each ? (size_t)left : nbytes * each;
    const uint64_t begin = byte_of(piece, first);
    const size_t span = (size_t)(byte_of(piece, first + n - 1) + 1 - begin);
    const enum quant_status status =
        quant_source_read_exactly(piece->source, piece->offset + begin, packed, span, error);
    memset(to, 0, nbytes);
    for (size_t i = 0; status == QUANT_OK && i < n; i++) {
        const unsigned shift = (unsigned)((first + i) % piece->columns * piece->bits % 8);
        const unsigned q =
            ((packed[byte_of(piece, first + i) - begin] ^ piece->flip) >> shift) & mask;
        to[i / each] |= (unsigned char)(q << (i % each * piece->bits));
    }
    return status;
}

static enum quant_status read_rows(const struct quant_source_piece *piece, uint64_t from,
                                   unsigned char *to, size_t nbytes, struct quant_error *error)
{
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; status == QUANT_OK && i < nbytes; i += ROWS_AT_A_TIME) {
        const size_t n = nbytes - i < ROWS_AT_A_TIME ? nbytes - i : ROWS_AT_A_TIME;
        status = read_some_rows(piece, from + i, to + i, n, error);
    }
    return status;
}

static enum quant_status read_widened(const struct quant_source_piece *piece, uint64_t from,
                                      unsigned char *to, size_t nbytes, struct quant_error *error)
{
    unsigned char narrow[ROWS_AT_A_TIME + 1];
    for (size_t done = 0; done < nbytes;) {
        const size_t most = (size_t)4 * ROWS_AT_A_TIME;
        const size_t n = nbytes - done < most ? nbytes - done : most;
        const uint64_t first = (from + done) / 4;
        const size_t span = (size_t)((from + done + n - 1) / 4 + 1 - first);
        const enum quant_status status =
            quant_source_read_exactly(piece->source, piece->offset + first, narrow, span, error);
        if (status != QUANT_OK)
            return status;
        for (size_t i = 0; i < n; i++) {
            const uint64_t at = from + done + i;
            const unsigned char value = narrow[at / 4 - first];
            const unsigned char sign = value & 0x80 ? 0xFF : 0;
            to[done + i] = at % 4 == 0 ? value : sign;
        }
        done += n;
    }
    return QUANT_OK;
}

static enum quant_status read_piece(const struct quant_source_piece *piece, uint64_t from,
                                    unsigned char *to, size_t nbytes, struct quant_error *error)
{
    switch (piece->kind) {
    case QUANT_PIECE_PLAIN:
        return read_plain(piece, from, to, nbytes, error);
    case QUANT_PIECE_ROWS:
        return read_rows(piece, from, to, nbytes, error);
    case QUANT_PIECE_WIDENED:
        break;
    }
    return read_widened(piece, from, to, nbytes, error);
}

/* ---- The source ---- */

/* The last piece that does not begin after offset; one without bytes is never asked for. */
static size_t piece_at(const struct joined *joined, uint64_t offset)
{
    size_t from = 0;
    size_t to = joined->npieces;
    while (to - from > 1) {
        const size_t middle = from + (to - from) / 2;
        if (joined->pieces[middle].at <= offset)
            from = middle;
        else
            to = middle;
    }
    return from;
}

static enum quant_status joined_read_at(struct quant_source *source, uint64_t offset, void *buffer,
                                        size_t nbytes, size_t *got, struct quant_error *error)
{
    const struct joined *joined = (const struct joined *)source;
    *got = 0;
    if (offset >= source->size)
        return QUANT_OK;
    if (nbytes > source->size - offset)
        nbytes = (size_t)(source->size - offset);
    while (*got < nbytes) {
        const struct quant_source_piece *piece = &joined->pieces[piece_at(joined, offset + *got)];
        const uint64_t from = offset + *got - piece->at;
        const uint64_t left = piece->nbytes - from;
        const size_t n = left < nbytes - *got ? (size_t)left : nbytes - *got;
        const enum quant_status status =
            read_piece(piece, from, (unsigned char *)buffer + *got, n, error);
        if (status != QUANT_OK)
            return status;
        *got += n;
    }
    return QUANT_OK;
}

static enum quant_status joined_check_unchanged(struct quant_source *source,
                                                struct quant_error *error)
{
    const struct joined *joined = (const struct joined *)source;
    enum quant_status status = QUANT_OK;
    for (size_t i = 0; status == QUANT_OK && i < joined->nparts; i++)
        status = quant_source_check_unchanged(joined->parts[i].source, error);
    return status;
}

static void joined_close(struct quant_source *source)
{
    struct joined *joined = (struct joined *)source;
    for (size_t i = 0; i < joined->nparts; i++) {
        quant_source_close(joined->parts[i].source);
        free(joined->parts[i].name);
    }
    free(joined->parts);
    free(joined->pieces);
    free(joined);
}

static const struct quant_source_ops joined_ops = {
    .read_at = joined_read_at,
    .check_unchanged = joined_check_unchanged,
    .close = joined_close,
};

struct quant_source *quant_source_join(const struct quant_joined_part *parts, size_t nparts,
                                       const struct quant_source_piece *pieces, size_t npieces,
                                       const char *name)
{
    struct joined *joined = calloc(1, sizeof *joined);
    struct quant_joined_part *own_parts = calloc(nparts + 1, sizeof *own_parts);
    struct quant_source_piece *own_pieces = calloc(npieces + 1, sizeof *own_pieces);
    if (!joined || !own_parts || !own_pieces) {
        free(joined);
        free(own_parts);
        free(own_pieces);
        return NULL;
    }
    if (nparts > 0)
        memcpy(own_parts, parts, nparts * sizeof *parts);
    if (npieces > 0)
        memcpy(own_pieces, pieces, npieces * sizeof *pieces);
    const struct quant_source_piece *last = npieces > 0 ? &own_pieces[npieces - 1] : NULL;
    *joined = (struct joined){{&joined_ops, name, last ? last->at + last->nbytes : 0, true},
                              own_parts,
                              nparts,
                              own_pieces,
                              npieces};
    return &joined->head;
}
