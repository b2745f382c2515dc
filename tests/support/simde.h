/* SPDX-License-Identifier: MIT */
/*
 * Replaces <immintrin.h>: the intrinsics of x86 in plain C by SIMDe, for code that this processor
 * cannot run. SSE2, which every x86-64 has, is real.
 *
 * SIMDe lacks some intrinsics of AVX-512; which ones depends on its version. They are defined here,
 * lane by lane, as in Intel's Intrinsics Guide. Others are replaced because they are not exact: its
 * fused multiply-add rounds twice, its float16 conversion does not make signalling NaNs quiet, its
 * conversions to integers are undefined for numbers that are too large, and its test for zeros
 * takes one half for both.
 */
#ifndef QUANT_TESTS_SUPPORT_SIMDE_H
#define QUANT_TESTS_SUPPORT_SIMDE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx2.h>
#include <simde/x86/avx512.h>
#include <simde/x86/fma.h>

/* Some versions have these types under other names. */
#undef __mmask16
#undef __mmask32
#undef __mmask64
#define __mmask16 uint16_t
#define __mmask32 uint32_t
#define __mmask64 uint64_t

union lanes_128 {
    __m128i integers;
    uint8_t u8[16];
};

union lanes_256 {
    __m256 floats;
    __m256d doubles;
    __m256i integers;
    __m128 two_floats[2];
    __m128i two_integers[2];
    float f32[8];
    double f64[4];
    uint16_t u16[16];
};

union lanes_512 {
    __m512 floats;
    __m512d doubles;
    __m512i integers;
    __m128 four_floats[4];
    __m128i four_integers[4];
    float f32[16];
    double f64[8];
    uint8_t u8[64];
    uint16_t u16[32];
    uint32_t u32[16];
    int32_t i32[16];
};

/* ---- Replaced -------------------------------------------------------------------------------- */

static inline __m256 exact_fmadd_256(__m256 a, __m256 b, __m256 c)
{
    const union lanes_256 x = {.floats = a};
    const union lanes_256 y = {.floats = b};
    union lanes_256 z = {.floats = c};
    for (int i = 0; i < 8; i++)
        z.f32[i] = fmaf(x.f32[i], y.f32[i], z.f32[i]);
    return z.floats;
}

static inline __m512 exact_fmadd_512(__m512 a, __m512 b, __m512 c)
{
    const union lanes_512 x = {.floats = a};
    const union lanes_512 y = {.floats = b};
    union lanes_512 z = {.floats = c};
    for (int i = 0; i < 16; i++)
        z.f32[i] = fmaf(x.f32[i], y.f32[i], z.f32[i]);
    return z.floats;
}

static inline __m256d exact_fmadd_double_256(__m256d a, __m256d b, __m256d c)
{
    const union lanes_256 x = {.doubles = a};
    const union lanes_256 y = {.doubles = b};
    union lanes_256 z = {.doubles = c};
    for (int i = 0; i < 4; i++)
        z.f64[i] = fma(x.f64[i], y.f64[i], z.f64[i]);
    return z.doubles;
}

static inline __m512d exact_fmadd_double_512(__m512d a, __m512d b, __m512d c)
{
    const union lanes_512 x = {.doubles = a};
    const union lanes_512 y = {.doubles = b};
    union lanes_512 z = {.doubles = c};
    for (int i = 0; i < 8; i++)
        z.f64[i] = fma(x.f64[i], y.f64[i], z.f64[i]);
    return z.doubles;
}

/* Negating a factor is exact. */
static inline __m256 exact_fnmadd_256(__m256 a, __m256 b, __m256 c)
{
    return exact_fmadd_256(simde_mm256_sub_ps(simde_mm256_set1_ps(-0.0F), a), b, c);
}

static inline __m512 exact_fnmadd_512(__m512 a, __m512 b, __m512 c)
{
    return exact_fmadd_512(simde_mm512_sub_ps(simde_mm512_set1_ps(-0.0F), a), b, c);
}

/* Counts steps of the last of ten fraction bits, at the exponent of the number or of the smallest
 * normal number. */
static inline uint16_t exact_to_half(float value)
{
    const double magnitude = fabs((double)value);
    const uint16_t sign = signbit(value) ? 0x8000 : 0;
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (isnan(value))
        return (uint16_t)(sign | 0x7E00 | (bits >> 13 & 0x1FF));
    if (magnitude >= 65520)
        return sign | 0x7C00;
    const int exponent = magnitude < 0x1p-14 ? -14 : ilogb(magnitude);
    return (uint16_t)(sign |
                      (((exponent + 14) << 10) + (int)nearbyint(ldexp(magnitude, 10 - exponent))));
}

static inline __m128i exact_cvtps_to_half_256(__m256 a)
{
    const union lanes_256 x = {.floats = a};
    uint16_t halves[8];
    __m128i z;
    for (int i = 0; i < 8; i++)
        halves[i] = exact_to_half(x.f32[i]);
    memcpy(&z, halves, sizeof z);
    return z;
}

static inline __m256i exact_cvtps_to_half_512(__m512 a)
{
    const union lanes_512 x = {.floats = a};
    union lanes_256 z;
    for (int i = 0; i < 16; i++)
        z.u16[i] = exact_to_half(x.f32[i]);
    return z.integers;
}

/* Moves the exponent and fraction of a half to their places in a float and multiplies by 2^112 for
 * the other bias. Infinities and NaNs are handled apart; NaNs become quiet. */
static inline float exact_from_half(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000U) << 16;
    const uint32_t magnitude = (uint32_t)(half & 0x7FFFU) << 13;
    uint32_t bits = magnitude > 0x0F800000 ? 0x70400000 : 0x70000000;
    float value;
    memcpy(&value, &magnitude, sizeof value);
    if (magnitude < 0x0F800000) {
        value *= 0x1p112F;
        memcpy(&bits, &value, sizeof bits);
    } else {
        bits |= magnitude;
    }
    bits |= sign;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline __m256 exact_cvtph_256(__m128i a)
{
    uint16_t halves[8];
    union lanes_256 z;
    memcpy(halves, &a, sizeof halves);
    for (int i = 0; i < 8; i++)
        z.f32[i] = exact_from_half(halves[i]);
    return z.floats;
}

static inline __m512 exact_cvtph_512(__m256i a)
{
    const union lanes_256 x = {.integers = a};
    union lanes_512 z;
    for (int i = 0; i < 16; i++)
        z.f32[i] = exact_from_half(x.u16[i]);
    return z.floats;
}

static inline __m256i exact_cvtps_256(__m256 a)
{
    union lanes_256 z = {.floats = a};
    for (int i = 0; i < 2; i++)
        z.two_integers[i] = _mm_cvtps_epi32(z.two_floats[i]);
    return z.integers;
}

static inline __m256i exact_cvttps_256(__m256 a)
{
    union lanes_256 z = {.floats = a};
    for (int i = 0; i < 2; i++)
        z.two_integers[i] = _mm_cvttps_epi32(z.two_floats[i]);
    return z.integers;
}

static inline __m512i exact_cvtps_512(__m512 a)
{
    union lanes_512 z = {.floats = a};
    for (int i = 0; i < 4; i++)
        z.four_integers[i] = _mm_cvtps_epi32(z.four_floats[i]);
    return z.integers;
}

static inline __m512i exact_cvttps_512(__m512 a)
{
    union lanes_512 z = {.floats = a};
    for (int i = 0; i < 4; i++)
        z.four_integers[i] = _mm_cvttps_epi32(z.four_floats[i]);
    return z.integers;
}

/* Negating INT_MIN must wrap; SIMDe negates a signed number, which is undefined. */
static inline __m256i wrapping_sign(__m256i a, __m256i b)
{
    uint32_t numbers[8];
    int32_t signs[8];
    simde_mm256_storeu_si256(numbers, a);
    simde_mm256_storeu_si256(signs, b);
    for (int i = 0; i < 8; i++)
        numbers[i] = signs[i] == 0 ? 0 : signs[i] < 0 ? 0 - numbers[i] : numbers[i];
    return simde_mm256_loadu_si256(numbers);
}

static inline int exact_testz(__m256i a, __m256i b)
{
    const union lanes_256 x = {.integers = a};
    const union lanes_256 y = {.integers = b};
    uint16_t any = 0;
    for (int i = 0; i < 16; i++)
        any |= x.u16[i] & y.u16[i];
    return any == 0;
}

/* SIMDe's reads all lanes, also beyond the end of an array. */
static inline __m256i exact_maskload_256(const int32_t *from, __m256i mask)
{
    int32_t which[8];
    int32_t lanes[8] = {0};
    __m256i result;
    memcpy(which, &mask, sizeof which);
    for (int i = 0; i < 8; i++)
        if (which[i] < 0)
            memcpy(&lanes[i], from + i, sizeof lanes[i]);
    memcpy(&result, lanes, sizeof result);
    return result;
}

#undef _mm256_maskload_ps
#undef _mm256_maskload_epi32
#undef _mm256_fmadd_ps
#undef _mm512_fmadd_ps
#undef _mm256_fnmadd_ps
#undef _mm512_fnmadd_ps
#undef _mm256_fmadd_pd
#undef _mm512_fmadd_pd
#undef _mm256_sign_epi32
#undef _mm256_testz_si256
#undef _mm256_cvtph_ps
#undef _mm512_cvtph_ps
#undef _mm256_cvtps_ph
#undef _mm512_maskz_cvtps_ph
#undef _mm256_cvtps_epi32
#undef _mm512_cvtps_epi32
#undef _mm256_cvttps_epi32
#undef _mm512_cvttps_epi32
#define _mm256_maskload_ps(from, mask)                                                             \
    _mm256_castsi256_ps(exact_maskload_256((const int32_t *)(const void *)(from), mask))
#define _mm256_maskload_epi32(from, mask) exact_maskload_256(from, mask)
#define _mm256_fmadd_ps exact_fmadd_256
#define _mm512_fmadd_ps exact_fmadd_512
#define _mm256_fnmadd_ps exact_fnmadd_256
#define _mm512_fnmadd_ps exact_fnmadd_512
#define _mm256_fmadd_pd exact_fmadd_double_256
#define _mm512_fmadd_pd exact_fmadd_double_512
#define _mm256_sign_epi32 wrapping_sign
#define _mm256_testz_si256 exact_testz
#define _mm256_cvtph_ps exact_cvtph_256
#define _mm512_cvtph_ps exact_cvtph_512
#define _mm256_cvtps_ph(a, rounding) exact_cvtps_to_half_256(a) /* to nearest */
#define _mm512_maskz_cvtps_ph(all, a, rounding) ((void)(all), exact_cvtps_to_half_512(a))
#define _mm256_cvtps_epi32 exact_cvtps_256
#define _mm512_cvtps_epi32 exact_cvtps_512
#define _mm256_cvttps_epi32 exact_cvttps_256
#define _mm512_cvttps_epi32 exact_cvttps_512

/* ---- Missing --------------------------------------------------------------------------------- */

#ifndef _mm512_setzero_ps
#define _mm512_setzero_ps simde_mm512_setzero_ps
#endif

#ifndef _mm512_setzero_pd
#define _mm512_setzero_pd simde_mm512_setzero_pd
#endif

/* Bypassing the caches does not change the bytes; the address must be aligned. */
#ifndef _mm512_stream_si512
#define _mm512_stream_si512(to, v) simde_mm512_store_si512(to, v)
#endif
#ifndef _mm512_cvtepi32_epi8
#define _mm512_cvtepi32_epi8 supplied_cvtepi32_epi8
static inline __m128i supplied_cvtepi32_epi8(__m512i a)
{
    const union lanes_512 x = {.integers = a};
    union lanes_128 z;
    for (int i = 0; i < 16; i++)
        z.u8[i] = (uint8_t)x.u32[i];
    return z.integers;
}
#endif

#ifndef _mm512_cvtepi32_ps
#define _mm512_cvtepi32_ps supplied_cvtepi32_ps
static inline __m512 supplied_cvtepi32_ps(__m512i a)
{
    union lanes_512 z = {.integers = a};
    for (int i = 0; i < 16; i++)
        z.f32[i] = (float)z.i32[i];
    return z.floats;
}
#endif

#ifndef _mm512_cvtepi8_epi32
#define _mm512_cvtepi8_epi32 supplied_cvtepi8_epi32
static inline __m512i supplied_cvtepi8_epi32(__m128i a)
{
    const union lanes_128 x = {.integers = a};
    union lanes_512 z;
    for (int i = 0; i < 16; i++)
        z.i32[i] = (x.u8[i] ^ 0x80) - 0x80;
    return z.integers;
}
#endif

#ifndef _mm512_cvtepu8_epi32
#define _mm512_cvtepu8_epi32 supplied_cvtepu8_epi32
static inline __m512i supplied_cvtepu8_epi32(__m128i a)
{
    const union lanes_128 x = {.integers = a};
    union lanes_512 z;
    for (int i = 0; i < 16; i++)
        z.u32[i] = x.u8[i];
    return z.integers;
}
#endif

#ifndef _mm512_cvtepu16_epi32
#define _mm512_cvtepu16_epi32 supplied_cvtepu16_epi32
static inline __m512i supplied_cvtepu16_epi32(__m256i a)
{
    const union lanes_256 x = {.integers = a};
    union lanes_512 z;
    for (int i = 0; i < 16; i++)
        z.u32[i] = x.u16[i];
    return z.integers;
}
#endif

#ifndef _mm512_cvtpd_ps
#define _mm512_cvtpd_ps supplied_cvtpd_ps
static inline __m256 supplied_cvtpd_ps(__m512d a)
{
    const union lanes_512 x = {.doubles = a};
    union lanes_256 z;
    for (int i = 0; i < 8; i++)
        z.f32[i] = (float)x.f64[i];
    return z.floats;
}
#endif

#ifndef _mm512_cvtps_pd
#define _mm512_cvtps_pd supplied_cvtps_pd
static inline __m512d supplied_cvtps_pd(__m256 a)
{
    const union lanes_256 x = {.floats = a};
    union lanes_512 z;
    for (int i = 0; i < 8; i++)
        z.f64[i] = (double)x.f32[i];
    return z.doubles;
}
#endif

#ifndef _mm512_mask_cmp_ps_mask
#define _mm512_mask_cmp_ps_mask(mask, a, b, predicate)                                             \
    ((__mmask16)((mask)&_mm512_cmp_ps_mask(a, b, predicate)))
#endif

#ifndef _mm512_mask_cmplt_epu16_mask
#define _mm512_mask_cmplt_epu16_mask supplied_mask_cmplt_epu16_mask
static inline __mmask32 supplied_mask_cmplt_epu16_mask(__mmask32 mask, __m512i a, __m512i b)
{
    const union lanes_512 x = {.integers = a};
    const union lanes_512 y = {.integers = b};
    uint32_t less = 0;
    for (int i = 0; i < 32; i++)
        less |= (x.u16[i] < y.u16[i] ? 1U : 0) << i;
    return mask & less;
}
#endif

#ifndef _mm512_testn_epi8_mask
#define _mm512_testn_epi8_mask supplied_testn_epi8_mask
static inline __mmask64 supplied_testn_epi8_mask(__m512i a, __m512i b)
{
    const union lanes_512 x = {.integers = a};
    const union lanes_512 y = {.integers = b};
    uint64_t mask = 0;
    for (int i = 0; i < 64; i++)
        mask |= (uint64_t)((x.u8[i] & y.u8[i]) == 0) << i;
    return mask;
}
#endif

#ifndef _mm512_reduce_add_epi32
#define _mm512_reduce_add_epi32 supplied_reduce_add_epi32
static inline int supplied_reduce_add_epi32(__m512i a)
{
    const union lanes_512 x = {.integers = a};
    uint32_t sum = 0;
    for (int i = 0; i < 16; i++)
        sum += x.u32[i];
    return (int)sum;
}
#endif

#ifndef _mm512_mask_loadu_epi32
#define _mm512_mask_loadu_epi32 supplied_mask_loadu_epi32
static inline __m512i supplied_mask_loadu_epi32(__m512i other, __mmask16 mask, const void *from)
{
    union lanes_512 z = {.integers = other};
    for (int i = 0; i < 16; i++)
        if (mask >> i & 1)
            memcpy(&z.u32[i], (const unsigned char *)from + (ptrdiff_t)4 * i, 4);
    return z.integers;
}
#endif

#ifndef _mm512_maskz_loadu_epi32
#define _mm512_maskz_loadu_epi32(mask, from)                                                       \
    _mm512_mask_loadu_epi32(simde_mm512_setzero_si512(), mask, from)
#endif

#ifndef _mm512_mask_loadu_ps
#define _mm512_mask_loadu_ps(other, mask, from)                                                    \
    simde_mm512_castsi512_ps(_mm512_mask_loadu_epi32(simde_mm512_castps_si512(other), mask, from))
#endif

#ifndef _mm512_maskz_loadu_ps
#define _mm512_maskz_loadu_ps(mask, from)                                                          \
    simde_mm512_castsi512_ps(_mm512_maskz_loadu_epi32(mask, from))
#endif

#ifndef _mm512_mask_storeu_epi8
#define _mm512_mask_storeu_epi8 supplied_mask_storeu_epi8
static inline void supplied_mask_storeu_epi8(void *to, __mmask64 mask, __m512i a)
{
    const union lanes_512 x = {.integers = a};
    for (int i = 0; i < 64; i++)
        if (mask >> i & 1)
            ((uint8_t *)to)[i] = x.u8[i];
}
#endif

#ifndef _mm512_reduce_max_epi32
#define _mm512_reduce_max_epi32 supplied_reduce_max_epi32
static inline int supplied_reduce_max_epi32(__m512i a)
{
    const union lanes_512 x = {.integers = a};
    int32_t max = x.i32[0];
    for (int i = 1; i < 16; i++)
        max = max > x.i32[i] ? max : x.i32[i];
    return max;
}
#endif

#ifndef _mm512_reduce_min_epi32
#define _mm512_reduce_min_epi32 supplied_reduce_min_epi32
static inline int supplied_reduce_min_epi32(__m512i a)
{
    const union lanes_512 x = {.integers = a};
    int32_t min = x.i32[0];
    for (int i = 1; i < 16; i++)
        min = min < x.i32[i] ? min : x.i32[i];
    return min;
}
#endif

#ifndef _mm512_reduce_max_pd
#define _mm512_reduce_max_pd supplied_reduce_max_pd
static inline double supplied_reduce_max_pd(__m512d a)
{
    const union lanes_512 x = {.doubles = a};
    double max = x.f64[0];
    for (int i = 1; i < 8; i++)
        max = max > x.f64[i] ? max : x.f64[i];
    return max;
}
#endif

#ifndef _mm512_reduce_max_ps
#define _mm512_reduce_max_ps supplied_reduce_max_ps
static inline float supplied_reduce_max_ps(__m512 a)
{
    const union lanes_512 x = {.floats = a};
    float max = x.f32[0];
    for (int i = 1; i < 16; i++)
        max = max > x.f32[i] ? max : x.f32[i];
    return max;
}
#endif

#ifndef _mm512_reduce_min_ps
#define _mm512_reduce_min_ps supplied_reduce_min_ps
static inline float supplied_reduce_min_ps(__m512 a)
{
    const union lanes_512 x = {.floats = a};
    float min = x.f32[0];
    for (int i = 1; i < 16; i++)
        min = min < x.f32[i] ? min : x.f32[i];
    return min;
}
#endif

#ifndef _mm512_extractf32x8_ps
#define _mm512_extractf32x8_ps(a, half) supplied_extractf32x8_ps(a, half)
static inline __m256 supplied_extractf32x8_ps(__m512 a, int half)
{
    const union lanes_512 x = {.floats = a};
    union lanes_256 result;
    memcpy(result.f32, x.f32 + (ptrdiff_t)half * 8, sizeof result.f32);
    return result.floats;
}
#endif

/* Two of the four pairs of a, then two of b. */
#ifndef _mm512_shuffle_f64x2
#define _mm512_shuffle_f64x2(a, b, pairs) supplied_shuffle_f64x2(a, b, pairs)
static inline __m512d supplied_shuffle_f64x2(__m512d a, __m512d b, int pairs)
{
    const union lanes_512 x = {.doubles = a};
    const union lanes_512 y = {.doubles = b};
    union lanes_512 result;
    for (int i = 0; i < 8; i++) {
        const int pair = pairs >> (i / 2 * 2) & 3;
        result.f64[i] = (i < 4 ? x : y).f64[2 * pair + i % 2];
    }
    return result.doubles;
}
#endif

#ifndef _mm512_maskz_loadu_pd
#define _mm512_maskz_loadu_pd supplied_maskz_loadu_pd
static inline __m512d supplied_maskz_loadu_pd(uint8_t mask, const double *from)
{
    union lanes_512 result = {.f64 = {0}};
    for (int i = 0; i < 8; i++)
        if (mask >> i & 1)
            result.f64[i] = from[i];
    return result.doubles;
}
#endif

#ifndef _mm512_mask_storeu_pd
#define _mm512_mask_storeu_pd supplied_mask_storeu_pd
static inline void supplied_mask_storeu_pd(double *to, uint8_t mask, __m512d a)
{
    const union lanes_512 x = {.doubles = a};
    for (int i = 0; i < 8; i++)
        if (mask >> i & 1)
            to[i] = x.f64[i];
}
#endif

#endif
