/* SPDX-License-Identifier: MIT */
/* The definition of the mappings of enum quant_mapping_kind but the plain one, which is in
 * scalar.c. mapped.h has the same as loops that compilers vectorize. */
#include <math.h>

#include "base/rounding.h"
#include "base/small_float.h"
#include "kernels/mapped.h"
#include "kernels/scalar.h"

/* To the nearest number of the type, ties to even; beyond it to infinity. NULL: float32. x is not
 * NaN. */
static float round_to(const struct quant_small_float *type, float x)
{
    if (!type)
        return x;
    const uint32_t magnitude = quant_small_float_round(type, x);
    const float rounded =
        magnitude > type->max ? INFINITY : quant_small_float_decode(type, magnitude);
    return copysignf(rounded, x);
}

/* A step is rounded to float32, then to the arithmetic. */
static float round_step(const struct quant_params *params, float value)
{
    return round_to(quant_small_float(params->arithmetic), value);
}

/* The smallest normal number in place of 0. */
static float divisor(const struct quant_params *params)
{
    if (params->mapping != QUANT_MAP_SCALE_TOO)
        return params->scale;
    const float rounded = round_step(params, params->scale);
    const float least = params->arithmetic == QUANT_FLOAT16 ? 0x1p-14F : 0x1p-126F;
    return rounded == 0 ? least : rounded;
}

/* A scale that was rounded to 16 bits does not say what it was; it is then taken as it is. */
static float bias_divisor(const struct quant_params *params)
{
    return params->factor != 0 ? params->factor : params->scale;
}

/* The engine that multiplies float16 has 127 levels on a side. The scale is m / 127, m a float16,
 * of which no two are so near each other that they would be confused. */
static float factor_of(const struct quant_params *params)
{
    static const float levels = 127;
    if (params->mapping == QUANT_MAP_FACTOR)
        return params->factor != 0 ? params->factor : 1 / params->scale;
    const double m = quant_round_to_dtype(QUANT_FLOAT16, (double)params->scale * (double)levels);
    return m > 0 && isfinite(m) ? (float)(1 / m) * levels : 0;
}

static float number(float x)
{
    return isnan(x) ? 0 : x;
}

static double map_by_factor(const struct quant_params *params, float x)
{
    const float factor = factor_of(params);
    if (isinf(factor))
        return -(double)INFINITY;
    if (params->mapping == QUANT_MAP_FACTOR)
        return (double)roundf(number(x * factor));
    return (double)rintf(number(round_to(&quant_small_float16, number(x)) * factor));
}

double quant_scalar_map(const struct quant_params *params, float x)
{
    const double zero_point = (double)params->zero_point;
    switch (params->mapping) {
    case QUANT_MAP_PLAIN:
        break;
    case QUANT_MAP_RECIPROCAL:
        return (double)rintf(number(x * (1 / params->scale))) + zero_point;
    case QUANT_MAP_DIVIDE:
        return (double)rintf(number(x / params->scale) + (float)params->zero_point);
    case QUANT_MAP_SUM:
    case QUANT_MAP_SCALE_TOO: {
        const float quotient = round_step(params, number(x / divisor(params)));
        return (double)rintf(round_step(params, quotient + (float)params->zero_point));
    }
    case QUANT_MAP_FACTOR:
    case QUANT_MAP_FLOAT16:
        return map_by_factor(params, x);
    case QUANT_MAP_BIAS:
        return (double)rintf(number((x - params->bias) / bias_divisor(params)));
    }
    return 0;
}

/* ---- Arrays ---- */

bool quant_mapped_begin(const struct quant_params *params, struct quant_mapped *mapped)
{
    const bool adds_after = params->mapping == QUANT_MAP_RECIPROCAL;
    const int32_t after = adds_after ? params->zero_point : 0;
    *mapped = (struct quant_mapped){.addend = adds_after ? 0 : (float)params->zero_point,
                                    .bias = params->bias,
                                    .low = (float)(params->qmin - after),
                                    .high = (float)(params->qmax - after),
                                    .after = after};
    switch (params->mapping) {
    case QUANT_MAP_PLAIN:
        break;
    case QUANT_MAP_RECIPROCAL:
        mapped->by = 1 / params->scale;
        break;
    case QUANT_MAP_DIVIDE:
    case QUANT_MAP_SUM:
    case QUANT_MAP_SCALE_TOO:
        mapped->by = divisor(params);
        break;
    case QUANT_MAP_FACTOR:
    case QUANT_MAP_FLOAT16:
        mapped->by = factor_of(params);
        return isfinite(mapped->by);
    case QUANT_MAP_BIAS:
        mapped->by = bias_divisor(params);
        break;
    }
    return true;
}

/* NaN cannot occur: quant_scalar_map replaces it. */
static int32_t clipped(const struct quant_params *params, double mapped)
{
    return (int32_t)fmin(fmax(mapped, (double)params->qmin), (double)params->qmax);
}

void quant_scalar_mapped_8(const struct quant_params *params, const float *x, size_t n, void *q)
{
    int8_t *codes = q;
    for (size_t i = 0; i < n; i++)
        codes[i] = (int8_t)clipped(params, quant_scalar_map(params, x[i]));
}

void quant_scalar_mapped_16(const struct quant_params *params, const float *x, size_t n, void *q)
{
    int16_t *codes = q;
    for (size_t i = 0; i < n; i++)
        codes[i] = (int16_t)clipped(params, quant_scalar_map(params, x[i]));
}
