/* SPDX-License-Identifier: MIT */
/* AVX2 for float targets. to_small_float.h describes how it rounds. Steps with a NaN are left to
 * the scalar code. AVX-512 restores with these functions, and avx512_floats.c leaves to them
 * what does not fill a step. */
#include "kernels/kernels.h"

#if defined(__x86_64__)

#include "base/small_float.h"
#include "kernels/avx2_shared.h"
#include "kernels/avx2_types.h"
#include "kernels/exact_quotient.h"
#include "kernels/to_small_float.h"

/* ---- 16 bits ---- */

/* Twice each pattern is the pattern without its sign. All functions below look at 32 elements at a
 * time for some that have no finite pattern. */

/* Not 0 where a pattern of either vector is infinite or NaN. */
AVX2 ALWAYS_INLINE __m256i excess_of(__m256i a, __m256i b, uint16_t infinity)
{
    const __m256i max = _mm256_max_epu16(_mm256_add_epi16(a, a), _mm256_add_epi16(b, b));
    return _mm256_subs_epu16(max, _mm256_set1_epi16((short)(2 * infinity - 1)));
}

AVX2 ALWAYS_INLINE bool is_any(__m256i excess)
{
    return __builtin_expect(!_mm256_testz_si256(excess, excess), 0);
}

/* Stores 16 patterns, -0 as 0. */
AVX2 ALWAYS_INLINE void store_patterns(__m256i patterns, uint16_t *q)
{
    const __m256i is_zero =
        _mm256_cmpeq_epi16(_mm256_add_epi16(patterns, patterns), _mm256_setzero_si256());
    _mm256_storeu_si256((__m256i *)q, _mm256_andnot_si256(is_zero, patterns));
}

/* 16 numbers as float16. */
AVX2 ALWAYS_INLINE __m256i to_float16(__m256 low, __m256 high)
{
    return _mm256_setr_m128i(_mm256_cvtps_ph(low, _MM_FROUND_TO_NEAREST_INT),
                             _mm256_cvtps_ph(high, _MM_FROUND_TO_NEAREST_INT));
}

/* NaN stays NaN: if an operand is one, the result is the second operand. */
AVX2 ALWAYS_INLINE __m256 saturate(__m256 x)
{
    const __m256 max = _mm256_set1_ps(QUANT_FLOAT16_MAX);
    return _mm256_min_ps(max, _mm256_max_ps(_mm256_set1_ps(-QUANT_FLOAT16_MAX), x));
}

AVX2 void quant_avx2_quantize_float16(const struct quant_params *params, const float *x, size_t n,
                                      void *q)
{
    quant_quantize_fn *const scalar = quant_kernels_scalar.quantize[QUANT_FLOAT16];
    uint16_t *words = q;
    size_t i = 0;
    for (; n - i >= STEP; i += STEP) {
        const __m256i low =
            to_float16(saturate(_mm256_loadu_ps(x + i)), saturate(_mm256_loadu_ps(x + i + LANES)));
        const __m256i high = to_float16(saturate(_mm256_loadu_ps(x + i + TWO)),
                                        saturate(_mm256_loadu_ps(x + i + THREE)));
        if (is_any(excess_of(low, high, quant_small_float16.infinity))) {
            scalar(params, x + i, STEP, words + i);
            continue;
        }
        store_patterns(low, words + i);
        store_patterns(high, words + i + TWO);
    }
    scalar(params, x + i, n - i, words + i);
}

/* The upper half, rounded half to even by adding to the lower half. */
AVX2 ALWAYS_INLINE __m256i round_upper(__m256 x)
{
    const __m256i bits = _mm256_castps_si256(x);
    const __m256i is_odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i sum = _mm256_add_epi32(bits, _mm256_add_epi32(is_odd, _mm256_set1_epi32(0x7FFF)));
    return _mm256_srli_epi32(sum, 16);
}

/* 16 numbers as bfloat16, unless the sum overflows: NaNs must be found before. */
AVX2 ALWAYS_INLINE __m256i to_bfloat16(__m256 low, __m256 high)
{
    const __m256i mixed = _mm256_packus_epi32(round_upper(low), round_upper(high));
    return _mm256_permute4x64_epi64(mixed, 0xD8); /* as in avx2_integers.h */
}

AVX2 void quant_avx2_quantize_bfloat16(const struct quant_params *params, const float *x, size_t n,
                                       void *q)
{
    quant_quantize_fn *const scalar = quant_kernels_scalar.quantize[QUANT_BFLOAT16];
    uint16_t *words = q;
    size_t i = 0;
    for (; n - i >= STEP; i += STEP) {
        __m256 v[4];
        for (size_t k = 0; k < 4; k++)
            v[k] = _mm256_loadu_ps(x + i + LANES * k);
        const __m256 nan = _mm256_or_ps(_mm256_cmp_ps(v[0], v[1], _CMP_UNORD_Q),
                                        _mm256_cmp_ps(v[2], v[3], _CMP_UNORD_Q));
        const __m256i low = to_bfloat16(v[0], v[1]);
        const __m256i high = to_bfloat16(v[2], v[3]);
        const __m256i excess = excess_of(low, high, quant_small_bfloat16.infinity);
        if (is_any(_mm256_or_si256(excess, _mm256_castps_si256(nan)))) {
            scalar(params, x + i, STEP, words + i);
            continue;
        }
        store_patterns(low, words + i);
        store_patterns(high, words + i + TWO);
    }
    scalar(params, x + i, n - i, words + i);
}

AVX2 void quant_avx2_dequantize_float16(const struct quant_params *params, const void *q, size_t n,
                                        float *x)
{
    const uint16_t *words = q;
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        const __m128i v = _mm_loadu_si128((const __m128i *)(words + i));
        _mm256_storeu_ps(x + i, _mm256_cvtph_ps(v));
    }
    quant_kernels_scalar.dequantize[QUANT_FLOAT16](params, words + i, n - i, x + i);
}

AVX2 void quant_avx2_dequantize_bfloat16(const struct quant_params *params, const void *q, size_t n,
                                         float *x)
{
    const uint16_t *words = q;
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        const __m256i v = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(words + i)));
        _mm256_storeu_si256((__m256i *)(x + i), _mm256_slli_epi32(v, 16));
    }
    quant_kernels_scalar.dequantize[QUANT_BFLOAT16](params, words + i, n - i, x + i);
}

/* ---- 8 bits ---- */

/*
 * Not by way of float16: the sum of a quotient and the number that rounds it has the integer k = t
 * / 2^(e - f), rounded, in its lower half, and pattern = (e - e of the smallest normal number) 2^f
 * + |k|, also if t is subnormal. So 16 exponents fit a vector.
 */
struct rounded {
    __m256i exponent; /* at its place in the upper half of a float32; 0 up to the smallest */
    __m256i integer;  /* k */
    __m256i pattern;  /* without the sign; not saturated */
};

/* Constants of a loop. Opaque to the compiler, which would make them anew in each step, since the
 * call of the scalar code leaves no vector registers. */
struct float8 {
    __m256i exponent_mask, min_exponent, rounding, max_exponent; /* 16 bits */
    __m256i max, sign;                                           /* 8 bits */
};

AVX2 ALWAYS_INLINE __m256i opaque(__m256i v)
{
    KEEP_IN_REGISTER(v);
    return v;
}

AVX2 ALWAYS_INLINE struct float8 constants_of(const struct quant_small_float *type)
{
    const int min_exponent = QUANT_FLOAT16_MIN_EXPONENT >> 16;
    const int rounding = quant_rounding_shift(type) >> 16;
    const int max_exponent = (254 - type->cut) << 7; /* rounding adds cut */
    return (struct float8){
        .exponent_mask = opaque(_mm256_set1_epi16(0x7F80)),
        .min_exponent = opaque(_mm256_set1_epi16((short)min_exponent)),
        .rounding = opaque(_mm256_set1_epi16((short)(min_exponent + rounding))),
        .max_exponent = opaque(_mm256_set1_epi16((short)(max_exponent - min_exponent))),
        .max = opaque(_mm256_set1_epi8((char)type->max)),
        .sign = opaque(_mm256_set1_epi8((char)type->sign)),
    };
}

/*
 * 16 quotients. Lanes of 16 bits:
 *
 *     upper     a0 b0 a1 b1 .. a7 b7   upper halves
 *     shift_a   0 a0 0 a1 ..           as float32: what rounds a
 *     shift     a0 b0 a1 b1 ..         as float32: what rounds b; its lower half, which is even,
 *                                      does not matter as long as it is subtracted from the sum
 */
AVX2 ALWAYS_INLINE struct rounded round_to(const struct float8 *constants, int cut, __m256 a,
                                           __m256 b)
{
    const __m256i upper = _mm256_blend_epi16(_mm256_srli_epi32(_mm256_castps_si256(a), 16),
                                             _mm256_castps_si256(b), 0xAA);
    const __m256i exponent = _mm256_subs_epu16(_mm256_and_si256(upper, constants->exponent_mask),
                                               constants->min_exponent);
    const __m256i shift = _mm256_add_epi16(exponent, constants->rounding);
    const __m256i shift_a = _mm256_slli_epi32(shift, 16);
    const __m256i sum_a = _mm256_castps_si256(_mm256_add_ps(a, _mm256_castsi256_ps(shift_a)));
    const __m256i sum_b = _mm256_castps_si256(_mm256_add_ps(b, _mm256_castsi256_ps(shift)));
    const __m256i lower = _mm256_blend_epi16(sum_a, _mm256_slli_epi32(sum_b, 16), 0xAA);
    const __m256i integer = _mm256_sub_epi16(lower, shift_a);
    const __m256i of_exponent = _mm256_srli_epi16(exponent, cut - 16);
    return (struct rounded){
        .exponent = exponent,
        .integer = integer,
        .pattern = _mm256_add_epi16(of_exponent, _mm256_abs_epi16(integer)),
    };
}

/* Whether one of 32 quotients is NaN, or too large for the number that would round it. */
AVX2 ALWAYS_INLINE bool are_too_large(const struct float8 *constants, __m256i exponents,
                                      __m256i others)
{
    const __m256i above =
        _mm256_cmpgt_epi16(_mm256_max_epi16(exponents, others), constants->max_exponent);
    return __builtin_expect(_mm256_movemask_epi8(above) != 0, 0);
}

AVX2 ALWAYS_INLINE void encode_bytes(const struct quant_small_float *type,
                                     const struct quant_params *params, const float *x, size_t n,
                                     uint8_t *q)
{
    quant_quantize_fn *const scalar = quant_kernels_scalar.quantize[params->dtype];
    const float by = quant_scale_to_float16(type, params->scale);
    const __m256 scale = _mm256_set1_ps(by);
    const __m256 inverse = _mm256_set1_ps(1 / by);
    const bool is_fast = quant_quotient_is_exact(params->scale);
    const struct float8 constants = constants_of(type);
    size_t i = 0;
    for (; is_fast && n - i >= STEP; i += STEP) {
        __m256 t[4];
        for (size_t k = 0; k < 4; k++) {
            __m256 v = _mm256_loadu_ps(x + i + LANES * k);
            KEEP_IN_REGISTER(v);
            t[k] = exact_quotient(v, scale, inverse);
        }
        const struct rounded ab = round_to(&constants, type->cut, t[0], t[1]);
        const struct rounded cd = round_to(&constants, type->cut, t[2], t[3]);
        if (are_too_large(&constants, ab.exponent, cd.exponent)) {
            scalar(params, x + i, STEP, q + i);
            continue;
        }
        const __m256i magnitude =
            _mm256_min_epu8(_mm256_packus_epi16(ab.pattern, cd.pattern), constants.max);
        const __m256i sign =
            _mm256_and_si256(_mm256_packs_epi16(ab.integer, cd.integer), constants.sign);
        _mm256_storeu_si256((__m256i *)(q + i), order_bytes(_mm256_or_si256(magnitude, sign)));
    }
    scalar(params, x + i, n - i, q + i);
}

AVX2 void quant_avx2_quantize_float8_e4m3fn(const struct quant_params *params, const float *x,
                                            size_t n, void *q)
{
    encode_bytes(&quant_small_float8_e4m3fn, params, x, n, q);
}

AVX2 void quant_avx2_quantize_float8_e5m2(const struct quant_params *params, const float *x,
                                          size_t n, void *q)
{
    encode_bytes(&quant_small_float8_e5m2, params, x, n, q);
}

/* Decodes 8 patterns. Subnormals are converted as integers: multiplying them as float32 subnormals
 * would cost the processor about a hundred cycles each. */
AVX2 ALWAYS_INLINE __m256 decode(const struct quant_small_float *type, __m256i pattern)
{
    const int fraction_bits = 23 - type->cut;
    const __m256i magnitude = _mm256_and_si256(pattern, _mm256_set1_epi32(type->sign - 1));
    const __m256i normal = _mm256_add_epi32(_mm256_slli_epi32(magnitude, type->cut),
                                            _mm256_set1_epi32((int)type->rebias));
    const __m256 subnormal =
        _mm256_mul_ps(_mm256_cvtepi32_ps(magnitude), _mm256_set1_ps(1 / (float)type->steps));
    const __m256i is_subnormal =
        _mm256_cmpgt_epi32(_mm256_set1_epi32(1 << fraction_bits), magnitude);
    __m256 value =
        _mm256_blendv_ps(_mm256_castsi256_ps(normal), subnormal, _mm256_castsi256_ps(is_subnormal));
    __m256i is_nan = _mm256_cmpgt_epi32(magnitude, _mm256_set1_epi32(type->max));
    if (type->infinity > 0) {
        const __m256i is_infinity =
            _mm256_cmpeq_epi32(magnitude, _mm256_set1_epi32(type->infinity));
        value = _mm256_blendv_ps(value, _mm256_set1_ps(INFINITY), _mm256_castsi256_ps(is_infinity));
        is_nan = _mm256_andnot_si256(is_infinity, is_nan);
    }
    const __m256i sign =
        _mm256_slli_epi32(_mm256_and_si256(pattern, _mm256_set1_epi32(type->sign)), 24);
    value = _mm256_or_ps(value, _mm256_castsi256_ps(sign));
    return _mm256_blendv_ps(value, _mm256_set1_ps(NAN), _mm256_castsi256_ps(is_nan));
}

AVX2 ALWAYS_INLINE void decode_bytes(const struct quant_small_float *type,
                                     const struct quant_params *params, const uint8_t *q, size_t n,
                                     float *x)
{
    const __m256 scale = _mm256_set1_ps(params->scale);
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        const __m128i bytes = _mm_loadl_epi64((const __m128i *)(q + i));
        const __m256 value = decode(type, _mm256_cvtepu8_epi32(bytes));
        _mm256_storeu_ps(x + i, _mm256_mul_ps(value, scale));
    }
    quant_kernels_scalar.dequantize[params->dtype](params, q + i, n - i, x + i);
}

AVX2 void quant_avx2_dequantize_float8_e4m3fn(const struct quant_params *params, const void *q,
                                              size_t n, float *x)
{
    decode_bytes(&quant_small_float8_e4m3fn, params, q, n, x);
}

AVX2 void quant_avx2_dequantize_float8_e5m2(const struct quant_params *params, const void *q,
                                            size_t n, float *x)
{
    decode_bytes(&quant_small_float8_e5m2, params, q, n, x);
}

#endif
