/* SPDX-License-Identifier: MIT */
/*
 * The figures that follow from the sums of a report, and the report of several tensors: their sums
 * and counts are added, and the same formulas applied.
 */
#include "core/report_totals.h"

#include <math.h>

#include "base/float_environment.h"
#include "kernels/kernels.h"

static double divide(double dividend, double divisor)
{
    return divisor > 0 ? dividend / divisor : (double)NAN;
}

/* Each of the three sums is rounded, so the quotient for equal arrays could differ from 1 by a bit.
 */
static double cosine_of(const struct quant_report *report)
{
    const double x = report->sum_squared_x;
    const double restored = report->sum_squared_restored;
    if (report->sum_squared_error == 0)
        return 1;
    if (!(x > 0 && restored > 0))
        return (double)NAN;
    const double cosine = report->sum_product / (sqrt(x) * sqrt(restored));
    return cosine > 1 ? 1 : cosine < -1 ? -1 : cosine;
}

static double sqnr_of(const struct quant_report *report)
{
    const bool has_both = report->sum_squared_x > 0 && report->sum_squared_error > 0;
    return has_both ? 10 * log10(report->sum_squared_x / report->sum_squared_error) : (double)NAN;
}

void quant_report_set_sums(struct quant_report *report, const double sums[QUANT_MEASURE_SUMS])
{
    report->sum_squared_error = sums[QUANT_SUM_SQUARED_ERROR];
    report->sum_abs_error = sums[QUANT_SUM_ABS_ERROR];
    report->sum_error = sums[QUANT_SUM_ERROR];
    report->sum_squared_x = sums[QUANT_SUM_SQUARED_X];
    report->sum_squared_restored = sums[QUANT_SUM_SQUARED_RESTORED];
    report->sum_product = sums[QUANT_SUM_PRODUCT];
}

void quant_report_derive(struct quant_report *report)
{
    const double n = (double)report->n;
    report->mse = divide(report->sum_squared_error, n);
    report->rmse = sqrt(report->mse);
    report->mae = divide(report->sum_abs_error, n);
    report->mean_error = divide(report->sum_error, n);
    report->sqnr_db = sqnr_of(report);
    report->cosine = cosine_of(report);
    report->ratio = divide((double)report->bytes_in, (double)report->bytes_out);
    /* Elements that are not finite are stored too. */
    report->bits_per_element = divide(8 * (double)report->bytes_out, n + (double)report->nonfinite);
    if (report->n == 0)
        report->max_abs_error = report->max_abs_error_x = report->max_abs_error_restored =
            (double)NAN;
}

void quant_report_init(struct quant_report *total)
{
    QUANT_DEFAULT_FLOATS(caller);
    *total = (struct quant_report){.n = 0};
    quant_report_derive(total);
}

void quant_report_add(struct quant_report *total, const struct quant_report *report)
{
    QUANT_DEFAULT_FLOATS(caller);
    if (report->n > 0 && (total->n == 0 || report->max_abs_error > total->max_abs_error)) {
        total->max_abs_error = report->max_abs_error;
        total->max_abs_error_x = report->max_abs_error_x;
        total->max_abs_error_restored = report->max_abs_error_restored;
    }
    total->n += report->n;
    total->nonfinite += report->nonfinite;
    total->clipped += report->clipped;
    total->zeroed += report->zeroed;
    total->sign_flipped += report->sign_flipped;
    total->bytes_in += report->bytes_in;
    total->bytes_out += report->bytes_out;
    total->sum_squared_error += report->sum_squared_error;
    total->sum_abs_error += report->sum_abs_error;
    total->sum_error += report->sum_error;
    total->sum_squared_x += report->sum_squared_x;
    total->sum_squared_restored += report->sum_squared_restored;
    total->sum_product += report->sum_product;
    quant_report_derive(total);
}
