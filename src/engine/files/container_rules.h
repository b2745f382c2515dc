/* SPDX-License-Identifier: MIT */
/* Which tensors of a container are quantized, and how; all others are copied. */
#ifndef QUANT_ENGINE_FILES_CONTAINER_RULES_H
#define QUANT_ENGINE_FILES_CONTAINER_RULES_H

#include "engine/files/mappings.h"
#include "formats/tensor_file.h"

/* What decides over the tensors of a container that is quantized. */
struct quant_container_rules {
    const struct quant_format *format; /* of the output: of many tensors */
    const struct quant_mappings *mappings;
    const struct quant_mapping *only; /* of the file's only tensor, whatever its name and
                                       * dimensions; NULL: each has its own */
    bool may_copy_all;                /* it is no error if nothing is quantized */
};

/* The tensor with the dimensions that count: ggml leaves out those of 1 before all others, but at
 * least one stays. */
struct quant_tensor_info quant_rules_count(const struct quant_container_rules *rules,
                                           const struct quant_tensor_info *info);

/* How a tensor of file, as it is counted, is quantized; *mapping NULL: it is copied.
 * QUANT_NO_MEMORY. */
enum quant_status quant_rules_find(const struct quant_container_rules *rules,
                                   const struct quant_tensor_file *file,
                                   const struct quant_tensor_info *info,
                                   const struct quant_mapping **mapping, struct quant_error *error);

/* QUANT_UNSUPPORTED: a tensor that is copied is already quantized, and the job does not say
 * QUANT_REQUANTIZE. QUANT_NO_MEMORY. */
enum quant_status quant_rules_check_copied(const struct quant_container_rules *rules,
                                           const struct quant_tensor_file *file,
                                           const struct quant_tensor_info *info,
                                           struct quant_error *error);

/* What the scales of NAME may be called: NAME and one of these. NULL-terminated. */
extern const char *const quant_scale_suffixes[];

/* Whether a tensor of this type, integers or float8, may have scales. */
bool quant_may_be_quantized(const struct quant_tensor_info *info);

#endif
