/* SPDX-License-Identifier: MIT */
/* NEON of AArch64: 4 floats per vector, 32 elements per step. NEON is part of the architecture, so
 * these functions need no target attribute. */
#include "kernels/kernels.h"

#if defined(__AARCH64EL__)

#include <arm_neon.h>
#include <math.h>

#include "kernels/fixed_point.h"
#include "kernels/neon.h"
#include "kernels/scalar.h"

/* Elements in two and in four vectors. */
enum { TWO = 2 * LANES, FOUR = 4 * LANES };

static bool neon_supported(void)
{
    return true;
}

/* ---- Observing ---- */

/* x * 0 is 0 if x is finite and NaN if not, so one sum checks a whole block. Blocks with elements
 * that are not finite are rare and left to the scalar code. */
static bool observe_block(const float *x, size_t n, float32x4_t *min, float32x4_t *max)
{
    const float32x4_t zero = vdupq_n_f32(0);
    float32x4_t low[4] = {*min, *min, *min, *min};
    float32x4_t high[4] = {*max, *max, *max, *max};
    float32x4_t sum[4] = {zero, zero, zero, zero};
    for (size_t i = 0; i < n; i += FOUR) {
        for (size_t k = 0; k < 4; k++) { /* four chains hide the latency */
            const float32x4_t v = vld1q_f32(x + i + LANES * k);
            low[k] = vminq_f32(low[k], v);
            high[k] = vmaxq_f32(high[k], v);
            sum[k] = vfmaq_f32(sum[k], v, zero);
        }
    }
    const float32x4_t all = vaddq_f32(vaddq_f32(sum[0], sum[1]), vaddq_f32(sum[2], sum[3]));
    if (isnan(vaddvq_f32(all)))
        return false;
    *min = vminq_f32(vminq_f32(low[0], low[1]), vminq_f32(low[2], low[3]));
    *max = vmaxq_f32(vmaxq_f32(high[0], high[1]), vmaxq_f32(high[2], high[3]));
    return true;
}

static void neon_observe(const float *x, size_t n, struct quant_observed *observed)
{
    enum { BLOCK = 4096 };
    float32x4_t min = vdupq_n_f32(INFINITY);
    float32x4_t max = vdupq_n_f32(-INFINITY);
    size_t i = 0;
    while (n - i >= STEP) {
        const size_t ahead = (n - i) / STEP * STEP;
        const size_t block = ahead < BLOCK ? ahead : BLOCK;
        if (observe_block(x + i, block, &min, &max))
            observed->count += block;
        else
            quant_kernels_scalar.observe(x + i, block, observed);
        i += block;
    }
    observed->min = fminf(observed->min, vminvq_f32(min));
    observed->max = fmaxf(observed->max, vmaxvq_f32(max));
    quant_kernels_scalar.observe(x + i, n - i, observed);
}

/* ---- Quantizing ---- */

struct quantize_plan {
    struct quant_fixed_point fixed;
    float32x4_t factor, bias, scale;
    float32x4_t lowest, highest; /* qmin - z and qmax - z */
    int32x4_t zero_point;
    uint16x8_t band;       /* in the lower halves; the upper halves are 0, and nothing is below 0 */
    uint8x16_t qmin, qmax; /* as bytes, for either type */
    bool divides;          /* qmin - z and qmax - z are exact as floats */
    bool half_away;
};

static struct quantize_plan make_plan(const struct quant_params *params)
{
    const struct quant_fixed_point fixed = quant_fixed_point_plan(params);
    return (struct quantize_plan){
        .fixed = fixed,
        .factor = vdupq_n_f32(fixed.factor),
        .bias = vdupq_n_f32(fixed.bias),
        .scale = vdupq_n_f32(params->scale),
        .lowest = vdupq_n_f32((float)params->qmin - (float)params->zero_point),
        .highest = vdupq_n_f32((float)params->qmax - (float)params->zero_point),
        .zero_point = vdupq_n_s32(params->zero_point),
        .band = vreinterpretq_u16_u32(vdupq_n_u32(fixed.band)),
        .qmin = vdupq_n_u8((uint8_t)params->qmin),
        .qmax = vdupq_n_u8((uint8_t)params->qmax),
        .divides = quant_zero_point_is_near(params),
        .half_away = params->rounding == QUANT_HALF_AWAY,
    };
}

/* By division, clamped: 4 integers. NaN becomes 0 before z is added. The limits of the clamp are
 * integers, so the clamp can be done before the rounding, which is done by the conversion. */
static int32x4_t divide(const struct quantize_plan *plan, float32x4_t x)
{
    float32x4_t t = vdivq_f32(x, plan->scale);
    t = vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(t), vceqq_f32(t, t)));
    t = vminq_f32(vmaxq_f32(t, plan->lowest), plan->highest);
    return vaddq_s32(plan->half_away ? vcvtaq_s32_f32(t) : vcvtnq_s32_f32(t), plan->zero_point);
}

static void divide_step(const struct quantize_plan *plan, const float *x, uint8_t *q)
{
    for (size_t i = 0; i < STEP; i += TWO) {
        const int16x4_t low = vmovn_s32(divide(plan, vld1q_f32(x + i)));
        const int16x8_t both = vmovn_high_s32(low, divide(plan, vld1q_f32(x + i + LANES)));
        vst1_u8(q + i, vreinterpret_u8_s8(vmovn_s16(both)));
    }
}

/* The upper halves of two vectors of fixed-point numbers. */
ALWAYS_INLINE int16x8_t upper_halves(int32x4_t a, int32x4_t b)
{
    return vuzp2q_s16(vreinterpretq_s16_s32(a), vreinterpretq_s16_s32(b));
}

/* The integers of four vectors of fixed-point numbers, clamped. */
ALWAYS_INLINE uint8x16_t narrow(const struct quantize_plan *plan, const int32x4_t v[4],
                                bool is_unsigned, bool caps)
{
    const int16x8_t ab = upper_halves(v[0], v[1]);
    const int16x8_t cd = upper_halves(v[2], v[3]);
    if (is_unsigned) {
        uint8x16_t q = vqmovun_high_s16(vqmovun_s16(ab), cd);
        q = vmaxq_u8(q, plan->qmin);
        return caps ? vminq_u8(q, plan->qmax) : q;
    }
    int8x16_t q = vqmovn_high_s16(vqmovn_s16(ab), cd);
    q = vmaxq_s8(q, vreinterpretq_s8_u8(plan->qmin));
    return vreinterpretq_u8_s8(caps ? vminq_s8(q, vreinterpretq_s8_u8(plan->qmax)) : q);
}

/* The minimum of the halves of four vectors: lower with lower, upper with upper. */
ALWAYS_INLINE uint16x8_t min_halves(const int32x4_t v[4])
{
    const uint16x8_t ab = vminq_u16(vreinterpretq_u16_s32(v[0]), vreinterpretq_u16_s32(v[1]));
    const uint16x8_t cd = vminq_u16(vreinterpretq_u16_s32(v[2]), vreinterpretq_u16_s32(v[3]));
    return vminq_u16(ab, cd);
}

/*
 * The loop for one combination of the two constants. Returns the number of elements done.
 *
 * vcvtnq rounds to nearest, ties to even, and saturates, unlike the conversion of x86. Numbers that
 * are too large (+Inf and products that overflow too) become 0x7fffffff. Its lower half is far from
 * the band, so it is trusted. That is right: its integer is 32767, which becomes qmax, as it must
 * for x / s >= 2^15 - 513. Numbers that are too small become 0x80000000 and NaN becomes 0: both are
 * in the band and are divided.
 */
ALWAYS_INLINE size_t quantize_steps(const struct quantize_plan *plan, const float *x, size_t n,
                                    uint8_t *q, bool is_unsigned, bool caps)
{
    size_t i = 0;
    for (; n - i >= STEP; i += STEP) {
        int32x4_t v[STEP / LANES];
        for (size_t k = 0; k < STEP / LANES; k++)
            v[k] =
                vcvtnq_s32_f32(vfmaq_f32(plan->bias, vld1q_f32(x + i + LANES * k), plan->factor));
        const uint16x8_t nearest = vminq_u16(min_halves(v), min_halves(v + 4));
        const uint16x8_t in_band = vcltq_u16(nearest, plan->band);
        if (__builtin_expect(vmaxvq_u32(vreinterpretq_u32_u16(in_band)) != 0, 0)) {
            divide_step(plan, x + i, q + i);
        } else {
            vst1q_u8(q + i, narrow(plan, v, is_unsigned, caps));
            vst1q_u8(q + i + FOUR, narrow(plan, v + 4, is_unsigned, caps));
        }
    }
    return i;
}

static size_t divide_steps(const struct quantize_plan *plan, const float *x, size_t n, uint8_t *q)
{
    size_t i = 0;
    for (; n - i >= STEP; i += STEP)
        divide_step(plan, x + i, q + i);
    return i;
}

static void quantize_int8(const struct quant_params *params, const float *x, size_t n, void *q)
{
    const struct quantize_plan plan = make_plan(params);
    size_t done = 0;
    if (plan.fixed.usable && params->qmax == INT8_MAX)
        done = quantize_steps(&plan, x, n, q, false, false);
    else if (plan.fixed.usable)
        done = quantize_steps(&plan, x, n, q, false, true);
    else if (plan.divides)
        done = divide_steps(&plan, x, n, q);
    quant_kernels_scalar.quantize[QUANT_INT8](params, x + done, n - done, (int8_t *)q + done);
}

static void quantize_uint8(const struct quant_params *params, const float *x, size_t n, void *q)
{
    const struct quantize_plan plan = make_plan(params);
    size_t done = 0;
    if (plan.fixed.usable && params->qmax == UINT8_MAX)
        done = quantize_steps(&plan, x, n, q, true, false);
    else if (plan.fixed.usable)
        done = quantize_steps(&plan, x, n, q, true, true);
    else if (plan.divides)
        done = divide_steps(&plan, x, n, q);
    quant_kernels_scalar.quantize[QUANT_UINT8](params, x + done, n - done, (uint8_t *)q + done);
}

/* ---- Dequantizing ---- */

ALWAYS_INLINE size_t dequantize_steps(const struct quant_params *params, const uint8_t *q, size_t n,
                                      float *x, bool is_unsigned)
{
    const int32x4_t zero_point = vdupq_n_s32(params->zero_point);
    size_t i = 0;
    for (; n - i >= TWO; i += TWO) {
        const uint8x8_t bytes = vld1_u8(q + i);
        const int16x8_t wide = is_unsigned ? vreinterpretq_s16_u16(vmovl_u8(bytes))
                                           : vmovl_s8(vreinterpret_s8_u8(bytes));
        const int32x4_t low = vsubq_s32(vmovl_s16(vget_low_s16(wide)), zero_point);
        const int32x4_t high = vsubq_s32(vmovl_high_s16(wide), zero_point);
        vst1q_f32(x + i, vmulq_n_f32(vcvtq_f32_s32(low), params->scale));
        vst1q_f32(x + i + LANES, vmulq_n_f32(vcvtq_f32_s32(high), params->scale));
    }
    return i;
}

static void dequantize_int8(const struct quant_params *params, const void *q, size_t n, float *x)
{
    const size_t done =
        quant_zero_point_is_near(params) ? dequantize_steps(params, q, n, x, false) : 0;
    quant_kernels_scalar.dequantize[QUANT_INT8](params, (const int8_t *)q + done, n - done,
                                                x + done);
}

static void dequantize_uint8(const struct quant_params *params, const void *q, size_t n, float *x)
{
    const size_t done =
        quant_zero_point_is_near(params) ? dequantize_steps(params, q, n, x, true) : 0;
    quant_kernels_scalar.dequantize[QUANT_UINT8](params, (const uint8_t *)q + done, n - done,
                                                 x + done);
}

/* ---- Widening ---- */

static uint16x8_t load_halves(const uint8_t *bytes, bool big)
{
    const uint8x16_t halves = vld1q_u8(bytes);
    return vreinterpretq_u16_u8(big ? vrev16q_u8(halves) : halves);
}

/* The conversion keeps subnormals, and makes NaNs quiet without changing their other bits, as
 * scalar.c does: flush to zero, default NaNs and alternative half precision are off in the default
 * environment. */
static void widen_float16(const void *bytes, size_t n, bool big, float *x)
{
    const uint8_t *from = bytes;
    size_t i = 0;
    for (; n - i >= TWO; i += TWO) {
        const float16x8_t halves = vreinterpretq_f16_u16(load_halves(from + 2 * i, big));
        vst1q_f32(x + i, vcvt_f32_f16(vget_low_f16(halves)));
        vst1q_f32(x + i + LANES, vcvt_high_f32_f16(halves));
    }
    quant_kernels_scalar.widen[QUANT_FLOAT16](from + 2 * i, n - i, big, x + i);
}

static void widen_bfloat16(const void *bytes, size_t n, bool big, float *x)
{
    const uint8_t *from = bytes;
    const uint16x8_t zero = vdupq_n_u16(0);
    size_t i = 0;
    for (; n - i >= TWO; i += TWO) {
        const uint16x8_t halves = load_halves(from + 2 * i, big);
        vst1q_f32(x + i, vreinterpretq_f32_u16(vzip1q_u16(zero, halves)));
        vst1q_f32(x + i + LANES, vreinterpretq_f32_u16(vzip2q_u16(zero, halves)));
    }
    quant_kernels_scalar.widen[QUANT_BFLOAT16](from + 2 * i, n - i, big, x + i);
}

static void widen_float32(const void *bytes, size_t n, bool big, float *x)
{
    const uint8_t *from = bytes;
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        const uint8x16_t v = vld1q_u8(from + 4 * i);
        vst1q_f32(x + i, vreinterpretq_f32_u8(big ? vrev32q_u8(v) : v));
    }
    quant_kernels_scalar.widen[QUANT_FLOAT32](from + 4 * i, n - i, big, x + i);
}

static float64x2_t load_double(const uint8_t *bytes, bool big)
{
    const uint8x16_t v = vld1q_u8(bytes);
    return vreinterpretq_f64_u8(big ? vrev64q_u8(v) : v);
}

static void widen_float64(const void *bytes, size_t n, bool big, float *x)
{
    const uint8_t *from = bytes;
    size_t i = 0;
    for (; n - i >= LANES; i += LANES) {
        const float32x2_t low = vcvt_f32_f64(load_double(from + 8 * i, big));
        vst1q_f32(x + i, vcvt_high_f32_f64(low, load_double(from + 8 * i + 16, big)));
    }
    quant_kernels_scalar.widen[QUANT_FLOAT64](from + 8 * i, n - i, big, x + i);
}

const struct quant_kernels quant_kernels_neon = {
    .name = "neon",
    .summary = "NEON of AArch64: 4 floats at a time",
    .supported = neon_supported,
    .observe = neon_observe,
    .quantize =
        {
            [QUANT_INT8] = quantize_int8,
            [QUANT_UINT8] = quantize_uint8,
            [QUANT_INT4] = quant_neon_quantize_nibbles,
            [QUANT_UINT4] = quant_neon_quantize_nibbles,
            [QUANT_INT16] = quant_neon_quantize_words,
            [QUANT_UINT16] = quant_neon_quantize_words,
            [QUANT_INT32] = quant_scalar_quantize_int32,
            [QUANT_FLOAT8_E4M3FN] = quant_neon_quantize_float8_e4m3fn,
            [QUANT_FLOAT8_E5M2] = quant_neon_quantize_float8_e5m2,
            [QUANT_FLOAT16] = quant_neon_quantize_float16,
            [QUANT_BFLOAT16] = quant_neon_quantize_bfloat16,
        },
    .dequantize =
        {
            [QUANT_INT8] = dequantize_int8,
            [QUANT_UINT8] = dequantize_uint8,
            [QUANT_INT4] = quant_neon_dequantize_int4,
            [QUANT_UINT4] = quant_neon_dequantize_uint4,
            [QUANT_INT16] = quant_neon_dequantize_int16,
            [QUANT_UINT16] = quant_neon_dequantize_uint16,
            [QUANT_INT32] = quant_scalar_dequantize_int32,
            [QUANT_FLOAT8_E4M3FN] = quant_neon_dequantize_float8_e4m3fn,
            [QUANT_FLOAT8_E5M2] = quant_neon_dequantize_float8_e5m2,
            [QUANT_FLOAT16] = quant_neon_dequantize_float16,
            [QUANT_BFLOAT16] = quant_neon_dequantize_bfloat16,
        },
    .mapped_8 = quant_neon_mapped_8,
    .mapped_16 = quant_neon_mapped_16,
    .widen =
        {
            [QUANT_FLOAT16] = widen_float16,
            [QUANT_BFLOAT16] = widen_bfloat16,
            [QUANT_FLOAT32] = widen_float32,
            [QUANT_FLOAT64] = widen_float64,
        },
    .measure = quant_neon_measure,
    .point_errors = quant_scalar_point_errors,
    .multiply = quant_scalar_multiply,
    .mark_levels =
        {
            [QUANT_INT8] = quant_neon_mark_levels_int8,
            [QUANT_UINT8] = quant_neon_mark_levels_uint8,
            [QUANT_INT4] = quant_scalar_mark_levels_int4,
            [QUANT_UINT4] = quant_scalar_mark_levels_uint4,
            [QUANT_INT16] = quant_scalar_mark_levels_int16,
            [QUANT_UINT16] = quant_scalar_mark_levels_uint16,
            [QUANT_FLOAT8_E4M3FN] = quant_scalar_mark_levels_float8,
            [QUANT_FLOAT8_E5M2] = quant_scalar_mark_levels_float8,
            [QUANT_FLOAT16] = quant_scalar_mark_levels_float16,
            [QUANT_BFLOAT16] = quant_scalar_mark_levels_float16,
        },
    .integer_range =
        {
            [QUANT_INT8] = quant_neon_integer_range_int8,
            [QUANT_UINT8] = quant_neon_integer_range_uint8,
            [QUANT_INT4] = quant_neon_integer_range_int4,
            [QUANT_UINT4] = quant_neon_integer_range_uint4,
            [QUANT_INT16] = quant_neon_integer_range_int16,
            [QUANT_UINT16] = quant_neon_integer_range_uint16,
            [QUANT_INT32] = quant_scalar_integer_range_int32,
        },
    .observe_each = quant_neon_observe_each,
    .observe_runs = quant_neon_observe_runs,
    .quantize_each =
        {
            [QUANT_INT8] = quant_neon_quantize_each_bytes,
            [QUANT_UINT8] = quant_neon_quantize_each_bytes,
            [QUANT_INT4] = quant_neon_quantize_each_nibbles,
            [QUANT_UINT4] = quant_neon_quantize_each_nibbles,
            [QUANT_INT16] = quant_neon_quantize_each_words,
            [QUANT_UINT16] = quant_neon_quantize_each_words,
            [QUANT_INT32] = quant_scalar_quantize_each_int32,
            [QUANT_FLOAT8_E4M3FN] = quant_scalar_quantize_each_float8_e4m3fn,
            [QUANT_FLOAT8_E5M2] = quant_scalar_quantize_each_float8_e5m2,
        },
    .scale_each = quant_neon_scale_each,
    .each_errors = quant_neon_each_errors,
    .run_errors = quant_neon_run_errors,
};

#endif
