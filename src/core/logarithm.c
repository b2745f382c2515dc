/* SPDX-License-Identifier: MIT */
#include "core/logarithm.h"

#include <math.h>
#include <stddef.h>

/* x = m * 2^e with m from sqrt(1/2) to sqrt(2), and with t = (m - 1) / (m + 1):
 * ln m = 2 (t + t^3 / 3 + t^5 / 5 + ...). |t| is at most 0.1716, so the first term that is left
 * out, t^23 / 23, is below 2^-63. Only operations that IEEE 754 rounds correctly are used. */
double quant_logarithm(double x)
{
    static const double inverses[] = {1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13, 1.0 / 11,
                                      1.0 / 9,  1.0 / 7,  1.0 / 5,  1.0 / 3,  1.0};
    int exponent;
    double mantissa = frexp(x, &exponent);
    if (mantissa < 0.70710678118654752) {
        mantissa *= 2;
        exponent--;
    }
    const double t = (mantissa - 1) / (mantissa + 1);
    double sum = 0;
    for (size_t k = 0; k < sizeof inverses / sizeof inverses[0]; k++)
        sum = sum * t * t + inverses[k];
    return 0.69314718055994531 * exponent + 2 * t * sum;
}
