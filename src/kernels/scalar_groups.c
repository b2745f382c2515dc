/* SPDX-License-Identifier: MIT */
/* The definition for parameters that change from element to element: scalar.c applied to one
 * element at a time, each with its own parameters. */
#include <float.h>
#include <math.h>

#include "base/nibble.h"
#include "kernels/scalar.h"

bool quant_scalar_observe_each(const float *x, size_t n, float *min, float *max)
{
    bool all_finite = true;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i])) {
            all_finite = false;
            continue;
        }
        min[i] = x[i] < min[i] ? x[i] : min[i];
        max[i] = x[i] > max[i] ? x[i] : max[i];
    }
    return all_finite;
}

bool quant_scalar_observe_runs(const float *x, size_t nruns, size_t run, float *min, float *max)
{
    bool all_finite = true;
    for (size_t i = 0; i < nruns; i++) {
        struct quant_observed observed = QUANT_OBSERVED_INIT;
        quant_kernels_scalar.observe(x + i * run, run, &observed);
        min[i] = observed.min < min[i] ? observed.min : min[i];
        max[i] = observed.max > max[i] ? observed.max : max[i];
        all_finite = all_finite && observed.nonfinite == 0;
    }
    return all_finite;
}

static struct quant_params params_at(const struct quant_params *common, const float *scales,
                                     const int32_t *zero_points, size_t i)
{
    struct quant_params params = *common;
    params.scale = scales[i];
    params.zero_point = zero_points[i];
    return params;
}

/* size is the size of an element in bytes. */
#define DEFINE_EACH(name, size)                                                                    \
    void quant_scalar_quantize_each_##name(const struct quant_params *common, const float *scales, \
                                           const int32_t *zero_points, const float *x, size_t n,   \
                                           void *q)                                                \
    {                                                                                              \
        unsigned char *elements = q;                                                               \
        for (size_t i = 0; i < n; i++) {                                                           \
            const struct quant_params params = params_at(common, scales, zero_points, i);          \
            quant_scalar_quantize_##name(&params, x + i, 1, elements + i * (size));                \
        }                                                                                          \
    }

DEFINE_EACH(int8, 1)
DEFINE_EACH(uint8, 1)
DEFINE_EACH(int16, 2)
DEFINE_EACH(uint16, 2)
DEFINE_EACH(int32, 4)
DEFINE_EACH(float8_e4m3fn, 1)
DEFINE_EACH(float8_e5m2, 1)

void quant_scalar_quantize_each_nibbles(const struct quant_params *common, const float *scales,
                                        const int32_t *zero_points, const float *x, size_t n,
                                        void *q)
{
    for (size_t i = 0; i < n; i++) {
        const struct quant_params params = params_at(common, scales, zero_points, i);
        unsigned char nibble;
        quant_scalar_quantize_nibbles(&params, x + i, 1, &nibble);
        quant_nibble_put(q, i, nibble);
    }
}

/* The difference needs 33 bits, as in scalar.c. x[i] is an integer unless its zero point is 0. */
void quant_scalar_scale_each(const float *scales, const int32_t *zero_points, size_t n, float *x)
{
    for (size_t i = 0; i < n; i++) {
        const float steps = zero_points[i] == 0 ? x[i] : (float)((int64_t)x[i] - zero_points[i]);
        x[i] = steps * scales[i];
    }
}

bool quant_may_be_clipped(const struct quant_unclipped *unclipped, float scale, int32_t zero_point,
                          float x)
{
    const float z = (float)zero_point;
    const float min = (unclipped->lowest - z) * scale;
    const float max = (unclipped->highest - z) * scale;
    return !(x >= min && x <= max && scale >= FLT_MIN && fabsf(z) <= QUANT_NEAR_ZERO_POINT);
}

static double squared_error(float x, float restored)
{
    const double e = (double)x - (double)restored;
    return e * e;
}

bool quant_scalar_each_errors(const struct quant_unclipped *unclipped, const float *scales,
                              const int32_t *zero_points, const float *x, const float *restored,
                              size_t n, double *sums)
{
    bool may_be = false;
    for (size_t i = 0; i < n; i++) {
        sums[i] += squared_error(x[i], restored[i]);
        may_be |= quant_may_be_clipped(unclipped, scales[i], zero_points[i], x[i]);
    }
    return may_be;
}

bool quant_scalar_run_errors(const struct quant_unclipped *unclipped, const float *scales,
                             const int32_t *zero_points, size_t run, const float *x,
                             const float *restored, size_t nruns, double *sums)
{
    bool may_be = false;
    for (size_t k = 0; k < nruns; k++, x += run, restored += run) {
        double lanes[QUANT_GROUP_LANES] = {0};
        for (size_t i = 0; i < run; i++) {
            lanes[i % QUANT_GROUP_LANES] += squared_error(x[i], restored[i]);
            may_be |= quant_may_be_clipped(unclipped, scales[k], zero_points[k], x[i]);
        }
        sums[k] += ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
                   ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
    }
    return may_be;
}
