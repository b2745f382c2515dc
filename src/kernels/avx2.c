/* SPDX-License-Identifier: MIT */
/* AVX2 with FMA and F16C: 8 floats a vector, 32 elements a step. */
#include "kernels/kernels.h"

#if defined(__x86_64__)

#include "kernels/avx2.h"
#include "kernels/avx2_types.h"
#include "kernels/cpu.h"
#include "kernels/fixed_point.h"
#include "kernels/scalar.h"

/* ---- Quantizing ---- */

struct quantize_plan {
    struct quant_fixed_point fixed;
    __m256 factor, bias, scale;
    __m256 lowest, highest; /* qmin - z and qmax - z */
    __m256i zero_point, band, qmin, qmax;
    bool divides; /* qmin - z and qmax - z are exact as floats */
    bool half_away;
    bool is_unsigned;
    bool clamps;  /* the target range is not the type's own, which packing clamps to */
    bool streams; /* the result past the caches, to an aligned place */
};

AVX2 static struct quantize_plan make_plan(const struct quant_params *params, size_t n,
                                           bool is_unsigned)
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
        .is_unsigned = is_unsigned,
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

/* By division: 32 integers. All lie inside the type already, so that packing only narrows. */
AVX2 static __m256i divide_step(const struct quantize_plan *plan, const float *x)
{
    const __m256i across = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    __m256i v[4];
    for (size_t k = 0; k < 4; k++)
        v[k] = divide(plan, _mm256_loadu_ps(x + LANES * k));
    const __m256i ab = _mm256_packs_epi32(v[0], v[1]);
    const __m256i cd = _mm256_packs_epi32(v[2], v[3]);
    const __m256i packed =
        plan->is_unsigned ? _mm256_packus_epi16(ab, cd) : _mm256_packs_epi16(ab, cd);
    return _mm256_permutevar8x32_epi32(packed, across);
}

/* Which ends of the target range packing to the type does not clamp to by itself. */
enum clamp { CLAMP_NEITHER, CLAMP_BELOW, CLAMP_BOTH };

/* What one loop is compiled for: each choice has a loop of its own, without a branch for it. */
struct quantize_kind {
    bool is_unsigned;
    enum clamp clamp;
    bool streams; /* the result past the caches, to an aligned place */
};

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
                                  const struct quantize_kind kind)
{
    const __m256i ab = _mm256_blend_epi16(_mm256_srli_epi32(v[0], 16), v[1], 0xAA);
    const __m256i cd = _mm256_blend_epi16(_mm256_srli_epi32(v[2], 16), v[3], 0xAA);
    const __m256i in_lane = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15));
    const __m256i across = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    __m256i packed = kind.is_unsigned ? _mm256_packus_epi16(ab, cd) : _mm256_packs_epi16(ab, cd);
    if (kind.clamp != CLAMP_NEITHER)
        packed = kind.is_unsigned ? _mm256_max_epu8(packed, plan->qmin)
                                  : _mm256_max_epi8(packed, plan->qmin);
    if (kind.clamp == CLAMP_BOTH)
        packed = kind.is_unsigned ? _mm256_min_epu8(packed, plan->qmax)
                                  : _mm256_min_epi8(packed, plan->qmax);
    return _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(packed, in_lane), across);
}

AVX2 ALWAYS_INLINE __m256i fix_point(const struct quantize_plan *plan, const float *x)
{
    return _mm256_cvtps_epi32(_mm256_fmadd_ps(_mm256_loadu_ps(x), plan->factor, plan->bias));
}

AVX2 ALWAYS_INLINE __m256i least_halves(const __m256i v[4])
{
    return _mm256_min_epu16(_mm256_min_epu16(v[0], v[1]), _mm256_min_epu16(v[2], v[3]));
}

/* Whether a lower half lies in the band. Unsigned a <= b, which AVX2 has no comparison for, is
 * min(a, b) == a. */
AVX2 ALWAYS_INLINE bool is_near_tie(const struct quantize_plan *plan, __m256i nearest)
{
    const int lower_halves = 0x33333333;
    const __m256i in_band = _mm256_cmpeq_epi16(_mm256_min_epu16(nearest, plan->band), nearest);
    return __builtin_expect((_mm256_movemask_epi8(in_band) & lower_halves) != 0, 0);
}

AVX2 ALWAYS_INLINE void put(__m256i integers, bool streams, uint8_t *q)
{
    if (streams)
        _mm256_stream_si256((__m256i *)q, integers);
    else
        _mm256_storeu_si256((__m256i *)q, integers);
}

AVX2 ALWAYS_INLINE void quantize_step(const struct quantize_plan *plan, const float *x,
                                      const struct quantize_kind kind, uint8_t *q)
{
    __m256i v[4];
    for (size_t k = 0; k < 4; k++)
        v[k] = fix_point(plan, x + LANES * k);
    if (is_near_tie(plan, least_halves(v)))
        put(divide_step(plan, x), kind.streams, q);
    else
        put(narrow(plan, v, kind), kind.streams, q);
}

/* Two steps at a time: a look for ties for each costs a twelfth more, one for four gains nothing.
 * Prefetching by hand gains nothing either, from memory or from a cache. Returns how many elements
 * were done. */
AVX2 ALWAYS_INLINE size_t quantize_steps(const struct quantize_plan *plan, const float *x, size_t n,
                                         const struct quantize_kind kind, uint8_t *q)
{
    size_t i = 0;
    for (; n - i >= (size_t)2 * STEP; i += (size_t)2 * STEP) {
        __m256i v[8];
#pragma GCC unroll 8
        for (size_t k = 0; k < 8; k++)
            v[k] = fix_point(plan, x + i + LANES * k);
        if (is_near_tie(plan, _mm256_min_epu16(least_halves(v), least_halves(v + 4)))) {
            quantize_step(plan, x + i, kind, q + i);
            quantize_step(plan, x + i + STEP, kind, q + i + STEP);
            continue;
        }
        put(narrow(plan, v, kind), kind.streams, q + i);
        put(narrow(plan, v + 4, kind), kind.streams, q + i + STEP);
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

/* All of the steps, and the scalar code for what lies before and behind them. */
AVX2 ALWAYS_INLINE void quantize_bytes(const struct quant_params *params, const float *x, size_t n,
                                       uint8_t *q, bool is_unsigned)
{
    quant_quantize_fn *const scalar = quant_kernels_scalar.quantize[params->dtype];
    const struct quantize_plan plan = make_plan(params, n, is_unsigned);
    size_t done = plan.streams ? quant_bytes_to_alignment(q, 2 * sizeof(__m256i)) : 0;
    scalar(params, x, done, q);
    done += quantize_bulk(&plan, params, x + done, n - done, is_unsigned, q + done);
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
    .observe = quant_avx2_observe,
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
            [QUANT_FLOAT8_E4M3FN] = quant_scalar_quantize_each_float8_e4m3fn,
            [QUANT_FLOAT8_E5M2] = quant_scalar_quantize_each_float8_e5m2,
        },
    .scale_each = quant_scalar_scale_each,
};

#endif
