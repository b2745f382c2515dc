/* SPDX-License-Identifier: MIT */
/* Each range is measured only as far as it may still be the best. */
#include "methods/mse_few.h"

#include <math.h>

#include "core/range_params.h"
#include "core/sums.h"
#include "methods/mse_measure.h"

/* What a sum may be more than a sum in another order. */
static const double MORE = 1 + 1e-9;

/* As a calibrator adds it up; INFINITY once it is more than limit. */
static double measure(const struct quant_params *params, const float *x, size_t n, bool all_finite,
                      double limit)
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

struct quant_mse_range quant_mse_few(const struct quant_target *target,
                                     const struct quant_mse_range *ranges, size_t nranges,
                                     const float *x, size_t n, bool all_finite)
{
    const struct quant_choice nothing = quant_choice_of_nothing(target);
    struct quant_mse_range best = {.cost = (double)INFINITY};
    for (size_t i = 0; i < nranges; i++) {
        struct quant_mse_range range = ranges[i];
        struct quant_choice choice = nothing;
        quant_choice_set_range(&choice, target, range.lo, range.hi);
        range.cost = measure(&choice.params, x, n, all_finite, best.cost);
        if (quant_mse_range_compare(&range, &best) < 0)
            best = range;
    }
    return best;
}
