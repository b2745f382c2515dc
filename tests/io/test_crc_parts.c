/* SPDX-License-Identifier: MIT */
/* Parts in any order give the CRC of the whole. */
#include "../support/unit.h"

#include <string.h>

#include "io/crc_parts.h"

enum { NBYTES = 1000, PIECES = 50 };

static void test_known(void **state)
{
    (void)state;
    assert_int_equal(quant_crc("123456789", 9), 0xcbf43926);
    assert_int_equal(quant_crc(NULL, 0), 0);
    assert_int_equal(quant_crc_join(quant_crc("1234", 4), quant_crc("56789", 5), 5), 0xcbf43926);
}

static void test_any_order(void **state)
{
    (void)state;
    unsigned char bytes[NBYTES];
    unsigned order[PIECES];
    uint64_t random = 1;
    for (size_t i = 0; i < NBYTES; i++)
        bytes[i] = (unsigned char)(i * 7 + i / 13);
    for (int round = 0; round < 100; round++) {
        struct quant_crc_parts parts = {.parts = NULL};
        uint32_t crc = 0;
        for (unsigned i = 0; i < PIECES; i++) { /* shuffled from the inside out */
            random = random * 6364136223846793005U + 1442695040888963407U;
            const unsigned at = (unsigned)(random >> 33) % (i + 1);
            order[i] = order[at];
            order[at] = i;
        }
        for (unsigned i = 0; i < PIECES; i++) {
            const size_t size = NBYTES / PIECES;
            const unsigned char *piece = bytes + order[i] * size;
            assert_false(quant_crc_parts_complete(&parts, NBYTES, &crc));
            assert_true(quant_crc_parts_add(&parts, order[i] * size, size, quant_crc(piece, size)));
        }
        assert_int_equal(parts.n, 1);
        assert_true(quant_crc_parts_complete(&parts, NBYTES, &crc));
        assert_int_equal(crc, quant_crc(bytes, NBYTES));
        quant_crc_parts_release(&parts);
    }
}

/* What is there already is left out, whole or in part; so is nothing at all. */
static void test_overlaps(void **state)
{
    (void)state;
    struct quant_crc_parts parts = {.parts = NULL};
    uint32_t crc = 1;
    assert_true(quant_crc_parts_complete(&parts, 0, &crc));
    assert_int_equal(crc, 0);
    assert_true(quant_crc_parts_add(&parts, 2, 2, quant_crc("cd", 2)));
    assert_true(quant_crc_parts_add(&parts, 2, 2, quant_crc("cd", 2)));
    assert_true(quant_crc_parts_add(&parts, 3, 2, quant_crc("de", 2)));
    assert_true(quant_crc_parts_add(&parts, 1, 2, quant_crc("bc", 2)));
    assert_true(quant_crc_parts_add(&parts, 0, 6, quant_crc("abcdef", 6)));
    assert_true(quant_crc_parts_add(&parts, 5, 0, quant_crc("", 0)));
    assert_int_equal(parts.n, 1);
    assert_true(quant_crc_parts_add(&parts, 4, 2, quant_crc("ef", 2)));
    assert_true(quant_crc_parts_add(&parts, 0, 2, quant_crc("ab", 2)));
    assert_false(quant_crc_parts_complete(&parts, 7, &crc));
    assert_true(quant_crc_parts_complete(&parts, 6, &crc));
    assert_int_equal(crc, quant_crc("abcdef", 6));
    quant_crc_parts_release(&parts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_any_order),
        cmocka_unit_test(test_overlaps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
