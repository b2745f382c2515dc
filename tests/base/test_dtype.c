/* SPDX-License-Identifier: MIT */
/* The table of number formats: names, sizes, limits, and rounding to each. */
#include <float.h>
#include <math.h>
#include <quant/quant.h>
#include <string.h>

#include "../support/random.h"
#include "../support/unit.h"

static const enum quant_dtype all[] = {
    QUANT_INT8,    QUANT_UINT8,         QUANT_INT4,        QUANT_UINT4,   QUANT_INT16,
    QUANT_UINT16,  QUANT_FLOAT8_E4M3FN, QUANT_FLOAT8_E5M2, QUANT_FLOAT16, QUANT_BFLOAT16,
    QUANT_FLOAT32, QUANT_FLOAT64,       QUANT_INT32,
};

static const enum quant_dtype blocks[] = {QUANT_Q8_0, QUANT_Q4_0, QUANT_Q4_1, QUANT_Q5_0,
                                          QUANT_Q5_1};

/* Block types are not among those that arrays have. */
static void test_blocks(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(blocks); i++) {
        const struct quant_dtype_info *info = quant_dtype_info(blocks[i]);
        assert_int_equal(quant_dtype_from_name(info->name), blocks[i]);
        assert_false(info->is_integer || info->quantizes || info->is_source || info->is_scale);
        assert_true(info->is_unscaled);
        assert_int_equal(info->bits, (info->block_nbytes * 8 + 31) / info->block_nelems);
        assert_int_equal(quant_dtype_bytes(blocks[i], 0), 0);
        assert_int_equal(quant_dtype_bytes(blocks[i], 1), info->block_nbytes);
        assert_int_equal(quant_dtype_bytes(blocks[i], 64), 2 * info->block_nbytes);
        assert_int_equal(quant_dtype_bytes(blocks[i], UINT64_MAX),
                         blocks[i] == QUANT_Q8_0 ? UINT64_MAX
                                                 : (UINT64_MAX / 32 + 1) * info->block_nbytes);
        assert_true(isnan(quant_dtype_round(blocks[i], 1)));
    }
}

static void test_names(void **state)
{
    (void)state;
    assert_int_equal(LENGTH(all) + LENGTH(blocks), QUANT_DTYPE_COUNT - 1);
    for (size_t i = 0; i < LENGTH(all); i++) {
        const struct quant_dtype_info *info = quant_dtype_info(all[i]);
        assert_non_null(info);
        assert_int_equal(quant_dtype_from_name(info->name), all[i]);
        assert_int_equal(quant_dtype_from_name(info->short_name), all[i]);
    }
    assert_int_equal(quant_dtype_from_name("int8"), QUANT_INT8);
    assert_int_equal(quant_dtype_from_name("u4"), QUANT_UINT4);
    assert_int_equal(quant_dtype_from_name("bf16"), QUANT_BFLOAT16);
    assert_int_equal(quant_dtype_from_name("float64"), QUANT_FLOAT64);
    assert_int_equal(quant_dtype_from_name("f8e4m3"), QUANT_FLOAT8_E4M3FN);
    assert_int_equal(quant_dtype_from_name("float8_e5m2"), QUANT_FLOAT8_E5M2);
    static const char *const unknown[] = {"",     "int", "int88",  "INT8",       " int8",
                                          "none", "f8",  "float8", "float8_e4m3"};
    for (size_t i = 0; i < LENGTH(unknown); i++)
        assert_int_equal(quant_dtype_from_name(unknown[i]), QUANT_DTYPE_NONE);
}

static void test_no_type(void **state)
{
    (void)state;
    static const int none[] = {QUANT_DTYPE_NONE, QUANT_DTYPE_COUNT, 1000, -1};
    for (size_t i = 0; i < LENGTH(none); i++) {
        assert_null(quant_dtype_info((enum quant_dtype)none[i]));
        assert_true(isnan(quant_dtype_round((enum quant_dtype)none[i], 1)));
    }
}

/* What must agree with the number of bits. */
static void test_integers(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(all); i++) {
        const struct quant_dtype_info *info = quant_dtype_info(all[i]);
        assert_true(info->is_integer == (strstr(info->name, "int") != NULL));
        assert_true(info->quantizes == (info->bits <= 16 || info->is_integer));
        assert_true(info->needs_scale == (info->is_integer && info->bits > 16));
        assert_true(info->is_source == !info->is_integer);
        assert_true(info->is_unscaled == (!info->is_integer && info->bits == 16));
        if (!info->is_integer)
            continue;
        const bool is_unsigned = info->name[0] == 'u';
        const double levels = ldexp(1, (int)info->bits);
        assert_true(info->min == (is_unsigned ? 0 : -levels / 2));
        assert_true(info->max == info->min + levels - 1);
        assert_true(info->epsilon == 1);
    }
}

/* The limits of a float type and its step after 1 are numbers of the type, with no others
 * between. */
static void test_floats(void **state)
{
    (void)state;
    static const enum quant_dtype types[] = {QUANT_FLOAT16, QUANT_BFLOAT16, QUANT_FLOAT32,
                                             QUANT_FLOAT8_E4M3FN, QUANT_FLOAT8_E5M2};
    for (size_t i = 0; i < LENGTH(types); i++) {
        const struct quant_dtype_info *info = quant_dtype_info(types[i]);
        assert_true(info->min == -info->max);
        assert_true(quant_dtype_round(types[i], info->max) == info->max);
        assert_true(quant_dtype_round(types[i], 1 + info->epsilon) == 1 + info->epsilon);
        assert_true(quant_dtype_round(types[i], 1 + info->epsilon * 0.5) == 1);
        assert_true(quant_dtype_round(types[i], 1 + info->epsilon * 0.501) == 1 + info->epsilon);
    }
    assert_true(quant_dtype_info(QUANT_FLOAT16)->max == 65504);
    assert_true(quant_dtype_info(QUANT_FLOAT32)->max == (double)FLT_MAX);
    assert_true(quant_dtype_info(QUANT_FLOAT64)->max == DBL_MAX);
    assert_true(quant_dtype_info(QUANT_FLOAT64)->epsilon == DBL_EPSILON);
}

/* ---- Sizes ----------------------------------------------------------------------------------- */

static void test_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(all); i++) {
        const unsigned bits = quant_dtype_info(all[i])->bits;
        const uint64_t limit = UINT64_MAX / bits * 8 + UINT64_MAX % bits * 8 / bits;
        for (uint64_t n = 0; n < 20; n++)
            assert_int_equal(quant_dtype_bytes(all[i], n), (n * bits + 7) / 8);
        if (bits <= 8)
            continue;
        assert_true(quant_dtype_bytes(all[i], limit) == limit * (bits / 8));
        assert_true(quant_dtype_bytes(all[i], limit + 1) == UINT64_MAX);
        assert_true(quant_dtype_bytes(all[i], UINT64_MAX) == UINT64_MAX);
    }
    assert_true(quant_dtype_bytes(QUANT_INT8, UINT64_MAX) == UINT64_MAX);
    assert_true(quant_dtype_bytes(QUANT_INT4, UINT64_MAX) == UINT64_C(1) << 63);
    assert_int_equal(quant_dtype_bytes(QUANT_DTYPE_NONE, 8), 0);
}

/* ---- Rounding -------------------------------------------------------------------------------- */

struct rounding {
    enum quant_dtype dtype;
    double from;
    double to;
};

static const struct rounding roundings[] = {
    {QUANT_FLOAT16, 3.14159265358979, 3.140625},
    {QUANT_FLOAT16, 2049, 2048}, /* ties to even */
    {QUANT_FLOAT16, 2051, 2052},
    {QUANT_FLOAT16, -2049, -2048},
    {QUANT_FLOAT16, 2049.0000001, 2050},
    {QUANT_FLOAT16, 65504, 65504},
    {QUANT_FLOAT16, 65519.999, 65504},
    {QUANT_FLOAT16, 65520, INFINITY},
    {QUANT_FLOAT16, -65520, -INFINITY},
    {QUANT_FLOAT16, 1e300, INFINITY},
    {QUANT_FLOAT16, 0x1p-14, 0x1p-14},
    {QUANT_FLOAT16, 0x1.FF8p-15, 0x1.FF8p-15}, /* the largest subnormal ... */
    {QUANT_FLOAT16, 0x1.FFCp-15, 0x1p-14},     /* ... and halfway after it */
    {QUANT_FLOAT16, 0x1p-24, 0x1p-24},
    {QUANT_FLOAT16, 0x1p-25, 0},
    {QUANT_FLOAT16, 0x1.0000000000001p-25, 0x1p-24},
    {QUANT_FLOAT16, -0x3p-25, -0x1p-23},
    {QUANT_FLOAT16, 0x5p-25, 0x1p-23},
    {QUANT_FLOAT16, DBL_TRUE_MIN, 0},
    {QUANT_BFLOAT16, 3.14159265358979, 3.140625},
    {QUANT_BFLOAT16, 257, 256},
    {QUANT_BFLOAT16, 259, 260},
    {QUANT_BFLOAT16, 0x1.FEp127, 0x1.FEp127},
    {QUANT_BFLOAT16, 0x1.FEFFFFp127, 0x1.FEp127},
    {QUANT_BFLOAT16, 0x1.FFp127, INFINITY},
    {QUANT_BFLOAT16, 0x1p-133, 0x1p-133},
    {QUANT_BFLOAT16, 0x1p-134, 0},
    {QUANT_BFLOAT16, 0x3p-134, 0x1p-132},
    {QUANT_FLOAT8_E4M3FN, 3.14159265358979, 3.25},
    {QUANT_FLOAT8_E4M3FN, 448, 448},
    {QUANT_FLOAT8_E4M3FN, 464, 448}, /* halfway to what would be 480, the even one */
    {QUANT_FLOAT8_E4M3FN, 464.0000001, INFINITY},
    {QUANT_FLOAT8_E4M3FN, 0x1p-9, 0x1p-9},
    {QUANT_FLOAT8_E4M3FN, 0x1p-10, 0},
    {QUANT_FLOAT8_E4M3FN, -0x3p-10, -0x1p-8},
    {QUANT_FLOAT8_E4M3FN, 0xFp-10, 0x1p-6},
    {QUANT_FLOAT8_E5M2, 1.125, 1},
    {QUANT_FLOAT8_E5M2, 1.375, 1.5},
    {QUANT_FLOAT8_E5M2, 61439.99, 57344},
    {QUANT_FLOAT8_E5M2, 61440, INFINITY},
    {QUANT_FLOAT8_E5M2, 0x1p-17, 0},
    {QUANT_FLOAT8_E5M2, 0x3p-17, 0x1p-15},
    {QUANT_FLOAT32, 0.1, 0x1.99999Ap-4},
    {QUANT_FLOAT32, 16777217, 16777216},
    {QUANT_FLOAT32, 0x1.FFFFFFp127, INFINITY},
    {QUANT_FLOAT32, 0x1p-150, 0},
    {QUANT_FLOAT64, 0.1, 0.1},
    {QUANT_FLOAT64, DBL_MAX, DBL_MAX},
    {QUANT_INT8, 2.5, 2},
    {QUANT_INT8, 3.5, 4},
    {QUANT_INT8, -0.5, 0},
    {QUANT_INT8, 127.5, 127},
    {QUANT_INT8, -129, -128},
    {QUANT_INT8, INFINITY, 127},
    {QUANT_INT8, -INFINITY, -128},
    {QUANT_INT8, NAN, 0},
    {QUANT_UINT8, -3, 0},
    {QUANT_UINT8, 254.5, 254},
    {QUANT_UINT8, 1e300, 255},
    {QUANT_INT4, 100, 7},
    {QUANT_UINT4, 7.5, 8},
    {QUANT_INT16, -40000, -32768},
    {QUANT_UINT16, 65535.4, 65535},
    {QUANT_INT32, 3e9, 2147483647},
    {QUANT_INT32, -2147483648.5, -2147483648.0},
};

static void test_round(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(roundings); i++) {
        const double found = quant_dtype_round(roundings[i].dtype, roundings[i].from);
        if (found != roundings[i].to)
            fail_msg("%s of %a: found %a, expected %a", quant_dtype_info(roundings[i].dtype)->name,
                     roundings[i].from, found, roundings[i].to);
    }
}

/* A float type keeps infinities, NaN and the sign of zero. */
static void test_round_keeps(void **state)
{
    (void)state;
    static const enum quant_dtype types[] = {QUANT_FLOAT16, QUANT_BFLOAT16, QUANT_FLOAT32,
                                             QUANT_FLOAT64};
    for (size_t i = 0; i < LENGTH(types); i++) {
        assert_true(isnan(quant_dtype_round(types[i], NAN)));
        assert_true(quant_dtype_round(types[i], INFINITY) == INFINITY);
        assert_true(quant_dtype_round(types[i], -INFINITY) == -INFINITY);
        assert_true(signbit(quant_dtype_round(types[i], -0.0)) != 0);
        assert_true(signbit(quant_dtype_round(types[i], 0.0)) == 0);
        if (types[i] != QUANT_FLOAT64) /* a negative number that rounds to 0 stays negative */
            assert_true(signbit(quant_dtype_round(types[i], -1e-300)) != 0);
    }
}

/* The generic rounding, compared with types of C: no neighbour is nearer. */
static void test_round_is_nearest(void **state)
{
    (void)state;
    struct random random = random_begin();
    for (size_t i = 0; i < 200000; i++) {
        const bool half = i % 2 == 0;
        const enum quant_dtype dtype = half ? QUANT_FLOAT16 : QUANT_BFLOAT16;
        const int exponent = (int)random_below(&random, half ? 44 : 260) - (half ? 28 : 136);
        const double x = ldexp(random_unit(&random) + 1, exponent);
        const double rounded = quant_dtype_round(dtype, x);
        const int min = half ? -14 : -126;
        const double step = ldexp(half ? 0x1p-10 : 0x1p-7, exponent < min ? min : exponent);
        if (isinf(rounded))
            assert_true(x >= quant_dtype_info(dtype)->max + step / 2);
        else if (fmod(rounded, step) != 0 || fabs(rounded - x) > step / 2)
            fail_msg("%s of %a: found %a", quant_dtype_info(dtype)->name, x, rounded);
        assert_true(quant_dtype_round(dtype, -x) == -rounded);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_no_type),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_floats),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_round),
        cmocka_unit_test(test_round_keeps),
        cmocka_unit_test(test_round_is_nearest),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
