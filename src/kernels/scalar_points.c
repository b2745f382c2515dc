/* SPDX-License-Identifier: MIT */
/* The squared errors of weighted points: the definition. */
#include <string.h>

#include "kernels/scalar.h"

void quant_scalar_point_errors(const struct quant_grid *grid, const double *at,
                               const double *weight, size_t n, double lanes[QUANT_POINT_LANES])
{
    const double shift = 0x1.8p52; /* at this magnitude a double has no fraction bits */
    double sums[QUANT_POINT_LANES];
    memcpy(sums, lanes, sizeof sums);
    for (size_t i = 0; i < n; i += QUANT_POINT_LANES)
        for (size_t lane = 0; lane < QUANT_POINT_LANES; lane++) {
            const double x = at[i + lane] * grid->steps - grid->phase;
            const double above = x > grid->first ? x : grid->first;
            const double inside = above < grid->last ? above : grid->last;
            const double e = x - ((inside + shift) - shift);
            sums[lane] += weight[i + lane] * (e * e);
        }
    memcpy(lanes, sums, sizeof sums);
}
