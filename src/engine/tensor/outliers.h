/* SPDX-License-Identifier: MIT */
/* Counting the elements that alone make the range wide. */
#ifndef QUANT_ENGINE_TENSOR_OUTLIERS_H
#define QUANT_ENGINE_TENSOR_OUTLIERS_H

#include "engine/tensor/scan.h"

/* In steps, for a pass that does more: clear, then add elements, half of the largest magnitude
 * being half; parts are joined in any order. */
void quant_outliers_clear(struct quant_outliers *outliers);
void quant_outliers_add(struct quant_outliers *outliers, double half, const float *x, size_t n);
void quant_outliers_join(struct quant_outliers *outliers, const struct quant_outliers *part);

/* Half of the largest finite magnitude. */
double quant_outliers_half(const struct quant_observed *observed);

/* One pass over elements that were observed before: fills in what <quant/file.h> defines. */
enum quant_status quant_outliers_find(const struct quant_scan *scan,
                                      const struct quant_observed *observed,
                                      struct quant_outliers *outliers, struct quant_error *error);

#endif
