/* SPDX-License-Identifier: MIT */
#include "methods/entropy_error.h"

#include <math.h>

enum { BINS = QUANT_ENTROPY_BINS };

double quant_entropy_step(const struct quant_entropy_mapping *mapping, size_t width)
{
    const double lo = fmax(-(double)width, mapping->min);
    const double hi = fmin((double)width, mapping->max);
    return (hi - lo) / mapping->steps;
}

void quant_entropy_error_init(struct quant_entropy_error *error, const uint64_t *above,
                              const uint64_t *below)
{
    size_t nfilled = 0;
    for (size_t i = 0; i < BINS; i++) {
        const uint64_t count = above[i] + (below ? below[BINS - 1 - i] : 0);
        error->places[nfilled] = (uint16_t)i;
        error->counts[nfilled] = (double)count;
        nfilled += count > 0;
    }
    error->nfilled = nfilled;
    error->width = BINS;
    error->ninside = nfilled;
    error->beyond = error->distances = error->squares = 0;
}

/* The mean of (d + u)^2 over u in [-1/2, 1/2] is d^2 + 1/12. */
static double clipping_error(const struct quant_entropy_error *error)
{
    return error->squares + error->beyond / 12;
}

double quant_entropy_error_narrow(struct quant_entropy_error *error)
{
    error->width--;
    error->squares += 2 * error->distances + error->beyond; /* (d + 1)^2 = d^2 + 2 d + 1 */
    error->distances += error->beyond;
    if (error->ninside > 0 && error->places[error->ninside - 1] == error->width) {
        const double count = error->counts[--error->ninside];
        error->squares += count / 4;
        error->distances += count / 2;
        error->beyond += count;
    }
    return clipping_error(error);
}

/* The integral of (v - rint(v))^2 from 0 to u. Adding and subtracting 1.5 * 2^52 is rint, which
 * would be a call if the compiler can only assume SSE2. */
static inline double integral_to(double u)
{
    const double nearest = (u + 0x1.8p52) - 0x1.8p52;
    const double rest = u - nearest;
    return nearest * (1.0 / 12) + rest * rest * rest * (1.0 / 3);
}

double quant_entropy_error_total(const struct quant_entropy_error *error,
                                 const struct quant_entropy_mapping *mapping)
{
    const double step = quant_entropy_step(mapping, error->width);
    if (!(step > 0))
        return (double)INFINITY;
    const double inverse = 1 / step;
    double sum = 0;
    for (size_t i = 0; i < error->ninside; i++) {
        const double place = error->places[i];
        sum +=
            error->counts[i] * (integral_to((place + 1) * inverse) - integral_to(place * inverse));
    }
    return sum * step * step * step + clipping_error(error);
}
