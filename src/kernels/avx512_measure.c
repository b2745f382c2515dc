/* SPDX-License-Identifier: MIT */
/* AVX-512 for the error report: two passes over a block. One sums in double, one counts. */
#include "kernels/kernels.h"

#if defined(__x86_64__)

#include "base/sum_order.h"
#include "kernels/avx512_shared.h"

/* A block this small stays in the first-level cache for both passes. */
enum { BLOCK = 1024, HALF = LANES / 2 };

_Static_assert((int)QUANT_MEASURE_LANES == (int)LANES,
               "one vector of floats fills the lanes of a sum");

/* ---- Counts ---- */

AVX512 static uint64_t count_clipped(const float *x, size_t n,
                                     const struct quant_measure_block *block)
{
    const __m512i one = _mm512_set1_epi32(1);
    const __m512 min = _mm512_set1_ps(block->min_unclipped);
    const __m512 max = _mm512_set1_ps(block->max_unclipped);
    __m512i clipped = _mm512_setzero_si512();
    for (size_t i = 0; i < n; i += LANES) {
        const __m512 v = _mm512_loadu_ps(x + i);
        const __mmask16 outside =
            _mm512_cmp_ps_mask(v, min, _CMP_LT_OQ) | _mm512_cmp_ps_mask(v, max, _CMP_GT_OQ);
        clipped = _mm512_mask_add_epi32(clipped, outside, clipped, one);
    }
    return (uint64_t)_mm512_reduce_add_epi32(clipped);
}

AVX512 static uint64_t count_flipped(const float *x, const float *restored, size_t n)
{
    const __m512 zero = _mm512_setzero_ps();
    const __m512i one = _mm512_set1_epi32(1);
    __m512i flipped = _mm512_setzero_si512();
    for (size_t i = 0; i < n; i += LANES) {
        const __m512 v = _mm512_loadu_ps(x + i);
        const __m512 back = _mm512_loadu_ps(restored + i);
        const __mmask16 below = _mm512_cmp_ps_mask(v, zero, _CMP_LT_OQ);
        const __mmask16 above = _mm512_cmp_ps_mask(v, zero, _CMP_GT_OQ);
        const __mmask16 up = _mm512_mask_cmp_ps_mask(below, back, zero, _CMP_GT_OQ);
        const __mmask16 down = _mm512_mask_cmp_ps_mask(above, back, zero, _CMP_LT_OQ);
        flipped = _mm512_mask_add_epi32(flipped, up | down, flipped, one);
    }
    return (uint64_t)_mm512_reduce_add_epi32(flipped);
}

/* All elements are finite. Zeroed elements are common and counted here. Clipped elements and
 * changed signs are rare: this only detects them, and another pass counts them. */
AVX512 static void count(const float *x, const float *restored, size_t n,
                         struct quant_measure_block *block)
{
    const __m512 zero = _mm512_setzero_ps();
    const __m512i one = _mm512_set1_epi32(1);
    __m512 min = _mm512_set1_ps(INFINITY);
    __m512 max = _mm512_set1_ps(-INFINITY);
    __m512i zeroed = _mm512_setzero_si512();
    __m512i flips = zeroed; /* sign bit set: the signs of a pair differ, and neither is 0 */
    for (size_t i = 0; i < n; i += LANES) {
        const __m512 v = _mm512_loadu_ps(x + i);
        const __m512 back = _mm512_loadu_ps(restored + i);
        const __mmask16 nonzero = _mm512_cmp_ps_mask(v, zero, _CMP_NEQ_OQ);
        const __mmask16 both = _mm512_mask_cmp_ps_mask(nonzero, back, zero, _CMP_NEQ_UQ);
        zeroed = _mm512_mask_add_epi32(zeroed, (__mmask16)(nonzero & ~both), zeroed, one);
        flips = _mm512_mask_ternarylogic_epi32(flips, both, _mm512_castps_si512(v),
                                               _mm512_castps_si512(back), 0xF6); /* a | (b ^ c) */
        min = _mm512_min_ps(v, min);
        max = _mm512_max_ps(v, max);
    }
    block->zeroed += (uint64_t)_mm512_reduce_add_epi32(zeroed);
    if (_mm512_reduce_min_ps(min) < block->min_unclipped ||
        _mm512_reduce_max_ps(max) > block->max_unclipped)
        block->clipped += count_clipped(x, n, block);
    if (_mm512_movepi32_mask(flips))
        block->sign_flipped += count_flipped(x, restored, n);
}

/* ---- Sums ---- */

/* Sixteen lanes of the six sums, two vectors for each, and the largest absolute errors. */
struct sums {
    __m512d of[QUANT_MEASURE_SUMS][2];
    __m512d max[2];
};

AVX512 ALWAYS_INLINE void add_half(struct sums *sums, size_t half, const float *x,
                                   const float *restored)
{
    const __m512d v = _mm512_cvtps_pd(_mm256_loadu_ps(x));
    const __m512d back = _mm512_cvtps_pd(_mm256_loadu_ps(restored));
    const __m512d e = _mm512_sub_pd(v, back);
    const __m512d abs_e = _mm512_abs_pd(e);
    __m512d(*of)[2] = sums->of;
    of[QUANT_SUM_SQUARED_X][half] = _mm512_fmadd_pd(v, v, of[QUANT_SUM_SQUARED_X][half]);
    of[QUANT_SUM_PRODUCT][half] = _mm512_fmadd_pd(v, back, of[QUANT_SUM_PRODUCT][half]);
    of[QUANT_SUM_SQUARED_RESTORED][half] =
        _mm512_fmadd_pd(back, back, of[QUANT_SUM_SQUARED_RESTORED][half]);
    of[QUANT_SUM_SQUARED_ERROR][half] = _mm512_fmadd_pd(e, e, of[QUANT_SUM_SQUARED_ERROR][half]);
    of[QUANT_SUM_ERROR][half] = _mm512_add_pd(of[QUANT_SUM_ERROR][half], e);
    of[QUANT_SUM_ABS_ERROR][half] = _mm512_add_pd(of[QUANT_SUM_ABS_ERROR][half], abs_e);
    sums->max[half] = _mm512_max_pd(abs_e, sums->max[half]);
}

/* Whether all x were finite: then the sum of their squares is finite too. */
AVX512 static bool all_finite(const struct sums *sums)
{
    const __m512d infinity = _mm512_set1_pd((double)INFINITY);
    const __m512d *squares = sums->of[QUANT_SUM_SQUARED_X];
    const unsigned low = _mm512_cmp_pd_mask(squares[0], infinity, _CMP_LT_OQ);
    const unsigned high = _mm512_cmp_pd_mask(squares[1], infinity, _CMP_LT_OQ);
    return (low & high) == 0xFF;
}

AVX512 static void measure_block(const float *x, const float *restored, size_t n,
                                 struct quant_measure_block *block)
{
    struct sums sums;
    for (size_t k = 0; k < QUANT_MEASURE_SUMS; k++)
        for (size_t half = 0; half < 2; half++)
            sums.of[k][half] = _mm512_loadu_pd(&block->lanes[k][HALF * half]);
    sums.max[0] = sums.max[1] = _mm512_setzero_pd();
    for (size_t i = 0; i < n; i += LANES) {
        add_half(&sums, 0, x + i, restored + i);
        add_half(&sums, 1, x + i + HALF, restored + i + HALF);
    }
    if (!all_finite(&sums)) {
        quant_kernels_scalar.measure(x, restored, n, 0, block);
        return;
    }
    for (size_t k = 0; k < QUANT_MEASURE_SUMS; k++)
        for (size_t half = 0; half < 2; half++)
            _mm512_storeu_pd(&block->lanes[k][HALF * half], sums.of[k][half]);
    const double max = _mm512_reduce_max_pd(_mm512_max_pd(sums.max[0], sums.max[1]));
    if (max > block->max_abs_error)
        quant_measure_raise(block, x, restored, max);
    count(x, restored, n, block);
}

AVX512 void quant_avx512_measure(const float *x, const float *restored, size_t n, size_t first_lane,
                                 struct quant_measure_block *block)
{
    quant_measure_by_blocks(measure_block, BLOCK, x, restored, n, first_lane, block);
}

/* ---- Levels ---- */

/* The bitmap of 256 levels has 32 bytes (rows) of 8 bits (columns). The upper five bits of a level
 * select the row, from two tables of 16 bytes; the lower three bits select the column. */
AVX512 static void mark_each(const uint8_t *q, size_t n, uint8_t offset, uint64_t *levels,
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

/* The minimum of the 64 bytes. */
AVX512 static uint32_t min_byte(__m512i v)
{
    const __m256i half =
        _mm256_min_epu8(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64(v, 1));
    const __m128i bytes =
        _mm_min_epu8(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
    const __m128i words = _mm_min_epu8(bytes, _mm_srli_epi16(bytes, 8));
    return (uint32_t)_mm_cvtsi128_si32(_mm_minpos_epu16(words)) & 0xFF;
}

AVX512 static void mark_levels(const uint8_t *q, size_t n, uint8_t offset, uint64_t *levels,
                               quant_mark_levels_fn *scalar)
{
    const __m512i flip = _mm512_set1_epi8((char)offset);
    const __m512i ones = _mm512_set1_epi8(-1);
    for (; n >= QUANT_LEVELS_AT_A_TIME; n -= QUANT_LEVELS_AT_A_TIME) {
        __m512i min = ones;
        __m512i max = _mm512_setzero_si512();
        for (size_t i = 0; i < QUANT_LEVELS_AT_A_TIME; i += STEP) {
            const __m512i level = _mm512_xor_si512(_mm512_loadu_si512(q + i), flip);
            min = _mm512_min_epu8(min, level);
            max = _mm512_max_epu8(max, level);
        }
        const uint32_t from_top = min_byte(_mm512_xor_si512(max, ones));
        if (!quant_levels_are_marked(levels, min_byte(min), UINT8_MAX - from_top))
            mark_each(q, QUANT_LEVELS_AT_A_TIME, offset, levels, scalar);
        q += QUANT_LEVELS_AT_A_TIME;
    }
    mark_each(q, n, offset, levels, scalar);
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
