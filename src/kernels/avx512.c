/* SPDX-License-Identifier: MIT */
/* AVX-512 (F, BW, DQ, VL): 16 floats per vector, 64 elements per step. */
#include "kernels/kernels.h"

#if defined(__x86_64__)

#include <math.h>

#include "kernels/avx2_types.h"
#include "kernels/avx512_integers.h"
#include "kernels/cpu.h"
#include "kernels/fixed_point.h"
#include "kernels/scalar.h"

/* ---- Observing ---- */

/* x * 0 is 0 if x is finite and NaN if not, so one sum checks a whole block. Blocks with elements
 * that are not finite are rare and left to the scalar code. */
AVX512 static bool observe_block(const float *x, size_t n, __m512 *min, __m512 *max)
{
    const __m512 zero = _mm512_setzero_ps();
    __m512 low[4] = {*min, *min, *min, *min};
    __m512 high[4] = {*max, *max, *max, *max};
    __m512 sum[4] = {zero, zero, zero, zero};
    for (size_t i = 0; i < n; i += STEP) {
        for (size_t k = 0; k < 4; k++) { /* four chains hide the latency */
            __m512 v = _mm512_loadu_ps(x + i + LANES * k);
            KEEP_IN_REGISTER(v);
            low[k] = _mm512_min_ps(low[k], v);
            high[k] = _mm512_max_ps(high[k], v);
            sum[k] = _mm512_fmadd_ps(v, zero, sum[k]);
        }
    }
    const __m512 all = _mm512_add_ps(_mm512_add_ps(sum[0], sum[1]), _mm512_add_ps(sum[2], sum[3]));
    if (_mm512_cmp_ps_mask(all, all, _CMP_UNORD_Q))
        return false;
    *min = _mm512_min_ps(_mm512_min_ps(low[0], low[1]), _mm512_min_ps(low[2], low[3]));
    *max = _mm512_max_ps(_mm512_max_ps(high[0], high[1]), _mm512_max_ps(high[2], high[3]));
    return true;
}

AVX512 static void avx512_observe(const float *x, size_t n, struct quant_observed *observed)
{
    enum { BLOCK = 4096 };
    __m512 min = _mm512_set1_ps(INFINITY);
    __m512 max = _mm512_set1_ps(-INFINITY);
    size_t i = 0;
    while (n - i >= STEP) {
        const size_t ahead = (n - i) / STEP * STEP;
        const size_t block = ahead < BLOCK ? ahead : BLOCK;
        if (observe_block(x + i, block, &min, &max))
            observed->count += block;
        else
            quant_kernels_scalar.observe(x + i, block, observed);
        i += block;
    }
    observed->min = fminf(observed->min, _mm512_reduce_min_ps(min));
    observed->max = fmaxf(observed->max, _mm512_reduce_max_ps(max));
    quant_kernels_scalar.observe(x + i, n - i, observed);
}

/* ---- Quantizing ---- */

struct quantize_plan {
    struct quant_fixed_point fixed;
    __m512 factor, bias;
    struct byte_limits limits;
    struct division by;
    bool divides; /* by.lowest and by.highest are exact, so division may be used */
    bool streams; /* stores bypass the caches; q is aligned */
};

AVX512 static struct quantize_plan make_plan(const struct quant_params *params, size_t n)
{
    const struct quant_fixed_point fixed = quant_fixed_point_plan(params);
    return (struct quantize_plan){
        .fixed = fixed,
        .factor = _mm512_set1_ps(fixed.factor),
        .bias = _mm512_set1_ps(fixed.bias),
        .limits = make_limits(params, fixed.band),
        .by = make_division(params),
        .divides = quant_zero_point_is_near(params),
        .streams = n >= QUANT_STREAM_FROM,
    };
}

/* A function of its own: ties are rare, and the loop is faster without this code in it. */
AVX512 static void divide_step(const struct quantize_plan *plan, const float *x, uint8_t *q)
{
    _mm512_storeu_si512(q, divide_bytes(&plan->by, x));
}

/* The loop for one combination of the two constants. Returns the number of elements done. */
AVX512 ALWAYS_INLINE size_t quantize_steps(const struct quantize_plan *plan, const float *x,
                                           size_t n, uint8_t *q, const struct byte_kind kind)
{
    size_t i = 0;
    for (; n - i >= STEP; i += STEP) {
        __m512i v[4];
        for (size_t k = 0; k < 4; k++)
            v[k] = fix_point(x + i + LANES * k, plan->factor, plan->bias);
        if (is_near_tie(&plan->limits, v)) {
            divide_step(plan, x + i, q + i);
            continue;
        }
        const __m512i integers = narrow(&plan->limits, v, kind);
        if (plan->streams)
            _mm512_stream_si512((__m512i *)(q + i), integers);
        else
            _mm512_storeu_si512(q + i, integers);
    }
    return i;
}

AVX512 static size_t divide_steps(const struct quantize_plan *plan, const float *x, size_t n,
                                  uint8_t *q)
{
    size_t i = 0;
    for (; n - i >= STEP; i += STEP)
        divide_step(plan, x + i, q + i);
    return i;
}

/* Whole steps here; the scalar code does the elements before and after them. */
AVX512 ALWAYS_INLINE void quantize_bytes(const struct quant_params *params, const float *x,
                                         size_t n, uint8_t *q, bool is_unsigned)
{
    quant_quantize_fn *const scalar = quant_kernels_scalar.quantize[params->dtype];
    const struct quantize_plan plan = make_plan(params, n);
    size_t done = plan.streams ? quant_bytes_to_alignment(q, sizeof(__m512i)) : 0;
    scalar(params, x, done, q);
    if (plan.fixed.usable && params->qmax == (is_unsigned ? UINT8_MAX : INT8_MAX))
        done += quantize_steps(&plan, x + done, n - done, q + done,
                               (struct byte_kind){is_unsigned, false});
    else if (plan.fixed.usable)
        done += quantize_steps(&plan, x + done, n - done, q + done,
                               (struct byte_kind){is_unsigned, true});
    else if (plan.divides)
        done += divide_steps(&plan, x + done, n - done, q + done);
    if (plan.streams)
        _mm_sfence(); /* streamed stores become visible before any later store */
    scalar(params, x + done, n - done, q + done);
}

AVX512 static void quantize_int8(const struct quant_params *params, const float *x, size_t n,
                                 void *q)
{
    quantize_bytes(params, x, n, q, false);
}

AVX512 static void quantize_uint8(const struct quant_params *params, const float *x, size_t n,
                                  void *q)
{
    quantize_bytes(params, x, n, q, true);
}

/* ---- Dequantizing ---- */

AVX512 ALWAYS_INLINE size_t dequantize_steps(const struct quant_params *params,
                                             const unsigned char *q, size_t n, float *x,
                                             bool is_unsigned)
{
    const __m512i zero_point = _mm512_set1_epi32(params->zero_point);
    const __m512 scale = _mm512_set1_ps(params->scale);
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        const __m128i bytes = _mm_loadu_si128((const __m128i *)(q + i));
        const __m512i wide =
            is_unsigned ? _mm512_cvtepu8_epi32(bytes) : _mm512_cvtepi8_epi32(bytes);
        const __m512 steps = _mm512_cvtepi32_ps(_mm512_sub_epi32(wide, zero_point));
        _mm512_storeu_ps(x + i, _mm512_mul_ps(steps, scale));
    }
    return i;
}

AVX512 static void dequantize_int8(const struct quant_params *params, const void *q, size_t n,
                                   float *x)
{
    const size_t done =
        quant_zero_point_is_near(params) ? dequantize_steps(params, q, n, x, false) : 0;
    quant_kernels_scalar.dequantize[QUANT_INT8](params, (const int8_t *)q + done, n - done,
                                                x + done);
}

AVX512 static void dequantize_uint8(const struct quant_params *params, const void *q, size_t n,
                                    float *x)
{
    const size_t done =
        quant_zero_point_is_near(params) ? dequantize_steps(params, q, n, x, true) : 0;
    quant_kernels_scalar.dequantize[QUANT_UINT8](params, (const uint8_t *)q + done, n - done,
                                                 x + done);
}

/* ---- Widening ---- */

AVX512 static __m256i load_halves(const unsigned char *bytes, bool big)
{
    const __m256i halves = _mm256_loadu_si256((const __m256i *)bytes);
    return big ? _mm256_or_si256(_mm256_slli_epi16(halves, 8), _mm256_srli_epi16(halves, 8))
               : halves;
}

AVX512 static void widen_float16(const void *bytes, size_t n, bool big, float *x)
{
    const unsigned char *from = bytes;
    size_t i = 0;
    for (; n - i >= LANES; i += LANES)
        _mm512_storeu_ps(x + i, _mm512_cvtph_ps(load_halves(from + 2 * i, big)));
    quant_kernels_scalar.widen[QUANT_FLOAT16](from + 2 * i, n - i, big, x + i);
}

AVX512 static void widen_bfloat16(const void *bytes, size_t n, bool big, float *x)
{
    const unsigned char *from = bytes;
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        const __m512i wide = _mm512_cvtepu16_epi32(load_halves(from + 2 * i, big));
        _mm512_storeu_si512(x + i, _mm512_slli_epi32(wide, 16));
    }
    quant_kernels_scalar.widen[QUANT_BFLOAT16](from + 2 * i, n - i, big, x + i);
}

AVX512 static void widen_float32(const void *bytes, size_t n, bool big, float *x)
{
    const unsigned char *from = bytes;
    const __m512i swap =
        _mm512_broadcast_i32x4(_mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        const __m512i v = _mm512_loadu_si512(from + 4 * i);
        _mm512_storeu_si512(x + i, big ? _mm512_shuffle_epi8(v, swap) : v);
    }
    quant_kernels_scalar.widen[QUANT_FLOAT32](from + 4 * i, n - i, big, x + i);
}

AVX512 static void widen_float64(const void *bytes, size_t n, bool big, float *x)
{
    const unsigned char *from = bytes;
    const __m512i swap =
        _mm512_broadcast_i32x4(_mm_setr_epi8(7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8));
    size_t i = 0;
    for (; n - i >= LANES / 2; i += LANES / 2) {
        const __m512i v = _mm512_loadu_si512(from + 8 * i);
        const __m512d wide = _mm512_castsi512_pd(big ? _mm512_shuffle_epi8(v, swap) : v);
        _mm256_storeu_ps(x + i, _mm512_cvtpd_ps(wide));
    }
    quant_kernels_scalar.widen[QUANT_FLOAT64](from + 8 * i, n - i, big, x + i);
}

const struct quant_kernels quant_kernels_avx512 = {
    .name = "avx512",
    .summary = "AVX-512 F, BW, DQ, VL: 16 floats at a time",
    .supported = quant_cpu_has_avx512,
    .observe = avx512_observe,
    .quantize =
        {
            [QUANT_INT8] = quantize_int8,
            [QUANT_UINT8] = quantize_uint8,
            [QUANT_INT4] = quant_avx512_quantize_nibbles,
            [QUANT_UINT4] = quant_avx512_quantize_nibbles,
            [QUANT_INT16] = quant_avx512_quantize_int16,
            [QUANT_UINT16] = quant_avx512_quantize_uint16,
            [QUANT_INT32] = quant_avx2_quantize_int32,
            [QUANT_FLOAT8_E4M3FN] = quant_avx512_quantize_float8_e4m3fn,
            [QUANT_FLOAT8_E5M2] = quant_avx512_quantize_float8_e5m2,
            [QUANT_FLOAT16] = quant_avx512_quantize_float16,
            [QUANT_BFLOAT16] = quant_avx512_quantize_bfloat16,
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
    .mapped_8 = quant_avx512_mapped_8,
    .mapped_16 = quant_avx512_mapped_16,
    .widen =
        {
            [QUANT_FLOAT16] = widen_float16,
            [QUANT_BFLOAT16] = widen_bfloat16,
            [QUANT_FLOAT32] = widen_float32,
            [QUANT_FLOAT64] = widen_float64,
        },
    .measure = quant_avx512_measure,
    .point_errors = quant_avx512_point_errors,
    .multiply = quant_avx2_multiply,
    .mark_levels =
        {
            [QUANT_INT8] = quant_avx512_mark_levels_int8,
            [QUANT_UINT8] = quant_avx512_mark_levels_uint8,
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
            [QUANT_INT8] = quant_avx512_quantize_runs_int8,
            [QUANT_UINT8] = quant_avx512_quantize_runs_uint8,
        },
    .quantize_rows =
        {
            [QUANT_INT8] = quant_avx512_quantize_rows_int8,
            [QUANT_UINT8] = quant_avx512_quantize_rows_uint8,
        },
    .dequantize_each =
        {
            [QUANT_INT8] = quant_avx512_dequantize_each_int8,
            [QUANT_UINT8] = quant_avx512_dequantize_each_uint8,
            [QUANT_INT4] = quant_avx512_dequantize_each_int4,
            [QUANT_UINT4] = quant_avx512_dequantize_each_uint4,
        },
    .dequantize_runs =
        {
            [QUANT_INT8] = quant_avx512_dequantize_runs_int8,
            [QUANT_UINT8] = quant_avx512_dequantize_runs_uint8,
            [QUANT_INT4] = quant_avx512_dequantize_runs_int4,
            [QUANT_UINT4] = quant_avx512_dequantize_runs_uint4,
        },
    .scale_each = quant_avx2_scale_each,
    .each_errors = quant_avx512_each_errors,
    .run_errors = quant_avx512_run_errors,
};

#endif
