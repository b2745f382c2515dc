/* SPDX-License-Identifier: MIT */
/* Squared errors, by pieces that fit on the stack. */
#include "methods/mse_measure.h"

#include <math.h>
#include <string.h>

#include "base/sum_order.h"
#include "core/elements.h"
#include "core/sums.h"

enum { PIECE = 1024 };

_Static_assert(PIECE % QUANT_MEASURE_LANES == 0, "a piece begins at lane 0");

static void add_errors(const float *x, const float *restored, size_t n,
                       double lanes[QUANT_MEASURE_LANES])
{
    double sums[QUANT_MEASURE_LANES];
    memcpy(sums, lanes, sizeof sums);
    size_t i = 0;
    for (; n - i >= QUANT_MEASURE_LANES; i += QUANT_MEASURE_LANES)
        for (size_t lane = 0; lane < QUANT_MEASURE_LANES; lane++) {
            const double e = (double)x[i + lane] - (double)restored[i + lane];
            sums[lane] += e * e;
        }
    for (; i < n; i++) {
        const double e = (double)x[i] - (double)restored[i];
        sums[i % QUANT_MEASURE_LANES] += e * e;
    }
    memcpy(lanes, sums, sizeof sums);
}

static void add_finite_errors(const float *x, const float *restored, size_t n,
                              double lanes[QUANT_MEASURE_LANES])
{
    for (size_t i = 0; i < n; i++)
        if (isfinite(x[i])) {
            const double e = (double)x[i] - (double)restored[i];
            lanes[i % QUANT_MEASURE_LANES] += e * e;
        }
}

/* The same mapping to bytes instead of packed 4-bit integers. It restores the same. */
static struct quant_params unpacked(const struct quant_params *params)
{
    struct quant_params bytes = *params;
    if (params->dtype == QUANT_INT4)
        bytes.dtype = QUANT_INT8;
    else if (params->dtype == QUANT_UINT4)
        bytes.dtype = QUANT_UINT8;
    return bytes;
}

/* No square is negative, and rounding keeps order. So the sum of some squares is never more than
 * that of all. */
double quant_mse_measure(const struct quant_params *params, const float *x, size_t n,
                         bool all_finite, double limit)
{
    _Alignas(64) uint16_t q[PIECE]; /* room for the widest integers */
    _Alignas(64) float restored[PIECE];
    double lanes[QUANT_MEASURE_LANES] = {0};
    const struct quant_params bytes = unpacked(params);
    const bool has_limit = limit < (double)INFINITY;
    for (size_t i = 0; i < n; i += PIECE) {
        const size_t size = n - i < PIECE ? n - i : PIECE;
        quant_elements_quantize(&bytes, x + i, size, q);
        quant_elements_dequantize(&bytes, q, size, restored);
        if (all_finite)
            add_errors(x + i, restored, size, lanes);
        else
            add_finite_errors(x + i, restored, size, lanes);
        if (has_limit && i + size < n && quant_sum_lanes(lanes) > limit)
            return (double)INFINITY;
    }
    return quant_sum_lanes(lanes);
}

/* A sum may differ from the sum in another order by this factor. */
static const double MORE = 1 + 1e-9;

double quant_mse_measure_all(const struct quant_params *params, const float *x, size_t n,
                             bool all_finite, double limit)
{
    double sum = 0;
    double carry = 0;
    for (size_t i = 0; i < n; i += QUANT_MEASURE_BLOCK) {
        const size_t size = n - i < QUANT_MEASURE_BLOCK ? n - i : QUANT_MEASURE_BLOCK;
        quant_sum_add(&sum, &carry,
                      quant_mse_measure(params, x + i, size, all_finite, limit * MORE - sum));
        if (isinf(sum))
            break;
    }
    return quant_sum_total(sum, carry);
}
