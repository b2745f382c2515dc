/* SPDX-License-Identifier: MIT */
/* Every range of a joined source is what its pieces, unpacked one by one, have there. */
#include "base/joined_source.h"

#include <stdlib.h>
#include <string.h>

#include "../support/unit.h"
#include "base/error.h"

enum { BYTES = 4096, MOST = 40000 };

static unsigned char bytes[BYTES];

static unsigned get(const unsigned char *packed, size_t element, unsigned bits)
{
    return bits == 8 ? packed[element] : packed[element / 2] >> element % 2 * 4 & 15U;
}

/* Packs rows without padding, an element at a time. Returns the number of bytes. */
static size_t unpack_rows(const struct quant_source_piece *piece, unsigned char *to)
{
    const size_t nbytes = (size_t)(piece->nelems * piece->bits + 7) / 8;
    memset(to, 0, nbytes);
    for (size_t i = 0; i < piece->nelems; i++) {
        const unsigned char *row = bytes + piece->offset + i / piece->columns * piece->row_bytes;
        const unsigned flip = piece->bits == 8 ? piece->flip : piece->flip & 15U;
        const unsigned q = get(row, i % piece->columns, piece->bits) ^ flip;
        to[i * piece->bits / 8] |= (unsigned char)(piece->bits == 8 ? q : q << i % 2 * 4);
    }
    return nbytes;
}

static void check(struct quant_source *inner, struct quant_source_piece *pieces, size_t npieces,
                  const unsigned char *expected, size_t nbytes, size_t step)
{
    static unsigned char found[MOST];
    const struct quant_joined_part part = {inner, NULL};
    struct quant_source *joined = quant_source_join(&part, 1, pieces, npieces, "joined");
    assert_non_null(joined);
    assert_int_equal(joined->size, nbytes);
    assert_true(joined->positional);
    for (size_t offset = 0; offset <= nbytes; offset += step)
        for (size_t n = 0; n < nbytes + 2; n += step) {
            size_t got = 99;
            assert_int_equal(joined->ops->read_at(joined, offset, found, n, &got, NULL), QUANT_OK);
            assert_int_equal(got, n < nbytes - offset ? n : nbytes - offset);
            if (got > 0)
                assert_memory_equal(found, expected + offset, got);
        }
    assert_int_equal(quant_source_check_unchanged(joined, NULL), QUANT_OK);
    quant_source_close(joined);
}

static struct quant_source *open_bytes(void)
{
    for (size_t i = 0; i < BYTES; i++)
        bytes[i] = (unsigned char)(i * 37 + (i >> 8));
    struct quant_source *inner = quant_source_from_memory(bytes, BYTES, "m.bin");
    assert_non_null(inner);
    return inner;
}

static void test_kinds_side_by_side(void **state)
{
    (void)state;
    unsigned char expected[256];
    struct quant_source *inner = open_bytes();
    struct quant_source_piece pieces[] = {
        {.source = inner, .offset = 9, .at = 0, .nbytes = 0},
        {.source = inner, .offset = 100, .at = 0, .nbytes = 5},
        {.source = inner, .offset = 7, .at = 5, .nbytes = 3, .flip = 0x88},
        {.source = inner, .offset = 60, .at = 8, .nbytes = 12, .kind = QUANT_PIECE_WIDENED},
        {.source = inner, .offset = 9, .at = 20, .nbytes = 0},
        {.source = inner,
         .offset = 200,
         .at = 20,
         .nbytes = 8, /* of 3 rows of 5 nibbles */
         .kind = QUANT_PIECE_ROWS,
         .flip = 0x88,
         .bits = 4,
         .nelems = 15,
         .columns = 5,
         .row_bytes = 4},
    };
    memcpy(expected, bytes + 100, 5);
    for (size_t i = 0; i < 3; i++) {
        expected[5 + i] = bytes[7 + i] ^ 0x88;
        const int32_t wide = bytes[60 + i] - (bytes[60 + i] > 127 ? 256 : 0);
        for (unsigned k = 0; k < 4; k++)
            expected[8 + 4 * i + k] = (unsigned char)((uint32_t)wide >> 8 * k);
    }
    assert_int_equal(unpack_rows(&pieces[5], expected + 20), 8);
    assert_int_equal(expected[27] >> 4, 0);
    for (size_t npieces = 1; npieces <= sizeof pieces / sizeof pieces[0]; npieces++) {
        const struct quant_source_piece *last = &pieces[npieces - 1];
        check(inner, pieces, npieces, expected, (size_t)(last->at + last->nbytes), 1);
        inner = open_bytes();
        for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
            pieces[i].source = inner;
    }
    quant_source_close(inner);
}

/* Longer than what is read at a time, with the most padding that there can be, and little. */
static void test_long_rows(void **state)
{
    (void)state;
    static unsigned char expected[MOST];
    static const struct {
        unsigned bits;
        uint64_t columns;
    } rows[] = {{4, 1}, {4, 7}, {8, 1}, {8, 3}, {4, 33}, {8, 601}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct quant_source *inner = open_bytes();
        const uint64_t row_bytes = (rows[i].columns * rows[i].bits + 31) / 32 * 4;
        struct quant_source_piece piece = {.source = inner,
                                           .kind = QUANT_PIECE_ROWS,
                                           .flip = rows[i].bits == 4 ? 0x88 : 0x80,
                                           .bits = rows[i].bits,
                                           .nelems = BYTES / row_bytes * rows[i].columns,
                                           .columns = rows[i].columns,
                                           .row_bytes = row_bytes};
        piece.nbytes = unpack_rows(&piece, expected);
        check(inner, &piece, 1, expected, (size_t)piece.nbytes, 61);
    }
    struct quant_source *inner = open_bytes();
    struct quant_source_piece wide = {
        .source = inner, .nbytes = 4 * (uint64_t)BYTES, .kind = QUANT_PIECE_WIDENED};
    for (size_t i = 0; i < BYTES; i++) {
        expected[4 * i] = bytes[i];
        memset(expected + 4 * i + 1, bytes[i] & 0x80 ? 0xFF : 0, 3);
    }
    check(inner, &wide, 1, expected, (size_t)4 * BYTES, 509);
}

/* The part may end before a piece does. */
static void test_beyond_the_part(void **state)
{
    (void)state;
    struct quant_source *inner = open_bytes();
    const struct quant_source_piece piece = {.source = inner, .offset = BYTES - 2, .nbytes = 4};
    const struct quant_joined_part part = {inner, NULL};
    struct quant_source *joined = quant_source_join(&part, 1, &piece, 1, "joined");
    struct quant_error error;
    char buffer[4];
    assert_int_equal(quant_source_read_exactly(joined, 0, buffer, 4, &error), QUANT_TRUNCATED);
    assert_non_null(strstr(error.text, "cannot read 'm.bin'"));
    quant_source_close(joined);
    joined = quant_source_join(NULL, 0, NULL, 0, "empty");
    assert_int_equal(joined->size, 0);
    quant_source_close(joined);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds_side_by_side),
        cmocka_unit_test(test_long_rows),
        cmocka_unit_test(test_beyond_the_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
