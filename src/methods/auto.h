/* SPDX-License-Identifier: MIT */
/*
 * The choice `auto` leaves the range to the methods: each finds its own range, with its own
 * argument, and the one whose mapping has the smallest mse is taken, the first in the table if some
 * are equal. In memory methods/calibration_buffers.c does that. On files the engine does it, and
 * measures all of them in one pass.
 */
#ifndef QUANT_METHODS_AUTO_H
#define QUANT_METHODS_AUTO_H

#include "methods/method.h"

/* The methods to choose from: the plan, whose range is found, with each method that its type takes,
 * in the order of the table, and with the method's own argument. Returns their number. */
size_t quant_plan_candidates(const struct quant_plan *plan,
                             struct quant_plan candidates[QUANT_CALIBRATION_MAX]);

/* The number of passes that finding the range usually takes after the elements have been observed,
 * for progress: 0 if no range has to be found; for auto, all those of the candidates and one that
 * measures them. */
unsigned quant_plan_passes(const struct quant_plan *plan);

#endif
