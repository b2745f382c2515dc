/* SPDX-License-Identifier: MIT */
/* Every row of the kernel table against the scalar definition, bit for bit, where the types beside
 * int8 and uint8 ask for elements of their own: around the ends of 16 bits, and every level. */
#include "arrays.h"
#include "rows.h"

enum { VALUES = 777, PATTERNS = 65536, TWICE = 2 * PATTERNS };

static bool is_integer(enum quant_dtype dtype)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    return info && info->is_integer;
}

/* Ties of the whole range and beyond its ends, for zero points inside and outside the type. */
static void check_ends(const struct quant_kernels *row)
{
    struct random random = random_begin();
    static float x[VALUES];
    static _Alignas(uint16_t) unsigned char q[VALUES * 2];
    static _Alignas(uint16_t) unsigned char expected[VALUES * 2];
    for (size_t round = 0; round < 400 * (size_t)QUANT_DTYPE_COUNT; round++) {
        const enum quant_dtype dtype = (enum quant_dtype)(round % QUANT_DTYPE_COUNT);
        if (!row->quantize[dtype] || !is_integer(dtype))
            continue;
        const struct quant_dtype_info *info = quant_dtype_info(dtype);
        struct operation operation = {.kind = QUANTIZE, .dtype = dtype};
        struct quant_params *params = &operation.params;
        *params = (struct quant_params){
            .dtype = dtype,
            .rounding = random_64(&random) & 1 ? QUANT_HALF_AWAY : QUANT_HALF_EVEN,
            .qmin = (int32_t)info->least + (int32_t)random_below(&random, 3),
            .qmax = (int32_t)info->greatest - (int32_t)random_below(&random, 3),
            .scale = random_scale(&random),
            .zero_point = (int32_t)random_below(&random, 1U << (4 + round % 20)) - (1 << 3),
        };
        const uint32_t width = (uint32_t)(params->qmax - params->qmin) + 9;
        for (size_t i = 0; i < VALUES; i++) {
            const double k = params->qmin - 4 + (double)random_below(&random, width) + 0.5;
            const double tie = (k - params->zero_point) * (double)params->scale;
            x[i] = i % 7 ? random_nudge(&random, (float)tie, 3) : random_special(&random);
        }
        compare_values(row, &operation, x, VALUES, q, expected);
    }
}

/* An x whose quotient lies between two numbers of a float type, or close beside the middle. */
static float between(struct random *random, enum quant_dtype dtype, float scale)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    const int least = ilogb(info->epsilon) < -8 ? -28 : dtype == QUANT_BFLOAT16 ? -136 : -20;
    const int width = ilogb(info->greatest) - least + 2;
    const double exponent = least + (int)random_below(random, (uint32_t)width);
    const double steps = floor((1 + random_unit(random)) / info->epsilon);
    const double tie = ldexp((steps + 0.5) * info->epsilon, (int)exponent);
    const double by = info->is_unscaled ? 1 : (double)scale;
    const float x = (float)(random_64(random) & 1 ? -tie * by : tie * by);
    return isfinite(x) ? random_nudge(random, x, 2) : x;
}

/* Random bits, specials, and what lies between two numbers of the type. */
static void check_floats(const struct quant_kernels *row)
{
    struct random random = random_begin();
    static float x[VALUES];
    static _Alignas(uint16_t) unsigned char q[VALUES * 2];
    static _Alignas(uint16_t) unsigned char expected[VALUES * 2];
    for (size_t round = 0; round < 400 * (size_t)QUANT_DTYPE_COUNT; round++) {
        const enum quant_dtype dtype = (enum quant_dtype)(round % QUANT_DTYPE_COUNT);
        if (!row->quantize[dtype] || is_integer(dtype))
            continue;
        struct operation operation = {.kind = QUANTIZE, .dtype = dtype};
        operation.params = (struct quant_params){.dtype = dtype, .scale = random_scale(&random)};
        if (round % 2)
            operation.params.scale = (float)ldexp(1, (int)(round % 240) - 120);
        for (size_t i = 0; i < VALUES; i++) {
            x[i] = between(&random, dtype, operation.params.scale);
            if (i % 5 == 0)
                x[i] = i % 10 ? float_of((uint32_t)random_64(&random)) : random_special(&random);
        }
        compare_values(row, &operation, x, VALUES, q, expected);
    }
}

/* Every 16-bit pattern, which are the values of all types, comes back as the scalar row says. */
static void check_patterns(const struct quant_kernels *row)
{
    static uint16_t q[PATTERNS];
    static float x[TWICE];
    static float expected[TWICE];
    for (size_t i = 0; i < PATTERNS; i++)
        q[i] = (uint16_t)i;
    for (int dtype = 0; dtype < QUANT_DTYPE_COUNT; dtype++)
        for (size_t i = 0; row->dequantize[dtype] && i < 4; i++) {
            struct operation operation = {.kind = DEQUANTIZE, .dtype = (enum quant_dtype)dtype};
            operation.params = (struct quant_params){
                .dtype = (enum quant_dtype)dtype,
                .scale = (const float[]){1, 0.1F, 0x1p-120F, 1e37F}[i],
                .zero_point = is_integer((enum quant_dtype)dtype) ? (int32_t)i * 1000 - 1 : 0,
            };
            const size_t n = (size_t)(sizeof q / quant_dtype_bytes(operation.dtype, 2) * 2);
            compare_values(row, &operation, q, n < TWICE ? n : TWICE, (unsigned char *)x,
                           (unsigned char *)expected);
        }
}

/* Few, many and all levels, at every length and place. */
static void check_levels(const struct quant_kernels *row)
{
    enum { MOST = 4 * 64 + 3, WORDS = 1024 };
    struct random random = random_begin();
    struct guarded guarded = guarded_new((size_t)(MOST + MOST_SHIFT) * 2);
    static uint64_t found[WORDS];
    static uint64_t expected[WORDS];
    for (int dtype = 0; dtype < QUANT_DTYPE_COUNT; dtype++)
        for (size_t n = 0; row->mark_levels[dtype] && n <= MOST; n++) {
            const size_t nbytes = (size_t)quant_dtype_bytes((enum quant_dtype)dtype, n);
            const long step = (long)quant_dtype_bytes((enum quant_dtype)dtype, 1);
            unsigned char *q =
                guarded_place(&guarded, n % 3 ? (long)(n % MOST_SHIFT) * step : -1, nbytes);
            random_bytes(&random, q, nbytes);
            for (size_t i = 0; n % 2 && i < nbytes; i++)
                q[i] &= 0x81;
            memset(found, 0, sizeof found);
            found[3] = UINT64_C(1) << 63;
            memcpy(expected, found, sizeof found);
            quant_kernels_scalar.mark_levels[dtype](q, n, expected);
            row->mark_levels[dtype](q, n, found);
            if (memcmp(found, expected, sizeof found) != 0)
                fail_msg("%s, mark_levels, %s, n %zu", row->name,
                         quant_dtype_info((enum quant_dtype)dtype)->name, n);
        }
    guarded_free(&guarded);
}

int main(void)
{
    static const struct row_group groups[] = {
        {"quantize, around the ends of the type", check_ends},
        {"quantize to floats, between two of them", check_floats},
        {"dequantize, every pattern", check_patterns},
        {"mark_levels", check_levels},
    };
    return random_end(rows_run("kernels/table_types", groups, LENGTH(groups), NULL, 0));
}
