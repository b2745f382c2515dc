/* SPDX-License-Identifier: MIT */
/* Comparing types, schemes and methods on one tensor. */
#ifndef QUANT_ENGINE_TENSOR_COMPARE_TENSOR_H
#define QUANT_ENGINE_TENSOR_COMPARE_TENSOR_H

#include "engine/tensor/tensor.h"
#include "engine/work/pass_progress.h"
#include "engine/work/pool.h"

/* Checks a job before any file is opened: there must be something to compare. */
enum quant_status quant_compare_check(const struct quant_compare_job *job,
                                      struct quant_error *error);

/* Does the job, whose input and threads are not used, on a tensor, with the threads of the pool.
 * The tensor is the caller's; it may be spooled. *result is zeroed by the caller. */
enum quant_status quant_compare_tensor(const struct quant_compare_job *job,
                                       struct quant_tensor *tensor, struct quant_pool *pool,
                                       struct quant_progress *progress,
                                       struct quant_compare_result *result,
                                       struct quant_error *error);

#endif
