/* SPDX-License-Identifier: MIT */
/* Types other than int8 and uint8 in scalar.c: every value of every type is restored as itself, and
 * the layout of 4-bit elements. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "../support/unit.h"
#include "exact.h"
#include "kernels/kernels.h"

enum { PATTERNS = 65536 };

static const enum quant_dtype integer_types[] = {QUANT_INT8,  QUANT_UINT8, QUANT_INT4,
                                                 QUANT_UINT4, QUANT_INT16, QUANT_UINT16};

static struct quant_params whole_type(enum quant_dtype dtype, float scale, int32_t zero_point)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    return (struct quant_params){.dtype = dtype,
                                 .qmin = (int32_t)info->min,
                                 .qmax = (int32_t)info->max,
                                 .scale = scale,
                                 .zero_point = zero_point};
}

/* Every integer of the type, in order, as the type stores it. */
static size_t all_integers(enum quant_dtype dtype, unsigned char *q)
{
    const unsigned bits = quant_dtype_info(dtype)->bits;
    const size_t n = (size_t)1 << bits;
    for (size_t i = 0; i < n; i++) {
        const uint16_t pattern = (uint16_t)((int32_t)quant_dtype_info(dtype)->min + (int32_t)i);
        if (bits == 16)
            memcpy(q + 2 * i, &pattern, sizeof pattern);
        else if (bits == 8)
            q[i] = (unsigned char)pattern;
        else
            q[i / 2] = (unsigned char)(i % 2 ? q[i / 2] | (pattern & 15) << 4 : pattern & 15);
    }
    return n;
}

static void check_round_trip(const struct quant_params *params)
{
    static _Alignas(uint16_t) unsigned char q[2 * PATTERNS];
    static _Alignas(uint16_t) unsigned char back[2 * PATTERNS];
    static float x[PATTERNS];
    const size_t n = all_integers(params->dtype, q);
    quant_kernels_scalar.dequantize[params->dtype](params, q, n, x);
    for (size_t i = 0; i < n; i++) {
        const double steps = (double)params->qmin + (double)i - (double)params->zero_point;
        assert_true(x[i] == (float)steps * params->scale);
    }
    quant_kernels_scalar.quantize[params->dtype](params, x, n, back);
    assert_memory_equal(back, q, (size_t)quant_dtype_bytes(params->dtype, n));
}

/* The ends of int32, where float32 has steps of 128 and more. 2^31 is a float, 2^31 - 1 is not. */
static void test_int32_saturates_exactly(void **state)
{
    (void)state;
    static const float x[] = {2147483648.0F, 2147483520.0F, -2147483648.0F, -2147483904.0F,
                              3e9F,          FLT_MAX,       INFINITY,       -INFINITY,
                              NAN,           16777216.0F,   -0.0F,          2.5F};
    enum { N = sizeof x / sizeof x[0] };
    static const int32_t plain[N] = {INT32_MAX, 2147483520, INT32_MIN, INT32_MIN,
                                     INT32_MAX, INT32_MAX,  INT32_MAX, INT32_MIN,
                                     0,         16777216,   0,         2};
    static const int32_t shifted[N] = {2147483647, 2147483519, INT32_MIN, INT32_MIN,
                                       INT32_MAX,  INT32_MAX,  INT32_MAX, INT32_MIN,
                                       -1,         16777215,   -1,        1};
    int32_t q[N];
    struct quant_params params = whole_type(QUANT_INT32, 1, 0);
    quant_quantize(&params, x, N, q);
    assert_memory_equal(q, plain, sizeof q);
    params.zero_point = -1;
    quant_quantize(&params, x, N, q);
    assert_memory_equal(q, shifted, sizeof q);
}

/* q - z takes 33 bits and is rounded once: rounding q alone to float32 first would give 16777216 -
 * 1 here, and 32 bits would wrap around below. */
static void test_int32_differences_are_exact(void **state)
{
    (void)state;
    static const int32_t q[] = {16777217, INT32_MIN, INT32_MAX, 7,        0,
                                -1,       16777219,  33554435,  INT32_MIN};
    enum { N = sizeof q / sizeof q[0] };
    struct quant_params params = whole_type(QUANT_INT32, 1, 1);
    float x[N];
    quant_dequantize(&params, q, N, x);
    for (size_t i = 0; i < N; i++)
        assert_true(x[i] == (float)((double)q[i] - 1));
    params.zero_point = INT32_MAX;
    params.scale = 0.5F;
    quant_dequantize(&params, q, N, x);
    for (size_t i = 0; i < N; i++)
        assert_true(x[i] == (float)((double)q[i] - INT32_MAX) * 0.5F);
}

static void test_every_integer_comes_back(void **state)
{
    (void)state;
    static const float scales[] = {1, 3, 0.1F, 0x1p-10F, 1e-30F, 1e30F, 0x1p-126F};
    static const int32_t zero_points[] = {0, 8, -23, 128, 32768, -383, 70000, -1000000};
    for (size_t t = 0; t < LENGTH(integer_types); t++)
        for (size_t i = 0; i < LENGTH(scales) * LENGTH(zero_points) * 2; i++) {
            struct quant_params params =
                whole_type(integer_types[t], scales[i / 2 % LENGTH(scales)],
                           zero_points[i / 2 / LENGTH(scales)]);
            params.rounding = i % 2 ? QUANT_HALF_AWAY : QUANT_HALF_EVEN;
            check_round_trip(&params);
        }
}

static int32_t integer_at(enum quant_dtype dtype, const void *q, size_t i)
{
    int16_t wide;
    switch (dtype) {
    case QUANT_INT4: /* shifting up and down again extends the sign */
        return (int8_t)(((const uint8_t *)q)[i / 2] << (i % 2 ? 0 : 4)) >> 4;
    case QUANT_UINT4:
        return (((const uint8_t *)q)[i / 2] >> (i % 2 ? 4 : 0)) % 16;
    case QUANT_INT16:
        memcpy(&wide, (const char *)q + 2 * i, sizeof wide);
        return wide;
    case QUANT_UINT16:
        memcpy(&wide, (const char *)q + 2 * i, sizeof wide);
        return (uint16_t)wide;
    case QUANT_UINT8:
        return ((const uint8_t *)q)[i];
    default:
        return ((const int8_t *)q)[i];
    }
}

/* Ties and their neighbours in the whole range, compared with integer arithmetic. */
static void test_exact(void **state)
{
    (void)state;
    enum { N = 501 };
    struct random random = random_begin();
    for (size_t round = 0; round < 400; round++)
        for (size_t t = 0; t < LENGTH(integer_types); t++) {
            static float x[N];
            static unsigned char q[2 * N];
            struct quant_params params = whole_type(integer_types[t], random_scale(&random),
                                                    (int32_t)random_below(&random, 140000) - 70000);
            params.rounding = round % 2 ? QUANT_HALF_AWAY : QUANT_HALF_EVEN;
            params.qmin += (int32_t)random_below(&random, 3);
            params.qmax -= (int32_t)random_below(&random, 3);
            const uint32_t width = (uint32_t)(params.qmax - params.qmin) + 9;
            for (size_t i = 0; i < N; i++) {
                const double k = params.qmin - 4 + (double)random_below(&random, width) + 0.5;
                const double tie = (k - params.zero_point) * (double)params.scale;
                x[i] = i % 7 ? random_nudge(&random, (float)tie, 3) : random_special(&random);
            }
            quant_kernels_scalar.quantize[params.dtype](&params, x, N, q);
            for (size_t i = 0; i < N; i++)
                if (integer_at(params.dtype, q, i) != exact_quantize(&params, x[i]))
                    fail_msg("%s of %a: found %d, expected %d; scale %a, z %d",
                             quant_dtype_info(params.dtype)->name, (double)x[i],
                             integer_at(params.dtype, q, i), exact_quantize(&params, x[i]),
                             (double)params.scale, params.zero_point);
        }
}

/* The first element is in the lower half. After an odd number of elements the last upper half is
 * zero, whatever it was before, and is ignored when it is read. */
static void test_nibbles(void **state)
{
    (void)state;
    const float x[] = {-8, 7, 3, -1, -2};
    unsigned char q[4] = {0xFF, 0xFF, 0xFF, 0xAB};
    struct quant_params params = whole_type(QUANT_INT4, 1, 0);
    quant_kernels_scalar.quantize[QUANT_INT4](&params, x, 5, q);
    assert_memory_equal(q, "\x78\xF3\x0E\xAB", 4);
    q[2] = 0x9E;
    float back[6] = {0, 0, 0, 0, 0, 42};
    quant_kernels_scalar.dequantize[QUANT_INT4](&params, q, 5, back);
    assert_memory_equal(back, x, sizeof x);
    assert_true(back[5] == 42);

    params = whole_type(QUANT_UINT4, 0.5F, 8);
    q[1] = 0xFF;
    const float halves[] = {-4, 3.5F, 0.25F};
    quant_kernels_scalar.quantize[QUANT_UINT4](&params, halves, 3, q);
    assert_memory_equal(q, "\xF0\x08", 2);
}

/* Bit q - min for each q, and no other. */
static void test_levels(void **state)
{
    (void)state;
    static _Alignas(uint16_t) unsigned char q[2 * PATTERNS];
    for (size_t t = 0; t < LENGTH(integer_types); t++) {
        const enum quant_dtype dtype = integer_types[t];
        const size_t n = all_integers(dtype, q);
        uint64_t levels[PATTERNS / 64] = {0};
        for (size_t i = 0; i < n; i += 2) {
            quant_kernels_scalar.mark_levels[dtype](q + quant_dtype_bytes(dtype, i), 1, levels);
            assert_true(levels[i / 64] >> (i % 64) == 1);
        }
        quant_kernels_scalar.mark_levels[dtype](q, n, levels);
        for (size_t i = 0; i < PATTERNS; i++)
            assert_true((levels[i / 64] >> (i % 64) & 1) == (i < n));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_int32_saturates_exactly),
        cmocka_unit_test(test_int32_differences_are_exact),
        cmocka_unit_test(test_every_integer_comes_back),
        cmocka_unit_test(test_exact),
        cmocka_unit_test(test_nibbles),
        cmocka_unit_test(test_levels),
    };
    return random_end(cmocka_run_group_tests(tests, NULL, NULL));
}
