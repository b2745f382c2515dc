/* SPDX-License-Identifier: MIT */
/* The definition of float targets, as scalar.c is the definition of integers. 16-bit types encode
 * the element itself, 8-bit types the element divided by the scale. */
#include <math.h>
#include <string.h>

#include "base/endian.h"
#include "base/small_float.h"
#include "kernels/scalar.h"

#define DEFINE_UNSCALED(name, type)                                                                \
    void quant_scalar_quantize_##name(const struct quant_params *params, const float *x, size_t n, \
                                      void *q)                                                     \
    {                                                                                              \
        (void)params;                                                                              \
        for (size_t i = 0; i < n; i++)                                                             \
            quant_small_float_put(&(type), q, i, quant_small_float_encode(&(type), x[i]));         \
    }

DEFINE_UNSCALED(float16, quant_small_float16)
DEFINE_UNSCALED(bfloat16, quant_small_bfloat16)

/* The quotient is rounded to float32, as for integers, and then to the type. */
#define DEFINE_SCALED(name, type)                                                                  \
    void quant_scalar_quantize_##name(const struct quant_params *params, const float *x, size_t n, \
                                      void *q)                                                     \
    {                                                                                              \
        for (size_t i = 0; i < n; i++)                                                             \
            quant_small_float_put(&(type), q, i,                                                   \
                                  quant_small_float_encode(&(type), x[i] / params->scale));        \
    }                                                                                              \
                                                                                                   \
    void quant_scalar_dequantize_##name(const struct quant_params *params, const void *q,          \
                                        size_t n, float *x)                                        \
    {                                                                                              \
        for (size_t i = 0; i < n; i++)                                                             \
            x[i] = quant_small_float_decode(&(type), quant_small_float_get(&(type), q, i)) *       \
                   params->scale;                                                                  \
    }

DEFINE_SCALED(float8_e4m3fn, quant_small_float8_e4m3fn)
DEFINE_SCALED(float8_e5m2, quant_small_float8_e5m2)

void quant_scalar_dequantize_float16(const struct quant_params *params, const void *q, size_t n,
                                     float *x)
{
    (void)params;
    quant_kernels_scalar.widen[QUANT_FLOAT16](q, n, quant_host_is_big(), x);
}

void quant_scalar_dequantize_bfloat16(const struct quant_params *params, const void *q, size_t n,
                                      float *x)
{
    (void)params;
    quant_kernels_scalar.widen[QUANT_BFLOAT16](q, n, quant_host_is_big(), x);
}

/* Both zeros are one level. */
#define DEFINE_MARK_LEVELS(name, type)                                                             \
    void quant_scalar_mark_levels_##name(const void *q, size_t n, uint64_t *levels)                \
    {                                                                                              \
        for (size_t i = 0; i < n; i++) {                                                           \
            const uint32_t pattern = quant_small_float_get(&(type), q, i);                         \
            const uint32_t level = pattern == (type).sign ? 0 : pattern;                           \
            levels[level / 64] |= UINT64_C(1) << (level % 64);                                     \
        }                                                                                          \
    }

DEFINE_MARK_LEVELS(float8, quant_small_float8_e5m2)
DEFINE_MARK_LEVELS(float16, quant_small_float16)

bool quant_scalar_clips_float(const struct quant_params *params, float x)
{
    const struct quant_small_float *type = quant_small_float(params->dtype);
    if (!quant_dtype_info(params->dtype)->is_unscaled)
        x /= params->scale;
    return quant_small_float_round(type, fabsf(x)) > type->max;
}

/* A binary search: the bits of positive floats rise with their values. 0 is never clipped. */
void quant_scalar_unclipped_floats(const struct quant_params *params, float *min, float *max)
{
    uint32_t low = 0;
    uint32_t high = 0x7F7FFFFF; /* FLT_MAX */
    while (low < high) {
        const uint32_t middle = low + (high - low + 1) / 2;
        float x;
        memcpy(&x, &middle, sizeof x);
        if (quant_scalar_clips_float(params, x))
            high = middle - 1;
        else
            low = middle;
    }
    memcpy(max, &low, sizeof low);
    *min = -*max;
}
