/* SPDX-License-Identifier: MIT */
/* AVX2 for rows of weights times samples. */
#include "kernels/kernels.h"

#if defined(__x86_64__)

#include "kernels/avx2_shared.h"
#include "kernels/avx2_types.h"

enum { QUARTET = 4 };

_Static_assert(QUANT_MULTIPLY_SAMPLES == 2 * QUARTET, "two vectors of doubles are the samples");
_Static_assert(QUANT_MULTIPLY_ROWS == 4, "four rows");

/* Eight sums stay in registers, so that eight additions are under way at a time. */
AVX2 void quant_avx2_multiply(const float *x, const float *w, size_t n,
                              double sums[QUANT_MULTIPLY_ROWS][QUANT_MULTIPLY_SAMPLES])
{
    __m256d low0 = _mm256_loadu_pd(sums[0]);
    __m256d low1 = _mm256_loadu_pd(sums[1]);
    __m256d low2 = _mm256_loadu_pd(sums[2]);
    __m256d low3 = _mm256_loadu_pd(sums[3]);
    __m256d high0 = _mm256_loadu_pd(sums[0] + QUARTET);
    __m256d high1 = _mm256_loadu_pd(sums[1] + QUARTET);
    __m256d high2 = _mm256_loadu_pd(sums[2] + QUARTET);
    __m256d high3 = _mm256_loadu_pd(sums[3] + QUARTET);
    for (size_t i = 0; i < n; i++) {
        const float *samples = x + QUANT_MULTIPLY_SAMPLES * i;
        const __m256d low = _mm256_cvtps_pd(_mm_loadu_ps(samples));
        const __m256d high = _mm256_cvtps_pd(_mm_loadu_ps(samples + QUARTET));
        const __m256d w0 = _mm256_set1_pd((double)w[i]);
        const __m256d w1 = _mm256_set1_pd((double)w[n + i]);
        const __m256d w2 = _mm256_set1_pd((double)w[2 * n + i]);
        const __m256d w3 = _mm256_set1_pd((double)w[3 * n + i]);
        low0 = _mm256_fmadd_pd(low, w0, low0);
        high0 = _mm256_fmadd_pd(high, w0, high0);
        low1 = _mm256_fmadd_pd(low, w1, low1);
        high1 = _mm256_fmadd_pd(high, w1, high1);
        low2 = _mm256_fmadd_pd(low, w2, low2);
        high2 = _mm256_fmadd_pd(high, w2, high2);
        low3 = _mm256_fmadd_pd(low, w3, low3);
        high3 = _mm256_fmadd_pd(high, w3, high3);
    }
    _mm256_storeu_pd(sums[0], low0);
    _mm256_storeu_pd(sums[1], low1);
    _mm256_storeu_pd(sums[2], low2);
    _mm256_storeu_pd(sums[3], low3);
    _mm256_storeu_pd(sums[0] + QUARTET, high0);
    _mm256_storeu_pd(sums[1] + QUARTET, high1);
    _mm256_storeu_pd(sums[2] + QUARTET, high2);
    _mm256_storeu_pd(sums[3] + QUARTET, high3);
}

#endif
