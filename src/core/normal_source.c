/* SPDX-License-Identifier: MIT */
#include "core/normal_source.h"

#include <math.h>

#include "core/logarithm.h"

static uint64_t next_bits(struct quant_normal_source *source)
{
    uint64_t z = source->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* From -1 to 1, without 1: the upper 53 bits are a fraction. */
static double next_coordinate(struct quant_normal_source *source)
{
    return 2 * ((double)(next_bits(source) >> 11) * 0x1p-53) - 1;
}

float quant_normal_next(struct quant_normal_source *source)
{
    if (source->has_spare) {
        source->has_spare = false;
        return (float)source->spare;
    }
    double u;
    double v;
    double square; /* of the distance from the center of the unit circle */
    do {
        u = next_coordinate(source);
        v = next_coordinate(source);
        square = u * u + v * v;
    } while (square >= 1 || square == 0);
    const double factor = sqrt(-2 * quant_logarithm(square) / square);
    source->has_spare = true;
    source->spare = v * factor;
    return (float)(u * factor);
}
