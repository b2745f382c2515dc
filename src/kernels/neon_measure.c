/* SPDX-License-Identifier: MIT */
/* NEON for the error report: one sweep that counts, two that sum in double, since thirty-two
 * registers hold the six sums of half of the lanes. */
#include "kernels/kernels.h"

#if defined(__AARCH64EL__)

#include <arm_neon.h>

#include "kernels/neon.h"

/* Elements whose three sweeps find them in the first-level cache; the doubles of a vector, and the
 * vectors of half of the lanes. */
enum { BLOCK = 1024, PAIR = 2, PAIRS = QUANT_MEASURE_LANES / 2 / PAIR };

/* Masks are -1 where true: subtracting counts. false, with nothing counted, where an element is not
 * finite. */
static bool count(const float *x, const float *restored, size_t n,
                  struct quant_measure_block *block)
{
    const float32x4_t infinity = vdupq_n_f32(INFINITY);
    const float32x4_t least = vdupq_n_f32(block->least_unclipped);
    const float32x4_t greatest = vdupq_n_f32(block->greatest_unclipped);
    uint32x4_t clipped = vdupq_n_u32(0);
    uint32x4_t zeroed = clipped;
    uint32x4_t flipped = clipped;
    uint32x4_t finite = vdupq_n_u32(UINT32_MAX);
    for (size_t i = 0; i < n; i += LANES) {
        const float32x4_t v = vld1q_f32(x + i);
        const float32x4_t back = vld1q_f32(restored + i);
        finite = vandq_u32(finite, vcaltq_f32(v, infinity));
        const uint32x4_t outside = vorrq_u32(vcltq_f32(v, least), vcgtq_f32(v, greatest));
        const uint32x4_t is_zero = vceqzq_f32(v);
        const uint32x4_t back_zero = vceqzq_f32(back);
        const uint32x4_t signs = vcltzq_s32(vreinterpretq_s32_u32(
            veorq_u32(vreinterpretq_u32_f32(v), vreinterpretq_u32_f32(back))));
        clipped = vsubq_u32(clipped, outside);
        zeroed = vsubq_u32(zeroed, vbicq_u32(back_zero, is_zero));
        flipped = vsubq_u32(flipped, vbicq_u32(signs, vorrq_u32(is_zero, back_zero)));
    }
    if (vminvq_u32(finite) == 0)
        return false;
    block->clipped += vaddvq_u32(clipped);
    block->zeroed += vaddvq_u32(zeroed);
    block->sign_flipped += vaddvq_u32(flipped);
    return true;
}

/* Half of a sum's lanes. */
struct lane_sums {
    float64x2_t pair[PAIRS];
};

ALWAYS_INLINE void add_lanes(struct lane_sums *sum, size_t pair, float64x2_t value)
{
    sum->pair[pair] = vaddq_f64(sum->pair[pair], value);
}

/* Adds to the lanes from first on; returns the greatest absolute error among them. */
static double sum_half(const float *x, const float *restored, size_t n, size_t first,
                       struct quant_measure_block *block)
{
    struct lane_sums sums[QUANT_MEASURE_SUMS];
    for (size_t k = 0; k < QUANT_MEASURE_SUMS; k++)
        for (size_t pair = 0; pair < PAIRS; pair++)
            sums[k].pair[pair] = vld1q_f64(&block->lanes[k][first + PAIR * pair]);
    float64x2_t greatest = vdupq_n_f64(0);
    for (size_t i = first; i < n; i += QUANT_MEASURE_LANES)
        for (size_t pair = 0; pair < PAIRS; pair++) {
            const float64x2_t v = vcvt_f64_f32(vld1_f32(x + i + PAIR * pair));
            const float64x2_t back = vcvt_f64_f32(vld1_f32(restored + i + PAIR * pair));
            const float64x2_t e = vsubq_f64(v, back);
            const float64x2_t abs_e = vabsq_f64(e);
            add_lanes(&sums[QUANT_SUM_SQUARED_ERROR], pair, vmulq_f64(e, e));
            add_lanes(&sums[QUANT_SUM_ABS_ERROR], pair, abs_e);
            add_lanes(&sums[QUANT_SUM_ERROR], pair, e);
            add_lanes(&sums[QUANT_SUM_SQUARED_X], pair, vmulq_f64(v, v));
            add_lanes(&sums[QUANT_SUM_SQUARED_RESTORED], pair, vmulq_f64(back, back));
            add_lanes(&sums[QUANT_SUM_PRODUCT], pair, vmulq_f64(v, back));
            greatest = vmaxq_f64(greatest, abs_e);
        }
    for (size_t k = 0; k < QUANT_MEASURE_SUMS; k++)
        for (size_t pair = 0; pair < PAIRS; pair++)
            vst1q_f64(&block->lanes[k][first + PAIR * pair], sums[k].pair[pair]);
    return vmaxvq_f64(greatest);
}

static void measure_block(const float *x, const float *restored, size_t n,
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

void quant_neon_measure(const float *x, const float *restored, size_t n, size_t first_lane,
                        struct quant_measure_block *block)
{
    quant_measure_by_blocks(measure_block, BLOCK, x, restored, n, first_lane, block);
}

/* ---- Levels ---- */

/* Of 256 levels, bit 8 row + column: the row is one of the bitmap's 32 bytes, looked up by the
 * upper five bits of the level; the column is a bit, shifted there by the lower three. */
ALWAYS_INLINE uint8x16_t is_marked(uint8x16x2_t rows, uint8x16_t level)
{
    const uint8x16_t marked = vqtbl2q_u8(rows, vshrq_n_u8(level, 3));
    const int8x16_t column = vreinterpretq_s8_u8(vandq_u8(level, vdupq_n_u8(7)));
    return vtstq_u8(marked, vshlq_u8(vdupq_n_u8(1), column));
}

static void mark_levels(const uint8_t *q, size_t n, uint8_t offset, uint64_t *levels,
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

void quant_neon_mark_levels_int8(const void *q, size_t n, uint64_t *levels)
{
    mark_levels(q, n, 0x80, levels, quant_kernels_scalar.mark_levels[QUANT_INT8]);
}

void quant_neon_mark_levels_uint8(const void *q, size_t n, uint64_t *levels)
{
    mark_levels(q, n, 0, levels, quant_kernels_scalar.mark_levels[QUANT_UINT8]);
}

#endif
