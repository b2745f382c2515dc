/* SPDX-License-Identifier: MIT */
/*
 * Every row of the kernel table against the scalar definition, bit for bit: the functions that turn
 * an array into another. The table itself and the choice of a row are tested here too; observe and
 * measure have a file of their own.
 */
#include <float.h>
#include <stdlib.h>

#include "arrays.h"
#include "rows.h"

/* ---- The table ------------------------------------------------------------------------------- */

static void test_table_ends_in_scalar(void **state)
{
    (void)state;
    size_t n = 0;
    while (quant_kernels_at(n))
        n++;
    assert_true(n >= 1);
    assert_ptr_equal(quant_kernels_at(n - 1), &quant_kernels_scalar);
    assert_true(quant_kernels_scalar.supported());
    assert_null(quant_kernels_at(n));
    assert_null(quant_kernels_at(SIZE_MAX));
    assert_null(quant_isa_name(n));
    assert_null(quant_isa_summary(n));
    assert_false(quant_isa_supported(n));
}

static void test_names_are_unique(void **state)
{
    (void)state;
    for (size_t i = 0; quant_kernels_at(i); i++) {
        assert_string_equal(quant_isa_name(i), quant_kernels_at(i)->name);
        assert_string_equal(quant_isa_summary(i), quant_kernels_at(i)->summary);
        assert_true(strlen(quant_isa_name(i)) > 0 && strlen(quant_isa_summary(i)) > 0);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(quant_isa_name(i), quant_isa_name(k));
    }
}

static void test_rows_are_complete(void **state)
{
    (void)state;
    for (size_t i = 0; quant_kernels_at(i); i++) {
        const struct quant_kernels *row = quant_kernels_at(i);
        assert_true(row->supported && row->observe && row->measure);
        assert_true(row->observe_each && row->observe_runs && row->scale_each);
        for (int dtype = 0; dtype < QUANT_DTYPE_COUNT; dtype++) {
            const struct quant_dtype_info *info = quant_dtype_info((enum quant_dtype)dtype);
            const bool target = info && info->quantizes;
            assert_true((row->quantize[dtype] != NULL) == target);
            assert_true((row->dequantize[dtype] != NULL) == target);
            assert_true((row->mark_levels[dtype] != NULL) == target);
            assert_true((row->quantize_each[dtype] != NULL) == (target && !info->is_unscaled));
            assert_true(!row->quantize_runs[dtype] || row->quantize_each[dtype]);
            assert_true((row->widen[dtype] != NULL) == (info && info->is_source && info->bits > 8));
        }
    }
}

/* Unless someone chose, the first row that runs here. */
static void test_fastest_is_in_use(void **state)
{
    (void)state;
    size_t i = 0;
    while (!quant_isa_supported(i))
        i++;
    assert_string_equal(quant_isa_current(), quant_isa_name(i));
    assert_ptr_equal(quant_kernels(), quant_kernels_at(i));
}

static void test_select(void **state)
{
    (void)state;
    struct quant_error error;
    for (size_t i = 0; quant_isa_name(i); i++) {
        const char *before = quant_isa_current();
        const enum quant_status status = quant_isa_select(quant_isa_name(i), &error);
        if (quant_isa_supported(i)) {
            assert_int_equal(status, QUANT_OK);
            assert_string_equal(quant_isa_current(), quant_isa_name(i));
            continue;
        }
        assert_int_equal(status, QUANT_INVALID);
        assert_non_null(strstr(error.text, "this machine cannot run the instruction set '"));
        assert_string_equal(quant_isa_current(), before);
    }
    assert_int_equal(quant_isa_select("sclar", &error), QUANT_INVALID);
    assert_int_equal(error.status, QUANT_INVALID);
    assert_string_equal(error.text, "there is no instruction set 'sclar'");
    assert_int_equal(quant_isa_select("", NULL), QUANT_INVALID);
    assert_string_equal(quant_isa_current(), "scalar");
}

/* ---- quantize and dequantize ----------------------------------------------------------------- */

static const float scales[] = {
    1,      3,     0.1F,    0x1p-7F, 0x1p10F,   0x1.555556p-5F,
    1e-30F, 1e38F, FLT_MAX, FLT_MIN, 0x1p-149F, 0x1.8p-140F,
};

static const int32_t zero_points[] = {
    0, 1, -23, -128, 128, 255, -383, 4194304, -4194304, 16777217, INT32_MAX, INT32_MIN, -INT32_MAX,
};

enum { RANDOM_SCALES = 8, ALL_SCALES = LENGTH(scales) + RANDOM_SCALES, RANGES = 4, ROUNDINGS = 2 };

/* The whole type, the symmetric part, a narrow one, two neighbours. */
static void set_range(struct quant_params *params, size_t which)
{
    const struct quant_dtype_info *info = quant_dtype_info(params->dtype);
    if (!info->is_integer)
        return;
    const int32_t least = (int32_t)info->least;
    const int32_t greatest = (int32_t)info->greatest;
    const int32_t narrow = greatest - least > 100 ? least + 100 : greatest - 1;
    params->qmin = (const int32_t[]){least, least + 1, least + 3, greatest - 1}[which];
    params->qmax = (const int32_t[]){greatest, greatest, narrow, greatest}[which];
}

static struct quant_params params_at(enum quant_dtype dtype, size_t index, struct random *random)
{
    struct quant_params params = {.dtype = dtype};
    const size_t scale = index % ALL_SCALES;
    params.scale = scale < LENGTH(scales) ? scales[scale] : random_scale(random);
    index /= ALL_SCALES;
    params.zero_point = zero_points[index % LENGTH(zero_points)];
    index /= LENGTH(zero_points);
    params.rounding = index % ROUNDINGS ? QUANT_HALF_AWAY : QUANT_HALF_EVEN;
    set_range(&params, index / ROUNDINGS % RANGES);
    return params;
}

enum {
    ALL_PARAMS = ALL_SCALES * LENGTH(zero_points) * RANGES * ROUNDINGS,
    VALUES = 777, /* odd, so that there is a tail */
};

/* Every combination of parameters, each with elements chosen for it. */
static void check_quantize_values(const struct quant_kernels *row)
{
    struct random random = random_begin();
    static float x[VALUES];
    static _Alignas(uint16_t) unsigned char q[VALUES * 2];
    static _Alignas(uint16_t) unsigned char expected[VALUES * 2];
    for (int dtype = 0; dtype < QUANT_DTYPE_COUNT; dtype++)
        for (size_t i = 0; row->quantize[dtype] && i < ALL_PARAMS; i++) {
            struct operation operation = {.kind = QUANTIZE, .dtype = (enum quant_dtype)dtype};
            operation.params = params_at(operation.dtype, i, &random);
            random_elements(&random, operation.params.scale, operation.params.zero_point, x,
                            VALUES);
            compare_values(row, &operation, x, VALUES, q, expected);
        }
}

/* Every byte, and random ones behind them. */
static void check_dequantize_values(const struct quant_kernels *row)
{
    struct random random = random_begin();
    static _Alignas(uint16_t) unsigned char q[VALUES * 2];
    static float x[VALUES];
    static float expected[VALUES];
    for (int dtype = 0; dtype < QUANT_DTYPE_COUNT; dtype++)
        for (size_t i = 0; row->dequantize[dtype] && i < ALL_PARAMS; i++) {
            struct operation operation = {.kind = DEQUANTIZE, .dtype = (enum quant_dtype)dtype};
            operation.params = params_at(operation.dtype, i, &random);
            random_bytes(&random, q, sizeof q);
            for (size_t k = 0; k < 256; k++)
                q[k] = (unsigned char)k;
            compare_values(row, &operation, q, VALUES, (unsigned char *)x,
                           (unsigned char *)expected);
        }
}

/* Random bits, a million of them, divided by scales of random bits. */
static void check_quantize_bits(const struct quant_kernels *row)
{
    struct random random = random_begin();
    static float x[4096];
    static _Alignas(uint16_t) unsigned char q[4096 * 2];
    static _Alignas(uint16_t) unsigned char expected[4096 * 2];
    for (size_t i = 0; i < 256; i++) {
        const enum quant_dtype dtype = i % 2 ? QUANT_UINT8 : QUANT_INT8;
        struct operation operation = {.kind = QUANTIZE, .dtype = dtype};
        operation.params = params_at(dtype, i * 7, &random);
        operation.params.scale = random_scale(&random);
        random_bytes(&random, x, sizeof x);
        compare_values(row, &operation, x, LENGTH(x), q, expected);
    }
}

/* Ties and what lies up to 64 units beside them, for zero points around the type and scales of all
 * sizes: where a kernel that does not divide has to know that it should. */
static void check_quantize_ties(const struct quant_kernels *row)
{
    struct random random = random_begin();
    static float x[VALUES];
    static _Alignas(uint16_t) unsigned char q[VALUES * 2];
    static _Alignas(uint16_t) unsigned char expected[VALUES * 2];
    for (int dtype = 0; dtype < QUANT_DTYPE_COUNT; dtype++)
        for (size_t i = 0; row->quantize[dtype] && i < 400; i++) {
            struct operation operation = {.kind = QUANTIZE, .dtype = (enum quant_dtype)dtype};
            struct quant_params *params = &operation.params;
            *params = params_at(operation.dtype, random_below(&random, ALL_PARAMS), &random);
            params->zero_point = (int32_t)random_below(&random, 1100) - 550;
            params->scale =
                (float)ldexp(1 + random_unit(&random), (int)random_below(&random, 220) - 110);
            for (size_t k = 0; k < VALUES; k++)
                x[k] = random_tie(&random, params->scale, params->zero_point, k % 3 ? 64 : 2);
            compare_values(row, &operation, x, VALUES, q, expected);
        }
}

static void check_mapping_placements(const struct quant_kernels *row)
{
    struct random random = random_begin();
    float x[MOST_LENGTH];
    for (int dtype = 0; dtype < QUANT_DTYPE_COUNT; dtype++)
        for (int rounding = 0; row->quantize[dtype] && rounding < ROUNDINGS; rounding++) {
            struct operation operation = {.kind = QUANTIZE, .dtype = (enum quant_dtype)dtype};
            operation.params = params_at(operation.dtype, 2, &random);
            operation.params.zero_point = -23;
            operation.params.rounding = (enum quant_rounding)rounding;
            random_elements(&random, operation.params.scale, -23, x, MOST_LENGTH);
            compare_placements(row, &operation, x);
            operation.kind = DEQUANTIZE;
            random_bytes(&random, x, sizeof x);
            compare_placements(row, &operation, x);
        }
}

/* Of no elements even the pointers are none: nothing may be done with them, not even adding 0. */
static void check_nothing(const struct quant_kernels *row)
{
    struct quant_observed observed = QUANT_OBSERVED_INIT;
    row->observe(NULL, 0, &observed);
    assert_int_equal(observed.count, 0);
    for (int dtype = 0; dtype < QUANT_DTYPE_COUNT; dtype++) {
        const struct quant_params params = {
            .dtype = (enum quant_dtype)dtype, .qmin = 1, .qmax = 127, .scale = 1};
        if (row->quantize[dtype])
            row->quantize[dtype](&params, NULL, 0, NULL);
        if (row->dequantize[dtype])
            row->dequantize[dtype](&params, NULL, 0, NULL);
        if (row->widen[dtype])
            row->widen[dtype](NULL, 0, false, NULL);
    }
}

/* ---- widen ----------------------------------------------------------------------------------- */

static const enum quant_dtype float_types[] = {QUANT_FLOAT16, QUANT_BFLOAT16, QUANT_FLOAT32,
                                               QUANT_FLOAT64};

enum { PATTERNS = 65536 };

/* All patterns of the 16-bit types, in both byte orders, at an even and an odd address. */
static void check_widen_16(const struct quant_kernels *row)
{
    static uint16_t patterns[PATTERNS];
    static unsigned char shifted[PATTERNS * 2 + 1];
    static unsigned char x[PATTERNS * sizeof(float)];
    static unsigned char expected[PATTERNS * sizeof(float)];
    for (size_t i = 0; i < PATTERNS; i++)
        patterns[i] = (uint16_t)i;
    memcpy(shifted + 1, patterns, sizeof patterns);
    for (size_t i = 0; i < 4; i++) {
        const struct operation operation = {
            .kind = WIDEN, .dtype = float_types[i % 2], .big = i / 2 == 1};
        compare_values(row, &operation, patterns, PATTERNS, x, expected);
        compare_values(row, &operation, shifted + 1, PATTERNS, x, expected);
    }
}

/* float64 where rounding to float32 decides something: halfway between neighbours and one unit
 * beside it, near the greatest float32, among the subnormals; and random bits. */
static uint64_t wide_pattern(struct random *random)
{
    double value = (double)float_of((uint32_t)random_64(random));
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    switch (random_below(random, 5)) {
    case 0: /* the bit behind float32's last, and what lies below it: -2 .. 2 */
        return (bits | UINT64_C(1) << 28) + random_below(random, 5) - 2;
    case 1: /* around 2^128 - 2^103, where rounding goes to infinity */
        return (UINT64_C(0x47EFFFFFF0000000) + random_below(random, 5) - 2) |
               (random_64(random) & UINT64_C(1) << 63);
    case 2: /* (k + 1/2) 2^-149, and beside it */
        value = ((double)random_below(random, 1U << 23) + 0.5) * 0x1p-149;
        memcpy(&bits, &value, sizeof bits);
        return bits + random_below(random, 3) - 1;
    case 3:
        return bits;
    default:
        return random_64(random);
    }
}

static void check_widen_wide(const struct quant_kernels *row)
{
    struct random random = random_begin();
    static uint64_t bits[VALUES];
    static unsigned char x[VALUES * sizeof(float)];
    static unsigned char expected[VALUES * sizeof(float)];
    for (size_t i = 0; i < 200; i++) {
        struct operation operation = {.kind = WIDEN, .dtype = QUANT_FLOAT64, .big = i % 2};
        for (size_t k = 0; k < VALUES; k++) {
            bits[k] = wide_pattern(&random);
            if (operation.big)
                bits[k] = __builtin_bswap64(bits[k]);
        }
        compare_values(row, &operation, bits, VALUES, x, expected);
        operation.dtype = QUANT_FLOAT32;
        compare_values(row, &operation, bits, VALUES, x, expected);
    }
}

static void check_widen_placements(const struct quant_kernels *row)
{
    struct random random = random_begin();
    unsigned char bytes[MOST_LENGTH * MOST_SIZE];
    for (size_t i = 0; i < 2 * LENGTH(float_types); i++) {
        const struct operation operation = {
            .kind = WIDEN, .dtype = float_types[i / 2], .big = i % 2 == 1};
        random_bytes(&random, bytes, sizeof bytes);
        compare_placements(row, &operation, bytes);
    }
}

/* So long that it is stored past the caches, from any place on. */
static void check_long(const struct quant_kernels *row)
{
    enum { LONG = (16 << 20) + 1000, PLACES = 67 };
    struct random random = random_begin();
    float *x = malloc(LONG * sizeof *x);
    uint8_t *expected = malloc(LONG);
    uint8_t *found = malloc(LONG + PLACES);
    assert_true(x && expected && found);
    for (size_t i = 0; i < LONG; i++)
        x[i] = (float)((random_unit(&random) - 0.5) * 300);
    x[LONG - 1] = x[0] = x[12345678] = (float)NAN;
    const struct quant_params params = {
        .dtype = QUANT_INT8, .qmin = -127, .qmax = 127, .scale = 1.1F, .zero_point = 3};
    quant_kernels_scalar.quantize[QUANT_INT8](&params, x, LONG, expected);
    for (size_t place = 0; place < PLACES; place += 33) {
        memset(found, GUARDED_CANARY, LONG + PLACES);
        row->quantize[QUANT_INT8](&params, x, LONG, found + place);
        assert_true(memcmp(found + place, expected, LONG) == 0);
        assert_true(place == 0 || found[place - 1] == GUARDED_CANARY);
        assert_int_equal(found[place + LONG], GUARDED_CANARY);
    }
    free(found);
    free(expected);
    free(x);
}

int main(void)
{
    const struct CMUnitTest others[] = {
        cmocka_unit_test(test_fastest_is_in_use), /* before test_select */
        cmocka_unit_test(test_table_ends_in_scalar), cmocka_unit_test(test_names_are_unique),
        cmocka_unit_test(test_rows_are_complete),    cmocka_unit_test(test_select),
    };
    static const struct row_group groups[] = {
        {"nothing at all", check_nothing},
        {"quantize, parameters and elements", check_quantize_values},
        {"quantize, random bits", check_quantize_bits},
        {"quantize, a long array", check_long},
        {"quantize, around ties", check_quantize_ties},
        {"dequantize, parameters", check_dequantize_values},
        {"quantize and dequantize, lengths and places", check_mapping_placements},
        {"widen, all 16-bit patterns", check_widen_16},
        {"widen, float32 and float64", check_widen_wide},
        {"widen, lengths and places", check_widen_placements},
    };
    return random_end(rows_run("kernels/table", groups, LENGTH(groups), others, LENGTH(others)));
}
