/* SPDX-License-Identifier: MIT */
/* Counting the elements that alone make the range wide. */
#ifndef QUANT_ENGINE_TENSOR_OUTLIERS_H
#define QUANT_ENGINE_TENSOR_OUTLIERS_H

#include "engine/tensor/scan.h"

/* One pass over elements that were observed before: fills in what <quant/file.h> defines. */
enum quant_status quant_outliers_find(const struct quant_scan *scan,
                                      const struct quant_observed *observed,
                                      struct quant_outliers *outliers, struct quant_error *error);

#endif
