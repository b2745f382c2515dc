/* SPDX-License-Identifier: MIT */
/* How the AVX2 files quantize to integers: by division, to 32 bits, for all types; and without
 * division, as fixed_point.h describes, for types of 8 and 4 bits. And how they restore them. */
#ifndef QUANT_KERNELS_AVX2_INTEGERS_H
#define QUANT_KERNELS_AVX2_INTEGERS_H

#include "kernels/avx2_shared.h"

/* ---- By division ---- */

struct division {
    __m256 scale;
    __m256 lowest, highest; /* qmin - z and qmax - z, exact if z is near */
    __m256i zero_point;
    bool half_away;
};

AVX2 static inline struct division make_division(const struct quant_params *params)
{
    return (struct division){
        .scale = _mm256_set1_ps(params->scale),
        .lowest = _mm256_set1_ps((float)params->qmin - (float)params->zero_point),
        .highest = _mm256_set1_ps((float)params->qmax - (float)params->zero_point),
        .zero_point = _mm256_set1_epi32(params->zero_point),
        .half_away = params->rounding == QUANT_HALF_AWAY,
    };
}

/* 8 integers. NaN becomes 0 before z is added. The limits of the clamp are integers, so it can be
 * done before the rounding, which then cannot overflow 32 bits. Rounding away from zero truncates,
 * then adds 1 with the sign of t if the fraction was at least a half; both steps are exact. */
AVX2 ALWAYS_INLINE __m256i divide(const struct division *by, const float *x)
{
    __m256 t = _mm256_div_ps(_mm256_loadu_ps(x), by->scale);
    t = _mm256_and_ps(t, _mm256_cmp_ps(t, t, _CMP_ORD_Q));
    t = _mm256_min_ps(_mm256_max_ps(t, by->lowest), by->highest);
    if (by->half_away) {
        const __m256 sign_bit = _mm256_set1_ps(-0.0F);
        const __m256 cut = _mm256_cvtepi32_ps(_mm256_cvttps_epi32(t));
        const __m256 rest = _mm256_andnot_ps(sign_bit, _mm256_sub_ps(t, cut));
        const __m256 one = _mm256_or_ps(_mm256_and_ps(t, sign_bit), _mm256_set1_ps(1.0F));
        const __m256 up = _mm256_cmp_ps(rest, _mm256_set1_ps(0.5F), _CMP_GE_OQ);
        t = _mm256_add_ps(cut, _mm256_and_ps(up, one));
    }
    return _mm256_add_epi32(_mm256_cvtps_epi32(t), by->zero_point);
}

/* The functions that follow only narrow: the integers are within the range of the type already. */

/* 32 integers to 32 bytes. */
AVX2 ALWAYS_INLINE __m256i pack_bytes(const __m256i v[4], bool is_unsigned)
{
    const __m256i across = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    const __m256i ab = _mm256_packs_epi32(v[0], v[1]);
    const __m256i cd = _mm256_packs_epi32(v[2], v[3]);
    const __m256i packed = is_unsigned ? _mm256_packus_epi16(ab, cd) : _mm256_packs_epi16(ab, cd);
    return _mm256_permutevar8x32_epi32(packed, across);
}

/* 16 integers to 16 bits each. Each 128 bits of mixed hold four of low and four of high. */
AVX2 ALWAYS_INLINE __m256i pack_words(__m256i low, __m256i high, bool is_unsigned)
{
    const __m256i mixed =
        is_unsigned ? _mm256_packus_epi32(low, high) : _mm256_packs_epi32(low, high);
    return _mm256_permute4x64_epi64(mixed, 0xD8);
}

/* 32 bytes, one integer that fits 4 bits each, to 16 bytes: a0 + 16 a1, a2 + 16 a3 .. */
AVX2 ALWAYS_INLINE __m128i pair_nibbles(__m256i integers)
{
    const __m256i nibbles = _mm256_and_si256(integers, _mm256_set1_epi8(0x0F));
    const __m256i pairs = _mm256_maddubs_epi16(nibbles, _mm256_set1_epi16(0x1001));
    const __m256i twice = _mm256_packus_epi16(pairs, pairs); /* each 128 bits: 8 bytes, twice */
    return _mm256_castsi256_si128(_mm256_permute4x64_epi64(twice, 0x08));
}

/* 32 integers that fit 4 bits to 16 bytes. */
AVX2 ALWAYS_INLINE __m128i pack_nibbles(const __m256i v[4])
{
    return pair_nibbles(pack_bytes(v, false));
}

/* 32 elements to 32 bytes. */
AVX2 ALWAYS_INLINE __m256i divide_bytes(const struct division *by, const float *x, bool is_unsigned)
{
    __m256i v[4];
    for (size_t k = 0; k < 4; k++)
        v[k] = divide(by, x + LANES * k);
    return pack_bytes(v, is_unsigned);
}

/* Whether quant_zero_point_is_near holds for all of 32 zero points. */
AVX2 ALWAYS_INLINE bool are_near(const int32_t *zero_points)
{
    const __m256i limit = _mm256_set1_epi32(1 << 22);
    __m256i max = limit;
    for (size_t k = 0; k < 4; k++) {
        const __m256i z = _mm256_loadu_si256((const __m256i *)(zero_points + LANES * k));
        max = _mm256_max_epu32(max, _mm256_abs_epi32(z)); /* INT32_MIN becomes 2^31 */
    }
    return _mm256_movemask_epi8(_mm256_cmpeq_epi32(max, limit)) == -1;
}

/* ---- Restoring ---- */

/* 8 bytes to 16 integers of 4 bits: flipping bit 3, the sign, and then subtracting 8 extends the
 * sign. */
AVX2 ALWAYS_INLINE void unpack_nibbles(const unsigned char *q, bool is_unsigned, __m256i v[2])
{
    const __m128i sign = _mm_set1_epi8(is_unsigned ? 0 : 8);
    const __m128i pairs = _mm_loadl_epi64((const __m128i *)q);
    const __m128i both = _mm_unpacklo_epi8(pairs, _mm_srli_epi16(pairs, 4));
    const __m128i flipped = _mm_xor_si128(_mm_and_si128(both, _mm_set1_epi8(0x0F)), sign);
    const __m128i elements = _mm_sub_epi8(flipped, sign);
    v[0] = _mm256_cvtepi8_epi32(elements);
    v[1] = _mm256_cvtepi8_epi32(_mm_unpackhi_epi64(elements, elements));
}

/* Stores (q - z) * s for 8 integers. */
AVX2 ALWAYS_INLINE void restore(__m256i q, __m256i zero_point, __m256 scale, float *x)
{
    const __m256 steps = _mm256_cvtepi32_ps(_mm256_sub_epi32(q, zero_point));
    _mm256_storeu_ps(x, _mm256_mul_ps(steps, scale));
}

/* ---- In fixed point, to bytes ---- */

/* What a step of 32 elements needs besides factor and bias. */
struct byte_limits {
    __m256i band; /* minus 1 */
    __m256i qmin, qmax;
};

AVX2 ALWAYS_INLINE struct byte_limits make_limits(const struct quant_params *params, uint16_t band)
{
    return (struct byte_limits){
        .band = _mm256_set1_epi16((short)(band - 1)),
        .qmin = _mm256_set1_epi8((char)params->qmin),
        .qmax = _mm256_set1_epi8((char)params->qmax),
    };
}

/* Which limits of the target range need a clamp, beyond the saturation to the type. */
enum clamp { CLAMP_NEITHER, CLAMP_BELOW, CLAMP_BOTH };

/* The compile-time choices of a loop: each combination has its own loop, without branches. */
struct quantize_kind {
    bool is_unsigned;
    enum clamp clamp;
    bool streams; /* stores bypass the caches; q is aligned */
};

/*
 * Four vectors a, b, c, d of fixed-point numbers, each with an upper half (the integer) and a lower
 * half (the fraction).
 *
 *     halves   a0 b0 a1 b1 .. a7 b7 and c0 d0 c1 d1 ..     upper halves, 16 bits each
 *     packed   each 128 bits: a0 b0 a1 b1 a2 b2 a3 b3 c0 d0 .. d3, saturated to the type
 *     dwords   each 128 bits: a0..a3 b0..b3 c0..c3 d0..d3
 *     result   a0..a7 b0..b7 c0..c7 d0..d7
 */
AVX2 ALWAYS_INLINE __m256i narrow(const struct byte_limits *limits, const __m256i v[4],
                                  const struct quantize_kind kind)
{
    const __m256i ab = _mm256_blend_epi16(_mm256_srli_epi32(v[0], 16), v[1], 0xAA);
    const __m256i cd = _mm256_blend_epi16(_mm256_srli_epi32(v[2], 16), v[3], 0xAA);
    __m256i packed = kind.is_unsigned ? _mm256_packus_epi16(ab, cd) : _mm256_packs_epi16(ab, cd);
    if (kind.clamp != CLAMP_NEITHER)
        packed = kind.is_unsigned ? _mm256_max_epu8(packed, limits->qmin)
                                  : _mm256_max_epi8(packed, limits->qmin);
    if (kind.clamp == CLAMP_BOTH)
        packed = kind.is_unsigned ? _mm256_min_epu8(packed, limits->qmax)
                                  : _mm256_min_epi8(packed, limits->qmax);
    return order_bytes(packed);
}

AVX2 ALWAYS_INLINE __m256i fix_point(const float *x, __m256 factor, __m256 bias)
{
    return _mm256_cvtps_epi32(_mm256_fmadd_ps(_mm256_loadu_ps(x), factor, bias));
}

AVX2 ALWAYS_INLINE __m256i min_halves(const __m256i v[4])
{
    return _mm256_min_epu16(_mm256_min_epu16(v[0], v[1]), _mm256_min_epu16(v[2], v[3]));
}

/* Whether a lower half lies in the band. AVX2 cannot compare unsigned numbers; a <= b is min(a, b)
 * == a. */
AVX2 ALWAYS_INLINE bool is_near_tie(const struct byte_limits *limits, __m256i nearest)
{
    const int lower_halves = 0x33333333;
    const __m256i in_band = _mm256_cmpeq_epi16(_mm256_min_epu16(nearest, limits->band), nearest);
    return __builtin_expect((_mm256_movemask_epi8(in_band) & lower_halves) != 0, 0);
}

AVX2 ALWAYS_INLINE void put(__m256i integers, bool streams, uint8_t *q)
{
    if (streams)
        _mm256_stream_si256((__m256i *)q, integers);
    else
        _mm256_storeu_si256((__m256i *)q, integers);
}

/* PLAN_NONE: the fixed-point method cannot be used; PLAN_ONE_BIAS: all biases are the same. */
enum plan_kind { PLAN_NONE, PLAN_EACH, PLAN_ONE_BIAS };

/* Sets factors, biases and limits for count >= 8 groups: quant_fixed_point_plan of each, but for
 * the limits, which are those of all. */
enum plan_kind quant_avx2_plan_many(const struct quant_params *common, const float *scales,
                                    const int32_t *zero_points, size_t count, float *factors,
                                    float *biases, struct byte_limits *limits);

#endif
