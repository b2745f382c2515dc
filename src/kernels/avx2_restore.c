/* SPDX-License-Identifier: MIT */
/* AVX2 for restoring 8-bit and 4-bit integers with a scale and a zero point for each element, or
 * for each run of elements. avx512_restore.c leaves to these functions what does not fill a step.
 */
#include "kernels/kernels.h"

#if defined(__x86_64__)

#include "kernels/avx2_integers.h"
#include "kernels/avx2_types.h"
#include "kernels/fixed_point.h"
#include "kernels/scalar.h"

/* 8 integers of 8 bits, from element i on. */
AVX2 ALWAYS_INLINE __m256i load_bytes(const unsigned char *q, size_t i, bool is_unsigned)
{
    const __m128i bytes = _mm_loadl_epi64((const __m128i *)(q + i));
    return is_unsigned ? _mm256_cvtepu8_epi32(bytes) : _mm256_cvtepi8_epi32(bytes);
}

/* 16 integers of the type, from element i on, which is even. */
AVX2 ALWAYS_INLINE void load(enum quant_dtype dtype, const unsigned char *q, size_t i, __m256i v[2])
{
    if (dtype == QUANT_INT8 || dtype == QUANT_UINT8) {
        v[0] = load_bytes(q, i, dtype == QUANT_UINT8);
        v[1] = load_bytes(q, i + LANES, dtype == QUANT_UINT8);
        return;
    }
    unpack_nibbles(q + i / 2, dtype == QUANT_UINT4, v);
}

/* ---- A scale for each element ---- */

/* For elements that do not fill a step, and zero points that are not near. */
static void restore_each(enum quant_dtype dtype, const float *scales, const int32_t *zero_points,
                         const unsigned char *q, size_t n, float *x)
{
    const struct quant_params plain = {.dtype = dtype, .scale = 1};
    quant_kernels_scalar.dequantize[dtype](&plain, q, n, x);
    quant_scalar_scale_each(scales, zero_points, n, x);
}

AVX2 ALWAYS_INLINE void dequantize_each(enum quant_dtype dtype, const float *scales,
                                        const int32_t *zero_points, const unsigned char *q,
                                        size_t n, float *x)
{
    const size_t of_byte = dtype == QUANT_INT4 || dtype == QUANT_UINT4 ? 2 : 1;
    size_t i = 0;
    for (; n - i >= STEP; i += STEP) {
        if (!are_near(zero_points + i)) {
            restore_each(dtype, scales + i, zero_points + i, q + i / of_byte, STEP, x + i);
            continue;
        }
        for (size_t at = i; at < i + STEP; at += TWO) {
            __m256i v[2];
            load(dtype, q, at, v);
            for (size_t k = 0; k < 2; k++) {
                const size_t to = at + LANES * k;
                restore(v[k], _mm256_loadu_si256((const __m256i *)(zero_points + to)),
                        _mm256_loadu_ps(scales + to), x + to);
            }
        }
    }
    restore_each(dtype, scales + i, zero_points + i, q + i / of_byte, n - i, x + i);
}

/* ---- A scale for each run ---- */

AVX2 ALWAYS_INLINE void dequantize_runs(enum quant_dtype dtype, const float *scales,
                                        const int32_t *zero_points, size_t run,
                                        const unsigned char *q, size_t n, float *x)
{
    const size_t of_byte = dtype == QUANT_INT4 || dtype == QUANT_UINT4 ? 2 : 1;
    for (size_t first = 0; first < n; first += run, scales++, zero_points++) {
        const struct quant_params params = {
            .dtype = dtype, .scale = *scales, .zero_point = *zero_points};
        const size_t end = n - first < run ? n : first + run;
        size_t i = first;
        const __m256i zero_point = _mm256_set1_epi32(params.zero_point);
        const __m256 scale = _mm256_set1_ps(params.scale);
        for (; quant_zero_point_is_near(&params) && end - i >= TWO; i += TWO) {
            __m256i v[2];
            load(dtype, q, i, v);
            restore(v[0], zero_point, scale, x + i);
            restore(v[1], zero_point, scale, x + i + LANES);
        }
        if (i < end)
            quant_kernels_scalar.dequantize[dtype](&params, q + i / of_byte, end - i, x + i);
    }
}

#define DEFINE_RESTORE(name, dtype)                                                                \
    AVX2 void quant_avx2_dequantize_each_##name(const float *scales, const int32_t *zero_points,   \
                                                const void *q, size_t n, float *x)                 \
    {                                                                                              \
        dequantize_each(dtype, scales, zero_points, q, n, x);                                      \
    }                                                                                              \
                                                                                                   \
    AVX2 void quant_avx2_dequantize_runs_##name(const float *scales, const int32_t *zero_points,   \
                                                size_t run, const void *q, size_t n, float *x)     \
    {                                                                                              \
        dequantize_runs(dtype, scales, zero_points, run, q, n, x);                                 \
    }

DEFINE_RESTORE(int8, QUANT_INT8)
DEFINE_RESTORE(uint8, QUANT_UINT8)
DEFINE_RESTORE(int4, QUANT_INT4)
DEFINE_RESTORE(uint4, QUANT_UINT4)

#endif
