/* SPDX-License-Identifier: MIT */
/*
 * The choice `auto` leaves the range to the methods. Each finds its own range, with its own
 * argument, and the one whose mapping has the smallest mse is taken; if some are equal, the first
 * in the table. In memory methods/calibration_buffers.c does that. On files the engine does it, and
 * measures all of them in one pass.
 */
#ifndef QUANT_METHODS_AUTO_H
#define QUANT_METHODS_AUTO_H

#include "methods/method.h"

/* The methods to choose from: copies of the plan, which finds its range, one for each method that
 * its type takes, in the order of the table, with the method's own argument. Returns their number.
 */
size_t quant_plan_candidates(const struct quant_plan *plan,
                             struct quant_plan candidates[QUANT_CALIBRATION_MAX]);

/* How many passes finding the range usually takes after the elements have been observed, for
 * progress. 0 if no range has to be found; for auto, the sum over the candidates and one pass that
 * measures them. */
unsigned quant_plan_passes(const struct quant_plan *plan);

#endif
