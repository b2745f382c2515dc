/* SPDX-License-Identifier: MIT */
/*
 * Calibrating many tensors in memory, one after the other: what is allocated for the first serves
 * the next. It carries nothing else over: each gets the choice that quant_calibrate makes of it.
 */
#ifndef QUANT_METHODS_CALIBRATION_BUFFERS_H
#define QUANT_METHODS_CALIBRATION_BUFFERS_H

#include "methods/method.h"

struct quant_trial;

/* All zeros at first. For one thread at a time. */
struct quant_calibration_buffers {
    struct quant_calibrator *calibrators[QUANT_CALIBRATION_MAX]; /* owned: by place in the table */
    struct quant_trial *trial;                                   /* owned: auto's */
};

void quant_calibration_buffers_release(struct quant_calibration_buffers *buffers);

/* As quant_calibrate, by a plan. */
enum quant_status quant_plan_calibrate(const struct quant_plan *plan,
                                       struct quant_calibration_buffers *buffers, const float *x,
                                       size_t n, struct quant_choice *choice,
                                       struct quant_error *error);

#endif
