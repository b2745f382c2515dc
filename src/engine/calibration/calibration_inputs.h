/* SPDX-License-Identifier: MIT */
/* Many inputs that are gone over again and again, one after the other: each is opened anew in each
 * pass, so that their number is no limit, but for streams, which are there only once. */
#ifndef QUANT_ENGINE_CALIBRATION_CALIBRATION_INPUTS_H
#define QUANT_ENGINE_CALIBRATION_CALIBRATION_INPUTS_H

#include "engine/tensor/scan.h"
#include "engine/work/pool.h"

struct quant_inputs {
    const char *const *paths;
    size_t n;
    struct quant_input common; /* but for the path */
    struct quant_cancel cancel;
    unsigned threads; /* wanted; 0: one a processor */
    struct quant_progress progress;
    void (*begin_input)(void *context, size_t i); /* with that of progress; NULL: nobody asks */
    unsigned workers;                             /* at most */
    struct quant_pool *pool;                      /* owned */
    uint64_t *weights; /* owned, of each input for progress: bytes, once they are known elements */
    struct quant_tensor *kept; /* owned: the streams among them, once they are open */
};

/* A scan of the i-th input, while it is open. */
typedef enum quant_status quant_input_fn(void *context, const struct quant_scan *scan, size_t i,
                                         struct quant_error *error);

/* The sum of the weights of inputs first..last-1. */
uint64_t quant_inputs_weight(const struct quant_inputs *inputs, size_t first, size_t last);

/* Makes what *inputs owns; the rest has been filled in. To be released in either case. */
enum quant_status quant_inputs_init(struct quant_inputs *inputs, struct quant_error *error);

enum quant_status quant_inputs_visit(struct quant_inputs *inputs, size_t i, quant_input_fn *visit,
                                     void *context, struct quant_error *error);

/* Fine on one that is all zeros. */
void quant_inputs_release(struct quant_inputs *inputs);

#endif
