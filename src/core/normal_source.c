/* SPDX-License-Identifier: MIT */
#include "core/normal_source.h"

#include <math.h>
#include <stddef.h>

/* ---- The logarithm ---- */

/* x = m * 2^e with m from sqrt(1/2) to sqrt(2), and with t = (m - 1) / (m + 1):
 * ln m = 2 (t + t^3 / 3 + t^5 / 5 + ...). |t| is at most 0.1716, so the first term that is left
 * out, t^23 / 23, is below 2^-63. */
double quant_logarithm(double x)
{
    static const double odd[] = {21, 19, 17, 15, 13, 11, 9, 7, 5, 3};
    int exponent;
    double m = frexp(x, &exponent);
    if (m < 0.70710678118654752) {
        m *= 2;
        exponent--;
    }
    const double t = (m - 1) / (m + 1);
    const double square = t * t;
    double sum = 0;
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        sum = (sum + 1 / odd[i]) * square;
    return exponent * 0.69314718055994531 + 2 * (t + t * sum);
}

/* ---- Numbers ---- */

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
