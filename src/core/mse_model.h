/* SPDX-License-Identifier: MIT */
/*
 * The squared error of a mapping, estimated from a histogram of the elements: good enough to say
 * which of many mappings are worth being measured.
 */
#ifndef QUANT_CORE_MSE_MODEL_H
#define QUANT_CORE_MSE_MODEL_H

#include "core/keys.h"
#include "core/mse_search.h"

/* Bins of a key histogram that hold elements: at most 22 doublings of the magnitude on either side,
 * of 128 bins each, and the bin around zero; a multiple of the lanes. */
enum {
    QUANT_MSE_MODEL_LANES = 8,
    QUANT_MSE_MODEL_MOST = 2 * 22 * 128 + QUANT_MSE_MODEL_LANES,
};

struct quant_mse_model {
    size_t nbins; /* a multiple of the lanes */
    double left[QUANT_MSE_MODEL_MOST];
    double right[QUANT_MSE_MODEL_MOST];
    double density[QUANT_MSE_MODEL_MOST]; /* elements by width */
};

/* From counts by quant_keys_count, absmax being the greatest magnitude among them. */
void quant_mse_model_fill(struct quant_mse_model *model, const uint64_t counts[QUANT_KEY_BINS],
                          double absmax);

double quant_mse_model_estimate(const struct quant_mse_model *model,
                                const struct quant_params *params);

#endif
