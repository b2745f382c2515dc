/* SPDX-License-Identifier: MIT */
/* What is written through a packed sink, in pieces of any length, is what each element by itself
 * says, and a joined source reads it back. */
#include "base/packed_sink.h"

#include <stdlib.h>
#include <string.h>

#include "../support/unit.h"
#include "base/joined_source.h"

enum { OFFSET = 5, MOST = 1 << 17, PIECE = 4096 };

struct memory_sink {
    struct quant_sink sink;
    unsigned char bytes[MOST];
    unsigned char written[MOST]; /* how often */
    size_t left;                 /* calls until one fails */
};

static enum quant_status memory_write_at(struct quant_sink *sink, uint64_t offset,
                                         const void *bytes, size_t nbytes,
                                         struct quant_error *error)
{
    struct memory_sink *memory = (struct memory_sink *)sink;
    if (memory->left-- == 0)
        return quant_sink_error(sink, error, QUANT_IO, "no more");
    assert_true(offset >= OFFSET && offset + nbytes <= MOST);
    memcpy(memory->bytes + offset, bytes, nbytes);
    for (size_t i = 0; i < nbytes; i++)
        memory->written[offset + i]++;
    return QUANT_OK;
}

static const struct quant_sink_ops memory_ops = {.write_at = memory_write_at};

static struct memory_sink memory;

static void clear(void)
{
    memset(&memory, 0, sizeof memory);
    memset(memory.bytes, 0xEE, sizeof memory.bytes);
    memory.sink = (struct quant_sink){.ops = &memory_ops, .name = "memory"};
    memory.left = SIZE_MAX;
}

static unsigned element(const unsigned char *packed, uint64_t i, unsigned bits)
{
    return bits == 8 ? packed[i] : packed[i / 2] >> i % 2 * 4 & 15U;
}

/* Writes all in pieces of step bytes; by position from the last to the first. */
static enum quant_status write_all(struct quant_packed_sink *packed, const unsigned char *bytes,
                                   size_t nbytes, size_t step, struct quant_error *error)
{
    struct quant_sink *sink = &packed->sink;
    enum quant_status status = QUANT_OK;
    assert_true(!sink->ops->write != !sink->ops->write_at);
    for (size_t i = 0; sink->ops->write && status == QUANT_OK && i < nbytes; i += step)
        status = quant_sink_write(sink, bytes + i, nbytes - i < step ? nbytes - i : step, error);
    size_t begin = sink->ops->write_at ? (nbytes + step - 1) / step : 0;
    while (status == QUANT_OK && begin-- > 0) {
        const size_t at = begin * step;
        const size_t n = nbytes - at < step ? nbytes - at : step;
        status = sink->ops->write_at(sink, at, bytes + at, n, error);
    }
    return status;
}

static void check_read_back(const struct quant_packing *packing, uint64_t nelems, size_t stored,
                            const unsigned char *bytes, size_t nbytes)
{
    static unsigned char found[MOST];
    struct quant_source *inner = quant_source_from_memory(memory.bytes, OFFSET + stored, "m");
    const struct quant_joined_part part = {inner, NULL};
    const struct quant_source_piece piece = {.source = inner,
                                             .offset = OFFSET,
                                             .nbytes = nbytes,
                                             .kind = QUANT_PIECE_ROWS,
                                             .flip = packing->flip,
                                             .bits = packing->bits,
                                             .nelems = nelems,
                                             .columns = packing->columns,
                                             .row_bytes = packing->row_bytes};
    struct quant_source *joined = quant_source_join(&part, 1, &piece, 1, "joined");
    assert_non_null(joined);
    assert_int_equal(quant_source_read_exactly(joined, 0, found, nbytes, NULL), QUANT_OK);
    assert_memory_equal(found, bytes, nbytes);
    quant_source_close(joined);
}

static void check(unsigned bits, uint64_t rows, uint64_t columns, size_t step)
{
    static unsigned char bytes[MOST];
    const uint64_t nelems = rows * columns;
    const size_t nbytes = (size_t)(nelems * bits + 7) / 8;
    const struct quant_packing packing = {.bits = bits,
                                          .flip = bits == 8 ? 0x80 : 0x88,
                                          .columns = columns,
                                          .row_bytes = (columns * bits + 31) / 32 * 4};
    const size_t stored = (size_t)(rows * packing.row_bytes);
    struct quant_packed_sink packed;
    assert_true(OFFSET + stored < MOST);
    for (size_t i = 0; i < nbytes; i++)
        bytes[i] = (unsigned char)(i * 37 + (i >> 8));
    if (nelems * bits % 8 != 0)
        bytes[nbytes - 1] &= 15U;
    clear();
    quant_packed_sink_open(&packed, &memory.sink, OFFSET, &packing, nelems);
    assert_int_equal(write_all(&packed, bytes, nbytes, step, NULL), QUANT_OK);
    for (uint64_t row = 0; row < rows; row++)
        for (uint64_t i = 0; i < packing.row_bytes * 8 / bits; i++) {
            const unsigned flip = bits == 8 ? 0x80 : 8;
            const unsigned q = element(memory.bytes + OFFSET + row * packing.row_bytes, i, bits);
            assert_int_equal(q, i < columns ? element(bytes, row * columns + i, bits) ^ flip : 0);
        }
    for (size_t i = 0; i < MOST; i++)
        assert_int_equal(memory.written[i] > 0, i >= OFFSET && i < OFFSET + stored);
    check_read_back(&packing, nelems, stored, bytes, nbytes);
}

static void test_all_shapes(void **state)
{
    (void)state;
    for (unsigned bits = 4; bits <= 8; bits += 4)
        for (uint64_t columns = 1; columns < 20; columns++)
            for (uint64_t rows = 1; rows < 6; rows++)
                for (size_t step = 1; step < 12; step++)
                    check(bits, rows, columns, step);
}

/* Longer than what is gathered at a time, and cut where chunks are. */
static void test_long_rows(void **state)
{
    (void)state;
    for (unsigned bits = 4; bits <= 8; bits += 4) {
        check(bits, 3, 20001, PIECE);
        check(bits, 2, 40000, PIECE);
        check(bits, 7001, 3, PIECE);
        check(bits, 9000, 2, 9001);
    }
}

static void test_failures(void **state)
{
    (void)state;
    static const unsigned char bytes[60000];
    for (unsigned bits = 4; bits <= 8; bits += 4) {
        const uint64_t columns = 15001;
        const struct quant_packing packing = {
            .bits = bits, .columns = columns, .row_bytes = (columns * bits + 31) / 32 * 4};
        const size_t nbytes = (size_t)(3 * columns * bits + 7) / 8;
        struct quant_packed_sink packed;
        struct quant_error error;
        size_t n = 0;
        for (enum quant_status status = QUANT_IO; status != QUANT_OK; n++) {
            clear();
            memory.left = n;
            quant_packed_sink_open(&packed, &memory.sink, OFFSET, &packing, 3 * columns);
            status = write_all(&packed, bytes, nbytes, sizeof bytes, &error);
            if (status != QUANT_OK)
                assert_string_equal(error.text, "cannot write 'memory': no more");
        }
        assert_true(n > 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_shapes),
        cmocka_unit_test(test_long_rows),
        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
