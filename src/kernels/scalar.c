/* SPDX-License-Identifier: MIT */
/*
 * The definition of every byte: plain C, one element after the other, which assumes nothing about
 * the processor except IEEE 754 arithmetic. Every other file in this directory must agree with it
 * bit for bit, and calls it for the elements that do not fill a vector. scalar_floats.c defines
 * float targets.
 */
#include <math.h>
#include <string.h>

#include "base/endian.h"
#include "base/nibble.h"
#include "base/sum_order.h"
#include "kernels/scalar.h"

static bool scalar_supported(void)
{
    return true;
}

static void scalar_observe(const float *x, size_t n, struct quant_observed *observed)
{
    float min = observed->min;
    float max = observed->max;
    for (size_t i = 0; i < n; i++) {
        if (isfinite(x[i])) {
            min = x[i] < min ? x[i] : min;
            max = x[i] > max ? x[i] : max;
        } else if (observed->nonfinite++ == 0) {
            observed->first_nonfinite = observed->count + i;
            observed->nonfinite_value = x[i];
        }
    }
    observed->min = min;
    observed->max = max;
    observed->count += n;
}

/* round(x / s) + z before the clamp. In double, the sum is exact near the target range and cannot
 * overflow; for |x / s| beyond 2^53 it is rounded, but far outside the range, where the clamp hides
 * it. */
static inline double map_plain(const struct quant_params *params, float x)
{
    const float ratio = x / params->scale;
    const float rounded = params->rounding == QUANT_HALF_EVEN ? rintf(ratio) : roundf(ratio);
    return (double)rounded + (double)params->zero_point;
}

/* The same by any mapping. */
static double map_element(const struct quant_params *params, float x)
{
    return params->mapping == QUANT_MAP_PLAIN ? map_plain(params, x) : quant_scalar_map(params, x);
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

/* (float)(q - z) * s. The difference of two 32-bit integers needs 33 bits: it is exact, and rounded
 * to float32 once. */
static inline float restore_element(const struct quant_params *params, int32_t q)
{
    return (float)((int64_t)q - params->zero_point) * params->scale;
}

#define DEFINE_MAPPINGS(type)                                                                      \
    void quant_scalar_quantize_##type(const struct quant_params *params, const float *x, size_t n, \
                                      void *q)                                                     \
    {                                                                                              \
        type##_t *integers = q;                                                                    \
        for (size_t i = 0; i < n; i++)                                                             \
            integers[i] = (type##_t)clamp_mapped(params, map_plain(params, x[i]));                 \
    }                                                                                              \
                                                                                                   \
    void quant_scalar_dequantize_##type(const struct quant_params *params, const void *q,          \
                                        size_t n, float *x)                                        \
    {                                                                                              \
        const type##_t *integers = q;                                                              \
        for (size_t i = 0; i < n; i++)                                                             \
            x[i] = restore_element(params, integers[i]);                                           \
    }

DEFINE_MAPPINGS(int8)
DEFINE_MAPPINGS(uint8)
DEFINE_MAPPINGS(int16)
DEFINE_MAPPINGS(uint16)
DEFINE_MAPPINGS(int32)

/* Serves both 4-bit types: they differ in the limits of the clamp only. */
void quant_scalar_quantize_nibbles(const struct quant_params *params, const float *x, size_t n,
                                   void *q)
{
    for (size_t i = 0; i < n; i++)
        quant_nibble_put(q, i, (unsigned)clamp_mapped(params, map_plain(params, x[i])));
}

void quant_scalar_dequantize_int4(const struct quant_params *params, const void *q, size_t n,
                                  float *x)
{
    for (size_t i = 0; i < n; i++)
        x[i] = restore_element(params, quant_nibble_signed(quant_nibble_get(q, i)));
}

void quant_scalar_dequantize_uint4(const struct quant_params *params, const void *q, size_t n,
                                   float *x)
{
    for (size_t i = 0; i < n; i++)
        x[i] = restore_element(params, (int32_t)quant_nibble_get(q, i));
}

static float float_from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. All its numbers, even the
 * subnormals m * 2^-24, are normal float32 numbers. */
static float widen_float16(uint16_t bits)
{
    const uint32_t sign = (uint32_t)(bits & 0x8000U) << 16;
    const uint32_t exponent = (bits >> 10) & 0x1FU;
    const uint32_t fraction = bits & 0x3FFU;
    if (exponent == 0x1F) /* a NaN becomes quiet, as processors make it */
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

/* Numbers the floats in order, without gaps: without the sign bit, the bits rise with the
 * magnitude. */
static float float_from_rank(int64_t rank)
{
    return rank < 0 ? -float_from_bits((uint32_t)-rank) : float_from_bits((uint32_t)rank);
}

static const int64_t RANK_OF_FLT_MAX = 0x7F7FFFFF;

/* The smallest rank, from -FLT_MAX on, whose float maps to at least bound; if there is no such
 * float, one more than the rank of FLT_MAX. */
static int64_t rank_reaching(const struct quant_params *params, double bound)
{
    int64_t low = -RANK_OF_FLT_MAX;
    int64_t high = RANK_OF_FLT_MAX + 1;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (map_element(params, float_from_rank(middle)) >= bound)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Elements are clipped by the scale alone, so that a file of integers and their original have the
 * same figure as when they were made. */
static struct quant_params by_scale(const struct quant_params *params)
{
    struct quant_params copy = *params;
    copy.factor = 0;
    return copy;
}

/* For a scale that is not negative. */
static void find_unclipped(const struct quant_params *params, float *min, float *max)
{
    const int64_t first = rank_reaching(params, (double)params->qmin);
    const int64_t beyond = rank_reaching(params, (double)params->qmax + 1);
    *min = first < beyond ? float_from_rank(first) : INFINITY;
    *max = first < beyond ? float_from_rank(beyond - 1) : -INFINITY;
}

void quant_unclipped_range(const struct quant_params *params, float *min, float *max)
{
    if (quant_dtype_info(params->dtype)->block_nelems > 0) { /* each block has its own range */
        *min = -INFINITY;
        *max = INFINITY;
        return;
    }
    if (!quant_dtype_info(params->dtype)->is_integer) {
        quant_scalar_unclipped_floats(params, min, max);
        return;
    }
    struct quant_params rising = by_scale(params);
    rising.scale = fabsf(rising.scale);
    find_unclipped(&rising, min, max);
    if (params->scale < 0 && *min <= *max) { /* x / s is -x / -s */
        const float least = *min;
        *min = -*max;
        *max = -least;
    }
}

bool quant_is_clipped(const struct quant_params *params, float x)
{
    if (!quant_dtype_info(params->dtype)->is_integer)
        return quant_scalar_clips_float(params, x);
    const struct quant_params own = by_scale(params);
    const double mapped = map_element(&own, x);
    return mapped < (double)params->qmin || mapped > (double)params->qmax;
}

/* On a processor without fused multiply-add, fma is correct too, but slow. */
static void measure_element(float x, float restored, size_t lane, struct quant_measure_block *block)
{
    const double original = (double)x;
    const double back = (double)restored;
    const double e = original - back;
    double *squared_error = &block->lanes[QUANT_SUM_SQUARED_ERROR][lane];
    *squared_error = fma(e, e, *squared_error);
    block->lanes[QUANT_SUM_ABS_ERROR][lane] += fabs(e);
    block->lanes[QUANT_SUM_ERROR][lane] += e;
    block->lanes[QUANT_SUM_SQUARED_X][lane] += original * original;
    block->lanes[QUANT_SUM_SQUARED_RESTORED][lane] += back * back;
    block->lanes[QUANT_SUM_PRODUCT][lane] += original * back;
    block->clipped += x < block->min_unclipped || x > block->max_unclipped;
    block->zeroed += x != 0 && restored == 0;
    block->sign_flipped += (x < 0 && restored > 0) || (x > 0 && restored < 0);
}

static void scalar_measure(const float *x, const float *restored, size_t n, size_t first_lane,
                           struct quant_measure_block *block)
{
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i])) {
            block->nonfinite++;
            continue;
        }
        measure_element(x[i], restored[i], (first_lane + i) % QUANT_MEASURE_LANES, block);
        const double abs_error = fabs((double)x[i] - (double)restored[i]);
        if (abs_error > block->max_abs_error) {
            block->max_abs_error = abs_error;
            block->max_abs_error_index = i;
        }
    }
}

static inline void mark_level(uint64_t *levels, uint32_t level)
{
    levels[level / 64] |= UINT64_C(1) << (level % 64);
}

static void scalar_mark_levels_int8(const void *q, size_t n, uint64_t *levels)
{
    const int8_t *integers = q;
    for (size_t i = 0; i < n; i++)
        mark_level(levels, (uint32_t)(integers[i] - INT8_MIN));
}

static void scalar_mark_levels_uint8(const void *q, size_t n, uint64_t *levels)
{
    const uint8_t *integers = q;
    for (size_t i = 0; i < n; i++)
        mark_level(levels, integers[i]);
}

void quant_scalar_mark_levels_int4(const void *q, size_t n, uint64_t *levels)
{
    for (size_t i = 0; i < n; i++)
        mark_level(levels, (uint32_t)(quant_nibble_signed(quant_nibble_get(q, i)) + 8));
}

void quant_scalar_mark_levels_uint4(const void *q, size_t n, uint64_t *levels)
{
    for (size_t i = 0; i < n; i++)
        mark_level(levels, quant_nibble_get(q, i));
}

void quant_scalar_mark_levels_int16(const void *q, size_t n, uint64_t *levels)
{
    const int16_t *integers = q;
    for (size_t i = 0; i < n; i++)
        mark_level(levels, (uint32_t)(integers[i] - INT16_MIN));
}

void quant_scalar_mark_levels_uint16(const void *q, size_t n, uint64_t *levels)
{
    const uint16_t *integers = q;
    for (size_t i = 0; i < n; i++)
        mark_level(levels, integers[i]);
}

const struct quant_kernels quant_kernels_scalar = {
    .name = "scalar",
    .summary = "portable C, one element at a time; defines the results",
    .supported = scalar_supported,
    .observe = scalar_observe,
    .quantize =
        {
            [QUANT_INT8] = quant_scalar_quantize_int8,
            [QUANT_UINT8] = quant_scalar_quantize_uint8,
            [QUANT_INT4] = quant_scalar_quantize_nibbles,
            [QUANT_UINT4] = quant_scalar_quantize_nibbles,
            [QUANT_INT16] = quant_scalar_quantize_int16,
            [QUANT_UINT16] = quant_scalar_quantize_uint16,
            [QUANT_INT32] = quant_scalar_quantize_int32,
            [QUANT_FLOAT8_E4M3FN] = quant_scalar_quantize_float8_e4m3fn,
            [QUANT_FLOAT8_E5M2] = quant_scalar_quantize_float8_e5m2,
            [QUANT_FLOAT16] = quant_scalar_quantize_float16,
            [QUANT_BFLOAT16] = quant_scalar_quantize_bfloat16,
        },
    .dequantize =
        {
            [QUANT_INT8] = quant_scalar_dequantize_int8,
            [QUANT_UINT8] = quant_scalar_dequantize_uint8,
            [QUANT_INT4] = quant_scalar_dequantize_int4,
            [QUANT_UINT4] = quant_scalar_dequantize_uint4,
            [QUANT_INT16] = quant_scalar_dequantize_int16,
            [QUANT_UINT16] = quant_scalar_dequantize_uint16,
            [QUANT_INT32] = quant_scalar_dequantize_int32,
            [QUANT_FLOAT8_E4M3FN] = quant_scalar_dequantize_float8_e4m3fn,
            [QUANT_FLOAT8_E5M2] = quant_scalar_dequantize_float8_e5m2,
            [QUANT_FLOAT16] = quant_scalar_dequantize_float16,
            [QUANT_BFLOAT16] = quant_scalar_dequantize_bfloat16,
        },
    .mapped_8 = quant_scalar_mapped_8,
    .mapped_16 = quant_scalar_mapped_16,
    .widen =
        {
            [QUANT_FLOAT16] = scalar_widen_float16,
            [QUANT_BFLOAT16] = scalar_widen_bfloat16,
            [QUANT_FLOAT32] = scalar_widen_float32,
            [QUANT_FLOAT64] = scalar_widen_float64,
        },
    .measure = scalar_measure,
    .point_errors = quant_scalar_point_errors,
    .multiply = quant_scalar_multiply,
    .mark_levels =
        {
            [QUANT_INT8] = scalar_mark_levels_int8,
            [QUANT_UINT8] = scalar_mark_levels_uint8,
            [QUANT_INT4] = quant_scalar_mark_levels_int4,
            [QUANT_UINT4] = quant_scalar_mark_levels_uint4,
            [QUANT_INT16] = quant_scalar_mark_levels_int16,
            [QUANT_UINT16] = quant_scalar_mark_levels_uint16,
            [QUANT_FLOAT8_E4M3FN] = quant_scalar_mark_levels_float8,
            [QUANT_FLOAT8_E5M2] = quant_scalar_mark_levels_float8,
            [QUANT_FLOAT16] = quant_scalar_mark_levels_float16,
            [QUANT_BFLOAT16] = quant_scalar_mark_levels_float16,
        },
    .integer_range =
        {
            [QUANT_INT8] = quant_scalar_integer_range_int8,
            [QUANT_UINT8] = quant_scalar_integer_range_uint8,
            [QUANT_INT4] = quant_scalar_integer_range_int4,
            [QUANT_UINT4] = quant_scalar_integer_range_uint4,
            [QUANT_INT16] = quant_scalar_integer_range_int16,
            [QUANT_UINT16] = quant_scalar_integer_range_uint16,
            [QUANT_INT32] = quant_scalar_integer_range_int32,
        },
    .observe_each = quant_scalar_observe_each,
    .observe_runs = quant_scalar_observe_runs,
    .quantize_each =
        {
            [QUANT_INT8] = quant_scalar_quantize_each_int8,
            [QUANT_UINT8] = quant_scalar_quantize_each_uint8,
            [QUANT_INT4] = quant_scalar_quantize_each_nibbles,
            [QUANT_UINT4] = quant_scalar_quantize_each_nibbles,
            [QUANT_INT16] = quant_scalar_quantize_each_int16,
            [QUANT_UINT16] = quant_scalar_quantize_each_uint16,
            [QUANT_INT32] = quant_scalar_quantize_each_int32,
            [QUANT_FLOAT8_E4M3FN] = quant_scalar_quantize_each_float8_e4m3fn,
            [QUANT_FLOAT8_E5M2] = quant_scalar_quantize_each_float8_e5m2,
        },
    .scale_each = quant_scalar_scale_each,
    .each_errors = quant_scalar_each_errors,
    .run_errors = quant_scalar_run_errors,
};
