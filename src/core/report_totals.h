/* SPDX-License-Identifier: MIT */
/* From the sums and counts of a report to its other figures. */
#ifndef QUANT_CORE_REPORT_TOTALS_H
#define QUANT_CORE_REPORT_TOTALS_H

#include <quant/quant.h>

#include "base/sum_order.h"

/* Sets the sums to those of the kernel measure. */
void quant_report_set_sums(struct quant_report *report, const double sums[QUANT_MEASURE_SUMS]);

/* Computes every figure that follows from sums, counts and bytes: the means, the root, sqnr_db,
 * cosine and the ratio. If n is 0, the largest error becomes NaN. */
void quant_report_derive(struct quant_report *report);

#endif
