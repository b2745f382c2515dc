/* SPDX-License-Identifier: MIT */
/* The statistics of a tensor's elements, in several passes. */
#ifndef QUANT_ENGINE_TENSOR_STATISTICS_H
#define QUANT_ENGINE_TENSOR_STATISTICS_H

#include <quant/inspect.h>

#include "engine/tensor/tensor.h"
#include "engine/work/pass_progress.h"
#include "engine/work/pool.h"

struct quant_statistics_request {
    const struct quant_spec *spec;        /* of the trials; NULL: none are made */
    const struct quant_params *quantized; /* of integers: the ends of the type, or those that a
                                           * sidecar states; NULL: floats */
    const struct quant_cancel *cancel;
};

/* The tensor delivers floats, or integers as numbers (number_reader.h); it may be spooled. */
enum quant_status quant_statistics_find(const struct quant_statistics_request *request,
                                        struct quant_tensor *tensor, struct quant_pool *pool,
                                        struct quant_progress *progress,
                                        struct quant_statistics *statistics,
                                        struct quant_error *error);

#endif
