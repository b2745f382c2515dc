/* SPDX-License-Identifier: MIT */
#include "core/moments.h"

#include <math.h>

#include "core/sums.h"
#include "kernels/kernels.h"

void quant_moments_init(struct quant_moments *moments, float min, float max)
{
    *moments = (struct quant_moments){.center = 0};
    if (min <= max && (min > 0 || max < 0))
        moments->center = (float)(((double)min + (double)max) / 2);
}

void quant_moments_part_init(struct quant_moments_part *part, const struct quant_moments *moments)
{
    for (size_t i = 0; i < QUANT_MEASURE_BLOCK; i++)
        part->center[i] = moments->center;
}

static void take_block(struct quant_moments_part *part, const float *x, size_t n)
{
    double lanes[QUANT_MEASURE_SUMS][QUANT_MEASURE_LANES] = {{0}};
    struct quant_measure_block block = {
        .lanes = lanes, .min_unclipped = -INFINITY, .max_unclipped = INFINITY, .max_abs_error = -1};
    quant_kernels()->measure(x, part->center, n, 0, &block);
    part->sums[part->nblocks][0] = quant_sum_lanes(lanes[QUANT_SUM_ERROR]);
    part->sums[part->nblocks++][1] = quant_sum_lanes(lanes[QUANT_SUM_SQUARED_ERROR]);
    part->n += n - block.nonfinite;
    part->nonzero += part->center[0] == 0 ? block.zeroed : n - block.nonfinite;
}

void quant_moments_take(struct quant_moments_part *part, const float *x, size_t n)
{
    part->nblocks = 0;
    part->n = part->nonzero = 0;
    for (size_t i = 0; i < n; i += QUANT_MEASURE_BLOCK)
        take_block(part, x + i, n - i < QUANT_MEASURE_BLOCK ? n - i : QUANT_MEASURE_BLOCK);
}

void quant_moments_join(struct quant_moments *moments, const struct quant_moments_part *part)
{
    for (size_t i = 0; i < part->nblocks; i++)
        for (size_t k = 0; k < 2; k++)
            quant_sum_add(&moments->sums[k], &moments->carries[k], part->sums[i][k]);
    moments->n += part->n;
    moments->nonzero += part->nonzero;
}

double quant_moments_mean(const struct quant_moments *moments)
{
    const double sum = quant_sum_total(moments->sums[0], moments->carries[0]);
    return moments->n > 0 ? (double)moments->center + sum / (double)moments->n : (double)NAN;
}

double quant_moments_deviation(const struct quant_moments *moments)
{
    const double n = (double)moments->n;
    const double sum = quant_sum_total(moments->sums[0], moments->carries[0]);
    const double squares = quant_sum_total(moments->sums[1], moments->carries[1]);
    const double variance = (squares - sum * (sum / n)) / n;
    if (moments->n == 0)
        return (double)NAN;
    return variance > 0 ? sqrt(variance) : 0;
}
