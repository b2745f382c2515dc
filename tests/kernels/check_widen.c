/* SPDX-License-Identifier: MIT */
/* A kind of kernels: widen. */
#include <string.h>

#include "kinds.h"

static bool is_wide_source(enum quant_dtype dtype)
{
    const struct quant_dtype_info *info = quant_dtype_info(dtype);
    return info && info->is_source && info->bits > 8;
}

static void widen_run(const struct quant_kernels *row, struct call *call)
{
    row->widen[call->dtype](call->arrays[0], call->n, call->big, call->arrays[1]);
}

/* A float64 for which rounding to float32 matters: halfway between neighbours and one unit beside
 * it, near the largest float32, among the subnormals; and random bits. */
static uint64_t wide_pattern(struct random *random)
{
    double value = (double)float_of((uint32_t)random_64(random));
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    switch (random_below(random, 5)) {
    case 0: /* the first bit that float32 lacks, and the bits after it: -2 .. 2 */
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

static void widen_fill(struct random *random, size_t round, struct call *call)
{
    const size_t size = (size_t)quant_dtype_bytes(call->dtype, 1);
    unsigned char *bytes = call->arrays[0];
    call->big = round % 2;
    random_bytes(random, bytes, call->n * size);
    if (call->dtype != QUANT_FLOAT64)
        return;
    for (size_t i = 0; i < call->n; i++) {
        const uint64_t bits = wide_pattern(random);
        for (size_t k = 0; k < size; k++)
            bytes[i * size + k] = (unsigned char)(bits >> 8 * (call->big ? size - 1 - k : k));
    }
}

static void widen_fill_typical(struct random *random, size_t variant, struct call *call)
{
    (void)random;
    call->big = variant == 1;
    memset(call->arrays[0], 0x3C, bytes_of_elements(call));
}

/* All patterns of the 16-bit types, in both byte orders, at an even and an odd address. */
static void check_patterns(const struct quant_kernels *row)
{
    enum { PATTERNS = 65536 };
    for (size_t i = 0; i < 8; i++) {
        const bool is_odd = i / 4;
        struct work work;
        work_begin(&work, &kind_widen, i % 2 ? QUANT_BFLOAT16 : QUANT_FLOAT16, PATTERNS + is_odd);
        work.call.n = PATTERNS;
        work.call.big = i / 2 % 2;
        work.call.arrays[0] = (unsigned char *)work.call.arrays[0] + is_odd;
        work.found.arrays[0] = work.expected.arrays[0] = work.call.arrays[0];
        for (size_t k = 0; k < PATTERNS; k++) {
            const uint16_t pattern = (uint16_t)k;
            memcpy((unsigned char *)work.call.arrays[0] + 2 * k, &pattern, sizeof pattern);
        }
        work_compare(&work, row, "every pattern");
        work.call.arrays[0] = (unsigned char *)work.call.arrays[0] - is_odd;
        work_end(&work);
    }
}

static const struct check widen_checks[] = {{"every 16-bit pattern", check_patterns}, {NULL, NULL}};

const struct kind kind_widen = {
    .name = "widen",
    .member = offsetof(struct quant_kernels, widen),
    .nmembers = QUANT_DTYPE_COUNT,
    .is_for = is_wide_source,
    .takes_null = true,
    .arrays = {{"bytes", bytes_of_elements, 1, false}, {"x", bytes_of_floats, sizeof(float), true}},
    .fill = widen_fill,
    .fill_typical = widen_fill_typical,
    .variants = {"little", "big"},
    .run = widen_run,
    .nrounds = 200,
    .placed = {0, 1, 2, 0, 1},
    .checks = widen_checks,
};
