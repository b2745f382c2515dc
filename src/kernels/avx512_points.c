/* SPDX-License-Identifier: MIT */
/* AVX-512 for the squared errors of weighted points. */
#include "kernels/kernels.h"

#if defined(__x86_64__)

#include "kernels/avx512_shared.h"

_Static_assert(QUANT_POINT_LANES == 8, "a vector of doubles fills the lanes");

AVX512 void quant_avx512_point_errors(const struct quant_grid *grid, const double *at,
                                      const double *weight, size_t n,
                                      double lanes[QUANT_POINT_LANES])
{
    const __m512d shift = _mm512_set1_pd(0x1.8p52);
    const __m512d steps = _mm512_set1_pd(grid->steps);
    const __m512d phase = _mm512_set1_pd(grid->phase);
    const __m512d first = _mm512_set1_pd(grid->first);
    const __m512d last = _mm512_set1_pd(grid->last);
    __m512d sum = _mm512_loadu_pd(lanes);
    for (size_t i = 0; i < n; i += QUANT_POINT_LANES) {
        const __m512d scaled = _mm512_mul_pd(_mm512_loadu_pd(at + i), steps);
        const __m512d x = _mm512_sub_pd(scaled, phase);
        const __m512d inside = _mm512_min_pd(_mm512_max_pd(x, first), last);
        const __m512d e = _mm512_sub_pd(x, _mm512_sub_pd(_mm512_add_pd(inside, shift), shift));
        sum = _mm512_add_pd(sum, _mm512_mul_pd(_mm512_loadu_pd(weight + i), _mm512_mul_pd(e, e)));
    }
    _mm512_storeu_pd(lanes, sum);
}

#endif
