/* SPDX-License-Identifier: MIT */
/* What the AVX2 files share. */
#ifndef QUANT_KERNELS_AVX2_SHARED_H
#define QUANT_KERNELS_AVX2_SHARED_H

#include "kernels/kernels.h"
#include "kernels/vector.h"

#if defined(QUANT_SIMDE) /* a test compiles these files with emulated intrinsics */
#define AVX2
#define KEEP_IN_REGISTER(vector) ((void)(vector))
#define KEEP_IN_MEMORY(pointer) ((void)(pointer))
#else
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2,fma,f16c")))
/* Without this, gcc loads the vector again for each use: three loads instead of one. */
#define KEEP_IN_REGISTER(vector) __asm__("" : "+x"(vector))
/* The opposite: the value is loaded where it is used and does not occupy a register. */
#define KEEP_IN_MEMORY(pointer) __asm__ volatile("" : "+r"(pointer))
#endif

enum { LANES = 8, STEP = 32 };

/* Elements in several vectors. */
enum { TWO = 2 * LANES, THREE = 3 * LANES };

/* As exact_quotient.h describes. */
AVX2 ALWAYS_INLINE __m256 exact_quotient(__m256 x, __m256 scale, __m256 inverse)
{
    const __m256 q = _mm256_mul_ps(x, inverse);
    return _mm256_fmadd_ps(_mm256_fnmadd_ps(q, scale, x), inverse, q);
}

/*
 * Puts 32 bytes in order that come from four vectors a to d, of which two were interleaved each,
 * and then packed:
 *
 *     packed   a0 b0 .. a3 b3 c0 d0 .. c3 d3 | a4 b4 .. a7 b7 c4 d4 .. c7 d7
 */
AVX2 ALWAYS_INLINE __m256i order_bytes(__m256i packed)
{
    const __m256i in_lane = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15));
    const __m256i across = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    return _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(packed, in_lane), across);
}

/* Whether one of 32 numbers is NaN. */
AVX2 ALWAYS_INLINE bool has_nan(const __m256 t[4])
{
    const __m256 any = _mm256_or_ps(_mm256_cmp_ps(t[0], t[1], _CMP_UNORD_Q),
                                    _mm256_cmp_ps(t[2], t[3], _CMP_UNORD_Q));
    return __builtin_expect(_mm256_movemask_ps(any) != 0, 0);
}

quant_observe_fn quant_avx2_observe;
quant_each_errors_fn quant_avx2_each_errors; /* avx2_errors.c, as the next */
quant_run_errors_fn quant_avx2_run_errors;
quant_measure_fn quant_avx2_measure;
quant_point_errors_fn quant_avx2_point_errors;
quant_mark_levels_fn quant_avx2_mark_levels_int8;
quant_mark_levels_fn quant_avx2_mark_levels_uint8;

#endif
