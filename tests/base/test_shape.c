/* SPDX-License-Identifier: MIT */
/* Arithmetic on shapes, and their text. */
#include "base/shape.h"

#include <string.h>

#include "../support/random.h"
#include "../support/unit.h"

struct counted {
    struct quant_shape shape;
    bool fits;
    uint64_t count;
};

static const struct counted counted[] = {
    {{0, {0}}, true, 1},
    {{1, {7}}, true, 7},
    {{1, {0}}, true, 0},
    {{2, {3, 4}}, true, 12},
    {{3, {3, 0, 4}}, true, 0},
    {{4, {1, 1, 1, 1}}, true, 1},
    {{1, {INT64_MAX}}, true, INT64_MAX},
    {{1, {(uint64_t)INT64_MAX + 1}}, false, 0},
    {{1, {UINT64_MAX}}, false, 0},
    {{2, {UINT64_C(1) << 31, UINT64_C(1) << 31}}, true, UINT64_C(1) << 62},
    {{2, {UINT64_C(1) << 31, UINT64_C(1) << 32}}, false, 0},
    {{2, {UINT64_C(1) << 32, UINT64_C(1) << 32}}, false, 0}, /* 0 modulo 2^64 */
    {{3, {UINT64_C(1) << 32, UINT64_C(1) << 32, 5}}, false, 0},
    {{2, {UINT64_C(0x5555555555555556), 3}}, false, 0},         /* 2 modulo 2^64 */
    {{2, {7, UINT64_C(1317624576693539401)}}, true, INT64_MAX}, /* 2^63 - 1 = 7 * this */
    {{3, {0, UINT64_C(1) << 62, 3}}, false, 0},                 /* NumPy refuses it too */
    {{3, {UINT64_C(1) << 62, 3, 0}}, false, 0},
    {{3, {0, UINT64_C(1) << 62, 1}}, true, 0},
};

static void test_count(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(counted); i++) {
        uint64_t count = 77;
        char text[QUANT_SHAPE_TEXT];
        const bool fits = quant_shape_count(&counted[i].shape, &count);
        if (fits != counted[i].fits || (fits && count != counted[i].count))
            fail_msg("%s: fits %d, count %llu", quant_shape_text(&counted[i].shape, text), fits,
                     (unsigned long long)count);
    }
}

static void test_of(void **state)
{
    (void)state;
    static const uint64_t dims[] = {3, 0, UINT64_MAX};
    struct quant_shape shape = quant_shape_of(dims, LENGTH(dims));
    assert_int_equal(shape.ndim, 3);
    assert_memory_equal(shape.dims, dims, sizeof dims);
    assert_int_equal(shape.dims[3], 0);
    shape = quant_shape_of(NULL, 0);
    assert_int_equal(shape.ndim, 0);
}

static void test_count_of_64_dimensions(void **state)
{
    (void)state;
    struct quant_shape shape = {.ndim = QUANT_MAX_DIMS};
    uint64_t count;
    for (int i = 0; i < QUANT_MAX_DIMS; i++)
        shape.dims[i] = i < 62 ? 2 : 1;
    assert_true(quant_shape_count(&shape, &count));
    assert_true(count == UINT64_C(1) << 62);
    shape.dims[QUANT_MAX_DIMS - 1] = 2; /* the last dimension counts */
    assert_false(quant_shape_count(&shape, &count));
}

static void test_equal(void **state)
{
    (void)state;
    const struct quant_shape a = {2, {3, 4}};
    const struct quant_shape same = {2, {3, 4, 99}}; /* dimensions after ndim are ignored */
    const struct quant_shape others[] = {
        {2, {4, 3}}, {2, {3, 5}}, {1, {3}}, {3, {3, 4, 1}}, {0, {0}}};
    assert_true(quant_shape_equal(&a, &same));
    for (size_t i = 0; i < LENGTH(others); i++)
        assert_false(quant_shape_equal(&a, &others[i]));
    assert_true(quant_shape_equal(&others[4], &(struct quant_shape){0, {5}}));
}

/* ---- Text ------------------------------------------------------------------------------------ */

static void test_text(void **state)
{
    (void)state;
    char text[QUANT_SHAPE_TEXT];
    assert_string_equal(quant_shape_text(&(struct quant_shape){0, {0}}, text), "()");
    assert_string_equal(quant_shape_text(&(struct quant_shape){1, {7}}, text), "(7,)");
    assert_string_equal(quant_shape_text(&(struct quant_shape){2, {3, 4}}, text), "(3, 4)");
    assert_string_equal(quant_shape_text(&(struct quant_shape){3, {0, UINT64_MAX, 1}}, text),
                        "(0, 18446744073709551615, 1)");
    assert_ptr_equal(quant_shape_text(&(struct quant_shape){1, {7}}, text), text);
}

/* What does not fit becomes "...", and little room is left unused. */
static void test_text_of_many_dimensions(void **state)
{
    (void)state;
    struct quant_shape shape = {.ndim = QUANT_MAX_DIMS};
    char text[2 * QUANT_SHAPE_TEXT];
    memset(text, 'C', sizeof text);
    for (int i = 0; i < QUANT_MAX_DIMS; i++)
        shape.dims[i] = 1;
    quant_shape_text(&shape, text);
    const size_t length = strlen(text);
    assert_true(length < QUANT_SHAPE_TEXT && length > QUANT_SHAPE_TEXT - 10);
    assert_memory_equal(text, "(1, 1, 1, ", 10);
    assert_string_equal(text + length - 7, "1, ...)");
    for (size_t i = QUANT_SHAPE_TEXT; i < sizeof text; i++)
        assert_int_equal(text[i], 'C');
}

/* Any dimensions: complete or truncated at a comma, and never past the end. */
static void test_text_stays_in_its_room(void **state)
{
    (void)state;
    struct random random = random_begin();
    for (size_t round = 0; round < 20000; round++) {
        struct quant_shape shape = {.ndim = (int)random_below(&random, QUANT_MAX_DIMS + 1)};
        char whole[2000] = "(";
        char text[QUANT_SHAPE_TEXT + 16];
        memset(text, 'C', sizeof text);
        for (int i = 0; i < shape.ndim; i++) {
            shape.dims[i] = random_64(&random) >> random_below(&random, 64);
            const size_t length = strlen(whole);
            snprintf(whole + length, sizeof whole - length, "%s%llu", i ? ", " : "",
                     (unsigned long long)shape.dims[i]);
        }
        const size_t length = strlen(whole);
        snprintf(whole + length, sizeof whole - length, shape.ndim == 1 ? ",)" : ")");
        quant_shape_text(&shape, text);
        assert_true(strlen(text) < QUANT_SHAPE_TEXT);
        for (size_t i = QUANT_SHAPE_TEXT; i < sizeof text; i++)
            assert_int_equal(text[i], 'C');
        const char *dots = strstr(text, ", ...)");
        if (dots)
            assert_true(strlen(whole) > 100 && strncmp(text, whole, (size_t)(dots - text)) == 0 &&
                        whole[dots - text] == ',');
        else
            assert_string_equal(text, whole);
    }
}

/* ---- Indices --------------------------------------------------------------------------------- */

/* Every element of a 2 x 3 x 4 tensor, the last index fastest or the first. */
static void test_index(void **state)
{
    (void)state;
    const struct quant_shape shape = {3, {2, 3, 4}};
    char text[QUANT_SHAPE_TEXT];
    char expected[QUANT_SHAPE_TEXT];
    for (unsigned i = 0; i < 24; i++) {
        snprintf(expected, sizeof expected, "[%u, %u, %u]", i / 12, i / 4 % 3, i % 4);
        assert_string_equal(quant_index_text(&shape, QUANT_ORDER_C, i, text), expected);
        snprintf(expected, sizeof expected, "[%u, %u, %u]", i % 2, i / 2 % 3, i / 6);
        assert_string_equal(quant_index_text(&shape, QUANT_ORDER_FORTRAN, i, text), expected);
    }
}

static void test_index_of_odd_shapes(void **state)
{
    (void)state;
    char text[QUANT_SHAPE_TEXT];
    const struct quant_shape scalar = {0, {0}};
    const struct quant_shape vector = {1, {5}};
    const struct quant_shape large = {2, {UINT64_C(1) << 31, UINT64_C(1) << 31}};
    const struct quant_shape empty = {2, {0, 3}}; /* no elements: must not divide by 0 */
    assert_string_equal(quant_index_text(&scalar, QUANT_ORDER_C, 0, text), "[]");
    assert_string_equal(quant_index_text(&vector, QUANT_ORDER_C, 4, text), "[4]");
    assert_string_equal(quant_index_text(&vector, QUANT_ORDER_FORTRAN, 4, text), "[4]");
    assert_string_equal(quant_index_text(&large, QUANT_ORDER_C, (UINT64_C(1) << 62) - 1, text),
                        "[2147483647, 2147483647]");
    assert_string_equal(quant_index_text(&empty, QUANT_ORDER_C, 0, text), "[0, 0]");
}

static void test_index_of_many_dimensions(void **state)
{
    (void)state;
    struct quant_shape shape = {.ndim = QUANT_MAX_DIMS};
    char text[QUANT_SHAPE_TEXT];
    for (int i = 0; i < QUANT_MAX_DIMS; i++)
        shape.dims[i] = i < 62 ? 2 : 1;
    quant_index_text(&shape, QUANT_ORDER_FORTRAN, 5, text);
    assert_memory_equal(text, "[1, 0, 1, 0, ", 13);
    assert_string_equal(text + strlen(text) - 7, "0, ...]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_of),
        cmocka_unit_test(test_count_of_64_dimensions),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_text_of_many_dimensions),
        cmocka_unit_test(test_text_stays_in_its_room),
        cmocka_unit_test(test_index),
        cmocka_unit_test(test_index_of_odd_shapes),
        cmocka_unit_test(test_index_of_many_dimensions),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
