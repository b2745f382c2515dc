/* SPDX-License-Identifier: MIT */
/* NEON for the error report: three passes over a block. Two passes sum in double, half of the lanes
 * each, because thirty-two registers have room for the six sums of half of the lanes only; the
 * third pass counts. */
#include "kernels/kernels.h"

#if defined(__AARCH64EL__)

#include <arm_neon.h>

#include "base/sum_order.h"
#include "kernels/neon.h"

/* A block this small stays in the first-level cache for all three passes. PAIR: doubles in a
 * vector; PAIRS: vectors for half of the lanes. */
enum { BLOCK = 1024, PAIR = 2, PAIRS = QUANT_MEASURE_LANES / 2 / PAIR };

/* ---- Counts ---- */

/* True is -1 in a mask, so subtracting a mask counts. */
static uint64_t count_clipped(const float *x, size_t n, const struct quant_measure_block *block)
{
    const float32x4_t min = vdupq_n_f32(block->min_unclipped);
    const float32x4_t max = vdupq_n_f32(block->max_unclipped);
    uint32x4_t clipped = vdupq_n_u32(0);
    for (size_t i = 0; i < n; i += LANES) {
        const float32x4_t v = vld1q_f32(x + i);
        clipped = vsubq_u32(clipped, vorrq_u32(vcltq_f32(v, min), vcgtq_f32(v, max)));
    }
    return vaddvq_u32(clipped);
}

static uint64_t count_flipped(const float *x, const float *restored, size_t n)
{
    uint32x4_t flipped = vdupq_n_u32(0);
    for (size_t i = 0; i < n; i += LANES) {
        const float32x4_t v = vld1q_f32(x + i);
        const float32x4_t back = vld1q_f32(restored + i);
        const uint32x4_t up = vandq_u32(vcltzq_f32(v), vcgtzq_f32(back));
        const uint32x4_t down = vandq_u32(vcgtzq_f32(v), vcltzq_f32(back));
        flipped = vsubq_u32(flipped, vorrq_u32(up, down));
    }
    return vaddvq_u32(flipped);
}

/* All elements are finite. Zeroed elements are common and counted here. Clipped elements and
 * changed signs are rare: this only detects them, and another pass counts them. */
static void count(const float *x, const float *restored, size_t n,
                  struct quant_measure_block *block)
{
    float32x4_t min = vdupq_n_f32(INFINITY);
    float32x4_t max = vdupq_n_f32(-INFINITY);
    uint32x4_t zeroed = vdupq_n_u32(0);
    uint32x4_t flips = zeroed; /* sign bit set: the signs of a pair differ, and neither is 0 */
    for (size_t i = 0; i < n; i += LANES) {
        const float32x4_t v = vld1q_f32(x + i);
        const float32x4_t back = vld1q_f32(restored + i);
        const uint32x4_t is_zero = vceqzq_f32(v);
        const uint32x4_t back_zero = vceqzq_f32(back);
        const uint32x4_t signs = veorq_u32(vreinterpretq_u32_f32(v), vreinterpretq_u32_f32(back));
        zeroed = vsubq_u32(zeroed, vbicq_u32(back_zero, is_zero));
        flips = vorrq_u32(flips, vbicq_u32(signs, vorrq_u32(is_zero, back_zero)));
        min = vminq_f32(min, v);
        max = vmaxq_f32(max, v);
    }
    block->zeroed += vaddvq_u32(zeroed);
    if (vminvq_f32(min) < block->min_unclipped || vmaxvq_f32(max) > block->max_unclipped)
        block->clipped += count_clipped(x, n, block);
    if (vmaxvq_u32(flips) > INT32_MAX)
        block->sign_flipped += count_flipped(x, restored, n);
}

/* ---- Sums ---- */

/* Half of the lanes of the six sums, and the largest absolute errors. */
struct half_sums {
    float64x2_t of[QUANT_MEASURE_SUMS][PAIRS];
    float64x2_t max;
};

ALWAYS_INLINE void add_pair(struct half_sums *sums, size_t pair, const float *x,
                            const float *restored)
{
    const float64x2_t v = vcvt_f64_f32(vld1_f32(x));
    const float64x2_t back = vcvt_f64_f32(vld1_f32(restored));
    const float64x2_t e = vsubq_f64(v, back);
    const float64x2_t abs_e = vabsq_f64(e);
    float64x2_t(*of)[PAIRS] = sums->of;
    of[QUANT_SUM_SQUARED_X][pair] = vfmaq_f64(of[QUANT_SUM_SQUARED_X][pair], v, v);
    of[QUANT_SUM_PRODUCT][pair] = vfmaq_f64(of[QUANT_SUM_PRODUCT][pair], v, back);
    of[QUANT_SUM_SQUARED_RESTORED][pair] =
        vfmaq_f64(of[QUANT_SUM_SQUARED_RESTORED][pair], back, back);
    of[QUANT_SUM_SQUARED_ERROR][pair] = vfmaq_f64(of[QUANT_SUM_SQUARED_ERROR][pair], e, e);
    of[QUANT_SUM_ERROR][pair] = vaddq_f64(of[QUANT_SUM_ERROR][pair], e);
    of[QUANT_SUM_ABS_ERROR][pair] = vaddq_f64(of[QUANT_SUM_ABS_ERROR][pair], abs_e);
    sums->max = vmaxnmq_f64(sums->max, abs_e);
}

/* Half of the lanes, from lane first on, after these elements. */
static void sum_half(struct half_sums *result, const float *x, const float *restored, size_t n,
                     size_t first, const struct quant_measure_block *block)
{
    struct half_sums sums;
    for (size_t k = 0; k < QUANT_MEASURE_SUMS; k++)
        for (size_t pair = 0; pair < PAIRS; pair++)
            sums.of[k][pair] = vld1q_f64(&block->lanes[k][first + PAIR * pair]);
    sums.max = vdupq_n_f64(0);
    for (size_t i = first; i < n; i += QUANT_MEASURE_LANES)
        for (size_t pair = 0; pair < PAIRS; pair++)
            add_pair(&sums, pair, x + i + PAIR * pair, restored + i + PAIR * pair);
    *result = sums;
}

static void put_half(const struct half_sums *sums, size_t first, struct quant_measure_block *block)
{
    for (size_t k = 0; k < QUANT_MEASURE_SUMS; k++)
        for (size_t pair = 0; pair < PAIRS; pair++)
            vst1q_f64(&block->lanes[k][first + PAIR * pair], sums->of[k][pair]);
}

/* Whether all x were finite: then the sum of their squares is finite too. */
static bool all_finite(const struct half_sums *sums)
{
    uint64x2_t finite = vdupq_n_u64(UINT64_MAX);
    for (size_t pair = 0; pair < PAIRS; pair++)
        finite = vandq_u64(
            finite, vcltq_f64(sums->of[QUANT_SUM_SQUARED_X][pair], vdupq_n_f64((double)INFINITY)));
    return (vgetq_lane_u64(finite, 0) & vgetq_lane_u64(finite, 1)) != 0;
}

static void measure_block(const float *x, const float *restored, size_t n,
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
    const double max = vmaxvq_f64(vmaxq_f64(low.max, high.max));
    if (max > block->max_abs_error)
        quant_measure_raise(block, x, restored, max);
    count(x, restored, n, block);
}

void quant_neon_measure(const float *x, const float *restored, size_t n, size_t first_lane,
                        struct quant_measure_block *block)
{
    quant_measure_by_blocks(measure_block, BLOCK, x, restored, n, first_lane, block);
}

/* ---- Levels ---- */

/* The bitmap of 256 levels has 32 bytes (rows) of 8 bits (columns). The upper five bits of a level
 * select the row; the lower three bits shift a bit to the column. */
ALWAYS_INLINE uint8x16_t is_marked(uint8x16x2_t rows, uint8x16_t level)
{
    const uint8x16_t marked = vqtbl2q_u8(rows, vshrq_n_u8(level, 3));
    const int8x16_t column = vreinterpretq_s8_u8(vandq_u8(level, vdupq_n_u8(7)));
    return vtstq_u8(marked, vshlq_u8(vdupq_n_u8(1), column));
}

static void mark_each(const uint8_t *q, size_t n, uint8_t offset, uint64_t *levels,
                      quant_mark_levels_fn *scalar)
{
    const uint8x16_t flip = vdupq_n_u8(offset);
    size_t i = 0;
    for (; n - i >= STEP; i += STEP) {
        const uint8x16x2_t rows = {
            {vreinterpretq_u8_u64(vld1q_u64(levels)), vreinterpretq_u8_u64(vld1q_u64(levels + 2))}};
        const uint8x16_t low = is_marked(rows, veorq_u8(vld1q_u8(q + i), flip));
        const uint8x16_t high = is_marked(rows, veorq_u8(vld1q_u8(q + i + STEP / 2), flip));
        if (vminvq_u8(vandq_u8(low, high)) == 0)
            scalar(q + i, STEP, levels);
    }
    scalar(q + i, n - i, levels);
}

static void mark_levels(const uint8_t *q, size_t n, uint8_t offset, uint64_t *levels,
                        quant_mark_levels_fn *scalar)
{
    const uint8x16_t flip = vdupq_n_u8(offset);
    for (; n >= QUANT_LEVELS_AT_A_TIME; n -= QUANT_LEVELS_AT_A_TIME) {
        uint8x16_t min = vdupq_n_u8(UINT8_MAX);
        uint8x16_t max = vdupq_n_u8(0);
        for (size_t i = 0; i < QUANT_LEVELS_AT_A_TIME; i += 16) {
            const uint8x16_t level = veorq_u8(vld1q_u8(q + i), flip);
            min = vminq_u8(min, level);
            max = vmaxq_u8(max, level);
        }
        if (!quant_levels_are_marked(levels, vminvq_u8(min), vmaxvq_u8(max)))
            mark_each(q, QUANT_LEVELS_AT_A_TIME, offset, levels, scalar);
        q += QUANT_LEVELS_AT_A_TIME;
    }
    mark_each(q, n, offset, levels, scalar);
}

void quant_neon_mark_levels_int8(const void *q, size_t n, uint64_t *levels)
{
    mark_levels(q, n, 0x80, levels, quant_kernels_scalar.mark_levels[QUANT_INT8]);
}

void quant_neon_mark_levels_uint8(const void *q, size_t n, uint64_t *levels)
{
    mark_levels(q, n, 0, levels, quant_kernels_scalar.mark_levels[QUANT_UINT8]);
}

#endif
