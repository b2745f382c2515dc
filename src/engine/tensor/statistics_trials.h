/* SPDX-License-Identifier: MIT */
/* What quantizing would lose: as the caller says, with a better range, and with a scale for each
 * channel. */
#ifndef QUANT_ENGINE_TENSOR_STATISTICS_TRIALS_H
#define QUANT_ENGINE_TENSOR_STATISTICS_TRIALS_H

#include <quant/inspect.h>

#include "engine/tensor/scan.h"

struct quant_statistics_trials {
    const struct quant_spec *spec;
    const struct quant_cancel *cancel;
};

/* Fills in the trials of *statistics, whose observed, outliers and channels are set. */
enum quant_status quant_statistics_try(const struct quant_statistics_trials *trials,
                                       const struct quant_scan *scan,
                                       struct quant_statistics *statistics,
                                       struct quant_error *error);

#endif
