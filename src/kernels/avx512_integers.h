/* SPDX-License-Identifier: MIT */
/* How the AVX-512 files quantize to integers: by division, to 32 bits; and without division, as
 * fixed_point.h describes, to bytes. */
#ifndef QUANT_KERNELS_AVX512_INTEGERS_H
#define QUANT_KERNELS_AVX512_INTEGERS_H

#include "kernels/avx512_shared.h"

/* ---- By division ---- */

struct division {
    __m512 scale;
    __m512 lowest, highest; /* qmin - z and qmax - z, exact if z is near */
    __m512i zero_point;
    bool half_away;
};

AVX512 static inline struct division make_division(const struct quant_params *params)
{
    return (struct division){
        .scale = _mm512_set1_ps(params->scale),
        .lowest = _mm512_set1_ps((float)params->qmin - (float)params->zero_point),
        .highest = _mm512_set1_ps((float)params->qmax - (float)params->zero_point),
        .zero_point = _mm512_set1_epi32(params->zero_point),
        .half_away = params->rounding == QUANT_HALF_AWAY,
    };
}

/* 16 integers. NaN becomes 0 before z is added. The limits of the clamp are integers, so it can be
 * done before the rounding, which then cannot overflow 32 bits. Rounding away from zero truncates,
 * then adds 1 with the sign of t if the fraction was at least a half; both steps are exact. */
AVX512 static inline __m512i divide(const struct division *by, __m512 x)
{
    __m512 t = _mm512_div_ps(x, by->scale);
    t = _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(t, t, _CMP_ORD_Q), t);
    t = _mm512_min_ps(_mm512_max_ps(t, by->lowest), by->highest);
    if (by->half_away) {
        const __m512 cut = _mm512_cvtepi32_ps(_mm512_cvttps_epi32(t));
        const __m512 rest = _mm512_abs_ps(_mm512_sub_ps(t, cut));
        const __m512 sign = _mm512_and_ps(t, _mm512_set1_ps(-0.0F));
        const __m512 one = _mm512_or_ps(sign, _mm512_set1_ps(1.0F));
        const __mmask16 up = _mm512_cmp_ps_mask(rest, _mm512_set1_ps(0.5F), _CMP_GE_OQ);
        t = _mm512_mask_add_ps(cut, up, cut, one);
    }
    return _mm512_add_epi32(_mm512_cvtps_epi32(t), by->zero_point);
}

/* 64 elements to 64 bytes. */
AVX512 static inline __m512i divide_bytes(const struct division *by, const float *x)
{
    uint8_t bytes[STEP];
    for (size_t i = 0; i < STEP; i += LANES) {
        const __m512i integers = divide(by, _mm512_loadu_ps(x + i));
        _mm_storeu_si128((__m128i *)(bytes + i), _mm512_cvtepi32_epi8(integers));
    }
    return _mm512_loadu_si512(bytes);
}

/* ---- In fixed point, to bytes ---- */

/* What a step of 64 elements needs besides factor and bias. */
struct byte_limits {
    __m512i band, qmin, qmax;
};

AVX512 static inline struct byte_limits make_limits(const struct quant_params *params,
                                                    uint16_t band)
{
    return (struct byte_limits){
        .band = _mm512_set1_epi16((short)band),
        .qmin = _mm512_set1_epi8((char)params->qmin),
        .qmax = _mm512_set1_epi8((char)params->qmax),
    };
}

/* The compile-time choices of a loop. The clamp from below is always done. */
struct byte_kind {
    bool is_unsigned;
    bool caps; /* qmax is below that of the type: a clamp from above, too */
};

AVX512 ALWAYS_INLINE __m512i fix_point(const float *x, __m512 factor, __m512 bias)
{
    return _mm512_cvtps_epi32(_mm512_fmadd_ps(_mm512_loadu_ps(x), factor, bias));
}

/* Whether a lower half lies in the band. */
AVX512 ALWAYS_INLINE bool is_near_tie(const struct byte_limits *limits, const __m512i v[4])
{
    const __mmask32 lower_halves = 0x55555555;
    const __m512i nearest =
        _mm512_min_epu16(_mm512_min_epu16(v[0], v[1]), _mm512_min_epu16(v[2], v[3]));
    const __mmask32 doubtful = _mm512_mask_cmplt_epu16_mask(lower_halves, nearest, limits->band);
    return __builtin_expect(doubtful != 0, 0);
}

/*
 * Four vectors a, b, c, d of fixed-point numbers, each with an upper half (the integer) and a lower
 * half (the fraction).
 *
 *     halves   a0 b0 a1 b1 .. a15 b15 and c0 d0 c1 d1 ..     upper halves, 16 bits each
 *     packed   each 128 bits: a0 b0 a1 b1 a2 b2 a3 b3 c0 d0 .. d3, saturated to the type
 *     dwords   each 128 bits: a0..a3 b0..b3 c0..c3 d0..d3
 *     result   a0..a15 b0..b15 c0..c15 d0..d15
 */
AVX512 ALWAYS_INLINE __m512i narrow(const struct byte_limits *limits, const __m512i v[4],
                                    const struct byte_kind kind)
{
    const __mmask32 odd = 0xAAAAAAAA;
    const __m512i ab = _mm512_mask_blend_epi16(odd, _mm512_srli_epi32(v[0], 16), v[1]);
    const __m512i cd = _mm512_mask_blend_epi16(odd, _mm512_srli_epi32(v[2], 16), v[3]);
    const __m512i in_lane =
        _mm512_broadcast_i32x4(_mm_setr_epi8(0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15));
    const __m512i across = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    __m512i packed;
    if (kind.is_unsigned) {
        packed = _mm512_max_epu8(_mm512_packus_epi16(ab, cd), limits->qmin);
        packed = kind.caps ? _mm512_min_epu8(packed, limits->qmax) : packed;
    } else {
        packed = _mm512_max_epi8(_mm512_packs_epi16(ab, cd), limits->qmin);
        packed = kind.caps ? _mm512_min_epi8(packed, limits->qmax) : packed;
    }
    __m512i dwords = _mm512_shuffle_epi8(packed, in_lane);
    /* clang would merge the two shuffles into one permutation of bytes, which needs VBMI. Without
     * VBMI that becomes ten instructions, and the loop takes one and a half times as long. */
    KEEP_IN_REGISTER(dwords);
    return _mm512_permutexvar_epi32(across, dwords);
}

#endif
