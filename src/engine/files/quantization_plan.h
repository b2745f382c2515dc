/* SPDX-License-Identifier: MIT */
/* The plan of a container that is quantized. */
#ifndef QUANT_ENGINE_FILES_QUANTIZATION_PLAN_H
#define QUANT_ENGINE_FILES_QUANTIZATION_PLAN_H

#include "engine/files/container_plan.h"
#include "engine/files/container_rules.h"

/*
 * Plans the quantization of all tensors of file. The plan borrows from file, which must outlive it.
 * Errors, before any work:
 *   QUANT_UNSUPPORTED  a tensor is already quantized: integers or float8 with scales beside them;
 * or the format has no such type QUANT_EXISTS       the name of a scale tensor is taken
 *   QUANT_INVALID      no tensor is left to quantize, or a shape cannot be grouped as asked
 *   QUANT_NO_MEMORY
 */
enum quant_status quant_container_plan_quantize(struct quant_container_plan *plan,
                                                const struct quant_tensor_file *file,
                                                const struct quant_container_rules *rules,
                                                struct quant_error *error);

#endif
