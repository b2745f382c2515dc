/* SPDX-License-Identifier: MIT */
/*
 * The definition: what the bytes are. Plain C, one element after the other, with nothing assumed of
 * the processor but IEEE 754 arithmetic; every other file in this folder has to agree with it bit
 * for bit, and uses it for its tails.
 */
#include <math.h>
#include <string.h>

#include "base/endian.h"
#include "kernels/kernels.h"

static bool scalar_supported(void)
{
    return true;
}

static void scalar_observe(const float *x, size_t n, struct quant_observed *observed)
{
    float least = observed->least;
    float greatest = observed->greatest;
    for (size_t i = 0; i < n; i++) {
        if (isfinite(x[i])) {
            least = x[i] < least ? x[i] : least;
            greatest = x[i] > greatest ? x[i] : greatest;
        } else if (observed->nonfinite++ == 0) {
            observed->first_nonfinite = observed->count + i;
            observed->nonfinite_value = x[i];
        }
    }
    observed->least = least;
    observed->greatest = greatest;
    observed->count += n;
}

/* round(x / s) + z before the clamp. In double the sum is exact wherever it lies near the target
 * range, and cannot overflow; where |x / s| is beyond 2^53 its rounding does not reach the clamp.
 */
static inline double map_element(const struct quant_params *params, float x)
{
    const float ratio = x / params->scale;
    const float rounded = params->rounding == QUANT_HALF_EVEN ? rintf(ratio) : roundf(ratio);
    return (double)rounded + (double)params->zero_point;
}

static inline int32_t clamp_mapped(const struct quant_params *params, double mapped)
{
    if (isnan(mapped))
        mapped = (double)params->zero_point;
    if (mapped <= (double)params->qmin)
        return params->qmin;
    if (mapped >= (double)params->qmax)
        return params->qmax;
    return (int32_t)mapped;
}

/* (float)(q - z) * s. The difference of two 32-bit integers needs 33 bits. */
static inline float restore_element(const struct quant_params *params, int32_t q)
{
    return (float)((int64_t)q - params->zero_point) * params->scale;
}

#define DEFINE_MAPPINGS(type)                                                                      \
    static void scalar_quantize_##type(const struct quant_params *params, const float *x,          \
                                       size_t n, void *q)                                          \
    {                                                                                              \
        type##_t *integers = q;                                                                    \
        for (size_t i = 0; i < n; i++)                                                             \
            integers[i] = (type##_t)clamp_mapped(params, map_element(params, x[i]));               \
    }                                                                                              \
                                                                                                   \
    static void scalar_dequantize_##type(const struct quant_params *params, const void *q,         \
                                         size_t n, float *x)                                       \
    {                                                                                              \
        const type##_t *integers = q;                                                              \
        for (size_t i = 0; i < n; i++)                                                             \
            x[i] = restore_element(params, integers[i]);                                           \
    }

DEFINE_MAPPINGS(int8)
DEFINE_MAPPINGS(uint8)

static float float_from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. All of its numbers, the
 * subnormals m * 2^-24 too, are normal float32 numbers. */
static float widen_float16(uint16_t bits)
{
    const uint32_t sign = (uint32_t)(bits & 0x8000U) << 16;
    const uint32_t exponent = (bits >> 10) & 0x1FU;
    const uint32_t fraction = bits & 0x3FFU;
    if (exponent == 0x1F) /* a NaN comes out quiet, as processors make it */
        return float_from_bits(sign | 0x7F800000U | (fraction ? 0x400000U : 0) | fraction << 13);
    if (exponent == 0) {
        const float magnitude = (float)fraction * 0x1p-24F;
        return sign ? -magnitude : magnitude;
    }
    return float_from_bits(sign | (exponent + 127 - 15) << 23 | fraction << 13);
}

static void scalar_widen_float16(const void *bytes, size_t n, bool big, float *x)
{
    const unsigned char *from = bytes;
    for (size_t i = 0; i < n; i++)
        x[i] = widen_float16(quant_load_16(from + 2 * i, big));
}

static void scalar_widen_bfloat16(const void *bytes, size_t n, bool big, float *x)
{
    const unsigned char *from = bytes;
    for (size_t i = 0; i < n; i++)
        x[i] = float_from_bits((uint32_t)quant_load_16(from + 2 * i, big) << 16);
}

static void scalar_widen_float32(const void *bytes, size_t n, bool big, float *x)
{
    const unsigned char *from = bytes;
    for (size_t i = 0; i < n; i++)
        x[i] = float_from_bits(quant_load_32(from + 4 * i, big));
}

static void scalar_widen_float64(const void *bytes, size_t n, bool big, float *x)
{
    const unsigned char *from = bytes;
    for (size_t i = 0; i < n; i++) {
        const uint64_t bits = quant_load_64(from + 8 * i, big);
        double value;
        memcpy(&value, &bits, sizeof value);
        x[i] = (float)value;
    }
}

static void measure_element(const struct quant_params *params, float x, float restored, size_t lane,
                            struct quant_measure_block *block)
{
    const double original = (double)x;
    const double back = (double)restored;
    const double e = original - back;
    block->lanes[QUANT_SUM_SQUARED_ERROR][lane] += e * e;
    block->lanes[QUANT_SUM_ABS_ERROR][lane] += fabs(e);
    block->lanes[QUANT_SUM_ERROR][lane] += e;
    block->lanes[QUANT_SUM_SQUARED_X][lane] += original * original;
    block->lanes[QUANT_SUM_SQUARED_RESTORED][lane] += back * back;
    block->lanes[QUANT_SUM_PRODUCT][lane] += original * back;

    const double mapped = map_element(params, x);
    block->clipped += mapped < (double)params->qmin || mapped > (double)params->qmax;
    block->zeroed += x != 0 && restored == 0;
    block->sign_flipped += (x < 0 && restored > 0) || (x > 0 && restored < 0);
}

void quant_scalar_measure(const struct quant_params *params, const float *x, const float *restored,
                          size_t n, size_t first_lane, struct quant_measure_block *block)
{
    block->nonfinite = block->clipped = block->zeroed = block->sign_flipped = 0;
    block->max_abs_error = -1;
    block->max_abs_error_index = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i])) {
            block->nonfinite++;
            continue;
        }
        measure_element(params, x[i], restored[i], (first_lane + i) % QUANT_MEASURE_LANES, block);
        const double abs_error = fabs((double)x[i] - (double)restored[i]);
        if (abs_error > block->max_abs_error) {
            block->max_abs_error = abs_error;
            block->max_abs_error_index = i;
        }
    }
}

const struct quant_kernels quant_kernels_scalar = {
    .name = "scalar",
    .summary = "portable C, one element at a time: the definition",
    .supported = scalar_supported,
    .observe = scalar_observe,
    .quantize =
        {
            [QUANT_INT8] = scalar_quantize_int8,
            [QUANT_UINT8] = scalar_quantize_uint8,
        },
    .dequantize =
        {
            [QUANT_INT8] = scalar_dequantize_int8,
            [QUANT_UINT8] = scalar_dequantize_uint8,
        },
    .widen =
        {
            [QUANT_FLOAT16] = scalar_widen_float16,
            [QUANT_BFLOAT16] = scalar_widen_bfloat16,
            [QUANT_FLOAT32] = scalar_widen_float32,
            [QUANT_FLOAT64] = scalar_widen_float64,
        },
    .measure = quant_scalar_measure,
};
