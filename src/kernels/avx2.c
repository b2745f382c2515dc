/* SPDX-License-Identifier: MIT */
/* AVX2 with FMA and F16C: 8 floats a vector, 32 elements a step. */
#include "kernels/kernels.h"

#if defined(__x86_64__)

#include <math.h>

#include "kernels/avx2.h"
#include "kernels/avx2_types.h"
#include "kernels/cpu.h"
#include "kernels/fixed_point.h"
#include "kernels/scalar.h"

/* ---- Observing ---- */

AVX2 static float least_lane(__m256 v)
{
    __m128 half = _mm_min_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    half = _mm_min_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_min_ss(half, _mm_movehdup_ps(half)));
}

AVX2 static float greatest_lane(__m256 v)
{
    __m128 half = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    half = _mm_max_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_max_ss(half, _mm_movehdup_ps(half)));
}

/* x * 0 is 0 for a finite x and NaN for any other, so one sum tells of a whole block; the few
 * blocks that hold something else are left to the scalar code. */
AVX2 static bool observe_block(const float *x, size_t n, __m256 *least, __m256 *greatest)
{
    const __m256 zero = _mm256_setzero_ps();
    __m256 low[4] = {*least, *least, *least, *least};
    __m256 high[4] = {*greatest, *greatest, *greatest, *greatest};
    __m256 sum[4] = {zero, zero, zero, zero};
    for (size_t i = 0; i < n; i += STEP) {
        for (size_t k = 0; k < 4; k++) { /* four chains hide the latency */
            __m256 v = _mm256_loadu_ps(x + i + LANES * k);
            KEEP_IN_REGISTER(v);
            low[k] = _mm256_min_ps(low[k], v);
            high[k] = _mm256_max_ps(high[k], v);
            sum[k] = _mm256_fmadd_ps(v, zero, sum[k]);
        }
    }
    const __m256 all = _mm256_add_ps(_mm256_add_ps(sum[0], sum[1]), _mm256_add_ps(sum[2], sum[3]));
    if (_mm256_movemask_ps(_mm256_cmp_ps(all, all, _CMP_UNORD_Q)))
        return false;
    *least = _mm256_min_ps(_mm256_min_ps(low[0], low[1]), _mm256_min_ps(low[2], low[3]));
    *greatest = _mm256_max_ps(_mm256_max_ps(high[0], high[1]), _mm256_max_ps(high[2], high[3]));
    return true;
}

AVX2 static void avx2_observe(const float *x, size_t n, struct quant_observed *observed)
{
    enum { BLOCK = 4096 };
    __m256 least = _mm256_set1_ps(INFINITY);
    __m256 greatest = _mm256_set1_ps(-INFINITY);
    size_t i = 0;
    while (n - i >= STEP) {
        const size_t ahead = (n - i) / STEP * STEP;
        const size_t block = ahead < BLOCK ? ahead : BLOCK;
        if (observe_block(x + i, block, &least, &greatest))
            observed->count += block;
        else
            quant_kernels_scalar.observe(x + i, block, observed);
        i += block;
    }
    observed->least = fminf(observed->least, least_lane(least));
    observed->greatest = fmaxf(observed->greatest, greatest_lane(greatest));
    quant_kernels_scalar.observe(x + i, n - i, observed);
}

/* ---- Quantizing ---- */

struct quantize_plan {
    struct quant_fixed_point fixed;
    __m256 factor, bias, scale;
    __m256 lowest, highest; /* qmin - z and qmax - z */
    __m256i zero_point, band, qmin, qmax;
    bool divides; /* qmin - z and qmax - z are exact as floats */
    bool half_away;
    bool streams; /* the result past the caches, to an aligned place */
};

AVX2 static struct quantize_plan make_plan(const struct quant_params *params, size_t n)
{
    const struct quant_fixed_point fixed = quant_fixed_point_plan(params);
    return (struct quantize_plan){
        .fixed = fixed,
        .factor = _mm256_set1_ps(fixed.factor),
        .bias = _mm256_set1_ps(fixed.bias),
        .scale = _mm256_set1_ps(params->scale),
        .lowest = _mm256_set1_ps((float)params->qmin - (float)params->zero_point),
        .highest = _mm256_set1_ps((float)params->qmax - (float)params->zero_point),
        .zero_point = _mm256_set1_epi32(params->zero_point),
        .band = _mm256_set1_epi16((short)(fixed.band - 1)),
        .qmin = _mm256_set1_epi8((char)params->qmin),
        .qmax = _mm256_set1_epi8((char)params->qmax),
        .divides = quant_zero_point_is_near(params),
        .half_away = params->rounding == QUANT_HALF_AWAY,
        .streams = n >= QUANT_STREAM_FROM,
    };
}

/* By division: 8 integers. NaN becomes 0 before z is added. The clamp's ends are integers, so it
 * may come before the rounding, which then stays within 32 bits. Rounding away from zero cuts, and
 * adds a one of the sign's where a half or more was cut off; both are exact. */
AVX2 static __m256i divide(const struct quantize_plan *plan, __m256 x)
{
    __m256 t = _mm256_div_ps(x, plan->scale);
    t = _mm256_and_ps(t, _mm256_cmp_ps(t, t, _CMP_ORD_Q));
    t = _mm256_min_ps(_mm256_max_ps(t, plan->lowest), plan->highest);
    if (plan->half_away) {
        const __m256 sign_bit = _mm256_set1_ps(-0.0F);
        const __m256 cut = _mm256_cvtepi32_ps(_mm256_cvttps_epi32(t));
        const __m256 rest = _mm256_andnot_ps(sign_bit, _mm256_sub_ps(t, cut));
        const __m256 one = _mm256_or_ps(_mm256_and_ps(t, sign_bit), _mm256_set1_ps(1.0F));
        const __m256 up = _mm256_cmp_ps(rest, _mm256_set1_ps(0.5F), _CMP_GE_OQ);
        t = _mm256_add_ps(cut, _mm256_and_ps(up, one));
    }
    return _mm256_add_epi32(_mm256_cvtps_epi32(t), plan->zero_point);
}

AVX2 static void divide_step(const struct quantize_plan *plan, const float *x, uint8_t *q)
{
    /* The lowest byte of each 32 bits: it is all there is after the clamp. */
    const __m256i lowest_bytes = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1));
    for (size_t i = 0; i < STEP; i += LANES) {
        const __m256i integers = divide(plan, _mm256_loadu_ps(x + i));
        const __m256i bytes = _mm256_shuffle_epi8(integers, lowest_bytes);
        const __m128i low = _mm256_castsi256_si128(bytes);
        const __m128i high = _mm256_extracti128_si256(bytes, 1);
        _mm_storel_epi64((__m128i *)(q + i), _mm_unpacklo_epi32(low, high));
    }
}

/*
 * Four vectors a, b, c, d of fixed-point numbers, each an upper half (the integer) and a lower
 * half.
 *
 *     halves   a0 b0 a1 b1 .. a7 b7 and c0 d0 c1 d1 ..     upper halves, 16 bits each
 *     packed   per 128 bits: a0 b0 a1 b1 a2 b2 a3 b3 c0 d0 .. d3, with the clamp to the type
 *     dwords   per 128 bits: a0..a3 b0..b3 c0..c3 d0..d3
 *     result   a0..a7 b0..b7 c0..c7 d0..d7
 */
AVX2 ALWAYS_INLINE __m256i narrow(const struct quantize_plan *plan, const __m256i v[4],
                                  bool is_unsigned, bool caps)
{
    const __m256i ab = _mm256_blend_epi16(_mm256_srli_epi32(v[0], 16), v[1], 0xAA);
    const __m256i cd = _mm256_blend_epi16(_mm256_srli_epi32(v[2], 16), v[3], 0xAA);
    const __m256i in_lane = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15));
    const __m256i across = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    __m256i packed;
    if (is_unsigned) {
        packed = _mm256_max_epu8(_mm256_packus_epi16(ab, cd), plan->qmin);
        packed = caps ? _mm256_min_epu8(packed, plan->qmax) : packed;
    } else {
        packed = _mm256_max_epi8(_mm256_packs_epi16(ab, cd), plan->qmin);
        packed = caps ? _mm256_min_epi8(packed, plan->qmax) : packed;
    }
    return _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(packed, in_lane), across);
}

/* The loop for one choice of the two constants. Returns how many elements it did. Unsigned a <= b,
 * which AVX2 has no comparison for, is min(a, b) == a. */
AVX2 ALWAYS_INLINE size_t quantize_steps(const struct quantize_plan *plan, const float *x, size_t n,
                                         uint8_t *q, bool is_unsigned, bool caps)
{
    const int lower_halves = 0x33333333;
    size_t i = 0;
    for (; n - i >= STEP; i += STEP) {
        __m256i v[4];
        for (size_t k = 0; k < 4; k++)
            v[k] = _mm256_cvtps_epi32(
                _mm256_fmadd_ps(_mm256_loadu_ps(x + i + LANES * k), plan->factor, plan->bias));
        const __m256i nearest =
            _mm256_min_epu16(_mm256_min_epu16(v[0], v[1]), _mm256_min_epu16(v[2], v[3]));
        const __m256i in_band = _mm256_cmpeq_epi16(_mm256_min_epu16(nearest, plan->band), nearest);
        if (__builtin_expect((_mm256_movemask_epi8(in_band) & lower_halves) != 0, 0)) {
            divide_step(plan, x + i, q + i);
            continue;
        }
        const __m256i integers = narrow(plan, v, is_unsigned, caps);
        if (plan->streams)
            _mm256_stream_si256((__m256i *)(q + i), integers);
        else
            _mm256_storeu_si256((__m256i *)(q + i), integers);
    }
    return i;
}

AVX2 static size_t divide_steps(const struct quantize_plan *plan, const float *x, size_t n,
                                uint8_t *q)
{
    size_t i = 0;
    for (; n - i >= STEP; i += STEP)
        divide_step(plan, x + i, q + i);
    return i;
}

/* All of the steps, and the scalar code for what lies before and behind them. */
AVX2 ALWAYS_INLINE void quantize_bytes(const struct quant_params *params, const float *x, size_t n,
                                       uint8_t *q, bool is_unsigned)
{
    quant_quantize_fn *const scalar = quant_kernels_scalar.quantize[params->dtype];
    const struct quantize_plan plan = make_plan(params, n);
    size_t done = plan.streams ? quant_bytes_to_alignment(q, sizeof(__m256i)) : 0;
    scalar(params, x, done, q);
    if (plan.fixed.usable && params->qmax == (is_unsigned ? UINT8_MAX : INT8_MAX))
        done += quantize_steps(&plan, x + done, n - done, q + done, is_unsigned, false);
    else if (plan.fixed.usable)
        done += quantize_steps(&plan, x + done, n - done, q + done, is_unsigned, true);
    else if (plan.divides)
        done += divide_steps(&plan, x + done, n - done, q + done);
    if (plan.streams)
        _mm_sfence(); /* other threads see what follows only after what was streamed */
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
    .observe = avx2_observe,
    .quantize =
        {
            [QUANT_INT8] = quantize_int8,
            [QUANT_UINT8] = quantize_uint8,
            [QUANT_INT4] = quant_avx2_quantize_nibbles,
            [QUANT_UINT4] = quant_avx2_quantize_nibbles,
            [QUANT_INT16] = quant_avx2_quantize_int16,
            [QUANT_UINT16] = quant_avx2_quantize_uint16,
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
            [QUANT_FLOAT8_E4M3FN] = quant_avx2_dequantize_float8_e4m3fn,
            [QUANT_FLOAT8_E5M2] = quant_avx2_dequantize_float8_e5m2,
            [QUANT_FLOAT16] = quant_avx2_dequantize_float16,
            [QUANT_BFLOAT16] = quant_avx2_dequantize_bfloat16,
        },
    .widen =
        {
            [QUANT_FLOAT16] = widen_float16,
            [QUANT_BFLOAT16] = widen_bfloat16,
            [QUANT_FLOAT32] = widen_float32,
            [QUANT_FLOAT64] = widen_float64,
        },
    .measure = quant_avx2_measure,
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
};

#endif
