/* SPDX-License-Identifier: MIT */
/* AVX2 for the error report: three passes over a block. Two passes sum in double, half of the lanes
 * each, because sixteen registers have room for the six sums of half of the lanes only; the third
 * pass counts. */
#include "kernels/kernels.h"

#if defined(__x86_64__)

#include "base/sum_order.h"
#include "kernels/avx2_shared.h"

/* A block this small stays in the first-level cache for all three passes. */
enum { BLOCK = 1024, QUARTER = QUANT_MEASURE_LANES / 4 };

/* ---- Counts ---- */

/* The sum of the eight 32-bit numbers. */
AVX2 static uint64_t add_up(__m256i v)
{
    const __m128i four = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    const __m128i two = _mm_add_epi32(four, _mm_unpackhi_epi64(four, four));
    return (uint32_t)_mm_cvtsi128_si32(_mm_add_epi32(two, _mm_srli_epi64(two, 32)));
}

/* Zeroed elements are common and counted here. Clipped elements and changed signs are rare: this
 * only detects them, and another pass counts them. */
struct counts {
    __m256i zeroed;
    __m256 min;
    __m256 max;
    __m256i flips; /* sign bit set: an element may have changed its sign */
};

/* True is -1 in a mask, so subtracting a mask counts. VPSIGND takes the bits of v as an integer,
 * negates it if back is negative and clears it if back is +0. The sign bit of the result is set if
 * the signs differ, and also for some pairs with -0. */
AVX2 ALWAYS_INLINE void count_step(struct counts *counts, const float *x, const float *restored)
{
    const __m256 zero = _mm256_setzero_ps();
    __m256 v = _mm256_loadu_ps(x);
    __m256 back = _mm256_loadu_ps(restored);
    KEEP_IN_REGISTER(v);
    KEEP_IN_REGISTER(back);
    const __m256 lost =
        _mm256_and_ps(_mm256_cmp_ps(back, zero, _CMP_EQ_OQ), _mm256_cmp_ps(v, zero, _CMP_NEQ_OQ));
    counts->zeroed = _mm256_sub_epi32(counts->zeroed, _mm256_castps_si256(lost));
    counts->min = _mm256_min_ps(v, counts->min);
    counts->max = _mm256_max_ps(v, counts->max);
    counts->flips = _mm256_or_si256(
        counts->flips, _mm256_sign_epi32(_mm256_castps_si256(v), _mm256_castps_si256(back)));
}

AVX2 static uint64_t count_clipped(const float *x, size_t n,
                                   const struct quant_measure_block *block)
{
    const __m256 min = _mm256_set1_ps(block->min_unclipped);
    const __m256 max = _mm256_set1_ps(block->max_unclipped);
    __m256i clipped = _mm256_setzero_si256();
    for (size_t i = 0; i < n; i += LANES) {
        const __m256 v = _mm256_loadu_ps(x + i);
        const __m256 outside =
            _mm256_or_ps(_mm256_cmp_ps(v, min, _CMP_LT_OQ), _mm256_cmp_ps(v, max, _CMP_GT_OQ));
        clipped = _mm256_sub_epi32(clipped, _mm256_castps_si256(outside));
    }
    return add_up(clipped);
}

AVX2 static uint64_t count_flipped(const float *x, const float *restored, size_t n)
{
    const __m256 zero = _mm256_setzero_ps();
    __m256i flipped = _mm256_setzero_si256();
    for (size_t i = 0; i < n; i += LANES) {
        const __m256 v = _mm256_loadu_ps(x + i);
        const __m256 back = _mm256_loadu_ps(restored + i);
        const __m256 up = _mm256_and_ps(_mm256_cmp_ps(v, zero, _CMP_LT_OQ),
                                        _mm256_cmp_ps(back, zero, _CMP_GT_OQ));
        const __m256 down = _mm256_and_ps(_mm256_cmp_ps(v, zero, _CMP_GT_OQ),
                                          _mm256_cmp_ps(back, zero, _CMP_LT_OQ));
        flipped = _mm256_sub_epi32(flipped, _mm256_castps_si256(_mm256_or_ps(up, down)));
    }
    return add_up(flipped);
}

/* All elements are finite. */
AVX2 static void count(const float *x, const float *restored, size_t n,
                       struct quant_measure_block *block)
{
    struct counts counts = {_mm256_setzero_si256(), _mm256_set1_ps(INFINITY),
                            _mm256_set1_ps(-INFINITY), _mm256_setzero_si256()};
    size_t i = 0;
    for (; n - i >= STEP; i += STEP)
        for (size_t k = 0; k < STEP; k += LANES)
            count_step(&counts, x + i + k, restored + i + k);
    for (; i < n; i += LANES)
        count_step(&counts, x + i, restored + i);
    block->zeroed += add_up(counts.zeroed);
    const __m256 min = _mm256_set1_ps(block->min_unclipped);
    const __m256 max = _mm256_set1_ps(block->max_unclipped);
    const __m256 outside = _mm256_or_ps(_mm256_cmp_ps(counts.min, min, _CMP_LT_OQ),
                                        _mm256_cmp_ps(counts.max, max, _CMP_GT_OQ));
    if (_mm256_movemask_ps(outside))
        block->clipped += count_clipped(x, n, block);
    if (_mm256_movemask_ps(_mm256_castsi256_ps(counts.flips)))
        block->sign_flipped += count_flipped(x, restored, n);
}

/* ---- Sums ---- */

/* Eight lanes of the six sums, two vectors for each, and the largest absolute errors. */
struct half_sums {
    __m256d of[QUANT_MEASURE_SUMS][2];
    __m256d max;
};

/* The sums take twelve registers and the maximum takes one, so three are left. The mask that makes
 * e absolute is loaded into the register of v or back once both have been used. */
AVX2 ALWAYS_INLINE void add_quarter(struct half_sums *sums, size_t k, const float *x,
                                    const float *restored)
{
    static const struct {
        _Alignas(32) uint64_t bits[QUARTER];
    } all_but_sign = {{INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX}};
    const double *mask = (const double *)&all_but_sign;
    KEEP_IN_MEMORY(mask);
    const __m256d v = _mm256_cvtps_pd(_mm_loadu_ps(x));
    const __m256d back = _mm256_cvtps_pd(_mm_loadu_ps(restored));
    const __m256d e = _mm256_sub_pd(v, back);
    __m256d(*of)[2] = sums->of;
    of[QUANT_SUM_SQUARED_X][k] = _mm256_fmadd_pd(v, v, of[QUANT_SUM_SQUARED_X][k]);
    of[QUANT_SUM_PRODUCT][k] = _mm256_fmadd_pd(v, back, of[QUANT_SUM_PRODUCT][k]);
    of[QUANT_SUM_SQUARED_RESTORED][k] =
        _mm256_fmadd_pd(back, back, of[QUANT_SUM_SQUARED_RESTORED][k]);
    of[QUANT_SUM_SQUARED_ERROR][k] = _mm256_fmadd_pd(e, e, of[QUANT_SUM_SQUARED_ERROR][k]);
    of[QUANT_SUM_ERROR][k] = _mm256_add_pd(of[QUANT_SUM_ERROR][k], e);
    const __m256d abs_e = _mm256_and_pd(e, _mm256_load_pd(mask));
    of[QUANT_SUM_ABS_ERROR][k] = _mm256_add_pd(of[QUANT_SUM_ABS_ERROR][k], abs_e);
    sums->max = _mm256_max_pd(abs_e, sums->max);
}

/* Half of the lanes, from lane first on, after these elements. If this is inlined twice, the loop
 * no longer fits the registers: clang then keeps a sum in memory, which takes a third more time. */
AVX2 __attribute__((noinline)) static void sum_half(struct half_sums *result, const float *x,
                                                    const float *restored, size_t n, size_t first,
                                                    const struct quant_measure_block *block)
{
    struct half_sums sums;
    for (size_t i = 0; i < QUANT_MEASURE_SUMS; i++) {
        sums.of[i][0] = _mm256_loadu_pd(&block->lanes[i][first]);
        sums.of[i][1] = _mm256_loadu_pd(&block->lanes[i][first + QUARTER]);
    }
    sums.max = _mm256_setzero_pd();
    for (size_t i = first; i < n; i += QUANT_MEASURE_LANES) {
        add_quarter(&sums, 0, x + i, restored + i);
        add_quarter(&sums, 1, x + i + QUARTER, restored + i + QUARTER);
    }
    *result = sums;
}

AVX2 static void put_half(const struct half_sums *sums, size_t first,
                          struct quant_measure_block *block)
{
    for (size_t i = 0; i < QUANT_MEASURE_SUMS; i++) {
        _mm256_storeu_pd(&block->lanes[i][first], sums->of[i][0]);
        _mm256_storeu_pd(&block->lanes[i][first + QUARTER], sums->of[i][1]);
    }
}

/* Whether all x were finite: then the sum of their squares is finite too. */
AVX2 static bool all_finite(const struct half_sums *sums)
{
    const __m256d infinity = _mm256_set1_pd((double)INFINITY);
    const __m256d *squares = sums->of[QUANT_SUM_SQUARED_X];
    const __m256d finite = _mm256_and_pd(_mm256_cmp_pd(squares[0], infinity, _CMP_LT_OQ),
                                         _mm256_cmp_pd(squares[1], infinity, _CMP_LT_OQ));
    return _mm256_movemask_pd(finite) == 0xF;
}

AVX2 static double max_double(__m256d v)
{
    const __m128d two = _mm_max_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd(v, 1));
    return _mm_cvtsd_f64(_mm_max_sd(two, _mm_unpackhi_pd(two, two)));
}

AVX2 static void measure_block(const float *x, const float *restored, size_t n,
                               struct quant_measure_block *block)
{
    struct half_sums low;
    struct half_sums high;
    sum_half(&low, x, restored, n, 0, block);
    sum_half(&high, x, restored, n, QUANT_MEASURE_LANES / 2, block);
    if (!all_finite(&low) || !all_finite(&high)) {
        quant_kernels_scalar.measure(x, restored, n, 0, block);
        return;
    }
    put_half(&low, 0, block);
    put_half(&high, QUANT_MEASURE_LANES / 2, block);
    const double max = max_double(_mm256_max_pd(low.max, high.max));
    if (max > block->max_abs_error)
        quant_measure_raise(block, x, restored, max);
    count(x, restored, n, block);
}

AVX2 void quant_avx2_measure(const float *x, const float *restored, size_t n, size_t first_lane,
                             struct quant_measure_block *block)
{
    quant_measure_by_blocks(measure_block, BLOCK, x, restored, n, first_lane, block);
}

/* ---- Levels ---- */

/* The bitmap of 256 levels has 32 bytes (rows) of 8 bits (columns). The upper five bits of a level
 * select the row, from two tables of 16 bytes; the lower three bits select the column. */
AVX2 static void mark_each(const uint8_t *q, size_t n, uint8_t offset, uint64_t *levels,
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

/* The minimum of the 32 bytes. */
AVX2 static uint32_t min_byte(__m256i v)
{
    const __m128i bytes = _mm_min_epu8(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    const __m128i words = _mm_min_epu8(bytes, _mm_srli_epi16(bytes, 8));
    return (uint32_t)_mm_cvtsi128_si32(_mm_minpos_epu16(words)) & 0xFF;
}

AVX2 static void mark_levels(const uint8_t *q, size_t n, uint8_t offset, uint64_t *levels,
                             quant_mark_levels_fn *scalar)
{
    const __m256i flip = _mm256_set1_epi8((char)offset);
    const __m256i ones = _mm256_set1_epi8(-1);
    for (; n >= QUANT_LEVELS_AT_A_TIME; n -= QUANT_LEVELS_AT_A_TIME) {
        __m256i min = ones;
        __m256i max = _mm256_setzero_si256();
        for (size_t i = 0; i < QUANT_LEVELS_AT_A_TIME; i += (size_t)4 * STEP)
            for (size_t k = 0; k < (size_t)4 * STEP; k += STEP) {
                const __m256i integers = _mm256_loadu_si256((const __m256i *)(q + i + k));
                const __m256i level = _mm256_xor_si256(integers, flip);
                min = _mm256_min_epu8(min, level);
                max = _mm256_max_epu8(max, level);
            }
        const uint32_t from_top = min_byte(_mm256_xor_si256(max, ones));
        if (!quant_levels_are_marked(levels, min_byte(min), UINT8_MAX - from_top))
            mark_each(q, QUANT_LEVELS_AT_A_TIME, offset, levels, scalar);
        q += QUANT_LEVELS_AT_A_TIME;
    }
    mark_each(q, n, offset, levels, scalar);
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
