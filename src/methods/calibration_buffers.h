/* SPDX-License-Identifier: MIT */
/*
 * Calibrates many tensors in memory, one after another, with memory that is allocated for the first
 * and used again for the others. Nothing else is carried over: the choice for each is that of
 * quant_calibrate.
 */
#ifndef QUANT_METHODS_CALIBRATION_BUFFERS_H
#define QUANT_METHODS_CALIBRATION_BUFFERS_H

#include "methods/method.h"

struct quant_trial;

/* All zeros at first. For one thread at a time. */
struct quant_calibration_buffers {
    struct quant_calibrator *calibrators[QUANT_CALIBRATION_MAX]; /* owned; by place in the table */
    struct quant_trial *trial;                                   /* owned; for auto */
};

void quant_calibration_buffers_release(struct quant_calibration_buffers *buffers);

/* As quant_calibrate, with a plan instead of a spec. */
enum quant_status quant_plan_calibrate(const struct quant_plan *plan,
                                       struct quant_calibration_buffers *buffers, const float *x,
                                       size_t n, struct quant_choice *choice,
                                       struct quant_error *error);

/* The range that the method of the plan, which is not auto, finds for elements that come from
 * several inputs and count as one sequence. Those of each input are side by side at x, lengths[i]
 * of the i-th, which may be 0. false in *has_range: no element is finite. */
enum quant_status quant_plan_find_range(const struct quant_plan *plan,
                                        struct quant_calibration_buffers *buffers, const float *x,
                                        const size_t *lengths, size_t ninputs, bool *has_range,
                                        double range[2], struct quant_error *error);

#endif
