/* SPDX-License-Identifier: MIT */
/* The parameters of a tensor, from its elements. */
#ifndef QUANT_ENGINE_TENSOR_SCAN_CHOOSE_H
#define QUANT_ENGINE_TENSOR_SCAN_CHOOSE_H

#include "core/plan.h"
#include "engine/tensor/scan.h"

/* The choice by the plan, in as many passes over the elements as it takes: none if the plan finds
 * no range or there is no finite element. observed: the result of a pass that observed the
 * elements; may be NULL if the plan finds no range. scan->progress->ahead must be set. */
enum quant_status quant_scan_choose(const struct quant_scan *scan, const struct quant_plan *plan,
                                    const struct quant_observed *observed,
                                    struct quant_choice *choice, struct quant_error *error);

#endif
