/* SPDX-License-Identifier: MIT */
/* Passes over a tensor's elements that look at them and change nothing. */
#ifndef QUANT_ENGINE_TENSOR_SCAN_H
#define QUANT_ENGINE_TENSOR_SCAN_H

#include "engine/tensor/tensor.h"
#include "engine/work/buffers.h"
#include "engine/work/pass_progress.h"

/* Elements that can be gone over as often as it takes. Nothing is owned. */
struct quant_scan {
    struct quant_tensor *tensor; /* at its first element, and there again after each pass */
    bool by_position;
    struct quant_pool *pool;       /* for the threads of its passes; NULL: each makes its own */
    struct quant_buffers *buffers; /* of each worker, with room for x */
    unsigned workers;
    struct quant_progress *progress;
    uint64_t *digest; /* of the elements, set by each pass; NULL: not wanted.
                         engine/tensor/element_digest.h */
};

/* One pass: work finds a chunk's elements in its worker's x, side by side; deliver comes one at a
 * time, in order. */
enum quant_status quant_scan_pass(const struct quant_scan *scan, quant_chunk_fn *work,
                                  quant_chunk_fn *deliver, void *context,
                                  struct quant_error *error);

/* One pass that adds to what was observed. */
enum quant_status quant_scan_observe(const struct quant_scan *scan, struct quant_observed *observed,
                                     struct quant_error *error);

/* QUANT_NONFINITE, with their number and the place of the first, where elements that are not finite
 * were observed and the policy is to refuse them. verb is what cannot be done, saved what the other
 * policy would do to them; NULL: there is no other. */
enum quant_status quant_check_finite(const struct quant_tensor *tensor,
                                     const struct quant_observed *observed,
                                     enum quant_nonfinite policy, const char *verb,
                                     const char *saved, struct quant_error *error);

#endif
