/* SPDX-License-Identifier: MIT */
/* AVX-512 for the error report: one sweep that counts, one that sums in double. */
#include "kernels/kernels.h"

#if defined(__x86_64__)

#include "kernels/avx512.h"

/* Elements whose two sweeps find them in the first-level cache. */
enum { BLOCK = 1024, HALF = LANES / 2 };

_Static_assert((int)QUANT_MEASURE_LANES == (int)LANES,
               "one vector of floats fills the lanes of a sum");

/* false, with nothing counted, where an element is not finite. */
AVX512 static bool count(const float *x, const float *restored, size_t n,
                         struct quant_measure_block *block)
{
    const __m512 zero = _mm512_setzero_ps();
    const __m512i one = _mm512_set1_epi32(1);
    const __m512 least = _mm512_set1_ps(block->least_unclipped);
    const __m512 greatest = _mm512_set1_ps(block->greatest_unclipped);
    __m512i clipped = _mm512_setzero_si512();
    __m512i zeroed = clipped, flipped = clipped;
    __mmask16 nonfinite = 0;
    for (size_t i = 0; i < n; i += LANES) {
        const __m512 v = _mm512_loadu_ps(x + i);
        const __m512 back = _mm512_loadu_ps(restored + i);
        nonfinite |= _mm512_fpclass_ps_mask(v, 0x01 | 0x08 | 0x10 | 0x80); /* NaNs, infinities */
        const __mmask16 outside =
            _mm512_cmp_ps_mask(v, least, _CMP_LT_OQ) | _mm512_cmp_ps_mask(v, greatest, _CMP_GT_OQ);
        const __mmask16 nonzero = _mm512_cmp_ps_mask(v, zero, _CMP_NEQ_OQ);
        const __mmask16 lost = _mm512_mask_cmp_ps_mask(nonzero, back, zero, _CMP_EQ_OQ);
        const __mmask16 signs = _mm512_movepi32_mask(_mm512_castps_si512(_mm512_xor_ps(v, back)));
        clipped = _mm512_mask_add_epi32(clipped, outside, clipped, one);
        zeroed = _mm512_mask_add_epi32(zeroed, lost, zeroed, one);
        flipped =
            _mm512_mask_add_epi32(flipped, (__mmask16)(signs & nonzero & ~lost), flipped, one);
    }
    if (nonfinite)
        return false;
    block->clipped += (uint64_t)_mm512_reduce_add_epi32(clipped);
    block->zeroed += (uint64_t)_mm512_reduce_add_epi32(zeroed);
    block->sign_flipped += (uint64_t)_mm512_reduce_add_epi32(flipped);
    return true;
}

/* Both halves of a sum's sixteen lanes. */
struct lane_sums {
    __m512d half[2];
};

AVX512 ALWAYS_INLINE void add_lanes(struct lane_sums *sum, size_t half, __m512d value)
{
    sum->half[half] = _mm512_add_pd(sum->half[half], value);
}

/* Adds to the lanes; returns the greatest absolute error. */
AVX512 static double sum(const float *x, const float *restored, size_t n,
                         struct quant_measure_block *block)
{
    struct lane_sums sums[QUANT_MEASURE_SUMS];
    for (size_t k = 0; k < QUANT_MEASURE_SUMS; k++)
        for (size_t half = 0; half < 2; half++)
            sums[k].half[half] = _mm512_loadu_pd(&block->lanes[k][HALF * half]);
    __m512d greatest[2] = {_mm512_setzero_pd(), _mm512_setzero_pd()};
    for (size_t i = 0; i < n; i += LANES)
        for (size_t half = 0; half < 2; half++) {
            const __m512d v = _mm512_cvtps_pd(_mm256_loadu_ps(x + i + HALF * half));
            const __m512d back = _mm512_cvtps_pd(_mm256_loadu_ps(restored + i + HALF * half));
            const __m512d e = _mm512_sub_pd(v, back);
            const __m512d abs_e = _mm512_abs_pd(e);
            add_lanes(&sums[QUANT_SUM_SQUARED_ERROR], half, _mm512_mul_pd(e, e));
            add_lanes(&sums[QUANT_SUM_ABS_ERROR], half, abs_e);
            add_lanes(&sums[QUANT_SUM_ERROR], half, e);
            add_lanes(&sums[QUANT_SUM_SQUARED_X], half, _mm512_mul_pd(v, v));
            add_lanes(&sums[QUANT_SUM_SQUARED_RESTORED], half, _mm512_mul_pd(back, back));
            add_lanes(&sums[QUANT_SUM_PRODUCT], half, _mm512_mul_pd(v, back));
            greatest[half] = _mm512_max_pd(greatest[half], abs_e);
        }
    for (size_t k = 0; k < QUANT_MEASURE_SUMS; k++)
        for (size_t half = 0; half < 2; half++)
            _mm512_storeu_pd(&block->lanes[k][HALF * half], sums[k].half[half]);
    return _mm512_reduce_max_pd(_mm512_max_pd(greatest[0], greatest[1]));
}

AVX512 static void measure_block(const float *x, const float *restored, size_t n,
                                 struct quant_measure_block *block)
{
    if (!count(x, restored, n, block)) {
        quant_kernels_scalar.measure(x, restored, n, 0, block);
        return;
    }
    const double greatest = sum(x, restored, n, block);
    if (greatest > block->max_abs_error)
        quant_measure_raise(block, x, restored, greatest);
}

AVX512 void quant_avx512_measure(const float *x, const float *restored, size_t n, size_t first_lane,
                                 struct quant_measure_block *block)
{
    quant_measure_by_blocks(measure_block, BLOCK, x, restored, n, first_lane, block);
}

/* ---- Levels ---- */

/* Of 256 levels, bit 8 row + column: the row is a byte of the bitmap, looked up by the upper five
 * bits of the level, in two tables of sixteen; the column is a bit, looked up by the lower three.
 */
AVX512 static void mark_levels(const uint8_t *q, size_t n, uint8_t offset, uint64_t *levels,
                               quant_mark_levels_fn *scalar)
{
    const __m512i columns = _mm512_broadcast_i32x4(
        _mm_setr_epi8(1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128));
    const __m512i flip = _mm512_set1_epi8((char)offset);
    size_t i = 0;
    for (; n - i >= STEP; i += STEP) {
        const __m512i low_rows = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)levels));
        const __m512i high_rows =
            _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(levels + 2)));
        const __m512i level = _mm512_xor_si512(_mm512_loadu_si512(q + i), flip);
        const __m512i row = _mm512_and_si512(_mm512_srli_epi16(level, 3), _mm512_set1_epi8(0x0F));
        const __m512i marked = _mm512_mask_shuffle_epi8(_mm512_shuffle_epi8(low_rows, row),
                                                        _mm512_movepi8_mask(level), high_rows, row);
        const __m512i column =
            _mm512_shuffle_epi8(columns, _mm512_and_si512(level, _mm512_set1_epi8(7)));
        if (_mm512_testn_epi8_mask(marked, column))
            scalar(q + i, STEP, levels);
    }
    scalar(q + i, n - i, levels);
}

AVX512 void quant_avx512_mark_levels_int8(const void *q, size_t n, uint64_t *levels)
{
    mark_levels(q, n, 0x80, levels, quant_kernels_scalar.mark_levels[QUANT_INT8]);
}

AVX512 void quant_avx512_mark_levels_uint8(const void *q, size_t n, uint64_t *levels)
{
    mark_levels(q, n, 0, levels, quant_kernels_scalar.mark_levels[QUANT_UINT8]);
}

#endif
