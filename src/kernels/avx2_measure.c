/* SPDX-License-Identifier: MIT */
/* AVX2 for the error report: one sweep that counts, two that sum in double, since sixteen registers
 * hold the six sums of half of the lanes. */
#include "kernels/kernels.h"

#if defined(__x86_64__)

#include "kernels/avx2.h"

/* Elements whose three sweeps find them in the first-level cache. */
enum { BLOCK = 1024, QUARTER = QUANT_MEASURE_LANES / 4 };

/* The sum of the eight numbers of 32 bits. */
AVX2 static uint64_t add_up(__m256i v)
{
    const __m128i four = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    const __m128i two = _mm_add_epi32(four, _mm_unpackhi_epi64(four, four));
    return (uint32_t)_mm_cvtsi128_si32(_mm_add_epi32(two, _mm_srli_epi64(two, 32)));
}

/* Masks are -1 where true: subtracting counts. false, with nothing counted, where an element is not
 * finite. */
AVX2 static bool count(const float *x, const float *restored, size_t n,
                       struct quant_measure_block *block)
{
    const __m256 zero = _mm256_setzero_ps();
    const __m256 infinity = _mm256_set1_ps(INFINITY);
    const __m256 sign_bit = _mm256_set1_ps(-0.0F);
    const __m256 least = _mm256_set1_ps(block->least_unclipped);
    const __m256 greatest = _mm256_set1_ps(block->greatest_unclipped);
    __m256i clipped = _mm256_setzero_si256();
    __m256i zeroed = clipped, flipped = clipped;
    __m256 finite = _mm256_castsi256_ps(_mm256_set1_epi32(-1));
    for (size_t i = 0; i < n; i += LANES) {
        const __m256 v = _mm256_loadu_ps(x + i);
        const __m256 back = _mm256_loadu_ps(restored + i);
        const __m256 magnitude = _mm256_andnot_ps(sign_bit, v);
        finite = _mm256_and_ps(finite, _mm256_cmp_ps(magnitude, infinity, _CMP_LT_OQ));
        const __m256 outside = _mm256_or_ps(_mm256_cmp_ps(v, least, _CMP_LT_OQ),
                                            _mm256_cmp_ps(v, greatest, _CMP_GT_OQ));
        const __m256 nonzero = _mm256_cmp_ps(v, zero, _CMP_NEQ_OQ);
        const __m256 back_zero = _mm256_cmp_ps(back, zero, _CMP_EQ_OQ);
        const __m256 lost = _mm256_and_ps(nonzero, back_zero);
        const __m256 signs =
            _mm256_castsi256_ps(_mm256_srai_epi32(_mm256_castps_si256(_mm256_xor_ps(v, back)), 31));
        const __m256 other = _mm256_and_ps(signs, _mm256_andnot_ps(back_zero, nonzero));
        clipped = _mm256_sub_epi32(clipped, _mm256_castps_si256(outside));
        zeroed = _mm256_sub_epi32(zeroed, _mm256_castps_si256(lost));
        flipped = _mm256_sub_epi32(flipped, _mm256_castps_si256(other));
    }
    if (_mm256_movemask_ps(finite) != 0xFF)
        return false;
    block->clipped += add_up(clipped);
    block->zeroed += add_up(zeroed);
    block->sign_flipped += add_up(flipped);
    return true;
}

/* The lanes from first to first + 7 of a sum, in two vectors. */
struct lane_sums {
    __m256d half[2];
};

AVX2 ALWAYS_INLINE void add_lanes(struct lane_sums *sum, size_t half, __m256d value)
{
    sum->half[half] = _mm256_add_pd(sum->half[half], value);
}

/* Adds to the lanes from first on; returns the greatest absolute error among them. */
AVX2 static double sum_half(const float *x, const float *restored, size_t n, size_t first,
                            struct quant_measure_block *block)
{
    struct lane_sums sums[QUANT_MEASURE_SUMS];
    for (size_t k = 0; k < QUANT_MEASURE_SUMS; k++)
        for (size_t half = 0; half < 2; half++)
            sums[k].half[half] = _mm256_loadu_pd(&block->lanes[k][first + QUARTER * half]);
    __m256d greatest = _mm256_setzero_pd();
    for (size_t i = first; i < n; i += QUANT_MEASURE_LANES)
        for (size_t half = 0; half < 2; half++) {
            const __m256d v = _mm256_cvtps_pd(_mm_loadu_ps(x + i + QUARTER * half));
            const __m256d back = _mm256_cvtps_pd(_mm_loadu_ps(restored + i + QUARTER * half));
            const __m256d e = _mm256_sub_pd(v, back);
            const __m256d abs_e = _mm256_andnot_pd(_mm256_set1_pd(-0.0), e);
            add_lanes(&sums[QUANT_SUM_SQUARED_ERROR], half, _mm256_mul_pd(e, e));
            add_lanes(&sums[QUANT_SUM_ABS_ERROR], half, abs_e);
            add_lanes(&sums[QUANT_SUM_ERROR], half, e);
            add_lanes(&sums[QUANT_SUM_SQUARED_X], half, _mm256_mul_pd(v, v));
            add_lanes(&sums[QUANT_SUM_SQUARED_RESTORED], half, _mm256_mul_pd(back, back));
            add_lanes(&sums[QUANT_SUM_PRODUCT], half, _mm256_mul_pd(v, back));
            greatest = _mm256_max_pd(greatest, abs_e);
        }
    for (size_t k = 0; k < QUANT_MEASURE_SUMS; k++)
        for (size_t half = 0; half < 2; half++)
            _mm256_storeu_pd(&block->lanes[k][first + QUARTER * half], sums[k].half[half]);
    __m128d two = _mm_max_pd(_mm256_castpd256_pd128(greatest), _mm256_extractf128_pd(greatest, 1));
    two = _mm_max_sd(two, _mm_unpackhi_pd(two, two));
    return _mm_cvtsd_f64(two);
}

AVX2 static void measure_block(const float *x, const float *restored, size_t n,
                               struct quant_measure_block *block)
{
    if (!count(x, restored, n, block)) {
        quant_kernels_scalar.measure(x, restored, n, 0, block);
        return;
    }
    const double low = sum_half(x, restored, n, 0, block);
    const double high = sum_half(x, restored, n, QUANT_MEASURE_LANES / 2, block);
    const double greatest = low > high ? low : high;
    if (greatest > block->max_abs_error)
        quant_measure_raise(block, x, restored, greatest);
}

AVX2 void quant_avx2_measure(const float *x, const float *restored, size_t n, size_t first_lane,
                             struct quant_measure_block *block)
{
    quant_measure_by_blocks(measure_block, BLOCK, x, restored, n, first_lane, block);
}

/* ---- Levels ---- */

/* Of 256 levels, bit 8 row + column: the row is a byte of the bitmap, looked up by the upper five
 * bits of the level, in two tables of sixteen; the column is a bit, looked up by the lower three.
 */
AVX2 static void mark_levels(const uint8_t *q, size_t n, uint8_t offset, uint64_t *levels,
                             quant_mark_levels_fn *scalar)
{
    const __m256i columns = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128));
    const __m256i flip = _mm256_set1_epi8((char)offset);
    size_t i = 0;
    for (; n - i >= STEP; i += STEP) {
        const __m256i low_rows =
            _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)levels));
        const __m256i high_rows =
            _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(levels + 2)));
        const __m256i level = _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)(q + i)), flip);
        const __m256i row = _mm256_and_si256(_mm256_srli_epi16(level, 3), _mm256_set1_epi8(0x0F));
        const __m256i marked = _mm256_blendv_epi8(_mm256_shuffle_epi8(low_rows, row),
                                                  _mm256_shuffle_epi8(high_rows, row), level);
        const __m256i column =
            _mm256_shuffle_epi8(columns, _mm256_and_si256(level, _mm256_set1_epi8(7)));
        const __m256i missing =
            _mm256_cmpeq_epi8(_mm256_and_si256(marked, column), _mm256_setzero_si256());
        if (_mm256_movemask_epi8(missing))
            scalar(q + i, STEP, levels);
    }
    scalar(q + i, n - i, levels);
}

AVX2 void quant_avx2_mark_levels_int8(const void *q, size_t n, uint64_t *levels)
{
    mark_levels(q, n, 0x80, levels, quant_kernels_scalar.mark_levels[QUANT_INT8]);
}

AVX2 void quant_avx2_mark_levels_uint8(const void *q, size_t n, uint64_t *levels)
{
    mark_levels(q, n, 0, levels, quant_kernels_scalar.mark_levels[QUANT_UINT8]);
}

#endif
