/* SPDX-License-Identifier: MIT */
/* Digests of elements, and what is made of them: parts that come twice, and inputs that do not
 * belong to a calibration. */
#include "../../support/unit.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "../../support/random.h"
#include "base/sum_order.h"
#include "engine/calibration/known_inputs.h"
#include "engine/calibration/part_inputs.h"
#include "engine/tensor/element_digest.h"

#define BLOCK ((size_t)QUANT_MEASURE_BLOCK)
#define N (3 * BLOCK + 77)

static uint64_t hash(const float *x, size_t n, uint64_t seed)
{
    return XXH3_64bits_withSeed(x, n * sizeof *x, seed);
}

/* By its definition; in pieces it is the same, in another order it is not. */
static void test_digest(void **state)
{
    (void)state;
    static float x[N];
    for (size_t i = 0; i < N; i++)
        x[i] = (float)i / 3;
    const uint64_t whole = quant_digest_chunk(0, x, N);
    const uint64_t expected = hash(x, BLOCK, 0) + hash(x + BLOCK, BLOCK, 1) +
                              hash(x + 2 * BLOCK, BLOCK, 2) + hash(x + 3 * BLOCK, 77, 3);
    assert_true(whole == expected);
    const uint64_t tail = quant_digest_chunk(2 * BLOCK, x + 2 * BLOCK, N - 2 * BLOCK);
    assert_true(tail + quant_digest_chunk(0, x, 2 * BLOCK) == whole);
    assert_true(quant_digest_chunk(0, x, 0) == 0);
    assert_false(quant_digest_chunk(0, x, N - 1) == whole);
    x[0] = -0.0F; /* another pattern of bits is another element */
    assert_false(quant_digest_chunk(0, x, N) == whole);
    for (size_t i = 0; i < BLOCK; i++) { /* two blocks change places */
        const float kept = x[i];
        x[i] = x[BLOCK + i];
        x[BLOCK + i] = kept;
    }
    assert_false(quant_digest_chunk(0, x, N) == whole);
}

static void test_known(void **state)
{
    (void)state;
    static const uint64_t digests[] = {7, UINT64_MAX, 7, 0, 3};
    struct quant_known_inputs known;
    struct quant_error error;
    size_t taker = 99;
    assert_int_equal(quant_known_inputs_init(&known, digests, 5, &error), QUANT_OK);
    assert_int_equal(known.n, 4);
    assert_int_equal(quant_known_inputs_take(&known, 7, 1, &taker), QUANT_KNOWN_NEW);
    assert_int_equal(quant_known_inputs_take(&known, 8, 1, &taker), QUANT_KNOWN_FOREIGN);
    assert_int_equal(quant_known_inputs_take(&known, 7, 2, &taker), QUANT_KNOWN_NEW);
    assert_int_equal(quant_known_inputs_take(&known, 7, 3, &taker), QUANT_KNOWN_REPEATED);
    assert_int_equal(taker, 2);
    assert_int_equal(quant_known_inputs_take(&known, UINT64_MAX, 3, &taker), QUANT_KNOWN_NEW);
    assert_int_equal(quant_known_inputs_take(&known, 0, 3, &taker), QUANT_KNOWN_NEW);
    assert_int_equal(quant_known_inputs_take(&known, 3, 3, &taker), QUANT_KNOWN_NEW);
    assert_int_equal(quant_known_inputs_take(&known, UINT64_MAX, 4, &taker), QUANT_KNOWN_REPEATED);
    assert_int_equal(taker, 3);
    quant_known_inputs_release(&known);

    assert_int_equal(quant_known_inputs_init(&known, NULL, 0, &error), QUANT_OK);
    assert_int_equal(quant_known_inputs_take(&known, 0, 0, &taker), QUANT_KNOWN_FOREIGN);
    quant_known_inputs_release(&known);
}

struct part {
    uint64_t digests[2];
    uint64_t n;
    bool has_position;
};

static const struct {
    const char *what;
    struct part parts[4];
    size_t n;
    bool has_twin;
    size_t part;
    size_t twin;
} rows[] = {
    {"one part", {{{1, 2}, 2, false}}, 1, false, 0, 0},
    {"different", {{{1}, 1, false}, {{2}, 1, false}, {{1, 2}, 2, false}}, 3, false, 0, 0},
    {"in another order", {{{1, 2}, 2, false}, {{2, 1}, 2, false}}, 2, false, 0, 0},
    {"the last again", {{{1}, 1, false}, {{2, 3}, 2, false}, {{2, 3}, 2, false}}, 3, true, 2, 1},
    {"two of them: the first", {{{5}, 1, 0}, {{4}, 1, 0}, {{4}, 1, 0}, {{5}, 1, 0}}, 4, true, 2, 1},
    {"with positions", {{{1}, 1, true}, {{1}, 1, true}}, 2, false, 0, 0},
    {"one has a position", {{{1}, 1, true}, {{1}, 1, false}}, 2, true, 1, 0},
    {"the other has", {{{1}, 1, false}, {{2}, 1, true}, {{1}, 1, true}}, 3, true, 2, 0},
    {"without elements", {{{0, 0}, 2, false}, {{0, 0}, 2, false}}, 2, false, 0, 0},
    {"some without", {{{0, 6}, 2, false}, {{0, 6}, 2, false}}, 2, true, 1, 0},
};

static void test_parts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct quant_part_inputs all = {.n = 0};
        struct quant_error error;
        size_t part = 99;
        size_t twin = 99;
        for (size_t j = 0; j < rows[i].n; j++)
            assert_int_equal(quant_part_inputs_add(&all, rows[i].parts[j].digests,
                                                   rows[i].parts[j].n,
                                                   rows[i].parts[j].has_position, &error),
                             QUANT_OK);
        const bool found = quant_part_inputs_find_twin(&all, &part, &twin);
        if (found != rows[i].has_twin || (found && (part != rows[i].part || twin != rows[i].twin)))
            fail_msg("%s: %s, part %zu, twin %zu", rows[i].what, found ? "found" : "none", part,
                     twin);
        quant_part_inputs_release(&all);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digest),
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
