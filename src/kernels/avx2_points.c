/* SPDX-License-Identifier: MIT */
/* AVX2 for the squared errors of weighted points. */
#include "kernels/kernels.h"

#if defined(__x86_64__)

#include "kernels/avx2_shared.h"

enum { QUARTET = 4 };

_Static_assert(QUANT_POINT_LANES == 2 * QUARTET, "two vectors of doubles fill the lanes");

AVX2 ALWAYS_INLINE __m256d add_error(__m256d sum, const struct quant_grid *grid, const double *at,
                                     const double *weight)
{
    const __m256d shift = _mm256_set1_pd(0x1.8p52);
    const __m256d scaled = _mm256_mul_pd(_mm256_loadu_pd(at), _mm256_set1_pd(grid->steps));
    const __m256d x = _mm256_sub_pd(scaled, _mm256_set1_pd(grid->phase));
    const __m256d above = _mm256_max_pd(x, _mm256_set1_pd(grid->first));
    const __m256d inside = _mm256_min_pd(above, _mm256_set1_pd(grid->last));
    const __m256d e = _mm256_sub_pd(x, _mm256_sub_pd(_mm256_add_pd(inside, shift), shift));
    return _mm256_add_pd(sum, _mm256_mul_pd(_mm256_loadu_pd(weight), _mm256_mul_pd(e, e)));
}

AVX2 void quant_avx2_point_errors(const struct quant_grid *grid, const double *at,
                                  const double *weight, size_t n, double lanes[QUANT_POINT_LANES])
{
    const struct quant_grid copy = *grid;
    __m256d low = _mm256_loadu_pd(lanes);
    __m256d high = _mm256_loadu_pd(lanes + QUARTET);
    for (size_t i = 0; i < n; i += QUANT_POINT_LANES) {
        low = add_error(low, &copy, at + i, weight + i);
        high = add_error(high, &copy, at + i + QUARTET, weight + i + QUARTET);
    }
    _mm256_storeu_pd(lanes, low);
    _mm256_storeu_pd(lanes + QUARTET, high);
}

#endif
