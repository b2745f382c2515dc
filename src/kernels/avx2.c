/* SPDX-License-Identifier: MIT */
/* AVX2 with FMA and F16C: 8 floats per vector, 32 elements per step. */
#include "kernels/kernels.h"

#if defined(__x86_64__)

#include "kernels/avx2_integers.h"
#include "kernels/avx2_types.h"
#include "kernels/cpu.h"
#include "kernels/fixed_point.h"
#include "kernels/scalar.h"

/* ---- Quantizing ---- */

struct quantize_plan {
    struct quant_fixed_point fixed;
    __m256 factor, bias;
    struct byte_limits limits;
    struct division by;
    bool divides; /* by.lowest and by.highest are exact, so division may be used */
    bool is_unsigned;
    bool streams; /* stores bypass the caches; q is aligned */
};

AVX2 static struct quantize_plan make_plan(const struct quant_params *params, size_t n,
                                           bool is_unsigned)
{
    const struct quant_fixed_point fixed = quant_fixed_point_plan(params);
    return (struct quantize_plan){
        .fixed = fixed,
        .factor = _mm256_set1_ps(fixed.factor),
        .bias = _mm256_set1_ps(fixed.bias),
        .limits = make_limits(params, fixed.band),
        .by = make_division(params),
        .divides = quant_zero_point_is_near(params),
        .is_unsigned = is_unsigned,
        .streams = n >= QUANT_STREAM_FROM,
    };
}

/* A function of its own: ties are rare, and the loop is faster without this code in it. */
AVX2 static __m256i divide_step(const struct quantize_plan *plan, const float *x)
{
    return divide_bytes(&plan->by, x, plan->is_unsigned);
}

AVX2 ALWAYS_INLINE void quantize_step(const struct quantize_plan *plan, const float *x,
                                      const struct quantize_kind kind, uint8_t *q)
{
    __m256i v[4];
    for (size_t k = 0; k < 4; k++)
        v[k] = fix_point(x + LANES * k, plan->factor, plan->bias);
    if (is_near_tie(&plan->limits, min_halves(v)))
        put(divide_step(plan, x), kind.streams, q);
    else
        put(narrow(&plan->limits, v, kind), kind.streams, q);
}

/* Returns the number of elements done. Looks for ties once for two steps: once for each step takes
 * a twelfth more time, once for four steps is not faster. Prefetching by hand was tried too: it
 * gains nothing, from memory or from a cache. */
AVX2 ALWAYS_INLINE size_t quantize_steps(const struct quantize_plan *plan, const float *x, size_t n,
                                         const struct quantize_kind kind, uint8_t *q)
{
    size_t i = 0;
    for (; n - i >= (size_t)2 * STEP; i += (size_t)2 * STEP) {
        __m256i v[8];
#pragma GCC unroll 8
        for (size_t k = 0; k < 8; k++)
            v[k] = fix_point(x + i + LANES * k, plan->factor, plan->bias);
        if (is_near_tie(&plan->limits, _mm256_min_epu16(min_halves(v), min_halves(v + 4)))) {
            quantize_step(plan, x + i, kind, q + i);
            quantize_step(plan, x + i + STEP, kind, q + i + STEP);
            continue;
        }
        put(narrow(&plan->limits, v, kind), kind.streams, q + i);
        put(narrow(&plan->limits, v + 4, kind), kind.streams, q + i + STEP);
    }
    for (; n - i >= STEP; i += STEP)
        quantize_step(plan, x + i, kind, q + i);
    return i;
}

AVX2 static size_t divide_steps(const struct quantize_plan *plan, const float *x, size_t n,
                                uint8_t *q)
{
    size_t i = 0;
    for (; n - i >= STEP; i += STEP)
        put(divide_step(plan, x + i), plan->streams, q + i);
    return i;
}

AVX2 ALWAYS_INLINE size_t quantize_clamped(const struct quantize_plan *plan, const float *x,
                                           size_t n, bool is_unsigned, enum clamp clamp, uint8_t *q)
{
    return plan->streams
               ? quantize_steps(plan, x, n, (struct quantize_kind){is_unsigned, clamp, true}, q)
               : quantize_steps(plan, x, n, (struct quantize_kind){is_unsigned, clamp, false}, q);
}

AVX2 ALWAYS_INLINE size_t quantize_bulk(const struct quantize_plan *plan,
                                        const struct quant_params *params, const float *x, size_t n,
                                        bool is_unsigned, uint8_t *q)
{
    if (!plan->fixed.usable)
        return plan->divides ? divide_steps(plan, x, n, q) : 0;
    if (params->qmax < (is_unsigned ? UINT8_MAX : INT8_MAX))
        return quantize_clamped(plan, x, n, is_unsigned, CLAMP_BOTH, q);
    if (params->qmin > (is_unsigned ? 0 : INT8_MIN))
        return quantize_clamped(plan, x, n, is_unsigned, CLAMP_BELOW, q);
    return quantize_clamped(plan, x, n, is_unsigned, CLAMP_NEITHER, q);
}

/* Whole steps here; the scalar code does the elements before and after them. */
AVX2 ALWAYS_INLINE void quantize_bytes(const struct quant_params *params, const float *x, size_t n,
                                       uint8_t *q, bool is_unsigned)
{
    quant_quantize_fn *const scalar = quant_kernels_scalar.quantize[params->dtype];
    const struct quantize_plan plan = make_plan(params, n, is_unsigned);
    size_t done = plan.streams ? quant_bytes_to_alignment(q, 2 * sizeof(__m256i)) : 0;
    scalar(params, x, done, q);
    done += quantize_bulk(&plan, params, x + done, n - done, is_unsigned, q + done);
    if (plan.streams)
        _mm_sfence(); /* streamed stores become visible before any later store */
    scalar(params, x + done, n - done, q + done);
}

AVX2 static void quantize_int8(const struct quant_params *params, const float *x, size_t n, void *q)
{
    quantize_bytes(params, x, n, q, false);
}

AVX2 static void quantize_uint8(const struct quant_params *params, const float *x, size_t n,
                                void *q)
{
    quantize_bytes(params, x, n, q, true);
}

/* ---- Dequantizing ---- */

AVX2 ALWAYS_INLINE size_t dequantize_steps(const struct quant_params *params,
                                           const unsigned char *q, size_t n, float *x,
                                           bool is_unsigned)
{
    const __m256i zero_point = _mm256_set1_epi32(params->zero_point);
    const __m256 scale = _mm256_set1_ps(params->scale);
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        const __m128i bytes = _mm_loadl_epi64((const __m128i *)(q + i));
        const __m256i wide =
            is_unsigned ? _mm256_cvtepu8_epi32(bytes) : _mm256_cvtepi8_epi32(bytes);
        const __m256 steps = _mm256_cvtepi32_ps(_mm256_sub_epi32(wide, zero_point));
        _mm256_storeu_ps(x + i, _mm256_mul_ps(steps, scale));
    }
    return i;
}

AVX2 static void dequantize_int8(const struct quant_params *params, const void *q, size_t n,
                                 float *x)
{
    const size_t done =
        quant_zero_point_is_near(params) ? dequantize_steps(params, q, n, x, false) : 0;
    quant_kernels_scalar.dequantize[QUANT_INT8](params, (const int8_t *)q + done, n - done,
                                                x + done);
}

AVX2 static void dequantize_uint8(const struct quant_params *params, const void *q, size_t n,
                                  float *x)
{
    const size_t done =
        quant_zero_point_is_near(params) ? dequantize_steps(params, q, n, x, true) : 0;
    quant_kernels_scalar.dequantize[QUANT_UINT8](params, (const uint8_t *)q + done, n - done,
                                                 x + done);
}

/* ---- Widening ---- */

AVX2 static __m128i load_halves(const unsigned char *bytes, bool big)
{
    const __m128i halves = _mm_loadu_si128((const __m128i *)bytes);
    return big ? _mm_or_si128(_mm_slli_epi16(halves, 8), _mm_srli_epi16(halves, 8)) : halves;
}

AVX2 static void widen_float16(const void *bytes, size_t n, bool big, float *x)
{
    const unsigned char *from = bytes;
    size_t i = 0;
    for (; n - i >= LANES; i += LANES)
        _mm256_storeu_ps(x + i, _mm256_cvtph_ps(load_halves(from + 2 * i, big)));
    quant_kernels_scalar.widen[QUANT_FLOAT16](from + 2 * i, n - i, big, x + i);
}

AVX2 static void widen_bfloat16(const void *bytes, size_t n, bool big, float *x)
{
    const unsigned char *from = bytes;
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        const __m256i wide = _mm256_cvtepu16_epi32(load_halves(from + 2 * i, big));
        _mm256_storeu_si256((__m256i *)(x + i), _mm256_slli_epi32(wide, 16));
    }
    quant_kernels_scalar.widen[QUANT_BFLOAT16](from + 2 * i, n - i, big, x + i);
}

AVX2 static void widen_float32(const void *bytes, size_t n, bool big, float *x)
{
    const unsigned char *from = bytes;
    const __m256i swap = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        const __m256i v = _mm256_loadu_si256((const __m256i *)(from + 4 * i));
        _mm256_storeu_si256((__m256i *)(x + i), big ? _mm256_shuffle_epi8(v, swap) : v);
    }
    quant_kernels_scalar.widen[QUANT_FLOAT32](from + 4 * i, n - i, big, x + i);
}

AVX2 static void widen_float64(const void *bytes, size_t n, bool big, float *x)
{
    const unsigned char *from = bytes;
    const __m256i swap = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8));
    size_t i = 0;
    for (; n - i >= LANES / 2; i += LANES / 2) {
        const __m256i v = _mm256_loadu_si256((const __m256i *)(from + 8 * i));
        const __m256d wide = _mm256_castsi256_pd(big ? _mm256_shuffle_epi8(v, swap) : v);
        _mm_storeu_ps(x + i, _mm256_cvtpd_ps(wide));
    }
    quant_kernels_scalar.widen[QUANT_FLOAT64](from + 8 * i, n - i, big, x + i);
}

const struct quant_kernels quant_kernels_avx2 = {
    .name = "avx2",
    .summary = "AVX2 with FMA and F16C: 8 floats at a time",
    .supported = quant_cpu_has_avx2,
    .observe = quant_avx2_observe,
    .quantize =
        {
            [QUANT_INT8] = quantize_int8,
            [QUANT_UINT8] = quantize_uint8,
            [QUANT_INT4] = quant_avx2_quantize_nibbles,
            [QUANT_UINT4] = quant_avx2_quantize_nibbles,
            [QUANT_INT16] = quant_avx2_quantize_int16,
            [QUANT_UINT16] = quant_avx2_quantize_uint16,
            [QUANT_INT32] = quant_avx2_quantize_int32,
            [QUANT_FLOAT8_E4M3FN] = quant_avx2_quantize_float8_e4m3fn,
            [QUANT_FLOAT8_E5M2] = quant_avx2_quantize_float8_e5m2,
            [QUANT_FLOAT16] = quant_avx2_quantize_float16,
            [QUANT_BFLOAT16] = quant_avx2_quantize_bfloat16,
        },
    .dequantize =
        {
            [QUANT_INT8] = dequantize_int8,
            [QUANT_UINT8] = dequantize_uint8,
            [QUANT_INT4] = quant_avx2_dequantize_int4,
            [QUANT_UINT4] = quant_avx2_dequantize_uint4,
            [QUANT_INT16] = quant_avx2_dequantize_int16,
            [QUANT_UINT16] = quant_avx2_dequantize_uint16,
            [QUANT_INT32] = quant_avx2_dequantize_int32,
            [QUANT_FLOAT8_E4M3FN] = quant_avx2_dequantize_float8_e4m3fn,
            [QUANT_FLOAT8_E5M2] = quant_avx2_dequantize_float8_e5m2,
            [QUANT_FLOAT16] = quant_avx2_dequantize_float16,
            [QUANT_BFLOAT16] = quant_avx2_dequantize_bfloat16,
        },
    .mapped_8 = quant_avx2_mapped_8,
    .mapped_16 = quant_avx2_mapped_16,
    .widen =
        {
            [QUANT_FLOAT16] = widen_float16,
            [QUANT_BFLOAT16] = widen_bfloat16,
            [QUANT_FLOAT32] = widen_float32,
            [QUANT_FLOAT64] = widen_float64,
        },
    .measure = quant_avx2_measure,
    .point_errors = quant_avx2_point_errors,
    .multiply = quant_avx2_multiply,
    .mark_levels =
        {
            [QUANT_INT8] = quant_avx2_mark_levels_int8,
            [QUANT_UINT8] = quant_avx2_mark_levels_uint8,
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
            [QUANT_INT8] = quant_avx2_integer_range_int8,
            [QUANT_UINT8] = quant_avx2_integer_range_uint8,
            [QUANT_INT4] = quant_avx2_integer_range_int4,
            [QUANT_UINT4] = quant_avx2_integer_range_uint4,
            [QUANT_INT16] = quant_avx2_integer_range_int16,
            [QUANT_UINT16] = quant_avx2_integer_range_uint16,
            [QUANT_INT32] = quant_avx2_integer_range_int32,
        },
    .observe_each = quant_avx2_observe_each,
    .observe_runs = quant_avx2_observe_runs,
    .quantize_each =
        {
            [QUANT_INT8] = quant_avx2_quantize_each_int8,
            [QUANT_UINT8] = quant_avx2_quantize_each_uint8,
            [QUANT_INT4] = quant_avx2_quantize_each_nibbles,
            [QUANT_UINT4] = quant_avx2_quantize_each_nibbles,
            [QUANT_INT16] = quant_avx2_quantize_each_int16,
            [QUANT_UINT16] = quant_avx2_quantize_each_uint16,
            [QUANT_INT32] = quant_scalar_quantize_each_int32,
            [QUANT_FLOAT8_E4M3FN] = quant_avx2_quantize_each_float8_e4m3fn,
            [QUANT_FLOAT8_E5M2] = quant_avx2_quantize_each_float8_e5m2,
        },
    .quantize_runs =
        {
            [QUANT_INT8] = quant_avx2_quantize_runs_int8,
            [QUANT_UINT8] = quant_avx2_quantize_runs_uint8,
        },
    .quantize_rows =
        {
            [QUANT_INT8] = quant_avx2_quantize_rows_int8,
            [QUANT_UINT8] = quant_avx2_quantize_rows_uint8,
        },
    .dequantize_each =
        {
            [QUANT_INT8] = quant_avx2_dequantize_each_int8,
            [QUANT_UINT8] = quant_avx2_dequantize_each_uint8,
            [QUANT_INT4] = quant_avx2_dequantize_each_int4,
            [QUANT_UINT4] = quant_avx2_dequantize_each_uint4,
        },
    .dequantize_runs =
        {
            [QUANT_INT8] = quant_avx2_dequantize_runs_int8,
            [QUANT_UINT8] = quant_avx2_dequantize_runs_uint8,
            [QUANT_INT4] = quant_avx2_dequantize_runs_int4,
            [QUANT_UINT4] = quant_avx2_dequantize_runs_uint4,
        },
    .scale_each = quant_avx2_scale_each,
    .each_errors = quant_avx2_each_errors,
    .run_errors = quant_avx2_run_errors,
};

#endif
