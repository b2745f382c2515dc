/* SPDX-License-Identifier: MIT */
/* The plan of a container that is quantized. */
#ifndef QUANT_ENGINE_FILES_QUANTIZATION_PLAN_H
#define QUANT_ENGINE_FILES_QUANTIZATION_PLAN_H

#include "engine/files/container_plan.h"

/* What decides over the tensors of a container that is quantized. */
struct quant_container_rules {
    const struct quant_format *format; /* of the output: of many tensors */
    const struct quant_mappings *mappings;
    const struct quant_mapping *only; /* of the file's only tensor, whatever its name and
                                       * dimensions; NULL: each has its own */
    bool may_copy_all;                /* it is no error if nothing is quantized */
};

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

/* What the scales of NAME may be called: NAME and one of these. NULL-terminated. */
extern const char *const quant_scale_suffixes[];

/* Whether a tensor of this type, integers or float8, may have scales. */
bool quant_may_be_quantized(const struct quant_tensor_info *info);

#endif
